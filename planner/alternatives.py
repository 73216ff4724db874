"""What else would do: a planner's questions about a plan that is on the table."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import QuestionError, first
from planner.optimise.choice import EXACT, Limit
from planner.plan import Plan, Replacement


def best_replacement(plan: Plan, site: str) -> Replacement:
    """The candidate that would best take the place of one of a plan's sites, all others kept, and what that costs."""
    again = _asked_again(plan)
    if site not in plan.opened:
        raise QuestionError(f"{site} is no site of this plan. Choose among {', '.join(plan.opened) or 'none'}.")
    at = int(plan.sites[plan.opened.index(site)])
    others = plan.sites[plan.sites != at]
    try:
        other = again((*map(_stays, others), Limit("leaves", np.array([at]), np.ones(1), most=0.0)))
    except QuestionError:
        return Replacement(site, None, float("inf"))
    by = next((name for name in other.opened if name not in plan.opened), None)
    return Replacement(site, by, other.worse_than(plan), other)


def best_with(plan: Plan, *candidates: str) -> Plan:
    """The best plan that opens these candidates; beside `plan` it tells what they cost, see `Plan.worse_than`.

    Refused where no plan under the same rules opens them all, as where they are forbidden.
    """
    again, at = _asked_again(plan), {str(name): j for j, name in enumerate(plan.candidates)}
    if unknown := [name for name in candidates if name not in at]:
        raise QuestionError(
            f"{len(unknown)} ids are no candidates of this plan ({first(unknown)}). "
            f"Choose among the {len(at)} candidates ({first(plan.candidates)})."
        )
    return again(tuple(_stays(np.int64(at[name])) for name in candidates))


def other_plans(plan: Plan, *, differ_by: int = 1, most: int = 3, within: float = np.inf) -> tuple[Plan, ...]:
    """The next-best plans, the best first, each of which leaves at least so many sites of all before it.

    Of a plan with fewer sites it leaves them all. Fewer plans where no further one is possible, or none is `within`
    this share of the plan's objective. Brill (1979), The use of optimization models in public-sector planning.
    """
    again = _asked_again(plan)
    if not 1 <= differ_by <= len(plan.opened):
        raise QuestionError(f"{len(plan.opened)} sites cannot differ by {differ_by}. Ask for 1 to {len(plan.opened)}.")
    found = [plan]
    while len(found) <= most and found[-1].opened:
        limits = tuple(
            Limit(
                f"unlike_{k}",
                np.sort(other.sites),
                np.ones(len(other.sites)),
                most=max(0.0, float(len(other.sites) - differ_by)),
            )
            for k, other in enumerate(found)
        )
        try:
            other = again(limits)
        except QuestionError:
            break
        if other.worse_than(plan) > within * abs(plan.objective) * (1 + EXACT):
            break
        found.append(other)
    return tuple(found[1:])


def sites_in_all(plans: Iterable[Plan]) -> tuple[str, ...]:
    """The sites that every one of these plans opens, in the order of the first: nobody will regret them."""
    every = list(plans)
    return tuple(site for site in every[0].opened if all(site in plan.opened for plan in every)) if every else ()


def survival(plans: Mapping[str, Plan]) -> Mapping[str, float]:
    """For each site that any of these plans opens, the share of them that do, the surest first.

    The plans, by name, answer the question under other assumptions: another radius, speed, population or rule-set.
    """
    counted = Counter(site for plan in plans.values() for site in plan.opened)
    surest_first = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return {site: number / len(plans) for site, number in surest_first}


@dataclass(frozen=True)
class Frontier:
    """What each amount, of money or of sites, can bring at most."""

    amounts: tuple[float, ...]  # (k,)  ascending
    plans: tuple[Plan, ...]  # (k,)  never worse than the plan before
    knee: int  # of the amounts: from here on more brings less than on average

    def __str__(self) -> str:
        return "\n".join(
            f"{amount:,.10g}: {plan}{' ← knee' if at == self.knee else ''}"
            for at, (amount, plan) in enumerate(zip(self.amounts, self.plans, strict=True))
        )


def trace_frontier(ask: Callable[[float], Plan], amounts: Sequence[float]) -> Frontier:
    """Ask a question for each amount, and find the knee: the point farthest above the line from first to last.

    A plan for less is a plan for more, so where a search was stopped early the plan before stands in, with the new
    bound; each point is proven, or has its gap. Satopää, Albrecht, Irwin & Raghavan (2011), Finding a “kneedle” in a
    haystack.
    """
    ordered = sorted({float(amount) for amount in amounts})
    if not ordered or not np.isfinite(ordered).all():
        raise QuestionError(f"A frontier needs finite amounts, not {first(amounts) or 'none'}.")
    plans: list[Plan] = []
    for amount in ordered:
        plan = ask(amount)
        if plans and plan.worse_than(plans[-1]) > 0:
            plan = replace(plans[-1], bound=plan.bound, ending=plan.ending)
        plans.append(plan)
    gain = np.array([-plan.worse_than(plans[0]) for plan in plans])
    along = (np.array(ordered) - ordered[0]) / max(ordered[-1] - ordered[0], np.finfo(float).tiny)
    return Frontier(tuple(ordered), tuple(plans), int(np.argmax(gain - along * gain[-1])))


def _asked_again(plan: Plan) -> Callable[[tuple[Limit, ...]], Plan]:
    if plan.again is None:
        raise QuestionError(f"A plan of {plan.question} cannot be asked again under further limits.")
    return plan.again


def _stays(site: np.int64) -> Limit:
    return Limit(f"stays_{site}", np.array([site]), np.ones(1), least=1.0)
