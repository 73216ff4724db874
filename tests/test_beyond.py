"""What the shares within a limit hide, as a run measures it."""

import csv
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.beyond import measure_beyond
from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import DataError, ScenarioError
from planner.ledgers.beyond import (
    access_text,
    beyond_records,
    deserts_text,
    detours_text,
    evenness_text,
    nearness_text,
)
from planner.reach import measure_nearest
from planner.run import run_scenario
from planner.scenario import load
from planner.scenario.beyond import Beyond
from planner.standards import rule_sets, standard
from tests.test_cli import HOMES as HOMES_CSV
from tests.test_cli import PLOTS, SCENARIO, STREET
from tests.towns import demand, network, places, random_town

#  park ── 100 m ── home/0 ── 180 m ── home/1 ── 40 m ── home/2 ── 580 m ── plot ── 100 m ── home/3
#  900 m²           50 people, 5 of    30                15, 15 of          900 m²           5, 1 of
#  30 places        them children      none              them                                them children
#  unit             a                  b                 b                                   a
ROAD = network([[0, 0], [1000, 0]], [[0, 1]])
UNITS = Units(np.array(["a", "b"]), np.array(["A", "=B"]), "community", np.array([shapely.box(0, 0, 1, 1)] * 2, object))
HOMES = replace(
    demand([[x, 0] for x in (100, 280, 320, 1000)]).snapped(ROAD, max_access_m=50),
    people=np.array([[50.0, 5], [30, 0], [15, 15], [5, 1]]),
    groups=("people", "children"),
    units=UNITS,
    unit=np.array([0, 1, 1, 0]),
)
PARK = replace(places([[[0, 0]]], area_m2=[900]), capacity=np.array([30.0])).snapped(ROAD, max_access_m=50)
PLOT = replace(places([[[900, 0]]], area_m2=[900]), ids=np.array(["plot"])).snapped(ROAD, max_access_m=50)
GREEN = standard("green-300").under(rule_sets()["P5"])


def asked(**keys):
    return SimpleNamespace(beyond=Beyond(**keys), measured=lambda: (GREEN,))


def measured(sites=PARK, new=PLOT, **keys):
    scenario = asked(**keys)
    today = measure_beyond(scenario, HOMES, {"green": sites})
    return today.with_plans(scenario, HOMES, {"green": sites if new is None else sites.joined(new)})


def run_of(beyond, *, synthetic=False, homes=HOMES):
    return SimpleNamespace(beyond=beyond, demand=homes, synthetic=synthetic)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_walks_the_margin_the_deserts_and_the_evenness_of_one_street():
    #  50 · 100 + 30 · 280 + 15 · 320 + 5 · 1000 = 23,200 person-metres of 100 people
    #  in parts, full to 150 m, none from 450 m: 50 + 30 · 170/300 + 15 · 130/300 = 73.5
    #  shares 50/55 and 30/45: Gini |10/11 − 2/3| · 55 · 45 / (100² · 0.8) = 0.075
    (row,) = measured().near
    walks = row.before.walks.of()
    assert (walks.mean, walks.median, walks.p90, walks.unreached) == (232, 100, 320, 0)
    assert [groups[0] for groups in row.before.margin.by_group()] == [30, 15]
    assert row.before.gradual.served == pytest.approx(73.5)
    assert row.before.deserts.ids.tolist() == ["home/2", "home/3"]
    assert row.before.even_shares.gini == pytest.approx(0.075)
    assert row.before.within.tolist() == [True, True, False, False]


def test_with_the_plan_the_far_end_is_near_and_the_detours_of_the_streets_stay():
    (row,) = measured().near
    assert row.after.walks.of().mean == 187
    assert row.after.deserts.ids.tolist() == ["home/2"]
    assert (len(row.detours), row.detours.factor, len(row.parted)) == (2, 1.0, 0)
    assert str(row) == (
        "green within 300 m: mean 232 m, half within 100, 90% within 320, of 100 people; 0 reach nothing within "
        "2000 m; with the plan mean 187, half within 100, 90% within 320; at 270 m instead of 300 m 30 people fewer "
        "would be covered, at 330 m 15 more; Gini of the units' shares 0.07 → 0.10; walks are 1.00 times the "
        "straight line within 300 m, 0 of 2 pairs above 2"
    )


def test_without_a_plan_nothing_is_measured_twice():
    beyond = measured(new=None, access=[{"service": "green", "limit_m": 400, "of": "area"}])
    assert beyond.near[0].after is beyond.near[0].before
    assert beyond.shared[0].after is beyond.shared[0].before
    assert "with the plan" not in str(beyond.near[0]) + str(beyond.shared[0])


def test_the_table_of_walks_has_each_unit_and_all_of_them_for_each_group():
    table = rows(nearness_text(run_of(measured(), synthetic=True)))
    assert [(row["group"], row["unit"], row["name"], row["people"]) for row in table] == [
        ("people", "a", "A", "55"),
        ("people", "b", "'=B", "45"),
        ("people", "", "total (made-up data, no real place)", "100"),
        ("children", "a", "A", "6"),
        ("children", "b", "'=B", "15"),
        ("children", "", "total (made-up data, no real place)", "21"),
    ]
    assert (table[0]["mean m before"], table[0]["mean m after"]) == (f"{(50 * 100 + 5 * 1000) / 55:.1f}", "100")
    assert (table[1]["people just within before"], table[1]["people just beyond before"]) == ("30", "15")
    assert (table[4]["P90 m before"], table[4]["people who reach none before"]) == ("320", "0")


def test_who_reaches_none_within_the_search_is_counted_and_in_no_mean():
    beyond = measured(new=None, nearest_to_m=900)
    total = rows(nearness_text(run_of(beyond)))[2]
    assert (total["people who reach one before"], total["people who reach none before"]) == ("95", "5")
    assert total["most m before"] == "320"
    (record,) = beyond_records(run_of(beyond))["standards"]
    assert record["before"]["groups"]["children"]["people who reach none"] == 1
    assert measured(nearest_to_m=1).near[0].before.walks.limit == 450  # what the limit needs all the same


def test_units_with_deserts_stand_with_most_people_first_and_name_their_places():
    table = rows(deserts_text(run_of(measured())))
    assert [(row["unit"], row["people beyond it before"], row["people beyond it after"]) for row in table] == [
        ("b", "15", "15"),
        ("a", "5", "0"),
    ]
    assert table[0]["largest places"] == "home/2 (15)"
    assert table[1]["largest places"] == ""


def test_where_nothing_stands_nobody_has_a_walk_and_nothing_is_even():
    beyond = measured(PARK.kept(np.zeros(1, bool)), None)
    (row,) = beyond.near
    assert (row.detours, row.before.even_shares, row.before.even_walks) == (None, None, None)
    assert beyond.detour_factor is None
    text = json.dumps(beyond_records(run_of(beyond)), allow_nan=False)
    assert '"mean m": null' in text
    assert evenness_text(run_of(beyond)) == detours_text(run_of(beyond)) == access_text(run_of(beyond)) == ""
    assert rows(nearness_text(run_of(beyond)))[2]["mean m before"] == ""


def test_a_river_is_in_the_way_of_those_who_live_across():
    #  home/0, 10 people ~ 200 m of water ~ park/0; 800 m by the bridge. As in test_detour.
    streets = network([[0, 0], [300, 0], [300, 200], [0, 200]], [[0, 1], [1, 2], [2, 3]])
    home = demand([[0, 0]], [10]).snapped(streets, max_access_m=50)
    park = places([[[0, 200]]], area_m2=[900]).snapped(streets, max_access_m=50)
    beyond = measure_beyond(asked(detours_to_m=400), home, {"green": park})
    (pair,) = rows(detours_text(run_of(beyond, homes=home)))
    assert (pair["place"], pair["straight m"], pair["walk m"], pair["detour"]) == ("home/0", "200", "800", "4")
    (record,) = beyond_records(run_of(beyond, homes=home))["standards"]
    assert record["detours"]["above"] == {"detour": 2, "pairs": 1, "people": 10, "without_walk": 0}
    near = measure_beyond(asked(), home, {"green": park})  # walks are looked for up to 600 m only
    assert rows(detours_text(run_of(near, homes=home)))[0]["walk m"] == ""
    assert near.detour_factor is None
    assert str(near.near[0]).endswith("nobody walks within 300 m, 1 of 1 pairs above 2")


def test_what_a_park_holds_is_shared_by_who_reaches_it():
    #  within 300 m: 900 m² for 80 people. With the plot, 900 m² more for the 5 at its end.
    (row,) = measured(access=[{"service": "green", "limit_m": 300, "of": "area"}]).shared
    assert row.before.access.access.tolist() == [11.25, 11.25, 0, 0]
    assert row.after.access.access.tolist() == [11.25, 11.25, 0, 180]
    table = rows(access_text(run_of(measured(access=[{"service": "green", "limit_m": 300, "of": "area"}]))))
    assert [row["for each person before"] for row in table] == [f"{50 * 11.25 / 55:.6f}".rstrip("0"), "7.5", "9.0"]
    assert [row["people with none after"] for row in table] == ["0", "15", "15"]


def test_sites_of_which_nobody_knows_what_they_hold_are_left_out_and_counted():
    (row,) = measured(access=[{"service": "green", "limit_m": 300}]).shared
    assert (row.before.unknown, row.after.unknown) == (0, 1)
    assert row.after.access.access.tolist() == row.before.access.access.tolist() == [0.375, 0.375, 0, 0]
    assert "1 of 2 are left out, nobody knows their capacity" in str(row)
    with pytest.raises(DataError, match=r"knows the capacity of any of 1 green \(first: plot\).*Add a layer"):
        measured(PLOT, None, access=[{"service": "green", "limit_m": 300}])


def test_children_alone_may_share_and_bands_let_a_far_park_count_less():
    keys = {"service": "green", "limit_m": 400, "method": "e2sfca", "weights": [1, 0.5], "group": "children"}
    (row,) = measured(new=None, access=[keys]).shared
    #  bands of 200 m: 5 children at 100 m count in full, 15 at 320 m by half: 30 / (5 + 7.5) = 2.4 each
    assert row.before.access.access.tolist() == [2.4, 1.2, 1.2, 0]
    three = measured(new=None, access=[{"service": "green", "limit_m": 900, "method": "3sfca"}]).shared[0]
    #  thirds of 300 m weigh 1, 0.68, 0.22, by Luo & Qi; there is one park, so no choice: 30 / (80 + 15 · 0.68)
    assert three.before.access.ratio == pytest.approx([30 / (80 + 15 * 0.68)])


@pytest.fixture
def town(tmp_path):
    park = "lon,lat,seats\n114.650,33.6198,40\n"
    files = {"town.osm": STREET, "homes.csv": HOMES_CSV, "plots.csv": PLOTS, "town.yaml": SCENARIO, "park.csv": park}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


SEATS = (
    "facilities.layers=[{service: green, file: park.csv, lon: lon, lat: lat, crs: EPSG:4326, capacity: seats, "
    "area_m2: 900, assumption: As surveyed.}]"
)


def test_a_run_measures_what_its_scenario_asks_and_agrees_with_its_coverage(town):
    access = "beyond.access=[{service: green, method: 2sfca, limit_m: 300}]"
    run = run_scenario(load(town / "town.yaml", set=[SEATS, access, "beyond.nearest_to_m=1000"]))
    (row,), (coverage,) = run.beyond.near, run.measured
    for near, covered in ((row.before, coverage.before), (row.after, coverage.after)):
        assert (near.within == covered.covered).all()
        assert near.deserts.total == covered.total - covered.served
    assert run.beyond.shared[0].before.access.access.tolist() == [0.4, 0, 0]
    nothing = run_scenario(load(town / "town.yaml", set=["beyond.standards=[]"]))
    assert (nothing.beyond.near, nothing.beyond.shared) == ((), ())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("beyond.standards=[park-500]", "beyond: standards names park-500, not measured; add it to standards.measure"),
        ("beyond.standards=[green-30]", "there is no standard 'green-30' — did you mean 'green-300'"),
        ("beyond.nearest_to_m=70000", "must be at most 60000"),
        ("beyond.access=[{service: green, limit_m: 0}]", "must be more than 0"),
        ("beyond.access=[{service: green, limit_m: 9, group: pupils}]", "no group pupils; there are people"),
        ("beyond.access=[{service: green, limit_m: 9, weights: [1, 0.5]}]", "method 2sfca weighs nothing"),
        ("beyond.access=[{service: green, limit_m: 9, method: 3sfca, weights: [0.5, 1]}]", "weights must not rise"),
        ("beyond.access=[{service: green, limit_m: 9, method: raam}]", "must be '2sfca', 'e2sfca' or '3sfca'"),
        ("facilities.layers=[{service: green, file: park.csv, capacity: seat}]", "no column 'seat'"),
    ],
)
def test_what_contradicts_itself_is_a_fault_of_the_scenario(town, change, said):
    with pytest.raises(ScenarioError) as refused:
        load(town / "town.yaml", set=[change])
    assert said in str(refused.value)


def test_a_run_with_capacities_that_nobody_knows_is_refused_before_it_chooses(town):
    with pytest.raises(DataError, match="Nobody knows the capacity of any of 0 kindergarten"):
        run_scenario(load(town / "town.yaml", set=["beyond.access=[{service: kindergarten, limit_m: 300}]"]))


@given(st.integers(0, 100_000))
def test_in_any_town_it_says_what_the_measures_say_alone(seed):
    _, homes, parks = random_town(seed)
    parks = replace(parks, area_m2=np.where(np.arange(len(parks)) % 2, 900.0, 300.0))
    (row,) = measure_beyond(asked(), homes, {"green": parks}).near
    nearest = measure_nearest(homes, parks, limit_m=300, open=parks.at_least(400))
    coverage = measure_coverage(nearest, homes, GREEN)
    assert (row.before.within == coverage.covered).all()
    fewer, more = (groups[0] for groups in row.before.margin.by_group())
    assert 0 <= fewer <= coverage.served
    assert 0 <= more <= coverage.total - coverage.served
    assert 0 <= row.before.gradual.served <= homes.total
    walks = row.before.walks.of()
    assert walks.reached + walks.unreached == pytest.approx(homes.total)
    assert row.detours is None or (row.parted.ratio > 2).all()
