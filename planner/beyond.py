"""What the shares within a limit hide: how far, for whom the limit decides, who has nothing, how evenly, how much.

Between a scenario and the measures of `nearness`, `equity`, `detour` and `access`, which know no scenario: for each
standard that it names, today and with its plans. It reads reaches and sites, and no plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.access import Access, measure_2sfca, measure_3sfca, measure_e2sfca
from planner.decay import LinearDecay, StepDecay
from planner.demand import Demand
from planner.detour import Detours, measure_detours
from planner.equity import Evenness, measure_evenness
from planner.errors import DataError, QuestionError, first
from planner.facilities import Facilities
from planner.nearness import (
    Deserts,
    GradualCoverage,
    LimitMargin,
    Nearness,
    find_deserts,
    measure_gradual_coverage,
    measure_limit_margin,
    measure_nearness,
)
from planner.network import Flags, Floats
from planner.provisions import provision
from planner.reach import measure_nearest, measure_reach, measure_straight
from planner.scenario import Scenario, Sharing
from planner.standards import Standard

LUO_QI = ("access.bands.near", "access.bands.middle", "access.bands.far")
MICRO = 6  # decimals of a metre, as a reach counts
Sites = Mapping[str, Facilities]  # by service


@dataclass(frozen=True)
class Near:
    """How near everybody is to the sites of one standard, at one time."""

    sites: Facilities  # those that do not count among them
    walks: Nearness  # as far as was looked
    margin: LimitMargin
    gradual: GradualCoverage
    deserts: Deserts  # beyond the standard's limit
    even_shares: Evenness | None  # of the shares of units within the limit; None where all are 0
    even_walks: Evenness | None  # of the mean walks of units, people who reach none left out

    @property
    def within(self) -> Flags:
        """(n,) who meets the standard, exactly at the limit too."""
        return self.walks.distance <= self.margin.limit


@dataclass(frozen=True)
class NearStandard:
    """One standard beyond its share, without and with the plans; detours are of the streets, so of today alone."""

    standard: Standard
    before: Near
    after: Near
    detours: Detours | None  # None where no pair is near in a straight line

    @property
    def parted(self) -> Detours | None:
        """The pairs with something in the way, worst first."""
        return None if self.detours is None else self.detours.above(provision("beyond.detour").number)

    def __str__(self) -> str:
        was, now = self.before.walks.of(), self.after.walks.of()
        told = [str(was)]
        if now != was:
            told.append(f"with the plan mean {now.mean:,.0f}, half within {now.median:,.0f}, 90% within {now.p90:,.0f}")
        told.append(str(self.after.margin))
        if self.before.even_shares is not None and self.after.even_shares is not None:
            gini = [f"{each.even_shares.gini:.2f}" for each in (self.before, self.after) if each.even_shares]
            told.append(f"Gini of the units' shares {' → '.join(dict.fromkeys(gini))}")
        if self.detours is not None and (parted := self.parted) is not None:
            found = self.detours.found.any()
            factor = f"walks are {self.detours.factor:.2f} times the straight line" if found else "nobody walks"
            told.append(
                f"{factor} within {self.detours.straight_limit_m:g} m, {len(parted):,} of {len(self.detours):,} "
                f"pairs above {provision('beyond.detour').number:g}"
            )
        return f"{self.standard.title['en']}: {'; '.join(told)}"


@dataclass(frozen=True)
class Shared:
    """How much of a service there is for each person, at one time."""

    sites: Facilities  # all of them
    access: Access  # to those of which somebody knows what they hold
    unknown: int  # the others
    even: Evenness | None  # over people; None where nobody has anything


@dataclass(frozen=True)
class SharedService:
    """What the scenario asks to share out, without and with the plans."""

    asked: Sharing
    before: Shared
    after: Shared

    def __str__(self) -> str:
        was, now = self.before, self.after
        with_plan = f"; with the plan {1000 * now.access.mean:,.2f}" if now.access.mean != was.access.mean else ""
        even = f"; {now.even}" if now.even else ""
        unknown = f"; {now.unknown:,} of {len(now.sites):,} are left out, nobody knows their {self.asked.of}"
        who = f" for {self.asked.group}" if self.asked.group else ""
        return (
            f"{self.asked.of} of {self.asked.service}{who} within {self.asked.limit_m:g} m, {was.access}{with_plan}"
            f"{even}{unknown if now.unknown else ''}"
        )


@dataclass(frozen=True)
class BeyondCoverage:
    """All that a scenario measures beyond covered or not."""

    near: tuple[NearStandard, ...] = ()
    shared: tuple[SharedService, ...] = ()

    def with_plans(self, scenario: Scenario, demand: Demand, sites: Sites) -> "BeyondCoverage":
        """The same with what stands once the plans are built; measured anew only where that is something else."""
        near = [
            replace(row, after=_near(scenario, demand, sites[row.standard.service], row.standard))
            if sites[row.standard.service] is not row.before.sites
            else row
            for row in self.near
        ]
        shared = [
            replace(row, after=_shared(demand, sites[row.asked.service], row.asked))
            if sites[row.asked.service] is not row.before.sites
            else row
            for row in self.shared
        ]
        return replace(self, near=tuple(near), shared=tuple(shared))

    @property
    def detour_factor(self) -> float | None:
        """How many times the straight line walks are in the whole district; None where there are no pairs.

        Over the pairs of all standards together, each by the people of its place.
        """
        pairs = [(row.detours, row.detours.found) for row in self.near if row.detours is not None]
        walk, straight = (
            sum(float(np.sum(each.people[found] * getattr(each, metres)[found])) for each, found in pairs)
            for metres in ("walk_m", "straight_m")
        )
        return walk / straight if straight > 0 else None


def measure_beyond(scenario: Scenario, demand: Demand, standing: Sites) -> BeyondCoverage:
    """What a scenario measures beyond covered or not, of what stands today; see `with_plans`.

    Raises DataError where a capacity is to be shared out that nobody knows.
    """
    asked = scenario.beyond.standards
    near = []
    for rule in scenario.measured():
        if not rule.in_seconds and (asked is None or rule.id in asked):  # its measures are told in metres
            today = _near(scenario, demand, standing[rule.service], rule)
            near.append(NearStandard(rule, today, today, _detours(scenario, demand, today.sites, rule)))
    shared = []
    for each in scenario.beyond.access:
        there = _shared(demand, standing[each.service], each)
        shared.append(SharedService(each, there, there))
    return BeyondCoverage(tuple(near), tuple(shared))


def _near(scenario: Scenario, demand: Demand, sites: Facilities, rule: Standard) -> Near:
    full, none = (provision(f"beyond.gradual.{end}").number * rule.limit_m for end in ("full", "none"))
    looked_to = max(scenario.beyond.nearest_to_m or provision("beyond.search").number, round(none, MICRO))
    nearest = measure_nearest(demand, sites, limit_m=looked_to, open=sites.at_least(rule.min_area_m2))
    walks = measure_nearness(nearest, demand)
    shares, means = _by_unit(demand, walks, walks.distance <= rule.limit_m)
    return Near(
        sites,
        walks,
        measure_limit_margin(nearest, demand, limit=rule.limit_m, tolerance=provision("beyond.margin").number),
        measure_gradual_coverage(nearest, demand, LinearDecay(full, round(none, MICRO))),
        find_deserts(nearest, demand, limit=rule.limit_m),
        _even(*shares),
        _even(*means, larger_is_better=False),
    )


def _by_unit(demand: Demand, walks: Nearness, within: Flags) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Of each unit (u,) the share within the limit and its people; the mean walk and those who reach something."""
    people, reached = demand.people[:, 0], np.isfinite(walks.distance)
    metres = np.where(reached, walks.distance, 0.0)
    everybody, inside, who, walked = (
        demand.by_unit(people * amount)[:-1] for amount in (np.ones(len(people)), within, reached, reached * metres)
    )
    share, mean = (
        np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
        for part, whole in ((inside, everybody), (walked, who))
    )
    return (share, everybody), (mean, who)


def _even(value: Floats, people: Floats, *, larger_is_better: bool = True) -> Evenness | None:
    """How evenly; None where nobody has anything."""
    return measure_evenness(value, people, larger_is_better=larger_is_better) if np.any(value * people > 0) else None


def _detours(scenario: Scenario, demand: Demand, sites: Facilities, rule: Standard) -> Detours | None:
    """Walks against straight lines, to the sites that count; None where no pair is near in a straight line."""
    counting = sites.kept(sites.at_least(rule.min_area_m2))
    straight_m = scenario.beyond.detours_to_m or rule.limit_m
    from_m = min(provision("beyond.detour.from").number, straight_m / 2)
    straight = measure_straight(demand, counting, limit_m=straight_m)
    walk = measure_reach(demand, counting, limit_m=round(provision("beyond.detour").number * straight_m, MICRO))
    try:
        return measure_detours(walk, straight, demand, counting, from_m=from_m)
    except QuestionError:  # no pair at all
        return None


def _shared(demand: Demand, sites: Facilities, asked: Sharing) -> Shared:
    """What the sites hold, shared out among those in reach."""
    holds = sites.capacity if asked.of == "capacity" else np.where(sites.area_m2 > 0, sites.area_m2, np.nan)
    known = np.isfinite(holds)
    if not known.any():
        raise DataError(
            f"Nobody knows the {asked.of} of any of {len(sites):,} {asked.service} ({first(sites.ids)}), so there is "
            "nothing to share out. Add a layer of them with its column, `capacity: seats`, or share out `of: area`."
        )
    counting = sites.kept(known)
    reach = measure_reach(demand, counting, limit_m=asked.limit_m)
    if asked.method == "2sfca":
        access = measure_2sfca(reach, demand, holds[known], group=asked.group)
    else:
        measure = measure_e2sfca if asked.method == "e2sfca" else measure_3sfca
        access = measure(reach, demand, holds[known], decay=_bands(asked), group=asked.group)
    return Shared(sites, access, int((~known).sum()), _even(access.access, access.people))


def _bands(asked: Sharing) -> StepDecay:
    """Bands of equal width up to the limit."""
    weights = asked.weights or tuple(provision(id).number for id in LUO_QI)  # noqa: A001
    ends = [round(asked.limit_m * band / len(weights), MICRO) for band in range(1, len(weights) + 1)]
    return StepDecay(tuple(ends), weights)
