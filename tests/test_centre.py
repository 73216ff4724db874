"""The shortest longest way: against trying all plans, and on published instances."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import floyd_warshall

from planner.optimise.choice import Choice, Incumbent, Limit, at_most
from planner.optimise.covering import centre
from planner.optimise.covering.centre import smallest_radius
from planner.optimise.covering.cover import cover_all
from tests.test_covering import limits

PMED = Path(__file__).parents[2] / "shared" / "data" / "benchmarks" / "pmed"
# The optima of p-center on OR-Library's p-median instances: Elloumi, Labbé & Pochet (2004).
PUBLISHED = dict(enumerate([127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13], 1))


def sparse(rows):
    """(indptr, site, distance) from one {site: distance} a row."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    site = np.array([j for row in rows for j in sorted(row)], np.int64)
    return indptr, site, np.array([row[j] for row in rows for j in sorted(row)], float)


def radius(rows, already, plan):
    """The longest way to the nearest open site, or to what is there already."""
    return max(
        (min([a, *(d for j, d in row.items() if plan[j])]) for row, a in zip(rows, already, strict=True)), default=0.0
    )


def plans(rows, already, choice):
    """Every allowed plan that serves every row, and how far the worst row has it."""
    every = (np.array(plan, bool) for plan in product([False, True], repeat=choice.m))
    found = [(plan, radius(rows, already, plan)) for plan in every if choice.allows(plan)]
    return [(plan, far) for plan, far in found if np.isfinite(far)]


@st.composite
def questions(draw):
    """Up to 12 rows and 8 sites, some kept, some shut, not every site in every row, some rows served already."""
    m = draw(st.integers(1, 8))
    way = st.sampled_from([0.0, 1.0, 1.0, 2.5, 3.0, 4.25, 5.0, 7.0])
    rows = draw(st.lists(st.dictionaries(st.integers(0, m - 1), way), max_size=12))
    already = draw(st.lists(st.sampled_from([np.inf, np.inf, 6.0, 2.0, 0.0]), min_size=len(rows), max_size=len(rows)))
    keep = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    shut = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    more = draw(limits(m))
    if draw(st.booleans()):
        more.append(at_most(draw(st.integers(0, 4)), m))
    return rows, already, Choice.of(m, keep, shut, more)


@given(questions())
@settings(max_examples=50, deadline=None)
def test_the_smallest_radius_equals_trying_all_plans(question) -> None:
    rows, already, choice = question
    every = plans(rows, already, choice)
    best = Incumbent()
    assert smallest_radius(*sparse(rows), choice, best, already=np.array(already, float)) == bool(every)
    if not every:
        assert best.plan is None
        return
    assert best.value == best.bound == -min(far for _, far in every)
    assert any((best.plan == plan).all() and far == -best.value for plan, far in every)


@given(questions())
@settings(max_examples=50, deadline=None)
def test_an_exchange_tells_the_radius_that_it_leads_to(question) -> None:
    rows, already, choice = question
    ways = centre.Ways(*sparse(rows), np.array(already, float))
    for plan, far in plans(rows, already, choice)[:8]:
        assert ways.radius(plan) == far
        serves = centre.csr_array((ways.distance, (ways.site, ways.row)), shape=(choice.m, len(rows)))
        better = centre._best_exchange(ways, choice, plan, serves)
        if better is not None:
            assert choice.allows(better)
            assert better.sum() == plan.sum()
            assert radius(rows, already, better) < far


def test_one_site_stands_in_the_middle_of_a_street() -> None:
    #  home 0 ── 1 ── site 0 ── 1 ── home 1 ── 1 ── site 1 ── 3 ── home 2
    rows = [{0: 1, 1: 3}, {0: 1, 1: 1}, {0: 5, 1: 3}]
    best = Incumbent()
    assert smallest_radius(*sparse(rows), Choice.of(2, limits=[at_most(1, 2)]), best)
    assert (best.plan.tolist(), best.value, best.bound) == ([False, True], -3, -3)


def test_what_stands_already_serves_too() -> None:
    rows = [{0: 1, 1: 3}, {0: 1, 1: 1}, {0: 5, 1: 3}]
    best = Incumbent()
    assert smallest_radius(
        *sparse(rows), Choice.of(2, limits=[at_most(1, 2)]), best, already=np.array([np.inf, np.inf, 2.0])
    )
    assert (best.plan.tolist(), best.value, best.bound) == ([True, False], -2, -2)


def test_a_row_beyond_every_allowed_site_has_no_plan() -> None:
    best = Incumbent()
    assert not smallest_radius(*sparse([{0: 1}, {1: 1}]), Choice.of(2, limits=[at_most(1, 2)]), best)
    assert not smallest_radius(*sparse([{0: 1}, {1: 1}]), Choice.of(2, shut=[1]), best)
    assert best.plan is None


def test_a_quota_is_kept_where_it_lengthens_the_longest_way() -> None:
    rows = [{0: 1, 1: 2, 2: 9}, {0: 9, 1: 2, 2: 1}]
    free, bound = Incumbent(), Incumbent()
    assert smallest_radius(*sparse(rows), Choice.of(3, limits=[at_most(2, 3)]), free)
    middle = Limit("middle", np.array([1]), np.ones(1), least=1)
    assert smallest_radius(*sparse(rows), Choice.of(3, limits=[at_most(1, 3), middle]), bound)
    assert (free.value, bound.value) == (-1, -2)


def random_rows(n, m, seed=0):
    draw = np.random.default_rng(seed)
    homes, sites = draw.random((n, 2)), draw.random((m, 2))
    away = np.hypot(*np.moveaxis(homes[:, None] - sites[None], 2, 0))
    return np.arange(n + 1) * m, np.tile(np.arange(m), n), away.ravel()


def test_the_same_question_has_the_same_plan() -> None:
    found = []
    for _ in range(2):
        best = Incumbent()
        smallest_radius(*random_rows(150, 60), Choice.of(60, limits=[at_most(6, 60)]), best)
        found.append(best)
    assert found[0].value == found[0].bound == found[1].value
    assert found[0].plan.tolist() == found[1].plan.tolist()


@pytest.mark.parametrize("turn", [1, 2, 4, 6])
def test_an_interrupt_leaves_the_best_plan_and_a_bound_that_holds(turn) -> None:
    town, choice = random_rows(150, 60), Choice.of(60, limits=[at_most(6, 60)])
    finished, heard = Incumbent(), []
    smallest_radius(*town, choice, finished)

    def tell(value, bound):
        heard.append((value, bound))
        if len(heard) == turn:
            raise KeyboardInterrupt

    best = Incumbent(tell=tell)
    assert smallest_radius(*town, choice, best)
    assert len(heard) == turn
    assert best.value <= finished.value <= best.bound


def test_distances_that_cannot_be_decided_in_time_are_left_open(monkeypatch) -> None:
    town, choice = random_rows(150, 60), Choice.of(60, limits=[at_most(6, 60)])
    finished, best = Incumbent(), Incumbent(time_limit_s=2.0)
    smallest_radius(*town, choice, finished)
    decide = centre.find_cover

    def slow(indptr, site, choice, **how):
        """Whatever is near the optimum is too hard."""
        away = np.abs(len(site) - np.count_nonzero(town[2] <= -finished.value))
        return (None, False) if away < 100 else decide(indptr, site, choice, **how)

    monkeypatch.setattr(centre, "find_cover", slow)
    assert smallest_radius(*town, choice, best)
    assert best.value <= finished.value < best.bound
    assert best.bound < -centre.Ways(*town, np.full(150, np.inf)).radius(np.ones(60, bool))


def read_pmed(number):
    """(n, p, distances) of an instance: shortest paths of its edges, of which a repeated one takes its last length."""
    lines = [list(map(int, line.split())) for line in (PMED / f"pmed{number}.txt").read_text().splitlines() if line]
    n, _, p = lines[0]
    length = np.full((n, n), np.inf)
    for i, j, cost in lines[1:]:
        length[i - 1, j - 1] = length[j - 1, i - 1] = cost
    np.fill_diagonal(length, 0)
    return n, p, floyd_warshall(length)


@pytest.mark.skipif(not PMED.is_dir(), reason="OR-Library's instances are not beside the project in ../shared/data")
@pytest.mark.parametrize("number", PUBLISHED)
def test_the_published_optima_are_proven(number) -> None:
    n, p, away = read_pmed(number)
    best = Incumbent()
    rows = np.arange(n + 1) * n, np.tile(np.arange(n), n), away.ravel()
    assert smallest_radius(*rows, Choice.of(n, limits=[at_most(p, n)]), best)
    assert best.value == best.bound == -PUBLISHED[number]
    assert best.plan.sum() <= p
    assert away[:, best.plan].min(axis=1).max() == PUBLISHED[number]


@pytest.mark.skipif(not PMED.is_dir(), reason="OR-Library's instances are not beside the project in ../shared/data")
@pytest.mark.parametrize(("number", "nearer"), [(2, 97), (3, 92), (4, 73), (5, 47)])
def test_a_plain_programme_needs_more_sites_for_any_smaller_radius(number, nearer) -> None:
    n, p, away = read_pmed(number)
    row, site = np.nonzero(away <= nearer)
    best = Incumbent(whole=True)
    indptr = np.searchsorted(row, np.arange(n + 1))
    assert cover_all(indptr, site, np.ones(n), Choice.of(n), best, reduced=False)
    assert best.value == best.bound < -p
