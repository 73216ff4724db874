"""Land cut into faces, each wholly within the service areas of the same sites: no sample, no point for an area.

A question about square metres so becomes one about rows, as the questions about people are.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from planner.network import Floats, Integers, Shapes

BESIDE_M = 1.0  # borders are drawn so far beyond a piece of land, that no rounding keeps them from crossing it


@dataclass(frozen=True)
class Faces:
    """n faces of land and those of m sites within whose service area each lies: none over another, none left out."""

    area_m2: Floats  # (n,)
    xy: Floats  # (n, 2)  a point inside each
    face: Integers  # (entries,)  ascending
    site: Integers  # (entries,)


def cut_into_faces(shapes: Shapes, areas: Shapes) -> Faces:
    """The faces into which the borders of service areas (m,) cut pieces of land that lie apart.

    Each piece is cut by itself: the borders that cross it are noded together with its own outline (robust overlay
    of GEOS), and the rings between the nodes are its faces. Their areas add up to the land's but for the rounding of
    corners.

    Church & Murray (2018), Location Covering Models, ch. 4; the demand is exact, as no point stands for an area.
    """
    land = shapely.get_parts(np.asarray(shapes, object))
    land = land[shapely.area(land) > 0]
    pieces = [_cut(piece, borders) for piece, borders in zip(land, _borders(land, areas), strict=True)]
    faces = np.concatenate([np.empty(0, object), *pieces])
    inside = shapely.point_on_surface(faces)
    shapely.prepare(areas)
    site, face = shapely.STRtree(inside).query(areas, predicate="contains")
    order = np.lexsort((site, face))
    xy = shapely.get_coordinates(inside)
    return Faces(shapely.area(faces), xy, face[order].astype(np.int64), site[order].astype(np.int64))


def _borders(land: Shapes, areas: Shapes) -> list[Shapes]:
    """For each piece of land the borders of service areas that cross it, cut off a little beyond it."""
    lines = shapely.boundary(areas)
    piece, area = shapely.STRtree(lines).query(land, predicate="intersects")
    frames = shapely.box(*(shapely.bounds(land) + BESIDE_M * np.array([-1, -1, 1, 1])).T)
    crossing = shapely.intersection(lines[area], frames[piece])
    bounds = np.searchsorted(piece, np.arange(len(land) + 1))
    return [crossing[start:stop] for start, stop in pairwise(bounds.tolist())]


def _cut(piece: shapely.Geometry, borders: Shapes) -> Shapes:
    """The faces of one piece of land."""
    if not len(borders):
        return np.array([piece], object)
    rings = shapely.get_parts(shapely.polygonize([shapely.union_all([*borders, shapely.boundary(piece)])]))
    shapely.prepare(piece)
    return np.asarray(rings[shapely.intersects(piece, shapely.point_on_surface(rings))], object)
