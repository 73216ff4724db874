"""The nearest open facility of everybody, in one pass; and the nearest few."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.network import Flags, Floats, Integers, Snap
from planner.reach.columns import check_measured
from planner.reach.graph import Graph, graph_of, threaded, whole_limit
from planner.reach.measure import asked_limit, joined_doors
from planner.reach.pace import WHOLE
from planner.walkers import Profile

MOST = 64  # nearest facilities at once
PARTS = 8  # of the chains, shared out among threads
WORTH_SHARING = 100_000  # places, below which starting threads costs more than it saves


@dataclass(frozen=True)
class Nearest:
    """The k nearest facilities of each of n places, nearest first; of two at the same distance the first.

    Out of reach is inf and -1. `gate` is the position among the gates of the facilities.
    """

    distance: Floats  # (n, k)  metres, or seconds, as `unit` says
    facility: Integers  # (n, k)
    gate: Integers  # (n, k)
    limit: float
    unit: str  # "m" or "s"
    demand_ids: NDArray[np.str_]  # (n,)
    metric: str = "walk"

    def within(self, limit: float) -> "Nearest":
        """Only what is within a smaller or the same limit. A larger one was never measured: refused."""
        check_measured(limit, self.limit, self.unit)
        near = self.distance <= limit
        inside = [np.where(near, each, -1) for each in (self.facility, self.gate)]
        return replace(
            self, distance=np.where(near, self.distance, np.inf), facility=inside[0], gate=inside[1], limit=limit
        )

    def nearest(self) -> tuple[Floats, Integers]:
        """(n,) metres or seconds to the nearest facility and which, as `Reach.nearest` gives them."""
        return self.distance[:, 0], self.facility[:, 0]


def measure_nearest(
    demand: Demand,
    facilities: Facilities,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
    open: Flags | None = None,  # noqa: A002  (what a facility is)
    k: int = 1,
    threads: int | None = None,
) -> Nearest:
    """The k nearest facilities of everybody, of those marked in `open` (m,), with the gate that is used.

    One flood from all gates at once, which costs the streets and not the pairs: use it where only the
    nearest matter. The same distances and choices as `measure_reach(…).nearest()`. Memory: k arrays of
    v and of n.
    """
    door, gate = joined_doors(demand, facilities)
    limit, unit = asked_limit(limit_m, limit_s, profile)
    if not 1 <= k <= MOST:
        raise QuestionError(f"The nearest {k} cannot be asked for. Ask for 1 to {MOST}.")
    graph = graph_of(door.network, profile)
    counts = np.ones(len(facilities), bool) if open is None else np.asarray(open, bool)
    if len(counts) != len(facilities):
        raise QuestionError(f"`open` marks {len(counts)} facilities of {len(facilities)}. Mark each of them.")
    allowed = counts[facilities.gate_facility]
    most = whole_limit(limit, unit)
    if k == 1:
        away, by = one_pass(graph, door, gate, allowed, most, threads=threads)[:2]
        away, by = away[:, None], by[:, None]
    else:
        away, by = _few(graph, door, gate, allowed, facilities.gate_facility, most, k)
    of = np.append(facilities.gate_facility, -1)[by]
    return Nearest(np.where(by < 0, np.inf, away / WHOLE), of, by, limit, unit, demand.ids)


def gate_seeds(graph: Graph, gate: Snap, allowed: Flags) -> tuple[Any, Any]:
    """The allowed gates on the network as a flood's seeds (chain, cost to its ends, which), and by chain.

    By chain they are: where each chain's begin (c+1,), and their way along it with which they are (g, 3).
    """
    chain = graph.marks(gate).chain
    on = np.flatnonzero((chain >= 0) & allowed)
    chain = chain[on]
    own = np.concatenate([graph.own_way(gate, leaving=False)[on], on[:, None]], axis=1)
    by_chain = np.argsort(chain, kind="stable")
    first_on = np.searchsorted(chain[by_chain], np.arange(len(graph.first) + 1))
    return (chain, np.ascontiguousarray(graph.ends(gate, leaving=False)[on]), on), (first_on, own[by_chain])


def one_pass(
    graph: Graph, door: Snap, gate: Snap, allowed: Flags, limit: int, *, threads: int | None = None
) -> tuple[Integers, Integers, Any]:
    """(n,) cost of the nearest gate and which, and what the flood left at the junctions."""
    from planner._kernels import nearest_of, nearest_pass  # noqa: PLC0415

    streets = graph.streets(leaving=False)
    seeds, by_chain = gate_seeds(graph, gate, allowed)
    passed = nearest_pass(limit, *graph.buckets(limit), streets, seeds)
    targets = graph.targets(door, leaving=True)
    away, by = np.zeros(len(door.edge), np.int64), np.full(len(door.edge), -1, np.int64)
    parts = PARTS if len(door.edge) >= WORTH_SHARING else 1
    spans = list(pairwise(np.linspace(0, len(graph.first), parts + 1).astype(np.int64).tolist()))
    asked = (limit, streets, passed, *by_chain, targets.arrays, away, by)
    threaded(lambda span: nearest_of(span, *asked), spans, threads)
    return away, by, passed


def _few(
    graph: Graph, door: Snap, gate: Snap, allowed: Flags, facility: Integers, limit: int, k: int
) -> tuple[Integers, Integers]:
    """(n, k) cost of the nearest gate of each of the k nearest facilities, and which gate."""
    from planner._kernels import few_of, few_pass  # noqa: PLC0415

    streets = graph.streets(leaving=False)
    seeds, by_chain = gate_seeds(graph, gate, allowed)
    passed = few_pass(limit, *graph.buckets(limit), streets, seeds, facility, k)
    targets = graph.targets(door, leaving=True)
    away, by = np.zeros((len(door.edge), k), np.int64), np.full((len(door.edge), k), -1, np.int64)
    asked = (limit, streets, passed, *by_chain, targets.arrays, facility, away, by)
    few_of(*asked)
    return away, by
