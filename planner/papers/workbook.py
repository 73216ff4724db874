"""Sheets → one Excel workbook, a page a sheet; a number is a number, and a name is never a formula."""

import io
import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from planner.ledgers.sheets import Sheet
from planner.papers.archive import harmless, printable, undated
from planner.papers.grid import LARGE, columns_of, told
from planner.papers.words import SYNTHETIC, said

FORBIDDEN = re.compile(r"[\[\]:*?/\\]")  # in the name of a page
LONGEST_NAME = 31  # characters of a page's name
NARROWEST, WIDEST = 9, 60  # characters of a column
WIDEST_HEAD = 22  # of a heading, before it is broken into lines
PRINTED = 320  # characters across a page of A3, at two thirds of their size
KEYS = 2  # columns that every page of a wide table repeats
LINE_PT = 15.0  # of a heading
HEAD = PatternFill("solid", fgColor="E3ECF2")
WARNING = Font(bold=True, color="B00020")
LINE = Border(bottom=Side("thin", color="7F8C96"))
TOP = Alignment(vertical="top", wrap_text=True)


def workbook(sheets: Sequence[Sheet], *, language: str, synthetic: bool) -> bytes:
    """The bytes of the workbook. A pair becomes two columns, and what lies behind a row its last one."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    taken: set[str] = set()
    for sheet in sheets:
        page = book.create_sheet(_page_name(sheet, language, taken))
        _write(page, sheet, language, synthetic=synthetic)
    written = io.BytesIO()
    book.save(written)
    return undated(written.getvalue())


def _page_name(sheet: Sheet, language: str, taken: set[str]) -> str:
    """In Chinese where both languages are asked for; numbered where another page has it already."""
    title = said(sheet.title, "zh" if language == "both" else language)
    name = FORBIDDEN.sub(" ", printable(title))[:LONGEST_NAME].strip(" '") or sheet.id
    for number in chain([""], map(str, range(2, len(taken) + 3))):
        numbered = f"{name[: LONGEST_NAME - len(number)]}{number}"
        if numbered.casefold() not in taken:
            break
    taken.add(numbered.casefold())
    return numbered


def _write(page: Worksheet, sheet: Sheet, language: str, *, synthetic: bool) -> None:
    columns = list(columns_of(sheet, language))
    page.append([harmless(said(sheet.title, language, " · "))])
    page.append([harmless(said(sheet.note, language, " "))])
    page["A1"].font = Font(bold=True, size=14)
    if synthetic:
        page.append([said(SYNTHETIC, language, " · ")])
        page.cell(page.max_row, 1).font = WARNING
    head = page.max_row + 1
    wide: list[int] = []
    for c, (title, kind, values) in enumerate(columns, 1):
        cell = page.cell(head, c, harmless(title))
        cell.font, cell.fill, cell.border = Font(bold=True), HEAD, LINE
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        style = _format(kind, [value for value in values if isinstance(value, int | float)])
        for r, value in enumerate(values, head + 1):
            cell = page.cell(r, c, value)
            cell.alignment = TOP
            if isinstance(value, str):
                cell.data_type = "s"
            else:
                cell.number_format = style
        needs = [min(WIDEST_HEAD, _width(title)), *(_width(told(value, kind)) for value in values)]
        wide.append(min(WIDEST, max(NARROWEST, *needs) + 2))
        page.column_dimensions[get_column_letter(c)].width = wide[-1]
    if len(wide) > 1:  # the note is as wide as the table, so that paper shows all of it
        page.merge_cells(start_row=2, end_row=2, start_column=1, end_column=len(wide))
        page["A2"].alignment = TOP
        page.row_dimensions[2].height = LINE_PT * _lines(str(page["A2"].value), sum(wide))
    page.row_dimensions[head].height = LINE_PT * max(
        (_lines(title, room) for (title, _, _), room in zip(columns, wide, strict=True)), default=1
    )
    page.freeze_panes = f"B{head + 1}"
    page.auto_filter.ref = f"A{head}:{get_column_letter(len(columns))}{head + len(sheet.rows)}"
    page.print_title_rows = f"{head}:{head}"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 8  # A3
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = -(-sum(wide) // PRINTED) or 1, 0
    page.print_title_cols = f"A:{get_column_letter(min(KEYS, len(columns) or 1))}"
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if page.oddFooter is not None and page.oddFooter.center is not None:  # a new page has one
        page.oddFooter.center.text = "&A · &P / &N"


def _format(kind: str, numbers: Sequence[float]) -> str:
    """How a column of numbers is shown; a cell holds all their decimals in any case."""
    if kind == "share":
        return "0.000%" if any(0 < abs(each) < 0.001 for each in numbers) else "0.0%"  # noqa: PLR2004
    decimals = max((len(f"{each:.6f}".rstrip("0").partition(".")[2]) for each in numbers), default=0)
    if any(abs(each) >= LARGE for each in numbers):
        decimals = min(decimals, 1)
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _lines(text: str, room: int) -> int:
    """How many lines a heading takes in a column so wide."""
    return sum(max(1, -(-_width(line) // (room - 1))) for line in text.split("\n"))


def _width(text: str) -> int:
    """Of the widest line, in Latin letters."""
    return max(
        sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line) for line in text.split("\n")
    )
