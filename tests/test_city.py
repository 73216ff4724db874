"""Who counts and what counts: the study area, layers beside the extract, thresholds of one's own."""

import json

import geopandas as gpd
import pytest
import shapely

from planner import city
from planner.errors import OffNetworkError
from planner.residents import residents
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.made_up import write_city
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET

# The street of test_cli: homes of 100, 10 and 50 people at 114.650, 114.655 and 114.660, a plot before each.
# The study area ends between the second and the third.
WEST = shapely.box(114.640, 33.61, 114.6575, 33.63)


@pytest.fixture
def town(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    gpd.GeoDataFrame(geometry=[WEST], crs=4326).to_file(tmp_path / "west.geojson")
    return tmp_path


def answer(town, *changes):
    return run_scenario(load(town / "town.yaml", set=changes))


def test_who_lives_outside_the_study_area_does_not_count_and_nothing_is_built_there(town):
    run = answer(town, "city.boundary=west.geojson", "siting.0.new_sites=2")
    assert run.demand.ids.tolist() == ["a", "b"]
    assert run.measured[0].before.total == 110
    assert run.plans[0].candidates.ids.tolist() == ["west", "middle"]
    assert "50 people live outside the study area and are not counted" in run.notes
    assert any("km of street lie outside the study area and are only walked through" in note for note in run.notes)


def test_a_standing_site_outside_the_study_area_serves_those_inside(town):
    (town / "park.csv").write_text("lon,lat\n114.6576,33.6198\n", "utf-8")
    park = (
        "{service: green, file: park.csv, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: As surveyed.}"
    )
    run = answer(town, "city.boundary=west.geojson", f"facilities.layers=[{park}]")
    assert run.measured[0].before.served == 10


@pytest.mark.parametrize("service", ["green", "park"])
def test_a_park_is_green_and_large_green_is_a_park_whoever_drew_it(town, service):
    (town / "park.csv").write_text("lon,lat\n114.650,33.6198\n", "utf-8")
    park = (
        f"{{service: {service}, file: park.csv, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 6000, assumption: Yes.}}"
    )
    run = answer(town, "standards.measure=[green-300, park-500]", f"facilities.layers=[{park}]")
    assert [measured.before.served for measured in run.measured] == [100, 100]


@pytest.mark.parametrize(("service", "served"), [("eldercare-centre", [160, 110]), ("eldercare", [0, 110])])
def test_a_comprehensive_eldercare_centre_is_a_community_one_too_and_not_the_other_way_round(town, service, served):
    (town / "centre.csv").write_text("lon,lat\n114.650,33.6198\n", "utf-8")
    centre = f"{{service: {service}, file: centre.csv, lon: lon, lat: lat, crs: EPSG:4326}}"
    measure = "standards.measure=[eldercare-centre-1000, eldercare-15min]"
    run = answer(town, measure, "siting=[]", f"facilities.layers=[{centre}]")
    assert [measured.before.served for measured in run.measured] == served


def test_layers_may_have_the_same_ids(town):
    (town / "park.csv").write_text("id,lon,lat\nwest,114.650,33.6198\n", "utf-8")
    park = (
        "{service: green, file: park.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: Yes.}"
    )
    run = answer(town, f"facilities.layers=[{park}, {park}]")
    assert run.facilities["green"].ids.tolist() == ["west", "park/west"]
    assert run.plans[0].plan.opened == ("east",)


def test_questions_are_answered_in_order_and_what_one_opens_stands_for_the_next(town):
    again = json.dumps({"question": "cover_most_people", "standard": "green-300", "new_sites": 1})[:-1]
    plots = SCENARIO.partition("candidates: ")[2].strip()
    (town / "town.yaml").write_text(f'{SCENARIO}  - {again}, "candidates": {plots}}}\n', "utf-8")
    run = answer(town)
    assert [sited.plan.opened for sited in run.plans] == [("west",), ("east",)]
    assert "west" not in run.plans[1].candidates.ids
    assert run.measured[0].after.served == 150


def test_a_layer_of_parks_that_lies_elsewhere_is_refused(town):
    (town / "park.csv").write_text("lon,lat\n114.9,33.6198\n114.91,33.62\n", "utf-8")
    park = "{service: park, file: park.csv, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 6000, assumption: Yes.}"
    with pytest.raises(OffNetworkError, match=r"2 of 2 gates of park.csv lie more than 200 m"):
        answer(town, f"facilities.layers=[{park}]")


def test_a_site_of_unknown_area_is_said_not_to_count(town):
    (town / "park.csv").write_text("lon,lat\n114.650,33.6198\n", "utf-8")
    run = answer(town, "facilities.layers=[{service: green, file: park.csv, lon: lon, lat: lat, crs: EPSG:4326}]")
    assert run.measured[0].before.served == 0
    assert "1 of 1 green are below 400 m², or of unknown area: no green-300" in run.notes


def test_who_reaches_the_street_across_a_wall_is_told(town):
    wall = (
        '<node id="11" lat="33.6201" lon="114.649" version="1" timestamp="2026-01-31T00:00:00Z"/>'
        '<node id="12" lat="33.6201" lon="114.651" version="1" timestamp="2026-01-31T00:00:00Z"/>'
    )
    way = (
        '<way id="2" version="1" timestamp="2026-01-31T00:00:00Z"><nd ref="11"/><nd ref="12"/>'
        '<tag k="barrier" v="wall"/></way>'
    )
    text = STREET.replace('<way id="1"', f'{wall}\n<way id="1"').replace("</osm>", f"{way}\n</osm>")
    (town / "town.osm").write_text(text, "utf-8")
    told = "100 people reach the street across a mapped wall or fence: they may walk farther"
    assert told in answer(town).notes


def test_parcels_that_no_cadastre_knows_are_an_assumption(town):
    (town / "town.yaml").write_text(SCENARIO.partition("    candidates:")[0].replace("sites: 1", "sites: 0"), "utf-8")
    said = "Leftover land above 10,000 m² is cut into such parcels, which no cadastre knows."
    assert said not in answer(town).assumptions
    assert said in answer(town, "siting.0.cut_larger=true").assumptions


def test_the_official_area_of_a_parcel_is_the_one_that_counts(town):
    (town / "plots.csv").write_text("id,lon,lat,m2\nwest,114.650,33.6198,399\neast,114.660,33.6198,400\n", "utf-8")
    text = SCENARIO.replace("area_m2: 900, assumption: As surveyed.", "area: m2")
    (town / "town.yaml").write_text(text, "utf-8")
    run = answer(town)
    assert run.plans[0].plan.opened == ("east",)
    assert any("1 of 2 candidates are smaller than the 400 m²" in note for note in run.notes)


def test_a_threshold_of_one_s_own_stands_in_the_title_and_is_an_assumption(town):
    run = answer(town, "standards.overrides=[{standard: green-300, limit: 400, min_area_m2: 800, reason: Local rule.}]")
    rule = run.measured[0].standard
    assert str(run.measured[0].before).startswith("green within 300 m [400 m, ≥ 800 m²] on foot")
    assert (rule.confidence, rule.rule_set, rule.limit_m) == ("A", "", 400)
    assert "green-300 is changed: Local rule." in run.assumptions


def test_the_digest_of_a_shapefile_is_of_its_people_too(town):
    def digest(people):
        homes = gpd.GeoDataFrame({"people": [people]}, geometry=gpd.points_from_xy([114.65], [33.6202]), crs=4326)
        homes.to_file(town / "homes.shp")
        text = SCENARIO.replace("{file: homes.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326,", "{file: homes.shp,")
        (town / "town.yaml").write_text(text, "utf-8")
        return answer(town).inputs["homes.shp"]

    assert digest(10) != digest(99)
    assert digest(10) == digest(10)


def test_totals_of_units_are_spread_over_all_homes_of_a_unit_before_the_study_area_is_cut(tmp_path):
    write_city(tmp_path / "city.osm.pbf")
    west, east = shapely.box(114.5, 33.5, 114.65, 33.75), shapely.box(114.65, 33.5, 114.8, 33.75)
    units = gpd.GeoDataFrame({"id": ["w", "e"], "people": [1000, 1000]}, geometry=[west, east], crs=4326)
    units.to_file(tmp_path / "units.geojson")
    gpd.GeoDataFrame(geometry=[shapely.box(114.5, 33.5, 114.64, 33.75)], crs=4326).to_file(tmp_path / "area.geojson")
    (tmp_path / "s.yaml").write_text(
        "city: {extract: city.osm.pbf, boundary: area.geojson}\n"
        "demand: {spread: {totals: {file: units.geojson, id: id, name: id, people: people}, base: drawn}}\n",
        "utf-8",
    )
    scenario = load(tmp_path / "s.yaml")
    place = city.read_city(scenario)
    people, notes = residents(scenario, place)
    assert place.inside(people.xy).all()
    assert 0 < people.total < 1000
    assert f"{1000 - people.total:,.0f} people live outside the study area and are not counted" in notes
    total = load(tmp_path / "s.yaml", set=["demand.spread={total: 700, base: drawn, assumption: Drawn.}"])
    everybody, _ = residents(total, place)
    assert everybody.total == 700
    assert place.inside(everybody.xy).all()
