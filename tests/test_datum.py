"""Layers that web maps displaced: found out by the streets, refused with the offset, converted once declared."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Transformer

from planner.errors import CrsError
from planner.network import WalkNetwork
from planner.sources import datum, green, osm, places, tables, walkable
from planner.sources.coordinates import INTO
from tests.towns import CHUANHUI

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"
YIZHUANG = CITIES / "beijing-yizhuang" / "yizhuang.osm.pbf"
HERE = np.array([560_000.0, 3_720_000.0])
BEIJING, BEIJING_M = CRS.from_epsg(4548), np.array([457_000.0, 4_403_000.0])
real = pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data")


@pytest.fixture(scope="module")
def town():
    """Twenty streets each way, 60 to 140 m apart, and in each of 361 blocks a house of 20 m in the middle."""
    rng = np.random.default_rng(7)
    x, y = (np.concatenate([[0], rng.uniform(60, 140, 19).cumsum()]) for _ in range(2))
    xy = HERE + np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    node = np.arange(400).reshape(20, 20)
    east, north = (np.stack([a.ravel(), b.ravel()], 1) for a, b in ((node[:, :-1], node[:, 1:]), (node[:-1], node[1:])))
    middle = HERE + np.stack(np.meshgrid((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2), axis=-1).reshape(-1, 2)
    houses = shapely.box(*(middle - 10).T, *(middle + 10).T)
    return WalkNetwork.from_segments(xy, np.concatenate([east, north]), crs=CHUANHUI), houses


def displaced(shapes, crs, name):
    """Shapes in metres, as if the map they were taken from were of the datum."""
    there, back = Transformer.from_crs(crs, 4326, always_xy=True), Transformer.from_crs(4326, crs, always_xy=True)
    degrees = shapely.transform(shapes, lambda xy: INTO[name](np.column_stack(there.transform(*xy.T))))
    return shapely.transform(degrees, lambda xy: np.column_stack(back.transform(*xy.T)))


@pytest.mark.parametrize(("name", "offset_m"), [("gcj02", 532), ("bd09", 1200)])
def test_displaced_houses_are_refused_with_the_measured_offset(town, name, offset_m):
    network, houses = town
    moved = displaced(houses, CHUANHUI, name)
    found = datum.fit(moved, network)
    assert found.datum == name
    assert np.hypot(*found.offset_m[name]) == pytest.approx(offset_m, abs=1)
    assert found.converted[name] == 0  # no house stands on a street
    with pytest.raises(CrsError, match=rf"the layer lies [\d,]+ m .*Declare `datum: {name}`"):
        datum.check(moved, network, "houses.shp")


def test_houses_where_they_stand_are_not_accused_nor_are_their_doors_or_the_crossings(town):
    network, houses = town
    for true in (houses, shapely.centroid(houses), shapely.points(network.xy)):
        assert datum.fit(true, network).datum == ""
        datum.check(true, network, "houses.shp")


def test_addresses_on_the_streets_are_recognised_too(town):
    network, _ = town
    moved = displaced(shapely.points(network.xy), CHUANHUI, "gcj02")
    assert datum.fit(moved, network).datum == "gcj02"


def test_a_layer_declared_displaced_that_is_not_is_found_out(town):
    network, houses = town
    there, back = (Transformer.from_crs(a, b, always_xy=True) for a, b in ((CHUANHUI, 4326), (4326, CHUANHUI)))
    from_gcj02 = datum.unshifted(shapely.transform(houses, there.transform, interleaved=False), "gcj02")
    wronged = shapely.transform(from_gcj02, back.transform, interleaved=False)
    assert datum.fit(wronged, network, declared="gcj02").datum == "wgs84"


def test_a_layer_declared_in_another_datum_than_the_streets_show_is_refused_with_the_offset(town):
    network, houses = town
    moved = displaced(houses, CHUANHUI, "gcj02")
    with pytest.raises(CrsError, match=r"it is declared as wgs84, but the layer lies 532 m .*`datum_reason: …`"):
        datum.check(moved, network, "houses.shp", declared="wgs84")
    there, back = (Transformer.from_crs(a, b, always_xy=True) for a, b in ((CHUANHUI, 4326), (4326, CHUANHUI)))
    from_gcj02 = datum.unshifted(shapely.transform(houses, there.transform, interleaved=False), "gcj02")
    wronged = shapely.transform(from_gcj02, back.transform, interleaved=False)
    with pytest.raises(CrsError, match=r"declared as gcj02, but .*Declare `datum: wgs84`; or, .* `datum: gcj02` and"):
        datum.check(wronged, network, "houses.shp", declared="gcj02")
    datum.check(houses, network, "houses.shp", declared="cgcs2000")


@pytest.mark.parametrize(("count", "judged"), [(3, False), (9, False), (300, True)])
def test_a_few_places_are_not_judged_and_say_so(town, count, judged):
    network, houses = town
    fit = datum.fit(houses[:count], network)
    assert (fit.near, fit.datum, fit.judged) == (count, "", judged)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_handful_of_places_is_never_accused(town, count):
    network, houses = town
    datum.check(displaced(houses[:count], CHUANHUI, "gcj02"), network, "few.shp")


def test_outside_china_nothing_is_looked_at():
    assert datum.in_china(CHUANHUI)
    assert not datum.in_china(CRS.from_epsg(32722))


def test_a_declared_table_is_converted_and_an_undeclared_one_refused(tmp_path, town):
    _, houses = town
    there = Transformer.from_crs(CHUANHUI, 4326, always_xy=True)
    true = shapely.get_coordinates(shapely.centroid(houses))
    lon, lat = INTO["bd09"](np.column_stack(there.transform(*true.T))).T
    path = tmp_path / "poi.csv"
    pd.DataFrame({"lng": lon, "lat": lat, "people": 1}).to_csv(path, index=False)
    with pytest.raises(CrsError, match="Declare `datum: gcj02`"):
        tables.residents(path, people="people", crs_to=CHUANHUI, base="any")
    found = tables.residents(path, people="people", crs_to=CHUANHUI, base="any", datum="bd09")
    assert np.hypot(*(found.xy - true).T).max() < 0.001


def test_a_layer_in_metres_made_from_displaced_degrees_is_converted_back(tmp_path, town):
    _, houses = town
    path = tmp_path / "houses.gpkg"
    moved = displaced(houses, CHUANHUI, "gcj02")
    gpd.GeoDataFrame({"people": np.ones(len(houses))}, geometry=moved, crs=CHUANHUI).to_file(path)
    found = tables.residents(path, people="people", crs_to=CHUANHUI, base="any", datum="gcj02")
    assert shapely.hausdorff_distance(found.geometry, houses).max() < 0.001


@pytest.fixture(scope="module")
def yizhuang():
    extract = osm.read_extract(YIZHUANG)
    network = walkable.walk_network(extract)
    return network, layers_of(extract, network)


def layers_of(extract, network):
    """Layers of an extract by name: polygons and points."""
    homes = places.residential_buildings(extract, network.crs)
    standing = {**places.services(extract, network), "green": green.public_green(extract, network).green}
    found = {service: each.geometry for service, each in standing.items() if len(each)}
    return {"homes": homes.geometry, "home points": shapely.points(homes.xy), **found}


@real
@pytest.mark.cities
@pytest.mark.parametrize("name", ["gcj02", "bd09"])
@pytest.mark.parametrize("layer", ["homes", "home points", "green", "school"])
def test_layers_of_yizhuang_are_recognised_when_displaced(yizhuang, layer, name):
    network, layers = yizhuang
    moved = displaced(layers[layer], network.crs, name)
    with pytest.raises(CrsError, match=rf"Declare `datum: {name}`"):
        datum.check(moved, network, layer)


@real
@pytest.mark.cities
def test_no_layer_of_yizhuang_is_accused(yizhuang):
    network, layers = yizhuang
    for name, shapes in layers.items():
        assert datum.fit(shapes, network).datum == "", name


@real
@pytest.mark.cities
@pytest.mark.parametrize(
    "city", ["las-palmas/laspalmas", "porto-alegre/porto-alegre", "northern-kentucky/northern-kentucky"]
)
def test_no_layer_of_a_city_moved_to_beijing_is_accused(city):
    extract = osm.read_extract(CITIES / f"{city}.osm.pbf")
    network = walkable.walk_network(extract)
    layers = layers_of(extract, network)
    blocks = CITIES / "northern-kentucky" / "blocks.shp"
    if "kentucky" in city:
        layers["blocks"] = np.asarray(gpd.read_file(blocks).to_crs(network.crs).geometry.to_numpy(), object)
    by_m = BEIJING_M - np.median(network.xy, axis=0)
    moved = WalkNetwork.from_segments(network.xy + by_m, network.ends, crs=BEIJING)
    for name, shapes in layers.items():
        assert datum.fit(shapely.transform(shapes, lambda xy: xy + by_m), moved).datum == "", name
