"""The 15-minute circle: who has which services of a kit within reach, who has all of them, and what is missing.

An item is judged only where the data tell of its service. What they do not tell is neither missing nor there: it is
listed, and the complete kit is that of the items that are told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import shapely

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.facilities import Facilities
from planner.kits import Item, Kit
from planner.network import Flags, Floats, Integers
from planner.reach import measure_nearest, measure_straight


@dataclass(frozen=True)
class InReach:
    """One item of the kit, and who has it."""

    item: Item
    sites: Facilities  # all that are in the data
    counts: Flags  # (m,)  those that are large enough and count at no upper level
    walk: Flags  # (n,)  exactly at the limit counts, out of reach does not
    straight: Flags  # (n,)  in a straight line, as service radii are drawn

    def by(self, metric: str) -> Flags:
        """(n,) who has it, on foot ("walk") or in a straight line ("straight")."""
        return self.walk if metric == "walk" else self.straight


@dataclass(frozen=True)
class Missing:
    """The people of some place who lack an item."""

    item: Item
    people: float
    of: float  # everybody there

    @property
    def share(self) -> float:
        """In [0, 1]; 0 where there is nobody."""
        return self.people / self.of if self.of else 0.0


@dataclass(frozen=True)
class Score:
    """Points out of 100, and what each item that is judged brings: its part of them, and the most it could.

    Fractions, so that the parts add up to the points exactly, item by item and level by level.
    """

    items: tuple[Item, ...]
    parts: tuple[Fraction, ...]  # (items,)
    most: tuple[Fraction, ...]  # (items,)  they add up to 100

    @property
    def points(self) -> Fraction:
        """Of 100."""
        return sum(self.parts, Fraction(0))

    def at(self, level: int) -> Fraction:
        """The points of the items of one level."""
        return sum(
            (part for item, part in zip(self.items, self.parts, strict=True) if item.level == level), Fraction(0)
        )

    def __str__(self) -> str:
        return f"{float(self.points):.1f} of 100"


@dataclass(frozen=True)
class Circle:
    """Who has what of a kit. `judged` are the items that the data tell of, in the kit's order."""

    kit: Kit
    judged: tuple[InReach, ...]
    untold: tuple[Item, ...]  # not in the data
    demand: Demand

    @property
    def levels(self) -> tuple[int, ...]:
        """Those at which a required item is judged, the widest first."""
        return tuple(level for level in self.kit.levels if any(each.item.level == level for each in self.required()))

    def required(self, level: int | None = None) -> tuple[InReach, ...]:
        """The items that the complete kit is of, at one level or at all."""
        return tuple(each for each in self.judged if each.item.required and level in {None, each.item.level})

    def complete(self, level: int | None = None, *, metric: str = "walk") -> Flags:
        """(n,) the places with every required item of one level, or of all; a level that is not judged is refused."""
        required = self.required(level)
        if not required:
            raise QuestionError(f"No required item of the {level}-minute level of {self.kit.id} is in the data.")
        every: Flags = np.logical_and.reduce([each.by(metric) for each in required])
        return every

    def lacking(self, *, metric: str = "walk") -> Integers:
        """(n,) how many required items each place lacks."""
        missing: Integers = np.sum([~each.by(metric) for each in self.required()], axis=0, dtype=np.int64)
        return missing

    def people_by_lacking(self, group: str | None = None, *, metric: str = "walk") -> Floats:
        """(r+1,) the people who lack none, one, … all r of the required items."""
        counted = np.bincount(
            self.lacking(metric=metric), weights=self.demand.of(group), minlength=len(self.required()) + 1
        )
        return counted.astype(np.float64)

    def missing(self, group: str | None = None) -> tuple[Missing, ...]:
        """Of each required item the people who lack it on foot, most first; of equal ones in the kit's order."""
        people = self.demand.of(group)
        lacking = [float(people[~each.walk].sum()) for each in self.required()]
        return self._worst_first(lacking, float(people.sum()))

    def missing_by_unit(self) -> tuple[tuple[Missing, ...], ...]:
        """(u+1,) the same of each unit; the last is of the places in no unit."""
        people = self.demand.people[:, 0]
        lacking = np.stack([self.demand.by_unit(people * ~each.walk) for each in self.required()], axis=1)
        here = self.demand.by_unit(people).tolist()
        return tuple(self._worst_first(row, of) for row, of in zip(lacking.tolist(), here, strict=True))

    def _worst_first(self, lacking: list[float], of: float) -> tuple[Missing, ...]:
        found = [Missing(each.item, people, of) for each, people in zip(self.required(), lacking, strict=True)]
        return tuple(sorted(found, key=lambda each: -each.people))

    @cached_property
    def weights(self) -> tuple[Fraction, ...]:
        """(judged,) what each item is of the score, from 0 to 100; together 100."""
        whole = sum(Fraction(each.item.weight) for each in self.judged)
        return tuple(100 * Fraction(each.item.weight) / whole for each in self.judged)

    def score(self, group: str | None = None, *, metric: str = "walk") -> Score:
        """100 Σ_j w_j c_j / (W P): c_j of the P people have item j, which weighs w_j of all W that are judged.

        Its part of an item is 100 w_j c_j / (W P). A group of nobody has no score: refused.
        """
        people = self.demand.of(group)
        everybody = Fraction(float(people.sum()))
        if not everybody:
            raise QuestionError(f"Nobody is in the group {group!r}, so it has no score.")
        have = [people[each.by(metric)].sum() for each in self.judged]
        parts = [weight * Fraction(float(each)) / everybody for weight, each in zip(self.weights, have, strict=True)]
        return Score(tuple(each.item for each in self.judged), tuple(parts), self.weights)

    def points(self, *, metric: str = "walk") -> Floats:
        """(n,) the score of each place, of 100; that of some people is its mean over them."""
        points = np.zeros(len(self.demand.ids))
        for weight, each in zip(self.weights, self.judged, strict=True):
            points += float(weight) * each.by(metric)
        return points

    def with_sites(self, facilities: Mapping[str, Facilities]) -> "Circle":
        """The same items where other sites stand: those of the services given; only what changes is measured again."""
        sites = [facilities.get(each.item.service, each.sites) for each in self.judged]
        counts = _counting(self.kit, [each.item for each in self.judged], sites)
        judged = [
            each
            if there is each.sites and np.array_equal(counting, each.counts)
            else _in_reach(self.demand, each.item, there, counting)
            for each, there, counting in zip(self.judged, sites, counts, strict=True)
        ]
        return replace(self, judged=tuple(judged))

    def __str__(self) -> str:
        people, who = self.demand.of(), self.complete()
        return (
            f"{self.kit.title['en']} on foot: {self.score()}; complete for {people[who].sum() / people.sum():.1%} "
            f"({people[who].sum():,.0f} of {people.sum():,.0f} people), {len(self.judged)} of {len(self.kit.items)} "
            "items judged"
        )


def measure_circle(demand: Demand, facilities: Mapping[str, Facilities], kit: Kit) -> Circle:
    """Who has which items of the kit within reach, on foot to the nearest gate and in a straight line to the boundary.

    `facilities` holds the sites of each service that the data tell of, snapped to the network of `demand`. A service
    that is missing there is not in the data, and so is one whose item has a floor where no site's area is known; a
    service of which there are no sites is told, and everybody lacks it. Unless the kit is inclusive, a place that
    stands under services of two levels counts at the upper one.

    Raises QuestionError where no required item, or none with a weight, is told.
    """
    told = [item for item in kit.items if _told(item, facilities.get(item.service))]
    if not (any(item.required for item in told) and any(item.weight for item in told)):
        raise QuestionError(
            f"No required item of the kit {kit.id!r} is in the data ({first(kit.services)}). Give layers of them "
            "(facilities.layers), or choose another kit, such as osm."
        )
    sites = [facilities[item.service] for item in told]
    counts = _counting(kit, told, sites)
    judged = [_in_reach(demand, *each) for each in zip(told, sites, counts, strict=True)]
    return Circle(kit, tuple(judged), tuple(item for item in kit.items if item not in told), demand)


def _told(item: Item, sites: Facilities | None) -> bool:
    """Whether the data tell who has the item: not where they lack the service, or the area of all its sites."""
    if sites is None:
        return False
    return not len(sites) or not item.standard.min_area_m2 or bool((sites.area_m2 > 0).any())


def _counting(kit: Kit, items: Sequence[Item], sites: Sequence[Facilities]) -> list[Flags]:
    """(m,) for each item the sites that are large enough and, unless levels are inclusive, count at no upper one."""
    counts = [each.at_least(item.standard.min_area_m2) for item, each in zip(items, sites, strict=True)]
    if kit.inclusive:
        return counts
    places = [list(zip(each.ids.tolist(), shapely.to_wkb(each.geometry), strict=True)) for each in sites]
    above: set[tuple[str, bytes]] = set()
    for level in kit.levels:
        here = [number for number, item in enumerate(items) if item.level == level]
        for number in here:
            counts[number] = counts[number] & np.array([place not in above for place in places[number]], bool)
        above.update(place for number in here for place in places[number])
    return counts


def _in_reach(demand: Demand, item: Item, sites: Facilities, counts: Flags) -> InReach:
    rule = item.standard
    walked = measure_nearest(demand, sites, limit_m=rule.limit_m, open=counts)
    straight = measure_straight(demand, sites.kept(counts), limit_m=rule.limit_m)
    walk, line = (measure_coverage(each, demand, rule).covered for each in (walked, straight))
    return InReach(item, sites, counts, walk, line)
