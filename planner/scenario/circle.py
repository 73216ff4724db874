"""The block `circle` of a scenario: which kit of services belongs around every home."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from planner import kits as published
from planner.errors import QuestionError
from planner.kits import Item, Kit
from planner.scenario.faults import complaint
from planner.scenario.inputs import Model, Positive, Service, Short, Text, known
from planner.standards import Standard
from planner.walkers import flat_walkers

Level = Annotated[int, Field(strict=True, ge=1, le=60)]
KitId = Annotated[str, known("kit", published.kits)]
WalkerId = Annotated[str, known("walker", flat_walkers)]
Weight = Annotated[float, Field(strict=True, ge=0)]


class OwnItem(Model):
    """A service of one's own kit, and how near it must be."""

    service: Service
    """Which service; it takes the place of the kit's item of the same service."""
    level: Level = 15
    """To which circle it belongs, minutes; a place of an upper level counts at no lower one."""
    within_m: Positive | None = None
    """At most so many metres away."""
    within_min: Positive | None = Field(None, validate_default=True)
    """At most so many minutes away, at the walker's pace."""
    min_area_m2: Weight = 0
    """From which mapped area a site counts, square metres."""
    required: StrictBool = True
    """Whether the complete kit needs it; else it is only told, and weighs nothing unless a weight is given."""
    weight: Weight | None = None
    """What it weighs in the score; by default 1 where it is required, else 0."""
    reason: Text
    """Where this threshold comes from; every output repeats it."""

    @field_validator("within_min")
    @classmethod
    def _one_limit(cls, value: float | None, info: ValidationInfo) -> float | None:
        if "within_m" in info.data and (value is None) == (info.data["within_m"] is None):
            raise complaint("write exactly one of within_m, within_min")
        return value

    def item(self, walker: str) -> Item:
        """It as an item of a kit, for a walker."""
        minutes = self.within_min is not None
        title = published.service_titles()[self.service]
        rule = Standard(
            id=f"own.{self.service}",
            title=title,
            service=self.service,
            limit=self.within_min or self.within_m or 0.0,
            unit="min" if minutes else "m",
            document=self.reason,
            clause="this scenario",
            edition="",
            confidence="A",
            profile=flat_walkers()[walker] if minutes else None,
            min_area_m2=self.min_area_m2,
        )
        weight = published.weight_of(required=self.required) if self.weight is None else self.weight
        return Item(title, self.level, rule, self.required, weight)


class Circle(Short):
    """The services that belong within a walk of every home: the id of a kit, or a kit of one's own."""

    kit: KitId | None = None
    """gb50180, complete-community, convenience (一刻钟便民生活圈), or osm: what OpenStreetMap usually tells."""
    items: tuple[OwnItem, ...] = ()
    """Items of one's own, in the place of the kit's or beside them."""
    levels: tuple[Level, ...] = ()
    """Only these levels of the kit, minutes, e.g. [15, 5]; by default all."""
    surveyed: tuple[Service, ...] = ()
    """Services of it that somebody has looked for: where the data hold none, there is none, and everybody lacks it."""
    walker: WalkerId | None = None
    """Who walks where an item is in minutes: adult, child or older; by default whom the kit names."""

    @classmethod
    def from_word(cls, word: str) -> dict[str, Any]:
        """The kit by its id."""
        return {"kit": word}

    @model_validator(mode="after")
    def _stands(self) -> "Circle":
        if self.kit is None and not self.items:
            raise complaint("write a kit, items, or both")
        try:
            idle = sorted({*self.surveyed} - {*self.asked().services})
        except QuestionError as error:
            raise complaint(str(error)) from None
        if idle:
            raise complaint(f"surveyed names {', '.join(idle)}, of which the kit asks nothing")
        return self

    def asked(self) -> Kit:
        """The kit that it asks for."""
        own = [each.item(self.walker or "adult") for each in self.items]
        if self.kit is None:
            title = {"zh": "自定义配套", "en": "a kit of one's own"}
            kit = Kit("own", title, "this scenario", "-", "A", tuple(own))
        else:
            kit = published.kit(self.kit).changed(own)
        if self.walker is not None:
            kit = kit.paced(flat_walkers()[self.walker])
        return kit.at(self.levels) if self.levels else kit
