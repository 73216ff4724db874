"""Streets to race on: made-up towns of any size, and the real cities where they are at hand.

Every length is a whole number of millimetres, so that tools which count in floats, in doubles and in
whole numbers are all asked the same question.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay

from planner.sources.osm import read_extract
from planner.sources.walkable import walk_network

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"
CITY_EXTRACTS = ("las-palmas/laspalmas.osm.pbf", "porto-alegre/porto-alegre.osm.pbf")

SPACING_M = 65.5  # one node in each square of this side; of 200 000, about 545 lie within 1 200 m on foot of a node
STREETS_A_NODE = 1.55


@dataclass(frozen=True)
class Streets:
    """Street nodes and segments as every tool can take them, walked both ways."""

    xy: NDArray[np.float64]  # (v, 2)  metres, in `crs`
    ends: NDArray[np.int64]  # (e, 2)  nodes of each segment, first < second, no pair twice
    length_m: NDArray[np.float64]  # (e,)  whole millimetres, at least one
    name: str
    crs: CRS


def made_up(nodes: int, seed: int = 1) -> Streets:
    """A random town without crossings or islands, the same for the same seed.

    Points strewn evenly, in no order; of the streets of their Delaunay triangulation those of the shortest
    spanning tree, then others, short ones for choice, until there are 1.55 a node.
    """
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, np.sqrt(nodes) * SPACING_M, (nodes, 2))
    triangles = Delaunay(xy).simplices
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    length = _straight(xy, ends)
    tree = minimum_spanning_tree(coo_array((length, ends.T), shape=(nodes, nodes)).tocsr()).tocoo()
    in_tree = np.isin(ends @ [nodes, 1], np.sort(np.stack(tree.coords, axis=1), axis=1) @ [nodes, 1])
    others = np.flatnonzero(~in_tree)
    others = others[np.argsort(rng.random(len(others)) * length[others])]
    more = max(0, int(STREETS_A_NODE * nodes) - int(in_tree.sum()))
    kept = np.sort(np.concatenate([np.flatnonzero(in_tree), others[:more]]))
    return Streets(xy, ends[kept], _whole_mm(length[kept]), f"made-up town of {nodes:,}", CRS.from_epsg(4547))


def real(path: Path | str) -> Streets:
    """The walking network of an OpenStreetMap extract, with every node that it was drawn with."""
    network = walk_network(read_extract(path))
    return Streets(network.xy, network.ends, _whole_mm(network.length_m), Path(path).parent.name, network.crs)


def cities() -> list[Path]:
    """The extracts of Las Palmas and Porto Alegre, those that lie beside the project in ../shared/data."""
    return [CITIES / extract for extract in CITY_EXTRACTS if (CITIES / extract).is_file()]


def _straight(xy: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.hypot(*(xy[ends[:, 0]] - xy[ends[:, 1]]).T)


def _whole_mm(length_m: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(np.round(length_m * 1000), 1) / 1000
