"""What a planner files: every number in the papers is the run's, no name is a formula, the same run the same bytes."""

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace

import docx
import numpy as np
import openpyxl
import pytest
import shapely
from PIL import Image

from planner import papers, report
from planner.budget import spendings
from planner.errors import OutputError, ScenarioError
from planner.examined import Examined
from planner.ledgers import SHEETS, TABLES
from planner.ledgers.sheets import Column, Sheet
from planner.papers import report_docx
from planner.papers.contents import found, plans_sheet, sheets_of
from planner.papers.grid import told as word
from planner.papers.ink import Sheet as Page
from planner.papers.ink import bar_length, broken, printing, round_scale
from planner.papers.sheets import MAP, _boxes, pictures, sheets
from planner.papers.tabled import tabled
from planner.papers.workbook import workbook
from planner.run import run_scenario
from planner.scenario import load
from tests.browser import review_town, with_two_plans
from tests.commands import PROJECT
from tests.test_asked_examination import ASKED
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET
from tests.test_school_seats import answer, write

# The street of test_cli: homes of 100, 10 and 50 people 464 m apart, a plot before each; two names to be afraid of.
EVIL = '=CMD("calc")'
TAG = "</script><b>x"
NAMED_PLOTS = PLOTS.replace("lon,lat", "lon,lat,name", 1).replace("33.6198\n", f"33.6198,{TAG}\n", 1)
NAMED = SCENARIO.replace("plots.csv, id: id,", "plots.csv, id: id, name: name,")
NAMED += ASKED + "title: {zh: 一条街, en: '=1+1'}\noutputs: {suppress_below: 0}\n"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    plots = NAMED_PLOTS.replace("west,", f"'{EVIL}',").replace("'", '"').replace('("calc")', '(""calc"")')
    for name, text in {"town.osm": STREET, "homes.csv": HOMES, "plots.csv": plots, "town.yaml": NAMED}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(town):
    return run_scenario(load(town / "town.yaml"))


@pytest.fixture(scope="module")
def record(run):
    return json.loads(report.record_text(run))


@pytest.fixture(scope="module")
def book(run, tmp_path_factory):
    (path,) = papers.write(run, tmp_path_factory.mktemp("papers"), ["xlsx"])
    return openpyxl.load_workbook(path)


def table(book, title):
    """The rows below the head of a page, each as {heading: value}; headings in English."""
    rows = list(book[title].iter_rows(values_only=True))
    at = next(number for number, row in enumerate(rows) if number and all(cell is not None for cell in row))
    heads = [head.split("\n")[-1] for head in rows[at]]
    return [dict(zip(heads, row, strict=True)) for row in rows[at + 1 :]]


def test_the_workbook_has_every_sheet_of_the_run_and_each_a_name_of_its_own(run, book):
    sheets = [sheet for sheet_of in SHEETS if (sheet := sheet_of(run))]
    titles = [sheet.title["zh"][:31] for sheet in sheets]
    assert {"数据说明", "指标：现状与规划后", "推荐方案", "选址论证表", *titles} <= {*book.sheetnames}
    assert len(book.sheetnames) == len(sheets_of(run))


def test_the_indicators_are_those_of_the_record(book, record):
    coverage = {(each["standard"], each["metric"]): each for each in record["coverage"]}
    (row,) = table(book, "指标：现状与规划后")
    walk, straight = coverage["green-300", "walk"], coverage["green-300", "straight"]
    assert row["People"] == walk["total"] == 160
    assert (row["Served on foot · today"], row["Served on foot · with the plan"]) == (walk["before"], walk["after"])
    assert row["Share on foot · with the plan"] == walk["after"] / walk["total"] == 0.625
    assert row["Share, straight · with the plan"] == straight["after"] / straight["total"]


def test_the_plan_and_its_proof_are_those_of_the_record(book, record):
    (row,), (plan,) = table(book, "推荐方案"), record["plans"]
    assert (row["Gains"], row["Bound"], row["Gap"]) == (plan["objective"], plan["bound"], plan["gap"])
    assert row["Verdict"].endswith("\nproven best")
    assert (row["Sites asked for"], row["Sites chosen"]) == (plan["asked"], len(plan["opened"]))


def test_each_site_is_justified_by_the_figures_of_the_record(book, record):
    (row,), (site,) = table(book, "选址论证表"), record["plans"][0]["sites"]
    (asked,) = [each for each in record["examined"][0]["sites"] if each["role"] == "chosen"]
    assert (row["Gains"], row["Only from it"]) == (site["people_gained"], site["people_only"]) == (100, 100)
    assert row["Area, m²"] == site["area_m2"]
    assert row["It loses"] == asked["lost"]
    assert row["Survives"] == asked["survives"]
    assert (row["Longitude"], row["Latitude"]) == (114.65, 33.6198)


def test_every_number_of_every_sheet_stands_in_its_cell(run, book):
    for sheet in sheets_of(run):
        page = book[sheet.title["zh"][:31]]
        written = [cell for row in page.iter_rows(values_only=True) for cell in row if isinstance(cell, int | float)]
        flat = [
            number
            for row in sheet.rows
            for cell in row
            for number in (cell if isinstance(cell, tuple) else (cell,))
            if isinstance(number, int | float)
        ]
        pairs = any(isinstance(cell, tuple) for row in sheet.rows for cell in row)
        assert sorted({round(each, 6) for each in flat}) == sorted({round(each, 6) for each in written}), sheet.id
        assert pairs or len(flat) == len(written), sheet.id


def test_a_wide_sheet_is_printed_on_pages_that_can_be_read_and_its_headings_are_not_cut():
    columns = tuple(
        Column({"zh": "步行覆盖率", "en": f"share of the people of unit {k} on foot"}, "number") for k in range(60)
    )
    note = {"zh": "注" * 400, "en": "note"}
    sheets = [Sheet(f"s{n}", {"zh": f"页{n}", "en": "p"}, note, columns[:n], ((1234.0,) * n,)) for n in (5, 60)]
    narrow, wide = openpyxl.load_workbook(io.BytesIO(workbook(sheets, language="both", synthetic=True))).worksheets
    assert (narrow.page_setup.fitToWidth, wide.page_setup.fitToWidth) == (1, 5)  # 60 columns of 24 letters, 320 a page
    assert wide.print_title_cols == "$A:$B"
    assert wide.print_title_rows == "$4:$4"
    assert narrow.row_dimensions[4].height == 15 * 3  # a line of Chinese, two of English
    assert "A2:E2" in {str(each) for each in narrow.merged_cells.ranges}
    assert narrow.row_dimensions[2].height >= 15 * 800 / (5 * 24)


def test_the_ledger_of_communities_is_the_table_of_units():
    town = review_town()
    rows = list(csv.DictReader(io.StringIO(TABLES["ledger.csv"](town))))
    sheet = sheets_of(town)[-1]
    assert sheet.id == "ledger"
    shown = [(row[2], *row[4], *row[6]) for row in sheet.rows]
    on_foot = [
        f"{standard} on foot share {when}" for standard in ("green-300", "park-500") for when in ("before", "after")
    ]
    told = [tuple(float(row[name]) for name in ("people", *on_foot)) for row in rows]
    assert [tuple(round(each, 6) for each in row) for row in shown] == told
    assert [row[3] for row in sheet.rows] == [1, 1, 0, 2]  # A lies in West, B east of the river
    assert sum(row[5] for row in sheet.rows[:-1]) == sheet.rows[-1][5] == 230


def test_no_name_is_a_formula_and_none_is_lost(book):
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t"))]
    assert f"'{EVIL}" in texts
    assert TAG in texts


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", "a\x00b\x0bc", "\ud800x", "x" * 40_000])
def test_a_hostile_name_leaves_a_workbook_that_opens(bad):
    sheet = Sheet("s", {"zh": bad, "en": bad}, {"zh": bad, "en": bad}, (Column({"zh": bad, "en": bad}),), ((bad,),))
    twice = workbook([sheet, sheet], language="both", synthetic=True)
    book = openpyxl.load_workbook(io.BytesIO(twice))
    assert len({name.casefold() for name in book.sheetnames}) == 2
    assert not [cell for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_papers_tell_the_number_of_a_reviewed_map(monkeypatch):
    for number in ("豫S(2026)001号", "=1+1", None):
        town = review_town(map_number=number)
        book = openpyxl.load_workbook(io.BytesIO(workbook(sheets_of(town), language="zh", synthetic=True)))
        rows = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True) if row[0]}
        assert rows["审图号"] in ({number, f"'{number}"} if number else {None, "–", ""})
        assert not [cell for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"]
        (line,) = (said for said in said_on_sheets(town, monkeypatch)[1] if said.startswith("审图号"))
        assert line.endswith(f"：{number or '______________'}")


def test_made_up_data_say_so_on_every_page():
    for synthetic in (True, False):
        book = openpyxl.load_workbook(
            io.BytesIO(workbook(sheets_of(review_town()), language="en", synthetic=synthetic))
        )
        assert {"MADE-UP CITY" in str(page["A3"].value) for page in book} == {synthetic}


def test_one_language_is_printed_where_one_is_asked_for():
    def texts(language):
        book = openpyxl.load_workbook(
            io.BytesIO(workbook(sheets_of(review_town()), language=language, synthetic=False))
        )
        return {str(cell) for page in book for row in page.iter_rows(values_only=True) for cell in row}

    assert "步行覆盖率 · 规划后" in texts("zh")
    assert "Share on foot · with the plan" in texts("en")
    assert "步行覆盖率 · 规划后\nShare on foot · with the plan" in texts("both")


def test_the_same_run_gives_the_same_bytes_in_another_process(tmp_path):
    script = (
        "import sys; from pathlib import Path; from planner import papers; from tests.browser import review_town;"
        "papers.write(review_town(), Path(sys.argv[1]))"
    )
    here, there = (tmp_path / each for each in ("here", "there"))
    here.mkdir()
    there.mkdir()
    environment = {"PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", script, str(there)], env=environment, check=True)
    for path in papers.write(review_town(), here):
        assert path.read_bytes() == (there / path.name).read_bytes()


def test_papers_that_cannot_be_written_say_where(tmp_path):
    with pytest.raises(OutputError, match=r"town\.xlsx cannot be written to nowhere"):
        papers.write(review_town(), tmp_path / "nowhere")


def test_a_kind_of_paper_that_there_is_not_is_a_fault_of_the_scenario(town):
    with pytest.raises(ScenarioError, match=r"outputs\.papers"):
        load(town / "town.yaml", set=["outputs.papers=[pptx]"])


def drawn_town(**options):
    """The drawn town with a second question, and another plan beside the first."""
    town = with_two_plans(review_town(**options))
    first = town.plans[0]
    other = replace(first.plan, opened=("way/C", "way/B"), objective=first.plan.objective - 60)
    asked = Examined(first.plan, others=(other,))
    return replace(town, plans=(replace(first, examined=asked), *town.plans[1:]))


def test_the_sheets_are_vectors_on_a3_with_the_font_inside():
    pdf = sheets(drawn_town())
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 5  # twice today and the plan, and what else would do
    (box,) = set(re.findall(rb"/MediaBox \[([^]]*)\]", pdf))
    assert [float(each) * 25.4 / 72 for each in box.split()] == pytest.approx([0, 0, 420, 297])
    assert b"/Subtype /Image" not in pdf
    assert b"/CreationDate" not in pdf
    kinds = {*re.findall(rb"/Subtype /(Type[0-9]|TrueType|CIDFont\w+)", pdf)}
    assert kinds == {b"Type3"}  # what is written as TrueType of this font, viewers show as nothing


def test_what_a_sheet_says_is_the_run_s(monkeypatch):
    texts = said_on_sheets(drawn_town(), monkeypatch)
    first, plan = texts[0], texts[1]
    assert "on foot 11.2% (90 of 800)" in first
    assert "on foot 11.2% → 71.2% (90 → 570 of 800)" in plan
    assert "2 sites +480 people" in plan
    assert "proven best, gap 0.00%" in plan
    assert "1  A 角 · West · +210" in plan
    assert {"MADE-UP CITY: nothing in it is real", "北 N", "0 – 200 m · 1 : 4 000"} <= {*plan}
    assert any(line.startswith("示意图，非法定边界") for line in plan)
    assert any(line.startswith("审图号") for line in plan)
    assert "next best 1: 60 fewer" in texts[2]


def test_a_hostile_name_is_drawn_and_means_nothing_and_real_data_are_not_called_made_up(monkeypatch):
    town = replace(drawn_town(hostile=True, synthetic=False), attribution="$\\frac{1}{0}$ \x00")
    texts = said_on_sheets(town, monkeypatch)
    assert any("{{ 7*7 }}" in line for line in texts[1])
    assert any(line.startswith("$") for line in texts[1])
    assert not [line for page in texts for line in page if "MADE-UP" in line]


@pytest.mark.parametrize(
    ("least", "scale"), [(3_999, 4_000), (4_000, 4_000), (4_001, 5_000), (99_999, 100_000), (1, 1)]
)
def test_a_map_has_the_next_round_scale(least, scale):
    assert round_scale(least) == scale


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("shape", [(9_000, 9_000), (20_000, 6_000), (4_000, 16_000)])
def test_small_maps_lie_apart_on_the_sheet_and_have_the_shape_of_the_city(count, shape):
    seen = np.array([[0.0, 0.0], shape])
    boxes = [shapely.box(x, y, x + wide, y + high) for x, y, wide, high in _boxes(count, seen)]
    frame = shapely.box(MAP[0], MAP[1], MAP[0] + MAP[2], MAP[1] + MAP[3] - 10.9)  # room for the captions of the first
    assert len(boxes) == count
    assert all(frame.buffer(1e-6).contains(box) for box in boxes)
    assert not any(a.distance(b) < 3 - 1e-9 for k, a in enumerate(boxes) for b in boxes[:k])
    across, up = np.ptp(shapely.get_coordinates(boxes[0]), axis=0)
    assert 1 / 1.09 <= across / up / (shape[0] / shape[1]) <= 1.09


def test_people_who_do_not_count_alike_are_called_so(monkeypatch):
    town = drawn_town()
    weighed = replace(town, plans=(replace(town.plans[0], weights={"60+": 1, "80+": 2}), *town.plans[1:]))
    assert "2 sites +480 people by weight (60+ ×1, 80+ ×2)" in said_on_sheets(weighed, monkeypatch)[1]
    units = [row[5]["en"] for row in plans_sheet(weighed).rows]
    assert units == ["people by weight (60+ ×1, 80+ ×2)", "people"]
    assert any("gain 480 people by weight" in line["en"] for line in found(weighed))


@pytest.mark.parametrize(("about", "length"), [(340, 200), (500, 500), (1_999, 1_000), (0.7, 0.5)])
def test_a_bar_is_as_long_as_a_round_number(about, length):
    assert bar_length(about) == length


def test_lines_break_between_chinese_letters_and_between_words():
    assert list(broken("一二三四五", 2)) == ["一二", "三四", "五"]
    assert list(broken("ab cd ef", 3.5)) == ["ab cd", "ef"]
    assert list(broken("abcdefgh", 2)) == ["abc", "def", "gh"]
    assert list(broken("上\n下", 9)) == ["上", "下"]
    assert list(broken("一二。三", 2)) == ["一二。", "三"]


def test_a_millimetre_on_paper_is_its_scale_on_the_ground():
    with printing():
        ground = Page().map(10, 10, 200, 100, np.array([[0.0, 0.0], [750.0, 300.0]]))
    assert ground.scale == 4_000
    assert np.ptp(ground.axes.get_xlim()) == pytest.approx(200 * 4)
    path = ground.traced(np.array([shapely.box(100, 50, 500, 250)], object))
    assert np.ptp(path.vertices, axis=0) * 25.4 == pytest.approx([100, 50], abs=0.02)


def said_on_sheets(run, monkeypatch):
    """Every line of every page."""
    texts = []
    once = Page.at

    def at(page, x, y, text, **look):
        if not texts or texts[-1][0] is not page:
            texts.append((page, []))
        texts[-1][1].append(text)
        once(page, x, y, text, **look)

    monkeypatch.setattr(Page, "at", at)
    sheets(run)
    return [lines for _, lines in texts]


@pytest.fixture(scope="module")
def paper():
    run = drawn_town()
    return run, docx.Document(io.BytesIO(papers.PAPERS["docx"](run)))


def test_the_report_has_every_table_of_the_workbook_with_the_same_figures(paper):
    run, report_ = paper
    told = {cell for table in report_.tables for row in table.rows for cell in (each.text for each in row.cells)}
    book = openpyxl.load_workbook(io.BytesIO(workbook(sheets_of(run), language="both", synthetic=True)))
    for page in book:
        rows = list(page.iter_rows(min_row=5))
        for cell in (cell for row in rows for cell in row if cell.value is not None):
            share = cell.number_format.endswith("%")
            assert (cell.value if isinstance(cell.value, str) else word(cell.value, "share" if share else "")) in told
    headings = {each.text.split(" · ")[0] for each in report_.paragraphs if each.style.name == "Heading 1"}
    assert headings == {*(sheet.title["zh"] for sheet in sheets_of(run)), "图件"}


def test_the_report_says_first_what_was_found_and_shows_every_map(paper):
    _, report_ = paper
    lines = [each.text for each in report_.paragraphs]
    assert "green within 300 m on foot: 11.2% → 71.2% (570 / 800 people)" in lines[2]
    assert "green within 300 m: sites chosen 2, which gain 480 people; proven best, gap 0.00%" in lines[4]
    assert "MADE-UP CITY" in lines[1]
    assert len(report_.inline_shapes) == 5


def test_pictures_of_a_report_are_light_and_keep_the_colours_of_the_sheets():
    for picture in pictures(drawn_town()):
        image = Image.open(io.BytesIO(picture))
        assert image.mode == "P"
        assert len(picture) < 60_000
    plan = Image.open(io.BytesIO([*pictures(drawn_town())][1])).convert("RGB")
    colours = {colour for _, colour in plan.getcolors(256)}
    for hexed in (
        "#0072b2",
        "#00b483",
        "#f4a582",
        "#f0e442",
        "#b00020",
    ):  # today, with the plan, without, chosen, made up
        asked = np.array([int(hexed[k : k + 2], 16) for k in (1, 3, 5)])
        assert min(np.abs(np.array(each) - asked).max() for each in colours) <= 6


def test_a_wide_table_is_parted_and_every_part_says_of_what_its_rows_are(paper):
    _, report_ = paper
    wide = [each for each in report_.tables if len(each.columns) > 4 and each.rows[0].cells[3].text.endswith("\nId")]
    assert len(wide) == 2
    assert {len(table.columns) <= 11 for table in report_.tables} == {True}


def test_a_hostile_name_is_text_in_the_report():
    bad = "</w:t><script>\x00{{x}}"
    sheet = Sheet("s", {"zh": bad}, {"zh": bad}, (Column({"zh": bad}),), ((bad,),))
    written = report_docx.report({"zh": bad}, [{"zh": bad}], [sheet], [], language="both", synthetic=False)
    (table,) = docx.Document(io.BytesIO(written)).tables
    assert table.rows[1].cells[0].text == bad.replace("\x00", "")


def test_a_sheet_tells_who_goes_to_which_school(tmp_path, monkeypatch):
    town = answer(write(tmp_path))
    (seats,), texts = town.schools, said_on_sheets(town, monkeypatch)
    pages = [page for page in texts if any(line.startswith("Who goes to which school") for line in page)]
    assert len(pages) == len(seats.plan.schools.stages)
    told, ids = seats.plan.balance(seats.last), seats.plan.schools.ids.tolist()
    for g, page in enumerate(pages):
        rows = {f"{told.pupils[m, g]:,.0f} / {told.classes[m, g]}" for m in range(len(ids)) if told.pupils[m, g] > 0}
        new = [line for line in page if line.endswith("build")]
        assert [line.split(" · ")[0].split("  ")[1] for line in new] == ["east"]
        assert rows == {line.split(" · ")[1] for line in page if " / " in line and line[0].isdigit()}


def test_a_sheet_tells_money_year_by_year(tmp_path, monkeypatch):
    town = answer(write(tmp_path))
    (page,) = [page for page in said_on_sheets(town, monkeypatch) if "Budget and phases" in page]
    told = [word(number, "number") for each in spendings(town) for number in (each.built, each.seats, each.cost)]
    written = [line for line in page if re.fullmatch(r"[\d,.]+", line)]
    assert {*told} <= {*written}
    assert {"build", "extend", "together"} <= {*page}
    assert "Source of funds" not in page  # nobody says, so paper has no column for it


@pytest.mark.parametrize("longest", [1, 9_000])
def test_a_long_table_goes_on_on_further_sheets_and_loses_no_row(longest, monkeypatch):
    columns = [("编号\nId", "words", [f"r{k} " * longest for k in range(90)]), ("n", "number", [*range(90)])]
    lines, at = [], Page.at
    monkeypatch.setattr(
        Page, "at", lambda page, x, y, text, **look: lines.append((page, y, text)) or at(page, x, y, text)
    )
    with printing():
        pages = [*tabled(columns, (10, 10, 288, 277), Page)]
    assert len(pages) == (90 if longest > 1 else 3)
    assert [text for _, _, text in lines if text.isdigit()] == [str(k) for k in range(90)]
    assert [text for _, _, text in lines].count("Id") == len(pages)
    if longest == 1:
        assert min(y for _, y, _ in lines) >= 10
