"""The kit of the 15-minute circle by unit and item, as a table for spreadsheets and as a record for run.json."""

from collections.abc import Sequence
from typing import Any

from planner.asked_circle import CircleChange
from planner.cells import figure, plain, share, table_text
from planner.circle import Circle, InReach
from planner.kits import Item
from planner.ledgers.sheets import Cell, Column, Sheet
from planner.network import Flags
from planner.provisions import SURENESS
from planner.run import Run

MOST = 0.5  # more than half of the people are most of them
METRICS = ("walk", "straight")
COMPLETE = {"zh": "全部配套齐全", "en": "Whole kit complete"}
NOT_IN_THE_DATA = {"zh": "数据中没有", "en": "not in the data"}


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
        "full_score": 100,
        "score": {metric: _scores(change, metric) for metric in METRICS},
        "complete": {
            "all" if level is None else str(level): {
                metric: _shares(*change.complete(level, metric), of=circle.demand.total) for metric in METRICS
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
            | {"terms": item.terms}
            for item in circle.untold
        ],
        "groups": {group: _group(change, group) for group in circle.demand.groups[1:]},
    }


def circle_sheet(run: Run) -> Sheet | None:
    """One row an item, then one a complete kit; what is not in the data has no shares."""
    if run.circle is None:
        return None
    change, circle = run.circle, run.circle.before
    people, total = circle.demand.of(), circle.demand.total

    def shares(was: float, now: float) -> tuple[float, float]:
        return was / total, now / total

    rows: list[tuple[Cell, ...]] = []
    for was, now in zip(circle.judged, change.after.judged, strict=True):
        having = [shares(*(float(people[each.by(how)].sum()) for each in (was, now))) for how in METRICS]
        rows.append((_item_words(was.item), *having, was.item.terms, f"{len(was.sites):,}"))
    rows += [(_item_words(item), None, None, item.terms, NOT_IN_THE_DATA) for item in circle.untold]
    for level in (*circle.levels, None):
        of = {"zh": f"{level}分钟配套齐全", "en": f"{level}-minute kit complete"} if level else COMPLETE
        rows.append((of, *(shares(*change.complete(level, how)) for how in METRICS), "", ""))
    score, after = (f"{float(each.score().points):.1f}" for each in (circle, change.after))
    points = score if score == after else f"{score} → {after}"
    return Sheet(
        id="circle",
        title={"zh": f"生活圈：{circle.kit.title['zh']}", "en": f"Life circle: {circle.kit.title['en']}"},
        note={
            "zh": f"人口占比；步行得分 {points} / 100。数据中没有的设施既不算缺，也不算有。{circle.kit.source}",
            "en": f"Shares of people; score on foot {points} of 100. What is not in the data is neither missing nor "
            f"there. {circle.kit.source}",
        },
        columns=(
            Column({"zh": "设施", "en": "Service"}),
            Column({"zh": "步行", "en": "On foot"}, "share"),
            Column({"zh": "直线", "en": "Straight"}, "share"),
            Column({"zh": "要求", "en": "Asked"}),
            Column({"zh": "数据中的数量", "en": "In the data"}),
        ),
        rows=tuple(rows),
    )


def _item_words(item: Item) -> dict[str, str]:
    level = {"zh": f"{item.level}分钟", "en": f"{item.level} min"}
    return {language: f"{level[language]} {item.sign} {item.title[language]}" for language in level}


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
    missing = [*after.missing_by_unit(), after.missing()]
    worst = [next((each for each in here if each.people), None) for here in missing]
    for language, name in (("zh", "最缺 most missed"), ("en", "most missed")):
        columns[name] = [each.item.title[language] if each else "" for each in worst]
    columns["people who lack it"] = [figure(each.people) if each else 0 for each in worst]
    columns["share who lack it"] = [share(each.people, each.of) if each else "" for each in worst]
    for language, name in (("zh", "多数人所缺 most people lack"), ("en", "most people lack")):
        lacked = [[each.item.title[language] for each in here if each.share > MOST] for here in missing]
        columns[name] = ["; ".join(titles) for titles in lacked]
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


def _shares(before: float, after: float, *, of: float) -> dict[str, Any]:
    """People, and their shares of all."""
    return _pair(before, after) | {"share_before": figure(before / of, 9), "share_after": figure(after / of, 9)}


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
        **{
            how: _shares(*(float(people[each.by(how)].sum()) for each in (was, now)), of=change.before.demand.total)
            for how in METRICS
        },
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
        "score": {metric: _scores(change, metric, group) for metric in METRICS},
    }
