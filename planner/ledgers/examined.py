"""What was asked about the plans: their sites, other plans, other assumptions, what binds, what more brings."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from planner.cells import figure, plain, table_text
from planner.examined import Assumed, Examined, Loosened
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.plan import Plan
from planner.run import Run
from planner.services import ServicesPlan
from planner.sited import SitedPlan

KINDS: dict[str, Words] = {
    "limit": {"zh": "距离标准", "en": "limit"},
    "speed": {"zh": "步行速度", "en": "speed"},
    "people": {"zh": "人口", "en": "people"},
    "rule_set": {"zh": "认定规则", "en": "rule-set"},
}
LIMITS: dict[str, Words] = {
    "new_sites": {"zh": "多建一处", "en": "one site more"},
    "budget": {"zh": "增加预算", "en": "more money"},
    "forbid": {"zh": "解禁地块", "en": "allow the site"},
    "must_keep": {"zh": "不再必选", "en": "let the site go"},
    "quota": {"zh": "放宽配额", "en": "loosen the quota"},
    "apart": {"zh": "不限间距", "en": "sites may be near"},
    "min_area": {"zh": "不限面积", "en": "sites of any area"},
    "walk": {"zh": "放宽距离", "en": "a longer walk"},
}
BINDS: dict[bool | None, Words] = {
    True: {"zh": "有约束", "en": "binding"},
    False: {"zh": "无约束", "en": "not binding"},
    None: {"zh": "未查明", "en": "not decided"},
}
Rows = Callable[[SitedPlan, Examined], Iterator[dict[str, Any]]]
QUESTION = Column({"zh": "问题", "en": "Question"})


def examined_text(run: Run) -> str:
    """One row a chosen site, then one a candidate forced in: what falls out with it, what replaces it, what survives.

    `lost` and `costs` are in the unit of the objective; nothing replaces a site where no other candidate helps, and a
    site that must be kept has no `lost`. No replacement loses less than `lost at least`. `units lost` are those in
    which a service is no longer present. Shares are of the runs under other assumptions.
    """
    return _table(run, _site_rows)


def other_plans_text(run: Run) -> str:
    """One row a next-best plan, the best first, with the sites it drops and takes."""
    return _table(run, _other_rows)


def sensitivity_text(run: Run) -> str:
    """One row an assumption: what the best plan and the plan on the table gain under it, and how many sites stay.

    Nothing gains more than the plan on the table by more than `regret at most`.
    """
    return _table(run, _run_rows)


def binding_text(run: Run) -> str:
    """One row a limit: what it is, what it becomes, and what that brings at most."""
    return _table(run, _limit_rows)


def frontier_text(run: Run) -> str:
    """One row a number of sites, or a budget: what it brings, how good that provably is, and where the knee lies."""
    return _table(run, _frontier_rows)


def examined_records(run: Run) -> list[dict[str, Any]]:
    """All of it, question by question."""
    return [
        {
            "question": sited.number,
            "unit": asked.plan.unit,
            "sites": list(_site_rows(sited, asked)),
            "no_regret": list(asked.no_regret),
            "other_plans": list(_other_rows(sited, asked)),
            "sensitivity": list(_run_rows(sited, asked)),
            "survival": {site: round(part, 6) for site, part in asked.survival.items()},
            "binding": list(_limit_rows(sited, asked)),
            "frontier": list(_frontier_rows(sited, asked)),
        }
        for sited, asked in _examined(run)
    ]


def examined_sheet(run: Run) -> Sheet | None:
    """One row a chosen site: its best replacement, what that loses, and whether other plans have it."""
    rows = [
        (
            f"{sited.number}",
            row["site"],
            row["replaced by"] or None,
            row["lost"] if row["lost"] != "" else None,
            {"yes": {"zh": "是", "en": "yes"}, "no": {"zh": "否", "en": "no"}}.get(row["in all other plans"]),
            row["survives"] if row["survives"] != "" else None,
        )
        for sited, asked in _examined(run)
        for row in _site_rows(sited, asked)
        if row["role"] == "chosen" and (asked.replacements or asked.others or asked.runs)
    ]
    return _sheet(
        "examined",
        {"zh": "每个点位能否替换", "en": "What each site is worth"},
        {
            "zh": "替换：其余点位不变时的最佳替代地块及损失；保留率：在其他假设下仍被选中的比例。",
            "en": "Replaced by the best other candidate, all else kept; survives: chosen under so many assumptions.",
        },
        (
            QUESTION,
            Column({"zh": "点位", "en": "Site"}),
            Column({"zh": "替换为", "en": "Replaced by"}),
            Column({"zh": "损失", "en": "Loses"}, "number"),
            Column({"zh": "各方案均有", "en": "In all plans"}),
            Column({"zh": "保留率", "en": "Survives"}, "share"),
        ),
        rows,
    )


def other_plans_sheet(run: Run) -> Sheet | None:
    """One row a next-best plan; behind it the sites it exchanges."""
    found = [(sited, row) for sited, asked in _examined(run) for row in _other_rows(sited, asked)]
    return _sheet(
        "other_plans",
        {"zh": "其他接近最优的方案", "en": "Other plans nearly as good"},
        {
            "zh": "每个方案与前面各方案至少相差所要求的点位数。",
            "en": "Each differs from all before by as many sites as asked.",
        },
        (
            QUESTION,
            Column({"zh": "方案", "en": "Plan"}, "number"),
            Column({"zh": "新增", "en": "Gains"}, "number"),
            Column({"zh": "少", "en": "Fewer"}, "number"),
        ),
        [(f"{sited.number}", row["rank"], row["gains"], row["worse"]) for sited, row in found],
        more=[
            ({"zh": f"换出 {row['drops']}；换入 {row['takes']}", "en": f"without {row['drops']}; with {row['takes']}"},)
            for _, row in found
        ],
        behind={"zh": "换哪些点位", "en": "Which sites"},
    )


def sensitivity_sheet(run: Run) -> Sheet | None:
    """One row an assumption."""
    rows = [
        (
            f"{sited.number}",
            {language: f"{word} {each.assumption.value}" for language, word in KINDS[each.assumption.kind].items()},
            each.kept,
            None if each.plan is None else each.plan.objective,
            None if each.plan is None else _kept(asked, each),
        )
        for sited, asked in _examined(run)
        for each in asked.runs
    ]
    return _sheet(
        "sensitivity",
        {"zh": "换一种假设，方案还好吗", "en": "The plan under other assumptions"},
        {
            "zh": "每行只改一项并重新求解；“本方案”为现有选址在该假设下的新增人口。",
            "en": "One thing changed at a time and solved anew; “this plan” is what the chosen sites gain then.",
        },
        (
            QUESTION,
            Column({"zh": "假设", "en": "Assumption"}),
            Column({"zh": "本方案", "en": "This plan"}, "number"),
            Column({"zh": "最优", "en": "Best"}, "number"),
            Column({"zh": "相同点位", "en": "Same sites"}, "number"),
        ),
        rows,
    )


def binding_sheet(run: Run) -> Sheet | None:
    """One row a limit."""
    rows = [
        (
            f"{sited.number}",
            {language: f"{word}{_from_to(each)}" for language, word in LIMITS[each.limit].items()},
            each.gain,
            BINDS[each.binds],
        )
        for sited, asked in _examined(run)
        for each in asked.loosened
    ]
    return _sheet(
        "binding",
        {"zh": "哪些限制在起作用", "en": "What holds the plan back"},
        {
            "zh": "每次只放宽一项并重新求解；放宽距离的增加含现有设施。",
            "en": "One loosened at a time, solved anew; a longer walk also reaches more of what stands.",
        },
        (
            QUESTION,
            Column({"zh": "限制", "en": "Limit"}),
            Column({"zh": "可再增加", "en": "Brings"}, "number"),
            Column({"zh": "结论", "en": "Verdict"}),
        ),
        rows,
    )


def frontier_sheet(run: Run) -> Sheet | None:
    """One row an amount."""
    rows = [
        (f"{sited.number}", row["amount"], row["gains"], row["gap"], "◆" if row["knee"] else None)
        for sited, asked in _examined(run)
        for row in _frontier_rows(sited, asked)
    ]
    return _sheet(
        "frontier",
        {"zh": "多建几处、多花钱，能多多少", "en": "What more sites or money bring"},
        {
            "zh": "每行都是该数量下的最优方案；拐点之后，每增加一份所得低于平均。",
            "en": "Each the best plan for its amount; from the knee on more brings less than on average.",
        },
        (
            QUESTION,
            Column({"zh": "数量或预算", "en": "Sites or money"}, "number"),
            Column({"zh": "新增", "en": "Gains"}, "number"),
            Column({"zh": "差距", "en": "Gap"}, "share"),
            Column({"zh": "拐点", "en": "Knee"}),
        ),
        rows,
    )


def _sheet(
    id: str,  # noqa: A002  (the field's word)
    title: Words,
    note: Words,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    more: Sequence[tuple[Words, ...]] = (),
    behind: Words | None = None,
) -> Sheet | None:
    """A sheet of these rows; none where there are none."""
    return Sheet(id, title, note, columns, tuple(rows), tuple(more), behind or {}) if rows else None


def _examined(run: Run) -> Iterator[tuple[SitedPlan, Examined]]:
    """Every question about whose plan something was asked, several services once."""
    for number, sited in enumerate(run.plans):
        again = number > 0 and run.plans[number - 1].number == sited.number
        if sited.examined is not None and not again:
            yield sited, sited.examined


def _table(run: Run, rows: Rows) -> str:
    data = "made up, no real place" if run.synthetic else ""
    return table_text(
        {"question": sited.number, **row, "data": data} for sited, asked in _examined(run) for row in rows(sited, asked)
    )


def _site_rows(sited: SitedPlan, asked: Examined) -> Iterator[dict[str, Any]]:
    plan = asked.plan
    replaced = {each.site: each for each in asked.replacements}
    names = dict(zip(sited.candidates.ids.tolist(), sited.candidates.names.tolist(), strict=True))
    alone = dict(zip(plan.opened, plan.only.tolist(), strict=True))
    served = dict(zip(plan.opened, plan.served.tolist(), strict=True))
    for site in dict.fromkeys((*plan.opened, *asked.forced)):
        other, chosen = replaced.get(site), site in alone
        yield {
            "site": plain(site),
            "name": plain(names.get(site, "")),
            "role": "chosen" if chosen else "forced in",
            "unit": plan.unit,
            "gains": figure(served[site]) if chosen else "",
            "only": figure(alone[site]) if chosen else "",
            "replaced by": plain(other.by) if other and other.by else "",
            "lost": _amount(other.worse) if other else "",
            "lost at least": "" if other is None or other.plan is None else figure(_at_least(plan, other.plan)),
            "units lost": "" if other is None else _units_lost(plan, other.plan),
            "in all other plans": ("yes" if site in asked.no_regret else "no") if asked.others else "",
            "survives": round(asked.survival.get(site, 0.0), 6) if asked.survival else "",
            "costs": figure(asked.forced[site].worse_than(plan)) if site in asked.forced else "",
            "costs at most": figure(_at_most(plan, asked.forced[site])) if site in asked.forced else "",
        }


def _at_most(plan: Plan, other: Plan) -> float:
    """By how much the best plan can beat another at most, whatever the searches left open."""
    return max(0.0, (plan.bound - other.objective) * (1 if plan.larger_is_better else -1))


def _at_least(plan: Plan, other: Plan) -> float:
    """What a plan loses at least that was asked for by `other`, whatever the search left open."""
    return (plan.objective - other.bound) * (1 if plan.larger_is_better else -1)


def _units_lost(plan: Plan, other: Plan | None) -> int | str:
    """In how many units fewer a service is present; empty where nobody asks in which it is."""
    if not isinstance(plan, ServicesPlan) or not isinstance(other, ServicesPlan):
        return ""
    return plan.present - other.present if any(each.units for each in plan.by_service) else ""


def _other_rows(_: SitedPlan, asked: Examined) -> Iterator[dict[str, Any]]:
    plan = asked.plan
    for rank, other in enumerate(asked.others, 1):
        yield {
            "rank": rank,
            "unit": plan.unit,
            "gains": figure(other.objective),
            "worse": figure(other.worse_than(plan)),
            "worse share": figure(other.worse_than(plan) / abs(plan.objective)) if plan.objective else "",
            "units lost": _units_lost(plan, other),
            "gap": figure(other.gap, 9),
            "ending": other.ending,
            "drops": plain(" ".join(site for site in plan.opened if site not in other.opened)),
            "takes": plain(" ".join(site for site in other.opened if site not in plan.opened)),
        }


def _run_rows(_: SitedPlan, asked: Examined) -> Iterator[dict[str, Any]]:
    for each in asked.runs:
        plan = each.plan
        yield {
            "assumption": each.assumption.kind,
            "value": plain(each.assumption.value),
            "people served today": figure(each.today),
            "this plan gains": figure(each.kept),
            "the best plan gains": "" if plan is None else figure(plan.objective),
            "bound": "" if plan is None else figure(plan.bound),
            "gap": "" if plan is None else figure(plan.gap, 9),
            "ending": "refused" if plan is None else plan.ending,
            "regret": "" if plan is None else figure(each.regret),
            "regret at most": "" if plan is None else figure(each.regret_at_most),
            "sites": "" if plan is None else len(plan.opened),
            "sites kept": "" if plan is None else _kept(asked, each),
            "why none": plain(each.why_none),
        }


def _kept(asked: Examined, run: Assumed) -> int:
    """How many sites of the plan on the table the best plan of a run has too."""
    return 0 if run.plan is None else len({*asked.plan.opened} & {*run.plan.opened})


def _limit_rows(_: SitedPlan, asked: Examined) -> Iterator[dict[str, Any]]:
    for each in asked.loosened:
        yield {
            "limit": LIMITS[each.limit]["en"],
            "of": plain(each.of),
            "from": _amount(each.held),
            "to": _amount(each.to),
            "brings people": figure(each.gain),
            "brings at most": figure(each.at_most),
            "verdict": BINDS[each.binds]["en"],
        }


def _amount(value: float) -> float | int | str:
    """A number, or an empty cell where a limit is none."""
    found = figure(value)
    return "" if found is None else found


def _from_to(loosened: Loosened) -> str:
    of = f" {loosened.of}" if loosened.of else ""
    held, to = figure(loosened.held), figure(loosened.to)
    return of if held is None or to is None else f"{of} {held:,} → {to:,}"


def _frontier_rows(_: SitedPlan, asked: Examined) -> Iterator[dict[str, Any]]:
    curve = asked.frontier
    if curve is None:
        return
    for at, (amount, plan) in enumerate(zip(curve.amounts, curve.plans, strict=True)):
        yield {
            "of": "budget" if asked.of_money else "new_sites",
            "amount": figure(amount),
            "unit": plan.unit,
            "gains": figure(plan.objective),
            "bound": figure(plan.bound),
            "gap": figure(plan.gap, 9),
            "ending": plan.ending,
            "sites": len(plan.opened),
            "knee": "knee" if at == curve.knee else "",
        }
