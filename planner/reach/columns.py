"""Reach: how far each place is from each facility, kept facility by facility, read place by place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.reach.graph import Positions


@dataclass(frozen=True)
class Columns:
    """For each of m facilities the places in reach, as a slice of one of a few chunks.

    Chunks are shared between reaches that differ in a few facilities, and may be files on disk.
    """

    chunks: tuple[tuple[Positions, Floats], ...]  # places and their metres or seconds
    chunk: Positions  # (m,)
    start: Integers  # (m,)
    stop: Integers  # (m,)

    def __iter__(self) -> Iterator[tuple[Integers, Integers, Integers, Positions, Floats]]:
        """The facilities of each chunk in use, ascending, their slices, and the chunk."""
        order = np.argsort(self.chunk, kind="stable")
        bounds = np.searchsorted(self.chunk[order], np.arange(len(self.chunks) + 1))
        for number, (place, away) in enumerate(self.chunks):
            of = order[bounds[number] : bounds[number + 1]]
            if len(of):
                yield of, self.start[of], self.stop[of], place, away

    @property
    def pairs(self) -> int:
        """How many pairs of a place and a facility there are."""
        return int((self.stop - self.start).sum())

    def within(self, limit: float) -> "Columns":
        """Only the pairs within a smaller limit."""
        chunks, start, stop = [], self.start.copy(), self.stop.copy()
        for number, (place, away) in enumerate(self.chunks):
            keep = away <= limit
            before = np.concatenate([[0], np.cumsum(keep)])
            of = self.chunk == number
            start[of], stop[of] = before[start[of]], before[stop[of]]
            chunks.append((place[keep], away[keep]))
        return Columns(tuple(chunks), self.chunk, start, stop)

    def kept(self, facilities: Flags) -> "Columns":
        """Only the facilities marked (m,); the others are out of reach, their positions stay."""
        return replace(self, stop=np.where(facilities, self.stop, self.start))


@dataclass(frozen=True)
class Reach:
    """How far each of n places is from each of m facilities, where that is at most `limit`.

    Absent means out of reach; a stored 0 means at the door. Distances are whole micrometres or
    microseconds, given in metres or seconds, so `≤ limit` needs no tolerance. Metres never become
    seconds silently: `limit_m` and `distance_m` are there only where `unit` is "m".
    """

    columns: Columns
    limit: float
    unit: str  # "m" or "s"
    metric: str  # "walk" or "straight"
    demand_ids: NDArray[np.str_]  # (n,)
    facility_ids: NDArray[np.str_]  # (m,)

    @classmethod
    def of_pairs(
        cls,
        place: Integers,
        facility: Integers,
        distance: Floats,
        *,
        limit: float,
        metric: str,
        demand_ids: NDArray[np.str_],
        facility_ids: NDArray[np.str_],
        unit: str = "m",
    ) -> "Reach":
        """A reach from its pairs (entries,), in any order; those beyond the limit are left out."""
        order = np.flatnonzero(distance <= limit)
        order = order[np.lexsort((place[order], facility[order]))]
        stop = np.cumsum(np.bincount(facility[order], minlength=len(facility_ids))).astype(np.int64)
        start = np.concatenate([np.zeros(1, np.int64), stop[:-1]])[: len(stop)]
        chunk = (place[order].astype(np.int32), np.asarray(distance[order], np.float64))
        columns = Columns((chunk,), np.zeros(len(stop), np.int32), start, stop)
        return cls(columns, limit, unit, metric, demand_ids, facility_ids)

    @property
    def limit_m(self) -> float:
        """The limit in metres."""
        self._check_metres()
        return self.limit

    @property
    def distance_m(self) -> Floats:
        """(entries,) metres, aligned with `facility`."""
        self._check_metres()
        return self.distance

    def _check_metres(self) -> None:
        if self.unit != "m":
            raise QuestionError("This reach is measured in seconds. Read `distance` and `limit`, or measure in metres.")

    @cached_property
    def rows(self) -> tuple[Integers, Positions, Floats]:
        """`indptr` (n+1,), `facility` and `distance` (entries,): by place, facilities ascending within a row."""
        from planner._kernels import sort_rows, spread_columns  # noqa: PLC0415

        indptr = np.concatenate([[0], np.cumsum(self.facilities_in_reach)]).astype(np.int64)
        at = indptr[:-1].copy()
        facility, distance = np.empty(indptr[-1], np.int32), np.empty(indptr[-1])
        for column, start, stop, place, away in self.columns:
            spread_columns(column, start, stop, place, away, at, facility, distance)
        if len(self.columns.chunks) > 1:
            sort_rows(indptr, facility, distance)
        return indptr, facility, distance

    @property
    def indptr(self) -> Integers:
        """(n+1,) where each place's row begins."""
        return self.rows[0]

    @property
    def facility(self) -> Positions:
        """(entries,) the facility of each entry."""
        return self.rows[1]

    @property
    def distance(self) -> Floats:
        """(entries,) metres or seconds, as `unit` says."""
        return self.rows[2]

    @property
    def place(self) -> Integers:
        """(entries,) the place of each entry."""
        return np.repeat(np.arange(len(self.demand_ids)), np.diff(self.indptr))

    @cached_property
    def facilities_in_reach(self) -> Integers:
        """(n,) how many facilities each place reaches."""
        from planner._kernels import count_places  # noqa: PLC0415

        count = np.zeros(len(self.demand_ids), np.int64)
        for _, start, stop, place, _ in self.columns:
            count_places(start, stop, place, count)
        return count

    def weighed(self, weight: Floats) -> Floats:
        """(m,) the weight (n,) of the places that each facility reaches, added up."""
        from planner._kernels import weigh_columns  # noqa: PLC0415

        total = np.zeros(len(self.facility_ids))
        for column, start, stop, place, _ in self.columns:
            weigh_columns(column, start, stop, place, weight, total)
        return total

    def places_of(self, facility: int) -> Positions:
        """The places that one facility reaches, without building any row."""
        columns = self.columns
        places: Positions = columns.chunks[columns.chunk[facility]][0]
        return places[columns.start[facility] : columns.stop[facility]]

    def within(self, limit: float) -> "Reach":
        """Only what is within a smaller or the same limit. A larger one was never measured: refused."""
        check_measured(limit, self.limit, self.unit)
        return self if limit == self.limit else replace(self, columns=self.columns.within(limit), limit=limit)

    def only(self, facilities: Flags) -> "Reach":
        """Only the facilities marked (m,); the others are out of reach, their positions stay."""
        return replace(self, columns=self.columns.kept(np.asarray(facilities, bool)))

    def nearest(self) -> tuple[Floats, Integers]:
        """(n,) metres or seconds to the nearest facility and which; inf and -1 where none is in reach.

        Of two at the same distance, the first.
        """
        from planner._kernels import nearest_column  # noqa: PLC0415

        least = np.full(len(self.demand_ids), np.inf)
        which = np.full(len(self.demand_ids), -1, np.int64)
        for column, start, stop, place, away in self.columns:
            nearest_column(column, start, stop, place, away, least, which)
        return least, which

    def __str__(self) -> str:
        return (
            f"{self.metric} reach of {len(self.facility_ids):,} facilities to {len(self.demand_ids):,} places "
            f"within {self.limit:g} {self.unit}: {self.columns.pairs:,} pairs"
        )


def check_measured(limit: float, measured: float, unit: str) -> None:
    """Refuse a limit beyond the one that was measured up to."""
    if limit > measured:
        raise QuestionError(f"This reach was measured up to {measured:g} {unit}; measure again for {limit:g} {unit}.")
