"""OpenStreetMap from an extract (.osm.pbf, .osm): ways with their nodes, and features with their tags."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import wkb

from planner.errors import ExtractError
from planner.network import Floats, metric_crs

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
MADE_UP = "planner made-up city"  # the generator named in the header of an extract that made_up.py wrote

# What is read besides highways. Everything else in the extract is passed over.
FEATURE_KEYS = (
    "amenity",
    "boundary",
    "building",
    "healthcare",
    "landuse",
    "leisure",
    "natural",
    "office",
    "place",
    "shop",
    "social_facility",
    "waterway",
    "barrier",
    "entrance",
)


@dataclass(frozen=True)
class Way:
    """A highway as it stands in the extract, with the nodes that the extract holds."""

    id: int
    nodes: tuple[int, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Extract:
    """The part of an OpenStreetMap file that planner reads, in EPSG:4326.

    `features` has the columns `osm_id` ("node/1", "way/2", "relation/3"), `tags` (dict) and `geometry`:
    points, lines (waterways, coastline, barriers) and polygons (closed ways and multipolygons).
    """

    source: str
    digest: str  # sha256 of the file
    data_date: str  # ISO date of the data, "" where the file does not say
    synthetic: bool
    node_ids: NDArray[np.int64]  # (k,)  ascending; the nodes of `ways`
    node_lonlat: Floats  # (k, 2)
    ways: tuple[Way, ...]  # highways, by ascending id
    features: gpd.GeoDataFrame
    counts: Mapping[str, int] = field(default_factory=dict)  # what was survived: clipped ways, missing nodes
    attribution: str = ATTRIBUTION

    @cached_property
    def crs(self) -> CRS:
        """The metric system in which this city is computed."""
        lonlat = self.node_lonlat if len(self.node_lonlat) else shapely.get_coordinates(self.features.geometry)
        return metric_crs(*np.median(lonlat, axis=0))
