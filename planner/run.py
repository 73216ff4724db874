"""Scenario → Run: read the city, measure, site, measure again. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.coverage import Coverage
from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import Flags, Floats, Shapes, WalkNetwork
from planner.scenario import Scenario
from planner.siting import Plan
from planner.standards import Standard


@dataclass(frozen=True)
class BaseMap:
    """What a map shows under the answer, in the city's CRS."""

    water: Shapes  # polygons
    waterways: Shapes  # lines
    green: Shapes  # polygons
    streets: Mapping[str, Shapes]  # lines by class: "main", "street", "path"
    outline: Shapes  # the study area (one polygon) or none


@dataclass(frozen=True)
class Measured:
    """One standard, before and after the plans, on foot and in a straight line."""

    standard: Standard
    before: Coverage  # on foot
    after: Coverage
    before_straight: Coverage
    after_straight: Coverage


@dataclass(frozen=True)
class SitedPlan:
    """A plan with what a card on the map needs."""

    plan: Plan
    candidates: Facilities
    nearest_today_m: Floats  # (p,)  on foot from each chosen site to the nearest standing one; inf beyond 2 km
    unit_names: tuple[str, ...]  # (p,)  the unit each chosen site lies in, "" in none


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
