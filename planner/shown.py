"""What the map and the papers show alike: the state of each place, and the part of the country that is looked at."""

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demand import Demand
from planner.network import Flags, Floats, Shapes
from planner.run import Measured, Run
from planner.sited import SitedPlan
from planner.sources.coordinates import in_degrees

DEGREES = 6  # decimals of a longitude: 0.1 m
NEARLY_NONE = 0.2  # per cent of the places on either side that the opening view may leave out
MOST_EMPTY = 2.0  # times the width of the city: what would widen the opening view beyond this stays out of it

# What a place's state is drawn as: one character a place, so that a standard weighs little.
COVERED, NEWLY, UNCOVERED, NOT_COUNTED = "0", "1", "2", "3"


def sites_inside(sited: SitedPlan) -> Floats:
    """(p, 2) a point inside each chosen site, in metres."""
    xy: Floats = shapely.get_coordinates(shapely.point_on_surface(sited.candidates.geometry[sited.plan.sites]))
    return xy


def site_degrees(sited: SitedPlan) -> Floats:
    """(p, 2) longitude and latitude (WGS84) of a point inside each chosen site."""
    return np.round(in_degrees(sites_inside(sited), sited.candidates.crs), DEGREES)


def inhabited(demand: Demand) -> Flags:
    """(n,) the places with residents. A block where nobody lives is neither covered nor uncovered."""
    return demand.people[:, 0] > 0


def states(measured: Measured, counted: Flags) -> NDArray[np.str_]:
    """(n,) one character a place: what the plan changes for it."""
    before, after = measured.before.covered, measured.after.covered
    return np.select([~counted & ~after, after & before, after], [NOT_COUNTED, COVERED, NEWLY], UNCOVERED)


def not_homes(buildings: Shapes, demand: Demand) -> Shapes:
    """The buildings that are not drawn as homes already."""
    homes = set(shapely.to_wkb(demand.geometry))
    others: Shapes = buildings[np.array([shape not in homes for shape in shapely.to_wkb(buildings)], bool)]
    return others


def view(run: Run) -> Floats:
    """(2, 2) lower left and upper right corner, in metres: everybody, the study area and the candidates.

    A study area that is mostly empty land or sea is passed over. Without one, a few homes far out do not
    shrink the city.
    """
    homes = run.demand.xy[inhabited(run.demand)]
    outline = run.base_map.outline
    inside = shapely.intersects_xy(shapely.union_all(outline), homes)
    seen = _box(homes[inside], 0.0) if inside.any() else _box(homes, NEARLY_NONE)
    widest = MOST_EMPTY * np.ptp(seen, axis=0).max()
    for shapes in filter(len, [outline, *(sited.candidates.geometry for sited in run.plans)]):
        lower_left, upper_right = shapely.total_bounds(shapes).reshape(2, 2)
        both = np.array([np.minimum(seen[0], lower_left), np.maximum(seen[1], upper_right)])
        if np.ptp(both, axis=0).max() <= widest:
            seen = both
    return seen


def _box(xy: Floats, out: float) -> Floats:
    """(2, 2) lower left and upper right corner of points, leaving `out` per cent of them out on either side."""
    corners: Floats = np.percentile(xy, [out, 100 - out], axis=0)
    return corners
