"""What is wrong with data, how badly, who is to blame, and what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from planner.errors import PlannerError
from planner.written import written

SEVERITIES = ("error", "warning", "note")  # refused by a run; answered, perhaps wrongly; good to know
MOST_CULPRITS = 5
CULPRITS = re.compile(r"first: ([^();]*[^();,… ])")  # as errors.first writes them
SENTENCE_END = re.compile(r"(?<=[^A-Z][.)]) (?=[A-Z])")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the data of a scenario, or worth knowing."""

    severity: str  # one of SEVERITIES
    check: str  # "datum", "duplicates" …
    where: str  # the key of the scenario: "facilities.layers.0"
    what: str
    remedy: str = ""
    culprits: tuple[str, ...] = ()  # the first few

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.where}: {self.what}"]
        if self.culprits and "first: " not in self.what:
            lines.append(f"  first: {', '.join(self.culprits)}")
        if self.remedy:
            lines.append(f"  → {self.remedy}")
        return "\n".join(lines)


def refused(where: str, error: PlannerError) -> Finding:
    """What a run would refuse, its message taken apart into fault, culprits and remedy."""
    what, *remedy = SENTENCE_END.split(str(error), maxsplit=1)
    named = CULPRITS.search(what)
    culprits = tuple(named[1].split(", ")) if named else ()
    return Finding("error", type(error).__name__, where, what.removesuffix("."), " ".join(remedy), culprits)


def few(culprits: Iterable[object]) -> tuple[str, ...]:
    """The first few of the culprits."""
    return tuple(str(each) for each, _ in zip(culprits, range(MOST_CULPRITS), strict=False))


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity; of one severity in the order found."""
    return tuple(sorted(findings, key=lambda each: SEVERITIES.index(each.severity)))


def roads() -> frozenset[str]:
    """The highways that road density counts."""
    return frozenset(written("assumptions.yaml")["roads"])
