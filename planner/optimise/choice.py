"""What every programme shares: which sites a plan may open, and how far a search has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers

EXACT = 1e-9  # share by which sums in another order may differ


@dataclass(frozen=True)
class Limit:
    """least ≤ Σ_j amount_j y_j ≤ most over some of the sites: a count, a budget, a quota, two that exclude."""

    name: str
    site: Integers  # (k,)  ascending
    amount: Floats  # (k,)
    least: float = -np.inf
    most: float = np.inf

    def spent(self, plan: Flags) -> float:
        """What a plan (m,) uses of it."""
        return float(self.amount[plan[self.site]].sum())

    def allows(self, plan: Flags) -> bool:
        """Whether a plan (m,) keeps to it; sums of fractions may differ by rounding."""
        slack = EXACT * max(1.0, float(np.abs(self.amount).sum()))
        return self.least - slack <= self.spent(plan) <= self.most + slack


@dataclass(frozen=True)
class Choice:
    """m sites, of which some are always open, some never, and the rest may be within the limits."""

    keep: Flags  # (m,)
    shut: Flags  # (m,)
    limits: tuple[Limit, ...] = ()

    @classmethod
    def of(cls, m: int, keep: Sequence[int] = (), shut: Sequence[int] = (), limits: Sequence[Limit] = ()) -> "Choice":
        """From positions instead of flags."""
        at = np.arange(m)
        return cls(np.isin(at, list(keep)), np.isin(at, list(shut)), tuple(limits))

    @property
    def m(self) -> int:
        """How many sites there are."""
        return len(self.keep)

    @property
    def free(self) -> Flags:
        """(m,) the sites about which there is something to decide."""
        return ~(self.keep | self.shut)

    def allows(self, plan: Flags) -> bool:
        """Whether a plan (m,) may be built."""
        if not plan[self.keep].all() or plan[self.shut].any():
            return False
        amount, least, most = self.matrix
        spent = amount @ plan.astype(np.float64)
        slack = EXACT * np.maximum(1.0, abs(amount).sum(axis=1))
        return bool(((least - slack <= spent) & (spent <= most + slack)).all())

    def exchanges(self, plan: Flags, opened: Integers) -> Flags:
        """(m, open) whether a plan (m,) keeps every limit once a site takes the place of an open one."""
        from planner.optimise._kernels import kept_limits  # noqa: PLC0415  (Numba takes a while to load)

        amount, least, most = self.matrix
        slack = EXACT * np.maximum(1.0, abs(amount).sum(axis=1))
        spent, by_site = amount @ plan.astype(np.float64), amount.tocsc()
        kept: Flags = kept_limits(
            by_site.indptr, by_site.indices, by_site.data, least - slack, most + slack, spent, opened
        )
        return kept

    def with_limits(self, *limits: Limit) -> "Choice":
        """The same sites under more limits."""
        return replace(self, limits=(*self.limits, *limits))

    def settled(self, always: Flags, never: Flags) -> "Choice":
        """The same limits with more sites settled (m,)."""
        return replace(self, keep=self.keep | always, shut=self.shut | never)

    def copied(self, copies: int, shut: Flags) -> "Choice":
        """Every site in several copies, its years or levels, of which `shut` (copies, m) never open.

        Copy c of site j is at c · m + j.
        A kept site opens in one of its copies, and so at most does one that a limit asks for, which else would count
        twice. Nothing else keeps a site from opening twice: it must not be worth more than once.
        """
        of = np.arange(copies * self.m).reshape(copies, self.m)
        kept = np.flatnonzero(self.keep)
        asked = {j for limit in self.limits if limit.least > 0 for j in limit.site.tolist()} - {*kept.tolist()}
        limits = [replace(x, site=of[:, x.site].ravel(), amount=np.tile(x.amount, copies)) for x in self.limits]
        limits += [Limit(f"once_{j}", of[:, j], np.ones(copies), most=1.0) for j in sorted(asked)]
        limits += [Limit(f"keep_{j}", of[:, j], np.ones(copies), least=1.0, most=1.0) for j in kept]
        return Choice(np.zeros(of.size, bool), (shut | self.shut).ravel(), tuple(limits))

    @cached_property
    def matrix(self) -> tuple[csr_array, Floats, Floats]:
        """The limits as rows (k, m), with the least and the most of each (k,)."""
        row = np.repeat(np.arange(len(self.limits)), [len(limit.site) for limit in self.limits])
        site = np.concatenate([np.empty(0, np.int64), *(limit.site for limit in self.limits)])
        amount = np.concatenate([np.empty(0), *(limit.amount for limit in self.limits)])
        rows = csr_array((amount, (row, site)), shape=(len(self.limits), self.m))
        least, most = (np.array([getattr(x, end) for x in self.limits], float) for end in ("least", "most"))
        return rows, least, most


def at_most(count: float, m: int, name: str = "new_sites") -> Limit:
    """No more than so many of m sites."""
    return Limit(name, np.arange(m), np.ones(m), most=count)


def count_of(choice: Choice) -> tuple[int, tuple[Limit, ...]]:
    """The strictest number of sites that any limit allows, and the other limits."""
    count, others = choice.m, []
    for limit in choice.limits:
        if len(limit.site) == choice.m and (limit.amount == 1).all() and limit.least <= 0 and np.isfinite(limit.most):
            count = min(count, int(np.floor(limit.most)))
        else:
            others.append(limit)
    return count, tuple(others)


@dataclass
class Incumbent:
    """The best plan met so far and what no plan can beat; always to be made larger. One a search.

    A search offers plans and bounds as it finds them, so that it can be left at any moment: at its time
    limit, at its gap, or by the user's interrupt.
    """

    time_limit_s: float = 60.0
    gap: float = 0.0  # share of the bound at which a search may end
    whole: bool = False  # values are whole numbers, so bounds are rounded down
    tell: Callable[[float, float], None] | None = None  # hears (value, bound) whenever one of them improves
    plan: Flags | None = None  # (m,)
    value: float = -np.inf
    bound: float = np.inf
    solvers: list[str] = field(default_factory=list)  # names and versions of those who helped
    began: float = field(default_factory=perf_counter)

    def offer(self, plan: Flags, value: float) -> bool:
        """Take a plan that is allowed and worth more than the best; whether it was."""
        if value <= self.value:
            return False
        self.plan, self.value = plan.copy(), value
        self._told()
        return True

    def limit(self, bound: float) -> None:
        """Hear that no plan is worth more than this. Bounds below the best plan are rounding."""
        if self.whole and np.isfinite(bound):
            bound = float(np.floor(bound + 1e-6 * max(1.0, abs(bound) * 1e-3)))
        if bound < self.bound:
            self.bound = max(bound, self.value)
            self._told()

    def nothing_better(self) -> bool:
        """Hear that no other plan is better; whether there is a plan at all."""
        self.limit(self.value)
        return self.plan is not None

    def __str__(self) -> str:
        return f"value {self.value:,.1f}, bound {self.bound:,.1f}"

    def _told(self) -> None:
        self.bound = max(self.bound, self.value)
        if self.tell is not None:
            self.tell(self.value, self.bound)

    @property
    def better(self) -> float:
        """What a plan must be worth at least to be better than the best one."""
        return self.value + (1 - 1e-6 if self.whole else EXACT * max(1.0, abs(self.value)))

    @property
    def slack(self) -> float:
        """How far bound and value may lie apart in a search that has ended."""
        return max(EXACT, self.gap) * max(1.0, abs(self.bound)) if np.isfinite(self.bound) else 0.0

    @property
    def closed(self) -> bool:
        """Whether the gap asked for is reached."""
        return self.bound - self.value <= self.slack

    @property
    def left_s(self) -> float:
        """Seconds left to search."""
        return self.time_limit_s - (perf_counter() - self.began)

    @property
    def over(self) -> bool:
        """Whether to stop searching: the gap is reached, or the time is."""
        return self.closed or self.left_s <= 0


@dataclass
class Enough(Incumbent):
    """A search for the least, values below 0, that ends once it knows whether some plan needs no more than `most`."""

    most: float = np.inf

    @property
    def found(self) -> bool:
        """Whether a plan was found that does not."""
        return self.plan is not None and -self.value <= self.most

    @property
    def beyond(self) -> bool:
        """Whether it is proven that every plan needs more."""
        return -self.bound > self.most

    @property
    def closed(self) -> bool:
        """Whether either is known."""
        return self.found or self.beyond or super().closed
