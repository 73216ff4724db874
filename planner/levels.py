"""What a plan of several services is beyond covered or not: what stands for each unit, floor, places, referral."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.demand import Demand
from planner.eldercare import (
    FloorArea,
    Places,
    Referral,
    floor_area_against,
    households_of,
    measure_referral,
    share_places,
)
from planner.facilities import Facilities
from planner.network import Flags
from planner.plan import Plan
from planner.presence import UnitStatus
from planner.provisions import provision
from planner.reach import measure_reach
from planner.scenario.eldercare import FloorAsked
from planner.services import FloorNeed, Service, ServicesPlan

NEW = "new "  # before the id of a chosen site, where standing ones have ids too


@dataclass(frozen=True)
class Level:
    """One service of a plan."""

    people: float  # by the weights of their groups, as are all people here
    reached: tuple[float, float]  # of them within reach, before and after
    holds: int  # candidates that are large enough for it in one of its sizes
    status: tuple[UnitStatus, ...]  # both readings of full cover, unit by unit
    sizes: Mapping[str, str]  # of each of its new sites, "" where it has none
    floor: FloorArea | None  # by the same units
    places: Places | None  # where a capacity is known; a site that serves at several levels gives its places at each
    referral: Referral | None  # to the nearest site of the service that includes this one


@dataclass(frozen=True)
class Sited:
    """A service as it was asked, with the facilities behind its reaches."""

    service: Service
    demand: Demand
    candidates: Facilities
    today: Facilities
    floor: FloorAsked | None = None


def floor_today(each: Sited) -> FloorArea | None:
    """The floor that stands, against what is asked; None where nothing is."""
    asked, where = each.floor, each.service.presence
    if asked is None or where is None:
        return None
    units = len(where.names)
    standing = np.full(len(where.standing.ids), asked.standing_m2)
    return floor_area_against(
        provision(asked.provision),
        where.names,
        households_of(where.people_in(each.demand.people[:, 0]), asked.people_per_household),
        where.standing.by_unit(standing, units),
        np.zeros(units),
    )


def floor_needs(services: Sequence[Sited]) -> Iterator[FloorNeed]:
    """What the new sites must make up for, where a service requires it."""
    for each in services:
        floor, where = floor_today(each), each.service.presence
        if floor is None or where is None or each.floor is None:
            continue
        unit, names = where.candidates.own_unit, _serving(each.service, services)
        if each.floor.required == "in_each":
            yield from floor.needs(names, unit)
        elif each.floor.required == "in_all":
            gap = float(floor.whole.gap_today_m2[0])
            yield FloorNeed(f"all units, {floor.norm.threshold}", gap, tuple(names), unit >= 0)


def levels_of(plan: ServicesPlan, services: Sequence[Sited]) -> Iterator[Level]:
    """What there is to say of each service of a plan."""
    for each, part, served in zip(services, plan.parts, plan.by_service, strict=True):
        yield Level(
            _people(each),
            (served.people_before, served.people_after),
            _holds(each),
            served.status,
            plan.sizes_of(each.service.name),
            _floor(plan, each, services),
            _places(plan, each, services),
            _referral(plan, each, part, services),
        )


def _people(each: Sited) -> float:
    """Everybody who counts for a service, within reach or not."""
    return float(each.demand.weighed(each.service.weights).sum())


def _holds(each: Sited) -> int:
    """How many candidates are large enough for a service in one of its sizes."""
    sizes = [size.holds for size in each.service.sizes] or [each.service.holds]
    every = np.ones(len(each.candidates), bool)
    return int(np.logical_or.reduce([every if holds is None else holds for holds in sizes]).sum())


def _serving(service: Service, services: Sequence[Sited]) -> list[str]:
    """The services whose sites count as this one, itself among them."""
    return [other.service.name for other in services if service.name in (other.service.name, *other.service.serves)]


def _floor(plan: ServicesPlan, each: Sited, services: Sequence[Sited]) -> FloorArea | None:
    """The floor of a service with what the plan adds."""
    today, where = floor_today(each), each.service.presence
    if today is None or where is None:
        return None
    floor = {(s.service.name, size.name): size.floor_m2 for s in services for size in s.service.sizes}
    counts, new = _serving(each.service, services), np.zeros(len(each.candidates))
    for site, has, sizes in zip(plan.sites.tolist(), plan.becomes, plan.sizes, strict=True):
        new[site] = sum(floor.get(pair, 0.0) for pair in zip(has, sizes, strict=True) if pair[0] in counts)
    return replace(today, new_m2=where.candidates.by_unit(new, len(where.names)))


def _places(plan: ServicesPlan, each: Sited, services: Sequence[Sited]) -> Places | None:
    """Who has a place in what stands and what is new; None where nobody knows a capacity."""
    holds = {(s.service.name, size.name): size.capacity for s in services for size in s.service.sizes}
    counts, capacity = _serving(each.service, services), np.full(len(each.candidates), np.nan)
    opened = np.zeros(len(each.candidates), bool)
    for site, has, sizes in zip(plan.sites.tolist(), plan.becomes, plan.sizes, strict=True):
        there = [holds.get(pair) for pair in zip(has, sizes, strict=True) if pair[0] in counts]
        opened[site] = bool(there)
        known = [places for places in there if places is not None]
        capacity[site] = sum(known) if there and len(known) == len(there) else np.nan
    rule = each.service.standard
    both = _large(each).joined(_new(replace(each.candidates, capacity=capacity), opened))
    if np.isnan(both.capacity).all():
        return None
    reach = measure_reach(each.demand, both, **rule.walk)
    return share_places(each.demand, reach, both.capacity, weights=each.service.weights)


def _referral(plan: ServicesPlan, each: Sited, part: Plan, services: Sequence[Sited]) -> Referral | None:
    """From each site of a service, that is none of an upper level, to the nearest of that; None without one."""
    names = [name for name in _serving(each.service, services) if name != each.service.name]
    if not names:
        return None
    upper = next(other for other in services if other.service.name == names[0])
    opened = np.isin(np.arange(len(each.candidates)), part.sites)
    above = np.isin(each.candidates.ids, plan.sites_of(upper.service.name))
    tops = _large(upper).joined(_new(upper.candidates, above))
    stands = _large(each)
    lower = stands.kept(~np.isin(stands.ids, upper.today.ids)).joined(_new(each.candidates, opened & ~above))
    return measure_referral(lower, tops, limit_m=provision("eldercare.referral").number)


def _large(each: Sited) -> Facilities:
    """What stands and is large enough."""
    return each.today.kept(each.today.at_least(each.service.standard.min_area_m2))


def _new(candidates: Facilities, opened: Flags) -> Facilities:
    """The chosen candidates, with ids that no standing facility has."""
    chosen = candidates.kept(opened)
    return replace(chosen, ids=np.char.add(NEW, chosen.ids))
