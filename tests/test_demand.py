"""People are counted to the person and refused when they cannot be people."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.demand import Units, spread
from planner.errors import DataError, PeopleError, QuestionError
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


def test_amounts_add_up_by_unit_and_those_in_no_unit_stand_last():
    area = np.array([shapely.box(0, 0, 1, 1)] * 2, object)
    units = Units(np.array(["a", "b"]), np.array(["A", "B"]), "community", area)
    homes = replace(demand([[0, 0], [1, 0], [2, 0]], [10, 20, 30]), units=units, unit=np.array([1, -1, 1]))
    assert homes.by_unit(homes.of()).tolist() == [0, 40, 20]
    assert demand([[0, 0], [1, 0]], [10, 20]).by_unit(np.array([1.0, 2])).tolist() == [3]


def test_what_was_measured_for_other_places_is_refused_and_the_first_that_differ_are_named():
    homes = demand([[0, 0], [1, 0], [2, 0]])
    homes.check_places(homes.ids)
    with pytest.raises(DataError, match=r"3 \(first: home/2, home/1\), not 3 \(first: home/0"):
        homes.check_places(homes.ids[[0, 2, 1]])
    with pytest.raises(DataError, match=r"1 \(first: home/0\), not 3"):
        homes.check_places(homes.ids[:1])
    with pytest.raises(QuestionError, match=r"no group 'pupils'. There are: people"):
        homes.of("pupils")
