"""Today beside the plan on the map, at a line that mouse and keyboard move."""

import pytest

from planner import maps
from tests.browser import opened, review_town

pytestmark = pytest.mark.browser

# Of each pane that changes with the plan: whether the middle of the map, a hundred pixels left and right, is shown.
SHOWN = """() => {
    const { x, y } = map_city.getSize();
    const middle = map_city.containerPointToLayerPoint([x / 2, y / 2]);
    const shown = (name, away) => {
        const cut = getComputedStyle(map_city.getPane(name)).clipPath;
        if (cut === "none") return true;
        const across = [...cut.matchAll(/(-?[\\d.]+)px (-?[\\d.]+)px/g)].map((corner) => Number(corner[1]));
        return Math.min(...across) <= middle.x + away && middle.x + away <= Math.max(...across);
    };
    const sides = (name) => [name, [-100, 100].map((away) => shown(name, away))];
    return Object.fromEntries(["today", "people", "switches", "pins"].map(sides));
}"""
HALVES = {"today": [True, False], "people": [False, True], "switches": [False, True], "pins": [False, True]}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return maps.draw(review_town(), tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        page.locator("#both").click()
        yield page


def green(page, pane):
    """Pixels of a pane in the colour of who is newly covered, cut or not."""
    return page.evaluate(
        """(pane) => [...document.querySelectorAll(`.leaflet-${pane}-pane canvas`)].reduce((sum, canvas) => {
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 0; i < data.length; i += 4) {
                sum += data[i] === 0 && Math.abs(data[i + 1] - 0x9e) < 9 && data[i + 3] > 100;
            }
            return sum;
        }, 0)""",
        pane,
    )


def test_today_is_left_of_the_line_and_the_plan_right_of_it(page):
    assert page.evaluate(SHOWN) == HALVES
    page.wait_for_timeout(100)
    assert green(page, "people") > 500
    assert green(page, "today") == 0
    assert page.locator("#both").get_attribute("aria-pressed") == "true"
    assert page.locator("#before").get_attribute("aria-pressed") == "false"
    assert page.locator("#swipe span").all_text_contents() == ["现状", "规划后"]


def test_the_cut_stays_at_the_line_while_the_map_moves(page):
    page.evaluate("map_city.panBy([237, -51], { animate: false })")
    assert page.evaluate(SHOWN) == HALVES
    page.evaluate("map_city.zoomIn(1, { animate: false })")
    assert page.evaluate(SHOWN) == HALVES
    assert page.faults == []


def test_arrow_keys_and_the_mouse_move_the_line(page):
    line = page.locator("#swipe")
    centre = page.evaluate("map_city.getCenter().lng")
    assert page.evaluate("document.activeElement.id") == "swipe"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert line.get_attribute("aria-valuenow") == "56"
    page.keyboard.press("End")
    assert line.get_attribute("aria-valuenow") == "100"
    page.keyboard.press("PageDown")
    assert line.get_attribute("aria-valuenow") == "90"
    box, board = line.bounding_box(), page.locator(".folium-map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, 300)
    page.mouse.down()
    page.mouse.move(board["x"] + board["width"] / 4, 320, steps=3)
    page.mouse.up()
    assert line.get_attribute("aria-valuenow") == "25"
    assert page.evaluate("map_city.getCenter().lng") == centre
    assert page.faults == []


def test_one_of_the_two_is_shown_whole_again(page):
    page.locator('[data-standard="park-500"]').click()
    page.keyboard.press("b")
    assert not page.locator("#swipe").is_visible()
    assert all(all(sides) for sides in page.evaluate(SHOWN).values())
    assert page.locator("#before").get_attribute("aria-pressed") == "true"
    assert page.locator(".leaflet-today-pane canvas").count() == 0
    assert page.faults == []
