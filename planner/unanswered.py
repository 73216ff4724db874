"""A question of a scenario that no plan answers: why, and the ways out, for who is no planner, in both languages."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner.by_walker import at_doors
from planner.demand import Demand
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.reach import measure_reach
from planner.reach.measure import on_streets
from planner.relax import EVERYBODY, Infeasible, Unreached, WayOut, ways_out
from planner.rules import Floor
from planner.scenario.siting import MostPeople
from planner.standards import Standard

if TYPE_CHECKING:
    from planner.sited import Put

TIMES = 4  # the norm: how far it is looked for candidates beyond it
UNITS = {"m": {"zh": "米", "en": "m"}, "s": {"zh": "秒", "en": "s"}}


def floors_of(question: MostPeople, demand: Demand) -> list[Floor]:
    """The least shares of a question as rules; units where nobody lives have none."""
    floors = []
    if question.no_unit_below is not None and demand.units is None:
        raise QuestionError("no_unit_below speaks of units, and no units are known. Give units, or ask for a share.")
    if question.share is not None:
        floors.append(Floor(EVERYBODY, np.ones(len(demand.ids), bool), question.share))
    if question.no_unit_below is not None and demand.units is not None:
        lived_in = np.flatnonzero(demand.by_unit(demand.people[:, 0])[:-1] > 0)
        names = demand.units.names.tolist()
        floors += [Floor(names[u], demand.unit == u, question.no_unit_below) for u in lived_in]
    return floors


def explain(put: "Put", *, access_m: float) -> Infeasible:
    """Why a question has no plan, looking for candidates beyond the norm, and for homes where one is missing."""
    rule, people, limit = put.standard, put.demand, put.standard.walk_limit
    further = {"limit_s" if rule.in_seconds else "limit_m": TIMES * limit}
    walk = {**rule.walk, **further}
    reach = measure_reach(people, put.candidates, **walk)
    large = put.today.at_least(rule.min_area_m2)
    standing = measure_reach(people, put.today, **walk).only(large)
    may = np.ones(len(put.candidates), bool) if put.rules.counts is None else put.rules.counts
    near = put.standing.facilities_in_reach + put.to_candidates.only(may).facilities_in_reach
    lost = (near == 0) & (people.people[:, 0] > 0) & ~on_streets(people.door).off
    ground = None
    if lost.any():
        spots = at_doors(_homes(people, lost, access_m), rule.profile, max_access_m=access_m)
        ground = measure_reach(people, spots, **rule.walk)
    return ways_out(
        *(people, reach, rule),
        new_sites=put.new_sites,
        standing=standing,
        weights=put.weights,
        rules=put.rules,
        ground=ground,
        effort=replace(put.effort, gap=0.0, tell=None),
    )


def _homes(people: Demand, lost: np.ndarray, access_m: float) -> Facilities:
    """Homes as spots where a further candidate could stand."""
    at, xy = people.ids[lost], people.xy[lost]
    spots = Facilities(
        ids=at,
        names=np.full(len(at), ""),
        service="",
        status="candidate",
        geometry=people.points[lost],
        area_m2=np.zeros(len(at)),
        gate_xy=xy,
        gate_facility=np.arange(len(at)),
        gate_origin=np.full(len(at), "point"),
        crs=people.crs,
    )
    return spots.snapped(on_streets(people.door).network, max_access_m=access_m)


def page_of(number: int, question: MostPeople, rule: Standard, why: Infeasible) -> str:
    """A page in Markdown, Chinese and then English: what was asked, why it cannot be, what the ways out are."""
    return "\n".join([*_page(number, question, rule, why, "zh"), "", *_page(number, question, rule, why, "en"), ""])


HEADS = {
    "zh": ("没有可行的方案", "问题", "为什么不行", "出路", "走不到任何候选地块的居民", "同时放宽两项才行"),
    "en": (
        "No plan is possible",
        "What was asked",
        "Why it cannot be",
        "Ways out",
        "Homes that no candidate reaches",
        "Two must be loosened together",
    ),
}


def _page(number: int, question: MostPeople, rule: Standard, why: Infeasible, language: str) -> Iterator[str]:
    zh = language == "zh"
    title, asked, reason, out, lost, two = HEADS[language]
    unit = UNITS[why.unit][language]
    yield f"# {title} · siting.{number}"
    yield f"\n## {asked}\n"
    yield f"- {rule.title[language]}: ≤ {why.limit:,.10g} {unit} ({rule.source})"
    wishes = {
        "new_sites": ("最多新建", "new sites at most", question.new_sites),
        "budget": ("预算", "budget", question.budget),
        "share": ("至少服务全部人口的", "at least of all people", question.share),
        "no_unit_below": ("每个单元至少", "at least in every unit", question.no_unit_below),
        "must_keep": ("必选", "in any case", ", ".join(question.must_keep) or None),
        "forbid": ("排除", "never", ", ".join(question.forbid) or None),
    }
    for key, (chinese, english, value) in wishes.items():
        if value is not None:
            told = (
                f"{value:.2%}"
                if key in {"share", "no_unit_below"}
                else f"{value:,}"
                if not isinstance(value, str)
                else value
            )
            yield f"- {chinese if zh else english}: {told} (`{key}`)"
    yield f"\n## {reason}\n"
    yield (
        "以下要求不能同时满足；去掉其中任何一项，其余各项彼此就不再矛盾："
        if zh
        else "No plan meets all of these; leave out any one, and the others agree with one another:"
    )
    yield ""
    yield from (f"- {each}" for each in (map(_in_chinese, why.conflict) if zh else why.conflict))
    share = why.most / why.total if why.total else 0.0
    yield (
        f"\n即使全部候选地块都建成，连同现状最多服务 {why.most:,.0f} 人，占 {why.total:,.0f} 人的 {share:.2%}。"
        if zh
        else f"\nWith every candidate opened, {why.most:,.0f} of {why.total:,.0f} people would be served, {share:.2%}."
    )
    if why.unreached and question.floored:
        yield f"\n### {lost}\n"
        yield (
            "| 单元 | 人口 | 住处 | 最近的候选地块 | 距离 |"
            if zh
            else "| Unit | People | Homes | Nearest candidate | Away |"
        )
        yield "|---|---:|---:|---|---:|"
        yield from (_row(each, unit, language) for each in why.unreached)
    yield f"\n## {out}\n"
    ways = why.ways or why.pair
    if not ways:
        yield "放宽任何一项或两项都不够。" if zh else "Neither one nor two of these are enough when loosened."
    elif why.ways:
        yield "任选其一即可，放宽最少的在前:" if zh else "Any one of these is enough, the one that loosens least first:"
    else:
        yield f"{two}:"
    yield ""
    yield from (f"{at}. {_way(way, language)}" for at, way in enumerate(ways, 1))


def _row(each: Unreached, unit: str, language: str) -> str:
    none = "更远" if language == "zh" else "further"
    away = f"{np.ceil(each.nearest_away):,.0f} {unit}" if each.nearest else none
    return f"| {each.unit or '-'} | {each.people:,.0f} | {each.places:,} | {each.nearest or '-'} | {away} |"


def _in_chinese(words: str) -> str:
    """A requirement that the library names in English, in Chinese; names stay."""
    starts = (
        ("at most ", "最多新建："),
        ("the budget of ", "预算："),
        ("a share of ", "服务人口占比："),
        ("floor ", "下限："),
    )
    for english, chinese in starts:
        if words.startswith(english):
            return chinese + words.removeprefix(english).replace(" new sites", " 处").replace(
                " of all people", ""
            ).replace(" of its people", " 人口")
    return words.replace(" sites in must_keep", " 处必选地块").replace(" sites in forbid", " 处排除地块")


def _way(way: WayOut, language: str) -> str:
    """A way out with its figures, in one language; how much it loosens of what was asked."""
    if language == "en":
        return f"{str(way)[0].upper()}{str(way)[1:]}. ({way.loosens:.1%})"
    asked, enough = f"{way.asked:,.10g}", f"{way.enough:,.10g}"
    sites = "、".join(way.sites[:5]) + (" …" if len(way.sites) > 5 else "")  # noqa: PLR2004  (as in `first`)
    words = {
        "norm": f"标准由 {asked} 放宽到 {enough} {UNITS.get(way.unit, UNITS['m'])['zh']}",
        "share": f"全部人口的服务比例由 {way.asked:.2%} 降到 {way.enough:.2%}",
        "floor": f"{way.name} 的服务比例由 {way.asked:.2%} 降到 {way.enough:.2%}",
        "floors": f"各单元的服务比例一律由 {way.asked:.2%} 降到 {way.enough:.2%}",
        "new_sites": f"新建数量由 {asked} 处增到 {enough} 处",
        "budget": f"预算由 {asked} 增到 {enough}",
        "at_least": f"配额 {way.name} 至少由 {asked} 降到 {enough}",
        "at_most": f"配额 {way.name} 至多由 {asked} 增到 {enough}",
        "must_keep": f"{asked} 处必选地块中放弃 {enough} 处（{sites}）",
        "forbid": f"{asked} 处排除地块中放开 {enough} 处（{sites}）",
        "apart": f"{asked} 对相斥地块中允许 {enough} 对（{sites}）",
        "candidates": f"增加 {enough} 处候选地块，位于 {'、'.join(dict.fromkeys(way.places)) or '任意单元'}",
    }[way.kind]
    sure = "" if way.proven else "（更少是否足够尚未判定）"
    return f"{words}{sure}。（{way.loosens:.1%}）"
