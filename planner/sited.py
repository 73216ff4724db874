"""The questions of a scenario, asked one after the other: what one opens stands for the next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product

import numpy as np
import shapely

from planner import city
from planner.asked_examination import examined
from planner.by_walker import at_doors
from planner.city import City
from planner.coverage import Coverage
from planner.demand import Demand
from planner.errors import NoPlanError, QuestionError
from planner.examined import Examined, Terms
from planner.facilities import Facilities
from planner.fair_sites import compared
from planner.fairness import Fairness
from planner.land import Land
from planner.levels import Level, Sited, floor_needs, levels_of
from planner.network import Flags, Floats, Integers, Shapes
from planner.official import bands_of, joined_parcels, most_land
from planner.over_years import ordered, phased, reordered
from planner.phasing import PhasedPlan, Phasings, compare_phasings
from planner.plan import LAND, Plan
from planner.presence import Presence, measure_presence
from planner.reach import Reach, measure_nearest, measure_reach
from planner.reach.measure import on_streets
from planner.residents import in_units
from planner.rules import Effort, Rules
from planner.scenario import Question, Scenario
from planner.scenario.siting import Cost, MostLand, MostPeople, ServiceToSite, Shared, SiteServices
from planner.services import Service, ServiceSize, ServicesPlan, Together, site_services
from planner.standards import Standard
from planner.unanswered import explain, floors_of, page_of

NEAREST_TODAY_M = 2000.0  # how far a card on the map looks for the nearest standing facility
AGREE = 1e-9  # share by which sums of people in different orders may differ

Hear = Callable[[float, float], None]


@dataclass(frozen=True)
class SitedPlan:
    """A plan with what a card on the map needs."""

    plan: Plan
    standard: Standard
    asked: int | None  # sites; fewer are opened where no further candidate serves anybody; None: as money allows
    candidates: Facilities
    nearest_today_m: Floats  # (p,)  on foot from each chosen site to the nearest standing one; inf beyond 2 km
    unit_names: tuple[str, ...]  # (p,)  the unit each chosen site lies in, "" in none
    joined: int = 0  # parcels beyond one a site, where several make one
    number: int = 1  # of the question
    whole: ServicesPlan | None = None  # the plan of several services that this is a part of
    level: Level | None = None  # what else there is to say of such a part
    weights: Mapping[str, float] | None = None  # what a person of each group counts; everybody alike where None
    phased: PhasedPlan | None = None  # the years of its sites, where they have some
    phasings: Phasings | None = None  # that beside the plans that look less far
    examined: Examined | None = None  # what its question asks about the plan; of several services, about the whole
    fairness: Fairness | None = None  # the plan beside those that look to others first
    adopted: str = "most"  # which of them this is
    put: "Put | None" = field(default=None, repr=False)  # how the library was asked, to ask again

    @property
    def proof(self) -> Plan:
        """The plan whose bound says how good this one is."""
        return self.whole or self.phased or self.plan

    def over(self, plan: PhasedPlan) -> "SitedPlan":
        """With its years, beside the plans that look less far."""
        return replace(self, phased=plan, phasings=compare_phasings(plan))

    @cached_property
    def costs(self) -> Floats | None:
        """(p,) what each chosen site costs, of a parcel with several services the part of this one; None: not known."""
        if self.put is None or self.put.rules.cost is None:
            return None
        if self.whole is None:
            return self.put.rules.cost[self.plan.sites]
        k = [each.service for each in self.whole.by_service].index(self.standard.service)
        at = {site: row for row, site in enumerate(self.whole.sites.tolist())}
        return self.whole.costs[[at[site] for site in self.plan.sites.tolist()], k]

    @property
    def parcels(self) -> int:
        """How many parcels are opened, which is what is asked for."""
        return len(self.plan.opened) + self.joined


@dataclass(frozen=True)
class Put:
    """A question about one standard as the library is asked it: people, sites and reaches where its walker walks."""

    standard: Standard
    demand: Demand
    candidates: Facilities
    today: Facilities
    to_candidates: Reach
    standing: Reach  # to those of today that are large enough
    new_sites: int | None
    weights: Mapping[str, float] | None
    rules: Rules
    effort: Effort

    @property
    def terms(self) -> Terms:
        """Its terms, to ask it for the plan that brings the standard to the most people, and again."""
        return Terms(
            *(self.demand, self.to_candidates, self.standard, self.new_sites),
            *(self.standing, self.weights, self.rules, self.effort),
        )


@dataclass
class Siting:
    """The city while it is being built on."""

    scenario: Scenario
    city: City
    demand: Demand
    land: Land | None  # residential
    standing: Mapping[str, Facilities]  # today, by service
    hear: Hear | None = None
    plans: list[SitedPlan] = field(default_factory=list)
    opened: dict[str, Facilities] = field(default_factory=dict)  # what stands and what the plans have opened
    pocket_parks: list[Facilities] = field(default_factory=list)  # what they choose as green, question by question
    built: Shapes = field(default_factory=lambda: np.empty(0, object))  # parcels that are taken

    def __post_init__(self) -> None:
        self.opened = dict(self.standing)

    def ask_all(self) -> None:
        """Every question of the scenario."""
        for number, question in enumerate(self.scenario.siting, 1):
            try:
                every = list(self._asked(question))  # every part is sited before any of them stands
            except QuestionError as error:
                raise self._explained(number - 1, question, error) from error
            for sited in every:
                self._open(replace(sited, number=number))

    def puts(self, question: Question) -> list[Put]:
        """A question as the library is asked it, a part for each standard; none for the most land."""
        effort = Effort(question.time_limit_s, question.gap, self.hear)
        if isinstance(question, MostLand):
            return []
        if isinstance(question, MostPeople):
            return [self._put_most_people(question, effort)[0]]
        return self._put_services(question, self.land_of(question), effort)

    def land_of(self, question: Question) -> Facilities:
        """The candidates of a question; several parcels as one where it joins them."""
        rules = [self.scenario.standard(standard) for standard in question.standards]
        land = self._candidates(question, *rules)
        if not isinstance(question, MostLand):
            return land
        bands = bands_of(rules[0], self.scenario)
        return joined_parcels(question, land, self.opened["green"], self.city, bands).sites

    def _asked(self, question: Question) -> Iterator[SitedPlan]:
        effort = Effort(question.time_limit_s, question.gap, self.hear)
        if isinstance(question, MostLand):
            yield self._most_land(question, effort)
        elif isinstance(question, MostPeople):
            yield self._most_people(question, effort)
        else:
            yield from self._services(question, effort)

    def _most_land(self, question: MostLand, effort: Effort) -> SitedPlan:
        rule = self.scenario.standard(question.standard)
        green, bands = {service: self.opened[service] for service in city.GREENERY}, bands_of(rule, self.scenario)
        land = self._candidates(question, rule)
        joined = joined_parcels(question, land, green["green"], self.city, bands)

        def ask(new_sites: float) -> Plan:
            so_many = question.model_copy(update={"new_sites": int(new_sites)})
            return most_land(so_many, self.land, joined, green, bands, effort)

        plan = ask(question.new_sites)
        more = int((joined.count[plan.sites] - 1).sum())
        asked = examined(question.examine, plan, self.scenario, ask=ask)
        return replace(self._sited(plan, rule, question.new_sites, joined.sites), joined=more, examined=asked)

    def _explained(self, number: int, question: Question, error: QuestionError) -> QuestionError:
        """What is wrong with a question, by its number, and where no plan answers it why, and the ways out."""
        message = f"siting.{number}: {error}"
        if not isinstance(question, MostPeople) or question.years or question.fairness:
            return QuestionError(message)
        try:
            put, _ = self._put_most_people(question, Effort(question.time_limit_s))
            why = explain(put, access_m=self.scenario.city.max_access_m)
        except QuestionError:  # as it stands it says what is wrong
            return QuestionError(message)
        return NoPlanError(f"siting.{number}: {why}", page_of(number, question, put.standard, why))

    def _put_most_people(self, question: MostPeople, effort: Effort) -> tuple[Put, Callable[[Standard], Put]]:
        """The question as the library is asked it, and how by another standard, on the same land."""
        rule = self.scenario.standard(question.standard)
        land = self._candidates(question, rule)
        rules = Rules(
            question.must_keep,
            question.forbid,
            cost=_cost_of(question.cost, land),
            budget=question.budget,
            floors=floors_of(question, self.demand),
        )

        def put_by(rule: Standard) -> Put:
            counting = replace(rules, counts=land.at_least(rule.min_area_m2))
            return self._put(rule, land, question.new_sites, question.people or None, counting, effort)

        return put_by(rule), put_by

    def _most_people(self, question: MostPeople, effort: Effort) -> SitedPlan:
        put, put_by = self._put_most_people(question, effort)
        rule, land = put.standard, put.candidates
        if question.years:
            years = phased(put, question)
            assert years.in_the_end is not None  # noqa: S101  (it has a standard)
            sited = self._sited(years.in_the_end, rule, question.new_sites, land).over(years)
            return replace(sited, put=put, weights=put.weights)
        if question.fairness:
            plan, fairness = compared(put, question.fairness)
            sited = self._sited(plan, rule, question.new_sites, land)
            return replace(sited, put=put, weights=put.weights, fairness=fairness, adopted=question.fairness.by)
        plan = put.terms.plan()
        asked = examined(question.examine, plan, self.scenario, put.terms, measure=lambda other: put_by(other).terms)
        sited = self._sited(plan, rule, question.new_sites, land)
        return replace(sited, put=put, weights=put.weights, examined=asked)

    def _services(self, question: SiteServices, effort: Effort) -> Iterator[SitedPlan]:
        """A plan of several services on the same land, part by part."""
        rules_of = [self.scenario.standard(standard) for standard in question.standards]
        land = self._candidates(question, *rules_of)
        puts = self._put_services(question, land, effort)
        services = [self._service(each, put, rules_of) for each, put in zip(question.services, puts, strict=True)]
        levels = [
            Sited(service, put.demand, put.candidates, put.today, each.floor)
            for each, put, service in zip(question.services, puts, services, strict=True)
        ]
        together = [one for each in question.together for one in _together(each, question, services, land)]

        def within(budget: float | None, among: Sequence[Service] = services) -> ServicesPlan:
            return site_services(
                self.demand,
                among,
                together=together,
                budget=budget,
                floors=list(floor_needs(levels)),
                before=question.before,
                rules=Rules(question.must_keep, question.forbid),
                effort=effort,
            )

        plan = within(question.budget)
        by_people = services if question.before == "presence" else [replace(each, presence=None) for each in services]
        asked = examined(question.examine, plan, self.scenario, ask=partial(within, among=by_people))
        for number, (part, put, each, level) in enumerate(
            zip(plan.parts, puts, question.services, levels_of(plan, levels), strict=True)
        ):
            years = self._in_order(number, plan, puts, each) if each.years else None
            own = part if years is None else reordered(part, years.opened)
            sited = replace(self._sited(own, put.standard, put.new_sites, land), whole=plan, put=put, level=level)
            sited = replace(sited, examined=asked)
            yield replace(sited if years is None else sited.over(years), weights=put.weights)

    def _put_services(self, question: SiteServices, land: Facilities, effort: Effort) -> list[Put]:
        """The services of a question, each as the library is asked it."""
        return [
            self._put(
                *(rule, land, each.new_sites, each.people or None),
                Rules(
                    question.must_keep,
                    question.forbid,
                    counts=_holds(each, rule, land),
                    cost=_cost_of(each.cost, land),
                ),
                effort,
            )
            for each, rule in zip(question.services, map(self.scenario.standard, question.standards), strict=True)
        ]

    def _in_order(self, number: int, plan: ServicesPlan, puts: Sequence[Put], each: ServiceToSite) -> PhasedPlan:
        """The years of the sites of one of several services."""
        put, part = puts[number], plan.parts[number]
        other = np.setdiff1d(plan.sites, part.sites)
        alike = [
            another.sites
            for another, its in zip(plan.parts, puts, strict=True)
            if put.standard.service in city.family(its.standard.service)
        ]
        taken, serving = (
            np.isin(np.arange(len(put.candidates)), sites) for sites in (other, np.intersect1d(other, np.hstack(alike)))
        )
        cost = _cost_of(each.cost, put.candidates)
        return ordered(put, each, part, taken=taken, serving=serving, cost=cost)

    def _service(self, each: ServiceToSite, put: Put, all_rules: Sequence[Standard]) -> Service:
        """A service as the library is asked it."""
        service = put.standard.service
        there = {rule.service for rule in all_rules}
        return Service(
            service,
            put.standard,
            put.to_candidates,
            put.new_sites,
            serves=tuple(other for other in city.family(service) if other != service and other in there),
            standing=put.standing,
            weights=put.weights,
            weight=each.weight,
            holds=put.rules.counts,
            cost=_cost_of(each.cost, put.candidates),
            presence=self._presence(each, put),
            sizes=_sizes(each, put),
        )

    def _presence(self, each: ServiceToSite, put: Put) -> Presence | None:
        """In which areas the service should be, and which sites would stand for each."""
        if each.present_in is None:
            return None
        people = in_units(put.demand, each.present_in, self.city)
        units = people.units
        assert units is not None  # noqa: S101  (they were just given)
        large = put.today.at_least(put.standard.min_area_m2)
        return measure_presence(
            people,
            put.to_candidates,
            units.holding(middle(put.candidates)),
            limit_m=put.standard.walk_limit,
            standing=put.standing,
            standing_unit=np.where(large, units.holding(middle(put.today)), -1),
            share=each.shared_from,
        )

    def _candidates(self, question: Question, *rules: Standard) -> Facilities:
        """The land of a question, free of what stands and of what is built."""
        today = self.opened[rules[0].service]
        for service in dict.fromkeys(rule.service for rule in rules[1:]):
            more = self.opened[service]
            today = today.joined(replace(more, ids=np.char.add(f"{service} ", more.ids)))
        return city.candidates(
            question, rules[0].service, self.scenario, self.city, homes=self.demand, today=today, built=self.built
        )

    def _put(
        self,
        rule: Standard,
        land: Facilities,
        new_sites: int | None,
        weights: Mapping[str, float] | None,
        rules: Rules,
        effort: Effort,
    ) -> Put:
        access_m = self.scenario.city.max_access_m
        people = at_doors(self.demand, rule.profile, max_access_m=access_m)
        sites, today = (
            at_doors(each, rule.profile, max_access_m=access_m) for each in (land, self.opened[rule.service])
        )
        standing = measure_reach(people, today, **rule.walk).only(today.at_least(rule.min_area_m2))
        reach = measure_reach(people, sites, **rule.walk)
        return Put(rule, people, sites, today, reach, standing, new_sites, weights, rules, effort)

    def _sited(self, plan: Plan, rule: Standard, asked: int | None, candidates: Facilities) -> SitedPlan:
        """A plan with what its cards say."""
        nearest_m, units = self._neighbourhood(candidates, plan, rule)
        return SitedPlan(plan, rule, asked, candidates, nearest_m, units)

    def _open(self, sited: SitedPlan) -> None:
        """What a plan chooses stands from now on."""
        self.plans.append(sited)
        closed = [site for site, _ in sited.phased.closed] if sited.phased else []
        self.stand(sited.number, sited.standard, sited.candidates, sited.plan.sites, closed)

    def stand(self, number: int, rule: Standard, land: Facilities, sites: Integers, closed: Sequence[str]) -> None:
        """What a question chooses stands from now on, and what its years close no more."""
        chosen = land.kept(np.isin(np.arange(len(land)), sites))
        new = replace(chosen, status="planned", service=rule.service)
        self.built = np.concatenate([self.built, new.geometry])
        new = replace(new, ids=np.array([f"plan {number}: {id}" for id in new.ids], np.str_))  # noqa: A001
        for service in city.family(rule.service):
            today = self.opened[service]
            self.opened[service] = today.kept(~np.isin(today.ids, closed)).joined(new)
        if city.is_green(rule):
            self.pocket_parks.append(new)

    def _neighbourhood(self, candidates: Facilities, plan: Plan, rule: Standard) -> tuple[Floats, tuple[str, ...]]:
        """For each chosen site (p,): metres on foot to the nearest standing facility that counts, and its unit."""
        if not len(plan.sites):
            return np.empty(0), ()
        today = self.opened[rule.service]
        at = middle(candidates)[plan.sites]
        visitors = Demand(candidates.ids[plan.sites], at, np.ones((len(at), 1)), self.city.crs)
        network = on_streets(self.demand.door).network
        visitors = replace(visitors, door=network.snap(at, max_access_m=NEAREST_TODAY_M))
        near = np.zeros(len(today), bool)
        near[
            shapely.STRtree(shapely.points(at)).query(today.geometry, predicate="dwithin", distance=NEAREST_TODAY_M)[0]
        ] = True
        counting = today.kept(near & today.at_least(rule.min_area_m2))
        nearest_m, _ = measure_nearest(visitors, counting, limit_m=NEAREST_TODAY_M).nearest()
        if self.demand.units is None:
            return nearest_m, ("",) * len(at)
        names = [*self.demand.units.names.tolist(), ""]
        return nearest_m, tuple(names[unit] for unit in self.demand.units.holding(at))

    def check_agreement(self, before: Mapping[str, Coverage], after: Mapping[str, Coverage]) -> None:
        """Refuse an answer of which coverage, knowing nothing of siting, measures something else than plans claim."""
        alone = len({sited.standard.id for sited in self.plans}) == 1
        closing = any(sited.phased and sited.phased.closed for sited in self.plans)
        for sited in self.plans:
            if sited.plan.unit != "people":
                continue
            people = self.demand.weighed(sited.weights)
            claimed = float(people[sited.plan.gained].sum())
            if abs(claimed - sited.plan.objective) > AGREE * max(1.0, claimed):
                raise AssertionError(
                    f"{sited.standard.id}: {claimed:,.1f} people gain, and the plan claims {sited.plan.objective:,.1f}."
                )
        for standard in dict.fromkeys(sited.standard.id for sited in self.plans):
            newly, claimed_at = _newly(before[standard], after[standard]), self._claimed(standard)
            regained = before[standard].covered & after[standard].covered & closing  # from sites that close
            lost, more = (
                int(((self.demand.people[:, 0] > 0) & places).sum())
                for places in (claimed_at & ~newly & ~regained, newly & ~claimed_at)
            )
            if lost or (more and alone and all(sited.plan.unit == "people" for sited in self.plans)):
                raise AssertionError(
                    f"{standard}: of the places that the plans claim, coverage finds {lost} not served, "
                    f"and {more} served besides."
                )

    def served_elsewhere(self, standard: str, before: Coverage, after: Coverage) -> float:
        """The people gained beyond those whom the plans for a standard claim: sites chosen for another serve them."""
        return float(self.demand.people[_newly(before, after) & ~self._claimed(standard), 0].sum())

    def _claimed(self, standard: str) -> Flags:
        """(n,) the places that the plans for a standard say they serve; those for the most land speak of none."""
        claimed = np.zeros(len(self.demand.ids), bool)
        for sited in self.plans:
            if sited.standard.id == standard and sited.plan.unit == "people":
                claimed |= sited.plan.gained
        return claimed

    def notes(self, before: Mapping[str, Coverage], after: Mapping[str, Coverage]) -> Iterator[str]:
        """What a reader of the plans should know."""
        for id in dict.fromkeys(sited.standard.id for sited in self.plans):  # noqa: A001
            elsewhere = self.served_elsewhere(id, before[id], after[id])
            if elsewhere > AGREE * max(1.0, self.demand.total):
                yield (
                    f"{elsewhere:,.0f} of the people who gain {id} are served by sites chosen for another standard or "
                    "land"
                )
        for sited in self.plans:
            yield from _notes_of(sited)


def _notes_of(sited: SitedPlan) -> Iterator[str]:
    rule, opened = sited.standard, len(sited.plan.opened)
    land = sited.plan.unit == LAND
    small = int((~sited.candidates.at_least(0.0 if land else rule.min_area_m2)).sum())
    if small:
        yield (
            f"{small:,} of {len(sited.candidates):,} candidates are smaller than the {rule.min_area_m2:g} m² from "
            f"which {rule.service} counts under {rule.rule_set or 'the override'}"
        )
    if sited.joined:
        yield (
            f"{opened} sites are made of {sited.parcels} parcels, of the {sited.asked} asked for: joined, "
            "their area counts whole"
        )
    if sited.asked is not None and sited.parcels < sited.asked:
        nobody = "residential land that is not served" if land else f"anybody who would still lack {rule.title['en']}"
        if sited.level is not None and not sited.level.holds:
            why = f"none of the {len(sited.candidates):,} candidates is large enough for {rule.service}"
        elif sited.whole is not None:
            why = f"further ones would bring {rule.title['en']} to nobody, or are better used for another service"
        else:
            why = f"no further candidate reaches {nobody}{' in a year that has room for it' if sited.phased else ''}"
        yield f"{sited.asked} sites were asked for and {opened} are opened: {why}"


def _newly(before: Coverage, after: Coverage) -> Flags:
    """(n,) the places that are covered only afterwards."""
    newly: Flags = after.covered & ~before.covered
    return newly


def middle(sites: Facilities) -> Floats:
    """(m, 2) a point in each."""
    middle: Floats = shapely.get_coordinates(shapely.point_on_surface(sites.geometry))
    return middle


def _cost_of(cost: Cost | None, land: Facilities) -> Floats | None:
    """(m,) what each candidate costs."""
    if cost is None:
        return None
    costs: Floats = cost.fixed + cost.per_m2 * land.area_m2
    return costs


def _holds(each: ServiceToSite, rule: Standard, land: Facilities) -> Flags:
    """(m,) the candidates that are large enough for a service, and not too large."""
    most = np.inf if each.max_area_m2 is None else each.max_area_m2
    return land.at_least(max(each.min_area_m2, rule.min_area_m2)) & (land.area_m2 <= most)


def _sizes(each: ServiceToSite, put: Put) -> tuple[ServiceSize, ...]:
    """The sizes of a service as the library is asked them: beside the cost of the site each has its own."""
    land, holds, cost = put.candidates, put.rules.counts, _cost_of(each.cost, put.candidates)
    return tuple(
        ServiceSize(
            size.name,
            land.at_least(size.min_area_m2) & (True if holds is None else holds),
            None if cost is None else cost + size.cost,
            size.floor_m2,
            size.capacity,
        )
        for size in each.sizes
    )


def _together(
    both: Shared, question: SiteServices, services: Sequence[Service], land: Facilities
) -> Iterator[Together]:
    """Services on one parcel, in each of their sizes: it holds them all, and building them as one saves."""
    among = {service.name: (service, asked) for service, asked in zip(services, question.services, strict=True)}
    chosen = [among[name] for name in both.services]
    for sizes in product(*(range(len(asked.sizes) or 1) for _, asked in chosen)):
        needs, costs, names = 0.0, [], []
        for (service, asked), number in zip(chosen, sizes, strict=True):
            own, built = (asked.sizes[number], service.sizes[number]) if asked.sizes else (None, service)
            needs += max(asked.min_area_m2, service.standard.min_area_m2, own.min_area_m2 if own else 0.0)
            names.append(own.name if own else "")
            if built.cost is not None:
                costs.append(built.cost)
        yield Together(
            both.services,
            holds=land.at_least(needs if both.min_area_m2 is None else both.min_area_m2),
            cost=(1 - both.saves) * np.sum(costs, axis=0) if costs else None,
            sizes=tuple(names),
        )
