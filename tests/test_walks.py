"""Walks at the edges of what streets can be: exact everywhere, in metres and in seconds, uphill and down."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.network import Snap, WalkNetwork
from planner.reach import measure_reach, sum_around
from planner.standards import Profile
from tests.towns import CHUANHUI, demand, network, places, random_town

ADULT = Profile("adult", {"en": "adult"}, 1.25, "test", "A")
HIKER = replace(ADULT, id="hiker", slope="tobler")


def walks(net, homes, gates, limit_m=1000.0, access_m=5.0):
    """(n, m) metres, inf where out of reach."""
    people, sites = demand(homes).snapped(net, max_access_m=access_m), places(gates).snapped(net, max_access_m=access_m)
    reach = measure_reach(people, sites, limit_m=limit_m)
    dense = np.full((len(homes), len(gates)), np.inf)
    dense[reach.place, reach.facility] = reach.distance_m
    return dense.tolist()


def test_a_home_between_two_gates_of_one_street_goes_to_the_nearer():
    net = network([[0, 0], [100, 0]], [[0, 1]])
    assert walks(net, [[40, 0]], [[[10, 0], [60, 0]]]) == [[20.0]]
    assert walks(net, [[40, 0]], [[[10, 0]], [[60, 0]]]) == [[30.0, 20.0]]


def test_on_a_ring_without_a_junction_the_shorter_way_round_is_taken():
    net = network([[0, 0], [100, 0], [100, 100], [0, 100]], [[0, 1], [1, 2], [2, 3], [3, 0]])
    assert walks(net, [[0, 10], [50, 0]], [[[0, 90]], [[100, 90]]]) == [[80.0, 200.0], [140.0, 140.0]]


def test_a_cul_de_sac_loop_begins_and_ends_at_one_junction():
    #  0───1───2      a street of 100 m, then a square loop of 50 m sides from node 1's end
    #      └ 3 ┘
    net = network([[0, 0], [100, 0], [150, 0], [150, 50], [100, 50]], [[0, 1], [1, 2], [2, 3], [3, 4], [4, 1]])
    assert walks(net, [[0, 0]], [[[150, 50]], [[100, 40]], [[140, 0]]]) == [[200.0, 140.0, 140.0]]
    assert walks(net, [[140, 0]], [[[100, 40]]]) == [[80.0]]  # past the junction, not round the loop


def test_of_two_streets_between_the_same_junctions_each_serves_its_own_doors():
    #  0 ── 1 and a detour 0 ─ 2 ─ 1 to the south; stubs 0 ─ 3 and 1 ─ 4 make junctions of both
    net = network([[0, 0], [100, 0], [50, -80], [-10, 0], [110, 0]], [[0, 1], [0, 2], [2, 1], [0, 3], [1, 4]])
    detour = float(np.hypot(50, 80))
    (home_to,) = walks(net, [[-10, 0]], [[[110, 0]], [[50, -80]]])
    assert home_to == [120.0, pytest.approx(10 + detour, abs=1e-5)]


def test_a_segment_without_length_is_walked_in_no_time():
    net = network([[0, 0], [100, 0], [100, 0], [200, 0]], [[0, 1], [1, 2], [2, 3]])
    assert net.length_m.tolist() == [100.0, 0.0, 100.0]
    assert walks(net, [[0, 0]], [[[200, 0]], [[100, 0]]]) == [[200.0, 100.0]]


def test_a_gate_on_a_street_longer_than_the_limit_is_reached_along_it():
    net = network([[0, 0], [10_000, 0]], [[0, 1]])
    assert walks(net, [[5000, 3], [5200, 0]], [[[5100, 0]]], limit_m=103) == [[103.0], [100.0]]
    assert walks(net, [[5000, 3]], [[[5100, 0]]], limit_m=102.999999) == [[np.inf]]


def test_the_bends_of_a_street_count_and_are_no_junctions():
    xy = np.cumsum(np.stack([np.full(200, 3.0), np.tile([4.0, -4.0], 100)], axis=1), axis=0)
    net = network(xy, [[i, i + 1] for i in range(199)])
    assert walks(net, [xy[0]], [[xy[-1]]]) == [[199 * 5.0]]


@pytest.mark.parametrize("count", [15, 16, 17, 159, 160, 161, 400])
def test_any_number_of_sites_is_searched(count):
    net = network([[10.0 * i, 0] for i in range(50)], [[i, i + 1] for i in range(49)])
    spots = [[float(x), 0.0] for x in np.linspace(0, 490, count)]
    expected = [[abs(x - 200.0) if abs(x - 200.0) <= 150 else np.inf for x, _ in spots]]
    np.testing.assert_allclose(walks(net, [[200, 0]], [[spot] for spot in spots], limit_m=150), expected, atol=1e-6)


def test_a_park_of_forty_gates_is_one_park():
    net = network([[0, 0], [1000, 0]], [[0, 1]])
    assert walks(net, [[0, 0], [1000, 0]], [[[x, 0] for x in range(400, 800, 10)]]) == [[400.0], [210.0]]


def test_seconds_are_metres_over_speed():
    _, homes, parks = random_town(4)
    metres = measure_reach(homes, parks, limit_m=1000)
    seconds = measure_reach(homes, parks, limit_s=800, profile=ADULT)
    assert (seconds.facility == metres.facility).all()
    np.testing.assert_allclose(seconds.distance, metres.distance_m / 1.25, atol=1e-4)
    with pytest.raises(QuestionError, match="in seconds"):
        _ = seconds.distance_m


def hill(rise_m):
    """A street of 100 m that rises to its east end; a home in the west, and one in the east."""
    net = WalkNetwork.from_segments([[0, 0], [100, 0]], [[0, 1]], crs=CHUANHUI, height_m=np.array([0.0, rise_m]))
    return net, demand([[0, 0], [100, 0]]).snapped(net, max_access_m=5)


def test_uphill_takes_longer_than_down_and_a_reach_is_walked_to_the_gate():
    net, homes = hill(10.0)
    up, down = (80 / np.exp(-3.5 * (abs(slope + 0.05) - 0.05)) for slope in (0.1, -0.1))
    top = places([[[100, 0]]]).snapped(net, max_access_m=5)
    assert measure_reach(homes, top, limit_s=900, profile=HIKER).distance.tolist() == pytest.approx([up, 0])
    foot = places([[[0, 0]]]).snapped(net, max_access_m=5)
    assert measure_reach(homes, foot, limit_s=900, profile=HIKER).distance.tolist() == pytest.approx([0, down])
    between = (up + down) / 2
    ask = {"limit_s": between, "profile": HIKER}
    assert sum_around(top, homes, inward=True, **ask).tolist() == [1]  # nobody comes up in time
    assert sum_around(top, homes, **ask).tolist() == [2]  # but down, they are there


def test_a_cliff_is_passed_by_and_never_shortens_a_walk():
    #  0 ── 100 m ── 1 ─ 0.3 m, 3 m up ─ 2 ── 100 m ── 3
    net = WalkNetwork.from_segments(
        [[0, 0], [100, 0], [100.3, 0], [200, 0]],
        [[0, 1], [1, 2], [2, 3]],
        crs=CHUANHUI,
        height_m=np.array([0, 0, 3, 3]),
    )
    homes, top = (
        demand([[0, 0], [150, 0]]).snapped(net, max_access_m=5),
        places([[[200, 0]]]).snapped(net, max_access_m=5),
    )
    reach = measure_reach(homes, top, limit_s=60_000, profile=HIKER)
    assert (reach.place.tolist(), reach.distance.tolist()) == ([1], [40.0])


def split_at_doors(net, snap, prefix):
    """A directed graph of seconds for the hiker, each snapped point a node at the end of its access leg."""
    graph = nx.DiGraph()
    rise = net.height_m[net.ends[:, 1]] - net.height_m[net.ends[:, 0]]
    stops = [[(0.0, ("node", u)), (1.0, ("node", v))] for u, v in net.ends]
    for points, name in zip(snap, prefix, strict=True):
        for i in np.flatnonzero(points.edge >= 0):
            e = points.edge[i]
            stops[e].append((points.offset_m[i] / net.length_m[e], (name + " at street", i)))
            for pair in (((name + " at street", i), (name, i)), ((name, i), (name + " at street", i))):
                graph.add_edge(*pair, weight=points.access_m[i] / 1.25)
    for e, along in enumerate(stops):
        along.sort(key=lambda stop: stop[0])
        slope = rise[e] / net.length_m[e]
        pace = {way: 1.25 * np.exp(-3.5 * (abs(way * slope + 0.05) - 0.05)) for way in (1, -1)}
        for (a, first), (b, second) in pairwise(along):
            for pair, way in (((first, second), 1), ((second, first), -1)):
                seconds = (b - a) * net.length_m[e] / pace[way]
                if not graph.has_edge(*pair) or graph[pair[0]][pair[1]]["weight"] > seconds:
                    graph.add_edge(*pair, weight=seconds)
    return graph


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000_000))
def test_walks_on_slopes_equal_networkx_in_both_directions(seed):
    flat, homes, parks = random_town(seed, homes=15)
    net = replace(flat, height_m=np.random.default_rng(seed).uniform(0, 60, len(flat.xy)))
    on = lambda snap: Snap(snap.edge, snap.offset_m, snap.access_m, net)
    homes, parks = replace(homes, door=on(homes.door)), replace(parks, door=on(parks.door))
    graph = split_at_doors(net, (homes.door, parks.door), ("home", "gate"))
    expected = np.full((len(homes.ids), len(parks)), np.inf)
    for i in range(len(homes.ids)):
        found = nx.single_source_dijkstra_path_length(graph, ("home", i), cutoff=900) if ("home", i) in graph else {}
        for g, j in enumerate(parks.gate_facility):
            expected[i, j] = min(expected[i, j], found.get(("gate", g), np.inf))
    reach = measure_reach(homes, parks, limit_s=900, profile=HIKER)
    dense = np.full(expected.shape, np.inf)
    dense[reach.place, reach.facility] = reach.distance
    np.testing.assert_allclose(dense, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("asked", "fault", "why"),
    [
        ({"limit_s": 60}, DataError, "together with the profile"),
        ({"limit_m": 60, "limit_s": 60, "profile": ADULT}, DataError, "either limit_m"),
        ({"limit_m": 60, "profile": ADULT}, DataError, "either limit_m"),
        ({}, DataError, "either limit_m"),
        ({"limit_m": 60_001}, QuestionError, "60,000"),
        ({"limit_s": np.nan, "profile": ADULT}, QuestionError, "seconds"),
        ({"limit_s": 60, "profile": HIKER}, QuestionError, "no heights"),
    ],
)
def test_a_limit_says_what_it_is_of(asked, fault, why):
    _, homes, parks = random_town(1)
    with pytest.raises(fault, match=why):
        measure_reach(homes, parks, **asked)


def test_heights_are_one_for_each_node():
    with pytest.raises(DataError, match="2 street nodes need as many finite heights"):
        WalkNetwork.from_segments([[0, 0], [9, 0]], [[0, 1]], crs=CHUANHUI, height_m=np.array([1.0, np.nan]))
