"""Looking at reach: the streets within a walk and the way of one, the same as measured, point by point."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.demand import Demand
from planner.errors import DataError, QuestionError
from planner.network import Snap
from planner.reach import measure_reach
from planner.reach.looking import streets_within, walk_path
from planner.standards import Profile
from planner.ways import Ways
from tests.towns import CHUANHUI, demand, network, places, random_town

#  A town for the pencil. Streets in metres; h a home, g the gate of a park, 4 is a corner between two streets.
#
#                                    2 — (100, 100)
#        h (30, 10)                  │
#        │                           ├── g (110, 40)
#  0─────┴──────────4────────1───────3
#  (0,0)         (50,0)   (80,0)  (100,0)         and from 1 up to 5 (80, 30)
TOWN = network(
    [[0, 0], [80, 0], [100, 100], [100, 0], [50, 0], [80, 30]],
    [[0, 4], [4, 1], [1, 3], [3, 2], [1, 5]],
)
#  Two corners with two side streets each.
#
#  2 (0, 50)      4 (100, 50)
#  │              │
#  0──────────────1
#  │              │
#  3 (0, -50)     5 (100, -50)
CORNERS = network(
    [[0, 0], [100, 0], [0, 50], [0, -50], [100, 50], [100, -50]], [[0, 1], [0, 2], [0, 3], [1, 4], [1, 5]]
)
HILL = Profile("hill", {"en": "minds slopes"}, 1.25, "drawn", "high", slope="tobler")


def parks(gates, net=TOWN):
    return places(gates).snapped(net, max_access_m=60)


def homes(xy, net=TOWN):
    return demand(xy).snapped(net, max_access_m=60)


def pieces(streets):
    """{ends of the segment: [(start, stop), …]}."""
    found = {}
    for edge, start, stop in zip(streets.edge, streets.start_m, streets.stop_m, strict=True):
        ends = tuple(streets.network.ends[edge].tolist())
        found.setdefault(ends, []).append((round(float(start), 6), round(float(stop), 6)))
    return found


def people_on(net, edge, offset):
    """Demand that stands on the streets themselves."""
    snap = Snap(np.asarray(edge), np.asarray(offset, float), np.zeros(len(edge)), net)
    ids = np.array([f"at/{i}" for i in range(len(edge))], np.str_)
    return Demand(ids, net.position(snap), np.ones((len(edge), 1)), CHUANHUI, door=snap)


def on_slopes(seed):
    """A random town on hills of up to 28 % slope."""
    net, people, green = random_town(seed)
    net = replace(net, height_m=30 * np.sin(net.xy / 150).sum(axis=1))
    return net, *(replace(each, door=replace(each.door, network=net)) for each in (people, green))


def segment_of(net, a, b):
    """The segment on which both points lie, and their shares of it; None where there is none."""
    start, along = net.xy[net.ends[:, 0]], np.diff(net.xy[net.ends], axis=1)[:, 0]
    squared = np.maximum((along**2).sum(axis=1), 1e-12)
    shares = [np.clip(((point - start) * along).sum(axis=1) / squared, 0, 1) for point in (a, b)]
    off = [np.hypot(*(start + t[:, None] * along - p).T) for t, p in zip(shares, (a, b), strict=True)]
    edge = int(np.argmin(np.maximum(*off)))
    return (edge, shares[0][edge], shares[1][edge]) if max(off[0][edge], off[1][edge]) < 1e-6 else None


def seconds(net, a, b):
    """What HILL needs from one point of a segment to another, by Tobler's formula."""
    edge, first, last = segment_of(net, a, b)
    low, high = net.height_m[net.ends[edge]]
    metres = abs(last - first) * net.length_m[edge]
    if metres == 0:
        return 0.0
    slope = np.sign(last - first) * (high - low) / net.length_m[edge]
    return metres / (HILL.speed_m_s * np.exp(-3.5 * (abs(slope + 0.05) - 0.05)))


# --------------------------------------------------------------------------------------------- streets


def test_the_streets_within_a_walk_are_those_around_the_gate_less_its_access_leg():
    # 30 m less 10 m of access: 20 m either way of (100, 40)
    assert pieces(streets_within(parks([[[110, 40]]]), "green/0", limit_m=30)) == {(2, 3): [(40.0, 80.0)]}


def test_the_streets_within_a_walk_branch_and_end_where_the_limit_does():
    # 85 m: 10 + 40 to node 3, 20 to node 1; 15 m are left, into both streets
    found = pieces(streets_within(parks([[[110, 40]]]), "green/0", limit_m=85))
    assert found == {(2, 3): [(0.0, 100.0)], (1, 3): [(0.0, 20.0)], (1, 4): [(0.0, 15.0)], (1, 5): [(0.0, 15.0)]}


def test_a_street_reached_from_both_ends_but_not_in_the_middle_is_two_pieces_and_a_gate_on_it_a_third():
    net = network([[0, 0], [100, 0]], [[0, 1]])
    found = streets_within(parks([[[0, 0], [100, 0], [50, 10]]], net), "green/0", limit_m=20)
    assert pieces(found) == {(0, 1): [(0.0, 20.0), (40.0, 60.0), (80.0, 100.0)]}
    assert found.line[1].tolist() == [[40.0, 0.0], [60.0, 0.0]]


def test_pieces_that_meet_are_one():
    net = network([[0, 0], [100, 0]], [[0, 1]])
    found = streets_within(parks([[[0, 0], [100, 0]]], net), "green/0", limit_m=50)
    assert pieces(found) == {(0, 1): [(0.0, 100.0)]}


def test_a_piece_within_another_does_not_part_it_from_the_next():
    # 80 m: [0, 80] from the left, [10, 60] from the gate 55 m off the street, [70, 100] from the one 50 m off
    net = network([[0, 0], [100, 0]], [[0, 1]])
    found = streets_within(parks([[[0, 0], [35, 55], [100, 50]]], net), "green/0", limit_m=80)
    assert pieces(found) == {(0, 1): [(0.0, 100.0)]}


def test_only_the_streets_of_the_facility_asked_for_are_shown():
    both = parks([[[10, 0]], [[110, 40]]])
    assert pieces(streets_within(both, "green/1", limit_m=30)) == {(2, 3): [(40.0, 80.0)]}


def test_streets_without_length_and_pieces_without_length_are_no_pieces():
    net = network([[0, 0], [0, 0], [100, 0]], [[0, 1], [1, 2]])
    assert pieces(streets_within(parks([[[0, 0]]], net), "green/0", limit_m=5)) == {(1, 2): [(0.0, 5.0)]}
    assert len(streets_within(parks([[[0, 0]]], net), "green/0", limit_m=0).edge) == 0


def test_no_street_is_within_a_walk_of_a_gate_off_the_network_or_with_an_access_leg_beyond_the_limit():
    assert streets_within(parks([[[500, 500]]]), "green/0", limit_m=500).line.shape == (0, 2, 2)
    assert len(streets_within(parks([[[110, 40]]]), "green/0", limit_m=9).edge) == 0


def test_who_lives_above_a_park_walks_from_further_than_who_lives_below():
    # 100 m long, 5 m high, the gate in the middle; downhill at 5 % the walker is faster than on the flat
    net = network([[0, 0], [100, 0]], [[0, 1]], height_m=np.array([0.0, 5.0]))
    found = streets_within(parks([[[50, 0]]], net), "green/0", limit_s=20, profile=HILL)
    up, down = 20 * 1.25 * np.exp(-3.5 * 0.05), 20 * 1.25 * np.exp(3.5 * 0.05)
    assert (found.start_m[0], found.stop_m[0]) == pytest.approx((50 - up, 50 + down), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), limit=st.integers(0, 900), hilly=st.booleans())
def test_who_stands_on_the_streets_shown_is_within_the_limit_and_who_stands_off_them_is_not(seed, limit, hilly):
    net, _, green = on_slopes(seed) if hilly else random_town(seed)
    asked = lambda most: {"limit_s": most, "profile": HILL} if hilly else {"limit_m": most}
    shown = streets_within(green, "green/3", **asked(float(limit)))
    assert (np.lexsort((shown.start_m, shown.edge)) == np.arange(len(shown.edge))).all()
    same = shown.edge[1:] == shown.edge[:-1]
    assert (shown.start_m[1:][same] > shown.stop_m[:-1][same]).all()
    assert (shown.start_m < shown.stop_m).all()
    assert (shown.stop_m <= net.length_m[shown.edge]).all()

    rng, hair = np.random.default_rng(seed), 1e-4
    edge = [np.repeat(np.arange(len(net.ends)), 6), *[shown.edge] * 4]
    offset = [rng.random(len(edge[0])) * net.length_m[edge[0]]]
    offset += [end + step for end in (shown.start_m, shown.stop_m) for step in (-hair, hair)]
    edge, offset = np.concatenate(edge), np.concatenate(offset)
    fits = (offset >= 0) & (offset <= net.length_m[edge]) & (net.length_m[edge] > 0)
    edge, offset = edge[fits], offset[fits]
    on = (shown.edge[:, None] == edge) & (shown.start_m[:, None] <= offset) & (offset <= shown.stop_m[:, None])
    third = green.kept(np.arange(len(green)) == 3)
    away, _ = measure_reach(people_on(net, edge, offset), third, **asked(20_000.0)).nearest()
    assert (away[on.any(axis=0)] <= limit + 1e-5).all()
    assert (away[~on.any(axis=0)] > limit - 1e-5).all()


# ------------------------------------------------------------------------------------------------ walks


def test_a_walk_goes_from_the_place_to_the_street_over_its_nodes_to_the_gate():
    walk = walk_path(homes([[30, 10]]), parks([[[110, 40]]]), "home/0", "green/0", limit_m=500)
    assert walk.xy.tolist() == [[30, 10], [30, 0], [50, 0], [80, 0], [100, 0], [100, 40], [110, 40]]
    assert (walk.cost, walk.unit, walk.gate) == (130.0, "m", 0)


def test_a_walk_names_its_streets_in_order_with_the_metres_along_each():
    called = dict(
        zip([(0, 4), (1, 4), (1, 3), (2, 3), (1, 5)], ["High Street", "High Street", "", "河东路", "x"], strict=True)
    )
    names = np.array([called[tuple(sorted(ends))] for ends in TOWN.ends.tolist()])
    town = replace(TOWN, ways=Ways.plain(len(names)).named(names))
    walk = walk_path(homes([[30, 10]], town), parks([[[110, 40]]], town), "home/0", "green/0", limit_m=500)
    assert walk.along() == (("High Street", 50.0), ("", 20.0), ("河东路", 40.0))
    assert walk.length_m.tolist() == [10, 20, 30, 20, 40, 10]
    back = walk_path(homes([[110, 40]], town), parks([[[30, 10]]], town), "home/0", "green/0", limit_m=500)
    assert back.along() == walk.along()[::-1]
    nameless = walk_path(homes([[30, 10]]), parks([[[40, 5]]]), "home/0", "green/0", limit_m=500)
    assert nameless.along() == (("", 10.0),)


def test_names_stay_with_their_segments_when_those_are_kept_turned_or_cut():
    ways = Ways.plain(3).named(np.array(["b", "", "a"]))
    assert [ways.name_of(edge) for edge in range(3)] == ["b", "", "a"]
    assert [ways.kept(np.array([2, 0])).name_of(edge) for edge in range(2)] == ["a", "b"]
    assert ways.turned(np.array([True, False, True])).name_of(0) == "b"
    assert [ways.split(np.array([0, 0, 2, -1])).name_of(edge) for edge in range(4)] == ["b", "b", "a", ""]
    assert Ways.plain(2).split(np.array([1, -1])).name_of(1) == ""


def test_a_walk_along_one_street_passes_no_end_of_it_but_the_corners_between():
    walk = walk_path(homes([[30, 10]]), parks([[[70, 5]]]), "home/0", "green/0", limit_m=500)
    assert walk.xy.tolist() == [[30, 10], [30, 0], [50, 0], [70, 0], [70, 5]]
    back = walk_path(homes([[70, 5]]), parks([[[30, 10]]]), "home/0", "green/0", limit_m=500)
    assert back.xy.tolist() == walk.xy[::-1].tolist()
    on_one_segment = walk_path(homes([[30, 10]]), parks([[[40, 5]]]), "home/0", "green/0", limit_m=500)
    assert on_one_segment.xy.tolist() == [[30, 10], [30, 0], [40, 0], [40, 5]]


def test_a_walk_goes_to_the_nearest_gate_of_the_facility_asked_for():
    both = parks([[[30, 0]], [[0, 0], [110, 40]]])
    walk = walk_path(homes([[60, 0]]), both, "home/0", "green/1", limit_m=500)
    assert (walk.cost, walk.gate) == (60.0, 1)
    assert walk.xy[-1].tolist() == [0, 0]


def test_a_walk_goes_round_a_ring_the_short_way():
    #  3────2     a square block of 100 m sides that one street leads to; home on the left, gate on the right
    #  │    │
    #  0────1────4
    net = network([[0, 0], [100, 0], [100, 100], [0, 100], [200, 0]], [[0, 1], [1, 2], [2, 3], [3, 0], [1, 4]])
    over = walk_path(homes([[0, 80]], net), parks([[[100, 90]]], net), "home/0", "green/0", limit_m=500)
    assert over.xy.tolist() == [[0, 80], [0, 80], [0, 100], [100, 100], [100, 90], [100, 90]]
    out = walk_path(homes([[0, 80]], net), parks([[[150, 0]]], net), "home/0", "green/0", limit_m=500)
    assert out.xy[1:-1].tolist() == [[0, 80], [0, 0], [100, 0], [150, 0]]
    home = walk_path(homes([[150, 0]], net), parks([[[0, 80]]], net), "home/0", "green/0", limit_m=500)
    assert home.xy.tolist() == out.xy[::-1].tolist()


@pytest.mark.parametrize(("first", "other"), [(0, 100), (100, 0)])
def test_of_two_gates_at_the_same_cost_a_walk_goes_to_the_first(first, other):
    walk = walk_path(
        homes([[50, 0]], CORNERS), parks([[[first, 30], [other, 30]]], CORNERS), "home/0", "green/0", limit_m=80
    )
    assert walk.xy[1:-1].tolist() == [[50, 0], [first, 0], [first, 30]]
    assert walk.gate == 0


@pytest.mark.parametrize("side", [0, 100])
def test_a_walk_enters_the_street_of_the_gate_at_the_corner_it_has_come_to(side):
    walk = walk_path(homes([[side, 30]], CORNERS), parks([[[50, 0]]], CORNERS), "home/0", "green/0", limit_m=80)
    assert walk.xy[1:-1].tolist() == [[side, 30], [side, 0], [50, 0]]


def test_a_street_without_length_on_the_way_does_not_lead_astray():
    #  3───────2=0───────1──4       2 and 0 at the same position (50, 0); 1 is a corner with a side street to 5
    net = network([[50, 0], [100, 0], [50, 0], [0, 0], [150, 0], [100, 50]], [[0, 1], [0, 2], [2, 3], [1, 4], [1, 5]])
    walk = walk_path(homes([[20, 0]], net), parks([[[100, 30]]], net), "home/0", "green/0", limit_m=500)
    assert walk.xy[1:-1].tolist() == [[20, 0], [50, 0], [50, 0], [100, 0], [100, 30]]


def test_who_lives_at_the_gate_walks_nowhere():
    walk = walk_path(homes([[50, 0]]), parks([[[50, 0]]]), "home/0", "green/0", limit_m=0)
    assert walk.cost == 0
    assert (walk.xy == [50, 0]).all()


def test_there_is_no_walk_beyond_the_limit_or_off_the_network():
    home, park = homes([[30, 10], [31, 10], [30, 900]]), parks([[[110, 40]]])
    assert walk_path(home, park, "home/0", "green/0", limit_m=130) is not None
    assert walk_path(home, park, "home/0", "green/0", limit_m=129.999) is None
    assert walk_path(home, park, "home/2", "green/0", limit_m=5000) is None
    assert walk_path(home, parks([[[500, 500]]]), "home/0", "green/0", limit_m=5000) is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), limit=st.sampled_from([200.0, 900.0, 5000.0]), hilly=st.booleans())
def test_a_walk_is_as_long_as_measured_and_keeps_to_the_streets(seed, limit, hilly):
    net, people, green = on_slopes(seed) if hilly else random_town(seed)
    asked = {"limit_s": limit, "profile": HILL} if hilly else {"limit_m": limit}
    reach = measure_reach(people, green, **asked)
    measured = dict(zip(zip(reach.place.tolist(), reach.facility.tolist(), strict=True), reach.distance, strict=True))
    for i, j in zip(range(0, 40, 3), [*range(8)] * 5, strict=False):
        walk = walk_path(people, green, people.ids[i], green.ids[j], **asked)
        if walk is None:
            assert (i, j) not in measured
            continue
        assert walk.cost == measured[i, j]
        assert green.gate_facility[walk.gate] == j
        assert (walk.xy[0].tolist(), walk.xy[-1].tolist()) == (people.xy[i].tolist(), green.gate_xy[walk.gate].tolist())
        pieces_m = np.hypot(*np.diff(walk.xy, axis=0).T)
        steps = list(zip(walk.xy[1:-2], walk.xy[2:-1], strict=True))
        assert all(segment_of(net, *step) for step in steps)
        assert walk.length_m == pytest.approx(pieces_m, abs=1e-3)
        assert sum(metres for _, metres in walk.along()) == pytest.approx(pieces_m[1:-1].sum(), abs=1e-3)
        if hilly:
            taken = sum(seconds(net, *step) for step in steps) + (pieces_m[0] + pieces_m[-1]) / HILL.speed_m_s
            assert taken == pytest.approx(walk.cost, abs=1e-3)
        else:
            assert pieces_m.sum() == pytest.approx(walk.cost, abs=1e-3)


def test_an_unknown_id_is_refused_with_the_first_that_there_are():
    home, park = homes([[30, 10]]), parks([[[110, 40]], [[10, 0]]])
    with pytest.raises(QuestionError, match=r"'green/7' is the id of none of 2 facilities \(first: green/0, green/1\)"):
        streets_within(park, "green/7", limit_m=30)
    with pytest.raises(QuestionError, match="'green/7'"):
        walk_path(home, park, "home/0", "green/7", limit_m=30)
    with pytest.raises(QuestionError, match=r"'home/9' is the id of none of 1 places \(first: home/0\)"):
        walk_path(home, park, "home/9", "green/0", limit_m=30)


def test_facilities_that_meet_no_street_and_limits_of_no_unit_are_refused():
    with pytest.raises(DataError, match="snapped"):
        streets_within(places([[[0, 0]]]), "green/0", limit_m=30)
    with pytest.raises(DataError, match="limit_m"):
        streets_within(parks([[[0, 0]]]), "green/0")
    with pytest.raises(QuestionError, match="finite"):
        streets_within(parks([[[0, 0]]]), "green/0", limit_m=-1)
