"""Demand: the people, by place and by group, and the units they are reported in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from planner.errors import DataError, PeopleError, QuestionError, first
from planner.network import Flags, Floats, Integers, Shapes, Snap, WalkNetwork
from planner.population import PopulationBase


@dataclass(frozen=True)
class Units:
    """u areas to report by: communities, census districts, hexes."""

    ids: NDArray[np.str_]  # (u,)
    names: NDArray[np.str_]  # (u,)
    kind: str  # "community", "district", "hex"
    geometry: Shapes  # (u,)  polygons in the demand's CRS

    def kept(self, keep: Flags) -> "Units":
        """Only these units (u,)."""
        return Units(self.ids[keep], self.names[keep], self.kind, self.geometry[keep])

    def holding(self, xy: Floats) -> Integers:
        """(n,) the unit in which each point (n, 2) lies; on a shared border the first; -1 in none."""
        point, unit = shapely.STRtree(self.geometry).query(shapely.points(xy), predicate="intersects")
        lies_in = np.full(len(xy), -1, np.int64)
        last_first = np.lexsort((unit, point))[::-1]
        lies_in[point[last_first]] = unit[last_first]
        return lies_in


@dataclass(frozen=True)
class Demand:
    """n places where people live; k groups of people, of which the first is everybody."""

    ids: NDArray[np.str_]  # (n,)  unique
    xy: Floats  # (n, 2)  metres, in `crs`
    people: Floats  # (n, k)
    crs: CRS
    groups: tuple[str, ...] = ("people",)
    base: PopulationBase = field(default_factory=PopulationBase)  # whom the figures count, when and where
    geometry: Shapes = field(default_factory=lambda: np.empty(0, object))  # (n,) footprints, blocks, or none
    units: Units | None = None
    unit: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (n,)  -1 = in no unit
    door: Snap | None = None  # where each place meets the street, see `snapped`

    def __post_init__(self) -> None:
        n = len(self.ids)
        if self.xy.shape != (n, 2) or self.people.shape != (n, len(self.groups)):
            raise DataError(f"{n} places need ({n}, 2) coordinates and ({n}, {len(self.groups)}) people.")
        check_ids(self.ids, "places")
        check_people(self.people, self.ids)

    @cached_property
    def points(self) -> Shapes:
        """(n,) where each place stands; made once, as every straight line begins there."""
        points: Shapes = shapely.points(self.xy)
        return points

    @property
    def total(self) -> float:
        """Everybody."""
        return float(self.people[:, 0].sum())

    def of(self, group: str | None = None) -> Floats:
        """(n,) the people of one group in each place; by default everybody."""
        if group is not None and group not in self.groups:
            raise QuestionError(f"There is no group {group!r}. There are: {', '.join(self.groups)}.")
        return self.people[:, 0 if group is None else self.groups.index(group)]

    def weighed(self, weights: Mapping[str, float] | None) -> Floats:
        """(n,) how much each place counts: its first group, or its groups by their weights."""
        if weights is None:
            return self.people[:, 0]
        return np.asarray(self.people @ [weights.get(group, 0.0) for group in self.groups])

    def by_unit(self, amount: Floats) -> Floats:
        """(u+1,) an amount of each place (n,) added up in each unit; the last entry is in no unit."""
        return np.bincount(self.unit_or_none, weights=amount, minlength=self.unit_count + 1).astype(np.float64)

    @property
    def unit_count(self) -> int:
        """How many units there are, u."""
        return 0 if self.units is None else len(self.units.ids)

    @property
    def unit_or_none(self) -> Integers:
        """(n,) the unit of each place, and u for those in no unit."""
        if not len(self.unit):
            return np.full(len(self.ids), self.unit_count, np.int64)
        return np.where(self.unit < 0, self.unit_count, self.unit)

    def check_places(self, ids: NDArray[np.str_]) -> None:
        """Refuse what was measured for other places, or for these in another order."""
        if len(ids) != len(self.ids) or (ids != self.ids).any():
            differ = ids[ids != self.ids] if len(ids) == len(self.ids) else ids
            raise DataError(
                f"This reach was measured for other places than this demand: {len(ids)} ({first(differ)}), not "
                f"{len(self.ids)} ({first(self.ids)}). Measure it for this demand."
            )

    def snapped(self, network: WalkNetwork, *, max_access_m: float, closed: Integers | None = None) -> "Demand":
        """The same demand, attached to the streets but those `closed`. Refused where most of it is off the network."""
        door = network.snap(self.xy, max_access_m=max_access_m, closed=closed)
        door.check("places", self.ids, max_access_m)
        return replace(self, door=door)

    def with_groups(self, groups: Mapping[str, Floats]) -> "Demand":
        """The same people, of whom so many (n,) in each place are of each further group."""
        columns = [self.people, *(people[:, None] for people in groups.values())]
        return replace(self, people=np.hstack(columns), groups=(*self.groups, *groups))

    def kept(self, keep: Flags) -> "Demand":
        """Only these places (n,)."""
        return replace(
            self,
            ids=self.ids[keep],
            xy=self.xy[keep],
            people=self.people[keep],
            geometry=self.geometry[keep] if len(self.geometry) else self.geometry,
            unit=self.unit[keep] if len(self.unit) else self.unit,
            door=self.door and self.door.kept(keep),
        )

    def __str__(self) -> str:
        return f"{self.total:,.0f} people ({self.base}) in {len(self.ids):,} places"


def check_ids(ids: NDArray[np.str_], what: str) -> None:
    """Refuse ids that occur twice."""
    seen, count = np.unique(ids, return_counts=True)
    if (count > 1).any():
        twice = seen[count > 1]
        raise DataError(f"{len(twice)} ids of {what} occur more than once ({first(twice)}). Make ids unique.")


def check_people(people: Floats, ids: ArrayLike) -> None:
    """Refuse people that are negative, missing or infinite, and a city without any."""
    bad = ~(np.isfinite(people) & (people >= 0)).all(axis=1)
    if bad.any():
        missing, lowest = int(np.isnan(people).any(axis=1).sum()), np.nanmin(people, initial=0)
        raise PeopleError(
            f"{int(bad.sum())} of {len(people)} places have negative or missing people "
            f"({first(np.asarray(ids)[bad])}; {missing} missing, lowest {lowest:,.0f}). "
            "Set nodata cells to 0 or remove them."
        )
    if not people[:, 0].sum() > 0:
        raise PeopleError("There are no people at all in the places given. Check the people column.")


def spread(total: int, weight: ArrayLike) -> Floats:
    """Share a whole number of people over places in proportion to `weight` (n,), to the person.

    Largest remainders; of equal remainders the earlier place. Hamilton's method.
    """
    weight = np.asarray(weight, np.float64)
    if total < 0 or not np.isfinite(weight).all() or (weight < 0).any():
        raise PeopleError("People and weights must be finite and not negative.")
    if total and not weight.sum() > 0:
        raise PeopleError(f"{total:,} people have nowhere to live: no place has a floor area.")
    if not total:
        return np.zeros(len(weight))
    exact = weight / weight.sum() * total
    whole: Floats = np.floor(exact * (1 - 1e-12))  # a hair below, so that rounding never hands out too many
    left = total - int(whole.sum())
    most = np.argsort(-(exact - whole), kind="stable")[:left]
    whole[most] += 1
    return whole
