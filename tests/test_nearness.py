"""How near people are to their nearest facility, beyond covered or not."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.decay import LinearDecay, StepDecay
from planner.demand import Units
from planner.errors import DataError, QuestionError
from planner.nearness import find_deserts, measure_gradual_coverage, measure_limit_margin, measure_nearness
from planner.reach import measure_nearest, measure_reach, measure_straight
from planner.siting import cover_gradually
from planner.standards import standard
from tests.towns import demand, network, places, random_town

#  park ── 100 m ── home/0 ── 190 m ── home/1 ── 20 m ── home/2 ── 190 m ── home/3 ── 500 m ── home/4
#                   50 people          30                15               5                 900
#  unit a                              unit b                             unit a            no unit
STREET = network([[0, 0], [1000, 0]], [[0, 1]])
UNITS = Units(np.array(["a", "b"]), np.array(["A", "B"]), "community", np.array([shapely.box(0, 0, 1, 1)] * 2, object))
HOMES = replace(
    demand([[x, 0] for x in (100, 290, 310, 500, 1000)]).snapped(STREET, max_access_m=50),
    people=np.array([[50.0, 5], [30, 0], [15, 15], [5, 1], [900, 9]]),
    groups=("people", "children"),
    units=UNITS,
    unit=np.array([0, 1, 1, 0, -1]),
)
PARK = places([[[0, 0]]]).snapped(STREET, max_access_m=50)
REACH = measure_reach(HOMES, PARK, limit_m=600)
NOTHING = measure_reach(HOMES, places([]).snapped(STREET, max_access_m=50), limit_m=600)


def test_the_mean_and_the_quantiles_are_of_people_not_of_places():
    #  50 · 100 + 30 · 290 + 15 · 310 + 5 · 500 = 20 850 person-metres of 100 people
    all_of_them = measure_nearness(REACH, HOMES).of()
    assert (all_of_them.mean, all_of_them.median, all_of_them.p90, all_of_them.most) == (208.5, 100, 310, 500)
    assert (all_of_them.reached, all_of_them.unreached) == (100, 900)
    assert str(all_of_them) == (
        "mean 208 m, half within 100, 90% within 310, of 100 people; 900 reach nothing within 600 m"
    )


def test_each_group_walks_its_own_way():
    everybody, children = measure_nearness(REACH, HOMES).by_group()
    assert everybody == measure_nearness(REACH, HOMES).of()
    assert (children.median, children.p90, children.reached, children.unreached) == (310, 310, 21, 9)
    assert children.mean == (5 * 100 + 15 * 310 + 500) / 21


def test_each_unit_is_told_and_those_in_none_are_not_lost():
    a, b, none = measure_nearness(REACH, HOMES).by_unit()
    assert (a.median, a.p90, a.reached) == (100, 100, 55)
    assert (b.mean, b.median, b.reached) == ((30 * 290 + 15 * 310) / 45, 290, 45)
    assert (none.reached, none.unreached, none.mean) == (0, 900, np.inf)
    (whole,) = measure_nearness(REACH, replace(HOMES, units=None, unit=np.empty(0, np.int64))).by_unit()
    assert whole == measure_nearness(REACH, HOMES).of()


def test_where_nobody_reaches_anything_distances_are_infinite_and_never_nan():
    none = measure_nearness(NOTHING, HOMES).of()
    assert (none.mean, none.median, none.p90, none.most, none.reached, none.unreached) == (*[np.inf] * 4, 0, 1000)
    assert str(none) == "1,000 reach nothing within 600 m"


@given(st.integers(0, 100_000))
def test_the_nearest_alone_tell_the_same_as_the_whole_reach(seed):
    _, homes, parks = random_town(seed)
    whole, few = measure_reach(homes, parks, limit_m=500), measure_nearest(homes, parks, limit_m=500)
    assert measure_nearness(few, homes).of() == measure_nearness(whole, homes).of()
    assert (
        measure_limit_margin(few, homes, limit=300).by_group()
        == measure_limit_margin(whole, homes, limit=300).by_group()
    )
    assert find_deserts(few, homes).ids.tolist() == find_deserts(whole, homes).ids.tolist()


@given(st.integers(0, 100_000))
def test_mean_and_quantiles_are_those_of_people_one_by_one(seed):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=500)
    near = measure_nearness(reach, homes)
    one_by_one = np.sort(np.repeat(near.distance, homes.people[:, 0].astype(int)))
    reached = one_by_one[np.isfinite(one_by_one)]
    told = near.of()
    assert (told.reached, told.unreached) == (len(reached), len(one_by_one) - len(reached))
    if len(reached):
        assert told.mean == pytest.approx(reached.mean())
        assert told.median == reached[int(np.ceil(0.5 * len(reached))) - 1]
        assert told.p90 == reached[int(np.ceil(0.9 * len(reached))) - 1]
        twice = measure_nearness(reach, replace(homes, people=2 * homes.people)).of()
        assert (twice.mean, twice.median, twice.p90) == (pytest.approx(told.mean), told.median, told.p90)


@given(st.integers(0, 100_000))
def test_nobody_walks_less_far_than_the_straight_line_and_none_who_walks_is_lost_on_it(seed):
    _, homes, parks = random_town(seed)
    walk, straight = measure_reach(homes, parks, limit_m=500), measure_straight(homes, parks, limit_m=500)
    on_foot, in_a_line = measure_nearness(walk, homes), measure_nearness(straight, homes)
    assert (on_foot.distance >= in_a_line.distance - 1e-3).all()
    assert in_a_line.of().reached >= on_foot.of().reached
    decay = LinearDecay(100, 500)
    assert (
        measure_gradual_coverage(walk, homes, decay).served
        <= measure_gradual_coverage(straight, homes, decay).served + 1e-3
    )


# ------------------------------------------------------------------------------------------- gradual cover


def test_service_fades_from_all_to_none():
    #  100 m: 50 in full; 290 m: 30 · 0.21/0.40; 310 m: 15 · 0.19/0.40; 500 m: nothing
    fading = measure_gradual_coverage(REACH, HOMES, LinearDecay(100, 500))
    assert fading.served == pytest.approx(50 + 30 * 0.525 + 15 * 0.475)
    assert fading.share == pytest.approx(fading.served / 1000)
    assert fading.by_group() == pytest.approx([fading.served, 5 + 15 * 0.475])
    people, served = fading.by_unit()
    assert people.tolist() == [55, 45, 900]
    assert served == pytest.approx([50, 30 * 0.525 + 15 * 0.475, 0])
    assert str(fading) == "served in parts: 7.3% (73 of 1,000 people)"


@given(st.integers(0, 100_000))
def test_a_single_step_is_the_coverage_itself(seed):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=500)
    covered = measure_coverage(reach, homes, standard("green-300"))
    step = measure_gradual_coverage(reach, homes, StepDecay((300,), (1,)))
    assert step.served == covered.served
    assert step.share == covered.share


@given(st.integers(0, 3000))
def test_a_plan_that_covers_gradually_is_worth_what_is_measured_here(seed):
    _, homes, parks = random_town(seed, homes=15, parks=5)
    reach = measure_reach(homes, parks, limit_m=500)
    plan = cover_gradually(homes, reach, full_m=100, none_m=500, new_sites=2)
    opened = np.isin(reach.facility_ids, plan.opened)
    measured = measure_gradual_coverage(reach.only(opened), homes, LinearDecay(100, 500))
    assert plan.objective == pytest.approx(measured.served)


def test_a_decay_beyond_the_reach_or_in_another_unit_is_refused():
    with pytest.raises(QuestionError, match="measured up to 600 m; measure again for 700 m"):
        measure_gradual_coverage(REACH, HOMES, LinearDecay(100, 700))
    with pytest.raises(QuestionError, match="decay is in 's'"):
        measure_gradual_coverage(REACH, HOMES, LinearDecay(100, 500, unit="s"))


# ------------------------------------------------------------------------------------------- around the limit


def test_the_people_within_a_tenth_of_the_limit_would_change_sides():
    margin = measure_limit_margin(REACH, HOMES, limit=300)
    assert (margin.shorter, margin.longer) == (270, 330)
    assert margin.just_within.tolist() == [False, True, False, False, False]
    assert margin.just_beyond.tolist() == [False, False, True, False, False]
    assert [each.tolist() for each in margin.by_group()] == [[30, 0], [15, 15]]
    assert str(margin) == ("at 270 m instead of 300 m 30 people fewer would be covered, at 330 m 15 more")


def test_exactly_at_a_limit_is_covered_at_all_three_of_them():
    #  270 m is covered at 270 m already, 300 m is just within, 330 m just beyond, 330.000001 m neither
    edge = demand([[270, 0], [300, 0], [330, 0], [330.000001, 0]]).snapped(STREET, max_access_m=50)
    margin = measure_limit_margin(measure_reach(edge, PARK, limit_m=330), edge, limit=300)
    assert margin.just_within.tolist() == [False, True, False, False]
    assert margin.just_beyond.tolist() == [False, False, True, False]


@given(st.integers(0, 100_000), st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_the_margin_is_the_difference_of_three_coverages(seed, tolerance):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=600)
    margin = measure_limit_margin(reach, homes, limit=300, tolerance=tolerance)
    lose, gain = (each[0] for each in margin.by_group())
    rule = standard("green-300")
    shorter, served, longer = (
        measure_coverage(reach, homes, replace(rule, limit=limit)).served
        for limit in (margin.shorter, 300.0, margin.longer)
    )
    assert (lose, gain) == (served - shorter, longer - served)


def test_a_margin_needs_a_reach_beyond_the_limit_and_a_sensible_tolerance():
    with pytest.raises(QuestionError, match="measured up to 600 m; measure again for 660 m"):
        measure_limit_margin(REACH, HOMES, limit=600)
    for limit, tolerance in ((300, 0), (300, 10), (300, np.nan), (-1, 0.1), (np.nan, 0.1)):
        with pytest.raises(QuestionError, match="has no margin of"):
            measure_limit_margin(REACH, HOMES, limit=limit, tolerance=tolerance)


# ------------------------------------------------------------------------------------------- deserts


def test_deserts_are_listed_with_most_people_first_and_told_by_unit():
    deserts = find_deserts(REACH, HOMES, limit=300)
    assert deserts.ids.tolist() == ["home/4", "home/2", "home/3"]
    assert deserts.people.tolist() == [900, 15, 5]
    assert deserts.by_unit().tolist() == [5, 15, 900]
    assert str(deserts) == ("920 people in 3 places (first: home/4, home/2, home/3) reach nothing within 300 m")
    assert find_deserts(REACH, HOMES, limit=300, group="children").people.tolist() == [15, 9, 1]
    assert find_deserts(REACH, HOMES).ids.tolist() == ["home/4"]


def test_places_without_people_are_no_deserts():
    empty = replace(HOMES, people=HOMES.people * [[1], [1], [1], [1], [0]])
    none = find_deserts(REACH, empty)
    assert (len(none.place), none.total, str(none)) == (0, 0, "0 people in 0 places reach nothing within 600 m")


def test_without_any_facility_everything_is_desert():
    assert find_deserts(NOTHING, HOMES).total == HOMES.total


@given(st.integers(0, 100_000))
def test_deserts_are_whoever_coverage_leaves_uncovered(seed):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=500)
    covered = measure_coverage(reach, homes, standard("green-300"))
    assert find_deserts(reach, homes, limit=300).total == covered.total - covered.served


def test_a_reach_over_other_places_or_a_limit_beyond_it_is_refused():
    other = demand([[0, 0]])
    for measure in (
        measure_nearness,
        find_deserts,
        lambda reach, homes: measure_gradual_coverage(reach, homes, LinearDecay(100, 500)),
        lambda reach, homes: measure_limit_margin(reach, homes, limit=300),
    ):
        with pytest.raises(DataError, match="other places than this demand"):
            measure(REACH, other)
    with pytest.raises(QuestionError, match="measure again for 700 m"):
        find_deserts(REACH, HOMES, limit=700)
    with pytest.raises(QuestionError, match="no group 'elderly'"):
        measure_nearness(REACH, HOMES).of("elderly")
