"""The sea, for the map: OpenStreetMap draws only its coastline, with the land on the left."""

import numpy as np
import shapely

from planner.network import Shapes

OFFSHORE_M = 1.0  # how far beside a coast segment its water is asked for
MOSTLY = 0.9  # of the coast segments in a face that must say water; a coast that is cut leaves faces in doubt


def sea(coast: Shapes, frame: shapely.Polygon) -> Shapes:
    """The water within a frame, as polygons, from coastlines (metres) that keep the land on their left.

    Where an extract cuts the coastline inside the frame, the water is closed off by the shortest way to the
    frame's edge: beyond the cut nobody knows the shore. Faces in which most of the coast says land stay land.
    """
    lines = shapely.get_parts(shapely.intersection(coast, frame))
    lines = shapely.get_parts(lines[shapely.get_dimensions(lines) == 1])
    if not len(lines):
        return np.empty(0, object)
    edge = shapely.boundary(frame)
    closings = shapely.shortest_line(_loose_ends(lines), edge)
    noded = shapely.union_all(np.concatenate([lines, closings, [edge]]))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    along = line[1:] == line[:-1]
    start, end = xy[:-1][along], xy[1:][along]
    step = (end - start) / np.maximum(np.hypot(*(end - start).T), OFFSHORE_M)[:, None]
    right = np.stack([step[:, 1], -step[:, 0]], axis=1) * OFFSHORE_M
    votes = np.zeros((2, len(faces)))
    for row, side in enumerate((right, -right)):
        face = shapely.STRtree(faces).query(shapely.points((start + end) / 2 + side), predicate="within")[1]
        np.add.at(votes[row], face, 1)
    water, land = votes
    wet: Shapes = faces[(water > 0) & (water >= MOSTLY * (water + land))]
    return wet


def _loose_ends(lines: Shapes) -> Shapes:
    """Where the joined coast begins or ends: points that an odd number of lines share."""
    ends = shapely.get_point(np.concatenate([lines, lines]), np.repeat([0, -1], len(lines)))
    xy, count = np.unique(shapely.get_coordinates(ends), axis=0, return_counts=True)
    loose: Shapes = shapely.points(xy[count % 2 == 1])
    return loose
