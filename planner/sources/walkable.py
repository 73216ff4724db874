"""Which ways may be walked, and the walking network that they make."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from planner.errors import CrsError, DataError, ExtractError, first
from planner.network import Flags, Floats, Integers, Shapes, WalkNetwork, metric_crs
from planner.sources.obstacles import segments, ways_of
from planner.sources.osm import Extract, Square, Way, read_extract
from planner.sources.tags import in_metres, projected
from planner.ways import Ways

# The one table of which ways may be walked. A highway value that stands in neither row is not walked:
# motor traffic alone, under construction, planned, gone, or nothing that anybody could name.
WALKED = frozenset(
    {"footway", "pedestrian", "path", "steps", "corridor", "elevator", "platform", "bridleway", "track"}
    | {"living_street", "residential", "unclassified", "service", "road"}
    | {"tertiary", "tertiary_link", "secondary", "secondary_link", "primary", "primary_link", "trunk", "trunk_link"}
)
WALKED_IF_INVITED = frozenset({"cycleway", "busway", "motorway", "motorway_link"})  # only with a foot tag that allows

INVITES = frozenset({"yes", "designated", "official", "permissive", "destination"})  # foot=
FORBIDS = frozenset({"no", "private", "military"})  # foot=, or access= where foot does not invite
ONE_WAY_ESCALATOR = frozenset({"forward", "backward"})  # conveying=; the network is walked both ways

WATER_SURFACES = (("natural", "water"), ("waterway", "riverbank"), ("waterway", "dock"))
WATER_BASINS = (("landuse", "reservoir"), ("landuse", "basin"))
WATER_LINES = (("natural", "coastline"), ("waterway", "river"), ("waterway", "canal"))
UNDERGROUND = ("tunnel", "covered", "culvert")

MOST_DOORS = 48  # of one square; more are thinned evenly, since each pair of doors is a segment


def may_walk(tags: Mapping[str, str]) -> bool:
    """Whether anybody may walk a way with these tags.

    Service roads, car park aisles and driveways are walked: many a door has no other way to it. Streets
    whose pavements are mapped separately are walked too, for the pavements are seldom joined to
    everything that the street is joined to. A cycleway is walked only where its tags invite.
    """
    highway, foot = tags.get("highway"), tags.get("foot")
    if foot in FORBIDS or tags.get("service") == "private":
        return False
    if tags.get("conveying") in ONE_WAY_ESCALATOR:
        return False
    invited = foot in INVITES
    if not invited and (tags.get("access") in FORBIDS or tags.get("motorroad") == "yes"):
        return False
    shared = highway == "cycleway" and "segregated" in tags  # tagged only where people walk and cycle
    return highway in WALKED or (highway in WALKED_IF_INVITED and (invited or shared))


def walk_network(
    extract: Extract | str | Path,
    *,
    study_area: shapely.Geometry | None = None,
    ring_m: float = 1500.0,
    island_m: float = 1000.0,
) -> WalkNetwork:
    """The walking network of an extract, in metres in `extract.crs`.

    `study_area` is a (multi)polygon in EPSG:4326, by default the extract's own where it has one. Streets
    that lie farther than `ring_m` outside it are cut off; nodes in the ring have `inside` false. A
    square is walked along its outline and straight across between the places where other ways meet it.
    """
    if not isinstance(extract, Extract):
        extract = read_extract(extract)
    ways = [way for way in extract.ways if may_walk(way.tags)]
    squares = [square for square in extract.squares if may_walk(square.tags)]
    if not ways and not squares:
        found = Counter(way.tags["highway"] for way in extract.ways)
        values = [f"{value} {count}" for value, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))]
        raise ExtractError(
            f"{extract.source}: none of {len(extract.ways)} highways may be walked ({first(values)}). "
            "Take an extract that holds streets and footways, not filtered to one kind of road."
        )
    xy = projected(extract.node_lonlat, extract.crs)
    rings = [ring for square in squares for ring in square.rings]
    ends = [segments(extract.node_ids, way.nodes) for way in ways]
    ends += [segments(extract.node_ids, ring) for ring in rings]
    ends += [np.concatenate([np.empty((0, 2), np.int64), *_across(squares, ways, extract.node_ids, xy)])]
    tags = [*(way.tags for way in ways), *(square.tags for square in squares for _ in square.rings), {}]
    network = _network(
        xy,
        np.concatenate(ends),
        crs=extract.crs,
        ways=ways_of(extract, tags, ends, xy),
        study_area=extract.study_area if study_area is None else study_area,
        ring_m=ring_m,
        island_m=island_m,
        source=extract.source,
    )
    counted = {
        "ways": extract.counts.get("ways", len(extract.ways)),
        "ways_walkable": len({way.id for way in ways}),
        "ways_clipped": extract.counts.get("ways_clipped", 0),
        "nodes_missing": extract.counts.get("nodes_missing", 0),
        "squares": len(squares),
    }
    barriers = _barriers(extract.features, extract.crs)
    return replace(network, barriers=barriers, summary={**network.summary, **counted})


def network_from_graph(
    graph: Any,
    *,
    study_area: shapely.Geometry | None = None,
    ring_m: float = 1500.0,
    island_m: float = 1000.0,
) -> WalkNetwork:
    """The walking network of an osmnx or networkx graph: nodes with `x` and `y`, `graph.graph["crs"]`.

    Every edge is walked both ways; which edges may be walked is for whoever made the graph. Longitude and
    latitude are projected, a metric system is kept. Where an edge's declared `length` is longer than its
    line, its segments are lengthened in proportion: the declared length may know of bends or slopes.
    """
    if not graph.graph.get("crs"):
        raise CrsError("The graph does not say its CRS. Set graph.graph['crs'], for osmnx graphs 'EPSG:4326'.")
    places = list(graph.nodes(data=True))
    adrift = [node for node, data in places if "x" not in data or "y" not in data]
    if adrift:
        raise DataError(f"{len(adrift)} of {len(places)} graph nodes have no x and y ({first(adrift)}). Add them.")
    if not graph.number_of_edges():
        raise DataError(f"The graph has {len(places)} nodes and 0 edges. Pass a graph that holds streets.")
    given = CRS.from_user_input(graph.graph["crs"])
    xy = np.array([(data["x"], data["y"]) for _, data in places], np.float64)
    crs = metric_crs(*np.median(xy, axis=0)) if given.is_geographic else given
    to_metres = Transformer.from_crs(given, crs, always_xy=True)
    xy = np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1]))

    bends, ends, length = [xy], [], []
    vertices = len(xy)
    for (start, end, inner), declared in _courses(graph, places, xy, to_metres).items():
        course = np.vstack([xy[start], np.array(inner).reshape(-1, 2), xy[end]])
        straight = np.hypot(*np.diff(course, axis=0).T)
        total = straight.sum()
        stations = [start, *range(vertices, vertices + len(inner)), end]
        vertices += len(inner)
        bends.append(course[1:-1])
        ends.append(np.column_stack([stations[:-1], stations[1:]]))
        length.append(straight / total * max(declared, total) if total > 0 else np.full(1, declared))
    return _network(
        np.vstack(bends),
        np.concatenate(ends),
        crs=crs,
        length_m=np.concatenate(length),
        study_area=study_area,
        ring_m=ring_m,
        island_m=island_m,
        source="the graph",
    )


Course = tuple[int, int, tuple[tuple[float, float], ...]]  # from node, to node, the bends between in metres


def _courses(
    graph: Any, places: list[tuple[Hashable, dict[str, Any]]], xy: Floats, to_metres: Transformer
) -> dict[Course, float]:
    """Each course that a street takes, once for both directions, with its shortest declared length (0 = none)."""
    index = {node: i for i, (node, _) in enumerate(places)}
    courses: dict[Course, float] = {}
    for u, v, data in graph.edges(data=True):
        start, end = index[u], index[v]
        inner: tuple[tuple[float, float], ...] = ()
        if data.get("geometry") is not None:
            x, y = to_metres.transform(*shapely.get_coordinates(data["geometry"]).T)
            line = np.column_stack([x, y])
            if np.hypot(*(line[0] - xy[end])) < np.hypot(*(line[0] - xy[start])):
                line = line[::-1]  # drawn from v to u
            inner = tuple((float(px), float(py)) for px, py in np.round(line[1:-1], 3))  # mm, so both directions agree
        course = min((start, end, inner), (end, start, inner[::-1]))
        declared = max(0.0, float(data.get("length") or 0.0))
        courses[course] = min(courses.get(course, np.inf), declared)
    return courses


def _network(  # noqa: PLR0913  (what streets consist of, each named)
    xy: Floats,
    ends: Integers,
    *,
    crs: CRS,
    source: str,
    study_area: shapely.Geometry | None,
    ring_m: float,
    island_m: float,
    length_m: Floats | None = None,
    ways: Ways | None = None,
) -> WalkNetwork:
    """Segments cut to the study area and its ring, made a network, its islands counted."""
    inside: Flags | None = None
    if study_area is not None:
        (area,) = in_metres(np.array([study_area], object), crs)
        if not np.isfinite(shapely.get_coordinates(area)).all():
            area = shapely.Polygon()  # so far away that it has no coordinates in the city's system
        shapely.prepare(area)
        inside = shapely.intersects_xy(area, xy)
        near = inside | shapely.dwithin(area, shapely.points(xy), ring_m)
        kept = near[ends].any(axis=1)
        if not kept.any():
            west, south, east, north = np.round(study_area.bounds, 4)
            raise ExtractError(
                f"{source}: none of {len(ends):,} walkable segments lies within {ring_m:g} m of the study area "
                f"(longitude {west} to {east}, latitude {south} to {north}). Check that both are the same city, and "
                "that longitude comes first."
            )
        ends = ends[kept]
        length_m = None if length_m is None else length_m[kept]
        ways = ways and ways.kept(kept)
    network = WalkNetwork.from_segments(
        xy, ends, crs=crs, length_m=length_m, inside=inside, island_m=island_m, ways=ways
    )
    islands = network.component_m[network.component_m < island_m]
    counted = {"islands": len(islands), "islands_km": round(float(islands.sum()) / 1000, 3)}
    return replace(network, summary={**network.summary, **counted})


def _across(squares: list[Square], ways: list[Way], node_ids: NDArray[np.int64], xy: Floats) -> list[Integers]:
    """Straight segments over each square, between its doors: the nodes it shares with another way or square."""
    owners: dict[int, set[str]] = {node: set() for square in squares for ring in square.rings for node in ring}
    for name, nodes in [(f"way/{way.id}", way.nodes) for way in ways] + [
        (square.osm_id, ring) for square in squares for ring in square.rings
    ]:
        for node in nodes:
            if node in owners:
                owners[node].add(name)
    across: list[Integers] = []
    for square in squares:
        doors = sorted({node for ring in square.rings for node in ring if len(owners[node]) > 1})
        thinned = [doors[i] for i in np.unique(np.linspace(0, len(doors) - 1, MOST_DOORS).astype(int))] if doors else []
        at = np.searchsorted(node_ids, np.array(thinned, np.int64))
        pairs = np.array(list(combinations(at.tolist(), 2)), np.int64).reshape(-1, 2)
        rings = [xy[np.searchsorted(node_ids, np.array(ring))] for ring in square.rings]
        surface = shapely.Polygon(rings[0], rings[1:])
        if len(pairs) and surface.is_valid:
            shapely.prepare(surface)
            across.append(pairs[shapely.covers(surface, shapely.linestrings(xy[pairs]))])
    return across


def _barriers(features: gpd.GeoDataFrame, crs: CRS) -> Shapes:
    """Water that no access leg may cross: surfaces, rivers, canals and the coast; not what flows underground."""
    wet = np.array([_is_barrier(tags) for tags in features["tags"]], bool)
    shapes = features.geometry.to_numpy()[wet]
    shapes = shapes[shapely.get_dimensions(shapes) > 0]
    return in_metres(shapes, crs)


def _is_barrier(tags: Mapping[str, str]) -> bool:
    wet = any(tags.get(key) == value for key, value in WATER_SURFACES + WATER_BASINS + WATER_LINES)
    return wet and all(tags.get(key, "no") == "no" for key in UNDERGROUND)
