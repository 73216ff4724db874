"""A made-up city after Chuanhui District in Zhoukou, for the default run, the docs and the tests.

Nothing in it is surveyed. It comes as an ordinary OpenStreetMap extract, and says in its header that it
is made up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planner.sources.made_up.borders import communities, draw_borders, first_cuts
from planner.sources.made_up.canvas import Canvas, Dice
from planner.sources.made_up.grounds import commerce, fields, industry, institution, park, square, waste
from planner.sources.made_up.homes import OLD_TOWN_LEVELS, SLABS, TOWERS, VILLAGE_LEVELS, compound, lanes
from planner.sources.made_up.names import Names
from planner.sources.made_up.plan import bend, cells
from planner.sources.made_up.rivers import draw_railway, draw_water, line_rivers
from planner.sources.made_up.services import draw_sports, let_fronts, spaced
from planner.sources.made_up.site import Site
from planner.sources.made_up.streets import Block, MainStreets, main_blocks

SEED = 411602  # the district's code in GB/T 2260

# What a block becomes where nothing else is asked for, by the kind of its cell, one of these each at random.
USES = {
    "O": ("old town",),
    "S": ("slabs",) * 10 + ("offices", "waste"),
    "T": ("towers",) * 9 + ("waste",),
    "N": ("towers", "waste", "fields"),
    "V": ("village", "village", "village", "fields", "industry", "waste"),
    "C": ("commerce", "commerce", "towers"),
    "P": ("towers", "slabs"),
    "I": ("industry", "industry", "industry", "industry", "waste"),
    "F": ("fields",),
}
HOMES = frozenset({"old town", "slabs", "towers", "village"})


@dataclass(frozen=True)
class Special:
    """So many blocks of a use that is planned for the whole city: where, how large, how far apart."""

    use: str
    count: int
    cells: str  # kinds of the cells
    ground_m2: tuple[float, float]
    gap_m: float


SPECIALS = (
    Special("square", 1, "C", (10_000, 60_000), 0),
    Special("large park", 4, "P", (55_000, 200_000), 600),
    Special("paid park", 1, "N", (15_000, 70_000), 0),
    Special("private garden", 1, "T", (8_000, 50_000), 0),
    Special("middle school", 7, "STV", (25_000, 60_000), 1100),
    Special("school", 23, "STOVN", (14_000, 60_000), 520),
    Special("hospital", 4, "STC", (20_000, 60_000), 1500),
    Special("fenced park", 3, "STNV", (9_000, 50_000), 1000),
    Special("park", 15, "STNCV", (6_000, 46_000), 600),
    Special("garden", 9, "OSTC", (4_000, 30_000), 400),
)

BUILDERS: Mapping[str, Callable[[Site, Block], None]] = {
    "old town": partial(lanes, levels=OLD_TOWN_LEVELS),
    "village": partial(lanes, levels=VILLAGE_LEVELS),
    "slabs": partial(compound, form=SLABS),
    "towers": partial(compound, form=TOWERS),
    "commerce": commerce,
    "industry": industry,
    "fields": fields,
    "waste": waste,
    "square": square,
    "large park": lambda site, block: park(site, block, _named(site, "park"), fenced=False),
    "park": lambda site, block: park(site, block, _named(site, "park"), fenced=False),
    "fenced park": lambda site, block: park(site, block, _named(site, "park"), fenced=True),
    "paid park": lambda site, block: park(site, block, {"fee": "yes", **_named(site, "park")}, fenced=True),
    "garden": lambda site, block: park(site, block, _named(site, "garden"), fenced=False),
    "private garden": lambda site, block: park(
        site, block, {"access": "private", **_named(site, "garden")}, fenced=True
    ),
    "school": lambda site, block: _institution(site, block, "school", "school", "school"),
    "middle school": lambda site, block: _institution(site, block, "school", "middle school", "school"),
    "hospital": lambda site, block: _institution(site, block, "hospital", "hospital", "hospital"),
    "offices": lambda site, block: institution(
        site, block, {"landuse": "commercial", **site.names.new("office")}, "office"
    ),
}


def write_city(path: Path) -> Path:
    """Write the made-up city to `path` (.osm.pbf), over what may be there, and return the path.

    The same bytes on every machine and in every run. About 300 000 people would live there, if they
    are spread over the floor area of the homes. Local names and shapes are invented, and everything
    that a reader takes for a place in Zhoukou is chance, except for the names of the two rivers.
    """
    draw_city().write(path)
    return path


def draw_city() -> Canvas:
    """The whole city, before it is written."""
    site = Site(Canvas(bend), Names(), Dice(SEED))
    land = list(cells())
    main = MainStreets(land, site.names)
    blocks, inner = main_blocks(main, land, Dice(SEED, 1))
    site.streets += inner

    used = plan_uses(blocks, Dice(SEED, 2))
    homes = [block.rect.middle for block, use in used if use in HOMES]

    draw_borders(site.canvas, site.names, communities(land, first_cuts(blocks), homes))
    draw_water(site.canvas)
    for number, (block, use) in enumerate(used):
        site.dice = Dice(SEED, 3, number)  # so that a change in one block leaves the others as they are
        BUILDERS[use](site, block)
    site.dice = Dice(SEED, 4)
    line_rivers(site, main)
    draw_railway(site, land)
    let_fronts(site, Dice(SEED, 5))
    for street in [*main.edges.values(), *main.bridges(), *main.roads_out(), *site.streets]:
        street.draw(site.canvas)
    draw_sports(site)
    return site.canvas


@dataclass(frozen=True)
class _Middle:
    """A block by the middle of its ground."""

    u: float
    v: float
    number: int


def plan_uses(blocks: list[Block], dice: Dice) -> list[tuple[Block, str]]:
    """Every block with its use: first what is planned for the whole city, then what the cell's kind suggests."""
    uses = {number: dice.pick(USES[block.cell.kind]) for number, block in enumerate(blocks)}
    taken: set[int] = set()
    for special in SPECIALS:
        low, high = special.ground_m2
        fitting = [
            _Middle(*block.ground.middle, number)
            for number, block in enumerate(blocks)
            if number not in taken and block.cell.kind in special.cells and low <= block.ground.area_m2 <= high
        ]
        for place in spaced(fitting, special.count, special.gap_m, dice):
            uses[place.number] = special.use
            taken.add(place.number)
    return [(block, uses[number]) for number, block in enumerate(blocks)]


def _named(site: Site, kind: str) -> dict[str, str]:
    return {"leisure": kind, **site.names.new(kind)}


def _institution(site: Site, block: Block, amenity: str, name: str, building: str) -> None:
    institution(site, block, {"amenity": amenity, **site.names.new(name)}, building)
