"""Las Palmas: all its primary pupils to schools, as a user asks it, proven; and its real secondary zones mended."""

import csv
import io
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest

from planner.ledgers import RECORDS, TABLES
from planner.run import run_scenario
from planner.scenario import load
from tests.commands import PROJECT

DATA = Path(__file__).parents[2] / "shared" / "data" / "cities" / "las-palmas"
pytestmark = [
    pytest.mark.cities,
    pytest.mark.skipif(not DATA.is_dir(), reason="Las Palmas is not beside the project in ../shared/data"),
]


@pytest.fixture(scope="module")
def run():
    return run_scenario(load(PROJECT / "tests" / "scenarios" / "las-palmas-schools.yaml"))


def test_every_primary_pupil_is_dealt_out_and_every_aim_is_proven(run):
    (record,) = RECORDS["schools"](run)
    assert [aim["aim"] for aim in record["aims"]] == ["unserved", "above_standard", "walk"]
    for aim in record["aims"]:
        assert aim["value"] - aim["bound"] <= 2e-4 * aim["value"]
    (plan,), (nearest,) = record["ways"]["plan"], record["ways"]["nearest"]
    assert plan["pupils"] + plan["reach_no_school"] == pytest.approx(21_881, abs=1)
    assert plan["schools"] == 81
    assert nearest["mean_walk"] < plan["mean_walk"] < 2000
    assert plan["missing_for_standard_classes"] < nearest["missing_for_standard_classes"] / 3


def test_the_homes_of_a_school_are_its_pupils(run):
    homes = list(csv.DictReader(io.StringIO(TABLES["catchments.csv"](run))))
    assert sum(float(row["pupils"]) for row in homes) == pytest.approx(21_881, abs=1)
    (seats,) = run.schools
    shared = np.bincount(seats.plan.place, minlength=len(run.demand.ids)) > 1
    assert shared.sum() < 100  # of 11,489 homes hardly any is parted between two schools
    assert max(float(row["walk"] or 0) for row in homes) <= 2000


SECONDARY = """\
  - stages: [junior]
    sizes: {junior: {class_size: 30, oversized: 34, severe: 40, reason: Spanish classes have 30 pupils at most.}}
    years: [2015]
    pupils: {children: {0-4: 0-4, 5-9: 5-9, 10-14: 10-14}}
    standing:
      roll: {file: roll.csv, id: school, lon: lon, lat: lat, crs: EPSG:4326, classes: {junior: classes}}
    limit_m: {junior: 8000}
    reason: Zones of today reach as far.
    order: [unserved, above_standard, walk]
    zones:
      of: blocks
      blocks: {hex_m: 400}
      together: true
      gap_m: 800
      today: {junior: {file: DATA/secondary-school-catchments.geojson, school: Denominaci}}
      most_moved: 0.1
    time_limit_s: 10
"""


@pytest.fixture(scope="module")
def secondary(tmp_path_factory):
    """The 29 real zones, each with a school of 15 classes in its midst (assumed)."""
    folder = tmp_path_factory.mktemp("secondary")
    zones = gpd.read_file(DATA / "secondary-school-catchments.geojson").to_crs(4326)
    at = zones.geometry.representative_point()
    lines = [f"{name},{x},{y},15" for name, x, y in zip(zones.Denominaci, at.x, at.y, strict=True)]
    (folder / "roll.csv").write_text("\n".join(["school,lon,lat,classes", *lines]), "utf-8")
    city = (PROJECT / "tests" / "scenarios" / "las-palmas-schools.yaml").read_text("utf-8").partition("  - stages:")[0]
    text = f"{city}{SECONDARY}".replace("../../../shared/data/cities/las-palmas", DATA.as_posix())
    (folder / "secondary.yaml").write_text(text.replace("DATA", DATA.as_posix()), "utf-8")
    return run_scenario(load(folder / "secondary.yaml"))


def test_real_zones_of_a_file_stand_beside_zones_that_hang_together(secondary):
    (seats,) = secondary.schools
    (record,) = RECORDS["schools"](secondary)
    assert next(iter(record["ways"])) == "today_zones"
    assert record["ways"]["today_zones"][0]["schools"] == 29
    total = seats.plan.pupils.total.sum()
    for (way,) in record["ways"].values():
        assert way["pupils"] + way["reach_no_school"] == pytest.approx(total, abs=0.01)
    assert all(aim["bound"] <= aim["value"] for aim in record["aims"])
    assert seats.plan.worth["moved"] <= 0.1 * total + 1e-6
    zones, graph = seats.plan.zones("junior", "2015"), nx.Graph(seats.put.neighbours.tolist())
    graph.add_nodes_from(range(len(zones)))
    for school in np.unique(zones[zones >= 0]):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(zones == school)))
