"""Standards as data: a threshold never travels without its document, clause and confidence."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from planner.errors import QuestionError
from planner.provisions import SUREST_FIRST, Provision, caution, from_memory, provision, published
from planner.walkers import Profile, flat_walkers


@dataclass(frozen=True)
class Band:
    """Sites of a service, from an area on, serve everybody within a limit of them."""

    service: str  # "green" or "park"
    min_area_m2: float  # 0 = of any area
    limit_m: float

    def __str__(self) -> str:
        area = f"≥ {self.min_area_m2:,.10g} m²" if self.min_area_m2 else "of any area"
        return f"{self.service} {area} within {self.limit_m:g} m"


@dataclass(frozen=True)
class GreenTest:
    """One question of a rule-set: within reach of a site of any of its bands, or not."""

    id: str
    title: Mapping[str, str]
    bands: tuple[Band, ...]

    @property
    def terms(self) -> str:
        """What counts, in words: `park ≥ 5,000 m² within 500 m or green ≥ 2,000 m² within 300 m`."""
        return " or ".join(map(str, self.bands))


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
    reason: str = ""  # of overrides; empty where the rule-set stands as published

    @property
    def min_area_m2(self) -> Mapping[str, float]:
        """From which area a site counts, by service; the services that no test names are missing."""
        return {band.service: band.min_area_m2 for test in self.tests for band in test.bands}

    @property
    def source(self) -> str:
        """The document and the clause, and a caution where they were not read."""
        clause = "" if self.clause == "-" else f", {self.clause}"
        changed = f"; changed: {self.reason}" if self.reason else ""
        return f"{self.document}{clause}{changed}{caution(self.confidence)}"

    def check_first(self) -> bool:
        """Whether the areas were written from memory and need a check before publication."""
        return from_memory(self.confidence)


@dataclass(frozen=True)
class Standard:
    """A service within a limit. Exactly at the limit is covered (≤), everywhere.

    `limit` is in `unit` ("m" or "min"); minutes become metres only through a `profile` that minds nothing of the
    streets, and are seconds for any other. A facility smaller than `min_area_m2` does not count.
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
        """The limit in metres, in a straight line or on the flat without a wait; 15 min at 0.8 m/s are 720 m."""
        return self.limit if self.profile is None else self.profile.metres(self.limit)

    @property
    def in_seconds(self) -> bool:
        """Whether a walk is held against it in seconds, because its walker minds slopes, stairs or crossings."""
        return self.profile is not None and not self.profile.flat

    @property
    def asked(self) -> tuple[float, str]:
        """The limit of a walk and what it is counted in: metres ("m"), or the seconds ("s") of who minds something."""
        return (self.limit * 60.0, "s") if self.in_seconds else (self.limit_m, "m")

    @property
    def walk_limit(self) -> float:
        """The limit of a walk, in metres or seconds as `asked` says."""
        return self.asked[0]

    def limit_of(self, unit: str) -> float:
        """The limit of a walk that is counted in metres ("m") or seconds ("s"); refused where it is not asked so."""
        limit, asked = self.asked
        if unit != asked:
            words = {"m": "metres", "s": "seconds"}
            who = f" of a walker who minds {self.profile.minds}" if self.profile is not None and asked == "s" else ""
            raise QuestionError(
                f"{self.id} asks for {words[asked]}{who}, and this reach is measured in {words[unit]}. "
                "Measure it with **standard.walk."
            )
        return limit

    @property
    def walk(self) -> dict[str, Any]:
        """What to measure a reach by: `measure_reach(homes, parks, **standard.walk)`."""
        if self.in_seconds:
            return {"limit_s": self.walk_limit, "profile": self.profile}
        return {"limit_m": self.limit_m}

    def by(self, profile: Profile) -> "Standard":
        """The same minutes for another walker; a standard in metres has none and is refused."""
        if self.profile is None:
            raise QuestionError(f"{self.id} is measured in metres and has no walker. Choose a standard in minutes.")
        if profile.flat:
            return replace(self, profile=profile)
        said = {
            "en": f"{profile.title.get('en', profile.id)}, {profile.minds}",
            "zh": f"{profile.title.get('zh', profile.id)},按秒计",
        }
        title = {language: f"{title} [{said.get(language, said['en'])}]" for language, title in self.title.items()}
        return replace(self, profile=profile, title=title)

    def under(self, rules: RuleSet) -> "Standard":
        """This standard with the area floor of a rule-set, where the rule-set has one for its service.

        It is then no surer than the less sure of the two.
        """
        floor = rules.min_area_m2.get(self.service)
        if floor is None:
            return self
        confidence = max(self.confidence, rules.confidence, key=SUREST_FIRST.index)
        return replace(
            self, min_area_m2=float(floor), rule_set=rules.id, confidence=confidence, reason=rules.reason or self.reason
        )

    def changed(
        self, limit: float | None, min_area_m2: float | None, reason: str, *, speed_m_s: float | None = None
    ) -> "Standard":
        """This standard with somebody's own threshold, which its title then says; an assumption, of no rule-set.

        Another speed than its walker's is for standards in minutes; those in metres refuse it.
        """
        new = replace(self, reason=reason, confidence="A")
        said = []
        if limit is not None:
            new, said = replace(new, limit=limit), [f"{limit:g} {self.unit}"]
        if min_area_m2 is not None:
            new, said = replace(new, min_area_m2=min_area_m2, rule_set=""), [*said, f"≥ {min_area_m2:,.0f} m²"]
        if speed_m_s is not None:
            if self.profile is None:
                raise QuestionError(f"{self.id} is measured in metres and knows no speed. Change its limit.")
            walker = replace(self.profile, speed_m_s=speed_m_s, source=reason, confidence="A")
            new, said = replace(new, profile=walker), [*said, f"{speed_m_s:g} m/s"]
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

    @property
    def _metres(self) -> str:
        assert self.profile is not None  # noqa: S101  (asked only then)
        return f", {self.profile.minds}" if self.in_seconds else f" = {self.limit_m:g} m"

    def __str__(self) -> str:
        walk = "" if self.profile is None else f" at {self.profile.speed_m_s:g} m/s{self._metres}"
        floor = f", from {self.min_area_m2:g} m² ({self.rule_set})" if self.min_area_m2 else ""
        return f"{self.title['en']} ({self.limit:g} {self.unit}{walk}{floor}; {self.document}, {self.clause})"


@cache
def rule_sets() -> Mapping[str, RuleSet]:
    """The published rule-sets for parks, by id."""
    return changed_rule_sets({})


def changed_rule_sets(changes: Mapping[str, Provision]) -> Mapping[str, RuleSet]:
    """The rule-sets, by id, with other provisions in the place of those they name.

    One of which a provision is changed gives the reasons, and is no surer than an assumption.
    """
    return {row["id"]: _rule_set(row, changes) for row in published()["rule_sets"]}


@cache
def named_by_rule_sets() -> tuple[str, ...]:
    """The ids of the provisions that the tests of rule-sets rest on: what an override may change."""
    return tuple(dict.fromkeys(id for row in published()["rule_sets"] for id in _named(row)))  # noqa: A001


def _named(row: Mapping[str, Any]) -> list[str]:
    bands = [band for test in row["tests"] for band in test["bands"]]
    return [band[key] for band in bands for key in ("from", "within") if key in band]


def _rule_set(row: Mapping[str, Any], changes: Mapping[str, Provision]) -> RuleSet:
    """A rule-set with the numbers of the provisions that its bands name."""

    def number(id: str) -> float:  # noqa: A002
        return float(changes.get(id, provision(id)).number)

    def band(of: Mapping[str, str]) -> Band:
        return Band(of["service"], number(of["from"]) if "from" in of else 0.0, number(of["within"]))

    tests = [GreenTest(test["id"], test["title"], tuple(band(each) for each in test["bands"])) for test in row["tests"]]
    made_of = {"tests": tuple(tests), "asks": tuple(provision(id) for id in row.get("asks", ()))}  # noqa: A001
    own = [changes[id] for id in dict.fromkeys(_named(row)) if id in changes]  # noqa: A001
    confidence = max([row["confidence"], *(each.confidence for each in own)], key=SUREST_FIRST.index)
    reason = "; ".join(f"{each.what} {each.threshold}: {each.reason}" for each in own)
    return RuleSet(**{**row, **made_of, "confidence": confidence, "reason": reason})


@cache
def standards() -> Mapping[str, Standard]:
    """The published standards, by id, for walkers on the flat."""
    return {row["id"]: _standard(row) for row in published()["standards"]}


def _standard(row: Mapping[str, Any]) -> Standard:
    walker = {"profile": flat_walkers()[row["profile"]]} if "profile" in row else {}
    return Standard(**{**row, **walker})


def standard(id: str) -> Standard:  # noqa: A002  (the field's word)
    """One published standard; an unknown id names those there are."""
    try:
        return standards()[id]
    except KeyError:
        raise QuestionError(f"There is no standard {id!r}. There are: {', '.join(standards())}.") from None
