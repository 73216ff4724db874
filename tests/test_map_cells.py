"""A city of too many homes is drawn in cells from afar, each split by the people in every state."""

import numpy as np
import pytest

from planner import maps
from planner.maps.contents import MOST_SHAPES, contents_of
from planner.maps.shapes import degrees
from planner.shown import states
from tests.browser import chromium, opened, review_town

pytestmark = pytest.mark.browser

WITHIN = np.linspace(5, 90, 24)  # homes stand closer than in any town; it is made up, and says so
EQUATOR_M = 40_075_016.7


@pytest.fixture(scope="module")
def town():
    return review_town(within=WITHIN.tolist())


@pytest.fixture(scope="module")
def path(town, tmp_path_factory):
    return maps.draw(town, tmp_path_factory.mktemp("maps") / "many.html")


@pytest.fixture(scope="module")
def page(path):
    with chromium() as browser, opened(browser, path) as page:
        yield page
        assert page.faults == []


def by_cell(town, side_m):
    """{(people covered, newly, uncovered)} of every cell, sorted: Web Mercator, counted with numpy."""
    lon, lat = np.radians(np.round(degrees(town.demand.xy, town.demand.crs), 5)).T
    plane = np.column_stack([0.5 + lon / (2 * np.pi), 0.5 - np.log(np.tan(np.pi / 4 + lat / 2)) / (2 * np.pi)])
    cell = np.floor(plane / (side_m / (EQUATOR_M * np.cos(lat[0])))).astype(int)
    _, cell = np.unique(cell, axis=0, return_inverse=True)
    state, people = states(town.measured[0], town.counted), town.demand.people[:, 0]
    return sorted(zip(*(np.bincount(cell, people * (state == sign)) for sign in "012"), strict=True))


def test_cells_hold_the_people_of_every_state(page, town):
    assert len(town.demand.ids) > MOST_SHAPES
    sums, count = page.evaluate(
        """() => {
            let found = null;
            map_city.eachLayer((layer) => {
                if (layer instanceof Places) found = [[...layer.sums], layer.looks.length];
            });
            return found;
        }"""
    )
    shown = sorted(map(tuple, np.reshape(sums, (-1, count))[:, :3]))
    assert shown == by_cell(town, contents_of(town)["places"]["cell_m"])
    assert any(np.count_nonzero(cell) > 1 for cell in shown)  # some are split
    assert np.sum(shown) == town.demand.total


def test_the_page_says_so_until_every_home_is_drawn(page, town):
    page.evaluate("() => { map_city.setZoom(15, { animate: false }); }")
    assert "100 米见方" in page.locator("#legend-cells").text_content()
    assert page.locator("#legend-cells").is_visible()
    page.click("#tab-about")
    assert f"{len(town.demand.ids):,} 个居住地点在远处合并为边长 100 米的方格" in page.locator("#about").text_content()
    page.evaluate("() => { map_city.setZoom(16, { animate: false }); }")
    assert not page.locator("#legend-cells").is_visible()
    page.click("#tab-overview")


def test_what_is_painted_is_split_as_the_people_are(page, town):
    """Of one cell in two states: the width of each colour."""
    page.evaluate("() => { map_city.setZoom(15.5, { animate: false }); }")
    widths = page.evaluate(
        """() => {
            let found = null;
            map_city.eachLayer((layer) => {
                if (!(layer instanceof Places)) return;
                const { cells } = layer.ground;
                const [count, each] = [layer.looks.length, layer.sums];
                const cell = cells.corners.findIndex((_, c) => each[count * c] > 0 && each[count * c + 1] > 0);
                const drawn = [];
                const ink = { fillRect: (x, y, width, height) => drawn.push([x, y, width, height]) };
                const alone = each.map((sum, i) => (Math.floor(i / count) === cell ? sum : 0));
                cells.paint(ink, layer._renderer._bounds, map_city, layer.looks, alone);
                found = [drawn, [...each.slice(count * cell, count * cell + 3)]];
            });
            return found;
        }"""
    )
    (covered, newly, *rest), people = widths
    assert not rest
    assert covered[0] + covered[2] == pytest.approx(newly[0])
    assert covered[2] / newly[2] == pytest.approx(people[0] / people[1])
    assert covered[3] == newly[3] == pytest.approx(covered[2] + newly[2])
