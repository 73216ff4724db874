"""What tags say of stairs and obstacles, and where a walk comes onto a road or crosses it."""

import numpy as np
import pytest
from test_osm import node, way, write

from planner.sources.obstacles import traits_of
from planner.sources.walkable import walk_network
from planner.ways import CROSSINGS, TRAITS, Crossing


@pytest.mark.parametrize(
    ("tags", "traits"),
    [
        ({"highway": "steps"}, {"stairs"}),
        ({"highway": "steps", "incline": "45°"}, {"stairs"}),
        ({"highway": "steps", "ramp:wheelchair": "yes"}, set()),
        ({"highway": "steps", "ramp": "yes"}, {"stairs"}),  # for prams or bicycles
        ({"highway": "footway", "wheelchair": "no"}, {"no_wheelchair"}),
        ({"highway": "footway", "wheelchair": "limited"}, set()),
        ({"highway": "path", "surface": "gravel"}, {"rough"}),
        ({"highway": "path", "smoothness": "horrible", "surface": "asphalt"}, {"rough"}),
        ({"highway": "footway", "incline": "10%"}, {"steep"}),
        ({"highway": "footway", "incline": "-10 %"}, {"steep"}),
        ({"highway": "footway", "incline": "8%"}, set()),  # 1 : 12 is 8.33 %
        ({"highway": "footway", "incline": "5°"}, {"steep"}),
        ({"highway": "footway", "incline": "up"}, set()),
        ({"highway": "footway", "bridge": "yes"}, {"off_ground"}),
        ({"highway": "footway", "bridge": "no"}, set()),
        ({"highway": "footway", "tunnel": "yes", "wheelchair": "no"}, {"off_ground", "no_wheelchair"}),
        ({"highway": "footway", "tunnel": "building_passage"}, set()),
    ],
)
def test_tags_say_what_there_is_to_mind(tags, traits):
    assert {trait for k, trait in enumerate(TRAITS) if traits_of(tags) >> k & 1} == traits


#              5
#              ┃            1 ── 2 ── 3 ── 4, a side street in steps of some 90 m; 5 ━━ 2 ━━ 6 a primary road
#  1 ───────── 2 ─── 3 ── 4
#              ┃     ┃
#              6     7      3 ━━ 7: whatever the case adds
CORNERS = [node(1, 0, 0), node(2, 1, 0), node(3, 2, 0), node(4, 3, 0), node(5, 1, 1), node(6, 1, -1), node(7, 2, -1)]
SIDE = way(10, 1, 2, 3, 4, highway="residential")


def met(tmp_path, *elements):
    """The crossing at the node 2, by the other end of each segment that meets there, in degrees / 1000."""
    net = walk_network(write(tmp_path / "town.osm", *elements), island_m=0)
    place = np.rint((net.xy - net.xy.mean(axis=0)) / 92).astype(int)  # a step on the drawing is some 92 m
    middle = int(np.flatnonzero((net.ends.ravel()[:, None] == np.arange(len(net.xy))).sum(axis=0) >= 3)[0])
    found = {}
    for edge, ends in enumerate(net.ends.tolist()):
        if middle in ends:
            side = ends.index(middle)
            there = place[ends[1 - side]] - place[middle]
            number = int(net.ways.crossed[edge, side])
            found[tuple(np.sign(there).tolist())] = CROSSINGS[number - 1] if number else None
    return found


WEST, EAST, NORTH, SOUTH = (-1, 0), (1, 0), (0, 1), (0, -1)


def primary(**different):
    return Crossing(**{"road": "primary", "signal": False, "one_way": False, "across": True, **different})


def test_a_side_street_crosses_the_larger_road_and_the_road_does_not_cross_the_street(tmp_path):
    found = met(tmp_path, *CORNERS, SIDE, way(11, 5, 2, 6, highway="primary"))
    assert found == {WEST: primary(), EAST: primary(), NORTH: None, SOUTH: None}


def test_a_street_that_ends_at_a_road_has_nothing_across(tmp_path):
    found = met(tmp_path, *CORNERS, way(10, 1, 2, highway="residential"), way(11, 5, 2, 6, highway="primary"))
    assert found == {WEST: primary(across=False), NORTH: None, SOUTH: None}


def test_a_carriageway_is_crossed_on_its_own_and_a_link_is_its_road(tmp_path):
    found = met(tmp_path, *CORNERS, SIDE, way(11, 5, 2, 6, highway="primary_link", oneway="yes"))
    assert found == {WEST: primary(one_way=True), EAST: primary(one_way=True), NORTH: None, SOUTH: None}


def test_a_road_that_nobody_may_walk_along_is_crossed_all_the_same(tmp_path):
    net = walk_network(
        write(tmp_path / "t.osm", *CORNERS, SIDE, way(11, 5, 2, 6, highway="trunk", foot="no")), island_m=0
    )
    roads = {CROSSINGS[number - 1].road for number in net.ways.crossed.ravel() if number}
    assert (len(net.ends), roads) == (3, {"trunk"})


def test_where_a_road_changes_its_class_nobody_crosses_it(tmp_path):
    parts = (way(11, 5, 2, highway="primary"), way(12, 2, 6, highway="secondary"))
    found = met(tmp_path, *CORNERS, way(10, 1, 2, highway="residential"), *parts)
    assert found == {WEST: None, NORTH: None, SOUTH: None}


def test_of_two_equal_roads_each_crosses_the_other_and_at_a_fork_neither(tmp_path):
    crossroads = met(tmp_path, *CORNERS, way(10, 1, 2, 3, highway="primary"), way(11, 5, 2, 6, highway="primary"))
    assert set(crossroads.values()) == {primary()}
    assert len(crossroads) == 4
    fork = met(tmp_path, *CORNERS, way(10, 1, 2, highway="primary"), way(11, 5, 2, 6, highway="primary"))
    assert fork == {WEST: None, NORTH: None, SOUTH: None}


def test_a_bridge_over_a_road_shares_no_corner_with_it_and_crosses_nothing(tmp_path):
    bridge = way(10, 1, 3, 4, highway="footway", bridge="yes")
    net = walk_network(write(tmp_path / "t.osm", *CORNERS, bridge, way(11, 5, 2, 6, highway="trunk")), island_m=0)
    assert not net.ways.crossed.any()
    assert net.ways.have("off_ground").sum() == 2


@pytest.mark.parametrize(
    ("x", "tags", "signal"),
    [
        (1, {"highway": "traffic_signals"}, True),  # at the crossing itself, its tags on the node
        (1.2, {"highway": "traffic_signals"}, True),  # 18 m before it, at a stop line
        (1.2, {"highway": "crossing", "crossing": "traffic_signals"}, True),
        (1.2, {"highway": "crossing", "crossing": "marked"}, False),
        (1.5, {"highway": "traffic_signals"}, False),  # 46 m away
    ],
)
def test_a_signal_governs_the_crossings_within_thirty_metres_of_it(tmp_path, x, tags, signal):
    found = met(tmp_path, *CORNERS, SIDE, way(11, 5, 2, 6, highway="primary"), node(20, x, 0, **tags))
    assert found[WEST] == primary(signal=signal)
