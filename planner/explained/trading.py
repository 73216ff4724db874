"""What one candidate brings to a plan, what goes with it, and for what it could be exchanged, all else kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner import city as cities
from planner.explained.answered import Answered
from planner.land_cover import measure_land_coverage
from planner.network import Flags, Floats, Integers
from planner.official import bands_of
from planner.plan import PROVEN
from planner.reach import Reach
from planner.reach.graph import Positions
from planner.recalled import Recalled
from planner.scenario.siting import SiteServices


@dataclass(frozen=True)
class Trade:
    """One candidate of a plan, in its unit: people by their weights, or m² of land. Worked out without a solver.

    Exchanges are of single sites, for this standard alone: what else a question asks (areas in which a service is
    present, other services, fairness) is not weighed. A replacement is large enough, not forbidden, no site of a plan
    and within the budget.
    """

    alone: float  # what it would gain if nothing else were built
    adds: float  # what the plan would gain with it besides; 0 of a chosen site
    least: tuple[str, float]  # of the chosen sites the one that alone keeps least, and how much
    exchange_for: str  # of a candidate: the chosen site in whose place it does best; "" where none is chosen
    exchange: float  # and what the plan then gains more, or less
    replaced_by: str | None  # of a chosen site: what would best take its place; "" = nothing helps, None = not chosen
    loses: float  # and what is lost then
    serves: Floats = field(repr=False)  # (n,)  of a chosen site: the people whose nearest chosen site it is


def trade_of(answered: Answered, plan: Recalled, id: str) -> Trade:  # noqa: A002  (the field's word)
    """What a candidate of a plan (its id) is worth to it."""
    put = plan.puts[plan.part]
    near = put.to_candidates.within(plan.standard.walk_limit)
    at, serving = plan.at(id), _serving(answered, plan)
    people = np.where(_lacking(answered, plan), put.demand.weighed(put.weights), 0.0)
    built = near.only(serving)
    served, mine = built.facilities_in_reach, near.places_of(at)
    own = np.flatnonzero(serving)
    kept = {
        int(j): float(people[places[served[places] == 1]].sum()) for j in own for places in [near.places_of(int(j))]
    }
    worst = min(kept, key=lambda j: kept[j]) if kept else -1
    ids = plan.candidates.ids
    without = people * (served == 0)
    if serving[at]:
        nearest = np.where(served > 0, built.nearest()[1], -1)
        by, gain = _replacement(answered, plan, at, near, without + people * _only_by(near, at, served))
        swap = "", 0.0
        serves = np.where(nearest == at, people, 0.0)
    else:
        swap = _exchange(mine, near, own, served, people, ids)
        by, gain, serves = None, 0.0, np.zeros(len(people))
    return Trade(
        alone=float(people[mine].sum()),
        adds=float(without[mine].sum()),
        least=("", 0.0) if worst < 0 else (str(ids[worst]), kept[worst]),
        exchange_for=swap[0],
        exchange=swap[1],
        replaced_by=by,
        loses=kept[at] - gain if by is not None else 0.0,
        serves=serves,
    )


def land_trade_of(answered: Answered, plan: Recalled, row: Mapping[str, Any], id: str) -> Trade:  # noqa: A002
    """What a candidate that a plan for the most residential land leaves out (its id) is worth to it."""
    ground, land, chosen = answered.residential, plan.candidates, np.isin(np.arange(len(plan.candidates)), plan.sites)
    assert ground is not None  # noqa: S101  (there would be no plan)
    mine, bands = land.ids == id, bands_of(plan.standard, answered.scenario)
    green = {service: plan.asked.opened[service] for service in cities.GREENERY}

    def served(sites: Flags) -> float:
        opened = {service: there.joined(land.kept(sites)) for service, there in green.items()}
        return measure_land_coverage(ground, opened, bands).served

    now = served(chosen)
    swapped = {j: served((chosen & (np.arange(len(land)) != j)) | mine) - now for j in plan.sites.tolist()}
    kept = {site["id"]: float(site["land_only_m2"]) for site in row["sites"]}
    best = max(swapped, key=lambda j: swapped[j]) if swapped else -1
    return Trade(
        alone=served(mine) - served(np.zeros(len(land), bool)),
        adds=served(chosen | mine) - now,
        least=min(kept.items(), key=lambda pair: pair[1], default=("", 0.0)),
        exchange_for=str(land.ids[best]) if best >= 0 else "",
        exchange=swapped.get(best, 0.0),
        replaced_by=None,
        loses=0.0,
        serves=np.zeros(len(answered.demand.ids)),
    )


def _serving(answered: Answered, plan: Recalled) -> Flags:
    """(m,) the sites of the question that serve as its service."""
    serving = np.zeros(len(plan.candidates), bool)
    for other in _parts(answered, plan):
        if plan.standard.service in cities.family(other.standard.service):
            serving[other.sites] = True
    return serving


def _lacking(answered: Answered, plan: Recalled) -> Flags:
    """(n,) the places that nothing served when the question was asked."""
    limit = plan.standard.walk_limit
    found = np.zeros(len(answered.demand.ids), bool)
    for other in _parts(answered, plan):
        if plan.standard.service in cities.family(other.standard.service):
            found |= plan.puts[other.part].standing.within(limit).facilities_in_reach > 0
    return ~found


def _parts(answered: Answered, plan: Recalled) -> Sequence[Recalled]:
    """The plans of the same question."""
    return [each for each in answered.plans if each.number == plan.number]


def _only_by(near: Reach, at: int, served: Integers) -> Flags:
    """(n,) the places that one site serves and no other of the plan."""
    only = np.zeros(len(served), bool)
    only[near.places_of(at)] = True
    only &= served == 1
    return only


def _exchange(
    mine: Positions, near: Reach, own: Integers, served: Integers, people: Floats, ids: NDArray[np.str_]
) -> tuple[str, float]:
    """The chosen site in whose place a candidate does best, and the people gained more; of equal ones the first."""
    reaches = np.zeros(len(people), bool)
    reaches[mine] = True
    best = "", -np.inf
    for j in own.tolist():
        only = _only_by(near, j, served)
        gains = float(people[reaches & ((served == 0) | only)].sum() - people[only].sum())
        if gains > best[1]:
            best = str(ids[j]), gains
    return best if best[0] else ("", 0.0)


def _replacement(answered: Answered, plan: Recalled, at: int, near: Reach, open_to: Floats) -> tuple[str, float]:
    """The candidate that brings most people of those open to it (n,), and how many; "" where none brings any."""
    gain = np.where(_may_replace(answered, plan, at), near.weighed(open_to), 0.0)
    best = int(np.argmax(gain))
    return (str(plan.candidates.ids[best]), float(gain[best])) if gain[best] > PROVEN else ("", 0.0)


def _may_replace(answered: Answered, plan: Recalled, at: int) -> Flags:
    """(m,) the candidates that may take the place of a site."""
    rules, question = plan.puts[plan.part].rules, plan.question
    may = np.ones(len(plan.candidates), bool) if rules.counts is None else np.asarray(rules.counts, bool).copy()
    may &= ~np.isin(plan.candidates.ids, question.forbid)
    for other in answered.plans:
        may &= ~np.isin(plan.candidates.ids, other.candidates.ids[other.sites])
    budget = getattr(question, "budget", None)
    if budget is not None and rules.cost is not None:
        cost = np.asarray(rules.cost)
        may &= cost <= budget - _spent(answered, plan, cost) + cost[at] + PROVEN
    return may


def _spent(answered: Answered, plan: Recalled, cost: Floats) -> float:
    """What the sites of the question cost."""
    if isinstance(plan.question, SiteServices):
        return next(float(each["cost"]) for each in answered.record["together"] if each["number"] == plan.number)
    return float(cost[plan.sites].sum())
