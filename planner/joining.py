"""Parcels that become one site: touching, or parted by no more than a path, so that their area counts whole.

Dissolve, then test the area: two corner plots of 2,600 m² with a path between them are one park of 5,200 m².
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import shapely

from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.land import service_radii
from planner.network import Flags, Floats, Integers, Shapes
from planner.rules import Quota, Rules
from planner.standards import Band

MOST_PARCELS = 3  # of one site; sites of more are not sought, so that what a plan claims is never too much
TOUCH_M = 0.01  # borders drawn twice are as near as this
ROAD_M = 0.05  # half the width of a road's line when it cuts the ground between two parcels
SHARED_M2 = 1.0  # of a parcel, on one side of a road


@dataclass(frozen=True)
class JoinedSites:
    """The parcels, and beside them the sites that several of them make, as candidates that exclude each other.

    A parcel beside standing green is drawn with it where their common area counts for more: the green then
    counts with it. A site of several is called after its parcels, `way/1 + way/2`.
    """

    sites: Facilities  # (m,)  the parcels as they were given, then the sites of several
    parcels: tuple[tuple[int, ...], ...]  # (m,)  positions of the parcels of each

    @property
    def count(self) -> Integers:
        """(m,) how many parcels each site opens."""
        return np.array([len(own) for own in self.parcels], np.int64)

    def rules(self, rules: Rules) -> Rules:
        """Rules about parcels as rules about sites: no parcel is opened twice, and each counts as a new site.

        Of the rules only `must_keep` and `forbid` speak of single parcels; others are refused.
        """
        if rules.cost is not None or rules.quotas or rules.floors or rules.counts is not None or len(rules.apart):
            raise QuestionError(
                "Parcels that may be joined know no costs, quotas, floors or apart yet. Leave them out."
            )
        ids = self.sites.ids.tolist()
        holding: dict[str, list[str]] = {}
        for site, own in zip(ids, self.parcels, strict=True):
            for parcel in own:
                holding.setdefault(ids[parcel], []).append(site)
        several = {parcel: sites for parcel, sites in holding.items() if len(sites) > 1}
        quotas = [
            Quota(f"parcel {parcel}", sites, at_least=int(parcel in rules.must_keep), at_most=1)
            for parcel, sites in several.items()
        ]
        forbid = {site for parcel in rules.forbid for site in holding.get(parcel, [parcel])}
        keep = tuple(parcel for parcel in rules.must_keep if parcel not in several)
        return replace(rules, must_keep=keep, forbid=sorted(forbid), quotas=quotas, parcels=self.count)


def join_parcels(
    parcels: Facilities, bands: Sequence[Band], *, standing: Facilities, within_m: float, roads: Shapes
) -> JoinedSites:
    """Every site of up to three parcels whose common area counts for more than that of one of them.

    Parcels join one another and standing green where they are at most `within_m` apart (0 = touching) and no road
    lies between; two that join the same green join each other. What counts for more are the `bands`: a wider radius,
    or one at all. The area of a site is that of its parts, common ground once.
    """
    together = _Neighbours(parcels, standing, within_m, roads)
    own_m = service_radii(bands, parcels.area_m2)
    green_m = service_radii(bands, standing.area_m2)
    sites, shapes, area_m2, single_m = [], parcels.geometry.copy(), parcels.area_m2.copy(), own_m.copy()
    for parcel in range(len(parcels)):
        patches = together.patches([parcel])
        if len(patches):
            shape, area, radius_m = together.union([parcel], patches, bands)
            if radius_m > min(own_m[parcel], green_m[patches].min()):
                shapes[parcel], area_m2[parcel], single_m[parcel] = shape, area, radius_m
    pair_m: dict[tuple[int, ...], float] = {}
    for own in together.connected(MOST_PARCELS):
        shape, area, radius_m = together.union(list(own), together.patches(list(own)), bands)
        pair_m[own] = radius_m
        if radius_m > single_m[list(own)].min() and not _in_parts(own, radius_m, pair_m, single_m):
            sites.append((own, shape, area))
    alone = replace(parcels, geometry=shapes, area_m2=area_m2)
    singles = tuple((parcel,) for parcel in range(len(parcels)))
    if not sites:
        return JoinedSites(alone, singles)
    return JoinedSites(alone.joined(_several(parcels, sites)), (*singles, *(own for own, _, _ in sites)))


def _in_parts(own: tuple[int, ...], radius_m: float, pair_m: dict[tuple[int, ...], float], single_m: Floats) -> bool:
    """Whether a smaller site and single parcels serve as far as all of them together."""
    return any(
        pair_m.get(pair, 0.0) >= radius_m and all(single_m[other] >= radius_m for other in set(own) - set(pair))
        for pair in combinations(own, len(own) - 1)
    )


class _Neighbours:
    """Which parcels join which, and which standing green."""

    def __init__(self, parcels: Facilities, standing: Facilities, within_m: float, roads: Shapes) -> None:
        self.parcels, self.standing = parcels, standing
        self.reach_m, self.roads, self.tree = max(within_m, TOUCH_M), roads, shapely.STRtree(roads)
        one, other = self._near(parcels.geometry, parcels.geometry)
        self.beside = [set[int]() for _ in range(len(parcels))]
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            if a < b and self._joins(parcels.geometry[a], parcels.geometry[b]):
                self.beside[a].add(b)
                self.beside[b].add(a)
        self.green = [set[int]() for _ in range(len(parcels))]
        for a, patch in zip(*(each.tolist() for each in self._near(parcels.geometry, standing.geometry)), strict=True):
            if self._joins(parcels.geometry[a], standing.geometry[patch]):
                self.green[a].add(patch)
        for a, b in combinations(np.flatnonzero([len(patches) > 0 for patches in self.green]).tolist(), 2):
            if self.green[a] & self.green[b]:
                self.beside[a].add(b)
                self.beside[b].add(a)

    def _near(self, shapes: Shapes, others: Shapes) -> tuple[Integers, Integers]:
        one, other = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=self.reach_m)
        return one, other

    def _joins(self, one: shapely.Geometry, other: shapely.Geometry) -> bool:
        """Whether the ground between two shapes still holds them together when it is cut along the roads."""
        between = shapely.intersection(shapely.buffer(one, self.reach_m), shapely.buffer(other, self.reach_m))
        cuts = self.roads[self.tree.query(between, predicate="intersects")]
        if not len(cuts):
            return True
        ground = shapely.union_all([one, other, between])
        parts = shapely.get_parts(shapely.difference(ground, shapely.buffer(shapely.union_all(cuts), ROAD_M)))
        on_both: Flags = np.ones(len(parts), bool)
        for shape in (one, other):
            on_both &= shapely.area(shapely.intersection(parts, shape)) > SHARED_M2
        return bool(on_both.any())

    def patches(self, own: list[int]) -> list[int]:
        """The standing green that some parcels join."""
        return sorted(set[int]().union(*(self.green[parcel] for parcel in own)))

    def union(self, own: list[int], patches: list[int], bands: Sequence[Band]) -> tuple[shapely.Geometry, float, float]:
        """Parcels and green as one: their shape, their area and how far they serve."""
        shapes = np.concatenate([self.parcels.geometry[own], self.standing.geometry[patches]])
        whole = shapely.union_all(shapes)
        twice_m2 = float(shapely.area(shapes).sum()) - whole.area
        area_m2 = float(self.parcels.area_m2[own].sum() + self.standing.area_m2[patches].sum()) - twice_m2
        return whole, area_m2, float(service_radii(bands, np.array([area_m2]))[0])

    def connected(self, most: int) -> Iterator[tuple[int, ...]]:
        """Every two parcels, then three and so on up to `most`, that hold together, each once, ascending."""
        growing: list[tuple[int, ...]] = [(parcel,) for parcel in range(len(self.beside))]
        for _ in range(most - 1):
            larger = {
                tuple(sorted({*own, other}))
                for own in growing
                for parcel in own
                for other in self.beside[parcel] - {*own}
            }
            growing = sorted(larger)
            yield from growing


def _several(parcels: Facilities, sites: list[tuple[tuple[int, ...], shapely.Geometry, float]]) -> Facilities:
    """The sites of several parcels as facilities, entered by the gates of all of them."""
    gates = [np.flatnonzero(np.isin(parcels.gate_facility, own)) for own, _, _ in sites]
    every = np.concatenate(gates)
    named = [[name for name in parcels.names[list(own)].tolist() if name] for own, _, _ in sites]
    return replace(
        parcels,
        ids=np.array([" + ".join(parcels.ids[list(own)].tolist()) for own, _, _ in sites], np.str_),
        names=np.array([", ".join(dict.fromkeys(names)) for names in named], np.str_),
        geometry=np.array([shape for _, shape, _ in sites], object),
        area_m2=np.array([area for _, _, area in sites]),
        gate_xy=parcels.gate_xy[every],
        gate_facility=np.repeat(np.arange(len(sites)), [len(own) for own in gates]),
        gate_origin=parcels.gate_origin[every],
        kind=np.full(len(sites), "joined"),
        capacity=np.empty(0),
        door=parcels.door and parcels.door.kept(every),
    )
