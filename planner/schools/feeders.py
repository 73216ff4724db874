"""Feeder links (小升初对口直升): each primary school sends all its pupils to one junior school."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.errors import QuestionError
from planner.network import Floats, Integers
from planner.optimise.capacity.models import people_at
from planner.reach import Reach
from planner.rules import USUAL, Effort
from planner.schools.plan import SchoolPlan, Seating
from planner.schools.pupils import Pupils
from planner.schools.seating import plan_seats
from planner.schools.stock import Schools

ORDER = ("unserved", "severe", "oversized", "above_standard", "walk")
ROUNDING = 1e-12  # share of the pupils of a school


@dataclass(frozen=True)
class FeederLinks:
    """Which junior school each of p primary schools feeds, beside a plan of the same pupils without links.

    The zone of a junior school are the zones of the primary schools that feed it. Metres are of pupils who have the
    school within their limit; the others are counted in `too_far`.
    """

    primary: NDArray[np.str_]  # (p,)  primary schools in whose zones pupils of the junior stage live
    junior: NDArray[np.str_]  # (p,)  "" where no junior school is near enough to enough of them
    pupils: Floats  # (p,)  of the junior stage
    too_far: Floats  # (p,)  those of them who walk further than the limit
    zones: Integers  # (n,)  the junior school of each place, -1 = none
    unzoned: float  # pupils of the junior stage in no primary zone; in neither plan
    linked: SchoolPlan  # its places are the primary schools
    free: SchoolPlan  # the same pupils without links; a place may be parted
    apart: float  # pupils who part, without links, from most of those of their primary zone

    def more(self, aim: str) -> float:
        """What the links have more of an aim than the plan without them."""
        return self.linked.worth[aim] - self.free.worth[aim]

    def __str__(self) -> str:
        lines = [
            f"{primary} → {junior or 'no junior school'}: {pupils:,.0f} pupils"
            for primary, junior, pupils in zip(self.primary, self.junior, self.pupils.tolist(), strict=True)
        ]
        ending = "proven best" if self.linked.ending == "proven" else "perhaps not the best"
        unit = "pupil-metres" if self.linked.unit == "m" else "pupil-seconds"
        lines.append(
            f"links, {ending}: {self.more('walk'):+,.0f} {unit}, {self.more('above_standard'):+,.0f} pupils beyond "
            f"standard classes, {self.more('unserved'):+,.0f} without a school"
        )
        lines.append(f"without them {self.apart:,.0f} pupils part from their class-mates")
        return "\n".join(lines)


def feeder_links(  # noqa: PLR0913  (a question has this many parts, each named)
    plan: Seating,
    reach: Reach,
    *,
    year: str | None = None,
    primary: str = "primary",
    junior: str = "junior",
    limits: Mapping[str, float] | None = None,
    least_share: float = 1.0,
    order: Sequence[str] = ORDER,
    effort: Effort = USUAL,
) -> FeederLinks:
    """The junior school that each primary school feeds as a whole, one aim after the other as small as can be.

    The pupils of the junior stage go with the primary zone in which they live, in a year of the plan (by default its
    last) and with its classes. A primary school may feed a junior school that at least `least_share` of these pupils
    have within the limit of the junior stage; by default all. One without such a school stays without a link, and its
    pupils count as unserved. `reach` and `limits` are those of the plan.

    The programme is that of `plan_seats`: a row is a primary school with all its pupils, who go as a whole, and its
    distance the mean of their own walks. The size of schools is not asked for unless `order` says so, and then of the
    junior pupils alone.
    """
    year = plan.pupils.years[-1] if year is None and plan.pupils.years else year
    if year not in plan.pupils.years:
        raise QuestionError(f"The plan has no year {year}. Its years are {', '.join(plan.pupils.years)}.")
    ids = [stage.id for stage in plan.schools.stages]
    if lost := [each for each in (primary, junior) if each not in ids]:
        raise QuestionError(f"The plan is of {', '.join(ids)}, not of {', '.join(lost)}. Plan both stages.")
    if not 0 < least_share <= 1:
        raise QuestionError(f"{least_share:g} is no share of pupils. Give more than 0, at most 1.")
    t, g = plan.pupils.years.index(year), ids.index(junior)
    stage = plan.schools.stages[g]
    limit = float((limits or {}).get(junior, stage.radius))
    m, zone = len(plan.schools), plan.zones(primary, year)
    count = plan.pupils.count[:, g, t]
    schools = Schools(plan.schools.facilities, (stage,), plan.classes[:, [g], t])
    terms = {"limits": {junior: limit}, "order": order, "effort": effort}
    zoned = Pupils(plan.pupils.places, (stage,), (year,), np.where(zone >= 0, count, 0.0)[:, None, None])
    free = plan_seats(zoned, schools, reach, **terms)  # type: ignore[arg-type]

    total = people_at(zone[zone >= 0], count[zone >= 0], m)
    feeds = np.flatnonzero(total > 0)
    near = reach.within(limit)
    inside = zone[near.place] >= 0
    place, school, distance = near.place[inside], near.facility[inside].astype(np.int64), near.distance[inside]
    pairs, which = np.unique(zone[place] * m + school, return_inverse=True)
    within = np.bincount(which, weights=count[place], minlength=len(pairs))
    metres = np.bincount(which, weights=count[place] * distance, minlength=len(pairs))
    of, to = np.divmod(pairs, m)
    may = (total[of] > 0) & (within >= least_share * total[of] * (1 - ROUNDING))
    whole = Reach.of_pairs(
        np.searchsorted(feeds, of[may]),
        to[may],
        np.minimum(metres[may] / total[of[may]], limit),
        limit=limit,
        metric=reach.metric,
        demand_ids=schools.ids[feeds],
        facility_ids=schools.ids,
        unit=reach.unit,
    )
    classes = Pupils(schools.ids[feeds], (stage,), (year,), total[feeds][:, None, None])
    linked = plan_seats(classes, schools, whole, whole_places=True, **terms)  # type: ignore[arg-type]

    link = linked.zones(junior, year)
    by_school = np.append(np.full(m, -1, np.int64), -1)
    by_school[feeds] = link
    reached = dict(zip(pairs.tolist(), within.tolist(), strict=True))
    near_enough = np.array([reached.get(p * m + j, 0.0) for p, j in zip(feeds.tolist(), link.tolist(), strict=True)])
    return FeederLinks(
        primary=schools.ids[feeds],
        junior=np.append(schools.ids, "")[link],
        pupils=total[feeds],
        too_far=np.where(link >= 0, total[feeds] - near_enough, 0.0),
        zones=by_school[zone],
        unzoned=float(count[zone < 0].sum()),
        linked=linked,
        free=free,
        apart=_apart(free, zone, m),
    )


def _apart(free: Seating, zone: Integers, m: int) -> float:
    """Pupils who go to another junior school than most of those of their primary zone who go to one."""
    together, which = np.unique(zone[free.place] * m + free.school, return_inverse=True)
    people = np.bincount(which, weights=free.people, minlength=len(together))
    most = np.zeros(m)
    np.maximum.at(most, together // m, people)
    return float(people.sum() - most.sum())
