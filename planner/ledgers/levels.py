"""Services sited together, unit by unit and site by site: both readings of full cover, floor, places, referral."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from planner.cells import figure, plain, share, table_text
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.levels import NEW, Level
from planner.presence import Present, UnitStatus
from planner.run import Run
from planner.sited import SitedPlan

HOW = {
    "own": {"zh": "本单元设有", "en": "its own"},
    "shared": {"zh": "与邻近单元共用", "en": "shared with a neighbour"},
    "missing": {"zh": "缺", "en": "missing"},
}
COLUMNS = (  # of the sheet; those in which there is nothing are left out
    Column({"zh": "设施", "en": "Service"}),
    Column({"zh": "可达人口", "en": "People within reach"}, "share"),
    Column({"zh": "已设单元", "en": "Units with it"}),
    Column({"zh": "建筑面积（㎡/百户）", "en": "Floor, m² per 100 households"}),
    Column({"zh": "至上级设施步行", "en": "On foot to the next level"}),
    Column({"zh": "可达而无位", "en": "In reach, without a place"}),
)


def presence_text(run: Run) -> str:
    """One row a unit and service: people within reach, and by whose site it is present, before and after.

    People count as the question weighs their groups. Floor is of the sites that lie in the unit.
    """
    data = "made up, no real place" if run.synthetic else ""
    return table_text(
        {
            "question": sited.number,
            "service": sited.standard.service,
            "standard": sited.standard.id,
            **_unit_row(level, number, status),
            "data": data,
        }
        for sited, level in _levels(run)
        for number, status in enumerate(level.status)
    )


def centres_text(run: Run) -> str:
    """One row a site, standing or new, of services sited together: size, places and load, the way to the next level.

    A load is told where a capacity is known, the way to the next level where there is one.
    """
    data = "made up, no real place" if run.synthetic else ""
    return table_text(
        {
            "question": sited.number,
            "service": sited.standard.service,
            "site": plain(site),
            "size": plain(level.sizes.get(site.removeprefix(NEW), "")) if site.startswith(NEW) else "",
            **_load(level, site),
            **_way(level, site),
            "data": data,
        }
        for sited, level in _levels(run)
        for site in _sites(sited, level)
    )


def level_records(run: Run) -> list[dict[str, Any]]:
    """Both of them as sums, with the units that lack each service."""
    return [
        {
            "question": sited.number,
            "service": sited.standard.service,
            "standard": sited.standard.id,
            "weights": None if sited.weights is None else dict(sited.weights),
            "people": figure(level.people),
            "within_reach": dict(zip(("before", "after"), map(figure, level.reached), strict=True)),
            "share_before": share(level.reached[0], level.people),
            "share_after": share(level.reached[1], level.people),
            "units": len(level.status),
            "units_that_have_it": dict(zip(("today", "after"), _there(level), strict=True)),
            "present": {
                when: {how: sum(getattr(each, when).how == how for each in level.status) for how in HOW}
                for when in ("today", "after")
            },
            "missing": [each.unit for each in level.status if each.after.how == "missing"],
            "sizes": dict(level.sizes),
            "floor": _floor_record(level),
            "places": _places_record(level),
            "referral": _referral_record(level),
        }
        for sited, level in _levels(run)
    ]


def levels_sheet(run: Run) -> Sheet | None:
    """One row a service; behind it the units that lack it or share a neighbour's."""
    rows: list[tuple[Cell, ...]] = []
    more: list[tuple[Words, ...]] = []
    for sited, level in _levels(run):
        title = {language: sited.standard.title[language] for language in ("zh", "en")}
        there = _there(level)
        rows.append(
            (
                title,
                (level.reached[0] / level.people, level.reached[1] / level.people) if level.people else None,
                f"{there[0]:,} → {there[1]:,} / {len(level.status):,}" if level.status else "",
                _floor_words(level),
                _way_words(level),
                f"{level.places.without.sum():,.0f}" if level.places else "",
            )
        )
        more.append(tuple(_unit_words(each) for each in level.status if each.after.how != "own"))
    if not rows:
        return None
    used = [
        c for c, cells in enumerate(zip(*rows, strict=True)) if c == 0 or any(cell not in ("", None) for cell in cells)
    ]
    return Sheet(
        id="levels",
        title={"zh": "设施分级全覆盖", "en": "Full cover, level by level"},
        note={
            "zh": "两种口径：可达范围内的人口，与设有（或与邻近单元共用）设施的单元。人口按各人群权重计。"
            "逐单元见 presence.csv，逐设施见 centres.csv。",
            "en": "Two readings: people within reach, and units with a site of their own or one shared with a "
            "neighbour. People by the weights of their groups. presence.csv has every unit, centres.csv every site.",
        },
        columns=tuple(COLUMNS[c] for c in used),
        rows=tuple(tuple(row[c] for c in used) for row in rows),
        more=tuple(more),
        behind={"zh": "{count} 个单元缺或共用", "en": "{count} units lack it or share"},
    )


def _there(level: Level) -> list[int]:
    """How many units have a service, today and with the plan."""
    return [sum(getattr(each, when).how != "missing" for each in level.status) for when in ("today", "after")]


def _levels(run: Run) -> Iterator[tuple[SitedPlan, Level]]:
    for sited in run.plans:
        if sited.level is not None:
            yield sited, sited.level


def _unit_row(level: Level, number: int, status: UnitStatus) -> dict[str, object]:
    row: dict[str, object] = {
        "unit": plain(status.unit),
        "people": figure(status.people),
        "within reach before": figure(status.reached_before),
        "within reach after": figure(status.reached_after),
        "share before": share(status.reached_before, status.people),
        "share after": share(status.reached_after, status.people),
    }
    for when, present in (("today", status.today), ("after", status.after)):
        new = NEW if when == "after" and present.site and present != status.today else ""
        row |= {f"present {when}": present.how, f"site {when}": plain(new + present.site)}
        row |= {f"site lies in {when}": plain(present.lies_in)}
    floor = level.floor
    told = floor and (floor.households, floor.today_m2, floor.after_m2)
    rates = floor and (floor.per_hundred(floor.today_m2), floor.per_hundred(floor.after_m2))
    households, today, after = (figure(each[number], 1) for each in told) if told else ("", "", "")
    before, now = (figure(each[number], 1) for each in rates) if rates else ("", "")
    return row | {
        "households": households,
        "floor m2 today": today,
        "floor m2 after": after,
        "m2 per 100 households today": before,
        "m2 per 100 households after": now,
        "floor asked": floor.norm.threshold if floor else "",
        "floor m2 missing": figure(floor.gap_m2[number], 1) if floor else "",
        "floor source": plain(floor.norm.source) if floor else "",
    }


def _sites(sited: SitedPlan, level: Level) -> list[str]:
    """Those that stand and are told of, then those that are new."""
    known = [each.ids.tolist() for each in (level.places, level.referral) if each is not None]
    new = [f"{NEW}{site}" for site in sited.plan.opened]
    return list(dict.fromkeys([*(site for ids in known for site in ids), *new]))


def _load(level: Level, site: str) -> dict[str, object]:
    at = [] if level.places is None else np.flatnonzero(level.places.ids == site).tolist()
    if level.places is None or not at:
        return {"capacity": "", "load": ""}
    return {"capacity": figure(level.places.capacity[at[0]]) or "", "load": figure(level.places.load[at[0]], 1)}


def _way(level: Level, site: str) -> dict[str, object]:
    at = [] if level.referral is None else np.flatnonzero(level.referral.ids == site).tolist()
    if level.referral is None or not at:
        return {"next level": "", "metres to it": ""}
    to, metres = level.referral.to[at[0]], figure(level.referral.metres[at[0]], 1)
    far = f"none within {level.referral.limit_m:,.0f} m"
    return {"next level": plain(to), "metres to it": far if metres is None else metres}


def _floor_record(level: Level) -> dict[str, Any] | None:
    floor = level.floor
    if floor is None:
        return None
    whole = floor.whole
    return {
        "asked": floor.norm.threshold,
        "source": floor.norm.source,
        "households": figure(whole.households[0], 1),
        "m2": {"before": figure(whole.today_m2[0], 1), "after": figure(whole.after_m2[0], 1)},
        "m2_per_100_households": {
            "before": figure(whole.per_hundred(whole.today_m2)[0], 2),
            "after": figure(whole.per_hundred(whole.after_m2)[0], 2),
        },
        "missing_m2": {"all_together": figure(whole.gap_m2[0], 1), "unit_by_unit": figure(floor.gap_m2.sum(), 1)},
        "units_that_have_it": int((floor.gap_m2 <= 0).sum()),
    }


def _places_record(level: Level) -> dict[str, Any] | None:
    places = level.places
    if places is None:
        return None
    return {
        "with_a_place": figure(places.load.sum(), 1),
        "in_reach_without": figure(places.without.sum(), 1),
        "reach_none": figure(places.beyond.sum(), 1),
        "sites_of_unknown_capacity": int(np.isnan(places.capacity).sum()),
    }


def _referral_record(level: Level) -> dict[str, Any] | None:
    way = level.referral
    if way is None:
        return None
    return {
        "sites": len(way.ids),
        "mean_m": figure(way.mean_m, 1),
        "worst_m": figure(way.worst_m, 1),
        "none_within_m": figure(way.limit_m),
        "without": list(way.without),
    }


def _floor_words(level: Level) -> str:
    if level.floor is None:
        return ""
    whole = level.floor.whole
    today, after = (float(whole.per_hundred(each)[0]) for each in (whole.today_m2, whole.after_m2))
    return f"{today:,.1f} → {after:,.1f} / {whole.norm.number:g}"


def _way_words(level: Level) -> Words | str:
    way = level.referral
    if way is None:
        return ""
    lost = len(way.without)
    none = {"zh": f"；{lost} 处不可达", "en": f"; {lost} have none"} if lost else {"zh": "", "en": ""}
    mean, worst = f"{way.mean_m:,.0f} m", f"{way.worst_m:,.0f} m"
    return {"zh": f"平均 {mean}，最远 {worst}{none['zh']}", "en": f"mean {mean}, worst {worst}{none['en']}"}


def _unit_words(status: UnitStatus) -> Words:
    def said(present: Present, language: str) -> str:
        return f"{HOW[present.how][language]}{f' ({present.lies_in})' if present.lies_in else ''}"

    return {
        language: f"{status.unit}: {said(status.after, language)}, {status.reached_after:,.0f} / {status.people:,.0f}"
        for language in ("zh", "en")
    }
