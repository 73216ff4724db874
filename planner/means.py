"""How each question is searched: from people, reaches and rules to the arrays of a programme, and back."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.answer import Figures, Means, answer
from planner.asked import Asked
from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice, Incumbent
from planner.optimise.reduce import whole_rows
from planner.plan import AssignedPlan, Plan
from planner.reach import Reach
from planner.rules import Effort, Floor, Size
from planner.standards import Standard

if TYPE_CHECKING:
    from planner.optimise.problem import Problem


def answer_by_gains(  # noqa: PLR0913  (each of a question's parts named)
    asked: Asked,
    reach: Reach,
    people: Floats,
    *,
    had: Floats,
    worth: Floats | None = None,
    standard: Standard | None = None,
    share: float | None = None,
    walked: float | None = None,
    lacking: Flags | None = None,
    start: Flags | None = None,
) -> Plan:
    """The plan from which `people` (n,) gain most: each `worth` (entries,) from the best open site in reach.

    `had` (n,) are the people that standing facilities serve already: floors count them. With `share` the plan is
    the cheapest that serves so much of all people. With `walked`, the person-metres of today, the objective is what
    is left of these. Only places in `lacking` (n,) can gain. `start` (m,) is a plan known to
    keep the rules.
    """
    from planner.optimise.gains import Gains  # noqa: PLC0415
    from planner.optimise.problem import Problem  # noqa: PLC0415
    from planner.optimise.search import quick_plan  # noqa: PLC0415

    part, speaks = floor_parts(asked.rules.floors, len(people))
    floor = [f.share * float(asked.people[f.places].sum()) - float(had[f.places].sum()) for f in asked.rules.floors]
    names = [str(f) for f in asked.rules.floors]
    counted, cost = np.ones(speaks.shape[1]), np.zeros(asked.m)
    if share is not None:
        counted, cost = 0 * counted, asked.costs()
        floor.append(share * float(asked.people.sum()) - float(had.sum()))
        speaks = np.vstack([speaks, np.ones(speaks.shape[1])])
        names.append(f"the share asked for ({share:.1%} of all people)")
    whole = all_whole(cost) if share is not None else worth is None and all_whole(people)

    @cache
    def gains() -> Gains:
        helps = np.ones(len(reach.facility), bool) if worth is None else worth > 0
        indptr = np.concatenate([[0], np.cumsum(helps)])[reach.indptr].astype(np.int64)
        site = reach.facility[helps].astype(np.int64)
        return Gains.of(people, indptr, site, asked.m, None if worth is None else worth[helps], part)

    def problem(choice: Choice) -> Problem:
        return Problem(gains(), choice, cost, counted, np.array(floor, np.float64), speaks)

    def quick(choice: Choice, incumbent: Incumbent) -> None:
        if start is not None and problem(choice).allows(start):
            incumbent.offer(start, problem(choice).value(start))
        covers = worth is None and not floor
        if covers and (first := quick_plan(people, reach.places_of, reach.weighed, choice)):
            incumbent.offer(first[0], first[1])
            incumbent.limit(first[2])

    def figures(plan: Flags) -> Figures:
        if worth is None:
            return covered_by(asked, reach, plan, people > 0 if lacking is None else lacking)
        gained = np.zeros(len(people), bool)
        gained[reach.place[plan[reach.facility] & (worth > 0)]] = True
        nearest = reach.only(plan).nearest()[1]
        return Figures(asked.by_site(nearest, gained), lost_without(plan, gains().total), gained)

    shift = 0.0 if walked is None else walked
    sign = 1 if share is None and walked is None else -1
    return answer(
        asked,
        Means(
            search_gains(problem, whole=whole, quick=quick),
            lambda plan: shift + sign * problem(asked.choice).value(plan),
            figures,
            sign,
            shift,
            possible_gains(problem, asked.effort),
            names,
        ),
        standard,
    )


def answer_most_people(asked: Asked, standard: Standard, start: Flags | None = None) -> Plan:
    """The plan that brings a standard to the most people who lack it; `start` (m,) is one known to keep the rules."""
    lacking = asked.lacking(standard.walk_limit)
    people = np.where(lacking, asked.people, 0.0)
    return answer_by_gains(
        *(asked, asked.to_candidates.within(standard.walk_limit), people),
        had=asked.people - people,
        standard=standard,
        lacking=lacking,
        start=start,
    )


def search_gains(
    problem: Callable[[Choice], "Problem"],
    *,
    whole: bool,
    quick: Callable[[Choice, Incumbent], None] = lambda _, __: None,
) -> Callable[[Choice, Incumbent], bool]:
    """The search for the best plan of a problem, without sites that add nothing, the earliest of equal ones.

    `whole` values let a bound be rounded down; `quick` may offer a plan before the problem is made.
    """
    from planner.optimise.engine import maximise  # noqa: PLC0415  (PuLP takes half a second to load)
    from planner.optimise.search import earliest, useful  # noqa: PLC0415

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        incumbent.whole = whole
        quick(choice, incumbent)
        here = problem(choice)
        feasible = maximise(here, incumbent)
        if incumbent.plan is not None:
            incumbent.plan = earliest(here, useful(here, incumbent.plan))
        return feasible

    return search


def possible_gains(problem: Callable[[Choice], "Problem"], effort: Effort) -> Callable[[Choice, Sequence[int]], bool]:
    """Whether some plan of a problem keeps its limits and some of its floors, whatever it is worth."""
    from planner.optimise.engine import maximise  # noqa: PLC0415

    def possible(choice: Choice, of: Sequence[int]) -> bool:
        asked = problem(choice)
        floor, speaks = asked.floor[list(of)], asked.speaks[list(of)]
        idle = replace(asked, cost=0 * asked.cost, counted=0 * asked.counted, floor=floor, speaks=speaks)
        return maximise(idle, Incumbent(effort.time_limit_s))

    return possible


def answer_everybody(asked: Asked, reach: Reach, lacking: Flags, standard: Standard) -> Plan:
    """The cheapest plan that covers every lacking place (n,) with people that some candidate reaches."""
    from planner.optimise.covering.cover import cover_all  # noqa: PLC0415

    open_to = reach.only(~asked.choice.shut)
    wanted = lacking & (asked.people > 0)
    beyond = wanted & (open_to.facilities_in_reach == 0)
    rows, cost = wanted & ~beyond, asked.costs()
    indptr, site = whole_rows(reach.indptr, reach.facility.astype(np.int64), rows)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        incumbent.whole = all_whole(cost)
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
    from planner.optimise.covering.centre import smallest_radius  # noqa: PLC0415
    from planner.optimise.covering.cover import cover_all  # noqa: PLC0415

    today = np.full(len(asked.people), np.inf) if asked.standing is None else asked.standing.nearest()[0]
    open_to = reach.only(~asked.choice.shut)
    lost = (asked.people > 0) & (open_to.facilities_in_reach == 0) & ~np.isfinite(today)
    if lost.any():
        raise QuestionError(f"{asked.unreached(reach.limit, lost)}. Measure further, or bring candidates near them.")
    rows = asked.people > 0
    indptr, site = whole_rows(reach.indptr, reach.facility.astype(np.int64), rows)
    distance = reach.distance[np.repeat(rows, np.diff(reach.indptr))]

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        return smallest_radius(indptr, site, distance, choice, incumbent, already=today[rows])

    def longest(plan: Flags) -> float:
        return float(np.minimum(today, reach.only(plan).nearest()[0])[rows].max(initial=0.0))

    def figures(plan: Flags) -> Figures:
        away, which = reach.only(plan).nearest()
        gained = away < today
        return Figures(asked.by_site(which, gained), lost_without(plan, lambda kept: -longest(kept)), gained)

    def possible(choice: Choice, _: Sequence[int]) -> bool:
        far = ~np.isfinite(today[rows])
        covering = whole_rows(indptr, site, far)
        return cover_all(*covering, np.zeros(asked.m), choice, Incumbent(asked.effort.time_limit_s))

    return answer(asked, Means(search, longest, figures, sign=-1, possible=possible))


def answer_twice(asked: Asked, reach: Reach, standard: Standard) -> Plan:
    """The plan that brings the most people within the limit of two facilities, standing ones counted."""
    from planner.optimise.twice import cover_twice  # noqa: PLC0415

    had = np.zeros(len(asked.people), np.int64)
    if asked.standing is not None:
        had = np.minimum(asked.standing.within(standard.walk_limit).facilities_in_reach, 2)
    people = np.where(had < 2, asked.people, 0.0)  # noqa: PLR2004  (two facilities)
    site = reach.facility.astype(np.int64)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        incumbent.whole = all_whole(people)
        return cover_twice(people, reach.indptr, site, 2 - had, choice, incumbent)

    def twice(plan: Flags) -> Flags:
        return (had < 2) & (had + reach.only(plan).facilities_in_reach >= 2)  # noqa: PLR2004

    def gain(plan: Flags) -> float:
        return float(people[twice(plan)].sum())

    def figures(plan: Flags) -> Figures:
        gained, nearest = twice(plan), reach.only(plan).nearest()[1]
        return Figures(asked.by_site(nearest, gained), lost_without(plan, gain), gained)

    def possible(choice: Choice, _: Sequence[int]) -> bool:
        return cover_twice(0 * people, reach.indptr, site, 2 - had, choice, Incumbent(asked.effort.time_limit_s))

    return answer(asked, Means(search, gain, figures, possible=possible), standard)


def covered_by(asked: Asked, reach: Reach, plan: Flags, lacking: Flags) -> Figures:
    """Who gains cover from a plan (m,), by the nearest site, and who would lose it without one site alone."""
    built = reach.only(plan)
    gained = lacking & (built.facilities_in_reach > 0)
    alone = gained & (built.facilities_in_reach == 1)
    nearest = built.nearest()[1]
    served = asked.by_site(nearest, gained)
    return Figures(served, asked.by_site(nearest, alone), gained)


def floor_parts(floors: Sequence[Floor], n: int) -> tuple[Integers, Floats]:
    """(n,) the part of the city that each place lies in, and (floors, parts) of which parts each floor speaks."""
    if not floors:
        return np.zeros(n, np.int64), np.empty((0, 1))
    marks = np.column_stack([np.asarray(floor.places, bool) for floor in floors])
    kinds, part = np.unique(marks, axis=0, return_inverse=True)
    return part.ravel().astype(np.int64), kinds.T.astype(np.float64)


def lost_without(plan: Flags, worth: Callable[[Flags], float]) -> Floats:
    """(m,) what a plan (m,) is worth less without each of its sites alone."""
    lost, whole = np.zeros(len(plan)), worth(plan)
    for j in np.flatnonzero(plan):
        without = plan.copy()
        without[j] = False
        lost[j] = whole - worth(without)
    return lost


def all_whole(values: Floats) -> bool:
    """Whether all values are whole numbers, so that a bound may be rounded down."""
    return bool((values == np.floor(values)).all())


def answer_apart(asked: Asked, a: Integers, b: Integers, distance: Floats) -> Plan:
    """The plan whose two nearest sites are as far apart as can be; pairs (k,) within the limit of the reach."""
    from planner.optimise.covering.dispersion import Pairs, disperse  # noqa: PLC0415

    pairs = Pairs(a, b, distance, asked.to_candidates.limit)
    wanted = int(asked.new_sites or 0)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        return disperse(pairs, choice, wanted, incumbent)

    def figures(plan: Flags) -> Figures:
        near = np.full(asked.m, pairs.limit)
        both = plan[a] & plan[b]
        for end in (a, b):
            np.minimum.at(near, end[both], distance[both])
        return Figures(np.zeros(asked.m), np.where(plan, near, 0.0), plan)

    def possible(choice: Choice, of: Sequence[int]) -> bool:
        count = wanted if of else int(choice.keep.sum())
        return disperse(pairs, choice, count, Incumbent(asked.effort.time_limit_s, gap=1.0))

    return answer(asked, Means(search, pairs.smallest, figures, possible=possible, floors=[f"{wanted} sites are open"]))


def answer_capacities(
    asked: Asked,
    sizes: Sequence[Size],
    held: Floats,
    least: Floats | None,
    *,
    whole: bool,
    per_metre: float,
    unserved: float | None,
    budget: float | None,
) -> AssignedPlan:
    """The cheapest plan that gives everybody a seat: which sizes are built, and who goes where.

    Standing facilities follow the candidates as sites m, m + 1, … that are always open; `held` are their capacities.
    """
    from planner.optimise.capacity.allocate import allocate  # noqa: PLC0415
    from planner.optimise.capacity.models import CapacityQuestion  # noqa: PLC0415

    m, k = asked.m, len(held)
    names = np.concatenate(
        [asked.to_candidates.facility_ids, *([asked.standing.facility_ids] if asked.standing else [])]
    )
    at = {str(name): j for j, name in enumerate(asked.to_candidates.facility_ids)}
    indptr, site, distance = _joined(asked)
    seats = np.array([size.capacity for size in sizes] + held.tolist(), np.float64)
    module_site = np.array([at[size.site] for size in sizes] + list(range(m, m + k)), np.int64)
    chosen: dict[bytes, tuple[Flags, Floats, Floats]] = {}

    def question(choice: Choice) -> CapacityQuestion:
        wide = Choice(
            np.concatenate([choice.keep, np.ones(k, bool)]),
            np.concatenate([choice.shut, np.zeros(k, bool)]),
            choice.limits,
        )
        return CapacityQuestion(
            weight=asked.people,
            indptr=indptr,
            site=site,
            distance=distance * per_metre,
            module_site=module_site,
            module_capacity=seats,
            module_cost=np.array([size.cost for size in sizes] + [0.0] * k),
            choice=wide,
            least_load=None if least is None else np.concatenate([least, np.zeros(k)]),
            single=whole,
            budget=budget,
            unserved_cost=unserved,
        )

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        found = allocate(question(choice), incumbent)
        incumbent.solvers[:] = found.solvers
        incumbent.plan = None
        if found.plan is not None:
            plan = np.bincount(module_site[found.plan.opened], minlength=m + k)[:m] > 0
            chosen[plan.tobytes()] = (found.plan.opened, found.plan.share, found.plan.unserved)
            incumbent.plan = plan
        return found.feasible

    def objective(plan: Flags) -> float:
        opened, share, _ = chosen[plan.tobytes()]
        return float(question(asked.choice).worth(opened, share))

    rules: list[tuple[bool, str, dict[str, Any]]] = [  # whether it is asked, in words, and how to do without
        (budget is not None, f"the budget of {budget or 0:,.0f}", {"budget": None}),
        (least is not None, "the least loads", {"least_load": None}),
        (whole, "places go to one site as a whole", {"single": False}),
    ]
    needs = [(words, without) for asks, words, without in rules if asks]

    def possible(choice: Choice, of: Sequence[int]) -> bool:
        looser = question(choice)
        for number, (_, without) in enumerate(needs):
            looser = looser if number in of else replace(looser, **without)
        return allocate(looser, Incumbent(asked.effort.time_limit_s, gap=1.0)).feasible

    row = np.repeat(np.arange(len(asked.people)), np.diff(indptr))

    def figures(plan: Flags) -> Figures:
        _, share, _ = chosen[plan.tobytes()]
        load = np.bincount(site, weights=asked.people[row] * share, minlength=m + k)[:m].astype(np.float64)
        gained = np.bincount(row[site < m], weights=share[site < m], minlength=len(asked.people)) > 0
        return Figures(load, load, gained)

    plan = answer(
        asked, Means(search, objective, figures, sign=-1, possible=possible, floors=[words for words, _ in needs])
    )
    opened, share, without = chosen[np.isin(np.arange(m), plan.sites).tobytes()]
    goes = np.flatnonzero(share > 0)
    return AssignedPlan(
        **{f.name: getattr(plan, f.name) for f in fields(Plan)},
        sizes=tuple(size for size, built in zip(sizes, opened[: len(sizes)], strict=True) if built),
        place=row[goes],
        facility=site[goes],
        people=asked.people[row[goes]] * share[goes],
        facility_ids=names,
        unserved=asked.people * without,
    )


def _joined(asked: Asked) -> tuple[Integers, Integers, Floats]:
    """Rows (indptr, site, distance) of candidates and then standing facilities."""
    reaches = [asked.to_candidates, *([asked.standing] if asked.standing is not None else [])]
    place = np.concatenate([reach.place for reach in reaches])
    site = np.concatenate([reach.facility.astype(np.int64) + asked.m * number for number, reach in enumerate(reaches)])
    distance = np.concatenate([reach.distance for reach in reaches])
    order = np.lexsort((site, place))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(asked.people)))]).astype(np.int64)
    return indptr, site[order], distance[order]
