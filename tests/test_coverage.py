"""Who meets a standard, counted in people."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import DataError, QuestionError
from planner.reach import measure_nearest, measure_reach, measure_straight
from planner.standards import rule_sets, standard, standards
from tests.towns import demand, network, places, random_town

#  home/0 ── 300 m ── park/0 ── 300.01 m ── home/1      a street of 600.01 m
STREET = network([[0, 0], [600.01, 0]], [[0, 1]])
HOMES = demand([[0, 0], [600.01, 0]], [30, 70]).snapped(STREET, max_access_m=50)
PARK = places([[[300, 0]]]).snapped(STREET, max_access_m=50)


def test_a_person_exactly_at_the_limit_is_covered_and_one_a_centimetre_further_is_not():
    today = measure_coverage(measure_reach(HOMES, PARK, limit_m=500), HOMES, standard("green-300"))
    assert today.covered.tolist() == [True, False]
    assert (today.served, today.total, today.share) == (30.0, 100.0, 0.3)
    assert str(today) == "green within 300 m on foot: 30.0% (30 of 100 people)"


def test_the_unreachable_are_uncovered_and_never_nan():
    today = measure_coverage(measure_reach(HOMES, places([]).snapped(STREET, max_access_m=5), limit_m=500), HOMES,
                             standard("green-300"))  # fmt: skip
    assert today.nearest_m.tolist() == [np.inf, np.inf]
    assert (today.served, today.share) == (0.0, 0.0)


def test_only_open_facilities_count():
    reach = measure_reach(HOMES, PARK, limit_m=500)
    assert measure_coverage(reach, HOMES, standard("green-300"), open=np.array([False])).served == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_the_nearest_alone_tell_the_same_coverage_as_the_whole_reach(seed):
    _, homes, parks = random_town(seed)
    large = np.arange(len(parks)) % 2 == 0
    whole = measure_coverage(measure_reach(homes, parks, limit_m=700), homes, standard("park-500"), open=large)
    few = measure_coverage(measure_nearest(homes, parks, limit_m=700, open=large), homes, standard("park-500"))
    assert (few.nearest_m.tolist(), few.facility.tolist()) == (whole.nearest_m.tolist(), whole.facility.tolist())


def test_the_nearest_are_told_which_are_open_when_they_are_measured():
    nearest = measure_nearest(HOMES, PARK, limit_m=500)
    with pytest.raises(QuestionError, match="which are open in measure_nearest"):
        measure_coverage(nearest, HOMES, standard("green-300"), open=np.array([True]))
    with pytest.raises(QuestionError, match="measured up to 200 m"):
        measure_coverage(measure_nearest(HOMES, PARK, limit_m=200), HOMES, standard("green-300"))


def test_seconds_are_not_held_against_metres():
    older = standards()["eldercare-15min"].profile
    with pytest.raises(QuestionError, match="in seconds"):
        measure_coverage(measure_reach(HOMES, PARK, limit_s=900, profile=older), HOMES, standard("green-300"))


def test_minutes_become_metres_only_through_a_walker():
    assert standard("eldercare-15min").limit_m == 15 * 60 * 0.8
    assert standard("community-15min").limit_m == 15 * 60 * 1.2
    assert standard("green-300").limit_m == 300
    assert all(s.unit in {"m", "min"} and (s.unit == "min") == (s.profile is not None) for s in standards().values())


def test_a_rule_set_decides_from_which_area_green_counts():
    assert standard("green-300").under(rule_sets()["P3"]).min_area_m2 == 2000
    assert standard("green-300").under(rule_sets()["P5"]).min_area_m2 == 400
    assert standard("eldercare-15min").under(rule_sets()["P5"]) == standard("eldercare-15min")


def test_a_standard_is_no_surer_than_the_rule_set_it_stands_under():
    assert standard("green-300").confidence == "V"
    assert standard("green-300").under(rule_sets()["P3"]).confidence == "M"
    assert standard("green-300").under(rule_sets()["P5"]).check_first()


def test_an_unknown_standard_names_those_there_are():
    with pytest.raises(QuestionError, match=r"no standard 'green-30'.*green-300, park-500"):
        standard("green-30")


def test_units_add_up_to_the_city_and_people_in_no_unit_are_not_lost():
    units = Units(np.array(["a"]), np.array(["A"]), "community", np.array([shapely.box(-1, -1, 1, 1)], object))
    homes = replace(HOMES, units=units, unit=np.array([0, -1]))
    people, covered = measure_coverage(measure_reach(homes, PARK, limit_m=300), homes, standard("green-300")).by_unit(
        homes
    )
    assert people.tolist() == [30.0, 70.0]
    assert covered.tolist() == [30.0, 0.0]


def test_a_reach_over_other_places_is_refused():
    with pytest.raises(DataError, match="other places"):
        measure_coverage(measure_reach(HOMES, PARK, limit_m=300), demand([[0, 0]]), standard("green-300"))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_a_larger_limit_one_more_park_and_a_straight_line_never_uncover_anyone(seed):
    _, homes, parks = random_town(seed)
    walked = measure_reach(homes, parks, limit_m=600)
    rule = standard("green-300")
    wider = replace(rule, limit=600.0)
    some = np.arange(len(parks)) % 2 == 0
    today = measure_coverage(walked, homes, rule).covered
    assert (measure_coverage(walked, homes, wider).covered >= today).all()
    assert (measure_coverage(walked, homes, rule, open=some).covered <= today).all()
    assert (measure_coverage(measure_straight(homes, parks, limit_m=600), homes, rule).covered >= today).all()


@given(st.integers(0, 100_000), st.floats(0, 2 * np.pi), st.floats(-4e5, 4e5), st.floats(-2e6, 2e6))
def test_coverage_is_the_same_wherever_the_city_lies_and_however_it_is_turned(seed, angle, east, north):
    net, people, parks = random_town(seed)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    def moved(xy):
        return xy @ turn + [east, north]

    there = network(moved(net.xy), net.ends, length_m=net.length_m)
    homes = replace(people, xy=moved(people.xy), door=None).snapped(there, max_access_m=1000)
    gates = moved(parks.gate_xy)
    sites = replace(parks, gate_xy=gates, geometry=shapely.transform(parks.geometry, moved), door=None)
    sites = sites.snapped(there, max_access_m=1000)
    for id in ("green-300", "park-500"):  # noqa: A001  (the field's word)
        rule = standard(id)
        for measure in (measure_reach, measure_straight):
            here = measure(people, parks, limit_m=rule.limit_m + 1)
            gone = measure(homes, sites, limit_m=rule.limit_m + 1)
            near, far = (each.nearest()[0] for each in (here, gone))
            sure = ~(np.abs(near - rule.limit_m) < 1e-3)  # rounding may decide at the very limit
            assert (near[sure] <= rule.limit_m).tolist() == (far[sure] <= rule.limit_m).tolist()
            both = np.isfinite(near) & np.isfinite(far)
            assert far[both] == pytest.approx(near[both], abs=1e-3)
