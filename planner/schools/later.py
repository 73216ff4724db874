"""Seats in the years after a plan: who goes where is kept, and fewer children are born."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.errors import QuestionError, first
from planner.network import Flags, Floats
from planner.reach import Reach
from planner.schools.choices import Near, nearest_of, seated
from planner.schools.plan import Seating
from planner.schools.pupils import Pupils


@dataclass(frozen=True)
class SeatsLater(Seating):
    """Classes of a plan's last year with the pupils of later ones; `balance(year)` has the seats then empty."""

    new: Flags  # (n, g)  places to which the plan gives no school in its last year: they take the nearest

    def __str__(self) -> str:
        lines = []
        for year in self.pupils.years:
            lines += [f"{year}: {line}" for line in str(self.balance(year)).splitlines()]
        return "\n".join(lines)


def seats_later(
    plan: Seating, pupils: Pupils, reach: Reach, *, limits: Mapping[str, float] | None = None
) -> SeatsLater:
    """The seats of a plan in later years, with the classes and zones of its last year.

    `pupils` are of the same places and stages in later years. The pupils of a place and stage part between schools as
    they did in the plan's last year: what went to no school then goes to none. Where the plan gives a place no school
    since nobody lived there, they go to the nearest one with classes; `new` says where. `reach` and `limits` are those
    of the plan.
    """
    if (pupils.places.tolist(), pupils.stages) != (plan.pupils.places.tolist(), plan.pupils.stages):
        raise QuestionError(
            f"The later pupils are of {len(pupils.places)} places ({first(pupils.places)}) and "
            f"{', '.join(each.id for each in pupils.stages)}, the plan is of {len(plan.pupils.places)} "
            f"({first(plan.pupils.places)}) and {', '.join(each.id for each in plan.pupils.stages)}. "
            "Forecast the same places and stages."
        )
    last, m = plan.year == len(plan.pupils.years) - 1, len(plan.schools)
    new = np.ones((len(pupils.places), len(pupils.stages)), bool) & ~(plan.unserved[:, :, -1] > 0)
    new[plan.place[last], plan.stage[last]] = False

    def as_planned(near: Near) -> Floats:
        at = last & (plan.stage == near.stage)
        place, school, people = plan.place[at], plan.school[at], plan.people[at]
        lived = plan.unserved[:, near.stage, -1] + np.bincount(place, weights=people, minlength=len(new))
        empty = lived[place] == 0  # a zone with nobody in it has a school too
        share = np.where(empty, 1.0, people / np.where(empty, 1.0, lived[place]))
        order = np.argsort(key := place * m + school)
        found = np.append(order, 0)[np.searchsorted(key[order], own := near.place * m + near.school)]
        kept = np.where(np.append(key, -1)[found] == own, np.append(share, 0.0)[found], 0.0)
        return np.where(new[near.place, near.stage], nearest_of(near), kept)

    classes = np.repeat(plan.classes[:, :, -1:], len(pupils.years), axis=2)
    then = seated(pupils, plan.schools, reach, classes, limits, as_planned)
    return SeatsLater(**vars(then), new=new)
