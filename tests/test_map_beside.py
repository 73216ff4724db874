"""Other plans beside the plan: coverage finds the same people, and the map shows them left and right of its line."""

import json

import pytest

from planner import maps, report
from planner.ledgers import SHEETS, TABLES
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import covered, opened
from tests.test_map_swipe import SHOWN
from tests.test_what_if_map import LAYER, TOWN, write_town

ASKED = """\
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 4
    candidates: %(layer)s
    cost: {fixed: 1000, per_m2: 2, assumption: Made up.}
    forbid: [plot 3]
    examine:
      replacements: true
      force_in: [plot 0, plot 5, plot 7]
      others: {within: 0.9, differ_by: 2, most: 3}
      sensitivity: {limit: [0.8]}
      frontier: {new_sites: [2, 6]}
  - question: site_services
    candidates: %(layer)s
    services:
      - {standard: eldercare-centre-1000, new_sites: 1, people: {old: 1}}
      - {standard: eldercare-15min, new_sites: 2, people: {old: 1.5}}
    examine:
      others: {within: 0.9, differ_by: 1, most: 2}
  - question: cover_most_people
    standard: community-15min
    new_sites: 2
    candidates: %(layer)s
    fairness: {by: most, beside: [worst]}
""" % {"layer": LAYER}  # noqa: UP031  (braces are YAML's)
WORKED_OUT = {"other", "replacement", "forced", "assumption", "sites"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    scenario = TOWN[: TOWN.index("siting:")] + ASKED
    return run_scenario(load(write_town(tmp_path_factory.mktemp("beside"), scenario) / "town.yaml"))


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    return maps.draw(run, tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        page.locator("#both").click()
        yield page
        assert page.faults == []


def of(run, standard):
    return [each for each in run.beside if each.standard.id == standard]


def test_every_other_plan_covers_whom_coverage_finds_and_costs_what_its_sites_cost(run):
    sited = run.plans[0]
    found = of(run, "green-300")
    assert {each.kind for each in found} == WORKED_OUT | {"today", "plan"}
    for each in found:
        sites = () if each.kind == "today" else ({*sited.plan.opened} - {*each.dropped}) | {*each.added}
        alone = covered(run, sited, sites)
        assert (each.covered == alone.covered).all()
        assert each.people == alone.served
        people, served = alone.by_unit(run.demand)
        assert each.worst_share == (served[:2] / people[:2]).min()
        assert each.sites == len(sites)
        assert each.cost == (None if each.kind == "today" else 5000.0 * len(sites))
    planned = next(each for each in found if each.kind == "plan")
    for rank, other in enumerate(sited.examined.others, 1):
        (each,) = (each for each in found if (each.kind, each.of) == ("other", f"{rank}"))
        assert planned.people - each.people == other.worse_than(sited.plan)
    for other in sited.examined.replacements:
        (each,) = (each for each in found if (each.kind, each.of) == ("replacement", other.site))
        assert (other.site in each.dropped, other.by in each.added) == (True, True)
        assert planned.people - each.people == other.worse


def test_the_other_plans_of_several_services_change_all_of_them(run):
    centre, station = run.plans[1:3]
    others = [each for each in of(run, "eldercare-15min") if each.kind == "other"]
    assert len(others) == len(centre.examined.others) == 2
    for each, other in zip(others, centre.examined.others, strict=True):
        both = [*other.sites_of("eldercare-centre"), *other.sites_of("eldercare")]
        assert (each.covered == covered(run, station, both).covered).all()
        assert {*each.added} == {*other.sites_of("eldercare")} - {*station.plan.opened}
        assert {*each.dropped} == {*station.plan.opened} - {*other.sites_of("eldercare")}


def test_an_idea_of_fairness_stands_beside_the_plan_where_its_sites_differ(run):
    sited = run.plans[3]
    worst = sited.fairness.of("worst")
    found = [each for each in of(run, "community-15min") if each.kind == "fairness"]
    assert len(found) == ({*worst.plan.opened} != {*sited.plan.opened})
    assert all(each.people == worst.spread.served for each in found)


def test_the_record_the_table_and_the_sheet_say_the_same(run):
    record = json.loads(report.record_text(run))["alternatives"]
    assert [each["people"] for each in record] == [each.people for each in run.beside]
    text = TABLES["alternatives.csv"](run)
    (sheet,) = (found for sheet_of in SHEETS if (found := sheet_of(run)) and found.id == "alternatives")
    assert len(text.splitlines()) - 1 == len(sheet.rows)
    shown = [each for each in record if of(run, each["standard"])[2:]]
    assert [row[3] for row in sheet.rows] == [each["people"] for each in shown]
    assert "without plot" in text
    assert "every" not in sheet.title["en"]


def figures(page):
    """The table of both sides, row by row."""
    rows = page.locator("#beside-table tbody tr").all()
    return {row.locator("th").text_content(): row.locator("td").all_text_contents() for row in rows}


def choose(page, side, title):
    page.locator(f"#beside-{side}").select_option(label=title)


@pytest.mark.browser
def test_two_plans_stand_left_and_right_of_the_line_with_their_figures(page, run):
    record = json.loads(report.record_text(run))["alternatives"]
    today, plan, *others = [each for each in record if each["standard"] == "green-300"]
    assert figures(page)["覆盖人口"][:2] == [f"{today['people']:,}", f"{plan['people']:,}"]
    page.locator("[data-language=en]").click()
    choose(page, "left", "the plan")
    for each in others:
        if each["kind"] != "other":
            continue
        choose(page, "right", f"next best plan {each['of']}")
        told = figures(page)
        people = each["people"] - plan["people"]
        assert told["People covered"] == [f"{plan['people']:,}", f"{each['people']:,}", f"−{-people:,}"]
        assert told["Sites"] == ["4", "4", "0"]
        assert told["Cost, million"] == ["0.02", "0.02", "0"]
        worst = [cell.split()[0] for cell in next(cells for row, cells in told.items() if row.startswith("Worst"))[:2]]
        assert worst == [f"{100 * one['worst_share']:.1f}" for one in (plan, each)]
        said = page.locator("#beside-sites").inner_text()
        assert all(site in said for site in (*each["dropped"], *each["added"]))
        legend = {
            row.get_attribute("data-state"): int(row.locator("b").text_content().split()[0].replace(",", ""))
            for row in page.locator("#legend-states li").all()
        }
        assert sum(legend.get(state, 0) for state in ("covered", "newly", "more")) == each["people"]
        assert sum(legend.values()) == run.demand.total
        pins = page.locator(".leaflet-right-sites-pane .site")
        assert pins.locator("..").locator(".added").count() == len(each["added"])
        assert page.locator(".leaflet-right-sites-pane .gone").count() == len(each["dropped"])
        assert page.locator(".leaflet-left-sites-pane .site").count() == 4
    sides = page.evaluate(SHOWN.replace('"pins"]', '"left-sites", "right-sites"]'))
    assert sides["left-sites"] == [True, False]
    assert sides["right-sites"] == [False, True]
    assert page.locator(".leaflet-pins-pane").evaluate("pane => getComputedStyle(pane).visibility") == "hidden"


@pytest.mark.browser
def test_a_choice_ends_with_the_comparison_and_knows_its_standard(page):
    page.locator("[data-language=en]").click()
    choose(page, "left", "next best plan 1")
    choose(page, "right", "today")
    assert page.locator("#swipe span").all_text_contents() == ["next best plan 1", "today"]
    assert page.locator('#legend-states [data-state="newly"]').count() == 0
    page.locator('[data-standard="community-15min"]').click()
    assert page.locator("#swipe span").first.text_content() == "today"
    page.locator("#tab-what-if").click()
    assert not page.locator("#beside").is_visible()
    assert page.locator("#swipe span").all_text_contents() == ["Today", "What if"]
    page.locator("#tab-overview").click()
    page.keyboard.press("b")
    assert not page.locator("#beside").is_visible()
    assert page.locator(".leaflet-left-sites-pane > *, .leaflet-right-sites-pane > *").count() == 0
    assert page.locator(".leaflet-pins-pane").evaluate("pane => getComputedStyle(pane).visibility") == "visible"


@pytest.mark.browser
def test_the_choice_is_made_by_keyboard_and_a_pin_tells_its_site(page):
    page.locator("#beside-right").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#beside-right").input_value().startswith("other")
    page.locator(".leaflet-right-sites-pane .added").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".leaflet-popup [data-candidate]").is_visible()
