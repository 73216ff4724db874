"""A sheet as a plain table, as workbook and report print it: headings, and texts, numbers or nothing below them."""

from collections.abc import Iterator

from planner.cells import figure
from planner.ledgers.sheets import Cell, Sheet, Words
from planner.papers.archive import harmless
from planner.papers.words import AFTER, BEFORE, joined, said

LONGEST_TEXT = 32_767  # characters of a cell
LARGE = 1000  # from which on one decimal is enough for the eye
DETAILS: Words = {"zh": "明细", "en": "Details"}

Value = str | int | float | None
Filled = tuple[str, str, list[Value]]  # heading, kind and values of a column


def columns_of(sheet: Sheet, language: str) -> Iterator[Filled]:
    """Heading, kind and values of each column: a pair becomes two, and what lies behind a row the last one."""
    for column, values in zip(sheet.columns, zip(*sheet.rows, strict=True) if sheet.rows else (), strict=False):
        if any(isinstance(value, tuple) for value in values):
            for when, word in enumerate((BEFORE, AFTER)):
                title = said(joined(column.title, word, between=" · "), language)
                yield title, column.kind, [_value(_of_pair(value, when), language) for value in values]
        else:
            yield said(column.title, language), column.kind, [_value(_of_pair(value, 0), language) for value in values]
    if any(sheet.more):
        behind = ["\n".join(said(each, language, " · ") for each in texts) or None for texts in sheet.more]
        yield said(DETAILS, language), "words", [text and _value(text, language) for text in behind]


def filled(sheet: Sheet, language: str) -> list[Filled]:
    """The same without the columns in which nothing stands, for paper."""
    return [column for column in columns_of(sheet, language) if any(value is not None for value in column[2])]


def told(value: Value, kind: str) -> str:
    """A value in words: a share in per cent, a number with its thousands apart."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if kind == "share":
        return f"{value:.1%}"
    return f"{value:,.10g}" if abs(value) < LARGE else f"{value:,.1f}".removesuffix(".0")


def _of_pair(value: Cell, when: int) -> str | float | Words | None:
    return value[when] if isinstance(value, tuple) else value


def _value(value: str | float | Words | None, language: str) -> Value:
    """What stands in a cell: text that nothing computes, a whole number, a number, or nothing."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return figure(value, 9)
    text = harmless(said(value, language))
    if not text:
        return None
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
