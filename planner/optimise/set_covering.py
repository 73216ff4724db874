"""The cheapest sites that cover everybody, and whether some within the limits can."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_array
from scipy.sparse.csgraph import connected_components

from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.optimise import solver
from planner.optimise.choice import EXACT, Choice, Incumbent, Limit
from planner.optimise.models_covering import set_covering
from planner.optimise.reduce_covering import Covering, ranges, reduce_covering
from planner.optimise.search_covering import bound_by_prices, exchange, greedy_cover, settled_by_prices

ROUNDS = 300  # of prices, in each pass
STEPS = (1, 20)  # of exchanges for each free site, in each pass
SMALL = 60  # free sites at which the programme is quicker than any search
NEXT = 1e-6  # whole costs below the best are at least 1 − this below it


def cover_all(
    indptr: Integers, site: Integers, cost: Floats, choice: Choice, best: Incumbent, *, reduced: bool = True
) -> bool:
    """The cheapest allowed plan that covers every row, into `best` as minus its cost; False where none exists.

    Row i is covered by `site[indptr[i] : indptr[i + 1]]`, ascending; `cost` (m,) is not negative, and kept
    sites pay theirs. With `best.whole` all costs are whole numbers. True says that a plan exists or that the
    time was over before one was found or excluded (`best.plan` is None). The user's interrupt ends the
    search as the time limit does. `reduced=False` hands the question to the programme as it is.

    Toregas, Swain, ReVelle & Bergman (1971), The location of emergency service facilities.
    """
    if (cost < 0).any():
        at = int(np.argmin(cost))
        raise QuestionError(f"Site {at} costs {cost[at]:g}. Give costs of zero or more.")
    covering = Covering(indptr, site, cost, choice)
    try:
        if not reduced:
            exhausted = _programme(covering, best, np.inf)
        else:
            smaller = reduce_covering(covering)
            exhausted = smaller is None or _search(smaller, best)
    except KeyboardInterrupt:
        return True
    if not exhausted:
        return True
    best.limit(best.value)
    return best.plan is not None


def find_cover(
    indptr: Integers, site: Integers, choice: Choice, *, time_limit_s: float = np.inf, outer: Incumbent | None = None
) -> tuple[Flags | None, bool]:
    """(plan, decided): an allowed plan (m,) that covers every row, whatever it costs, or the proof that none does.

    With a limit of the form Σ_j a_j y_j ≤ b, a ≥ 0 (new sites, a budget) that sum is made small until it is within
    b, or its lower bound beyond. (None, True) says that no plan exists, (None, False) that the time was over.
    The search also ends when `outer`, for which it is made, is over.
    """
    chosen = [
        number for number, limit in enumerate(choice.limits) if np.isfinite(limit.most) and (limit.amount >= 0).all()
    ]
    cost, most, limits = np.zeros(choice.m), 0.0, list(choice.limits)
    if chosen:
        number = max(chosen, key=lambda at: len(limits[at].site))
        np.add.at(cost, limits[number].site, limits[number].amount)
        most = limits[number].most
        limits[number] = replace(limits[number], most=np.inf)
    whole = bool((cost == np.round(cost)).all())
    most = float(np.floor(most + NEXT)) if whole else most + EXACT * max(1.0, float(cost.sum()))
    limits = [limit for limit in limits if np.isfinite([limit.least, limit.most]).any()]
    left_s = time_limit_s if outer is None else min(time_limit_s, outer.left_s)
    best = Sought(time_limit_s=left_s, whole=whole, target=-most, outer=outer)
    if best.over:
        return None, False
    covering = reduce_covering(Covering(indptr, site, cost, replace(choice, limits=tuple(limits))))
    exhausted = covering is None or _search(covering, best)
    if best.plan is not None and best.value >= best.target:
        return best.plan, True
    return None, exhausted or best.bound < best.target


@dataclass
class Sought(Incumbent):
    """An incumbent of a search that serves another one: enough once its target is met, or out of reach."""

    target: float = np.inf
    outer: Incumbent | None = None

    @property
    def closed(self) -> bool:
        """Whether there is nothing left to find out."""
        decided = self.value >= self.target or (np.isfinite(self.target) and self.bound < self.target)
        return decided or super().closed

    @property
    def over(self) -> bool:
        """Whether to stop searching."""
        return super().over or (self.outer is not None and self.outer.over)


def _search(covering: Covering, best: Incumbent) -> bool:
    """Look for cheaper plans; whether the search was exhaustive: none cheaper than the best, or than a target, is left.

    Twice: a plan, prices that bound all plans, and the sites that these settle. Then the rest is a programme.
    Questions that fall apart are answered part by part where no limit joins them.
    """
    start = greedy_cover(covering)
    _offer(covering, start, best)
    for steps in STEPS:
        if best.over:
            return False
        if not covering.choice.limits and len(parts := _parts(covering)) > 1:
            return _search_parts(covering, parts, best)
        smaller = _narrowed(covering, start, steps, best)
        if smaller is None:
            return True
        covering, start = smaller, greedy_cover(smaller, best.plan)
        _offer(covering, start, best)
    return not best.over and _programme(covering, best, _cutoff(best))


def _narrowed(covering: Covering, start: Flags, steps: int, best: Incumbent) -> Covering | None:
    """What is left after a walk from a plan and after prices; None where nothing cheaper is left."""
    free = int(covering.choice.free.sum())
    if free > SMALL:
        exchange(covering, start, steps * free, lambda plan: _goes_on(covering, plan, best))
    cutoff = _cutoff(best)
    towards = min(cutoff, 2 * float(covering.cost.sum()) + 1)
    low, price = bound_by_prices(covering, towards, ROUNDS, lambda: best.over)
    best.limit(-low)
    settled = covering.choice.settled(*settled_by_prices(covering, price, cutoff))
    return reduce_covering(replace(covering, choice=settled))


def _cutoff(best: Incumbent) -> float:
    """Plans that cost as much are of no use any more."""
    if isinstance(best, Sought) and np.isfinite(best.target):
        return -best.target + NEXT
    return -best.value - (1 - NEXT if best.whole else 0)


def _offer(covering: Covering, plan: Flags, best: Incumbent) -> None:
    """Offer a plan where it is one."""
    if covering.covered_by(plan) and covering.choice.allows(plan):
        best.offer(plan, covering.worth(plan))


def _goes_on(covering: Covering, plan: Flags, best: Incumbent) -> bool:
    """Offer a plan, and say whether to look for another."""
    _offer(covering, plan, best)
    return not best.over


def _parts(covering: Covering) -> list[Integers]:
    """The rows of each part that shares no site with another, smallest part first."""
    covers = covering.covers()
    _, part = connected_components(block_array([[None, covers], [covers.T, None]]), directed=False)
    part = part[: covering.n]
    order = np.argsort(part, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(part[order])) + 1)
    return sorted(groups, key=len)


def _search_parts(covering: Covering, parts: list[Integers], best: Incumbent) -> bool:
    """Each part on its own: without limits their costs, and their bounds, add up."""
    choice = covering.choice
    plan = choice.keep if best.plan is None else best.plan.copy()
    searches: list[tuple[Integers, Covering, Sought]] = []

    def told(_value: float, _bound: float) -> None:
        for sites, _, part in searches:
            if part.plan is not None:
                plan[sites] = part.plan
        _offer(covering, plan, best)
        best.limit(sum(part.bound for _, _, part in searches) - covering.fixed_cost)

    mine = choice.keep.copy()
    for rows in parts:
        size = np.diff(covering.indptr)[rows]
        sites, local = np.unique(covering.site[ranges(covering.indptr[rows], size)], return_inverse=True)
        indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        piece = Covering(indptr, local.astype(np.int64), covering.cost[sites], Choice.of(len(sites)))
        part = Sought(best.left_s, best.gap, best.whole, outer=best)
        _offer(piece, plan[sites], part)
        part.limit(-bound_by_prices(piece, -part.value, ROUNDS, lambda: best.over)[0])
        searches.append((sites, piece, part))
        mine[sites] = True
    plan &= mine
    told(best.value, best.bound)

    exhausted = True
    for _, piece, part in searches:
        if best.over:
            return False
        part.tell = told
        if _search(piece, part):
            part.limit(part.value)
        exhausted &= part.closed
    return exhausted


def _programme(covering: Covering, best: Incumbent, cutoff: float) -> bool:
    """What is left, as an integer programme over the sites that are left; whether nothing under the cutoff remains."""
    choice = covering.choice
    if (choice.keep & choice.shut).any():
        return True
    if not covering.n and not choice.limits:  # what costs nothing is not needed either
        _offer(covering, choice.keep, best)
        return True
    left = np.flatnonzero(choice.free if choice.free[covering.site].all() else np.ones(choice.m, bool))
    limits = []
    if isinstance(best, Sought) and np.isfinite(best.target):
        limits.append(Limit("target", np.arange(choice.m), covering.cost, most=cutoff))
    within = _over(choice.with_limits(*limits), left)
    if within is None:
        return True
    position = np.zeros(choice.m, np.int64)
    position[left] = np.arange(len(left))
    programme = set_covering(covering.indptr, position[covering.site], covering.cost[left], within)
    outside = choice.keep.copy()
    outside[left] = False

    def whole_plan(opened: Flags) -> Flags:
        plan = outside.copy()
        plan[left] = opened
        return plan

    def hear(opened: Flags | None, bound: float) -> None:
        if opened is not None:
            _offer(covering, whole_plan(opened), best)
        if not limits:
            best.limit(-bound - float(covering.cost[outside].sum()))

    ending = solver.solve(
        programme,
        time_limit_s=best.left_s,
        gap=1.0 if limits else best.gap,
        warm_start=None if best.plan is None else np.flatnonzero(best.plan[left]).tolist(),
        hear=hear,
    )
    best.solvers.append(ending.solver)
    known = best.value
    hear(ending.open, ending.bound)
    if ending.finished and not ending.feasible:
        return True
    taken = ending.open is not None and (best.value >= known)
    return ending.finished and taken and not limits and best.gap == 0


def _over(choice: Choice, left: Integers) -> Choice | None:
    """The choice among some of its sites only, the others being as they are; None where they break a limit."""
    position = np.full(choice.m, -1)
    position[left] = np.arange(len(left))
    outside = choice.keep & (position < 0)
    limits = []
    for limit in choice.limits:
        here = position[limit.site] >= 0
        spent = float(limit.amount[outside[limit.site]].sum())
        if here.any():
            ends = (limit.least - spent, limit.most - spent)
            limits.append(Limit(limit.name, position[limit.site[here]], limit.amount[here], *ends))
        elif not limit.allows(outside):
            return None
    return Choice(choice.keep[left], choice.shut[left], tuple(limits))
