"""What stands in the file of a review map, read back without a browser."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from planner import maps, standards
from planner.errors import OutputError
from planner.maps.contents import _bounds, contents_of, labels
from planner.maps.page import check_self_contained, page_of
from planner.maps.shapes import smoothed, steps, traces
from planner.standards import SUREST_FIRST
from tests.browser import HOSTILE, PEOPLE, at, review_town
from tests.towns import CHUANHUI, demand


@pytest.fixture(scope="module")
def town():
    return review_town()


@pytest.fixture(scope="module")
def drawn(town, tmp_path_factory):
    return maps.draw(town, tmp_path_factory.mktemp("maps") / "town.html").read_text("utf-8")


def embedded(html):
    data = re.search(r'<script id="contents" type="text/plain">([^<]*)</script>', html).group(1)
    return json.loads(gzip.decompress(base64.b64decode(data)))


def walked_back(trace, decimals=5):
    """The degrees of a trace."""
    return np.cumsum(np.array(trace).reshape(-1, 2), axis=0) / 10.0**decimals


def test_the_map_is_one_file_that_forbids_itself_every_request(drawn):
    check_self_contained(drawn)
    assert "default-src 'none'" in drawn
    assert drawn.count("<title>") == 1
    assert "<title>手绘小镇</title>" in drawn


@pytest.mark.parametrize(
    "asks",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="map.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        "<style>p { background: url(https://example.org/x.png) }</style>",
        '<style>@import "https://example.org/x.css";</style>',
        "<p style=\"background: url('x.png')\">",
        "<script>fetch('https://example.org/tiles')</script>",
        '<a href="https://example.org">a link</a>',
    ],
)
def test_a_page_that_would_load_anything_is_refused(asks):
    with pytest.raises(OutputError, match="outside itself"):
        check_self_contained(f"<!DOCTYPE html><html><body>{asks}</body></html>")


def test_an_address_that_is_only_text_may_stand_in_the_page():
    check_self_contained("<p>https://www.openstreetmap.org/copyright</p><script>/* https://leafletjs.com */</script>")


def test_the_same_run_gives_the_same_bytes_in_another_process(drawn, tmp_path):
    script = (
        "import sys; from pathlib import Path; import browser; from planner import maps;"
        "maps.draw(browser.review_town(), Path(sys.argv[1]))"
    )
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "again.html")], env=environment, check=True)
    assert (tmp_path / "again.html").read_text("utf-8") == drawn


def test_a_map_that_cannot_be_written_leaves_the_old_one(town, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        maps.draw(town, tmp_path / "file" / "town.html")
    assert (tmp_path / "file").read_text() == "in the way"


def test_nothing_unfinished_stays_beside_the_map(town, tmp_path):
    maps.draw(town, tmp_path / "new" / "town.html")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["town.html"]


def test_every_figure_on_the_map_is_the_run_s(town, drawn):
    shown = embedded(drawn)
    assert shown["population"] == town.demand.total == 800
    for standard, measured in zip(shown["standards"], town.measured, strict=True):
        for way, before, after in [
            ("walk", measured.before, measured.after),
            ("straight", measured.before_straight, measured.after_straight),
        ]:
            assert standard[way] == {
                "total": after.total,
                "before": before.served,
                "after": after.served,
                "share_before": before.share,
                "share_after": after.share,
            }
        people, covered = measured.after.by_unit(town.demand)
        assert standard["units"]["people"] == people.tolist()
        assert standard["units"]["after"] == covered.tolist()
    plan, sited = shown["plans"][0], town.plans[0]
    assert (plan["gained"], plan["bound"], plan["ending"]) == (sited.plan.objective, sited.plan.bound, "proven")
    assert [site["id"] for site in plan["sites"]] == list(sited.plan.opened)
    assert [site["gained"] for site in plan["sites"]] == sited.plan.served.tolist()


def test_the_states_of_the_places_add_up_to_the_coverage(town):
    for standard, measured in zip(contents_of(town)["standards"], town.measured, strict=True):
        covered, newly, uncovered, not_counted = (standard["people"][state] for state in "0123")
        assert covered == measured.before.served
        assert covered + newly == measured.after.served
        assert covered + newly + uncovered + not_counted == measured.after.total
        assert PEOPLE * standard["states"].count("1") == newly


def test_a_place_off_the_network_is_neither_covered_nor_uncovered(town):
    counted = town.counted.copy()
    lost = int(np.flatnonzero(~town.measured[0].after.covered)[0])
    counted[lost] = False
    standard = contents_of(replace(town, counted=counted))["standards"][0]
    assert standard["states"][lost] == "3"
    assert standard["people"]["3"] == PEOPLE


def test_every_sheet_of_the_run_is_on_the_page_in_both_languages(town):
    sheets = contents_of(town)["sheets"]
    assert "rule_sets" in {sheet["id"] for sheet in sheets}
    for sheet in sheets:
        titles = [sheet["title"], sheet["note"], *(column["title"] for column in sheet["columns"])]
        assert all(titles_in["zh"] and titles_in["en"] for titles_in in titles)
        assert {len(row) for row in sheet["rows"]} == {len(sheet["columns"])}
        assert len(sheet["more"]) in {0, len(sheet["rows"])}


def test_a_place_where_nobody_lives_is_not_drawn(town):
    people = town.demand.people.copy()
    people[0] = 0
    shown = contents_of(replace(town, demand=replace(town.demand, people=people)))
    assert len(shown["places"]["traces"]) == len(people) - 1
    assert len(shown["standards"][0]["states"]) == len(people) - 1


def test_too_many_outlines_become_dots_and_the_panel_says_so(town, monkeypatch):
    monkeypatch.setattr("planner.maps.contents.MOST_SHAPES", 100)
    shown = contents_of(town)
    assert {"layer": "places", "count": 160, "cell_m": 100.0} in shown["simplified"]
    assert all(len(place) == 1 and len(place[0]) == 2 for place in shown["places"]["traces"])


def test_a_site_beyond_two_kilometres_of_any_green_has_no_distance(town):
    assert [site["nearest_m"] for site in contents_of(town)["plans"][0]["sites"]] == [700.0, None]


def test_a_candidate_is_known_by_its_id_kind_area_and_place(town):
    candidates = contents_of(town)["plans"][0]["candidates"]
    assert candidates["ids"] == ["way/C", "way/A", "way/B"]
    assert candidates["kinds"] == ["grass"] * 3
    assert candidates["area_m2"] == [40 * 40, 50 * 50, 60 * 60]
    chosen = [site["lonlat"] for site in contents_of(town)["plans"][0]["sites"]]
    assert walked_back(candidates["steps"], 6)[1:] == pytest.approx(np.array(chosen), abs=1e-9)


def test_two_candidates_at_one_place_are_both_on_the_map():
    assert walked_back(steps(np.array([[114.5, 33.6]] * 2))).tolist() == [[114.5, 33.6]] * 2


def opening(town):
    """(2, 2) the corners of the first view in the town's own metres."""
    bounds = np.array(_bounds(town))[:, ::-1]
    return np.column_stack(Transformer.from_crs(4326, CHUANHUI, always_xy=True).transform(*bounds.T)) - at(0, 0)


def test_the_map_opens_on_the_whole_study_area(town):
    assert opening(town) == pytest.approx(np.array([[-30, -30], [1030, 530]]), abs=1)


def test_a_study_area_that_is_mostly_sea_does_not_shrink_the_city(town):
    wide = replace(town.base_map, outline=np.array([shapely.box(*at(-30, -30), *at(1030, 20_000))], object))
    seen = opening(replace(town, base_map=wide))
    assert seen == pytest.approx(np.array([[10, 10], [975, 475]]), abs=1)  # from candidate C to the last home


def test_a_home_far_out_does_not_shrink_the_city(town):
    homes = [at(x, y) for x in range(0, 1000, 40) for y in range(0, 500, 10)]
    homes[0] = at(-20_000, 0)  # 1 of 1 250
    nowhere = replace(town.base_map, outline=town.base_map.outline[:0])
    seen = opening(replace(town, demand=demand(homes, [1] * len(homes)), base_map=nowhere, plans=()))
    assert seen == pytest.approx(np.array([[0, 0], [960, 490]]), abs=1)


def test_a_home_is_not_drawn_a_second_time_as_a_building(town):
    assert contents_of(town)["base"]["buildings"] == []


def test_a_value_written_from_memory_is_marked_for_a_check(town):
    contents = contents_of(town)
    assert contents["rule_set"]["check_first"]
    assert contents["standards"][0]["check_first"]  # its floor is the rule-set's
    sure = replace(town.measured[0], standard=standards.standard("green-300"))
    assert not contents_of(replace(town, measured=(sure,)))["standards"][0]["check_first"]


def test_the_scenario_decides_the_first_language():
    assert contents_of(review_town(language="en"))["language"] == "en"
    assert 'lang="en"' in page_of(contents_of(review_town(language="en")))
    assert contents_of(review_town(language="both"))["language"] == "zh"


def test_names_from_data_never_reach_the_markup():
    html = page_of(contents_of(review_town(hostile=True)))
    assert "<img src=x" not in html
    assert "{{ 7*7 }}" in html  # in the title, escaped, and not run by a template
    assert embedded(html)["title"]["zh"] == HOSTILE


def test_a_reader_with_poor_sight_may_zoom_the_page(drawn):
    viewport = re.search(r'<meta name="viewport" content="([^"]*)"', drawn).group(1)
    assert viewport == "width=device-width, initial-scale=1"


#   10 +--------+        a yard: its outer ring goes one way round, its hole the other
#      | +----+ |
#      | |    | |
#      | +----+ |
#    0 +--------+
def test_a_yard_is_drawn_as_a_ring_and_a_hole_the_other_way_round():
    yard = shapely.Polygon(
        [at(0, 0), at(0, 100), at(100, 100), at(100, 0)], [[at(20, 20), at(80, 20), at(80, 80), at(20, 80)]]
    )
    (rings,) = traces(np.array([yard], object), CHUANHUI)
    outer, hole = (shapely.LinearRing(walked_back(ring)) for ring in rings)
    assert outer.is_ccw
    assert not hole.is_ccw
    assert len(outer.coords) == 5


def test_a_trace_comes_back_to_its_place_within_a_metre():
    line = shapely.LineString([at(0, 0), at(333.3, 77.7), at(-12.3, 400)])
    ((trace,),) = traces(np.array([line], object), CHUANHUI, decimals=6)
    back = Transformer.from_crs(4326, CHUANHUI, always_xy=True).transform(*walked_back(trace, 6).T)
    assert np.abs(np.column_stack(back) - shapely.get_coordinates(line)).max() < 0.1


def test_an_empty_shape_keeps_its_turn():
    shapes = np.array([shapely.Point(at(0, 0)), shapely.Polygon(), None, shapely.Point(at(5, 5))], object)
    assert [len(found) for found in traces(smoothed(shapes), CHUANHUI)] == [1, 0, 0, 1]


def test_both_languages_have_every_label_that_the_page_asks_for():
    assert labels()["zh"].keys() == labels()["en"].keys()
    parts = files("planner") / "data" / "map"
    asked = {
        word
        for name in ("panel.html", "panel.js", "map.js", "what_if_panel.js")
        for word in re.findall(
            r'data-(?:label|aria)="(\w+)"|\bsay\("(\w+)"|zoomButton\([^,]*, "(\w+)"', (parts / name).read_text("utf-8")
        )
        for word in word
        if word
    }
    assert asked
    assert asked <= labels()["zh"].keys()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_confidence_is_told_in_words(language):
    words = [labels()[language][f"confidence_{code}"] for code in SUREST_FIRST]
    assert len(set(words)) == len(SUREST_FIRST)


def test_no_label_is_empty_or_loses_a_gap_in_translation():
    for key, chinese in labels()["zh"].items():
        english = labels()["en"][key]
        assert chinese.strip()
        assert english.strip()
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), key
