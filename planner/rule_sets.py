"""The same green under every rule-set at once: who and what is within reach, which sites fall short, and by how much.

One text asks for 2,000 m², another for 400: whether twenty corner parks count is a question of the rule-set, so
all of them are shown, and none is the plan's own. Three numbers stand side by side: people on foot, people in a
straight line, and residential land, of which alone the documents ask a share.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.differences import Differences, find_differences
from planner.errors import DataError, QuestionError
from planner.facilities import Facilities
from planner.land import Land, in_words
from planner.land_cover import LandCoverage, measure_land_coverage
from planner.network import Flags
from planner.provisions import Provision
from planner.reach import Reach, measure_nearest, measure_straight
from planner.standards import Band, GreenTest, RuleSet, Standard, rule_sets


@dataclass(frozen=True)
class Shortfall:
    """A site that counts for nothing under a test, and the least area that would count."""

    id: str
    name: str
    status: str  # "standing", "planned", "candidate"
    area_m2: float
    needed_m2: float

    @property
    def short_m2(self) -> float:
        """By how much it falls short; nothing of it where its area is unknown."""
        return self.needed_m2 - max(self.area_m2, 0.0) if self.known else self.needed_m2

    @property
    def known(self) -> bool:
        """Whether anybody knows its area; a point has none."""
        return self.area_m2 > 0

    @property
    def words(self) -> Mapping[str, str]:
        """What is missing, by language."""
        needed = f"{self.needed_m2:,.10g}"
        if not self.known:
            return {"zh": f"面积不详，须 {needed} m²", "en": f"area unknown, {needed} m² needed"}
        whole = math.floor(self.area_m2)  # rounded up, it would look large enough
        short = f"{self.needed_m2 - whole:,.10g}"
        return {
            "zh": f"{whole:,} m²，距 {needed} m² 差 {short} m²",
            "en": f"{whole:,} m², {short} m² short of {needed}",
        }

    def __str__(self) -> str:
        return self.words["en"]


@dataclass(frozen=True)
class Reached:
    """Who is within reach of a site that counts, without and with the chosen sites."""

    metric: str  # "walk" or "straight"
    before: Flags  # (n,)
    after: Flags  # (n,)
    served_before: float  # people
    served_after: float
    total: float


@dataclass(frozen=True)
class Asked:
    """A share of residential land that a document asks for, and whether it is reached."""

    provision: Provision
    total_m2: float
    served_before_m2: float
    served_after_m2: float

    @property
    def met_before(self) -> bool:
        """Whether it is reached without the chosen sites."""
        return self.provision.holds(self.served_before_m2 / self.total_m2)

    @property
    def met_after(self) -> bool:
        """Whether it is reached with them."""
        return self.provision.holds(self.served_after_m2 / self.total_m2)

    @property
    def short_before_m2(self) -> float:
        """The land that is missing for it without the chosen sites; 0 where it is met."""
        return self._short(self.served_before_m2)

    @property
    def short_after_m2(self) -> float:
        """The land that is missing for it with them; 0 where it is met."""
        return self._short(self.served_after_m2)

    def _short(self, served_m2: float) -> float:
        return max(0.0, self.provision.number * self.total_m2 - served_m2)

    def told(self, *, after: bool = True) -> str:
        """`met`, or by how much it falls short: `not met: 0.72 km², 12.8 points short`."""
        met, short_m2 = (self.met_after, self.short_after_m2) if after else (self.met_before, self.short_before_m2)
        if met:
            return "met"
        points = 100 * short_m2 / self.total_m2
        return f"not met: {in_words(short_m2)}, {max(points, 0.1):.1f} points short"

    def __str__(self) -> str:
        of = f" ({self.provision.applies_to})" if self.provision.applies_to else ""
        return f"{self.provision.threshold}{of} {self.told()}"


@dataclass(frozen=True)
class LandReached:
    """The residential land within the service radius, without and with the chosen sites."""

    before: LandCoverage
    after: LandCoverage
    asked: tuple[Asked, ...]  # what the rule-set asks, in its order


@dataclass(frozen=True)
class UnderRuleSet:
    """One test of one rule-set, held against all the green there is."""

    rules: RuleSet
    test: GreenTest
    on_foot: Reached
    straight: Reached
    standing: int  # sites that stand today
    chosen: int
    standing_short: tuple[Shortfall, ...]  # those of them that count for nothing, the largest first
    chosen_short: tuple[Shortfall, ...]
    differences: Differences  # between the three numbers, with the chosen sites
    land: LandReached | None = None  # None where no residential land is known

    @property
    def title(self) -> str:
        """The rule-set and what it asks, in one line: `P5: a park within 500 m`."""
        return f"{self.rules.id}: {self.test.title['en']}"

    @property
    def why(self) -> str:
        """Why the three numbers differ from one another, and from those under a rule-set that asks for less area."""
        small = f"{len(self.standing_short):,} of {self.standing:,} standing"
        if self.chosen:
            small += f" and {len(self.chosen_short):,} of {self.chosen:,} chosen"
        return f"{self.differences} {small} sites are too small and count in none of them."

    def __str__(self) -> str:
        shares = ", ".join(
            f"{how} {_change(reached)}"
            for how, reached in (("on foot", self.on_foot), ("in a straight line", self.straight))
        )
        if self.land is not None:
            shares += f", of residential land {_shares(self.land.before.share, self.land.after.share)}"
        count = f"; {self.chosen - len(self.chosen_short)} of {self.chosen} chosen sites count" if self.chosen else ""
        worst = self.chosen_short[-1] if self.chosen_short else None
        short = f" (furthest off: {worst.id}, {worst})" if worst else ""
        asked = f"; asked: {', '.join(map(str, self.land.asked))}" if self.land and self.land.asked else ""
        return f"{self.title}: {shares}{asked}{count}{short}"


def compare_rule_sets(
    demand: Demand,
    standing: Mapping[str, Facilities],
    chosen: Facilities | None = None,
    *,
    land: Land | None = None,
    rules: Iterable[RuleSet] | None = None,
) -> tuple[UnderRuleSet, ...]:
    """Every test of every rule-set (by default all that are published), one row each, in their order.

    `standing` holds today's sites by the services that bands name, "green" and "park"; `chosen` are the sites of
    a plan, which count as either once they are large enough. All must be snapped to the same network. On foot is
    to the nearest gate, in a straight line to the boundary; exactly at a limit or an area counts. With `land`, each
    row has its residential land as well, and what the rule-set asks of it.

    Raises QuestionError where a band names a service that `standing` lacks, DataError where chosen and standing
    sites share ids or are on different networks.
    """
    compared = tuple(rule_sets().values() if rules is None else rules)
    lacking = sorted({band.service for each in compared for test in each.tests for band in test.bands} - {*standing})
    if lacking:
        raise QuestionError(
            f"The rule-sets ask for {', '.join(lacking)}, and the standing sites given are of "
            f"{', '.join(standing) or 'no service'}. Give facilities of each, be it none of them."
        )
    before = _Measures(demand, standing, land)
    after = before if chosen is None or not len(chosen) else _Measures(demand, _with(standing, chosen), land)
    return tuple(_row(each, test, before, after, chosen) for each in compared for test in each.tests)


class _Measures:
    """Who is served by the sites there are, band by band; each distance is measured once."""

    def __init__(self, demand: Demand, sites: Mapping[str, Facilities], land: Land | None) -> None:
        self.demand, self.sites, self.land = demand, sites, land
        self._walked: dict[Band, Flags] = {}
        self._straight: dict[tuple[str, float], Reach] = {}
        self._land: dict[tuple[Band, ...], LandCoverage] = {}

    def served(self, rules: RuleSet, test: GreenTest, metric: str) -> Flags:
        """(n,) the places within reach of a site of any band."""
        within = [self._walk(rules, band) if metric == "walk" else self._line(rules, band) for band in test.bands]
        covered: Flags = np.logical_or.reduce(within)
        return covered

    def land_served(self, land: Land, test: GreenTest) -> LandCoverage:
        """The land within the service radius of a site of any band."""
        if test.bands not in self._land:
            self._land[test.bands] = measure_land_coverage(land, self.sites, test.bands)
        return self._land[test.bands]

    def _walk(self, rules: RuleSet, band: Band) -> Flags:
        if band not in self._walked:
            sites = self.sites[band.service]
            nearest = measure_nearest(self.demand, sites, limit_m=band.limit_m, open=sites.at_least(band.min_area_m2))
            self._walked[band] = measure_coverage(nearest, self.demand, _standard(rules, band)).covered
        return self._walked[band]

    def _line(self, rules: RuleSet, band: Band) -> Flags:
        sites, key = self.sites[band.service], (band.service, band.limit_m)
        if key not in self._straight:
            self._straight[key] = measure_straight(self.demand, sites, limit_m=band.limit_m)
        large = sites.at_least(band.min_area_m2)
        return measure_coverage(self._straight[key], self.demand, _standard(rules, band), open=large).covered


def _row(
    rules: RuleSet, test: GreenTest, before: _Measures, after: _Measures, chosen: Facilities | None
) -> UnderRuleSet:
    needed = min(band.min_area_m2 for band in test.bands)
    smallest = min(test.bands, key=lambda band: band.min_area_m2)
    there = before.sites[smallest.service]
    on_foot, straight = (_reached(metric, rules, test, before, after) for metric in ("walk", "straight"))
    land = None if before.land is None else _land_reached(before.land, rules, test, before, after)
    return UnderRuleSet(
        rules,
        test,
        on_foot=on_foot,
        straight=straight,
        standing=len(there),
        chosen=0 if chosen is None else len(chosen),
        standing_short=_shortfalls(there, needed),
        chosen_short=() if chosen is None else _shortfalls(chosen, needed),
        differences=find_differences(before.demand, straight.after, on_foot.after, land.after if land else None),
        land=land,
    )


def _land_reached(land: Land, rules: RuleSet, test: GreenTest, before: _Measures, after: _Measures) -> LandReached:
    was, now = (measures.land_served(land, test) for measures in (before, after))
    return LandReached(was, now, tuple(Asked(each, land.total_m2, was.served, now.served) for each in rules.asks))


def _reached(metric: str, rules: RuleSet, test: GreenTest, before: _Measures, after: _Measures) -> Reached:
    was, now = (measures.served(rules, test, metric) for measures in (before, after))
    people = before.demand.people[:, 0]
    return Reached(metric, was, now, float(people[was].sum()), float(people[now].sum()), float(people.sum()))


def _shortfalls(sites: Facilities, needed_m2: float) -> tuple[Shortfall, ...]:
    """The sites below an area, the largest first; of equal ones in their order."""
    short = np.flatnonzero(~sites.at_least(needed_m2))
    area_m2 = np.nan_to_num(sites.area_m2[short])
    ordered = short[np.argsort(-area_m2, kind="stable")]
    return tuple(
        Shortfall(str(sites.ids[site]), str(sites.names[site]), sites.status, float(sites.area_m2[site]), needed_m2)
        for site in ordered
    )


def _with(standing: Mapping[str, Facilities], chosen: Facilities) -> dict[str, Facilities]:
    joined = {service: there.joined(chosen) for service, there in standing.items()}
    if any(each.door is None for each in joined.values()):
        raise DataError("Snap the standing and the chosen sites to the same network first, see snapped().")
    return joined


def _standard(rules: RuleSet, band: Band) -> Standard:
    """A band as the standard that coverage is measured by."""
    return Standard(
        id=f"{rules.id} {band.service} {band.limit_m:g} m",
        title=rules.title,
        service=band.service,
        limit=band.limit_m,
        unit="m",
        document=rules.document,
        clause=rules.clause,
        edition="",
        confidence=rules.confidence,
        min_area_m2=band.min_area_m2,
        rule_set=rules.id,
    )


def _change(reached: Reached) -> str:
    return _shares(reached.served_before / reached.total, reached.served_after / reached.total)


def _shares(before: float, after: float) -> str:
    return f"{before:.1%}" if before == after else f"{before:.1%} → {after:.1%}"
