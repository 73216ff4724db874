"""How far everybody walks to every facility, or is from it in a straight line."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from planner.demand import Demand
from planner.errors import DataError
from planner.facilities import Facilities
from planner.network import Floats, Integers, Snap
from planner.reach.columns import Columns, Reach
from planner.reach.graph import LANES, Graph, Positions, Targets, graph_of, whole, whole_limit
from planner.standards import Profile

ROOM = 1 << 20  # pairs a chunk has room for at first; pages never written cost nothing


def measure_reach(
    demand: Demand,
    facilities: Facilities,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
    threads: int | None = None,
) -> Reach:
    """How far everybody walks to each facility, up to a limit, from door to nearest gate.

    In metres up to `limit_m`, or in the seconds that a walker (`profile`) needs up to `limit_s`, uphill
    and downhill as it is walked, from the door to the gate. Both must be snapped to the same network.
    The walk is access leg + streets + access leg, exact along a single street. Places and gates off the
    network reach nothing. The answer does not depend on `threads` (all cores by default). Memory: twelve
    bytes a pair in reach, and a few arrays of v and n a thread.
    """
    door, gate = joined_doors(demand, facilities)
    limit, unit = asked_limit(limit_m, limit_s, profile)
    graph = graph_of(door.network, profile)
    near = seeds_of(graph, gate, facilities.gate_facility, len(facilities), leaving=False)
    targets = graph.targets(door, leaving=True)
    columns = search(graph, near, targets, whole_limit(limit, unit), len(facilities), leaving=False, threads=threads)
    return Reach(columns, limit, unit, "walk", demand.ids, facilities.ids)


def measure_straight(demand: Demand, facilities: Facilities, *, limit_m: float) -> Reach:
    """How far everybody is in a straight line from each facility's boundary, up to a limit; 0 inside it."""
    limit = whole_limit(limit_m, "m")
    points = shapely.points(demand.xy)
    place, facility = shapely.STRtree(facilities.geometry).query(points, predicate="dwithin", distance=limit_m + 1e-6)
    metres = whole(shapely.distance(points[place], facilities.geometry[facility]))
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
    door, gate = demand.door, facilities.door
    if door is None or gate is None or door.network is not gate.network:
        raise DataError("Snap the demand and the facilities to the same network first, see snapped().")
    return door, gate


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
    graph: Graph, seeds: Seeds, targets: Targets, limit: int, m: int, *, leaving: bool, threads: int | None = None
) -> Columns:
    """The columns of m facilities, searched from them (`leaving`) or against the walk to them."""
    from planner._kernels import reach_columns  # noqa: PLC0415  (compiling must not slow down `planner --help`)

    streets, buckets = graph.streets(leaving=leaving), graph.buckets(limit)

    def some(span: tuple[int, int], space: Any) -> list[tuple[Integers, Positions, Floats]]:
        done, at, room = [], span[0], ROOM
        while at < span[1]:
            count, place, away = np.zeros(span[1] - at, np.int64), np.empty(room, np.int32), np.empty(room)
            asked = ((at, span[1]), limit, *buckets, space, streets, seeds.arrays, seeds.own, targets.arrays)
            reached, pairs = reach_columns(*asked, count, place, away)
            if reached > at:
                done.append((count[: reached - at], place[:pairs], away[:pairs]))
            room, at = max(room, pairs), reached
        return done

    chunks = [chunk for span in graph.in_spans(some, len(seeds.order), threads) for chunk in span]
    count = np.concatenate([np.empty(0, np.int64), *(chunk[0] for chunk in chunks)])
    lane_chunk = np.repeat(np.arange(len(chunks)), [len(chunk[0]) for chunk in chunks])
    before = np.cumsum(count) - count
    start, stop, chunk_of = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, np.int32)
    chunk_of[seeds.order] = lane_chunk
    start[seeds.order] = before - np.concatenate([[0], np.cumsum([len(chunk[1]) for chunk in chunks])])[lane_chunk]
    stop[seeds.order] = start[seeds.order] + count
    return Columns(tuple((place, away) for _, place, away in chunks), chunk_of, start, stop)
