"""Whom a figure counts is declared, and a figure of another area is told."""

import pytest

from planner.errors import QuestionError, ScenarioError
from planner.population import PopulationBase
from planner.run import run_scenario
from planner.scenario import load
from tests.test_city import town  # noqa: F401  (three homes on a street)

DISTRICT = PopulationBase(
    "resident", "2020-11-01", "川汇区 incl. development zone", "七普公报", area_km2=338, people=710_000
)


@pytest.mark.parametrize(
    ("said", "kind", "date", "undeclared"),
    [
        ("常住 2020", "resident", "2020", ("boundary",)),
        ("户籍人口, 2022-12-31", "registered", "2022-12-31", ("boundary",)),
        ("residents, 2010 census", "resident", "2010", ("boundary",)),
        ("实有人口", "actual", "", ("date", "boundary")),
        ("常住 and 户籍, 2010 or 2020", "", "", ("kind", "date", "boundary")),
        ("drawn", "", "", ("kind", "date", "boundary")),
    ],
)
def test_a_text_declares_what_it_says_and_is_shown_as_given(said, kind, date, undeclared):
    base = PopulationBase.of(said)
    assert (base.kind, base.date, base.undeclared, str(base)) == (kind, date, undeclared, said)


def test_a_declared_base_leaves_nothing_open():
    assert DISTRICT.undeclared == ()
    assert str(DISTRICT) == "residents, 2020-11-01, 川汇区 incl. development zone, 七普公报"


def test_an_unknown_kind_is_refused():
    with pytest.raises(QuestionError, match=r"no population base 'everybody'. There are: resident, registered"):
        PopulationBase("everybody")


def test_a_base_of_a_larger_district_is_told_and_one_of_this_area_is_not():
    told = DISTRICT.drift(area_km2=100, people=300_000)
    assert told == (
        "the population base is of another area than the study area (川汇区 incl. development zone): "
        "338 km² are declared and 100 counted; 710,000 people are declared and 300,000 counted"
    )
    assert DISTRICT.drift(area_km2=371.8, people=639_000) == ""  # exactly a tenth is no drift
    assert DISTRICT.drift(area_km2=None, people=710_000) == ""  # nobody drew a study area
    assert PopulationBase.of("常住").drift(area_km2=1, people=1) == ""


def test_a_run_says_what_a_bare_text_leaves_open_and_repeats_a_declared_base(town):  # noqa: F811
    bare = run_scenario(load(town / "town.yaml"))
    assert "the population base (residents) declares no date and no boundary: compare no figure a person" in bare.notes
    base = "{kind: resident, date: 2020-11-01, boundary: 川汇区, source: 七普公报, area_km2: 338}"
    full = run_scenario(load(town / "town.yaml", set=[f"demand.layer.base={base}", "city.boundary=west.geojson"]))
    assert str(full.demand.base) == "residents, 2020-11-01, 川汇区, 七普公报"
    assert not any("declares no" in note for note in full.notes)
    assert any(note.endswith("(川汇区): 338 km² are declared and 3.6 counted") for note in full.notes)


def test_a_base_half_declared_is_a_fault_that_names_what_is_missing(town):  # noqa: F811
    for base, told in (
        ("{kind: resident, date: 2020}", "lacks boundary, source: write kind, date, boundary and source"),
        ("{text: 常住, date: 2020}", "says date beside a text"),
        ("{kind: citizens, date: 2020, boundary: b, source: s}", "demand.layer.base: must be 'resident'"),
    ):
        with pytest.raises(ScenarioError, match=told):
            load(town / "town.yaml", set=[f"demand.layer.base={base}"])
