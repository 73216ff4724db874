"""Seats and pupils school by school: what is missing, what is empty, which classes and schools are too large."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.optimise.seats.question import held_by
from planner.schools.stages import Stage
from planner.schools.stock import Schools

PART = 1e-6  # of a pupil: rounding, no pupil


@dataclass(frozen=True)
class StageSeats:
    """The seats of a stage in all its schools. Missing and empty seats are added up school by school."""

    stage: Stage
    schools: int  # with classes of this stage
    classes: int
    seats: float  # in standard classes
    pupils: float
    missing_severe: float  # seats without which no class stays below `severe`: pupils beyond 65 a class
    missing_oversized: float  # the same for classes of 55
    missing_standard: float  # and for standard classes
    empty: float  # standard seats without a pupil
    oversized_classes: int  # severely oversized ones among them
    severe_classes: int
    oversized_pupils: float  # in oversized classes
    severe_pupils: float
    oversized_schools: int  # schools with an oversized class
    severe_schools: int
    large_schools: int  # with more pupils than a school may have, in all its stages

    def __str__(self) -> str:
        return (
            f"{self.stage.title['en']}: {self.seats:,.0f} standard seats for {self.pupils:,.0f} pupils, "
            f"{self.missing_standard:,.0f} missing, {self.empty:,.0f} empty; {self.oversized_classes} oversized "
            f"classes, {self.severe_classes} of them severely"
        )


@dataclass(frozen=True)
class SeatBalance:
    """Classes and pupils of m schools in g stages. Pupils of a stage are spread evenly over its classes in a school.

    A class is counted as oversized from the size that its stage says, so none is where N classes have at most 55 N
    pupils. Parts of a pupil take a seat.
    """

    schools: NDArray[np.str_]  # (m,)
    stages: tuple[Stage, ...]  # (g,)
    classes: Integers  # (m, g)
    pupils: Floats  # (m, g)
    most_pupils: Floats  # (m,)  of the stages that are limited

    @cached_property
    def seats(self) -> Floats:
        """(m, g) in standard classes."""
        return np.asarray(self.classes * np.array([stage.class_size for stage in self.stages]), np.float64)

    @cached_property
    def empty(self) -> Floats:
        """(m, g) standard seats without a pupil."""
        return np.maximum(self.seats - self.pupils, 0.0)

    @cached_property
    def missing(self) -> Floats:
        """(m, g, 3) seats without which classes are not below severe, not below oversized, not standard."""
        size = np.array([stage.sizes for stage in self.stages])
        return np.maximum(self.pupils[:, :, None] - held_by(self.classes[:, :, None], size), 0.0)

    @cached_property
    def mean_class(self) -> Floats:
        """(m, g) pupils of a class; 0 where there is neither, infinite where there is no class for them."""
        none = np.where(self.pupils > 0, np.inf, 0.0)
        return np.divide(self.pupils, self.classes, where=self.classes > 0, out=none)

    def classes_from(self, size: Floats) -> tuple[Integers, Floats]:
        """(m, g) the classes with at least so many pupils (g,), and (m, g) the pupils in them."""
        whole = np.ceil(self.pupils - PART)
        number = np.maximum(self.classes, 1)
        least, larger = np.divmod(whole, number)  # so many classes have one pupil more than the others
        counted = np.where(least >= size, number, np.where(least + 1 >= size, larger, 0)).astype(np.int64)
        within = np.where(least >= size, self.pupils, np.where(least + 1 >= size, larger * (least + 1), 0.0))
        return np.where(self.classes > 0, counted, 0), np.minimum(within, self.pupils)

    @cached_property
    def oversized(self) -> tuple[Integers, Floats]:
        """(m, g) oversized classes, severely oversized ones among them, and the pupils in them."""
        return self.classes_from(np.array([stage.oversized for stage in self.stages]))

    @cached_property
    def severe(self) -> tuple[Integers, Floats]:
        """(m, g) severely oversized classes, and the pupils in them."""
        return self.classes_from(np.array([stage.severe for stage in self.stages]))

    @cached_property
    def beyond_most(self) -> Floats:
        """(m,) pupils beyond what a school may have; 0 where it is not too large."""
        limited = np.isfinite([stage.max_pupils for stage in self.stages])
        beyond: Floats = np.maximum(self.pupils[:, limited].sum(axis=1) - self.most_pupils, 0.0)
        return beyond

    @property
    def large(self) -> Flags:
        """(m,) oversized schools (大校额)."""
        return np.asarray(self.beyond_most > PART, bool)

    @cached_property
    def by_stage(self) -> tuple[StageSeats, ...]:
        """What is missing and what is empty, stage by stage."""
        found = []
        for g, stage in enumerate(self.stages):
            has = self.classes[:, g] > 0
            missing = self.missing[:, g].sum(axis=0)
            (over, over_pupils), (severe, severe_pupils) = self.oversized, self.severe
            found.append(
                StageSeats(
                    *(stage, int(has.sum()), int(self.classes[:, g].sum())),
                    *(float(self.seats[:, g].sum()), float(self.pupils[:, g].sum())),
                    *(float(missing[0]), float(missing[1]), float(missing[2])),
                    empty=float(self.empty[:, g].sum()),
                    oversized_classes=int(over[:, g].sum()),
                    severe_classes=int(severe[:, g].sum()),
                    oversized_pupils=float(over_pupils[:, g].sum()),
                    severe_pupils=float(severe_pupils[:, g].sum()),
                    oversized_schools=int((over[:, g] > 0).sum()),
                    severe_schools=int((severe[:, g] > 0).sum()),
                    large_schools=int((self.large & has).sum()),
                )
            )
        return tuple(found)

    def __str__(self) -> str:
        return "\n".join(map(str, self.by_stage))


def balance_seats(schools: Schools) -> SeatBalance:
    """Today's seats and pupils. Refused where nobody knows the pupils, and where pupils have no class."""
    if schools.pupils is None:
        raise QuestionError("The pupils of the schools are not known. Give them, or plan who goes where.")
    if (lost := ((schools.pupils > 0) & (schools.classes == 0)).any(axis=1)).any():
        raise QuestionError(
            f"{int(lost.sum())} schools have pupils in a stage without a class ({first(schools.ids[lost])}). "
            "Give their classes, or no pupils."
        )
    return SeatBalance(
        schools.ids, schools.stages, schools.classes, schools.pupils, schools.most_pupils(schools.classes)
    )
