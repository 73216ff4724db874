"""What of a question is left when some entries and modules are settled."""

from dataclasses import dataclass, replace

import numpy as np

from planner.network import Flags, Integers
from planner.optimise.capacity.models import CapacityQuestion
from planner.optimise.capacity.prices import Settled

ROUNDING = 1e-9


@dataclass(frozen=True)
class Part:
    """A question with fewer entries and modules, and where they were in the one asked."""

    question: CapacityQuestion
    entry: Integers
    module: Integers

    def without(self, entries: Flags, modules: Flags) -> "Part":
        """Less some entries and modules; and less what these leave without use: modules too small or too remote."""
        q = self.question
        by_size = np.argsort(q.module_site, kind="stable")
        inhabited = (q.weight > 0)[q.row] & ~entries
        reach = np.bincount(q.site[inhabited], weights=q.weight[q.row[inhabited]], minlength=q.m)
        least = q.least[q.module_site]
        useless = (q.module_capacity < least) | (reach[q.module_site] < least * (1 - 1e-12))
        modules = modules | useless | q.choice.shut[q.module_site]
        kept = by_size[~modules[by_size]]
        built = np.bincount(q.module_site[kept], minlength=q.m) > 0
        largest = np.zeros(q.m)
        np.maximum.at(largest, q.module_site[kept], q.module_capacity[kept])
        stay = inhabited & built[q.site]
        if q.single:
            stay &= q.weight[q.row] <= largest[q.site] * (1 + 1e-12)
        size = np.bincount(q.row[stay], minlength=q.n)[q.weight > 0]
        part = replace(
            q,
            weight=q.weight[q.weight > 0],
            indptr=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            site=q.site[stay],
            distance=q.distance[stay],
            module_site=q.module_site[kept],
            module_capacity=q.module_capacity[kept],
            module_cost=q.module_cost[kept],
            choice=q.choice.settled(np.zeros(q.m, bool), ~built & ~q.choice.keep),
        )
        return Part(part, self.entry[stay], self.module[kept])

    def keeping(self, site: int) -> "Part":
        """With a site that must open."""
        q = self.question
        always = np.arange(q.m) == site
        return replace(self, question=replace(q, choice=q.choice.settled(always, np.zeros(q.m, bool))))

    def within(self, settled: Settled, cost: float) -> "Part":
        """All plans in it that cost no more, as far as prices settle it."""
        cost += ROUNDING * max(1.0, abs(cost))
        less = self.without(settled.with_entry > cost, settled.with_module > cost)
        kept = less.question.choice.settled(settled.without_site > cost, np.zeros(self.question.m, bool))
        return replace(less, question=replace(less.question, choice=kept))
