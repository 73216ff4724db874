"""Which sites to build, in which sizes, and who goes where, when a site holds only so many people."""

import logging
from dataclasses import dataclass, replace

import numpy as np

from planner.network import Flags, Floats
from planner.optimise.capacity.branch import Branching
from planner.optimise.capacity.models import CapacityQuestion, capacitated, capacitated_single
from planner.optimise.capacity.modules import ModuleSets
from planner.optimise.capacity.part import Part
from planner.optimise.capacity.plans import assignment, improve
from planner.optimise.capacity.prices import Prices, Settled
from planner.optimise.capacity.transport import Assignment, transport
from planner.optimise.capacity.whole import WholeLoads
from planner.optimise.choice import Incumbent
from planner.optimise.solver import ANY_NUMBER, solve

log = logging.getLogger(__name__)

AGREE = 1e-6  # share of the objective within which a plan and its bound must agree to be called proven
ROUNDS = 400  # of prices, in each pass
PASSES = 3  # prices, plans, settling; each on what the last left
REVIEW = 80  # rounds of prices for sites together, after which they end if neither plan nor bound got better
WORTH_A_REVIEW = 0.98  # share of the gap that must be left at most to go on
WORTH_A_PASS = 0.9  # share of entries and modules that must be left at most for another pass
CORE = 150_000  # variables that the programme may have
ALL_TIED = 20_000  # entries up to which every row x_ij ≤ Y_j is written
ALMOST = 1e-6
ROUNDING = 1e-9
GUESSES = (0.1, 0.2, 0.4, 1.0)  # of the gap, where the optimum may lie
SOON, TRIED = 10_000, 50  # variables and nodes of a programme before the sites are taken case by case
COARSE = 12.0  # demand points that a site holds, up to which knapsacks are in whole ones


@dataclass(frozen=True)
class CapacityPlan:
    """Modules that are opened, who goes where, and what that costs, recomputed from the plan."""

    opened: Flags  # (k,)
    share: Floats  # (entries,)  of each demand point, aligned with the question's entries
    unserved: Floats  # (n,)  share of each demand point that goes without a site
    objective: float  # Σ fixed costs + Σ metres × people + unserved people × their cost


@dataclass(frozen=True)
class CapacityAnswer:
    """The best plan met and how good it is known to be."""

    plan: CapacityPlan | None  # None where none was met
    bound: float  # no plan costs less; infinite where there is none
    proven: bool  # plan and bound agree within the gap asked for, and AGREE at least
    feasible: bool  # False where it is proven that no plan exists
    solvers: tuple[str, ...]  # names and versions of those who helped


def allocate(
    question: CapacityQuestion, incumbent: Incumbent | None = None, *, rounds: int = ROUNDS, core: int = CORE
) -> CapacityAnswer:
    """The cheapest plan that serves everybody within the capacities, with a bound on all plans.

    `incumbent` holds the time limit and the gap and hears what is found: it makes larger, so its values and
    bounds are costs with a minus sign, and its plan are modules (k,). `rounds` of prices in each pass, 0 = none;
    `core` is how many variables the programme may have that is to prove the plan, 0 = it is never asked.
    On the user's interrupt the best plan met is returned with its bound. What ends proven ended the same way
    on every run; a time limit cuts it where the clock says.
    """
    search = _Search(question, incumbent or Incumbent())
    try:
        search.run(rounds, core)
    except KeyboardInterrupt:
        log.info("interrupted: the best plan met is the answer")
    return search.answer()


class _Search:
    """One question being answered: the best plan so far, in the entries and modules asked for."""

    def __init__(self, question: CapacityQuestion, incumbent: Incumbent) -> None:
        self.asked, self.incumbent = question, incumbent
        incumbent.whole = incumbent.whole or question.whole_costs
        self.share: Floats | None = None
        self.feasible = True
        whole = Part(question, np.arange(len(question.site)), np.arange(len(question.module_site)))
        self.part = whole.without(np.zeros(len(question.site), bool), np.zeros(len(question.module_site), bool))
        self.seen: set[bytes] = set()
        self.met: set[bytes] = set()
        self.settled: tuple[Part, Settled, Prices] | None = None

    @property
    def cost(self) -> float:
        """Of the best plan; infinite while there is none."""
        return -self.incumbent.value

    def run(self, rounds: int, core: int) -> None:
        """Prices, plans, settled sites, and at last the programme."""
        q = self.part.question
        stranded = bool((np.diff(q.indptr) == 0).any()) and q.unserved_cost is None
        unbuilt = bool((q.choice.keep & ~(np.bincount(q.module_site, minlength=q.m) > 0)).any())
        if stranded or unbuilt or not len(q.module_site):
            self._without_modules(stranded or unbuilt)
            return
        if ModuleSets(q).liked(np.zeros(len(q.module_site))) is None:
            self.feasible = False
            return
        if rounds:
            self._relax(rounds)
        if not self.incumbent.over:
            self._prove(core)
        if self.share is None and self.feasible:
            self._doubt()

    def _without_modules(self, impossible: bool) -> None:
        """Nothing can be built: everybody goes unserved, or there is no plan."""
        q = self.part.question
        if impossible or (q.unserved_cost is None and q.n):
            self.feasible = False
            return
        opened = np.zeros(len(q.module_site), bool)
        if not q.allows(opened):
            self.feasible = False
            return
        self._offer(self.part, opened, np.zeros(len(q.site)))
        self.incumbent.limit(self.incumbent.value)

    def _relax(self, rounds: int) -> None:
        """Prices site by site, then for sites together; plans on the way; and again on what these leave."""
        prices: Prices | None = None
        for _ in range(PASSES):
            if self.incumbent.over:
                return
            part, q = self.part, self.part.question
            sets = ModuleSets(q)
            prices = Prices(q, *(() if prices is None else (prices.price, prices.toll)))
            self._rounds(prices, rounds, None)
            self._improve(part, sets.liked(prices.share))
            if len(q.site) <= ALL_TIED:
                prices.join(sets, WholeLoads(q) if q.single else None)
                self._rounds(prices, rounds, part)
                self._improve(part, self._best_in(part))
            before = len(self.part.entry) + len(self.part.module)
            settled = prices.knapsacks.settle(
                prices.best, prices.price, None if prices.sets is None else sets, prices.whole
            )
            self.settled = part, settled, prices
            if np.isfinite(self.cost):
                self.part, self.seen = self._within(self.cost), set()
            if len(self.part.entry) + len(self.part.module) > WORTH_A_PASS * before:
                return

    def _rounds(self, prices: Prices, rounds: int, part: Part | None) -> None:
        """Rounds of prices; in the sets that are chosen together (in `part`) there are good plans."""
        gap, cost = np.inf, self.cost
        for turn in range(rounds):
            if turn % REVIEW == 0:
                left = self.cost - prices.best.bound
                if part is not None and self.cost >= cost and left > WORTH_A_REVIEW * gap:
                    return
                gap, cost = left, self.cost
            prices.improve(self.cost)
            self.incumbent.limit(-prices.best.bound)
            if part is not None and prices.latest.chosen.tobytes() not in self.seen:
                plan = assignment(part.question, prices.latest.chosen, None, self.cost)
                self.seen.add(plan.opened.tobytes())
                self._offer(part, plan.opened, plan.share)
            if prices.ended or self.incumbent.over:
                return

    def _best_in(self, part: Part) -> Flags | None:
        return None if self.incumbent.plan is None else self.incumbent.plan[part.module]

    def _improve(self, part: Part, opened: Flags | None) -> None:
        if opened is None or self.incumbent.over:
            return

        def offer(plan: Assignment) -> None:
            self._offer(part, plan.opened, plan.share)

        improve(part.question, opened, offer, lambda: self.incumbent.over, self.seen)

    def _within(self, cost: float) -> Part:
        """The question with all plans in it that cost no more, as far as the prices tell."""
        if self.settled is None:
            return self.part
        part, settled, _ = self.settled
        return part.within(settled, cost)

    def _prove(self, core: int) -> None:
        """Programmes with the plans that cost no more than a guess; then case by case, as sites open and close.

        A programme that ends without such a plan proves that none is so cheap, and often has a better one. Where
        demand points are coarse its cuts do little, and cases are sooner done.
        """
        known = self.settled if np.isfinite(self.cost) else None
        branching = known is not None and self.asked.single
        soon = 0 if self._coarse else SOON
        for guess in (1.0,) if known is None else GUESSES:
            goal = self.cost
            if guess < 1:
                goal = -self.incumbent.bound + guess * (self.cost + self.incumbent.bound)
            part = self._within(goal) if np.isfinite(goal) else self.part
            if not self._fits(part, min(core, soon) if branching else core):
                break
            bound = self._programme(part, goal, alone=True, most_nodes=TRIED if branching else ANY_NUMBER)
            self.incumbent.limit(-bound)
            if bound < goal - ROUNDING * abs(goal):
                break
        if branching and known is not None and core and not self.incumbent.over:
            *_, prices = known
            cases = Branching(self.incumbent, self._programme, self._meet, whole=self._coarse)
            cases.run(self._within(-self.incumbent.better), prices.price, prices.toll)

    def _meet(self, part: Part, opened: Flags) -> None:
        """The plan with these modules of a part, and what exchanges make of it if it is the best so far."""
        cost, modules = self.cost, np.zeros(len(self.asked.module_site), bool)
        modules[part.module[opened]] = True
        if modules.tobytes() in self.met:
            return
        self.met.add(modules.tobytes())
        plan = assignment(part.question, opened, None, cost)
        self._offer(part, plan.opened, plan.share)
        if self.cost < cost:
            log.info("%s", self.incumbent)
            self._improve(self.part, self._best_in(self.part))

    @property
    def _coarse(self) -> bool:
        """Whether demand points are so large that knapsacks in whole ones bound much better."""
        q = self.asked
        each = float(q.weight.sum()) / max(int((q.weight > 0).sum()), 1)
        return q.single and float(np.median(q.module_capacity)) < COARSE * each

    def _fits(self, part: Part, core: int) -> bool:
        return len(part.entry) + len(part.module) + part.question.n <= core and not self.incumbent.over

    def _programme(self, part: Part, goal: float, *, alone: bool = False, most_nodes: int = ANY_NUMBER) -> float:
        """The programme over a part with all plans no dearer than the goal, and a bound of those plans.

        Where the part is `alone`, no other has such plans: the bound is told as it rises.
        """
        q, k = part.question, len(part.module)
        if not k or ((np.diff(q.indptr) == 0).any() and q.unserved_cost is None):
            return goal
        programme = (capacitated_single if q.single else capacitated)(q, self._tied(part))

        def hear(flags: Flags | None, bound: float) -> None:
            if np.isfinite(bound) and alone:
                self.incumbent.limit(-min(bound, goal))
            if flags is not None and q.single:
                self._offer(part, flags[:k], flags[k:].astype(float))

        start = None
        if self.share is not None and self.incumbent.plan is not None and goal >= self.cost:
            whole = [self.incumbent.plan[part.module], self.share[part.entry] > 1 - ALMOST]
            start = np.flatnonzero(np.concatenate(whole if q.single else whole[:1])).tolist()
        ending = solve(
            programme,
            time_limit_s=self.incumbent.left_s,
            gap=self.incumbent.gap,
            warm_start=start,
            hear=hear,
            most_nodes=most_nodes,
        )
        self.incumbent.solvers.append(ending.solver)
        if ending.open is not None:
            opened = ending.open[:k]
            share = ending.open[k:].astype(float) if q.single else transport(q, opened).share
            self._offer(part, opened, share)
        if ending.feasible:
            return min(ending.bound, goal)
        if self.share is None:
            self.feasible = False
        return goal

    def _tied(self, part: Part) -> Flags | None:
        """Where the rows x_ij ≤ Y_j are worth writing: everywhere, or where the prices make somebody want to go."""
        if len(part.entry) <= ALL_TIED or self.settled is None:
            return None
        wanted = np.zeros(len(self.asked.site), bool)
        before, settled, _ = self.settled
        wanted[before.entry] = settled.wanted
        return wanted[part.entry]

    def _doubt(self) -> None:
        """No plan was met: perhaps not even the largest modules everywhere could serve everybody."""
        q = self.part.question
        if q.unserved_cost is not None:
            return
        largest = np.lexsort((-q.module_capacity, q.module_site))
        first = np.diff(q.module_site[largest], prepend=-1) != 0
        opened = np.isin(np.arange(len(q.module_site)), largest[first])
        everywhere = transport(replace(q, least_load=None), opened)
        self.feasible = not bool(q.unserved(everywhere.share).any())

    def _offer(self, part: Part, opened: Flags, share: Floats) -> None:
        modules = np.zeros(len(self.asked.module_site), bool)
        modules[part.module[opened]] = True
        shares = np.zeros(len(self.asked.site))
        shares[part.entry] = share
        cost = self.asked.worth(modules, shares)
        if cost < self.cost and self.asked.holds(modules, shares):
            self.share = shares
            self.incumbent.offer(modules, -cost)

    def answer(self) -> CapacityAnswer:
        """What is known now."""
        bound = -self.incumbent.bound if self.feasible else np.inf
        plan = self._plan()
        agree = max(AGREE, self.incumbent.gap) * max(1.0, abs(bound))
        return CapacityAnswer(
            plan=plan,
            bound=bound,
            proven=plan is not None and plan.objective - bound <= agree,
            feasible=self.feasible,
            solvers=tuple(dict.fromkeys(self.incumbent.solvers)),
        )

    def _plan(self) -> CapacityPlan | None:
        """The best plan, with points without people at the nearest open site."""
        q, opened = self.asked, self.incumbent.plan
        if self.share is None or opened is None:
            return None
        share = self.share.copy()
        empty = np.flatnonzero((q.weight[q.row] <= 0) & q.sites(opened)[q.site])
        order = empty[np.lexsort((q.distance[empty], q.row[empty]))]
        share[order[np.diff(q.row[order], prepend=-1) != 0]] = 1.0
        return CapacityPlan(opened, share, q.unserved(share), q.worth(opened, share))
