"""Streets with walled compounds in them: who lives in one walks out by its gates, and nobody walks through.

A street that meets a wall ends there, unless there is a gate. Inside, a home has a straight way to the nearest point of
every connected piece of the ways that are mapped there, and a way to each gate that none of those passes, straight or
round the corners of the outline. A gate for residents is passed outward only: as walks lead from homes to facilities,
nobody else can enter, and nobody takes a short cut. A public gate is passed both ways.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from planner.compounds import Compounds, Crossings, crossings, walks_inside
from planner.facilities import Facilities
from planner.network import (
    BACK,
    BOTH_WAYS,
    ONWARD,
    SHUT,
    Floats,
    Integers,
    Snap,
    WalkNetwork,
    components_of,
)


@dataclass(frozen=True)
class Walled:
    """A network in which the walls of compounds stand, and its w ways through gates.

    A gate has a way for each street that passes it, else one of its own to the nearest street, else none. The way
    leads from `inner` to `outer`, whose access leg it is.
    """

    network: WalkNetwork
    compounds: Compounds
    ground: Integers  # (e,)  the compound in which each segment lies; -1 = in none
    way_gate: Integers  # (w,)
    inner: Snap  # (w,)
    outer: Snap  # (w,)
    compound: Integers  # (n,)  in which each place lies; -1 = in none
    door: Snap  # (n,)  where each place meets the network

    def entered(self, facilities: Facilities, *, max_access_m: float) -> Facilities:
        """Facilities attached to the streets; a gate of one that lies in a compound is reached through all of its.

        Visitors are let in to what they visit, and no further. Who lives there also comes by the nearest way inside.
        """
        xy = facilities.gate_xy
        within = self.compounds.holding(xy)
        outside = np.flatnonzero(within < 0)
        rows, doors = [outside], [self.network.snap(xy[outside], max_access_m=max_access_m)]
        open_ways = np.flatnonzero(self.compounds.gate_open[self.way_gate])
        of_way = self.compounds.gate_compound[self.way_gate[open_ways]]
        for c in np.unique(within[within >= 0]).tolist():
            here, ways = np.flatnonzero(within == c), open_ways[of_way == c]
            begin = self.network.position(self.inner)[ways]
            gates = np.where(np.isnan(begin), self.compounds.gate_xy[self.way_gate[ways]], begin)
            inside_m = walks_inside(self.compounds.geometry[c], xy[here], gates).ravel()
            from_street = self.outer.kept(np.tile(ways, len(here)))
            rows.append(np.repeat(here, len(ways)))
            doors.append(replace(from_street, access_m=from_street.access_m + inside_m))
            paths = np.flatnonzero(self.ground == c)
            if len(paths):
                rows.append(here)
                doors.append(_nearest(self.network, xy[here], paths))
        row, door = np.concatenate(rows), doors[0]
        for more in doors[1:]:
            door = door.joined(more)
        missed = np.setdiff1d(np.arange(len(xy)), row)  # in a compound without a gate near a street
        row = np.concatenate([row, missed])
        door = door.joined(_off(len(missed), self.network))
        order = np.argsort(row, kind="stable")
        at = row[order]
        return replace(
            facilities,
            gate_xy=xy[at],
            gate_facility=facilities.gate_facility[at],
            gate_origin=facilities.gate_origin[at],
            door=door.kept(order),
        )


def wall_in(network: WalkNetwork, compounds: Compounds, xy: Floats, *, max_access_m: float, at_gate_m: float) -> Walled:
    """The network with the walls of compounds, and places (n, 2) attached to it, in metres.

    A gate lets through the streets that cross the outline within `at_gate_m` of it. Places outside snap to the nearest
    street in front of every wall. Places in a compound of which no gate is near a street are off the network.
    Segments of the network are split, cut ones are gone. Memory: a segment for each pair of a home and a gate (or a
    connected piece of ways inside) of one compound.
    """
    cut = crossings(network, compounds.ground)
    gate = _gate_at(cut, compounds, at_gate_m)
    streets, ground, inner, outer = _cut(network, compounds, cut, gate)
    through = gate >= 0
    alone = np.setdiff1d(np.arange(len(compounds.gate_compound)), gate)
    within = compounds.holding(xy)
    homes = np.flatnonzero(within >= 0)
    point_xy = np.concatenate([xy[homes], compounds.gate_xy[alone]])
    point_compound = np.concatenate([within[homes], compounds.gate_compound[alone]])

    point, foot = _feet(streets, ground, point_xy, point_compound)
    front = streets.snap(compounds.gate_xy[alone], max_access_m=max_access_m)
    near = np.flatnonzero(~front.off)
    ends, leg_m = _legs(compounds, point_xy, point_compound, len(homes))
    split, feet, parent = _split(
        streets, np.concatenate([foot.edge, front.edge[near]]), np.concatenate([foot.offset_m, front.offset_m[near]])
    )
    node = len(split.xy) + np.arange(len(point_xy))
    gate_node = node[len(homes) :]
    inside = np.column_stack([node[point], feet[: len(point)]])
    through_gate = np.column_stack([gate_node[near], feet[len(point) :]])
    ends = np.concatenate([node[ends], inside, through_gate])
    leg_m = np.concatenate([leg_m, foot.access_m, front.access_m[near]])
    legs = len(ends) - len(near)
    passage = np.concatenate([np.full(legs, BOTH_WAYS), _outward(compounds, alone[near])])
    of_leg = np.concatenate([point_compound[ends[:legs, 0] - len(split.xy)], np.full(len(near), -1)])
    whole = _with_legs(split, point_xy, ends, leg_m, passage)

    way_gate = np.concatenate([gate[through], alone[near]])
    inner_at = np.concatenate([inner[through], gate_node[near]])
    outer_at = np.concatenate([outer[through], feet[len(point) :]])
    way_m = np.concatenate([np.zeros(int(through.sum())), front.access_m[near]])
    door = whole.snap(xy, max_access_m=max_access_m)
    at_home = _standing(whole, node[: len(homes)])
    for name in ("edge", "offset_m", "access_m"):
        getattr(door, name)[homes] = getattr(at_home, name)
    outer_snap = _standing(whole, outer_at)
    return Walled(
        network=whole,
        compounds=compounds,
        ground=np.concatenate([ground[parent], of_leg]),
        way_gate=way_gate,
        inner=_standing(whole, inner_at),
        outer=replace(outer_snap, access_m=outer_snap.access_m + way_m),
        compound=within,
        door=door,
    )


def _gate_at(cut: Crossings, compounds: Compounds, at_gate_m: float) -> Integers:
    """(k,) the gate by which each crossing passes, an open and a public one first, then the nearest; -1 = none."""
    crossing, gate = shapely.STRtree(shapely.points(compounds.gate_xy)).query(
        shapely.points(cut.xy), predicate="dwithin", distance=at_gate_m
    )
    own = cut.compound[crossing] == compounds.gate_compound[gate]
    crossing, gate = crossing[own], gate[own]
    away = np.hypot(*(cut.xy[crossing] - compounds.gate_xy[gate]).T)
    last_best = np.lexsort((gate, away, ~compounds.gate_public[gate], ~compounds.gate_open[gate]))[::-1]
    chosen = np.full(len(cut.edge), -1, np.int64)
    chosen[crossing[last_best]] = gate[last_best]
    return chosen


def _outward(compounds: Compounds, gate: Integers) -> Integers:
    """How segments from inside to outside are passed at gates."""
    return np.where(compounds.gate_open[gate], np.where(compounds.gate_public[gate], BOTH_WAYS, ONWARD), SHUT)


def _cut(
    network: WalkNetwork, compounds: Compounds, cut: Crossings, gate: Integers
) -> tuple[WalkNetwork, Integers, Integers, Integers]:
    """The network cut at crossings without a gate; the ground of its segments, and each crossing's inner, outer node.

    At a crossing with a gate stand two nodes, with a segment of no length between them.
    """
    k = len(cut.edge)
    apart, node, _ = _split(network, np.tile(cut.edge, 2), np.tile(cut.offset_m, 2))
    before, after = node[:k], node[k:]
    starting, stopping = np.zeros(len(apart.xy), np.int64), np.zeros(len(apart.xy), np.int64)
    starting[apart.ends[:, 0]] = stopping[apart.ends[:, 1]] = np.arange(len(apart.ends))
    wall = starting[before]
    ground = compounds.holding(apart.xy[apart.ends].mean(axis=1))
    ground[wall] = -1
    leaves, comes = (ground[each] == cut.compound for each in (stopping[before], starting[after]))
    outward = np.full(k, SHUT)
    outward[gate >= 0] = _outward(compounds, gate[gate >= 0])
    passage = np.zeros(len(apart.ends), np.int64)
    passage[wall] = np.where(leaves | (outward != ONWARD), outward, BACK)
    passage[wall[leaves == comes]] = BOTH_WAYS  # only touched
    stays = np.ones(len(apart.ends), bool)
    stays[wall[(gate < 0) & (leaves != comes)]] = False
    private = ground >= 0
    private[wall] = True
    ends, length = apart.ends[stays], apart.length_m[stays]
    streets = replace(
        apart,
        ends=ends,
        length_m=length,
        component=components_of(len(apart.xy), ends, length),
        passage=passage[stays],
        private=private[stays],
        ways=apart.ways and apart.ways.kept(stays),
    )
    return streets, ground[stays], np.where(leaves, before, after), np.where(leaves, after, before)


def _feet(streets: WalkNetwork, ground: Integers, xy: Floats, compound: Integers) -> tuple[Integers, Snap]:
    """The nearest position on each connected piece of the ways of its compound for each point: point, position."""
    ways = np.flatnonzero(ground >= 0)
    label = components_of(len(streets.xy), streets.ends[ways], streets.length_m[ways])[streets.ends[ways, 0]]
    points, feet = [np.empty(0, np.int64)], [_off(0, streets)]
    for piece in np.unique(label).tolist():
        of_piece = ways[label == piece]
        here = np.flatnonzero(compound == ground[of_piece[0]])
        points.append(here)
        feet.append(_nearest(streets, xy[here], of_piece))
    foot = feet[0]
    for more in feet[1:]:
        foot = foot.joined(more)
    return np.concatenate(points), foot


def _nearest(network: WalkNetwork, xy: Floats, edges: Integers) -> Snap:
    """Where points (n, 2) are nearest to some segments."""
    tree = shapely.STRtree(shapely.linestrings(network.xy[network.ends[edges]]))
    point, found = tree.query_nearest(shapely.points(xy), all_matches=False)
    edge = np.empty(len(xy), np.int64)
    edge[point] = edges[found]
    return Snap(edge, *network.meet(xy, edge), network)


def _legs(compounds: Compounds, xy: Floats, compound: Integers, homes: int) -> tuple[Integers, Floats]:
    """Ways inside from each point to each gate (those points from `homes` on) of its compound: their ends, metres."""
    ends, metres = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for c in np.unique(compound[homes:]).tolist():
        here = np.flatnonzero(compound == c)
        gates = here[here >= homes]
        inside_m = walks_inside(compounds.geometry[c], xy[here], xy[gates])
        pairs = np.stack(np.meshgrid(here, gates, indexing="ij"), axis=2)
        once = pairs[:, :, 0] < pairs[:, :, 1]
        ends.append(pairs[once])
        metres.append(inside_m[once])
    return np.concatenate(ends), np.concatenate(metres)


def _split(network: WalkNetwork, edge: Integers, offset_m: Floats) -> tuple[WalkNetwork, Integers, Integers]:
    """The network with a node at each position (k,); these, and of each segment the one that it was part of.

    Pieces follow all whole segments, each from its first end on. Of positions at one place the first comes first.
    """
    k, touched = len(edge), np.unique(edge)
    node = len(network.xy) + np.arange(k)
    of = np.concatenate([touched, edge, touched])
    along = np.concatenate([np.zeros(len(touched)), offset_m, network.length_m[touched]])
    stop = np.concatenate([network.ends[touched, 0], node, network.ends[touched, 1]])
    rank = np.repeat([0, 1, 2], [len(touched), k, len(touched)])
    order = np.lexsort((along, rank, of))
    of, along, stop = of[order], along[order], stop[order]
    same = of[1:] == of[:-1]
    whole = np.setdiff1d(np.arange(len(network.ends)), touched)
    parent = np.concatenate([whole, of[1:][same]])
    ends = np.concatenate([network.ends[whole], np.column_stack([stop[:-1], stop[1:]])[same]])
    length = np.concatenate([network.length_m[whole], np.maximum(np.diff(along)[same], 0.0)])
    at = network.position(Snap(edge, offset_m, np.zeros(k), network))
    xy = np.concatenate([network.xy, at])
    share = np.divide(offset_m, network.length_m[edge], out=np.zeros(k), where=network.length_m[edge] > 0)
    height = network.height_m
    if height is not None:
        low, high = height[network.ends[edge]].T
        height = np.append(height, low + share * (high - low))
    split = replace(
        network,
        xy=xy,
        ends=ends,
        length_m=length,
        inside=np.append(network.inside, network.inside[network.ends[edge, 0]]),
        component=components_of(len(xy), ends, length),
        passage=None if network.passage is None else network.passage[parent],
        private=None if network.private is None else network.private[parent],
        height_m=height,
        ways=network.ways and network.ways.split(parent),
    )
    return split, node, parent


def _with_legs(network: WalkNetwork, xy: Floats, ends: Integers, length_m: Floats, passage: Integers) -> WalkNetwork:
    """The network with points (k, 2) as further nodes, each as high as the nearest node, and private segments."""
    assert network.passage is not None  # noqa: S101  (it has just been cut)
    assert network.private is not None  # noqa: S101
    height = network.height_m
    if height is not None:
        height = np.append(height, height[shapely.STRtree(shapely.points(network.xy)).nearest(shapely.points(xy))])
    everywhere = np.concatenate([network.xy, xy])
    all_ends, length = np.concatenate([network.ends, ends]), np.concatenate([network.length_m, length_m])
    return replace(
        network,
        xy=everywhere,
        ends=all_ends,
        length_m=length,
        inside=np.append(network.inside, np.ones(len(xy), bool)),
        component=components_of(len(everywhere), all_ends, length),
        passage=np.concatenate([network.passage, passage]),
        private=np.append(network.private, np.ones(len(ends), bool)),
        height_m=height,
        ways=network.ways and network.ways.split(np.append(np.arange(len(network.ends)), np.full(len(ends), -1))),
    )


def _standing(network: WalkNetwork, nodes: Integers) -> Snap:
    """Nodes as points that stand there, on a segment that is passed both ways; off the network where there is none."""
    assert network.passage is not None  # noqa: S101
    passed = np.flatnonzero(network.passage == BOTH_WAYS)
    edge, second = np.full(len(network.xy), -1, np.int64), np.zeros(len(network.xy), bool)
    for end in (0, 1):
        edge[network.ends[passed, end]] = passed
        second[network.ends[passed, end]] = end == 1
    at, off = edge[nodes], edge[nodes] < 0
    offset = np.where(second[nodes] & ~off, network.length_m[at], 0.0)
    return Snap(at, offset, np.where(off, np.inf, 0.0), network)


def _off(count: int, network: WalkNetwork) -> Snap:
    return Snap(np.full(count, -1, np.int64), np.zeros(count), np.full(count, np.inf), network)
