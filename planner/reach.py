"""Reach: who walks how far to what. The only door to the compiled kernels."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import DataError, QuestionError
from planner.facilities import Facilities
from planner.network import Flags, Floats, Integers

MICROMETRE = 6  # decimals of a metre kept, so that a sum of lengths that is exactly at a limit stays there


@dataclass(frozen=True)
class Reach:
    """How far each of n places is from each of m facilities, where that is at most `limit_m`.

    Sparse rows by place, facilities ascending within a row. Absent means out of reach; a stored 0
    means at the door. Distances are rounded to the micrometre, so `≤ limit` needs no tolerance.
    """

    indptr: Integers  # (n+1,)
    facility: Integers  # (entries,)
    distance_m: Floats  # (entries,)
    limit_m: float
    metric: str  # "walk" or "straight"
    demand_ids: NDArray[np.str_]  # (n,)
    facility_ids: NDArray[np.str_]  # (m,)

    @property
    def place(self) -> Integers:
        """(entries,) the place of each entry."""
        return np.repeat(np.arange(len(self.demand_ids)), np.diff(self.indptr))

    def chosen(self, keep: Flags) -> "Reach":
        """The same reach with only some entries (entries,)."""
        before = np.concatenate([[0], np.cumsum(keep)])
        return replace(self, indptr=before[self.indptr], facility=self.facility[keep], distance_m=self.distance_m[keep])

    def within(self, limit_m: float) -> "Reach":
        """Only what is within a smaller or the same limit. A larger one was never measured: refused."""
        if limit_m > self.limit_m:
            raise QuestionError(f"This reach was measured up to {self.limit_m:g} m; measure again for {limit_m:g} m.")
        return replace(self.chosen(self.distance_m <= limit_m), limit_m=limit_m)

    def only(self, facilities: Flags) -> "Reach":
        """Only the facilities marked (m,); the others are out of reach, their positions stay."""
        return self.chosen(facilities[self.facility])

    def nearest(self) -> tuple[Floats, Integers]:
        """(n,) metres to the nearest facility and which; inf and -1 where none is in reach.

        Of two at the same distance, the first.
        """
        metres = np.full(len(self.demand_ids), np.inf)
        which = np.full(len(self.demand_ids), -1, np.int64)
        place = self.place
        order = np.lexsort((self.facility, self.distance_m, place))[::-1]
        metres[place[order]] = self.distance_m[order]
        which[place[order]] = self.facility[order]
        return metres, which

    def __str__(self) -> str:
        return (
            f"{self.metric} reach of {len(self.facility_ids):,} facilities to {len(self.demand_ids):,} places "
            f"within {self.limit_m:g} m: {len(self.facility):,} pairs"
        )


def measure_reach(demand: Demand, facilities: Facilities, *, limit_m: float, threads: int | None = None) -> Reach:
    """How far everybody walks to each facility, up to a limit, from door to nearest gate.

    Both must be snapped to the same network. The walk is access leg + streets + access leg, exact
    along a single edge. Places and gates off the network reach nothing. The answer does not depend
    on `threads` (all cores by default). Memory: the pairs in reach, and a few arrays of v and n a thread.
    """
    from planner._kernels import reach_rows  # noqa: PLC0415  (compiling must not slow down `planner --help`)

    door, gate = demand.door, facilities.door
    if door is None or gate is None or door.network is not gate.network:
        raise DataError("Snap the demand and the facilities to the same network first, see snapped().")
    _check_limit(limit_m)
    network = door.network
    n, m = len(demand.ids), len(facilities)
    door_indptr, on = door.by_edge
    gate_indptr = np.searchsorted(facilities.gate_facility, np.arange(m + 1)).astype(np.int64)
    arrays = (
        *network.adjacency,
        network.ends,
        network.length_m,
        *(gate_indptr, gate.edge, gate.offset_m, gate.access_m),
        *(door_indptr, on, door.offset_m[on], door.access_m[on]),
        n,
    )
    slack = limit_m + 0.5 * 10.0**-MICROMETRE
    workers = max(1, threads or os.cpu_count() or 1)
    steps = np.unique(np.linspace(0, m, min(m, 8 * workers) + 1).astype(np.int64))
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda span: reach_rows(span, slack, *arrays), pairwise(steps)))
    count = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
    place = np.concatenate([np.empty(0, np.int64), *(part[1] for part in parts)])
    metres = np.concatenate([np.empty(0), *(part[2] for part in parts)])
    return _by_place(place, np.repeat(np.arange(m), count), metres, demand, facilities, limit_m, "walk")


def measure_straight(demand: Demand, facilities: Facilities, *, limit_m: float) -> Reach:
    """How far everybody is in a straight line from each facility's boundary, up to a limit; 0 inside it."""
    _check_limit(limit_m)
    points = shapely.points(demand.xy)
    place, facility = shapely.STRtree(facilities.geometry).query(
        points, predicate="dwithin", distance=limit_m + 0.5 * 10.0**-MICROMETRE
    )
    metres = shapely.distance(points[place], facilities.geometry[facility])
    return _by_place(place, facility, metres, demand, facilities, limit_m, "straight")


def _check_limit(limit_m: float) -> None:
    if not (np.isfinite(limit_m) and limit_m >= 0):
        raise QuestionError(f"A limit must be a finite number of metres, not {limit_m}.")


def _by_place(
    place: Integers,
    facility: Integers,
    metres: Floats,
    demand: Demand,
    facilities: Facilities,
    limit_m: float,
    metric: str,
) -> Reach:
    metres = np.round(metres, MICROMETRE)
    kept = np.flatnonzero(metres <= limit_m)
    kept = kept[np.lexsort((facility[kept], place[kept]))]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(place[kept], minlength=len(demand.ids)))]).astype(np.int64)
    return Reach(indptr, facility[kept], metres[kept], limit_m, metric, demand.ids, facilities.ids)
