"""From a problem to a plan and a bound: search, prices, a core, and a solver for what is left to decide."""

import logging
from functools import partial
from time import perf_counter

import numpy as np

from planner.network import Flags
from planner.optimise import models, search, solver
from planner.optimise.choice import EXACT, Incumbent
from planner.optimise.cuts import Tree, branch_and_cut
from planner.optimise.prices import Prices, Pricing
from planner.optimise.problem import Problem
from planner.optimise.regions import bound_by_regions, replan_regions

log = logging.getLogger(__name__)

ROUNDS = ((300, 30), (3000, 40), (3000, 40))  # steps of prices and patience; what a round settles speeds up the next
ROUND_SHARE = 0.25  # of the time left, for the prices of a round
TRIES = 30  # plans near the best that are tried in each round
IDLE = 60  # plans near the best that are tried without a better one, and as many again as the last took
FEW = 3  # times as many sites as may open, among which the best plan is sought exactly
POLISH_SHARE = 0.05  # of the time left, for that
TREE_SHARE = 0.1  # of the time left, for each look at whether the tree closes the gap
STALLED = 0.7  # of the gap left after such a look: it does not
PLAN_SHARE = 0.1  # of the time left then, for regions planned anew
SMALL_CORE = 4_000  # entries of rows up to which the programme itself goes to the solver
SEED = 0


def maximise(problem: Problem, incumbent: Incumbent) -> bool:
    """Fills the incumbent with the best plan and bound it can find in its time; False where no plan exists.

    What a reduction leaves out is never better than the best plan known then, so that plan and the bound of
    what is left bound the whole. Left at any moment, by its time limit or by the user's interrupt, the
    incumbent is honest.
    """
    try:
        return _Search(problem, incumbent).run()
    except KeyboardInterrupt:
        log.warning("Interrupted: the best plan so far is kept, with its gap.")
        return True


def decide(problem: Problem, incumbent: Incumbent) -> bool:
    """As `maximise`, for questions that may well have no plan: a small one goes to the solver without prices."""
    search_ = _Search(problem, incumbent)
    if len(search_.core.gains.site) > SMALL_CORE:
        return search_.run()
    search_.offer(search.first_plan(search_.core))
    return incumbent.over or search_.programme()


class _Search:
    """The state of a search: what is left to decide, and the prices on it."""

    def __init__(self, problem: Problem, incumbent: Incumbent) -> None:
        self.problem, self.incumbent = problem, incumbent
        self.draw = np.random.default_rng(SEED)
        self.core, self.constant, _ = problem.settled(problem.choice.keep, problem.choice.shut)

    def run(self) -> bool:
        """Greedy, prices, exchanges and reductions in turn; then a proof for the core that is left."""
        incumbent = self.incumbent
        plan = search.first_plan(self.core)
        pricing = Pricing(self.core)
        prices = pricing.start(plan)
        self.offer(plan)
        self.bounded(prices)
        for number, (steps, patience) in enumerate(ROUNDS, 1):
            if incumbent.over:
                return True
            if last := number == len(ROUNDS):
                self.polish(pricing, prices, self.likely(pricing, prices))
            until = perf_counter() + ROUND_SHARE * incumbent.left_s
            prices = pricing.lowered(
                prices,
                self.core.choice,
                self.goal(prices),
                steps=steps,
                patience=patience,
                until=until,
                hear=partial(self.heard, count=pricing.count),
            )
            self.bounded(prices)
            self.heard(prices, pricing.count)
            self.shake(None if last else TRIES * number)
            pricing, prices = self.reduce(pricing, prices)
        return incumbent.over or self.prove(pricing, prices)

    def heard(self, prices: Prices, count: int) -> None:
        """Take the plans to which prices point: the sites that they count, and those that they counted most often."""
        for opened in (prices.opened, _most_chosen(prices, count, self.core)):
            if self.core.choice.allows(opened) and not self.incumbent.over:
                self.offer(search.improved(self.core, search.grown(self.core, opened)))

    def offer(self, plan: Flags) -> bool:
        """Take a plan if it is allowed and better."""
        return self.problem.allows(plan) and self.incumbent.offer(plan, self.problem.value(plan))

    def bounded(self, prices: Prices) -> None:
        """Take the bound that prices give."""
        self.incumbent.limit(prices.bound + self.constant)

    def goal(self, prices: Prices) -> float:
        """What the core must be worth to better the best plan; a guess where there is none yet."""
        if self.incumbent.plan is None:
            return prices.bound - 0.1 * abs(prices.bound)
        return self.incumbent.better - self.constant

    def shake(self, tries: int | None = None) -> None:
        """Try plans near the best one: so many, or until nothing better has turned up for as long as it took so far.

        Counted in tries, not in seconds, so that every machine tries the same.
        """
        last = count = 0
        while self.incumbent.plan is not None and not self.incumbent.over:
            count += 1
            if count > (tries if tries is not None else IDLE + 2 * last):
                break
            other = search.shaken(self.core, self.incumbent.plan, self.draw)
            if self.offer(other):
                last = count
            elif self.problem.allows(other) and self.problem.value(other) == self.incumbent.value:
                self.incumbent.plan = other

    def reduce(self, pricing: Pricing, prices: Prices) -> tuple[Pricing, Prices]:
        """Settle the sites on which all better plans agree, and carry the prices over to what is left."""
        if self.incumbent.plan is not None:
            always, never = pricing.settles(prices, self.core.choice, self.goal(prices))
            if always.any() or never.any():
                core, constant, row = self.core.settled(always, never, prices.row, pricing.scale(prices.floor))
                self.core, self.constant = core, self.constant + constant
                pricing = Pricing(core)
                prices = pricing.judged(row, prices.limit, prices.floor, core.choice)
        self.bounded(prices)
        left, rows = int(self.core.choice.free.sum()), len(self.core.gains.weight)
        log.info("%d of %d sites and %d rows are left to decide; %s", left, self.core.m, rows, self.incumbent)
        return pricing, prices

    def likely(self, pricing: Pricing, prices: Prices) -> Flags:
        """The few sites of the highest value: among them the best plan is often the best of all, and soon proven so."""
        ranked = np.argsort(-np.where(self.core.choice.free, prices.value, -np.inf), kind="stable")
        few = np.zeros(self.core.m, bool)
        few[ranked[: FEW * min(pricing.count, self.core.m)]] = True
        return few

    def polish(self, pricing: Pricing, prices: Prices, few: Flags) -> None:
        """The best plan among a few sites (m,) and those of the best plan so far."""
        core = self.core
        if self.incumbent.plan is None or self.incumbent.over:
            return
        never = core.choice.free & ~(few | self.incumbent.plan)
        if not never.any():
            return
        small, constant, row = core.settled(np.zeros(core.m, bool), never, prices.row, pricing.scale(prices.floor))
        among = Incumbent(self.incumbent.left_s * POLISH_SHARE, self.incumbent.gap, self.incumbent.whole)
        among.offer(self.incumbent.plan, self.incumbent.value)
        branch_and_cut(small, row, self.constant + constant, self.problem, among)
        if among.plan is not None:
            self.offer(among.plan)

    def prove(self, pricing: Pricing, prices: Prices) -> bool:
        """Prove the best plan, or better it, with what is left of the time: small cores by the programme itself.

        Large ones by a tree as long as it closes the gap; where it does not, by regions, and then by the tree again.
        """
        core, incumbent = self.core, self.incumbent
        if len(core.gains.site) > SMALL_CORE and core.choice.free.any():
            tree = Tree(core, prices.row, self.constant, self.problem, incumbent)
            gap, closes = incumbent.bound - incumbent.value, True
            while closes and not (tree.done or incumbent.over):
                tree.run(TREE_SHARE * incumbent.left_s)
                closes = not incumbent.bound - incumbent.value > STALLED * gap
                gap = incumbent.bound - incumbent.value
            if not (tree.done or incumbent.over):
                root = pricing.judged(*tree.prices, core.choice)
                until = perf_counter() + PLAN_SHARE * incumbent.left_s
                replan_regions(pricing, root, self.problem, incumbent, self.constant, until)
                for wanted in bound_by_regions(pricing, root, tree.opened, incumbent, self.constant):
                    self.polish(pricing, root, wanted)
            return tree.run(incumbent.left_s)
        return self.programme()

    def programme(self) -> bool:
        """The core as the literature writes it, for the solver."""
        core, incumbent = self.core, self.incumbent

        def hear(plan: Flags | None, bound: float) -> None:
            if plan is not None:
                self.offer(plan)
            incumbent.limit(bound + self.constant)

        size = max(abs(incumbent.bound), 1.0) if np.isfinite(incumbent.bound) else 1.0
        ending = solver.solve(
            models.best_sites(core),
            time_limit_s=incumbent.left_s,
            gap=0.0,
            absolute_gap=max(incumbent.slack, 1 - 1e-6 if incumbent.whole else EXACT * size),
            warm_start=None if incumbent.plan is None else np.flatnonzero(incumbent.plan).tolist(),
            hear=hear,
        )
        incumbent.solvers.append(ending.solver)
        if not ending.feasible:
            return incumbent.nothing_better()
        hear(ending.open, ending.bound)
        return True


def _most_chosen(prices: Prices, count: int, core: Problem) -> Flags:
    """The kept sites and those that the last steps counted most often, as many as may open."""
    order = np.argsort(-np.where(core.choice.free, prices.chosen, -1), kind="stable")
    chosen = core.choice.keep.copy()
    chosen[order[: max(min(count, core.m) - int(core.choice.keep.sum()), 0)]] = True
    return chosen & ~core.choice.shut & (prices.chosen > 0)
