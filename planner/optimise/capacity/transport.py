"""Who goes where when the modules are given and demand points may be parted: a transportation programme."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import ROOM, CapacityQuestion, people_at

NEAREST = 3  # open sites of each demand point with which a transportation programme begins
ALL_ASKED = 1000  # demand points up to which a transportation programme asks all of them
ASKED = 0.3  # share of more demand points that it asks at first
PENALTY = 10.0  # times the dearest person: what a person without a site costs a search that must serve everybody


@dataclass(frozen=True)
class Assignment:
    """Who goes where when the modules are given; what is not allowed costs a penalty and is counted."""

    opened: Flags  # (k,)
    share: Floats  # (entries,)
    cost: float  # objective with penalties
    price: Floats  # (n,)  what one person more would cost
    rent: Floats  # (m,)  what one place less at each site would cost; negative where the least load presses


def penalty(question: CapacityQuestion) -> float:
    """Metres that a person without a site, or missing from a least load, costs a search."""
    dearest = float(question.distance.max(initial=0.0)) + float(
        (question.fixed / np.maximum(question.module_capacity, 1e-9)).max(initial=0.0)
    )
    return PENALTY * max(dearest, 1.0)


def transport(question: CapacityQuestion, opened: Flags, rent: Floats | None = None) -> Assignment:
    """The cheapest assignment in parts: a transportation programme over the open sites, solved exactly.

    It starts with the sites nearest to each demand point once `rent` (m,) is added to the distances, and takes
    in pairs as long as any is worth it. Demand points whose nearest is nearest by far are sent there and asked only
    if the rents found speak against it, so that the ending is that of the whole programme. People may stay without
    a site and least loads unmet, at a penalty.
    """
    q = question
    most = people_at(q.module_site[opened], q.module_capacity[opened], q.m)
    sites = np.flatnonzero(q.sites(opened))
    number = np.full(q.m, -1)
    number[sites] = np.arange(len(sites))
    entries = np.flatnonzero(number[q.site] >= 0)
    row, column, distance = q.row[entries], number[q.site[entries]], q.distance[entries]
    owed = np.flatnonzero(q.least[sites] > 0)
    fine = penalty(q)
    without = fine if q.unserved_cost is None else q.unserved_cost
    hire = np.zeros(len(sites)) if rent is None else rent[sites]
    tolerance = 1e-9 * max(1.0, float(distance.max(initial=0.0)))
    first, second, own = two_smallest(row, distance + hire[column], q.n, without)
    sure = np.zeros(q.n, bool)
    if q.n > ALL_ASKED:
        sure = (own >= 0) & (second - first > np.quantile(second - first, ASKED))
    used = _nearest(row, distance + hire[column])
    while True:
        held = people_at(column[own[sure]], q.weight[sure], len(sites))
        crowded = held > most[sites]
        if crowded.any():
            sure[sure] = ~crowded[column[own[sure]]]
            continue
        asked = np.flatnonzero(~sure)
        at = np.flatnonzero(used & ~sure[row])
        rank = np.cumsum(~sure) - 1
        flow, told, hire = _transport(
            q.weight[asked],
            most[sites] - held,
            q.least[sites] - held,
            owed,
            rank[row[at]],
            column[at],
            distance[at],
            without,
            fine,
        )
        paid = distance + hire[column]
        price = np.zeros(q.n)
        price[asked] = told
        price[sure] = paid[own[sure]]
        wrong = (paid < price[row] - tolerance) & (sure[row] | ~used)
        unsure = sure & ((np.bincount(row[wrong], minlength=q.n) > 0) | (price > without + tolerance))
        if not wrong.any() and not unsure.any():
            break
        used |= wrong
        sure &= ~unsure
    flow = np.concatenate([flow, q.weight[sure]])
    at = np.concatenate([at, own[sure]])
    share = np.zeros(len(q.site))
    share[entries[at]] = flow / q.weight[row[at]]
    total = np.bincount(q.row, weights=share, minlength=q.n)
    share = np.where(share > 0, share / np.where(total > 1 - ROOM, total, 1.0)[q.row], 0.0)
    rents = np.zeros(q.m)
    rents[sites] = hire
    loads = q.loads(share)[sites]
    lack = float(np.maximum(q.least[sites] - loads, 0.0).sum())
    missed = float((q.weight * q.unserved(share)).sum())
    cost = float(q.fixed[opened].sum() + (q.weight[q.row] * q.distance * share).sum()) + without * missed + fine * lack
    return Assignment(opened, share, cost, price, rents)


def _transport(  # noqa: PLR0913, PLR0917
    weight: Floats,
    most: Floats,
    least: Floats,
    owed: Integers,
    row: Integers,
    column: Integers,
    distance: Floats,
    without: float,
    fine: float,
) -> tuple[Floats, Floats, Floats]:
    """People on each pair, price of each demand and rent of each site (capacity's less least load's)."""
    n, pairs, sites = len(weight), len(row), len(most)
    width = pairs + n + len(owed)
    if not width:
        return np.empty(0), np.empty(0), np.zeros(sites)
    cost = np.concatenate([distance, np.full(n, without), np.full(len(owed), fine)])
    serve = csr_array(
        (np.ones(pairs + n), (np.concatenate([row, np.arange(n)]), np.arange(pairs + n))), shape=(n, width)
    )
    place = np.full(sites, -1)
    place[owed] = np.arange(len(owed))
    owing = np.flatnonzero(place[column] >= 0)
    rows = np.concatenate([column, sites + place[column[owing]], sites + np.arange(len(owed))])
    columns = np.concatenate([np.arange(pairs), owing, pairs + n + np.arange(len(owed))])
    signs = np.concatenate([np.ones(pairs), -np.ones(len(owing) + len(owed))])
    room = csr_array((signs, (rows, columns)), shape=(sites + len(owed), width))
    found = linprog(
        cost,
        A_ub=room if room.shape[0] else None,
        b_ub=np.concatenate([most, -least[owed]]) if room.shape[0] else None,
        A_eq=serve,
        b_eq=weight,
        method="highs-ds",
    )
    dual = -found.ineqlin.marginals if room.shape[0] else np.empty(0)
    rent = dual[:sites].copy()
    rent[owed] -= dual[sites:]
    return np.maximum(found.x[:pairs], 0.0), found.eqlin.marginals, rent


def _nearest(row: Integers, distance: Floats) -> Flags:
    """The entries that are among the NEAREST of their row."""
    order = np.lexsort((distance, row))
    ranked = row[order]
    first = np.searchsorted(ranked, ranked)
    near = np.zeros(len(row), bool)
    near[order[np.arange(len(row)) - first < NEAREST]] = True
    return near


def two_smallest(row: Integers, value: Floats, n: int, ceiling: float) -> tuple[Floats, Floats, Integers]:
    """The smallest and second smallest of each row (n,), at most the ceiling, and the entry of the smallest or -1.

    Rows ascend.
    """
    first, second, entry = np.full(n, ceiling), np.full(n, ceiling), np.full(n, -1)
    if len(row):
        begins = np.flatnonzero(np.diff(row, prepend=-1) != 0)
        rows, group = row[begins], np.cumsum(np.diff(row, prepend=-1) != 0) - 1
        smallest = np.minimum.reduceat(value, begins)
        place = np.where(value == smallest[group], np.arange(len(value)), len(value))
        where = np.minimum.reduceat(place, begins)
        others = value.copy()
        others[where] = np.inf
        first[rows] = np.minimum(smallest, ceiling)
        second[rows] = np.minimum(np.minimum.reduceat(others, begins), ceiling)
        entry[rows] = np.where(smallest < ceiling, where, -1)
    return first, second, entry
