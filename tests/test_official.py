"""The official measure asked in a scenario: its layer of land, its plan in square metres, and what is refused."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner import report
from planner.errors import DataError, QuestionError, ScenarioError
from planner.explained import explain, read_answer, sentences
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET

# The street of test_cli, homes of 100, 10 and 50 people with a plot before each. Residential land: a block of 0701
# about the east plot, half as much of it round the west plot, and a block of industry (1001) round the middle one.
LAND = "land={file: land.geojson, code: code, codes: ['07']}"
MOST_LAND = "siting.0.question=cover_most_land"


@pytest.fixture
def town(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    blocks = [
        shapely.box(114.6595, 33.6195, 114.6605, 33.6205),
        shapely.box(114.6495, 33.6195, 114.6500, 33.6205),
        shapely.box(114.6545, 33.6195, 114.6555, 33.6205),
    ]
    gpd.GeoDataFrame({"code": ["0701", "0702", "1001"]}, geometry=blocks, crs=4326).to_file(tmp_path / "land.geojson")
    return tmp_path


def answer(town, *changes):
    return run_scenario(load(town / "town.yaml", set=changes))


def test_the_plan_for_land_goes_where_the_land_is_and_that_for_people_where_they_are(town):
    by_people, by_land = answer(town, LAND), answer(town, LAND, MOST_LAND)
    assert by_people.plans[0].plan.opened == ("west",)
    assert by_land.plans[0].plan.opened == ("east",)
    (plan,) = by_land.plans
    assert plan.plan.objective == pytest.approx(by_land.land.total_m2 * 2 / 3, rel=1e-3)
    (row,) = (row for row in by_land.rule_sets if row.rules.id == "P5")
    assert row.land.before.served == 0
    assert row.land.after.served == pytest.approx(plan.plan.objective, rel=1e-9)


def test_every_output_tells_the_plan_in_square_metres_of_land(town):
    run = answer(town, LAND, MOST_LAND)
    report.write(run, town)
    (plan,) = json.loads((town / "run.json").read_text("utf-8"))["plans"]
    assert (plan["unit"], plan["parcels"]) == ("m² of residential land", 1)
    assert plan["sites"][0]["land_gained_m2"] == pytest.approx(plan["objective"])
    assert "people_gained" not in plan["sites"][0]
    sites = gpd.read_file(town / "sites.gpkg", layer="sites")
    assert np.isnan(sites.people_gained).all()
    assert sites.land_gained_m2.tolist() == pytest.approx([plan["objective"]])
    assert any("km² of residential land (land.geojson, code 07)" in note or "m²" in note for note in run.notes)


def test_a_parcel_that_the_plan_for_land_leaves_out_says_how_much_land_it_would_bring(town):
    run = answer(town, LAND, MOST_LAND)
    report.write(run, town)
    answered, total = read_answer(run.scenario, town), run.land.total_m2
    (west,), (middle,) = (explain(answered, site).plans for site in ("west", "middle"))
    assert west.left_out.why == ("no_better",)
    trade = west.left_out.trade
    assert (trade.alone, trade.adds) == pytest.approx((total / 3, total / 3), rel=2e-3)
    assert (trade.exchange_for, trade.exchange) == ("east", pytest.approx(-total / 3, rel=2e-3))
    assert trade.least == ("east", pytest.approx(total * 2 / 3, rel=1e-3))
    assert middle.left_out.why == ("no_land",)
    (east,) = explain(answered, "east").plans
    assert east.chosen.gained == pytest.approx(run.plans[0].plan.objective)
    assert (east.chosen.serves, east.chosen.replaced) == ((), None)
    assert any("m² of residential land" in line for line in sentences(explain(answered, "west"), "en"))


def test_without_land_the_share_is_not_told_and_the_question_is_refused(town):
    run = answer(town)
    assert run.land is None
    assert any("no residential land in the study area" in note for note in run.notes)
    with pytest.raises(QuestionError, match="cover_most_land needs residential land, and none is known"):
        answer(town, MOST_LAND)


def test_a_layer_without_its_codes_is_refused_with_those_there_are(town):
    with pytest.raises(DataError, match=r"in no row of 'code' \(first: R2\).* 0701, 0702, 1001"):
        answer(town, "land={file: land.geojson, code: code, codes: [R2]}")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (["land={file: land.geojson, code: code}"], "code and codes need each other"),
        (["land={file: land.geojson, code: kode, codes: ['07']}"], "has no column"),
        (["land=parcels"], "must be 'osm'"),
        ([MOST_LAND, "siting.0.standard=school-15min"], "cover_most_land serves land by green, and school-15min asks"),
        (["siting.0.join_within_m=10"], "join_within_m: is no key of cover_most_people"),
    ],
)
def test_what_a_scenario_cannot_ask_is_told_with_its_place(town, changes, fault):
    with pytest.raises(ScenarioError, match=fault):
        load(town / "town.yaml", set=changes)
