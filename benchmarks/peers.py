"""The peers, each asked the same questions about the same `Streets`: how much is within a walk, what is nearest.

A peer is built once and asked often, so that the two can be timed apart. Sums are over the nodes at most
`limit_m` away, the node itself included; what is out of reach is infinitely far. The lengths are whole
millimetres and every peer adds them up as whole numbers, so answers may be compared for equality.
pandana and igraph are imported only where they are used.
"""

import ctypes
import multiprocessing
import os
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import dijkstra

from benchmarks.towns import Streets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Pandana:
    """pandana: contraction hierarchies for what is nearest, a bounded search from each node for all else.

    `threads` is what it says that it runs on: what OMP_NUM_THREADS was when pandana was first imported.
    """

    def __init__(self, streets: Streets) -> None:
        import pandana
        import pandas as pd

        self.xy = pd.DataFrame(streets.xy, columns=["x", "y"])
        ends = pd.DataFrame(streets.ends, columns=["a", "b"])
        # pandana cuts length × 1000 off to a whole number, and 1.001 × 1000 is 1000.999…; half a millimetre
        # more makes it the millimetres that were meant.
        length = pd.DataFrame({"m": (_mm(streets.length_m) + 0.5) / 1000})
        self.network, said = _and_printed(
            lambda: pandana.Network(self.xy["x"], self.xy["y"], ends["a"], ends["b"], length)
        )
        self.threads = int(re.search(r"with (\d+) threads", said)[1])

    def sum_within(self, weight: Floats, limit_m: float) -> Floats:
        """(v,) from every node; pandana cannot be asked about some. It keeps weights in single precision."""
        import pandas as pd

        self.network.set(self.network.node_ids.to_series(), pd.Series(weight), "weight")
        return self.network.aggregate(limit_m, type="sum", decay="flat", name="weight").to_numpy()

    def nearest(self, sites: Integers, limit_m: float) -> Floats:
        """(v,) metres, in single precision: 0.1 mm at 1 km."""
        at = self.xy.iloc[sites]
        assert (self.network.get_node_ids(at["x"], at["y"]) == sites).all(), "another node has a site's coordinates"
        self.network.set_pois("sites", limit_m, 1, at["x"], at["y"])
        return self.network.nearest_pois(limit_m, "sites", num_pois=1, max_distance=np.inf)[1].to_numpy()

    def sparse_reach(self, sites: Integers, limit_m: float) -> csr_array:
        """(v, sites ascending) metres, in single precision, by its table of pairs."""
        pairs = self.network.nodes_in_range(sites, limit_m)
        at = pairs["destination"].to_numpy(np.int64), np.searchsorted(sites, pairs["source"].to_numpy())
        return coo_array((pairs["m"].to_numpy(), at), shape=(len(self.xy), len(sites))).tocsr()


class SciPy:
    """`scipy.sparse.csgraph.dijkstra(limit=)`, its dense rows made sparse a chunk at a time.

    It holds the interpreter's lock throughout a call (another thread waited 3.06 s of one of 3.13 s), so many
    sources are shared out to processes, not threads; they are started, with the graph, on building.
    """

    def __init__(self, streets: Streets, processes: int = 2) -> None:
        v = len(streets.xy)
        tail, head = np.concatenate([streets.ends, streets.ends[:, ::-1]]).T
        # Both directions stored is faster than one and `directed=False`.
        self.graph = coo_array((np.tile(_mm(streets.length_m), 2), (tail, head)), shape=(v, v)).tocsr()
        spawn = multiprocessing.get_context("spawn")
        held = (self.graph, spawn.Barrier(processes))
        self.pool = ProcessPoolExecutor(processes, spawn, initializer=_hold, initargs=held)
        list(self.pool.map(_reached, [np.arange(1)] * processes, repeat(0.0)))  # back when all have started

    def sum_within(self, weight: Floats, limit_m: float, sources: Integers, chunk: int = 50) -> Floats:
        """(sources,) the sums from some nodes."""
        found = self._search(sources, limit_m, chunk)
        found.data[:] = 1
        return found @ weight

    def nearest(self, sites: Integers, limit_m: float = np.inf) -> Floats:
        """(v,) metres, by one search from all sites at once, in one thread."""
        return dijkstra(self.graph, indices=sites, min_only=True, limit=_mm(limit_m)) / 1000

    def sparse_reach(self, sites: Integers, limit_m: float, chunk: int = 50) -> csr_array:
        """(v, sites) metres; absent is out of reach, a stored 0 the site's own node."""
        return self.by_site(sites, limit_m, chunk).T.tocsr()

    def by_site(self, sites: Integers, limit_m: float, chunk: int = 50) -> csr_array:
        """(sites, v) metres, as it finds them."""
        found = self._search(sites, limit_m, chunk)
        found.data /= 1000  # the matrix by a number would be multiplied by 0.001, which rounds otherwise
        return found

    def close(self) -> None:
        """End the processes."""
        self.pool.shutdown()

    def _search(self, sources: Integers, limit_m: float, chunk: int) -> csr_array:
        """(sources, v) millimetres."""
        chunks = [sources[at : at + chunk] for at in range(0, len(sources), chunk)]
        return vstack(list(self.pool.map(_reached, chunks, repeat(_mm(limit_m)))), format="csr")


class Igraph:
    """python-igraph's `distances`, in one thread.

    It has no limit: every search runs over the whole town, so sums are for a sample of nodes. (The C library
    can stop at a distance, `igraph_distances_dijkstra_cutoff`, but Python is not given that.)
    """

    def __init__(self, streets: Streets) -> None:
        import igraph

        self.graph = igraph.Graph(len(streets.xy), streets.ends, edge_attrs={"mm": _mm(streets.length_m).tolist()})

    def sum_within(self, weight: Floats, limit_m: float, sources: Integers, chunk: int = 10) -> Floats:
        """(sources,) the sums from some nodes."""
        starts = range(0, len(sources), chunk)
        rows = (self.graph.distances(sources[at : at + chunk].tolist(), weights="mm") for at in starts)
        return np.concatenate([(np.array(mm) <= _mm(limit_m)) @ weight for mm in rows])

    def nearest(self, sites: Integers, limit_m: float = np.inf) -> Floats:
        """(v,) metres, by one search from a node added at no distance from all sites."""
        v = self.graph.vcount()
        joined = self.graph.copy()
        joined.add_vertices(1)
        joined.add_edges(np.column_stack([np.full(len(sites), v), sites]), {"mm": [0.0] * len(sites)})
        mm = np.array(joined.distances(v, weights="mm")[0])[:v]
        return np.where(mm <= _mm(limit_m), mm, np.inf) / 1000


_held: list[csr_array] = []  # the graph, in a process of SciPy's pool


def _hold(graph: csr_array, all_started: Barrier) -> None:
    _held.append(graph)
    all_started.wait()


def _reached(sources: Integers, limit_mm: float) -> csr_array:
    rows = dijkstra(_held[0], indices=sources, limit=limit_mm)  # (sources, v), inf beyond the limit
    at = np.nonzero(np.isfinite(rows))
    return coo_array((rows[at], at), shape=rows.shape).tocsr()


def _mm(metres: ArrayLike) -> Floats:
    return np.round(np.multiply(metres, 1000.0))


def _and_printed(work: Callable[[], Any]) -> tuple[Any, str]:
    """What it returns, and what C++ wrote to standard output meanwhile, which `redirect_stdout` does not see."""
    screen = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            result = work()
        finally:
            ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)
            os.dup2(screen, 1)
            os.close(screen)
        file.seek(0)
        return result, file.read().decode(errors="replace")
