"""Scenarios say who walks, and a run counts minutes in the seconds of that walker."""

import csv

import pytest

from planner.by_walker import by_distance
from planner.errors import ScenarioError
from planner.ledgers.walkers import walkers_text
from planner.run import run_scenario
from planner.scenario import load
from planner.standards import standard
from planner.walkers import crossing_waits, profiles
from planner.ways import CROSSINGS, Crossing

CITY = (
    "city: made-up\n"
    "demand: {spread: {total: 300000, base: made-up residents, assumption: made up}}\n"
    "standards: {measure: [eldercare-15min]MORE}\n"
)
AT_A_PRIMARY = Crossing("primary", signal=True, one_way=False, across=True)


def written(tmp_path, text="", more=""):
    path = tmp_path / "who.yaml"
    path.write_text(CITY.replace("MORE", more) + text, "utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    question = "siting: [{question: cover_most_people, standard: eldercare-15min, new_sites: 3}]\n"
    return run_scenario(load(written(tmp_path_factory.mktemp("run"), "walkers: {crossings: true}\n" + question)))


def test_a_run_counts_minutes_in_seconds_where_crossings_are_minded_and_sites_by_the_same(run):
    (measured,) = run.measured
    assert (measured.before.unit, measured.standard.asked) == ("s", (900.0, "s"))
    assert "older person, stairs at 0.4 m/s, waits at crossings" in measured.standard.title["en"]
    (sited,) = run.plans
    assert measured.after.served - measured.before.served == pytest.approx(sited.plan.objective)


def test_eldercare_is_shown_for_both_speeds_on_the_flat_and_with_waits(run):
    rows = [*csv.DictReader(walkers_text(run).splitlines())]
    share = {(row["walker"], row["unit"]): float(row["share before"]) for row in rows}
    assert {row["walker"] for row in rows} == {"gb50180_distance", *profiles()}
    assert share["older", "s"] < share["older", "m"]
    assert share["older-1.0", "s"] < share["older-1.0", "m"]
    assert share["older", "m"] < share["older-1.0", "m"] < share["adult", "m"]
    assert share["child", "s"] <= share["child", "m"]
    assert {row["data"] for row in rows} == {"made up, no real place"}


def test_the_headline_is_the_row_of_its_walker(run):
    (row,) = (each for each in run.walkers if each.walker == "older" and each.before.unit == "s")
    assert row.before.served == run.measured[0].before.served


def test_without_the_key_a_standard_in_minutes_is_walked_on_the_flat(tmp_path):
    (rule,) = load(written(tmp_path)).measured()
    assert rule == standard("eldercare-15min").under(load(written(tmp_path)).rule_sets()["P5"])
    assert rule.asked == (720.0, "m")


def test_the_walker_of_a_standard_may_be_another_and_a_wheelchair_takes_no_stairs(tmp_path):
    (rule,) = load(written(tmp_path, "walkers: {standards: {eldercare-15min: wheelchair}}\n")).measured()
    assert rule.profile.closed == ("stairs", "no_wheelchair", "rough", "steep")
    assert rule.asked == (900.0, "s")


def test_a_wait_is_changed_with_a_reason(tmp_path):
    change = ", overrides: [{provision: crossing.green.primary, value: 60, reason: new signals}]"
    (rule,) = load(written(tmp_path, "walkers: {crossings: true}\n", change)).measured()
    at = CROSSINGS.index(AT_A_PRIMARY)
    assert (crossing_waits()[at], rule.profile.waits_s[at]) == (33.75, 15.0)  # (120 − 60)² / 240


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("walkers: {standards: {eldercare-15min: oldr}}\n", "there is no walker 'oldr' — did you mean 'older'"),
        ("walkers: {standards: {green-300: adult}}\n", "green-300 are measured in metres and have no walker"),
        ("walkers: {slope: true}\n", "slope needs heights of the ground: write city.elevation"),
        ("walkers: {crossing: true}\n", "unknown key — did you mean 'crossings'"),
    ],
)
def test_who_cannot_walk_is_a_fault_of_the_file(tmp_path, text, told):
    with pytest.raises(ScenarioError, match=told):
        load(written(tmp_path, text))


def test_fifteen_minutes_are_800_metres_by_gb_50180_and_20_are_none():
    rule = standard("eldercare-15min")
    assert by_distance(rule).asked == (800.0, "m")
    assert by_distance(rule).document == "GB 50180-2018"
    assert by_distance(rule.changed(20, None, "farther")) is None
