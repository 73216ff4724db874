"""What the plans of a run build in each year, for how much, and how that stands to the money that there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from planner.plan import LAND, known_sum
from planner.run import Run
from planner.scenario.schools import SchoolQuestion
from planner.scenario.siting import MostPeople, SiteServices
from planner.scenario.years import OverYears
from planner.school_seats import SchoolSeats
from planner.schools.plan import Taken
from planner.sited import SitedPlan

ALL = "all years"


@dataclass(frozen=True)
class Spending:
    """What is built of one kind in one year of a question, of every kind in it, or in all its years.

    Money is in the unit of its question, so nothing is added up beyond one; it is None where nobody gave a price.
    """

    block: str  # "siting" or "schools"
    number: int  # of the question in its block
    year: str  # "" where the sites of a service have none, ALL of the sum
    what: str  # a service, or what is done at schools ("build", "extend", …); "" where it is all of them
    built: int  # sites that open, or options that are taken
    cost: float | None
    so_far: float | None = None  # the same with the years before
    budget: float | None = None  # of the year, or of all years; None where there is no such limit
    left: float | None = None  # of it; where years carry over, of the budgets so far
    seats: float | None = None  # standard seats more; of schools
    people: float | None = None  # newly served by then, as the question counts them; of one service


def spendings(run: Run) -> Iterator[Spending]:
    """Question after question its years, kind after kind and then together, and the sum of all years.

    Questions about sites that tell neither years nor money are passed over.
    """
    for number in dict.fromkeys(sited.number for sited in run.plans):
        parts = [sited for sited in run.plans if sited.number == number]
        question = None if all(_is_silent(sited) for sited in parts) else run.scenario.siting[number - 1]
        if isinstance(question, MostPeople):
            yield from _together([*_of_service(parts[0], question)], question.budget)
        elif isinstance(question, SiteServices):
            pairs = zip(parts, question.services, strict=True)
            yield from _together([row for pair in pairs for row in _of_service(*pair)], question.budget)
    for seats in run.schools:
        budget, rows = seats.put.asked.budget, [*_of_schools(seats)]
        if isinstance(budget, dict):
            of_years = {str(year): float(money) for year, money in budget.items()}
            yield from _together(rows, None, of_years, carry_over=seats.put.asked.carry_over)
        else:
            yield from _together(rows, budget)


def _is_silent(sited: SitedPlan) -> bool:
    return sited.costs is None and sited.phased is None


def _of_service(sited: SitedPlan, asked: OverYears) -> Iterator[Spending]:
    """The sites of one service, year by year where they have years."""
    plan, costs, over = sited.plan, sited.costs, sited.phased
    row = Spending("siting", sited.number, "", sited.standard.service, len(plan.opened), None)
    if over is None:
        gain = None if plan.unit == LAND else plan.objective
        yield from _along([replace(row, cost=None if costs is None else float(costs.sum()), people=gain)])
        return
    rows = [
        replace(
            row,
            year=year.name,
            built=int((over.year == t).sum()),
            cost=None if costs is None else float(costs[over.year == t].sum()),
            people=float(over.newly_served[t]),
        )
        for t, year in enumerate(over.years)
    ]
    yield from _along(rows, [year.budget for year in asked.years], carry_over=asked.carry_over)


def _of_schools(seats: SchoolSeats) -> Iterator[Spending]:
    """What is done at schools, kind by kind, year by year."""
    plan, asked = seats.plan, seats.put.asked
    size = {stage.id: stage.class_size for stage in plan.schools.stages}
    for kind in dict.fromkeys(taken.kind for taken in plan.taken):
        rows = []
        for year in plan.pupils.years:
            done = [taken for taken in plan.taken if (taken.kind, taken.year) == (kind, year)]
            cost = known_sum([taken.option.cost * taken.times if _is_priced(taken, asked) else None for taken in done])
            more = [
                size[stage] * count * taken.times for taken in done for stage, count in taken.option.classes.items()
            ]
            rows.append(Spending("schools", seats.number, year, kind, len(done), cost, seats=float(sum(more))))
        yield from _along(rows)


def _is_priced(taken: Taken, asked: SchoolQuestion) -> bool:
    """Whether somebody said what an option costs; where nobody did it counts as free in the plan."""
    own = [each for each in asked.options if each.name == taken.option.name]
    if own:
        return "cost" in own[0].model_fields_set
    of = asked.build if taken.kind == "build" else asked.extend
    return of is not None and of.cost is not None


def _together(
    rows: Sequence[Spending],
    whole: float | None,
    of_years: Mapping[str, float] | None = None,
    *,
    carry_over: bool = False,
) -> Iterator[Spending]:
    """The rows of a question with the sums of its years, where it has several kinds or budgets by year, and of all."""
    kinds = {row.what for row in rows}
    years = sorted(dict.fromkeys(row.year for row in rows), key=lambda year: not year)  # what has none comes last
    sums = [_added([row for row in rows if row.year == year], year) for year in years]
    budgets = [(of_years or {}).get(year) for year in years]
    for total in _along(sums, budgets, carry_over=carry_over):
        yield from (row for row in rows if row.year == total.year)
        if len(kinds) > 1 or of_years:
            yield total
    if rows:
        yield from _along([_added(rows, ALL)], [whole])


def _added(rows: Sequence[Spending], year: str) -> Spending:
    """All of them as one."""
    return Spending(
        *(rows[0].block, rows[0].number, year, ""),
        sum(row.built for row in rows),
        known_sum([row.cost for row in rows]),
        seats=known_sum([row.seats for row in rows]),
    )


def _along(
    rows: Sequence[Spending], budgets: Sequence[float | None] = (), *, carry_over: bool = False
) -> Iterator[Spending]:
    """With what is spent so far, and what is left."""
    for t, row in enumerate(rows):
        so_far = known_sum([each.cost for each in rows[: t + 1]])
        budget = budgets[t] if budgets else None
        room, spent = (known_sum(budgets[: t + 1]), so_far) if carry_over else (budget, row.cost)
        left = None if room is None or spent is None else room - spent
        yield replace(row, so_far=so_far, budget=budget, left=left)
