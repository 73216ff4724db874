"""Scenario → who lives in the study area, and in which unit: a layer of people, or figures spread over homes."""

from dataclasses import replace

import numpy as np
import shapely

from planner.city import City, check_datum, how_to_read
from planner.demand import Demand
from planner.scenario import Scenario
from planner.sources import places, tables

HEX_M = 300.0  # edge of the hexagons that people are reported by where no unit is known


def residents(scenario: Scenario, city: City) -> tuple[Demand, list[str]]:
    """Who lives in the study area, with the unit of each place, and what was assumed on the way."""
    asked = scenario.demand
    notes = [] if city.study_area is not None else ["no study area is given: everybody in the data is counted"]
    if asked.layer is not None:
        layer = asked.layer
        everywhere = tables.residents(
            layer.file.path,
            people=layer.people,
            groups=layer.groups,
            id=layer.id,
            base=layer.base.declared(),
            crs_to=city.crs,
            **how_to_read(layer, city),
        )
        check_datum(layer, everywhere.geometry if len(everywhere.geometry) else shapely.points(everywhere.xy), city)
    else:
        everywhere, how = _spread(scenario, city)
        notes += how
    people = everywhere.kept(city.inside(everywhere.xy))
    if outside := everywhere.total - people.total:
        notes.append(f"{outside:,.0f} people live outside the study area and are not counted")
    return _with_units(people, scenario, city), notes + _of_base(people, city)


def _of_base(people: Demand, city: City) -> list[str]:
    """What nobody declared of the population base, and in what it differs from the study area."""
    base, area_km2 = people.base, None if city.area is None else float(shapely.area(city.area)) / 1e6
    unsaid = f"the population base ({base}) declares no {' and no '.join(base.undeclared)}: compare no figure a person"
    drift = base.drift(area_km2=area_km2, people=people.total)
    return [*([unsaid] if base.undeclared else []), *([drift] if drift else [])]


def _spread(scenario: Scenario, city: City) -> tuple[Demand, list[str]]:
    """People over homes: one total over those of the study area, totals of units over all homes of each unit."""
    asked = scenario.demand.spread
    assert asked is not None  # noqa: S101  (the schema asks for exactly one of layer and spread)
    homes, totals = city.homes, None
    among = city.inside(homes.xy) if asked.totals is None else np.ones(len(homes.ids), bool)
    if asked.totals is not None:
        areas = asked.totals
        units, control = tables.control_totals(
            areas.file.path,
            people=areas.people,
            id=areas.id,
            name=areas.name,
            kind="unit",
            crs_to=city.crs,
            **how_to_read(areas, city),
        )
        here = np.ones(len(units.ids), bool) if city.area is None else shapely.intersects(city.area, units.geometry)
        totals = units.kept(here), control[here]
    people = tables.spread_residents(
        homes.ids[among],
        homes.xy[among],
        homes.geometry[among],
        homes.floor_area_m2[among],
        total=asked.total,
        totals=totals,
        base=asked.base.declared(),
        crs=city.crs,
    )
    notes = [f"people are spread over {int(among.sum()):,} homes by floor area"]
    if homes.levels_assumed:
        notes.append(f"{homes.levels_assumed:,} homes do not say their levels, which are assumed by kind of building")
    if homes.pieces:
        notes.append(
            f"{homes.land_filled:,} residential areas without mapped homes are filled, {homes.pieces:,} pieces"
        )
    return people, notes


def _with_units(people: Demand, scenario: Scenario, city: City) -> Demand:
    asked = scenario.demand.units
    if asked.file is not None:
        units = tables.units(
            asked.file.path,
            id=asked.id,
            name=asked.name,
            kind="unit",
            crs_to=city.crs,
            layer=asked.layer,
            encoding=asked.encoding,
            datum=asked.datum,
            near=city.near,
        )
    elif asked.hex_m is not None:
        units = None
    else:
        units = places.administrative_units(city.extract, city.crs, admin_level=asked.admin_level, homes=city.homes)
    if units is None:
        units, unit = places.hexes(people.xy, people.crs, edge_m=asked.hex_m or HEX_M)
        return replace(people, units=units, unit=unit)
    return replace(people, units=units, unit=units.holding(people.xy))
