"""Land, people in a straight line and people on foot side by side: by unit, by group, and why they differ."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import shapely

from planner.differences import find_differences
from planner.land import Land
from planner.land_cover import measure_land_coverage
from planner.ledgers.three_numbers import three_numbers_sheet, three_numbers_text
from planner.standards import Band
from tests.test_report import HOSTILE, STREET_Y, at, sites, town_run
from tests.towns import CHUANHUI, demand, network

#  The street of test_report, with residential land of 500 m × 10 m along it:
#
#      west: a, b            │   east: c, d                  e: in no unit, off the network
#   ┌────────────────────────│──┐
#  P│──a─────────────────b──1│──┴────────┴─────2──d
#  0 50 100             400 450 500 550 700
#
#  Land: 4 500 m² in the west, 500 m² in the east. P reaches 300 m: 250 × 10 = 2 500 m². Site 1 (150 … 750) the rest.
RADIUS = (Band("green", 0, 300.0),)


def land_of(run):
    west, south = at(50)[0]
    shape = np.array([shapely.box(west, south - 5, west + 500, south + 5)], object)
    return Land.of(np.array(["way/7"]), shape, CHUANHUI, source="drawn", units=run.demand.units)


@pytest.fixture
def run():
    bare = town_run()
    land = land_of(bare)
    today, built = sites(["way/1"], [0], [""], "standing"), sites(["way/1", "lot/1"], [0, 450], ["", ""], "standing")
    before, after = (measure_land_coverage(land, {"green": there}, RADIUS) for there in (today, built))
    measured = replace(bare.measured[0], before_land=before, after_land=after)
    return replace(bare, measured=(measured,), land=land)


def table(run):
    return list(csv.DictReader(io.StringIO(three_numbers_text(run))))


def test_each_unit_has_its_three_numbers_and_they_never_mix(run):
    west, east, none, total = table(run)
    assert [west["of"], none["name"], total["of"]] == ["community", "outside any unit", "total"]
    assert west["name"] == f"'{HOSTILE}"
    for row, km2, before, after in ((west, 0.0045, 0.0025, 0.0045), (east, 0.0005, 0, 0.0005)):
        assert float(row["residential land, km²"]) == pytest.approx(km2, rel=1e-6)
        assert float(row["residential land before, km²"]) == pytest.approx(before, abs=1e-6)
        assert float(row["residential land after, km²"]) == pytest.approx(after, abs=1e-6)
    figures = [
        (row["straight before, people"], row["straight after, people"], row["on foot after, people"])
        for row in (west, east, total)
    ]
    assert figures == [("100", "150", "150"), ("0", "30", "0"), ("100", "180", "150")]
    assert float(total["residential land share before"]) == pytest.approx(0.5, abs=1e-4)
    assert none["residential land share after"] == ""  # nobody mapped land there
    assert none["straight, people"] == "7"
    assert "made-up" in total["name"]


def test_the_units_add_up_to_the_total(run):
    *units, total = table(run)
    for column in ("residential land, km²", "residential land after, km²", "straight after, people", "on foot, people"):
        assert sum(float(row[column]) for row in units) == pytest.approx(float(total[column]), abs=2e-6)


def test_a_group_has_people_and_no_land(run):
    homes = run.demand
    people = np.column_stack([homes.people, homes.people / 2])
    older = replace(homes, people=people, groups=("people", "older"))
    (measured,) = run.measured
    four = {
        name: replace(getattr(measured, name), people=older.people)
        for name in ("before", "after", "before_straight", "after_straight")
    }
    (row,) = (
        each
        for each in table(replace(run, demand=older, measured=(replace(measured, **four),)))
        if each["of"] == "group"
    )
    assert (row["name"], row["on foot, people"], row["on foot after, people"]) == ("older", "103.5", "75")
    assert row["residential land, km²"] == row["residential land share after"] == ""


def test_why_they_differ_is_told_in_measured_figures(run):
    # On foot site 1 misses c, 30 people. a and b live on the land, 150 people on half a hectare; c, d and e do not.
    *_, total = table(run)
    assert total["why the three differ"] == (
        "30 of the 180 people within the radius walk farther. A hectare of land within the radius houses 300 people, "
        "one beyond it –. 57 people live on no residential land and are in no share of it."
    )
    sheet = three_numbers_sheet(run)
    assert sheet.more[0][0]["zh"].startswith("直线半径内的 180 人中有 30 人")
    assert len(sheet.rows[0]) == len(sheet.columns)


def test_land_without_a_home_and_people_without_a_street_are_told():
    streets = network(at(0, 1000), [[0, 1]])
    homes = demand(at(100, 100) + np.array([[0, 0], [0, 250]]), [10, 4]).snapped(streets, max_access_m=50)
    boxes = [shapely.box(x, STREET_Y - 5, x + 100, STREET_Y + 5) for x in (564_050, 564_500)]
    land = Land.of(np.array(["a", "b"]), np.array(boxes, object), CHUANHUI, source="drawn")
    covered = measure_land_coverage(land, {"green": sites(["p"], [0], [""], "standing")}, RADIUS)
    found = find_differences(homes, np.array([True, True]), np.array([True, False]), covered)
    assert found.bare_m2 == pytest.approx(1000)
    assert found.per_hectare == pytest.approx((100, 0), rel=1e-3)
    assert str(found) == (
        "4 of the 14 people within the radius walk farther, 4 of them far from every street. A hectare of land within "
        "the radius houses 100 people, one beyond it 0. 4 people live on no residential land and are in no share of "
        "it. On 1,000 m² of the land the data have no home."
    )


def test_without_land_the_cells_stay_empty_and_no_sheet_is_shown():
    rows = table(town_run())
    assert {row["residential land share after"] for row in rows} == {""}
    assert rows[-1]["why the three differ"] == "30 of the 180 people within the radius walk farther."
    assert three_numbers_sheet(town_run()) is None
    assert three_numbers_text(replace(town_run(), measured=())) == ""
