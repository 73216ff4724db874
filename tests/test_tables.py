"""Layers as bureaus really send them: cut names, old encodings, no system, exchanged axes, nodata as people."""

import logging
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS

from planner.demand import Units
from planner.errors import ColumnError, CrsError, DataError, PeopleError, QuestionError
from planner.network import metric_crs
from planner.sources import tables

CHUANHUI = CRS.from_epsg(4547)
CENTRE = (114.65, 33.62)
CITIES = "../shared/data/cities"

pytestmark = pytest.mark.filterwarnings("ignore:.*(Normalized/laundered|Could not decode error).*:RuntimeWarning")


@pytest.fixture
def csv(tmp_path):
    def written(text, *, name="homes.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


@pytest.fixture
def city(request):
    def found(name):
        path = request.config.rootpath / CITIES / name
        if not path.exists():
            pytest.skip(f"the real city data is not at {CITIES}")
        return path

    return found


def layer(columns, shapes, crs=CHUANHUI):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def shapefile(path, table, *, encoding, says_so=True):
    pyogrio.write_dataframe(table, path, encoding=encoding)
    if not says_so:
        path.with_suffix(".cpg").unlink()
    return path


def block(x, y, size=100):
    return shapely.box(x, y, x + size, y + size)


# Reading ----------------------------------------------------------------------------------------------------


def test_points_in_columns_outside_china_are_wgs84(csv):
    read = tables.read_layer(csv("lat,lon,people\n39.07,-84.51,5\n"))
    assert read.crs == CRS.from_epsg(4326)
    assert (read.geometry.x[0], read.geometry.y[0]) == (-84.51, 39.07)


def test_points_in_china_must_say_their_datum(csv):
    path = csv("经度,纬度\n114.65,33.62\n")
    with pytest.raises(CrsError, match="500 m"):
        tables.read_layer(path)
    assert len(tables.read_layer(path, crs="EPSG:4326")) == 1


def test_a_csv_may_have_semicolons_a_byte_order_mark_and_any_column_names(csv):
    path = csv("Ost;Nord;Leute\n500100;3700000;7\n", encoding="utf-8-sig")
    read = tables.read_layer(path, lon="Ost", lat="Nord", crs="EPSG:4547")
    assert (read.geometry.x[0], read.geometry.y[0]) == (500100, 3700000)


@pytest.mark.parametrize(
    "text",
    [
        "lat,lon,people\n39.07,-84.51,5,\n39.08,-84.52,6,\n",  # a comma ends every row, but not the header
        "lat,lon,people\n39.07,-84.51,5,,\n39.08,-84.52,6\n",
        "lat,lon,people\n39.07,-84.51,5\n\n39.08,-84.52,6,\n",
        "lat,lon,people,\n39.07,-84.51,5,\n39.08,-84.52,6,\n",
    ],
)
def test_a_comma_at_the_end_of_a_row_shifts_no_column(csv, text):
    read = tables.read_layer(csv(text))
    assert read.geometry.x.tolist() == [-84.51, -84.52]
    assert read["people"].tolist() == ["5", "6"]


def test_rows_with_more_cells_than_the_header_are_all_named(csv):
    text = 'lat,lon,name\n39.07,-84.51,"Elm, west"\n39.08,-84.52,Oak, east\n39.09,-84.53,Ash\n39.1,-84.5,Fir, south\n'
    with pytest.raises(DataError, match=r"2 rows have more cells than the 3 of the header \(first: 2, 4\)"):
        tables.read_layer(csv(text))


def test_an_unknown_datum_is_refused_with_what_to_do(csv):
    with pytest.raises(CrsError, match="declare `datum: gcj02`"):
        tables.read_layer(csv("lon,lat\n114,33\n"), crs="gcj02")


def test_a_gb18030_shapefile_without_cpg_is_read_as_it_was_meant_and_says_so(tmp_path, caplog):
    table = layer({"社区": ["七一路社区", "人和社区"]}, [block(0, 0), block(200, 0)])
    path = shapefile(tmp_path / "sq.shp", table, encoding="GB18030", says_so=False)
    with caplog.at_level(logging.WARNING):
        read = tables.read_layer(path)
    assert list(read["社区"]) == ["七一路社区", "人和社区"]
    assert "sq.shp does not say its encoding and is not UTF-8: read as GB18030." in caplog.text


def test_a_utf8_shapefile_without_cpg_is_read_as_utf8_even_where_a_name_was_cut_inside_a_character(tmp_path, caplog):
    # 10 bytes hold three characters of three bytes and a third of the fourth
    path = shapefile(
        tmp_path / "sq.shp", layer({"社区名称": ["七一路"]}, [block(0, 0)]), encoding="UTF-8", says_so=False
    )
    read = tables.read_layer(path)
    assert list(read.columns) == ["社区名", "geometry"]
    assert list(read["社区名"]) == ["七一路"]
    assert not caplog.records


def test_a_shapefile_that_says_its_encoding_is_believed(tmp_path):
    table = layer({"name": ["Grünau"]}, [block(0, 0)])
    assert list(tables.read_layer(shapefile(tmp_path / "a.shp", table, encoding="ISO-8859-1"))["name"]) == ["Grünau"]


def test_a_shapefile_that_lies_about_its_encoding_is_refused(tmp_path):
    path = shapefile(tmp_path / "a.shp", layer({"name": ["七一路"]}, [block(0, 0)]), encoding="GB18030")
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(DataError, match="encoding: GB18030"):
        tables.read_layer(path)
    assert list(tables.read_layer(path, encoding="GB18030")["name"]) == ["七一路"]


def test_a_layer_without_crs_is_refused_until_one_is_declared(tmp_path):
    path = tmp_path / "homes.shp"
    pyogrio.write_dataframe(layer({"people": [3]}, [block(500_000, 3_720_000)]), path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"homes.shp has no coordinate reference system.*`crs: EPSG:4326`"):
        tables.read_layer(path)
    assert tables.read_layer(path, crs="EPSG:4547").crs == CHUANHUI


@pytest.mark.parametrize(
    ("xy", "crs", "near", "message"),
    [
        ((33.62, 114.65), 4326, None, "longitude and latitude are exchanged"),
        ((39.07, -84.51), 4326, (-84.5, 39.1), "longitude and latitude are exchanged: as it stands it lies .* km"),
        ((3_722_000, 564_000), 4547, (114.69, 33.63), "east and north are exchanged"),
        ((564_000, 3_722_000), 4326, None, "are no degrees"),
        ((114.65, 33.62), 4547, None, "look like degrees"),
        ((116.4, 39.9), 4326, CENTRE, r"lies 7\d\d km from the city"),
    ],
)
def test_coordinates_that_cannot_be_true_are_refused(tmp_path, xy, crs, near, message):
    path = tmp_path / "homes.gpkg"
    pyogrio.write_dataframe(layer({"people": [3]}, [shapely.Point(xy)], crs), path)
    with pytest.raises(CrsError, match=message):
        tables.read_layer(path, near=near)


def test_a_layer_of_the_city_with_one_stray_point_is_read(csv):
    path = csv("lon,lat\n114.65,33.62\n0,0\n")
    assert len(tables.read_layer(path, crs="EPSG:4326", near=CENTRE)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lon,lat,people\n", "has no rows"),
        ("", "cannot be read as a table"),
        ("lon,lat\n1,x\n", r"no numbers \(first: 1 = 'x'\)"),
        ("lon,lat\n1,2\n3,\n", r"1 of 2 rows have no coordinates in 'lon' and 'lat' \(first: 2\)"),
        ("east,north\n1,2\n", "no column 'lon', 'lat'. Its columns are: east, north"),
    ],
)
def test_a_table_that_places_nothing_is_refused(csv, text, message):
    with pytest.raises(DataError, match=message):
        tables.read_layer(csv(text))


def test_rows_without_geometry_and_lines_are_named_together(tmp_path):
    path = tmp_path / "mixed.geojson"
    pyogrio.write_dataframe(
        layer({"a": [1, 2, 3]}, [shapely.Point(1, 1), None, shapely.LineString([(0, 0), (1, 1)])], 4326), path
    )
    with pytest.raises(
        DataError, match=r"1 of 3 rows have no geometry \(first: 2\); 1 of 3 rows are lines \(first: 3\)"
    ):
        tables.read_layer(path)


def test_one_of_several_layers_must_be_named(tmp_path):
    path = tmp_path / "city.gpkg"
    for name in ("homes", "parks"):
        pyogrio.write_dataframe(layer({"name": [name]}, [block(500_000, 3_720_000)]), path, layer=name)
    with pytest.raises(DataError, match="2 layers: homes, parks"):
        tables.read_layer(path)
    with pytest.raises(DataError, match="did you mean 'parks'"):
        tables.read_layer(path, layer="park")
    assert list(tables.read_layer(path, layer="parks")["name"]) == ["parks"]


def test_what_is_no_layer_is_refused(tmp_path, csv):
    with pytest.raises(DataError, match=r"no file nowhere\.gpkg"):
        tables.read_layer(tmp_path / "nowhere.gpkg")
    with pytest.raises(DataError, match=r"torn\.geojson cannot be read"):
        tables.read_layer(csv('{"type": ', name="torn.geojson"))


# Residents --------------------------------------------------------------------------------------------------


def test_people_of_blocks_stand_inside_their_block(tmp_path):
    #  A U-shaped block, whose centroid lies in its yard: its people do not.
    u_shape = shapely.Polygon([(0, 0), (90, 0), (90, 90), (80, 90), (80, 10), (10, 10), (10, 90), (0, 90)])
    path = tmp_path / "blocks.gpkg"
    pyogrio.write_dataframe(layer({"people": [12, 0], "old": [5, 0]}, [u_shape, block(200, 0)]), path)
    homes = tables.residents(
        path, people="people", groups={"elderly": "old"}, crs_to=CHUANHUI, base="常住", crs="EPSG:4547"
    )
    assert homes.groups == ("people", "elderly")
    assert homes.people.tolist() == [[12, 5]]
    assert homes.ids.tolist() == ["1"]
    assert str(homes.base) == "常住"
    assert shapely.contains(u_shape, shapely.Point(homes.xy[0]))
    assert homes.geometry[0].equals(u_shape)


def test_ids_keep_their_leading_zeros_and_lose_no_row(csv):
    path = csv("id,lon,lat,n\n007,-84.5,39.1,3\n070,-84.4,39.1,4\n")
    homes = tables.residents(path, people="n", id="id", crs_to=metric_crs(-84.5, 39.1), base="2010")
    assert homes.ids.tolist() == ["007", "070"]
    assert homes.total == 7
    assert len(homes.geometry) == 0


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("many", r"values of 'n' are no numbers \(first: 2 = 'many'\)"),
        ("", r"1 of 2 places have negative or missing people \(first: 2"),
        ("-9999", r"homes.csv, people from n: 1 of 2 places .* lowest -9,999"),
    ],
)
def test_people_that_are_no_number_of_people_are_refused(csv, people, message):
    with pytest.raises(PeopleError, match=message):
        tables.residents(csv(f"lon,lat,n\n1,1,5\n1,2,{people}\n"), people="n", crs_to=metric_crs(1, 1), base="2010")


def test_a_group_larger_than_everybody_is_refused(csv):
    path = csv("lon,lat,men,all\n1,1,5,9\n1,2,6,8\n")
    with pytest.raises(PeopleError, match="2 of 2 places have more people in a group than altogether"):
        tables.residents(path, people="men", groups={"everybody": "all"}, crs_to=metric_crs(1, 1), base="2010")


def test_missing_columns_are_all_named_with_what_was_perhaps_meant(csv):
    path = csv("lon,lat,People,Males\n1,1,5,2\n")
    with pytest.raises(ColumnError) as caught:
        tables.residents(path, people="people", groups={"men": "males"}, id="fid", crs_to=metric_crs(1, 1), base="2010")
    assert "'people' (did you mean 'People'?), 'males' (did you mean 'Males'?), 'fid'." in str(caught.value)
    assert "Its columns are: lon, lat, People, Males." in str(caught.value)


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_a_column_is_found_under_the_name_that_a_shapefile_cut(tmp_path, encoding):
    path = shapefile(tmp_path / "sq.shp", layer({"人口数量合计": [8]}, [block(0, 0)]), encoding=encoding, says_so=False)
    assert tables.residents(path, people="人口数量合计", crs_to=CHUANHUI, base="常住", crs="EPSG:4547").total == 8


def test_a_name_that_was_cut_like_another_is_not_guessed(tmp_path):
    table = layer({"population_total": [8], "population_male": [4]}, [block(0, 0)])
    path = shapefile(tmp_path / "sq.shp", table, encoding="UTF-8")
    with pytest.raises(ColumnError, match="Its columns are: population, populati_1"):
        tables.residents(path, people="population_male", crs_to=CHUANHUI, base="常住", crs="EPSG:4547")


# Facilities -------------------------------------------------------------------------------------------------


def test_a_point_is_its_own_gate_and_has_the_area_that_is_assumed(csv):
    path = csv("lon,lat,sport\n-84.5,39.1,tennis\n-84.4,39.1,\n", name="pitches.csv")
    here = metric_crs(-84.5, 39.1)
    parks = tables.facilities(path, service="green", status="standing", name="sport", crs_to=here, area=1000)
    assert parks.ids.tolist() == ["pitches/1", "pitches/2"]
    assert parks.names.tolist() == ["tennis", ""]
    assert parks.area_m2.tolist() == [1000, 1000]
    assert parks.gate_origin.tolist() == ["point", "point"]
    assert np.allclose(parks.gate_xy, shapely.get_coordinates(parks.geometry))
    unknown = tables.facilities(path, service="green", status="standing", crs_to=here)
    assert unknown.area_m2.tolist() == [0, 0]


def test_an_area_is_entered_along_its_boundary_and_measured(tmp_path):
    #   100 × 100 m: 400 m round, a gate every 50 m. 10 × 10 m: 40 m round, four gates all the same.
    path = tmp_path / "lots.gpkg"
    pyogrio.write_dataframe(layer({"m2": [7.0, 8.0]}, [block(500_000, 0, 100), block(500_500, 0, 10)]), path)
    lots = tables.facilities(path, service="green", status="candidate", crs_to=CHUANHUI)
    assert lots.area_m2.tolist() == [10_000, 100]
    assert np.bincount(lots.gate_facility).tolist() == [8, 4]
    assert set(lots.gate_origin) == {"boundary"}
    rims = shapely.boundary(lots.geometry)[lots.gate_facility]
    assert shapely.distance(rims, shapely.points(lots.gate_xy)).max() < 1e-6
    stated = tables.facilities(path, service="green", status="candidate", crs_to=CHUANHUI, area="m2")
    assert stated.area_m2.tolist() == [7, 8]


def test_a_polygon_in_two_parts_has_gates_at_both_and_a_bow_tie_keeps_its_area(tmp_path):
    two = shapely.MultiPolygon([block(500_000, 0), block(500_300, 0)])
    bow_tie = shapely.Polygon([(501_000, 0), (501_100, 100), (501_100, 0), (501_000, 100)])
    path = tmp_path / "lots.gpkg"
    pyogrio.write_dataframe(layer({"a": [1, 2]}, [two, bow_tie]), path)
    lots = tables.facilities(path, service="green", status="candidate", crs_to=CHUANHUI)
    assert lots.area_m2.tolist() == [20_000, 5_000]
    first = lots.gate_xy[lots.gate_facility == 0]
    assert ((first[:, 0] < 500_200).sum(), (first[:, 0] > 500_200).sum()) == (8, 8)


def test_candidates_with_the_same_id_or_a_negative_area_are_refused(csv):
    path = csv("lon,lat,id,m2\n1,1,a,5\n1,2,a,-5\n")
    how = {"service": "green", "status": "candidate", "crs_to": metric_crs(1, 1)}
    with pytest.raises(DataError, match=r"1 ids of facilities in homes.csv occur more than once \(first: a\)"):
        tables.facilities(path, id="id", **how)
    with pytest.raises(DataError, match=r"1 of 2 areas are negative or missing \(first: homes/2\)"):
        tables.facilities(path, area="m2", **how)


def test_what_a_facility_holds_comes_from_a_column_and_an_empty_cell_is_unknown(csv):
    path = csv("lon,lat,seats\n1,1,90\n1,2,\n1,3,0\n")
    how = {"service": "school", "status": "standing", "crs_to": metric_crs(1, 1)}
    schools, unknown = tables.facilities(path, capacity="seats", **how), tables.facilities(path, **how)
    assert schools.capacity.tolist() == pytest.approx([90, np.nan, 0], nan_ok=True)
    assert np.isnan(unknown.capacity).all()
    both = replace(unknown, ids=np.array(["a", "b", "c"])).joined(schools).kept(np.arange(6) % 3 != 1)
    assert both.capacity.tolist() == pytest.approx([np.nan, np.nan, 90, 0], nan_ok=True)


@pytest.mark.parametrize(
    ("seats", "said"),
    [
        ("-30", r"homes.csv, capacity from seats: 1 of 2 facilities have a negative .*first: homes/1.*Correct them"),
        ("inf", "1 of 2 facilities have a negative or infinite capacity"),
        ("90 seats", r"1 of 2 values of 'seats' are no numbers \(first: homes/1 = '90 seats'"),
    ],
)
def test_a_capacity_that_makes_no_sense_is_refused(csv, seats, said):
    path = csv(f"lon,lat,seats\n1,1,{seats}\n1,2,5\n")
    with pytest.raises(DataError, match=said):
        tables.facilities(path, service="school", status="standing", crs_to=metric_crs(1, 1), capacity="seats")


# Units, study area, spreading -------------------------------------------------------------------------------


def test_units_are_areas_with_ids_and_names(tmp_path):
    path = tmp_path / "units.gpkg"
    columns = {"code": [411602001, 411602002], "name": ["七一路", "人和"], "people": [30, 12]}
    pyogrio.write_dataframe(layer(columns, [block(500_000, 0), block(500_100, 0)]), path)
    units, people = tables.control_totals(
        path, people="people", id="code", name="name", crs_to=CHUANHUI, kind="community"
    )
    assert units.ids.tolist() == ["411602001", "411602002"]
    assert units.names.tolist() == ["七一路", "人和"]
    assert people.tolist() == [30, 12]
    again = tables.units(path, id="code", name="name", crs_to=CHUANHUI, kind="community")
    assert (again.ids == units.ids).all()
    plain = tables.units(path, crs_to=CHUANHUI, kind="community")
    assert (plain.ids.tolist(), plain.names.tolist()) == (["1", "2"], ["1", "2"])
    pyogrio.write_dataframe(layer(columns, [shapely.Point(500_000, 0)] * 2), path)
    with pytest.raises(DataError, match="2 of 2 rows are no polygons"):
        tables.units(path, id="code", name="name", crs_to=CHUANHUI, kind="community")


def test_a_study_area_is_the_union_in_degrees(tmp_path):
    path = tmp_path / "area.gpkg"
    pyogrio.write_dataframe(layer({"a": [1, 2]}, [block(500_000, 3_720_000), block(500_100, 3_720_000)]), path)
    area = tables.boundary(path)
    assert area.geom_type == "Polygon"
    assert area.bounds == pytest.approx((114.0, 33.6, 114.002, 33.604), abs=0.01)


#   west      east     far
#   ┌───────┬───────┐  ┌────┐      homes: a, b in the west, c in the east, d on the border, e in no unit
#   │ a   b d   c   │e │    │
#   └───────┴───────┘  └────┘
HOMES = np.array(["a", "b", "c", "d", "e"])
HOMES_XY = np.array([[10.0, 50], [60, 50], [150, 50], [100, 50], [250, 50]])
UNITS = Units(
    np.array(["1", "2", "3"]),
    np.array(["west", "east", "far"]),
    "community",
    np.array([block(0, 0), block(100, 0), block(300, 0)], object),
)


def spread(floor, **how):
    return tables.spread_residents(HOMES, HOMES_XY, np.empty(0, object), floor, base="常住", crs=CHUANHUI, **how)


def test_one_total_is_spread_by_floor_area_to_the_person():
    homes = spread([1, 1, 1, 0, 0], total=100)
    assert homes.ids.tolist() == ["a", "b", "c"]
    assert homes.people[:, 0].tolist() == [34, 33, 33]


def test_the_people_of_a_unit_live_in_its_own_buildings():
    homes = spread([1, 2, 1, 1, 9], totals=(UNITS, np.array([8, 5, 0])))
    assert homes.ids.tolist() == ["a", "b", "c", "d"]
    assert homes.people[:, 0].tolist() == [2, 4, 5, 2]  # d stands on the border: it belongs to the first unit
    assert homes.unit.tolist() == [0, 0, 1, 0]


def test_units_with_people_but_no_home_are_all_named():
    with pytest.raises(PeopleError, match=r"12 people in 2 of 3 units .*: east \(2\): 5; far \(3\): 7. Add buildings"):
        spread([1, 1, 0, 1, 1], totals=(UNITS, np.array([8, 5, 7])))


def test_control_totals_are_whole_people_and_given_once():
    with pytest.raises(PeopleError, match=r"1 of 3 control totals are no whole people \(first: 1\)"):
        spread([1, 1, 1, 1, 1], totals=(UNITS, np.array([8.5, 5, 0])))
    with pytest.raises(PeopleError, match="negative or missing"):
        spread([1, 1, 1, 1, 1], totals=(UNITS, np.array([8, -5, 0])))
    for how in ({}, {"total": 5, "totals": (UNITS, np.array([8, 5, 0]))}):
        with pytest.raises(QuestionError, match="exactly one"):
            spread([1, 1, 1, 1, 1], **how)


# Real cities ------------------------------------------------------------------------------------------------


@pytest.mark.cities
def test_northern_kentucky_has_the_people_of_its_census(city):
    here, near = metric_crs(-84.5, 39.07), (-84.5, 39.07)
    homes = tables.residents(
        city("northern-kentucky/blocks.shp"),
        people="people",
        groups={"men": "males"},
        crs_to=here,
        base="2010",
        near=near,
    )
    assert homes.total == 227_919
    assert len(homes.ids) == 3114
    pitches = tables.facilities(
        city("northern-kentucky/sports-pitches.csv"),
        service="green",
        status="standing",
        name="sport",
        crs_to=here,
        near=near,
    )
    assert len(pitches) == 322


@pytest.mark.cities
def test_porto_alegre_has_the_people_of_its_hexes(city):
    path = city("porto-alegre/population-hexes.csv")
    homes = tables.residents(path, people="population", id="id", crs_to=metric_crs(-51.2, -30.0), base="2010")
    assert homes.total == 812_935


@pytest.mark.cities
def test_the_reykjavik_grid_is_refused_with_its_nodata_cells_named(city):
    path = city("reykjavik-dirty/rek_grid_pop.shp")
    with pytest.raises(
        PeopleError, match=r"people from Pop: 4 of 716 places .*\(first: 55, 337, 338, 541; 0 missing, lowest -2,147"
    ):
        tables.residents(path, people="Pop", id="pointid", crs_to=metric_crs(-21.9, 64.1), base="unknown")


@pytest.mark.cities
def test_las_palmas_has_a_study_area_and_catchments(city):
    assert tables.boundary(city("las-palmas/boundary.geojson")).bounds == pytest.approx(
        (-15.527, 28.024, -15.395, 28.182), abs=1e-3
    )
    path = city("las-palmas/secondary-school-catchments.geojson")
    here = metric_crs(-15.4, 28.1)
    units = tables.units(path, id="Codigo", name="Denominaci", crs_to=here, kind="catchment", near=(-15.4, 28.1))
    assert units.names[0] == "IES ALONSO QUESADA"


@pytest.mark.parametrize(
    ("declared", "easting_m", "true"),
    [("EPSG:4547", 38_560_000, 4526), ("EPSG:4526", 560_000, 4547), ("EPSG:3857", 560_000, 4547)],
)
def test_a_zone_before_the_easting_or_missing_is_named_with_the_system_to_declare(csv, declared, easting_m, true):
    path = csv(f"x,y,people\n{easting_m},3721000,5\n{easting_m + 90},3721050,5\n")
    with pytest.raises(CrsError, match=rf"(km from the city|nowhere on Earth).*declare `crs: EPSG:{true}`"):
        tables.residents(
            path, people="people", lon="x", lat="y", crs=declared, crs_to=CHUANHUI, base="any", near=CENTRE
        )


def test_a_layer_without_a_system_is_told_which_one_fits(tmp_path):
    path = tmp_path / "blocks.shp"
    shapefile(path, layer({"people": [5]}, [shapely.Point(560_000, 3_721_000)]), encoding="UTF-8")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"fit CGCS2000 .* beside the city: declare `crs: EPSG:4547`"):
        tables.residents(path, people="people", crs_to=CHUANHUI, base="any", near=CENTRE)
