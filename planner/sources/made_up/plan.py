"""Where is what in the made-up city: a plan of straight lines, and the bend that makes it look grown.

The plan is drawn in metres around the place where two rivers meet. They part it into three banks, each
with its own grid of main streets; a letter says what a cell of the grid is. Then everything is bent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import exp, pi, sin

from planner.sources.made_up.canvas import Point, Rect

KINDS = {  # of a cell, and the longest block there (metres west-east, south-north)
    "O": (210, 200),  # old town of lanes
    "S": (270, 235),  # walled compounds of slab blocks
    "T": (300, 260),  # tower compounds
    "N": (300, 260),  # towers where building goes on
    "V": (250, 220),  # village that the city has reached
    "C": (250, 220),  # commerce
    "P": (460, 330),  # a large park, towers around it
    "I": (400, 320),  # industry
    "F": (430, 360),  # fields
    "R": (0, 0),  # a railway
}
OUTSIDE = "."

# Main streets by the letter of their class: what OpenStreetMap calls it, and half of its width in metres.
CLASSES = {"T": "trunk", "P": "primary", "S": "secondary", "t": "tertiary", "u": "unclassified"}
HALF_WIDTH_M = {
    "trunk": 24.0,
    "primary": 20.0,
    "secondary": 15.0,
    "tertiary": 11.0,
    "unclassified": 7.0,
    "residential": 7.0,
    "living_street": 3.5,
    "track": 4.0,
}


@dataclass(frozen=True)
class Bank:
    """The land on one side of the rivers: a grid of cells.

    `land` and `subdistricts` have a row of letters for each row of cells, from north to south.
    """

    columns: tuple[int, ...]  # metres east, ascending
    column_classes: str
    rows: tuple[int, ...]  # metres north, ascending
    row_classes: str
    land: str
    subdistricts: str


# The bridges are where a main street of the one bank meets one of the other.
NORTH_ROWS = (130, 500, 900, 1380, 1950, 2580, 3300)
NORTH_CLASSES = "SSPtPtT"
NORTH_WEST = Bank(
    columns=(-4300, -3500, -2850, -2270, -1730, -1190, -700),
    column_classes="TtStSPt",
    rows=NORTH_ROWS,
    row_classes=NORTH_CLASSES,
    land="""
        .FFFIF
        FFVIIS
        FVNSSS
        FVTSPS
        FTSSSO
        FTSSOO
    """,
    subdistricts="""
        .aaaaa
        aaaaaa
        aaabbb
        ccbbbb
        cccbbb
        cccbbb
    """,
)
NORTH_EAST = Bank(
    columns=(-500, -110, 290, 730, 1240, 1820, 2450, 3150, 3950),
    column_classes="ttPtStStT",
    rows=NORTH_ROWS,
    row_classes=NORTH_CLASSES,
    land="""
        FFNFVF..
        SSNTNVVF
        SSTTNVFF
        SPSSTVIF
        OSSCTSIF
        OOSCSTNF
    """,
    subdistricts="""
        ddddff..
        ddddffff
        ddddffff
        eeeegfff
        eeeegggg
        eeeegggg
    """,
)
SOUTH = Bank(
    columns=(-4300, -3600, -2850, -2330, -1760, -1190, -760, -250, 290, 760, 1240, 1800, 2450, 3200, 3950),
    column_classes="TtSttPtSPtStStT",
    rows=(-3350, -2620, -2060, -1940, -1400, -930, -520, -130),
    row_classes="uTtStPtS",
    land="""
        FVTSSSOOSCSTVF
        FVTSSSOOSCSTNF
        FFSSSSSSSSTTNF
        FVTISSTPSSTNVF
        RRRRRRRRRRRRRR
        .FIIVFTNVIIIF.
        ..FFFFVFFFFF..
    """,
    subdistricts="""
        hhhiiijjjkkkkk
        hhhiiijjjkkkkk
        hhhiiijjjkkkkk
        hhhlllllllkkkk
        hhhlllllllkkkk
        .hhlllllllkkk.
        ..hlllllllkk..
    """,
)
BANKS = (NORTH_WEST, NORTH_EAST, SOUTH)
EDGE = (-4300.0, 3950.0, -3350.0, 3300.0)  # west, east, south, north


@dataclass(frozen=True)
class River:
    """A river along one axis of the plan ("u" west-east, "v" south-north), with streets on both sides."""

    name: tuple[str, str]
    axis: str
    at: float  # of its axis, metres
    low: float
    high: float
    to_street_m: float  # from its axis to the axis of the streets along it
    half_m: float  # of its water
    bridges: tuple[int, ...]

    def point(self, along: float, across: float) -> Point:
        """The place on the plan so far along the river and across from its axis, to the north or east."""
        return (along, self.at + across) if self.axis == "u" else (self.at + across, along)

    def bank(self, along: float, side: int) -> float:
        """How far across the water's edge is, on the side north or east (1), south or west (-1)."""
        sway = 0.34 * self.half_m * sin(along / 290 + 1)
        width = self.half_m * (1 + 0.16 * sin(along / 610))
        mouth = 38 * exp(-max(along - 60, 0) / 70) if self.axis == "v" else 0
        return sway + side * (width + mouth)


MAIN = River(("沙颍河", "Shaying River"), "u", 0.0, -4900.0, 4550.0, 130.0, 54.0, (-2850, -1190, 290, 2450))
SIDE = River(("贾鲁河", "Jialu River"), "v", -600.0, 0.0, 3900.0, 100.0, 31.0, (500, 900, 1950))


@dataclass(frozen=True)
class Cell:
    """The land between main streets."""

    number: int
    kind: str  # a key of KINDS
    subdistrict: str
    rect: Rect  # between the axes of the streets around it
    domain: Rect  # the same, up to the middle of the river where it lies on one


def cells() -> Iterator[Cell]:
    """All land of the district, bank by bank, from north to south and west to east."""
    number = 0
    for bank in BANKS:
        spans = list(pairwise(bank.rows))[::-1]
        for (south, north), land, subdistricts in zip(spans, bank.land.split(), bank.subdistricts.split(), strict=True):
            for (west, east), kind, subdistrict in zip(pairwise(bank.columns), land, subdistricts, strict=True):
                if kind != OUTSIDE:
                    rect = Rect(west, south, east, north)
                    yield Cell(number, kind, subdistrict, rect, _to_river(rect))
                    number += 1


def _to_river(rect: Rect) -> Rect:
    west, south, east, north = rect
    return Rect(
        SIDE.at if south > 0 and west == SIDE.at + SIDE.to_street_m else west,
        MAIN.at if south == MAIN.to_street_m else south,
        SIDE.at if south > 0 and east == SIDE.at - SIDE.to_street_m else east,
        MAIN.at if north == -MAIN.to_street_m else north,
    )


def bend(u: float, v: float) -> Point:
    """From the plan to the ground, in metres east and north of the city's centre.

    Turns and sweeps the whole (a conformal cubic), swings along both rivers, and makes the old town's
    lanes crooked. Lengths change by less than a quarter.
    """
    east, north = u / 1000, v / 1000
    swing_north = 0.190 * sin(2 * pi * east / 4.3 + 0.5) * exp(-((north / 2.2) ** 2))
    shore = min(max((north + 0.2) / 1.2, 0.0), 1.0)
    swing_east = 0.120 * sin(2 * pi * north / 3.1 - 0.4) * shore * shore * exp(-(((east + 0.6) / 1.8) ** 2))
    drift_east = 0.022 * sin(2 * pi * (0.7 * north + 0.35 * east) / 1.3) + 0.060 * sin(2 * pi * north / 5.2 + 2)
    drift_north = 0.020 * sin(2 * pi * (0.75 * east - 0.3 * north) / 1.2 + 1) + 0.050 * sin(2 * pi * east / 5.9)
    old = exp(-(((east + 0.5) / 0.8) ** 2 + (north / 0.7) ** 2))
    crook_east = 0.0075 * old * (sin(2 * pi * north / 0.23) + sin(2 * pi * (north + 0.6 * east) / 0.37 + 2))
    crook_north = 0.0075 * old * (sin(2 * pi * east / 0.21 + 1) + sin(2 * pi * (east - 0.5 * north) / 0.41))
    place = complex(east + swing_east + drift_east + crook_east, north + swing_north + drift_north + crook_north)
    swept = place * (0.995 - 0.105j) + (0.004 - 0.007j) * place**2 + (0.0010 + 0.0016j) * place**3
    return swept.real * 1000, swept.imag * 1000
