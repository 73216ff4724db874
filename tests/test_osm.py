"""Extracts as they come: clipped, unsorted, truncated, empty."""

import bz2
from pathlib import Path

import osmium
import pytest
import shapely

from planner.errors import ExtractError
from planner.sources.osm import MADE_UP, is_surface, read_extract

CITIES = Path(__file__).parent.parent / ".." / "shared" / "data" / "cities"


def element(kind, number, inner="", stamp="", **tags):
    inner += "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())
    return f'<{kind} id="{number}" {stamp}>{inner}</{kind}>'


def node(number, x, y, **tags):
    return element("node", number, "", f'lat="{33.6 + y / 1000}" lon="{114.6 + x / 1000}"', **tags)


def way(number, *nodes, **tags):
    return element("way", number, "".join(f'<nd ref="{ref}"/>' for ref in nodes), **tags)


def relation(number, *members, **tags):
    members = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
    return element("relation", number, members, **tags)


def write(path, *elements, generator="a pencil"):
    path.write_text(f'<osm version="0.6" generator="{generator}">{"".join(elements)}</osm>', encoding="utf-8")
    return path


#   7 ─────── 6       way 10: a park 5-6-7-8 with a pond 11-12-13 in it (relation 30 says so)
#   │  pond   │       way 20: a street 1-2-3-4, and from 4 on to 99, which the extract lacks
#   8 ─────── 5       node 9: a clinic
#   1 ── 2 ── 3 ── 4 ── (99)
TOWN = (
    *(node(i + 1, i, 0) for i in range(4)),
    *(node(number, x, y) for number, x, y in [(5, 2, 1), (6, 2, 3), (7, 0, 3), (8, 0, 1)]),
    node(9, 5, 5, amenity="clinic"),
    node(10, 5, 6, highway="crossing"),
    *(node(number, x, y) for number, x, y in [(11, 0.5, 1.5), (12, 1.5, 1.5), (13, 1, 2.5)]),
    way(20, 1, 2, 3, 4, 99, highway="residential"),
    way(21, 5, 6, 7, 8, 5),
    way(22, 11, 12, 13, 11, natural="water"),
    way(23, 1, 8, waterway="river"),
    relation(30, (21, "outer"), (22, "inner"), type="multipolygon", leisure="park", name="Riverside"),
)


@pytest.fixture
def town(tmp_path):
    return read_extract(write(tmp_path / "town.osm", *TOWN))


def kinds(extract):
    return dict(zip(extract.features.osm_id, extract.features.geom_type, strict=True))


def test_points_lines_and_surfaces_are_read_each_once_by_type_and_id(town):
    assert list(kinds(town).items()) == [
        ("node/9", "Point"),
        ("way/22", "Polygon"),
        ("way/23", "LineString"),
        ("relation/30", "Polygon"),
    ]
    assert town.features.crs.to_epsg() == 4326
    assert town.features.tags.iloc[3] == {"leisure": "park", "name": "Riverside"}


def test_a_park_with_a_pond_cut_out_has_the_area_of_the_land_only(town):
    park = town.features.geometry.iloc[3]
    assert len(park.interiors) == 1
    assert park.area == pytest.approx((2 * 2 - 0.5) / 1000**2)


def test_a_way_keeps_the_nodes_that_the_extract_holds_and_the_loss_is_counted(town):
    (street,) = town.ways
    assert street.nodes == (1, 2, 3, 4)
    assert town.node_ids.tolist() == [1, 2, 3, 4]
    assert town.node_lonlat[1] == pytest.approx([114.601, 33.6])
    assert town.counts["ways"] == 1
    assert town.counts["ways_clipped"] == 1
    assert town.counts["nodes_missing"] == 1


def test_a_way_is_cut_in_two_where_a_node_in_its_middle_is_missing(tmp_path):
    nodes = [node(i, i, 0) for i in (1, 2, 4, 5)]
    extract = read_extract(write(tmp_path / "cut.osm", *nodes, way(7, 1, 2, 3, 4, 5, highway="path", barrier="wall")))
    assert [(piece.id, piece.nodes) for piece in extract.ways] == [(7, (1, 2)), (7, (4, 5))]
    assert kinds(extract) == {"way/7": "MultiLineString"}


def test_a_way_of_a_single_node_is_counted_as_clipped_and_not_kept(tmp_path):
    lone, street = way(7, 1, highway="path"), way(8, 1, 2, highway="path")
    extract = read_extract(write(tmp_path / "lone.osm", node(1, 0, 0), node(2, 1, 0), lone, street))
    assert [way.id for way in extract.ways] == [8]
    assert extract.counts["ways_clipped"] == 1


def test_the_order_of_the_file_does_not_matter(tmp_path, town):
    backwards = read_extract(write(tmp_path / "backwards.osm", *reversed(TOWN)))
    assert backwards.ways == town.ways
    assert backwards.node_lonlat.tolist() == town.node_lonlat.tolist()
    assert backwards.features.osm_id.tolist() == town.features.osm_id.tolist()
    assert shapely.equals(backwards.features.geometry.values, town.features.geometry.values).all()
    assert backwards.counts == town.counts


def test_a_surface_that_the_edge_cuts_is_left_out_and_counted(tmp_path):
    park = way(7, 1, 2, 3, 99, 1, leisure="park")
    square = relation(8, (55, "outer"), type="multipolygon", natural="water")
    nodes = [node(1, 0, 0), node(2, 1, 0), node(3, 1, 1, amenity="clinic")]
    torn = way(9, 1, 2, 3, landuse="grass")
    border = way(10, 1, 2, 3, boundary="administrative")
    extract = read_extract(write(tmp_path / "edge.osm", *nodes, park, torn, border, square))
    assert kinds(extract) == {"node/3": "Point"}
    assert extract.counts["surfaces_broken"] == 2
    assert extract.counts["relations_incomplete"] == 1


def test_a_square_is_a_highway_with_a_surface_and_a_roundabout_is_not(tmp_path):
    nodes = [node(1, 0, 0), node(2, 1, 0), node(3, 1, 1)]
    square = way(7, 1, 2, 3, 1, highway="pedestrian", area="yes")
    roundabout = way(8, 1, 2, 3, 1, highway="residential", junction="roundabout")
    extract = read_extract(write(tmp_path / "square.osm", *nodes, square, roundabout))
    assert [(square.osm_id, set(square.rings[0])) for square in extract.squares] == [("way/7", {1, 2, 3})]
    assert [way.id for way in extract.ways] == [7, 8]


@pytest.mark.parametrize(
    ("tags", "surface"),
    [
        ({"leisure": "park"}, True),
        ({"leisure": "park", "barrier": "fence"}, True),
        ({"barrier": "wall"}, False),
        ({"barrier": "wall", "area": "yes"}, True),
        ({"natural": "water"}, True),
        ({"natural": "coastline"}, False),
        ({"natural": "coastline", "place": "island"}, False),
        ({"natural": "tree_row"}, False),
        ({"waterway": "river"}, False),
        ({"waterway": "riverbank"}, True),
        ({"highway": "pedestrian"}, False),
        ({"highway": "pedestrian", "area": "yes"}, True),
        ({"building": "yes", "area": "no"}, False),
    ],
)
def test_closed_ways_are_surfaces_or_lines_by_their_tags(tags, surface):
    assert is_surface(tags) is surface


def test_the_date_is_the_headers_else_the_newest_objects_else_unknown(tmp_path, town):
    assert town.data_date == ""
    stamped = element("node", 1, '<tag k="shop" v="yes"/>', 'lat="1" lon="1" timestamp="2020-05-06T07:08:09Z"')
    assert read_extract(write(tmp_path / "stamped.osm", stamped)).data_date == "2020-05-06"
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2021-12-27T00:59:46Z")
    with osmium.SimpleWriter(str(tmp_path / "dated.osm.pbf"), header=header) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(1, 1), tags={"shop": "yes"}))
    assert read_extract(tmp_path / "dated.osm.pbf").data_date == "2021-12-27"


def test_a_made_up_city_says_so(tmp_path, town):
    assert not town.synthetic
    assert read_extract(write(tmp_path / "made_up.osm", *TOWN, generator=MADE_UP)).synthetic


def test_the_same_town_reads_the_same_from_xml_bzip2_and_pbf(tmp_path, town):
    xml = write(tmp_path / "town.osm", *TOWN)
    packed = tmp_path / "town.osm.bz2"
    packed.write_bytes(bz2.compress(xml.read_bytes()))
    pbf = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(str(pbf)) as writer:
        osmium.apply(str(xml), writer)
    for other in map(read_extract, (packed, pbf)):
        assert other.ways == town.ways
        assert other.features.drop(columns="geometry").equals(town.features.drop(columns="geometry"))
        assert other.digest != town.digest


def test_a_missing_file_is_an_extract_error_that_names_it(tmp_path):
    with pytest.raises(ExtractError, match=r"nowhere\.osm\.pbf: there is no such file\. Check the path"):
        read_extract(tmp_path / "nowhere.osm.pbf")


def test_a_truncated_pbf_is_refused_with_its_size(tmp_path, town):
    whole = tmp_path / "whole.osm.pbf"
    with osmium.SimpleWriter(str(whole)) as writer:
        osmium.apply(str(write(tmp_path / "town.osm", *TOWN)), writer)
    half = tmp_path / "half.osm.pbf"
    half.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(ExtractError, match=rf"half\.osm\.pbf: {half.stat().st_size} bytes, is truncated .* Download"):
        read_extract(half)


def test_a_truncated_xml_is_refused(tmp_path, town):
    half = tmp_path / "half.osm"
    half.write_bytes((tmp_path / "town.osm").read_bytes()[:600])
    with pytest.raises(ExtractError, match="Download the extract again"):
        read_extract(half)


@pytest.mark.parametrize("name", ["letter.txt", "letter.osm", "letter.osm.pbf"])
def test_a_file_of_something_else_is_refused(tmp_path, name):
    (tmp_path / name).write_text("Dear Sir or Madam, " * 20)
    with pytest.raises(ExtractError, match=rf"{name}: 380 bytes, cannot be read as an OpenStreetMap file"):
        read_extract(tmp_path / name)


@pytest.mark.parametrize("elements", [(), (node(1, 0, 0),), (node(1, 0, 0), way(2, 1, 9, highway="path"))])
def test_an_empty_extract_is_refused(tmp_path, elements):
    with pytest.raises(ExtractError, match=r"empty\.osm: the extract is empty, 0 highways and 0 features"):
        read_extract(write(tmp_path / "empty.osm", *elements))


@pytest.mark.cities
@pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities of ../shared/data are not here")
@pytest.mark.parametrize(
    ("city", "date", "parks", "clipped"),
    [
        ("beijing-yizhuang/yizhuang", "2021-12-27", 96, 29),  # of 100; four reach beyond the edge
        ("northern-kentucky/northern-kentucky", "", 0, 0),
        ("porto-alegre/porto-alegre", "2020-08-12", 1, 0),
    ],
)
def test_real_extracts_are_read_with_their_parks(city, date, parks, clipped):
    extract = read_extract(CITIES / f"{city}.osm.pbf")
    assert extract.data_date == date
    assert sum(tags.get("leisure") == "park" for tags in extract.features.tags) == parks
    assert extract.counts["ways_clipped"] == clipped
    assert not extract.features.osm_id.duplicated().any()
