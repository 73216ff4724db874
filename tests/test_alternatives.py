"""A planner's questions about a plan on the table: against trying all plans."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.alternatives import (
    best_replacement,
    best_with,
    other_plans,
    sites_in_all,
    survival,
    trace_frontier,
)
from planner.errors import QuestionError
from planner.rules import Rules
from planner.siting import cover_most_people, open_fewest_sites
from planner.standards import standard
from tests.test_siting import GREEN, people_gained, street, towns


def test_a_site_is_replaced_by_the_best_other_one() -> None:
    demand, reach = street("9...7........5", "A...B........C")
    plan = cover_most_people(demand, reach, standard("green-300"), new_sites=2)
    assert plan.opened == ("A", "B")
    replaced = best_replacement(plan, "B")
    assert (replaced.by, replaced.worse) == ("C", 2.0)
    with pytest.raises(QuestionError, match="X is no site of this plan"):
        best_replacement(plan, "X")


@given(towns(), st.integers(1, 2))
def test_other_plans_differ_and_come_in_order(town, differ_by: int) -> None:
    demand, reach, parks, new_sites, keep, forbid = town
    rules = Rules(keep, forbid)
    plan = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    if differ_by > len(plan.opened):
        with pytest.raises(QuestionError, match="cannot differ"):
            other_plans(plan, differ_by=differ_by)
        return
    before = [plan]
    for other in other_plans(plan, differ_by=differ_by, most=3):
        assert other.objective <= before[-1].objective
        for earlier in before:
            assert len(set(earlier.opened) - set(other.opened)) >= min(differ_by, len(earlier.opened)) > 0
        before.append(other)


def test_only_plans_as_good_as_asked_for_are_told():
    demand, reach = street("9...7........5", "A...B........C")
    plan = cover_most_people(demand, reach, GREEN, new_sites=2)  # A and B, 16 people; A and C 14; B and C 12
    assert [other.objective for other in other_plans(plan, most=2)] == [14, 12]
    assert [other.objective for other in other_plans(plan, within=0.125)] == [14]
    assert other_plans(plan, within=0.1) == ()


def test_forcing_a_rejected_site_in_has_its_price():
    demand, reach = street("9...7........5", "A...B........C")
    plan = cover_most_people(demand, reach, GREEN, new_sites=2)
    forced = best_with(plan, "C")
    assert set(forced.opened) == {"A", "C"}
    assert forced.worse_than(plan) == 2
    assert best_with(plan, "A").worse_than(plan) == 0
    with pytest.raises(QuestionError, match="1 ids are no candidates of this plan"):
        best_with(plan, "Z")
    with pytest.raises(QuestionError):
        best_with(cover_most_people(demand, reach, GREEN, new_sites=2, rules=Rules(forbid=["C"])), "C")


def test_forcing_a_site_into_the_cheapest_plan_costs_a_site():
    demand, reach = street("9..9", "AB.C")  # A or B or C alone reaches both homes
    plan = open_fewest_sites(demand, reach, GREEN)
    both = best_with(plan, "A", "C")
    assert both.worse_than(plan) == 1


@given(towns(), st.data())
def test_no_plan_with_a_forced_site_is_better(town, data):
    demand, reach, parks, new_sites, keep, forbid = town
    ids = reach.facility_ids.tolist()
    site = data.draw(st.sampled_from(ids))
    plan = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid))
    if site in forbid or len({*keep, site}) > new_sites:
        with pytest.raises(QuestionError):
            best_with(plan, site)
        return
    possible = [
        people_gained(demand, reach, parks, set(opened))
        for size in range(new_sites + 1)
        for opened in combinations(ids, size)
        if {*keep, site} <= set(opened) and not set(opened) & set(forbid)
    ]
    forced = best_with(plan, site)
    assert site in forced.opened
    assert forced.objective == max(possible)


def test_the_sites_that_nobody_will_regret_are_in_every_plan():
    demand, reach = street("9...7........5", "A...B........C")
    plan = cover_most_people(demand, reach, GREEN, new_sites=2)
    assert sites_in_all([plan, best_with(plan, "C")]) == ("A",)
    assert sites_in_all([]) == ()


def test_how_often_a_site_survives_other_assumptions():
    demand, reach = street("9...7........5", "A...B........C")
    far = standard("park-500")
    runs = {
        "two": cover_most_people(demand, reach, GREEN, new_sites=2),
        "one": cover_most_people(demand, reach, GREEN, new_sites=1),
        "three": cover_most_people(demand, reach, GREEN, new_sites=3),
    }
    assert survival(runs) == {"A": 1.0, "B": 2 / 3, "C": 1 / 3}
    assert list(survival(runs)) == ["A", "B", "C"]
    assert far.limit_m > GREEN.limit_m


def test_the_knee_is_where_more_money_brings_less():
    #  9, 8, 2, 1: of one site each; the line from (0, 0) to (4, 20) lies 4, 7, 4 below 9, 17, 19.
    demand, reach = street("9.......8.......2.......1", "A.......B.......C.......D")
    curve = trace_frontier(lambda sites: cover_most_people(demand, reach, GREEN, new_sites=int(sites)), [4, 0, 1, 2, 3])
    assert curve.amounts == (0, 1, 2, 3, 4)
    assert [plan.objective for plan in curve.plans] == [0, 9, 17, 19, 20]
    assert curve.amounts[curve.knee] == 2
    assert "2: 2 sites, +17 people, proven best (gap 0.00%) ← knee" in str(curve)
    with pytest.raises(QuestionError, match="finite amounts"):
        trace_frontier(lambda _: curve.plans[0], [])


@given(towns(), st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_a_frontier_never_falls_and_each_of_its_points_is_proven(town, budgets):
    demand, reach, parks, _, _, _ = town
    cost = np.arange(1.0, len(reach.facility_ids) + 1)

    def ask(budget):
        return cover_most_people(demand, reach, GREEN, standing=parks, rules=Rules(cost=cost, budget=budget))

    curve = trace_frontier(ask, budgets)
    gained = [plan.objective for plan in curve.plans]
    assert gained == sorted(gained)
    assert all(plan.ending == "proven" for plan in curve.plans)
    assert gained == [ask(amount).objective for amount in curve.amounts]


def test_what_was_stopped_early_is_never_worse_than_less_money():
    demand, reach = street("9.......8.......2.......1", "A.......B.......C.......D")
    good = cover_most_people(demand, reach, GREEN, new_sites=2)
    poor = cover_most_people(demand, reach, GREEN, new_sites=1)
    curve = trace_frontier(lambda sites: good if sites == 2 else poor, [2, 3])
    assert curve.plans[1].objective == good.objective
