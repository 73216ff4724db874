"""Plans that cover every row, and what no plan can cost less than, without a solver."""

from collections.abc import Callable

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.covering.reduce import Covering, one_sided, ranges

SLACK = 1e-9  # share of a limit by which sums of fractions may pass it
FREE = 1e-9  # what a site without cost counts as in a division
HEARD_EVERY = 1000  # steps of a walk: whether to go on
SMALLEST_STEP, PATIENCE = 5e-3, 20  # of the prices' steps; rounds without a better bound before a step is halved
WORTHWHILE = 1e-5  # share by which a bound must rise to count as better


class Tally:
    """A plan under change: how often each row is covered, and what opening or closing each site would alter."""

    def __init__(self, covering: Covering, plan: Flags) -> None:
        m = covering.choice.m
        self.covering, self.cost = covering, covering.cost
        self.dear = np.maximum(self.cost, FREE * max(1.0, float(self.cost.max(initial=0))))  # (m,)  above zero
        self.plan = np.zeros(m, bool)  # (m,)
        self.times = np.zeros(covering.n, np.int64)  # (n,)  open sites that cover each row
        self.sum_open = np.zeros(covering.n, np.int64)  # (n,)  their positions added up: the site itself where one
        self.weight = np.ones(covering.n)  # (n,)  of a row in the scores
        serves = covering.covers().T.tocsr()
        self.start, self.row = serves.indptr.astype(np.int64), serves.indices.astype(np.int64)
        self.score = np.diff(self.start).astype(float)  # (m,)  weight that a site would newly cover, or leave bare
        amount, self.most = one_sided(covering.choice)
        self.amount = amount.toarray()  # (k, m)
        self.room = self.most + SLACK * np.maximum(1.0, np.abs(self.amount).sum(axis=1))  # (k,)
        self.spent = 0.0
        for j in np.flatnonzero(plan):
            self.open(int(j))

    def rows(self, j: int) -> Integers:
        """The rows that site j covers."""
        rows: Integers = self.row[self.start[j] : self.start[j + 1]]
        return rows

    def open(self, j: int) -> None:
        """Open site j."""
        rows = self.rows(j)
        times = self.times[rows]
        self._add(rows[times == 0], -1.0)
        self.score[j] = self.weight[rows[times == 0]].sum()
        once = rows[times == 1]
        np.subtract.at(self.score, self.sum_open[once], self.weight[once])
        self.times[rows] += 1
        self.sum_open[rows] += j
        self.plan[j] = True
        self.room = self.room - self.amount[:, j]
        self.spent += self.cost[j]

    def close(self, j: int) -> None:
        """Close site j."""
        rows = self.rows(j)
        self.times[rows] -= 1
        self.sum_open[rows] -= j
        times = self.times[rows]
        self._add(rows[times == 0], 1.0)
        self.score[j] = self.weight[rows[times == 0]].sum()
        once = rows[times == 1]
        np.add.at(self.score, self.sum_open[once], self.weight[once])
        self.plan[j] = False
        self.room = self.room + self.amount[:, j]
        self.spent -= self.cost[j]

    def fits(self, sites: Integers, sign: int = 1) -> Flags:
        """Which sites the limits let open (sign 1) or close (sign −1)."""
        change = sign * self.amount[:, sites]
        return ((change <= self.room[:, None]) | (change <= 0)).all(axis=0)  # type: ignore[no-any-return]

    def bare(self) -> Integers:
        """The rows not covered."""
        return np.flatnonzero(self.times == 0)

    def sites_of(self, rows: Integers) -> Integers:
        """The sites that cover these rows, row by row."""
        indptr = self.covering.indptr
        return self.covering.site[ranges(indptr[rows], indptr[rows + 1] - indptr[rows])]

    def _add(self, rows: Integers, sign: float) -> None:
        """Let these rows count, or no longer count, for the sites that cover them."""
        size = self.covering.indptr[rows + 1] - self.covering.indptr[rows]
        np.add.at(self.score, self.sites_of(rows), np.repeat(sign * self.weight[rows], size))


def greedy_cover(covering: Covering, start: Flags | None = None) -> Flags:
    """A plan (m,) that covers every row where the limits let it: rows for money, then without the superfluous.

    It begins with the kept sites, and those of `start` that are free. First what the limits ask for at least,
    then always the site that covers most new rows for its cost; of equal sites the first. In the end the dearest
    sites that nobody needs are closed. Chvátal (1979), A greedy heuristic for the set-covering problem.
    """
    choice = covering.choice
    tally = Tally(covering, choice.keep if start is None else choice.keep | (start & choice.free))
    dear = tally.dear
    while (tally.room < 0).any():
        closed = choice.free & ~tally.plan
        short = int(np.argmin(tally.room))
        helps = np.flatnonzero(closed & (tally.amount[short] < 0))
        helps = helps[tally.fits(helps)]
        if not len(helps):
            break
        tally.open(int(helps[np.argmax((tally.score[helps] + SLACK) / dear[helps])]))
    while (tally.times == 0).any():
        might = np.flatnonzero(choice.free & ~tally.plan & (tally.score > 0))
        might = might[tally.fits(might)]
        if not len(might):
            break
        tally.open(int(might[np.argmax(tally.score[might] / dear[might])]))
    drop_superfluous(tally)
    return tally.plan


def drop_superfluous(tally: Tally) -> None:
    """Close open sites, the dearest first, that leave no row bare and that the limits do not ask for."""
    while True:
        idle = np.flatnonzero(tally.plan & tally.covering.choice.free & (tally.score <= 0))
        idle = idle[tally.fits(idle, -1)]
        if not len(idle):
            return
        tally.close(int(idle[np.argmax(tally.cost[idle])]))


def exchange(covering: Covering, start: Flags, steps: int, found: Callable[[Flags], bool]) -> None:
    """From a plan (m,), perhaps with bare rows, walk by exchanges of sites, and tell `found` of each better cover.

    A site is closed; a bare row drawn at random opens the site that helps most for its cost; and rows that
    stay bare grow heavier, until they draw the walk out of its valley. Only moves that keep the limits are
    made. `found` says whether to go on. Same start, same walk.
    Gao, Weise & Li (2015), An efficient local search heuristic with row weighting for the unicost set covering problem.
    """
    from planner.optimise._kernels import walk_covers  # noqa: PLC0415

    tally, m = Tally(covering, start), covering.choice.m
    listed, place = np.zeros(covering.n, np.int64), np.zeros(covering.n, np.int64)
    bare = tally.bare()
    listed[: len(bare)], place[bare] = bare, np.arange(len(bare))
    state = (tally.plan, tally.times, tally.sum_open, tally.weight, tally.score, tally.room, np.array([tally.spent]))
    walk = (
        (covering.indptr, covering.site),
        (tally.start, tally.row),
        (tally.cost, tally.dear, covering.choice.free, tally.amount),
        state,
        (listed, place, np.array([len(bare)])),
        (np.zeros(m, np.int64), np.ones(m, bool), np.array([0, -1])),  # a closed site waits until something changes
    )
    best, left, seed = np.inf, steps, np.ones(1, np.uint64)
    while left > 0:
        came = walk_covers(*walk, (best, min(left, HEARD_EVERY)), seed)
        left -= HEARD_EVERY
        if came > 0:
            best = float(state[-1][0])
        if came < 0 or not found(tally.plan if came > 0 else start):
            return


def bound_by_prices(
    covering: Covering, known: float, rounds: int, over: Callable[[], bool], price: Floats | None = None
) -> tuple[float, Floats]:
    """A cost that no plan undercuts, and the prices u (n,) that prove it.

    Let every covered row pay a price u_i ≥ 0. As Σ_{j ∈ N_i} y_j ≥ 1, and whatever the limits,

        Σ_j c_j y_j ≥ Σ_i u_i + Σ_j y_j (c_j − Σ_{i: j ∈ N_i} u_i) ≥ L(u),
        L(u) = Σ_i u_i + Σ_{j kept} r_j + Σ_{j free} min(0, r_j),   r_j = c_j − Σ_{i: j ∈ N_i} u_i,

    for every u. u is raised by subgradient steps towards `known`, the cost of the best plan (or a target).
    Beasley (1987), An algorithm for set covering problem.
    """
    covers = covering.covers()
    serves = covers.T.tocsr()
    if price is None:
        rows = np.maximum(np.diff(serves.indptr), 1)
        price = np.minimum.reduceat((covering.cost / rows)[covering.site], covering.indptr[:-1])
    low, best, step, idle = -np.inf, price, 1.0, 0
    for _ in range(rounds):
        reduced = covering.cost - serves @ price
        here = lagrangean(covering, price, reduced)
        idle = 0 if here > low + WORTHWHILE * max(1.0, abs(low)) else idle + 1
        if here > low:
            low, best = here, price
        if low >= known or step < SMALLEST_STEP or over():
            break
        if idle >= PATIENCE:
            price, step, idle = best, step / 2, 0
            continue
        slope = 1 - covers @ (covering.choice.free & (reduced < 0)).astype(float)
        slope[(price <= 0) & (slope < 0)] = 0
        if not slope.any():
            break
        price = np.maximum(0, price + step * (1.05 * known - here) / (slope**2).sum() * slope)
    return low, best


def lagrangean(covering: Covering, price: Floats, reduced: Floats) -> float:
    """L(u) of `bound_by_prices` for prices u (n,) and their reduced costs (m,)."""
    choice = covering.choice
    return float(price.sum() + reduced[choice.keep].sum() + np.minimum(0, reduced[choice.free]).sum())


def settled_by_costs(covering: Covering, low: float, reduced: Floats, cutoff: float) -> tuple[Flags, Flags]:
    """(always, never) (m,): sites that every plan cheaper than `cutoff` has, or has not.

    With a bound L and its reduced costs r (m,), as in `bound_by_prices`, a plan with a site of r_j > 0 costs at
    least L + r_j, one without a site of r_j < 0 at least L − r_j. Where that reaches the cutoff the site is
    settled. Plans as dear as the cutoff may be lost, so a plan of that cost must be known.
    """
    ample = low + np.abs(reduced) >= cutoff + SLACK * max(1.0, abs(cutoff))
    free = covering.choice.free
    return free & ample & (reduced < 0), free & ample & (reduced > 0)
