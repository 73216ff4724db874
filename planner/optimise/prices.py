"""Bounds: prices on rows and limits, under which every site can be judged by itself.

Let each row i be paid for at most once, at a price κ_i ≥ 0: then

    g_i(y) ≤ κ_i + Σ_j y_j (g_ij − κ_i)⁺          for every plan y and every κ_i,

because the best open site brings at most κ_i and what it brings beyond. This is the Benders cut of the row, and
every κ gives one. Adding a price π_k for each limit (π ≥ 0 for its most, π ≤ 0 for its least) and μ_k ≥ 0 for
each floor f, and judging a site by

    v_j = Σ_i ((ω_i + Σ_{f speaks of i} μ_f) g_ij − κ_i)⁺ − c_j − Σ_k π_k a_kj

no plan of at most p sites is worth more than

    L(κ, π, μ) = Σ_i κ_i + Σ_k (π_k⁺ most_k − π_k⁻ least_k) − Σ_f μ_f floor_f + the p largest positive v_j.

The smallest L is the bound of the linear programme. Any L is a bound, so nothing here rests on a tolerance of a
solver. Prices are found by deflected subgradient steps.

Cornuéjols, Fisher & Nemhauser (1977), Location of bank accounts to optimize float; Galvão & ReVelle (1996), A
Lagrangean heuristic for the maximal covering location problem; Cordeau, Furini & Ljubić (2019), Benders
decomposition for very large scale partial set covering and maximal covering location problems.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from planner.network import Flags, Floats
from planner.optimise.choice import EXACT, Choice, count_of
from planner.optimise.problem import Problem

FADE = 0.85  # of the last direction that stays in the next
WORTHWHILE = 1e-3  # share of the way to what is known by which a bound must fall to count as better
SMALLEST_STEP = 1e-4
MEMORY = 0.05  # weight of the latest step in how often a site was counted
HEARD = 5  # times that steps tell how far they have come
ROUNDING = 1e-12  # of the sums that a bound adds up


@dataclass(frozen=True)
class Prices:
    """Prices, and what they prove."""

    row: Floats  # (n,)  κ
    limit: Floats  # (k,)  π, in the order of `Pricing.amount`
    floor: Floats  # (f,)  μ
    value: Floats  # (m,)  v
    opened: Flags  # (m,)  the sites that L counts
    bound: float  # L
    chosen: Floats  # (m,)  how often the last steps counted each site: near a plan of the linear programme


class Pricing:
    """A problem made ready for prices: its largest count apart from its other limits."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.count, others = count_of(problem.choice)
        self.amount, self.least, self.most = Choice(problem.choice.keep, problem.choice.shut, others).matrix
        gains = problem.gains
        self.highest = gains.gain[gains.indptr[:-1]]  # (n,)

    def start(self, plan: Flags) -> Prices:
        """Prices to begin with: half of what each row can gain, and of a floor what a plan (m,) pays for it."""
        problem = self.problem
        floor = np.zeros(len(problem.floor))
        if not problem.counted.any() and (asks := problem.floor > EXACT).any():
            paid = max(float(problem.cost[plan].sum()), float(problem.cost.max(initial=0)), 1e-9)
            floor[asks] = paid / float(problem.floor[asks].sum())
        row = 0.5 * self.highest * self.scale(floor)[problem.gains.part]
        return self.judged(row, np.zeros(len(self.most)), floor, problem.choice)

    def scale(self, floor: Floats) -> Floats:
        """(parts,) how much a gain of each part is worth at these prices of the floors: ω + Σ μ."""
        return self.problem.counted + floor @ self.problem.speaks

    def judged(self, row: Floats, limit: Floats, floor: Floats, choice: Choice) -> Prices:
        """The bound that some prices give."""
        from planner.optimise._kernels import site_values  # noqa: PLC0415

        problem, gains = self.problem, self.problem.gains
        value = site_values(gains.indptr, gains.site, gains.gain, gains.part, self.scale(floor), row, gains.m)
        value = value - problem.cost - limit @ self.amount
        opened = choice.keep | _highest(value, choice.free, self.count - int(choice.keep.sum()))
        end = np.where(limit > 0, self.most, np.where(limit < 0, self.least, 0.0))
        terms = (
            float(row.sum()),
            float((limit * end).sum()),
            -float(floor @ problem.floor),
            float(value[opened].sum()),
        )
        bound = sum(terms) + ROUNDING * sum(map(abs, terms))
        return Prices(row, limit, floor, value, opened, bound, opened.astype(np.float64))

    def lowered(
        self,
        prices: Prices,
        choice: Choice,
        known: float,
        *,
        steps: int,
        patience: int,
        step: float = 1.0,
        until: float = np.inf,
        hear: Callable[[Prices], None] | None = None,
    ) -> Prices:
        """Better prices, by at most so many subgradient steps; `known` is what a better plan must be worth.

        The last step is begun before the clock stands at `until`; `hear` is told a few times how far it has come.

        Each step goes along what the counted sites break, with a fading part of the steps before, as far as the
        distance from the bound to `known` suggests; it is halved after `patience` steps without a better bound.
        """
        from planner.optimise._kernels import slopes  # noqa: PLC0415

        gains = self.problem.gains
        at = best = prices
        chosen, idle = prices.chosen, 0
        row_scale = self.highest * self.scale(prices.floor)[gains.part]
        limit_scale, floor_scale = self._scales(prices)
        slope, way = np.empty(len(prices.row)), np.zeros(len(prices.row))
        limit_way, floor_way = np.zeros(len(prices.limit)), np.zeros(len(prices.floor))
        for number in range(steps):
            if hear is not None and (number + 1) % max(steps // HEARD, 1) == 0:
                hear(replace(at, chosen=chosen))
            if best.bound <= known or step < SMALLEST_STEP or perf_counter() > until:
                break
            scale = self.scale(at.floor)
            taken = slopes(gains.indptr, gains.site, gains.gain, gains.part, scale, at.row, at.opened, slope)
            highest = self.highest * scale[gains.part]
            slope[((at.row <= 0) & (slope > 0)) | ((at.row >= highest) & (slope < 0))] = 0
            way = slope + FADE * way
            limit_way = self._limit_slope(at) + FADE * limit_way
            floor_way = self._floor_slope(at, taken) + FADE * floor_way
            size = float(row_scale @ way**2) + float(limit_scale @ limit_way**2) + float(floor_scale @ floor_way**2)
            if not size > 0:
                break
            far = step * (at.bound - known) / size
            floor = np.maximum(at.floor - far * floor_scale * floor_way, 0)
            row = np.clip(at.row - far * row_scale * way, 0, self.highest * self.scale(floor)[gains.part])
            at = self.judged(row, self._signed(at.limit - far * limit_scale * limit_way), floor, choice)
            chosen = chosen + MEMORY * (at.opened - chosen)
            idle = 0 if at.bound < best.bound - WORTHWHILE * (best.bound - known) else idle + 1
            if at.bound < best.bound:
                best = at
            if idle >= patience:
                at, idle, step = best, 0, step / 2
                way, limit_way, floor_way = 0 * way, 0 * limit_way, 0 * floor_way
        return replace(best, chosen=chosen)

    def settles(self, prices: Prices, choice: Choice, known: float) -> tuple[Flags, Flags]:
        """The sites (m,) in every plan better than `known`, and those in none.

        A plan with a site j that L does not count is worth at most L + v_j, less the lowest value counted
        where the count is used up; one without a counted site at most L − v_j, and the next value instead.
        """
        value, high, free = prices.value, prices.opened, choice.free
        full = int(high.sum()) >= self.count
        lowest = max(float(value[high & free].min(initial=np.inf)), 0.0) if full else 0.0
        following = max(float(value[free & ~high].max(initial=0.0)), 0.0)
        if not np.isfinite(lowest):
            lowest = 0.0
            never = free & full
        else:
            never = free & ~high & (prices.bound - lowest + value < known)
        always = free & high & (prices.bound - value + (following if full else 0.0) < known)
        return always, never

    def _limit_slope(self, prices: Prices) -> Floats:
        """(k,) what the counted sites leave of each limit."""
        used = self.amount @ prices.opened.astype(np.float64)
        over, under = self.most - used, self.least - used
        unpriced = np.where(over < 0, over, np.where(under > 0, under, 0.0))
        return np.where(prices.limit > 0, over, np.where(prices.limit < 0, under, unpriced))

    def _floor_slope(self, prices: Prices, taken: Floats) -> Floats:
        """(f,) what the counted sites bring beyond each floor, from the gains (parts,) that they take."""
        beyond = self.problem.speaks @ taken - self.problem.floor
        return np.where((prices.floor <= 0) & (beyond > 0), 0.0, beyond)

    def _signed(self, limit: Floats) -> Floats:
        """Prices that a limit can have: none above 0 without a most, none below 0 without a least."""
        no_least, no_most = ~np.isfinite(self.least), ~np.isfinite(self.most)
        return np.clip(limit, np.where(no_least, 0, -np.inf), np.where(no_most, 0, np.inf))

    def _scales(self, prices: Prices) -> tuple[Floats, Floats]:
        """How long steps are: for a limit as long as makes a usual site change sides, for a floor its price."""
        highest = np.sort(np.abs(prices.value))[::-1][: max(self.count, 1)]
        usual = max(float(highest.mean()) if len(highest) else 1.0, 1e-9)
        each = self.amount.power(2).sum(axis=1) / np.maximum(self.amount.astype(bool).sum(axis=1), 1)
        least = 0.1 if self.problem.counted.any() else 1e-9
        asked = np.maximum(np.abs(self.problem.floor), 1e-9)
        return usual / np.maximum(each, 1e-300), np.maximum(prices.floor, least) / asked


def _highest(value: Floats, free: Flags, places: int) -> Flags:
    """(m,) the free sites of the highest positive values, as many as there are places; of equals the first."""
    ranked = np.flatnonzero(free & (value > 0))
    high = np.zeros(len(value), bool)
    high[ranked[np.argsort(-value[ranked], kind="stable")][: max(places, 0)]] = True
    return high
