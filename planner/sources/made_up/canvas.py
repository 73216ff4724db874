"""How the made-up city is drawn: nodes, ways and relations that share corners, written as an extract."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import atan2, cos, sin
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import osmium
from numpy.random import PCG64
from osmium.osm.mutable import Node, Relation, Way

from planner.errors import OutputError
from planner.sources.osm import MADE_UP

CENTRE = (114.65, 33.62)  # longitude and latitude of the plan's origin
M_PER_DEGREE = (92_795.4, 110_915.5)  # of longitude and of latitude there, on the ellipsoid
DRAWN_AT = "2022-05-01T00:00:00Z"  # the season of the founding report; never the clock, so bytes stay the same
DEEPER = 1.3  # than it is long: a building that stands along a street from south to north
CURVE_STEP_M = 55.0  # a bent line has a node at least about this often

Point = tuple[float, float]  # metres east and north on the plan, before it is bent
Tags = Mapping[str, str]
T = TypeVar("T")


class Rect(NamedTuple):
    """A rectangle on the plan, in metres."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        """Metres from west to east."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """Metres from south to north."""
        return self.north - self.south

    @property
    def area_m2(self) -> float:
        """Square metres on the plan; bending changes them by a few per cent."""
        return self.width * self.height

    @property
    def middle(self) -> Point:
        """The middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def inset(self, by_m: float) -> "Rect":
        """Smaller by so much on every side."""
        return Rect(self.west + by_m, self.south + by_m, self.east - by_m, self.north - by_m)

    def around(self, stops: Iterable[Point] = ()) -> list[Point]:
        """Its outline, counter-clockwise and open, with a corner at each of the `stops` that lie on it."""
        west, south, east, north = self
        at = list(stops)
        bottom = [(u, south) for u in stations(west, east, [u for u, v in at if v == south])]
        right = [(east, v) for v in stations(south, north, [v for u, v in at if u == east])]
        top = [(u, north) for u in stations(west, east, [u for u, v in at if v == north])]
        left = [(west, v) for v in stations(south, north, [v for u, v in at if u == west])]
        return [*bottom[:-1], *right[:-1], *top[:0:-1], *left[:0:-1]]


def stations(low: float, high: float, stops: Iterable[float] = (), step_m: float = CURVE_STEP_M) -> list[float]:
    """Where a line from `low` to `high` has nodes: its ends, its stops, and enough between them to bend."""
    fixed = sorted({low, high, *stops})
    between = []
    for start, end in pairwise(fixed):
        pieces = max(1, round((end - start) / step_m))
        between += [start + (end - start) * piece / pieces for piece in range(pieces)]
    return [*between, high]


class Dice:
    """Chance that falls the same on every machine: only the raw stream of PCG64 is promised to stay."""

    def __init__(self, *seed: int) -> None:
        self._bits = PCG64(list(seed))

    def between(self, low: float, high: float) -> float:
        """Any number from `low` to `high`."""
        return low + (high - low) * (int(self._bits.random_raw()) >> 11) * 2.0**-53

    def chance(self, share: float) -> bool:
        """True in this share of the throws."""
        return self.between(0, 1) < share

    def pick(self, things: Sequence[T]) -> T:
        """One of the things."""
        return things[min(int(self.between(0, len(things))), len(things) - 1)]

    def shuffled(self, things: Iterable[T]) -> list[T]:
        """The things in another order."""
        return [thing for _, _, thing in sorted((self.between(0, 1), i, thing) for i, thing in enumerate(things))]


@dataclass
class Canvas:
    """What has been drawn so far; ids count from 1 in the order of drawing."""

    bend: Callable[[float, float], Point]  # from the plan to metres on the ground
    nodes: list[Point] = field(default_factory=list)  # metres on the ground
    node_tags: dict[int, Tags] = field(default_factory=dict)
    ways: list[tuple[list[int], Tags]] = field(default_factory=list)
    relations: list[tuple[int, Tags]] = field(default_factory=list)  # the way around it
    _shared: dict[tuple[int, int], int] = field(default_factory=dict)

    def at(self, u: float, v: float) -> int:
        """The node at this place of the plan: the same one whenever the same centimetre is meant."""
        key = (round(u * 100), round(v * 100))
        if key not in self._shared:
            self._shared[key] = self._add(*self.bend(u, v))
        return self._shared[key]

    def place(self, u: float, v: float, tags: Tags) -> None:
        """Something that is a point by itself, such as a shop."""
        self.node_tags[self._add(*self.bend(u, v))] = tags

    def mark(self, u: float, v: float, tags: Tags) -> None:
        """Something on the node of a way, such as a gate in a wall."""
        self.node_tags[self.at(u, v)] = tags

    def line(self, points: Iterable[Point], tags: Tags) -> None:
        """An open way."""
        self._way([self.at(u, v) for u, v in points], tags)

    def ring(self, points: Iterable[Point], tags: Tags) -> None:
        """A closed way around the points, which do not repeat the first."""
        nodes = [self.at(u, v) for u, v in points]
        self._way([*nodes, nodes[0]], tags)

    def boundary(self, points: Iterable[Point], tags: Tags) -> None:
        """A boundary relation of one closed way."""
        self.ring(points, {})
        self.relations.append((len(self.ways), tags))

    def building(self, u: float, v: float, length_m: float, depth_m: float, tags: Tags) -> None:
        """A rectangle that stays one: turned with the plan where it stands, not bent.

        It follows the streets along u, or, where it is clearly deeper than long, those along v.
        """
        x, y = self.bend(u, v)
        (east_x, east_y), (north_x, north_y) = self.bend(u + 1, v), self.bend(u, v + 1)
        turn = atan2(east_y - y, east_x - x)
        if depth_m > DEEPER * length_m:
            turn = atan2(x - north_x, north_y - y)
        along = (cos(turn) * length_m / 2, sin(turn) * length_m / 2)
        across = (-sin(turn) * depth_m / 2, cos(turn) * depth_m / 2)
        nodes = [
            self._add(x + a * along[0] + b * across[0], y + a * along[1] + b * across[1])
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        self._way([*nodes, nodes[0]], tags)

    def write(self, path: Path) -> None:
        """Write all of it. Uncompressed, because compressed bytes differ between versions of zlib."""
        header = osmium.io.Header()
        header.set("generator", MADE_UP)
        header.set("osmosis_replication_timestamp", DRAWN_AT)
        header.set("sorting", "Type_then_ID")
        whole: dict[str, Any] = {"version": 1, "timestamp": DRAWN_AT}
        file = osmium.io.File(str(path), "pbf,pbf_compression=none")
        try:
            writing = osmium.SimpleWriter(file, header=header, overwrite=True)
        except RuntimeError as fault:
            raise OutputError(
                f"{path}: the made-up city of {len(self.nodes):,} nodes cannot be written ({fault}). "
                "Check that the folder exists and may be written to."
            ) from fault
        with writing as writer:
            for id_, (x, y) in enumerate(self.nodes, 1):
                lonlat = (CENTRE[0] + x / M_PER_DEGREE[0], CENTRE[1] + y / M_PER_DEGREE[1])
                writer.add_node(Node(id=id_, location=lonlat, tags=dict(self.node_tags.get(id_, {})), **whole))
            for id_, (nodes, tags) in enumerate(self.ways, 1):
                writer.add_way(Way(id=id_, nodes=nodes, tags=dict(tags), **whole))
            for id_, (way, tags) in enumerate(self.relations, 1):
                writer.add_relation(Relation(id=id_, members=[("w", way, "outer")], tags=dict(tags), **whole))

    def _add(self, x: float, y: float) -> int:
        self.nodes.append((round(x, 3), round(y, 3)))  # so that the last bits of a sine do not matter
        return len(self.nodes)

    def _way(self, nodes: list[int], tags: Tags) -> None:
        self.ways.append((nodes, tags))
