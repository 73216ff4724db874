"""Each standard in minutes by who walks: on the flat, with stairs and crossings, and with slopes too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from planner.coverage import Coverage, measure_coverage
from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import Snap, WalkNetwork
from planner.provisions import provisions
from planner.reach import closed_streets, measure_nearest
from planner.reach.measure import on_streets
from planner.scenario import Scenario
from planner.standards import Standard
from planner.walkers import Profile, changed_profiles

Layer = TypeVar("Layer", Demand, Facilities)


@dataclass(frozen=True)
class ByWalker:
    """One standard for one walker, before and after the plans."""

    walker: str
    counted: str  # "on the flat" …; what of the streets is minded
    before: Coverage
    after: Coverage


def at_doors(layer: Layer, walker: Profile | None, *, max_access_m: float) -> Layer:
    """People or facilities where a walker meets the streets: not on those closed to them.

    Who meets an open street stays there, behind walls too.
    """
    door = on_streets(layer.door)
    closed = closed_streets(door.network, walker)
    moved = np.isin(door.edge, closed)
    if not moved.any():
        return layer
    xy = getattr(layer, "gate_xy" if hasattr(layer, "gate_xy") else "xy")
    elsewhere = door.network.snap(xy[moved], max_access_m=max_access_m, closed=closed)
    parts = {name: getattr(door, name).copy() for name in ("edge", "offset_m", "access_m")}
    for name, values in parts.items():
        values[moved] = getattr(elsewhere, name)
    return replace(layer, door=Snap(**parts, network=door.network))


def cover_on_foot(demand: Demand, facilities: Facilities, rule: Standard, *, max_access_m: float) -> Coverage:
    """Who meets the standard on foot, in metres or in the seconds of its walker."""
    people = at_doors(demand, rule.profile, max_access_m=max_access_m)
    sites = at_doors(facilities, rule.profile, max_access_m=max_access_m)
    large = sites.at_least(rule.min_area_m2)
    return measure_coverage(measure_nearest(people, sites, **rule.walk, open=large), people, rule)


def by_distance(rule: Standard) -> Standard | None:
    """The standard in the metres that GB 50180-2018 gives for its minutes, of a range the fewer; or None."""
    metres = provisions().get(f"circle.distance.{rule.limit:g}")
    if metres is None:
        return None
    least = metres.value[0] if isinstance(metres.value, tuple) else metres.value
    own: dict[str, Any] = {"document": metres.document, "clause": metres.clause, "confidence": metres.confidence}
    return replace(rule, limit=float(least), unit="m", profile=None, **own)


def compare_walkers(
    scenario: Scenario, demand: Demand, standing: Mapping[str, Facilities], opened: Mapping[str, Facilities]
) -> tuple[ByWalker, ...]:
    """Each standard in minutes that is measured, for every published walker; slopes where heights are known."""
    access_m = scenario.city.max_access_m
    rows = []
    for rule in scenario.measured():
        if rule.profile is None:
            continue
        for walker, counted, asked in _asked(scenario, rule, on_streets(demand.door).network):
            before = cover_on_foot(demand, standing[rule.service], asked, max_access_m=access_m)
            same = opened[rule.service] is standing[rule.service]
            after = before if same else cover_on_foot(demand, opened[rule.service], asked, max_access_m=access_m)
            rows.append(ByWalker(walker, counted, before, after))
    return tuple(rows)


def _asked(scenario: Scenario, rule: Standard, network: WalkNetwork) -> Iterator[tuple[str, str, Standard]]:
    distance = by_distance(rule)
    if distance is not None:
        yield "gb50180_distance", "metres alone", distance
    for walker in changed_profiles(scenario.changed_provisions()).values():
        if not walker.closed:
            yield walker.id, "on the flat", rule.by(walker.on_the_flat())
        for slope in (False, True) if network.height_m is not None else (False,):
            minding = walker.minding(slope=slope, crossings=True, changes=scenario.changed_provisions())
            yield walker.id, minding.minds, rule.by(minding)
