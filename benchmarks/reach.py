"""Sparse reach against SciPy's `dijkstra(limit=)`, sparsified in chunks, on a made-up street grid.

SciPy knows nodes only, so both are given demand and sites that lie on nodes: the same question.
Single threads, the median of five after a warm-up.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import WalkNetwork
from planner.reach import measure_reach

LIMIT_M = 1000.0
SITES = 200
CHUNK = 50  # dense rows at once for SciPy


def street_grid(side: int) -> WalkNetwork:
    """A grid of side × side nodes, 70 m apart and shaken, with every tenth street missing."""
    rng = np.random.default_rng(1)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    xy = np.stack([x.ravel(), y.ravel()], axis=1) * 70.0 + rng.uniform(-20, 20, (side * side, 2))
    node = np.arange(side * side).reshape(side, side)
    ends = np.concatenate(
        [
            np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1),
            np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1),
        ]
    )
    return WalkNetwork.from_segments(xy, ends[rng.random(len(ends)) > 0.1], crs=CRS.from_epsg(4547))


def scipy_rows(network: WalkNetwork, sites: NDArray[np.int64]) -> csr_array:
    """Dense rows by SciPy, sparsified a chunk at a time."""
    v = len(network.xy)
    graph = coo_array((network.length_m, network.ends.T), shape=(v, v)).tocsr()
    found = []
    for start in range(0, len(sites), CHUNK):
        rows = dijkstra(graph, directed=False, indices=sites[start : start + CHUNK], limit=LIMIT_M)
        site, node = np.nonzero(np.isfinite(rows))
        found.append((site + start, node, rows[site, node]))
    site, node, metres = (np.concatenate(part) for part in zip(*found, strict=True))
    return coo_array((metres, (node, site)), shape=(v, len(sites))).tocsr()


def median_s(work: Callable[[], object]) -> float:
    """Median of five runs after a warm-up."""
    work()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare() -> str:
    """Run every size and return the table."""
    lines = [
        f"Sparse reach of {SITES} sites within {LIMIT_M:g} m, to every node, one thread each.",
        "",
        "| nodes | segments | pairs | largest difference, m | SciPy ÷ planner, time |",
        "|---|---|---|---|---|",
    ]
    for side in (100, 300, 600):
        network = street_grid(side)
        v = len(network.xy)
        sites = np.sort(np.random.default_rng(2).choice(v, SITES, replace=False))
        ids = np.arange(v).astype(str)
        demand = Demand(ids, network.xy, np.ones((v, 1)), network.crs).snapped(network, max_access_m=1)
        at = network.xy[sites]
        facilities = Facilities(
            *(ids[sites], np.full(SITES, ""), "green", "standing", shapely.points(at), np.zeros(SITES), at),
            *(np.arange(SITES), np.full(SITES, "point"), network.crs),
        ).snapped(network, max_access_m=1)
        ours = measure_reach(demand, facilities, limit_m=LIMIT_M, threads=1)
        theirs = scipy_rows(network, sites)
        stored = csr_array((ours.distance_m, ours.facility, ours.indptr), shape=theirs.shape)
        difference = abs(stored - theirs).max()
        assert (ours.indptr == theirs.indptr).all(), "the two disagree about who is in reach"
        ratio = median_s(lambda d=demand, f=facilities: measure_reach(d, f, limit_m=LIMIT_M, threads=1))
        ratio = median_s(lambda n=network, s=sites: scipy_rows(n, s)) / ratio
        lines.append(f"| {v:,} | {len(network.ends):,} | {len(ours.facility):,} | {difference:.1e} | {ratio:.0f} × |")
    return "\n".join(lines)
