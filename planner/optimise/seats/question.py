"""The question of school seats in plain arrays, and what any plan of it is worth."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from scipy.sparse import csr_array

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import ROOM, people_at
from planner.optimise.choice import Choice

Aim = Literal["unserved", "severe", "oversized", "large_schools", "above_standard", "walk", "cost", "moved"]
AIMS: tuple[Aim, ...] = get_args(Aim)  # in their usual order
Figure = Literal["severe", "oversized", "large_schools", "above_standard", "walk"]  # what may be regretted
FIGURES: tuple[Figure, ...] = get_args(Figure)
OF_ROWS = ("walk", "moved")  # aims that tell rows with the same rooms apart
UNKNOWN, ELSEWHERE = -2, -1  # where a row was in the year before


@dataclass(frozen=True)
class Placement:
    """Decisions that are taken, and who goes where."""

    taken: Flags  # (k,)
    share: Floats  # (entries,)  of each row, aligned with the question's entries


@dataclass(frozen=True)
class SeatsQuestion:
    """r rows, q rooms that they may go to, and k decisions that give rooms classes or take them.

    A row are the pupils of a place in a stage and a year, a room is a school in that stage and year; a decision is an
    option in use in a year, with rows of the choice that let it begin once. Rooms without a class hold nobody.
    """

    weight: Floats  # (r,)  pupils
    indptr: Integers  # (r+1,)
    room: Integers  # (entries,)  which rooms each row can reach, none twice
    distance: Floats  # (entries,)  metres
    classes: Integers  # (q,)  today
    sizes: Floats  # (q, 3)  the largest classes that are not severely oversized, not oversized, standard; inf = any
    adds: csr_array  # (q, k)  classes that a decision gives or takes
    opens: csr_array  # (q, k)  1 where a decision opens a room that has no class, −1 where it takes a room's last one
    school: Integers  # (q,)  the school and year whose pupils are limited together, −1 = none
    most_pupils: Floats  # (s,)  today
    widens: csr_array  # (s, k)  by how much a decision changes that
    choice: Choice  # over the k decisions
    cost: Floats  # (k,)  money; of an option in use in the last year
    before: Integers  # (entries,)  the entry of the same place and school a year before, or ELSEWHERE, UNKNOWN
    stays: Flags  # (entries,)  whether the place belongs to the school's zone before the first year
    most_moved: float | None = None  # pupils that may change school, over all years
    single: bool = False  # every row goes to one room as a whole

    @property
    def r(self) -> int:
        """How many rows there are."""
        return len(self.weight)

    @property
    def q(self) -> int:
        """How many rooms there are."""
        return len(self.classes)

    @cached_property
    def row(self) -> Integers:
        """(entries,) the row of each entry."""
        return np.repeat(np.arange(self.r), np.diff(self.indptr))

    @cached_property
    def counted(self) -> Flags:
        """(entries,) where going to the room counts as moving unless it was so in the year before."""
        return np.asarray(self.before != UNKNOWN)

    def classes_of(self, taken: Flags) -> Integers:
        """(q,) the classes of each room under a plan."""
        return np.asarray(np.rint(self.classes + self.adds @ taken.astype(np.float64)), np.int64)

    def most_pupils_of(self, taken: Flags) -> Floats:
        """(s,) the pupils that each school may have in each year under a plan."""
        return np.asarray(self.most_pupils + self.widens @ taken.astype(np.float64))

    def pupils_of(self, share: Floats) -> Floats:
        """(q,) the pupils of each room under a plan."""
        return people_at(self.room, self.weight[self.row] * share, self.q)

    def unserved(self, share: Floats) -> Floats:
        """(r,) the share of each row that goes nowhere."""
        left = 1.0 - np.bincount(self.row, weights=share, minlength=self.r)
        return np.where((self.weight > 0) & (left > ROOM), left, 0.0)

    def as_before(self, taken: Flags) -> Floats:
        """(entries,) the shares where everybody goes to the school they went to, as far as it has classes."""
        share = self.stays.astype(np.float64)
        for e in np.flatnonzero(self.before >= 0).tolist():  # the year before comes first
            share[e] = share[self.before[e]]
        share[self.classes_of(taken)[self.room] <= 0] = 0.0
        return share

    def moved(self, share: Floats) -> Floats:
        """(entries,) the share of each row that goes to a room where it was not in the year before."""
        if not len(share):
            return share
        known = self.before >= 0
        earlier = np.where(self.stays, 1.0, np.where(known, share[np.where(known, self.before, 0)], 0.0))
        return np.where(self.counted & (share - earlier > ROOM), share - earlier, 0.0)

    def worth(self, plan: Placement) -> dict[str, float]:
        """Every aim of a plan, from the plan itself; all to be made small."""
        pupils, classes = self.pupils_of(plan.share), self.classes_of(plan.taken)
        beyond = np.maximum(pupils[:, None] - held_by(classes[:, None], self.sizes), 0.0).sum(axis=0).tolist()
        has = self.school >= 0
        together = people_at(self.school[has], pupils[has], len(self.most_pupils))
        going = self.weight[self.row] * plan.share
        return {
            "unserved": float((self.weight * self.unserved(plan.share)).sum()),
            "severe": beyond[0],
            "oversized": beyond[1],
            "large_schools": float(np.maximum(together - self.most_pupils_of(plan.taken), 0.0).sum()),
            "above_standard": beyond[2],
            "walk": float((going * self.distance).sum()),
            "cost": float(self.cost @ plan.taken),
            "moved": float((self.weight[self.row] * self.moved(plan.share)).sum()),
        }

    def holds(self, plan: Placement) -> bool:
        """Whether a plan keeps to everything: the choice, rooms that have classes, whole rows, and who may move."""
        share = plan.share
        total = np.bincount(self.row, weights=share, minlength=self.r)
        closed = self.classes_of(plan.taken)[self.room] <= 0
        moved = 0.0 if self.most_moved is None else float((self.weight[self.row] * self.moved(share)).sum())
        return bool(
            self.choice.allows(plan.taken)
            and share.min(initial=0.0) >= 0
            and (total <= 1 + ROOM).all()
            and not (share[closed] > 0).any()
            and not (self.single and ((share > 0) & (share < 1)).any())
            and (self.most_moved is None or moved <= self.most_moved * (1 + ROOM) + ROOM)
        )

    def merged(self) -> tuple["SeatsQuestion", Integers]:
        """The rows that may go to the same rooms as one, and (entries,) which of its entries each entry became.

        For all aims but those OF_ROWS every plan of parts is worth as much in one as in the other.
        """
        number: dict[bytes, int] = {}
        of = np.array(
            [
                number.setdefault(self.room[a:b].tobytes(), len(number))
                for a, b in zip(self.indptr, self.indptr[1:], strict=False)
            ],
            np.int64,
        )
        firsts = np.unique(of, return_index=True)[1]
        size = np.diff(self.indptr)
        indptr = np.concatenate([[0], np.cumsum(size[firsts])]).astype(np.int64)
        within = np.arange(len(self.room)) - np.repeat(self.indptr[:-1], size)
        entry = indptr[of[self.row]] + within
        room = np.empty(indptr[-1], np.int64)
        room[entry] = self.room
        plain = np.zeros(len(room))
        less = replace(
            self,
            weight=np.bincount(of, weights=self.weight, minlength=len(firsts)).astype(np.float64),
            indptr=indptr,
            room=room,
            distance=plain,
            before=np.full(len(room), UNKNOWN),
            stays=np.zeros(len(room), bool),
        )
        return less, entry


def held_by(classes: Integers, size: Floats) -> Floats:
    """The pupils whom classes of a size hold; infinitely many where the size is."""
    known = np.isfinite(size)
    return np.where(known, classes * np.where(known, size, 0.0), np.inf)
