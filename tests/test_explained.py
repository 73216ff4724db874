"""Why a site is chosen, and who serves a home along which streets: the numbers of the run, in data and in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from shapely import box

from planner import report
from planner.errors import DataError, QuestionError
from planner.explained import Entry, explain, find, plain_data, read_answer, sentences, why_not
from planner.explained.initials import initials
from planner.explained.words import safe
from planner.network import metric_crs
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.naming import home_names
from tests import test_levels, test_school_seats
from tests.browser import chromium
from tests.drawn import ORIGIN, drawn
from tests.test_cli import command

# One way west to east, 0.001° = 92.9 m; homes with their people above it, plots for a pocket park below. A plot is at
# most 22 m + 22 m from the home before which it lies.
#
#            100 people          10                      50
#    o---------o------------------o----------------------o---------o
#  114.645  114.650            114.655                114.660   114.665
#    建设路   |        no name          |  <img onerror>    |  人民路
#         west at 114.648      middle                  east
HOSTILE_STREET = "<img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}"
TOWN = f"""\
<osm version="0.6" generator="pencil">
  <node id="1" lat="33.6200" lon="114.645" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="2" lat="33.6200" lon="114.650" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="3" lat="33.6200" lon="114.655" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="4" lat="33.6200" lon="114.660" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <node id="5" lat="33.6200" lon="114.665" version="1" timestamp="2026-01-31T00:00:00Z"/>
  <way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/><tag k="name" v="建设路"/></way>
  <way id="2" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
  <way id="3" version="1"><nd ref="3"/><nd ref="4"/><tag k="highway" v="residential"/>
    <tag k="name" v="{HOSTILE_STREET.replace("<", "&lt;")}"/></way>
  <way id="4" version="1"><nd ref="4"/><nd ref="5"/><tag k="highway" v="residential"/><tag k="name" v="人民路"/></way>
</osm>
"""
HOSTILE = "=CMD()</script>\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}"
HOMES = "id,lon,lat,people\na,114.650,33.6202,100\nb,114.655,33.6202,10\nc,114.660,33.6202,50\n"
PLOTS = f'id,name,lon,lat\nwest,人民公园,114.648,33.6198\nmiddle,"{HOSTILE}",114.655,33.6198\neast,,114.660,33.6198\n'
SCENARIO = """\
city: town.osm
demand:
  layer: {file: homes.csv, id: id, lon: lon, lat: lat, crs: EPSG:4326, people: people, base: residents}
standards:
  measure: [green-300]
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 2
    cost: {fixed: 1000, per_m2: 2, assumption: Made up.}
    candidates:
      {file: plots.csv, id: id, name: name, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 900, assumption: Seen.}
outputs: {papers: []}
variants:
  one: {siting.0.new_sites: 1}
  forbidden: {siting.0.forbid: [east]}
  asked: {siting.0.examine: {replacements: true}}
"""


def written(folder, scenario=SCENARIO):
    folder.mkdir(exist_ok=True)
    for name, text in {"town.osm": TOWN, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": scenario}.items():
        (folder / name).write_text(text, "utf-8")
    return folder / "town.yaml"


def answered(folder, variant=None):
    asked = load(written(folder), variant=variant)
    out = folder / (variant or "out")
    out.mkdir()
    run = run_scenario(asked)
    report.write(run, out)
    return run, read_answer(asked, out)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return answered(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return answered(tmp_path_factory.mktemp("one"), "one")


def east_of(*degrees):
    """Metres between the first point of the street and others, as the CRS of the town has them."""
    to_metres = Transformer.from_crs("EPSG:4326", metric_crs(114.655, 33.62), always_xy=True)
    x, _ = to_metres.transform(np.array(degrees), np.full(len(degrees), 33.62))
    return x - x[0]


def leg(lon, lat):
    """Metres from a point north or south of the street to it."""
    to_metres = Transformer.from_crs("EPSG:4326", metric_crs(114.655, 33.62), always_xy=True)
    (_, _), (y, street) = to_metres.transform([lon, lon], [lat, 33.62])
    return abs(y - street)


def test_a_chosen_site_says_what_it_gains_whom_it_serves_and_what_would_replace_it(two):
    run, read = two
    (row,) = json.loads((read.folder / "run.json").read_text("utf-8"))["plans"]
    found = explain(read, "west")
    (plan,) = found.plans
    assert (plan.chosen.rank, plan.sites, plan.left_out) == (1, 2, None)
    recorded = row["sites"][0]
    assert (recorded["id"], plan.chosen.gained, plan.chosen.only) == ("west", 100, 100)
    assert (plan.chosen.gained, plan.chosen.only) == (recorded["people_gained"], recorded["people_only"])
    assert (plan.cost, plan.cost_source) == (recorded["cost"], "Made up.") == (1000 + 2 * 900, "Made up.")
    assert sum(people for _, people in plan.chosen.serves) == 100
    assert [unit for unit, _ in plan.chosen.serves] == [str(run.demand.units.names[run.demand.unit[0]])]
    assert (plan.chosen.replaced.by, plan.chosen.replaced.loses) == ("middle", 90)
    assert (explain(read, "east").plans[0].chosen.replaced.by, explain(read, "east").plans[0].chosen.only) == (
        "middle",
        50,
    )


def test_a_candidate_left_out_says_what_it_would_gain_and_for_which_site_it_could_be_exchanged(two):
    (plan,) = explain(two[1], "middle").plans
    assert plan.chosen is None
    assert plan.left_out.why == ("no_better",)
    trade = plan.left_out.trade
    assert (trade.alone, trade.adds, trade.least, trade.exchange_for, trade.exchange) == (
        10,
        10,
        ("east", 50),
        "east",
        -40,
    )


def test_the_best_exchange_is_what_solving_anew_finds(tmp_path_factory):
    run, read = answered(tmp_path_factory.mktemp("asked"), "asked")
    solved = {each.site: (each.by, each.worse) for each in run.plans[0].examined.replacements}
    for site, (by, loses) in solved.items():
        replaced = explain(read, site).plans[0].chosen.replaced
        assert (replaced.by, replaced.loses, replaced.examined) == (by, loses, True)
    unasked = answered(tmp_path_factory.mktemp("unasked"))[1]
    for site, (by, loses) in solved.items():
        replaced = explain(unasked, site).plans[0].chosen.replaced
        assert (replaced.by, replaced.loses, replaced.examined) == (by, loses, False)


def test_what_is_forbidden_says_so_and_every_rule_set_is_passed_or_not(tmp_path_factory):
    run, read = answered(tmp_path_factory.mktemp("forbidden"), "forbidden")
    assert explain(read, "east").plans[0].left_out.why == ("forbidden",)
    west = explain(read, "west")
    failed = {row.title for row in run.rule_sets if "plan 1: west" in {short.id for short in row.chosen_short}}
    told = {f"{rule.rule_set}: {rule.title['en']}": rule for rule in west.rules}
    assert [*told] == [row.title for row in run.rule_sets]
    assert {title for title, rule in told.items() if not rule.passed} == failed
    assert [rule.rule_set for rule in west.rules if rule.applied] == ["P5"]
    assert all(rule.document for rule in west.rules)


def test_a_home_says_who_serves_it_along_which_streets_and_by_how_much_the_nearest_is_too_far(one):
    run, read = one
    home = explain(read, "c")
    assert (home.people, home.on_street) == (50, True)
    (served,) = home.services
    (measured,) = run.measured
    at = run.demand.ids.tolist().index("c")
    assert (served.covered_today, served.covered) == (measured.before.covered[at], measured.after.covered[at])
    assert (served.today, served.missing_today) == (None, np.inf)
    west, node_2, node_3, node_4 = east_of(114.648, 114.650, 114.655, 114.660)
    path, legs = served.plan, (leg(114.660, 33.6202), leg(114.648, 33.6198))
    assert (path.id, path.name, path.new) == ("west", "人民公园", True)
    assert [street for street, _ in path.streets] == [HOSTILE_STREET, "", "建设路"]
    assert [metres for _, metres in path.streets] == pytest.approx(
        [node_4 - node_3, node_3 - node_2, node_2 - west], abs=0.05
    )
    assert (path.to_street_m, path.from_street_m) == pytest.approx(legs, abs=0.05)
    whole = path.to_street_m + sum(metres for _, metres in path.streets) + path.from_street_m
    assert path.cost == pytest.approx(whole, abs=1e-4)
    assert served.missing == pytest.approx(whole - 300, abs=1e-4)


def test_a_home_that_is_covered_has_the_distance_that_coverage_measures(two):
    run, read = two
    (measured,) = run.measured
    for at, id_ in enumerate(run.demand.ids.tolist()):
        (served,) = explain(read, id_).services
        assert served.covered == measured.after.covered[at]
        if served.covered:
            assert served.plan.cost == measured.after.nearest[at]
            assert served.missing == 0


def test_few_people_are_not_told_unless_the_scenario_says_so(tmp_path):
    asked = load(written(tmp_path), set=["outputs.suppress_below=11"])
    (tmp_path / "out").mkdir()
    report.write(run_scenario(asked), tmp_path / "out")
    home = explain(read_answer(asked, tmp_path / "out"), "b")
    assert (home.people, home.fewer_than) == (None, 11)
    assert "fewer than 11 people" in "\n".join(sentences(home, "en"))


def test_words_are_in_both_languages_with_the_numbers_of_the_data(one):
    both = sentences(explain(one[1], "c"))
    zh, en = sentences(explain(one[1], "c"), "zh"), sentences(explain(one[1], "c"), "en")
    assert both == [*zh, "", *en]
    path = explain(one[1], "c").services[0].plan
    (told,) = (line for line in zh if "不达标" in line and "新建" in line)
    assert f"步行 {path.cost:,.0f} 米" in told
    assert f"最近的超出 {path.cost - 300:,.0f} 米" in told
    assert f"无名道路 {path.streets[1][1]:,.0f} 米，建设路 {path.streets[2][1]:,.0f} 米" in told
    (told,) = (line for line in en if "not covered" in line and "new site" in line)
    assert f"{path.streets[1][1]:,.0f} m along a way without a name" in told
    site = sentences(explain(one[1], "west"))
    assert "  新增 100 人；去掉它，方案失去仅靠此点的 100 人" in site
    assert "  gains 100 people; without it the plan loses 100 people" in site


def test_what_a_terminal_would_obey_is_told_without_it(one):
    for wanted in ("c", "middle"):
        text = "\n".join(sentences(explain(one[1], wanted)))
        assert not {"\x1b", "\N{RIGHT-TO-LEFT OVERRIDE}"} & {*text}
    assert safe(HOSTILE) == "=CMD()</script>\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}"
    assert "=CMD()</script>" in "\n".join(sentences(explain(one[1], "middle")))
    assert json.loads(json.dumps(plain_data(explain(one[1], "middle"))))["kind"] == "site"


@pytest.mark.parametrize("wanted", ["west", "WEST", "人民公园", "rmgy", " 人民公园 ", "民公"])
def test_a_site_is_found_by_id_name_and_initials(one, wanted):
    assert explain(one[1], wanted).id == "west"


def test_several_that_fit_are_listed_and_what_is_unknown_gets_the_nearest():
    listed = [
        Entry("site", "way/1", "人民公园"),
        Entry("home", "way/2", "人民公园"),
        Entry("home", "way/22", "河东社区"),
    ]
    with pytest.raises(QuestionError, match=r"may be any of 2.*\n  way/1 人民公园 \(site\)\n  way/2 人民公园 \(home\)"):
        find("rmgy", listed)
    assert find("way/2", listed).id == "way/2"
    assert find("way/22", listed).id == "way/22"
    with pytest.raises(QuestionError, match=r"none of 3 .*Did you mean way/1 人民公园"):
        find("人民花园", listed)
    for wanted in ("", "   ", "\x1b[31m", "=CMD()", "</script>", "x" * 100_000):
        with pytest.raises(QuestionError):
            find(wanted, listed)


def test_what_stands_today_is_no_question_of_a_plan(tmp_path):
    layer = (
        "facilities: {osm: false, layers: [{service: green, file: plots.csv, id: id, name: name, lon: lon, lat: lat, "
    )
    layer += "crs: EPSG:4326, area_m2: 900, assumption: Seen.}]}\n"
    asked = load(written(tmp_path, SCENARIO.partition("siting:")[0] + layer + "outputs: {papers: []}\n"))
    (tmp_path / "out").mkdir()
    report.write(run_scenario(asked), tmp_path / "out")
    with pytest.raises(QuestionError, match=r"west 人民公园 stands today \(green, park\)"):
        explain(read_answer(asked, tmp_path / "out"), "人民公园")


def test_a_run_of_other_questions_data_or_versions_is_not_read(two, tmp_path):
    _, read = two
    scenario = read.scenario
    assert why_not(scenario, read.folder) == ""
    assert "holds no run" in why_not(scenario, tmp_path)
    record = json.loads((read.folder / "run.json").read_text("utf-8"))
    for change, said in (
        ({"versions": {**record["versions"], "numpy": "0"}}, r"other versions \(numpy\)"),
        ({"inputs": {**record["inputs"], "homes.csv": "0"}}, r"other inputs \(homes.csv\)"),
        ({"scenario": "elsewhere"}, "of elsewhere"),
        ({"assumptions": ["changed for this run: siting.0.new_sites = 7"]}, "other questions or assumptions"),
    ):
        (tmp_path / "run.json").write_text(json.dumps({**record, **change}), "utf-8")
        with pytest.raises(DataError, match=said):
            read_answer(scenario, tmp_path)
    damaged = [{"plans": "x"}, {"plans": [{"number": 1}]}, {"coverage": [1]}, {"inputs": []}, {"scenario": None}]
    for broken in ("", "[]", '{"plans": 1}', "\x00", *(json.dumps({**record, **change}) for change in damaged)):
        (tmp_path / "run.json").write_text(broken, "utf-8")
        assert why_not(scenario, tmp_path)


def test_a_record_that_was_written_by_hand_is_refused(two, tmp_path):
    _, read = two
    record = json.loads((read.folder / "run.json").read_text("utf-8"))
    covered = [{**row, "after": row["after"] + 1} for row in record["coverage"]]
    unknown = [{**row, "opened": ["nowhere"]} for row in record["plans"]]
    more = [{**row, "sites": [{**site, "people_gained": 7} for site in row["sites"]]} for row in record["plans"]]
    for change, said in (
        ({"coverage": covered}, "the city read again serves"),
        ({"plans": unknown}, "is not of this city"),
    ):
        (tmp_path / "run.json").write_text(json.dumps({**record, **change}), "utf-8")
        with pytest.raises(DataError, match=said):
            read_answer(read.scenario, tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({**record, "plans": more}), "utf-8")
    with pytest.raises(DataError, match=r"gives it 100\.0 people, and the recorded run 7"):
        explain(read_answer(read.scenario, tmp_path), "west")


def read_back(run, folder):
    folder.mkdir()
    report.write(run, folder)
    return read_answer(run.scenario, folder)


def test_a_home_says_which_school_its_pupils_go_to_today_at_the_nearest_and_with_the_plan(tmp_path):
    run = run_scenario(load(test_school_seats.write(tmp_path) / "town.yaml"))
    read, (seats,) = read_back(run, tmp_path / "out"), run.schools
    ids = np.append(seats.plan.schools.ids, "")
    for at, home in enumerate(run.demand.ids.tolist()):
        (school,) = explain(read, home).schools
        told = [each.id if each else "" for each in (school.today, school.nearest, school.plan)]
        ways = (seats.today, seats.nearest, seats.plan)
        assert told == [ids[seats.homes_of(way, "primary", "2022")[at]] for way in ways]
        assert school.plan.cost == pytest.approx(seats.walk_of(seats.plan, 0, "2022")[at])
        assert school.plan.new == (school.plan.id == "east")
    table = (tmp_path / "out" / "catchments.csv").read_text("utf-8-sig")
    (tmp_path / "out" / "catchments.csv").write_text(table.replace("school today", "school then"), "utf-8")
    with pytest.raises(DataError, match="lacks the columns school today"):
        explain(read, "c")
    (east,) = explain(read, "east").schools
    assert (east.done, east.classes, east.pupils, east.cost) == ("build 2022", (0, 1), (0, 45), 12)
    (old,) = explain(read, "lxx").schools  # 老小学
    assert (old.classes, old.pupils) == ((1, 3), (99, 99))
    assert "学校 · 小学：2022 年，新建 2022，班数 0 → 1，学生 0 → 45 名，费用 12" in sentences(explain(read, "east"))


def test_a_site_of_several_services_says_for_which_areas_it_stands(tmp_path):
    test_levels.write(tmp_path)
    run = run_scenario(load(tmp_path / "town.yaml"))
    read = read_back(run, tmp_path / "out")
    for sited in run.plans:
        for rank, site in enumerate(sited.plan.opened):
            plan = next(each for each in explain(read, site).plans if each.standard == sited.standard.id)
            areas = {each.unit for each in sited.level.status if each.after.site == site}
            assert {*plan.chosen.stands_for} == areas
            assert areas
            assert (plan.chosen.gained, plan.chosen.only) == (sited.plan.served[rank], sited.plan.only[rank])


def test_the_command_reads_the_run_or_answers_the_scenario_first(tmp_path):
    scenario = written(tmp_path)
    assert command("run", scenario, "--out", tmp_path / "out").exit_code == 0
    read = command("explain", scenario, "rmgy", "--run", tmp_path / "out", "--language", "zh")
    assert read.exit_code == 0, read.output
    assert read.stdout.splitlines()[1].startswith("入选：300米见绿，按新增排第 1（共 2 处）")
    assert "answered first" not in read.stderr
    variant = command("explain", scenario, "east", "--variant", "one", "--run", tmp_path / "out", "--json")
    assert variant.exit_code == 0, variant.output
    assert "answered first" in variant.stderr
    told = json.loads(variant.stdout)
    assert told["plans"][0]["left_out"]["trade"]["adds"] == 50
    for wanted, options, said in (
        ("nowhere", (), "is the id, name or pinyin initials of none of 6 sites"),
        ("a", ("--language", "fr"), "there is zh, en or both"),
    ):
        refused = command("explain", scenario, wanted, "--run", tmp_path / "out", *options)
        assert refused.exit_code == 2
        assert said in refused.stderr


@pytest.mark.browser
def test_initials_are_those_of_the_map():
    script = (Path(__file__).parents[1] / "planner" / "data" / "map" / "search.js").read_text("utf-8")
    text = "".join(map(chr, range(0x4E00, 0xA000, 7))) + "A 角鹅、ü9"
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=script.partition("class Search")[0])
        assert page.evaluate("initialsOf", text) == initials(text)
    assert initials("川汇区莲和社区") == "chqlhsq"


def test_a_home_is_called_by_its_name_its_address_or_the_land_it_stands_on():
    land = ({"landuse": "residential", "name": "幸福小区"}, box(0, 0, 50, 100))
    tagged = [
        ({"building": "apartments", "name": "一号楼"}, box(1, 1, 9, 9), "一号楼"),
        ({"building": "house", "addr:street": "建设路", "addr:housenumber": "5"}, box(11, 1, 19, 9), "建设路 5"),
        ({"building": "house", "addr:housenumber": "7"}, box(21, 1, 29, 9), "幸福小区"),  # a number alone names nothing
        ({"building": "house"}, box(61, 1, 69, 9), ""),
    ]
    extract, network = drawn("", more=[land, *((tags, shape) for tags, shape, _ in tagged)])
    features = extract.features[[("building" in tags) for tags in extract.features["tags"]]]
    middle = np.array([shape.centroid.coords[0] for _, shape, _ in tagged]) + ORIGIN
    names = home_names(extract, features["osm_id"].to_numpy(str), middle, network.crs)
    assert names.tolist() == [name for _, _, name in tagged]
    pieces = home_names(extract, np.array(["way/0/3"]), middle[:1], network.crs)  # of land without mapped homes
    assert pieces.tolist() == ["幸福小区"]
