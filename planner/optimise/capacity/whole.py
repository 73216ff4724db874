"""The best load of a site when demand points go as a whole: knapsacks in whole numbers, exact on a grid of people."""

import numpy as np

from planner.network import Floats, Integers
from planner.optimise.capacity.models import ROOM, CapacityQuestion

GRID = 1000  # steps into which the largest capacity is parted, where people are not whole numbers or many


class WholeLoads:
    """For each site a table over its capacity: what the best set of whole demand points gains.

        v_k(u) = min Σ_i w_i (d_ij − u_i) x_ij   s.t. Σ_i ⌊w_i / g⌋ x_ij ≤ ⌊Q_k / g⌋,  x_ij ∈ {0, 1}

    With a grid g of one person and whole people it is exact; with a coarser grid people are rounded down, so that
    it stays a bound. Least loads are not asked, which is a bound too.

    Martello & Toth (1990), Knapsack problems: algorithms and computer implementations.
    """

    def __init__(self, question: CapacityQuestion) -> None:
        q = self.question = question
        self.order, self.start = q.by_site
        self.row = q.row[self.order]
        self.distance, self.people = q.distance[self.order], q.weight[self.row]
        largest = float(q.module_capacity.max(initial=1.0))
        whole = not (q.weight % 1).any() and largest <= GRID
        grid = 1.0 if whole else largest / GRID
        self.size = np.floor(self.people / grid * (1 + 1e-12)).astype(np.int64)
        self.room = np.floor(q.module_capacity * (1 + ROOM) / grid).astype(np.int64)
        self.first = np.searchsorted(q.module_site, np.arange(q.m + 1))
        self.tables: dict[int, list[Floats]] = {}
        self.items: dict[int, Integers] = {}

    def values(self, price: Floats) -> Floats:
        """(k,) the best gain of each module at prices u (n,); not above 0."""
        gain = self.people * (self.distance - price[self.row])
        self.gain = gain
        value = np.zeros(len(self.room))
        for j in range(self.question.m):
            ks = slice(self.first[j], self.first[j + 1])
            if ks.start == ks.stop:
                continue
            top = int(self.room[ks].max())
            items = np.arange(self.start[j], self.start[j + 1])
            items = items[(gain[items] < 0) & (self.size[items] <= top)]
            table = [np.zeros(top + 1)]
            for size, worth in zip(self.size[items].tolist(), gain[items].tolist(), strict=True):
                last = table[-1]
                after = last + worth if size == 0 else last.copy()
                if size:
                    np.minimum(last[size:], last[: top + 1 - size] + worth, out=after[size:])
                table.append(after)
            self.items[j], self.tables[j] = items, table
            value[ks] = table[-1][self.room[ks]]
        return value

    def served(self, k: int) -> Integers:
        """The demand points whom module k takes at the prices asked last."""
        j = int(self.question.module_site[k])
        table, items, left = self.tables[j], self.items[j], int(self.room[k])
        taken = []
        for t in range(len(items), 0, -1):
            if table[t][left] < table[t - 1][left]:
                taken.append(items[t - 1])
                left -= int(self.size[items[t - 1]])
        return self.row[np.array(taken, np.int64)]

    def forced(self, k: int) -> tuple[Integers, Floats]:
        """The entries of module k's site, and how much less at most it gains at the prices asked last with each."""
        j = int(self.question.module_site[k])
        at = np.arange(self.start[j], self.start[j + 1])
        table, left = self.tables[j][-1], int(self.room[k]) - self.size[at]
        with_it = np.where(left >= 0, self.gain[at] + table[np.maximum(left, 0)], np.inf)
        return self.order[at], np.maximum(with_it - table[int(self.room[k])], 0.0)

    @staticmethod
    def suits(question: CapacityQuestion, entries: int) -> bool:
        """Whether the tables are small enough to be made in every round."""
        return question.single and len(question.site) <= entries
