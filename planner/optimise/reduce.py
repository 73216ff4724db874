"""Smaller programmes with the same optimum. Each function says why the optimum is kept."""

import numpy as np

from planner.network import Flags, Floats, Integers


def identical_rows(indptr: Integers, site: Integers, m: int, *, marks: Floats | None = None) -> Integers:
    """(n,) the first row with the same sites as each row, and the same `marks` (entries,) on them; perhaps itself.

    Sites stand in one order within all rows. Rows are told apart by a sum of random marks; rows that share a
    sum but not the sites stay apart, so that a coincidence costs speed and never people.
    """
    stamp = (np.random.default_rng(0).integers(2**63, size=m + 1, dtype=np.uint64) | np.uint64(1))[site]
    if marks is not None:
        stamp = stamp * (marks.view(np.uint64) | np.uint64(1))
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(stamp, dtype=np.uint64)])
    _, like, group = np.unique(total[indptr[1:]] - total[indptr[:-1]], return_index=True, return_inverse=True)
    like = like[group]
    return np.where(_same(indptr, site, marks, like), like, np.arange(len(like)))


def merge_identical_rows(
    weight: Floats, indptr: Integers, site: Integers
) -> tuple[Floats, Integers, Integers, Integers]:
    """The same people in fewer rows: (weight, indptr, site, row_of), where row_of (n,) is -1 for dropped rows.

    Rows covered by the same sites are covered together in every plan, so one row with the sum of their
    weights counts the same people. Rows without a site or without people count nobody in any plan.
    Sites must ascend within a row.
    """
    like = identical_rows(indptr, site, int(site.max(initial=-1)) + 1)
    weights = np.bincount(like, weights=weight, minlength=len(weight))
    kept = (like == np.arange(len(like))) & (np.diff(indptr) > 0) & (weights > 0)
    row_of = np.where(kept, np.cumsum(kept) - 1, -1)[like]
    return weights[kept], *whole_rows(indptr, site, kept), row_of


def without_sites(indptr: Integers, site: Integers, shut: Flags) -> tuple[Integers, Integers]:
    """The rows (indptr, site) without the sites marked in `shut` (m,), which cover nobody when they stay shut."""
    return some_rows(indptr, site, ~shut[site], np.ones(len(indptr) - 1, bool))


def some_rows(indptr: Integers, site: Integers, entries: Flags, rows: Flags) -> tuple[Integers, Integers]:
    """(indptr, site) of some entries and some rows."""
    before = np.concatenate([[0], np.cumsum(entries)])
    size = np.diff(before[indptr])[rows]
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int64), site[entries]


def whole_rows(indptr: Integers, site: Integers, rows: Flags) -> tuple[Integers, Integers]:
    """(indptr, site) of the marked rows."""
    return some_rows(indptr, site, np.repeat(rows, np.diff(indptr)), rows)


def _same(indptr: Integers, site: Integers, marks: Floats | None, like: Integers) -> Flags:
    """(n,) whether each row has the same sites and marks as the row that `like` names for it."""
    size = np.diff(indptr)
    same: Flags = size == size[like]
    checked = np.where(same & (like != np.arange(len(size))), size, 0)
    row = np.repeat(np.arange(len(size)), checked)
    step = np.arange(len(row)) - np.repeat(np.cumsum(checked) - checked, checked)
    mine, other = indptr[row] + step, indptr[like[row]] + step
    differs = site[mine] != site[other]
    if marks is not None:
        differs |= marks[mine] != marks[other]
    same[row[differs]] = False
    return same
