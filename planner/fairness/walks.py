"""Plans that weigh long walks more than short ones: evenly spread walks, and the walks of those who walk farthest."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.answer import Figures, Means, answer, ending_of
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError
from planner.means import answer_by_gains, lost_without
from planner.network import Flags, Floats
from planner.optimise.choice import Choice, Incumbent
from planner.plan import Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules

STEEPEST = 30.0  # κ times the limit: beyond e^30 a sum in floating point no longer knows the short walks


def walks_today(demand: Demand, to_candidates: Reach, standing: Reach | None) -> Floats:
    """(n,) how far each place walks to the nearest facility in `standing`; beyond the reach, its limit."""
    today = np.full(len(demand.ids), to_candidates.limit)
    return today if standing is None else np.minimum(today, standing.nearest()[0])


def dislike_of_long_walks(distance: Floats, people: Floats, aversion: float) -> float:
    """κ of Kolm and Pollak, in 1/m: `aversion` times Σ w d / Σ w d², so that it does not depend on the unit of walks.

    0 where nobody walks at all. Sheriff & Maguire (2020), Health risk, inequality indexes, and environmental justice.
    """
    squares = float(people @ distance**2)
    return aversion * float(people @ distance) / squares if squares > 0 else 0.0


def walk_as_if_even(distance: Floats, people: Floats, kappa: float) -> float:
    """The walk that, if everybody had it, would be as bad as these walks: (1/κ) ln(Σ w exp(κ d) / Σ w), in metres.

    The mean where κ is 0, more the more uneven walks are, and never more than the longest.

    Kolm (1976); Pollak (1971); Logan, Anderson, Williams & Conrow (2021), Measuring inequalities in urban systems.
    """
    if kappa == 0:
        return float(np.average(distance, weights=people))
    most = float(distance[people > 0].max())
    return most + float(np.log(np.average(np.exp(np.minimum(kappa * (distance - most), 0.0)), weights=people))) / kappa


def even_walks(
    demand: Demand,
    to_candidates: Reach,
    *,
    aversion: float = 1.0,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites with the smallest Kolm–Pollak equally-distributed equivalent of all walks.

        min (1/κ) ln(Σ_i w_i exp(κ d_i) / Σ_i w_i)     which is smallest where Σ_i w_i exp(κ d_i) is

    The objective is metres: the walk that would be as bad if everybody had it. κ is `aversion` times
    Σ w d / Σ w d² of the walks of today, so it is the same for all plans. A walk beyond the limit of the reach counts
    as that limit, as in `shorten_walks`, whose programme it is with another worth for each metre.

    Horton, Logan, Skipper & Speakman (2024), A scalable optimization approach for equitable facility location.
    """
    asked = Asked("even_walks", "metres", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(more=_nobody(asked))
    today, people, limit = walks_today(demand, to_candidates, standing), asked.people, to_candidates.limit
    kappa = dislike_of_long_walks(today, people, aversion)
    steep = dislike_of_long_walks(today, people, 1.0) * limit
    if not 0 < aversion < np.inf or aversion * steep > STEEPEST:
        raise QuestionError(
            f"An aversion of {aversion:g} to long walks cannot be weighed within {limit:g} {to_candidates.unit}. "
            f"Give one above 0 and at most {STEEPEST / steep if steep > 0 else 1:.3g}; 1 is usual."
        )
    nearest = np.minimum(today, to_candidates.only(~asked.choice.shut).nearest()[0])
    least = float(people @ np.exp(kappa * (nearest - limit)))  # no plan has less: objectives are 1 or more

    def bad(distance: Floats) -> Floats:
        return np.asarray(np.exp(kappa * (distance - limit)) / least)

    def metres(value: float) -> float:
        if kappa == 0:
            return 0.0
        return limit + float(np.log(max(value, 1.0) * least / people.sum())) / kappa

    def in_metres(plan: Plan) -> Plan:
        again, walk, bound = plan.again, metres(plan.objective), metres(plan.bound)
        ending = ending_of(walk, bound, -1)
        return replace(
            plan,
            only=np.array([metres(plan.objective + lost) - walk for lost in plan.only.tolist()]),
            objective=walk,
            bound=walk if ending == "proven" else bound,
            ending=ending,
            again=None if again is None else lambda limits: in_metres(again(limits)),
        )

    worth = np.repeat(bad(today), np.diff(to_candidates.indptr)) - bad(to_candidates.distance)
    had = np.zeros(len(people))
    return in_metres(
        answer_by_gains(asked, to_candidates, people, worth=worth, had=had, walked=float(people @ bad(today)))
    )


def shorten_worst_walks(
    demand: Demand,
    to_candidates: Reach,
    *,
    worst: float = 0.1,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites with the shortest mean walk of the `worst` share of the people, those who walk farthest.

    The objective is metres. Of everybody (1) it is the mean walk, of ever fewer the longest walk. A walk beyond
    the limit of the reach counts as that limit.

    Ogryczak & Zawadzki (2002), Conditional median; as conditional value at risk, Rockafellar & Uryasev (2000).
    """
    from planner.optimise.covering.centre import Ways  # noqa: PLC0415  (PuLP takes half a second to load)
    from planner.optimise.tail import shortest_tail, tail_mean  # noqa: PLC0415

    asked = Asked("shorten_worst_walks", "metres", demand, to_candidates, standing, weights, new_sites, rules, effort)
    no_share = [] if 0 < worst <= 1 else [f"{worst:g} is no share of the people. Give one above 0 and at most 1."]
    asked.check(more=[*_nobody(asked), *no_share])
    today, people = walks_today(demand, to_candidates, standing), asked.people
    ways = Ways(to_candidates.indptr, to_candidates.facility.astype(np.int64), to_candidates.distance, today)

    def search(choice: Choice, incumbent: Incumbent) -> bool:
        return shortest_tail(people, ways, worst, choice, incumbent)

    def walk(plan: Flags) -> float:
        return tail_mean(ways.farthest(plan), people, worst)

    def figures(plan: Flags) -> Figures:
        away, which = to_candidates.only(plan).nearest()
        gained = away < today
        return Figures(asked.by_site(which, gained), lost_without(plan, lambda kept: -walk(kept)), gained)

    return answer(asked, Means(search, walk, figures, sign=-1))


def _nobody(asked: Asked) -> list[str]:
    return [] if (asked.people > 0).any() else ["Nobody lives in these places, so nobody walks. Check the people."]
