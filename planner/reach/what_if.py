"""What if: sites added, moved or dropped, footbridges built, gates opened, streets closed, in milliseconds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import ArrayLike

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers, Snap, WalkNetwork
from planner.reach.columns import Columns, Reach
from planner.reach.edited import Street, edited_network
from planner.reach.edits import Alterable, Points
from planner.reach.graph import LANES, Positions, graph_of, whole_limit
from planner.reach.measure import asked_limit, joined_doors, measure_reach
from planner.reach.pace import closed_streets, whole
from planner.walkers import Profile

FAR = 1 << 60  # beyond every limit
NOBODY = -1  # slot of the gates of dropped sites


class WhatIf:
    """A reach that follows changes of its sites and streets, measuring anew only what a change can alter.

    `reach` is at any time what `measure_reach` gives for the streets, doors and gates as they are then;
    reaches taken before stay as they were. Doors and gates stay where they meet the streets, but those of a
    closed street, which meet the nearest open one. What is added meets the streets at most `max_access_m` away.
    """

    def __init__(
        self,
        demand: Demand,
        facilities: Facilities,
        *,
        limit_m: float | None = None,
        limit_s: float | None = None,
        profile: Profile | None = None,
        max_access_m: float = 200.0,
        threads: int | None = None,
    ) -> None:
        door, gate = joined_doors(demand, facilities)
        limit, unit = asked_limit(limit_m, limit_s, profile)
        self.reach = measure_reach(
            demand, facilities, limit_m=limit_m, limit_s=limit_s, profile=profile, threads=threads
        )
        self.network, self.max_access_m, self.profile = door.network, max_access_m, profile
        self.limit = whole_limit(limit, unit)
        self.graph = graph_of(door.network, profile)
        self.doors, self.gates = Points(self.graph, door, leaving=True), Points(self.graph, gate, leaving=False)
        self.streets = Alterable(self.graph, self.doors, self.gates)
        self.demand, self.facilities = demand, facilities
        self.door, self.gate = (snap.kept(np.arange(len(snap.edge))) for snap in (door, gate))  # copies, to be changed
        self.door_xy, self.gate_xy = demand.xy, facilities.gate_xy
        self.gate_slot = facilities.gate_facility.copy()  # slots are never used again, so they ascend
        self.slots = np.arange(len(facilities))  # (m,)  the slot of each facility of the reach
        self.slot_count = len(facilities)
        self.added: dict[str, Street] = {}
        self.chain_of: dict[str, int] = {}
        self.closed: set[int] = set()

    # ------------------------------------------------------------------------------------------- sites

    def add_site(self, id: str, gates: ArrayLike) -> Reach:  # noqa: A002  (the field's word)
        """One more facility, the last, entered at `gates` (g, 2), in metres."""
        if id in self.reach.facility_ids:
            raise QuestionError(f"There is a site {id!r} already. Give the new one an id of its own, or move it.")
        entrances = self._entrances(id, gates)
        slot, self.slot_count = self.slot_count, self.slot_count + 1
        self.slots = np.append(self.slots, slot)
        columns = self.reach.columns
        empty = np.zeros(1, np.int64)
        self.reach = replace(
            self.reach,
            facility_ids=np.append(self.reach.facility_ids, id),
            columns=Columns(
                columns.chunks,
                np.append(columns.chunk, np.zeros(1, np.int32)),
                np.append(columns.start, empty),
                np.append(columns.stop, empty),
            ),
        )
        self._open_gates(slot, *entrances)
        return self._measure([slot])

    def drop_site(self, id: str) -> Reach:  # noqa: A002
        """The reach without one facility; those after it move up."""
        at = self._position(id)
        self._shut_gates(int(self.slots[at]))
        self.slots = np.delete(self.slots, at)
        columns = self.reach.columns
        self.reach = replace(
            self.reach,
            facility_ids=np.delete(self.reach.facility_ids, at),
            columns=Columns(
                columns.chunks,
                np.delete(columns.chunk, at),
                np.delete(columns.start, at),
                np.delete(columns.stop, at),
            ),
        )
        return self.reach

    def move_site(self, id: str, gates: ArrayLike) -> Reach:  # noqa: A002
        """One facility with other gates (g, 2), in metres, in place of its own."""
        slot = int(self.slots[self._position(id)])
        entrances = self._entrances(id, gates)
        self._shut_gates(slot)
        self._open_gates(slot, *entrances)
        return self._measure([slot])

    def add_gate(self, id: str, xy: ArrayLike) -> Reach:  # noqa: A002
        """One more gate of a facility."""
        slot = int(self.slots[self._position(id)])
        self._open_gates(slot, *self._entrances(id, xy))
        return self._measure([slot])

    # ------------------------------------------------------------------------------------------ streets

    def add_street(self, name: str, a: ArrayLike, b: ArrayLike, *, length_m: float | None = None) -> Reach:
        """A footbridge, a crossing or any street between two points, walked both ways.

        It begins and ends where the points meet the streets, straight from there through both points, unless
        its length is given. It has no doors of its own. Its speed is the walker's on the flat.
        """
        if name in self.added:
            raise QuestionError(f"There is a street {name!r} already. Give the new one a name of its own.")
        points = np.concatenate([_points(f"The end of the street {name!r}", end) for end in (a, b)])
        ends = self._snap(points)
        if ends.off.any():
            raise QuestionError(
                f"The street {name!r} ends more than {self.max_access_m:g} m from every open street "
                f"({first(points[ends.off].tolist())}). Move its ends, or raise max_access_m."
            )
        straight = float(np.hypot(*(points[0] - points[1])) + ends.access_m.sum())
        length = straight if length_m is None else float(length_m)
        if not (np.isfinite(length) and length >= 0):
            raise QuestionError(f"The street {name!r} cannot be {length} m long. Give metres, 0 or more.")
        cost = int(whole(length / (1.0 if self.profile is None else self.profile.speed_m_s)))
        near, far = (self.streets.split(*self._where(ends, i)) for i in range(2))
        from_near, from_far = self._walks_from([near, far])
        self.added[name] = Street(ends, length)
        self.chain_of[name] = self.streets.join(near, far, cost)
        return self._measure(np.flatnonzero((from_far + cost < from_near) | (from_near + cost < from_far)))

    def close_street(self, street: str | int) -> Reach:
        """The reach without an added street, by its name, or without a segment of the network, by its number."""
        if isinstance(street, str):
            if street not in self.chain_of:
                raise QuestionError(f"No street {street!r} was added ({first(self.chain_of)}).")
            pieces = [self.chain_of.pop(street)]
            del self.added[street]
        else:
            if not 0 <= street < len(self.network.ends) or street in self.closed:
                raise QuestionError(f"There is no open segment {street} among the {len(self.network.ends)}.")
            self.closed.add(street)
            pieces = self._pieces_of(street)
        doors, gates = self._standing_on(street, pieces)
        changed = set(self.gate_slot[gates].tolist()) | set(self._reached_by(doors).tolist())
        for piece in pieces:
            u, w = int(self.streets.first[piece]), int(self.streets.last[piece])
            from_u, from_w = self._walks_from([u, w])
            there, returning = self.streets.there[piece], self.streets.returning[piece]
            used = (from_u == there + from_w) | (from_w == returning + from_u)
            changed |= set(np.flatnonzero(used & (np.minimum(from_u, from_w) <= self.limit)).tolist())
            self.streets.close(piece)
        self._moved(self.doors, doors, self.door, self.door_xy)
        self._moved(self.gates, gates, self.gate, self.gate_xy)
        changed |= set(self._reached_by(doors).tolist())
        return self._measure(sorted(changed & set(self.slots.tolist())))

    def edited(self) -> tuple[WalkNetwork, Demand, Facilities]:
        """The streets, people and sites as they are now, to be measured, mapped or sited on their own.

        Built from the network's own segments and the changes, not from what the searches walk on, so each
        checks the other. Segments are split where added streets end.
        """
        network, onto = edited_network(self.network, list(self.added.values()), sorted(self.closed))
        open_gates = np.flatnonzero(np.isin(self.gate_slot, self.slots))
        open_gates = open_gates[np.argsort(self.gate_slot[open_gates], kind="stable")]
        old, known = self.facilities, self.slots[self.slots < len(self.facilities)]
        new = len(self.slots) - len(known)
        by_hand = [shapely.MultiPoint(self.gate_xy[self.gate_slot == slot]) for slot in self.slots[len(known) :]]
        origin = np.full(len(self.gate_slot), "what-if", "U16")
        origin[: len(old.gate_origin)] = old.gate_origin
        sites = replace(
            old,
            ids=self.reach.facility_ids,
            names=np.concatenate([old.names[known], np.full(new, "", np.str_)]),
            geometry=np.concatenate([old.geometry[known], np.array(by_hand, object)]),
            area_m2=np.concatenate([old.area_m2[known], np.zeros(new)]),
            capacity=np.concatenate([old.capacity[known], np.full(new, np.nan)]),
            gate_xy=self.gate_xy[open_gates],
            gate_facility=np.searchsorted(self.slots, self.gate_slot[open_gates]),
            gate_origin=origin[open_gates],
            kind=np.empty(0, np.str_),
            door=onto(self.gate).kept(open_gates),
        )
        return network, replace(self.demand, door=onto(self.door)), sites

    # ---------------------------------------------------------------------------------------- searches

    def _measure(self, slots: Sequence[int] | Integers) -> Reach:
        """The reach with the columns of some facilities measured anew."""
        at = np.searchsorted(self.slots, slots)
        if len(at):
            gates = np.flatnonzero(np.isin(self.gate_slot, slots) & (self.gates.chain >= 0))
            gates = gates[np.argsort(self.gate_slot[gates], kind="stable")]
            count = np.bincount(np.searchsorted(slots, self.gate_slot[gates]), minlength=len(at))
            counts, place, away = self._search(count, self.gates, gates, self.doors, leaving=False)
            stop = np.cumsum(counts)
            columns = self.reach.columns
            chunk, start, end = columns.chunk.copy(), columns.start.copy(), columns.stop.copy()
            chunk[at], start[at], end[at] = len(columns.chunks), stop - counts, stop
            self.reach = replace(self.reach, columns=Columns((*columns.chunks, (place, away)), chunk, start, end))
        return self.reach

    def _search(
        self, count: Integers, sources: Points, points: Integers, targets: Points, *, leaving: bool
    ) -> tuple[Integers, Positions, Floats]:
        """Columns of searches that start at `count` of `points` each."""
        lane = np.repeat(np.arange(len(count)), count)
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        own = sources.own_way(points, self.streets, leaving=leaving)
        own = np.concatenate([own, lane[:, None] % LANES], axis=1)
        seeds = (start, sources.chain[points], sources.ends(points, self.streets))
        return self._columns(seeds, own, targets, leaving=leaving)

    def _columns(
        self, seeds: tuple[Integers, Integers, Integers], own: Integers, targets: Points, *, leaving: bool
    ) -> tuple[Integers, Positions, Floats]:
        from planner._kernels import reach_columns  # noqa: PLC0415

        lanes, room = len(seeds[0]) - 1, 1 << 16
        streets, buckets = self.streets.streets(leaving=leaving), self.graph.buckets(self.limit)
        while True:
            count, place, away = np.zeros(lanes, np.int64), np.empty(room, np.int32), np.empty(room)
            asked = ((0, lanes), self.limit, *buckets, self.streets.workspace(), streets, seeds, own, targets.arrays)
            done, pairs = reach_columns(*asked, count, place, away)
            if done == lanes:
                return count, place[:pairs].copy(), away[:pairs].copy()
            room = 2 * max(room, pairs)

    def _walks_from(self, junctions: list[int]) -> list[Integers]:
        """For each junction (slots,) the cost of the walk to each facility; beyond the limit it is `FAR`."""
        chain, cost, own = [], [], []
        for u in junctions:
            if self.streets.stop[u] == self.streets.start[u]:
                chain.append(0)
                cost.append((FAR, FAR))
                own.append((FAR, FAR))
                continue
            c = int(self.streets.chain[self.streets.start[u]])
            chain.append(c)
            if self.streets.first[c] == u:
                cost.append((0, FAR))
                own.append((0, -int(self.streets.returning[c])))
            else:
                cost.append((FAR, 0))
                own.append((-int(self.streets.there[c]), 0))
        lanes = np.arange(len(junctions))
        seeds = (np.arange(len(junctions) + 1), np.array(chain), np.array(cost, np.int64))
        ways = np.concatenate([np.array(own, np.int64), lanes[:, None]], axis=1)
        count, gate, away = self._columns(seeds, ways, self.gates, leaving=True)
        walks = np.full((len(junctions), self.slot_count), FAR, np.int64)
        np.minimum.at(walks, (np.repeat(lanes, count), self.gate_slot[gate]), whole(away))
        return list(walks)

    def _reached_by(self, doors: Integers) -> Integers:
        """The slots of the facilities that some doors reach."""
        doors = doors[self.doors.chain[doors] >= 0]
        if not len(doors):
            return np.empty(0, np.int64)
        _, gate, _ = self._search(np.ones(len(doors), np.int64), self.doors, doors, self.gates, leaving=True)
        return np.unique(self.gate_slot[gate])

    # -------------------------------------------------------------------------------------- positions

    def _position(self, id: str) -> int:  # noqa: A002
        found = np.flatnonzero(self.reach.facility_ids == id)
        if not len(found):
            ids = self.reach.facility_ids
            raise QuestionError(f"There is no site {id!r} among the {len(ids)} ({first(ids)}).")
        return int(found[0])

    def _snap(self, points: Floats) -> Snap:
        closed = np.union1d(closed_streets(self.network, self.profile), sorted(self.closed)).astype(np.int64)
        return self.network.snap(points, max_access_m=self.max_access_m, closed=closed)

    def _where(self, snap: Snap, i: int) -> tuple[int, int, int]:
        """Chain of the graph and position on it of one snapped point."""
        at = self.graph.marks(snap)
        return int(at.chain[i]), int(at.onward[i]), int(at.back[i])

    def _pieces_of(self, segment: int) -> list[int]:
        """The pieces that a segment of the network is now, parted from the rest of its street."""
        chain, flipped, begin, begin_back = (int(each[segment]) for each in self.graph.segment)
        cost = [int(each[segment]) for each in (self.graph.costs.onward, self.graph.costs.back)]
        onward, back = reversed(cost) if flipped else cost
        self.streets.split(chain, begin, begin_back)
        self.streets.split(chain, begin + onward, begin_back + back)
        return self.streets.between(chain, begin, begin + onward)

    def _stand(self, layer: Points, points: Integers, snap: Snap) -> None:
        """Put points where a snap (of just these) says, on the pieces that are there now."""
        at = self.graph.marks(snap)
        for point, chain, onward, back, access in zip(
            *(each.tolist() for each in (points, at.chain, at.onward, at.back, at.access)), strict=True
        ):
            alone = np.array([point])
            if chain < 0:
                layer.chain[point] = -1
                continue
            piece, onward, back = self.streets.find(chain, onward, back)  # noqa: PLW2901
            there = layer.on(piece)
            layer.put(alone, piece, *(np.array([each]) for each in (onward, back, access)))
            layer.lay(piece, np.append(there[there != point], point), self.streets)

    def _leave(self, layer: Points, points: Integers) -> None:
        """Take points off the streets."""
        for piece in np.unique(layer.chain[points]).tolist():
            if piece >= 0:
                layer.lay(piece, np.setdiff1d(layer.on(piece), points), self.streets)
        layer.chain[points] = -1

    def _standing_on(self, street: str | int, pieces: list[int]) -> list[Integers]:
        """The doors and the gates of a street, and those at its ends that its pieces hold."""
        found = []
        for layer, snap in ((self.doors, self.door), (self.gates, self.gate)):
            own = np.flatnonzero(snap.edge == street) if isinstance(street, int) else np.empty(0, np.int64)
            found.append(np.unique(np.concatenate([own, *map(layer.on, pieces)])))
        return found

    def _moved(self, layer: Points, points: Integers, snap: Snap, xy: Floats) -> None:
        """Attach points of closed streets to the nearest open one; `snap`, where all points are, follows."""
        self._leave(layer, points)
        lost = points[np.isin(snap.edge[points], list(self.closed))]
        new = self._snap(xy[lost])
        snap.edge[lost], snap.offset_m[lost], snap.access_m[lost] = new.edge, new.offset_m, new.access_m
        self._stand(layer, points, snap.kept(points))

    def _shut_gates(self, slot: int) -> None:
        gates = np.flatnonzero(self.gate_slot == slot)
        self._leave(self.gates, gates)
        self.gate.edge[gates] = -1
        self.gate_slot[gates] = NOBODY

    def _entrances(self, id: str, xy: ArrayLike) -> tuple[Floats, Snap]:  # noqa: A002
        """Gates and where they meet the streets; refused where none does, before anything has changed."""
        points = _points(f"The gates of {id!r}", xy)
        snap = self._snap(points)
        if snap.off.all():
            raise QuestionError(
                f"No gate of {id!r} is within {self.max_access_m:g} m of an open street ({first(points.tolist())}). "
                "Move them, or raise max_access_m."
            )
        return points, snap

    def _open_gates(self, slot: int, points: Floats, snap: Snap) -> None:
        new = self.gates.grow(len(points))
        self.gate_xy = np.concatenate([self.gate_xy, points])
        self.gate_slot = np.concatenate([self.gate_slot, np.full(len(points), slot)])
        self.gate = self.gate.joined(snap)
        self._stand(self.gates, new, snap)


def _points(what: str, xy: ArrayLike) -> Floats:
    """(n, 2) points; refused where they are none, or not finite."""
    points = np.asarray(xy, np.float64)
    if points.size == 0 or points.size % 2 or not np.isfinite(points).all():
        raise QuestionError(f"{what} must be at finite x and y in metres, not {points.tolist()}.")
    return points.reshape(-1, 2)
