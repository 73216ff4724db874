"""Ages as tables write them, and the groups of people that a planner asks about."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.errors import PeopleError, first

FROM_TO = re.compile(r"(\d+)\D*?(?:-|_|~|to|至|到)\D*?(\d+)")  # after every dash has become a hyphen
OPEN = re.compile(r"(\d+)[^\d+]*(?:\+|plus|及以上|以上|and over|or more|y más|y_mas)")
SINGLE = re.compile(r"(\d+)")
OLDEST = 130  # a larger number is no age: a year, a code
DASHES = str.maketrans("–—−‐〜～", "------")


@dataclass(frozen=True, order=True)
class Ages:
    """Whole years of age, both ends in; without an upper end where the oldest are together."""

    low: int
    high: float  # inf in "80+"

    @classmethod
    def read(cls, text: str) -> "Ages | None":
        """The ages that a text names: `0-14`, `q_5_9`, `85岁及以上`, `80+`, `７`; None where it names none."""
        plain = unicodedata.normalize("NFKC", text).translate(DASHES)
        numbers = len(SINGLE.findall(plain))
        if any(int(number) > OLDEST for number in SINGLE.findall(plain)):
            return None
        if numbers == 1 and (found := OPEN.search(plain)):
            return cls(int(found[1]), math.inf)
        if numbers == 2 and (found := FROM_TO.search(plain)) and int(found[1]) <= int(found[2]):  # noqa: PLR2004
            return cls(int(found[1]), int(found[2]))
        if numbers == 1 and (found := SINGLE.search(plain)):
            return cls(int(found[1]), int(found[1]))
        return None

    def holds(self, other: "Ages") -> bool:
        """Whether all of the other ages are among these."""
        return self.low <= other.low and other.high <= self.high

    def meets(self, other: "Ages") -> bool:
        """Whether somebody can be of both."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{self.low}+"
        return f"{self.low}" if self.high == self.low else f"{self.low}–{self.high:g}"


def check_classes(classes: Sequence[Ages]) -> None:
    """Refuse age classes in which somebody is counted twice, or between which somebody is missing."""
    ordered = sorted(classes)
    faults = []
    for before, after in pairwise(ordered):
        if before.meets(after):
            faults.append(f"{before} and {after} share ages")
        elif before.high + 1 < after.low:
            faults.append(f"nobody is counted between {before} and {after}")
    if ordered and ordered[0].low > 0:
        faults.append(f"nobody is counted below {ordered[0]}")
    if faults:
        raise PeopleError(
            f"The age classes do not part everybody: {'; '.join(faults)}. Name the columns that do as `classes`."
        )


def parts_of(classes: Sequence[Ages], groups: Mapping[str, Ages]) -> tuple[list[list[int]], list[list[int]]]:
    """The classes that always occur together: parts of everybody, as positions of classes; and each group's parts.

    A group that cuts a class is refused, with the class: nobody knows how many of it are on either side.
    """
    cut = [
        f"{name} ({ages}) cuts {', '.join(map(str, broken))}"
        for name, ages in groups.items()
        if (broken := [each for each in classes if ages.meets(each) and not ages.holds(each)])
    ]
    none = [f"{name} ({ages}) holds no class" for name, ages in groups.items() if not any(map(ages.meets, classes))]
    if cut or none:
        raise PeopleError(
            f"{len(cut) + len(none)} of {len(groups)} groups do not fit the age classes: {'; '.join(cut + none)}. "
            f"The classes are {first(classes, len(classes)).removeprefix('first: ')}: begin and end groups with them."
        )
    member = [tuple(ages.holds(each) for ages in groups.values()) for each in classes]
    alike = list(dict.fromkeys(member))
    parts = [[at for at, each in enumerate(member) if each == kind] for kind in alike]
    return parts, [_positions(kind[group] for kind in alike) for group in range(len(groups))]


def _positions(flags: Iterable[bool]) -> list[int]:
    return [at for at, flag in enumerate(flags) if flag]
