"""What the README shows is what happens."""

import contextlib
import io
import re

import geopandas as gpd
import pytest

from planner.demand import spread
from planner.errors import ScenarioError
from planner.network import metric_crs
from planner.scenario import load
from planner.sources import osm, places
from planner.sources.made_up import write_city
from tests.commands import PROJECT

README = (PROJECT / "README.md").read_text("utf-8")


def shown(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the files that the README names, of the made-up city."""
    folder = tmp_path_factory.mktemp("desk")
    write_city(folder / "city.osm.pbf")
    (folder / "chuanhui.osm.pbf").write_bytes((folder / "city.osm.pbf").read_bytes())
    crs = metric_crs(114.65, 33.62)
    homes = places.residential_buildings(osm.read_extract(folder / "city.osm.pbf"), crs)
    people = spread(300_000, homes.floor_area_m2)
    gpd.GeoDataFrame({"people": people.astype(int)}, geometry=homes.geometry, crs=crs).to_file(folder / "blocks.shp")
    return folder


def test_the_screen_of_python_prints_what_it_says(desk, monkeypatch):
    (code,) = shown("python")
    monkeypatch.chdir(desk)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})  # noqa: S102
    assert printed.getvalue().splitlines() == [
        line.removeprefix("# ") for line in re.findall(r"^# .*", code, re.MULTILINE)
    ]


def test_the_screen_of_yaml_is_a_scenario_and_its_fault_is_told_as_shown(desk):
    text, several, by_age, study_area, walkers, measures, circle = shown("yaml")
    assert study_area.startswith("city: {extract: chuanhui.osm.pbf")
    (desk / "scenario.yaml").write_text(text, "utf-8")
    assert load(desk / "scenario.yaml").siting[0].new_sites == 20
    ages = "spread:\n    ages: {classes: {0-59: 0.82, 60-79: 0.15, 80+: 0.03}, groups: {60+: 60+, 80+: 80+}}"
    (desk / "scenario.yaml").write_text(text.partition("siting:")[0].replace("spread:", ages) + several, "utf-8")
    assert [each.new_sites for each in load(desk / "scenario.yaml").siting[0].services] == [20, 3, 27, 15]
    (desk / "sections.csv").write_text("section,year,sex,0-14,15-59,60+\na,2015,m,1,2,3\n", "utf-8")
    homes = gpd.read_file(desk / "blocks.shp").head(1).assign(code="a", name="A")
    homes.to_file(desk / "sections.gpkg")
    (desk / "scenario.yaml").write_text(f"city: chuanhui.osm.pbf\n{by_age}", "utf-8")
    assert load(desk / "scenario.yaml").demand.spread.counts.groups == {"children": "0-14", "older": "60+"}
    (desk / "elevation.tif").touch()
    (desk / "scenario.yaml").write_text(text.replace("city: chuanhui.osm.pbf", "") + walkers, "utf-8")
    assert load(desk / "scenario.yaml").walkers.slope
    (desk / "scenario.yaml").write_text(text + measures, "utf-8")
    assert [each.name for each in load(desk / "scenario.yaml").measures] == ["west gate", "footbridge"]
    (desk / "scenario.yaml").write_text(text + circle, "utf-8")
    assert load(desk / "scenario.yaml").kit_services()[-1] == "pharmacy"
    (desk / "scenario.yaml").write_text(text.replace("rule_set:", "rule_sets:"), "utf-8")
    with pytest.raises(ScenarioError) as refused:
        load(desk / "scenario.yaml")
    assert [fault.removeprefix(f"{desk}/") for fault in refused.value.faults] == shown("text")[0].splitlines()


def test_every_file_the_documents_name_is_there():
    for document in (README, (PROJECT / "CONTRIBUTING.md").read_text("utf-8")):
        for name in re.findall(r"`((?:planner|scenarios|tests|docs|benchmarks)/[\w./-]+)`", document):
            assert (PROJECT / name).exists(), name
