"""Smaller programmes with the same optimum. Each function says why the optimum is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.search import covered, improve

PATIENCE = (20, 40)  # rounds of prices without a better bound before the step is halved, in each pass
ROUNDS = 50  # of prices for each round of patience, at most; the step usually vanishes earlier
SMALLEST_STEP = 1e-4
WORTHWHILE = 1e-5  # share by which a bound must fall to count as better
SEARCH_EVERY = 30  # rounds: the best priced sites make a good start for a plan


def merge_identical_rows(
    weight: Floats, indptr: Integers, site: Integers
) -> tuple[Floats, Integers, Integers, Integers]:
    """The same people in fewer rows: (weight, indptr, site, row_of), where row_of (n,) is -1 for dropped rows.

    Rows covered by the same sites are covered together in every plan, so one row with the sum of their
    weights counts the same people. Rows without a site or without people count nobody in any plan.
    Sites must ascend within a row. Rows are told apart by a sum of random marks of their sites; rows that
    share a sum but not the sites stay apart, so that a coincidence costs speed and never people.
    """
    n = len(weight)
    mark = np.random.default_rng(0).integers(2**64, size=int(site.max(initial=-1)) + 1, dtype=np.uint64)
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mark[site], dtype=np.uint64)])
    _, like, group = np.unique(total[indptr[1:]] - total[indptr[:-1]], return_index=True, return_inverse=True)
    like = like[group]
    like = np.where(_same_sites(indptr, site, like), like, np.arange(n))

    weights = np.bincount(like, weights=weight, minlength=n)
    kept = (like == np.arange(n)) & (np.diff(indptr) > 0) & (weights > 0)
    row_of = np.where(kept, np.cumsum(kept) - 1, -1)[like]
    return weights[kept], *_rows(indptr, site, np.repeat(kept, np.diff(indptr)), kept), row_of


def without_sites(indptr: Integers, site: Integers, shut: Flags) -> tuple[Integers, Integers]:
    """The rows (indptr, site) without the sites marked in `shut` (m,), which cover nobody when they stay shut."""
    return _rows(indptr, site, ~shut[site], np.ones(len(indptr) - 1, bool))


@dataclass(frozen=True)
class Core:
    """What is left to decide: fewer rows, fewer sites, and what is known about every plan."""

    weight: Floats  # (rows,)
    indptr: Integers  # (rows+1,)
    site: Integers  # (entries,)
    always: Flags  # (m,)  sites in every plan as good as `plan`
    never: Flags  # (m,)  sites in no plan as good as `plan`
    plan: Flags  # (m,)  the best plan met on the way
    bound: float  # no plan covers more people


def core_of(
    weight: Floats,
    indptr: Integers,
    site: Integers,
    m: int,
    p: int,
    keep: Sequence[int] = (),
    forbid: Sequence[int] = (),
) -> Core:
    """The programme without the rows and sites about which there is nothing to decide.

    Rows are merged, then sites settled, twice: the second time on what the first left, with more patience.
    Every plan as good as the best is still in the core, and covers there as many people as before.
    """
    rows = merge_identical_rows(weight, indptr, site)[:3]
    plan = improve(*rows, m, p, keep, forbid)
    core = Core(*rows, np.isin(np.arange(m), keep), np.isin(np.arange(m), forbid), plan, np.inf)
    for patience in PATIENCE:
        core = settle_sites(core, p, patience)
    return core


def settle_sites(core: Core, p: int, patience: int) -> Core:
    """A smaller core: a better bound, perhaps a better plan, and the sites that these settle.

    Let a site be paid a price 0 ≤ u_i ≤ w_i for each row i that it covers, also when others cover it too.
    Then Σ_i w_i z_i ≤ Σ_i (w_i − u_i) + Σ_j v_j y_j with v_j = Σ_{i: j ∈ N_i} u_i, because z_i ≤ 1 and
    z_i ≤ Σ_{j ∈ N_i} y_j; and no plan collects more than the p highest v:

        L(u) = Σ_i (w_i − u_i) + the p highest v_j        bounds every plan, for every u.

    A plan with a site j below the p-th highest is worth at most L − v_(p) + v_j, one without a site j of
    the highest at most L − v_j + v_(p+1). Where that is less than a known plan covers, j is never, or
    always, in a plan as good: settling it keeps every optimum. u is found by subgradient steps.

    Galvão & ReVelle (1996), A Lagrangean heuristic for the maximal covering location problem.
    """
    weight, indptr, site = core.weight, core.indptr, core.site
    free, places = ~(core.always | core.never), p - int(core.always.sum())
    bounds = (np.flatnonzero(core.always).tolist(), np.flatnonzero(core.never).tolist())
    covers = csr_array((np.ones(len(site)), site, indptr), shape=(len(weight), len(free)))
    serves = covers.T.tocsr()
    plan, people = core.plan, covered(weight, indptr, site, core.plan)
    rounding = 1e-9 * max(1.0, float(weight.sum()))

    price = weight / np.maximum(covers @ plan.astype(float), 1)
    bound, best_price, step, idle = np.inf, price, 1.0, 0
    for turn in range(1, ROUNDS * patience + 1):
        value = serves @ price
        opened = core.always | _highest(value, free, places)
        here = float((weight - price).sum() + value[opened].sum())
        idle = 0 if here < bound * (1 - WORTHWHILE) else idle + 1
        if here < bound:
            bound, best_price = here, price
        if turn % SEARCH_EVERY == 0:
            other = improve(weight, indptr, site, len(free), p, *bounds, start=np.flatnonzero(opened).tolist())
            if (other_people := covered(weight, indptr, site, other)) > people:
                plan, people = other, other_people
        if step < SMALLEST_STEP or bound - people <= rounding:
            break
        if idle >= patience:
            price, step, idle = best_price, step / 2, 0
            continue
        slope = covers @ opened.astype(float) - 1
        slope[((price <= 0) & (slope > 0)) | ((price >= weight) & (slope < 0))] = 0
        if not slope.any():
            break
        price = np.clip(price - step * (here - people) / (weight * slope**2).sum() * weight * slope, 0, weight)

    value = serves @ best_price
    high = _highest(value, free, places)
    lowest_high = value[high].min(initial=np.inf)
    highest_low = value[free & ~high].max(initial=0.0)
    worse = people - rounding
    always = core.always | (high & (bound - value + highest_low < worse))
    never = core.never | (free & ~high & (bound - lowest_high + value < worse))
    rows = merge_identical_rows(weight, *without_sites(indptr, site, never))[:3]
    return Core(*rows, always, never, plan, min(core.bound, bound))


def _highest(value: Floats, free: Flags, places: int) -> Flags:
    """(m,) the free sites of the highest values, as many as there are places; of equals the first."""
    ranked = np.flatnonzero(free)
    ranked = ranked[np.argsort(-value[ranked], kind="stable")]
    return np.isin(np.arange(len(value)), ranked[:places])


def _same_sites(indptr: Integers, site: Integers, like: Integers) -> Flags:
    """(n,) whether each row has the same sites as the row that `like` names for it."""
    size = np.diff(indptr)
    same: Flags = size == size[like]
    checked = np.where(same, size, 0)
    row = np.repeat(np.arange(len(size)), checked)
    step = np.arange(len(row)) - np.repeat(np.cumsum(checked) - checked, checked)
    same[row[site[indptr[row] + step] != site[indptr[like[row]] + step]]] = False
    return same


def _rows(indptr: Integers, site: Integers, entries: Flags, rows: Flags) -> tuple[Integers, Integers]:
    """(indptr, site) of some entries and some rows."""
    before = np.concatenate([[0], np.cumsum(entries)])
    size = np.diff(before[indptr])[rows]
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int64), site[entries]
