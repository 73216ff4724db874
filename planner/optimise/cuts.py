"""Benders: a linear programme of the sites alone, to which cuts teach what each district gains; and a tree on it.

The rows are sorted into districts d; a column θ_d stands for what the rows of a district gain together. For every
prices κ ≥ 0 the gain of any plan y obeys

    θ_d ≤ Σ_{i ∈ d} κ_i + Σ_j y_j Σ_{i ∈ d} (g_ij − κ_i)⁺

(see `prices`), and at fractions y* no cut is tighter than that of the critical gains: κ_i is the gain at which the
open fractions, the best first, add up to one site. One pass over the rows finds it.

Cordeau, Furini & Ljubić (2019), Benders decomposition for very large scale partial set covering and maximal covering
location problems; Durán-Mateluna, Alès & Elloumi (2023), An efficient Benders decomposition for the p-median problem.
"""

import heapq
import itertools
import logging
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from planner.network import Flags, Floats, Integers
from planner.optimise import search
from planner.optimise.choice import Incumbent, count_of
from planner.optimise.problem import Problem
from planner.optimise.solver import LinearProgramme

log = logging.getLogger(__name__)

DISTRICTS = 120
ROUNDS_ROOT, ROUNDS = 60, 4  # of cuts, at the root and at the other nodes
SLOW = 1e-3  # share of what is left to gain by which a round must lower the bound to be followed by another
VIOLATED = 1e-7  # share of a district's gain by which a cut must cut
FRACTION = 1e-6  # a site further than this from shut and open is neither
GLANCES = 8  # fractions tried before a branch
RELIABLE = 2  # tries after which a site's effect is believed
TINY = 1e-6
SEARCHED = 20  # nodes at which a plan is sought: the first so many, and every so many
TOLD = 50  # nodes between two lines of the log


class Master:
    """The linear programme of a core: free sites, what each district gains, limits, floors, and cuts."""

    def __init__(self, core: Problem, price: Floats) -> None:
        self.core, gains = core, core.gains
        self.sites = np.flatnonzero(core.choice.free)
        self.district, count = districts(core)
        part = np.zeros(count, np.int64)
        part[self.district] = gains.part
        highest = gains.gain[gains.indptr[:-1]] if len(gains.weight) else np.empty(0)
        self.most = np.bincount(self.district, weights=highest, minlength=count)
        amount, least, most = core.choice.matrix
        used = amount @ core.choice.keep.astype(np.float64)
        rows = vstack(
            [
                csr_array(np.hstack([amount[:, self.sites].toarray(), np.zeros((len(most), count))])),
                csr_array(np.hstack([np.zeros((len(core.floor), len(self.sites))), core.speaks[:, part]])),
            ]
        )
        self.fixed = -float(core.cost[core.choice.keep].sum())
        self.rows_of = np.split(np.argsort(self.district, kind="stable"), np.cumsum(np.bincount(self.district))[:-1])
        self.taught: list[tuple[int, Floats]] | None = []  # the district and the prices of each cut, while at the root
        self.programme = LinearProgramme(
            objective=np.concatenate([-core.cost[self.sites], core.counted[part]]),
            lower=np.zeros(len(self.sites) + count),
            upper=np.concatenate([np.ones(len(self.sites)), self.most]),
            rows=rows,
            least=np.concatenate([least - used, core.firm_floor]),
            most=np.concatenate([most - used, np.full(len(core.floor), np.inf)]),
        )
        self.add(price, np.ones(count, bool))

    def add(self, price: Floats, wanted: Flags) -> None:
        """The cuts of some districts at these prices (n,)."""
        from planner.optimise._kernels import cut_values  # noqa: PLC0415

        gains = self.core.gains
        number = np.where(wanted, np.cumsum(wanted) - 1, -1)
        base = np.bincount(self.district, weights=price, minlength=len(self.most))[wanted].astype(np.float64)
        rows = (gains.indptr, gains.site, gains.gain, self.district)
        value = cut_values(*rows, price, number, len(base), gains.m)[:, self.sites]
        theta = csr_array(
            (np.ones(len(base)), (np.arange(len(base)), np.flatnonzero(wanted))), (len(base), len(self.most))
        )
        self.programme.add(hstack([csr_array(-value), theta]).tocsr(), np.full(len(base), -np.inf), base)
        if self.taught is not None:
            self.taught += [(int(d), price[self.rows_of[d]]) for d in np.flatnonzero(wanted)]

    def separate(self, opened: Floats, claimed: Floats) -> int:
        """Add the cuts that these fractions of the free sites break, given what districts claim; how many."""
        from planner.optimise._kernels import critical_prices  # noqa: PLC0415

        gains = self.core.gains
        everywhere = np.zeros(gains.m)
        everywhere[self.sites] = opened
        price, reached = np.empty(len(gains.weight)), np.empty(len(gains.weight))
        critical_prices(gains.indptr, gains.site, gains.gain, everywhere, price, reached)
        real = np.bincount(self.district, weights=reached, minlength=len(self.most))
        wanted = claimed - real > VIOLATED * np.maximum(1.0, self.most)
        if wanted.any():
            self.add(price, wanted)
        return int(wanted.sum())

    def prices(self) -> tuple[Floats, Floats, Floats]:
        """The duals at the root as prices of rows (n,), of limits without the count, and of floors, for `Pricing`.

        A row's price is that of its district's cuts, each as far as its dual goes, and the highest gain for the rest
        of what a gain counts. The bound that they give is at most that of the programme: (g − κ)⁺ is convex in κ.
        """
        core, dual = self.core, self.programme.dual
        limits, others = core.choice.limits, count_of(core.choice)[1]
        apart = np.array([any(limit is other for other in others) for limit in limits], bool)
        floor = np.maximum(-dual[len(limits) : self.programme.kept], 0)
        scale = core.counted + floor @ core.speaks
        price, total = np.zeros(len(core.gains.weight)), np.zeros(len(self.rows_of))
        weights = np.maximum(dual[self.programme.kept :], 0)  # of all cuts but those added since the last solution
        for (district, taught), weight in zip(self.taught or [], weights, strict=False):
            price[self.rows_of[district]] += weight * taught
            total[district] += weight
        asked, given = scale[core.gains.part], total[self.district]
        highest = core.gains.gain[core.gains.indptr[:-1]]
        price *= np.minimum(1, asked / np.maximum(given, TINY))
        return price + np.maximum(asked - given, 0) * highest, dual[: len(limits)][apart], floor


@dataclass(frozen=True)
class Node:
    """Some sites settled, and what no plan among those that remain is worth more than."""

    bound: float
    lower: Floats  # (free,)
    upper: Floats  # (free,)
    depth: int


def branch_and_cut(core: Problem, price: Floats, constant: float, problem: Problem, incumbent: Incumbent) -> bool:
    """Prove the incumbent, or better it: a tree of linear programmes, the best bound first, with cuts at each node.

    `price` (n,) are prices of the core's rows to begin with; `constant` is what the core's values lack of the
    problem's. Bounds are recomputed from the duals. False where there is no plan at all.
    """
    if not core.choice.free.any():
        if problem.allows(core.choice.keep):
            incumbent.offer(core.choice.keep, problem.value(core.choice.keep))
        return incumbent.nothing_better()
    return Tree(core, price, constant, problem, incumbent).run(incumbent.left_s)


class Tree:
    """Nodes still to be looked at, the linear programme they share, and what settling each site did so far."""

    def __init__(self, core: Problem, price: Floats, constant: float, problem: Problem, incumbent: Incumbent) -> None:
        self.core, self.problem, self.incumbent = core, problem, incumbent
        self.master = Master(core, price)
        self.lp, self.free = self.master.programme, len(self.master.sites)
        self.shift = self.master.fixed + constant
        self.fallen, self.tried = np.zeros((2, self.free)), np.zeros((2, self.free))  # of the bound, a unit settled
        self.order, self.nodes = itertools.count(), 0
        root = Node(np.inf, np.zeros(self.free), np.ones(self.free), 0)
        self.heap = [(-np.inf, next(self.order), root)]
        self.prices = (price, np.empty(0), np.empty(0))  # of the root: see `Master.prices`
        self.opened = np.zeros(core.m)  # what the root opens of each site

    @property
    def done(self) -> bool:
        """Whether no node is left to be looked at."""
        return not self.heap

    def run(self, seconds: float) -> bool:
        """Look at nodes until none can hold a better plan, or the time is over; False where there is no plan at all."""
        incumbent, lp, heap = self.incumbent, self.lp, self.heap
        until = perf_counter() + seconds
        while heap and not incumbent.over and perf_counter() < until:
            _, _, node = heapq.heappop(heap)
            if node.bound < self.goal:
                continue
            for child in self.look(node, search_too=self.nodes < SEARCHED or self.nodes % SEARCHED == 0):
                heapq.heappush(heap, (-child.bound, next(self.order), child))
            self.nodes += 1
            if lp.stopped:
                heapq.heappush(heap, (-node.bound, next(self.order), node))
                break
            if heap:
                incumbent.limit(-heap[0][0] + self.shift)
            if self.nodes % TOLD == 1:
                log.info("%d nodes, %d open, %d cuts; %s", self.nodes, len(heap), lp.size, incumbent)
        incumbent.solvers.append(lp.name)
        log.info("%d nodes, %d open, %d cuts; %s", self.nodes, len(heap), lp.size, incumbent)
        return bool(heap) or incumbent.nothing_better()

    @property
    def goal(self) -> float:
        """What a node must be worth to hold a better plan."""
        return self.incumbent.better - self.shift if self.incumbent.plan is not None else -np.inf

    def look(self, node: Node, *, search_too: bool) -> list[Node]:
        """The nodes into which one parts; none where it holds no better plan, or only the one now offered."""
        answer = self.solved(node)
        if answer is None:
            return []
        best, opened, reduced = answer
        lower, upper = node.lower.copy(), node.upper.copy()
        if self.incumbent.plan is not None:  # a site whose settling costs more than there is to gain is settled
            room = best - self.goal
            upper[(lower == 0) & (opened < FRACTION) & (-reduced > room)] = 0
            lower[(upper == 1) & (opened > 1 - FRACTION) & (reduced > room)] = 1
        split = np.flatnonzero((opened > FRACTION) & (opened < 1 - FRACTION) & (lower < upper))
        plan = self.core.choice.keep.copy()
        plan[self.master.sites[opened > 1 - FRACTION]] = True
        if not len(split):
            self.offer(plan)
            return self.unsettled(best, opened, lower, upper, node, plan)
        if search_too:
            likely = self.core.choice.keep.copy()
            likely[self.master.sites[np.argsort(-opened, kind="stable")[: round(float(opened.sum()))]]] = True
            start = likely if self.core.choice.allows(likely) else search.grown(self.core, plan)
            self.offer(search.improved(self.core, start))
        return self.parted(self.branch_on(split, opened, best, lower, upper), best, lower, upper, node.depth)

    def unsettled(
        self, best: float, opened: Floats, lower: Floats, upper: Floats, node: Node, plan: Flags
    ) -> list[Node]:
        """What is left of a node whose programme opens whole sites: nothing, unless its bound exceeds that plan."""
        value = self.problem.value(plan) if self.problem.allows(plan) else -np.inf
        loose = np.flatnonzero(lower < upper)
        if best + self.shift <= value + self.incumbent.slack or best < self.goal or not len(loose):
            return []
        j = int(loose[np.argmax(opened[loose])])
        return self.parted(j, best, lower, upper, node.depth)

    def parted(self, j: int, best: float, lower: Floats, upper: Floats, depth: int) -> list[Node]:
        """The node without site j, and the node with it."""
        children = []
        for side in (0, 1):
            low, high = lower.copy(), upper.copy()
            low[j] = high[j] = side
            children.append(Node(best, low, high, depth + 1))
        return children

    def solved(self, node: Node) -> tuple[float, Floats, Floats] | None:
        """The node's bound, the fractions of its sites and their reduced costs; None where it holds no better plan."""
        lp, root = self.lp, node.depth == 0
        lp.bound(node.lower, node.upper)
        best, last, inside = node.bound, np.inf, None
        for turn in range(ROUNDS_ROOT if root else ROUNDS):
            answer = lp.solve(self.incumbent.left_s)
            if answer is None:
                return None
            values, bound, reduced = answer
            best = min(best, bound)
            opened, claimed = values[: self.free], values[self.free :]
            if best < self.goal:
                return None
            cuts = 0
            if root:  # first where the programme and a point inside the cuts so far meet half-way
                inside = opened if inside is None else (inside + opened) / 2
                cuts = self.master.separate((inside + opened) / 2, claimed)
            cuts = cuts or self.master.separate(opened, claimed)
            if not cuts or (not root and turn > 1 and last - best < SLOW * (best - self.goal)):
                break
            last = best
        if root:
            self.prices, self.opened[self.master.sites] = self.master.prices(), opened
            self.master.taught = None
        lp.tidy()
        return best, opened, reduced[: self.free]

    def branch_on(self, split: Integers, opened: Floats, best: float, lower: Floats, upper: Floats) -> int:
        """The fraction whose settling moves both bounds most, as it did before or as a few simplex steps tell."""
        lp, share = self.lp, opened[split]

        def effect() -> Floats:
            usual = [self.fallen[side].sum() / max(self.tried[side].sum(), 1) for side in (0, 1)]
            each = [
                np.where(
                    self.tried[s][split] > 0, self.fallen[s][split] / np.maximum(self.tried[s][split], 1), usual[s]
                )
                for s in (0, 1)
            ]
            both: Floats = np.maximum(each[0] * share, TINY) * np.maximum(each[1] * (1 - share), TINY)
            return both

        by_effect = effect() + TINY**2 * np.minimum(share, 1 - share)
        for j in split[np.argsort(-by_effect, kind="stable")[:GLANCES]]:
            if self.tried[:, j].min() < RELIABLE:
                for side in (0, 1):
                    fall = max(best - lp.glance(int(j), side), 0.0)
                    self.fallen[side][j] += fall / max(abs(side - opened[j]), TINY)
                    self.tried[side][j] += 1
        lp.bound(lower, upper)
        return int(split[np.argmax(effect())])

    def offer(self, plan: Flags) -> None:
        """Take a plan if it is allowed and better."""
        if self.problem.allows(plan):
            self.incumbent.offer(plan, self.problem.value(plan))


def districts(core: Problem) -> tuple[Integers, int]:
    """(n,) the district of each row, and how many there are: rows that the same few sites serve, of one part.

    The centres are the sites that greedy opens next when nothing limits it.
    """
    from planner.optimise._kernels import next_best  # noqa: PLC0415

    gains = core.gains
    start, row, worth = gains.by_site
    label = np.full(len(gains.weight), -1, np.int64)
    best, upper = np.zeros(len(gains.weight)), np.full(gains.m, np.inf)
    allowed = np.ones(gains.m, bool)
    for number in range(DISTRICTS):
        j = next_best(start, row, worth, best, upper, np.ones(gains.m), allowed)
        if j < 0:
            break
        reached = row[start[j] : start[j + 1]]
        label[reached[label[reached] < 0]] = number
        best[reached] = np.maximum(best[reached], worth[start[j] : start[j + 1]])
        allowed[j] = False
    label[label < 0] = DISTRICTS
    _, district = np.unique(label * (int(gains.part.max(initial=0)) + 1) + gains.part, return_inverse=True)
    return district, int(district.max(initial=-1)) + 1
