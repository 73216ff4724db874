"""The commands as a user types them, on a town of one street, and how each of them ends."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
from typer.testing import CliRunner

import planner.run
from planner import errors
from planner.cli import app, complete_outputs
from planner.sources.made_up import write_city
from tests.commands import PROJECT
from tests.commands import planner as in_a_process

HEAVY = {"numpy", "pandas", "geopandas", "shapely", "osmium", "osmnx", "folium", "pulp", "numba", "pydantic", "rich"}
RESULTS = ["deserts.csv", "evenness.csv", "ledger.csv", "nearness.csv", "rule_sets.csv", "run.json", "sites.gpkg"]
RESULTS += ["three_numbers.csv", "town.html", "town.xlsx"]

# One street, 0.001° of longitude = 92.9 m. Homes with their people above it, plots for a pocket park below.
#
#            100 people              10                  50
#    o---------o---------------------o-------------------o---------o
#  114.645  114.650               114.655             114.660   114.665
#            west                  middle               east              a plot in front of each home
STREET = """\
<osm version="0.6" generator="pencil">
  <node id="1" lat="33.6200" lon="114.645" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="2" lat="33.6200" lon="114.650" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="3" lat="33.6200" lon="114.660" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="4" lat="33.6200" lon="114.665" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <way id="1" version="1" timestamp="2026-01-31T00:00:00Z">
    <nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="highway" v="residential"/>
  </way>
</osm>
"""
HOMES = "id,lon,lat,people\na,114.650,33.6202,100\nb,114.655,33.6202,10\nc,114.660,33.6202,50\n"
PLOTS = "id,lon,lat\nwest,114.650,33.6198\nmiddle,114.655,33.6198\neast,114.660,33.6198\n"
SCENARIO = """\
city: town.osm
demand:
  layer: {file: homes.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, people: people, base: residents}
standards:
  measure: [green-300]
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 1
    candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: As surveyed.}
"""


@pytest.fixture
def town(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def command(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def run(town, *options):
    return command("run", town / "town.yaml", "--out", town / "out", *options)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_help_loads_nothing_heavy():
    asked = f"import sys, planner.cli; print(sorted({HEAVY!r} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", asked], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_run_writes_its_files_and_prints_the_path_of_the_map_last(town):
    done = in_a_process("run", "town.yaml", folder=town)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]) == Path("maps/town/town.html")
    assert sorted(path.name for path in (town / "maps/town").iterdir()) == RESULTS
    record = json.loads((town / "maps/town/run.json").read_text("utf-8"))
    (plan,) = record["plans"]
    assert (plan["opened"], plan["objective"], plan["ending"]) == (["west"], 100, "proven")
    assert str(town) not in (town / "maps/town/run.json").read_text("utf-8")
    steps = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("step ")]
    assert steps == [f"{step}/10" for step in range(1, 11)]


def test_every_headline_names_its_document_and_says_what_was_written_from_memory(town):
    told = run(town).stdout.splitlines()
    assert "160 people (residents) in 3 places" in told
    (green,) = (line for line in told if line.startswith("green within 300 m on foot"))
    assert green.endswith(
        "[300米见绿、500米见园, founding document, 2022; from 400 m² by P5: 城市体检 2022, "
        "公园绿化活动场地服务半径覆盖率; from memory, uncertain: check before publication]"
    )
    rows = [line for line in told if line.startswith("  P")]
    assert [row[2:4] for row in rows] == ["P1", "P2", "P3", "P4", "P5", "P6", "P6"]
    assert rows[2].startswith(
        "  P3: within the service radius of a park: on foot 0.0%, in a straight line 0.0%; 0 of 1"
    )
    assert "900 m², 1,100 m² short of 2,000" in rows[2]
    assert rows[2].endswith("[GB/T 50563-2010, service radius of parks; from memory: check before publication]")


def test_the_table_of_rule_sets_is_of_the_chosen_parks_on_foot_and_in_a_straight_line(town):
    assert run(town).exit_code == 0
    with (town / "out/rule_sets.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["rule set"], row["test"]): row for row in csv.DictReader(file)}
    lenient = rows["P5", "within the service radius of park and green activity space"]
    assert (lenient["on foot before"], lenient["on foot after"], lenient["straight after"]) == ("0", "100", "100")
    assert (lenient["chosen sites that count"], lenient["chosen sites that fall short"]) == ("1", "")
    strict = rows["P6", "green within 300 m"]
    assert (strict["on foot after"], strict["chosen sites"], strict["chosen sites that count"]) == ("0", "1", "0")
    assert strict["chosen sites that fall short"] == "plan 1: west: 900 m², 100 m² short of 1,000"
    assert strict["confidence"] == "from memory: check before publication"


def test_a_provision_of_one_s_own_changes_the_rule_sets_that_rest_on_it_and_no_other(town):
    change = "{provision: park.P6.green.area, value: 900, reason: As our city counts.}"
    assert run(town, "--set", f"standards.overrides=[{change}]").exit_code == 0
    record = json.loads((town / "out/run.json").read_text("utf-8"))
    rows = {(row["rule_set"], row["test"]): row for row in record["rule_sets"]}
    own = rows["P6", "see-green"]
    assert (own["walk"]["after"], own["chosen"]["short"]) == (100, [])
    assert own["bands"] == [{"service": "green", "min_area_m2": 900, "limit_m": 300}]
    assert own["reason"].endswith("≥ 900 m²: As our city counts.")
    assert rows["P3", "park-coverage"]["reason"] == ""
    assert rows["P3", "park-coverage"]["chosen"]["short"][0]["said"] == "900 m², 1,100 m² short of 2,000"
    assert "park.P6.green.area is changed: As our city counts." in record["assumptions"]


def test_a_run_that_asks_about_no_green_has_no_table_of_rule_sets(town):
    text = SCENARIO.partition("siting:")[0].replace("[green-300]", "[school-15min]")
    (town / "town.yaml").write_text(text, "utf-8")
    assert run(town).exit_code == 0
    assert not (town / "out/rule_sets.csv").exists()
    assert json.loads((town / "out/run.json").read_text("utf-8"))["rule_sets"] == []


def test_an_override_of_what_is_not_measured_is_said_to_change_nothing(town):
    change = "{standard: park-500, limit: 600, reason: Why not.}"
    assert run(town, "--set", f"standards.overrides=[{change}]").exit_code == 0
    notes = json.loads((town / "out/run.json").read_text("utf-8"))["notes"]
    assert "the override of park-500 changes nothing: it is neither measured nor asked for" in notes


def test_a_second_run_gives_the_same_bytes_and_leaves_foreign_files_alone(town):
    assert run(town).exit_code == 0
    first = bytes_of(town / "out")
    (town / "out" / "minutes of the meeting.txt").write_text("keep", "utf-8")
    assert run(town).exit_code == 0
    second = bytes_of(town / "out")
    assert second.pop("minutes of the meeting.txt") == b"keep"
    assert second == first


def test_a_set_option_changes_the_answer(town):
    assert run(town, "--set", "siting.0.new_sites=2").exit_code == 0
    (plan,) = json.loads((town / "out/run.json").read_text("utf-8"))["plans"]
    assert plan["opened"] == ["west", "east"]


def test_the_last_results_survive_a_failed_run(town):
    assert run(town).exit_code == 0
    first = bytes_of(town / "out")
    (town / "homes.csv").write_text(HOMES.replace("100", "-100"), "utf-8")
    failed = run(town)
    assert failed.exit_code == 3
    assert failed.stderr.splitlines()[-1].startswith("error: homes.csv, people from people: 1 of 3 places")
    assert bytes_of(town / "out") == first


def test_a_failed_first_run_leaves_no_folder(town):
    (town / "town.osm").write_text("<osm/>", "utf-8")
    failed = run(town)
    assert failed.exit_code == 3
    assert "Traceback" not in failed.output
    assert not (town / "out").exists()


def test_more_sites_than_candidates_is_a_fault_of_the_question(town):
    failed = run(town, "--set", "siting.0.new_sites=25")
    assert failed.exit_code == 2
    assert "25 sites asked of 3 candidates" in failed.stderr


def test_an_output_folder_that_cannot_be_written_is_refused_before_the_work(town):
    refused = command("run", town / "town.yaml", "--out", town / "plots.csv" / "out")
    assert refused.exit_code == 2
    assert "cannot be written" in refused.stderr
    assert "step" not in refused.stderr


def test_results_take_their_place_together_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").write_text("old b")
    whole = Path.replace

    def held_open(self, target):
        if self.name == "b" and self.read_text() == "new b":
            raise PermissionError(13, "held open")
        return whole(self, target)

    def publish():
        with complete_outputs(tmp_path) as unfinished:
            (unfinished / "a").write_text("new a")
            (unfinished / "b").write_text("new b")

    monkeypatch.setattr(Path, "replace", held_open)
    with pytest.raises(errors.OutputError, match="held open"):
        publish()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old a", "b": "old b"}


def test_every_fault_of_a_scenario_is_a_line_of_its_own(town):
    (town / "town.yaml").write_text(SCENARIO.replace("new_sites", "newsites").replace("plots", "plot"), "utf-8")
    for words in ("run", "validate"):
        failed = command(words, town / "town.yaml")
        assert failed.exit_code == 2
        assert [line.split("town.yaml:")[1].split(": ")[:2] for line in failed.stderr.splitlines()] == [
            ["7:5", "siting.0.new_sites"],
            ["9:5", "siting.0.newsites"],
            ["10:18", "siting.0.candidates.file"],
        ]


def test_a_plan_that_stops_before_the_gap_asked_for_ends_with_one(town, monkeypatch):
    whole = planner.run.run_scenario

    def stopped(scenario, progress, hear):
        result = whole(scenario, progress, hear)
        (sited,) = result.plans
        return replace(result, plans=(replace(sited, plan=replace(sited.plan, ending="stopped", bound=125.0)),))

    monkeypatch.setattr(planner.run, "run_scenario", stopped)
    short = run(town)
    assert short.exit_code == 1
    assert short.stdout.splitlines()[-1] == str(town / "out" / "town.html")
    assert run(town, "--set", "siting.0.gap=0.2").exit_code == 0  # 100 of at most 125: a gap of 20 %, as asked


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.QuestionError("no"), 2),
        (errors.OutputError("no"), 2),
        (errors.ExtractError("no"), 3),
        (errors.ColumnError("no"), 3),
        (errors.FetchError("no"), 3),
        (errors.NoSolverError("no"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(town, monkeypatch, error, code):
    def fails(scenario, progress, hear):
        raise error

    monkeypatch.setattr(planner.run, "run_scenario", fails)
    failed = run(town)
    assert failed.exit_code == code
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr
    assert not (town / "out").exists()


def test_a_bug_shows_its_traceback_and_ends_with_seventy(town, monkeypatch):
    monkeypatch.setattr(planner.run, "run_scenario", lambda scenario, progress, hear: 1 / 0)
    failed = run(town)
    assert failed.exit_code == 70
    assert "ZeroDivisionError" in failed.stderr


@pytest.mark.parametrize("typed", [["run"], ["rum"], ["validate", "no.yaml"], ["run", "no.yaml", "--gap", "1"]])
def test_a_wrong_command_line_ends_with_two(typed):
    assert in_a_process(*typed).returncode == 2


def test_validate_says_that_there_are_no_faults(town):
    done = command("validate", town / "town.yaml")
    assert done.exit_code == 0
    assert done.stdout == f"{town / 'town.yaml'}: no faults (files: 4, variants: 0)\n"


def test_init_writes_a_scenario_that_holds_and_overwrites_nothing(tmp_path):
    folder = tmp_path / "new" / "city"
    done = command("init", folder)
    assert done.exit_code == 0
    assert f"planner run {folder / 'scenario.yaml'}" in done.stdout
    assert command("validate", folder / "scenario.yaml").exit_code == 0
    first = bytes_of(folder)
    again = command("init", folder)
    assert again.exit_code == 2
    assert "already has scenario.yaml" in again.stderr
    assert bytes_of(folder) == first


def swapped(town):
    rows = [line.split(",") for line in HOMES.splitlines()[1:]]
    body = "".join(f"{i},{lat},{lon},{people}\n" for i, lon, lat, people in rows)
    (town / "homes.csv").write_text("id,lon,lat,people\n" + body, "utf-8")


def elsewhere(town):
    (town / "homes.csv").write_text(HOMES.replace("114.6", "110.6"), "utf-8")


def without_a_system(town):
    homes = gpd.GeoDataFrame({"people": [5]}, geometry=gpd.points_from_xy([114.65], [33.6202]))
    homes.to_file(town / "homes.shp")
    text = SCENARIO.replace("{file: homes.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326,", "{file: homes.shp,")
    (town / "town.yaml").write_text(text, "utf-8")


def empty_extract(town):
    (town / "town.osm").write_text('<osm version="0.6"/>', "utf-8")


def motorways_only(town):
    (town / "town.osm").write_text(STREET.replace("residential", "motorway"), "utf-8")


def truncated(town):
    write_city(town / "city.osm.pbf")
    (town / "half.osm.pbf").write_bytes((town / "city.osm.pbf").read_bytes()[:100_000])
    (town / "town.yaml").write_text(SCENARIO.replace("city: town.osm", "city: half.osm.pbf"), "utf-8")


@pytest.mark.filterwarnings("ignore:'crs' was not provided")  # that is the point of one of them
@pytest.mark.parametrize(
    ("spoil", "code", "told"),
    [
        (swapped, 3, ["homes.csv", "lon"]),
        (elsewhere, 3, ["homes.csv", "km from the city"]),
        (without_a_system, 2, ["town.yaml:3:", "homes.shp", "crs: EPSG:4326"]),
        (empty_extract, 3, ["town.osm", "empty"]),
        (motorways_only, 3, ["town.osm", "none of 1 highways may be walked", "motorway 1"]),
        (truncated, 3, ["half.osm.pbf", "100,000 bytes", "truncated"]),
    ],
)
def test_bad_input_is_refused_in_words_and_the_last_results_survive(town, spoil, code, told):
    assert run(town).exit_code == 0
    first = bytes_of(town / "out")
    spoil(town)
    refused = run(town)
    assert refused.exit_code == code, refused.output
    assert "Traceback" not in refused.output
    assert [words for words in told if words not in refused.stderr] == []
    assert bytes_of(town / "out") == first


def test_a_service_that_the_data_do_not_hold_is_said_to_be_unmapped(town):
    assert run(town, "--set", "standards.measure=[green-300, eldercare-15min]").exit_code == 0
    record = json.loads((town / "out/run.json").read_text("utf-8"))
    assert "The data hold no eldercare: its share says what is mapped, not what stands." in record["assumptions"]


def test_a_site_chosen_for_one_standard_may_serve_another_and_that_is_said(town):
    plots = SCENARIO.partition("candidates: ")[2].replace("area_m2: 900", "area_m2: 6000")
    (town / "town.yaml").write_text(
        SCENARIO.replace("area_m2: 900", "area_m2: 6000").replace("[green-300]", "[green-300, park-500]")
        + "  - question: cover_most_people\n    standard: park-500\n    new_sites: 1\n    candidates: "
        + plots,
        "utf-8",
    )
    done = run(town)
    assert done.exit_code == 0, done.output
    record = json.loads((town / "out/run.json").read_text("utf-8"))
    green, park = record["plans"]
    (row,) = (row for row in record["coverage"] if (row["standard"], row["metric"]) == ("park-500", "walk"))
    assert (green["opened"], green["objective"]) == (["west"], 100)
    assert park["objective"] < row["after"] - row["before"]
    assert any("park-500 are served by sites chosen for another standard" in note for note in record["notes"])
