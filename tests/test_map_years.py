"""The years of a plan on a slider: coverage finds the same people in each, and the map tells what the ledgers tell."""

import csv
import io
import json

import pytest

from planner import maps, report
from planner.ledgers import TABLES
from planner.plans_beside import YEAR
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import covered, opened
from tests.test_what_if_map import LAYER, TOWN, write_town

PARK = "way/19"
ASKED = """\
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 5
    candidates: %(layer)s
    cost: {fixed: 1000, per_m2: 2, assumption: Made up.}
    years: [{name: "2025", new_sites: 2}, {name: "2026", new_sites: 2}, {name: "2027", new_sites: 1}]
    closes: {%(park)s: "2026"}
  - question: site_services
    candidates: %(layer)s
    services:
      - {standard: eldercare-centre-1000, new_sites: 1}
      - {standard: eldercare-15min, new_sites: 3, years: [{name: "<b>I</b>", new_sites: 1}, {name: II, new_sites: 2}]}
""" % {"layer": LAYER, "park": PARK}  # noqa: UP031  (braces are YAML's)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    scenario = TOWN[: TOWN.index("siting:")] + ASKED
    return run_scenario(load(write_town(tmp_path_factory.mktemp("years"), scenario) / "town.yaml"))


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    return maps.draw(run, tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        page.locator("[data-language=en]").click()
        yield page
        assert page.faults == []


def by_year(run, number):
    return [each for each in run.beside if (each.kind, each.standard.id) == (YEAR, run.plans[number].standard.id)]


def test_in_each_year_those_are_covered_whom_its_sites_and_what_still_stands_reach(run):
    green, centre, station = run.plans
    for number, (year, each) in enumerate(zip(green.phased.years, by_year(run, 0), strict=True)):
        closed = [PARK] if number >= 1 else []
        alone = covered(run, green, green.phased.open_in(year.name), without=closed)
        assert (each.covered == alone.covered).all()
        before = covered(run, green, ()).served
        assert each.people - before == pytest.approx(green.phased.newly_served[number])
        assert each.cost == 5000 * len(green.phased.open_in(year.name))
    for number, (year, each) in enumerate(zip(station.phased.years, by_year(run, 2), strict=True)):
        stands = covered(run, station, centre.plan.opened)
        open_by_then = {*station.phased.open_in(year.name)}
        assert each.people == covered(run, station, {*centre.plan.opened} | open_by_then).served
        assert each.people - stands.served == pytest.approx(station.phased.newly_served[number])
        assert {*each.dropped} == {*station.plan.opened} - open_by_then


def test_the_last_year_is_the_plan(run):
    measured = {each.standard.id: each for each in run.measured}
    for number in (0, 2):
        last = by_year(run, number)[-1]
        assert (last.covered == measured[last.standard.id].after.covered).all()
        assert last.dropped == ()


def figures(page):
    terms = page.locator("#year-figures dt").all_text_contents()
    return dict(zip(terms, page.locator("#year-figures dd").all_text_contents(), strict=True))


def phases(run, standard):
    """The rows of the years of a plan in phases.csv: name, sites and people."""
    rows = [row for row in csv.DictReader(io.StringIO(TABLES["phases.csv"](run))) if row["standard"] == standard]
    own = [row for row in rows if row["way"] == rows[0]["way"] and not row["site"] and row["year"] != "all years"]
    return [(row["year"], int(row["sites"]), float(row["people"])) for row in own]


@pytest.mark.browser
def test_each_year_tells_what_phases_csv_and_run_json_tell(page, run):
    record = json.loads(report.record_text(run))
    for standard in ("green-300", "eldercare-15min"):
        page.locator(f'[data-standard="{standard}"]').click()
        slider = page.locator("#year")
        slider.focus()
        page.keyboard.press("Home")
        (today,) = (
            one["before"] for one in record["coverage"] if (one["standard"], one["metric"]) == (standard, "walk")
        )
        assert figures(page)["People covered"].startswith(f"{today:,} ·")
        assert page.locator("#before").get_attribute("aria-pressed") == "true"
        years = [each for each in record["alternatives"] if (each["standard"], each["kind"]) == (standard, "year")]
        service = next(each.standard.service for each in run.plans if each.standard.id == standard)
        money = [row for row in record["budget"] if row["what"] == service and row["year"] != "all years"]
        sited = 0
        told = zip(phases(run, standard), years, money, strict=True)
        for number, ((name, sites, newly), covered_then, spent) in enumerate(told, 1):
            page.keyboard.press("ArrowRight")
            assert slider.input_value() == f"{number}"
            assert page.locator("#year-name").text_content() == name.removeprefix("'")
            sited += sites
            shown = figures(page)
            assert shown["People covered"] == f"{covered_then['people']:,} · {100 * covered_then['share']:.1f} %"
            sign = "+" if newly > 0 else "−" if newly < 0 else ""
            assert shown["More than today"] == f"{sign}{abs(newly):,.0f}"
            assert (
                shown["Sites that open"]
                == f"{sites}, so far {sited} / {covered_then['sites'] + len(covered_then['dropped'])}"
            )
            if spent["cost"] is not None:
                cost, so_far = (f"{spent[key] / 1e6:.3f}".rstrip("0").rstrip(".") for key in ("cost", "so_far"))
                assert shown["Cost, million"] == f"{cost}, so far {so_far}"
            assert page.locator(".site:not(.other):visible").count() == sited
            legend = {
                row.get_attribute("data-state"): int(row.locator("b").text_content().split()[0].replace(",", ""))
                for row in page.locator("#legend-states li").all()
            }
            assert legend["covered"] + legend.get("newly", 0) == covered_then["people"]
            assert sum(legend.values()) == run.demand.total
        assert page.locator("#after").get_attribute("aria-pressed") == "true"


@pytest.mark.browser
def test_the_slider_follows_the_switch_and_leaves_where_something_else_is_shown(page):
    page.locator('[data-standard="green-300"]').click()
    slider = page.locator("#year")
    assert slider.input_value() == "3"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#legend-of").text_content() == " · by 2025"
    assert page.locator("#after").get_attribute("aria-pressed") == "false"
    assert slider.get_attribute("aria-valuetext").startswith("2025: People covered ")
    page.locator("#before").click()
    assert slider.input_value() == "0"
    page.locator("#after").click()
    assert slider.input_value() == "3"
    page.locator("#both").click()
    assert not page.locator("#years").is_visible()
    assert page.locator('#beside-right optgroup[label="Years"] option').count() == 3
    page.locator("#after").click()
    assert page.locator("#years").is_visible()
    page.locator("#tab-what-if").click()
    assert not page.locator("#years").is_visible()
    page.locator("#tab-overview").click()
    page.locator('[data-standard="eldercare-centre-1000"]').click()
    assert not page.locator("#years").is_visible()


@pytest.mark.browser
def test_a_site_of_a_later_year_is_flown_to_when_it_is_open(page):
    page.locator('[data-standard="green-300"]').click()
    page.locator("#year").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator(".site:not(.other):visible").count() == 2
    page.locator("#tab-sites").click()
    page.locator("#site-list section").first.locator(".card button").nth(4).click()
    page.locator(".leaflet-popup [data-site]").wait_for()
    assert page.locator("#year").input_value() == "3"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 390])
def test_the_slider_hides_no_card(browser, path, width):
    with opened(browser, path, width=width, height=800) as page:
        page.locator('[data-standard="green-300"]').click()
        for number in range(2):
            page.locator("#tab-sites").click()
            page.locator("#site-list section").first.locator(".card button").nth(number).click()
            card = page.locator(".leaflet-popup")
            card.wait_for()
            page.wait_for_timeout(600)  # the map makes room
            box, slider, board = (
                page.locator(name).bounding_box() for name in (".leaflet-popup", "#years", ".folium-map")
            )
            assert box["y"] >= board["y"]
            assert slider is None or box["x"] >= slider["x"] + slider["width"]
            assert (slider is None) == (width == 390)
            page.keyboard.press("Escape")
            card.wait_for(state="detached")
            assert page.locator("#years").is_visible()
            if width == 390:
                page.locator("#fold").click()
        assert page.faults == []
