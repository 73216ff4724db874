"""Scenario → a question of school seats as the library is asked it: pupils, schools, options, walks, zones."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.ages import Ages, check_classes
from planner.by_walker import at_doors
from planner.city import City, candidates, how_to_read, site_layer
from planner.demand import Demand
from planner.errors import DataError, QuestionError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers, Shapes
from planner.reach import Reach, measure_reach
from planner.residents import in_units
from planner.scenario import Scenario
from planner.scenario.schools import FREE, Growth, Roll, SchoolQuestion
from planner.schools.pupils import Pupils, forecast_pupils, single_years
from planner.schools.stages import Stage
from planner.schools.stock import Option, Schools
from planner.schools.touching import touching_places
from planner.sources import tables
from planner.walkers import Profile, changed_profiles

SERVICES = ("school", "kindergarten")


@dataclass(frozen=True)
class PutSchools:
    """A question of school seats as the library is asked it."""

    asked: SchoolQuestion
    pupils: Pupils  # of the places of the plan: buildings, or blocks
    pupils_of_homes: Floats  # (n, stages, years)  of the places of the demand
    schools: Schools  # of today, then parcels
    reach: Reach
    options: tuple[Option, ...]
    limits: Mapping[str, float]  # by stage, in the unit of the reach
    places: Integers  # (n,)  the place of the plan that each place of the demand is in, -1 = in none
    neighbours: Integers | None  # of blocks that hang together
    today: Integers | None  # (places, stages)  zones of today
    notes: tuple[str, ...] = ()

    @property
    def terms(self) -> dict[str, Any]:
        """The arguments of `plan_seats` but the order of aims and the effort."""
        asked, years = self.asked, self.pupils.years
        budget = asked.budget
        zones = asked.zones
        moved = None if zones is None or zones.most_moved is None else zones.most_moved * float(self.pupils.total.sum())
        return {
            "pupils": self.pupils,
            "schools": self.schools,
            "reach": self.reach,
            "options": self.options,
            "budget": {year: budget[int(year)] for year in years} if isinstance(budget, dict) else budget,
            "carry_over": asked.carry_over,
            "limits": self.limits,
            "whole_places": zones is not None,
            "neighbours": self.neighbours,
            "today": self.today,
            "most_moved": moved,
            "most_options": asked.most_options,
            "most_seats": asked.most_seats,
        }


def put_schools(
    asked: SchoolQuestion,
    scenario: Scenario,
    city: City,
    demand: Demand,
    standing: Mapping[str, Facilities],
    built: Shapes,
) -> PutSchools:
    """The question over the city's people and streets. `built` are parcels that other plans take."""
    of = asked.taught
    _check_births(asked, demand)
    schools, notes = _standing(asked, of, scenario, city, standing)
    options = [*_extensions(asked, schools)]
    if asked.build is not None:
        schools, new = _with_parcels(asked, schools, scenario, city, demand, standing, built)
        options += new
    options += [
        Option(each.name, each.school, each.classes, each.cost, _year(each.ready), each.times, each.required)
        for each in asked.options
    ]
    _check_ids(asked, schools)
    reach, limits = _reach(asked, of, scenario, demand, schools.facilities)
    pupils = of_homes = pupils_of(asked, demand)
    today = _zones_today(asked, city, demand, schools)
    places, neighbours = np.arange(len(demand.ids)), None
    if asked.zones is not None and asked.zones.blocks is not None:
        blocks = in_units(demand, asked.zones.blocks, city)
        assert blocks.units is not None  # noqa: S101  (they were just given)
        used = np.unique(blocks.unit[blocks.unit >= 0])
        places = np.where(blocks.unit >= 0, np.searchsorted(used, blocks.unit), -1)
        ids = blocks.units.ids[used]
        weight = pupils.count.sum(axis=(1, 2))
        reach = _of_blocks(reach, places, ids, weight)
        today = None if today is None else _most_common(today, places, len(ids), weight)
        pupils = Pupils(ids, of, pupils.years, _added(pupils.count, places, len(ids)))
        if lost := float(weight[places < 0].sum()):
            notes.append(f"{lost:,.0f} pupils live in no block and are left out of the plan of school seats")
        if asked.zones.together:
            neighbours = touching_places(blocks.units.geometry[used], gap_m=asked.zones.gap_m)
    return PutSchools(
        *(
            asked,
            pupils,
            of_homes.count,
            schools,
            reach,
            tuple(options),
            limits,
            places,
            neighbours,
            today,
            tuple(notes),
        ),
    )


def pupils_of(
    asked: SchoolQuestion, demand: Demand, growth: Growth | None = None, years: tuple[int, ...] = ()
) -> Pupils:
    """The pupils of each place of the demand, in the years of the plan or others, with another growth if given."""
    of, years, source = asked.taught, years or asked.years, asked.pupils
    growth = growth or source
    if source.given:
        columns = [
            [demand.of(name if isinstance(name, str) else name[year]) for year in years]
            for name in (source.given[each.id] for each in of)
        ]
        return Pupils(demand.ids, of, tuple(map(str, years)), np.array(columns).transpose(2, 0, 1))
    counted = asked.years[0] if source.counted is None else source.counted
    children = children_of(asked, demand)
    return forecast_pupils(
        children,
        demand.ids,
        stages=of,
        counted=counted,
        years=years,
        births=_births(growth, counted, max(years), float(children[:, 0].sum())),
        moving=growth.moving,
        private=growth.private,
    )


def pupils_of_places(
    put: PutSchools, demand: Demand, growth: Growth | None = None, years: tuple[int, ...] = ()
) -> Pupils:
    """The same of the places of the plan."""
    homes = pupils_of(put.asked, demand, growth, years)
    ids = put.pupils.places
    return Pupils(ids, homes.stages, homes.years, _added(homes.count, put.places, len(ids)))


def growth_of(asked: SchoolQuestion, future: Growth) -> Growth:
    """How children grow in a future: what it does not say is as in `pupils`."""
    said = {key: getattr(future, key) for key in future.model_fields_set}
    if "births_change" in said:
        said = {"births": {}, **said}
    return asked.pupils.model_copy(update=said)


def children_of(asked: SchoolQuestion, demand: Demand) -> Floats:
    """(n, ages) children of each year of age in each place, in the year that they were counted."""
    source = asked.pupils
    named = source.children or {ages: ages for ages in source.of_everybody}
    read = {name: ages for name, text in named.items() if (ages := Ages.read(text))}
    check_classes(list(read.values()))
    if source.children:
        people = np.stack([demand.of(name) for name in read], axis=1)
    else:
        people = demand.people[:, [0]] * [source.of_everybody[name] for name in read]
    oldest = max(ages.high for ages in read.values())
    if not np.isfinite(oldest):
        raise QuestionError("pupils: an age class has no upper end. Give children's ages, such as 10-14.")
    return single_years(people, list(read.values()), int(oldest) + 1)


def _births(growth: Growth, counted: int, last: int, newest: float) -> dict[int, float]:
    """Those that are told, and from the last of them, or today's youngest, what comes of their change."""
    births = {year: float(number) for year, number in growth.births.items() if year > counted}
    if growth.births_change is not None:
        for year in range(counted + 1, last + 1):
            if year not in births:
                births[year] = births.get(year - 1, newest) * (1 + growth.births_change)
    return births


def _standing(
    asked: SchoolQuestion, of: tuple[Stage, ...], scenario: Scenario, city: City, standing: Mapping[str, Facilities]
) -> tuple[Schools, list[str]]:
    """The schools with a class today, and what is left out."""
    if asked.standing.roll is not None:
        return _of_roll(asked.standing.roll, of, scenario, city), []
    named = [each for each in SERVICES if each in asked.services]
    sites = standing[named[0]]
    for service in named[1:]:
        sites = sites.joined(standing[service])
    offered = np.concatenate([np.full(len(standing[service]), service) for service in named])
    classes = np.zeros((len(sites), len(of)), np.int64)
    for each in asked.standing.assumed[::-1]:  # of several the first counts, so it comes last
        fits = np.array([_fits(name, each.named, each.not_named) for name in sites.names], bool)
        classes[fits & (offered == each.service)] = [each.classes.get(s.id, 0) for s in of]
    taught = np.asarray(classes.any(axis=1), bool)
    lost = sites.names[~taught]
    notes = []
    if len(lost):
        names = first([name or "unnamed" for name in lost])
        notes.append(f"{len(lost)} of {len(sites)} schools in the data are of no name that has classes ({names})")
    if not taught.any():
        raise QuestionError(
            f"standing: of {len(sites)} schools in the data none has a name that is assumed to have classes "
            f"({first(sites.names)}). Change named, or give a roll."
        )
    return Schools(sites.kept(taught), of, classes[taught]), notes


def _fits(name: str, named: str, not_named: str | None) -> bool:
    found = re.search(named, name, re.IGNORECASE) is not None or named == "."
    return found and (not_named is None or re.search(not_named, name, re.IGNORECASE) is None)


def _of_roll(roll: Roll, of: tuple[Stage, ...], scenario: Scenario, city: City) -> Schools:
    """The schools of a layer that says their classes."""
    sites = site_layer(roll, "school", "standing", city, scenario.city.max_access_m)

    def column(named: Mapping[str, str]) -> Floats:
        read = tables.amounts(roll.file.path, list(named.values()), **how_to_read(roll, city))
        found = np.zeros((len(sites), len(of)))
        for at, each in enumerate(of):
            if each.id in named:
                found[:, at] = read[:, list(named).index(each.id)]
        return found

    classes = column(roll.classes)
    whole = np.where(classes % 1 == 0, classes, -1).astype(np.int64)  # half a class is refused as -1 is
    try:
        return Schools(sites, of, whole, column(roll.pupils) if roll.pupils else None)
    except DataError as error:
        raise DataError(f"{roll.file}: {error}") from None


def _check_births(asked: SchoolQuestion, demand: Demand) -> None:
    """That cohorts reach every year that is asked, before anything is planned."""
    faults = []
    ways: dict[str, tuple[Growth, tuple[int, ...]]] = {"pupils": (asked.pupils, (*asked.years, *asked.later))}
    ways |= {f"futures.{name}": (growth_of(asked, each), asked.years) for name, each in asked.futures.items()}
    for where, (growth, years) in ways.items():
        try:
            pupils_of(asked, demand, growth, years)
        except QuestionError as error:
            faults.append(f"{where}: {error}")
    if faults:
        raise QuestionError("\n".join(faults))


def _check_ids(asked: SchoolQuestion, schools: Schools) -> None:
    """That what may be done is done at schools that there are."""
    faults = []
    taught = schools.ids[schools.classes.any(axis=1)].tolist()
    if asked.extend is not None and (lost := sorted({*asked.extend.only} - {*taught})):
        faults.append(f"extend.only: {len(lost)} ids are of no school with classes ({first(lost)}). Correct them.")
    if lost := sorted({each.school for each in asked.options} - {*schools.ids.tolist()}):
        faults.append(f"options: {len(lost)} ids are of no school and of no parcel ({first(lost)}). Correct them.")
    if faults:
        raise QuestionError("\n".join(faults))


def _extensions(asked: SchoolQuestion, schools: Schools) -> Iterator[Option]:
    """Modules at standing schools, as large as the stage still allows."""
    extend = asked.extend
    if extend is None:
        return
    cost = extend.cost or FREE
    for j, school in enumerate(schools.ids.tolist()):
        if extend.only and school not in extend.only:
            continue
        for g, each in enumerate(schools.stages):
            now, module = int(schools.classes[j, g]), extend.classes.get(each.id, 0)
            room = int(min(each.max_classes - now, module * extend.times)) if now and module else 0
            if room >= module > 0:
                yield Option(
                    f"extend {school} {each.id}",
                    *(school, {each.id: module}, cost.of(module), _year(extend.ready), room // module),
                )
            elif room > 0:
                yield Option(f"extend {school} {each.id}", school, {each.id: room}, cost.of(room), _year(extend.ready))


def _with_parcels(
    asked: SchoolQuestion,
    schools: Schools,
    scenario: Scenario,
    city: City,
    demand: Demand,
    standing: Mapping[str, Facilities],
    built: Shapes,
) -> tuple[Schools, list[Option]]:
    """The schools and, behind them, the parcels; and an option for each size that a parcel holds."""
    build = asked.build
    assert build is not None  # noqa: S101  (the caller asks for it)
    service = asked.services[0] if asked.services else "school"
    land = candidates(
        build, service, scenario, city, homes=demand, today=_apart(schools.facilities, standing), built=built
    )
    land = land.kept(~np.isin(land.ids, schools.ids))
    sites = schools.facilities.joined(replace(land, service=schools.facilities.service))
    none = np.zeros((len(land), len(schools.stages)))
    both = Schools(
        *(sites, schools.stages, np.concatenate([schools.classes, none.astype(np.int64)])),
        None if schools.pupils is None else np.concatenate([schools.pupils, none]),
    )
    cost = build.cost or FREE
    class_size = {each.id: each.class_size for each in schools.stages}
    options = []
    for parcel, area in zip(land.ids.tolist(), land.area_m2.tolist(), strict=True):
        for size in build.sizes:
            seats = sum(class_size[each] * count for each, count in size.items())
            if area >= build.m2_per_seat * seats:
                of = " + ".join(f"{count} {each}" for each, count in size.items())
                options.append(
                    Option(f"new {parcel}, {of}", parcel, size, cost.of(sum(size.values())), _year(build.ready))
                )
    return both, options


def _apart(schools: Facilities, standing: Mapping[str, Facilities]) -> Facilities:
    """The grounds on which no school is built: those of all schools and kindergartens in the data."""
    grounds = schools
    for service in SERVICES:
        more = standing[service]
        grounds = grounds.joined(replace(more, ids=np.char.add(f"{service} ", more.ids)))
    return grounds


def _reach(
    asked: SchoolQuestion, of: tuple[Stage, ...], scenario: Scenario, demand: Demand, sites: Facilities
) -> tuple[Reach, dict[str, float]]:
    """How far everybody walks to every school, in metres or in seconds, and the limit of each stage."""
    if not asked.limit_min:
        limits = {each.id: float(asked.limit_m.get(each.id, each.radius)) for each in of}
        return measure_reach(demand, sites, limit_m=max(limits.values())), limits
    walker = walker_of(asked, scenario)
    limits = {each: 60.0 * minutes for each, minutes in asked.limit_min.items()}
    access_m = scenario.city.max_access_m
    people, gates = at_doors(demand, walker, max_access_m=access_m), at_doors(sites, walker, max_access_m=access_m)
    return measure_reach(people, gates, limit_s=max(limits.values()), profile=walker), limits


def walker_of(asked: SchoolQuestion, scenario: Scenario) -> Profile | None:
    """Who walks to school where its limits are in minutes; None where they are in metres."""
    if not asked.limit_min:
        return None
    walker = changed_profiles(scenario.changed_provisions())[asked.walker]
    return walker.minding(slope=scenario.walkers.slope, crossings=True, changes=scenario.changed_provisions())


def _zones_today(asked: SchoolQuestion, city: City, demand: Demand, schools: Schools) -> Integers | None:
    """(n, g) the school of the zone that each place lies in today, -1 in none."""
    if asked.zones is None or not asked.zones.today:
        return None
    found = np.full((len(demand.ids), len(schools.stages)), -1, np.int64)
    at = {name: j for j, name in enumerate(schools.ids.tolist())}
    faults = []
    for g, each in enumerate(schools.stages):
        layer = asked.zones.today.get(each.id)
        if layer is None:
            continue
        how = how_to_read(layer, city)
        zones = tables.units(layer.file.path, id=layer.id, name=layer.name, kind="zone", crs_to=city.crs, **how)
        named = tables.texts(layer.file.path, layer.school, **how)
        if lost := [name or "no name" for name in named.tolist() if name not in at]:
            faults.append(
                f"{layer.file}: {len(lost)} of {len(named)} zones of {each.id} name a school that is not there "
                f"({first(sorted({*lost}))}). Write the ids of the schools as the roll or the data have them."
            )
            continue
        zone = zones.holding(demand.xy)
        found[zone >= 0, g] = np.array([at[name] for name in named.tolist()])[zone[zone >= 0]]
    if faults:
        raise DataError("\n".join(faults))
    return found


def _of_blocks(reach: Reach, places: Integers, ids: Any, weight: Floats) -> Reach:
    """The mean walk from each block, over its pupils who reach the school, to the schools that most of them reach."""
    inside = places[reach.place] >= 0
    block, school = places[reach.place[inside]], reach.facility[inside].astype(np.int64)
    of, metres = weight[reach.place[inside]], reach.distance[inside]
    m = len(reach.facility_ids)
    pair, number = np.unique(block * m + school, return_inverse=True)
    there = np.bincount(number, weights=of, minlength=len(pair))
    total = np.bincount(places[places >= 0], weights=weight[places >= 0], minlength=len(ids))
    walked = np.bincount(number, weights=of * metres, minlength=len(pair))
    most = (there > 0) & (2 * there >= total[pair // m])
    return Reach.of_pairs(
        *(pair[most] // m, pair[most] % m, walked[most] / there[most]),
        limit=reach.limit,
        metric=reach.metric,
        demand_ids=ids,
        facility_ids=reach.facility_ids,
        unit=reach.unit,
    )


def _added(count: Floats, places: Integers, blocks: int) -> Floats:
    """(blocks, …) what the places of each block have together."""
    total = np.zeros((blocks, *count.shape[1:]))
    np.add.at(total, places[places >= 0], count[places >= 0])
    return total


def _most_common(today: Integers, places: Integers, blocks: int, weight: Floats) -> Integers:
    """(blocks, g) the school of the most pupils of each block, of equal ones the first; -1 where nobody knows."""
    found = np.full((blocks, today.shape[1]), -1, np.int64)
    for g in range(today.shape[1]):
        known = (places >= 0) & (today[:, g] >= 0)
        m = int(today[:, g].max(initial=0)) + 1
        total = np.bincount(places[known] * m + today[known, g], weights=weight[known] + 1e-9, minlength=blocks * m)
        total = total.reshape(blocks, m)
        found[:, g] = np.where(total.any(axis=1), total.argmax(axis=1), -1)
    return found


def _year(year: int | None) -> str | None:
    return None if year is None else str(year)
