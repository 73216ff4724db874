"""What the papers hold: data, indicators, plans, sites and communities, and with them every sheet of the ledgers."""

from collections.abc import Iterator, Mapping

import numpy as np

from planner.cells import figure
from planner.city import is_green
from planner.kits import service_titles
from planner.ledgers import SHEETS
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.ledgers.tasks import task_list_sheet
from planner.ledgers.units import sites_by_unit
from planner.papers.words import ENDINGS, EVERYBODY, REVIEW_NUMBER, SCHEMATIC, SYNTHETIC, UNITS, joined, unit_of
from planner.plan import Plan
from planner.run import Run
from planner.shown import site_degrees
from planner.sited import SitedPlan
from planner.standards import rule_sets

QUESTION = Column({"zh": "问题", "en": "Question"}, "number")
STANDARD = Column({"zh": "标准", "en": "Standard"})


def sheets_of(run: Run) -> tuple[Sheet, ...]:
    """Every sheet of a run, in the order in which papers print them."""
    first = (data_sheet(run), indicators_sheet(run), plans_sheet(run), sites_sheet(run))
    ledgers = (sheet_of(run) for sheet_of in SHEETS)
    found = (*first, *ledgers, units_sheet(run), task_list_sheet(run))
    return tuple(sheet for sheet in found if sheet is not None)


def found(run: Run) -> Iterator[Words]:
    """What was found in a few lines: who meets each standard today and with the plans, and how good they are."""
    for each in run.measured:
        shares = dict.fromkeys((f"{each.before.share:.1%}", f"{each.after.share:.1%}"))
        people = f"{each.after.served:,.0f} / {each.after.total:,.0f}"
        told = " → ".join(shares)
        zh, en = f"：步行 {told}（{people} 人）", f" on foot: {told} ({people} people)"
        yield joined(each.standard.title, {"zh": zh, "en": en}, between="")
    for sited in run.plans:
        plan, proof = sited.plan, sited.proof
        sites, gain = len(plan.opened), f"{plan.objective:,.0f} "
        zh, en = f"：{sites} 个点位，新增 {gain}", f": sites chosen {sites}, which gain {gain}"
        unit = unit_of(plan, sited.weights)
        gap = {"zh": f"，间隙 {proof.gap:.2%}", "en": f", gap {proof.gap:.2%}"}
        ending = joined({"zh": "；", "en": "; "}, ENDINGS[proof.ending], gap, between="")
        yield joined(sited.standard.title, {"zh": zh, "en": en}, unit, ending, between="")


def data_sheet(run: Run) -> Sheet:
    """Of which data, people and rules the figures are, what was assumed, and which run they come from."""
    scenario, off = run.scenario, ~run.counted
    rules = rule_sets().get(scenario.standards.rule_set)
    one: list[tuple[Words, Cell]] = [
        ({"zh": "方案", "en": "Scenario"}, joined(scenario.title)),
        ({"zh": "运行标识", "en": "Run"}, f"{scenario.scenario} {run.stamp}"),
        ({"zh": "城市", "en": "City"}, run.city_name),
        (
            {"zh": "数据性质", "en": "Kind of data"},
            SYNTHETIC if run.synthetic else {"zh": "实际数据", "en": "real data"},
        ),
        ({"zh": "数据时点", "en": "Date of the data"}, run.data_date),
        ({"zh": "数据来源与许可", "en": "Source and licence"}, run.attribution),
        ({"zh": "人口", "en": "People"}, figure(run.demand.total)),
        ({"zh": "人口口径", "en": "Population base"}, str(run.demand.base)),
        ({"zh": "居住地点", "en": "Places where people live"}, len(run.demand.ids)),
        ({"zh": "未连上路网的地点", "en": "Places off the network"}, int(off.sum())),
        ({"zh": "未连上路网的人口", "en": "People off the network"}, figure(run.demand.people[off, 0].sum())),
        ({"zh": "平面坐标系", "en": "Plane coordinates"}, run.network.crs.name),
    ]
    if rules:
        source = f"[{rules.document}, {rules.clause}]"
        one.append(({"zh": "认定规则", "en": "Rule-set"}, joined(rules.id, rules.title, source)))
    many: tuple[tuple[Words, tuple[str, ...]], ...] = (
        ({"zh": "假设", "en": "Assumption"}, run.assumptions),
        ({"zh": "数据处理记录", "en": "Note on the data"}, run.notes),
        ({"zh": "数据文件（SHA-256）", "en": "Data file (SHA-256)"}, tuple(map(": ".join, run.inputs.items()))),
        ({"zh": "软件版本", "en": "Software"}, tuple(map(" ".join, run.versions.items()))),
    )
    return Sheet(
        id="data",
        title={"zh": "数据说明", "en": "Data sheet"},
        note={
            "zh": "各数字所依据的数据、口径、规则、假设与来源。",
            "en": "What every figure in these papers rests on.",
        },
        columns=(Column({"zh": "项目", "en": "Item"}), Column({"zh": "内容", "en": "What"})),
        rows=(
            *one,
            *((word, text) for word, texts in many for text in texts),
            ({"zh": "图件", "en": "Maps"}, SCHEMATIC),
            (REVIEW_NUMBER, scenario.outputs.map_number),
        ),
    )


def indicators_sheet(run: Run) -> Sheet | None:
    """One row a standard and group of people: who meets it on foot and in a straight line, and how much land."""
    if not run.measured:
        return None
    rows: list[tuple[Cell, ...]] = []
    for each in run.measured:
        total = each.before.people.sum(axis=0)
        walk, straight = (
            list(zip(was.by_group(), now.by_group(), strict=True))
            for was, now in ((each.before, each.after), (each.before_straight, each.after_straight))
        )
        land = None if each.before_land is None or each.after_land is None else (each.before_land, each.after_land)
        for k, group in enumerate(run.demand.groups):
            if not total[k] > 0:
                continue
            on_foot, through_air = ((float(pairs[k][0]), float(pairs[k][1])) for pairs in (walk, straight))
            rows.append(
                (
                    dict(each.standard.title),
                    EVERYBODY if k == 0 else group,
                    figure(total[k]),
                    on_foot,
                    (on_foot[0] / total[k], on_foot[1] / total[k]),
                    (through_air[0] / total[k], through_air[1] / total[k]),
                    (land[0].share, land[1].share) if land and k == 0 else None,
                    each.standard.source,
                )
            )
    return Sheet(
        id="indicators",
        title={"zh": "指标：现状与规划后", "en": "Indicators: today and with the plan"},
        note={
            "zh": "居住用地覆盖率为官方口径（直线半径）；人口覆盖率分步行与直线。三者分母不同，不可混用。",
            "en": "The share of residential land is the official measure (straight radius); the others are of people.",
        },
        columns=(
            STANDARD,
            Column({"zh": "人群", "en": "Of whom"}),
            Column({"zh": "人口", "en": "People"}, "number"),
            Column({"zh": "步行达标人口", "en": "Served on foot"}, "number"),
            Column({"zh": "步行覆盖率", "en": "Share on foot"}, "share"),
            Column({"zh": "直线覆盖率", "en": "Share, straight"}, "share"),
            Column({"zh": "居住用地覆盖率", "en": "Share of residential land"}, "share"),
            Column({"zh": "出处", "en": "Source"}),
        ),
        rows=tuple(rows),
    )


def plans_sheet(run: Run) -> Sheet | None:
    """One row a plan, then one for those that are parts of the same: what it gains, and how good that provably is."""
    if not run.plans:
        return None
    rows: list[tuple[Cell, ...]] = []
    for sited in run.plans:
        alone = sited.proof is sited.plan
        proof = _proof(sited.plan) if alone else (None, None, None)
        rows.append(
            (sited.number, dict(sited.standard.title), sited.asked, *_gain(sited.plan, sited.weights), *proof, None)
        )
        if sited.phased is not None and sited.whole is None:
            best = sited.phased
            title = joined(sited.standard.title, {"zh": "（各年合计）", "en": "(over the years)"})
            rows.append((sited.number, title, sited.asked, *_gain(best), *_proof(best), None))
        if sited.whole is not None and sited in run.wholes:
            title = {"zh": "各类设施合计（按权重）", "en": "All services together, by weight"}
            rows.append(
                (sited.number, title, None, *_gain(sited.whole), *_proof(sited.whole), figure(sited.whole.cost))
            )
    return Sheet(
        id="plans",
        title={"zh": "推荐方案", "en": "The plans"},
        note={
            "zh": "上界：任何方案都不能超过的数值；间隙为 0 即已证明最优。投资单位同方案文件。",
            "en": "No plan exceeds the bound; a gap of 0 proves the plan best. Money is in the scenario's own unit.",
        },
        columns=(
            QUESTION,
            STANDARD,
            Column({"zh": "要求点位", "en": "Sites asked for"}, "number"),
            Column({"zh": "选定点位", "en": "Sites chosen"}, "number"),
            Column({"zh": "新增", "en": "Gains"}, "number"),
            Column({"zh": "单位", "en": "Unit"}),
            Column({"zh": "上界", "en": "Bound"}, "number"),
            Column({"zh": "间隙", "en": "Gap"}, "share"),
            Column({"zh": "结论", "en": "Verdict"}),
            Column({"zh": "总投资", "en": "Cost"}, "number"),
        ),
        rows=tuple(rows),
    )


def sites_sheet(run: Run) -> Sheet | None:
    """One row a chosen site: where it is, whom it serves, which rule-sets count it, what would best replace it."""
    rows = [row for sited in run.plans for row in _site_rows(sited, run)]
    if not rows:
        return None
    return Sheet(
        id="sites",
        title={"zh": "选址论证表", "en": "Site justification"},
        note={
            "zh": "按各方案内新增人口排序。经纬度为 WGS84（与 CGCS2000 相差不足 1 米）。"
            "仅靠此点：去掉该点即失去的数量。替代地块与损失只在方案要求 examine 时计算。",
            "en": "In the order of what each gains. Degrees are WGS84. Only: what is lost if this site alone falls "
            "out. Replacements are told where the scenario asks to examine the plan.",
        },
        columns=(
            QUESTION,
            STANDARD,
            Column({"zh": "排序", "en": "Rank"}, "number"),
            Column({"zh": "编号", "en": "Id"}),
            Column({"zh": "名称", "en": "Name"}),
            Column({"zh": "所在单元", "en": "Unit"}),
            Column({"zh": "经度", "en": "Longitude"}, "number"),
            Column({"zh": "纬度", "en": "Latitude"}, "number"),
            Column({"zh": "面积（平方米）", "en": "Area, m²"}, "number"),
            Column({"zh": "现用地", "en": "Land"}),
            Column({"zh": "新增", "en": "Gains"}, "number"),
            Column({"zh": "仅靠此点", "en": "Only from it"}, "number"),
            Column({"zh": "单位", "en": "Of"}),
            Column({"zh": "距现有最近（米）", "en": "Nearest today, m"}, "number"),
            Column({"zh": "计入的规则", "en": "Counts under"}),
            Column({"zh": "同地块另有", "en": "Also here"}),
            Column({"zh": "开放年份", "en": "Opens"}),
            Column({"zh": "投资", "en": "Cost"}, "number"),
            Column({"zh": "最佳替代地块", "en": "Best replacement"}),
            Column({"zh": "替代损失", "en": "It loses"}, "number"),
            Column({"zh": "保留率", "en": "Survives"}, "share"),
            Column({"zh": "责任单位", "en": "Responsible"}),
        ),
        rows=tuple(rows),
    )


def units_sheet(run: Run) -> Sheet | None:
    """One row a unit, and the city: for each standard who meets it on foot, who still does not, and the new sites."""
    units, demand = run.demand.units, run.demand
    if units is None or not run.measured:
        return None
    people = demand.by_unit(demand.of())
    columns: list[Column] = []
    cells: list[list[Cell]] = []
    for each in run.measured:
        was, now = (covered.by_unit(demand)[1] for covered in (each.before, each.after))
        columns += [
            Column(joined(each.standard.title, {"zh": "步行覆盖率", "en": "on foot"}), "share"),
            Column(joined(each.standard.title, {"zh": "未达标人口", "en": "people without"}), "number"),
        ]
        whole = each.before.share, each.after.share
        shares = [
            *zip(*(np.divide(n, people, where=people > 0, out=people * 0) for n in (was, now)), strict=True),
            whole,
        ]
        lacking = [*(people - now).tolist(), each.after.total - each.after.served]
        cells.append([pair if here > 0 else None for pair, here in zip(shares, [*people, demand.total], strict=True)])
        cells.append([figure(left) for left in lacking])
    sites = sites_by_unit(run, units).tolist()
    head = [
        *((str(unit), str(name)) for unit, name in zip(units.ids, units.names, strict=True)),
        ("", {"zh": "不在任何单元内", "en": "outside any unit"}),
        ("", {"zh": "合计", "en": "total"}),
    ]
    rows = [
        (id_, name, figure(here), count, *row)
        for (id_, name), here, count, row in zip(
            head, [*people, demand.total], [*sites, sum(sites)], zip(*cells, strict=True), strict=True
        )
    ]
    if not people[-1] and not sites[-1]:
        del rows[-2]
    return Sheet(
        id="ledger",
        title={"zh": "社区台账", "en": "Ledger of communities"},
        note={
            "zh": "每个单元一行：人口、新增点位、各标准现状与规划后的步行覆盖率，以及仍未达标的人口。",
            "en": "One row a unit: people, new sites, and by standard the share on foot and who is still without.",
        },
        columns=(
            Column({"zh": "单元编号", "en": "Unit"}),
            Column({"zh": "单元", "en": "Name"}),
            Column({"zh": "人口", "en": "People"}, "number"),
            Column({"zh": "新增点位", "en": "New sites"}, "number"),
            *columns,
        ),
        rows=tuple(rows),
    )


def _gain(plan: Plan, weights: Mapping[str, float] | None = None) -> tuple[Cell, ...]:
    unit = unit_of(plan, weights) if plan.unit == "people" else UNITS.get(plan.unit, plan.unit)
    return len(plan.opened), figure(plan.objective), unit


def _proof(plan: Plan) -> tuple[Cell, ...]:
    return figure(plan.bound), figure(plan.gap, 9), ENDINGS[plan.ending]


def _site_rows(sited: SitedPlan, run: Run) -> Iterator[tuple[Cell, ...]]:
    plan, land, asked, costs = sited.plan, sited.candidates, sited.examined, sited.costs
    replaced = {each.site: each for each in asked.replacements} if asked else {}
    survives = asked.survival if asked else {}
    has = dict(zip(sited.whole.opened, sited.whole.becomes, strict=True)) if sited.whole else {}
    for rank, (site, (lon, lat)) in enumerate(zip(plan.sites.tolist(), site_degrees(sited).tolist(), strict=True)):
        id_ = plan.opened[rank]
        other = replaced.get(id_)
        others = [service for service in has.get(id_, ()) if service != sited.standard.service]
        yield (
            sited.number,
            dict(sited.standard.title),
            rank + 1,
            id_,
            str(land.names[site]),
            sited.unit_names[rank],
            lon,
            lat,
            figure(land.area_m2[site], 1),
            str(land.kind[site]) if len(land.kind) else "",
            figure(plan.served[rank]),
            figure(plan.only[rank]),
            unit_of(plan, sited.weights),
            figure(sited.nearest_today_m[rank], 1),
            joined(*_counted_under(sited, id_, run), between=", "),
            joined(*(service_titles().get(service, service) for service in others), between=", "),
            "" if sited.phased is None else sited.phased.years[sited.phased.year[rank]].name,
            None if costs is None else figure(costs[rank]),
            other.by if other else None,
            figure(other.worse) if other and other.by else None,
            survives.get(id_, 0.0) if survives else None,
            None,
        )


def _counted_under(sited: SitedPlan, site: str, run: Run) -> Iterator[Words | str]:
    """The rule-sets that count a chosen site of green; of one with several tests, each that does."""
    if not is_green(sited.standard):
        return
    for row in run.rule_sets:
        if site not in {each.id.removeprefix(f"plan {sited.number}: ") for each in row.chosen_short}:
            several = len(row.rules.tests) > 1
            yield joined(row.rules.id, row.test.title if several else "")
