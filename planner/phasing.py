"""Which sites open in which year: one plan over several years, each with its number of sites and its money."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from planner.answer import Figures, Found, Means, ending_of, find
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.means import all_whole, lost_without, possible_gains, search_gains
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice, Limit
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard


@dataclass(frozen=True)
class Year:
    """What may open in a year, and how long what is open then serves before the next one."""

    name: str
    new_sites: int | None = None  # at most
    budget: float | None = None  # Σ cost of the sites opened in it at most
    length: float = 1.0  # years of service; of the last one, up to the horizon of the plan


@dataclass(frozen=True)
class PhasedPlan(Plan):
    """A plan that also says when. Its objective is person-years: a person served for a year.

    `opened`, `sites`, `served` and `only` stand in the order of the years; a person belongs to the site by which the
    standard first came, and `only` are person-years.
    """

    years: tuple[Year, ...] = ()  # (t,)
    year: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # (p,)  in which each site opens
    newly_served: Floats = field(default_factory=lambda: np.empty(0))  # (t,)  people whom new sites serve in each
    others: Callable[[], "Phasings"] | None = field(default=None, repr=False, compare=False)

    def in_year(self, name: str) -> tuple[str, ...]:
        """The sites that open in a year."""
        when = [self.years[year].name for year in self.year.tolist()]
        return tuple(site for site, year in zip(self.opened, when, strict=True) if year == name)

    def __str__(self) -> str:
        opened = ", ".join(f"{len(self.in_year(year.name))} in {year.name}" for year in self.years)
        more = self.bound - self.objective
        best = "proven best" if self.ending == "proven" else f"at most {more:,.0f} person-years more possible"
        return f"{opened}: {self.objective:+,.0f} person-years, {best} (gap {self.gap:.2%})"


@dataclass(frozen=True)
class Phasings:
    """Three ways through the same years under the same rules, all held against the bound of the phased one."""

    phased: PhasedPlan  # all years at once
    myopic: PhasedPlan | None  # each year the most people of that year; None where that ends against a rule
    static: PhasedPlan  # the sites that serve the most people of the last year, in their best order

    def regret(self, plan: PhasedPlan) -> float:
        """Person-years that a plan serves fewer than the phased one."""
        return self.phased.objective - plan.objective


def phase_sites(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    years: Sequence[Year],
    standing: Reach | None = None,
    people_by_year: Floats | None = None,
    ready: Mapping[str, str] | None = None,
    after: Sequence[tuple[str, str]] = (),
    carry_over: bool = False,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> PhasedPlan:
    """The sites, and the years to open them in, that serve the most person-years beyond what stands today.

    What opens stays open, so each year has the sites of the year before and more. `people_by_year` (n, t) tells who
    lives where in each year; by default nobody moves. A site is `ready` from the year named on; the first of a pair
    in `after` opens in the year of the second or later. With `carry_over`, what a year leaves unused of its number
    and its money may be used in later ones. Rules hold for all years together; `must_keep` opens in any of them.

    A place is served from the year in which its first site opens. With W_is, its person-years from year s on,

        max  Σ_i max {W_is : j ∈ N_i, x_js = 1}   s.t.  Σ_j x_js ≤ p_s  for every year s,   x_js ∈ {0, 1}:

    the question of gradual cover, with a site for each candidate and year. Schilling (1980), Dynamic location
    modeling for public-sector facilities: a multicriteria approach; Gunawardane (1982), Dynamic versions of set
    covering type public facility location problems.
    """
    question = _Phasing(
        *(demand, to_candidates, standard, tuple(years), standing, people_by_year, dict(ready or {}), tuple(after)),
        *(carry_over, weights, rules, effort),
    )
    question.check()
    best = question.find(question.person_years, question.choice)
    return question.plan(best, lambda: question.compared(best))


def compare_phasings(plan: PhasedPlan) -> Phasings:
    """A phased plan beside the myopic one and beside the sites that are best in the end; asked in the same effort."""
    if plan.others is None:
        raise QuestionError("This plan was itself made for a comparison. Compare the plan of phase_sites.")
    return plan.others()


@dataclass(frozen=True)
class _Phasing:
    """The question over pairs of candidate and year: pair s · m + j is candidate j opened in year s."""

    demand: Demand
    to_candidates: Reach
    standard: Standard
    years: tuple[Year, ...]
    standing: Reach | None
    people_by_year: Floats | None
    ready: Mapping[str, str]
    after: tuple[tuple[str, str], ...]
    carry_over: bool
    weights: Mapping[str, float] | None
    rules: Rules
    effort: Effort

    @cached_property
    def asked(self) -> Asked:
        """The question without its years."""
        return Asked(
            *("phase_sites", "person-years", self.demand, self.to_candidates, self.standing, self.weights, None),
            *(self.rules, self.effort),
        )

    def check(self) -> None:
        """Refuse what contradicts itself, all faults at once."""
        self.asked.check(standard=self.standard, more=self._faults())

    def _faults(self) -> Iterator[str]:
        names = [year.name for year in self.years]
        if not names:
            yield "No year is given. Give at least one."
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield f"{len(twice)} years are given more than once ({first(twice)}). Give each once, in their order."
        if endless := [year.name for year in self.years if year.new_sites is None and year.budget is None]:
            yield f"{len(endless)} years have neither a number of sites nor a budget ({first(endless)}). Give one."
        if bad := [
            year.name
            for year in self.years
            if not (0 < year.length < np.inf and (year.new_sites or 0) >= 0 and (year.budget or 0) >= 0)
        ]:
            yield (
                f"{len(bad)} years have a number or a budget below 0, or no length ({first(bad)}). "
                "Give 0 or more, and a length above 0."
            )
        if self.rules.cost is None and any(year.budget is not None for year in self.years):
            yield "Budgets of years need the cost of each candidate. Give `cost` in the rules."
        known = set(self.to_candidates.facility_ids.tolist())
        if unknown := sorted({*self.ready, *(site for pair in self.after for site in pair)} - known):
            yield (
                f"{len(unknown)} ids in ready or after are no candidates ({first(unknown)}). "
                f"Choose among the {len(known)} candidates ({first(self.to_candidates.facility_ids)})."
            )
        if never := sorted(f"{site} in {year}" for site, year in self.ready.items() if year not in names):
            yield f"{len(never)} sites are ready in no year ({first(never)}). There are: {', '.join(names)}."
        if itself := sorted({site for site, other in self.after if site == other}):
            yield f"{len(itself)} sites wait for themselves ({first(itself)}). Name two sites."
        people, shape = self.people_by_year, (len(self.demand.ids), len(self.years))
        if people is not None and (people.shape != shape or not (np.isfinite(people) & (people >= 0)).all()):
            yield f"`people_by_year` needs {shape} numbers of 0 or more: a row a place, a column a year."

    @cached_property
    def lacking(self) -> Flags:
        """(n,) the places that no standing facility serves."""
        return self.asked.lacking(self.standard.walk_limit)

    @cached_property
    def reach(self) -> Reach:
        """Who is within the limit of which candidate."""
        return self.to_candidates.within(self.standard.walk_limit)

    @cached_property
    def people(self) -> Floats:
        """(n, t) who lives where and lacks service, year by year."""
        people = self.asked.people[:, None] if self.people_by_year is None else self.people_by_year
        lacking: Floats = np.where(self.lacking[:, None], np.broadcast_to(people, (len(people), len(self.years))), 0.0)
        return lacking

    @cached_property
    def person_years(self) -> Floats:
        """(n, t) what there is to serve in each year."""
        lengths = np.array([year.length for year in self.years], np.float64)
        return self.people * lengths

    @cached_property
    def choice(self) -> Choice:
        """What may open, and what limits it, over the pairs."""
        t, m = len(self.years), self.asked.m
        at = {str(site): j for j, site in enumerate(self.to_candidates.facility_ids)}
        names = [year.name for year in self.years]
        shut = np.zeros((t, m), bool)
        for site, name in self.ready.items():
            shut[: names.index(name), at[site]] = True
        pair = np.arange(t * m).reshape(t, m)
        return self.asked.choice.copied(t, shut).with_limits(*self._yearly(pair), *self._in_order(pair, at))

    def _yearly(self, pair: Integers) -> Iterator[Limit]:
        """What each year allows, or with `carry_over` all years up to it."""
        numbers = [np.inf if year.new_sites is None else year.new_sites for year in self.years]
        budgets = [np.inf if year.budget is None else year.budget for year in self.years]
        for kind, most, amount in (("sites", numbers, np.ones(self.asked.m)), ("money", budgets, self.asked.costs())):
            for s in range(len(self.years)):
                since = slice(0 if self.carry_over else s, s + 1)
                if np.isfinite(allowed := sum(most[since])):
                    of = pair[since].ravel()
                    yield Limit(f"{kind}_{s}", of, amount[of % self.asked.m], most=float(allowed))

    def _in_order(self, pair: Integers, at: Mapping[str, int]) -> Iterator[Limit]:
        """Σ_{u ≤ s} x_bu ≤ Σ_{u ≤ s} x_au for every pair of b after a and every year s."""
        for number, (later, sooner) in enumerate(self.after):
            for s in range(len(self.years)):
                of = np.concatenate([pair[: s + 1, at[later]], pair[: s + 1, at[sooner]]])
                order = np.argsort(of)
                yield Limit(f"after_{number}_{s}", of[order], np.repeat([1.0, -1.0], s + 1)[order], most=0.0)

    def find(self, person_years: Floats, choice: Choice) -> Found:
        """The pairs that serve the most of these person-years (n, t)."""
        from planner.optimise.gains import Gains  # noqa: PLC0415  (Numba takes a while to load)
        from planner.optimise.problem import Problem  # noqa: PLC0415

        reach, t, m = self.reach, len(self.years), self.asked.m
        onward = np.cumsum(person_years[:, ::-1], axis=1)[:, ::-1]  # W_is
        share = np.divide(onward, onward[:, :1], out=np.zeros_like(onward), where=onward[:, :1] > 0)
        site = (reach.facility.astype(np.int64)[:, None] + m * np.arange(t)).ravel()
        gains = Gains.of(onward[:, 0], reach.indptr.astype(np.int64) * t, site, choice.m, share[reach.place].ravel())

        problem = partial(Problem.most, gains)
        means = Means(
            search_gains(problem, whole=all_whole(onward)),
            lambda plan: self.weighed(plan, person_years),
            self.figures,
            possible=possible_gains(problem, self.effort),
        )
        return find(self.asked, means, choice, self._in_words)

    def covered(self, plan: Flags) -> list[Flags]:
        """For each year the places (n,) within the limit of what a plan over pairs has opened by then."""
        by_then = np.logical_or.accumulate(plan.reshape(len(self.years), -1))
        return [self.reach.only(open_).facilities_in_reach > 0 for open_ in by_then]

    def weighed(self, plan: Flags, person_years: Floats) -> float:
        """The person-years (of n, t) that a plan over pairs serves."""
        return float(sum(person_years[here, s].sum() for s, here in enumerate(self.covered(plan))))

    def figures(self, plan: Flags) -> Figures:
        """The same for each pair: who is first served by it, and the person-years that would be lost without it."""
        served = np.zeros((len(self.years), self.asked.m))
        open_, before = np.zeros(self.asked.m, bool), np.zeros(len(self.demand.ids), bool)
        for s, here in enumerate(self.covered(plan)):
            open_ |= plan.reshape(served.shape)[s]
            nearest = self.reach.only(open_).nearest()[1]
            served[s] = np.bincount(nearest[here], np.where(before, 0.0, self.people[:, s])[here], self.asked.m)
            before |= here
        only = lost_without(plan, lambda kept: self.weighed(kept, self.person_years))
        return Figures(served.ravel(), only, before & self.lacking)

    def plan(self, found: Found, others: Callable[[], Phasings] | None = None) -> PhasedPlan:
        """What is found, in the order of the years."""
        m, figures = self.asked.m, self.figures(found.plan)
        pairs = np.flatnonzero(found.plan)
        pairs = pairs[np.lexsort((-figures.served[pairs], pairs // m))]
        return PhasedPlan(
            question="phase_sites",
            standard=self.standard,
            unit="person-years",
            larger_is_better=True,
            opened=tuple(str(self.to_candidates.facility_ids[j]) for j in pairs % m),
            sites=pairs % m,
            served=figures.served[pairs],
            only=figures.only[pairs],
            gained=figures.gained,
            **found.ended,
            years=self.years,
            year=pairs // m,
            newly_served=np.array([self.people[here, s].sum() for s, here in enumerate(self.covered(found.plan))]),
            others=others,
        )

    def compared(self, best: Found) -> Phasings:
        """The best plan beside the two that look less far."""
        myopic = self.myopic()
        return Phasings(
            self.plan(best), None if myopic is None else self._held(best, myopic), self._held(best, self.static())
        )

    def myopic(self) -> Flags | None:
        """Year after year what serves most in it, given what is open; None where that ends against a rule."""
        t, choice = len(self.years), self.choice
        opened, of_year = np.zeros(choice.m, bool), np.arange(choice.m) // self.asked.m
        for s in range(t):
            now = choice.settled(opened, ~opened & (of_year != s))
            if s < t - 1:  # what is asked for at least may still come
                now = replace(now, limits=tuple(replace(limit, least=-np.inf) for limit in now.limits))
            try:
                opened = self.find(self._only(s), now).plan
            except QuestionError:
                return None
        return opened

    def static(self) -> Flags:
        """The sites that serve most in the last year, in their best order."""
        t = len(self.years)
        never = np.tile(~self.find(self._only(t - 1), self.choice).plan.reshape(t, -1).any(axis=0), t)
        return self.find(self.person_years, self.choice.settled(never & False, never)).plan

    def _only(self, s: int) -> Floats:
        """(n, t) the person-years of one year alone."""
        return np.where(np.arange(len(self.years)) == s, self.person_years, 0.0)

    def _held(self, best: Found, plan: Flags) -> PhasedPlan:
        """Another plan over pairs, held against the bound of the phased one."""
        objective = self.weighed(plan, self.person_years)
        return self.plan(replace(best, plan=plan, objective=objective, ending=ending_of(objective, best.bound)))

    def _in_words(self, limit: Limit) -> str:
        """A limit as the planner gave it."""
        kind, _, number = limit.name.partition("_")
        if kind in {"sites", "money"}:
            until = "until the end of" if self.carry_over else "in"
            return f"at most {limit.most:,.10g} {kind} {until} {self.years[int(number)].name}"
        if kind == "after":
            return " opens no sooner than ".join(self.after[int(number.partition("_")[0])])
        return self.asked.in_words(replace(limit, site=np.unique(limit.site % self.asked.m)))
