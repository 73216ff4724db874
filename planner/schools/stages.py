"""Stages of school, with the class sizes and school sizes that documents ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from planner.ages import Ages
from planner.errors import QuestionError
from planner.provisions import Provision, provision, published

NUMBERS = ("class_size", "oversized", "severe", "radius", "max_classes", "max_pupils", "max_pupils_with_others")


@dataclass(frozen=True)
class Stage:
    """A stage of school. Sizes are pupils; what no document sets is infinite."""

    id: str
    title: Mapping[str, str]
    ages: Ages  # whole years at the start of the school year
    class_size: float  # of a standard class, at most
    oversized: float  # from so many pupils on a class is oversized (大班额)
    severe: float  # and from so many severely (超大班额)
    radius: float  # metres that its pupils walk at most
    max_classes: float  # of one school
    max_pupils: float  # of one school; with more it is oversized (大校额)
    max_pupils_with_others: float  # the same of a school that has other such stages too: a nine-year school
    rests_on: tuple[Provision, ...] = ()

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The largest classes that are not severely oversized, not oversized, and standard: 65, 55, 45."""
        return self.severe - 1, self.oversized - 1, self.class_size

    def __str__(self) -> str:
        return f"{self.title['en']} (ages {self.ages}, classes of {self.class_size:g})"


@cache
def stages() -> Mapping[str, Stage]:
    """The published stages, by id."""
    return {row["id"]: _stage(row) for row in published()["stages"]}


def stage(id: str) -> Stage:  # noqa: A002  (the field's word)
    """One published stage; an unknown id names those there are."""
    try:
        return stages()[id]
    except KeyError:
        raise QuestionError(f"There is no stage of school {id!r}. There are: {', '.join(stages())}.") from None


def most_pupils(of: tuple[Stage, ...]) -> float:
    """How many pupils a school with these stages may have, those without a limit left out; else it is oversized."""
    limited = [each for each in of if np.isfinite(each.max_pupils)]
    if len(limited) > 1:
        return max(each.max_pupils_with_others for each in limited)
    return limited[0].max_pupils if limited else np.inf


def _stage(row: Mapping[str, Any]) -> Stage:
    named = {key: provision(row[key]) for key in NUMBERS if key in row}
    low, high = provision(row["ages"]).value  # type: ignore[misc]
    numbers = {key: named[key].number if key in named else np.inf for key in NUMBERS}
    return Stage(
        id=row["id"],
        title=row["title"],
        ages=Ages(int(low), high),
        rests_on=(provision(row["ages"]), *named.values()),
        **numbers,
    )
