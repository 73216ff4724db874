"""Where to build: against trying all plans, and against the module that does not know siting exists."""

import os
import subprocess
import sys
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS

from planner.coverage import measure_coverage
from planner.demand import Demand
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.plan import Plan
from planner.reach import Reach, measure_straight
from planner.rules import Effort, Rules
from planner.siting import cover_most_people
from planner.standards import standard

GREEN = standard("green-300")
METRES = CRS.from_epsg(4547)


def living_at(xy: NDArray[np.float64], people: list[float]) -> Demand:
    ids = np.array([f"home {i}" for i in range(len(xy))])
    return Demand(ids, xy, np.array(people, float).reshape(-1, 1), METRES)


def sites_at(xy: NDArray[np.float64], ids: list[str]) -> Facilities:
    return Facilities(
        ids=np.array(ids, np.str_),
        names=np.array(ids, np.str_),
        service="green",
        status="candidate",
        geometry=shapely.points(xy),
        area_m2=np.full(len(ids), 500.0),
        gate_xy=xy,
        gate_facility=np.arange(len(ids)),
        gate_origin=np.full(len(ids), "point"),
        crs=METRES,
    )


def street(homes: str, sites: str, limit_m: float = 300) -> tuple[Demand, Reach]:
    """A straight street, 100 m a character: digits are people, letters are sites."""
    x = np.array([[100.0 * at, 0.0] for at in range(len(homes))])
    lived_in = [at for at, c in enumerate(homes) if c.isdigit()]
    built = [at for at, c in enumerate(sites) if c.isalpha()]
    demand = living_at(x[lived_in], [float(homes[at]) for at in lived_in])
    return demand, measure_straight(demand, sites_at(x[built], [sites[at] for at in built]), limit_m=limit_m)


RULES = {field.name for field in fields(Rules)}
EFFORT = {field.name for field in fields(Effort)}


def parted(more: dict[str, object]) -> dict[str, object]:
    """What is asked, with the rules and the effort each in their own value."""
    rules = Rules(**{name: value for name, value in more.items() if name in RULES})
    effort = Effort(**{name: value for name, value in more.items() if name in EFFORT})
    rest = {name: value for name, value in more.items() if name not in RULES | EFFORT}
    return {**rest, "rules": rules, "effort": effort}


def ask(demand: Demand, reach: Reach, new_sites: int | None, **more: object) -> Plan:
    return cover_most_people(demand, reach, GREEN, new_sites=new_sites, **parted(more))


@st.composite
def towns(draw: st.DrawFn) -> tuple[Demand, Reach, Reach, int, list[str], list[str]]:
    """Up to 12 homes, 8 candidates and 3 standing parks on a 100 m lattice of 1 km."""
    corners = st.tuples(st.integers(0, 10), st.integers(0, 10))
    homes = draw(st.lists(corners, min_size=1, max_size=12))
    candidates = draw(st.lists(corners, min_size=1, max_size=8))
    parks = draw(st.lists(corners, max_size=3))
    people = draw(st.lists(st.integers(0, 9), min_size=len(homes), max_size=len(homes)).filter(any))
    ids = [f"site {j}" for j in range(len(candidates))]
    keep = draw(st.lists(st.sampled_from(ids), unique=True, max_size=2))
    forbid = [j for j in draw(st.lists(st.sampled_from(ids), unique=True, max_size=2)) if j not in keep]
    new_sites = draw(st.integers(len(keep), len(ids) - len(forbid)))
    demand = living_at(100.0 * np.array(homes, float), list(map(float, people)))
    to_candidates = measure_straight(demand, sites_at(100.0 * np.array(candidates, float), ids), limit_m=500)
    named = [f"park {j}" for j in range(len(parks))]
    to_parks = measure_straight(demand, sites_at(100.0 * np.array(parks, float).reshape(-1, 2), named), limit_m=300)
    return demand, to_candidates, to_parks, new_sites, keep, forbid


def joined(one: Reach, other: Reach) -> Reach:
    """Both as one set of facilities, as a map would show them."""
    return Reach.of_pairs(
        np.concatenate([one.place, other.place]),
        np.concatenate([one.facility, other.facility + len(one.facility_ids)]),
        np.concatenate([one.distance_m, other.distance_m]),
        limit=min(one.limit_m, other.limit_m),
        metric=one.metric,
        demand_ids=one.demand_ids,
        facility_ids=np.concatenate([one.facility_ids, other.facility_ids]),
    )


def people_gained(demand: Demand, to_candidates: Reach, to_parks: Reach, opened: set[str]) -> float:
    """What coverage says after, less what it says before; the parks stand, `opened` are new."""
    both = joined(to_candidates, to_parks)
    stand = np.isin(both.facility_ids, to_parks.facility_ids)
    after = measure_coverage(both, demand, GREEN, open=stand | np.isin(both.facility_ids, list(opened)))
    return after.served - measure_coverage(both, demand, GREEN, open=stand).served


@given(towns())
@settings(max_examples=60, deadline=None)
def test_no_plan_at_all_gains_more_people_than_the_plan_does(town) -> None:
    demand, to_candidates, to_parks, new_sites, keep, forbid = town
    plan = ask(demand, to_candidates, new_sites, standing=to_parks, must_keep=keep, forbid=forbid)
    allowed = [j for j in to_candidates.facility_ids.tolist() if j not in {*keep, *forbid}]
    best = max(
        people_gained(demand, to_candidates, to_parks, {*keep, *more})
        for size in range(new_sites - len(keep) + 1)
        for more in combinations(allowed, size)
    )
    assert plan.ending == "proven"
    assert plan.objective == best == plan.bound
    assert people_gained(demand, to_candidates, to_parks, set(plan.opened)) == best
    assert set(keep) <= set(plan.opened)
    assert not set(forbid) & set(plan.opened)
    assert len(plan.opened) <= new_sites


@given(towns())
@settings(max_examples=60, deadline=None)
def test_the_figures_of_a_plan_agree_with_each_other(town) -> None:
    demand, to_candidates, to_parks, new_sites, keep, _ = town
    plan = ask(demand, to_candidates, new_sites, standing=to_parks, must_keep=keep)
    assert plan.served.sum() == plan.objective == demand.people[plan.gained, 0].sum()
    assert (np.diff(plan.served) <= 0).all()
    assert plan.opened == tuple(to_candidates.facility_ids[plan.sites])
    for site, only in zip(plan.opened, plan.only, strict=True):
        rest = set(plan.opened) - {site}
        assert people_gained(demand, to_candidates, to_parks, rest) == plan.objective - only
        assert only > 0 or site in keep


@given(towns())
@settings(max_examples=30, deadline=None)
def test_one_more_site_never_serves_fewer_people(town) -> None:
    demand, to_candidates, to_parks, new_sites, _, _ = town
    gains = [ask(demand, to_candidates, p, standing=to_parks).objective for p in range(new_sites + 1)]
    assert gains == sorted(gains)


def test_a_street_is_planned_as_a_pencil_would() -> None:
    demand, reach = street(
        "4..7......9..2.....3",
        ".A.B......C........D",  # A and B both reach 4 and 7; C reaches 9 and 2 (at exactly 300 m); D only 3
    )
    plan = ask(demand, reach, 2)
    assert plan.opened == ("A", "C")  # equal at 11 each: the first in order
    assert plan.sites.tolist() == [0, 2]
    assert plan.served.tolist() == [11, 11]
    assert plan.only.tolist() == [11, 11]
    assert plan.gained.tolist() == [True, True, True, True, False]
    assert (plan.objective, plan.bound, plan.gap, plan.ending) == (22, 22, 0, "proven")
    assert str(plan) == "2 sites, +22 people, proven best (gap 0.00%)"


def test_those_whom_a_standing_park_serves_count_for_no_site() -> None:
    homes = "8...5"
    demand, reach = street(homes, "A...B")
    _, standing = street(homes, "P....")
    assert ask(demand, reach, 1).opened == ("A",)
    assert ask(demand, reach, 1, standing=standing).opened == ("B",)
    assert ask(demand, reach, 2, standing=standing).opened == ("B",)  # A would add nobody


def test_people_between_two_chosen_sites_belong_to_the_nearer_and_of_equals_to_the_first() -> None:
    demand, reach = street("1..5.6.7..2", "B.....A....")  # 5 is 300 m from both
    plan = ask(demand, reach, 2, must_keep=["A", "B"])
    assert dict(zip(plan.opened, plan.served.tolist(), strict=True)) == {"A": 13, "B": 6}
    assert dict(zip(plan.opened, plan.only.tolist(), strict=True)) == {"A": 13, "B": 1}


def test_a_site_that_is_too_small_serves_nobody() -> None:
    demand, reach = street("9.......3", "A.......B")
    plan = ask(demand, reach, 1, counts=np.array([False, True]))
    assert plan.opened == ("B",)
    assert plan.objective == 3


def test_a_kept_site_is_opened_whatever_it_brings_and_counts_among_the_new_ones() -> None:
    demand, reach = street("9.......3......", "A.......B.....C")
    plan = ask(demand, reach, 2, must_keep=["C"])
    assert plan.opened == ("A", "C")
    assert plan.served.tolist() == [9, 0]


def test_where_no_candidate_reaches_anybody_the_proven_plan_is_empty() -> None:
    plan = ask(*street("9........", "........A"), 1)
    assert (plan.opened, plan.objective, plan.bound, plan.gap, plan.ending) == ((), 0, 0, 0, "proven")


def test_no_new_site_is_a_question_with_an_answer() -> None:
    assert ask(*street("9", "A"), 0).opened == ()
    assert ask(*street("9", "."), 0).opened == ()


def test_only_the_first_group_is_counted() -> None:
    demand, reach = street("1........2", "A........B")
    old = np.array([9.0, 0.0])
    demand = Demand(demand.ids, demand.xy, np.column_stack([demand.people, old]), METRES, ("people", "old"))
    assert ask(demand, reach, 1).opened == ("B",)


def test_parts_of_people_are_not_rounded() -> None:
    demand, reach = street("1........1", "A........B")
    demand = Demand(demand.ids, demand.xy, np.array([[0.25], [0.5]]), METRES)
    plan = ask(demand, reach, 1)
    assert (plan.opened, plan.objective, plan.ending) == (("B",), 0.5, "proven")
    assert plan.bound == pytest.approx(0.5, abs=1e-6)


# ── larger towns ──────────────────────────────────────────────────────────────────────────────────


def town_of(places: int, sites: int, side_m: float, *, limit_m: float = 300, seed: int = 0) -> tuple[Demand, Reach]:
    """Homes and candidates anywhere in a square, up to 99 people a home."""
    draw = np.random.default_rng(seed)
    demand = living_at(side_m * draw.random((places, 2)), draw.integers(1, 100, places).tolist())
    candidates = sites_at(side_m * draw.random((sites, 2)), [f"site {j}" for j in range(sites)])
    return demand, measure_straight(demand, candidates, limit_m=limit_m)


def test_twenty_of_three_hundred_sites_are_proven() -> None:
    demand, reach = town_of(6000, 300, 6000)
    plan = ask(demand, reach, 20)
    assert plan.ending == "proven"
    assert (
        plan.objective
        == plan.bound
        == measure_coverage(reach, demand, GREEN, open=np.isin(reach.facility_ids, plan.opened)).served
    )


def test_a_search_that_was_stopped_says_so() -> None:
    demand, reach = town_of(2000, 120, 2500)  # every home has five sites near: the hard kind
    plan = ask(demand, reach, 15, time_limit_s=0.001)
    assert plan.ending == "stopped"
    assert plan.bound > plan.objective > 0
    assert 0 < plan.gap < 0.4
    assert "more possible" in str(plan)


SCRIPT = """
import numpy as np
from pyproj import CRS
from planner.demand import Demand
from planner.reach import Reach
from planner.rules import Rules
from planner.siting import cover_most_people
from planner.standards import standard

homes = sites = range(200)
ids = np.array([f"id {i}" for i in homes])
demand = Demand(ids, np.zeros((200, 2)), np.full((200, 1), 3.0), CRS.from_epsg(4547))
near = np.array([[(7 * i + 3 * j * j) % 200 < 6 for j in sites] for i in homes])
zero = np.zeros(near.sum())
reach = Reach.of_pairs(*np.nonzero(near), zero, limit=300.0, metric="walk", demand_ids=ids, facility_ids=ids)
plan = cover_most_people(demand, reach, standard("green-300"), new_sites=12, rules=Rules({"id 5", "id 9", "id 11"}))
print(plan.ending, plan.opened, plan.served.tolist(), plan.only.tolist(), plan.objective, plan.bound)
"""


def test_the_same_question_has_the_same_answer_in_any_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[1],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert answers.pop().startswith("proven ('id ")


# ── questions that contradict themselves ──────────────────────────────────────────────────────────


def test_more_sites_than_candidates_is_refused() -> None:
    demand, reach = street("9" * 20, "ABCDEFGHIJKLMNOPQRST")
    with pytest.raises(QuestionError, match=r"25 sites asked of 20 candidates \(20 given, 0 forbidden, 0 too small"):
        ask(demand, reach, 25)
    with pytest.raises(QuestionError, match=r"20 sites asked of 17 candidates \(20 given, 2 forbidden, 1 too small"):
        ask(demand, reach, 20, forbid=["A", "B"], counts=np.arange(20) != 5)
    with pytest.raises(QuestionError, match="1 sites asked of 0 candidates"):
        ask(*street("9", "."), 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"new_sites": -1}, "-1 new sites"),
        ({"must_keep": ["A", "X", "Y"]}, r"2 ids in must_keep are no candidates \(first: X, Y\)"),
        ({"forbid": ["X"]}, r"1 ids in forbid are no candidates \(first: X\)"),
        ({"must_keep": ["A"], "forbid": ["A", "B"]}, r"1 sites are in must_keep and in forbid \(first: A\)"),
        ({"must_keep": ["A", "B"]}, r"2 sites are to be kept among 1 new ones \(first: A, B\)"),
        ({"must_keep": ["B"], "counts": np.array([True, False, True])}, r"do not count for green-300 \(first: B"),
        ({"counts": np.array([True])}, "`counts` has 1 entries for 3 candidates"),
        ({"time_limit_s": 0.0}, "time limit of 0 s"),
        ({"gap": -0.1}, "gap of -0.1"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(more: dict[str, object], message: str) -> None:
    demand, reach = street("1.2.3", "A.B.C")
    with pytest.raises(QuestionError, match=message):
        cover_most_people(demand, reach, GREEN, **parted({"new_sites": 1, **more}))


def test_a_reach_that_ends_before_the_standard_is_refused() -> None:
    demand, short = street("1.2", "A.B", limit_m=200)
    _, long = street("1.2", "A.B")
    with pytest.raises(QuestionError, match="candidates was measured up to 200 m, and green-300 asks for 300 m"):
        ask(demand, short, 1)
    with pytest.raises(QuestionError, match="standing facilities was measured up to 200 m"):
        ask(demand, long, 1, standing=short)


def test_a_reach_of_other_people_is_refused() -> None:
    demand, reach = street("1.2", "A.B")
    _, elsewhere = street("1.2.3", "A.B..")
    with pytest.raises(QuestionError, match="reach to the candidates is of 3 places"):
        ask(demand, elsewhere, 1)
    with pytest.raises(QuestionError, match="reach to the standing facilities is of 3 places"):
        ask(demand, reach, 1, standing=elsewhere)


def test_walks_and_straight_lines_are_not_mixed() -> None:
    demand, reach = street("1.2", "A.B")
    walk = replace(reach, metric="walk")
    with pytest.raises(QuestionError, match="'straight' and standing facilities by 'walk'"):
        ask(demand, reach, 1, standing=walk)


def test_every_fault_of_a_question_is_told_at_once() -> None:
    demand, reach = street("1.2", "A.B", limit_m=200)
    with pytest.raises(QuestionError) as refused:
        ask(demand, reach, 9, must_keep=["A", "X"], forbid=["A"], gap=1.0)
    assert len(str(refused.value).splitlines()) == 5
