"""Residential land, people in a straight line and people on foot side by side, by unit and by group."""

from collections.abc import Iterator, Sequence
from typing import Any

from planner.cells import figure, plain, share, table_text
from planner.coverage import Coverage
from planner.differences import Differences, find_differences
from planner.land_cover import LandCoverage
from planner.ledgers.sheets import Column, Sheet
from planner.network import Floats
from planner.run import Measured, Run

Amounts = tuple[float, float, float]  # all, served before, served after
Part = tuple[str, str, str, Sequence[Amounts | None]]  # of what kind, its id and name, and its three numbers
Pairs = tuple[tuple[Coverage | LandCoverage | None, Coverage | LandCoverage | None], ...]  # before and after
NUMBERS = (("residential land", "km²", 1e6), ("straight", "people", 1.0), ("on foot", "people", 1.0))


def three_numbers_text(run: Run) -> str:
    """For each standard of green a row a unit, a row a group of people, and one of everybody.

    Land in square kilometres, people in people, each with its own share and never with another's. Groups have no
    land: it belongs to nobody. The row of everybody says why the three differ.
    """
    return table_text(row for measured in _green(run) for row in _rows(measured, run))


def three_numbers_sheet(run: Run) -> Sheet | None:
    """One row a standard of green; behind it why the three differ."""
    green = _green(run)
    if not green or all(measured.after_land is None for measured in green):
        return None
    return Sheet(
        id="three_numbers",
        title={"zh": "三个数并列", "en": "Three numbers side by side"},
        note={
            "zh": "居住用地占比是官方口径（直线半径），后两列是人口占比；分子分母不可混用。",
            "en": "The share of residential land is the official measure (straight radius); the others are of people.",
        },
        columns=(
            Column({"zh": "标准", "en": "Standard"}),
            Column({"zh": "居住用地", "en": "Residential land"}, "share"),
            Column({"zh": "直线，人口", "en": "People, straight"}, "share"),
            Column({"zh": "步行，人口", "en": "People, on foot"}, "share"),
        ),
        rows=tuple(
            (
                dict(each.standard.title),
                (each.before_land.share, each.after_land.share) if each.before_land and each.after_land else None,
                (each.before_straight.share, each.after_straight.share),
                (each.before.share, each.after.share),
            )
            for each in green
        ),
        more=tuple((_differences(each, run).words,) for each in green),
        behind={"zh": "为何不同", "en": "Why they differ"},
    )


def _green(run: Run) -> list[Measured]:
    """The standards of which land is the official measure: those of green."""
    return [each for each in run.measured if each.standard.service in {"green", "park"}]


def _differences(measured: Measured, run: Run) -> Differences:
    return find_differences(run.demand, measured.after_straight.covered, measured.after.covered, measured.after_land)


def _rows(measured: Measured, run: Run) -> Iterator[dict[str, Any]]:
    pairs = (
        (measured.before_land, measured.after_land),
        (measured.before_straight, measured.after_straight),
        (measured.before, measured.after),
    )
    for kind, id, name, here in [*_by_unit(pairs, run), *_by_group(pairs, run)]:  # noqa: A001  (the field's word)
        yield _row(measured, kind, id, name, here)
    whole = [(now.total, was.served, now.served) if was and now else None for was, now in pairs]
    said = "total (made-up data, no real place)" if run.synthetic else "total"
    yield _row(measured, "total", "", said, whole, why=str(_differences(measured, run)))


def _by_unit(pairs: Pairs, run: Run) -> Iterator[Part]:
    """Every unit, and what lies in none where there is anything."""
    units = run.demand.units
    if units is None:
        return
    tables = [
        (*_of_units(was, run), _of_units(now, run)[1]) if was is not None and now is not None else None
        for was, now in pairs
    ]
    for u in range(len(units.ids) + 1):
        here = [None if each is None else (float(each[0][u]), float(each[1][u]), float(each[2][u])) for each in tables]
        if u < len(units.ids):
            yield units.kind, str(units.ids[u]), str(units.names[u]), here
        elif any(each is not None and each[0] > 0 for each in here):
            yield units.kind, "", "outside any unit", here


def _of_units(covered: Coverage | LandCoverage, run: Run) -> tuple[Floats, Floats]:
    return covered.by_unit() if isinstance(covered, LandCoverage) else covered.by_unit(run.demand)


def _by_group(pairs: Pairs, run: Run) -> Iterator[Part]:
    """Every group of people besides everybody; land is nobody's."""
    for k, group in enumerate(run.demand.groups[1:], 1):
        here: list[Amounts | None] = [
            (float(now.people[:, k].sum()), float(was.by_group()[k]), float(now.by_group()[k]))
            if isinstance(was, Coverage) and isinstance(now, Coverage)
            else None
            for was, now in pairs
        ]
        yield "group", "", group, here


def _row(
    measured: Measured,
    kind: str,
    id: str,  # noqa: A002  (the field's word)
    name: str,
    here: Sequence[Amounts | None],
    why: str = "",
) -> dict[str, Any]:
    cells: dict[str, Any] = {"standard": measured.standard.id, "of": kind, "id": plain(id), "name": plain(name)}
    for (what, unit, scale), amounts in zip(NUMBERS, here, strict=True):
        total, before, after = amounts or (0.0, 0.0, 0.0)
        for when, amount in (("", total), (" before", before), (" after", after)):
            cells[f"{what}{when}, {unit}"] = figure(amount / scale) if amounts else ""
        for when, amount in (("before", before), ("after", after)):
            cells[f"{what} share {when}"] = share(amount, total)
    cells["why the three differ"] = plain(why)
    cells["source"] = plain(measured.standard.source) if kind == "total" else ""
    return cells
