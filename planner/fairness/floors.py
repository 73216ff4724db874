"""The plan that serves the most people and leaves no unit below a share."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.fairness.units import Levels, UnitShares, asked_of_units
from planner.means import answer_most_people
from planner.optimise.choice import EXACT
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard


def leave_no_unit_below(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    share: float,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that serve the most people of all that serve at least this share of each unit's.

    Units where nobody lives do not matter. A share that no plan brings everywhere is refused, naming the units that
    cannot have it whatever is built or, where each could, the largest share that all can have together.
    """
    asked = asked_of_units(demand, to_candidates, standard, standing, weights, new_sites, rules, effort)
    if not 0 <= share <= 1:
        raise QuestionError(f"{share:g} is no share of a unit's people. Give one between 0 and 1.")
    units = UnitShares(asked, standard)
    if (beyond := np.flatnonzero(units.highest < share * (1 - EXACT))).size:
        told = [f"{units.names[u]} {units.highest[u]:.1%}" for u in beyond[np.argsort(units.highest[beyond])]]
        raise QuestionError(
            f"{len(beyond)} of {len(units)} units cannot have {share:.1%} of their people served even if every "
            f"candidate opened ({first(told)}). Ask for {units.highest[beyond].min():.1%} or less, "
            "or bring candidates there."
        )
    floored = replace(asked, rules=replace(rules, floors=tuple(units.floors(share))))
    try:
        return answer_most_people(floored, standard)
    except QuestionError as fault:
        units = UnitShares(asked, standard)  # with the time limit of its own
        nothing = units.shares(np.flatnonzero(asked.choice.keep))

        def ask(least: float) -> tuple[bool, float | None]:
            decided, sites = units.find(Levels(units, np.full(len(units), least)))
            return decided, None if sites is None else float(units.shares(sites).min())

        low, high = units.narrowed(float(nothing.min(initial=1.0)), float(units.highest.min(initial=1.0)), ask)
        best = f"{low:.1%}" if not units.between(low, high) else f"between {low:.1%} and {high:.1%}"
        raise QuestionError(
            f"{fault}\nThe largest share that all {len(units)} units can have together is {best}, not {share:.1%}. "
            "Ask for less, or allow more sites."
        ) from fault
