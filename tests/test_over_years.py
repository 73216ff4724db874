"""Years in a scenario: what its keys may say, and how a run tells which site opens when."""

import csv
import io

import numpy as np
import pytest

from planner import report
from planner.errors import ScenarioError
from planner.explained import explain, read_answer
from planner.ledgers.phases import phases_records, phases_sheet, phases_text
from planner.maps.contents import contents_of
from planner.over_years import reordered
from planner.phasing import Year, phase_sites
from planner.rules import Rules
from planner.run import run_scenario
from planner.scenario import load
from planner.siting import cover_most_people
from tests.test_siting import GREEN, street

TOWN = """\
city: made-up
demand: {spread: {total: 300000, base: made-up residents, assumption: made up}}
standards: {measure: [community-15min, eldercare-15min]}
siting:
"""
IN_TWO_YEARS = """\
  - question: cover_most_people
    standard: community-15min
    new_sites: 3
    min_area_m2: 5000
    years: [{name: 2022, new_sites: 1}, {name: 2023, new_sites: 2}]
    closes: {way/17549: 2023}
"""
IN_ORDER = """\
  - question: site_services
    min_area_m2: 5000
    services:
      - {standard: eldercare-15min, new_sites: 3, years: [{name: 一期, new_sites: 1}, {name: 二期, new_sites: 2}]}
      - {standard: community-15min, new_sites: 2}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("years") / "years.yaml"
    path.write_text(TOWN + IN_TWO_YEARS + IN_ORDER, "utf-8")
    return run_scenario(load(path))


def test_a_plan_over_years_is_told_in_people_and_proven_in_person_years(run):
    sited = run.plans[0]
    assert sited.phased is not None
    assert sited.proof is sited.phased
    assert sited.plan.opened == sited.phased.opened
    assert sited.phased.unit == "person-years"
    assert sited.plan.unit == "people"
    assert sited.phased.closed == (("way/17549", "2023"),)
    alone = run.measured[0].after.served - run.measured[0].before.served
    assert sited.phased.newly_served[-1] <= alone + 1e-6  # the second question adds more


def test_each_site_is_explained_with_the_year_in_which_it_opens(run, tmp_path):
    report.write(run, tmp_path)
    answered = read_answer(run.scenario, tmp_path)
    for sited, plan in zip(run.plans, answered.plans, strict=True):
        for rank, site in enumerate(sited.plan.opened):
            (told,) = [
                each.chosen
                for each in explain(answered, site).plans
                if (each.number, each.standard) == (plan.number, plan.standard.id)
            ]
            assert told.year == ("" if sited.phased is None else sited.phased.years[sited.phased.year[rank]].name)
            closes = sited.phased is not None and bool(sited.phased.closed)
            assert sum(people for _, people in told.serves) == (0 if closes else pytest.approx(told.gained))


def test_the_sites_of_a_service_are_put_in_order_and_keep_their_number(run):
    sited = run.plans[1]
    assert sited.phasings is not None
    assert sited.phasings.ordered is not None
    assert sited.plan.opened == sited.phased.opened == sited.phasings.ordered.opened
    assert sorted(sited.plan.opened) == sorted(sited.whole.parts[0].opened)
    assert sited.phased.year.tolist() == sorted(sited.phased.year.tolist())
    others = set(sited.whole.parts[1].opened)
    assert not others & set(sited.phasings.phased.opened)
    assert run.plans[2].phased is None


def test_the_ledger_has_every_way_and_the_map_every_year(run):
    rows = list(csv.DictReader(io.StringIO(phases_text(run))))
    assert {row["way"] for row in rows if row["plan"] == "1"} == {"phased", "myopic", "static"}
    assert next(row["way"] for row in rows if row["plan"] == "2") == "ordered"
    for sited in run.plans[:2]:
        own = next(row["way"] for row in rows if row["plan"] == str(sited.number))
        mine = [row for row in rows if (row["plan"], row["way"]) == (str(sited.number), own)]
        years = [row for row in mine if not row["site"] and row["year"] != "all years"]
        assert [row["site"] for row in mine if row["site"]] == list(sited.phased.opened)
        assert sum(float(row["person-years"]) for row in years) == pytest.approx(float(mine[-1]["person-years"]))
    assert all(float(row["regret"]) >= 0 for row in rows if row["regret"])
    first, second = phases_records(run)
    assert (first["plan"], second["plan"]) == ("phased", "ordered")
    assert first["ways"]["phased"]["years"][1]["closed"] == ["way/17549"]
    sheet = phases_sheet(run)
    assert len(sheet.rows) == len(sheet.more) == 7
    assert len(sheet.more[0]) == 2
    plans = contents_of(run)["plans"]
    assert [site["year"] for site in plans[0]["sites"]][:2] == ["2022", "2023"]
    assert [site["phase"] for site in plans[1]["sites"]][:2] == [1, 2]
    assert plans[0]["over_years"]["bound"] == run.plans[0].phased.bound
    assert plans[1]["over_years"] is plans[2]["over_years"] is None
    assert plans[2]["sites"][0]["year"] is None


def test_the_end_of_the_years_is_a_plan_of_the_same_sites():
    demand, reach = street("4......9......6......8", "a......b......c......d")
    plan = phase_sites(demand, reach, GREEN, years=[Year("2022", 1), Year("2023", 2)])
    alone = cover_most_people(demand, reach, GREEN, new_sites=3, rules=Rules(must_keep=plan.opened))
    assert plan.in_the_end is not None
    assert plan.in_the_end.objective == alone.objective == 23
    same = reordered(alone, plan.opened)
    for name in ("opened", "sites", "served", "only", "gained"):
        assert np.array_equal(getattr(plan.in_the_end, name), getattr(same, name))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("years: [{name: 2022, new_sites: 1}]", "years open 1 sites in all, and new_sites is 3"),
        ("years: [{name: a, new_sites: 1}, {name: a, new_sites: 2}]", "years name a more than once"),
        ("years: [{name: 2022}, {name: 2023, new_sites: 3}]", "neither new_sites nor a budget in 2022"),
        ("years: [{name: 2022, new_sites: 3, budget: 9}]", "write cost as well"),
        ("years: [{name: 2022, new_sites: 3}]\n    ready: {x: 2021}", "ready or closes name 2021; there are the years"),
        ("carry_over: true\n    after: [[b, a]]", "after, carry_over are about years; write years as well"),
        ("years: [{name: 2022, new_sites: 3, length: 0}]", "length"),
    ],
)
def test_years_that_contradict_themselves_are_refused(tmp_path, keys, words):
    path = tmp_path / "years.yaml"
    question = "  - question: cover_most_people\n    standard: community-15min\n    new_sites: 3\n"
    path.write_text(f"{TOWN}{question}    {keys}\n", "utf-8")
    with pytest.raises(ScenarioError, match=words):
        load(path)
