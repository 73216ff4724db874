"""What a scenario asks about its plans: keys, answers in tables, record and sheets, and what is refused."""

import csv
import io
import json

import numpy as np
import pytest

from planner.asked_examination import peopled
from planner.errors import QuestionError, ScenarioError
from planner.ledgers import RECORDS, SHEETS, TABLES
from planner.maps.contents import _plan
from planner.run import run_scenario
from planner.scenario import load
from planner.scenario.examine import Population
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET
from tests.towns import demand

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot before each.
ASKED = """\
    examine:
      replacements: true
      force_in: [middle]
      others: {within: 0.6, differ_by: 1, most: 3}
      sensitivity:
        limit: [0.5, 2]
        people: [{name: twice, total: 320}]
        rule_set: [P3]
      frontier: {new_sites: [1, 2, 3]}
      binding: true
"""
SERVICES = """\
  - question: site_services
    candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: As surveyed.}
    services:
      - {standard: eldercare-15min, cost: {fixed: 10, assumption: made up}}
      - {standard: green-300, cost: {fixed: 1, assumption: made up}}
    budget: 1
    examine: {replacements: true, force_in: [east], frontier: {budget: [0, 1, 11]}}
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("town")
    services = f"{SCENARIO.partition('  - question')[0]}{SERVICES}"
    written = {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS}
    for name, text in {**written, "town.yaml": SCENARIO + ASKED, "services.yaml": services}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def run(town):
    return run_scenario(load(town / "town.yaml"))


def rows(name, run):
    return list(csv.DictReader(io.StringIO(TABLES[name](run))))


def cells(name, run, *columns):
    return [tuple(row[column] for column in columns) for row in rows(name, run)]


def test_each_site_says_what_replaces_it_and_a_forced_one_what_it_costs(run):
    assert cells("examined.csv", run, "site", "role", "replaced by", "lost", "in all other plans", "costs") == [
        ("west", "chosen", "east", "50", "no", ""),
        ("middle", "forced in", "", "", "no", "90"),
    ]
    assert cells("other_plans.csv", run, "gains", "worse share", "drops", "takes") == [("50", "0.5", "west", "east")]


def test_each_assumption_says_what_the_plan_does_under_it(run):
    columns = ("assumption", "value", "this plan gains", "the best plan gains", "regret", "sites kept")
    assert cells("sensitivity.csv", run, *columns) == [
        ("limit", "× 0.5 = 150 m", "100", "100", "0", "1"),
        ("limit", "× 2 = 600 m", "110", "160", "50", "0"),  # middle reaches all three homes
        ("people", "twice", "200", "200", "0", "1"),
        ("rule_set", "P3", "0", "0", "0", "0"),  # green counts from 2,000 m², and plots have 900
    ]
    (sited,) = run.plans
    assert sited.examined.survival == {"west": 0.5, "middle": 0.25}


def test_what_binds_and_what_more_sites_bring(run):
    assert cells("binding.csv", run, "limit", "from", "to", "brings people", "verdict") == [
        ("one site more", "1", "2", "50", "binding"),
        ("a longer walk", "300", "350", "0", "not binding"),
    ]
    assert cells("frontier.csv", run, "amount", "gains", "ending", "knee") == [
        ("1", "100", "proven", ""),
        ("2", "150", "proven", "knee"),
        ("3", "160", "proven", ""),
    ]


def test_the_record_the_sheets_and_the_card_say_the_same(run):
    (record,) = RECORDS["examined"](run)
    assert json.dumps(record)
    assert record["survival"] == {"west": 0.5, "middle": 0.25}
    sheets = {sheet.id: sheet for each in SHEETS if (sheet := each(run)) is not None}
    assert sheets["examined"].rows == (("1", "west", "east", 50, {"zh": "否", "en": "no"}, 0.5),)
    assert [row[1:] for row in sheets["frontier"].rows] == [(1, 100, 0, None), (2, 150, 0, "◆"), (3, 160, 0, None)]
    assert sheets["sensitivity"].rows[1][1]["en"] == "limit × 2 = 600 m"
    assert sheets["binding"].rows[0][1]["zh"] == "多建一处 1 → 2"
    assert sheets["other_plans"].more[0][0]["en"] == "without west; with east"
    (site,) = _plan(run.plans[0], run, ())["sites"]
    assert (site["replaced_by"], site["loses"], site["survives"]) == ("east", 50, 0.5)


def test_nothing_is_asked_where_the_key_is_left_out(town):
    (town / "plain.yaml").write_text(SCENARIO, "utf-8")
    run = run_scenario(load(town / "plain.yaml"))
    assert run.plans[0].examined is None
    assert not any(TABLES[f"{name}.csv"](run) for name in ("examined", "sensitivity", "binding", "frontier"))
    (site,) = _plan(run.plans[0], run, ())["sites"]
    assert (site["replaced_by"], site["survives"]) == (None, None)


def test_slower_people_may_need_another_site(town):
    changes = ["siting.0.standard=eldercare-15min", "siting.0.examine={sensitivity: {speed_m_s: [0.3]}}"]
    run = run_scenario(load(town / "town.yaml", set=changes))
    assert run.plans[0].plan.opened == ("middle",)  # 720 m reach all three
    assert cells("sensitivity.csv", run, "value", "this plan gains", "the best plan gains") == [
        ("0.3 m/s", "10", "100")
    ]


def test_a_plan_of_several_services_is_examined_as_a_whole(town):
    run = run_scenario(load(town / "services.yaml"))
    assert {sited.number for sited in run.plans} == {1}
    assert cells("examined.csv", run, "site", "replaced by", "lost", "costs") == [
        ("west", "east", "50", ""),
        ("east", "", "", "50"),
    ]
    #  For 11 one of each: eldercare serves all 160 from the middle, green 100 in the west.
    assert cells("frontier.csv", run, "of", "amount", "gains") == [
        ("budget", "0", "0"),
        ("budget", "1", "100"),
        ("budget", "11", "260"),
    ]


def test_of_land_each_number_of_sites_says_what_it_brings_at_most(town):
    #  100 m × 100 m round west, 50 m × 100 m round east; 900 m² serve 300 m from their boundary.
    squares = [(114.6495, 114.6505), (114.65975, 114.66025)]
    rings = [[[a, 33.6193], [b, 33.6193], [b, 33.6202], [a, 33.6202], [a, 33.6193]] for a, b in squares]
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in rings]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    (town / "land.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    text = SCENARIO.replace("cover_most_people", "cover_most_land") + "land: {file: land.geojson}\n"
    (town / "land.yaml").write_text(text, "utf-8")
    asked = "siting.0.examine={replacements: true, frontier: {new_sites: [1, 2, 3]}}"
    run = run_scenario(load(town / "land.yaml", set=[asked]))
    squares_m2 = [float(row["gains"]) for row in rows("frontier.csv", run)]
    assert squares_m2 == pytest.approx([9260, 13890, 13890], rel=0.01)
    assert [row["unit"] for row in rows("frontier.csv", run)] == ["m² of residential land"] * 3
    assert cells("examined.csv", run, "site", "replaced by") == [("west", "east")]
    with pytest.raises(ScenarioError, match="a frontier of land is one of numbers; write new_sites"):
        load(town / "land.yaml", set=["siting.0.examine={frontier: {budget: [1]}}"])


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("town", "siting.0.examine={sensitivity: {speed_m_s: [1.0]}}", "green-300 is measured in metres"),
        ("town", "siting.0.examine={frontier: {budget: [1]}}", "a frontier of budgets needs to know"),
        ("town", "siting.0.examine={frontier: {}}", "write at least one number"),
        (
            "town",
            "siting.0.examine={frontier: {new_sites: [1], budget: [1]}}",
            "write exactly one of new_sites, budget",
        ),
        ("town", "siting.0.forbid=[middle]", "force_in names what forbid forbids: middle"),
        ("town", "siting.0.examine={sensitivity: {people: [{name: x}]}}", "x changes nobody"),
        ("town", "siting.0.years=[{name: '2026', new_sites: 1}]", "examine is asked of a plan without years"),
        ("services", "siting.0.examine={binding: true}", "binding cannot be asked of this question; frontier can"),
        ("services", "siting.0.examine={frontier: {new_sites: [1]}}", "one of budgets; write budget"),
        ("services", "siting.0.before=presence", "a frontier counts people; write before: people"),
        ("town", "siting.0.examine={others: {differ_by: 0}}", "differ_by"),
        ("town", "siting.0.examine={sensitivity: {rule_set: [P99]}}", "rule_set"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(town, file, change, words):
    with pytest.raises(ScenarioError, match=words):
        load(town / f"{file}.yaml", set=[change])


def test_what_only_the_plan_can_tell_is_refused_with_the_remedy(town):
    changes = ["siting.0.examine.force_in=[nowhere]", "siting.0.examine.frontier={new_sites: [2, 9]}"]
    with pytest.raises(QuestionError) as refused:
        run_scenario(load(town / "town.yaml", set=changes))
    assert "1 ids to force in are no candidates of this plan (first: nowhere)" in str(refused.value)
    assert "1 numbers of the frontier cannot be opened (first: 9)" in str(refused.value)


def test_another_population_keeps_everybody_and_their_groups_together():
    people = demand(np.zeros((2, 2)), np.array([100.0, 50.0])).with_groups({"60+": np.array([20.0, 10.0])})
    older = peopled(people, Population(name="older", groups={"60+": 1.5}))
    assert older.people.tolist() == [[110, 30], [55, 15]]
    assert peopled(people, Population(name="more", total=300)).people.tolist() == [[200, 40], [100, 20]]
    with pytest.raises(QuestionError, match="'gone' spreads 300 people over nobody"):
        peopled(people, Population(name="gone", groups={"people": 0}, total=300))
    with pytest.raises(QuestionError, match="groups or units of the population 'x' are none of this demand"):
        peopled(people, Population(name="x", groups={"80+": 2}, units={"Old Town": 2}))
