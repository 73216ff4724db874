"""Several services on one list of parcels: which site becomes what, where one service may serve as another too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.answer import Figures, Found, Means, find, limited
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.means import all_whole, lost_without, possible_gains, search_gains
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Incumbent, Limit
from planner.plan import Plan
from planner.presence import Presence, UnitStatus
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard

if TYPE_CHECKING:
    from planner.optimise.models import Programme

PEOPLE, PRESENCE = 0, 1  # the two things that a plan can gain


@dataclass(frozen=True)
class ServiceSize:
    """A size in which a service is built."""

    name: str
    holds: Flags | None = None  # (m,)  candidates that are large enough for it; by default those for the service
    cost: Floats | None = None  # (m,)  by default that of the service
    floor_m2: float = 0.0  # of the building
    capacity: float | None = None  # people; None: nobody knows, so as many as come


@dataclass(frozen=True)
class Service:
    """A service to be sited, with its own standard, people and weight beside the others."""

    name: str
    standard: Standard
    to_candidates: Reach  # to the candidates that all services share, up to its limit at least
    new_sites: int | None = None  # at most
    serves: tuple[str, ...] = ()  # services as which its sites count too: a comprehensive centre as a community one
    standing: Reach | None = None  # to the facilities of exactly this service
    weights: Mapping[str, float] | None = None  # of the groups of the demand; by default everybody
    weight: float = 1.0  # what a person who gains it counts, beside the other services: the exchange rate
    holds: Flags | None = None  # (m,)  candidates that are large enough for it; by default all
    cost: Floats | None = None  # (m,)  in any money
    presence: Presence | None = None  # where it should be present
    sizes: tuple[ServiceSize, ...] = ()  # in one of which each site is built, the one to prefer first


@dataclass(frozen=True)
class Together:
    """Services that may share a parcel, which has one service else."""

    services: tuple[str, ...]
    holds: Flags | None = None  # (m,)  candidates that are large enough for all of them; by default those for each
    cost: Floats | None = None  # (m,)  of all of them there; by default what each costs, added up
    sizes: tuple[str, ...] = ()  # of each, "" of a service that has none


@dataclass(frozen=True)
class FloorNeed:
    """So much floor that the new sites of some services must have, anywhere or at some candidates."""

    name: str  # where and what for, as messages say it
    at_least_m2: float
    services: tuple[str, ...]
    sites: Flags | None = None  # (m,)  candidates whose floor counts; by default all


@dataclass(frozen=True)
class Served:
    """What a service gains."""

    service: str
    people_before: float
    people_after: float
    units: int  # in which it should be present
    present_before: int
    missing: tuple[str, ...]  # units without it, in their order
    status: tuple[UnitStatus, ...] = ()  # both readings unit by unit


@dataclass(frozen=True)
class ServicesPlan(Plan):
    """A plan that also says what each site becomes. Its objective is people, added up over the services by weight."""

    becomes: tuple[tuple[str, ...], ...] = ()  # (p,)  the services of each site
    sizes: tuple[tuple[str, ...], ...] = ()  # (p,)  the size of each of these, "" where its service has none
    floor_m2: Floats = field(default_factory=lambda: np.empty(0))  # (p,)  of all services of each site
    by_service: tuple[Served, ...] = ()
    rates: tuple[float, ...] = ()  # for each service what a person who gains it counts: the exchange rate
    parts: tuple[Plan, ...] = ()  # for each service the sites that it has; proven or not as the whole is
    cost: float = 0.0
    costs: Floats = field(default_factory=lambda: np.empty((0, 0)))  # (p, k)  of each site for each service
    present: int = 0  # units newly present, over all services
    most_present: int = 0  # no plan of these rules (and, where people come first, of so many people) has more

    def sites_of(self, service: str) -> tuple[str, ...]:
        """The sites that become this service, alone or together with others."""
        return tuple(site for site, has in zip(self.opened, self.becomes, strict=True) if service in has)

    def sizes_of(self, service: str) -> dict[str, str]:
        """The size of this service at each site that has it."""
        built = zip(self.opened, self.becomes, self.sizes, strict=True)
        return {site: sizes[has.index(service)] for site, has, sizes in built if service in has}

    def __str__(self) -> str:
        numbers = ", ".join(f"{len(self.sites_of(each.service))} {each.service}" for each in self.by_service)
        more = self.bound - self.objective
        best = "proven best" if self.ending == "proven" else f"at most {more:,.0f} people more possible"
        units = f"; {self.present} units newly present" if any(each.units for each in self.by_service) else ""
        return f"{numbers}: {self.objective:+,.0f} people, {best} (gap {self.gap:.2%}){units}"


def site_services(
    demand: Demand,
    services: Sequence[Service],
    *,
    together: Sequence[Together] = (),
    budget: float | None = None,
    floors: Sequence[FloorNeed] = (),
    before: Literal["people", "presence"] = "people",
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> ServicesPlan:
    """What each candidate becomes, so that the services come to the most people who lack them, by their weights.

    A candidate becomes one service, or several that `together` allows. A person may count once for each service.
    Full cover has two readings: people within reach, and units in which a service is present. `before` says which
    comes first; the other is then as good as the first lets it be. Rules are of candidates, whatever they become;
    the services carry the costs. Where no floor is asked for, a service is built in the cheapest of its sizes that the
    candidate holds, the first of equal ones.

    With options o, the services that a site may become, each in one of its sizes, S_o those it serves as, f_o its
    floor, and N_i^s the candidates within service s's limit of place i,

        max  Σ_s ω_s Σ_i w_is z_is,  then  Σ_s Σ_u v_us
        s.t. z_is ≤ Σ_{j ∈ N_i^s} Σ_{o: s ∈ S_o} y_jo           for every place and service
             v_us ≤ Σ_{j stands for u} Σ_{o: s ∈ S_o} y_jo      for every unit and service
             Σ_o y_jo ≤ 1                                       for every candidate
             Σ_j Σ_{o has s} y_jo ≤ p_s,  Σ_j Σ_o c_jo y_jo ≤ B
             Σ_{j ∈ J_r} Σ_o f_o y_jo ≥ F_r                     for every requirement of floor

    Moore & ReVelle (1982), The hierarchical service location problem, with one service above another; with several
    on one budget, Schilling, Elzinga, Cohon, Church & ReVelle (1979), The TEAM/FLEET models.
    """
    question = _Question(demand, tuple(services), tuple(together), budget, tuple(floors), rules, effort)
    question.check()
    return question.plan(before)


def programme_of(
    demand: Demand,
    services: Sequence[Service],
    *,
    together: Sequence[Together] = (),
    budget: float | None = None,
    floors: Sequence[FloorNeed] = (),
    rules: Rules = ANY,
) -> "Programme":
    """The same question, where people come first, as the literature writes it: to be read, or given to any solver."""
    question = _Question(demand, tuple(services), tuple(together), budget, tuple(floors), rules, USUAL)
    question.check()
    return question.programme()


@dataclass(frozen=True)
class _Option:
    """What a site may become."""

    has: tuple[int, ...]  # services that it is
    sizes: tuple[ServiceSize, ...]  # of each of them
    serves: frozenset[int]  # services as which it counts
    holds: Flags  # (m,)
    cost: Floats  # (m,)


@dataclass(frozen=True)
class _Question:
    """The question over pairs of option and candidate: pair o · m + j is candidate j as option o."""

    demand: Demand
    services: tuple[Service, ...]
    together: tuple[Together, ...]
    budget: float | None
    floors: tuple[FloorNeed, ...]
    rules: Rules
    effort: Effort

    def asked_of(self, service: Service) -> Asked:
        """The question of one service alone, without its number."""
        return Asked(
            *("site_services", "people", self.demand, service.to_candidates, service.standing, service.weights, None),
            *(self.rules, self.effort),
        )

    @cached_property
    def asked(self) -> Asked:
        """The question without its services."""
        return self.asked_of(replace(self.services[0], weights=None, standing=None))

    @property
    def m(self) -> int:
        """How many candidates there are."""
        return self.asked.m

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The place of each service in the list."""
        return {service.name: number for number, service in enumerate(self.services)}

    def check(self) -> None:
        """Refuse what contradicts itself, all faults at once."""
        if not self.services:
            raise QuestionError("No service is given. Give at least one.")
        self.asked.check(
            more=(*self._faults(), *self._faults_of_sizes(), *self._faults_of_floors(), *self._faults_of_each())
        )
        self._refuse_floor_beyond()

    def _faults(self) -> Iterator[str]:
        names = [service.name for service in self.services]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield f"{len(twice)} services are given more than once ({first(twice)}). Give each once."
        named = {name for each in self.services for name in each.serves}
        if unknown := sorted((named | {name for each in self.together for name in each.services}) - {*names}):
            there = ", ".join(names)
            yield f"{len(unknown)} services are none of those asked for ({first(unknown)}). There are: {there}."
        if self.rules.cost is not None or self.rules.budget is not None:
            yield "The services carry the costs. Leave cost and budget out of the rules."
        if self.budget is not None and not self.budget >= 0:
            yield f"A budget of {self.budget:g} buys nothing. Give 0 or more."
        paid = {each.name: [size.cost for size in each.sizes] or [None] for each in self.services}
        free = [x.name for x in self.services if x.cost is None and any(cost is None for cost in paid[x.name])]
        if self.budget is not None and free:
            yield f"{len(free)} services have no cost to hold against the budget ({first(free)}). Give each its costs."
        if self.budget is None and (endless := [each.name for each in self.services if each.new_sites is None]):
            yield f"{len(endless)} services have neither a number nor a budget ({first(endless)}). Give one of them."

    def _faults_of_floors(self) -> Iterator[str]:
        for need in self.floors:
            if strange := sorted({*need.services} - {*self.number}):
                there = ", ".join(self.number)
                yield f"Floor {need.name!r} is of {', '.join(strange)}, no service asked for. There are: {there}."
            if not 0 <= need.at_least_m2 < np.inf:
                yield f"Floor {need.name!r} asks for {need.at_least_m2:g} m². Give 0 or more."
            if need.sites is not None and len(need.sites) != self.m:
                yield f"Floor {need.name!r} marks {len(need.sites)} candidates of {self.m}. Mark each of them."

    def _refuse_floor_beyond(self) -> None:
        """Refuse floor that all candidates together could not have, each in its largest size."""
        shut = np.array([~option.holds for option in self.options]) | self.asked.choice.shut
        beyond = []
        for need in self.floors:
            most = float(np.where(shut, 0.0, self._floor_of(need).reshape(shut.shape)).max(axis=0).sum())
            if most < need.at_least_m2 * (1 - EXACT):
                beyond.append(f"{need.name}: {need.at_least_m2:,.0f} m² of {most:,.0f} possible")
        if beyond:
            raise QuestionError(
                f"{len(beyond)} of {len(self.floors)} requirements of floor are more than all candidates could have "
                f"({first(beyond)}). Ask for it over a larger area, add candidates there, or give larger sizes."
            )

    def _faults_of_sizes(self) -> Iterator[str]:
        there: dict[str, list[str]] = {}
        for each in self.services:
            there[each.name] = [size.name for size in each.sizes] or [""]
            if len({*there[each.name]}) < len(there[each.name]):
                yield f"{each.name}: two of its sizes have the same name ({first(there[each.name])}). Name them apart."
            for size in each.sizes:
                if not (0 <= size.floor_m2 < np.inf and (size.capacity is None or 0 <= size.capacity < np.inf)):
                    yield (
                        f"{each.name} {size.name}: {size.floor_m2:g} m² of floor for {size.capacity} people. "
                        "Give 0 or more of both, or no capacity."
                    )
        for both in self.together:
            sizes = both.sizes or ("",) * len(both.services)
            of = dict(zip(both.services, sizes, strict=False))
            wrong = [f"{name} {size}".strip() for name, size in of.items() if size not in there.get(name, [size])]
            if len(sizes) != len(both.services) or wrong:
                yield (
                    f"{' with '.join(both.services)}: "
                    f"the size of {', '.join(wrong or both.services)} is none that it has. "
                    "Give each of them a size of its own, and one entry of `together` for each pair of sizes."
                )

    def _faults_of_each(self) -> Iterator[str]:
        for each in self.services:
            if (each.new_sites or 0) < 0 or not 0 <= each.weight < np.inf:
                yield f"{each.name}: {each.new_sites} new sites at weight {each.weight:g}. Give 0 or more of both."
            asked = self.asked_of(each)
            yield from (f"{each.name}: {fault}" for fault in asked.reach_faults(each.standard, None))
            yield from (f"{each.name}: {fault}" for fault in asked.weight_faults())
            if asked.m != self.m or (each.to_candidates.facility_ids != self.asked.to_candidates.facility_ids).any():
                yield f"{each.name}: its reach is to other candidates than the first one's. Measure to the same."
        called: list[tuple[str, Service | ServiceSize | Together]] = [(each.name, each) for each in self.services]
        called += [(f"{each.name} {size.name}", size) for each in self.services for size in each.sizes]
        called += [(" with ".join(each.services), each) for each in self.together]
        for name, what in called:
            for key, values in (("holds", what.holds), ("cost", what.cost)):
                if values is not None and len(values) != self.m:
                    yield f"{name}: `{key}` has {len(values)} entries for {self.m} candidates. Give one for each."
                elif key == "cost" and values is not None and not (np.isfinite(values) & (values >= 0)).all():
                    yield f"{name}: costs are negative or missing. Give 0 or more."

    @cached_property
    def serves(self) -> list[frozenset[int]]:
        """For each service those as which its sites count."""
        return [frozenset({k, *(self.number[name] for name in each.serves)}) for k, each in enumerate(self.services)]

    @cached_property
    def options(self) -> tuple[_Option, ...]:
        """What a candidate may become: one service in one of its sizes, or those that go together."""
        alone = {
            (service.name, size.name): self._alone(k, size)
            for k, service in enumerate(self.services)
            for size in service.sizes or (ServiceSize(""),)
        }
        options = [*alone.values()] if self.floors else [*self._cheapest(alone.values())]
        for both in self.together:
            parts = [alone[pair] for pair in zip(both.services, both.sizes or ("",) * len(both.services), strict=True)]
            room = np.logical_and.reduce([part.holds for part in parts]) if both.holds is None else both.holds
            money = np.sum([part.cost for part in parts], axis=0) if both.cost is None else both.cost
            options.append(
                _Option(
                    tuple(part.has[0] for part in parts),
                    tuple(part.sizes[0] for part in parts),
                    frozenset().union(*(part.serves for part in parts)),
                    np.asarray(room, bool),
                    np.asarray(money, np.float64),
                )
            )
        return tuple(options)

    def _alone(self, k: int, size: ServiceSize) -> _Option:
        """Service k by itself, in one of its sizes."""
        service = self.services[k]
        holds = size.holds if size.holds is not None else service.holds
        cost = size.cost if size.cost is not None else service.cost
        return _Option(
            (k,),
            (size,),
            self.serves[k],
            np.ones(self.m, bool) if holds is None else np.asarray(holds, bool),
            np.zeros(self.m) if cost is None else np.asarray(cost, np.float64),
        )

    def _cheapest(self, alone: Iterable[_Option]) -> Iterator[_Option]:
        """The same, of the sizes of a service the cheapest that each candidate holds: they serve alike."""
        for _, sizes in groupby(alone, lambda option: option.has):
            same = list(sizes)
            cost = np.array([np.where(option.holds, option.cost, np.inf) for option in same])
            for number, option in enumerate(same):
                yield replace(option, holds=option.holds & (cost.argmin(axis=0) == number))

    @cached_property
    def cost(self) -> Floats:
        """(pairs,) what each pair costs."""
        return np.concatenate([option.cost for option in self.options])

    @cached_property
    def lacking(self) -> list[Flags]:
        """For each service the places (n,) that nothing standing serves, as it or as another."""
        served = [np.zeros(len(self.demand.ids), bool) for _ in self.services]
        for service, serves in zip(self.services, self.serves, strict=True):
            if service.standing is not None:
                for k in sorted(serves):
                    served[k] |= service.standing.within(self.services[k].standard.walk_limit).facilities_in_reach > 0
        return [~each for each in served]

    @cached_property
    def people_of(self) -> list[Floats]:
        """For each service the people of each place (n,), by the weights of the groups."""
        return [self.asked_of(each).people for each in self.services]

    @cached_property
    def people(self) -> list[Floats]:
        """For each service what each place (n,) counts if it gains it."""
        return [each.weight * people for each, people in zip(self.services, self.people_of, strict=True)]

    @cached_property
    def near(self) -> list[Reach]:
        """For each service who is within its limit of which candidate."""
        return [each.to_candidates.within(each.standard.walk_limit) for each in self.services]

    @cached_property
    def choice(self) -> Choice:
        """What may open as what, and what limits it, over the pairs."""
        return self.choice_under(())

    def choice_under(self, further: Sequence[Limit]) -> Choice:
        """The same under further limits of candidates, whatever these become."""
        m = self.m
        pair = np.arange(len(self.options) * m).reshape(-1, m)
        closed = np.array([~option.holds for option in self.options])
        choice = limited(self.asked.choice, further).copied(len(self.options), closed)
        limits = []
        for k, service in enumerate(self.services):
            has = np.concatenate([pair[o] for o, option in enumerate(self.options) if k in option.has])
            if service.new_sites is not None:
                limits.append(Limit(f"service_{k}", has, np.ones(len(has)), most=service.new_sites))
        if self.budget is not None:
            limits.append(Limit("budget", pair.ravel(), self.cost, most=self.budget))
        for number, need in enumerate(self.floors):
            floor = self._floor_of(need)
            if (counts := np.flatnonzero(floor)).size:
                limits.append(Limit(f"floor_{number}", counts, floor[counts], least=need.at_least_m2))
        several = np.flatnonzero((~choice.shut.reshape(pair.shape)).sum(axis=0) > 1)
        limits += [Limit(f"parcel_{j}", pair[:, j], np.ones(len(pair)), most=1.0) for j in several]
        return choice.with_limits(*limits)

    def _floor_of(self, need: FloorNeed) -> Floats:
        """(pairs,) the floor of each pair that counts for a requirement."""
        of = {self.number[name] for name in need.services}
        floor = [sum(size.floor_m2 for k, size in zip(o.has, o.sizes, strict=True) if k in of) for o in self.options]
        there = np.ones(self.m, bool) if need.sites is None else np.asarray(need.sites, bool)
        return np.outer(np.array(floor, np.float64), there).ravel()

    def open_as(self, plan: Flags, service: int) -> Flags:
        """(m,) the sites of a plan over pairs that serve as this service."""
        serves = np.array([service in option.serves for option in self.options])
        open_: Flags = np.logical_or.reduce(plan.reshape(-1, self.m)[serves])
        return open_

    def gained(self, plan: Flags) -> list[Flags]:
        """For each service the places (n,) that a plan over pairs brings it to."""
        found = [near.only(self.open_as(plan, k)).facilities_in_reach > 0 for k, near in enumerate(self.near)]
        return [here & lacking for here, lacking in zip(found, self.lacking, strict=True)]

    def worth(self, plan: Flags) -> float:
        """The people whom a plan over pairs newly serves, added up over the services by weight."""
        return float(sum(people[here].sum() for people, here in zip(self.people, self.gained(plan), strict=True)))

    def newly_present(self, plan: Flags) -> list[Flags]:
        """For each service the units (u,) in which a plan over pairs makes it present."""
        found = []
        for k, service in enumerate(self.services):
            where = service.presence
            new = np.zeros(0 if where is None else len(where.names), bool)
            if where is not None:
                new = where.by(self.open_as(plan, k)) & ~where.today
            found.append(new)
        return found

    def present(self, plan: Flags) -> float:
        """The units newly present, over all services."""
        return float(sum(new.sum() for new in self.newly_present(plan)))

    @cached_property
    def rows(self) -> tuple[Floats, Integers, Integers, Integers]:
        """Each place and each unit, service by service: weight (r,), pairs that serve it (indptr, pair), part (r,)."""
        weight, row, pair, part = [], [], [], []
        start = 0
        for k, service in enumerate(self.services):
            near, where = self.near[k], service.presence
            kinds = [(np.where(self.lacking[k], self.people[k], 0.0), near.place, near.facility.astype(np.int64))]
            if where is not None:
                kinds.append((np.where(where.today, 0.0, 1.0), where.candidates.unit, where.candidates.site))
            for kind, (counts, of, site) in enumerate(kinds):
                for o in [o for o, option in enumerate(self.options) if k in option.serves]:
                    row.append(start + of)
                    pair.append(o * self.m + site)
                weight.append(counts)
                part.append(np.full(len(counts), kind))
                start += len(counts)
        rows, pairs = np.concatenate(row).astype(np.int64), np.concatenate(pair).astype(np.int64)
        order = np.lexsort((pairs, rows))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=start))]).astype(np.int64)
        return np.concatenate(weight), indptr, pairs[order], np.concatenate(part)

    def programme(self) -> "Programme":
        """What is asked, in the letters of the literature."""
        from planner.optimise.covering.models import several_services  # noqa: PLC0415  (PuLP takes a while to load)

        return several_services(
            [np.where(lacking, people, 0.0) for lacking, people in zip(self.lacking, self.people, strict=True)],
            [(near.indptr, near.facility.astype(np.int64)) for near in self.near],
            [option.serves for option in self.options],
            self.choice,
        )

    def find(self, part: int, choice: Choice, first: Found | None = None) -> Found:
        """The plan over pairs with the most of one part, and no less of the other than the plan found first has."""
        from planner.optimise.gains import Gains  # noqa: PLC0415  (Numba takes a while to load)
        from planner.optimise.problem import Problem  # noqa: PLC0415

        weight, indptr, pair, parts = self.rows
        gains = Gains.of(weight, indptr, pair, self.choice.m, None, parts)
        counted = (np.arange(gains.parts) == part).astype(float)
        floors = np.array([] if first is None else [first.objective])
        speaks = (1 - counted)[None, :][: len(floors)]

        def problem(choice: Choice) -> Problem:
            return Problem(gains, choice, np.zeros(choice.m), counted, floors, speaks)

        seek = search_gains(problem, whole=part == PRESENCE or all_whole(weight))

        def search(choice: Choice, incumbent: Incumbent) -> bool:
            feasible = seek(choice, incumbent)
            if incumbent.plan is None and first is not None and problem(choice).allows(first.plan):
                incumbent.offer(first.plan, problem(choice).value(first.plan))  # the time was over
            return feasible

        means = Means(
            search,
            self.worth if part == PEOPLE else self.present,
            self.figures,
            possible=possible_gains(problem, self.effort),
        )
        return find(self.asked, means, choice, self._in_words)

    def figures(self, plan: Flags) -> Figures:
        """The same for each pair: the people who gain by it, by weight, and how many would be lost without it."""
        served = np.zeros((len(self.options), self.m))
        option_of = plan.reshape(served.shape).argmax(axis=0)
        gained = self.gained(plan)
        for k, here in enumerate(gained):
            nearest = self.near[k].only(self.open_as(plan, k)).nearest()[1][here]
            np.add.at(served, (option_of[nearest], nearest), self.people[k][here])
        return Figures(served.ravel(), lost_without(plan, self.worth), np.logical_or.reduce(gained))

    def plan(self, before: str, further: Sequence[Limit] = ()) -> ServicesPlan:
        """First one reading of full cover, then the other, under further limits of candidates."""
        choice = self.choice_under(further) if further else self.choice
        order: tuple[int, ...] = (PEOPLE, PRESENCE) if before == "people" else (PRESENCE, PEOPLE)
        if all(service.presence is None for service in self.services):
            order = (PEOPLE,)
        found: dict[int, Found] = {}
        for part in order:
            found[part] = self.find(part, choice, found.get(order[0]))
        plan, m = self._spared(found[order[-1]].plan, choice), self.m
        figures, pairs = self.figures(plan), np.flatnonzero(plan)
        pairs = pairs[np.lexsort((-figures.served[pairs], pairs // m))]
        proven = all(each.ending == "proven" for each in found.values())
        ended = {
            **found[PEOPLE].ended,
            "objective": self.worth(plan),
            "ending": "proven" if proven else "stopped",
            "seconds": sum(each.seconds for each in found.values()),
        }
        return ServicesPlan(
            question="site_services",
            standard=None,
            unit="people",
            larger_is_better=True,
            opened=tuple(str(self.asked.to_candidates.facility_ids[j]) for j in pairs % m),
            sites=pairs % m,
            served=figures.served[pairs],
            only=figures.only[pairs],
            gained=figures.gained,
            **ended,
            candidates=self.asked.to_candidates.facility_ids,
            again=lambda limits: self.plan(before, limits),
            becomes=tuple(tuple(self.services[k].name for k in self.options[o].has) for o in pairs // m),
            sizes=tuple(tuple(size.name for size in self.options[o].sizes) for o in pairs // m),
            floor_m2=np.array([sum(size.floor_m2 for size in self.options[o].sizes) for o in pairs // m], np.float64),
            by_service=tuple(self._served(plan)),
            rates=tuple(each.weight for each in self.services),
            parts=tuple(self._part(plan, k, ended) for k in range(len(self.services))),
            cost=float(self.cost[pairs].sum()),
            costs=self._costs(pairs),
            present=int(self.present(plan)),
            most_present=int(found[PRESENCE].bound) if PRESENCE in found else 0,
        )

    def _spared(self, plan: Flags, choice: Choice) -> Flags:
        """The same plan less the pairs without which nobody and no unit loses anything, the dearest first."""
        worth, present = self.worth(plan), self.present(plan)
        opened = np.flatnonzero(plan)
        for pair in opened[np.lexsort((-opened, -self.cost[opened]))].tolist():
            without = plan.copy()
            without[pair] = False
            if choice.allows(without) and self.worth(without) >= worth and self.present(without) >= present:
                plan = without
        return plan

    def _costs(self, pairs: Integers) -> Floats:
        """(p, k) what each pair costs for each of its services: by what they would cost there alone, else alike."""
        costs = np.zeros((len(pairs), len(self.services)))
        for row, (o, j) in zip(costs, zip(*divmod(pairs, self.m), strict=True), strict=True):
            option = self.options[o]
            of = zip(option.has, option.sizes, strict=True)
            alone = np.array([self._alone(k, size).cost[j] for k, size in of])
            row[list(option.has)] = option.cost[j] * (alone / alone.sum() if alone.sum() > 0 else 1 / len(alone))
        return costs

    def _served(self, plan: Flags) -> Iterator[Served]:
        for k, (service, here, new) in enumerate(
            zip(self.services, self.gained(plan), self.newly_present(plan), strict=True)
        ):
            people, where, had = self.people_of[k], service.presence, ~self.lacking[k]
            before = float(people[had].sum())
            yield Served(
                service.name,
                people_before=before,
                people_after=before + float(people[here].sum()),
                units=0 if where is None else len(where.names),
                present_before=0 if where is None else int(where.today.sum()),
                missing=() if where is None else tuple(where.names[~(where.today | new)].tolist()),
                status=() if where is None else tuple(where.status(self.open_as(plan, k), people, had, had | here)),
            )

    def _part(self, plan: Flags, k: int, ended: Mapping[str, Any]) -> Plan:
        """The sites that have service k, with the people who gain it from whatever serves as it."""
        has = np.array([k in option.has for option in self.options])
        sites = np.flatnonzero(np.logical_or.reduce(plan.reshape(-1, self.m)[has]))
        reach, people, here = self.near[k].only(self.open_as(plan, k)), self.people_of[k], self.gained(plan)[k]
        nearest = reach.nearest()[1]
        served, only = (
            np.bincount(nearest[places], people[places], self.m).astype(np.float64)
            for places in (here, here & (reach.facilities_in_reach == 1))
        )
        sites = sites[np.argsort(-served[sites], kind="stable")]
        gain = float(people[here].sum())
        return Plan(
            question="site_services",
            standard=self.services[k].standard,
            unit="people",
            larger_is_better=True,
            opened=tuple(str(self.asked.to_candidates.facility_ids[j]) for j in sites),
            sites=sites,
            served=served[sites],
            only=only[sites],
            gained=here,
            **{**ended, "objective": gain, "bound": gain},
            candidates=self.asked.to_candidates.facility_ids,
        )

    def _in_words(self, limit: Limit) -> str:
        """A limit as the planner gave it."""
        kind, _, number = limit.name.partition("_")
        if kind == "service":
            return f"at most {limit.most:g} sites of {self.services[int(number)].name}"
        if kind == "floor":
            return f"at least {limit.least:,.0f} m² of floor: {self.floors[int(number)].name}"
        if kind == "parcel":
            return f"{self.asked.to_candidates.facility_ids[int(number)]} becomes one thing"
        return self.asked.in_words(replace(limit, site=np.unique(limit.site % self.m)))
