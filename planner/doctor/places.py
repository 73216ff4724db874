"""What is wrong with people and facilities once they are read: twice the same, in water, far from streets, lost."""

from collections.abc import Mapping

import numpy as np
import shapely

from planner import notes
from planner.city import City
from planner.demand import Demand
from planner.doctor.findings import Finding, few
from planner.facilities import Facilities
from planner.network import Shapes, Snap
from planner.provisions import provision
from planner.scenario import Scenario
from planner.sources.screening import open_water
from planner.sources.tags import overlap

FRAME_M = 1000.0  # water is looked for this far around a place
POINT, SURFACE = 0, 2


def namesakes(there: Facilities, where: str) -> list[Finding]:
    """Facilities of one service and one name that are near each other, also across a layer and the extract."""
    near_m = provision("doctor.same-name").number
    one, other = shapely.STRtree(there.geometry).query(there.geometry, predicate="dwithin", distance=near_m)
    alike = (one < other) & (there.names[one] == there.names[other]) & (there.names[one] != "")
    if not alike.any():
        return []
    pairs = sorted(zip(one[alike].tolist(), other[alike].tolist(), strict=True))
    return [
        Finding(
            "warning",
            "duplicates",
            where,
            f"{len({b for _, b in pairs}):,} of {len(there):,} {there.service} have the name of another one within "
            f"{near_m:g} m",
            "Remove one of each pair, or give them different names if both stand.",
            few(f"{there.names[a]} ({there.ids[a]}, {there.ids[b]})" for a, b in pairs),
        )
    ]


def in_water(there: Facilities, city: City, where: str) -> list[Finding]:
    """Facilities in a lake, a river or the sea: points, and polygons most of which lie there."""
    if not len(there):
        return []
    frame = shapely.box(*shapely.buffer(shapely.multipoints(there.gate_xy), FRAME_M).bounds)
    wet = open_water(city.extract, city.network, frame)
    wet = wet[shapely.get_dimensions(wet) == SURFACE]
    drowned = _wet_share(there.geometry, wet) > provision("doctor.in-water").number
    if not drowned.any():
        return []
    return [
        Finding(
            "warning",
            "water",
            where,
            f"{int(drowned.sum()):,} of {len(there):,} {there.service} lie in water",
            "Correct their coordinates, or check the datum and the system of the layer.",
            few(there.ids[drowned]),
        )
    ]


def _wet_share(shapes: Shapes, wet: Shapes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) of each shape in water; a point lies there wholly or not at all."""
    share = np.zeros(len(shapes))
    surface = shapely.get_dimensions(shapes) == SURFACE
    share[surface] = overlap(shapes[surface], wet)[0]
    points = np.flatnonzero(~surface)
    share[points[shapely.STRtree(wet).query(shapes[points], predicate="within")[0]]] = 1.0
    return share


def far_from_streets(people: Demand, door: Snap, scenario: Scenario) -> list[Finding]:
    """People further than `max_access_m` from every street."""
    return [
        Finding(
            "warning",
            "far from streets",
            "demand",
            f"{sentence} (farther than {scenario.city.max_access_m:g} m, or parted from it by water)",
            "Map the streets that lead there, or raise `city.max_access_m`; check the datum if it is many.",
            few(people.ids[door.off]),
        )
        for sentence in notes.off_network(people, door)
    ]


def drift(stated: float, people: Demand, door: Snap) -> list[Finding]:
    """People that the scenario states and that no figure counts."""
    counted = float(people.people[~door.off, 0].sum())
    lost = stated - counted
    limit = provision("doctor.population-drift")
    if abs(lost) <= limit.number * stated:
        return []
    off, apart = people.total - counted, stated - people.total
    homeless = float(people.people[people.unit < 0, 0].sum()) if len(people.unit) else 0.0
    return [
        Finding(
            "warning",
            "population drift",
            "demand",
            f"{stated:,.0f} people are stated and {counted:,.0f} counted ({-lost / stated:+.1%}): {apart:,.0f} are not "
            f"of the study area, {off:,.0f} on no street, {homeless:,.0f} in no unit",
            "Check that the boundary is that of the population base.",
        )
    ]


def idle(scenario: Scenario, standing: Mapping[str, Facilities]) -> list[Finding]:
    """Services without a facility, and facilities that serve nobody, as every run repeats them."""
    rules = scenario.measured()
    return [
        Finding("warning", "unmapped", "facilities", sentence.removesuffix("."), "Add a layer of them.")
        for sentence in notes.unmapped(rules, standing)
    ] + [
        Finding("note", "idle", "facilities", sentence, "Complete their areas or the streets beside them.")
        for sentence in notes.idle(rules, standing)
    ]
