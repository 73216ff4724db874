"""A question over several years, and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from planner.asked import Asked
from planner.demand import Demand
from planner.errors import first
from planner.network import Floats, Integers
from planner.phasing.plan import Year
from planner.reach import Reach
from planner.rules import Effort, Rules
from planner.standards import Standard

Measure = Literal["person-years", "person-metres"]


@dataclass(frozen=True)
class AskedOverYears:
    """A question with its t years, n places, m candidates and k standing facilities."""

    demand: Demand
    to_candidates: Reach
    standard: Standard | None  # None where walks are shortened
    years: tuple[Year, ...]
    measure: Measure
    standing: Reach | None
    people_by_year: Floats | None  # (n, t)
    ready: Mapping[str, str]
    after: tuple[tuple[str, str], ...]
    carry_over: bool
    closes: Mapping[str, str]
    moves: tuple[tuple[str, str], ...]
    weights: Mapping[str, float] | None
    rules: Rules
    effort: Effort

    @cached_property
    def asked(self) -> Asked:
        """The question without its years."""
        return Asked(
            *("phase_sites", self.measure, self.demand, self.to_candidates, self.standing, self.weights, None),
            *(self.rules, self.effort),
        )

    def check(self) -> None:
        """Refuse what contradicts itself, all faults at once."""
        self.asked.check(standard=self.standard, more=(*self._faults(), *self._faults_of_sites()))

    @cached_property
    def names(self) -> list[str]:
        """(t,) of the years."""
        return [year.name for year in self.years]

    @cached_property
    def at(self) -> Mapping[str, int]:
        """The position of each candidate."""
        return {str(site): j for j, site in enumerate(self.to_candidates.facility_ids)}

    @cached_property
    def stands_at(self) -> Mapping[str, int]:
        """The position of each standing facility."""
        return {} if self.standing is None else {str(site): j for j, site in enumerate(self.standing.facility_ids)}

    @cached_property
    def people(self) -> Floats:
        """(n, t) who lives where, year by year."""
        people = self.asked.people[:, None] if self.people_by_year is None else self.people_by_year
        return np.broadcast_to(people, (len(people), len(self.years)))

    @cached_property
    def person_years(self) -> Floats:
        """(n, t) the same for as long as each year lasts."""
        return self.people * np.array([year.length for year in self.years], np.float64)

    @cached_property
    def leaves(self) -> Integers:
        """(k,) the year from which each standing facility serves no more; t where it stays."""
        leaves = np.full(len(self.stands_at), len(self.years))
        for site, name in self.closes.items():
            leaves[self.stands_at[site]] = self.names.index(name)
        return leaves

    def _faults(self) -> Iterator[str]:
        names = self.names
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
        numbers = [year.new_sites for year in self.years if year.new_sites is not None]
        if names and len(numbers) == len(names) and (kept := len(set(self.rules.must_keep))) > sum(numbers):
            yield f"{kept} sites are to open, and the years open {sum(numbers)} at most. Allow more, or keep fewer."
        if (self.measure == "person-years") != (self.standard is not None):
            yield (
                "Person-years are of people within a standard, person-metres of walks up to the limit of the reach. "
                "Give a standard for the former alone."
            )
        people, shape = self.people_by_year, (len(self.demand.ids), len(self.years))
        if people is not None and (people.shape != shape or not (np.isfinite(people) & (people >= 0)).all()):
            yield f"`people_by_year` needs {shape} numbers of 0 or more: a row a place, a column a year."

    def _faults_of_sites(self) -> Iterator[str]:
        named = {*self.ready, *(site for pair in self.after for site in pair), *(by for _, by in self.moves)}
        if unknown := sorted(named - {*self.at}):
            yield (
                f"{len(unknown)} ids in ready, after or moves are no candidates ({first(unknown)}). "
                f"Choose among the {len(self.at)} candidates ({first(self.to_candidates.facility_ids)})."
            )
        if unknown := sorted({*self.closes, *(site for site, _ in self.moves)} - {*self.stands_at}):
            yield (
                f"{len(unknown)} ids that close or move are of no standing facility ({first(unknown)}). "
                f"Choose among the {len(self.stands_at)} that stand ({first(self.stands_at) or 'none'})."
            )
        for what, years in (("ready", self.ready), ("closed", self.closes)):
            if never := sorted(f"{site} in {year}" for site, year in years.items() if year not in self.names):
                yield f"{len(never)} sites are {what} in no year ({first(never)}). There are: {', '.join(self.names)}."
        if both := sorted({*self.closes} & {site for site, _ in self.moves}):
            yield f"{len(both)} standing sites close and move ({first(both)}). Take each out of one of them."
        if itself := sorted({site for site, other in self.after if site == other}):
            yield f"{len(itself)} sites wait for themselves ({first(itself)}). Name two sites."
