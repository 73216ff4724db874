"""The key `stated`: what a document says was done, to be held beside what the software finds."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from planner.scenario.blocks import StandardId
from planner.scenario.faults import complaint
from planner.scenario.inputs import Amount, Model, Text
from planner.scenario.schools import StageId

Kind = Literal["people", "sites", "first_year", "share", "areas", "seats", "schools", "unasked"]
OF_SCHOOLS = ("seats", "schools")


class StatedFigure(Model):
    """One thing that a document says, with its figure or without one."""

    says: dict[Literal["zh", "en"], Text]
    """Its words, in Chinese and English."""
    of: Kind
    """What it is about: people who live there; sites opened, or opened in the first year; the share of the people
    served on foot; the share of the areas in which the service is present; standard seats added, or schools built and
    changed, by the last year; or unasked, what this scenario leaves."""
    figure: Amount | None = None
    """What it says; shares lie between 0 and 1. Left out where the document gives none."""
    standard: StandardId | None = Field(None, validate_default=True)
    """Of which standard; of people, seats, schools and what is unasked, none."""
    stages: tuple[StageId, ...] = Field((), validate_default=True)
    """Of which stages of school; of seats and schools."""

    @field_validator("standard")
    @classmethod
    def _needed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "of" in info.data and (value is None) != (info.data["of"] in {"people", "unasked", *OF_SCHOOLS}):
            raise complaint("is missing" if value is None else f"does not go with of: {info.data['of']}; leave it out")
        return value

    @field_validator("stages")
    @classmethod
    def _of_schools(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "of" in info.data and bool(value) != (info.data["of"] in OF_SCHOOLS):
            raise complaint(f"does not go with of: {info.data['of']}; leave it out" if value else "is missing")
        return value


class Stated(Model):
    """What a document says, claim by claim."""

    source: Text
    """The document; every output names it."""
    figures: tuple[StatedFigure, ...]
    """Its claims, in their order."""
