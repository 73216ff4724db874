"""Every other plan that was worked out for a question in the place of the one chosen: whom it covers, at what cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner import city
from planner.coverage import Coverage
from planner.demand import Demand
from planner.network import Flags, Integers
from planner.plan import Plan, known_sum
from planner.services import ServicesPlan
from planner.sited import SitedPlan
from planner.standards import Standard
from planner.what_if_sites import AS_ASKED, Switches

TODAY, YEAR, PLAN = "today", "year", "plan"


@dataclass(frozen=True)
class Beside:
    """A standard today, with the plans of the run, in one of their years, or with another plan in the place of one."""

    standard: Standard
    kind: str  # TODAY, YEAR or PLAN; of others what they were worked out for, as in `_every`
    of: str  # which of its kind: the year, a rank, a site, an assumption, an amount, a way; "" of today and the plan
    covered: Flags = field(repr=False)  # (n,)
    people: float  # covered
    share: float
    worst_unit: int  # of which the smallest share is covered, the first of equals; -1 where nobody lives in any
    worst_share: float  # of its people; of everybody where worst_unit is -1
    worst_units: int  # how many have that share
    sites: int  # new ones for the standard
    cost: float | None  # of the plans for the standard, all services of a joint one; None where that is not known
    number: int | None = None  # of the question; None of today and the plan
    replaced_by: str = ""  # the site that takes the place of another
    dropped: tuple[str, ...] = ()  # sites for the standard that the plan has and this has not
    added: tuple[str, ...] = ()  # and the other way round


@dataclass(frozen=True)
class _Other:
    """Another plan for a question."""

    kind: str
    of: str
    plan: Plan
    replaced_by: str = ""


def plans_beside(
    demand: Demand,
    plans: Sequence[SitedPlan],
    switches: Sequence[Switches],
    before: Mapping[str, Coverage],
    after: Mapping[str, Coverage],
) -> Iterator[Beside]:
    """Today, the plan, its years and every other plan, standard by standard.

    Of a plan without switches neither years nor others are measured.
    """
    for id_, covered in after.items():
        rule, own = covered.standard, [sited for sited in plans if sited.standard.id == id_]
        cost = known_sum([_cost(sited, sited.whole or sited.plan) for sited in own]) if own else None
        yield _measured(rule, TODAY, "", before[id_].covered, demand, sites=0, cost=None)
        sites = sum(len(sited.plan.opened) for sited in own)
        planned = _measured(rule, PLAN, "", covered.covered, demand, sites=sites, cost=cost)
        yield planned
        for each in switches:
            if each.sited.standard.id == id_:
                yield from _years(each, planned, demand)
                yield from _others(each, planned, demand)


def _years(switches: Switches, planned: Beside, demand: Demand) -> Iterator[Beside]:
    """The years of a plan: what is open by then, beside all other plans, and what still stands."""
    sited, over = switches.sited, switches.sited.phased
    if over is None:
        return
    for number, year in enumerate(over.years):
        opened = over.open_in(year.name)
        later = tuple(site for site in sited.plan.opened if site not in opened)
        on = np.isin(switches.put.candidates.ids, opened)
        still = [site for site, when in over.closed if when in {each.name for each in over.years[number + 1 :]}]
        covered = switches.covered(on, AS_ASKED) | _near(switches, still)
        part = None if sited.costs is None else float(sited.costs[np.isin(sited.plan.opened, opened)].sum())
        yield _measured(
            *(sited.standard, YEAR, year.name, covered, demand),
            sites=planned.sites - len(later),
            cost=None if sited.whole else part,
            number=sited.number,
            dropped=later,
        )


def _near(switches: Switches, standing: Sequence[str]) -> Flags:
    """(n,) who is within reach of some of what stands when the question is asked."""
    reach = switches.put.standing
    only = reach.within(switches.sited.standard.walk_limit).only(np.isin(reach.facility_ids, standing))
    near: Flags = only.facilities_in_reach > 0
    return near


def _others(switches: Switches, planned: Beside, demand: Demand) -> Iterator[Beside]:
    """Every other plan for the question of some switches."""
    sited = switches.sited
    own_cost = _cost(sited, sited.whole or sited.plan)
    for other in _worked_out(sited):
        on, beside = _open(switches, other.plan)
        opened = _sites_of(sited, other.plan)
        dropped = tuple(site for site in sited.plan.opened if site not in opened)
        added = tuple(site for site in opened if site not in sited.plan.opened)
        cost = None if sited.whole and not isinstance(other.plan, ServicesPlan) else _cost(sited, other.plan)
        yield _measured(
            *(sited.standard, other.kind, other.of, switches.covered(on, AS_ASKED, beside=beside), demand),
            sites=planned.sites + len(added) - len(dropped),
            cost=known_sum([planned.cost, cost, None if own_cost is None else -own_cost]),
            number=sited.number,
            replaced_by=other.replaced_by,
            dropped=dropped,
            added=added,
        )


def _worked_out(sited: SitedPlan) -> Iterator[_Other]:
    """The plans that were worked out beside one, each that has other sites."""
    for other in _every(sited):
        of = sited.whole if sited.whole and isinstance(other.plan, ServicesPlan) else sited.plan
        if {*other.plan.opened} != {*of.opened}:
            yield other


def _every(sited: SitedPlan) -> Iterator[_Other]:
    """The plans that were worked out beside one."""
    asked, phasings = sited.examined, sited.phasings
    if asked is not None:
        yield from (_Other("other", f"{rank}", plan) for rank, plan in enumerate(asked.others, 1))
        for each in asked.replacements:
            if each.plan is not None:
                yield _Other("replacement", each.site, each.plan, each.by or "")
        yield from (_Other("forced", site, plan) for site, plan in asked.forced.items())
        for run in asked.runs:
            if run.plan is not None:
                yield _Other("assumption", run.assumption.name, run.plan)
        if asked.frontier is not None:
            for amount, plan in zip(asked.frontier.amounts, asked.frontier.plans, strict=True):
                yield _Other("budget" if asked.of_money else "sites", f"{amount:,.10g}", plan)
    if sited.fairness is not None:
        yield from (_Other("fairness", each.way, each.plan) for each in sited.fairness.plans)
    if phasings is not None:
        ways = {"phased": phasings.phased, "myopic": phasings.myopic, "static": phasings.static}
        yield from (_Other("phasing", way, plan) for way, plan in ways.items() if plan is not None)


def _open(switches: Switches, plan: Plan) -> tuple[Flags, Integers]:
    """(m,) which candidates count for the standard with another plan, and (n,) at which limit others serve."""
    sited, put = switches.sited, switches.put
    if isinstance(plan, ServicesPlan):
        service = put.standard.service
        parts = [part for part in plan.parts if part.standard and service in city.family(part.standard.service)]
        sites, beside = np.concatenate([part.sites for part in parts]), switches.apart
    else:
        sites, beside = plan.sites, switches.others
    on = np.isin(np.arange(len(put.candidates)), sites) & put.candidates.at_least(sited.standard.min_area_m2)
    return on, beside


def _sites_of(sited: SitedPlan, plan: Plan) -> tuple[str, ...]:
    """The sites that another plan has for the standard of one."""
    if not isinstance(plan, ServicesPlan):
        return plan.opened
    return next(part.opened for part in plan.parts if part.standard and part.standard.id == sited.standard.id)


def _cost(sited: SitedPlan, plan: Plan) -> float | None:
    """What the sites of a plan cost, of several services all of them; None where nobody says."""
    if isinstance(plan, ServicesPlan):
        return plan.cost
    if sited.put is None or sited.put.rules.cost is None:
        return None
    return float(np.asarray(sited.put.rules.cost)[plan.sites].sum())


def _measured(
    standard: Standard,
    kind: str,
    of: str,
    covered: Flags,
    demand: Demand,
    **more: Any,
) -> Beside:
    """Who is covered, in all and in the worst unit."""
    people = demand.people[:, 0]
    living, served = demand.by_unit(people)[:-1], demand.by_unit(people * covered)[:-1]
    total = float(people[covered].sum())
    share = total / demand.total
    worst, worst_share, units = -1, share, 0
    if (living > 0).any():
        shares = np.divide(served, living, where=living > 0, out=np.full(len(living), np.inf))
        worst = int(np.argmin(shares))
        worst_share, units = float(shares[worst]), int((shares == shares[worst]).sum())
    return Beside(standard, kind, of, covered, total, share, worst, worst_share, units, **more)
