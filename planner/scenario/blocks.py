"""The blocks of a scenario: every key that a planner may write, what it means, and what it may hold.

The sentence under a key is what an editor shows when the pointer rests on it.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)

from planner import standards as published
from planner.scenario.faults import complaint
from planner.scenario.inputs import (
    Amount,
    AnyFile,
    Count,
    Datum,
    Day,
    File,
    Model,
    Positive,
    ServiceLayer,
    Short,
    Text,
    exactly_one,
    known,
)
from planner.scenario.tasks import Tasks
from planner.scenario.walkers import Elevation
from planner.walkers import named_by_walkers


def _slug(value: str) -> str:
    if not re.fullmatch(r"\w[\w-]*", value):
        raise complaint(f"must be one word of letters, digits, - and _, as it names files; not {value!r}")
    return value


SUFFIXES = (".pbf", ".osm", ".gz", ".bz2", ".shp", ".gpkg", ".geojson", ".json", ".csv", ".zip")  # of files
Slug = Annotated[str, AfterValidator(_slug)]
StandardId = Annotated[str, known("standard", published.standards)]
ProvisionId = Annotated[
    str,
    known("provision of a rule-set or of walkers", lambda: (*published.named_by_rule_sets(), *named_by_walkers())),
]
RuleSetId = Annotated[str, known("rule-set", published.rule_sets)]


class City(Short):
    """The city: "made-up", "sample:helsinki", an OpenStreetMap extract, or the name of a place to download."""

    made_up: StrictBool = False
    """The embedded city, made up after Chuanhui District; nothing is downloaded."""
    sample: Literal["helsinki"] | None = None
    """A small real extract that comes with the optional extra `samples`."""
    place: Text | None = None
    """A place as OpenStreetMap's search finds it, e.g. "川汇区, 周口市, 中国"; downloaded once, then cached."""
    extract: AnyFile | None = Field(None, validate_default=True)
    """An OpenStreetMap extract (.osm.pbf, .osm), relative to this file."""
    boundary: AnyFile | None = None
    """Polygons of the study area: who lives outside is not counted."""
    boundary_datum: Datum | None = None
    """What the degrees of the boundary are of; those that web maps in China offer are often gcj02."""
    ring_m: Amount = 1500
    """How far beyond the study area streets are walked, metres; of a place by name, 1 500 m are downloaded."""
    max_access_m: Positive = 200
    """The longest way from a door to a street, metres; who lives farther off is uncovered on foot, and reported."""
    island_m: Amount = 1000
    """Streets tied to nothing that are shorter than this in all are no part of the network, metres."""
    overpass_url: Text | None = None
    """Another Overpass server to download from."""
    nominatim_url: Text | None = None
    """Another Nominatim server to find the place by."""
    elevation: Elevation | None = None
    """Heights of the ground, for walkers who mind slopes."""
    data_date: Day | None = None
    """The date of the data where the extract does not say it: YYYY, YYYY-MM or YYYY-MM-DD."""
    name: Text | None = None
    """The city's name on maps, where it is not the extract's or the place's own."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """The one line that changes the city."""
        if word.lower().replace("_", "-").replace(" ", "-") == "made-up":
            return {"made_up": True}
        if word.startswith("sample:"):
            return {"sample": word.removeprefix("sample:")}
        extract = "/" in word or "\\" in word or word.lower().endswith(SUFFIXES)
        return {"extract" if extract else "place": word}

    @field_validator("extract")
    @classmethod
    def _one_city(cls, value: File | None, info: ValidationInfo) -> File | None:
        exactly_one(("made_up", "sample", "place", "extract"), value, info)
        return value


class Standing(Model):
    """What stands today."""

    osm: StrictBool = True
    """Whether to take facilities from the extract."""
    layers: tuple[ServiceLayer, ...] = ()
    """Further facilities, added to those of the extract."""


class Override(Model):
    """Another threshold than the published one, of a standard or of a provision of rule-sets, with its reason."""

    standard: StandardId | None = None
    """Which standard."""
    limit: Positive | None = None
    """In the standard's own unit, metres or minutes."""
    min_area_m2: Amount | None = None
    """From which area a site counts, square metres."""
    speed_m_s: Positive | None = None
    """How fast its walker walks, metres a second; of a standard in minutes."""
    provision: ProvisionId | None = None
    """Which provision, instead of a standard: an area or a radius of rule-sets, see `planner standards park`."""
    value: Positive | None = None
    """Of the provision, in its own unit."""
    reason: Text
    """Why; every output repeats it."""

    @field_validator("reason")
    @classmethod
    def _given(cls, value: str) -> str:
        if not value.strip():
            raise complaint("must not be empty")
        return value

    @model_validator(mode="after")
    def _of_one_thing(self) -> "Override":
        own = [key for key in ("limit", "min_area_m2", "speed_m_s") if getattr(self, key) is not None]
        if (self.standard is None) == (self.provision is None):
            raise complaint("write exactly one of standard, provision")
        if self.provision is not None and (self.value is None or own):
            raise complaint(f"changes the provision {self.provision}: write its value, and no other key but reason")
        if self.standard is not None and (not own or self.value is not None):
            raise complaint(f"changes {self.standard}: write limit, min_area_m2 or speed_m_s, and no value")
        if self.standard is not None and self.speed_m_s and published.standard(self.standard).profile is None:
            raise complaint(f"{self.standard} is measured in metres and knows no speed; write limit")
        return self


class Rules(Model):
    """By which standards to measure."""

    rule_set: RuleSetId = "P5"
    """From which area a green site counts as green and as a park."""
    measure: tuple[StandardId, ...] = ("green-300", "park-500")
    """The standards to report."""
    overrides: tuple[Override, ...] = ()
    """Thresholds of one's own."""

    @field_validator("measure")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({each for each in value if value.count(each) > 1}):
            raise complaint(f"names {', '.join(twice)} more than once")
        return value

    @field_validator("overrides")
    @classmethod
    def _changed_once(cls, value: tuple[Override, ...]) -> tuple[Override, ...]:
        changed = [each.standard or each.provision or "" for each in value]
        if twice := sorted({each for each in changed if changed.count(each) > 1}):
            raise complaint(f"change {', '.join(twice)} more than once; write one override with all its keys")
        return value


SHIFTED_TILES = ("gaode", "amap", "autonavi", "高德", "tencent", "qq", "腾讯", "google", "baidu", "百度")


class BaseMap(Model):
    """Tiles from the network under the map; without this it draws its own ground and asks for nothing."""

    tianditu: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{16,64}$")]
    """Your own key of tianditu.gov.cn (天地图 tk); it stands in the map that is written, so mind who gets the file."""


class Outputs(Model):
    """How results are shown."""

    suppress_below: Count | None = None
    """Counts by group or level below this are not printed, nor what would tell them; 10 by default, 0 prints all."""

    language: Literal["zh", "en", "both"] = "both"
    """Of the map; both starts in Chinese and has a switch."""
    map_number: Text | None = None
    """The number under which maps were reviewed, 审图号, as GS(2026)0001号; without one they say that it is needed."""
    base_map: BaseMap | None = None
    """Tiles under the map, `{tianditu: KEY}`; the map then asks the network when it is opened, and says so."""
    papers: tuple[Literal["xlsx", "pdf", "docx"], ...] = ("xlsx",)
    """What to file beside the map: xlsx, a workbook of every table; pdf, sheets of maps on A3; docx, a report of both;
    [] writes none."""
    tasks: Tasks | None = None
    """The ledger of tasks that an office keeps: who does what by when, and how much is done."""
    doctor: StrictBool = False
    """Whether what `planner doctor` finds in the data is a page of the report; the data are read once more for it."""

    @field_validator("base_map", mode="before")
    @classmethod
    def _where_it_says(cls, value: object) -> object:
        asked = value if isinstance(value, (str, dict)) else {}
        named = [asked] if isinstance(asked, str) else [str(key) for key in asked]
        if shifted := [name for name in named if name.lower() in SHIFTED_TILES]:
            raise complaint(
                f"{shifted[0]} draws its tiles in GCJ-02 (Baidu in BD-09), some 500 m from where things are, so that "
                "homes and sites would lie in other streets; write {tianditu: KEY} with your own key, as its are "
                "in CGCS2000, or leave base_map out: the map draws its own ground"
            )
        if isinstance(value, str):
            raise complaint("write {tianditu: KEY} with your own key of tianditu.gov.cn, or leave it out")
        return value

    @field_validator("map_number")
    @classmethod
    def _printed(cls, value: str | None) -> str | None:
        if value is not None and not (value.strip() and value.isprintable()):
            raise complaint(f"must stand on one line, as GS(2026)0001号, not {value!r}; or leave it out")
        return value
