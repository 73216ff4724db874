"""A question of school seats on its way into arrays: rows, rooms, decisions, zones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from scipy.sparse import csr_array

from planner.network import Floats, Integers
from planner.optimise.choice import Choice, Limit
from planner.optimise.seats.connected import Zones
from planner.optimise.seats.question import ELSEWHERE, UNKNOWN, SeatsQuestion
from planner.schools.asked import AskedSeats


@dataclass(frozen=True)
class Arrays(AskedSeats):
    """The question in arrays. Decision u · t + s is module u, an option taken once, in use in year s."""

    @cached_property
    def modules(self) -> list[tuple[int, int, int]]:
        """(option, school, which of its times) of each module."""
        at = {str(name): j for j, name in enumerate(self.schools.ids)}
        return [(o, at[each.school], c) for o, each in enumerate(self.options) for c in range(1, each.times + 1)]

    @cached_property
    def changes(self) -> Integers:
        """(o, g) classes that each option gives or takes, each time."""
        rows = [[each.classes.get(stage.id, 0) for stage in self.stages] for each in self.options]
        return np.array(rows, np.int64).reshape(len(self.options), len(self.stages))

    @cached_property
    def rooms(self) -> Integers:
        """(m, g, t) the number of each room, -1 where a school never has a class of a stage."""
        ever = self.schools.classes > 0
        for o, j, _ in self.modules:
            ever[j] |= self.changes[o] > 0
        number = np.cumsum(ever.ravel()).reshape(ever.shape) - 1
        t = len(self.years)
        return np.where(ever[:, :, None], number[:, :, None] * t + np.arange(t), -1)

    @cached_property
    def choice(self) -> Choice:
        """What may be in use when: what begins stays, one option a school, within the budget."""
        t, modules = len(self.years), self.modules
        decision = np.arange(len(modules) * t).reshape(-1, t)
        shut = np.zeros(decision.shape, bool)
        keep = np.zeros(decision.shape, bool)
        limits = []
        for u, (o, _, copy) in enumerate(modules):
            ready = self.options[o].ready
            shut[u, : 0 if ready is None else self.years.index(ready)] = True
            keep[u, -1] = self.options[o].required and copy == 1
            steps = list(pairwise(decision[u].tolist()))
            limits += [
                Limit(f"stays_{u}_{s}", np.array(pair), np.array([1.0, -1.0]), most=0.0) for s, pair in enumerate(steps)
            ]
            if copy > 1:
                limits += [
                    Limit(f"next_{u}_{s}", decision[u - 1 : u + 1, s], np.array([-1.0, 1.0]), most=0.0)
                    for s in range(t)
                ]
        firsts = np.array([(j, decision[u, -1]) for u, (_, j, copy) in enumerate(modules) if copy == 1], np.int64)
        for j in np.unique(firsts[:, 0] if len(firsts) else firsts).tolist():
            of = firsts[firsts[:, 0] == j, 1]
            if len(of) > 1:
                limits.append(Limit(f"one_{j}", of, np.ones(len(of)), most=1.0))
        return Choice(keep.ravel(), shut.ravel(), (*limits, *self._at_most(decision), *self._budgets(decision)))

    def _at_most(self, decision: Integers) -> Iterator[Limit]:
        """How many options may be used in the last year, and how many standard seats they may add."""
        last = decision[:, -1]
        if self.most_options is not None and len(last):
            first_time = np.array([copy == 1 for _, _, copy in self.modules])
            yield Limit("options", last[first_time], np.ones(int(first_time.sum())), most=float(self.most_options))
        if self.most_seats is not None and len(last):
            seats = self.changes @ np.array([stage.class_size for stage in self.stages])
            yield Limit("seats", last, seats[[o for o, _, _ in self.modules]], most=float(self.most_seats))

    def _budgets(self, decision: Integers) -> Iterator[Limit]:
        """What may be spent: in all, by the end of each year, or in each year."""
        cost = np.array([self.options[o].cost for o, _, _ in self.modules], np.float64)
        if self.budget is None or not len(cost):
            return
        if not isinstance(self.budget, Mapping):
            yield Limit("budget", decision[:, -1], cost, most=float(self.budget))
            return
        spent = 0.0
        for s, year in enumerate(self.years):
            spent += self.budget[year]
            if s == 0 or self.carry_over:
                yield Limit(f"budget_{s}", decision[:, s], cost, most=spent)
            else:
                both = decision[:, s - 1 : s + 1].ravel()
                yield Limit(f"budget_{s}", both, np.outer(cost, [-1, 1]).ravel(), most=self.budget[year])

    @cached_property
    def near(self) -> list[tuple[Integers, Integers, Floats]]:
        """For each stage the places, schools and distances of all pairs within its limit, by place."""
        found = []
        for g, stage in enumerate(self.stages):
            reach = self.reach.within(self.limit_of(stage))
            has = self.rooms[reach.facility, g, 0] >= 0
            found.append((reach.place[has], reach.facility[has].astype(np.int64), reach.distance[has]))
        return found

    @cached_property
    def entries(self) -> tuple[Integers, Integers, Integers, Integers, Floats]:
        """(entries,) place, stage, year, school and distance of each way in which somebody may go, row by row."""
        counted = self.pupils.count > 0 if self.neighbours is None else np.ones(self.pupils.count.shape, bool)
        parts = []
        for g, s in product(range(len(self.stages)), range(len(self.years))):
            place, school, distance = self.near[g]
            here = counted[place, g, s]
            size = int(here.sum())
            parts.append((place[here], np.full(size, g), np.full(size, s), school[here], distance[here]))
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return columns[0], columns[1], columns[2], columns[3], columns[4]

    @cached_property
    def rows(self) -> tuple[Integers, Integers]:
        """(r,) which place, stage and year each row is, as one number, and (r+1,) where its entries begin."""
        n, t = len(self.pupils.places), len(self.years)
        counted = np.ones(self.pupils.count.shape, bool) if self.neighbours is not None else self.pupils.count > 0
        every = np.flatnonzero(counted.transpose(1, 2, 0).ravel())
        place, stage, year, _, _ = self.entries
        size = np.bincount(np.searchsorted(every, (stage * t + year) * n + place), minlength=len(every))
        return every, np.concatenate([[0], np.cumsum(size)]).astype(np.int64)

    @cached_property
    def question(self) -> SeatsQuestion:
        """The same in plain arrays."""
        m, t, g = len(self.schools), len(self.years), len(self.stages)
        every, indptr = self.rows
        place, stage, year, school, distance = self.entries
        q = int(self.rooms.max(initial=-1)) + 1
        of_school, of_stage, of_year = np.nonzero(self.rooms >= 0)
        order = np.argsort(self.rooms[of_school, of_stage, of_year])
        of_school, of_stage, of_year = of_school[order], of_stage[order], of_year[order]
        limited = np.isfinite([each.max_pupils for each in self.stages])
        of_limited = limited[of_stage]
        together, number = np.unique((of_school * t + of_year)[of_limited], return_inverse=True)
        held = np.full(q, -1, np.int64)
        held[of_limited] = number
        adds, opens, widens = self._effects(together)
        cost = np.zeros((len(self.modules), t))
        cost[:, -1] = [self.options[o].cost for o, _, _ in self.modules]
        return SeatsQuestion(
            weight=self.pupils.count.transpose(1, 2, 0).ravel()[every],
            indptr=indptr,
            room=self.rooms[school, stage, year],
            distance=distance,
            classes=self.schools.classes[of_school, of_stage],
            sizes=np.array([each.sizes for each in self.stages]).reshape(g, 3)[of_stage],
            adds=adds,
            opens=opens,
            school=held,
            most_pupils=self._most_pupils(self.schools.classes)[together // t] if m else np.empty(0),
            widens=widens,
            choice=self.choice,
            cost=cost.ravel(),
            before=self._before(),
            stays=np.zeros(len(place), bool)
            if self.today is None
            else (year == 0) & (self.today[place, stage] == school),
            most_moved=self.most_moved,
            single=self.whole or self.neighbours is not None,
        )

    def _most_pupils(self, classes: Integers) -> Floats:
        """(m,) how many pupils each school may have; any number stands for a school without a limited stage."""
        most = self.schools.most_pupils(classes)
        limits = [each.max_pupils for each in self.stages if np.isfinite(each.max_pupils)]
        return np.where(np.isfinite(most), most, max(limits, default=0.0))

    def _effects(self, together: Integers) -> tuple[csr_array, csr_array, csr_array]:
        """Of decisions (k,) on the classes of rooms, on which rooms are open, and on the size of schools and years."""
        t, q = len(self.years), int(self.rooms.max(initial=-1)) + 1
        entries: list[list[tuple[int, int, float]]] = [[], [], []]
        for u, (o, j, copy) in enumerate(self.modules):
            classes = self.schools.classes.copy()
            most = []
            for times in (copy - 1, copy):
                classes[j] = self.schools.classes[j] + times * self.changes[o]
                most.append(self._most_pupils(classes)[j])
            for s in range(t):
                for g in np.flatnonzero(self.changes[o]).tolist():
                    room, now = int(self.rooms[j, g, s]), int(self.schools.classes[j, g])
                    entries[0].append((room, u * t + s, self.changes[o, g]))
                    if copy == 1 and now == 0:
                        entries[1].append((room, u * t + s, 1))
                    elif now + copy * self.changes[o, g] == 0:
                        entries[1].append((room, u * t + s, -1))
                at = np.flatnonzero(together == j * t + s)
                if len(at) and most[0] != most[1]:
                    entries[2].append((int(at[0]), u * t + s, most[1] - most[0]))
        k = len(self.modules) * t
        return _sparse(entries[0], (q, k)), _sparse(entries[1], (q, k)), _sparse(entries[2], (len(together), k))

    def _before(self) -> Integers:
        """(entries,) the entry of the same place, stage and school a year before, where somebody lived there then."""
        place, stage, year, school, _ = self.entries
        n, t, m = len(self.pupils.places), len(self.years), len(self.schools)
        key = ((stage * t + year) * n + place) * m + school
        at = np.minimum(np.searchsorted(key, key - n * m), max(len(key) - 1, 0))
        found = (year > 0) & (key[at] == key - n * m) if len(key) else np.empty(0, bool)
        before = np.where(found, at, UNKNOWN)
        if self.today is not None:
            before[(year == 0) & (self.today[place, stage] >= 0)] = ELSEWHERE
        return before

    @cached_property
    def zones(self) -> Zones | None:
        """What keeps zones together; None where nothing is asked to."""
        if self.neighbours is None:
            return None
        place, stage, year, school, _ = self.entries
        nearest = np.full(len(self.schools), -1, np.int64)
        farthest_first = np.lexsort((self.reach.place, self.reach.distance))[::-1]
        nearest[self.reach.facility[farthest_first]] = self.reach.place[farthest_first]
        of_school, of_stage, of_year = np.nonzero(self.rooms >= 0)
        ground = np.full(int(self.rooms.max(initial=-1)) + 1, -1, np.int64)
        shared = np.zeros(len(ground), bool)
        ground[self.rooms[of_school, of_stage, of_year]] = nearest[of_school]
        for g, s in product(range(len(self.stages)), range(len(self.years))):
            here = self.rooms[self.rooms[:, g, s] >= 0, g, s]
            _, which, count = np.unique(ground[here], return_inverse=True, return_counts=True)
            shared[here] = count[which] > 1
        return Zones(len(self.pupils.places), self.neighbours, place, self.rooms[school, stage, year], ground, shared)


def _sparse(entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> csr_array:
    row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
    indices = np.array(row, np.int64), np.array(column, np.int64)
    return csr_array((np.array(value, np.float64), indices), shape=shape)
