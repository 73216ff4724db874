"""The card of a chosen site: why it is there, what would replace it, which rules count it, what it costs."""

import re
from dataclasses import replace

import numpy as np
import pytest

from planner import maps
from planner.run import run_scenario
from planner.scenario import load
from planner.tasks import Task, TaskLedger
from tests.browser import HOSTILE, opened, review_town
from tests.test_map_beside import ASKED
from tests.test_what_if_map import TOWN, write_town

pytestmark = pytest.mark.browser
TASKS = (
    Task("1", "西区", "城管局", "2026-01", "完成", done=True),
    Task("2", "西区", HOSTILE, "2026-02", "在建", done=False),
    Task("3", "西区", "城管局", "2026-03", "完成", done=True),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    scenario = TOWN[: TOWN.index("siting:")] + ASKED
    found = run_scenario(load(write_town(tmp_path_factory.mktemp("cards"), scenario) / "town.yaml"))
    return replace(found, tasks=TaskLedger(TASKS))


@pytest.fixture
def page(browser, run, tmp_path):
    with opened(browser, maps.draw(run, tmp_path / "town.html")) as page:
        page.locator("[data-language=en]").click()
        page.locator("#tab-sites").click()
        yield page
        assert page.faults == []


def card(page, plan, site):
    """What a card of the list tells, line by line, and the rules below it."""
    one = page.locator("#site-list section").nth(plan).locator(f'[data-site="{site}"]')
    terms, values = (one.locator(f"dl > {tag}").all_text_contents() for tag in ("dt", "dd"))
    return dict(zip(terms, values, strict=True)), one


def test_a_card_tells_why_a_site_is_there_and_what_would_replace_it(page, run):
    sited = run.plans[0]
    worth = {each.site: each for each in sited.examined.replacements}
    for rank, site in enumerate(sited.plan.opened, 1):
        told, one = card(page, 0, site)
        gained, only = (f"{amount[rank - 1]:,.0f} people" for amount in (sited.plan.served, sited.plan.only))
        why = one.locator(".why").text_content()
        assert why.startswith(f"{gained} gain “green within 300 m” here; {only} would lose it without this site.")
        assert told["Rank"] == f"{rank} of {len(sited.plan.opened)} by gain"
        assert (told["People gained"], told["Who have only this site"]) == (gained, only)
        lost = worth[site].worse
        assert told["Best replacement"] == f"{worth[site].by} ({f'−{lost:,.0f} people' if lost else '0'})"
        assert (told["Area"], told["Cost, million"]) == ("2,000 m²", "0.005")
        survives = f"{100 * sited.examined.survival.get(site, 0):.0f} %"
        assert told["Still chosen under other assumptions"] == survives
        unit = sited.unit_names[rank - 1]
        assert told["Lies in"] == unit
        assert told.get("Tasks done there") == ("2 / 3" if unit == "西区" else None)
        assert told.get("Responsible for tasks there") == (f"城管局, {HOSTILE}" if unit == "西区" else None)
    assert page.evaluate("window.hacked") is None


def test_a_card_tells_which_rules_count_a_site_with_their_clauses(page, run):
    sited = run.plans[0]
    for site in sited.plan.opened:
        _, one = card(page, 0, site)
        one.locator("summary").click()
        lines = one.locator(".rules-of-site li").all_text_contents()
        assert lines[0].startswith("✓ green within 300 m")
        for row, line in zip(run.rule_sets, lines[1:], strict=True):
            short = next((each for each in row.chosen_short if each.id == f"plan 1: {site}"), None)
            assert line.startswith(f"{'✗' if short else '✓'} {row.rules.id} ")
            assert short is None or str(short) in line
            assert row.rules.document in line
            assert row.rules.clause in {"-", ""} or row.rules.clause in line
    assert any(row.chosen_short for row in run.rule_sets)
    assert page.locator(".leaflet-popup").count() == 0  # opening the rules flies nowhere


def test_what_nobody_knows_has_no_line(browser, page, tmp_path):
    told, one = card(
        page, 1, page.locator("#site-list section").nth(1).locator("[data-site]").first.get_attribute("data-site")
    )
    assert not {"Best replacement", "Still chosen under other assumptions", "Cost, million", "Opens", "Kind"} & {*told}
    assert one.locator("summary").text_content() == "The rule it meets"
    town = review_town()
    units = replace(town, demand=replace(town.demand, units=None, unit=np.empty(0, np.int64)))
    with opened(browser, maps.draw(units, tmp_path / "plain.html")) as plain:
        plain.locator("#tab-sites").click()
        assert "所在单元" not in plain.locator("#site-list").text_content()


def test_no_line_of_a_card_is_empty(page, run):
    for value in page.locator("#site-list dd").all_text_contents():
        assert re.search(r"\w", value)
