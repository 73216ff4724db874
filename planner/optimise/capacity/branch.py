"""Sites opened and closed one after the other, with a bound by prices for each case, until all cases are settled."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import ROOM
from planner.optimise.capacity.modules import ModuleSets
from planner.optimise.capacity.part import Part
from planner.optimise.capacity.prices import Prices
from planner.optimise.capacity.whole import WholeLoads
from planner.optimise.choice import Incumbent
from planner.optimise.solver import HALF

ROUNDS, LOOKS = 60, 8  # of prices in each case, and for each site that might part a case
LAST_ROUNDS = 400  # of prices where all sites are decided, before a programme
LOOKED_AT = 5  # sites that might part a case
EACH = 5  # cases, of which one is asked for a plan
NARROW = 1_500  # entries and modules up to which a programme settles a case faster than more cases do


@dataclass(order=True)
class _Case:
    """Some sites open, some closed, the rest to be decided; the weakest bound comes first, of equals the older."""

    bound: float
    turn: int
    part: Part = field(compare=False)
    price: Floats = field(compare=False)
    toll: Floats = field(compare=False)


class Branching:
    """Branch and bound over the sites of a part, each case bounded by prices that start from its parent's.

    Görtz & Klose (2012), A simple but usually fast branch-and-bound algorithm for the capacitated facility location
    problem, do so too; what is left of a case goes to a programme as soon as it is small, and for single sites the
    knapsacks are in whole demand points where `whole` says so.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        settle: Callable[[Part, float], float],
        meet: Callable[[Part, Flags], None],
        *,
        whole: bool,
    ) -> None:
        """`settle` bounds a part that is small, given what a plan may cost at most, by a programme.

        `meet` hears modules (k,) of a part with which a plan may be good.
        """
        self.incumbent, self.settle, self.meet, self.whole = incumbent, settle, meet, whole
        self.cases: list[_Case] = []
        self.closed = np.inf  # the least bound of the cases that a programme left open
        self.turn = self.parted = 0

    @property
    def cutoff(self) -> float:
        """What a better plan costs at most."""
        return -self.incumbent.better

    def run(self, part: Part, price: Floats, toll: Floats) -> None:
        """Until the time is over or no case is left; the incumbent hears each better bound."""
        self._add(part, price, toll, -np.inf)
        self._tell()
        while self.cases and not self.incumbent.over:
            self._part(heapq.heappop(self.cases))
            self._tell()

    def _tell(self) -> None:
        """The least that a plan costs in the cases that are left, or the best plan."""
        self.incumbent.limit(-min([self.closed, -self.incumbent.value, *(case.bound for case in self.cases[:1])]))

    def _add(self, part: Part, price: Floats, toll: Floats, bound: float) -> None:
        """Bound a case; keep it if a better plan may be in it, with what its prices settle settled."""
        if not self._possible(part):
            return
        prices = self._prices(part, price, toll, ROUNDS)
        bound = max(bound, prices.best.bound)
        if bound > self.cutoff:
            return
        self.turn += 1
        heapq.heappush(self.cases, _Case(bound, self.turn, self._left(part, prices), prices.price, prices.toll))

    def _left(self, part: Part, prices: Prices) -> Part:
        return part.within(prices.knapsacks.settle(prices.best, prices.price, None, prices.whole), self.cutoff)

    def _prices(self, part: Part, price: Floats, toll: Floats, rounds: int) -> Prices:
        prices = Prices(part.question, price, toll, WholeLoads(part.question) if self.whole else None)
        for _ in range(rounds):
            if prices.ended or prices.best.bound > self.cutoff:
                break
            prices.improve(self.cutoff)
        return prices

    def _possible(self, part: Part) -> bool:
        """Whether kept sites have modules, and the largest ones hold everybody, whom some site reaches."""
        q = part.question
        largest = np.zeros(q.m)
        np.maximum.at(largest, q.module_site, q.module_capacity)
        built = np.bincount(q.module_site, minlength=q.m) > 0
        enough = largest.sum() >= q.weight.sum() * (1 - ROOM) and (np.diff(q.indptr) > 0).all()
        return bool(built[q.choice.keep].all() and (enough or q.unserved_cost is not None))

    def _part(self, case: _Case) -> None:
        """Two cases for one, or the programme where a case is small."""
        q = case.part.question
        if case.bound > self.cutoff:
            return
        free = np.flatnonzero(~q.choice.keep & (np.bincount(q.module_site, minlength=q.m) > 0))
        if len(q.site) + len(q.module_site) <= NARROW or not len(free):
            self._settle(case)
            return
        site = self._site(case, free)
        for part in self._both(case.part, site):
            self._add(part, case.price, case.toll, case.bound)

    def _settle(self, case: _Case) -> None:
        """The programme over a case, after better prices where it is large because nothing is left to part it by."""
        part = case.part
        if len(part.entry) > NARROW:
            prices = self._prices(part, case.price, case.toll, LAST_ROUNDS)
            if prices.best.bound > self.cutoff:
                return
            part = self._left(part, prices)
        bound = max(case.bound, self.settle(part, self.cutoff))
        if bound < self.cutoff:
            self.closed = min(self.closed, bound)

    def _both(self, part: Part, site: int) -> Iterator[Part]:
        """With the site and without it."""
        yield part.keeping(site)
        yield part.without(np.zeros(len(part.entry), bool), part.question.module_site == site)

    def _site(self, case: _Case, free: Integers) -> int:
        """The site about which the bound asks most: both with and without it the bound rises."""
        q = case.part.question
        prices = self._prices(case.part, case.price, case.toll, ROUNDS // 2)
        share = np.bincount(q.module_site, weights=prices.share, minlength=q.m)[free]
        self.parted += 1
        if self.parted % EACH == 1:
            liked = ModuleSets(q).liked(prices.share)
            if liked is not None:
                self.meet(case.part, liked)
        likely = free[np.argsort(np.abs(share - HALF), kind="stable")][:LOOKED_AT]
        scores = []
        for site in likely.tolist():
            low, high = sorted(self._rise(part, case.bound, prices) for part in self._both(case.part, site))
            scores.append((low + 1e-6) * (high + 1e-6))
        return int(likely[int(np.argmax(scores))])

    def _rise(self, part: Part, bound: float, prices: Prices) -> float:
        """By how much a few rounds of prices raise the bound in a case."""
        if not self._possible(part):
            return self.cutoff - bound
        look = self._prices(part, prices.price, prices.toll, LOOKS)
        return max(0.0, min(look.best.bound, self.cutoff) - bound)
