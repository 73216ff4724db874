"""The programme over years: its sites are pairs of a year and a candidate, and standing facilities that may move."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from planner.answer import Figures, Found, Means, find
from planner.means import all_whole, lost_without, possible_gains, search_gains
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import Choice, Incumbent, Limit
from planner.phasing.asked import AskedOverYears
from planner.reach import Reach

if TYPE_CHECKING:
    from planner.optimise.gains import Gains


class Pairs(AskedOverYears):
    """The question in arrays.

    Pair `first_pair` + s · m + j is candidate j opened in year s. Before them, q · t + u is the q-th of the standing
    facilities that may move, still there in year u; earlier, so that of equal plans it is the one that moves nobody.
    """

    @cached_property
    def limit(self) -> float:
        """Beyond which nobody is served, or longer walks count as this."""
        return self.to_candidates.limit if self.standard is None else self.standard.walk_limit

    @cached_property
    def reach(self) -> Reach:
        """Who is within the limit of which candidate."""
        return self.to_candidates.within(self.limit)

    def worth(self, distance: Floats) -> Floats:
        """What facilities so far away bring: service, or metres below the limit."""
        return (distance <= self.limit).astype(float) if self.standard else np.maximum(self.limit - distance, 0.0)

    def best(self, reach: Reach | None, open_: Flags) -> Floats:
        """(n,) what the best open facility brings each place."""
        if reach is None:
            return np.zeros(len(self.demand.ids))
        return self.worth(reach.only(open_).nearest()[0])

    @cached_property
    def today(self) -> Floats:
        """(n,) what the standing facilities bring."""
        return self.best(self.standing, np.ones(len(self.stands_at), bool))

    @cached_property
    def movers(self) -> list[int]:
        """The standing facilities that may move."""
        return list(dict.fromkeys(self.stands_at[site] for site, _ in self.moves))

    @cached_property
    def base(self) -> Floats:
        """(n, t) what the standing facilities bring that are there whatever is planned."""
        stays = ~np.isin(np.arange(len(self.leaves)), self.movers)
        return np.column_stack([self.best(self.standing, stays & (self.leaves > u)) for u in range(len(self.years))])

    @property
    def first_pair(self) -> int:
        """Where the pairs begin."""
        return len(self.movers) * len(self.years)

    def opens(self, plan: Flags) -> Flags:
        """(t, m) what a plan opens in each year."""
        return plan[self.first_pair :].reshape(len(self.years), -1)

    def stands(self, plan: Flags) -> Flags:
        """(t, k) which standing facilities are left in each year."""
        stands = self.leaves > np.arange(len(self.years))[:, None]
        opened = np.logical_or.accumulate(self.opens(plan))
        for site, by in self.moves:
            stands[:, self.stands_at[site]] &= ~opened[:, self.at[by]]
        return stands

    def brought(self, plan: Flags) -> Iterator[tuple[Floats, Floats]]:
        """For each year what the best new site and the best standing facility bring each place (n,)."""
        opened = np.logical_or.accumulate(self.opens(plan))
        for new, old in zip(opened, self.stands(plan), strict=True):
            yield self.best(self.reach, new), self.best(self.standing, old)

    def weighed(self, plan: Flags, person_years: Floats) -> float:
        """What a plan is worth over these person-years (n, t): those served beyond today's, or metres walked."""
        whole = np.column_stack([np.maximum(*both) for both in self.brought(plan)])
        change = whole - self.today[:, None] if self.standard else self.limit - whole
        return float((person_years * change).sum())

    @property
    def sign(self) -> int:
        """Whether more is better."""
        return 1 if self.standard else -1

    @cached_property
    def choice(self) -> Choice:
        """What may open, and what limits it."""
        t, ahead = len(self.years), self.first_pair
        shut = np.zeros((t, self.asked.m), bool)
        for site, name in self.ready.items():
            shut[: self.names.index(name), self.at[site]] = True
        copied, pair = self.asked.choice.copied(t, shut), ahead + np.arange(shut.size).reshape(shut.shape)
        return Choice(
            np.concatenate([np.zeros(ahead, bool), copied.keep]),
            np.concatenate([np.zeros(ahead, bool), copied.shut]),
            (
                *(replace(limit, site=ahead + limit.site) for limit in copied.limits),
                *self._yearly(pair),
                *self._in_order(pair),
                *self._moving(pair),
            ),
        )

    def _yearly(self, pair: Integers) -> Iterator[Limit]:
        """What each year allows, or with `carry_over` all years up to it."""
        numbers = [np.inf if year.new_sites is None else year.new_sites for year in self.years]
        budgets = [np.inf if year.budget is None else year.budget for year in self.years]
        for kind, most, amount in (("sites", numbers, np.ones(self.asked.m)), ("money", budgets, self.asked.costs())):
            for s in range(len(self.years)):
                since = slice(0 if self.carry_over else s, s + 1)
                if np.isfinite(allowed := sum(most[since])):
                    of = pair[since]
                    yield Limit(f"{kind}_{s}", of.ravel(), np.tile(amount, len(of)), most=float(allowed))

    def _in_order(self, pair: Integers) -> Iterator[Limit]:
        """Σ_{u ≤ s} x_bu ≤ Σ_{u ≤ s} x_au for every pair of b after a and every year s."""
        for number, (later, sooner) in enumerate(self.after):
            for s in range(len(self.years)):
                of = np.concatenate([pair[: s + 1, self.at[later]], pair[: s + 1, self.at[sooner]]])
                order = np.argsort(of)
                yield Limit(f"after_{number}_{s}", of[order], np.repeat([1.0, -1.0], s + 1)[order], most=0.0)

    def _moving(self, pair: Integers) -> Iterator[Limit]:
        """q_ku + Σ_{s ≤ u} x_js ≤ 1 for every standing k that moves to j and every year u."""
        for number, (site, by) in enumerate(self.moves):
            ahead = self.movers.index(self.stands_at[site]) * len(self.years)
            for u in range(len(self.years)):
                of = np.append(ahead + u, pair[: u + 1, self.at[by]])
                yield Limit(f"moves_{number}_{u}", of, np.ones(len(of)), most=1.0)

    def gains(self, person_years: Floats) -> "Gains":
        """What places gain from pairs: a row a place where nothing but the first year counts, else one a year."""
        from planner.optimise.gains import Gains  # noqa: PLC0415  (Numba takes a while to load)

        n, t = person_years.shape
        once = np.full(n, self.standard is not None)
        if self.standing is not None and self.movers:
            once &= self.best(self.standing, np.isin(np.arange(len(self.leaves)), self.movers)) == 0
        left = np.where(once[:, None] & (self.base == 0), person_years, 0.0)
        onward = np.cumsum(left[:, ::-1], axis=1)[:, ::-1]  # W_is
        share = np.divide(onward, onward[:, :1], out=np.zeros_like(onward), where=onward[:, :1] > 0)
        place, site = self.reach.place, self.reach.facility.astype(np.int64)
        worth, m = self.worth(self.reach.distance), self.asked.m
        entries = [(place, self.first_pair + s * m + site, share[place, s]) for s in range(t)]
        for u in range(t):
            there = n * (1 + u) + place
            entries += [(there, self.first_pair + s * m + site, worth - self.base[place, u]) for s in range(u + 1)]
            entries += [(n * (1 + u) + i, q, brings - self.base[i, u]) for i, q, brings in self._staying(u)]
        weight = np.concatenate([onward[:, 0], np.where(once[:, None], 0.0, person_years).T.ravel()])
        row, pair, each = (np.concatenate(parts) for parts in zip(*entries, strict=True))
        kept = np.flatnonzero((each > 0) & (weight[row] > 0))
        kept = kept[np.lexsort((pair[kept], row[kept]))]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(weight)))]).astype(np.int64)
        return Gains.of(weight, indptr, pair[kept], self.choice.m, each[kept])

    def _staying(self, u: int) -> Iterator[tuple[Integers, Integers, Floats]]:
        """What each standing facility that may move brings to which places while it is there in year u."""
        if self.standing is None:
            return
        for q, k in enumerate(self.movers):
            near = self.standing.only(np.arange(len(self.leaves)) == k)
            yield near.place, np.full(len(near.place), q * len(self.years) + u), self.worth(near.distance)

    def find(self, person_years: Floats, choice: Choice) -> Found:
        """The plan that is best over these person-years (n, t)."""
        from planner.optimise.problem import Problem  # noqa: PLC0415

        problem = partial(Problem.most, self.gains(person_years))
        before = self.today[:, None] if self.standard else self.limit
        search = search_gains(problem, whole=self.standard is not None and all_whole(person_years))
        means = Means(
            self._without_idle_moves(search, person_years),
            lambda plan: self.weighed(plan, person_years),
            self.figures,
            self.sign,
            self.sign * float((person_years * (self.base - before)).sum()),
            possible_gains(problem, self.effort),
        )
        return find(self.asked, means, choice, self._in_words)

    def _without_idle_moves(
        self, search: Callable[[Choice, Incumbent], bool], person_years: Floats
    ) -> Callable[[Choice, Incumbent], bool]:
        """A search whose plan moves nothing where that helps nobody."""

        def without(choice: Choice, incumbent: Incumbent) -> bool:
            feasible = search(choice, incumbent)
            for by in dict.fromkeys(by for _, by in self.moves):
                if incumbent.plan is None:
                    break
                fewer = incumbent.plan.copy()
                self.opens(fewer)[:, self.at[by]] = False
                worse = self.sign * (self.weighed(incumbent.plan, person_years) - self.weighed(fewer, person_years))
                if worse <= 0 and choice.allows(fewer):
                    incumbent.plan = fewer
            return feasible

        return without

    def figures(self, plan: Flags) -> Figures:
        """For each pair the people whom it is the first to bring more than what still stands, and what it is worth."""
        served, before = np.zeros((len(self.years), self.asked.m)), np.zeros(len(self.demand.ids), bool)
        opened = np.logical_or.accumulate(self.opens(plan))
        since = self.opens(plan).argmax(axis=0)
        for s, (new, old) in enumerate(self.brought(plan)):
            nearest = self.reach.only(opened[s]).nearest()[1]
            gains = (new > old) & ~before
            np.add.at(served, (since[nearest[gains]], nearest[gains]), self.people[gains, s])
            before |= gains
        only = lost_without(plan, lambda kept: self.sign * self.weighed(kept, self.person_years))
        better: Flags = np.maximum(new, old) > self.today
        return Figures(np.concatenate([np.zeros(self.first_pair), served.ravel()]), only, better)

    def _in_words(self, limit: Limit) -> str:
        """A limit as the planner gave it."""
        kind, _, number = limit.name.partition("_")
        if kind in {"sites", "money"}:
            until = "until the end of" if self.carry_over else "in"
            return f"at most {limit.most:,.10g} {kind} {until} {self.years[int(number)].name}"
        if kind == "after":
            return " opens no sooner than ".join(self.after[int(number.partition("_")[0])])
        if kind == "moves":
            return " closes when this opens: ".join(self.moves[int(number.partition("_")[0])])
        return self.asked.in_words(replace(limit, site=np.unique((limit.site - self.first_pair) % self.asked.m)))
