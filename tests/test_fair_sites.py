"""Fairness in a scenario: what its keys may say, and how a run tells the price of each way."""

import csv
import io

import pytest

from planner.errors import ScenarioError
from planner.ledgers.fairness import TITLES, fairness_records, fairness_sheet, fairness_text
from planner.run import run_scenario
from planner.scenario import load

TOWN = """\
city: made-up
demand: {spread: {total: 300000, base: made-up residents, assumption: made up}}
standards: {measure: [community-15min]}
siting:
  - question: cover_most_people
    standard: community-15min
    new_sites: 2
    time_limit_s: 3
    min_area_m2: 5000
    fairness: FAIR
"""


def written(tmp_path, fair):
    path = tmp_path / "fair.yaml"
    path.write_text(TOWN.replace("FAIR", fair), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    fair = "{by: kolm_pollak, beside: [worst, cvar], walks_to_m: 1500, worst_people: 0.05}"
    return run_scenario(load(written(tmp_path_factory.mktemp("fair"), fair)))


def test_the_plan_of_the_way_asked_for_is_adopted_and_its_price_is_the_gap_to_most(run):
    (sited,) = run.plans
    chosen, most = sited.fairness.of("kolm_pollak"), sited.fairness.of("most")
    assert sited.adopted == "kolm_pollak"
    assert set(sited.plan.opened) == set(chosen.plan.opened)
    assert sited.plan.unit == "people"
    assert sited.plan.bound >= most.plan.objective - 1e-6 or sited.plan.ending == "proven"
    assert chosen.price == pytest.approx(most.plan.objective - sited.plan.objective)
    assert chosen.spread.even_walk <= sited.fairness.before.even_walk


def test_the_ledger_has_today_and_every_way(run):
    rows = list(csv.DictReader(io.StringIO(fairness_text(run))))
    assert [row["way"] for row in rows] == ["today", "most", "worst", "kolm_pollak", "cvar"]
    assert [row["adopted"] for row in rows] == ["", "", "", "yes", ""]
    assert rows[1]["price"] == "0"
    assert {row["walks up to"] for row in rows} == {"1500"}
    (record,) = fairness_records(run)
    assert record["adopted"] == "kolm_pollak"
    assert record["ways"][3]["opened"] == list(run.plans[0].fairness.of("kolm_pollak").plan.opened)
    sheet = fairness_sheet(run)
    assert sheet.rows[1][0] == TITLES["most"]
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)


@pytest.mark.parametrize(
    ("fair", "told"),
    [
        ("{by: no_unit_below}", "asked for without a share"),
        ("{by: fairest}", "by"),
        ("{worst_people: 0}", "worst_people"),
        ("{no_unit_below: 60}", "no_unit_below"),
    ],
)
def test_what_says_nothing_is_refused(tmp_path, fair, told):
    with pytest.raises(ScenarioError, match=told):
        load(written(tmp_path, fair))
