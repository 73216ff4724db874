"""The plans that different ideas of fairness ask for side by side, and the price of each in people served."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.fairness.floors import leave_no_unit_below
from planner.fairness.turns import lift_in_turn
from planner.fairness.units import UnitShares
from planner.fairness.walks import (
    dislike_of_long_walks,
    even_walks,
    shorten_worst_walks,
    walk_as_if_even,
    walks_today,
)
from planner.fairness.worst import lift_worst
from planner.optimise.choice import EXACT
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.siting import cover_most_people
from planner.standards import Standard

WAYS = ("most", "worst", "in_turn", "no_unit_below", "kolm_pollak", "cvar")  # in this order


@dataclass(frozen=True)
class Spread:
    """How a plan treats people. Walks beyond the reach they are measured in count as its limit."""

    served: float  # people within the limit of the standard, standing facilities counted
    worst_unit: str  # of which the smallest share is served, the first of equals; "" without units
    worst_share: float  # of its people; of all people without units
    mean_walk: float
    worst_walk: float  # the mean of the farthest share of the people
    even_walk: float  # the Kolm–Pollak equally-distributed equivalent


@dataclass(frozen=True)
class UnderWay:
    """The plan of one way."""

    way: str  # of WAYS
    plan: Plan  # its objective is what the way makes large or small
    spread: Spread
    price: float  # people fewer than the plan that serves most
    proven: str  # what is proven of it, in words


@dataclass(frozen=True)
class Fairness:
    """Plans by different ideas of fairness, each by every measure."""

    before: Spread  # with nothing built
    plans: tuple[UnderWay, ...]
    total: float  # people
    kappa: float  # of Kolm and Pollak, one over the unit of walks
    aversion: float
    worst_people: float  # the share of the people of whom the worst walk is the mean
    no_unit_below: float | None
    unit: str  # of walks: "m" or "s"
    limit: float  # a walk beyond counts as this

    def of(self, way: str) -> UnderWay:
        """The plan of one way; refused where it was not asked for."""
        for each in self.plans:
            if each.way == way:
                return each
        raise QuestionError(f"{way} was not compared. There are {', '.join(each.way for each in self.plans)}.")

    def __str__(self) -> str:
        tail = f"worst {self.worst_people:.0%}"
        rows = [f"{'':14}{'served':>10}{'price':>9}{'worst unit':>12}{'mean':>8}{tail:>11}{'even':>8}"]
        listed = [("before", self.before, "", "")]
        listed += [(each.way, each.spread, f"{each.price:,.0f}", each.proven) for each in self.plans]
        for way, spread, price, proven in listed:
            walks = f"{spread.mean_walk:>8,.0f}{spread.worst_walk:>11,.0f}{spread.even_walk:>8,.0f}"
            row = f"{way:14}{spread.served:>10,.0f}{price:>9}{spread.worst_share:>12.1%}{walks}  {proven}"
            rows.append(row.rstrip())
        return "\n".join(rows)


def compare_fairness(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    ways: Sequence[str] = WAYS,
    no_unit_below: float | None = None,
    aversion: float = 1.0,
    worst_people: float = 0.1,
    new_sites: int | None = None,
    standing: Reach | None = None,
    walks: tuple[Reach, Reach | None] | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Fairness:
    """The plan of each way, measured alike, and how many people fewer it serves than the one that serves most.

    most: `cover_most_people`; worst: `lift_worst`; in_turn: `lift_in_turn`; no_unit_below: `leave_no_unit_below` that
    share, passed over where none is given; kolm_pollak: `even_walks`; cvar: `shorten_worst_walks`. `walks` are the
    reaches to candidates and standing facilities in which walks are measured, farther than the standard asks; left
    out, the same. Every way but most, kolm_pollak and cvar needs units.
    """
    if unknown := sorted(set(ways) - set(WAYS)):
        raise QuestionError(f"{len(unknown)} ways are unknown ({first(unknown)}). Choose among {', '.join(WAYS)}.")
    asked = Asked("cover_most_people", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(standard=standard)
    measure = _Measure(asked, standard, *(walks or (to_candidates, standing)), aversion, worst_people)
    common: dict[str, Any] = {"new_sites": new_sites, "weights": weights, "rules": rules, "effort": effort}
    near = common | {"standing": standing}
    walking = common | {"standing": measure.standing}
    covering = (demand, to_candidates, standard)

    def plain(plan: Plan) -> tuple[Plan, str]:
        return plan, "proven" if plan.ending == "proven" else f"gap {plan.gap:.2%}"

    def worst() -> tuple[Plan, str]:
        found = lift_worst(*covering, **near)
        sure = found.worst_bound - found.worst_share <= EXACT
        return found.plan, "proven" if sure else f"worst unit at most {found.worst_bound:.1%}"

    def in_turn() -> tuple[Plan, str]:
        found = lift_in_turn(*covering, **near)
        count = len(found.names)
        return found.plan, "proven" if found.proven == count else f"{found.proven} of {count} units proven"

    asks: dict[str, Callable[[], tuple[Plan, str]]] = {
        "most": lambda: plain(cover_most_people(*covering, **near)),
        "worst": worst,
        "in_turn": in_turn,
        "no_unit_below": lambda: plain(leave_no_unit_below(*covering, no_unit_below or 0.0, **near)),
        "kolm_pollak": lambda: plain(even_walks(demand, measure.reach, aversion=aversion, **walking)),
        "cvar": lambda: plain(shorten_worst_walks(demand, measure.reach, worst=worst_people, **walking)),
    }
    chosen = [way for way in WAYS if way in {*ways, "most"} and (way != "no_unit_below" or no_unit_below is not None)]
    found = {way: asks[way]() for way in chosen}
    spreads = {way: measure(plan) for way, (plan, _) in found.items()}
    most = spreads["most"].served
    return Fairness(
        measure(None),
        tuple(
            UnderWay(way, *found[way][:1], spreads[way], most - spreads[way].served, found[way][1]) for way in chosen
        ),
        total=float(asked.people.sum()),
        kappa=measure.kappa,
        aversion=aversion,
        worst_people=worst_people,
        no_unit_below=no_unit_below,
        unit=measure.reach.unit,
        limit=measure.reach.limit,
    )


class _Measure:
    """How plans are measured: all alike."""

    def __init__(
        self, asked: Asked, standard: Standard, reach: Reach, standing: Reach | None, aversion: float, worst: float
    ) -> None:
        self.asked, self.reach, self.standing, self.worst = asked, reach, standing, worst
        self.today = walks_today(asked.demand, reach, standing)
        self.kappa = dislike_of_long_walks(self.today, asked.people, aversion)
        self.near, self.lacking = asked.to_candidates.within(standard.walk_limit), asked.lacking(standard.walk_limit)
        self.units = None if asked.demand.units is None else UnitShares(asked, standard)

    def __call__(self, plan: Plan | None) -> Spread:
        """A plan, or nothing built."""
        from planner.optimise.tail import tail_mean  # noqa: PLC0415  (PuLP takes half a second to load)

        sites = np.empty(0, np.int64) if plan is None else plan.sites
        opened = np.isin(np.arange(self.asked.m), sites)
        people = self.asked.people
        served = ~self.lacking | (self.near.only(opened).facilities_in_reach > 0)
        walk = np.minimum(self.today, self.reach.only(opened).nearest()[0])
        share = np.array([people[served].sum() / people.sum()])
        names = np.array([""])
        if self.units is not None and len(self.units):
            share, names = self.units.shares(sites), self.units.names
        at = int(np.argmin(share))
        return Spread(
            float(people[served].sum()),
            str(names[at]),
            float(share[at]),
            float(np.average(walk, weights=people)),
            tail_mean(walk, people, self.worst),
            walk_as_if_even(walk, people, self.kappa),
        )
