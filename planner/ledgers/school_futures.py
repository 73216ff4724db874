"""School options under several futures, and which junior school each primary school feeds."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from planner.cells import figure
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.run import Run
from planner.school_seats import SchoolSeats
from planner.schools.feeders import FeederLinks
from planner.schools.futures import FuturesPlan

LEAST = {"zh": "最大遗憾最小", "en": "least regret"}


def futures_record(plan: FuturesPlan) -> dict[str, Any]:
    """Each future's best plan and the least regretted one, in every future."""
    return {
        "regret_of": plan.of,
        "ending": plan.ending,
        "solver": plan.solver,
        "largest_regrets": [
            {"aim": level.aim, "value": figure(level.value, 3), "bound": figure(level.bound, 3), "proven": level.proven}
            for level in plan.levels
        ],
        "plans": [
            {
                "plan": name,
                "options": [str(taken) for taken in taken_in],
                "in": {
                    future: {
                        "reach_no_school": figure(plan.unserved[p, f], 3),
                        "value": figure(plan.value[p, f], 3),
                        "regret_unserved": figure(plan.regret_unserved[p, f], 3),
                        "regret": figure(plan.regret[p, f], 3),
                    }
                    for f, future in enumerate(plan.futures)
                },
            }
            for p, (name, taken_in) in enumerate(
                [
                    *((name, each.taken) for name, each in plan.best.items()),
                    ("least regret", next(iter(plan.robust.values())).taken),
                ]
            )
        ],
    }


def feeders_record(links: FeederLinks) -> dict[str, Any]:
    """Which junior school each primary school feeds, and what that costs beside none."""
    return {
        "ending": links.linked.ending,
        "links": [
            {"primary": primary, "junior": junior or None, "pupils": figure(pupils, 3), "too_far": figure(far, 3)}
            for primary, junior, pupils, far in zip(
                links.primary.tolist(),
                links.junior.tolist(),
                links.pupils.tolist(),
                links.too_far.tolist(),
                strict=True,
            )
        ],
        "more_than_without": {level.aim: figure(links.more(level.aim), 3) for level in links.linked.levels},
        "apart_without": figure(links.apart, 3),
        "in_no_primary_zone": figure(links.unzoned, 3),
    }


def futures_sheet(run: Run) -> Sheet | None:
    """One row a plan, one column a future: how many pupils more than in the best plan of that future."""
    told = [(seats, seats.futures) for seats in run.schools if seats.futures is not None]
    if not told:
        return None
    futures = told[0][1].futures
    rows: list[tuple[Cell, ...]] = []
    more: list[tuple[Words, ...]] = []
    for seats, plan in told:
        if plan.futures != futures:
            continue
        names: list[Words] = [{"zh": name, "en": name} for name in plan.futures]
        taken = [each.taken for each in plan.best.values()] + [next(iter(plan.robust.values())).taken]
        for p, name in enumerate([*names, LEAST]):
            cells = [_cell(plan, p, f) for f in range(len(futures))]
            rows.append(({language: f"{_stages(seats, language)} · {name[language]}" for language in LEAST}, *cells))
            more.append(tuple({"zh": str(each), "en": str(each)} for each in taken[p]))
    return Sheet(
        id="futures",
        title={"zh": "不同情形下的学位方案：遗憾值", "en": "School options under several futures: their regret"},
        note={
            "zh": "每行为按某一情形选定的建设项，每列为实际发生的情形；数字为比该情形最优方案多出的大班额学生，"
            "无校可达的另注。末行为最大遗憾最小的方案。",
            "en": "A row holds the options that are best in one future, a column the future that comes: pupils beyond "
            "the class size, more than in the best plan of that future; behind +, those without a school. The last row "
            "has the smallest largest regret.",
        },
        columns=(
            Column({"zh": "建设方案", "en": "Options"}),
            *(Column({"zh": name, "en": name}) for name in futures),
        ),
        rows=tuple(rows),
        more=tuple(more),
        behind={"zh": "{count} 项建设", "en": "{count} options"},
    )


def feeders_sheet(run: Run) -> Sheet | None:
    """One row a primary school: the junior school that it feeds."""
    rows = [row for seats in run.schools if seats.feeders is not None for row in _links(seats, seats.feeders)]
    if not rows:
        return None
    return Sheet(
        id="feeders",
        title={"zh": "小升初对口", "en": "Which junior school each primary school feeds"},
        note={
            "zh": "小学学区内的初中生整体对口一所初中；步行超限者另列。",
            "en": "The pupils of junior age in the zone of a primary school go to one junior school together; those "
            "whose walk is beyond the limit are told.",
        },
        columns=(
            Column({"zh": "小学", "en": "Primary school"}),
            Column({"zh": "对口初中", "en": "Junior school"}),
            Column({"zh": "初中学龄人数", "en": "Pupils of junior age"}, "number"),
            Column({"zh": "其中步行超限", "en": "beyond the limit"}, "number"),
        ),
        rows=tuple(rows),
    )


def _cell(plan: FuturesPlan, p: int, f: int) -> str:
    regret, lost = np.round([plan.regret[p, f], plan.regret_unserved[p, f]]) + 0.0  # which makes 0 of −0
    return f"{regret:,.0f}" + (f" + {lost:,.0f}" if lost > 0 else "")


def _stages(seats: SchoolSeats, language: str) -> str:
    return ", ".join(stage.title[language] for stage in seats.plan.schools.stages)


def _links(seats: SchoolSeats, links: FeederLinks) -> Iterator[tuple[Cell, ...]]:
    sites = seats.plan.schools.facilities
    name = {str(school): str(called) or str(school) for school, called in zip(sites.ids, sites.names, strict=True)}
    none = {"zh": "无", "en": "none"}
    for primary, junior, pupils, far in zip(
        links.primary.tolist(), links.junior.tolist(), links.pupils.tolist(), links.too_far.tolist(), strict=True
    ):
        yield name[primary], name[junior] if junior else none, figure(pupils, 3), figure(far, 3)
