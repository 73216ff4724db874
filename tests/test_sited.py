"""Several services of a scenario on the same land: what each parcel becomes, measured again by coverage."""

import json

import pytest

from planner.errors import ScenarioError
from planner.ledgers.stated import stated_records, stated_sentences, stated_text
from planner.maps.contents import contents_of
from planner.report import record_text
from planner.run import run_scenario
from planner.scenario import load
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET

# The street of test_cli: homes of 100, 10 and 50 people at 114.650, 114.655 and 114.660, a plot before each, the next
# 460 m away. Green serves its own home, an eldercare centre within 1,000 m all of them, a community one at 720 m two.
PLOTS_LAYER = SCENARIO.partition("candidates: ")[2].strip()
GREEN = {"standard": "green-300", "new_sites": 1}
CENTRE = {"standard": "eldercare-centre-1000", "new_sites": 1}
STATION = {"standard": "eldercare-15min", "new_sites": 1}


@pytest.fixture
def town(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def asked(town, *services, stated=None, **more):
    """The street's scenario with one question: services on its three plots."""
    question = json.dumps({"question": "site_services", "services": services, **more})[:-1]
    changes = [f'siting=[{question}, "candidates": {PLOTS_LAYER}}}]']
    return load(town / "town.yaml", set=changes + ([f"stated={json.dumps(stated)}"] if stated else []))


def test_a_parcel_becomes_one_thing_and_each_service_is_a_plan_of_its_own(town):
    run = run_scenario(asked(town, GREEN, CENTRE, STATION))
    green, centre, station = run.plans
    #  Green takes the plot of the hundred; the centre in the middle reaches everybody, as a station too.
    assert (green.plan.opened, green.plan.objective) == (("west",), 100)
    assert (centre.plan.opened, station.plan.opened) == (("middle",), ())
    assert (centre.plan.objective, station.plan.objective) == (160, 160)
    assert {sited.number for sited in run.plans} == {1}
    assert run.plans[0].whole is run.plans[1].whole
    after = {measured.standard.id: measured.after.served for measured in run.measured}
    assert after == {"green-300": 100, "eldercare-centre-1000": 160, "eldercare-15min": 160}


def test_a_budget_is_shared_by_the_services_at_their_exchange_rate(town):
    def opened(**weight):
        paid = {"cost": {"fixed": 1, "assumption": "As in the last budget."}}
        services = [
            each | paid | {"weight": weight.get(name, 1)} for name, each in (("green", GREEN), ("station", STATION))
        ]
        run = run_scenario(asked(town, *services, budget=1))
        assert "As in the last budget." in run.assumptions
        return [len(sited.plan.opened) for sited in run.plans]

    assert opened() == [0, 1]
    assert opened(green=2) == [1, 0]


def test_services_may_share_a_plot(town):
    both = {"services": ["green", "eldercare"], "min_area_m2": 0}
    run = run_scenario(asked(town, GREEN, STATION, together=[both], forbid=["middle", "east"]))
    assert [sited.plan.opened for sited in run.plans] == [("west",), ("west",)]


@pytest.mark.parametrize(
    ("services", "more", "words"),
    [
        ([GREEN, GREEN], {}, "ask for green more than once"),
        ([GREEN], {"together": [{"services": ["green", "school"]}]}, "names school, no service"),
        ([GREEN], {"budget": 5}, "needs to know what each site costs; write cost of green-300"),
        ([{"standard": "green-300"}], {}, "green-300 have neither new_sites nor a budget"),
        ([GREEN], {"new_sites": 5}, "is no key of site_services"),
    ],
)
def test_what_contradicts_itself_is_told_with_its_place(town, services, more, words):
    with pytest.raises(ScenarioError, match=words):
        asked(town, *services, **more)


def test_the_map_tells_the_whole_and_each_of_its_services(town):
    both = {"services": ["green", "eldercare"], "min_area_m2": 0}
    run = run_scenario(asked(town, GREEN, STATION, together=[both], forbid=["middle", "east"]))
    shown = contents_of(run)
    (whole,) = shown["together"]
    assert (whole["gained"], whole["bound"], whole["ending"], whole["budget"]) == (210, 210, "proven", None)
    assert [(each["standard"], each["sites"], each["gained"]) for each in whole["services"]] == [
        ("green-300", 1, 100), ("eldercare-15min", 1, 110),
    ]  # fmt: skip
    assert [plan["sites"][0]["with"] for plan in shown["plans"]] == [["eldercare"], ["green"]]
    (recorded,) = json.loads(record_text(run))["together"]
    assert recorded["becomes"] == {"west": ["green", "eldercare"]}
    assert (recorded["objective"], recorded["services"]["eldercare"]["people_after"]) == (210, 110)


def test_what_a_document_states_stands_beside_what_is_found(town):
    says = {"says": {"en": "parks"}, "of": "sites", "standard": "green-300", "figure": 2}
    unasked = {"says": {"zh": "学位"}, "of": "unasked", "figure": 10}
    scenario = asked(town, GREEN, stated={"source": "the report", "figures": [says, unasked]})
    run = run_scenario(scenario)
    assert [*stated_sentences(run)] == ["parks: 2; here 0 → 1", "学位: 10; not asked here"]
    assert [row["comes to it"] for row in stated_records(run)] == ["no", ""]
    assert stated_text(run).splitlines()[1].startswith(",parks,sites,green-300,2,0,1,no,the report")


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"of": "sites"}, "is missing"),
        ({"of": "people", "standard": "green-300"}, "does not go with of: people; leave it out"),
        ({"of": "seats", "standard": "green-300", "stages": ["primary"]}, "does not go with of: seats; leave it out"),
        ({"of": "schools"}, "is missing"),
        ({"of": "people", "stages": ["primary"]}, "does not go with of: people; leave it out"),
        ({"of": "pupils", "standard": "green-300"}, "must be 'people', 'sites'"),
    ],
)
def test_a_claim_names_the_standard_that_it_is_about(town, figure, words):
    with pytest.raises(ScenarioError, match=words):
        asked(town, GREEN, stated={"source": "the report", "figures": [{"says": {"en": "parks"}, **figure}]})
