"""The keys under `demand`: who lives where, whom the figures count, and by which areas they are reported."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationInfo, field_validator, model_validator

from planner.ages import Ages
from planner.population import PopulationBase
from planner.scenario.faults import complaint
from planner.scenario.inputs import (
    Amount,
    AnyFile,
    Column,
    Count,
    Datum,
    Day,
    Layer,
    LayerFile,
    Model,
    Positive,
    Short,
    Text,
    exactly_one,
)


class Base(Short):
    """Whom the figures count (人口口径), in full, or in a text such as "常住人口, 2020 census"."""

    kind: Literal["resident", "registered", "actual", "served"] | None = None
    """resident 常住, registered 户籍, actual 实有 or served 服务."""
    date: Day | None = None
    """Of the figures: YYYY, YYYY-MM or YYYY-MM-DD."""
    boundary: Text | None = None
    """The area that the figures are of, in words: 川汇区 incl. its development zone."""
    source: Text | None = None
    """Who says so: 七普公报, the municipal register."""
    area_km2: Positive | None = None
    """How large that area is, square kilometres; a study area of another size is told."""
    people: Positive | None = None
    """How many people live in that area; another number in the study area is told."""
    text: Text | None = None
    """All of it in one's own words, instead; what it leaves open is told."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """A base in one's own words."""
        return {"text": word}

    @model_validator(mode="after")
    def _in_full(self) -> "Base":
        given = self.model_fields_set - {"text"}
        missing = [key for key in ("kind", "date", "boundary", "source") if getattr(self, key) is None]
        if self.text is not None and given:
            raise complaint(f"says {', '.join(sorted(given))} beside a text; write kind, date, boundary and source")
        if self.text is None and missing:
            raise complaint(f"lacks {', '.join(missing)}: write kind, date, boundary and source")
        return self

    def declared(self) -> PopulationBase:
        """The base as it is repeated with every figure."""
        return PopulationBase.of(self.text or PopulationBase(**self.model_dump(exclude_none=True)))


class PeopleLayer(Layer):
    """People by place: census blocks, grid cells, hexagons, addresses."""

    people: Column
    """Column with everybody."""
    groups: dict[Text, Column] = Field({})
    """Further columns by the name of the group, e.g. {older: pop_60plus}."""
    base: Base
    """Which population this is: {kind: resident, date: 2020-11-01, boundary: 川汇区, source: 七普公报}."""


class Totals(Layer):
    """Polygons with people, to be spread over the residential buildings inside each."""

    id: Column
    """Column with a unique id."""
    name: Column
    """Column with a name."""
    people: Column
    """Column with everybody."""


class Areas(Layer):
    """Polygons of the units of a table, found by their ids."""

    id: Column
    """Column with the id that the table has for the unit."""
    name: Column
    """Column with a name."""


def _ages(value: str) -> str:
    if Ages.read(value) is None:
        raise complaint(f"must name ages, such as 0-14, 60+ or 7, not {value!r}")
    return value


AgeClass = Annotated[Text, AfterValidator(_ages)]


class Counts(Model):
    """A table of who lives in each unit by age: CSV, Excel or a layer; wide, or long with a column `age`."""

    layer: Text | None = None
    """The layer or sheet inside the file, where it holds several."""
    encoding: Text | None = None
    """The file's text encoding; by default what it states, else UTF-8, else GB18030."""
    file: LayerFile
    """The file, relative to this scenario."""
    unit: Column
    """Column with the id of the unit: a community, a census section."""
    unit_characters: tuple[Annotated[Count, Field(ge=1)], Annotated[Count, Field(ge=1)]] | None = None
    """The first and the last character of `unit` that tell the unit, from 1: [6, 7] takes 01 out of 3501601001."""
    age: Column | None = None
    """Of a long table, the column with the ages of each row: 0-4, 85+."""
    people: Column | None = Field(None, validate_default=True)
    """Of a long table, the column with the people of each row; of a wide one, that with everybody, as a check."""
    classes: tuple[Column, ...] = ()
    """Of a wide table, the columns of the age classes; by default all whose heading names ages and that hold any."""
    only: dict[Column, Text | int] = Field({})
    """Which rows count, by a value in a column: {year: 2015}."""
    sum_over: tuple[Column, ...] = ()
    """Columns whose rows are added up: [sex]. Any other in which the rows of a unit differ is refused."""
    groups: dict[Text, AgeClass] = Field({})
    """The groups to report, by their ages: {children: 0-14, older: 60+}; they begin and end with classes."""
    areas: Areas | None = None
    """Polygons of the units; without them, all people are spread over the whole study area."""

    @field_validator("people")
    @classmethod
    def _counted(cls, people: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("age") is not None and people is None:
            raise complaint("age names a column: write people, the column that counts them")
        return people

    @model_validator(mode="after")
    def _consistent(self) -> "Counts":
        if self.age is not None and self.classes:
            raise complaint("write age, of a long table, or classes, of a wide one; not both")
        if self.unit_characters and self.unit_characters[0] > self.unit_characters[1]:
            raise complaint(f"unit_characters run backwards: {list(self.unit_characters)}")
        return self


class Raster(Model):
    """People by the cell of a raster, such as a GeoTIFF of WorldPop."""

    file: AnyFile
    """The file, relative to this scenario."""
    band: Annotated[Count, Field(ge=1)] = 1
    """Which band holds the people."""
    nodata_is_nobody: StrictBool = False
    """Whether cells without data mean that nobody lives there; otherwise they are refused."""


class PeopleRaster(Raster):
    """People who stand in the cells of a raster: only where no homes are mapped."""

    base: Base
    """Which population this is: {kind: resident, date: 2020-11-01, boundary: 川汇区, source: 七普公报}."""


class AgeShares(Model):
    """How old the people of a single total are, everywhere alike."""

    classes: dict[AgeClass, Annotated[Amount, Field(le=1)]]
    """The share of each age class, which part everybody: {0-59: 0.82, 60-79: 0.15, 80+: 0.03}."""
    groups: dict[Text, AgeClass]
    """The groups to report, by their ages: {60+: 60+, 80+: 80+}; they begin and end with classes."""

    @field_validator("classes")
    @classmethod
    def _everybody(cls, value: dict[str, float]) -> dict[str, float]:
        if not math.isclose(sum(value.values()), 1, abs_tol=1e-9):
            raise complaint(f"must add up to 1, not {sum(value.values()):g}")
        return value


class Spread(Model):
    """People spread over the residential buildings of the city by floor area, to the person."""

    total: Annotated[Count, Field(gt=0)] | None = None
    """Everybody in the study area."""
    ages: AgeShares | None = None
    """How old those of the total are."""
    totals: Totals | None = None
    """A table of totals by unit, instead of one total."""
    counts: Counts | None = None
    """A table of people by unit and age, instead of totals."""
    raster: Raster | None = Field(None, validate_default=True)
    """A raster of people, each cell spread over the homes in it."""
    base: Base
    """Which population this is: {kind: resident, date: 2020-11-01, boundary: 川汇区, source: 七普公报}."""
    assumption: Text | None = Field(None, validate_default=True)
    """The sentence that every output repeats; one total for a whole city cannot do without."""

    @field_validator("ages")
    @classmethod
    def _of_a_total(cls, value: AgeShares | None, info: ValidationInfo) -> AgeShares | None:
        if value is not None and info.data.get("total") is None:
            raise complaint("are shares of the total; write total, or a table of counts by age")
        return value

    @field_validator("raster")
    @classmethod
    def _one_source(cls, value: Raster | None, info: ValidationInfo) -> Raster | None:
        exactly_one(("total", "totals", "counts", "raster"), value, info)
        return value

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        counts = info.data.get("counts")
        if (info.data.get("total") is not None or (counts and counts.areas is None)) and value is None:
            what = "the table, whose units have no areas," if counts else "total"
            raise complaint(f"{what} is spread over buildings: say so in assumption, every output repeats it")
        return value


class Units(Short):
    """The areas to report by: "auto" takes the administrative units of the extract, else hexagons."""

    layer: Text | None = None
    """The layer inside the file, where it holds several."""
    encoding: Text | None = None
    """The file's text encoding."""
    file: LayerFile | None = None
    """Polygons, relative to this scenario."""
    id: Column | None = Field(None, validate_default=True)
    """Column with a unique id."""
    name: Column | None = Field(None, validate_default=True)
    """Column with a name."""
    datum: Datum | None = None
    """What the degrees are of: wgs84, cgcs2000, gcj02 or bd09; the latter two are converted."""
    admin_level: Annotated[Count | None, Field(ge=1, le=12)] = None
    """The administrative units of this OpenStreetMap level."""
    hex_m: Positive | None = Field(None, validate_default=True)
    """Hexagons with edges of this length, metres."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """`auto` is the only word."""
        if word != "auto":
            raise complaint(f"must be auto or a mapping (`hex_m: 300`, `admin_level: 8`, `file: …`), not {word!r}")
        return {}

    @field_validator("id", "name")
    @classmethod
    def _with_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "file" in info.data and (value is None) != (info.data["file"] is None):
            raise complaint("file, id and name need each other: write all three, or none")
        return value

    @field_validator("hex_m")
    @classmethod
    def _one_kind(cls, value: float | None, info: ValidationInfo) -> float | None:
        given = [key for key in ("file", "admin_level") if info.data.get(key)] + (["hex_m"] if value else [])
        if len(given) > 1:
            raise complaint(f"write one of {', '.join(given)}")
        return value


class TreeLevel(Layer):
    """The areas of one level."""

    level: Literal["district", "subdistrict", "community", "compound"]
    """district 区, subdistrict 街道, community 社区 or compound 小区; buildings are the places themselves."""
    id: Column
    """Column with a unique id."""
    name: Column
    """Column with a name."""
    parent: Column | None = None
    """Column with the id of the area of the level above; by default the area that holds it."""
    people: Column | None = None
    """Column with everybody in the area, as a check: the places in it must add up to it."""


class Levels(Model):
    """The levels of the city in one another, from the uppermost down: 区, 街道, 社区, 小区, and buildings below."""

    areas: tuple[TreeLevel, ...] = ()
    """Polygons of each level."""
    digits: dict[Text, Annotated[Count, Field(ge=1)]] = Field({}, validate_default=True)
    """Or how many first characters of the places' ids tell each level: {district: 6, subdistrict: 9, community: 12}."""

    @field_validator("areas")
    @classmethod
    def _downward(cls, value: tuple[TreeLevel, ...]) -> tuple[TreeLevel, ...]:
        given = [each.level for each in value]
        there = ["district", "subdistrict", "community", "compound"]
        if given != [level for level in there if level in given]:
            raise complaint(f"go down from {', '.join(there)}, each once; given: {', '.join(given)}")
        return value

    @field_validator("digits")
    @classmethod
    def _one_way(cls, value: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        exactly_one(("areas", "digits"), value, info)
        return value


class People(Model):
    """Where people live: spread over buildings, or a layer that says it."""

    spread: Spread | None = None
    """One total, or totals by unit, spread over residential buildings."""
    layer: PeopleLayer | None = None
    """A layer with people."""
    raster: PeopleRaster | None = Field(None, validate_default=True)
    """A raster with people, where no homes are mapped to spread them over."""
    units: Units = Units.model_validate({})
    """The areas to report by."""
    tree: Levels | None = None
    """The levels of the city in one another; what does not nest or add up is refused, and tree.csv reports by all."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of people, of areas they are counted in and of levels."""
        of_spread = (self.spread.totals, self.spread.counts and self.spread.counts.areas) if self.spread else ()
        levels = self.tree.areas if self.tree else ()
        return tuple(layer for layer in (self.layer, *of_spread, *levels) if layer is not None)

    @field_validator("raster")
    @classmethod
    def _one_source(cls, value: PeopleRaster | None, info: ValidationInfo) -> PeopleRaster | None:
        exactly_one(("spread", "layer", "raster"), value, info)
        return value
