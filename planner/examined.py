"""A plan examined: each question that a planner has about it, asked again exactly under other terms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from planner.alternatives import (
    Frontier,
    best_replacement,
    best_with,
    other_plans,
    sites_in_all,
    survival,
    trace_frontier,
)
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags
from planner.optimise.choice import EXACT
from planner.plan import Plan, Replacement
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.siting import cover_most_people
from planner.standards import Standard


@dataclass(frozen=True)
class Terms:
    """All that cover_most_people is asked with, to ask it again under other terms."""

    demand: Demand
    to_candidates: Reach
    standard: Standard
    new_sites: int | None = None
    standing: Reach | None = None
    weights: Mapping[str, float] | None = None
    rules: Rules = ANY
    effort: Effort = USUAL

    def plan(self) -> Plan:
        """The plan that brings the standard to the most people."""
        return cover_most_people(
            *(self.demand, self.to_candidates, self.standard),
            new_sites=self.new_sites,
            standing=self.standing,
            weights=self.weights,
            rules=self.rules,
            effort=self.effort,
        )

    @cached_property
    def may_open(self) -> Flags:
        """(m,) the candidates that count for the standard and are not forbidden."""
        ids = self.to_candidates.facility_ids
        counts = np.ones(len(ids), bool) if self.rules.counts is None else np.asarray(self.rules.counts, bool)
        may: Flags = counts & ~np.isin(ids, list(self.rules.forbid))
        return may

    @property
    def today(self) -> float:
        """People whom standing facilities serve, by the weights."""
        return float(self._asked.people[~self._lacking].sum())

    def gained_by(self, sites: Sequence[str]) -> float:
        """People who would gain from these sites under these terms; those that do not count serve nobody."""
        counts = self.rules.counts
        opened = np.isin(self.to_candidates.facility_ids, list(sites))
        opened &= True if counts is None else np.asarray(counts, bool)
        near = self.to_candidates.within(self.standard.walk_limit).only(opened).facilities_in_reach > 0
        return float(self._asked.people[near & self._lacking].sum())

    @cached_property
    def _asked(self) -> Asked:
        return Asked(
            *("cover_most_people", "people", self.demand, self.to_candidates, self.standing, self.weights),
            *(self.new_sites, self.rules, self.effort),
        )

    @cached_property
    def _lacking(self) -> Flags:
        return self._asked.lacking(self.standard.walk_limit)


Measure = Callable[[Standard], Terms]  # the same question for another standard, its reaches measured anew


@dataclass(frozen=True)
class Assumption:
    """Something else taken for true."""

    kind: str  # "limit", "speed", "people" or "rule_set"
    value: str  # "× 0.8", "0.6 m/s", the name of a population, "P3"
    terms: Callable[[], Terms]  # measured when it is asked

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.kind} {self.value}"


@dataclass(frozen=True)
class Assumed:
    """The best plan under an assumption, and what the plan on the table does under it."""

    assumption: Assumption
    today: float  # people served before anything is built
    kept: float  # people whom the plan on the table gains
    plan: Plan | None  # None where the question is refused
    why_none: str = ""

    @property
    def regret(self) -> float:
        """People whom the best plan found gains more than the one on the table; 0 where that is as good."""
        return 0.0 if self.plan is None else max(0.0, self.plan.objective - self.kept)

    @property
    def regret_at_most(self) -> float:
        """No plan gains so many more."""
        return 0.0 if self.plan is None else max(0.0, self.plan.bound - self.kept)


@dataclass(frozen=True)
class Loosened:
    """One limit loosened alone, and what that brings."""

    limit: str  # "new_sites", "budget", "forbid", "must_keep", "quota", "apart", "min_area" or "walk"
    of: str  # the site or quota it is of; "" where there is one such limit
    held: float  # what it is, in its own unit; NaN where it is no amount
    to: float  # what it becomes
    gain: float  # people served more than with the plan on the table, those of standing facilities included
    at_most: float  # no plan brings more
    at_least: float  # more than any plan within the limit; 0 where a better search alone might bring as much
    plan: Plan

    @property
    def binds(self) -> bool | None:
        """Whether it holds the plan back; None where a search ended before that was known."""
        if self.at_least > 0:
            return True
        return None if self.at_most > 0 else False


@dataclass(frozen=True)
class Examination:
    """What to ask about a plan. Everything may be left out, and then costs nothing."""

    replacements: bool = False  # what would best take the place of each site
    force_in: Sequence[str] = ()  # candidates of which to tell what opening them costs
    most_others: int = 0  # how many next-best plans
    within: float = 0.01  # share of the objective that they may be worse
    differ_by: int = 1  # sites of every plan before, at least
    assumptions: Sequence[Assumption] = ()
    frontier: Sequence[float] = ()  # numbers of sites, or budgets
    of_money: bool = False
    binding: bool = False
    more_money: float = 0.1  # share of the budget that is added
    further: float = 0.0  # in the unit of the standard; 0 = the limit of the walk stays


@dataclass(frozen=True)
class Examined:
    """The answers. Those not asked for are empty."""

    plan: Plan
    replacements: tuple[Replacement, ...] = ()  # (p,)  in the order of `plan.opened`
    forced: Mapping[str, Plan] = field(default_factory=dict)  # by candidate the best plan that opens it
    others: tuple[Plan, ...] = ()
    runs: tuple[Assumed, ...] = ()
    loosened: tuple[Loosened, ...] = ()
    frontier: Frontier | None = None
    of_money: bool = False  # whether the frontier is of budgets

    @property
    def no_regret(self) -> tuple[str, ...]:
        """The sites that the plan and every other plan open; none where there is no other plan to tell by."""
        return sites_in_all((self.plan, *self.others)) if self.others else ()

    @property
    def survival(self) -> Mapping[str, float]:
        """For each site that any run opens, the share of the runs that do; of those refused nothing is known."""
        return survival({run.assumption.name: run.plan for run in self.runs if run.plan is not None})


def examine_plan(
    plan: Plan,
    asked: Examination,
    terms: Terms | None = None,
    *,
    measure: Measure | None = None,
    ask: Callable[[float], Plan] | None = None,
) -> Examined:
    """Every question about a plan, each answered exactly by asking again in the same effort.

    What a plan alone can be asked (replacements, candidates forced in, other plans) needs no more. What binds needs the
    `terms` of cover_most_people, and a longer walk reaches that `measure` measures; a frontier these terms, or what to
    `ask` for each amount. Refused, all faults at once, where a candidate may not open or a frontier asks for what
    cannot be.
    """
    faults = list(_faults(plan, asked, terms, asks=ask is not None))
    if faults:
        raise QuestionError("\n".join(faults))
    differ_by = min(asked.differ_by, len(plan.opened))
    others = other_plans(plan, differ_by=differ_by, most=asked.most_others, within=asked.within) if differ_by else ()
    curve = None
    if ask is None and terms is not None:
        ask = _by_amount(plan, terms, of_money=asked.of_money)
    if asked.frontier and ask is not None:
        curve = trace_frontier(ask, asked.frontier)
    looser: tuple[Loosened, ...] = ()
    if asked.binding and terms is not None:
        looser = what_binds(plan, terms, more_money=asked.more_money, further=asked.further, measure=measure)
    return Examined(
        plan,
        replacements=tuple(best_replacement(plan, site) for site in plan.opened) if asked.replacements else (),
        forced={site: plan if site in plan.opened else best_with(plan, site) for site in asked.force_in},
        others=others,
        runs=tuple(assume(plan, each) for each in asked.assumptions),
        loosened=looser,
        frontier=curve,
        of_money=asked.of_money,
    )


def assume(plan: Plan, assumption: Assumption) -> Assumed:
    """The question asked again under an assumption, and what the plan on the table does under it.

    Where fewer candidates count than sites were asked for, all that count may open. Regret as in Snyder (2006),
    Facility location under uncertainty: a review.
    """
    terms = assumption.terms()
    if terms.new_sites is not None:
        terms = replace(terms, new_sites=min(terms.new_sites, int(terms.may_open.sum())))
    kept = terms.gained_by(plan.opened)
    try:
        return Assumed(assumption, terms.today, kept, terms.plan())
    except QuestionError as refused:
        return Assumed(assumption, terms.today, kept, None, str(refused))


def what_binds(
    plan: Plan, terms: Terms, *, more_money: float = 0.1, further: float = 0.0, measure: Measure | None = None
) -> tuple[Loosened, ...]:
    """Each limit loosened alone, and what that brings: one site more, a share more of money, one rule without.

    The limit of the walk grows by `further`, in the unit of the standard, if the reaches are long enough or `measure`
    measures them; people who are then served without a new site count as brought. What is loosened admits the plan
    on the table, so nothing brings less than 0.
    """
    here = terms.today + plan.objective
    found = []
    for limit, of, held, to, looser in _looser(terms, more_money, further, measure):
        best = looser.plan()
        more = looser.today + np.array([best.objective, best.bound]) - here
        gain, most, least = np.maximum(0.0, [*more, more[0] - (plan.bound - plan.objective)]).tolist()
        if most <= EXACT * max(1.0, here):
            gain = most = least = 0.0
        found.append(Loosened(limit, of, held, to, gain, most, least, best))
    return tuple(found)


def _looser(
    terms: Terms, more_money: float, further: float, measure: Measure | None
) -> Iterator[tuple[str, str, float, float, Terms]]:
    """The terms with one limit loosened: which, of what, from how much to how much."""
    rules, new_sites = terms.rules, terms.new_sites

    def under(**changes: Any) -> Terms:
        return replace(terms, rules=replace(rules, **changes))

    if new_sites is not None and new_sites < int(terms.may_open.sum()):
        yield "new_sites", "", new_sites, new_sites + 1, replace(terms, new_sites=new_sites + 1)
    if rules.budget is not None:
        more = rules.budget * (1 + more_money)
        yield "budget", "", rules.budget, more, under(budget=more)
    for limit, of, held, to, changes in _looser_rules(rules, terms.standard):
        yield limit, of, held, to, under(**changes)
    if further > 0:
        far = terms.standard.limit + further
        wider = terms.standard.changed(far, None, "what binds")
        yield "walk", "", terms.standard.limit, far, measure(wider) if measure else replace(terms, standard=wider)


def _looser_rules(rules: Rules, standard: Standard) -> Iterator[tuple[str, str, float, float, dict[str, Any]]]:
    """The rules with one of them loosened, by what changes."""
    none = float("nan")
    for site in rules.forbid:
        yield "forbid", site, none, none, {"forbid": tuple(each for each in rules.forbid if each != site)}
    for site in rules.must_keep:
        yield "must_keep", site, none, none, {"must_keep": tuple(each for each in rules.must_keep if each != site)}
    for number, quota in enumerate(rules.quotas):
        others = (*rules.quotas[:number], *rules.quotas[number + 1 :])
        if quota.at_least:
            fewer = quota.at_least - 1
            yield "quota", quota.name, quota.at_least, fewer, {"quotas": (*others, replace(quota, at_least=fewer))}
        if quota.at_most is not None:
            more = quota.at_most + 1
            yield "quota", quota.name, quota.at_most, more, {"quotas": (*others, replace(quota, at_most=more))}
    if len(rules.apart):
        yield "apart", "", none, none, {"apart": np.empty((0, 2), np.int64)}
    if rules.counts is not None and not np.asarray(rules.counts, bool).all():
        yield "min_area", "", standard.min_area_m2, 0.0, {"counts": None}


def _by_amount(plan: Plan, terms: Terms, *, of_money: bool) -> Callable[[float], Plan]:
    """The question for an amount; the plan on the table where that is what it was asked for."""

    def ask(amount: float) -> Plan:
        if amount == (terms.rules.budget if of_money else terms.new_sites):
            return plan
        if of_money:
            return replace(terms, rules=replace(terms.rules, budget=amount)).plan()
        return replace(terms, new_sites=int(amount)).plan()

    return ask


def _faults(plan: Plan, asked: Examination, terms: Terms | None, *, asks: bool) -> Iterator[str]:
    """What cannot be asked."""
    known = set(plan.candidates.tolist())
    if unknown := sorted({*asked.force_in} - known):
        yield (
            f"{len(unknown)} ids to force in are no candidates of this plan ({first(unknown)}). "
            f"Choose among the {len(known)} candidates ({first(plan.candidates)})."
        )
    if terms is None:
        if asked.binding or (asked.frontier and not asks):
            yield "What binds and a frontier need the terms of cover_most_people. Give `terms`, or leave them out."
        return
    ids = terms.to_candidates.facility_ids
    if closed := sorted({*asked.force_in} & {*ids[~terms.may_open].tolist()}):
        yield (
            f"{len(closed)} candidates to force in are forbidden or too small for {terms.standard.id} "
            f"({first(closed)}). Allow them, or force in others."
        )
    if asked.of_money:
        if asked.frontier and terms.rules.cost is None:
            yield "A frontier of budgets needs the cost of each candidate. Give `cost`."
        return
    least, most = len(terms.rules.must_keep), int(terms.may_open.sum())
    if bad := [amount for amount in asked.frontier if not (least <= amount <= most and amount == int(amount))]:
        yield (
            f"{len(bad)} numbers of the frontier cannot be opened ({first(f'{each:g}' for each in bad)}): "
            f"{least} sites are kept and {most} may open. Ask for whole numbers from {least} to {most}."
        )
