"""The made-up city is the same everywhere, hangs together, and leaves something to plan.

Its streets are straight lines of a plan; what meets a street leaves a stop on it:

    north  +---------+---------+        the cut at u ends on the streets south and north,
           |         |         |        and both of them know it
           |   west  |  east   |
           |         |         |
    south  +---------o---------+
                     u
"""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import shapely
from numpy.random import PCG64
from pyproj import Transformer

from planner.errors import OutputError
from planner.sources.made_up import write_city
from planner.sources.made_up.borders import Outlines
from planner.sources.made_up.canvas import Dice, Rect, stations
from planner.sources.made_up.names import Names
from planner.sources.made_up.plan import BANKS, MAIN, SIDE, Cell, bend, cells
from planner.sources.made_up.streets import Block, Street, divide
from planner.sources.osm import read_extract
from planner.sources.walkable import walk_network

LEFTOVER = {"grass", "brownfield", "greenfield", "vacant"}
WRITE = "import sys, pathlib; from planner.sources.made_up import write_city; write_city(pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def written_twice(tmp_path_factory):
    """This process and another write the city; sets and dicts are hashed differently in them."""
    folder = tmp_path_factory.mktemp("city")
    there, here = folder / "there.osm.pbf", folder / "here.osm.pbf"
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    other = subprocess.Popen([sys.executable, "-c", WRITE, str(there)], env={**os.environ, "PYTHONHASHSEED": seed})
    assert write_city(here) == here
    assert other.wait() == 0
    return here, there


@pytest.fixture(scope="module")
def city(written_twice):
    return read_extract(written_twice[0])


@pytest.fixture(scope="module")
def shapes(city):
    """Tags and geometry in metres, side by side."""
    to_metres = Transformer.from_crs("EPSG:4326", city.crs, always_xy=True).transform
    metres = shapely.transform(np.asarray(city.features.geometry), to_metres, interleaved=False)
    return np.asarray(city.features["tags"], object), metres


def where(shapes, holds):
    tags, geometry = shapes
    return geometry[np.array([bool(holds(each)) for each in tags])]


def level(shapes, admin_level):
    return where(shapes, lambda tags: tags.get("admin_level") == admin_level)


def buildings(shapes):
    return where(shapes, lambda tags: "building" in tags)


def parks(shapes):
    return where(shapes, lambda tags: tags.get("leisure") in {"park", "garden"})


def water(shapes):
    return where(shapes, lambda tags: tags.get("natural") == "water")


def parcels(shapes):
    return where(shapes, lambda tags: tags.get("landuse") in LEFTOVER)


def common_m2(some, others):
    """How much ground of some is also ground of others."""
    pairs = shapely.STRtree(others).query(some, predicate="intersects")
    return shapely.area(shapely.intersection(some[pairs[0]], others[pairs[1]]))


def test_the_city_has_the_same_bytes_in_every_process(written_twice):
    first, second = (path.read_bytes() for path in written_twice)
    assert first == second


def test_the_extract_says_that_it_is_made_up_and_when_it_was_drawn(city, shapes):
    assert city.synthetic
    assert city.data_date == "2022-05-01"
    [district] = [tags for tags in shapes[0] if tags.get("admin_level") == "6"]
    assert "虚构" in district["name"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OutputError, match="Check that the folder exists"):
        write_city(tmp_path / "nowhere" / "city.osm.pbf")


def test_nothing_in_the_extract_is_broken(city):
    assert city.counts["ways_clipped"] == city.counts["nodes_missing"] == city.counts["surfaces_broken"] == 0
    assert city.counts["relations_incomplete"] == 0
    assert shapely.is_valid(np.asarray(city.features.geometry)).all()


def test_the_city_is_about_as_large_as_it_should_be(shapes):
    tags, _ = shapes
    homes = [each for each in tags if each.get("building") in {"house", "apartments"}]
    assert 13_000 <= len(homes) <= 15_000
    assert len(buildings(shapes)) <= 17_000
    assert (len(level(shapes, "6")), len(level(shapes, "8"))) == (1, 12)
    assert 140 <= len(level(shapes, "10")) <= 160


def test_services_are_as_many_as_planned(shapes):
    tags, _ = shapes
    amenity = Counter(each.get("amenity") for each in tags)
    assert (amenity["school"], amenity["kindergarten"]) == (30, 35)
    assert (amenity["social_facility"], amenity["townhall"]) == (18, 12)
    assert 220 <= sum(each.get("shop") in {"convenience", "supermarket"} for each in tags) <= 280
    assert all(each.get("name") for each in tags if "amenity" in each or "shop" in each)


def test_some_leftover_parcels_are_too_small_and_some_too_large_for_a_pocket_park(shapes):
    area_m2 = shapely.area(parcels(shapes))
    assert (area_m2 < 400).sum() >= 50
    assert (area_m2 > 10_000).sum() >= 20
    assert 900 <= ((area_m2 >= 400) & (area_m2 <= 10_000)).sum() <= 1_300


def test_some_parks_are_large_and_some_are_not_open_to_everybody(shapes):
    tags, _ = shapes
    large = shapely.area(parks(shapes)) >= 50_000
    assert 3 <= large.sum() <= 8
    assert sum(each.get("leisure") == "garden" and each.get("access") == "private" for each in tags) == 1
    assert sum(each.get("leisure") == "park" and each.get("fee") == "yes" for each in tags) == 1
    assert sum(each.get("place") == "square" for each in tags) == 1


def test_every_community_lies_in_exactly_one_subdistrict(shapes):
    subdistricts = level(shapes, "8")
    middles = shapely.point_on_surface(level(shapes, "10"))
    inside = shapely.STRtree(subdistricts).query(middles, predicate="within")[0]
    assert np.array_equal(np.sort(inside), np.arange(len(middles)))


@pytest.mark.parametrize("admin_level", ["8", "10"])
def test_the_parts_of_the_district_add_up_to_it(shapes, admin_level):
    [district] = level(shapes, "6")
    parts = level(shapes, admin_level)
    assert shapely.area(parts).sum() == pytest.approx(district.area, rel=1e-9)
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(parts), district)) < 1


def test_people_live_in_every_community(shapes):
    homes = where(shapes, lambda tags: tags.get("building") in {"house", "apartments"})
    housed = shapely.STRtree(shapely.centroid(homes)).query(level(shapes, "10"), predicate="contains")[0]
    assert len(np.unique(housed)) == len(level(shapes, "10"))


def test_one_can_walk_from_everywhere_to_everywhere(city):
    network = walk_network(city)
    assert network.component_m[0] >= 0.98 * network.component_m.sum()


def test_streets_cross_the_rivers_only_on_bridges(city, shapes):
    bridges = [way for way in city.ways if way.tags.get("bridge") == "yes"]
    assert 4 <= len(bridges) <= 7
    place = dict(zip(city.node_ids.tolist(), city.node_lonlat, strict=True))
    to_metres = Transformer.from_crs("EPSG:4326", city.crs, always_xy=True).transform
    others = [
        shapely.LineString(np.column_stack(to_metres(*np.array([place[node] for node in way.nodes]).T)))
        for way in city.ways
        if "bridge" not in way.tags
    ]
    assert not len(shapely.STRtree(others).query(water(shapes), predicate="intersects")[0])


@pytest.mark.parametrize("ground", [parks, water])
def test_nothing_is_built_in_parks_or_water(shapes, ground):
    assert common_m2(buildings(shapes), ground(shapes)).sum() == 0


def test_leftover_parcels_are_free_of_buildings_parks_water_and_each_other(shapes):
    left = parcels(shapes)
    for taken in (buildings(shapes), parks(shapes), water(shapes)):
        assert common_m2(left, taken).sum() == 0
    assert common_m2(left, left).sum() == pytest.approx(shapely.area(left).sum(), rel=1e-9)


def test_a_compound_is_entered_only_through_its_gates(city, shapes):
    walls = where(shapes, lambda tags: tags.get("barrier") == "wall")
    gates = where(shapes, lambda tags: tags.get("barrier") == "gate")
    place = dict(zip(city.node_ids.tolist(), city.node_lonlat, strict=True))
    to_metres = Transformer.from_crs("EPSG:4326", city.crs, always_xy=True).transform
    steps = np.array([[place[a], place[b]] for way in city.ways for a, b in pairwise(way.nodes)])
    paths = shapely.linestrings(np.stack(to_metres(steps[..., 0], steps[..., 1]), axis=-1))
    path, wall = shapely.STRtree(walls).query(paths, predicate="intersects")
    through = shapely.intersection(paths[path], walls[wall])
    assert len(walls) > 300
    assert len(through) > len(walls)
    assert shapely.distance(through, shapely.union_all(gates)).max() < 0.01


def test_all_rows_of_the_plan_are_as_long_as_it_has_columns():
    for bank in BANKS:
        for drawing in (bank.land, bank.subdistricts):
            assert len(drawing.split()) == len(bank.rows) - 1 == len(bank.row_classes) - 1
            assert {len(row) for row in drawing.split()} == {len(bank.columns) - 1} == {len(bank.column_classes) - 1}


def test_bridges_join_streets_of_both_banks():
    south, north_west, north_east = (set(bank.columns) for bank in (BANKS[2], BANKS[0], BANKS[1]))
    assert set(MAIN.bridges) <= south & (north_west | north_east)
    assert set(SIDE.bridges) <= set(BANKS[0].rows) & set(BANKS[1].rows)


def test_no_street_of_the_plan_runs_in_the_river():
    for river in (MAIN, SIDE):
        along = np.linspace(max(river.low, 70), river.high, 400)
        assert max(abs(river.bank(t, side)) for t in along for side in (-1, 1)) < river.to_street_m - 20


def test_bending_neither_folds_nor_squeezes_the_plan():
    for cell in cells():
        u, v = cell.rect.middle
        (x, y), (ex, ey), (nx, ny) = bend(u, v), bend(u + 1, v), bend(u, v + 1)
        assert 0.7 < (ex - x) * (ny - y) - (ey - y) * (nx - x) < 1.45


def test_a_street_remembers_what_meets_it():
    sides = {side: Street(axis, at, 0, 100, {"highway": "residential"}) for side, axis, at in SQUARE}
    block = Block(Cell(0, "S", "a", Rect(0, 0, 100, 60), Rect(0, 0, 100, 60)), Rect(0, 0, 100, 60), sides)
    streets = []
    west, east = divide(block, (60, 60), ("residential",), Dice(1), streets)
    [cut] = streets
    assert west.rect.east == east.rect.west == cut.at
    assert sides["south"].stops == sides["north"].stops == {cut.at}
    assert not sides["west"].stops


SQUARE = (("south", "u", 0.0), ("north", "u", 60.0), ("west", "v", 0.0), ("east", "v", 100.0))


def test_a_line_has_nodes_at_its_ends_and_stops_and_often_enough_to_bend():
    assert stations(0, 100, [20], step_m=50) == [0, 20, 60, 100]


def test_neighbours_share_every_corner_of_their_border():
    # +---+---+
    # | a | b |   the corner between b and c lies on a's side
    # |   +---+
    # |   | c |
    # +---+---+
    a, b, c = Rect(0, 0, 10, 20), Rect(10, 10, 20, 20), Rect(10, 0, 20, 10)
    outlines = Outlines([a, b, c])
    assert (10, 10) in outlines.around([a])
    assert (10, 10) not in outlines.around([a, b, c])
    assert shapely.Polygon(outlines.around([a, b, c])).area == 400


def test_parts_that_do_not_touch_have_no_outline():
    a, b = Rect(0, 0, 10, 10), Rect(30, 0, 40, 10)
    with pytest.raises(AssertionError, match="hang together"):
        Outlines([a, b]).around([a, b])


def test_dice_fall_as_the_raw_stream_says():
    assert Dice(411602).between(0, 1) == (int(PCG64([411602]).random_raw()) >> 11) / 2**53


def test_no_name_is_given_twice():
    names = Names()
    given = [names.new("community")["name"] for _ in range(400)]
    assert len(set(given)) == 400
