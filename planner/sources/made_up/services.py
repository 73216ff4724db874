"""Which services the made-up city has, and in which of its buildings at the street they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Protocol, TypeVar

from planner.sources.made_up.canvas import Dice, Tags
from planner.sources.made_up.site import Front, Site

SENIOR = {"amenity": "social_facility", "social_facility:for": "senior"}
ELDERCARE_SUBDISTRICTS = frozenset("abceijk")  # eldercare is uneven: the new quarters have none yet
TOWN_HALL = {"amenity": "townhall", "office": "government", "government": "local_authority"}
CONVENIENCE_SHOPS = 230
SHOP_LEVELS = ("1", "2", "2", "3")


@dataclass(frozen=True)
class Service:
    """So many of a service, in a building of their own, spread no closer than the gap."""

    name: str  # a key of SUFFIXES
    count: int
    gap_m: float
    building: str
    tags: Tags
    subdistricts: frozenset[str] = frozenset("abcdefghijkl")


SERVICES = (
    Service("nursing home", 6, 900, "public", SENIOR | {"social_facility": "nursing_home"}, ELDERCARE_SUBDISTRICTS),
    Service("day care", 12, 500, "public", SENIOR | {"social_facility": "day_care"}, ELDERCARE_SUBDISTRICTS),
    Service("community centre", 62, 380, "public", {"amenity": "community_centre"}),
    Service("kindergarten", 35, 420, "kindergarten", {"amenity": "kindergarten"}),
    Service("supermarket", 26, 450, "retail", {"shop": "supermarket"}),
)

# What the fronts that are shops of any kind house besides: let last, by dice of their own, so that all else stays.
MORE_SERVICES = (
    Service("cultural centre", 5, 1500, "public", {"amenity": "arts_centre"}),
    Service("health centre", 11, 900, "public", {"amenity": "clinic"}),
    Service("health station", 34, 380, "public", {"amenity": "doctors"}),
    Service("police", 9, 1200, "public", {"amenity": "police"}),
    Service("pharmacy", 48, 250, "retail", {"amenity": "pharmacy"}),
    Service("post office", 12, 900, "retail", {"amenity": "post_office"}),
    Service("bank", 24, 400, "retail", {"amenity": "bank"}),
    Service("hairdresser", 60, 150, "retail", {"shop": "hairdresser"}),
)
FITNESS_M, PITCH_M = (18.0, 12.0), (40.0, 22.0)  # length and depth of the grounds in parks
PITCH_FROM_M = 60.0  # half the width of a park's round path that has room for a pitch


class Placed(Protocol):
    """Anything with a place on the plan."""

    @property
    def u(self) -> float:
        """Metres east."""

    @property
    def v(self) -> float:
        """Metres north."""


P = TypeVar("P", bound=Placed)


def spaced(places: Iterable[P], count: int, gap_m: float, dice: Dice) -> list[P]:
    """So many of the places, at random, none closer to another than the gap."""
    chosen: list[P] = []
    for place in dice.shuffled(places):
        if len(chosen) == count:
            break
        if all(hypot(place.u - other.u, place.v - other.v) >= gap_m for other in chosen):
            chosen.append(place)
    return chosen


def let_fronts(site: Site, later: Dice) -> None:
    """Draw the buildings along the streets, each with the service it houses; the others are shops of any kind."""
    let: dict[Front, tuple[str, Tags]] = {}
    for front in _town_halls(site.fronts):
        let[front] = "public", {**TOWN_HALL, **site.names.new("townhall")}
    for service in SERVICES:
        free = [front for front in site.fronts if front not in let and front.cell.subdistrict in service.subdistricts]
        for front in spaced(free, service.count, service.gap_m, site.dice):
            let[front] = service.building, {**service.tags, **site.names.new(service.name)}
    shops = set(spaced([front for front in site.fronts if front not in let], CONVENIENCE_SHOPS, 70, site.dice))
    rest = [front for front in site.fronts if front not in let and front not in shops]
    for service in MORE_SERVICES:
        for front in spaced([front for front in rest if front not in let], service.count, service.gap_m, later):
            let[front] = service.building, {**service.tags, **site.names.new(service.name)}
    for front in site.fronts:
        building, tags = let.get(front, ("retail", {}))
        levels = {"building": building, "building:levels": site.dice.pick(SHOP_LEVELS)}
        site.canvas.building(front.u, front.v, front.length_m, front.depth_m, {**levels, **tags})
        if front in shops:
            site.canvas.place(front.u, front.v, {"shop": "convenience", **site.names.new("convenience")})


def draw_sports(site: Site) -> None:
    """A fitness ground in every public park, and a pitch where there is room; drawn last, so that no id changes."""
    for (u, v), (east, north) in site.parks:
        site.canvas.building(u - 0.4 * east, v + 0.4 * north, *FITNESS_M, {"leisure": "fitness_station"})
        if min(east, north) >= PITCH_FROM_M:
            site.canvas.building(u - 0.4 * east, v - 0.4 * north, *PITCH_M, {"leisure": "pitch", "sport": "basketball"})


def _town_halls(fronts: Sequence[Front]) -> list[Front]:
    """The most central front of each subdistrict."""
    halls = []
    for letter in sorted({front.cell.subdistrict for front in fronts}):
        there = [front for front in fronts if front.cell.subdistrict == letter]
        middle = sum(front.u for front in there) / len(there), sum(front.v for front in there) / len(there)
        halls.append(min(there, key=lambda front: hypot(front.u - middle[0], front.v - middle[1])))
    return halls
