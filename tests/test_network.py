"""Streets become a network; points meet it at the nearest position on a street."""

import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planner.errors import CrsError, DataError, OffNetworkError
from planner.network import WalkNetwork, metric_crs
from tests.towns import CHUANHUI, demand, network


def test_of_parallel_streets_the_shortest_stays():
    net = network([[0, 0], [10, 0]], [[0, 1], [1, 0], [0, 1]], length_m=np.array([30.0, 12.0, 17.0]))
    assert net.length_m.tolist() == [12.0]
    assert net.summary["parallel_segments_dropped"] == 2


def test_a_street_is_never_shorter_than_the_straight_line():
    net = network([[0, 0], [10, 0]], [[0, 1]], length_m=np.array([4.0]))
    assert net.length_m.tolist() == [10.0]


def test_loops_and_nodes_without_a_street_are_dropped_and_counted():
    net = network([[0, 0], [10, 0], [5, 5]], [[0, 1], [1, 1]])
    assert (len(net.xy), len(net.ends), net.summary["loops_dropped"]) == (2, 1, 1)


def test_components_are_numbered_from_the_longest():
    #  0──1   2────3     the second street is longer
    net = network([[0, 0], [10, 0], [50, 0], [90, 0]], [[0, 1], [2, 3]])
    assert net.component.tolist() == [1, 1, 0, 0]
    assert net.component_m.tolist() == [40.0, 10.0]


def test_a_point_meets_the_street_between_its_nodes():
    #        · (30, 4)
    #  0────────────1   100 m
    snap = network([[0, 0], [100, 0]], [[0, 1]]).snap([[30, 4]], max_access_m=50)
    assert (snap.edge[0], snap.offset_m[0], snap.access_m[0]) == (0, 30.0, 4.0)


def test_a_point_exactly_at_the_largest_access_is_on_the_network_and_one_beyond_is_not():
    snap = network([[0, 0], [100, 0]], [[0, 1]]).snap([[30, 50], [30, 50.001]], max_access_m=50)
    assert snap.off.tolist() == [False, True]
    assert snap.access_m[1] == np.inf


def test_nobody_is_snapped_to_an_island():
    #  0──────1   the street, 100 m        · is nearer to the island's 20 m
    #     ·
    #     2─3
    net = network([[0, 0], [100, 0], [30, 40], [50, 40]], [[0, 1], [2, 3]], island_m=50)
    snap = net.snap([[35, 30]], max_access_m=100)
    assert net.ends[snap.edge[0]].tolist() == [0, 1]
    assert snap.access_m[0] == 30.0


def test_an_access_leg_does_not_cross_water_but_takes_the_street_on_its_own_bank():
    #  0────────1  y = 0
    #  ≈≈≈≈≈≈≈≈≈≈  y = 5 … 15
    #     ·        y = 20
    #
    #  2────────3  y = 100
    river = np.array([shapely.box(-10, 5, 200, 15)], object)
    streets = [[0, 0], [100, 0], [0, 100], [100, 100]], [[0, 1], [2, 3]]
    assert network(*streets).snap([[30, 20]], max_access_m=90).access_m[0] == 20.0
    snap = network(*streets, barriers=river).snap([[30, 20], [30, 9]], max_access_m=90)
    assert snap.access_m.tolist() == [80.0, 9.0]  # a house in the water may leave its own water
    assert network(*streets, barriers=river).snap([[30, 20]], max_access_m=50).off.tolist() == [True]


def test_a_street_along_the_bank_is_no_crossing():
    river = np.array([shapely.box(-10, -20, 200, 0)], object)
    assert network([[0, 0], [100, 0]], [[0, 1]], barriers=river).snap([[30, 7]], max_access_m=90).access_m[0] == 7.0


def test_a_point_on_the_bank_does_not_cross_its_river():
    #  0────────1  y = 0
    #  ≈≈≈≈≈≈≈≈≈≈  y = 5 … 15; the bank itself, a hair into the water, and a house in the water
    #  2────────3  y = 100
    river = np.array([shapely.box(-10, 5, 200, 15)], object)
    net = network([[0, 0], [100, 0], [0, 100], [100, 100]], [[0, 1], [2, 3]], barriers=river)
    assert net.snap([[30, 15], [30, 15 - 1e-9], [30, 14]], max_access_m=90).access_m.tolist() == pytest.approx(
        [85, 85, 14]
    )


def test_a_point_on_the_bank_does_not_enter_its_river_towards_a_bridge():
    #  2────────3  y = 30, on land
    #  ≈0──────1≈  y = 5, the middle of a bridge, in water from y = 0 to 10
    river = np.array([shapely.box(-10, 0, 200, 10)], object)
    net = network([[0, 5], [100, 5], [0, 30], [100, 30]], [[0, 1], [2, 3]], barriers=river)
    assert net.snap([[30, 10], [30, 8]], max_access_m=90).access_m.tolist() == [20, 3]


def test_a_point_on_a_river_drawn_as_a_line_does_not_cross_its_next_bend():
    #  0────────────1   y = 0
    #     ┌≈≈≈┐         y = 10, between x = 20 and 40
    #  ≈≈≈┘ · └≈≈≈≈≈    the point (30, 20) stands on a second arm, y = 20, of the same line
    #  2────────────3   y = 45
    bend = np.array([shapely.LineString([(-50, 20), (20, 20), (20, 10), (40, 10), (40, 20), (25, 20)])], object)
    net = network([[0, 0], [100, 0], [0, 45], [100, 45]], [[0, 1], [2, 3]], barriers=bend)
    assert net.snap([[30, 20]], max_access_m=90).access_m.tolist() == [25]


def test_a_leg_along_the_bank_or_away_from_it_is_dry():
    net = network([[0, 0], [100, 0]], [[0, 1]], barriers=np.array([shapely.box(0, 0, 50, 50)], object))
    legs = {
        "along the bank": [(50, 10), (50, 0)],
        "from the bank to land": [(50, 10), (60, 0)],
        "from a hair inside to land": [(50 - 1e-9, 10), (60, 0)],
        "from land to the bank": [(60, 10), (50, 10)],
        "bank to bank": [(0, 10), (50, 10)],
        "across": [(-10, 10), (60, 10)],
        "into": [(60, 10), (40, 10)],
    }
    crosses = net.crosses_water(np.array(list(legs.values()), float))
    assert [name for name, wet in zip(legs, crosses, strict=True) if wet] == ["bank to bank", "across", "into"]
    assert net.crosses_water(np.empty((0, 2, 2))).tolist() == []


def test_the_memory_of_a_snap_does_not_grow_with_the_points_beyond_water():
    #  a ladder of 150 streets on either side of a river, and homes on its northern bank that are nearer to the south
    x = np.arange(150.0)
    ladder = np.vstack([np.column_stack([x, np.full(150, y)]) for y in (0, 4, 60, 64)])
    rungs = np.vstack([np.column_stack([np.arange(150), np.arange(150, 300)]) + shift for shift in (0, 300)])
    net = network(ladder, rungs, barriers=np.array([shapely.box(-10, 6, 200, 16)], object))
    homes = np.column_stack([np.random.default_rng(1).uniform(0, 150, 2000), np.full(2000, 20.0)])
    assert net.snap(homes[:1], max_access_m=100).access_m[0] >= 40  # and the indices are made
    peak = []
    for count in (500, 2000):
        tracemalloc.start()
        net.snap(homes[:count], max_access_m=100)
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peak[1] < 1.5 * peak[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_snap_is_the_nearest_of_all_streets(seed):
    rng = np.random.default_rng(seed)
    net = network(rng.uniform(0, 500, (20, 2)), rng.integers(0, 20, (30, 2)))
    points = rng.uniform(-50, 550, (15, 2))
    snap = net.snap(points, max_access_m=1000)
    lines = shapely.linestrings(net.xy[net.ends])
    everyone = shapely.distance(shapely.points(points)[:, None], lines[None, :])
    np.testing.assert_allclose(snap.access_m, everyone.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(net.position(snap), shapely.get_coordinates(
        shapely.line_interpolate_point(lines[snap.edge], snap.offset_m)), atol=1e-9)  # fmt: skip


def test_a_layer_that_lies_elsewhere_is_refused_with_the_first_culprits():
    net = network([[0, 0], [100, 0]], [[0, 1]])
    with pytest.raises(OffNetworkError, match=r"2 of 3 places lie more than 200 m .*first: home/1, home/2.*same CRS"):
        demand([[10, 10], [9e5, 4], [9e5, 5]]).snapped(net, max_access_m=200)


@pytest.mark.parametrize("code", [4326, 3857, 2263])  # degrees, Web Mercator, feet
def test_a_system_that_does_not_measure_true_metres_is_refused(code):
    with pytest.raises(CrsError, match="true metres"):
        WalkNetwork.from_segments(np.zeros((2, 2)), np.array([[0, 1]]), crs=CRS.from_epsg(code))


def test_streets_without_coordinates_are_refused():
    with pytest.raises(DataError, match="1 street nodes"):
        network([[0, 0], [np.nan, 1]], [[0, 1]])


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [(114.65, 33.62, 4547), (116.5, 39.8, 4548), (-84.5, 39.0, 32616), (-51.2, -30.0, 32722), (-15.4, 28.1, 32628)],
)
def test_each_city_gets_the_system_its_bureau_uses(lon, lat, code):
    assert metric_crs(lon, lat).to_epsg() == code


def test_swapped_degrees_are_no_place_for_a_metric_system():
    with pytest.raises(CrsError, match="Check the order"):
        metric_crs(33.6, 114.6)


def test_a_network_prints_itself():
    assert str(network([[0, 0], [1000, 0]], [[0, 1]])).startswith("walking network: 1.0 km in 1 segments, 1 components")
    assert CHUANHUI.name in str(network([[0, 0], [1000, 0]], [[0, 1]]))
