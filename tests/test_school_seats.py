"""School seats from a scenario: pupils by cohorts, a roll of schools, what is built, zones, and what is written."""

import csv
import io
import json
from xml.etree import ElementTree as ET

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from planner.errors import DataError, PeopleError, QuestionError, ScenarioError
from planner.ledgers import RECORDS, SHEETS, TABLES
from planner.ledgers.schools import seats_sheet
from planner.report import write_layers
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET, command

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot before each. Nine of ten are of primary
# age: 90, 9 and 45 pupils. The only school, before the west, has one class, so 45 seats.
ROLL = "school,name,lon,lat,rooms,junior_rooms,on_roll,junior_roll\nold,老小学,114.650,33.6202,1,,90,0\n"
QUESTION = """\
schools:
  - stages: [primary]
    years: [2022]
    pupils: {of_everybody: {0-5: 0.1, 6-11: 0.9}, assumption: Nine of ten are pupils.}
    standing:
      roll: {file: roll.csv, id: school, name: name, lon: lon, lat: lat, crs: EPSG:4326, classes: {primary: rooms}}
    build:
      candidates: {file: plots.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: As surveyed.}
      sizes: [{primary: 1}]
      cost: {fixed: 10, per_class: 2, assumption: Made up.}
    extend: {classes: {primary: 1}, times: 3, cost: {per_class: 2, assumption: Classes are made up.}}
    limit_m: {primary: 600}
    reason: The street is long.
    order: [unserved, oversized, above_standard, cost, walk]
"""


def write(tmp_path, question=QUESTION, roll=ROLL):
    scenario = f"{SCENARIO.partition('siting:')[0]}{question}"
    for name, text in {
        "town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "roll.csv": roll, "town.yaml": scenario
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def answer(folder, *changes):
    return run_scenario(load(folder / "town.yaml", set=changes))


def rows(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def run(town):
    return answer(town)


def test_it_builds_where_nobody_is_near_and_extends_where_classes_are_too_large(run):
    #  a and b (99) fill three classes of the old school, c (45) a new one at its door: 2 · 2 + 12 in cost
    (seats,) = run.schools
    assert [(str(taken), taken.option.cost) for taken in seats.plan.taken] == [
        ("2022: extend old primary × 2 (extend old)", 2),
        ("2022: new east, 1 primary (build east)", 12),
    ]
    assert {level.aim: (level.value, level.proven) for level in seats.plan.levels if level.aim != "walk"} == {
        "unserved": (0, True), "oversized": (0, True), "above_standard": (0, True), "cost": (16, True)
    }  # fmt: skip
    assert seats.plan.of("walk").value == pytest.approx(90 * 44.4 + 9 * 508 + 45 * 44.4, rel=2e-3)


def test_the_command_counts_the_step_of_schools(town, tmp_path):
    done = command("run", town / "town.yaml", "--out", tmp_path / "out")
    told = [line for line in done.stderr.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in told] == [f"{step}/11" for step in range(1, 12)]


def test_ways_stand_side_by_side(run):
    #  today 45 of c reach nobody and 99 sit in one class; at the nearest the 9 of b would go to no new school either
    found = {row["way"]: row for row in rows(TABLES["seats.csv"](run))}
    assert list(found) == ["today", "nearest", "free_choice", "fewest_classes", "plan"]
    columns = ["pupils", "reach no school", "missing for classes below oversized", "missing for standard classes"]
    assert [found["today"][key] for key in columns] == ["99", "45", "44", "54"]
    assert [found["plan"][key] for key in columns] == ["144", "0", "0", "0"]
    fewest = found["fewest_classes"]
    assert (fewest["seats added"], fewest["missing for classes below oversized"]) == ("90", "0")
    assert (found["plan"]["seats added"], found["plan"]["empty seats"]) == ("135", "36")
    assert run.schools[0].relieved("primary") == {"severe": ("old",), "oversized": ("old",), "large": ()}


def test_each_school_and_each_home_has_its_row(run):
    schools = {row["school"]: row for row in rows(TABLES["schools.csv"](run))}
    assert [schools["old"][key] for key in ("name", "done", "classes today", "classes plan")] == [
        "老小学", "extend 2022", "1", "3"
    ]  # fmt: skip
    assert (schools["old"]["pupils a class today"], schools["old"]["pupils a class plan"]) == ("99", "33")
    homes = rows(TABLES["catchments.csv"](run))
    assert [tuple(row[key] for key in ("home", "pupils", "school today", "school")) for row in homes] == [
        ("a", "90", "old", "old"),
        ("b", "9", "old", "old"),
        ("c", "45", "", "east"),
    ]


def test_the_layer_of_schools_says_what_is_done_and_a_style_draws_it(run, tmp_path):
    write_layers(run, tmp_path / "sites.gpkg")
    layer = gpd.read_file(tmp_path / "sites.gpkg", layer="schools").set_index("id")
    columns = ["done", "year", "classes_today", "classes", "pupils_today", "pupils"]
    assert layer.loc["old", columns].tolist() == ["extend", "2022", 1, 3, 99, 99]
    assert layer.loc["east", columns].tolist() == ["build", "2022", 0, 1, 0, 45]
    assert layer.loc["old", "name"] == "老小学"
    looks = gpd.read_file(tmp_path / "sites.gpkg", layer="layer_styles").set_index("f_table_name")
    drawn = ET.fromstring(looks.loc["schools", "styleQML"].split("\n", 1)[1])  # noqa: S314  (we wrote it)
    assert [each.get("value") for each in drawn.iter("category")] == ["build", "extend"]


def test_the_record_and_the_sheet_say_the_same(run):
    (record,) = json.loads(json.dumps(RECORDS["schools"](run)))
    assert record["ending"] == "proven"
    assert record["fewest"] == {"options": 2, "seats": 90, "ending": "proven"}
    assert record["ways"]["plan"][0]["seats_added"] == 135
    assert record["relieved"] == {"primary": {"severe": 1, "oversized": 1, "large": 0}}
    sheet = seats_sheet(run)
    assert [row[3] for row in sheet.rows] == [0, 135, 135, 90, 135]
    assert [words["zh"] for words in sheet.more[-1]] == ["2022 扩建 老小学: +2", "2022 新建 east: +1"]
    assert "primary, 2022: 144 pupils, 45 → 180 standard seats (+135)" in list(run.schools[0].sentences())


def test_assumptions_are_told(run):
    assert {"Nine of ten are pupils.", "As surveyed.", "Made up.", "Classes are made up.", "The street is long."} <= {
        *run.assumptions
    }


def test_options_and_seats_may_be_limited(town):
    (seats,) = answer(town, "schools.0.most_options=1").schools
    assert [taken.option.school for taken in seats.plan.taken] == ["middle"]  # b and c, and all of them have a school
    (seats,) = answer(town, "schools.0.most_seats=90").schools
    assert seats.plan.seats_added("2022").tolist() == [90]
    assert seats.plan.of("above_standard").value == 144 - 45 * 3


def test_cohorts_grow_older_and_births_change(town):
    #  90 are 6 to 11 and 10 younger, evenly: a year later a sixth has left and a sixth of the younger have come
    run = answer(town, "schools.0.years=[2022, 2023]", "schools.0.pupils.births_change=-0.077")
    (seats,) = run.schools
    assert seats.plan.pupils.total[0].tolist() == pytest.approx([144, 144 * 5 / 6 + 16 / 6])
    counted = "schools.0.pupils.counted=2022"
    later = answer(town, "schools.0.years=[2029]", counted, "schools.0.pupils.births_change=-0.5")
    born = [16 / 6 * each for each in (1, 1, 1, 1, 1)]  # ages 0 to 4 of 2022 are 7 to 11 in 2029, and one year is born
    assert later.schools[0].plan.pupils.total[0].tolist() == pytest.approx([sum(born) + 16 / 6 * 0.5])


def test_zones_of_blocks_hang_together(tmp_path):
    town = write(tmp_path, f"{QUESTION}    zones: {{of: blocks, blocks: {{hex_m: 60}}, together: true, gap_m: 1000}}\n")
    (seats,) = answer(town).schools
    zones = seats.plan.zones("primary", "2022")
    graph = nx.Graph()
    graph.add_nodes_from(range(len(zones)))
    graph.add_edges_from(seats.put.neighbours.tolist())
    for school in np.unique(zones[zones >= 0]):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(zones == school)))
    assert seats.plan.of("unserved").value == 0
    homes = rows(TABLES["catchments.csv"](answer(town)))
    assert all(row["school"] for row in homes)


def test_zones_of_today_stand_beside_and_hold_families(tmp_path):
    zones = gpd.GeoDataFrame(
        {"school": ["old"]}, geometry=[shapely.box(114.64, 33.61, 114.67, 33.63)], crs=4326
    )  # all of the street
    town = write(
        tmp_path,
        f"{QUESTION}    zones: {{today: {{primary: {{file: zones.geojson, school: school}}}}, most_moved: 0.1}}\n",
    )
    zones.to_file(tmp_path / "zones.geojson")
    run = answer(town, "schools.0.limit_m.primary=2000")
    (seats,) = run.schools
    assert seats.today.zones("primary", "2022").tolist() == [0, 0, 0]
    assert seats.plan.worth["moved"] <= 14.4
    assert next(iter(RECORDS["schools"](run)[0]["ways"])) == "today_zones"


def test_a_run_without_the_question_says_nothing_of_schools(tmp_path):
    run = answer(write(tmp_path, ""))
    assert TABLES["seats.csv"](run) == TABLES["schools.csv"](run) == TABLES["catchments.csv"](run) == ""
    assert (RECORDS["schools"](run), seats_sheet(run)) == ([], None)


def test_schools_in_the_data_are_known_by_their_names(tmp_path):
    nodes = "".join(
        f'<node id="{number}" lat="33.6199" lon="{lon}" version="1">'
        f'<tag k="amenity" v="school"/><tag k="name" v="{name}"/></node>'
        for number, lon, name in ((11, 114.650, "云桥小学"), (12, 114.655, "云桥中学"), (13, 114.660, "Dance"))
    )
    first_way = STREET.index("  <way")
    street = STREET[:first_way] + nodes + STREET[first_way:]
    town = write(tmp_path, QUESTION[: QUESTION.index("    standing:")] + """\
    standing:
      assumed:
        - {named: 中学, classes: {primary: 2}}
        - {named: "小|中", classes: {primary: 1}}
      assumption: Classes by name.
    limit_m: {primary: 600}
    reason: The street is long.
""")  # fmt: skip
    (town / "town.osm").write_text(street, "utf-8")
    run = answer(town)
    schools = run.schools[0].plan.schools
    assert dict(zip(schools.facilities.names.tolist(), schools.classes[:, 0].tolist(), strict=True)) == {
        "云桥小学": 1, "云桥中学": 2
    }  # fmt: skip
    assert any("1 of 3 schools in the data are of no name that has classes (first: Dance)" in x for x in run.notes)
    with pytest.raises(QuestionError, match=r"schools\.0: standing: of 3 schools .* none"):
        answer(town, "schools.0.standing.assumed=[{named: Gymnasium, classes: {primary: 3}}]")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stages": "[]"}, "at least 1"),
        ({"years": "[2023, 2022]"}, "must rise"),
        ({"reason": "null"}, "beyond the service radius"),
        ({"pupils.of_everybody": "{}"}, "write exactly one of given, children, of_everybody"),
        ({"pupils.assumption": "null"}, "say so in assumption"),
        ({"build.sizes": "[{junior: 3}]"}, "build.sizes.0: junior"),
        ({"build.ready": "2030"}, "none of the years 2022"),
        ({"budget": "{2021: 3}"}, "must name each of the years 2022"),
        ({"zones": "{together: true}"}, "buildings touch nothing"),
        ({"zones": "{most_moved: 0.1}"}, "write today"),
        ({"standing.assumed": "[{classes: {primary: 1}}]"}, "write exactly one of roll, assumed"),
        ({"limit_min": "{primary: 10}"}, "no limit_m beside it"),
        ({"order": "[walk, walk]"}, "more than once"),
        ({"later": "[2022]"}, "later must rise, and begin after 2022"),
        ({"futures": "{forecast: {moving: 0.1}}"}, "give another name"),
        ({"feeders": "true"}, "write both in stages"),
        ({"futures": "{b: {private: {junior: 0.1}}}"}, "futures.b.private: junior"),
    ],
)
def test_what_contradicts_itself_is_named(town, changes, says):
    with pytest.raises(ScenarioError, match=says):
        load(town / "town.yaml", set=[f"schools.0.{key}={value}" for key, value in changes.items()])


def test_broken_data_name_their_file_and_culprits(tmp_path):
    town = write(tmp_path, roll=ROLL.replace(",1,,90", ",1.5,,90"))
    with pytest.raises(
        DataError, match=r"roll\.csv: 1 schools have negative, missing or broken classes \(first: old\)"
    ):
        answer(town)
    town = write(tmp_path, QUESTION.replace("0-5: 0.1", "2-5: 0.1"))
    with pytest.raises(PeopleError, match=r"schools\.0: .*nobody is counted below 2"):
        answer(town)
    town = write(tmp_path, QUESTION.replace("times: 3,", "times: 3, only: [new],"))
    with pytest.raises(QuestionError, match=r"schools\.0: extend\.only: 1 ids are of no school"):
        answer(town)


def test_all_faults_of_a_roll_of_options_of_zones_and_of_births_are_told_at_once(tmp_path):
    town = write(tmp_path, roll=ROLL.replace(",1,,90", ",-1,,-90"))
    with pytest.raises(
        DataError, match=r"roll\.csv: .* broken classes \(first: old\)(.|\n)*broken pupils \(first: old\)"
    ):
        answer(town, "schools.0.standing.roll.pupils={primary: on_roll}")
    town = write(tmp_path)
    own = "schools.0.options=[{name: more, school: ghost, classes: {primary: 1}}]"
    with pytest.raises(QuestionError, match=r"only: .*\(first: nobody\)(.|\n)*options: 1 ids .*\(first: ghost\)"):
        answer(town, "schools.0.extend.only=[old, nobody]", own)
    futures = "schools.0.futures={few: {births: {2023: 2}}}"
    with pytest.raises(
        QuestionError, match=r"pupils: The births of 2 .*2023, 2024\)(.|\n)*futures\.few: .* 1 .*2024\)"
    ):
        answer(town, "schools.0.years=[2022, 2030]", futures)
    with pytest.raises(QuestionError, match=r"pupils: The births of 6 .*first: 2024"):
        answer(town, "schools.0.later=[2035]")
    zone = "{file: zones.geojson, school: school}"
    stages = (
        ("stages: [primary]", "stages: [primary, junior]"),
        ("{primary: rooms}", "{primary: rooms, junior: junior_rooms}"),
    )
    question = f"{QUESTION}    zones: {{today: {{primary: {zone}, junior: {zone}}}}}\n"
    for was, now in (*stages, ("6-11: 0.9", "6-14: 0.9")):
        question = question.replace(was, now)
    town = write(tmp_path, question)
    boxes = [shapely.box(lon, 33.61, lon + 0.01, 33.63) for lon in (114.64, 114.65, 114.66)]
    gpd.GeoDataFrame({"school": ["old", "ghost", None]}, geometry=boxes, crs=4326).to_file(town / "zones.geojson")
    says = r"2 of 3 zones of primary .*\(first: ghost, no name\)(.|\n)*2 of 3 zones of junior"
    with pytest.raises(DataError, match=says):
        answer(town)


FUTURES = (
    "schools.0.pupils.births_change=-0.077",
    "schools.0.later=[2027, 2032]",
    "schools.0.futures={few births: {births_change: -0.3}, people come: {moving: 0.05}}",
    "schools.0.years=[2022, 2024]",
)


def test_a_plan_is_asked_of_later_years_and_of_several_futures(town):
    run = answer(town, *FUTURES)
    (seats,) = run.schools
    assert seats.later.pupils.years == ("2027", "2032")
    assert seats.later.zones("primary", "2027").tolist() == seats.plan.zones("primary", "2024").tolist()
    later = [row for row in rows(TABLES["seats.csv"](run)) if row["way"] == "later"]
    assert [row["year"] for row in later] == ["2027", "2032"]
    assert [float(row["empty seats"]) for row in later] == pytest.approx(
        [seats.later.balance(year).empty.sum() for year in ("2027", "2032")], abs=1e-3
    )
    (record,) = json.loads(json.dumps(RECORDS["schools"](run)))
    futures = record["futures"]
    assert [each["plan"] for each in futures["plans"]] == ["forecast", "few births", "people come", "least regret"]
    assert futures["ending"] == "proven"
    assert futures["largest_regrets"][1]["value"] == max(each["regret"] for each in futures["plans"][-1]["in"].values())
    assert seats.futures.best["people come"].pupils.total[0, 1] == pytest.approx(
        seats.plan.pupils.total[0, 1] * 1.05**2
    )
    assert any(line.startswith("    2032: primary") for line in seats.sentences())


def test_primary_schools_of_a_scenario_feed_junior_ones(town):
    #  both stages in the old school: 90 and 9 of primary age, half as many of junior age, none of c
    run = answer(
        town, "schools.0.stages=[primary, junior]", "schools.0.build=null",
        "schools.0.pupils.of_everybody={0-5: 0.1, 6-11: 0.6, 12-14: 0.3}", "schools.0.limit_m.junior=1000",
        "schools.0.standing.roll.classes={primary: rooms, junior: rooms}", "schools.0.feeders=true",
    )  # fmt: skip
    (seats,) = run.schools
    (record,) = RECORDS["schools"](run)
    assert record["feeders"]["links"] == [{"primary": "old", "junior": "old", "pupils": 33, "too_far": 0}]
    assert record["feeders"]["in_no_primary_zone"] == 15
    assert record["feeders"]["more_than_without"]["walk"] == 0
    assert any("old → old: 33 pupils" in line for line in seats.sentences())


def test_the_sheets_have_later_years_futures_and_feeder_links(tmp_path):
    question = QUESTION.replace("stages: [primary]", "stages: [primary, junior]").replace(
        "0-5: 0.1, 6-11: 0.9", "0-5: 0.1, 6-11: 0.6, 12-14: 0.3"
    )
    question = question.replace("{primary: rooms}", "{primary: rooms, junior: junior_rooms}").replace(
        "sizes: [{primary: 1}]", "sizes: [{primary: 1}, {junior: 1}]"
    )
    roll = ROLL.replace(",1,,90,0", ",1,1,60,30")
    more = "    later: [2027]\n    futures: {many: {moving: 0.2}}\n    feeders: true\n"
    town = write(tmp_path, f"{question}{more}".replace("years: [2022]", "years: [2023]"), roll)
    run = answer(town, "schools.0.pupils.births_change=0.0", "schools.0.pupils.counted=2022")
    sheets = {sheet.id: sheet for sheet_of in SHEETS if (sheet := sheet_of(run)) is not None}
    assert sum("2027" in str(row[0]) for row in sheets["seats"].rows) == 2
    futures = sheets["futures"]
    assert [column.title["en"] for column in futures.columns] == ["Options", "forecast", "many"]
    assert futures.rows[0][1].startswith("0")
    assert futures.rows[1][2].startswith("0")
    assert [words["en"] for words in (row[0] for row in futures.rows)][-1].endswith("least regret")
    assert next(iter(sheets["feeders"].rows))[0] == "老小学"
