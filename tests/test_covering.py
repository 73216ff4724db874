"""Covering everybody: every reduction, bound and ending against trying all plans."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from planner.errors import QuestionError
from planner.optimise.choice import Choice, Incumbent, Limit, at_most
from planner.optimise.covering import cover, districts, reduce, search
from planner.optimise.covering.models import set_covering as programme
from planner.optimise.covering.reduce import Covering

GOLDEN = Path(__file__).parent / "golden"


def covering(*near: set[int], cost: list[float], **choice) -> Covering:
    """Rows by the sites that cover them."""
    indptr = np.cumsum([0, *map(len, near)]).astype(np.int64)
    site = np.array([j for sites in near for j in sorted(sites)], np.int64)
    return Covering(indptr, site, np.array(cost, float), Choice.of(len(cost), **choice))


def plans(question: Covering) -> list[NDArray[np.bool_]]:
    """Every allowed plan that covers every row."""
    every = (np.array(plan, bool) for plan in product([False, True], repeat=question.choice.m))
    return [plan for plan in every if question.choice.allows(plan) and question.covered_by(plan)]


def asked(question: Covering, best: Incumbent, **how) -> bool:
    return cover.cover_all(question.indptr, question.site, question.cost, question.choice, best, **how)


def random_town(places: int, m: int, radius: float, seed: int = 0) -> Covering:
    """Homes and sites anywhere in a square of side 1; homes that no site reaches are left out."""
    draw = np.random.default_rng(seed)
    homes, sites = draw.random((places, 2)), draw.random((m, 2))
    near = ((homes[:, None] - sites[None]) ** 2).sum(axis=2) <= radius**2
    return covering(*(set(np.flatnonzero(row).tolist()) for row in near if row.any()), cost=[1.0] * m)


@st.composite
def limits(draw: st.DrawFn, m: int) -> list[Limit]:
    """Up to two: counts, budgets, quotas, exclusions, and amounts below zero."""
    found = []
    for number in range(draw(st.integers(0, 2))):
        site = np.array(sorted(draw(st.sets(st.integers(0, m - 1), min_size=1))))
        amount = np.array(
            draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 0.5, 0, -1]), min_size=len(site), max_size=len(site))), float
        )
        least = draw(st.sampled_from([-np.inf, -np.inf, 1, 2]))
        most = draw(st.sampled_from([np.inf, 1, 2, 3, 4]))
        found.append(Limit(f"limit {number}", site, amount, least, most))
    return found


@st.composite
def questions(draw: st.DrawFn) -> Covering:
    """Up to 12 rows and 8 sites, some kept, some shut, some without a row; whole costs, some zero."""
    m = draw(st.integers(1, 8))
    near = draw(st.lists(st.sets(st.integers(0, m - 1), min_size=1), min_size=0, max_size=12))
    cost = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 5, 0]), min_size=m, max_size=m))
    keep = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    shut = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    return covering(*near, cost=cost, keep=keep, shut=shut, limits=draw(limits(m)))


# ── smaller questions ─────────────────────────────────────────────────────────────────────────────


def test_whoever_covers_a_row_covers_the_rows_that_contain_its_sites() -> None:
    question = covering({0, 1}, {0, 1, 2}, {2, 3}, {0, 2, 3}, {0, 1}, cost=[1] * 4)
    gone = reduce.implied_rows(question.indptr, question.site, 4)
    assert gone.tolist() == [False, True, False, True, True]


def test_a_site_that_covers_less_for_as_much_is_shut() -> None:
    # Site 1 covers what 0 does and more; 3 covers as much as 2, which is cheaper.
    question = covering({0, 1}, {1}, {2, 3}, cost=[1, 1, 1, 2])
    assert reduce.dominated_sites(question).tolist() == [True, False, False, True]


def test_of_sites_alike_the_first_stays() -> None:
    assert reduce.dominated_sites(covering({0, 1, 2}, cost=[1, 1, 1])).tolist() == [False, True, True]


def test_a_site_that_a_limit_may_ask_for_is_not_dominated() -> None:
    quota = Limit("street office 1", np.array([0]), np.ones(1), least=1)
    free_to_go = covering({0, 1}, {1}, cost=[1, 1])
    assert reduce.dominated_sites(free_to_go).tolist() == [True, False]
    asked_for = covering({0, 1}, {1}, cost=[1, 1], limits=[quota])
    assert not reduce.dominated_sites(asked_for).any()


def test_a_site_is_not_dominated_by_one_that_uses_more_of_a_limit() -> None:
    budget = Limit("area", np.array([0, 1]), np.array([1.0, 2.0]), most=2)
    assert not reduce.dominated_sites(covering({0, 1}, {1}, cost=[1, 1], limits=[budget])).any()


@given(questions())
@settings(max_examples=50, deadline=None)
def test_the_smaller_question_keeps_a_cheapest_plan_and_loses_no_row(question) -> None:
    smaller = reduce.reduce_covering(question)
    before = plans(question)
    if smaller is None:
        assert not before
        return
    after = plans(smaller)
    assert {plan.tobytes() for plan in after} <= {plan.tobytes() for plan in before}
    assert bool(after) == bool(before)
    if before:
        assert max(map(question.worth, after)) == max(map(question.worth, before))


def test_containment_is_exact_where_signatures_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "WORDS", 0)
    monkeypatch.setattr(reduce, "PAIRS_AT_ONCE", 1)
    question = covering({0, 1}, {0, 2, 3}, {0, 3}, {1, 2}, {0, 1, 2}, cost=[1] * 4)
    gone = reduce.implied_rows(question.indptr, question.site, 4)
    assert gone.tolist() == [False, True, False, False, True]


# ── plans and prices ──────────────────────────────────────────────────────────────────────────────


@given(questions())
@settings(max_examples=50, deadline=None)
def test_a_walk_of_exchanges_meets_only_plans_that_are_allowed(question) -> None:
    smaller = reduce.reduce_covering(question)
    met = []
    if smaller is not None:
        start = search.greedy_cover(smaller)
        search.exchange(smaller, start, 50, lambda plan: met.append(plan.copy()) or True)
    for plan in met:
        assert not question.covered_by(plan) or not smaller.choice.allows(start) or question.choice.allows(plan)


def test_a_walk_of_exchanges_finds_what_greedy_misses() -> None:
    # Greedy takes site 2, which covers four rows, and needs 0 and 1 all the same.
    question = covering({0}, {0, 2}, {0, 2}, {1, 2}, {1, 2}, {1}, cost=[1] * 3)
    question = replace(question, site=np.array([0, 0, 2, 0, 2, 1, 2, 1, 2, 1]))
    assert search.greedy_cover(question).tolist() == [True, True, False]


@given(questions(), st.lists(st.sampled_from([0, 0.25, 0.5, 1, 2]), min_size=12, max_size=12))
@settings(max_examples=50, deadline=None)
def test_any_prices_bound_every_plan_and_settle_only_what_cheaper_plans_agree_on(question, prices) -> None:
    price = np.array(prices[: question.n])
    every = plans(question)
    question = replace(question, choice=replace(question.choice, limits=()))
    if (question.choice.keep & question.choice.shut).any():
        return
    free = question.cost - question.covers().T @ price
    low = search.lagrangean(question, price, free)
    raised, _ = search.bound_by_prices(question, 20.0, 30, lambda: False)
    for cutoff in (2.0, 5.0):
        always, never = search.settled_by_costs(question, low, free, cutoff)
        for plan in every:
            cost = -question.worth(plan)
            assert max(low, raised) <= cost + 1e-9
            if cost < cutoff:
                assert plan[always].all()
                assert not plan[never].any()


# ── districts ─────────────────────────────────────────────────────────────────────────────────────


@given(questions())
@settings(max_examples=50, deadline=None)
def test_districts_hold_every_row_once(question) -> None:
    for most, seed in ((1, 0), (3, 0), (3, 1), (99, 2)):
        groups = list(districts.districts(question, most, seed))
        assert sorted(np.concatenate([np.empty(0, int), *groups]).tolist()) == list(range(question.n))
        covers = question.covers()
        assert all(len(rows) == 1 or len(set(covers[rows].indices.tolist())) <= most for rows in groups)


@pytest.mark.parametrize("most", [1, 3, 99])
@given(question=questions())
@settings(max_examples=30, deadline=None)
def test_what_districts_cost_bounds_every_plan(question, most) -> None:
    smaller = reduce.reduce_covering(question)
    if smaller is None or not smaller.n:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(districts, "BOUNDED", (most,))
        low, reduced = districts.bound_by_districts(smaller, Incumbent())
    for plan in plans(smaller):
        cost = -smaller.worth(plan)
        assert low <= cost + 1e-6
        always, never = search.settled_by_costs(smaller, low, reduced, cost + 0.5)
        assert plan[always].all()
        assert not plan[never].any()


@given(questions())
@settings(max_examples=50, deadline=None)
def test_a_large_question_equals_trying_all_plans(question) -> None:
    every, best = plans(question), Incumbent(whole=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cover, "LARGE", -1)
        patch.setattr(cover, "STEPS", ())
        patch.setattr(districts, "REPLANNED", (2, 4))
        patch.setattr(districts, "BOUNDED", (3,))
        assert asked(question, best) == bool(every)
    if every:
        assert best.value == best.bound == max(map(question.worth, every))


@pytest.mark.parametrize("share", [0.2, 0.0])
def test_prices_bound_a_town_where_the_linear_programme_has_no_time(share, monkeypatch: pytest.MonkeyPatch) -> None:
    town, best = random_town(900, 300, 0.07), Incumbent(whole=True)
    asked(town, best)
    monkeypatch.setattr(districts, "LINEAR_SHARE", share)
    low, _ = districts.bound_by_districts(town, Incumbent(time_limit_s=np.inf))
    assert 0.9 * -best.value < low <= -best.value


def test_planning_districts_anew_makes_a_plan_cheaper_than_greedy() -> None:
    town = random_town(900, 300, 0.07)
    best = Incumbent(whole=True)
    start = search.greedy_cover(town)
    best.offer(start, town.worth(start))
    districts.replan_districts(town, best)
    assert best.value > town.worth(start)
    assert town.covered_by(best.plan)
    assert best.bound == np.inf, "a district's bound says nothing about the whole"


# ── the whole search ──────────────────────────────────────────────────────────────────────────────


def test_the_programme_reads_as_in_the_paper(tmp_path: Path) -> None:
    #  home 0 ─ site 0 ─ home 1 ─ site 1 ─ home 2 ─ site 2, which is kept; site 3 is shut; one or two of 0 and 1
    quota = Limit("street office", np.array([0, 1]), np.array([1.0, 1.0]), 1, 2)
    question = covering({0}, {0, 1}, {1, 2, 3}, cost=[3, 2, 2, 1], keep=[2], shut=[3], limits=[quota])
    written = programme(question.indptr, question.site, question.cost, question.choice)
    written.problem.writeLP(str(tmp_path / "programme.lp"))
    assert (tmp_path / "programme.lp").read_text() == (GOLDEN / "set_covering.lp").read_text()


@pytest.mark.parametrize("reduced", [True, False])
@given(question=questions())
@settings(max_examples=50, deadline=None)
def test_the_cheapest_cover_equals_trying_all_plans(question, reduced) -> None:
    every = plans(question)
    best = Incumbent(whole=True)
    assert asked(question, best, reduced=reduced) == bool(every)
    if every:
        assert best.value == best.bound == max(map(question.worth, every))
        assert question.choice.allows(best.plan)
        assert question.covered_by(best.plan)
    else:
        assert best.plan is None


@given(questions())
@settings(max_examples=50, deadline=None)
def test_whether_a_cover_exists_equals_trying_all_plans(question) -> None:
    plan, decided = cover.find_cover(question.indptr, question.site, question.choice)
    assert decided
    every = plans(question)
    assert (plan is not None) == bool(every)
    if plan is not None:
        assert any((plan == other).all() for other in every)


@given(questions())
@settings(max_examples=25, deadline=None)
def test_costs_that_are_no_whole_numbers_change_nothing(question) -> None:
    question = replace(question, cost=question.cost * 0.7 + 0.01)
    every = plans(question)
    best = Incumbent()
    assert asked(question, best) == bool(every)
    if every:
        cheapest = max(map(question.worth, every))
        assert best.value == pytest.approx(cheapest)
        assert best.bound == pytest.approx(cheapest)


def test_a_town_needs_as_many_sites_with_and_without_reductions() -> None:
    town = random_town(400, 120, 0.11)
    found = []
    for reduced in (True, False):
        best = Incumbent(whole=True)
        assert asked(town, best, reduced=reduced)
        assert best.value == best.bound
        found.append(best.value)
    assert found[0] == found[1]


def test_districts_far_apart_are_answered_one_by_one() -> None:
    one = random_town(300, 90, 0.14)
    far = len(one.cost)
    two = Covering(
        np.concatenate([one.indptr, one.indptr[1:] + one.indptr[-1]]),
        np.concatenate([one.site, one.site + far]),
        np.ones(2 * far),
        Choice.of(2 * far),
    )
    alone, together = Incumbent(whole=True), Incumbent(whole=True)
    assert asked(one, alone)
    assert asked(two, together)
    assert together.value == together.bound == 2 * alone.value


def test_as_many_sites_as_needed_are_enough_and_one_fewer_is_not() -> None:
    town = random_town(400, 120, 0.11)
    best = Incumbent(whole=True)
    asked(town, best)
    for more, there in ((0, True), (-1, False)):
        choice = town.choice.with_limits(at_most(-best.value + more, 120))
        plan, decided = cover.find_cover(town.indptr, town.site, choice)
        assert decided
        assert (plan is not None) == there


def test_the_same_question_has_the_same_plan() -> None:
    town = random_town(500, 150, 0.09, seed=3)
    first, second = Incumbent(whole=True), Incumbent(whole=True)
    asked(town, first)
    asked(town, second)
    assert first.plan.tolist() == second.plan.tolist()


@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("turn", [1, 2, 4])
def test_an_interrupt_leaves_the_best_plan_and_a_bound_that_holds(turn, reduced) -> None:
    town = random_town(600, 200, 0.08)
    finished, heard = Incumbent(whole=True), []
    asked(town, finished)

    def tell(value: float, bound: float) -> None:
        heard.append((value, bound))
        if len(heard) == turn:
            raise KeyboardInterrupt

    best = Incumbent(whole=True, tell=tell)
    assert asked(town, best, reduced=reduced)
    assert best.value <= finished.value <= best.bound
    if best.plan is not None:
        assert town.covered_by(best.plan)


def test_without_time_nothing_is_claimed() -> None:
    town = random_town(600, 200, 0.08)
    best = Incumbent(time_limit_s=0.0, whole=True)
    assert asked(town, best)
    assert best.bound > best.value
    assert cover.find_cover(town.indptr, town.site, town.choice, time_limit_s=0.0) == (None, False)


def test_a_row_that_no_site_covers_has_no_plan() -> None:
    best = Incumbent(whole=True)
    assert not asked(covering({0}, {1}, cost=[1, 1], shut=[1]), best)
    assert best.plan is None


def test_a_cost_below_zero_is_refused() -> None:
    with pytest.raises(QuestionError, match="Site 1 costs -2"):
        asked(covering({0, 1}, cost=[1, -2]), Incumbent())
