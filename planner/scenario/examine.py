"""What to ask about a plan: what replaces a site, what else would do, what survives, what binds, what more brings."""

from typing import Annotated

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from planner import standards as published
from planner.scenario.blocks import RuleSetId
from planner.scenario.faults import complaint
from planner.scenario.inputs import Amount, Count, Model, Positive, Text, exactly_one

Share = Annotated[Amount, Field(le=1)]
AtLeastOne = Annotated[int, Field(strict=True, ge=1)]
TERMS = ("sensitivity", "frontier", "binding")  # keys that ask the question again from its start


class Others(Model):
    """The next-best plans, each different from all before it."""

    within: Share = 0.01
    """By which share of the objective they may be worse."""
    differ_by: AtLeastOne = 3
    """How many sites of every plan before must be missing in them."""
    most: AtLeastOne = 5
    """How many to look for."""


class Population(Model):
    """Other people than those counted: a total of all, or factors by group and by unit."""

    name: Text
    """What tables call it."""
    total: Positive | None = None
    """So many people in all, spread as those of today."""
    groups: dict[Text, Amount] = Field({})
    """By group what its people are multiplied by: {60+: 1.3}; everybody grows by what the group gains."""
    units: dict[Text, Amount] = Field({})
    """By the name of a unit what its people are multiplied by: {Old Town: 0.8}."""

    @model_validator(mode="after")
    def _changes(self) -> "Population":
        if self.total is None and not self.groups and not self.units:
            raise complaint(f"{self.name} changes nobody; write total, groups or units")
        return self


class Sensitivity(Model):
    """What else might be true: each is tried alone."""

    limit: tuple[Positive, ...] = ()
    """What the limit of the standard is multiplied by: [0.8, 1.2]."""
    speed_m_s: tuple[Positive, ...] = ()
    """How fast people walk, metres a second; of a standard in minutes."""
    people: tuple[Population, ...] = ()
    """Other populations."""
    rule_set: tuple[RuleSetId, ...] = ()
    """Other rule-sets, by which other areas count: [P3, P6]."""

    @field_validator("people")
    @classmethod
    def _told_apart(cls, value: tuple[Population, ...]) -> tuple[Population, ...]:
        names = [each.name for each in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise complaint(f"names {', '.join(twice)} more than once")
        return value


class Amounts(Model):
    """For how many sites, or for how much money, to ask."""

    new_sites: tuple[Count, ...] | None = None
    """Numbers of sites: [5, 10, 15, 20, 25, 30]."""
    budget: tuple[Amount, ...] | None = None
    """Budgets, in the money of the costs."""

    @field_validator("budget")
    @classmethod
    def _one_kind(cls, value: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        exactly_one(("new_sites", "budget"), value, info)
        return value

    @model_validator(mode="after")
    def _some(self) -> "Amounts":
        if not (self.new_sites or self.budget):
            raise complaint("write at least one number")
        return self


class Examine(Model):
    """Questions about a plan once it is found. What is left out is not asked."""

    replacements: StrictBool = False
    """Which candidate would best take the place of each chosen site, and what that loses."""
    force_in: tuple[str, ...] = ()
    """Ids of candidates of which to tell what opening them costs."""
    others: Others | None = None
    """The next-best plans, and the sites that are in all of them."""
    sensitivity: Sensitivity | None = None
    """The question under other assumptions, and the share of them that each site survives."""
    frontier: Amounts | None = None
    """What each number of sites, or each budget, brings at most, and from where on more brings less."""
    binding: StrictBool = False
    """What each limit holds back: one site more, more money, a forbidden site allowed, a longer walk."""

    @property
    def from_the_start(self) -> list[str]:
        """The keys that ask the whole question again."""
        return [key for key in TERMS if getattr(self, key)]

    def check_standard(self, standard: str) -> None:
        """Refuse variations that say nothing of a standard."""
        rule, asked = published.standard(standard), self.sensitivity or Sensitivity()
        if asked.speed_m_s and rule.profile is None:
            raise complaint(f"speed_m_s: {standard} is measured in metres and knows no speed; vary limit")
        silent = [each for each in asked.rule_set if rule.service not in published.rule_sets()[each].min_area_m2]
        if silent:
            raise complaint(f"rule_set: {', '.join(silent)} say nothing of {rule.service}")
