"""The plan that a scenario's idea of fairness asks for, beside those of other ideas."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner.answer import ending_of
from planner.fairness import Fairness, compare_fairness
from planner.plan import Plan
from planner.provisions import provision
from planner.reach import measure_reach
from planner.scenario.fairness import AskedFairness
from planner.siting import cover_most_people

if TYPE_CHECKING:
    from planner.sited import Put


def compared(put: "Put", asked: AskedFairness) -> tuple[Plan, Fairness]:
    """The plan to adopt, its figures in people, and all plans side by side.

    Its bound is that of the plan that serves most: no plan serves more people than that.
    """
    limit = max(asked.walks_to_m or provision("beyond.search").number, put.standard.limit_m)
    large = put.today.at_least(put.standard.min_area_m2)
    fairness = compare_fairness(
        *(put.demand, put.to_candidates, put.standard),
        ways=asked.ways,
        no_unit_below=asked.no_unit_below,
        aversion=asked.aversion,
        worst_people=asked.worst_people,
        new_sites=put.new_sites,
        standing=put.standing,
        walks=(
            measure_reach(put.demand, put.candidates, limit_m=limit),
            measure_reach(put.demand, put.today, limit_m=limit).only(large),
        ),
        weights=put.weights,
        rules=put.rules,
        effort=put.effort,
    )
    most, chosen = fairness.of("most").plan, fairness.of(asked.by).plan
    if chosen is most:
        return most, fairness
    others = np.setdiff1d(np.arange(len(most.candidates)), chosen.sites)
    rules = replace(put.rules, must_keep=chosen.opened, forbid=tuple(most.candidates[others].tolist()), floors=())
    plan = cover_most_people(
        *(put.demand, put.to_candidates, put.standard),
        new_sites=put.new_sites,
        standing=put.standing,
        weights=put.weights,
        rules=rules,
        effort=put.effort,
    )
    ending = ending_of(plan.objective, most.bound)
    return replace(
        plan, bound=plan.objective if ending == "proven" else most.bound, ending=ending, again=None
    ), fairness
