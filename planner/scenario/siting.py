"""The questions of a scenario: where to build what, on which land, for how much."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, Tag, ValidationInfo, field_validator, model_validator

from planner import standards as published
from planner.scenario.blocks import StandardId
from planner.scenario.eldercare import FloorAsked, SizeToSite
from planner.scenario.examine import TERMS, Examine
from planner.scenario.fairness import AskedFairness
from planner.scenario.faults import complaint
from planner.scenario.floors import AtLeast
from planner.scenario.inputs import Amount, Count, Model, Positive, SiteLayer, Text
from planner.scenario.people import Units
from planner.scenario.years import OverYears, check_years


class OpenGround(Model):
    """Square plots of open ground, at most one in each cell of a grid: where to look for land, before it is listed."""

    grid_m: Positive
    """Side of the cells, metres."""
    area_m2: Positive
    """Area of each plot, square metres."""
    assumption: Text
    """The sentence that every output repeats: nobody has asked who owns these plots."""


def _kind_of_candidates(value: object) -> str:
    if isinstance(value, str):
        return "<word>"
    return "<grid>" if isinstance(value, OpenGround) or (isinstance(value, dict) and "grid_m" in value) else "<layer>"


Candidates = Annotated[
    Annotated[Literal["leftover"], Tag("<word>")]
    | Annotated[OpenGround, Tag("<grid>")]
    | Annotated[SiteLayer, Tag("<layer>")],
    Discriminator(_kind_of_candidates),
]


class Cost(Model):
    """What a site costs: so much, and so much for each square metre of it, in any money."""

    fixed: Amount = 0
    """Of each site, whatever its size."""
    per_m2: Amount = 0
    """Of each square metre of the parcel."""
    assumption: Text
    """Where the figures come from; every output repeats it."""


class OnLand(Model):
    """Where to build."""

    candidates: Candidates = "leftover"
    """Where to build: leftover land (grass, brownfield, greenfield, vacant), a grid of plots, or a layer."""
    min_area_m2: Amount = 400
    """The smallest leftover parcel, square metres."""
    max_area_m2: Positive = 10000
    """The largest leftover parcel, square metres."""
    cut_larger: StrictBool = False
    """Whether leftover land above max_area_m2 is cut into parcels of that size, instead of passed over."""

    @property
    def assumptions(self) -> Iterator[str]:
        """Every sentence that somebody assumed."""
        if isinstance(self.candidates, SiteLayer | OpenGround) and self.candidates.assumption:
            yield self.candidates.assumption
        if self.cut_larger:
            yield f"Leftover land above {self.max_area_m2:,.0f} m² is cut into such parcels, which no cadastre knows."

    @model_validator(mode="after")
    def _of_leftover_land(self) -> "OnLand":
        idle = sorted(self.model_fields_set & {"min_area_m2", "max_area_m2", "cut_larger"})
        if self.candidates != "leftover" and idle:
            raise complaint(f"{', '.join(idle)} choose among leftover land, and candidates are something else")
        return self

    @field_validator("max_area_m2")
    @classmethod
    def _ordered(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("min_area_m2", 0):
            raise complaint(f"must be at least min_area_m2, {info.data['min_area_m2']:g}, not {value:g}")
        return value


class Asking(OnLand):
    """What all questions share: where to build, and how hard to search."""

    must_keep: tuple[str, ...] = ()
    """Ids of candidates that are chosen in any case."""
    forbid: tuple[str, ...] = ()
    """Ids of candidates that are not chosen."""
    time_limit_s: Positive = 60
    """After how many seconds the search stops; the plan then says what a better one could gain at most."""
    gap: Annotated[Amount, Field(lt=1)] = 0.0
    """How far from the best a plan may be, as a share; 0 asks for the proven best."""
    examine: Examine | None = None
    """What to ask about the plan once it is found; left out, nothing."""

    @property
    def standards(self) -> tuple[str, ...]:
        """Which standards the new sites should bring."""
        raise NotImplementedError

    @property
    def asked_again(self) -> set[str]:
        """The keys of `examine` that ask such a question again from its start."""
        return set()

    @model_validator(mode="after")
    def _examined(self) -> "Asking":
        asked = self.examine
        if asked is None:
            return self
        if more := sorted(set(asked.from_the_start) - self.asked_again):
            can = f"; {', '.join(sorted(self.asked_again))} can" if self.asked_again else ""
            raise complaint(f"examine: {', '.join(more)} cannot be asked of this question{can}")
        if both := sorted({*asked.force_in} & {*self.forbid}):
            raise complaint(f"examine: force_in names what forbid forbids: {', '.join(both)}")
        return self

    @field_validator("forbid")
    @classmethod
    def _not_both(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if both := sorted(set(value) & set(info.data.get("must_keep", ()))):
            raise complaint(f"forbids what must_keep keeps: {', '.join(both)}")
        return value


class OfOneStandard(Asking):
    """A question about a single standard."""

    standard: StandardId
    """Which standard the new sites should bring."""

    @property
    def standards(self) -> tuple[str, ...]:
        """The one."""
        return (self.standard,)


class WithNumber(OfOneStandard):
    """A question for so many sites."""

    new_sites: Count
    """How many sites to choose at most."""

    @field_validator("new_sites")
    @classmethod
    def _room(cls, value: int, info: ValidationInfo) -> int:
        kept = info.data.get("must_keep", ())
        if len(kept) > value:
            raise complaint(f"is {value}, and must_keep keeps {len(kept)} sites")
        return value


class MostPeople(WithNumber, AtLeast, OverYears):
    """The new sites that bring the standard to the most people who lack it, on foot."""

    question: Literal["cover_most_people"]
    """The new sites that bring the standard to the most people who lack it, on foot."""
    people: dict[Text, Amount] = Field({})
    """What a person of each group counts: {60+: 1, 80+: 1}; left out, everybody counts once."""
    cost: Cost | None = None
    """What a site costs."""
    budget: Amount | None = None
    """The most that all new sites may cost together."""
    fairness: AskedFairness | None = None
    """Whom the plan looks to first, and which other ideas of it stand beside, with the price of each."""

    @property
    def asked_again(self) -> set[str]:
        """All of them."""
        return set(TERMS)

    @property
    def assumptions(self) -> Iterator[str]:
        """And that of the costs."""
        yield from super().assumptions
        if self.cost:
            yield self.cost.assumption

    @field_validator("budget")
    @classmethod
    def _of_costs(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and "cost" in info.data and info.data["cost"] is None:
            raise complaint("needs to know what a site costs; write cost as well")
        return value

    @model_validator(mode="after")
    def _years_fit(self) -> "MostPeople":
        check_years(self, self.new_sites, priced=self.cost is not None)
        if self.years and self.fairness:
            raise complaint("years and fairness are two questions; ask each by itself")
        if self.floored and (self.years or self.fairness):
            raise complaint("share and no_unit_below are of a plan that opens at once; leave out years and fairness")
        if self.examine and self.fairness:
            raise complaint("examine asks about the plan for most people; leave out fairness, or ask each by itself")
        return self

    @model_validator(mode="after")
    def _examined_by_its_standard(self) -> "MostPeople":
        if self.examine is None:
            return self
        if self.years:
            raise complaint("examine is asked of a plan without years; leave one of them out")
        self.examine.check_standard(self.standard)
        if self.examine.frontier and self.examine.frontier.budget and self.cost is None:
            raise complaint("examine: a frontier of budgets needs to know what a site costs; write cost as well")
        return self


class MostLand(WithNumber):
    """The new sites that bring the most residential land within the radius of green: the official measure."""

    question: Literal["cover_most_land"]
    """The new sites that bring the most residential land within the radius of green, the official measure."""
    join_within_m: Amount | None = None
    """Parcels this near to one another or to standing green, metres, with no road between, may become one site whose
    area counts whole; 0 = touching. Left out, each stays alone."""

    @property
    def asked_again(self) -> set[str]:
        """A frontier, of numbers."""
        return {"frontier"}

    @model_validator(mode="after")
    def _frontier_of_numbers(self) -> "MostLand":
        if self.examine and self.examine.frontier and self.examine.frontier.budget:
            raise complaint("examine: a frontier of land is one of numbers; write new_sites")
        return self

    @model_validator(mode="after")
    def _land_is_of_green(self) -> "MostLand":
        if published.standard(self.standard).service not in {"green", "park"}:
            raise complaint(f"cover_most_land serves land by green, and {self.standard} asks for something else")
        return self


class ServiceToSite(OverYears):
    """One of several services on the same land, known by the service of its standard; years put its sites in order."""

    standard: StandardId
    """Which standard its sites should bring. Sites of a service also count as those that it includes: a comprehensive
    eldercare centre as a community one."""
    new_sites: Count | None = None
    """How many to open at most; left out, as many as the budget allows."""
    people: dict[Text, Amount] = Field({})
    """What a person of each group counts: {60+: 1, 80+: 1}; left out, everybody counts once."""
    weight: Amount = 1.0
    """What a person who gains this service counts beside one who gains another: the exchange rate between them."""
    min_area_m2: Amount = 0
    """The smallest parcel that holds it, square metres; never below what the standard asks for."""
    max_area_m2: Positive | None = None
    """The largest parcel that is given to it, square metres."""
    cost: Cost | None = None
    """What a site costs."""
    present_in: Units | None = None
    """The areas in each of which it should be present: auto, {admin_level: 8}, or a layer of areas."""
    shared_from: Annotated[Amount, Field(le=1)] | None = 0.5
    """A site beyond the border stands for an area if at least this share of its people have it in reach; empty: none
    does."""
    sizes: tuple[SizeToSite, ...] = ()
    """In which sizes it may be built, the one to prefer first."""
    floor: FloorAsked | None = None
    """Floor for each hundred households, by the areas of present_in; sites that include this service count as well."""

    @model_validator(mode="after")
    def _of_its_sizes(self) -> "ServiceToSite":
        names = [size.name for size in self.sizes]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise complaint(f"sizes name {', '.join(twice)} more than once; name each size apart")
        if self.cost is None and (dear := [size.name for size in self.sizes if size.cost]):
            raise complaint(f"sizes {', '.join(dear)} cost something beside the site; write cost of the site as well")
        if self.floor is not None and self.present_in is None:
            raise complaint("floor is counted by the areas of present_in; write present_in as well")
        return self

    @model_validator(mode="after")
    def _years_fit(self) -> "ServiceToSite":
        check_years(self, self.new_sites, priced=self.cost is not None)
        return self


class Shared(Model):
    """Services that may share a parcel."""

    services: Annotated[tuple[Text, ...], Field(min_length=2)]
    """Which, by the services of their standards: [eldercare, community]."""
    min_area_m2: Amount | None = None
    """The smallest parcel that holds all of them, square metres; left out, as large as all of them need together."""
    saves: Annotated[Amount, Field(le=1)] = 0.0
    """Which share of their costs together is saved by building them as one."""
    assumption: Text | None = Field(None, validate_default=True)
    """Where the saving comes from; every output repeats it."""

    @field_validator("assumption")
    @classmethod
    def _said(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("saves"):
            raise complaint("saves is assumed: say so in assumption, every output repeats it")
        return value


class SiteServices(Asking):
    """Several services on one list of parcels and one budget: what each chosen parcel becomes."""

    question: Literal["site_services"]
    """Several services on one list of parcels and one budget: what each chosen parcel becomes."""
    services: Annotated[tuple[ServiceToSite, ...], Field(min_length=1)]
    """The services, each with its standard, number, people, weight, area and cost."""
    together: tuple[Shared, ...] = ()
    """Which of them may share a parcel; one parcel has one service else."""
    budget: Amount | None = None
    """The most that all new sites may cost together."""
    before: Literal["people", "presence"] = "people"
    """Which reading of full cover comes first: people within reach, or areas in which a service is present."""

    @property
    def standards(self) -> tuple[str, ...]:
        """Those of the services, in their order."""
        return tuple(each.standard for each in self.services)

    @property
    def asked_again(self) -> set[str]:
        """A frontier, of budgets."""
        return {"frontier"}

    @property
    def assumptions(self) -> Iterator[str]:
        """And those of the costs."""
        yield from super().assumptions
        yield from (each.cost.assumption for each in self.services if each.cost)
        yield from (each.assumption for each in self.together if each.assumption)
        yield from (each.floor.assumption for each in self.services if each.floor)

    @field_validator("services")
    @classmethod
    def _each_once(cls, value: tuple[ServiceToSite, ...]) -> tuple[ServiceToSite, ...]:
        services = [published.standard(each.standard).service for each in value]
        if twice := sorted({each for each in services if services.count(each) > 1}):
            raise complaint(f"ask for {', '.join(twice)} more than once; a service is sited by one standard")
        return value

    @field_validator("together")
    @classmethod
    def _of_these(cls, value: tuple[Shared, ...], info: ValidationInfo) -> tuple[Shared, ...]:
        there = [published.standard(each.standard).service for each in info.data.get("services", ())]
        if there and (unknown := sorted({name for each in value for name in each.services} - {*there})):
            raise complaint(f"names {', '.join(unknown)}, no service of this question; there are: {', '.join(there)}")
        return value

    @field_validator("budget")
    @classmethod
    def _of_costs(cls, value: float | None, info: ValidationInfo) -> float | None:
        services = info.data.get("services", ())
        if value is not None and (free := [each.standard for each in services if each.cost is None]):
            raise complaint(f"needs to know what each site costs; write cost of {', '.join(free)}")
        return value

    @model_validator(mode="after")
    def _bounded(self) -> "SiteServices":
        endless = [each.standard for each in self.services if each.new_sites is None]
        if self.budget is None and endless:
            raise complaint(f"{', '.join(endless)} have neither new_sites nor a budget; write one of them")
        return self

    @model_validator(mode="after")
    def _frontier_of_money(self) -> "SiteServices":
        curve = self.examine.frontier if self.examine else None
        if curve and curve.new_sites:
            raise complaint("examine: a frontier of several services is one of budgets; write budget")
        if curve and self.before == "presence":
            raise complaint("examine: a frontier counts people; write before: people, or leave it out")
        if curve and (free := [each.standard for each in self.services if each.cost is None]):
            raise complaint(f"examine: a frontier needs to know what each site costs; write cost of {', '.join(free)}")
        return self


def _kind_of_question(value: Any) -> str:
    named = value.get("question") if isinstance(value, dict) else getattr(value, "question", None)
    return f"<{named}>" if named in {"cover_most_land", "site_services"} else "<cover_most_people>"


Question = Annotated[
    Annotated[MostPeople, Tag("<cover_most_people>")]
    | Annotated[MostLand, Tag("<cover_most_land>")]
    | Annotated[SiteServices, Tag("<site_services>")],
    Discriminator(_kind_of_question),
]
