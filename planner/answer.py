"""From what a search finds to a Plan whose every figure is recomputed, or to the reason why there is none."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from planner.asked import Asked
from planner.errors import QuestionError
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


@dataclass(frozen=True)
class Found:
    """The best plan of a search, and how good that provably is."""

    plan: Flags  # (m,)
    objective: float
    bound: float
    ending: str
    solver: str
    seconds: float

    @property
    def ended(self) -> dict[str, Any]:
        """How good it is, as a Plan holds it."""
        return {name: getattr(self, name) for name in ("objective", "bound", "ending", "solver", "seconds")}


def ending_of(objective: float, bound: float, sign: int = 1) -> str:
    """Whether the bound proves that no plan is better."""
    return "proven" if sign * (bound - objective) <= PROVEN * max(1.0, abs(objective)) else "stopped"


def find(asked: Asked, means: Means, choice: Choice, in_words: Callable[[Limit], str] | None = None) -> Found:
    """Search, and weigh what is found from the plan alone. Where there is no plan, a QuestionError says why.

    `in_words` names a limit of the choice to the planner who set it.
    """
    began, tell = perf_counter(), asked.effort.tell

    def told(value: float, bound: float) -> None:
        if tell is not None and np.isfinite(value):
            tell(means.shift + means.sign * value, means.shift + means.sign * bound)

    incumbent = Incumbent(asked.effort.time_limit_s, asked.effort.gap, tell=told)
    try:
        feasible = means.search(choice, incumbent)
    except KeyboardInterrupt:
        if incumbent.plan is None:
            raise
        log.warning("Interrupted: the best plan so far is kept, with its gap.")
        feasible = True
    plan = incumbent.plan
    if plan is None:
        raise QuestionError(_why_none(asked, choice, means, feasible, in_words or asked.in_words))
    value, bound = means.objective(plan), means.shift + means.sign * incumbent.bound
    ending = ending_of(value, bound, means.sign)
    return Found(
        plan,
        objective=value,
        bound=value if ending == "proven" else bound,
        ending=ending,
        solver=", ".join(dict.fromkeys(incumbent.solvers)) or OURS,
        seconds=perf_counter() - began,
    )


def answer(
    asked: Asked,
    means: Means,
    standard: Standard | None = None,
    choice: Choice | None = None,
    beyond: Flags | None = None,
) -> Plan:
    """The plan that a search finds, its figures recomputed from its sites alone."""
    found = find(asked, means, asked.choice if choice is None else choice)
    figures = means.figures(found.plan)
    sites = np.flatnonzero(found.plan)
    sites = sites[np.argsort(-figures.served[sites], kind="stable")]
    plan = Plan(
        question=asked.question,
        standard=standard,
        unit=asked.unit,
        larger_is_better=means.sign > 0,
        opened=tuple(str(asked.to_candidates.facility_ids[j]) for j in sites),
        sites=sites,
        served=figures.served[sites],
        only=figures.only[sites],
        gained=figures.gained,
        **found.ended,
        beyond=np.zeros(len(asked.demand.ids), bool) if beyond is None else beyond,
        candidates=asked.to_candidates.facility_ids,
        again=lambda limits: answer(asked, means, standard, limited(asked.choice, limits), beyond),
    )
    log.info("%s: %s, %.2f s", asked.question, plan, plan.seconds)
    return plan


def _why_none(asked: Asked, choice: Choice, means: Means, feasible: bool, in_words: Callable[[Limit], str]) -> str:
    """Why there is no plan: the time was over, or the rules that no plan keeps together, none of them needlessly."""
    if feasible:
        return (
            f"No plan was found in {asked.effort.time_limit_s:g} s, and none was proven impossible. "
            "Allow more time, or loosen the rules."
        )
    if means.possible is None:
        return "No plan keeps all these rules."
    limits = len(choice.limits)

    def possible(kept: Sequence[int]) -> bool:
        assert means.possible is not None  # noqa: S101  (it was just looked at)
        under = replace(choice, limits=tuple(choice.limits[k] for k in kept if k < limits))
        return means.possible(under, [k - limits for k in kept if k >= limits])

    every = [*map(in_words, choice.limits), *means.floors]
    names = [every[k] for k in irreducible(len(every), possible)]
    if not names:
        return "No plan keeps all these rules, and no single one of them can be blamed."
    return f"No plan keeps these rules together: {'; '.join(names)}. Loosen one of them."


def irreducible(count: int, possible: Callable[[Sequence[int]], bool]) -> list[int]:
    """Positions of requirements that cannot be met together, none of them needlessly: each is left out in turn.

    `possible` tells whether those at some positions can be. Chinneck & Dravnieks (1991), Locating minimal infeasible
    constraint sets in linear programs: the deletion filter.
    """
    left = list(range(count))
    for each in range(count):
        without = [k for k in left if k != each]
        if not possible(without):
            left = without
    return left


def limited(choice: Choice, limits: Sequence[Limit]) -> Choice:
    """A choice under more limits; those of a single site settle it."""
    always, never, others = np.zeros(choice.m, bool), np.zeros(choice.m, bool), []
    for limit in limits:
        if len(limit.site) == 1 and limit.least >= 1:
            always[limit.site] = True
        elif len(limit.site) == 1 and limit.most < 1:
            never[limit.site] = True
        else:
            others.append(limit)
    return choice.settled(always, never).with_limits(*others)
