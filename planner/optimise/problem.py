"""One shape for every question about what places gain: what to make large, and what must hold."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from planner.network import Flags, Floats
from planner.optimise.choice import EXACT, Choice
from planner.optimise.gains import Gains

LOW = 1e-3  # floors below which a solver's tolerance might pass nothing for something


@dataclass(frozen=True)
class Problem:
    """Choose sites y so as to gain the most.

        max  Σ_i ω_i g_i(y) − Σ_j c_j y_j          g_i(y) = what row i gains from its best open site
        s.t. Σ_{i: part of i in f} g_i(y) ≥ floor_f    for every floor f
             y within the choice

    with ω = 1 for the parts that count and ω = 0 for those of which only a floor speaks. Covering the most people
    is ω = 1, c = 0; the cheapest plan for a share of the people is ω = 0, c the costs, one floor.
    """

    gains: Gains
    choice: Choice
    cost: Floats  # (m,)  c ≥ 0
    counted: Floats  # (parts,)  ω, 0 or 1
    floor: Floats = field(default_factory=lambda: np.empty(0))  # (f,)
    speaks: Floats = field(default_factory=lambda: np.empty((0, 1)))  # (f, parts)  1 where a floor speaks of a part

    @classmethod
    def most(cls, gains: Gains, choice: Choice) -> "Problem":
        """To gain the most, with nothing else asked."""
        return cls(gains, choice, np.zeros(choice.m), np.ones(gains.parts), speaks=np.empty((0, gains.parts)))

    @property
    def m(self) -> int:
        """How many sites there are."""
        return self.choice.m

    @cached_property
    def counting(self) -> Gains:
        """The gains of the parts that count."""
        if self.counted.all():
            return self.gains
        return self.gains.counted(self.counted)

    @cached_property
    def spoken_of(self) -> tuple[Gains, ...]:
        """The gains of the parts that each floor speaks of."""
        return tuple(self.gains.counted(speaks) for speaks in self.speaks)

    def value(self, plan: Flags) -> float:
        """What a plan (m,) is worth."""
        return self.counting.total(plan) - float(self.cost[plan].sum())

    def allows(self, plan: Flags) -> bool:
        """Whether a plan (m,) keeps every limit and floor; sums of fractions may differ by rounding."""
        return self.choice.allows(plan) and bool((self.missing(plan) <= 0).all())

    @cached_property
    def firm_floor(self) -> Floats:
        """(f,) the floors for a solver, whose tolerance may be wider than a very low one.

        What a plan gains is a sum of gains of rows, so if it gains anything it gains the least of them: low floors
        are raised to that, or to one where there is nothing to gain at all.
        """
        firm, gains = self.floor.copy(), self.gains
        for k in np.flatnonzero((firm > EXACT) & (firm < LOW)):
            some = gains.gain[self.speaks[k, gains.part[gains.row]] > 0]
            firm[k] = max(firm[k], float(some.min()) if len(some) else 1.0)
        return firm

    def missing(self, plan: Flags) -> Floats:
        """(f,) what each floor lacks; 0 or less where a plan (m,) has enough."""
        if not len(self.floor):
            return self.floor
        reached = self.speaks @ self.gains.total_by_part(plan, self.speaks.shape[1])
        return self.floor - reached - EXACT * np.maximum(1.0, np.abs(self.floor))

    def settled(
        self, always: Flags, never: Flags, row: Floats | None = None, scale: Floats | None = None
    ) -> tuple["Problem", float, Floats]:
        """The problem with more sites settled (m,), what its values fall short by, and prices of its rows.

        From prices `row` (n,) at a `scale` (parts,) of the gains a row keeps what its price exceeds the gain that
        it has anyway; merged rows add up their prices: no site's value changes.
        """
        choice = self.choice.settled(always, never)
        gains, base, row_of = self.gains.beyond(choice.keep, choice.shut)
        by_part = np.bincount(self.gains.part, weights=base, minlength=len(self.counted))
        left = np.zeros(len(gains.weight))
        if row is not None:
            times = self.counted if scale is None else scale
            beyond = np.maximum(row - times[self.gains.part] * base, 0)
            left += np.bincount(row_of[row_of >= 0], weights=beyond[row_of >= 0], minlength=len(left))
        floor = self.floor - self.speaks @ by_part
        return replace(self, choice=choice, gains=gains, floor=floor), float(self.counted @ by_part), left
