"""Tables of who lives where by age, as offices send them, spread over homes with every figure kept."""

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from planner.ages import Ages, check_classes, parts_of
from planner.city import read_city
from planner.demand import Units
from planner.errors import DataError, PeopleError, ScenarioError
from planner.residents import residents
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.census import Counts, read_counts
from planner.sources.homes import spread_counts
from planner.sources.places import Buildings
from tests.test_cli import PLOTS, STREET

CHUANHUI = CRS.from_epsg(4547)
LAS_PALMAS = Path(__file__).parents[2] / "shared" / "data" / "cities" / "las-palmas"
GROUPS = {"children": Ages(0, 14), "older": Ages(60, math.inf), "80+": Ages(80, math.inf)}

# Two communities in two years. West has 30 people in 2020, east 12; in 2010 they had 9 and 9.
WIDE = """\
unit,sex,year,pop_0_14,pop_15_59,pop_60_79,pop_80plus
west,m,2020,3,7,4,1
west,f,2020,2,8,3,2
east,m,2020,1,5,0,0
east,f,2020,1,4,0,1
west,m,2010,9,0,0,0
east,m,2010,9,0,0,0
"""
LONG = """\
社区,年龄,人数
west,0-14岁,5
west,15—59岁,15
west,60～79岁,7
west,80岁及以上,3
east,0-14岁,2
east,15—59岁,9
east,８０岁及以上,１
"""
IN_2020 = {"unit": "unit", "only": {"year": 2020}, "sum_over": ["sex"]}


@pytest.fixture
def table(tmp_path):
    def written(text, name="people.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return written


# Ages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("0-14", (0, 14)),
        ("q_5_9", (5, 9)),
        ("15—59岁", (15, 59)),
        ("0～4", (0, 4)),
        ("85岁及以上", (85, math.inf)),
        ("60岁以上", (60, math.inf)),
        ("q_100_plus", (100, math.inf)),
        ("８０＋", (80, math.inf)),
        ("65 and over", (65, math.inf)),
        ("７", (7, 7)),
    ],
)
def test_ages_are_read_as_people_write_them(text, ages):
    assert Ages.read(text) == Ages(*ages)


@pytest.mark.parametrize("text", ["people", "2015", "14-0", "411602001", "", "0-4-9"])
def test_what_names_no_ages_is_no_age(text):
    assert Ages.read(text) is None


def test_classes_that_miss_or_repeat_somebody_are_refused_with_all_of_them():
    check_classes([Ages(15, math.inf), Ages(0, 14)])
    with pytest.raises(PeopleError) as refused:
        check_classes([Ages(5, 14), Ages(10, 19), Ages(30, 40)])
    for fault in ("5–14 and 10–19 share ages", "between 10–19 and 30–40", "nobody is counted below 5–14"):
        assert fault in str(refused.value)


def test_a_group_that_cuts_a_class_is_refused_with_the_class():
    classes = [Ages(0, 14), Ages(15, 59), Ages(60, math.inf)]
    with pytest.raises(PeopleError, match=r"2 of 3 groups .*: pupils \(6–14\) cuts 0–14; 80\+ \(80\+\) cuts 60\+"):
        parts_of(classes, {"pupils": Ages(6, 14), "older": Ages(60, math.inf), "80+": Ages(80, math.inf)})


def test_groups_may_lie_in_one_another():
    #  0–14 | 15–59 | 60–79 | 80+     children, nobody's, older, older and 80+
    classes = [Ages(0, 14), Ages(15, 59), Ages(60, 79), Ages(80, math.inf)]
    assert parts_of(classes, GROUPS) == ([[0], [1], [2], [3]], [[0], [2, 3], [3]])
    assert parts_of(classes, {"older": Ages(60, math.inf)}) == ([[0, 1], [2, 3]], [[1]])


# Tables -----------------------------------------------------------------------------------------------------


def test_a_wide_table_is_read_for_one_year_and_both_sexes(table):
    counts = read_counts(table(WIDE), **IN_2020)
    assert counts.units.tolist() == ["west", "east"]
    assert counts.people.tolist() == [[5, 15, 7, 3], [2, 9, 0, 1]]
    assert (counts.total, counts.of(Ages(60, math.inf))) == (42, 11)


def test_a_long_table_with_full_width_digits_says_the_same(table):
    counts = read_counts(table(LONG), unit="社区", age="年龄", people="人数")
    assert counts.people.tolist() == [[5, 15, 7, 3], [2, 9, 0, 1]]


def test_a_part_of_a_code_may_tell_the_unit(table):
    text = WIDE.replace("west,", "3501601001,").replace("east,", "3501602001,")
    counts = read_counts(table(text), **IN_2020, characters=(6, 7))
    assert counts.units.tolist() == ["01", "02"]


def test_years_and_sexes_are_never_added_up_unasked(table):
    with pytest.raises(PeopleError, match=r"differ in 2 columns nobody spoke of: sex \(up to 2 .*; year \(up to 2"):
        read_counts(table(WIDE), unit="unit")
    with pytest.raises(DataError, match=r"no row has 2021 in 'year'. There are: 2010, 2020"):
        read_counts(table(WIDE), unit="unit", only={"year": 2021}, sum_over=["sex"])


def test_an_excel_sheet_with_a_total_row_and_numbers_stored_as_text_is_read(tmp_path):
    rows = [("西", "５", "15", "10"), ("东", "2", "９", "1"), ("合 计", "7", "24", "11")]
    sheet = pd.DataFrame(rows, columns=["社区", "0-14岁", "15-59岁", "60岁及以上"])
    pyogrio.write_dataframe(sheet, tmp_path / "people.xlsx", driver="XLSX")
    counts = read_counts(tmp_path / "people.xlsx", unit="社区")
    assert counts.units.tolist() == ["西", "东"]
    assert counts.people.tolist() == [[5, 15, 10], [2, 9, 1]]
    assert counts.notes == ("1 rows of totals in people.xlsx are left out: the others add up to them",)


def test_a_total_row_that_is_not_the_sum_is_refused(table):
    with pytest.raises(PeopleError, match=r"1 rows of totals \(first: 3\) state 43 people and the others .* 42"):
        read_counts(table("unit,0-14,15+\na,5,15\nb,2,20\nTotal,8,35\n"), unit="unit")


def test_classes_that_do_not_add_up_to_everybody_are_refused_with_the_rows(table):
    text = "unit,all,0-14,15+\na,20,5,15\nb,23,2,20\n"
    with pytest.raises(PeopleError, match=r"in 1 of 2 rows .* add up to 'all' \(first: row 2: 22, not 23\)"):
        read_counts(table(text), unit="unit", people="all")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unit,0-14,15+\na,5,-1\nb,2,\n", r"2 of 4 counts are missing, negative .*row 1 15\+ = -1, row 2 15\+ = nan"),
        ("unit,0-14,15+\na,5,1.5\n", r"no whole people \(first: row 1 15\+ = 1.5\)"),
        ("unit,0-14,15+\na,5,many\n", "no numbers"),
        ("unit,0-14,15+\na,5,1\na,5,1\n", r"1 of 2 rows repeat an earlier one in 'unit' \(first: 2"),
        ("unit,0-14,15+\n,5,1\n", r"1 rows have no unit \(first: 1\)"),
        ("unit,0-14,20+\na,5,1\n", r"nobody is counted between 0–14 and 20\+"),
        ("unit,people\na,5\n", "no column names ages"),
    ],
)
def test_a_table_that_cannot_be_people_by_age_is_refused_in_words(table, text, told):
    with pytest.raises(DataError, match=told):
        read_counts(table(text), unit="unit")


# Homes ------------------------------------------------------------------------------------------------------

#     west            |  east           three homes in the west, two in the east, floor areas above
#     10   10   20    |  30   30
#     h0   h1   h2    |  h3   h4
AREAS = Units(
    np.array(["west", "east"]),
    np.array(["West", "East"]),
    "unit",
    np.array([shapely.box(0, 0, 30, 10), shapely.box(30, 0, 60, 10)], object),
)


def homes(floor_m2, xy):
    ids = np.array([f"h{i}" for i in range(len(xy))])
    return Buildings(ids, shapely.points(xy), np.array(floor_m2, float), np.array(xy, float))


ROW = homes([10, 10, 20, 30, 30], [[5, 5], [15, 5], [25, 5], [35, 5], [45, 5]])


def spread(counts, groups=GROUPS, areas=AREAS, row=ROW):
    return spread_counts(row, counts, groups, areas=areas, base="常住 2020", crs=CHUANHUI)


def test_every_unit_keeps_its_people_of_every_group(table):
    people = spread(read_counts(table(WIDE), **IN_2020))
    assert people.groups == ("people", "children", "older", "80+")
    assert people.people[:, 0].tolist() == [8, 7, 15, 6, 6]  # 30 by 1 : 1 : 2, 12 by 1 : 1
    for group, (west, east) in enumerate([(30, 12), (5, 2), (10, 1), (3, 1)]):
        assert people.by_unit(people.people[:, group]).tolist() == [west, east, 0]


@given(st.data())
def test_no_home_has_more_in_its_groups_than_people_and_no_total_is_lost(data):
    at = data.draw(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 9)), min_size=2, max_size=20))
    row = homes(
        data.draw(st.lists(st.integers(1, 99), min_size=len(at), max_size=len(at))), [[1, 1], [59, 1], *at][: len(at)]
    )
    drawn = st.lists(st.integers(0, 50), min_size=4, max_size=4)
    classes = (Ages(0, 14), Ages(15, 59), Ages(60, 79), Ages(80, math.inf))
    counts = Counts(np.array(["east", "west"]), classes, np.array([data.draw(drawn), data.draw(drawn)], float))
    if not counts.total:
        return
    people = spread(counts, row=row)
    assert people.total == counts.total
    for group, ages in GROUPS.items():
        assert people.of(group).sum() == counts.of(ages)
    assert (people.of("80+") <= people.of("older")).all()
    assert (people.of("children") + people.of("older") <= people.of()).all()
    for unit, name in enumerate(AREAS.ids):
        of_table = counts.people[counts.units == name]
        assert people.by_unit(people.of())[unit] == of_table.sum()
        assert people.by_unit(people.of("children"))[unit] == of_table[0, 0]


def test_units_without_a_polygon_are_refused_with_their_people():
    counts = Counts(np.array(["west", "North"]), (Ages(0, math.inf),), np.array([[5.0], [7.0]]))
    with pytest.raises(PeopleError, match=r"7 people in 1 of 2 units of the table have no polygon \(first: North: 7"):
        spread(counts, {})


def test_a_community_with_people_but_no_home_is_refused():
    counts = Counts(np.array(["west", "east"]), (Ages(0, math.inf),), np.array([[5.0], [7.0]]))
    with pytest.raises(PeopleError, match=r"7 people in 1 of 2 units have no residential building .*East \(east\): 7"):
        spread(counts, {}, row=homes([1, 1], [[5, 5], [15, 5]]))


# Scenarios --------------------------------------------------------------------------------------------------

DRAWN = 'version="1" timestamp="2026-01-31T00:00:00Z"'
HOUSES = "".join(
    f'<node id="{100 + 10 * h + corner}" lat="{33.6202 + dy}" lon="{lon + dx}" {DRAWN}/>'
    for h, lon in enumerate((114.650, 114.655, 114.660))
    for corner, (dx, dy) in enumerate(((0, 0), (1e-4, 0), (1e-4, 1e-4), (0, 1e-4)))
)
WAYS = "".join(
    f'<way id="{10 + h}" {DRAWN}>'
    + "".join(f'<nd ref="{100 + 10 * h + corner}"/>' for corner in (0, 1, 2, 3, 0))
    + '<tag k="building" v="house"/></way>'
    for h in range(3)
)
SCENARIO = """\
city: town.osm
demand:
  spread:
    counts:
      file: people.csv
      unit: unit
      only: {year: 2020}
      sum_over: [sex]
      groups: {children: 0-14, older: 60+}
      areas: {file: areas.geojson, id: id, name: id}
    base: {kind: resident, date: 2020, boundary: both communities, source: drawn}
standards: {measure: [green-300]}
"""


@pytest.fixture
def town(tmp_path):
    text = STREET.replace('<way id="1"', HOUSES + '<way id="1"').replace("</osm>", WAYS + "</osm>")
    for name, written in {"town.osm": text, "people.csv": WIDE, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(written, "utf-8")
    west, east = shapely.box(114.64, 33.61, 114.657, 33.63), shapely.box(114.657, 33.61, 114.67, 33.63)
    gpd.GeoDataFrame({"id": ["west", "east"]}, geometry=[west, east], crs=4326).to_file(tmp_path / "areas.geojson")
    return tmp_path


def test_a_scenario_spreads_a_table_by_age_over_the_homes_of_each_community(town):
    run = run_scenario(load(town / "town.yaml"))
    assert run.demand.groups == ("people", "children", "older")
    assert run.demand.people.sum(axis=0).tolist() == [42, 7, 11]
    assert sorted(run.demand.people[:, 0].tolist()) == [12, 15, 15]
    assert not any("declares no" in note for note in run.notes)


def test_a_community_beyond_the_study_area_is_left_out_and_told(town):
    gpd.GeoDataFrame(geometry=[shapely.box(114.64, 33.61, 114.656, 33.63)], crs=4326).to_file(town / "area.geojson")
    run = run_scenario(load(town / "town.yaml", set=["city={extract: town.osm, boundary: area.geojson}"]))
    assert run.demand.total == 30
    assert "12 people of the table live in units that the study area does not touch" in run.notes


def test_without_polygons_the_whole_city_is_one_unit_which_must_be_said(town):
    with pytest.raises(ScenarioError, match="whose units have no areas, is spread over buildings: say so"):
        load(town / "town.yaml", set=["demand.spread.counts.areas=null"])
    said = ["demand.spread.counts.areas=null", "demand.spread.assumption=All alike."]
    run = run_scenario(load(town / "town.yaml", set=said))
    assert run.demand.people.sum(axis=0).tolist() == [42, 7, 11]
    assert any(note.startswith("the 2 units of people.csv have no polygons: all 42 people") for note in run.notes)


def test_a_scenario_reads_a_sheet_of_text(town):
    rows = [("west", "５", "25"), ("east", "2", "10"), ("合计", "7", "35")]
    sheet = pd.DataFrame(rows, columns=["社区", "0-14岁", "15岁及以上"])
    pyogrio.write_dataframe(sheet, town / "people.xlsx", driver="XLSX")
    counts = "{file: people.xlsx, unit: 社区, groups: {children: 0-14}, areas: {file: areas.geojson, id: id, name: id}}"
    run = run_scenario(load(town / "town.yaml", set=[f"demand.spread.counts={counts}"]))
    assert run.demand.people.sum(axis=0).tolist() == [42, 7]
    assert "1 rows of totals in people.xlsx are left out: the others add up to them" in run.notes


def test_ages_that_are_none_and_a_long_table_without_people_are_faults_of_the_scenario(town):
    for change, told in (
        ("demand.spread.counts.groups={older: pensioners}", "must name ages, such as 0-14, 60\\+ or 7"),
        ("demand.spread.counts.age=sex", "age names a column: write people"),
        ("demand.spread.counts.unit_characters=[7, 6]", "unit_characters run backwards"),
        ("demand.spread.total=10", "write exactly one of total, totals, counts"),
    ):
        with pytest.raises(ScenarioError, match=told):
            load(town / "town.yaml", set=[change])


# A real city ------------------------------------------------------------------------------------------------


@pytest.mark.cities
@pytest.mark.skipif(not LAS_PALMAS.is_dir(), reason="the real cities are not beside the project in ../shared/data")
def test_las_palmas_keeps_every_person_of_its_age_pyramid():
    table = LAS_PALMAS / "population-by-section-sex-age.csv"
    counts = read_counts(table, unit="seccion", only={"year": 2015}, sum_over=["sexo"])
    assert (counts.total, len(counts.units), len(counts.classes)) == (379_766, 275, 21)
    assert [counts.of(ages) for ages in GROUPS.values()] == [50_712, 84_944, 17_240]
    districts = read_counts(table, unit="seccion", characters=(6, 7), only={"year": 2015}, sum_over=["sexo"])
    assert districts.units.tolist() == ["01", "02", "03", "04", "05"]
    assert districts.total == 379_766
    pyramid = pd.read_csv(table).query("year == 2015").filter(like="q_").sum()
    assert counts.people.sum(axis=0).tolist() == pyramid[pyramid > 0].tolist()
    rng = np.random.default_rng(1)
    anywhere = homes(rng.integers(50, 2000, 3000), rng.uniform(0, 10_000, (3000, 2)))
    people = spread(counts, areas=None, row=anywhere)
    assert people.people.sum(axis=0).tolist() == [379_766, 50_712, 84_944, 17_240]


@pytest.mark.cities
@pytest.mark.skipif(not LAS_PALMAS.is_dir(), reason="the real cities are not beside the project in ../shared/data")
def test_the_homes_of_las_palmas_hold_everybody_by_age():
    scenario = load(Path(__file__).parent / "scenarios" / "las-palmas-ages.yaml")
    place = read_city(scenario)
    people, notes = residents(scenario, place)
    assert people.groups == ("people", "children", "older", "80+")
    assert people.people.sum(axis=0).tolist() == [379_766, 50_712, 84_944, 17_240]
    assert str(people.base).startswith("registered population, 2015-01-01, municipality of Las Palmas")
    assert not any("population base" in note for note in notes)
    share = people.people[:, 1:] - people.of()[:, None] * np.array([50_712, 84_944, 17_240]) / 379_766
    assert (np.abs(share) < 2).all()  # older people are two parts of everybody, each rounded once
