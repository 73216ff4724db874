"""Smaller covering questions with the same optimum. Each step says why the optimum is kept, and when it may not be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice
from planner.optimise.reduce import merge_identical_rows, whole_rows, without_sites

PAIRS_AT_ONCE = 2_000_000  # of sets that are held against each other: some 100 MB
WORDS = 2  # of 64 bits in a set's signature


@dataclass(frozen=True)
class Covering:
    """Rows that must each have an open site, and what sites cost. Sites keep their positions when it gets smaller."""

    indptr: Integers  # (n+1,)
    site: Integers  # (entries,)  ascending within a row
    cost: Floats  # (m,)  never negative
    choice: Choice  # of m sites

    @property
    def n(self) -> int:
        """How many rows are left to cover."""
        return len(self.indptr) - 1

    @property
    def fixed_cost(self) -> float:
        """What the kept sites cost."""
        return float(self.cost[self.choice.keep].sum())

    def covers(self) -> csr_array:
        """(n, m) a one where a site covers a row."""
        return csr_array((np.ones(len(self.site)), self.site, self.indptr), shape=(self.n, self.choice.m))

    def covered_by(self, plan: Flags) -> bool:
        """Whether a plan (m,) covers every row."""
        return bool((times_covered(self.indptr, plan[self.site]) > 0).all())

    def worth(self, plan: Flags) -> float:
        """Minus what a plan (m,) costs."""
        return -float(self.cost[plan].sum())


def reduce_covering(covering: Covering) -> Covering | None:
    """The rows and sites about which there is something to decide; None where no plan can exist.

    In turn, until nothing changes:

    - shut sites leave the rows: they cover nobody. A row left without a site cannot be covered: no plan;
    - a row with a kept site goes: every plan covers it;
    - of identical rows one stays: they are covered together;
    - a row that contains all sites of another goes: whoever covers the other covers it;
    - the only site of a row is kept: every plan has it;
    - dominated sites are shut, see `dominated_sites`; limits restrict this step, and no other;
    - a free site without a row is shut, where every limit would let it go: leaving it out is never dearer.
    """
    while True:
        choice = covering.choice
        if (choice.keep & choice.shut).any():
            return None
        indptr, site = without_sites(covering.indptr, covering.site, choice.shut)
        if (np.diff(indptr) == 0).any():
            return None
        indptr, site = whole_rows(indptr, site, times_covered(indptr, choice.keep[site]) == 0)
        _, indptr, site, _ = merge_identical_rows(np.ones(len(indptr) - 1), indptr, site)
        indptr, site = whole_rows(indptr, site, ~implied_rows(indptr, site, choice.m))
        forced = np.zeros(choice.m, bool)
        forced[site[indptr[:-1][np.diff(indptr) == 1]]] = True
        smaller = replace(covering, indptr=indptr, site=site, choice=choice.settled(forced, np.zeros(choice.m, bool)))
        never = dominated_sites(smaller)
        smaller = replace(smaller, choice=smaller.choice.settled(np.zeros(choice.m, bool), never))
        if not (forced | never).any():
            return smaller
        covering = smaller


def implied_rows(indptr: Integers, site: Integers, m: int) -> Flags:
    """(n,) the rows that contain all sites of another row; of equal rows all but the first."""
    size = np.diff(indptr)

    def implied(small: Integers, large: Integers) -> Flags:
        return (size[small] < size[large]) | (small < large)

    return _gone(indptr, site, m, implied, large_goes=True)


def dominated_sites(covering: Covering) -> Flags:
    """(m,) the free sites that another one can always stand in for.

    Site k dominates j where it covers all that j covers, c_k ≤ c_j, and in every limit, written as
    Σ_j a_j y_j ≤ b, 0 ≤ a_j and a_k ≤ a_j: a plan with j stays allowed and is not dearer when k takes
    the place of j, or when j is left out because k is open. Not used where 0 ≤ a_j fails: a limit then
    asks for at least so many, and may want both. Of sites alike in everything the first stays.
    """
    choice = covering.choice
    amount = np.concatenate([covering.cost[None], one_sided(choice)[0].toarray()])  # (1+limits, m)
    droppable = choice.free & (amount >= 0).all(axis=0)
    serves = covering.covers().T.tocsr()
    indptr, row = serves.indptr.astype(np.int64), serves.indices.astype(np.int64)
    rows = np.diff(indptr)
    useless = droppable & (rows == 0)

    def dominated(small: Integers, large: Integers) -> Flags:
        mine, theirs = amount[:, small], amount[:, large]
        better = (theirs < mine).any(axis=0) | (rows[small] < rows[large]) | (large < small)
        may: Flags = droppable[small] & choice.free[large] & (theirs <= mine).all(axis=0) & better
        return may

    dominates = _gone(indptr, row, covering.n, dominated, large_goes=False)
    return np.asarray(useless | dominates)


def one_sided(choice: Choice) -> tuple[csr_array, Floats]:
    """The limits as rows a (k, m) and b (k,) with a y ≤ b, both ends of each that are finite."""
    rows, least, most = choice.matrix
    up, down = np.flatnonzero(np.isfinite(most)), np.flatnonzero(np.isfinite(least))
    matrix = csr_array(np.concatenate([rows[up].toarray(), -rows[down].toarray()]).reshape(-1, choice.m))
    return matrix, np.concatenate([most[up], -least[down]])


def _gone(
    indptr: Integers, item: Integers, universe: int, goes: Callable[[Integers, Integers], Flags], *, large_goes: bool
) -> Flags:
    """(sets,) the sets that go because another one, still there, contains them or is contained in them.

    A set's containers are looked for only among the sets that share its rarest item. A signature, one bit
    an item, refuses most pairs; the rest are held against each other item by item. `goes(small, large)`
    must be a strict order, so that a chain of containments ends in a set that stays.
    """
    sets, size = len(indptr) - 1, np.diff(indptr)
    gone = np.zeros(sets, bool)
    if not len(item):
        return gone
    owner = np.repeat(np.arange(sets), size)
    holders = np.bincount(item, minlength=universe)
    by_item = owner[np.argsort(item, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(holders)])
    signature = _signatures(indptr, item, universe)
    key = owner * universe + item
    full = np.flatnonzero(size > 0)
    rarest = np.zeros(sets, np.int64)
    rarest[full] = item[_first_lowest(holders[item], indptr[full], owner)]

    for chunk in _chunks(full[np.argsort(size[full], kind="stable")], holders[rarest]):
        smalls = chunk[~gone[chunk]]
        small = np.repeat(smalls, holders[rarest[smalls]])
        large = by_item[ranges(starts[rarest[smalls]], holders[rarest[smalls]])]
        near = (small != large) & (size[small] <= size[large]) & ~gone[large]
        small, large = small[near], large[near]
        for word in signature:
            inside = (word[small] & ~word[large]) == 0
            small, large = small[inside], large[inside]
        near = goes(small, large)
        small, large = small[near], large[near]
        leaving = large if large_goes else small
        order = np.argsort(leaving, kind="stable")
        small, large, leaving = small[order], large[order], leaving[order]
        while len(leaving):  # one witness for each set at a time, most need no second
            first = np.concatenate([[True], leaving[1:] != leaving[:-1]])
            proven = _inside(indptr, item, key, universe, small[first], large[first])
            gone[leaving[first][proven]] = True
            rest = ~first & ~gone[leaving]
            small, large, leaving = small[rest], large[rest], leaving[rest]
    return gone


def _inside(indptr: Integers, item: Integers, key: Integers, universe: int, small: Integers, large: Integers) -> Flags:
    """(pairs,) whether every item of the small set is in the large one."""
    size = np.diff(indptr)[small]
    wanted = np.repeat(large, size) * universe + item[ranges(indptr[small], size)]
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    missing = np.concatenate([[0], np.cumsum(key[at] != wanted)])
    stop = np.cumsum(size)
    found: Flags = missing[stop] == missing[stop - size]
    return found


def _signatures(indptr: Integers, item: Integers, universe: int) -> list[Integers]:
    """For each word (sets,) the bits of a set's items."""
    draw = np.random.default_rng(0)
    words = []
    for _ in range(WORDS):
        bits = np.left_shift(1, draw.integers(0, 63, universe))[item]
        words.append(np.bitwise_or.reduceat(np.append(bits, 0), indptr[:-1]) * (np.diff(indptr) > 0))
    return words


def _first_lowest(value: Integers, start: Integers, owner: Integers) -> Integers:
    """For each stretch of entries that starts at `start` the entry of the lowest value."""
    order = np.lexsort((np.arange(len(value)), value, owner))
    return order[start]


def _chunks(order: Integers, pairs: Integers) -> Iterator[Integers]:
    """The sets in order, cut where the pairs to be looked at grow too many."""
    part = np.cumsum(pairs[order]) // PAIRS_AT_ONCE
    yield from np.split(order, np.flatnonzero(np.diff(part)) + 1)


def ranges(start: Integers, count: Integers) -> Integers:
    """start, start + 1, … for `count` each, one after another."""
    offset = np.cumsum(count) - count
    return np.repeat(start - offset, count) + np.arange(int(count.sum()))


def times_covered(indptr: Integers, entry: Flags) -> Integers:
    """(n,) how many entries of each row are marked."""
    return np.diff(np.concatenate([[0], np.cumsum(entry)])[indptr])
