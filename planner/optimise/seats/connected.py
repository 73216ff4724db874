"""Zones that hang together: separators that a plan breaks, as rows to add to the programme."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra, maximum_flow

from planner.network import Flags, Floats, Integers

THIN = 0.02  # of a place, what more of it than of its separator must go to a room
FINEST = 1_000_000  # parts of a place that are told apart
HALF = 0.5  # a place goes to a room or not, but for rounding


@dataclass(frozen=True)
class Zones:
    """The zone of a room are the places that go to it. It hangs together with the ground on which the room stands.

    Where a room has the ground for itself, the ground is in its zone or the zone is empty; where rooms share it, or
    nobody there may go to the room, each of their zones hangs together with it. For a place i and any set C of places
    without which no way leads from i to the ground,

        x_iq ≤ Σ_{c ∈ C} x_cq.

    Validi, Buchanan & Lykhovyd (2022), Imposing contiguity constraints in political districting models: separators
    of two places, added as plans break them.
    """

    n: int  # places
    neighbours: Integers  # (k, 2)  places that touch
    place: Integers  # (entries,)
    room: Integers  # (entries,)
    ground: Integers  # (q,)  the place on which each room stands
    shared: Flags  # (q,)  whether other rooms that the same pupils may go to stand there

    @cached_property
    def near(self) -> csr_array:
        """(n, n) which places touch."""
        pairs = np.asarray(self.neighbours, np.int64).reshape(-1, 2)
        both = np.concatenate([pairs, pairs[:, ::-1]])
        return csr_array((np.ones(len(both), np.int32), (both[:, 0], both[:, 1])), shape=(self.n, self.n))

    @cached_property
    def grounds(self) -> list["_Ground"]:
        """Each room that somebody may go to, with its entries."""
        order = np.argsort(self.room, kind="stable")
        ends = np.searchsorted(self.room[order], np.arange(len(self.ground) + 1))
        return [
            _Ground(self, order[a:b], int(self.ground[q]), bool(self.shared[q]))
            for q, (a, b) in enumerate(pairwise(ends.tolist()))
            if b > a
        ]

    def first(self) -> list[tuple[int, Integers]]:
        """Rows to begin with: nobody goes where no way leads, nor without a neighbour who does."""
        return [cut for ground in self.grounds for cut in ground.first()]

    def nearer(self) -> list[tuple[int, Integers]]:
        """Rows under which every zone hangs together: who goes has a neighbour nearer to the ground who does.

        They forbid some zones that hang together too, along ways that turn back: good plans at once, but no bound.
        Mehrotra, Johnson & Nemhauser (1998), An optimization based heuristic for political districting.
        """
        return [cut for ground in self.grounds for cut in ground.nearer()]

    def broken(self, share: Floats) -> list[tuple[int, Integers]]:
        """Rows x_e ≤ Σ_c x_c that a plan of whole places breaks; none where every zone hangs together."""
        return [cut for ground in self.grounds for cut in ground.broken(share)]

    def thin(self, share: Floats) -> list[tuple[int, Integers]]:
        """Rows x_e ≤ Σ_c x_c that a plan of parts breaks: separators of fewest shares, by largest flows."""
        return [cut for ground in self.grounds for cut in ground.thin(share)]

    def beside(self, share: Floats) -> Flags:
        """(entries,) who may join a zone that hangs together, or begin one on its ground."""
        found = np.zeros(len(share), bool)
        for ground in self.grounds:
            found[ground.entry] = ground.beside(share)
        return found


class _Ground:
    """One room: the places that may go to it, and among them or beside them the ground it stands on."""

    def __init__(self, zones: Zones, entries: Integers, ground: int, shared: bool) -> None:
        self.entry = entries
        places = zones.place[entries]
        inside = np.flatnonzero(places == ground)
        self.given = shared or not len(inside)  # the ground counts as part of the zone
        self.root = int(inside[0]) if len(inside) else len(places)
        if not len(inside):
            places = np.append(places, ground)
        self.near = zones.near[places][:, places]

    def first(self) -> Iterator[tuple[int, Integers]]:
        _, part = connected_components(self.near, directed=False)
        for v, e in enumerate(self.entry.tolist()):
            beside = self.near.indices[self.near.indptr[v] : self.near.indptr[v + 1]]
            if part[v] != part[self.root]:
                yield e, np.empty(0, np.int64)
            elif v != self.root and not (self.given and (beside == self.root).any()):
                yield e, self.entry[beside]

    def nearer(self) -> Iterator[tuple[int, Integers]]:
        steps = dijkstra(self.near, indices=self.root, unweighted=True)
        for v, e in enumerate(self.entry.tolist()):
            beside = self.near.indices[self.near.indptr[v] : self.near.indptr[v + 1]]
            if v != self.root and not (self.given and (beside == self.root).any()):
                yield e, self.entry[beside[steps[beside] < steps[v]]]

    def broken(self, share: Floats) -> Iterator[tuple[int, Integers]]:
        inside = self._inside(share)
        if not inside.any():
            return
        if not inside[self.root] and not self.given:
            yield from ((int(e), self.entry[[self.root]]) for e in self.entry[np.flatnonzero(inside)])
        inside[self.root] = True
        part = self._parts(inside)
        home = part == part[self.root]
        fringe = self._beside(home)
        beyond = self._parts(~home & ~fringe)
        for number in np.unique(part[inside & ~home]).tolist():
            island = part == number
            reached = np.isin(beyond, np.unique(beyond[island]))
            for separator in (fringe & self._beside(reached), self._beside(island)):
                others = self.entry[np.flatnonzero(separator)]
                yield from ((int(self.entry[v]), others) for v in np.flatnonzero(island))

    def thin(self, share: Floats) -> Iterator[tuple[int, Integers]]:
        n, own = self.near.shape[0], len(self.entry)
        parts = np.zeros(n)
        parts[:own] = share[self.entry]
        holds = np.where(np.arange(n) == self.root, 1.0 if self.given else parts[self.root], parts)
        seen = np.zeros(n, bool)
        seen[self.root] = True
        seen |= self._beside(seen) if self.given else False
        for v in np.argsort(-parts[:own], kind="stable").tolist():
            if seen[v] or parts[v] <= THIN:
                continue
            separator = self._separator(v, holds)
            beyond = self._parts(~separator)
            cut_off = beyond == beyond[v]
            others = self.entry[np.flatnonzero((separator & self._beside(cut_off))[:own])]
            broken = cut_off[:own] & (parts[:own] > share[others].sum() + THIN)
            for u in np.flatnonzero(broken & ~seen[:own]).tolist():
                yield int(self.entry[u]), others
            seen[:own] |= broken

    def _separator(self, v: int, holds: Floats) -> Flags:
        """The places of least share without which no way leads from the ground to a place."""
        n = len(holds)
        many = 2 * FINEST
        through = np.rint(holds * FINEST)
        through[v] = many
        start = n + self.root if self.given else self.root  # what is given holds any number
        beside = self.near.tocoo()
        a, b = beside.coords
        ends = np.concatenate([np.arange(n), n + a]), np.concatenate([n + np.arange(n), b])
        capacity = np.concatenate([through, np.full(len(a), many)]).astype(np.int32)
        pipes = csr_array((capacity, ends), shape=(2 * n, 2 * n))
        flow = maximum_flow(pipes, start, v).flow
        left = csr_array(pipes - flow)
        left.data[left.data < 0] = 0
        left.eliminate_zeros()
        reached = np.zeros(2 * n, bool)
        reached[breadth_first_order(left, start, return_predecessors=False)] = True
        reached[self.root] &= not self.given
        return np.asarray(reached[:n] & ~reached[n:])

    def beside(self, share: Floats) -> Flags:
        inside = self._inside(share)
        begun = inside.copy()
        begun[self.root] |= self.given
        may = self._beside(begun)
        may[self.root] = True
        return np.asarray((may & ~inside)[: len(self.entry)])

    def _inside(self, share: Floats) -> Flags:
        """The places that go to the room."""
        inside = np.zeros(self.near.shape[0], bool)
        inside[: len(self.entry)] = share[self.entry] > HALF
        return inside

    def _parts(self, of: Flags) -> Integers:
        """The connected part to which each of some places belongs, -1 elsewhere."""
        at = np.flatnonzero(of)
        part = np.full(len(of), -1, np.int64)
        part[at] = connected_components(self.near[at][:, at], directed=False)[1]
        return part

    def _beside(self, of: Flags) -> Flags:
        """The places that touch some places and are none of them."""
        return np.asarray((self.near @ of.astype(np.int32) > 0) & ~of)
