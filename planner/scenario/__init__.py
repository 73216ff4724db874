"""What to ask: a YAML file → Scenario, checked to the last key before any work starts.

`python -m planner.scenario` prints the JSON Schema that editors complete and check by.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from ruamel.yaml.error import YAMLError

from planner import standards as published
from planner.errors import ScenarioError
from planner.provisions import Provision, provision
from planner.scenario.beyond import Beyond, Sharing
from planner.scenario.blocks import City, Outputs, Rules, Slug, Standing
from planner.scenario.circle import Circle
from planner.scenario.compounds import WalledCompounds
from planner.scenario.faults import Document, Fault, Place, complaint, nearest, read, value_of
from planner.scenario.inputs import File, Layer, Model, Reading, SiteLayer, Text
from planner.scenario.land import ResidentialLand
from planner.scenario.measures import Measure
from planner.scenario.people import People
from planner.scenario.schools import SchoolQuestion
from planner.scenario.siting import OpenGround, Question
from planner.scenario.stated import Stated
from planner.scenario.walkers import Walkers

__all__ = ["File", "Layer", "OpenGround", "Question", "Scenario", "Sharing", "SiteLayer", "json_schema", "load"]


class Scenario(Model):
    """A city, its people and facilities, the standards to measure by, and the questions to answer."""

    scenario: Slug = "scenario"
    """Names the output folder and the map; by default the name of this file."""
    title: dict[Literal["zh", "en"], Text] = Field({})
    """The title of the map, in Chinese and English."""
    city: City
    """The city: made-up, sample:helsinki, an extract (city.osm.pbf), or the name of a place to download."""
    demand: People
    """Where people live."""
    land: ResidentialLand = "osm"
    """Residential land, for the official measure: osm (landuse=residential of the extract), or a layer of land use."""
    compounds: WalledCompounds = WalledCompounds.model_validate({})
    """Walled compounds, left by their gates alone: none, osm (those that the extract knows), or layers."""
    measures: tuple[Measure, ...] = ()
    """Gates to open and links to build: what each would bring is told, and all of them together."""
    facilities: Standing = Standing()
    """What stands today."""
    standards: Rules = Rules()
    """By which standards to measure."""
    walkers: Walkers = Walkers.model_validate({})
    """Who walks for standards in minutes, and whether crossings, stairs and slopes count."""
    siting: tuple[Question, ...] = ()
    """Where to build; questions are answered in order, and what one opens stands for the next."""
    schools: tuple[SchoolQuestion, ...] = ()
    """School seats: pupils by cohorts, what to build at which school in which year, and who goes where."""
    stated: Stated | None = None
    """What a document says was done, held beside what is found; the run's headlines print both."""
    circle: Circle | None = None
    """Which kit of services belongs within a walk of every home, and who has it; not measured where it is left out."""
    beyond: Beyond = Beyond()
    """What is measured beside the shares within a limit: how far, for whom, how evenly, how much for each."""
    outputs: Outputs = Outputs()
    """How results are shown."""
    variants: dict[Slug, dict[str, Any]] = Field({})
    """Other versions of this scenario: {name: {siting.0.new_sites: 10}}; `--variant name` runs one."""

    _source: File | None = PrivateAttr(None)
    _changes: tuple[str, ...] = PrivateAttr(())
    _variant: str = PrivateAttr("")

    @field_validator("walkers")
    @classmethod
    def _on_heights(cls, value: Walkers, info: ValidationInfo) -> Walkers:
        if value.slope and "city" in info.data and info.data["city"].elevation is None:
            raise complaint("slope needs heights of the ground: write city.elevation, or leave slope out")
        return value

    @field_validator("beyond")
    @classmethod
    def _known(cls, value: Beyond, info: ValidationInfo) -> Beyond:
        """Of what is measured at all, and for people who are told apart; a fault elsewhere is fault enough."""
        if not {"demand", "standards", "siting"} <= info.data.keys():
            return value
        asked_for = (standard for question in info.data["siting"] for standard in question.standards)
        measured = {*info.data["standards"].measure, *asked_for}
        if more := sorted({*(value.standards or ())} - measured):
            raise complaint(f"standards names {', '.join(more)}, not measured; add it to standards.measure")
        layer = info.data["demand"].layer
        groups = {"people", *(layer.groups if layer else ())}
        if unknown := sorted({each.group for each in value.access if each.group} - groups):
            raise complaint(f"access: there is no group {', '.join(unknown)}; there are {', '.join(sorted(groups))}")
        return value

    @property
    def changes(self) -> tuple[str, ...]:
        """What a variant and the command line changed, as `siting.0.new_sites = 8`, in the order applied."""
        return self._changes

    @property
    def variant(self) -> str:
        """The variant that this is of the file; "" for none."""
        return self._variant

    @property
    def files(self) -> tuple[File, ...]:
        """The scenario file, where there is one, and every file that it names, each once."""
        found = [*([self._source] if self._source else []), *_files_in(self)]
        return tuple({file.path: file for file in found}.values())

    def standard(self, id: str) -> published.Standard:  # noqa: A002  (the field's word)
        """A standard as this scenario applies it: under its rule-set, then overridden."""
        standard = published.standard(id).under(self.rule_sets()[self.standards.rule_set])
        if standard.profile is not None:
            standard = standard.by(self.walkers.of(id, standard.profile.id, self.changed_provisions()))
        for each in self.standards.overrides:
            if each.standard == id:
                standard = standard.changed(each.limit, each.min_area_m2, each.reason, speed_m_s=each.speed_m_s)
        return standard

    def rule_sets(self) -> Mapping[str, published.RuleSet]:
        """Every rule-set, by id, with the provisions that this scenario overrides."""
        return published.changed_rule_sets(self.changed_provisions())

    def changed_provisions(self) -> dict[str, Provision]:
        """The provisions that this scenario overrides, by id."""
        return {
            each.provision: provision(each.provision).changed(each.value, each.reason)
            for each in self.standards.overrides
            if each.provision is not None and each.value is not None
        }

    def kit_services(self) -> tuple[str, ...]:
        """The services that its circle asks for; none where it asks for no circle."""
        return () if self.circle is None else self.circle.asked().services

    def measured(self) -> tuple[published.Standard, ...]:
        """The standards to report: those of `standards.measure`, then those that only a question names."""
        asked_for = (standard for question in self.siting for standard in question.standards)
        ids = dict.fromkeys((*self.standards.measure, *asked_for))
        return tuple(self.standard(id) for id in ids)  # noqa: A001


def _files_in(value: object) -> Iterator[File]:
    if isinstance(value, File):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _files_in(getattr(value, name))
    elif isinstance(value, (tuple, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _files_in(each)


def load(path: str | Path, *, set: Sequence[str] = (), variant: str | None = None) -> Scenario:  # noqa: A002
    """The scenario of a YAML file, or one of its variants, changed by `set`: `siting.0.new_sites=8`.

    Every fault of the file, of all its variants and of `set` is raised at once, see ScenarioError.
    `set` wins over a variant. A variant's id is the scenario's with the variant's name behind.
    """
    file = Path(path).absolute()
    document = _completed(read(file, str(path)), file)
    options, faults = _options(set)
    versions = {"": [], **_variants(document)}
    asked = variant or ""
    if asked not in versions:
        faults.append(Fault(Place(0, 0, f"--variant {asked}"), "", f"no such variant{nearest(asked, [*versions][1:])}"))
    reading, scenario = Reading(file.parent), None
    for name, changes in versions.items():  # all must hold, whichever is asked for; `set` is for that one
        version = document
        for change in (*changes, *(options if name == (asked if asked in versions else "") else ())):
            version = version.changed(*change)
        checked, found = _checked(version, reading)
        faults += found
        scenario = checked if name == asked else scenario
    if faults or scenario is None:
        raise ScenarioError(str(fault) for fault in sorted({*faults}))
    own = {"zh": scenario.title.get("en", scenario.scenario), "en": scenario.title.get("zh", scenario.scenario)}
    name = f"{scenario.scenario}-{asked}" if asked else scenario.scenario
    loaded = scenario.model_copy(update={"scenario": name, "title": {**own, **scenario.title}})
    loaded._source = File(file.name, file)  # noqa: SLF001  (where it comes from is no key of the file)
    loaded._changes = tuple(f"{key} = {_shown(value)}" for key, value, _ in (*versions[asked], *options))  # noqa: SLF001
    loaded._variant = asked  # noqa: SLF001
    return loaded


def json_schema() -> str:
    """The JSON Schema of a scenario file, as scenarios/scenario.schema.json holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


Change = tuple[str, object, Place]  # dotted key, value, where it is written


def _completed(document: Document, file: Path) -> Document:
    data = dict(document.data)
    if data.get("scenario") is None:
        data["scenario"] = re.sub(r"[^\w-]+", "-", file.stem).strip("-") or "scenario"
    if isinstance(data.get("city"), str):  # so that `--set city.ring_m=500` has a block to change
        data["city"] = City.from_word(data["city"])
    return replace(document, data=data)


def _variants(document: Document) -> dict[str, list[Change]]:
    variants = document.data.get("variants")
    return {
        str(name): [(str(key), value, document.place(("variants", name, key))) for key, value in changes.items()]
        for name, changes in (variants.items() if isinstance(variants, dict) else ())
        if isinstance(changes, dict)
    }


def _options(texts: Sequence[str]) -> tuple[list[Change], list[Fault]]:
    options, faults = [], []
    for text in texts:
        place = Place(0, 0, f"--set {text}")
        key, equals, value = text.partition("=")
        if not equals:
            faults.append(Fault(place, "", "write key=value, e.g. siting.0.new_sites=8"))
            continue
        try:
            options.append((key, value_of(value), place))
        except YAMLError:
            faults.append(Fault(place, "", f"{value!r} is not a YAML value; put it in quotes"))
    return options, faults


def _checked(document: Document, reading: Reading) -> tuple[Scenario | None, frozenset[Fault]]:
    try:
        return Scenario.model_validate(document.data, context=reading), document.faults
    except ValidationError as error:
        return None, document.faults | document.faults_of(error, Scenario)


def _shown(value: object) -> str:
    folder = isinstance(value, str) and Path(value).is_absolute()
    return Path(str(value)).name if folder else json.dumps(value, ensure_ascii=False, default=str)
