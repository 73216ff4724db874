"""Every number of a document is data: with its operator, unit, clause, and how sure it is."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from planner import provisions as provisions_module
from planner import published
from planner.cli import app
from planner.errors import QuestionError
from planner.kits import kits
from planner.provisions import OPERATORS, SURENESS, SUREST_FIRST, provision, provisions
from planner.standards import rule_sets, standards
from planner.walkers import profiles

# The starter list of the domain brief: id → value, unit, document, confidence, as it stands there.
STARTER = {
    "park.P1.coverage": (0.80, "ratio", "GB 55014-2021", "V"),
    "park.P1.per_capita": (8.0, "m2_per_person", "GB 55014-2021", "V"),
    "park.P1.comprehensive_per_capita": (3.0, "m2_per_person", "GB 55014-2021", "V"),
    "park.P1.community_per_capita": (3.0, "m2_per_person", "GB 55014-2021", "V"),
    "park.P2.radius": (500, "m", "GB/T 51346-2019", "V"),
    "park.P2.coverage.all": (0.90, "ratio", "GB/T 51346-2019", "V"),
    "park.P2.coverage.new": (1.00, "ratio", "GB/T 51346-2019", "V"),
    "park.P2.coverage.old": (0.80, "ratio", "GB/T 51346-2019", "V"),
    "park.P3.bands.large.area": (5000, "m2", "GB/T 50563-2010", "M"),
    "park.P3.bands.large.radius": (500, "m", "GB/T 50563-2010", "M"),
    "park.P3.bands.small.area": (2000, "m2", "GB/T 50563-2010", "M"),
    "park.P3.bands.small.radius": (300, "m", "GB/T 50563-2010", "M"),
    "park.P3.bands.historic.area": (1000, "m2", "GB/T 50563-2010", "M"),
    "park.P4.coverage_ecological": (0.90, "ratio", "国家生态园林城市", "V2"),
    "park.P4.coverage_ordinary": (0.85, "ratio", "建城〔2022〕2号", "M"),
    "park.P5.bands.large.area": (5000, "m2", "城市体检 2022", "M?"),
    "park.P5.bands.small.area": (400, "m2", "城市体检 2022", "M?"),
    "pocket.area": ((400, 10000), "m2", "MOHURD 口袋公园通知 2022-08", "V"),
    "green.renewal_floor": (0.70, "ratio", "GB 50180-2018", "V2"),
    "circle.population.15": ((50000, 100000), "persons", "GB 50180-2018", "V2"),
    "circle.population.10": ((15000, 25000), "persons", "GB 50180-2018", "V2"),
    "circle.population.5": ((5000, 12000), "persons", "GB 50180-2018", "V2"),
    "circle.population.block": ((1000, 3000), "persons", "GB 50180-2018", "V2"),
    "circle.distance.15": ((800, 1000), "m", "GB 50180-2018", "M"),
    "circle.distance.10": (500, "m", "GB 50180-2018", "V2"),
    "circle.distance.5": (300, "m", "GB 50180-2018", "M"),
    "kindergarten.radius": (300, "m", "GB 50180-2018", "V2"),
    "primary.radius": (500, "m", "GB 50180-2018", "V2"),
    "junior.radius": (1000, "m", "GB 50180-2018", "M"),
    "class.size.primary": (45, "pupils", "GB 50099-2011", "V"),
    "class.size.junior": (50, "pupils", "GB 50099-2011", "V"),
    "class.size.kindergarten": (30, "pupils", "JGJ 39-2016 (2019)", "V2"),
    "class.oversized.large": (56, "pupils", "国发〔2016〕40号", "V2"),
    "class.oversized.severe": (66, "pupils", "国发〔2016〕40号", "V2"),
    "school.max_pupils.single": (2000, "pupils", "教督〔2017〕6号", "M"),
    "school.max_pupils.nine_year": (2500, "pupils", "教督〔2017〕6号", "M"),
    "school.max_classes.kindergarten": (12, "classes", "GB 50180-2018", "M"),
    "school.max_classes.primary": (36, "classes", "GB 50180-2018", "M"),
    "school.max_classes.junior": (36, "classes", "GB 50180-2018", "M"),
    "elder.floor.henan.new": (30, "m2_per_100hh", "河南省养老服务条例", "V"),
    "elder.floor.henan.existing": (20, "m2_per_100hh", "河南省养老服务条例", "V"),
    "elder.land.henan": (0.2, "m2_per_person", "河南省养老服务条例", "V"),
    "elder.daycare.radius": (300, "m", "GB 50180-2018", "M"),
    "elder.community.radius.alt": (700, "m", "贵州 2022", "V2"),
    "service.centre.radius": (1000, "m", "GB 50180-2018", "M"),
    "service.station.radius": (300, "m", "GB 50180-2018", "M"),
    "community.floor": (30, "m2_per_100hh", "国办发〔2021〕56号", "V2"),
    "embedded.complex.min": (600, "m2", "城市社区嵌入式服务设施建设导则", "V2"),
    "embedded.complex.good": (800, "m2", "城市社区嵌入式服务设施建设导则", "V2"),
    "sampling.walk": (15, "min", "国务院联防联控 2022-05-23", "V2"),
    "sampling.queue": (30, "min", "江西 2022", "V2"),
    "grid.social.households": ((300, 500), "households", "GB/T 34300-2017", "M"),
    "crossing.wait_max.plain": (70, "s", "GB/T 51439-2021", "V"),
    "crossing.wait_max.refuge": (90, "s", "GB/T 51439-2021", "V"),
    "crossing.speed": (1.0, "m_per_s", "GB 50647-2011", "V2"),
    "walk.speed.adult": (1.2, "m_per_s", "walking speeds read and remembered", "M"),
    "walk.speed.child": (0.9, "m_per_s", "walking speeds read and remembered", "M?"),
    "walk.speed.older": (0.8, "m_per_s", "walking speeds read and remembered", "V"),
}


def told(*arguments):
    return CliRunner().invoke(app, ["standards", *arguments])


@pytest.mark.parametrize("id", STARTER)
def test_every_provision_of_the_starter_list_is_data_as_it_stands_there(id):  # noqa: A002
    each = provision(id)
    assert (each.value, each.unit, each.document, each.confidence) == STARTER[id]


def test_a_threshold_is_printed_with_its_operator_and_unit():
    assert provision("park.P1.coverage").threshold == "> 80%"
    assert provision("park.P3.bands.small.area").threshold == "≥ 2,000 m²"
    assert provision("circle.distance.15").threshold == "800 to 1,000 m"
    assert provision("elder.floor.henan.new").threshold == "≥ 30 m² per 100 households"
    assert provision("park.P7.comprehensive").threshold == "73.59%"
    assert str(provision("park.P1.coverage")) == (
        "residential land within the service radius of a park [residential land]: > 80% (GB 55014-2021, 2.1.3)"
    )


def test_whatever_was_written_from_memory_says_so_wherever_it_is_printed():
    for each in provisions().values():
        assert ("check before publication" in str(each)) == each.confidence.startswith("M"), each.id
    for rules in rule_sets().values():
        assert ("check before publication" in rules.source) == rules.check_first(), rules.id
    for rule in standards().values():
        for rules in rule_sets().values():
            under = rule.under(rules)
            assert ("check before publication" in under.source) == under.check_first()


def test_the_walkers_walk_as_the_provisions_say():
    for walker in profiles().values():
        said = provision(f"walk.speed.{walker.id}")
        assert (walker.speed_m_s, walker.confidence) == (said.number, said.confidence)


def test_a_rule_set_is_no_surer_than_the_provisions_it_is_made_of():
    for row in provisions_module.published()["rule_sets"]:
        bands = [band for test in row["tests"] for band in test["bands"]]
        used = [provision(band[key]) for band in bands for key in ("from", "within") if key in band]
        least = max(SUREST_FIRST.index(each.confidence) for each in used)
        assert SUREST_FIRST.index(row["confidence"]) >= least, row["id"]


def test_every_confidence_has_its_words_and_every_operator_its_use():
    assert set(SURENESS) == set(SUREST_FIRST)
    assert {each.op for each in provisions().values()} == set(OPERATORS)


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"op": "=>"}, "op is '=>', none of >, >="),
        ({"unit": "feet"}, "unit is 'feet'"),
        ({"confidence": "sure"}, "confidence is 'sure'"),
        ({"value": (1, 2)}, "a range is 'within'"),
        ({"op": "within"}, "a range is 'within'"),
        ({"op": "within", "value": (5, 5)}, "does not rise"),
    ],
)
def test_a_provision_that_cannot_stand_is_refused(spoiled, said):
    with pytest.raises(QuestionError, match=r"'park\.P1") as refused:
        replace(provision("park.P1.coverage"), **spoiled)
    assert said in str(refused.value)


def test_all_faults_of_a_provision_are_told_at_once():
    with pytest.raises(QuestionError, match=r"op is .*unit is .*confidence is"):
        replace(provision("park.P1.coverage"), op="~", unit="feet", confidence="sure")


def test_a_range_is_not_taken_for_a_number():
    with pytest.raises(QuestionError, match=r"'pocket\.area' is a range, 400 to 10,000 m²"):
        provision("pocket.area").number  # noqa: B018


def test_an_unknown_provision_names_those_near_it():
    with pytest.raises(QuestionError, match=r"no provision 'park.P1.coverag'.*Near it: park.P1.coverage"):
        provision("park.P1.coverag")


def test_the_command_lists_everything_under_its_document():
    done = told()
    assert done.exit_code == 0
    for id in published.entries():  # noqa: A001
        assert f"\n  {id}  " in done.stdout
    assert "\nGB 55014-2021: " in done.stdout
    assert "park.P1.coverage  residential land within the service radius of a park" in done.stdout


def test_the_command_explains_one_and_what_begins_like_it():
    one = told("park.P5.bands.small.area").stdout.splitlines()
    assert one[0] == "park.P5.bands.small.area"
    assert "  threshold: ≥ 400 m²" in one
    assert one[-1] == "  confidence: M?, from memory, uncertain: check before publication"
    below = [line for line in told("park.P2").stdout.splitlines() if not line.startswith(" ")]
    assert below == ["park.P2.radius", "park.P2.coverage.all", "park.P2.coverage.new", "park.P2.coverage.old"]
    assert "note: The clause fixes the share, not the areas and radii" in told("P1").stdout


def test_the_command_prints_json_that_others_read():
    (one,) = json.loads(told("circle.distance.15", "--json").stdout)
    assert (one["value"], one["op"], one["unit"]) == ([800, 1000], "within", "m")
    assert (one["document"], one["clause"], one["edition"]) == ("GB 50180-2018", "Table 3.0.4", "2018")
    assert (one["confidence"], one["check_first"], one["applies_to"]) == ("M", True, "15-minute circle")
    every = json.loads(told("--json").stdout)
    assert [each["id"] for each in every] == list(published.entries())


@pytest.mark.parametrize("id", ["park.P9", "", "..", "PARK.p1.coverage", "green 300", "\x00"])
def test_an_id_that_is_none_is_refused_with_what_is_near(id):  # noqa: A002
    refused = told(id)
    assert refused.exit_code == 2
    assert "Nothing is published under" in refused.stderr
    assert "Traceback" not in refused.output


def test_no_two_published_things_share_an_id():
    count = len(standards()) + len(rule_sets()) + len(kits()) + len(profiles()) + len(provisions())
    assert len(published.entries()) == count
