"""The engine of the siting questions against trying all plans: bounds, reductions, tree, floors, limits, costs."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from planner.optimise import cuts, engine, models, regions, search, solver
from planner.optimise.choice import Choice, Incumbent, Limit, at_most
from planner.optimise.gains import Gains
from planner.optimise.prices import Pricing
from planner.optimise.problem import Problem

GOLDEN = Path(__file__).parent / "golden"


def gains_of(rows: list[dict[int, float]], people: list[float], m: int, part: list[int] | None = None) -> Gains:
    """One row a place: the worth of each site that serves it."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    site = np.array([j for row in rows for j in sorted(row)], np.int64)
    worth = np.array([row[j] for row in rows for j in sorted(row)], float)
    return Gains.of(np.array(people, float), indptr, site, m, worth, None if part is None else np.array(part))


def every_plan(m: int) -> list[NDArray[np.bool_]]:
    return [np.isin(np.arange(m), c) for size in range(m + 1) for c in combinations(range(m), size)]


def best_of_all(problem: Problem) -> float | None:
    """The value of the best plan allowed, by trying all."""
    return max((problem.value(plan) for plan in every_plan(problem.m) if problem.allows(plan)), default=None)


def answer(problem: Problem, **more: object) -> Incumbent:
    incumbent = Incumbent(**more)
    incumbent.feasible = engine.maximise(problem, incumbent)
    return incumbent


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to 9 places in 2 parts and 6 sites, with floors, a count, a budget, a quota, kept and shut sites."""
    m = draw(st.integers(1, 6))
    n = draw(st.integers(1, 9))
    row = st.dictionaries(st.integers(0, m - 1), st.integers(1, 4), max_size=m)
    rows = draw(st.lists(row, min_size=n, max_size=n))
    people = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    part = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    gains = gains_of([{j: float(v) for j, v in r.items()} for r in rows], list(map(float, people)), m, part)
    whole = np.arange(m)
    limits = [at_most(draw(st.integers(0, m)), m)]
    cost = np.array(draw(st.lists(st.integers(0, 5), min_size=m, max_size=m)), float)
    if draw(st.booleans()):
        limits.append(Limit("budget", whole, cost, most=draw(st.integers(0, 12))))
    if draw(st.booleans()):
        some = np.array(draw(st.sets(st.integers(0, m - 1), min_size=1).map(sorted)))
        limits.append(Limit("quota", some, np.ones(len(some)), draw(st.integers(0, 1)), draw(st.integers(1, 2))))
    keep = draw(st.sets(st.integers(0, m - 1), max_size=1))
    shut = draw(st.sets(st.integers(0, m - 1), max_size=2)) - keep
    counted = np.array(draw(st.sampled_from([(1, 1), (1, 0), (0, 0)])), float)[: max(gains.parts, 2)]
    floors = draw(st.lists(st.integers(0, 20), max_size=2))
    speaks = np.array([draw(st.sampled_from([(1, 0), (0, 1), (1, 1)])) for _ in floors], float).reshape(-1, 2)
    costs = cost if draw(st.booleans()) or not counted.any() else np.zeros(m)
    return Problem(gains, Choice.of(m, keep, shut, limits), costs, counted, np.array(floors, float), speaks)


def check(problem: Problem) -> None:
    best, found = best_of_all(problem), answer(problem)
    if best is None:
        assert not found.feasible
        assert found.plan is None
    else:
        assert found.feasible
        assert found.plan is not None
        assert problem.allows(found.plan)
        assert problem.value(found.plan) == found.value == pytest.approx(best)
        assert found.bound == pytest.approx(best, abs=1e-6)
        assert found.closed


@given(problems())
def test_the_engine_equals_trying_all_plans(problem: Problem) -> None:
    check(problem)


@given(problems())
def test_the_tree_equals_trying_all_plans(problem: Problem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SMALL_CORE", -1)
        patch.setattr(engine, "ROUNDS", ())
        patch.setattr(search, "improved", lambda _, plan: plan)
        patch.setattr(cuts, "DISTRICTS", 2)
        check(problem)


@given(problems())
def test_every_price_bounds_every_plan_and_settles_only_what_better_plans_agree_on(problem: Problem) -> None:
    pricing = Pricing(problem)
    prices = pricing.start(problem.choice.keep)
    plans = [plan for plan in every_plan(problem.m) if problem.allows(plan)]
    known = float(np.median([problem.value(plan) for plan in plans])) if plans else 0.0
    for _ in range(4):
        always, never = pricing.settles(prices, problem.choice, known)
        for plan in plans:
            assert problem.value(plan) <= prices.bound + 1e-9
            if problem.value(plan) >= known:
                assert plan[always].all()
                assert not plan[never].any()
        prices = pricing.lowered(prices, problem.choice, known, steps=10, patience=4)


@given(problems(), st.integers(0, 20))
def test_regions_bound_every_plan_and_never_worse_than_their_prices(problem: Problem, steps: int) -> None:
    core, constant, _ = problem.settled(problem.choice.keep, problem.choice.shut)
    pricing = Pricing(core)
    plans = [plan for plan in every_plan(problem.m) if problem.allows(plan)]
    best = max((problem.value(plan) for plan in plans), default=0.0)
    prices = pricing.lowered(pricing.start(core.choice.keep), core.choice, best - constant, steps=steps, patience=4)
    found = Incumbent()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "LEAST", 0.5)
        list(regions.bound_by_regions(pricing, prices, prices.opened.astype(float), found, constant))
    assert found.bound == np.inf or found.bound <= prices.bound + constant + 1e-6 * max(1.0, abs(prices.bound))
    for plan in plans:
        assert problem.value(plan) <= found.bound + 1e-9


@given(problems(), st.integers(0, 63))
def test_regions_planned_anew_never_worsen_an_allowed_plan(problem: Problem, which: int) -> None:
    plans = [plan for plan in every_plan(problem.m) if problem.allows(plan)]
    if not plans:
        return
    plan = plans[which % len(plans)]
    found = Incumbent()
    found.offer(plan, problem.value(plan))
    core, constant, _ = problem.settled(problem.choice.keep, problem.choice.shut)
    pricing = Pricing(core)
    prices = pricing.lowered(pricing.start(plan), core.choice, found.value - constant, steps=20, patience=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "REPLANNED", (1, 2))
        regions.replan_regions(pricing, prices, problem, found, constant, np.inf)
    assert problem.allows(found.plan)
    assert problem.value(found.plan) == pytest.approx(found.value)
    assert best_of_all(problem) + 1e-9 >= found.value >= problem.value(plan)
    assert found.bound == np.inf


@given(problems())
def test_settling_sites_leaves_every_plan_its_value(problem: Problem) -> None:
    free = np.flatnonzero(problem.choice.free)
    always, never = np.isin(np.arange(problem.m), free[:1]), np.isin(np.arange(problem.m), free[1:2])
    rest, constant, _ = problem.settled(always, never)
    for plan in every_plan(problem.m):
        if rest.choice.allows(plan):
            assert rest.value(plan) + constant == pytest.approx(problem.value(plan))
            assert rest.missing(plan) == pytest.approx(problem.missing(plan), abs=1e-6)


@given(problems())
def test_the_quick_plan_is_greedy_and_its_bound_holds_for_all_plans(problem: Problem) -> None:
    gains = problem.gains
    start, row, _ = gains.by_site
    adds = np.add.reduceat(np.append(gains.weight[row], 0), start[:-1]) * (np.diff(start) > 0)
    whole = Gains(gains.weight, gains.indptr, gains.site, np.ones(len(gains.site)), gains.part, gains.m)
    alike = Problem.most(whole, problem.choice)
    quick = search.quick_plan(gains.weight, lambda j: row[start[j] : start[j + 1]], lambda _: adds, problem.choice)
    best = best_of_all(alike)
    if quick is None:
        assert best is None or len(problem.choice.limits) > 1
        return
    plan, value, bound = quick
    assert alike.allows(plan)
    assert value == pytest.approx(alike.value(plan))
    assert value >= (1 - 1 / np.e) * best - 1e-9 or problem.choice.keep.any()
    assert bound >= best - 1e-9


@given(problems())
def test_the_programme_equals_trying_all_plans(problem: Problem) -> None:
    ending = solver.solve(models.best_sites(problem), time_limit_s=60, gap=0.0)
    best = best_of_all(problem)
    assert ending.feasible == (best is not None)
    if best is not None:
        assert ending.open is not None
        assert problem.allows(ending.open)
        assert problem.value(ending.open) == pytest.approx(best)
        assert ending.bound == pytest.approx(best, abs=1e-6)
