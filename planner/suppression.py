"""Which counts of people may be printed: none below a threshold, and none from which such a one could be computed."""

from collections.abc import Sequence

import numpy as np

from planner.network import Flags, Floats
from planner.tree import Tree


def small(counts: Floats, below: float) -> Flags:
    """The counts of somebody, but of fewer than `below`; nobody at all is no secret."""
    few: Flags = (counts > 0) & (counts < below)
    return few


def hide_people(tree: Tree, people: Sequence[Floats], *, below: float) -> tuple[Flags, ...]:
    """For each level the parts (m,) whose people are not printed. `people` are those of every level, see `add_up`."""
    return _hide(tree, [each[:, None] for each in people], [small(each, below) for each in people], below)


def hide_counts(
    tree: Tree,
    counts: Sequence[Floats],
    of: Sequence[Floats],
    *,
    below: float,
    hidden: Sequence[Flags] | None = None,
) -> tuple[Flags, ...]:
    """For each level the parts (m,) whose `counts` (m, k) are not printed: groups, or people served.

    The counts of a part are hidden together where one of them is small, or what it leaves of those it is a count `of`
    (m, k): of 20 people, 17 of one group tell the 3 of the other. So are those of parts that are `hidden` already.
    """
    few = []
    for level, (part, whole) in enumerate(zip(counts, of, strict=True)):
        telling = np.asarray((small(part, below) | small(whole - part, below)).any(axis=1))
        few.append(telling if hidden is None else telling | hidden[level])
    return _hide(tree, [np.hstack(pair) for pair in zip(of, counts, strict=True)], few, below)


def _hide(tree: Tree, counts: Sequence[Floats], few: Sequence[Flags], below: float) -> tuple[Flags, ...]:
    """Further parts hidden, level by level from above, so that no subtraction tells one.

    In a part that is printed, the hidden ones below it are at least two, and together nobody or `below` people and
    more in every column; in a part that is hidden, at least one is. Then no hidden count is fixed by the sums: it can
    rise by one where another falls, along the hidden parts up to a printed one and down again. The smallest part with
    people is hidden next (secondary suppression, Hundepool et al. 2012).
    """
    hidden = [flags.copy() for flags in few]
    above = np.zeros(1, bool)  # the city as a whole is printed
    for level, count, flags in zip(tree.levels, counts, hidden, strict=True):
        order = np.lexsort((np.arange(len(count)), count[:, 0], count[:, 0] == 0, level.parent))
        families = np.split(order, np.flatnonzero(np.diff(level.parent[order])) + 1) if len(order) else []
        for family in families:
            _complete(family, count, flags, bool(above[level.parent[family[0]]]), below)
        above = flags
    return tuple(hidden)


def _complete(family: np.ndarray, count: Floats, flags: Flags, parent_hidden: bool, below: float) -> None:
    """Hide further ones of a family, which is in the order to do so."""
    printed = iter(family[~flags[family]].tolist())
    while not _safe(count[family[flags[family]]], parent_hidden, below):
        following = next(printed, None)
        if following is None:
            return
        flags[following] = True


def _safe(secret: Floats, parent_hidden: bool, below: float) -> bool:
    if parent_hidden:
        return len(secret) > 0
    return not len(secret) or (len(secret) > 1 and not small(secret.sum(axis=0), below).any())
