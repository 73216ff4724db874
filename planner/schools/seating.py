"""Which options in which year, and who goes to which school: a planner's question → a SchoolPlan."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from planner.errors import QuestionError, first
from planner.network import Flags, Integers
from planner.optimise.choice import Choice
from planner.optimise.seats.levels import SeatsAnswer, answer_in_order
from planner.optimise.seats.question import AIMS, Placement
from planner.reach import Reach
from planner.rules import USUAL, Effort
from planner.schools.arrays import Arrays
from planner.schools.plan import SchoolPlan, Taken
from planner.schools.pupils import Pupils
from planner.schools.stock import Option, Schools

log = logging.getLogger(__name__)


def plan_seats(  # noqa: PLR0913  (a question has this many parts, each named)
    pupils: Pupils,
    schools: Schools,
    reach: Reach,
    *,
    options: Sequence[Option] = (),
    budget: float | Mapping[str, float] | None = None,
    carry_over: bool = False,
    limits: Mapping[str, float] | None = None,
    whole_places: bool = False,
    neighbours: Integers | None = None,
    today: Integers | None = None,
    most_moved: float | None = None,
    most_options: int | None = None,
    most_seats: float | None = None,
    order: Sequence[str] = AIMS,
    then_walk: bool = False,
    effort: Effort = USUAL,
) -> SchoolPlan:
    """Which options are taken in which year and who goes where, so that one aim after the other is as small as can be.

    In this order unless another is given: pupils without a school in reach; pupils beyond the classes that are not
    severely oversized; not oversized; pupils beyond the size of a school; beyond standard classes; metres walked; cost;
    pupils who change school. Each is added up over all years. Pupils beyond 55 a class are the seats that are missing
    for classes of 55; there are none exactly where no class is oversized. An aim left out of `order` is not sought.
    With `then_walk` the options are chosen by the order alone, and then pupils walk as little as these let them: that
    bound is of plans with the same options.

    Pupils walk at most the radius of their stage, or what `limits` say by stage, in the unit of the reach. What is
    in use stays so. The `budget` is of all years together or of each; with `carry_over` a year's rest may be used
    later. A place's pupils of a stage may be shared between schools unless `whole_places`. With `neighbours` (k, 2),
    pairs of places that touch, places go as a whole and the zone of each school hangs together with the place nearest
    to it. `today` (n, g) is the school to which each place goes before the first year, -1 = unknown; at most
    `most_moved` pupils may change school, over all years. At most `most_options` options are used, and they add at
    most `most_seats` standard seats, of all stages together, by the last year.

    The programme is stated in `planner/optimise/seats/models.py`. Antunes & Peeters (2000), A dynamic optimization
    model for school network planning; of zones, Validi, Buchanan & Lykhovyd (2022), Imposing contiguity constraints in
    political districting models.
    """
    asked = Arrays(
        *(pupils, schools, reach, tuple(options), budget, carry_over, limits, whole_places),
        *(neighbours, today, most_moved, most_options, most_seats, tuple(order), then_walk, effort),
    )
    if faults := list(asked.faults()):
        raise QuestionError("\n".join(faults))
    return plan_of(asked)


def plan_of(asked: Arrays, taken: Flags | None = None) -> SchoolPlan:
    """The plan that the search finds, or an error that says why there is none; with these options alone if given."""
    began = perf_counter()
    tell = asked.effort.tell
    question = asked.question if taken is None else replace(asked.question, choice=Choice(taken, ~taken, ()))
    found = answer_in_order(
        question,
        asked.order,
        time_limit_s=asked.effort.time_limit_s,
        gap=asked.effort.gap,
        zones=asked.zones,
        then_walk=asked.then_walk,
        tell=None if tell is None else lambda level: tell(level.value, level.bound),
    )
    if found.plan is None:
        raise QuestionError(_why_none(asked, found.feasible))
    plan = _told(asked, found.plan, found, perf_counter() - began)
    log.info("plan_seats: %s, %.2f s", plan.ending, plan.seconds)
    return plan


def _why_none(asked: Arrays, feasible: bool) -> str:
    if feasible:
        return f"No plan was found in {asked.effort.time_limit_s:g} s, and none was proven impossible. Allow more time."
    kept = [each.name for each in asked.options if each.required]
    cost = sum(each.cost for each in asked.options if each.required)
    return (
        f"No plan keeps all these rules: {len(kept)} required options cost {cost:,.0f} ({first(kept)}). "
        "Raise the budget of their years, or require fewer."
    )


def _told(asked: Arrays, plan: Placement, found: SeatsAnswer, seconds: float) -> SchoolPlan:
    q, t = asked.question, len(asked.years)
    place, stage, year, school, distance = asked.entries
    goes = np.flatnonzero((plan.share > 0) & ((q.weight[q.row] > 0) | (asked.neighbours is not None)))
    classes = np.zeros(asked.rooms.shape, np.int64)
    classes[asked.rooms >= 0] = q.classes_of(plan.taken)[asked.rooms[asked.rooms >= 0]]
    unserved = np.zeros(asked.pupils.count.transpose(1, 2, 0).shape)
    unserved.ravel()[asked.rows[0]] = q.weight * q.unserved(plan.share)
    return SchoolPlan(
        schools=asked.schools,
        pupils=asked.pupils,
        levels=found.levels,
        taken=_taken(asked, plan.taken.reshape(-1, t)),
        classes=classes,
        place=place[goes],
        stage=stage[goes],
        year=year[goes],
        school=school[goes],
        people=(q.weight[q.row] * plan.share)[goes],
        distance=distance[goes],
        unserved=unserved.transpose(2, 0, 1),
        unit=asked.reach.unit,
        solver=", ".join(found.solvers) or "no search was needed",
        seconds=seconds,
        cuts=found.cuts,
        worth=q.worth(plan),
    )


def _taken(asked: Arrays, used: Flags) -> tuple[Taken, ...]:
    """The options taken, in the order of years and then of options."""
    begins = np.array([int(row.argmax()) if row.any() else -1 for row in used], np.int64)
    option = np.array([o for o, _, _ in asked.modules], np.int64)
    found = []
    for s, year in enumerate(asked.years):
        for o in np.unique(option[begins == s]).tolist():
            times = int(((begins == s) & (option == o)).sum())
            found.append(Taken(asked.options[o], asked.schools.kind(asked.options[o]), year, times))
    return tuple(found)


def used_in(asked: Arrays, plan: SchoolPlan) -> Flags:
    """(k,) the decisions of the options that a plan of the same question takes."""
    used = np.zeros((len(asked.modules), len(asked.years)), bool)
    for taken in plan.taken:  # in the order of years
        own = [u for u, (o, _, _) in enumerate(asked.modules) if asked.options[o] == taken.option and not used[u].any()]
        used[own[: taken.times], asked.years.index(taken.year) :] = True
    return used.ravel()
