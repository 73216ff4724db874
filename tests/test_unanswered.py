"""A question about the made-up city that no plan answers: explained, and its ways out taken through --set."""

from functools import cache
from pathlib import Path

import pytest

from planner import city
from planner.errors import NoPlanError, QuestionError
from planner.gated import walls_of
from planner.relax import ways_out
from planner.residents import in_units, residents
from planner.rules import Effort
from planner.scenario import load
from planner.sited import Siting
from planner.unanswered import page_of

SCENARIOS = Path(__file__).parent / "scenarios/infeasible"


@cache
def made_up():
    """The city, its people and what stands, read once for all of these scenarios."""
    scenario = load(SCENARIOS / "budget.yaml")
    place = city.read_city(scenario)
    place, demand, _ = walls_of(scenario, place, residents(scenario, place)[0])
    return place, demand, city.standing(scenario, place)[0]


def siting(name, *changes):
    place, demand, standing = made_up()
    scenario = load(SCENARIOS / f"{name}.yaml", set=["siting.0.time_limit_s=20", "siting.0.gap=0.5", *changes])
    return Siting(scenario, place, in_units(demand, scenario.demand.units, place), None, standing)


def answered(name, *changes):
    """Whether the question has a plan, whatever it is worth."""
    here = siting(name, *changes)
    try:
        here._put_most_people(here.scenario.siting[0], Effort(20.0, gap=0.5))[0].terms.plan()
    except QuestionError:
        return False
    return True


def explained(name):
    """Why there is no plan, looking up to 1.2 times the norm."""
    here = siting(name)
    question = here.scenario.siting[0]
    put, _ = here._put_most_people(question, Effort(20.0))
    why = ways_out(
        *(put.demand, put.to_candidates, put.standard),
        new_sites=put.new_sites,
        standing=put.standing,
        rules=put.rules,
        effort=put.effort,
    )
    return why, page_of(0, question, put.standard, why)


def test_kept_sites_dearer_than_the_budget_are_fewer_or_the_budget_larger():
    why, page = explained("budget")
    ways = {way.kind: way for way in why.ways}
    assert set(ways) == {"budget", "must_keep"}
    enough = ways["budget"].enough
    assert answered("budget", f"siting.0.budget={enough!r}")
    assert not answered("budget", f"siting.0.budget={enough * (1 - 1e-6)!r}")
    kept = siting("budget").scenario.siting[0].must_keep
    left = [site for site in kept if site not in ways["must_keep"].sites]
    assert answered("budget", f"siting.0.must_keep=[{', '.join(left)}]")
    assert "`must_keep`" in page
    assert page.index("没有可行的方案") < page.index("No plan is possible")


@pytest.mark.parametrize("change", ["floor: new_sites=6", "floor: no_unit_below=0.3337", "share: share=0.9681"])
def test_the_ways_out_that_the_command_prints_lead_out(change):
    #  As `planner run tests/scenarios/infeasible/…` prints them; that no less is enough, tests/test_relax.py asserts.
    name, _, key = change.partition(": ")
    assert answered(name, f"siting.0.{key}")


def test_the_error_names_the_question_by_its_number_and_carries_the_page():
    with pytest.raises(NoPlanError, match=r"^siting\.0: No plan keeps these together") as refused:
        siting("budget").ask_all()
    assert "raise the budget" in refused.value.page.lower()


def test_what_no_way_leads_out_of_is_told_as_it_was_with_its_number():
    with pytest.raises(QuestionError, match=r"^siting\.0: .*no candidates") as refused:
        siting("budget", "siting.0.must_keep=[nowhere]").ask_all()
    assert not isinstance(refused.value, NoPlanError)
