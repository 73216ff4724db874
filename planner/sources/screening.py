"""Plots of open ground on a grid: where a site would do most good, asked before anybody lists parcels."""

import numpy as np
import shapely

from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.network import Flags, Floats, Shapes, WalkNetwork
from planner.sources.gates import find_gates, surroundings
from planner.sources.osm import Extract
from planner.sources.sea import sea
from planner.sources.tags import POLYGON, layer, tag_table

STREET_SIDE_M = 3.0  # a plot keeps this far from the middle of a street
TO_STREET_M = 30.0  # … and has a street this near
USED = ("building", "grounds", "other_land", "not_open")  # rules of the tag table
TRIES = ((0.0, 0.0), (-0.3, 0.0), (0.3, 0.0), (0.0, -0.3), (0.0, 0.3))  # positions within a cell, shares of its side


def open_ground(
    extract: Extract,
    network: WalkNetwork,
    *,
    homes: Floats,
    grid_m: float,
    area_m2: float,
    standing: Facilities,
    service: str,
) -> Facilities:
    """At most one square plot of `area_m2` in each cell of a grid over the homes (n, 2), status "candidate".

    A plot lies on no building, water, sea, school ground, land of another use or standing facility and
    not on a street, but has one within 30 m. The extract does not know who owns it: an answer on such
    plots says where to look for land, not which parcel to buy. Ids count cells from the south-west, "ground/12-7".
    """
    side_m = float(np.sqrt(area_m2))
    if not 0 < side_m <= grid_m:
        raise QuestionError(f"A plot of {area_m2:g} m² does not fit a grid of {grid_m:g} m. Widen grid_m.")
    street_tree = shapely.STRtree(shapely.linestrings(network.xy[network.ends]))
    frame = shapely.box(*(homes.min(axis=0) - grid_m), *(homes.max(axis=0) + grid_m))
    occupied = shapely.STRtree(np.concatenate([_taken(extract, network, frame), standing.geometry]))

    south_west = np.floor(homes.min(axis=0) / grid_m) * grid_m
    cells = np.unique(np.floor((homes - south_west) / grid_m).astype(np.int64), axis=0)  # only where people live
    middle = south_west + (cells + 0.5) * grid_m
    plot = np.empty(len(cells), object)
    for across, up in TRIES:
        open_cells = np.flatnonzero(plot == None)  # noqa: E711  (an array of shapes)
        tried = _squares(middle[open_cells] + np.array([across, up]) * (grid_m - side_m), side_m)
        free = _free(tried, occupied, street_tree)
        plot[open_cells[free]] = tried[free]
    found = np.flatnonzero(plot != None)  # noqa: E711
    gates = find_gates(plot[found], surroundings(extract, network), open_boundary=True)
    ids = np.array([f"ground/{column}-{row}" for column, row in cells[found]], np.str_)
    return Facilities(
        ids=ids,
        names=np.full(len(ids), "", np.str_),
        service=service,
        status="candidate",
        geometry=plot[found],
        area_m2=np.full(len(ids), float(area_m2)),
        gate_xy=gates.xy,
        gate_facility=gates.facility,
        gate_origin=gates.origin,
        crs=network.crs,
        kind=np.full(len(ids), "open ground"),
    )


def open_water(extract: Extract, network: WalkNetwork, frame: shapely.Polygon) -> Shapes:
    """The water of a frame: surfaces, rivers that are lines, and the sea."""
    table, crs = tag_table(), network.crs
    water = layer(extract, [*table["map_water"], *table["map_waterway"]], crs).geometry
    coast = layer(extract, table["map_coast"], crs).geometry
    shore = coast[shapely.get_dimensions(coast) < POLYGON]
    wet: Shapes = np.concatenate([water[shapely.get_dimensions(water) > 0], network.barriers, sea(shore, frame)])
    return wet


def _taken(extract: Extract, network: WalkNetwork, frame: shapely.Polygon) -> Shapes:
    """What no plot may lie on: ground in use, and water."""
    table = tag_table()
    used = [layer(extract, table[rules], network.crs).polygons.geometry for rules in USED]
    return np.concatenate([*used, open_water(extract, network, frame)])


def _squares(middle: Floats, side_m: float) -> Shapes:
    x, y = middle.T
    half = side_m / 2
    squares: Shapes = shapely.box(x - half, y - half, x + half, y + half)
    return squares


def _free(squares: Shapes, occupied: shapely.STRtree, streets: shapely.STRtree) -> Flags:
    """(n,) the squares that lie on nothing and have a street beside them."""
    free = np.zeros(len(squares), bool)
    free[streets.query(squares, predicate="dwithin", distance=TO_STREET_M)[0]] = True
    free[streets.query(squares, predicate="dwithin", distance=STREET_SIDE_M)[0]] = False
    free[occupied.query(squares, predicate="intersects")[0]] = False
    return free
