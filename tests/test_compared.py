"""Two runs beside each other: every figure is that of their records, and what else parts them is said."""

import json
import re
import shutil

import pytest

from planner import report
from planner.compared import compare_runs
from planner.errors import DataError
from planner.papers.difference import difference
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET, command

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot before each. A builds one park, B two, for
# a quarter fewer people in the last home.
TWO = SCENARIO.replace("new_sites: 1", "new_sites: 2")
COSTLY = SCENARIO.partition("  - question")[0] + (
    "  - question: site_services\n"
    "    candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: Seen.}\n"
    "    services: [{standard: green-300, new_sites: 2, cost: {fixed: 7, assumption: made up}}]\n"
    "    budget: 14\n"
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    room = tmp_path_factory.mktemp("runs")
    for name, scenario in {"a": SCENARIO, "b": TWO, "c": COSTLY}.items():
        town = room / f"town-{name}"
        (town / "out").mkdir(parents=True)
        files = {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, f"{name}.yaml": scenario}
        for file, text in files.items():
            (town / file).write_text(text, "utf-8")
        report.write(run_scenario(load(town / f"{name}.yaml")), town / "out")
    return [room / f"town-{name}" / "out" for name in "abc"]


def test_people_shares_and_sites_are_those_of_the_records(runs):
    a, b, _ = runs
    compared = compare_runs(a, b)
    told = {(each.standard, each.metric): each for each in compared.served if not each.group}
    records = [json.loads((folder / "run.json").read_text("utf-8")) for folder in (a, b)]
    for which, each in told.items():
        here = [next(row for row in run["coverage"] if (row["standard"], row["metric"]) == which) for run in records]
        assert each.people == tuple(row["after"] for row in here)
        assert each.shares == tuple(row["after"] / row["total"] for row in here)
    assert told["green-300", "walk"].people == (100, 150)
    (sites,) = compared.sites
    assert (sites.both, sites.only_a, sites.only_b) == (("west",), (), ("east",))
    assert "green within 300 m on foot: 62.5% → 93.8% (+50 people, +31.2 points)" in list(compared.sentences())
    assert "green-300: 1 sites in both, 0 only in A, 1 only in B (east)" in list(compared.sentences())


def test_a_run_beside_itself_changes_nothing(runs):
    compared = compare_runs(runs[0], runs[0])
    assert not compared.parted
    assert "the same in both: green within 300 m" in list(compared.sentences())
    assert all(each.people[0] == each.people[1] for each in compared.served)
    assert all(not each.only_a and not each.only_b for each in compared.sites)


def test_money_is_told_where_a_run_knows_it(runs):
    a, _, c = runs
    assert compare_runs(a, c).costs == (None, 14)
    assert "cost: not told → 14" in list(compare_runs(a, c).sentences())
    assert "cost: 14 → 14 (+0)" in list(compare_runs(c, c).sentences())


def test_what_else_parts_two_runs_is_said(runs, tmp_path):
    other = json.loads((runs[0] / "run.json").read_text("utf-8"))
    other |= {"population": 161, "inputs": {**other["inputs"], "homes.csv": "ab"}}
    (tmp_path / "run.json").write_text(json.dumps(other), "utf-8")
    assert compare_runs(runs[0], tmp_path).parted == ("different people: 160 and 161", "different input: homes.csv")


def test_a_folder_without_a_run_is_refused(runs, tmp_path):
    with pytest.raises(DataError, match=r"holds no run: run\.json cannot be read"):
        compare_runs(runs[0], tmp_path)
    (tmp_path / "run.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match=r"lacks scenario, city"):
        compare_runs(runs[0], tmp_path)


def test_the_differences_are_drawn_a_page_a_standard_and_the_same_every_time(runs):
    a, b, _ = runs
    drawn = difference(compare_runs(a, b), a, b)
    assert len(re.findall(rb"/Type /Page\b", drawn)) == 1
    assert drawn == difference(compare_runs(a, b), a, b)


def test_the_command_takes_folders_and_scenarios(runs, tmp_path):
    a, b, _ = runs
    from_folders = command("compare", a, b, "--out", tmp_path / "ab.pdf")
    assert from_folders.exit_code == 0, from_folders.output
    assert from_folders.stdout.splitlines()[-1] == str(tmp_path / "ab.pdf")
    shutil.copytree(b.parent, tmp_path / "town")
    from_scenario = command("compare", a, tmp_path / "town" / "b.yaml")
    assert from_scenario.exit_code == 0, from_scenario.output
    assert from_scenario.stdout.splitlines() == from_folders.stdout.splitlines()[:-1]
    refused = command("compare", a, tmp_path)
    assert refused.exit_code == 3
    assert "holds no run" in refused.stderr
