"""Plans with capacities: demand points that go as a whole, and modules that are worth exchanging."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import ROOM, CapacityQuestion, people_at
from planner.optimise.capacity.prices import Knapsacks
from planner.optimise.capacity.transport import Assignment, penalty, transport, two_smallest

TRIES = 30  # exchanges tried exactly before a plan counts as good
PASSES = 10  # over the demand points that shift and swap


def assign_whole(question: CapacityQuestion, parted: Assignment) -> Assignment:
    """The demand points that a transportation programme parted sent to one site each, then shifted and swapped.

    Where the regret of not getting its best site is largest a demand point chooses first. People above a
    capacity, below a least load or without a site cost the penalty until shifts and swaps have removed them.
    """
    if not len(question.site):
        return parted
    whole = _Whole(question, parted)
    whole.place_parted(parted.share)
    for _ in range(PASSES):
        if not (whole.shift() or whole.swap()):
            break
    return replace(parted, share=whole.share(), cost=whole.cost())


class _Whole:
    """An assignment of whole demand points that is being improved."""

    def __init__(self, question: CapacityQuestion, parted: Assignment) -> None:
        q, opened = question, parted.opened
        self.q, self.opened, self.rent = q, opened, parted.rent
        self.most = np.bincount(q.module_site[opened], weights=q.module_capacity[opened], minlength=q.m)
        self.least = np.where(q.sites(opened), q.least, 0.0)
        self.entries = np.flatnonzero(q.sites(opened)[q.site])
        self.fine = penalty(q)
        self.without = self.fine if q.unserved_cost is None else q.unserved_cost
        self.at = np.full(q.n, -1)  # (n,)  entry that each demand point uses; -1 = without a site
        self.load = np.zeros(q.m)

    def place_parted(self, share: Floats) -> None:
        """Whole points as they are; the others by regret, where the site has room, or without a site."""
        q = self.q
        whole = np.flatnonzero(share > 1 - 1e-6)
        self.at[q.row[whole]] = whole
        self.load = people_at(q.site[whole], q.weight[q.row[whole]], q.m)
        waiting = np.flatnonzero(self.at < 0)
        options = {i: self._options(i) for i in waiting.tolist()}
        regret = {i: q.weight[i] * (d[1] - d[0] if len(d) > 1 else self.fine) for i, (_, d) in options.items()}
        for i in sorted(options, key=lambda i: (-regret[i], i)):
            entries, _ = options[i]
            room = entries[self.load[q.site[entries]] + q.weight[i] <= self.most[q.site[entries]]]
            if len(room):
                self._move(i, int(room[0]))

    def _options(self, i: int) -> tuple[Integers, Floats]:
        q = self.q
        entries = np.arange(q.indptr[i], q.indptr[i + 1])
        entries = entries[self.most[q.site[entries]] >= q.weight[i]]
        paid = q.distance[entries] + self.rent[q.site[entries]]
        order = np.argsort(paid, kind="stable")
        return entries[order], paid[order]

    def _move(self, i: int, entry: int) -> None:
        q, old = self.q, self.at[i]
        if old >= 0:
            self.load[q.site[old]] -= q.weight[i]
        if entry >= 0:
            self.load[q.site[entry]] += q.weight[i]
        self.at[i] = entry

    def _walk(self) -> Floats:
        """(n,) metres of each person, those without a site included."""
        return np.where(self.at >= 0, self.q.distance[self.at], self.without)

    def _wrong(self, load: Floats, site: Integers | int) -> Floats:
        """The penalty for loads at sites, or at one site."""
        return self.fine * (np.maximum(load - self.most[site], 0.0) + np.maximum(self.least[site] - load, 0.0))

    def _shifts(self, entries: Integers) -> Floats:
        """What each shift of a demand point to another entry would add to the cost."""
        q = self.q
        row, to = q.row[entries], q.site[entries]
        old = self.at[row]
        since = np.where(old >= 0, q.site[old], 0)
        people = q.weight[row]
        leaves = self._wrong(self.load[since] - people, since) - self._wrong(self.load[since], since)
        comes = self._wrong(self.load[to] + people, to) - self._wrong(self.load[to], to)
        change = people * (q.distance[entries] - self._walk()[row]) + comes + np.where(old >= 0, leaves, 0.0)
        return np.where(old == entries, np.inf, change)

    def shift(self) -> bool:
        """One pass of single demand points moving to where they cost less, the largest gain first."""
        change = self._shifts(self.entries)
        gains = np.flatnonzero(change < -self._rounding)
        moved = False
        for entry in self.entries[gains[np.argsort(change[gains], kind="stable")]].tolist():
            if self._shifts(np.array([entry]))[0] < -self._rounding:
                self._move(int(self.q.row[entry]), entry)
                moved = True
        return moved

    @property
    def _rounding(self) -> float:
        return 1e-9 * max(1.0, self.fine)

    def swap(self) -> bool:
        """One pass of demand points changing places with one at a site they would rather go to."""
        q = self.q
        wish = q.weight[q.row[self.entries]] * (self._walk()[q.row[self.entries]] - q.distance[self.entries])
        wishes = np.flatnonzero(wish > self._rounding)
        moved = False
        for entry in self.entries[wishes[np.argsort(-wish[wishes], kind="stable")]].tolist():
            moved |= self._swap(entry)
        return moved

    def _swap(self, entry: int) -> bool:
        """Give a demand point the entry and send one from there to where it came from, if that costs less."""
        q = self.q
        i, to = int(q.row[entry]), int(q.site[entry])
        old = int(self.at[i])
        if old == entry or q.weight[i] > self.most[to]:
            return False
        others = np.flatnonzero((self.at >= 0) & (q.site[self.at] == to))
        if old < 0:
            back = np.full(len(others), -1)
            cost_back = np.full(len(others), self.without)
        else:
            back = self._entry(others, int(q.site[old]))
            others, back = others[back >= 0], back[back >= 0]
            cost_back = q.distance[back]
        if not len(others):
            return False
        people, other = q.weight[i], q.weight[others]
        change = people * (q.distance[entry] - (q.distance[old] if old >= 0 else self.without))
        change = change + other * (cost_back - q.distance[self.at[others]])
        change += self._wrong(self.load[to] + people - other, to) - self._wrong(self.load[to], to)
        if old >= 0:
            since = int(q.site[old])
            change += self._wrong(self.load[since] - people + other, since) - self._wrong(self.load[since], since)
        best = int(change.argmin())
        if change[best] >= -self._rounding:
            return False
        self._move(i, entry)
        self._move(int(others[best]), int(back[best]))
        return True

    def _entry(self, rows: Integers, site: int) -> Integers:
        """The entry of each demand point at a site; -1 where it cannot reach it."""
        at = self.by_site[self.start[site] : self.start[site + 1]]
        if not len(at):
            return np.full(len(rows), -1)
        place = np.minimum(np.searchsorted(self.q.row[at], rows), len(at) - 1)
        return np.where(self.q.row[at[place]] == rows, at[place], -1)

    @property
    def by_site(self) -> Integers:
        """(entries,) entries site by site, demand points ascending."""
        return self.q.by_site[0]

    @property
    def start(self) -> Integers:
        """(m+1,) where each site begins in them."""
        return self.q.by_site[1]

    def share(self) -> Floats:
        """(entries,) 1 where a demand point goes."""
        share = np.zeros(len(self.q.site))
        share[self.at[self.at >= 0]] = 1.0
        return share

    def cost(self) -> float:
        """Objective with penalties."""
        at = np.arange(self.q.m)
        walk = float((self.q.weight * self._walk()).sum())
        return float(self.q.fixed[self.opened].sum()) + walk + float(self._wrong(self.load, at).sum())


def assignment(question: CapacityQuestion, opened: Flags, rent: Floats | None, cost: float = np.inf) -> Assignment:
    """Who goes where when the modules are given, in parts or as a whole, as the question asks.

    Where even in parts it costs no less than `cost`, the parts are all that is found.
    """
    parted = transport(question, opened, rent)
    return assign_whole(question, parted) if question.single and parted.cost < cost else parted


def improve(
    question: CapacityQuestion,
    opened: Flags,
    offer: Callable[[Assignment], None],
    over: Callable[[], bool],
    seen: set[bytes],
) -> Assignment:
    """A plan that no promising drop, addition, exchange or change of size makes better; each one met is offered."""
    knapsacks = Knapsacks(question)

    def of(modules: Flags, rent: Floats | None, cost: float) -> Assignment:
        seen.add(modules.tobytes())
        plan = assignment(question, modules, rent, cost)
        offer(plan)
        return plan

    best = of(opened, None, np.inf)
    better = True
    while better and not over():
        better, tries = False, 0
        for modules in _exchanges(knapsacks, best):
            if modules.tobytes() in seen:
                continue
            other = of(modules, best.rent, best.cost)
            if other.cost < best.cost - 1e-9 * abs(best.cost):
                best, better = other, True
                break
            tries += 1
            if tries >= TRIES or over():
                break
    return best


def _exchanges(knapsacks: Knapsacks, plan: Assignment) -> Iterator[Flags]:
    """Plans that close a site or none and open a module or none, the most promising first.

    With the prices u and rents of the plan's transportation programme, closing j lifts the price of those who
    are best off there to their second best, u'. No plan in parts without j and with k can cost less by more than

        f_j − (rents of j) − Σ_i w_i (u'_i − u_i) − f_k − v_k(u').

    Exchanges for which that is not positive are not proposed.
    """
    q, opened = knapsacks.question, plan.opened
    sites = q.sites(opened)
    paid = np.where(sites[q.site], q.distance + plan.rent[q.site], np.inf)
    ceiling = penalty(q) if q.unserved_cost is None else q.unserved_cost
    first, second, entry = two_smallest(q.row, paid, q.n, ceiling)
    at = np.where(entry >= 0, q.site[entry], -1)
    load = np.bincount(q.module_site[opened], weights=q.module_capacity[opened], minlength=q.m)
    dues = np.where(plan.rent >= 0, load, q.least) * plan.rent
    no_toll = np.zeros(len(q.bars[1]))
    people = float(q.weight.sum()) * (1 - ROOM)
    proposals: list[tuple[float, int, int]] = []
    for j in [-1, *np.flatnonzero(sites).tolist()]:
        price = first if j < 0 else np.where(at == j, second, first)
        change = float((q.weight * (price - first)).sum())
        if j >= 0:
            change += dues[j] - float(q.fixed[opened & (q.module_site == j)].sum())
        opening = change + knapsacks.at(price, no_toll).value
        if j >= 0 and not q.choice.keep[j]:
            proposals.append((change, j, -1))
        fits = (~sites[q.module_site] | ((q.module_site == j) & ~opened)) & (opening < 0)
        if j >= 0 and q.choice.keep[j]:
            fits &= q.module_site == j
        proposals += [(float(opening[k]), j, int(k)) for k in np.flatnonzero(fits)]
    for change, j, k in sorted(proposals):
        if change >= -1e-9 * abs(plan.cost):
            return
        modules = opened & (q.module_site != j)
        if k >= 0:
            modules[k] = True
        enough = q.unserved_cost is not None or q.module_capacity[modules].sum() >= people
        if enough and q.allows(modules):
            yield modules
