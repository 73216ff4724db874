"""The official measure made large: against trying all plans, and against the module that knows no siting."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.alternatives import best_replacement
from planner.errors import QuestionError
from planner.faces import cut_into_faces
from planner.land import service_areas, service_radii
from planner.land_cover import measure_land_coverage
from planner.rules import Effort, Floor, Quota, Rules
from planner.siting import cover_most_land
from planner.standards import Band, rule_sets
from tests.test_land import box, boxes, land, parks

BANDS = (Band("park", 5000, 500.0), Band("green", 400, 300.0))
NOTHING = {service: parks(service=service) for service in ("green", "park")}


def sites(*shapes, area_m2, ids=None):
    there = replace(parks(*shapes, area_m2=area_m2), status="candidate")
    return there if ids is None else replace(there, ids=np.array(ids, np.str_))


def wall(x):
    """A site so tall that it serves land by straight borders, x m from the west and a metre wide."""
    return box(x, -5000, x + 1, 5000)


def gained(of, candidates, standing, opened):
    """What the land module measures after, less before."""
    new = candidates.kept(np.isin(candidates.ids, list(opened)))
    after = {service: there.joined(new) for service, there in standing.items()}
    return measure_land_coverage(of, after, BANDS).served - measure_land_coverage(of, standing, BANDS).served


#  A strip of land 2 000 m × 10 m; what each site serves of it (A and C 300 m to both sides, B 500 m, d nothing):
#
#      0       500      1000     1500     2000
#      ├────────┼────────┼────────┼────────┤
#    A ███████ (at 400: 100 … 701)
#    B          █████████████ (at 1 000, 5 000 m²: 500 … 1 501)
#    C     ███████ (at 600: 300 … 901)
#    d                            (at 1 700, 399 m²: too small for any band)
STRIP = land(box(0, 0, 2000, 10))
TOWN = sites(wall(400), wall(1000), wall(600), wall(1700), area_m2=[400, 5000, 4999.9, 399], ids=["A", "B", "C", "d"])


@pytest.mark.parametrize(
    ("new_sites", "opened", "square_m"),
    [
        (1, {"B"}, 10 * 1001),
        (2, {"A", "B"}, 10 * (1001 + 400)),  # A adds 100 … 500; C only 300 … 500
        (3, {"A", "B"}, 10 * (1001 + 400)),  # C adds nothing to both, d serves nothing
    ],
)
def test_a_strip_is_planned_as_a_pencil_would(new_sites, opened, square_m):
    plan = cover_most_land(STRIP, TOWN, BANDS, new_sites=new_sites)
    assert set(plan.opened) == opened
    assert plan.objective == pytest.approx(square_m, rel=1e-9)
    assert plan.bound == plan.objective
    assert (plan.question, plan.unit, plan.ending) == ("cover_most_land", "m² of residential land", "proven")
    assert plan.served.sum() == pytest.approx(plan.objective, rel=1e-9)


def test_a_plan_says_its_square_metres_and_what_each_site_alone_serves():
    plan = cover_most_land(STRIP, TOWN, BANDS, new_sites=2)
    assert str(plan) == "2 sites, +14,010 m² of residential land, proven best (gap 0.00%)"
    only = dict(zip(plan.opened, plan.only.tolist(), strict=True))
    assert only == pytest.approx({"A": 10 * 400, "B": 10 * 800})  # 100 … 500 and 701 … 1 501
    assert best_replacement(plan, "A").by == "C"
    assert best_replacement(plan, "A").worse == pytest.approx(10 * 200, rel=1e-9)


def test_land_that_standing_green_serves_counts_for_no_site():
    standing = {**NOTHING, "green": parks(wall(1000), area_m2=[400])}  # serves 700 … 1 301
    plan = cover_most_land(STRIP, TOWN, BANDS, new_sites=1, standing=standing)
    assert plan.opened == ("A",)  # 100 … 700; B would add 500 … 700 and 1 301 … 1 501
    assert plan.objective == pytest.approx(10 * 600, rel=1e-9)


def test_where_all_land_is_served_the_proven_plan_is_empty():
    everywhere = {**NOTHING, "park": parks(box(-100, -100, 2100, 110), service="park")}
    plan = cover_most_land(STRIP, TOWN, BANDS, new_sites=2, standing=everywhere)
    assert (plan.opened, plan.objective, plan.ending) == ((), 0, "proven")


def test_the_radius_goes_by_the_area_and_a_square_metre_decides():
    area_m2 = np.array([0, 399.9, 400, 4999.9, 5000, 10_000])
    assert service_radii(BANDS, area_m2).tolist() == [0, 0, 300, 300, 500, 500]
    assert service_radii(rule_sets()["P2"].tests[0].bands, area_m2).tolist() == [500] * 6


def test_rules_hold_for_land_as_for_people():
    kept = cover_most_land(STRIP, TOWN, BANDS, new_sites=2, rules=Rules(must_keep=["d"], forbid=["B"]))
    assert set(kept.opened) == {"d", "A"}
    west = Quota("west", ["A", "C"], at_least=2)
    assert set(cover_most_land(STRIP, TOWN, BANDS, new_sites=2, rules=Rules(quotas=[west])).opened) == {"A", "C"}
    dear = Rules(cost=np.array([1.0, 9.0, 1.0, 1.0]), budget=8.0)
    assert set(cover_most_land(STRIP, TOWN, BANDS, rules=dear).opened) == {"A", "C"}


def test_what_cannot_be_asked_of_land_is_refused():
    with pytest.raises(QuestionError, match=r"There is no residential land \(drawn\)"):
        cover_most_land(land(), TOWN, BANDS, new_sites=1)
    with pytest.raises(QuestionError, match="5 sites asked of 4 candidates"):
        cover_most_land(STRIP, TOWN, BANDS, new_sites=5)
    with pytest.raises(QuestionError, match="Neither a number of new sites nor a budget"):
        cover_most_land(STRIP, TOWN, BANDS)
    floor = Floor("all", np.ones(1, bool), 1.0)
    with pytest.raises(QuestionError, match="Floors speak of people covered, and cover_most_land"):
        cover_most_land(STRIP, TOWN, BANDS, new_sites=1, rules=Rules(floors=[floor]))
    with pytest.raises(QuestionError, match="no sites of 'park' given"):
        cover_most_land(STRIP, TOWN, BANDS, new_sites=1, standing={"green": parks()})


# ── in any town ───────────────────────────────────────────────────────────────────────────────────

areas = st.sampled_from([399.0, 400.0, 4999.0, 5000.0])


@settings(max_examples=40, deadline=None)
@given(boxes, boxes)
def test_faces_add_up_to_the_land_and_each_is_served_by_all_its_sites_or_none_of_it(shapes, around):
    here, rings = land(*shapes), service_areas(np.array(around, object), 300.0)
    faces = cut_into_faces(here.geometry, rings)
    assert faces.area_m2.sum() == pytest.approx(here.total_m2, rel=1e-9)
    for j, ring in enumerate(rings):
        own = faces.area_m2[faces.face[faces.site == j]].sum()
        exact = shapely.area(shapely.intersection(here.geometry, ring)).sum()
        assert own == pytest.approx(exact, rel=1e-9, abs=1e-3)
    any_site = faces.area_m2[np.unique(faces.face)].sum()
    union = shapely.area(shapely.intersection(here.geometry, shapely.union_all(rings))).sum()
    assert any_site == pytest.approx(union, rel=1e-9, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(boxes, boxes, st.data())
def test_no_plan_at_all_serves_more_land_than_the_plan_does(shapes, lots, data):
    here = land(*shapes)
    own = data.draw(st.lists(areas, min_size=len(lots), max_size=len(lots)))
    candidates = sites(*lots, area_m2=own, ids=[f"lot {j}" for j in range(len(lots))])
    old = data.draw(boxes)[:2]
    standing = {
        **NOTHING,
        "green": parks(*old, area_m2=data.draw(st.lists(areas, min_size=len(old), max_size=len(old)))),
    }
    new_sites = data.draw(st.integers(0, len(lots)))
    plan = cover_most_land(here, candidates, BANDS, new_sites=new_sites, standing=standing)
    best = max(
        gained(here, candidates, standing, chosen)
        for size in range(new_sites + 1)
        for chosen in combinations(candidates.ids.tolist(), size)
    )
    assert plan.ending == "proven"
    assert len(plan.opened) <= new_sites
    rounding = 1e-9 * here.total_m2
    assert plan.objective == pytest.approx(best, abs=rounding)
    assert gained(here, candidates, standing, plan.opened) == pytest.approx(plan.objective, abs=rounding)


def test_a_search_that_was_stopped_says_how_much_more_land_there_could_be():
    draw = np.random.default_rng(3)
    lots = [box(x, y, x + 60, y + 60) for x, y in draw.integers(0, 5000, (150, 2)).tolist()]
    candidates = sites(*lots, area_m2=[3600] * 150, ids=[f"lot {j}" for j in range(150)])
    plan = cover_most_land(land(box(0, 0, 5000, 5000)), candidates, BANDS, new_sites=20, effort=Effort(0.001))
    assert plan.ending == "stopped"
    assert plan.bound > plan.objective > 0
    assert "m² more possible" in str(plan)
