"""Rivers and railway of the made-up city, and the land along them."""

from collections.abc import Iterator, Sequence

from planner.sources.made_up.canvas import Canvas, Point, Rect, stations
from planner.sources.made_up.plan import EDGE, MAIN, SIDE, Cell, River
from planner.sources.made_up.site import Site
from planner.sources.made_up.streets import MainStreets, Street

WATER_STEP_M = 30.0
PROMENADE_M = 9.0  # from the water's edge
TO_CROSSING_M = 24.0  # kept free where streets meet
RIVERSIDE_PARK_SHARE = 0.36  # of the stretches from crossing to crossing
RAIL_STUB_M = 450.0
RAIL_LAND_M = 9.0  # from the axis of the line


def draw_water(canvas: Canvas) -> None:
    """Both rivers as one surface, because they meet, and a line along each."""
    mouth_v = MAIN.bank(SIDE.at, 1) + 6
    west_u, east_u = (SIDE.point(mouth_v, SIDE.bank(mouth_v, side))[0] for side in (-1, 1))
    outline = [
        *_bank(MAIN, -1, MAIN.low, MAIN.high),
        *_bank(MAIN, 1, east_u, MAIN.high)[::-1],
        *_bank(SIDE, 1, mouth_v, SIDE.high),
        *_bank(SIDE, -1, mouth_v, SIDE.high)[::-1],
        *_bank(MAIN, 1, MAIN.low, west_u)[::-1],
    ]
    canvas.ring(outline, {"natural": "water", "water": "river"})
    for river in (MAIN, SIDE):
        middle = [river.point(t, (river.bank(t, -1) + river.bank(t, 1)) / 2) for t in _steps(river.low, river.high)]
        zh, en = river.name
        canvas.line(middle, {"waterway": "river", "name": zh, "name:en": en})


def _steps(low: float, high: float) -> list[float]:
    return stations(low, high, step_m=WATER_STEP_M)


def _bank(river: River, side: int, low: float, high: float, from_water_m: float = 0.0) -> list[Point]:
    return [river.point(t, river.bank(t, side) + side * from_water_m) for t in _steps(low, high)]


def line_rivers(site: Site, main: MainStreets) -> None:
    """A promenade along every bank, joined to the riverside street; in between linear parks and leftover parcels."""
    for river, side, low, high in _banks():
        beside = [(street, (street.low + street.high) / 2) for street in main.edges.values()]
        beside = [(street, joint) for street, joint in beside if _along(river, side, street) and low < joint < high]
        for street, joint in beside:
            street.stops.add(joint)
            edge = river.bank(joint, side) + side * PROMENADE_M
            site.canvas.line([street.point(joint), river.point(joint, edge)], {"highway": "footway"})
            _riverside(site, river, side, street)
        points = [
            river.point(t, river.bank(t, side) + side * PROMENADE_M)
            for t in stations(low, high, [joint for _, joint in beside])
        ]
        site.canvas.line(_to_corner(river, side, points), {"highway": "footway"})


def _banks() -> Iterator[tuple[River, int, float, float]]:
    """River, side, and from where to where: the north bank is parted by the mouth of the other river."""
    west, east, _, north = EDGE
    yield MAIN, -1, west + 10, east - 10
    yield MAIN, 1, west + 10, _corner(-1)[0]
    yield MAIN, 1, _corner(1)[0], east - 10
    yield SIDE, -1, _corner(-1)[1], north - 10
    yield SIDE, 1, _corner(1)[1], north - 10


def _corner(side: int) -> Point:
    """Where the promenades of both rivers meet, west (-1) or east (1) of the mouth."""
    v = MAIN.bank(SIDE.at, 1) + PROMENADE_M + 6
    return SIDE.point(v, SIDE.bank(v, side) + side * PROMENADE_M)


def _to_corner(river: River, side: int, points: list[Point]) -> list[Point]:
    """The promenade of the main river's north bank, led on to the corner; the side river's begins there."""
    if river is SIDE or side < 0:
        return points
    west, east = _corner(-1), _corner(1)
    return [*points[:-1], west] if points[0][0] < west[0] else [east, *points[1:]]


def _along(river: River, side: int, street: Street) -> bool:
    on_its_line = street.axis == river.axis and street.at == river.at + side * river.to_street_m
    return on_its_line and (river is MAIN or street.low > 0)


def _riverside(site: Site, river: River, side: int, street: Street) -> None:
    """A stretch from crossing to crossing: one linear park, or parcels on both sides of the way to the water."""
    low, high = street.low + TO_CROSSING_M, street.high - TO_CROSSING_M
    to_street_m = river.to_street_m - street.half_width_m - 3
    settled = street.tags["highway"] != "unclassified"
    if settled and site.dice.chance(RIVERSIDE_PARK_SHARE):
        tags = {"leisure": "park", **site.names.new("riverside")}
        site.canvas.ring(_strip(river, side, low, high, 4.0, to_street_m), tags)
        return
    joint = (street.low + street.high) / 2
    for start, end in ((low, joint - 5), (joint + 5, high)):
        pieces = max(1, round((end - start) / site.dice.between(55, 110)))
        for piece in range(pieces):
            a, b = (start + (end - start) * k / pieces for k in (piece, piece + 1))
            if site.dice.chance(0.5):
                outline = _strip(river, side, a + 2, b - 2, PROMENADE_M + 4, to_street_m)
                site.canvas.ring(outline, {"landuse": site.dice.pick(("grass", "greenfield"))})


def _strip(river: River, side: int, low: float, high: float, from_water_m: float, to_street_m: float) -> list[Point]:
    outer = [river.point(t, side * to_street_m) for t in _steps(low, high)]
    return [*_bank(river, side, low, high, from_water_m), *outer[::-1]]


def draw_railway(site: Site, cells: Sequence[Cell]) -> None:
    """The railway through the cells kept for it, and the waste land on both sides of it."""
    track = [cell for cell in cells if cell.kind == "R"]
    _, v = track[0].rect.middle
    ends = stations(track[0].rect.west - RAIL_STUB_M, track[-1].rect.east + RAIL_STUB_M)
    site.canvas.line([(u, v) for u in ends], {"railway": "rail", "gauge": "1435"})
    for cell in track:
        west, south, east, north = cell.rect.inset(TO_CROSSING_M - 4)
        pieces = max(1, round((east - west) / site.dice.between(70, 130)))
        for piece in range(pieces):
            a, b = (west + (east - west) * k / pieces for k in (piece, piece + 1))
            for rect in (Rect(a, south, b, v - RAIL_LAND_M), Rect(a, v + RAIL_LAND_M, b, north)):
                if site.dice.chance(0.45):
                    site.leftover(rect.inset(1))
