"""Heights of street nodes from a height model of the ground (DEM)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from planner.errors import CrsError, DataError, first
from planner.network import Flags, Floats, WalkNetwork
from planner.provisions import provision
from planner.sources.coordinates import in_degrees

FOOT = ("ft", "feet", "foot", "us survey foot", "us-ft")
M_PER_DEGREE = 111_320.0  # of latitude


def with_heights(network: WalkNetwork, path: str | Path, *, smooth_m: float | None = None) -> WalkNetwork:
    """The network with the height of the ground at each node, bilinear, in the metres of the model.

    A model of 30 m is noisy: it is smoothed first (Gauss, σ = `smooth_m`, by default that of the provision
    `height.smooth`), so that the slope of a short segment is that of the ground around it. Bridges and tunnels do not
    follow the ground: their heights lie between those of their ends, evenly along the way. The model may be in any
    reference system. Refused: no system, several bands, feet, nodes outside the model, nodes without a value.
    """
    import rasterio  # noqa: PLC0415  (GDAL takes a while to load)
    from rasterio.errors import RasterioIOError  # noqa: PLC0415

    path = Path(path)
    try:
        with rasterio.open(path) as model:
            _check(model, path.name)
            crs, transform = CRS.from_wkt(model.crs.to_wkt()), model.transform
            ground = model.read(1, masked=True)
    except RasterioIOError as error:
        raise DataError(f"{path.name} cannot be read as a height model: {error}. Give a GeoTIFF of heights.") from error
    valid = ~np.ma.getmaskarray(ground) & np.isfinite(ground.data)
    metres = np.where(valid, ground.data.astype(np.float64), 0.0)
    sigma_m = provision("height.smooth").number if smooth_m is None else smooth_m
    to_model = Transformer.from_crs(network.crs, crs, always_xy=True)
    x, y = to_model.transform(network.xy[:, 0], network.xy[:, 1])
    row, column = _cells(transform, x, y)
    _check_covered(network, row, column, ground.shape, path.name, swapped=_cells(transform, y, x))
    cell_m = _cell_m(transform, crs, float(np.median(y)))
    smooth, weight = (gaussian_filter(each, [sigma_m / side for side in cell_m]) for each in (metres, valid * 1.0))
    smooth = np.divide(smooth, weight, out=np.zeros(weight.shape), where=weight > 0)
    height, known = _bilinear(smooth, valid, row, column)
    if not known.all():
        lost = in_degrees(network.xy[~known][:5], network.crs)
        raise DataError(
            f"{path.name} has no height at {int((~known).sum()):,} of {len(known):,} street nodes "
            f"({first([f'({lon:.5f}, {lat:.5f})' for lon, lat in lost])}). Fill its gaps, or take another model."
        )
    return replace(network, height_m=_bridged(network, height))


def _check(model: Any, name: str) -> None:
    """Refuse a model of which nobody knows what its numbers are."""
    bands, crs, units = (getattr(model, each) for each in ("count", "crs", "units"))
    if bands != 1:
        raise DataError(f"{name} has {bands} bands, and a height model has one. Give the band of heights alone.")
    if crs is None:
        raise CrsError(f"{name} does not say its reference system. Write it into the file (gdal_edit -a_srs).")
    if (units[0] or "").lower() in FOOT:
        raise DataError(f"{name} is in {units[0]}. Convert it to metres.")


def _cells(transform: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Row and column of points, counted from the middles of cells."""
    a, b, c, d, e, f = (getattr(transform, each) for each in "abcdef")
    det = a * e - b * d
    column = (e * (np.asarray(x) - c) - b * (np.asarray(y) - f)) / det - 0.5
    row = (a * (np.asarray(y) - f) - d * (np.asarray(x) - c)) / det - 0.5
    return row, column


def _within(row: Floats, column: Floats, shape: tuple[int, int]) -> Flags:
    """(v,) which points lie in a cell."""
    inside: Flags = (np.abs(row - (shape[0] - 1) / 2) <= shape[0] / 2) & (
        np.abs(column - (shape[1] - 1) / 2) <= shape[1] / 2
    )
    return inside


def _check_covered(
    network: WalkNetwork,
    row: Floats,
    column: Floats,
    shape: tuple[int, int],
    name: str,
    *,
    swapped: tuple[Floats, Floats],
) -> None:
    """Refuse a model that does not lie under all streets."""
    inside = _within(row, column, shape)
    if inside.all():
        return
    lost = in_degrees(network.xy[~inside][:5], network.crs)
    turned = _within(*swapped, shape).mean() > inside.mean()
    hint = "Its longitude and latitude look exchanged; write them in this order. " if turned else ""
    raise DataError(
        f"{name} lies under {inside.mean():.1%} of {len(inside):,} street nodes (outside, "
        f"{first([f'({lon:.5f}, {lat:.5f})' for lon, lat in lost])}). {hint}Take a model of this city and of the "
        "streets around it, or cut the streets to it (city.boundary and city.ring_m)."
    )


def _cell_m(transform: Any, crs: CRS, latitude: float) -> tuple[float, float]:
    """Height and width of a cell in metres."""
    tall, wide = (
        float(np.hypot(getattr(transform, one), getattr(transform, other))) for one, other in (("b", "e"), ("a", "d"))
    )
    if crs.is_geographic:
        return tall * M_PER_DEGREE, wide * M_PER_DEGREE * float(np.cos(np.radians(latitude)))
    return tall, wide


def _bilinear(height: Floats, valid: Flags, row: Floats, column: Floats) -> tuple[Floats, Flags]:
    """(v,) heights between the four cells around each point that have one; known where the cell it lies in has one."""
    rows, columns = height.shape
    row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    top, left = np.minimum(np.floor(row), rows - 2).astype(int), np.minimum(np.floor(column), columns - 2).astype(int)
    top, left = np.maximum(top, 0), np.maximum(left, 0)
    total, weight = np.zeros(len(row)), np.zeros(len(row))
    for down in (0, 1):
        for right in (0, 1):
            at = np.minimum(top + down, rows - 1), np.minimum(left + right, columns - 1)
            share = (1 - np.abs(row - top - down)) * (1 - np.abs(column - left - right)) * valid[at]
            total, weight = total + share * height[at], weight + share
    known = valid[np.rint(row).astype(int), np.rint(column).astype(int)] & (weight > 0)
    return np.divide(total, weight, out=np.zeros(len(row)), where=weight > 0), known


def _bridged(network: WalkNetwork, height: Floats) -> Floats:
    """(v,) heights with those of nodes on bridges and in tunnels between those of their ends.

    Each such node is as high as the mean of its neighbours, weighed by 1 / length: along one bridge a straight line.
    Bridges that touch the ground nowhere keep the model's heights.
    """
    if network.ways is None:
        return height
    off = network.ways.have("off_ground")
    grounded = np.zeros(len(height), bool)
    grounded[network.ends[~off]] = True
    ends, v = network.ends[off], len(height)
    part = connected_components(coo_array((np.ones(len(ends)), ends.T), shape=(v, v)), directed=False)[1]
    touches = np.zeros(v, bool)
    touches[part[grounded]] = True
    free = ~grounded & touches[part]
    if not free.any():
        return height
    stiff = 1 / np.maximum(network.length_m[off], 1e-3)
    pair = coo_array((np.tile(stiff, 2), (ends.T.ravel(), ends[:, ::-1].T.ravel())), shape=(v, v)).tocsr()
    degree = np.asarray(pair.sum(axis=1)).ravel()
    at = np.flatnonzero(free)
    inner = coo_array((degree[at], (np.arange(len(at)), np.arange(len(at))))).tocsr() - pair[at][:, at]
    found = height.copy()
    found[at] = spsolve(inner.tocsc(), pair[at][:, ~free] @ height[~free])
    return found
