"""How much longer the walk is than the straight line."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.detour import measure_detours
from planner.errors import DataError, QuestionError
from planner.reach import measure_reach, measure_straight
from tests.towns import demand, network, places, random_town

#  home/1 ──── 300 m ──── north              north bank, y = 200
#    ╎  ~ ~ ~ river ~ ~ ~   │ bridge 200 m
#  home/0 ──── 300 m ──── south ── 300 m ── home/2        south bank, y = 0
#
#  park/0 stands at home/1's door, park/1 at the south end of the bridge
TOWN = network(
    [[0, 0], [300, 0], [600, 0], [300, 200], [0, 200]],
    [[0, 1], [1, 2], [1, 3], [3, 4]],
)
HOMES = demand([[0, 0], [0, 200], [600, 0]], [10, 20, 30]).snapped(TOWN, max_access_m=50)
PARKS = places([[[0, 200]], [[300, 0]]]).snapped(TOWN, max_access_m=50)
WALK = measure_reach(HOMES, PARKS, limit_m=1000)
STRAIGHT = measure_straight(HOMES, PARKS, limit_m=500)


def test_the_river_is_the_worst_pair():
    #  home/0 to park/0: 200 m across the water, 800 m by the bridge
    (river,) = (detours := measure_detours(WALK, STRAIGHT, HOMES, PARKS).above(2.0)).ratio
    assert river == 4.0
    assert (detours.demand_ids[detours.place[0]], detours.facility_ids[detours.facility[0]]) == ("home/0", "green/0")
    assert (detours.walk_m.tolist(), detours.straight_m.tolist(), detours.people.tolist()) == ([800], [200], [10])


def test_the_factor_is_all_walks_over_all_straight_lines_by_people():
    #  home/0: 800 / 200 and 300 / 300; home/1: 500 / √(300² + 200²) (at park/0's door: left out); home/2: 300 / 300
    detours = measure_detours(WALK, STRAIGHT, HOMES, PARKS)
    line = np.hypot(300, 200)
    assert detours.factor == pytest.approx(
        (10 * 800 + 10 * 300 + 20 * 500 + 30 * 300) / (10 * 200 + 10 * 300 + 20 * line + 30 * 300), abs=1e-6
    )
    assert str(detours) == (
        "walks are 1.41 times the straight line over 4 pairs within 500 m; 0 of them have no walk within 1000 m; "
        "left out as far from every street: 0 people and 0 facilities"
    )


def test_a_walk_beyond_the_limit_is_the_worst_of_all_and_not_in_the_factor():
    walk, straight = measure_reach(HOMES, PARKS, limit_m=700), measure_straight(HOMES, PARKS, limit_m=350)
    short = measure_detours(walk, straight, HOMES, PARKS)
    assert short.found.sum() == 2  # home/1 to park/1 is 361 m away in a straight line
    assert short.factor == 1.0
    assert short.above(2.0).walk_m.tolist() == [np.inf]
    assert "1 of them have no walk within 700 m" in str(short)


def test_walks_too_short_to_tell_a_detour_are_refused():
    detours = measure_detours(measure_reach(HOMES, PARKS, limit_m=700), STRAIGHT, HOMES, PARKS)
    with pytest.raises(QuestionError, match=r"up to 700 m.*above 2 .*Measure walks up to 1000 m"):
        detours.above()
    assert len(detours.above(1.4)) == 1
    with pytest.raises(QuestionError, match="above nan"):
        detours.above(np.nan)


def test_one_group_alone_weighs_the_pairs():
    children = replace(HOMES, people=np.array([[10.0, 0], [20, 0], [30, 3]]), groups=("people", "children"))
    detours = measure_detours(WALK, STRAIGHT, children, PARKS, group="children")
    assert (len(detours), detours.factor) == (1, 1.0)


def test_without_any_walk_the_factor_is_infinite_and_every_pair_is_told():
    cut = measure_detours(measure_reach(HOMES, PARKS, limit_m=0.0), STRAIGHT, HOMES, PARKS)
    assert (cut.factor, int(cut.found.sum())) == (np.inf, 0)


def test_reaches_that_cannot_be_compared_are_refused_with_all_their_faults():
    with pytest.raises(QuestionError, match=r"`walk` is a straight reach in 'm'. Give a walk reach in metres"):
        measure_detours(STRAIGHT, STRAIGHT, HOMES, PARKS)
    with pytest.raises(QuestionError, match="`walk` is a walk reach in 's'"):
        measure_detours(replace(WALK, unit="s"), STRAIGHT, HOMES, PARKS)
    other = measure_straight(HOMES, places([[[0, 0]]], service="park"), limit_m=500)
    with pytest.raises(QuestionError, match=r"`straight` was measured for other facilities: 1 \(first: park/0\)"):
        measure_detours(WALK, other, HOMES, PARKS)
    with pytest.raises(QuestionError) as refused:
        measure_detours(STRAIGHT, other, HOMES, PARKS, from_m=np.nan)
    assert len(str(refused.value).splitlines()) == 3
    with pytest.raises(DataError, match="other places"):
        measure_detours(WALK, STRAIGHT, demand([[0, 0]]), PARKS)


def test_who_is_on_no_street_is_counted_apart_and_is_no_river():
    #  home/3 and park/2 stand in a field, 200 m from the street
    homes = demand([[0, 0], [0, 200], [600, 0], [450, -200]], [10, 20, 30, 40]).snapped(TOWN, max_access_m=50)
    parks = places([[[0, 200]], [[300, 0]], [[150, -200]]]).snapped(TOWN, max_access_m=50)
    walk, straight = measure_reach(homes, parks, limit_m=1000), measure_straight(homes, parks, limit_m=500)
    detours = measure_detours(walk, straight, homes, parks)
    assert (detours.off_people, detours.off_facilities) == (40, 1)
    assert detours.factor == measure_detours(WALK, STRAIGHT, HOMES, PARKS).factor
    assert detours.found.all()
    with pytest.raises(DataError, match="that were snapped"):
        measure_detours(walk, straight, homes, replace(parks, door=None))


def test_without_pairs_there_is_no_detour():
    with pytest.raises(QuestionError, match=r"No facility \(first: green/0, green/1\) is 50 to 100 m from anybody"):
        measure_detours(WALK, measure_straight(HOMES, PARKS, limit_m=100), HOMES, PARKS)


@given(st.integers(0, 100_000))
def test_no_walk_is_shorter_than_its_straight_line_and_each_pair_is_the_reaches_own(seed):
    _, homes, parks = random_town(seed)
    walk, straight = measure_reach(homes, parks, limit_m=900), measure_straight(homes, parks, limit_m=450)
    assume((straight.distance_m >= 50).any())
    detours = measure_detours(walk, straight, homes, parks)
    walked = {(i, j): d for i, j, d in zip(walk.place, walk.facility, walk.distance_m, strict=True)}
    told = {
        (i, j): (d, walked.get((i, j), np.inf))
        for i, j, d in zip(straight.place, straight.facility, straight.distance_m, strict=True)
        if d >= 50
    }
    pairs = zip(detours.place, detours.facility, detours.straight_m, detours.walk_m, strict=True)
    assert {(i, j): (s, w) for i, j, s, w in pairs} == told
    assert (detours.walk_m >= detours.straight_m - 1e-3).all()
    assert detours.factor >= 1 - 1e-4
    worse = detours.above(2.0)
    assert (worse.ratio > 2).all()
    assert (worse.ratio[:-1] >= worse.ratio[1:]).all()
    assert len(worse) == (detours.ratio > 2).sum()
