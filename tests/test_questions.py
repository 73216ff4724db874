"""Every siting question against trying all plans, and against the module that does not know siting exists."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.errors import QuestionError
from planner.reach import Reach
from planner.rules import Effort, Floor, Quota, Rules, Size
from planner.siting import (
    assign_people,
    cover_gradually,
    cover_most_people,
    cover_twice,
    open_fewest_sites,
    shorten_longest_walk,
    shorten_walks,
    spread_sites,
    too_near,
)
from tests.test_siting import GREEN, METRES, joined, sites_at, street, town_of, towns

IMPOSSIBLE = "No plan keeps these rules together|exclude each other|The quotas ask"


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


# ── covering ──────────────────────────────────────────────────────────────────────────────────────


@given(questions(), st.booleans())
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
        with pytest.raises(QuestionError, match=IMPOSSIBLE):
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
        with pytest.raises(QuestionError, match=IMPOSSIBLE):
            cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
        return
    plan = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    assert met(np.isin(np.arange(len(reach.facility_ids)), plan.sites))
    assert plan.objective == max(map(gain, allowed)) == plan.bound


@given(questions())
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
    plan = cover_gradually(demand, reach, full_m=100, none_m=300, new_sites=new_sites, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(gain(opened))
    assert plan.objective == pytest.approx(max(map(gain, allowed)))


@given(questions(), st.one_of(st.none(), st.floats(0, 1)))
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
        with pytest.raises(QuestionError, match=r"No plan keeps|can be served|exclude each other"):
            open_fewest_sites(demand, reach, GREEN, share=share, standing=parks, rules=rules)
        return
    plan = open_fewest_sites(demand, reach, GREEN, share=share, standing=parks, rules=rules)
    opened = np.isin(np.arange(len(reach.facility_ids)), plan.sites)
    assert enough(opened)
    assert plan.objective == cost[opened].sum() == min(cost[other].sum() for other in allowed) == plan.bound
    if share is None:
        assert (plan.beyond == (~reachable & (people > 0))).all()


# ── walking ───────────────────────────────────────────────────────────────────────────────────────


@given(questions())
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


# ── capacities ────────────────────────────────────────────────────────────────────────────────────


@given(questions(), st.booleans())
def test_everybody_has_a_place_at_the_least_cost(question, charged: bool) -> None:
    demand, reach, _, new_sites, rules = question
    rules = Rules(rules.must_keep, rules.forbid)
    people = demand.people[:, 0]
    ids, m = reach.facility_ids.tolist(), len(reach.facility_ids)
    sizes = [Size(name, 10.0 + 5 * (j % 3), 100.0 * (j + 1)) for j, name in enumerate(ids)]
    unserved = 1000.0 if charged else None

    def cost(plan: np.ndarray) -> float:
        """Fixed costs and the transport of everybody, by the linear programme of scipy."""
        near = [(i, j, d) for i, j, d in zip(reach.place, reach.facility, reach.distance, strict=True) if plan[j]]
        near += [(i, m, 1000.0) for i in range(len(people))] if charged else []
        if not near:
            return np.inf if people.any() else 100.0 * (np.flatnonzero(plan) + 1).sum()
        i, j, d = (np.array(each) for each in zip(*near, strict=True))
        k = np.arange(len(i))
        served = np.zeros((len(people), len(i)))
        served[i, k] = 1
        load = np.zeros((m + 1, len(i)))
        load[j, k] = 1
        room = np.append([10.0 + 5 * (s % 3) for s in range(m)], 1e9)
        found = linprog(d, load, room, served, people, method="highs")
        return found.fun + 100.0 * (np.flatnonzero(plan) + 1).sum() if found.success else np.inf

    best = min(map(cost, all_plans(reach, rules, new_sites)), default=np.inf)

    def ask():
        return assign_people(demand, reach, sizes, new_sites=new_sites, cost_unserved=unserved, rules=rules)

    if not np.isfinite(best):
        with pytest.raises(QuestionError):
            ask()
        return
    plan = ask()
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(best)
    assert np.bincount(plan.place, plan.people, len(people)) + plan.unserved == pytest.approx(people)
    assert set(plan.facility_ids[plan.facility]) <= set(plan.opened)


def test_too_few_places_say_how_many_people_are_left_over() -> None:
    demand, reach = street("9.9", "A.B")
    with pytest.raises(QuestionError, match="18 people need a place, and at most 15 can be had: 3 too few"):
        assign_people(demand, reach, [Size("A", 5), Size("A", 10), Size("B", 5)], new_sites=2)
    with pytest.raises(QuestionError, match=r"9 too few[\s\S]*|8 too few"):
        assign_people(demand, reach, [Size("A", 10), Size("B", 9)], new_sites=1)


# ── far apart ─────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=8), st.data())
def test_the_nearest_two_sites_are_as_far_apart_as_can_be(corners, data) -> None:
    xy = 100.0 * np.array(corners, float)
    new_sites = data.draw(st.integers(2, len(xy)))
    plan = spread_sites(sites_at(xy, [f"site {j}" for j in range(len(xy))]), new_sites=new_sites)

    def nearest_two(chosen) -> float:
        return min(float(np.hypot(*(xy[a] - xy[b]))) for a, b in combinations(chosen, 2))

    assert len(plan.opened) == new_sites
    best = max(map(nearest_two, combinations(range(len(xy)), new_sites)))
    assert plan.objective == nearest_two(plan.sites) == pytest.approx(best) == plan.bound


def test_sites_too_near_each_other_are_never_both_opened() -> None:
    candidates = sites_at(np.array([[300.0, 0], [400, 0], [1200, 0]]), ["A", "B", "C"])
    assert too_near(candidates, 101).tolist() == [[0, 1]]
    assert too_near(candidates, 100).tolist() == []
    demand, reach = street("9......8....3", "...AB.......C")
    assert cover_most_people(demand, reach, GREEN, new_sites=2).opened == ("A", "B")
    plan = cover_most_people(demand, reach, GREEN, new_sites=2, rules=Rules(apart=too_near(candidates, 101)))
    assert plan.opened == ("A", "C")


# ── what cannot be ────────────────────────────────────────────────────────


def test_rules_that_contradict_each_other_are_named_and_no_others() -> None:
    demand, reach = street("9.......3.......5", "A.......B.......C")
    rules = Rules(
        cost=np.array([4.0, 5.0, 6.0]),
        budget=5.0,
        quotas=[Quota("east", ["B", "C"], at_least=1), Quota("any", ["A", "B", "C"], at_most=3)],
        floors=[Floor("west", np.array([True, False, False]), 1.0)],
    )
    with pytest.raises(QuestionError) as refused:
        cover_most_people(demand, reach, GREEN, new_sites=3, rules=rules)
    assert str(refused.value) == (
        "No plan keeps these rules together: the budget of 5; quota 'east' (at least 1 of 2); "
        "floor 'west' (100.0% of its people). Loosen one of them."
    )


def test_rules_that_leave_somebody_without_a_place_are_named() -> None:
    demand, reach = street("6...6", "A...B", limit_m=700)
    sizes = [Size("A", 8, cost=3), Size("B", 8, cost=4)]
    for more, rules, named in (
        ({}, Rules(budget=6.0, quotas=[Quota("east", ["B"], at_least=1)]), "the budget of 6"),
        ({"least_load": np.array([7.0, 7.0])}, Rules(), "the least loads"),
    ):
        with pytest.raises(QuestionError, match=named):
            assign_people(demand, reach, sizes, rules=rules, **more)
    demand, reach = street("6.5.6", "A...B", limit_m=700)
    with pytest.raises(QuestionError, match="places go to one site as a whole"):
        assign_people(demand, reach, [Size("A", 9, cost=3), Size("B", 9, cost=4)], whole_places=True)


def test_sites_that_cannot_be_spread_name_the_rules() -> None:
    sites = sites_at(np.array([[0.0, 0], [100, 0], [300, 0]]), ["A", "B", "C"])
    with pytest.raises(QuestionError, match=r"together: quota 'few' .*; 3 sites are open"):
        spread_sites(sites, new_sites=3, rules=Rules(quotas=[Quota("few", ["A", "B"], at_most=1)]))


def test_a_share_of_next_to_nothing_asks_for_nothing() -> None:
    demand, reach = street("2...3", "A...B")
    assert open_fewest_sites(demand, reach, GREEN, share=2.3e-313).opened == ()


@pytest.mark.parametrize("share", [1e-8, 1.3e-7, 1e-5])
def test_a_share_below_the_tolerance_of_a_solver_is_a_share_all_the_same(share: float) -> None:
    demand, reach = street("2...3", "A...B")
    assert open_fewest_sites(demand, reach, GREEN, share=share).opened == ("A",)
    floors = [Floor("all", np.ones(2, bool), share)]
    with pytest.raises(QuestionError, match="at most 0 new sites; floor 'all'"):
        cover_most_people(demand, reach, GREEN, new_sites=0, rules=Rules(floors=floors))
    with pytest.raises(QuestionError, match=r"can be served|No plan keeps"):
        open_fewest_sites(demand, reach, GREEN, share=share, rules=Rules(forbid=["A", "B"]))


def test_a_share_beyond_reach_names_the_places_and_their_nearest_candidates() -> None:
    demand, reach = street("9.....4", "A......", limit_m=700)
    with pytest.raises(QuestionError, match=r"at most 69.23% can be served: 4 people in 1 places .* A at 600 m"):
        open_fewest_sites(demand, reach, GREEN, share=0.9)
    plan = open_fewest_sites(demand, reach, GREEN)
    assert plan.beyond.tolist() == [False, True]
    assert plan.opened == ("A",)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rules": Rules(cost=np.array([1.0, np.nan, -2.0]))}, r"2 candidates have negative or missing costs"),
        ({"rules": Rules(budget=3.0)}, "needs the cost of each candidate"),
        ({"rules": Rules(["A"], cost=np.array([9.0, 1, 1]), budget=5.0)}, "cost 9, 4 more than the budget of 5"),
        ({"rules": Rules(quotas=[Quota("east", ["B", "X"], at_least=1)])}, r"quota 'east' are no candidates"),
        ({"rules": Rules(quotas=[Quota("east", ["B"], at_least=2)])}, "at least 2 of 1 candidates that may open"),
        ({"rules": Rules(["A", "B"], apart=np.array([[0, 1]])), "new_sites": 2}, "exclude each other"),
        ({"rules": Rules(floors=[Floor("west", np.array([True]), 0.5)])}, "marks 1 places of 3"),
        ({"weights": {"children": 1.0}}, "of no group of this demand"),
        ({"weights": {"people": -1.0}}, "negative or missing"),
        ({"weights": {"people": 0.0}}, "No group weighs anything"),
        ({"new_sites": None}, "Neither a number of new sites nor a budget"),
    ],
)
def test_rules_and_weights_that_make_no_sense_are_refused(more, message: str) -> None:
    demand, reach = street("1.2.3", "A.B.C")
    with pytest.raises(QuestionError, match=message):
        cover_most_people(demand, reach, GREEN, **{"new_sites": 1, **more})


def test_floors_are_refused_where_nobody_is_covered() -> None:
    demand, reach = street("1.2", "A.B")
    rules = Rules(floors=[Floor("west", np.array([True, False]), 0.5)])
    with pytest.raises(QuestionError, match="shorten_walks covers nobody within a standard"):
        shorten_walks(demand, reach, new_sites=1, rules=rules)


def test_an_interrupted_search_keeps_its_best_plan_and_says_so() -> None:
    demand, reach = town_of(2000, 120, 2500)
    told = []

    def interrupt(objective: float, bound: float) -> None:
        told.append((objective, bound))
        if len(told) == 4:
            raise KeyboardInterrupt

    plan = cover_most_people(demand, reach, GREEN, new_sites=15, effort=Effort(tell=interrupt))
    assert plan.ending == "stopped"
    assert len(plan.opened) == 15
    assert plan.objective >= max(objective for objective, _ in told)
    assert plan.objective < plan.bound <= min(bound for _, bound in told) + 1e-6


def test_what_is_told_only_ever_closes() -> None:
    demand, reach = town_of(900, 60, 3000, limit_m=3000, seed=1)
    told = []
    plan = shorten_walks(demand, reach, new_sites=6, effort=Effort(tell=lambda *now: told.append(now)))
    objectives, bounds = np.array(told).T
    assert (np.diff(objectives) <= 0).all()
    assert (np.diff(bounds) >= 0).all()
    assert objectives[-1] == pytest.approx(plan.objective) == pytest.approx(plan.bound)
