"""One layer of any common kind, with coordinates that can be true, or an error that names the culprits."""

import codecs
import csv
import io
import logging
import re
import unicodedata
import zipfile
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Geod
from pyproj.exceptions import CRSError

from planner.errors import ColumnError, CrsError, DataError, first
from planner.network import CHINA_BOX, Floats
from planner.sources.coordinates import SHIFTED, says_which, unshifted

log = logging.getLogger(__name__)

FAR_M = 200_000.0  # a layer wholly beyond this is not of the city
NEAR_M = 100_000.0
CUT_BYTES = 10  # of a field name in a Shapefile
TEXT_SUFFIXES = {".csv", ".tsv", ".txt"}
SPREADSHEET_SUFFIXES = {".xlsx", ".ods"}
HEADED = {"HEADERS": "FORCE"}  # else GDAL guesses, and a sheet that holds only text has no names
SHAPEFILE_SUFFIXES = {".shp", ".shz", ".zip"}
LON_NAMES = ("lon", "lng", "long", "longitude", "经度")
LAT_NAMES = ("lat", "latitude", "纬度")
WGS84 = CRS.from_epsg(4326)


def read_layer(
    path: Path | str,
    *,
    lon: str | None = None,
    lat: str | None = None,
    crs: str | CRS | None = None,
    datum: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    near: tuple[float, float] | None = None,
) -> gpd.GeoDataFrame:
    """One layer with its reference system, refused where its coordinates cannot be true.

    `crs` declares the system of a layer that has none, and overrules a wrong one. `lon` and `lat` name
    the columns (east, north) of a table without geometry; columns of the usual names are found by
    themselves. Such a table is taken as WGS84 degrees, except in China, where web maps displace points
    by 500 m: there `crs` or `datum` must be declared. A layer whose `datum` is "gcj02" or "bd09" is
    converted and comes in WGS84 degrees. `near` is the city's centre (lon, lat): a layer of another place
    is refused. Text that does not say its encoding is read as UTF-8 if it is that, else as GB18030, which
    is logged.
    """
    path = Path(path)
    stated = None if crs is None else _declared(crs, path)
    declared = WGS84 if stated is None and datum is not None else stated  # of columns; a file may state its own
    table = read_table(path, layer=layer, encoding=encoding)
    located = table if isinstance(table, gpd.GeoDataFrame) else _located(table, lon, lat, declared, path)
    if stated is not None:
        located = located.set_crs(stated, allow_override=True)
    _check_shapes(located, path)
    _check_coordinates(located, path, near)
    if near is not None:
        _check_near(located, path, near)
    if datum in SHIFTED:
        located = located.to_crs(WGS84)
        located = located.set_geometry(unshifted(located.geometry.to_numpy(), datum), crs=WGS84)
    return located


def read_table(path: Path | str, *, layer: str | None = None, encoding: str | None = None) -> pd.DataFrame:
    """The rows of a table, located or not; the first row of a spreadsheet names its columns. None at all is refused."""
    path = Path(path)
    if not path.exists():
        raise DataError(f"There is no file {path.name}. Check the path.")
    table = _read_text(path, encoding) if path.suffix.lower() in TEXT_SUFFIXES else _read_gdal(path, layer, encoding)
    if not len(table):
        raise DataError(f"{path.name} has no rows. Export it again, or leave it out.")
    return table


def find_columns(table: pd.DataFrame, path: Path, *wanted: str) -> list[str]:
    """The table's own names of the columns wanted; all that are missing are named at once.

    A Shapefile cuts names at 10 bytes: a longer name finds its cut one, unless several were cut to it.
    """
    found = {name: _find_column(table, path, name) for name in wanted}
    missing = [name for name, column in found.items() if column is None]
    if missing:
        there = [str(column) for column in table.columns if column != "geometry"]
        named = [repr(name) + _did_you_mean(name, there) for name in missing]
        raise ColumnError(f"{path.name} has no column {', '.join(named)}. Its columns are: {', '.join(there)}.")
    return [str(found[name]) for name in wanted]


def numbers(values: pd.Series, ids: NDArray[np.str_], path: Path, error: type[DataError] = DataError) -> Floats:
    """A column as numbers, missing ones NaN. Text that is no number is refused."""
    plain = values.map(half_width) if pd.api.types.is_string_dtype(values) else values
    numeric = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    written = values.notna().to_numpy() & (values.astype(str).str.strip() != "").to_numpy()
    wrong = np.flatnonzero(written & np.isnan(numeric))
    if len(wrong):
        culprits = first([f"{ids[row]} = {str(values.iloc[row])!r}" for row in wrong])
        raise error(
            f"{path.name}: {len(wrong)} of {len(values)} values of {values.name!r} are no numbers ({culprits}). "
            "Write plain numbers without separators or units."
        )
    return np.asarray(numeric, np.float64)


def half_width(value: object) -> object:
    """Text with full-width digits and letters as plain ones (１２ → 12), without blanks around; else as it is."""
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


def words(values: pd.Series) -> NDArray[np.str_]:
    """A column as text: whole numbers without a point, "" where missing."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return np.array(["" if pd.isna(value) else str(value) for value in values], np.str_)


def _declared(crs: str | CRS, path: Path) -> CRS:
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        raise CrsError(
            f"{path.name}: {crs!r} is no coordinate reference system. Give an EPSG code such as EPSG:4326; "
            "GCJ-02 and BD-09 are none: declare `datum: gcj02` or `datum: bd09`."
        ) from None


def _read_text(path: Path, encoding: str | None) -> pd.DataFrame:
    """A delimited text file, every cell as it is written. Empty cells beyond the header's last are dropped."""
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        text = raw.decode(encoding) if encoding else _decoder([raw], path)(raw)
        header = text.partition("\n")[0]
        delimiter = max(",;\t", key=header.count)
        columns, longer = _longer_rows(text, delimiter)
        if not longer:
            return pd.read_csv(
                io.StringIO(text),
                dtype=str,
                sep=delimiter,
                keep_default_na=False,
                index_col=False,
                usecols=range(columns),
            )
    except (OSError, ValueError, LookupError, csv.Error) as error:
        raise DataError(f"{path.name} cannot be read as a table ({error}). Save it as CSV in UTF-8.") from None
    raise DataError(
        f"{path.name}: {len(longer)} rows have more cells than the {columns} of the header ({first(longer)}). "
        f"Put texts that hold {delimiter!r} in quotes, or name every column."
    )


def _longer_rows(text: str, delimiter: str) -> tuple[int, list[int]]:
    """The columns of the header, and the rows, counted from 1, with something written beyond them."""
    filled = (row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row)
    columns = len(next(filled, []))
    return columns, [number for number, row in enumerate(filled, 1) if any(cell.strip() for cell in row[columns:])]


def _read_gdal(path: Path, layer: str | None, encoding: str | None) -> pd.DataFrame:
    """Whatever GDAL reads; a table without geometry where there is none."""
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if layer is None and len(layers) > 1:
            raise DataError(f"{path.name} has {len(layers)} layers: {', '.join(layers)}. Name one as `layer`.")
        if layer is not None and layer not in layers:
            guess = _did_you_mean(layer, layers)
            raise DataError(f"{path.name} has no layer {layer!r}{guess}. Its layers are: {', '.join(layers)}.")
        if encoding is None and path.suffix.lower() in SHAPEFILE_SUFFIXES and not _says_encoding(path):
            return _decoded(pyogrio.read_dataframe(path, layer=layer, encoding="ISO-8859-1"), path)
        headed = HEADED if path.suffix.lower() in SPREADSHEET_SUFFIXES else {}
        table: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer, encoding=encoding, **headed)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} holds text that is not in the encoding {error.encoding} it is said to be in. "
            "Declare the true one, such as `encoding: GB18030`."
        ) from None
    except (DataSourceError, DataLayerError, LookupError, OSError) as error:
        reason = str(error).replace(str(path), path.name)
        raise DataError(f"{path.name} cannot be read ({reason}). Check the file, or export it as GeoPackage.") from None
    return table


def _says_encoding(path: Path) -> bool:
    if path.suffix.lower() == ".shp":
        return any(path.with_suffix(suffix).exists() for suffix in (".cpg", ".CPG"))
    with zipfile.ZipFile(path) as archive:
        return any(name.lower().endswith(".cpg") for name in archive.namelist())


def _decoded(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A table that was read byte for byte, its names and texts decoded."""
    texts = [name for name in table.columns if name != "geometry" and pd.api.types.is_string_dtype(table[name])]
    cells = [value for name in texts for value in table[name].dropna().unique()]
    decode = _decoder([text.encode("latin-1") for text in [*table.columns, *cells]], path)
    table[texts] = table[texts].map(lambda text: decode(text.encode("latin-1")), na_action="ignore")
    return table.rename(columns={name: decode(name.encode("latin-1")) for name in table.columns})


def _decoder(raw: list[bytes], path: Path) -> Callable[[bytes], str]:
    """UTF-8 if all of it is that, else GB18030. A character cut in two at the end, as a Shapefile cuts, is dropped."""
    for encoding in ("utf-8", "gb18030"):
        try:
            for text in raw:
                codecs.getincrementaldecoder(encoding)().decode(text)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            log.warning("%s does not say its encoding and is not UTF-8: read as GB18030.", path.name)
        return lambda text, encoding=encoding: codecs.getincrementaldecoder(encoding)().decode(text)  # type: ignore[misc]
    raise DataError(f"{path.name} does not say its encoding and is neither UTF-8 nor GB18030. Declare `encoding`.")


def _located(
    table: pd.DataFrame, lon: str | None, lat: str | None, declared: CRS | None, path: Path
) -> gpd.GeoDataFrame:
    """A table with coordinates in columns, as points."""
    by_name = {str(column).strip().lower(): str(column) for column in table.columns}
    east = lon or next((by_name[name] for name in LON_NAMES if name in by_name), LON_NAMES[0])
    north = lat or next((by_name[name] for name in LAT_NAMES if name in by_name), LAT_NAMES[0])
    rows = np.arange(1, len(table) + 1).astype(str)
    x, y = (numbers(table[column], rows, path) for column in find_columns(table, path, east, north))
    nowhere = np.isnan(x) | np.isnan(y)
    if nowhere.any():
        raise DataError(
            f"{path.name}: {int(nowhere.sum())} of {len(table)} rows have no coordinates in {east!r} and {north!r} "
            f"({first(rows[nowhere])}). Locate these rows or remove them."
        )
    west, south, east_of, north_of = CHINA_BOX
    if declared is None and ((x >= west) & (x < east_of) & (y >= south) & (y < north_of)).any():
        raise CrsError(
            f"{path.name}: {len(table)} points in or near China do not say their datum, and web maps displace points "
            "there by 500 m. Declare `datum: gcj02` (Amap, Tencent), `datum: bd09` (Baidu) or, if they are WGS84, "
            "`crs: EPSG:4326`."
        )
    return gpd.GeoDataFrame(table, geometry=shapely.points(x, y), crs=declared or WGS84)


def _check_shapes(layer: gpd.GeoDataFrame, path: Path) -> None:
    """Refuse rows without geometry, and lines."""
    shapes = layer.geometry.to_numpy()
    rows = np.arange(1, len(shapes) + 1)
    void = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    lines = shapely.get_dimensions(shapes) == 1
    faults = [
        f"{int(bad.sum())} of {len(shapes)} rows {what} ({first(rows[bad])})"
        for bad, what in ((void, "have no geometry"), (lines & ~void, "are lines"))
        if bad.any()
    ]
    if faults:
        raise DataError(f"{path.name}: {'; '.join(faults)}. Give points or polygons, and remove the other rows.")


def _check_coordinates(layer: gpd.GeoDataFrame, path: Path, near: tuple[float, float] | None) -> None:
    """Refuse a layer without a system, degrees that are none, and metres that are degrees."""
    west, south, east, north = layer.total_bounds
    span = f"from ({west:g}, {south:g}) to ({east:g}, {north:g})"
    likely = says_which(_middles(layer), near) if near and np.isfinite(layer.total_bounds).all() else ""
    if layer.crs is None:
        raise CrsError(
            f"{path.name} has no coordinate reference system; its coordinates go {span}. "
            + (likely or "Declare it: `crs: EPSG:4326` for degrees, `crs: EPSG:4547` for CGCS2000 metres on 114°E.")
        )
    if not np.isfinite(layer.total_bounds).all():
        raise CrsError(f"{path.name} has coordinates that are not finite. Repair the layer.")
    longest, widest = max(abs(west), abs(east)), max(abs(south), abs(north))
    if layer.crs.is_geographic and (longest > 180 or widest > 90):  # noqa: PLR2004
        if longest <= 90 and widest <= 180:  # noqa: PLR2004
            raise CrsError(f"{path.name}: longitude and latitude are exchanged ({span}). Exchange the two.")
        impossible = _no_degrees(layer)
        if len(impossible) < len(layer):
            raise CrsError(
                f"{path.name}: {len(impossible)} of {len(layer)} rows ({first(impossible)}) have coordinates that are "
                f"no degrees ({span}). Repair them; perhaps their longitude and latitude are exchanged."
            )
        raise CrsError(
            f"{path.name}: coordinates {span} are no degrees. "
            + (likely or "Declare the metric `crs` that they are in.")
        )
    if layer.crs.is_projected and longest <= 180 and widest <= 90:  # noqa: PLR2004
        raise CrsError(
            f"{path.name}: coordinates {span} look like degrees, but {layer.crs.name} has metres. "
            "Declare `crs: EPSG:4326` if they are WGS84 degrees."
        )


def _middles(layer: gpd.GeoDataFrame) -> Floats:
    """(n, 2) the middle of each row's bounds, as it is written."""
    west, south, east, north = layer.geometry.bounds.to_numpy().T
    return np.column_stack([west + east, south + north]) / 2


def _no_degrees(layer: gpd.GeoDataFrame) -> list[int]:
    """The rows, counted from 1, that lie nowhere on Earth if their coordinates are degrees."""
    west, south, east, north = layer.geometry.bounds.to_numpy().T
    there = (np.maximum(-west, east) <= 180) & (np.maximum(-south, north) <= 90)  # noqa: PLR2004
    return (np.flatnonzero(~there) + 1).tolist()


def _check_near(layer: gpd.GeoDataFrame, path: Path, near: tuple[float, float]) -> None:
    """Refuse a layer wholly elsewhere, and say where it would be with its axes exchanged."""
    bounds = layer.geometry.bounds.to_numpy()
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    away_m = _metres_from(near, x, y, layer.crs)
    if away_m.min() <= FAR_M:
        return
    if _metres_from(near, y, x, layer.crs).max() <= NEAR_M:
        axes = "longitude and latitude" if layer.crs.is_geographic else "east and north"
        raise CrsError(
            f"{path.name}: {axes} are exchanged: as it stands it lies {away_m.min() / 1000:,.0f} km from the city, "
            "exchanged it lies there. Exchange the two columns, or the coordinates of the layer."
        )
    lies = f"{away_m.min() / 1000:,.0f} km from the city" if np.isfinite(away_m).any() else "nowhere on Earth"
    raise CrsError(
        f"{path.name}: taken as {layer.crs.name} the layer lies {lies}; the city is at ({near[0]:g}, {near[1]:g}). "
        + (says_which(_middles(layer), near) or "Check that it is the layer of this city, and declare its true `crs`.")
    )


def _metres_from(near: tuple[float, float], x: Floats, y: Floats, crs: CRS) -> Floats:
    """(n,) metres on the ellipsoid; inf where the coordinates are nowhere on Earth."""
    points = gpd.GeoSeries(shapely.points(x, y), crs=crs).to_crs(WGS84)
    lon, lat = points.x.to_numpy(), points.y.to_numpy()
    real = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)  # noqa: PLR2004
    away = np.full(len(lon), np.inf)
    there = np.ones(int(real.sum()))
    _, _, away[real] = Geod(ellps="WGS84").inv(near[0] * there, near[1] * there, lon[real], lat[real])
    return away


def _find_column(table: pd.DataFrame, path: Path, name: str) -> str | None:
    if name in table.columns:
        return name
    if path.suffix.lower() not in SHAPEFILE_SUFFIXES:
        return None
    cut = {name.encode(encoding)[:CUT_BYTES].decode(encoding, "ignore") for encoding in ("utf-8", "gb18030")}
    found = [str(column) for column in table.columns if column in cut]
    for column in found:  # GDAL tells names cut alike apart as people_by_, people_b_1, …
        alike = [other for other in table.columns if re.fullmatch(r"(.+)_\d+", other)]
        if any(column.startswith(other.rpartition("_")[0]) for other in alike):
            return None
    return found[0] if len(found) == 1 else None


def _did_you_mean(name: str, there: list[str]) -> str:
    folded = {option.casefold(): option for option in there}
    close = get_close_matches(name.casefold(), folded, n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""
