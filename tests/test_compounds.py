"""Which residential areas are walled, which gates they have, and what a scenario makes of it."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.errors import DataError, ScenarioError
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.compounds import GivenGates, compounds_of, given_gates, mapped_compounds, with_gates
from tests.drawn import ORIGIN, drawn, in_degrees
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET
from tests.towns import CHUANHUI

# Ten metres a letter. A street below all; a lane leads from it into B.
#
#   AAAA.BBBB.CCCC.DDDD   y = 20 to 60
#   AAAA.BBBB.CCCC.DDDD
#   AAAA.BBBB.CCCC.DDDD
#   AAAA.BBBB.CCCC.DDDD
#   ...................
#   ===================   y = 0
PICTURE = "AAAA.BBBB.CCCC.DDDD\n" * 4 + "...................\n" * 2
LAND = {"landuse": "residential"}
STREETS = [[(0, 0), (70, 0), (190, 0)], [(70, 0), (70, 40)]]


def town(*more, a=LAND, b=LAND, c=LAND, d=LAND):
    return drawn(PICTURE, {"A": a, "B": b, "C": c, "D": d}, streets=STREETS, more=more)


def gates_of(compounds):
    """{compound: [((x, y), origin), …]} in whole metres from the south-west corner."""
    at = (compounds.gate_xy - ORIGIN).round().astype(int).tolist()
    found = {}
    for c, xy, origin in zip(compounds.gate_compound, at, compounds.gate_origin.tolist(), strict=True):
        found.setdefault(compounds.ids[c], []).append((tuple(xy), origin))
    return found


def test_an_unfenced_area_is_no_compound_and_tags_walls_or_a_gate_make_one():
    fence = ({"barrier": "fence"}, shapely.LineString([(101, 20), (101, 60), (140, 60)]))
    gate = ({"barrier": "gate"}, shapely.Point(150, 30))
    walled = mapped_compounds(*town(fence, gate, b={**LAND, "barrier": "wall"}))
    known = dict(zip(walled.ids.tolist(), walled.known_by.tolist(), strict=True))
    assert known == {"way/2": "tags", "way/3": "walls", "way/4": "gate"}
    everything = mapped_compounds(*town(), all_land=True)
    assert everything.known_by.tolist() == ["assumed"] * 4


def test_each_gate_says_where_it_comes_from():
    extract, network = town(({"barrier": "lift_gate"}, shapely.Point(130, 24)))
    compounds = with_gates(mapped_compounds(extract, network, all_land=True), extract, network)
    gates = gates_of(compounds)
    assert [gates[way][0][1] for way in ("way/1", "way/4")] == ["assumed", "assumed"]
    assert gates["way/2"] == [((70, 20), "path")]
    assert gates["way/3"] == [((130, 20), "mapped")]


def test_a_gate_that_nobody_may_pass_is_none_and_one_of_residents_is_one():
    shut = ({"barrier": "gate", "access": "no"}, shapely.Point(130, 20))
    own = ({"barrier": "gate", "access": "private"}, shapely.Point(160, 20))
    free = ({"barrier": "gate", "foot": "yes"}, shapely.Point(60, 60))
    extract, network = town(shut, own, free)
    compounds = with_gates(mapped_compounds(extract, network, all_land=True), extract, network)
    assert [origin for _, origin in gates_of(compounds)["way/3"]] == ["assumed"]
    assert gates_of(compounds)["way/4"] == [((160, 20), "mapped")]
    assert compounds.gate_xy[compounds.gate_public].tolist() == [pytest.approx(np.add(ORIGIN, [60, 60]), abs=0.01)]


def test_gates_of_a_layer_are_all_the_gates_of_their_compounds():
    extract, network = town(({"barrier": "gate"}, shapely.Point(60, 60)))
    compounds = mapped_compounds(extract, network, all_land=True)
    given = GivenGates(np.add(ORIGIN, [[90.0, 40.0]]), np.array([1]), np.array([True]), np.empty(0, np.str_))
    gated = with_gates(compounds, extract, network, given)
    assert gates_of(gated)["way/2"] == [((90, 40), "given")]  # neither the mapped gate nor the lane
    assert gates_of(gated)["way/1"][0][1] == "assumed"


def layer(folder, name, shapes, **columns):
    path = folder / name
    gpd.GeoDataFrame(columns, geometry=[in_degrees(shape) for shape in shapes], crs=4326).to_file(path)
    return path


@pytest.fixture
def walls(tmp_path):
    grounds = [shapely.box(0, 20, 40, 60), shapely.box(50, 20, 90, 60)]
    return layer(tmp_path, "walls.geojson", grounds, id=["west", "east"])


def test_a_layer_of_gates_names_its_compounds_or_takes_the_nearest(tmp_path, walls):
    _, network = town()
    compounds = compounds_of(walls, network, id="id")
    points = [shapely.Point(1, 15), shapely.Point(88, 64)]
    near = given_gates(layer(tmp_path, "gates.geojson", points, compound=["east", "west"]), compounds)
    assert (compounds.ids[near.compound].tolist(), near.public.tolist()) == (["west", "east"], [False, False])
    named = given_gates(
        layer(tmp_path, "open.geojson", points, of=["west", "east"], open=["yes", "no"]),
        compounds,
        compound="of",
        public="open",
    )
    assert (compounds.ids[named.compound].tolist(), named.public.tolist()) == (["west", "east"], [True, False])
    assert (named.xy - ORIGIN).round().tolist() == [[1, 20], [88, 60]]


def test_gates_that_lie_elsewhere_or_of_unknown_compounds_are_refused(tmp_path, walls):
    _, network = town()
    compounds = compounds_of(walls, network, id="id")
    far = layer(tmp_path, "far.geojson", [shapely.Point(900, 900), shapely.Point(0, 20), shapely.Point(990, 900)])
    with pytest.raises(
        DataError, match=r"far.geojson: 2 of 3 gates are more than 50 m .* row 1, 3; furthest 1,2\d\d m"
    ):
        given_gates(far, compounds)
    odd = layer(tmp_path, "odd.geojson", [shapely.Point(0, 20)], of=["nowhere"])
    with pytest.raises(
        DataError, match=r"1 of 1 gates name a compound that is none .first: nowhere; there are first: w"
    ):
        given_gates(odd, compounds, compound="of")


def test_walls_that_overlap_are_refused_and_broken_ones_are_repaired(tmp_path):
    _, network = town()
    both = layer(tmp_path, "both.geojson", [shapely.box(0, 20, 40, 60), shapely.box(30, 20, 90, 60)])
    with pytest.raises(DataError, match=r"1 pairs of compounds overlap \(first: 1 and 2\)"):
        compounds_of(both, network)
    bow = shapely.Polygon([(0, 20), (40, 60), (40, 20), (0, 60)])
    assert len(compounds_of(layer(tmp_path, "bow.geojson", [bow]), network)) == 1


# --------------------------------------------------------------------------------------------- scenarios

WALL = shapely.box(114.6496, 33.6199, 114.6504, 33.6206)  # around home a, north of the street


@pytest.fixture
def street(tmp_path):
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": PLOTS, "town.yaml": SCENARIO}.items():
        (tmp_path / name).write_text(text, "utf-8")
    gpd.GeoDataFrame({"id": ["a"]}, geometry=[WALL], crs=4326).to_file(tmp_path / "walls.geojson")
    gate = shapely.Point(114.6496, 33.6206)
    gpd.GeoDataFrame({"of": ["a"]}, geometry=[gate], crs=4326).to_file(tmp_path / "gates.geojson")
    return tmp_path


def answer(folder, *changes):
    return run_scenario(load(folder / "town.yaml", set=changes))


def test_a_run_walks_out_by_the_gates_and_says_how_many_there_are(street):
    run = answer(street, "compounds={walls: {file: walls.geojson, id: id}, gates: {file: gates.geojson, compound: of}}")
    assert "1 walled compounds with 1 gates: 1 given" in run.notes
    assert "compounds: 1 given" in run.notes
    assert any("people in 1 places live in compounds and leave by their gates" in note for note in run.notes)
    assert run.demand.door.network is not run.network
    free = answer(street, "compounds=none")
    assert free.demand.door.network is free.network


def test_a_city_without_walled_areas_says_so(street):
    run = answer(street, "compounds=osm")
    assert "no residential area is mapped as walled: `compounds` changes nothing" in run.notes


@pytest.mark.parametrize(
    ("compounds", "fault"),
    [
        ("walled", "must be none, osm or a mapping"),
        ("{osm: all}", "say so in assumption"),
        ("{osm: mapped, walls: {file: walls.geojson}}", "write one of osm and walls"),
        ("{gates: {file: gates.geojson}}", "gates of which compounds"),
        ("{walls: {file: wals.geojson}}", "there is no file 'wals.geojson' — did you mean 'walls.geojson'"),
        ("{walls: {file: walls.geojson}, gates: {file: gates.geojson, compound: off}}", "has no column 'off'"),
    ],
)
def test_what_contradicts_itself_is_refused(street, compounds, fault):
    with pytest.raises(ScenarioError, match=fault):
        load(street / "town.yaml", set=[f"compounds={compounds}"])


def test_layers_are_metric_in_the_system_of_the_city(walls):
    _, network = town()
    assert compounds_of(walls, network).crs == CHUANHUI
