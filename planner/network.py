"""The walking network: streets as straight segments in metres, and where points meet them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import CrsError, DataError, OffNetworkError, first
from planner.ways import OBSTACLES, Ways, bits

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shapes = NDArray[np.object_]  # shapely geometries

FIRST_CGCS2000_ZONE = 4534  # EPSG code of the 3-degree zone on 75°E; each 3° further east is one more
CHINA_BOX = (73.5, 18.0, 136.5, 54.0)  # generous: beyond the border a zone is still a true-scale Mercator
BANK_M = 0.01  # so near to its edge water is bank; rounding puts what is drawn on a bank on either side of it
SURFACE = 2  # dimensions of a polygon
AT_ONCE = 500  # points whose streets in reach are held in memory together
BOTH_WAYS, ONWARD, BACK, SHUT = 0, 1, -1, 2  # how a segment is passed: onward from its first end to its second


def metric_crs(lon: float, lat: float) -> CRS:
    """The metric system that a bureau there would use: CGCS2000 in 3-degree zones, else UTM."""
    if not (abs(lon) <= 180 and abs(lat) <= 85):  # noqa: PLR2004
        raise CrsError(f"({lon:g}, {lat:g}) is no longitude and latitude. Check the order and the CRS of the layer.")
    west, south, east, north = CHINA_BOX
    if west <= lon < east and south <= lat <= north:
        return CRS.from_epsg(FIRST_CGCS2000_ZONE + round((lon - 75) / 3))
    zone = min(int((lon + 180) // 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def check_metric(crs: CRS) -> CRS:
    """Refuse degrees and Web Mercator, in which a metre is not a metre."""
    if not crs.is_projected or crs.to_epsg() in {3857, 3395} or crs.axis_info[0].unit_conversion_factor != 1:
        raise CrsError(f"{crs.name} does not measure in true metres. Use a local metric system, see metric_crs().")
    return crs


@dataclass(frozen=True)
class Snap:
    """Where n points meet the network: the nearest position on a walkable street, never a node."""

    edge: Integers  # (n,)  position in the network's edges; -1 = off the network
    offset_m: Floats  # (n,)  along the edge from its first end
    access_m: Floats  # (n,)  straight from the point to the street; inf off the network
    network: "WalkNetwork" = field(repr=False, compare=False)

    @property
    def off(self) -> Flags:
        """(n,) the points too far from any street, or parted from every street by water."""
        return self.edge < 0

    def kept(self, keep: Flags | Integers) -> "Snap":
        """Only these points, marked (n,) or listed."""
        return Snap(self.edge[keep], self.offset_m[keep], self.access_m[keep], self.network)

    def joined(self, other: "Snap") -> "Snap":
        """These points and then others of the same network."""
        return Snap(
            np.concatenate([self.edge, other.edge]),
            np.concatenate([self.offset_m, other.offset_m]),
            np.concatenate([self.access_m, other.access_m]),
            self.network,
        )

    def check(self, what: str, ids: NDArray[np.str_], max_access_m: float) -> None:
        """Refuse a layer of which most points are off the network: that is a fault of the layer."""
        off = int(self.off.sum())
        if 2 * off > len(ids):
            raise OffNetworkError(
                f"{off} of {len(ids)} {what} lie more than {max_access_m:g} m from a street ({first(ids[self.off])}). "
                "Check that both layers are in the same CRS and place, or raise max_access_m."
            )


@dataclass(frozen=True)
class WalkNetwork:
    """Streets as v nodes and e straight segments; walked both ways at the same length, but through some gates.

    Build it with `from_segments`, which drops what a walk cannot use and counts it in `summary`.
    Nodes outside the study area (`inside` false) are walked through, but nobody there is counted.
    """

    xy: Floats  # (v, 2)  metres, in `crs`
    ends: Integers  # (e, 2)  nodes of each segment, first < second
    length_m: Floats  # (e,)  never shorter than the straight line between the ends
    inside: Flags  # (v,)
    component: Integers  # (v,)  0 = the longest
    crs: CRS
    barriers: Shapes = field(default_factory=lambda: np.empty(0, object))  # water: no access leg crosses it
    island_m: float = 0.0  # components with less street than this serve nobody
    summary: Mapping[str, float] = field(default_factory=dict)
    height_m: Floats | None = None  # (v,)  above any level; only walkers who mind slopes need it
    passage: Integers | None = None  # (e,)  BOTH_WAYS, ONWARD or BACK, SHUT; both ways everywhere where it is None
    private: Flags | None = None  # (e,)  ways behind walls, to which nothing from outside is attached; or none
    ways: Ways | None = None  # of each segment; None = nothing to mind is known

    @classmethod
    def from_segments(  # noqa: PLR0913  (what streets consist of, each named)
        cls,
        xy: Floats,
        ends: Integers,
        *,
        crs: CRS,
        length_m: Floats | None = None,
        inside: Flags | None = None,
        barriers: Shapes | None = None,
        island_m: float = 0.0,
        summary: Mapping[str, float] | None = None,
        height_m: Floats | None = None,
        ways: Ways | None = None,
    ) -> "WalkNetwork":
        """Clean segments into a network.

        Of parallel segments the shortest stays, and each longer one that lacks an obstacle which all shorter ones
        have: a ramp beside stairs. Loops from a node to itself and nodes without a street are dropped. `length_m`
        defaults to the straight length and is never below it.
        """
        check_metric(crs)
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        given = np.asarray(ends, np.int64).reshape(-1, 2)
        ends = np.sort(given, axis=1)
        minded = (Ways.plain(len(ends)) if ways is None else ways).turned(given[:, 0] > given[:, 1])
        if not np.isfinite(xy).all():
            raise DataError(f"{int((~np.isfinite(xy)).any(axis=1).sum())} street nodes have no finite coordinates.")
        straight = np.hypot(*(xy[ends[:, 0]] - xy[ends[:, 1]]).T)
        length = straight if length_m is None else np.maximum(np.asarray(length_m, np.float64), straight)
        if not np.isfinite(length).all():
            raise DataError(f"{int((~np.isfinite(length)).sum())} streets have no finite length.")
        height = None if height_m is None else np.asarray(height_m, np.float64)
        if height is not None and not (len(height) == len(xy) and np.isfinite(height).all()):
            raise DataError(f"{len(xy)} street nodes need as many finite heights, not {np.isfinite(height).sum()}.")

        order = np.lexsort((minded.traits & bits(*OBSTACLES), length, ends[:, 1], ends[:, 0]))
        ends, length, minded = ends[order], length[order], minded.kept(order)
        repeated = _repeated(ends, minded.traits & bits(*OBSTACLES))
        loop = ends[:, 0] == ends[:, 1]
        keep = ~(repeated | loop)
        ends, length, minded = ends[keep], length[keep], minded.kept(keep)

        used = np.zeros(len(xy), bool)
        used[ends] = True
        ends = (np.cumsum(used) - 1)[ends]
        within = np.ones(len(xy), bool) if inside is None else np.asarray(inside, bool)
        xy, within = xy[used], within[used]
        component = components_of(len(xy), ends, length)
        counted = {
            "nodes": len(xy),
            "segments": len(ends),
            "street_km": round(float(length.sum()) / 1000, 3),
            "components": int(component.max(initial=-1)) + 1,
            "parallel_segments_dropped": int((repeated & ~loop).sum()),
            "loops_dropped": int(loop.sum()),
            **(summary or {}),
        }
        no_barriers = np.empty(0, object)
        walls = no_barriers if barriers is None else np.asarray(barriers, object)
        height = height if height is None else height[used]
        kept = None if ways is None else minded
        return cls(xy, ends, length, within, component, crs, walls, island_m, counted, height, ways=kept)

    @cached_property
    def component_m(self) -> Floats:
        """(components,) metres of street in each component."""
        return np.bincount(self.component[self.ends[:, 0]], weights=self.length_m).astype(np.float64)

    @cached_property
    def _open_streets(self) -> tuple[Integers, shapely.STRtree]:
        """The edges one may snap to, those of no island and behind no wall, and their spatial index."""
        served = self.component_m[self.component[self.ends[:, 0]]] >= self.island_m
        edges = np.flatnonzero(served if self.private is None else served & ~self.private)
        return edges, shapely.STRtree(shapely.linestrings(self.xy[self.ends[edges]]))

    @cached_property
    def _water(self) -> tuple[Shapes, shapely.STRtree]:
        """The barriers, surfaces without their banks, and their spatial index."""
        surface = shapely.get_dimensions(self.barriers) == SURFACE
        whole = shapely.make_valid(self.barriers[surface], method="structure", keep_collapsed=False)
        open_water = shapely.buffer(whole, -BANK_M, join_style="mitre")
        water = np.concatenate([open_water[~shapely.is_empty(open_water)], self.barriers[~surface]])
        return water, shapely.STRtree(water)

    def snap(self, points: ArrayLike, *, max_access_m: float, closed: Integers | None = None) -> Snap:
        """Attach points (n, 2), in metres in `crs`, to the nearest position on a street.

        Only streets of components of at least `island_m` are considered, and none behind walls. Where the
        straight access leg would cross water, the nearest street on the point's own bank is taken instead. Of
        two streets at the same distance, the first in order is taken. Nothing is attached to the edges in
        `closed`.
        """
        points = np.asarray(points, np.float64).reshape(-1, 2)
        edges, tree = self._open_streets
        shapes = shapely.points(points)
        hit = tree.query_nearest(shapes, max_distance=max_access_m * (1 + 1e-12), all_matches=True)
        chosen = np.full(len(points), -1, np.int64)
        last_first = np.lexsort((hit[1], hit[0]))[::-1]  # so that the first of equals is written last
        chosen[hit[0][last_first]] = edges[hit[1][last_first]]

        shut = np.empty(0, np.int64) if closed is None else closed
        wet = np.flatnonzero(chosen >= 0)
        wet = wet[self.crosses_water(self._legs(points[wet], chosen[wet])) | np.isin(chosen[wet], shut)]
        for start in range(0, len(wet), AT_ONCE):
            some = wet[start : start + AT_ONCE]
            chosen[some] = self._on_own_bank(points[some], max_access_m, shut)

        on = chosen >= 0
        offset, access = np.zeros(len(points)), np.full(len(points), np.inf)
        offset[on], access[on] = self.meet(points[on], chosen[on])
        return Snap(chosen, offset, access, self)

    def at_nodes(self) -> Snap:
        """All nodes (v,), as points that meet the network where they stand."""
        edge = np.empty(len(self.xy), np.int64)
        second = np.zeros(len(self.xy), bool)
        edge[self.ends[:, 1]] = edge[self.ends[:, 0]] = np.arange(len(self.ends))
        second[self.ends[edge, 1] == np.arange(len(self.xy))] = True
        return Snap(edge, np.where(second, self.length_m[edge], 0.0), np.zeros(len(self.xy)), self)

    def position(self, snap: Snap) -> Floats:
        """(n, 2) where snapped points meet the street; NaN off the network."""
        first_end, second_end = self.xy[self.ends[snap.edge, 0]], self.xy[self.ends[snap.edge, 1]]
        length = self.length_m[snap.edge]
        share = np.divide(snap.offset_m, length, out=np.zeros(len(length)), where=length > 0)
        return np.where(snap.off[:, None], np.nan, first_end + share[:, None] * (second_end - first_end))

    def meet(self, points: Floats, edge: Integers) -> tuple[Floats, Floats]:
        """Offset along the edge and straight distance to it, for each pair of point and edge."""
        start = self.xy[self.ends[edge, 0]]
        along = self.xy[self.ends[edge, 1]] - start
        squared = (along**2).sum(axis=1)
        share = np.divide(((points - start) * along).sum(axis=1), squared, out=np.zeros(len(edge)), where=squared > 0)
        share = np.clip(share, 0, 1)
        leg = points - (start + share[:, None] * along)
        return share * self.length_m[edge], np.hypot(leg[:, 0], leg[:, 1])

    def _legs(self, points: Floats, edge: Integers) -> Floats:
        """(n, 2, 2) from each point straight to its edge."""
        offset, access = self.meet(points, edge)
        return np.stack([points, self.position(Snap(edge, offset, access, self))], axis=1)

    def _on_own_bank(self, points: Floats, max_access_m: float, closed: Integers) -> Integers:
        """(n,) the nearest open edge that each point reaches without crossing water; -1 where there is none."""
        edges, tree = self._open_streets
        chosen = np.full(len(points), -1, np.int64)
        point, street = tree.query(shapely.points(points), predicate="dwithin", distance=max_access_m)
        edge = edges[street]
        nearest_first = np.lexsort((edge, self.meet(points[point], edge)[1], point))
        point, edge = point[nearest_first], edge[nearest_first]
        dry = ~(self.crosses_water(self._legs(points[point], edge)) | np.isin(edge, closed))
        chosen[point[dry][::-1]] = edge[dry][::-1]
        return chosen

    def crosses_water(self, legs: Floats) -> Flags:
        """(n,) which straight legs (n, 2, 2), from a point to a street, cross one of the barriers.

        A leg that starts within a water surface may leave it; one that starts on its bank may not enter.
        A leg that starts or ends on a river drawn as a line does not cross it there.
        """
        crosses = np.zeros(len(legs), bool)
        if not len(self.barriers) or not len(legs):
            return crosses
        water, tree = self._water
        along = legs[:, 1] - legs[:, 0]
        length_m = np.hypot(along[:, 0], along[:, 1])
        bank = along * np.minimum(BANK_M / np.maximum(length_m, BANK_M), 0.5)[:, None]
        between = shapely.linestrings(np.stack([legs[:, 0] + bank, legs[:, 1] - bank], axis=1))
        leg, barrier = tree.query(between, predicate="intersects")
        starts_in = shapely.intersects(shapely.points(legs[leg, 0]), water[barrier])
        starts_in &= shapely.get_dimensions(water[barrier]) == SURFACE
        crosses[leg[~starts_in]] = True
        return crosses

    def __str__(self) -> str:
        s: Mapping[str, Any] = self.summary
        return (
            f"walking network: {s['street_km']:,.1f} km in {s['segments']:,} segments, "
            f"{s['components']:,} components, {self.crs.name}"
        )


def _repeated(ends: Integers, obstacles: NDArray[np.uint8]) -> Flags:
    """(e,) the segments, sorted by their ends, of which one before joins the same nodes without a further obstacle."""
    repeated = np.zeros(len(ends), bool)
    first_of = np.arange(len(ends))
    twin = (ends[1:] == ends[:-1]).all(axis=1)
    first_of[1:][twin] = 0
    first_of = np.maximum.accumulate(first_of)
    for back in range(1, int((np.arange(len(ends)) - first_of).max(initial=0)) + 1):
        at = np.flatnonzero(np.arange(len(ends)) - first_of >= back)
        repeated[at] |= (obstacles[at - back] & ~obstacles[at]) == 0
    return repeated


def components_of(v: int, ends: Integers, length: Floats) -> Integers:
    """(v,) the component of each node, numbered from the longest; of equals the first node's leads."""
    if v == 0:
        return np.empty(0, np.int64)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(v, v))
    count, label = connected_components(links, directed=False)
    metres = np.bincount(label[ends[:, 0]], weights=length, minlength=count)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-metres, kind="stable")] = np.arange(count)
    labelled: Integers = rank[label]
    return labelled
