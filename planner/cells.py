"""How a figure, a share or a name stands in a cell of a table, or in JSON."""

import csv
import io
import math
from collections.abc import Iterable, Mapping

FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")  # a spreadsheet would compute a cell that starts so


def figure(value: float, decimals: int = 6) -> int | float | None:
    """Whole numbers as integers; null for what is not finite."""
    if not math.isfinite(value):
        return None
    rounded = round(float(value), decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def share(covered: float, people: float) -> float | str:
    """In [0, 1]; an empty cell where there is nobody."""
    return round(float(covered / people), 6) if people > 0 else ""


def plain(text: str) -> str:
    """A cell that no spreadsheet computes: with an apostrophe before it where one would."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else str(text)


def as_written(cell: str) -> str:
    """The text of a cell that `plain` made."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def table_text(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows that all have the same columns, as CSV with a head; no text where there are none."""
    listed = list(rows)
    if not listed:
        return ""
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=[*listed[0]])
    table.writeheader()
    table.writerows(listed)
    return text.getvalue()
