"""Who lives in each unit, by age, as offices send it: wide or long, by year and sex, with rows of totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.ages import Ages, check_classes
from planner.errors import DataError, PeopleError, first
from planner.network import Flags, Floats
from planner.sources.layers import find_columns, half_width, numbers, read_table, words
from planner.written import written


@dataclass(frozen=True)
class Counts:
    """People by unit and by age class."""

    units: NDArray[np.str_]  # (u,)  ids, in the order of the table
    classes: tuple[Ages, ...]  # (c,)  that part everybody
    people: Floats  # (u, c)  whole
    notes: tuple[str, ...] = ()  # what was left out

    @property
    def total(self) -> int:
        """Everybody."""
        return int(self.people.sum())

    def without(self, units: NDArray[np.str_]) -> "Counts":
        """All but some of the units."""
        keep = ~np.isin(self.units, np.array([str(half_width(each)) for each in units.tolist()], np.str_))
        return replace(self, units=self.units[keep], people=self.people[keep])

    def of(self, ages: Ages) -> int:
        """Everybody whose class lies within these ages."""
        return int(self.people[:, [ages.holds(each) for each in self.classes]].sum())


def read_counts(
    path: Path | str,
    *,
    unit: str,
    characters: tuple[int, int] | None = None,
    age: str | None = None,
    people: str | None = None,
    classes: Sequence[str] = (),
    only: Mapping[str, object] | None = None,
    sum_over: Sequence[str] = (),
    **how_to_read: Any,
) -> Counts:
    """The counts of a table without shapes, every person of it once.

    Long, where `age` names a column: a row is the `people` of one age class. Wide otherwise: `classes` are columns,
    by default all whose heading names ages, and of them those that hold anything; `people`, if given, must be their
    sum. `characters` (first, last, from 1) are those of the unit column that tell the unit. `only` keeps the rows with
    a value in a column. Every further column in which the rows of a unit differ must be in `sum_over`: years and sexes
    are added up only where somebody says so. Rows whose unit or age is a word for all (合计, total) are left out, and
    must be the sum of the others. `how_to_read` goes to `read_table`.
    """
    path, only = Path(path), only or {}
    table = read_table(path, **how_to_read).drop(columns="geometry", errors="ignore")
    named = [unit, *filter(None, (age, people)), *classes, *only, *sum_over]
    column = dict(zip(named, find_columns(table, path, *named), strict=True))
    rows = np.arange(1, len(table) + 1).astype(np.str_)
    said = {
        name: _texts(table[column[name]]) for name in dict.fromkeys((unit, *filter(None, (age,)), *only, *sum_over))
    }
    keep = _chosen(said, only, path)
    table, rows, said = table[keep], rows[keep], {name: texts[keep] for name, texts in said.items()}
    free = [str(name) for name in table.columns if name not in column.values()]
    ages = [column[name] for name in classes] or [name for name in free if Ages.read(name)]
    counted = [column[people or ""]] if age else [name for name in ages if not _blank(table[name]).all()]
    every = _is_total(said[unit]) | (_is_total(said[age]) if age else np.zeros(len(table), bool))
    _check_said_once(table, said, every, {unit, age, people, *classes, *only, *ages}, sum_over, path)
    counts = _counted(table, counted, rows, path)
    if not age and people:
        _check_sums(counts, numbers(table[column[people]], rows, path, PeopleError), rows, people, path)
    notes = _check_totals(counts, every, rows, path)
    said = {name: texts[~every] for name, texts in said.items()}
    return _added_up(said[unit], said.get(age or ""), counts[~every], counted, characters, path, rows[~every], notes)


def _added_up(
    unit: NDArray[np.str_],
    age: NDArray[np.str_] | None,
    counts: Floats,
    counted: list[str],
    characters: tuple[int, int] | None,
    path: Path,
    rows: NDArray[np.str_],
    notes: tuple[str, ...],
) -> Counts:
    """Rows added up by unit, and by class of age."""
    start, end = characters or (1, None)
    units, at = _numbered(np.array([text[start - 1 : end] for text in unit.tolist()], np.str_))
    if (empty := units == "").any():
        lost = rows[np.isin(at, np.flatnonzero(empty))]
        raise DataError(f"{path.name}: {len(lost)} rows have no unit ({first(lost)}). Name their unit or remove them.")
    headings, among = _numbered(age) if age is not None else (np.array(counted, np.str_), None)
    read = [Ages.read(text) for text in headings.tolist()]
    unread = [text for text, ages in zip(headings.tolist(), read, strict=True) if ages is None]
    if unread or not read:
        raise DataError(
            f"{path.name}: {len(unread)} of {len(read)} age classes name no ages ({first(unread)}). "
            "Write them as 0-4, 85+ or 7, and name the columns that hold them."
        )
    classes = [ages for ages in read if ages is not None]
    try:
        check_classes(list(dict.fromkeys(classes)) if age is not None else classes)
    except PeopleError as error:
        raise PeopleError(f"{path.name}: {error}") from None
    ordered = sorted(set(classes))
    place = np.array([ordered.index(ages) for ages in classes])
    people = np.zeros((len(units), len(ordered)))
    if among is None:
        np.add.at(people, (at[:, None], place[None, :]), counts)
    else:
        np.add.at(people, (at, place[among]), counts[:, 0])
    return Counts(units, tuple(ordered), people, notes)


def _chosen(said: Mapping[str, NDArray[np.str_]], only: Mapping[str, object], path: Path) -> Flags:
    keep = np.ones(len(next(iter(said.values()))), bool)
    for name, value in only.items():
        here = said[name] == str(half_width(str(value)))
        if not here.any():
            there = sorted(set(said[name].tolist()))
            raise DataError(f"{path.name}: no row has {value!r} in {name!r}. There are: {', '.join(there[:20])}.")
        keep &= here
    if not keep.any():
        raise DataError(f"{path.name}: no row has {', '.join(f'{n}: {v}' for n, v in only.items())} at once.")
    return keep


def _counted(table: pd.DataFrame, names: list[str], rows: NDArray[np.str_], path: Path) -> Floats:
    """(n, c) whole people; others are refused, each with its row and column."""
    if not names:
        there = ", ".join(str(name) for name in table.columns)
        raise DataError(f"{path.name}: no column names ages. Its columns are: {there}. Name them as `classes`.")
    counts = np.stack([numbers(table[name], rows, path, PeopleError) for name in names], axis=1)
    bad = np.argwhere(~(np.isfinite(counts) & (counts >= 0) & (counts % 1 == 0)))
    if len(bad):
        shown = first(f"row {rows[row]} {names[at]} = {counts[row, at]:g}" for row, at in bad.tolist())
        raise PeopleError(
            f"{path.name}: {len(bad)} of {counts.size} counts are missing, negative or no whole people ({shown}). "
            "Correct them, or write 0 where nobody lives."
        )
    return counts


def _check_sums(counts: Floats, people: Floats, rows: NDArray[np.str_], name: str, path: Path) -> None:
    off = np.flatnonzero(counts.sum(axis=1) != people)
    if len(off):
        shown = first(f"row {rows[row]}: {counts[row].sum():,.0f}, not {people[row]:,.0f}" for row in off.tolist())
        raise PeopleError(
            f"{path.name}: in {len(off)} of {len(rows)} rows the age classes do not add up to {name!r} ({shown}). "
            "Name all classes that part everybody, or correct the rows."
        )


def _check_totals(counts: Floats, every: Flags, rows: NDArray[np.str_], path: Path) -> tuple[str, ...]:
    """What is said of total rows; refused where they are not the sum of the others."""
    if not every.any():
        return ()
    stated, summed = counts[every].sum(), counts[~every].sum()
    if stated != summed:
        raise PeopleError(
            f"{path.name}: {int(every.sum())} rows of totals ({first(rows[every])}) state {stated:,.0f} people and the "
            f"others add up to {summed:,.0f}. Remove subtotals, and find out who is missing."
        )
    return (f"{int(every.sum())} rows of totals in {path.name} are left out: the others add up to them",)


def _check_said_once(
    table: pd.DataFrame,
    said: Mapping[str, NDArray[np.str_]],
    every: Flags,
    known: set[str | None],
    sum_over: Sequence[str],
    path: Path,
) -> None:
    """Refuse columns in which the rows of a unit differ unless they are summed over, and rows that repeat others."""
    kept = [name for name in said if name not in sum_over]
    key = pd.DataFrame({name: said[name][~every] for name in kept})
    differ = []
    for name in table.columns:
        if name in known or name in sum_over:
            continue
        values = pd.Series(_texts(table[name])[~every])
        most = int(values.groupby([key[each] for each in kept]).nunique().max())
        if most > 1:
            differ.append(f"{name} (up to {most} values, {first(sorted(set(values)), 3)})")
    if differ:
        raise PeopleError(
            f"{path.name}: rows of one unit differ in {len(differ)} columns nobody spoke of: {'; '.join(differ)}. "
            "Choose a value of each by `only`, or add it up by `sum_over`."
        )
    repeated = pd.DataFrame({name: texts[~every] for name, texts in said.items()}).duplicated().to_numpy()
    if repeated.any():
        where = np.arange(1, len(table) + 1)[~every][repeated]
        raise PeopleError(
            f"{path.name}: {int(repeated.sum())} of {len(table)} rows repeat an earlier one in "
            f"{', '.join(map(repr, said))} ({first(where)}, as chosen). Remove them, or people count twice."
        )


def _texts(values: pd.Series) -> NDArray[np.str_]:
    return np.array([str(half_width(text)) for text in words(values).tolist()], np.str_)


def _blank(values: pd.Series) -> Flags:
    blank: Flags = (values.isna() | (values.astype(str).str.strip() == "")).to_numpy()
    return blank


def _is_total(texts: NDArray[np.str_]) -> Flags:
    words_for_all = {str(word) for word in written("population.yaml")["totals"]}
    return np.array([text.casefold().replace(" ", "") in words_for_all for text in texts.tolist()], bool)


def _numbered(texts: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """The texts that there are, in order, and the position of each."""
    there = dict.fromkeys(texts.tolist())
    position = {text: at for at, text in enumerate(there)}
    return np.array([*there], np.str_), np.array([position[text] for text in texts.tolist()], np.int64)
