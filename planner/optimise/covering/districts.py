"""A large covering question district by district: better plans, and a bound above the linear one."""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np
from scipy.optimize import linprog

from planner.network import Floats, Integers
from planner.optimise import solver
from planner.optimise.choice import Choice, Incumbent
from planner.optimise.covering.core import cutoff_of, offer, solve_core
from planner.optimise.covering.models import set_covering
from planner.optimise.covering.reduce import Covering, reduce_covering
from planner.optimise.covering.search import bound_by_prices, lagrangean
from planner.optimise.outward import outward

REPLANNED = (150, 250, 350, 500, 600, 700, 800)  # sites of a district planned anew, in each sweep with other borders
BOUNDED = (100, 200, 300, 400, 600)  # sites of a district whose cost is bounded, in passes
LINEAR_SHARE, ROUNDS = 0.2, 1000  # of the time left for the linear programme; of prices, where that was too little
MOST_S = 10.0  # for one district's plan
PLAN_SHARE, PASS_SHARE, LONGEST_S = 0.4, 0.6, 3600.0  # of the time left, of which at most so much


def districts(covering: Covering, most: int, seed: int = 0) -> Iterator[Integers]:
    """The rows in groups that lie close together, each covered by at most so many sites unless it is one row.

    Halved again and again: from a row at one end, or from any where `seed` is not 0, the nearer half and the farther.
    """
    covers, first = covering.covers(), np.random.default_rng(seed)
    left = [np.arange(covering.n)] if covering.n else []
    while left:
        rows = left.pop()
        near = covers[rows]
        if len(np.unique(near.indices)) <= most or len(rows) == 1:
            yield rows
            continue
        met = outward(near, int(first.integers(len(rows))), 2 if seed == 0 else 1)
        half = len(met) // 2
        left += [rows[np.sort(met[half:])], rows[np.sort(met[:half])]]


def replan_districts(covering: Covering, best: Incumbent) -> None:
    """Better plans: in turn each district anew by the programme, the rest of the best plan being as it is."""
    until = perf_counter() + PLAN_SHARE * min(best.left_s, LONGEST_S)
    for sweep, most in enumerate(REPLANNED):
        for rows in districts(covering, most, sweep):
            if best.over or perf_counter() > until or best.plan is None:
                return
            near = np.zeros(covering.choice.m, bool)
            near[covering.covers()[rows].indices] = True
            plan = best.plan
            choice = covering.choice.settled(plan & ~near, ~plan & ~near & ~covering.choice.keep)
            if (choice.keep & choice.shut).any():  # the best plan has a site that no cheaper one has
                choice = replace(choice, keep=choice.keep & ~choice.shut)
            smaller = reduce_covering(replace(covering, choice=choice))
            if smaller is None:
                continue
            if smaller.choice.free.any():
                solve_core(smaller, best, cutoff_of(best), most_s=MOST_S, part=True)
            else:
                offer(smaller, smaller.choice.keep, best)


def bound_by_districts(covering: Covering, best: Incumbent) -> tuple[float, Floats]:
    """A cost that no plan undercuts, and the reduced costs (m,) that go with it.

    The rows are dealt out to districts k, and so is the cost of each site: Σ_k c^k_j + r_j = c_j. Whatever the shares,

        Σ_j c_j y_j = Σ_k Σ_j c^k_j y_j + Σ_j r_j y_j ≥ Σ_k opt_k + Σ_{j kept} r_j + Σ_{j free} min(0, r_j),

    where opt_k is the cheapest way to cover the rows of district k alone at the costs c^k, or the solver's bound
    on it. With the shares Σ_{i in k} u_i of the linear programme's prices u, opt_k is at least Σ_{i in k} u_i, so
    that the bound is at least the linear one: it is better by what whole sites cost more within the districts.
    Guignard & Kim (1987), Lagrangean decomposition.
    """
    price, free = _linear_prices(covering, best), covering.choice.free
    reduced = covering.cost - covering.covers().T @ price
    low = lagrangean(covering, price, reduced)
    for most in BOUNDED:
        share = PASS_SHARE * min(best.left_s, LONGEST_S)
        groups = sorted(districts(covering, most), key=len)
        higher, other = _bound(covering, price, groups, best, perf_counter() + share)
        if higher > low:
            low, reduced = higher, other
        if best.over or len(groups) <= 1 or 1 <= int(free.sum()) <= most:
            break
    return low, reduced


def _bound(
    covering: Covering, price: Floats, groups: list[Integers], best: Incumbent, until: float
) -> tuple[float, Floats]:
    """The bound of some districts, those done first that have fewest rows, and the reduced costs (m,)."""
    covers, free = covering.covers(), covering.choice.free
    none = np.zeros((0, len(free)))
    share = np.array([covers[rows].T @ price[rows] for rows in groups] or none)  # (k, m)
    touched = np.array([np.bincount(covers[rows].indices, minlength=len(free)) > 0 for rows in groups] or none)
    total = share.sum(axis=0)
    part = np.where(total > 0, share / np.where(total > 0, total, 1), touched / np.maximum(1, touched.sum(axis=0)))
    share += part * np.maximum(0, covering.cost - total)
    reduced = covering.cost - share.sum(axis=0)
    fixed = float(reduced[covering.choice.keep].sum() + np.minimum(0, reduced[free]).sum())
    lows = np.array([price[rows].sum() for rows in groups])
    for number, rows in enumerate(groups):
        seconds = (until - perf_counter()) / (len(groups) - number)
        if seconds <= 0 or best.over:
            break
        near = covers[rows]
        sites, local = np.unique(near.indices, return_inverse=True)
        programme = set_covering(
            near.indptr.astype(np.int64), local.astype(np.int64), share[number, sites], Choice.of(len(sites))
        )
        ending = solver.solve(programme, time_limit_s=seconds, gap=1e-4)
        lows[number] = max(lows[number], ending.bound - 1e-6)
        best.limit(-(float(lows.sum()) + fixed))
    return float(lows.sum()) + fixed, reduced


def _linear_prices(covering: Covering, best: Incumbent) -> Floats:
    """Prices u (n,) of the linear programme, or such as subgradient steps find where that takes too long."""
    free = covering.choice.free
    if not covering.n:
        return np.empty(0)
    answer = linprog(
        covering.cost[free],
        A_ub=-covering.covers()[:, free],
        b_ub=-np.ones(covering.n),
        bounds=(0, 1),
        method="highs",
        options={"time_limit": max(LINEAR_SHARE * min(best.left_s, LONGEST_S), 1e-3)},
    )
    if answer.status == 0:
        return np.asarray(np.maximum(0, -answer.ineqlin.marginals), float)
    known = -best.value if best.plan is not None else float(covering.cost.sum())
    return bound_by_prices(covering, known, ROUNDS, lambda: best.over)[1]
