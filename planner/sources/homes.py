"""Counts by unit and age, spread over the homes of each unit: every total kept to the person."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
from pyproj import CRS

from planner.ages import Ages, parts_of
from planner.apportion import share_groups
from planner.demand import Demand, Units
from planner.errors import PeopleError, first
from planner.network import Flags, Floats
from planner.population import PopulationBase
from planner.sources.census import Counts
from planner.sources.layers import half_width
from planner.sources.places import Buildings
from planner.sources.tables import spread_residents


def spread_counts(
    homes: Buildings,
    counts: Counts,
    groups: Mapping[str, Ages],
    *,
    areas: Units | None = None,
    base: PopulationBase | str,
    crs: CRS,
) -> Demand:
    """The people of a table over homes, everybody and each group, whole.

    Everybody goes to the homes of the unit by floor area (`spread_residents`), and of those in a home each part of
    the groups (`share_groups`) as many as in the unit, rounded down or up: every unit has the people of each group
    that the table states, every home no more in its groups than people. `areas` are the units' polygons, found by id;
    without them the table is one unit, which is the whole city.

    Raises PeopleError where a unit with people has no polygon or no home, or a group cuts an age class.
    """
    parts, members = parts_of(counts.classes, groups)
    whole = np.stack([counts.people[:, part].sum(axis=1) for part in parts], axis=1)  # (u, parts)
    over = homes.ids, homes.xy, homes.geometry, homes.floor_area_m2
    if areas is None:
        whole = whole.sum(axis=0, keepdims=True)
        everybody = spread_residents(*over, total=counts.total, base=base, crs=crs)
        unit = np.zeros(len(everybody.ids), np.int64)
    else:
        whole = _by_area(counts, whole, areas)
        totals = areas, whole.sum(axis=1)
        everybody = spread_residents(*over, totals=totals, base=base, crs=crs)
        unit = everybody.unit
    along = np.argsort(gpd.GeoSeries.from_xy(*everybody.xy.T).hilbert_distance().to_numpy(), kind="stable")
    split = np.zeros((len(unit), len(parts)))
    for u in np.unique(unit).tolist():
        here = along[unit[along] == u]  # along a curve that keeps neighbours together
        split[here] = share_groups(everybody.people[here, 0], whole[u])
    of_group = [split[:, member].sum(axis=1) for member in members]
    return everybody.with_groups(dict(zip(groups, of_group, strict=True)))


def _by_area(counts: Counts, whole: Floats, areas: Units) -> Floats:
    """(a, parts) the people of each area; a unit with people and without an area is refused."""
    position = {str(half_width(id)): at for at, id in enumerate(areas.ids.tolist())}  # noqa: A001
    at = np.array([position.get(unit, -1) for unit in counts.units.tolist()], np.int64)
    lost: Flags = (at < 0) & (whole.sum(axis=1) > 0)
    if lost.any():
        people = whole[lost].sum(axis=1)
        culprits = [f"{unit}: {many:,.0f}" for unit, many in zip(counts.units[lost], people, strict=True)]
        raise PeopleError(
            f"{people.sum():,.0f} people in {int(lost.sum())} of {len(at)} units of the table have no polygon "
            f"({first(culprits)}; the polygons are {first(areas.ids)}). Check that both have the same ids, or name the "
            "characters of the column that tell the unit."
        )
    found = np.zeros((len(areas.ids), whole.shape[1]))
    np.add.at(found, at[at >= 0], whole[at >= 0])
    return found
