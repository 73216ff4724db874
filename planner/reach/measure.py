"""How far everybody walks to every facility, or is from it in a straight line."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from planner.demand import Demand
from planner.errors import DataError
from planner.facilities import Facilities
from planner.network import Floats, Integers, Snap
from planner.reach.columns import Columns, Reach
from planner.reach.graph import LANES, Graph, Positions, Targets, graph_of, whole_limit
from planner.reach.keeping import PAIR_BYTES, Cache, Store, room
from planner.reach.pace import whole
from planner.walkers import Profile

log = logging.getLogger(__name__)

UNSNAPPED = "Snap the demand and the facilities to the same network first, see snapped()."
ROOM = 1 << 20  # pairs a chunk has room for at first; pages never written cost nothing
SURELY_SMALL = 256 << 20  # bytes of all pairs there could be, below which nobody need estimate
SAMPLE = 4  # blocks of searches by which the pairs are estimated


def measure_reach(
    demand: Demand,
    facilities: Facilities,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
    threads: int | None = None,
    store_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
) -> Reach:
    """How far everybody walks to each facility, up to a limit, from door to nearest gate.

    In metres up to `limit_m`, or in the seconds that a walker (`profile`) needs up to `limit_s`, uphill
    and downhill as it is walked, from the door to the gate. Both must be snapped to the same network.
    The walk is access leg + streets + access leg, exact along a single street. Places and gates off the
    network reach nothing. The answer does not depend on `threads` (all cores by default).

    Memory: twelve bytes a pair in reach, and a few arrays of v and n a thread. Large answers are estimated
    first; one that would take more than half of the free memory goes to files in `store_dir` (else the
    system's folder for such), which are gone with the reach, and is refused where the disk is too small.
    With a `cache_dir` the answer is kept there, and found again as long as nothing it depends on changes.
    """
    door, gate = joined_doors(demand, facilities)
    limit, unit = asked_limit(limit_m, limit_s, profile)
    most = whole_limit(limit, unit)
    cache = None if cache_dir is None else Cache.of(cache_dir, demand, facilities, limit, profile)
    if cache is not None and (kept := cache.read(len(facilities), len(demand.ids))) is not None:
        return Reach(kept, limit, unit, "walk", demand.ids, facilities.ids)
    graph = graph_of(door.network, profile)
    near = seeds_of(graph, gate, facilities.gate_facility, len(facilities), leaving=False)
    targets = graph.targets(door, leaving=True)
    columns = search(graph, near, targets, most, len(facilities), threads=threads, store_dir=store_dir)
    if cache is not None:
        cache.write(columns)
    return Reach(columns, limit, unit, "walk", demand.ids, facilities.ids)


def measure_straight(demand: Demand, facilities: Facilities, *, limit_m: float) -> Reach:
    """How far everybody is in a straight line from each facility's boundary, up to a limit; 0 inside it."""
    limit = whole_limit(limit_m, "m")
    place, facility = shapely.STRtree(facilities.geometry).query(
        demand.points, predicate="dwithin", distance=limit_m + 1e-6
    )
    metres = whole(shapely.distance(demand.points[place], facilities.geometry[facility]))
    near = metres <= limit
    return Reach.of_pairs(
        *(place[near], facility[near], metres[near] / 1e6),
        limit=limit_m,
        metric="straight",
        demand_ids=demand.ids,
        facility_ids=facilities.ids,
    )


def joined_doors(demand: Demand, facilities: Facilities) -> tuple[Snap, Snap]:
    """Where both meet the streets; refused where one does not, or on another network."""
    door, gate = on_streets(demand.door), on_streets(facilities.door)
    if door.network is not gate.network:
        raise DataError(UNSNAPPED)
    return door, gate


def on_streets(door: Snap | None) -> Snap:
    """Where a layer meets the streets; refused where that was never asked."""
    if door is None:
        raise DataError(UNSNAPPED)
    return door


def asked_limit(limit_m: float | None, limit_s: float | None, profile: Profile | None) -> tuple[float, str]:
    """The limit and its unit; refused where metres and seconds are mixed."""
    if limit_m is not None and limit_s is None and profile is None:
        return limit_m, "m"
    if limit_s is not None and limit_m is None and profile is not None:
        return limit_s, "s"
    raise DataError("Give either limit_m, or limit_s together with the profile of who walks.")


@dataclass(frozen=True)
class Seeds:
    """Where searches start: the gates of each source, near sources one after another."""

    order: Integers  # (lanes,)  the source of each search
    start: Integers  # (lanes+1,)  of each search's gates among the seeds
    chain: Integers  # (g,)
    cost: Integers  # (g, 2)  between the gate and its chain's ends
    own: Integers  # (g, 3)  what a walk along the chain owes to the gate, see `along` in the kernels; lane

    @property
    def arrays(self) -> tuple[Any, ...]:
        """As `flood` takes them."""
        return self.start, self.chain, self.cost


def seeds_of(graph: Graph, gate: Snap, source: Integers, count: int, *, leaving: bool) -> Seeds:
    """Searches from `count` sources, each from all its gates (g,); those off the network are left out."""
    at = graph.marks(gate)
    on = np.flatnonzero(at.chain >= 0)
    nearest_chain = np.full(count, len(graph.first))
    np.minimum.at(nearest_chain, source[on], at.chain[on])
    order = np.argsort(nearest_chain, kind="stable")
    order = order[: int((nearest_chain < len(graph.first)).sum())]
    lane_of = np.full(count, -1)
    lane_of[order] = np.arange(len(order))
    on = on[np.argsort(lane_of[source[on]], kind="stable")]
    lane = lane_of[source[on]]
    start = np.concatenate([[0], np.cumsum(np.bincount(lane, minlength=len(order)))]).astype(np.int64)
    own = graph.own_way(gate, leaving=leaving)[on]
    cost = np.ascontiguousarray(graph.ends(gate, leaving=leaving)[on])
    return Seeds(order, start, at.chain[on], cost, np.concatenate([own, lane[:, None] % LANES], axis=1))


def search(
    graph: Graph,
    seeds: Seeds,
    targets: Targets,
    limit: int,
    m: int,
    *,
    threads: int | None = None,
    store_dir: str | Path | None = None,
) -> Columns:
    """The columns of m facilities, searched from them against the walk to them."""
    from planner._kernels import reach_columns  # noqa: PLC0415  (compiling must not slow down `planner --help`)

    streets, buckets = graph.streets(leaving=False), graph.buckets(limit)

    def some(span: tuple[int, int], space: Any) -> list[tuple[Integers, Positions, Floats]]:
        done, at, pairs = [], span[0], ROOM
        while at < span[1]:
            count, (place, away) = np.zeros(span[1] - at, np.int64), room(max(4 * pairs, ROOM))
            asked = ((at, span[1]), limit, *buckets, space, streets, seeds.arrays, seeds.own, targets.arrays)
            reached, pairs = reach_columns(*asked, count, place, away)
            if reached > at:
                done.append((count[: reached - at], place[:pairs], away[:pairs]))
            at = reached
        return done

    def kept(span: tuple[int, int], space: Any) -> list[tuple[Integers, int, Any]]:
        return [(count, len(place), store.put(place, away)) for count, place, away in some(span, space)]

    lanes = len(seeds.order)
    pairs = lanes * len(targets.point)
    if pairs * PAIR_BYTES > SURELY_SMALL:
        pairs = _estimated_pairs(graph, some, lanes)
    store = Store(pairs, store_dir)
    chunks = [chunk for span in graph.in_spans(kept, lanes, threads) for chunk in span]
    count = np.concatenate([np.empty(0, np.int64), *(chunk[0] for chunk in chunks)])
    lane_chunk = np.repeat(np.arange(len(chunks)), [len(chunk[0]) for chunk in chunks])
    before = np.cumsum(count) - count
    start, stop, chunk_of = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, np.int32)
    chunk_of[seeds.order] = lane_chunk
    start[seeds.order] = before - np.concatenate([[0], np.cumsum([chunk[1] for chunk in chunks])])[lane_chunk]
    stop[seeds.order] = start[seeds.order] + count
    return Columns(store.chunks(chunk[2] for chunk in chunks), chunk_of, start, stop)


def _estimated_pairs(graph: Graph, some: Callable[[tuple[int, int], Any], list[Any]], lanes: int) -> int:
    """How many pairs there will be, by the searches of a few evenly spread blocks."""
    blocks = np.unique(np.linspace(0, lanes // LANES, SAMPLE, endpoint=False).astype(np.int64)).tolist()
    spans = [(block * LANES, min((block + 1) * LANES, lanes)) for block in blocks]
    found = [sum(len(chunk[1]) for chunk in graph.with_workspace(some, span)) for span in spans]
    pairs = int(sum(found) / sum(last - first for first, last in spans) * lanes)
    log.info("about %s pairs are in reach, estimated from %s of %s searches", f"{pairs:,}", len(spans) * LANES, lanes)
    return pairs
