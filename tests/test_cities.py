"""Real cities: distances equal networkx's, nobody is served across water or from an island, and each run holds."""

import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely

from planner.network import WalkNetwork
from planner.reach import measure_reach
from planner.sources import osm, walkable
from planner.sources.green import public_green
from planner.sources.places import residential_buildings
from planner.sources.sea import sea
from planner.sources.tags import layer, tag_table
from tests.commands import planner
from tests.towns import demand, places, with_doors

CITIES = Path(__file__).parents[2] / "shared" / "data" / "cities"
EXTRACTS = {
    "yizhuang": CITIES / "beijing-yizhuang" / "yizhuang.osm.pbf",
    "northern-kentucky": CITIES / "northern-kentucky" / "northern-kentucky.osm.pbf",
    "porto-alegre": CITIES / "porto-alegre" / "porto-alegre.osm.pbf",
    "las-palmas": CITIES / "las-palmas" / "laspalmas.osm.pbf",
}
SCENARIOS = Path(__file__).parent / "scenarios"
PEOPLE = {"yizhuang": 250_000, "northern-kentucky": 227_919, "porto-alegre": 812_935, "las-palmas": 378_675}

pytestmark = [
    pytest.mark.cities,
    pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data"),
]


def near_streets(network: WalkNetwork, count: int, seed: int, within_m: float = np.inf):
    """Points within some 60 m of random streets, all of them near the middle of the city."""
    rng = np.random.default_rng(seed)
    middle = np.median(network.xy, axis=0)
    near = np.flatnonzero(np.hypot(*(network.xy[network.ends[:, 0]] - middle).T) < within_m)
    edge = rng.choice(near, count)
    start, end = network.xy[network.ends[edge, 0]], network.xy[network.ends[edge, 1]]
    return start + rng.random((count, 1)) * (end - start) + rng.uniform(-40, 40, (count, 2))


@pytest.mark.parametrize("city", EXTRACTS)
def test_distances_equal_networkx_on_two_thousand_pairs_of_each_city(city):
    network = walkable.walk_network(osm.read_extract(EXTRACTS[city]))
    limit_m, within_m = 3000.0, 1500.0
    homes = demand(near_streets(network, 40, 1, within_m), crs=network.crs).snapped(network, max_access_m=200)
    sites = places([[xy] for xy in near_streets(network, 50, 2, within_m)], crs=network.crs)
    sites = sites.snapped(network, max_access_m=200)
    ours = measure_reach(homes, sites, limit_m=limit_m)
    measured = np.full((40, 50), np.inf)
    measured[ours.place, ours.facility] = ours.distance_m
    graph = with_doors(network, (homes.door, sites.door), ("home", "gate"))
    compared = 0
    for i in range(40):
        home = ("home", i)
        found = nx.single_source_dijkstra_path_length(graph, home, cutoff=limit_m) if home in graph else {}
        for j in range(50):
            expected = found.get(("gate", j), np.inf)
            assert measured[i, j] == pytest.approx(expected, abs=1e-3), (i, j)
            compared += np.isfinite(expected)
    assert compared > 1000, "too few of the 2 000 pairs are within reach to mean anything"


def metres_in_water(legs, water):
    """(n,) how much of each leg (n, 2, 2) lies in a water surface that does not hold its start."""
    lines = shapely.linestrings(legs)
    leg, surface = shapely.STRtree(water).query(lines)
    in_it_m = shapely.length(shapely.intersection(lines[leg], water[surface]))
    in_it_m[shapely.distance(shapely.points(legs[leg, 0]), water[surface]) == 0] = 0
    wet_m = np.zeros(len(legs))
    np.maximum.at(wet_m, leg, in_it_m)
    return wet_m


def test_in_las_palmas_no_access_leg_crosses_water_and_nobody_is_served_from_an_island():
    extract = osm.read_extract(EXTRACTS["las-palmas"])
    network = walkable.walk_network(extract)
    anywhere = replace(network, barriers=np.empty(0, object))
    frame = shapely.box(*(network.xy.min(axis=0) - 3000), *(network.xy.max(axis=0) + 3000))
    coast = layer(extract, tag_table()["map_coast"], network.crs).geometry
    surfaces = network.barriers[shapely.get_dimensions(network.barriers) == 2]
    water = np.concatenate([surfaces, sea(coast, frame)])
    buildings = layer(extract, tag_table()["building"], network.crs).polygons.geometry
    homes = residential_buildings(extract, network.crs).xy
    gates = public_green(extract, network).green.gate_xy
    houses = shapely.get_coordinates(shapely.centroid(buildings))  # harbour sheds and piers among them
    over_water = 0
    for points in (homes, gates, houses):
        snap, dared = network.snap(points, max_access_m=200), anywhere.snap(points, max_access_m=200)
        on = ~snap.off
        assert on.mean() > 0.9
        assert (network.component_m[network.component[network.ends[snap.edge[on], 0]]] >= network.island_m).all()
        assert metres_in_water(np.stack([points[on], network.position(snap)[on]], axis=1), water).max() < 0.1
        there = np.stack([points[~dared.off], anywhere.position(dared)[~dared.off]], axis=1)
        over_water += (metres_in_water(there, water) > 0.1).sum()
    assert over_water, "without its barriers nobody would cross water either: this city shows nothing"


@pytest.mark.parametrize("city", EXTRACTS)
def test_the_main_job_runs_on_a_real_city(city, tmp_path):
    done = planner("run", SCENARIOS / f"{city}.yaml", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip().splitlines()[-1])
    assert page.is_file()
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert record["population"] == PEOPLE[city]
    assert record["synthetic"] is False
    figures = {(row["standard"], row["metric"]): row for row in record["coverage"]}
    for (standard, metric), row in figures.items():
        assert 0 <= row["before"] <= row["after"] <= row["total"] == PEOPLE[city], standard
        if metric == "walk":
            assert row["before"] <= figures[standard, "straight"]["before"]
            assert row["after"] <= figures[standard, "straight"]["after"]
    (plan,) = record["plans"]
    walked = figures[plan["standard"], "walk"]
    assert plan["objective"] == walked["after"] - walked["before"] > 0
    assert plan["bound"] >= plan["objective"]
    assert len(plan["opened"]) <= 20
    assert plan["ending"] == "proven"


def test_the_reykjavik_grid_is_refused_with_its_culprits(tmp_path):
    scenario = tmp_path / "reykjavik.yaml"
    scenario.write_text(
        f"city: {EXTRACTS['yizhuang']}\n"
        "demand:\n"
        f"  layer: {{file: {CITIES / 'reykjavik-dirty' / 'rek_grid_pop.shp'}, people: Pop, base: none}}\n",
        "utf-8",
    )
    done = planner("run", scenario, "--out", tmp_path / "maps")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


def test_three_comprehensive_and_27_community_eldercare_centres_of_las_palmas_are_proven_best(tmp_path):
    done = planner("run", SCENARIOS / "las-palmas-eldercare.yaml", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))
    (whole,) = record["together"]
    assert (whole["ending"], whole["gap"]) == ("proven", 0)
    walked = {row["standard"]: row for row in record["coverage"] if row["metric"] == "walk"}
    gained = sum(
        walked[plan["standard"]]["groups"][group]["after"] - walked[plan["standard"]]["groups"][group]["before"]
        for plan in record["plans"]
        for group in ("older", "80+")  # who is over 80 counts twice
    )
    assert gained == whole["objective"] == sum(plan["objective"] for plan in record["plans"])
    assert [len(plan["opened"]) for plan in record["plans"]] == [3, 27]
