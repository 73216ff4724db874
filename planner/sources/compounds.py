"""Walled compounds of an extract or of layers, and their gates: given, mapped, where a path crosses, or assumed.

What counts as walled stands in data/places.yaml. Gates of a layer are taken as all the gates of the compounds that have
one there. Other compounds have the gates that are mapped, and one wherever a street crosses their outline; where there
is neither, the point of the outline nearest to a street is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.compounds import KNOWN_BY, ORIGINS, Compounds, crossings
from planner.errors import DataError, first
from planner.network import Flags, Floats, Integers, Shapes, WalkNetwork
from planner.sources import tables
from planner.sources.layers import find_columns, read_layer, words
from planner.sources.osm import Extract
from planner.sources.tags import POLYGON, layer, tag_table

GIVEN, MAPPED, PATH, ASSUMED = range(4)  # positions in ORIGINS
YES = frozenset({"yes", "y", "true", "1", "public", "是", "公共"})  # of a column that says who may pass


@dataclass(frozen=True)
class GivenGates:
    """The gates of a layer, on the outlines of their compounds."""

    xy: Floats  # (g, 2)  metres
    compound: Integers  # (g,)
    public: Flags  # (g,)
    astray: NDArray[np.str_]  # rows of the layer that are near no compound


def compound_table() -> Mapping[str, Any]:
    """What makes a compound walled, and what a gate, as data/places.yaml says it."""
    table: Mapping[str, Any] = tag_table()["compounds"]
    return table


def mapped_compounds(extract: Extract, network: WalkNetwork, *, all_land: bool = False) -> Compounds:
    """The residential land of an extract that is walled, or, as an assumption, all of it; still without gates.

    Where two such lands overlap, the common ground is the larger one's.
    """
    table, crs = compound_table(), network.crs
    land = layer(extract, tag_table()["residential_land"], crs).polygons
    outline = shapely.boundary(land.geometry)
    by_tags, by_walls = land.matches(table["walled"]), _walled_share(outline, extract, network) >= table["walled_share"]
    by_gate = np.zeros(len(land.ids), bool)
    gates = _gates(extract, network)[0]
    by_gate[shapely.STRtree(gates).query(outline, predicate="dwithin", distance=table["at_gate_m"])[0]] = True
    known = np.select([by_tags, by_walls, by_gate], [1, 2, 3], 4)
    chosen = np.flatnonzero((known < len(KNOWN_BY) - 1) | all_land)
    geometry = _apart(land.geometry[chosen])
    there = shapely.get_dimensions(geometry) == POLYGON
    chosen, geometry = chosen[there], geometry[there]
    return _without_gates(land.ids[chosen], land.names[chosen], geometry, network, np.array(KNOWN_BY)[known[chosen]])


def compounds_of(
    path: Path | str,
    network: WalkNetwork,
    *,
    id: str | None = None,  # noqa: A002  (the scenario's word)
    name: str | None = None,
    **how_to_read: Any,
) -> Compounds:
    """The polygons of a layer as walled compounds, still without gates. Refused where they overlap."""
    areas = tables.units(path, id=id, name=name, crs_to=network.crs, kind="compound", **how_to_read)
    names = areas.names if name else np.full(len(areas.ids), "", np.str_)
    return _without_gates(areas.ids, names, areas.geometry, network, np.full(len(areas.ids), KNOWN_BY[0]))


def given_gates(
    path: Path | str,
    compounds: Compounds,
    *,
    compound: str | None = None,
    public: str | None = None,
    **how_to_read: Any,
) -> GivenGates:
    """The gates of a layer of points: of the compound that a column names, else of the nearest outline.

    Refused where a compound is unknown, or where most gates are near no compound: the layer lies elsewhere.
    """
    path = Path(path)
    rows = read_layer(path, **how_to_read)
    wanted = [column for column in (compound, public) if column]
    column = dict(zip(wanted, find_columns(rows, path, *wanted), strict=True))
    points = shapely.centroid(shapely.force_2d(rows.to_crs(compounds.crs).geometry.to_numpy()))
    number = np.arange(1, len(points) + 1).astype(np.str_)
    outline = shapely.boundary(compounds.geometry)
    if compound:
        named = words(rows[column[compound]])
        unknown = ~np.isin(named, compounds.ids)
        if unknown.any():
            raise DataError(
                f"{path.name}: {int(unknown.sum())} of {len(named)} gates name a compound that is none "
                f"({first(np.unique(named[unknown]))}; there are {first(compounds.ids)}). Correct {compound!r}."
            )
        place = {one: at for at, one in enumerate(compounds.ids.tolist())}
        of = np.array([place[one] for one in named.tolist()], np.int64)
    elif len(compounds):
        of = shapely.STRtree(outline).nearest(points).astype(np.int64)
    else:
        of = np.zeros(len(points), np.int64)
    limit_m = compound_table()["given_gate_m"]
    away = shapely.distance(points, outline[of]) if len(compounds) else np.full(len(points), np.inf)
    astray = ~(away <= limit_m)
    if 2 * astray.sum() > len(points):
        raise DataError(
            f"{path.name}: {int(astray.sum())} of {len(points)} gates are more than {limit_m:g} m from the outline of "
            f"their compound (first: row {', '.join(number[astray][:5])}; furthest {away[astray].max():,.0f} m). "
            "Check that both layers are of the same place and datum."
        )
    xy = _onto(outline[of[~astray]], points[~astray])
    said = words(rows[column[public]]) if public else np.full(len(points), "", np.str_)
    is_public = np.array([each.strip().lower() in YES for each in said.tolist()], bool)
    return GivenGates(xy, of[~astray], is_public[~astray], number[astray])


def with_gates(
    compounds: Compounds, extract: Extract, network: WalkNetwork, given: GivenGates | None = None
) -> Compounds:
    """Compounds with all their gates, each with its origin."""
    at_gate_m = compound_table()["at_gate_m"]
    outline = shapely.boundary(compounds.geometry)
    points, public = _gates(extract, network)
    compound, gate = shapely.STRtree(points).query(outline, predicate="dwithin", distance=at_gate_m)
    mapped = _onto(outline[compound], points[gate])
    cut = crossings(network, compounds.ground)
    cut = cut.kept(_enters(network, compounds, cut.edge, cut.offset_m, cut.compound))
    path = _onto(outline[cut.compound], shapely.points(cut.xy))
    found = [(compound, mapped, public[gate], MAPPED), (cut.compound, path, np.zeros(len(path), bool), PATH)]
    if given is not None:
        complete = np.isin(np.arange(len(compounds)), given.compound)
        found = [(of[~complete[of]], xy[~complete[of]], open_[~complete[of]], kind) for of, xy, open_, kind in found]
        found.insert(0, (given.compound, given.xy, given.public, GIVEN))
    without = np.setdiff1d(np.arange(len(compounds)), np.concatenate([each[0] for each in found]))
    found.append((*_nearest_to_streets(outline, without, compounds, network), ASSUMED))
    of = np.concatenate([each[0] for each in found]).astype(np.int64)
    xy = np.concatenate([each[1] for each in found])
    is_public = np.concatenate([each[2] for each in found])
    origin = np.repeat([each[3] for each in found], [len(each[0]) for each in found])
    order = np.lexsort((xy[:, 1], xy[:, 0], origin, of))
    of, xy, is_public, origin = of[order], xy[order], is_public[order], origin[order]
    stays = _once(of, xy, origin, at_gate_m)
    return replace(
        compounds,
        gate_xy=xy[stays],
        gate_compound=of[stays],
        gate_origin=np.array(ORIGINS, np.str_)[origin[stays]],
        gate_public=is_public[stays],
        gate_open=np.ones(int(stays.sum()), bool),
    )


def _without_gates(
    ids: NDArray[np.str_], names: NDArray[np.str_], geometry: Shapes, network: WalkNetwork, known: NDArray[np.str_]
) -> Compounds:
    nothing = np.empty(0, bool)
    return Compounds(
        ids=ids,
        names=names,
        geometry=geometry,
        gate_xy=np.empty((0, 2)),
        gate_compound=np.empty(0, np.int64),
        gate_origin=np.empty(0, np.str_),
        gate_public=nothing,
        gate_open=nothing,
        crs=network.crs,
        known_by=known,
    )


def _walled_share(outline: Shapes, extract: Extract, network: WalkNetwork) -> Floats:
    """(c,) the share of each outline that walls run along."""
    fences = layer(extract, tag_table()["fence"], network.crs).geometry
    grounds = shapely.get_dimensions(fences) == POLYGON
    fences[grounds] = shapely.boundary(fences[grounds])
    within_m = compound_table()["wall_m"]
    share = np.zeros(len(outline))
    row, fence = shapely.STRtree(fences).query(outline, predicate="dwithin", distance=within_m)
    for one in np.unique(row).tolist():
        near = shapely.union_all(shapely.buffer(fences[fence[row == one]], within_m))
        share[one] = shapely.length(shapely.intersection(outline[one], near)) / shapely.length(outline[one])
    return share


def _gates(extract: Extract, network: WalkNetwork) -> tuple[Shapes, Flags]:
    """The mapped gates, but those that nobody may pass, and which of them are public."""
    table = compound_table()
    marks = layer(extract, table["gate"], network.crs)
    marks = marks.kept((shapely.get_dimensions(marks.geometry) == 0) & ~marks.matches(table["never_open"]))
    return marks.geometry, marks.matches(table["public"])


def _onto(outline: Shapes, shapes: Shapes) -> Floats:
    """(n, 2) the point of each outline nearest to a shape."""
    legs: Floats = shapely.get_coordinates(shapely.shortest_line(outline, shapes)).reshape(-1, 2, 2)
    return legs[:, 0]


def _apart(land: Shapes) -> Shapes:
    """Land without what a larger one covers, or an earlier one as large."""
    rank = np.empty(len(land), np.int64)
    rank[np.argsort(-shapely.area(land).round(), kind="stable")] = np.arange(len(land))
    smaller, larger = shapely.STRtree(land).query(land, predicate="intersects")
    smaller, larger = smaller[rank[larger] < rank[smaller]], larger[rank[larger] < rank[smaller]]
    left = land.copy()
    for one in np.unique(smaller).tolist():
        before = larger[smaller == one]
        left[one] = shapely.difference(land[one], shapely.union_all(land[before]))
    parts = [shapely.union_all(part[shapely.get_dimensions(part) == POLYGON]) for part in map(shapely.get_parts, left)]
    return np.array(parts, object)


def _enters(network: WalkNetwork, compounds: Compounds, edge: Integers, offset_m: Floats, of: Integers) -> Flags:
    """(k,) the crossings at which a street passes from one side of an outline to the other, not only touching it."""
    length = network.length_m[edge]
    start = network.xy[network.ends[edge, 0]]
    along = network.xy[network.ends[edge, 1]] - start
    before = np.zeros(len(edge))
    same = (np.diff(edge) == 0) if len(edge) else np.empty(0, bool)
    before[1:][same] = offset_m[:-1][same]
    after = length.copy()
    after[:-1][same] = offset_m[1:][same]
    sides = []
    for middle in ((before + offset_m) / 2, (offset_m + after) / 2):
        share = np.divide(middle, length, out=np.zeros(len(edge)), where=length > 0)
        at = start + share[:, None] * along
        sides.append(shapely.intersects_xy(compounds.ground[of], at[:, 0], at[:, 1]))
    return np.asarray(sides[0] != sides[1], bool)


def _nearest_to_streets(
    outline: Shapes, without: Integers, compounds: Compounds, network: WalkNetwork
) -> tuple[Integers, Floats, Flags]:
    """The point of each of some outlines nearest to a street that lies in no compound and on no island."""
    served = network.component_m[network.component[network.ends[:, 0]]] >= network.island_m
    outside = compounds.holding(network.xy[network.ends].mean(axis=1)) < 0
    streets = shapely.linestrings(network.xy[network.ends[served & outside]])
    which, street = shapely.STRtree(streets).query_nearest(outline[without], all_matches=False)
    return without[which], _onto(outline[without[which]], streets[street]), np.zeros(len(which), bool)


def _once(of: Integers, xy: Floats, origin: Integers, within_m: float) -> Flags:
    """(g,) false for a gate near one of the same compound that is better known; gates of a layer all stay."""
    points = shapely.points(xy)
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=within_m)
    pairs = np.flatnonzero((one < other) & (of[one] == of[other]) & (origin[other] != GIVEN))
    stays = np.ones(len(of), bool)
    for pair in pairs[np.lexsort((other[pairs], one[pairs]))].tolist():
        if stays[one[pair]]:
            stays[other[pair]] = False
    return stays
