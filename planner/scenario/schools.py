"""The block `schools` of a scenario: pupils, schools, what may be built, and how zones are cut."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from planner import walkers
from planner.optimise.seats.question import AIMS, Aim, Figure
from planner.scenario.faults import complaint
from planner.scenario.inputs import Amount, Column, Count, Layer, Model, Positive, SiteLayer, Text, known
from planner.scenario.people import AgeClass, Units
from planner.scenario.siting import OnLand
from planner.schools.stages import Stage, stage, stages

StageId = Annotated[str, known("stage of school", stages)]
WalkerId = Annotated[str, known("walker", walkers.profiles)]
SchoolYear = Annotated[int, Field(strict=True, ge=1900, le=2200)]
Change = Annotated[float, Field(strict=True, gt=-1, lt=1)]
FORECAST = "forecast"  # the future that `pupils` tells
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Growth(Model):
    """How children become more or fewer."""

    births: dict[SchoolYear, Amount] = Field({})
    """How many in the whole city are 0 years old in each later year: {2023: 2900, 2024: 2800}."""
    births_change: Change | None = None
    """By which share births change from year to year where none are given: -0.077 loses 15 % in two years."""
    moving: Change = 0.0
    """By which share every cohort grows in a year: who moves in less who leaves."""
    private: dict[StageId, Share] = Field({})
    """The share of each stage in schools that are not planned here: {junior: 0.1}."""


class PupilsAsked(Growth):
    """Who goes to school: cohorts of children that grow older, or pupils as somebody counted them."""

    given: dict[StageId, Text | dict[SchoolYear, Text]] = Field({})
    """Groups of the demand that are the pupils of a stage, in every year or year by year: {primary: pupils_2022}."""
    children: dict[Text, AgeClass] = Field({})
    """Groups of the demand that are children of some ages, spread evenly over them: {0-4: 0-4, 5-9: 5-9}."""
    of_everybody: dict[AgeClass, Annotated[Amount, Field(le=1)]] = Field({}, validate_default=True)
    """Or the share of everybody who is of each age class, everywhere alike: {0-5: 0.066, 6-11: 0.07, 12-14: 0.035}."""
    counted: SchoolYear | None = None
    """The year that children were counted in, at the start of the school year; by default the first of the plan."""
    assumption: Text | None = Field(None, validate_default=True)
    """Where the figures come from; every output repeats it."""

    @field_validator("of_everybody")
    @classmethod
    def _one_source(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        given = [key for key in ("given", "children") if info.data.get(key)] + (["of_everybody"] if value else [])
        if {"given", "children"} <= info.data.keys() and len(given) != 1:
            raise complaint(f"write exactly one of given, children, of_everybody; given: {', '.join(given) or 'none'}")
        return value

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("of_everybody"):
            raise complaint("of_everybody is assumed: say so in assumption, every output repeats it")
        return value

    @model_validator(mode="after")
    def _cohorts_alone_grow(self) -> "PupilsAsked":
        if self.given and (idle := sorted(self.model_fields_set & {"births", "births_change", "moving", "private"})):
            raise complaint(f"{', '.join(idle)} are of children that grow older; pupils that are given do not")
        return self


class Roll(SiteLayer):
    """A layer of schools, with what each has today."""

    classes: dict[StageId, Column]
    """Columns with the classes of each stage; empty cells are none."""
    pupils: dict[StageId, Column] = Field({})
    """Columns with the pupils of each stage, of each of them or of none."""

    @field_validator("pupils")
    @classmethod
    def _of_all(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if value and (lost := sorted(set(info.data.get("classes", ())) ^ set(value))):
            raise complaint(f"must name a column for each stage of classes, or none; {', '.join(lost)} differ")
        return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise complaint(f"{value!r} is no regular expression: {error}") from None
    return value


class AssumedClasses(Model):
    """Classes that every standing school of a name is taken to have, where nobody gives a roll."""

    service: Literal["school", "kindergarten"] = "school"
    """Of which service of the data."""
    named: Text = "."
    """A regular expression that occurs in the name, whatever its case: 小学|primary; by default any name."""
    not_named: Text | None = None
    """One that does not."""
    classes: dict[StageId, Annotated[Count, Field(gt=0)]]
    """Classes of each stage: {primary: 18}."""

    @field_validator("named", "not_named")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        return None if value is None else _pattern(value)


class SchoolsAsked(Model):
    """The schools of today: a layer that knows them, or what the schools in the data are taken to have."""

    roll: Roll | None = None
    """A layer with classes, and pupils where they are known."""
    assumed: tuple[AssumedClasses, ...] = ()
    """Classes by name; of several, the first that fits. A school that none fits is left out, and told."""
    assumption: Text | None = Field(None, validate_default=True)
    """The sentence about assumed classes that every output repeats."""

    @field_validator("assumed")
    @classmethod
    def _one_source(cls, value: tuple[AssumedClasses, ...], info: ValidationInfo) -> tuple[AssumedClasses, ...]:
        if "roll" in info.data and bool(value) == (info.data["roll"] is not None):
            raise complaint("write exactly one of roll, assumed")
        return value

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("assumed"):
            raise complaint("classes are assumed: say so in assumption, every output repeats it")
        return value


class ClassCost(Model):
    """What more classes cost, in any money."""

    fixed: Amount = 0
    """Each time an option is taken, whatever its size."""
    per_class: Amount = 0
    """Of each class more."""
    assumption: Text
    """Where the figures come from; every output repeats it."""

    def of(self, classes: int) -> float:
        """Of an option with so many classes more."""
        return self.fixed + self.per_class * max(classes, 0)


FREE = ClassCost(assumption="Classes cost nothing.")


class Extend(Model):
    """Every standing school may be extended by modules of classes."""

    classes: dict[StageId, Annotated[Count, Field(gt=0)]]
    """Classes of a module, for schools with classes of that stage today: {primary: 6}; at most as the stage allows."""
    times: Annotated[Count, Field(gt=0)] = 1
    """How many modules a school may have."""
    only: tuple[Text, ...] = ()
    """Ids of the schools that may be extended; by default all."""
    cost: ClassCost | None = None
    """What a module costs."""
    ready: SchoolYear | None = None
    """The first year in which the classes may be used."""


class Build(OnLand):
    """New schools on land."""

    sizes: Annotated[tuple[dict[StageId, Annotated[Count, Field(gt=0)]], ...], Field(min_length=1)]
    """The sizes in which a school may be built, classes of each stage: [{primary: 24}, {primary: 36}]."""
    m2_per_seat: Amount = 0
    """The smallest parcel for each standard seat, square metres; 0 asks for nothing."""
    cost: ClassCost | None = None
    """What a school costs."""
    ready: SchoolYear | None = None
    """The first year in which the classes may be used."""

    @property
    def assumptions(self) -> Iterator[str]:
        """And that of the costs."""
        yield from super().assumptions
        if self.cost:
            yield self.cost.assumption


class OwnOption(Model):
    """Something that may be done at one school: extend it, convert it from one stage to another, close it."""

    name: Text
    """Its own name."""
    school: Text
    """The id of the school."""
    classes: dict[StageId, Annotated[int, Field(strict=True)]]
    """Classes more of each stage, or fewer: {primary: -12, junior: 12}."""
    cost: Annotated[float, Field(strict=True)] = 0.0
    """Each time; below 0 where it saves."""
    ready: SchoolYear | None = None
    """The first year in which it may be done."""
    times: Annotated[Count, Field(gt=0)] = 1
    """How often."""
    required: StrictBool = False
    """Whether it is done in any case."""


class ZoneLayer(Layer):
    """The zones of today: polygons that name their school."""

    school: Column
    """Column with the id of the school."""


class Zones(Model):
    """What the zone of a school is made of."""

    of: Literal["buildings", "blocks"] = "buildings"
    """Whole buildings, or whole blocks."""
    blocks: Units | None = Field(None, validate_default=True)
    """The blocks: {hex_m: 150}, {admin_level: 10}, or a layer of areas."""
    together: StrictBool = False
    """Whether the zone of each school hangs together; of blocks."""
    gap_m: Amount = 0
    """How far apart blocks touch, metres: the width of the widest street that a zone may cross."""
    today: dict[StageId, ZoneLayer] = Field({})
    """The zones of today, by stage."""
    most_moved: Share | None = None
    """The share of all pupils who may change school from today's zones, over all years."""

    @field_validator("blocks")
    @classmethod
    def _if_of_blocks(cls, value: Units | None, info: ValidationInfo) -> Units | None:
        if "of" in info.data and (value is not None) != (info.data["of"] == "blocks"):
            raise complaint("of: blocks and blocks need each other: write both, or none")
        return value

    @model_validator(mode="after")
    def _fit(self) -> "Zones":
        if self.together and self.of != "blocks":
            raise complaint("together: buildings touch nothing; write of: blocks and blocks")
        if self.most_moved is not None and not self.today:
            raise complaint("most_moved: nobody knows from which zones; write today")
        return self


class StageSizes(Model):
    """Sizes of a stage that hold here, in the place of the published ones."""

    class_size: Positive | None = None
    """Pupils of a standard class, at most."""
    oversized: Positive | None = None
    """From so many pupils on a class is oversized."""
    severe: Positive | None = None
    """And from so many severely."""
    max_pupils: Positive | None = None
    """Of one school, at most."""
    reason: Text
    """Why; every output repeats it."""


class SchoolQuestion(Model):
    """How many seats are missing, what to build in which year, and who goes to which school."""

    stages: Annotated[tuple[StageId, ...], Field(min_length=1)]
    """Which stages are planned together: preschool, primary, junior."""
    sizes: dict[StageId, StageSizes] = Field({})
    """Other sizes of classes and schools than the published ones, by stage."""
    years: Annotated[tuple[SchoolYear, ...], Field(min_length=1)]
    """The school years of the plan."""
    pupils: PupilsAsked
    """Who goes to school."""
    standing: SchoolsAsked
    """The schools of today."""
    extend: Extend | None = None
    """How standing schools may grow."""
    build: Build | None = None
    """Where new schools may be built."""
    options: tuple[OwnOption, ...] = ()
    """Further options, one by one."""
    most_options: Count | None = None
    """How many schools may be built or changed at most."""
    most_seats: Count | None = None
    """How many standard seats may be added at most, by the last year."""
    budget: Amount | dict[SchoolYear, Amount] | None = None
    """The most that all of it may cost, of all years or of each."""
    carry_over: StrictBool = False
    """Whether what is left of a year's budget may be spent later."""
    limit_m: dict[StageId, Positive] = Field({})
    """How far pupils of a stage walk at most, metres; by default the service radius of the standard."""
    limit_min: dict[StageId, Positive] = Field({})
    """The same in minutes of the walker, for every stage or none."""
    walker: WalkerId = "child"
    """Who walks where limits are in minutes; a child crosses large roads at signals only."""
    reason: Text | None = Field(None, validate_default=True)
    """Why pupils may walk further than the service radius; every output repeats it."""
    zones: Zones | None = None
    """Zones of whole buildings or blocks; left out, the pupils of a building may go to several schools."""
    order: Annotated[tuple[Aim, ...], Field(min_length=1)] = AIMS
    """The aims, one after the other; those left out are not sought. Without walk, pupils then go
    the shortest ways that the options found let them."""
    later: tuple[SchoolYear, ...] = ()
    """Years after the plan in which its seats are counted again, with its classes and zones: [2031, 2036]."""
    futures: dict[Text, Growth] = Field({})
    """Other futures by name, what they do not say as in pupils; births_change alone replaces births:
    {few births: {births_change: -0.1}, people come: {moving: 0.02}}."""
    regret: Figure = "oversized"
    """What is regretted in a future once everybody who can reaches a school: pupils beyond some class size."""
    feeders: StrictBool = False
    """Whether each primary school feeds one junior school, and what that costs."""
    feeder_share: Share = 0.5
    """How many of its pupils must have that junior school within the limit."""
    time_limit_s: Positive = 60
    """After how many seconds the search stops; every aim then says what a better plan could gain at most."""
    gap: Annotated[Amount, Field(lt=1)] = 0.0
    """How far from the best an aim may be, as a share; 0 asks for the proven best."""

    @property
    def taught(self) -> tuple[Stage, ...]:
        """Its stages, with the sizes that hold here."""
        return tuple(
            replace(stage(each), **self.sizes[each].model_dump(exclude={"reason"}, exclude_none=True))
            if each in self.sizes
            else stage(each)
            for each in self.stages
        )

    @property
    def services(self) -> tuple[str, ...]:
        """The services of the data among which its schools are found."""
        return tuple(dict.fromkeys(each.service for each in self.standing.assumed))

    @property
    def assumptions(self) -> Iterator[str]:
        """Every sentence that somebody assumed."""
        yield from (f"Sizes of {id} are changed: {each.reason}" for id, each in self.sizes.items())  # noqa: A001
        yield from (said for said in (self.pupils.assumption, self.standing.assumption, self.reason) if said)
        if self.standing.roll is not None and self.standing.roll.assumption:
            yield self.standing.roll.assumption
        if self.extend is not None and self.extend.cost is not None:
            yield self.extend.cost.assumption
        if self.build is not None:
            yield from self.build.assumptions

    @field_validator("years")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise complaint(f"must rise, each once: {', '.join(map(str, value))}")
        return value

    @field_validator("order")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({each for each in value if value.count(each) > 1}):
            raise complaint(f"names {', '.join(twice)} more than once")
        return value

    @field_validator("reason")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        far = [id for id, metres in info.data.get("limit_m", {}).items() if metres > stage(id).radius]  # noqa: A001
        if value is None and far:
            raise complaint(f"limit_m of {', '.join(far)} is beyond the service radius: say why in reason")
        return value

    @model_validator(mode="after")
    def _beyond_the_plan(self) -> "SchoolQuestion":
        if self.later and (list(self.later) != sorted({*self.later}) or self.later[0] <= self.years[-1]):
            raise complaint(f"later must rise, and begin after {self.years[-1]}")
        if self.pupils.given and (self.later or self.futures):
            raise complaint("later and futures are of children that grow older; pupils that are given do not")
        if FORECAST in self.futures:
            raise complaint(f"futures: {FORECAST} is the one of pupils; give another name")
        if self.feeders and not {"primary", "junior"} <= {*self.stages}:
            raise complaint("feeders lead from primary to junior schools: write both in stages")
        return self

    @model_validator(mode="after")
    def _of_its_stages(self) -> "SchoolQuestion":
        blocks: dict[str, Iterable[str]] = {
            "sizes": self.sizes,
            "limit_m": self.limit_m,
            "limit_min": self.limit_min,
            "pupils.given": self.pupils.given,
            "pupils.private": self.pupils.private,
            **{f"futures.{name}.private": each.private for name, each in self.futures.items()},
            "zones.today": self.zones.today if self.zones else {},
            "extend.classes": self.extend.classes if self.extend else {},
            "standing.roll.classes": self.standing.roll.classes if self.standing.roll else {},
            **{f"standing.assumed.{n}.classes": each.classes for n, each in enumerate(self.standing.assumed)},
            **{f"build.sizes.{n}": each for n, each in enumerate(self.build.sizes if self.build else ())},
            **{f"options.{n}.classes": each.classes for n, each in enumerate(self.options)},
        }
        asked, years = {*self.years}, ", ".join(map(str, self.years))
        odd = [f"{where}: {', '.join(more)}" for where, named in blocks.items() if (more := {*named} - {*self.stages})]
        if odd:
            raise complaint(f"{'; '.join(odd)}: no stage of this question; write it in stages, or leave it out")
        if self.pupils.given and (lost := [each for each in self.stages if each not in self.pupils.given]):
            raise complaint(f"pupils.given knows no pupils of {', '.join(lost)}")
        if self.limit_min and (self.limit_m or (lost := [each for each in self.stages if each not in self.limit_min])):
            raise complaint("limit_min needs every stage, and no limit_m beside it")
        ready = [each.ready for each in (self.extend, self.build, *self.options) if each is not None and each.ready]
        if late := sorted({*ready} - asked):
            raise complaint(f"ready names {', '.join(map(str, late))}, none of the years {years}")
        if isinstance(self.budget, dict) and {*self.budget} != asked:
            raise complaint(f"budget must name each of the years {years}, and no other")
        of_years = [each for each in self.pupils.given.values() if isinstance(each, dict)]
        if any(asked - {*each} for each in of_years):
            raise complaint(f"pupils.given must know each of the years {years}")
        return self
