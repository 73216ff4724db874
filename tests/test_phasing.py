"""Which sites open in which year: against trying every order, and beside plans that look less far."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.errors import QuestionError
from planner.optimise.models import best_sites
from planner.optimise.problem import Problem
from planner.phasing import PhasedPlan, Year, compare_phasings, order_sites, phase_sites
from planner.phasing.pairs import Pairs
from planner.reach import Reach
from planner.rules import Effort, Quota, Rules
from planner.siting import cover_most_people
from tests.test_optimise import golden, lp
from tests.test_siting import GREEN, joined, street, towns

NEVER = -1

#  Each character is 100 m of a street; a digit lives there, a letter is a candidate that serves 300 m either way.
#
#      homes   4......9......6......8
#      sites   a......b......c......d      nobody is served by two of them
#
#  Two years, one site in each: b then d serve 9 for two years and 8 for one, 26 person-years.

HOMES, SITES = "4......9......6......8", "a......b......c......d"


def years(*numbers: int | None, **more: float) -> list[Year]:
    return [Year(str(2027 + s), number, **more) for s, number in enumerate(numbers)]


def when(plan: PhasedPlan) -> dict[str, str]:
    """The year in which each site opens."""
    return {site: year.name for year in plan.years for site in plan.in_year(year.name)}


def test_the_largest_neighbourhood_comes_first():
    plan = phase_sites(*street(HOMES, SITES), GREEN, years=years(1, 1))
    assert when(plan) == {"b": "2027", "d": "2028"}
    assert plan.objective == plan.bound == 2 * 9 + 8
    assert plan.ending == "proven"
    assert plan.newly_served.tolist() == [9, 17]
    assert plan.served.tolist() == [9, 8]
    assert plan.only.tolist() == [18, 8]
    assert str(plan) == "1 in 2027, 1 in 2028: +26 person-years, proven best (gap 0.00%)"


def test_a_long_last_year_weighs_what_is_open_in_the_end():
    plan = phase_sites(*street(HOMES, SITES), GREEN, years=[Year("first", 1), Year("then", 1, length=10)])
    assert plan.objective == 9 + 10 * (9 + 8)


def test_a_site_waits_until_it_is_ready():
    plan = phase_sites(*street(HOMES, SITES), GREEN, years=years(1, 1), ready={"b": "2028"})
    assert when(plan) == {"d": "2027", "b": "2028"}
    assert plan.objective == 8 + 8 + 9


def test_a_site_opens_no_sooner_than_the_one_it_waits_for():
    #  b waits for a: a, b serve 4 + 4 + 9 = 17; d, c without b serve 8 + 8 + 6 = 22; a and b together in the
    #  second year are two sites of one.
    asked = street(HOMES, SITES)
    assert when(phase_sites(*asked, GREEN, years=years(1, 1), after=[("b", "a")])) == {"d": "2027", "c": "2028"}
    both = phase_sites(*asked, GREEN, years=years(1, 2), after=[("b", "a")])
    assert when(both) == {"d": "2027", "a": "2028", "b": "2028"}
    assert both.objective == 2 * 8 + 4 + 9


def test_unused_money_lasts_only_where_it_carries_over():
    cost = np.array([9.0, 5.0, 9.0, 3.0])
    rules, asked = Rules(cost=cost), street(HOMES, SITES)
    yearly = [Year("2027", budget=4.0), Year("2028", budget=4.0)]
    assert when(phase_sites(*asked, GREEN, years=yearly, rules=rules)) == {"d": "2027"}
    saved = phase_sites(*asked, GREEN, years=yearly, rules=rules, carry_over=True)
    assert when(saved) == {"d": "2027", "b": "2028"}


def test_people_who_move_in_draw_a_site_to_them():
    demand, reach = street(HOMES, SITES)
    moving = np.column_stack([demand.people[:, 0], demand.people[:, 0] + [20, 0, 0, 0]])
    plan = phase_sites(demand, reach, GREEN, years=years(1, 1), people_by_year=moving)
    assert when(plan) == {"b": "2027", "a": "2028"}
    assert plan.newly_served.tolist() == [9, 9 + 24]


def test_the_myopic_and_the_static_plan_each_pay_for_looking_less_far():
    #      homes   9..7..8      b serves 9 and 7 and 8 is d's;  a serves 9 alone, and c 7 and 8
    #      sites   a.b..c.d
    #
    #  One site a year for two years. Myopic: the one that serves most, then what is left.
    demand, reach = street("3..7......7..3", "..a.....b...c.")
    plan = phase_sites(demand, reach, GREEN, years=years(1, 1))
    beside = compare_phasings(plan)
    assert beside.phased.objective == plan.objective
    assert beside.myopic is not None
    assert beside.regret(beside.myopic) >= 0
    assert beside.regret(beside.static) >= 0
    assert beside.static.ending == ("proven" if beside.regret(beside.static) == 0 else "stopped")
    with pytest.raises(QuestionError, match="Compare the plan of phase_sites"):
        compare_phasings(beside.static)


def test_a_plan_that_takes_the_best_now_may_end_worse():
    #  m lies between both halves and serves 5 + 5 of 6 + 6; a and b serve 6 each. With one site, then another:
    #  myopic m, then a or b: 10 + (10 + 1) = 21. Phased: a then b: 6 + 12 = 18 for equal years; with a last year
    #  of five: myopic 10 + 5 · 11 = 65, phased a then b 6 + 5 · 12 = 66.
    demand, reach = street("1.5...5.1", "..a.m.b..", limit_m=300)
    long = [Year("first", 1), Year("then", 1, length=5)]
    beside = compare_phasings(phase_sites(demand, reach, GREEN, years=long))
    assert beside.myopic is not None
    assert (beside.phased.objective, beside.myopic.objective) == (66, 65)
    assert set(beside.myopic.opened) > {"m"}
    assert beside.regret(beside.myopic) == 1
    assert beside.static.objective == 66


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"years": []}, "No year is given"),
        ({"years": [Year("2027", 1), Year("2027", 1)]}, "1 years are given more than once"),
        ({"years": [Year("2027")]}, "neither a number of sites nor a budget"),
        ({"years": [Year("2027", budget=3.0)]}, "need the cost of each candidate"),
        ({"years": [Year("2027", -1)]}, "a number or a budget below 0"),
        ({"ready": {"z": "2027"}}, "1 ids in ready, after or moves are no candidates"),
        ({"ready": {"a": "1999"}}, "ready in no year"),
        ({"after": [("a", "a")]}, "wait for themselves"),
        ({"people_by_year": np.full((4, 2), np.nan)}, "people_by_year"),
        ({"rules": Rules(must_keep=["a", "b", "c"])}, "3 sites are to open, and the years open 2 at most"),
        ({"measure": "person-metres"}, "Give a standard for the former alone"),
        ({"closes": {"old": "2028"}}, "1 ids that close or move are of no standing facility"),
        ({"moves": [("old", "a")]}, "Choose among the 0 that stand"),
    ],
)
def test_what_contradicts_itself_is_refused(more, words):
    with pytest.raises(QuestionError, match=words):
        phase_sites(*street(HOMES, SITES), GREEN, **{"years": years(1, 1), **more})


def test_every_fault_is_told_at_once():
    with pytest.raises(QuestionError) as error:
        phase_sites(*street(HOMES, SITES), GREEN, years=years(1, None), ready={"z": "1999"}, after=[("a", "a")])
    assert len(str(error.value).splitlines()) == 4


def test_rules_that_contradict_each_other_are_named():
    rules = Rules(must_keep=["a"])
    with pytest.raises(QuestionError, match="at most 0 sites in 2028") as error:
        phase_sites(*street(HOMES, SITES), GREEN, years=years(1, 0), ready={"a": "2028"}, rules=rules)
    assert "a is opened" in str(error.value)
    assert "2027" not in str(error.value)


def test_a_standing_site_that_closes_takes_its_people_with_it():
    #      homes   4......9      a serves 4, and s, standing, 9 until it closes
    #      sites   a......b
    #      stands         s
    demand, reach = street("4......9", "a......b")
    _, standing = street("4......9", ".......s")
    asked = {"years": years(1, 0), "standing": standing}
    assert phase_sites(demand, reach, GREEN, **asked).objective == 2 * 4
    closing = phase_sites(demand, reach, GREEN, **asked, closes={"s": "2028"})
    assert when(closing) == {"b": "2027"}  # nobody new, and nobody lost
    assert closing.objective == closing.bound == 0
    assert closing.newly_served.tolist() == [0, 0]
    assert closing.served.tolist() == [9]
    assert closing.closed == (("s", "2028"),)
    alone = phase_sites(demand, reach, GREEN, **asked, closes={"s": "2027"}, rules=Rules(forbid=["b"]))
    assert alone.objective == 2 * (4 - 9)
    assert alone.newly_served.tolist() == [-5, -5]
    assert alone.ending == "proven"


def test_a_standing_site_moves_where_that_helps():
    #      homes   1..2...9...      s serves 1 and 2; if it moves to b, 9 are served and 1 and 2 are not
    #      sites   a......b...
    #      stands  .s.........
    demand, reach = street("1..2...9", "a......b")
    _, standing = street("1..2...9", ".s......")
    asked = {"years": years(1, 1), "standing": standing, "moves": [("s", "b")]}
    plan = phase_sites(demand, reach, GREEN, **asked)
    assert when(plan) == {"b": "2027", "a": "2028"}
    assert plan.closed == (("s", "2027"),)
    assert plan.objective == plan.bound == (9 - 3) + 9
    with_more = phase_sites(demand, reach, GREEN, **{**asked, "moves": [("s", "b"), ("s", "a")]})
    assert with_more.objective == 15


def test_nothing_moves_where_that_helps_nobody():
    demand, reach = street("3", "b")
    _, standing = street("3", "s")
    idle = phase_sites(demand, reach, GREEN, years=years(1, 1), standing=standing, moves=[("s", "b")])
    assert idle.opened == idle.closed == ()
    forced = {"moves": [("s", "b")], "rules": Rules(must_keep=["b"])}
    moved = phase_sites(demand, reach, GREEN, years=years(1), standing=standing, **forced)
    assert moved.closed == (("s", "2027"),)
    assert moved.objective == 0


def test_walks_are_shortened_over_the_years():
    #      homes   4......9......6......8      nobody within 300 m walks at all; the others count as walking 300 m
    demand, reach = street(HOMES, SITES)
    plan = phase_sites(demand, reach, None, years=years(1, 1), measure="person-metres")
    assert when(plan) == {"b": "2027", "d": "2028"}
    assert plan.objective == plan.bound == 300 * (27 - 9) + 300 * (27 - 17)
    assert str(plan) == "1 in 2027, 1 in 2028: 8,400 person-metres, proven best (gap 0.00%)"
    beside = compare_phasings(plan)
    assert beside.regret(beside.static) == beside.regret(beside.myopic) == 0


def test_the_sites_of_a_plan_are_put_in_order_and_held_against_sites_chosen_anew():
    #  Two sites in the end: a and b serve everybody. With m first, two of three years go better; see above.
    demand, reach = street("1.5...5.1", "..a.m.b..", limit_m=300)
    two = [Year("first", 1), Year("then", 1)]
    chosen = cover_most_people(demand, reach, GREEN, new_sites=2)
    assert set(chosen.opened) == {"a", "b"}
    ordered = order_sites(chosen, demand, reach, GREEN, years=two)
    assert (set(ordered.opened), ordered.objective, ordered.ending) == ({"a", "b"}, 6 + 12, "proven")
    beside = compare_phasings(ordered)
    assert beside.ordered is not None
    assert beside.ordered.opened == ordered.opened
    assert beside.phased.objective == 10 + 11
    assert beside.regret(beside.ordered) == 3
    with pytest.raises(QuestionError, match="2 sites are to open, and the years open 1 at most"):
        order_sites(chosen, demand, reach, GREEN, years=two[:1])


@pytest.mark.parametrize(("measure", "name"), [("person-years", "phased_covering"), ("person-metres", "phased_walks")])
def test_the_programme_reads_like_its_formula(measure, name, tmp_path):
    #      homes   4..9..6      a, b, c in two years, one site in each; b waits for a, c is ready in the second,
    #      sites   a..b..c      and s moves to c.
    #      stands  ......s
    #  open_0, open_1 are s in both years, open_2 to open_4 a, b, c in the first and open_5 to open_7 in the second.
    demand, reach = street("4..9..6", "a..b..c")
    _, standing = street("4..9..6", "......s")
    plain = {"people_by_year": None, "carry_over": False, "closes": {}, "weights": None, "rules": Rules()}
    question = Pairs(
        demand=demand,
        to_candidates=reach,
        standing=standing,
        measure=measure,
        effort=Effort(),
        **{"standard": GREEN if measure == "person-years" else None, "years": tuple(years(1, 1)), **plain},
        ready={"c": "2028"},
        after=(("b", "a"),),
        moves=(("s", "c"),),
    )
    programme = best_sites(Problem.most(question.gains(question.person_years), question.choice))
    assert lp(programme, tmp_path) == golden(name)


@st.composite
def programmes(draw: st.DrawFn):
    """A town of at most four candidates and two or three years, each with a number or a budget."""
    demand, reach, parks, _, _, _ = draw(towns().filter(lambda town: len(town[1].facility_ids) <= 4))
    ids = reach.facility_ids.tolist()
    m, t = len(ids), draw(st.integers(1, 3))
    cost = np.array(draw(st.lists(st.integers(0, 4), min_size=m, max_size=m)), float)
    some = [
        Year(str(s), draw(st.integers(0, 2)), draw(st.none() | st.integers(0, 5)), draw(st.integers(1, 3)))
        for s in range(t)
    ]
    names = [year.name for year in some]
    ready = {
        site: draw(st.sampled_from(names)) for site in draw(st.lists(st.sampled_from(ids), unique=True, max_size=2))
    }
    pairs = [(a, b) for a in ids for b in ids if a != b]
    after = draw(st.lists(st.sampled_from(pairs), max_size=2, unique=True)) if pairs else []
    keep = draw(st.lists(st.sampled_from(ids), unique=True, max_size=1))
    quotas = [Quota("some", ids[:2], draw(st.integers(0, 1)), 2)] if draw(st.booleans()) else []
    people = np.array(draw(st.lists(st.integers(0, 5), min_size=len(demand.ids) * t, max_size=len(demand.ids) * t)))
    moving = people.reshape(-1, t).astype(float) if draw(st.booleans()) else None
    stands = parks.facility_ids.tolist()
    gone = draw(st.lists(st.sampled_from(stands), max_size=2, unique=True)) if stands else []
    both = [(old, new) for old in stands if old not in gone for new in ids]
    return (
        demand,
        reach,
        parks,
        {
            "years": some,
            "ready": ready,
            "after": after,
            "people_by_year": moving,
            "carry_over": draw(st.booleans()),
            "measure": draw(st.sampled_from(["person-years", "person-metres"])),
            "closes": {old: draw(st.sampled_from(names)) for old in gone},
            "moves": draw(st.lists(st.sampled_from(both), max_size=2, unique=True)) if both else [],
            "rules": Rules(must_keep=keep, cost=cost, quotas=quotas),
        },
    )


def every_order(reach: Reach, asked: dict) -> list[tuple[int, ...]]:
    """For each candidate the year in which it opens, or never: all that keep the rules."""
    ids, years_, rules = reach.facility_ids.tolist(), asked["years"], asked["rules"]
    names = [year.name for year in years_]
    found = []
    for order in product(range(-1, len(years_)), repeat=len(ids)):
        opened = [j for j, s in enumerate(order) if s != NEVER]
        if not {ids.index(site) for site in rules.must_keep} <= set(opened):
            continue
        if any(order[ids.index(site)] in range(names.index(year)) for site, year in asked["ready"].items()):
            continue
        if any(
            order[ids.index(b)] != NEVER and not NEVER != order[ids.index(a)] <= order[ids.index(b)]
            for b, a in asked["after"]
        ):
            continue
        if any(not q.at_least <= sum(ids.index(s) in opened for s in q.sites) <= q.at_most for q in rules.quotas):
            continue
        sites = [sum(1 for j in opened if order[j] == s) for s in range(len(years_))]
        money = [sum(rules.cost[j] for j in opened if order[j] == s) for s in range(len(years_))]
        allowed = [year.new_sites for year in years_]
        budget = [np.inf if year.budget is None else year.budget for year in years_]
        if asked["carry_over"]:
            sites, money, allowed, budget = (np.cumsum(x) for x in (sites, money, allowed, budget))
        if all(s <= a for s, a in zip(sites, allowed, strict=True)) and all(
            c <= b + 1e-9 for c, b in zip(money, budget, strict=True)
        ):
            found.append(order)
    return found


def worth(demand: Demand, reach: Reach, parks: Reach, order: tuple[int, ...], asked: dict) -> float:
    """Person-years as coverage counts the people of each year, or the metres that they walk."""
    together, k = joined(reach, parks), len(parks.facility_ids)
    names, ids = [year.name for year in asked["years"]], reach.facility_ids.tolist()
    walks, limit_m = asked["measure"] == "person-metres", reach.limit_m
    far = Reach.of_pairs(
        np.concatenate([reach.place, parks.place]),
        np.concatenate([reach.facility, parks.facility + len(order)]),
        np.concatenate([reach.distance, parks.distance]),
        limit=limit_m,
        metric=reach.metric,
        demand_ids=reach.demand_ids,
        facility_ids=together.facility_ids,
    )
    today = measure_coverage(together, demand, GREEN, open=np.arange(len(order) + k) >= len(order)).covered
    total = 0.0
    for s, year in enumerate(asked["years"]):
        opened = [NEVER != at <= s for at in order]
        stands = [
            not (park in asked["closes"] and names.index(asked["closes"][park]) <= s)
            and not any(old == park and opened[ids.index(new)] for old, new in asked["moves"])
            for park in parks.facility_ids.tolist()
        ]
        there = np.array([*opened, *stands], bool)
        people = demand.people[:, 0] if asked["people_by_year"] is None else asked["people_by_year"][:, s]
        if walks:
            total += year.length * float(people @ np.minimum(far.only(there).nearest()[0], limit_m))
        else:
            now = measure_coverage(together, demand, GREEN, open=there).covered
            total += year.length * float(people[now].sum() - people[today].sum())
    return total


@given(programmes())
def test_no_order_of_the_sites_is_better(programme):
    demand, reach, parks, asked = programme
    walks = asked["measure"] == "person-metres"
    sign, standard = (-1, None) if walks else (1, GREEN)
    orders = every_order(reach, asked)
    if not orders:
        with pytest.raises(QuestionError):
            phase_sites(demand, reach, standard, standing=parks, **asked)
        return
    plan = phase_sites(demand, reach, standard, standing=parks, **asked)
    ids, names = reach.facility_ids.tolist(), [year.name for year in plan.years]
    year_of = {int(site): int(year) for site, year in zip(plan.sites, plan.year, strict=True)}
    order = tuple(year_of.get(j, NEVER) for j in range(len(ids)))
    assert len(year_of) == len(plan.sites)
    assert order in orders
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(worth(demand, reach, parks, order, asked))
    assert plan.objective == pytest.approx(
        sign * max(sign * worth(demand, reach, parks, each, asked) for each in orders)
    )
    nested = [set(plan.open_in(name)) for name in names]
    assert all(sooner <= later for sooner, later in pairwise(nested))
    assert nested[-1] == set(plan.opened)
    assert set(plan.closed) == {
        *asked["closes"].items(),
        *(
            (
                old,
                min(
                    names[year_of[ids.index(by)]]
                    for site, by in asked["moves"]
                    if site == old and ids.index(by) in year_of
                ),
            )
            for old, new in asked["moves"]
            if ids.index(new) in year_of
        ),
    }
    beside = compare_phasings(plan)
    for other in (beside.myopic, beside.static):
        if other is not None:
            assert beside.regret(other) >= -1e-6
            assert other.bound == pytest.approx(plan.objective)


@given(towns())
def test_one_year_is_the_question_without_years(town):
    demand, reach, parks, new_sites, keep, forbid = town
    rules = Rules(keep, forbid)
    plan = phase_sites(demand, reach, GREEN, years=[Year("all", new_sites)], standing=parks, rules=rules)
    whole = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    assert plan.objective == whole.objective


def test_a_plan_that_was_stopped_keeps_its_bound():
    demand, reach = street(HOMES, SITES)
    plan = phase_sites(demand, reach, GREEN, years=years(1, 1), effort=Effort(gap=0.9))
    assert plan.bound >= plan.objective
    assert plan.gap <= 0.9
