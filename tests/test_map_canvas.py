"""What the map keeps of its picture while it moves is what would be painted anew, and only what changed is painted."""

import io

import numpy as np
import pytest
from PIL import Image

from planner import maps
from planner.maps.contents import contents_of
from tests.browser import opened, review_town

pytestmark = pytest.mark.browser

ANEW = """() => {
    map_city.eachLayer((layer) => { if (layer instanceof Canvas) delete layer._drawnOn; });
    map_city.fire("moveend");
}"""
COUNTED = """() => {
    const fill = CanvasRenderingContext2D.prototype.fill;
    CanvasRenderingContext2D.prototype.fill = function (...what) { window.fills += 1; return fill.apply(this, what); };
    window.fills = 0;
}"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return maps.draw(review_town(), tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        yield page
        assert page.faults == []


def picture(page):
    """(height, width, 3) the map as it is seen, once it is at rest."""
    page.wait_for_timeout(150)
    shot = page.locator(".folium-map").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


@pytest.mark.parametrize("steps", [[(150, 60)] * 3, [(-240, 0), (240, 0), (0, -200)], [(0, 170), (-300, -170)]])
@pytest.mark.parametrize("pixels", [1, 2])
def test_a_moved_map_shows_what_one_painted_anew_shows(browser, path, steps, pixels):
    with opened(browser, path, device_scale_factor=pixels) as page:
        page.evaluate("() => { map_city.setZoom(17, { animate: false }); }")
        page.wait_for_timeout(150)
        for step in steps:
            page.evaluate("(by) => { map_city.panBy(by, { animate: false }); }", step)
        moved = picture(page)
        page.evaluate(ANEW)
        anew = picture(page)
        differs = np.abs(moved - anew).max(axis=2) > 60
        assert differs.mean() < 0.002  # dashes may begin elsewhere
        page.evaluate("() => { map_city.panBy([40, 0], { animate: false }); }")
        assert (np.abs(picture(page) - anew).max(axis=2) > 60).mean() > 0.02  # which a picture that stays would not


def test_a_small_move_paints_nothing(page):
    page.evaluate("() => { map_city.setZoom(17, { animate: false }); }")
    page.wait_for_timeout(150)
    page.evaluate(COUNTED)
    page.evaluate("() => { map_city.panBy([60, 30], { animate: false }); }")
    page.wait_for_timeout(100)
    assert page.evaluate("fills") == 0
    page.evaluate(ANEW)
    page.wait_for_timeout(100)
    assert page.evaluate("fills") > 0


def test_another_standard_paints_the_places_that_change(page):
    before, after = (np.array(list(standard["states"])) for standard in contents_of(review_town())["standards"])
    boxes, stained = page.evaluate(
        """() => {
            const stained = [];
            let boxes = null;
            map_city.eachLayer((layer) => {
                if (!(layer instanceof Places)) return;
                boxes = [...layer.ground.boxes];
                layer._renderer.stain = ({ min, max }) => { stained.push([min.x, min.y, max.x, max.y]); };
            });
            document.querySelector('[data-standard="park-500"]').click();
            return [boxes, stained];
        }"""
    )
    left, top, right, bottom = np.array(boxes).reshape(-1, 4).T
    inside = [(left >= a) & (top >= b) & (right <= c) & (bottom <= d) for a, b, c, d in stained]
    assert 0 < (before != after).sum() < len(before)
    assert np.any(inside, axis=0)[before != after].all()
