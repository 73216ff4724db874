"""Residential land of an extract or of a layer of land use → Land."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from planner.demand import Units
from planner.errors import DataError, first
from planner.land import Land
from planner.sources.layers import find_columns, read_layer, words
from planner.sources.osm import Extract
from planner.sources.tables import polygons
from planner.sources.tags import layer, tag_table


def mapped_land(
    extract: Extract, crs: CRS, *, within: shapely.Geometry | None = None, units: Units | None = None
) -> Land:
    """The residential land of an extract, as data/places.yaml knows it by its tags; none where nobody mapped any."""
    areas = layer(extract, tag_table()["residential_land"], crs).polygons
    source = "landuse=residential of OpenStreetMap"
    if extract.synthetic:
        source = "landuse=residential of the made-up city"
    return Land.of(areas.ids, areas.geometry, crs, source=source, within=within, units=units)


def listed_land(
    path: Path | str,
    *,
    crs_to: CRS,
    code: str | None = None,
    codes: Sequence[str] = (),
    within: shapely.Geometry | None = None,
    units: Units | None = None,
    **how_to_read: Any,
) -> Land:
    """The residential land of a layer: all of it, or where the column `code` begins with one of `codes`.

    A code stands for those below it: R for R1 and R2, 07 for 0701 and 0702. Ids are row numbers from 1. Refused
    where a code is of no row. `how_to_read` goes to `read_layer`.
    """
    path = Path(path)
    table = read_layer(path, **how_to_read)
    shapes = polygons(table, crs_to, path)
    rows, said = np.ones(len(table), bool), path.name
    if code is not None:
        (column,) = find_columns(table, path, code)
        of = words(table[column])
        found = {wanted: np.strings.startswith(of, wanted) for wanted in codes}
        if unknown := [wanted for wanted, begins in found.items() if not begins.any()]:
            raise DataError(
                f"{path.name}: {len(unknown)} codes of residential land are in no row of {code!r} ({first(unknown)}). "
                f"Take those that are: {', '.join(sorted({each for each in of.tolist() if each})[:20])}."
            )
        rows, said = np.logical_or.reduce([*found.values()]), f"{path.name}, {code} {', '.join(codes)}"
    ids = np.array([f"{row}" for row in np.flatnonzero(rows) + 1], np.str_)
    return Land.of(ids, shapes[rows], crs_to, source=said, within=within, units=units)
