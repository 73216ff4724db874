"""In which units a service is present: one of the two readings of full cover of subdistricts and communities."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from planner.demand import Demand
from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT
from planner.reach import Reach

ENOUGH = 0.5  # of the people of a unit that a site beyond its border must reach to stand for it


def _none() -> Integers:
    return np.empty(0, np.int64)


def _nobody() -> NDArray[np.str_]:
    return np.empty(0, np.str_)


@dataclass(frozen=True)
class Stands:
    """Which of s sites stand for which units."""

    unit: Integers = field(default_factory=_none)  # (k,)  a unit, and
    site: Integers = field(default_factory=_none)  # (k,)  a site within it, or one that it may share
    own: Flags = field(default_factory=lambda: np.empty(0, bool))  # (k,)  the site lies in the unit
    share: Floats = field(default_factory=lambda: np.empty(0))  # (k,)  of the unit's people who have it in reach
    ids: NDArray[np.str_] = field(default_factory=_nobody)  # (s,)
    lies_in: NDArray[np.str_] = field(default_factory=_nobody)  # (s,)  the name of the unit, "" in none

    @property
    def own_unit(self) -> Integers:
        """(s,) the unit in which each site lies, -1 in none of them."""
        units = np.full(len(self.ids), -1)
        units[self.site[self.own]] = self.unit[self.own]
        return units

    def by_unit(self, amount: Floats, units: int) -> Floats:
        """(u,) an amount of each site (s,) added up in the unit in which it lies."""
        return np.bincount(self.own_unit + 1, amount, units + 1)[1:].astype(np.float64)

    def for_each(self, units: int, open: Flags | None = None) -> list["Present"]:  # noqa: A002  (what a site is)
        """By which open site (s,) the service is present in each unit.

        Its own comes first, then the one that most of its people have in reach, then the earliest.
        """
        found = [MISSING] * units
        for pair in np.lexsort((-self.site, self.share, self.own)).tolist():
            if open is None or open[self.site[pair]]:
                how: Literal["own", "shared"] = "own" if self.own[pair] else "shared"
                site = self.site[pair]
                found[self.unit[pair]] = Present(how, str(self.ids[site]), str(self.lies_in[site]))
        return found


@dataclass(frozen=True)
class Present:
    """How a service is present in a unit: by a site of its own, by one that it shares with a neighbour, or not."""

    how: Literal["own", "shared", "missing"]
    site: str = ""
    lies_in: str = ""  # the unit in which the site lies


MISSING = Present("missing")


@dataclass(frozen=True)
class UnitStatus:
    """Both readings of full cover in one unit, today and with a plan."""

    unit: str
    people: float
    reached_before: float
    reached_after: float
    today: Present
    after: Present


@dataclass(frozen=True)
class Presence:
    """The units in each of which a level should have a site, and the sites that stand for each."""

    names: NDArray[np.str_]  # (u,)
    candidates: Stands
    standing: Stands = Stands()
    of: Integers = field(default_factory=_none)  # (n,)  the unit in which each place lies, -1 in none

    @property
    def today(self) -> Flags:
        """(u,) the units for which what stands is enough already."""
        there: Flags = np.isin(np.arange(len(self.names)), self.standing.unit)
        return there

    def by(self, open: Flags) -> Flags:  # noqa: A002  (what a candidate is)
        """(u,) the units for which one of the open candidates (m,) stands."""
        there = np.zeros(len(self.names), bool)
        there[self.candidates.unit[open[self.candidates.site]]] = True
        return there

    def status(self, open: Flags, people: Floats, before: Flags, after: Flags) -> Iterator[UnitStatus]:  # noqa: A002
        """Both readings unit by unit: people (n,), who of them is reached before and after, which candidates open.

        What stands goes on standing for a unit, unless the unit had none of its own and gets one.
        """
        units = len(self.names)
        counts = [self.people_in(people * flags).tolist() for flags in (np.ones(len(people)), before, after)]
        old, new = self.standing.for_each(units), self.candidates.for_each(units, open)
        rows = zip(self.names.tolist(), zip(*counts, strict=True), old, new, strict=True)
        for name, (here, had, have), today, built in rows:
            stays = today.how == "own" or (today.how == "shared" and built.how != "own")
            yield UnitStatus(name, here, had, have, today, today if stays else built)

    def people_in(self, people: Floats) -> Floats:
        """(u,) the people of each place (n,) added up in each unit."""
        if not len(self.of):
            return np.zeros(len(self.names))
        return np.bincount(self.of + 1, people, len(self.names) + 1)[1:].astype(np.float64)


def measure_presence(
    demand: Demand,
    to_candidates: Reach,
    site_unit: Integers,
    *,
    limit_m: float,
    standing: Reach | None = None,
    standing_unit: Integers | None = None,
    share: float | None = ENOUGH,
) -> Presence:
    """Which candidates, in units (m,) of the demand, would stand for each of its units in which people live.

    A site stands for the unit it lies in, and for every other one of whose people it has at least `share` within
    `limit_m`; with None for its own alone. The same holds for what stands.
    """
    if demand.units is None:
        raise QuestionError("This demand has no units in which anything could be present. Give it units.")
    people = demand.by_unit(demand.people[:, 0])[:-1]
    lived_in = people > 0
    number = np.append(np.where(lived_in, np.cumsum(lived_in) - 1, -1), -1)  # of each unit among those lived in
    names = np.append(demand.units.names, "")

    def stands_for(reach: Reach, own: Integers) -> Stands:
        """Which site stands for which unit in which people live."""
        near = reach.within(limit_m)
        where = (demand.unit_or_none[near.place], near.facility)
        shape = (len(people) + 1, len(own))
        reached = coo_array((demand.people[near.place, 0], where), shape=shape).toarray()[:-1][lived_in]
        part, at_home = reached / people[lived_in, None], own == np.flatnonzero(lived_in)[:, None]
        enough = np.inf if share is None else share * (1 - EXACT)
        unit, site = np.nonzero(at_home | (part >= enough))
        return Stands(unit, site, at_home[unit, site], part[unit, site], reach.facility_ids, names[own])

    found = Presence(names[:-1][lived_in], stands_for(to_candidates, site_unit), of=number[demand.unit_or_none])
    if standing is None:
        return found
    nowhere = np.full(len(standing.facility_ids), -1)
    return replace(found, standing=stands_for(standing, nowhere if standing_unit is None else standing_unit))
