"""Run → sheets of A3 (PDF): for each question today, the plan and its alternatives; schools; the other standards."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from matplotlib.backends.backend_pdf import PdfPages
from PIL import Image

from planner.kits import service_titles
from planner.ledgers.budget import budget_sheet
from planner.ledgers.fairness import TITLES as FAIR
from planner.ledgers.schools import KINDS
from planner.ledgers.sheets import Words
from planner.network import Floats, Shapes
from planner.papers.grid import filled
from planner.papers.ink import EDGE, HEIGHT, QUIET, Ground, Look, Sheet, printing, scale_of
from planner.papers.tabled import tabled
from planner.papers.words import ENDINGS, REVIEW_NUMBER, SCHEMATIC, SYNTHETIC, joined, said, unit_of
from planner.plan import LAND
from planner.run import Measured, Run
from planner.school_seats import SchoolSeats
from planner.schools.stages import Stage
from planner.shown import (
    COVERED,
    NEWLY,
    NOT_COUNTED,
    UNCOVERED,
    colours_of,
    inhabited,
    neighbours_of,
    not_homes,
    states,
    view,
)
from planner.sited import SitedPlan
from planner.standards import rule_sets

if TYPE_CHECKING:
    from matplotlib.path import Path

    from planner.coverage import Coverage

MAP = (EDGE, EDGE, 288.0, HEIGHT - 2 * EDGE)  # mm: left, bottom, width, height
SIGNED = 46.0  # mm: the foot of the column
A_PAGE = 6  # small maps
GRIDS = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3))  # columns and rows of small maps
LOOSE = 1.08  # how much wider, or higher, than what it shows a small map may be
ROOM_FOR_A_NAME = 11.0  # mm of paper
MOST_VECTORS = 60_000  # places; more of them stand on the sheet as a picture
DPI, PICTURE_DPI = 300, 110
COLOURS = 128  # of a picture: with more of them a report is too heavy to send
Each = TypeVar("Each")
STATES: dict[str, tuple[Words, Look]] = {  # dark, middle and light: told apart in grey print too
    COVERED: ({"zh": "现已达标", "en": "served today"}, {"facecolor": "#0072b2"}),
    NEWLY: ({"zh": "规划后达标", "en": "served by the plan"}, {"facecolor": "#00b483"}),
    UNCOVERED: ({"zh": "未达标", "en": "not served"}, {"facecolor": "#f4a582"}),
    NOT_COUNTED: ({"zh": "未连上路网（计为未达标）", "en": "off the network: not served"}, {"facecolor": "#9a9a9a"}),
}
BASE: dict[str, Look] = {  # from below
    "water": {"facecolor": "#cfe0ea"},
    "waterways": {"fill": False, "edgecolor": "#cfe0ea", "linewidth": 0.8},
    "green": {"facecolor": "#e6eedd"},
    "path": {"fill": False, "edgecolor": "#c3bcae", "linewidth": 0.12},
    "street": {"fill": False, "edgecolor": "#c3bcae", "linewidth": 0.25},
    "main": {"fill": False, "edgecolor": "#c3bcae", "linewidth": 0.7},
    "buildings": {"facecolor": "#e4e0d8"},
}
STANDING: Look = {"facecolor": "#2e6b34", "edgecolor": "#173a1b", "linewidth": 0.4}
TOO_SMALL: Look = {"facecolor": "none", "edgecolor": "#2e6b34", "linewidth": 0.5}
CHOSEN: Look = {"facecolor": "#f0e442", "edgecolor": "#111111", "linewidth": 0.9}
CANDIDATE: Look = {"facecolor": "none", "edgecolor": "#8a8378", "linewidth": 0.4}
DROPPED: Look = {"facecolor": "none", "edgecolor": "#111111", "linewidth": 0.9}
TAKEN: Look = {"facecolor": "#d55e00", "edgecolor": "#111111", "linewidth": 0.9}
ZONES = ("#88ccee", "#ddcc77", "#117733", "#cc6677", "#332288", "#aa4499", "#e69f00")
NOBODY = "#d9d9d9"
TODAY: Words = {"zh": "现状图", "en": "Today"}
PLAN: Words = {"zh": "方案图", "en": "The plan"}
OTHERS: Words = {"zh": "方案比选图", "en": "Alternatives"}
YEARS: Words = {"zh": "分期图", "en": "Year by year"}
IN_BOTH: tuple[tuple[Words, Look], ...] = (
    ({"zh": "两方案共有", "en": "in both plans"}, CHOSEN),
    ({"zh": "仅推荐方案（被换出）", "en": "in the plan only"}, DROPPED),
    ({"zh": "仅比选方案（换入）", "en": "in the alternative only"}, TAKEN),
)
IN_TIME: tuple[tuple[Words, Look], ...] = (
    ({"zh": "已开放", "en": "open"}, CHOSEN),
    ({"zh": "尚未开放", "en": "not yet"}, DROPPED),
)
CATCHMENTS: Words = {"zh": "学区图", "en": "Who goes to which school"}
REST: Words = {"zh": "其他标准现状图", "en": "Today, by the other standards"}


@dataclass(frozen=True)
class Alternative:
    """Other sites for the same question."""

    title: Words
    opened: tuple[str, ...]


def sheets(run: Run) -> bytes:
    """The bytes of the PDF: for each question today, the plan and what else would do; then the other standards."""
    written = io.BytesIO()
    with printing(), PdfPages(written, metadata={"CreationDate": None, "Creator": None, "Producer": None}) as pages:
        for sheet in _Drawing(run).pages():
            pages.savefig(sheet.figure, dpi=DPI)
    return written.getvalue()


def pictures(run: Run) -> Iterator[bytes]:
    """The same sheets as pictures (PNG), one after the other."""
    with printing():
        for sheet in _Drawing(run).pages():
            picture = io.BytesIO()
            sheet.figure.savefig(picture, format="png", dpi=PICTURE_DPI, metadata={"Software": None})
            yield _in_few_colours(picture)


class _Drawing:
    """The pages of a run."""

    def __init__(self, run: Run) -> None:
        self.run, self.language, self.seen = run, run.scenario.outputs.language, view(run)
        self.drawn = inhabited(run.demand)
        self.traced: dict[tuple[str, float, float], Path] = {}  # the base map, by layer and by size of the map
        self.buildings = not_homes(run.base_map.buildings, run.demand)
        areas = len(run.demand.geometry) > 0
        self.homes: Shapes = (run.demand.geometry if areas else shapely.points(run.demand.xy))[self.drawn]

    def pages(self) -> Iterator[Sheet]:
        """One after the other."""
        measured = {each.standard.id: each for each in self.run.measured}
        for sited in self.run.plans:
            each = measured[sited.standard.id]
            yield self.today(each)
            yield self.plan(each, sited)
            yield from self.alternatives(sited)
        yield from self.budget()
        for seats in self.run.schools:
            for stage in seats.plan.schools.stages:
                yield self.catchments(seats, stage)
        asked = {sited.standard.id for sited in self.run.plans}
        yield from self.rest([each for name, each in measured.items() if name not in asked])

    def today(self, measured: Measured) -> Sheet:
        """Who meets a standard today."""
        sheet = self.page(joined(TODAY, measured.standard.title, between=" · "))
        ground = self.ground(sheet, MAP)
        self.places(ground, measured, today=True)
        self.standing(ground, measured)
        self.units(ground)
        ground.north_and_scale()
        self.headline(sheet, measured, today=True)
        self.legend(sheet, measured, (COVERED, UNCOVERED, NOT_COUNTED))
        return self.signed(sheet, measured)

    def plan(self, measured: Measured, sited: SitedPlan) -> Sheet:
        """Who meets it with the plan, and the sites in the order of what they gain."""
        sheet = self.page(joined(PLAN, measured.standard.title, between=" · "))
        ground = self.ground(sheet, MAP)
        self.places(ground, measured, today=False)
        self.standing(ground, measured)
        self.units(ground)
        land, chosen = sited.candidates.geometry, np.isin(np.arange(len(sited.candidates)), sited.plan.sites)
        ground.draw(land[~chosen], 4, mark={"color": "#8a8378", "markersize": 1}, **CANDIDATE)
        ground.draw(land[chosen], 5, mark={"markerfacecolor": "#f0e442", "markeredgecolor": "#111111"}, **CHOSEN)
        for rank, xy in enumerate(_inside(land[sited.plan.sites]), 1):
            ground.number(xy, str(rank))
        ground.north_and_scale()
        self.headline(sheet, measured, today=False)
        self.proof(sheet, sited)
        self.legend(sheet, measured, (COVERED, NEWLY, UNCOVERED, NOT_COUNTED))
        sheet.sample(self.say({"zh": "选定点位（编号按新增）", "en": "chosen, numbered by gain"}), CHOSEN)
        sheet.sample(self.say({"zh": "未选候选地块", "en": "other candidates"}), CANDIDATE)
        self.listed(sheet, sited)
        return self.signed(sheet, measured)

    def alternatives(self, sited: SitedPlan) -> Iterator[Sheet]:
        """Other plans side by side: what they share with this one, drop and take; then its years."""
        yield from self.compared(OTHERS, sited, [*_others(sited)], IN_BOTH)
        yield from self.compared(YEARS, sited, [*_years(sited)], IN_TIME)

    def compared(
        self, title: Words, sited: SitedPlan, others: Sequence[Alternative], legend: Sequence[tuple[Words, Look]]
    ) -> Iterator[Sheet]:
        """The sites of this plan and of others, six a page."""
        ids, here = sited.candidates.ids.astype(str).tolist(), {*sited.plan.opened}
        for some in _in_pages(others):
            sheet = self.page(joined(title, sited.standard.title, between=" · "))
            for box, other in zip(_boxes(len(some), self.seen), some, strict=True):
                ground = self.ground(sheet, box)
                there = {*other.opened}
                new = _inside(sited.candidates.geometry[[site in there - here for site in ids]])
                ground.mark(new, 10, markersize=4.5, markeredgewidth=0.8, **_marked(TAKEN))
                for rank, xy in enumerate(_inside(sited.candidates.geometry[sited.plan.sites])):
                    look = CHOSEN if sited.plan.opened[rank] in there else DROPPED
                    ground.number(xy, str(rank + 1), size=5, colour=look["facecolor"].replace("none", "#ffffff"))
                self.caption(sheet, box, other.title)
            self.scaled(sheet, ground)
            self.proof(sheet, sited)
            for words, look in legend:
                sheet.sign(self.say(words), _marked(look))
            yield self.signed(sheet, None)

    def budget(self) -> Iterator[Sheet]:
        """Money year by year, as a table."""
        ledger = budget_sheet(self.run)
        if ledger is None:
            return

        def page() -> Sheet:
            sheet = self.page(ledger.title)
            sheet.words(self.say(ledger.note, "\n"))
            return self.signed(sheet, None)

        yield from tabled(filled(ledger, self.language), MAP, page)

    def catchments(self, seats: SchoolSeats, stage: Stage) -> Sheet:
        """Who goes to which school in the last year of a plan, and how full the schools are then."""
        sheet = self.page(joined(CATCHMENTS, stage.title, seats.last, between=" · "))
        ground, schools = self.ground(sheet, MAP), seats.plan.schools
        g = [each.id for each in schools.stages].index(stage.id)
        school = seats.homes_of(seats.plan, stage.id, seats.last)[self.drawn]
        ground.draw(self.homes[school < 0], 2, mark={"color": NOBODY, "markersize": 1.2}, facecolor=NOBODY)
        used = np.unique(school[school >= 0]).tolist()
        number_of = colours_of([school], neighbours_of(self.run.demand.xy[self.drawn]), len(schools))
        for m in used:
            colour = ZONES[number_of[m] % len(ZONES)]
            ground.draw(self.homes[school == m], 2, mark={"color": colour, "markersize": 1.2}, facecolor=colour)
        ground.draw(
            schools.facilities.geometry[used],
            3.5,
            mark={"marker": "s", "markersize": 4, "color": "#111111"},
            **TOO_SMALL,
        )
        for k, xy in enumerate(_inside(schools.facilities.geometry[used]), 1):
            ground.number(xy, str(k))
        ground.north_and_scale()
        told, now = seats.plan.balance(seats.last), seats.plan.balance(seats.last).by_stage[g]
        count = {
            "zh": f"{now.pupils:,.0f} 名学生，标准学位 {now.seats:,.0f} 个",
            "en": f"{now.pupils:,.0f} pupils, {now.seats:,.0f} standard seats",
        }
        walk, unit = seats.plan.walks(seats.last)[g], seats.plan.unit
        far = {
            "zh": f"平均步行 {walk.mean:,.0f} {unit}，90% 不超过 {walk.p90:,.0f} {unit}",
            "en": f"mean walk {walk.mean:,.0f} {unit}, nine of ten up to {walk.p90:,.0f} {unit}",
        }
        for words in (count, far, ENDINGS[seats.plan.ending]):
            sheet.words(self.say(words, "\n"))
        sheet.gap()
        sheet.sample(self.say({"zh": "学校（编号见下）", "en": "school, numbered below"}), TOO_SMALL)
        sheet.words(
            self.say({"zh": "一校一色，相邻学区不同色", "en": "a colour a school; zones that touch differ"}, "\n")
        )
        if (school < 0).any():
            sheet.sample(self.say({"zh": "无学生或无学校", "en": "no pupil, or no school"}), {"facecolor": NOBODY})
        sheet.gap()
        sheet.words(self.say({"zh": "学校：学生 / 班数", "en": "School: pupils / classes"}), size=9)
        done = {taken.option.school: KINDS[taken.kind] for taken in seats.plan.taken}
        for k, m in enumerate(used, 1):
            name = str(schools.facilities.names[m]) or str(schools.ids[m])
            row = f"{k}  {name} · {told.pupils[m, g]:,.0f} / {told.classes[m, g]}"
            if str(schools.ids[m]) in done:
                row += f" · {self.say(done[str(schools.ids[m])])}"
            if not self.room_for(sheet, row, len(used) - k + 1):
                break
        return self.signed(sheet, None)

    def rest(self, measured: Sequence[Measured]) -> Iterator[Sheet]:
        """Today by the standards that no question asks for, six a page."""
        for some in _in_pages(measured):
            sheet = self.page(REST)
            for box, each in zip(_boxes(len(some), self.seen), some, strict=True):
                ground = self.ground(sheet, box)
                self.places(ground, each, today=True)
                self.standing(ground, each)
                share = f"{each.before.share:.1%}"
                self.caption(sheet, box, joined(each.standard.title, {"zh": f"步行 {share}", "en": f"{share} on foot"}))
            self.scaled(sheet, ground)
            self.legend(sheet, some[0], (COVERED, UNCOVERED, NOT_COUNTED), site={"zh": "现有设施", "en": "standing"})
            yield self.signed(sheet, None)

    def say(self, words: Words | str, between: str = " ") -> str:
        """In the languages of the run."""
        return said(words, self.language, between)

    def page(self, title: Words) -> Sheet:
        """A sheet with its title, and in red that nothing is real where nothing is."""
        sheet = Sheet()
        sheet.words(self.say(joined(self.run.scenario.title), "\n"), size=12)
        sheet.gap(1)
        sheet.words(self.say(title, "\n"), size=10)
        if self.run.synthetic:
            sheet.gap(1)
            sheet.words(self.say(SYNTHETIC, "\n"), size=8, color="#b00020")
        sheet.gap()
        return sheet

    def ground(self, sheet: Sheet, box: tuple[float, float, float, float]) -> Ground:
        """A map with the base map on it."""
        ground, base = sheet.map(*box, self.seen), self.run.base_map
        shapes = {"water": base.water, "waterways": base.waterways, "green": base.green, "buildings": self.buildings}
        shapes |= {kind: base.streets.get(kind, np.empty(0, object)) for kind in ("path", "street", "main")}
        for zorder, (name, look) in enumerate(BASE.items()):
            key = (name, *box[2:])
            if key not in self.traced:
                self.traced[key] = ground.traced(shapes[name])
            ground.lay(self.traced[key], zorder / 10, **look)
        ground.draw(base.outline, 3, facecolor="none", edgecolor=QUIET, linewidth=1.0, linestyle=(0, (8, 3, 2, 3)))
        return ground

    def places(self, ground: Ground, measured: Measured, *, today: bool) -> None:
        """Where people live, by their state."""
        state = states(measured, self.run.counted)[self.drawn]
        if today:
            state = np.where(state == NEWLY, UNCOVERED, state)
        picture = len(self.homes) > MOST_VECTORS
        for which, (_, look) in STATES.items():
            mark = {"color": look["facecolor"], "markersize": 1.2 * _size(ground), "rasterized": picture}
            ground.draw(self.homes[state == which], 2, mark=mark, rasterized=picture, **look)

    def standing(self, ground: Ground, measured: Measured) -> None:
        """What stands and counts, and what is too small to."""
        sites = self.run.facilities[measured.standard.service]
        counts = sites.at_least(measured.standard.min_area_m2)
        for some, look in ((~counts, TOO_SMALL), (counts, STANDING)):
            mark = {"marker": "s", "markersize": 3.2 * _size(ground), "markeredgewidth": 0.4}
            ground.draw(sites.geometry[some], 3.5, mark=mark | _marked(look), **look)

    def units(self, ground: Ground) -> None:
        """Borders and names of the units."""
        units = self.run.demand.units
        if units is None:
            return
        ground.draw(units.geometry, 3, facecolor="none", edgecolor=QUIET, linewidth=0.4, linestyle=(0, (1, 2)))
        room = (ground.paper_mm(units.geometry) > ROOM_FOR_A_NAME) & (units.kind != "hex")
        for xy, name in zip(_inside(units.geometry[room]), units.names[room], strict=True):
            ground.name(xy, str(name))

    def headline(self, sheet: Sheet, measured: Measured, *, today: bool) -> None:
        """The three numbers, each by its name."""
        sheet.words(self.say({"zh": "主要指标", "en": "Headline figures"}), size=9)
        pairs: list[tuple[Words, Coverage, Coverage]] = [
            ({"zh": "步行", "en": "on foot"}, measured.before, measured.after),
            ({"zh": "直线", "en": "in a straight line"}, measured.before_straight, measured.after_straight),
        ]
        for how, before, after in pairs:
            people = f"{before.served:,.0f}" if today else f"{before.served:,.0f} → {after.served:,.0f}"
            share = f"{before.share:.1%}" if today else f"{before.share:.1%} → {after.share:.1%}"
            of = {
                "zh": f"{share}（{people} / {after.total:,.0f} 人）",
                "en": f"{share} ({people} of {after.total:,.0f})",
            }
            sheet.words(self.say(joined(how, of), "\n"))
        land = measured.before_land, measured.after_land
        if land[0] is not None and land[1] is not None:
            share = f"{land[0].share:.1%}" if today else f"{land[0].share:.1%} → {land[1].share:.1%}"
            sheet.words(self.say(joined({"zh": "居住用地（官方口径）", "en": "residential land"}, share), "\n"))
        sheet.gap()

    def proof(self, sheet: Sheet, sited: SitedPlan) -> None:
        """What the plan gains, and how good that provably is."""
        plan, proof = sited.plan, sited.proof
        sites, unit = len(plan.opened), unit_of(plan, sited.weights)
        gains = joined({"zh": f"{sites} 个点位", "en": f"{sites} sites"}, f"{plan.objective:+,.0f}", unit)
        sheet.words(self.say(gains, "\n"))
        gap = {"zh": f"间隙 {proof.gap:.2%}", "en": f"gap {proof.gap:.2%}"}
        sheet.words(self.say(joined(ENDINGS[proof.ending], gap, between=", "), "\n"))
        sheet.gap()

    def legend(self, sheet: Sheet, measured: Measured, shown: Iterable[str], site: Words | None = None) -> None:
        """How places and standing sites are drawn; what is on no map is in no legend."""
        sheet.words(self.say({"zh": "图例", "en": "Legend"}), size=9)
        there = {*np.unique(states(measured, self.run.counted)[self.drawn]).tolist()}
        for which in shown:
            words, look = STATES[which]
            if which != NOT_COUNTED or which in there:
                sheet.sample(self.say(words), look)
        service = service_titles().get(measured.standard.service, measured.standard.service)
        sheet.sample(self.say(site or joined({"zh": "现有", "en": "standing:"}, service)), STANDING)
        if measured.standard.min_area_m2:
            sheet.sample(self.say({"zh": "现有，面积不足，不计", "en": "standing, too small to count"}), TOO_SMALL)

    def listed(self, sheet: Sheet, sited: SitedPlan) -> None:
        """The sites beside the map, as far as there is room."""
        plan, names = sited.plan, sited.candidates.names[sited.plan.sites].tolist()
        sheet.gap()
        unit = "m²" if plan.unit == LAND else ""
        rows = zip(plan.opened, names, plan.served.tolist(), sited.unit_names, strict=True)
        for rank, (site, name, gained, where) in enumerate(rows, 1):
            told = " · ".join(filter(None, (name or site, where, f"{gained:+,.0f}{unit}")))
            if not self.room_for(sheet, f"{rank}  {told}", len(plan.opened) - rank + 1):
                return

    def room_for(self, sheet: Sheet, row: str, left: int) -> bool:
        """Writes a row of a list; where the foot begins, how many are left instead, and no more."""
        if room := sheet.y > EDGE + SIGNED + 5:
            sheet.words(row, size=6)
        else:
            sheet.words(self.say({"zh": f"另有 {left} 处，见附表", "en": f"{left} more in the tables"}), size=6)
        return room

    def scaled(self, sheet: Sheet, ground: Ground) -> None:
        """The scale of small maps, which have no bar, and where north is."""
        scale = f"1 : {ground.scale:,}".replace(",", " ")
        sheet.words(self.say({"zh": f"各图比例尺 {scale}，上方为北", "en": f"all maps {scale}, north is up"}, "\n"))
        sheet.gap()

    def caption(self, sheet: Sheet, box: tuple[float, float, float, float], title: Words) -> None:
        """What a small map shows, above it."""
        for line, text in enumerate(reversed(self.say(title, "\n").split("\n"))):
            sheet.at(box[0], box[1] + box[3] + 1.5 + 3.6 * line, text, size=7)

    def signed(self, sheet: Sheet, measured: Measured | None) -> Sheet:
        """The foot of the column: of which data, people, rules and run this is."""
        run = self.run
        rules = rule_sets().get(run.scenario.standards.rule_set)
        lines = [
            measured.standard.source if measured else "",
            self.say(joined(rules.id, rules.title)) if rules else "",
            self.say(
                {"zh": f"人口 {run.demand.total:,.0f}：{run.demand.base}", "en": f"{run.demand.total:,.0f} people"}
            ),
            self.say({"zh": f"数据时点 {run.data_date}", "en": f"data of {run.data_date}"}) if run.data_date else "",
            f"{run.network.crs.name}",
            run.attribution,
            f"{run.scenario.scenario} {run.stamp} · planner {run.versions.get('planner', '')}",
            *(f"{name} {digest[:12]}" for name, digest in list(run.inputs.items())[:3]),
            self.say(SCHEMATIC),
            self.say(REVIEW_NUMBER) + "：" + (run.scenario.outputs.map_number or "______________"),
        ]
        sheet.y = EDGE + SIGNED
        for line in filter(None, lines):
            sheet.words(line, size=6, color=QUIET)
        return sheet


def _others(sited: SitedPlan) -> Iterator[Alternative]:
    """What else was worked out for a question: the next-best plans, and those that look to others first."""
    if sited.examined is not None:
        for rank, other in enumerate(sited.examined.others, 1):
            worse = other.worse_than(sited.examined.plan)
            told = {"zh": f"次优方案 {rank}：少 {worse:,.0f}", "en": f"next best {rank}: {worse:,.0f} fewer"}
            yield Alternative(told, other.opened)
    if sited.fairness is not None:
        for each in sited.fairness.plans:
            fewer = {"zh": f"少 {each.price:,.0f} 人", "en": f"{each.price:,.0f} people fewer"}
            yield Alternative(joined(FAIR[each.way], fewer, between=": "), each.plan.opened)


def _years(sited: SitedPlan) -> Iterator[Alternative]:
    """The sites that are open in each year of a plan over years."""
    if sited.phased is not None:
        for year in sited.phased.years:
            opened, all_of = sited.phased.open_in(year.name), len(sited.plan.opened)
            zh, en = f"{year.name}：已开放 {len(opened)} / {all_of}", f"{year.name}: {len(opened)} of {all_of} open"
            if sited.costs is not None:
                spent = sited.costs[np.isin(sited.plan.opened, opened)].sum()
                zh, en = f"{zh}，累计投资 {spent:,.0f}", f"{en}, {spent:,.0f} spent so far"
            yield Alternative({"zh": zh, "en": en}, opened)


def _in_few_colours(picture: io.BytesIO) -> bytes:
    """A picture (PNG) of which the colours are counted: a quarter as heavy."""
    few = io.BytesIO()
    plain = Image.open(picture).convert("RGB")
    plain.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(few, "png", optimize=True)
    return few.getvalue()


def _marked(look: Look) -> Look:
    """The same look of a sign."""
    return {"markerfacecolor": look["facecolor"], "markeredgecolor": look["edgecolor"]}


def _size(ground: Ground) -> float:
    """Of signs: 1 on a large map, less on a small one."""
    return float((ground.box[2] / MAP[2]) ** 0.5)


def _inside(shapes: Shapes) -> Floats:
    """(m, 2) a point inside each shape."""
    xy: Floats = shapely.get_coordinates(shapely.point_on_surface(shapes))
    return xy


def _boxes(count: int, seen: Floats) -> Iterator[tuple[float, float, float, float]]:
    """Where so many small maps of what is seen (2, 2) stand, at most six, in mm: side by side, at the largest scale."""
    left, bottom, width, height = MAP
    wide, high = np.ptp(seen, axis=0)
    gap, room = 3.0, 11.0  # beside a map, and above it for what it shows

    def scale(grid: tuple[int, int]) -> int:
        return scale_of(wide / (width / grid[0] - gap), high / (height / grid[1] - room))

    columns, rows = min((grid for grid in GRIDS if grid[0] * grid[1] >= count), key=scale)
    across, up = width / columns - gap, height / rows - room
    across, up = min(across, up * wide / high * LOOSE), min(up, across * high / wide * LOOSE)
    for k in range(count):
        top = bottom + height - k // columns * (up + room) - room
        yield left + k % columns * (across + gap), top - up, across, up


def _in_pages(listed: Sequence[Each]) -> Iterator[Sequence[Each]]:
    """Six at a time."""
    for start in range(0, len(listed), A_PAGE):
        yield listed[start : start + A_PAGE]
