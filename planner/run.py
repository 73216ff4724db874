"""Scenario → Run: read the city, measure it, choose sites, measure it again. Writes nothing."""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from importlib.metadata import version
from pathlib import Path

import numpy as np
import shapely

from planner import __version__, asked_circle, city, notes
from planner.asked_circle import CircleChange
from planner.beyond import BeyondCoverage, measure_beyond
from planner.by_walker import ByWalker, at_doors, compare_walkers, cover_on_foot
from planner.city import City
from planner.coverage import Coverage, measure_coverage
from planner.demand import Demand
from planner.doctor import examine
from planner.doctor.findings import Finding
from planner.facilities import Facilities
from planner.gated import walls_of
from planner.land import Land
from planner.land_cover import LandCoverage
from planner.network import Flags, Floats, WalkNetwork
from planner.official import bands_of, joined_parcels, land_within, most_land, residential_land
from planner.plan import LAND, Plan
from planner.reach import measure_nearest, measure_reach, measure_straight
from planner.reach.measure import on_streets
from planner.residents import levels, residents
from planner.rule_sets import UnderRuleSet, compare_rule_sets
from planner.rules import Effort, Rules
from planner.scenario import Question, Scenario
from planner.siting import cover_most_people
from planner.sources.gates import surroundings
from planner.sources.osm import Extract
from planner.sources.places import BaseMap, base_map
from planner.standards import Standard
from planner.street_measures import Tried, try_measures
from planner.tree import Tree

log = logging.getLogger(__name__)

NEAREST_TODAY_M = 2000.0  # how far a card on the map looks for the nearest standing facility
AGREE = 1e-9  # share by which sums of people in different orders may differ
SHAPEFILE = (".shp", ".dbf", ".shx", ".prj", ".cpg")  # the parts that carry its answer
LIBRARIES = ("geopandas", "highspy", "numba", "numpy", "osmium", "pulp", "pyproj", "scipy", "shapely")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One standard, before and after the plans: people on foot, people in a straight line, residential land."""

    standard: Standard
    before: Coverage  # on foot
    after: Coverage
    before_straight: Coverage
    after_straight: Coverage
    before_land: LandCoverage | None = None  # None where no residential land is known, or the standard is of no green
    after_land: LandCoverage | None = None


@dataclass(frozen=True)
class SitedPlan:
    """A plan with what a card on the map needs."""

    plan: Plan
    standard: Standard
    asked: int  # sites; fewer are opened where no further candidate serves anybody
    candidates: Facilities
    nearest_today_m: Floats  # (p,)  on foot from each chosen site to the nearest standing one; inf beyond 2 km
    unit_names: tuple[str, ...]  # (p,)  the unit each chosen site lies in, "" in none
    joined: int = 0  # parcels beyond one a site, where several make one

    @property
    def parcels(self) -> int:
        """How many parcels are opened, which is what is asked for."""
        return len(self.plan.opened) + self.joined


@dataclass(frozen=True)
class Run:
    """Everything that a scenario answers. Faces read it and compute nothing."""

    scenario: Scenario
    city_name: str
    synthetic: bool
    data_date: str
    attribution: str
    assumptions: tuple[str, ...]  # sentences that every output repeats
    notes: tuple[str, ...]  # what was left out or survived, with counts
    network: WalkNetwork
    demand: Demand
    counted: Flags  # (n,)  places attached to a street
    facilities: Mapping[str, Facilities]  # standing, by service
    left_out: tuple[tuple[str, str, str], ...]  # (id, name, reason): green that is not public
    measured: tuple[Measured, ...]
    plans: tuple[SitedPlan, ...]
    base_map: BaseMap
    inputs: Mapping[str, str]  # file or place → sha256
    versions: Mapping[str, str]
    land: Land | None = None  # residential; None where none is known, or no green is asked about
    beyond: BeyondCoverage = field(default_factory=BeyondCoverage)  # how far, how evenly, how much for each
    tree: Tree | None = None  # the levels of the city, where the scenario names them
    rule_sets: tuple[UnderRuleSet, ...] = ()  # all green under every rule-set; empty where no green is asked about
    findings: tuple[Finding, ...] = ()  # what the doctor found in the data, where the scenario asks for it
    tried: tuple[Tried, ...] = ()  # gates and links, and what each would bring
    walkers: tuple[ByWalker, ...] = ()  # each standard in minutes, by who walks
    circle: CircleChange | None = None  # who has which services of a kit; None where no circle is asked for


def run_scenario(
    scenario: Scenario, progress: Progress = lambda _: None, hear: Callable[[float, float], None] | None = None
) -> Run:
    """Answer a scenario. `progress` is told each step in a few words as it begins.

    `hear` is told the objective and the bound of the plan that is being sought whenever one of them improves. A
    KeyboardInterrupt while a plan is sought keeps the best plan so far, which then says that it was stopped.
    """
    step = _Steps(progress)
    step("reading the city")
    place = city.read_city(scenario)
    network = place.network
    step("counting the people")
    people, people_notes = residents(scenario, place)
    place, demand, wall_notes = walls_of(scenario, place, people)
    step("finding facilities")
    standing, left_out = city.standing(scenario, place)
    rules = scenario.measured()
    residential, land_notes = residential_land(scenario, place, demand)
    step("measuring today")
    access_m = scenario.city.max_access_m
    before = {rule.id: _cover(demand, standing[rule.service], rule, access_m) for rule in rules}
    circle = asked_circle.circle_of(scenario, demand, standing)
    beyond = measure_beyond(scenario, demand, standing)
    tried = try_measures(scenario, place, demand, standing)
    step("choosing sites")
    plans: list[SitedPlan] = []
    opened, built = dict(standing), np.empty(0, object)
    pocket_parks: list[Facilities] = []  # what the plans choose as green, question by question
    for number, question in enumerate(scenario.siting, 1):
        rule = scenario.standard(question.standard)
        today = opened[rule.service]
        land = city.candidates(question, rule, scenario, place, homes=demand, today=today, built=built)
        effort = Effort(question.time_limit_s, question.gap, hear)
        if question.question == "cover_most_land":
            green, bands = {service: opened[service] for service in city.GREENERY}, bands_of(rule, scenario)
            joined = joined_parcels(question, land, green["green"], place, bands)
            found, land = most_land(question, residential, joined, green, bands, effort), joined.sites
            more = int((joined.count[found.sites] - 1).sum())
        else:
            found, more = _most_people(question, rule, demand, today, land, effort, access_m), 0
        plan, new = _sited(found, question, rule, place, demand, today, land)
        plan = replace(plan, joined=more)
        plans.append(plan)
        built = np.concatenate([built, new.geometry])
        new = replace(new, ids=np.array([f"plan {number}: {id}" for id in new.ids], np.str_))  # noqa: A001
        for service in city.family(rule.service):
            opened[service] = opened[service].joined(new)
        if city.is_green(rule):
            pocket_parks.append(new)
    step("measuring the plan")
    unchanged = {rule.id for rule in rules if opened[rule.service] is standing[rule.service]}
    after = {
        rule.id: before[rule.id] if rule.id in unchanged else _cover(demand, opened[rule.service], rule, access_m)
        for rule in rules
    }
    _check_agreement(plans, before, after)
    compared = _under_rule_sets(scenario, demand, standing, pocket_parks, residential)
    step("drawing the base map")
    below = base_map(place.extract, network)
    step.end()
    return Run(
        scenario=scenario,
        city_name=city.name(scenario, place.extract),
        synthetic=place.extract.synthetic,
        data_date=scenario.city.data_date or place.extract.data_date,
        attribution=place.extract.attribution,
        assumptions=(*notes.assumptions(scenario, synthetic=place.extract.synthetic), *notes.unmapped(rules, standing)),
        notes=(
            *notes.of_network(network, place.extract),
            *notes.converted(scenario),
            *people_notes,
            *land_notes,
            *wall_notes,
            *notes.off_network(demand, on_streets(demand.door)),
            *notes.through_walls(demand, on_streets(demand.door), surroundings(place.extract, network).fences),
            *notes.idle(rules, standing),
            *notes.idle_overrides(scenario),
            *_plan_notes(plans, before, after),
        ),
        network=network,
        demand=demand,
        counted=~on_streets(demand.door).off,
        facilities=standing,
        left_out=left_out,
        measured=tuple(
            Measured(
                rule,
                *(before[rule.id][0], after[rule.id][0], before[rule.id][1], after[rule.id][1]),
                *(land_within(rule, residential, sites) for sites in (standing, opened)),
            )
            for rule in rules
        ),
        plans=tuple(plans),
        base_map=below,
        inputs=_inputs(scenario, place.extract),
        versions={"planner": __version__, **{name: version(name) for name in LIBRARIES}},
        beyond=beyond.with_plans(scenario, demand, opened),
        land=residential,
        tree=levels(scenario, place, demand),
        rule_sets=compared,
        tried=tried,
        findings=examine(scenario) if scenario.outputs.doctor else (),
        walkers=compare_walkers(scenario, demand, standing, opened),
        circle=asked_circle.changed(circle, opened),
    )


class _Steps:
    """Tells each step as it begins, and logs how long the one before took."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.step, self.start = progress, "", 0.0

    def __call__(self, step: str) -> None:
        self.end()
        self.step, self.start = step, time.perf_counter()
        self.progress(step)

    def end(self) -> None:
        if self.step:
            log.info("%s: %.2f s", self.step, time.perf_counter() - self.start)


def _cover(demand: Demand, facilities: Facilities, rule: Standard, access_m: float) -> tuple[Coverage, Coverage]:
    """Who meets the standard on foot, and in a straight line."""
    straight = measure_straight(demand, facilities, limit_m=rule.limit_m)
    return (
        cover_on_foot(demand, facilities, rule, max_access_m=access_m),
        measure_coverage(straight, demand, rule, open=facilities.at_least(rule.min_area_m2)),
    )


def _most_people(
    question: Question,
    rule: Standard,
    demand: Demand,
    today: Facilities,
    candidates: Facilities,
    effort: Effort,
    access_m: float,
) -> Plan:
    """The plan that brings a standard to the most people on foot."""
    people = at_doors(demand, rule, max_access_m=access_m)
    land, there = (at_doors(each, rule, max_access_m=access_m) for each in (candidates, today))
    return cover_most_people(
        people,
        measure_reach(people, land, **rule.walk),
        rule,
        standing=measure_reach(people, there, **rule.walk).only(today.at_least(rule.min_area_m2)),
        new_sites=question.new_sites,
        rules=Rules(question.must_keep, question.forbid, counts=candidates.at_least(rule.min_area_m2)),
        effort=effort,
    )


def _sited(
    plan: Plan,
    question: Question,
    rule: Standard,
    place: City,
    demand: Demand,
    today: Facilities,
    candidates: Facilities,
) -> tuple[SitedPlan, Facilities]:
    """A plan with what its cards say, and the sites it opens as facilities."""
    chosen = candidates.kept(np.isin(np.arange(len(candidates)), plan.sites))
    nearest_m, units = _neighbourhood(candidates, plan, rule, place, demand, today)
    return SitedPlan(plan, rule, question.new_sites, candidates, nearest_m, units), replace(chosen, status="planned")


def _under_rule_sets(
    scenario: Scenario,
    demand: Demand,
    standing: Mapping[str, Facilities],
    chosen: list[Facilities],
    land: Land | None,
) -> tuple[UnderRuleSet, ...]:
    """The green of today and what the plans choose, under every rule-set at once; nothing where none is asked for."""
    if not any(city.is_green(rule) for rule in scenario.measured()):
        return ()
    green = {service: standing[service] for service in city.GREENERY}
    new = reduce(Facilities.joined, chosen) if chosen else None
    return compare_rule_sets(demand, green, new, land=land, rules=scenario.rule_sets().values())


def _neighbourhood(
    candidates: Facilities, plan: Plan, rule: Standard, place: City, demand: Demand, today: Facilities
) -> tuple[Floats, tuple[str, ...]]:
    """For each chosen site (p,): metres on foot to the nearest standing facility that counts, and its unit."""
    if not len(plan.sites):
        return np.empty(0), ()
    at = shapely.get_coordinates(shapely.point_on_surface(candidates.geometry[plan.sites]))
    visitors = Demand(candidates.ids[plan.sites], at, np.ones((len(at), 1)), place.crs)
    visitors = replace(visitors, door=on_streets(demand.door).network.snap(at, max_access_m=NEAREST_TODAY_M))
    near = np.zeros(len(today), bool)
    near[
        shapely.STRtree(shapely.points(at)).query(today.geometry, predicate="dwithin", distance=NEAREST_TODAY_M)[0]
    ] = True
    counting = today.kept(near & today.at_least(rule.min_area_m2))
    nearest_m, _ = measure_nearest(visitors, counting, limit_m=NEAREST_TODAY_M).nearest()
    if demand.units is None:
        return nearest_m, ("",) * len(at)
    names = [*demand.units.names.tolist(), ""]
    return nearest_m, tuple(names[unit] for unit in demand.units.holding(at))


def _check_agreement(
    plans: list[SitedPlan],
    before: Mapping[str, tuple[Coverage, Coverage]],
    after: Mapping[str, tuple[Coverage, Coverage]],
) -> None:
    """Refuse an answer of which coverage, knowing nothing of siting, measures something else than the plans claim."""
    standards = {sited.standard.id for sited in plans}
    for id in standards:  # noqa: A001
        claimed, more = _claimed(id, plans), _served_elsewhere(id, plans, before, after)
        rounding = AGREE * max(1.0, claimed)
        alone = len(standards) == 1 and all(sited.plan.unit == "people" for sited in plans)
        if more < -rounding or (more > rounding and alone):
            raise AssertionError(
                f"{id}: coverage measures {more:+,.1f} people beside the {claimed:,.1f} the plans claim."
            )
    for id, (walked, straight) in after.items():  # noqa: A001
        if walked.served > straight.served and walked.unit == "m":  # downhill one is faster than on the flat
            raise AssertionError(f"{id}: more people are covered on foot than in a straight line.")


def _claimed(standard: str, plans: list[SitedPlan]) -> float:
    """The people that the plans for a standard say they gain; those for the most land speak of none."""
    return sum(sited.plan.objective for sited in plans if sited.standard.id == standard and sited.plan.unit == "people")


def _served_elsewhere(
    standard: str,
    plans: list[SitedPlan],
    before: Mapping[str, tuple[Coverage, Coverage]],
    after: Mapping[str, tuple[Coverage, Coverage]],
) -> float:
    """The people gained beyond what the plans for a standard claim: sites chosen for another one serve them."""
    return after[standard][0].served - before[standard][0].served - _claimed(standard, plans)


def _plan_notes(
    plans: list[SitedPlan],
    before: Mapping[str, tuple[Coverage, Coverage]],
    after: Mapping[str, tuple[Coverage, Coverage]],
) -> list[str]:
    said = []
    for id in dict.fromkeys(sited.standard.id for sited in plans):  # noqa: A001
        elsewhere = _served_elsewhere(id, plans, before, after)
        if elsewhere > AGREE * max(1.0, _claimed(id, plans)):
            said.append(
                f"{elsewhere:,.0f} of the people who gain {id} are served by sites chosen for another standard or land"
            )
    for sited in plans:
        rule, opened = sited.standard, len(sited.plan.opened)
        land = sited.plan.unit == LAND
        small = int((~sited.candidates.at_least(0.0 if land else rule.min_area_m2)).sum())
        if small:
            said.append(
                f"{small:,} of {len(sited.candidates):,} candidates are smaller than the {rule.min_area_m2:g} m² from "
                f"which {rule.service} counts under {rule.rule_set or 'the override'}"
            )
        if sited.joined:
            said.append(
                f"{opened} sites are made of {sited.parcels} parcels, of the {sited.asked} asked for: joined, "
                "their area counts whole"
            )
        if sited.parcels < sited.asked:
            said.append(
                f"{sited.asked} sites were asked for and {opened} are opened: no further candidate reaches "
                + (
                    "residential land that is not served"
                    if land
                    else f"anybody who would still lack {rule.title['en']}"
                )
            )
    return said


def _inputs(scenario: Scenario, extract: Extract) -> dict[str, str]:
    """sha256 of every file and download that the answer rests on, by the name the scenario gives it."""
    digests = {} if scenario.city.extract else {extract.source: extract.digest}
    return digests | {str(file): _digest(file.path) for file in scenario.files}


def _digest(path: Path) -> str:
    """sha256 of a file; of a Shapefile, whose figures stand beside it, of all its parts together."""
    digest = hashlib.sha256()
    parts = [path.with_suffix(part) for part in SHAPEFILE] if path.suffix.lower() == ".shp" else [path]
    for part in parts:
        if part.is_file():
            digest.update(part.read_bytes())
    return digest.hexdigest()
