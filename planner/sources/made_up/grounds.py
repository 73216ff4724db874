"""What else fills a block of the made-up city: parks, schools, offices, commerce, industry, fields, waste land."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sin

from planner.sources.made_up.canvas import Point, Rect, Tags
from planner.sources.made_up.homes import STRIP_M
from planner.sources.made_up.site import Front, Site, cut
from planner.sources.made_up.streets import SIDES, Block, cross

FOOTWAY = {"highway": "footway"}
LOOP_NODES = 36  # a multiple of four, so that the axes of a park meet its round path in a node
LARGE_PARK_M2 = 40_000.0
LARGEST_PARCEL_M = 115.0  # side of the pieces that waste land is parted in


def park(site: Site, block: Block, tags: Tags, *, fenced: bool) -> None:
    """A park with two axes and a round path; gates only where the axes meet a fence, if there is one."""
    canvas, ground = site.canvas, block.ground.inset(1.5)
    (u, v), radius = ground.middle, (0.36 * ground.width, 0.36 * ground.height)
    south_north = cross(block, "v", u, SIDES, FOOTWAY)
    west_east = cross(block, "u", v, SIDES, FOOTWAY)
    south_north.stops |= {ground.south, v - radius[1], v, v + radius[1], ground.north}
    west_east.stops |= {ground.west, u - radius[0], u, u + radius[0], ground.east}
    site.streets += [south_north, west_east]
    canvas.ring(_ellipse((u, v), radius, LOOP_NODES), FOOTWAY)
    gates = [(u, ground.south), (ground.east, v), (u, ground.north), (ground.west, v)]
    canvas.ring(ground.around(gates), tags)
    if tags.keys().isdisjoint({"access", "fee"}):
        site.parks.append(((u, v), radius))
    if fenced:
        canvas.ring(ground.around(gates), {"barrier": "fence"})
        for gate in gates:
            canvas.mark(*gate, {"barrier": "gate"})
    if ground.area_m2 > LARGE_PARK_M2:
        lake = (u + 0.43 * radius[0], v + 0.40 * radius[1])
        canvas.ring(_ellipse(lake, (0.34 * radius[0], 0.30 * radius[1]), 20), {"natural": "water", "water": "pond"})


def _ellipse(middle: Point, radius: Point, nodes: int) -> list[Point]:
    turns = [2 * pi * k / nodes for k in range(nodes)]
    return [(middle[0] + radius[0] * cos(turn), middle[1] + radius[1] * sin(turn)) for turn in turns]


def square(site: Site, block: Block) -> None:
    """A paved square that one crosses as one likes, joined to the four streets around it."""
    ground = block.ground.inset(12)
    u, v = ground.middle
    joints = [(u, ground.south), (ground.east, v), (u, ground.north), (ground.west, v)]
    tags = {"highway": "pedestrian", "area": "yes", "place": "square", **site.names.new("square")}
    site.canvas.ring(ground.around(joints), tags)
    edges = {"south": (u, block.rect.south), "east": (block.rect.east, v)}
    edges |= {"north": (u, block.rect.north), "west": (block.rect.west, v)}
    for (side, edge), joint in zip(edges.items(), joints, strict=True):
        block.sides[side].stops.add(edge[0] if side in {"south", "north"} else edge[1])
        site.canvas.line([edge, joint], FOOTWAY)


def institution(site: Site, block: Block, tags: Tags, building: str) -> None:
    """Walled grounds with a gate, a drive and a few large buildings; a school has its sports field in the south."""
    dice, canvas = site.dice, site.canvas
    side = dice.pick(SIDES)
    strip, rest = cut(block.ground.inset(1.5), side, dice.between(*STRIP_M))
    wall = rest.inset(2)
    u, v = wall.west + 0.5 * wall.width, wall.south + 0.46 * wall.height
    gate_side = dice.pick(("west", "east"))
    drive = cross(block, "u", v, (gate_side,), {"highway": "service"})
    gate = (wall.west if gate_side == "west" else wall.east, v)
    drive.low, drive.high = (drive.low, u) if gate_side == "west" else (u, drive.high)
    drive.stops.add(gate[0])
    site.streets.append(drive)
    canvas.ring(wall.around([gate]), tags)
    canvas.ring(wall.around([gate]), {"barrier": "wall"})
    canvas.mark(*gate, {"barrier": "gate"})
    north = Rect(wall.west + 10, v + 8, wall.east - 10, wall.north - 8)
    south = Rect(wall.west + 12, wall.south + 8, wall.east - 12, v - 8)
    _halls(site, north, (3, 2), {"building": building, "building:levels": str(dice.pick((3, 4, 5)))})
    if building == "school":
        canvas.building(*south.middle, min(south.width, 110), min(south.height, 62), {"leisure": "pitch"})
    else:
        _halls(site, south, (2, 1), {"building": building, "building:levels": str(dice.pick((4, 6, 9)))})
    site.frontage(strip, side, [v] if side == gate_side else [], block.cell, shop_share=0.6)


def _halls(site: Site, ground: Rect, grid: tuple[int, int], tags: Tags, share: float = 0.95) -> None:
    """Large buildings in columns and rows, with room between them."""
    columns, rows = grid
    step_u, step_v = ground.width / columns, ground.height / rows
    for row in range(rows):
        for column in range(columns):
            length, depth = step_u * site.dice.between(0.62, 0.82), step_v * site.dice.between(0.42, 0.7)
            if min(length, depth) > 7 and site.dice.chance(share):  # noqa: PLR2004  (metres of the smallest hall)
                at = ground.west + (column + 0.5) * step_u, ground.south + (row + 0.5) * step_v
                site.canvas.building(*at, length, depth, tags)


def commerce(site: Site, block: Block) -> None:
    """Shopping centres and office towers on open ground that one walks through."""
    ground = block.ground.inset(4)
    u, v = ground.middle
    south_north, west_east = cross(block, "v", u, SIDES, FOOTWAY), cross(block, "u", v, SIDES, FOOTWAY)
    south_north.stops.add(v)
    west_east.stops.add(u)
    site.streets += [south_north, west_east]
    for part in _quarters(ground, 7):
        match site.dice.pick(("mall", "offices", "shops", "leftover")):
            case "mall":
                _halls(site, part, (1, 1), {"building": "commercial", "building:levels": "5"})
            case "offices":
                _halls(site, part, (2, 1), {"building": "office", "building:levels": site.dice.pick("89")})
            case "shops":
                site.fronts.append(Front(*part.middle, 0.7 * part.width, 0.6 * part.height, block.cell))
            case _:
                site.leftover(part.inset(6))


def _quarters(ground: Rect, gap_m: float) -> Sequence[Rect]:
    (u, v), (west, south, east, north) = ground.middle, ground
    return (
        Rect(west, south, u - gap_m, v - gap_m),
        Rect(u + gap_m, south, east, v - gap_m),
        Rect(u + gap_m, v + gap_m, east, north),
        Rect(west, v + gap_m, u - gap_m, north),
    )


def industry(site: Site, block: Block) -> None:
    """Halls on a works' ground, with waste land at its edge."""
    side = site.dice.pick(SIDES)
    strip, rest = cut(block.ground.inset(1.5), side, site.dice.between(18, 34))
    yard = rest.inset(2)
    u = yard.west + 0.5 * yard.width
    drive = cross(block, "v", u, ("south", "north"), {"highway": "service"})
    site.streets.append(drive)
    site.canvas.ring(yard.around([(u, yard.south), (u, yard.north)]), {"landuse": "industrial"})
    drive.stops |= {yard.south, yard.north}
    for west, east in ((yard.west + 8, u - 8), (u + 8, yard.east - 8)):
        half = Rect(west, yard.south + 8, east, yard.north - 8)
        columns, rows = max(1, round(half.width / 95)), max(1, round(half.height / 55))
        _halls(site, half, (columns, rows), {"building": "industrial", "building:levels": "1"}, share=0.8)
    site.frontage(strip, side, [u] if side in {"south", "north"} else [], block.cell, shop_share=0.15)


def fields(site: Site, block: Block) -> None:
    """Farmland in two or three pieces, now and then an orchard or a wood."""
    ground = block.ground.inset(3)
    cuts = [ground.west, ground.west + site.dice.between(0.3, 0.7) * ground.width, ground.east]
    for west, east in pairwise(cuts):
        use = site.dice.pick(("farmland", "farmland", "farmland", "farmland", "orchard", "forest"))
        site.canvas.ring(Rect(west + 2, ground.south, east - 2, ground.north).around(), {"landuse": use})


def waste(site: Site, block: Block) -> None:
    """Land where building is to begin: parted in parcels, some too large for a pocket park."""
    ground = block.ground.inset(4)
    if site.dice.chance(0.35):
        site.canvas.ring(ground.around(), {"landuse": site.dice.pick(("brownfield", "greenfield"))})
        return
    columns = max(1, round(ground.width / LARGEST_PARCEL_M))
    rows = max(1, round(ground.height / LARGEST_PARCEL_M))
    for row in range(rows):
        for column in range(columns):
            u, v = ground.west + column * ground.width / columns, ground.south + row * ground.height / rows
            parcel = Rect(u, v, u + ground.width / columns, v + ground.height / rows)
            if site.dice.chance(0.45):
                site.leftover(parcel.inset(site.dice.between(4, 22)))
            else:
                site.canvas.ring(parcel.inset(3).around(), {"landuse": "construction"})
