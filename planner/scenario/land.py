"""The block of residential land, of which the official measure (服务半径覆盖率) covers a share."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from planner.scenario.faults import complaint
from planner.scenario.inputs import Column, Layer, Text


class LandLayer(Layer):
    """Residential land from a layer of land use."""

    code: Column | None = None
    """Column with the land-use code, where the layer holds other land as well."""
    codes: tuple[Text, ...] = Field((), validate_default=True)
    """The codes that are residential, with those below them: ["0701"], or [R] for R1, R2 and R3."""

    @field_validator("codes")
    @classmethod
    def _of_a_column(cls, codes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "code" in info.data and bool(codes) != (info.data["code"] is not None):
            raise complaint("code and codes need each other: write the column and what is residential, or neither")
        return codes


ResidentialLand = Annotated[
    Annotated[Literal["osm"], Tag("<word>")] | Annotated[LandLayer, Tag("<layer>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<layer>"),
]
