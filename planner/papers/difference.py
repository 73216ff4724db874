"""Two runs → one PDF of A3: for each standard where B serves more or fewer than A, and which sites it exchanges."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from matplotlib.backends.backend_pdf import PdfPages

from planner.compared import Comparison, Sites
from planner.compared_schools import Seats, homes_of
from planner.network import Floats, Shapes
from planner.papers.ink import EDGE, HEIGHT, QUIET, Ground, Look, Sheet, printing
from planner.papers.words import SCHEMATIC, SYNTHETIC, said

MAP = (EDGE, EDGE, 288.0, HEIGHT - 2 * EDGE)  # mm
LAYERS = "sites.gpkg"
DRAWN = ("sites", "units", "standing", "schools")
HOMES = (("#b9c4cc", "at the same school 学校不变"), ("#b35806", "at another school 学校改变"))
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
    """The bytes of the PDF, a page a standard or stage of school that differs; of one city, in the metres of A."""
    written = io.BytesIO()
    layers = [_layers(folder) for folder in (a, b)]
    with printing(), PdfPages(written, metadata={"CreationDate": None, "Creator": None, "Producer": None}) as pages:
        sited, served = (
            [each.standard for each in compared.sites],
            [each.standard for each in compared.served if not each.alike],
        )
        for standard in dict.fromkeys([*sited, *served]):
            pages.savefig(_page(compared, standard, layers).figure)
        for seats in compared.seats:
            if not seats.alike:
                pages.savefig(_school_page(compared, seats, layers).figure)
    return written.getvalue()


def _layers(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    path = folder / LAYERS
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    return {name: gpd.read_file(path, layer=name) for name in DRAWN if name in names}


def _page(compared: Comparison, standard: str, layers: Sequence[Mapping[str, gpd.GeoDataFrame]]) -> Sheet:
    served = [each for each in compared.served if each.standard == standard and not each.group]
    sheet, first = _headed(compared, served[0].title if served else standard, map(str, served)), layers[0]
    ground = sheet.map(*MAP, _seen(layers))
    change = _change(layers, standard)
    if change is not None:
        _paint(ground, sheet, np.asarray(first["units"].geometry, object), change)
    elif "units" in first:
        ground.draw(np.asarray(first["units"].geometry, object), 1, facecolor="none", edgecolor=QUIET)
    sites = next((each for each in compared.sites if each.standard == standard), None)
    if sites is not None:
        _mark(ground, sheet, sites, layers)
    return _signed(compared, sheet, ground)


def _school_page(compared: Comparison, seats: Seats, layers: Sequence[Mapping[str, gpd.GeoDataFrame]]) -> Sheet:
    """Where pupils go to another school, and which schools are in one run alone."""
    head, _, told = str(seats).partition(": ")
    done = (str(each) for each in compared.options if seats.stage in each.stages.split(" and "))
    sheet = _headed(compared, head, [*told.split("; "), *done])
    ground = sheet.map(*MAP, _seen(layers))
    if "units" in layers[0]:
        ground.draw(np.asarray(layers[0]["units"].geometry, object), 1, facecolor="none", edgecolor=QUIET)
    homes = [*homes_of(seats.stage, *compared.goes)]
    for moved, (colour, name) in enumerate(HOMES):
        xy = [home.lonlat for home, other in homes if other == moved]
        if xy:
            points = gpd.GeoSeries(shapely.points(xy), crs=4326).to_crs(layers[0]["standing"].crs)
            ground.mark(shapely.get_coordinates(points), 2 + moved, markersize=1.6, color=colour, markeredgewidth=0)
        pupils = sum(home.pupils for home, other in homes if other == moved)
        sheet.sample(f"{name}: {pupils:,.0f}", {"facecolor": colour}, size=7)
    tables = [
        side["schools"][side["schools"]["stage"] == seats.stage] if "schools" in side else None for side in layers
    ]
    taught = [[] if each is None else each.loc[each["classes"] > 0, "id"].tolist() for each in tables]
    both = tuple(each for each in taught[0] if each in taught[1])
    only_a, only_b = ([each for each in side if each not in both] for side in taught)
    _mark_all(ground, sheet, (both, only_a, only_b), tables)
    return _signed(compared, sheet, ground)


def _headed(compared: Comparison, title: str, lines: Iterable[str]) -> Sheet:
    """A sheet that names the runs, what differs, and what else parts them."""
    sheet = Sheet()
    for letter, run, name in zip("AB", (compared.a, compared.b), compared.names, strict=True):
        sheet.words("  ".join(filter(None, (letter, run["title"].get("zh"), name))), size=10)
    sheet.gap()
    sheet.words(title, size=10)
    for line in lines:
        sheet.words(line)
    for line in compared.parted:
        sheet.words(line, size=6, color=QUIET)
    sheet.gap()
    return sheet


def _signed(compared: Comparison, sheet: Sheet, ground: Ground) -> Sheet:
    """With north and scale, and what kind of data and map this is."""
    ground.north_and_scale()
    if any(run["synthetic"] for run in (compared.a, compared.b)):
        sheet.gap()
        sheet.words(said(SYNTHETIC, "both"), color="#b00020")
    for line in dict.fromkeys(f"{run['attribution']} · {run['data_date']}" for run in (compared.a, compared.b)):
        sheet.words(line, size=6, color=QUIET)
    sheet.words(said(SCHEMATIC, "both", " "), size=6, color=QUIET)
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
    tables = [side["sites"][side["sites"]["standard"] == sites.standard] for side in layers]
    _mark_all(ground, sheet, (sites.both, sites.only_a, sites.only_b), tables)


def _mark_all(
    ground: Ground,
    sheet: Sheet,
    ids: tuple[Sequence[str], Sequence[str], Sequence[str]],
    tables: Sequence[gpd.GeoDataFrame | None],
) -> None:
    """What is in both tables, in the first alone and in the second alone."""
    looks = ((0, KEPT, "in both 共有"), (0, ONLY_A, "only in A 仅 A"), (1, ONLY_B, "only in B 仅 B"))
    for named, (side, look, name) in zip(ids, looks, strict=True):
        table = tables[side]
        if table is not None:
            middles = shapely.point_on_surface(np.asarray(table.geometry[table["id"].isin(named)], object))
            ground.mark(shapely.get_coordinates(middles), 6, markersize=7, markeredgewidth=0.8, **look)
        told = f"{name}: {len(named)}" + (f" ({', '.join(named)})" if named and look is not KEPT else "")
        sheet.sign(told, look, size=7)
