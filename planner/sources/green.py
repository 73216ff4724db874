"""Public green and parks, and the leftover land that pocket parks could be made of."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.facilities import Facilities
from planner.network import Shapes, WalkNetwork
from planner.sources.gates import Surroundings, find_gates, surroundings
from planner.sources.osm import Extract
from planner.sources.tags import POLYGON, Layer, cut, layer, matched, overlap, tag_table

TOUCH_M = 1.0  # patches this near are one green; mappers leave such gaps, a road is wider
MOSTLY = 0.5  # with more than this of it on other ground, a patch belongs to that ground
STANDING_SHARE = 0.1  # with more than this of it in a park, a parcel is the park's
MIN_WIDTH_M = 12.0  # a verge is no parcel; the width CJJ/T 85-2017 wants of a strip park (G14)
TO_STREET_M = 100.0  # a parcel is entered from a street this near
ROUNDING = 1e-6  # projected corners are not exact; areas are compared with this much indulgence, …
ROUNDING_M = 0.01  # … and widths with this


@dataclass(frozen=True)
class Green:
    """Public green, and the parks among it. `left_out` lists (id, name, reason) of what is not counted."""

    green: Facilities
    park: Facilities
    left_out: tuple[tuple[str, str, str], ...]


def public_green(extract: Extract, network: WalkNetwork) -> Green:
    """The green that everybody may enter, touching patches dissolved, so that areas can be tested.

    Parks are dissolved among parks, green among parks and other green: a garden may join two parks
    into one green. A dissolved facility has the id of its largest patch and the name of its largest
    named one; its area is that of the union, with water inside, without what a multipolygon cuts out.
    Green mapped as a point, of unknown area, is left out; it is listed unless a polygon stands for it.
    """
    table = tag_table()
    seen = layer(extract, [*table["park"], *table["green"], *table["closed_green"]], network.crs)
    reason = _reasons(seen, extract, network)
    public = seen.kept(reason == "")
    drawn = np.zeros(len(reason), bool)
    drawn[
        shapely.STRtree(public.geometry).query(shapely.point_on_surface(seen.geometry), predicate="intersects")[0]
    ] = 1
    listed = (reason != "") & ~(drawn & (shapely.get_dimensions(seen.geometry) == 0))
    left_out = zip(seen.ids[listed].tolist(), seen.names[listed].tolist(), reason[listed].tolist(), strict=True)
    green = _dissolved(public)
    park = _dissolved(public.kept(public.matches(table["park"])))
    around = surroundings(extract, network)
    return Green(
        green=_facilities(*green, "green", "standing", around, network.crs),
        park=_facilities(*park, "park", "standing", around, network.crs),
        left_out=tuple(left_out),
    )


def leftover_land(
    extract: Extract,
    network: WalkNetwork,
    *,
    min_area_m2: float,
    max_area_m2: float,
    standing: Facilities,
    cut_larger: bool = False,
    service: str = "green",
) -> Facilities:
    """Parcels on which a pocket park could be built, of an area in [min, max], both ends in.

    Each polygon is a parcel, and so is each part of a multipolygon ("relation/5/2"); touching parcels
    stay apart, as they may have two owners. Not a parcel is what is a standing park, built upon, part
    of the grounds of a school and the like, nowhere MIN_WIDTH_M wide, or far from every street.
    Fences round a parcel do not count: they fall when the park is built. With `cut_larger`, land above
    max_area_m2 is not passed over but cut into squares of that area, each a parcel ("way/12/3").
    `service` is what would be built on them.
    """
    table, crs = tag_table(), network.crs
    land = layer(extract, table["leftover"], crs).polygons
    parcel = _parcels(land, max_area_m2 if cut_larger else np.inf)
    area_m2 = shapely.area(parcel.geometry)
    parcel = parcel.kept((min_area_m2 * (1 - ROUNDING) <= area_m2) & (area_m2 <= max_area_m2 * (1 + ROUNDING)))
    core = shapely.buffer(parcel.geometry, -(MIN_WIDTH_M - ROUNDING_M) / 2, join_style="mitre")
    parcel = parcel.kept(~shapely.is_empty(core))
    for taken, most in (
        (standing.geometry, STANDING_SHARE),
        (layer(extract, table["building"], crs).polygons.geometry, MOSTLY),
        (layer(extract, table["grounds"], crs).polygons.geometry, MOSTLY),
    ):
        parcel = parcel.kept(overlap(parcel.geometry, taken)[0] <= most)
    unfenced = replace(surroundings(extract, network), fences=np.empty(0, object))
    sites = _facilities(parcel, parcel.names, parcel.geometry, service, "candidate", unfenced, crs)
    near = ~network.snap(sites.gate_xy, max_access_m=TO_STREET_M).off
    return sites.kept(np.bincount(sites.gate_facility[near], minlength=len(sites)) > 0)


def _reasons(seen: Layer, extract: Extract, network: WalkNetwork) -> NDArray[np.str_]:
    """(n,) why each green is left out; "" for public green with an area."""
    table = tag_table()
    grounds = layer(extract, table["grounds"], network.crs).polygons
    where = np.where(shapely.get_dimensions(seen.geometry) == POLYGON, seen.geometry, shapely.buffer(seen.geometry, 1))
    share, most = overlap(where, grounds.geometry)
    reasons = [matched(tags, [*table["closed_green"], *table["not_public"]]) for tags in seen.tags]
    for row in np.flatnonzero(share > MOSTLY):
        reasons[row] = reasons[row] or f"inside {grounds.why[most[row]]} {grounds.ids[most[row]]}"
    for row in np.flatnonzero(shapely.get_dimensions(seen.geometry) != POLYGON):
        reasons[row] = reasons[row] or "mapped as a point, area unknown"
    return np.array(reasons, np.str_)


def _dissolved(patches: Layer) -> tuple[Layer, NDArray[np.str_], Shapes]:
    """The largest patch of each group of touching ones, the group's name and its union."""
    one, other = shapely.STRtree(patches.geometry).query(patches.geometry, predicate="dwithin", distance=TOUCH_M)
    n = len(patches.ids)
    count, group = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)
    largest_first = np.lexsort((-shapely.area(patches.geometry), group))
    largest = largest_first[np.searchsorted(group[largest_first], np.arange(count))]
    names, union = patches.names[largest], patches.geometry[largest].copy()
    for several in np.flatnonzero(np.bincount(group, minlength=count) > 1):
        members = largest_first[group[largest_first] == several]
        named = members[patches.names[members] != ""]
        names[several] = patches.names[named[0]] if len(named) else ""
        union[several] = shapely.union_all(patches.geometry[np.sort(members)])
    order = np.argsort(largest, kind="stable")  # as the extract has them
    return patches.kept(largest[order]), names[order], union[order]


def _parcels(land: Layer, max_area_m2: float) -> Layer:
    """Each part of a multipolygon by itself, larger ones cut, numbered from 1 where there are several."""
    whose, ids, shapes = [], [], []
    for row, polygon in enumerate(land.geometry):
        pieces: list[shapely.Geometry] = []
        for part in shapely.get_parts(polygon):
            larger = part.area > max_area_m2 * (1 + ROUNDING)
            pieces += shapely.get_parts(cut(part, np.sqrt(max_area_m2))).tolist() if larger else [part]
        whose += [row] * len(pieces)
        shapes += pieces
        osm_id = str(land.ids[row])
        ids += [osm_id] if len(pieces) == 1 else [f"{osm_id}/{number}" for number in range(1, len(pieces) + 1)]
    each = land.kept(np.array(whose, np.int64))
    return Layer(np.array(ids, np.str_), each.tags, each.why, np.array(shapes, object))


def _facilities(
    patch: Layer,
    names: NDArray[np.str_],
    geometry: Shapes,
    service: str,
    status: str,
    around: Surroundings,
    crs: CRS,
) -> Facilities:
    gates = find_gates(geometry, around, open_boundary=True)
    return Facilities(
        ids=patch.ids,
        names=names,
        service=service,
        status=status,
        geometry=geometry,
        area_m2=shapely.area(geometry),
        gate_xy=gates.xy,
        gate_facility=gates.facility,
        gate_origin=gates.origin,
        crs=crs,
        kind=patch.kinds,
    )
