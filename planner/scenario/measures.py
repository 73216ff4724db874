"""The blocks of measures to try: a gate of a walled compound opened, a footbridge or a passage built."""

from typing import Annotated

from pydantic import Field, model_validator

from planner.scenario.faults import complaint
from planner.scenario.inputs import Model, Positive, Text

Degrees = Annotated[
    tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-85, le=85)]], Field(strict=False)
]


class Measure(Model):
    """A change of the streets that is tried, alone and with the others: nothing is built, its gain is told."""

    name: Text
    """What tables call it."""
    open_gate: Degrees | None = None
    """[lon, lat] of a gate on the outline of a walled compound, opened for its residents."""
    build_link: tuple[Degrees, Degrees] | None = None
    """[[lon, lat], [lon, lat]]: a footbridge, an underpass or a path between two points, walked both ways."""
    length_m: Positive | None = None
    """How long the link is, metres; by default straight from street to street."""

    @model_validator(mode="after")
    def _one_thing(self) -> "Measure":
        if (self.open_gate is None) == (self.build_link is None):
            raise complaint("write exactly one of open_gate, build_link")
        if self.length_m is not None and self.build_link is None:
            raise complaint("length_m is of build_link")
        return self
