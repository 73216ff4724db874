"""What any plan must obey, whatever is asked: which sites, how many of which, for how much, and who at least."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.errors import first
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Limit, at_most
from planner.standards import Standard


@dataclass(frozen=True)
class Quota:
    """At least and at most so many of a group of candidates: of a subdistrict, of an owner, of two that exclude."""

    name: str
    sites: Sequence[str]
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Floor:
    """At least this share of the people of some places is served, those of standing facilities included."""

    name: str
    places: Flags  # (n,)
    share: float

    def __str__(self) -> str:
        return f"floor {self.name!r} ({self.share:.1%} of its people)"


@dataclass(frozen=True)
class Size:
    """One of the sizes in which a candidate can be built; an open one has exactly one."""

    site: str
    capacity: float  # people
    cost: float = 0.0  # in any money


@dataclass(frozen=True)
class Rules:
    """What any plan must obey. Everything may be left out."""

    must_keep: Sequence[str] = ()  # candidates that are opened whatever they bring; among the new sites
    forbid: Sequence[str] = ()  # candidates that are not
    counts: Flags | None = None  # (m,)  candidates that meet the standard's area floor; the others serve nobody
    cost: Floats | None = None  # (m,)  of each candidate, in any money
    budget: float | None = None  # Σ cost of the opened candidates at most
    quotas: Sequence[Quota] = ()
    floors: Sequence[Floor] = ()  # of the questions that cover people
    apart: Integers = field(default_factory=lambda: np.empty((0, 2), np.int64))  # (k, 2) candidates, never both
    parcels: Integers | None = None  # (m,) how many of the new sites each candidate counts as; 1 each by default

    def choice(self, candidates: NDArray[np.str_], new_sites: int | None) -> Choice:
        """The same for the programmes, as positions among the m candidates."""
        m = len(candidates)
        at = {str(name): j for j, name in enumerate(candidates)}
        keep = np.isin(np.arange(m), [at[name] for name in self.must_keep])
        shut = np.isin(np.arange(m), [at[name] for name in self.forbid])
        if self.counts is not None:
            shut |= ~np.asarray(self.counts, bool)
        limits = [] if new_sites is None else [at_most(new_sites, m)]
        if new_sites is not None and self.parcels is not None and (np.asarray(self.parcels) != 1).any():
            limits.append(Limit("parcels", np.arange(m), np.asarray(self.parcels, float), most=float(new_sites)))
        if self.budget is not None and self.cost is not None:
            limits.append(Limit("budget", np.arange(m), np.asarray(self.cost, float), most=float(self.budget)))
        for number, quota in enumerate(self.quotas):
            most = np.inf if quota.at_most is None else float(quota.at_most)
            group = np.array(sorted({at[name] for name in quota.sites}), np.int64)
            limits.append(Limit(f"quota_{number}", group, np.ones(len(group)), float(quota.at_least), most))
        for a, b in np.sort(np.asarray(self.apart, np.int64).reshape(-1, 2), axis=1).tolist():
            limits.append(Limit(f"apart_{a}_{b}", np.array([a, b]), np.ones(2), most=1.0))
        return Choice(keep, shut, tuple(limits))


@dataclass(frozen=True)
class Effort:
    """How long and how hard to search, and who hears of it."""

    time_limit_s: float = 60.0
    gap: float = 0.0  # share of the bound at which to stop
    tell: Callable[[float, float], None] | None = None  # hears (objective, bound) whenever one of them improves


ANY, USUAL = Rules(), Effort()  # what a question is asked under where nothing else is said


def rule_faults(  # noqa: C901  (one rule after the other)
    rules: Rules, candidates: NDArray[np.str_], new_sites: int | None, standard: Standard | None, places: int
) -> Iterator[str]:
    """What contradicts itself, or the candidates and places there are."""
    m = len(candidates)
    for what, array in (("counts", rules.counts), ("cost", rules.cost), ("parcels", rules.parcels)):
        if array is not None and len(array) != m:
            yield f"`{what}` has {len(array)} entries for {m} candidates. Give one for each of them."
            return
    counted = np.ones(m, bool) if rules.counts is None else np.asarray(rules.counts, bool)
    known, small = set(candidates.tolist()), set(candidates[~counted].tolist())
    kept, forbidden = set(rules.must_keep), set(rules.forbid)
    named = {quota.name: set(quota.sites) for quota in rules.quotas}
    for what, ids in (("must_keep", kept), ("forbid", forbidden), *((f"quota {n!r}", s) for n, s in named.items())):
        if unknown := sorted(ids - known):
            yield (
                f"{len(unknown)} ids in {what} are no candidates ({first(unknown)}). "
                f"Choose among the {m} candidates ({first(candidates)})."
            )
    if both := sorted(kept & forbidden):
        yield f"{len(both)} sites are in must_keep and in forbid ({first(both)}). Take each out of one of them."
    if useless := sorted(kept & small):
        yield (
            f"{len(useless)} sites in must_keep do not count for {_asked(standard)} ({first(useless)}; its floor is "
            f"{standard.min_area_m2 if standard else 0:g} m²). Take them out of must_keep, or lower the floor."
        )
    yield from _count_faults(rules, candidates, new_sites, known - small - forbidden, standard)
    yield from _money_faults(rules, candidates, kept & known)
    yield from _quota_faults(rules, new_sites, known - small - forbidden, kept)
    for floor in rules.floors:
        if len(floor.places) != places:
            yield f"Floor {floor.name!r} marks {len(floor.places)} places of {places}. Mark each of them."
        elif not 0 <= floor.share <= 1:
            yield f"Floor {floor.name!r} asks for a share of {floor.share:g}. Give one between 0 and 1."
    pairs = np.asarray(rules.apart, np.int64).reshape(-1, 2)
    if (bad := pairs[(pairs < 0).any(axis=1) | (pairs >= m).any(axis=1) | (pairs[:, 0] == pairs[:, 1])]).size:
        yield f"{len(bad)} pairs in apart are no two of the {m} candidates ({first(bad.tolist())}). Give positions."
    elif near := [f"{candidates[a]} and {candidates[b]}" for a, b in pairs if {candidates[a], candidates[b]} <= kept]:
        yield f"{len(near)} pairs in must_keep exclude each other ({first(near)}). Keep one of each."


def effort_faults(effort: Effort) -> Iterator[str]:
    """What no search can be told."""
    if not effort.time_limit_s > 0:
        yield f"A time limit of {effort.time_limit_s:g} s leaves no time to search. Give more than 0 s."
    if not 0 <= effort.gap < 1:
        yield f"A gap of {effort.gap:g} is no share. Give 0 for the best plan, or a share below 1."


def _asked(standard: Standard | None) -> str:
    return "this question" if standard is None else standard.id


def _count_faults(
    rules: Rules, candidates: NDArray[np.str_], new_sites: int | None, available: set[str], standard: Standard | None
) -> Iterator[str]:
    if new_sites is None:
        return
    if new_sites < 0:
        yield f"{new_sites} new sites cannot be opened. Ask for 0 or more."
        return
    forbidden = set(rules.forbid) & set(candidates.tolist())
    small = len(candidates) - len(available) - len(forbidden)
    if new_sites > len(available):
        yield (
            f"{new_sites} sites asked of {len(available)} candidates ({len(candidates)} given, {len(forbidden)} "
            f"forbidden, {small} too small for {_asked(standard)}). "
            f"Ask for {len(available)} or fewer, or bring more candidates: larger land cut up, a layer, "
            "a grid of plots."
        )
    if len(set(rules.must_keep)) > new_sites:
        yield (
            f"{len(set(rules.must_keep))} sites are to be kept among {new_sites} new ones "
            f"({first(sorted(set(rules.must_keep)))}). Ask for more new sites, or keep fewer."
        )


def _money_faults(rules: Rules, candidates: NDArray[np.str_], kept: set[str]) -> Iterator[str]:
    if rules.budget is not None and rules.cost is None:
        yield f"A budget of {rules.budget:g} needs the cost of each candidate. Give `cost`."
    if rules.cost is None:
        return
    cost = np.asarray(rules.cost, float)
    if (bad := ~np.isfinite(cost) | (cost < 0)).any():
        yield (
            f"{int(bad.sum())} candidates have negative or missing costs ({first(candidates[bad])}). "
            "Give each a cost of 0 or more."
        )
    elif rules.budget is not None:
        paid = float(cost[np.isin(candidates, sorted(kept))].sum())
        if not rules.budget >= 0:
            yield f"A budget of {rules.budget:g} buys nothing. Give 0 or more."
        elif paid > rules.budget * (1 + EXACT):
            yield (
                f"The {len(kept)} sites in must_keep cost {paid:,.0f}, {paid - rules.budget:,.0f} more than the budget "
                f"of {rules.budget:,.0f} ({first(sorted(kept))}). Raise the budget, or keep fewer."
            )


def _quota_faults(rules: Rules, new_sites: int | None, available: set[str], kept: set[str]) -> Iterator[str]:
    for quota in rules.quotas:
        group = set(quota.sites)
        if quota.at_most is not None and quota.at_most < quota.at_least:
            yield f"Quota {quota.name!r} asks for at least {quota.at_least} and at most {quota.at_most}. Swap them."
            continue
        if quota.at_least > len(group & available):
            yield (
                f"Quota {quota.name!r} asks for at least {quota.at_least} of {len(group & available)} candidates that "
                "may open. Ask for fewer, or bring more candidates."
            )
        if quota.at_most is not None and len(group & kept) > quota.at_most:
            yield (
                f"Quota {quota.name!r} allows {quota.at_most}, and {len(group & kept)} of its sites are in must_keep "
                f"({first(sorted(group & kept))}). Keep fewer, or allow more."
            )
    least = sum(quota.at_least for quota in rules.quotas)
    members = [site for quota in rules.quotas if quota.at_least for site in set(quota.sites)]
    if new_sites is not None and least > new_sites and len(members) == len(set(members)):
        yield (
            f"The quotas ask for at least {least} sites together, and {new_sites} new ones are allowed "
            f"({first(quota.name for quota in rules.quotas if quota.at_least)}). Allow more, or ask for fewer."
        )
