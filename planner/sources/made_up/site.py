"""What every block of the made-up city is built with: strips along the street, shops, leftover parcels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from planner.sources.made_up.canvas import Canvas, Dice, Point, Rect
from planner.sources.made_up.names import Names
from planner.sources.made_up.plan import Cell
from planner.sources.made_up.streets import Street

LEFTOVER_KINDS = ("grass", "grass", "brownfield", "greenfield", "vacant")
PARCEL_GAP_M = 1.2  # between a leftover parcel and what is beside it
GARDEN_SHARE = {  # of the corners of blocks, by subdistrict: some made street gardens there earlier than others
    "a": 0.00,
    "b": 0.22,
    "c": 0.26,
    "d": 0.04,
    "e": 0.32,
    "f": 0.06,
    "g": 0.32,
    "h": 0.04,
    "i": 0.22,
    "j": 0.08,
    "k": 0.28,
    "l": 0.02,
}
GARDEN_M2 = 600.0  # the smallest of them
SHOP_GAP_M = 4.5  # around a shop
SMALLEST_SHOP_M = 7.0
DEEPEST_SHOP_M = 15.0
WAY_IN_M = 5.0  # kept free on both sides of a path that crosses a strip


@dataclass(frozen=True)
class Front:
    """A building at a street that may house a service."""

    u: float
    v: float
    length_m: float  # along u
    depth_m: float  # along v
    cell: Cell


@dataclass
class Site:
    """Where the city stands at the moment: the drawing, and what is still to be drawn or let."""

    canvas: Canvas
    names: Names
    dice: Dice
    streets: list[Street] = field(default_factory=list)
    fronts: list[Front] = field(default_factory=list)
    parks: list[tuple[Point, Point]] = field(default_factory=list)  # public: the middle, the radii of the round path

    def leftover(self, rect: Rect) -> None:
        """A parcel that nobody uses."""
        parcel = rect.inset(PARCEL_GAP_M)
        if min(parcel.width, parcel.height) > 0:
            self.canvas.ring(parcel.around(), {"landuse": self.dice.pick(LEFTOVER_KINDS)})

    def frontage(self, strip: Rect, side: str, openings: Iterable[float], cell: Cell, shop_share: float) -> None:
        """Fill a strip along the street on this side: shops, and leftover parcels above all at the corners.

        The openings, positions along the strip, stay free for the ways into the block.
        """
        lengthwise = side in {"south", "north"}
        low, high = (strip.west, strip.east) if lengthwise else (strip.south, strip.north)
        free = [low, *(at + by for at in sorted(openings) for by in (-WAY_IN_M, WAY_IN_M)), high]
        for start, end in zip(free[::2], free[1::2], strict=True):
            cuts = self._cuts(start, end)
            for piece, (a, b) in enumerate(pairwise(cuts)):
                part = Rect(a, strip.south, b, strip.north) if lengthwise else Rect(strip.west, a, strip.east, b)
                corner = (piece == 0 and start == low) or (piece == len(cuts) - 2 and end == high)
                if corner and part.area_m2 > GARDEN_M2 and self.dice.chance(GARDEN_SHARE[cell.subdistrict]):
                    garden = part.inset(PARCEL_GAP_M).around()
                    self.canvas.ring(garden, {"leisure": "garden", **self.names.new("garden")})
                elif self.dice.chance(0.55 if corner else 0.14):
                    self.leftover(part)
                elif self.dice.chance(shop_share):
                    self._shop(part, cell, lengthwise=lengthwise)

    def _cuts(self, start: float, end: float) -> list[float]:
        cuts = [start]
        while end - cuts[-1] > 70:  # noqa: PLR2004  (what is left is one more piece)
            cuts.append(cuts[-1] + self.dice.between(26, 62))
        return [*cuts, end]

    def _shop(self, part: Rect, cell: Cell, *, lengthwise: bool) -> None:
        floor = part.inset(SHOP_GAP_M)
        if min(floor.width, floor.height) < SMALLEST_SHOP_M:
            return
        length, depth = floor.width, floor.height
        length, depth = (length, min(depth, DEEPEST_SHOP_M)) if lengthwise else (min(length, DEEPEST_SHOP_M), depth)
        self.fronts.append(Front(*floor.middle, length, depth, cell))


def cut(ground: Rect, side: str, depth_m: float) -> tuple[Rect, Rect]:
    """The strip along one side, and the rest."""
    west, south, east, north = ground
    match side:
        case "south":
            return Rect(west, south, east, south + depth_m), Rect(west, south + depth_m, east, north)
        case "north":
            return Rect(west, north - depth_m, east, north), Rect(west, south, east, north - depth_m)
        case "west":
            return Rect(west, south, west + depth_m, north), Rect(west + depth_m, south, east, north)
        case _:
            return Rect(east - depth_m, south, east, north), Rect(west, south, east - depth_m, north)
