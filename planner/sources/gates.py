"""Where grounds are entered: mapped gates, paths that lead in, an open boundary towards a street."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.network import Flags, Floats, Integers, Shapes, WalkNetwork
from planner.sources.osm import Extract
from planner.sources.tags import POLYGON, Layer, layer, tag_table

GATE_M = 5.0  # a gate this near to the outline is in it
ENTRANCE_M = 1.0  # an entrance is drawn on the outline; further off it is the door of a house
ENTERS_M = 0.5  # a way that comes less far in only touches
FACING_M = 30.0  # an open boundary is entered from streets this near
SPACING_M = 50.0  # about one gate for so much open boundary
FENCE_M = 3.0  # a wall, fence or hedge this near to the boundary closes it
DRY_M = (100.0, 200.0, 400.0)  # how far a street on the own bank is looked for; further off nobody snaps
SAME_GATE_M = 5.0  # nearer gates are one gate
ORIGINS = ("mapped", "path", "boundary", "point")  # of two gates at one place the earlier kind stays


@dataclass(frozen=True)
class Gates:
    """g gates, in the order of their facilities; within one as in ORIGINS, then from west to east."""

    xy: Floats  # (g, 2)  metres
    facility: Integers  # (g,)  ascending
    origin: NDArray[np.str_]  # (g,)


@dataclass(frozen=True)
class Surroundings:
    """What decides where any ground of a city is entered, in metres."""

    streets: Shapes  # segments that one may snap to, those of no island
    gates: Shapes  # points
    entrances: Shapes  # points
    fences: Shapes  # lines along which one cannot enter, the outlines of fenced grounds among them
    network: WalkNetwork  # whose water nobody crosses between a street and a gate


def surroundings(extract: Extract, network: WalkNetwork) -> Surroundings:
    """The streets, gates, entrances and fences of a city."""
    table, crs = tag_table(), network.crs
    served = network.component_m[network.component[network.ends[:, 0]]] >= network.island_m
    fences = layer(extract, table["fence"], crs).geometry
    grounds = shapely.get_dimensions(fences) == POLYGON
    fences[grounds] = shapely.boundary(fences[grounds])
    return Surroundings(
        streets=shapely.linestrings(network.xy[network.ends[served]]),
        gates=_open_points(layer(extract, table["gate"], crs)),
        entrances=_open_points(layer(extract, table["entrance"], crs)),
        fences=fences[shapely.get_dimensions(fences) == 1],
        network=network,
    )


def _open_points(marks: Layer) -> Shapes:
    return marks.kept((shapely.get_dimensions(marks.geometry) == 0) & ~marks.matches(tag_table()["no_gate"])).geometry


def find_gates(geometry: Shapes, around: Surroundings, *, open_boundary: bool) -> Gates:
    """The gates of points and polygons (m,): at least one each, none on an island of the network.

    With `open_boundary`, a ground is entered wherever it faces a street and neither fence nor water lies
    between. A ground without any gate is entered at the point of its boundary nearest to a street on its
    own bank, or to any street where none is in reach. Holes of a polygon have no gates. A bridge over a
    ground is taken for a way into it: the network has no levels.
    """
    areas = np.flatnonzero(shapely.get_dimensions(geometry) == POLYGON)
    outline = _without_holes(geometry[areas])
    ring = shapely.boundary(outline)
    found = [_mapped(ring, around), _paths(outline, ring, around.streets)]
    found.append(_facing(outline, ring, around) if open_boundary else (np.empty(0, np.int64), np.empty((0, 2))))
    without = np.setdiff1d(np.arange(len(areas)), np.concatenate([ground for ground, _ in found]))
    nearest, at_nearest = _nearest(ring[without], around)
    found[-1] = (np.append(found[-1][0], without[nearest]), np.vstack([found[-1][1], at_nearest]))
    points = np.setdiff1d(np.arange(len(geometry)), areas)

    facility = np.concatenate([*(areas[ground] for ground, _ in found), points])
    xy = np.vstack([*(at for _, at in found), shapely.get_coordinates(geometry[points])])
    rank = np.repeat(np.arange(len(ORIGINS)), [*(len(ground) for ground, _ in found), len(points)])
    order = np.lexsort((xy[:, 1], xy[:, 0], rank, facility))
    order = order[_first_of_near(xy[order], facility[order])]
    return Gates(xy[order], facility[order].astype(np.int64), np.array(ORIGINS, np.str_)[rank[order]])


def _without_holes(polygons: Shapes) -> Shapes:
    part, whose = shapely.get_parts(polygons, return_index=True)
    filled = shapely.polygons(shapely.get_exterior_ring(part)) if len(part) else part
    outline = polygons.copy()
    alone = np.bincount(whose, minlength=len(polygons)) == 1
    outline[whose[alone[whose]]] = filled[alone[whose]]
    for several in np.flatnonzero(~alone):
        outline[several] = shapely.union_all(filled[whose == several])
    shapely.prepare(outline)
    return outline


def _pieces(streets: Shapes) -> Shapes:
    """Segments cut so that none is longer than SPACING_M, for each faces a boundary once."""
    ends = shapely.get_coordinates(streets).reshape(-1, 2, 2)
    count = np.maximum(np.ceil(shapely.length(streets) / SPACING_M), 1).astype(np.int64)
    whole = np.repeat(np.arange(len(streets)), count)
    step = np.arange(len(whole)) - np.repeat(np.cumsum(count) - count, count)
    share = np.stack([step, step + 1], axis=1) / count[whole, None]
    start, along = ends[whole, 0], ends[whole, 1] - ends[whole, 0]
    pieces: Shapes = shapely.linestrings(start[:, None] + share[:, :, None] * along[:, None])
    return pieces


def _mapped(ring: Shapes, around: Surroundings) -> tuple[Integers, Floats]:
    """The gates and entrances that somebody drew, moved onto the outline: a walk ends where the ground begins."""
    gate = shapely.STRtree(around.gates).query(ring, predicate="dwithin", distance=GATE_M)
    entrance = shapely.STRtree(around.entrances).query(ring, predicate="dwithin", distance=ENTRANCE_M)
    facility = np.append(gate[0], entrance[0])
    points = np.concatenate([around.gates[gate[1]], around.entrances[entrance[1]]])
    leg = shapely.shortest_line(ring[facility], points)
    return facility, shapely.get_coordinates(leg).reshape(-1, 2, 2)[:, 0]


def _paths(outline: Shapes, ring: Shapes, streets: Shapes) -> tuple[Integers, Floats]:
    """Where a street that comes ENTERS_M in meets the outline."""
    well_in = shapely.buffer(outline, -ENTERS_M, join_style="mitre")
    facility, street = shapely.STRtree(streets).query(well_in, predicate="intersects")
    meets = shapely.intersection(streets[street], ring[facility])
    point, pair = shapely.get_parts(meets, return_index=True)
    at_a_point = shapely.get_dimensions(point) == 0
    return facility[pair[at_a_point]], shapely.get_coordinates(point[at_a_point]).reshape(-1, 2)


def _facing(outline: Shapes, ring: Shapes, around: Surroundings) -> tuple[Integers, Floats]:
    """The open positions of each boundary that are nearest to a street outside, one every SPACING_M or so."""
    pieces = _pieces(around.streets)
    facility, piece = shapely.STRtree(pieces).query(ring, predicate="dwithin", distance=FACING_M)
    leg = shapely.shortest_line(ring[facility], pieces[piece])
    ends = shapely.get_coordinates(leg).reshape(-1, 2, 2)
    here, street = ends.transpose(1, 0, 2)
    open_here = ~shapely.contains_xy(outline[facility], street[:, 0], street[:, 1])
    open_here &= ~_closed(here, leg, around.fences) & ~around.network.crosses_water(ends)
    facility, here, leg = facility[open_here], here[open_here], leg[open_here]
    along_m = shapely.line_locate_point(ring[facility], shapely.points(here))
    stretch = np.floor(along_m / SPACING_M)
    order = np.lexsort((along_m, shapely.length(leg), stretch, facility))
    facility, stretch, here = facility[order], stretch[order], here[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(facility) != 0) | (np.diff(stretch) != 0)
    return facility[new], here[new]


def _closed(here: Floats, leg: Shapes, fences: Shapes) -> Flags:
    """The positions by a fence, and those with one on the way from the street."""
    closed = np.zeros(len(here), bool)
    tree = shapely.STRtree(fences)
    closed[tree.query(shapely.points(here), predicate="dwithin", distance=FENCE_M)[0]] = True
    closed[tree.query(leg, predicate="intersects")[0]] = True
    return closed


def _nearest(ring: Shapes, around: Surroundings) -> tuple[Integers, Floats]:
    """The point of each boundary nearest to a street, without water between where that can be had."""
    tree = shapely.STRtree(around.streets)
    which, street = tree.query_nearest(ring, all_matches=False)
    legs = _legs(ring[which], around.streets[street])
    wet = np.flatnonzero(around.network.crosses_water(legs))
    for within_m in DRY_M:
        row, street = tree.query(ring[which[wet]], predicate="dwithin", distance=within_m)
        tried = _legs(ring[which[wet[row]]], around.streets[street])
        dry = ~around.network.crosses_water(tried)
        row, street, tried = row[dry], street[dry], tried[dry]
        length_m = np.hypot(*(tried[:, 1] - tried[:, 0]).T)
        furthest_first = np.lexsort((street, length_m, row))[::-1]  # so that the nearest is written last
        legs[wet[row[furthest_first]]] = tried[furthest_first]
        wet = np.delete(wet, np.unique(row))
    return which, legs[:, 0]


def _legs(ring: Shapes, streets: Shapes) -> Floats:
    """(n, 2, 2) the shortest way from each boundary to its street."""
    legs: Floats = shapely.get_coordinates(shapely.shortest_line(ring, streets)).reshape(-1, 2, 2)
    return legs


def _first_of_near(xy: Floats, facility: Integers) -> Flags:
    """(g,) false for a gate within SAME_GATE_M of an earlier one that stays, of the same facility."""
    stays = np.ones(len(xy), bool)
    points = shapely.points(xy)
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=np.nextafter(SAME_GATE_M, 0))
    pairs = np.flatnonzero((one < other) & (facility[one] == facility[other]))
    for pair in pairs[np.lexsort((other[pairs], one[pairs]))]:
        if stays[one[pair]]:
            stays[other[pair]] = False
    return stays
