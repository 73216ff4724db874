"""Geometry → whole numbers for the page: degrees in small steps, each trace as differences.

A trace is a flat list `[lon, lat, Δlon, Δlat, …]`: one point, one line, or one ring without its closing
point. Outer rings run anticlockwise and holes clockwise, so the page may fill overlapping shapes as one.
"""

from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Transformer

from planner.network import Floats, Shapes

DISPLAY = 5  # decimals of a degree, about 1 m: enough to look at
SITE = 6  # for what is sited

Traces = list[list[list[int]]]  # shapes → traces → numbers

SMOOTHED_M = 1.0  # what is not read off the map may be off by this

AREA = 3  # shapely's type id of a polygon


def degrees(xy: Floats, crs: CRS) -> Floats:
    """(n, 2) longitude and latitude of coordinates in `crs`."""
    return np.column_stack(_to_degrees(crs).transform(xy[:, 0], xy[:, 1]))


@cache
def _to_degrees(crs: CRS) -> Transformer:
    """Kept, because finding the way between two systems takes PROJ a tenth of a second."""
    return Transformer.from_crs(crs, 4326, always_xy=True)


def traces(shapes: Shapes, crs: CRS, *, decimals: int = DISPLAY) -> Traces:
    """The traces of each shape, in the order of the shapes; none for an empty or missing one."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    open_ended = shapely.get_type_id(parts) != AREA
    pieces = np.concatenate([parts[open_ended], rings])
    shape = np.concatenate([owner[open_ended], owner[part]])
    closed = np.repeat([False, True], [int(open_ended.sum()), len(rings)])
    order = np.argsort(shape, kind="stable")
    result: Traces = [[] for _ in range(len(shapes))]
    for index, trace in zip(shape[order], _steps(pieces[order], closed[order], crs, decimals), strict=True):
        result[index].append(trace)
    return result


def steps(lonlat: Floats, *, decimals: int = DISPLAY) -> list[int]:
    """Points (n, 2) in degrees as one trace, `[lon, lat, Δlon, Δlat, …]`; none is left out, wherever they lie."""
    place = np.rint(lonlat * 10**decimals).astype(np.int64)
    return np.diff(place, axis=0, prepend=0).ravel().tolist()  # type: ignore[no-any-return]


def _steps(pieces: Shapes, closed: np.ndarray, crs: CRS, decimals: int) -> list[list[int]]:
    """Each point, line or ring as one trace; a step of nothing and a ring's way home are left out."""
    if not len(pieces):
        return []
    xy, piece = shapely.get_coordinates(pieces, return_index=True)
    place = np.rint(degrees(xy, crs) * 10**decimals).astype(np.int64)
    first = np.flatnonzero(np.diff(piece, prepend=-1))
    step = np.diff(place, axis=0, prepend=0)
    step[first] = place[first]
    keep = (step != 0).any(axis=1)
    keep[np.append(first[1:], len(piece))[closed] - 1] = False
    keep[first] = True
    cuts = np.cumsum(np.bincount(piece[keep], minlength=len(pieces)))[:-1]
    return [part.ravel().tolist() for part in np.split(step[keep], cuts)]


def smoothed(shapes: Shapes) -> Shapes:
    """The same shapes with fewer corners, off by at most SMOOTHED_M, in the same order: for looking only."""
    simple: Shapes = shapely.simplify(shapes, SMOOTHED_M)
    return simple
