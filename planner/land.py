"""Residential land (居住用地), each square metre once: what the official measure is a share of."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.demand import Units
from planner.errors import DataError, QuestionError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers, Shapes, check_metric
from planner.standards import Band

SLIVER_M2 = 1e-3  # less is a rounding of coordinates along a common border
POLYGON = 2  # dimensions
QUARTER = 64  # segments of a quarter circle, 256 a circle: 0.01 % of its area falls outside
SMALL_M2 = 1e5  # below it an area is told in square metres


@dataclass(frozen=True)
class Land:
    """n pieces of land, none over another, each of one mapped area and within one unit."""

    ids: NDArray[np.str_]  # (n,)  the area that each is a piece of, "way/12"
    geometry: Shapes  # (n,)  polygons, in `crs`
    crs: CRS  # metric
    source: str  # where it comes from, as outputs say it
    units: Units | None = None
    unit: Integers | None = None  # (n,)  -1 = in no unit; None without units

    @classmethod
    def of(
        cls,
        ids: NDArray[np.str_],
        geometry: Shapes,
        crs: CRS,
        *,
        source: str,
        within: shapely.Geometry | None = None,
        units: Units | None = None,
    ) -> "Land":
        """From areas that may lie over one another, cut to a study area and at the borders of units.

        Common ground belongs to the first of its areas, and ground in two units to the first of them, so that no
        square metre is counted twice. Raises DataError where something has no area, CrsError where metres are none.
        """
        check_metric(crs)
        flat = shapely.get_dimensions(geometry) != POLYGON
        if flat.any():
            raise DataError(
                f"{int(flat.sum())} of {len(ids)} pieces of residential land are no polygons "
                f"({first(np.asarray(ids)[flat])}). Give the layer of the areas, not of their labels."
            )
        here = np.asarray(geometry, object) if within is None else shapely.intersection(geometry, within)
        shapes, of, unit = _surfaces(apart(here)), np.arange(len(here)), None
        if units is not None:
            shapes, of, unit = _by_unit(shapes, apart(units.geometry))
        some = shapely.area(shapes) > SLIVER_M2
        unit = None if unit is None else unit[some]
        return cls(np.asarray(ids, np.str_)[of[some]], shapes[some], crs, source, units, unit)

    @cached_property
    def area_m2(self) -> Floats:
        """(n,) square metres of each piece."""
        area: Floats = shapely.area(self.geometry)
        return area

    @property
    def total_m2(self) -> float:
        """Square metres of all land."""
        return float(self.area_m2.sum())

    def by_unit(self, amount: Floats) -> Floats:
        """(u+1,) an amount of each piece (n,) added up in each unit; the last entry is in no unit."""
        count = 0 if self.units is None else len(self.units.ids)
        unit = np.full(len(self.ids), -1) if self.unit is None else self.unit
        at = np.where(unit < 0, count, unit)
        return np.bincount(at, weights=amount, minlength=count + 1).astype(np.float64)

    def holding(self, xy: Floats) -> Integers:
        """(k,) the piece on which each point (k, 2) lies; on a common border the first; -1 on none."""
        point, piece = shapely.STRtree(self.geometry).query(shapely.points(xy), predicate="intersects")
        on = np.full(len(xy), -1, np.int64)
        last_first = np.lexsort((piece, point))[::-1]
        on[point[last_first]] = piece[last_first]
        return on

    def __str__(self) -> str:
        return f"{self.total_m2 / 1e6:,.2f} km² of residential land ({self.source})"


def service_radii(bands: Iterable[Band], area_m2: Floats) -> Floats:
    """(m,) how far sites of these areas serve: the widest radius of the bands that they pass; 0 where of none.

    A new site counts as any service, green or park, that it is large enough for. Exactly at an area counts.
    """
    radii = np.zeros(len(area_m2))
    for band in bands:
        radii[area_m2 >= band.min_area_m2] = np.maximum(radii[area_m2 >= band.min_area_m2], band.limit_m)
    return radii


def service_areas(geometry: Shapes, radius_m: Floats | float) -> Shapes:
    """(m,) the ground within a radius (m,) of the boundary of each site (m,), the site itself included.

    A circle is a polygon of 256 sides within it: what it serves is never overstated.
    """
    areas: Shapes = shapely.buffer(geometry, radius_m, quad_segs=QUARTER)
    return areas


def served_ground(sites: Mapping[str, Facilities], bands: Iterable[Band]) -> shapely.Geometry:
    """The union of the service areas of all sites, by the services that bands name, each from its band's area on.

    Raises QuestionError where a band's service is missing.
    """
    areas = [np.empty(0, object)]
    for band in bands:
        if band.service not in sites:
            raise QuestionError(f"There are no sites of {band.service!r} given. Give them, be it none.")
        there = sites[band.service]
        areas.append(service_areas(there.geometry[there.at_least(band.min_area_m2)], band.limit_m))
    return shapely.union_all(np.concatenate(areas))


def in_words(square_m: float) -> str:
    """An area as a sentence has it: km² of a district, whole m² of what is smaller, rounded up."""
    return f"{square_m / 1e6:,.2f} km²" if square_m >= SMALL_M2 else f"{math.ceil(square_m):,} m²"


def apart(shapes: Shapes) -> Shapes:
    """(n,) the same polygons without what an earlier one of them holds already."""
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    before = earlier < later
    later, earlier = later[before], earlier[before]
    order = np.lexsort((earlier, later))
    left = np.asarray(shapes, object).copy()
    for row, start, stop in _runs(later[order]):
        left[row] = shapely.difference(left[row], shapely.union_all(shapes[earlier[order[start:stop]]]))
    return left


def _by_unit(shapes: Shapes, borders: Shapes) -> tuple[Shapes, Integers, Integers]:
    """The pieces that units cut land into and what is in none of them, which land each is of, and in which unit."""
    land, unit = shapely.STRtree(borders).query(shapes, predicate="intersects")
    inside = shapely.intersection(shapes[land], borders[unit])
    outside = shapes.copy()
    for row, start, stop in _runs(land):
        outside[row] = shapely.difference(shapes[row], shapely.union_all(borders[unit[start:stop]]))
    of = np.concatenate([land, np.arange(len(shapes))])
    where = np.concatenate([unit, np.full(len(shapes), -1)]).astype(np.int64)
    order = np.lexsort((where, of))
    return _surfaces(np.concatenate([inside, outside]))[order], of[order], where[order]


def _runs(sorted_rows: Integers) -> Iterator[tuple[int, int, int]]:
    """Each row of an ascending array, and where it begins and ends."""
    rows, start = np.unique(sorted_rows, return_index=True)
    yield from zip(rows.tolist(), start.tolist(), np.append(start, len(sorted_rows))[1:].tolist(), strict=True)


def _surfaces(shapes: Shapes) -> Shapes:
    """(n,) the same shapes without the lines and points that a cut leaves beside surfaces."""
    shapes = shapes.copy()
    for row in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION).tolist():
        parts = shapely.get_parts(shapes[row])
        shapes[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == POLYGON])
    return shapes
