"""Names from data are words wherever they are printed: no script on the map, no formula in a table, no broken file."""

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import geopandas as gpd
import openpyxl
import pytest

from planner import maps, papers, report
from planner.cells import FORMULA_STARTS
from tests.browser import chromium, opened
from tests.everything import WICKED, answered
from tests.test_papers import said_on_sheets


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return answered(tmp_path_factory.mktemp("town"), WICKED, plot_c=WICKED[1], schools=(WICKED[0], WICKED[3]))


@pytest.fixture(scope="module")
def out(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("out")
    report.write(run, path)
    papers.write(run, path)
    maps.draw(run, path / "town.html")
    return path


@pytest.fixture(scope="module")
def page(out):
    with chromium() as browser, opened(browser, out / "town.html") as page:
        page.asked = []
        page.on("dialog", lambda dialog: (page.asked.append(dialog.message), dialog.dismiss()))
        yield page
        assert page.faults == []
        assert page.asked == []


def unharmed(page):
    """No element but those of the page itself, and every name that is shown stands there as words."""
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, object, embed, [onerror], [onload]").count() == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_tab_shows_names_as_words(page, language):
    page.locator(f'[data-language="{language}"]').click()
    for tab in page.locator("#tabs [role=tab]:visible").all():
        tab.click()
        unharmed(page)
    page.locator("#tab-sheets").click()
    for summary in page.locator("#sheets summary").all():
        summary.evaluate("one => { one.parentElement.open = true; }")
    shown = page.locator("#sheets").text_content()
    assert [name for name in WICKED if name not in shown] == []
    unharmed(page)


def test_sites_schools_and_homes_that_are_clicked_show_names_as_words(page):
    page.locator("#tab-sites").click()
    for details in page.locator("#site-list details").all():
        details.evaluate("one => { one.open = true; }")
    for pin in page.locator(".leaflet-marker-icon.site").all():
        pin.press("Enter")
        unharmed(page)
        page.keyboard.press("Escape")
    page.locator("#tab-schools").click()
    for stage in page.locator("#school-stages button").all():
        stage.click()
        for pin in page.locator(".school-pin").all():
            pin.press("Enter")
            unharmed(page)
            page.keyboard.press("Escape")
    box = page.locator(".folium-map").bounding_box()
    for x in range(40, 100, 5):
        page.mouse.click(box["x"] + box["width"] * x / 120, box["y"] + box["height"] / 2)
        unharmed(page)
    page.keyboard.press("Escape")


def test_what_is_tried_searched_and_compared_shows_names_as_words(page):
    page.locator("#tab-what-if").click()
    for number in range(page.locator("#what-if-plan option").count()):
        page.locator("#what-if-plan").select_option(str(number))
        page.locator("#what-if-next").click()
        page.locator("#what-if-unit").select_option(index=1)
        page.locator("#what-if-undo").click()
        page.locator("#what-if-show").click()
        unharmed(page)
    for name in WICKED:
        page.locator("#search").fill(name)
        page.locator("#found [role=option]", has_text=name).first.wait_for()
        page.locator("#search").press("Enter")
        unharmed(page)
    page.locator("#both").click()
    for chooser in page.locator("#beside-choice select").all():
        for number in range(chooser.locator("option").count()):
            chooser.select_option(index=number)
            unharmed(page)
    page.locator("#after").click()


def test_no_cell_of_the_workbook_is_a_formula_and_every_name_is_there(out):
    cells = [cell for page in openpyxl.load_workbook(out / "town.xlsx") for row in page.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert [text for text in texts if text.startswith(FORMULA_STARTS)] == []
    assert [name for name in WICKED if not any(name in text for text in texts)] == []


def test_no_cell_of_a_table_is_a_formula(out):
    record = json.loads((out / "run.json").read_text("utf-8"))
    for name in record["tables"]:
        rows = csv.reader(io.StringIO((out / name).read_text("utf-8-sig")))
        bad = [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS) and not is_number(cell)]
        assert bad == [], name


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_the_report_is_whole_and_has_every_name_as_words(out):
    with zipfile.ZipFile(out / "town.docx") as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(parts.read(name))  # noqa: S314  (our own)
        text = "".join(ET.fromstring(parts.read("word/document.xml")).itertext())  # noqa: S314
        fields = parts.read("word/document.xml").decode("utf-8")
    assert [name for name in WICKED if name not in text] == []
    assert "w:fldSimple" not in fields
    assert "w:instrText" not in fields


def test_names_are_drawn_on_the_sheets_as_they_are(run, out, monkeypatch):
    assert (out / "town.pdf").read_bytes().count(b"/JavaScript") == 0
    said = "".join(line for lines in said_on_sheets(run, monkeypatch) for line in lines)
    assert [name for name in WICKED if name not in said] == []


def test_layers_and_their_styles_hold_names_as_they_are(out):
    path = out / "sites.gpkg"
    named = [*gpd.read_file(path, layer="sites")["name"], *gpd.read_file(path, layer="candidates")["name"]]
    assert {*WICKED} <= {*named}
    for text in gpd.read_file(path, layer="layer_styles")["styleQML"]:
        ET.fromstring(text)  # noqa: S314
