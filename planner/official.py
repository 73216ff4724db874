"""Scenario → what the official measure counts: the residential land of the study area, and what green serves of it."""

from collections.abc import Mapping

import numpy as np

from planner.city import City, check_datum, how_to_read, is_green
from planner.demand import Demand
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.joining import JoinedSites, join_parcels
from planner.land import Land
from planner.land_cover import LandCoverage, measure_land_coverage
from planner.plan import Plan
from planner.rules import Effort, Rules
from planner.scenario import Scenario
from planner.scenario.land import LandLayer
from planner.scenario.siting import MostLand
from planner.siting import cover_most_land
from planner.sources.land import listed_land, mapped_land
from planner.sources.places import streets
from planner.standards import Band, Standard

MOSTLY = 0.5  # of the people live on residential land where it is mapped
AGREE = 1e-9  # share of all land by which areas cut in different ways may differ


def residential_land(scenario: Scenario, city: City, demand: Demand) -> tuple[Land | None, list[str]]:
    """The residential land of the study area, cut at the units of the demand, and what was noticed.

    None where no green is measured, or where no land is known.
    """
    if not any(is_green(rule) for rule in scenario.measured()):
        return None, []
    cut = {"within": city.area, "units": demand.units}
    if isinstance(scenario.land, LandLayer):
        layer = scenario.land
        land = listed_land(
            layer.file.path,
            code=layer.code,
            codes=layer.codes,
            crs_to=city.crs,
            **cut,
            **how_to_read(layer, city),
        )
        check_datum(layer, land.geometry, city)
    else:
        land = mapped_land(city.extract, city.crs, **cut)
    if len(land.ids):
        on_land = float(demand.people[land.holding(demand.xy) >= 0, 0].sum()) / demand.total
        unmapped = "" if on_land >= MOSTLY else ": a share of it says what is mapped, not what the city is"
        return land, [f"{land}, on which {on_land:.0%} of the people live{unmapped}"]
    lacking = f"no residential land in the study area ({land.source}): the official share of it is not told"
    return None, [f"{lacking}; give a layer of land use (`land: …`)"]


def land_within(rule: Standard, land: Land | None, sites: Mapping[str, Facilities]) -> LandCoverage | None:
    """The land within a standard's limit of a site that counts; None for other standards than those of green."""
    if land is None or not is_green(rule):
        return None
    return measure_land_coverage(land, sites, [Band(rule.service, rule.min_area_m2, rule.limit_m)])


def bands_of(rule: Standard, scenario: Scenario) -> tuple[Band, ...]:
    """By which areas and radii the rule-set of a scenario serves land, in its test of the standard's service."""
    rules = scenario.rule_sets()[scenario.standards.rule_set]
    own = [test for test in rules.tests if any(band.service == rule.service for band in test.bands)]
    return (own or rules.tests)[0].bands


def joined_parcels(
    question: MostLand, parcels: Facilities, standing: Facilities, city: City, bands: tuple[Band, ...]
) -> JoinedSites:
    """The candidates of a question with the sites that several parcels make; each alone where it asks for none."""
    if question.join_within_m is None:
        return JoinedSites(parcels, tuple((parcel,) for parcel in range(len(parcels))))
    lines = streets(city.extract, city.crs)
    roads = np.concatenate([lines["main"], lines["street"]])
    return join_parcels(parcels, bands, standing=standing, within_m=question.join_within_m, roads=roads)


def most_land(
    question: MostLand,
    land: Land | None,
    joined: JoinedSites,
    standing: Mapping[str, Facilities],
    bands: tuple[Band, ...],
    effort: Effort,
) -> Plan:
    """The plan that brings the most residential land within the service radius; refused where no land is known.

    What it claims is measured again by code that knows nothing of siting.
    """
    if land is None:
        raise QuestionError(
            "cover_most_land needs residential land, and none is known in the study area. Give a layer of land use "
            "(`land: {file: …}`), or ask cover_most_people."
        )
    sites, rules = joined.sites, joined.rules(Rules(question.must_keep, question.forbid))
    plan = cover_most_land(
        land, sites, bands, new_sites=question.new_sites, standing=standing, rules=rules, effort=effort
    )
    chosen = sites.kept(np.isin(np.arange(len(sites)), plan.sites))
    after = {service: there.joined(chosen) for service, there in standing.items()}
    gained = measure_land_coverage(land, after, bands).served - measure_land_coverage(land, standing, bands).served
    if abs(gained - plan.objective) > AGREE * land.total_m2:
        raise AssertionError(f"{gained:,.1f} m² of land are gained, and the plan claims {plan.objective:,.1f}.")
    return plan
