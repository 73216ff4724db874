"""Who administers what in the made-up city: a district of subdistricts of communities, nested exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.sources.made_up.canvas import Canvas, Point, Rect, stations
from planner.sources.made_up.names import Names, named
from planner.sources.made_up.plan import Cell
from planner.sources.made_up.streets import Block

POPULATION = 300_000  # of the district, the "30多万" of the founding report, rounded down
SPLIT_FROM_M2 = {"O": 100_000.0, "S": 205_000.0}  # cells of these kinds from this size have two communities

SUBDISTRICTS = {
    "a": ("北塬", "Beiyuan"),
    "b": ("柳岸", "Liu'an"),
    "c": ("西陂", "Xipi"),
    "d": ("新禾", "Xinhe"),
    "e": ("古渡", "Gudu"),
    "f": ("东渠", "Dongqu"),
    "g": ("望楼", "Wanglou"),
    "h": ("安澜", "Anlan"),
    "i": ("锦荷", "Jinhe"),
    "j": ("三川", "Sanchuan"),
    "k": ("清溪", "Qingxi"),
    "l": ("南圃", "Nanpu"),
}


@dataclass
class Community:
    """Rectangles of the plan under one community."""

    subdistrict: str
    parts: list[Rect]


class Outlines:
    """Outlines of sets of rectangles that share every corner, so that neighbours leave no gap."""

    def __init__(self, rects: Iterable[Rect]) -> None:
        self._stops: dict[tuple[str, float], set[float]] = {}
        for west, south, east, north in rects:
            for u in (west, east):
                self._stops.setdefault(("v", u), set()).update((south, north))
            for v in (south, north):
                self._stops.setdefault(("u", v), set()).update((west, east))

    def around(self, rects: Iterable[Rect]) -> list[Point]:
        """The outline of rectangles that hang together, counter-clockwise and open."""
        rings = [self._ring(rect) for rect in rects]
        walked = {step for ring in rings for step in pairwise([*ring, ring[0]])}
        steps = dict(step for step in walked if step[::-1] not in walked)  # walked both ways: between two parts
        first = min(steps)
        outline = [first]
        while (following := steps.pop(outline[-1])) != first:
            outline.append(following)
        if steps:
            raise AssertionError(f"{len(steps)} steps are left over: the rectangles do not hang together.")
        return outline

    def _ring(self, rect: Rect) -> list[Point]:
        west, south, east, north = rect
        bottom = [(u, south) for u in self._between("u", south, west, east)]
        right = [(east, v) for v in self._between("v", east, south, north)]
        top = [(u, north) for u in self._between("u", north, west, east)]
        left = [(west, v) for v in self._between("v", west, south, north)]
        return [*bottom[:-1], *right[:-1], *top[:0:-1], *left[:0:-1]]

    def _between(self, axis: str, at: float, low: float, high: float) -> list[float]:
        return stations(low, high, [stop for stop in self._stops[axis, at] if low < stop < high])


def communities(cells: Iterable[Cell], first_cut: Mapping[int, Rect], homes: Sequence[Point]) -> list[Community]:
    """Each cell with homes is a community, a large one two; land without joins a neighbour of its subdistrict.

    `first_cut` has, by cell number, the part of the cell on one side of its first street; `homes` are
    the middles of the blocks where people live.
    """
    found: list[Community] = []
    empty: list[Community] = []
    for cell in cells:
        large = cell.rect.area_m2 >= SPLIT_FROM_M2.get(cell.kind, float("inf")) and cell.number in first_cut
        for part in _halves(cell, first_cut[cell.number]) if large else [cell.domain]:
            lived_in = any(part.west < u < part.east and part.south < v < part.north for u, v in homes)
            (found if lived_in else empty).append(Community(cell.subdistrict, [part]))
    while empty:
        alone = [land for land in empty if not _join(land, found)]
        if len(alone) == len(empty):
            raise AssertionError(f"{len(empty)} cells without homes touch no community of their subdistrict.")
        empty = alone
    return found


def _join(land: Community, found: Iterable[Community]) -> bool:
    beside = [
        community
        for community in found
        if community.subdistrict == land.subdistrict
        and any(_touch(part, other) for part in community.parts for other in land.parts)
    ]
    if beside:
        min(beside, key=lambda community: len(community.parts)).parts.extend(land.parts)
    return bool(beside)


def _halves(cell: Cell, half: Rect) -> list[Rect]:
    west, south, east, north = cell.domain
    if half.east < cell.rect.east:
        return [Rect(west, south, half.east, north), Rect(half.east, south, east, north)]
    return [Rect(west, south, east, half.north), Rect(west, half.north, east, north)]


def _touch(a: Rect, b: Rect) -> bool:
    """Whether they share more than a corner."""
    wide = min(a.east, b.east) - max(a.west, b.west)
    high = min(a.north, b.north) - max(a.south, b.south)
    return (wide > 0 and high == 0) or (wide == 0 and high > 0)


def draw_borders(canvas: Canvas, names: Names, found: Sequence[Community]) -> None:
    """The district and its subdistricts as relations, the communities as closed ways."""
    outlines = Outlines(part for community in found for part in community.parts)
    tags = {"boundary": "administrative", "note": "虚构 made up"}
    district = {"name": "川汇区（虚构）", "name:en": "Chuanhui District (made up)", "population": str(POPULATION)}
    every = [part for community in found for part in community.parts]
    canvas.boundary(outlines.around(every), {"type": "boundary", **tags, "admin_level": "6", **district})
    for letter, (zh, en) in SUBDISTRICTS.items():
        parts = [part for community in found if community.subdistrict == letter for part in community.parts]
        title = named(zh, en, "subdistrict")
        canvas.boundary(outlines.around(parts), {"type": "boundary", **tags, "admin_level": "8", **title})
    for community in found:
        title = names.new("community")
        canvas.ring(outlines.around(community.parts), {**tags, "admin_level": "10", **title})


def first_cuts(blocks: Iterable[Block]) -> dict[int, Rect]:
    """By cell number, the part south or west of the first street through the cell, where it has one."""
    cuts: dict[int, Rect] = {}
    by_cell: dict[int, list[Rect]] = {}
    for block in blocks:
        by_cell.setdefault(block.cell.number, []).append(block.rect)
    for number, rects in by_cell.items():
        west, south = min(rect.west for rect in rects), min(rect.south for rect in rects)
        east, north = max(rect.east for rect in rects), max(rect.north for rect in rects)
        for u in sorted({rect.east for rect in rects} - {east}):
            if all(rect.east <= u or rect.west >= u for rect in rects):
                cuts[number] = Rect(west, south, u, north)
        for v in sorted({rect.north for rect in rects} - {north}):
            if all(rect.north <= v or rect.south >= v for rect in rects):
                cuts.setdefault(number, Rect(west, south, east, v))
    return cuts
