"""The search of the map: what has a name or an id is found, and flown to."""

import pytest

from planner import maps
from planner.maps.contents import contents_of
from tests.browser import HOSTILE, opened, review_town

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
        page.keyboard.press("/")
        yield page
        assert page.faults == []


def found(page, wanted):
    page.locator("#search").fill(wanted)
    return [row.locator("b").text_content() for row in page.locator('#found [role="option"]').all()]


@pytest.mark.parametrize(
    ("text", "initials"),
    [
        ("人民公园", "rmgy"),
        ("川汇区莲和社区", "chqlhsq"),
        ("周口市第3小学", "zksd3xx"),
        ("A 角", "aj"),
        ("鹅、欧阳·阿姨", "eoyay"),
        ("ü ß", ""),
    ],
)
def test_a_name_is_known_by_the_first_letters_of_its_pinyin(page, text, initials):
    assert page.evaluate("initialsOf", text) == initials


def test_names_ids_and_initials_find_sites_units_and_facilities(page):
    assert found(page, "河东") == ["河东社区"]
    assert found(page, "hd") == ["河东社区"]
    assert found(page, "RMGY") == ["人民公园", "人民公园"]  # as green and as a park
    assert found(page, "way/b") == ["way/B"]
    assert found(page, "角") == ["A 角"]
    assert found(page, "west") == ["West"]
    assert found(page, "way/C") == ["way/C"]
    assert "候选地块" in page.locator("#found li").text_content()
    assert found(page, "nowhere") == []
    assert page.locator("#found").text_content() == "没有找到"


def test_a_site_that_was_found_opens_its_card(page, town):
    found(page, "way/b")
    page.keyboard.press("Enter")
    card = page.locator(".leaflet-popup .card")
    card.wait_for()
    assert card.get_attribute("data-site") == "way/B"
    assert not page.locator("#found").is_visible()


def test_of_two_flights_the_last_opens_its_card(page, town):
    page.locator("#tab-sites").click()
    page.evaluate("document.querySelectorAll('#site-list button').forEach((one) => one.click())")
    page.locator(".leaflet-popup .card").wait_for()
    page.wait_for_timeout(900)
    cards = page.locator(".leaflet-popup .card")
    assert [card.get_attribute("data-site") for card in cards.all()] == [town.plans[-1].plan.opened[-1]]


def test_a_candidate_and_a_facility_are_flown_to(page, town):
    lon, lat = [step / 1e6 for step in contents_of(town)["plans"][0]["candidates"]["steps"][:2]]
    found(page, "way/C")
    page.locator("#found-0").click()
    page.locator('.leaflet-popup [data-candidate="way/C"]').wait_for()
    assert page.evaluate(f"map_city.getCenter().distanceTo([{lat}, {lon}])") < 150
    page.locator('[data-standard="park-500"]').click()
    found(page, "人民")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("#found-1").get_attribute("aria-selected") == "true"
    assert page.locator("#search").get_attribute("aria-activedescendant") == "found-1"
    page.keyboard.press("Enter")
    page.wait_for_timeout(900)
    assert page.evaluate(f"map_city.getCenter().distanceTo([{lat}, {lon}])") > 300
    assert page.locator('[data-standard="park-500"]').get_attribute("aria-checked") == "true"


def test_escape_closes_the_list_and_a_slash_in_the_box_is_a_slash(page):
    found(page, "way")
    assert page.locator("#search").get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible()
    page.locator("#search").fill("")
    page.keyboard.type("way/a")
    assert page.locator("#search").input_value() == "way/a"


def test_what_is_found_is_words_and_nothing_else(browser, tmp_path):
    with opened(browser, maps.draw(review_town(hostile=True), tmp_path / "hostile.html")) as page:
        assert HOSTILE in found(page, "<img")
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert page.faults == []
