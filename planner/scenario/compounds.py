"""The block of walled residential compounds (小区) and their gates."""

from typing import Any, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from planner.scenario.faults import complaint
from planner.scenario.inputs import Column, Layer, Short, Text


class GateLayer(Layer):
    """Gates of compounds; whoever gives some of a compound's gates gives all of them."""

    compound: Column | None = None
    """Column with the id of the compound; by default the one with the nearest outline."""
    public: Column | None = None
    """Column that says yes where passers-by may walk through; by default a gate is for residents."""


class WalledCompounds(Short):
    """Walled compounds, left by their gates alone: "none", "osm" (those the extract knows), or layers."""

    osm: Literal["mapped", "all"] | None = None
    """mapped: residential land with walls or gates in the extract; all: every residential area is taken for walled."""
    walls: Layer | None = None
    """A layer of compounds: polygons."""
    gates: GateLayer | None = None
    """A layer of their gates: points."""
    passers_by: StrictBool = False
    """Whether passers-by may walk through every gate, instead of through those said to be public."""
    assumption: Text | None = Field(None, validate_default=True)
    """The sentence that every output repeats; taking every residential area for walled cannot do without."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """`none` and `osm` are the words."""
        if word not in {"none", "osm"}:
            raise complaint(f"must be none, osm or a mapping (`walls: …`, `osm: all`), not {word!r}")
        return {} if word == "none" else {"osm": "mapped"}

    @field_validator("walls")
    @classmethod
    def _one_source(cls, walls: Layer | None, info: ValidationInfo) -> Layer | None:
        if walls is not None and info.data.get("osm") is not None:
            raise complaint("write one of osm and walls")
        return walls

    @field_validator("gates")
    @classmethod
    def _of_something(cls, gates: GateLayer | None, info: ValidationInfo) -> GateLayer | None:
        if gates is not None and not {info.data.get("osm"), info.data.get("walls")} - {None}:
            raise complaint("gates of which compounds? write walls, a layer, or osm")
        return gates

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("osm") == "all" and value is None:
            raise complaint("osm: all takes land for walled of which nobody knows it: say so in assumption")
        return value
