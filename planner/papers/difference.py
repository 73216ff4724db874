"""Two runs → one PDF of A3: for each standard where B serves more or fewer than A, and which sites it exchanges."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from matplotlib.backends.backend_pdf import PdfPages

from planner.compared import Comparison, Sites
from planner.network import Floats, Shapes
from planner.papers.ink import EDGE, HEIGHT, QUIET, Ground, Look, Sheet, printing

MAP = (EDGE, EDGE, 288.0, HEIGHT - 2 * EDGE)  # mm
LAYERS = "sites.gpkg"
STEPS: tuple[tuple[float, str, str], ...] = (  # up to which change of the share, in points; its colour and name
    (-5.0, "#b35806", "5 points fewer, or more 少 5 点以上"),
    (-0.05, "#fdc38d", "fewer 较少"),
    (0.05, "#f2f2f2", "alike 相同"),
    (5.0, "#a6d5ea", "more 较多"),
    (np.inf, "#08589e", "5 points more, or above 多 5 点以上"),
)
KEPT: Look = {"markerfacecolor": "#ffffff", "markeredgecolor": "#111111"}
ONLY_A: Look = {"markerfacecolor": "#111111", "markeredgecolor": "#ffffff", "marker": "X"}
ONLY_B: Look = {"markerfacecolor": "#f0e442", "markeredgecolor": "#111111", "marker": "D"}


def difference(compared: Comparison, a: Path, b: Path) -> bytes:
    """The bytes of the PDF, a page a standard whose sites or people differ; of one city, in the metres of A."""
    written = io.BytesIO()
    layers = [_layers(folder) for folder in (a, b)]
    with printing(), PdfPages(written, metadata={"CreationDate": None, "Creator": None, "Producer": None}) as pages:
        sited, served = (
            [each.standard for each in compared.sites],
            [each.standard for each in compared.served if not each.alike],
        )
        for standard in dict.fromkeys([*sited, *served]):
            pages.savefig(_page(compared, standard, layers).figure)
    return written.getvalue()


def _layers(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    path = folder / LAYERS
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    return {name: gpd.read_file(path, layer=name) for name in ("sites", "units", "standing") if name in names}


def _page(compared: Comparison, standard: str, layers: Sequence[Mapping[str, gpd.GeoDataFrame]]) -> Sheet:
    sheet, first = Sheet(), layers[0]
    ground = sheet.map(*MAP, _seen(layers))
    served = [each for each in compared.served if each.standard == standard and not each.group]
    sheet.words(f"A  {compared.names[0]}\nB  {compared.names[1]}", size=11)
    sheet.gap()
    sheet.words(served[0].title if served else standard, size=10)
    for each in served:
        sheet.words(str(each))
    for line in compared.parted:
        sheet.words(line, size=6, color=QUIET)
    sheet.gap()
    change = _change(layers, standard)
    if change is not None:
        _paint(ground, sheet, np.asarray(first["units"].geometry, object), change)
    elif "units" in first:
        ground.draw(np.asarray(first["units"].geometry, object), 1, facecolor="none", edgecolor=QUIET)
    sites = next((each for each in compared.sites if each.standard == standard), None)
    if sites is not None:
        _mark(ground, sheet, sites, layers)
    ground.north_and_scale()
    if any(run["synthetic"] for run in (compared.a, compared.b)):
        sheet.gap()
        sheet.words("MADE-UP CITY · 虚构数据", color="#b00020")
    sheet.words("示意图，非法定边界 Schematic; not a legal boundary", size=6, color=QUIET)
    return sheet


def _seen(layers: Sequence[Mapping[str, gpd.GeoDataFrame]]) -> Floats:
    """(2, 2) the corners of all that is drawn."""
    shown = [shapely.box(*layer.total_bounds) for side in layers for layer in side.values() if len(layer)]
    corners: Floats = np.reshape(shapely.total_bounds(shown), (2, 2))
    return corners


def _change(layers: Sequence[Mapping[str, gpd.GeoDataFrame]], standard: str) -> Floats | None:
    """(u,) by how many points B serves more of each unit; none where units or standards are not the same."""
    column = f"{standard.replace('-', '_')}_share_after"
    tables = [side["units"] for side in layers if "units" in side and column in side["units"]]
    if len(tables) < len(layers) or list(tables[0]["id"]) != list(tables[1]["id"]):
        return None
    points: Floats = 100 * (tables[1][column].to_numpy(np.float64) - tables[0][column].to_numpy(np.float64))
    return points


def _paint(ground: Ground, sheet: Sheet, units: Shapes, change: Floats) -> None:
    """The units by what B changes, and the legend of that; where nobody lives, nothing."""
    low = -np.inf
    sheet.words("Share served with B instead of A, by unit 各单元达标率变化", size=8)
    for high, colour, name in STEPS:
        ground.draw(units[(change > low) & (change <= high)], 1, facecolor=colour, edgecolor=QUIET)
        sheet.sample(name, {"facecolor": colour, "edgecolor": QUIET}, size=7)
        low = high
    sheet.gap()


def _mark(ground: Ground, sheet: Sheet, sites: Sites, layers: Sequence[Mapping[str, gpd.GeoDataFrame]]) -> None:
    """The sites of both runs, of A alone and of B alone."""
    groups = ((sites.both, 0, KEPT, "in both 共有"), (sites.only_a, 0, ONLY_A, "only in A 仅 A"))
    for ids, side, look, name in (*groups, (sites.only_b, 1, ONLY_B, "only in B 仅 B")):
        table = layers[side]["sites"]
        here = table[(table["standard"] == sites.standard) & table["id"].isin(ids)]
        middles = shapely.point_on_surface(np.asarray(here.geometry, object))
        ground.mark(shapely.get_coordinates(middles), 6, markersize=7, markeredgewidth=0.8, **look)
        told = f"{name}: {len(ids)}" + (f" ({', '.join(ids)})" if ids and look is not KEPT else "")
        sheet.sample(told, {"facecolor": look["markerfacecolor"], "edgecolor": "#111111"}, size=7)
