"""How much longer the walk is than the straight line, and where it is so much longer that something is in the way.

On an ideal grid of streets walks are 4 / π = 1.27 times the straight lines on average, in ordinary cities 1.2 to 1.4;
a river with few bridges, a railway or a wall shows as pairs far above that. A reach on foot alone cannot tell: the
pairs with the worst detours are just those that it lacks. So the pairs are those near in a straight line, and the walk
must have been measured farther than that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import DataError, QuestionError, first
from planner.facilities import Facilities
from planner.network import Flags, Floats, Integers
from planner.reach import Reach

MICROMETRE = 6  # decimals of a metre, as a reach counts


@dataclass(frozen=True)
class Detours:
    """Pairs of a place and a facility that are near in a straight line, and how far the walk between them is.

    A walk not found up to `walk_limit_m` is inf, and so is its detour: longer than that limit, or none at all.
    """

    place: Integers  # (p,)
    facility: Integers  # (p,)
    walk_m: Floats  # (p,)  inf = no walk up to the limit
    straight_m: Floats  # (p,)  above 0
    people: Floats  # (p,)  of the place
    walk_limit_m: float
    straight_limit_m: float
    off_people: float  # in places far from every street, of which no pair is here
    off_facilities: int  # without a gate near a street, of which no pair is here
    demand_ids: NDArray[np.str_]  # (n,)
    facility_ids: NDArray[np.str_]  # (m,)

    @property
    def ratio(self) -> Floats:
        """(p,) walk over straight line; inf where no walk was found."""
        return self.walk_m / self.straight_m

    @property
    def found(self) -> Flags:
        """(p,) the pairs with a walk up to the limit."""
        return np.isfinite(self.walk_m)

    @property
    def factor(self) -> float:
        """The detour factor: all walks over all their straight lines, each pair by the people of its place.

        Of the pairs with a walk; inf where there is none. Weighing by length keeps short pairs, of which a few metres
        to the street make any ratio, from ruling it.
        """
        people = self.people[self.found]
        straight = float(np.sum(people * self.straight_m[self.found]))
        return float(np.sum(people * self.walk_m[self.found])) / straight if straight > 0 else float("inf")

    def above(self, most: float = 2.0) -> "Detours":
        """The pairs with a detour above `most`, worst first; of those without a walk the nearest in a straight line.

        Refused where the walks were not measured far enough to tell.
        """
        needed_m = round(most * self.straight_limit_m, MICROMETRE)
        if not needed_m <= self.walk_limit_m:
            raise QuestionError(
                f"Walks were measured up to {self.walk_limit_m:g} m, which cannot tell detours above {most:g} from "
                f"others over {self.straight_limit_m:g} m in a straight line. Measure walks up to "
                f"{needed_m:g} m, or shorter straight lines."
            )
        worse = np.flatnonzero(self.ratio > most)
        return self._kept(worse[np.lexsort((self.straight_m[worse], -self.ratio[worse]))])

    def __len__(self) -> int:
        return len(self.place)

    def __str__(self) -> str:
        lost = int((~self.found).sum())
        return (
            f"walks are {self.factor:.2f} times the straight line over {len(self):,} pairs within "
            f"{self.straight_limit_m:g} m; {lost:,} of them have no walk within {self.walk_limit_m:g} m; left out "
            f"as far from every street: {self.off_people:,.0f} people and {self.off_facilities:,} facilities"
        )

    def _kept(self, pairs: Integers) -> "Detours":
        kept = {name: getattr(self, name)[pairs] for name in ("place", "facility", "walk_m", "straight_m", "people")}
        return replace(self, **kept)


def measure_detours(
    walk: Reach,
    straight: Reach,
    demand: Demand,
    facilities: Facilities,
    *,
    from_m: float = 50.0,
    group: str | None = None,
) -> Detours:
    """The detours of all pairs that are `from_m` to the limit of `straight` apart in a straight line.

    `walk` and `straight` are reaches from these places to these facilities (`measure_reach`, `measure_straight`), the
    walks at least twice as far as the straight lines if pairs with detours above 2 are to be told. A straight line ends
    at the facility's boundary, a walk at its gate: a park with one gate on the far side is a detour too.

    Left out are pairs nearer than `from_m`, because their access legs would make any ratio, and places where nobody of
    the group lives. Who is on no street at all has no walk for want of a street, not for a river: such places and
    facilities are left out and counted apart. Memory: some hundred bytes for each pair of either reach.
    """
    demand.check_places(walk.demand_ids)
    people = demand.of(group)
    if faults := [*_faults(walk, straight, facilities.ids, from_m)]:
        raise QuestionError("\n".join(faults))
    if demand.door is None or facilities.door is None:
        raise DataError("Give the demand and the facilities that were snapped to the streets, see snapped().")
    no_street = np.bincount(facilities.gate_facility[~facilities.door.off], minlength=len(facilities)) == 0
    place, facility, straight_m = straight.place, straight.facility.astype(np.int64), straight.distance_m
    told = (straight_m >= from_m) & (straight_m > 0) & (people[place] > 0)
    told &= ~demand.door.off[place] & ~no_street[facility]
    place, facility, straight_m = place[told], facility[told], straight_m[told]
    if not len(place):
        raise QuestionError(
            f"No facility ({first(straight.facility_ids)}) is {from_m:g} to {straight.limit:g} m from anybody in a "
            "straight line, so there is no detour to measure. Measure straight lines farther, or lower from_m."
        )
    m = len(walk.facility_ids)
    key, walked = place * m + facility, walk.place * m + walk.facility  # both ascend
    at = np.minimum(np.searchsorted(walked, key), max(len(walked) - 1, 0))
    walk_m = np.full(len(key), np.inf)
    if len(walked):
        same = walked[at] == key
        walk_m[same] = walk.distance_m[at[same]]
    off = float(people[demand.door.off].sum()), int(no_street.sum())
    apart = (walk.limit, straight.limit, *off)
    return Detours(place, facility, walk_m, straight_m, people[place], *apart, walk.demand_ids, walk.facility_ids)


def _faults(walk: Reach, straight: Reach, facility_ids: NDArray[np.str_], from_m: float) -> Iterator[str]:
    """What keeps two reaches from being held against each other."""
    for name, reach, metric in (("walk", walk, "walk"), ("straight", straight, "straight")):
        if reach.metric != metric or reach.unit != "m":
            yield f"`{name}` is a {reach.metric} reach in {reach.unit!r}. Give a {metric} reach in metres."
    for name, what, ids, others in (
        ("straight", "places", walk.demand_ids, straight.demand_ids),
        ("walk", "facilities", facility_ids, walk.facility_ids),
        ("straight", "facilities", facility_ids, straight.facility_ids),
    ):
        if len(ids) != len(others) or (ids != others).any():
            yield (
                f"`{name}` was measured for other {what}: {len(others)} ({first(others)}), not {len(ids)} "
                f"({first(ids)}). Measure both reaches for the same."
            )
    if not 0 <= from_m < straight.limit:
        yield f"Pairs from {from_m:g} m up to {straight.limit:g} m are none. Give 0 ≤ from_m < the straight limit."
