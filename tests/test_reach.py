"""Walking distances: exact from the streets, equal to networkx, and never wrong about absence."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.reach import measure_reach, measure_straight
from tests.towns import by_networkx, demand, network, places, random_town, with_doors

#  A town for the pencil. Streets in metres; h are homes, g are gates of the same park.
#
#        h1 (30, 10)         g1 (100, 40)
#        │                    │
#  0─────┴──────────────1─────┴──2
#  (0,0)            (80,0)     (100,0) … node 2 continues up to (100, 100)
TOWN = network([[0, 0], [80, 0], [100, 0], [100, 100]], [[0, 1], [1, 2], [2, 3]])


def reach(homes, gates, limit_m=1000, net=TOWN):
    return measure_reach(
        demand(homes).snapped(net, max_access_m=200), places(gates).snapped(net, max_access_m=200), limit_m=limit_m
    )


def test_a_walk_is_door_to_street_to_gate():
    # 10 m to the street, 70 m to its corner, 40 m up, and the gate lies on the street
    assert reach([[30, 10]], [[[100, 40]]]).distance_m.tolist() == [120.0]


def test_a_walk_along_one_street_does_not_visit_its_ends():
    assert reach([[30, 10]], [[[50, 5]]]).distance_m.tolist() == [35.0]


def test_a_park_is_as_near_as_its_nearest_gate():
    assert reach([[30, 10]], [[[100, 90], [50, 5], [100, 40]]]).distance_m.tolist() == [35.0]


def test_somebody_exactly_at_the_limit_is_in_reach_and_a_step_further_is_not():
    assert len(reach([[30, 10]], [[[100, 40]]], limit_m=120).facility) == 1
    assert len(reach([[30, 10]], [[[100, 40]]], limit_m=119.999).facility) == 0


def test_a_sum_of_tenths_that_is_exactly_the_limit_is_in_reach():
    # 3 × 0.1 m > 0.3 m in binary; ten streets of 0.1 m are one metre for a planner
    net = network([[0.1 * i, 0] for i in range(31)], [[i, i + 1] for i in range(30)])
    assert reach([[0, 0]], [[[3.0, 0]]], limit_m=3.0, net=net).distance_m.tolist() == [3.0]


def test_a_facility_at_the_door_is_a_stored_zero_and_one_out_of_reach_is_absent():
    answer = reach([[30, 0], [100, 90]], [[[30, 0]]], limit_m=50)
    assert (answer.distance_m.tolist(), answer.place.tolist()) == ([0.0], [0])
    metres, which = answer.nearest()
    assert metres.tolist() == [0.0, np.inf]
    assert which.tolist() == [0, -1]


def test_of_two_facilities_at_the_same_distance_the_first_is_nearest():
    assert reach([[40, 0]], [[[60, 0]], [[20, 0]]]).nearest()[1].tolist() == [0]


def test_a_place_or_a_gate_off_the_network_reaches_nothing():
    answer = reach([[30, 10], [30, 900], [31, 10]], [[[50, 900]], [[50, 0]]])
    assert answer.facility.tolist() == [1, 1]
    assert answer.place.tolist() == [0, 2]


def test_both_ends_of_a_ring_are_tried():
    #  3────2     a square block of 100 m sides; home on the left side, gate on the right
    #  │    │
    #  0────1
    net = network([[0, 0], [100, 0], [100, 100], [0, 100]], [[0, 1], [1, 2], [2, 3], [3, 0]])
    assert reach([[0, 80]], [[[100, 90]]], net=net).distance_m.tolist() == [130.0]


def test_a_reach_refuses_a_limit_it_was_not_measured_for():
    with pytest.raises(QuestionError, match="measured up to 500 m"):
        reach([[30, 10]], [[[50, 5]]], limit_m=500).within(501)


def test_a_reach_needs_both_sides_on_one_network():
    other = network([[0, 0], [80, 0]], [[0, 1]])
    homes, park = demand([[30, 10]]), places([[[50, 5]]])
    with pytest.raises(DataError, match="same network"):
        measure_reach(homes.snapped(TOWN, max_access_m=50), park.snapped(other, max_access_m=50), limit_m=10)
    with pytest.raises(DataError, match="Snap"):
        measure_reach(homes, park, limit_m=10)


def test_nobody_and_nothing_are_answered_with_nothing():
    assert len(reach([[30, 10]], []).facility) == 0
    assert reach([[30, 10]], []).nearest()[1].tolist() == [-1]


@pytest.mark.parametrize("limit_m", [-1.0, np.nan, np.inf])
def test_a_limit_is_a_finite_number_of_metres(limit_m):
    with pytest.raises(QuestionError, match="finite"):
        reach([[30, 10]], [[[50, 5]]], limit_m=limit_m)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_distances_equal_networkx_on_any_town(seed):
    net, homes, parks = random_town(seed)
    expected = by_networkx(with_doors(net, (homes.door, parks.door), ("home", "gate")), homes, parks)
    answer = measure_reach(homes, parks, limit_m=5000)
    dense = np.full(expected.shape, np.inf)
    dense[answer.place, answer.facility] = answer.distance_m
    np.testing.assert_allclose(dense, expected, atol=1e-3)
    shorter = measure_reach(homes, parks, limit_m=400)
    kept = answer.within(400)
    assert (shorter.facility.tolist(), shorter.distance_m.tolist()) == (
        kept.facility.tolist(),
        kept.distance_m.tolist(),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_nobody_is_nearer_on_foot_than_in_a_straight_line(seed):
    _, homes, parks = random_town(seed)
    walked = measure_reach(homes, parks, limit_m=600)
    straight = measure_straight(homes, parks, limit_m=600)
    crow = {(i, j): d for i, j, d in zip(straight.place, straight.facility, straight.distance_m, strict=True)}
    for i, j, d in zip(walked.place, walked.facility, walked.distance_m, strict=True):
        assert crow[i, j] <= d


def test_the_answer_does_not_depend_on_the_number_of_threads():
    _, homes, parks = random_town(7, homes=200, parks=30)
    answers = [measure_reach(homes, parks, limit_m=700, threads=threads) for threads in (1, 2, 7)]
    assert len({(a.facility.tobytes(), a.distance_m.tobytes(), a.indptr.tobytes()) for a in answers}) == 1


def test_the_kernels_are_compiled_only_when_a_reach_is_measured():
    code = "import sys, planner.reach; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
