"""A network with streets added and closed, as a value of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from planner.network import Floats, Integers, Snap, WalkNetwork, components_of

MICROMETRE = 6  # decimals of a metre, as the searches count


@dataclass(frozen=True)
class Street:
    """A street that was added, between two positions on the network's own."""

    ends: Snap  # (2,)
    length_m: float


def edited_network(
    network: WalkNetwork, added: Sequence[Street], closed: Sequence[int]
) -> tuple[WalkNetwork, Callable[[Snap], Snap]]:
    """The network with its segments split where added streets end, and how to bring its points onto that.

    Closed segments are gone; no point may stand on them. Parallel segments all stay.
    """
    at = [(int(s.ends.edge[i]), round(float(s.ends.offset_m[i]), MICROMETRE)) for s in added for i in range(2)]
    node = len(network.xy) + np.arange(len(at))
    cuts: dict[int, list[tuple[float, int]]] = {}
    for number, (edge, offset) in enumerate(at):
        if offset in (0.0, round(float(network.length_m[edge]), MICROMETRE)):  # a node that is there, whatever closes
            node[number] = network.ends[edge, 0 if offset == 0.0 else 1]
        else:
            cuts.setdefault(edge, []).append((offset, int(node[number])))
    untouched = np.setdiff1d(np.arange(len(network.ends)), [*closed, *cuts])
    ends, lengths = network.ends[untouched].tolist(), network.length_m[untouched].tolist()
    parent = untouched.tolist()  # of each segment, the one it was part of; -1 of those that were added
    pieces: dict[int, list[tuple[float, int]]] = {}  # of a split segment: where each begins, and its number
    for edge in sorted(set(cuts) - set(closed)):
        first, last = network.ends[edge].tolist()
        stops = [(0.0, first), *sorted(cuts[edge]), (round(float(network.length_m[edge]), MICROMETRE), last)]
        pieces[edge] = [(begin, len(ends) + number) for number, (begin, _) in enumerate(stops[:-1])]
        ends += [[u, w] for (_, u), (_, w) in pairwise(stops)]
        lengths += [max(0.0, end - begin) for (begin, _), (end, _) in pairwise(stops)]
        parent += [edge] * (len(stops) - 1)
    ends += node.reshape(-1, 2).tolist()
    lengths += [street.length_m for street in added]
    parent += [-1] * len(added)

    pairs, length = np.array(ends, np.int64).reshape(-1, 2), np.array(lengths)
    xy = np.concatenate([network.xy, *(network.position(street.ends) for street in added)])
    edited = replace(
        network,
        xy=xy,
        ends=pairs,
        length_m=length,
        inside=np.concatenate([network.inside, np.ones(len(node), bool)]),
        component=components_of(len(xy), pairs, length),
        passage=_inherited(network.passage, parent),
        private=_inherited(network.private, parent),
        ways=network.ways and network.ways.split(np.array(parent, np.int64)),
        height_m=None if network.height_m is None else np.append(network.height_m, _heights(network, at)),
    )

    def onto(snap: Snap) -> Snap:
        whole = np.full(len(network.ends), -1)
        whole[untouched] = np.arange(len(untouched))
        edge, offset = np.where(snap.edge >= 0, whole[snap.edge], -1), snap.offset_m.copy()
        for i in np.flatnonzero(np.isin(snap.edge, list(cuts))):
            here = round(float(offset[i]), MICROMETRE)
            begin, edge[i] = max(piece for piece in pieces[int(snap.edge[i])] if piece[0] <= here)
            offset[i] = max(0.0, offset[i] - begin)
        return Snap(edge, offset, snap.access_m, edited)

    return edited, onto


def _inherited(of_segment: Any, parent: list[int]) -> Any:
    """(e,) what holds of segments, for their pieces; 0 for those that were added."""
    return None if of_segment is None else np.append(of_segment, np.zeros(1, of_segment.dtype))[parent]


def _heights(network: WalkNetwork, at: Sequence[tuple[int, float]]) -> Floats:
    """Heights at positions on segments, between those of their ends."""
    assert network.height_m is not None  # noqa: S101  (asked only then)
    edge: Integers = np.array([each[0] for each in at], np.int64)
    offset, length = np.array([each[1] for each in at]), network.length_m[edge]
    low, high = network.height_m[network.ends[edge]].T
    share = np.divide(offset, length, out=np.zeros(len(edge)), where=length > 0)
    return np.asarray(low + share * (high - low))
