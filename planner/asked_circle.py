"""Scenario → the circle that it asks for: its kit, the services that the data tell of, before and after the plans."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from planner.circle import Circle, InReach, measure_circle
from planner.demand import Demand
from planner.facilities import Facilities
from planner.kits import Kit
from planner.provisions import provisions
from planner.scenario import Scenario
from planner.standards import standards
from planner.walkers import flat_walkers

MOST_MISSED = 3  # items that the screen names; the tables have all
HOW = (("walk", "on foot"), ("straight", "in a straight line"))


@dataclass(frozen=True)
class CircleChange:
    """Who has what of a kit without and with the chosen sites; the same twice where these are of no service of it."""

    before: Circle
    after: Circle

    def complete(self, level: int | None = None, metric: str = "walk") -> tuple[float, float]:
        """The people with the complete kit of one level, or of all, before and after."""
        people = self.before.demand.of()
        was, now = (float(people[each.complete(level, metric=metric)].sum()) for each in (self.before, self.after))
        return was, now

    def sentences(self) -> Iterator[str]:
        """What was found, a sentence a line."""
        circle, kit = self.before, self.before.kit
        scores = [
            _change(*(f"{float(each.score(metric=metric).points):.1f}" for each in (circle, self.after))) + f" {how}"
            for metric, how in HOW
        ]
        yield f"{kit.title['en']}: score {', '.join(scores)}, of 100 [{kit.source}]"
        for level in (*circle.levels, None):
            if level is None and len(circle.levels) == 1:
                break
            shares = ", ".join(f"{self._share(level, metric)} {how}" for metric, how in HOW)
            kit_of = f"{level}-minute kit" if level else "whole kit"
            yield f"  {kit_of}, {_count(len(circle.required(level)))} required and in the data: complete for {shares}"
        sites = {each.item.service: len(each.sites) for each in self.after.judged}
        worst = [
            f"{each.item.title['en']} {each.share:.1%} ({sites[each.item.service]:,} in the data)"
            for each in self.after.missing()
            if each.people
        ]
        if worst:
            yield f"  missing for most people on foot: {', '.join(worst[:MOST_MISSED])}"
        if circle.untold:
            untold = ", ".join(f"{item.title['en']} {item.sign}" for item in circle.untold)
            yield f"  not in the data, so neither missing nor there: {untold}"
        if few := [f"{each.item.title['en']} ({len(each.sites):,})" for each in circle.judged if self._few(each)]:
            yield f"  fewer than there are circles of their level; look first whether they are mapped: {', '.join(few)}"
        for each in circle.judged:
            large, known = each.sites.at_least(each.item.standard.min_area_m2), each.sites.area_m2 > 0
            for many, why in (
                ((~large & known).sum(), f"they are below {each.item.standard.min_area_m2:,g} m²"),
                ((~large & ~known).sum(), "nobody knows their area"),
                ((large & ~each.counts).sum(), "they serve an upper level"),
            ):
                if many:
                    yield f"  {many:,} of {len(large):,} {each.item.service} do not count: {why}"

    def _few(self, each: InReach) -> bool:
        """Whether there are fewer sites than one for the most people of a circle of the level, where that is known."""
        most = provisions().get(f"circle.population.{each.item.level}")
        ends = most.value if most else None
        return isinstance(ends, tuple) and len(each.sites) * ends[1] < self.before.demand.total

    def _share(self, level: int | None, metric: str) -> str:
        total = self.before.demand.total
        was, now = self.complete(level, metric)
        return f"{_change(f'{was / total:.1%}', f'{now / total:.1%}')} ({now:,.0f} of {total:,.0f} people)"


def kit_of(scenario: Scenario) -> Kit | None:
    """The kit of its circle, with its standards as the scenario applies them; nothing where it asks for no circle."""
    asked = scenario.circle
    if asked is None:
        return None
    kit = asked.asked()
    kit = kit.changed(
        replace(item, standard=scenario.standard(item.standard.id))
        for item in kit.items
        if item.standard.id in standards()
    )
    return kit if asked.walker is None else kit.paced(flat_walkers()[asked.walker])


def circle_of(scenario: Scenario, demand: Demand, standing: Mapping[str, Facilities]) -> Circle | None:
    """Today's circle, if the scenario asks for one.

    A service that nobody mapped is not in the data, unless the scenario says that it was surveyed.
    """
    asked, kit = scenario.circle, kit_of(scenario)
    if asked is None or kit is None:
        return None
    told = {name: each for name, each in standing.items() if len(each) or name in asked.surveyed}
    return measure_circle(demand, told, kit)


def changed(today: Circle | None, opened: Mapping[str, Facilities]) -> CircleChange | None:
    """The circle before and after: `opened` are all sites by service, of today and of the plans."""
    return None if today is None else CircleChange(today, today.with_sites(opened))


def _change(was: str, now: str) -> str:
    return was if was == now else f"{was} → {now}"


def _count(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"
