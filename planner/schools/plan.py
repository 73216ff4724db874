"""What a plan of school seats says; every figure recomputed from who goes where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.optimise.capacity.models import people_at
from planner.optimise.seats.levels import Level
from planner.schools.balance import SeatBalance
from planner.schools.pupils import Pupils
from planner.schools.stock import Option, Schools

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(  # what each aim counts, and in what
    {
        "unserved": ("without a school in reach", "pupils"),
        "severe": ("beyond classes that are not severely oversized", "pupils"),
        "oversized": ("beyond classes that are not oversized", "pupils"),
        "large_schools": ("beyond the size of a school", "pupils"),
        "above_standard": ("beyond standard classes", "pupils"),
        "walk": ("to walk", "pupil-metres"),
        "cost": ("", "in cost"),
        "moved": ("who change school", "pupils"),
    }
)


@dataclass(frozen=True)
class Taken:
    """An option that a plan takes, and from when on its classes are used."""

    option: Option
    kind: str  # "build", "extend", "convert", "reduce" or "close"
    year: str
    times: int  # in this year

    def __str__(self) -> str:
        often = f" × {self.times}" if self.times > 1 else ""
        return f"{self.year}: {self.option.name}{often} ({self.kind} {self.option.school})"


@dataclass(frozen=True)
class Walks:
    """How far the pupils of a stage walk in a year, those with a school."""

    pupils: float
    mean: float  # metres, or seconds where the reach is in seconds; 0 where nobody goes
    p90: float  # nine of ten walk no further
    longest: float


@dataclass(frozen=True)
class Seating:
    """Who goes to which school in which year. Every figure is recomputed from that."""

    schools: Schools
    pupils: Pupils
    classes: Integers  # (m, g, t)
    place: Integers  # (assignments,)  positions in `pupils` …
    stage: Integers  # (assignments,)
    year: Integers  # (assignments,)
    school: Integers  # (assignments,)  … and in `schools`
    people: Floats  # (assignments,)  pupils
    distance: Floats  # (assignments,)  in the unit of the reach
    unserved: Floats  # (n, g, t)  pupils without a school
    unit: str  # of distances: "m" or "s"

    def balance(self, year: str) -> SeatBalance:
        """Classes, seats and pupils of every school in a year."""
        t = self.pupils.years.index(year)
        now = self.year == t
        m, g = len(self.schools), len(self.schools.stages)
        room = self.school[now] * g + self.stage[now]
        pupils = people_at(room, self.people[now], m * g).reshape(m, g)
        classes = self.classes[:, :, t]
        return SeatBalance(self.schools.ids, self.schools.stages, classes, pupils, self.schools.most_pupils(classes))

    def seats_added(self, year: str) -> Floats:
        """(g,) standard seats of each stage in a year that are not there today."""
        more = self.classes[:, :, self.pupils.years.index(year)] - self.schools.classes
        return np.asarray(more.sum(axis=0) * np.array([stage.class_size for stage in self.schools.stages]))

    def walks(self, year: str) -> tuple[Walks, ...]:
        """(g,) how far the pupils of each stage walk in a year."""
        t = self.pupils.years.index(year)
        return tuple(
            walks_of(self.people[at], self.distance[at])
            for g in range(len(self.schools.stages))
            for at in [(self.year == t) & (self.stage == g)]
        )

    def zones(self, stage: str, year: str) -> Integers:
        """(n,) the school to which each place goes, the one of most of its pupils; -1 where it goes to none."""
        at = self._at(stage, year)
        zone = np.full(len(self.pupils.places), -1, np.int64)
        order = np.flatnonzero(at)[np.lexsort((-self.school[at], self.people[at]))]
        zone[self.place[order]] = self.school[order]
        return zone

    def _at(self, stage: str, year: str) -> Flags:
        g = [each.id for each in self.schools.stages].index(stage)
        return np.asarray((self.stage == g) & (self.year == self.pupils.years.index(year)))


@dataclass(frozen=True)
class SchoolPlan(Seating):
    """Which options in which year, and who goes where. `levels` are the aims in their order, each with its bound.

    The bound of an aim is of all plans that are as good in the aims before it. The plan is "proven" where every aim is.
    """

    levels: tuple[Level, ...] = ()
    taken: tuple[Taken, ...] = ()
    solver: str = ""
    seconds: float = 0.0  # for the log; in no output
    cuts: int = 0  # rows that were needed so that zones hang together
    worth: Mapping[str, float] = field(default_factory=dict)  # every aim, those not asked for too

    @property
    def ending(self) -> str:
        """Whether the bounds prove that no plan is better: "proven" or "stopped"."""
        return "proven" if all(level.proven for level in self.levels) else "stopped"

    def of(self, aim: str) -> Level:
        """What the plan has of one aim."""
        return next(level for level in self.levels if level.aim == aim)

    def __str__(self) -> str:
        lines = []
        for level in self.levels:
            what, unit = WORDS[level.aim]
            best = "proven least" if level.proven else f"at least {level.bound:,.0f}"
            of = " with these options" if level.settled else ""
            lines.append(f"{level.value:,.0f} {unit}{' ' if what else ''}{what}: {best}{of}")
        return "\n".join([*map(str, self.taken), *lines])


def walks_of(people: Floats, distance: Floats) -> Walks:
    """The mean, the ninth decile and the longest of some walks."""
    order = np.argsort(distance, kind="stable")
    people, distance = people[order], distance[order]
    total = float(people.sum())
    if not total > 0:
        return Walks(0.0, 0.0, 0.0, 0.0)
    tenth = int(np.searchsorted(np.cumsum(people), 0.9 * total * (1 - 1e-12)))
    return Walks(total, float(people @ distance / total), float(distance[tenth]), float(distance[people > 0][-1]))
