"""What planning documents ask, as data: each number with its operator, unit, document, clause and confidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from planner.errors import QuestionError
from planner.written import written

OPERATORS = {">": "> ", ">=": "≥ ", "<": "< ", "<=": "≤ ", "=": "", "within": ""}  # and how each is printed
SUREST_FIRST = ("V", "V2", "A", "M", "M?")  # confidence, as data/standards.yaml explains it
SURENESS = {
    "V": "read in the text itself",
    "V2": "read in a secondary source",
    "A": "an assumption of this software",
    "M": "from memory: check before publication",
    "M?": "from memory, uncertain: check before publication",
}


def from_memory(confidence: str) -> bool:
    """Whether what is so sure was written from memory, and needs a check before publication."""
    return confidence.startswith("M")


def caution(confidence: str) -> str:
    """What stands behind a figure that was written from memory, `; from memory: …`; else nothing."""
    return f"; {SURENESS[confidence]}" if from_memory(confidence) else ""


@dataclass(frozen=True)
class Provision:
    """One number, or a range with both ends in, that a document asks for.

    `op` is held against the value: a park is `>=` 2,000 m², a walk `<=` 500 m. Shares lie in [0, 1].
    """

    id: str
    what: str
    op: str  # of OPERATORS
    value: float | tuple[float, float]
    unit: str
    document: str
    title: str  # of the document
    clause: str  # "-" where none was noted
    edition: str
    confidence: str
    applies_to: str = ""
    note: str = ""
    in_force: str = ""
    jurisdiction: str = "China"
    reason: str = ""  # of an override; empty where the provision stands as published

    def __post_init__(self) -> None:
        faults = []
        if self.op not in OPERATORS:
            faults.append(f"its op is {self.op!r}, none of {', '.join(OPERATORS)}")
        if self.unit not in unit_signs():
            faults.append(f"its unit is {self.unit!r}, none of {', '.join(unit_signs())}")
        if self.confidence not in SURENESS:
            faults.append(f"its confidence is {self.confidence!r}, none of {', '.join(SURENESS)}")
        if (self.op == "within") != isinstance(self.value, tuple):
            faults.append(f"it is {self.op!r} and has the value {self.value}: a range is 'within', and nothing else is")
        if isinstance(self.value, tuple) and not self.value[0] < self.value[1]:
            faults.append(f"its range {self.value} does not rise")
        if faults:
            raise QuestionError(f"The provision {self.id!r} cannot stand: {'; '.join(faults)}.")

    @property
    def number(self) -> float:
        """The value, where it is one number; a range is refused."""
        if isinstance(self.value, tuple):
            raise QuestionError(f"The provision {self.id!r} is a range, {self.threshold}. Take one with one number.")
        return self.value

    def holds(self, value: float) -> bool:
        """Whether a value is as it asks; both ends of a range are in, and exactly at a `>` is not enough."""
        low, high = self.value if isinstance(self.value, tuple) else (self.value, self.value)
        return {
            ">": value > low,
            ">=": value >= low,
            "<": value < high,
            "<=": value <= high,
            "=": value == low,
            "within": low <= value <= high,
        }[self.op]

    @property
    def threshold(self) -> str:
        """The value as it is printed: `≥ 2,000 m²`, `> 80%`, `800 to 1,000 m`."""
        said = [self._printed(value) for value in (self.value if isinstance(self.value, tuple) else (self.value,))]
        sign = unit_signs()[self.unit]
        return OPERATORS[self.op] + " to ".join(said) + (sign if self.unit == "ratio" else f" {sign}")

    @property
    def source(self) -> str:
        """The document and the clause, and a caution where they were not read."""
        clause = "" if self.clause == "-" else f", {self.clause}"
        return f"{self.document}{clause}{caution(self.confidence)}"

    def changed(self, value: float, reason: str) -> "Provision":
        """This provision with somebody's own number, which is an assumption."""
        return replace(self, value=value, reason=reason, confidence="A")

    def _printed(self, value: float) -> str:
        return f"{value * 100 if self.unit == 'ratio' else value:,.10g}"

    def __str__(self) -> str:
        applies = f" [{self.applies_to}]" if self.applies_to else ""
        return f"{self.what}{applies}: {self.threshold} ({self.source})"


def published() -> Mapping[str, Any]:
    """All of data/standards.yaml, as it is written."""
    return written("standards.yaml")


@cache
def unit_signs() -> Mapping[str, str]:
    """How each unit is printed, by its key in the data."""
    signs: Mapping[str, str] = published()["units"]
    return signs


@cache
def provisions() -> Mapping[str, Provision]:
    """Every provision, by id, in the order of the data; refused where two have the same id."""
    found: dict[str, Provision] = {}
    twice = []
    for each in _rows():
        if each.id in found:
            twice.append(each.id)
        found[each.id] = each
    if twice:
        raise QuestionError(f"The data give {', '.join(twice)} twice. Give each provision an id of its own.")
    return found


def provision(id: str) -> Provision:  # noqa: A002  (the field's word)
    """One provision; an unknown id names those that are nearest to it."""
    try:
        return provisions()[id]
    except KeyError:
        close = get_close_matches(id, provisions(), n=3)
        near = f" Near it: {', '.join(close)}." if close else ""
        raise QuestionError(
            f"There is no provision {id!r} among {len(provisions())}.{near} `planner standards` lists all."
        ) from None


def _rows() -> Iterator[Provision]:
    for document in (*published()["provisions"], *written("assumptions.yaml")["provisions"]):
        shared = {key: value for key, value in document.items() if key != "rows"}
        for row in document["rows"]:
            value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
            yield Provision(**shared, **{**row, "value": value})
