"""School zones on the review map: who goes where on a click, every school's card, and figures as run.json has them."""

import json

import numpy as np
import pytest

from planner import maps
from planner.ledgers import RECORDS
from planner.maps.catchments import Ground, catchments
from planner.maps.contents import contents_of
from planner.maps.page import page_of
from planner.run import run_scenario
from planner.scenario import load
from planner.shown import COLOURS, colours_of
from tests.browser import HOSTILE, chromium, opened
from tests.test_school_seats import QUESTION, ROLL, write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    roll = ROLL.replace("老小学", json.dumps(HOSTILE).replace('\\"', '""'))
    roll = roll.replace("114.650", "114.651")  # beside the home, whose dot its sign would hide
    folder = write(tmp_path_factory.mktemp("town"), QUESTION, roll)
    return run_scenario(load(folder / "town.yaml"))


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "town.html"
    maps.draw(run, path)
    with chromium() as browser, opened(browser, path) as page:
        page.click("#tab-schools")
        yield page
        assert page.faults == []


# ── what is drawn ─────────────────────────────────────────────────────────────────────────────────


def test_zones_that_touch_differ_in_colour():
    xy = np.array([[x, y] for x in range(0, 500, 50) for y in range(0, 500, 50)], float)
    goes = (xy[:, 0] // 125 + 4 * (xy[:, 1] // 125)).astype(np.int64)  # four by four zones
    goes[::17] = -1
    ground = Ground.around(xy)
    colour = colours_of([goes], ground.neighbours, 20)
    assert (colour[np.unique(goes[goes >= 0])] < COLOURS).all()
    assert (colour[16:] == -1).all()
    a, b = goes[ground.neighbours].T
    touch = (a != b) & (a >= 0) & (b >= 0)
    assert touch.any()
    assert (colour[a[touch]] != colour[b[touch]]).all()


def test_every_home_lies_in_the_zone_of_its_school():
    rng = np.random.default_rng(1)
    xy, goes = rng.uniform(0, 800, (60, 2)), rng.integers(-1, 4, 60)
    number = np.array([1, 2, 0, 3, 0])  # the third has none, as it is not used
    goes[goes == 2] = 3
    zones = Ground.around(xy).zones(goes, number)
    for home, school in enumerate(goes):
        if school >= 0:
            (x, y), zone = xy[home], zones[number[school] - 1]
            assert zone.buffer(10).contains_properly(zone.centroid.__class__(x, y))


def test_the_page_has_the_figures_of_the_record(run):
    (question,) = catchments(run, run.demand.people[:, 0] > 0)
    (record,) = RECORDS["schools"](run)
    ways = {way["id"]: way["totals"] for way in question["stages"][0]["ways"]}
    for name, (row,) in ((way, record["ways"][way]) for way in ("today", "plan", "nearest")):
        assert ways[name]["pupils"] == row["pupils"]
        assert ways[name]["missing_standard"] == row["missing_for_standard_classes"]
        assert ways[name]["missing_oversized"] == row["missing_for_classes_below_oversized"]
        assert (ways[name]["seats"], ways[name]["added"]) == (row["standard_seats"], row["seats_added"])
    assert [(aim["value"], aim["bound"]) for aim in question["aims"]] == [
        (aim["value"], aim["bound"]) for aim in record["aims"]
    ]


# ── in a browser, with the network off ────────────────────────────────────────────────────────────


def test_the_first_tab_tells_what_is_missing_and_what_is_built(page):
    page.click("#tab-overview")
    page.click('#languages [data-language="en"]')
    said = page.inner_text("#seats")
    assert "primary: 135 seats more at 2 schools" in said
    assert "Seats missing so that no class is oversized: 44 → 0" in said
    assert "Pupils without a school in reach: 45 → 0" in said
    assert "Every aim is proven best" in said
    page.click('#languages [data-language="zh"]')
    assert "新增 135 个学位" in page.inner_text("#seats")
    page.click("#tab-schools")


def test_each_home_tells_its_school_on_a_click(page):
    page.click('#languages [data-language="en"]')
    box = page.locator(".folium-map").bounding_box()
    found = {}
    for share in np.linspace(0.02, 0.99, 98):  # a card may move the map
        for tall in (0.47, 0.5, 0.53):
            page.mouse.click(box["x"] + share * box["width"], box["y"] + tall * box["height"])
            card = page.query_selector("[data-home]")
            if card:
                found[card.get_attribute("data-home")] = card.inner_text()
            if page.query_selector(".card"):
                page.keyboard.press("Escape")
        if len(found) == 3:
            break
    assert len(found) == 3
    assert "90.0 pupils" in found["0"]
    assert "137 m" in found["0"]
    assert "reaches no school" in found["2"]  # today
    assert "another school than today" in found["2"]
    assert "3 east" in found["2"] or "2 east" in found["2"]


def test_schools_have_cards_that_the_keyboard_reaches(page):
    page.click('#languages [data-language="en"]')
    names = page.eval_on_selector_all("#school-table tbody th button", "all => all.map((one) => one.textContent)")
    assert names == [HOSTILE, "east"]
    pin = page.locator(".school-pin").first
    pin.focus()
    page.keyboard.press("Enter")
    card = page.locator("[data-school].card")
    card.wait_for()
    assert "99 → 33.0" not in card.inner_text()
    assert "99.0 → 33.0" in card.inner_text()
    assert "1 → 3" in card.inner_text()
    assert page.evaluate("window.hacked") is None
    page.keyboard.press("Escape")


def test_today_has_no_new_school_and_the_switch_above_the_map_says_so_too(page):
    assert page.locator(".school-pin").count() == 2
    page.click("#before")
    assert page.get_attribute('#school-ways [data-way="today"]', "aria-checked") == "true"
    assert page.locator(".school-pin").count() == 1
    assert "45" in page.inner_text("#school-totals")
    page.click('#school-ways [data-way="plan"]')
    assert page.get_attribute("#after", "aria-pressed") == "true"
    page.click("#both")
    page.click("#after")


def test_another_tab_shows_standards_again(page):
    page.click("#tab-units")
    assert page.locator(".school-pin").count() == 0
    assert page.locator("#legend-states li[data-state]").count() > 0
    page.click("#tab-schools")
    assert page.locator(".school-pin").count() == 2
    assert page.inner_text("#legend").count("\n") >= 3


def test_a_school_at_which_nothing_is_done_is_said_to_stay_as_it_is(page, run, tmp_path):
    contents = contents_of(run)
    (school, *_) = contents["schools"][0]["schools"]
    contents["schools"][0]["schools"][0] = school | {"kind": "standing", "year": None, "option": None, "cost": None}
    path = tmp_path / "town.html"
    path.write_text(page_of(contents), "utf-8")
    with opened(page.context.browser, path) as other:
        other.click("#tab-schools")
        done = other.locator("#school-table tbody tr td:nth-child(3)").all_text_contents()
        assert done[0] == "不变"
        assert all(done)
