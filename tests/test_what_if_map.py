"""The what-if of the review map: its figures are the library's to the person, whatever is switched."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from ruamel.yaml import YAML

from planner import maps
from planner.by_walker import at_doors
from planner.coverage import measure_coverage
from planner.maps.what_if import numbers, steps
from planner.reach import measure_reach
from planner.run import run_scenario
from planner.scenario import load
from planner.what_if_sites import AS_ASKED, not_switched, switches_of
from tests.browser import HOSTILE, opened
from tests.commands import planner

# Streets every 0.0015° (139 m by 166 m), nine by nine; a park in the middle, 150 homes and 24 plots anywhere.
WEST, SOUTH, STEP, LINES = 114.640, 33.620, 0.0015, 9
PARK = [(114.6455, 33.6255), (114.6461, 33.6255), (114.6461, 33.6261), (114.6455, 33.6261)]
LAYER = (
    "{file: plots.csv, id: id, name: name, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 2000, assumption: Surveyed.}"
)
TOWN = f"""\
title: {{en: A town to try, zh: 小镇}}
city: town.osm
demand:
  layer:
    file: homes.csv
    id: id
    lon: lon
    lat: lat
    crs: EPSG:4326
    people: people
    groups: {{old: old}}
    base: residents
  units: {{file: units.geojson, id: id, name: name}}
standards:
  measure: [green-300]
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 4
    candidates: {LAYER}
    cost: {{fixed: 1000, per_m2: 2, assumption: Made up.}}
    budget: 25000
    forbid: [plot 3]
  - question: site_services
    candidates: {LAYER}
    services:
      - {{standard: eldercare-centre-1000, new_sites: 1, people: {{old: 1}}}}
      - {{standard: eldercare-15min, new_sites: 2, people: {{old: 1.5}}}}
"""


def osm():
    """The streets and the park, as OpenStreetMap writes them."""
    corners = [(WEST + STEP * column, SOUTH + STEP * row) for row in range(LINES) for column in range(LINES)]
    along = [[LINES * row + column for column in range(LINES)] for row in range(LINES)]
    across = [[LINES * row + column for row in range(LINES)] for column in range(LINES)]
    park = [*range(len(corners), len(corners) + 4), len(corners)]
    stamp = 'version="1" timestamp="2026-01-31T00:00:00Z"'
    lines = [f'<node id="{i + 1}" lon="{x:.4f}" lat="{y:.4f}" {stamp}/>' for i, (x, y) in enumerate(corners + PARK)]
    ways = [(way, 'k="highway" v="residential"') for way in along + across] + [(park, 'k="leisure" v="park"')]
    for number, (way, tag) in enumerate(ways, 1):
        refs = "".join(f'<nd ref="{node + 1}"/>' for node in way)
        lines.append(f'<way id="{number}" {stamp}>{refs}<tag {tag}/></way>')
    return "\n".join(['<osm version="0.6" generator="pencil">', *lines, "</osm>"])


def units():
    """Two halves, the eastern one with the bad name."""

    def half(name, west, east):
        ring = [[west, 33.61], [east, 33.61], [east, 33.64], [west, 33.64], [west, 33.61]]
        return {
            "type": "Feature",
            "properties": {"id": name[:4], "name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    return json.dumps(
        {"type": "FeatureCollection", "features": [half("西区", 114.63, 114.646), half(HOSTILE, 114.646, 114.66)]}
    )


def write_town(path, scenario=TOWN):
    """The files of the town, and a scenario that asks about it."""
    rng = np.random.default_rng(5)
    lon, lat = (rng.uniform(low, low + STEP * (LINES - 1), 174) for low in (WEST, SOUTH))
    people, old = rng.integers(1, 90, 150), rng.integers(0, 9, 150)
    homes = [f"h{i},{lon[i]:.6f},{lat[i]:.6f},{people[i] + old[i]},{old[i]}" for i in range(150)]
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    plots = [f"plot {i},{quoted if i == 1 else ''},{lon[150 + i]:.6f},{lat[150 + i]:.6f}" for i in range(24)]
    for name, text in {
        "town.osm": osm(),
        "units.geojson": units(),
        "homes.csv": "\n".join(["id,lon,lat,people,old", *homes]),
        "plots.csv": "\n".join(["id,name,lon,lat", *plots]),
        "town.yaml": scenario,
    }.items():
        (path / name).write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("what-if"))


@pytest.fixture(scope="module")
def run(folder):
    return run_scenario(load(folder / "town.yaml"))


@pytest.fixture(scope="module")
def path(run, folder):
    return maps.draw(run, folder / "map.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        page.locator("#tab-what-if").click()
        yield page
        assert page.faults == []


def covered(run, switches, on, limit, *, beside=None):
    """Who is covered with these candidates on at one of the limits, by coverage, which knows of no switches."""
    sited, put = switches.sited, switches.put
    rule = replace(sited.standard, limit=switches.limits[limit])
    stands = run.facilities[rule.service] if beside is None else beside
    stands = at_doors(stands, rule.profile, max_access_m=200)
    more = replace(put.candidates.kept(on), ids=np.char.add("new ", put.candidates.ids[on]))
    sites = stands.joined(more)
    reach = measure_reach(put.demand, sites, **rule.walk)
    return measure_coverage(reach, put.demand, rule, open=sites.at_least(rule.min_area_m2))


def planned(switches):
    return np.isin(np.arange(len(switches.may)), switches.sited.plan.sites)


def test_with_its_sites_on_a_plan_covers_whom_the_run_says(run):
    assert [each.sited.standard.id for each in run.switches] == [
        "green-300",
        "eldercare-centre-1000",
        "eldercare-15min",
    ]
    measured = {each.standard.id: each for each in run.measured}
    for switches in run.switches:
        of = measured[switches.sited.standard.id]
        assert (switches.covered(planned(switches), AS_ASKED) == of.after.covered).all()
        assert ((switches.today <= AS_ASKED) == of.before.covered).all()
        assert switches.limits[AS_ASKED] == switches.sited.standard.limit


def test_whatever_is_on_coverage_finds_the_same_at_every_limit(run):
    rng = np.random.default_rng(1)
    green = run.switches[0]
    for limit in range(len(green.limits)):
        on = rng.random(len(green.may)) < 0.3
        assert (green.covered(on, limit) == covered(run, green, on, limit).covered).all()


def test_parcels_of_other_plans_may_not_be_switched(run):
    green, centre, station = run.switches
    ids = green.put.candidates.ids
    opened_by = [set(each.sited.plan.opened) for each in run.switches]
    assert set(ids[green.taken]) == opened_by[1] | opened_by[2]
    assert set(centre.put.candidates.ids[centre.taken]) == opened_by[2]
    assert not (station.may & station.taken).any()


def test_a_plan_of_too_many_pairs_has_no_switches_and_the_run_says_so(run, monkeypatch):
    pairs = [each.put.to_candidates.columns.pairs for each in run.switches]
    monkeypatch.setattr("planner.what_if_sites.MOST_PAIRS", pairs[0] + pairs[2])
    kept = [each.sited for each in switches_of(run.scenario, run.plans, run.facilities, run.facilities)]
    assert [each.standard.id for each in kept] == ["green-300", "eldercare-15min"]
    (said,) = not_switched(run.plans)
    assert f"{pairs[1]:,} pairs" in said


def test_numbers_take_as_many_characters_as_they_need():
    assert numbers(np.array([0, 1, 31, 32, 33, 1023, 1024])) == "01OP1Q1oOPP1"
    assert steps(np.array([0, 14, -1, -14])) == "0>?2"


def figure(page, row, column):
    """A figure of the table: of the row so called, today (1), of the plan (2), of what is tried (3), the change (4)."""
    cell = page.locator("#what-if-compare tbody tr", has_text=row).first.locator("th, td").nth(column)
    return int(re.sub("[^0-9-]", "", cell.text_content().replace("−", "-")))


def switch(page, site):
    """One candidate on or off, by its box in the table."""
    page.locator("#what-if-filter").fill(site)
    page.locator(f'#what-if-sites [data-candidate="{site}"] input').click()
    page.locator("#what-if-filter").fill("")


def slide(page, what, value):
    page.evaluate(
        "([id, value]) => { const slider = document.getElementById(id); slider.value = value; "
        "slider.dispatchEvent(new Event('input')); }",
        [f"what-if-{what}", value],
    )


def test_sites_switched_at_random_cover_whom_the_library_says(page, run):
    rng = np.random.default_rng(2)
    for number, switches in enumerate(run.switches):
        page.locator("#what-if-plan").select_option(str(number))
        on, ids = planned(switches), switches.put.candidates.ids
        beside = None
        if switches.sited.standard.id == "eldercare-15min":  # the centre of the plan is one of its own
            centre = run.switches[1]
            beside = run.facilities["eldercare"].joined(centre.put.candidates.kept(planned(centre)))
        assert figure(page, "覆盖人口", 3) == covered(run, switches, on, AS_ASKED, beside=beside).served
        may = switches.may & ~np.isin(ids, ["plot 3"])
        for site in rng.choice(np.flatnonzero(may), 5, replace=False):
            on[site] = not on[site]
            switch(page, ids[site])
            expected = covered(run, switches, on, AS_ASKED, beside=beside)
            assert figure(page, "覆盖人口", 3) == expected.served
            assert figure(page, "点位", 3) == on.sum()
        for limit in (0, 7, len(switches.limits) - 1):
            slide(page, "limit", limit)
            assert figure(page, "覆盖人口", 3) == covered(run, switches, on, limit, beside=beside).served
            today = covered(run, switches, np.zeros(len(on), bool), limit)
            assert figure(page, "覆盖人口", 1) == today.served


def test_the_map_the_legend_and_the_worst_unit_change_with_the_sites(page, run):
    green = run.switches[0]
    on = planned(green)
    first = green.sited.plan.sites[0]
    page.locator(f'.site.switch[data-site="{green.sited.plan.opened[0]}"]').click()
    on[first] = False
    now = covered(run, green, on, AS_ASKED)
    lost = green.covered(planned(green), AS_ASKED) & ~now.covered
    people = run.demand.people[:, 0]
    row = page.locator('#legend-states [data-state="lost"] b').text_content()
    assert int(row.split()[0].replace(",", "")) == people[lost].sum() > 0
    living, served = now.by_unit(run.demand)
    worst = (served[:2] / living[:2]).min()
    assert (
        f"{100 * worst:.1f}" in page.locator("#what-if-compare tr", has_text="最差").locator("td").nth(2).text_content()
    )
    change = page.locator("#what-if-said").text_content()
    assert f"−{people[lost].sum():,.0f} 人" in change
    page.locator("#before").click()
    assert page.locator('#legend-states [data-state="lost"]').count() == 0
    page.locator("#after").click()
    page.locator("#tab-overview").click()
    assert page.locator('#legend-states [data-state="newly"] b').count() == 1
    assert not page.locator(".site.switch").count()


def test_the_best_next_site_is_the_one_that_adds_most(page, run):
    green = run.switches[0]
    people, forbidden = run.demand.people[:, 0], green.put.candidates.ids == "plot 3"
    on = np.zeros(len(green.may), bool)
    page.locator("#what-if-none").click()
    for _ in range(5):
        here = green.covered(on, AS_ASKED)
        gains = [
            people[green.covered(on | (np.arange(len(on)) == j), AS_ASKED) & ~here].sum()
            if green.may[j] and not on[j] and not forbidden[j]
            else -1
            for j in range(len(on))
        ]
        on[int(np.argmax(gains))] = True
        page.locator("#what-if-next").click()
        assert figure(page, "覆盖人口", 3) == people[green.covered(on, AS_ASKED)].sum()
    greedy = figure(page, "覆盖人口", 3)
    page.locator("#what-if-back").click()
    assert figure(page, "覆盖人口", 4) == 0
    page.locator('[data-order="greedy"]').click()
    slide(page, "number", 5)
    assert figure(page, "覆盖人口", 3) == greedy
    page.locator('[data-order="planned"]').click()
    slide(page, "number", 2)
    on = np.isin(np.arange(len(on)), green.sited.plan.sites[:2])
    assert figure(page, "覆盖人口", 3) == people[green.covered(on, AS_ASKED)].sum()
    for _ in range(2):  # the slider, and the order
        page.locator("#what-if-undo").click()
    assert figure(page, "覆盖人口", 3) == greedy


def test_a_unit_whose_parcels_are_forbidden_has_no_site(page, run):
    green = run.switches[0]
    page.locator("#what-if-unit").select_option("0")
    on = planned(green) & (green.unit != 0)
    assert 0 < on.sum() < 4
    assert figure(page, "点位", 3) == on.sum()
    assert figure(page, "覆盖人口", 3) == covered(run, green, on, AS_ASKED).served
    page.locator('[data-order="greedy"]').click()
    slide(page, "number", 6)
    page.locator("#what-if-show").click()
    asked = YAML(typ="safe").load(page.locator("#what-if-text").input_value())["variants"]["what-if"]["siting.0"]
    inside = set(green.put.candidates.ids[green.unit == 0])
    assert not inside & set(asked["must_keep"])
    assert set(asked["forbid"]) == {*(inside - set(green.put.candidates.ids[green.taken])), "plot 3"}
    page.locator("#what-if-units button").click()
    assert page.locator("#what-if-units li").count() == 0


@pytest.mark.parametrize(("number", "limit"), [(0, AS_ASKED), (0, 12), (2, AS_ASKED)])
def test_what_is_exported_runs_and_finds_the_same_people(page, run, folder, number, limit):
    switches = run.switches[number]
    page.locator("#what-if-plan").select_option(str(number))
    slide(page, "limit", limit)
    on = planned(switches)
    drop, add = np.flatnonzero(on)[0], np.flatnonzero(switches.may & ~on)[4]
    for site in (drop, add):
        switch(page, switches.put.candidates.ids[site])
        on[site] = not on[site]
    with page.expect_download() as saved:
        page.locator("#what-if-save").click()
    text = saved.value.path().read_text("utf-8")
    expected = [int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", text.splitlines()[1])]
    scenario = folder / "again.yaml"
    scenario.write_text(TOWN + text[text.index("\nvariants:") :], "utf-8")
    again = run_scenario(load(scenario, variant="what-if"))
    plan = again.plans[0 if number == 0 else 1].plan
    assert set(plan.opened) == set(switches.put.candidates.ids[on])
    people = run.demand.people[switches.covered(on, limit, beside=switches.earlier), 0].sum()
    assert expected[:2] == [people, pytest.approx(plan.objective, abs=0.5)]
    measured = next(each for each in again.measured if each.standard.id == switches.sited.standard.id)
    assert measured.after.served == people
    assert measured.standard.limit == switches.limits[limit]


def test_the_command_runs_what_was_exported_and_covers_as_many_as_the_map_said(page, run, folder, tmp_path):
    (green, *_), rng = run.switches, np.random.default_rng(4)
    may = np.flatnonzero(green.may & ~np.isin(green.put.candidates.ids, ["plot 3"]))
    for site in rng.choice(may, 3, replace=False):
        switch(page, green.put.candidates.ids[site])
    people = figure(page, "覆盖人口", 3)
    with page.expect_download() as saved:
        page.locator("#what-if-save").click()
    scenario = folder / "as a user.yaml"
    scenario.write_text(f"{TOWN}\n{saved.value.path().read_text('utf-8')}", "utf-8")
    done = planner("run", scenario, "--variant", "what-if", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["coverage"]
    (row,) = [each for each in rows if (each["standard"], each["metric"]) == ("green-300", "walk")]
    assert row["after"] == people != run.measured[0].after.served


def test_it_is_used_with_the_keyboard_alone(page, run):
    green = run.switches[0]
    page.locator("#tab-overview").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#what-if").is_visible()
    page.locator("#what-if-limit").focus()
    page.keyboard.press("ArrowLeft")
    assert figure(page, "覆盖人口", 3) == covered(run, green, planned(green), AS_ASKED - 1).served
    page.locator("#what-if-undo").press("Enter")
    pin = page.locator(f'.site.switch[data-site="{green.sited.plan.opened[0]}"]')
    pin.focus()
    assert pin.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert pin.get_attribute("aria-pressed") == "false"
    assert figure(page, "点位", 3) == len(green.sited.plan.opened) - 1
    page.keyboard.press(" ")
    assert figure(page, "覆盖人口", 4) == 0
    box = page.locator("#what-if-sites .on input").first
    box.focus()
    page.keyboard.press(" ")
    assert page.evaluate("document.activeElement.type") == "checkbox"


def test_bad_names_are_words_here_too(page):
    page.locator('[data-language="en"]').click()
    page.locator("#what-if-unit").select_option(label=HOSTILE)
    page.locator("#what-if-filter").fill("plot 1")
    page.locator("#what-if-show").click()
    assert HOSTILE in page.locator('#what-if-sites [data-candidate="plot 1"]').text_content()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("#after").text_content() == "What if"
