"""The streets of the made-up city, and the blocks between them.

A street is a straight line of the plan that gathers its stops, the places where something meets it, and
is drawn last: so everything that meets it shares a node with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from planner.sources.made_up.canvas import Canvas, Dice, Point, Rect, stations
from planner.sources.made_up.names import Names
from planner.sources.made_up.plan import (
    BANKS,
    CLASSES,
    HALF_WIDTH_M,
    KINDS,
    MAIN,
    NORTH_EAST,
    NORTH_ROWS,
    SIDE,
    SOUTH,
    Cell,
)

SIDES = ("south", "east", "north", "west")
OPPOSITE = {"south": "north", "north": "south", "east": "west", "west": "east"}
FIELDS = frozenset("F")  # a main street with nothing else beside it is a country road
OVER_THE_RAILWAY = frozenset("TPS")  # classes of street that cross it
COUNTRY_TOO = frozenset("TP")  # classes of street that stay what they are there
LEAVES_THE_CITY = ("trunk", "primary", "secondary")
STUB_M = 450.0  # how far the main roads go on outside the district

Tags = Mapping[str, str]


@dataclass
class Street:
    """A straight street of the plan along one axis: "u" west-east at a northing, "v" south-north at an easting."""

    axis: str
    at: float
    low: float
    high: float
    tags: Tags
    stops: set[float] = field(default_factory=set)

    @property
    def half_width_m(self) -> float:
        """From its axis to the land beside it."""
        return HALF_WIDTH_M.get(self.tags["highway"], 2.0)

    def point(self, along: float) -> Point:
        """The place on the plan so far along."""
        return (along, self.at) if self.axis == "u" else (self.at, along)

    def draw(self, canvas: Canvas) -> None:
        """Draw it with all of its stops."""
        canvas.line([self.point(t) for t in stations(self.low, self.high, self.stops)], self.tags)


@dataclass(frozen=True)
class Block:
    """Land between streets: `rect` reaches to their axes, `ground` to their edges."""

    cell: Cell
    rect: Rect
    sides: Mapping[str, Street]  # by SIDES

    @property
    def ground(self) -> Rect:
        """The land that may be built upon."""
        half = {side: street.half_width_m for side, street in self.sides.items()}
        west, south, east, north = self.rect
        return Rect(west + half["west"], south + half["south"], east - half["east"], north - half["north"])


def cross(block: Block, axis: str, at: float, gates: Iterable[str], tags: Tags) -> Street:
    """A way across a block, from street to street, which gets a stop where it meets one of the sides in `gates`.

    Where it is not to come out, the caller shortens it.
    """
    low_side, high_side = ("west", "east") if axis == "u" else ("south", "north")
    low, high = (block.rect.west, block.rect.east) if axis == "u" else (block.rect.south, block.rect.north)
    for side in (low_side, high_side):
        if side in gates:
            block.sides[side].stops.add(at)
    return Street(axis, at, low, high, tags)


def divide(
    block: Block, most_m: tuple[float, float], kinds: tuple[str, ...], dice: Dice, streets: list[Street]
) -> list[Block]:
    """The block in parts no longer than `most_m` (west-east, south-north), each between streets.

    It is cut across its relatively longer side, somewhere near the middle, again and again; the new
    streets are appended to `streets`. The first cut is a street of the first of the kinds, and so on;
    the last kind is kept.
    """
    ratio_u, ratio_v = block.rect.width / most_m[0], block.rect.height / most_m[1]
    if max(ratio_u, ratio_v) <= 1:
        return [block]
    tags, rest = {"highway": kinds[0]}, kinds[1:] or kinds
    share = dice.between(0.44, 0.56) if max(ratio_u, ratio_v) <= 2 else dice.between(0.36, 0.64)  # noqa: PLR2004
    west, south, east, north = block.rect
    if ratio_u >= ratio_v:
        at = west + share * block.rect.width
        street = cross(block, "v", at, ("south", "north"), tags)
        parts = (
            Block(block.cell, Rect(west, south, at, north), {**block.sides, "east": street}),
            Block(block.cell, Rect(at, south, east, north), {**block.sides, "west": street}),
        )
    else:
        at = south + share * block.rect.height
        street = cross(block, "u", at, ("west", "east"), tags)
        parts = (
            Block(block.cell, Rect(west, south, east, at), {**block.sides, "north": street}),
            Block(block.cell, Rect(west, at, east, north), {**block.sides, "south": street}),
        )
    streets.append(street)
    return [small for part in parts for small in divide(part, most_m, rest, dice, streets)]


class MainStreets:
    """The grid of main streets, bridges and roads out of the city, one street from crossing to crossing."""

    def __init__(self, cells: Iterable[Cell], names: Names) -> None:
        self._beside: dict[tuple[str, float, float], set[str]] = {}
        for cell in cells:
            for side in SIDES:
                self._beside.setdefault(_edge(cell, side), set()).add(cell.kind)
        self._names = names
        self._line_tags: dict[tuple[str, float], Tags] = {}
        self.edges: dict[tuple[str, float, float], Street] = {}
        for bank in BANKS:
            self._lay("v", bank.columns, bank.column_classes, bank.rows)
            self._lay("u", bank.rows, bank.row_classes, bank.columns)

    def around(self, cell: Cell) -> Block:
        """The cell as one block."""
        return Block(cell, cell.rect, {side: self.edges[_edge(cell, side)] for side in SIDES})

    def bridges(self) -> list[Street]:
        """The bridges over both rivers, each from riverside street to riverside street."""
        spans = []
        for river, axis in ((MAIN, "v"), (SIDE, "u")):
            for at in river.bridges:
                tags = {k: v for k, v in self._line_tags[axis, at].items() if "name" not in k}
                tags |= {"bridge": "yes", "layer": "1", **self._names.new("bridge")}
                spans.append(Street(axis, at, river.at - river.to_street_m, river.at + river.to_street_m, tags))
        return spans

    def roads_out(self) -> list[Street]:
        """The main roads a little way out of the district, as an extract cut outside its boundary has them."""
        ends = (
            ("v", NORTH_ROWS[-2], NORTH_ROWS[-1], STUB_M),
            ("v", SOUTH.rows[0], SOUTH.rows[0], -STUB_M),
            ("u", SOUTH.columns[0], SOUTH.columns[0], -STUB_M),  # where the north-west bank ends, too
            ("u", SOUTH.columns[-2], SOUTH.columns[-1], STUB_M),
            ("u", NORTH_EAST.columns[-2], NORTH_EAST.columns[-1], STUB_M),
        )
        return [
            Street(axis, street.at, min(end, end + by), max(end, end + by), street.tags)
            for axis, low, end, by in ends
            for street in self.edges.values()
            if (street.axis, street.low) == (axis, low) and street.tags["highway"] in LEAVES_THE_CITY
        ]

    def _lay(self, axis: str, lines: tuple[int, ...], classes: str, across: tuple[int, ...]) -> None:
        for at, letter in zip(lines, classes, strict=True):
            for low, high in pairwise(across):
                beside = self._beside.get((axis, at, low), set())
                cut_by_railway = axis == "v" and beside == {"R"} and letter not in OVER_THE_RAILWAY
                if beside and not cut_by_railway:
                    country = letter not in COUNTRY_TOO and beside <= FIELDS
                    tags = {"highway": "unclassified"} if country else self._tags(axis, at, letter)
                    self.edges[axis, at, low] = Street(axis, at, low, high, tags)

    def _tags(self, axis: str, at: float, letter: str) -> Tags:
        if (axis, at) not in self._line_tags:
            kind = CLASSES[letter]
            self._line_tags[axis, at] = {"highway": kind, **self._names.new(kind)}
        return self._line_tags[axis, at]


def _edge(cell: Cell, side: str) -> tuple[str, float, float]:
    west, south, east, north = cell.rect
    if side in {"south", "north"}:
        return "u", south if side == "south" else north, west
    return "v", west if side == "west" else east, south


def main_blocks(main: MainStreets, cells: Iterable[Cell], dice: Dice) -> tuple[list[Block], list[Street]]:
    """All cells but the railway in blocks, and the streets between those."""
    blocks: list[Block] = []
    streets: list[Street] = []
    for cell in cells:
        if cell.kind != "R":
            inner = ("track",) if cell.kind == "F" else ("residential",)
            blocks += divide(main.around(cell), KINDS[cell.kind], inner, dice, streets)
    return blocks, streets
