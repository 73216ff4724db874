"""What tags say of names, stairs, wheelchairs, rough and steep ways, bridges, and where a walk comes over a road."""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.network import Flags, Floats, Integers
from planner.provisions import provision
from planner.sources.osm import Extract
from planner.sources.tags import projected
from planner.ways import ROADS, Ways, bits, crossing_number

# The one table of obstacles.
RAMPS = (("ramp:wheelchair", "yes"), ("wheelchair", "yes"))  # stairs with one are none
ROUGH = {
    "smoothness": frozenset({"very_bad", "horrible", "very_horrible", "impassable"}),
    "surface": frozenset({"sand", "mud", "rock", "stepping_stones", "gravel", "pebblestone"}),
}
ON_THE_GROUND = frozenset({"", "no", "building_passage", "culvert"})  # bridge=, tunnel=
ONE_WAY = frozenset({"yes", "1", "-1", "true"})

CROSSROADS = 4  # road segments at a node where two roads of one rank cross; where one passes through, two
THROUGH = 2


def traits_of(tags: Mapping[str, str]) -> np.uint8:
    """The traits of a way, as `Ways` keeps them. How steep it is only `incline` says; a height model is too coarse."""
    stairs = tags.get("highway") == "steps"
    found = {
        "stairs": stairs and not any(tags.get(key) == value for key, value in RAMPS),
        "no_wheelchair": tags.get("wheelchair") == "no",
        "rough": any(tags.get(key) in values for key, values in ROUGH.items()),
        "steep": not stairs and _incline(tags.get("incline", "")) > provision("ramp.steepest").number,
        "off_ground": any(tags.get(key, "") not in ON_THE_GROUND for key in ("bridge", "tunnel")),
    }
    return bits(*(trait for trait, holds in found.items() if holds))


def rank_of(tags: Mapping[str, str]) -> int:
    """Which of ROADS a way is, from 1 on; 0 for every way that one crosses without a wait."""
    road = tags.get("highway", "").removesuffix("_link")
    return ROADS.index(road) + 1 if road in ROADS else 0


def ways_of(extract: Extract, tags: Iterable[Mapping[str, str]], ends: list[Integers], xy: Floats) -> Ways:
    """What there is to mind on the segments (s, 2) of walkable ways, one after another, each with its tags.

    `ends` are positions among the extract's nodes, `xy` where those are in metres.
    """
    listed, count = list(tags), [len(each) for each in ends]
    traits = np.repeat(np.array([traits_of(each) for each in listed], np.uint8), count)
    rank = np.repeat(np.array([rank_of(each) for each in listed], np.int64), count)
    names = np.repeat(np.array([each.get("name", "") for each in listed], np.str_), count)
    return Ways(traits, _crossed(extract, np.concatenate(ends), rank, xy)).named(names)


def _crossed(extract: Extract, ends: Integers, rank: Integers, xy: Floats) -> NDArray[np.uint8]:
    """(s, 2) the crossing at either end of segments of these ranks (s,).

    A road passes through a node where at least two of its segments meet. Who comes there from a way of lower rank
    comes onto the road or goes across; of two roads of one rank, each crosses the other where at least four segments
    meet. All roads of the extract count, also those that nobody may walk along.
    """
    roads, road_rank, one_way = _roads(extract)
    arms, two_way, smaller = (np.zeros((len(xy), 1 + len(ROADS)), np.int64) for _ in range(3))  # (nodes, ranks)
    for end in roads.T:
        np.add.at(arms, (end, road_rank), 1)
        np.add.at(two_way, (end, road_rank), ~one_way)
    walked, once = np.unique(np.sort(ends, axis=1), axis=0, return_index=True)
    for end in walked.T:
        np.add.at(smaller, (end, rank[once]), 1)
    smaller = np.cumsum(smaller, axis=1)  # of this rank or below
    signal = _signalled(extract, xy, arms[:, 1:].sum(axis=1) >= THROUGH)
    found = np.zeros(ends.shape, np.uint8)
    for side, road in ((side, road) for side in (0, 1) for road in range(1, 1 + len(ROADS))):  # the largest comes last
        node = ends[:, side]
        equal = (rank == road) & (arms[node, road:].sum(axis=1) >= CROSSROADS)
        here = equal | ((rank < road) & (arms[node, road] >= THROUGH))
        across = equal | (smaller[node, road - 1] >= THROUGH)
        number = crossing_number(road, signal[node], two_way[node, road] == 0, across)
        found[here, side] = number[here]
    return found


def _roads(extract: Extract) -> tuple[Integers, Integers, Flags]:
    """The segments (r, 2) of the roads of an extract, each once, with their rank and whether they are one-way."""
    roads = [way for way in extract.ways if rank_of(way.tags)]
    drawn = [segments(extract.node_ids, way.nodes) for way in roads]
    each = np.repeat(np.arange(len(roads)), [len(ends) for ends in drawn])
    pairs = np.sort(np.concatenate([np.empty((0, 2), np.int64), *drawn]), axis=1)
    pairs, once = np.unique(pairs, axis=0, return_index=True)
    rank = np.array([rank_of(way.tags) for way in roads], np.int64)
    one_way = np.array([way.tags.get("oneway", "") in ONE_WAY for way in roads], bool)
    return pairs, rank[each[once]], one_way[each[once]]


def _signalled(extract: Extract, xy: Floats, asked: Flags) -> Flags:
    """(v,) the nodes, of those asked for, that a mapped signal governs: it may stand at a stop line before them."""
    signalled, at = np.zeros(len(xy), bool), np.flatnonzero(asked)
    signals = shapely.points(projected(extract.signal_lonlat, extract.crs)) if len(extract.signal_lonlat) else []
    within_m = provision("crossing.signal_within").number
    near = shapely.STRtree(signals).query(shapely.points(xy[at]), predicate="dwithin", distance=within_m)
    signalled[at[near[0]]] = True
    return signalled


def segments(node_ids: NDArray[np.int64], nodes: Iterable[int]) -> Integers:
    """(k-1, 2) positions of consecutive nodes."""
    at = np.searchsorted(node_ids, np.array(list(nodes), np.int64))
    return np.column_stack([at[:-1], at[1:]])


def _incline(value: str) -> float:
    """The rise over length that a tag says, upwards or downwards: `10%`, `-6°`; 0 where it says no number."""
    found = re.fullmatch(r"[-+]?(\d+(?:\.\d+)?)\s*([%°]?)", value)
    if not found:
        return 0.0
    number = float(found[1])
    return float(np.tan(np.radians(number))) if found[2] == "°" else number / 100
