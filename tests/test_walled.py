"""Who lives behind walls walks out by the gates, and nobody else walks through."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.compounds import Compounds, walks_inside
from planner.errors import DataError
from planner.network import BACK, ONWARD, SHUT
from planner.reach import measure_nearest, measure_reach
from planner.walled import wall_in
from tests.towns import CHUANHUI, demand, network, places, random_town


def compounds(*polygons, gates=(), public=False, shut=False):
    """Compounds, and gates as (compound, x, y)."""
    gates = sorted(gates)
    xy = np.array([gate[1:] for gate in gates], float).reshape(-1, 2)
    return Compounds(
        ids=np.array([f"compound/{i}" for i in range(len(polygons))], np.str_),
        names=np.array([""] * len(polygons), np.str_),
        geometry=np.array(polygons, object),
        gate_xy=xy,
        gate_compound=np.array([gate[0] for gate in gates], np.int64),
        gate_origin=np.full(len(gates), "given"),
        gate_public=np.full(len(gates), public),
        gate_open=np.full(len(gates), not shut),
        crs=CHUANHUI,
    )


def walls(net, grounds, homes, max_access_m=200):
    return wall_in(net, grounds, homes.xy, max_access_m=max_access_m, at_gate_m=5)


def walk(net, grounds, home, shop, limit_m=5000):
    """Metres from a home to a shop where walls stand; inf where there is no walk."""
    homes = demand([home])
    walled = walls(net, grounds, homes)
    homes = replace(homes, door=walled.door)
    shops = walled.entered(places([[shop]]), max_access_m=200)
    walked = measure_reach(homes, shops, limit_m=limit_m).nearest()[0][0]
    assert measure_nearest(homes, shops, limit_m=limit_m).nearest()[0][0] == walked
    return walked


# A ring of streets, 200 x 100 m, 20 m around a compound of 160 x 60 m without ways inside.
#
#     D-------------------------C   y = 100
#     |  +-------------------+  |   y = 80
#     |  | h               f |  |   y = 50
#     |  +-------------------+  |   y = 20
#     A-------------------------B   y = 0
RING = network([[0, 0], [200, 0], [200, 100], [0, 100]], [[0, 1], [1, 2], [2, 3], [0, 3]])
BLOCK = shapely.box(20, 20, 180, 80)
HOME = (30, 50)
SHOP = (0, 50)  # on the street to the west
EAST, WEST = (0, 180, 50), (0, 20, 50)


def test_without_walls_the_walk_is_the_straight_way_to_the_street():
    assert walk(RING, compounds(), HOME, SHOP) == pytest.approx(30)


def test_a_gate_on_the_far_side_makes_the_walk_long():
    # 150 m to the gate, 20 m to the street, half way round the ring: 50 + 200 + 50 m
    assert walk(RING, compounds(BLOCK, gates=[EAST]), HOME, SHOP) == pytest.approx(150 + 20 + 300)


def test_one_leaves_by_whichever_gate_is_nearer():
    assert walk(RING, compounds(BLOCK, gates=[EAST, WEST]), HOME, SHOP) == pytest.approx(10 + 20)


def test_a_shut_gate_lets_nobody_out():
    assert walk(RING, compounds(BLOCK, gates=[WEST], shut=True), HOME, SHOP) == np.inf
    both = compounds(BLOCK, gates=[EAST]).with_gates(np.array([0]), np.array([[20.0, 50.0]]))
    assert walk(RING, both, HOME, SHOP) == pytest.approx(470)
    assert walk(RING, both.opened(np.flatnonzero(~both.gate_open)), HOME, SHOP) == pytest.approx(30)


def test_who_lives_outside_is_not_drawn_in_by_walls():
    assert walk(RING, compounds(BLOCK, gates=[EAST]), (100, 10), SHOP) == pytest.approx(10 + 100 + 50)


# A lane crosses the same compound from west to east, at y = 50.
LANE = network(
    [[0, 0], [200, 0], [200, 100], [0, 100], [0, 50], [200, 50]],
    [[0, 1], [1, 5], [2, 5], [2, 3], [3, 4], [0, 4], [4, 5]],
)


def test_a_way_through_the_wall_without_a_gate_is_cut():
    grounds = compounds(BLOCK, gates=[EAST])
    assert walk(LANE, grounds, (30, 60), SHOP) == pytest.approx(10 + 170 + 300)  # along the lane, out in the east
    assert walk(LANE, compounds(BLOCK, gates=[EAST, WEST]), (30, 60), SHOP) == pytest.approx(10 + 30)


@pytest.mark.parametrize(("public", "metres"), [(False, 300.0), (True, 200.0)])
def test_passers_by_take_the_lane_only_through_public_gates(public, metres):
    grounds = compounds(BLOCK, gates=[EAST, WEST], public=public)
    assert walk(LANE, grounds, (200, 50), SHOP) == pytest.approx(metres)


@pytest.mark.parametrize(("public", "metres"), [(False, 300.0), (True, 200.0)])
def test_passers_by_cross_a_compound_without_ways_only_through_public_gates(public, metres):
    grounds = compounds(BLOCK, gates=[EAST, WEST], public=public)
    assert walk(RING, grounds, (200, 50), SHOP) == pytest.approx(metres)


def test_a_visitor_is_let_in_to_what_lies_inside_and_not_through():
    grounds = compounds(BLOCK, gates=[EAST, WEST])
    assert walk(LANE, grounds, (200, 50), (170, 50)) == pytest.approx(30)  # by the gate in the east
    assert walk(RING, grounds, (200, 50), (170, 50)) == pytest.approx(30)
    assert walk(LANE, grounds, (30, 50), (170, 50)) == pytest.approx(140)  # a resident, along the lane


def test_a_compound_without_a_gate_near_a_street_is_uncovered_and_no_error():
    far = shapely.box(1000, 1000, 1100, 1100)
    assert walk(RING, compounds(far, gates=[(0, 1000, 1050)]), (1050, 1050), SHOP) == np.inf
    assert walk(RING, compounds(BLOCK), HOME, SHOP) == np.inf  # no gate at all


def test_ways_inside_go_round_the_corners_of_the_outline():
    # an L: from the end of one arm to the end of the other round the inner corner (10, 10)
    #   a##
    #   ###....
    #   ######b
    bend = shapely.Polygon([(0, 0), (100, 0), (100, 10), (10, 10), (10, 100), (0, 100)])
    assert walks_inside(bend, np.array([[10.0, 100.0]]), np.array([[100.0, 10.0]]))[0, 0] == pytest.approx(180)
    assert walks_inside(bend, np.array([[5.0, 5.0]]), np.array([[5.0, 95.0]]))[0, 0] == pytest.approx(90)
    ring = BLOCK.difference(shapely.box(90, 0, 110, 70))
    assert walks_inside(ring, np.array([[80.0, 20.0]]), np.array([[120.0, 20.0]]))[0, 0] == pytest.approx(
        2 * np.hypot(10, 50) + 20
    )


def test_streets_that_only_touch_the_outline_are_no_ways_inside():
    along = compounds(shapely.box(0, 0, 200, 100), gates=[(0, 0, 50)])  # drawn up to the middle of the streets
    assert walk(RING, along, (30, 50), SHOP) == pytest.approx(30)
    assert walk(RING, along, (200, 50), SHOP) == pytest.approx(300)


# ------------------------------------------------------------------------------------------- properties


def random_compounds(seed, *, public=False):
    """A random town with two walled grounds, and four gates that could be opened beside those that are."""
    rng = np.random.default_rng(seed)
    net, homes, parks = random_town(seed, nodes=30, streets=45, homes=25, parks=5, gates=1)
    grounds = [shapely.box(100, 100, 450, 500), shapely.box(500, 300, 900, 800)]
    gates = [(c, *_on_outline(grounds[c], rng.uniform())) for c in (0, 0, 1, 1)]
    return net, homes, parks, compounds(*grounds, gates=gates, public=public), rng


def _on_outline(ground, share):
    point = shapely.line_interpolate_point(ground.exterior, share, normalized=True)
    return round(point.x, 2), round(point.y, 2)


def nearest(walled, homes, parks):
    people = replace(homes, door=walled.door)
    return measure_nearest(people, walled.entered(parks, max_access_m=1000), limit_m=9000).nearest()[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000), st.booleans())
def test_a_gate_more_never_makes_a_walk_longer_and_walls_never_make_one_shorter(seed, public):
    net, homes, parks, grounds, rng = random_compounds(seed, public=public)
    c = rng.integers(2)
    more = grounds.with_gates(np.array([c]), np.array([_on_outline(grounds.geometry[c], rng.uniform())]), public=public)
    few, many = (
        nearest(walls(net, each, homes, 1000), homes, parks)
        for each in (more, more.opened(np.flatnonzero(~more.gate_open)))
    )
    assert (many <= few + 1e-5).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000))
def test_walls_never_make_a_walk_shorter(seed):
    net, homes, parks, grounds, _ = random_compounds(seed)
    walled = walls(net, grounds, homes, 1000)
    outside = (grounds.holding(homes.xy) < 0) & (walled.door.access_m == homes.door.access_m)
    still = (grounds.holding(parks.gate_xy) < 0) & (
        walled.network.snap(parks.gate_xy, max_access_m=1000).access_m == parks.door.access_m
    )
    if not still.any():
        return
    behind = nearest(walled, homes, parks.kept(still))
    free = measure_nearest(homes, parks.kept(still), limit_m=9000).nearest()[0]
    assert (behind[outside] >= free[outside] - 1e-4).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000), st.booleans())
def test_walks_equal_those_of_a_directed_graph(seed, public):
    net, homes, parks, grounds, _ = random_compounds(seed, public=public)
    walled = walls(net, grounds, homes, 1000)
    gated, sites = walled.network, walled.entered(parks, max_access_m=1000)
    graph = nx.DiGraph()
    ends = [[(0.0, int(u)), (float(m), int(w))] for (u, w), m in zip(gated.ends, gated.length_m, strict=True)]
    for snap, name in ((walled.door, "home"), (sites.door, "gate")):
        for i in np.flatnonzero(~snap.off).tolist():
            ends[snap.edge[i]].append((float(snap.offset_m[i]), (name, "street", i)))
            graph.add_edge(*((name, "street", i), (name, i))[:: 1 if name == "gate" else -1], weight=snap.access_m[i])
    for stops, passage in zip(ends, gated.passage.tolist(), strict=True):
        stops.sort(key=lambda stop: stop[0])
        for (a, u), (b, w) in pairwise(stops):
            for start, end, closed in ((u, w, (BACK, SHUT)), (w, u, (ONWARD, SHUT))):
                if passage not in closed and graph.get_edge_data(start, end, {"weight": np.inf})["weight"] > b - a:
                    graph.add_edge(start, end, weight=b - a)
    expected = np.full(len(homes.ids), np.inf)
    for i in np.flatnonzero(~walled.door.off).tolist():
        away = nx.single_source_dijkstra_path_length(graph, ("home", i))
        expected[i] = min((away.get(("gate", g), np.inf) for g in range(len(sites.gate_xy))), default=np.inf)
    np.testing.assert_allclose(nearest(walled, homes, parks), expected, atol=1e-4)


# ------------------------------------------------------------------------------------------ hostile data


def test_overlapping_and_broken_compounds_are_refused_with_the_culprits():
    with pytest.raises(DataError, match=r"1 pairs of compounds overlap \(first: compound/0 and compound/1\)"):
        compounds(shapely.box(0, 0, 10, 10), shapely.box(5, 5, 20, 20))
    with pytest.raises(DataError, match=r"1 of 1 compounds are no valid polygons \(first: compound/0\)"):
        compounds(shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]))
    assert len(compounds(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10))) == 2  # a common wall
