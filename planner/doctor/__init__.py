"""What is wrong with the data of a scenario, before any analysis."""

from contextlib import suppress
from typing import Any

import numpy as np

from planner import city as cities
from planner import notes
from planner.city import City
from planner.demand import Demand
from planner.doctor import layers, places, streets
from planner.doctor.findings import SEVERITIES, Finding, refused, worst_first
from planner.errors import DataError
from planner.facilities import Facilities
from planner.network import Snap
from planner.residents import levels, residents
from planner.scenario import Layer, Scenario, SiteLayer
from planner.scenario.land import LandLayer
from planner.scenario.people import PeopleLayer
from planner.sources import tables
from planner.sources.gates import surroundings
from planner.sources.layers import find_columns, numbers

__all__ = ["SEVERITIES", "Finding", "examine"]


def examine(scenario: Scenario) -> tuple[Finding, ...]:
    """Every finding about the city, the people and the facilities of a scenario, the worst first.

    A layer that a run would refuse is an error here, and the others are examined all the same.
    """
    try:
        city = cities.read_city(scenario)
    except DataError as error:
        return (refused("city", error),)
    found = [Finding("note", "converted", "scenario", sentence) for sentence in notes.converted(scenario)]
    found += streets.islands(city.network)
    stated = None
    for where, layer in _layers(scenario):
        of_layer, total = _layer(layer, city, where)
        found += of_layer
        stated = stated if total is None else total
    if scenario.demand.spread is not None and scenario.demand.spread.total is not None:
        stated = float(scenario.demand.spread.total)
    found += _areas(scenario, city) + _people(scenario, city, stated)
    found += _facilities(scenario, city)
    return worst_first(dict.fromkeys(found))


def _layers(scenario: Scenario) -> list[tuple[str, Layer]]:
    """The layers of a scenario with their keys."""
    demand = scenario.demand
    named: list[tuple[str, object]] = [
        ("demand.layer", demand.layer),
        ("demand.spread.totals", demand.spread and demand.spread.totals),
        ("demand.spread.counts.areas", demand.spread and demand.spread.counts and demand.spread.counts.areas),
        *((f"demand.tree.areas.{i}", area) for i, area in enumerate(demand.tree.areas if demand.tree else ())),
        ("land", scenario.land),
        *((f"facilities.layers.{i}", layer) for i, layer in enumerate(scenario.facilities.layers)),
        *((f"siting.{i}.candidates", question.candidates) for i, question in enumerate(scenario.siting)),
    ]
    return [(where, layer) for where, layer in named if isinstance(layer, Layer)]


def _layer(layer: Layer, city: City, where: str) -> tuple[list[Finding], float | None]:
    """What is wrong with the rows of a layer, and how many people they state."""
    try:
        table, found = layers.read(layer, city, where)
        refused_anyway = layer.datum_reason is None and isinstance(layer, PeopleLayer | SiteLayer)
        shapes = layers.metric(table, city)
        if not isinstance(layer, PeopleLayer | SiteLayer | LandLayer):
            shapes = layers.edges(shapes)
        how = {"declared": layer.datum, "reason": layer.datum_reason}
        told = layers.displaced(shapes, city, where=where, what=str(layer.file), **how)
        found += [each for each in told if each.severity == "note" or not refused_anyway]
        found += layers.twice(layer, table, city, where)
        people = getattr(layer, "people", None)
        if people is None:
            return found, None
        (column,) = find_columns(table, layer.file.path, people)
        rows = np.arange(1, len(table) + 1).astype(np.str_)
        return found, float(np.nansum(numbers(table[column], rows, layer.file.path)))
    except DataError as error:
        return [refused(where, error)], None


def _areas(scenario: Scenario, city: City) -> list[Finding]:
    """What the streets say of the boundary and of the units; whatever keeps them from being read is told elsewhere."""
    asked, found = scenario.demand.units, []
    if scenario.city.boundary is not None and city.area is not None:
        where, what = "city.boundary", str(scenario.city.boundary)
        shapes = layers.edges(np.array([city.area], object))
        found += layers.displaced(shapes, city, where=where, what=what, declared=scenario.city.boundary_datum)
    if asked.file is not None:
        how: dict[str, Any] = {key: getattr(asked, key) for key in ("layer", "encoding", "datum")}
        with suppress(DataError):
            units = tables.units(asked.file.path, crs_to=city.crs, kind="unit", near=city.near, **how).geometry
            where, what = "demand.units", str(asked.file)
            found += layers.displaced(layers.edges(units), city, where=where, what=what, declared=asked.datum)
    return found


def _people(scenario: Scenario, city: City, stated: float | None) -> list[Finding]:
    asked = scenario.demand
    where = (
        "demand.layer" if asked.layer else "demand.spread.totals" if asked.spread and asked.spread.totals else "demand"
    )
    try:
        people, said = residents(scenario, city)
        door = city.network.snap(people.xy, max_access_m=scenario.city.max_access_m)
        door.check("places", people.ids, scenario.city.max_access_m)
    except DataError as error:
        return [refused(where, error)]
    found = [Finding("note", "people", "demand", sentence) for sentence in said]
    found += places.far_from_streets(people, door, scenario)
    found += _walls(people, door, city)
    try:
        levels(scenario, city, people)
    except DataError as error:
        found.append(refused("demand.tree", error))
    found += streets.road_density(city, people)
    return found if stated is None else found + places.drift(stated, people, door)


def _walls(people: Demand, door: Snap, city: City) -> list[Finding]:
    fences = surroundings(city.extract, city.network).fences
    remedy = "Map the gates in these walls."
    return [
        Finding("note", "walls", "demand", sentence, remedy) for sentence in notes.through_walls(people, door, fences)
    ]


def _facilities(scenario: Scenario, city: City) -> list[Finding]:
    """What stands, of the extract and of every layer that can be read, and the candidates of layers."""
    standing, _ = cities.of_extract(scenario, city)
    found: list[Finding] = []
    joined: set[str] = set()
    for where, layer in _layers(scenario):
        if not isinstance(layer, SiteLayer):
            continue
        service = getattr(layer, "service", "")
        try:
            sites = cities.site_layer(layer, service or "candidates", "standing", city, scenario.city.max_access_m)
        except DataError as error:
            found.append(refused(where, error))
            continue
        found += places.in_water(sites, city, where)
        if not service:
            found += places.namesakes(sites, where)
        for each in cities.family(service) if service else ():
            standing[each] = _joined(standing[each], sites, layer)
            joined.add(each)
    for service in sorted(joined):
        found += places.namesakes(standing[service], "facilities")
    return found + places.idle(scenario, standing)


def _joined(there: Facilities, more: Facilities, layer: SiteLayer) -> Facilities:
    return there.joined(cities.told_apart(more, there, layer))
