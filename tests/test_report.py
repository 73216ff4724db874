"""What a run leaves behind: read back by others' programmes, the same bytes every time, safe to open."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from planner import report
from planner.coverage import measure_coverage
from planner.demand import Demand, Units
from planner.errors import OutputError
from planner.facilities import Facilities
from planner.ledgers.units import units_text
from planner.population import PopulationBase
from planner.reach import measure_reach, measure_straight
from planner.rule_sets import compare_rule_sets
from planner.run import Measured, Run
from planner.sited import SitedPlan
from planner.siting import Plan
from planner.standards import standard
from tests.towns import CHUANHUI, network

#  A town on one street of 1 000 m. a, b, c, d, e are homes; P stands today, 1 and 2 are candidates.
#
#      west: a, b            │   east: c, d                  in no unit and off the network: e
#                                     c  160 m from the street
#  P───a─────────────────b──1─────────┴─────2──d─────┤                    e
#  0  100               400 450      700   800 900  1000                 3 000
#     100 people         50          30         20                         7
#
#  Within 300 m on foot: P: a (100 m). 1: b (50 m), not c (250 + 160 m). 2: c (260 m), d (100 m).
#  In a straight line 1 has c as well: √(250² + 160²) = 297 m.
#  Of 207 people, 100 have green today and 150 with site 1; in a straight line 180.

HOSTILE = '=HYPERLINK("http://evil","七一路")'
STREET_Y = 3_720_000.0
NAMES = (HOSTILE, '</script><b>东, "x"\n\'')


def at(*xs):
    return np.array([[564_000.0 + x, STREET_Y] for x in xs])


def sites(ids, xs, names, status):
    return Facilities(
        ids=np.array(ids),
        names=np.array(names),
        service="green",
        status=status,
        geometry=shapely.points(at(*xs)),
        area_m2=np.full(len(ids), 1234.56),
        gate_xy=at(*xs),
        gate_facility=np.arange(len(ids)),
        gate_origin=np.full(len(ids), "point"),
        crs=CHUANHUI,
    )


def town_run(*, synthetic=True, names=NAMES, people=(100, 50, 30, 20, 7)):
    streets = network(at(0, 1000), [[0, 1]])
    units = Units(
        np.array(["411602001", "-2"]),
        np.array(names),
        "community",
        np.array([shapely.box(*at(x)[0] - (0, 9), *at(x + 500)[0] + (0, 9)) for x in (0, 500)], object),
    )
    homes = Demand(
        np.array(list("abcde")),
        at(100, 400, 700, 900, 3000) + np.outer([0, 0, 1, 0, 0], [0, 160]),
        np.array(people, float)[:, None],
        CHUANHUI,
        base=PopulationBase.of("常住 2020"),
        units=units,
        unit=np.array([0, 0, 1, 1, -1]),
    ).snapped(streets, max_access_m=200)
    standing = sites(["way/1"], [0], ["沙颍河公园"], "standing").snapped(streets, max_access_m=200)
    candidates = sites(["lot/1", "lot/2"], [450, 800], ["+1", "空地"], "candidate").snapped(streets, max_access_m=200)
    both = sites(["way/1", "lot/1"], [0, 450], ["", ""], "standing").snapped(streets, max_access_m=200)
    green = standard("green-300")
    before, after, before_straight, after_straight = (
        measure_coverage(measure(homes, there, limit_m=300.0), homes, green)
        for measure in (measure_reach, measure_straight)
        for there in (standing, both)
    )
    plan = Plan(
        question="cover_most_people",
        unit="people",
        larger_is_better=True,
        standard=green,
        opened=("lot/1",),
        sites=np.array([0]),
        served=np.array([50.0]),
        only=np.array([50.0]),
        gained=np.array([False, True, False, False, False]),
        objective=50.0,
        bound=62.5,
        ending="stopped",
        solver="HiGHS 1.11.0",
        seconds=0.123,
    )
    return Run(
        scenario=SimpleNamespace(
            scenario="town",
            title={"en": "Town"},
            variant="",
            changes=(),
            stated=None,
            outputs=SimpleNamespace(map_number=None),
        ),
        city_name="画出来的镇",
        synthetic=synthetic,
        data_date="2021-12-27",
        attribution="made up",
        assumptions=("207 people are assumed.",),
        notes=("1 way was clipped.",),
        network=streets,
        demand=homes,
        counted=~homes.door.off,
        facilities={"green": standing},
        left_out=(("way/9", "Club", "access=private"),),
        measured=(Measured(green, before, after, before_straight, after_straight),),
        plans=(SitedPlan(plan, green, 1, candidates, np.array([450.0]), (names[0],)),),
        base_map=None,
        inputs={"town.osm.pbf": "ab12", "homes.csv": "cd34"},
        versions={"planner": "0.1.0"},
    )


def no_answers(run):
    return replace(run, plans=(), measured=(), demand=replace(run.demand, units=None, unit=np.empty(0, np.int64)))


def ledger(run):
    return list(csv.reader(io.StringIO(units_text(run))))


def test_the_record_holds_what_a_pencil_finds(tmp_path):
    report.write(town_run(), tmp_path)
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert record["scenario"] == "town"
    assert record["city"] == "画出来的镇"
    assert record["synthetic"] is True
    assert record["population"] == 207
    assert record["base"] == "常住 2020"
    assert record["off_network"] == {"places": 1, "people": 7}
    walk, straight = record["coverage"]
    assert (walk["standard"], walk["metric"], walk["unit"], walk["limit_m"]) == ("green-300", "walk", "people", 300)
    assert (walk["total"], walk["before"], walk["after"]) == (207, 100, 150)
    assert (straight["metric"], straight["before"], straight["after"]) == ("straight", 100, 180)
    assert walk["document"] == standard("green-300").document
    assert {"clause", "confidence", "min_area_m2", "rule_set"} <= set(walk)
    (plan,) = record["plans"]
    lon, lat = Transformer.from_crs(CHUANHUI, 4326, always_xy=True).transform(564_450, STREET_Y)
    assert (plan["question"], plan["standard"], plan["opened"]) == ("cover_most_people", "green-300", ["lot/1"])
    assert (plan["objective"], plan["bound"], plan["gap"], plan["ending"]) == (50, 62.5, 0.2, "stopped")
    assert plan["sites"] == [
        {
            "id": "lot/1",
            "name": "+1",
            "people_gained": 50,
            "people_only": 50,
            "area_m2": 1234.6,
            "cost": None,
            "nearest_today_m": 450,
            "unit": HOSTILE,
            "lon": pytest.approx(lon, abs=5e-7),
            "lat": pytest.approx(lat, abs=5e-7),
        }
    ]
    assert (plan["candidates"], record["places"]) == (2, 5)
    assert (walk["share_before"], walk["share_after"]) == (pytest.approx(100 / 207), pytest.approx(150 / 207))
    assert record["tables"] == ["ledger.csv", "three_numbers.csv"]
    assert record["inputs"] == {"town.osm.pbf": "ab12", "homes.csv": "cd34"}
    assert record["versions"] == {"planner": "0.1.0"}
    assert record["assumptions"] == ["207 people are assumed."]
    assert record["notes"] == ["1 way was clipped."]
    assert record["left_out"] == [{"id": "way/9", "name": "Club", "reason": "access=private"}]
    assert (record["data_date"], record["attribution"]) == ("2021-12-27", "made up")


def test_people_are_whole_in_the_record_and_seconds_are_not_in_it():
    text = report.record_text(town_run())
    assert '"population": 207,' in text
    assert "seconds" not in text
    assert "0.123" not in text
    assert '"population": 207.5,' in report.record_text(town_run(people=(100.5, 50, 30, 20, 7)))


def test_a_site_with_nothing_near_it_has_no_distance_rather_than_infinity(tmp_path):
    run = town_run()
    far = replace(run, plans=(replace(run.plans[0], nearest_today_m=np.array([np.inf])),))
    report.write(far, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["plans"][0]["sites"][0]["nearest_today_m"] is None
    assert np.isnan(gpd.read_file(tmp_path / "sites.gpkg", layer="sites")["nearest_today_m"][0])


def test_qgis_finds_a_style_for_every_layer_and_a_symbol_for_every_row(tmp_path):
    report.write(town_run(names=(HOSTILE, "</symbol>")), tmp_path)
    path = tmp_path / "sites.gpkg"
    looks = gpd.read_file(path, layer="layer_styles")
    assert list(looks["f_table_name"]) == ["sites", "candidates", "standing", "units"]
    assert looks["useAsDefault"].all()
    for name, text in zip(looks["f_table_name"], looks["styleQML"], strict=True):
        look, layer = ET.fromstring(text), gpd.read_file(path, layer=name)  # noqa: S314  (our own text)
        renderer = look.find("renderer-v2")
        assert {each.get("fieldName") for each in look.iter("text-style")} <= {*layer.columns}
        symbols = {each.get("name") for each in renderer.iter("symbol")}
        assert {each.get("symbol") for each in (*renderer.iter("category"), *renderer.iter("range"))} == symbols
        values = layer[renderer.get("attr")]
        if name == "units":
            assert values.between(0, 1).all()
        else:
            assert {str(each).lower() for each in values} <= {each.get("value") for each in renderer.iter("category")}
        kinds = {each.get("type") for each in renderer.iter("symbol")}
        assert kinds == ({"fill"} if name == "units" else {"marker"})


def test_the_layers_hold_sites_candidates_standing_green_and_units(tmp_path):
    report.write(town_run(), tmp_path)
    path = tmp_path / "sites.gpkg"
    assert [name for name, _ in pyogrio.list_layers(path)] == [
        "sites",
        "candidates",
        "standing",
        "units",
        "layer_styles",
    ]
    chosen = gpd.read_file(path, layer="sites")
    assert chosen.crs == CHUANHUI
    assert chosen.drop(columns="geometry").to_dict("records") == [
        {
            "plan": 1,
            "standard": "green-300",
            "rank": 1,
            "id": "lot/1",
            "name": "+1",
            "people_gained": 50,
            "people_only": 50,
            "land_gained_m2": pytest.approx(np.nan, nan_ok=True),  # the plan is of people
            "land_only_m2": pytest.approx(np.nan, nan_ok=True),
            "area_m2": 1234.6,
            "cost": pytest.approx(np.nan, nan_ok=True),  # nobody says
            "nearest_today_m": 450,
            "unit": HOSTILE,
            "synthetic": True,
        }
    ]
    assert (chosen.geometry.x[0], chosen.geometry.y[0]) == (564_450, STREET_Y)
    candidates = gpd.read_file(path, layer="candidates")
    assert dict(zip(candidates["id"], candidates["chosen"], strict=True)) == {"lot/1": True, "lot/2": False}
    assert list(gpd.read_file(path, layer="standing")["name"]) == ["沙颍河公园"]
    units = gpd.read_file(path, layer="units")
    assert list(units["name"]) == list(NAMES)
    assert list(units["people"]) == [150, 50]
    assert list(units["green_300_before"]) == [100, 0]
    assert list(units["green_300_after"]) == [150, 0]
    assert list(units["green_300_share_after"]) == [1, 0]


def test_the_ledger_has_a_row_a_unit_then_nowhere_then_the_city():
    head, west, east, nowhere, total = ledger(town_run())
    assert head[:3] == ["unit", "name", "people"]
    told = ("before", "after", "share before", "share after", "without after")
    on_foot = [f"green-300 on foot {what}" for what in told]
    assert head[3:] == [*on_foot, "green-300 source", "new sites"]
    assert west == ["411602001", f"'{HOSTILE}", "150", "100", "150", "0.666667", "1.0", "0", "", "1"]
    assert east[0] == "'-2"
    assert east[2:] == ["50", "0", "0", "0.0", "0.0", "50", "", "0"]
    assert nowhere == ["", "outside any unit", "7", "0", "0", "0.0", "0.0", "7", "", "0"]
    assert total[:-2] == ["", "total (made-up data, no real place)", "207", "100", "150", "0.483092", "0.724638", "57"]
    assert total[-2:] == ["300米见绿、500米见园, founding document, 2022", "1"]


def test_the_ledger_passes_over_nowhere_where_nobody_lives_and_has_no_share_of_nobody():
    rows = ledger(town_run(people=(100, 50, 0, 0, 0)))
    assert [row[1] for row in rows[1:]] == [f"'{HOSTILE}", NAMES[1], "total (made-up data, no real place)"]
    assert rows[2][2:] == ["0", "0", "0", "", "", "0", "", "0"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1", "\r=1"])
def test_no_spreadsheet_computes_a_name(name):
    assert ledger(town_run(names=(name, "ok")))[1][1] == f"'{name}"


def test_excel_knows_the_ledger_for_utf8_and_reads_every_name_back(tmp_path):
    _, _, path, _ = report.write(town_run(), tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfunit,")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row[1] for row in csv.reader(file)][2] == NAMES[1]


def test_a_run_without_plans_standards_or_units_still_has_its_layers(tmp_path):
    paths = report.write(no_answers(town_run()), tmp_path)
    assert [path.name for path in paths] == ["run.json", "sites.gpkg", "ledger.csv"]
    assert len(gpd.read_file(paths[1], layer="sites")) == 0
    assert len(gpd.read_file(paths[1], layer="candidates")) == 0
    assert ledger(no_answers(town_run())) == [
        ["unit", "name", "people", "new sites"],
        ["", "total (made-up data, no real place)", "207", "0"],
    ]


def test_the_green_under_every_rule_set_is_a_table_no_spreadsheet_computes_and_a_record(tmp_path):
    run = town_run()
    lot = replace(run.plans[0].candidates.kept(np.array([True, False])), ids=np.array(["=1+1"]), status="planned")
    standing = run.facilities["green"]
    rows = compare_rule_sets(run.demand, {"green": standing, "park": standing}, lot)
    *_, path, _ = report.write(replace(run, rule_sets=rows), tmp_path)
    assert path.name == "rule_sets.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    p3, see_green = table[2], table[5]
    assert (see_green["people"], see_green["on foot before"], see_green["on foot after"]) == ("207", "100", "150")
    assert (see_green["straight before"], see_green["straight after"]) == ("100", "180")
    assert (p3["on foot after"], p3["standing sites"], p3["standing sites that count"]) == ("0", "1", "0")
    assert p3["chosen sites that fall short"] == "'=1+1 +1: 1,234 m², 766 m² short of 2,000"
    assert {row["data"] for row in table} == {"made up, no real place"}
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))["rule_sets"][2]
    assert record["standing"] == {
        "sites": 1,
        "short": [
            {
                "id": "way/1",
                "name": "沙颍河公园",
                "area_m2": 1234.6,
                "short_m2": 765.4,
                "said": "1,234 m², 766 m² short of 2,000",
            }
        ],
    }
    assert record["check_first"] == "from memory: check before publication"


def test_areas_and_points_go_into_one_layer(tmp_path):
    run = town_run()
    mixed = np.array([shapely.Point(at(450)[0]), shapely.box(*at(800)[0], *at(820)[0] + (0, 9))], object)
    lots = replace(run.plans[0].candidates, geometry=mixed)
    report.write(replace(run, plans=(replace(run.plans[0], candidates=lots),)), tmp_path)
    assert list(gpd.read_file(tmp_path / "sites.gpkg", layer="candidates").geom_type) == ["Point", "Polygon"]


def test_layers_carry_the_date_of_the_data_and_leave_gdal_as_it_was(tmp_path):
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    report.write(town_run(), tmp_path)
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    database = sqlite3.connect(tmp_path / "sites.gpkg")
    try:
        dates = database.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
    finally:
        database.close()
    assert dates == [("2021-12-27T00:00:00.000Z",)]


def test_the_same_run_leaves_the_same_bytes_in_another_process(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    report.write(town_run(), here)
    code = "import sys; from pathlib import Path; from planner import report; from tests.test_report import town_run; "
    code += "report.write(town_run(), Path(sys.argv[1]))"
    env = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"}
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", code, str(there)], check=True, cwd=root, env=env)
    for name in ("run.json", "sites.gpkg", "ledger.csv"):
        assert (here / name).read_bytes() == (there / name).read_bytes(), name
        assert str(tmp_path).encode() not in (here / name).read_bytes()


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="results cannot be written to nowhere"):
        report.write(town_run(), tmp_path / "nowhere")
