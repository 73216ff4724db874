"""How evenly something is spread over people."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.equity import gini, lorenz, palma_ratio, theil, worst_to_mean
from planner.errors import DataError, QuestionError

TOWNS = st.lists(
    st.tuples(st.floats(0, 1e6).map(lambda v: round(v, 3)), st.integers(0, 500), st.integers(-1, 3)),
    min_size=1,
    max_size=30,
)


def drawn(town):
    """Values, people and units; at least somebody has something."""
    value, people, unit = (np.array(each) for each in zip(*town, strict=True))
    assume((value[people > 0] > 0).any())
    return value.astype(float), people.astype(float), unit


def one_by_one(value, people):
    return np.repeat(value, people.astype(int))


def test_the_lorenz_curve_of_four_people():
    #  three people have 1 each, one has 5:  (3/4, 3/8) and (1, 1)
    x, y = lorenz([5, 1], [1, 3])
    assert x.tolist() == [0, 0.75, 1]
    assert y.tolist() == [0, 0.375, 1]


def test_measures_of_four_people_by_pencil():
    value, people = [5, 1], [1, 3]
    assert gini(value, people) == pytest.approx(0.375)  # 1 − (0.75·0.375 + 0.25·1.375)
    assert theil(value, people).total == pytest.approx((3 * 0.5 * np.log(0.5) + 2.5 * np.log(2.5)) / 4)
    #  the best-off tenth has 0.4 · 5 of 8, the worst-off 40 % have 1.6 of 8
    assert palma_ratio(value, people) == pytest.approx(2 / 1.6)
    assert worst_to_mean(value, people) == pytest.approx(1 / 2)
    assert worst_to_mean(value, people, larger_is_better=False) == pytest.approx(5 / 2)


def test_where_all_have_the_same_nothing_is_uneven():
    value, people = [3, 3, 3], [1, 10, 7]
    assert gini(value, people) == pytest.approx(0, abs=1e-12)
    assert theil(value, people).total == pytest.approx(0, abs=1e-12)
    assert palma_ratio(value, people) == pytest.approx(0.25)
    assert worst_to_mean(value, people) == pytest.approx(1)
    assert worst_to_mean(value, people, larger_is_better=False) == pytest.approx(1)


def test_where_one_of_a_hundred_has_everything():
    value, people = [0, 7], [99, 1]
    assert gini(value, people) == pytest.approx(0.99)
    assert theil(value, people).total == pytest.approx(np.log(100))
    assert palma_ratio(value, people) == np.inf
    assert worst_to_mean(value, people) == 0


def test_theil_parts_into_what_units_and_what_people_within_them_differ():
    #  unit 0: two people with 1, unit 1: one with 2 and one with 4 (mean 3); city mean 2
    parts = theil([1, 2, 4], [2, 1, 1], np.array([0, 1, 1]))
    assert parts.between == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
    assert parts.within == pytest.approx(0.75 * (2 / 3 * np.log(2 / 3) + 4 / 3 * np.log(4 / 3)) / 2)
    assert parts.total == pytest.approx(parts.between + parts.within)
    assert theil([1, 2, 4], [2, 1, 1]).within == parts.total


@given(TOWNS)
def test_gini_is_half_the_mean_difference_of_two_people_over_the_mean(town):
    value, people, _ = drawn(town)
    total = people.sum()
    mean = (value * people).sum() / total
    differ = sum(
        p * q * abs(v - w) for p, v in zip(people, value, strict=True) for q, w in zip(people, value, strict=True)
    )
    assert gini(value, people) == pytest.approx(differ / (2 * total**2 * mean), abs=1e-9)


@given(TOWNS)
def test_gini_lies_between_nothing_and_one_and_theil_below_the_logarithm_of_the_people(town):
    value, people, unit = drawn(town)
    parts = theil(value, people, unit)
    assert 0 <= gini(value, people) < 1
    assert 0 <= parts.between <= parts.total + 1e-9
    assert parts.total <= np.log(people.sum()) + 1e-9
    assert 0 <= worst_to_mean(value, people) <= 1 + 1e-9
    assert worst_to_mean(value, people, larger_is_better=False) >= 1 - 1e-9


@given(TOWNS)
def test_the_lorenz_curve_hangs_below_the_diagonal_and_never_falls(town):
    value, people, _ = drawn(town)
    x, y = lorenz(value, people)
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) >= 0).all()
    assert (y <= x + 1e-12).all()


def measures(value, people, unit):
    parts = theil(value, people, unit)
    return [
        gini(value, people),
        *(parts.total, parts.between, parts.within),
        palma_ratio(value, people),
        worst_to_mean(value, people),
        worst_to_mean(value, people, larger_is_better=False),
    ]


@given(TOWNS, st.sampled_from([0.001, 3.0, 1e4]))
def test_no_measure_changes_with_the_unit_of_the_values(town, factor):
    value, people, unit = drawn(town)
    assert measures(factor * value, people, unit) == pytest.approx(measures(value, people, unit), rel=1e-6, abs=1e-9)


@given(TOWNS)
def test_no_measure_changes_when_everybody_becomes_two_or_places_are_cut_into_people(town):
    value, people, unit = drawn(town)
    once = measures(value, people, unit)
    assert measures(value, 2 * people, unit) == pytest.approx(once, rel=1e-6, abs=1e-9)
    cut = one_by_one(value, people), np.ones(int(people.sum())), one_by_one(unit, people)
    assert measures(*cut) == pytest.approx(once, rel=1e-6, abs=1e-9)


def test_values_and_people_may_be_as_large_or_as_small_as_numbers_are():
    for size in (1e-310, 1e300):
        assert gini([5 * size, size], [1, 3]) == pytest.approx(0.375)
        assert theil([5, 1], [size, 3 * size]).total == pytest.approx(theil([5, 1], [1, 3]).total)


@given(TOWNS)
def test_places_without_people_do_not_count_whatever_they_have(town):
    value, people, unit = drawn(town)
    more = np.append(value, np.inf), np.append(people, 0), np.append(unit, 9)
    assert measures(*more) == measures(value, people, unit)


@given(TOWNS)
def test_who_gives_to_a_poorer_person_makes_a_city_no_less_even(town):
    value, people, _ = drawn(town)
    alone = np.sort(one_by_one(value, people))
    assume(len(alone) > 1)
    moved = (alone[-1] - alone[0]) / 2
    given_away = np.concatenate([[alone[0] + moved], alone[1:-1], [alone[-1] - moved]])
    who = np.ones(len(alone))
    assert gini(given_away, who) <= gini(alone, who) + 1e-9
    assert theil(given_away, who).total <= theil(alone, who).total + 1e-9


@pytest.mark.parametrize(
    ("value", "people", "error", "said"),
    [
        (
            [1, np.nan, 2],
            [1, 1, 1],
            DataError,
            r"1 of 3 places with people have a value.*first: 1, counted from 0.*Leave",
        ),
        ([1, np.inf], [1, 1], DataError, "reach nothing and tell them apart"),
        ([1, -1], [1, 1], DataError, "first: 1"),
        ([1, 2], [1, -1], DataError, r"1 of 2 places have negative or missing people \(first: 1"),
        ([1, 2], [np.nan, 1], DataError, "negative or missing people"),
        ([1, 2], [1], DataError, r"Values \(2,\) and people \(1,\)"),
        ([[1], [2]], [[1], [2]], DataError, "Give one each a place"),
        ([1, 2], [0, 0], DataError, "no people at all"),
        ([], [], DataError, "no people at all"),
        ([0, 0], [3, 4], QuestionError, "Nobody has anything"),
    ],
)
def test_values_that_say_nothing_are_refused_and_the_first_are_named(value, people, error, said):
    for measure in (lorenz, gini, theil, palma_ratio, worst_to_mean):
        with pytest.raises(error, match=said):
            measure(value, people)


def test_a_share_is_a_share_and_each_place_has_one_unit():
    with pytest.raises(QuestionError, match="`top` is 10"):
        palma_ratio([1, 2], [1, 1], top=10)
    with pytest.raises(QuestionError, match="`worst` is nan"):
        worst_to_mean([1, 2], [1, 1], worst=np.nan)
    with pytest.raises(DataError, match="2 places have"):
        theil([1, 2], [1, 1], np.array([0]))
