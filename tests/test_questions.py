"""Every siting question against trying all plans, and against the module that does not know siting exists."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.errors import QuestionError
from planner.reach import Reach, measure_straight
from planner.rules import Effort, Floor, Quota, Rules, Size
from planner.siting import (
    assign_people,
    best_replacement,
    cover_gradually,
    cover_most_people,
    cover_twice,
    open_fewest_sites,
    other_plans,
    shorten_longest_walk,
    shorten_walks,
    spread_sites,
    too_near,
)
from planner.standards import standard
from tests.test_siting import GREEN, METRES, joined, living_at, sites_at, street, towns

FAR_M = 1500.0  # beyond every distance of a drawn town


def all_plans(reach: Reach, rules: Rules, new_sites: int | None) -> list[np.ndarray]:
    """Every plan (m,) that keeps the rules; floors are not asked."""
    ids, m = reach.facility_ids.tolist(), len(reach.facility_ids)
    found = []
    for size in range(m + 1):
        for chosen in combinations(range(m), size):
            names = {ids[j] for j in chosen}
            if new_sites is not None and size > new_sites:
                continue
            if not set(rules.must_keep) <= names or names & set(rules.forbid):
                continue
            if rules.budget is not None and sum(rules.cost[j] for j in chosen) > rules.budget + 1e-9:
                continue
            if any(
                not q.at_least <= len(names & set(q.sites)) <= (m if q.at_most is None else q.at_most)
                for q in rules.quotas
            ):
                continue
            if any(a in chosen and b in chosen for a, b in np.asarray(rules.apart).reshape(-1, 2).tolist()):
                continue
            found.append(np.isin(np.arange(m), chosen))
    return found


@st.composite
def questions(draw: st.DrawFn) -> tuple[Demand, Reach, Reach, int | None, Rules]:
    """A drawn town with rules of every kind: people in two groups, a number or a budget, quotas, exclusive pairs."""
    demand, to_candidates, to_parks, new_sites, keep, forbid = draw(towns())
    old = draw(st.lists(st.integers(0, 5), min_size=len(demand.ids), max_size=len(demand.ids)))
    people = np.column_stack([demand.people[:, 0], np.array(old, float)])
    demand = Demand(demand.ids, demand.xy, people, METRES, ("people", "old"))
    ids = to_candidates.facility_ids.tolist()
    cost, budget = None, None
    if draw(st.booleans()):
        cost = np.array(draw(st.lists(st.integers(0, 5), min_size=len(ids), max_size=len(ids))), float)
        budget = float(draw(st.integers(0, 12)) + sum(cost[ids.index(j)] for j in keep))
    quotas = []
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        most = max(1, len(set(some) & set(keep)), draw(st.integers(0, 3)))
        quotas = [Quota("west", some, draw(st.integers(0, min(1, len(set(some) - set(forbid)), new_sites))), most)]
    pairs = [(a, b) for a, b in combinations(range(len(ids)), 2) if not {ids[a], ids[b]} <= set(keep)]
    apart = draw(st.lists(st.sampled_from(pairs), max_size=2, unique=True)) if pairs else []
    rules = Rules(keep, forbid, cost=cost, budget=budget, quotas=quotas, apart=np.array(apart, np.int64).reshape(-1, 2))
    return demand, to_candidates, to_parks, new_sites, rules


def nearest(reach: Reach, plan: np.ndarray, standing: Reach | None = None) -> np.ndarray:
    """(n,) metres to the nearest open or standing site; inf where none is in reach."""
    away = reach.only(plan).nearest()[0]
    return away if standing is None else np.minimum(away, standing.nearest()[0])


def beyond_reach(demand: Demand, reach: Reach) -> Reach:
    """The same candidates measured as far as anybody could be."""
    return reach if reach.limit >= FAR_M else measure_all(demand, reach)


# ── covering ──────────────────────────────────────────────────────────────────────────────────────


@given(questions(), st.booleans())
@settings(deadline=None)
def test_the_most_people_within_any_rules(question, weighted: bool) -> None:
    demand, reach, parks, new_sites, rules = question
    weights = {"people": 1.0, "old": 2.0} if weighted else None
    people = demand.people @ ([1.0, 2.0] if weighted else [1.0, 0.0])
    lacking = nearest(parks, np.ones(len(parks.facility_ids), bool)) > GREEN.limit_m

    def gain(plan: np.ndarray) -> float:
        return float(people[lacking & (nearest(reach, plan) <= GREEN.limit_m)].sum())

    allowed = all_plans(reach, rules, new_sites)

    def ask():
        return cover_most_people(
            demand, reach, GREEN, new_sites=new_sites, standing=parks, weights=weights, rules=rules
        )

    if not allowed:
        with pytest.raises(QuestionError, match="No plan keeps these rules together|exclude each other|The quotas ask"):
            ask()
        return
    plan = ask()
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert any((opened == other).all() for other in allowed)
    assert plan.ending == "proven"
    assert plan.objective == gain(opened) == max(map(gain, allowed))
    if not weighted:
        both = joined(reach, parks)
        stand = np.isin(both.facility_ids, parks.facility_ids)
        after = measure_coverage(both, demand, GREEN, open=stand | np.isin(both.facility_ids, plan.opened))
        assert after.served - measure_coverage(both, demand, GREEN, open=stand).served == plan.objective


@given(questions(), st.floats(0, 1), st.data())
@settings(deadline=None)
def test_a_floor_is_kept_or_said_to_be_impossible(question, share: float, data) -> None:
    demand, reach, parks, new_sites, rules = question
    places = np.array(data.draw(st.lists(st.booleans(), min_size=len(demand.ids), max_size=len(demand.ids))))
    rules = Rules(**{**vars(rules), "floors": [Floor("north", places, share)]})
    people, stand = demand.people[:, 0], nearest(parks, np.ones(len(parks.facility_ids), bool)) <= GREEN.limit_m

    def met(plan: np.ndarray) -> bool:
        served = stand | (nearest(reach, plan) <= GREEN.limit_m)
        return bool(people[served & places].sum() >= share * people[places].sum() - 1e-9)

    def gain(plan: np.ndarray) -> float:
        return float(people[~stand & (nearest(reach, plan) <= GREEN.limit_m)].sum())

    allowed = [plan for plan in all_plans(reach, rules, new_sites) if met(plan)]
    if not allowed:
        with pytest.raises(QuestionError, match="No plan keeps these rules together|exclude each other|The quotas ask"):
            cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
        return
    plan = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    assert met(np.isin(np.arange(len(reach.facility_ids)), plan.sites))
    assert plan.objective == max(map(gain, allowed)) == plan.bound


@given(questions())
@settings(deadline=None)
def test_two_sites_within_reach_are_counted_and_never_one(question) -> None:
    demand, reach, parks, new_sites, rules = question
    had = parks.facilities_in_reach

    def gain(plan: np.ndarray) -> float:
        count = had + reach.within(GREEN.limit_m).only(plan).facilities_in_reach
        return float(demand.people[(had < 2) & (count >= 2), 0].sum())

    allowed = all_plans(reach, rules, new_sites)
    if not allowed:
        return
    plan = cover_twice(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert plan.objective == gain(opened) == max(map(gain, allowed)) == plan.bound


@given(questions())
@settings(deadline=None)
def test_service_that_fades_counts_by_the_nearest(question) -> None:
    demand, reach, parks, new_sites, rules = question

    def share(away: np.ndarray) -> np.ndarray:
        return np.clip((300 - away) / 200, 0, 1)

    today = share(nearest(parks, np.ones(len(parks.facility_ids), bool)))

    def gain(plan: np.ndarray) -> float:
        return float(demand.people[:, 0] @ np.maximum(share(nearest(reach, plan)) - today, 0))

    allowed = all_plans(reach, rules, new_sites)
    if not allowed:
        return
    plan = cover_gradually(
        demand, reach, full_m=100, none_m=300, new_sites=new_sites, standing=parks, rules=rules
    )
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(gain(opened))
    assert plan.objective == pytest.approx(max(map(gain, allowed)))


@given(questions(), st.one_of(st.none(), st.floats(0, 1)))
@settings(deadline=None)
def test_the_fewest_or_cheapest_sites_for_everybody_or_a_share(question, share: float | None) -> None:
    demand, reach, parks, _, rules = question
    rules = Rules(**{**vars(rules), "budget": None})
    people, stand = demand.people[:, 0], nearest(parks, np.ones(len(parks.facility_ids), bool)) <= GREEN.limit_m
    cost = np.ones(len(reach.facility_ids)) if rules.cost is None else rules.cost
    may = ~np.isin(reach.facility_ids, list(rules.forbid))
    reachable = stand | (nearest(reach, may) <= GREEN.limit_m)

    def enough(plan: np.ndarray) -> bool:
        served = stand | (nearest(reach, plan) <= GREEN.limit_m)
        if share is None:
            return bool(served[reachable & (people > 0)].all())
        return bool(people[served].sum() >= share * people.sum() - 1e-9)

    allowed = [plan for plan in all_plans(reach, rules, None) if enough(plan)]
    if not allowed:
        with pytest.raises(QuestionError, match="No plan keeps|can be served|exclude each other"):
            open_fewest_sites(demand, reach, GREEN, share=share, standing=parks, rules=rules)
        return
    plan = open_fewest_sites(demand, reach, GREEN, share=share, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert enough(opened)
    assert plan.objective == cost[opened].sum() == min(cost[other].sum() for other in allowed) == plan.bound
    if share is None:
        assert (plan.beyond == (~reachable & (people > 0))).all()


# ── walking ───────────────────────────────────────────────────────────────────────────────────────


def measure_all(demand: Demand, reach: Reach) -> Reach:
    """The candidates of a drawn town again, to every home."""
    raise AssertionError


@given(questions())
@settings(deadline=None)
def test_the_shortest_walks_of_all_together(question) -> None:
    demand, reach, parks, new_sites, rules = question

    def walked(plan: np.ndarray) -> float:
        return float(demand.people[:, 0] @ np.minimum(nearest(reach, plan, parks), reach.limit))

    allowed = all_plans(reach, rules, new_sites)
    if not allowed:
        return
    plan = shorten_walks(demand, reach, new_sites=new_sites, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(walked(opened))
    assert plan.objective == pytest.approx(min(map(walked, allowed)))
    assert plan.bound == pytest.approx(plan.objective)


@given(questions())
@settings(deadline=None)
def test_the_longest_walk_as_short_as_can_be(question) -> None:
    demand, reach, parks, new_sites, rules = question
    lived_in = demand.people[:, 0] > 0

    def longest(plan: np.ndarray) -> float:
        return float(nearest(reach, plan, parks)[lived_in].max(initial=0.0))

    allowed = [plan for plan in all_plans(reach, rules, new_sites) if np.isfinite(longest(plan))]
    if not allowed:
        with pytest.raises(QuestionError):
            shorten_longest_walk(demand, reach, new_sites=new_sites, standing=parks, rules=rules)
        return
    plan = shorten_longest_walk(demand, reach, new_sites=new_sites, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert plan.objective == longest(opened) == min(map(longest, allowed)) == plan.bound
