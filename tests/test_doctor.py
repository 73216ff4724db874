"""What the doctor finds in a town of one street, in layers as bureaus send them, and in Yizhuang."""

import json
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from planner import city, notes
from planner.doctor import examine, layers
from planner.doctor.findings import Finding, refused, worst_first
from planner.doctor.streets import road_density
from planner.errors import CrsError, OffNetworkError, ScenarioError
from planner.ledgers.findings import findings_records, findings_sheet, findings_text
from planner.residents import residents
from planner.run import run_scenario
from planner.scenario import load
from planner.sources import osm, places
from planner.sources.coordinates import INTO
from tests.commands import planner
from tests.drawn import ORIGIN, drawn
from tests.test_cli import HOMES, SCENARIO, STREET
from tests.test_datum import displaced
from tests.test_datum import town as grid  # noqa: F401  (a fixture)
from tests.towns import demand

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"
YIZHUANG = CITIES / "beijing-yizhuang" / "yizhuang.osm.pbf"
POND = """\
  <node id="11" lat="33.6190" lon="114.6520" version="1"/><node id="12" lat="33.6190" lon="114.6530" version="1"/>
  <node id="13" lat="33.6196" lon="114.6530" version="1"/><node id="14" lat="33.6196" lon="114.6520" version="1"/>
  <way id="9" version="1"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/>
    <tag k="natural" v="water"/></way>
</osm>
"""
SHOPS = "id,name,lon,lat\na,Lotus,114.650,33.6201\nb,Lotus,114.6503,33.6201\nc,Bank,114.6525,33.6193\n"
LAYERS = """\
facilities:
  layers:
    - {file: shops.csv, id: id, name: name, lon: lon, lat: lat, crs: EPSG:4326, service: convenience}
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*Normalized/laundered.*:RuntimeWarning")


@pytest.fixture
def town(tmp_path):
    plots = "id,lon,lat\nwest,114.650,33.6198\nmiddle,114.655,33.6198\neast,114.660,33.6198\n"
    texts = {"town.osm": STREET.replace("</osm>\n", POND), "homes.csv": HOMES, "plots.csv": plots, "shops.csv": SHOPS}
    for name, text in {**texts, "town.yaml": SCENARIO + LAYERS}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def found(folder, check=None):
    """The findings of one check, or all, as {check: finding}."""
    findings = examine(load(folder / "town.yaml"))
    return [each for each in findings if check in {None, each.check}]


def test_a_shop_in_a_pond_is_found(town):
    (wet,) = found(town, "water")
    assert wet.severity == "warning"
    assert wet.where == "facilities.layers.0"
    assert wet.what == "1 of 3 convenience lie in water"
    assert wet.culprits == ("c",)


def test_two_shops_of_one_name_28_metres_apart_are_one_twice(town):
    (pair,) = found(town, "duplicates")
    assert pair.what == "1 of 3 convenience have the name of another one within 50 m"
    assert pair.culprits == ("Lotus (a, b)",)


def test_rows_at_one_place_are_found_with_their_numbers(town):
    with (town / "homes.csv").open("a", encoding="utf-8") as file:
        file.write("d,114.650,33.6202,7\n")
    rows = [each for each in found(town, "duplicates") if each.where == "demand.layer"]
    assert [each.culprits for each in rows] == [("row 4",)]
    assert rows[0].what.startswith("1 of 4 rows of homes.csv")


def test_people_far_from_streets_are_named_and_missed_in_the_sum(town):
    with (town / "homes.csv").open("a", encoding="utf-8") as file:
        file.write("farm,114.650,33.6300,40\n")  # 1.1 km north of the street
    (far,) = found(town, "far from streets")
    assert far.culprits == ("farm",)
    assert far.what.startswith("40 people in 1 places")
    (lost,) = found(town, "population drift")
    assert lost.what == (
        "200 people are stated and 160 counted (-20.0%): 0 are not of the study area, 40 on no street, 0 in no unit"
    )


def test_a_town_of_which_everybody_is_counted_does_not_drift(town):
    assert not found(town, "population drift")
    assert not [each for each in found(town) if each.severity == "error"]


def test_every_layer_that_cannot_be_read_is_an_error_at_once(town):
    (town / "homes.csv").write_text("id,lon,lat,people\na,114.650,33.62,-4\n", "utf-8")
    (town / "shops.csv").write_text("id,name,lon,lat\na,Lotus,33.6201,114.650\n", "utf-8")
    errors = [each for each in found(town) if each.severity == "error"]
    what = {each.where: each.what for each in errors}
    assert set(what) == {"demand.layer", "facilities.layers.0"}
    assert "negative" in what["demand.layer"]
    assert "exchanged" in what["facilities.layers.0"]
    assert all(each.remedy for each in errors)


def test_a_city_that_cannot_be_read_is_the_only_error(town):
    (town / "town.osm").write_text("<osm version='0.6'></osm>", "utf-8")
    (error,) = found(town)
    assert (error.severity, error.where) == ("error", "city")


def test_a_shapefile_in_gb18030_without_cpg_and_with_cut_names_is_noticed(town):
    shops = gpd.GeoDataFrame(
        {"id": ["a"], "name": ["荷花"], "floor_area_m2": [90.0]}, geometry=[shapely.Point(114.65, 33.6201)], crs=4326
    )
    pyogrio.write_dataframe(shops, town / "shops.shp", encoding="GB18030")
    (town / "shops.cpg").unlink()
    layers = LAYERS.replace("shops.csv", "shops.shp").replace(
        "lon: lon, lat: lat, crs: EPSG:4326", "area: floor_area_m2"
    )
    (town / "town.yaml").write_text(SCENARIO + layers, "utf-8")
    (encoding,) = found(town, "encoding")
    assert "read as GB18030" in encoding.what
    assert "shops.cpg" in encoding.remedy
    (cut,) = found(town, "cut names")
    assert cut.culprits == ("floor_area_m2 → floor_area",)


def test_an_area_column_of_a_web_mercator_layer_is_doubted(town):
    shops = gpd.GeoDataFrame({"id": ["a"], "m2": [90.0]}, geometry=[shapely.Point(114.65, 33.6201)], crs=4326)
    shops.to_crs(3857).to_file(town / "shops.gpkg")
    layers = LAYERS.replace("shops.csv", "shops.gpkg").replace(
        "name: name, lon: lon, lat: lat, crs: EPSG:4326", "area: m2"
    )
    (town / "town.yaml").write_text(SCENARIO + layers, "utf-8")
    (doubt,) = found(town, "crs")
    assert "Web Mercator" in doubt.what


def test_the_command_prints_findings_and_the_same_as_json(town):
    done = planner("doctor", town / "town.yaml")
    assert done.returncode == 0, done.stderr
    assert "warning: facilities.layers.0: 1 of 3 convenience lie in water\n  first: c\n  → " in done.stdout
    told = json.loads(planner("doctor", town / "town.yaml", "--json").stdout)
    assert told["counts"]["error"] == 0
    assert {"severity", "check", "where", "what", "remedy", "culprits"} == set(told["findings"][0])
    (town / "shops.csv").write_text("id,name,lon,lat\na,Lotus,2,3\n", "utf-8")
    refused_one = planner("doctor", town / "town.yaml")
    assert refused_one.returncode == 3
    assert "Traceback" not in refused_one.stderr


def test_an_error_is_taken_apart_into_fault_culprits_and_remedy():
    error = OffNetworkError("80 of 81 gates lie more than 200 m from a street (first: 1, 2, …). Check the crs. Or not.")
    finding = refused("demand", error)
    assert finding.what == "80 of 81 gates lie more than 200 m from a street (first: 1, 2, …)"
    assert finding.culprits == ("1", "2")
    assert finding.remedy == "Check the crs. Or not."
    assert refused("city", CrsError("Nothing to do.")).remedy == ""


def test_the_worst_comes_first():
    note, error = Finding("note", "a", "b", "c"), Finding("error", "a", "b", "c")
    assert worst_first([note, error]) == (error, note)


YIZHUANG_SCENARIO = """\
city: {city}
demand:
  layer: {{file: homes.gpkg, people: people, base: ten a home{datum}}}
standards: {{measure: [green-300]}}
"""


@pytest.fixture(scope="module")
def homes():
    extract = osm.read_extract(YIZHUANG)
    found = places.residential_buildings(extract, extract.crs)
    return gpd.GeoDataFrame({"people": np.full(len(found.ids), 10.0)}, geometry=found.geometry, crs=extract.crs).to_crs(
        4326
    )


@pytest.mark.cities
@pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data")
@pytest.mark.parametrize("name", ["gcj02", "bd09"])
def test_homes_of_yizhuang_in_a_datum_of_web_maps_are_refused_and_once_declared_stand_within_half_a_metre(
    tmp_path, homes, name
):
    def written(declared=""):
        (tmp_path / "town.yaml").write_text(YIZHUANG_SCENARIO.format(city=YIZHUANG, datum=declared), "utf-8")
        return load(tmp_path / "town.yaml")

    homes.to_file(tmp_path / "homes.gpkg")
    asked = written()
    place = city.read_city(asked)
    true, _ = residents(asked, place)
    homes.set_geometry(shapely.transform(homes.geometry.to_numpy(), INTO[name]), crs=4326).to_file(
        tmp_path / "homes.gpkg"
    )
    errors = [each for each in examine(written()) if each.severity == "error"]
    assert [each.where for each in errors] == ["demand.layer"]
    assert "from where it fits the streets" in errors[0].what
    assert f"Declare `datum: {name}`" in errors[0].remedy
    asked = written(f", datum: {name}")
    converted, _ = residents(asked, place)
    assert np.hypot(*(converted.xy - true.xy).T).max() < 0.5
    assert converted.total == true.total
    assert not [each for each in examine(asked) if each.check in {"datum", "CrsError"}]
    (wrong,) = [each for each in examine(written(", datum: wgs84")) if each.severity == "error"]
    assert "is declared as wgs84, but the layer lies" in wrong.what
    kept = written(", datum: wgs84, datum_reason: The bureau says so.")
    (doubt,) = [each for each in examine(kept) if each.check == "datum"]
    assert (doubt.severity, doubt.where) == ("warning", "demand.layer")
    assert "The scenario keeps it: The bureau says so." in doubt.remedy
    said = "homes.gpkg is taken to be in wgs84, whatever the streets say: The bureau says so."
    assert said in notes.assumptions(kept, synthetic=False)


#    Streets every 500 m both ways, 3 km of them each; the square in the middle holds 2 + 2 km: 4 km/km².
def grid_city(step_m):
    lines = np.arange(250, 2751, step_m)
    streets = [[(250, y), (2750, y)] for y in lines] + [[(x, 250), (x, 2750)] for x in lines]
    extract, network = drawn("", streets=streets)
    return city.City(extract, network)


def test_road_density_is_that_of_the_whole_squares_where_people_live():
    town = grid_city(500)
    people = demand(ORIGIN + np.array([[1500.0, 1500.0], [1400.0, 1400.0], [300.0, 300.0]]), [70, 30, 5])
    (sparse,) = road_density(town, people)
    assert "roads have 4.0 km/km² in the 1 squares of 1000 m where people live, below the 8" in sparse.what
    assert "100 people live in 1 squares below it" in sparse.what
    assert sparse.culprits[0].startswith("4.0 around (11")


def test_streets_every_hundred_metres_are_dense_enough():
    people = demand(ORIGIN + np.array([[1500.0, 1500.0]]), [70])
    assert road_density(grid_city(100), people) == []


def test_a_run_and_the_doctor_say_which_layers_were_converted(town):
    text = SCENARIO.replace("crs: EPSG:4326, people", "datum: gcj02, people")
    (town / "town.yaml").write_text(text + LAYERS, "utf-8")
    asked = load(town / "town.yaml")
    assert notes.converted(asked) == ["homes.csv is declared as GCJ-02 and converted to WGS84"]
    assert "homes.csv is declared as GCJ-02 and converted to WGS84" in [each.what for each in found(town, "converted")]


def test_a_reason_for_a_datum_needs_the_datum(town):
    (town / "town.yaml").write_text(SCENARIO.replace("people: people,", "people: people, datum_reason: So.,"), "utf-8")
    with pytest.raises(ScenarioError, match="datum_reason: says why the declared datum holds, and none is declared"):
        load(town / "town.yaml")


def test_a_few_places_are_said_to_be_unjudged(town):
    told = {each.where: each for each in found(town, "datum")}
    assert sorted(told) == ["demand.layer", "facilities.layers.0", "siting.0.candidates"]
    assert told["demand.layer"].what.endswith("cannot be judged: only 3 of its places are near a street, too few")
    assert told["demand.layer"].remedy.endswith("declare its datum: wgs84, cgcs2000, gcj02 or bd09.")
    declared = (SCENARIO + LAYERS).replace("crs: EPSG:4326,", "crs: EPSG:4326, datum: wgs84,")
    (town / "town.yaml").write_text(declared, "utf-8")
    assert found(town, "datum") == []


def districts(network):
    """Four districts whose borders run along streets: quarters of the grid of test_datum."""
    west, south, east, north = shapely.multipoints(network.xy).bounds
    x, y = (np.unique(network.xy[:, axis].round(3))[9] for axis in (0, 1))
    return shapely.box([west, x, west, x], [south, south, y, y], [x, east, x, east], [y, y, north, north])


def test_districts_are_judged_by_their_borders_where_streets_follow_them(grid):  # noqa: F811
    network, _ = grid
    here = SimpleNamespace(crs=network.crs, network=network)

    def said(areas, declared=None):
        told = layers.displaced(layers.edges(areas), here, where="demand.units", what="units.shp", declared=declared)
        return [(each.severity, each.what) for each in told]

    true = districts(network)
    assert said(true) == []
    ((severity, what),) = said(displaced(true, network.crs, "gcj02"))
    assert severity == "warning"
    assert "the layer lies 532 m" in what
    ((severity, what),) = said(displaced(true, network.crs, "gcj02"), "cgcs2000")
    assert "units.shp is declared as cgcs2000, but" in what
    rings = shapely.buffer(shapely.centroid(true), 300)
    ((severity, what),) = said(rings)
    assert severity == "note"
    assert what == "units.shp: whether web maps displaced it cannot be judged: it follows no streets"
    assert said(rings, "wgs84") == []


def test_an_unknown_datum_is_a_fault_of_the_scenario(town):
    (town / "town.yaml").write_text(SCENARIO.replace("crs: EPSG:4326, people", "datum: gcj-02, people"), "utf-8")
    with pytest.raises(ScenarioError, match=r"demand\.layer\.datum: must be 'wgs84', 'cgcs2000', 'gcj02' or 'bd09'"):
        load(town / "town.yaml")


def test_what_the_doctor_finds_is_a_page_of_the_report_where_it_is_asked_for(tmp_path):
    path = tmp_path / "page.yaml"
    text = "city: made-up\ndemand: {spread: {total: 300000, base: residents, assumption: made up}}\n"
    path.write_text(text + "standards: {measure: [green-300]}\noutputs: {doctor: true}\n", "utf-8")
    scenario = load(path)
    run = run_scenario(scenario)
    assert run.findings == examine(scenario)
    assert [row["what"] for row in findings_records(run)] == [each.what for each in run.findings]
    assert findings_text(run).count("\n") >= len(run.findings)
    sheet = findings_sheet(run)
    assert (sheet is None) == (not run.findings)
