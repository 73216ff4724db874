"""How near people are to their nearest facility, beyond covered or not.

A share within a limit hides how far the others are, and jumps at the limit: 299 m counts in full, 301 m not at all.
Here stand the distances themselves, the people for whom the limit decides, a cover that fades, and those who reach
nothing. All read the nearest facility of each place from a reach (or from `measure_nearest`, which costs less), in its
unit. Nothing is known beyond what was measured: who reaches nothing up to there is counted apart, never in a mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.decay import Decay
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.reach import Nearest, Reach

MICRO = 6  # decimals of a metre or second, as a reach counts
HAIR = 1e-12  # of all people: so little a running sum of people may fall short of a share of them


@dataclass(frozen=True)
class NearestWalks:
    """How far some people are from their nearest facility, each person counted once.

    `mean`, `median`, `p90` and `most` are of those who reach one, and inf where nobody does: read them beside
    `unreached`. A quantile is the least distance within which at least that share of them live.
    """

    mean: float
    median: float
    p90: float
    most: float
    reached: float  # people with a facility in reach
    unreached: float  # people without, those far from every street among them
    limit: float  # how far was measured
    unit: str  # "m" or "s"

    def __str__(self) -> str:
        nothing = f"{self.unreached:,.0f} reach nothing within {self.limit:g} {self.unit}"
        if not self.reached:
            return nothing
        return (
            f"mean {self.mean:,.0f} {self.unit}, half within {self.median:,.0f}, 90% within {self.p90:,.0f}, of "
            f"{self.reached:,.0f} people; {nothing}"
        )


@dataclass(frozen=True)
class Nearness:
    """The distance of each place to its nearest facility, and what it is for all, by group and by unit."""

    distance: Floats  # (n,)  metres or seconds; inf = nothing in reach
    facility: Integers  # (n,)  -1 = nothing in reach
    limit: float
    unit: str
    demand: Demand

    def of(self, group: str | None = None) -> NearestWalks:
        """Of everybody, or of one group of the demand."""
        return self._walks(self.distance, self.demand.of(group))

    def by_group(self) -> tuple[NearestWalks, ...]:
        """(k,) for each group of the demand, in its order."""
        return tuple(self.of(group) for group in self.demand.groups)

    def by_unit(self, group: str | None = None) -> tuple[NearestWalks, ...]:
        """(u+1,) for each unit, in the order of the demand's; the last is of the places in no unit."""
        people, unit = self.demand.of(group), self.demand.unit_or_none
        order = np.argsort(unit, kind="stable")
        bounds = np.searchsorted(unit[order], np.arange(self.demand.unit_count + 2))
        parts = (order[bounds[u] : bounds[u + 1]] for u in range(self.demand.unit_count + 1))
        return tuple(self._walks(self.distance[part], people[part]) for part in parts)

    def _walks(self, distance: Floats, people: Floats) -> NearestWalks:
        counts = np.isfinite(distance) & (people > 0)
        order = np.argsort(distance[counts], kind="stable")
        away, who = distance[counts][order], people[counts][order]
        unreached = float(people[~np.isfinite(distance)].sum())
        if not len(away):
            return NearestWalks(np.inf, np.inf, np.inf, np.inf, 0.0, unreached, self.limit, self.unit)
        so_far = np.cumsum(who)
        half, most = (float(away[np.searchsorted(so_far, q * so_far[-1] * (1 - HAIR))]) for q in (0.5, 0.9))
        mean = min(max(float(np.sum(who * away) / np.sum(who)), float(away[0])), float(away[-1]))
        return NearestWalks(mean, half, most, float(away[-1]), float(so_far[-1]), unreached, self.limit, self.unit)


def measure_nearness(reach: Reach | Nearest, demand: Demand) -> Nearness:
    """How far everybody is from the nearest facility: mean, P50 and P90 by people, in all, by group and by unit.

    Measure far enough that few reach nothing: a mean over those within a short limit says little about a city.
    """
    demand.check_places(reach.demand_ids)
    distance, facility = reach.nearest()
    return Nearness(distance, facility, reach.limit, reach.unit, demand)


@dataclass(frozen=True)
class GradualCoverage:
    """How much of the people is served where service fades with the distance to the nearest facility."""

    decay: Decay
    weight: Floats  # (n,)  in [0, 1], of each person of a place
    demand: Demand

    @property
    def total(self) -> float:
        """Everybody."""
        return self.demand.total

    @property
    def served(self) -> float:
        """People, in parts of people."""
        return float(np.sum(self.weight * self.demand.people[:, 0]))

    @property
    def share(self) -> float:
        """Of everybody, in [0, 1]."""
        return self.served / self.total

    def by_group(self) -> Floats:
        """(k,) the people served of each group of the demand, in parts."""
        return np.asarray((self.weight[:, None] * self.demand.people).sum(axis=0))

    def by_unit(self) -> tuple[Floats, Floats]:
        """(u+1,) people and people served in each unit; the last entry is in no unit."""
        people = self.demand.people[:, 0]
        return self.demand.by_unit(people), self.demand.by_unit(people * self.weight)

    def __str__(self) -> str:
        return f"served in parts: {self.share:.1%} ({self.served:,.0f} of {self.total:,.0f} people)"


def measure_gradual_coverage(reach: Reach | Nearest, demand: Demand, decay: Decay) -> GradualCoverage:
    """The people served where each counts by the decay at the nearest facility: Σ_i p_i f(min_j d_ij).

    What `cover_gradually` makes large, measured here by code that does not know it (with `LinearDecay`).

    Church & Roberts (1983), Generalized coverage models and public facility location; Berman & Krass (2002), The
    generalized maximal covering location problem.
    """
    demand.check_places(reach.demand_ids)
    if decay.unit != reach.unit:
        raise QuestionError(
            f"The decay is in {decay.unit!r}, and the reach is measured in {reach.unit!r}. Give the decay the unit of "
            "the reach, or measure again."
        )
    return GradualCoverage(decay, decay.at(reach.within(decay.limit).nearest()[0]), demand)


@dataclass(frozen=True)
class LimitMargin:
    """The people for whom the exact limit decides: a little shorter or longer, and they change sides."""

    limit: float
    shorter: float  # the limit less its tolerance
    longer: float  # the limit and its tolerance
    unit: str
    just_within: Flags  # (n,)  covered, but not at the shorter limit
    just_beyond: Flags  # (n,)  not covered, but at the longer limit
    people: Floats  # (n, k)

    def by_group(self) -> tuple[Floats, Floats]:
        """(k,) the people just within and those just beyond, of each group of the demand."""
        return self.people[self.just_within].sum(axis=0), self.people[self.just_beyond].sum(axis=0)

    def __str__(self) -> str:
        lose, gain = (groups[0] for groups in self.by_group())
        return (
            f"at {self.shorter:g} {self.unit} instead of {self.limit:g} {self.unit} {lose:,.0f} people fewer would be "
            f"covered, at {self.longer:g} {self.unit} {gain:,.0f} more"
        )


def measure_limit_margin(
    reach: Reach | Nearest, demand: Demand, *, limit: float, tolerance: float = 0.10
) -> LimitMargin:
    """Who would change sides if the limit were that much shorter or longer, by default a tenth.

    Exactly at a limit is covered, at all three of them. The reach must have been measured up to the longer one.
    """
    demand.check_places(reach.demand_ids)
    if not (0 <= limit < np.inf and 0 < tolerance <= 1):
        raise QuestionError(
            f"A limit of {limit:g} has no margin of {tolerance:g}. Give a limit of 0 or more, and as the tolerance a "
            "share of it, above 0 and at most 1."
        )
    shorter, longer = (round(limit * factor, MICRO) for factor in (1 - tolerance, 1 + tolerance))
    distance = reach.within(longer).nearest()[0]
    within, beyond = (distance > shorter) & (distance <= limit), (distance > limit) & np.isfinite(distance)
    return LimitMargin(limit, shorter, longer, reach.unit, within, beyond, demand.people)


@dataclass(frozen=True)
class Deserts:
    """The places from which people reach nothing at all within a limit, those with most people first."""

    place: Integers  # (d,)  positions among the places of the demand
    people: Floats  # (d,)  of the group that was asked about
    limit: float
    unit: str
    demand: Demand

    @property
    def ids(self) -> NDArray[np.str_]:
        """(d,) the ids of the places."""
        return self.demand.ids[self.place]

    @property
    def total(self) -> float:
        """The people in all of them."""
        return float(self.people.sum())

    def by_unit(self) -> Floats:
        """(u+1,) the people of each unit who reach nothing; the last entry is in no unit."""
        here = np.zeros(len(self.demand.ids))
        here[self.place] = self.people
        return self.demand.by_unit(here)

    def __str__(self) -> str:
        where = f" ({first(self.ids)})" if len(self.place) else ""
        return (
            f"{self.total:,.0f} people in {len(self.place):,} places{where} reach nothing within {self.limit:g} "
            f"{self.unit}"
        )


def find_deserts(
    reach: Reach | Nearest, demand: Demand, *, limit: float | None = None, group: str | None = None
) -> Deserts:
    """Where people live who reach nothing within the limit, by default as far as was measured.

    Of places with the same number of people the earlier stands first. Places where nobody of the group lives are none.
    """
    demand.check_places(reach.demand_ids)
    near = reach if limit is None else reach.within(limit)
    people = demand.of(group)
    place = np.flatnonzero((near.nearest()[1] < 0) & (people > 0))
    place = place[np.argsort(-people[place], kind="stable")]
    return Deserts(place, people[place], near.limit, near.unit, demand)
