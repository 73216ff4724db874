"""School seats: what is missing today and with the plan, school by school, and who goes where.

Everything stands side by side: today's classes, everybody at the nearest school, families who choose, the fewest
classes, and the plan.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from planner.cells import figure, plain, table_text
from planner.ledgers.school_futures import feeders_record, futures_record
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.run import Run
from planner.school_seats import SchoolSeats
from planner.schools.balance import SeatBalance, StageSeats
from planner.schools.plan import Seating, Walks, walks_of
from planner.sources.coordinates import in_degrees

WAYS: dict[str, Words] = {
    "today": {"zh": "现状班级数，最佳分配", "en": "today's classes, dealt out as well as can be"},
    "today_zones": {"zh": "现状学区", "en": "today's zones and classes"},
    "nearest": {"zh": "规划班级，就近入学", "en": "the plan's classes, everybody to the nearest"},
    "free_choice": {"zh": "规划班级，自由择校", "en": "the plan's classes, families choose"},
    "fewest_classes": {"zh": "消除大班额的最少新增", "en": "the fewest classes that leave as few too large"},
    "plan": {"zh": "本方案", "en": "the plan"},
}
LATER: Words = {"zh": "本方案班级与学区，至", "en": "the plan's classes and zones in"}
KINDS: dict[str, Words] = {
    "build": {"zh": "新建", "en": "build"},
    "extend": {"zh": "扩建", "en": "extend"},
    "convert": {"zh": "改办", "en": "convert"},
    "reduce": {"zh": "缩班", "en": "reduce"},
    "close": {"zh": "撤并", "en": "close"},
}
DEGREES = 6  # decimals
MADE_UP = "made up, no real place"


def seats_text(run: Run) -> str:
    """One row a way, stage and year: pupils, seats that are missing and empty, classes and schools too large, walks."""
    return table_text(
        {
            "question": seats.number,
            "way": name,
            "stage": stage.stage.id,
            "year": year,
            **_stage_row(stage, walks, seating.unit),
            "reach no school": figure(seating.unserved[:, g, t].sum(), 3),
            "seats added": figure(seating.seats_added(year)[g]),
            "data": MADE_UP if run.synthetic else "",
        }
        for seats in run.schools
        for name, seating in (*_ways(seats), *_later(seats))
        for t, year in enumerate(seating.pupils.years)
        for g, (stage, walks) in enumerate(zip(seating.balance(year).by_stage, seating.walks(year), strict=True))
    )


def schools_text(run: Run) -> str:
    """One row a school, stage and year: its classes and pupils today and with the plan, and what is done there."""
    return table_text(
        {"question": seats.number, **row, **_plain(row), "data": MADE_UP if run.synthetic else ""}
        for seats in run.schools
        for row in school_rows(seats)
    )


def catchments_text(run: Run) -> str:
    """One row a home and stage, in the last year: its pupils, the school of most of them and how far it is.

    Longitude and latitude are WGS84.
    """
    return table_text(
        {
            "question": seats.number,
            "stage": stage.id,
            "year": seats.last,
            "home": plain(home),
            "lon": lon,
            "lat": lat,
            "pupils": figure(pupils, 3),
            "school today": plain(today),
            "school": plain(school),
            "walk": "" if walk is None else walk,
            "walk in": seats.plan.unit,
            "data": MADE_UP if run.synthetic else "",
        }
        for seats in run.schools
        for g, stage in enumerate(seats.plan.schools.stages)
        for home, (lon, lat), pupils, today, school, walk in _homes(run, seats, g)
    )


def school_records(run: Run) -> list[dict[str, Any]]:
    """What is done, every aim with its bound, and all ways side by side."""
    return [
        {
            "number": seats.number,
            "stages": [stage.id for stage in seats.plan.schools.stages],
            "largest_classes": {
                stage.id: dict(zip(("not_severe", "not_oversized", "standard"), map(figure, stage.sizes), strict=True))
                for stage in seats.plan.schools.stages
            },
            "years": list(seats.plan.pupils.years),
            "sizes": {stage.id: [figure(size) for size in stage.sizes] for stage in seats.plan.schools.stages},
            "ending": seats.plan.ending,
            "solver": seats.plan.solver,
            "rows_for_zones": seats.plan.cuts,
            "aims": [
                {
                    "aim": level.aim,
                    "value": figure(level.value, 3),
                    "bound": figure(level.bound, 3),
                    "proven": level.proven,
                    "of_plans": "with the same options" if level.settled else "as good in the aims before",
                }
                for level in seats.plan.levels
            ],
            "options": [
                {
                    "name": taken.option.name,
                    "kind": taken.kind,
                    "school": taken.option.school,
                    "year": taken.year,
                    "times": taken.times,
                    "classes": dict(taken.option.classes),
                    "cost": figure(taken.option.cost * taken.times),
                }
                for taken in seats.plan.taken
            ],
            "relieved": {
                stage.id: {state: len(schools) for state, schools in seats.relieved(stage.id).items()}
                for stage in seats.plan.schools.stages
            },
            "all_stages": {name: _sums(seating) for name, seating in (*_ways(seats), *_later(seats))},
            "ways": {name: _way_record(seating) for name, seating in (*_ways(seats), *_later(seats))},
            "futures": None if seats.futures is None else futures_record(seats.futures),
            "feeders": None if seats.feeders is None else feeders_record(seats.feeders),
            "fewest": None
            if seats.fewest is None
            else {
                "options": len(seats.fewest.taken),
                "seats": figure(seats.fewest.seats_added(seats.last).sum()),
                "ending": seats.fewest.ending,
            },
        }
        for seats in run.schools
    ]


def seats_sheet(run: Run) -> Sheet | None:
    """One row a way and stage in the last year; behind the plan's, what is done at which school."""
    if not run.schools:
        return None
    rows: list[tuple[Cell, ...]] = []
    more: list[tuple[Words, ...]] = []
    for seats in run.schools:
        for g, stage in enumerate(seats.plan.schools.stages):
            for name, seating in _ways(seats):
                words = WAYS[name]
                rows.append(_sheet_row(seating, seats.last, g, words))
                more.append(tuple(_taken_words(seats, stage.id)) if name == "plan" else ())
            for _, later in _later(seats):
                for year in later.pupils.years:
                    words = {language: f"{title} {year}" for language, title in LATER.items()}
                    rows.append(_sheet_row(later, year, g, words))
                    more.append(())
    unit = run.schools[0].plan.unit
    stages = [stage for seats in run.schools for stage in seats.plan.schools.stages]
    largest = sorted({f"{stage.sizes[1]:g}" for stage in stages if np.isfinite(stage.oversized)})
    return Sheet(
        id="seats",
        title={
            "zh": "学位：缺口、方案与对照",
            "en": "School seats: what is missing, the plan, and what it stands beside",
        },
        note={
            "zh": "标准学位＝班数×标准班额。缺口按校相加：一校空位不抵另一校缺口。学生平均分到本校各班。"
            "逐校见 schools.csv，逐栋见 catchments.csv。",
            "en": "A standard seat is a place in a standard class. Missing seats are added up school by school: an "
            "empty seat in one is none in another. schools.csv has every school, catchments.csv every home.",
        },
        columns=(
            Column({"zh": "学段 · 情形", "en": "Stage · way"}),
            Column({"zh": "学生", "en": "Pupils"}, "number"),
            Column({"zh": "标准学位", "en": "Standard seats"}, "number"),
            Column({"zh": "新增学位", "en": "Seats added"}, "number"),
            Column(
                {"zh": "消除大班额尚缺", "en": f"Missing for classes of {' or '.join(largest)}".removesuffix(" of ")},
                "number",
            ),
            Column({"zh": "达标准班额尚缺", "en": "Missing for standard ones"}, "number"),
            Column({"zh": "空余学位", "en": "Empty seats"}, "number"),
            Column({"zh": "无校可达", "en": "Reach no school"}, "number"),
            Column({"zh": f"步行 平均/九成（{unit}）", "en": f"Walk, mean / nine of ten ({unit})"}),
        ),
        rows=tuple(rows),
        more=tuple(more),
        behind={"zh": "{count} 项建设", "en": "{count} options"},
    )


def _sheet_row(seating: Seating, year: str, g: int, words: Words) -> tuple[Cell, ...]:
    """A way, stage and year as the sheet has it."""
    now, walks, t = seating.balance(year).by_stage[g], seating.walks(year)[g], seating.pupils.years.index(year)
    return (
        {language: f"{now.stage.title[language]} · {words[language]}" for language in ("zh", "en")},
        figure(now.pupils, 3),
        figure(now.seats),
        figure(seating.seats_added(year)[g]),
        figure(now.missing_oversized, 3) if np.isfinite(now.stage.oversized) else None,
        figure(now.missing_standard, 3),
        figure(now.empty, 3),
        figure(seating.unserved[:, g, t].sum(), 3),
        f"{walks.mean:,.0f} / {walks.p90:,.0f}",
    )


def _ways(seats: SchoolSeats) -> Iterator[tuple[str, Seating]]:
    for name, seating in seats.beside:
        yield ("today_zones" if name == "today" and seats.put.today is not None else name), seating


def _later(seats: SchoolSeats) -> Iterator[tuple[str, Seating]]:
    if seats.later is not None:
        yield "later", seats.later


def _stage_row(stage: StageSeats, walks: Walks, unit: str) -> dict[str, object]:
    known = np.isfinite(stage.stage.oversized)
    return {
        "pupils": figure(stage.pupils, 3),
        "schools": stage.schools,
        "classes": stage.classes,
        "standard seats": figure(stage.seats),
        "missing for classes below severe": figure(stage.missing_severe, 3) if known else "",
        "missing for classes below oversized": figure(stage.missing_oversized, 3) if known else "",
        "missing for standard classes": figure(stage.missing_standard, 3),
        "empty seats": figure(stage.empty, 3),
        "oversized classes": stage.oversized_classes if known else "",
        "severe classes": stage.severe_classes if known else "",
        "pupils in oversized classes": figure(stage.oversized_pupils, 3) if known else "",
        "schools with oversized classes": stage.oversized_schools if known else "",
        "oversized schools": stage.large_schools if known else "",
        "mean walk": figure(walks.mean, 1),
        "nine of ten walk": figure(walks.p90, 1),
        "longest walk": figure(walks.longest, 1),
        "walk in": unit,
    }


def _plain(row: Mapping[str, object]) -> dict[str, str]:
    """Id and name of a school, for a spreadsheet."""
    return {key: plain(str(row[key])) for key in ("school", "name")}


def school_rows(seats: SchoolSeats) -> Iterator[dict[str, object]]:
    """One row a school, stage and year; ids and names as they are."""
    names = seats.plan.schools.facilities.names
    for year in seats.plan.pupils.years:
        then, now = seats.today.balance(year), seats.plan.balance(year)
        for g, stage in enumerate(now.stages):
            walks = _walks_by_school(seats.plan, g, year)
            for j in np.flatnonzero((then.classes[:, g] > 0) | (now.classes[:, g] > 0)).tolist():
                yield {
                    "stage": stage.id,
                    "year": year,
                    "school": str(now.schools[j]),
                    "name": str(names[j]),
                    "done": "; ".join(
                        f"{taken.kind} {taken.year}"
                        for taken in seats.plan.taken
                        if taken.option.school == now.schools[j]
                    ),
                    **_room(then, j, g, "today"),
                    **_room(now, j, g, "plan"),
                    "mean walk": figure(walks[j].mean, 1),
                    "nine of ten walk": figure(walks[j].p90, 1),
                    "longest walk": figure(walks[j].longest, 1),
                    "walk in": seats.plan.unit,
                }


def _room(balance: SeatBalance, j: int, g: int, when: str) -> dict[str, object]:
    severe, oversized, standard = balance.missing[j, g].tolist()
    mean = float(balance.mean_class[j, g])
    known = np.isfinite(balance.stages[g].oversized)
    return {
        f"classes {when}": int(balance.classes[j, g]),
        f"standard seats {when}": figure(balance.seats[j, g]),
        f"pupils {when}": figure(balance.pupils[j, g], 3),
        f"pupils a class {when}": "" if not balance.classes[j, g] else figure(mean, 1),
        f"beyond severe {when}": figure(severe, 3) if known else "",
        f"beyond oversized {when}": figure(oversized, 3) if known else "",
        f"beyond standard {when}": figure(standard, 3),
        f"empty seats {when}": figure(balance.empty[j, g], 3),
        f"beyond the size of a school {when}": figure(balance.beyond_most[j], 3) if known else "",
    }


def _walks_by_school(plan: Seating, g: int, year: str) -> list[Walks]:
    at = (plan.stage == g) & (plan.year == plan.pupils.years.index(year))
    return [walks_of(plan.people[at & (plan.school == j)], plan.distance[at & (plan.school == j)]) for j in _all(plan)]


def _all(plan: Seating) -> range:
    return range(len(plan.schools))


def _homes(
    run: Run, seats: SchoolSeats, g: int
) -> Iterator[tuple[str, list[float], float, str, str, int | float | None]]:
    """Home, its place, pupils, school today, school and walk, of homes with pupils."""
    stage = seats.plan.schools.stages[g].id
    homes, ids = seats.homes_of(seats.plan, stage, seats.last), np.append(seats.plan.schools.ids, "")
    today, walk = seats.homes_of(seats.today, stage, seats.first), seats.walk_of(seats.plan, g, seats.last)
    pupils = seats.put.pupils_of_homes[:, g, -1]
    lonlat = np.round(in_degrees(run.demand.xy, run.demand.crs), DEGREES).tolist()
    for i in np.flatnonzero(pupils > 0).tolist():
        yield (
            *(str(run.demand.ids[i]), lonlat[i], float(pupils[i]), str(ids[today[i]]), str(ids[homes[i]])),
            figure(walk[i], 1),
        )


def _way_record(seating: Seating) -> list[dict[str, Any]]:
    return [
        {
            "stage": stage.stage.id,
            "year": year,
            **{key.replace(" ", "_"): value for key, value in _stage_row(stage, walks, seating.unit).items()},
            "reach_no_school": figure(seating.unserved[:, g, t].sum(), 3),
            "seats_added": figure(seating.seats_added(year)[g]),
        }
        for t, year in enumerate(seating.pupils.years)
        for g, (stage, walks) in enumerate(zip(seating.balance(year).by_stage, seating.walks(year), strict=True))
    ]


def _sums(seating: Seating) -> dict[str, int | float | None]:
    """Of all stages in the last year; a class is too large only where its stage says when."""
    year, stages = seating.pupils.years[-1], seating.balance(seating.pupils.years[-1]).by_stage
    return {
        "seats_added": figure(seating.seats_added(year).sum()),
        "missing_for_classes_below_oversized": figure(
            sum(each.missing_oversized for each in stages if np.isfinite(each.stage.oversized)), 3
        ),
        "missing_for_standard_classes": figure(sum(each.missing_standard for each in stages), 3),
        "reach_no_school": figure(seating.unserved[:, :, -1].sum(), 3),
    }


def _taken_words(seats: SchoolSeats, stage: str) -> Iterator[Words]:
    sites = seats.plan.schools.facilities
    at = {str(school): str(name) for school, name in zip(sites.ids, sites.names, strict=True)}
    for taken in seats.plan.taken:
        classes = taken.option.classes.get(stage, 0) * taken.times
        if classes:
            where = at.get(taken.option.school) or taken.option.school
            yield {
                language: f"{taken.year} {KINDS[taken.kind][language]} {where}: {classes:+d}"
                for language in ("zh", "en")
            }
