"""A bound above the linear one: each region of the city decided exactly, and the sites that regions share priced.

The rows are dealt out to regions k, and so is the price of each free site: its cost, its prices under the limits, and
λ for the count of at most p. With q_j that price, v_j what is left of the site's value, and any shares c^k_j ≥ 0
that add up to q_j, less what v_j exceeds λ,

    value of any plan ≤ Σ_k opt_k + λ p + Σ_j (v_j − λ)⁺ + what limits, floors and kept sites add (see `prices`),
    opt_k = max_y Σ_{i ∈ k} scale_i g_i(y) − Σ_j c^k_j y_j.

At the shares Σ_{i ∈ k} (scale_i g_ij − κ_i)⁺ of the prices κ, opt_k is at most Σ_{i ∈ k} κ_i, so the bound is never
worse than that of the prices; it is better by what whole sites bring less than fractions within the regions. Only
at the borders sites may still be open for one region and shut for another. A region's shares are the sums of its
parts', so it gains at most what they gain together: what smaller regions prove stays where a larger one takes too long.

Guignard & Kim (1987), Lagrangean decomposition: a model yielding stronger Lagrangean bounds.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise import search
from planner.optimise.choice import Choice, Incumbent
from planner.optimise.cuts import branch_and_cut
from planner.optimise.gains import Gains
from planner.optimise.outward import outward
from planner.optimise.prices import Prices, Pricing
from planner.optimise.problem import Problem

log = logging.getLogger(__name__)

REPLANNED = (10, 7, 12, 8, 14, 9)  # sites of the plan in a region planned anew, sweep by sweep
MOST_S = 5.0  # for each
LEAST = 8  # sites that the linear programme opens in the smallest regions
NEAR = 30  # of a row's best sites, which say what lies beside it
PASS_SHARE = 0.5  # of the time left, for the regions of each height
GAP = 1e-4  # at which a region is decided well enough
STEPS, PATIENCE, STEP = 100, 10, 0.3  # of prices in a region


@dataclass
class Region:
    """Rows that lie close together, perhaps in two parts, and the most that they can gain as far as is known."""

    rows: Integers  # ascending
    parts: tuple["Region", ...] = ()
    most: float = np.inf

    @property
    def height(self) -> int:
        """How often it is parted."""
        return 1 + max((part.height for part in self.parts), default=-1)

    def all(self) -> Iterator["Region"]:
        """It and the regions within it."""
        yield self
        for part in self.parts:
            yield from part.all()

    def known(self) -> float:
        """A bound of what it gains: its own, or those of its parts, which share what it pays."""
        return min(self.most, sum(part.known() for part in self.parts)) if self.parts else self.most


def bound_by_regions(
    pricing: Pricing, prices: Prices, opened: Floats, incumbent: Incumbent, constant: float
) -> Iterator[Flags]:
    """Tell the incumbent better bounds, of smaller and then of larger regions, until the time or the city ends.

    `prices` are the best known, and `opened` (m,) the fractions of the sites that the linear programme opens with
    them; `constant` is what values of the pricing's problem fall short of the incumbent's. Gives, for regions of each
    size, the sites (m,) that they would open: among them the best plan is worth looking for.
    """
    gains = pricing.problem.gains
    city = parted(gains, np.arange(len(gains.weight)), _load(gains, prices, opened), LEAST)
    deal = _Deal(pricing, prices)
    for region in city.all():
        region.most = float(prices.row[region.rows].sum())
    for height in range(city.height):
        wanted = np.zeros(gains.m, bool)
        until = perf_counter() + PASS_SHARE * incumbent.left_s
        same = sorted((region for region in city.all() if region.height == height), key=lambda x: len(x.rows))
        for number, region in enumerate(same):
            seconds = (until - perf_counter()) / (len(same) - number)
            if incumbent.over or seconds <= 0:
                break
            most, sites = deal.decided(region.rows, incumbent.plan, seconds)
            region.most, wanted[sites] = min(region.most, most), True
            incumbent.limit(city.known() + deal.beside + constant)
        log.info("%d regions of height %d; %s", len(same), height, incumbent)
        yield wanted


def replan_regions(
    pricing: Pricing, prices: Prices, problem: Problem, incumbent: Incumbent, constant: float, until: float
) -> None:
    """Better plans: in turn each region planned anew by the tree, the rest of the best plan being as it is.

    In sweeps with other borders, until the clock stands at `until`.
    """
    core, scale = pricing.problem, pricing.scale(prices.floor)
    gains = core.gains
    serves = scale[gains.part[gains.row]] * gains.gain >= prices.row[gains.row] * (1 - 1e-9)
    for most in REPLANNED:
        if incumbent.plan is None:
            return
        load = _load(gains, prices, (incumbent.plan & core.choice.free).astype(np.float64))
        city = parted(gains, np.arange(len(gains.weight)), load, most)
        for region in [each for each in city.all() if not each.parts]:
            left_s = min(until - perf_counter(), incumbent.left_s)
            if incumbent.over or left_s <= 0:
                return
            inside = np.zeros(len(gains.weight), bool)
            inside[region.rows] = True
            near = np.bincount(gains.site[serves & inside[gains.row]], minlength=core.m) > 0
            away, plan = core.choice.free & ~near, incumbent.plan
            small, more, price = core.settled(plan & away, ~plan & away, prices.row, scale)
            found = Incumbent(min(left_s, MOST_S), incumbent.gap, incumbent.whole)
            found.offer(plan, incumbent.value)
            _decide(small, price, constant + more, problem, found)
            if found.plan is not None and found.value > incumbent.value:
                incumbent.offer(found.plan, found.value)
        log.info("regions planned anew; %s", incumbent)


def parted(gains: Gains, rows: Integers, load: Floats, least: float) -> Region:
    """The region of some rows, parted in two again and again, until the `load` (n,) of a part is no more than `least`.

    From a row at one end the nearer part and the farther, each with as much of the load as it has regions within.
    """
    weight = load[rows]
    count = int(np.ceil(weight.sum() / least - 1e-9))
    if count <= 1 or len(rows) <= 1:
        return Region(rows)
    size = np.minimum(np.diff(gains.indptr)[rows], NEAR)
    start = np.concatenate([[0], np.cumsum(size)])
    entry = np.repeat(gains.indptr[rows] - start[:-1], size) + np.arange(start[-1])
    met = outward(csr_array((np.ones(len(entry)), gains.site[entry], start), shape=(len(rows), gains.m)))
    cut = int(np.searchsorted(np.cumsum(weight[met]), weight.sum() * (count // 2) / count))
    cut = min(max(cut, 1), len(rows) - 1)
    parts = (np.sort(rows[met[:cut]]), np.sort(rows[met[cut:]]))
    return Region(rows, tuple(parted(gains, part, load, least) for part in parts))


def _load(gains: Gains, prices: Prices, opened: Floats) -> Floats:
    """(n,) the open fractions of sites, each spread over the rows that it serves at their price."""
    serves = (opened[gains.site] > 0) & (gains.gain >= prices.row[gains.row] * (1 - 1e-9))
    count = np.bincount(gains.site[serves], minlength=gains.m)
    each = opened / np.maximum(count, 1)
    return np.bincount(gains.row[serves], weights=each[gains.site[serves]], minlength=len(gains.weight)).astype(
        np.float64
    )


class _Deal:
    """How the price of each free site is dealt out: to each row as far as it uses the site, and the rest likewise."""

    def __init__(self, pricing: Pricing, prices: Prices) -> None:
        self.prices, self.problem = prices, pricing.problem
        problem, gains, free = self.problem, self.problem.gains, self.problem.choice.free
        count = pricing.count - int(problem.choice.keep.sum())
        ranked = np.sort(np.maximum(prices.value[free], 0))[::-1]
        usual = float(ranked[count - 1]) if 0 < count <= len(ranked) else 0.0  # λ
        self.scale = pricing.scale(prices.floor)
        used = np.maximum(self.scale[gains.part[gains.row]] * gains.gain - prices.row[gains.row], 0)
        total = np.bincount(gains.site, weights=used, minlength=gains.m)
        among = np.maximum(np.bincount(gains.site, minlength=gains.m), 1)
        spare = np.maximum(usual - prices.value, 0)
        idle = np.where(total > 0, 0, spare / among)
        self.paid = used * (1 + np.where(total > 0, spare / np.where(total > 0, total, 1), 0))[gains.site]
        self.paid += idle[gains.site]  # (entries,)  the share of the row in the price of the site
        end = np.where(prices.limit > 0, pricing.most, np.where(prices.limit < 0, pricing.least, 0.0))
        terms = [
            usual * max(count, 0),
            float(np.maximum(prices.value[free] - usual, 0).sum()),
            float(prices.value[problem.choice.keep].sum()),
            float((prices.limit * end).sum()),
            -float(prices.floor @ problem.floor),
        ]
        self.beside = sum(terms) + 1e-9 * sum(map(abs, terms))  # what the bound holds beside the regions

    def decided(self, rows: Integers, plan: Flags | None, seconds: float) -> tuple[float, Integers]:
        """The most that some rows gain beyond their shares of sites, or a bound on it after so many seconds.

        And the sites that they open for it. A plan (m,) of the city is where the search begins.
        """
        whole = self.problem.gains
        rows = rows[self.scale[whole.part[rows]] > 0]
        size = np.diff(whole.indptr)[rows]
        entry = np.repeat(whole.indptr[rows] - np.cumsum(size) + size, size) + np.arange(size.sum())
        sites = np.unique(whole.site[entry])
        price = np.bincount(whole.site[entry], weights=self.paid[entry], minlength=whole.m)[sites]
        nothing = np.zeros(len(sites), bool)
        gains = whole.among(rows, sites, self.scale)
        region = Problem(gains, Choice(nothing, nothing), price, np.ones(1), speaks=np.empty((0, 1)))
        found = Incumbent(seconds, GAP)
        for start in [nothing] if plan is None else [nothing, plan[sites]]:
            better = search.improved(region, start)
            found.offer(better, region.value(better))
        _decide(region, self.prices.row[rows], 0.0, region, found)
        return found.bound, sites[found.plan]


def _decide(core: Problem, row: Floats, constant: float, problem: Problem, found: Incumbent) -> None:
    """Better plans and bounds for a small core, from prices (n,) of its rows; see `branch_and_cut`."""
    pricing, known = Pricing(core), found.better - constant
    start = pricing.judged(row, np.zeros(len(pricing.most)), np.zeros(len(core.floor)), core.choice)
    prices = pricing.lowered(start, core.choice, known, steps=STEPS, patience=PATIENCE, step=STEP)
    found.limit(prices.bound + constant)
    settled = pricing.settles(prices, core.choice, known)
    small, more, row = core.settled(*settled, prices.row, pricing.scale(prices.floor))
    branch_and_cut(small, row, constant + more, problem, found)
