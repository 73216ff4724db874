"""Which ways may be walked, and the network that they make, from an extract and from a graph."""

import re
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from pyproj import CRS
from test_osm import node, relation, way, write

from planner.errors import CrsError, DataError, ExtractError
from planner.sources.osm import read_extract
from planner.sources.walkable import WALKED, WALKED_IF_INVITED, may_walk, network_from_graph, walk_network

CITIES = Path(__file__).parent.parent / ".." / "shared" / "data" / "cities"
UNBUILT = ("abandoned", "construction", "planned", "proposed", "razed", "no")
MOTOR = ("bus_guideway", "escape", "raceway", "rest_area", "services", "emergency_bay")
OTHER = ("bus_stop", "via_ferrata", "ladder", "crossing", "trailhead")


def osmnx_walks(tags):
    """What osmnx's filter for network_type="walk" says of these tags, read from osmnx itself."""
    from osmnx._overpass import _get_network_filter

    for key, negated, pattern in re.findall(r'\["([^"]+)"(?:(!~)"([^"]+)")?\]', _get_network_filter("walk")):
        found = key in tags if not negated else not re.search(pattern, tags.get(key, ""))
        if not found:
            return False
    return True


# Where we differ from osmnx on purpose: tags, ours, why.
DIFFERENCES = [
    ({"highway": "platform"}, True, "a platform joins the paths at its ends"),
    ({"highway": "cycleway", "foot": "designated"}, True, "a shared path is walked, osmnx drops every cycleway"),
    ({"highway": "cycleway", "foot": "yes"}, True, "the same"),
    ({"highway": "cycleway", "segregated": "yes"}, True, "tagged only where people walk beside the cycles"),
    ({"highway": "motorway", "foot": "yes"}, True, "a bridge with a footway that belongs to the motorway"),
    ({"highway": "motorway_link", "foot": "yes"}, True, "the same"),
    ({"highway": "pedestrian", "area": "yes"}, True, "squares are walked across"),
    ({"highway": "service", "access": "private", "foot": "yes"}, True, "closed to cars only"),
    ({"highway": "residential", "sidewalk": "separate"}, True, "mapped pavements are seldom joined to every street"),
    ({"highway": "residential", "sidewalk:both": "separate"}, True, "the same"),
    ({"highway": "residential", "foot": "unknown"}, True, "osmnx's pattern no also finds unknown"),
    ({"highway": "busway"}, False, "for buses; osmnx lists bus_guideway only"),
    ({"highway": "escape"}, False, "gravel for runaway lorries"),
    ({"highway": "emergency_bay"}, False, "a bay of a motorway"),
    ({"highway": "via_ferrata"}, False, "needs ropes"),
    ({"highway": "ladder"}, False, "climbed, not walked"),
    ({"highway": "bus_stop"}, False, "no way at all, but such lines are mapped"),
    ({"highway": "crossing"}, False, "the same"),
    ({"highway": "trailhead"}, False, "the same"),
    ({"highway": "residential", "access": "no"}, False, "closed to everybody; osmnx looks for private only"),
    ({"highway": "residential", "access": "military"}, False, "the same"),
    ({"highway": "residential", "foot": "private"}, False, "osmnx looks for foot=no only"),
    ({"highway": "trunk", "motorroad": "yes"}, False, "a motorway in law"),
    ({"highway": "steps", "conveying": "forward"}, False, "an escalator goes one way, the network both"),
]
# Where we agree, besides every plain highway value.
AGREED = [
    ({"highway": "footway", "foot": "no"}, False),
    ({"highway": "service", "access": "private"}, False),
    ({"highway": "service", "service": "private"}, False),
    ({"highway": "service", "service": "parking_aisle"}, True),
    ({"highway": "service", "service": "driveway"}, True),
    ({"highway": "service", "service": "alley"}, True),
    ({"highway": "residential", "access": "destination"}, True),
    ({"highway": "footway", "access": "customers"}, True),
    ({"highway": "residential", "sidewalk": "no"}, True),
    ({"highway": "residential", "foot": "use_sidepath"}, True),
    ({"highway": "steps", "conveying": "yes"}, True),
    ({"highway": "corridor", "indoor": "yes"}, True),
    ({"highway": "path", "bicycle": "designated"}, True),
    ({"highway": "cycleway", "foot": "no"}, False),
    ({"highway": "construction", "foot": "yes"}, False),
    ({"building": "yes"}, False),
]


@pytest.mark.parametrize("value", sorted({*WALKED, *WALKED_IF_INVITED, *UNBUILT, *MOTOR, *OTHER}))
def test_each_highway_value_is_walked_as_in_osmnx_unless_the_table_says_why(value):
    differs = any(tags == {"highway": value} for tags, _, _ in DIFFERENCES)
    assert (may_walk({"highway": value}) != osmnx_walks({"highway": value})) is differs


@pytest.mark.parametrize(("tags", "walked", "reason"), DIFFERENCES)
def test_the_intended_differences_from_osmnx_are_differences(tags, walked, reason):
    assert may_walk(tags) is walked
    assert osmnx_walks(tags) is not walked


@pytest.mark.parametrize(("tags", "walked"), AGREED)
def test_the_exceptions_that_both_know_agree(tags, walked):
    assert may_walk(tags) is walked
    assert osmnx_walks(tags) is walked


# A unit is 0.001°: 111 m north, 93 m east. The streets of the town:
#
#   4 ───── 3 ───── 6      way 10: 1-2-3-4-1 a square (area=yes), met by streets at 1, 3 and 6-3
#   │ square│              way 11: 5-1        way 12: 3-6        way 13: 5-7 a motorway
#   1 ───── 2
#   │
#   5 ───── 7
CORNERS = [(1, 0, 1), (2, 1, 1), (3, 1, 2), (4, 0, 2), (5, 0, 0), (6, 2, 2), (7, 1, 0)]
SQUARE = way(10, 1, 2, 3, 4, 1, highway="pedestrian", area="yes")
STREETS = (way(11, 5, 1, highway="residential"), way(12, 3, 6, highway="footway"), way(13, 5, 7, highway="motorway"))


def town(tmp_path, *ways, corners=CORNERS):
    return read_extract(write(tmp_path / "town.osm", *(node(*corner) for corner in corners), *ways))


def walk_m(net, a, b):
    graph = nx.Graph()
    graph.add_weighted_edges_from([(*map(int, ends), m) for ends, m in zip(net.ends, net.length_m, strict=True)])
    return nx.dijkstra_path_length(graph, a, b)


def at(net, extract, osm_node):
    """The network's node where the extract has this one."""
    x, y = extract.node_lonlat[list(extract.node_ids).index(osm_node)]
    xy = shapely.transform(shapely.Point(x, y), to_metres(extract.crs).transform, interleaved=False)
    return int(np.hypot(*(net.xy - [xy.x, xy.y]).T).argmin())


def to_metres(crs):
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def test_a_street_is_as_long_as_it_is_on_the_ground(tmp_path):
    extract = town(tmp_path, *STREETS)
    net = walk_network(extract)
    assert net.crs == extract.crs == CRS.from_epsg(4547)
    assert sorted(net.length_m) == pytest.approx([92.8, 110.9], abs=0.2)
    assert net.summary["ways"] == 3
    assert net.summary["ways_walkable"] == 2


def test_a_square_is_walked_straight_across_between_the_streets_that_meet_it(tmp_path):
    extract = town(tmp_path, SQUARE, *STREETS)
    net = walk_network(extract)
    across = np.hypot(92.8, 110.9)
    assert walk_m(net, at(net, extract, 5), at(net, extract, 6)) == pytest.approx(110.9 + across + 92.8, abs=0.5)
    assert walk_m(net, at(net, extract, 1), at(net, extract, 2)) == pytest.approx(92.8, abs=0.2)  # along the outline
    assert net.summary["squares"] == 1


#   4 ─── 9   8 ─── 3      the square has a fountain court cut in from above: the straight line from 4
#   │     │   │     │      to 3 leaves it, so one walks round
#   │    10 ─ 11    │
#   1 ───────────── 2
U_SHAPE = [
    (1, 0, 0),
    (2, 3, 0),
    (3, 3, 2),
    (8, 2, 2),
    (11, 2, 1),
    (10, 1, 1),
    (9, 1, 2),
    (4, 0, 2),
    (5, -1, 2),
    (6, 4, 2),
]


def test_a_square_is_not_crossed_where_the_straight_line_leaves_it(tmp_path):
    square = way(10, 1, 2, 3, 8, 11, 10, 9, 4, 1, highway="pedestrian", area="yes")
    ends = way(11, 5, 4, highway="footway"), way(12, 3, 6, highway="footway")
    extract = town(tmp_path, square, *ends, corners=U_SHAPE)
    net = walk_network(extract)
    round_the_court = 3 * 92.8 + 2 * 110.9
    assert walk_m(net, at(net, extract, 4), at(net, extract, 3)) == pytest.approx(round_the_court, abs=1)


def test_a_square_drawn_as_a_multipolygon_is_walked_too(tmp_path):
    outline = way(10, 1, 2, 3, 4, 1)
    square = relation(20, (10, "outer"), type="multipolygon", highway="pedestrian")
    extract = town(tmp_path, outline, *STREETS, square)
    net = walk_network(extract)
    assert walk_m(net, at(net, extract, 1), at(net, extract, 3)) == pytest.approx(np.hypot(92.8, 110.9), abs=0.5)


def test_a_closed_footway_is_a_ring_and_not_a_square(tmp_path):
    extract = town(tmp_path, way(10, 1, 2, 3, 4, 1, highway="footway"), *STREETS)
    net = walk_network(extract)
    assert walk_m(net, at(net, extract, 1), at(net, extract, 3)) == pytest.approx(92.8 + 110.9, abs=0.5)
    assert net.summary["squares"] == 0


def test_a_private_square_is_not_crossed(tmp_path):
    private = way(10, 1, 2, 3, 4, 1, highway="pedestrian", area="yes", access="private")
    net = walk_network(town(tmp_path, private, *STREETS))
    assert len(net.ends) == 2


def line_town(tmp_path, *features):
    """Nodes 1 … 41 in a row, 93 m apart, each pair joined by a footway."""
    nodes = [node(i, i, 0) for i in range(1, 42)]
    ways = [way(100 + i, i, i + 1, highway="footway") for i in range(1, 41)]
    return read_extract(write(tmp_path / "line.osm", *nodes, *features, *ways))


def box(west, south, east, north):
    return shapely.box(114.6 + west / 1000, 33.6 + south / 1000, 114.6 + east / 1000, 33.6 + north / 1000)


def test_streets_beyond_the_ring_are_cut_off_and_those_in_it_are_not_counted(tmp_path):
    net = walk_network(line_town(tmp_path), study_area=box(0, -1, 10.5, 1), ring_m=500)
    # inside: 1 … 10. In the ring, 500 m = 5.4 steps beyond 10.5: 11 … 15, and 16 ends the last segment
    assert net.inside.sum() == 10
    assert len(net.xy) == 16
    assert net.xy[~net.inside, 0].min() > net.xy[net.inside, 0].max()


def test_the_study_area_of_the_extract_itself_is_the_default(tmp_path):
    extract = replace(line_town(tmp_path), study_area=box(0, -1, 10.5, 1))
    assert walk_network(extract, ring_m=0).inside.sum() == 10
    assert walk_network(extract, study_area=box(0, -1, 5.5, 1), ring_m=0).inside.sum() == 5


def test_a_study_area_with_swapped_longitude_and_latitude_is_refused(tmp_path):
    with pytest.raises(ExtractError, match=r"none of 40 walkable segments lies within 1500 m .* longitude comes first"):
        walk_network(line_town(tmp_path), study_area=shapely.transform(box(0, -1, 5, 1), lambda xy: xy[:, ::-1]))


def test_islands_are_counted_and_serve_nobody(tmp_path):
    extract = town(tmp_path, *STREETS)  # two parts of 111 m and 93 m
    net = walk_network(extract, island_m=100)
    assert net.summary["components"] == 2
    assert net.summary["islands"] == 1
    assert net.summary["islands_km"] == pytest.approx(0.0928, abs=0.0005)
    x, y = net.xy[net.component == 1].mean(axis=0)
    assert net.snap([x, y + 5], max_access_m=50).off.all()


@pytest.mark.parametrize(
    ("tags", "parts"),
    [
        ({"waterway": "river"}, True),
        ({"waterway": "canal"}, True),
        ({"natural": "coastline"}, True),
        ({"waterway": "stream"}, False),
        ({"waterway": "river", "tunnel": "culvert"}, False),
        ({"waterway": "canal", "covered": "yes"}, False),
    ],
)
def test_open_water_parts_a_home_from_the_street_on_the_other_bank(tmp_path, tags, parts):
    river = (node(91, 0, 0.3), node(92, 42, 0.3), way(90, 91, 92, **tags))
    net = walk_network(line_town(tmp_path, *river))
    home = net.xy[20] + [0, 60]  # the river flows 33 m north of the street
    assert net.snap(home, max_access_m=100).off.tolist() == [parts]


def test_a_reservoir_is_a_barrier_and_a_point_is_none(tmp_path):
    pond = [node(91, 1, 1), node(92, 2, 1), node(93, 2, 2, natural="water", amenity="fountain")]
    net = walk_network(line_town(tmp_path, *pond, way(90, 91, 92, 93, 91, landuse="reservoir")))
    assert [shape.geom_type for shape in net.barriers] == ["Polygon"]


def test_an_extract_without_a_walkable_way_says_what_it_has_instead(tmp_path):
    motorways = [way(10 + i, i, i + 1, highway="motorway") for i in (1, 2)] + [way(13, 3, 4, highway="construction")]
    message = r"town\.osm: none of 3 highways may be walked \(first: motorway 2, construction 1\)\. Take"
    with pytest.raises(ExtractError, match=message):
        walk_network(town(tmp_path, *motorways))


def test_a_file_is_as_good_as_an_extract(tmp_path):
    extract = town(tmp_path, SQUARE, *STREETS)
    one, other = walk_network(extract), walk_network(tmp_path / "town.osm")
    assert one.summary == other.summary
    assert one.xy.tolist() == other.xy.tolist()


def graph(crs="EPSG:4547", **options):
    g = nx.MultiDiGraph(crs=crs, **options)
    for name, x, y in [("a", 500_000, 0), ("b", 500_100, 0), ("c", 500_100, 100)]:
        g.add_node(name, x=x, y=y)
    return g


def test_both_directions_and_parallel_edges_of_a_graph_are_one_street_of_the_shortest_length():
    g = graph()
    g.add_edge("a", "b", length=120.0)
    g.add_edge("b", "a", length=110.0)
    g.add_edge("a", "b", length=150.0)
    g.add_edge("b", "c", length=70.0)  # shorter than the straight line: cannot be
    net = network_from_graph(g)
    assert net.crs == CRS.from_epsg(4547)
    assert net.length_m.tolist() == [110.0, 100.0]
    assert net.xy.tolist() == [[500_000, 0], [500_100, 0], [500_100, 100]]


#   d ──── e        a ── b is drawn over d and e: 30 + 100 + 30 m
#   │      │
#   a ──── b        and straight: 100 m
def test_a_bend_of_a_graph_keeps_its_own_vertices_once_for_both_directions():
    g = graph()
    bend = shapely.LineString([(500_000, 0), (500_000, 30), (500_100, 30), (500_100, 0)])
    g.add_edge("a", "b", geometry=bend)
    g.add_edge("b", "a", geometry=bend.reverse())
    g.add_edge("a", "b", key=7)
    net = network_from_graph(g, island_m=0)
    assert len(net.xy) == 4
    assert net.length_m.sum() == pytest.approx(260)
    assert net.snap([[500_050, 28]], max_access_m=10).access_m == pytest.approx(2)


def test_a_line_drawn_against_its_edge_is_turned_round():
    g = graph()
    g.add_edge("a", "b", geometry=shapely.LineString([(500_100, 0), (500_100, 30), (500_000, 0)]))
    net = network_from_graph(g)
    assert net.length_m.sum() == pytest.approx(30 + np.hypot(100, 30))


def test_a_declared_length_longer_than_the_line_is_spread_over_its_segments():
    g = graph()
    g.add_edge("a", "c", geometry=shapely.LineString([(500_000, 0), (500_100, 0), (500_100, 100)]), length=300.0)
    net = network_from_graph(g)
    assert net.length_m.tolist() == [150.0, 150.0]


def test_a_cul_de_sac_that_returns_to_its_own_node_is_kept_as_a_ring():
    g = graph()
    g.add_edge("a", "a", geometry=shapely.LineString([(500_000, 0), (500_010, 0), (500_010, 10), (500_000, 0)]))
    net = network_from_graph(g)
    assert net.length_m.sum() == pytest.approx(20 + np.hypot(10, 10))


def test_a_graph_in_degrees_is_projected_and_cut_to_the_study_area():
    g = nx.MultiDiGraph(crs="EPSG:4326")
    for i in range(5):
        g.add_node(i, x=114.6 + i / 1000, y=33.6)
    for i in range(4):
        g.add_edge(i, i + 1, 0)
    net = network_from_graph(g, study_area=box(-1, -1, 1.5, 1), ring_m=10)
    assert net.crs == CRS.from_epsg(4547)
    assert net.inside.tolist() == [True, True, False]
    assert net.length_m == pytest.approx([92.8, 92.8], abs=0.1)


def test_a_graph_and_an_extract_of_the_same_streets_make_the_same_network(tmp_path):
    extract = town(tmp_path, *STREETS)
    g = nx.MultiDiGraph(crs="EPSG:4326")
    for number, (x, y) in zip(extract.node_ids.tolist(), extract.node_lonlat.tolist(), strict=True):
        g.add_node(number, x=x, y=y)
    for u, v in [(5, 1), (1, 5), (3, 6), (6, 3)]:
        g.add_edge(u, v, 0)
    one, other = walk_network(extract), network_from_graph(g)
    assert one.xy == pytest.approx(other.xy)
    assert one.ends.tolist() == other.ends.tolist()
    assert one.length_m == pytest.approx(other.length_m)


def test_a_graph_that_cannot_be_placed_is_refused():
    with pytest.raises(CrsError, match="does not say its CRS"):
        network_from_graph(graph(crs=None))
    adrift = graph()
    adrift.add_node("d", y=1.0)
    with pytest.raises(DataError, match=r"1 of 4 graph nodes have no x and y \(first: d\)"):
        network_from_graph(adrift)
    with pytest.raises(DataError, match="3 nodes and 0 edges"):
        network_from_graph(graph())
    web = graph(crs="EPSG:3857")
    web.add_edge("a", "b")
    with pytest.raises(CrsError, match="does not measure in true metres"):
        network_from_graph(web)


cities = pytest.mark.cities
here = pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities of ../shared/data are not here")


@cities
@here
@pytest.mark.parametrize(
    ("city", "published_km", "in_the_largest"),
    [
        ("beijing-yizhuang/yizhuang", 569, 0.95),
        ("porto-alegre/porto-alegre", 1957, 0.95),
        ("northern-kentucky/northern-kentucky", None, 0.95),
    ],
)
def test_real_cities_have_the_streets_that_others_counted(city, published_km, in_the_largest):
    net = walk_network(CITIES / f"{city}.osm.pbf")
    if published_km is not None:
        assert net.summary["street_km"] == pytest.approx(published_km, rel=0.15)
    assert net.component_m[0] / net.component_m.sum() >= in_the_largest


@pytest.fixture(scope="module")
def las_palmas():
    if not CITIES.is_dir():
        pytest.skip("the real cities of ../shared/data are not here")
    extract = read_extract(CITIES / "las-palmas" / "laspalmas.osm.pbf")
    return extract, walk_network(extract)


def on_islands(net, snap):
    """How many stand on a component that serves nobody."""
    return (net.component_m[net.component[net.ends[snap.edge[~snap.off], 0]]] < 1000).sum()


def legs_over_water(net, homes, snap):
    """The homes whose access leg crosses water that they do not stand in."""
    on = np.flatnonzero(~snap.off)
    legs = shapely.linestrings(np.stack([shapely.get_coordinates(homes)[on], net.position(snap)[on]], axis=1))
    leg, barrier = shapely.STRtree(net.barriers).query(legs, predicate="crosses")
    return on[leg[~shapely.intersects(homes[on[leg]], net.barriers[barrier])]]


@cities
def test_in_las_palmas_nobody_snaps_across_water_or_to_an_island(las_palmas):
    extract, net = las_palmas
    buildings = extract.features[["building" in tags for tags in extract.features.tags]]
    homes = shapely.centroid(buildings.to_crs(net.crs).geometry.to_numpy())
    xy = shapely.get_coordinates(homes)
    snap = net.snap(xy, max_access_m=300)
    assert snap.off.mean() < 0.01
    assert not on_islands(net, snap)
    assert not len(legs_over_water(net, homes, snap))
    # and there was something to keep them from
    anywhere = replace(net, barriers=np.empty(0, object), island_m=0.0).snap(xy, max_access_m=300)
    assert on_islands(net, anywhere) > 500
    assert len(legs_over_water(net, homes, anywhere))


@cities
def test_las_palmas_is_walked_across_its_squares_and_survives_its_clipped_edge(las_palmas):
    extract, net = las_palmas
    assert extract.data_date == "2023-02-21"
    assert sum(tags.get("leisure") == "park" for tags in extract.features.tags) == 283
    assert net.summary["ways_clipped"] == 194
    assert net.summary["squares"] > 400
    assert net.summary["islands"] > 100
    assert net.component_m[0] / net.component_m.sum() > 0.9
    boundary = shapely.from_geojson((CITIES / "las-palmas" / "boundary.geojson").read_text(encoding="utf-8"))
    cut = walk_network(extract, study_area=shapely.union_all(shapely.get_parts(boundary)))
    assert 0.5 < cut.inside.mean() < 1
    assert cut.summary["street_km"] <= net.summary["street_km"]
