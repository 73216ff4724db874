"""What walkers meet on streets: names, steps, obstacles, bridges, and at the ends the roads to be crossed."""

from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

TRAITS = ("stairs", "no_wheelchair", "rough", "steep", "off_ground")  # off the ground: bridges and tunnels
OBSTACLES = TRAITS[:4]  # what some walkers cannot or may not use
ROADS = ("tertiary", "secondary", "primary", "trunk")  # at which one waits to cross, by rank


@dataclass(frozen=True)
class Crossing:
    """What it is to come from a smaller street onto a road, or over it."""

    road: str  # of ROADS
    signal: bool
    one_way: bool  # a carriageway, whose twin is crossed on its own, or a one-way street
    across: bool  # smaller streets lie on the other side, too; else there is nothing but the road to go to


CROSSINGS = tuple(Crossing(*of) for of in product(ROADS, (False, True), (False, True), (False, True)))


@dataclass(frozen=True)
class Ways:
    """What there is to mind on e street segments, in the order and direction of a network's."""

    traits: NDArray[np.uint8]  # (e,)  bit k set = TRAITS[k]
    crossed: NDArray[np.uint8]  # (e, 2)  at the first end and the second: 0 = no road, k = CROSSINGS[k - 1]
    street: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (e,) of `names`, or none known
    names: tuple[str, ...] = ("",)  # of streets; the first is that of those without one

    @classmethod
    def plain(cls, e: int) -> "Ways":
        """Streets with nothing to mind."""
        return cls(np.zeros(e, np.uint8), np.zeros((e, 2), np.uint8))

    def named(self, names: NDArray[np.str_]) -> "Ways":
        """The same segments with the names (e,) of their streets, "" where they have none."""
        known, street = np.unique(np.append(names, ""), return_inverse=True)  # "" comes first
        return replace(self, street=street[:-1].astype(np.int32), names=tuple(known.tolist()))

    def name_of(self, segment: int) -> str:
        """The name of the street that a segment is part of; "" where nobody knows one."""
        return self.names[self.street[segment]] if len(self.street) else ""

    def have(self, *traits: str) -> Flags:
        """(e,) the segments with any of these traits."""
        return (self.traits & bits(*traits)) > 0

    def kept(self, keep: Flags | NDArray[np.int64]) -> "Ways":
        """Only these segments."""
        street = self.street[keep] if len(self.street) else self.street
        return Ways(self.traits[keep], self.crossed[keep], street, self.names)

    def split(self, parent: NDArray[np.int64]) -> "Ways":
        """The pieces of cut segments, each given as what it is part of, those of one following from its first end on.

        Of the roads crossed at the ends, the first piece keeps the first and the last the second; -1 is a new segment
        with nothing to mind.
        """
        more = Ways(np.append(self.traits, np.uint8(0)), np.append(self.crossed, np.zeros((1, 2), np.uint8), axis=0))
        outer = np.column_stack([np.diff(parent, prepend=-2) != 0, np.diff(parent, append=-2) != 0])
        street = np.append(self.street, np.int32(0))[parent] if len(self.street) else self.street
        return Ways(more.traits[parent], np.where(outer, more.crossed[parent], np.uint8(0)), street, self.names)

    def turned(self, turned: Flags) -> "Ways":
        """The same with the ends of some segments (e,) exchanged."""
        return replace(self, crossed=np.where(turned[:, None], self.crossed[:, ::-1], self.crossed))


def crossing_number(rank: int, signal: Flags, one_way: Flags, across: Flags) -> NDArray[np.uint8]:
    """(k,) crossings of the road of a rank, counted from 1, as they are written in `Ways.crossed`."""
    return (1 + 8 * (rank - 1) + 4 * signal + 2 * one_way + across).astype(np.uint8)


def bits(*traits: str) -> np.uint8:
    """Traits as they are written in `Ways.traits`."""
    return np.uint8(sum(1 << TRAITS.index(trait) for trait in traits))
