"""Which population a figure counts (人口口径): its kind, its date, the boundary it is of, and who says so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from planner.errors import QuestionError
from planner.provisions import Provision
from planner.written import written

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)(?:-\d\d(?:-\d\d)?)?")


@dataclass(frozen=True)
class PopulationBase:
    """Whom a figure of people counts. What nobody declared is empty."""

    kind: str = ""  # of `kinds`: resident 常住, registered 户籍, actual 实有, served 服务
    date: str = ""  # YYYY, YYYY-MM or YYYY-MM-DD
    boundary: str = ""  # the area that the figure is of, in words
    source: str = ""
    area_km2: float | None = None  # of that boundary, where it is known
    people: float | None = None  # everybody within that boundary
    text: str = ""  # in somebody's own words, shown as given

    def __post_init__(self) -> None:
        if self.kind and self.kind not in kinds():
            raise QuestionError(f"There is no population base {self.kind!r}. There are: {', '.join(kinds())}.")

    @classmethod
    def of(cls, said: "PopulationBase | str") -> "PopulationBase":
        """A base as it is; of a text, what it says of its kind and its year: `常住 2020` says both."""
        if isinstance(said, PopulationBase):
            return said
        named = [kind for kind, each in kinds().items() if any(word in said.casefold() for word in each["words"])]
        dates = YEAR.findall(said)
        return cls(named[0] if len(named) == 1 else "", dates[0] if len(dates) == 1 else "", text=said)

    @property
    def undeclared(self) -> tuple[str, ...]:
        """What nobody has said of it: `("date", "boundary")`."""
        return tuple(part for part in ("kind", "date", "boundary") if not getattr(self, part))

    def drift(self, *, area_km2: float | None, people: float) -> str:
        """In what the declared boundary differs from the study area, in a sentence; nothing where nobody can tell.

        Only an area or people that the base declares are compared, and an area only where the study area has one.
        """
        limit = threshold("base.drift").number
        apart = [
            f"{declared:,.10g} {unit} are declared and {round(counted, 1):,.10g} counted"
            for unit, declared, counted in (("km²", self.area_km2, area_km2), ("people", self.people, people))
            if declared is not None and counted is not None and round(abs(counted / declared - 1), 9) > limit
        ]
        if not apart:
            return ""
        return f"the population base is of another area than the study area ({self.boundary}): {'; '.join(apart)}"

    def __str__(self) -> str:
        if self.text:
            return self.text
        title = kinds()[self.kind]["title"]["en"] if self.kind else "of no declared base"
        return ", ".join(filter(None, (title, self.date, self.boundary, self.source)))


@cache
def kinds() -> Mapping[str, Any]:
    """Each kind with its title and the words that say it, by id."""
    found: Mapping[str, Any] = written("population.yaml")["kinds"]
    return found


@cache
def threshold(id: str) -> Provision:  # noqa: A002  (the field's word)
    """One threshold of data/population.yaml, with its document."""
    return {row["id"]: Provision(**row) for row in written("population.yaml")["thresholds"]}[id]
