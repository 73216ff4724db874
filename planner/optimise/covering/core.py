"""What is left of a covering question, as a programme, and the incumbent that its answer goes into."""

from dataclasses import dataclass

import numpy as np

from planner.network import Flags, Integers
from planner.optimise import solver
from planner.optimise.choice import Choice, Incumbent, Limit
from planner.optimise.covering.models import set_covering
from planner.optimise.covering.reduce import Covering

NEXT = 1e-6  # whole costs below the best are at least 1 − this below it


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


def cutoff_of(best: Incumbent) -> float:
    """Plans that cost as much are of no use any more."""
    if isinstance(best, Sought) and np.isfinite(best.target):
        return -best.target + NEXT
    return -best.value - (1 - NEXT if best.whole else 0)


def offer(covering: Covering, plan: Flags, best: Incumbent) -> None:
    """Offer a plan where it is one."""
    if covering.covered_by(plan) and covering.choice.allows(plan):
        best.offer(plan, covering.worth(plan))


def solve_core(
    covering: Covering, best: Incumbent, cutoff: float, *, most_s: float = np.inf, part: bool = False
) -> bool:
    """An integer programme over the sites that are left; whether nothing under the cutoff remains.

    `part` says that the covering is only a part of what `best` is about: its plans count, its bounds do not, and
    its cost need not meet a target.
    """
    if _settled(covering, best):
        return True
    choice = covering.choice
    left = np.flatnonzero(choice.free if choice.free[covering.site].all() else np.ones(choice.m, bool))
    limits = []
    if isinstance(best, Sought) and np.isfinite(best.target) and not part:
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
            offer(covering, whole_plan(opened), best)
        if not limits and not part:
            best.limit(-bound - float(covering.cost[outside].sum()))

    ending = solver.solve(
        programme,
        time_limit_s=min(best.left_s, most_s),
        gap=1.0 if limits else best.gap,
        warm_start=None if best.plan is None else np.flatnonzero(best.plan[left]).tolist(),
        hear=hear,
    )
    if ending.solver not in best.solvers:
        best.solvers.append(ending.solver)
    known = best.value
    hear(ending.open, ending.bound)
    if ending.finished and not ending.feasible:
        return True
    taken = ending.open is not None and (best.value >= known)
    return ending.finished and taken and not limits and best.gap == 0


def _settled(covering: Covering, best: Incumbent) -> bool:
    """Whether there is nothing to decide; then the only plan worth having is offered, if there is one."""
    if (covering.choice.keep & covering.choice.shut).any():
        return True
    if covering.n or (covering.choice.limits and covering.choice.free.any()):
        return False
    offer(covering, covering.choice.keep, best)
    return True


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
