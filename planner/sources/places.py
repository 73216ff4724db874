"""Places of an extract besides its green: services, homes, units to report by, the map underneath."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.demand import Units
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.land import apart
from planner.network import Flags, Floats, Integers, Shapes, WalkNetwork, check_metric
from planner.sources.gates import Surroundings, find_gates, surroundings
from planner.sources.osm import Extract
from planner.sources.sea import sea
from planner.sources.tags import POLYGON, Layer, cut, in_metres, layer, projected, tag_table

SAME_NAME_M = 50.0  # two places of one service and one name this near are one place mapped twice
FLOOR_AREA_RATIO = 1.0  # assumed of residential land without mapped homes: floor area over land (容积率)
UNMAPPED = 0.1  # with less than this share of that floor area, the homes on residential land are not mapped
CELL_M = 100.0  # such land is cut into squares of this side
MAX_LEVELS = 130  # more storeys are a typing error
FEWEST_UNITS = 3  # fewer administrative areas than this are no division
MAP_RING_M = 1500.0  # how far beyond the study area the map is drawn
SEA_M = 3000.0  # how far beyond the streets the map shows water
MAP_DETAIL_M = 1.0  # streets on the map are drawn this exactly


def services(extract: Extract, network: WalkNetwork, *, also: Iterable[str] = ()) -> dict[str, Facilities]:
    """The standing facilities of each service in the tag table; a service that nobody mapped has m = 0.

    The services of kits are read only where `also` names them; a name that the table does not know is left out. A
    sports ground on the grounds of a school is no public one.

    A place inside a polygon of the same service (a point, a school's house on its grounds) is part of
    it, and of two places of one name within SAME_NAME_M the larger stays. A point is its own gate;
    grounds are entered by mapped gates and paths, else at the point nearest to a street.
    """
    table, wanted = tag_table(), set(also)
    asked = {service: rules for service, rules in table["kit_services"].items() if service in wanted}
    found = {
        service: _each_once(layer(extract, rules, network.crs))
        for service, rules in {**table["services"], **asked}.items()
    }
    if attached := set(table["not_on_grounds"]) & {*asked}:
        grounds = layer(extract, table["grounds"], network.crs).polygons.geometry
        for service in attached:
            middle = shapely.point_on_surface(found[service].geometry)
            found[service] = found[service].kept(~_on(middle, grounds))
    around = surroundings(extract, network)
    return {service: _standing(place, service, around, network.crs) for service, place in found.items()}


def _each_once(place: Layer) -> Layer:
    place = place.kept(shapely.get_dimensions(place.geometry) != 1)  # a line has neither door nor area
    rank = np.empty(len(place.ids), np.int64)
    rank[np.argsort(-shapely.area(place.geometry), kind="stable")] = np.arange(len(rank))
    tree = shapely.STRtree(place.geometry)
    inside = tree.query(shapely.point_on_surface(place.geometry), predicate="within")
    near = tree.query(place.geometry, predicate="dwithin", distance=SAME_NAME_M)
    names = place.names
    namesakes = near[:, (names[near[0]] == names[near[1]]) & (names[near[0]] != "")]
    smaller, larger = np.hstack([inside, namesakes])
    smaller, larger = smaller[rank[smaller] > rank[larger]], larger[rank[smaller] > rank[larger]]
    stays = np.ones(len(rank), bool)
    for pair in np.lexsort((rank[larger], rank[smaller])):
        if stays[larger[pair]]:
            stays[smaller[pair]] = False
    return place.kept(stays)


def _standing(place: Layer, service: str, around: Surroundings, crs: CRS) -> Facilities:
    gates = find_gates(place.geometry, around, open_boundary=False)
    return Facilities(
        ids=place.ids,
        names=place.names,
        service=service,
        status="standing",
        geometry=place.geometry,
        area_m2=shapely.area(place.geometry),
        gate_xy=gates.xy,
        gate_facility=gates.facility,
        gate_origin=gates.origin,
        crs=crs,
        kind=place.kinds,
    )


@dataclass(frozen=True)
class Buildings:
    """n homes: residential buildings, then pieces of residential land on which they are not mapped."""

    ids: NDArray[np.str_]  # (n,)  "way/12"; a piece of land is "way/12/3"
    geometry: Shapes  # (n,)  footprints and pieces of land
    floor_area_m2: Floats  # (n,)  footprint × levels; of land, its area × FLOOR_AREA_RATIO
    xy: Floats  # (n, 2)  metres, a point on each
    levels_assumed: int = 0  # buildings whose building:levels is missing or not a number
    land_filled: int = 0  # residential areas without mapped homes, and …
    pieces: int = 0  # … the pieces they were cut into, the last of the n

    def kept(self, keep: Flags) -> "Buildings":
        """Only these homes (n,); what was assumed is still told of all."""
        of_all = self.levels_assumed, self.land_filled, self.pieces
        return Buildings(self.ids[keep], self.geometry[keep], self.floor_area_m2[keep], self.xy[keep], *of_all)


def residential_buildings(extract: Extract, crs: CRS) -> Buildings:
    """Where people live, with the floor area to spread them by.

    A building is residential by its own tag, or as a building=yes without an amenity, shop or office:
    on residential land where such land is mapped well, that is, most of the buildings tagged as homes
    lie on it; else anywhere but on land of another use. Residential land with less than UNMAPPED of
    the floor area expected is filled with CELL_M squares cut to its outline, so that a gap in the
    mapping does not empty a neighbourhood; where it lies on other such land, the first counts.
    """
    table = tag_table()
    assumed: Mapping[str, float] = table["assumed_levels"]
    building = layer(extract, table["building"], crs).polygons
    land = layer(extract, table["residential_land"], crs).polygons
    inside = shapely.point_on_surface(building.geometry)
    plain = building.kinds == "yes"
    tagged = ~plain & np.isin(building.kinds, list(assumed))
    on_land = _on(inside, land.geometry)
    if 2 * on_land[tagged].sum() < max(tagged.sum(), 1):
        on_land = ~_on(inside, layer(extract, table["other_land"], crs).polygons.geometry)
    home = tagged | (plain & on_land & ~building.matches(table["used_otherwise"]))
    homes = building.kept(home)
    levels, levels_assumed = _levels(homes, assumed)
    floor_area_m2 = shapely.area(homes.geometry) * levels

    area, on_it = shapely.STRtree(inside[home]).query(land.geometry, predicate="intersects")
    mapped_m2 = np.bincount(area, weights=floor_area_m2[on_it], minlength=len(land.ids))
    unmapped = mapped_m2 < UNMAPPED * FLOOR_AREA_RATIO * shapely.area(land.geometry)
    piece_ids, pieces = _pieces(land.kept(unmapped))
    geometry = np.concatenate([homes.geometry, pieces])
    return Buildings(
        ids=np.concatenate([homes.ids, piece_ids]),
        geometry=geometry,
        floor_area_m2=np.concatenate([floor_area_m2, shapely.area(pieces) * FLOOR_AREA_RATIO]),
        xy=shapely.get_coordinates(shapely.point_on_surface(geometry)),
        levels_assumed=levels_assumed,
        land_filled=int(unmapped.sum()),
        pieces=len(pieces),
    )


def _on(points: Shapes, land: Shapes) -> Flags:
    """(n,) the points that lie on the land."""
    on = np.zeros(len(points), bool)
    on[shapely.STRtree(land).query(points, predicate="intersects")[0]] = True
    return on


def _levels(homes: Layer, assumed: Mapping[str, float]) -> tuple[Floats, int]:
    """(n,) storeys, and how many of them are assumed."""
    known = [_storeys(tags.get("building:levels", "")) for tags in homes.tags]
    levels = [known_one or assumed[kind] for known_one, kind in zip(known, homes.kinds.tolist(), strict=True)]
    return np.array(levels, np.float64), known.count(0.0)


def _storeys(text: str) -> float:
    """The number tagged; 0 where it is none or beyond belief."""
    try:
        storeys = float(text)
    except ValueError:
        return 0.0
    return storeys if 0 < storeys <= MAX_LEVELS else 0.0


def _pieces(land: Layer) -> tuple[NDArray[np.str_], Shapes]:
    """Land cut along a grid of CELL_M, each area's pieces numbered from 1; common ground is the first area's."""
    ids: list[str] = []
    pieces: list[shapely.Geometry] = []
    for area, polygon in zip(land.ids.tolist(), apart(land.geometry), strict=True):
        squares = cut(polygon, CELL_M)
        ids += [f"{area}/{number}" for number in range(1, len(squares) + 1)]
        pieces += squares.tolist()
    return np.array(ids, np.str_), np.array(pieces, object)


def administrative_units(
    extract: Extract, crs: CRS, *, admin_level: int | None = None, homes: Buildings | None = None
) -> Units | None:
    """The administrative areas of one level; None where the extract holds none that divide the city.

    By default the finest level with at least FEWEST_UNITS areas that hold most of the `homes`, which are
    those of the extract. An area that the edge of the extract cuts is not in it, so a small extract often
    has none. A level asked for that the extract does not hold is refused.
    """
    areas = layer(extract, tag_table()["administrative"], crs).polygons
    level = np.array([_whole(tags.get("admin_level", "")) for tags in areas.tags], np.int64)
    if admin_level is None:
        homes = homes or residential_buildings(extract, crs)
        for finest_first in np.unique(level[level > 0])[::-1].tolist():
            chosen = areas.geometry[level == finest_first]
            on = _on(shapely.points(homes.xy), chosen)
            if len(chosen) >= FEWEST_UNITS and 2 * homes.floor_area_m2[on].sum() >= homes.floor_area_m2.sum():
                admin_level = finest_first
                break
    if admin_level is None:
        return None
    chosen_areas = areas.kept(level == admin_level)
    if not len(chosen_areas.ids):
        there, count = np.unique(level[level > 0], return_counts=True)
        held = ", ".join(f"{one} ({many})" for one, many in zip(there.tolist(), count.tolist(), strict=True))
        raise QuestionError(
            f"{extract.source} holds 0 whole administrative areas of admin_level {admin_level}; the levels there are, "
            f"with their areas: {held or 'none'}. Ask for one of these, or for hexagons (`hex_m: 300`)."
        )
    return Units(chosen_areas.ids, chosen_areas.names, _kind(admin_level), chosen_areas.geometry)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _kind(admin_level: int) -> str:
    """As OpenStreetMap counts in China: 10 社区, 8 街道, 6 区."""
    return "community" if admin_level > 8 else "subdistrict" if admin_level > 6 else "district"  # noqa: PLR2004


def hexes(xy: Floats, crs: CRS, *, edge_m: float = 300.0) -> tuple[Units, Integers]:
    """Flat-topped hexagons over points (n, 2), those that hold one, and the hexagon (n,) of each point.

    Ids count columns from the west and rows from the south of the points, "hex-12-7"; every other
    column stands half a row higher.
    """
    check_metric(crs)
    if not edge_m > 0:
        raise QuestionError(f"Hexagons with an edge of {edge_m:g} m cannot be drawn. Give edge_m above 0, such as 300.")
    column_m, row_m = 1.5 * edge_m, np.sqrt(3) * edge_m
    south_west = xy.min(axis=0) if len(xy) else np.zeros(2)
    across, up = ((xy - south_west) / edge_m).T
    # Axial coordinates, rounded as a cube's: the one that was rounded furthest follows from the other two.
    exact = np.stack([across / 1.5, up / np.sqrt(3) - across / 3])
    exact = np.vstack([exact, -exact.sum(axis=0)])
    cube = np.floor(exact + 0.5)
    furthest = np.argmax(np.abs(cube - exact), axis=0)
    point = np.arange(len(xy))
    cube[furthest, point] -= cube.sum(axis=0)
    column = cube[0].astype(np.int64)
    row = cube[1].astype(np.int64) + column // 2
    place, unit = np.unique(np.stack([column, row], axis=1), axis=0, return_inverse=True)
    centre = south_west + np.stack([place[:, 0] * column_m, (place[:, 1] + place[:, 0] % 2 / 2) * row_m], axis=1)
    angle = np.arange(6) * np.pi / 3
    corner = edge_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lowest = place[:, 1].min(initial=0)
    ids = np.array([f"hex-{column}-{row - lowest}" for column, row in place.tolist()], np.str_)
    geometry = shapely.polygons(centre[:, None] + corner) if len(place) else np.empty(0, object)
    return Units(ids, ids, "hex", geometry), unit.ravel().astype(np.int64)


@dataclass(frozen=True)
class BaseMap:
    """What a map shows under the answer, in the network's CRS."""

    water: Shapes  # polygons
    waterways: Shapes  # lines
    green: Shapes  # polygons: all that looks green, public or not
    streets: Mapping[str, Shapes]  # lines by class: "main", "street", "path"
    buildings: Shapes  # polygons
    outline: Shapes  # the study area (one polygon) or none


def base_map(extract: Extract, network: WalkNetwork) -> BaseMap:
    """The map underneath, of everything within MAP_RING_M of the extract's study area, else of all.

    Lines of a class are joined where they meet and drawn to MAP_DETAIL_M. The sea reaches SEA_M beyond
    the streets.
    """
    table, crs = tag_table(), network.crs
    outline = np.empty(0, object)
    if extract.study_area is not None:
        outline = in_metres(np.array([extract.study_area], object), crs)
        shapely.prepare(outline)

    def shown(shapes: Shapes) -> Shapes:
        return shapes[shapely.dwithin(outline[0], shapes, MAP_RING_M)] if len(outline) else shapes

    def features(rules: str, dimensions: int) -> Shapes:
        chosen = layer(extract, table[rules], crs).geometry
        return shown(chosen[shapely.get_dimensions(chosen) == dimensions])

    frame = shapely.box(*(network.xy.min(axis=0) - SEA_M), *(network.xy.max(axis=0) + SEA_M))
    return BaseMap(
        water=np.concatenate([sea(features("map_coast", 1), frame), features("map_water", POLYGON)]),
        waterways=features("map_waterway", 1),
        green=features("map_green", POLYGON),
        streets={name: _merged(shown(lines)) for name, lines in streets(extract, crs).items()},
        buildings=features("building", POLYGON),
        outline=outline,
    )


def streets(extract: Extract, crs: CRS) -> dict[str, Shapes]:
    """The highways of each class on the map."""
    nodes = projected(extract.node_lonlat, crs)
    streets = {}
    for name, highways in tag_table()["map_streets"].items():
        ways = [way.nodes for way in extract.ways if way.tags["highway"] in highways]
        lines = shapely.linestrings(
            nodes[np.searchsorted(extract.node_ids, [node for way in ways for node in way])],
            indices=np.repeat(np.arange(len(ways)), [len(way) for way in ways]),
        )
        streets[name] = lines
    return streets


def _merged(lines: Shapes) -> Shapes:
    joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    drawn: Shapes = shapely.simplify(joined, MAP_DETAIL_M)
    return drawn
