"""Scenario → what a gate opened or a footbridge built would bring: each measure alone, and all of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from planner.by_walker import cover_on_foot
from planner.city import City
from planner.coverage import Coverage
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.facilities import Facilities
from planner.network import Flags, Floats, Snap
from planner.provisions import provision
from planner.reach import measure_nearest
from planner.reach.edited import Street, edited_network
from planner.reach.measure import on_streets
from planner.scenario import Scenario
from planner.scenario.measures import Measure
from planner.sources.compounds import compound_table
from planner.sources.tags import projected
from planner.standards import Standard
from planner.walled import wall_in

TOGETHER = "all together"


@dataclass(frozen=True)
class StreetGain:
    """What measures change for one standard."""

    standard: Standard
    before: Coverage
    after: Coverage
    before_m: Floats  # (n,)  on foot to the nearest, as far as was looked; inf beyond
    after_m: Floats  # (n,)

    @property
    def newly(self) -> float:
        """People who meet the standard with the measures and not without."""
        return self.after.served - self.before.served

    @property
    def saved_m(self) -> Floats:
        """(n,) metres that each place walks less; 0 for those who reached nothing, however far they walk now."""
        known = np.isfinite(self.before_m)
        return np.where(known, self.before_m - np.where(known, self.after_m, 0.0), 0.0)

    @property
    def newly_reach(self) -> float:
        """People who reach one as far as was looked, and reached none."""
        return self._people(np.isinf(self.before_m) & np.isfinite(self.after_m))

    def saving(self, least_m: float) -> float:
        """People who walk at least so many metres less."""
        return self._people((self.saved_m >= least_m) & (self.saved_m > 0))

    @property
    def mean_saved_m(self) -> float:
        """Metres that those who walk less save on average; 0 where nobody does."""
        people = self.before.people[:, 0] * (self.saved_m > 0)
        return float(people @ self.saved_m / people.sum()) if people.sum() > 0 else 0.0

    def _people(self, places: Flags) -> float:
        return float(self.before.people[places, 0].sum())


@dataclass(frozen=True)
class Tried:
    """One measure, or all of them, and what it brings for every standard."""

    name: str
    kind: str  # "gate", "link", or "all"
    where: str  # the compound of a gate; how long a link is
    gains: tuple[StreetGain, ...]

    def __str__(self) -> str:
        said = ", ".join(f"{gain.standard.title['en']} {gain.newly:+,.0f} people" for gain in self.gains)
        least_m = provision("measures.saving").number
        most = max((gain.saving(least_m) for gain in self.gains), default=0.0)
        where = f" ({self.where})" if self.where else ""
        return f"{self.name}{where}: {said}; up to {most:,.0f} people walk at least {least_m:g} m less to one of them"


def try_measures(
    scenario: Scenario, city: City, demand: Demand, standing: Mapping[str, Facilities]
) -> tuple[Tried, ...]:
    """Every measure of a scenario alone, in its order, and where there are several all of them together.

    Each is measured anew on the changed streets, so the gains are exact, and those of several measures together are
    not their sum. `demand` and `standing` are attached to the streets of the city as it is.
    """
    asked = scenario.measures
    if not asked:
        return ()
    tried = _Streets(scenario, city, demand, standing)
    tried.check(asked)
    groups: list[tuple[str, tuple[Measure, ...]]] = [(each.name, (each,)) for each in asked]
    if len(asked) > 1:
        groups.append((TOGETHER, asked))
    return tuple(tried.gains(name, measures) for name, measures in groups)


class _Streets:
    """The streets as they are, and as measures would make them."""

    def __init__(self, scenario: Scenario, city: City, demand: Demand, standing: Mapping[str, Facilities]) -> None:
        self.city, self.demand, self.standing = city, demand, standing
        self.access_m = scenario.city.max_access_m
        self.rules = scenario.measured()
        self.looked_m = scenario.beyond.nearest_to_m or provision("beyond.search").number
        self.today = [self._measured(rule, demand, standing[rule.service]) for rule in self.rules]

    def check(self, measures: Sequence[Measure]) -> None:
        """Refuse gates of no compound, and links that end nowhere, all faults at once."""
        faults = [fault for each in measures for fault in self._faults(each)]
        names = [each.name for each in measures]
        if twice := sorted({name for name in names if names.count(name) > 1} | {*names} & {TOGETHER}):
            faults.append(f"measures: {len(twice)} names stand for more than one thing ({first(twice)}).")
        if faults:
            raise QuestionError("\n".join(faults))

    def _faults(self, measure: Measure) -> list[str]:
        if measure.build_link is not None:
            off = self._ends(measure).off
            ends = [point for point, lost in zip(measure.build_link, off.tolist(), strict=True) if lost]
            far = f"{first(ends)} is more than {self.access_m:g} m from every street"
            return [f"measures: {measure.name}: {far}. Move it."] if ends else []
        walled = self.city.walled
        if walled is None:
            return [f"measures: {measure.name}: no compound is walled, so there is no gate to open. Write compounds."]
        distance, nearest = self._outline(measure)
        most = float(compound_table()["given_gate_m"])
        if distance <= most:
            return []
        far = f"{distance:,.0f} m from the outline of the nearest compound, {walled.compounds.ids[nearest]}"
        return [f"measures: {measure.name}: {far}; at most {most:g} m. Move it to an outline."]

    def gains(self, name: str, measures: Sequence[Measure]) -> Tried:
        """What some measures bring together."""
        demand, standing = self._changed(measures)
        after = [self._measured(rule, demand, standing[rule.service]) for rule in self.rules]
        gains = [
            StreetGain(rule, was[0], now[0], was[1], now[1])
            for rule, was, now in zip(self.rules, self.today, after, strict=True)
        ]
        kind = "all" if name == TOGETHER else "link" if measures[0].build_link is not None else "gate"
        return Tried(name, kind, "" if kind == "all" else self._where(measures[0]), tuple(gains))

    def _changed(self, measures: Sequence[Measure]) -> tuple[Demand, Mapping[str, Facilities]]:
        """People and facilities on the streets with these measures."""
        demand, standing = self.demand, self.standing
        gates = [each for each in measures if each.open_gate is not None]
        links = [each for each in measures if each.build_link is not None]
        if gates and self.city.walled is not None:
            at = np.array([self._outline(each)[1] for each in gates], np.int64)
            wider = self.city.walled.compounds.with_gates(at, self._xy([each.open_gate for each in gates]))
            opened = wider.opened(np.flatnonzero(wider.gate_origin == "measure"))
            walled = wall_in(
                self.city.network,
                opened,
                demand.xy,
                max_access_m=self.access_m,
                at_gate_m=compound_table()["at_gate_m"],
            )
            demand = replace(demand, door=walled.door)
            standing = {
                service: walled.entered(sites, max_access_m=self.access_m) for service, sites in standing.items()
            }
        if links:
            network = on_streets(demand.door).network
            streets = [
                Street(ends, each.length_m or float(np.hypot(*(points[0] - points[1])) + ends.access_m.sum()))
                for each in links
                for points in [self._xy(each.build_link)]
                for ends in [network.snap(points, max_access_m=self.access_m)]
            ]
            _, onto = edited_network(network, streets, [])
            demand = replace(demand, door=onto(on_streets(demand.door)))
            standing = {
                service: replace(sites, door=onto(on_streets(sites.door))) for service, sites in standing.items()
            }
        return demand, standing

    def _measured(self, rule: Standard, demand: Demand, sites: Facilities) -> tuple[Coverage, Floats]:
        """Who meets a standard, and how far everybody walks to the nearest site that counts."""
        large = sites.at_least(rule.min_area_m2)
        limit_m = self.looked_m if rule.in_seconds else max(self.looked_m, rule.limit_m)
        walked, _ = measure_nearest(demand, sites, limit_m=limit_m, open=large).nearest()
        return cover_on_foot(demand, sites, rule, max_access_m=self.access_m), walked

    def _where(self, measure: Measure) -> str:
        if measure.build_link is None and self.city.walled is not None:
            return str(self.city.walled.compounds.ids[self._outline(measure)[1]])
        points, ends = self._xy(measure.build_link), self._ends(measure)
        return f"{measure.length_m or float(np.hypot(*(points[0] - points[1])) + ends.access_m.sum()):,.0f} m"

    def _ends(self, measure: Measure) -> Snap:
        return on_streets(self.demand.door).network.snap(self._xy(measure.build_link), max_access_m=self.access_m)

    def _outline(self, measure: Measure) -> tuple[float, int]:
        """Metres from a gate to the nearest outline of a compound, and which compound that is."""
        assert self.city.walled is not None  # noqa: S101  (asked only then)
        (point,) = shapely.points(self._xy([measure.open_gate]))
        away = shapely.distance(shapely.boundary(self.city.walled.compounds.geometry), point)
        return float(away.min(initial=np.inf)), int(np.argmin(away)) if len(away) else -1

    def _xy(self, lonlat: Sequence[tuple[float, float] | None] | None) -> Floats:
        """(k, 2) metres."""
        return projected(np.array(lonlat, np.float64).reshape(-1, 2), self.city.crs)
