"""School seats of two runs side by side, as their records have them: seats, options, and who goes to another school."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATCHMENTS = "catchments.csv"
ABOVE = (  # figures of a stage by their sizes of classes, from the largest
    "missing_for_classes_below_severe",
    "missing_for_classes_below_oversized",
    "missing_for_standard_classes",
)
Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class Home:
    """Pupils of a stage at one place."""

    pupils: float
    school: str  # of most of them; "" where they go to none
    lonlat: tuple[float, float]  # WGS84


Goes = Mapping[tuple[str, str], Home]  # by stage and home
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Seats:
    """A stage in the last year of each run's plan; None where a run does not plan it, or its data do not know."""

    stage: str
    years: tuple[str, str]
    standard: Pair  # standard seats
    added: Pair
    missing: Mapping[str, Pair]  # by what is asked of classes: "up to 55"
    unserved: Pair  # pupils without a school in reach
    moved: float | None = None  # pupils of B, from homes in both runs, whose school in A is another or none
    of: float | None = None  # pupils of B from homes in both runs

    @property
    def alike(self) -> bool:
        """Whether nothing differs."""
        pairs = (self.standard, self.added, self.unserved, *self.missing.values())
        return self.years[0] == self.years[1] and not self.moved and all(a == b for a, b in pairs)

    def __str__(self) -> str:
        years = " → ".join(dict.fromkeys(filter(None, self.years)))
        told = [f"standard seats: {change(self.standard)}", f"of them added: {change(self.added)}"]
        told += [f"missing for classes of {size}: {change(pair)}" for size, pair in self.missing.items()]
        told.append(f"pupils without a school in reach: {change(self.unserved)}")
        if self.moved is not None:
            told.append(f"pupils at another school in B: {self.moved:,.0f} of {self.of:,.0f}")
        return f"school seats, {self.stage}, {years}: {'; '.join(told)}"


@dataclass(frozen=True)
class Options:
    """What the plans do at schools, an option with its year."""

    stages: str  # of the question
    both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def __str__(self) -> str:
        return told_apart(f"schools, {self.stages}", "options", self.both, self.only_a, self.only_b)


def told_apart(name: str, what: str, both: Sequence[str], only_a: Sequence[str], only_b: Sequence[str]) -> str:
    """How much is in both runs, and what is in one of them alone."""
    told = [f"{name}: {len(both)} {what} in both"]
    for run, some in (("A", only_a), ("B", only_b)):
        told.append(f"{len(some)} only in {run}" + (f" ({', '.join(some)})" if some else ""))
    return ", ".join(told)


def change(pair: Pair) -> str:
    """From what to what, and by how much."""
    a, b = pair
    if a is None or b is None:
        first, second = ("not told" if each is None else f"{each:,.0f}" for each in pair)
        return f"{first} → {second}"
    return f"{a:,.0f} → {b:,.0f} ({b - a + 0.0:+,.0f})" if a != b else f"{a:,.0f}"


def seats_of(a: Record, b: Record, goes: tuple[Goes, Goes]) -> Iterator[Seats]:
    """Every stage that one of the runs plans, in the order of A."""
    sides = [{stage: (each, row) for each, stage, row in _last(run)} for run in (a, b)]
    for stage in dict.fromkeys((*sides[0], *sides[1])):
        here = [side.get(stage) for side in sides]
        sizes = next(each["sizes"][stage] for each, _ in filter(None, here))
        homes = [*homes_of(stage, *goes)] if all(here) and all(goes) else None
        moved, of = (
            (None, None)
            if homes is None
            else (sum(home.pupils for home, other in homes if other), sum(home.pupils for home, _ in homes))
        )
        years = [each[1]["year"] if each else "" for each in here]
        yield Seats(
            *(stage, (years[0], years[1]), _pair(here, "standard_seats"), _pair(here, "seats_added")),
            {f"{size:g}": _pair(here, key) for size, key in zip(sizes, ABOVE, strict=True) if size is not None},
            *(_pair(here, "reach_no_school"), moved, of),
        )


def options_of(a: Record, b: Record) -> Iterator[Options]:
    """The options of every question of schools, by the stages that it asks about, in the order of A."""
    sides: list[dict[str, dict[str, None]]] = [{}, {}]
    for side, run in zip(sides, (a, b), strict=True):
        for each in run["schools"]:
            named = {f"{one['name']} in {one['year']}" + _often(one["times"]): None for one in each["options"]}
            side.setdefault(" and ".join(each["stages"]), {}).update(named)
    for stages in dict.fromkeys((*sides[0], *sides[1])):
        here, there = (side.get(stages, {}) for side in sides)
        both = tuple(name for name in here if name in there)
        yield Options(
            *(stages, both, tuple(name for name in here if name not in there)),
            tuple(name for name in there if name not in here),
        )


def goes_to(folder: Path) -> Goes:
    """Who goes to which school in a run; empty where it plans no schools."""
    try:
        with (folder / CATCHMENTS).open(encoding="utf-8-sig", newline="") as file:
            return {
                (row["stage"], row["home"]): Home(
                    float(row["pupils"]), row["school"], (float(row["lon"]), float(row["lat"]))
                )
                for row in csv.DictReader(file)
            }
    except FileNotFoundError:
        return {}


def _last(run: Record) -> Iterator[tuple[Record, str, Record]]:
    """Question, stage and its row in the last year of the plan."""
    for each in run["schools"]:
        for row in each["ways"]["plan"]:
            if row["year"] == each["years"][-1]:
                yield each, row["stage"], row


def _pair(here: Sequence[tuple[Record, Record] | None], key: str) -> Pair:
    first, second = (None if each is None or each[1][key] == "" else float(each[1][key]) for each in here)
    return first, second


def homes_of(stage: str, a: Goes, b: Goes) -> Iterator[tuple[Home, bool]]:
    """The homes of B that are in A too, and whether most of their pupils go to another school than there."""
    yield from ((home, home.school != a[key].school) for key, home in b.items() if key[0] == stage and key in a)


def _often(times: int) -> str:
    return f" × {times}" if times > 1 else ""
