"""Explanations in words, Chinese and English: every number is that of the data, none is worked out here."""

import re
from collections.abc import Iterator

from planner.explained.home import HomeExplained, Path, SchoolOf, Served
from planner.explained.site import Chosen, InPlan, NotChosen, Rule, SchoolHere, SiteExplained
from planner.kits import service_titles
from planner.ledgers.schools import KINDS
from planner.maps.contents import labels
from planner.papers.words import ENDINGS, LANGUAGES, UNITS, said
from planner.plan import LAND
from planner.provisions import from_memory

UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]"
)  # that a terminal would obey
FEW_M = 10.0  # metres, below which a tenth of one is told
LEAST_M = 0.05  # shorter stretches would be told as none
MINUTE = 60.0
WHY = {
    "forbidden": ("方案文件禁用该地块", "the scenario forbids the parcel"),
    "too_small": ("面积不足", "it is too small"),
    "too_large": ("面积超过上限", "it is larger than the question allows"),
    "other_service": ("该地块已用于{other}", "the plan puts something else on it: {other}"),
    "nobody": ("附近没有尚未达标的人口", "it reaches nobody who lacks it"),
    "no_land": ("服务半径内没有尚未覆盖的居住用地", "there is no residential land around it that is not served"),
    "no_better": ("替换任何一处入选点都不会更多", "in the place of no chosen site would it bring more"),
    "limits": (
        "单看本标准可以更好，是方案的其他要求（数量、预算、其他设施、各片区均设、公平）或求解间隙把它留在外面",
        "for this standard alone it would do better; money, other services, presence, fairness or the gap keep it out",
    ),
}
Words = tuple[str, str]  # Chinese, English


def sentences(explained: SiteExplained | HomeExplained, language: str = "both") -> list[str]:
    """What was found, a sentence a line, in "zh", "en" or one after the other."""
    told = _site(explained) if isinstance(explained, SiteExplained) else _home(explained)
    lines = list(told)
    parts = [[words[at] for words in lines] for at, each in enumerate(LANGUAGES) if language in {each, "both"}]
    return [line for at, part in enumerate(parts) for line in ([""] if at else []) + part]


def safe(text: str) -> str:
    """A name without what a terminal would obey or a reader could not see."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


# ---- a site ----


def _site(site: SiteExplained) -> Iterator[Words]:
    zh = "，".join(filter(None, (safe(site.unit), f"{site.area_m2:,.0f} 平方米", safe(site.land))))
    en = ", ".join(filter(None, (safe(site.unit), f"{site.area_m2:,.0f} m²", safe(site.land))))
    called = safe(f"{site.id} {site.name}".rstrip())
    yield f"地块 {called}（{zh}）", f"Site {called} ({en})"
    for plan in sorted(site.plans, key=lambda each: each.chosen is None):
        zh, en = said(plan.title, "zh"), said(plan.title, "en")
        if plan.chosen is not None:
            rank, of = plan.chosen.rank, plan.sites
            yield (
                f"入选：{zh}，按新增排第 {rank}（共 {of} 处）",
                f"Chosen for {en}: rank {rank} of {of} by what it gains",
            )
            yield from _indented(_chosen(plan, plan.chosen))
        elif plan.left_out is not None:
            yield f"未入选：{zh}", f"Not chosen for {en}"
            yield from _indented(_left_out(plan, plan.left_out))
    yield from (_school_here(each) for each in site.schools)
    if site.rules:
        yield "认定规则", "Rules"
        yield from _indented(map(_rule, site.rules))
    if site.owners:
        owners = [safe(each) for each in site.owners]
        yield (
            f"责任单位（所在社区的任务）：{'、'.join(owners)}",
            f"Responsible, by the tasks of its community: {', '.join(owners)}",
        )


def _school_here(school: SchoolHere) -> Words:
    """What becomes of a school in one stage."""
    classes, pupils = (" → ".join(f"{each:,.0f}" for each in pair) for pair in (school.classes, school.pupils))
    done = [
        " ".join([KINDS.get(kind, {}).get(each, kind), when]) for each in LANGUAGES for kind, _, when in _done(school)
    ]
    half = len(done) // 2
    cost = "" if school.cost is None else f"{school.cost:,.0f}"
    zh = "，".join(
        filter(
            None, (f"{school.year} 年", *done[:half], f"班数 {classes}", f"学生 {pupils} 名", cost and f"费用 {cost}")
        )
    )
    en = ", ".join(
        filter(None, (school.year, *done[half:], f"classes {classes}", f"pupils {pupils}", cost and f"cost {cost}"))
    )
    return f"学校 · {said(school.title, 'zh')}：{zh}", f"School, {said(school.title, 'en')}: {en}"


def _done(school: SchoolHere) -> list[tuple[str, str, str]]:
    return [each.partition(" ") for each in school.done.split("; ") if each]


def _indented(lines: Iterator[Words]) -> Iterator[Words]:
    return ((f"  {zh}", f"  {en}") for zh, en in lines)


def _chosen(plan: InPlan, chosen: Chosen) -> Iterator[Words]:
    weighed = _weighed(plan)
    yield (
        f"新增 {_of(chosen.gained, plan, 0)}；去掉它，方案失去仅靠此点的 {_of(chosen.only, plan, 0)}{weighed[0]}",
        f"gains {_of(chosen.gained, plan, 1)}; without it the plan loses {_of(chosen.only, plan, 1)}{weighed[1]}",
    )
    if not chosen.only and not chosen.stands_for:
        yield (
            "没有人、也没有片区只靠它：方案可以不要它",
            "nobody and no area has it from this site alone: the plan could do without",
        )
    if chosen.serves:
        units = [(safe(unit), f"{people:,.0f}") for unit, people in chosen.serves]
        zh = "，".join(f"{unit or '不在任何社区'} {people}" for unit, people in units)
        en = ", ".join(f"{unit or 'in no community'} {people}" for unit, people in units)
        yield f"服务社区：{zh}", f"serves {en}"
    if chosen.stands_for:
        areas = [safe(each) for each in chosen.stands_for]
        yield f"使下列片区设有该服务：{'、'.join(areas)}", f"by it the service is present in {', '.join(areas)}"
    if chosen.replaced is not None:
        yield _replaced(plan, chosen)
    if chosen.nearest_today_m is not None:
        away = f"{chosen.nearest_today_m:,.0f}"
        yield f"现状距最近的同类设施步行 {away} 米", f"the nearest that stands today is {away} m away on foot"
    else:
        yield "现状步行 2 公里内没有同类设施", "nothing like it stands within 2 km on foot today"
    yield from _money(plan)
    if chosen.year:
        yield f"开放年份：{safe(chosen.year)}", f"opens in {safe(chosen.year)}"
    if chosen.sharing:
        zh, en = _services(chosen.sharing)
        yield f"同地块另有：{zh}", f"shares its parcel with {en}"
    zh, en = (said(ENDINGS[plan.proof], each) for each in LANGUAGES)
    gap = f"{plan.gap:.2%}"
    yield f"所在方案：{zh}，间隙 {gap}", f"the plan is {en}, gap {gap}"


def _replaced(plan: InPlan, chosen: Chosen) -> Words:
    other = chosen.replaced
    assert other is not None  # noqa: S101  (asked only then)
    how = (
        ("重新求解", "solved anew")
        if other.examined
        else ("单点互换，只比较本标准", "one site exchanged, this standard alone")
    )
    if other.by is None:
        return f"没有可替代的地块（{how[0]}）", f"nothing can take its place ({how[1]})"
    by, loses = safe(other.by), (_of(other.loses, plan, 0), _of(other.loses, plan, 1))
    return f"最佳替代：{by}，损失 {loses[0]}（{how[0]}）", f"best replacement: {by}, which loses {loses[1]} ({how[1]})"


def _left_out(plan: InPlan, left: NotChosen) -> Iterator[Words]:
    zh, en = _services(left.other)
    reasons = [(WHY[each][0].format(other=zh), WHY[each][1].format(other=en)) for each in left.why]
    yield "；".join(each[0] for each in reasons), "; ".join(each[1] for each in reasons)
    trade, weighed = left.trade, _weighed(plan)
    if left.why not in {("no_better",), ("limits",)}:
        return
    (alone, adds, keeps), (alone_en, adds_en, keeps_en) = (
        [_of(amount, plan, at) for amount in (trade.alone, trade.adds, trade.least[1])] for at in (0, 1)
    )
    yield (
        f"单独建可新增 {alone}；在方案之外再建只多 {adds}{weighed[0]}",
        f"alone it would gain {alone_en}; beside the plan it adds {adds_en}{weighed[1]}",
    )
    if trade.least[0]:
        least = safe(trade.least[0])
        yield (
            f"入选点中贡献最小的是 {least}，仅靠它的有 {keeps}",
            f"of the chosen sites {least} alone keeps least: {keeps_en}",
        )
    if trade.exchange_for:
        site, change = safe(trade.exchange_for), f"{trade.exchange:+,.0f}"
        zh, en = (said(UNITS[LAND if plan.unit == LAND else "people"], each) for each in LANGUAGES)
        yield (
            f"若换下最合适的 {site}，方案变化 {change} {zh}",
            f"in the place of {site}, where it does best, the plan changes by {change} {en}",
        )
    yield from _money(plan)


def _money(plan: InPlan) -> Iterator[Words]:
    if plan.cost is not None:
        cost, source = f"{plan.cost:,.0f}", safe(plan.cost_source)
        yield f"投资：{cost}（{source}）", f"cost: {cost} ({source})"


def _rule(rule: Rule) -> Words:
    passed = ("符合", "passed") if rule.passed else ("不符合", "not passed")
    used = ("（本方案采用）", " (the one that counts here)") if rule.applied and rule.rule_set else ("", "")
    zh, en = (" ".join(filter(None, (rule.rule_set, said(rule.title, each)))) for each in LANGUAGES)
    area = f"≥ {rule.needed_m2:,.10g}" + (f", ≤ {rule.most_m2:,.10g}" if rule.most_m2 < float("inf") else "")
    asked = (
        (f"面积 {area} 平方米", f"area {area} m²")
        if rule.needed_m2 or rule.most_m2 < float("inf")
        else ("面积不限", "of any area")
    )
    source = [safe(", ".join(filter(None, (rule.document, rule.clause)))) for _ in LANGUAGES]
    if not rule.document:
        source = [f"方案文件 {rule.clause}", f"the scenario, {rule.clause}"]
    if from_memory(rule.confidence):
        source = [
            f"{text}; {labels()[each][f'confidence_{rule.confidence}']}"
            for text, each in zip(source, LANGUAGES, strict=True)
        ]
    return (
        f"{passed[0]}{used[0]}：{zh}，{asked[0]} [{source[0]}]",
        f"{passed[1]}{used[1]}: {en}, {asked[1]} [{source[1]}]",
    )


def _of(amount: float, plan: InPlan, at: int) -> str:
    """An amount in the unit of the plan."""
    unit = UNITS[LAND if plan.unit == LAND else "people"]
    return f"{amount:,.0f} {said(unit, LANGUAGES[at])}"


def _weighed(plan: InPlan) -> Words:
    """How people count, where they do not count alike."""
    if not plan.weights:
        return "", ""
    rates = ", ".join(f"{safe(group)} × {rate:g}" for group, rate in plan.weights.items())
    return f"（按权重计：{rates}）", f" (people counted as {rates})"


def _services(services: tuple[str, ...]) -> Words:
    titles = [service_titles().get(each, {"zh": each, "en": each}) for each in services]
    return "、".join(each["zh"] for each in titles), ", ".join(each["en"] for each in titles)


# ---- a home ----


def _home(home: HomeExplained) -> Iterator[Words]:
    called = safe(f"{home.id} {home.name}".rstrip())
    unit = safe(home.unit)
    yield f"住宅 {called}" + (f"（{unit}）" if unit else ""), f"Home {called}" + (f" ({unit})" if unit else "")
    yield from _indented(_people(home))
    if not home.on_street:
        yield (
            "  附近没有可步行到达的道路：不计入任何服务",
            "  no street is near that one could walk on: it is in reach of nothing",
        )
        return
    for served in home.services:
        limit = _walk(served.limit, served.unit)
        area = (
            (f"，面积 ≥ {served.min_area_m2:,.0f} 平方米", f", from {served.min_area_m2:,.0f} m²")
            if served.min_area_m2
            else ("", "")
        )
        yield (
            f"{said(served.title, 'zh')}（步行 ≤ {limit[0]}{area[0]}）",
            f"{_capital(said(served.title, 'en'))} (on foot, ≤ {limit[1]}{area[1]})",
        )
        yield from _indented(_served(served))
    for school in home.schools:
        pupils = "" if school.pupils is None else f"{school.pupils:,.1f}"
        year = safe(school.year)
        yield (
            f"就读 · {said(school.title, 'zh')}，{year} 年" + (f"，预计学生 {pupils} 名" if pupils else ""),
            f"School, {said(school.title, 'en')}, {year}" + (f", {pupils} pupils expected" if pupils else ""),
        )
        yield from _indented(_school(school))


def _people(home: HomeExplained) -> Iterator[Words]:
    if home.people is None:
        few = f"{home.fewer_than:,.0f}"
        yield (
            f"居住不足 {few} 人，不予公布（outputs.suppress_below）",
            f"fewer than {few} people live here, which is not told (outputs.suppress_below)",
        )
        return
    groups = [f"{safe(group)} {count:,.0f}" for group, count in home.groups if count is not None]
    zh, en = (f"，其中 {'，'.join(groups)}", f", of them {', '.join(groups)}") if groups else ("", "")
    yield f"居住 {home.people:,.0f} 人{zh}", f"{home.people:,.0f} people live here{en}"


def _served(served: Served) -> Iterator[Words]:
    for when, covered, path, missing in (
        (("现状", "today"), served.covered_today, served.today, served.missing_today),
        (("规划后", "with the plan"), served.covered, served.plan, served.missing),
    ):
        if when[1] != "today" and path == served.today and covered == served.covered_today:
            yield "规划后：同现状", "with the plan: the same"
            continue
        if path is None:
            yield (
                f"{when[0]}不达标：没有符合要求的设施，或没有道路相通",
                f"{when[1]} not covered: there is none that counts, or no street leads to one",
            )
            continue
        too_far = _walk(missing, served.unit)
        zh, en = (
            ("达标", "covered")
            if covered
            else (f"不达标，最近的超出 {too_far[0]}", f"not covered, the nearest is {too_far[1]} too far")
        )
        way = _path(path)
        yield f"{when[0]}{zh}：{way[0]}", f"{when[1]} {en}: {way[1]}"
    if served.too_small is not None:
        small, walk = _name(served.too_small), _walk(served.too_small.cost, served.too_small.unit)
        area = f"{served.too_small.area_m2:,.0f}"
        yield (
            f"更近的 {small[0]} 步行 {walk[0]}，但面积 {area} 平方米，不计入",
            f"{small[1]} is nearer, {walk[1]} on foot, but its {area} m² are too small to count",
        )


def _school(school: SchoolOf) -> Iterator[Words]:
    for when, path in (
        (("现状", "today"), school.today),
        (("就近", "nearest, with the plan's classes"), school.nearest),
        (("本方案", "in the plan"), school.plan),
    ):
        way = ("无校可达", "no school in reach") if path is None else _path(path)
        if when[1] != "today" and path is not None and path == school.today:
            way = f"同现状，{_name(path)[0]}", f"as today, {_name(path)[1]}"
        yield f"{when[0]}：{way[0]}", f"{when[1]}: {way[1]}"


def _path(path: Path) -> Words:
    """Where to, how far, and along which streets."""
    zh, en = _name(path)
    walk = _walk(path.cost, path.unit)
    if path.unit == "s":
        walk = f"{walk[0]}（{_metres(path.metres)} 米）", f"{walk[1]} ({_metres(path.metres)} m)"
    steps = [(street, _metres(metres)) for street, metres in path.streets if metres >= LEAST_M]
    ways = [
        (f"{safe(street) or '无名道路'} {metres} 米", f"{metres} m along {safe(street) or 'a way without a name'}")
        for street, metres in steps
    ]
    door, gate = _metres(path.to_street_m), _metres(path.from_street_m)
    legs = [path.to_street_m > 0, path.from_street_m > 0]
    zh_way = "，".join(
        [*[f"出门到路 {door} 米"] * legs[0], *(each[0] for each in ways), *[f"到入口 {gate} 米"] * legs[1]]
    )
    to_street, to_gate = f"{door} m from the door to the street", f"{gate} m to the gate"
    en_way = ", ".join([*[to_street] * legs[0], *(each[1] for each in ways), *[to_gate] * legs[1]])
    return f"{zh}，步行 {walk[0]}：{zh_way}", f"{en}, {walk[1]} on foot: {en_way}"


def _name(path: Path) -> Words:
    called = safe(f"{path.name} ({path.id})" if path.name else path.id)
    return (f"新建 {called}", f"the new site {called}") if path.new else (called, called)


def _walk(cost: float, unit: str) -> Words:
    if unit == "m":
        return f"{_metres(cost)} 米", f"{_metres(cost)} m"
    return f"{cost / MINUTE:,.1f} 分钟", f"{cost / MINUTE:,.1f} min"


def _metres(metres: float) -> str:
    """Whole metres; a tenth where they are few."""
    return f"{metres:,.0f}" if metres >= FEW_M or metres == round(metres) else f"{metres:,.1f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
