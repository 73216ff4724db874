"""The review map in a real Chromium with the network off: what a reviewer sees and does."""

import re
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from planner import maps
from planner.maps.contents import contents_of
from planner.phasing import PhasedPlan, Year
from planner.plan import Plan
from planner.standards import standard
from tests.browser import HOSTILE, opened, review_town, with_two_plans

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town():
    return review_town()


@pytest.fixture(scope="module")
def path(town, tmp_path_factory):
    return maps.draw(town, tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        yield page
        assert page.faults == []


def people(page, state):
    """The people that the legend counts in a state, as a number; None where it does not list the state."""
    row = page.locator(f'#legend-states [data-state="{state}"] b')
    return int(row.text_content().split()[0].replace(",", "")) if row.count() else None


def painted(page, red, green, blue):
    """How many pixels of the canvases have about this colour."""
    return page.evaluate(
        """([r, g, b]) => [...document.querySelectorAll("canvas")].reduce((sum, canvas) => {
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 0; i < data.length; i += 4) {
                const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24;
                if (near && data[i + 3] > 100) sum += 1;
            }
            return sum;
        }, 0)""",
        [red, green, blue],
    )


def test_it_opens_without_a_request_and_without_a_complaint(page, town):
    assert page.locator("#title").text_content() == "手绘小镇"
    assert "800" in page.locator("#subtitle").text_content()
    assert "2026-01-31" in page.locator("#subtitle").text_content()
    assert "OpenStreetMap" in page.locator("#credit").text_content()
    assert page.locator(".leaflet-control-scale-line").is_visible()
    assert page.locator("#north").is_visible()


def test_a_made_up_city_says_so_on_screen_in_both_languages(page):
    banner = page.locator("#banner")
    assert banner.is_visible()
    assert "MADE-UP CITY" in banner.text_content()
    assert "虚构数据" in banner.text_content()


def test_the_map_says_of_which_people_data_rules_and_run_it_is(page, town):
    page.locator('[data-language="en"]').click()
    head = page.locator("#subtitle").text_content()
    assert f"Population {town.demand.total:,.0f} ({town.demand.base})" in head
    assert f"data of {town.data_date}" in head
    assert "rule-set P5" in head
    assert "gap 0.00 %" in page.locator("#plan").text_content()
    credit = page.locator("#credit").text_content()
    assert credit.endswith(f"{town.scenario.scenario} {town.stamp}")
    assert "Schematic; not a legal boundary · not to be published without a map review number" in credit
    page.locator("#tab-about").click()
    assert town.stamp in page.locator("#about").text_content()
    page.locator('[data-language="zh"]').click()
    page.locator("#tab-overview").click()
    assert "示意图，非法定边界 · 公开前须取得审图号" in page.locator("#credit").text_content()


def test_a_map_that_was_reviewed_tells_its_number_as_plain_text(browser, tmp_path):
    for number in ("豫S(2026)001号", HOSTILE):
        path = maps.draw(review_town(map_number=number), tmp_path / "reviewed.html")
        with opened(browser, path) as page:
            assert f"示意图，非法定边界 · 审图号 {number} · " in page.locator("#credit").text_content()
            assert "公开前须取得审图号" not in page.locator("#credit").text_content()
            page.locator("#tab-about").click()
            assert f"审图号 {number}" in page.locator("#about").text_content()
            assert page.evaluate("window.hacked") is None
            assert page.locator("img").count() == 0
            assert page.faults == []


def test_a_stamp_tells_runs_of_other_data_questions_and_software_apart(town):
    others = [
        replace(town, inputs={"town.osm.pbf": "f" * 64}),
        replace(town, versions={"planner": "0.2.0"}),
        replace(town, scenario=SimpleNamespace(**{**vars(town.scenario), "changes": ("siting.0.new_sites = 3",)})),
    ]
    assert len({town.stamp, *(other.stamp for other in others)}) == 4
    assert town.stamp == review_town().stamp


def test_a_real_city_carries_no_such_banner(browser, tmp_path):
    with opened(browser, maps.draw(review_town(synthetic=False), tmp_path / "real.html")) as page:
        assert not page.locator("#banner").is_visible()
        assert page.faults == []


def test_homes_are_painted_in_the_colours_of_the_legend(browser, path):
    with opened(browser, path) as page:  # Chromium grumbles about reading pixels, so its faults are not looked at
        assert painted(page, 0x00, 0x9E, 0x73) > 500
        page.locator("#before").click()
        page.wait_for_timeout(100)
        assert painted(page, 0x00, 0x9E, 0x73) == 0


def test_homes_without_an_outline_are_painted_as_dots(browser, town, tmp_path):
    bare = replace(town, demand=replace(town.demand, geometry=town.demand.geometry[:0]))
    with opened(browser, maps.draw(bare, tmp_path / "dots.html")) as page:
        assert painted(page, 0x00, 0x9E, 0x73) > 100
        page.locator('[data-standard="park-500"]').click()
        page.wait_for_timeout(100)
        assert painted(page, 0x00, 0x9E, 0x73) == 0
        assert not [fault for fault in page.faults if "getImageData" not in fault]


def test_it_opens_on_the_planned_standard_with_the_plan(page, town):
    measured = town.measured[0]
    assert people(page, "covered") == measured.before.served
    assert people(page, "newly") == measured.after.served - measured.before.served
    assert people(page, "uncovered") == measured.after.total - measured.after.served


def test_the_key_b_switches_between_today_and_the_plan(page, town):
    before = town.measured[0].before
    page.keyboard.press("b")
    assert page.locator("#before").get_attribute("aria-pressed") == "true"
    assert people(page, "newly") is None
    assert people(page, "uncovered") == before.total - before.served
    page.keyboard.press("b")
    assert people(page, "newly") == town.plans[0].plan.objective


def test_choosing_a_standard_changes_the_people_counted(page, town):
    page.locator('[data-standard="park-500"]').click()
    assert people(page, "covered") == town.measured[1].after.served
    assert page.locator("#switch-title").text_content() == "500米见园"


def test_a_click_on_a_site_shows_the_run_s_figures(page, town):
    plan = town.plans[0].plan
    page.locator(".site").first.click()
    card = page.locator(".leaflet-popup .card")
    assert card.get_attribute("data-site") == plan.opened[0]
    assert f"{plan.served[0]:,.0f} 人" in card.text_content()
    assert "700 米" in card.text_content()
    page.keyboard.press("Escape")
    card.wait_for(state="detached")


def test_a_click_on_a_candidate_tells_its_id(page, town):
    lon, lat = [step / 1e6 for step in contents_of(town)["plans"][0]["candidates"]["steps"][:2]]
    dot = page.evaluate(f"map_city.latLngToContainerPoint([{lat}, {lon}])")
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + dot["x"] + 2, box["y"] + dot["y"])
    card = page.locator('.leaflet-popup [data-candidate="way/C"]').text_content()
    assert "grass" in card
    assert "1,600 平方米" in card


def test_each_plan_has_its_heading_and_brings_its_standard(browser, town, tmp_path):
    with opened(browser, maps.draw(with_two_plans(town), tmp_path / "two.html")) as page:
        assert page.locator("#plan .plan", has_text="要求").count() == 1
        assert "要求 3 个" in page.locator("#plan .plan").nth(1).text_content()
        page.locator("#tab-sites").click()
        assert page.locator("#site-list h2").all_text_contents() == ["300米见绿", "500米见园"]
        assert page.locator("#site-list dt", has_text="所在单元").last.bounding_box()["height"] < 30  # one line
        assert page.locator(".site.other").count() == 1
        assert "为其他标准选定的点位" in page.locator("#legend").text_content()
        page.locator('#site-list [data-site="way/C"] button').click()
        page.locator('.leaflet-popup [data-site="way/C"]').wait_for()
        assert page.locator('[data-standard="park-500"]').get_attribute("aria-checked") == "true"
        assert page.locator(".site.other").count() == 2
        page.locator("#before").click()
        assert page.locator(".site.unbuilt").count() == 3
        assert "尚未建设" in page.locator("#legend").text_content()
        assert page.faults == []


def test_a_service_is_seen_from_afar_and_one_that_nobody_mapped_is_called_so(browser, town, tmp_path):
    rules = [standard(id) for id in ("school-15min", "eldercare-15min")]  # noqa: A001
    measured = tuple(replace(each, standard=rule) for each, rule in zip(town.measured, rules, strict=True))
    grounds = town.facilities["green"]
    mapped = {"school": grounds, "eldercare": grounds.kept(grounds.area_m2 < 0)}
    path = maps.draw(replace(town, measured=measured, facilities=mapped), tmp_path / "schools.html")
    with opened(browser, path) as page:  # its faults are not looked at, as above
        assert page.locator("#standards button", has_text="只说明未收录").count() == 1
        assert "只说明未收录" in page.locator('[data-standard="eldercare-15min"]').text_content()
        page.evaluate("map_city.setZoom(13, { animate: false })")
        page.wait_for_timeout(200)
        assert painted(page, 0x7B, 0x3F, 0x73) > 30


def test_a_site_in_the_list_flies_there_and_opens_its_card(page, town):
    page.locator("#tab-sites").click()
    page.locator("#site-list button").nth(1).click()
    card = page.locator(".leaflet-popup .card")
    card.wait_for()
    assert card.get_attribute("data-site") == town.plans[0].plan.opened[1]
    assert "> 2 km" in card.text_content()


def test_the_map_is_used_with_the_keyboard_alone(page, town):
    page.locator("#tab-overview").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#sites").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    card = page.locator(".leaflet-popup .card")
    card.wait_for()
    assert card.get_attribute("data-site") == town.plans[0].plan.opened[0]
    page.locator("#tab-overview").press("Enter")
    page.locator('[data-standard="green-300"]').focus()
    page.keyboard.press("ArrowDown")
    assert people(page, "covered") == town.measured[1].after.served


def test_the_table_sorts_by_the_column_clicked(page, town):
    page.locator("#tab-units").click()
    rows = page.locator("#unit-table tbody tr")
    counted = dict(zip(town.demand.units.ids, town.measured[0].after.by_unit(town.demand)[0], strict=False))
    by_people = sorted(counted, key=lambda unit: -counted[unit])
    page.locator('[data-column="people"] button').click()
    assert [rows.nth(i).get_attribute("data-unit") for i in range(2)] == by_people
    page.locator('[data-column="people"] button').click()
    assert [rows.nth(i).get_attribute("data-unit") for i in range(2)] == by_people[::-1]
    assert page.locator('[data-column="people"]').get_attribute("aria-sort") == "ascending"


def test_the_table_adds_up_to_the_city(page, town):
    page.locator("#tab-units").click()
    figures = [
        [int(cell.replace(",", "")) for cell in row.locator("td").all_text_contents() if "." not in cell]
        for row in page.locator("#unit-table tbody tr, #unit-table tfoot tr").all()
    ]
    measured = town.measured[0]
    assert figures[-1] == [measured.after.total, measured.before.served, measured.after.served]
    assert [sum(column) for column in zip(*figures[:-1], strict=True)] == figures[-1]
    outside, total = page.locator("#unit-table tfoot tr").all()
    assert "不在任何单元内" in outside.text_content()
    assert "合计" in total.text_content()


def test_a_chinese_name_finds_its_row(page):
    page.locator("#tab-units").click()
    page.locator("#unit-filter").fill("河东")
    assert page.locator("#unit-table tbody tr").count() == 1
    assert page.locator("#unit-table tbody th").text_content() == "河东社区"
    assert page.locator("#unit-table tfoot").text_content().startswith("合计")
    page.locator("#unit-filter").fill("nowhere")
    assert page.locator("#unit-rest").text_content() == "没有匹配的单元"
    assert page.locator("#unit-table tfoot tr").count() == 1


def test_a_row_flies_to_its_unit(page):
    page.locator("#tab-units").click()
    east = page.locator("#unit-table tbody tr", has_text="河东社区")
    before = page.evaluate("map_city.getCenter().lng")
    east.locator("th").click()
    page.wait_for_timeout(1000)
    assert page.evaluate("map_city.getCenter().lng") > before
    button = page.locator("#whole-city")
    assert button.get_attribute("aria-label") == "全城"
    button.press("Enter")
    assert page.evaluate("map_city.getCenter().lng") == pytest.approx(before)


def test_a_reviewer_sees_every_rule_set_and_opens_what_falls_short(page, town):
    page.click("#tab-sheets")
    sheet = page.locator('[data-sheet="rule_sets"]')
    rows = sheet.locator("tbody tr:not(.behind)")
    assert rows.count() == len(town.rule_sets)
    for row, shown in zip(town.rule_sets, rows.all(), strict=True):
        cells = shown.locator("th, td").all_text_contents()
        assert cells[0].startswith(row.rules.id)
        assert cells[-1] == f"{row.chosen - len(row.chosen_short)} / {row.chosen}"
        shares = [float(share) for share in re.findall(r"[\d.]+(?=\s%)", cells[1])]
        was, now = (served / row.on_foot.total for served in (row.on_foot.served_before, row.on_foot.served_after))
        assert shares == pytest.approx([100 * share for share in dict.fromkeys([was, now])], abs=0.051)
    short = next(row for row in town.rule_sets if row.chosen_short)
    first = sheet.locator("details").first
    first.locator("summary").click()
    assert first.locator("li").count() == len(short.chosen_short)
    page.click('[data-language="en"]')
    assert str(short.chosen_short[0]) in first.locator("li").first.text_content()


def test_the_page_speaks_both_languages(page):
    page.locator('[data-language="en"]').click()
    assert page.locator("#title").text_content() == "A drawn town"
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Proven best" in page.locator("#plan").text_content()
    page.locator('[data-language="zh"]').click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert "已证明最优" in page.locator("#plan").text_content()


def test_a_plan_that_was_stopped_says_what_may_be_missing(browser, tmp_path):
    path = maps.draw(review_town(ending="stopped", language="en"), tmp_path / "stopped.html")
    with opened(browser, path) as page:
        assert "at most 40 people more" in page.locator("#plan .stopped").text_content()


def test_a_plan_over_years_is_told_by_its_years(browser, town, tmp_path):
    sited, *others = town.plans
    many = {f.name: getattr(sited.plan, f.name) for f in fields(Plan)}
    years, order = (Year("2022", 1), Year("2023", 2)), np.minimum(np.arange(len(sited.plan.sites)), 1)
    best = PhasedPlan(**{**many, "objective": 70.0, "bound": 75.0, "ending": "stopped"}, years=years, year=order)
    asked = SimpleNamespace(**vars(town.scenario), siting=(None,) * len(town.plans))  # by hand, and by no question
    over_years = replace(town, scenario=asked, plans=(replace(sited, phased=best), *others))
    path = maps.draw(over_years, tmp_path / "years.html")
    with opened(browser, path) as page:
        assert "5 人年" in page.locator("#plan .ending.stopped").first.text_content()
        assert "编号按开放年份" in page.locator("#legend").text_content()
        page.locator("#tab-sites").click()
        cards = page.locator("#site-list li.card").all_text_contents()
        assert "2022 · 第 1 期" in cards[0]
        assert "2023 · 第 2 期" in cards[1]
        assert page.faults == []


def test_hostile_names_are_words_and_nothing_else(browser, tmp_path):
    path = maps.draw(review_town(hostile=True), tmp_path / "hostile.html")
    with opened(browser, path) as page:
        page.locator(".site").first.click()
        for tab in ("sites", "units", "about", "overview"):
            page.locator(f"#tab-{tab}").click()
        page.locator('[data-language="en"]').click()
        page.wait_for_timeout(100)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert "<img src=x onerror" in page.locator("#title").text_content()
        assert "{{ 7*7 }}" in page.title()
        assert page.faults == []


def test_an_old_browser_is_told_so_in_plain_words(browser, path):
    context = browser.new_context(offline=True)
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(path.as_uri())
    assert "too old" in page.locator("#veil").text_content()
    assert "浏览器版本过旧" in page.locator("#veil").text_content()
    context.close()


def test_a_file_cut_short_says_that_it_is_incomplete(browser, path, tmp_path):
    whole = path.read_text("utf-8")
    start = whole.index('type="text/plain">') + len('type="text/plain">')
    (tmp_path / "cut.html").write_text(whole[: start + 400] + whole[whole.index("</script>", start) :], "utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "cut.html").as_uri())
    page.get_by_text("cannot be read").wait_for(timeout=8000)
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844), (683, 384)])
def test_nothing_runs_off_the_screen(browser, path, width, height):
    with opened(browser, path, width=width, height=height) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = {id: page.locator(f"#{id}").bounding_box() for id in ("switch", "legend", "north", "credit", "panel")}  # noqa: A001
        for box in boxes.values():
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width + 1
            assert box["y"] + box["height"] <= height + 1
        assert page.faults == []


def test_on_a_phone_the_panel_folds_away_from_the_map(browser, path):
    with opened(browser, path, width=390, height=844) as page:
        before = page.locator(".folium-map").bounding_box()["height"]
        page.locator("#fold").click()
        assert page.locator(".folium-map").bounding_box()["height"] > 1.3 * before
        assert page.locator("#fold").get_attribute("aria-expanded") == "false"
