"""The keys of what a run measures beyond covered or not."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from planner.scenario.blocks import StandardId
from planner.scenario.faults import complaint
from planner.scenario.inputs import Model, Positive, Service, Text

Weight = Annotated[float, Field(strict=True, gt=0, le=1)]
Walk = Annotated[Positive, Field(le=60_000)]  # metres, as far as a walk is ever measured


class Sharing(Model):
    """How much of a service there is for each person, when those in reach of a facility share what it holds."""

    service: Service
    """Whose facilities; those of which nobody knows what they hold are left out, and counted."""
    method: Literal["2sfca", "e2sfca", "3sfca"] = "2sfca"
    """2sfca: all within the limit count alike; e2sfca: less the farther; 3sfca: and less where there is a choice."""
    limit_m: Walk
    """How far anybody goes, metres."""
    of: Literal["capacity", "area"] = "capacity"
    """What is shared: the column `capacity` of layers, or the square metres of each site."""
    weights: tuple[Weight, ...] = ()
    """Of bands of equal width up to limit_m, for e2sfca and 3sfca; by default those of Luo & Qi: 1, 0.68, 0.22."""
    group: Text | None = None
    """Who shares it, a group of the people layer; by default everybody."""

    @model_validator(mode="after")
    def _fading(self) -> "Sharing":
        if self.method == "2sfca" and self.weights:
            raise complaint("method 2sfca weighs nothing; write e2sfca or 3sfca, or no weights")
        if list(self.weights) != sorted(self.weights, reverse=True):
            raise complaint("weights must not rise: nobody prefers what is farther")
        return self


class Beyond(Model):
    """What is measured beside the shares within a limit."""

    standards: tuple[StandardId, ...] | None = None
    """Of which of the measured standards; by default of all, [] of none."""
    nearest_to_m: Walk | None = None
    """How far the nearest facility is looked for, metres; by default 2,000, and never less than the limits need."""
    detours_to_m: Annotated[Positive, Field(le=30_000)] | None = None
    """Up to which straight line walks are compared with it, metres; by default the limit of each standard."""
    access: tuple[Sharing, ...] = ()
    """How much there is for each person: seats, beds, square metres."""
