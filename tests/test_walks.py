"""Walks where streets are odd: rings, loops, twins, endless lanes and hills; metres and seconds; many sites."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.reach import measure_reach, sum_around
from planner.standards import Profile
from tests.towns import by_networkx, demand, network, places, random_town, with_doors

STROLLER = Profile("stroller", {"en": "walks at a metre a second"}, 1.0, "drawn", "A")
CLIMBER = replace(STROLLER, id="climber", slope="tobler")
NEVER = np.inf


def walks(net, homes, sites, limit=1000.0, access=60.0, **how):
    """(n, m) how far each home is from each site, given by its gates; inf out of reach."""
    how = how or {"limit_m": limit}
    people, green = demand(homes).snapped(net, max_access_m=access), places(sites).snapped(net, max_access_m=access)
    return dense(measure_reach(people, green, **how))


def dense(answer):
    table = np.full((len(answer.demand_ids), len(answer.facility_ids)), np.inf)
    table[answer.place, answer.facility] = answer.distance
    return table


# ------------------------------------------------------------------------------------------ one street

#  Two corners with side streets, so that both ends of the street between them are junctions.
#
#  2 (0, 50)              4 (100, 50)
#  │                      │
#  0──10──────40──────90──1        positions along the street in metres
#  │                      │
#  3 (0, -50)             5 (100, -50)
STREET = network([[0, 0], [100, 0], [0, 50], [0, -50], [100, 50], [100, -50]], [[0, 1], [0, 2], [0, 3], [1, 4], [1, 5]])


def test_two_sites_on_one_street_are_each_as_far_as_the_pavement_between():
    assert walks(STREET, [[40, 0]], [[[10, 0]], [[90, 0]]]).tolist() == [[30, 50]]


def test_of_two_gates_of_one_park_on_one_street_the_nearer_counts():
    homes = [[0, 0], [40, 0], [50, 0], [60, 0], [100, 0], [100, 50], [0, -50]]
    assert walks(STREET, homes, [[[10, 0], [90, 0]]]).ravel().tolist() == [10, 30, 40, 30, 10, 60, 60]


def test_a_gate_that_is_nearer_along_the_street_may_be_farther_from_it():
    # 30 m along and 25 m in, against 50 m along and none
    assert walks(STREET, [[40, 0]], [[[10, 25], [90, 0]]]).tolist() == [[50]]


def test_a_home_and_a_gate_at_the_same_spot_of_a_street_are_their_two_access_legs_apart():
    assert walks(STREET, [[40, 7]], [[[40, -5]]]).tolist() == [[12]]


def test_homes_beyond_either_gate_and_between_them_all_walk_along_one_dead_end():
    #  0──h──g──h──g──h──1      nothing but one street: both its ends are dead
    net = network([[0, 0], [100, 0]], [[0, 1]])
    homes = [[10, 0], [50, 0], [95, 0]]
    assert walks(net, homes, [[[30, 0], [80, 0]]]).ravel().tolist() == [20, 20, 15]
    assert walks(net, homes, [[[30, 0]], [[80, 0]]]).tolist() == [[20, 70], [20, 30], [65, 15]]


def test_a_winding_street_is_left_where_the_way_round_by_its_ends_is_shorter():
    #          2 (50, 80)        0–2 and 2–1 wind: 250 m each
    #         ╱ ╲                home 50 m from 0, gate 50 m from 1, both on the winding street
    #  3─────0───1─────4         0–1 is straight: 100 m
    net = network(
        [[0, 0], [100, 0], [50, 80], [-50, 0], [150, 0]],
        [[0, 2], [2, 1], [0, 1], [0, 3], [1, 4]],
        length_m=[250, 250, 100, 50, 50],
    )
    assert walks(net, [[10, 16]], [[[90, 16]], [[40, 64]]]).tolist() == [[200, 150]]


def test_a_gate_in_the_middle_of_a_street_longer_than_the_limit_is_reached_from_that_street_alone():
    #  0 ──── 5 km ──── gate ──── 5 km ──── 1, a node each 100 m, and cross streets at both ends
    xy = [[100 * i, 0] for i in range(101)] + [[0, 50], [0, -50], [10_000, 50], [10_000, -50]]
    ends = [[i, i + 1] for i in range(100)] + [[0, 101], [0, 102], [100, 103], [100, 104]]
    net = network(xy, ends)
    homes = [[4700, 0], [4690, 0], [5000, 10], [5010, 0], [5290, 10], [5300.001, 0], [0, 20]]
    assert walks(net, homes, [[[5000, 0]]], limit=300).ravel().tolist() == [300, NEVER, 10, 10, 300, NEVER, NEVER]
    assert walks(net, [[0, 0], [10_000, 50]], [[[5000, 0]]], limit=5050).ravel().tolist() == [5000, 5050]


# --------------------------------------------------------------------------------------- rings and loops

#  3────2     a block with sides of 100 m and no other street
#  │    │
#  0────1
RING = network([[0, 0], [100, 0], [100, 100], [0, 100]], [[0, 1], [1, 2], [2, 3], [3, 0]])


def around_the_block(point):
    """How far along the ring a point of it lies, from node 0."""
    x, y = point
    return x if y == 0 else 100 + y if x == 100 else 300 - x if y == 100 else 400 - y


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 399), min_size=2, max_size=6))
def test_around_a_block_without_a_junction_everybody_walks_the_shorter_way(along):
    spots = [((a, 0), (100, a - 100), (300 - a, 100), (0, 400 - a))[a // 100] for a in along]
    assert [around_the_block(spot) % 400 for spot in spots] == along
    apart = [[min(abs(a - b), 400 - abs(a - b)) for b in along] for a in along]
    assert walks(RING, spots, [[spot] for spot in spots]).tolist() == apart


def test_around_a_block_a_short_walk_passes_the_node_where_the_ring_was_opened():
    homes = [[20, 0], [0, 20], [100, 80], [80, 100]]
    found = walks(RING, homes, [[[0, 10]], [[90, 100]]], limit=30)
    assert found.tolist() == [[30, NEVER], [10, NEVER], [NEVER, 30], [NEVER, 10]]


def test_a_loop_at_the_end_of_a_lane_is_walked_either_way_from_its_neck():
    #             ┌──4──┐
    #  0──100 m───1     3       the loop 1–2–3–4–1 has sides of 100 m
    #             └──2──┘
    net = network(
        [[0, 0], [100, 0], [150, -50], [200, 0], [150, 50]],
        [[0, 1], [1, 2], [2, 3], [3, 4], [4, 1]],
        length_m=[100] * 5,
    )
    on_1_2, on_2_3, on_4_1, lane = [110, -10], [160, -40], [110, 10], [70, 0]
    #    20 m from the neck     120 m        20 m      30 m
    found = walks(net, [on_1_2, on_2_3, lane], [[on_4_1], [on_2_3], [lane]])
    assert found.tolist() == [[40, 100, 50], [140, 0, 150], [50, 150, 0]]
    both = walks(net, [on_1_2, on_2_3, [190, 10]], [[on_4_1, on_2_3]])  # the last is 20 m before 3, coming from 4
    assert both.ravel().tolist() == [40, 0, 100]


def test_two_streets_between_the_same_corners_are_two_ways():
    #      ┌──4──┐              by 4 twice 60 m, by 5 twice 80 m
    #  2───0     1───3          0–2 and 1–3 are 50 m
    #      └──5──┘
    net = network(
        [[0, 0], [100, 0], [-50, 0], [150, 0], [50, 30], [50, -30]],
        [[0, 4], [4, 1], [0, 5], [5, 1], [0, 2], [1, 3]],
        length_m=[60, 60, 80, 80, 50, 50],
    )
    top, bottom = [50, 30], [50, -30]
    found = walks(net, [[-50, 0], top, [25, -15]], [[[150, 0]], [bottom], [[75, -15]]])
    # the last home is 40 m from 0 on the lower street, the last gate 40 m from 1
    assert found.tolist() == [[220, 130, 170], [110, 140, 100], [170, 40, 80]]


def test_a_street_without_length_is_crossed_for_nothing():
    #  0────1=2────3       1 and 2 lie on the same spot and are joined: stairs drawn as a point
    net = network([[0, 0], [100, 0], [100, 0], [200, 0]], [[0, 1], [1, 2], [2, 3]])
    assert net.length_m.tolist() == [100, 0, 100]
    assert walks(net, [[30, 5], [100, 0]], [[[180, 5]], [[100, 0]]]).tolist() == [[160, 75], [85, 0]]


def test_a_corner_of_streets_without_length_costs_nothing_however_it_is_crossed():
    #  3────0 1────4       0, 1 and 2 lie on one spot, each joined to each; 2 goes on to 5 below
    #        2
    #        5
    xy = [[100, 0], [100, 0], [100, 0], [0, 0], [200, 0], [100, -100]]
    net = network(xy, [[0, 1], [1, 2], [2, 0], [3, 0], [1, 4], [2, 5]])
    assert walks(net, [[0, 0], [100, 0]], [[[200, 0]], [[100, -100]]], limit=200).tolist() == [[200, 200], [100, 100]]


def test_nodes_on_one_spot_may_be_a_walk_apart():
    net = network([[0, 0], [100, 0], [100, 0], [200, 0]], [[0, 1], [1, 2], [2, 3]], length_m=[100, 30, 100])
    assert walks(net, [[30, 5]], [[[180, 5]]]).tolist() == [[190]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_streets_drawn_with_many_nodes_are_as_long_as_networkx_finds_them(seed):
    rng = np.random.default_rng(seed)
    town, people, green = random_town(seed, nodes=12, streets=16, homes=20)
    xy, ends, length = [*town.xy.tolist()], [], []
    for u, v in town.ends:
        between = int(rng.integers(0, 12))
        chain = [u, *range(len(xy), len(xy) + between), v]
        xy += [(town.xy[u] + t * (town.xy[v] - town.xy[u])).tolist() for t in np.arange(1, between + 1) / (between + 1)]
        for a, b in pairwise(chain):
            ends.append(rng.permutation([a, b]))
            length.append(np.hypot(*np.subtract(xy[a], xy[b])) * rng.uniform(1, 2))
    net = network(xy, ends, length_m=length)
    homes, parks = people.snapped(net, max_access_m=1000), green.snapped(net, max_access_m=1000)
    expected = by_networkx(with_doors(net, (homes.door, parks.door), ("home", "gate")), homes, parks)
    np.testing.assert_allclose(dense(measure_reach(homes, parks, limit_m=10_000)), expected, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_a_walk_exactly_as_long_as_the_limit_is_kept_and_a_micrometre_less_of_limit_drops_it(seed):
    _, homes, parks = random_town(seed, homes=12)
    answer = measure_reach(homes, parks, limit_m=2000)
    for distance in np.random.default_rng(seed).choice(answer.distance, min(6, len(answer.distance))):
        exactly = measure_reach(homes, parks, limit_m=distance)
        below = measure_reach(homes, parks, limit_m=distance - 1e-6)
        assert (len(exactly.distance), len(below.distance)) == (
            (answer.distance <= distance).sum(),
            (answer.distance < distance).sum(),
        )


def test_a_limit_of_nothing_keeps_who_lives_at_the_gate():
    assert walks(STREET, [[40, 0], [40.001, 0], [0, 0]], [[[40, 0]], [[0, 0]]], limit=0).tolist() == [
        [0, NEVER],
        [NEVER, NEVER],
        [NEVER, 0],
    ]


# ------------------------------------------------------------------------------------------ many sites


@pytest.mark.parametrize("sites", [1, 15, 16, 17, 33, 160, 161, 400])
def test_a_site_is_as_far_as_if_it_stood_alone(sites):
    _, homes, parks = random_town(sites, homes=30, parks=sites, gates=2)
    together = dense(measure_reach(homes, parks, limit_m=600))
    for j in sorted({0, sites // 2, sites - 1}):
        single = measure_reach(homes, parks.kept(np.arange(sites) == j), limit_m=600)
        assert dense(single)[:, 0].tolist() == together[:, j].tolist()


def test_hundreds_of_sites_are_as_far_as_networkx_finds_them():
    net, homes, parks = random_town(11, homes=30, parks=350, gates=4)
    expected = by_networkx(with_doors(net, (homes.door, parks.door), ("home", "gate")), homes, parks)
    answer = measure_reach(homes, parks, limit_m=5000)
    np.testing.assert_allclose(dense(answer), expected, atol=1e-4)
    assert all((np.diff(answer.facility[a:b]) > 0).all() for a, b in pairwise(answer.indptr))


def test_hundreds_of_sites_in_any_order_are_equally_far_and_every_thread_agrees():
    _, homes, parks = random_town(12, homes=60, parks=350, gates=1)
    table = dense(measure_reach(homes, parks, limit_m=500))
    order = np.random.default_rng(0).permutation(350)
    shuffled = replace(parks, gate_xy=parks.gate_xy[order], door=parks.door.kept(order))  # one gate each
    assert dense(measure_reach(homes, shuffled, limit_m=500)).tolist() == table[:, order].tolist()
    answers = [measure_reach(homes, parks, limit_m=500, threads=threads) for threads in (1, 2, 7)]
    assert len({(a.facility.tobytes(), a.distance.tobytes(), a.indptr.tobytes()) for a in answers}) == 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100_000))
def test_a_park_with_forty_gates_is_as_near_as_the_nearest_of_forty_parks(seed):
    net, homes, gates = random_town(seed, parks=40, gates=1)
    park = places([gates.gate_xy.tolist()]).snapped(net, max_access_m=1000)
    nearest, _ = measure_reach(homes, gates, limit_m=700).nearest()
    assert dense(measure_reach(homes, park, limit_m=700))[:, 0].tolist() == nearest.tolist()


def test_a_park_and_its_neighbour_with_the_same_gate_are_equally_far_and_the_first_is_nearest():
    people = demand([[60, 10], [100, 30]]).snapped(STREET, max_access_m=60)
    twins = places([[[20, 0]], [[20, 0]], [[100, 20]]]).snapped(STREET, max_access_m=60)
    answer = measure_reach(people, twins, limit_m=110)
    assert dense(answer).tolist() == [[50, 50, 70], [110, 110, 10]]
    assert answer.nearest()[1].tolist() == [0, 2]


# ---------------------------------------------------------------------------------------------- seconds


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0.8, 1.0, 1.3]))
def test_on_the_flat_seconds_are_metres_by_speed(seed, speed):
    _, homes, parks = random_town(seed)
    metres = measure_reach(homes, parks, limit_m=5000)
    seconds = measure_reach(homes, parks, limit_s=10_000, profile=replace(STROLLER, speed_m_s=speed))
    np.testing.assert_allclose(dense(seconds), dense(metres) / speed, atol=1e-4)


def test_the_way_to_the_street_takes_time_too():
    # 10 m to the street, 70 m to its corner, 40 m up, at 0.8 m/s
    slow = replace(STROLLER, speed_m_s=0.8)
    assert walks(STREET, [[30, 10]], [[[100, 40]]], limit_s=150, profile=slow).tolist() == [[150]]
    assert walks(STREET, [[30, 10]], [[[100, 40]]], limit_s=149.9, profile=slow).tolist() == [[NEVER]]


#  A hill: 100 m of street that rise by 10 m. Tobler's walker is as fast on −10 % as on the flat and
#  exp(0.35) = 1.419 times slower on +10 %.
#
#                        ┌──1 (100, 0), 10 m up, and on to 2 (200, 0) on the flat
#                  ──────┘
#  0 (0, 0) ──────
HILL = network([[0, 0], [100, 0], [200, 0]], [[0, 1], [1, 2]], height_m=np.array([0.0, 10.0, 10.0]))
UP = np.exp(0.35)


def test_a_gate_up_the_hill_takes_longer_than_one_down_the_hill():
    found = walks(HILL, [[0, 0], [100, 0]], [[[0, 0]], [[100, 0]]], limit_s=200, profile=CLIMBER)
    np.testing.assert_allclose(found, [[0, 100 * UP], [100, 0]], atol=1e-6)


def test_a_walk_on_a_hill_is_from_the_door_to_the_gate_also_along_one_street():
    homes, gates = [[20, 0], [70, 5], [150, 0]], [[[50, 0]], [[200, 0]]]
    found = walks(HILL, homes, gates, limit_s=400, profile=CLIMBER)
    expected = [[30 * UP, 80 * UP + 100], [20 + 5, 30 * UP + 105], [100, 50]]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_who_lives_at_the_foot_misses_a_limit_that_the_top_keeps():
    found = walks(HILL, [[0, 0], [100, 0]], [[[50, 0]]], limit_s=60, profile=CLIMBER)
    assert found.tolist() == [[NEVER], [50]]


def test_gently_downhill_is_faster_than_the_flat():
    gentle = network([[0, 0], [100, 0]], [[0, 1]], height_m=np.array([5.0, 0.0]))
    found = walks(gentle, [[0, 0], [100, 0]], [[[0, 0]], [[100, 0]]], limit_s=200, profile=CLIMBER)
    np.testing.assert_allclose(found, [[0, 100 / np.exp(0.175)], [100 * np.exp(0.175), 0]], atol=1e-6)


def test_a_hill_is_walked_around_on_the_way_up_and_over_on_the_way_down():
    #  0──50 m──1      0–1 climbs 40 m in 50 m; 0–2 is flat, 2–1 climbs 40 m in 300 m
    #  └─300─2──┘
    net = network(
        [[0, 0], [50, 0], [25, -50]],
        [[0, 1], [0, 2], [2, 1]],
        length_m=[50, 300, 300],
        height_m=np.array([0.0, 40.0, 0.0]),
    )
    found = walks(net, [[0, 0], [50, 0]], [[[0, 0]], [[50, 0]]], limit_s=900, profile=CLIMBER)
    up_around = 300 + 300 * np.exp(3.5 * 40 / 300)  # 778 s; over it would be 822 s
    down_over = 50 * np.exp(3.5 * (0.8 - 0.05 - 0.05))  # 579 s; around it would be 637 s
    np.testing.assert_allclose(found, [[0, up_around], [down_over, 0]], atol=1e-5)


def test_nobody_walks_up_or_down_a_cliff():
    cliff = network([[0, 0], [10, 0], [20, 0]], [[0, 1], [1, 2]], height_m=np.array([0.0, 900.0, 900.0]))
    found = walks(cliff, [[0, 0], [20, 0]], [[[0, 0]], [[20, 0]]], limit_s=60_000, profile=CLIMBER)
    assert found.tolist() == [[0, NEVER], [NEVER, 0]]


def hilly_town(seed, **options):
    """A random town on random heights; its streets wind the more the steeper they are, up to 50 %."""
    town, people, green = random_town(seed, **options)
    height = np.random.default_rng(seed).uniform(0, 100, len(town.xy))
    rise = np.abs(np.diff(height[town.ends], axis=1).ravel())
    net = network(town.xy, town.ends, length_m=town.length_m + 2 * rise, height_m=height)
    return net, people.snapped(net, max_access_m=1000), green.snapped(net, max_access_m=1000)


def tobler(metres, rise, speed):
    """Seconds for a street, by Tobler (1993) as a ratio to the speed on the flat."""
    slope = rise / metres
    return metres / (speed * np.exp(-3.5 * abs(slope + 0.05)) / np.exp(-3.5 * 0.05))


def with_doors_on_slopes(net, homes, parks, speed):
    """A one-way graph for each direction of each street, cut where doors and gates meet it."""
    graph = nx.DiGraph()
    stops = [[(0.0, ("node", u)), (1.0, ("node", v))] for u, v in net.ends]
    for snap, name in ((homes.door, "home"), (parks.door, "gate")):
        for i in np.flatnonzero(snap.edge >= 0):
            stops[snap.edge[i]].append((snap.offset_m[i] / net.length_m[snap.edge[i]], (name + " at street", i)))
            for a, b in ((name + " at street", name), (name, name + " at street")):
                graph.add_edge((a, i), (b, i), weight=snap.access_m[i] / speed)
    for along, metres, (u, v) in zip(stops, net.length_m, net.ends, strict=True):
        rise = net.height_m[v] - net.height_m[u]
        for (a, here), (b, there) in pairwise(sorted(along, key=lambda stop: stop[0])):
            graph.add_edge(here, there, weight=(b - a) * tobler(metres, rise, speed))
            graph.add_edge(there, here, weight=(b - a) * tobler(metres, -rise, speed))
    return graph


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0.8, 1.25]))
def test_walks_on_any_hills_equal_networkx(seed, speed):
    net, homes, parks = hilly_town(seed)
    expected = by_networkx(with_doors_on_slopes(net, homes, parks, speed), homes, parks)
    answer = measure_reach(homes, parks, limit_s=60_000, profile=replace(CLIMBER, speed_m_s=speed))
    np.testing.assert_allclose(dense(answer), expected, atol=1e-5)
    shorter = measure_reach(homes, parks, limit_s=300, profile=replace(CLIMBER, speed_m_s=speed))
    assert dense(shorter).tolist() == dense(answer.within(300)).tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_people_around_a_park_come_to_it_and_what_is_around_it_is_walked_to(seed):
    net, homes, parks = hilly_town(seed, gates=1)
    people = homes.people[:, 0]
    come = measure_reach(homes, parks, limit_s=600, profile=CLIMBER)
    expected = np.bincount(come.facility, weights=people[come.place], minlength=len(parks))
    inward = sum_around(parks, homes, people, limit_s=600, profile=CLIMBER, inward=True)
    assert inward.tolist() == expected.tolist()

    mirrored = replace(net, height_m=-net.height_m)  # up is down: the way there takes as long as the way back did
    turned = (replace(each, door=replace(each.door, network=mirrored)) for each in (homes, parks))
    go = measure_reach(*turned, limit_s=600, profile=CLIMBER)
    expected = np.bincount(go.facility, weights=people[go.place], minlength=len(parks))
    assert sum_around(parks, homes, people, limit_s=600, profile=CLIMBER).tolist() == expected.tolist()


def test_from_the_top_of_a_hill_more_is_around_than_comes_up_to_it():
    top, foot = (demand([[x, 0]]).snapped(HILL, max_access_m=10) for x in (100, 0))
    within = {"limit_s": 120, "profile": CLIMBER}
    assert sum_around(top, foot, **within).tolist() == [1]  # 100 s down
    assert sum_around(top, foot, inward=True, **within).tolist() == [0]  # 141.9 s up
    assert sum_around(foot, top, **within).tolist() == [0]
    assert sum_around(foot, top, inward=True, **within).tolist() == [1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_the_level_above_which_heights_are_measured_does_not_matter(seed):
    net, homes, parks = hilly_town(seed)
    higher = replace(net, height_m=net.height_m + 1024)
    moved = (replace(each, door=replace(each.door, network=higher)) for each in (homes, parks))
    answers = [measure_reach(*each, limit_s=900, profile=CLIMBER) for each in ((homes, parks), moved)]
    np.testing.assert_allclose(dense(answers[0]), dense(answers[1]), atol=1e-4)


# -------------------------------------------------------------------------------------------- refusals

HOMES, PARK = demand([[30, 10]]).snapped(STREET, max_access_m=60), places([[[90, 0]]]).snapped(STREET, max_access_m=60)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"limit_s": 60},
        {"profile": STROLLER},
        {"limit_m": 60, "limit_s": 60},
        {"limit_m": 60, "profile": STROLLER},
        {"limit_m": 60, "limit_s": 60, "profile": STROLLER},
    ],
)
def test_metres_go_without_a_walker_and_seconds_with_one(limits):
    with pytest.raises(DataError, match="either limit_m, or limit_s together with the profile"):
        measure_reach(HOMES, PARK, **limits)


def test_nobody_walks_farther_than_sixty_kilometres_or_thousand_seconds():
    assert len(measure_reach(HOMES, PARK, limit_m=60_000).distance) == 1
    with pytest.raises(QuestionError, match="finite number of metres from 0 to 60,000, not 60001"):
        measure_reach(HOMES, PARK, limit_m=60_001)
    with pytest.raises(QuestionError, match="finite number of seconds from 0 to 60,000"):
        measure_reach(HOMES, PARK, limit_s=60_001, profile=STROLLER)


def test_who_minds_slopes_needs_heights():
    with pytest.raises(QuestionError, match="'climber' minds slopes, and this network has no heights"):
        measure_reach(HOMES, PARK, limit_s=60, profile=CLIMBER)


@pytest.mark.parametrize("height_m", [[0.0], [0.0, np.nan]])
def test_every_street_node_needs_its_height(height_m):
    with pytest.raises(DataError, match="2 street nodes need as many finite heights"):
        network([[0, 0], [100, 0]], [[0, 1]], height_m=height_m)


def test_heights_stay_with_their_nodes_where_nodes_without_a_street_are_dropped():
    net = network([[9, 9], [0, 0], [100, 0]], [[1, 2]], height_m=[7, 0, 10])
    assert net.height_m.tolist() == [0, 10]


def test_seconds_are_never_read_as_metres():
    answer = measure_reach(HOMES, PARK, limit_s=200, profile=STROLLER)
    assert (answer.unit, answer.limit, answer.distance.tolist()) == ("s", 200, [70.0])
    for name in ("distance_m", "limit_m"):
        with pytest.raises(QuestionError, match="measured in seconds"):
            getattr(answer, name)
    with pytest.raises(QuestionError, match="measured up to 200 s"):
        answer.within(201)
    assert "within 200 s" in str(answer)
