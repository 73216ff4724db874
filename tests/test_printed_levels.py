"""What is printed of each level of a city: people, groups and who is served, and no small count."""

import csv
import io
import json

import geopandas as gpd
import pytest
import shapely

from planner.doctor import examine
from planner.errors import NestingError, ScenarioError
from planner.ledgers.tree import tree_text
from planner.report import record_text
from planner.run import run_scenario
from planner.scenario import load
from tests.test_census import town  # noqa: F401  (three homes in two communities: 15 and 15 people, 12 people)

#   114.64               114.657        114.67
#     +--------+------------+-------------+
#     |   a    |     b      |      c      |     communities; homes of 15 people in a and b, of 12 in c
#     +--------+------------+-------------+
#             west          |    east            streets
LEVELS = {
    "district": {"d": (114.63, 33.60, 114.68, 33.64)},
    "subdistrict": {"west": (114.63, 33.60, 114.657, 33.64), "east": (114.657, 33.60, 114.68, 33.64)},
    "community": {
        "a": (114.63, 33.60, 114.652, 33.64),
        "b": (114.652, 33.60, 114.657, 33.64),
        "c": (114.657, 33.60, 114.68, 33.64),
    },
}
TREE = ", ".join(f"{{level: {level}, file: {level}.geojson, id: id, name: id}}" for level in LEVELS)


@pytest.fixture
def nested(town):  # noqa: F811
    for level, boxes in LEVELS.items():
        shapes = [shapely.box(*each) for each in boxes.values()]
        gpd.GeoDataFrame({"id": [*boxes]}, geometry=shapes, crs=4326).to_file(town / f"{level}.geojson")

    def answer(*changes):
        return run_scenario(load(town / "town.yaml", set=[f"demand.tree={{areas: [{TREE}]}}", *changes]))

    return answer


def rows(run):
    return {(row["level"], row["id"]): row for row in csv.DictReader(io.StringIO(tree_text(run)))}


def test_every_level_adds_up_to_the_city(nested):
    table = rows(nested("outputs.suppress_below=0"))
    for level, parts in (("district", "d"), ("subdistrict", "west east"), ("community", "a b c")):
        assert sum(int(table[level, part]["people"]) for part in parts.split()) == 42
        assert sum(int(table[level, part]["children"]) for part in parts.split()) == 7
        assert sum(int(table[level, part]["older"]) for part in parts.split()) == 11
    assert table["community", "a"]["parent"] == "west"
    assert table["city", ""]["people"] == "42"
    assert table["city", ""]["note"] == ""
    assert [level for level, _ in table].count("building") == 3
    assert not any("*" in row.values() for row in table.values())


def test_groups_of_fewer_than_ten_are_hidden_with_what_would_tell_them(nested):
    run = nested()
    table = rows(run)
    assert table["subdistrict", "west"]["people"] == "30"
    assert {table["subdistrict", street]["older"] for street in ("west", "east")} == {"*"}  # 5 and 2 children
    assert {table["community", each]["children"] for each in "abc"} == {"*"}
    assert "* : " not in tree_text(run)
    assert table["city", ""]["note"].startswith("*: fewer than 10 people")
    told = {row["id"]: row["counts"] for row in json.loads(record_text(run))["tree"]}
    assert told["west"]["older"] is None
    assert told["west"]["people"] == 30
    assert not any(row["level"] == "building" for row in json.loads(record_text(run))["tree"])


def test_without_levels_the_groups_stand_by_unit_and_no_building_is_printed(nested):
    levels = {level for level, _ in rows(nested("demand.tree=null"))}
    assert levels == {"hex", "city"}
    assert tree_text(nested("demand.tree=null", "demand.spread.counts.groups={}")) == ""


def test_levels_that_do_not_nest_stop_the_run(nested, town):  # noqa: F811
    shapes = [shapely.box(*each) for each in ((114.63, 33.60, 114.66, 33.64), (114.65, 33.60, 114.68, 33.64))]
    gpd.GeoDataFrame({"id": ["west", "east"]}, geometry=shapes, crs=4326).to_file(town / "subdistrict.geojson")
    scenario = load(town / "town.yaml", set=[f"demand.tree={{areas: [{TREE}]}}"])
    assert any(each.where == "demand.tree" and each.severity == "error" for each in examine(scenario))
    with pytest.raises(
        NestingError, match=r"1 pairs of level subdistrict overlap .*; 1 of 3 of level community do not lie in one"
    ):
        nested()


def test_people_stated_by_a_level_are_held_against_those_who_live_there(nested, town):  # noqa: F811
    tree = f"{{areas: [{TREE.replace('level: subdistrict,', 'level: subdistrict, people: all,')}]}}"
    streets = gpd.read_file(town / "subdistrict.geojson")
    streets.assign(all=[30, 12]).to_file(town / "subdistrict.geojson")
    assert nested(f"demand.tree={tree}").tree.levels[-1].name == "building"
    streets.assign(all=[30, 13]).to_file(town / "subdistrict.geojson")
    with pytest.raises(
        NestingError, match=r"1 of 2 of level subdistrict do not add up \(first: east: 13, its parts 12"
    ):
        nested(f"demand.tree={tree}")


def test_levels_may_be_told_by_the_digits_of_the_places(town):  # noqa: F811
    homes = "id,lon,lat,people\n411602001,114.650,33.6202,100\n411602002,114.655,33.6202,10\n"
    (town / "homes.csv").write_text(homes + "411603001,114.660,33.6202,50\n", "utf-8")
    layer = "{file: homes.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, people: people, base: residents}"
    run = run_scenario(load(town / "town.yaml", set=[f"demand={{layer: {layer}, tree: {{digits: {{district: 6}}}}}}"]))
    table = rows(run)
    assert table["district", "411602"]["people"] == "110"
    assert table["district", "411603"]["people"] == "50"


def test_levels_out_of_order_and_two_ways_at_once_are_faults(town):  # noqa: F811
    (town / "d.geojson").write_bytes((town / "areas.geojson").read_bytes())
    both = ", ".join(f"{{level: {each}, file: d.geojson, id: id, name: id}}" for each in ("community", "district"))
    for tree, told in (
        (f"{{areas: [{both}]}}", "go down from district, subdistrict, community, compound"),
        ("{}", "write exactly one of areas, digits; given: none"),
    ):
        with pytest.raises(ScenarioError, match=told):
            load(town / "town.yaml", set=[f"demand.tree={tree}"])
