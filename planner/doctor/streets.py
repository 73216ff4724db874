"""What is wrong with the streets: islands, and too few of them."""

import numpy as np
import shapely

from planner import notes
from planner.city import City
from planner.demand import Demand
from planner.doctor.findings import Finding, few, roads
from planner.network import Floats, Integers, WalkNetwork
from planner.provisions import provision, unit_signs
from planner.sources.coordinates import in_degrees
from planner.sources.tags import projected

PIECE_M = 25.0  # streets are cut into pieces so long, each of which belongs to one cell


def islands(network: WalkNetwork) -> list[Finding]:
    """Streets tied to nothing, the longest first."""
    said = notes.islands(network)
    if not said:
        return []
    short = np.flatnonzero(network.component_m < network.island_m)
    short = short[np.argsort(-network.component_m[short], kind="stable")]
    first_node = np.full(len(network.component_m), -1, np.int64)
    first_node[network.component[::-1]] = np.arange(len(network.component))[::-1]
    at = in_degrees(network.xy[first_node[short]], network.crs)
    return [
        Finding(
            "note",
            "islands",
            "city",
            said[0],
            "Draw what ties them to other streets in OpenStreetMap, or lower `city.island_m` if they serve people.",
            few(f"{network.component_m[one]:,.0f} m at {_at(lonlat)}" for one, lonlat in zip(short, at, strict=True)),
        )
    ]


def road_density(city: City, people: Demand) -> list[Finding]:
    """Roads a square kilometre in the cells where people live and that the extract holds whole."""
    wanted, side_m = provision("street.density"), provision("doctor.density-cell").number
    hull = shapely.convex_hull(shapely.multipoints(city.network.xy))
    home = np.floor(people.xy / side_m).astype(np.int64)
    cell, lives_in = np.unique(home, axis=0, return_inverse=True)
    west, south = (cell * side_m).T
    whole = np.flatnonzero(shapely.contains(hull, shapely.box(west, south, west + side_m, south + side_m)))
    if not len(whole):
        return []
    there = np.bincount(lives_in.ravel(), weights=people.people[:, 0], minlength=len(cell))[whole]
    density = _road_m(city, cell[whole], side_m) / 1000 / (side_m / 1000) ** 2
    if density.mean() >= wanted.number:
        return []
    sparse = np.flatnonzero(density < wanted.number)
    sparse = sparse[np.argsort(-there[sparse], kind="stable")]
    at = in_degrees(np.asarray((cell[whole][sparse] + 0.5) * side_m, np.float64), city.crs)
    return [
        Finding(
            "warning",
            "road density",
            "city",
            f"roads have {density.mean():.1f} {unit_signs()[wanted.unit]} in the {len(whole):,} squares of "
            f"{side_m:g} m where people live, below the {wanted.number:g} of {wanted.source}; "
            f"{there[sparse].sum():,.0f} people live in {len(sparse):,} squares below it",
            "Compare these squares with imagery: where streets are unmapped, walks are too long. "
            "Where the map is right, it is a finding about the city.",
            few(f"{density[one]:.1f} around {_at(lonlat)}" for one, lonlat in zip(sparse, at, strict=True)),
        )
    ]


def _road_m(city: City, cells: Integers, side_m: float) -> Floats:
    """(c,) metres of road in each cell (c, 2) of a grid."""
    extract, classes = city.extract, roads()
    nodes = projected(extract.node_lonlat, city.crs)
    ways = [way.nodes for way in extract.ways if way.tags["highway"] in classes and way.tags.get("area") != "yes"]
    if not ways:
        return np.zeros(len(cells))
    row = np.searchsorted(extract.node_ids, np.array([node for way in ways for node in way], np.int64))
    lines = shapely.linestrings(nodes[row], indices=np.repeat(np.arange(len(ways)), [len(way) for way in ways]))
    xy, line = shapely.get_coordinates(shapely.segmentize(lines, PIECE_M), return_index=True)
    along = line[1:] == line[:-1]
    start, end = xy[:-1][along], xy[1:][along]
    piece_m = np.hypot(*(end - start).T)
    everywhere, which = np.unique(
        np.concatenate([cells, np.floor((start + end) / 2 / side_m).astype(np.int64)]), axis=0, return_inverse=True
    )
    metres = np.bincount(which.ravel()[len(cells) :], weights=piece_m, minlength=len(everywhere))
    return np.asarray(metres[which.ravel()[: len(cells)]], np.float64)


def _at(lonlat: Floats) -> str:
    return f"({lonlat[0]:.5f}, {lonlat[1]:.5f})"
