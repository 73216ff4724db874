"""Whom a plan should look to first, and which other ideas of it should stand beside."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from planner.scenario.faults import complaint
from planner.scenario.inputs import Model, Positive

Way = Literal["most", "worst", "in_turn", "no_unit_below", "kolm_pollak", "cvar"]


class AskedFairness(Model):
    """Whom the plan looks to first, beside plans that look to others; each with its price in people served."""

    by: Way = "most"
    """Which plan is adopted: most people; the worst unit lifted (worst), then the next (in_turn); no_unit_below a
    share; walks short and alike (kolm_pollak); the walks of those who walk farthest (cvar)."""
    beside: tuple[Way, ...] = ()
    """Which others are computed for comparison."""
    no_unit_below: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of each unit's people that should be served at least."""
    aversion: Positive = 1.0
    """How much uneven walks count under kolm_pollak: near 0 as their mean, the more the nearer to the longest."""
    worst_people: Annotated[float, Field(gt=0, le=1)] = 0.1
    """The share of the people, those who walk farthest, whose mean walk counts under cvar."""
    walks_to_m: Positive | None = None
    """How far walks are measured, metres; a longer one counts as this. Left out, as far as data/standards.yaml says."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """All that are computed."""
        return (self.by, *self.beside)

    @model_validator(mode="after")
    def _share_is_given(self) -> "AskedFairness":
        if "no_unit_below" in self.ways and self.no_unit_below is None:
            raise complaint("no_unit_below is asked for without a share; write no_unit_below: 0.6")
        return self
