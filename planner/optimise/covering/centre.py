"""Where sites must be so that whoever has the longest way to the nearest one has it as short as can be."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Incumbent
from planner.optimise.covering.cover import find_cover
from planner.optimise.covering.halving import next_question
from planner.optimise.covering.reduce import one_sided

CANDIDATES = 50  # sites near the worst row that an exchange tries
EXCHANGES = 200  # at most; a dozen is usual


def smallest_radius(
    indptr: Integers,
    site: Integers,
    distance: Floats,
    choice: Choice,
    best: Incumbent,
    *,
    already: Floats | None = None,
) -> bool:
    """The allowed plan whose worst served row is nearest, into `best` as minus that distance; False where none is.

    Row i is `distance[indptr[i] : indptr[i + 1]]` from the sites `site[...]`, ascending; sites that are not in a
    row never serve it. `already` (n,) is how far each row has it without any site here, infinite where it has
    none: it never counts as farther. False says that no allowed plan brings every row to a site of its own:
    the caller should look for rows without any site first. The user's interrupt ends the search as the time
    limit does: `best` holds the plan and the bound so far.

        min  r
        s.t. Σ_{j: d_ij ≤ r} y_j ≥ 1   for every row i with already_i > r,   y allowed

    The optimum r is 0, some d_ij or some already_i, and what can be had at r can be had beyond. So r is found by
    halving these distances, one covering question each. Hakimi (1964), Optimum locations of switching centers;
    Minieka (1970), The m-center problem.
    """
    ways = Ways(indptr, site, distance, np.full(len(indptr) - 1, np.inf) if already is None else already)
    nearest = ways.radius(~choice.shut)
    if not np.isfinite(nearest):
        return False
    levels = np.unique(np.concatenate([[nearest], distance, ways.already]))
    levels = levels[(levels >= nearest) & np.isfinite(levels)]
    try:
        best.limit(-nearest)
        _offer(ways, choice, _exchanged(ways, choice, _farthest_first(ways, choice), best), best)
        return _halve(ways, choice, levels, best)
    except KeyboardInterrupt:
        return True


@dataclass(frozen=True)
class Ways:
    """How far each row is from the sites that may serve it."""

    indptr: Integers  # (n+1,)
    site: Integers  # (entries,)  ascending within a row
    distance: Floats  # (entries,)
    already: Floats  # (n,)  infinite where there is none
    row: Integers = field(init=False)  # (entries,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr)))

    def lowest(self, value: Floats) -> Floats:
        """(n,) the lowest of the values (entries,) of each row, infinite where it has no entry."""
        low = np.minimum.reduceat(np.append(value, np.inf), self.indptr[:-1])
        return np.where(np.diff(self.indptr) > 0, low, np.inf)

    def radius(self, plan: Flags) -> float:
        """The distance of the row that has it farthest under a plan (m,)."""
        return float(self.farthest(plan).max(initial=0.0))

    def farthest(self, plan: Flags) -> Floats:
        """(n,) how far each row has it under a plan (m,)."""
        return np.minimum(self.already, self.lowest(np.where(plan[self.site], self.distance, np.inf)))

    def within(self, radius: float) -> tuple[Integers, Integers]:
        """(indptr, site): for each row that has it farther already, the sites at most so far."""
        asked = self.already > radius
        near = (self.distance <= radius) & asked[self.row]
        size = np.diff(np.concatenate([[0], np.cumsum(near)])[self.indptr])[asked]
        return np.concatenate([[0], np.cumsum(size)]).astype(np.int64), self.site[near]


def _halve(ways: Ways, choice: Choice, levels: Floats, best: Incumbent) -> bool:
    """Halve the distances that may be the optimum until one is left, or the time is over.

    Distances that a share of the time cannot decide are left until the others are known.
    """
    low = int(np.searchsorted(levels, -best.bound))  # below it nothing can be had
    high = len(levels) if best.plan is None else int(np.searchsorted(levels, -best.value))  # here something can
    hard: set[int] = set()
    while low < high and not best.over:
        at, seconds = next_question(low, high, hard, best.left_s)
        plan, decided = find_cover(*ways.within(levels[at]), choice, time_limit_s=seconds, outer=best)
        if plan is not None:
            _offer(ways, choice, plan, best)
            high = min(at, int(np.searchsorted(levels, -best.value)))
        elif decided:
            low = at + 1
            best.limit(-levels[low] if low < len(levels) else -np.inf)
        else:
            hard.add(at)
    if low == high == len(levels):
        return False
    if low == high:
        best.limit(best.value)
    return True


def _offer(ways: Ways, choice: Choice, plan: Flags, best: Incumbent) -> None:
    """Offer a plan where it is one."""
    if np.isfinite(radius := ways.radius(plan)) and choice.allows(plan):
        best.offer(plan, -radius)


def _farthest_first(ways: Ways, choice: Choice) -> Flags:
    """A plan (m,): always the row that has it farthest gets its nearest site that the limits have room for.

    Gonzalez (1985), Clustering to minimize the maximum intercluster distance.
    """
    amount, most = one_sided(choice)
    amount = amount.toarray()
    plan = choice.keep.copy()
    far, room = ways.farthest(plan), most - amount[:, plan].sum(axis=1)
    serves = csr_array((ways.distance, (ways.site, ways.row)), shape=(choice.m, len(far)))
    while far.any():
        near = _nearer(ways, choice, plan, far)
        near = near[((amount[:, near] <= room[:, None] + EXACT) | (amount[:, near] <= 0)).all(axis=0)]
        if not len(near):
            break
        plan[near[0]] = True
        room = room - amount[:, near[0]]
        mine = slice(serves.indptr[near[0]], serves.indptr[near[0] + 1])
        rows = serves.indices[mine]
        far[rows] = np.minimum(far[rows], serves.data[mine])
    return plan


def _nearer(ways: Ways, choice: Choice, plan: Flags, far: Floats) -> Integers:
    """The closed free sites nearer to the row that has it farthest (n,) than it has it, the nearest first."""
    row = int(np.argmax(far))
    entries = slice(ways.indptr[row], ways.indptr[row + 1])
    sites, away = ways.site[entries], ways.distance[entries]
    helps = np.flatnonzero((away < far[row]) & choice.free[sites] & ~plan[sites])
    near: Integers = sites[helps[np.argsort(away[helps], kind="stable")]]
    return near


def _exchanged(ways: Ways, choice: Choice, plan: Flags, best: Incumbent) -> Flags:
    """A plan (m,) that no exchange of one site makes better, from an allowed one; others are left as they are.

    Only a site nearer to the worst row can help. For each of these the site that is missed least gives way.
    Mladenović, Labbé & Hansen (2003), Solving the p-center problem with tabu search and variable neighborhood search.
    """
    if not choice.allows(plan):
        return plan
    serves = csr_array((ways.distance, (ways.site, ways.row)), shape=(choice.m, len(ways.already)))
    for _ in range(EXCHANGES):
        _offer(ways, choice, plan, best)
        if best.over or (step := _best_exchange(ways, choice, plan, serves)) is None:
            break
        plan = step
    return plan


def _best_exchange(ways: Ways, choice: Choice, plan: Flags, serves: csr_array) -> Flags | None:
    """The plan (m,) after the exchange that shortens the longest way most; None where none does."""
    nobody = choice.m
    mine = np.where(plan[ways.site], ways.distance, np.inf)
    first = ways.lowest(mine)
    server = np.full(len(first), nobody)
    entry = np.flatnonzero(np.isfinite(mine) & (mine == first[ways.row]))[::-1]
    server[ways.row[entry]] = ways.site[entry]  # of equals the first
    second = np.minimum(ways.already, ways.lowest(np.where(ways.site == server[ways.row], np.inf, mine)))
    far = np.minimum(ways.already, first)
    radius, found = float(far.max(initial=0.0)), None
    leaving = np.flatnonzero(plan & choice.free)
    for k in _nearer(ways, choice, plan, far)[:CANDIDATES] if radius > 0 else ():
        entries = slice(serves.indptr[k], serves.indptr[k + 1])
        rows, away = serves.indices[entries], serves.data[entries]
        with_k, without = far.copy(), second.copy()
        with_k[rows], without[rows] = np.minimum(far[rows], away), np.minimum(second[rows], away)
        worst, missed = np.zeros(nobody + 1), np.zeros(nobody + 1)  # by server: as it is, and if it closed
        np.maximum.at(worst, server, with_k)
        np.maximum.at(missed, server, without)
        top = int(np.argmax(worst))
        others = np.where(leaving == top, np.delete(worst, top).max(initial=0.0), worst[top])
        after = np.maximum(missed[leaving], others)
        for at in np.argsort(after, kind="stable")[:CANDIDATES]:
            if after[at] >= radius:
                break
            other = plan.copy()
            other[leaving[at]], other[k] = False, True
            if choice.allows(other):
                radius, found = float(after[at]), other
                break
    return found
