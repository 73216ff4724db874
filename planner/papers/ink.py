"""Shapes and words on a sheet of A3, in millimetres: what matplotlib draws, as vectors, in an embedded Chinese font."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from noto_cjk_sans_otc import FONT_PATH

from planner.network import Floats, Shapes
from planner.papers.archive import printable

WIDTH, HEIGHT, EDGE = 420.0, 297.0, 10.0  # mm
INCH = 25.4  # mm
POINT = INCH / 72  # mm
FONT = "Noto Sans CJK SC"
TYPE3 = 3  # glyphs as drawings: what is written as TrueType of this font, viewers show as nothing
FINEST = INCH / 72 / 20  # mm: what is smaller is not seen
LEADING = 1.45  # of the height of the letters
CLOSING = tuple("，。；：、！？）》」”’％")  # what begins no line
LATIN = 0.56  # the width of a Latin letter, of a Chinese one
INK, QUIET = "#22303a", "#5d6870"
SCALES = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 10)  # times a power of ten
BAR = (1, 2, 5, 10)  # a bar is as long as one of these, times a power of ten
AREA = 2  # dimensions

Look = dict[str, Any]
BEHIND = {"boxstyle": "square,pad=0.06", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.72}  # a name


@contextmanager
def printing() -> Iterator[None]:
    """While sheets are drawn: none of the settings of this machine, and the font that comes with the software."""
    if FONT not in {each.name for each in font_manager.fontManager.ttflist if each.fname == str(FONT_PATH)}:
        font_manager.fontManager.addfont(str(FONT_PATH))
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({"font.family": [FONT], "pdf.fonttype": TYPE3, "text.parse_math": False})
        yield


@dataclass
class Sheet:
    """One page: a frame, and a column of words that runs down its right side."""

    left: float = WIDTH - EDGE - 104  # of the column
    figure: Figure = field(init=False)
    y: float = HEIGHT - EDGE - 5  # where the next line begins

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH / INCH, HEIGHT / INCH))
        FigureCanvasPdf(self.figure)

    @property
    def width(self) -> float:
        """Of the column."""
        return WIDTH - EDGE - self.left

    def words(self, text: str, *, size: float = 8, indent: float = 0, **look: Any) -> None:
        """A paragraph in the column, broken into lines."""
        for line in broken(text, (self.width - indent) / (size * POINT)):
            self.y -= size * POINT * LEADING
            self.at(self.left + indent, self.y, line, size=size, **look)

    def gap(self, height: float = 2.5) -> None:
        """Some room in the column."""
        self.y -= height

    def at(self, x: float, y: float, text: str, *, size: float = 8, **look: Any) -> None:
        """One line anywhere."""
        self.figure.text(
            x / WIDTH, y / HEIGHT, printable(text), fontsize=size, **{"color": INK, "va": "baseline"} | look
        )

    def rule(self, x: float, y: float, width: float, *, thick: float = 0.1, colour: str = QUIET) -> None:
        """A line across, so many mm thick."""
        look: Look = {"facecolor": colour, "edgecolor": "none", "transform": self.figure.transFigure}
        self.figure.add_artist(Rectangle((x / WIDTH, y / HEIGHT), width / WIDTH, thick / HEIGHT, **look))

    def sample(self, text: str, look: Look, *, size: float = 8) -> None:
        """A line of the legend: how something looks, and what it is."""
        height = size * POINT
        mark: Look = {"zorder": 5, "transform": self.figure.transFigure} | look
        box = (self.left / WIDTH, (self.y - height * LEADING) / HEIGHT)
        self.figure.add_artist(Rectangle(box, 6 / WIDTH, height * 0.9 / HEIGHT, **mark))
        self.words(text, size=size, indent=8)

    def sign(self, text: str, look: Look, *, size: float = 8) -> None:
        """The same for something that a map marks with a sign."""
        x, y = (self.left + 3) / WIDTH, (self.y - size * POINT * LEADING * 0.68) / HEIGHT
        mark: Look = {"linestyle": "none", "marker": "o", "markersize": 6, "transform": self.figure.transFigure} | look
        self.figure.add_artist(Line2D([x], [y], **mark))
        self.words(text, size=size, indent=8)

    def map(self, left: float, bottom: float, width: float, height: float, seen: Floats) -> "Ground":
        """Room for a map that shows all that is to be seen, at a round scale."""
        axes = self.figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))
        across, up = np.ptp(seen, axis=0)
        scale = scale_of(across / width, up / height)
        (x, y), metres = seen.mean(axis=0), scale / 1000  # a millimetre
        axes.set_xlim(x - width * metres / 2, x + width * metres / 2)
        axes.set_ylim(y - height * metres / 2, y + height * metres / 2)
        axes.set_xticks([])
        axes.set_yticks([])
        for side in axes.spines.values():
            side.set(color=QUIET, linewidth=0.6)
        return Ground(self, axes, scale, (left, bottom, width, height))


@dataclass(frozen=True)
class Ground:
    """A map on a sheet."""

    sheet: Sheet
    axes: Axes
    scale: int  # 1 : so many
    box: tuple[float, float, float, float]  # mm

    def draw(self, shapes: Shapes, zorder: float = 1, *, mark: Look | None = None, **look: Any) -> None:
        """Areas and lines as one drawing; what is a point as `mark`."""
        parts = shapely.get_parts(shapes)
        flat = shapely.get_dimensions(parts)
        if (flat > 0).any():
            self.lay(self.traced(parts[flat > 0]), zorder, **look, **({} if (flat == AREA).any() else {"fill": False}))
        if (flat == 0).any():
            self.mark(shapely.get_coordinates(parts[flat == 0]), zorder, **(mark or {}))

    def traced(self, shapes: Shapes) -> Path:
        """All areas and lines that reach into the map as one path in inches from its corner, holes the other way round.

        Corners are as fine as the eye sees them on paper, so that a city is no heavy file.
        """
        (west, east), (south, north) = self.axes.get_xlim(), self.axes.get_ylim()
        seen = shapely.intersects(shapely.box(west, south, east, north), shapely.envelope(shapes))
        parts = shapely.get_parts(shapes[seen])
        rings = shapely.get_rings(shapely.orient_polygons(parts))
        lines = parts[shapely.get_dimensions(parts) < AREA]
        xy, piece = shapely.get_coordinates(np.concatenate([rings, lines]), return_index=True)
        steps = np.rint((xy - (west, south)) / (self.scale / 1000 * FINEST))
        begins = np.diff(piece, prepend=-1) > 0
        moves = begins | (np.diff(steps, axis=0, prepend=0) != 0).any(axis=1)
        codes = np.where(begins, Path.MOVETO, Path.LINETO).astype(np.uint8)
        return Path(steps[moves] * (FINEST / INCH), codes[moves])

    def lay(self, path: Path, zorder: float, **look: Any) -> None:
        """A path of this map on it."""
        if not len(np.asarray(path.vertices)):
            return
        figure, (left, bottom, _, _) = self.sheet.figure, self.box
        moved = Affine2D().translate(left / INCH, bottom / INCH) + figure.dpi_scale_trans
        patch = PathPatch(path, **{"edgecolor": "none", "linewidth": 0.2, "zorder": zorder, "transform": moved} | look)
        self.axes.add_artist(patch)  # add_patch would look at every corner, in Python
        patch.set_clip_path(self.axes.patch)

    def mark(self, xy: Floats, zorder: float = 4, **look: Any) -> None:
        """Signs of one kind."""
        sign: Look = {"linestyle": "none", "marker": "o", "markersize": 2, "zorder": zorder} | look
        self.axes.plot(*xy.T, **sign)

    def number(self, xy: Floats, text: str, *, size: float = 7, colour: str = "#f0e442") -> None:
        """A number in a disc."""
        disc = {"boxstyle": "circle,pad=0.18", "facecolor": colour, "edgecolor": "#111111", "linewidth": 0.6}
        x, y = xy
        self.axes.text(x, y, text, fontsize=size, ha="center", va="center", color="#111111", zorder=9, bbox=disc)

    def name(self, xy: Floats, text: str, *, size: float = 5.5) -> None:
        """A name in small letters on white, so that it is read on whatever is below."""
        x, y = xy
        look: Look = {"ha": "center", "va": "center", "color": INK, "zorder": 8, "clip_on": True}
        self.axes.text(x, y, printable(text), fontsize=size, bbox=BEHIND, **look)

    def paper_mm(self, shapes: Shapes) -> Floats:
        """(m,) how wide each shape is on the sheet."""
        wide: Floats = np.sqrt(shapely.area(shapes)) / self.scale * 1000
        return wide

    def north_and_scale(self) -> None:
        """An arrow to the north, and a bar with its length."""
        left, bottom, width, height = self.box
        x, y = left + width - 8, bottom + height - 18
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.2}
        place: Look = {"xycoords": "figure fraction", "textcoords": "figure fraction", "arrowprops": arrow}
        top, foot = (x / WIDTH, (y + 12) / HEIGHT), (x / WIDTH, y / HEIGHT)
        self.axes.annotate("", top, foot, **place)
        self.sheet.at(x, y - 4.5, "北 N", size=8, ha="center")
        length = bar_length(self.scale / 1000 * width / 5)
        across = length * 1000 / self.scale
        x, y = left + 5, bottom + 5
        figure = self.sheet.figure
        for part, colour in enumerate((INK, "#ffffff")):
            box = ((x + part * across / 2) / WIDTH, y / HEIGHT)
            look: Look = {
                "facecolor": colour,
                "edgecolor": INK,
                "linewidth": 0.5,
                "transform": figure.transFigure,
                "zorder": 9,
            }
            figure.add_artist(Rectangle(box, across / 2 / WIDTH, 1.4 / HEIGHT, **look))
        told = f"{length:,.0f} m" if length < 1000 else f"{length / 1000:g} km"  # noqa: PLR2004
        self.sheet.at(x, y + 2.4, f"0 – {told} · 1 : {self.scale:,}".replace(",", " "), size=7)


def scale_of(across: float, up: float) -> int:
    """The round scale at which a millimetre is as many metres as is needed, either way, and a little more."""
    return round_scale(max(across, up) * 1000 * 1.02)


def round_scale(least: float) -> int:
    """The smallest round scale that is not below `least`."""
    ten = 10.0 ** np.floor(np.log10(max(least, 1.0)))
    return int(next(each * ten for each in SCALES if each * ten >= least - 1e-9))


def bar_length(about_m: float) -> float:
    """A round length near one, not above it."""
    ten = 10.0 ** np.floor(np.log10(about_m))
    return float(max(each * ten for each in BAR if each * ten <= about_m + 1e-9))


def broken(text: str, widest: float) -> Iterator[str]:
    """Lines of at most so many Chinese letters, and what closes them; Latin words stay whole where they fit."""
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for piece in _pieces(paragraph):
            wide = em(piece)
            if line and used + wide > widest and piece not in CLOSING:
                yield line.rstrip()
                line, used = "", 0.0
                piece = piece.lstrip()  # noqa: PLW2901
            while em(piece) > widest:
                cut = max(1, int(widest / LATIN))
                yield piece[:cut]
                piece = piece[cut:]  # noqa: PLW2901
            line, used = line + piece, used + em(piece)
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """Chinese letters one by one, other words whole with the blank behind them."""
    word = ""
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            if word:
                yield word
            yield letter
            word = ""
        else:
            word += letter
            if letter == " ":
                yield word
                word = ""
    if word:
        yield word


def em(text: str) -> float:
    """How wide a text is, in Chinese letters."""
    return sum(1.0 if unicodedata.east_asian_width(each) in "WF" else LATIN for each in text)
