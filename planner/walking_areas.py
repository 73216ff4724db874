"""Who walks to which standing facility, in bands of each standard's limit: for looking at, not for counting."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.by_walker import at_doors
from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import Integers
from planner.reach import measure_reach
from planner.standards import Standard

BANDS = (50, 75, 100)  # per cent of the limit
MOST_PAIRS = 2_000_000  # of a place and a facility, over all standards: some 2 MB of a map


@dataclass(frozen=True)
class Walks:
    """The places within reach of each of the m standing facilities of a standard, a facility's pairs together."""

    standard: Standard
    limits: tuple[float, ...]  # (bands,) in the standard's own unit, ascending
    start: Integers  # (m+1,) where the pairs of each facility begin
    place: NDArray[np.int32]  # (pairs,)  ascending within a facility
    band: NDArray[np.uint8]  # (pairs,) the first of the limits at which the place is within reach


def walks_to(
    rules: Iterable[Standard], demand: Demand, standing: Mapping[str, Facilities], *, max_access_m: float
) -> Iterator[Walks]:
    """Those of each standard whose facilities people walk to, as long as the pairs are not too many."""
    left = MOST_PAIRS
    for rule in rules:
        people = at_doors(demand, rule.profile, max_access_m=max_access_m)
        sites = at_doors(standing[rule.service], rule.profile, max_access_m=max_access_m)
        reach = measure_reach(people, sites, **rule.walk)
        if len(reach.place) > left:
            continue
        left -= len(reach.place)
        order = np.argsort(reach.facility, kind="stable")
        limits = tuple(round(rule.limit * share / 100, 6) for share in BANDS)
        walked = [replace(rule, limit=limit).walk_limit for limit in limits[:-1]] + [rule.walk_limit]
        yield Walks(
            rule,
            limits,
            start=np.searchsorted(reach.facility[order], np.arange(len(sites) + 1)),
            place=reach.place[order].astype(np.int32),
            band=np.searchsorted(np.array(walked), reach.distance[order]).astype(np.uint8),
        )
