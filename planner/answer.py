"""From a question in words to a programme's arrays, and from its answer to a Plan. No question is asked here."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

import numpy as np

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice, Incumbent, Limit
from planner.plan import PROVEN, Plan
from planner.reach import Reach
from planner.rules import Effort, Floor, Rules, effort_faults, rule_faults
from planner.standards import Standard

log = logging.getLogger(__name__)

OURS = "greedy, exchanges and prices"  # where no solver was needed
COVERING = ("cover_most_people", "cover_gradually", "open_fewest_sites")


@dataclass(frozen=True)
class Asked:
    """A question with everything that all questions share."""

    question: str
    unit: str
    demand: Demand
    to_candidates: Reach
    standing: Reach | None
    weights: Mapping[str, float] | None
    new_sites: int | None
    rules: Rules
    effort: Effort

    def check(self, standard: Standard | None = None, up_to_m: float | None = None) -> None:
        """Refuse what contradicts itself, all faults at once."""
        faults = [
            *self._reach_faults(standard, up_to_m),
            *rule_faults(self.rules, self.to_candidates.facility_ids, self.new_sites, standard, len(self.demand.ids)),
            *self._weight_faults(),
            *effort_faults(self.effort),
        ]
        if self.new_sites is None and self.rules.budget is None and self.question != "open_fewest_sites":
            faults.append("Neither a number of new sites nor a budget is given. Give one of them.")
        if self.rules.floors and self.question not in COVERING:
            faults.append(
                f"Floors speak of people covered, and {self.question} covers nobody within a standard "
                f"({first(floor.name for floor in self.rules.floors)}). Ask {' or '.join(COVERING)}, or leave them out."
            )
        if faults:
            raise QuestionError("\n".join(faults))

    @property
    def m(self) -> int:
        """How many candidates there are."""
        return len(self.to_candidates.facility_ids)

    @cached_property
    def people(self) -> Floats:
        """(n,) how much each place counts: its first group, or its groups by their weights."""
        if self.weights is None:
            return self.demand.people[:, 0]
        each = np.array([self.weights.get(group, 0.0) for group in self.demand.groups])
        return np.asarray(self.demand.people @ each)

    @cached_property
    def choice(self) -> Choice:
        """The rules and the number of new sites, for the programmes."""
        return self.rules.choice(self.to_candidates.facility_ids, self.new_sites)

    def lacking(self, limit_m: float) -> Flags:
        """(n,) the places with no standing facility within the limit."""
        if self.standing is None:
            return np.ones(len(self.demand.ids), bool)
        lacking: Flags = self.standing.within(limit_m).facilities_in_reach == 0
        return lacking

    def _reach_faults(self, standard: Standard | None, up_to_m: float | None) -> Iterator[str]:
        """What keeps these reaches from answering for this demand, this standard or this distance."""
        who, limit = ("the question", up_to_m) if standard is None else (standard.id, standard.limit_m)
        for what, reach in (("candidates", self.to_candidates), ("standing facilities", self.standing)):
            if reach is None:
                continue
            ids = self.demand.ids
            if len(reach.demand_ids) != len(ids) or (reach.demand_ids != ids).any():
                yield (
                    f"The reach to the {what} is of {len(reach.demand_ids)} places ({first(reach.demand_ids)}), not of "
                    f"the {len(ids)} of this demand ({first(ids)}). Measure it for this demand."
                )
            if limit is not None and reach.unit != "m":
                yield f"The reach to the {what} is measured in seconds, and {who} asks for metres. Measure those."
            elif limit is not None and reach.limit < limit:
                yield (
                    f"The reach to the {what} was measured up to {reach.limit:g} m, and {who} asks for "
                    f"{limit:g} m. Measure again up to {limit:g} m."
                )
        if self.standing is not None and self.standing.metric != self.to_candidates.metric:
            yield (
                f"Candidates are measured by {self.to_candidates.metric!r} and standing facilities by "
                f"{self.standing.metric!r}. Measure both the same way."
            )

    def _weight_faults(self) -> Iterator[str]:
        weights = self.weights or {}
        if unknown := sorted(set(weights) - set(self.demand.groups)):
            yield (
                f"{len(unknown)} weights are of no group of this demand ({first(unknown)}). "
                f"Weigh {', '.join(self.demand.groups)}."
            )
        if bad := sorted(group for group, weight in weights.items() if not 0 <= weight < np.inf):
            yield f"{len(bad)} weights are negative or missing ({first(bad)}). Give 0 or more."
        if self.weights is not None and not any(weights.values()):
            yield "No group weighs anything. Give at least one weight above 0."


COVERING = ("cover_most_people", "cover_gradually", "open_fewest_sites")


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


def answer_by_gains(
    asked: Asked,
    reach: Reach,
    people: Floats,
    *,
    had: Floats,
    worth: Floats | None = None,
    standard: Standard | None = None,
    share: float | None = None,
    walked: float | None = None,
) -> Plan:
    """The plan from which `people` (n,) gain most: each `worth` (entries,) from the best open site in reach.

    `had` (n,) are the people that standing facilities serve already: floors count them. With `share` the plan is
    the cheapest that serves so much of all people. With `walked`, the person-metres of today, the objective is what
    is left of these.
    """
    from planner.optimise.engine import maximise  # noqa: PLC0415  (PuLP takes half a second to load)
    from planner.optimise.gains import Gains  # noqa: PLC0415
    from planner.optimise.problem import Problem  # noqa: PLC0415
    from planner.optimise.search import earliest, useful  # noqa: PLC0415

    helps = np.ones(len(reach.facility), bool) if worth is None else worth > 0
    indptr = np.concatenate([[0], np.cumsum(helps)])[reach.indptr].astype(np.int64)
    site, worth = reach.facility[helps].astype(np.int64), None if worth is None else worth[helps]
    part, speaks = _parts(asked.rules.floors, len(people))
    gains = Gains.of(people, indptr, site, asked.m, worth, part)
    floor = [f.share * float(asked.people[f.places].sum()) - float(had[f.places].sum()) for f in asked.rules.floors]
    names = [f"floor {f.name!r} ({f.share:.1%} of its people)" for f in asked.rules.floors]
    counted, cost = np.ones(speaks.shape[1]), np.zeros(asked.m)
    if share is not None:
        counted, cost = 0 * counted, costs_of(asked)
        floor.append(share * float(asked.people.sum()) - float(had.sum()))
        speaks = np.vstack([speaks, np.ones(speaks.shape[1])])
        names.append(f"the share asked for ({share:.1%} of all people)")
    whole = _whole(cost) if share is not None else worth is None and _whole(people)

    def problem(choice: Choice) -> Problem:
        return Problem(gains, choice, cost, counted, np.array(floor, np.float64), speaks)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        here, incumbent.whole = problem(choice), whole
        feasible = maximise(here, incumbent)
        if incumbent.plan is not None:
            incumbent.plan = earliest(here, useful(here, incumbent.plan))
        return feasible

    def possible(choice: Choice, of: Sequence[int]) -> bool:
        idle = Problem(gains, choice, 0 * cost, 0 * counted, np.array(floor)[list(of)], speaks[list(of)])
        return maximise(idle, Incumbent(asked.effort.time_limit_s))

    def figures(plan: Flags) -> Figures:
        best = np.zeros(len(people))
        entry = plan[site]
        row = np.repeat(np.arange(len(people)), np.diff(indptr))[entry]
        np.maximum.at(best, row, 1.0 if worth is None else worth[entry])
        gained = (best > 0) & ((people > 0) | (had == 0))
        nearest = reach.only(plan).nearest()[1]
        only = np.zeros(asked.m)
        only[plan] = [gains.total(plan) - gains.total(_without(plan, j)) for j in np.flatnonzero(plan)]
        return Figures(people_by_site(nearest[gained], people[gained], asked.m), only, gained)

    shift = 0.0 if walked is None else walked
    sign = 1 if share is None and walked is None else -1
    return answer(
        asked,
        Means(
            search, lambda plan: shift + sign * problem(asked.choice).value(plan), figures, sign, shift, possible, names
        ),
        standard,
    )


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
    feasible = means.search(here, incumbent)
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


def answer_everybody(asked: Asked, reach: Reach, lacking: Flags, standard: Standard) -> Plan:
    """The cheapest plan that covers every lacking place (n,) with people that some candidate reaches."""
    from planner.optimise.set_covering import cover_all  # noqa: PLC0415

    open_to = reach.only(~asked.choice.shut)
    wanted = lacking & (asked.people > 0)
    beyond = wanted & (open_to.facilities_in_reach == 0)
    rows = np.flatnonzero(wanted & ~beyond)
    entry = np.isin(reach.place, rows)
    indptr = np.concatenate([[0], np.cumsum(np.diff(reach.indptr)[rows])]).astype(np.int64)
    site, cost = reach.facility[entry].astype(np.int64), costs_of(asked)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        incumbent.whole = _whole(cost)
        return cover_all(indptr, site, cost, choice, incumbent)

    def possible(choice: Choice, _: Sequence[int]) -> bool:
        return cover_all(indptr, site, 0 * cost, choice, Incumbent(asked.effort.time_limit_s))

    means = Means(
        search,
        lambda plan: float(cost[plan].sum()),
        lambda plan: covered_by(asked, reach, plan, lacking),
        sign=-1,
        possible=possible,
    )
    return answer(asked, means, standard, beyond=beyond)


def answer_longest(asked: Asked, reach: Reach) -> Plan:
    """The plan under which the longest walk of anybody is shortest."""
    from planner.optimise.centre import smallest_radius  # noqa: PLC0415
    from planner.optimise.set_covering import cover_all  # noqa: PLC0415

    today = np.full(len(asked.people), np.inf) if asked.standing is None else asked.standing.nearest()[0]
    open_to = reach.only(~asked.choice.shut)
    lost = (asked.people > 0) & (open_to.facilities_in_reach == 0) & ~np.isfinite(today)
    if lost.any():
        raise QuestionError(f"{unreached(asked, reach.limit, lost)}. Measure further, or bring candidates near them.")
    rows = np.flatnonzero(asked.people > 0)
    entry = np.isin(reach.place, rows)
    indptr = np.concatenate([[0], np.cumsum(np.diff(reach.indptr)[rows])]).astype(np.int64)
    site, distance = reach.facility[entry].astype(np.int64), reach.distance[entry]

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        return smallest_radius(indptr, site, distance, choice, incumbent, already=today[rows])

    def longest(plan: Flags) -> float:
        return float(np.minimum(today, reach.only(plan).nearest()[0])[rows].max(initial=0.0))

    def figures(plan: Flags) -> Figures:
        away, which = reach.only(plan).nearest()
        gained = away < today
        only = np.zeros(asked.m)
        only[plan] = [longest(_without(plan, j)) - longest(plan) for j in np.flatnonzero(plan)]
        return Figures(people_by_site(which[gained], asked.people[gained], asked.m), only, gained)

    def possible(choice: Choice, _: Sequence[int]) -> bool:
        near = np.isfinite(today[rows])
        kept = np.repeat(~near, np.diff(indptr))
        starts = np.concatenate([[0], np.cumsum(np.diff(indptr)[~near])]).astype(np.int64)
        return cover_all(starts, site[kept], np.zeros(asked.m), choice, Incumbent(asked.effort.time_limit_s))

    return answer(asked, Means(search, longest, figures, sign=-1, possible=possible))


def answer_twice(asked: Asked, reach: Reach, standard: Standard) -> Plan:
    """The plan that brings the most people within the limit of two facilities, standing ones counted."""
    from planner.optimise.twice import cover_twice  # noqa: PLC0415

    had = np.zeros(len(asked.people), np.int64)
    if asked.standing is not None:
        had = np.minimum(asked.standing.within(standard.limit_m).facilities_in_reach, 2)
    people = np.where(had < 2, asked.people, 0.0)  # noqa: PLR2004  (two facilities)
    site = reach.facility.astype(np.int64)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        incumbent.whole = _whole(people)
        return cover_twice(people, reach.indptr, site, 2 - had, choice, incumbent)

    def twice(plan: Flags) -> Flags:
        return (had < 2) & (had + reach.only(plan).facilities_in_reach >= 2)  # noqa: PLR2004

    def gain(plan: Flags) -> float:
        return float(people[twice(plan)].sum())

    def figures(plan: Flags) -> Figures:
        gained, nearest = twice(plan), reach.only(plan).nearest()[1]
        only = np.zeros(asked.m)
        only[plan] = [gain(plan) - gain(_without(plan, j)) for j in np.flatnonzero(plan)]
        return Figures(people_by_site(nearest[gained], people[gained], asked.m), only, gained)

    def possible(choice: Choice, _: Sequence[int]) -> bool:
        return cover_twice(0 * people, reach.indptr, site, 2 - had, choice, Incumbent(asked.effort.time_limit_s))

    return answer(asked, Means(search, gain, figures, possible=possible), standard)


def covered_by(asked: Asked, reach: Reach, plan: Flags, lacking: Flags) -> Figures:
    """Who gains cover from a plan (m,), by the nearest site, and who would lose it without one site alone."""
    built = reach.only(plan)
    gained = lacking & (built.facilities_in_reach > 0)
    alone = gained & (built.facilities_in_reach == 1)
    nearest = built.nearest()[1]
    served = people_by_site(nearest[gained], asked.people[gained], asked.m)
    return Figures(served, people_by_site(nearest[alone], asked.people[alone], asked.m), gained)


def costs_of(asked: Asked) -> Floats:
    """(m,) what each candidate costs; 1 where the rules do not say."""
    return np.ones(asked.m) if asked.rules.cost is None else np.asarray(asked.rules.cost, np.float64)


def people_by_site(site: Integers, people: Floats, m: int) -> Floats:
    """(m,) the people of each site."""
    return np.bincount(site, weights=people, minlength=m).astype(np.float64)


def unreached(asked: Asked, limit: float, places: Flags) -> str:
    """The first of some places (n,), how many live there, and the candidate nearest to each as far as is known."""
    at = np.flatnonzero(places)
    at = at[np.argsort(-asked.people[at], kind="stable")]
    distance, which = asked.to_candidates.nearest()
    names = asked.to_candidates.facility_ids

    def told(i: int) -> str:
        near = (
            f"{names[which[i]]} at {distance[i]:,.0f}"
            if which[i] >= 0
            else f"none within {asked.to_candidates.limit:g}"
        )
        who = f"{asked.demand.ids[i]} with {asked.people[i]:,.0f} people"
        return f"{who}, nearest candidate {near} {asked.to_candidates.unit}"

    people = float(asked.people[places].sum())
    worst = first([told(int(i)) for i in at])
    return f"{people:,.0f} people in {len(at)} places have no candidate within {limit:g} ({worst})"


def _parts(floors: Sequence[Floor], n: int) -> tuple[Integers, Floats]:
    """(n,) the part of the city that each place lies in, and (floors, parts) of which parts each floor speaks."""
    if not floors:
        return np.zeros(n, np.int64), np.empty((0, 1))
    marks = np.column_stack([np.asarray(floor.places, bool) for floor in floors])
    kinds, part = np.unique(marks, axis=0, return_inverse=True)
    return part.ravel().astype(np.int64), kinds.T.astype(np.float64)


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


def _without(plan: Flags, site: np.signedinteger) -> Flags:
    other = plan.copy()
    other[site] = False
    return other


def _whole(values: Floats) -> bool:
    return bool((values == np.floor(values)).all())
