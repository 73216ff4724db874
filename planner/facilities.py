"""Facilities: standing ones, planned ones and candidate sites, each entered through its gates."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from planner.demand import check_ids
from planner.errors import DataError, first
from planner.network import Flags, Floats, Integers, Shapes, Snap, WalkNetwork


@dataclass(frozen=True)
class Facilities:
    """m facilities with g gates (g ≥ m). A facility is as near as its nearest gate.

    `gate_origin` says where each gate comes from: "mapped", "path" (a walkable way meets the
    boundary), "boundary" (an open boundary, entered anywhere) or "point".
    """

    ids: NDArray[np.str_]  # (m,)  unique
    names: NDArray[np.str_]  # (m,)  "" where unnamed
    service: str  # "green", "park", "eldercare" …
    status: str  # "standing", "planned", "candidate"
    geometry: Shapes  # (m,)  points or polygons, in `crs`
    area_m2: Floats  # (m,)  0 for points
    gate_xy: Floats  # (g, 2)  metres, in `crs`
    gate_facility: Integers  # (g,)  ascending
    gate_origin: NDArray[np.str_]  # (g,)
    crs: CRS
    kind: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))  # (m,) the source's own word
    capacity: Floats = field(default_factory=lambda: np.empty(0))  # (m,)  seats, beds …; NaN = unknown, the default
    door: Snap | None = None  # where each gate meets the street, see `snapped`

    def __post_init__(self) -> None:
        m = len(self.ids)
        if len(self.names) != m or len(self.geometry) != m or len(self.area_m2) != m:
            raise DataError(f"{m} facilities need {m} names, geometries and areas.")
        if len(self.gate_xy) != len(self.gate_facility) or (np.diff(self.gate_facility) < 0).any():
            raise DataError("Each gate needs coordinates and its facility, in the order of the facilities.")
        check_ids(self.ids, "facilities")
        if not len(self.capacity):
            object.__setattr__(self, "capacity", np.full(m, np.nan))
        check_capacity(self.capacity, self.ids)

    def snapped(self, network: WalkNetwork, *, max_access_m: float, closed: Integers | None = None) -> "Facilities":
        """The same facilities with their gates attached to the streets but those `closed`."""
        return replace(self, door=network.snap(self.gate_xy, max_access_m=max_access_m, closed=closed))

    def at_least(self, area_m2: float) -> Flags:
        """(m,) the facilities of at least this area. Points, whose area nobody knows, do not pass a floor."""
        return self.area_m2 >= area_m2

    def kept(self, keep: Flags) -> "Facilities":
        """Only these facilities (m,), with their gates."""
        gates = keep[self.gate_facility]
        return replace(
            self,
            ids=self.ids[keep],
            names=self.names[keep],
            geometry=self.geometry[keep],
            area_m2=self.area_m2[keep],
            capacity=self.capacity[keep],
            gate_xy=self.gate_xy[gates],
            gate_facility=(np.cumsum(keep) - 1)[self.gate_facility[gates]],
            gate_origin=self.gate_origin[gates],
            kind=self.kind[keep] if len(self.kind) else self.kind,
            door=self.door and self.door.kept(gates),
        )

    def joined(self, other: "Facilities") -> "Facilities":
        """These facilities and then those of another layer, as one; snapped where both are."""
        m = len(self)
        both: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("ids", "names", "geometry", "area_m2", "capacity", "gate_xy", "gate_origin")
        }
        kind = [each.kind if len(each.kind) else np.full(len(each), "", np.str_) for each in (self, other)]
        door = None
        if self.door is not None and other.door is not None and self.door.network is other.door.network:
            door = self.door.joined(other.door)
        gates = np.concatenate([self.gate_facility, other.gate_facility + m])
        return replace(self, **both, gate_facility=gates, kind=np.concatenate(kind), door=door)

    def __len__(self) -> int:
        return len(self.ids)

    def __str__(self) -> str:
        return f"{len(self):,} {self.status} {self.service} with {len(self.gate_xy):,} gates"


def check_capacity(capacity: Floats, ids: NDArray[np.str_]) -> None:
    """Refuse capacities that are negative or infinite; unknown ones are NaN and pass."""
    if capacity.shape != ids.shape:
        raise DataError(f"{len(ids)} facilities have {capacity.shape} capacities. Give each its own, NaN if unknown.")
    bad = (capacity < 0) | np.isinf(capacity)
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {len(ids)} facilities have a negative or infinite capacity ({first(ids[bad])}). "
            "Correct them, or leave them empty where nobody knows."
        )
