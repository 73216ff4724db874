"""The review map of real cities, as a meeting uses it: in a Chromium with the network off, and back to the command."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from planner.by_walker import at_doors
from planner.coverage import measure_coverage
from planner.maps import draw
from planner.reach import measure_reach
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import opened
from tests.commands import planner
from tests.test_what_if_map import figure, switch

DATA = Path(__file__).parents[2] / "shared" / "data"
SCENARIOS = Path(__file__).parent / "scenarios"
WANTED = {
    "yizhuang": ("海棠公园", "htgy"),
    "las-palmas": ("Parque Doramas", "doramas"),
}  # a name, and what finds it too

pytestmark = [
    pytest.mark.cities,
    pytest.mark.browser,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real cities are not beside the project in ../shared/data"),
]


@pytest.fixture(scope="module", params=list(WANTED))
def city(request, tmp_path_factory):
    """A real city: its scenario by itself, its run and its map."""
    folder = tmp_path_factory.mktemp(request.param)
    scenario = folder / f"{request.param}.yaml"
    text = (SCENARIOS / scenario.name).read_text("utf-8")
    scenario.write_text(text.replace("../../../shared/data", DATA.as_posix()), "utf-8")
    run = run_scenario(load(scenario))
    return SimpleNamespace(name=request.param, scenario=scenario, run=run, map=draw(run, folder / "map.html"))


@pytest.fixture
def page(browser, city):
    with opened(browser, city.map) as page:
        yield page
        assert page.faults == []


def covered(city, on):
    """Who is covered with these candidates on, by coverage, which knows of no switches."""
    (switches,) = city.run.switches
    rule, put = switches.sited.standard, switches.put
    standing = at_doors(city.run.facilities[rule.service], rule.profile, max_access_m=200)
    more = replace(put.candidates.kept(on), ids=np.char.add("new ", put.candidates.ids[on]))
    sites = standing.joined(more)
    return measure_coverage(
        measure_reach(put.demand, sites, **rule.walk), put.demand, rule, open=sites.at_least(rule.min_area_m2)
    )


def three_switched(page, city):
    """Two sites of the plan off and the candidate on that adds most then, one by one; what is on in the end."""
    (switches,) = city.run.switches
    on = np.isin(np.arange(len(switches.may)), switches.sited.plan.sites)
    worth = [switches.covered(np.arange(len(on)) == j, 10).sum() for j in range(len(on))]
    more = max(np.flatnonzero(switches.may & ~on).tolist(), key=lambda j: (worth[j], -j))
    for site in (*switches.sited.plan.sites[:2].tolist(), more):
        on[site] = not on[site]
        switch(page, switches.put.candidates.ids[site])
        assert figure(page, "覆盖人口", 3) == round(covered(city, on).served)
    return on


def test_a_meeting_looks_at_every_standard_at_both_times_and_across_the_line(page, city):
    assert page.locator("#standards button").count() == len(city.run.measured)
    assert not page.locator("#banner").is_visible()
    for measured in city.run.measured:
        page.locator(f'[data-standard="{measured.standard.id}"]').click()
        people = page.locator('#legend-states [data-state="covered"] b').text_content()
        assert people == f"{measured.before.served:,.0f} 人"
    page.locator("#both").click()
    line = page.locator("#swipe")
    before = line.bounding_box()["x"]
    line.press("ArrowLeft")
    assert line.bounding_box()["x"] < before
    page.locator("#after").click()
    page.locator('[data-language="en"]').click()
    assert page.locator("#title").text_content() == city.run.scenario.title["en"]
    assert page.locator("#after").text_content() == "With the plan"
    page.locator("#tab-units").click()
    page.locator('[data-column="people"] button').click()
    shown = [
        int(text.replace(",", "")) for text in page.locator("#unit-table tbody td:nth-child(2)").all_text_contents()
    ]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == round(city.run.demand.by_unit(city.run.demand.people[:, 0])[:-1].max())


def test_three_sites_are_switched_and_the_command_finds_the_same_people(page, city):
    page.locator("#tab-what-if").click()
    three_switched(page, city)
    people = figure(page, "覆盖人口", 3)
    with page.expect_download() as saved:
        page.locator("#what-if-save").click()
    written = saved.value.path().read_text("utf-8")
    scenario = city.scenario.with_name("again.yaml")
    scenario.write_text(f"{city.scenario.read_text('utf-8')}\n{written}", "utf-8")
    out = scenario.with_suffix("")
    done = planner("run", scenario, "--variant", "what-if", "--set", "outputs.papers=[]", "--out", out)
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "run.json").read_text("utf-8"))
    standard = city.run.plans[0].standard.id
    (row,) = [each for each in record["coverage"] if (each["standard"], each["metric"]) == (standard, "walk")]
    assert round(row["after"]) == people
    assert f"{people:,}" in re.search(r"\n# .*\n# .*", f"\n{written}").group()


def test_a_name_of_the_place_is_found_and_flown_to(page, city):
    name, _ = WANTED[city.name]
    for typed in WANTED[city.name]:
        there = page.evaluate("map_city.getZoom()")
        page.keyboard.press("/")
        page.locator("#search").fill(typed)
        page.locator("#found [role=option]", has_text=name).first.wait_for()
        page.locator("#search").press("Enter")
        page.wait_for_function("(was) => map_city.getZoom() > was", arg=there)
        page.locator("#whole-city").click()
        page.wait_for_timeout(100)


def test_the_keyboard_alone_is_enough(page, city):
    (switches,) = city.run.switches
    page.locator("#tab-overview").focus()
    while not page.locator("#what-if").is_visible():
        page.keyboard.press("ArrowRight")
    first = switches.sited.plan.opened[0]
    pin = page.locator(f'.site.switch[data-site="{first}"]')
    pin.focus()
    page.keyboard.press("Enter")
    on = np.isin(np.arange(len(switches.may)), switches.sited.plan.sites[1:])
    assert figure(page, "覆盖人口", 3) == round(covered(city, on).served)
    page.locator("#what-if-undo").focus()
    page.keyboard.press("Enter")
    assert figure(page, "覆盖人口", 4) == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_cut_off_on_a_projector(page, city, language):
    page.locator(f'[data-language="{language}"]').click()
    for tab in page.locator("#tabs [role=tab]:visible").all():
        tab.click()
        cut = page.evaluate(
            """() => [...document.querySelectorAll("#panel :is(button, th, td, p, li, dd)")]
                .filter((one) => one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1)
                .map((one) => one.textContent)"""
        )
        assert cut == []
