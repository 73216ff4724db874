"""Years, a plan that says when, and the plans that look less far beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from planner.network import Floats, Integers
from planner.plan import Plan


@dataclass(frozen=True)
class Year:
    """What may open in a year, and how long what is open then serves before the next one."""

    name: str
    new_sites: int | None = None  # at most
    budget: float | None = None  # Σ cost of the sites opened in it at most
    length: float = 1.0  # years of service; of the last one, up to the horizon of the plan


@dataclass(frozen=True)
class PhasedPlan(Plan):
    """A plan that also says when. Its objective is person-years or person-metres, each year by its length.

    `opened`, `sites`, `served` and `only` stand in the order of the years. A person belongs to the site that served
    it, or shortened its walk, when first a new one did more than what still stood; `only` is in the unit of the
    objective; `gained` are the places that are better off than today in the last year.
    """

    years: tuple[Year, ...] = ()  # (t,)
    year: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (p,)  in which each site opens
    newly_served: Floats = field(default_factory=lambda: np.empty(0))  # (t,)  people better off than today, less worse
    closed: tuple[tuple[str, str], ...] = ()  # standing sites that serve no more, and from which year on
    in_the_end: Plan | None = None  # the same sites in their order, as a plan in people for the last year
    others: Callable[[], "Phasings"] | None = field(default=None, repr=False, compare=False)

    def in_year(self, name: str) -> tuple[str, ...]:
        """The sites that open in a year."""
        when = [self.years[year].name for year in self.year.tolist()]
        return tuple(site for site, year in zip(self.opened, when, strict=True) if year == name)

    def open_in(self, name: str) -> tuple[str, ...]:
        """The new sites that are open in a year: those of the years before and its own."""
        last = [year.name for year in self.years].index(name)
        return tuple(site for year in self.years[: last + 1] for site in self.in_year(year.name))

    def __str__(self) -> str:
        opened = ", ".join(f"{len(self.in_year(year.name))} in {year.name}" for year in self.years)
        away, better = abs(self.bound - self.objective), "more" if self.larger_is_better else "fewer"
        best = "proven best" if self.ending == "proven" else f"at most {away:,.0f} {self.unit} {better} possible"
        reached = f"{self.objective:{'+' if self.larger_is_better else ''},.0f} {self.unit}"
        return f"{opened}: {reached}, {best} (gap {self.gap:.2%})"


@dataclass(frozen=True)
class Phasings:
    """Ways through the same years under the same rules, all held against the bound of the phased one."""

    phased: PhasedPlan  # all years at once
    myopic: PhasedPlan | None  # each year the best of that year; None where that ends against a rule
    static: PhasedPlan  # the sites that are best in the last year, in their best order
    ordered: PhasedPlan | None = None  # the sites of a given plan in their best order

    def regret(self, plan: PhasedPlan) -> float:
        """By how much a plan is worse than the phased one, in the unit of the objective."""
        return plan.worse_than(self.phased) + 0.0  # never −0
