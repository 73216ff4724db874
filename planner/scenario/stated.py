"""The key `stated`: what a document says was done, to be held beside what the software finds."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from planner.scenario.blocks import StandardId
from planner.scenario.faults import complaint
from planner.scenario.inputs import Amount, Model, Text

Kind = Literal["people", "sites", "first_year", "share", "areas", "unasked"]


class StatedFigure(Model):
    """One thing that a document says, with its figure or without one."""

    says: dict[Literal["zh", "en"], Text]
    """Its words, in Chinese and English."""
    of: Kind
    """What it is about: people who live there; sites opened, or opened in the first year; the share of the people
    served on foot; the share of the areas in which the service is present; or unasked, what this scenario leaves."""
    figure: Amount | None = None
    """What it says; shares lie between 0 and 1. Left out where the document gives none."""
    standard: StandardId | None = Field(None, validate_default=True)
    """Of which standard; of people and of what is unasked, none."""

    @field_validator("standard")
    @classmethod
    def _needed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "of" in info.data and (value is None) != (info.data["of"] in {"people", "unasked"}):
            raise complaint("is missing" if value is None else f"does not go with of: {info.data['of']}; leave it out")
        return value


class Stated(Model):
    """What a document says, claim by claim."""

    source: Text
    """The document; every output names it."""
    figures: tuple[StatedFigure, ...]
    """Its claims, in their order."""
