"""A question of school seats, answered: the plan, and what there is today or comes of itself beside it."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.asked_schools import PutSchools, growth_of, pupils_of_places, put_schools
from planner.city import City
from planner.decay import GaussianDecay
from planner.demand import Demand
from planner.errors import DataError, PeopleError, QuestionError
from planner.facilities import Facilities
from planner.network import Floats, Integers, Shapes
from planner.rules import Effort
from planner.scenario import Scenario
from planner.scenario.schools import FORECAST
from planner.schools.balance import PART, SeatBalance
from planner.schools.choices import choose_freely, in_zones, nearest_schools
from planner.schools.feeders import FeederLinks, feeder_links
from planner.schools.futures import FuturesPlan, plan_seats_for_futures
from planner.schools.later import SeatsLater, seats_later
from planner.schools.plan import SchoolPlan, Seating
from planner.schools.seating import plan_seats
from planner.schools.stock import Option

log = logging.getLogger(__name__)

RELIEF = ("unserved", "severe", "oversized", "large_schools", "above_standard", "walk")  # aims of today's classes
STATES = {"severe": "severely oversized classes", "oversized": "oversized classes", "large": "too many pupils"}
FEWEST = ("unserved", "severe", "oversized", "large_schools", "cost")  # aims of the fewest classes
OF_FUTURES = (  # what is asked of every future: whole places and zones are not
    *("schools", "reach", "options", "budget", "carry_over", "limits", "most_options", "most_seats"),
)


@dataclass(frozen=True)
class SchoolSeats:
    """The answer to a question of school seats; what stands beside the plan is of the same pupils and years."""

    number: int  # of the question
    put: PutSchools
    plan: SchoolPlan
    today: Seating  # with the classes of today: in the zones of today where they are known, else dealt out best
    nearest: Seating  # everybody to the nearest school, with the plan's classes
    free: Seating  # families choose, with the plan's classes
    fewest: SchoolPlan | None  # the fewest classes more that leave as few oversized; None where nothing may be built
    later: SeatsLater | None = None  # the plan's classes and zones in later years
    futures: FuturesPlan | None = None  # options decided once for several futures
    feeders: FeederLinks | None = None  # which junior school each primary school feeds

    @property
    def first(self) -> str:
        """The first year of the plan."""
        return self.plan.pupils.years[0]

    @property
    def last(self) -> str:
        """The last year of the plan."""
        return self.plan.pupils.years[-1]

    @property
    def beside(self) -> Iterator[tuple[str, Seating]]:
        """What stands side by side, by a name."""
        yield "today", self.today
        yield "nearest", self.nearest
        yield "free_choice", self.free
        if self.fewest is not None:
            yield "fewest_classes", self.fewest
        yield "plan", self.plan

    @cached_property
    def on_roll(self) -> SeatBalance | None:
        """Classes and pupils as the roll of today has them, where it has pupils."""
        schools = self.put.schools
        if schools.pupils is None:
            return None
        most = schools.most_pupils(schools.classes)
        return SeatBalance(schools.ids, schools.stages, schools.classes, schools.pupils, most)

    def homes_of(self, seating: Seating, stage: str, year: str) -> Integers:
        """(n,) the school to which most pupils of each place of the demand go; -1 where nobody goes to one."""
        zone = seating.zones(stage, year)
        return np.where(self.put.places >= 0, zone[np.maximum(self.put.places, 0)], -1)

    def walk_of(self, seating: Seating, stage: int, year: str) -> Floats:
        """(n,) the mean walk of the pupils of each place of the demand who go to a school; inf where nobody does."""
        at = (seating.stage == stage) & (seating.year == seating.pupils.years.index(year))
        n = len(seating.pupils.places)
        people = np.bincount(seating.place[at], weights=seating.people[at], minlength=n)
        walked = np.bincount(seating.place[at], weights=seating.people[at] * seating.distance[at], minlength=n)
        mean = np.divide(walked, people, where=people > 0, out=np.full(n, np.inf))
        return np.where(self.put.places >= 0, mean[np.maximum(self.put.places, 0)], np.inf)

    def relieved(self, stage: str) -> dict[str, tuple[str, ...]]:
        """The schools that have severe classes, oversized ones or too many pupils today and none in the last year."""
        g = [each.id for each in self.plan.schools.stages].index(stage)
        then, now = self.today.balance(self.first), self.plan.balance(self.last)
        states = {
            "severe": [(each.missing[:, g, 0] > PART) for each in (then, now)],
            "oversized": [(each.missing[:, g, 1] > PART) for each in (then, now)],
            "large": [each.large & (each.classes[:, g] > 0) for each in (then, now)],
        }
        return {state: tuple(then.schools[was & ~still].tolist()) for state, (was, still) in states.items()}

    def sentences(self) -> Iterator[str]:
        """What was found, a sentence a line."""
        then, now, added = (
            self.today.balance(self.first),
            self.plan.balance(self.last),
            self.plan.seats_added(self.last),
        )
        for g, (was, will) in enumerate(zip(then.by_stage, now.by_stage, strict=True)):
            walks, unit = self.plan.walks(self.last)[g], self.plan.unit
            total = [f"{count:,.0f}" for count in self.plan.pupils.total[g, [0, -1]].tolist()]
            when = self.first if self.first == self.last else f"{self.first} → {self.last}"
            yield (
                f"{was.stage.title['en']}, {when}: {' → '.join(dict.fromkeys(total))} pupils, "
                f"{was.seats:,.0f} → {will.seats:,.0f} standard seats ({added[g]:+,.0f})"
            )
            missing = f"standard seats missing {was.missing_standard:,.0f} → {will.missing_standard:,.0f}"
            if np.isfinite(was.stage.oversized):
                missing += (
                    f", for classes of {was.stage.sizes[1]:g} {was.missing_oversized:,.0f} → "
                    f"{will.missing_oversized:,.0f}; oversized classes {was.oversized_classes:,} → "
                    f"{will.oversized_classes:,}"
                )
            yield f"  {missing}; walk {walks.mean:,.0f} {unit}, nine of ten up to {walks.p90:,.0f} {unit}"
            left = [f"{len(of)} of {STATES[state]}" for state, of in self.relieved(was.stage.id).items() if of]
            if left:
                yield f"  schools relieved: {', '.join(left)}"
        yield from (f"  {line}" for line in str(self.plan).splitlines())
        if self.fewest is not None and any(np.isfinite(stage.oversized) for stage in self.plan.schools.stages):
            proven = self.fewest.ending == "proven"
            yield (
                f"  {self.fewest.seats_added(self.last).sum():,.0f} seats in {len(self.fewest.taken)} options "
                f"{'are the fewest that' if proven else '(perhaps fewer)'} leave as few pupils in too large classes"
            )
        for title, said in (
            ("with these classes and zones, later", self.later),
            ("several futures", self.futures),
            ("feeder links", self.feeders),
        ):
            if said is not None:
                yield f"  {title}:"
                yield from (f"    {line}" for line in str(said).splitlines())


def plan_schools(
    scenario: Scenario,
    city: City,
    demand: Demand,
    standing: Mapping[str, Facilities],
    built: Shapes,
) -> Iterator[SchoolSeats]:
    """Every question of school seats of the scenario, each on land that no plan before it has built on."""
    for number, asked in enumerate(scenario.schools, 1):
        try:
            put = put_schools(asked, scenario, city, demand, standing, built)
            answer = _answered(number, put, demand)
        except (DataError, PeopleError, QuestionError) as error:
            raise type(error)(f"schools.{number - 1}: {error}") from error
        sites = put.schools.facilities
        new = {each.option.school for each in answer.plan.taken if each.kind == "build"}
        built = np.concatenate([built, sites.geometry[np.isin(sites.ids, sorted(new))]])
        yield answer


def _answered(number: int, put: PutSchools, demand: Demand) -> SchoolSeats:
    asked, terms = put.asked, put.terms
    effort = Effort(asked.time_limit_s, asked.gap)
    plan = plan_seats(**terms, order=asked.order, then_walk="walk" not in asked.order, effort=effort)
    alone = put.pupils, put.schools, put.reach
    decay = GaussianDecay(max(put.limits.values()) / 2, max(put.limits.values()), put.reach.unit)
    return SchoolSeats(
        *(number, put, plan, _today(put, effort)),
        nearest_schools(*alone, plan.classes, limits=put.limits),
        choose_freely(*alone, decay, plan.classes, limits=put.limits),
        _fewest(put, effort) if put.options else None,
        seats_later(plan, pupils_of_places(put, demand, years=asked.later), put.reach, limits=put.limits)
        if asked.later
        else None,
        _for_futures(put, demand, effort) if asked.futures else None,
        feeder_links(plan, put.reach, limits=put.limits, least_share=asked.feeder_share, effort=effort)
        if asked.feeders
        else None,
    )


def _for_futures(put: PutSchools, demand: Demand, effort: Effort) -> FuturesPlan:
    """The options that are regretted least in the future of the plan and in the others."""
    asked = put.asked
    grown = {name: pupils_of_places(put, demand, growth_of(asked, each)) for name, each in asked.futures.items()}
    terms = {key: put.terms[key] for key in OF_FUTURES}
    return plan_seats_for_futures({FORECAST: put.pupils, **grown}, **terms, of=asked.regret, effort=effort)


def _today(put: PutSchools, effort: Effort) -> Seating:
    """Where pupils go with today's classes: in today's zones, or dealt out as well as can be."""
    if put.today is None or (put.today < 0).all():
        return plan_seats(
            *(put.pupils, put.schools, put.reach),
            limits=put.limits,
            whole_places=put.asked.zones is not None,
            order=RELIEF,
            effort=effort,
        )
    return in_zones(put.pupils, put.schools, put.reach, put.today, limits=put.limits)


def _fewest(put: PutSchools, effort: Effort) -> SchoolPlan:
    """The plan of the fewest classes more, without a budget, that leaves as few pupils in too large classes."""

    def counted(option: Option) -> Option:
        return replace(option, cost=float(sum(option.classes.values())))

    terms = {**put.terms, "options": [counted(each) for each in put.options], "budget": None, "carry_over": False}
    return plan_seats(**terms, order=FEWEST, effort=effort)
