"""Who walks: Tobler's numbers, stairs, streets closed to somebody, and waits at crossings; against networkx."""

from dataclasses import replace
from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.provisions import provision
from planner.reach import WhatIf, closed_streets, measure_nearest, measure_reach, streets_within
from planner.reach.pace import pace
from planner.standards import standard
from planner.walkers import Profile, crossing_waits, profiles, signal_wait_s
from planner.ways import CROSSINGS, Crossing, Ways, bits
from tests.towns import demand, network, places, random_town

METRE_A_SECOND = Profile("stroller", {"en": "a metre a second"}, 1.0, "drawn", "A")
SIGNAL, GAP, EDGE = (
    1 + CROSSINGS.index(Crossing("primary", signal, one_way=False, across=across))
    for signal, across in ((True, True), (False, True), (False, False))
)


def streets(xy, ends, *, traits=None, crossed=None, **options):
    """A network with traits by segment, and crossings by (segment, end)."""
    ways = Ways.plain(len(ends))
    for segment, names in (traits or {}).items():
        ways.traits[segment] = bits(*names)
    for at, number in (crossed or {}).items():
        ways.crossed[at] = number
    return network(xy, ends, ways=ways, **options)


def seconds(net, homes, gates, profile, limit_s=10_000):
    closed = closed_streets(net, profile)
    there = (layer.snapped(net, max_access_m=60, closed=closed) for layer in (demand(homes), places(gates)))
    return dense(measure_reach(*there, limit_s=limit_s, profile=profile))


def dense(answer):
    table = np.full((len(answer.demand_ids), len(answer.facility_ids)), np.inf)
    table[answer.place, answer.facility] = answer.distance
    return table


# ----------------------------------------------------------------------------------------------- slopes


def test_tobler_s_walker_is_fastest_at_five_per_cent_down_and_slower_up():
    # 6·exp(−3.5·|S + 0.05|) km/h, in m/s: the figures of a hiker of 5.04 km/h on the flat
    for slope, m_s in ((0.0, 1.40), (0.05, 1.17), (0.10, 0.99), (-0.05, 1.67), (-0.10, 1.40)):
        assert 5.0366 / 3.6 * pace(np.array([slope]))[0] == pytest.approx(m_s, abs=0.006)
    assert pace(np.array([0.0]))[0] == 1.0
    slope = np.linspace(-0.5, 0.5, 1001)
    assert slope[np.argmax(pace(slope))] == pytest.approx(-0.05)


# ----------------------------------------------------------------------------------------------- stairs

#  home 0 ──10 m── 1 ══12 m of stairs══ 2 ──10 m── 3 gate
#                  └──────60 m ramp─────┘
HILL = {"xy": [[0, 0], [10, 0], [22, 0], [32, 0], [16, 24]], "ends": [[0, 1], [1, 2], [2, 3], [1, 4], [4, 2]]}
STAIRS = streets(**HILL, traits={1: ["stairs"]}, length_m=[10, 12, 10, 30, 40])


def test_stairs_are_walked_at_their_own_speed_and_left_where_the_ramp_is_quicker():
    walk = ([[0, 0]], [[[32, 0]]])
    assert seconds(STAIRS, *walk, METRE_A_SECOND).tolist() == [[32]]
    assert seconds(STAIRS, *walk, replace(METRE_A_SECOND, stairs_m_s=0.5)).tolist() == [[44]]  # 10 + 24 + 10
    assert seconds(STAIRS, *walk, replace(METRE_A_SECOND, stairs_m_s=0.1)).tolist() == [[90]]  # 10 + 30 + 40 + 10
    assert seconds(STAIRS, *walk, replace(METRE_A_SECOND, closed=("stairs",))).tolist() == [[90]]


def test_stairs_as_steep_as_they_are_do_not_also_count_as_a_slope():
    net = streets(**HILL, traits={1: ["stairs"]}, length_m=[10, 12, 10, 30, 40], height_m=[0, 0, 8, 8, 4])
    walker = replace(METRE_A_SECOND, stairs_m_s=0.5, slope="tobler")
    assert seconds(net, [[0, 0]], [[[32, 0]]], walker).tolist() == [[44]]


def test_a_door_on_stairs_opens_for_a_wheelchair_on_the_nearest_street_that_is_none():
    #   │ 1 (0, 40)           the door at (3, 20) is 3 m from the stairs 0–1 and 17 m from the street 2–3
    #   ║ stairs   2 ─ ─ ─ ─ 3 (40, 40)
    #   0──────────┘(20, 0)…
    net = streets([[0, 0], [0, 40], [20, 0], [20, 40]], [[0, 1], [0, 2], [2, 3]], traits={0: ["stairs"]})
    wheels = replace(METRE_A_SECOND, closed=("stairs",))
    assert seconds(net, [[3, 20]], [[[20, 0]]], METRE_A_SECOND).tolist() == [[3 + 20 + 20]]
    assert seconds(net, [[3, 20]], [[[20, 0]]], wheels).tolist() == [[17 + 20]]
    home, gate = demand([[3, 20]]).snapped(net, max_access_m=60), places([[[20, 0]]]).snapped(net, max_access_m=60)
    for measure in (measure_reach, measure_nearest):
        with pytest.raises(QuestionError, match="1 doors or gates stand on streets that are closed to this walker"):
            measure(home, gate, limit_s=900, profile=wheels)


def test_of_parallel_streets_the_only_one_without_steps_is_kept():
    #  0 ══10 m of stairs══ 1     and beside it, between the same two nodes, a ramp of 25 m and a path of 30 m
    kinds = {0: ["stairs"], 2: ["rough"], 3: ["stairs"]}
    net = streets([[0, 0], [10, 0]], [[0, 1], [1, 0], [0, 1], [0, 1]], traits=kinds, length_m=[10, 25, 30, 40])
    assert net.length_m.tolist() == [10, 25]
    assert net.summary["parallel_segments_dropped"] == 2
    assert seconds(net, [[0, 0]], [[[10, 0]]], replace(METRE_A_SECOND, closed=("stairs", "rough"))).tolist() == [[25]]
    assert seconds(net, [[0, 0]], [[[10, 0]]], METRE_A_SECOND).tolist() == [[10]]


# -------------------------------------------------------------------------------------------- crossings

#              2
#              ┃ 80 m        0 ── 1 ── 4, a side street, crosses the primary road 3 ━━ 1 ━━ 2 at a signal
#  0 ──100 m── 1 ──100 m── 4
#              ┃ 80 m
#              3
CROSS = {"xy": [[0, 0], [100, 0], [100, 80], [100, -80], [200, 0]], "ends": [[0, 1], [1, 4], [1, 2], [1, 3]]}
PRIMARY = {(0, 1): SIGNAL, (1, 0): SIGNAL}
WAITING = replace(METRE_A_SECOND, waits_s=crossing_waits())


def test_a_signal_of_120_seconds_with_30_green_costs_33_8_on_average_and_one_of_90_costs_20():
    assert signal_wait_s(120, 30) == 33.75
    assert signal_wait_s(90, 30) == 20
    assert signal_wait_s(90, 90) == 0
    with pytest.raises(QuestionError, match="green for 100 s of its 90 s"):
        signal_wait_s(90, 100)


def test_who_crosses_a_primary_road_waits_once_who_comes_onto_it_half_as_long_and_who_walks_along_it_never():
    net = streets(**CROSS, crossed=PRIMARY)
    over, onto, along = seconds(net, [[0, 0]], [[[200, 0]]], WAITING), [[0, 0]], [[100, -80]]
    assert over.tolist() == [[100 + 33.75 + 100]]
    assert seconds(net, onto, [[[100, 80]]], WAITING).tolist() == [[100 + 33.75 / 2 + 80]]
    assert seconds(net, along, [[[100, 80]]], WAITING).tolist() == [[160]]
    assert seconds(net, onto, [[[200, 0]]], METRE_A_SECOND).tolist() == [[200]]


def test_nobody_waits_who_stays_on_this_side_or_stands_at_the_corner():
    net = streets(**CROSS, crossed=PRIMARY)
    assert seconds(net, [[90, 0]], [[[20, 0]]], WAITING).tolist() == [[70]]
    assert seconds(net, [[90, 0]], [[[110, 0]]], WAITING).tolist() == [[20 + 33.75]]
    corner = seconds(net, [[100, 0]], [[[90, 0]], [[100, 10]]], WAITING)
    assert corner.tolist() == [[10 + 33.75 / 2, 10]]


def test_a_child_alone_crosses_a_primary_road_at_a_signal_and_not_without_one():
    child = replace(METRE_A_SECOND, not_across=("primary", "trunk"))
    without = streets(**CROSS, crossed={(0, 1): GAP, (1, 0): GAP})
    assert seconds(without, [[50, 0]], [[[200, 0]], [[0, 0]], [[100, 80]]], child).tolist() == [[np.inf, 50, np.inf]]
    assert seconds(without, [[100, -80]], [[[100, 80]]], child).tolist() == [[160]]
    assert seconds(streets(**CROSS, crossed=PRIMARY), [[50, 0]], [[[200, 0]]], child).tolist() == [[150]]
    ends_there = streets(**CROSS, crossed={(0, 1): EDGE})  # nothing on the other side: it only comes onto the road
    assert seconds(ends_there, [[50, 0]], [[[100, 80]]], child).tolist() == [[130]]


def test_no_published_wait_is_longer_than_the_standard_for_walking_allows():
    most = provision("crossing.wait_max.plain").number
    waits = dict(zip(CROSSINGS, crossing_waits(), strict=True))
    assert max(waits.values()) <= most
    assert waits[Crossing("primary", signal=True, one_way=False, across=True)] == 33.75
    assert waits[Crossing("primary", signal=True, one_way=True, across=True)] == 33.75 / 2
    assert waits[Crossing("secondary", signal=True, one_way=False, across=False)] == 20


def test_the_streets_within_a_walk_end_where_the_wait_has_used_it_up():
    net = streets(**CROSS, crossed=PRIMARY)
    gate = places([[[200, 0]]]).snapped(net, max_access_m=5)
    shown = streets_within(gate, "green/0", limit_s=100 + 33.75 + 40, profile=WAITING)
    reached = dict(zip(shown.edge.tolist(), (shown.stop_m - shown.start_m).round(6).tolist(), strict=True))
    assert sorted(reached.values()) == [40, 40 + 33.75 / 2, 40 + 33.75 / 2, 100]  # side street, road twice, its own


# ------------------------------------------------------------------------------------- against networkx

WALKERS = [
    replace(METRE_A_SECOND, slope="tobler"),
    replace(METRE_A_SECOND, speed_m_s=0.8, slope="tobler", stairs_m_s=0.4, waits_s=crossing_waits()),
    replace(METRE_A_SECOND, closed=("stairs", "rough"), waits_s=crossing_waits()),
    replace(METRE_A_SECOND, slope="tobler", not_across=("primary",), waits_s=crossing_waits()),
]


def odd_town(seed):
    """Any streets at all with hills, stairs and crossings anywhere, and homes and gates on them."""
    rng = np.random.default_rng(seed)
    plain, homes, parks = random_town(seed)
    e = len(plain.ends)
    traits = np.where(rng.random(e) < 0.3, rng.integers(0, 32, e), 0).astype(np.uint8)
    crossed = np.where(rng.random((e, 2)) < 0.3, rng.integers(0, 1 + len(CROSSINGS), (e, 2)), 0).astype(np.uint8)
    net = replace(plain, ways=Ways(traits, crossed), height_m=rng.uniform(0, 60, len(plain.xy)))
    return net, *(layer.snapped(net, max_access_m=1000) for layer in (homes, parks))


def link(graph, a, b, there, back):
    for u, v, cost in ((a, b, there), (b, a, back)):
        if not graph.has_edge(u, v) or graph[u][v]["weight"] > cost:
            graph.add_edge(u, v, weight=cost)


def wait_at(number, profile):
    """Seconds at one end of a street; None where this walker does not cross."""
    of = CROSSINGS[number - 1]
    if number and of.road in profile.not_across and of.across and not of.signal:
        return None
    return profile.waits_s[number - 1] / 2 if number and profile.waits_s else 0.0


def directed(net, profile, snap, prefix):
    """The network as a digraph of seconds in which each snapped point is a node, its access leg an edge."""
    graph = nx.DiGraph()
    shut = set(closed_streets(net, profile).tolist())
    for edge, ((u, v), length) in enumerate(zip(net.ends.tolist(), net.length_m, strict=True)):
        rise = (net.height_m[v] - net.height_m[u]) / length if profile.slope == "tobler" else 0.0
        stairs = profile.stairs_m_s if net.ways.have("stairs")[edge] else None
        up, down = (stairs or profile.speed_m_s * np.exp(-3.5 * (abs(s + 0.05) - 0.05)) for s in (rise, -rise))
        stops = [(0.0, ("end", edge, 0)), (length, ("end", edge, 1))]
        for points, name in zip(snap, prefix, strict=True):
            for i in np.flatnonzero(points.edge == edge):
                offset = points.offset_m[i]
                at = ("node", u) if offset == 0 else ("node", v) if offset == length else (name + " at street", i)
                stops += [(offset, at)] if at[0] != "node" else []
                link(graph, (name, i), at, *[points.access_m[i] / profile.speed_m_s] * 2)
        if edge in shut:
            continue
        for (a, one), (b, other) in pairwise(sorted(stops, key=lambda stop: (stop[0], stop[1][0] != "end"))):
            link(graph, one, other, (b - a) / up, (b - a) / down)
        for side, node in enumerate((u, v)):
            wait = wait_at(int(net.ways.crossed[edge, side]), profile)
            if wait is not None:
                link(graph, ("node", node), ("end", edge, side), wait, wait)
    return graph


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(WALKERS))
def test_every_walk_takes_the_seconds_that_networkx_finds(seed, profile):
    net, homes, parks = odd_town(seed)
    shut = closed_streets(net, profile)
    homes, parks = (layer.snapped(net, max_access_m=1000, closed=shut) for layer in (homes, parks))
    graph = directed(net, profile, (homes.door, parks.door), ("home", "gate"))
    found = dense(measure_reach(homes, parks, limit_s=3000, profile=profile))
    for i in range(len(homes.ids)):
        walks = nx.single_source_dijkstra_path_length(graph, ("home", i)) if ("home", i) in graph else {}
        for j in range(len(parks)):
            gates = np.flatnonzero(parks.gate_facility == j)
            expected = min(walks.get(("gate", g), np.inf) for g in gates)
            assert found[i, j] == pytest.approx(expected if expected <= 3000 else np.inf, abs=1e-4)
    assert measure_nearest(homes, parks, limit_s=3000, profile=profile).distance[:, 0].tolist() == (
        found.min(axis=1).tolist()
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(WALKERS[1:]))
def test_changed_streets_keep_their_waits_and_what_is_closed(seed, profile):
    net, homes, parks = odd_town(seed)
    net = replace(net, height_m=np.zeros(len(net.xy)))  # an added street is walked as on the flat
    shut = closed_streets(net, profile)
    homes, parks = (layer.snapped(net, max_access_m=1000, closed=shut) for layer in (homes, parks))
    change = WhatIf(homes, parks, limit_s=900, profile=profile, max_access_m=1000)
    change.add_street("footbridge", [100, 200], [700, 600])
    change.add_site("kiosk", [[500, 500]])
    change.close_street(int(np.random.default_rng(seed).integers(len(net.ends))))
    _, people, sites = change.edited()
    np.testing.assert_allclose(
        dense(change.reach), dense(measure_reach(people, sites, limit_s=900, profile=profile)), atol=1e-4
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_who_minds_more_never_walks_less_time_on_level_ground(seed):
    _, homes, parks = odd_town(seed)
    plain = dense(measure_reach(homes, parks, limit_s=2000, profile=METRE_A_SECOND))
    waiting = dense(measure_reach(homes, parks, limit_s=2000, profile=replace(WAITING, stairs_m_s=0.5)))
    assert (waiting >= plain - 1e-6).all()


def test_in_metres_nothing_of_the_streets_is_minded():
    net, homes, parks = odd_town(7)
    plain = replace(net, ways=None, height_m=None)
    moved = [replace(layer, door=replace(layer.door, network=plain)) for layer in (homes, parks)]
    one, other = measure_reach(homes, parks, limit_m=800), measure_reach(*moved, limit_m=800)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.rows, other.rows, strict=True))


# -------------------------------------------------------------------------------------------- published


def test_the_published_walkers_of_a_standard_walk_on_the_flat_until_somebody_says_more():
    rule = standard("eldercare-15min")
    assert rule.profile.flat
    assert rule.walk == {"limit_m": 720.0}
    minding = rule.by(profiles()["older"].minding(slope=False, crossings=True))
    assert minding.walk == {"limit_s": 900.0, "profile": minding.profile}
    assert minding.in_seconds


def test_minutes_of_a_walker_who_minds_something_are_no_metres_and_metres_are_no_minutes():
    rule = standard("eldercare-15min").by(profiles()["wheelchair"])
    with pytest.raises(QuestionError, match="eldercare-15min asks for seconds of a walker who minds no stairs"):
        rule.limit_of("m")
    with pytest.raises(QuestionError, match="green-300 asks for metres"):
        standard("green-300").limit_of("s")
    with pytest.raises(QuestionError, match="green-300 is measured in metres and has no walker"):
        standard("green-300").by(profiles()["adult"])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"closed": ("escalator",)}, "what there is not .first: escalator.. Choose among stairs"),
        ({"not_across": ("motorway",)}, "Choose among tertiary, secondary, primary, trunk"),
        ({"stairs_m_s": 0.0}, "name 'stairs' in closed"),
        ({"waits_s": (1.0,)}, "has 1 waits. Give one of 0 s or more for each of the 32"),
    ],
)
def test_a_walker_who_minds_what_there_is_not_is_refused(fields, told):
    with pytest.raises(QuestionError, match=told):
        replace(METRE_A_SECOND, **fields)


def test_crossings_are_numbered_as_they_are_written():
    from planner.ways import crossing_number

    for rank, signal, one_way, across in product(range(1, 5), *[(False, True)] * 3):
        number = crossing_number(rank, *(np.array([each]) for each in (signal, one_way, across)))[0]
        at = CROSSINGS[number - 1]
        assert (at.signal, at.one_way, at.across) == (signal, one_way, across)
        assert at.road == ("tertiary", "secondary", "primary", "trunk")[rank - 1]
