"""Fast plans without a solver: a warm start, a fallback and a second opinion."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers

PASSES = 100  # of exchanges; a handful is usual, rounding errors of fractional people must not make it endless


def covered(weight: Floats, indptr: Integers, site: Integers, plan: Flags) -> float:
    """How many people a plan (m,) covers."""
    return float(weight[_times(indptr, site, plan) > 0].sum())


def improve(
    weight: Floats,
    indptr: Integers,
    site: Integers,
    m: int,
    p: int,
    keep: Sequence[int] = (),
    forbid: Sequence[int] = (),
    start: Sequence[int] = (),
) -> Flags:
    """A plan (m,) in milliseconds, at least as good as `start`, which no exchange of one site makes better.

    Filled up to p greedily; then each site but the kept ones gives way to the one that covers most in
    its place, until nothing changes. Of equal sites the first in order; a site that adds nobody is left
    out. What `start` may not hold (forbidden sites, more than p) is dropped from it. From nothing, the
    plan is never below (1 − 1/e) of the optimum: Nemhauser, Wolsey & Fisher (1978), An analysis of
    approximations for maximizing submodular set functions.
    """
    serves = csr_array((np.ones(len(site)), site, indptr), shape=(len(weight), m)).T.tocsr()  # (m, n)
    shut = np.zeros(m, bool)
    shut[list(forbid)] = True
    room = p - len(keep)
    chosen = [int(j) for j in dict.fromkeys(start) if j not in set(keep) and not shut[j]][:room]
    plan = np.zeros(m, bool)
    plan[[*keep, *chosen]] = True
    times = _times(indptr, site, plan)

    def rows(j: int) -> Integers:
        return serves.indices[serves.indptr[j] : serves.indptr[j + 1]]  # type: ignore[no-any-return]

    def gain() -> Floats:
        people = serves @ np.where(times == 0, weight, 0.0)
        return np.where(shut, 0.0, people)

    while len(chosen) < room and (more := gain()).any():
        chosen.append(int(more.argmax()))
        times[rows(chosen[-1])] += 1

    for _ in range(PASSES):
        before = list(chosen)
        for j in before:
            times[rows(j)] -= 1
            more = gain()
            best = int(more.argmax())
            chosen.remove(j)
            if more[best] > 0:
                chosen.append(best)
                times[rows(best)] += 1
        if chosen == before:
            break

    plan[:] = False
    plan[[*keep, *chosen]] = True
    return plan


def _times(indptr: Integers, site: Integers, plan: Flags) -> Integers:
    """(n,) how many of the plan's sites cover each row."""
    before = np.concatenate([[0], np.cumsum(plan[site])])
    return np.diff(before[indptr])
