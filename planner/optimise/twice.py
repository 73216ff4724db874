"""Covering with a spare: the sites that bring the most people within reach of two."""

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise import solver
from planner.optimise.choice import Choice, Incumbent
from planner.optimise.models import covering_twice
from planner.optimise.reduce import identical_rows, whole_rows

STRONG = 3_000_000  # entries of the programme's tighter rows up to which it has them
ROUNDS = 200  # of exchanges
HALF = 0.5  # of a person, for the first of two sites: so that greedy does not stand still before the second


def cover_twice(
    weight: Floats, indptr: Integers, site: Integers, need: Integers, choice: Choice, best: Incumbent
) -> bool:
    """The plan with the most weight in rows that have `need` (n,) open sites, 1 or 2; False where no plan exists.

    Rows with the same sites and the same need are met together in every plan, so they are merged. Rows that need
    nothing, or have fewer sites than they need, count for no plan.
    """
    try:
        return _search(weight, indptr, site, need, choice, best)
    except KeyboardInterrupt:
        return True


def _search(weight: Floats, indptr: Integers, site: Integers, need: Integers, choice: Choice, best: Incumbent) -> bool:
    size = np.diff(indptr)
    like = identical_rows(indptr, site, choice.m, marks=np.repeat(need.astype(np.float64), size))
    total = np.bincount(like, weights=weight, minlength=len(weight))
    kept = (like == np.arange(len(like))) & (need > 0) & (size >= need) & (total > 0)
    indptr, site = whole_rows(indptr, site, kept)
    weight, need = total[kept], need[kept]
    covers = csr_array((np.ones(len(site)), site, indptr), shape=(len(weight), choice.m))

    def value(plan: Flags) -> float:
        return float(weight[covers @ plan.astype(np.float64) >= need].sum())

    best.limit(float(weight.sum()))
    plan = _exchanged(covers, weight, need, choice, _grown(covers, weight, need, choice))
    if choice.allows(plan):
        best.offer(plan, value(plan))
    if best.over:
        return True

    def hear(opened: Flags | None, bound: float) -> None:
        if opened is not None and choice.allows(opened):
            best.offer(opened, value(opened))
        best.limit(bound)

    strong = float((np.diff(indptr)[need > 1].astype(np.float64) ** 2).sum()) <= STRONG
    ending = solver.solve(
        covering_twice(weight, indptr, site, need, choice, strong=strong),
        time_limit_s=best.left_s,
        gap=best.gap,
        absolute_gap=1 - 1e-6 if best.whole else 1e-6,
        warm_start=None if best.plan is None else np.flatnonzero(best.plan).tolist(),
        hear=hear,
    )
    best.solvers.append(ending.solver)
    if not ending.feasible:
        return best.nothing_better()
    hear(ending.open, ending.bound)
    return True


def _grown(covers: csr_array, weight: Floats, need: Integers, choice: Choice) -> Flags:
    """A plan (m,) to which the allowed site that adds most is added while one adds anything."""
    plan = choice.keep.copy()
    while True:
        adds = _adds(covers, weight, need, plan)
        for j in np.argsort(-np.where(choice.free & ~plan, adds, -1.0), kind="stable"):
            if plan[j] or not choice.free[j] or adds[j] <= 0:
                return plan
            other = plan.copy()
            other[j] = True
            if all(limit.spent(other) <= limit.most for limit in choice.limits):
                plan = other
                break
        else:
            return plan


def _exchanged(covers: csr_array, weight: Floats, need: Integers, choice: Choice, plan: Flags) -> Flags:
    """A plan (m,) of which no site can better give way to another."""
    for _ in range(ROUNDS):
        before = plan
        for j in np.flatnonzero(plan & ~choice.keep):
            without = plan.copy()
            without[j] = False
            adds = _adds(covers, weight, need, without)
            other = int(np.argmax(np.where(choice.free & ~without, adds, -1.0)))
            if adds[other] > adds[j] * (1 + 1e-9):
                swapped = without.copy()
                swapped[other] = True
                if choice.allows(swapped):
                    plan = swapped
        if plan is before:
            break
    return plan


def _adds(covers: csr_array, weight: Floats, need: Integers, plan: Flags) -> Floats:
    """(m,) what each site would add: all of a row that it completes, a part of one that then needs one more."""
    lacks = need - covers @ plan.astype(np.float64)
    adds: Floats = covers.T @ (
        weight * np.where(lacks == 1, np.where(need > 1, 1 - HALF, 1.0), np.where(lacks > 1, HALF, 0.0))
    )
    return adds
