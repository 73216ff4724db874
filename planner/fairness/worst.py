"""The plan that lifts the worst unit as far as can be, and what that costs everybody together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from planner.demand import Demand
from planner.fairness.units import UnitShares, asked_of_units
from planner.means import answer_most_people
from planner.optimise.choice import EXACT
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard


@dataclass(frozen=True)
class Fairest:
    """The plan under which the worst unit is served best, beside the one that serves most people."""

    plan: Plan  # of those that lift the worst unit so far, the one that serves most people
    most: Plan  # the one that serves most people, whomever it leaves
    worst_share: float  # t with `plan`: the share of the worst unit of which more people could be served
    worst_share_of_most: float  # with `most`
    worst_bound: float  # no plan of the same rules has a larger t
    worst: tuple[str, ...]  # the units that are no better off than t
    beyond: tuple[str, ...]  # of them those in which no plan could serve so many

    @property
    def price(self) -> float:
        """People that the plan serves fewer than the one that serves most."""
        return self.plan.worse_than(self.most)

    def __str__(self) -> str:
        proven = "proven best" if self.worst_bound - self.worst_share <= EXACT else f"at most {self.worst_bound:.1%}"
        return (
            f"worst unit {self.worst_share:.1%} instead of {self.worst_share_of_most:.1%} ({proven}), "
            f"for {self.price:,.0f} people fewer in all"
        )


def lift_worst(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Fairest:
    """The new sites that lift the unit in which the smallest share of the people is served as far as can be.

    The largest t is sought at which every unit has at least the share t, or the most that any plan could bring it;
    then, of all plans that do so, the one that serves the most people. Units where nobody lives do not matter. A
    share is a whole number of people, so the search ends when none is left between what is reached and what is proven
    impossible, or when `effort`, whose time limit all steps share, has left several steps undecided.

    Ogryczak (1997), On the lexicographic minimax approach to location problems.
    """
    asked = asked_of_units(demand, to_candidates, standard, standing, weights, new_sites, rules, effort)
    most = answer_most_people(asked, standard)
    units = UnitShares(asked, standard)
    before = units.worst(most.sites)
    best, low, high = most, *units.narrowed(before, units.ceiling, units.lift_all)
    proven = not units.between(low, high)
    if low > before:
        lifted = replace(asked, rules=replace(rules, floors=tuple(units.floors(low))))
        best = answer_most_people(lifted, standard, units.known)
    worst, share = units.worst(best.sites), units.shares(best.sites)
    return Fairest(
        plan=best,
        most=most,
        worst_share=worst,
        worst_share_of_most=before,
        worst_bound=worst if proven else high,
        worst=tuple(units.names[share <= worst * (1 + EXACT)].tolist()),
        beyond=tuple(units.names[units.highest < worst * (1 - EXACT)].tolist()),
    )
