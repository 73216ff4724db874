"""A graph that is changed in place: streets are split, joined and closed, and what stands on them moves along."""

from typing import Any

import numpy as np

from planner.network import Integers, Snap
from planner.reach.graph import Graph, to_ends

ROOM = 1024  # more junctions, chains and points than there are, at first


class Points:
    """Doors or gates by chain, as `Targets` are, that can be moved to other chains."""

    def __init__(self, graph: Graph, snap: Snap, *, leaving: bool) -> None:
        at, targets = graph.marks(snap), graph.targets(snap, leaving=leaving)
        self.leaving = leaving
        self.chain, self.onward, self.back = at.chain.copy(), at.onward.copy(), at.back.copy()
        self.access = at.access.copy()
        self.span = _longer(targets.span)
        self.used = len(targets.point)
        self.cost, self.point = _longer(targets.cost), _longer(targets.point)

    @property
    def arrays(self) -> tuple[Any, ...]:
        """As the kernels take them."""
        return self.span, self.cost, self.point

    def on(self, chain: int) -> Integers:
        """The points on a chain."""
        start, stop = self.span[chain]
        points: Integers = self.point[start:stop].astype(np.int64)
        return points

    def ends(self, points: Integers, streets: "Alterable") -> Integers:
        """(n, 2) the cost of the walk between points and the ends of their chains."""
        return self._to_ends(points, streets, leaving=self.leaving) + self.access[points, None]

    def own_way(self, points: Integers, streets: "Alterable", *, leaving: bool) -> Integers:
        """(n, 2) what of a walk along their chain is known, see `Graph.own_way`."""
        return self.access[points, None] - self._to_ends(points, streets, leaving=not leaving)

    def _to_ends(self, points: Integers, streets: "Alterable", *, leaving: bool) -> Integers:
        chain = self.chain[points]
        ways = streets.there[chain], streets.returning[chain]
        return to_ends(self.onward[points], self.back[points], *ways, leaving=leaving)

    def lay(self, chain: int, points: Integers, streets: "Alterable") -> None:
        """Say which points stand on a chain, after they or the chain have changed."""
        start, stop = self.span[chain]
        if len(points) > stop - start:
            while self.used + len(points) > len(self.point):
                self.cost, self.point = _longer(self.cost), _longer(self.point)
            start, self.used = self.used, self.used + len(points)
        self.span[chain] = start, start + len(points)
        self.point[start : start + len(points)] = points
        self.cost[start : start + len(points)] = self.ends(points, streets)

    def put(self, points: Integers, chain: int, onward: Integers, back: Integers, access: Integers) -> None:
        """Write where points stand; `lay` follows for the chains they leave and come to."""
        self.chain[points], self.onward[points] = chain, onward
        self.back[points], self.access[points] = back, access

    def grow(self, count: int) -> Integers:
        """More points, off the network until they are put; which they are."""
        new = np.arange(len(self.chain), len(self.chain) + count)
        self.chain = np.concatenate([self.chain, np.full(count, -1)])
        self.onward, self.back, self.access = (
            np.concatenate([each, np.zeros(count, np.int64)]) for each in (self.onward, self.back, self.access)
        )
        return new


class Alterable:
    """The junctions and chains of a graph, with room to grow. Chains keep the numbers they have in it."""

    def __init__(self, graph: Graph, *layers: Points) -> None:
        self.graph, self.layers = graph, layers
        self.junctions, self.chains, self.halves = len(graph.node), len(graph.first), len(graph.to)
        self.start, self.stop = _longer(graph.start), _longer(graph.stop)
        self.to, self.chain = _longer(graph.to), _longer(graph.chain)
        self.leaving, self.coming = _longer(graph.leaving), _longer(graph.coming)
        self.first, self.last = _longer(graph.first), _longer(graph.last)
        self.there, self.returning = _longer(graph.there), _longer(graph.returning)
        self.pieces: dict[int, list[tuple[int, int, int]]] = {}  # of a split chain: where each begins, and its number
        self.closed: set[int] = set()
        self.space: Any = None

    def streets(self, *, leaving: bool) -> tuple[Any, ...]:
        """As the kernels take them, see `Graph.streets`."""
        cost = self.leaving if leaving else self.coming
        return self.start, self.stop, self.to, cost, self.chain, self.first, self.last

    def workspace(self) -> Any:
        """For one search at a time."""
        from planner._kernels import workspace  # noqa: PLC0415

        if self.space is None or len(self.space[1]) != len(self.start) or len(self.space[6]) != len(self.first):
            self.space = workspace(len(self.start), len(self.first))
        return self.space

    def find(self, chain: int, onward: int, back: int) -> tuple[int, int, int]:
        """Where a position on a chain of the graph is now: the piece, and the position along it."""
        pieces = [each for each in self.pieces.get(chain, [(0, 0, chain)]) if each[0] <= onward and each[1] <= back]
        still = [each for each in pieces if each[2] not in self.closed and onward <= each[0] + self.there[each[2]]]
        begun, begun_back, piece = max(still or pieces)
        return piece, onward - begun, back - begun_back

    def split(self, chain: int, onward: int, back: int) -> int:
        """The junction at a position on a chain of the graph, made there unless there is one."""
        piece, onward, back = self.find(chain, onward, back)
        if onward == 0 == back:
            return int(self.first[piece])
        if onward == self.there[piece] and back == self.returning[piece]:
            return int(self.last[piece])
        first, last = int(self.first[piece]), int(self.last[piece])
        there, returning = int(self.there[piece]) - onward, int(self.returning[piece]) - back
        new, rest = self._junction(), self._chain()
        at_first, at_last = self._half(first, piece), self._half(last, piece, second=first == last)
        self.to[[at_first, at_last]] = new
        self.chain[at_last] = rest
        self.leaving[at_first], self.coming[at_first] = onward, back
        self.leaving[at_last], self.coming[at_last] = returning, there
        self.first[rest], self.last[rest], self.last[piece] = new, last, new
        self.there[rest], self.returning[rest] = there, returning
        self.there[piece], self.returning[piece] = onward, back
        self._add_half(new, first, piece, back, onward)
        self._add_half(new, last, rest, there, returning)
        begun = next(each for each in self.pieces.setdefault(chain, [(0, 0, chain)]) if each[2] == piece)
        self.pieces[chain] = sorted([*self.pieces[chain], (begun[0] + onward, begun[1] + back, rest)])
        for layer in self.layers:
            points = layer.on(piece)
            beyond = layer.onward[points] > onward
            moved = points[beyond]
            layer.put(moved, rest, layer.onward[moved] - onward, layer.back[moved] - back, layer.access[moved])
            layer.lay(piece, points[~beyond], self)
            layer.lay(rest, moved, self)
        return new

    def join(self, a: int, b: int, cost: int) -> int:
        """A new chain between two junctions; its number."""
        new = self._chain()
        self.first[new], self.last[new] = a, b
        self.there[new] = self.returning[new] = cost
        self._add_half(a, b, new, cost, cost)
        self._add_half(b, a, new, cost, cost)
        return new

    def close(self, piece: int) -> None:
        """Take a piece out of the streets; what stands on it must be moved by the caller."""
        self.closed.add(piece)
        for u in (int(self.first[piece]), int(self.last[piece])):
            at, end = self._half(u, piece), int(self.stop[u]) - 1
            for each in (self.to, self.chain, self.leaving, self.coming):
                each[at] = each[end]
            self.stop[u] = end

    def between(self, chain: int, begin: int, end: int) -> list[int]:
        """The pieces of a chain of the graph from one position to another, where it is split at both."""
        pieces = self.pieces.get(chain, [(0, 0, chain)])
        return [piece for begun, _, piece in pieces if begin <= begun and begun + self.there[piece] <= end]

    def _half(self, u: int, piece: int, *, second: bool = False) -> int:
        """Where the half-street of a piece stands in a junction's row; a loop has two there."""
        row = np.arange(self.start[u], self.stop[u])
        return int(row[self.chain[row] == piece][1 if second else 0])

    def _add_half(self, u: int, to: int, chain: int, leaving: int, coming: int) -> None:
        """One more half-street of a junction, whose row moves to the end, where there is room."""
        row = np.arange(self.start[u], self.stop[u])
        if self.halves + len(row) + 1 > len(self.to):
            for name in ("to", "chain", "leaving", "coming"):
                setattr(self, name, _longer(getattr(self, name)))
        begin, self.halves = self.halves, self.halves + len(row) + 1
        new = np.arange(begin, begin + len(row))
        for each in (self.to, self.chain, self.leaving, self.coming):
            each[new] = each[row]
        at = self.halves - 1
        self.to[at], self.chain[at], self.leaving[at], self.coming[at] = to, chain, leaving, coming
        self.start[u], self.stop[u] = begin, self.halves

    def _junction(self) -> int:
        if self.junctions == len(self.start):
            self.start, self.stop = _longer(self.start), _longer(self.stop)
        self.junctions += 1
        return self.junctions - 1

    def _chain(self) -> int:
        if self.chains == len(self.first):
            for name in ("first", "last", "there", "returning"):
                setattr(self, name, _longer(getattr(self, name)))
            for layer in self.layers:
                layer.span = _longer(layer.span)
        self.chains += 1
        return self.chains - 1


def _longer(array: Any) -> Any:
    """A copy with room after what it holds."""
    room = np.zeros((len(array) + max(ROOM, len(array) // 8), *array.shape[1:]), array.dtype)
    room[: len(array)] = array
    return room
