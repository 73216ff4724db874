"""The plan that lifts one unit after the other, the worst first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner.answer import Means, answer
from planner.asked import Asked
from planner.demand import Demand
from planner.fairness.units import Levels, Sites, UnitShares, asked_of_units
from planner.means import all_whole, answer_most_people, covered_by, search_gains
from planner.network import Flags, Floats
from planner.optimise.choice import EXACT, Choice, Incumbent
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard

if TYPE_CHECKING:
    from planner.optimise.problem import Problem


@dataclass(frozen=True)
class InTurn:
    """The plan under which the worst unit is served best, then the next worst, and so on."""

    plan: Plan  # of those that lift the units so far, the one that serves most people
    most: Plan  # the one that serves most people, whomever it leaves
    names: tuple[str, ...]  # (u,)  the units where people live, the worst served with `plan` first
    shares: Floats  # (u,)  of the people of each that are served with it
    proven: int  # so many of the first shares, as a sorted list, no plan betters
    bound: float  # no plan that keeps these makes the next share larger; 1 where all are proven

    @property
    def price(self) -> float:
        """People that the plan serves fewer than the one that serves most."""
        return self.plan.worse_than(self.most)

    def __str__(self) -> str:
        worst = f"worst units {', '.join(f'{share:.1%}' for share in self.shares[:3])}" if self.names else "no units"
        return (
            f"{worst}; {self.proven} of {len(self.names)} shares proven best, for {self.price:,.0f} people fewer in all"
        )


def lift_in_turn(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> InTurn:
    """The new sites under which the worst unit is served best; of these, the second worst; and so on to the last.

    Of the shares of all units, sorted from the smallest, the list is the lexicographically largest that any plan has.
    Step k seeks the largest t of which some plan leaves k units below, and no more units than before below the
    shares found before. Whoever is k-th may be another unit under each plan, so no unit is fixed by name. Of
    all plans that do so, the one is taken that serves the most people. All steps share the time limit of `effort`,
    which the last is given once more; where it runs out, `proven` tells how many shares are proven.

    Ogryczak (1997), On the lexicographic minimax approach to location problems.
    """
    asked = asked_of_units(demand, to_candidates, standard, standing, weights, new_sites, rules, effort)
    most = answer_most_people(asked, standard)
    units = UnitShares(asked, standard)
    found, levels, proven, bound = most.sites, list[tuple[float, int]](), 0, 1.0
    for k, ceiling in enumerate(np.sort(units.highest).tolist()):

        def ask(share: float, k: int = k) -> tuple[bool, float | None]:
            nonlocal found
            wanted = Levels.of(units, [*levels, (share, k)])
            decided, sites = units.find(wanted)
            if sites is None:
                return decided, None
            found = sites
            return decided, float(np.sort(units.shares(sites))[k])

        low, high = units.narrowed(float(np.sort(units.shares(found))[k]), ceiling, ask)
        if not levels or low > levels[-1][0] * (1 + EXACT):
            levels.append((low, k))
        if units.between(low, high):
            bound = high
            break
        proven += 1
    plan = _most_people(asked, standard, Levels.of(units, levels), found)
    share = units.shares(plan.sites)
    order = np.argsort(share, kind="stable")
    return InTurn(plan, most, tuple(units.names[order].tolist()), share[order], proven, bound)


def _most_people(asked: Asked, standard: Standard, levels: Levels, known: Sites) -> Plan:
    """Of the plans that keep the levels the one that serves the most people; `known` are the sites of one."""
    units, m = levels.units, asked.m
    first = levels.spared(np.isin(np.arange(m), known))

    def problem(choice: Choice) -> "Problem":
        return levels.problem(choice, np.zeros(m), counted=True)

    def quick(choice: Choice, incumbent: Incumbent) -> None:
        if problem(choice).allows(first):
            incumbent.offer(first, problem(choice).value(first))

    widely = search_gains(problem, whole=all_whole(asked.people), quick=quick)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        inner = Incumbent(incumbent.time_limit_s, incumbent.gap, tell=incumbent.tell)
        feasible = widely(choice, inner)
        incumbent.solvers, incumbent.value, incumbent.bound = inner.solvers, inner.value, inner.bound
        incumbent.plan = None if inner.plan is None else inner.plan[:m]
        return feasible

    def gained(plan: Flags) -> float:
        return float(units.asked.people[units.lacking & (units.reach.only(plan).facilities_in_reach > 0)].sum())

    return answer(
        asked,
        Means(search, gained, lambda plan: covered_by(asked, units.reach, plan, units.lacking)),
        standard,
    )
