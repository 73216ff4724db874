"""Extracts drawn in letters, ten metres a cell, for the tests of what is read from tags."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from planner.network import WalkNetwork
from planner.sources.osm import Extract, Way
from tests.towns import CHUANHUI

ORIGIN = np.array([560_000.0, 3_720_000.0])  # the south-west corner of every drawing
CELL_M = 10.0
TO_DEGREES = Transformer.from_crs(CHUANHUI, "EPSG:4326", always_xy=True)


def drawn(picture, legend=None, *, streets=(), more=(), highway="residential", island_m=0.0):
    """An extract and its network from a picture, whose letters are polygons with the tags of the legend.

    `more` holds (tags, shape in metres from the south-west corner), `streets` polylines in the same metres.
    Ids count the features: letters as they stand in the legend, then `more`.
    """
    rows = [line.strip() for line in picture.strip().splitlines()][::-1] if picture.strip() else []
    shapes = []
    for letter, tags in (legend or {}).items():
        cells = [(x, y) for y, row in enumerate(rows) for x, each in enumerate(row) if each == letter]
        boxes = [shapely.box(x, y, x + 1, y + 1) for x, y in cells]
        shapes.append((tags, shapely.transform(shapely.union_all(boxes), lambda xy: xy * CELL_M)))
    shapes += more
    kinds = {"Point": "node", "Polygon": "way", "LineString": "way", "MultiPolygon": "relation"}
    features = gpd.GeoDataFrame(
        {
            "osm_id": [f"{kinds[shape.geom_type]}/{number}" for number, (_, shape) in enumerate(shapes, 1)],
            "tags": [tags for tags, _ in shapes],
        },
        geometry=np.array([in_degrees(shape) for _, shape in shapes], object),
        crs="EPSG:4326",
    )
    corners = np.array([corner for street in streets for corner in street], float).reshape(-1, 2)
    at, node = np.unique(corners, axis=0, return_inverse=True)
    runs = np.split(node.ravel(), np.cumsum([len(street) for street in streets])[:-1]) if streets else []
    extract = Extract(
        source="drawn",
        digest="",
        data_date="",
        synthetic=True,
        node_ids=np.arange(len(at)),
        node_lonlat=np.array([shapely.get_coordinates(in_degrees(shapely.Point(*each)))[0] for each in at]),
        ways=tuple(Way(1000 + i, tuple(run.tolist()), {"highway": highway}) for i, run in enumerate(runs)),
        features=features,
    )
    ends = [pair for run in runs for pair in pairwise(run)]
    network = WalkNetwork.from_segments(at + ORIGIN, np.array(ends, int), crs=CHUANHUI, island_m=island_m)
    return extract, network


def in_degrees(shape):
    return shapely.transform(shape, lambda xy: np.stack(TO_DEGREES.transform(*(xy + ORIGIN).T), axis=1))


def gates(facilities, facility=0):
    """The gates of one facility as {(x, y): origin}, in whole metres from the south-west corner."""
    chosen = facilities.gate_facility == facility
    at = (facilities.gate_xy[chosen] - ORIGIN).round().astype(int).tolist()
    return dict(zip(map(tuple, at), facilities.gate_origin[chosen].tolist(), strict=True))
