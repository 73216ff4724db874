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
from planner.optimise import models, reduce, search, solver, twice
from planner.optimise.choice import Choice, Incumbent, Limit, at_most
from planner.optimise.gains import Gains
from planner.optimise.models import Programme
from planner.optimise.problem import Problem

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


def covered(town: Instance, plan: NDArray[np.bool_]) -> float:
    """How many people a plan covers, row by row."""
    weight, indptr, site, _ = town
    near = [plan[site[indptr[i] : indptr[i + 1]]].any() for i in range(len(weight))]
    return float(weight[np.array(near, bool)].sum())


def problem(town: Instance, p: int, keep: list[int] | None = None, forbid: list[int] | None = None) -> Problem:
    """To cover the most people with p sites."""
    return Problem.most(Gains.of(*town), Choice.of(town[3], keep or (), forbid or (), [at_most(p, town[3])]))


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


def lp(programme: Programme, folder: Path) -> str:
    """The programme in the format that solvers read."""
    programme.problem.writeLP(str(folder / "programme.lp"))
    return (folder / "programme.lp").read_text()


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.lp").read_text()


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
    town, p, keep, forbid = question
    merged = (*reduce.merge_identical_rows(*town[:3])[:3], town[3])
    for plan in plans(town[3], p, keep, forbid):
        assert covered(merged, plan) == covered(town, plan) == Gains.of(*town).total(plan)


# ── search ────────────────────────────────────────────────────────────────────────────────────────


@given(questions())
@settings(max_examples=60, deadline=None)
def test_greedy_is_never_below_its_guarantee(question) -> None:
    town, p, keep, forbid = question
    plan = search.first_plan(problem(town, p, keep, forbid))
    best = max(covered(town, other) for other in plans(town[3], p, keep, forbid))
    assert plan.sum() <= p
    assert plan[keep].all()
    assert not plan[forbid].any()
    kept = covered(town, np.isin(np.arange(town[3]), keep))
    assert covered(town, plan) - kept >= (1 - 1 / np.e) * (best - kept) - 1e-9


def test_an_exchange_finds_what_greedy_misses() -> None:
    # Site 1 covers most and is taken first; 0 and 2 together cover everybody.
    #       home 0  1       2       3
    town = rows({0}, {0, 1}, {1, 2}, {2}, people=[2, 3, 3, 2], m=3)
    assert search.first_plan(problem(town, 2)).tolist() == [True, False, True]


def test_of_equal_sites_the_first_is_chosen() -> None:
    town = problem(rows({0, 1, 2}, {3}, people=[5, 1], m=4), 1)
    assert search.first_plan(town).tolist() == [True, False, False, False]
    assert search.earliest(town, np.array([False, False, True, False])).tolist() == [True, False, False, False]


def test_a_site_that_adds_nobody_is_not_chosen() -> None:
    town = problem(rows({1}, {1, 2}, people=[5, 1], m=4), 3)
    assert search.first_plan(town).tolist() == [False, True, False, False]
    assert search.useful(town, np.array([False, True, True, True])).tolist() == [False, True, False, False]


@given(questions(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_shaken_plan_is_still_allowed(question, seed: int) -> None:
    town, p, keep, forbid = question
    here = problem(town, p, keep, forbid)
    assert here.allows(search.shaken(here, search.first_plan(here), np.random.default_rng(seed)))


# ── programme and solver ──────────────────────────────────────────────────────────────────────────


def test_the_programme_reads_as_in_the_paper(tmp_path: Path) -> None:
    #  home  0 (30) ─ site 0 ─ home 1 (50) ─ site 1 ─ home 2 (20) ─ site 2, which is kept
    town = rows({0}, {0, 1}, {1, 2}, people=[30, 50, 20], m=3)
    assert lp(models.best_sites(problem(town, 2, [2])), tmp_path) == golden("maximal_covering")


def test_walks_have_a_row_for_each_distance(tmp_path: Path) -> None:
    #  home 0 (30): 20 m saved by site 0, 5 m by sites 1 and 2; home 1 (50): 9 m by site 1. Costs 4, 6, 1 within 8,
    #  and at least 100 of the 600 person-metres that can be saved for home 0.
    indptr, site, saved = np.array([0, 3, 4]), np.array([0, 1, 2, 1]), np.array([20.0, 5.0, 5.0, 9.0])
    gains = Gains.of(np.array([30.0, 50.0]), indptr, site, 3, saved, np.array([0, 1]))
    budget = Limit("budget", np.arange(3), np.array([4.0, 6.0, 1.0]), most=8.0)
    walks = Problem(
        gains, Choice.of(3, limits=[budget]), np.zeros(3), np.ones(2), np.array([100.0]), np.array([[1.0, 0.0]])
    )
    assert lp(models.best_sites(walks), tmp_path) == golden("p_median")


def test_a_spare_needs_a_second_site(tmp_path: Path) -> None:
    #  home 0 (30) needs two of the sites 0 and 1; home 1 (50) one of 1 and 2, for a standing one is near.
    indptr, site, need = np.array([0, 2, 4]), np.array([0, 1, 1, 2]), np.array([2, 1])
    choice = Choice.of(3, limits=[at_most(2, 3)])
    programme = models.covering_twice(np.array([30.0, 50.0]), indptr, site, need, choice, strong=True)
    assert lp(programme, tmp_path) == golden("covering_twice")


@st.composite
def spares(draw: st.DrawFn) -> tuple[Instance, NDArray[np.int64], Choice]:
    """Up to 9 rows that need no, one or two of up to 6 sites."""
    town, p, keep, forbid = draw(questions())
    need = np.array(draw(st.lists(st.integers(0, 2), min_size=len(town[0]), max_size=len(town[0]))))
    return town, need, Choice.of(town[3], keep, forbid, [at_most(p, town[3])])


@given(spares())
@settings(max_examples=60, deadline=None)
def test_covering_twice_equals_trying_all_plans(question) -> None:
    town, need, choice = question
    weight, indptr, site, m = town

    def met(plan: NDArray[np.bool_]) -> float:
        count = np.array([plan[site[indptr[i] : indptr[i + 1]]].sum() for i in range(len(weight))])
        return float(weight[(count >= need) & (need > 0)].sum())

    incumbent = Incumbent(whole=True)
    assert twice.cover_twice(weight, indptr, site, need, choice, incumbent)
    assert incumbent.plan is not None
    assert choice.allows(incumbent.plan)
    best = max(met(plan) for plan in plans(m, m, [], []) if choice.allows(plan))
    assert met(incumbent.plan) == incumbent.value == best == incumbent.bound


def test_a_solver_at_its_time_limit_does_not_say_that_it_finished() -> None:
    programme = models.best_sites(problem(random_town(1500, 100, 0.12), 15))
    ending = solver.solve(programme, time_limit_s=0.001, gap=0.0)
    assert not ending.finished
    assert ending.bound > 0


@pytest.mark.parametrize("said", [float("nan"), float("inf"), float("-inf")])
def test_a_solver_that_calls_a_plan_optimal_without_a_bound_has_proven_nothing(
    monkeypatch: pytest.MonkeyPatch, said: float
) -> None:
    highs = solver._highs

    def vague() -> object:
        model = highs()
        info = model.getInfo
        monkeypatch.setattr(
            model,
            "getInfo",
            lambda: SimpleNamespace(
                mip_dual_bound=said,
                objective_function_value=info().objective_function_value,
                primal_solution_status=info().primal_solution_status,
            ),
        )
        return model

    monkeypatch.setattr(solver, "_highs", vague)
    ending = solver.solve(models.best_sites(problem(rows({0}, people=[1], m=1), 1)), time_limit_s=60, gap=0.0)
    assert ending.open is not None
    assert (ending.finished, ending.feasible, ending.bound) == (False, True, np.inf)


def test_a_linear_programme_has_no_bound_before_its_end() -> None:
    programme = models.best_sites(problem(random_town(1500, 100, 0.12), 15))
    for variable in programme.problem.variables():
        variable.cat = pulp.LpContinuous
    ending = solver.solve(programme, time_limit_s=1e-9, gap=0.0)
    assert (ending.finished, ending.bound) == (False, np.inf)


def test_a_warm_start_is_what_the_solver_has_at_least() -> None:
    town = random_town(1500, 100, 0.12)
    start = search.first_plan(problem(town, 15))
    programme = models.best_sites(problem(town, 15))
    ending = solver.solve(programme, time_limit_s=60, gap=0.9, warm_start=np.flatnonzero(start).tolist())
    assert ending.open is not None
    assert ending.bound >= covered(town, ending.open) >= covered(town, start)


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    solver.solve(models.best_sites(problem(rows({0}, people=[1], m=1), 1)), time_limit_s=60, gap=0.0)
    assert capfd.readouterr() == ("", "")


def test_whoever_used_highs_before_does_not_matter() -> None:
    programme = models.best_sites(problem(random_town(200, 30, 0.2), 4))
    programme.problem.solve(pulp.HiGHS(msg=False, threads=2))
    assert solver.solve(programme, time_limit_s=60, gap=0.0).finished


def test_without_highs_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(NoSolverError, match="pip install highspy"):
        solver.solve(models.best_sites(problem(rows({0}, people=[1], m=1), 1)), time_limit_s=60, gap=0.0)


def test_a_programme_without_any_plan_is_known_to_have_none() -> None:
    programme = models.best_sites(problem(rows({0}, {1}, people=[1, 1], m=2), 1, [0, 1]))
    ending = solver.solve(programme, time_limit_s=60, gap=0.0)
    assert (ending.open, ending.feasible, ending.finished) == (None, False, True)


def test_another_solver_of_pulp_gives_the_same_answer_and_a_bound() -> None:
    town = random_town(300, 40, 0.15)
    ours = solver.solve(models.best_sites(problem(town, 5)), time_limit_s=60, gap=0.0)
    theirs = solver.solve(models.best_sites(problem(town, 5)), time_limit_s=60, gap=0.0, solver="PULP_CBC_CMD")
    assert theirs.finished
    assert theirs.open is not None
    assert ours.open is not None
    assert covered(town, theirs.open) == covered(town, ours.open)
    assert theirs.bound == pytest.approx(ours.bound)


def test_a_solver_that_is_not_there_is_named() -> None:
    with pytest.raises(NoSolverError, match="no solver 'GUROBI_CMD' here"):
        solver.solve(
            models.best_sites(problem(rows({0}, people=[1], m=1), 1)), time_limit_s=60, gap=0.0, solver="GUROBI_CMD"
        )


@given(st.integers(2, 7), st.integers(0, 4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_an_exchange_is_allowed_where_the_plan_after_it_is(m, k, draw):
    def limit(number: int) -> Limit:
        site = np.array(sorted(draw.sample(range(m), draw.randint(1, m))), np.int64)
        amount = np.array([float(draw.randint(-1, 3)) for _ in site])
        return Limit(f"limit_{number}", site, amount, least=draw.choice([-np.inf, 0.0, 1.0]), most=draw.randint(0, 5))

    choice = Choice.of(m, (), (), [limit(number) for number in range(k)])
    plan = np.array([draw.random() < 0.5 for _ in range(m)])
    opened = np.flatnonzero(plan)
    kept = choice.exchanges(plan, opened)
    for r, leaves in enumerate(opened):
        for j in np.flatnonzero(~plan):
            other = plan.copy()
            other[[j, leaves]] = True, False
            assert kept[j, r] == choice.allows(other)
