"""Scenario → Run: read the city, measure it, choose sites, measure it again. Writes nothing."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from importlib.metadata import version
from pathlib import Path

from planner import __version__, asked_circle, city, notes
from planner.asked_circle import CircleChange
from planner.beyond import BeyondCoverage, measure_beyond
from planner.by_walker import ByWalker, compare_walkers, cover_on_foot
from planner.coverage import Coverage, measure_coverage
from planner.demand import Demand
from planner.doctor import examine
from planner.doctor.findings import Finding
from planner.facilities import Facilities
from planner.gated import walls_of
from planner.land import Land
from planner.land_cover import LandCoverage
from planner.network import Flags, WalkNetwork
from planner.official import land_within, residential_land
from planner.plans_beside import Beside, plans_beside
from planner.reach import measure_straight
from planner.reach.measure import on_streets
from planner.residents import levels, residents
from planner.rule_sets import UnderRuleSet, compare_rule_sets
from planner.scenario import Scenario
from planner.school_seats import SchoolSeats, plan_schools
from planner.sited import SitedPlan, Siting
from planner.sources.gates import surroundings
from planner.sources.osm import Extract
from planner.sources.places import BaseMap, base_map
from planner.sources.tasks import read_tasks
from planner.standards import Standard
from planner.street_measures import Tried, try_measures
from planner.tasks import TaskLedger
from planner.tree import Tree
from planner.walking_areas import Walks, walks_to
from planner.what_if_sites import Switches, not_switched, switches_of

log = logging.getLogger(__name__)

NEAREST_TODAY_M = 2000.0  # how far a card on the map looks for the nearest standing facility
AGREE = 1e-9  # share by which sums of people in different orders may differ
STAMP = 12  # characters of a stamp
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
    schools: tuple[SchoolSeats, ...] = ()  # seats, classes and who goes to which school
    tasks: TaskLedger | None = None  # of the communities, where the scenario names a table of them
    circle: CircleChange | None = None  # who has which services of a kit; None where no circle is asked for
    walks: tuple[Walks, ...] = ()  # to what stands, by measured standard, for the map
    switches: tuple[Switches, ...] = ()  # of each plan that brings a standard to people, for the what-if of the map
    beside: tuple[Beside, ...] = ()  # each standard today, with the plans, and with other plans in their place

    @property
    def stamp(self) -> str:
        """What tells runs apart at a glance: a digest of what was asked, of the data and of the software."""
        asked = [self.scenario.scenario, list(self.scenario.changes), dict(self.inputs), dict(self.versions)]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:STAMP]

    @property
    def wholes(self) -> tuple[SitedPlan, ...]:
        """The first part of each plan of several services."""
        return tuple({id(sited.whole): sited for sited in self.plans[::-1] if sited.whole is not None}.values())[::-1]


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
    siting = Siting(scenario, place, demand, residential, standing, hear)
    siting.ask_all()
    opened = siting.opened
    if scenario.schools:
        step("planning school seats")
    schools = tuple(plan_schools(scenario, place, demand, standing, siting.built))
    step("measuring the plan")
    unchanged = {rule.id for rule in rules if opened[rule.service] is standing[rule.service]}
    after = {
        rule.id: before[rule.id] if rule.id in unchanged else _cover(demand, opened[rule.service], rule, access_m)
        for rule in rules
    }
    on_foot = [{id: walked for id, (walked, _) in covered.items()} for covered in (before, after)]  # noqa: A001
    siting.check_agreement(*on_foot)
    _check_straight(after)
    compared = _under_rule_sets(scenario, demand, standing, siting.pocket_parks, residential)
    switches = tuple(switches_of(scenario, tuple(siting.plans), standing, opened))
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
            *siting.notes(*on_foot),
            *not_switched(tuple(siting.plans)),
            *(note for each in schools for note in each.put.notes),
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
        plans=tuple(siting.plans),
        base_map=below,
        inputs=inputs_of(scenario, place.extract),
        versions=versions(),
        beyond=beyond.with_plans(scenario, demand, opened),
        land=residential,
        tree=levels(scenario, place, demand),
        rule_sets=compared,
        tried=tried,
        findings=examine(scenario) if scenario.outputs.doctor else (),
        tasks=_tasks(scenario),
        walkers=compare_walkers(scenario, demand, standing, opened),
        circle=asked_circle.changed(circle, opened),
        schools=schools,
        walks=tuple(walks_to(rules, demand, standing, max_access_m=access_m)),
        switches=switches,
        beside=tuple(plans_beside(demand, siting.plans, switches, *on_foot)),
    )


def _tasks(scenario: Scenario) -> TaskLedger | None:
    asked = scenario.outputs.tasks
    if asked is None:
        return None
    return read_tasks(asked.file.path, **asked.model_dump(exclude={"file", "as_of"}), as_of=asked.as_of or "")


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


def _check_straight(after: Mapping[str, tuple[Coverage, Coverage]]) -> None:
    """Refuse an answer in which more people are covered on foot than in a straight line."""
    for id, (walked, straight) in after.items():  # noqa: A001
        if walked.served > straight.served and walked.unit == "m":  # downhill one is faster than on the flat
            raise AssertionError(f"{id}: more people are covered on foot than in a straight line.")


def versions() -> dict[str, str]:
    """Of this software and of the libraries that its numbers rest on."""
    return {"planner": __version__, **{name: version(name) for name in LIBRARIES}}


def inputs_of(scenario: Scenario, extract: Extract | None) -> dict[str, str]:
    """sha256 of every file and download that the answer rests on, by the name the scenario gives it.

    Without an `extract`, those of the files alone.
    """
    digests = {} if scenario.city.extract or extract is None else {extract.source: extract.digest}
    return digests | {str(file): _digest(file.path) for file in scenario.files}


def _digest(path: Path) -> str:
    """sha256 of a file; of a Shapefile, whose figures stand beside it, of all its parts together."""
    digest = hashlib.sha256()
    parts = [path.with_suffix(part) for part in SHAPEFILE] if path.suffix.lower() == ".shp" else [path]
    for part in parts:
        if part.is_file():
            digest.update(part.read_bytes())
    return digest.hexdigest()
