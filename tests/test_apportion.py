"""Groups are shared over places to the person: no row, no column and no cell is ever off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.apportion import share_groups
from planner.errors import PeopleError

#             children  others  older   people
#   house 1       1        2      1        4        half of everybody is neither young nor old
#   house 2       1        2      1        4
#   house 3       0        1      1        2        exactly 0.5, 1 and 0.5: one is rounded up, the other down
#   everybody     2        5      3       10
PEOPLE, TOTALS = [4, 4, 2], [2, 5, 3]

cities = st.lists(st.integers(0, 40), min_size=1, max_size=25).flatmap(
    lambda people: st.tuples(
        st.just(people),
        st.lists(st.integers(0, sum(people)), min_size=0, max_size=5).map(
            lambda cuts: np.diff([0, *sorted(cuts), sum(people)]).tolist()
        ),
    )
)


def test_every_house_and_every_group_has_all_its_people():
    shared = share_groups(PEOPLE, TOTALS)
    assert shared.sum(axis=1).tolist() == PEOPLE
    assert shared.sum(axis=0).tolist() == TOTALS
    assert shared[:, 1].tolist() == [2, 2, 1]  # whole already: nothing to round


@given(cities)
def test_totals_are_kept_and_no_cell_is_a_whole_person_off(city):
    people, totals = city
    shared = share_groups(people, totals)
    assert (shared == np.floor(shared)).all()
    assert (shared >= 0).all()
    assert shared.sum(axis=1).tolist() == people
    assert shared.sum(axis=0).tolist() == totals
    exact = np.outer(people, totals) / max(sum(people), 1)
    assert (np.abs(shared - exact) < 1).all()


@given(cities, st.randoms(use_true_random=False))
def test_no_part_of_the_city_gets_what_others_are_owed(city, random):
    people, totals = np.array(city[0]), np.array(city[1])
    order = np.array(random.sample(range(len(people)), len(people)))
    shared = share_groups(people, totals, order=order)
    owed = np.cumsum((shared - np.outer(people, totals) / max(people.sum(), 1))[order], axis=0)
    assert (np.abs(owed) <= len(totals) - 1 + 1e-9).all()


@given(cities, st.integers(1, 5))
def test_groups_in_proportion_to_whole_houses_are_not_rounded_at_all(city, times):
    people, totals = city[0], [times * sum(city[0]), 3 * times * sum(city[0])]
    shared = share_groups([4 * times * each for each in people], totals)
    assert shared[:, 0].tolist() == [times * each for each in people]


def test_groups_that_do_not_add_up_to_the_people_are_refused():
    with pytest.raises(PeopleError, match="The groups hold 11 people and the places 10"):
        share_groups(PEOPLE, [2, 6, 3])


@pytest.mark.parametrize("people", [[4.5, 4, 2], [4, -4, 2], [4, np.nan, 2]])
def test_half_negative_and_missing_people_are_refused(people):
    with pytest.raises(PeopleError, match=r"1 of 3 places have no whole number of people \(first: place"):
        share_groups(people, TOTALS)


def test_nobody_is_shared_over_nothing():
    assert share_groups([0, 0], [0, 0, 0]).tolist() == [[0, 0, 0], [0, 0, 0]]
