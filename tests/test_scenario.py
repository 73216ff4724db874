"""A scenario file: what it may say, and how each fault of it is told, with its place, all at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from planner.errors import ScenarioError
from planner.scenario import SiteLayer, json_schema, load

PROJECT = Path(__file__).parents[1]
CITIES = PROJECT.parent / "shared" / "data" / "cities"
SHORTEST = """\
city: made-up
demand:
  spread: {total: 1000, base: residents, assumption: spread over homes}
"""
ONE_QUESTION = """\
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 20
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="town.yaml", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


@pytest.fixture
def faults(write):
    """The faults of a scenario, each without the name of its file: `3:5: demand.spread: …`."""

    def found(text, **options):
        path = write(text)
        with pytest.raises(ScenarioError) as caught:
            load(path, **options)
        assert str(caught.value) == "\n".join(caught.value.faults)
        return [fault.removeprefix(f"{path}:") for fault in caught.value.faults]

    return found


def test_three_lines_make_a_scenario_that_is_named_after_its_file(write):
    scenario = load(write(SHORTEST, "Old Town.yaml"))
    assert scenario.scenario == "Old-Town"
    assert scenario.title == {"zh": "Old-Town", "en": "Old-Town"}
    assert scenario.city.made_up
    assert [each.id for each in scenario.measured()] == ["green-300", "park-500"]
    assert scenario.siting == ()


def test_ten_faults_are_told_at_once_each_with_its_line(faults):
    told = faults(
        "city: nowhere.osm.pbf\n"  # 1: no such file
        "demand:\n"
        "  spread:\n"
        "    total: many\n"  # 4: no number
        "    base: residents\n"
        "    assumtion: spread\n"  # 6: a typing error
        "standards:\n"
        "  rule_set: P9\n"  # 8: no such rule-set
        "  measure: [green-300, parc-500]\n"  # 9: no such standard
        "siting:\n"
        "  - question: cover_most_people\n"
        "    standard: green-300\n"
        "    new_sites: -3\n"  # 13: negative
        "    must_keep: [way/1, way/2]\n"
        "    forbid: [way/2]\n"  # 15: keeps and forbids
        "    time_limit_s: 60\n"
        "    time_limit_s: 90\n"  # 17: twice
        "outputs: {language: cn}\n"  # 18: no such language
        "variants:\n"
        "  fewer: {siting.1.new_sites: 10}\n"  # 20: there is one question only
    )
    assert told == [
        "1:1: city: there is no file 'nowhere.osm.pbf'",
        "4:5: demand.spread.total: must be a whole number, not 'many'",
        "6:5: demand.spread.assumtion: unknown key — did you mean 'assumption'?",
        "8:3: standards.rule_set: there is no rule-set 'P9' (there are: P1, P2, P3, P4, P5, P6)",
        "9:24: standards.measure.1: there is no standard 'parc-500' — did you mean 'park-500'?",
        "13:5: siting.0.new_sites: must be at least 0, not -3",
        "15:5: siting.0.forbid: forbids what must_keep keeps: way/2",
        "17:5: siting.0.time_limit_s: is given twice, first in line 16; remove one of the two",
        "18:11: outputs.language: must be 'zh', 'en' or 'both', not 'cn'",
        "20:11: siting.1.new_sites: there is no '1' here: siting is a list of 1, counted from 0",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty"),
        ("- city: made-up\n", "1:1: the file must be a mapping (`city: …`, `demand: …`)"),
        ("city: made-up\n\tdemand: x\n", "2:1: YAML: "),
        ("city: [made-up\n", "2:1: YAML: "),
        ("city: *there\n", "1:7: YAML: found undefined alias"),
    ],
)
def test_a_file_that_is_no_yaml_mapping_is_told_where_it_breaks(faults, text, told):
    (fault,) = faults(text)
    assert fault.startswith(told)


def test_a_file_in_the_encoding_of_an_old_windows_is_told_what_to_do(write):
    with pytest.raises(ScenarioError, match=r"1:1: is not UTF-8; save it with the encoding UTF-8"):
        load(write("city: 川汇区\n", encoding="gb18030"))


def test_a_missing_scenario_names_the_one_that_was_meant(write, tmp_path):
    write(SHORTEST, "chuanhui.yaml")
    with pytest.raises(ScenarioError, match=r"there is no such file — did you mean 'chuanhui.yaml'\?"):
        load(tmp_path / "chuanhiu.yaml")


def test_yaml_is_read_by_version_1_2(write):
    keep = "    must_keep: [no, 12:30]\n"
    scenario = load(write(SHORTEST + ONE_QUESTION + keep + "    min_area_m2: 1e3\n"))
    assert scenario.siting[0].must_keep == ("no", "12:30")
    assert scenario.siting[0].min_area_m2 == 1000


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("facilities: {osm: no}", "4:14: facilities.osm: must be true or false, not 'no'"),
        ("title: {fr: Ville}", "4:9: title.fr: must be 'zh' or 'en', not 'fr'"),
        ("scenario: a/b", "4:1: scenario: must be one word of letters, digits, - and _, as it names files; not 'a/b'"),
        ("siting: 3", "4:1: siting: must be a list (`- …`), not 3"),
        ("7: 8", "4:1: 7: unknown key (there are: beyond, circle, city, compounds, demand,"),
        ("variants: {x: {outputs.language: cn}}", "4:16: outputs.language: must be 'zh', 'en' or 'both', not 'cn'"),
        ("variants: {x: {langage: zh}}", "4:16: langage: unknown key"),
        (
            'outputs: {map_number: "GS\\n1"}',
            "4:11: outputs.map_number: must stand on one line, as GS(2026)0001号, not 'GS",
        ),
        ("outputs: {map_number: ' '}", "4:11: outputs.map_number: must stand on one line, as GS(2026)0001号, not ' '"),
        ("outputs: {map_number: 7}", "4:11: outputs.map_number: must be text, not 7"),
        ("standards: {measure: [park-500, park-500]}", "4:13: standards.measure: names park-500 more than once"),
        (
            "standards: {overrides: [{standard: park-500, limit: 600}]}",
            "4:25: standards.overrides.0.reason: is missing",
        ),
        (
            "standards: {overrides: [{standard: park-500, limit: 600, reason: ' '}]}",
            "4:58: standards.overrides.0.reason: must not be empty",
        ),
        (
            "standards: {overrides: [{standard: park-500, reason: R}]}",
            "4:25: standards.overrides.0: changes park-500: write limit, min_area_m2 or speed_m_s",
        ),
        (
            "standards: {overrides: [{reason: R}]}",
            "4:25: standards.overrides.0: write exactly one of standard, provision",
        ),
        (
            "standards: {overrides: [{standard: park-500, speed_m_s: 1.0, reason: R}]}",
            "4:25: standards.overrides.0: park-500 is measured in metres and knows no speed",
        ),
        (
            "standards: {overrides: [{provision: park.P3.bands.small.area, reason: R}]}",
            "4:25: standards.overrides.0: changes the provision park.P3.bands.small.area: write its value",
        ),
        (
            "standards: {overrides: [{provision: park.P3.bands.small.are, value: 9, reason: R}]}",
            "4:26: standards.overrides.0.provision: there is no provision of a rule-set",
        ),
        (
            "standards: {overrides: [{provision: park.P2.radius, value: 0, reason: R}]}",
            "4:53: standards.overrides.0.value: must be more than 0, not 0",
        ),
        (
            (
                "standards: {overrides: [{standard: park-500, limit: 6, reason: R}, "
                "{standard: park-500, limit: 7, reason: S}]}"
            ),
            "4:13: standards.overrides: change park-500 more than once",
        ),
    ],
)
def test_a_wrong_line_is_told_in_a_planners_words(faults, line, told):
    (fault,) = faults(SHORTEST + line + "\n")
    assert fault.startswith(told)


@pytest.mark.parametrize(
    ("word", "block"),
    [
        ("made-up", {"made_up": True}),
        ("sample:helsinki", {"sample": "helsinki"}),
        ("川汇区, 周口市, 中国", {"place": "川汇区, 周口市, 中国"}),
        ("{place: Zhoukou, data_date: 2026-01-31}", {"place": "Zhoukou", "data_date": "2026-01-31"}),
    ],
)
def test_one_line_changes_the_city(write, word, block):
    city = load(write(SHORTEST.replace("made-up", word))).city
    assert {key: value for key, value in city.model_dump(exclude_defaults=True).items() if value} == block


def test_a_city_is_one_thing(faults):
    (fault,) = faults(SHORTEST.replace("made-up", "{made_up: true, place: Zhoukou}"))
    assert fault == "1:1: city: write exactly one of made_up, sample, place, extract; given: made_up, place"


def test_people_come_from_one_source(faults):
    (fault,) = faults("city: made-up\ndemand: {}\n")
    assert fault == "2:1: demand: write exactly one of spread, layer, raster; given: none"


def test_a_total_without_its_assumption_is_refused(faults):
    (fault,) = faults("city: made-up\ndemand: {spread: {total: 9, base: residents}}\n")
    assert fault.startswith("2:10: demand.spread: total is spread over buildings: say so in assumption")


def test_an_assumed_area_without_its_assumption_is_refused(faults, write):
    write("lon,lat\n114.6,33.6\n", "plots.csv")
    (fault,) = faults(SHORTEST + ONE_QUESTION + "    candidates: {file: plots.csv, area_m2: 900}\n")
    assert fault.startswith("8:5: siting.0.candidates: area_m2 is assumed: say so in assumption")


def test_columns_are_looked_up_in_the_files_head(faults, write):
    write("id,lon,lat,people\na,114.6,33.6,5\n", "homes.csv")
    told = faults(
        "city: made-up\n"
        "demand:\n"
        "  layer:\n"
        "    file: homes.csv\n"
        "    people: peple\n"
        "    groups: {older: over60}\n"
        "    lon: lon\n"
        "    base: residents\n"
    )
    assert told == [
        "3:3: demand.layer: lon and lat need each other: write both columns, or none",
        "5:5: demand.layer.people: homes.csv has no column 'peple' — did you mean 'people'?",
        "6:14: demand.layer.groups.older: homes.csv has no column 'over60' (there are: id, lat, lon, people)",
    ]


def test_a_layer_without_a_reference_system_is_refused_unless_the_scenario_states_one(faults, write):
    write('{"type": "FeatureCollection", "features": []}', "plots.geojson")  # in EPSG:4326 by GeoJSON's own standard
    layer = "    candidates: {file: %s}\n"
    load(write(SHORTEST + ONE_QUESTION + layer % "plots.geojson"))
    shapefile(write, "plots.shp")
    (fault,) = faults(SHORTEST + ONE_QUESTION + layer % "plots.shp")
    assert fault == "8:5: siting.0.candidates: plots.shp states no reference system; write crs, e.g. crs: EPSG:4326"
    load(write(SHORTEST + ONE_QUESTION + layer % "plots.shp, crs: EPSG:4547"))


def shapefile(write, name):
    """A Shapefile of one point without a .prj, its long Chinese field cut to ten bytes of GB18030."""
    import geopandas as gpd
    import shapely

    path = write("", name)
    path.unlink()
    frame = gpd.GeoDataFrame({"人口数量合": [5]}, geometry=[shapely.Point(1, 2)])
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(path, encoding="GB18030", engine="pyogrio")
    path.with_suffix(".cpg").unlink(missing_ok=True)


def test_a_chinese_column_is_found_in_a_shapefile_that_states_no_encoding_and_cut_it(write):
    shapefile(write, "homes.shp")
    layer = "{file: homes.shp, crs: EPSG:4547, people: 人口数量合计, base: 常住人口}"
    assert load(write(f"city: made-up\ndemand:\n  layer: {layer}\n")).demand.layer.people == "人口数量合计"


def test_a_file_that_is_no_layer_is_told(faults, write):
    write("nothing at all", "plots.gpkg")
    (fault,) = faults(SHORTEST + ONE_QUESTION + "    candidates: {file: plots.gpkg}\n")
    assert fault.startswith("8:18: siting.0.candidates.file: plots.gpkg cannot be read")


def test_a_variant_changes_what_it_names_and_says_so(write):
    text = SHORTEST + ONE_QUESTION + "variants:\n  strict: {standards.rule_set: P3, siting.0.new_sites: 10}\n"
    plain, strict = load(write(text)), load(write(text), variant="strict")
    assert (plain.scenario, plain.siting[0].new_sites, plain.changes) == ("town", 20, ())
    assert (strict.scenario, strict.siting[0].new_sites) == ("town-strict", 10)
    assert strict.standard("green-300").min_area_m2 == 2000
    assert strict.changes == ('standards.rule_set = "P3"', "siting.0.new_sites = 10")


def test_the_command_line_wins_over_a_variant(write):
    text = SHORTEST + ONE_QUESTION + "variants:\n  fewer: {siting.0.new_sites: 10}\n"
    changed = load(write(text), variant="fewer", set=["siting.0.new_sites=8", "city.ring_m=500", "siting.0.gap=0.01"])
    assert changed.siting[0].new_sites == 8
    assert changed.city.ring_m == 500
    assert changed.siting[0].gap == 0.01


def test_a_fault_of_the_command_line_is_told_as_it_was_typed(faults):
    told = faults(
        SHORTEST + ONE_QUESTION, set=["siting.0.new_site=8", "siting.0.new_sites=-1", "x", "a=["], variant="b"
    )
    assert told == [
        "--set a=[: '[' is not a YAML value; put it in quotes",
        "--set siting.0.new_site=8: siting.0.new_site: unknown key — did you mean 'new_sites'?",
        "--set siting.0.new_sites=-1: siting.0.new_sites: must be at least 0, not -1",
        "--set x: write key=value, e.g. siting.0.new_sites=8",
        "--variant b: no such variant",
    ]


def test_paths_are_found_from_the_scenarios_folder_and_shown_as_written(write, monkeypatch, tmp_path):
    write("lon,lat\n114.6,33.6\n", "plots.csv")
    path = write(SHORTEST + ONE_QUESTION + "    candidates: {file: ./plots.csv}\n")
    monkeypatch.chdir("/")
    scenario = load(path)
    assert isinstance(scenario.siting[0].candidates, SiteLayer)
    assert scenario.siting[0].candidates.file.path == tmp_path / "plots.csv"
    assert [str(file) for file in scenario.files] == ["town.yaml", "./plots.csv"]
    assert str(tmp_path) not in scenario.model_dump_json() + repr(scenario)


def test_an_override_changes_a_standard_and_keeps_its_reason(write):
    rule = "{standard: green-300, limit: 250, reason: steep streets}"
    scenario = load(write(SHORTEST + f"standards: {{overrides: [{rule}]}}\n"))
    assert scenario.standard("green-300").limit_m == 250
    assert scenario.standard("green-300").min_area_m2 == 400
    assert scenario.standard("green-300").reason == "steep streets"
    assert scenario.standard("park-500").limit_m == 500


def test_an_override_of_the_speed_makes_other_metres_of_the_same_minutes(write):
    rule = "{standard: eldercare-15min, speed_m_s: 1.0, reason: both speeds are asked for}"
    own = load(write(SHORTEST + f"standards: {{overrides: [{rule}]}}\n")).standard("eldercare-15min")
    assert (own.limit, own.limit_m, own.confidence) == (15, 900, "A")
    assert own.title["en"] == "eldercare within 15 minutes [1 m/s]"
    assert own.source == "15分钟便民生活圈, founding document, 2022; changed: both speeds are asked for"


def test_an_override_of_a_provision_changes_every_rule_set_that_rests_on_it(write):
    rule = "{provision: park.P3.bands.small.area, value: 1000, reason: historic quarter}"
    scenario = load(write(SHORTEST + f"standards: {{rule_set: P3, overrides: [{rule}]}}\n"))
    floors = {id: rules.min_area_m2.get("green") for id, rules in scenario.rule_sets().items()}  # noqa: A001
    assert floors == {"P1": 1000, "P2": None, "P3": 1000, "P4": 400, "P5": 400, "P6": 1000}
    own = scenario.standard("green-300")
    assert (own.min_area_m2, own.rule_set, own.confidence) == (1000, "P3", "M")
    assert "≥ 1,000 m²: historic quarter" in own.source
    assert scenario.rule_sets()["P5"].reason == ""


def test_a_standard_that_only_a_question_names_is_measured_too(write):
    text = SHORTEST + ONE_QUESTION.replace("green-300", "primary-500")
    assert [each.id for each in load(write(text)).measured()] == ["green-300", "park-500", "primary-500"]


def test_a_scenario_does_not_change_after_loading(write):
    scenario = load(write(SHORTEST))
    with pytest.raises(ValidationError, match="frozen"):
        scenario.city.ring_m = 3


def test_the_committed_schema_is_the_models(write):
    committed = (PROJECT / "scenarios" / "scenario.schema.json").read_text("utf-8")
    assert committed == json_schema(), "run `make schema`"
    assert json.loads(committed)["$defs"]["City"]["anyOf"][1]["properties"]["ring_m"]["default"] == 1500
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "planner.scenario"], cwd=PROJECT, capture_output=True, check=True
    )
    assert printed.stdout.decode("utf-8") == committed


@pytest.mark.parametrize("path", sorted((PROJECT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_holds_with_its_variants(path):
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    scenario = load(path)
    for variant in scenario.variants:
        assert load(path, variant=variant).scenario == f"{path.stem}-{variant}"


@pytest.mark.cities
@pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data")
@pytest.mark.parametrize("path", sorted((PROJECT / "tests/scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_scenarios_of_real_cities_hold(path):
    assert load(path).city.extract is not None


def test_shares_of_ages_are_of_a_total_and_add_up(write):
    text = SHORTEST.replace("total: 1000", "total: 1000, ages: {classes: {0-59: 0.8, 60+: 0.2}, groups: {older: 60+}}")
    ages = load(write(text)).demand.spread.ages
    assert (ages.classes, ages.groups) == ({"0-59": 0.8, "60+": 0.2}, {"older": "60+"})
    with pytest.raises(ScenarioError, match=r"demand.spread.ages.classes: must add up to 1, not 1.1"):
        load(write(text), set=["demand.spread.ages.classes.60+=0.3"])
    with pytest.raises(ScenarioError, match=r"demand.spread.ages: are shares of the total"):
        load(write(text), set=["demand.spread.total="])


def test_what_the_command_line_sets_is_for_the_version_that_is_asked_for(write):
    land = "{question: cover_most_land, standard: green-300, new_sites: 5}"
    text = SHORTEST + ONE_QUESTION + f"variants:\n  land: {{siting: [{land}]}}\n"
    people = "siting.0.people={people: 2}"  # no key of cover_most_land
    assert load(write(text), set=[people]).siting[0].people == {"people": 2}
    with pytest.raises(ScenarioError, match="is no key of cover_most_land"):
        load(write(text), variant="land", set=[people])
