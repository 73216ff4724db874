"""Tables and layers → Demand, Facilities, Units, a study area. What they are read with is `read_layer`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from planner.demand import Demand, Units, check_ids, check_people, spread
from planner.errors import CrsError, DataError, PeopleError, QuestionError, first
from planner.facilities import Facilities, check_capacity
from planner.network import Floats, Integers, Shapes
from planner.population import PopulationBase
from planner.sources.layers import WGS84, find_columns, numbers, read_layer, words

__all__ = [
    "boundary",
    "control_totals",
    "facilities",
    "polygons",
    "read_layer",
    "residents",
    "spread_residents",
    "units",
]

GATE_SPACING_M = 50.0  # along a boundary of which nobody mapped the gates
FEWEST_GATES = 4


def residents(
    path: Path | str,
    *,
    people: str,
    crs_to: CRS,
    base: PopulationBase | str,
    groups: Mapping[str, str] | None = None,
    id: str | None = None,  # noqa: A002  (the scenario's word)
    **how_to_read: Any,
) -> Demand:
    """The people of a layer of points or polygons.

    `groups` maps a group to its column. Polygons are kept; their people stand at a point inside. Ids are
    row numbers from 1 where no column is named. Rows without people are dropped. `how_to_read` goes to
    `read_layer`.
    """
    path = Path(path)
    layer = read_layer(path, **how_to_read)
    named = [people, *(groups or {}).values()]
    columns = find_columns(layer, path, *named, *([id] if id else []))
    ids = _ids(layer, columns[len(named)] if id else None)
    counts = np.stack([numbers(layer[column], ids, path, PeopleError) for column in columns[: len(named)]], axis=1)
    try:
        check_people(counts, ids)
    except PeopleError as error:
        raise PeopleError(f"{path.name}, people from {', '.join(named)}: {error}") from None
    more = (counts[:, 1:] > counts[:, :1] + 0.5).any(axis=1)  # half a person: rounding is forgiven
    if more.any():
        raise PeopleError(
            f"{path.name}: {int(more.sum())} of {len(ids)} places have more people in a group than altogether "
            f"({first(ids[more])}). Check that {people!r} is the column of everybody."
        )
    shapes = _shapes(layer, crs_to, path)
    areas = bool((shapely.get_dimensions(shapes) == 2).all())  # noqa: PLR2004
    everywhere = Demand(
        ids=ids,
        xy=shapely.get_coordinates(shapely.point_on_surface(shapes)),
        people=counts,
        crs=crs_to,
        groups=("people", *(groups or {})),
        base=PopulationBase.of(base),
        geometry=shapes if areas else np.empty(0, object),
    )
    return everywhere.kept(np.any(counts > 0, axis=1))


def facilities(
    path: Path | str,
    *,
    service: str,
    status: str,
    crs_to: CRS,
    name: str | None = None,
    id: str | None = None,  # noqa: A002  (the scenario's word)
    area: str | float | None = None,
    capacity: str | None = None,
    **how_to_read: Any,
) -> Facilities:
    """The facilities of a layer of points or polygons.

    A point is its own gate; a polygon is entered along its outer boundary, every 50 m or closer and at
    least four times. `area` is a column or the square metres assumed for each, else it is measured; a point
    measures 0. `capacity` is a column whose empty cells are unknown, as all are without it. Ids are
    `<file>/<row>` where no column is named. `how_to_read` goes to `read_layer`.
    """
    path = Path(path)
    layer = read_layer(path, **how_to_read)
    wanted = [column for column in (name, id, area, capacity) if isinstance(column, str)]
    column = dict(zip(wanted, find_columns(layer, path, *wanted), strict=True))
    ids = _ids(layer, column[id] if id else None, f"{path.stem}/")
    check_ids(ids, f"facilities in {path.name}")
    shapes = _shapes(layer, crs_to, path)
    if isinstance(area, str):
        area_m2 = numbers(layer[column[area]], ids, path)
    else:
        area_m2 = shapely.area(shapes) if area is None else np.full(len(ids), float(area))
    bad = ~(np.isfinite(area_m2) & (area_m2 >= 0))
    if bad.any():
        raise DataError(
            f"{path.name}: {int(bad.sum())} of {len(ids)} areas are negative or missing ({first(ids[bad])}). "
            "Correct the column, or state an assumed area_m2 instead."
        )
    holds = np.full(len(ids), np.nan) if capacity is None else numbers(layer[column[capacity]], ids, path)
    try:
        check_capacity(holds, ids)
    except DataError as error:
        raise DataError(f"{path.name}, capacity from {capacity}: {error}") from None
    gate_xy, gate_facility = _gates(shapes)
    return Facilities(
        ids=ids,
        names=words(layer[column[name]]) if name else np.full(len(ids), "", np.str_),
        service=service,
        status=status,
        geometry=shapes,
        area_m2=area_m2,
        capacity=holds,
        gate_xy=gate_xy,
        gate_facility=gate_facility,
        gate_origin=np.where(shapely.get_dimensions(shapes) == 0, "point", "boundary")[gate_facility],
        crs=crs_to,
    )


def units(
    path: Path | str,
    *,
    id: str | None = None,  # noqa: A002  (the scenario's word)
    name: str | None = None,
    crs_to: CRS,
    kind: str,
    **how_to_read: Any,
) -> Units:
    """The polygons of a layer, as units to report by. `how_to_read` goes to `read_layer`.

    Ids are row numbers from 1 and names are the ids where no column is named.
    """
    return _units(read_layer(path, **how_to_read), Path(path), id, name, crs_to, kind)


def texts(path: Path | str, column: str, **how_to_read: Any) -> NDArray[np.str_]:
    """(n,) a column of a layer as text. `how_to_read` goes to `read_layer`."""
    layer = read_layer(path, **how_to_read)
    return words(layer[find_columns(layer, Path(path), column)[0]])


def amounts(path: Path | str, columns: Sequence[str], **how_to_read: Any) -> Floats:
    """(n, k) columns of a layer as numbers, 0 where a cell is empty. `how_to_read` goes to `read_layer`."""
    path = Path(path)
    layer = read_layer(path, **how_to_read)
    rows = np.arange(1, len(layer) + 1).astype(np.str_)
    read = [numbers(layer[column], rows, path) for column in find_columns(layer, path, *columns)]
    return np.nan_to_num(np.stack(read, axis=1)) if read else np.empty((len(layer), 0))


def control_totals(
    path: Path | str,
    *,
    people: str,
    id: str | None = None,  # noqa: A002  (the scenario's word)
    name: str | None = None,
    crs_to: CRS,
    kind: str,
    **how_to_read: Any,
) -> tuple[Units, Floats]:
    """The units of a layer and the people (u,) to spread in each, as `spread_residents` takes them."""
    path = Path(path)
    layer = read_layer(path, **how_to_read)
    areas = _units(layer, path, id, name, crs_to, kind)
    (column,) = find_columns(layer, path, people)
    return areas, numbers(layer[column], areas.ids, path, PeopleError)


def boundary(path: Path | str, **how_to_read: Any) -> shapely.Geometry:
    """The union of a layer's polygons, in EPSG:4326: a study area. `how_to_read` goes to `read_layer`."""
    layer = read_layer(path, **how_to_read)
    return shapely.union_all(polygons(layer, WGS84, Path(path)))


def spread_residents(
    ids: NDArray[np.str_],
    xy: Floats,
    geometry: Shapes,
    floor_area_m2: ArrayLike,
    *,
    total: int | None = None,
    totals: tuple[Units, Floats] | None = None,
    base: PopulationBase | str,
    crs: CRS,
) -> Demand:
    """People spread over n buildings by floor area, to the person: one total, or one for each unit.

    The people of a unit go to the buildings whose point lies in it; on a border, to the first of the
    units. Buildings that get nobody, as those in no unit, are dropped.
    """
    floor, whom = np.asarray(floor_area_m2, np.float64), PopulationBase.of(base)
    if totals is not None and total is None:
        areas, control = totals
        unit = areas.holding(xy)
        people = _spread_by_unit(areas, np.asarray(control, np.float64), unit, floor)
        everywhere = Demand(ids, xy, people[:, None], crs, base=whom, geometry=geometry, units=areas, unit=unit)
    elif total is not None and totals is None:
        people = spread(total, floor)
        everywhere = Demand(ids, xy, people[:, None], crs, base=whom, geometry=geometry)
    else:
        raise QuestionError("Spread either one total or the control totals of units: exactly one of the two.")
    return everywhere.kept(people > 0)


def _spread_by_unit(areas: Units, control: Floats, unit: Integers, floor: Floats) -> Floats:
    check_people(control[:, None], areas.ids)
    broken = control % 1 != 0
    if broken.any():
        raise PeopleError(
            f"{int(broken.sum())} of {len(control)} control totals are no whole people ({first(areas.ids[broken])}). "
            "Round them before they are spread."
        )
    inside = unit >= 0
    housing = np.bincount(unit[inside], weights=floor[inside], minlength=len(control))
    homeless = np.flatnonzero((control > 0) & ~(housing > 0))
    if len(homeless):
        places = "; ".join(f"{areas.names[u]} ({areas.ids[u]}): {control[u]:,.0f}" for u in homeless)
        raise PeopleError(
            f"{control[homeless].sum():,.0f} people in {len(homeless)} of {len(control)} units have no residential "
            f"building to live in: {places}. Add buildings there, merge these units with a neighbour, or set their "
            "people to 0."
        )
    people = np.zeros(len(floor))
    for u in np.flatnonzero(control > 0):
        here = unit == u
        people[here] = spread(int(control[u]), floor[here])
    return people


def _units(
    layer: gpd.GeoDataFrame,
    path: Path,
    id: str | None,  # noqa: A002  (the scenario's word)
    name: str | None,
    crs_to: CRS,
    kind: str,
) -> Units:
    wanted = [column for column in (id, name) if column]
    column = dict(zip(wanted, find_columns(layer, path, *wanted), strict=True))
    ids = _ids(layer, column[id] if id else None)
    check_ids(ids, f"units in {path.name}")
    names = words(layer[column[name]]) if name else ids
    return Units(ids, names, kind, polygons(layer, crs_to, path))


def _ids(layer: gpd.GeoDataFrame, column: str | None, prefix: str = "") -> NDArray[np.str_]:
    if column is not None:
        return words(layer[column])
    return np.array([f"{prefix}{row}" for row in range(1, len(layer) + 1)], np.str_)


def _shapes(layer: gpd.GeoDataFrame, crs_to: CRS, path: Path) -> Shapes:
    """(n,) flat, valid geometries in `crs_to`."""
    shapes: Shapes = shapely.force_2d(layer.to_crs(crs_to).geometry.to_numpy())
    rows = np.arange(1, len(shapes) + 1)
    lost = ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if lost.any():
        raise CrsError(
            f"{path.name}: {int(lost.sum())} of {len(rows)} rows cannot be expressed in {crs_to.name} "
            f"({first(rows[lost])}). Check the crs of the layer and the order of its axes."
        )
    invalid = ~shapely.is_valid(shapes)
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    void = shapely.is_empty(shapes)
    if void.any():
        raise DataError(
            f"{path.name}: {int(void.sum())} of {len(rows)} polygons enclose nothing ({first(rows[void])}). "
            "Redraw or remove them."
        )
    return shapes


def polygons(layer: gpd.GeoDataFrame, crs_to: CRS, path: Path) -> Shapes:
    """(n,) flat, valid polygons in `crs_to`; refused where a row is something else."""
    shapes = _shapes(layer, crs_to, path)
    points = np.flatnonzero(shapely.get_dimensions(shapes) != 2)  # noqa: PLR2004
    if len(points):
        raise DataError(
            f"{path.name}: {len(points)} of {len(shapes)} rows are no polygons ({first(points + 1)}). "
            "Give the layer of the areas, not of their labels."
        )
    return shapes


def _gates(shapes: Shapes) -> tuple[Floats, Integers]:
    """Gate coordinates (g, 2) and the position of each gate's facility (g,)."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    gates = [shapely.get_coordinates(part) if part.geom_type == "Point" else _along(part) for part in parts]
    return np.concatenate(gates), np.repeat(of, [len(xy) for xy in gates]).astype(np.int64)


def _along(polygon: shapely.Polygon) -> Floats:
    """Gates at equal distances along the outer ring."""
    ring = shapely.get_exterior_ring(polygon)
    count = max(FEWEST_GATES, int(np.ceil(shapely.length(ring) / GATE_SPACING_M)))
    share = np.arange(count) / count
    along: Floats = shapely.get_coordinates(shapely.line_interpolate_point(ring, share, normalized=True))
    return along
