"""Plans that look to those worst off, and what that costs everybody together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError
from planner.means import all_whole, answer_by_gains
from planner.network import Flags, Floats
from planner.optimise.choice import EXACT, Incumbent
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Floor, Rules
from planner.siting import cover_most_people
from planner.standards import Standard

DOUBTS = 3  # steps that may stay undecided, on either side


@dataclass(frozen=True)
class Fairest:
    """The plan under which the worst unit is served best, beside the one that serves most people."""

    plan: Plan  # of those that lift the worst unit so far, the one that serves most people
    most: Plan  # the one that serves most people, whomever it leaves
    worst_share: float  # t with `plan`: the share of the worst unit of which more people could be served
    worst_share_of_most: float  # with `most`
    worst_bound: float  # no plan of the same rules has a larger t
    worst: tuple[str, ...]  # the units that are no better off than t
    beyond: tuple[str, ...]  # of them those in which no plan could serve so many

    @property
    def price(self) -> float:
        """People that the plan serves fewer than the one that serves most."""
        return self.plan.worse_than(self.most)

    def __str__(self) -> str:
        proven = "proven best" if self.worst_bound - self.worst_share <= EXACT else f"at most {self.worst_bound:.1%}"
        return (
            f"worst unit {self.worst_share:.1%} instead of {self.worst_share_of_most:.1%} ({proven}), "
            f"for {self.price:,.0f} people fewer in all"
        )


def lift_worst(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Fairest:
    """The new sites that lift the unit in which the smallest share of the people is served as far as can be.

    The largest t is sought at which every unit has at least the share t, or the most that any plan could bring it;
    then, of all plans that do so, the one that serves the most people. Units where nobody lives do not matter. A
    share is a whole number of people, so the search ends when none is left between what is reached and what is proven
    impossible, or when `effort`, which each step is given, has left several steps undecided.

    Ogryczak (1997), On the lexicographic minimax approach to location problems.
    """
    asked = Asked("cover_most_people", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(standard=standard)
    if demand.units is None:
        raise QuestionError("This demand has no units of which one could be the worst. Give it units.")
    if rules.floors:
        raise QuestionError("Floors are what is looked for here. Leave them out, or ask cover_most_people.")
    most = cover_most_people(
        *(demand, to_candidates, standard),
        new_sites=new_sites,
        standing=standing,
        weights=weights,
        rules=rules,
        effort=effort,
    )
    units = _Units(asked, standard)
    before = units.worst(most.sites)
    best, low, high = most, *units.narrowed(before)
    proven = not units.between(low, high)
    if low > before:
        lifted = replace(asked, rules=replace(rules, floors=tuple(units.floors(low))))
        people = np.where(units.lacking, asked.people, 0.0)
        best = answer_by_gains(
            lifted,
            units.reach,
            people,
            had=asked.people - people,
            standard=standard,
            lacking=units.lacking,
            start=units.known,
        )
    worst, share = units.worst(best.sites), units.shares(best.sites)
    return Fairest(
        plan=best,
        most=most,
        worst_share=worst,
        worst_share_of_most=before,
        worst_bound=worst if proven else high,
        worst=tuple(units.names[share <= worst * (1 + EXACT)].tolist()),
        beyond=tuple(units.names[units.highest < worst * (1 - EXACT)].tolist()),
    )


class _Units:
    """The units where people live, and how far their people are served."""

    def __init__(self, asked: Asked, standard: Standard) -> None:
        demand = asked.demand
        people = demand.by_unit(asked.people)[:-1]
        lived_in = np.flatnonzero(people > 0)
        at = np.full(len(people) + 1, len(lived_in))
        at[lived_in] = np.arange(len(lived_in))
        self.asked = asked
        self.reach = asked.to_candidates.within(standard.limit_m)
        self.unit = at[demand.unit_or_none]  # (n,)  u = in no unit
        self.people = people[lived_in]  # (u,)
        self.names: NDArray[np.str_] = demand.units.names[lived_in] if demand.units else np.empty(0, np.str_)
        self.lacking = asked.lacking(standard.limit_m)
        self.had = self._within(~self.lacking)
        self.highest = self._within(self._served(~asked.choice.shut)) / self.people  # (u,)
        self.known = np.zeros(asked.m, bool)  # (m,)  the last plan found that lifts every unit so far
        self.ceiling = float(self.highest.max(initial=0.0))

    def _within(self, places: Flags) -> Floats:
        """(u,) the people of some places (n,)."""
        return np.bincount(self.unit, self.asked.people * places, len(self.people) + 1)[:-1].astype(np.float64)

    def _served(self, opened: Flags) -> Flags:
        """(n,) the places served by what stands and by open sites (m,)."""
        return ~self.lacking | (self.reach.only(opened).facilities_in_reach > 0)

    def shares(self, sites: NDArray[np.int64]) -> Floats:
        """(u,) the share of the people of each unit served with these sites."""
        return self._within(self._served(np.isin(np.arange(self.asked.m), sites))) / self.people

    def worst(self, sites: NDArray[np.int64]) -> float:
        """The smallest share of a unit in which more could be had."""
        share = self.shares(sites)
        return float(np.where(share >= self.highest * (1 - EXACT), np.inf, share).min(initial=self.ceiling))

    def between(self, low: float, high: float) -> bool:
        """Whether the share of some unit could lie above one and below or at the other."""
        least = 1 if all_whole(self.asked.people) else 1e-3 * self.people
        following = (np.floor(low * self.people / least * (1 + EXACT) + EXACT) + 1) * least / self.people
        return bool((following <= np.minimum(high, self.highest) * (1 - EXACT)).any())

    def narrowed(self, low: float) -> tuple[float, float]:
        """The largest share that every unit was found to reach, from one that is reached, and one beyond any plan.

        The interval is halved; on either side of a step that is decided neither way it is halved again, a few times.
        """
        high = unsure = self.ceiling
        doubtful, misses = low, 0
        while self.between(low, unsure) and misses < DOUBTS:
            middle = (low + unsure) / 2
            decided, sites = self.reach_all(middle)
            if sites is not None:
                low = max(middle, self.worst(sites))
                continue
            unsure = middle
            if decided:
                high = min(high, middle)
            else:
                doubtful, misses = max(doubtful, middle), misses + 1
        while misses and self.between(doubtful, high) and misses < 2 * DOUBTS:
            middle = (max(doubtful, low) + high) / 2
            decided, sites = self.reach_all(middle)
            if sites is not None:
                low = doubtful = max(middle, self.worst(sites))
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

    def reach_all(self, share: float) -> tuple[bool, NDArray[np.int64] | None]:
        """Whether it was decided if every unit can have this share, and sites that bring it.

        Asked as the fewest sites, or the cheapest, that bring it: whether so many are allowed is soon known.
        """
        from planner.optimise.engine import maximise  # noqa: PLC0415  (PuLP takes half a second to load)
        from planner.optimise.gains import Gains  # noqa: PLC0415
        from planner.optimise.problem import Problem  # noqa: PLC0415

        asked, m = self.asked, self.asked.m
        allowed, *others = sorted(asked.choice.limits, key=lambda limit: limit.name not in {"new_sites", "budget"})
        cost = np.zeros(m)
        cost[allowed.site] = allowed.amount
        people = np.where(self.lacking, asked.people, 0.0)
        site = self.reach.facility.astype(np.int64)
        gains = Gains.of(people, self.reach.indptr.astype(np.int64), site, m, None, self.unit)
        floor = np.minimum(share, self.highest) * self.people * (1 - EXACT) - self.had
        speaks = np.eye(len(self.people), gains.parts)
        problem = Problem(
            gains, replace(asked.choice, limits=tuple(others)), cost, np.zeros(gains.parts), floor, speaks
        )
        incumbent = _Within(asked.effort.time_limit_s, whole=all_whole(cost), most=allowed.most * (1 + EXACT))
        feasible = maximise(problem, incumbent)
        plan = incumbent.plan if incumbent.within else None
        if plan is not None:
            self.known = plan
        return not feasible or incumbent.beyond, None if plan is None else np.flatnonzero(plan)


@dataclass
class _Within(Incumbent):
    """A search that ends once it knows whether some plan costs no more than allowed."""

    most: float = np.inf

    @property
    def within(self) -> bool:
        """Whether a plan was found that does not."""
        return self.plan is not None and -self.value <= self.most

    @property
    def beyond(self) -> bool:
        """Whether it is proven that every plan does."""
        return -self.bound > self.most

    @property
    def closed(self) -> bool:
        """Whether either is known."""
        return self.within or self.beyond or super().closed
