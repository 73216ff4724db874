"""A bound above the linear one: each region of the city decided exactly, and the sites that regions share priced.

The rows are dealt out to regions k, and so is the price of each free site: its cost, its prices under the limits, and
λ for the count of at most p. With q_j that price, v_j what is left of the site's value, and any shares c^k_j ≥ 0
that add up to q_j, less what v_j exceeds λ,

    value of any plan ≤ Σ_k opt_k + λ p + Σ_j (v_j − λ)⁺ + what limits, floors and kept sites add (see `prices`),
    opt_k = max_y Σ_{i ∈ k} scale_i g_i(y) − Σ_j c^k_j y_j.

At the shares Σ_{i ∈ k} (scale_i g_ij − κ_i)⁺ of the prices κ, opt_k is at most Σ_{i ∈ k} κ_i, so the bound is never
worse than that of the prices; it is better by what whole sites bring less than fractions within the regions. Only
at the borders sites may still be open for one region and shut for another.

Guignard & Kim (1987), Lagrangean decomposition: a model yielding stronger Lagrangean bounds.
"""

import logging
from time import perf_counter

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import breadth_first_order

from planner.network import Floats, Integers
from planner.optimise import search
from planner.optimise.choice import Choice, Incumbent
from planner.optimise.cuts import branch_and_cut
from planner.optimise.gains import Gains
from planner.optimise.prices import Prices, Pricing
from planner.optimise.problem import Problem

log = logging.getLogger(__name__)

SITES = (8, 16, 32, 64)  # that the linear programme opens in a region, pass by pass
NEAR = 30  # of a row's best sites, which say what lies beside it
PASS_SHARE = 0.4  # of the time left, for each pass
GAP = 1e-4  # at which a region is decided well enough
STEPS, PATIENCE, STEP = 100, 10, 0.3  # of prices in a region


def bound_by_regions(pricing: Pricing, prices: Prices, opened: Floats, incumbent: Incumbent, constant: float) -> None:
    """Tell the incumbent better bounds, in passes over larger and larger regions, until the time or the city ends.

    `prices` are the best known, and `opened` (m,) the fractions of the sites that the linear programme opens with
    them; `constant` is what values of the pricing's problem fall short of the incumbent's.
    """
    gains = pricing.problem.gains
    load = _load(gains, prices, opened)
    for most in SITES:
        groups = sorted(regions(gains, load, most), key=len)
        if len(groups) <= 1:
            return
        shares, fixed = _shares(pricing, prices, groups)
        lows = np.array([prices.row[rows].sum() for rows in groups])
        until = perf_counter() + PASS_SHARE * incumbent.left_s
        for number, (rows, share) in enumerate(zip(groups, shares, strict=True)):
            seconds = (until - perf_counter()) / (len(groups) - number)
            if incumbent.over or seconds <= 0:
                return
            lows[number] = min(lows[number], _decided(pricing, prices, rows, share, seconds))
            incumbent.limit(float(lows.sum()) + fixed + constant)
        log.info("%d regions; %s", len(groups), incumbent)


def regions(gains: Gains, load: Floats, most: float) -> list[Integers]:
    """The rows in groups that lie close together, the `load` (n,) of each no more than that, unless it is one row.

    Cut in two again and again: from a row at one end, the nearer part and the farther.
    """
    size = np.minimum(np.diff(gains.indptr), NEAR)
    start = np.concatenate([[0], np.cumsum(size)])
    entry = np.repeat(gains.indptr[:-1] - start[:-1], size) + np.arange(start[-1])
    beside = csr_array((np.ones(len(entry)), gains.site[entry], start), shape=(len(size), gains.m))
    left, found = [np.arange(len(size))], []
    while left:
        rows = left.pop()
        weight = load[rows]
        parts = int(np.ceil(weight.sum() / most - 1e-9))
        if parts <= 1 or len(rows) <= 1:
            found.append(rows)
            continue
        near = beside[rows]
        near = near[:, np.unique(near.indices)]
        met = _outward(near)
        cut = int(np.searchsorted(np.cumsum(weight[met]), weight.sum() * (parts // 2) / parts))
        cut = min(max(cut, 1), len(rows) - 1)
        left += [rows[np.sort(met[cut:])], rows[np.sort(met[:cut])]]
    return found


def _outward(near: csr_array) -> Integers:
    """The rows of a matrix (n, sites) as a walk from one end meets them; those it never meets last."""
    n, start = near.shape[0], 0
    joined = block_array([[None, near], [near.T, None]]).tocsr()
    for _ in range(2):  # the last one met is at an end
        steps = breadth_first_order(joined, start, directed=False, return_predecessors=False)
        start = int(steps[-1])
    met = steps[steps < n]
    return np.concatenate([met, np.setdiff1d(np.arange(n), met)])


def _load(gains: Gains, prices: Prices, opened: Floats) -> Floats:
    """(n,) the open fractions of sites, each spread over the rows that it serves at their price."""
    row = np.repeat(np.arange(len(gains.weight)), np.diff(gains.indptr))
    serves = (opened[gains.site] > 0) & (gains.gain >= prices.row[row] * (1 - 1e-9))
    count = np.bincount(gains.site[serves], minlength=gains.m)
    each = opened / np.maximum(count, 1)
    return np.bincount(row[serves], weights=each[gains.site[serves]], minlength=len(gains.weight)).astype(np.float64)


def _shares(pricing: Pricing, prices: Prices, groups: list[Integers]) -> tuple[Floats, float]:
    """(k, m) the price of each free site in each region, and what the bound holds beside the regions."""
    problem, gains, free = pricing.problem, pricing.problem.gains, pricing.problem.choice.free
    count = pricing.count - int(problem.choice.keep.sum())
    ranked = np.sort(np.maximum(prices.value[free], 0))[::-1]
    usual = float(ranked[count - 1]) if 0 < count <= len(ranked) else 0.0  # λ
    scale = pricing.scale(prices.floor)
    label = np.empty(len(gains.weight), np.int64)
    for number, rows in enumerate(groups):
        label[rows] = number
    row = np.repeat(np.arange(len(label)), np.diff(gains.indptr))
    at = label[row] * gains.m + gains.site
    beyond = np.maximum(scale[gains.part[row]] * gains.gain - prices.row[row], 0)
    shape = (len(groups), gains.m)
    share = np.bincount(at, weights=beyond, minlength=shape[0] * shape[1]).reshape(shape)
    touched = (np.bincount(at, minlength=shape[0] * shape[1]) > 0).reshape(shape)
    total = share.sum(axis=0)
    part = np.where(total > 0, share / np.where(total > 0, total, 1), touched / np.maximum(touched.sum(axis=0), 1))
    share += part * np.maximum(usual - prices.value, 0)
    end = np.where(prices.limit > 0, pricing.most, np.where(prices.limit < 0, pricing.least, 0.0))
    terms = [
        usual * max(count, 0),
        float(np.maximum(prices.value[free] - usual, 0).sum()),
        float(prices.value[problem.choice.keep].sum()),
        float((prices.limit * end).sum()),
        -float(prices.floor @ problem.floor),
    ]
    return np.where(touched, share, np.inf), sum(terms) + 1e-9 * sum(map(abs, terms))


def _decided(pricing: Pricing, prices: Prices, rows: Integers, share: Floats, seconds: float) -> float:
    """The most that a region's rows gain beyond its sites' shares (m,), or a bound on it after so many seconds."""
    whole, scale = pricing.problem, pricing.scale(prices.floor)
    rows = rows[scale[whole.gains.part[rows]] > 0]
    sites = np.flatnonzero(whole.choice.free & np.isfinite(share))
    gains = whole.gains.among(rows, sites, scale)
    nothing = np.zeros(len(sites), bool)
    region = Problem(gains, Choice(nothing, nothing), share[sites], np.ones(1), speaks=np.empty((0, 1)))
    found = Incumbent(seconds, GAP)
    plan = search.improved(region, nothing)
    found.offer(plan, region.value(plan))
    own = Pricing(region)
    here = own.judged(prices.row[rows], np.empty(0), np.empty(0), region.choice)
    here = own.lowered(here, region.choice, found.better, steps=STEPS, patience=PATIENCE, step=STEP)
    found.limit(here.bound)
    core, constant, row = region.settled(*own.settles(here, region.choice, found.better), here.row)
    branch_and_cut(core, row, constant, region, found)
    return found.bound
