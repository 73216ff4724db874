"""The kits as data, a scenario's circle and its table, and what real cities have of a kit."""

import csv
import json
from pathlib import Path

import pytest
from shapely import box

from planner.errors import QuestionError
from planner.kits import kit, kits, service_titles
from planner.ledgers.circle import circle_sheet
from planner.provisions import provision, provisions
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.places import services
from planner.sources.tags import matched, tag_table
from planner.standards import standards
from tests.commands import planner
from tests.drawn import drawn
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET
from tests.test_scenario import SHORTEST, faults, write

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"
__all__ = ["faults", "write"]  # fixtures

# The street of test_cli: homes of 100, 10 and 50 people at 0, 464 and 929 m, all 22 m north of it.
#
#         100        10         50
#     ─────a──────────b──────────c─────
#          S1         P          S2       two schools, and a pharmacy 22 m south of the street: 44 m from b
#
# On foot: schools within 500 m of a and c (44 m), not of b (508 m); the pharmacy of b only. In a straight line 466 m.
SCHOOLS = "id,lon,lat\n1,114.650,33.6198\n2,114.660,33.6198\n"
PHARMACY = "id,lon,lat\n1,114.655,33.6198\n"
POINTS = "lon: lon, lat: lat, crs: EPSG:4326"
OWN = (
    "circle={items: [{service: school, within_m: 500, reason: Ours.}, "
    "{service: pharmacy, within_m: 500, level: 5, reason: Ours.}, {service: bank, within_m: 900, reason: Ours.}]}"
)
LAYERS = (
    f"facilities.layers=[{{service: school, file: schools.csv, {POINTS}}}, "
    f"{{service: pharmacy, file: pharmacy.csv, {POINTS}}}]"
)


@pytest.fixture
def town(tmp_path):
    files = {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}
    for name, text in {**files, "schools.csv": SCHOOLS, "pharmacy.csv": PHARMACY}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def answer(town, *changes):
    return run_scenario(load(town / "town.yaml", set=changes))


# --- the data


def test_the_kits_are_those_of_the_documents_and_one_of_what_maps_tell():
    assert {id: each.levels for id, each in kits().items()} == {  # noqa: A001
        "gb50180": (15, 10, 5), "complete-community": (10,), "convenience": (15,), "osm": (15, 10, 5),
    }  # fmt: skip
    assert kit("osm").inclusive
    assert not kit("gb50180").inclusive
    with pytest.raises(QuestionError, match=r"There is no kit 'gb50181'\. There are: gb50180, complete"):
        kit("gb50181")


def test_gb_50180_asks_each_level_for_its_own_services_within_its_own_radius():
    asked = {(item.level, item.service): (item.sign, item.standard.limit_m) for item in kit("gb50180").items}
    assert asked[15, "service-centre"] == ("▲", 1000)
    assert asked[5, "service-station"] == ("▲", 300)
    assert asked[10, "primary-school"] == ("▲", 500)
    assert asked[15, "nursing-home"] == ("▲", 1000)  # the wide end of 800 to 1 000 m, as it has no radius of its own
    assert asked[5, "culture-station"] == ("▲", 500)
    assert asked[15, "police"] == ("△", 800)
    assert asked[5, "health-station"] == ("△", 300)
    grounds = {item.service: item.standard.min_area_m2 for item in kit("gb50180").items if item.standard.min_area_m2}
    assert grounds == {"fitness-ground": 150, "sports-ground": 770}


def test_minutes_have_a_walker_and_what_was_written_from_memory_says_so():
    for each in kits().values():
        for item in each.items:
            assert (item.standard.unit == "min") == (item.standard.profile is not None)
    assert {item.standard.limit_m for item in kit("complete-community").items} == {480}  # 10 min at 0.8 m/s
    assert {item.standard.limit_m for item in kit("convenience").items} == {1080}  # 15 min at 1.2 m/s
    assert kit("gb50180").source.endswith("from memory: check before publication")
    assert kit("convenience").source == "商流通函〔2021〕176号, 建设指南"
    assert kit("gb50180").items[1].size == str(provision("service.centre.building"))
    assert {*kits()}.isdisjoint({*provisions()} | {*standards()})


def test_every_service_of_a_kit_or_standard_has_a_title_and_every_one_of_a_kit_its_tags():
    asked = {service for each in kits().values() for service in each.services}
    read = {"green", "park", *tag_table()["services"], *tag_table()["kit_services"]}
    assert asked <= read
    assert {each.service for each in standards().values()} | asked | read == {*service_titles()}
    assert {*tag_table()["services"]}.isdisjoint(tag_table()["kit_services"])


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"amenity": "school", "name": "六一路小学"}, {"primary-school"}),
        ({"amenity": "school", "name": "第二中学"}, {"junior-school"}),
        ({"amenity": "school", "isced:level": "1;2"}, {"primary-school", "junior-school"}),
        ({"amenity": "school", "name": "汉阳路学校"}, set()),  # of unknown level
        ({"amenity": "clinic"}, {"health-centre", "healthcare"}),
        ({"amenity": "clinic", "name": "金海社区卫生服务站"}, {"health-station", "healthcare"}),
        ({"amenity": "community_centre"}, {"service-station"}),
        ({"amenity": "community_centre", "name": "荷花路街道社区服务中心"}, {"service-centre"}),
        ({"amenity": "community_centre", "name": "七一社区文化活动站"}, {"culture-station"}),
        ({"social_facility": "day_care", "social_facility:for": "senior"}, {"elder-daycare"}),
        ({"leisure": "pitch", "access": "private"}, set()),
        ({"leisure": "pitch"}, {"sports-ground", "activity-ground"}),
        ({"shop": "supermarket"}, {"food-market", "supermarket"}),
    ],
)  # fmt: skip
def test_tags_and_chinese_names_tell_the_level_of_a_service(tags, told):
    found = {service for service, rules in tag_table()["kit_services"].items() if matched(tags, rules)}
    assert found == told


def test_a_sports_ground_of_a_school_is_no_public_one_and_nothing_is_read_that_nobody_asks_for():
    pitch = {"leisure": "pitch"}
    more = [(pitch, box(10, 10, 20, 20)), (pitch, box(70, 10, 90, 20))]
    city = drawn("SSSS\nSSSS\nSSSS", {"S": {"amenity": "school"}}, streets=[((0, -10), (100, -10))], more=more)
    assert services(*city, also=["sports-ground"])["sports-ground"].ids.tolist() == ["way/3"]
    assert "sports-ground" not in services(*city)
    assert "library" not in services(*city, also=["library"])


# --- a scenario


def test_a_circle_of_one_s_own_is_measured_and_what_nobody_gives_is_not_in_the_data(town):
    run = answer(town, OWN, LAYERS)
    circle = run.circle.before
    assert [(each.item.service, each.walk.tolist()) for each in circle.judged] == [
        ("school", [True, False, True]),
        ("pharmacy", [False, True, False]),
    ]
    assert [item.service for item in circle.untold] == ["bank"]
    assert run.circle.complete(15) == (150, 150)
    assert run.circle.complete() == (0, 0)
    assert "The circle's own school: Ours." in run.assumptions
    told = list(run.circle.sentences())
    assert told[0] == "a kit of one's own: score 50.0 on foot, 100.0 in a straight line, of 100 [this scenario]"
    assert [line.partition(":")[0] for line in told[1:4]] == [
        f"  {kit}, {items} required and in the data"
        for kit, items in (("15-minute kit", "1 item"), ("5-minute kit", "1 item"), ("whole kit", "2 items"))
    ]
    assert told[1].endswith("for 93.8% (150 of 160 people) on foot, 100.0% (160 of 160 people) in a straight line")
    assert told[3].endswith("for 0.0% (0 of 160 people) on foot, 100.0% (160 of 160 people) in a straight line")
    assert told[4:] == [
        "  missing for most people on foot: pharmacy 93.8% (1 in the data), school 6.2% (2 in the data)",
        "  not in the data, so neither missing nor there: bank ▲",
    ]


def test_of_a_service_that_was_surveyed_there_is_none_where_the_data_hold_none(town):
    circle = answer(town, OWN.replace("circle={", "circle={surveyed: [bank], "), LAYERS).circle.before
    assert circle.untold == ()
    assert circle.missing()[0].item.service == "bank"
    assert circle.missing()[0].share == 1


def test_what_a_plan_opens_is_in_the_circle_after_it(town):
    own = OWN.replace("pharmacy, within_m: 500, level: 5", "green, within_m: 300")
    (town / "green.csv").write_text("id,lon,lat\n9,114.660,33.6198\n", "utf-8")
    layers = LAYERS.replace("pharmacy.csv", "green.csv").replace("pharmacy", "green")
    change = answer(town, own, layers).circle
    # The plan opens "west" before the 100 people of a; the standing green is before c.
    assert change.complete() == (50, 150)
    assert float(change.after.score().points - change.before.score().points) == pytest.approx(50 * 100 / 160)
    assert "score 62.5 → 93.8 on foot" in next(change.sentences())
    assert change.after.judged[0] is change.before.judged[0]


def test_the_table_and_the_record_say_the_same(town):
    done = planner("run", "town.yaml", "--set", OWN, "--set", LAYERS, folder=town)
    assert done.returncode == 0, done.stderr
    with (town / "maps/town/circle.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    record = json.loads((town / "maps/town/run.json").read_text("utf-8"))["circle"]
    total = rows[-1]
    assert (total["people"], total["score after"], total["most missed"]) == ("160", "50.0", "pharmacy")
    assert (total["最缺 most missed"], total["people who lack it"], total["most people lack"]) == (
        "药店",
        "150",
        "pharmacy",
    )
    assert total["15 min ▲ school share before"] == "0.9375"
    assert total["not in the data"] == "15 min bank"
    assert sum(int(row["5-minute kit complete after"]) for row in rows[:-1]) == 10
    assert record["score"]["walk"] == {"before": 50, "after": 50}
    assert [item["points"]["after"] for item in record["items"]] == [46.875, 3.125]
    assert record["people_by_items_missing"]["after"] == [0, 160, 0]
    assert [each["service"] for each in record["not_in_the_data"]] == ["bank"]
    sheet = circle_sheet(answer(town, OWN, LAYERS))
    assert sheet.rows[0] == (
        {"zh": "15分钟 ▲ 学校", "en": "15 min ▲ school"}, (0.9375, 0.9375), (1.0, 1.0), "≤ 500 m", "2",
    )  # fmt: skip


def test_without_a_circle_there_is_none_of_it(town):
    run = answer(town)
    assert run.circle is None
    assert "pharmacy" not in run.facilities
    assert circle_sheet(run) is None


def test_a_walker_of_the_scenario_s_own_walks_the_minutes(town):
    own = OWN.replace("within_m: 500, reason", "within_min: 5, reason", 1)
    assert answer(town, own, LAYERS).circle.before.judged[0].item.terms == "≤ 5 min = 360 m"
    slower = own.replace("circle={", "circle={walker: older, ")
    assert answer(town, slower, LAYERS).circle.before.judged[0].item.terms == "≤ 5 min = 240 m"


def test_standards_of_a_kit_are_those_that_the_scenario_applies(town):
    changes = ["circle=osm", "standards.rule_set=P3", LAYERS, "siting=[]"]
    changes.append("standards.overrides=[{standard: school-15min, limit: 5, reason: Ours.}]")
    items = {item.service: item for item in answer(town, *changes).circle.before.kit.items}
    assert items["green"].standard.min_area_m2 == 2000
    assert items["school"].terms == "≤ 5 min = 270 m"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("circle: gb50181", "4:1: circle: there is no kit 'gb50181' — did you mean 'gb50180'?"),
        ("circle: {kit: osm, surveyed: [repair]}", "4:1: circle: surveyed names repair, of which the kit asks nothing"),
        ("circle: {levels: [15]}", "4:1: circle: write a kit, items, or both"),
        ("circle: {kit: gb50180, levels: [20]}", "4:1: circle: The kit 'gb50180' has no level of 20 minutes."),
        ("circle: {kit: osm, walker: runner}", "4:20: circle.walker: there is no walker 'runner' (there are: adult"),
        (
            "circle: {items: [{service: pharmcy, within_m: 500, reason: R}]}",
            "4:19: circle.items.0.service: there is no service 'pharmcy' — did you mean 'pharmacy'?",
        ),
        (
            "circle: {items: [{service: school, reason: R}]}",
            "4:18: circle.items.0: write exactly one of within_m, within_min",
        ),
        (
            "circle: {items: [{service: school, within_m: 5, within_min: 5, reason: R}]}",
            "4:49: circle.items.0.within_min: write exactly one of within_m, within_min",
        ),
        (
            "circle: {items: [{service: school, within_m: 0, reason: R}]}",
            "4:36: circle.items.0.within_m: must be more than 0, not 0",
        ),
        (
            "circle: {items: [{service: school, within_m: 500, weight: -1, reason: R}]}",
            "4:51: circle.items.0.weight: must be at least 0, not -1",
        ),
        ("circle: {items: [{service: school, within_m: 500}]}", "4:18: circle.items.0.reason: is missing"),
        (
            "circle: {items: [{service: school, within_m: 500, required: false, reason: R}]}",
            "4:1: circle: The kit 'own' cannot stand: no item of it is required (▲); no item of it has a weight.",
        ),
    ],
)
def test_a_circle_that_is_wrong_is_told_with_its_line(faults, line, told):
    (fault,) = faults(SHORTEST + line + "\n")
    assert fault.startswith(told)


def test_a_kit_of_which_the_data_hold_nothing_stops_the_run_with_the_remedy(town):
    with pytest.raises(QuestionError, match=r"No required item of the kit 'gb50180' .* \(facilities\.layers\)"):
        answer(town, "circle=gb50180")


# --- real cities


@pytest.mark.cities
@pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data")
@pytest.mark.parametrize(
    ("city", "asked", "untold", "thin"),
    [
        ("yizhuang", "gb50180", {"service-centre", "nursing-home", "fitness-ground"}, "community service station (1)"),
        ("las-palmas", "osm", set(), "kindergarten (23)"),
    ],
)
def test_a_real_city_has_what_its_map_tells_and_lists_what_it_does_not(city, asked, untold, thin):
    scenario = load(Path(__file__).parent / "scenarios" / f"{city}.yaml", set=["siting=[]", f"circle={asked}"])
    change = run_scenario(scenario).circle
    (few,) = (line for line in change.sentences() if line.startswith("  fewer than there are circles"))
    assert thin in few
    circle = change.before
    services = {item.service for item in circle.untold}
    assert untold <= services
    assert len(circle.judged) >= 8
    score, straight = circle.score(), circle.score(metric="straight")
    assert 5 < score.points < straight.points < 95
    assert score.points == sum(score.parts)
    for each in circle.judged:
        assert len(each.sites) > 0
        assert (each.straight >= each.walk).all()
    assert circle.people_by_lacking().sum() == pytest.approx(circle.demand.total)
    assert circle.missing()[0].share > 0.5
