"""People of a raster: cut at the study area by share of area, spread over homes, and nobody lost or made up."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from rasterio.transform import Affine

from planner.demand import Units
from planner.errors import CrsError, DataError, PeopleError
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.places import Buildings
from planner.sources.raster import Cells, cell_residents, read_cells, spread_cells, zonal_sums
from tests.test_census import town  # noqa: F401  (three homes on a street)

CHUANHUI = CRS.from_epsg(4547)
WEST, NORTH = 560_000.0, 3_720_300.0
AREA = shapely.box(WEST, NORTH - 300, WEST + 250, NORTH)

# Cells of 100 m, people by cell; the study area ends in the middle of the third column.
#
#      10   20   | 8         rows and columns are counted from the upper left, from 1
#       0    5   | 4
#       1    0   | 0
PEOPLE = [[10, 20, 8], [0, 5, 4], [1, 0, 0]]


@pytest.fixture
def tif(tmp_path):
    def written(people, *, transform=None, crs="EPSG:4547", nodata=-1.0):
        cells = np.array(people, np.float32)
        path = tmp_path / "people.tif"
        how = {"height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "float32", "nodata": nodata}
        transform = transform or Affine(100, 0, WEST, 0, -100, NORTH)
        with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **how) as raster:
            raster.write(cells, 1)
        return path

    return written


def read(path, area=AREA, **how):
    return read_cells(path, area=area, crs_to=CHUANHUI, **how)


def test_a_cell_on_the_border_counts_by_its_share_inside_and_the_rest_is_told(tif):
    cells = read(tif(PEOPLE))
    assert dict(zip(cells.ids.tolist(), cells.people.tolist(), strict=True)) == {
        "cell-1-1": 10, "cell-1-2": 20, "cell-1-3": 4, "cell-2-2": 5, "cell-2-3": 2, "cell-3-1": 1
    }  # fmt: skip
    assert cells.total == 42
    assert cells.notes == ("6.0 people of people.tif live in the parts of border cells outside the study area",)
    assert cell_residents(cells, base="常住 2020").total == 42


def test_a_raster_in_degrees_or_south_up_says_the_same_of_whole_cells(tif):
    turned = read(tif(PEOPLE[::-1], transform=Affine(100, 0, WEST, 0, 100, NORTH - 300)))
    assert sorted(turned.people.tolist()) == [1, 2, 4, 5, 10, 20]
    degrees = read(
        tif(PEOPLE, crs="EPSG:4326", transform=Affine(1e-3, 0, 114.648, 0, -1e-3, 33.621)), area=AREA.buffer(5e3)
    )
    assert degrees.total == pytest.approx(48)


def test_cells_that_cannot_be_people_are_refused_with_rows_and_columns(tif):
    with pytest.raises(PeopleError) as refused:
        read(tif([[10, -7, 8], [np.nan, 5, 4], [-1, 0, 0]], nodata=-1.0))
    for told in ("1 are negative (first: cell-1-2 = -7)", "1 are not finite (first: cell-2-1 = nan)"):
        assert told in str(refused.value)
    assert "1 are without data (first: cell-3-1 = -1)" in str(refused.value)
    assert "nodata_is_nobody: true" in str(refused.value)


def test_no_data_may_be_declared_to_mean_nobody(tif):
    cells = read(tif([[10, -1, 8], [0, 5, 4], [1, 0, -1]]), nodata_is_nobody=True)
    assert cells.total == 22
    assert cells.notes[0] == "2 cells of people.tif have no data: nobody lives there"
    with pytest.raises(PeopleError, match="nobody lives in its cells"):
        read(tif([[-1, -1], [-1, -1]]), nodata_is_nobody=True)


def test_bad_cells_elsewhere_are_nobody_s_concern(tif):
    assert read(tif(PEOPLE), area=shapely.box(WEST, NORTH - 100, WEST + 100, NORTH)).total == 10
    far = [[10, 0, 0, -99], [0, 0, 0, -99]]
    assert read(tif(far), area=shapely.box(WEST, NORTH - 100, WEST + 100, NORTH)).total == 10


def test_a_raster_elsewhere_without_a_system_or_that_is_none_is_refused(tif, tmp_path):
    with pytest.raises(CrsError, match=r"people.tif lies elsewhere"):
        read(tif(PEOPLE), area=shapely.box(0, 0, 100, 100))
    with pytest.raises(CrsError, match="no coordinate reference system"):
        read(tif(PEOPLE, crs=None))
    with pytest.raises(DataError, match="has 1 bands, and no band 2"):
        read(tif(PEOPLE), band=2)
    (tmp_path / "none.tif").write_text("no raster", "utf-8")
    with pytest.raises(DataError, match=r"none.tif cannot be read as a raster"):
        read(tmp_path / "none.tif")


# Zones and homes --------------------------------------------------------------------------------------------


def zones(*boxes):
    ids = np.array([f"z{i}" for i in range(len(boxes))])
    return Units(ids, ids, "zone", np.array([shapely.box(*each) for each in boxes], object))


def test_zones_have_their_share_of_every_cell(tif):
    #  the left zone ends in the middle of the second column: 10 + 1 + half of 20 and of 5
    left = (WEST, NORTH - 300, WEST + 150, NORTH)
    sums = zonal_sums(read(tif(PEOPLE)), zones(left))
    assert sums.tolist() == pytest.approx([23.5, 18.5])
    with pytest.raises(DataError, match=r"The zones overlap: they would hold 65.5 of 42.0 people"):
        zonal_sums(read(tif(PEOPLE)), zones(left, (WEST, NORTH - 300, WEST + 250, NORTH)))


@given(st.lists(st.integers(0, 300), min_size=9, max_size=9), st.integers(1, 249), st.integers(1, 299))
def test_zones_that_part_the_area_have_everybody(people, x, y):
    corners = [(col * 100, row * 100) for row in range(3) for col in range(3)]
    squares = np.array([shapely.box(a, b, a + 100, b + 100) for a, b in corners], object)
    cells = Cells(np.arange(9).astype(np.str_), squares, np.array(people, float), CHUANHUI)
    parts = zones((0, 0, x, y), (x, 0, 300, y), (0, y, x, 300), (x, y, 300, 300))
    sums = zonal_sums(cells, parts)
    assert sums.sum() == pytest.approx(sum(people))
    assert sums[-1] == pytest.approx(0, abs=1e-6)


def homes(floor_m2, *at):
    ids = np.array([f"h{i}" for i in range(len(at))])
    xy = np.array(at, float).reshape(-1, 2) + np.array([WEST, NORTH])
    return Buildings(ids, shapely.points(xy), np.array(floor_m2, float), xy)


def test_the_people_of_a_cell_live_in_its_homes_and_without_one_in_its_middle(tif):
    #  two homes in cell 1-1 (floor 1 : 3), one in cell 1-2, one beyond the raster
    row = homes([1, 3, 9, 9], (20, -20), (60, -60), (150, -50), (240, 50))
    people, said = spread_cells(row, read(tif(PEOPLE)), base="常住 2020")
    assert people.ids.tolist() == ["h0", "h1", "h2", "cell-1-3", "cell-2-2", "cell-2-3", "cell-3-1"]
    assert people.people[:, 0].tolist() == [3, 7, 20, 4, 5, 2, 1]
    assert said == [
        "the 42.0 people of the raster are rounded to 42 whole people",
        (
            "12 people live in 4 cells without a mapped home (first: cell-1-3, cell-2-2, cell-2-3, cell-3-1): they "
            "stand in the middle of their cells"
        ),
    ]


@given(
    st.lists(st.floats(0, 300), min_size=9, max_size=9),
    st.lists(st.tuples(st.integers(0, 299), st.integers(0, 299), st.integers(0, 99)), max_size=12),
)
def test_everybody_is_rounded_once_and_none_is_lost(people, built):
    if round(sum(people)) == 0:
        return
    corners = [(col * 100 + WEST, row * 100 + NORTH) for row in range(3) for col in range(3)]
    squares = np.array([shapely.box(a, b, a + 100, b + 100) for a, b in corners], object)
    lived = np.array(people) > 0
    ids = np.char.add("cell-", np.arange(9).astype(np.str_))
    cells = Cells(ids[lived], squares[lived], np.array(people)[lived], CHUANHUI)
    row = homes([floor for *_, floor in built], *[(x, y) for x, y, _ in built])
    everybody, _ = spread_cells(row, cells, base="常住 2020")
    assert everybody.total == round(cells.total)
    at = Units(cells.ids, cells.ids, "cell", cells.geometry).holding(everybody.xy)
    of_cell = np.bincount(at, weights=everybody.people[:, 0], minlength=len(cells.ids))
    assert (np.abs(of_cell - cells.people) < 1.5).all()


# Scenarios --------------------------------------------------------------------------------------------------

DEGREES = Affine(0.005, 0, 114.6475, 0, -0.01, 33.63)  # homes at 114.650, 114.655 and 114.660, a cell each


def test_a_scenario_spreads_a_raster_over_homes_or_leaves_it_in_its_cells(town, tif):  # noqa: F811
    tif([[10, 20, 12]], crs="EPSG:4326", transform=DEGREES).rename(town / "people.tif")
    said = "base: {kind: resident, date: 2020, boundary: the street, source: drawn}"
    gpd.GeoDataFrame(geometry=[shapely.box(114.6475, 33.62, 114.6625, 33.63)], crs=4326).to_file(town / "area.geojson")

    def answer(demand, city="{extract: town.osm, boundary: area.geojson, max_access_m: 900}"):
        return run_scenario(load(town / "town.yaml", set=[f"demand={demand}", f"city={city}"]))

    run = answer(f"{{spread: {{raster: {{file: people.tif}}, {said}}}}}")
    assert sorted(run.demand.people[:, 0].tolist()) == [10, 12, 20]
    assert all(each.startswith("way/") for each in run.demand.ids)
    run = answer(f"{{raster: {{file: people.tif, {said}}}}}")
    assert run.demand.ids.tolist() == ["cell-1-1", "cell-1-2", "cell-1-3"]
    assert run.inputs["people.tif"]
    with pytest.raises(DataError, match=r"no study area says where. Write city.boundary"):
        answer(f"{{raster: {{file: people.tif, {said}}}}}", city="town.osm")
