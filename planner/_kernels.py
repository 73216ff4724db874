"""Compiled bounded shortest paths (Numba): plain arrays in, plain arrays out."""

import heapq
from typing import Any

import numpy as np
from numba import njit

# Any throughout: Numba infers its own types and mypy cannot follow it.


@njit(cache=True, nogil=True)
def offer(i: Any, distance: Any, j: Any, best: Any, best_stamp: Any, touched: Any, hits: Any) -> Any:
    """Keep the least distance from facility j to place i; the new count of places touched."""
    if best_stamp[i] != j:
        best_stamp[i] = j
        best[i] = distance
        touched[hits] = i
        return hits + 1
    best[i] = min(best[i], distance)
    return hits


@njit(cache=True, nogil=True)
def reach_rows(
    facilities: Any,  # (first, last) to do
    limit: Any,
    indptr: Any,
    neighbour: Any,
    edge_at: Any,
    ends: Any,
    length: Any,
    gate_indptr: Any,  # (m+1,)
    gate_edge: Any,  # (g,)  -1 = off the network
    gate_offset: Any,
    gate_access: Any,
    door_indptr: Any,  # (e+1,)  doors by edge
    door_demand: Any,  # (doors,)
    door_offset: Any,
    door_access: Any,
    n: Any,
) -> Any:
    """For each facility the demand within `limit` of its nearest gate: counts, demand, distance.

    One bounded Dijkstra a facility, from all its gates at once. Arrays over nodes and demand are
    stamped with the facility instead of cleared, so a search costs only what it settles.
    """
    v = indptr.size - 1
    begin, end = facilities
    near = np.empty(v)
    near_stamp = np.full(v, -1, np.int64)
    best = np.empty(n)
    best_stamp = np.full(n, -1, np.int64)
    touched = np.empty(n, np.int64)
    count = np.zeros(end - begin, np.int64)
    out_demand = np.empty(1024, np.int64)
    out_distance = np.empty(1024)
    size = 0
    for j in range(begin, end):
        heap = [(0.0, np.int64(-1))]
        heap.pop()
        hits = 0
        for g in range(gate_indptr[j], gate_indptr[j + 1]):
            e = gate_edge[g]
            if e < 0:
                continue
            for side in range(2):
                u = ends[e, side]
                d = gate_access[g] + (gate_offset[g] if side == 0 else length[e] - gate_offset[g])
                if d <= limit and (near_stamp[u] != j or d < near[u]):
                    near[u] = d
                    near_stamp[u] = j
                    heapq.heappush(heap, (d, u))
            for k in range(door_indptr[e], door_indptr[e + 1]):  # a walk along one edge
                there = gate_access[g] + abs(gate_offset[g] - door_offset[k]) + door_access[k]
                if there <= limit:
                    hits = offer(door_demand[k], there, j, best, best_stamp, touched, hits)
        while len(heap) > 0:
            d, u = heapq.heappop(heap)
            if d > near[u]:
                continue
            for a in range(indptr[u], indptr[u + 1]):
                e = edge_at[a]
                w = neighbour[a]
                through = d + length[e]
                if through <= limit and (near_stamp[w] != j or through < near[w]):
                    near[w] = through
                    near_stamp[w] = j
                    heapq.heappush(heap, (through, w))
                for k in range(door_indptr[e], door_indptr[e + 1]):
                    along = door_offset[k] if ends[e, 0] == u else length[e] - door_offset[k]
                    there = d + along + door_access[k]
                    if there <= limit:
                        hits = offer(door_demand[k], there, j, best, best_stamp, touched, hits)
        while size + hits > out_demand.size:
            out_demand = np.concatenate((out_demand, np.empty(out_demand.size, np.int64)))
            out_distance = np.concatenate((out_distance, np.empty(out_distance.size)))
        for h in range(hits):
            out_demand[size] = touched[h]
            out_distance[size] = best[touched[h]]
            size += 1
        count[j - begin] = hits
    return count, out_demand[:size].copy(), out_distance[:size].copy()
