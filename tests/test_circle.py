"""The 15-minute circle: who has which services of a kit, who has all, what is missing, and how it adds up."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.circle import measure_circle
from planner.demand import Units
from planner.errors import QuestionError
from planner.kits import Item, Kit
from planner.standards import Standard
from planner.walkers import flat_walkers
from tests.towns import demand, network, places, random_town

#  One street of 2 000 m, three homes, a shop S, a clinic C, a school s, and grounds of 100 m² and 200 m².
#
#       10 people     30                              60
#  ├─────h0───s───────h1──C────────S───200──100─────────h2─────────┤
#  0    100  200     500 600      900 1000  1400     1700        2000
#
#  Metres to the nearest:   h0    h1    h2
#   shop       ≤ 800        800   400   800      10 + 30 + 60 = 100 people: exactly at the limit counts
#   clinic     ≤ 450        500   100  1100      30
#   school     ≤ 300        100   300  1500      40
#   ground     ≤ 500, from 150 m²: 900  500  700 30; the nearer one of 100 m² counts for nobody
#   library    not in the data
STREET = network([[0, 0], [2000, 0]], [[0, 1]])
UNITS = Units(
    np.array(["w", "e"]), np.array(["西", "东"]), "community", np.array([shapely.box(0, 0, 1, 1)] * 2, object)
)
HOMES = replace(
    demand([[100, 0], [500, 0], [1700, 0]]).snapped(STREET, max_access_m=50),
    people=np.array([[10.0, 0], [30, 3], [60, 1]]),
    groups=("people", "older"),
    units=UNITS,
    unit=np.array([0, 0, 1]),
)


def sites(xs, *, service, areas=None):
    return places([[[x, 0]] for x in xs], service=service, area_m2=areas).snapped(STREET, max_access_m=50)


def item(service, limit, level=15, *, unit="m", required=True, weight=1.0, min_area_m2=0.0):
    walker = flat_walkers()["adult"] if unit == "min" else None
    rule = Standard(service, {}, service, limit, unit, "drawn", "-", "", "A", walker, min_area_m2)
    return Item({"zh": service, "en": service}, level, rule, required, weight)


def a_kit(*items, **options):
    return Kit("drawn", {"zh": "画", "en": "drawn"}, "drawn", "-", "A", items, **options)


STANDING = {
    "shop": sites([900], service="shop"),
    "clinic": sites([600], service="clinic"),
    "school": sites([200], service="school"),
    "ground": sites([1000, 1400], service="ground", areas=[200, 100]),
}
SHOP, CLINIC, SCHOOL = item("shop", 800), item("clinic", 450), item("school", 300, 5, weight=2.0)
GROUND, LIBRARY = item("ground", 500, 5, min_area_m2=150), item("library", 1000)
KIT = a_kit(SHOP, CLINIC, LIBRARY, SCHOOL, GROUND)


def circle(standing=STANDING, kit=KIT):
    return measure_circle(HOMES, standing, kit)


def test_who_has_what_is_what_a_pencil_says():
    found = circle()
    assert {each.item.service: each.walk.tolist() for each in found.judged} == {
        "shop": [True, True, True],
        "clinic": [False, True, False],
        "school": [True, True, False],
        "ground": [False, True, False],
    }
    for each in found.judged:
        assert each.straight.tolist() == each.walk.tolist()  # on one straight street


def test_the_complete_kit_is_of_each_level_and_of_all():
    found = circle()
    assert found.levels == (15, 5)
    assert found.complete(15).tolist() == [False, True, False]
    assert found.complete(5).tolist() == [False, True, False]
    assert found.complete().tolist() == [False, True, False]
    assert found.lacking().tolist() == [2, 0, 3]
    assert found.people_by_lacking().tolist() == [30, 0, 10, 60, 0]
    assert found.people_by_lacking("older").tolist() == [3, 0, 0, 1, 0]


def test_what_is_not_in_the_data_is_neither_missing_nor_there():
    found = circle()
    assert found.untold == (LIBRARY,)
    assert "library" not in {each.item.service for each in found.missing()}
    nobody = circle({**STANDING, "library": sites([], service="library")})  # somebody looked, and there is none
    assert nobody.untold == ()
    assert not nobody.complete().any()
    assert nobody.missing()[0].item == LIBRARY
    assert nobody.missing()[0].share == 1


def test_grounds_whose_area_nobody_knows_tell_nothing_of_an_item_with_a_floor():
    unknown = circle({**STANDING, "ground": sites([500], service="ground", areas=[0])})
    assert unknown.untold == (LIBRARY, GROUND)
    known = circle({**STANDING, "ground": sites([500, 1000], service="ground", areas=[0, 149.9])})
    assert known.judged[-1].counts.tolist() == [False, False]
    assert not known.judged[-1].walk.any()


def test_the_missing_item_of_a_community_is_the_one_most_of_its_people_lack():
    west, east, none = circle().missing_by_unit()
    # West: 10 of 40 lack a clinic and 10 a ground, the clinic stands first. East: 60 lack three items alike.
    assert (west[0].item, west[0].people, west[0].of, west[0].share) == (CLINIC, 10, 40, 0.25)
    assert [(each.item.service, each.people) for each in east] == [
        ("clinic", 60), ("school", 60), ("ground", 60), ("shop", 0),
    ]  # fmt: skip
    assert (none[0].people, none[0].share) == (0, 0)
    assert [(each.item.service, each.people) for each in circle().missing()] == [
        ("clinic", 70), ("ground", 70), ("school", 60), ("shop", 0),
    ]  # fmt: skip


def test_the_score_is_the_weighed_share_of_items_and_its_parts_add_up_to_it():
    #  Weights 1, 1, 2, 1 of 5, of 100 people: shop 20 · 100 %, clinic 20 · 30 %, school 40 · 40 %, ground 20 · 30 %
    score = circle().score()
    assert score.parts == (20, 6, 16, 6)
    assert score.most == (20, 20, 40, 20)
    assert score.points == sum(score.parts) == score.at(15) + score.at(5) == 48
    assert (score.at(15), score.at(5)) == (26, 22)
    assert str(score) == "48.0 of 100"
    #  Of 4 older people 3 live at h1 and 1 at h2: shop 20, clinic 15, school 30, ground 15
    assert circle().score("older").points == 80
    assert circle().points().tolist() == [60, 100, 20]  # 10 · 60 + 30 · 100 + 60 · 20 = 48 · 100


def test_an_item_as_needed_is_told_and_no_part_of_the_complete_kit():
    found = circle(kit=a_kit(SHOP, item("clinic", 450, required=False, weight=0.0)))
    assert found.complete().all()
    assert [each.item.service for each in found.missing()] == ["shop"]
    assert found.score().parts == (100, 0)
    assert found.judged[1].walk.tolist() == [False, True, False]


def test_minutes_are_walked_at_the_pace_of_the_kit_s_walker():
    #  h0 is 500 m from the clinic: at 1.2 m/s 6.94 min, at 0.8 m/s 10.4 min.
    seven = a_kit(item("clinic", 7, unit="min"))
    assert circle(kit=seven).complete().tolist() == [True, True, False]
    assert circle(kit=seven.paced(flat_walkers()["older"])).complete().tolist() == [False, True, False]
    assert a_kit(CLINIC).paced(flat_walkers()["older"]).items == (CLINIC,)  # metres stay metres


#  A service centre of the subdistrict at h1 is in the data as a service station as well.
CENTRE, STATION = item("centre", 1000, 15), item("station", 300, 5)


def test_a_service_centre_of_the_subdistrict_is_no_service_station_of_the_community():
    both = sites([500], service="centre")
    standing = {"centre": both, "station": replace(both, service="station")}
    found = circle(standing, a_kit(CENTRE, STATION))
    assert found.complete(15).tolist() == [True, True, False]
    assert not found.complete(5).any()
    assert found.judged[1].counts.tolist() == [False]
    inclusive = circle(standing, a_kit(CENTRE, STATION, inclusive=True))
    assert inclusive.complete(5).tolist() == [False, True, False]


def test_two_places_that_only_share_an_id_are_two():
    standing = {
        "centre": sites([500], service="centre"),
        "station": replace(sites([100], service="station"), ids=np.array(["centre/0"])),
    }
    assert circle(standing, a_kit(CENTRE, STATION)).complete(5).tolist() == [True, False, False]


def test_a_new_centre_of_an_upper_level_completes_no_lower_level():
    standing = {"centre": sites([1700], service="centre"), "station": sites([100], service="station")}
    kit = a_kit(CENTRE, STATION)
    before = circle(standing, kit)
    after = before.with_sites({"centre": sites([500, 1700], service="centre")})
    assert (before.complete(15).tolist(), after.complete(15).tolist()) == ([False, False, True], [True, True, True])
    assert after.complete(5).tolist() == before.complete(5).tolist() == [True, False, False]


def test_sites_of_a_plan_are_measured_and_all_else_stays():
    before = circle()
    after = before.with_sites({**STANDING, "clinic": sites([600, 1900], service="clinic"), "library": STANDING["shop"]})
    assert after.judged[1].walk.tolist() == [False, True, True]
    assert all(now is was for now, was in zip(after.judged, before.judged, strict=True) if was.item != CLINIC)
    assert after.untold == before.untold  # a kit is judged by the same items before and after
    assert after.score().points == 48 + 12


def test_who_is_on_no_street_has_nothing_on_foot():
    far = replace(HOMES, xy=np.array([[100.0, 0], [500, 900], [1700, 0]]), door=None).snapped(STREET, max_access_m=950)
    off = replace(HOMES, xy=far.xy, door=None).snapped(STREET, max_access_m=50)
    found = measure_circle(off, {"shop": sites([500], service="shop")}, a_kit(item("shop", 1000)))
    assert found.complete().tolist() == [True, False, False]
    assert found.complete(metric="straight").tolist() == [True, True, False]


def test_it_is_told_in_a_line():
    assert str(circle()) == ("drawn on foot: 48.0 of 100; complete for 30.0% (30 of 100 people), 4 of 5 items judged")


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ((), "no item of it is required"),
        ((item("shop", 800, required=False),), "no item of it is required"),
        ((item("shop", 800, weight=0.0),), "no item of it has a weight"),
        ((SHOP, item("clinic", 0)), "clinic has a limit of 0 m"),
        ((SHOP, item("clinic", float("nan"))), "clinic has a limit of nan m"),
        ((SHOP, item("clinic", 500, weight=-1.0)), "clinic has a weight of -1"),
        ((SHOP, item("shop", 300, 5)), "shop stands in it more than once"),
    ],
)
def test_a_kit_that_contradicts_itself_is_refused(items, told):
    with pytest.raises(QuestionError, match=told):
        a_kit(*items)


def test_all_that_is_wrong_with_a_kit_is_told_at_once():
    with pytest.raises(QuestionError, match=r"shop has a limit of -5 m; shop has a weight of inf; no item of it is re"):
        a_kit(item("shop", -5, required=False, weight=float("inf")))


def test_a_kit_of_which_nothing_is_in_the_data_is_refused():
    with pytest.raises(QuestionError, match=r"No required item of the kit 'drawn' is in the data \(first: library\)"):
        circle(kit=a_kit(LIBRARY))
    with pytest.raises(QuestionError, match="No required item"):
        circle(kit=a_kit(LIBRARY, item("shop", 800, required=False)))


def test_a_level_that_is_not_judged_or_not_there_is_refused():
    with pytest.raises(QuestionError, match="No required item of the 10-minute level"):
        circle().complete(10)
    with pytest.raises(QuestionError, match=r"no level of 20 minutes. It has: 15, 5\."):
        KIT.at([5, 20])
    assert KIT.at([5]).services == ("school", "ground")


def test_a_group_of_nobody_has_no_score():
    nobody = measure_circle(replace(HOMES, people=HOMES.people * [1, 0]), STANDING, KIT)
    with pytest.raises(QuestionError, match="Nobody is in the group 'older'"):
        nobody.score("older")


# --- properties, on any town


def town(seed, levels=(15, 10, 5)):
    _, homes, parks = random_town(seed)
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, len(parks))
    standing = {name: replace(parks.kept(kind == k), service=name) for k, name in enumerate("abc")}
    limits = rng.integers(100, 900, 3)
    kit = a_kit(*(item(name, float(limits[k]), levels[k], weight=float(k + 1)) for k, name in enumerate("abc")))
    return homes, parks, standing, kit


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000))
def test_a_facility_more_lowers_no_score_and_takes_no_complete_kit(seed):
    homes, parks, standing, kit = town(seed)
    before = measure_circle(homes, standing, kit)
    after = measure_circle(homes, {**standing, "b": replace(parks, service="b")}, replace(kit, inclusive=True))
    again = replace(before, kit=after.kit).with_sites({"b": replace(parks, service="b")})
    assert [each.walk.tolist() for each in again.judged] == [each.walk.tolist() for each in after.judged]
    for metric in ("walk", "straight"):
        assert after.score(metric=metric).points >= before.score(metric=metric).points
        assert (after.complete(metric=metric) >= before.complete(metric=metric)).all()
        assert (after.lacking(metric=metric) <= before.lacking(metric=metric)).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000), st.integers(0, 400))
def test_a_wider_radius_uncovers_nobody_and_a_straight_line_is_never_longer_than_the_walk(seed, wider):
    homes, _, standing, kit = town(seed)
    near = measure_circle(homes, standing, kit)
    rule = replace(kit.items[0].standard, limit=kit.items[0].standard.limit + wider)
    far = measure_circle(homes, standing, kit.changed([replace(kit.items[0], standard=rule)]))
    for was, now in zip(near.judged, far.judged, strict=True):
        assert (now.walk >= was.walk).all()
        assert (now.straight >= was.straight).all()
        assert (now.straight >= now.walk).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000))
def test_parts_are_exact_and_the_score_is_the_mean_of_the_places(seed):
    homes, _, standing, kit = town(seed)
    found = measure_circle(homes, standing, kit)
    score = found.score()
    assert score.points == sum(score.parts) == sum((score.at(level) for level in kit.levels), Fraction(0))
    assert sum(score.most) == 100
    assert all(0 <= part <= most for part, most in zip(score.parts, score.most, strict=True))
    assert float(score.points) == pytest.approx(np.average(found.points(), weights=homes.of()))
    assert found.people_by_lacking().sum() == pytest.approx(homes.total)
    assert found.people_by_lacking()[0] == homes.of()[found.complete()].sum()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100_000))
def test_everywhere_each_level_is_judged_by_its_own_places(seed):
    homes, parks, standing, kit = town(seed)
    alike = {**standing, "c": replace(parks, service="c")}  # holds all places of the upper levels as well
    assert measure_circle(homes, alike, kit).judged[2].walk.tolist() == (
        measure_circle(homes, standing, kit).judged[2].walk.tolist()
    )
