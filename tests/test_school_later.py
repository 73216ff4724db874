"""Seats in the years after a plan, where its classes and zones are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.schools.choices import nearest_schools
from planner.schools.later import seats_later
from planner.schools.seating import plan_seats
from planner.schools.stock import Option
from tests.test_schools import TOWN, pupils_of, questions, reach_of, schools_of, small

#      home 0 (7)   home 1 (2)   home 2 (0)      classes of 2, oversized from 4, severely from 5
#        │ 100        │ 50         │ 20
#      school 0 ──────┘ 250      school 1
#      (1 class)    school 1 (an option builds 2 classes)

OF = small("a")
METRES = [*TOWN["metres"], [290, 20]]
SCHOOLS, REACH = schools_of(TOWN["classes"], [OF]), reach_of(METRES)


@pytest.fixture
def plan():
    return plan_seats(
        pupils_of([[7], [2], [0]], [OF]), SCHOOLS, REACH, options=[Option("new", "school/1", {"a": 2}, cost=9)]
    )


def test_fewer_children_leave_seats_empty_where_their_zone_is(plan):
    later = seats_later(plan, pupils_of([[5, 1], [1, 1], [0, 0]], [OF], ("2031", "2036")), REACH)
    assert str(later).splitlines() == [
        "2031: a: 6 standard seats for 6 pupils, 3 missing, 3 empty; 1 oversized classes, 1 of them severely",
        "2036: a: 6 standard seats for 2 pupils, 0 missing, 4 empty; 0 oversized classes, 0 of them severely",
    ]
    assert later.balance("2036").empty[:, 0].tolist() == [1, 3]
    assert later.balance("2031").missing[:, 0].tolist() == [[1, 2, 3], [0, 0, 0]]


def test_who_moves_to_a_place_without_a_school_takes_the_nearest(plan):
    later = seats_later(plan, pupils_of([[7], [2], [3]], [OF], ("2031",)), REACH)
    assert later.new[:, 0].tolist() == [False, False, True]
    assert later.zones("a", "2031").tolist() == [0, 1, 1]
    assert later.unserved.sum() == 0


def test_the_zone_of_a_block_where_nobody_lived_is_kept():
    chain = np.array([[0, 1], [1, 2]])
    zones = plan_seats(
        *(pupils_of([[7], [2], [0]], [OF]), SCHOOLS, REACH),
        neighbours=chain,
        options=[Option("new", "school/1", {"a": 2})],
    )
    later = seats_later(zones, pupils_of([[0], [0], [4]], [OF], ("2031",)), REACH)
    assert not later.new[zones.zones("a", "2026") >= 0].any()
    assert later.zones("a", "2031")[2] == zones.zones("a", "2026")[2]


def test_pupils_of_other_places_are_refused(plan):
    with pytest.raises(QuestionError, match=r"The later pupils are of 2 places \(first: home/0, home/1\) and a"):
        seats_later(plan, pupils_of([[1], [1]], [OF]), REACH)


@settings(max_examples=30, deadline=None)
@given(questions(), st.integers(0, 3))
def test_with_the_pupils_of_the_last_year_nothing_changes(asked, times):
    pupils, limits = asked["pupils"], {each.id: 400 for each in asked["schools"].stages}
    plan = plan_seats(**asked)
    then = pupils_of(times * pupils.count[:, :, -1:], pupils.stages, ("2031",))
    later = seats_later(plan, then, asked["reach"], limits=limits)
    assert later.unserved[:, :, 0] == pytest.approx(times * plan.unserved[:, :, -1], abs=1e-5)
    assert later.balance("2031").pupils == pytest.approx(times * plan.balance(pupils.years[-1]).pupils, abs=1e-5)


def test_a_seating_that_nobody_planned_is_kept_alike():
    seating = nearest_schools(pupils_of([[7], [2], [0]], [OF]), SCHOOLS, REACH)
    later = seats_later(seating, pupils_of([[7], [2], [1]], [OF], ("2031",)), REACH)
    assert later.zones("a", "2031").tolist() == [0, 0, 0]
