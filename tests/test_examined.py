"""A plan examined: what binds, what survives other assumptions, against trying all plans and by coverage."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.errors import QuestionError
from planner.examined import Assumption, Examination, Terms, assume, examine_plan, what_binds
from planner.rules import Quota, Rules
from tests.test_siting import GREEN, joined, people_gained, street, towns

#  Each character is 100 m of a street; a site serves 300 m either way.
HOMES, SITES = "9...7........5", "A...B........C"


def terms_of(new_sites: int | None = 2, limit_m: float = 1000, **rules: object) -> Terms:
    demand, reach = street(HOMES, SITES, limit_m=limit_m)
    return Terms(demand, reach, GREEN, new_sites, rules=Rules(**rules))


def bound(found) -> dict[str, tuple[float, bool | None]]:
    return {f"{each.limit} {each.of}".strip(): (each.gain, each.binds) for each in found}


def test_a_limit_binds_where_one_more_of_it_brings_somebody():
    terms = terms_of(2, forbid=["A"])  # B and C serve 7 + 5
    assert bound(what_binds(terms.plan(), terms, further=100)) == {
        "forbid A": (4, True),  # A and B serve 16
        "walk": (9, True),  # B reaches A's nine at 400 m
    }
    terms = terms_of(3)
    assert bound(what_binds(terms.plan(), terms, further=100)) == {"walk": (0, False)}


def test_money_and_rules_bind_too():
    cost = np.array([5.0, 3.0, 2.0])
    terms = terms_of(None, cost=cost, budget=5.0, must_keep=["C"], quotas=[Quota("far", ["B", "C"], 1, 2)])
    plan = terms.plan()
    assert set(plan.opened) == {"B", "C"}  # 12 people for 5
    assert bound(what_binds(plan, terms, more_money=0.6)) == {
        "budget": (2, True),  # 8 buy A and B or A and C; C is kept: 14
        "must_keep C": (0, False),
        "quota far": (0, False),
    }
    terms = terms_of(2, apart=np.array([[0, 1]]), counts=np.array([True, True, False]))
    assert bound(what_binds(terms.plan(), terms)) == {
        "apart": (7, True),  # A alone serves 9, and C is too small
        "min_area": (5, True),
    }


@given(towns())
@settings(max_examples=25, deadline=None)
def test_what_a_looser_limit_brings_is_what_trying_all_plans_finds(town):
    demand, reach, parks, new_sites, keep, forbid = town
    terms = Terms(demand, reach, GREEN, new_sites, standing=parks, rules=Rules(keep, forbid))
    plan = terms.plan()

    def best(number: int, kept: list[str], closed: list[str]) -> float:
        ids = [site for site in reach.facility_ids.tolist() if site not in closed]
        return max(
            people_gained(demand, reach, parks, set(opened))
            for size in range(number + 1)
            for opened in combinations(ids, size)
            if set(kept) <= set(opened)
        )

    for each in what_binds(plan, terms):
        number = new_sites + (each.limit == "new_sites")
        kept, closed = ([site for site in ids if site != each.of] for ids in (keep, forbid))
        kept, closed = (kept, forbid) if each.limit == "must_keep" else (keep, closed)
        assert each.gain == each.at_most == best(number, kept, closed) - plan.objective
        assert each.binds == (each.gain > 0)


@given(towns(), st.sampled_from([0.5, 1.0, 1.5]))
@settings(max_examples=25, deadline=None)
def test_what_a_plan_keeps_under_another_limit_is_what_coverage_counts(town, factor):
    demand, reach, parks, new_sites, keep, forbid = town
    terms = Terms(demand, reach, GREEN, new_sites, standing=parks, rules=Rules(keep, forbid))
    limit = min(GREEN.limit * factor, parks.limit)
    other = replace(terms, standard=GREEN.changed(limit, None, "to see"))
    run = assume(terms.plan(), Assumption("limit", f"× {factor}", lambda: other))
    both = joined(reach, parks)
    stand = np.isin(both.facility_ids, parks.facility_ids)
    opened = np.isin(both.facility_ids, terms.plan().opened)
    before, after = (measure_coverage(both, demand, other.standard, open=open_) for open_ in (stand, stand | opened))
    assert (run.today, run.kept) == (before.served, after.served - before.served)
    assert run.plan is not None
    assert run.regret == run.regret_at_most == run.plan.objective - run.kept >= 0
    if factor >= 1:
        assert run.regret == 0


def test_sites_survive_the_assumptions_under_which_they_are_still_best():
    terms = terms_of(2)
    more = replace(terms, demand=replace(terms.demand, people=np.array([[9.0], [7.0], [50.0]])))
    runs = [
        Assumption("people", "more at C", lambda: more),
        Assumption("limit", "× 0.5", lambda: replace(terms, standard=GREEN.changed(150, None, "to see"))),
        Assumption("rule_set", "none count", lambda: replace(terms, rules=Rules(counts=np.zeros(3, bool)))),
        Assumption("rule_set", "kept and too small", lambda: terms_of(2, must_keep=["A"], counts=np.zeros(3, bool))),
    ]
    found = examine_plan(terms.plan(), Examination(assumptions=runs))
    assert [(run.kept, run.regret) for run in found.runs] == [(16, 43), (16, 0), (0, 0), (0, 0)]
    assert found.runs[3].plan is None
    assert "1 sites in must_keep do not count" in found.runs[3].why_none
    assert found.survival == {"A": 2 / 3, "B": 1 / 3, "C": 1 / 3}


def test_a_plan_is_examined_in_one_go():
    terms = terms_of(2)
    plan = terms.plan()
    asked = Examination(replacements=True, force_in=("C", "A"), most_others=2, within=0.125, frontier=(1, 2, 3))
    found = examine_plan(plan, asked, terms)
    assert [(each.site, each.by, each.worse) for each in found.replacements] == [("A", "C", 4), ("B", "C", 2)]
    assert {site: other.worse_than(plan) for site, other in found.forced.items()} == {"C": 2, "A": 0}
    assert [other.objective for other in found.others] == [14]
    assert found.no_regret == ("A",)
    assert found.frontier is not None
    assert [point.objective for point in found.frontier.plans] == [9, 16, 21]
    assert (found.runs, found.loosened, found.survival) == ((), (), {})
    nothing = examine_plan(plan, Examination())
    assert (nothing.replacements, nothing.others, nothing.frontier, nothing.no_regret) == ((), (), None, ())


def test_a_frontier_of_money_needs_no_number():
    terms = terms_of(None, cost=np.array([5.0, 3.0, 2.0]), budget=5.0)
    found = examine_plan(terms.plan(), Examination(frontier=(2, 5, 10), of_money=True, binding=True), terms)
    assert [point.objective for point in found.frontier.plans] == [5, 12, 21]
    assert bound(found.loosened) == {"budget": (0, False)}


@given(towns(), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_other_plans_are_within_the_share_and_differ_and_keep_the_sites_of_no_regret(town, differ_by):
    demand, reach, parks, new_sites, keep, forbid = town
    terms = Terms(demand, reach, GREEN, new_sites, standing=parks, rules=Rules(keep, forbid))
    plan = terms.plan()
    found = examine_plan(plan, Examination(most_others=3, within=0.2, differ_by=differ_by), terms)
    before = [plan]
    for other in found.others:
        assert other.objective >= 0.8 * plan.objective - 1e-9
        assert set(found.no_regret) <= set(other.opened)
        assert all(len({*one.opened} - {*other.opened}) >= min(differ_by, len(one.opened)) for one in before)
        before.append(other)


def test_what_cannot_be_asked_is_refused_at_once():
    terms = terms_of(2, forbid=["C"])
    with pytest.raises(QuestionError) as refused:
        examine_plan(terms.plan(), Examination(force_in=("C", "Z"), frontier=(1, 3, 1.5)), terms)
    unknown, closed, numbers = str(refused.value).splitlines()
    assert unknown.startswith("1 ids to force in are no candidates of this plan (first: Z)")
    assert closed.startswith("1 candidates to force in are forbidden or too small for green-300 (first: C)")
    assert numbers == (
        "2 numbers of the frontier cannot be opened (first: 3, 1.5): 0 sites are kept and 2 may open. "
        "Ask for whole numbers from 0 to 2."
    )
    with pytest.raises(QuestionError, match="need the terms of cover_most_people"):
        examine_plan(terms.plan(), Examination(binding=True))
    with pytest.raises(QuestionError, match="A frontier of budgets needs the cost"):
        examine_plan(terms.plan(), Examination(frontier=(1,), of_money=True), terms)


def test_a_limit_binds_only_where_the_bound_of_the_plan_on_the_table_says_so():
    terms = terms_of(2, forbid=["A"])  # B and C serve 12; A and B would serve 16
    plan = terms.plan()
    stopped = {most: replace(plan, bound=most, ending="stopped") for most in (15.0, 16.0)}
    found = {most: next(iter(what_binds(each, terms))) for most, each in stopped.items()}
    assert [(each.gain, each.at_least, each.binds) for each in found.values()] == [(4, 1, True), (4, 0, None)]
