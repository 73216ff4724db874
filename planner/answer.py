"""From what a search finds to a Plan whose every figure is recomputed, or to the reason why there is none."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from planner.asked import Asked
from planner.errors import QuestionError, first
from planner.network import Flags, Floats
from planner.optimise.choice import Choice, Incumbent, Limit
from planner.plan import PROVEN, Plan
from planner.standards import Standard

log = logging.getLogger(__name__)

OURS = "greedy, exchanges and prices"  # where no solver was needed


@dataclass(frozen=True)
class Figures:
    """What a plan does, site by site and place by place."""

    served: Floats  # (m,)  people who gain and whose nearest chosen site this is
    only: Floats  # (m,)  what would be lost without this site alone
    gained: Flags  # (n,)


@dataclass(frozen=True)
class Means:
    """How a question is searched, and how its answer is read."""

    search: Callable[[Choice, Incumbent], bool]  # fills the incumbent; False where no plan exists
    objective: Callable[[Flags], float]  # of a plan (m,), from the plan alone
    figures: Callable[[Flags], Figures]
    sign: int = 1  # objective and bound are shift + sign × the value that a search makes larger
    shift: float = 0.0
    possible: Callable[[Choice, Sequence[int]], bool] | None = None  # under some of the limits and floors
    floors: Sequence[str] = ()  # in words


def answer(
    asked: Asked,
    means: Means,
    standard: Standard | None = None,
    choice: Choice | None = None,
    beyond: Flags | None = None,
) -> Plan:
    """The plan that a search finds, its figures recomputed from its sites alone."""
    began = perf_counter()
    here, tell = asked.choice if choice is None else choice, asked.effort.tell

    def told(value: float, bound: float) -> None:
        if tell is not None and np.isfinite(value):
            tell(means.shift + means.sign * value, means.shift + means.sign * bound)

    incumbent = Incumbent(asked.effort.time_limit_s, asked.effort.gap, tell=told)
    try:
        feasible = means.search(here, incumbent)
    except KeyboardInterrupt:
        if incumbent.plan is None:
            raise
        log.warning("Interrupted: the best plan so far is kept, with its gap.")
        feasible = True
    plan = incumbent.plan
    if plan is None:
        raise QuestionError(_why_none(asked, here, means, feasible))
    value, bound = means.objective(plan), means.shift + means.sign * incumbent.bound
    proven = means.sign * (bound - value) <= PROVEN * max(1.0, abs(value))
    figures = means.figures(plan)
    sites = np.flatnonzero(plan)
    sites = sites[np.argsort(-figures.served[sites], kind="stable")]
    found = Plan(
        question=asked.question,
        standard=standard,
        unit=asked.unit,
        larger_is_better=means.sign > 0,
        opened=tuple(str(asked.to_candidates.facility_ids[j]) for j in sites),
        sites=sites,
        served=figures.served[sites],
        only=figures.only[sites],
        gained=figures.gained,
        objective=value,
        bound=value if proven else bound,
        ending="proven" if proven else "stopped",
        solver=", ".join(dict.fromkeys(incumbent.solvers)) or OURS,
        seconds=perf_counter() - began,
        beyond=np.zeros(len(asked.demand.ids), bool) if beyond is None else beyond,
        again=lambda limits: answer(asked, means, standard, _with(asked.choice, limits), beyond),
    )
    log.info("%s: %s, %.2f s", asked.question, found, found.seconds)
    return found


def _why_none(asked: Asked, choice: Choice, means: Means, feasible: bool) -> str:
    """Why there is no plan: the time was over, or the rules that no plan keeps together, none of them needlessly."""
    if feasible:
        return (
            f"No plan was found in {asked.effort.time_limit_s:g} s, and none was proven impossible. "
            "Allow more time, or loosen the rules."
        )
    if means.possible is None:
        return "No plan keeps all these rules."
    limits, floors = list(range(len(choice.limits))), list(range(len(means.floors)))
    for kind in (limits, floors):
        for rule in list(kind):
            kind.remove(rule)
            under = replace(choice, limits=tuple(choice.limits[k] for k in limits))
            if means.possible(under, floors):
                kind.append(rule)
                kind.sort()
    names = [*(_in_words(asked, choice.limits[k]) for k in limits), *(means.floors[k] for k in floors)]
    if not names:
        return "No plan keeps all these rules, and no single one of them can be blamed."
    return f"No plan keeps these rules together: {'; '.join(names)}. Loosen one of them."


def _in_words(asked: Asked, limit: Limit) -> str:
    if limit.name == "new_sites":
        return f"at most {limit.most:g} new sites"
    if limit.name == "budget":
        return f"the budget of {limit.most:,.0f}"
    if limit.name.startswith("quota_"):
        quota = asked.rules.quotas[int(limit.name.removeprefix("quota_"))]
        most = "" if quota.at_most is None else f", at most {quota.at_most}"
        return f"quota {quota.name!r} (at least {quota.at_least}{most} of {len(set(quota.sites))})"
    names = [str(asked.to_candidates.facility_ids[j]) for j in limit.site]
    return f"{limit.name.split('_')[0]} ({first(names)})"


def _with(choice: Choice, limits: Sequence[Limit]) -> Choice:
    """More limits; those of a single site settle it."""
    always, never, others = np.zeros(choice.m, bool), np.zeros(choice.m, bool), []
    for limit in limits:
        if len(limit.site) == 1 and limit.least >= 1:
            always[limit.site] = True
        elif len(limit.site) == 1 and limit.most < 1:
            never[limit.site] = True
        else:
            others.append(limit)
    return choice.settled(always, never).with_limits(*others)
