"""Which sites open in which year, and what looking less far costs: a table, records and a sheet for the map."""

from collections.abc import Iterator
from typing import Any

from planner.cells import figure, plain, table_text
from planner.ledgers.sheets import Column, Sheet, Words
from planner.phasing import PhasedPlan, Phasings
from planner.run import Run
from planner.sited import SitedPlan

WAYS = {
    "ordered": {"zh": "本方案点位的最优次序", "en": "the sites of this plan in their best order"},
    "phased": {"zh": "统筹各年", "en": "all years at once"},
    "myopic": {"zh": "逐年各取最优", "en": "each year for itself"},
    "static": {"zh": "先定终期点位再排序", "en": "the best sites of the last year, then ordered"},
}
MISSING = {"zh": "无可行方案", "en": "ends against a rule"}


def phases_text(run: Run) -> str:
    """One row a site, then one a year, then one for all years, way after way; the first way is the plan of this run.

    People of a site are those it was the first to serve; person-years of a site are what would be lost without it.
    People and person-years of a year are those beyond today, fewer than none where closing sites leave more without.
    """
    data = "made up, no real place" if run.synthetic else ""
    return table_text({**row, "data": data} for sited in run.plans for row in _rows(sited))


def phases_records(run: Run) -> list[dict[str, Any]]:
    """For each plan over years its ways through them."""
    return [
        {
            "number": sited.number,
            "standard": sited.standard.id,
            "unit": "person-years",
            "plan": next(iter(_ways(sited.phasings))),
            "ways": {
                name: _record(way, sited.phasings) if way else None for name, way in _ways(sited.phasings).items()
            },
        }
        for sited in run.plans
        if sited.phasings
    ]


def phases_sheet(run: Run) -> Sheet | None:
    """One row a way through the years, with the sites of each year behind it."""
    of = [(sited, sited.phasings) for sited in run.plans if sited.phasings]
    if not of:
        return None
    ways = [(sited, phasings, name, way) for sited, phasings in of for name, way in _ways(phasings).items()]
    return Sheet(
        id="phases",
        title={"zh": "分期建设：统筹、逐年与终期", "en": "Year by year: phased, myopic and static"},
        note={
            "zh": "人年：每人每服务一年计一。损失：比统筹各年的方案少服务的人年。每组首行为本方案。",
            "en": "A person-year is a person served for a year. Regret: person-years fewer than with all years planned "
            "at once. The first row of each standard is the plan of this run.",
        },
        columns=(
            Column({"zh": "标准", "en": "Standard"}),
            Column({"zh": "方式", "en": "Way"}),
            Column({"zh": "各年点位", "en": "Sites by year"}),
            Column({"zh": "人年", "en": "Person-years"}, "number"),
            Column({"zh": "损失", "en": "Regret"}, "number"),
            Column({"zh": "证明", "en": "Proof"}),
        ),
        rows=tuple(
            (
                sited.standard.title,
                WAYS[name],
                MISSING if way is None else " + ".join(str(len(way.in_year(year.name))) for year in way.years),
                None if way is None else way.objective,
                None if way is None else phasings.regret(way),
                "" if way is None else _proof(way),
            )
            for sited, phasings, name, way in ways
        ),
        more=tuple(() if way is None else tuple(_years(way)) for _, _, _, way in ways),
        behind={"zh": "{count} 年", "en": "{count} years"},
    )


def _ways(phasings: Phasings | None) -> dict[str, PhasedPlan | None]:
    """The plan of the run first."""
    if phasings is None:
        return {}
    ways = {"phased": phasings.phased, "myopic": phasings.myopic, "static": phasings.static}
    return ways if phasings.ordered is None else {"ordered": phasings.ordered, **ways}


def _proof(way: PhasedPlan) -> Words:
    """How good a way provably is among all ways through the years."""
    if way.ending == "proven":
        return {"zh": "已证明最优", "en": "proven best"}
    return {"zh": f"与上界相差 {way.gap:.2%}", "en": f"within {way.gap:.2%} of the bound"}


def _years(way: PhasedPlan) -> Iterator[Words]:
    """What opens and closes in each year."""
    for year, people in zip(way.years, way.newly_served.tolist(), strict=True):
        opened = ", ".join(way.in_year(year.name)) or "–"
        closed = ", ".join(site for site, when in way.closed if when == year.name)
        yield {
            "zh": f"{year.name}：新增服务 {people:,.0f} 人；开放 {opened}" + (f"；关闭 {closed}" if closed else ""),
            "en": f"{year.name}: {people:+,.0f} people; opens {opened}" + (f"; closes {closed}" if closed else ""),
        }


def _record(way: PhasedPlan, phasings: Phasings) -> dict[str, Any]:
    return {
        "objective": figure(way.objective),
        "bound": figure(way.bound),
        "gap": figure(way.gap, 9),
        "ending": way.ending,
        "regret": figure(phasings.regret(way)),
        "years": [
            {
                "name": year.name,
                "length": figure(year.length),
                "opened": list(way.in_year(year.name)),
                "closed": [site for site, when in way.closed if when == year.name],
                "people_beyond_today": figure(people),
            }
            for year, people in zip(way.years, way.newly_served.tolist(), strict=True)
        ],
    }


def _rows(sited: SitedPlan) -> Iterator[dict[str, Any]]:
    phasings = sited.phasings
    if phasings is None:
        return
    for name, way in _ways(phasings).items():
        empty = {
            "plan": sited.number,
            "standard": sited.standard.id,
            "way": name,
            "year": "all years",
            **dict.fromkeys(("site", "sites", "people", "person-years", "regret", "bound", "gap", "ending"), ""),
        }
        if way is None:
            yield {**empty, "ending": MISSING["en"]}
            continue
        for site, year, served, only in zip(way.opened, way.year, way.served, way.only, strict=True):
            figures = {"people": figure(served), "person-years": figure(only)}
            yield {**empty, "year": plain(way.years[year].name), "site": plain(site), **figures}
        for of, people in zip(way.years, way.newly_served.tolist(), strict=True):
            figures = {"people": figure(people), "person-years": figure(people * of.length)}
            yield {**empty, "year": plain(of.name), "sites": len(way.in_year(of.name)), **figures}
        yield {
            **empty,
            "sites": len(way.opened),
            "person-years": figure(way.objective),
            "regret": figure(phasings.regret(way)),
            "bound": figure(way.bound),
            "gap": figure(way.gap, 9),
            "ending": way.ending,
        }
