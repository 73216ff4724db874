"""Segments that are walked one way, or not at all: gates by which some leave and nobody enters."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.network import BACK, ONWARD, SHUT
from planner.reach import WhatIf, measure_nearest, measure_reach, walk_path
from tests.towns import demand, network, places, random_town

# home - 100 m - gate - 50 m - shop
LANE = network([[0, 0], [100, 0], [150, 0]], [[0, 1], [1, 2]])


def walk(passage, *, home=(0, 0), shop=(150, 0), limit_m=1000):
    """Metres from home to shop, inf where there is no walk."""
    net = replace(LANE, passage=np.array(passage))
    homes = demand([home]).snapped(net, max_access_m=5)
    shops = places([[shop]]).snapped(net, max_access_m=5)
    reached = measure_reach(homes, shops, limit_m=limit_m).nearest()[0][0]
    assert measure_nearest(homes, shops, limit_m=limit_m).nearest()[0][0] == reached
    return reached


@pytest.mark.parametrize(
    ("passage", "out", "home"),
    [
        ([0, 0], 150.0, 150.0),
        ([0, ONWARD], 150.0, np.inf),
        ([0, BACK], np.inf, 150.0),
        ([SHUT, 0], np.inf, np.inf),
        ([ONWARD, BACK], np.inf, np.inf),
    ],
)
def test_a_gate_may_be_passed_in_one_direction_or_in_none(passage, out, home):
    assert walk(passage) == out
    assert walk(passage, home=(150, 0), shop=(0, 0)) == home


def test_who_stands_on_a_one_way_lane_leaves_it_only_onward():
    assert walk([ONWARD, 0], home=(40, 0)) == 110.0
    assert walk([ONWARD, 0], home=(40, 0), shop=(0, 0)) == np.inf
    assert walk([ONWARD, 0], home=(40, 0), shop=(90, 0)) == 50.0
    assert walk([ONWARD, 0], home=(90, 0), shop=(40, 0)) == np.inf


def test_the_way_through_a_gate_can_be_drawn():
    net = replace(LANE, passage=np.array([0, ONWARD]))
    homes, shops = demand([[0, 0]]).snapped(net, max_access_m=5), places([[[150, 0]]]).snapped(net, max_access_m=5)
    assert walk_path(homes, shops, "home/0", "green/0", limit_m=500).cost == 150.0


def test_nothing_outside_is_attached_to_a_way_behind_a_wall():
    net = replace(LANE, private=np.array([True, False]))
    assert net.snap([[60, 0]], max_access_m=200).edge.tolist() == [1]
    assert net.snap([[60, 0]], max_access_m=30).off.tolist() == [True]


def with_passage(seed):
    """A random town of which some streets are one-way or shut, and the same as a directed graph."""
    net, homes, parks = random_town(seed, nodes=30, streets=45, homes=20, parks=5)
    passage = np.random.default_rng(seed).choice([0, 0, 0, ONWARD, BACK, SHUT], len(net.ends))
    gated = replace(net, passage=passage)
    on_ends = [replace(layer, door=_at_ends(layer.door, gated, net)) for layer in (homes, parks)]
    return gated, *on_ends


def _at_ends(snap, gated, net):
    """Points moved to the first end of their street, as a graph with nodes can tell."""
    return replace(snap, offset_m=np.where(snap.off, snap.offset_m, 0.0), network=gated)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000))
def test_walks_equal_those_of_a_directed_graph(seed):
    net, homes, parks = with_passage(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(net.xy)))
    for (u, w), metres, passage in zip(net.ends.tolist(), net.length_m, net.passage, strict=True):
        if passage in {0, ONWARD}:
            graph.add_edge(u, w, weight=metres)
        if passage in {0, BACK}:
            graph.add_edge(w, u, weight=metres)
    reach = measure_reach(homes, parks, limit_m=2500)
    near = measure_nearest(homes, parks, limit_m=2500)
    expected = np.full((len(homes.ids), len(parks)), np.inf)
    for i in range(len(homes.ids)):
        if homes.door.off[i]:
            continue
        away = nx.single_source_dijkstra_path_length(graph, int(net.ends[homes.door.edge[i], 0]))
        for g, j in enumerate(parks.gate_facility.tolist()):
            if not parks.door.off[g]:
                node = int(net.ends[parks.door.edge[g], 0])
                walked = away.get(node, np.inf) + homes.door.access_m[i] + parks.door.access_m[g]
                expected[i, j] = min(expected[i, j], walked)
    expected[expected > 2500] = np.inf
    measured = np.full_like(expected, np.inf)
    measured[reach.place, reach.facility] = reach.distance_m
    np.testing.assert_allclose(measured, expected, atol=1e-4)
    np.testing.assert_allclose(near.nearest()[0], expected.min(axis=1), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000_000))
def test_a_what_if_minds_gates_as_a_measurement_from_nothing_does(seed):
    _, homes, parks = with_passage(seed)
    change = WhatIf(homes, parks, limit_m=1500, max_access_m=1000)
    rng = np.random.default_rng(seed)
    for turn in range(3):
        change.add_street(f"bridge {turn}", *rng.uniform(0, 1000, (2, 2)))
    change.close_street("bridge 1")
    _, people, sites = change.edited()
    anew = measure_reach(people, sites, limit_m=1500)
    assert np.array_equal(anew.place, change.reach.place)
    np.testing.assert_allclose(anew.distance_m, change.reach.distance_m, atol=1e-4)
