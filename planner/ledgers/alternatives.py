"""Today, the plan, its years and every other plan that was worked out: a table, records and a sheet for the map."""

from collections.abc import Iterator
from typing import Any

from planner.cells import figure, plain, share, table_text
from planner.ledgers.examined import KINDS as ASSUMED
from planner.ledgers.fairness import TITLES as FAIR
from planner.ledgers.phases import WAYS as OVER_YEARS
from planner.ledgers.sheets import Column, Sheet, Words
from planner.plans_beside import PLAN, TODAY, YEAR, Beside
from planner.run import Run

TITLES: dict[str, Words] = {
    TODAY: {"zh": "现状", "en": "today"},
    PLAN: {"zh": "推荐方案", "en": "the plan"},
    YEAR: {"zh": "截至 {of}", "en": "by {of}"},
    "other": {"zh": "次优方案 {of}", "en": "next best plan {of}"},
    "replacement": {"zh": "不用 {of}，改用 {by}", "en": "without {of}, with {by}"},
    "forced": {"zh": "必选 {of}", "en": "with {of}"},
    "assumption": {"zh": "{of} 时的最优方案", "en": "best for {of}"},
    "sites": {"zh": "{of} 处时的最优方案", "en": "best with {of} sites"},
    "budget": {"zh": "预算 {of} 时的最优方案", "en": "best for a budget of {of}"},
    "fairness": {"zh": "{of}", "en": "{of}"},
    "phasing": {"zh": "分期：{of}", "en": "by year: {of}"},
}
NOTHING: Words = {"zh": "空缺", "en": "nothing"}


def alternatives_text(run: Run) -> str:
    """One row for today and one for the plan, then one a year and one a plan beside it, standard by standard.

    Standards that have none of these are left out. People are covered on foot, all new sites together. Cost is that of
    the whole joint plan where a plan is part of one, and not told of its years; sites are those for the standard.
    """
    data = "made up, no real place" if run.synthetic else ""
    return table_text({**_cells(each, run), "data": data} for each in _with_others(run))


def alternatives_records(run: Run) -> list[dict[str, Any]]:
    """The same rows for every standard, also for those with nothing beside the plan."""
    return [
        {
            "standard": each.standard.id,
            "question": each.number,
            "kind": each.kind,
            "of": each.of,
            "replaced_by": each.replaced_by,
            "people": figure(each.people),
            "share": figure(each.share),
            "worst_unit": _unit(each, run),
            "worst_share": figure(each.worst_share),
            "units_as_bad": each.worst_units,
            "sites": each.sites,
            "cost": None if each.cost is None else figure(each.cost),
            "dropped": list(each.dropped),
            "added": list(each.added),
        }
        for each in run.beside
    ]


def alternatives_sheet(run: Run) -> Sheet | None:
    """One row a plan, with the sites that it exchanges behind it."""
    listed = list(_with_others(run))
    if not listed:
        return None
    return Sheet(
        id="alternatives",
        title={"zh": "方案比选", "en": "Alternatives side by side"},
        note={
            "zh": "步行覆盖人口，含现有设施。最差单元：覆盖率最低的单元。投资为整个方案（多类设施合建时为合计）。",
            "en": "People covered on foot, by what stands as well. Worst unit: the smallest share covered. Cost is of "
            "the whole plan, all its services together.",
        },
        columns=(
            Column({"zh": "标准", "en": "Standard"}),
            Column({"zh": "方案", "en": "Plan"}),
            Column({"zh": "新建点位", "en": "New sites"}, "number"),
            Column({"zh": "覆盖人口", "en": "People covered"}, "number"),
            Column({"zh": "覆盖率", "en": "Share"}, "share"),
            Column({"zh": "最差单元覆盖率", "en": "Worst unit"}, "share"),
            Column({"zh": "投资", "en": "Cost"}, "number"),
        ),
        rows=tuple(
            (
                dict(each.standard.title),
                title_of(each),
                each.sites,
                figure(each.people),
                each.share,
                each.worst_share,
                None if each.cost is None else figure(each.cost),
            )
            for each in listed
        ),
        more=tuple(tuple(_exchanged(each)) for each in listed),
        behind={"zh": "换哪些点位", "en": "Which sites"},
    )


def title_of(beside: Beside) -> Words:
    """What a plan is called, in both languages."""
    titles: dict[str, str] = {}
    for language, title in TITLES[beside.kind].items():
        of: str = beside.of
        if beside.kind == "fairness":
            of = FAIR[of][language]
        elif beside.kind == "phasing":
            of = OVER_YEARS[of][language]
        elif beside.kind == "assumption":
            kind, value = of.split(" ", 1)
            of = f"{ASSUMED[kind][language]} {value}"
        titles[language] = title.format(of=of, by=beside.replaced_by or NOTHING[language])
    return titles


def _with_others(run: Run) -> Iterator[Beside]:
    """The rows of the standards that have something beside the plan."""
    known = {each.standard.id for each in run.beside if each.number is not None}
    return (each for each in run.beside if each.standard.id in known)


def _unit(each: Beside, run: Run) -> str:
    units = run.demand.units
    return "" if units is None or each.worst_unit < 0 else str(units.names[each.worst_unit])


def _exchanged(each: Beside) -> Iterator[Words]:
    if each.dropped or each.added:
        dropped, added = (" ".join(sites) or "–" for sites in (each.dropped, each.added))
        yield {"zh": f"换出 {dropped}；换入 {added}", "en": f"without {dropped}; with {added}"}


def _cells(each: Beside, run: Run) -> dict[str, Any]:
    return {
        "standard": each.standard.id,
        "question": "" if each.number is None else each.number,
        "plan": plain(title_of(each)["en"]),
        "new sites": each.sites,
        "people covered": figure(each.people),
        "share": share(each.people, run.demand.total),
        "worst unit": plain(_unit(each, run)),
        "worst unit share": figure(each.worst_share),
        "units with that share": each.worst_units,
        "cost": "" if each.cost is None else figure(each.cost),
        "drops": plain(" ".join(each.dropped)),
        "takes": plain(" ".join(each.added)),
    }
