"""Which compounds a scenario says are walled, and the city with their walls in it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from planner.city import City, check_datum, how_to_read
from planner.compounds import KNOWN_BY, Compounds
from planner.demand import Demand
from planner.errors import first
from planner.scenario import Scenario
from planner.sources import compounds as sources
from planner.walled import Walled, wall_in

KNOWN = dict(
    zip(
        KNOWN_BY,
        ("given", "walled by their tags", "with walls along their outline", "with a gate on their outline", "assumed"),
        strict=True,
    )
)


def read_compounds(scenario: Scenario, city: City) -> tuple[Compounds | None, list[str]]:
    """The walled compounds of a scenario with their gates, and what was noticed; None where it asks for none."""
    asked = scenario.compounds
    if asked.walls is not None:
        layer = asked.walls
        compounds = sources.compounds_of(
            layer.file.path, city.network, id=layer.id, name=layer.name, **how_to_read(layer, city)
        )
        check_datum(layer, compounds.geometry, city)
    elif asked.osm is not None:
        compounds = sources.mapped_compounds(city.extract, city.network, all_land=asked.osm == "all")
    else:
        return None, []
    given = None
    if asked.gates is not None:
        layer = asked.gates
        given = sources.given_gates(
            layer.file.path, compounds, compound=layer.compound, public=layer.public, **how_to_read(layer, city)
        )
    compounds = sources.with_gates(compounds, city.extract, city.network, given)
    if asked.passers_by:
        compounds = replace(compounds, gate_public=np.ones(len(compounds.gate_public), bool))
    astray = [] if given is None else [*_astray(given, str(asked.gates and asked.gates.file))]
    return compounds, [*_said(compounds), *astray]


def walls_of(scenario: Scenario, city: City, people: Demand) -> tuple[City, Demand, list[str]]:
    """The city with its walls, the people attached to its streets, and what was noticed."""
    access_m = scenario.city.max_access_m
    compounds, said = read_compounds(scenario, city)
    if compounds is None or not len(compounds):
        return city, people.snapped(city.network, max_access_m=access_m), said
    at_gate_m = sources.compound_table()["at_gate_m"]
    walled = wall_in(city.network, compounds, people.xy, max_access_m=access_m, at_gate_m=at_gate_m)
    walled.door.check("places", people.ids, access_m)
    return replace(city, walled=walled), replace(people, door=walled.door), [*said, *_lived_in(walled, people)]


def _said(compounds: Compounds) -> Iterator[str]:
    if not len(compounds):
        yield "no residential area is mapped as walled: `compounds` changes nothing"
        return
    yield str(compounds)
    why = [(int((compounds.known_by == known).sum()), KNOWN[known]) for known in KNOWN_BY]
    yield "compounds: " + ", ".join(f"{count:,} {known}" for count, known in why if count)
    assumed = compounds.ids[np.unique(compounds.gate_compound[compounds.gate_origin == "assumed"])]
    if len(assumed):
        yield (
            f"{len(assumed):,} compounds ({first(assumed)}) have no known gate and no street crossing their outline: "
            "one is assumed at the point nearest to a street"
        )


def _astray(given: sources.GivenGates, file: str) -> Iterator[str]:
    if len(given.astray):
        limit_m = sources.compound_table()["given_gate_m"]
        rows = f"first: row {', '.join(given.astray[:5])}"
        yield f"{len(given.astray):,} gates of {file} ({rows}) are more than {limit_m:g} m from their outline: left out"


def _lived_in(walled: Walled, people: Demand) -> Iterator[str]:
    inside = walled.compound >= 0
    homes = int(inside.sum())
    yield f"{people.people[inside, 0].sum():,.0f} people in {homes:,} places live in compounds and leave by their gates"
    compounds = walled.compounds
    out = np.unique(compounds.gate_compound[walled.way_gate[compounds.gate_open[walled.way_gate]]])
    shut_in = np.setdiff1d(np.unique(walled.compound[inside]), out)
    if len(shut_in):
        them = people.people[np.isin(walled.compound, shut_in), 0].sum()
        culprits = first(compounds.ids[shut_in])
        yield f"{them:,.0f} people live in {len(shut_in):,} compounds ({culprits}) of which no gate is near a street"
