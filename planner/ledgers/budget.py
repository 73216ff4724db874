"""Money year by year: what is spent, so far, and of which budget; a table, records and a sheet."""

from collections.abc import Iterator
from typing import Any

from planner.budget import ALL, Spending, spendings
from planner.cells import figure, plain, table_text
from planner.kits import service_titles
from planner.ledgers.schools import KINDS, MADE_UP
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.run import Run

BLOCKS: dict[str, Words] = {"siting": {"zh": "选址", "en": "sites"}, "schools": {"zh": "学校", "en": "schools"}}
YEARLESS: Words = {"zh": "未分期", "en": "no year given"}
OVER_ALL: Words = {"zh": "合计", "en": "all years"}
EVERYTHING: Words = {"zh": "小计", "en": "together"}


def budget_text(run: Run) -> str:
    """One row a question, year and kind, then its years together, then all of them. Money is in the question's unit.

    An empty cost was never given; a budget is empty where the year, or the question, has none.
    """
    data = MADE_UP if run.synthetic else ""
    return table_text({**_row(each), "data": data} for each in spendings(run))


def budget_records(run: Run) -> list[dict[str, Any]]:
    """The same for run.json."""
    return [{name.replace(" ", "_"): value for name, value in _row(each).items()} for each in spendings(run)]


def budget_sheet(run: Run) -> Sheet | None:
    """The same for the eyes, with room for who pays."""
    rows = [*spendings(run)]
    if not rows:
        return None
    return Sheet(
        id="budget",
        title={"zh": "分期投资表", "en": "Budget and phases"},
        note={
            "zh": "投资单位同方案文件，各问题单位可能不同，故不跨问题合计；未给单价的为空。"
            "合建地块的投资按各设施单建造价分摊。新增服务：截至该年比现状多服务的人口（按方案权重计）。",
            "en": "Money is in the unit of each question, so nothing is added up beyond one; empty where no price is "
            "given. A parcel with several services is split by what each would cost alone. People: served by then "
            "beyond today, by the weights of the question.",
        },
        columns=(
            Column({"zh": "问题", "en": "Question"}),
            Column({"zh": "年份", "en": "Year"}),
            Column({"zh": "内容", "en": "What"}),
            Column({"zh": "点位（项）", "en": "Sites or options"}, "number"),
            Column({"zh": "新增学位", "en": "Seats added"}, "number"),
            Column({"zh": "新增服务人口", "en": "People newly served"}, "number"),
            Column({"zh": "投资", "en": "Cost"}, "number"),
            Column({"zh": "累计投资", "en": "So far"}, "number"),
            Column({"zh": "资金上限", "en": "Budget"}, "number"),
            Column({"zh": "结余", "en": "Left"}, "number"),
            Column({"zh": "资金来源", "en": "Source of funds"}),
        ),
        rows=tuple(tuple(_cells(each)) for each in rows),
    )


def what_of(each: Spending) -> Words:
    """What is built, in words."""
    if not each.what:
        return EVERYTHING
    return KINDS[each.what] if each.block == "schools" else service_titles().get(each.what, _alike(each.what))


def year_of(each: Spending) -> Words:
    """When, in words."""
    return {ALL: OVER_ALL, "": YEARLESS}.get(each.year) or _alike(each.year)


def _cells(each: Spending) -> Iterator[Cell]:
    yield {language: f"{title} {each.number}" for language, title in BLOCKS[each.block].items()}
    yield year_of(each)
    yield what_of(each) if each.year != ALL else ""
    yield each.built
    yield from map(_number, (each.seats, each.people, each.cost, each.so_far, each.budget, each.left))
    yield None


def _row(each: Spending) -> dict[str, Any]:
    return {
        "block": each.block,
        "question": each.number,
        "year": plain(each.year),
        "what": plain(each.what),
        "built": each.built,
        "seats added": _number(each.seats),
        "people": _number(each.people),
        "cost": _number(each.cost),
        "so far": _number(each.so_far),
        "budget": _number(each.budget),
        "left": _number(each.left),
    }


def _number(value: float | None) -> float | None:
    return None if value is None else figure(value)


def _alike(text: str) -> Words:
    return {"zh": text, "en": text}
