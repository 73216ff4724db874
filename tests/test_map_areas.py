"""A click on a site draws how far one walks to it: the homes that the library finds within bands of the limit."""

import numpy as np
import pytest

from planner import maps
from planner.by_walker import at_doors
from planner.reach import measure_reach
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import opened
from tests.test_what_if_map import TOWN, write_town

pytestmark = pytest.mark.browser

BANDS = """() => {
    let found = null;
    map_city.eachLayer((layer) => { if (layer instanceof Area) found = layer.bands.map((band) => [...band]); });
    return found;
}"""
PURPLE = """() => {
    const canvas = document.querySelector(".leaflet-areas-pane canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i + 3] > 30 && data[i + 2] > data[i + 1] + 40;
    return sum;
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_scenario(load(write_town(tmp_path_factory.mktemp("areas"), TOWN) / "town.yaml"))


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    return maps.draw(run, tmp_path_factory.mktemp("maps") / "town.html")


@pytest.fixture
def page(browser, path):
    with opened(browser, path) as page:
        yield page
        assert [fault for fault in page.faults if "getImageData" not in fault] == []


def within(run, sited, site, limit_m):
    """The numbers of the homes that walk at most so far to a candidate, measured anew."""
    gates = at_doors(sited.candidates, sited.standard.profile, max_access_m=run.scenario.city.max_access_m)
    reach = measure_reach(run.demand, gates, limit_m=limit_m)
    return sorted(reach.place[reach.facility == site].tolist())


def test_a_site_s_area_holds_the_homes_that_walk_so_far(page, run):
    sited = run.plans[0]
    assert (run.demand.people[:, 0] > 0).all()  # so that every home is drawn, in its order
    page.locator(".site").first.click()
    page.locator(".leaflet-popup .card").wait_for()
    bands = page.evaluate(BANDS)
    for band, share in zip(bands, (1, 0.75, 0.5), strict=True):
        assert sorted(band) == within(run, sited, int(sited.plan.sites[0]), share * sited.standard.limit)
    assert len(bands[0]) > len(bands[1]) > len(bands[2]) > 0
    assert page.evaluate(PURPLE) > 500


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ["仅供查看，不用于统计", "步行可达范围（米）"]), ("en", ["For looking, not for counting"])],
)
def test_it_says_what_it_is_not_for_and_leaves_with_a_key(page, language, words):
    page.locator(f'[data-language="{language}"]').click()
    page.locator(".site").first.click()
    said = page.locator("#legend-area").text_content()
    assert all(word in said for word in (*words, "≤ 150", "≤ 225", "≤ 300"))
    page.keyboard.press("Escape")
    page.locator(".leaflet-popup").wait_for(state="detached")
    assert page.locator("#legend-area").is_visible()  # the card is out of its way
    page.keyboard.press("Escape")
    assert not page.locator("#legend-area").is_visible()
    assert page.evaluate(BANDS) is None


def test_a_candidate_and_a_row_of_the_what_if_have_areas_too(page, run):
    sited = run.plans[0]
    chosen = {id_ for each in run.plans for id_ in each.plan.opened}
    other = next(str(id_) for id_ in sited.candidates.ids if str(id_) not in chosen)
    page.locator("#search").fill(other)
    page.keyboard.press("Enter")
    page.locator(f'.leaflet-popup [data-candidate="{other}"]').wait_for()
    place = int(np.flatnonzero(sited.candidates.ids == other)[0])
    assert sorted(page.evaluate(BANDS)[0]) == within(run, sited, place, sited.standard.limit)
    page.locator("#tab-what-if").click()
    assert page.evaluate(BANDS) is None
    page.locator("#what-if-sites th button").first.click()
    first = page.locator("#what-if-sites [data-candidate]").first.get_attribute("data-candidate")
    place = int(np.flatnonzero(sited.candidates.ids == first)[0])
    assert sorted(page.evaluate(BANDS)[0]) == within(run, sited, place, sited.standard.limit)


def test_a_standing_facility_has_an_area_of_its_own(page, run):
    rule, parks = run.measured[0].standard, run.facilities["green"]
    page.locator("#search").fill(str(parks.ids[0]))
    page.keyboard.press("Enter")
    access_m = run.scenario.city.max_access_m
    people, gates = (at_doors(each, rule.profile, max_access_m=access_m) for each in (run.demand, parks))
    bands = page.evaluate(BANDS)
    for band, share in zip(bands, (1, 0.75, 0.5), strict=True):
        reach = measure_reach(people, gates, limit_m=share * rule.limit)
        assert sorted(band) == sorted(reach.place[reach.facility == 0].tolist())
    assert len(bands[0]) > len(bands[2]) > 0
    page.wait_for_timeout(900)  # until the map has flown there
    page.locator("#legend-area button").click()
    assert page.evaluate(BANDS) is None
    page.locator("#candidates").uncheck()  # one may lie there
    dot = page.evaluate("map_city.latLngToContainerPoint(map_city.getCenter())")
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + dot["x"], box["y"] + dot["y"])
    assert page.evaluate(BANDS) == bands
