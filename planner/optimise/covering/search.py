"""Plans that cover every row, and what no plan can cost less than, without a solver."""

from collections.abc import Callable

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.covering.reduce import Covering, one_sided

SLACK = 1e-9  # share of a limit by which sums of fractions may pass it
FREE = 1e-9  # what a site without cost counts as in a division
HEARD_EVERY = 1000  # steps of a walk: whether to go on
SMALLEST_STEP, PATIENCE = 5e-3, 20  # of the prices' steps; rounds without a better bound before a step is halved
WORTHWHILE = 1e-5  # share by which a bound must rise to count as better


class Tally:
    """A plan under change: how often each row is covered, and what opening or closing each site would alter."""

    def __init__(self, covering: Covering, plan: Flags) -> None:
        n, m, cost = covering.n, covering.choice.m, covering.cost
        serves = covering.covers().T.tocsr()
        limit, most = one_sided(covering.choice)
        self.cost = cost
        self.amount = limit.toarray()  # (k, m)
        self.dear = np.maximum(cost, FREE * max(1.0, float(cost.max(initial=0))))  # (m,)  above zero
        self.plan = np.zeros(m, bool)  # (m,)
        self.times = np.zeros(n, np.int64)  # (n,)  open sites that cover each row
        self.score = np.diff(serves.indptr).astype(float)  # (m,)  weight that a site would newly cover, or leave bare
        self.room = most + SLACK * np.maximum(1.0, np.abs(self.amount).sum(axis=1))  # (k,)
        self.spent = np.zeros(1)  # (1,)
        sum_open = np.zeros(n, np.int64)  # (n,)  open sites of each row, added up: the site itself where there is one
        self.parts = (  # as the kernels take it
            (covering.indptr, covering.site),
            (serves.indptr.astype(np.int64), serves.indices.astype(np.int64)),
            (cost, self.dear, covering.choice.free, self.amount),
            (self.plan, self.times, sum_open, np.ones(n), self.score, self.room, self.spent),
            (np.arange(n), np.arange(n), np.array([n])),  # the bare rows, the place of each in the list, their number
        )
        for j in np.flatnonzero(plan):
            self.open(int(j))

    def open(self, j: int) -> None:
        """Open site j."""
        from planner.optimise._kernels import turn  # noqa: PLC0415  (Numba takes a while to load)

        turn(j, 1, *self.parts)

    def fits(self, sites: Integers) -> Flags:
        """Which sites the limits let open."""
        change = self.amount[:, sites]
        return ((change <= self.room[:, None]) | (change <= 0)).all(axis=0)  # type: ignore[no-any-return]

    def drop_superfluous(self) -> None:
        """Close open sites, the dearest first, that leave no row bare and that the limits do not ask for."""
        from planner.optimise._kernels import drop_superfluous  # noqa: PLC0415

        drop_superfluous(*self.parts)


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
    tally.drop_superfluous()
    return tally.plan


def exchange(covering: Covering, start: Flags, steps: int, found: Callable[[Flags], bool]) -> None:
    """From a plan (m,), perhaps with bare rows, walk by exchanges of sites, and tell `found` of each better cover.

    A site is closed; a bare row drawn at random opens the site that helps most for its cost; and rows that
    stay bare grow heavier, until they draw the walk out of its valley. Only moves that keep the limits are
    made. `found` says whether to go on. Same start, same walk.
    Gao, Weise & Li (2015), An efficient local search heuristic with row weighting for the unicost set covering problem.
    """
    from planner.optimise._kernels import walk_covers  # noqa: PLC0415

    tally, m = Tally(covering, start), covering.choice.m
    memory = (np.zeros(m, np.int64), np.ones(m, bool), np.array([0, -1]))  # a closed site waits until something changes
    best, left, seed = np.inf, steps, np.ones(1, np.uint64)
    while left > 0:
        came = walk_covers(*tally.parts, memory, (best, min(left, HEARD_EVERY)), seed)
        left -= HEARD_EVERY
        if came > 0:
            best = float(tally.spent[0])
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
