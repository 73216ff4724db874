"""What a search walks on: junctions and the chains of streets between them, under a walker's costs."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.errors import QuestionError
from planner.network import Floats, Integers, Snap, WalkNetwork
from planner.reach.pace import CLOSED, WHOLE, Costs, segment_costs, whole
from planner.walkers import Profile

LANES = 32  # searches that run side by side, as the kernels are compiled
SPAN = 10 * LANES  # searches that one call does
FARTHEST = 60_000.0  # metres or seconds: beyond it nobody walks
CURVE = 16  # bits of each coordinate on the curve that orders junctions
BUCKETS = 4096  # of a search, at most

Positions = NDArray[np.int32]


@dataclass(frozen=True)
class Marks:
    """Where points lie on chains: the costs from the chain's first end to each point, and back, in whole units."""

    chain: Integers  # (n,)  -1 = off the network
    onward: Integers  # (n,)  from the first end to the point
    back: Integers  # (n,)  from the point to the first end
    access: Integers  # (n,)  of the leg between the point and the street


@dataclass(frozen=True)
class Targets:
    """Points by chain, with what a walk between them and the chain's two ends costs, access leg included."""

    span: Integers  # (c, 2)  start and stop of each chain's points
    cost: Integers  # (t, 2)
    point: Positions  # (t,)  which point each is

    @property
    def arrays(self) -> tuple[Any, ...]:
        """As the kernels take them."""
        return self.span, self.cost, self.point


@dataclass(frozen=True)
class Graph:
    """j junctions, c chains and the two half-streets of each chain, near ones stored near each other.

    Made by `graph_of`, once for a network and a walker. A node where exactly two segments meet is no
    junction: its street goes on. Costs are whole micrometres or microseconds.
    """

    start: Positions  # (j,)  of each junction's half-streets
    stop: Positions  # (j,)
    to: Positions  # (2c,)  the junction at the other end
    chain: Positions  # (2c,)
    leaving: Integers  # (2c,)  cost of walking from this junction to the other
    coming: Integers  # (2c,)  and from the other to this one
    first: Positions  # (c,)  the junction where each chain begins
    last: Positions  # (c,)
    there: Integers  # (c,)  cost from its beginning to its end
    returning: Integers  # (c,)
    node: Integers  # (j,)  the network's node of each junction
    shift: int  # a bucket of a search is 2^shift wide
    network: WalkNetwork = field(repr=False)
    profile: Profile | None
    segment: tuple[Any, ...] = field(repr=False)  # of each segment: chain, flipped, before, before_back
    costs: Costs = field(repr=False)  # of each segment
    spare: list[Any] = field(default_factory=list, repr=False)  # workspaces of threads that have ended

    def streets(self, *, leaving: bool) -> tuple[Any, ...]:
        """As the kernels take them: searched from where people leave, or against the walk from where they go."""
        cost = self.leaving if leaving else self.coming
        return self.start, self.stop, self.to, cost, self.chain, self.first, self.last

    def buckets(self, limit: int) -> tuple[int, int]:
        """Width (as a power of two) and number of the buckets of a search."""
        shift = self.shift
        while (limit >> shift) + 2 > BUCKETS:
            shift += 1
        return shift, (limit >> shift) + 2

    def marks(self, snap: Snap) -> Marks:
        """Where snapped points lie on the chains."""
        marks: Marks = remembered(snap, ("marks", id(self)), lambda: self._marks(snap))
        return marks

    def _marks(self, snap: Snap) -> Marks:
        if not len(self.first):
            nothing = np.zeros(len(snap.edge), np.int64)
            return Marks(nothing - 1, nothing, nothing, nothing)
        chain, flipped, before, before_back = (each[snap.edge] for each in self.segment)
        onward, back = self.costs.onward[snap.edge], self.costs.back[snap.edge]
        ahead, behind = self.costs.at(snap)
        off = snap.off
        access = whole(np.where(off, 0.0, snap.access_m) / (1.0 if self.profile is None else self.profile.speed_m_s))
        return Marks(
            np.where(off, -1, chain).astype(np.int64),
            before + np.where(flipped, back - behind, ahead),
            before_back + np.where(flipped, onward - ahead, behind),
            access,
        )

    def ends(self, snap: Snap, *, leaving: bool) -> Integers:
        """(n, 2) the cost of the walk from each point to its chain's ends (`leaving`), or from them to it."""
        at = self.marks(snap)
        if not len(self.first):
            return np.zeros((len(at.chain), 2), np.int64)
        return self._to_ends(at, leaving=leaving) + at.access[:, None]

    def own_way(self, snap: Snap, *, leaving: bool) -> Integers:
        """(n, 2) what of a walk along one chain, past no end of it, is known from its source, see `along`."""
        at = self.marks(snap)
        if not len(self.first):
            return np.zeros((len(at.chain), 2), np.int64)
        return at.access[:, None] - self._to_ends(at, leaving=not leaving)

    def _to_ends(self, at: Marks, *, leaving: bool) -> Integers:
        return to_ends(at.onward, at.back, self.there[at.chain], self.returning[at.chain], leaving=leaving)

    def in_spans(self, work: Callable[[tuple[int, int], Any], Any], lanes: int, threads: int | None) -> list[Any]:
        """Do `work` on spans of searches, each with a workspace; the answers in order, whatever the threads."""
        spans = [(at, min(at + SPAN, lanes)) for at in range(0, lanes, SPAN)]
        return threaded(lambda span: self.with_workspace(work, span), spans, threads)

    def with_workspace(self, work: Callable[[tuple[int, int], Any], Any], span: tuple[int, int]) -> Any:
        """Do `work` on a span of searches, with a workspace that no other thread uses meanwhile."""
        from planner._kernels import workspace  # noqa: PLC0415

        try:
            space = self.spare.pop()
        except IndexError:
            space = workspace(len(self.node), len(self.first))
        answer = work(span, space)
        self.spare.append(space)
        return answer

    def targets(self, snap: Snap, *, leaving: bool) -> Targets:
        """The points by chain, for walks that leave them or come to them."""
        kept: Targets = remembered(snap, ("targets", id(self), leaving), lambda: self._targets(snap, leaving=leaving))
        return kept

    def _targets(self, snap: Snap, *, leaving: bool) -> Targets:
        chain = self.marks(snap).chain
        on = np.flatnonzero(chain >= 0)
        on = on[np.argsort(chain[on], kind="stable")]
        stop = np.cumsum(np.bincount(chain[on], minlength=len(self.first)))
        span = np.stack([np.concatenate([[0], stop[:-1]]), stop], axis=1) if len(stop) else np.empty((0, 2))
        cost = np.ascontiguousarray(self.ends(snap, leaving=leaving)[on])
        return Targets(span.astype(np.int64), cost, on.astype(np.int32))


def to_ends(onward: Integers, back: Integers, there: Integers, returning: Integers, *, leaving: bool) -> Integers:
    """(n, 2) the cost of the way along a chain from points to its two ends (`leaving`), or from the ends to them.

    A point is `onward` from the first end and `back` to it; the chain costs `there`, and `returning`.
    """
    near, far = (back, there - onward) if leaving else (onward, returning - back)
    return np.stack([near, far], axis=1)


def threaded(work: Callable[[Any], Any], parts: Sequence[Any], threads: int | None) -> list[Any]:
    """The answers for all parts, in order; the kernels let other threads run beside them."""
    workers = min(max(1, threads or os.cpu_count() or 1), len(parts))
    if workers <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, parts))


def graph_of(network: WalkNetwork, profile: Profile | None = None) -> Graph:
    """The graph of a network for a walker; metres without one. Made once, kept as long as the network."""
    walker = None if profile is None else profile.key
    return remembered(network, ("graph", walker), lambda: _graph(network, profile))  # type: ignore[no-any-return]


def _graph(network: WalkNetwork, profile: Profile | None) -> Graph:
    from planner._kernels import contract  # noqa: PLC0415  (compiling must not slow down `planner --help`)

    costs = segment_costs(network, profile)
    order = _along_a_curve(network.xy)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ends = rank[network.ends]
    tail = ends.T.ravel()
    by_tail = np.argsort(tail, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=len(order)))]).astype(np.int64)
    edge = np.tile(np.arange(len(ends)), 2)[by_tail]
    junction, chain, flipped, before, before_back, first, last, there, returning = contract(
        indptr, edge, ends, costs.onward, costs.back
    )
    number = (np.cumsum(junction) - 1).astype(np.int32)
    first, last = number[first], number[last]
    half_tail = np.concatenate([first, last])
    by_tail = np.argsort(half_tail, kind="stable")
    count = int(junction.sum())
    stop = np.cumsum(np.bincount(half_tail, minlength=count)).astype(np.int32)
    cost = np.minimum(there, returning)
    walked = cost[cost < whole(CLOSED)]
    mean = float(walked.mean()) if len(walked) else 1.0
    return Graph(
        start=np.concatenate([np.zeros(1, np.int32), stop[:-1]]).astype(np.int32)[:count],
        stop=stop,
        to=np.concatenate([last, first])[by_tail],
        chain=np.tile(np.arange(len(first), dtype=np.int32), 2)[by_tail],
        leaving=np.concatenate([there, returning])[by_tail],
        coming=np.concatenate([returning, there])[by_tail],
        first=first,
        last=last,
        there=there,
        returning=returning,
        node=order[junction],
        shift=max(0, int(mean / 2).bit_length()),
        network=network,
        profile=profile,
        segment=(chain, flipped, before, before_back),
        costs=costs,
    )


def whole_limit(limit: float, unit: str) -> int:
    """The largest cost that is still within the limit; refused where it is no walk."""
    if not (np.isfinite(limit) and 0 <= limit <= FARTHEST):
        what = "metres" if unit == "m" else "seconds"
        raise QuestionError(f"A limit must be a finite number of {what} from 0 to {FARTHEST:,.0f}, not {limit}.")
    most = int(np.floor(limit * WHOLE)) + 1
    while most / WHOLE > limit:
        most -= 1
    return most


def remembered(owner: Any, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What was made for a value once, kept as long as the value is."""
    kept = owner.__dict__.setdefault("_remembered", {})  # as functools.cached_property does, for many keys
    if key not in kept:
        kept[key] = make()
    return kept[key]


def _along_a_curve(xy: Floats) -> Integers:
    """(v,) the points in the order of Hilbert's curve (1891), on which neighbours lie in compact clusters."""
    if not len(xy):
        return np.empty(0, np.int64)
    side = 1 << CURVE
    scale = (side - 1) / (float(np.ptp(xy, axis=0).max()) or 1.0)
    x, y = ((xy - xy.min(axis=0)) * scale).astype(np.int64).T
    along = np.zeros(len(xy), np.int64)
    for step in range(CURVE - 1, -1, -1):
        right, up = (x >> step) & 1, (y >> step) & 1
        along += ((3 * right) ^ up) << (2 * step)
        turned = (up == 0) & (right == 1)
        x, y = np.where(turned, side - 1 - x, x), np.where(turned, side - 1 - y, y)
        x, y = np.where(up == 0, y, x), np.where(up == 0, x, y)
    return np.argsort(along, kind="stable")
