"""What each idea of fairness does for those worst off, and its price: a table, records and a sheet for the map."""

from collections.abc import Iterator
from typing import Any

from planner.cells import figure, plain, share, table_text
from planner.fairness import Fairness, Spread
from planner.ledgers.sheets import Column, Sheet
from planner.run import Run

BEFORE = {"zh": "现状", "en": "today"}
TITLES = {
    "most": {"zh": "总服务人口最多", "en": "most people"},
    "worst": {"zh": "最差单元优先", "en": "worst unit lifted"},
    "in_turn": {"zh": "由最差起逐个提升", "en": "units lifted in turn"},
    "no_unit_below": {"zh": "各单元不低于下限", "en": "no unit below the floor"},
    "kolm_pollak": {"zh": "步行均等（Kolm–Pollak）", "en": "even walks (Kolm–Pollak)"},
    "cvar": {"zh": "最远者步行最短（CVaR）", "en": "worst walks shortened (CVaR)"},
}


def fairness_text(run: Run) -> str:
    """One row of today and one a way, plan after plan; walks beyond the limit beside them count as that limit."""
    data = "made up, no real place" if run.synthetic else ""
    return table_text(
        {"plan": number, "standard": standard, **row, "data": data}
        for number, standard, by, fairness in _compared(run)
        for row in _rows(fairness, by)
    )


def fairness_records(run: Run) -> list[dict[str, Any]]:
    """The same rows for each plan, with what they were asked by."""
    return [
        {
            "number": number,
            "standard": standard,
            "adopted": by,
            "people": figure(fairness.total),
            "aversion": figure(fairness.aversion),
            "kappa": figure(fairness.kappa, 9),
            "worst_people": figure(fairness.worst_people),
            "no_unit_below": fairness.no_unit_below,
            "ways": [
                {**row, "opened": list(fairness.of(row["way"]).plan.opened) if row["way"] in TITLES else []}
                for row in _rows(fairness, by)
            ],
        }
        for number, standard, by, fairness in _compared(run)
    ]


def fairness_sheet(run: Run) -> Sheet | None:
    """One row of today and one a way."""
    rows = [
        (
            TITLES.get(row["way"], BEFORE),
            row["served"],
            None if row["price"] == "" else row["price"],
            row["worst unit share"],
            row["worst unit"],
            row["mean walk"],
            row["worst walk"],
            row["even walk"],
            row["proof"],
        )
        for _, _, by, fairness in _compared(run)
        for row in _rows(fairness, by)
    ]
    if not rows:
        return None
    return Sheet(
        id="fairness",
        title={"zh": "公平及其代价", "en": "Fairness, and its price"},
        note={
            "zh": "代价：比总服务人口最多的方案少服务的人口。超出测量范围的步行按该范围计。",
            "en": "Price: people fewer than under the plan that serves most. A walk beyond the range measured counts "
            "as that range.",
        },
        columns=(
            Column({"zh": "方式", "en": "Way"}),
            Column({"zh": "服务人口", "en": "Served"}, "number"),
            Column({"zh": "代价", "en": "Price"}, "number"),
            Column({"zh": "最差单元", "en": "Worst unit"}, "share"),
            Column({"zh": "名称", "en": "Which"}),
            Column({"zh": "平均步行", "en": "Mean walk"}, "number"),
            Column({"zh": "最远者步行", "en": "Worst walks"}, "number"),
            Column({"zh": "均等步行", "en": "Even walk"}, "number"),
            Column({"zh": "证明", "en": "Proof"}),
        ),
        rows=tuple(rows),
    )


def _compared(run: Run) -> Iterator[tuple[int, str, str, Fairness]]:
    for sited in run.plans:
        if sited.fairness is not None:
            yield sited.number, sited.standard.id, sited.adopted, sited.fairness


def _rows(fairness: Fairness, by: str) -> Iterator[dict[str, Any]]:
    yield {"way": "today", "adopted": "", **_cells(fairness, fairness.before), "price": "", "proof": ""}
    for each in fairness.plans:
        adopted = "yes" if each.way == by else ""
        cells = _cells(fairness, each.spread)
        yield {"way": each.way, "adopted": adopted, **cells, "price": figure(each.price), "proof": each.proven}


def _cells(fairness: Fairness, spread: Spread) -> dict[str, Any]:
    return {
        "served": figure(spread.served),
        "share": share(spread.served, fairness.total),
        "worst unit": plain(spread.worst_unit),
        "worst unit share": figure(spread.worst_share),
        "mean walk": figure(spread.mean_walk, 1),
        "worst walk": figure(spread.worst_walk, 1),
        "even walk": figure(spread.even_walk, 1),
        "unit of walks": fairness.unit,
        "walks up to": figure(fairness.limit),
    }
