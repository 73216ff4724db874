"""Where a city's public facilities should go: coverage on foot, proven siting plans, offline maps.

The public names load when they are first used, so that `import planner` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from planner.access import Access, measure_2sfca, measure_3sfca, measure_e2sfca
    from planner.ages import Ages
    from planner.alternatives import (
        Frontier,
        best_replacement,
        best_with,
        other_plans,
        sites_in_all,
        survival,
        trace_frontier,
    )
    from planner.apportion import share_groups
    from planner.circle import Circle, measure_circle
    from planner.coverage import Coverage, measure_coverage
    from planner.decay import ExponentialDecay, GaussianDecay, LinearDecay, StepDecay
    from planner.demand import Demand, Units
    from planner.detour import Detours, measure_detours
    from planner.equity import Evenness, Theil, gini, lorenz, measure_evenness, palma_ratio, theil, worst_to_mean
    from planner.errors import PlannerError
    from planner.examined import Assumption, Examination, Examined, Terms, examine_plan, what_binds
    from planner.facilities import Facilities
    from planner.fairness import (
        Fairest,
        Fairness,
        InTurn,
        compare_fairness,
        even_walks,
        leave_no_unit_below,
        lift_in_turn,
        lift_worst,
        shorten_worst_walks,
    )
    from planner.joining import join_parcels
    from planner.kits import Item, Kit, kit
    from planner.land import Land
    from planner.land_cover import LandCoverage, measure_land_coverage
    from planner.nearness import (
        Deserts,
        GradualCoverage,
        LimitMargin,
        NearestWalks,
        Nearness,
        find_deserts,
        measure_gradual_coverage,
        measure_limit_margin,
        measure_nearness,
    )
    from planner.network import WalkNetwork, metric_crs
    from planner.optimise.seats.question import AIMS
    from planner.phasing import PhasedPlan, Phasings, Year, compare_phasings, order_sites, phase_sites
    from planner.plan import AssignedPlan, Plan, Replacement
    from planner.population import PopulationBase
    from planner.presence import Presence, UnitStatus, measure_presence
    from planner.provisions import Provision, provision
    from planner.reach import (
        Nearest,
        Reach,
        WhatIf,
        measure_nearest,
        measure_reach,
        measure_straight,
        streets_within,
        sum_around,
        walk_path,
    )
    from planner.relax import Infeasible, Unreached, WayOut, ways_out
    from planner.rule_sets import compare_rule_sets
    from planner.rules import Effort, Floor, Quota, Rules, Size
    from planner.run import Run, run_scenario
    from planner.scenario import Scenario, load
    from planner.schools.balance import SeatBalance, balance_seats
    from planner.schools.choices import choose_freely, nearest_schools
    from planner.schools.feeders import FeederLinks, feeder_links
    from planner.schools.futures import FuturesPlan, plan_seats_for_futures
    from planner.schools.later import SeatsLater, seats_later
    from planner.schools.plan import SchoolPlan, Seating
    from planner.schools.pupils import Pupils, forecast_pupils, single_years
    from planner.schools.seating import plan_seats
    from planner.schools.stages import Stage, stage
    from planner.schools.stock import Option, Schools
    from planner.schools.touching import touching_places
    from planner.services import FloorNeed, Service, ServiceSize, ServicesPlan, Together, site_services
    from planner.siting import (
        assign_people,
        cover_gradually,
        cover_most_land,
        cover_most_people,
        cover_twice,
        open_fewest_sites,
        shorten_longest_walk,
        shorten_walks,
        spread_sites,
        too_near,
    )
    from planner.standards import Standard, standard
    from planner.suppression import hide_counts, hide_people
    from planner.tree import Tree, nest, tree_of_codes

_HOME = {
    "AssignedPlan": "plan",
    "Coverage": "coverage",
    "Demand": "demand",
    "Facilities": "facilities",
    "Land": "land",
    "LandCoverage": "land_cover",
    "measure_land_coverage": "land_cover",
    "Nearest": "reach",
    "Effort": "rules",
    "Floor": "rules",
    "Plan": "plan",
    "Provision": "provisions",
    "Quota": "rules",
    "Replacement": "plan",
    "Rules": "rules",
    "assign_people": "siting",
    "best_replacement": "alternatives",
    "best_with": "alternatives",
    "Frontier": "alternatives",
    "Assumption": "examined",
    "Examination": "examined",
    "Examined": "examined",
    "Terms": "examined",
    "examine_plan": "examined",
    "what_binds": "examined",
    "sites_in_all": "alternatives",
    "survival": "alternatives",
    "ways_out": "relax",
    "Infeasible": "relax",
    "WayOut": "relax",
    "Unreached": "relax",
    "trace_frontier": "alternatives",
    "cover_gradually": "siting",
    "cover_twice": "siting",
    "open_fewest_sites": "siting",
    "other_plans": "alternatives",
    "shorten_longest_walk": "siting",
    "shorten_walks": "siting",
    "spread_sites": "siting",
    "Presence": "presence",
    "UnitStatus": "presence",
    "measure_presence": "presence",
    "FloorNeed": "services",
    "Service": "services",
    "ServiceSize": "services",
    "ServicesPlan": "services",
    "Together": "services",
    "site_services": "services",
    "Fairest": "fairness",
    "Fairness": "fairness",
    "InTurn": "fairness",
    "compare_fairness": "fairness",
    "even_walks": "fairness",
    "leave_no_unit_below": "fairness",
    "lift_in_turn": "fairness",
    "lift_worst": "fairness",
    "shorten_worst_walks": "fairness",
    "PhasedPlan": "phasing",
    "Phasings": "phasing",
    "Year": "phasing",
    "compare_phasings": "phasing",
    "order_sites": "phasing",
    "phase_sites": "phasing",
    "PlannerError": "errors",
    "Reach": "reach",
    "Run": "run",
    "Scenario": "scenario",
    "Size": "rules",
    "Standard": "standards",
    "Units": "demand",
    "WalkNetwork": "network",
    "WhatIf": "reach",
    "cover_most_land": "siting",
    "join_parcels": "joining",
    "cover_most_people": "siting",
    "compare_rule_sets": "rule_sets",
    "load": "scenario",
    "measure_coverage": "coverage",
    "measure_nearest": "reach",
    "measure_reach": "reach",
    "measure_straight": "reach",
    "metric_crs": "network",
    "provision": "provisions",
    "run_scenario": "run",
    "standard": "standards",
    "streets_within": "reach",
    "sum_around": "reach",
    "too_near": "siting",
    "walk_path": "reach",
    "Ages": "ages",
    "PopulationBase": "population",
    "share_groups": "apportion",
    "Tree": "tree",
    "nest": "tree",
    "tree_of_codes": "tree",
    "hide_counts": "suppression",
    "hide_people": "suppression",
    "Access": "access",
    "Circle": "circle",
    "measure_circle": "circle",
    "Item": "kits",
    "Kit": "kits",
    "kit": "kits",
    "measure_2sfca": "access",
    "measure_3sfca": "access",
    "measure_e2sfca": "access",
    "ExponentialDecay": "decay",
    "GaussianDecay": "decay",
    "LinearDecay": "decay",
    "StepDecay": "decay",
    "Detours": "detour",
    "measure_detours": "detour",
    "Evenness": "equity",
    "Theil": "equity",
    "gini": "equity",
    "lorenz": "equity",
    "measure_evenness": "equity",
    "palma_ratio": "equity",
    "theil": "equity",
    "worst_to_mean": "equity",
    "Deserts": "nearness",
    "GradualCoverage": "nearness",
    "LimitMargin": "nearness",
    "Nearness": "nearness",
    "NearestWalks": "nearness",
    "find_deserts": "nearness",
    "measure_gradual_coverage": "nearness",
    "measure_limit_margin": "nearness",
    "measure_nearness": "nearness",
    "AIMS": "optimise.seats.question",
    "SeatBalance": "schools.balance",
    "balance_seats": "schools.balance",
    "choose_freely": "schools.choices",
    "nearest_schools": "schools.choices",
    "FeederLinks": "schools.feeders",
    "feeder_links": "schools.feeders",
    "FuturesPlan": "schools.futures",
    "plan_seats_for_futures": "schools.futures",
    "SeatsLater": "schools.later",
    "seats_later": "schools.later",
    "SchoolPlan": "schools.plan",
    "Seating": "schools.plan",
    "Pupils": "schools.pupils",
    "forecast_pupils": "schools.pupils",
    "single_years": "schools.pupils",
    "plan_seats": "schools.seating",
    "Stage": "schools.stages",
    "stage": "schools.stages",
    "Option": "schools.stock",
    "Schools": "schools.stock",
    "touching_places": "schools.touching",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"planner.{_HOME[name]}"), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
