"""Whole people shared out: so many to each place, so many to each group, and nobody lost or counted twice."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import PeopleError, first
from planner.network import Floats, Integers

Cell = tuple[int, int]  # place, group


def share_groups(people: ArrayLike, totals: ArrayLike, *, order: Integers | None = None) -> Floats:
    """(n, k) the people of each group in each place, whole, where groups part everybody and nobody is in two.

    Every row sums to the `people` (n,) of its place, every column to the `totals` (k,) of its group, and each
    entry is the exact proportion people · total / everybody, rounded down or up (Cox 1987, A constructive procedure
    for unbiased controlled rounding). Along `order` (n,), by default the order given, the first so many places
    together hold each group to within k - 1 people, so that no part of the city gets what others are owed.

    Raises PeopleError where people or totals are negative or no whole numbers, or where they do not add up.
    """
    row, column = _whole(people, "places"), _whole(totals, "groups")
    if row.sum() != column.sum():
        raise PeopleError(
            f"The groups hold {column.sum():,} people and the places {row.sum():,}. Give groups that part everybody, "
            "each person in exactly one."
        )
    everybody = int(row.sum())
    if not everybody:
        return np.zeros((len(row), len(column)))
    exact = row[:, None] * column  # in parts of a person: `everybody` of them are one
    whole, parts = exact // everybody, exact % everybody
    rounding = _Rounding(everybody)
    for place in range(len(row)) if order is None else order.tolist():
        for group in np.flatnonzero(parts[place]).tolist():
            rounding.add((place, group), int(parts[place, group]))
    for place, group in rounding.up:
        whole[place, group] += 1
    return whole.astype(np.float64)


class _Rounding:
    """Rounds cells so that rows and columns keep their sums.

    Cells between two whole numbers are the edges of a forest over places and groups. A cell that closes a cycle is
    pushed around it, up and down by turns, which changes no sum, until a cell of the cycle is whole and leaves. What
    has whole sums and no cycle has no such cell, so that in the end none is left; of a place that is done, at most
    k - 1 are open at any time.
    """

    def __init__(self, one: int) -> None:
        self.one = one  # parts of a whole
        self.up: list[Cell] = []  # the cells rounded up; the others are rounded down
        self._parts: dict[Cell, int] = {}  # of each open cell, strictly between 0 and `one`
        self._beside: dict[int, list[int]] = defaultdict(list)  # place → groups and group → places; a group is ~group

    def add(self, cell: Cell, parts: int) -> None:
        place, group = cell
        self._parts[cell] = parts
        while cell in self._parts and (path := self._path(~group, place)):
            self._push([cell, *path])
        if cell in self._parts:
            self._beside[place].append(~group)
            self._beside[~group].append(place)

    def _push(self, cycle: list[Cell]) -> None:
        """The least change that makes a cell of the cycle whole; of two alike, the first cell goes up."""
        rising, falling = cycle[::2], cycle[1::2]
        up = min(*(self.one - self._parts[cell] for cell in rising), *(self._parts[cell] for cell in falling))
        down = min(*(self._parts[cell] for cell in rising), *(self.one - self._parts[cell] for cell in falling))
        change = up if up <= down else -down
        for sign, cells in ((1, rising), (-1, falling)):
            for cell in cells:
                self._parts[cell] += sign * change
                if self._parts[cell] in (0, self.one):
                    self._leave(cell)

    def _leave(self, cell: Cell) -> None:
        place, group = cell
        if self._parts.pop(cell):
            self.up.append(cell)
        if ~group in self._beside[place]:  # the cell being added has no edge yet
            self._beside[place].remove(~group)
            self._beside[~group].remove(place)

    def _path(self, start: int, end: int) -> list[Cell]:
        """The open cells on the way between two nodes of the forest, if there is one."""
        came, stack = {start: start}, [start]
        while stack:
            here = stack.pop()
            for there in self._beside[here]:
                if there not in came:
                    came[there] = here
                    stack.append(there)
        way = [end] if end in came else []
        while way and way[-1] != start:
            way.append(came[way[-1]])
        return [(max(pair), ~min(pair)) for pair in pairwise(way)]


def _whole(counts: ArrayLike, what: str) -> Integers:
    given = np.asarray(counts, np.float64)
    bad = np.flatnonzero(~(np.isfinite(given) & (given >= 0) & (given % 1 == 0)))
    if len(bad):
        shown = first(f"{what[:-1]} {at + 1}: {given[at]:g}" for at in bad.tolist())
        raise PeopleError(f"{len(bad)} of {len(given)} {what} have no whole number of people ({shown}). Round them.")
    return given.astype(np.int64)
