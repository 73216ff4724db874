"""The files that a scenario names: whether they are there, and have the columns that it asks for."""

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from planner.kits import service_titles
from planner.scenario.faults import complaint, nearest, siblings


@dataclass(frozen=True)
class File:
    """A file that a scenario names; `str` calls it as outputs may, without the folders of a machine."""

    text: str
    path: Path = field(repr=False, compare=False)  # absolute

    def __str__(self) -> str:
        return self.path.name if Path(self.text).is_absolute() else self.text


@dataclass(frozen=True)
class Head:
    """What a table of places holds, read without its rows."""

    columns: frozenset[str] = frozenset()
    crs: str | None = None  # "" where coordinates are columns, None where shapes lie nobody knows where
    trouble: str = ""  # why it cannot be read

    def has(self, column: str) -> bool:
        """Whether there is such a column, also as a Shapefile cuts it: to 10 bytes of UTF-8 or GB18030."""
        cut = {column.encode(code)[:10].decode(code, "ignore") for code in ("utf-8", "gb18030")}
        return column in self.columns or bool(cut & self.columns)


@dataclass(frozen=True)
class Reading:
    """The files that a scenario names, looked up from its folder; each head is read once."""

    folder: Path
    heads: dict[tuple[Path, str | None, str | None], Head] = field(default_factory=dict)

    def path(self, text: str) -> Path:
        """The absolute path of a file that is there; a complaint where it is not."""
        path = Path(os.path.normpath(self.folder / text))
        if not path.is_file():
            raise complaint(f"there is no file {text!r}{nearest(path.name, siblings(path), list_all=False)}")
        return path

    def head(self, path: Path, layer: str | None, encoding: str | None) -> Head:
        """The head of a table of places."""
        key = (path, layer, encoding)
        if key not in self.heads:
            self.heads[key] = _head(*key)
        return self.heads[key]


def _head(path: Path, layer: str | None, encoding: str | None) -> Head:
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return _text_head(path, encoding)
    import pyogrio  # noqa: PLC0415  (GDAL takes a while to load, and a scenario without layers does without)

    try:
        headed = (
            {"HEADERS": "FORCE"} if path.suffix.lower() in {".xlsx", ".ods"} else {}
        )  # as the reader of layers does
        info = pyogrio.read_info(path, layer=layer, encoding=encoding, **headed)
        columns = set(info["fields"])
        if path.suffix.lower() == ".shp" and encoding is None:  # without a .cpg nobody knows
            columns |= set(pyogrio.read_info(path, encoding="GB18030")["fields"])
        layers = [] if layer else [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except (RuntimeError, ValueError, LookupError, OSError) as error:
        return Head(trouble=f"{path.name} cannot be read: {str(error).replace(str(path), path.name)}")
    if len(layers) > 1:
        return Head(trouble=f"{path.name} holds {len(layers)} layers; write layer, one of: {', '.join(layers)}")
    return Head(frozenset(map(str, columns)), info["crs"] if info["geometry_type"] else "")


def _text_head(path: Path, encoding: str | None) -> Head:
    for code in (encoding,) if encoding else ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=code, newline="") as file:
                head = file.readline()
                delimiter = max(",;\t", key=head.count)
                return Head(frozenset(next(csv.reader([head], delimiter=delimiter), [])), crs="")
        except (UnicodeError, LookupError, OSError):
            continue
    return Head(trouble=f"{path.name} is not text in the encoding {encoding or 'UTF-8 or GB18030'}; write encoding")


def _reading(info: ValidationInfo) -> Reading:
    return info.context if isinstance(info.context, Reading) else Reading(Path.cwd())


def _file(value: object, info: ValidationInfo) -> File:
    if isinstance(value, File):
        return value
    if not isinstance(value, str):
        raise complaint(f"must be the name of a file, not {value!r}")
    return File(value, _reading(info).path(value))


def head_of(file: File, info: ValidationInfo) -> Head:
    """The head of a file, for the validator of a field that stands after `layer` and `encoding`."""
    return _reading(info).head(file.path, info.data.get("layer"), info.data.get("encoding"))


def _layer_file(value: object, info: ValidationInfo) -> File:
    file = _file(value, info)
    if trouble := head_of(file, info).trouble:
        raise complaint(trouble)
    return file


def _column(value: str, info: ValidationInfo) -> str:
    file = info.data.get("file")
    if isinstance(file, File) and not (head := head_of(file, info)).has(value):
        raise complaint(f"{file} has no column {value!r}{nearest(value, head.columns)}")
    return value


def known(what: str, ids: Callable[[], Iterable[str]]) -> AfterValidator:
    """A validator that knows the ids there are; they are read only when one is checked."""

    def check(value: str) -> str:
        if value not in ids():
            raise complaint(f"there is no {what} {value!r}{nearest(value, ids())}")
        return value

    return AfterValidator(check)


_AS_TEXT = (WithJsonSchema({"type": "string"}), PlainSerializer(str, return_type=str))
AnyFile = Annotated[File, PlainValidator(_file), *_AS_TEXT]
LayerFile = Annotated[File, PlainValidator(_layer_file), *_AS_TEXT]
Column = Annotated[str, AfterValidator(_column)]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(strict=True, gt=0)]
Amount = Annotated[float, Field(strict=True, ge=0)]  # the name says of what: metres, square metres, seconds
Count = Annotated[int, Field(strict=True, ge=0)]
Day = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, date | int) else value),
    Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$"),
]
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Service = Annotated[str, known("service", service_titles)]


def exactly_one(keys: Sequence[str], value: object, info: ValidationInfo) -> None:
    """For the validator of the last of `keys`: one of them must be given. A faulty one is fault enough."""
    if all(key in info.data for key in keys[:-1]):
        given = [key for key in keys[:-1] if info.data[key]] + ([keys[-1]] if value else [])
        if len(given) != 1:
            raise complaint(f"write exactly one of {', '.join(keys)}; given: {', '.join(given) or 'none'}")


class Model(BaseModel):
    """A block of a scenario: no unknown key, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class Short(Model):
    """A block that one word may stand for."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """The block that the word stands for."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _long(cls, value: object) -> object:
        return cls.from_word(value) if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        block = handler(schema)
        return {"description": block.pop("description", ""), "anyOf": [{"type": "string"}, block]}


class Layer(Model):
    """A table of places: whatever GDAL reads (GeoPackage, Shapefile, GeoJSON), or CSV with coordinates."""

    layer: Text | None = None
    """The layer inside the file, where it holds several."""
    encoding: Text | None = None
    """The file's text encoding; by default what it states, else UTF-8, else GB18030."""
    file: LayerFile  # after `layer` and `encoding`, by which its head is read, and before the columns, checked in it
    """The file, relative to this scenario."""
    id: Column | None = None
    """Column with a unique id; by default rows are numbered."""
    name: Column | None = None
    """Column with a name."""
    lon: Column | None = None
    """Column of longitude, or east, of a CSV."""
    lat: Column | None = Field(None, validate_default=True)
    """Column of latitude, or north, of a CSV."""
    crs: Text | None = Field(None, validate_default=True)
    """Reference system of the coordinates, e.g. EPSG:4326; by default what the file states."""
    datum: Datum | None = None
    """What the degrees are of: wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu); the latter two are converted."""
    datum_reason: Text | None = Field(None, validate_default=True)
    """Why that datum holds although the places fit the streets in another one; every output repeats it."""

    @field_validator("datum_reason")
    @classmethod
    def _of_a_datum(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and "datum" in info.data and info.data["datum"] is None:
            raise complaint("says why the declared datum holds, and none is declared; write datum as well")
        return value

    @field_validator("lat")
    @classmethod
    def _both(cls, lat: str | None, info: ValidationInfo) -> str | None:
        if "lon" in info.data and (lat is None) != (info.data["lon"] is None):
            raise complaint("lon and lat need each other: write both columns, or none")
        return lat

    @field_validator("crs")
    @classmethod
    def _placed(cls, crs: str | None, info: ValidationInfo) -> str | None:
        file = info.data.get("file")
        if crs is None and isinstance(file, File) and head_of(file, info).crs is None:
            raise complaint(f"{file} states no reference system; write crs, e.g. crs: EPSG:4326")
        return crs


class SiteLayer(Layer):
    """Sites by place; points are entered where they are, polygons along their boundary."""

    area: Column | None = None
    """Column with the official area, square metres; takes the place of the drawn one."""
    area_m2: Positive | None = None
    """Assumed area of each site, square metres, where no column says it; takes the place of the drawn one."""
    assumption: Text | None = Field(None, validate_default=True)
    """The sentence about `area_m2` that every output repeats."""
    capacity: Column | None = None
    """Column with what each site holds: seats, beds, square metres; empty cells are unknown."""

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("area_m2") is not None and value is None:
            raise complaint("area_m2 is assumed: say so in assumption, every output repeats it")
        if info.data.get("area_m2") is not None and info.data.get("area") is not None:
            raise complaint("write area, a column, or area_m2, an assumption; not both")
        return value


class ServiceLayer(SiteLayer):
    """Standing facilities of one service."""

    service: Service
    """green, park, eldercare, community, convenience, school, kindergarten, or a service of the kits (kits.yaml)."""
