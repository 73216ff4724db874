"""The official measure on real cities: by land, by people straight and by people on foot, in one run each."""

import csv
import json

import pytest

from tests.commands import planner
from tests.test_cities import CITIES, SCENARIOS

pytestmark = [
    pytest.mark.cities,
    pytest.mark.skipif(not CITIES.is_dir(), reason="the real cities are not beside the project in ../shared/data"),
]


def record_of(city, folder, *changes):
    options = [option for change in changes for option in ("--set", change)]
    done = planner("run", SCENARIOS / f"{city}.yaml", "--out", folder, *options)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "run.json").read_text("utf-8"))


def test_twenty_parks_of_yizhuang_are_proven_best_by_the_official_measure(tmp_path):
    record = record_of("yizhuang", tmp_path, "siting.0.question=cover_most_land", "siting.0.join_within_m=10")
    (plan,) = record["plans"]
    assert (plan["question"], plan["unit"], plan["ending"]) == ("cover_most_land", "m² of residential land", "proven")
    assert plan["parcels"] <= 20
    rows = {(row["rule_set"], row["test"]): row for row in record["rule_sets"]}
    land = rows["P5", "park-coverage"]["residential_land"]
    assert land["after"] - land["before"] == pytest.approx(plan["objective"], abs=0.2)  # told to 0.1 m²
    assert 5e6 < land["total"] < 6e6
    for row in rows.values():
        assert (
            0
            < row["residential_land"]["before"]
            <= row["residential_land"]["after"]
            <= row["residential_land"]["total"]
        )
        assert row["walk"]["after"] <= row["straight"]["after"] <= row["total"]
    with (tmp_path / "three_numbers.csv").open(encoding="utf-8-sig") as file:
        units = [row for row in csv.DictReader(file) if row["standard"] == "green-300"]
    *parts, total = units
    for column in ("residential land, km²", "residential land after, km²", "on foot after, people"):
        assert sum(float(row[column] or 0) for row in parts) == pytest.approx(float(total[column]), abs=1e-4)


def test_where_most_people_live_on_land_that_nobody_mapped_the_share_is_said_to_mean_little(tmp_path):
    record = record_of("las-palmas", tmp_path)
    assert any("a share of it says what is mapped, not what the city is" in note for note in record["notes"])


def test_a_city_without_residential_land_says_so_and_gives_no_share(tmp_path):
    record = record_of("northern-kentucky", tmp_path)
    assert any("no residential land in the study area" in note for note in record["notes"])
    assert all(row["residential_land"] is None for row in record["rule_sets"])
    refused = planner(
        *("run", SCENARIOS / "northern-kentucky.yaml", "--out", tmp_path, "--set", "siting.0.question=cover_most_land")
    )
    assert refused.returncode == 2
    assert "cover_most_land needs residential land" in refused.stderr
