"""Options decided before anybody knows the future, against trying all of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from planner.errors import QuestionError
from planner.optimise.seats.regret import Futures, least_regret
from planner.rules import Effort
from planner.schools.arrays import Arrays
from planner.schools.futures import plan_seats_for_futures
from planner.schools.stock import Option
from tests.test_optimise import golden, lp
from tests.test_schools import all_decisions, pupils_of, questions, reach_of, schools_of, small

#      home 0 ─ 10 ─ school 0 (1 class)         home 1 ─ 10 ─ school 1 (1 class)      nobody walks to the other
#
#  Classes of 2, oversized from 4: 3 pupils a class are not. Money for two classes more. If the west grows, 9 live at
#  home 0 and 3 at home 1, if the east grows, 3 and 9; if both do, 6 and 6.

OF = small("a")
TOWN = {
    "schools": schools_of([1, 1], [OF]),
    "reach": reach_of([[10, None], [None, 10]]),
    "options": [Option(f"{n} {j}", f"school/{j}", {"a": i}, i) for j in (0, 1) for i, n in [(1, "one"), (2, "two")]],
    "budget": 2,
}  # fmt: skip
WEST, EAST, BOTH = (pupils_of([[a], [b]], [OF]) for a, b in [(9, 3), (3, 9), (6, 6)])


def test_who_does_not_know_which_side_grows_builds_a_class_on_each():
    plan = plan_seats_for_futures({"west": WEST, "east": EAST}, **TOWN)
    assert plan.regret.tolist() == [[0, 6], [6, 0], [3, 3]]
    assert str(plan).splitlines() == [
        "regret in pupils beyond classes that are not oversized, by plan: west, east",
        "west: 0, 6",
        "east: 6, 0",
        "least regret: 3, 3",
        "2026: one 0 (extend school/0)",
        "2026: one 1 (extend school/1)",
        "0 pupils without a school in reach more than the best at most: proven least",
        "3 pupils beyond classes that are not oversized more than the best at most: proven least",
        "2 in cost: proven least",
    ]
    assert plan.robust["west"].balance("2026").pupils[:, 0].tolist() == [9, 3]


def test_where_a_plan_is_best_in_every_future_nobody_regrets_it():
    plan = plan_seats_for_futures({"both": BOTH, "fewer": replace(BOTH, count=BOTH.count / 2)}, **TOWN)
    assert plan.regret[-1].tolist() == [0, 0]
    assert (plan.ending, plan.levels[-1].value) == ("proven", 2)
    assert [str(each) for each in plan.best["fewer"].taken] == []


def test_pupils_without_a_school_are_regretted_first():
    #  a school for home 1, or two classes where nobody is oversized any more: 1 of home 1 counts more than all others
    town = {**TOWN, "schools": schools_of([1, 0], [OF])}
    plan = plan_seats_for_futures({"west": pupils_of([[9], [0]], [OF]), "east": pupils_of([[9], [1]], [OF])}, **town)
    assert plan.regret_unserved.tolist() == [[0, 1], [0, 0], [0, 0]]
    assert [each.option.name for each in plan.robust["east"].taken] == ["one 0", "one 1"]


# ── against all options ───────────────────────────────────────────────────────────────────────────


def served_best(asked, pupils, classes, kind):
    """Pupils without a class in reach, and the least beyond a class size if all others go to one: a programme."""
    near = asked["reach"].within(400)
    unserved, beyond = 0.0, 0.0
    _, g, t = pupils.count.shape
    m = len(classes)
    for k, s in np.ndindex(g, t):
        ways = [(i, j) for i, j in zip(near.place.tolist(), near.facility.tolist(), strict=True) if classes[j, k, s]]
        size = asked["schools"].stages[k].sizes[kind]
        rows = sorted({i for i, _ in ways})
        unserved += float(np.delete(pupils.count[:, k, s], rows).sum())
        if not ways:
            continue
        load = np.array(
            [[float(to == j) for _, to in ways] + [-float(over == j) for over in range(m)] for j in range(m)]
        )
        go = np.array([[float(i == row) for i, _ in ways] + [0.0] * m for row in rows])
        worth = np.array([0.0] * len(ways) + [1.0] * m)
        found = linprog(worth, load, size * classes[:, k, s], go, pupils.count[rows, k, s])
        beyond += float(found.fun)
    return unserved, beyond


@settings(max_examples=40, deadline=None)
@given(questions(), st.data(), st.sampled_from(["severe", "oversized", "above_standard"]))
def test_the_largest_regret_is_as_small_as_any_options_make_it(asked, data, of):
    known = asked.pop("pupils")
    asked.pop("today"), asked.pop("most_moved")
    size = known.count.size
    counts = data.draw(st.lists(st.lists(st.integers(0, 6), min_size=size, max_size=size), min_size=1, max_size=2))
    futures = {"a": known} | {
        name: replace(known, count=np.array(each, float).reshape(known.count.shape))
        for name, each in zip("bc", counts, strict=False)
    }
    limits = {each.id: 400 for each in known.stages}
    kind = ["severe", "oversized", "above_standard"].index(of)
    plan = plan_seats_for_futures(futures, **asked, limits=limits, of=of)
    table = [
        ([served_best(asked, each, classes, kind) for each in futures.values()], cost)
        for classes, cost in all_decisions({**asked, "pupils": known})
    ]
    best = [
        min((round(u, 6), round(v, 6)) for u, v in column) for column in zip(*(row for row, _ in table), strict=True)
    ]
    regrets = [
        (
            round(max(u - b[0] for (u, _), b in zip(row, best, strict=True)), 5),
            round(max(v - b[1] for (_, v), b in zip(row, best, strict=True)), 5),
            cost,
        )
        for row, cost in table
    ]
    assert plan.ending == "proven"
    assert tuple(level.value for level in plan.levels) == pytest.approx(min(regrets), abs=1e-4)
    assert plan.regret_unserved[-1].max() == pytest.approx(min(regrets)[0], abs=1e-4)
    assert plan.regret[-1].max() == pytest.approx(min(regrets)[1], abs=1e-4)


def test_the_programme_is_the_one_that_the_docstring_states(tmp_path):
    asked = [
        Arrays(each, TOWN["schools"], TOWN["reach"], (Option("one", "school/0", {"a": 1}, 5.0),), 9.0, False,
               None, False, None, None, None, None, None, ("unserved", "oversized"))
        for each in (WEST, EAST)
    ]  # fmt: skip
    programme, regret = least_regret(
        Futures(tuple(each.question for each in asked)), "oversized", np.array([[0.0, 0.0], [3.0, 6.0]])
    )
    programme.programme.problem.setObjective(regret["oversized"] + 0)
    assert lp(programme.programme, tmp_path) == golden("seats_regret")


def test_futures_that_are_not_of_the_same_question_are_refused_at_once():
    with pytest.raises(QuestionError) as fault:
        plan_seats_for_futures({"west": WEST, "more": pupils_of([[1]], [OF])}, **TOWN, of="moved")
    assert str(fault.value).splitlines() == [
        "1 futures are of other places, stages or years than west (first: more). Forecast the same ones.",
        "Nobody regrets 'moved'. There are: severe, oversized, large_schools, above_standard, walk.",
    ]
    with pytest.raises(QuestionError, match="No future is given"):
        plan_seats_for_futures({}, **TOWN)
    with pytest.raises(QuestionError, match="time limit"):
        plan_seats_for_futures({"west": WEST}, **TOWN, effort=Effort(time_limit_s=-1))
