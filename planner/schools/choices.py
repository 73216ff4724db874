"""Who goes where when nobody plans it: to the nearest school, to that of their zone, or to one that families choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from planner.decay import Decay
from planner.errors import QuestionError
from planner.network import Floats, Integers
from planner.reach import Reach
from planner.schools.asked import AskedSeats
from planner.schools.plan import Seating
from planner.schools.pupils import Pupils
from planner.schools.stock import Schools

ROUNDING = 1e-9  # share of the pupils of a place


def nearest_schools(
    pupils: Pupils,
    schools: Schools,
    reach: Reach,
    classes: Integers | None = None,
    *,
    limits: Mapping[str, float] | None = None,
) -> Seating:
    """Everybody goes to the nearest school with classes of their stage, however full; of two alike to the first.

    `classes` (m, g, t) are those of a plan; by default those of today in every year. Nobody walks further than the
    radius of the stage, or what `limits` say.
    """
    return seated(pupils, schools, reach, classes, limits, nearest_of)


def choose_freely(
    pupils: Pupils,
    schools: Schools,
    reach: Reach,
    decay: Decay,
    classes: Integers | None = None,
    *,
    limits: Mapping[str, float] | None = None,
) -> Seating:
    """Families choose among the schools in reach, larger and nearer ones more often, however full.

        share_ij = N_j f(d_ij) / Σ_k N_k f(d_ik)

    with N_j classes and the decay f. Huff (1964), Defining and estimating a trading area; for schools Müller, Haase &
    Kless (2009), A multiperiod school location planning approach with free school choice.
    """

    def shared(near: Near) -> Floats:
        pull = near.classes * decay.at(near.distance)
        total = np.bincount(near.place, weights=pull, minlength=len(pupils.places))[near.place]
        return np.divide(pull, total, where=total > 0, out=np.zeros(len(pull)))

    return seated(pupils, schools, reach, classes, limits, shared)


def in_zones(
    pupils: Pupils,
    schools: Schools,
    reach: Reach,
    zones: Integers,
    classes: Integers | None = None,
    *,
    limits: Mapping[str, float] | None = None,
) -> Seating:
    """Everybody goes to the school of their zone, `zones` (n, g), however full; where it is out of reach, to none."""

    def own(near: Near) -> Floats:
        return np.asarray(zones[near.place, near.stage] == near.school, np.float64)

    return seated(pupils, schools, reach, classes, limits, own)


@dataclass(frozen=True)
class Near:
    """The pairs of a stage and a year in which somebody could go somewhere."""

    stage: int
    place: Integers  # (pairs,)
    school: Integers  # (pairs,)
    classes: Integers  # (pairs,)  of the school
    distance: Floats  # (pairs,)


Shares = Callable[[Near], Floats]  # pairs → shares of their places


def nearest_of(near: Near) -> Floats:
    """All of each place to the nearest school, of two alike to the first."""
    order = np.lexsort((near.distance, near.place))
    nearest = np.zeros(len(order))
    nearest[order[np.diff(near.place[order], prepend=-1) != 0]] = 1.0
    return nearest


def seated(
    pupils: Pupils,
    schools: Schools,
    reach: Reach,
    classes: Integers | None,
    limits: Mapping[str, float] | None,
    shares: Shares,
) -> Seating:
    """Everybody shared over the schools with classes of their stage within its limit, as `shares` says."""
    asked = AskedSeats(pupils, schools, reach, limits=limits)
    if faults := list(asked.faults()):
        raise QuestionError("\n".join(faults))
    t = len(pupils.years)
    then = np.repeat(schools.classes[:, :, None], t, axis=2) if classes is None else classes
    parts, unserved = [], pupils.count.copy()
    for g, stage in enumerate(schools.stages):
        near = reach.within(asked.limit_of(stage))
        for s in range(t):
            has = then[near.facility, g, s] > 0
            place, school, distance = near.place[has], near.facility[has].astype(np.int64), near.distance[has]
            people = pupils.count[place, g, s] * shares(Near(g, place, school, then[school, g, s], distance))
            goes = people > 0
            unserved[:, g, s] -= np.bincount(place, weights=people, minlength=len(unserved))
            size = int(goes.sum())
            parts.append((place[goes], np.full(size, g), np.full(size, s), school[goes], people[goes], distance[goes]))
    place, of_stage, year, school, people, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    unserved[unserved <= ROUNDING * pupils.count] = 0.0
    return Seating(schools, pupils, then, place, of_stage, year, school, people, distance, unserved, reach.unit)
