"""The least that a plan must reach, whatever else it brings."""

from typing import Annotated

from pydantic import Field

from planner.scenario.inputs import Amount, Model

Share = Annotated[Amount, Field(le=1)]


class AtLeast(Model):
    """Shares of the people that the standard must reach, those of today included."""

    share: Share | None = None
    """At least this share of all people has the standard: 0.95. Refused, with the ways out, where no plan can."""
    no_unit_below: Share | None = None
    """At least this share of the people of every unit has the standard: 0.5. Refused in the same way."""

    @property
    def floored(self) -> bool:
        """Whether any is asked for."""
        return self.share is not None or self.no_unit_below is not None
