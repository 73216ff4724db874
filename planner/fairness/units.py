"""How far the people of each unit are served, and whether some plan serves every unit so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError
from planner.means import all_whole
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Enough, Limit
from planner.reach import Reach
from planner.rules import Effort, Floor, Rules
from planner.standards import Standard

if TYPE_CHECKING:
    from planner.optimise.gains import Gains
    from planner.optimise.problem import Problem

DOUBTS = 3  # steps that may stay undecided, on either side
STEP = 0.25  # of the time left, for one step

Sites = NDArray[np.int64]
Decided = tuple[bool, Sites | None]  # whether it was decided, and sites that do what was asked


def asked_of_units(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    standing: Reach | None,
    weights: Mapping[str, float] | None,
    new_sites: int | None,
    rules: Rules,
    effort: Effort,
) -> Asked:
    """A question about how far each unit is served, refused where there are no units or other floors."""
    asked = Asked("cover_most_people", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(standard=standard)
    if demand.units is None:
        raise QuestionError("This demand has no units of which one could be the worst. Give it units.")
    if rules.floors:
        raise QuestionError("Floors are what is looked for here. Leave them out, or ask cover_most_people.")
    return asked


class UnitShares:
    """The units where people live, and how far their people are served."""

    def __init__(self, asked: Asked, standard: Standard) -> None:
        demand = asked.demand
        people = demand.by_unit(asked.people)[:-1]
        lived_in = np.flatnonzero(people > 0)
        at = np.full(len(people) + 1, len(lived_in))
        at[lived_in] = np.arange(len(lived_in))
        self.asked = asked
        self.until = perf_counter() + asked.effort.time_limit_s  # when all steps together have had their time
        self.reach = asked.to_candidates.within(standard.walk_limit)
        self.unit = at[demand.unit_or_none]  # (n,)  u = in no unit
        self.people = people[lived_in]  # (u,)
        self.names: NDArray[np.str_] = demand.units.names[lived_in] if demand.units else np.empty(0, np.str_)
        self.lacking = asked.lacking(standard.walk_limit)
        self.had = self._within(~self.lacking)
        self.highest = self._within(self._served(~asked.choice.shut)) / self.people  # (u,)
        self.known = np.zeros(asked.m, bool)  # (m,)  the last plan found that lifts every unit so far
        self.ceiling = float(self.highest.max(initial=0.0))

    def __len__(self) -> int:
        return len(self.people)

    def _within(self, places: Flags) -> Floats:
        """(u,) the people of some places (n,)."""
        return np.bincount(self.unit, self.asked.people * places, len(self.people) + 1)[:-1].astype(np.float64)

    def _served(self, opened: Flags) -> Flags:
        """(n,) the places served by what stands and by open sites (m,)."""
        return ~self.lacking | (self.reach.only(opened).facilities_in_reach > 0)

    def shares(self, sites: Sites) -> Floats:
        """(u,) the share of the people of each unit served with these sites."""
        return self._within(self._served(np.isin(np.arange(self.asked.m), sites))) / self.people

    def worst(self, sites: Sites) -> float:
        """The smallest share of a unit in which more could be had."""
        share = self.shares(sites)
        return float(np.where(share >= self.highest * (1 - EXACT), np.inf, share).min(initial=self.ceiling))

    def between(self, low: float, high: float) -> bool:
        """Whether the share of some unit could lie above one and below or at the other."""
        least = 1 if all_whole(self.asked.people) else 1e-3 * self.people
        following = (np.floor(low * self.people / least * (1 + EXACT) + EXACT) + 1) * least / self.people
        return bool((following <= np.minimum(high, self.highest) * (1 - EXACT)).any())

    def narrowed(
        self, low: float, high: float, ask: Callable[[float], tuple[bool, float | None]]
    ) -> tuple[float, float]:
        """The largest share that was found to be had, from one that is had, and one beyond any plan.

        `ask` tells of a share whether it was decided if it can be had, and how much can, that or more. The interval
        is halved; on either side of a step that is decided neither way it is halved again, a few times.
        """
        unsure = high
        doubtful, misses = low, 0
        while self.between(low, unsure) and misses < DOUBTS:
            middle = (low + unsure) / 2
            decided, had = ask(middle)
            if had is not None:
                low = max(middle, had)
                continue
            unsure = middle
            if decided:
                high = min(high, middle)
            else:
                doubtful, misses = max(doubtful, middle), misses + 1
        while misses and self.between(doubtful, high) and misses < 2 * DOUBTS:
            middle = (max(doubtful, low) + high) / 2
            decided, had = ask(middle)
            if had is not None:
                low = doubtful = max(middle, had)
            elif decided:
                high = middle
            else:
                doubtful, misses = middle, misses + 1
        return low, high

    def floors(self, share: float) -> list[Floor]:
        """At least this share of every unit, or the most that can be had in it."""
        return [
            Floor(name, self.unit == u, min(share, float(self.highest[u])) * (1 - EXACT))
            for u, name in enumerate(self.names.tolist())
        ]

    def lift_all(self, share: float) -> tuple[bool, float | None]:
        """Whether it was decided if every unit can have this share, or the most it can have; and the worst share."""
        decided, sites = self.find(Levels(self, np.minimum(share, self.highest)))
        return decided, None if sites is None else self.worst(sites)

    def find(self, levels: "Levels") -> Decided:
        """Whether it was decided if these levels can be kept, and sites that keep them.

        Asked as the fewest sites, or the cheapest, that do: whether so many are allowed is soon known. Each time it is
        given a part of what all have left of the time limit.
        """
        from planner.optimise.engine import maximise  # noqa: PLC0415  (PuLP takes half a second to load)

        asked = self.asked
        allowed, *others = sorted(asked.choice.limits, key=lambda limit: limit.name not in {"new_sites", "budget"})
        cost = np.zeros(asked.m)
        cost[allowed.site] = allowed.amount
        problem = levels.problem(replace(asked.choice, limits=tuple(others)), cost)
        incumbent = Enough(
            max(STEP * (self.until - perf_counter()), 1e-3), whole=all_whole(cost), most=allowed.most * (1 + EXACT)
        )
        feasible = maximise(problem, incumbent)
        plan = incumbent.plan[: asked.m] if incumbent.found and incumbent.plan is not None else None
        if plan is not None:
            self.known = plan
        return not feasible or incumbent.beyond, None if plan is None else np.flatnonzero(plan)


@dataclass(frozen=True)
class Levels:
    """What every unit must have, and levels below which so many units may stay.

    A unit u that may stay below a level has a site of its own that serves nobody but makes up for what u lacks of it,
    and a level has a limit on such sites:

        Σ_{i in u} w_i z_i + (level − least_u) W_u e_u ≥ level W_u,   Σ_u e_u ≤ spare,   e_u ∈ {0, 1}

    Ogryczak & Śliwiński (2006), On direct methods for lexicographic min-max optimization.
    """

    units: UnitShares
    least: Floats  # (u,)  share that each unit must have
    unit: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (e,)  that may stay below …
    level: Floats = field(default_factory=lambda: np.empty(0))  # (e,)  … this share
    spare: Mapping[float, int] = field(default_factory=dict)  # of each level: how many units may

    @classmethod
    def of(cls, units: UnitShares, levels: Sequence[tuple[float, int]]) -> "Levels":
        """From ascending shares, and how many units may have less: those that never can are among them."""
        least, spare = np.zeros(len(units)), {}
        may: list[tuple[int, float]] = []
        for level, below in levels:
            can = units.highest >= level * (1 - EXACT)
            left = below - int((~can).sum())
            if left <= 0:
                least[can] = level
            else:
                spare[level] = left
                may += [(u, level) for u in np.flatnonzero(can).tolist()]
        may = [(u, level) for u, level in may if level > least[u]]
        return cls(units, least, np.array([u for u, _ in may], np.int64), np.array([s for _, s in may]), spare)

    def problem(self, choice: Choice, cost: Floats, *, counted: bool = False) -> "Problem":
        """The plan of the smallest cost (m,) that keeps the levels; of people too, where they are `counted`."""
        from planner.optimise.problem import Problem  # noqa: PLC0415

        units, m, e = self.units, choice.m, len(self.unit)
        here = units.people[self.unit]
        floor = np.concatenate([self.least * units.people, self.level * here]) * (1 - EXACT)
        floor -= np.concatenate([units.had, units.had[self.unit]])
        width = len(units) + 1 + e
        speaks = np.vstack([np.eye(len(units), width), np.eye(len(units), width)[self.unit]])
        speaks[len(units) + np.arange(e), len(units) + 1 + np.arange(e)] = 1.0
        of_people = np.arange(width) <= len(units)
        spared = [
            Limit(f"spared_{k}", m + np.flatnonzero(self.level == level), np.ones(int((self.level == level).sum())))
            for k, level in enumerate(self.spare)
        ]
        limits = [replace(limit, most=float(most)) for limit, most in zip(spared, self.spare.values(), strict=True)]
        none = np.zeros(e, bool)
        wide = Choice(
            np.concatenate([choice.keep, none]),
            np.concatenate([choice.shut, none]),
            (*choice.limits, *(limit for limit in limits if len(limit.site))),
        )
        weight = np.where(of_people, float(counted), 0.0)
        return Problem(self._gains, wide, np.concatenate([cost, np.zeros(e)]), weight, floor, speaks)

    @property
    def _gains(self) -> "Gains":
        from planner.optimise.gains import Gains  # noqa: PLC0415

        units, e, reach = self.units, len(self.unit), self.units.reach
        return Gains.of(
            np.concatenate(
                [
                    np.where(units.lacking, units.asked.people, 0.0),
                    (self.level - self.least[self.unit]) * units.people[self.unit],
                ]
            ),
            np.concatenate([reach.indptr, reach.indptr[-1] + 1 + np.arange(e)]).astype(np.int64),
            np.concatenate([reach.facility, units.asked.m + np.arange(e)]).astype(np.int64),
            units.asked.m + e,
            None,
            np.concatenate([units.unit, len(units) + 1 + np.arange(e)]).astype(np.int64),
        )

    def spared(self, plan: Flags) -> Flags:
        """(m + e,) a plan (m,) with the units that stay below a level."""
        below = self.units.shares(np.flatnonzero(plan))[self.unit] < self.level * (1 - EXACT)
        return np.concatenate([plan, below])
