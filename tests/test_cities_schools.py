"""Las Palmas: all its primary pupils to schools, as a user asks it; proven, and as good as documented."""

import csv
import io
from pathlib import Path

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
