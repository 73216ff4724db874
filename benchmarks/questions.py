"""The siting questions in one place: how each is asked of planner, and what an answer is worth, counted anew.

Whoever answers, us or a peer, is believed in nothing but the sites: the objective is recomputed here from
them and from the instance's plain arrays.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import planner
from benchmarks.huge import peak_gib
from benchmarks.instances import Floats, Instance, Integers, Rows

COVER, FEWEST, WALKS, LONGEST = "cover_most_people", "open_fewest_sites", "shorten_walks", "shorten_longest_walk"
EQUAL = 1e-9  # share by which the same sum in another order may differ


@dataclass(frozen=True)
class Question:
    """What is asked, by the name of planner's function, and of how many new sites where a number is given."""

    name: str
    new_sites: int | None = None

    def better(self, one: float, other: float) -> bool:
        """Whether an objective beats another by more than rounding."""
        return (one - other if self.name == COVER else other - one) > EQUAL * max(1.0, abs(one), abs(other))

    def __str__(self) -> str:
        asked = {
            COVER: "most people covered (MCLP)",
            FEWEST: "fewest sites for all (LSCP)",
            WALKS: "shortest walks (p-median)",
            LONGEST: "shortest longest walk (p-center)",
        }[self.name]
        return asked if self.new_sites is None else f"{asked}, p = {self.new_sites}"


@dataclass(frozen=True)
class Answer:
    """What somebody found, how long it took, and how it ended."""

    ending: str  # "proven", "stopped", or "gave up": then there is no plan
    seconds: float  # building the programme and solving it
    objective: float = np.nan  # recomputed from the sites
    bound: float = np.nan  # of ours
    build_s: float = 0.0  # of a peer
    why: str = ""  # a peer gave up
    peak_gib: float = 0.0  # of our process by the time of the plan
    heard: list[tuple[float, float]] = field(default_factory=list)  # of ours: second and objective of each better plan

    @property
    def gap(self) -> float:
        """How far objective and bound lie apart, as a share of the larger."""
        return abs(self.bound - self.objective) / max(abs(self.bound), abs(self.objective), 1e-12)

    def first_plan(self) -> tuple[float, float]:
        """When the first plan was there, and how near it was to the bound at the end, as a share."""
        at, objective = self.heard[0]
        return at, min(objective, self.bound) / max(objective, self.bound, 1e-12)

    def as_good_at(self, question: Question, objective: float) -> float:
        """When the first plan at least as good as an objective was there."""
        return next((at for at, found in self.heard if not question.better(objective, found)), self.seconds)


def ask(instance: Instance, question: Question, limit_s: float) -> Answer:
    """Planner's answer. The objective it claims must be true."""
    heard: list[tuple[float, float]] = []
    began = time.perf_counter()

    def tell(objective: float, _: float) -> None:
        if np.isfinite(objective) and (not heard or question.better(objective, heard[-1][1])):
            heard.append((time.perf_counter() - began, objective))

    plan = _plan(instance, question, limit_s, tell)
    seconds, peak = time.perf_counter() - began, peak_gib()
    objective = worth(question, instance, plan.sites)
    claimed = len(plan.sites) if question.name == FEWEST else plan.objective
    assert abs(objective - claimed) <= EQUAL * max(1.0, abs(objective)), f"{plan} is worth {objective:,.6f}"
    return Answer(plan.ending, seconds, objective, float(plan.bound), peak_gib=peak, heard=heard)


def _plan(instance: Instance, question: Question, limit_s: float, tell: Callable[[float, float], None]) -> planner.Plan:
    """The plan, by the names that planner gives to its questions; all that depends on them stands here."""
    about = (instance.demand, instance.reach, *([instance.standard] if question.name in {COVER, FEWEST} else []))
    of = {} if question.new_sites is None else {"new_sites": question.new_sites}
    plan: planner.Plan = getattr(planner, question.name)(*about, **of, effort=planner.Effort(limit_s, tell=tell))
    return plan


def worth(question: Question, instance: Instance, sites: Integers) -> float:
    """What opening these sites is worth: people covered, sites, person-metres, or metres.

    A walk beyond the instance's limit counts as that limit among person-metres. Infinite where everybody is to be
    served and somebody is not; those who live nowhere need no site.
    """
    assert len(set(sites)) == len(sites), "a site is opened twice"
    assert question.new_sites is None or len(sites) <= question.new_sites, f"{len(sites)} sites: {question}"
    people, opened = instance.people, np.zeros(instance.shape[1], bool)
    opened[sites] = True
    metres = nearest(instance.rows, opened)
    lived_in = people > 0
    if question.name == COVER:
        return float(people[np.isfinite(metres)].sum())
    if question.name == WALKS:
        return float(people @ np.minimum(metres, instance.limit_m))
    if not np.isfinite(metres[lived_in]).all():
        return np.inf
    return float(len(sites)) if question.name == FEWEST else float(metres[lived_in].max())


def nearest(rows: Rows, opened: np.ndarray) -> Floats:
    """(n,) metres to the nearest site that is open (m,), infinite where none is in reach."""
    indptr, site, metres = rows
    some = np.flatnonzero(np.diff(indptr))
    least = np.full(len(indptr) - 1, np.inf)
    if len(some):
        least[some] = np.minimum.reduceat(np.where(opened[site], metres, np.inf), indptr[some])
    return least
