"""Two runs side by side, as their folders have them: what B changes in people, money and sites, and why they differ."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from planner.budget import ALL
from planner.compared_schools import Goes, Options, Pair, Seats, change, goes_to, options_of, seats_of, told_apart
from planner.errors import DataError
from planner.plan import known_sum

RECORD = "run.json"
LONGEST = 120  # characters of a change that is told
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
        return told_apart(self.standard, "sites", self.both, self.only_a, self.only_b)


@dataclass(frozen=True)
class Money:
    """What a question of each run costs; None where a run has no such question, or nobody gave its prices."""

    question: str  # "sites 1": money is in the unit of a question
    what: str  # a service, or what is done at schools; "" for all of it
    cost: Pair

    def __str__(self) -> str:
        return f"cost of {self.question}{f', {self.what}' if self.what else ''}: {change(self.cost)}"


@dataclass(frozen=True)
class Comparison:
    """Run A beside run B, each as its run.json has it."""

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    goes: tuple[Goes, Goes] = ({}, {})  # who goes to which school

    @property
    def names(self) -> tuple[str, str]:
        """What the runs are called: the title of each, its variant and its id."""
        return _name(self.a), _name(self.b)

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
        sides = self.a["changes"], self.b["changes"]
        for name, changed, other in (("A", *sides), ("B", *sides[::-1])):
            found += [f"changed in {name}: {_short(each)}" for each in changed if each not in other]
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

    @cached_property
    def money(self) -> tuple[Money, ...]:
        """What every question costs, kind by kind and together, in the order of A."""
        sides: list[dict[tuple[str, str], float | None]] = [{}, {}]
        for side, run in zip(sides, (self.a, self.b), strict=True):
            for each in run["budget"]:
                question = f"{each['block'].replace('siting', 'sites')} {each['question']}"
                if each["what"]:
                    before = side.get((question, each["what"]), 0.0)
                    side[question, each["what"]] = known_sum([before, each["cost"]])
                elif each["year"] == ALL:
                    side[question, ""] = each["cost"]
        keys = dict.fromkeys((*sides[0], *sides[1]))
        return tuple(Money(*key, (sides[0].get(key), sides[1].get(key))) for key in keys)

    @cached_property
    def seats(self) -> tuple[Seats, ...]:
        """School seats, stage by stage."""
        return tuple(seats_of(self.a, self.b, self.goes))

    @cached_property
    def options(self) -> tuple[Options, ...]:
        """What is done at schools, question by question."""
        return tuple(options_of(self.a, self.b))

    def sentences(self) -> Iterator[str]:
        """All of it, a sentence a line."""
        yield f"A is {self.names[0]}, B is {self.names[1]}; figures are with the plans of each, A → B"
        yield from self.parted
        yield from (str(each) for each in self.served if not each.alike)
        alike = dict.fromkeys(each.title for each in self.served)
        if same := [title for title in alike if all(each.alike for each in self.served if each.title == title)]:
            yield f"the same in both: {', '.join(same)}"
        yield from (str(each) for each in self.money if each.cost != (None, None))
        yield from map(str, self.sites)
        yield from map(str, self.seats)
        yield from map(str, self.options)


def compare_runs(a: Path | str, b: Path | str) -> Comparison:
    """The runs in two folders. Raises DataError for a folder without a run, or with a record of another version."""
    return Comparison(_record(Path(a)), _record(Path(b)), (goes_to(Path(a)), goes_to(Path(b))))


def _name(run: Mapping[str, Any]) -> str:
    variant = f", variant {run['variant']}" if run["variant"] else ""
    return f"{run['title'].get('en') or run['scenario']}{variant} ({run['scenario']})"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        record: Mapping[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder.name} holds no run: {RECORD} cannot be read ({type(error).__name__}). "
            "Name the folder of a run (maps/<scenario>), or a scenario."
        ) from error
    asked = ["scenario", "city", "population", "base", "inputs", "versions", "coverage", "plans", "schools"]
    asked += ["title", "variant", "changes", "budget"]
    if lacking := [key for key in asked if key not in record]:
        raise DataError(f"{folder.name}/{RECORD} lacks {', '.join(lacking)}. Run the scenario again with this version.")
    return record
