"""Reductions, search and solver, each against trying all plans."""

import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from planner.errors import NoSolverError
from planner.optimise import models, reduce, search, solver

GOLDEN = Path(__file__).parent / "golden"
Instance = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], int]


def rows(*sites: set[int], people: list[float], m: int) -> Instance:
    """Sparse rows: which sites cover each row, and how many people live there."""
    indptr = np.cumsum([0, *map(len, sites)]).astype(np.int64)
    return np.array(people, float), indptr, np.array([j for near in sites for j in sorted(near)], np.int64), m


def plans(m: int, p: int, keep: list[int], forbid: list[int]) -> list[NDArray[np.bool_]]:
    """Every plan that may be chosen."""
    chosen = [set(c) for size in range(p + 1) for c in combinations(range(m), size)]
    return [np.isin(np.arange(m), list(c)) for c in chosen if set(keep) <= c and not c & set(forbid)]


def random_town(places: int, m: int, radius: float, seed: int = 0) -> Instance:
    """Homes and sites anywhere in a square of side 1, up to 99 people a home."""
    draw = np.random.default_rng(seed)
    homes, sites = draw.random((places, 2)), draw.random((m, 2))
    near = ((homes[:, None] - sites[None]) ** 2).sum(axis=2) <= radius**2
    people = draw.integers(0, 100, places).astype(float).tolist()
    return rows(*(set(np.flatnonzero(row).tolist()) for row in near), people=people, m=m)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Instance, int, list[int], list[int]]:
    """Up to 12 rows and 7 sites, some kept, some forbidden, some people zero."""
    m = draw(st.integers(1, 7))
    near = draw(st.lists(st.sets(st.integers(0, m - 1)), min_size=1, max_size=12))
    people = draw(st.lists(st.integers(0, 9), min_size=len(near), max_size=len(near)))
    keep = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    forbid = draw(
        st.lists(st.integers(0, m - 1), unique=True, max_size=3).map(lambda s: [j for j in s if j not in keep])
    )
    p = draw(st.integers(len(keep), m))
    return rows(*near, people=list(map(float, people)), m=m), p, keep, forbid


# ── rows that the same sites cover ────────────────────────────────────────────────────────────────


def test_homes_that_the_same_sites_cover_become_one_row() -> None:
    #                  home 0   1       2    3       4      5
    weight, indptr, site, _ = rows({0, 2}, {1}, {0, 2}, set(), {2, 0}, {1}, people=[3, 5, 4, 9, 1, 0], m=3)
    merged, starts, near, row_of = reduce.merge_identical_rows(weight, indptr, site)
    assert merged.tolist() == [8, 5]
    assert starts.tolist() == [0, 2, 3]
    assert near.tolist() == [0, 2, 1]
    assert row_of.tolist() == [0, 1, 0, -1, 0, 1]


def test_rows_without_people_are_dropped() -> None:
    merged, _, _, row_of = reduce.merge_identical_rows(*rows({0}, {1}, people=[0, 2], m=2)[:3])
    assert merged.tolist() == [2]
    assert row_of.tolist() == [-1, 0]


def test_rows_that_only_look_the_same_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    every_mark_the_same = SimpleNamespace(integers=lambda top, size, dtype: np.ones(size, dtype))
    monkeypatch.setattr(np.random, "default_rng", lambda seed: every_mark_the_same)
    merged, _, near, row_of = reduce.merge_identical_rows(*rows({0}, {1}, {0}, {2}, people=[1, 2, 4, 8], m=3)[:3])
    assert merged.tolist() == [5, 2, 8]
    assert near.tolist() == [0, 1, 2]
    assert row_of.tolist() == [0, 1, 0, 2]


@given(questions())
@settings(max_examples=60, deadline=None)
def test_every_plan_covers_the_same_people_before_and_after_merging(question) -> None:
    (weight, indptr, site, m), p, keep, forbid = question
    merged = reduce.merge_identical_rows(weight, indptr, site)[:3]
    for plan in plans(m, p, keep, forbid):
        assert search.covered(*merged, plan) == search.covered(weight, indptr, site, plan)


# ── the core ──────────────────────────────────────────────────────────────────────────────────────


@given(questions())
@settings(max_examples=60, deadline=None)
def test_the_core_bounds_every_plan_and_settles_only_what_the_best_plans_agree_on(question) -> None:
    town, p, keep, forbid = question
    core = reduce.core_of(*town, p, keep, forbid)
    known = search.covered(*town[:3], core.plan)
    for plan in plans(town[3], p, keep, forbid):
        people = search.covered(*town[:3], plan)
        assert people <= core.bound + 1e-9
        if people >= known:
            assert plan[core.always].all()
            assert not plan[core.never].any()
            assert search.covered(core.weight, core.indptr, core.site, plan) == people


def test_prices_settle_most_sites_of_a_town() -> None:
    town = random_town(1500, 200, 0.05)
    core = reduce.core_of(*town, 10)
    assert (core.always | core.never).sum() > 100
    assert core.bound <= 1.02 * search.covered(*town[:3], core.plan)


# ── search ────────────────────────────────────────────────────────────────────────────────────────


@given(questions())
@settings(max_examples=60, deadline=None)
def test_greedy_is_never_below_its_guarantee(question) -> None:
    town, p, keep, forbid = question
    plan = search.improve(*town, p, keep, forbid)
    covered, best = (
        search.covered(*town[:3], plan),
        max(search.covered(*town[:3], x) for x in plans(town[3], p, keep, forbid)),
    )
    assert plan.sum() <= p
    assert plan[keep].all()
    assert not plan[forbid].any()
    kept = search.covered(*town[:3], np.isin(np.arange(town[3]), keep))
    assert covered - kept >= (1 - 1 / np.e) * (best - kept) - 1e-9


def test_an_exchange_finds_what_greedy_misses() -> None:
    # Site 1 covers most and is taken first; 0 and 2 together cover everybody.
    #       home 0  1       2       3
    town = rows({0}, {0, 1}, {1, 2}, {2}, people=[2, 3, 3, 2], m=3)
    assert search.improve(*town, 2).tolist() == [True, False, True]


def test_of_equal_sites_the_first_is_chosen() -> None:
    town = rows({0, 1, 2}, {3}, people=[5, 1], m=4)
    assert search.improve(*town, 1).tolist() == [True, False, False, False]
    assert search.improve(*town, 1, start=[2]).tolist() == [True, False, False, False]


def test_a_site_that_adds_nobody_is_not_chosen() -> None:
    town = rows({1}, {1, 2}, people=[5, 1], m=4)
    assert search.improve(*town, 3, start=[2, 3, 1]).tolist() == [False, True, False, False]


# ── programme and solver ──────────────────────────────────────────────────────────────────────────


def test_the_programme_reads_as_in_the_paper(tmp_path: Path) -> None:
    #  home  0 (30) ─ site 0 ─ home 1 (50) ─ site 1 ─ home 2 (20) ─ site 2, which is kept
    town = rows({0}, {0, 1}, {1, 2}, people=[30, 50, 20], m=3)
    programme = models.maximal_covering(*town, 2, keep=[2])
    programme.problem.writeLP(str(tmp_path / "programme.lp"))
    assert (tmp_path / "programme.lp").read_text() == (GOLDEN / "maximal_covering.lp").read_text()


@given(questions())
@settings(max_examples=60, deadline=None)
def test_the_programme_equals_trying_all_plans_merged_or_not(question) -> None:
    (weight, indptr, site, m), p, keep, forbid = question
    best = max(search.covered(weight, indptr, site, plan) for plan in plans(m, p, keep, forbid))
    for town in ((weight, indptr, site), reduce.merge_identical_rows(weight, indptr, site)[:3]):
        programme = models.maximal_covering(*town, m, p, keep=keep, forbid=forbid)
        ending = solver.solve(programme, time_limit_s=60, gap=0.0)
        assert ending.finished
        assert ending.open is not None
        assert ending.open[keep].all()
        assert not ending.open[forbid].any()
        assert search.covered(weight, indptr, site, ending.open) == best
        assert ending.bound == pytest.approx(best, abs=1e-6)


def test_a_solver_at_its_time_limit_does_not_say_that_it_finished() -> None:
    programme = models.maximal_covering(*random_town(1500, 100, 0.12), 15)
    ending = solver.solve(programme, time_limit_s=0.001, gap=0.0)
    assert not ending.finished
    assert ending.bound > 0


def test_a_warm_start_is_what_the_solver_has_at_least() -> None:
    town = random_town(1500, 100, 0.12)
    start = search.improve(*town, 15)
    programme = models.maximal_covering(*town, 15)
    ending = solver.solve(programme, time_limit_s=60, gap=0.9, warm_start=np.flatnonzero(start).tolist())
    assert ending.open is not None
    assert ending.bound >= search.covered(*town[:3], ending.open) >= search.covered(*town[:3], start)


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    solver.solve(models.maximal_covering(*rows({0}, people=[1], m=1), 1), time_limit_s=60, gap=0.0)
    assert capfd.readouterr() == ("", "")


def test_whoever_used_highs_before_does_not_matter() -> None:
    programme = models.maximal_covering(*random_town(200, 30, 0.2), 4)
    programme.problem.solve(pulp.HiGHS(msg=False, threads=2))
    assert solver.solve(programme, time_limit_s=60, gap=0.0).finished


def test_without_highs_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(NoSolverError, match="pip install highspy"):
        solver.solve(models.maximal_covering(*rows({0}, people=[1], m=1), 1), time_limit_s=60, gap=0.0)


def test_a_programme_without_any_plan_is_known_to_have_none() -> None:
    programme = models.maximal_covering(*rows({0}, {1}, people=[1, 1], m=2), 1, keep=[0, 1])
    ending = solver.solve(programme, time_limit_s=60, gap=0.0)
    assert (ending.open, ending.feasible, ending.finished) == (None, False, True)


def test_another_solver_of_pulp_gives_the_same_answer_and_a_bound() -> None:
    town = random_town(300, 40, 0.15)
    ours = solver.solve(models.maximal_covering(*town, 5), time_limit_s=60, gap=0.0)
    theirs = solver.solve(models.maximal_covering(*town, 5), time_limit_s=60, gap=0.0, solver="PULP_CBC_CMD")
    assert theirs.finished
    assert theirs.open is not None
    assert ours.open is not None
    assert search.covered(*town[:3], theirs.open) == search.covered(*town[:3], ours.open)
    assert theirs.bound == pytest.approx(ours.bound)


def test_a_solver_that_is_not_there_is_named() -> None:
    with pytest.raises(NoSolverError, match="no solver 'GUROBI_CMD' here"):
        solver.solve(
            models.maximal_covering(*rows({0}, people=[1], m=1), 1), time_limit_s=60, gap=0.0, solver="GUROBI_CMD"
        )
