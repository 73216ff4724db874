"""Sites as far apart as can be, against trying all plans."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.optimise.choice import Choice, Incumbent, Limit
from planner.optimise.covering import dispersion
from planner.optimise.covering.dispersion import Pairs, disperse
from planner.optimise.covering.models import node_packing
from tests.test_covering import limits

GOLDEN = Path(__file__).parent / "golden"


def pairs_of(near, limit):
    """From {(a, b): distance}."""
    a, b = (np.array([pair[end] for pair in near], np.int64) for end in (0, 1))
    return Pairs(a, b, np.array(list(near.values()), float), limit)


def smallest(near, limit, plan):
    """The distance of the two open sites nearest to each other."""
    return min([limit, *(d for (i, j), d in near.items() if plan[i] and plan[j])])


def plans(choice, p):
    """Every allowed plan of p sites."""
    every = (np.array(plan, bool) for plan in product([False, True], repeat=choice.m))
    return [plan for plan in every if plan.sum() == p and choice.allows(plan)]


@st.composite
def questions(draw):
    """Up to 8 sites, some kept, some shut; any pairs, also at distance 0 and at the limit."""
    m = draw(st.integers(1, 8))
    every = list(combinations(range(m), 2))
    way = st.sampled_from([0.0, 1.0, 1.0, 2.5, 3.0, 4.0, 5.0])
    near = draw(st.dictionaries(st.sampled_from(every), way)) if every else {}
    keep = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    shut = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    return near, Choice.of(m, keep, shut, draw(limits(m))), draw(st.integers(0, 5))


@given(questions())
@settings(max_examples=50, deadline=None)
def test_the_largest_distance_equals_trying_all_plans(question) -> None:
    near, choice, p = question
    every = plans(choice, p)
    best = Incumbent()
    assert disperse(pairs_of(near, 5.0), choice, p, best) == bool(every)
    if not every:
        assert best.plan is None
        return
    assert best.value == best.bound == max(smallest(near, 5.0, plan) for plan in every)
    assert any((best.plan == plan).all() and smallest(near, 5.0, plan) == best.value for plan in every)


@given(questions())
@settings(max_examples=50, deadline=None)
def test_every_distance_is_decided_as_trying_all_plans_does(question) -> None:
    near, choice, p = question
    every = plans(choice, p)
    asked = choice.with_limits(Limit("p", np.arange(choice.m), np.ones(choice.m), p, p))
    for apart in (1.0, 2.5, 5.0):
        plan, decided = dispersion._find_packing(pairs_of(near, 5.0), asked, apart, Incumbent(), 60.0)
        assert decided
        assert (plan is not None) == any(smallest(near, 5.0, other) >= apart for other in every)
        if plan is not None:
            assert smallest(near, 5.0, plan) >= apart


@given(questions())
@settings(max_examples=50, deadline=None)
def test_cliques_hold_every_pair_and_nothing_but_pairs(question) -> None:
    near, choice, _ = question
    pairs = pairs_of(near, 5.0)
    indptr, site = dispersion._cliques(pairs.a, pairs.b, choice.m)
    held = {pair for k in range(len(indptr) - 1) for pair in combinations(site[indptr[k] : indptr[k + 1]].tolist(), 2)}
    assert held == set(near)


def test_the_programme_reads_as_in_the_paper(tmp_path: Path) -> None:
    #  sites 0, 1 and 2 are all near one another, 3 only 2; site 4 is kept, 5 is shut; three are to be open
    count = Limit("p", np.arange(6), np.ones(6), 3, 3)
    programme = node_packing(np.array([0, 3, 5]), np.array([0, 1, 2, 2, 3]), Choice.of(6, [4], [5], [count]))
    programme.problem.writeLP(str(tmp_path / "programme.lp"))
    assert (tmp_path / "programme.lp").read_text() == (GOLDEN / "node_packing.lp").read_text()


def street(m, limit):
    """Sites 1 apart along a street, and the pairs nearer than the limit."""
    return pairs_of({(i, j): j - i for i, j in combinations(range(m), 2) if j - i < limit}, limit)


def test_three_sites_of_a_street_stand_at_its_ends_and_in_the_middle() -> None:
    best = Incumbent()
    assert disperse(street(9, 8), Choice.of(9), 3, best)
    assert np.flatnonzero(best.plan).tolist() == [0, 4, 8]
    assert best.value == best.bound == 4


def test_kept_sites_are_among_them() -> None:
    best = Incumbent()
    assert disperse(street(9, 8), Choice.of(9, keep=[3], shut=[0]), 3, best)
    assert best.plan[3]
    assert best.value == best.bound == 2


def test_sites_beyond_the_limit_are_as_far_as_the_limit_says() -> None:
    best = Incumbent()
    assert disperse(street(9, 3), Choice.of(9), 3, best)
    assert best.value == best.bound == 3


def test_more_sites_than_there_are_is_no_plan() -> None:
    best = Incumbent()
    assert not disperse(street(4, 3), Choice.of(4, shut=[0]), 4, best)
    assert best.plan is None


def test_a_pair_beyond_the_limit_is_refused() -> None:
    with pytest.raises(QuestionError, match="1 farther apart than the limit 2"):
        disperse(pairs_of({(0, 1): 3.0}, 2.0), Choice.of(2), 2, Incumbent())


def random_town(m, limit, seed=0):
    xy = np.random.default_rng(seed).random((m, 2))
    away = np.hypot(*np.moveaxis(xy[:, None] - xy[None], 2, 0))
    a, b = np.nonzero(np.triu(away < limit, 1))
    return Pairs(a, b, away[a, b], limit)


def test_the_same_question_has_the_same_plan() -> None:
    found = []
    for _ in range(2):
        best = Incumbent()
        disperse(random_town(60, 0.6), Choice.of(60), 8, best)
        found.append(best)
    assert found[0].value == found[0].bound == found[1].value
    assert found[0].plan.tolist() == found[1].plan.tolist()


@pytest.mark.parametrize("turn", [1, 2, 4, 6])
def test_an_interrupt_leaves_the_best_plan_and_a_bound_that_holds(turn) -> None:
    town, finished, heard = random_town(60, 0.6), Incumbent(), []
    disperse(town, Choice.of(60), 8, finished)

    def tell(value, bound):
        heard.append((value, bound))
        if len(heard) == turn:
            raise KeyboardInterrupt

    best = Incumbent(tell=tell)
    assert disperse(town, Choice.of(60), 8, best)
    assert len(heard) == turn
    assert best.value <= finished.value <= best.bound


def test_without_time_nothing_is_claimed() -> None:
    best = Incumbent(time_limit_s=0.0)
    assert disperse(random_town(60, 0.6), Choice.of(60), 8, best)
    assert best.bound > best.value


def test_distances_that_cannot_be_decided_in_time_are_left_open(monkeypatch) -> None:
    town, finished, best = random_town(60, 0.6), Incumbent(), Incumbent(time_limit_s=1.5)
    disperse(town, Choice.of(60), 8, finished)
    decide = dispersion._find_packing

    def slow(pairs, choice, apart, best, time_limit_s):
        """Whatever is near the optimum is too hard."""
        hard = abs(apart - finished.value) < 0.01
        return (None, False) if hard else decide(pairs, choice, apart, best, time_limit_s)

    monkeypatch.setattr(dispersion, "_find_packing", slow)
    assert disperse(town, Choice.of(60), 8, best)
    assert best.value <= finished.value < best.bound < finished.value + 0.02
