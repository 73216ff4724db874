"""What places gain from sites: the rows that covering, gradual covering and walking all share."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.reduce import identical_rows, some_rows


@dataclass(frozen=True)
class Gains:
    """n rows of places, each of which gains what the best of its open sites brings it.

    Row i gains weight_i · max worth_ij over its open sites j, and nothing where none is open. Covering: worth
    1 wherever a site reaches. Walking: worth = the metres that a site saves. Within a row the largest worth
    comes first, of equals the earlier site.
    """

    weight: Floats  # (n,)  > 0
    indptr: Integers  # (n+1,)
    site: Integers  # (entries,)
    worth: Floats  # (entries,)  > 0
    part: Integers  # (n,)  the part of the city that a floor speaks of
    m: int  # sites

    @classmethod
    def of(
        cls,
        weight: Floats,
        indptr: Integers,
        site: Integers,
        m: int,
        worth: Floats | None = None,
        part: Integers | None = None,
    ) -> "Gains":
        """From rows in any order of sites: sorted, and alike ones merged."""
        from planner.optimise._kernels import sort_rows  # noqa: PLC0415

        if worth is None:
            worth = np.ones(len(site))
        else:
            site, worth = site.copy(), worth.astype(np.float64)
            sort_rows(indptr, site, worth)
        part = np.zeros(len(weight), np.int64) if part is None else part
        return cls(weight, indptr, site, worth, part, m).merged()[0]

    @cached_property
    def gain(self) -> Floats:
        """(entries,) weight times worth."""
        return np.repeat(self.weight, np.diff(self.indptr)) * self.worth

    @cached_property
    def row(self) -> Integers:
        """(entries,) the row of each entry."""
        return np.repeat(np.arange(len(self.weight)), np.diff(self.indptr))

    @cached_property
    def by_site(self) -> tuple[Integers, Integers, Floats]:
        """`start` (m+1,), `row` and gain (entries,): the same entries site by site."""
        from planner.optimise._kernels import by_site  # noqa: PLC0415

        return by_site(self.indptr, self.site, self.gain, self.m)  # type: ignore[no-any-return]

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return int(self.part.max(initial=0)) + 1

    def best(self, plan: Flags) -> Floats:
        """(n,) what each row gains from the sites of a plan (m,)."""
        from planner.optimise._kernels import best_gains  # noqa: PLC0415

        return best_gains(self.indptr, self.site, self.gain, plan)  # type: ignore[no-any-return]

    def total(self, plan: Flags) -> float:
        """What all rows gain from a plan (m,)."""
        return float(self.best(plan).sum())

    def total_by_part(self, plan: Flags, parts: int) -> Floats:
        """(parts,) what the rows of each part gain from a plan (m,)."""
        return np.bincount(self.part, weights=self.best(plan), minlength=parts).astype(np.float64)

    def counted(self, scale: Floats) -> "Gains":
        """The gains of each part counted `scale` (parts,) times, in rows that gain anything."""
        return replace(self, weight=self.weight * scale[self.part]).merged()[0]

    def merged(self) -> tuple["Gains", Integers]:
        """The same gains in fewer rows, and which row each one became (n,), -1 where it gains nothing.

        Rows of one part with the same sites at the same worth gain in proportion to their weights in every
        plan, so one row with the sum of their weights gains the same; rows without a site or a weight gain
        nothing in any plan.
        """
        marks = (
            None
            if (self.worth == 1).all() and not self.part.any()
            else self.worth + np.repeat(self.part * (float(self.worth.max(initial=0.0)) + 1.0), np.diff(self.indptr))
        )
        like = identical_rows(self.indptr, self.site, self.m, marks=marks)
        like = np.where(self.part == self.part[like], like, np.arange(len(like)))
        weight = np.bincount(like, weights=self.weight, minlength=len(like)).astype(np.float64)
        kept = (like == np.arange(len(like))) & (np.diff(self.indptr) > 0) & (weight > 0)
        row_of = np.where(kept, np.cumsum(kept) - 1, -1)[like]
        return self._rows(np.repeat(kept, np.diff(self.indptr)), kept, weight, self.worth), row_of

    def beyond(self, keep: Flags, shut: Flags) -> tuple["Gains", Floats, Integers]:
        """What is left to gain when some sites (m,) are open anyway and others never.

        The rest; the base (n,), what each row gains anyway; and which row of the rest each became (n,), or -1.

        A row gains at least what its kept sites bring; a site adds only what it brings beyond that. So
        total(plan) = base + rest.total(plan) for every plan with all the kept and none of the shut.
        """
        base = self.best(keep)
        floor = np.repeat(base / self.weight, np.diff(self.indptr)) if len(self.weight) else base
        entries = (self.worth > floor * (1 + 1e-15)) & ~(keep | shut)[self.site]
        everybody = np.ones(len(self.weight), bool)
        rest, row_of = self._rows(entries, everybody, self.weight, self.worth - floor).merged()
        return rest, base, row_of

    def among(self, rows: Integers, sites: Integers, scale: Floats) -> "Gains":
        """Some rows and some sites, renumbered, as one part: what the parts gain counts `scale` (parts,) times."""
        at = np.full(self.m, -1)
        at[sites] = np.arange(len(sites))
        chosen = np.zeros(len(self.weight), bool)
        chosen[rows] = True
        entries = np.repeat(chosen, np.diff(self.indptr)) & (at[self.site] >= 0)
        few = self._rows(entries, chosen, self.weight * scale[self.part], self.worth)
        return Gains(few.weight, few.indptr, at[few.site], few.worth, np.zeros(len(rows), np.int64), len(sites))

    def _rows(self, entries: Flags, rows: Flags, weight: Floats, worth: Floats) -> "Gains":
        """Some entries and some rows."""
        indptr, site = some_rows(self.indptr, self.site, entries, rows)
        return Gains(weight[rows], indptr, site, worth[entries], self.part[rows], self.m)
