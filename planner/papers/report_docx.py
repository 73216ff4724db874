"""Sheets and pictures → one Word report: the same tables as in the workbook, the same maps as on the sheets."""

import io
from collections.abc import Iterable, Iterator, Sequence

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table

from planner.ledgers.sheets import Sheet, Words
from planner.papers.archive import harmless, printable, undated
from planner.papers.grid import Filled, filled, told
from planner.papers.words import SYNTHETIC, said

PAPER, MARGIN = (Mm(297), Mm(210)), Mm(15)
LATIN, CHINESE = "Arial", "宋体"
MOST_ROWS = 60  # of a table; the workbook has all
KEYS, MOST_COLUMNS = 4, 11  # of a wide table: those that every part of it repeats, and how many a part has
MAPS: Words = {"zh": "图件", "en": "Maps"}


def report(
    title: Words,
    lines: Iterable[Words],
    sheets: Sequence[Sheet],
    pictures: Iterable[bytes],
    *,
    language: str,
    synthetic: bool,
) -> bytes:
    """The bytes of the report: a title, what was found in a few lines, every table, then the maps (PNG)."""
    paper = docx.Document()
    _set_up(paper)
    paper.add_heading(printable(said(title, language)), 0)
    if synthetic:
        warned = paper.add_paragraph().add_run(said(SYNTHETIC, language))
        warned.bold, warned.font.color.rgb = True, RGBColor(0xB0, 0x00, 0x20)
    for line in lines:
        paper.add_paragraph(printable(said(line, language)), style="List Bullet")
    for sheet in sheets:
        _write(paper, sheet, language)
    for number, picture in enumerate(pictures):
        if not number:
            paper.add_heading(said(MAPS, language, " · "), 1)
        paper.add_picture(io.BytesIO(picture), width=PAPER[0] - 2 * MARGIN - Mm(12))
    written = io.BytesIO()
    paper.save(written)
    return undated(written.getvalue())


def _set_up(paper: Document) -> None:
    """A4 across, letters that Word has for both scripts, no name and no date of a template."""
    page = paper.sections[0]
    page.orientation, page.page_width, page.page_height = WD_ORIENT.LANDSCAPE, *PAPER
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = MARGIN
    for name in ("Normal", "Title", "Heading 1"):
        font = paper.styles[name].font
        font.name = LATIN
        font.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), CHINESE)
    paper.styles["Normal"].font.size = Pt(9)
    known = paper.core_properties
    known.author = known.title = known.comments = known.last_modified_by = ""


def _write(paper: Document, sheet: Sheet, language: str) -> None:
    """Heading, note and table; a wide table in parts, a long one as far as it goes."""
    paper.add_heading(printable(said(sheet.title, language, " · ")), 1)
    paper.add_paragraph(printable(said(sheet.note, language, " ")))
    for part in _parts(filled(sheet, language)):
        _fill(paper.add_table(min(len(sheet.rows), MOST_ROWS) + 1, len(part), style="Table Grid"), part)
        paper.add_paragraph()
    if len(sheet.rows) > MOST_ROWS:
        rest = len(sheet.rows) - MOST_ROWS
        more = {"zh": f"另有 {rest} 行，见工作簿。", "en": f"{rest} more rows are in the workbook."}
        paper.add_paragraph(said(more, language, " "))


def _parts(columns: Sequence[Filled]) -> Iterator[Sequence[Filled]]:
    """The columns of a table that is not too wide; of a wide one the first with some of the others, in turn."""
    if len(columns) <= MOST_COLUMNS:
        yield columns
        return
    keys, others = columns[:KEYS], columns[KEYS:]
    for start in range(0, len(others), MOST_COLUMNS - KEYS):
        yield [*keys, *others[start : start + MOST_COLUMNS - KEYS]]


def _fill(table: Table, columns: Sequence[Filled]) -> None:
    """The heading, which every page repeats, and the values."""
    head, *rows = table.rows
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    head._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001  (python-docx has no word for it)
    lines = zip(*([told(value, kind) for value in values] for _, kind, values in columns), strict=True)
    texts = [[harmless(title) for title, _, _ in columns], *lines]
    for number, (row, line) in enumerate(zip([head, *rows], texts, strict=False)):
        for cell, text in zip(row.cells, line, strict=True):
            run = cell.paragraphs[0].add_run(text)
            run.font.size, run.bold = Pt(7), number == 0
