"""Where sites must be so that those who have the longest ways have them as short as can be on average."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from planner.network import Floats
from planner.optimise.choice import EXACT, Choice, Incumbent
from planner.optimise.covering.centre import Ways
from planner.optimise.gains import Gains
from planner.optimise.problem import Problem

SHARE = 0.25  # of the time left, for one question about an interval
COARSE = 0.1  # of the gap, to which such a question is answered as long as its interval may be halved


def tail_mean(distance: Floats, weight: Floats, share: float) -> float:
    """The mean distance of the farthest `share` of the weight; a row that straddles it counts in part."""
    order = np.argsort(-distance, kind="stable")
    wanted = share * float(weight.sum())
    upto = np.minimum(np.cumsum(weight[order]), wanted)
    return float(np.diff(upto, prepend=0.0) @ distance[order]) / wanted


def gains_of_ways(weight: Floats, ways: Ways, m: int, cost: Callable[[Floats], Floats]) -> tuple[Gains, float]:
    """What sites save of a cost that grows with the distance, and that cost without any; `already` is finite."""
    today = cost(ways.already)
    worth = today[ways.row] - cost(ways.distance)
    helps = worth > 0
    indptr = np.concatenate([[0], np.cumsum(helps)])[ways.indptr].astype(np.int64)
    return Gains.of(weight, indptr, ways.site[helps], m, worth[helps]), float(weight @ today)


def shortest_tail(weight: Floats, ways: Ways, share: float, choice: Choice, best: Incumbent) -> bool:
    """The allowed plan under which the farthest `share` of the weight (n,) has the smallest mean distance.

    It goes into `best` as minus that. False where no plan is allowed.

        min over y and η of   η + 1/(β W) Σ_i w_i max(d_i(y) − η, 0)

    β is the share, W the whole weight, d_i(y) the distance of row i. For a given η that is a p-median of the metres
    beyond η. Each plan's value is convex in η and linear between distances that occur, so that for η in [a, b]
    it is at least the smaller of

        b + 1/(βW) Σ w_i max(d_i − b, 0)   and   a + 1/(βW) Σ w_i (max(d_i − b, 0) + (b − a) [d_i ≥ b]),

    and these are two such questions again. The second is exact where no distance lies between a and b, and but for
    the rows between them elsewhere: intervals are halved, the one of the lowest bound first, until that bound is
    the best plan's value, or the time is over.

    Ogryczak & Zawadzki (2002), Conditional median: a parametric solution concept for location problems.
    """
    return _Tail(weight, ways, share, choice, best).run()


@dataclass
class _Tail:
    """A search over η: intervals with a bound each."""

    weight: Floats
    ways: Ways
    share: float
    choice: Choice
    best: Incumbent
    at: dict[float, float] = field(default_factory=dict)  # bounds at single distances

    def run(self) -> bool:
        """Halve intervals, the one of the lowest bound first."""
        ways, best = self.ways, self.best
        levels = np.unique(np.concatenate([[0.0], ways.already, ways.distance]))
        if self.bound(0.0, 0.0, COARSE) == np.inf:
            return False
        heap: list[tuple[float, int, int, bool]] = []

        def push(least: float, a: int, b: int, slack: float) -> None:
            begin, end = float(levels[a]), float(levels[b])
            if slack == 0 or end not in self.at:
                self.at[end] = self.bound(end, end, slack)
            heappush(heap, (max(least, min(self.at[end], self.bound(begin, end, slack))), a, b, slack == 0))

        push(0.0, 0, len(levels) - 1, 1.0)
        while not best.over:
            low, a, b, exact = heap[0]
            best.limit(-low)
            if best.closed or exact:
                break
            heappop(heap)
            if b - a <= 1:
                push(low, a, b, 0.0)
                continue
            between = self.split(levels, a, b)
            push(low, a, between, COARSE)
            push(low, between, b, COARSE)
        best.limit(-min(heap)[0])
        return True

    def split(self, levels: Floats, a: int, b: int) -> int:
        """The distance that the farthest share of the best plan begins with if it lies between, else the middle."""
        if self.best.plan is None:
            return (a + b) // 2
        far = self.ways.farthest(self.best.plan)
        order = np.argsort(-far, kind="stable")
        first = int(np.searchsorted(np.cumsum(self.weight[order]), self.share * self.weight.sum() * (1 - EXACT)))
        begins = int(np.searchsorted(levels, far[order[min(first, len(order) - 1)]]))
        return begins if a < begins < b else (a + b) // 2

    def bound(self, a: float, b: float, slack: float) -> float:
        """What no plan is below at η = a, counting those at b or beyond alone; infinite where no plan is allowed.

        Answered to a part of the gap that the whole search has left.
        """
        from planner.optimise.engine import maximise  # noqa: PLC0415  (PuLP takes half a second to load)

        def cost(distance: Floats) -> Floats:
            return np.maximum(distance - b, 0.0) + np.where(distance >= b, b - a, 0.0)

        gains, today = gains_of_ways(self.weight, self.ways, self.choice.m, cost)
        whole = self.share * float(self.weight.sum())
        until = today - (-self.best.value - a) * whole if self.best.plan is not None else -np.inf
        inner = _Until(max(self.best.left_s * SHARE, 1e-3), enough=until)
        if np.isfinite(self.best.bound) and self.best.plan is not None:
            inner.near = slack * (self.best.bound - self.best.value) * whole
        if not maximise(Problem.most(gains, self.choice), inner):
            return np.inf
        self.best.solvers += inner.solvers
        if inner.plan is not None:
            self.best.offer(inner.plan, -tail_mean(self.ways.farthest(inner.plan), self.weight, self.share))
        return a + max(today - inner.bound, 0.0) / whole


@dataclass
class _Until(Incumbent):
    """A search that ends once no plan is worth more than this, or the best one is near."""

    enough: float = -np.inf
    near: float = 0.0  # to the best, and that is enough too

    @property
    def closed(self) -> bool:
        """Whether that is known."""
        return self.bound <= max(self.enough, self.value + self.near) or super().closed
