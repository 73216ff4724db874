"""The kit of the 15-minute circle by unit and item, as a table for spreadsheets and as a record for run.json."""

from collections.abc import Sequence
from typing import Any

from planner.asked_circle import CircleChange
from planner.cells import figure, plain, share, table_text
from planner.circle import Circle, InReach
from planner.network import Flags
from planner.provisions import SURENESS
from planner.run import Run


def circle_text(run: Run) -> str:
    """One row a unit: people with the complete kit of each level, the item that most lack, the share with each item.

    On foot, before and after the plans; run.json has the straight lines too. A share is empty where nobody lives. The
    last row is of everybody; it names what is not in the data, which is neither missing nor there.
    """
    if run.circle is None:
        return ""
    units = run.demand.units
    ids = [] if units is None else [plain(each) for each in units.ids]
    names = [] if units is None else [plain(each) for each in units.names]
    total = "total (made-up data, no real place)" if run.synthetic else "total"
    columns = _columns(run.circle)
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    head = zip([*ids, "", ""], [*names, "outside any unit", total], rows, strict=True)
    listed = [{"unit": unit, "name": name, **row} for unit, name, row in head]
    if units is None or not rows[-2]["people"]:
        del listed[-2]
    return table_text(listed)


def circle_record(run: Run) -> dict[str, Any] | None:
    """All of it: levels, items with their parts of the score, what is not in the data, groups of people."""
    if run.circle is None:
        return None
    change, circle, kit = run.circle, run.circle.before, run.circle.before.kit
    return {
        "kit": kit.id,
        "title": dict(kit.title),
        "document": kit.document,
        "clause": kit.clause,
        "confidence": kit.confidence,
        "check_first": SURENESS[kit.least_sure] if kit.check_first() else "",
        "note": kit.note,
        "unit": "people",
        "total": figure(circle.demand.total),
        "score": {metric: _scores(change, metric) for metric in ("walk", "straight")},
        "complete": {
            "all" if level is None else str(level): {
                metric: _pair(*change.complete(level, metric)) for metric in ("walk", "straight")
            }
            for level in (*circle.levels, None)
        },
        "people_by_items_missing": {
            when: [figure(people) for people in each.people_by_lacking()] for when, each in _both(change)
        },
        "items": [
            _item_record(was, now, change, number)
            for number, (was, now) in enumerate(zip(circle.judged, change.after.judged, strict=True))
        ],
        "not_in_the_data": [
            {"service": item.service, "title": dict(item.title), "level": item.level, "need": item.sign}
            for item in circle.untold
        ],
        "groups": {group: _group(change, group) for group in circle.demand.groups[1:]},
    }


def _columns(change: CircleChange) -> dict[str, Sequence[object]]:
    """Each column: units, those in none, everybody."""
    before, after = change.before, change.after
    demand = before.demand
    people = demand.by_unit(demand.people[:, 0]).tolist()
    people = [*people, demand.total]

    def having(flags: Flags) -> list[float]:
        here = demand.by_unit(demand.people[:, 0] * flags)
        return [*here.tolist(), float(demand.people[flags, 0].sum())]

    def told(name: str, was: Flags, now: Flags, *, counted: bool) -> dict[str, Sequence[object]]:
        pairs = {"before": having(was), "after": having(now)}
        counts = {f"{name} {when}": [figure(each) for each in here] for when, here in pairs.items() if counted}
        return counts | {f"{name} share {when}": list(map(share, here, people)) for when, here in pairs.items()}

    columns: dict[str, Sequence[object]] = {"people": [figure(each) for each in people]}
    for when, circle in _both(change):
        points = demand.by_unit(demand.people[:, 0] * circle.points()).tolist()
        points = [*points, float(circle.score().points) * demand.total]
        columns[f"score {when}"] = list(map(share, points, people))
    for level in before.levels:
        columns |= told(f"{level}-minute kit complete", before.complete(level), after.complete(level), counted=True)
    columns |= told("whole kit complete", before.complete(), after.complete(), counted=True)
    worst = [*after.most_missed(), next((each for each in after.missing() if each.people), None)]
    columns["最缺 most missed"] = [each.item.title["zh"] if each else "" for each in worst]
    columns["most missed"] = [each.item.title["en"] if each else "" for each in worst]
    columns["people who lack it"] = [figure(each.people) if each else 0 for each in worst]
    columns["share who lack it"] = [share(each.people, each.of) if each else "" for each in worst]
    for was, now in zip(before.judged, after.judged, strict=True):
        name = f"{was.item.level} min {was.item.sign} {was.item.service}"
        columns |= told(name, was.walk, now.walk, counted=False)
    blank = [""] * (len(people) - 1)
    columns["not in the data"] = [*blank, "; ".join(f"{item.level} min {item.service}" for item in before.untold)]
    columns["source"] = [*blank, plain(before.kit.source)]
    return columns


def _both(change: CircleChange) -> tuple[tuple[str, Circle], tuple[str, Circle]]:
    return ("before", change.before), ("after", change.after)


def _pair(before: float, after: float) -> dict[str, Any]:
    return {"before": figure(before), "after": figure(after)}


def _scores(change: CircleChange, metric: str, group: str | None = None) -> dict[str, Any]:
    return _pair(*(float(each.score(group, metric=metric).points) for _, each in _both(change)))


def _item_record(was: InReach, now: InReach, change: CircleChange, number: int) -> dict[str, Any]:
    item, rule, people = was.item, was.item.standard, change.before.demand.of()
    scores = [each.score() for _, each in _both(change)]
    return {
        "service": item.service,
        "title": dict(item.title),
        "level": item.level,
        "need": item.sign,
        "terms": item.terms,
        "limit_m": figure(rule.limit_m),
        "min_area_m2": figure(rule.min_area_m2),
        "asked_of_its_size": item.size,
        "document": rule.document,
        "clause": rule.clause,
        "confidence": rule.confidence,
        "check_first": SURENESS[rule.confidence] if rule.check_first() else "",
        "sites": len(was.sites),
        "sites_that_count": int(was.counts.sum()),
        "walk": _pair(*(float(people[each.walk].sum()) for each in (was, now))),
        "straight": _pair(*(float(people[each.straight].sum()) for each in (was, now))),
        "points": _pair(*(float(each.parts[number]) for each in scores)),
        "most_points": figure(float(scores[0].most[number])),
    }


def _group(change: CircleChange, group: str) -> dict[str, Any] | None:
    """Of one group of people; nothing where nobody is in it."""
    people = change.before.demand.of(group)
    if not people.sum() > 0:
        return None
    complete = (float(people[each.complete()].sum()) for _, each in _both(change))
    return {
        "total": figure(people.sum()),
        "complete": _pair(*complete),
        "score": {metric: _scores(change, metric, group) for metric in ("walk", "straight")},
    }
