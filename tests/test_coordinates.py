"""GCJ-02 and BD-09 there and back, and which system coordinates really are in."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from planner.errors import CrsError, QuestionError
from planner.network import check_metric
from planner.sources.coordinates import from_bd09, from_gcj02, likely_crs, says_which, to_bd09, to_gcj02, unshifted

CHUANHUI = (114.65, 33.62)
# Positions that several public converters agree on: WGS84 → GCJ-02.
KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
lons, lats = st.floats(74, 135), st.floats(18, 53)


def metres(a, b):
    return np.array(Geod(ellps="WGS84").inv(*np.transpose(a), *np.transpose(b))[2])


def test_gcj02_is_what_other_converters_make_of_it():
    wgs84, gcj02 = (np.array(column) for column in zip(*KNOWN, strict=True))
    assert metres(to_gcj02(wgs84), gcj02).max() < 0.001


@given(lons, lats)
def test_gcj02_and_bd09_come_back_to_the_millimetre(lon, lat):
    there = np.array([[lon, lat]])
    assert metres(from_gcj02(to_gcj02(there)), there).max() < 0.001
    assert metres(from_bd09(to_bd09(there)), there).max() < 0.001


def test_at_chuanhui_gcj02_is_half_a_kilometre_off_and_bd09_more_than_one():
    assert 500 < metres(to_gcj02([CHUANHUI]), [CHUANHUI])[0] < 560
    assert 1100 < metres(to_bd09([CHUANHUI]), [CHUANHUI])[0] < 1400


def test_outside_the_box_of_gcj02_nothing_moves():
    helsinki = np.array([[24.94, 60.17], [-51.2, -30.0]])
    np.testing.assert_array_equal(to_gcj02(helsinki), helsinki)
    np.testing.assert_array_equal(from_gcj02(helsinki), helsinki)


def test_no_points_convert_to_no_points():
    assert from_bd09(np.empty((0, 2))).shape == (0, 2)


def test_polygons_convert_corner_by_corner_and_wgs84_stays():
    block = np.array([shapely.box(114.65, 33.62, 114.66, 33.63)], object)
    shown = shapely.transform(block, to_bd09)
    assert shapely.equals_exact(unshifted(shown, "bd09"), block, 1e-9).all()
    assert unshifted(block, "wgs84") is block
    with pytest.raises(QuestionError, match=r"no datum 'bd-09'\. Declare one of wgs84, cgcs2000, gcj02, bd09"):
        unshifted(block, "bd-09")


@pytest.mark.parametrize(
    ("xy", "epsg"),
    [
        ((114.65, 33.62), 4326),
        ((560_271, 3_721_500), 4547),
        ((38_560_271, 3_721_500), 4526),  # the same place, its zone before the easting
        ((12_762_780, 3_977_860), 3857),
        ((282_012, 3_722_350), 32650),
    ],
)
def test_coordinates_say_which_system_they_are_in(xy, epsg):
    assert likely_crs(np.array([xy]), CHUANHUI) == CRS.from_epsg(epsg)
    assert f"declare `crs: EPSG:{epsg}`" in says_which(np.array([xy]), CHUANHUI)


def test_a_zone_before_the_easting_and_web_mercator_are_named():
    assert "eastings begin with the zone 38" in says_which(np.array([[38_560_271, 3_721_500]]), CHUANHUI)
    assert "a metre is no metre" in says_which(np.array([[12_762_780, 3_977_860]]), CHUANHUI)
    with pytest.raises(CrsError, match="does not measure in true metres"):
        check_metric(CRS.from_epsg(3857))


@pytest.mark.parametrize(("xy", "epsg"), [((33.62, 114.65), 4326), ((3_721_500, 560_271), 4547)])
def test_exchanged_axes_are_recognised(xy, epsg):
    said = says_which(np.array([xy]), CHUANHUI)
    assert "With their axes exchanged" in said
    assert f"EPSG:{epsg}" in said


def test_coordinates_of_nowhere_near_are_not_guessed_at():
    assert likely_crs(np.array([[12.0, 3.0]]), CHUANHUI) is None
    assert says_which(np.array([[1e9, -1e9]]), CHUANHUI) == ""
