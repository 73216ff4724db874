"""OpenStreetMap from an extract (.osm.pbf, .osm): ways with their nodes, and features with their tags."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.errors import ExtractError
from planner.network import Floats, metric_crs

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
MADE_UP_ATTRIBUTION = "虚构数据 · made-up data, no real place"
MADE_UP = "planner made-up city"  # the generator named in the header of an extract that made_up.py wrote

# What is read besides highways. Everything else in the extract is passed over.
FEATURE_KEYS = (
    "aeroway",
    "amenity",
    "boundary",
    "building",
    "healthcare",
    "landuse",
    "leisure",
    "natural",
    "office",
    "place",
    "shop",
    "social_facility",
    "waterway",
    "barrier",
    "entrance",
)
POINT_KEYS = frozenset({"amenity", "healthcare", "leisure", "office", "shop", "social_facility", "barrier", "entrance"})
LINE_KEYS = frozenset({"waterway", "barrier"})

# A closed way is a surface where one of these keys says so, a line otherwise; area=yes and area=no overrule.
SURFACE_KEYS = frozenset(FEATURE_KEYS) - {"waterway", "barrier", "entrance", "natural"}
SURFACE_WATERWAYS = frozenset({"riverbank", "dock", "boatyard", "dam"})
LINE_NATURALS = frozenset({"coastline", "cliff", "ridge", "arete", "tree_row", "valley"})

SIGNALS = (("highway", "traffic_signals"), ("crossing", "traffic_signals"), ("crossing:signals", "yes"))  # of nodes

MAY_BE_OPEN = frozenset({"highway", "boundary", "barrier", "waterway"})  # no wonder that such a way is no ring

COUNTED = (
    "ways",
    "ways_clipped",  # highways that lack nodes
    "nodes_missing",  # of highways
    "lines_clipped",
    "surfaces_broken",  # ways that ought to be surfaces and are no ring, most of them cut by the edge
    "relations_incomplete",
    "features",
)
NO_DATE = datetime.fromtimestamp(0, UTC)  # what an object without a timestamp says
REMEDY = "Download the extract again, or cut a new one (`osmium extract --strategy smart`), and give its path."
TYPE_ORDER = {"node": 0, "way": 1, "relation": 2}


@dataclass(frozen=True)
class Way:
    """A highway as it stands in the extract, with the nodes that the extract holds.

    A way that the edge of the extract cuts comes as several pieces with the same id.
    """

    id: int
    nodes: tuple[int, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Square:
    """A highway that is a surface (area=yes, or a multipolygon): one outline and its holes, each closed."""

    osm_id: str  # "way/2", "relation/3"
    rings: tuple[tuple[int, ...], ...]  # node ids; the outline first, then the holes
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Extract:
    """The part of an OpenStreetMap file that planner reads, in EPSG:4326.

    `features` has the columns `osm_id` ("node/1", "way/2", "relation/3"), `tags` (dict, without the `type`
    of a relation) and `geometry`: points, lines (waterways, coastline, barriers) and polygons (closed ways
    and multipolygons), each element once. A line that the edge of the extract cuts is a multi-line; a
    surface that it cuts is left out and counted.
    """

    source: str
    digest: str  # sha256 of the file
    data_date: str  # ISO date of the data, "" where the file does not say
    synthetic: bool
    node_ids: NDArray[np.int64]  # (k,)  ascending; the nodes of `ways` and `squares`
    node_lonlat: Floats  # (k, 2)
    ways: tuple[Way, ...]  # highways, by ascending id
    features: gpd.GeoDataFrame
    counts: Mapping[str, int] = field(default_factory=dict)  # what was survived: clipped ways, missing nodes
    attribution: str = ATTRIBUTION
    squares: tuple[Square, ...] = ()
    signal_lonlat: Floats = field(default_factory=lambda: np.empty((0, 2)))  # (s, 2)  traffic signals on streets
    study_area: shapely.Geometry | None = None  # (multi)polygon in EPSG:4326 where a place was asked for by name

    @cached_property
    def crs(self) -> CRS:
        """The metric system in which this city is computed: that of its study area, else of most streets."""
        if self.study_area is not None:
            middle = shapely.centroid(self.study_area)
            return metric_crs(middle.x, middle.y)
        lonlat = self.node_lonlat if len(self.node_lonlat) else shapely.get_coordinates(self.features.geometry)
        return metric_crs(*np.median(lonlat, axis=0))


def read_extract(path: str | Path) -> Extract:
    """Everything of an OpenStreetMap file that planner uses.

    Reads .osm.pbf, .osm, .osm.gz and .osm.bz2. A file that does not declare itself sorted is sorted
    first, in memory. A way is cut where the extract lacks a node; `counts` says how often.
    """
    path = Path(path)
    if not path.is_file():
        raise ExtractError(f"{path}: there is no such file. Check the path, or download an extract (.osm.pbf) to it.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        header = osmium.io.Reader(str(path), osmium.osm.NOTHING).header()
        gathered = _gather(path, declared_sorted=header.get("sorting") == "Type_then_ID")
    except RuntimeError as fault:
        ends_early = "EOF" in str(fault) or "no element found" in str(fault)
        kind = "is truncated" if ends_early else "cannot be read as an OpenStreetMap file"
        raise ExtractError(f"{path}: {path.stat().st_size:,} bytes, {kind} ({fault}). {REMEDY}") from fault
    if not gathered.ways and not gathered.features:
        raise ExtractError(
            f"{path}: the extract is empty, 0 highways and 0 features ({gathered.counts['nodes_missing']} nodes of "
            f"its ways are missing). {REMEDY}"
        )
    ids = np.array(sorted(gathered.lonlat), np.int64)
    synthetic = header.get("generator", "").startswith(MADE_UP)
    newest = gathered.newest.date().isoformat() if gathered.newest > NO_DATE else ""
    return Extract(
        source=path.name,
        digest=digest,
        data_date=(header.get("osmosis_replication_timestamp", "") or newest)[:10],
        synthetic=synthetic,
        attribution=MADE_UP_ATTRIBUTION if synthetic else ATTRIBUTION,
        node_ids=ids,
        node_lonlat=np.array([gathered.lonlat[i] for i in ids.tolist()], np.float64).reshape(-1, 2),
        ways=tuple(sorted(gathered.ways, key=lambda way: way.id)),
        signal_lonlat=np.array(gathered.signals, np.float64).reshape(-1, 2),
        squares=tuple(sorted(gathered.squares, key=lambda square: _type_then_id(square.osm_id))),
        features=_frame(gathered.features),
        counts=dict(gathered.counts),
    )


def is_surface(tags: Mapping[str, str]) -> bool:
    """Whether a closed way with these tags is a surface and not a line that ends where it began."""
    if tags.get("natural") == "coastline" or tags.get("area") == "no":
        return False
    return (
        tags.get("area") == "yes"
        or not SURFACE_KEYS.isdisjoint(tags)
        or tags.get("waterway") in SURFACE_WATERWAYS
        or tags.get("natural", "coastline") not in LINE_NATURALS
    )


@dataclass
class _Gathered:
    """What one pass over a file has found so far."""

    lonlat: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: list[Way] = field(default_factory=list)
    squares: list[Square] = field(default_factory=list)
    features: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)  # geometry: shapely or hex WKB
    signals: list[tuple[float, float]] = field(default_factory=list)
    newest: datetime = NO_DATE
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))

    def way(self, way: osmium.osm.Way, tags: dict[str, str]) -> None:
        """Keep a highway, a line feature or both; a closed surface arrives later as an area."""
        surface = way.is_closed() and is_surface(tags)
        featured = not tags.keys().isdisjoint(FEATURE_KEYS)
        torn = is_surface(tags) and featured and tags.keys().isdisjoint(MAY_BE_OPEN)
        self.counts["surfaces_broken"] += surface or torn  # until its area arrives
        line = not surface and (not LINE_KEYS.isdisjoint(tags) or tags.get("natural") == "coastline")
        if "highway" not in tags and not line:
            return
        pieces, missing = _pieces(way.nodes)
        clipped = missing > 0 or not pieces
        if "highway" in tags:
            self.counts.update(ways=1, ways_clipped=clipped, nodes_missing=missing)
            for piece in pieces:
                self.lonlat.update(piece)
                self.ways.append(Way(way.id, tuple(ref for ref, _ in piece), tags))
        if line:
            self.counts["lines_clipped"] += clipped
            shapes = [shapely.LineString([lonlat for _, lonlat in piece]) for piece in pieces]
            if shapes:
                whole = shapes[0] if len(shapes) == 1 else shapely.MultiLineString(shapes)
                self.features.append((f"way/{way.id}", tags, whole))

    def area(self, area: osmium.osm.Area, tags: dict[str, str], geometry_of: osmium.geom.WKBFactory) -> None:
        """Keep a closed surface, as a feature, as a square or both."""
        if area.from_way() and not is_surface(tags):
            return
        if not area.num_rings()[0]:
            return  # its rings do not close; it stays counted as broken
        self.counts["surfaces_broken" if area.from_way() else "relations_incomplete"] -= 1
        osm_id = f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"
        if "highway" in tags and (tags.get("area") == "yes" or not area.from_way()):
            for outer in area.outer_rings():
                rings = [list(outer), *map(list, area.inner_rings(outer))]
                self.lonlat.update((node.ref, (node.lon, node.lat)) for ring in rings for node in ring)
                self.squares.append(Square(osm_id, tuple(tuple(node.ref for node in ring) for ring in rings), tags))
        if not tags.keys().isdisjoint(FEATURE_KEYS):
            self.features.append((osm_id, tags, geometry_of.create_multipolygon(area)))


def _gather(path: Path, *, declared_sorted: bool) -> _Gathered:
    """One pass over the file, sorted first where nobody promises that it is."""
    if declared_sorted:
        return _pass_over(path)
    with tempfile.TemporaryDirectory() as folder:
        in_order = Path(folder) / "sorted.osm.pbf"
        unsorted = osmium.MergeInputReader()
        unsorted.add_file(str(path))
        with osmium.SimpleWriter(str(in_order)) as writer:
            unsorted.apply(writer)
        return _pass_over(in_order)


def _pass_over(path: Path) -> _Gathered:
    gathered = _Gathered()
    geometry_of = osmium.geom.WKBFactory()
    keys = ("highway", *FEATURE_KEYS)
    stream = osmium.FileProcessor(path).with_areas(osmium.filter.KeyFilter(*keys))
    for item in stream.with_filter(osmium.filter.KeyFilter(*keys)):
        if isinstance(item, osmium.osm.Changeset):
            continue
        tags = dict(item.tags)
        gathered.newest = max(gathered.newest, item.timestamp)
        if isinstance(item, osmium.osm.Area):
            gathered.area(item, tags, geometry_of)
        elif isinstance(item, osmium.osm.Way):
            gathered.way(item, tags)
        elif isinstance(item, osmium.osm.Node):
            if item.location.valid() and any(value in tags.get(key, "").split(";") for key, value in SIGNALS):
                gathered.signals.append((item.location.lon, item.location.lat))
            if not POINT_KEYS.isdisjoint(tags) and item.location.valid():
                gathered.features.append((f"node/{item.id}", tags, shapely.Point(item.lon, item.lat)))
        elif tags.get("type") in {"multipolygon", "boundary"}:
            gathered.counts["relations_incomplete"] += 1  # until its area arrives
    gathered.counts["features"] = len(gathered.features)
    return gathered


Located = list[tuple[int, tuple[float, float]]]


def _pieces(nodes: Iterable[osmium.osm.NodeRef]) -> tuple[list[Located], int]:
    """The runs of at least two nodes between missing ones, and how many are missing."""
    runs: list[Located] = [[]]
    missing = 0
    for node in nodes:
        if node.location.valid():
            runs[-1].append((node.ref, (node.lon, node.lat)))
        else:
            missing += 1
            runs.append([])
    return [run for run in runs if len(run) > 1], missing


def _type_then_id(osm_id: str) -> tuple[int, int]:
    kind, _, number = osm_id.partition("/")
    return TYPE_ORDER[kind], int(number)


def _frame(features: list[tuple[str, dict[str, str], Any]]) -> gpd.GeoDataFrame:
    """Features by type and id, their geometry decoded; a multipolygon of one part is a polygon."""
    features = sorted(features, key=lambda feature: _type_then_id(feature[0]))
    geometry = np.empty(len(features), object)
    geometry[:] = [shape for _, _, shape in features]
    encoded = np.array([isinstance(shape, str) for shape in geometry], bool)
    polygons = shapely.from_wkb(geometry[encoded])
    geometry[encoded] = np.where(shapely.get_num_geometries(polygons) == 1, shapely.get_geometry(polygons, 0), polygons)
    columns = {"osm_id": [osm_id for osm_id, _, _ in features], "tags": [tags for _, tags, _ in features]}
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")
