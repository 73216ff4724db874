"""Plan: where to build, how good that provably is, and what else would do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Limit
from planner.rules import Size
from planner.standards import Standard

LAND = "m² of residential land"  # the unit of plans that serve land
PROVEN = 1e-6  # of the objective: as near as bound and objective must be, both in floating point


def known_sum(amounts: Sequence[float | None]) -> float | None:
    """Amounts of money, or of anything, together; None where one of them is not known, 0 of none."""
    known = [amount for amount in amounts if amount is not None]
    return float(sum(known)) if len(known) == len(amounts) else None


@dataclass(frozen=True)
class Replacement:
    """The site that would best take the place of another, and what that would cost the objective."""

    site: str
    by: str | None  # None where no other candidate helps or may
    worse: float  # in the unit of the objective; below 0 only after a search that was stopped, or units before people
    plan: "Plan | None" = field(default=None, repr=False, compare=False)  # with the replacement; None where none may


@dataclass(frozen=True)
class Plan:
    """Where to build, and how good that provably is. Every figure is recomputed from `sites`."""

    question: str  # the function that was asked
    standard: Standard | None
    unit: str  # of objective and bound: "people", LAND, "sites", "cost", "person-metres", "metres"
    larger_is_better: bool
    opened: tuple[str, ...]  # (p,)  ids of the chosen candidates, the largest `served` first
    sites: Integers  # (p,)  their positions among the candidates
    served: Floats  # (p,)  people who gain and whose nearest chosen site this is
    only: Floats  # (p,)  what the objective, or the cover, would lose if this site alone fell out
    gained: Flags  # (n,)  places that are better off with the plan
    objective: float
    bound: float  # no plan is better than this
    ending: str  # "proven" or "stopped"
    solver: str  # name and version
    seconds: float  # for the log; in no output
    beyond: Flags = field(default_factory=lambda: np.empty(0, bool))  # (n,)  places that no candidate reaches
    candidates: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_), repr=False)  # (m,)
    again: Callable[[tuple[Limit, ...]], "Plan"] | None = field(default=None, repr=False, compare=False)

    @property
    def gap(self) -> float:
        """How far a better plan could be from this one at most, as a share of the bound; 0 where it is proven best."""
        away = (self.bound - self.objective) * (1 if self.larger_is_better else -1)
        return 0.0 if away <= 0 else away / max(abs(self.bound), abs(self.objective) if self.bound == 0 else 0.0)

    def worse_than(self, other: "Plan") -> float:
        """By how much this plan's objective is worse than another's; below 0 where it is better."""
        return (other.objective - self.objective) * (1 if self.larger_is_better else -1)

    def __str__(self) -> str:
        away = abs(self.bound - self.objective)
        better = {
            "people": "more",
            LAND: "more",
            "sites": "fewer",
            "cost": "cheaper",
            "person-metres": "shorter",
            "metres": "shorter",
        }
        further = "further apart" if self.larger_is_better and self.unit == "metres" else better[self.unit]
        what = {"people": "", LAND: " m²", "sites": "", "cost": "", "person-metres": " person-metres", "metres": " m"}[
            self.unit
        ]
        best = "proven best" if self.ending == "proven" else f"at most {away:,.0f}{what} {further} possible"
        reached = {
            "people": f"{self.objective:+,.0f} people",
            LAND: f"{self.objective:+,.0f} m² of residential land",
            "sites": f"{self.served.sum():,.0f} people gain",
            "cost": f"{self.objective:,.0f} in cost",
            "person-metres": f"{self.objective:,.0f} person-metres to walk",
            "metres": f"{self.objective:,.0f} m",
        }[self.unit]
        return f"{len(self.opened)} sites, {reached}, {best} (gap {self.gap:.2%})"


@dataclass(frozen=True)
class AssignedPlan(Plan):
    """A plan that also says who goes where. `served` and `only` are the people assigned to each chosen site."""

    sizes: tuple[Size, ...] = ()  # one for each chosen site, in the order given
    place: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (assignments,)
    facility: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (assignments,)  into facility_ids
    people: Floats = field(default_factory=lambda: np.empty(0))  # (assignments,)
    facility_ids: NDArray[np.str_] = field(
        default_factory=lambda: np.empty(0, np.str_)
    )  # candidates, then standing ones
    unserved: Floats = field(default_factory=lambda: np.empty(0))  # (n,)  people without a seat
