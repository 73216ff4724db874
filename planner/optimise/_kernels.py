"""Compiled passes over sparse rows: what sites add, swap and are worth. Plain arrays in, plain arrays out.

A row holds the sites that serve it, the largest gain first. `indptr`, `site` and `gain` are rows; `start`,
`row` and `worth` the same entries site by site. All loops run in a fixed order on one thread.
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def by_site(indptr: Any, site: Any, gain: Any, m: Any) -> Any:
    """The entries site by site: `start` (m+1,), `row` and `worth` (entries,), rows ascending."""
    start = np.zeros(m + 1, np.int64)
    for j in site:
        start[j + 1] += 1
    start = np.cumsum(start)
    at = start[:-1].copy()
    row, worth = np.empty(len(site), np.int32), np.empty(len(site))
    for i in range(len(indptr) - 1):
        for e in range(indptr[i], indptr[i + 1]):
            j = site[e]
            row[at[j]], worth[at[j]] = i, gain[e]
            at[j] += 1
    return start, row, worth


@njit(cache=True)
def best_gains(indptr: Any, site: Any, gain: Any, opened: Any) -> Any:
    """(n,) what each row gains from its best open site."""
    best = np.zeros(len(indptr) - 1)
    for i in range(len(best)):
        for e in range(indptr[i], indptr[i + 1]):
            if opened[site[e]]:
                best[i] = gain[e]
                break
    return best


@njit(cache=True)
def next_best(start: Any, row: Any, worth: Any, best: Any, upper: Any, price: Any, allowed: Any) -> Any:
    """The allowed site that adds most a price unit, of equals the first; -1 where none adds anything.

    `upper` (m,) bounds what each site adds beside `best` (n,), and is tightened: as a plan grows no site
    adds more than before, so only the highest need be counted again.
    """
    while True:
        which, most = -1, 0.0
        for j in range(len(upper)):
            if allowed[j] and upper[j] > most * price[j] and upper[j] > 0:
                which, most = j, upper[j] / price[j]
        if which < 0:
            return -1
        adds = 0.0
        for e in range(start[which], start[which + 1]):
            more = worth[e] - best[row[e]]
            if more > 0:
                adds += more
        if adds == upper[which]:
            return which
        upper[which] = adds


@njit(cache=True)
def exchanges(indptr: Any, site: Any, gain: Any, slot: Any, slots: Any) -> Any:  # noqa: C901  (one pass)
    """What every exchange of one open site changes: adds (m,), lost (slots,), spared (m, slots).

    Opening j and closing the site in slot r changes the total by adds[j] − lost[r] + spared[j, r].
    `slot` (m,) numbers the open sites and is -1 for the others.
    """
    m = len(slot)
    adds, lost, spared = np.zeros(m), np.zeros(slots), np.zeros((m, slots))
    for i in range(len(indptr) - 1):
        first, second, holder = 0.0, 0.0, -1
        for e in range(indptr[i], indptr[i + 1]):
            r = slot[site[e]]
            if r >= 0:
                if holder < 0:
                    first, holder = gain[e], r
                else:
                    second = gain[e]
                    break
        if holder >= 0:
            lost[holder] += first - second
        for e in range(indptr[i], indptr[i + 1]):
            g = gain[e]
            if g <= second:
                break
            j = site[e]
            if slot[j] >= 0:
                continue
            if g > first:
                adds[j] += g - first
                if holder >= 0:
                    spared[j, holder] += first - second
            else:
                spared[j, holder] += g - second
    return adds, lost, spared


@njit(cache=True)
def kept_limits(indptr: Any, limit: Any, amount: Any, least: Any, most: Any, spent: Any, opened: Any) -> Any:
    """(m, open) whether every limit holds once a site takes the place of an open one; `spent` (k,) is today's.

    `indptr` (m+1,), `limit` and `amount` (entries,) are the limits site by site.
    """
    m = len(indptr) - 1
    kept = np.ones((m, len(opened)), np.bool_)
    for r in range(len(opened)):
        leaves, left = opened[r], spent.copy()
        for e in range(indptr[leaves], indptr[leaves + 1]):
            left[limit[e]] -= amount[e]
        broken = ((left < least) | (left > most)).sum()
        for j in range(m):
            mended = 0
            for e in range(indptr[j], indptr[j + 1]):
                k = limit[e]
                if not least[k] <= left[k] + amount[e] <= most[k]:
                    kept[j, r] = False
                    break
                mended += left[k] < least[k] or left[k] > most[k]
            kept[j, r] &= mended == broken
    return kept


@njit(cache=True)
def site_values(indptr: Any, site: Any, gain: Any, part: Any, scale: Any, price: Any, m: Any) -> Any:
    """(m,) v_j = Σ_i (scale_i g_ij − price_i)⁺: what each site is worth beyond the prices of its rows."""
    value = np.zeros(m)
    for i in range(len(price)):
        times, own = scale[part[i]], price[i]
        for e in range(indptr[i], indptr[i + 1]):
            more = times * gain[e] - own
            if more <= 0:
                break
            value[site[e]] += more
    return value


@njit(cache=True)
def slopes(indptr: Any, site: Any, gain: Any, part: Any, scale: Any, price: Any, opened: Any, slope: Any) -> Any:
    """Fills slope (n,) = 1 − how many open sites a row takes at its price; returns (parts,) what these add up to."""
    taken = np.zeros(len(scale))
    for i in range(len(price)):
        times, own, count = scale[part[i]], price[i], 0
        for e in range(indptr[i], indptr[i + 1]):
            if times * gain[e] <= own:
                break
            if opened[site[e]]:
                count += 1
                taken[part[i]] += gain[e]
        slope[i] = 1.0 - count
    return taken


@njit(cache=True)
def sort_rows(indptr: Any, site: Any, worth: Any) -> None:
    """Each row in place, the largest worth first; of equals in the order given."""
    for i in range(len(indptr) - 1):
        a, b = indptr[i], indptr[i + 1]
        falls = True
        for e in range(a + 1, b):
            if worth[e] > worth[e - 1]:
                falls = False
                break
        if not falls:
            order = np.argsort(-worth[a:b], kind="mergesort")
            site[a:b] = site[a:b][order]
            worth[a:b] = worth[a:b][order]


@njit(cache=True)
def critical_prices(indptr: Any, site: Any, gain: Any, opened: Any, price: Any, reached: Any) -> None:
    """Fills the prices (n,) of the tightest cuts at fractions `opened` (m,) of sites, and what the rows gain there.

    The price of a row is the gain at which the open fractions, the best first, add up to one site.
    """
    for i in range(len(price)):
        left, total, critical = 1.0, 0.0, 0.0
        for e in range(indptr[i], indptr[i + 1]):
            share = opened[site[e]]
            if share >= left:
                critical = gain[e]
                total += left * critical
                break
            left -= share
            total += share * gain[e]
        price[i], reached[i] = critical, total


@njit(cache=True)
def cut_values(indptr: Any, site: Any, gain: Any, district: Any, price: Any, wanted: Any, cuts: Any, m: Any) -> Any:
    """(cuts, m) what each site is worth beyond its rows' prices in each district that `wanted` numbers."""
    value = np.zeros((cuts, m))
    for i in range(len(price)):
        d = wanted[district[i]]
        if d >= 0:
            for e in range(indptr[i], indptr[i + 1]):
                more = gain[e] - price[i]
                if more <= 0:
                    break
                value[d, site[e]] += more
    return value


# ── a walk among covers ───────────────────────────────────────────────────────────────────────────


@njit(cache=True)
def turn(j: Any, side: Any, rows: Any, serves: Any, choice: Any, tally: Any, bare: Any) -> None:
    """Open (side 1) or close (side −1) site j: how often rows are covered, what each site would alter, what is bare."""
    indptr, site = rows
    start, row = serves
    cost, _, _, amount = choice
    plan, times, sum_open, weight, score, room, spent = tally
    listed, place, count = bare
    score[j] = 0.0
    for e in range(start[j], start[j + 1]):
        i = row[e]
        before = times[i]
        times[i] += side
        sum_open[i] += side * j
        if before == (0 if side == 1 else 1):  # nobody covered the row before, or nobody does now
            score[j] += weight[i]
            for at in range(indptr[i], indptr[i + 1]):
                if site[at] != j:
                    score[site[at]] -= side * weight[i]
            if side == 1:
                last = listed[count[0] - 1]
                listed[place[i]], place[last] = last, place[i]
                count[0] -= 1
            else:
                listed[count[0]], place[i] = i, count[0]
                count[0] += 1
        elif before == (1 if side == 1 else 2):
            only = sum_open[i] - j if side == 1 else sum_open[i]
            score[only] -= side * weight[i]
    plan[j] = side == 1
    spent[0] += side * cost[j]
    for k in range(len(room)):
        room[k] -= side * amount[k, j]


@njit(cache=True)
def _fits(j: Any, side: Any, amount: Any, room: Any) -> Any:
    """Whether the limits let site j open (side 1) or close (side −1)."""
    for k in range(len(room)):
        change = side * amount[k, j]
        if change > room[k] and change > 0:
            return False
    return True


@njit(cache=True)
def drop_superfluous(rows: Any, serves: Any, choice: Any, tally: Any, bare: Any) -> None:
    """Close the sites, the dearest first, that leave no row bare and that the limits do not ask for."""
    cost, _, free, amount = choice
    plan, _, _, _, score, room, _ = tally
    while True:
        idle = -1
        for j in range(len(plan)):
            needless = plan[j] and free[j] and score[j] <= 0 and _fits(j, -1, amount, room)
            if needless and (idle < 0 or cost[j] > cost[idle]):
                idle = j
        if idle < 0:
            return
        turn(idle, -1, rows, serves, choice, tally, bare)


@njit(cache=True)
def _stir(j: Any, rows: Any, serves: Any, changed: Any) -> None:
    """Note that the surroundings of site j changed."""
    for e in range(serves[0][j], serves[0][j + 1]):
        i = serves[1][e]
        for at in range(rows[0][i], rows[0][i + 1]):
            changed[rows[1][at]] = True


@njit(cache=True)
def _close_least(rows: Any, serves: Any, choice: Any, tally: Any, bare: Any, memory: Any) -> Any:
    """Close the site, but the one opened last, that is missed least for its cost; of equals the longest unmoved."""
    _, dear, free, amount = choice
    plan, _, _, _, score, room, _ = tally
    moved, changed, count = memory
    which, least = -1, np.inf
    for j in range(len(plan)):
        if plan[j] and free[j] and j != count[1] and _fits(j, -1, amount, room):
            loss = score[j] / dear[j]
            if loss < least or (loss == least and moved[j] < moved[which]):
                which, least = j, loss
    if which >= 0:
        turn(which, -1, rows, serves, choice, tally, bare)
        moved[which] = count[0]
        _stir(which, rows, serves, changed)
        changed[which] = False
    return which


@njit(cache=True)
def walk_covers(  # noqa: C901  (one walk)
    rows: Any, serves: Any, choice: Any, tally: Any, bare: Any, memory: Any, goal: Any, seed: Any
) -> Any:
    """Walk on by exchanges: 1 at a cover cheaper than the goal, −1 where no site may be closed, 0 after so many steps.

    `rows` (indptr, site) and `serves` (start, row) are the same entries; `choice` (cost, dear, free, amount);
    `tally` (plan, times, sum_open, weight, score, room, spent) the state of a plan; `bare` (listed, place, count)
    its rows without a site; `memory` (moved, changed, (step, opened last)) of the walk; `goal` (cost, steps);
    `seed` (1,) draws.
    """
    best, steps = goal
    cost, dear, free, amount = choice
    plan, _, _, weight, score, room, spent = tally
    listed, _, count = bare
    moved, changed, at_step = memory
    for _ in range(steps):
        at_step[0] += 1
        while count[0] == 0:
            drop_superfluous(rows, serves, choice, tally, bare)
            if spent[0] < best:
                return 1
            if _close_least(rows, serves, choice, tally, bare, memory) < 0:
                return -1
        if _close_least(rows, serves, choice, tally, bare, memory) < 0:
            return -1
        seed[0] = seed[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        i = listed[np.int64((seed[0] >> np.uint64(33)) % np.uint64(count[0]))]
        which, most = -1, -np.inf
        for at in range(rows[0][i], rows[0][i + 1]):
            j = rows[1][at]
            if free[j] and changed[j] and not plan[j] and spent[0] + cost[j] < best and _fits(j, 1, amount, room):
                gain = score[j] / dear[j]
                if gain > most or (gain == most and moved[j] < moved[which]):
                    which, most = j, gain
        if which >= 0:
            turn(which, 1, rows, serves, choice, tally, bare)
            at_step[1] = which
            moved[which] = at_step[0]
            _stir(which, rows, serves, changed)
        for k in range(count[0]):
            i = listed[k]
            weight[i] += 1.0
            for at in range(rows[0][i], rows[0][i + 1]):
                score[rows[1][at]] += 1.0
    return 0


@njit(cache=True)
def fullest(weight: Any, profit: Any, price: Any) -> Any:
    """The most that whole things are worth less the price of what they weigh together, and which those are.

    `weight` are whole numbers, `profit` what each thing is worth, `price` (w+1,) what a weight costs, rising.
    """
    n, w = len(weight), len(price) - 1
    best = np.zeros(w + 1)
    taken = np.zeros((n, w + 1), np.bool_)
    for i in range(n):
        if profit[i] > 0:
            for load in range(w, weight[i] - 1, -1):
                worth = best[load - weight[i]] + profit[i]
                if worth > best[load]:
                    best[load] = worth
                    taken[i, load] = True
    load = int(np.argmax(best - price))
    most = best[load] - price[load]
    chosen = np.zeros(n, np.bool_)
    for i in range(n - 1, -1, -1):
        if taken[i, load]:
            chosen[i] = True
            load -= weight[i]
    return most, chosen


@njit(cache=True)
def whole_loads(start: Any, size: Any, gain: Any, room: Any, taken: Any) -> Any:
    """For each site the least sum of gains that whole items within each room have, (m, rooms), and how.

    Items are site by site, `start` (m+1,); only those with a gain below 0 count. `taken` (items, rooms) is filled:
    whether the best set among the site's items up to this one takes it.
    """
    table = np.zeros((len(room), taken.shape[1]))
    for j in range(len(room)):
        row = table[j]
        for t in range(start[j], start[j + 1]):
            if gain[t] >= 0 or size[t] > room[j]:
                continue
            for u in range(size[t]):
                taken[t, u] = False
            for u in range(room[j], size[t] - 1, -1):
                with_it = row[u - size[t]] + gain[t]
                taken[t, u] = with_it < row[u]
                if taken[t, u]:
                    row[u] = with_it
    return table


@njit(cache=True)
def whole_load(start: Any, end: Any, size: Any, gain: Any, room: Any, taken: Any, most: Any) -> Any:
    """The items of one site that its best load within `most` takes, from `taken` of `whole_loads`."""
    chosen, left = np.zeros(end - start, np.bool_), most
    for t in range(end - 1, start - 1, -1):
        if gain[t] < 0 and size[t] <= room and taken[t, left]:
            chosen[t - start] = True
            left -= size[t]
    return chosen
