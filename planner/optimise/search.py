"""Fast plans without a solver: a warm start, a fallback and a second opinion."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, count_of
from planner.optimise.gains import Gains
from planner.optimise.problem import Problem

ROUNDS = 1000  # of exchanges; a few dozen are usual, rounding errors of fractional people must not make it endless
LEAST_CHANGE = 1e-9  # share of the total by which an exchange must better it


def first_plan(problem: Problem) -> Flags:
    """A plan (m,) in milliseconds: greedy, then no exchange of one site makes it better.

    Sites that limits and floors ask for come first, then those that add most; where something costs, also
    those that add most for their cost, and the better of both. It may break a limit where greedy cannot find
    its way. With a count alone it is never below (1 − 1/e) of the optimum: Nemhauser, Wolsey & Fisher (1978),
    An analysis of approximations for maximizing submodular set functions.
    """
    plans = [improved(problem, grown(problem, problem.choice.keep, price)) for price in _ways_to_pay(problem)]
    return max(plans, key=lambda plan: (problem.allows(plan), problem.value(plan)))


def quick_plan(
    weight: Floats,
    rows_of: Callable[[int], NDArray[np.signedinteger]],
    adds: Callable[[Floats], Floats],
    choice: Choice,
) -> tuple[Flags, float, float] | None:
    """A greedy plan (m,) of the most weight (n,) covered, its value, and what no plan is worth more than.

    Before any row is looked at: `rows_of` a site gives what it covers, `adds` the weight (n,) that each covers (m,).
    None where other limits than a number of sites hold, or the kept sites break it. Each site adds at most what it
    added to a smaller plan, so only the highest is weighed again, and no plan is worth more than this one with the p
    highest of what sites last added. Minoux (1978), Accelerated greedy algorithms for maximizing submodular set
    functions.
    """
    count, others = count_of(choice)
    if others or not choice.allows(choice.keep):
        return None
    plan, left, upper = choice.keep.copy(), weight.copy(), adds(weight)
    for j in np.flatnonzero(plan).tolist():
        left[rows_of(j)] = 0
    upper[~choice.free] = 0
    room = count - int(plan.sum())
    weighed = np.full(choice.m, -1)
    for opened in range(room):
        while (most := upper[j := int(upper.argmax())]) > 0 and weighed[j] < opened:
            upper[j], weighed[j] = left[rows_of(j)].sum(), opened
        if most <= 0:
            break
        plan[j], upper[j] = True, 0
        left[rows_of(j)] = 0
    value = float(weight.sum() - left.sum())
    highest = np.sort(upper)[::-1][: max(room, 0)]
    return plan, value, value + float(highest.sum())


def grown(problem: Problem, plan: Flags, price: Floats | None = None) -> Flags:
    """A plan (m,) with more sites while one is allowed and adds something, the best one a price unit first.

    What limits ask for at least comes first, then what floors lack, then what counts.
    """
    growth = _Growth(problem, plan, np.ones(problem.m) if price is None else price)
    growth.meet_least()
    growth.meet_floors()
    upper = np.full(problem.m, np.inf)
    while growth.add(problem.counting, growth.allowed(), upper):
        pass
    return growth.plan


class _Growth:
    """A plan that grows within its limits."""

    def __init__(self, problem: Problem, plan: Flags, price: Floats) -> None:
        self.problem, self.plan, self.price = problem, plan.copy(), price
        self.amount, self.least, self.most = problem.choice.matrix
        self.entry_limit = np.repeat(np.arange(len(self.most)), np.diff(self.amount.indptr))
        self.slack = EXACT * np.maximum(1.0, abs(self.amount).sum(axis=1)) if len(self.most) else self.most
        self.best = problem.counting.best(plan)

    def allowed(self) -> Flags:
        """(m,) the sites that may be added."""
        room: Floats = self.most + self.slack - self.amount @ self.plan.astype(np.float64)
        may = self.problem.choice.free & ~self.plan
        may[self.amount.indices[self.amount.data > room[self.entry_limit]]] = False
        return may

    def used(self, k: int) -> float:
        """What the plan uses of a limit."""
        return self.problem.choice.limits[k].spent(self.plan)

    def add(self, gains: Gains, may: Flags, upper: Floats) -> bool:
        """Add the site that adds most to what counts; whether one does. `upper` (m,) bounds what each can add."""
        from planner.optimise._kernels import next_best  # noqa: PLC0415

        start, row, worth = gains.by_site
        which = next_best(start, row, worth, self.best, upper, self.price, may)
        if which < 0:
            return False
        self.plan[which] = True
        reached = slice(start[which], start[which + 1])
        self.best[row[reached]] = np.maximum(self.best[row[reached]], worth[reached])
        return True

    def meet_least(self) -> None:
        """Add the best sites of each limit that asks for more, and where none adds anything the first."""
        for k in np.flatnonzero(self.least > 0):
            asked = np.zeros(self.problem.m, bool)
            asked[self.amount.indices[self.amount.indptr[k] : self.amount.indptr[k + 1]]] = True
            while self.used(int(k)) < self.least[k] - self.slack[k]:
                may = self.allowed() & asked
                if not may.any():
                    break
                if not self.add(self.problem.counting, may, np.full(self.problem.m, np.inf)):
                    self.plan[np.flatnonzero(may)[0]] = True

    def meet_floors(self) -> None:
        """Add the sites that add most where floors lack something."""
        from planner.optimise._kernels import next_best  # noqa: PLC0415

        problem, gains = self.problem, self.problem.gains
        while len(short := np.flatnonzero(problem.missing(self.plan) > 0)):
            parts = np.asarray(problem.speaks[short].any(axis=0))
            against = np.where(parts[gains.part], gains.best(self.plan), np.inf)
            which = next_best(*gains.by_site, against, np.full(problem.m, np.inf), self.price, self.allowed())
            if which < 0:
                break
            self.plan[which] = True
        self.best = problem.counting.best(self.plan)


def improved(problem: Problem, plan: Flags) -> Flags:
    """A plan (m,) at least as good, of which no exchange of one site for another is better and allowed.

    Where gains do not count, but only their floors, sites are dropped instead while the floors still hold; where
    nothing limits sites that cost, they are opened and closed as long as that pays.
    """
    if not problem.counted.any():
        return _thinned(problem, plan)
    if problem.cost.any() and not problem.choice.limits and not len(problem.floor):
        return _paying(problem, plan)
    return exchanged(problem, plan)


def exchanged(problem: Problem, plan: Flags) -> Flags:
    """A plan (m,) after the best exchange of one site for another, and the next, until none adds anything."""
    simple = _only_counted(problem)
    for _ in range(ROUNDS):
        opened, change, _, _ = _changes(problem, plan)
        if not simple and problem.allows(plan):
            change[~_allowed(problem, plan, opened)] = -np.inf
        least = LEAST_CHANGE * max(1.0, abs(problem.value(plan)))
        if change.max(initial=-np.inf) <= least:
            return plan
        j, r = divmod(int(change.argmax()), len(opened))
        other = plan.copy()
        other[[j, opened[r]]] = True, False
        plan = other if simple else grown(problem, other)
    return plan


def _paying(problem: Problem, plan: Flags) -> Flags:
    """A plan (m,) of which no site opened, closed, or exchanged for another would better it; nothing limits them."""
    plan, free, cost = plan.copy(), problem.choice.free, problem.cost
    least = LEAST_CHANGE * max(1.0, float(problem.gains.gain[problem.gains.indptr[:-1]].sum()))
    for _ in range(ROUNDS):
        opened, change, adds, lost = _changes(problem, plan)
        opening = np.where(free & ~plan, adds - cost, -np.inf)
        closing = np.where(free[opened], cost[opened] - lost, -np.inf)
        best = max(float(moves.max(initial=-np.inf)) for moves in (change, opening, closing))
        if best <= least:
            return plan
        if opening.max(initial=-np.inf) == best:
            plan[opening.argmax()] = True
        elif closing.max(initial=-np.inf) == best:
            plan[opened[closing.argmax()]] = False
        else:
            j, r = divmod(int(change.argmax()), len(opened))
            plan[[j, opened[r]]] = True, False
    return plan


def shaken(problem: Problem, plan: Flags, draw: np.random.Generator, share: float = 0.1) -> Flags:
    """Another plan (m,) near a good one: a few neighbouring sites are left out, others found, and all exchanged."""
    opened = np.flatnonzero(plan & ~problem.choice.keep)
    if not len(opened):
        return plan
    start, row, _ = problem.counting.by_site
    out = max(2, round(share * len(opened)))
    seed = draw.choice(opened)
    near = np.zeros(len(problem.counting.weight), bool)
    near[row[start[seed] : start[seed + 1]]] = True
    shared = np.array([near[row[start[j] : start[j + 1]]].sum() for j in opened]) + draw.random(len(opened))
    leave = opened[np.argsort(-shared)[:out]]
    other = plan.copy()
    other[leave] = False
    fewer = problem.choice.free.copy()
    fewer[draw.choice(leave, max(1, out // 2), replace=False)] = False
    tight = replace(problem, choice=problem.choice.settled(np.zeros_like(plan), ~fewer & problem.choice.free))
    return improved(problem, grown(tight, other))


def useful(problem: Problem, plan: Flags) -> Flags:
    """A plan (m,) of the same value without the sites that add nothing, as far as it may do without them."""
    plan, value = plan.copy(), problem.value(plan)
    for j in np.flatnonzero(plan & ~problem.choice.keep)[::-1]:
        other = plan.copy()
        other[j] = False
        if (worth := problem.value(other)) >= value and problem.allows(other):
            plan, value = other, worth
    return plan


def earliest(problem: Problem, plan: Flags) -> Flags:
    """Among plans of equal value one of a stated order: no site could give way to an earlier candidate for nothing.

    The last site that can gives way to the first candidate that keeps the value and every limit, again and again.
    """
    simple = _only_counted(problem)
    for _ in range(problem.m):
        opened, change, _, _ = _changes(problem, plan)
        if not simple:
            change[~_allowed(problem, plan, opened)] = -np.inf
        value = problem.value(plan)
        tolerance = EXACT * max(1.0, abs(value))
        for r in range(len(opened))[::-1]:
            for j in np.flatnonzero(change[: opened[r], r] >= -tolerance):
                other = plan.copy()
                other[[j, opened[r]]] = True, False
                if problem.value(other) >= value - tolerance and problem.allows(other):
                    break
            else:
                continue
            plan = other
            break
        else:
            return plan
    return plan


def _changes(problem: Problem, plan: Flags) -> tuple[Integers, Floats, Floats, Floats]:
    """The open sites, and what exchanges change.

    (m, open) what opening a site in place of each open one would change, −inf where one of them may not move; (m,)
    what rows gain by opening a site; (open,) what they lose by closing one.
    """
    choice, opened = problem.choice, np.flatnonzero(plan)
    change, adds, lost = _exchanges(problem.counting, opened)
    change += problem.cost[opened] - problem.cost[:, None]
    change[~choice.free | plan] = -np.inf
    change[:, choice.keep[opened]] = -np.inf
    return opened, change, adds, lost


def _exchanges(gains: Gains, opened: Integers) -> tuple[Floats, Floats, Floats]:
    """(m, open) what opening a site in place of each open one changes; adds (m,) and losses (open,) of one alone."""
    from planner.optimise._kernels import exchanges  # noqa: PLC0415

    slot = np.full(gains.m, -1)
    slot[opened] = np.arange(len(opened))
    adds, lost, change = exchanges(gains.indptr, gains.site, gains.gain, slot, len(opened))
    change += adds[:, None] - lost
    return change, adds, lost


def _allowed(problem: Problem, plan: Flags, opened: Integers) -> Flags:
    """(m, open) the exchanges after which an allowed plan still keeps every limit and floor."""
    kept = problem.choice.exchanges(plan, opened)
    for gains, missing in zip(problem.spoken_of, problem.missing(plan), strict=True):
        kept &= _exchanges(gains, opened)[0] >= missing
    return kept


def _ways_to_pay(problem: Problem) -> list[Floats | None]:
    """Nothing, and the amounts of each limit that differ from site to site."""
    ways: list[Floats | None] = [None]
    for limit in problem.choice.limits:
        if np.isfinite(limit.most) and len(np.unique(limit.amount)) > 1 and limit.amount.min() >= 0:
            price = np.full(problem.m, limit.amount.mean() * 1e-3)
            price[limit.site] = np.maximum(limit.amount, limit.amount.mean() * 1e-3)
            ways.append(price)
    if (problem.cost > 0).any():
        ways.append(np.maximum(problem.cost, problem.cost.max() * 1e-6))
    return ways


def _thinned(problem: Problem, plan: Flags) -> Flags:
    """A cheaper plan (m,) that still holds every limit and floor: sites are dropped, the dearest for its use first."""
    plan = plan.copy()
    if not problem.allows(plan):
        return plan
    counting = Problem.most(problem.gains, problem.choice)
    while True:
        other = _one_fewer(problem, plan)
        if other is None:
            trial = plan.copy()
            droppable = np.flatnonzero(plan & ~problem.choice.keep)
            if not len(droppable):
                return plan
            losses = [problem.gains.total(plan & (np.arange(problem.m) != j)) for j in droppable]
            trial[droppable[int(np.argmax(losses))]] = False
            budget = float(problem.cost[plan].sum())
            other = exchanged(counting, trial)
            if not problem.allows(other) or float(problem.cost[other].sum()) >= budget * (1 - EXACT):
                return plan
        plan = other


def _one_fewer(problem: Problem, plan: Flags) -> Flags | None:
    for j in sorted(np.flatnonzero(plan & ~problem.choice.keep).tolist(), key=lambda j: (-problem.cost[j], j)):
        other = plan.copy()
        other[j] = False
        if problem.allows(other):
            return other
    return None


def _only_counted(problem: Problem) -> bool:
    """Whether an exchange of one site for another can break nothing."""
    limits = problem.choice.limits
    return not len(problem.floor) and all(len(x.site) == problem.m and len(np.unique(x.amount)) <= 1 for x in limits)
