"""People in the cells of a raster: read, cut at the study area, added up by zone, spread over homes; nobody is lost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.demand import Demand, Units, spread
from planner.errors import CrsError, DataError, PeopleError, first
from planner.network import Flags, Floats, Shapes
from planner.population import PopulationBase
from planner.sources.places import Buildings

INSIDE = 1e-9  # a share of a cell that is no more than rounding
EDGE_M = 1000.0  # a straight border is cut so fine before it is bent into another system


@dataclass(frozen=True)
class Cells:
    """n cells in which somebody lives, cut at the study area."""

    ids: NDArray[np.str_]  # (n,)  "cell-12-7": row and column from the upper left, counted from 1
    geometry: Shapes  # (n,)  what of each cell lies in the study area, in `crs`
    people: Floats  # (n,)  its share of the cell's people by area
    crs: CRS
    notes: tuple[str, ...] = ()  # who was left out

    @property
    def total(self) -> float:
        """Everybody in the study area."""
        return float(self.people.sum())


def read_cells(
    path: Path | str, *, area: shapely.Geometry, crs_to: CRS, band: int = 1, nodata_is_nobody: bool = False
) -> Cells:
    """The cells of a raster of people that lie in an area, a polygon in `crs_to`.

    A cell on the border has its people by the share of its area inside; the others are told. Cells inside without data,
    negative or not finite are refused with their rows and columns, unless `nodata_is_nobody` declares that no data
    means that nobody lives there, as in rasters that mask water and empty land.
    """
    path = Path(path)
    read, first_row, first_column, corner, crs = _window(path, area, crs_to, band)
    row, column = (each.ravel() for each in np.indices(read.shape))
    value, void = np.asarray(read.data, np.float64).ravel(), np.ma.getmaskarray(read).ravel()
    row, column = row + first_row, column + first_column
    real = void | (value != 0)  # nobody lives in the others
    shapes = _squares(row[real], column[real], corner)
    shapes = np.asarray(gpd.GeoSeries(shapes, crs=crs).to_crs(crs_to).to_numpy(), object)
    part = shapely.intersection(shapes, area)
    share = shapely.area(part) / shapely.area(shapes)
    here = share > INSIDE
    at = np.flatnonzero(real)[here]
    value, void, share, part = value[at], void[at], np.minimum(share[here], 1), part[here]
    ids = np.array([f"cell-{r + 1}-{c + 1}" for r, c in zip(row[at], column[at], strict=True)], np.str_)
    notes = _checked(value, void, ids, path, nodata_is_nobody=nodata_is_nobody)
    people = np.where(void, 0.0, value * np.where(share > 1 - INSIDE, 1.0, share))
    outside = float(value[~void].sum() - people.sum())
    if outside > 0:
        notes.append(f"{outside:,.1f} people of {path.name} live in the parts of border cells outside the study area")
    if not people.sum() > 0:
        raise PeopleError(f"{path.name}: nobody lives in its cells of the study area. Check the raster and its band.")
    lived = people > 0
    return Cells(ids[lived], part[lived], people[lived], crs_to, tuple(notes))


def zonal_sums(cells: Cells, zones: Units) -> Floats:
    """(u+1,) the people of the cells in each zone by share of area; the last entry is in none.

    Their sum is everybody. Zones that overlap are refused where somebody would count twice.
    """
    cell, zone = shapely.STRtree(zones.geometry).query(cells.geometry, predicate="intersects")
    common = shapely.area(shapely.intersection(cells.geometry[cell], zones.geometry[zone]))
    part = common / shapely.area(cells.geometry)[cell] * cells.people[cell]
    sums = np.bincount(zone, weights=part, minlength=len(zones.ids) + 1).astype(np.float64)
    rest = cells.total - sums.sum()
    if rest < -INSIDE * cells.total:
        raise DataError(
            f"The zones overlap: they would hold {sums.sum():,.1f} of {cells.total:,.1f} people. Part them."
        )
    sums[-1] = max(rest, 0.0)
    return sums


def cell_residents(cells: Cells, *, base: PopulationBase | str) -> Demand:
    """The people where their cells are: each stands at a point inside."""
    at = shapely.get_coordinates(shapely.point_on_surface(cells.geometry))
    base = PopulationBase.of(base)
    return Demand(cells.ids, at, cells.people[:, None], cells.crs, base=base, geometry=cells.geometry)


def spread_cells(homes: Buildings, cells: Cells, *, base: PopulationBase | str) -> tuple[Demand, list[str]]:
    """The people of each cell over its homes by floor area, whole, and what was assumed.

    Everybody is rounded once to whole people, who go to the cells by largest remainders, and in each to its homes. The
    people of a cell without a home stand at a point inside it.
    """
    squares = Units(cells.ids, cells.ids, "cell", cells.geometry)
    whole = spread(round(cells.total), cells.people)
    lies_in = squares.holding(homes.xy)
    floor = np.asarray(homes.floor_area_m2, np.float64)
    housing = np.bincount(lies_in[lies_in >= 0], weights=floor[lies_in >= 0], minlength=len(whole))
    people = np.zeros(len(floor))
    order = np.argsort(lies_in, kind="stable")
    for here in np.split(order, np.flatnonzero(np.diff(lies_in[order])) + 1):
        cell = lies_in[here[0]] if len(here) else -1
        if cell >= 0 and housing[cell] > 0:
            people[here] = spread(int(whole[cell]), floor[here])
    homeless: Flags = (whole > 0) & ~(housing > 0)
    at = shapely.get_coordinates(shapely.point_on_surface(cells.geometry[homeless]))
    everywhere = Demand(
        np.concatenate([homes.ids, cells.ids[homeless]]),
        np.concatenate([homes.xy, at]),
        np.concatenate([people, whole[homeless]])[:, None],
        cells.crs,
        base=PopulationBase.of(base),
        geometry=np.concatenate([homes.geometry, cells.geometry[homeless]]),
    )
    said = [f"the {cells.total:,.1f} people of the raster are rounded to {whole.sum():,.0f} whole people"]
    if homeless.any():
        said.append(
            f"{whole[homeless].sum():,.0f} people live in {int(homeless.sum()):,} cells without a mapped home "
            f"({first(cells.ids[homeless])}): they stand in the middle of their cells"
        )
    return everywhere.kept(everywhere.people[:, 0] > 0), said


def _window(
    path: Path, area: shapely.Geometry, crs_to: CRS, band: int
) -> tuple[np.ma.MaskedArray[Any, Any], int, int, Any, CRS]:
    """The cells around an area, the row and column of the first, where their corners lie, and in which system."""
    import rasterio  # noqa: PLC0415  (a second GDAL, and only rasters need it)

    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise CrsError(f"{path.name} has no coordinate reference system. Assign the true one to it.")
            if not 1 <= band <= raster.count:
                raise DataError(f"{path.name} has {raster.count} bands, and no band {band}.")
            crs = CRS.from_user_input(raster.crs)
            edge = gpd.GeoSeries([shapely.segmentize(area, EDGE_M)], crs=crs_to).to_crs(crs).iloc[0]
            column, row = _affine(~raster.transform, *shapely.get_coordinates(edge).T)
            (top, bottom), (left, right) = (
                np.clip([np.floor(at.min()) - 1, np.ceil(at.max()) + 1], 0, size).astype(int).tolist()
                for at, size in ((row, raster.height), (column, raster.width))
            )
            if top >= bottom or left >= right:
                raise CrsError(f"{path.name} lies elsewhere: none of its cells is in the study area. Check its system.")
            read = raster.read(band, window=((top, bottom), (left, right)), masked=True)
            return read, top, left, raster.transform, crs
    except rasterio.errors.RasterioError as error:
        reason = str(error).replace(str(path), path.name)
        raise DataError(f"{path.name} cannot be read as a raster ({reason}). Save it as GeoTIFF.") from None


def _squares(row: NDArray[np.int64], column: NDArray[np.int64], corner: Any) -> Shapes:
    """(n,) the outlines of cells, whichever way the raster is turned."""
    around = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    x, y = (column[:, None] + around[:, 0]).astype(float), (row[:, None] + around[:, 1]).astype(float)
    squares: Shapes = shapely.polygons(np.stack(_affine(corner, x, y), axis=2))
    return squares


def _affine(transform: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Positions moved, turned and scaled."""
    a, b, c, d, e, f = transform[:6]
    return a * x + b * y + c, d * x + e * y + f


def _checked(value: Floats, void: Flags, ids: NDArray[np.str_], path: Path, *, nodata_is_nobody: bool) -> list[str]:
    """What is said of cells without data; cells that cannot be people are refused, all kinds at once."""
    negative, infinite = ~void & (value < 0), ~void & ~np.isfinite(value)
    kinds = [("negative", negative), ("not finite", infinite)] + ([] if nodata_is_nobody else [("without data", void)])
    faults = [
        f"{int(bad.sum())} are {kind} ({first(f'{ids[at]} = {value[at]:g}' for at in np.flatnonzero(bad).tolist())})"
        for kind, bad in kinds
        if bad.any()
    ]
    if faults:
        remedy = " or, if no data means that nobody lives there, write nodata_is_nobody: true" if void.any() else ""
        raise PeopleError(
            f"{path.name}: of {len(ids)} cells in the study area with a value, {'; '.join(faults)}. Set them to 0"
            f"{remedy}."
        )
    return [f"{int(void.sum()):,} cells of {path.name} have no data: nobody lives there"] if void.any() else []
