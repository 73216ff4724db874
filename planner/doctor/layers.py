"""What is wrong with a layer before anything is made of it: its encoding, its names, its system, its datum."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import geopandas as gpd
import numpy as np
import shapely

from planner.city import City, how_to_read
from planner.doctor.findings import Finding, few
from planner.network import Shapes
from planner.provisions import provision
from planner.scenario import Layer, SiteLayer
from planner.scenario.land import LandLayer
from planner.scenario.people import Areas, PeopleLayer, Totals, TreeLevel
from planner.sources import datum, layers
from planner.sources.coordinates import WEB_MERCATOR

EDGE_M = 25.0  # between the points along an edge


def read(layer: Layer, city: City, where: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """The rows of a layer, and what is noticed while they are read. Raises what a run would raise."""
    path = layer.file.path
    with _heard() as said:
        table = layers.read_layer(path, **how_to_read(layer, city))
    found = [
        Finding("warning", "encoding", where, sentence.removesuffix("."), _encoding_remedy(layer)) for sentence in said
    ]
    found += _cut_names(layer, table, where)
    if table.crs is not None and table.crs.to_epsg() == WEB_MERCATOR and getattr(layer, "area", None):
        found.append(
            Finding(
                "warning",
                "crs",
                where,
                f"{layer.file} is in Web Mercator, in which areas are too large, and its areas come from a column",
                f"Measure the column {getattr(layer, 'area', '')!r} anew in {city.crs.name}, or leave `area` out.",
            )
        )
    return table, found


def displaced(
    shapes: Shapes, city: City, *, where: str, what: str, declared: str | None, reason: str | None = None
) -> list[Finding]:
    """What the streets say of the datum of a layer in China; areas of people are judged by their edges.

    Where the streets tell nothing, the datum must come from elsewhere: that is told, unless one is declared.
    """
    if not datum.in_china(city.crs) or not len(shapes):
        return []
    fit = datum.fit(shapes, city.network, declared=declared or "wgs84")
    if fit.datum:
        taken = f"{what} is declared as {declared}, but " if declared else f"{what}: "
        kept = f" The scenario keeps it: {reason}" if reason else ""
        remedy = f"Check where it comes from; if the streets are right, declare its datum, {fit.datum}.{kept}"
        return [Finding("warning", "datum", where, taken + fit.sentence(), remedy)]
    if fit.judged or declared is not None:
        return []
    few = fit.near < datum.FEW
    why = f"only {fit.near:,} of its places are near a street, too few" if few else "it follows no streets"
    return [
        Finding(
            "note",
            "datum",
            where,
            f"{what}: whether web maps displaced it cannot be judged: {why}",
            "Ask where it comes from, and declare its datum: wgs84, cgcs2000, gcj02 or bd09.",
        )
    ]


def edges(areas: Shapes) -> Shapes:
    """Points along the edges of areas, which streets often follow, where the areas themselves tell nothing."""
    along = shapely.segmentize(shapely.boundary(areas), EDGE_M)
    points: Shapes = shapely.points(np.unique(shapely.get_coordinates(along).round(2), axis=0))
    return points


def twice(layer: Layer, table: gpd.GeoDataFrame, city: City, where: str) -> list[Finding]:
    """Rows of a layer that stand at one place; identical polygons count as well."""
    if isinstance(layer, Totals | Areas | TreeLevel):
        return []
    middle = shapely.point_on_surface(metric(table, city))
    near_m = provision("doctor.same-place").number
    one, other = shapely.STRtree(middle).query(middle, predicate="dwithin", distance=near_m)
    later = np.unique(other[one < other])
    if not len(later):
        return []
    return [
        Finding(
            "warning",
            "duplicates",
            where,
            f"{len(later):,} of {len(table):,} rows of {layer.file} stand within {near_m:g} m of an earlier row",
            "Remove rows that repeat others, or they are counted twice; leave them where they are different places.",
            few(f"row {row + 1}" for row in later.tolist()),
        )
    ]


def metric(table: gpd.GeoDataFrame, city: City) -> Shapes:
    """The shapes of a layer in the metres of the city."""
    shapes: Shapes = np.asarray(table.to_crs(city.crs).geometry.to_numpy(), object)
    return shapes


def _wanted(layer: Layer) -> list[str]:
    """The columns that a scenario names."""
    names = [layer.id, layer.name, layer.lon, layer.lat]
    if isinstance(layer, PeopleLayer):
        names += [layer.people, *layer.groups.values()]
    if isinstance(layer, Totals):
        names.append(layer.people)
    if isinstance(layer, SiteLayer):
        names += [layer.area, layer.capacity]
    if isinstance(layer, LandLayer):
        names.append(layer.code)
    return [name for name in names if name]


def _cut_names(layer: Layer, table: gpd.GeoDataFrame, where: str) -> list[Finding]:
    wanted = _wanted(layer)
    cut = {
        name: column
        for name, column in zip(wanted, layers.find_columns(table, layer.file.path, *wanted), strict=True)
        if name != column
    }
    if not cut:
        return []
    return [
        Finding(
            "note",
            "cut names",
            where,
            f"{len(cut)} column names of {layer.file} are cut at {layers.CUT_BYTES} bytes and matched by what is left",
            "Nothing, if these are the columns meant; a GeoPackage keeps names whole.",
            few(f"{name} → {column}" for name, column in cut.items()),
        )
    ]


def _encoding_remedy(layer: Layer) -> str:
    beside = f", or put {layer.file.path.stem}.cpg with the text GB18030 beside it" if _is_shapefile(layer) else ""
    return f"Look whether the names read well, then declare `encoding: GB18030`{beside}."


def _is_shapefile(layer: Layer) -> bool:
    return layer.file.path.suffix.lower() == ".shp"


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the reader of layers warns of meanwhile."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(logging.WARNING)
    layers.log.addHandler(listener)
    try:
        yield said
    finally:
        layers.log.removeHandler(listener)
