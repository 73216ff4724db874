"""What of an extract is a service, a home, a unit to report by, and what the map shows."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import CRS
from shapely import LineString, Point, box

from planner.demand import Units
from planner.errors import CrsError, QuestionError
from planner.network import WalkNetwork
from planner.sources.green import leftover_land, public_green
from planner.sources.osm import Extract, read_extract
from planner.sources.places import _pieces, administrative_units, base_map, hexes, residential_buildings, services
from planner.sources.tags import Layer, layer, tag_table
from planner.sources.walkable import walk_network
from tests.drawn import ORIGIN, drawn, gates, in_degrees
from tests.towns import CHUANHUI

STREET = ((0, -10), (400, -10))
SCHOOL = {"amenity": "school"}


def services_of(picture, legend=None, *, more=(), streets=(STREET,)):
    return services(*drawn(picture, legend, streets=streets, more=more))


# --- services


def test_a_service_that_nobody_mapped_has_no_facilities():
    found = services_of("")
    assert list(found) == ["eldercare", "eldercare-centre", "community", "convenience", "school", "kindergarten"]
    assert [len(each) for each in found.values()] == [0] * 6
    assert found["school"].gate_xy.shape == (0, 2)
    assert found["school"].service == "school"


def test_a_point_is_its_own_gate():
    school = services_of("", more=[(SCHOOL, Point(40, 30))])["school"]
    assert gates(school) == {(40, 30): "point"}
    assert school.area_m2.tolist() == [0]


def test_school_grounds_are_entered_by_their_gate_and_never_over_the_whole_boundary():
    picture = "SSSSSSSSSS\n" * 3
    assert len(gates(services_of(picture, {"S": SCHOOL})["school"])) == 1
    gate = ({"barrier": "lift_gate"}, Point(100, 15))
    assert gates(services_of(picture, {"S": SCHOOL}, more=[gate])["school"]) == {(100, 15): "mapped"}
    drive = ((50, -10), (50, 15))
    by_path = services_of(picture, {"S": SCHOOL}, streets=[((0, -10), (50, -10), (100, -10)), drive])["school"]
    assert gates(by_path) == {(50, 0): "path"}


def test_a_point_and_a_house_inside_the_grounds_are_the_same_school():
    school = services_of(
        """
        SSSSS
        SSSSS  K
        SSSSS
        """,
        {"S": SCHOOL, "K": SCHOOL},
        more=[
            ({**SCHOOL, "building": "school"}, box(10, 10, 20, 20)),
            (SCHOOL, Point(42, 5)),
            (SCHOOL, Point(42, -5)),
            ({"amenity": "kindergarten"}, Point(42, 5)),
        ],
    )
    assert school["school"].ids.tolist() == ["way/1", "way/2", "node/5"]
    assert school["kindergarten"].ids.tolist() == ["node/6"]


def test_one_name_within_fifty_metres_is_one_place():
    shop = {"shop": "convenience", "name": "便利店"}
    found = services_of("", more=[(shop, Point(0, 0)), (shop, Point(49, 0)), (shop, Point(101, 0))])["convenience"]
    assert found.ids.tolist() == ["node/1", "node/3"]
    nameless = [({"shop": "convenience"}, Point(x, 0)) for x in (0, 5)]
    assert len(services_of("", more=nameless)["convenience"]) == 2


@pytest.mark.parametrize(
    ("tags", "service"),
    [
        ({"amenity": "social_facility", "social_facility": "group_home", "social_facility:for": "senior"}, "eldercare"),
        ({"amenity": "social_facility", "social_facility:for": "disabled;senior"}, "eldercare"),
        ({"amenity": "social_facility", "social_facility": "assisted_living"}, "eldercare"),
        ({"amenity": "social_facility", "social_facility": "assisted_living", "social_facility:for": "youth"}, None),
        ({"amenity": "social_facility", "social_facility": "outreach"}, None),
        ({"amenity": "townhall"}, "community"),
        ({"office": "government"}, None),
        ({"office": "government", "government": "public_service"}, "community"),
        ({"shop": "supermarket"}, "convenience"),
        ({"shop": "clothes"}, None),
        ({"amenity": "marketplace"}, "convenience"),
        ({"amenity": "childcare"}, "kindergarten"),
    ],
)
def test_the_tag_table_says_which_service_a_place_is(tags, service):
    found = services_of("", more=[(tags, Point(0, 0))])
    assert [name for name, each in found.items() if len(each)] == ([service] if service else [])


@pytest.mark.parametrize(
    ("name", "services"),
    [("七一路街道综合养老服务中心", ["eldercare", "eldercare-centre"]), ("市福利院", [])],
)
def test_the_name_tells_a_comprehensive_eldercare_centre_which_counts_as_eldercare_too(name, services):
    found = services_of("", more=[({"amenity": "social_facility", "name": name}, Point(0, 0))])
    assert [service for service, each in found.items() if len(each)] == services


# --- homes


def homes_of(picture, legend, *, more=()):
    extract, _ = drawn(picture, legend, more=more)
    return residential_buildings(extract, CHUANHUI)


def test_floor_area_is_footprint_times_levels_stated_or_assumed():
    homes = homes_of(
        "AA.B.C.D.E.F",
        {
            "A": {"building": "apartments", "building:levels": "11"},
            "B": {"building": "apartments"},
            "C": {"building": "house", "building:levels": "two"},
            "D": {"building": "terrace", "building:levels": "2.5"},
            "E": {"building": "residential", "building:levels": "0"},
            "F": {"building": "industrial", "building:levels": "3"},
        },
    )
    assert homes.ids.tolist() == ["way/1", "way/2", "way/3", "way/4", "way/5"]
    assert homes.floor_area_m2 == pytest.approx([2200, 600, 200, 250, 500])
    assert homes.levels_assumed == 3
    assert (homes.xy - ORIGIN)[0] == pytest.approx([10, 5])


def test_a_plain_building_is_a_home_where_residential_land_says_so():
    homes = homes_of(
        "H.Y.S..Z",  # the land ends before Z
        {
            "H": {"building": "apartments"},
            "Y": {"building": "yes"},
            "S": {"building": "yes", "shop": "supermarket"},
            "Z": {"building": "yes"},
        },
        more=[({"landuse": "residential"}, box(0, 0, 60, 30))],
    )
    assert homes.ids.tolist() == ["way/1", "way/2"]


def test_where_residential_land_is_hardly_mapped_a_plain_building_is_a_home_unless_on_other_land():
    homes = homes_of(
        "A..B.C.Y..Z",  # A alone is on residential land, Z on industrial land
        {letter: {"building": "house"} for letter in "ABC"} | {letter: {"building": "yes"} for letter in "YZ"},
        more=[({"landuse": "residential"}, box(0, 0, 20, 20)), ({"landuse": "industrial"}, box(100, 0, 120, 20))],
    )
    assert homes.ids.tolist() == ["way/1", "way/2", "way/3", "way/4"]


def test_residential_land_without_mapped_homes_is_filled_to_its_area():
    empty = ({"landuse": "residential"}, box(1000, 1000, 1250, 1100))
    with_home = ({"landuse": "residential"}, box(0, 0, 50, 50))
    homes = homes_of("A", {"A": {"building": "apartments"}}, more=[empty, with_home])
    assert homes.land_filled == 1
    assert homes.pieces == len(homes.ids) - 1
    assert homes.ids[:2].tolist() == ["way/1", "way/2/1"]
    assert homes.floor_area_m2[1:].sum() == pytest.approx(250 * 100)  # floor area ratio 1
    assert homes.floor_area_m2.max() <= 100 * 100 * (1 + 1e-6)
    land = box(*(ORIGIN + 1000), ORIGIN[0] + 1250, ORIGIN[1] + 1100)
    assert shapely.dwithin(shapely.points(homes.xy[1:]), land, 1e-6).all()


def test_residential_land_with_a_single_house_on_it_is_a_gap_in_the_mapping():
    house = ({"building": "house"}, box(10, 10, 20, 20))  # 200 m² of floor
    assert homes_of("", {}, more=[({"landuse": "residential"}, box(0, 0, 39, 50)), house]).land_filled == 0
    assert homes_of("", {}, more=[({"landuse": "residential"}, box(0, 0, 41, 50)), house]).land_filled == 1


def test_residential_land_mapped_twice_is_filled_once():
    land = {"landuse": "residential"}
    homes = homes_of("", {}, more=[(land, box(0, 0, 100, 100)), (land, box(50, 0, 150, 100))])
    assert homes.floor_area_m2.sum() == pytest.approx(150 * 100)
    assert homes.land_filled == 2


def test_land_that_lies_on_several_earlier_areas_is_filled_where_none_of_them_is():
    #  0  AAAAAA
    #  50    BBBBBB      C lies on both, and on itself only between 150 and 200; D on none
    #  0  CCCCCCCCCC DD
    land = {"landuse": "residential"}
    spans = [(0, 100), (50, 150), (0, 200), (300, 350)]
    homes = homes_of("", {}, more=[(land, box(west, 0, east, 100)) for west, east in spans])
    area = np.array([name.rpartition("/")[0] for name in homes.ids.tolist()])
    filled = [homes.floor_area_m2[area == f"way/{i}"].sum() for i in range(1, 5)]
    assert filled == pytest.approx([10_000, 5_000, 5_000, 5_000])


def test_two_thousand_scattered_residential_areas_are_filled_in_seconds():
    corner = np.stack(np.meshgrid(np.arange(50), np.arange(40)), axis=-1).reshape(-1, 2) * 50.0
    land = shapely.buffer(shapely.points(corner), 20)
    ids = np.array([f"way/{i}" for i in range(2000)])
    nothing = np.full(2000, "", np.str_)
    began = time.process_time()
    names, pieces = _pieces(Layer(ids, np.full(2000, {}, object), nothing, land))
    assert time.process_time() - began < 5  # half a minute where each was cut from the union of all before
    assert shapely.area(pieces).sum() == pytest.approx(shapely.area(land).sum())
    assert names[0] == "way/0/1"


def test_a_city_without_a_home_has_none():
    homes = homes_of("", {})
    assert (len(homes.ids), homes.xy.shape, homes.floor_area_m2.sum()) == (0, (0, 2), 0)


# --- units


def district(name, level, shape):
    return {"boundary": "administrative", "admin_level": level, "name": name}, shape


COMMUNITIES = [district(f"社区{i}", "10", box(100 * i, 0, 100 * i + 100, 100)) for i in range(3)]
HOMES = [({"building": "apartments"}, box(x, 40, x + 20, 60)) for x in (40, 140, 240)]


def units_of(more, **options):
    return administrative_units(drawn("", more=more)[0], CHUANHUI, **options)


def test_the_finest_level_that_holds_most_of_the_homes_is_taken():
    street = [district(f"街道{i}", "8", box(-150 + 150 * i, -100, 150 * i, 300)) for i in range(3)]
    units = units_of([*COMMUNITIES, *street, *HOMES])
    assert (units.kind, units.names.tolist()) == ("community", ["社区0", "社区1", "社区2"])
    moved = [(tags, shapely.transform(shape, lambda xy: xy + np.array([0, 150]))) for tags, shape in HOMES]
    units = units_of([*COMMUNITIES, *street, *moved])
    assert (units.kind, units.names.tolist()) == ("subdistrict", ["街道0", "街道1", "街道2"])


def test_two_areas_are_no_division_unless_asked_for():
    assert units_of([*COMMUNITIES[:2], *HOMES]) is None
    assert units_of([*COMMUNITIES[:2], *HOMES], admin_level=10).names.tolist() == ["社区0", "社区1"]


def test_a_level_that_the_extract_does_not_hold_is_refused_with_the_levels_there_are():
    street = district("街道", "8", box(-150, -100, 300, 300))
    with pytest.raises(QuestionError, match=r"admin_level 6; .* 8 \(1\), 10 \(3\)\. Ask"):
        units_of([*COMMUNITIES, street, *HOMES], admin_level=6)
    with pytest.raises(QuestionError, match=r"admin_level 6; .*: none\. Ask"):
        units_of(HOMES, admin_level=6)


def test_units_hold_most_of_the_homes_that_are_given():
    extract, _ = drawn("", more=[*COMMUNITIES, *HOMES])
    homes = residential_buildings(extract, CHUANHUI)
    assert len(administrative_units(extract, CHUANHUI, homes=homes).ids) == 3
    elsewhere = replace(homes, xy=homes.xy + 5000)
    assert administrative_units(extract, CHUANHUI, homes=elsewhere) is None


def test_a_point_on_a_shared_border_is_in_the_first_unit():
    units = Units(np.array(["a", "b"]), np.array(["a", "b"]), "community", shapely.box([0, 10], 0, [10, 20], 10))
    at = np.array([[5, 5], [10, 5], [15, 5], [25, 5], [20, 10]], float)
    assert units.holding(at).tolist() == [0, 0, 1, -1, 1]
    assert units.holding(np.empty((0, 2))).tolist() == []


def test_every_point_lies_in_its_hexagon_and_every_hexagon_holds_a_point():
    xy = ORIGIN + np.random.default_rng(7).uniform(0, 4000, (2000, 2))
    units, unit = hexes(xy, CHUANHUI, edge_m=250)
    assert shapely.dwithin(units.geometry[unit], shapely.points(xy), 1e-6).all()
    assert (np.bincount(unit, minlength=len(units.ids)) > 0).all()
    assert len(np.unique(units.ids)) == len(units.ids)
    assert shapely.area(units.geometry) == pytest.approx(250**2 * 1.5 * np.sqrt(3))
    assert shapely.area(shapely.union_all(units.geometry)) == pytest.approx(shapely.area(units.geometry).sum())
    assert (units.holding(xy) == unit).mean() > 0.999
    assert not any("--" in name for name in units.ids.tolist())


def test_hexagons_are_flat_topped_and_counted_from_the_south_west():
    units, unit = hexes(np.array([[0, 0], [1, 1], [0, 600], [450, 300]], float), CHUANHUI, edge_m=300)
    assert unit.tolist() == [0, 0, 1, 2]
    assert units.ids.tolist() == ["hex-0-0", "hex-0-1", "hex-1-0"]
    west, south, east, north = units.geometry[0].bounds
    assert (east - west, north - south) == pytest.approx((600, 300 * np.sqrt(3)))


def test_hexagons_refuse_degrees_and_edges_of_no_length():
    with pytest.raises(CrsError):
        hexes(np.zeros((1, 2)), CRS.from_epsg(4326))
    with pytest.raises(QuestionError, match="0 m"):
        hexes(np.zeros((1, 2)), CHUANHUI, edge_m=0)
    units, unit = hexes(np.empty((0, 2)), CHUANHUI)
    assert (len(units.ids), len(unit)) == (0, 0)


# --- the map underneath


def test_the_map_shows_water_green_streets_and_houses():
    extract, network = drawn(
        "W.G.F.B",
        {
            "W": {"natural": "water"},
            "G": {"landuse": "grass"},
            "F": {"natural": "wood"},
            "B": {"building": "industrial"},
        },
        more=[
            ({"waterway": "river"}, LineString([(0, 50), (99, 50)])),
            ({"barrier": "wall"}, LineString([(0, 1), (9, 1)])),
        ],
        streets=[((0, -10), (50, -10.5), (100, -10)), ((100, -10), (100, 50))],
    )
    shown = base_map(extract, network)
    assert [len(each) for each in (shown.water, shown.waterways, shown.green, shown.buildings)] == [1, 1, 2, 1]
    assert list(shown.streets) == ["main", "street", "path"]
    assert [len(each) for each in shown.streets.values()] == [0, 1, 0]
    assert shapely.get_coordinates(shown.streets["street"]) - ORIGIN == pytest.approx(
        np.array([[0, -10], [100, -10], [100, 50]]), abs=1e-3
    )
    assert len(shown.outline) == 0


def test_the_map_ends_a_ring_beyond_the_study_area():
    extract, network = drawn(
        "W",
        {"W": {"natural": "water"}},
        more=[({"natural": "water"}, box(1590, 0, 1700, 10)), ({"natural": "water"}, box(1610, 0, 1700, 10))],
        streets=[((0, 0), (50, 0)), ((3000, 0), (3050, 0))],
    )
    shown = base_map(replace(extract, study_area=in_degrees(box(0, 0, 100, 100))), network)
    assert len(shown.water) == 2
    assert len(shown.streets["street"]) == 1
    assert shapely.area(shown.outline) == pytest.approx([10_000], rel=1e-6)


# --- real cities

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"


def city(path: str) -> tuple[Extract, WalkNetwork]:
    if not (CITIES / path).exists():
        pytest.skip(f"../shared/data/cities/{path} is not on this machine")
    extract = read_extract(CITIES / path)
    return extract, walk_network(extract)


def check_gates(facilities):
    """Every facility has a gate, and every gate is on its facility's boundary."""
    assert np.unique(facilities.gate_facility).tolist() == list(range(len(facilities)))
    near = shapely.dwithin(shapely.points(facilities.gate_xy), facilities.geometry[facilities.gate_facility], 1e-6)
    assert near.all()


@pytest.mark.cities
def test_yizhuang_has_its_parks_schools_and_homes():
    extract, network = city("beijing-yizhuang/yizhuang.osm.pbf")
    parks = layer(extract, [{"leisure": ["park"]}], network.crs)
    assert 96 <= len(parks.ids) <= 100  # of 100 ways three are cut by the edge of the extract, one crosses itself
    found, services_found = public_green(extract, network), services(extract, network)
    assert 90 <= len(found.park) <= 115
    assert len(found.green) >= len(found.park)
    assert {"access=private", "leisure=golf_course"} <= {reason for _, _, reason in found.left_out}
    assert (len(services_found["school"]), len(services_found["kindergarten"])) == (9, 11)
    for facilities in (found.green, found.park, *services_found.values()):
        check_gates(facilities)
    homes = residential_buildings(extract, network.crs)
    assert len(homes.ids) - homes.pieces >= 778
    assert 0 < homes.land_filled < len(layer(extract, tag_table()["residential_land"], network.crs).ids) / 2
    asked = {"min_area_m2": 400, "max_area_m2": 10_000, "standing": found.green}
    parcels = leftover_land(extract, network, **asked)
    assert 0 < len(parcels) < len(leftover_land(extract, network, **asked, cut_larger=True))
    assert shapely.area(base_map(extract, network).green).sum() > found.green.area_m2.sum() / 2


@pytest.mark.cities
def test_las_palmas_has_its_parks_gardens_and_homes():
    extract, network = city("las-palmas/laspalmas.osm.pbf")
    found = public_green(extract, network)
    assert 200 <= len(found.park) <= 283  # before dissolving and leaving out
    assert 2000 <= len(found.green) <= 3600
    assert {"mapped", "path", "boundary"} == set(found.park.gate_origin.tolist())
    assert len(found.left_out) > 100
    check_gates(found.green)
    assert len(services(extract, network)["school"]) <= 163
    homes = residential_buildings(extract, network.crs)
    assert 15_000 <= len(homes.ids) - homes.pieces <= 22_651
    asked = {"min_area_m2": 400, "max_area_m2": 10_000, "standing": found.green}
    parcels = leftover_land(extract, network, **asked)
    assert len(parcels) >= 20
    check_gates(parcels)


@pytest.mark.cities
@pytest.mark.parametrize(
    ("path", "parks"),
    [("porto-alegre/porto-alegre.osm.pbf", 1), ("northern-kentucky/northern-kentucky.osm.pbf", 0)],
)
def test_cities_with_hardly_a_feature_are_read_too(path, parks):
    extract, network = city(path)
    found = public_green(extract, network)
    assert len(found.park) == parks
    assert len(services(extract, network)) == 6
    assert administrative_units(extract, network.crs) is None
    assert len(leftover_land(extract, network, min_area_m2=400, max_area_m2=10_000, standing=found.green)) == 0
    assert len(base_map(extract, network).streets["main"]) > 100
