"""Standards as data: a threshold never travels without its document, clause and confidence."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from planner.errors import QuestionError
from planner.provisions import SUREST_FIRST, Provision, caution, from_memory, provision, published

SLOPES = ("none", "tobler")


@dataclass(frozen=True)
class Profile:
    """Who walks, at what speed on the flat, and whether slopes change it."""

    id: str
    title: Mapping[str, str]
    speed_m_s: float
    source: str
    confidence: str
    slope: str = "none"  # or "tobler": Tobler's ratio to the speed on the flat

    def __post_init__(self) -> None:
        if not 0 < self.speed_m_s < float("inf"):
            raise QuestionError(
                f"The walker {self.id!r} has a speed of {self.speed_m_s} m/s. Give a finite one above 0."
            )
        if self.slope not in SLOPES:
            raise QuestionError(
                f"The walker {self.id!r} minds slopes by {self.slope!r}. Choose among {', '.join(SLOPES)}."
            )

    def metres(self, minutes: float) -> float:
        """How far this person walks in so many minutes."""
        return minutes * 60.0 * self.speed_m_s


@dataclass(frozen=True)
class Band:
    """Sites of a service, from an area on, serve everybody within a limit of them."""

    service: str  # "green" or "park"
    min_area_m2: float  # 0 = of any area
    limit_m: float


@dataclass(frozen=True)
class GreenTest:
    """One question of a rule-set: within reach of a site of any of its bands, or not."""

    id: str
    title: Mapping[str, str]
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class RuleSet:
    """What green within reach means to a document: from which area a site counts, and how far it serves.

    300米见绿 and 500米见园 are two tests; the service radius of parks is one, of a wide and a narrow band.
    """

    id: str
    title: Mapping[str, str]
    document: str
    clause: str
    confidence: str
    tests: tuple[GreenTest, ...]
    asks: tuple[Provision, ...] = ()  # the shares the document wants, of residential land
    note: str = ""

    @property
    def min_area_m2(self) -> Mapping[str, float]:
        """From which area a site counts, by service; the services that no test names are missing."""
        return {band.service: band.min_area_m2 for test in self.tests for band in test.bands}

    @property
    def source(self) -> str:
        """The document and the clause, and a caution where they were not read."""
        return f"{self.document}{'' if self.clause == '-' else f', {self.clause}'}{caution(self.confidence)}"

    def check_first(self) -> bool:
        """Whether the areas were written from memory and need a check before publication."""
        return from_memory(self.confidence)


@dataclass(frozen=True)
class Standard:
    """A service within a limit. Exactly at the limit is covered (≤), everywhere.

    `limit` is in `unit` ("m" or "min"); minutes become metres only through `profile`. A facility
    smaller than `min_area_m2` does not count. `origin` says where a straight line starts.
    """

    id: str
    title: Mapping[str, str]
    service: str
    limit: float
    unit: str
    document: str
    clause: str
    edition: str
    confidence: str
    profile: Profile | None = None
    min_area_m2: float = 0.0
    rule_set: str = ""
    reason: str = ""  # of an override; empty where the standard stands as published

    @property
    def limit_m(self) -> float:
        """The limit in metres; 15 min at 0.8 m/s are 720 m."""
        return self.limit if self.profile is None else self.profile.metres(self.limit)

    def under(self, rules: RuleSet) -> "Standard":
        """This standard with the area floor of a rule-set, where the rule-set has one for its service.

        It is then no surer than the less sure of the two.
        """
        floor = rules.min_area_m2.get(self.service)
        if floor is None:
            return self
        confidence = max(self.confidence, rules.confidence, key=SUREST_FIRST.index)
        return replace(self, min_area_m2=float(floor), rule_set=rules.id, confidence=confidence)

    def changed(self, limit: float | None, min_area_m2: float | None, reason: str) -> "Standard":
        """This standard with somebody's own threshold, which its title then says; an assumption, of no rule-set."""
        new = replace(self, reason=reason, confidence="A")
        said = []
        if limit is not None:
            new, said = replace(new, limit=limit), [f"{limit:g} {self.unit}"]
        if min_area_m2 is not None:
            new, said = replace(new, min_area_m2=min_area_m2, rule_set=""), [*said, f"≥ {min_area_m2:,.0f} m²"]
        return replace(new, title={language: f"{title} [{', '.join(said)}]" for language, title in self.title.items()})

    def check_first(self) -> bool:
        """Whether the value was written from memory and needs a check before publication."""
        return from_memory(self.confidence)

    @property
    def source(self) -> str:
        """The document and the clause, the rule-set or the reason of an override, and a caution where not read."""
        rules = rule_sets().get(self.rule_set)
        floor = f"; from {self.min_area_m2:,.0f} m² by {rules.id}: {rules.document}, {rules.clause}" if rules else ""
        changed = f"; changed: {self.reason}" if self.reason else ""
        return f"{self.document}, {self.clause}{floor}{changed}{caution(self.confidence)}"

    def __str__(self) -> str:
        walk = "" if self.profile is None else f" at {self.profile.speed_m_s:g} m/s = {self.limit_m:g} m"
        floor = f", from {self.min_area_m2:g} m² ({self.rule_set})" if self.min_area_m2 else ""
        return f"{self.title['en']} ({self.limit:g} {self.unit}{walk}{floor}; {self.document}, {self.clause})"


@cache
def profiles() -> Mapping[str, Profile]:
    """The published walkers, by id."""
    return {row["id"]: Profile(**row) for row in published()["profiles"]}


@cache
def rule_sets() -> Mapping[str, RuleSet]:
    """The published rule-sets for parks, by id."""
    return {row["id"]: _rule_set(row) for row in published()["rule_sets"]}


def _rule_set(row: Mapping[str, Any]) -> RuleSet:
    """A rule-set with the numbers of the provisions that its bands name."""

    def band(of: Mapping[str, str]) -> Band:
        area = provision(of["from"]).number if "from" in of else 0.0
        return Band(of["service"], float(area), float(provision(of["within"]).number))

    tests = [GreenTest(test["id"], test["title"], tuple(band(each) for each in test["bands"])) for test in row["tests"]]
    return RuleSet(**{**row, "tests": tuple(tests), "asks": tuple(provision(id) for id in row.get("asks", ()))})  # noqa: A001


@cache
def standards() -> Mapping[str, Standard]:
    """The published standards, by id."""
    rows = [{**row, "profile": profiles().get(row.get("profile", ""))} for row in published()["standards"]]
    return {row["id"]: Standard(**row) for row in rows}


def standard(id: str) -> Standard:  # noqa: A002  (the field's word)
    """One published standard; an unknown id names those there are."""
    try:
        return standards()[id]
    except KeyError:
        raise QuestionError(f"There is no standard {id!r}. There are: {', '.join(standards())}.") from None
