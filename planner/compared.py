"""Two runs side by side, as their folders have them: what B changes in people, money and sites, and why they differ."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from planner.errors import DataError

RECORD = "run.json"
METRICS = {"walk": "on foot", "straight": "in a straight line"}


@dataclass(frozen=True)
class Served:
    """The people who meet a standard with the plans of each run; None where a run does not measure it."""

    standard: str
    title: str
    metric: str  # "walk" or "straight"
    group: str  # "" is everybody
    people: tuple[float | None, float | None]
    of: tuple[float | None, float | None]

    @property
    def shares(self) -> tuple[float | None, float | None]:
        """Of those whom each run counts."""
        first, second = (
            None if served is None or not total else served / total
            for served, total in zip(self.people, self.of, strict=True)
        )
        return first, second

    @property
    def alike(self) -> bool:
        """Whether both runs serve as many of as many."""
        return self.people[0] == self.people[1] and self.of[0] == self.of[1]

    def __str__(self) -> str:
        (a, b), (was, now) = self.people, self.shares
        name = f"{self.title} {METRICS[self.metric]}" + (f", {self.group}" if self.group else "")
        if a is None or b is None or was is None or now is None:
            told = ["not measured" if share is None else f"{share:.1%}" for share in (was, now)]
            return f"{name}: {told[0]} → {told[1]}"
        return f"{name}: {was:.1%} → {now:.1%} ({b - a:+,.0f} people, {100 * (now - was):+.1f} points)"


@dataclass(frozen=True)
class Sites:
    """The sites that the runs choose for a standard."""

    standard: str
    both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def __str__(self) -> str:
        told = [f"{self.standard}: {len(self.both)} sites in both"]
        for name, sites in (("A", self.only_a), ("B", self.only_b)):
            told.append(f"{len(sites)} only in {name}" + (f" ({', '.join(sites)})" if sites else ""))
        return ", ".join(told)


@dataclass(frozen=True)
class Comparison:
    """Run A beside run B, each as its run.json has it."""

    a: Mapping[str, Any]
    b: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, str]:
        """What the runs are called."""
        return str(self.a["scenario"]), str(self.b["scenario"])

    @cached_property
    def parted(self) -> tuple[str, ...]:
        """What the runs do not share, so that a difference may come from it: data, people, rules, software."""
        found = []
        for key, name in (("city", "cities"), ("population", "people"), ("base", "population bases")):
            if self.a[key] != self.b[key]:
                found.append(f"different {name}: {self.a[key]} and {self.b[key]}")
        for key, name in (("inputs", "input"), ("versions", "version")):
            first, second = self.a[key], self.b[key]
            differ = sorted(each for each in {*first, *second} if first.get(each) != second.get(each))
            found += [f"different {name}: {each}" for each in differ]
        rules = [sorted({each["rule_set"] for each in run["coverage"]} - {""}) for run in (self.a, self.b)]
        if rules[0] != rules[1]:
            found.append(f"different rule-sets: {', '.join(rules[0])} and {', '.join(rules[1])}")
        return tuple(found)

    @cached_property
    def served(self) -> tuple[Served, ...]:
        """Every standard that one of the runs measures, on foot and straight, then its groups, in the order of A."""
        sides = [{(each["standard"], each["metric"]): each for each in run["coverage"]} for run in (self.a, self.b)]
        found = []
        for standard, metric in dict.fromkeys((*sides[0], *sides[1])):
            pair = [side.get((standard, metric)) for side in sides]
            title = next(each["title"] for each in pair if each)
            groups = dict.fromkeys(group for each in pair if each for group in each["groups"])
            for group in ("", *groups):
                cells = [each and (each if not group else each["groups"].get(group)) for each in pair]
                people, of = (tuple(cell[key] if cell else None for cell in cells) for key in ("after", "total"))
                found.append(Served(standard, title, metric, group, (people[0], people[1]), (of[0], of[1])))
        return tuple(found)

    @cached_property
    def sites(self) -> tuple[Sites, ...]:
        """The sites of every standard for which one of the runs chooses some, in the order of A's plans."""
        sides: list[dict[str, dict[str, None]]] = [{}, {}]
        for side, run in zip(sides, (self.a, self.b), strict=True):
            for plan in run["plans"]:
                side.setdefault(plan["standard"], {}).update(dict.fromkeys(plan["opened"]))
        found = []
        for standard in dict.fromkeys((*sides[0], *sides[1])):
            here, there = (side.get(standard, {}) for side in sides)
            both = tuple(site for site in here if site in there)
            found.append(
                Sites(
                    *(standard, both),
                    tuple(site for site in here if site not in there),
                    tuple(site for site in there if site not in here),
                )
            )
        return tuple(found)

    @property
    def costs(self) -> tuple[float | None, float | None]:
        """What the plans cost in each run; None where no plan of it says."""
        first, second = (
            sum(each["cost"] for each in run["together"]) if run["together"] else None for run in (self.a, self.b)
        )
        return first, second

    def sentences(self) -> Iterator[str]:
        """All of it, a sentence a line."""
        yield f"A is {self.names[0]}, B is {self.names[1]}; figures are with the plans of each, A → B"
        yield from self.parted
        yield from (str(each) for each in self.served if not each.alike)
        alike = dict.fromkeys(each.title for each in self.served)
        if same := [title for title in alike if all(each.alike for each in self.served if each.title == title)]:
            yield f"the same in both: {', '.join(same)}"
        a, b = self.costs
        if a is not None and b is not None:
            yield f"cost: {a:,.0f} → {b:,.0f} ({b - a:+,.0f})"
        elif a is not None or b is not None:
            told = ["not told" if cost is None else f"{cost:,.0f}" for cost in (a, b)]
            yield f"cost: {told[0]} → {told[1]}"
        yield from map(str, self.sites)


def compare_runs(a: Path | str, b: Path | str) -> Comparison:
    """The runs in two folders. Raises DataError for a folder without a run, or with a record of another version."""
    return Comparison(_record(Path(a)), _record(Path(b)))


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        record: Mapping[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder.name} holds no run: {RECORD} cannot be read ({type(error).__name__}). "
            "Name the folder of a run (maps/<scenario>), or a scenario."
        ) from error
    asked = ("scenario", "city", "population", "base", "inputs", "versions", "coverage", "plans", "together")
    if lacking := [key for key in asked if key not in record]:
        raise DataError(f"{folder.name}/{RECORD} lacks {', '.join(lacking)}. Run the scenario again with this version.")
    return record
