"""Plans with capacities: who goes where when the modules are given, and which modules are worth exchanging."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity_prices import Knapsacks
from planner.optimise.models_capacity import ROOM, CapacityQuestion, people_at

NEAREST = 3  # open sites of each demand point with which a transportation programme begins
ALL_ASKED = 1000  # demand points up to which a transportation programme asks all of them
ASKED = 0.3  # share of more demand points that it asks at first
TRIES = 30  # exchanges tried exactly before a plan counts as good
PASSES = 10  # over the demand points that shift and swap
PENALTY = 10.0  # times the dearest person: what a person without a site costs a search that must serve everybody


@dataclass(frozen=True)
class Assignment:
    """Who goes where when the modules are given; what is not allowed costs a penalty and is counted."""

    opened: Flags  # (k,)
    share: Floats  # (entries,)
    cost: float  # objective with penalties
    price: Floats  # (n,)  what one person more would cost
    rent: Floats  # (m,)  what one place less at each site would cost; negative where the least load presses
    dues: float  # Σ_i w_i price_i − dues is the cost, but for the fixed cost: rents times capacities


def penalty(question: CapacityQuestion) -> float:
    """Metres that a person without a site, or missing from a least load, costs a search."""
    dearest = float(question.distance.max(initial=0.0)) + float(
        (question.fixed / np.maximum(question.module_capacity, 1e-9)).max(initial=0.0)
    )
    return PENALTY * max(dearest, 1.0)


def transport(question: CapacityQuestion, opened: Flags, rent: Floats | None = None) -> Assignment:
    """The cheapest assignment in parts: a transportation programme over the open sites, solved exactly.

    It starts with the sites nearest to each demand point once `rent` (m,) is added to the distances, and takes
    in pairs as long as any is worth it. Demand points whose nearest is nearest by far are sent there and asked only
    if the rents found speak against it, so that the ending is that of the whole programme. People may stay without
    a site and least loads unmet, at a penalty.
    """
    q = question
    most = people_at(q.module_site[opened], q.module_capacity[opened], q.m)
    sites = np.flatnonzero(q.sites(opened))
    number = np.full(q.m, -1)
    number[sites] = np.arange(len(sites))
    entries = np.flatnonzero(number[q.site] >= 0)
    row, column, distance = q.row[entries], number[q.site[entries]], q.distance[entries]
    owed = np.flatnonzero(q.least[sites] > 0)
    fine = penalty(q)
    without = fine if q.unserved_cost is None else q.unserved_cost
    hire = np.zeros(len(sites)) if rent is None else rent[sites]
    tolerance = 1e-9 * max(1.0, float(distance.max(initial=0.0)))
    first, second, own = two_smallest(row, distance + hire[column], q.n, without)
    sure = np.zeros(q.n, bool)
    if q.n > ALL_ASKED:
        sure = (own >= 0) & (second - first > np.quantile(second - first, ASKED))
    used = _nearest(row, distance + hire[column])
    while True:
        held = people_at(column[own[sure]], q.weight[sure], len(sites))
        crowded = held > most[sites]
        if crowded.any():
            sure[sure] = ~crowded[column[own[sure]]]
            continue
        asked = np.flatnonzero(~sure)
        at = np.flatnonzero(used & ~sure[row])
        rank = np.cumsum(~sure) - 1
        flow, told, hire = _transport(
            q.weight[asked],
            most[sites] - held,
            q.least[sites] - held,
            owed,
            rank[row[at]],
            column[at],
            distance[at],
            without,
            fine,
        )
        paid = distance + hire[column]
        price = np.zeros(q.n)
        price[asked] = told
        price[sure] = paid[own[sure]]
        wrong = (paid < price[row] - tolerance) & (sure[row] | ~used)
        unsure = sure & ((np.bincount(row[wrong], minlength=q.n) > 0) | (price > without + tolerance))
        if not wrong.any() and not unsure.any():
            break
        used |= wrong
        sure &= ~unsure
    flow = np.concatenate([flow, q.weight[sure]])
    at = np.concatenate([at, own[sure]])
    share = np.zeros(len(q.site))
    share[entries[at]] = flow / q.weight[row[at]]
    total = np.bincount(q.row, weights=share, minlength=q.n)
    share = np.where(share > 0, share / np.where(total > 1 - ROOM, total, 1.0)[q.row], 0.0)
    rents = np.zeros(q.m)
    rents[sites] = hire
    loads = q.loads(share)[sites]
    lack = float(np.maximum(q.least[sites] - loads, 0.0).sum())
    missed = float((q.weight * q.unserved(share)).sum())
    cost = float(q.fixed[opened].sum() + (q.weight[q.row] * q.distance * share).sum()) + without * missed + fine * lack
    return Assignment(opened, share, cost, price, rents, float((hire * loads).sum()))


def _transport(  # noqa: PLR0913, PLR0917
    weight: Floats,
    most: Floats,
    least: Floats,
    owed: Integers,
    row: Integers,
    column: Integers,
    distance: Floats,
    without: float,
    fine: float,
) -> tuple[Floats, Floats, Floats]:
    """People on each pair, price of each demand and rent of each site (capacity's less least load's)."""
    n, pairs, sites = len(weight), len(row), len(most)
    width = pairs + n + len(owed)
    if not width:
        return np.empty(0), np.empty(0), np.zeros(sites)
    cost = np.concatenate([distance, np.full(n, without), np.full(len(owed), fine)])
    serve = csr_array(
        (np.ones(pairs + n), (np.concatenate([row, np.arange(n)]), np.arange(pairs + n))), shape=(n, width)
    )
    place = np.full(sites, -1)
    place[owed] = np.arange(len(owed))
    owing = np.flatnonzero(place[column] >= 0)
    rows = np.concatenate([column, sites + place[column[owing]], sites + np.arange(len(owed))])
    columns = np.concatenate([np.arange(pairs), owing, pairs + n + np.arange(len(owed))])
    signs = np.concatenate([np.ones(pairs), -np.ones(len(owing) + len(owed))])
    room = csr_array((signs, (rows, columns)), shape=(sites + len(owed), width))
    found = linprog(
        cost,
        A_ub=room if room.shape[0] else None,
        b_ub=np.concatenate([most, -least[owed]]) if room.shape[0] else None,
        A_eq=serve,
        b_eq=weight,
        method="highs-ds",
    )
    dual = -found.ineqlin.marginals if room.shape[0] else np.empty(0)
    rent = dual[:sites].copy()
    rent[owed] -= dual[sites:]
    return np.maximum(found.x[:pairs], 0.0), found.eqlin.marginals, rent


def _nearest(row: Integers, distance: Floats) -> Flags:
    """The entries that are among the NEAREST of their row."""
    order = np.lexsort((distance, row))
    ranked = row[order]
    first = np.searchsorted(ranked, ranked)
    near = np.zeros(len(row), bool)
    near[order[np.arange(len(row)) - first < NEAREST]] = True
    return near


def assign_whole(question: CapacityQuestion, parted: Assignment) -> Assignment:
    """The demand points that a transportation programme parted sent to one site each, then shifted and swapped.

    Where the regret of not getting its best site is largest a demand point chooses first. People above a
    capacity, below a least load or without a site cost the penalty until shifts and swaps have removed them.
    """
    q = question
    whole = _Whole(q, parted)
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

    def _wrong(self, load: Floats, site: Integers) -> Floats:
        """The penalty for loads at sites."""
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
        at_to = np.full(len(others), to)
        change = people * (q.distance[entry] - (q.distance[old] if old >= 0 else self.without))
        change = change + other * (cost_back - q.distance[self.at[others]])
        change += self._wrong(self.load[to] + people - other, at_to) - self._wrong(self.load[at_to], at_to)
        if old >= 0:
            since = np.full(len(others), q.site[old])
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
    are best off there to their second best, u'. No plan without j and with k can cost less by more than

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


def two_smallest(row: Integers, value: Floats, n: int, ceiling: float) -> tuple[Floats, Floats, Integers]:
    """The smallest and second smallest of each row (n,), at most the ceiling, and the entry of the smallest or -1.

    Rows ascend.
    """
    first, second, entry = np.full(n, ceiling), np.full(n, ceiling), np.full(n, -1)
    if len(row):
        begins = np.flatnonzero(np.diff(row, prepend=-1) != 0)
        rows, group = row[begins], np.cumsum(np.diff(row, prepend=-1) != 0) - 1
        smallest = np.minimum.reduceat(value, begins)
        place = np.where(value == smallest[group], np.arange(len(value)), len(value))
        where = np.minimum.reduceat(place, begins)
        others = value.copy()
        others[where] = np.inf
        first[rows] = np.minimum(smallest, ceiling)
        second[rows] = np.minimum(np.minimum.reduceat(others, begins), ceiling)
        entry[rows] = np.where(smallest < ceiling, where, -1)
    return first, second, entry
