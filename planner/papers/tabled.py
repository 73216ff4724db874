"""A table on sheets of A3, in the frame where others have their map."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from planner.papers.grid import Filled, told
from planner.papers.ink import LEADING, POINT, Look, Sheet, broken, em

LARGEST, GAP, PAD = 8.0, 5.0, 1.0  # points; mm between columns, and above and below a row
WIDEST = 30.0  # Chinese letters of a column, before it is broken into lines
THICK: Look = {"thick": 0.4}  # below the headings
THIN: Look = {"thick": 0.1, "colour": "#c3ccd3"}

Cells = Sequence[Sequence[str]]  # the lines of each cell of a row


def tabled(
    columns: Sequence[Filled], box: tuple[float, float, float, float], page: Callable[[], Sheet]
) -> Iterator[Sheet]:
    """As many sheets as the rows need, each with the headings above them."""
    left, bottom, width, height = box
    head: Cells = [_lines(title) for title, _, _ in columns]
    texts = zip(*([told(value, kind) for value in values] for _, kind, values in columns), strict=True)
    rows: list[Cells] = [[_lines(text) for text in row] for row in texts]
    wide = [max(em(line) for row in (head, *rows) for line in row[c]) for c in range(len(columns))]
    size = min(LARGEST, (width - GAP * len(wide)) / (sum(wide) * POINT))
    grid = _Grid(left, width, tuple(each * size * POINT + GAP for each in wide), size, [kind for _, kind, _ in columns])
    while rows:
        sheet = page()
        y = grid.write(sheet, head, bottom + height, thick=True)
        first = True
        while rows and (first or y - grid.height(rows[0]) >= bottom):
            y = grid.write(sheet, rows.pop(0), y)
            first = False
        yield sheet


@dataclass(frozen=True)
class _Grid:
    """Where columns stand, in mm."""

    left: float
    width: float
    columns: tuple[float, ...]
    size: float  # of the letters, points
    kinds: Sequence[str]

    def height(self, row: Cells) -> float:
        return max(map(len, row)) * self.size * POINT * LEADING + 2 * PAD

    def write(self, sheet: Sheet, row: Cells, top: float, *, thick: bool = False) -> float:
        """A row and the line below it; numbers stand to the right. Where the next one begins."""
        x = self.left
        for lines, wide, kind in zip(row, self.columns, self.kinds, strict=True):
            right = kind != "words"
            for k, line in enumerate(lines, 1):
                y = top - PAD - k * self.size * POINT * LEADING + 0.5
                sheet.at(x + (wide - GAP if right else 0), y, line, size=self.size, ha="right" if right else "left")
            x += wide
        low = top - self.height(row)
        sheet.rule(self.left, low, self.width, **(THICK if thick else THIN))
        return low


def _lines(text: str) -> list[str]:
    return [*broken(text, WIDEST)] or [""]
