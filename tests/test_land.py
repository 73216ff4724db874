"""Residential land within the service radius: against a pencil, against random towns, and told to the square metre."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planner.demand import Units
from planner.errors import ColumnError, CrsError, DataError, QuestionError
from planner.land import QUARTER, Land, apart, in_words
from planner.land_cover import measure_land_coverage
from planner.rule_sets import compare_rule_sets
from planner.sources.land import listed_land, mapped_land
from planner.standards import Band, rule_sets
from tests.drawn import drawn
from tests.towns import CHUANHUI, demand, network, places

ANY_300 = (Band("green", 0.0, 300.0),)
POLYGONAL = (2 * QUARTER / np.pi) * np.sin(np.pi / (2 * QUARTER))  # a circle's polygon, as a share of the circle


def box(west, south, east, north):
    return shapely.box(west, south, east, north)


def land(*boxes, units=None, within=None):
    ids = np.array([f"way/{i}" for i in range(len(boxes))], np.str_)
    return Land.of(ids, np.array(boxes, object), CHUANHUI, source="drawn", units=units, within=within)


def parks(*shapes, area_m2=None, service="green"):
    there = places([[[0, 0]]] * len(shapes), service=service)
    shapes = np.array(shapes, object)
    area = shapely.area(shapes) if area_m2 is None else np.array(area_m2, float)
    return replace(there, geometry=shapes, area_m2=area)


def served(of, *sites, bands=ANY_300, **more):
    return measure_land_coverage(of, {"green": parks(*sites, **more)}, bands).served


# ── what a pencil finds ───────────────────────────────────────────────────────────────────────────


def test_a_park_along_one_side_serves_a_strip_as_wide_as_its_radius():
    #        0   300         1000
    #   ┌────┬────┬────────────┐ 1000
    #   │park│////│    land    │          300 × 1 000 of 1 000 × 1 000 m² = 30 %
    #   └────┴────┴────────────┘ 0
    square = land(box(0, 0, 1000, 1000))
    covered = measure_land_coverage(square, {"green": parks(box(-100, 0, 0, 1000))}, ANY_300)
    assert covered.served == pytest.approx(300_000, rel=1e-9)
    assert covered.share == pytest.approx(0.3, rel=1e-9)
    assert str(covered) == "30.0% of residential land (0.30 of 1.00 km²)"


def test_a_park_in_the_middle_serves_itself_four_strips_and_a_circle_of_corners():
    #   A square park of side 100 in land without end: 100² + 4 · 100 · 300 + π 300² m².
    found = served(land(box(-2000, -2000, 2000, 2000)), box(-50, -50, 50, 50))
    assert found == pytest.approx(10_000 + 120_000 + POLYGONAL * np.pi * 300**2, rel=1e-9)


def test_the_radius_is_counted_from_the_boundary_and_not_from_the_middle():
    #   park 0 … 400, land from 500 to 900: its first 200 m lie within 300 m of the boundary, none of the middle.
    assert served(land(box(500, 0, 900, 10)), box(0, -500, 400, 500)) == pytest.approx(200 * 10, rel=1e-9)


def test_a_circle_is_never_overstated_and_short_of_it_by_a_hundredth_of_a_per_cent():
    found = served(land(box(-500, -500, 500, 500)), shapely.Point(0, 0))
    assert 0 < 1 - found / (np.pi * 300**2) < 1.1e-4
    assert 4 * QUARTER >= 64


def test_land_under_two_parks_or_mapped_twice_is_counted_once():
    once = land(box(0, 0, 1000, 100))
    twice = land(box(0, 0, 600, 100), box(400, 0, 1000, 100), box(0, 0, 1000, 100))
    assert once.total_m2 == twice.total_m2 == 100_000
    assert twice.area_m2.tolist() == [60_000, 40_000]  # the third is wholly the first two's
    pair = [box(0, 0, 10, 100), box(100, 0, 110, 100)]
    for each in (once, twice):
        assert served(each, *pair) == pytest.approx(41_000, rel=1e-6)  # to x = 410; apart 31 000 and 41 000


def test_a_large_park_reaches_farther_and_a_square_metre_decides():
    bands = (Band("green", 5000, 500.0), Band("green", 400, 300.0))
    strip = land(box(0, 0, 2000, 10))
    for area_m2, reaches in ((5000, 500), (4999.9, 300), (400, 300), (399, 0)):
        assert served(strip, box(-10, -500, 0, 510), bands=bands, area_m2=[area_m2]) == pytest.approx(reaches * 10)


def test_units_share_out_the_land_and_what_lies_in_none_is_told_apart():
    #   west 0 … 400, east 300 … 700 (the first has what both claim), none from 700 to 1 000.
    areas = Units(
        np.array(["w", "e"]), np.array(["", ""]), "unit", np.array([box(0, 0, 400, 50), box(300, 0, 700, 50)])
    )
    here = land(box(0, 0, 1000, 50), units=areas)
    covered = measure_land_coverage(here, {"green": parks(box(-10, -500, 200, 500))}, ANY_300)  # to x = 500
    total, inside = covered.by_unit()
    assert total.tolist() == [20_000, 15_000, 15_000]
    assert inside == pytest.approx([20_000, 5_000, 0])
    assert here.ids.tolist() == ["way/0"] * 3
    assert here.holding(np.array([[350, 10], [450, 10], [2000, 0]])).tolist() == [1, 2, -1]


def test_land_beyond_the_study_area_is_none():
    assert land(box(0, 0, 100, 10), box(200, 0, 300, 10), within=box(50, 0, 150, 10)).total_m2 == 500


def test_the_same_green_is_three_numbers_and_the_shares_are_of_the_land_alone():
    #   One street; homes at 100 and 900, 30 and 10 people; land 0 … 1 000; a park of 5 000 m² ends at 0.
    #   P5: 500 m from the boundary. On foot the gate is at −50: 150 m and 950 m.
    streets = network([[-100, 0], [1000, 0]], [[0, 1]])
    homes = demand([[100, 0], [900, 0]], [30, 10]).snapped(streets, max_access_m=50)
    park = replace(places([[[-50, 0]]], area_m2=[5000]), geometry=np.array([box(-100, -25, 0, 25)], object)).snapped(
        streets, max_access_m=50
    )
    standing = {"green": park, "park": replace(park, service="park")}
    rows = compare_rule_sets(homes, standing, land=land(box(0, -10, 1000, 10)), rules=[rule_sets()["P1"]])
    (row,) = rows
    assert row.land.before.share == pytest.approx(0.5, rel=1e-3)
    assert (row.on_foot.served_before, row.straight.served_before) == (30, 30)
    (asked,) = row.land.asked
    assert asked.provision.threshold == "> 80%"
    assert not asked.met_before
    assert asked.short_after_m2 == pytest.approx(0.3 * 20_000, rel=1e-2)
    assert asked.told().startswith("not met: 6,0")
    assert asked.told().endswith(" m², 30.0 points short")
    assert "on foot 75.0%, in a straight line 75.0%, of residential land 50.0%; asked: > 80%" in str(row)


def test_a_share_that_is_asked_for_is_met_at_least_but_not_more_than_exactly():
    provision = rule_sets()["P1"].asks[0]
    assert not provision.holds(0.8)
    assert provision.holds(0.8001)
    assert [each.holds(0.9) for each in rule_sets()["P2"].asks] == [False, False, True]
    assert rule_sets()["P6"].asks[0].holds(0.9)


def test_small_areas_are_told_in_square_metres_and_rounded_up():
    assert in_words(1_754_321) == "1.75 km²"
    assert in_words(0.2) == "1 m²"


# ── in any town ───────────────────────────────────────────────────────────────────────────────────

corners = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 8), st.integers(1, 8))
boxes = st.lists(
    corners.map(lambda c: box(100 * c[0], 100 * c[1], 100 * (c[0] + c[2]), 100 * (c[1] + c[3]))), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(boxes, boxes, st.integers(1, 900))
def test_the_union_is_no_more_than_its_parts_nor_than_the_land_and_grows_with_the_radius(areas, sites, limit_m):
    here, near, far = land(*areas), (Band("green", 0, float(limit_m)),), (Band("green", 0, limit_m + 50.0),)
    covered = measure_land_coverage(here, {"green": parks(*sites)}, near)
    assert 0 <= covered.share <= 1
    assert (covered.served_m2 <= here.area_m2).all()
    assert covered.served <= sum(served(here, site, bands=near) for site in sites) * (1 + 1e-9)
    assert covered.served <= measure_land_coverage(here, {"green": parks(*sites)}, far).served * (1 + 1e-9)
    assert covered.served >= served(here, *sites[1:], bands=near) * (1 - 1e-9)


@settings(max_examples=40, deadline=None)
@given(boxes, boxes, boxes)
def test_the_units_add_up_to_the_district(areas, sites, borders):
    names = np.array([f"{u}" for u in range(len(borders))])
    cut = land(*areas, units=Units(names, names, "unit", np.array(borders, object)))
    whole = land(*areas)
    covered = measure_land_coverage(cut, {"green": parks(*sites)}, ANY_300)
    total, inside = covered.by_unit()
    assert total.sum() == pytest.approx(whole.total_m2, rel=1e-9)
    assert inside.sum() == pytest.approx(served(whole, *sites), rel=1e-9)
    assert whole.total_m2 == pytest.approx(shapely.union_all(areas).area, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(boxes, boxes, st.floats(0, 2 * np.pi), st.integers(-100_000, 100_000))
def test_turning_or_moving_the_system_changes_nothing(areas, sites, angle, away):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    before = served(land(*areas), *sites)
    moved = [[shapely.transform(each, lambda xy: xy + away) for each in shapes] for shapes in (areas, sites)]
    turned = [[shapely.transform(each, lambda xy: xy @ turn.T) for each in shapes] for shapes in (areas, sites)]
    assert served(land(*moved[0]), *moved[1]) == pytest.approx(before, rel=1e-9, abs=1e-3)
    assert served(land(*turned[0]), *turned[1]) == pytest.approx(before, rel=2e-4, abs=1e-3)  # sides of a polygon turn


# ── where it comes from, and what is refused ──────────────────────────────────────────────────────


def test_the_residential_land_of_an_extract_is_read_by_its_tags():
    extract, net = drawn(
        "AA.B", {"A": {"landuse": "residential"}, "B": {"landuse": "industrial"}}, streets=[[[0, 0], [9, 0]]]
    )
    found = mapped_land(extract, net.crs)
    assert found.ids.tolist() == ["way/1"]
    assert found.total_m2 == pytest.approx(200, rel=1e-6)
    assert "made-up" in found.source
    assert not len(mapped_land(drawn("B", {"B": {"landuse": "farmland"}}, streets=[[[0, 0], [9, 0]]])[0], net.crs).ids)


@pytest.fixture
def land_use(tmp_path):
    """Four squares of 100 m, of 0701, 0702, 0801 and R2."""
    shapes = [box(565_000 + 200 * i, 3_720_000, 565_100 + 200 * i, 3_720_100) for i in range(4)]
    path = tmp_path / "land_use.gpkg"
    gpd.GeoDataFrame({"用地代码": ["0701", "0702", "0801", "R2"]}, geometry=shapes, crs=CHUANHUI).to_file(path)
    return path


@pytest.mark.parametrize(("codes", "squares"), [(["0701"], 1), (["07"], 2), (["0701", "R"], 2)])
def test_a_layer_of_land_use_gives_what_its_codes_say(land_use, codes, squares):
    found = listed_land(land_use, code="用地代码", codes=codes, crs_to=CHUANHUI)
    assert found.total_m2 == pytest.approx(squares * 10_000, rel=1e-9)
    assert found.source == f"land_use.gpkg, 用地代码 {', '.join(codes)}"
    assert listed_land(land_use, crs_to=CHUANHUI).total_m2 == pytest.approx(40_000, rel=1e-9)


def test_a_code_that_no_row_has_is_refused_with_those_there_are(land_use):
    with pytest.raises(
        DataError, match=r"2 codes .* in no row of '用地代码' \(first: 0703, G1\).* 0701, 0702, 0801, R2"
    ):
        listed_land(land_use, code="用地代码", codes=["0701", "0703", "G1"], crs_to=CHUANHUI)
    with pytest.raises(ColumnError, match="has no column 'code'"):
        listed_land(land_use, code="code", codes=["0701"], crs_to=CHUANHUI)


def test_points_and_degrees_are_no_land():
    with pytest.raises(DataError, match=r"1 of 2 .* are no polygons \(first: way/1\)"):
        land(box(0, 0, 1, 1), shapely.Point(0, 0))
    with pytest.raises(CrsError, match="does not measure in true metres"):
        Land.of(np.array(["a"]), np.array([box(0, 0, 1, 1)], object), CRS.from_epsg(3857), source="web map")


def test_a_layer_of_labels_is_refused(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.Point(565_000, 3_720_000)], crs=CHUANHUI).to_file(tmp_path / "labels.gpkg")
    with pytest.raises(DataError, match="1 of 1 rows are no polygons"):
        listed_land(tmp_path / "labels.gpkg", crs_to=CHUANHUI)


def test_of_no_land_there_is_no_share():
    covered = measure_land_coverage(land(), {"green": parks(box(0, 0, 10, 10))}, ANY_300)
    assert (covered.served, covered.total) == (0, 0)
    with pytest.raises(QuestionError, match="There is no residential land"):
        _ = covered.share
    with pytest.raises(QuestionError, match="no sites of 'park'"):
        measure_land_coverage(land(box(0, 0, 1, 1)), {}, [Band("park", 0, 1)])


def test_what_lies_under_an_earlier_area_is_the_earlier_one_s():
    left = apart(np.array([box(0, 0, 2, 1), box(1, 0, 3, 1), box(0, 0, 3, 1)], object))
    assert shapely.area(left).tolist() == [2, 1, 0]
