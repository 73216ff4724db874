"""Access: how much of a service there is for each person, when those in reach of a facility must share it.

A floating catchment asks twice. First each facility: who could come? Its capacity is shared out among them. Then each
place: what do the facilities in reach have for one of us? Nobody is assigned; where everybody goes at best is the
question of `assign_people`.

    2SFCA    W_ij = 1 within the limit                Radke & Mu (2000); Luo & Wang (2003)
    E2SFCA   W_ij = the decay at the distance         Luo & Qi (2009)
    3SFCA    W_ij = the decay × G_ij                  Wan, Zou & Sternberg (2012)

    step 1   R_j = S_j / Σ_i P_i W_ij                 capacity for each person who could come to facility j
    step 2   A_i = Σ_j R_j W_ij                       capacity for each person at place i

G_ij = decay_ij / Σ_k decay_ik is how likely those at i are to choose j among all they reach: whoever has a choice asks
less of each. Access is conserved, Σ_i P_i A_i = Σ S_j over the facilities that somebody reaches, whichever weights;
so its mean says how much there is, and only its spread (see `equity`) who has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.decay import Decay, StepDecay
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.reach import Reach


@dataclass(frozen=True)
class Access:
    """What of a service there is for each person, by a floating catchment.

    A place that reaches nothing has access 0, and so has one that reaches only facilities of capacity 0.
    """

    method: str  # "2SFCA", "E2SFCA" or "3SFCA"
    access: Floats  # (n,)  capacity for each person of each place; also of places where nobody lives
    ratio: Floats  # (m,)  capacity for each person who could come; 0 where nobody could
    idle: Flags  # (m,)  nobody could come: nobody within the limit, or nobody of the group
    capacity: Floats  # (m,)
    people: Floats  # (n,)  of the group that was asked about

    @property
    def shared(self) -> float:
        """The capacity of the facilities that somebody reaches: what all people's access adds up to."""
        return float(self.capacity[~self.idle].sum())

    @property
    def mean(self) -> float:
        """What there is for each person on average, those who reach nothing included."""
        return self.shared / float(self.people.sum())

    @property
    def without(self) -> float:
        """The people with no access at all."""
        return float(self.people[self.access == 0].sum())

    def __str__(self) -> str:
        return (
            f"{self.method}: {self.shared:,.0f} places for {self.people.sum():,.0f} people, {1000 * self.mean:,.2f} "
            f"for each 1,000; {self.without:,.0f} people have none; {int(self.idle.sum()):,} facilities reach nobody"
        )


def measure_2sfca(
    reach: Reach, demand: Demand, capacity: ArrayLike, *, limit: float | None = None, group: str | None = None
) -> Access:
    """Access by the two-step floating catchment: everybody within the limit counts in full, nobody beyond.

    `capacity` (m,) is what each facility holds (seats, beds, m²), `limit` in the reach's unit (the reach's own where
    none is given), `group` who asks for it (a group of the demand; by default everybody).

    Radke & Mu (2000), Spatial decompositions, modeling and mapping service regions to predict access to social
    programs; Luo & Wang (2003), Measures of spatial accessibility to health care in a GIS environment.
    """
    decay = StepDecay((reach.limit if limit is None else limit,), (1.0,), reach.unit)
    return _catchments("2SFCA", reach, demand, capacity, decay, group)


def measure_e2sfca(
    reach: Reach, demand: Demand, capacity: ArrayLike, *, decay: Decay, group: str | None = None
) -> Access:
    """Access by the enhanced two-step floating catchment: a facility counts less the farther it is.

    `capacity` (m,) and `group` as in `measure_2sfca`; the reach must have been measured up to the decay's limit.

    Luo & Qi (2009), An enhanced two-step floating catchment area (E2SFCA) method for measuring spatial accessibility
    to primary care physicians: bands, `StepDecay`. Dai (2010) and others fade smoothly.
    """
    return _catchments("E2SFCA", reach, demand, capacity, decay, group)


def measure_3sfca(
    reach: Reach, demand: Demand, capacity: ArrayLike, *, decay: Decay, group: str | None = None
) -> Access:
    """Access by the three-step floating catchment: who has a choice asks less of each facility.

    `capacity` (m,), `decay` and `group` as in `measure_e2sfca`. Facilities of capacity 0 are chosen too: take them out
    of the reach with `Reach.only` where nobody would go to them.

    Wan, Zou & Sternberg (2012), A three-step floating catchment area method for analyzing spatial access to health
    services.
    """
    return _catchments("3SFCA", reach, demand, capacity, decay, group)


def _catchments(
    method: str, reach: Reach, demand: Demand, capacity: ArrayLike, decay: Decay, group: str | None
) -> Access:
    """Both steps, or all three, one column of the reach after another."""
    demand.check_places(reach.demand_ids)
    people = demand.of(group)
    holds = np.asarray(capacity, np.float64)
    if faults := [*_faults(reach, people, holds, decay, group)]:
        raise QuestionError("\n".join(faults))
    near = reach.within(decay.limit)
    if not near.columns.pairs:
        raise QuestionError(
            f"None of the {len(holds)} facilities ({first(reach.facility_ids)}) has anybody within {decay.limit:g} "
            f"{reach.unit}. Check that both layers are in the same place, or measure further."
        )
    total = np.zeros(len(people))  # of the decays to all that a place reaches
    if method == "3SFCA":
        for _, place, away in _columns(near):
            total[place] += decay.at(away)
    ratio, access = np.zeros(len(holds)), np.zeros(len(people))
    idle = np.ones(len(holds), bool)
    for j, place, away in _columns(near):
        weight = decay.at(away)
        if method == "3SFCA":
            weight *= np.divide(weight, total[place], out=np.zeros(len(place)), where=weight > 0)
        comers = float(np.sum(weight * people[place]))
        if comers > 0:
            idle[j] = False
            with np.errstate(over="ignore"):
                ratio[j] = holds[j] / comers
            access[place] += ratio[j] * weight if np.isfinite(ratio[j]) else 0.0
    if (burst := ~np.isfinite(ratio)).any():
        raise QuestionError(
            f"The decay leaves next to nobody to {int(burst.sum())} facilities ({first(reach.facility_ids[burst])}): "
            "their capacity for each is beyond all numbers. Give a larger scale or a smaller limit."
        )
    return Access(method, access, ratio, idle, holds, people)


def _columns(reach: Reach) -> Iterator[tuple[int, Integers, Floats]]:
    """Each facility that reaches somebody, its places ascending and how far they are.

    Facilities and places ascend, so that sums come out the same however the reach was cut into chunks.
    """
    columns = reach.columns
    for j in np.flatnonzero(columns.stop > columns.start).tolist():
        place, away = columns.chunks[columns.chunk[j]]
        place, away = (each[columns.start[j] : columns.stop[j]] for each in (place, away))
        order = np.argsort(place, kind="stable")
        yield j, place[order].astype(np.int64), away[order]


def _faults(reach: Reach, people: Floats, capacity: Floats, decay: Decay, group: str | None) -> Iterator[str]:
    """What keeps these capacities from being shared out."""
    m = len(reach.facility_ids)
    if capacity.shape != (m,):
        yield f"`capacity` has the shape {capacity.shape} for {m} facilities. Give one number for each of them."
    else:
        yield from _capacity_faults(reach.facility_ids, capacity)
    if decay.unit != reach.unit:
        yield (
            f"The decay is in {decay.unit!r}, and the reach is measured in {reach.unit!r}. Give the decay the unit of "
            "the reach, or measure again."
        )
    elif decay.limit > reach.limit:
        yield (
            f"The decay ends at {decay.limit:g} {decay.unit}, and this reach was measured up to {reach.limit:g}. "
            f"Measure again up to {decay.limit:g}."
        )
    if not people.sum() > 0:
        yield f"There is nobody in the group {group!r}, so nothing is shared out. Ask for another group."


def _capacity_faults(ids: NDArray[np.str_], capacity: Floats) -> Iterator[str]:
    bad = ~(np.isfinite(capacity) & (capacity >= 0))
    if bad.any():
        yield (
            f"{int(bad.sum())} of {len(ids)} facilities have a negative, missing or infinite capacity "
            f"({first(ids[bad])}; {int(np.isnan(capacity).sum())} missing). Give each 0 or more."
        )
    elif not capacity.any():
        yield (
            f"None of the {len(ids)} facilities has any capacity ({first(ids)}). Give seats, beds or m²; or ask for "
            "distances, which need none."
        )
