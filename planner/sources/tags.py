"""Features of an extract chosen by their tags, in metres. What the tags mean stands in data/places.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from planner.network import Flags, Floats, Integers, Shapes
from planner.sources.osm import Extract
from planner.written import written

Tags = Mapping[str, str]
Rule = Mapping[str, Sequence[str]]

POLYGON = 2  # dimensions
SLIVER_M2 = 0.01  # less is a rounding of coordinates


def tag_table() -> Mapping[str, Any]:
    """The tag table, by what is asked of it."""
    return written("places.yaml")


def matched(tags: Tags, rules: Sequence[Rule]) -> str:
    """The tag that decides, as `leisure=park`, of the first rule that holds; "" where none does."""
    for rule in rules:
        if all(_holds(tags.get(key), values) for key, values in rule.items()):
            key = next(iter(rule))
            return f"{key}={tags[key]}"
    return ""


def _holds(value: str | None, values: Sequence[str]) -> bool:
    if value is None:
        return all(pattern.startswith("!") for pattern in values)
    if value in values or (";" in value and not set(value.split(";")).isdisjoint(values)):
        return True
    refused = [pattern[1:] for pattern in values if pattern.startswith("!")]
    if refused:
        return not any(fnmatchcase(value, pattern) for pattern in refused)
    return any("*" in pattern and fnmatchcase(value, pattern) for pattern in values)


@dataclass(frozen=True)
class Layer:
    """n features in metres. Polygons are valid; what cannot be made a polygon is not here."""

    ids: NDArray[np.str_]  # (n,)  "way/12", ascending as in the extract
    tags: NDArray[np.object_]  # (n,)  dicts
    why: NDArray[np.str_]  # (n,)  the tag by which each was chosen, "leisure=park"
    geometry: Shapes  # (n,)

    def kept(self, keep: Flags | Integers) -> "Layer":
        """Only these features."""
        return Layer(self.ids[keep], self.tags[keep], self.why[keep], self.geometry[keep])

    @property
    def polygons(self) -> "Layer":
        """The features that have an area."""
        return self.kept(shapely.get_dimensions(self.geometry) == POLYGON)

    @property
    def names(self) -> NDArray[np.str_]:
        """(n,) as tagged, "" where unnamed."""
        return np.array([tags.get("name", "") for tags in self.tags], np.str_)

    @property
    def kinds(self) -> NDArray[np.str_]:
        """(n,) the value of the tag by which each was chosen, "park"."""
        return np.array([why.partition("=")[2] for why in self.why.tolist()], np.str_)

    def matches(self, rules: Sequence[Rule]) -> Flags:
        """(n,) the features for which one of the rules holds."""
        return np.array([bool(matched(tags, rules)) for tags in self.tags], bool)


def layer(extract: Extract, rules: Sequence[Rule], crs: CRS) -> Layer:
    """The features for which one of the rules holds, projected and repaired."""
    tags = np.asarray(extract.features["tags"], object)
    keys = {next(iter(rule)) for rule in rules}  # each decides for its rule, so one of them is there
    why = np.array(["" if keys.isdisjoint(each) else matched(each, rules) for each in tags], np.str_)
    rows = np.flatnonzero(why != "")
    geometry = repaired(in_metres(np.asarray(extract.features.geometry)[rows], crs))
    there = ~shapely.is_empty(geometry)
    rows = rows[there]
    return Layer(np.asarray(extract.features["osm_id"], np.str_)[rows], tags[rows], why[rows], geometry[there])


def in_metres(geometry: Shapes, crs: CRS) -> Shapes:
    """Shapes of EPSG:4326 in a metric system."""
    metric: Shapes = shapely.transform(np.asarray(geometry, object), _projection(crs).transform, interleaved=False)
    return metric


def projected(lonlat: Floats, crs: CRS) -> Floats:
    """Longitudes and latitudes (k, 2) in a metric system."""
    return np.column_stack(_projection(crs).transform(lonlat[:, 0], lonlat[:, 1]))


@cache
def _projection(crs: CRS) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)  # takes longer than a town's projection


def repaired(geometry: Shapes) -> Shapes:
    """Polygons made valid, without the lines and points that a repair leaves; other shapes as they are."""
    broken = ~shapely.is_valid(geometry) & (shapely.get_dimensions(geometry) == POLYGON)
    if not broken.any():
        return geometry
    geometry = geometry.copy()
    geometry[broken] = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
    return geometry


def overlap(geometry: Shapes, ground: Shapes) -> tuple[NDArray[np.float64], Integers]:
    """(n,) the share of each polygon that lies on the ground, and the ground with most of it (-1 = none).

    Grounds that overlap, such as a school drawn as a way and as a relation, count their common part once.
    """
    covered_m2, most = np.zeros(len(geometry)), np.full(len(geometry), -1, np.int64)
    polygon, on = shapely.STRtree(ground).query(geometry, predicate="intersects")
    common = shapely.intersection(geometry[polygon], ground[on])
    common_m2 = shapely.area(common)
    np.add.at(covered_m2, polygon, common_m2)
    several = (common_m2 > 0) & (np.bincount(polygon[common_m2 > 0], minlength=len(geometry)) > 1)[polygon]
    rows, row = np.unique(polygon[several], return_inverse=True)
    pieces = shapely.geometrycollections(common[several], indices=row)
    covered_m2[rows] = shapely.area(shapely.union_all(pieces[:, None], axis=1))
    least_first = np.lexsort((-on, common_m2))
    most[polygon[least_first]] = on[least_first]
    area_m2 = shapely.area(geometry)
    return np.divide(covered_m2, area_m2, out=np.zeros(len(geometry)), where=area_m2 > 0), most


def cut(polygon: shapely.Geometry, side_m: float) -> Shapes:
    """A polygon cut along the grid of a metric system, row by row from the south-west."""
    west, south, east, north = np.floor(shapely.bounds(polygon) / side_m) * side_m
    x, y = np.meshgrid(np.arange(west, east + side_m, side_m), np.arange(south, north + side_m, side_m))
    pieces = shapely.intersection(shapely.box(x, y, x + side_m, y + side_m).ravel(), polygon)
    return np.asarray(pieces[shapely.area(pieces) > SLIVER_M2], object)
