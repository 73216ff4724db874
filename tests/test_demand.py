"""People are counted to the person and refused when they cannot be people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand import spread
from planner.errors import DataError, PeopleError
from tests.towns import demand, places


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_a_total_is_spread_to_the_person(total, weight):
    if sum(weight) > 0:
        shared = spread(total, weight)
        assert shared.sum() == total
        assert (np.abs(shared - np.array(weight) / np.sum(weight) * total) <= 1 + 1e-6).all()
        assert (shared == np.floor(shared)).all()


def test_of_equal_remainders_the_earlier_place_gets_the_person():
    assert spread(5, [1, 1, 1]).tolist() == [2.0, 2.0, 1.0]


def test_people_without_a_floor_to_live_on_are_refused():
    with pytest.raises(PeopleError, match="10 people have nowhere to live"):
        spread(10, [0, 0])


@pytest.mark.parametrize("people", [[5, -1], [5, np.nan], [5, np.inf]])
def test_impossible_people_are_refused_with_the_culprit(people):
    with pytest.raises(PeopleError, match=r"1 of 2 places .*first: home/1"):
        demand([[0, 0], [1, 1]], people)


def test_a_city_without_people_is_refused():
    with pytest.raises(PeopleError, match="no people at all"):
        demand([[0, 0]], [0])


def test_ids_that_occur_twice_are_refused():
    homes = demand([[0, 0], [1, 1]])
    with pytest.raises(DataError, match="1 ids of places occur more than once"):
        type(homes)(np.array(["a", "a"]), homes.xy, homes.people, homes.crs)


def test_choosing_facilities_keeps_their_gates():
    parks = places([[[0, 0], [1, 0]], [[5, 5]], [[7, 7], [8, 8]]]).kept(np.array([True, False, True]))
    assert parks.gate_facility.tolist() == [0, 0, 1, 1]
    assert parks.gate_xy[:, 0].tolist() == [0.0, 1.0, 7.0, 8.0]
    assert parks.ids.tolist() == ["green/0", "green/2"]
