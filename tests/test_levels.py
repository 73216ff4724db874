"""Two levels of eldercare from a scenario: what stands for each unit, floor, places and the way between, as written."""

import csv
import io
import json
import re

import geopandas as gpd
import pytest
import shapely

from planner.errors import QuestionError
from planner.ledgers import RECORDS, TABLES
from planner.ledgers.levels import levels_sheet
from planner.run import run_scenario
from planner.scenario import load
from tests.commands import PROJECT
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot before each; the west ends after the first.
UNITS = {"west": shapely.box(114.640, 33.61, 114.6525, 33.63), "east": shapely.box(114.6525, 33.61, 114.670, 33.63)}
QUESTION = """\
  - question: site_services
    candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: As surveyed.}
    services:
      - standard: eldercare-centre-1000
        new_sites: 1
        present_in: {file: units.geojson, id: id, name: name}
        shared_from:
        sizes: [{name: centre, floor_m2: 50, capacity: 60}]
      - standard: eldercare-15min
        new_sites: 1
        present_in: {file: units.geojson, id: id, name: name}
        shared_from:
        sizes: [{name: room, floor_m2: 5}, {name: station, min_area_m2: 400, floor_m2: 10, capacity: 30}]
        floor:
          provision: elder.floor.henan.existing
          people_per_household: 2
          required: in_each
          assumption: Two people a household.
"""


def write(tmp_path):
    scenario = f"{SCENARIO.partition('  - question')[0]}{QUESTION}"
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": scenario}.items():
        (tmp_path / name).write_text(text, "utf-8")
    names = [*UNITS]
    layer = gpd.GeoDataFrame({"id": ["1", "2"], "name": names}, geometry=[*UNITS.values()], crs=4326)
    layer.to_file(tmp_path / "units.geojson")
    return tmp_path


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def run(town):
    return answer(town)


def answer(town, *changes):
    return run_scenario(load(town / "town.yaml", set=changes))


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_each_unit_says_what_stands_for_each_level_and_what_floor_it_has(run):
    #  20 m² for 100 households: the west's 50 need 10 m², which the centre has; the east's 30 need 6, so a station.
    found = {(row["service"], row["unit"]): row for row in rows(TABLES["presence.csv"](run))}
    station, there = found["eldercare", "east"], found["eldercare", "west"]
    assert (station["present today"], station["present after"], station["site after"]) == (
        "missing",
        "own",
        "new middle",
    )
    assert (station["people"], station["share before"], station["share after"]) == ("60", "0.0", "1.0")
    assert [station[key] for key in ("households", "floor m2 after", "floor m2 missing")] == ["30", "10", "0"]
    assert there["site after"] == "new west"  # the centre is a station as well
    assert (there["floor m2 after"], there["m2 per 100 households after"]) == ("50", "100")
    assert found["eldercare-centre", "east"]["present after"] == "missing"
    assert found["eldercare-centre", "east"]["share after"] == "1.0"  # within reach all the same: the other reading
    assert found["eldercare-centre", "east"]["floor asked"] == ""


def test_each_site_says_its_size_its_load_and_how_far_the_next_level_is(run):
    found = {(row["service"], row["site"]): row for row in rows(TABLES["centres.csv"](run))}
    station, centre = found["eldercare", "new middle"], found["eldercare", "new west"]
    assert (station["size"], station["capacity"], station["load"]) == ("station", "30", "30")
    assert (centre["capacity"], centre["load"]) == ("60", "60")
    assert station["next level"] == "new west"
    assert float(station["metres to it"]) == pytest.approx(464 + 2 * 22, abs=2)
    assert run.plans[1].level.places.without.sum() == pytest.approx(70)


def test_the_record_and_the_sheet_have_the_sums(run):
    centres, stations = RECORDS["levels"](run)
    assert json.dumps(stations)
    assert centres["present"] == {
        "today": {"own": 0, "shared": 0, "missing": 2},
        "after": {"own": 1, "shared": 0, "missing": 1},
    }
    assert centres["missing"] == ["east"]
    assert stations["floor"]["m2_per_100_households"] == {"before": 0, "after": 75}
    assert (stations["people"], stations["within_reach"]) == (160, {"before": 0, "after": 160})
    sheet = levels_sheet(run)
    assert [row[1] for row in sheet.rows] == [(0, 1), (0, 1)]
    assert [row[0]["zh"] for row in sheet.rows] == ["综合养老服务中心服务半径1000米", "养老服务15分钟可达"]
    assert [row[2] for row in sheet.rows] == ["0 → 1 / 2", "0 → 2 / 2"]
    assert sheet.rows[1][3] == "0.0 → 75.0 / 20"
    assert [words["en"] for words in sheet.more[0]] == ["east: missing, 60 / 60"]


def test_a_unit_may_share_the_centre_of_its_neighbour(town):
    run = answer(town, "siting.0.services.0.shared_from=0.5")
    (row,) = [
        row
        for row in rows(TABLES["presence.csv"](run))
        if (row["service"], row["unit"]) == ("eldercare-centre", "west")
    ]
    assert (row["present after"], row["site after"], row["site lies in after"]) == ("shared", "new middle", "east")


def test_a_run_without_several_services_says_nothing_of_levels(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    run = answer(tmp_path)
    assert TABLES["presence.csv"](run) == TABLES["centres.csv"](run) == ""
    assert (RECORDS["levels"](run), levels_sheet(run)) == ([], None)


def test_the_scenario_of_the_document_is_one(tmp_path):
    document = (PROJECT / "docs" / "eldercare.md").read_text("utf-8")
    (question,) = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    before, _, _ = (PROJECT / "scenarios" / "chuanhui.yaml").read_text("utf-8").partition("\nsiting:")
    (tmp_path / "eldercare.yaml").write_text(f"{before}\n{question}", "utf-8")
    (asked,) = load(tmp_path / "eldercare.yaml").siting
    assert [each.new_sites for each in asked.services] == [3, 27]


def test_where_no_candidate_is_large_enough_the_run_says_so(town):
    run = answer(town, "siting.0.services.0.sizes.0.min_area_m2=1000", "siting.0.services.1.floor=null")
    assert run.plans[0].plan.opened == ()
    said = "1 sites were asked for and 0 are opened: none of the 3 candidates is large enough for eldercare-centre"
    assert said in run.notes


def test_floor_that_no_plan_has_is_refused_with_what_asks_for_it(town):
    with pytest.raises(QuestionError, match=r"at least 6 m² of floor: east, ≥ 20 m² per 100 households"):
        answer(town, "siting.0.services.0.new_sites=0", "siting.0.services.1.new_sites=0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("siting.0.services.1.floor.provision=elder.land.henan", "no provision of floor 'elder.land.henan'"),
        ("siting.0.services.1.floor.people_per_household=0", "people_per_household"),
        ("siting.0.services.1.sizes.0.name=station", "sizes name station more than once"),
        ("siting.0.services.1.sizes.0.cost=5", "sizes room cost something beside the site"),
        ("siting.0.services.1.present_in=null", "floor is counted by the areas of present_in"),
        ("siting.0.services.1.sizes.1.capacity=0", "capacity"),
    ],
)
def test_a_scenario_that_contradicts_itself_is_refused(town, change, words):
    with pytest.raises(ValueError, match=words):
        answer(town, change)
