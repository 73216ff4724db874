"""Sites as far from one another as can be."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.optimise import solver
from planner.optimise.choice import EXACT, Choice, Incumbent, Limit
from planner.optimise.covering.halving import next_question
from planner.optimise.covering.models import node_packing
from planner.optimise.covering.reduce import one_sided

STARTS = 20  # greedy plans, each from another first site
EXCHANGES = 200  # at most, of each


@dataclass(frozen=True)
class Pairs:
    """How far sites are from one another where that is less than a limit."""

    a: Integers  # (pairs,)
    b: Integers  # (pairs,)  never equal to a; each pair once
    distance: Floats  # (pairs,)
    limit: float  # pairs that are not here are at least so far apart

    def smallest(self, plan: Flags) -> float:
        """The distance of the two open sites nearest to each other, the limit at most."""
        both = plan[self.a] & plan[self.b]
        return min(float(self.distance[both].min(initial=np.inf)), self.limit)

    def matrix(self, m: int) -> csr_array:
        """(m, m) each pair both ways; sites at the same place are stored too."""
        ends = np.concatenate([self.a, self.b]), np.concatenate([self.b, self.a])
        return csr_array((np.tile(self.distance, 2), ends), shape=(m, m))


def disperse(pairs: Pairs, choice: Choice, p: int, best: Incumbent) -> bool:
    """Exactly p open sites whose two nearest are as far apart as can be, into `best`; False where no plan is allowed.

    Kept sites count among the p, and their distances among the distances. The value is the smallest
    distance between two open sites; where none of the pairs has both its sites open it is `pairs.limit`, which then
    only says "so far at least": look at `best.value == pairs.limit`. The user's interrupt ends the search as the
    time limit does.

        max  r
        s.t. y_a + y_b ≤ 1   for every pair with d_ab < r,   Σ_j y_j = p,   y allowed

    The optimum is some d_ab or the limit, and what can be had at r can be had at less. So r is found by halving the
    distances, one node packing each. Shier (1977), A min-max theorem for p-center problems on a tree;
    Erkut (1990), The discrete p-dispersion problem.
    """
    if (pairs.a == pairs.b).any() or not (pairs.distance <= pairs.limit).all():
        raise QuestionError(
            f"{int((pairs.a == pairs.b).sum())} pairs are of a site with itself, and "
            f"{int((~(pairs.distance <= pairs.limit)).sum())} farther apart than the limit {pairs.limit:g}. "
            "Leave them out."
        )
    every = np.arange(choice.m)
    choice = choice.with_limits(Limit("p", every, np.ones(choice.m), least=p, most=p))
    levels = np.unique(np.append(pairs.distance, pairs.limit))
    try:
        best.limit(pairs.smallest(choice.keep))
        for plan in _greedy_plans(pairs, choice, p):
            if best.over:
                break
            _improve(pairs, choice, plan, best)
        return _halve(pairs, choice, levels, best)
    except KeyboardInterrupt:
        return True


def _halve(pairs: Pairs, choice: Choice, levels: Floats, best: Incumbent) -> bool:
    """Halve the distances that may be the optimum until one is left, or the time is over.

    Distances that a share of the time cannot decide are left until the others are known.
    """
    low = -1 if best.plan is None else int(np.searchsorted(levels, best.value))  # this can be had
    high = int(np.searchsorted(levels, best.bound))  # nothing beyond can
    hard: set[int] = set()
    while low < high and not best.over:
        at, seconds = next_question(low + 1, high + 1, hard, best.left_s)
        plan, decided = _find_packing(pairs, choice, levels[at], best, seconds)
        if plan is not None:
            best.offer(plan, pairs.smallest(plan))
            low = max(at, int(np.searchsorted(levels, best.value)))
        elif decided:
            high = at - 1
            best.limit(levels[high] if high >= 0 else -np.inf)
        else:
            hard.add(at)
    if low == high == -1:
        return False
    if low == high:
        best.limit(best.value)
    return True


def _find_packing(
    pairs: Pairs, choice: Choice, apart: float, best: Incumbent, time_limit_s: float
) -> tuple[Flags | None, bool]:
    """(plan, decided): an allowed plan whose sites are at least so far apart, or the proof that there is none.

    Sites too near to a kept one are shut. If fewer cliques than the sites still asked for hold all that are
    left there is no plan, as each clique has one open site at most; otherwise the programme decides.
    """
    close = pairs.distance < apart
    a, b = pairs.a[close], pairs.b[close]
    if (choice.keep & choice.shut).any() or (choice.keep[a] & choice.keep[b]).any():
        return None, True
    never = np.zeros(choice.m, bool)
    never[b[choice.keep[a]]] = never[a[choice.keep[b]]] = True
    choice = choice.settled(np.zeros(choice.m, bool), never)
    both = choice.free[a] & choice.free[b]
    indptr, site = _cliques(a[both], b[both], choice.m)
    alone = choice.free.copy()
    alone[site] = False
    (count,) = (limit for limit in choice.limits if limit.name == "p")
    if _fewest_cliques(indptr, site) + alone.sum() < count.least - choice.keep.sum():
        return None, True
    ending = solver.solve(node_packing(indptr, site, choice), time_limit_s=min(time_limit_s, best.left_s), gap=1.0)
    if ending.solver not in best.solvers:
        best.solvers.append(ending.solver)
    if ending.open is not None and choice.allows(ending.open) and not (ending.open[a] & ending.open[b]).any():
        return ending.open, True
    return None, ending.finished and not ending.feasible


def _greedy_plans(pairs: Pairs, choice: Choice, p: int) -> Iterator[Flags]:
    """Plans (m,) of p sites: always the site farthest from those open, each plan from another first site."""
    matrix, (amount, most) = pairs.matrix(choice.m), one_sided(choice)
    amount = amount.toarray()
    free = np.flatnonzero(choice.free)
    firsts: list[int | None] = [None] if choice.keep.any() else [int(j) for j in free[:: max(1, len(free) // STARTS)]]
    for first in firsts:
        plan, room = choice.keep.copy(), most - amount[:, choice.keep].sum(axis=1)
        away = _away(pairs, matrix, plan)
        following = first
        while plan.sum() < p:
            if following is None:
                fits = ((amount <= room[:, None] + EXACT) | (amount <= 0)).all(axis=0) & choice.free & ~plan
                if not fits.any():
                    break
                following = int(np.argmax(np.where(fits, away, -np.inf)))
            plan[following] = True
            room = room - amount[:, following]
            mine = slice(matrix.indptr[following], matrix.indptr[following + 1])
            away[matrix.indices[mine]] = np.minimum(away[matrix.indices[mine]], matrix.data[mine])
            following = None
        if choice.allows(plan):
            yield plan


def _improve(pairs: Pairs, choice: Choice, plan: Flags, best: Incumbent) -> None:
    """Offer an allowed plan, and those that replacing one of its two nearest sites leads to while that is better."""
    matrix = pairs.matrix(choice.m)
    for _ in range(EXCHANGES):
        distance, ties = _worst(pairs, plan)
        best.offer(plan, distance)
        if best.over or not ties:
            return
        worst = np.flatnonzero(plan[pairs.a] & plan[pairs.b] & (pairs.distance == distance))[0]
        better = None
        for out in (int(pairs.a[worst]), int(pairs.b[worst])):
            if choice.keep[out]:
                continue
            rest = plan.copy()
            rest[out] = False
            away = np.where(choice.free & ~plan, _away(pairs, matrix, rest), -np.inf)
            rest[int(np.argmax(away))] = True
            found = _worst(pairs, rest)
            if choice.allows(rest) and (found[0], -found[1]) > (distance, -ties):
                (distance, ties), better = found, rest
        if better is None:
            return
        plan = better


def _worst(pairs: Pairs, plan: Flags) -> tuple[float, int]:
    """The smallest distance between two open sites, and how many pairs have it."""
    both = pairs.distance[plan[pairs.a] & plan[pairs.b]]
    return pairs.smallest(plan), int((both == both.min(initial=np.inf)).sum())


def _away(pairs: Pairs, matrix: csr_array, plan: Flags) -> Floats:
    """(m,) how far each site is from the nearest open one but itself, the limit at most."""
    away = np.full(len(plan), pairs.limit)
    mine = matrix[np.flatnonzero(plan)]
    np.minimum.at(away, mine.indices, mine.data)
    return away


def _cliques(a: Integers, b: Integers, m: int) -> tuple[Integers, Integers]:
    """(indptr, site): cliques that hold every pair, each grown greedily from a pair not yet held."""
    near: list[set[int]] = [set() for _ in range(m)]
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        near[i].add(j)
        near[j].add(i)
    cliques: list[list[int]] = []
    held: set[tuple[int, int]] = set()
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        if (min(i, j), max(i, j)) in held:
            continue
        clique, might = [i, j], near[i] & near[j]
        while might:
            k = min(might, key=lambda k: (-len(near[k]), k))
            clique.append(k)
            might = might & near[k]
        clique.sort()
        held.update((x, y) for at, x in enumerate(clique) for y in clique[at + 1 :])
        cliques.append(clique)
    indptr = np.cumsum([0, *map(len, cliques)]).astype(np.int64)
    return indptr, np.array([j for clique in cliques for j in clique], np.int64)


def _fewest_cliques(indptr: Integers, site: Integers) -> int:
    """In how many of these cliques, the largest first, all their sites can be found: no fewer sites can be apart."""
    seen: set[int] = set()
    number = 0
    for k in np.argsort(-np.diff(indptr), kind="stable"):
        clique = set(site[indptr[k] : indptr[k + 1]].tolist())
        number += bool(clique - seen)
        seen |= clique
    return number
