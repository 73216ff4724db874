"""What a scenario asks about its plans → what the library is asked, and the answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.examined import Assumption, Examination, Examined, Measure, Terms, examine_plan
from planner.plan import Plan
from planner.provisions import provision
from planner.scenario import Scenario
from planner.scenario.examine import Examine, Population, Sensitivity


def examined(
    asked: Examine | None,
    plan: Plan,
    scenario: Scenario,
    terms: Terms | None = None,
    *,
    measure: Measure | None = None,
    ask: Callable[[float], Plan] | None = None,
) -> Examined | None:
    """A plan examined as its question asks; None where it asks nothing."""
    if asked is None:
        return None
    others, curve = asked.others, asked.frontier
    varied: tuple[Assumption, ...] = ()
    further = 0.0
    if terms is not None and measure is not None:
        varied = tuple(_varied(asked.sensitivity or Sensitivity(), terms, measure, scenario))
        further = provision(f"examine.further.{terms.standard.unit}").number
    return examine_plan(
        plan,
        Examination(
            replacements=asked.replacements,
            force_in=asked.force_in,
            most_others=others.most if others else 0,
            within=others.within if others else 0.0,
            differ_by=others.differ_by if others else 1,
            assumptions=varied,
            frontier=(curve.new_sites or curve.budget or ()) if curve else (),
            of_money=bool(curve and curve.budget),
            binding=asked.binding,
            more_money=provision("examine.more_money").number,
            further=further,
        ),
        terms,
        measure=measure,
        ask=ask,
    )


def _varied(asked: Sensitivity, terms: Terms, measure: Measure, scenario: Scenario) -> Iterator[Assumption]:
    """The question under each assumption alone; reaches are measured anew where those of the plan will not do."""
    rule = terms.standard
    for factor in asked.limit:
        limit = round(rule.limit * factor, 6)
        other = rule.changed(limit, None, f"limit × {factor:g}")
        near = factor <= 1
        yield Assumption(
            "limit",
            f"× {factor:g} = {limit:g} {rule.unit}",
            partial(replace, terms, standard=other) if near else partial(measure, other),
        )
    for speed in asked.speed_m_s:
        other = rule.changed(None, None, f"{speed:g} m/s", speed_m_s=speed)
        yield Assumption("speed", f"{speed:g} m/s", partial(measure, other))
    for people in asked.people:
        demand = peopled(terms.demand, people)
        yield Assumption("people", people.name, partial(replace, terms, demand=demand))
    for rule_set in asked.rule_set:
        other = rule.under(scenario.rule_sets()[rule_set])
        yield Assumption("rule_set", rule_set, partial(measure, other))


def peopled(demand: Demand, other: Population) -> Demand:
    """The same places with the people of a population; what a group gains, everybody gains."""
    names = [] if demand.units is None else demand.units.names.tolist()
    strange = [*sorted({*other.groups} - {*demand.groups}), *sorted({*other.units} - {*names})]
    if strange:
        raise QuestionError(
            f"{len(strange)} groups or units of the population {other.name!r} are none of this demand "
            f"({first(strange)}). Groups: {', '.join(demand.groups)}; units: {first(names) or 'none'}."
        )
    people = demand.people.copy()
    for group, factor in other.groups.items():
        k = demand.groups.index(group)
        people[:, 0] += (factor - 1) * demand.people[:, k]
        if k:
            people[:, k] *= factor
    factors = np.array([*(other.units.get(name, 1.0) for name in names), 1.0])
    people = np.maximum(people, 0.0) * factors[demand.unit_or_none][:, None]
    if other.total is not None:
        if not people[:, 0].any():
            raise QuestionError(f"The population {other.name!r} spreads {other.total:,.10g} people over nobody.")
        people *= other.total / people[:, 0].sum()
    return replace(demand, people=people)
