"""Where zones meet: who may join which, and some zones decided anew while the others stay."""

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.seats.connected import Zones
from planner.optimise.seats.question import ELSEWHERE, SeatsQuestion

SOME = ((3, 0), (4, 0), (3, 2), (3, 3), (3, 5), (5, 0), (6, 0))  # zones around a room that are decided anew at once,
# and which part of all rooms lies between it and another with as many; 0 = no other


def some_zones(question: SeatsQuestion, share: Floats, rooms: Integers) -> Flags:
    """(entries,) the ways that stay open: who goes to these rooms, or nowhere, may go to any of them."""
    q = question
    inside = np.isin(q.room, rooms)
    kept = np.zeros(q.r, bool)
    kept[q.row[(share > 0) & ~inside]] = True
    return np.asarray((share > 0) | (inside & ~kept[q.row]))


def around(question: SeatsQuestion, zones: Zones, share: Floats, room: int, size: int) -> Integers:
    """A room and those of the same pupils whose zones have the longest borders with its own; `size` at most."""
    q = question
    ways = csr_array((np.ones(len(share), np.int32), (q.row, q.room)), shape=(q.r, q.q))
    alike = ways.T @ (ways @ np.eye(1, q.q, room, np.int32)[0]) > 0
    goes = np.flatnonzero(share > 0)
    own = np.bincount(zones.place[goes[q.room[goes] == room]], minlength=zones.n)
    own[zones.ground[room]] = 1
    border = np.bincount(q.room[goes], weights=(zones.near @ own)[zones.place[goes]], minlength=q.q)
    border[~alike] = border[room] = 0
    others = np.argsort(-border, kind="stable")[: size - 1]
    return np.append(others[border[others] > 0], room)


def joined(question: SeatsQuestion, zones: Zones, share: Floats, has_class: Flags) -> Floats:
    """(entries,) the shares where whoever goes nowhere joins a zone beside it, a zone of before if there is one."""
    q, share = question, share.copy()
    order = np.lexsort((q.distance, (q.before == ELSEWHERE) & ~q.stays))
    while True:
        idle = np.bincount(q.row, weights=share, minlength=q.r) <= 0
        may = idle[q.row] & has_class[q.room] & zones.beside(share)
        found = order[may[order]]
        if not len(found):
            return share
        share[found[np.unique(q.row[found], return_index=True)[1]]] = 1.0
