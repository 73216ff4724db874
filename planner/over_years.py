"""A question of a scenario over its years: the sites of one standard, or the order of those that are chosen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.network import Flags, Floats
from planner.phasing import PhasedPlan, Year, order_sites, phase_sites
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import Quota, Rules
from planner.scenario.years import OverYears

if TYPE_CHECKING:
    from planner.sited import Put


def phased(put: "Put", over: OverYears) -> PhasedPlan:
    """The sites and their years that serve the most person-years."""
    return phase_sites(put.demand, put.to_candidates, put.standard, **_asked(put, over, put.rules))


def ordered(
    put: "Put", over: OverYears, part: Plan, *, taken: Flags, serving: Flags, cost: Floats | None
) -> PhasedPlan:
    """The years of the sites that a plan of several services gives to one of them.

    Parcels that it gives to others (m,) are `taken`, also for sites chosen anew; those `serving` (m,) as this service
    beside them stand from the first year on.
    """
    ids = put.to_candidates.facility_ids
    kept = tuple(site for site in put.rules.must_keep if site in part.opened)
    forbid = tuple(dict.fromkeys([*put.rules.forbid, *ids[taken].tolist()]))
    rules = replace(put.rules, must_keep=kept, forbid=forbid, cost=cost)
    asked = _asked(put, over, rules)
    asked["standing"] = _both(put.standing, put.to_candidates.only(serving).within(put.standard.walk_limit))
    return order_sites(part, put.demand, put.to_candidates, put.standard, **asked)


def reordered(plan: Plan, first: Sequence[str]) -> Plan:
    """The same plan with its sites in another order."""
    order = [plan.opened.index(site) for site in first]
    return replace(plan, opened=tuple(first), sites=plan.sites[order], served=plan.served[order], only=plan.only[order])


def _asked(put: "Put", over: OverYears, rules: Rules) -> dict[str, Any]:
    """What both questions are asked with; years that do not count their sites share the number of the question."""
    years = [Year(each.name, each.new_sites, each.budget, each.length) for each in over.years]
    if put.new_sites is not None and any(year.new_sites is None for year in years):
        ids = put.to_candidates.facility_ids.tolist()
        rules = replace(rules, quotas=(*rules.quotas, Quota("new_sites of all years", ids, at_most=put.new_sites)))
    return {
        "years": years,
        "standing": put.standing,
        "ready": over.ready,
        "after": over.after,
        "carry_over": over.carry_over,
        "closes": over.closes,
        "moves": over.moves,
        "weights": put.weights,
        "rules": rules,
        "effort": put.effort,
    }


def _both(standing: Reach, more: Reach) -> Reach:
    """Two reaches of the same people as one."""
    return Reach.of_pairs(
        np.concatenate([standing.place, more.place]),
        np.concatenate([standing.facility, more.facility + len(standing.facility_ids)]),
        np.concatenate([standing.distance, more.distance]),
        limit=min(standing.limit, more.limit),
        metric=standing.metric,
        demand_ids=standing.demand_ids,
        facility_ids=np.concatenate([standing.facility_ids, np.char.add("planned ", more.facility_ids)]),
        unit=standing.unit,
    )
