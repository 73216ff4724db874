"""Two runs beside each other: every figure is that of their records, and what else parts them is said."""

import csv
import json
import re
import shutil
from dataclasses import replace

import pytest

from planner import report
from planner.compared import compare_runs
from planner.errors import DataError
from planner.papers.difference import difference
from planner.papers.ink import Sheet as Page
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET, command
from tests.test_school_seats import answer, write

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


def test_money_is_told_kind_by_kind_where_a_run_knows_it(runs):
    a, _, c = runs
    whole, parks = ("cost of sites 1", "cost of sites 1, green")
    assert {(each.what, each.cost) for each in compare_runs(a, c).money} == {("green", (None, 14)), ("", (None, 14))}
    assert {f"{whole}: not told → 14", f"{parks}: not told → 14"} <= {*compare_runs(a, c).sentences()}
    assert f"{whole}: 14" in list(compare_runs(c, c).sentences())
    dearer = replace(compare_runs(c, c), b=json.loads(json.dumps(compare_runs(c, c).b).replace("14", "20")))
    assert f"{whole}: 14 → 20 (+6)" in list(dearer.sentences())


def test_a_run_is_called_by_its_title_its_variant_and_its_id(tmp_path):
    asked = SCENARIO + "title: {zh: 一条街, en: One street}\nvariants: {two: {siting.0.new_sites: 2}}\nscenario: town\n"
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": asked}.items():
        (tmp_path / name).write_text(text, "utf-8")
    folders = [tmp_path / each for each in ("one", "two")]
    for folder, variant in zip(folders, (None, "two"), strict=True):
        folder.mkdir()
        report.write(run_scenario(load(tmp_path / "town.yaml", variant=variant)), folder)
    compared = compare_runs(*folders)
    assert compared.names == ("One street (town)", "One street, variant two (town-two)")
    assert compared.parted == ("changed in B: siting.0.new_sites = 2",)


@pytest.fixture(scope="module")
def schools(tmp_path_factory):
    """The street with a school (test_school_seats): free to build and extend, and with one option alone."""
    town = write(tmp_path_factory.mktemp("schools"))
    for name, changes in {"free": (), "one": ("schools.0.most_options=1",)}.items():
        (town / name).mkdir()
        report.write(answer(town, *changes), town / name)
    return town / "free", town / "one"


def test_school_seats_are_those_of_the_records_and_who_moves_is_counted_from_home_to_home(schools):
    free, one = schools
    compared = compare_runs(free, one)
    (seats,) = compared.seats
    rows = [json.loads((each / "run.json").read_text("utf-8"))["schools"][0]["ways"]["plan"][0] for each in schools]
    assert seats.standard == tuple(row["standard_seats"] for row in rows) == (180, 90)
    assert seats.added == (135, 45)
    assert seats.missing["45"] == tuple(row["missing_for_standard_classes"] for row in rows)
    assert seats.missing["55"] == tuple(row["missing_for_classes_below_oversized"] for row in rows)
    assert seats.missing["65"] == tuple(row["missing_for_classes_below_severe"] for row in rows)
    assert seats.unserved == (0, 0)
    tables = [(each / "catchments.csv").read_text("utf-8-sig").splitlines() for each in schools]
    goes = [{row["home"]: row["school"] for row in csv.DictReader(table)} for table in tables]
    pupils = {"a": 90, "b": 9, "c": 45}
    assert seats.moved == sum(count for home, count in pupils.items() if goes[0][home] != goes[1][home]) > 0
    assert seats.of == 144


def test_options_are_told_with_their_year(schools):
    compared = compare_runs(*schools)
    (options,) = compared.options
    assert options.both == ()
    assert options.only_a == ("extend old primary in 2022 × 2", "new east, 1 primary in 2022")
    assert options.only_b == ("new middle, 1 primary in 2022",)
    told = list(compared.sentences())
    assert str(options) in told
    assert any(
        line.startswith("school seats, primary, 2022: standard seats: 180 → 90 (-90); of them added: 135 → 45 (-90)")
        for line in told
    )
    assert any(line.startswith("cost of schools 1: 16 → ") for line in told)
    assert compare_runs(schools[0], schools[0]).seats[0].alike


def test_a_stage_that_one_run_plans_alone_is_told_without_who_moves(schools, runs):
    (seats,) = compare_runs(runs[0], schools[0]).seats
    assert (seats.years, seats.standard, seats.moved) == (("", "2022"), (None, 180), None)
    assert str(seats).startswith("school seats, primary, 2022: standard seats: not told → 180;")


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


def test_the_differences_of_schools_are_drawn_too(schools, monkeypatch):
    said, once = [], Page.at
    monkeypatch.setattr(
        Page, "at", lambda page, x, y, text, **look: said.append(text) or once(page, x, y, text, **look)
    )
    drawn = difference(compare_runs(*schools), *schools)
    assert len(re.findall(rb"/Type /Page\b", drawn)) == 1  # the homes have as much green in both
    assert "school seats, primary, 2022" in said
    assert {"at the same school 学校不变: 90", "at another school 学校改变: 54"} <= {*said}
    assert {"in both 共有: 1", "only in A 仅 A: 1 (east)", "only in B 仅 B: 1 (middle)"} <= {*said}


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
