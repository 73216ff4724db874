"""Money year by year: every sum against the sites and prices that make it up; where no price is given there is none."""

import csv
import io
import json

import numpy as np
import pytest

from planner import report
from planner.budget import ALL, spendings
from planner.ledgers import RECORDS, TABLES
from planner.ledgers.budget import budget_sheet
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET
from tests.test_school_seats import QUESTION, ROLL

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot of 900 m² before each.
LAND = "candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: Seen.}"
YEARS = f"""\
  - question: cover_most_people
    standard: green-300
    new_sites: 3
    {LAND}
    cost: {{fixed: 10, per_m2: 0.1, assumption: made up}}
    budget: 400
    years: [{{name: 2022, new_sites: 1, budget: 150}}, {{name: 2023, new_sites: 2, budget: 250}}]
"""
SHARED = f"""\
  - question: site_services
    {LAND}
    budget: 40
    services:
      - standard: green-300
        new_sites: 2
        cost: {{fixed: 12, assumption: made up}}
        years: [{{name: 2022, new_sites: 1}}, {{name: 2023, new_sites: 1}}]
      - {{standard: kindergarten-300, new_sites: 1, cost: {{fixed: 8, assumption: made up}}}}
    together: [{{services: [green, kindergarten], saves: 0.25, assumption: made up}}]
"""


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    def answer(siting, *, measure="[green-300, kindergarten-300]", schools="", set=()):  # noqa: A002
        folder = tmp_path_factory.mktemp("town")
        head = SCENARIO.partition("siting:")[0].replace("[green-300]", measure)
        asked = f"{head}{'siting:' if siting else ''}\n{siting}{schools}"
        files = {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "roll.csv": ROLL, "town.yaml": asked}
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return run_scenario(load(folder / "town.yaml", set=set))

    return answer


def rows(run):
    return [
        (each.year, each.what, each.built, each.cost, each.so_far, each.budget, each.left) for each in spendings(run)
    ]


def test_each_year_costs_what_its_sites_cost_and_is_held_against_its_budget(answered):
    run = answered(YEARS)  # a plot of 900 m² costs 10 + 90
    assert rows(run) == [
        ("2022", "green", 1, 100, 100, 150, 50),
        ("2023", "green", 2, 200, 300, 250, 50),
        (ALL, "", 3, 300, 300, 400, 100),
    ]
    assert [each.people for each in spendings(run)] == [100, 160, None]  # the west first, then all homes
    (sited,) = run.plans
    assert sited.costs.tolist() == [100, 100, 100]


def test_what_a_year_leaves_may_be_spent_later_where_years_carry_over(answered):
    run = answered(YEARS, set=["siting.0.carry_over=true", "siting.0.years.0.budget=190"])
    assert [row[-1] for row in rows(run)] == [90, 190 + 250 - 300, 100]


def test_a_parcel_with_two_services_is_split_by_what_each_would_cost_alone(answered):
    run = answered(SHARED)  # together (12 + 8) · 0.75 = 15 of which 9 are the park's; the other park 12
    (whole,) = [sited.whole for sited in run.wholes]
    assert whole.cost == 27
    assert sorted(map(tuple, whole.costs.tolist())) == [(9, 6), (12, 0)]
    parks, schools = run.plans
    assert (sorted(parks.costs.tolist()), schools.costs.tolist()) == ([9, 12], [6])
    first = parks.costs[0]
    assert rows(run) == [
        ("2022", "green", 1, first, first, None, None),
        ("2022", "", 1, first, first, None, None),
        ("2023", "green", 1, 21 - first, 21, None, None),
        ("2023", "", 1, 21 - first, 21, None, None),
        ("", "kindergarten", 1, 6, 6, None, None),
        ("", "", 1, 6, 27, None, None),
        (ALL, "", 3, 27, 27, 40, 13),
    ]


def test_schools_tell_money_and_seats_by_kind(answered):
    run = answered("", measure="[green-300]", schools=QUESTION)  # two more classes for 2 each, a new one for 10 + 2
    assert rows(run) == [
        ("2022", "extend", 1, 4, 4, None, None),
        ("2022", "build", 1, 12, 12, None, None),
        ("2022", "", 2, 16, 16, None, None),
        (ALL, "", 2, 16, 16, None, None),
    ]
    seats = [each.seats for each in spendings(run)]
    assert seats == [90, 45, 135, 135]
    (answer,) = run.schools
    assert seats[-1] == answer.plan.seats_added("2022").sum()


def test_the_budget_of_each_year_of_schools_is_told(answered):
    changes = ["schools.0.years=[2022, 2023]", "schools.0.budget={2022: 5, 2023: 11}", "schools.0.carry_over=true"]
    sums = [
        each for each in spendings(answered("", measure="[green-300]", schools=QUESTION, set=changes)) if not each.what
    ]
    assert [(each.year, each.budget) for each in sums] == [("2022", 5), ("2023", 11), (ALL, None)]
    assert [each.left for each in sums[:2]] == [5 - sums[0].cost, 16 - sums[0].cost - sums[1].cost]
    assert all(each.left >= 0 for each in sums[:2])


def test_what_nobody_has_priced_has_no_cost_and_no_sum(answered):
    unpriced = QUESTION.replace("      cost: {fixed: 10, per_class: 2, assumption: Made up.}\n", "")
    found = rows(
        answered("", measure="[green-300]", schools=unpriced, set=["schools.0.order=[unserved, above_standard]"])
    )
    cost = {(year, what): cost for year, what, _, cost, *_ in found}
    assert cost["2022", "build"] is None
    assert cost["2022", "extend"] is not None
    assert cost["2022", ""] is cost[ALL, ""] is None
    assert rows(answered(YEARS.partition("    cost:")[0], measure="[green-300]")) == []


def test_table_record_and_sheet_hold_the_same(answered):
    run = answered(SHARED)
    record = json.loads(report.record_text(run))
    table = list(csv.DictReader(io.StringIO(TABLES["budget.csv"](run))))
    sheet = budget_sheet(run)
    told = list(spendings(run))
    assert len(table) == len(record["budget"]) == len(sheet.rows) == len(told) == 7
    for each, written, row, cells in zip(told, record["budget"], table, sheet.rows, strict=True):
        money = (each.cost, each.so_far, each.budget, each.left)
        assert tuple(written[key] for key in ("cost", "so_far", "budget", "left")) == money
        assert cells[6:10] == money
        assert [row["cost"], row["left"]] == ["" if value is None else f"{value:g}" for value in (each.cost, each.left)]
    assert RECORDS["budget"](run) == record["budget"]
    costs = [site["cost"] for plan in record["plans"] for site in plan["sites"]]
    assert np.sum(costs) == record["together"][0]["cost"] == 27


def test_a_year_that_a_spreadsheet_would_compute_is_text(answered):
    evil = YEARS.replace("name: 2022", "name: '=1+1'")
    first = next(csv.DictReader(io.StringIO(TABLES["budget.csv"](answered(evil)))))
    assert first["year"] == "'=1+1"
