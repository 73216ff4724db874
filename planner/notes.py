"""What a run assumed, survived and does not know, in sentences that every output repeats."""

from collections.abc import Iterable, Mapping

import numpy as np
import shapely

from planner.demand import Demand
from planner.errors import first
from planner.facilities import Facilities
from planner.network import Shapes, Snap, WalkNetwork
from planner.scenario import Layer, Scenario
from planner.sources.coordinates import SHIFTED
from planner.sources.osm import Extract
from planner.standards import Standard


def assumptions(scenario: Scenario, *, synthetic: bool) -> tuple[str, ...]:
    """Every sentence that somebody assumed, in the order of the scenario."""
    spoken = [
        "The city and its people are made up; no figure is about a real place." if synthetic else None,
        scenario.compounds.assumption,
        scenario.demand.spread.assumption if scenario.demand.spread else None,
        *(layer.assumption for layer in scenario.facilities.layers),
        *(sentence for question in scenario.siting for sentence in question.assumptions),
        *(sentence for question in scenario.schools for sentence in question.assumptions),
        *(f"{each.standard or each.provision} is changed: {each.reason}" for each in scenario.standards.overrides),
        *(
            f"The circle's own {each.service}: {each.reason}"
            for each in (scenario.circle.items if scenario.circle else ())
        ),
        *(
            f"{layer.file} is taken to be in {layer.datum}, whatever the streets say: {layer.datum_reason}"
            for layer in _layers(scenario)
            if layer.datum_reason
        ),
        *(f"changed for this run: {change}" for change in scenario.changes),
    ]
    return tuple(dict.fromkeys(sentence for sentence in spoken if sentence))


def converted(scenario: Scenario) -> list[str]:
    """A sentence for each layer whose coordinates were taken out of a datum of web maps."""
    demand, city = scenario.demand, scenario.city
    named = [
        *((layer.file, layer.datum) for layer in _layers(scenario)),
        (demand.units.file, demand.units.datum),
        (city.boundary, city.boundary_datum),
    ]
    return [
        f"{file} is declared as {SHIFTED[datum]} and converted to WGS84"
        for file, datum in dict.fromkeys(named)
        if file is not None and datum in SHIFTED
    ]


def _layers(scenario: Scenario) -> list[Layer]:
    """The layers of places that a scenario names."""
    walls, gates = scenario.compounds.walls, scenario.compounds.gates
    candidates = (question.candidates for question in scenario.siting)
    named = (*scenario.demand.layers, scenario.land, walls, gates, *scenario.facilities.layers, *candidates)
    return [each for each in named if isinstance(each, Layer)]


def idle_overrides(scenario: Scenario) -> list[str]:
    """A sentence for each override of a standard that is neither measured nor asked for."""
    measured = {rule.id for rule in scenario.measured()}
    return [
        f"the override of {each.standard} changes nothing: it is neither measured nor asked for"
        for each in scenario.standards.overrides
        if each.standard is not None and each.standard not in measured
    ]


def unmapped(rules: Iterable[Standard], standing: Mapping[str, Facilities]) -> list[str]:
    """A sentence for each service of which the data hold nothing: 0 % is then no finding about the city."""
    return [
        f"The data hold no {service}: its share says what is mapped, not what stands."
        for service in dict.fromkeys(rule.service for rule in rules)
        if not len(standing[service])
    ]


def through_walls(demand: Demand, door: Snap, fences: Shapes) -> list[str]:
    """The people whose straight way to the street crosses a mapped wall, fence or hedge: they may walk farther."""
    on = np.flatnonzero(~door.off)
    legs = shapely.linestrings(np.stack([demand.xy[on], door.network.position(door)[on]], axis=1))
    crossing = on[np.unique(shapely.STRtree(fences).query(legs, predicate="crosses")[0])]
    people = demand.people[crossing, 0].sum()
    return (
        [f"{people:,.0f} people reach the street across a mapped wall or fence: they may walk farther"]
        if people
        else []
    )


def idle(rules: Iterable[Standard], standing: Mapping[str, Facilities]) -> list[str]:
    """What stands but serves nobody: too small for a standard, of unknown area, or on no street."""
    said = []
    for service in dict.fromkeys(rule.service for rule in rules):
        there = standing[service]
        if there.door is not None:
            on_street = np.bincount(there.gate_facility[~there.door.off], minlength=len(there)) > 0
            if not on_street.all():
                said.append(f"{int((~on_street).sum()):,} of {len(there):,} {service} have no gate near a street")
    for rule in rules:
        there = standing[rule.service]
        small = int((~there.at_least(rule.min_area_m2)).sum())
        if small:
            floor = f"{rule.min_area_m2:,.0f} m²"
            said.append(
                f"{small:,} of {len(there):,} {rule.service} are below {floor}, or of unknown area: no {rule.id}"
            )
    return said


def of_network(network: WalkNetwork, extract: Extract) -> list[str]:
    """The network's size, and what of the extract is not in it."""
    counted = network.summary
    notes = [str(network), *islands(network)]
    if not network.inside.all():
        ring_m = network.length_m[~network.inside[network.ends].all(axis=1)].sum()
        notes.append(f"{ring_m / 1000:,.1f} km of street lie outside the study area and are only walked through")
    if clipped := counted.get("ways_clipped"):
        notes.append(f"{clipped:,.0f} ways are cut at the edge of the extract")
    if broken := extract.counts.get("surfaces_broken"):
        notes.append(f"{broken:,} areas are cut by the edge of the extract or broken, and left out")
    if parallel := counted["parallel_segments_dropped"]:
        notes.append(
            f"{parallel:,.0f} segments repeat or run parallel to a shorter one between the same nodes: dropped"
        )
    return notes


def islands(network: WalkNetwork) -> list[str]:
    """The streets tied to nothing that are too short to serve anybody."""
    short = network.component_m < network.island_m
    if not short.any():
        return []
    short_km = network.component_m[short].sum() / 1000
    shorter = f"shorter than {network.island_m:g} m, {short_km:,.1f} km in all, serve nobody"
    return [f"{int(short.sum()):,} islands of street {shorter}"]


def off_network(demand: Demand, door: Snap) -> list[str]:
    """The people whose door is on no street."""
    off = door.off
    if not off.any():
        return []
    people, where = demand.people[off, 0].sum(), first(demand.ids[off])
    return [f"{people:,.0f} people in {int(off.sum()):,} places ({where}) are far from every street: uncovered"]
