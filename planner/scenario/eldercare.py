"""What a scenario asks of a service beyond who reaches it: sizes of its sites, floor for each hundred households."""

from typing import Annotated, Literal

from pydantic import Field

from planner.provisions import provisions
from planner.scenario.inputs import Amount, Model, Positive, Text, known

PER_HUNDRED = "m2_per_100hh"


def floor_provisions() -> list[str]:
    """The provisions that ask for floor by households."""
    return [id for id, each in provisions().items() if each.unit == PER_HUNDRED]  # noqa: A001


class SizeToSite(Model):
    """A size in which a service is built."""

    name: Text
    """What the plan calls it."""
    min_area_m2: Amount = 0
    """The smallest parcel that holds it, square metres; never below what its service needs."""
    floor_m2: Amount = 0
    """Floor of the building, square metres."""
    capacity: Annotated[Amount, Field(gt=0)] | None = None
    """How many people it holds; left out, as many as come."""
    cost: Amount = 0
    """What it costs beside the cost of the site, in the same money."""


class FloorAsked(Model):
    """Floor of a service for each hundred households, in each of the areas in which it should be present."""

    provision: Annotated[str, known("provision of floor", floor_provisions)]
    """Which document asks for how much: elder.floor.henan.existing, elder.floor.henan.new, …"""
    people_per_household: Positive
    """By which households are counted, where only people are known."""
    standing_m2: Amount = 0
    """Floor of each standing site, square metres."""
    required: Literal["nowhere", "in_all", "in_each"] = "nowhere"
    """Whether the new sites must make up for what is missing: nowhere (only told), in all areas together, in each."""
    assumption: Text
    """Where people_per_household and standing_m2 come from; every output repeats it."""
