"""From places that are parted to places that go as a whole: few stay open, the others go where they went."""

from dataclasses import replace

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.seats.question import SeatsQuestion

WHOLE = 1 - 1e-6  # share from which on a row is not parted
PLIABLE = (10, 40, 160)  # rows of each room that stay open because another room is hardly farther; until it fits


def few_open(question: SeatsQuestion, share: Floats, pliable: int) -> tuple[SeatsQuestion, Integers]:
    """The question with few rows open, and (entries,) the entry of it that each entry became, -1 where it was dropped.

    Open are the rows that a plan of parts (entries,) parts, and in each room those to which another room is hardly
    farther: they make the loads fit. All else goes where it goes. A plan of few splits, as linear programmes have them,
    is nearly kept: relaxation enforced neighbourhoods, Berthold (2014), RENS: the optimal rounding.
    """
    q = question
    goes = share > WHOLE
    least = np.full(q.r, np.inf)
    np.minimum.at(least, q.row[~goes], q.distance[~goes])
    settled = np.zeros(q.r, bool)
    settled[q.row[goes]] = True
    own = np.flatnonzero(goes)
    detour = least[q.row[own]] - q.distance[own]
    order = own[np.lexsort((detour, q.room[own]))]
    rank = np.arange(len(order)) - np.searchsorted(q.room[order], q.room[order])
    settled[q.row[order[rank < pliable]]] = False
    return only(q, goes | ~settled[q.row])


def only(question: SeatsQuestion, stay: Flags) -> tuple[SeatsQuestion, Integers]:
    """The question with some of its entries alone (entries,), and what number each of them has in it, -1 = dropped."""
    q = question
    number = np.full(len(q.room), -1)
    number[stay] = np.arange(int(stay.sum()))
    before = q.before[stay]
    known = before >= 0
    before[known] = number[before[known]]
    size = np.bincount(q.row[stay], minlength=q.r)
    less = replace(
        q,
        indptr=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        room=q.room[stay],
        distance=q.distance[stay],
        before=before,
        stays=q.stays[stay],
    )
    return less, number


def dealt(question: SeatsQuestion, merged: SeatsQuestion, entry: Integers, share: Floats) -> Floats:
    """(entries,) the shares of rows in a plan of merged rows, dealt out so that few rows are parted.

    The rows that became one are laid side by side, and so is what goes to each room: a row is parted only where the
    next room begins.
    """
    q = question
    if len(merged.room) == len(q.room):
        return share[entry]
    of = merged.row[entry]  # (entries,)  which merged row
    ends = np.cumsum(share) - np.repeat(np.cumsum(np.append(0.0, share))[merged.indptr[:-1]], np.diff(merged.indptr))
    room_ends = ends * merged.weight[merged.row]
    first = q.indptr[:-1][np.diff(q.indptr) > 0]
    rows = np.flatnonzero(np.diff(q.indptr) > 0)
    group = of[first]
    order = np.lexsort((rows, group))
    laid = np.cumsum(q.weight[rows[order]])
    before = np.append(0.0, laid)[np.searchsorted(group[order], group[order])]
    row_end = np.zeros(q.r)
    row_end[rows[order]] = laid - before
    low, high = (row_end - q.weight)[q.row], row_end[q.row]
    room_end, room_start = room_ends[entry], (room_ends - share * merged.weight[merged.row])[entry]
    overlap = np.maximum(np.minimum(high, room_end) - np.maximum(low, room_start), 0.0)
    weight = q.weight[q.row]
    return np.where(weight > 0, overlap / np.where(weight > 0, weight, 1.0), 0.0)
