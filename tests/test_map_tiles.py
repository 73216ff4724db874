"""Tianditu's tiles under the map: asked for by a scenario alone, with the user's key, and told; GCJ-02 tiles never."""

import io
import re
from contextlib import contextmanager

import pytest
from PIL import Image

from planner import maps
from planner.errors import ScenarioError
from planner.maps.contents import contents_of
from planner.scenario import load
from tests.browser import review_town

KEY = "0123456789abcdef0123456789abcdef"
TILE = re.compile(
    r"https://t[0-7]\.tianditu\.gov\.cn/(vec|cva)_w/wmts\?.*LAYER=\1&.*TILEMATRIX=(\d+)&TILEROW=(\d+)&TILECOL=(\d+)"
    rf"&tk={KEY}$"
)
CITY = "city: made-up\noutputs: {base_map: %s}\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return maps.draw(review_town(key=KEY), tmp_path_factory.mktemp("maps") / "town.html")


def tile():
    file = io.BytesIO()
    Image.new("RGB", (256, 256), (10, 200, 30)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def opened(browser, path, answer):
    """A page whose requests are answered here, and which were made; nothing reaches the network."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    asked, faults = [], []

    def answered(route):
        asked.append(route.request.url)
        if answer and TILE.match(route.request.url):
            route.fulfill(body=tile(), content_type="image/png")
        else:
            route.abort()

    context.route(re.compile("^https?:"), answered)
    page = context.new_page()
    page.set_default_timeout(8000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    page.locator("#veil").wait_for(state="detached")
    page.wait_for_timeout(500)
    yield page, asked
    assert faults == []
    context.close()


def shown(page, pane):
    return page.evaluate(f"getComputedStyle(map_city.getPane('{pane}')).display") != "none"


@pytest.mark.browser
def test_the_tiles_of_the_place_are_asked_for_with_the_key_and_the_map_says_so(browser, path):
    with opened(browser, path, answer=True) as (page, asked):
        found = [TILE.match(address) for address in asked]
        assert found
        assert all(found)
        assert {each[1] for each in found} == {"vec", "cva"}
        zoom, row, column = (int(found[0][i]) for i in (2, 3, 4))
        corner = page.evaluate(f"map_city.unproject([256 * {column}, 256 * {row}], {zoom})")
        south, west = contents_of(review_town())["bounds"][0]
        assert abs(corner["lat"] - south) < 0.05
        assert abs(corner["lng"] - west) < 0.05
        assert "tianditu.gov.cn" in page.locator("#tiles-note").text_content()
        assert "© 天地图" in page.locator("#credit").text_content()
        assert not shown(page, "ground")
        assert shown(page, "people")
        page.locator("#tiles-shown").uncheck()
        assert shown(page, "ground")
        assert "天地图" not in page.locator("#credit").text_content()


@pytest.mark.browser
def test_without_an_answer_the_map_draws_its_own_ground_and_says_why(browser, path):
    with opened(browser, path, answer=False) as (page, asked):
        assert asked
        assert shown(page, "ground")
        assert "没有响应" in page.locator("#tiles-note").text_content()
        page.locator("[data-language=en]").click()
        assert "does not answer" in page.locator("#tiles-note").text_content()
        assert not page.locator("#tiles-shown").is_checked()


@pytest.mark.browser
def test_without_a_key_nothing_is_asked_and_no_tiles_are_offered(browser, tmp_path):
    path = maps.draw(review_town(), tmp_path / "town.html")
    assert "https://*.tianditu" not in path.read_text("utf-8")
    with opened(browser, path, answer=True) as (page, asked):
        assert asked == []
        assert not page.locator("#tiles").is_visible()


def test_only_pictures_of_tianditu_may_come_in(path):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)', path.read_text("utf-8"))[1]
    assert "img-src data: https://*.tianditu.gov.cn;" in policy
    assert policy.count("https:") == 1
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("asked", ["gaode", "{amap: KEY}", "{高德: KEY}", "{baidu: KEY}", "google"])
def test_tiles_in_gcj_02_are_refused_with_a_remedy(tmp_path, asked):
    (tmp_path / "town.yaml").write_text(CITY % asked, "utf-8")
    with pytest.raises(ScenarioError, match=r"town\.yaml:2:.*GCJ-02.*tianditu: KEY"):
        load(tmp_path / "town.yaml")


@pytest.mark.parametrize("key", ['"</script>aaaaaaaaaaaaaaaa"', "short", '"0123456789abcdef&x=y"'])
def test_what_is_no_key_is_refused(tmp_path, key):
    (tmp_path / "town.yaml").write_text(CITY % f"{{tianditu: {key}}}", "utf-8")
    with pytest.raises(ScenarioError, match=r"town\.yaml:2:.*base_map\.tianditu"):
        load(tmp_path / "town.yaml")
