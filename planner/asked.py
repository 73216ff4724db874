"""A question with everything that all questions share, and what is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Limit
from planner.reach import Reach
from planner.rules import Effort, Rules, Size, effort_faults, rule_faults
from planner.standards import Standard

COVERING = ("cover_most_people", "cover_gradually", "open_fewest_sites")  # whose rules may hold floors
UNCOUNTED = ("open_fewest_sites", "phase_sites", "site_services")  # which count their sites themselves


@dataclass(frozen=True)
class Asked:
    """A question with everything that all questions share."""

    question: str
    unit: str
    demand: Demand
    to_candidates: Reach
    standing: Reach | None
    weights: Mapping[str, float] | None
    new_sites: int | None
    rules: Rules
    effort: Effort

    def check(self, standard: Standard | None = None, up_to_m: float | None = None, more: Iterable[str] = ()) -> None:
        """Refuse what contradicts itself, all faults at once."""
        faults = [
            *self.reach_faults(standard, up_to_m),
            *rule_faults(self.rules, self.to_candidates.facility_ids, self.new_sites, standard, len(self.demand.ids)),
            *self.weight_faults(),
            *effort_faults(self.effort),
            *more,
        ]
        if self.new_sites is None and self.rules.budget is None and self.question not in UNCOUNTED:
            faults.append("Neither a number of new sites nor a budget is given. Give one of them.")
        if self.rules.floors and self.question not in COVERING:
            faults.append(
                f"Floors speak of people covered, and {self.question} covers nobody within a standard "
                f"({first(floor.name for floor in self.rules.floors)}). Ask {' or '.join(COVERING)}, or leave them out."
            )
        if faults:
            raise QuestionError("\n".join(faults))

    @property
    def m(self) -> int:
        """How many candidates there are."""
        return len(self.to_candidates.facility_ids)

    @cached_property
    def people(self) -> Floats:
        """(n,) how much each place counts: its first group, or its groups by their weights."""
        return self.demand.weighed(self.weights)

    @cached_property
    def choice(self) -> Choice:
        """The rules and the number of new sites, for the programmes."""
        return self.rules.choice(self.to_candidates.facility_ids, self.new_sites)

    def lacking(self, limit: float) -> Flags:
        """(n,) the places with no standing facility within the limit."""
        if self.standing is None:
            return np.ones(len(self.demand.ids), bool)
        lacking: Flags = self.standing.within(limit).facilities_in_reach == 0
        return lacking

    def reach_faults(self, standard: Standard | None, up_to_m: float | None) -> Iterator[str]:
        """What keeps these reaches from answering for this demand, this standard or this distance."""
        who, (limit, unit) = ("the question", (up_to_m, "m")) if standard is None else (standard.id, standard.asked)
        words = {"m": "metres", "s": "seconds"}
        for what, reach in (("candidates", self.to_candidates), ("standing facilities", self.standing)):
            if reach is None:
                continue
            ids = self.demand.ids
            if len(reach.demand_ids) != len(ids) or (reach.demand_ids != ids).any():
                yield (
                    f"The reach to the {what} is of {len(reach.demand_ids)} places ({first(reach.demand_ids)}), not of "
                    f"the {len(ids)} of this demand ({first(ids)}). Measure it for this demand."
                )
            if limit is not None and reach.unit != unit:
                yield (
                    f"The reach to the {what} is measured in {words[reach.unit]}, and {who} asks for {words[unit]}. "
                    "Measure those."
                )
            elif limit is not None and reach.limit < limit:
                yield (
                    f"The reach to the {what} was measured up to {reach.limit:g} {unit}, and {who} asks for "
                    f"{limit:g} {unit}. Measure again up to {limit:g} {unit}."
                )
        if self.standing is not None and self.standing.metric != self.to_candidates.metric:
            yield (
                f"Candidates are measured by {self.to_candidates.metric!r} and standing facilities by "
                f"{self.standing.metric!r}. Measure both the same way."
            )

    def weight_faults(self) -> Iterator[str]:
        """What is wrong with the weights of the groups."""
        weights = self.weights or {}
        if unknown := sorted(set(weights) - set(self.demand.groups)):
            yield (
                f"{len(unknown)} weights are of no group of this demand ({first(unknown)}). "
                f"Weigh {', '.join(self.demand.groups)}."
            )
        if bad := sorted(group for group, weight in weights.items() if not 0 <= weight < np.inf):
            yield f"{len(bad)} weights are negative or missing ({first(bad)}). Give 0 or more."
        if self.weights is not None and not any(weights.values()):
            yield "No group weighs anything. Give at least one weight above 0."

    def costs(self) -> Floats:
        """(m,) what each candidate costs; 1 where the rules do not say."""
        return np.ones(self.m) if self.rules.cost is None else np.asarray(self.rules.cost, np.float64)

    def in_words(self, limit: Limit) -> str:
        """A limit of the choice as the planner gave it."""
        if limit.name in {"new_sites", "parcels"}:
            return f"at most {limit.most:g} new sites"
        if limit.name.startswith("keep_"):
            return f"{self.to_candidates.facility_ids[limit.site[0]]} is opened"
        if limit.name == "budget":
            return f"the budget of {limit.most:,.0f}"
        if limit.name.startswith("quota_"):
            quota = self.rules.quotas[int(limit.name.removeprefix("quota_"))]
            most = "" if quota.at_most is None else f", at most {quota.at_most}"
            return f"quota {quota.name!r} (at least {quota.at_least}{most} of {len(set(quota.sites))})"
        names = [str(self.to_candidates.facility_ids[j]) for j in limit.site]
        return f"{limit.name.split('_')[0]} ({first(names)})"

    def by_site(self, site: Integers, places: Flags, m: int | None = None) -> Floats:
        """(m,) the people of some places (n,), each at its site (n,)."""
        return np.bincount(site[places], weights=self.people[places], minlength=m or self.m).astype(np.float64)

    def unreached(self, limit: float, places: Flags) -> str:
        """The first of some places (n,), how many live there, and the candidate nearest to each as far as is known."""
        at = np.flatnonzero(places)
        at = at[np.argsort(-self.people[at], kind="stable")]
        distance, which = self.to_candidates.nearest()
        names = self.to_candidates.facility_ids

        def told(i: int) -> str:
            near = (
                f"{names[which[i]]} at {distance[i]:,.0f}"
                if which[i] >= 0
                else f"none within {self.to_candidates.limit:g}"
            )
            who = f"{self.demand.ids[i]} with {self.people[i]:,.0f} people"
            return f"{who}, nearest candidate {near} {self.to_candidates.unit}"

        people = float(self.people[places].sum())
        worst = first([told(int(i)) for i in at])
        return f"{people:,.0f} people in {len(at)} places have no candidate within {limit:g} ({worst})"


def size_faults(
    asked: Asked, sizes: Sequence[Size], held: Floats, least: Floats | None, budget: float | None
) -> Iterator[str]:
    """What is wrong with the sizes, the standing capacities and the least loads of a question."""
    known = set(asked.to_candidates.facility_ids.tolist())
    if unknown := sorted({size.site for size in sizes} - known):
        yield f"{len(unknown)} sizes are of no candidate ({first(unknown)}). Give sizes of the {len(known)} candidates."
    if without := sorted(set(asked.rules.must_keep) & known - {size.site for size in sizes}):
        yield f"{len(without)} sites in must_keep have no size ({first(without)}). Give each at least one."
    if bad := [size for size in sizes if not (0 <= size.capacity < np.inf and 0 <= size.cost < np.inf)]:
        yield f"{len(bad)} sizes have a negative or missing capacity or cost ({first(bad)}). Give 0 or more."
    standing = 0 if asked.standing is None else len(asked.standing.facility_ids)
    if len(held) != standing:
        yield f"{standing} standing facilities have {len(held)} capacities. Give one for each."
    if not (np.isfinite(held) & (held >= 0)).all():
        yield "Capacities of standing facilities are negative or missing. Give 0 or more."
    if least is not None and len(least) != asked.m:
        yield f"`least_load` has {len(least)} entries for {asked.m} candidates. Give one for each of them."
    if budget is not None and not budget >= 0:
        yield f"A budget of {budget:g} buys nothing. Give 0 or more."


def refuse_too_few_places(asked: Asked, sizes: Sequence[Size], held: Floats) -> None:
    """Refuse a question in which somebody is without a place whatever is built, saying how many."""
    faults = []
    largest: dict[str, float] = {}
    for size in sizes:
        if size.site not in set(asked.rules.forbid):
            largest[size.site] = max(largest.get(size.site, 0.0), size.capacity)
    most = sum(sorted(largest.values(), reverse=True)[: asked.new_sites]) + float(held.sum())
    total = float(asked.people.sum())
    if most < total * (1 - EXACT):
        faults.append(
            f"{total:,.0f} people need a place, and at most {most:,.0f} can be had: {total - most:,.0f} too few. "
            "Allow more or larger sites, or give a cost of going without."
        )
    near = asked.to_candidates.only(~asked.choice.shut).facilities_in_reach > 0
    if asked.standing is not None:
        near |= asked.standing.facilities_in_reach > 0
    if (lost := ~near & (asked.people > 0)).any():
        far = asked.unreached(asked.to_candidates.limit, lost)
        faults.append(f"{far}. Measure further, or give a cost of going without.")
    if faults:
        raise QuestionError("\n".join(faults))
