"""The sites of a plan as switches: who is covered, whichever candidates are on and at which of a few limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.by_walker import at_doors
from planner.facilities import Facilities
from planner.network import Flags, Integers
from planner.reach import measure_nearest, measure_reach
from planner.scenario import Scenario
from planner.sited import Put, SitedPlan, middle
from planner.standards import Standard

TRIED = tuple(range(50, 121, 5))  # per cent of a standard's limit
AS_ASKED = TRIED.index(100)
MOST_PAIRS = 8_000_000  # of a place and a candidate within reach, over all plans: about 5 MB of a map


@dataclass(frozen=True)
class Switches:
    """The m candidates of a plan, and who is covered whichever are on.

    A place is covered at the limit t where something that is on reaches it at t or at an earlier one. Distances
    are held against every limit here, so whoever switches needs none and still counts as `coverage` does.
    """

    sited: SitedPlan
    limits: tuple[float, ...]  # (t,) in the standard's own unit, ascending
    start: Integers  # (m+1,) where the pairs of each candidate begin
    place: NDArray[np.int32]  # (pairs,)  ascending within a candidate
    reached: NDArray[np.uint8]  # (pairs,) the first of the limits at which the place is within reach
    today: Integers  # (n,) the first of them at which anything serves that stands today; t = at none
    earlier: Integers  # (n,) the same for what stands when the question is asked
    others: Integers  # (n,) the same for what stands in the end, but for the sites of this plan
    apart: Integers  # (n,) the same but for the sites of every plan of its question
    may: Flags  # (m,)  which may be on: large enough, and no other plan's parcel
    taken: Flags  # (m,)  parcels of other plans
    unit: Integers  # (m,)  the unit that each candidate lies in; -1 = none

    @property
    def put(self) -> Put:
        """The question as the library was asked it."""
        assert self.sited.put is not None  # noqa: S101  (there are no switches without)
        return self.sited.put

    def covered(self, on: Flags, limit: int, *, beside: Integers | None = None) -> Flags:
        """(n,) who is covered at one of the limits with these candidates (m,) on, `beside` others (n,)."""
        found: Flags = (self.others if beside is None else beside) <= limit
        on_pair = np.repeat(on, np.diff(self.start)) & (self.reached <= limit)
        found[self.place[on_pair]] = True
        return found


def switches_of(
    scenario: Scenario,
    plans: tuple[SitedPlan, ...],
    standing: Mapping[str, Facilities],
    opened: Mapping[str, Facilities],
) -> Iterator[Switches]:
    """Those of each plan that brings a standard to people, with what stands today and in the end, by service."""
    for sited in _kept(plans):
        yield _switches(scenario, sited, plans, standing, opened)


def not_switched(plans: tuple[SitedPlan, ...]) -> Iterator[str]:
    """Of which plans there are no switches because they would be too many."""
    kept = _kept(plans)
    for sited in plans:
        if sited.put is not None and all(each is not sited for each in kept):
            pairs = sited.put.to_candidates.columns.pairs
            yield (
                f"the what-if of the map is without {sited.standard.title['en']}: its {pairs:,} pairs of a place and a "
                f"candidate within reach are more than the {MOST_PAIRS:,} of a map have left"
            )


def _kept(plans: tuple[SitedPlan, ...]) -> list[SitedPlan]:
    """The plans for people, in their order, as long as their pairs are not too many."""
    kept, left = [], MOST_PAIRS
    for sited in plans:
        if sited.put is not None and sited.put.to_candidates.columns.pairs <= left:
            kept.append(sited)
            left -= sited.put.to_candidates.columns.pairs
    return kept


def limits_of(standard: Standard) -> tuple[float, ...]:
    """(t,) the limits that may be tried, in the standard's own unit; its own is AS_ASKED."""
    return tuple(round(standard.limit * share / 100, 6) if share != 100 else standard.limit for share in TRIED)  # noqa: PLR2004


def _switches(
    scenario: Scenario,
    sited: SitedPlan,
    plans: tuple[SitedPlan, ...],
    standing: Mapping[str, Facilities],
    opened: Mapping[str, Facilities],
) -> Switches:
    put, rule = sited.put, sited.standard
    assert put is not None  # noqa: S101  (asked only then)
    limits = limits_of(rule)
    tried = [replace(rule, limit=limit) for limit in limits]
    walked = np.array([each.walk_limit for each in tried])

    def first(facilities: Facilities) -> Integers:
        sites = at_doors(facilities, rule.profile, max_access_m=scenario.city.max_access_m)
        nearest = measure_nearest(put.demand, sites, **tried[-1].walk, open=sites.at_least(rule.min_area_m2))
        return np.searchsorted(walked, nearest.nearest()[0])

    reach = measure_reach(put.demand, put.candidates, **tried[-1].walk)
    order = np.argsort(reach.facility, kind="stable")
    in_the_end = opened[rule.service]
    question = f"plan {sited.number}: "
    own = [f"{question}{site}" for site in sited.plan.opened]
    taken = _taken(sited, plans)
    units = put.demand.units
    m = len(put.candidates)
    return Switches(
        sited,
        limits,
        start=np.searchsorted(reach.facility[order], np.arange(m + 1)),
        place=reach.place[order].astype(np.int32),
        reached=np.searchsorted(walked, reach.distance[order]).astype(np.uint8),
        today=first(standing[rule.service]),
        earlier=first(put.today),
        others=first(in_the_end.kept(~np.isin(in_the_end.ids, own))),
        apart=first(in_the_end.kept(~np.char.startswith(in_the_end.ids.astype(np.str_), question))),
        may=~taken & (True if put.rules.counts is None else put.rules.counts),
        taken=taken,
        unit=np.full(m, -1, np.int64) if units is None else units.holding(middle(put.candidates)),
    )


def _taken(sited: SitedPlan, plans: tuple[SitedPlan, ...]) -> Flags:
    """(m,) the candidates whose parcels other plans use, unless this one uses them too."""
    others = [shapely.to_wkb(each.candidates.geometry[each.plan.sites]) for each in plans if each is not sited]
    parcels = shapely.to_wkb(sited.candidates.geometry)
    there = set(np.concatenate([*others, np.empty(0, object)]))
    taken = np.array([parcel in there for parcel in parcels], bool)
    taken[sited.plan.sites] = False
    return taken
