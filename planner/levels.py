"""Centres of several levels, where a higher one serves as a lower one too: which sites, and at which level."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from planner.answer import Figures, Found, Means, find
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import first
from planner.means import possible_gains, search_gains
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice, Limit
from planner.plan import Plan
from planner.presence import Presence
from planner.reach import Reach
from planner.rules import Effort, Rules
from planner.standards import Standard

ANY, USUAL = Rules(), Effort()
PEOPLE, PRESENCE = 0, 1  # parts of the city that a plan can gain


@dataclass(frozen=True)
class Level:
    """A level of service; its sites serve the levels before it too."""

    name: str
    standard: Standard
    new_sites: int  # at most, of exactly this level
    standing: Reach | None = None  # to the facilities of exactly this level
    holds: Flags | None = None  # (m,)  candidates large enough for it; by default all
    weight: float = 1.0  # of a person served at this level, beside the others
    presence: Presence | None = None


@dataclass(frozen=True)
class Served:
    """What a level gains."""

    level: str
    people_before: float
    people_after: float
    units: int  # in which it should be present
    present_before: int
    missing: tuple[str, ...]  # units without it, in their order


@dataclass(frozen=True)
class LevelPlan(Plan):
    """A plan that also says which level each site has. Its objective is people, added up over the levels by weight."""

    level: tuple[str, ...] = ()  # (p,)
    levels: tuple[Served, ...] = ()
    present: int = 0  # units newly present, over all levels
    most_present: int = 0  # no plan of these rules (and, where people come first, of so many people) has more

    def __str__(self) -> str:
        numbers = ", ".join(f"{self.level.count(served.level)} {served.level}" for served in self.levels)
        more = self.bound - self.objective
        best = "proven best" if self.ending == "proven" else f"at most {more:,.0f} people more possible"
        units = f"; {self.present} units newly present" if any(served.units for served in self.levels) else ""
        return f"{numbers}: {self.objective:+,.0f} people, {best} (gap {self.gap:.2%}){units}"


def site_levels(
    demand: Demand,
    to_candidates: Reach,
    levels: Sequence[Level],
    *,
    before: Literal["people", "presence"] = "people",
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> LevelPlan:
    """The sites and their levels, lowest first in `levels`, that bring each level to the most people who lack it.

    A person may count once for each level. Full cover has two readings: people within reach, and units in which
    the level is present. `before` says which comes first; the other is as good as the first lets it be. Rules are of
    sites, whatever their level. The reach must have been measured up to the longest limit.

    With pairs (j, l) of site and level, N_i^l the sites within level l's limit of place i,

        max  Σ_l ω_l Σ_i w_i z_il + Σ_l Σ_u v_ul
        s.t. z_il ≤ Σ_{j ∈ N_i^l} Σ_{k ≥ l} y_jk        for every place and level
             v_ul ≤ Σ_{j stands for u} Σ_{k ≥ l} y_jk   for every unit and level
             Σ_j y_jl ≤ p_l                             for every level

    one sum before the other. Moore & ReVelle (1982), The hierarchical service location problem; Şahin & Süral (2007),
    A review of hierarchical facility location models.
    """
    question = _Levels(demand, to_candidates, tuple(levels), weights, rules, effort)
    question.check()
    return question.plan(before)


@dataclass(frozen=True)
class _Levels:
    """The question over pairs of level and site: pair l · m + j is candidate j at level l."""

    demand: Demand
    to_candidates: Reach
    levels: tuple[Level, ...]
    weights: Mapping[str, float] | None
    rules: Rules
    effort: Effort

    @cached_property
    def asked(self) -> Asked:
        """The question without its levels."""
        return Asked(
            *("site_levels", "people", self.demand, self.to_candidates, None, self.weights, None),
            *(self.rules, self.effort),
        )

    @property
    def m(self) -> int:
        """How many candidates there are."""
        return self.asked.m

    def check(self) -> None:
        """Refuse what contradicts itself, all faults at once."""
        self.asked.check(more=self._faults())

    def _faults(self) -> Iterator[str]:
        names = [level.name for level in self.levels]
        if not names:
            yield "No level is given. Give at least one, the lowest first."
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield f"{len(twice)} levels are given more than once ({first(twice)}). Give each once, the lowest first."
        if self.rules.cost is not None or self.rules.budget is not None:
            yield "Sites of several levels have no one cost. Leave cost and budget out of the rules."
        for level in self.levels:
            if level.new_sites < 0 or not 0 <= level.weight < np.inf:
                yield f"{level.name}: {level.new_sites} new sites at weight {level.weight:g}. Give 0 or more of both."
            if level.holds is not None and len(level.holds) != self.m:
                yield f"{level.name}: `holds` has {len(level.holds)} entries for {self.m} candidates. Give each one."
            asked = replace(self.asked, standing=level.standing)
            yield from (f"{level.name}: {fault}" for fault in asked.reach_faults(level.standard, None))

    def served_from(self, number: int) -> range:
        """The levels whose sites serve a level: it, and those above it."""
        return range(number, len(self.levels))

    @cached_property
    def lacking(self) -> list[Flags]:
        """For each level the places (n,) that nothing standing serves."""
        return [
            ~np.logical_or.reduce(
                [np.zeros(len(self.demand.ids), bool)]
                + [
                    above.standing.within(level.standard.limit_m).facilities_in_reach > 0
                    for above in self.levels[number:]
                    if above.standing is not None
                ]
            )
            for number, level in enumerate(self.levels)
        ]

    @cached_property
    def choice(self) -> Choice:
        """What may open at which level, and what limits it, over the pairs."""
        m = self.m
        small = [np.zeros(m, bool) if level.holds is None else ~np.asarray(level.holds, bool) for level in self.levels]
        return self.asked.choice.copied(len(small), np.array(small)).with_limits(
            *(
                Limit(f"level_{number}", number * m + np.arange(m), np.ones(m), most=level.new_sites)
                for number, level in enumerate(self.levels)
            )
        )

    def open_for(self, plan: Flags, number: int) -> Flags:
        """(m,) the sites of a plan over pairs that serve a level."""
        serves: Flags = np.logical_or.reduce(plan.reshape(len(self.levels), self.m)[number:])
        return serves

    def people_gained(self, plan: Flags) -> list[Flags]:
        """For each level the places (n,) that a plan over pairs newly serves."""
        return [
            self.lacking[number] & (self._near(number).only(self.open_for(plan, number)).facilities_in_reach > 0)
            for number in range(len(self.levels))
        ]

    def _near(self, number: int) -> Reach:
        return self.to_candidates.within(self.levels[number].standard.limit_m)

    def people(self, plan: Flags) -> float:
        """The people whom a plan over pairs newly serves, added up over the levels by weight."""
        gained = self.people_gained(plan)
        return float(sum(x.weight * self.asked.people[here].sum() for x, here in zip(self.levels, gained, strict=True)))

    def newly_present(self, plan: Flags) -> list[Flags]:
        """For each level the units (u,) in which a plan over pairs makes it present."""
        found = []
        for number, level in enumerate(self.levels):
            where = level.presence
            new = np.zeros(0 if where is None else len(where.names), bool)
            if where is not None:
                new[where.unit[self.open_for(plan, number)[where.site]]] = True
                new &= ~where.today
            found.append(new)
        return found

    def present(self, plan: Flags) -> float:
        """The units newly present, over all levels."""
        return float(sum(new.sum() for new in self.newly_present(plan)))

    @cached_property
    def rows(self) -> tuple[Floats, Integers, Integers, Integers]:
        """The places and units of each level: weight (r,), the pairs that serve it (indptr, pair), part (r,)."""
        weight, row, pair, part = [], [], [], []
        start = 0
        for number, level in enumerate(self.levels):
            near = self._near(number)
            where = level.presence
            kinds = [
                (
                    np.where(self.lacking[number], level.weight * self.asked.people, 0.0),
                    near.place,
                    near.facility.astype(np.int64),
                )
            ]
            if where is not None:
                kinds.append((np.where(where.today, 0.0, 1.0), where.unit, where.site))
            for kind, (counts, of, site) in enumerate(kinds):
                for above in self.served_from(number):
                    row.append(start + of)
                    pair.append(above * self.m + site)
                weight.append(counts)
                part.append(np.full(len(counts), kind))
                start += len(counts)
        rows, pairs = np.concatenate(row).astype(np.int64), np.concatenate(pair).astype(np.int64)
        order = np.lexsort((pairs, rows))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=start))]).astype(np.int64)
        return np.concatenate(weight), indptr, pairs[order], np.concatenate(part)

    def find(self, part: int, floor: float | None) -> Found:
        """The plan over pairs with the most of one part, and at least `floor` of the other."""
        from planner.optimise.gains import Gains  # noqa: PLC0415  (Numba takes a while to load)
        from planner.optimise.problem import Problem  # noqa: PLC0415

        weight, indptr, pair, parts = self.rows
        gains = Gains.of(weight, indptr, pair, self.choice.m, None, parts)
        counted = (np.arange(gains.parts) == part).astype(float)
        speaks = (np.arange(gains.parts) != part).astype(float)[None, :]
        floors = np.array([] if floor is None else [floor])

        def problem(choice: Choice) -> Problem:
            return Problem(gains, choice, np.zeros(choice.m), counted, floors, speaks[: len(floors)])

        means = Means(
            search_gains(problem, whole=part == PRESENCE or bool((weight == np.floor(weight)).all())),
            self.people if part == PEOPLE else self.present,
            self.figures,
            possible=possible_gains(problem, self.effort),
        )
        return find(self.asked, means, self.choice, self._in_words)

    def figures(self, plan: Flags) -> Figures:
        """The same for each pair: the people who gain by it, by weight, and how many would be lost without it."""
        served, only = np.zeros((len(self.levels), self.m)), np.zeros(len(plan))
        level_of = plan.reshape(len(self.levels), self.m).argmax(axis=0)
        gained = self.people_gained(plan)
        for number, (level, here) in enumerate(zip(self.levels, gained, strict=True)):
            nearest = self._near(number).only(self.open_for(plan, number)).nearest()[1][here]
            np.add.at(served, (level_of[nearest], nearest), level.weight * self.asked.people[here])
        whole = self.people(plan)
        for pair in np.flatnonzero(plan):
            only[pair] = whole - self.people(plan & (np.arange(len(plan)) != pair))
        return Figures(served.ravel(), only, np.logical_or.reduce(gained))

    def plan(self, before: str) -> LevelPlan:
        """First one reading of full cover, then the other."""
        both = any(level.presence is not None for level in self.levels)
        order = (PEOPLE, PRESENCE) if before == "people" else (PRESENCE, PEOPLE)
        found = {}
        floor = None
        for part in order if both else (PEOPLE,):
            found[part] = self.find(part, floor)
            floor = found[part].objective
        last = found[order[-1] if both else PEOPLE]
        people, present = found[PEOPLE], found.get(PRESENCE)
        figures, m = self.figures(last.plan), self.m
        pairs = np.flatnonzero(last.plan)
        pairs = pairs[np.lexsort((-figures.served[pairs], -(pairs // m)))]
        ended = {**people.ended, "objective": self.people(last.plan)}
        if present is not None and present.ending != "proven":
            ended["ending"] = "stopped"
        return LevelPlan(
            question="site_levels",
            standard=None,
            unit="people",
            larger_is_better=True,
            opened=tuple(str(self.to_candidates.facility_ids[j]) for j in pairs % m),
            sites=pairs % m,
            served=figures.served[pairs],
            only=figures.only[pairs],
            gained=figures.gained,
            **{**ended, "seconds": sum(each.seconds for each in found.values())},
            level=tuple(self.levels[number].name for number in pairs // m),
            levels=tuple(self._served(last.plan)),
            present=int(self.present(last.plan)),
            most_present=0 if present is None else int(present.bound),
        )

    def _served(self, plan: Flags) -> Iterator[Served]:
        gained, new = self.people_gained(plan), self.newly_present(plan)
        for number, level in enumerate(self.levels):
            before = float(self.asked.people[~self.lacking[number]].sum())
            where = level.presence
            missing = () if where is None else tuple(where.names[~(where.today | new[number])].tolist())
            yield Served(
                level.name,
                before,
                before + float(self.asked.people[gained[number]].sum()),
                0 if where is None else len(where.names),
                0 if where is None else int(where.today.sum()),
                missing,
            )

    def _in_words(self, limit: Limit) -> str:
        """A limit as the planner gave it."""
        kind, _, number = limit.name.partition("_")
        if kind == "level":
            return f"at most {limit.most:g} sites of {self.levels[int(number)].name}"
        return self.asked.in_words(replace(limit, site=np.unique(limit.site % self.m)))
