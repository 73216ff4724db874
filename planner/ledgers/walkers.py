"""Each standard in minutes by who walks, as a table for spreadsheets and as records for run.json."""

from typing import Any

from planner.by_walker import ByWalker
from planner.cells import figure, plain, share, table_text
from planner.ledgers.sheets import Column, Sheet, Words
from planner.run import Run
from planner.walkers import profiles


def walkers_text(run: Run) -> str:
    """One row a standard, walker and what of the streets is minded: people on foot before and after, with the limit."""
    data = "made up, no real place" if run.synthetic else ""
    return table_text({**_row(each), "data": data} for each in run.walkers)


def walker_records(run: Run) -> list[dict[str, Any]]:
    """The same."""
    return [{"title": each.before.standard.title["en"], **_row(each)} for each in run.walkers]


def walkers_sheet(run: Run) -> Sheet | None:
    """One row a standard in minutes: who is served least and most, and behind it every walker."""
    if not run.walkers:
        return None
    by_standard: dict[str, list[ByWalker]] = {}
    for each in run.walkers:
        by_standard.setdefault(each.before.standard.id, []).append(each)
    titles = {measured.standard.id: measured.standard.title for measured in run.measured}
    return Sheet(
        id="walkers",
        title={"zh": "以分钟计的标准，因人而异", "en": "Standards in minutes, by who walks"},
        note={
            "zh": "步行达标人口占比。按步速折算为平路，或计入过街等候、台阶、禁行道路，有高程时计入坡度。",
            "en": "Shares of people within each on foot: by speed on the flat, or with waits at crossings, stairs and "
            "closed ways, and slopes where heights are known.",
        },
        columns=(
            Column({"zh": "标准", "en": "Standard"}),
            Column({"zh": "最少", "en": "Least"}, "share"),
            Column({"zh": "最多", "en": "Most"}, "share"),
        ),
        rows=tuple(
            (
                titles.get(standard, standard),
                min(each.after.share for each in walkers),
                max(each.after.share for each in walkers),
            )
            for standard, walkers in by_standard.items()
        ),
        more=tuple(tuple(_words(each) for each in walkers) for walkers in by_standard.values()),
        behind={"zh": "{count} 种步行者", "en": "{count} walkers"},
    )


def _words(each: ByWalker) -> Words:
    """Who walks, what counts, and the share served: `older person, on the flat: 33.8%`."""
    profile = each.before.standard.profile
    if profile is None:
        counted: Words = {"zh": "仅按米", "en": "metres alone"}
    elif not each.before.standard.in_seconds:
        counted = {"zh": "平路", "en": "on the flat"}
    elif profile.slope != "none":
        counted = {"zh": "计入街道与坡度", "en": "with streets and slopes"}
    else:
        counted = {"zh": "计入街道", "en": "with streets"}
    who = {"zh": each.walker, "en": each.walker} if profile is None else profiles()[each.walker].title
    was, now = (f"{share_of:.1%}" for share_of in (each.before.share, each.after.share))
    share_of = was if was == now else f"{was} → {now}"
    return {"zh": f"{who['zh']}，{counted['zh']}：{share_of}", "en": f"{who['en']}, {counted['en']}: {share_of}"}


def _row(each: ByWalker) -> dict[str, Any]:
    rule, was, now = each.before.standard, each.before, each.after
    limit, unit = rule.asked
    return {
        "standard": rule.id,
        "walker": each.walker,
        "speed m/s": figure(rule.profile.speed_m_s) if rule.profile else "",
        "counted": each.counted,
        "limit": figure(limit),
        "unit": unit,
        "people": figure(was.total),
        "before": figure(was.served),
        "after": figure(now.served),
        "share before": share(was.served, was.total),
        "share after": share(now.served, now.total),
        "walker source": plain(rule.profile.source if rule.profile else rule.source),
    }
