"""The reach engine beside pandana, SciPy and igraph: same streets, same sources, same limit, same two threads.

Peers know nodes only, so people and sites stand on nodes: the same question. Answers are compared first.
Medians of five after a warm-up; where a peer would take hours, its cost a source is measured on a sample.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from benchmarks.peers import Igraph, Pandana, SciPy
from benchmarks.towns import Streets, cities, made_up, real
from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import WalkNetwork
from planner.reach import WhatIf, measure_nearest, measure_reach, sum_around
from planner.reach.graph import graph_of

THREADS = 2
RUNS = 5
AROUND_M, REACH_M, HUGE_M = 1200.0, 1000.0, 600.0
NEAREST_SITES, REACH_SITES = 1000, 5000
DEMAND_A_NODE = 1.5
SAMPLE, SMALL_SAMPLE = 400, 20  # sources of the peers that cannot do all
MOST_FOR_PANDANA = 250_000  # nodes: its building grows faster than they do


def network_of(streets: Streets) -> WalkNetwork:
    """The same streets as ours, with the lengths that the peers are given."""
    network = WalkNetwork.from_segments(streets.xy, streets.ends, crs=streets.crs)
    assert (network.ends == streets.ends).all()
    return replace(network, length_m=streets.length_m)


def people_at(network: WalkNetwork, node: NDArray[np.int64]) -> Demand:
    """One person at each of these nodes."""
    ids = np.arange(len(node)).astype(str)
    return Demand(ids, network.xy[node], np.ones((len(node), 1)), network.crs, door=network.at_nodes().kept(node))


def sites_at(network: WalkNetwork, node: NDArray[np.int64]) -> Facilities:
    """A site with one gate at each of these nodes."""
    m, xy = len(node), network.xy[node]
    return Facilities(
        *(np.arange(m).astype(str), np.full(m, ""), "green", "candidate", shapely.points(xy), np.zeros(m), xy),
        *(np.arange(m), np.full(m, "point"), network.crs),
        door=network.at_nodes().kept(node),
    )


def median_s(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds of some runs after a warm-up."""
    work()
    return statistics.median(_once(work) for _ in range(runs))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def race(streets: Streets) -> Iterator[str]:
    """The rows of one town."""
    network, v = network_of(streets), len(streets.xy)
    rng = np.random.default_rng(2)
    weight = rng.integers(1, 50, v).astype(float)
    nodes = network.at_nodes()
    graph_of(network)
    scipy, igraph = SciPy(streets, THREADS), Igraph(streets)
    pandana, build_s = None, 0.0
    if v <= MOST_FOR_PANDANA:
        start = time.perf_counter()
        pandana = Pandana(streets)
        build_s = time.perf_counter() - start

    what = f"sum within {AROUND_M:,.0f} m of all {v:,} nodes"
    ours = sum_around(nodes, nodes, weight, limit_m=AROUND_M, threads=THREADS)
    ours_s = median_s(lambda: sum_around(nodes, nodes, weight, limit_m=AROUND_M, threads=THREADS))
    if pandana is not None:
        alike = agree(ours, pandana.sum_within(weight, AROUND_M))
        theirs_s = median_s(lambda: pandana.sum_within(weight, AROUND_M))
        yield row(streets.name, what, ours_s, "pandana, built", theirs_s, alike)
        yield row(streets.name, what, ours_s, "pandana with its build", theirs_s + build_s, alike)
    for peer, name, size in ((scipy, "SciPy", SAMPLE), (igraph, "igraph", SMALL_SAMPLE)):
        some = np.sort(rng.choice(v, size, replace=False))
        alike = agree(ours[some], peer.sum_within(weight, AROUND_M, some))
        theirs_s = median_s(lambda p=peer, s=some: p.sum_within(weight, AROUND_M, s)) * v / size
        yield row(streets.name, what, ours_s, f"{name}, from {size} nodes × {v / size:,.0f}", theirs_s, alike)

    site = np.sort(rng.choice(v, min(NEAREST_SITES, v // 20), replace=False))
    what = f"nearest of {len(site):,} sites for all nodes"
    everybody, some_sites = people_at(network, np.arange(v)), sites_at(network, site)
    limit = 20_000.0
    ours = measure_nearest(everybody, some_sites, limit_m=limit, threads=THREADS).distance[:, 0]
    ours_s = median_s(lambda: measure_nearest(everybody, some_sites, limit_m=limit, threads=THREADS))
    if pandana is not None:
        alike = agree(ours, pandana.nearest(site, limit), 2e-3)
        theirs_s = median_s(lambda: pandana.nearest(site, limit))
        yield row(streets.name, what, ours_s, "pandana, built", theirs_s, alike)
        yield row(streets.name, what, ours_s, "pandana with its build", theirs_s + build_s, alike)
    for peer, name in ((scipy, "SciPy `min_only`"), (igraph, "igraph")):
        alike = agree(ours, peer.nearest(site, limit), 1e-6)
        yield row(streets.name, what, ours_s, name, median_s(lambda p=peer: p.nearest(site, limit)), alike)

    yield from sparse_reach(streets, network, scipy)
    scipy.close()


def sparse_reach(streets: Streets, network: WalkNetwork, scipy: SciPy) -> Iterator[str]:
    """The whole reach against SciPy's, which is asked in two processes and, as its users do, in one."""
    v, rng = len(streets.xy), np.random.default_rng(5)
    site = np.sort(rng.choice(v, min(REACH_SITES, v // 20), replace=False))
    home = rng.integers(0, v, int(DEMAND_A_NODE * v))
    what = f"sparse reach, {len(site):,} sites × {len(home):,} people, {REACH_M:,.0f} m"
    people, sites = people_at(network, home), sites_at(network, site)
    reach = measure_reach(people, sites, limit_m=REACH_M, threads=THREADS)
    alike = agree_rows(reach.rows, scipy.sparse_reach(site, REACH_M)[home])
    alone = SciPy(streets, 1)
    ours_s = median_s(lambda: measure_reach(people, sites, limit_m=REACH_M, threads=THREADS).rows)
    for peer, name in ((scipy, f"{THREADS} processes"), (alone, "one process: threads do not help it")):
        theirs_s = median_s(lambda p=peer: p.sparse_reach(site, REACH_M)[home])
        yield row(streets.name, f"{what}, by place", ours_s, f"SciPy in chunks, sparsified, {name}", theirs_s, alike)
    ours_s = median_s(lambda: measure_reach(people, sites, limit_m=REACH_M, threads=THREADS))
    theirs_s = median_s(lambda: alone.by_site(site, REACH_M))
    yield row(
        streets.name,
        f"{what}, by site",
        ours_s,
        "SciPy in chunks, sparsified, one process, to nodes only",
        theirs_s,
        alike,
    )
    alone.close()
    yield from changes(streets.name, network, people, sites)


def row(town: str, work: str, ours_s: float, peer: str, theirs_s: float, agreement: str) -> str:
    """One line of the table."""
    return f"| {town} | {work} | {peer} | {agreement} | {theirs_s / ours_s:,.1f} × |"


def changes(name: str, network: WalkNetwork, people: Demand, sites: Facilities) -> Iterator[str]:
    """What-if changes against measuring everything anew, on streets already prepared."""
    anew_s = median_s(lambda: measure_reach(people, sites, limit_m=REACH_M, threads=THREADS))
    change = WhatIf(people, sites, limit_m=REACH_M, threads=THREADS)
    near = np.argsort(np.hypot(*(network.xy - np.median(network.xy, axis=0)).T))[: len(network.xy) // 10]
    spots = network.xy[np.random.default_rng(3).choice(near, RUNS + 1, replace=False)]
    across = (
        network.xy[cKDTree(network.xy).query(spots + np.array([120, 90]))[1]] + 0.1
    )  # some 150 m away, at another corner
    network.snap(spots, max_access_m=200)  # the index of streets is there once people have been snapped
    asked: dict[str, Callable[[int], object]] = {
        "adding a site": lambda i: change.add_site(f"new {i}", spots[i]),
        "dropping a site": lambda i: change.drop_site(f"new {i}"),
        "adding a footbridge": lambda i: change.add_street(f"bridge {i}", spots[i], across[i]),
        "closing a footbridge": lambda i: change.close_street(f"bridge {i}"),
    }
    for what, ask in asked.items():
        took = statistics.median([_once(lambda i=i, a=ask: a(i)) for i in range(RUNS + 1)][1:])
        _, homes, parks = change.edited()
        full = measure_reach(homes, parks, limit_m=REACH_M, threads=THREADS)
        alike = "equal" if all((a == b).all() for a, b in zip(change.reach.rows, full.rows, strict=True)) else "DIFFER"
        yield f"| {name} | {what}, {1000 * took:.1f} ms | measuring all anew | {alike} | {anew_s / took:,.0f} × |"


def agree(ours: NDArray[np.float64], theirs: NDArray[np.float64], tolerance: float = 0.5) -> str:
    """How well two answers agree, in words; refused where more than one in a thousand differ."""
    with np.errstate(invalid="ignore"):
        apart = ~((ours == theirs) | (np.abs(ours - theirs) <= tolerance))
    assert apart.mean() < 1e-3, f"{int(apart.sum())} of {len(ours)} answers differ"
    return "equal" if not apart.any() else f"{int(apart.sum())} of {len(ours):,} differ"


def agree_rows(rows: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]], theirs: csr_array) -> str:
    """The same for sparse answers, pair by pair."""
    theirs.sort_indices()
    indptr, facility, metres = rows
    assert (indptr == theirs.indptr).all(), "the two disagree about how many are in reach"
    assert (facility == theirs.indices).all(), "the two disagree about who is in reach"
    return agree(metres, theirs.data, 1e-6)


def growth(sizes: tuple[int, ...]) -> Iterator[str]:
    """Nanoseconds a thread for each settled node, by the size of the network."""
    least = None
    for size in sizes:
        network = network_of(made_up(size))
        nodes = network.at_nodes()
        settled = sum_around(nodes, nodes, limit_m=AROUND_M, threads=THREADS).sum()
        took = median_s(lambda n=nodes: sum_around(n, n, limit_m=AROUND_M, threads=THREADS))
        cost = took * THREADS / settled * 1e9
        least = least or cost
        yield (
            f"| {size:,} | {settled / size:,.0f} | {cost:.1f} | {settled / took / 1e6:,.0f} million "
            f"| {cost / least:.2f} × |"
        )


def memory() -> str:
    """Peak memory of the largest question, in a process of its own."""
    answer = subprocess.run([sys.executable, "-m", "benchmarks.huge"], check=True, capture_output=True, text=True)
    told = json.loads(answer.stdout)
    return (
        f"{told['people']:,} people × {told['sites']:,} sites within {HUGE_M:g} m on {told['nodes']:,} nodes: "
        f"{told['pairs']:,} pairs, peak {told['peak_gib']:.2f} GiB in one process, "
        f"of which {told['before_gib']:.2f} GiB before the reach was measured."
    )


def compare(sizes: tuple[int, ...] = (10_000, 200_000)) -> str:
    """Run everything and return it as Markdown."""
    lines = [
        f"Ratios of times, theirs ÷ ours, {THREADS} threads each, medians of five; answers are compared first.",
        f"pandana has {THREADS} threads, SciPy {THREADS} processes or for one search one thread, igraph one thread.",
        "What is built once for a network, by us or by a peer, is left out unless it says so.",
        "",
        "| streets | work | against | answers | ratio |",
        "|---|---|---|---|---|",
    ]
    for streets in (*map(made_up, sizes), *map(real, cities())):
        for line in race(streets):
            print(line, flush=True)
            lines.append(line)
    lines += ["", "| nodes | settled a source | ns a settled node and thread | settled a second | growth |"]
    lines += ["|---|---|---|---|---|", *growth((10_000, 200_000, 1_000_000)), "", memory()]
    return "\n".join(lines)
