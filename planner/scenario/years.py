"""Years in which sites open, one after the other."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from planner.scenario.faults import complaint
from planner.scenario.inputs import Amount, Count, Model, Positive, Text

YearName = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    Field(min_length=1),
    WithJsonSchema({"type": ["string", "integer"]}),
]


class YearToOpen(Model):
    """What may open in a year."""

    name: YearName
    """What it is called: 2022, or 一期."""
    new_sites: Count | None = None
    """How many sites may open in it at most."""
    budget: Amount | None = None
    """The most that the sites opened in it may cost together."""
    length: Positive = 1.0
    """How many years what is open then serves before the next one begins; of the last one, up to the horizon."""


class OverYears(Model):
    """A number of sites that open year by year, so that people are served for as long as can be."""

    years: tuple[YearToOpen, ...] = ()
    """The years, the first one first; left out, all sites open at once."""
    ready: dict[Text, YearName] = Field({})
    """Ids of candidates that may not open before a year: {leftover/7: 2023}."""
    after: tuple[tuple[Text, Text], ...] = ()
    """Pairs of candidates of which the first opens no sooner than the second."""
    carry_over: StrictBool = False
    """Whether what a year leaves unused of its number and its budget may be used in later ones."""
    closes: dict[Text, YearName] = Field({})
    """Ids of standing facilities that serve no more from a year on."""
    moves: tuple[tuple[Text, Text], ...] = ()
    """Pairs of a standing facility and the candidate that may take its place: it closes when that opens."""

    @model_validator(mode="after")
    def _of_these_years(self) -> "OverYears":
        idle = sorted(self.model_fields_set & {"ready", "after", "carry_over", "closes", "moves"})
        if idle and not self.years:
            raise complaint(f"{', '.join(idle)} are about years; write years as well")
        names = [year.name for year in self.years]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise complaint(f"years name {', '.join(twice)} more than once")
        if endless := [year.name for year in self.years if year.new_sites is None and year.budget is None]:
            raise complaint(f"years have neither new_sites nor a budget in {', '.join(endless)}")
        if unknown := sorted({*self.ready.values(), *self.closes.values()} - {*names}):
            raise complaint(f"ready or closes name {', '.join(unknown)}; there are the years {', '.join(names)}")
        return self


def check_years(over: OverYears, new_sites: int | None, *, priced: bool) -> None:
    """Refuse years that open another number of sites than the question, or spend what nobody has priced."""
    numbers = [year.new_sites for year in over.years if year.new_sites is not None]
    if numbers and len(numbers) == len(over.years) and new_sites not in {None, sum(numbers)}:
        raise complaint(f"years open {sum(numbers)} sites in all, and new_sites is {new_sites}")
    if not priced and any(year.budget is not None for year in over.years):
        raise complaint("budgets of years need to know what a site costs; write cost as well")
