"""The review map for everybody: by keyboard alone, at 200 %, on a phone, in grey, and without motion."""

import io

import numpy as np
import pytest
from PIL import Image

from planner import maps
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import opened, review_town
from tests.test_map_years import ASKED
from tests.test_school_seats import QUESTION
from tests.test_what_if_map import SOUTH, TOWN, WEST, write_town

pytestmark = pytest.mark.browser

TABS = ["overview", "sites", "what-if", "schools", "units", "sheets", "about"]
SCREENS = [(1366, 768), (683, 384), (390, 844)]  # an office screen, the same at 200 %, a phone
ROLL = f"""\
school,name,lon,lat,rooms,on_roll
old,老小学,{WEST + 0.004},{SOUTH + 0.004},9,400
new,新小学,{WEST + 0.008},{SOUTH + 0.009},9,400
"""
FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    one.dataset.walked = "";
    const { left, top, right, bottom, width, height } = one.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + height / 2);
    const style = getComputedStyle(one);
    return {
        what: `${one.tagName}#${one.id} ${one.textContent.trim().slice(0, 30)}`,
        within: one.role === "region"
            || (left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1),
        seen: one.role === "region" || one.contains(at),
        marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    };
}"""
PASSED_OVER = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex]")]
    .filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => !("walked" in one.dataset))
    .map((one) => `${one.tagName}#${one.id}`)"""
FROM_THE_START = """() => {
    for (const one of document.querySelectorAll("[data-walked]")) delete one.dataset.walked;
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}"""
SHADES = """() => {
    const grey = (fill) => {
        const ink = Object.assign(document.createElement("canvas"), { width: 24, height: 24 }).getContext("2d");
        ink.fillStyle = fill;
        ink.fillRect(0, 0, 24, 24);
        const { data } = ink.getImageData(0, 0, 24, 24);
        const luma = (i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
        return [...Array(576).keys()].map(luma);
    };
    let looks = null;
    map_city.eachLayer((layer) => { if (layer instanceof Places) looks = layer.looks; });
    const look = (name) => looks[Object.keys(STATES).indexOf(name)];
    return ["covered", "newly", "uncovered"].map(look).map(({ far, pattern }) => [grey(far), grey(pattern)]);
}"""
ROLES = {"region", "button", "tab", "radio", "checkbox", "combobox", "searchbox", "slider", "textbox", "link", "dialog"}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A town with everything: years, several services, alternatives, what-if, schools."""
    folder = tmp_path_factory.mktemp("access")
    asked = ASKED + QUESTION.replace("primary: 600", "primary: 2000")
    write_town(folder, TOWN[: TOWN.index("siting:")] + asked)
    (folder / "roll.csv").write_text(ROLL, "utf-8")
    return maps.draw(run_scenario(load(folder / "town.yaml")), folder / "map.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        yield page
        assert page.faults == []


def walk(page):
    """What Tab reaches from the start of the page until it leaves it."""
    page.evaluate(FROM_THE_START)
    reached = []
    while len(reached) < 500:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            return reached
        reached.append(focused)
    raise AssertionError("Tab never leaves the page")


def nameless(page):
    """Controls without a name, as a screen reader is given them."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [
        node["role"]["value"]
        for node in tree
        if not node.get("ignored")
        and node.get("role", {}).get("value") in ROLES
        and not node.get("name", {}).get("value", "").strip()
    ]


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_tab_reaches_every_control_in_sight_with_a_ring_and_a_name(browser, path, width, height):
    with opened(browser, path, width=width, height=height) as page:
        for tab in TABS:
            page.locator(f"#tab-{tab}").click()
            page.wait_for_timeout(100)
            reached = walk(page)
            assert len(reached) > 20
            for want in ("within", "seen", "marked"):
                assert [one["what"] for one in reached if not one[want]] == [], (tab, want)
            assert page.evaluate(PASSED_OVER) == []
            assert nameless(page) == []
        assert page.faults == []


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_tab_reaches_the_line_between_two_plans_and_what_to_choose(browser, path, width, height):
    with opened(browser, path, width=width, height=height) as page:
        page.locator("#both").click()
        reached = walk(page)
        assert [one["what"] for one in reached if not one["marked"]] == []
        assert page.evaluate(PASSED_OVER) == []
        assert nameless(page) == []
        page.locator("#swipe").focus()
        page.keyboard.press("Escape")
        assert page.locator("#after").get_attribute("aria-pressed") == "true"
        assert page.evaluate("document.activeElement.id") == "both"


@pytest.mark.parametrize(("width", "height"), SCREENS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_its_screen(browser, path, width, height, language):
    with opened(browser, path, width=width, height=height) as page:
        page.locator(f'[data-language="{language}"]').click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for tab in TABS:
            page.locator(f"#tab-{tab}").click()
            sheet = page.locator(f"#{tab}")
            assert sheet.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0, tab
            assert sheet.bounding_box()["x"] + sheet.bounding_box()["width"] <= width + 1


def test_at_200_per_cent_a_tab_has_more_than_half_the_height(browser, path):
    with opened(browser, path, width=683, height=384) as page:
        page.locator("#tab-what-if").click()
        page.locator("#panel").evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
        tabs = page.locator("#tabs").bounding_box()
        assert tabs["y"] >= 0  # they stay in sight
        assert 384 - tabs["y"] - tabs["height"] > 384 / 2


def test_the_first_tab_stop_leads_past_the_map(page):
    page.evaluate(FROM_THE_START)
    page.keyboard.press("Tab")
    assert page.locator("#skip").is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "tab-overview"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-about"
    page.keyboard.press("Home")
    assert page.locator("#overview").is_visible()


def test_a_card_opened_by_the_keyboard_takes_the_focus_and_escape_gives_it_back(page):
    page.locator("#map_city").focus()
    page.keyboard.press("Tab")
    pin = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup .card").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "dialog"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Escape")
    page.locator(".leaflet-popup").wait_for(state="detached")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == pin


def test_figures_that_change_are_told_to_who_cannot_see_them(page):
    for name in ("legend-states", "what-if-head", "year-figures", "school-totals"):
        assert page.locator(f"#{name}").get_attribute("aria-live") == "polite"
    page.locator("#search").fill("plot")
    assert page.locator("#found-said").text_content() == "找到 24 项"
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible()


def test_a_finger_has_room(browser, path):
    with opened(browser, path, width=390, height=844, has_touch=True, is_mobile=True) as page:
        for tab in TABS:
            page.locator(f"#tab-{tab}").tap()
            small = page.evaluate(
                """() => [...document.querySelectorAll("#panel button, #panel select, #panel input, #switch button")]
                    .filter((one) => one.checkVisibility())
                    .filter((one) => one.getBoundingClientRect().height < 24)
                    .map((one) => `${one.id} ${one.textContent}`)"""
            )
            assert small == [], tab
        page.locator("#tab-what-if").tap()
        page.locator("#what-if-sites input").first.tap()
        assert not page.locator("#what-if-undo").is_disabled()
        assert page.faults == []


def test_in_grey_the_three_states_are_three_shades_from_afar_and_patterns_close_by(browser, tmp_path):
    with opened(browser, maps.draw(review_town(), tmp_path / "town.html")) as page:
        covered, newly, uncovered = page.evaluate(SHADES)
    assert np.mean(newly[0]) + 20 < np.mean(covered[0]) < np.mean(uncovered[0]) - 20
    assert np.ptp(covered[1]) == 0  # plain
    assert min(np.std(newly[1]), np.std(uncovered[1])) > 15  # dotted, hatched


def test_who_wants_no_motion_gets_none(browser, path):
    with opened(browser, path, reduced_motion="reduce") as page:
        page.locator("#tab-sites").click()
        page.locator("#site-list button").first.click()
        assert page.locator(".leaflet-popup .card").count() == 1
        before = Image.open(io.BytesIO(page.locator(".folium-map").screenshot()))
        page.wait_for_timeout(400)
        after = Image.open(io.BytesIO(page.locator(".folium-map").screenshot()))
        assert np.abs(np.asarray(before, int) - np.asarray(after, int)).max(axis=2).mean() < 1
        assert page.faults == []
