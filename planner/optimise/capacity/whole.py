"""The best load of a site when demand points go as a whole: knapsacks in whole numbers, exact on a grid of people."""

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise._kernels import whole_load, whole_loads
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
        self.top = np.zeros(q.m, np.int64)
        np.maximum.at(self.top, q.module_site, self.room)
        self.taken = np.empty((len(self.row), int(self.top.max(initial=0)) + 1), np.bool_)

    def values(self, price: Floats) -> Floats:
        """(k,) the best gain of each module at prices u (n,); not above 0."""
        self.gain = self.people * (self.distance - price[self.row])
        self.table: Floats = whole_loads(self.start, self.size, self.gain, self.top, self.taken)
        values: Floats = self.table[self.question.module_site, self.room]
        return values

    def served(self, k: int) -> Integers:
        """The demand points whom module k takes at the prices asked last."""
        j = int(self.question.module_site[k])
        start, end = int(self.start[j]), int(self.start[j + 1])
        chosen: Flags = whole_load(start, end, self.size, self.gain, self.top[j], self.taken, self.room[k])
        return self.row[start:end][chosen]

    def forced(self, k: int) -> tuple[Integers, Floats]:
        """The entries of module k's site, and how much less at most it gains at the prices asked last with each."""
        j = int(self.question.module_site[k])
        at = np.arange(self.start[j], self.start[j + 1])
        table, left = self.table[j], int(self.room[k]) - self.size[at]
        with_it = np.where(left >= 0, self.gain[at] + table[np.maximum(left, 0)], np.inf)
        return self.order[at], np.maximum(with_it - table[int(self.room[k])], 0.0)
