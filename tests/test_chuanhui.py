"""The embedded default, run as `make run` runs it: the answer to the founding question, twice the same."""

import csv
import json

import pytest

from planner.explained import explain, read_answer
from planner.scenario import load
from planner.standards import standards
from tests.commands import PROJECT, planner

LATER = ("2027", "2032")
SCENARIO = PROJECT / "scenarios" / "chuanhui.yaml"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs in processes that share neither hash seed nor thread count."""
    folders = [tmp_path_factory.mktemp("run") / "out" for _ in range(2)]
    for folder, seed, threads in zip(folders, ("1", "2"), ("1", "2"), strict=True):
        done = planner(
            *("run", SCENARIO, "--out", folder),
            PYTHONHASHSEED=seed,
            OMP_NUM_THREADS=threads,
            NUMBA_NUM_THREADS=threads,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == str(folder / "chuanhui.html")
    return folders


@pytest.fixture(scope="module")
def record(runs):
    return json.loads((runs[0] / "run.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        *("chuanhui.html", "run.json", "sites.gpkg", "ledger.csv", "rule_sets.csv", "circle.csv"),
        *(
            "stated.csv",
            "presence.csv",
            "phases.csv",
            "budget.csv",
            "seats.csv",
            "schools.csv",
            "catchments.csv",
            "chuanhui.xlsx",
        ),
    ],
)
def test_the_same_inputs_give_the_same_bytes(runs, name):
    first, second = ((folder / name).read_bytes() for folder in runs)
    assert first == second


def test_parks_eldercare_and_service_centres_on_the_same_land_are_proven_best(record):
    plans = {plan["standard"]: plan for plan in record["plans"]}
    opened = {standard: len(plan["opened"]) for standard, plan in plans.items()}
    assert opened == {"green-300": 20, "eldercare-centre-1000": 3, "eldercare-15min": 27, "community-15min": 8}
    (whole,) = {json.dumps(plan["part_of"]) for plan in plans.values()}  # one plan, of which each is a part
    best = json.loads(whole)
    assert (best["ending"], best["gap"], best["objective"]) == ("proven", 0, best["bound"])
    assert best["objective"] == sum(plan["objective"] for plan in plans.values())
    (together,) = record["together"]
    sites = sorted(site for plan in plans.values() for site in plan["opened"])
    assert sites == sorted(site for site, has in together["becomes"].items() for _ in has)
    assert all(len(has) == 1 or {*has} == {"eldercare", "community"} for has in together["becomes"].values())


def test_the_plan_s_gain_is_what_coverage_measures_on_foot(record):
    walked = {row["standard"]: row for row in record["coverage"] if row["metric"] == "walk"}
    plans = {plan["standard"]: plan for plan in record["plans"]}
    for standard in ("green-300", "community-15min"):
        assert walked[standard]["after"] - walked[standard]["before"] == plans[standard]["objective"]
        assert walked[standard]["total"] == record["population"] == 300_000
    for standard in ("eldercare-centre-1000", "eldercare-15min"):
        older = walked[standard]["groups"]
        assert (older["60+"]["total"], older["80+"]["total"]) == (54_000, 9_000)
        gained = sum(older[group]["after"] - older[group]["before"] for group in ("60+", "80+"))
        assert gained == plans[standard]["objective"]  # who is over 80 counts twice


def test_the_founding_figures_stand_beside_what_is_found(record):
    found = [(row["of"], row["stated"], row["today"], row["with the plans"]) for row in record["stated"]]
    assert found[0] == ("people", 300_000, 300_000, 300_000)
    assert ("sites", 20, 0, 20) in found
    assert ("sites", 27, 0, 27) in found
    assert ("first_year", 3, 0, 3) in found
    assert ("seats", 10_275, 0, 10_200) in found  # all but 75 pupils then sit in standard classes
    assert ("seats", 720, 0, 720) in found
    assert [row["with the plans"] for row in record["stated"] if row["of"] == "schools"] == [8, 2]
    shares = {row["standard"]: row for row in record["stated"] if row["of"] == "share"}
    walked = {row["standard"]: row for row in record["coverage"] if row["metric"] == "walk"}
    for standard, row in shares.items():
        assert row["stated"] == ""  # the report gives no figure of coverage
        assert row["with the plans"] == pytest.approx(walked[standard]["after"] / 300_000, abs=1e-6)
    everywhere = [row for row in record["stated"] if row["of"] == "areas"]
    assert [row["comes to it"] for row in everywhere] == ["no", "no"]  # three centres are not one in each of twelve


def test_fewer_seats_than_stated_leave_no_class_oversized_and_those_stated_nearly_all_classes_standard(record):
    schools, kindergartens = record["schools"]
    assert schools["ending"] == kindergartens["ending"] == "proven"
    assert schools["fewest"] == {"options": 6, "seats": 6960, "ending": "proven"}
    missing = {
        way: sum(row["missing_for_classes_below_oversized"] for row in schools["ways"][way])
        for way in ("today", "fewest_classes", "plan")
    }
    assert missing["today"] == pytest.approx(4024.94)
    assert missing["fewest_classes"] == missing["plan"] == 0
    standard = {way: sum(row["missing_for_standard_classes"] for row in rows) for way, rows in schools["ways"].items()}
    assert standard["plan"] == pytest.approx(75, abs=1e-3)
    assert standard["plan"] < standard["fewest_classes"] < standard["today"]
    for question in (schools, kindergartens):
        pupils = {
            way: sum(row["pupils"] + row["reach_no_school"] for row in rows)
            for way, rows in question["ways"].items()
            if way != "later"
        }
        assert list(pupils.values()) == pytest.approx([sum(pupils.values()) / 5] * 5)
        empty = [sum(row["empty_seats"] for row in question["ways"]["later"] if row["year"] == year) for year in LATER]
        assert sum(row["empty_seats"] for row in question["ways"]["plan"]) <= empty[0] < empty[1]
        for row in question["ways"]["plan"]:
            if row["missing_for_standard_classes"] < 1e-3:
                assert row["standard_seats"] >= row["pupils"] - 1e-3


def test_nobody_is_covered_on_foot_who_is_not_in_a_straight_line(record):
    rows = {(row["standard"], row["metric"]): row for row in record["coverage"]}
    for standard, metric in rows:
        for when in ("before", "after"):
            assert rows[standard, "walk"][when] <= rows[standard, metric][when]


def test_every_figure_carries_its_document(record):
    for row in record["coverage"]:
        published = standards()[row["standard"]]
        assert (row["document"], row["clause"]) == (published.document, published.clause)


def test_the_twenty_parks_stand_under_all_six_rule_sets(record):
    rows = {(row["rule_set"], row["test"]): row for row in record["rule_sets"]}
    assert {rule_set for rule_set, _ in rows} == {"P1", "P2", "P3", "P4", "P5", "P6"}
    for row in rows.values():
        assert (row["total"], row["chosen"]["sites"]) == (300_000, 20)
        assert row["walk"]["before"] <= row["walk"]["after"] <= row["straight"]["after"]
    assert rows["P5", "park-coverage"]["chosen"]["short"] == []
    for site in rows["P3", "park-coverage"]["chosen"]["short"]:
        assert site["area_m2"] + site["short_m2"] == pytest.approx(2000, abs=0.2)


def test_the_parts_of_the_circle_s_score_add_up_and_what_is_not_in_the_data_is_listed(record):
    circle = record["circle"]
    assert (circle["kit"], circle["total"], set(circle["complete"])) == ("gb50180", 300_000, {"15", "10", "5", "all"})
    for when in ("before", "after"):
        points = sum(item["points"][when] for item in circle["items"])
        assert points == pytest.approx(circle["score"]["walk"][when], abs=1e-5)
    assert sum(item["most_points"] for item in circle["items"]) == pytest.approx(100, abs=1e-4)
    assert {each["service"] for each in circle["not_in_the_data"]} == {"care-home", "culture-station", "nursery"}
    for item in circle["items"]:
        assert 0 <= item["walk"]["before"] <= item["straight"]["before"] <= 300_000


def test_the_city_says_in_every_output_that_it_is_made_up(record, runs):
    assert record["synthetic"] is True
    assert any("made up" in sentence for sentence in record["assumptions"])
    assert "OpenStreetMap" not in record["attribution"]
    assert "made-up" in (runs[0] / "ledger.csv").read_text("utf-8-sig")


def test_no_folder_of_this_machine_is_told(runs):
    for name in ("chuanhui.html", "run.json", "ledger.csv", "rule_sets.csv", "circle.csv"):
        assert str(PROJECT) not in (runs[0] / name).read_text("utf-8-sig")


def test_sites_and_homes_are_explained_by_the_numbers_of_the_run(runs, record):
    answered = read_answer(load(SCENARIO), runs[0])  # refuses a city in which other people meet the standards
    for row in record["plans"]:
        site = row["sites"][0]
        plan = next(each for each in explain(answered, site["id"]).plans if each.standard == row["standard"])
        assert (plan.chosen.rank, plan.chosen.gained, plan.chosen.only) == (
            1,
            site["people_gained"],
            site["people_only"],
        )
        assert sum(people for _, people in plan.chosen.serves) == pytest.approx(site["people_gained"])
        assert plan.cost == pytest.approx(site["cost"])
    with (runs[0] / "catchments.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for home in (rows[0]["home"], rows[4000]["home"], rows[9000]["home"]):
        told = explain(answered, home)
        own = [row for row in rows if row["home"] == home]
        for school, row in zip(told.schools, own, strict=True):
            goes = [each.id if each else "" for each in (school.today, school.plan)]
            assert [school.stage, *goes] == [row["stage"], row["school today"], row["school"]]
            assert school.plan.cost == pytest.approx(float(row["walk"]), abs=0.06)
            assert school.nearest.cost <= school.plan.cost
        for served in told.services:
            for path in filter(None, (served.today, served.plan)):
                along = path.to_street_m + sum(metres for _, metres in path.streets) + path.from_street_m
                assert path.cost == pytest.approx(along, abs=1e-3)
            assert served.covered == (served.plan is not None and served.plan.cost <= served.limit)
