"""Drawn towns for the tests: small enough that a pencil checks every number."""

from itertools import pairwise

import networkx as nx
import numpy as np
import shapely
from pyproj import CRS

from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import WalkNetwork

CHUANHUI = CRS.from_epsg(4547)


def network(xy, ends, **options):
    return WalkNetwork.from_segments(np.array(xy, float), np.array(ends), crs=CHUANHUI, **options)


def demand(xy, people=None, *, crs=CHUANHUI):
    xy = np.array(xy, float).reshape(-1, 2)
    people = np.ones(len(xy)) if people is None else np.array(people, float)
    return Demand(np.array([f"home/{i}" for i in range(len(xy))]), xy, people[:, None], crs)


def places(gates, *, service="green", status="standing", crs=CHUANHUI, area_m2=None):
    """One facility for each list of gates."""
    gate_xy = np.array([gate for group in gates for gate in group], float).reshape(-1, 2)
    return Facilities(
        ids=np.array([f"{service}/{j}" for j in range(len(gates))], np.str_),
        names=np.array([""] * len(gates), np.str_),
        service=service,
        status=status,
        geometry=np.array([shapely.MultiPoint(group) for group in gates], object),
        area_m2=np.zeros(len(gates)) if area_m2 is None else np.array(area_m2, float),
        gate_xy=gate_xy,
        gate_facility=np.repeat(np.arange(len(gates)), [len(group) for group in gates]),
        gate_origin=np.array(["mapped"] * len(gate_xy), np.str_),
        crs=crs,
    )


def random_town(seed, *, nodes=60, streets=110, homes=40, parks=8, gates=3, size=1000.0):
    """Any streets at all: crossing, parallel, in several components, with homes and gates anywhere."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, size, (nodes, 2)).round(1)
    ends = rng.integers(0, nodes, (streets, 2))
    net = network(xy, ends)
    people = demand(rng.uniform(0, size, (homes, 2)), rng.integers(0, 50, homes) + 1)
    green = places([rng.uniform(0, size, (rng.integers(1, gates + 1), 2)) for _ in range(parks)])
    return net, people.snapped(net, max_access_m=size), green.snapped(net, max_access_m=size)


def with_doors(net, snap, prefix):
    """The network as a networkx graph in which each snapped point is a node at the end of its access leg."""
    graph = nx.Graph()
    stops = [[(0.0, ("node", u)), (length, ("node", v))] for (u, v), length in zip(net.ends, net.length_m, strict=True)]
    for points, name in zip(snap, prefix, strict=True):
        for i in np.flatnonzero(points.edge >= 0):
            stops[points.edge[i]].append((points.offset_m[i], (name + " at street", i)))
            graph.add_edge((name + " at street", i), (name, i), weight=points.access_m[i])
    for along in stops:
        along.sort(key=lambda stop: stop[0])
        for (a, first), (b, second) in pairwise(along):
            if not graph.has_edge(first, second) or graph[first][second]["weight"] > b - a:
                graph.add_edge(first, second, weight=b - a)
    return graph


def by_networkx(graph, homes, parks):
    """(n, m) every pair by networkx, on a graph with ("home", i) and ("gate", g)."""
    answer = np.full((len(homes.ids), len(parks)), np.inf)
    for i in range(len(homes.ids)):
        if ("home", i) in graph:
            found = nx.single_source_dijkstra_path_length(graph, ("home", i))
            for g, j in enumerate(parks.gate_facility):
                answer[i, j] = min(answer[i, j], found.get(("gate", g), np.inf))
    return answer
