"""Parcels that become one site: which do, what their area is then worth, and no plan serves more land."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import QuestionError
from planner.joining import join_parcels
from planner.land import service_radii
from planner.rules import Quota, Rules
from planner.siting import cover_most_land
from tests.test_land import box, land, parks
from tests.test_most_land import BANDS, sites

NO_ROADS = np.empty(0, object)


def join(parcels, *, standing=None, within_m=0.0, roads=()):
    there = parks() if standing is None else standing
    lines = np.array([shapely.LineString(road) for road in roads], object) if roads else NO_ROADS
    return join_parcels(parcels, BANDS, standing=there, within_m=within_m, roads=lines)


def lots(*shapes):
    return sites(*shapes, area_m2=[shape.area for shape in shapes], ids=[f"lot {j}" for j in range(len(shapes))])


#  Two parcels of 50 m × 52 m = 2 600 m² each, 8 m apart, and a third of 2 600 m² far off. Alone each reaches 300 m,
#  the two together, 5 200 m², reach 500 m.
#
#      ┌────┐ 8 m ┌────┐                    ┌────┐
#      │ 0  │     │ 1  │        …           │ 2  │
#      └────┘     └────┘                    └────┘
PAIR = lots(box(0, 0, 50, 52), box(58, 0, 108, 52), box(3000, 0, 3050, 52))


def test_two_parcels_with_a_path_between_them_are_one_park():
    joined = join(PAIR, within_m=10)
    assert joined.sites.ids.tolist() == ["lot 0", "lot 1", "lot 2", "lot 0 + lot 1"]
    assert joined.parcels[3] == (0, 1)
    assert joined.count.tolist() == [1, 1, 1, 2]
    assert joined.sites.area_m2[3] == 5200
    assert joined.sites.kind[3] == "joined"
    assert len(joined.sites.gate_xy) == 3 + 2


def test_parcels_farther_apart_or_across_a_road_stay_two():
    assert len(join(PAIR, within_m=7.9).sites) == 3
    assert len(join(PAIR, within_m=10, roads=[[(54, -500), (54, 500)]]).sites) == 3
    assert len(join(PAIR, within_m=10, roads=[[(-500, -20), (500, -20)]]).sites) == 4  # along both, parting neither


def test_where_nothing_is_gained_nothing_is_joined():
    large = lots(box(0, 0, 100, 52), box(100, 0, 200, 52))  # 5 200 m² each, touching
    assert len(join(large).sites) == 2
    assert len(join(lots(box(0, 0, 10, 10), box(10, 0, 20, 10))).sites) == 2  # 200 m² are too few as well


def test_a_third_parcel_joins_where_two_are_not_enough():
    row = lots(box(0, 0, 40, 50), box(40, 0, 80, 50), box(80, 0, 120, 50))  # 2 000 m² each
    assert [own for own in join(row).parcels if len(own) > 1] == [(0, 1, 2)]


def test_a_parcel_beside_standing_green_counts_with_it():
    #  Standing 3 000 m² (300 m), parcel 2 500 m² touching: 5 500 m² reach 500 m, with one parcel opened.
    green = parks(box(0, 0, 60, 50), area_m2=[3000])
    joined = join(lots(box(60, 0, 110, 50)), standing=green)
    assert joined.sites.ids.tolist() == ["lot 0"]
    assert joined.sites.area_m2.tolist() == [5500]
    assert joined.sites.geometry[0].bounds == (0, 0, 110, 50)
    across = join(lots(box(60, 0, 110, 50)), standing=green, roads=[[(60, -10), (60, 60)]])
    assert across.sites.area_m2.tolist() == [2500]


def test_common_ground_counts_once():
    overlapping = lots(box(0, 0, 50, 80), box(25, 0, 75, 80))  # 4 000 m² each, 2 000 m² of both
    assert join(overlapping).sites.area_m2.tolist() == [4000, 4000, 6000]


def test_a_strip_is_served_farther_by_two_parcels_as_one():
    #  Land 0 … 2 000 beside the two parcels: alone each serves 300 m beyond its border, together 500 m.
    strip = land(box(108, 0, 2108, 52))
    joined = join(PAIR, within_m=10)
    rules = joined.rules(Rules(forbid=["lot 2"]))
    one, two = (cover_most_land(strip, joined.sites, BANDS, new_sites=p, rules=rules) for p in (1, 2))
    assert one.opened == ("lot 1",)
    assert one.objective == pytest.approx(52 * 300, rel=1e-9)
    assert two.opened == ("lot 0 + lot 1",)
    assert two.objective == pytest.approx(52 * 500, rel=1e-9)


def test_a_kept_parcel_is_kept_in_one_site_and_a_forbidden_one_in_none():
    strip, joined = land(box(108, 0, 2108, 52)), join(PAIR, within_m=10)
    kept = cover_most_land(strip, joined.sites, BANDS, new_sites=2, rules=joined.rules(Rules(must_keep=["lot 0"])))
    assert kept.opened == ("lot 0 + lot 1",)
    shut = cover_most_land(strip, joined.sites, BANDS, new_sites=2, rules=joined.rules(Rules(forbid=["lot 0"])))
    assert shut.opened == ("lot 1",)
    with pytest.raises(QuestionError, match="no costs, quotas, floors or apart yet"):
        joined.rules(Rules(quotas=[Quota("west", ["lot 0"], 1)]))
    unknown = joined.rules(Rules(forbid=["lot 9"]))
    with pytest.raises(QuestionError, match=r"1 ids in forbid are no candidates \(first: lot 9\)"):
        cover_most_land(strip, joined.sites, BANDS, new_sites=1, rules=unknown)


# ── in any town ───────────────────────────────────────────────────────────────────────────────────

cells = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=6, unique=True)


def served(here, parcels, green):
    """Square metres within the radius of parcels and green dissolved first, then measured: by no code of joining."""
    shapes, area_m2 = (
        np.concatenate([parcels.geometry, green.geometry]),
        np.concatenate([parcels.area_m2, green.area_m2]),
    )
    if not len(shapes):
        return 0.0
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=0.01)
    n = len(shapes)
    _, group = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)
    radius_m = service_radii(BANDS, np.bincount(group, weights=area_m2))[group]
    reached = shapely.union_all(shapely.buffer(shapes[radius_m > 0], radius_m[radius_m > 0], quad_segs=64))
    return float(shapely.area(shapely.intersection(here.geometry, reached)).sum())


@settings(max_examples=40, deadline=None)
@given(cells, st.integers(0, 1), st.sampled_from([30, 50, 60]), st.integers(1, 3))
def test_no_three_parcels_serve_more_land_however_they_are_joined(places, old, side, new_sites):
    squares = [box(x * side, y * side, (x + 1) * side, (y + 1) * side) for x, y in places]
    old = min(old, len(squares) - 1)
    green = parks(*squares[:old], area_m2=[side**2] * old)
    parcels, here = lots(*squares[old:]), land(box(-900, 100, 1300, 160), box(100, -900, 160, 90))
    joined, new_sites = join(parcels, standing=green), min(new_sites, len(parcels))
    plan = cover_most_land(
        here,
        joined.sites,
        BANDS,
        new_sites=new_sites,
        standing={"green": green, "park": replace(green, service="park")},
        rules=joined.rules(Rules()),
    )
    today = served(here, parcels.kept(np.zeros(len(parcels), bool)), green)
    best = max(
        served(here, parcels.kept(np.isin(np.arange(len(parcels)), chosen)), green) - today
        for size in range(new_sites + 1)
        for chosen in combinations(range(len(parcels)), size)
    )
    assert plan.ending == "proven"
    assert joined.count[plan.sites].sum() <= new_sites
    assert plan.objective == pytest.approx(best, abs=1e-9 * here.total_m2)
