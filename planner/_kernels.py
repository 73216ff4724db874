"""Compiled searches on streets (Numba): plain arrays in, plain arrays out.

Every cost is a whole number of micrometres or microseconds (int64), so sums are exact: the answer does
not depend on the order in which lengths are added, and ties are ties. `FAR` is farther than any limit.

Two habits keep the loops fast. No array is bound anew inside a loop: Numba would then count references
at each access, which costs five times the search itself. And nothing v long is cleared between searches.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

# Any throughout: Numba infers its own types and mypy cannot follow it.

LANES = 32  # sources searched at once; a row holds their costs side by side, four cache lines
FAR = 1 << 60
NONE = -1
THROUGH = 2  # segments at a node that is no junction


def _wide(context: Any, builder: Any, array_type: Any, array: Any, index: Any = None) -> Any:
    """Where the lanes of an array, or of its row `index`, stand in memory, as one vector."""
    data = context.make_array(array_type)(context, builder, array).data
    start = data if index is None else builder.gep(data, [builder.mul(index, ir.Constant(ir.IntType(64), LANES))])
    return builder.bitcast(start, ir.VectorType(context.get_value_type(array_type.dtype), LANES).as_pointer())


def _all_lanes(builder: Any, value: Any) -> Any:
    """One value in all lanes."""
    nothing = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    single = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _bits(builder: Any, lanes: Any) -> Any:
    """The lanes in which a condition holds, as the bits of a number."""
    return builder.zext(builder.bitcast(lanes, ir.IntType(LANES)), ir.IntType(64))


def _relax(_context: Any, rows: Any, source: Any, target: Any, cost: Any) -> Any:
    """Let rows[target] be min(rows[target], rows[source] + cost) in all lanes at once; the lanes that fell."""
    del source, target, cost

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from_here, there = (_wide(context, builder, signature.args[0], args[0], args[i]) for i in (1, 2))
        new = builder.add(builder.load(from_here, align=8), _all_lanes(builder, args[3]))
        old = builder.load(there, align=8)
        less = builder.icmp_signed("<", new, old)
        builder.store(builder.select(less, new, old), there, align=8)
        return _bits(builder, less)

    return types.int64(rows, types.intp, types.intp, types.int64), build


def _meet(_context: Any, rows: Any, first: Any, last: Any, to_first: Any, to_last: Any, limit: Any, here: Any) -> Any:
    """Into `here`, in all lanes at once, min(rows[first] + to_first, rows[last] + to_last); the lanes within."""
    del first, last, to_first, to_last, limit

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ways = [
            builder.add(
                builder.load(_wide(context, builder, signature.args[0], args[0], args[1 + i]), align=8),
                _all_lanes(builder, args[3 + i]),
            )
            for i in range(2)
        ]
        least = builder.select(builder.icmp_signed("<", *ways), *ways)
        builder.store(least, _wide(context, builder, signature.args[6], args[6]), align=8)
        return _bits(builder, builder.icmp_signed("<=", least, _all_lanes(builder, args[5])))

    number = types.int64
    return number(rows, types.intp, types.intp, number, number, number, here), build


def _add_within(_context: Any, total: Any, rows: Any, row: Any, limit: Any, weight: Any) -> Any:
    """Add a weight to the `total` of all lanes at once whose cost in a row is within the limit."""
    del row, limit, weight

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums = _wide(context, builder, signature.args[0], args[0])
        away = builder.load(_wide(context, builder, signature.args[1], args[1], args[2]), align=8)
        near = builder.icmp_signed("<=", away, _all_lanes(builder, args[3]))
        none = ir.Constant(ir.VectorType(ir.DoubleType(), LANES), [0.0] * LANES)
        more = builder.select(near, _all_lanes(builder, args[4]), none)
        builder.store(builder.fadd(builder.load(sums, align=8), more), sums, align=8)
        return context.get_dummy_value()

    return types.void(total, rows, types.intp, types.int64, types.float64), build


def _lowest(_context: Any, lanes: Any) -> Any:
    """The first of some lanes, given as bits."""
    del lanes

    def build(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), build


# Vector instructions, because Numba unrolls a loop of fixed length before LLVM could make vectors of it.
relax: Any = intrinsic(_relax)
meet: Any = intrinsic(_meet)
add_within: Any = intrinsic(_add_within)
lowest: Any = intrinsic(_lowest)


# ---------------------------------------------------------------------------------------------- chains


@njit(cache=True, nogil=True)
def contract(indptr: Any, edge: Any, ends: Any, onward: Any, back: Any) -> Any:
    """Streets between junctions as chains: what a search need not stop at.

    A node where exactly two segments meet is no junction; of a ring without one, its first node is. For
    each segment its chain, whether the chain runs from its second end to its first, and the cost of the
    way from the chain's beginning to the segment's start, there (`before`) and back (`before_back`).
    Chains are numbered as met from junctions in order: near ones have near numbers.
    """
    v, e = indptr.size - 1, ends.shape[0]
    junction = np.empty(v, np.bool_)
    for u in range(v):
        junction[u] = indptr[u + 1] - indptr[u] != THROUGH
    chain_of = np.full(e, NONE, np.int32)
    flipped = np.zeros(e, np.bool_)
    before = np.zeros(e, np.int64)
    before_back = np.zeros(e, np.int64)
    first = np.empty(e, np.int32)
    last = np.empty(e, np.int32)
    there = np.empty(e, np.int64)
    returning = np.empty(e, np.int64)
    chains = 0
    for rings in range(2):
        for start in range(v):
            if rings == 0 and not junction[start]:
                continue
            for a in range(indptr[start], indptr[start + 1]):
                if chain_of[edge[a]] >= 0:
                    continue
                junction[start] = True
                at, along, out, home = start, edge[a], 0, 0
                while True:
                    flipped[along] = ends[along, 0] != at
                    chain_of[along] = chains
                    before[along], before_back[along] = out, home
                    out += back[along] if flipped[along] else onward[along]
                    home += onward[along] if flipped[along] else back[along]
                    at = ends[along, 0] if flipped[along] else ends[along, 1]
                    if junction[at]:
                        break
                    along = edge[indptr[at]] if edge[indptr[at]] != along else edge[indptr[at] + 1]
                first[chains], last[chains] = start, at
                there[chains], returning[chains] = out, home
                chains += 1
    return (
        junction,
        chain_of,
        flipped,
        before,
        before_back,
        first[:chains].copy(),
        last[:chains].copy(),
        there[:chains].copy(),
        returning[:chains].copy(),
    )


# ---------------------------------------------------------------------------------------------- floods


@njit(cache=True, nogil=True)
def workspace(nodes: Any, chains: Any) -> Any:
    """What a thread needs for floods: a few arrays as long as the network; pages untouched cost nothing."""
    rows = np.empty((nodes + 1, LANES), np.int64)
    rows[nodes] = FAR  # stands for every node that was not reached
    return (
        rows,
        np.full(nodes, nodes, np.int32),  # row of each node
        np.empty(nodes, np.int32),  # node of each row
        np.empty(nodes, np.int32),  # bucket a row waits in
        np.empty(nodes, np.int32),  # the row after it there
        np.empty(nodes, np.int32),  # the row before it
        np.full(chains, NONE, np.int32),  # first seed of this flood on each chain
        np.zeros(chains, np.int32),  # flood in which each chain was last looked at
        np.empty(chains, np.int32),  # chains found
        np.zeros(1, np.int32),  # floods so far
    )


@njit(cache=True, nogil=True)
def flood(lanes: Any, limit: Any, shift: Any, head: Any, space: Any, streets: Any, seeds: Any, after: Any) -> Any:
    """Fill a row for each junction within `limit` of the sources of some lanes; how many rows.

    Label correcting in buckets of 2^shift: a row is looked at again when a lane of it falls, so all
    lanes end at the exact least cost whatever the order; near first only saves looking twice.
    """
    rows, row_of, node_of, bucket, following, previous, seed_on, _, _, _ = space
    half_start, half_stop, half_to, half_cost, _, chain_first, chain_last = streets
    lane_start, seed_chain, seed_cost = seeds
    begin, end = lanes
    beyond = limit + 1
    waiting = head.size
    count = 0
    for lane in range(begin, end):
        for g in range(lane_start[lane], lane_start[lane + 1]):
            chain = seed_chain[g]
            after[g] = seed_on[chain]
            seed_on[chain] = g
            for side in range(2):
                cost = seed_cost[g, side]
                if cost > limit:
                    continue
                u = chain_first[chain] if side == 0 else chain_last[chain]
                r = row_of[u]
                if r == half_start.size:
                    r = count
                    count += 1
                    row_of[u] = r
                    node_of[r] = u
                    bucket[r] = NONE
                    for q in range(LANES):
                        rows[r, q] = beyond
                if cost < rows[r, lane - begin]:
                    rows[r, lane - begin] = cost
                    to = min(cost >> shift, waiting - 1)
                    wait(r, to, bucket, following, previous, head)
    for b in range(waiting):
        while head[b] >= 0:
            r = head[b]
            unlink(r, bucket, following, previous, head)
            u = node_of[r]
            for h in range(half_start[u], half_stop[u]):
                w = half_to[h]
                cost = half_cost[h]
                s = row_of[w]
                new = s == half_start.size
                if new:
                    s = count
                    node_of[s] = w
                    bucket[s] = NONE
                    for q in range(LANES):
                        rows[s, q] = beyond
                if relax(rows, r, s, cost) != 0:
                    if new:
                        row_of[w] = s
                        count += 1
                    to = min(b + (cost >> shift), waiting - 1)
                    wait(s, to, bucket, following, previous, head)
    return count


@njit(cache=True, nogil=True)
def wait(row: Any, to: Any, bucket: Any, following: Any, previous: Any, head: Any) -> None:
    """Put a row into a bucket, unless it waits in that one or a nearer one."""
    if bucket[row] != NONE:
        if bucket[row] <= to:
            return
        unlink(row, bucket, following, previous, head)
    bucket[row] = to
    previous[row] = NONE
    following[row] = head[to]
    if head[to] >= 0:
        previous[head[to]] = row
    head[to] = row


@njit(cache=True, nogil=True)
def unlink(row: Any, bucket: Any, following: Any, previous: Any, head: Any) -> None:
    """Take a row out of its bucket."""
    if previous[row] >= 0:
        following[previous[row]] = following[row]
    else:
        head[bucket[row]] = following[row]
    if following[row] >= 0:
        previous[following[row]] = previous[row]
    bucket[row] = NONE


@njit(cache=True, nogil=True)
def subside(lanes: Any, count: Any, space: Any, seeds: Any) -> None:
    """Make the workspace ready for the next flood."""
    rows, row_of, node_of, _, _, _, seed_on, _, _, _ = space
    lane_start, seed_chain, _ = seeds
    for r in range(count):
        row_of[node_of[r]] = rows.shape[0] - 1
    for g in range(lane_start[lanes[0]], lane_start[lanes[1]]):
        seed_on[seed_chain[g]] = NONE


@njit(cache=True, nogil=True)
def along(target: Any, cost: Any, seed: Any, limit: Any, here: Any, after: Any, own: Any) -> Any:
    """Lower the costs of lanes to a target (in `here`) to those of walks that pass no end of its chain; those within.

    A source g stands on the same chain. With p the target's and g's costs to the chain's ends, the way along
    it is max(p_first − g_first, p_last − g_last) with both access legs: `own` is what of that g knows.
    """
    within = 0
    while seed >= 0:
        lane = own[seed, 2]
        here[lane] = min(here[lane], max(cost[target, 0] + own[seed, 0], cost[target, 1] + own[seed, 1]))
        if here[lane] <= limit:
            within |= 1 << lane
        seed = after[seed]
    return within


@njit(cache=True, nogil=True)
def chains_of(count: Any, lanes: Any, space: Any, streets: Any, seeds: Any, target_start: Any) -> Any:
    """Find the chains with targets that a flood touches, or that hold one of its sources; how many."""
    _, _, node_of, _, _, _, _, looked_at, found, floods = space
    floods[0] += 1
    mark = floods[0]
    half_start, half_stop, _, _, half_chain, _, _ = streets
    lane_start, seed_chain, _ = seeds
    size = 0
    for r in range(count):
        u = node_of[r]
        for h in range(half_start[u], half_stop[u]):
            c = half_chain[h]
            if looked_at[c] != mark:
                looked_at[c] = mark
                if target_start[c, 1] > target_start[c, 0]:
                    found[size] = c
                    size += 1
    for g in range(lane_start[lanes[0]], lane_start[lanes[1]]):
        c = seed_chain[g]
        if looked_at[c] != mark:
            looked_at[c] = mark
            if target_start[c, 1] > target_start[c, 0]:
                found[size] = c
                size += 1
    return size


@njit(cache=True, nogil=True)
def reach_columns(
    span: Any,  # (first, last) lanes to do, from a multiple of LANES
    limit: Any,
    shift: Any,
    buckets: Any,
    space: Any,
    streets: Any,
    seeds: Any,
    own: Any,  # (g, 3) see `along`
    targets: Any,  # (chains, 2) start and stop; (t, 2) cost to the chain's ends; (t,) place
    count: Any,  # out: (lanes,) how many places each source of the span reaches
    place: Any,  # out
    away: Any,  # out: metres or seconds
) -> Any:
    """Write for each source the places within `limit`, one column after another: (next lane, pairs written).

    It stops before the lanes that would not fit; where not even the first do, the pairs it returns
    are what these need.
    """
    target_start, cost, place_of = targets
    chain_first, chain_last = streets[5], streets[6]
    rows, row_of, seed_on, found = space[0], space[1], space[6], space[8]
    begin, end = span
    head = np.full(buckets, NONE, np.int32)
    after = np.empty(seeds[1].size, np.int32)
    here = np.empty(LANES, np.int64)
    pair_lane = np.empty(place_of.size * LANES, np.uint8)
    pair_place = np.empty(place_of.size * LANES, np.int32)
    pair_cost = np.empty(place_of.size * LANES, np.int64)
    at = np.zeros(LANES, np.int64)
    filled = 0
    for lane in range(begin, end, LANES):
        lanes = (lane, min(lane + LANES, end))
        settled = flood(lanes, limit, shift, head, space, streets, seeds, after)
        chains = chains_of(settled, lanes, space, streets, seeds, target_start)
        pairs = 0
        for i in range(chains):
            c = found[i]
            first, last = row_of[chain_first[c]], row_of[chain_last[c]]
            for t in range(target_start[c, 0], target_start[c, 1]):
                near = meet(rows, first, last, cost[t, 0], cost[t, 1], limit, here)
                if seed_on[c] >= 0:
                    near |= along(t, cost, seed_on[c], limit, here, after, own)
                while near != 0:
                    q = lowest(near)
                    near &= near - 1
                    pair_lane[pairs] = q
                    pair_place[pairs] = place_of[t]
                    pair_cost[pairs] = here[q]
                    pairs += 1
        subside(lanes, settled, space, seeds)
        if filled + pairs > place.size:
            return lane, filled if filled else pairs
        at[:] = 0
        for k in range(pairs):
            at[pair_lane[k]] += 1
        for q in range(LANES):
            if lane + q < end:
                count[lane - begin + q] = at[q]
            at[q], filled = filled, filled + at[q]
        for k in range(pairs):
            q = pair_lane[k]
            place[at[q]] = pair_place[k]
            away[at[q]] = pair_cost[k] / 1e6
            at[q] += 1
    return end, filled


@njit(cache=True, nogil=True)
def sum_lanes(
    span: Any,
    limit: Any,
    shift: Any,
    buckets: Any,
    space: Any,
    streets: Any,
    seeds: Any,
    own: Any,
    standing: Any,  # (j,) weight of what stands at each junction
    targets: Any,  # what stands elsewhere
    weight: Any,  # (t,)
    decay: Any,  # 0 flat, 1 linear, 2 exponential, 3 Gaussian
    scale: Any,  # of the last two, in micrometres or microseconds
    answer: Any,  # out: (lanes,)
) -> None:
    """For each source the sum of the weights within `limit`, faded by distance; nothing is stored."""
    target_start, cost, _ = targets
    chain_first, chain_last = streets[5], streets[6]
    rows, row_of, node_of, seed_on, found = space[0], space[1], space[2], space[6], space[8]
    begin, end = span
    head = np.full(buckets, NONE, np.int32)
    after = np.empty(seeds[1].size, np.int32)
    here = np.empty(LANES, np.int64)
    here_row = here.reshape((1, LANES))
    total = np.zeros(LANES)
    for lane in range(begin, end, LANES):
        lanes = (lane, min(lane + LANES, end))
        settled = flood(lanes, limit, shift, head, space, streets, seeds, after)
        chains = chains_of(settled, lanes, space, streets, seeds, target_start) if weight.size else 0
        total[:] = 0.0
        for r in range(settled):
            w = standing[node_of[r]]
            if w != 0.0 and decay == 0:
                add_within(total, rows, r, limit, w)
            elif w != 0.0:
                for q in range(LANES):
                    if rows[r, q] <= limit:
                        total[q] += w * faded(rows[r, q], limit, decay, scale)
        for i in range(chains):
            c = found[i]
            first, last = row_of[chain_first[c]], row_of[chain_last[c]]
            for t in range(target_start[c, 0], target_start[c, 1]):
                near = meet(rows, first, last, cost[t, 0], cost[t, 1], limit, here)
                if seed_on[c] >= 0:
                    near |= along(t, cost, seed_on[c], limit, here, after, own)
                if near == 0:
                    continue
                if decay == 0:
                    add_within(total, here_row, 0, limit, weight[t])
                    continue
                for q in range(LANES):
                    if here[q] <= limit:
                        total[q] += weight[t] * faded(here[q], limit, decay, scale)
        for q in range(lanes[1] - lanes[0]):
            answer[lane + q] = total[q]
        subside(lanes, settled, space, seeds)


@njit(cache=True, nogil=True)
def faded(away: Any, limit: Any, decay: Any, scale: Any) -> Any:
    """What of a weight is left at a distance."""
    if decay == 1:
        return 1.0 - away / limit if limit > 0 else 1.0
    if decay == 2:  # noqa: PLR2004
        return np.exp(-away / scale)
    return np.exp(-0.5 * (away / scale) ** 2)


# --------------------------------------------------------------------------------------------- nearest


@njit(cache=True, nogil=True)
def nearest_pass(limit: Any, shift: Any, buckets: Any, streets: Any, seeds: Any) -> Any:
    """One flood from all sources at once: (v,) cost, source and the half-street it came by; FAR, -1, -1 beyond.

    Of two sources at the same cost the one with the lower label. `streets` as for `flood`.
    """
    half_start, half_stop, half_to, half_cost, _, chain_first, chain_last = streets
    seed_chain, seed_cost, label = seeds
    v = half_start.size
    away = np.full(v, FAR, np.int64)
    source = np.full(v, NONE, np.int64)
    came_by = np.full(v, NONE, np.int32)
    bucket = np.full(v, NONE, np.int32)
    following = np.empty(v, np.int32)
    previous = np.empty(v, np.int32)
    head = np.full(buckets, NONE, np.int32)
    for g in range(seed_chain.size):
        for side in range(2):
            u = chain_first[seed_chain[g]] if side == 0 else chain_last[seed_chain[g]]
            cost = seed_cost[g, side]
            if cost <= limit and cost < away[u]:  # labels ascend: of equals the first stays
                away[u], source[u] = cost, label[g]
                to = min(cost >> shift, buckets - 1)
                wait(u, to, bucket, following, previous, head)
    for b in range(buckets):
        while head[b] >= 0:
            u = head[b]
            unlink(u, bucket, following, previous, head)
            for h in range(half_start[u], half_stop[u]):
                w = half_to[h]
                cost = away[u] + half_cost[h]
                if cost > limit or cost > away[w] or (cost == away[w] and source[u] >= source[w]):
                    continue
                away[w], source[w], came_by[w] = cost, source[u], h
                to = min(max(cost >> shift, b), buckets - 1)
                if bucket[w] != to:
                    wait(w, to, bucket, following, previous, head)
    return away, source, came_by


@njit(cache=True, nogil=True)
def nearest_of(
    chains: Any, limit: Any, streets: Any, passed: Any, seeds_on: Any, own: Any, targets: Any, away: Any, which: Any
) -> None:
    """Write for each target of a span of chains the cost of its nearest source, and which; or leave it as it is."""
    chain_first, chain_last = streets[5], streets[6]
    reached, source, _ = passed
    target_start, cost, place_of = targets
    for c in range(chains[0], chains[1]):
        first, last = chain_first[c], chain_last[c]
        for t in range(target_start[c, 0], target_start[c, 1]):
            best, by = reached[first] + cost[t, 0], source[first]
            other = reached[last] + cost[t, 1]
            if other < best or (other == best and source[last] < by):
                best, by = other, source[last]
            for g in range(seeds_on[c], seeds_on[c + 1]):
                along = max(cost[t, 0] + own[g, 0], cost[t, 1] + own[g, 1])
                if along < best or (along == best and own[g, 2] < by):
                    best, by = along, own[g, 2]
            if best <= limit:
                away[place_of[t]] = best
                which[place_of[t]] = by


@njit(cache=True, nogil=True)
def few_pass(limit: Any, shift: Any, buckets: Any, streets: Any, seeds: Any, facility: Any, k: Any) -> Any:
    """One flood that keeps the k nearest facilities of each junction: (v, k) cost and gate; FAR and -1 beyond.

    Of two facilities at the same cost the lower, of two of its gates the lower. What is told onward is
    only what is new; a facility that is not among a junction's k nearest is not among those behind it.
    """
    half_start, half_stop, half_to, half_cost, _, chain_first, chain_last = streets
    seed_chain, seed_cost, label = seeds
    v = half_start.size
    away = np.full((v, k), FAR, np.int64)
    gate = np.full((v, k), NONE, np.int64)
    fresh = np.zeros((v, k), np.bool_)
    bucket = np.full(v, NONE, np.int32)
    following = np.empty(v, np.int32)
    previous = np.empty(v, np.int32)
    head = np.full(buckets, NONE, np.int32)
    for g in range(seed_chain.size):
        for side in range(2):
            u = chain_first[seed_chain[g]] if side == 0 else chain_last[seed_chain[g]]
            cost = seed_cost[g, side]
            if cost <= limit and keep(away[u], gate[u], fresh[u], cost, label[g], facility):
                to = min(cost >> shift, buckets - 1)
                if bucket[u] == NONE or bucket[u] > to:
                    wait(u, to, bucket, following, previous, head)
    for b in range(buckets):
        while head[b] >= 0:
            u = head[b]
            unlink(u, bucket, following, previous, head)
            for s in range(k):
                if not fresh[u, s]:
                    continue
                fresh[u, s] = False
                for h in range(half_start[u], half_stop[u]):
                    w = half_to[h]
                    cost = away[u, s] + half_cost[h]
                    if w == u or cost > limit or not keep(away[w], gate[w], fresh[w], cost, gate[u, s], facility):
                        continue
                    to = min(max(cost >> shift, b), buckets - 1)
                    wait(w, to, bucket, following, previous, head)
    return away, gate


@njit(cache=True, nogil=True)
def keep(away: Any, gate: Any, fresh: Any, cost: Any, new: Any, facility: Any) -> Any:
    """Put a gate among the nearest of one place, each facility once; whether it belongs there and is news."""
    k = away.size
    j = facility[new]
    at = k - 1  # the last one falls out, or the same facility's farther gate
    for s in range(k):
        if gate[s] >= 0 and facility[gate[s]] == j:
            if away[s] < cost or (away[s] == cost and gate[s] <= new):
                return False
            at = s
            break
    else:
        last = gate[at]
        if last >= 0 and (away[at] < cost or (away[at] == cost and facility[last] < j)):
            return False
    while at > 0 and (gate[at - 1] < 0 or away[at - 1] > cost or (away[at - 1] == cost and facility[gate[at - 1]] > j)):
        away[at], gate[at], fresh[at] = away[at - 1], gate[at - 1], fresh[at - 1]
        at -= 1
    away[at], gate[at], fresh[at] = cost, new, True
    return True


@njit(cache=True, nogil=True)
def few_of(
    limit: Any, streets: Any, passed: Any, seeds_on: Any, own: Any, targets: Any, facility: Any, away: Any, which: Any
) -> None:
    """Write for each target the cost of its k nearest facilities, and the gates; what is beyond stays as it is."""
    chain_first, chain_last = streets[5], streets[6]
    reached, gate = passed
    target_start, cost, place_of = targets
    k = reached.shape[1]
    near, by, fresh = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(k, np.bool_)
    for c in range(chain_first.size):
        for t in range(target_start[c, 0], target_start[c, 1]):
            near[:], by[:] = FAR, NONE
            for side in range(2):
                u = chain_first[c] if side == 0 else chain_last[c]
                for s in range(k):
                    if gate[u, s] >= 0 and reached[u, s] + cost[t, side] <= limit:
                        keep(near, by, fresh, reached[u, s] + cost[t, side], gate[u, s], facility)
            for g in range(seeds_on[c], seeds_on[c + 1]):
                along = max(cost[t, 0] + own[g, 0], cost[t, 1] + own[g, 1])
                if along <= limit:
                    keep(near, by, fresh, along, own[g, 2], facility)
            for s in range(k):
                if by[s] >= 0:
                    away[place_of[t], s], which[place_of[t], s] = near[s], by[s]


# --------------------------------------------------------------------------------------------- answers


@njit(cache=True, nogil=True)
def count_places(start: Any, stop: Any, place: Any, count: Any) -> None:
    """Add to `count` (n,) how many of these columns hold each place."""
    for j in range(start.size):
        for k in range(start[j], stop[j]):
            count[place[k]] += 1


@njit(cache=True, nogil=True)
def weigh_columns(column: Any, start: Any, stop: Any, place: Any, weight: Any, total: Any) -> None:
    """Fill `total` (m,) of these columns with the weight (n,) of the places that each holds, added up."""
    for j in range(start.size):
        held = 0.0
        for k in range(start[j], stop[j]):
            held += weight[place[k]]
        total[column[j]] = held


@njit(cache=True, nogil=True)
def spread_columns(
    column: Any, start: Any, stop: Any, place: Any, away: Any, at: Any, facility: Any, distance: Any
) -> None:
    """Write columns into rows, each entry at its place's next free position `at` (n,), which moves on."""
    for j in range(start.size):
        for k in range(start[j], stop[j]):
            i = place[k]
            facility[at[i]] = column[j]
            distance[at[i]] = away[k]
            at[i] += 1


@njit(cache=True, nogil=True)
def sort_rows(indptr: Any, facility: Any, distance: Any) -> None:
    """Sort each row by facility, in place. Rows are short, and mostly sorted already."""
    for i in range(indptr.size - 1):
        for k in range(indptr[i] + 1, indptr[i + 1]):
            j, d, at = facility[k], distance[k], k
            while at > indptr[i] and facility[at - 1] > j:
                facility[at], distance[at] = facility[at - 1], distance[at - 1]
                at -= 1
            facility[at], distance[at] = j, d


@njit(cache=True, nogil=True)
def nearest_column(column: Any, start: Any, stop: Any, place: Any, away: Any, least: Any, which: Any) -> None:
    """Lower `least` (n,) and `which` (n,) to the nearest of these columns; of equals the first."""
    for j in range(start.size):
        for k in range(start[j], stop[j]):
            i = place[k]
            if away[k] < least[i] or (away[k] == least[i] and column[j] < which[i]):
                least[i] = away[k]
                which[i] = column[j]
