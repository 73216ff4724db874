"""Why a question has no plan, and the ways out: what is the least that each requirement must give up."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.answer import irreducible
from planner.asked import Asked
from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.means import all_whole, floor_parts
from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice, Enough, Incumbent, Limit
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Floor, Quota, Rules
from planner.standards import Standard

SHARE_STEP = 1e-4  # shares are told, and sought, in hundredths of a percent
DIGITS = 8  # of money that is no whole number
EVERYBODY = ""  # the name of the floor that stands for the share of all people

Key = tuple[str, int]  # a requirement: its kind, and which of them


@dataclass(frozen=True)
class Unreached:
    """The people of a unit whom no candidate reaches, and the candidate nearest to them."""

    unit: str  # "" for those in none
    people: float
    places: int
    nearest: str  # candidate; "" where none is within the measured reach
    nearest_away: float  # from the nearest of these places, metres or seconds as the reach
    furthest_away: float  # each of these places has a candidate this near; inf beyond the measured reach


@dataclass(frozen=True)
class WayOut:
    """A single requirement loosened so far that a plan exists, all others as they were.

    `kind` is "norm", "share", "floor", "floors" (all together), "new_sites", "budget", "at_least" or "at_most" of a
    quota, "must_keep", "forbid", "apart" or "candidates". The last four count what is given up or added: `sites`.
    """

    kind: str
    name: str  # of the unit or the quota
    asked: float  # limit, share, number, money; for what is given up, how many there are
    enough: float  # with this a plan exists; shares in steps of SHARE_STEP
    bound: float  # with less loosening than this none does
    unit: str = ""  # "m" or "s" of a norm
    sites: tuple[str, ...] = ()  # kept ones that go, forbidden ones that open, pairs, spots for further candidates
    places: tuple[str, ...] = ()  # the unit of each further candidate

    @property
    def proven(self) -> bool:
        """Whether loosening by any less is proven not to be enough."""
        return self.bound == self.enough

    @property
    def loosens(self) -> float:
        """How much is loosened, as a share of what was asked."""
        given_up = self.kind in {"must_keep", "forbid", "apart", "candidates"}
        away = self.enough if given_up else abs(self.enough - self.asked)
        return away / self.asked if self.asked > 0 else float("inf")

    def __str__(self) -> str:
        asked, enough = f"{self.asked:,.10g}", f"{self.enough:,.10g}"
        where = ", ".join(dict.fromkeys(filter(None, self.places))) or "any unit"
        shares = f"{self.enough:.2%} instead of {self.asked:.2%}"
        words = {
            "norm": f"raise the norm from {asked} to {enough} {self.unit}",
            "share": f"accept {shares} of all people",
            "floor": f"accept {shares} in {self.name}",
            "floors": f"accept {shares} in every place with a floor",
            "new_sites": f"allow {enough} new sites instead of {asked}",
            "budget": f"raise the budget from {asked} to {enough}",
            "at_least": f"ask quota {self.name!r} for at least {enough} instead of {asked}",
            "at_most": f"allow quota {self.name!r} {enough} instead of {asked}",
            "must_keep": f"take {enough} of {asked} out of must_keep ({first(self.sites)})",
            "forbid": f"take {enough} of {asked} out of forbid ({first(self.sites)})",
            "apart": f"let {enough} of {asked} pairs stand nearer than allowed ({first(self.sites)})",
            "candidates": f"add {enough} candidates in {where}",
        }[self.kind]
        return words if self.proven else f"{words} (whether less is enough was not decided)"


@dataclass(frozen=True)
class Infeasible:
    """Why a question has no plan, and what would give it one."""

    conflict: tuple[str, ...]  # requirements that no plan meets together, none of them needlessly
    unreached: tuple[Unreached, ...]  # by unit, the most people first
    most: float  # people whom all candidates and standing facilities together serve
    total: float  # all people
    limit: float  # of the norm
    unit: str  # of the limit, "m" or "s"
    ways: tuple[WayOut, ...]  # each alone is enough, the one that loosens least first
    pair: tuple[WayOut, ...] = ()  # where none alone is, two that are enough together; empty where two are too few

    def __str__(self) -> str:
        lines = [f"No plan keeps these together: {'; '.join(self.conflict)}."]
        if self.unreached:
            people, places = (sum(getattr(each, what) for each in self.unreached) for what in ("people", "places"))
            where = first(f"{each.unit or 'no unit'} {each.people:,.0f}" for each in self.unreached)
            beyond = f"have no candidate within {self.limit:,.10g} {self.unit}"
            lines.append(f"{people:,.0f} people in {places} places {beyond} ({where}).")
        lines += [f"Either {way}." for way in self.ways]
        if self.pair:
            lines.append(f"No single way is enough; together: {', and '.join(map(str, self.pair))}.")
        return "\n".join(lines)


def ways_out(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    share: float | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    ground: Reach | None = None,
    effort: Effort = USUAL,
) -> Infeasible:
    """Why no plan brings the standard to `share` of the people, and to the floors of the rules, under the rules.

    Reaches measured beyond the norm tell how far it would have to be raised, up to their smaller limit. `ground`
    (n, k) are spots, as homes, where a further candidate could stand; such a one counts as a new site and costs
    nothing. Every way out is the least of its kind: a plan exists with it, and none is left with any less, as the
    search proves; where the effort, given to each step, ends before, the bound says how much was proven.

    Only requirements of a conflict are loosened, since another one leaves the conflict as it is. Refused where the
    question has a plan, or it was not decided whether it has one. Chinneck (2008), Feasibility and infeasibility in
    optimization.
    """
    asked = Asked("open_fewest_sites", "people", demand, to_candidates, standing, weights, None, rules, effort)
    _refuse_what_no_way_leads_out_of(asked, standard)
    if share is not None:
        everybody = Floor(EVERYBODY, np.ones(len(demand.ids), bool), share)
        rules = replace(rules, floors=(everybody, *rules.floors))
    question = _Question(asked, rules, new_sites, standard.walk_limit, ground)
    found = question.best()
    if found.plan is not None:
        raise QuestionError("This question has a plan. Ask it; nothing needs to be loosened.")
    if found.possible:
        raise QuestionError(
            f"In {effort.time_limit_s:g} s no plan was found, and none was proven impossible. Allow more time."
        )
    blamed = question.blamed()
    ways = [way for key in question.loosenable(blamed) for way, _ in question.loosened(key)]
    unreached = question.unreached
    return Infeasible(
        conflict=tuple(map(question.in_words, blamed)),
        unreached=tuple(sorted(question.by_unit(unreached), key=lambda each: (-each.people, each.unit))),
        most=float(asked.people.sum() - asked.people[unreached].sum()),
        total=float(asked.people.sum()),
        limit=question.limit,
        unit=to_candidates.unit,
        ways=tuple(sorted(ways, key=lambda way: (way.loosens, way.kind, way.name))),
        pair=() if ways else question.pair(blamed),
    )


@dataclass(frozen=True)
class _Found:
    """How a search for a plan ended."""

    plan: Flags | None  # (m,)
    value: float
    bound: float
    possible: bool  # False: it is proven that no plan exists


@dataclass(frozen=True)
class _Question:
    """Requirements, each of which can be left out or loosened."""

    asked: Asked
    rules: Rules  # the share of all people is one of its floors
    new_sites: int | None
    limit: float  # the norm
    ground: Reach | None = None  # where further candidates could stand
    further: bool = False  # whether they may be opened

    @cached_property
    def keys(self) -> list[Key]:
        """Every requirement; those that are rather blamed come last."""
        rules = self.rules
        there = [
            (("forbid", 0), len(rules.forbid)),
            (("apart", 0), len(np.asarray(rules.apart))),
            *((("quota", k), True) for k in range(len(rules.quotas))),
            (("must_keep", 0), len(rules.must_keep)),
            (("budget", 0), rules.budget is not None),
            (("new_sites", 0), self.new_sites is not None),
            *((("floor", k), True) for k in range(len(rules.floors))),
        ]
        return [key for key, is_there in there if is_there]

    def without(self, *keys: Key) -> "_Question":
        """The question without some requirements; a quota or a floor asks for nothing then, and keeps its number."""
        question = self
        for kind, k in keys:
            rules = question.rules
            if kind == "new_sites":
                question = replace(question, new_sites=None)
            elif kind == "norm":
                question = replace(question, limit=max(self.limit, self.furthest))
            elif kind == "candidates":
                question = replace(question, further=True)
            else:
                question = replace(question, rules=_rules_without(rules, kind, k))
        return question

    def blamed(self) -> list[Key]:
        """Requirements that no plan meets together, none of them needlessly."""
        keys = self.keys

        def possible(kept: Sequence[int]) -> bool:
            return self.without(*(key for k, key in enumerate(keys) if k not in kept)).best().possible

        return [keys[k] for k in irreducible(len(keys), possible)]

    # -- what a plan is

    @property
    def m(self) -> int:
        """Candidates, and the spots of further ones where these may open."""
        return self.asked.m + (len(self.ground.facility_ids) if self.ground is not None and self.further else 0)

    @cached_property
    def choice(self) -> Choice:
        """What may be opened; a further candidate is one more of the new sites."""
        narrow = self.rules.choice(self.asked.to_candidates.facility_ids, self.new_sites)
        more = self.m - self.asked.m
        if not more:
            return narrow
        no, every = np.zeros(more, bool), np.arange(self.m)
        counted = {"new_sites", "parcels"}
        limits = [
            replace(limit, site=every, amount=np.append(limit.amount, np.ones(more)))
            if limit.name in counted
            else limit
            for limit in narrow.limits
        ]
        return Choice(np.append(narrow.keep, no), np.append(narrow.shut, no), tuple(limits))

    @cached_property
    def lacking(self) -> Flags:
        """(n,) the places that nothing standing serves."""
        return self.asked.lacking(self.limit)

    @cached_property
    def entries(self) -> tuple[Integers, Integers]:
        """(entries,) each place and each site that reaches it within the norm."""
        reaches = [self.asked.to_candidates.within(self.limit)]
        if self.ground is not None and self.further:
            reaches.append(self.ground.within(self.limit))
        place = np.concatenate([reach.place for reach in reaches])
        offset = [0, self.asked.m]
        site = np.concatenate([reach.facility.astype(np.int64) + k for reach, k in zip(reaches, offset, strict=False)])
        order = np.lexsort((site, place))
        return place[order].astype(np.int64), site[order]

    def best(self, *, cost: Floats | None = None, tally: Flags | None = None, of: int | None = None) -> _Found:
        """A plan that costs least, has the most of some sites (m,), or serves the most people of a floor.

        With none of these, any plan.
        """
        from planner.optimise.engine import decide  # noqa: PLC0415  (PuLP takes half a second to load)
        from planner.optimise.gains import Gains  # noqa: PLC0415
        from planner.optimise.problem import Problem  # noqa: PLC0415

        choice, floors, n = self.choice, self.rules.floors, len(self.asked.people)
        part, speaks = floor_parts(floors, n)
        people = np.where(self.lacking, self.asked.people, 0.0)
        place, site = self.entries
        extra = np.flatnonzero(np.zeros(self.m, bool) if tally is None else tally)  # a row each, of a part of their own
        weight = np.append(people, np.ones(len(extra)))
        indptr = np.searchsorted(np.append(place, n + np.arange(len(extra))), np.arange(len(weight) + 1))
        parts = speaks.shape[1]
        gains = Gains.of(
            weight, indptr, np.append(site, extra), self.m, None, np.append(part, np.full(len(extra), parts))
        )
        speaks = np.hstack([speaks, np.zeros((len(speaks), 1))])
        counted = np.zeros(parts + 1)
        counted[parts] = tally is not None
        asks = [k for k in range(len(floors)) if k != of]
        if of is not None:
            counted = speaks[of]
        floor = np.array([self.least_gain(floors[k]) for k in asks], np.float64)
        whole = of is None or all_whole(people)
        problem = Problem(gains, choice, np.zeros(self.m) if cost is None else cost, counted, floor, speaks[asks])
        if (choice.keep & choice.shut).any() or (problem.missing(~choice.shut) > 0).any():
            return _Found(None, -np.inf, -np.inf, possible=False)
        time_limit_s, spent = self.asked.effort.time_limit_s, self.number_or_money
        if spent is None or cost is not None or tally is not None or of is not None:
            incumbent = Incumbent(time_limit_s, whole=whole and all_whole(problem.cost))
            possible = decide(problem, incumbent)
            return _Found(incumbent.plan, incumbent.value, incumbent.bound, possible or incumbent.plan is not None)
        # Whether any plan is possible is soon known from how much the cheapest needs.
        needs = np.zeros(self.m)
        needs[spent.site] = spent.amount
        others = tuple(limit for limit in choice.limits if limit is not spent)
        enough = Enough(time_limit_s, whole=all_whole(needs), most=spent.most * (1 + EXACT))
        possible = decide(replace(problem, cost=needs, choice=replace(choice, limits=others)), enough)
        plan = enough.plan if enough.found else None
        return _Found(plan, 0.0, 0.0, plan is not None or (possible and not enough.beyond))

    @property
    def number_or_money(self) -> Limit | None:
        """The limit on all sites together, if there is one: of their number, else of what they cost."""
        limits = {limit.name: limit for limit in self.choice.limits}
        return next((limits[name] for name in ("parcels", "new_sites", "budget") if name in limits), None)

    def least_gain(self, floor: Floor) -> float:
        """The people of a floor who must gain."""
        people = self.asked.people[floor.places]
        return floor.share * float(people.sum()) - float(people[~self.lacking[floor.places]].sum())

    # -- what to loosen, and how far

    def loosenable(self, blamed: Sequence[Key]) -> list[Key]:
        """What of a conflict can be loosened; where a floor is in it, also the norm, further candidates, all floors."""
        keys, floors = list(blamed), [self.rules.floors[k] for kind, k in blamed if kind == "floor"]
        if floors and self.furthest > self.limit:
            keys.append(("norm", 0))
        if any(floor.name != EVERYBODY for floor in floors) and len(self.told_floors) > 1:
            keys.append(("floors", 0))
        if floors and self.ground is not None and not self.further:
            keys.append(("candidates", 0))
        return keys

    def loosened(self, key: Key) -> Iterator[tuple[WayOut, "Loosen"]]:
        """The least that one requirement must give up for a plan, and how; nothing where giving it up is vain."""
        ways: dict[str, Callable[[int], Iterator[tuple[WayOut, Loosen]]]] = {
            "new_sites": self._more_sites,
            "budget": self._more_money,
            "floor": self._lower_floor,
            "floors": self._lower_floors,
            "quota": self._other_quota,
            "must_keep": self._keep_fewer,
            "forbid": self._forbid_fewer,
            "apart": self._stand_nearer,
            "norm": self._raise_norm,
            "candidates": self._more_candidates,
        }
        yield from ways[key[0]](key[1])

    def pair(self, blamed: Sequence[Key]) -> tuple[WayOut, ...]:
        """Two ways that are enough together: one as short as can be where the other is left out, then the other."""
        for key in self.loosenable(blamed):
            rest = self.without(key)
            for other in rest.loosenable(rest.blamed()):
                for one, loosen in rest.loosened(other):
                    for way, _ in loosen(self).loosened(key):
                        return way, one
        return ()

    def _more_sites(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        each = np.ones(self.m)
        if self.rules.parcels is not None:
            each[: self.asked.m] = self.rules.parcels
        found = self.without(("new_sites", 0)).best(cost=each)
        if found.plan is not None:
            number, least = float(each[found.plan].sum()), -found.bound
            way = WayOut("new_sites", "", float(self.new_sites or 0), number, least)
            yield way, lambda question: replace(question, new_sites=round(number))

    def _more_money(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        cost = np.zeros(self.m)
        cost[: self.asked.m] = self.asked.costs()
        found = self.without(("budget", 0)).best(cost=cost)
        if found.plan is not None:
            money = _rounded_up(float(cost[found.plan].sum()))
            way = WayOut("budget", "", float(self.rules.budget or 0), money, _rounded_up(-found.bound))
            yield way, lambda question: question.under(budget=money)

    def _lower_floor(self, k: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        floor, found = self.rules.floors[k], self.best(of=k)
        if found.plan is None:
            return
        people = float(self.asked.people[floor.places].sum())
        had = floor.share * people - self.least_gain(floor)
        share, most = (_down((had + gain) / people) for gain in (found.value, found.bound))
        kind = "share" if floor.name == EVERYBODY else "floor"
        way = WayOut(kind, floor.name, floor.share, share, most)
        yield way, lambda question: question.under(floors=_lowered(question.rules.floors, share, {k}))

    def _lower_floors(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        highest = max(self.rules.floors[k].share for k in self.told_floors)
        shares = np.arange(np.ceil(highest / SHARE_STEP - EXACT) - 1, -1, -1) * SHARE_STEP

        def lowered(share: float) -> Loosen:
            return lambda question: question.under(floors=_lowered(question.rules.floors, share, set(self.told_floors)))

        if (found := _first_enough(shares, lambda share: lowered(share)(self).best())) is not None:
            share, most = (round(each, 4) for each in found)
            yield WayOut("floors", "", highest, share, most), lowered(share)

    def _other_quota(self, k: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        quota = self.rules.quotas[k]
        group = np.isin(np.arange(self.m), np.flatnonzero(np.isin(self.ids, list(quota.sites))))

        def changed(**bound: Any) -> Loosen:
            return lambda question: question.under(
                quotas=[replace(q, **bound) if at == k else q for at, q in enumerate(question.rules.quotas)]
            )

        if quota.at_least > 0 and (found := changed(at_least=0)(self).best(tally=group)).plan is not None:
            number = int(group[found.plan].sum())
            yield WayOut("at_least", quota.name, quota.at_least, number, found.bound), changed(at_least=number)
        if quota.at_most is not None:
            found = changed(at_most=None)(self).best(cost=group.astype(np.float64))
            if found.plan is not None:
                number = int(group[found.plan].sum())
                yield WayOut("at_most", quota.name, quota.at_most, number, -found.bound), changed(at_most=number)

    def _keep_fewer(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        kept = np.isin(np.arange(self.m), np.flatnonzero(np.isin(self.ids, list(self.rules.must_keep))))
        found = self.without(("must_keep", 0)).best(tally=kept)
        if found.plan is not None:
            gone = self._named(kept & ~found.plan)
            way = WayOut("must_keep", "", kept.sum(), len(gone), float(kept.sum() - found.bound), sites=gone)
            yield way, lambda question: question.under(must_keep=_left(question.rules.must_keep, gone))

    def _forbid_fewer(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        forbidden = np.isin(np.arange(self.m), np.flatnonzero(np.isin(self.ids, list(self.rules.forbid))))
        found = self.without(("forbid", 0)).best(cost=forbidden.astype(np.float64))
        if found.plan is not None:
            gone = self._named(forbidden & found.plan)
            way = WayOut("forbid", "", forbidden.sum(), len(gone), -found.bound, sites=gone)
            yield way, lambda question: question.under(forbid=_left(question.rules.forbid, gone))

    def _stand_nearer(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        """Pairs none of which need stand nearer if the others may; another set may hold fewer."""
        pairs, found = np.asarray(self.rules.apart), self.without(("apart", 0)).best()
        if found.plan is None:
            return
        near = np.flatnonzero(found.plan[pairs].all(axis=1))

        def allowed(these: Sequence[int]) -> Loosen:
            return lambda question: question.under(apart=np.delete(pairs, near[list(these)], axis=0))

        left = irreducible(len(near), lambda these: allowed(these)(self).best().plan is None)
        named = tuple(f"{self.ids[a]} and {self.ids[b]}" for a, b in pairs[near[left]])
        yield WayOut("apart", "", len(pairs), len(left), min(len(left), 1), sites=named), allowed(left)

    def _raise_norm(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        away = [self.asked.to_candidates.distance, *([self.asked.standing.distance] if self.asked.standing else [])]
        limits = np.unique(np.ceil(np.concatenate(away)))
        limits = limits[(limits > self.limit) & (limits <= self.furthest)]

        def raised(limit: float) -> Loosen:
            return lambda question: replace(question, limit=limit)

        if (found := _first_enough(limits, lambda limit: raised(limit)(self).best())) is not None:
            unit = self.asked.to_candidates.unit
            yield WayOut("norm", "", self.limit, *found, unit=unit), raised(found[0])

    def _more_candidates(self, _: int) -> Iterator[tuple[WayOut, "Loosen"]]:
        wide = self.without(("candidates", 0))
        new = np.arange(wide.m) >= self.asked.m
        found = wide.best(cost=new.astype(np.float64))
        if found.plan is None or self.ground is None:
            return
        spots = np.flatnonzero(found.plan & new) - self.asked.m
        ids = self.ground.facility_ids[spots]
        at = {str(place): i for i, place in enumerate(self.asked.demand.ids)}
        units = tuple(self.unit_names[at[str(spot)]] if str(spot) in at else "" for spot in ids)
        chosen = tuple(map(str, ids))
        way = WayOut("candidates", "", self.asked.m, len(spots), -found.bound, sites=chosen, places=units)
        yield way, lambda question: question.without(("candidates", 0))

    def under(self, **changed: Any) -> "_Question":
        """The question with some of its rules changed."""
        return replace(self, rules=replace(self.rules, **changed))

    # -- in words

    @property
    def ids(self) -> NDArray[np.str_]:
        """(m,) of the candidates."""
        return self.asked.to_candidates.facility_ids

    def _named(self, sites: Flags) -> tuple[str, ...]:
        return tuple(str(self.ids[j]) for j in np.flatnonzero(sites))

    @property
    def told_floors(self) -> list[int]:
        """The floors of which the share of all people is none."""
        return [k for k, floor in enumerate(self.rules.floors) if floor.name != EVERYBODY]

    @property
    def furthest(self) -> float:
        """As far as it is known who reaches what."""
        standing = self.asked.standing
        return min(self.asked.to_candidates.limit, np.inf if standing is None else standing.limit)

    @property
    def unit_names(self) -> list[str]:
        """(n,) the name of the unit of each place."""
        units = self.asked.demand.units
        names = [*([] if units is None else units.names.tolist()), ""]
        return [names[unit] for unit in self.asked.demand.unit_or_none]

    def in_words(self, key: Key) -> str:
        """A requirement as the planner gave it."""
        kind, k = key
        rules = self.rules
        if kind == "floor":
            floor = rules.floors[k]
            return f"a share of {floor.share:.2%} of all people" if floor.name == EVERYBODY else str(floor)
        if kind == "must_keep":
            return f"{len(rules.must_keep)} sites in must_keep ({first(rules.must_keep)})"
        if kind == "forbid":
            return f"{len(rules.forbid)} sites in forbid ({first(rules.forbid)})"
        if kind == "apart":
            return f"{len(np.asarray(rules.apart))} pairs of sites that exclude each other"
        name = f"quota_{k}" if kind == "quota" else kind
        return self.asked.in_words(next(limit for limit in self.choice.limits if limit.name == name))

    @cached_property
    def unreached(self) -> Flags:
        """(n,) the places with people whom nothing serves, whatever is opened."""
        open_to = self.asked.to_candidates.within(self.limit).only(~self.choice.shut)
        lost: Flags = self.lacking & (self.asked.people > 0) & (open_to.facilities_in_reach == 0)
        return lost

    def by_unit(self, places: Flags) -> Iterator[Unreached]:
        """Some places (n,) unit by unit, and the candidate nearest to them."""
        away, which = self.asked.to_candidates.only(~self.choice.shut).nearest()
        names = np.array(self.unit_names, np.str_)
        for name in np.unique(names[places]).tolist():
            here = np.flatnonzero(places & (names == name))
            near = here[np.argmin(away[here])]
            yield Unreached(
                unit=name,
                people=float(self.asked.people[here].sum()),
                places=len(here),
                nearest=str(self.ids[which[near]]) if which[near] >= 0 else "",
                nearest_away=float(away[near]),
                furthest_away=float(away[here].max()),
            )


Loosen = Callable[[_Question], _Question]  # gives a requirement up so far as a way out says


def _first_enough(values: Floats, ask: Callable[[float], _Found]) -> tuple[float, float] | None:
    """The first of some values, the strictest first, with which a plan exists, and the first not proven too strict."""
    if not len(values) or ask(float(values[-1])).plan is None:
        return None
    low = search = 0
    high = len(values) - 1
    while search < high:
        middle = (search + high) // 2
        found = ask(float(values[middle]))
        if found.plan is not None:
            high = middle
        else:
            search = middle + 1
            low = low if found.possible else search
    return float(values[high]), float(values[min(low, high)])


def _refuse_what_no_way_leads_out_of(asked: Asked, standard: Standard) -> None:
    """Refuse what is wrong with data and ids; what contradicts itself may be loosened."""
    named = [Quota(quota.name, quota.sites) for quota in asked.rules.quotas]
    for rules in (
        replace(asked.rules, quotas=named, budget=None, apart=ANY.apart),
        replace(asked.rules, quotas=named, must_keep=()),
    ):
        replace(asked, rules=rules).check(standard)


def _rules_without(rules: Rules, kind: str, k: int) -> Rules:
    if kind == "floor":
        return replace(rules, floors=_lowered(rules.floors, 0.0, {k}))
    if kind == "floors":
        every = {k for k, floor in enumerate(rules.floors) if floor.name != EVERYBODY}
        return replace(rules, floors=_lowered(rules.floors, 0.0, every))
    if kind == "quota":
        idle = [Quota(quota.name, quota.sites) if at == k else quota for at, quota in enumerate(rules.quotas)]
        return replace(rules, quotas=idle)
    nothing: dict[str, Any] = {kind: getattr(ANY, kind)}
    return replace(rules, **nothing)


def _lowered(floors: Sequence[Floor], share: float, which: set[int]) -> list[Floor]:
    return [replace(floor, share=min(floor.share, share)) if k in which else floor for k, floor in enumerate(floors)]


def _left(sites: Sequence[str], gone: Sequence[str]) -> tuple[str, ...]:
    return tuple(site for site in sites if site not in gone)


def _down(share: float) -> float:
    """A share in whole steps, rounded down: what is told can be had."""
    return round(float(np.floor(min(share, 1.0) / SHARE_STEP + 1e-6)) * SHARE_STEP, 4)


def _rounded_up(money: float) -> float:
    """Whole numbers as they are, others with as many digits as are told, rounded up: what is told is enough."""
    if money == round(money) or not np.isfinite(money):
        return money
    step = 10.0 ** (np.floor(np.log10(abs(money))) + 1 - DIGITS)
    return float(np.ceil(money / step - EXACT) * step)
