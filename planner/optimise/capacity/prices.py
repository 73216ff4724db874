"""Bounds on plans with capacities: prices for serving each person, under which every site decides for itself."""

from dataclasses import dataclass, replace

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import CapacityQuestion
from planner.optimise.capacity.modules import ModuleSets
from planner.optimise.capacity.whole import WholeLoads

RISE, FALL = 1.1, 0.66  # of the step, after a good direction and after PATIENCE rounds without a better bound
ROUNDING = 1e-9
PATIENCE = 8
FIRST_STEP, LARGEST_STEP, SMALLEST_STEP = 1.0, 2.0, 1e-5
JOINT_STEP = 0.3  # when the sites begin to choose together
FIRST_TRUST, SMALLEST_TRUST = 0.3, 1e-5
REVIEW = 100  # rounds after which the trust is halved if the bound rose by less than WORTHWHILE
WORTHWHILE = 1e-4


@dataclass(frozen=True)
class Priced:
    """What each site does by itself when serving a person of demand i pays u_i, and a bar costs λ_b a unit."""

    bound: float  # no plan costs less
    base: float  # of it, what no site decides: Σ_i w_i u_i less the tolls' share
    value: Floats  # (k,)  what opening each module adds to the bound, its best load included
    gained: Floats  # (k,)  of it, what its best load adds, usually below 0
    parted: Floats  # (k,)  the same if demand points may be parted
    last: Floats  # (k,)  reduced cost per person of the last one whom each module takes
    chosen: Flags  # (k,)  what the sites choose
    missed: Floats  # (n,)  share of each demand that is not taken; negative = taken several times
    broken: Floats  # (bars,)  by how much the choices break each bar


@dataclass(frozen=True)
class Settled:
    """What plans cost at least that go without a site, or use a module, or an entry: dearer ones are settled."""

    without_site: Floats  # (m,)
    with_module: Floats  # (k,)
    with_entry: Floats  # (entries,)  as a whole; −inf where demand points may be parted
    wanted: Flags  # (entries,)  where the price is worth the way


class Knapsacks:
    """The sites of a question, each a continuous knapsack: the exact best load of every module at any prices.

    With the rows Σ_j x_ij + s_i = 1 and the bars (limits, budget) priced, the programme falls apart:

        L(u, λ) = Σ_i w_i u_i − Σ_b λ_b B_b + Σ_j min(0, min_{k ∈ K_j} f_k + Σ_b λ_b a_bk + v_k(u))
        v_k(u)  = min Σ_i w_i (d_ij − u_i) x_ij   s.t. l_j ≤ Σ_i w_i x_ij ≤ Q_k,  0 ≤ x_ij ≤ 1

    bounds every plan from below for every u ≤ g and λ ≥ 0, single sites or not; without the 0 for kept sites.
    v_k takes people by their reduced cost d_ij − u_i as long as it is negative and there is room, and further
    to the least load.
    """

    def __init__(self, question: CapacityQuestion) -> None:
        q = self.question = question
        order = q.by_site[0]
        self.row, self.site, self.distance = q.row[order], q.site[order], q.distance[order]
        self.people = q.weight[self.row]
        self.owes = (q.least > 0)[self.site]
        self.bars, self.most = q.bars
        self.best_of = _Smallest(q.module_site)

    def at(
        self, price: Floats, toll: Floats, sets: ModuleSets | None = None, whole: WholeLoads | None = None
    ) -> Priced:
        """The bound and the sites' choices at prices u (n,) and tolls λ (bars,).

        With `sets` the sites choose together, min over sets Σ_k f_k + v_k(u), which is a better bound; bars need no
        tolls then. Görtz & Klose (2012), A simple but usually fast branch-and-bound algorithm for the capacitated
        facility location problem, take the sum of capacities into the subproblem likewise. With `whole` the knapsacks
        are in whole demand points, which is a better bound for single sites.
        """
        q = self.question
        gain = self.distance - price[self.row]
        taken = np.flatnonzero((gain < 0) | self.owes)
        gain, site, people, row = gain[taken], self.site[taken], self.people[taken], self.row[taken]
        apart = 2.0 * float(np.abs(gain).max(initial=1.0))  # one sort for all sites; ties within rounding cost nothing
        order = np.argsort(gain + apart * site)
        gain, people, row = gain[order], people[order], row[order]

        before = np.concatenate([[0.0], np.cumsum(people)])
        spent = np.concatenate([[0.0], np.cumsum(people * gain)])
        ends = np.searchsorted(site, np.arange(q.m + 1))
        start, end = ends[q.module_site], ends[q.module_site + 1]
        wanted = np.bincount(site[gain < 0], weights=people[gain < 0], minlength=q.m)
        load = np.maximum(np.minimum(q.module_capacity, wanted[q.module_site]), q.least[q.module_site])
        goal = np.minimum(before[start] + load, before[end])
        place = np.clip(np.searchsorted(before, goal, side="right") - 1, start, end)
        rest = np.where(place < end, goal - before[place], 0.0)
        at = np.minimum(place, max(len(gain) - 1, 0))
        marginal = gain[at] if len(gain) else np.zeros(len(place))
        parted = spent[place] - spent[start] + rest * marginal
        gained = parted if whole is None else np.maximum(parted, whole.values(price))
        value = q.fixed + toll @ self.bars + gained

        chosen, total = self._alone(value) if sets is None else sets.cheapest(value)
        base = float((q.weight * price).sum() - (toll * self.most).sum())
        if chosen is None:
            chosen = np.zeros(len(value), bool)
        by_parts = chosen & ((whole is None) | ((gained <= parted) & (q.least[q.module_site] > 0)))
        full = np.zeros(len(gain) + 1, np.int64)
        np.add.at(full, start[by_parts], 1)
        np.add.at(full, place[by_parts], -1)
        entire = np.cumsum(full[:-1]) > 0
        served = np.bincount(row[entire], minlength=q.n).astype(float)
        part = by_parts & (rest > 0)
        np.add.at(served, row[place[part]], rest[part] / people[place[part]])
        if whole is not None:
            for k in np.flatnonzero(chosen & ~by_parts).tolist():
                served[whole.served(k)] += 1
        return Priced(
            bound=base + total,
            base=base,
            value=value,
            gained=gained,
            parted=parted,
            last=np.where(place < end, marginal, np.where(q.least[q.module_site] > 0, np.inf, 0.0)),
            chosen=chosen,
            missed=1.0 - served,
            broken=self.bars @ chosen - self.most,
        )

    def _alone(self, value: Floats) -> tuple[Flags | None, float]:
        """(k,) the best module of each site, if it is worth opening or kept, and their sum; of equals the first."""
        sites = self.question.module_site
        best = np.zeros(len(value), bool)
        best[self.best_of(value)] = True
        chosen = best & ((value < 0) | self.question.choice.keep[sites])
        return chosen, float(value[chosen].sum())

    def settle(
        self, priced: Priced, price: Floats, sets: ModuleSets | None = None, whole: WholeLoads | None = None
    ) -> Settled:
        """What plans cost at least that go without a site, or use a module, or an entry as a whole.

        A plan with module k costs at least L − (what its site adds to L) + value_k; one without site j at least
        L − (what j adds). With `sets` the bound is of all sets with k, or without j, at the same prices.
        Taking demand i at site j as a whole costs at least w_i (d_ij − u_i − last_k) more than the best load of k in
        parts, where last_k is the reduced cost of the last one taken: what i drives out. With `whole` tables the
        best load with i is read from them.
        """
        q = self.question
        without_site, with_module = self._settle_modules(priced, sets)
        with_entry = np.full(len(q.site), -np.inf)
        gain = q.distance - price[q.row]
        if q.single:
            better = None if whole is None else whole.values(price) - priced.gained
            with_entry = np.full(len(q.site), np.inf)
            for ks in _layers(q.module_site, q.m):
                k = ks[q.site]
                parted = priced.parted[k] - priced.gained[k] + q.weight[q.row] * np.maximum(gain - priced.last[k], 0.0)
                more = np.maximum(parted, 0.0)
                if whole is not None and better is not None:
                    for each in ks[ks >= 0].tolist():
                        entries, lost = whole.forced(each)
                        more[entries] = np.maximum(more[entries], better[each] + lost)
                with_entry = np.minimum(with_entry, np.where(k >= 0, with_module[k] + more, np.inf))
        return Settled(without_site, with_module, with_entry, gain < 0)

    def _settle_modules(self, priced: Priced, sets: ModuleSets | None) -> tuple[Floats, Floats]:
        q, value = self.question, priced.value
        without_site, with_module = np.full(q.m, -np.inf), np.full(len(value), priced.bound)
        if sets is None:
            adds = np.bincount(q.module_site[priced.chosen], weights=value[priced.chosen], minlength=q.m)
            without_site = priced.bound - adds
            with_module = priced.bound - adds[q.module_site] + value
        else:
            for k in np.flatnonzero(~priced.chosen).tolist():
                with_module[k] = priced.base + sets.cheapest(value, opened=k)[1]
            for j in np.unique(q.module_site[priced.chosen]).tolist():
                if not q.choice.keep[j]:
                    without_site[j] = priced.base + sets.cheapest(value, closed=q.module_site == j)[1]
        without_site[q.choice.keep] = -np.inf
        return without_site, with_module


class Prices:
    """Prices that get better, round by round, and the mean of the plans that the sites chose on the way.

    Each round steps from the best prices along the rows that the mean plan breaks; rows count by people, so
    that a step is the same in metres for everybody, and bars count relative to what they allow.

    Barahona & Anbil (2000), The volume algorithm: producing primal solutions with a subgradient method.
    """

    def __init__(
        self,
        question: CapacityQuestion,
        price: Floats | None = None,
        toll: Floats | None = None,
        whole: WholeLoads | None = None,
    ) -> None:
        self.knapsacks = Knapsacks(question)
        self.price = self._first() if price is None else price
        self.toll = np.zeros(len(question.bars[1])) if toll is None else toll
        rows, most = question.bars
        scale = np.maximum(np.abs(most), np.abs(rows).max(axis=1, initial=1e-12))
        self.pace = question.weight.sum() / scale**2  # of tolls against prices
        self.sets: ModuleSets | None = None
        self.whole = whole
        self.best = self.latest = self._at(self.price, self.toll)
        self.missed, self.broken = self.best.missed, self.best.broken
        self.share = self.best.chosen.astype(float)  # (k,)  how often each module was chosen lately
        self.step, self.trust, self.idle = FIRST_STEP, FIRST_TRUST, 0
        self.turn, self.reviewed = 0, self.best.bound

    def _first(self) -> Floats:
        """What the nearest site would take if it were full: with these no site opens, and the bound is a weak one."""
        q = self.knapsacks.question
        each = np.full(q.m, np.inf)
        np.minimum.at(each, q.module_site, q.fixed / np.maximum(q.module_capacity, 1e-12))
        price = np.full(q.n, np.inf)
        np.minimum.at(price, q.row, q.distance + each[q.site])
        return price if q.unserved_cost is None else np.minimum(price, q.unserved_cost)

    @property
    def ended(self) -> bool:
        """Whether further rounds would move nothing."""
        return self.step < SMALLEST_STEP

    def improve(self, cost: float) -> None:
        """One round, towards the cost of the best plan known (infinite while there is none)."""
        q = self.knapsacks.question
        goal = cost if np.isfinite(cost) else self.best.bound + 0.05 * abs(self.best.bound) + 1.0
        size = self._product(self.missed, self.broken, self.missed, self.broken)
        if size <= 1e-18 * max(1.0, abs(self.best.bound)) or goal <= self.best.bound:
            self.step = 0.0
            return
        move = self.step * (goal - self.best.bound) / size
        price = self.price + move * self.missed
        if q.unserved_cost is not None:
            price = np.minimum(price, q.unserved_cost)
        toll = np.maximum(self.toll + move * self.pace * self.broken, 0.0)
        here = self.latest = self._at(price, toll)
        missed = here.missed
        if q.unserved_cost is not None:
            missed = np.where(price >= q.unserved_cost, np.minimum(missed, 0.0), missed)
        broken = np.where(toll <= 0, np.maximum(here.broken, 0.0), here.broken)
        along = self._product(missed, broken, self.missed, self.broken)
        trust = self._trust(missed, broken, along, size)
        self.missed = trust * missed + (1 - trust) * self.missed
        self.broken = trust * broken + (1 - trust) * self.broken
        self.share = trust * here.chosen + (1 - trust) * self.share
        if here.bound > self.best.bound:
            self.price, self.toll, self.best, self.idle = price, toll, here, 0
            if along > 0:
                self.step = min(self.step * RISE, LARGEST_STEP)
        else:
            self.idle += 1
            if self.idle >= PATIENCE:
                self.step, self.idle = self.step * FALL, 0
        self.turn += 1
        if self.turn % REVIEW == 0:
            if self.best.bound - self.reviewed < WORTHWHILE * abs(self.best.bound):
                self.trust = max(self.trust / 2, SMALLEST_TRUST)
            self.reviewed = self.best.bound

    def join(self, sets: ModuleSets, whole: WholeLoads | None = None) -> None:
        """From now on the sites choose together, and demand points go as a whole if there are tables for it."""
        self.sets, self.whole, self.toll = sets, whole, np.zeros(len(self.toll))
        self.best = self.latest = self._at(self.price, self.toll)
        self.missed, self.broken, self.share = self.best.missed, self.best.broken, self.best.chosen.astype(float)
        self.step, self.trust, self.idle, self.turn, self.reviewed = JOINT_STEP, FIRST_TRUST, 0, 0, self.best.bound

    def _at(self, price: Floats, toll: Floats) -> Priced:
        priced = self.knapsacks.at(price, toll, self.sets, self.whole)
        return priced if self.sets is None else replace(priced, broken=np.zeros(len(toll)))

    def _product(self, missed: Floats, broken: Floats, missed2: Floats, broken2: Floats) -> float:
        weight = self.knapsacks.question.weight
        return float((weight * missed * missed2).sum() + (self.pace * broken * broken2).sum())

    def _trust(self, missed: Floats, broken: Floats, along: float, size: float) -> float:
        """The part of the newest plan that makes the mean break least, within what is trusted."""
        new = self._product(missed, broken, missed, broken)
        bend = new - 2 * along + size
        best = (size - along) / bend if bend > 0 else self.trust
        return float(np.clip(best, self.trust / 10, self.trust))


def _layers(module_site: Integers, m: int) -> list[Integers]:
    """(m,) the first module of each site, then the second, and so on; -1 where it has no more."""
    start = np.searchsorted(module_site, np.arange(m + 1))
    count = np.diff(start)
    return [np.where(count > size, start[:-1] + size, -1) for size in range(int(count.max(initial=0)))]


class _Smallest:
    """For each site that has modules, the position of its smallest value; of equals the first."""

    def __init__(self, module_site: Integers) -> None:
        self.start = np.flatnonzero(np.diff(module_site, prepend=-1))
        self.group = np.cumsum(np.diff(module_site, prepend=-1) != 0) - 1

    def __call__(self, value: Floats) -> Integers:
        if not len(value):
            return np.empty(0, np.int64)
        smallest = np.minimum.reduceat(value, self.start)[self.group]
        position = np.where(value == smallest, np.arange(len(value)), len(value))
        return np.minimum.reduceat(position, self.start)
