"""Reach for the eye: the streets within a walk of one facility, and the way that one walk takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import DataError, QuestionError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers, Snap, WalkNetwork
from planner.reach.graph import Graph, graph_of, remembered, whole_limit
from planner.reach.measure import asked_limit, joined_doors
from planner.reach.nearest import one_pass
from planner.reach.pace import WHOLE
from planner.walkers import Profile

FIRST_END, LAST_END = 0.0, np.inf  # steps of a chain, see `_between`


@dataclass(frozen=True)
class Streets:
    """s pieces of the network's segments that touch nowhere but at nodes, by segment and then from its first end."""

    edge: Integers  # (s,)  the segment each is a piece of
    start_m: Floats  # (s,)  along the segment from its first end
    stop_m: Floats  # (s,)
    line: Floats  # (s, 2, 2)  metres, in the network's `crs`
    network: WalkNetwork = field(repr=False)


@dataclass(frozen=True)
class Walk:
    """One shortest walk from a place to the nearest gate of a facility.

    The first and the last piece of `xy` are the access legs, straight from the place to its position on a
    street and from the gate's; between them are the streets' nodes. Neighbouring points may coincide.
    """

    xy: Floats  # (p, 2)  metres, in the network's `crs`; p ≥ 4
    cost: float  # in `unit`, exactly what `measure_reach` says
    unit: str  # "m" or "s"
    gate: int  # position among the gates of the facilities
    edge: Integers  # (p-1,)  the segment that each piece of `xy` lies on; -1 = an access leg
    length_m: Floats  # (p-1,)  of each piece
    network: WalkNetwork = field(repr=False)

    def along(self) -> tuple[tuple[str, float], ...]:
        """The streets in the order walked, with the metres along each, access legs left out; "" is one without a name.

        A street that is left and met again comes again. Where nobody recorded names, all is "".
        """
        ways, found = self.network.ways, list[tuple[str, float]]()
        for edge, metres in zip(self.edge.tolist(), self.length_m.tolist(), strict=True):
            if edge < 0 or not metres:
                continue
            street = ways.name_of(edge) if ways is not None else ""
            if found and found[-1][0] == street:
                metres += found.pop()[1]  # noqa: PLW2901  (one stretch more of the same street)
            found.append((street, metres))
        return tuple(found)


def streets_within(
    facilities: Facilities,
    site: str,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
) -> Streets:
    """The streets from which one walks to a facility (its id `site`) within a limit. To be looked at, not counted.

    Exactly at the limit is within. The gate's access leg counts; people who live at these streets also walk
    one of their own. In seconds, walked towards the gate, up and down as the streets are. Pieces of less
    than a micrometre are dropped, and gaps as small are none. An unknown id is a QuestionError.
    """
    gate = facilities.door
    if gate is None:
        raise DataError(f"None of {len(facilities)} facilities meets a street. Snap them first, see snapped().")
    limit, unit = asked_limit(limit_m, limit_s, profile)
    most, network = whole_limit(limit, unit), gate.network
    graph = graph_of(network, profile)
    allowed = facilities.gate_facility == _position(facilities.ids, site, "facilities")
    away, by, _ = one_pass(graph, network.at_nodes(), gate, allowed, most)
    left = np.where(by < 0, -1, most - away)[network.ends]  # of the limit, at both ends of each segment
    left = left if graph.costs.waits is None else left - graph.costs.waits
    gate = gate.kept(allowed & ~gate.off & (gate.offset_m > 0) & (gate.offset_m < network.length_m[gate.edge]))

    # One comes to a segment at its ends and at the gates on it, each at a share of its length with a rest of the limit.
    every, length = np.arange(len(network.ends)), network.length_m[gate.edge]
    edge = np.concatenate([every, every, gate.edge])
    at_gate = np.divide(gate.offset_m, length, out=np.zeros(len(length)), where=length > 0)
    at = np.concatenate([np.zeros(len(every)), np.ones(len(every)), at_gate])
    rest = np.concatenate([left[:, 0], left[:, 1], most - graph.marks(gate).access])
    onward, back = (
        np.divide(rest, cost[edge], out=np.ones(len(rest)), where=cost[edge] > 0) for cost in graph.costs.inner
    )
    start, stop = (np.clip(share, 0, 1) * network.length_m[edge] for share in (at - onward, at + back))
    piece = stop - start > 1 / WHOLE  # what comes with less than nothing stops before it starts
    edge, start, stop = _united(edge[piece], start[piece], stop[piece])
    line = [network.position(Snap(edge, offset, np.zeros(len(edge)), network)) for offset in (start, stop)]
    return Streets(edge, start, stop, np.stack(line, axis=1), network)


def walk_path(
    demand: Demand,
    facilities: Facilities,
    place: str,
    site: str,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
) -> Walk | None:
    """One shortest walk from a place (its id) to the nearest gate of a facility (its id `site`), to explain a number.

    None where it is longer than the limit, or one of the two is off the network. Of gates at the same cost
    the first. Both must be snapped to the same network. Unknown ids are QuestionErrors.
    """
    door, gate = joined_doors(demand, facilities)
    limit, unit = asked_limit(limit_m, limit_s, profile)
    graph, network = graph_of(door.network, profile), door.network
    home = np.array([_position(demand.ids, place, "places")])
    allowed = facilities.gate_facility == _position(facilities.ids, site, "facilities")
    door = door.kept(home)
    away, by, passed = one_pass(graph, door, gate, allowed, whole_limit(limit, unit))
    if by[0] < 0:
        return None
    gate = gate.kept(by)
    nodes = np.concatenate(list(_stretches(graph, door, gate, (int(away[0]), int(by[0])), passed)))
    nodes = nodes[np.append(True, np.diff(nodes) != 0)[: len(nodes)]]  # a junction ends one stretch and begins another
    parts = (demand.xy[home], network.position(door), network.xy[nodes], network.position(gate), facilities.gate_xy[by])
    edge, length_m = _pieces(graph, door, gate, nodes)
    return Walk(np.concatenate(parts), float(away[0] / WHOLE), unit, int(by[0]), edge, length_m, network)


def _position(ids: NDArray[np.str_], wanted: str, what: str) -> int:
    """Where an id stands; refused where it is none."""
    at = np.flatnonzero(ids == wanted)
    if not len(at):
        raise QuestionError(f"{wanted!r} is the id of none of {len(ids)} {what} ({first(ids)}). Ask for one of them.")
    return int(at[0])


def _united(edge: Integers, start: Floats, stop: Floats) -> tuple[Integers, Floats, Floats]:
    """Pieces of segments in order, those that overlap or touch as one."""
    order = np.lexsort((start, edge))
    edge, start, stop = edge[order], start[order], stop[order]
    by_stop = np.lexsort((stop, edge))
    rank = np.empty(len(edge), np.int64)
    rank[by_stop] = np.arange(len(edge))
    furthest = stop[by_stop[np.maximum.accumulate(rank)]]  # so far on the same segment: ranks rise with segments
    begins = np.ones(len(edge), bool)
    begins[1:] = (edge[1:] != edge[:-1]) | (start[1:] - furthest[:-1] > 1 / WHOLE)
    return edge[begins], start[begins], furthest[np.roll(begins, -1)]


def _stretches(
    graph: Graph, door: Snap, gate: Snap, found: tuple[int, int], passed: tuple[Integers, ...]
) -> Iterator[Integers]:
    """The nodes of a walk, chain by chain, from what a flood from the gates left: cost, gate, half-street come by."""
    reached, source, came_by = passed
    away, by = found
    ends = np.stack([graph.first, graph.last])
    chain, at = _step(graph, door)
    goal, goal_at = _step(graph, gate)
    through = reached[ends[:, chain]] + graph.ends(door, leaving=True)[0] == away
    through &= source[ends[:, chain]] == by
    if not through.any():
        yield _between(graph, chain, at, goal_at)  # past no end of the chain
        return
    side = int(np.argmax(through))
    yield _between(graph, chain, at, (FIRST_END, LAST_END)[side])
    junction = ends[side, chain]
    while came_by[junction] >= 0:
        half = came_by[junction]
        chain = int(graph.chain[half])
        way = (FIRST_END, LAST_END) if graph.first[chain] == junction else (LAST_END, FIRST_END)
        yield _between(graph, chain, *way)
        junction = np.searchsorted(graph.stop, half, side="right")  # whose half-street it is: the flood came from there
    enters = (ends[:, goal] == junction) & (graph.ends(gate, leaving=False)[0] == reached[junction])
    yield _between(graph, goal, (FIRST_END, LAST_END)[int(np.argmax(enters))], goal_at)


def _pieces(graph: Graph, door: Snap, gate: Snap, nodes: Integers) -> tuple[Integers, Floats]:
    """The segment and the metres of each piece of a walk from door to gate past these nodes; -1 = an access leg."""
    network = graph.network
    begin, end = ((int(at.edge[0]), float(at.offset_m[0]), float(at.access_m[0])) for at in (door, gate))
    if not len(nodes):
        return np.array([-1, begin[0], -1]), np.array([begin[2], abs(end[1] - begin[1]), end[2]])
    between = [_cheapest(graph, *pair) for pair in pairwise(nodes.tolist())]
    ends = (
        offset if network.ends[edge, 0] == node else network.length_m[edge] - offset
        for (edge, offset, _), node in ((begin, nodes[0]), (end, nodes[-1]))
    )
    edge = np.array([-1, begin[0], *between, end[0], -1])
    first_m, last_m = ends
    return edge, np.array([begin[2], first_m, *network.length_m[between].tolist(), last_m, end[2]])


def _cheapest(graph: Graph, start: int, stop: int) -> int:
    """The segment from one node to a neighbour on which one is there first; of equal ones the first."""
    ends, (onward, back) = graph.network.ends, graph.costs.inner
    there = np.flatnonzero((ends == (start, stop)).all(axis=1))
    returning = np.flatnonzero((ends == (stop, start)).all(axis=1))
    edge, cost = np.append(there, returning), np.append(onward[there], back[returning])
    return int(edge[np.argmin(cost)])


def _chain(graph: Graph, chain: int) -> Integers:
    """The segments of a chain, from its first end to its last."""

    def ordered() -> tuple[Integers, Integers]:
        of, _, before, _ = graph.segment
        order = np.lexsort((graph.costs.onward, before, of))  # one that costs nothing stands before the next
        return order, of[order]

    order, of = remembered(graph, ("along chains",), ordered)
    return order[slice(*np.searchsorted(of, [chain, chain + 1]))]  # type: ignore[no-any-return]


def _step(graph: Graph, snap: Snap) -> tuple[int, float]:
    """The chain of one point and the step at which it stands, see `_between`."""
    chain = int(graph.segment[0][snap.edge[0]])
    return chain, float(np.flatnonzero(_chain(graph, chain) == snap.edge[0])[0]) + 0.5


def _between(graph: Graph, chain: int, start: float, stop: float) -> Integers:
    """The nodes on the way from one step of a chain to another: its nodes are steps 0, 1, 2 …, streets lie halfway."""
    edge = _chain(graph, chain)
    ends = np.where(graph.segment[1][edge, None], graph.network.ends[edge, ::-1], graph.network.ends[edge])
    nodes = np.append(ends[:, 0], ends[-1, 1])
    low, high = min(start, stop), min(max(start, stop), len(edge))
    between = nodes[int(np.ceil(low)) : int(np.floor(high)) + 1]
    return between if start <= stop else between[::-1]
