"""Which sites open in which year, asked, answered, and compared with plans that look less far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.answer import Found, ending_of
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.means import covered_by
from planner.network import Flags, Floats, Integers
from planner.phasing.asked import Measure
from planner.phasing.pairs import Pairs
from planner.phasing.plan import PhasedPlan, Phasings, Year
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules
from planner.standards import Standard


def phase_sites(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard | None,
    *,
    years: Sequence[Year],
    measure: Measure = "person-years",
    standing: Reach | None = None,
    people_by_year: Floats | None = None,
    ready: Mapping[str, str] | None = None,
    after: Sequence[tuple[str, str]] = (),
    carry_over: bool = False,
    closes: Mapping[str, str] | None = None,
    moves: Sequence[tuple[str, str]] = (),
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> PhasedPlan:
    """The sites, and the years to open them in, that serve the most person-years beyond what stands today.

    What opens stays open, so each year has the sites of the year before and more. `people_by_year` (n, t) tells who
    lives where in each year; by default nobody moves. A site is `ready` from the year named on; the first of a pair
    in `after` opens in the year of the second or later. With `carry_over`, what a year leaves unused of its number
    and its money may be used in later ones. Rules hold for all years together; `must_keep` opens in any of them.

    A standing facility in `closes` serves no more from the year named on. The first of a pair in `moves` stands until
    the second, a candidate, opens: the plan moves it where that helps, or must where the candidate is kept. Who
    is left without service counts against the plan, which may then be worth less than nothing.

    A place is served from the year in which its first site opens. With W_is, its person-years from year s on,

        max  Σ_i max {W_is : j ∈ N_i, x_js = 1}   s.t.  Σ_j x_js ≤ p_s  for every year s,   x_js ∈ {0, 1}:

    the question of gradual cover, with a site for each candidate and year. By "person-metres" it is the fewest metres
    walked, no walk longer than the limit D of the reach, and `standard` is None: with w_iu, the person-years of i in
    year u alone, and with q_ku, whether k that moves still stands (both measures, where somebody reaches k),

        max  Σ_i Σ_u w_iu max {D − d_ij, D − d_ik : Σ_{s ≤ u} x_js = 1, q_ku = 1},   q_ku + Σ_{s ≤ u} x_js ≤ 1.

    Schilling (1980), Dynamic location modeling for public-sector facilities: a multicriteria approach; Gunawardane
    (1982), Dynamic versions of set covering type public facility location problems; Wesolowsky & Truscott (1975), The
    multiperiod location-allocation problem with relocation of facilities.
    """
    question = _Question(
        *(demand, to_candidates, standard, tuple(years), measure, standing, people_by_year, dict(ready or {})),
        *(tuple(after), carry_over, dict(closes or {}), tuple(moves), weights, rules, effort),
    )
    question.check()
    best = question.find(question.person_years, question.choice)
    return question.plan(best, lambda: question.compared(best))


def order_sites(  # noqa: PLR0913  (a question has this many parts, each named)
    plan: Plan,
    demand: Demand,
    to_candidates: Reach,
    standard: Standard | None,
    *,
    years: Sequence[Year],
    measure: Measure = "person-years",
    standing: Reach | None = None,
    people_by_year: Floats | None = None,
    ready: Mapping[str, str] | None = None,
    after: Sequence[tuple[str, str]] = (),
    carry_over: bool = False,
    closes: Mapping[str, str] | None = None,
    moves: Sequence[tuple[str, str]] = (),
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> PhasedPlan:
    """The years in which to open the sites of a plan, all of them by the last year; else as `phase_sites`.

    Compared, it stands beside sites chosen anew under the rules given here: what it costs that the sites were chosen
    before the years were.
    """
    anew = _Question(
        *(demand, to_candidates, standard, tuple(years), measure, standing, people_by_year, dict(ready or {})),
        *(tuple(after), carry_over, dict(closes or {}), tuple(moves), weights, rules, effort),
    )
    if unknown := sorted({*plan.opened} - {*anew.at}):
        raise QuestionError(
            f"{len(unknown)} sites of the plan are no candidates ({first(unknown)}). Give its own reach."
        )
    others = sorted({*anew.at} - {*plan.opened})
    question = replace(anew, rules=replace(rules, must_keep=plan.opened, forbid=others))
    question.check()
    found = question.find(question.person_years, question.choice)

    def compared() -> Phasings:
        anew.check()
        best = anew.find(anew.person_years, anew.choice)
        return replace(anew.compared(best), ordered=anew.held(best, found.plan))

    return question.plan(found, compared)


def compare_phasings(plan: PhasedPlan) -> Phasings:
    """A phased plan beside the myopic one and beside the sites that are best in the end; asked in the same effort."""
    if plan.others is None:
        raise QuestionError("This plan was itself made for a comparison. Compare the plan of phase_sites.")
    return plan.others()


class _Question(Pairs):
    """The question, its plan, and the plans that look less far."""

    def plan(self, found: Found, others: Callable[[], Phasings] | None = None) -> PhasedPlan:
        """What is found, in the order of the years."""
        m, t, figures, ahead = self.asked.m, len(self.years), self.figures(found.plan), self.first_pair
        pairs = np.flatnonzero(self.opens(found.plan))
        pairs = pairs[np.lexsort((-figures.served[ahead + pairs], pairs // m))]
        change = np.column_stack([np.maximum(*both) for both in self.brought(found.plan)]) - self.today[:, None]
        until = self.stands(found.plan).sum(axis=0)
        return PhasedPlan(
            question="phase_sites",
            standard=self.standard,
            unit=self.measure,
            larger_is_better=self.sign > 0,
            opened=tuple(str(self.to_candidates.facility_ids[j]) for j in pairs % m),
            sites=pairs % m,
            served=figures.served[ahead + pairs],
            only=figures.only[ahead + pairs],
            gained=figures.gained,
            **found.ended,
            candidates=self.to_candidates.facility_ids,
            years=self.years,
            year=pairs // m,
            newly_served=(np.sign(change) * self.people).sum(axis=0),
            closed=tuple((site, self.names[until[k]]) for site, k in self.stands_at.items() if until[k] < t),
            in_the_end=self._in_the_end(found, pairs % m, figures.gained) if self.standard else None,
            others=others,
        )

    def _in_the_end(self, found: Found, sites: Integers, gained: Flags) -> Plan:
        """What chosen sites do once all are open, without a bound of its own: it is the years that are best."""
        figures = covered_by(self.asked, self.reach, np.isin(np.arange(self.asked.m), sites), gained)
        people = float(self.people[gained, -1].sum())
        return Plan(
            question="cover_most_people",
            standard=self.standard,
            unit="people",
            larger_is_better=True,
            opened=tuple(str(self.to_candidates.facility_ids[j]) for j in sites),
            sites=sites,
            served=figures.served[sites],
            only=figures.only[sites],
            gained=gained,
            **{**found.ended, "objective": people, "bound": people},
            candidates=self.to_candidates.facility_ids,
        )

    def compared(self, best: Found) -> Phasings:
        """The best plan beside the two that look less far."""
        myopic = self.myopic()
        return Phasings(
            self.plan(best), None if myopic is None else self.held(best, myopic), self.held(best, self.static())
        )

    def myopic(self) -> Flags | None:
        """Year after year what is best in it, given what is open; None where that ends against a rule."""
        t, choice, ahead = len(self.years), self.choice, self.first_pair
        opened = np.zeros(choice.m, bool)
        of_year = np.concatenate([np.full(ahead, -1), np.repeat(np.arange(t), self.asked.m)])
        for s in range(t):
            now = choice.settled(opened, ~opened & (of_year != s) & (of_year >= 0))
            if s < t - 1:  # what is asked for at least may still come
                now = replace(now, limits=tuple(replace(limit, least=-np.inf) for limit in now.limits))
            try:
                opened = self.find(self._only(s), now).plan
            except QuestionError:
                return None
            opened[:ahead] = False
        return opened

    def static(self) -> Flags:
        """The sites that are best in the last year, in their best order."""
        t = len(self.years)
        sites = self.opens(self.find(self._only(t - 1), self.choice).plan).any(axis=0)
        never = np.concatenate([np.zeros(self.first_pair, bool), np.tile(~sites, t)])
        return self.find(self.person_years, self.choice.settled(never & False, never)).plan

    def _only(self, s: int) -> Floats:
        """(n, t) the person-years of one year alone."""
        return np.where(np.arange(len(self.years)) == s, self.person_years, 0.0)

    def held(self, best: Found, plan: Flags) -> PhasedPlan:
        """Another plan over pairs, held against the bound of the phased one."""
        objective = self.weighed(plan, self.person_years)
        ending = ending_of(objective, best.bound, self.sign)
        return self.plan(replace(best, plan=plan, objective=objective, ending=ending))
