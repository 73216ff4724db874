"""Scenario → who lives in the study area, and in which unit: a layer of people, or figures spread over homes."""

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from planner.ages import Ages, check_classes
from planner.city import City, check_datum, how_to_read
from planner.demand import Demand, Units, spread
from planner.errors import DataError
from planner.network import Flags
from planner.population import PopulationBase
from planner.scenario import Scenario
from planner.scenario.people import AgeShares, Counts, Raster
from planner.scenario.people import Units as UnitsAsked
from planner.sources import census, homes, places, raster, tables
from planner.tree import Tree, nest, tree_of_codes

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
    elif asked.raster is not None:
        cells = _cells(asked.raster, city)
        everywhere = raster.cell_residents(cells, base=asked.raster.base.declared())
        notes += [*cells.notes, f"people stand in the middle of the {len(cells.ids):,} cells of {asked.raster.file}"]
    else:
        everywhere, how = _spread(scenario, city)
        notes += how
    people = everywhere.kept(city.inside(everywhere.xy))
    if outside := everywhere.total - people.total:
        notes.append(f"{outside:,.0f} people live outside the study area and are not counted")
    return in_units(people, asked.units, city), notes + _of_base(people, city)


def _of_base(people: Demand, city: City) -> list[str]:
    """What nobody declared of the population base, and in what it differs from the study area."""
    base, area_km2 = people.base, None if city.area is None else float(shapely.area(city.area)) / 1e6
    unsaid = f"the population base ({base}) declares no {' and no '.join(base.undeclared)}: compare no figure a person"
    drift = base.drift(area_km2=area_km2, people=people.total)
    return [*([unsaid] if base.undeclared else []), *([drift] if drift else [])]


def _spread(scenario: Scenario, city: City) -> tuple[Demand, list[str]]:
    """People over homes: one total over those of the study area, figures of units over all homes of each unit."""
    asked = scenario.demand.spread
    assert asked is not None  # noqa: S101  (the schema asks for exactly one of layer and spread)
    built, said = city.homes, list[str]()
    by_unit = asked.totals or (asked.counts and asked.counts.areas)
    among = np.ones(len(built.ids), bool) if by_unit else city.inside(built.xy)
    over, whom, crs = built.kept(among), asked.base.declared(), city.crs
    each = over.ids, over.xy, over.geometry, over.floor_area_m2
    if asked.counts is not None:
        people, said = _counted(asked.counts, over, whom, city)
    elif asked.totals is not None:
        layer = asked.totals
        named = {"id": layer.id, "name": layer.name, "people": layer.people}
        units, control = tables.control_totals(
            layer.file.path, **named, kind="unit", crs_to=crs, **how_to_read(layer, city)
        )
        here = _touching(units, city)
        people = tables.spread_residents(*each, totals=(units.kept(here), control[here]), base=whom, crs=crs)
    elif asked.raster is not None:
        cells = _cells(asked.raster, city)
        people, assumed = raster.spread_cells(over, cells, base=whom)
        said += [*cells.notes, *assumed]
    elif asked.ages is not None:
        people = homes.spread_counts(
            over, _of_ages(asked.total or 0, asked.ages), _groups(asked.ages), base=whom, crs=crs
        )
    else:
        people = tables.spread_residents(*each, total=asked.total, base=whom, crs=crs)
    notes = [*said, f"people are spread over {int(among.sum()):,} homes by floor area"]
    if built.levels_assumed:
        notes.append(f"{built.levels_assumed:,} homes do not say their levels, which are assumed by kind of building")
    if built.pieces:
        notes.append(
            f"{built.land_filled:,} residential areas without mapped homes are filled, {built.pieces:,} pieces"
        )
    return people, notes


def _counted(asked: Counts, over: places.Buildings, whom: PopulationBase, city: City) -> tuple[Demand, list[str]]:
    """The people of a table by unit and age over the homes of their units, else of the study area."""
    counts = census.read_counts(
        asked.file.path,
        unit=asked.unit,
        characters=asked.unit_characters,
        age=asked.age,
        people=asked.people,
        classes=asked.classes,
        only=asked.only,
        sum_over=asked.sum_over,
        layer=asked.layer,
        encoding=asked.encoding,
    )
    groups = _groups(asked)
    areas, said = None, list(counts.notes)
    if asked.areas is not None:
        layer = asked.areas
        areas = tables.units(
            layer.file.path, id=layer.id, name=layer.name, kind="unit", crs_to=city.crs, **how_to_read(layer, city)
        )
        here = _touching(areas, city)
        inside = counts.without(areas.ids[~here])
        if left := counts.total - inside.total:
            said.append(f"{left:,} people of the table live in units that the study area does not touch")
        counts, areas = inside, areas.kept(here)
    else:
        said.append(
            f"the {len(counts.units):,} units of {asked.file.path.name} have no polygons: all {counts.total:,} people, "
            "the ages of all alike, are spread over the homes of the study area"
        )
    people = homes.spread_counts(over, counts, groups, areas=areas, base=whom, crs=city.crs)
    return people, said


def _of_ages(total: int, asked: AgeShares) -> census.Counts:
    """One total parted by the shares of age classes, to the person."""
    read = {ages: share for text, share in asked.classes.items() if (ages := Ages.read(text))}
    classes = tuple(sorted(read))
    check_classes(classes)
    people = spread(total, np.array([read[each] for each in classes]))
    return census.Counts(np.array(["everybody"]), classes, people[None, :])


def _groups(asked: Counts | AgeShares) -> dict[str, Ages]:
    return {name: ages for name, text in asked.groups.items() if (ages := Ages.read(text))}


def _cells(asked: Raster, city: City) -> raster.Cells:
    """The cells of a raster, cut at the study area."""
    if city.area is None:
        raise DataError(f"{asked.file} has people beyond the city, and no study area says where. Write city.boundary.")
    how: dict[str, Any] = {"band": asked.band, "nodata_is_nobody": asked.nodata_is_nobody}
    return raster.read_cells(asked.file.path, area=city.area, crs_to=city.crs, **how)


def _touching(units: Units, city: City) -> Flags:
    """(u,) the units that the study area touches."""
    everywhere = np.ones(len(units.ids), bool)
    return everywhere if city.area is None else shapely.intersects(city.area, units.geometry)


def in_units(people: Demand, asked: UnitsAsked, city: City) -> Demand:
    """The same people, each place in the area that holds it."""
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


def levels(scenario: Scenario, city: City, demand: Demand) -> Tree | None:
    """The levels of the city that the scenario names, down to the places; refused where they do not nest."""
    asked = scenario.demand.tree
    if asked is None:
        return None
    if asked.digits:
        return tree_of_codes(demand.ids, asked.digits)
    how = [
        {"id": each.id, "name": each.name, "kind": each.level, "crs_to": city.crs, **how_to_read(each, city)}
        for each in asked.areas
    ]
    areas = [tables.units(each.file.path, **reading) for each, reading in zip(asked.areas, how, strict=True)]
    parents = [
        None if each.parent is None else tables.texts(each.file.path, each.parent, **how_to_read(each, city))
        for each in asked.areas
    ]
    tree = nest(areas, parents).with_places(demand, areas)
    stated = {"building": demand.of()}
    for each, reading, sums in zip(asked.areas, how, tree.add_up(demand.of()), strict=False):
        if each.people is not None:
            _, people = tables.control_totals(each.file.path, people=each.people, **reading)
            stated[each.level] = np.append(people, sums[len(people) :])  # behind them, who is outside of all
    tree.check_people(stated)
    return tree
