"""The nearest open facilities in one pass: what a whole reach says, with the gate that is used."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.reach import measure_nearest, measure_reach
from tests.towns import demand, network, places, random_town

#  h0 · · A · · h1 · · B     one street along x, in metres: h0 0, A 30, h1 60, B 90
STREET = network([[0, 0], [200, 0]], [[0, 1]])
HOMES = demand([[0, 0], [60, 0]]).snapped(STREET, max_access_m=5)
SITES = places([[[30, 0]], [[90, 0]]]).snapped(STREET, max_access_m=5)


def test_of_two_facilities_at_the_same_distance_the_first_is_taken():
    nearest = measure_nearest(HOMES, SITES, limit_m=100)
    assert nearest.distance.tolist() == [[30.0], [30.0]]
    assert nearest.facility.tolist() == [[0], [0]]


def test_the_gate_that_is_used_is_told_and_a_closed_site_is_passed_by():
    sites = places([[[30, 0]], [[190, 0], [90, 0]]]).snapped(STREET, max_access_m=5)
    nearest = measure_nearest(HOMES, sites, limit_m=100, open=np.array([False, True]))
    assert nearest.distance.tolist() == [[90.0], [30.0]]
    assert nearest.gate.tolist() == [[2], [2]]


def test_out_of_reach_is_infinitely_far_and_nobody():
    nearest = measure_nearest(HOMES, SITES, limit_m=29.999999)
    assert nearest.distance.tolist() == [[np.inf], [np.inf]]
    assert nearest.facility.tolist() == nearest.gate.tolist() == [[-1], [-1]]
    assert measure_nearest(HOMES, places([]).snapped(STREET, max_access_m=5), limit_m=9).facility.tolist() == [
        [-1],
        [-1],
    ]


def test_a_facility_counts_once_among_the_nearest_few():
    sites = places([[[30, 0], [40, 0]], [[190, 0]]]).snapped(STREET, max_access_m=5)
    nearest = measure_nearest(HOMES, sites, limit_m=500, k=3)
    assert nearest.distance.tolist() == [[30.0, 190.0, np.inf], [20.0, 130.0, np.inf]]
    assert nearest.facility.tolist() == [[0, 1, -1], [0, 1, -1]]
    assert nearest.gate.tolist() == [[0, 2, -1], [1, 2, -1]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([200.0, 700.0, 5000.0]), st.integers(1, 9))
def test_the_nearest_few_are_the_first_of_the_whole_reach(seed, limit_m, k):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=limit_m)
    dense = np.full((len(homes.ids), max(k, len(parks))), np.inf)
    dense[reach.place, reach.facility] = reach.distance_m
    order = np.argsort(dense, axis=1, kind="stable")[:, :k]
    expected = np.take_along_axis(dense, order, axis=1)
    nearest = measure_nearest(homes, parks, limit_m=limit_m, k=k)
    assert nearest.distance.tolist() == expected.tolist()
    assert nearest.facility.tolist() == np.where(np.isinf(expected), -1, order).tolist()
    found = nearest.gate >= 0
    assert (parks.gate_facility[nearest.gate[found]] == nearest.facility[found]).all()
    if k == 1:
        distance, facility = reach.nearest()
        assert (nearest.distance[:, 0].tolist(), nearest.facility[:, 0].tolist()) == (
            distance.tolist(),
            facility.tolist(),
        )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000_000))
def test_the_gate_told_is_as_far_as_it_says(seed):
    net, homes, parks = random_town(seed)
    nearest = measure_nearest(homes, parks, limit_m=2000)
    for i in np.flatnonzero(nearest.gate[:, 0] >= 0)[:8]:
        only = places([[parks.gate_xy[nearest.gate[i, 0]]]]).snapped(net, max_access_m=1000)
        assert measure_nearest(homes, only, limit_m=2000).distance[i, 0] == nearest.distance[i, 0]


def test_the_nearest_do_not_depend_on_the_number_of_threads():
    _, homes, parks = random_town(3, homes=300, parks=60)
    answers = [measure_nearest(homes, parks, limit_m=900, threads=threads) for threads in (1, 2, 7)]
    assert len({(a.distance.tobytes(), a.gate.tobytes()) for a in answers}) == 1


@pytest.mark.parametrize(
    ("asked", "fault", "why"),
    [
        ({"limit_m": 5, "k": 0}, QuestionError, "1 to 64"),
        ({"limit_m": 5, "open": np.array([True])}, QuestionError, "marks 1 facilities of 2"),
        ({"limit_m": -1}, QuestionError, "finite"),
        ({"limit_s": 5}, DataError, "together with the profile"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, fault, why):
    with pytest.raises(fault, match=why):
        measure_nearest(HOMES, SITES, **asked)
