"""What the map and the papers show alike: the state of each place, colours of zones, and the country looked at."""

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demand import Demand
from planner.network import Flags, Floats, Integers, Shapes
from planner.run import Measured, Run
from planner.sited import SitedPlan
from planner.sources.coordinates import in_degrees

DEGREES = 6  # decimals of a longitude: 0.1 m
NEARLY_NONE = 0.2  # per cent of the places on either side that the opening view may leave out
COLOURS = 7  # told apart by those who see red and green alike
FAR_M = 250.0  # homes further apart than this are no neighbours
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


def neighbours_of(xy: Floats) -> Integers:
    """(k, 2) pairs of places (n, 2), in metres, with none between them."""
    if len(xy) < 3:  # noqa: PLR2004  (fewer make no triangle)
        return np.array([[0, 1]] if len(xy) > 1 else [], np.int64).reshape(-1, 2)
    points = shapely.points(xy)
    lines = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(points), only_edges=True))
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    ends = ends[np.hypot(*(ends[:, 1] - ends[:, 0]).T) <= FAR_M]
    tree = shapely.STRtree(points)
    return np.stack([tree.nearest(shapely.points(ends[:, end])) for end in (0, 1)], axis=1)


def colours_of(goes: list[Integers], neighbours: Integers, schools: int) -> Integers:
    """(schools,) a colour for each school to which somebody goes, so that zones that touch differ; -1 for the others.

    Zones touch where neighbouring homes (k, 2) go to two schools, in any of the ways (n,). Where more colours were
    needed than there are, some repeat.
    """
    graph = nx.Graph()
    graph.add_nodes_from(np.unique(np.concatenate(goes)).tolist())
    pairs = np.concatenate([np.sort(way[neighbours], axis=1) for way in goes])
    graph.add_edges_from(np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist())
    found = np.full(schools + 1, -1, np.int64)
    for school, colour in nx.greedy_color(graph, strategy="largest_first").items():
        found[school] = colour % COLOURS
    return found[:-1]  # behind them, who goes nowhere


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
