"""The nearest facilities of everybody in one pass: the same walks and choices as a whole reach, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.reach import measure_nearest, measure_reach
from planner.standards import Profile
from tests.towns import demand, network, places, random_town

#  Two corners with side streets, so that both ends of the street between them are junctions.
#
#  2 (0, 50)              4 (100, 50)
#  │                      │
#  0──────────────────────1
#  │                      │
#  3 (0, -50)             5 (100, -50)
STREET = network([[0, 0], [100, 0], [0, 50], [0, -50], [100, 50], [100, -50]], [[0, 1], [0, 2], [0, 3], [1, 4], [1, 5]])
CLIMBER = Profile("climber", {"en": "minds slopes"}, 1.2, "drawn", "A", slope="tobler")


def snapped(homes, sites, net=STREET):
    return demand(homes).snapped(net, max_access_m=60), places(sites).snapped(net, max_access_m=60)


def nearest(homes, sites, limit_m=1000.0, **options):
    answer = measure_nearest(*snapped(homes, sites), limit_m=limit_m, **options)
    return answer.distance.tolist(), answer.facility.tolist(), answer.gate.tolist()


def blocks(seed, homes=40, parks=10):
    """Blocks of 100 m with some streets missing; homes and gates at quarters of streets: ties everywhere."""
    rng = np.random.default_rng(seed)
    xy = [[100 * x, 100 * y] for y in range(4) for x in range(5)]
    across = [[5 * y + x, 5 * y + x + 1] for y in range(4) for x in range(4)]
    up = [[5 * y + x, 5 * y + x + 5] for y in range(3) for x in range(5)]
    net = network(xy, rng.permutation(across + up)[: rng.integers(16, 32)])

    def spots(count):
        start, end = np.moveaxis(net.xy[net.ends[rng.integers(0, len(net.ends), count)]], 1, 0)
        return start + rng.integers(0, 5, (count, 1)) / 4 * (end - start)

    people = demand(spots(homes), rng.integers(1, 50, homes)).snapped(net, max_access_m=1)
    green = places([spots(rng.integers(1, 4)) for _ in range(parks)]).snapped(net, max_access_m=1)
    return net, people, green


def gates_alone(parks):
    """Each gate as a facility of its own."""
    single = places([[gate] for gate in parks.gate_xy.tolist()])
    return replace(single, door=parks.door)


def by_reach(homes, parks, k, **limit):
    """The k nearest of everybody as a whole reach tells them: (n, k) distance, facility and gate."""
    count = len(homes.ids), k
    distance, facility, gate = np.full(count, np.inf), np.full(count, -1), np.full(count, -1)
    answer = measure_reach(homes, parks, **limit)
    to_gates = np.full((len(homes.ids), len(parks.gate_xy)), np.inf)
    each_gate = measure_reach(homes, gates_alone(parks), **limit)
    to_gates[each_gate.place, each_gate.facility] = each_gate.distance
    for i in range(len(homes.ids)):
        row = slice(answer.indptr[i], answer.indptr[i + 1])
        order = np.lexsort((answer.facility[row], answer.distance[row]))[:k]
        distance[i, : len(order)] = answer.distance[row][order]
        facility[i, : len(order)] = answer.facility[row][order]
        for s, j in enumerate(facility[i, : len(order)]):
            own = np.flatnonzero(parks.gate_facility == j)
            gate[i, s] = own[np.argmin(to_gates[i, own])]  # of equals the first
    return distance, facility, gate


def check_against_reach(homes, parks, k, **limit):
    distance, facility, gate = by_reach(homes, parks, k, **limit)
    for few in {1, k}:
        answer = measure_nearest(homes, parks, k=few, **limit)
        assert answer.distance.tolist() == distance[:, :few].tolist()
        assert answer.facility.tolist() == facility[:, :few].tolist()
        assert answer.gate.tolist() == gate[:, :few].tolist()
        for ours, theirs in zip(answer.nearest(), measure_reach(homes, parks, **limit).nearest(), strict=True):
            assert ours.tolist() == theirs.tolist()


# ------------------------------------------------------------------------------------------- by pencil


def test_everybody_has_a_nearest_facility_and_the_gate_that_is_used():
    #                        gates 0 and 1 are of the first park, gate 2 of the second
    homes, parks = [[0, 30], [60, 0], [100, -40]], [[[10, 0], [90, 0]], [[70, 0]]]
    assert nearest(homes, parks) == ([[40], [10], [50]], [[0], [1], [0]], [[0], [2], [1]])


def test_of_two_facilities_at_the_same_distance_the_first_is_nearest():
    assert nearest([[50, 0]], [[[80, 0]], [[20, 0]]]) == ([[30]], [[0]], [[0]])
    assert nearest([[50, 0]], [[[20, 0]], [[80, 0]]]) == ([[30]], [[0]], [[0]])
    assert nearest([[0, 20]], [[[0, -20]], [[20, 0]]]) == ([[40]], [[0]], [[0]])  # by way of a corner
    assert nearest([[0, 20]], [[[20, 0]], [[0, -20]]]) == ([[40]], [[0]], [[0]])


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("first_is_west", [True, False])
@pytest.mark.parametrize("east", [30, 70, 100])
def test_where_two_walks_of_the_same_length_meet_the_first_facility_is_nearest_from_there_on(k, first_is_west, east):
    #          home
    #  3        │        7
    #  │        │        │      sites on 0–3 and 2–7, both 120 m from 1: the west one 20 m + 100 m,
    #  0──100───1──east──2      the east one 120 m − east, + east
    #  │        │        │
    #  5        6        8
    x = 100 + east
    xy = [[0, 0], [100, 0], [x, 0], [0, 99], [100, 99], [0, -99], [100, -99], [x, 99], [x, -99]]
    net = network(xy, [[0, 1], [1, 2], [0, 3], [1, 4], [0, 5], [1, 6], [2, 7], [2, 8]])
    sites = [[[0, 20]], [[x, 120 - east]]]
    answer = measure_nearest(*snapped([[100, 30]], sites if first_is_west else sites[::-1], net), limit_m=150, k=k)
    assert (answer.distance.tolist(), answer.facility.tolist()) == ([[150] * k], [[0, 1][:k]])


def test_of_two_gates_at_the_same_distance_the_first_is_used():
    assert nearest([[50, 0]], [[[0, -50]], [[80, 0], [20, 0]]]) == ([[30]], [[1]], [[1]])
    assert nearest([[0, 20]], [[[0, -20], [20, 0]]], k=2) == ([[40, np.inf]], [[0, -1]], [[0, -1]])


def test_the_nearest_few_come_nearest_first_each_facility_once():
    parks = [[[90, 0]], [[10, 0], [30, 0]], [[100, 50]], [[0, -50]]]
    assert nearest([[40, 0]], parks, k=3) == ([[10, 50, 90]], [[1, 0, 3]], [[2, 0, 4]])
    assert nearest([[40, 0]], parks, k=3, limit_m=89.9) == ([[10, 50, np.inf]], [[1, 0, -1]], [[2, 0, -1]])


def test_who_asks_for_more_than_there_are_gets_those_there_are():
    assert nearest([[40, 0]], [[[90, 0]]], k=3) == ([[50, np.inf, np.inf]], [[0, -1, -1]], [[0, -1, -1]])


def test_exactly_at_the_limit_is_in_reach():
    assert nearest([[0, 20]], [[[20, 0]]], limit_m=40) == ([[40]], [[0]], [[0]])
    assert nearest([[0, 20]], [[[20, 0]]], limit_m=39.999999) == ([[np.inf]], [[-1]], [[-1]])
    assert nearest([[0, 20]], [[[20, 0]]], limit_m=39.999999, k=2)[1] == [[-1, -1]]


@pytest.mark.parametrize("k", [1, 2])
def test_a_closed_facility_is_nobodys_nearest(k):
    parks = [[[10, 0], [90, 0]], [[70, 0]], [[0, 50]]]
    shut = nearest([[60, 0], [0, 0]], parks, open=[False, True, True], k=k)
    assert [row[0] for row in shut[0]] == [10, 50]
    assert [row[0] for row in shut[1]] == [1, 2]
    assert [row[0] for row in shut[2]] == [2, 3]
    all_shut = nearest([[60, 0]], parks, open=np.zeros(3, bool), k=k)
    assert all_shut == ([[np.inf] * k], [[-1] * k], [[-1] * k])


@pytest.mark.parametrize("k", [1, 3])
def test_a_place_or_a_gate_off_the_network_is_nobodys_nearest(k):
    homes, parks = [[40, 0], [40, 900], [60, 0]], [[[50, 900]], [[50, 900], [70, 0]]]
    distance, facility, gate = nearest(homes, parks, k=k)
    assert [row[0] for row in distance] == [30, np.inf, 10]
    assert [row[0] for row in facility] == [1, -1, 1]
    assert [row[0] for row in gate] == [2, -1, 2]
    assert all(row[1:] == [-1] * (k - 1) for row in facility)


@pytest.mark.parametrize("k", [1, 2])
def test_without_facilities_nothing_is_nearest(k):
    assert nearest([[40, 0]], [], k=k) == ([[np.inf] * k], [[-1] * k], [[-1] * k])


@pytest.mark.parametrize("k", [1, 2])
def test_without_streets_nothing_is_nearest(k):
    empty = network(np.empty((0, 2)), np.empty((0, 2)))
    homes, parks = demand([[0, 0]]), places([[[0, 0]]])
    homes = replace(homes, door=empty.snap(homes.xy, max_access_m=60))
    answer = measure_nearest(homes, parks.snapped(empty, max_access_m=60), limit_m=100, k=k)
    assert (answer.distance.tolist(), answer.facility.tolist()) == ([[np.inf] * k], [[-1] * k])


# ------------------------------------------------------------------------------------- against a reach


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([1, 2, 3, 12]), st.sampled_from([0, 75, 150, 1000]))
def test_where_ties_are_everywhere_the_choices_are_those_of_a_whole_reach(seed, k, limit_m):
    _, homes, parks = blocks(seed)
    check_against_reach(homes, parks, k, limit_m=limit_m)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([1, 2, 5, 64]), st.sampled_from([300, 5000]))
def test_in_any_town_the_choices_are_those_of_a_whole_reach(seed, k, limit_m):
    _, homes, parks = random_town(seed, parks=20)
    check_against_reach(homes, parks, k, limit_m=limit_m)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([1, 3]), st.sampled_from([200, 3000]))
def test_on_any_hills_the_choices_are_those_of_a_whole_reach(seed, k, limit_s):
    town, people, green = random_town(seed, parks=15)
    net = replace(town, height_m=np.random.default_rng(seed).uniform(0, 40, len(town.xy)))
    homes, parks = (replace(each, door=replace(each.door, network=net)) for each in (people, green))
    check_against_reach(homes, parks, k, limit_s=limit_s, profile=CLIMBER)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([1, 2, 4]))
def test_those_open_alone_are_answered_as_if_the_others_were_not_there(seed, k):
    _, homes, parks = blocks(seed)
    open_ = np.random.default_rng(seed).random(len(parks)) < 0.5
    among_all = measure_nearest(homes, parks, limit_m=400, k=k, open=open_)
    alone = measure_nearest(homes, parks.kept(open_), limit_m=400, k=k)
    number = np.append(np.flatnonzero(open_), -1)
    gate = np.append(np.flatnonzero(open_[parks.gate_facility]), -1)
    assert among_all.distance.tolist() == alone.distance.tolist()
    assert among_all.facility.tolist() == number[alone.facility].tolist()
    assert among_all.gate.tolist() == gate[alone.gate].tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([1, 3]))
def test_within_a_smaller_limit_it_is_as_if_measured_for_it(seed, k):
    _, homes, parks = blocks(seed)
    kept = measure_nearest(homes, parks, limit_m=500, k=k).within(125)
    measured = measure_nearest(homes, parks, limit_m=125, k=k)
    for name in ("distance", "facility", "gate", "limit", "unit"):
        assert np.array_equal(getattr(kept, name), getattr(measured, name))


@pytest.mark.parametrize("k", [1, 4])
def test_the_answer_does_not_depend_on_the_number_of_threads(k):
    for _, homes, parks in (random_town(7, homes=300, parks=40), blocks(7, homes=300, parks=40)):
        answers = [measure_nearest(homes, parks, limit_m=700, k=k, threads=threads) for threads in (1, 2, 7)]
        assert len({(a.distance.tobytes(), a.facility.tobytes(), a.gate.tobytes()) for a in answers}) == 1


# -------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("k", [-1, 0, 65])
def test_only_one_to_sixty_four_nearest_can_be_asked_for(k):
    with pytest.raises(QuestionError, match=f"nearest {k} cannot be asked for"):
        nearest([[40, 0]], [[[90, 0]]], k=k)


def test_open_marks_each_facility():
    with pytest.raises(QuestionError, match="marks 3 facilities of 1"):
        nearest([[40, 0]], [[[90, 0]]], open=[True, True, False])


def test_the_nearest_refuse_a_limit_they_were_not_measured_for():
    answer = measure_nearest(*snapped([[40, 0]], [[[90, 0]]]), limit_m=500)
    with pytest.raises(QuestionError, match="measured up to 500 m"):
        answer.within(501)


@pytest.mark.parametrize("limit_m", [-1.0, np.nan, np.inf, 60_001])
def test_a_limit_is_a_walk(limit_m):
    with pytest.raises(QuestionError, match="finite number of metres from 0 to 60,000"):
        nearest([[40, 0]], [[[90, 0]]], limit_m=limit_m)


def test_metres_and_seconds_are_not_mixed():
    homes, parks = snapped([[40, 0]], [[[90, 0]]])
    for limits in ({}, {"limit_s": 60}, {"limit_m": 60, "limit_s": 60, "profile": CLIMBER}):
        with pytest.raises(DataError, match="either limit_m, or limit_s together with the profile"):
            measure_nearest(homes, parks, **limits)
    with pytest.raises(QuestionError, match="no heights"):
        measure_nearest(homes, parks, limit_s=60, profile=CLIMBER)


def test_both_sides_are_on_one_network():
    other = network([[0, 0], [80, 0]], [[0, 1]])
    homes, park = demand([[30, 10]]), places([[[50, 5]]])
    with pytest.raises(DataError, match="same network"):
        measure_nearest(homes.snapped(STREET, max_access_m=50), park.snapped(other, max_access_m=50), limit_m=10)
    with pytest.raises(DataError, match="Snap"):
        measure_nearest(homes, park, limit_m=10)
