"""Walled residential compounds (小区), and the gates by which alone one leaves them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse.csgraph import dijkstra

from planner.demand import check_ids
from planner.errors import DataError, first
from planner.network import Flags, Floats, Integers, Shapes, WalkNetwork

ENTERS_M = 0.5  # what comes less far in only touches a compound; common ground of two is narrower than twice this
SURFACE = 2  # dimensions of a polygon
ORIGINS = ("given", "mapped", "path", "assumed", "measure")  # where a gate comes from, the surest first
KNOWN_BY = ("given", "tags", "walls", "gate", "assumed")  # why a compound is taken for walled, the surest first
SMOOTH_M = 0.01  # outlines are followed this exactly where a way inside turns round their corners


@dataclass(frozen=True)
class Compounds:
    """c walled compounds with g gates; who lives in one reaches the street by its gates alone.

    A gate that is not `public` lets out who lives there and nobody else in or through. One that is not
    `open` is a place where a gate could be. `gate_origin` says how each is known: "given" by a layer,
    "mapped", a "path" that crosses the outline, "assumed" for want of all these, or the "measure" that
    would open it.
    """

    ids: NDArray[np.str_]  # (c,)  unique
    names: NDArray[np.str_]  # (c,)  "" where unnamed
    geometry: Shapes  # (c,)  polygons, in `crs`; no two overlap by more than a touch
    gate_xy: Floats  # (g, 2)  metres, on the outline
    gate_compound: Integers  # (g,)  ascending
    gate_origin: NDArray[np.str_]  # (g,)  one of ORIGINS
    gate_public: Flags  # (g,)
    gate_open: Flags  # (g,)
    crs: CRS
    known_by: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))  # (c,)  KNOWN_BY, or none

    def __post_init__(self) -> None:
        c, g = len(self.ids), len(self.gate_compound)
        parts = (self.gate_xy, self.gate_origin, self.gate_public, self.gate_open)
        if len(self.names) != c or len(self.geometry) != c or {len(each) for each in parts} != {g}:
            raise DataError(f"{c} compounds with {g} gates need as many names, polygons, and positions of gates.")
        if (np.diff(self.gate_compound) < 0).any():
            raise DataError("Give the gates in the order of their compounds.")
        check_ids(self.ids, "compounds")
        if faults := [*self._faults()]:
            raise DataError("\n".join(faults))

    def _faults(self) -> list[str]:
        no_ground = (shapely.get_dimensions(self.geometry) != SURFACE) | ~shapely.is_valid(self.geometry)
        if no_ground.any():
            bad = first(self.ids[no_ground])
            return [f"{int(no_ground.sum())} of {len(self)} compounds are no valid polygons ({bad}). Repair them."]
        one, other = shapely.STRtree(self.ground).query(self.ground, predicate="intersects")
        pairs = [f"{self.ids[a]} and {self.ids[b]}" for a, b in zip(one, other, strict=True) if a < b]
        return [f"{len(pairs)} pairs of compounds overlap ({first(pairs)}). Draw each ground once."] if pairs else []

    @cached_property
    def ground(self) -> Shapes:
        """(c,) the compounds without a rim of ENTERS_M; empty where one is narrower than twice that."""
        ground: Shapes = shapely.buffer(self.geometry, -ENTERS_M, join_style="mitre")
        shapely.prepare(ground)
        return ground

    def holding(self, xy: Floats) -> Integers:
        """(n,) the compound in which each point (n, 2) lies; -1 in none."""
        lies_in = np.full(len(xy), -1, np.int64)
        point, compound = shapely.STRtree(self.ground).query(shapely.points(xy), predicate="intersects")
        lies_in[point] = compound
        return lies_in

    def with_gates(self, compound: Integers, xy: Floats, *, public: bool = False) -> "Compounds":
        """These compounds with gates that could be opened at points (k, 2), after those that each has; still shut."""
        order = np.argsort(np.concatenate([self.gate_compound, compound]), kind="stable")
        k = len(compound)
        return replace(
            self,
            gate_xy=np.concatenate([self.gate_xy, xy])[order],
            gate_compound=np.concatenate([self.gate_compound, compound])[order],
            gate_origin=np.concatenate([self.gate_origin, np.full(k, "measure")])[order],
            gate_public=np.concatenate([self.gate_public, np.full(k, public)])[order],
            gate_open=np.concatenate([self.gate_open, np.zeros(k, bool)])[order],
        )

    def opened(self, gates: Integers) -> "Compounds":
        """These compounds with some gates (k,) open as well."""
        opened = self.gate_open.copy()
        opened[gates] = True
        return replace(self, gate_open=opened)

    def __len__(self) -> int:
        return len(self.ids)

    def __str__(self) -> str:
        counted = [(int((self.gate_origin[self.gate_open] == origin).sum()), origin) for origin in ORIGINS]
        said = ", ".join(f"{count:,} {origin}" for count, origin in counted if count)
        return f"{len(self):,} walled compounds with {int(self.gate_open.sum()):,} gates: {said or 'none'}"


@dataclass(frozen=True)
class Crossings:
    """k places where a street crosses the outline of a compound."""

    edge: Integers  # (k,)  segment of the network
    offset_m: Floats  # (k,)  along it from its first end
    compound: Integers  # (k,)
    xy: Floats  # (k, 2)  metres

    def kept(self, keep: Flags) -> "Crossings":
        """Only these (k,)."""
        return Crossings(self.edge[keep], self.offset_m[keep], self.compound[keep], self.xy[keep])


def crossings(network: WalkNetwork, ground: Shapes) -> Crossings:
    """Where streets cross the outlines of grounds (c,), by segment and along it."""
    streets, outline = shapely.linestrings(network.xy[network.ends]), shapely.boundary(ground)
    compound, edge = shapely.STRtree(streets).query(outline, predicate="intersects")
    xy, pair = shapely.get_coordinates(shapely.intersection(streets[edge], outline[compound]), return_index=True)
    compound, edge = compound[pair].astype(np.int64), edge[pair].astype(np.int64)
    offset, _ = network.meet(xy, edge)
    order = np.lexsort((compound, offset, edge))
    edge, offset, compound, xy = edge[order], offset[order], compound[order], xy[order]
    again = np.zeros(len(edge), bool)
    again[1:] = (np.diff(edge) == 0) & (np.diff(compound) == 0) & (np.diff(offset) == 0)
    return Crossings(edge, offset, compound, xy).kept(~again)


def walks_inside(polygon: shapely.Geometry, start: Floats, end: Floats) -> Floats:
    """(n, m) metres from points (n, 2) to points (m, 2) of a polygon, straight and round its corners, never outside.

    Straight through where there is no way inside, as between the parts of a multipolygon.
    """
    straight: Floats = np.hypot(*(start[:, None] - end[None]).transpose(2, 0, 1))
    grown = shapely.buffer(polygon, SMOOTH_M, join_style="mitre")
    shapely.prepare(grown)
    if not straight.size or _sees(grown, start, end).all():
        return straight
    corners = _inner_corners(polygon)
    points = np.concatenate([end, corners, start])
    m, turns = len(end), len(end) + len(corners)
    open_ = np.zeros((len(points), len(points)), bool)
    open_[:turns, m:] = _sees(grown, points[:turns], points[m:])
    metres = np.where(open_, np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), np.inf)
    shortest = dijkstra(np.ma.masked_invalid(metres).filled(0.0), directed=False, indices=np.arange(m))[:, turns:].T
    return np.asarray(np.where(np.isfinite(shortest), np.maximum(shortest, straight), straight))


def _sees(polygon: shapely.Geometry, start: Floats, end: Floats) -> Flags:
    """(n, m) whether the straight line between points stays in a polygon."""
    pairs = np.stack(np.broadcast_arrays(start[:, None], end[None]), axis=2)
    seen: Flags = shapely.covers(polygon, shapely.linestrings(pairs.reshape(-1, 2, 2)))
    return seen.reshape(len(start), len(end))


def _inner_corners(polygon: shapely.Geometry) -> Floats:
    """(k, 2) the corners round which a shortest way inside may turn: those that point inwards."""
    whole = shapely.normalize(shapely.simplify(polygon, SMOOTH_M))  # outlines clockwise, holes against it
    found = []
    for ring in shapely.get_rings(whole):
        xy = shapely.get_coordinates(ring)[:-1]
        come, go = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
        found.append(xy[come[:, 0] * go[:, 1] - come[:, 1] * go[:, 0] > 0])  # a left turn
    return np.concatenate(found) if found else np.empty((0, 2))
