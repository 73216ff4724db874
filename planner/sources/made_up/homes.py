"""Where people live in the made-up city: walled compounds with gates, and lanes of small houses."""

from dataclasses import dataclass

from planner.sources.made_up.canvas import Rect
from planner.sources.made_up.site import Site, cut
from planner.sources.made_up.streets import SIDES, Block, Street, cross, divide

STRIP_M = (17.5, 26.0)  # depth of a strip of shops and leftover parcels before a wall
WALL_TO_PATH_M = 8.0
DOOR_M = 4.0  # from the north face of a block of flats to the path that its doors are at
MINOR = ("residential", "living_street", "track")
SMALLEST_COMPOUND_M = 75.0
SHALLOWEST_HOUSE_M = 6.0


@dataclass(frozen=True)
class Form:
    """How the buildings of a compound stand. They face south, as homes in the plain do."""

    name: str  # a key of SUFFIXES
    plot_m: tuple[float, float]  # west-east, from one building to the next
    row_m: tuple[float, float]  # south-north, from one row to the next: the taller, the longer the shadow
    length_m: tuple[float, float]
    depth_m: tuple[float, float]
    levels: tuple[int, ...]  # a compound has about one of these


SLABS = Form("compound", (46, 66), (29, 36), (38, 56), (11, 12.5), (5, 6, 6, 6, 6, 7))
TOWERS = Form("tower compound", (50, 64), (58, 70), (24, 31), (14, 16.5), (18, 18, 20, 24, 26, 32))

OLD_TOWN_LEVELS = (1, 1, 2, 2, 3)
VILLAGE_LEVELS = (2, 2, 3, 3, 4)
LANES_M = (125.0, 47.0)  # the longest row of houses, and the deepest: two houses back to back


def compound(site: Site, block: Block, form: Form) -> None:
    """A walled compound: rows of flats on footways, a drive through the middle, one to three gates."""
    dice, canvas = site.dice, site.canvas
    rest = block.ground.inset(1.5)
    strips = []
    for side in _lively_sides(site, block):
        strip, rest = cut(rest, side, dice.between(*STRIP_M))
        strips.append((side, strip))
    wall = rest.inset(2.5)
    if min(wall.width, wall.height) < SMALLEST_COMPOUND_M:
        lanes(site, block, OLD_TOWN_LEVELS)
        return

    yard = wall.inset(WALL_TO_PATH_M)
    drive_u = wall.west + dice.between(0.4, 0.6) * wall.width
    paths = _rows(site, yard, drive_u, form)
    ends = dice.pick((("south", "north"), ("south", "north"), ("south",), ("north",)))
    drive = cross(block, "v", drive_u, ends, {"highway": "service", "service": "driveway"})
    gates = [(drive_u, wall.south if end == "south" else wall.north) for end in ends]
    drive.low = drive.low if "south" in ends else paths[0].at
    drive.high = drive.high if "north" in ends else paths[-1].at
    drive.stops |= {path.at for path in paths} | {v for _, v in gates}

    openings = {side: [drive_u] if side in ends else [] for side in SIDES}
    if dice.chance(0.5):
        side, path = dice.pick(("west", "east")), dice.pick(paths)
        block.sides[side].stops.add(path.at)
        edge, gate_u = (block.rect.west, wall.west) if side == "west" else (block.rect.east, wall.east)
        path.low, path.high = min(path.low, edge), max(path.high, edge)
        path.stops.add(gate_u)
        gates.append((gate_u, path.at))
        openings[side].append(path.at)

    site.streets += [drive, *paths, *_side_paths(paths, yard)]
    canvas.ring(wall.around(gates), {"landuse": "residential", **site.names.new(form.name)})
    canvas.ring(wall.around(gates), {"barrier": "wall"})
    for u, v in gates:
        canvas.mark(u, v, {"barrier": "gate"})
    for side, strip in strips:
        site.frontage(strip, side, openings[side], block.cell, shop_share=0.8)


def _lively_sides(site: Site, block: Block) -> list[str]:
    """One or two sides on which there is land between the wall and the street, main streets before others."""
    main = [side for side in SIDES if block.sides[side].tags["highway"] not in MINOR]
    chosen = site.dice.shuffled(main or SIDES)
    return chosen[: 2 if site.dice.chance(0.55) else 1]


def _rows(site: Site, yard: Rect, drive_u: float, form: Form) -> list[Street]:
    """Rows of buildings on both sides of the drive, and the path at the doors of each, from south to north."""
    dice, levels = site.dice, site.dice.pick(form.levels)
    depth, plot = dice.between(*form.depth_m), dice.between(*form.plot_m)
    south, north = yard.south + depth / 2, yard.north - depth / 2 - DOOR_M
    count = 1 + max(0, round((north - south) / dice.between(*form.row_m)))
    pitch = (north - south) / max(count - 1, 1)
    paths = []
    for row in range(count):
        v = south + row * pitch
        for low, high in ((yard.west + 5, drive_u - 6), (drive_u + 6, yard.east - 5)):
            plots = max(1, round((high - low) / plot))
            step = (high - low) / plots
            length = min(dice.between(*form.length_m), step - 7)
            for k in range(plots):
                floors = max(4, levels + int(dice.between(-1.2, 1.9)))
                if length > 14 and not dice.chance(0.03):  # noqa: PLR2004  (shorter is no block of flats)
                    tags = {"building": "apartments", "building:levels": str(floors)}
                    site.canvas.building(low + (k + 0.5) * step, v, length, depth, tags)
        path = Street("u", v + depth / 2 + DOOR_M, yard.west, yard.east, {"highway": "footway"})
        path.stops |= {yard.west, drive_u, yard.east}
        paths.append(path)
    return paths


def _side_paths(paths: list[Street], yard: Rect) -> list[Street]:
    """The rows' paths joined at both ends."""
    if len(paths) == 1:
        return []
    low, high, stops = paths[0].at, paths[-1].at, {path.at for path in paths}
    return [Street("v", u, low, high, {"highway": "footway"}, set(stops)) for u in (yard.west, yard.east)]


def lanes(site: Site, block: Block, levels: tuple[int, ...], gap_share: float = 0.16) -> None:
    """Small houses back to back between narrow lanes; where one was pulled down, a gap is left."""
    for row in divide(block, LANES_M, ("residential", "living_street"), site.dice, site.streets):
        ground = row.ground.inset(0.8)
        gap_m = site.dice.between(13, 34) if site.dice.chance(gap_share) else 0.0
        gap_from = ground.west + site.dice.between(0, 1) * max(0.0, ground.width - gap_m)
        if gap_m:
            site.leftover(Rect(gap_from, ground.south, min(gap_from + gap_m, ground.east), ground.north))
        for low, high in ((ground.west, gap_from - 1), (gap_from + gap_m + 1, ground.east)):
            _houses(site, Rect(low, ground.south, high, ground.north), levels)
    if block.cell.kind == "V":
        ring = block.ground.inset(0.3)
        site.canvas.ring(ring.around(), {"landuse": "residential", **site.names.new("village")})


def _houses(site: Site, ground: Rect, levels: tuple[int, ...]) -> None:
    dice = site.dice
    rows = 2 if ground.height > 22 else 1  # noqa: PLR2004  (metres for two houses back to back)
    deepest = ground.height / rows - 1
    if deepest < SHALLOWEST_HOUSE_M:
        return
    for row in range(rows):
        u = ground.west + dice.between(0, 2)
        while ground.east - u > 8:  # noqa: PLR2004  (metres for one more house)
            length = min(dice.between(8.5, 14), ground.east - u)
            depth = min(dice.between(9, 13), deepest)
            v = ground.south + depth / 2 if row == 0 else ground.north - depth / 2
            if not dice.chance(0.12):
                tags = {"building": "house", "building:levels": str(dice.pick(levels))}
                site.canvas.building(u + length / 2, v, length - 1, depth, tags)
            u += length + dice.between(0.3, 1.8)
