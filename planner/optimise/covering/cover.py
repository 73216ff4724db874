"""The cheapest sites that cover everybody, and whether some within the limits can."""

from dataclasses import replace

import numpy as np
from scipy.sparse import block_array
from scipy.sparse.csgraph import connected_components

from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Incumbent
from planner.optimise.covering.core import NEXT, Sought, cutoff_of, offer, solve_core
from planner.optimise.covering.districts import bound_by_districts, replan_districts
from planner.optimise.covering.reduce import Covering, ranges, reduce_covering
from planner.optimise.covering.search import bound_by_prices, exchange, greedy_cover, settled_by_costs

ROUNDS = 300  # of prices, in each pass
STEPS = (20, 200)  # of exchanges for each free site, in each pass
SMALL = 60  # free sites at which the programme is quicker than any search
LARGE = 400  # free sites beyond which districts are searched before the whole


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
            exhausted = solve_core(covering, best, np.inf)
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


def _search(covering: Covering, best: Incumbent) -> bool:
    """Look for cheaper plans; whether the search was exhaustive: none cheaper than the best, or than a target, is left.

    Twice: a plan, prices that bound all plans, and the sites that these settle. Then the rest is a programme.
    Questions that fall apart are answered part by part where no limit joins them.
    """
    start = greedy_cover(covering)
    offer(covering, start, best)
    for steps in STEPS:
        if best.over:
            return False
        if not covering.choice.limits and len(parts := _parts(covering)) > 1:
            return _search_parts(covering, parts, best)
        smaller = _narrowed(covering, start, steps, best)
        if smaller is None:
            return True
        covering, start = smaller, greedy_cover(smaller, best.plan)
        offer(covering, start, best)
    if int(covering.choice.free.sum()) > LARGE:
        replan_districts(covering, best)
        if best.over:
            return False
        low, reduced = bound_by_districts(covering, best)
        best.limit(-low)
        settled = settled_by_costs(covering, low, reduced, cutoff_of(best))
        smaller = reduce_covering(replace(covering, choice=covering.choice.settled(*settled)))
        if smaller is None:
            return True
        covering = smaller
    return not best.over and solve_core(covering, best, cutoff_of(best))


def _narrowed(covering: Covering, start: Flags, steps: int, best: Incumbent) -> Covering | None:
    """What is left after a walk from a plan and after prices; None where nothing cheaper is left."""
    free = int(covering.choice.free.sum())
    if free > SMALL:
        exchange(covering, start, steps * free, lambda plan: _goes_on(covering, plan, best))
    cutoff = cutoff_of(best)
    towards = min(cutoff, 2 * float(covering.cost.sum()) + 1)
    low, price = bound_by_prices(covering, towards, ROUNDS, lambda: best.over)
    best.limit(-low)
    settled = settled_by_costs(covering, low, covering.cost - covering.covers().T @ price, cutoff)
    return reduce_covering(replace(covering, choice=covering.choice.settled(*settled)))


def _goes_on(covering: Covering, plan: Flags, best: Incumbent) -> bool:
    """Offer a plan, and say whether to look for another."""
    offer(covering, plan, best)
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
        offer(covering, plan, best)
        best.limit(sum(part.bound for _, _, part in searches) - covering.fixed_cost)

    mine = choice.keep.copy()
    for rows in parts:
        size = np.diff(covering.indptr)[rows]
        sites, local = np.unique(covering.site[ranges(covering.indptr[rows], size)], return_inverse=True)
        indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        piece = Covering(indptr, local.astype(np.int64), covering.cost[sites], Choice.of(len(sites)))
        part = Sought(best.left_s, best.gap, best.whole, outer=best)
        offer(piece, plan[sites], part)
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
