"""Heights of streets: bilinear between cells, straight over bridges, and what no height model may be."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from planner.errors import CrsError, DataError
from planner.sources.coordinates import in_degrees
from planner.sources.heights import with_heights
from planner.ways import Ways, bits
from tests.towns import CHUANHUI, network

WEST, NORTH = 560_000.0, 3_720_000.0  # of a model of 4 × 4 cells of 10 m, in the metres of the network

#  heights of the cells, from north to south; nodes at their middles but where a test says otherwise
GROUND = np.array([[10, 20, 30, 40], [10, 20, 30, 40], [10, 20, 30, 40], [50, 60, 70, 80]], np.float32)


def model(path, ground=GROUND, *, crs="EPSG:4547", at=(WEST, NORTH), cell=10.0, nodata=None, bands=1):
    rows, columns = ground.shape
    about = {"height": rows, "width": columns, "count": bands, "dtype": ground.dtype, "nodata": nodata, "crs": crs}
    with rasterio.open(path, "w", driver="GTiff", transform=Affine(cell, 0, at[0], 0, -cell, at[1]), **about) as file:
        for band in range(1, bands + 1):
            file.write(ground, band)
    return path


def street(*points, **options):
    xy = np.array([(WEST + x, NORTH - y) for x, y in points])
    return network(xy, [[i, i + 1] for i in range(len(points) - 1)], **options)


def test_a_height_lies_between_those_of_the_cells_around_it(tmp_path):
    net = street((5, 5), (10, 5), (12, 5), (12, 30), (0, 0))
    found = with_heights(net, model(tmp_path / "dem.tif"), smooth_m=0).height_m
    assert found.tolist() == pytest.approx([10, 15, 17, 37, 10])  # the last lies in a corner, beyond the middles


def test_a_plane_keeps_its_slope_however_much_it_is_smoothed(tmp_path):
    slope = np.tile(np.arange(60.0, dtype=np.float32), (60, 1))  # 1 m every 10 m
    net = street((250, 300), (350, 300))
    for smooth_m in (0, 30):
        low, high = with_heights(net, model(tmp_path / "dem.tif", slope), smooth_m=smooth_m).height_m
        assert high - low == pytest.approx(10, abs=1e-3)


def test_noise_of_single_cells_makes_no_cliffs(tmp_path):
    noise = np.random.default_rng(3).normal(50, 5, (60, 60)).astype(np.float32)
    net = street((295, 300), (305, 300))
    raw, smooth = (with_heights(net, model(tmp_path / "d.tif", noise), smooth_m=each).height_m for each in (0, 30))
    assert abs(np.diff(smooth))[0] < abs(np.diff(raw))[0] / 3


def test_a_bridge_runs_straight_from_end_to_end_over_whatever_lies_below(tmp_path):
    valley = np.array([[20, 0, 0, 60]], np.float32)
    #  0 ─ bank ─ 1 ═══ 2 ═══════ 3 ─ bank ─ 4       at 5, 5, 15, 35, 35 m
    points = ((2, 5), (5, 5), (15, 5), (35, 5), (38, 5))
    plain = street(*points)
    ways = Ways.plain(4)
    ways.traits[1:3] = bits("off_ground")
    path = model(tmp_path / "dem.tif", valley)
    assert with_heights(plain, path, smooth_m=0).height_m.tolist() == pytest.approx([20, 20, 0, 60, 60])
    found = with_heights(replace(plain, ways=ways), path, smooth_m=0).height_m
    assert found.tolist() == pytest.approx([20, 20, 20 + 40 / 3, 60, 60])


def test_a_model_in_degrees_serves_a_network_in_metres(tmp_path):
    net = street((0, 0), (30, 0))
    lon, lat = in_degrees(net.xy[:1], CHUANHUI)[0]
    flat = np.full((40, 40), 7, np.float32)
    path = model(tmp_path / "dem.tif", flat, crs="EPSG:4326", at=(lon - 0.005, lat + 0.005), cell=0.00028)
    assert with_heights(net, path).height_m.tolist() == pytest.approx([7, 7])


# -------------------------------------------------------------------------------------------- refusals


def test_streets_without_a_value_are_counted_and_named(tmp_path):
    holed = GROUND.copy()
    holed[0, 1] = -9999
    with pytest.raises(DataError, match=r"no height at 1 of 2 street nodes \(first: \(114\.6.*Fill its gaps"):
        with_heights(street((5, 25), (15, 5)), model(tmp_path / "dem.tif", holed, nodata=-9999))


def test_a_model_of_another_place_is_refused_with_the_share_that_it_covers(tmp_path):
    path = model(tmp_path / "dem.tif", at=(WEST + 30, NORTH))
    with pytest.raises(DataError, match=r"dem.tif lies under 50.0% of 2 street nodes .*Take a model of this city"):
        with_heights(street((5, 5), (35, 5)), path)


def test_a_model_with_longitude_and_latitude_exchanged_is_told(tmp_path):
    net = street((0, 0), (30, 0))
    lon, lat = in_degrees(net.xy[:1], CHUANHUI)[0]
    path = model(tmp_path / "dem.tif", GROUND, crs="EPSG:4326", at=(lat - 0.005, lon + 0.005), cell=0.003)
    with pytest.raises(DataError, match=r"under 0.0% of 2 street nodes.*longitude and latitude look exchanged"):
        with_heights(net, path)


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ({"crs": None}, CrsError, "does not say its reference system"),
        ({"bands": 3}, DataError, "has 3 bands, and a height model has one"),
    ],
)
def test_a_model_of_which_nobody_knows_what_it_is_is_refused(tmp_path, how, error, told):
    with pytest.raises(error, match=told):
        with_heights(street((5, 5), (15, 5)), model(tmp_path / "dem.tif", **how))


def test_what_is_no_raster_is_no_height_model(tmp_path):
    (tmp_path / "dem.tif").write_text("nothing")
    with pytest.raises(DataError, match=r"dem.tif cannot be read as a height model"):
        with_heights(street((5, 5), (15, 5)), tmp_path / "dem.tif")
