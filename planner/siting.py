"""A planner's question → a Plan, one function a question. Reads a reach; knows nothing of coverage."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.network import Flags, Floats, Integers
from planner.reach import Reach
from planner.standards import Standard

log = logging.getLogger(__name__)

PROVEN = 1e-6  # of the people gained: as near as bound and objective must be, both in floating point


@dataclass(frozen=True)
class Plan:
    """Where to build, and how good that provably is. Every figure is recomputed from `sites`."""

    question: str  # "cover_most_people"
    standard: Standard
    opened: tuple[str, ...]  # (p,)  ids of the chosen candidates, the largest `served` first
    sites: Integers  # (p,)  their positions among the candidates
    served: Floats  # (p,)  people gained whose nearest chosen site this is; sums to `objective`
    only: Floats  # (p,)  people who would lose their cover if this site alone fell out
    gained: Flags  # (n,)  places that the plan covers and the standing facilities do not
    objective: float  # people gained
    bound: float  # no plan gains more people than this
    ending: str  # "proven" or "stopped"
    solver: str  # name and version
    seconds: float  # for the log; in no output

    @property
    def gap(self) -> float:
        """What a better plan could gain at most, as a share of the bound; 0 where the plan is proven best."""
        return 0.0 if self.bound <= self.objective else (self.bound - self.objective) / self.bound

    def __str__(self) -> str:
        best = "proven best" if self.ending == "proven" else f"at most {self.bound - self.objective:,.0f} more possible"
        return f"{len(self.opened)} sites, {self.objective:+,.0f} people, {best} (gap {self.gap:.2%})"


def cover_most_people(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    standing: Reach | None = None,
    counts: Flags | None = None,
    new_sites: int,
    must_keep: Sequence[str] = (),
    forbid: Sequence[str] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
) -> Plan:
    """The new sites that bring the standard to the most people who lack it.

    People are the first group of the demand. Those within the limit of a facility in `standing` are served
    already and count for no site; leave out of `standing` what is too small for the standard. `counts` (m,)
    marks the candidates that meet its area floor; the others serve nobody. Sites in `must_keep` are opened
    whatever they bring and are among the `new_sites`. At most `new_sites` are opened: a site that adds
    nobody stays shut unless it is kept.

    The plan is "proven" where no plan can gain more people than it does; where people are whole numbers the
    bound is rounded down. Otherwise it is "stopped" at `time_limit_s` (of the solver alone) or at `gap` (a
    share), with the bound it reached. Proven plans are the same on every run; among equally good plans at
    hand the one first in candidate order is taken. What a stopped plan holds depends on the machine's speed.

    Church & ReVelle (1974), The maximal covering location problem.
    """
    began = perf_counter()
    candidates = to_candidates.facility_ids
    counted = np.ones(len(candidates), bool) if counts is None else np.asarray(counts, bool)
    faults = [
        *_reach_faults(demand, to_candidates, standing, standard),
        *_site_faults(candidates, counted, standard, new_sites, must_keep, forbid),
        *_effort_faults(time_limit_s, gap),
    ]
    if faults:
        raise QuestionError("\n".join(faults))
    keep = np.flatnonzero(np.isin(candidates, list(must_keep)))
    shut = np.flatnonzero(np.isin(candidates, list(forbid)) | ~counted)

    lacking = np.ones(len(demand.ids), bool)
    if standing is not None:
        lacking = standing.within(standard.limit_m).facilities_in_reach == 0
    people = np.where(lacking, demand.people[:, 0], 0.0)
    reach = to_candidates.within(standard.limit_m)
    chosen, bound, solver = _most_covered(people, reach, new_sites, keep, shut, time_limit_s, gap)

    built = reach.only(chosen)
    gained = lacking & (built.facilities_in_reach > 0)
    objective = float(people[gained].sum())
    served = _people_by_site(built.nearest()[1][gained], people[gained], len(candidates))
    alone = gained & (built.facilities_in_reach == 1)
    only = _people_by_site(built.facility[built.indptr[:-1][alone]], people[alone], len(candidates))
    sites = np.flatnonzero(chosen)
    sites = sites[np.argsort(-served[sites], kind="stable")]

    if (people == np.floor(people)).all():
        bound = float(np.floor(bound + PROVEN * max(1.0, objective)))
    bound = max(bound, objective)
    plan = Plan(
        question="cover_most_people",
        standard=standard,
        opened=tuple(str(candidates[j]) for j in sites),
        sites=sites,
        served=served[sites],
        only=only[sites],
        gained=gained,
        objective=objective,
        bound=bound,
        ending="proven" if bound - objective < PROVEN * max(1.0, objective) else "stopped",
        solver=solver,
        seconds=perf_counter() - began,
    )
    log.info("%s, %.2f s", plan, plan.seconds)
    return plan


def _most_covered(
    people: Floats, reach: Reach, new_sites: int, keep: Integers, shut: Integers, time_limit_s: float, gap: float
) -> tuple[Flags, float, str]:
    """The sites (m,) that cover the most of `people` (n,), a bound on all plans, and the solver's name.

    Reduced to its core, and solved for what is left. The best of the plans met is returned, so a solver
    that stops early never makes the answer worse than the search before it.
    """
    from planner.optimise import models, reduce, search, solver  # noqa: PLC0415  (PuLP takes half a second to load)

    rows = (people, reach.indptr, reach.facility.astype(np.int64))
    m, kept, closed = len(reach.facility_ids), keep.tolist(), shut.tolist()
    core = reduce.core_of(*rows, m, new_sites, kept, closed)
    if not len(core.weight):
        log.info("No candidate reaches anybody who is not served yet.")
    always, never = np.flatnonzero(core.always).tolist(), np.flatnonzero(core.never).tolist()
    programme = models.maximal_covering(core.weight, core.indptr, core.site, m, new_sites, keep=always, forbid=never)
    start = np.flatnonzero(core.plan).tolist()
    ending = solver.solve(programme, time_limit_s=time_limit_s, gap=gap, warm_start=start)

    plans = [core.plan]
    if ending.open is not None:
        plans.append(search.improve(*rows, m, new_sites, kept, closed, start=np.flatnonzero(ending.open).tolist()))
    worth = [search.covered(*rows, plan) for plan in plans]
    best, _ = min(zip(plans, worth, strict=True), key=lambda pair: (-pair[1], np.flatnonzero(pair[0]).tolist()))
    # A plan outside the core is worth less than the core's own plan, so the larger of the two bounds it too.
    return best, min(core.bound, max(ending.bound, worth[0])), ending.solver


def _people_by_site(site: Integers, people: Floats, m: int) -> Floats:
    """(m,) the people of each site."""
    return np.bincount(site, weights=people, minlength=m).astype(np.float64)


def _reach_faults(demand: Demand, to_candidates: Reach, standing: Reach | None, standard: Standard) -> Iterator[str]:
    """What keeps these reaches from answering for this demand and this standard."""
    for what, reach in (("candidates", to_candidates), ("standing facilities", standing)):
        if reach is None:
            continue
        if len(reach.demand_ids) != len(demand.ids) or (reach.demand_ids != demand.ids).any():
            yield (
                f"The reach to the {what} is of {len(reach.demand_ids)} places ({first(reach.demand_ids)}), not of "
                f"the {len(demand.ids)} of this demand ({first(demand.ids)}). Measure it for this demand."
            )
        if reach.unit != "m":
            yield f"The reach to the {what} is measured in seconds, and {standard.id} asks for metres. Measure those."
        elif reach.limit_m < standard.limit_m:
            yield (
                f"The reach to the {what} was measured up to {reach.limit_m:g} m, and {standard.id} asks for "
                f"{standard.limit_m:g} m. Measure again up to {standard.limit_m:g} m."
            )
    if standing is not None and standing.metric != to_candidates.metric:
        yield (
            f"Candidates are measured by {to_candidates.metric!r} and standing facilities by {standing.metric!r}. "
            "Measure both the same way."
        )


def _site_faults(
    candidates: NDArray[np.str_],
    counted: Flags,
    standard: Standard,
    new_sites: int,
    must_keep: Sequence[str],
    forbid: Sequence[str],
) -> Iterator[str]:
    """What contradicts itself, or the candidates there are, in the sites asked for."""
    if len(counted) != len(candidates):
        yield f"`counts` marks {len(counted)} candidates of {len(candidates)}. Mark each of them."
        return
    known, small, kept, forbidden = set(candidates), set(candidates[~counted]), set(must_keep), set(forbid)
    for what, ids in (("must_keep", kept), ("forbid", forbidden)):
        if unknown := sorted(ids - known):
            yield (
                f"{len(unknown)} ids in {what} are no candidates ({first(unknown)}). "
                f"Choose among the {len(candidates)} candidates ({first(candidates)})."
            )
    if both := sorted(kept & forbidden):
        yield f"{len(both)} sites are in must_keep and in forbid ({first(both)}). Take each out of one of them."
    if useless := sorted(kept & small):
        yield (
            f"{len(useless)} sites in must_keep do not count for {standard.id} ({first(useless)}; its floor is "
            f"{standard.min_area_m2:g} m²). Take them out of must_keep, or lower the floor."
        )
    available = len(known - small - forbidden)
    if new_sites < 0:
        yield f"{new_sites} new sites cannot be opened. Ask for 0 or more."
        return
    if new_sites > available:
        yield (
            f"{new_sites} sites asked of {available} candidates ({len(candidates)} given, {len(known & forbidden)} "
            f"forbidden, {len(small - forbidden)} too small for {standard.id}). "
            f"Ask for {available} or fewer, or bring more candidates: larger land cut up, a layer, a grid of plots."
        )
    if len(kept) > new_sites:
        yield (
            f"{len(kept)} sites are to be kept among {new_sites} new ones ({first(sorted(kept))}). "
            "Ask for more new sites, or keep fewer."
        )


def _effort_faults(time_limit_s: float, gap: float) -> Iterator[str]:
    """What no search can be told."""
    if not time_limit_s > 0:
        yield f"A time limit of {time_limit_s:g} s leaves no time to search. Give more than 0 s."
    if not 0 <= gap < 1:
        yield f"A gap of {gap:g} is no share. Give 0 for the best plan, or a share below 1."
