"""Centres for older people beyond covered or not: their floor, their places, and how far one level is from the next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.facilities import Facilities
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice
from planner.optimise.reduce import whole_rows
from planner.provisions import Provision
from planner.reach import Reach, measure_nearest
from planner.services import FloorNeed

PER_HUNDRED = "m2_per_100hh"  # the unit of such a provision
HUNDRED = 100.0


@dataclass(frozen=True)
class FloorArea:
    """The floor of a service in each of u units, held against what a provision asks for each hundred households."""

    norm: Provision
    names: NDArray[np.str_]  # (u,)
    households: Floats  # (u,)
    today_m2: Floats  # (u,)
    new_m2: Floats  # (u,)

    @property
    def after_m2(self) -> Floats:
        """(u,) what stands and what is new."""
        return self.today_m2 + self.new_m2

    @property
    def need_m2(self) -> Floats:
        """(u,) what the provision asks for."""
        return self.norm.number * self.households / HUNDRED

    @property
    def gap_today_m2(self) -> Floats:
        """(u,) what is missing today."""
        return np.maximum(self.need_m2 - self.today_m2, 0.0)

    @property
    def gap_m2(self) -> Floats:
        """(u,) what is still missing with what is new."""
        return np.maximum(self.need_m2 - self.after_m2, 0.0)

    def per_hundred(self, floor_m2: Floats) -> Floats:
        """(u,) square metres for each hundred households; 0 where there are none."""
        none = np.zeros(len(self.households))
        return HUNDRED * np.divide(floor_m2, self.households, out=none, where=self.households > 0)

    @property
    def whole(self) -> "FloorArea":
        """The same of all units together, in which one unit's plenty makes up for another's lack."""
        sums = (np.array([each.sum()]) for each in (self.households, self.today_m2, self.new_m2))
        return FloorArea(self.norm, np.array(["all"]), *sums)

    def needs(self, services: Sequence[str], site_unit: Integers) -> Iterator[FloorNeed]:
        """What a plan must add in each unit that lacks floor today, by its candidates in units (m,)."""
        for unit, (name, gap) in enumerate(zip(self.names.tolist(), self.gap_today_m2.tolist(), strict=True)):
            if gap > 0:
                yield FloorNeed(f"{name}, {self.norm.threshold}", gap, tuple(services), site_unit == unit)

    def __str__(self) -> str:
        whole = self.whole
        today, after = (float(whole.per_hundred(each)[0]) for each in (whole.today_m2, whole.after_m2))
        met = int((self.gap_m2 <= 0).sum())
        return (
            f"{today:,.1f} → {after:,.1f} m² per 100 households, {self.norm.threshold} asked: "
            f"{met} of {len(self.names)} units have it, {self.gap_m2.sum():,.0f} m² are missing"
        )


def floor_area_against(
    norm: Provision, names: NDArray[np.str_], households: Floats, standing_m2: Floats, new_m2: Floats
) -> FloorArea:
    """The floor that stands and the new floor of each unit (u,), against a provision in m² per 100 households."""
    faults = []
    if norm.unit != PER_HUNDRED:
        faults.append(f"{norm.id} asks for {norm.threshold}, which is not by 100 households. Give one that is.")
    for what, values in (("households", households), ("standing floor", standing_m2), ("new floor", new_m2)):
        if len(values) != len(names):
            faults.append(f"{len(values)} entries of {what} for {len(names)} units. Give one for each.")
        elif (bad := ~(np.isfinite(values) & (values >= 0))).any():
            faults.append(f"{int(bad.sum())} units have a {what} that is none ({first(names[bad])}). Give 0 or more.")
    if faults:
        raise QuestionError(" ".join(faults))
    return FloorArea(norm, names, *(np.asarray(each, np.float64) for each in (households, standing_m2, new_m2)))


def households_of(people: Floats, persons_per_household: float) -> Floats:
    """Households (u,) of so many people (u,), where nobody has counted them."""
    if not 0 < persons_per_household < np.inf:
        raise QuestionError(f"{persons_per_household:g} people make no household. Give more than 0.")
    return np.asarray(people, np.float64) / persons_per_household


@dataclass(frozen=True)
class Places:
    """Who has a place where sites hold only so many people: as many as can, then with the shortest walks in all."""

    ids: NDArray[np.str_]  # (s,)
    capacity: Floats  # (s,)  people; NaN where nobody knows it, and as many as come have a place
    load: Floats  # (s,)  people who have a place there
    without: Floats  # (n,)  people who reach a site and find no place
    beyond: Floats  # (n,)  people who reach none

    def __str__(self) -> str:
        return (
            f"{self.load.sum():,.0f} have a place, {self.without.sum():,.0f} reach a site and find none, "
            f"{self.beyond.sum():,.0f} reach none"
        )


def share_places(
    demand: Demand, to_sites: Reach, capacity: Floats, *, weights: Mapping[str, float] | None = None
) -> Places:
    """The people of each place given to sites in reach, each of which holds `capacity` (s,) of them, NaN: all.

    A place may go to several sites. To go without costs more than any longer walk of all others that would make room.

    Hitchcock (1941), The distribution of a product from several sources to numerous localities.
    """
    from planner.optimise.capacity.models import CapacityQuestion  # noqa: PLC0415  (PuLP takes a while to load)
    from planner.optimise.capacity.transport import transport  # noqa: PLC0415

    s = len(to_sites.facility_ids)
    if len(capacity) != s:
        raise QuestionError(f"{len(capacity)} capacities for {s} sites. Give each its own, NaN where nobody knows it.")
    people = demand.weighed(weights)
    near = to_sites.facilities_in_reach > 0
    load, without, beyond = np.zeros(s), np.zeros(len(people)), np.where(near, 0.0, people)
    rows = near & (people > 0)
    if rows.any():
        indptr, site = whole_rows(to_sites.indptr, to_sites.facility.astype(np.int64), rows)
        every = np.ones(s, bool)
        question = CapacityQuestion(
            weight=people[rows],
            indptr=indptr,
            site=site,
            distance=to_sites.distance[np.repeat(rows, np.diff(to_sites.indptr))],
            module_site=np.arange(s),
            module_capacity=np.where(np.isnan(capacity), people.sum(), capacity),
            module_cost=np.zeros(s),
            choice=Choice(every, ~every),
            unserved_cost=(s + 1) * max(to_sites.limit, 1.0),
        )
        share = transport(question, every).share
        load = question.loads(share)
        without[rows] = question.weight * question.unserved(share)
    return Places(to_sites.facility_ids, capacity, load, without, beyond)


@dataclass(frozen=True)
class Referral:
    """How far it is on foot from each of s sites of one level to the nearest of the next level."""

    ids: NDArray[np.str_]  # (s,)
    metres: Floats  # (s,)  inf where none is within the limit
    to: tuple[str, ...]  # (s,)  "" there
    limit_m: float

    @property
    def found(self) -> Flags:
        """(s,) the sites that have one within the limit."""
        return np.isfinite(self.metres)

    @property
    def mean_m(self) -> float:
        """Of those that have one; 0 where none has."""
        return float(self.metres[self.found].mean()) if self.found.any() else 0.0

    @property
    def worst_m(self) -> float:
        """Of those that have one; 0 where none has."""
        return float(self.metres[self.found].max(initial=0.0))

    @property
    def without(self) -> tuple[str, ...]:
        """The sites that have none."""
        return tuple(self.ids[~self.found].tolist())

    def __str__(self) -> str:
        lost = len(self.without)
        far = f"; {lost} have none within {self.limit_m:,.0f} m ({first(self.without)})" if lost else ""
        return f"{int(self.found.sum())} sites, {self.mean_m:,.0f} m on average, {self.worst_m:,.0f} m at worst{far}"


def measure_referral(sites: Facilities, upper: Facilities, *, limit_m: float) -> Referral:
    """From the nearest gate of each site to the nearest site of the upper level, on the streets."""
    if not len(sites):
        return Referral(sites.ids, np.empty(0), (), limit_m)
    gates = Demand(
        np.arange(len(sites.gate_xy)).astype(np.str_),
        sites.gate_xy,
        np.ones((len(sites.gate_xy), 1)),
        sites.crs,
        door=sites.door,
    )
    away, which = measure_nearest(gates, upper, limit_m=limit_m).nearest()
    metres, to = np.full(len(sites), np.inf), np.full(len(sites), -1)
    for gate in np.argsort(-away, kind="stable").tolist():  # the nearest last
        metres[sites.gate_facility[gate]], to[sites.gate_facility[gate]] = away[gate], which[gate]
    names = np.append(upper.ids, "")
    return Referral(sites.ids, metres, tuple(names[to].tolist()), limit_m)
