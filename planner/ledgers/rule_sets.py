"""The green of a run under every rule-set, as a table for spreadsheets and as records for run.json."""

from typing import Any

from planner.cells import figure, plain, share, table_text
from planner.ledgers.sheets import Column, Sheet, Words
from planner.provisions import SURENESS
from planner.rule_sets import Reached, Shortfall, UnderRuleSet
from planner.run import Run


def rule_sets_text(run: Run) -> str:
    """One row a test of a rule-set, three numbers before and after: people on foot, people in a straight line, land.

    And of the residential land whether the shares that the documents ask are met, of the standing and the chosen
    sites how many count, and each chosen one that falls short, with by how much; run.json has the standing ones as
    well. Cells of land are empty where no residential land is known.
    """
    return table_text(_cells(row, synthetic=run.synthetic) for row in run.rule_sets)


def rule_set_records(run: Run) -> list[dict[str, Any]]:
    """The same, with every site that falls short, standing ones too, and the areas and radii behind each test."""
    return [
        {
            "rule_set": row.rules.id,
            "test": row.test.id,
            "title": row.test.title["en"],
            "bands": [
                {"service": band.service, "min_area_m2": figure(band.min_area_m2), "limit_m": figure(band.limit_m)}
                for band in row.test.bands
            ],
            "unit": "people",
            "total": figure(row.on_foot.total),
            "walk": _before_after(row.on_foot),
            "straight": _before_after(row.straight),
            "residential_land": _land(row),
            "standing": {"sites": row.standing, "short": [_short(each) for each in row.standing_short]},
            "chosen": {"sites": row.chosen, "short": [_short(each) for each in row.chosen_short]},
            "asked_of_residential_land": [str(each) for each in row.rules.asks],
            "why_they_differ": row.why,
            "document": row.rules.document,
            "clause": row.rules.clause,
            "confidence": row.rules.confidence,
            "check_first": SURENESS[row.rules.confidence] if row.rules.check_first() else "",
            "note": row.rules.note,
            "reason": row.rules.reason,
        }
        for row in run.rule_sets
    ]


def rule_sets_sheet(run: Run) -> Sheet | None:
    """One row a test of a rule-set, and behind it each chosen site that falls short."""
    if not run.rule_sets:
        return None
    return Sheet(
        id="rule_sets",
        title={"zh": "同一批绿地，各认定规则下的结果", "en": "The same green under every rule-set"},
        note={
            "zh": "前两列为人口占比，居住用地一列为面积占比；各文件所要求的是后者，不可混用。",
            "en": "Shares of people, and of residential land, which is what the documents ask; they never mix.",
        },
        columns=(
            Column({"zh": "规则", "en": "Rule-set"}),
            Column({"zh": "步行", "en": "On foot"}, "share"),
            Column({"zh": "直线", "en": "Straight"}, "share"),
            Column({"zh": "居住用地", "en": "Residential land"}, "share"),
            Column({"zh": "计入点位", "en": "Sites that count"}),
        ),
        rows=tuple(
            (
                _titled(row),
                *(
                    (each.served_before / each.total, each.served_after / each.total)
                    for each in (row.on_foot, row.straight)
                ),
                None if row.land is None else (row.land.before.share, row.land.after.share),
                f"{row.chosen - len(row.chosen_short)} / {row.chosen}",
            )
            for row in run.rule_sets
        ),
        more=tuple(tuple(_short_words(each) for each in row.chosen_short) for row in run.rule_sets),
        behind={"zh": "面积不足的 {count} 处", "en": "{count} sites that fall short"},
    )


def _titled(row: UnderRuleSet) -> Words:
    """The test, with the shares of land that it asks for, and of each whether the plan meets it."""
    said = {"zh": ("，要求用地", "达到", "未达到"), "en": ("; asked of the land: ", "met", "not met")}
    titles = {}
    for language, (asks, met, not_met) in said.items():
        title = f"{row.rules.id} {row.test.title[language]}"
        asked = [each.threshold for each in row.rules.asks]
        if row.land is not None and row.land.asked:
            asked = [f"{each.provision.threshold} {met if each.met_after else not_met}" for each in row.land.asked]
        titles[language] = f"{title}{asks}{', '.join(asked)}" if asked else title
    return titles


def _short_words(site: Shortfall) -> Words:
    called = _called(site)
    return {"zh": f"{called}：{site.words['zh']}", "en": f"{called}: {site.words['en']}"}


def _cells(row: UnderRuleSet, *, synthetic: bool) -> dict[str, Any]:
    rules = row.rules
    cells: dict[str, Any] = {"rule set": rules.id, "test": row.test.title["en"], "counts as": row.test.terms}
    cells["people"] = figure(row.on_foot.total)
    for how, reached in (("on foot", row.on_foot), ("straight", row.straight)):
        cells[f"{how} before"] = figure(reached.served_before)
        cells[f"{how} after"] = figure(reached.served_after)
        cells[f"{how} share before"] = share(reached.served_before, reached.total)
        cells[f"{how} share after"] = share(reached.served_after, reached.total)
    land = row.land
    cells["residential land km²"] = _km2(land.after.total) if land else ""
    for when, covered in (("before", land.before if land else None), ("after", land.after if land else None)):
        cells[f"land km² {when}"] = _km2(covered.served) if covered else ""
        cells[f"land share {when}"] = share(covered.served, covered.total) if covered else ""
    asked = [f"{each.threshold} {each.applies_to} ({each.source})" for each in rules.asks]
    cells["asked, as a share of residential land"] = plain("; ".join(asked))
    for when, after in (("before", False), ("after", True)):
        cells[f"asked share {when}"] = "" if land is None else "; ".join(each.told(after=after) for each in land.asked)
    cells["standing sites"] = row.standing
    cells["standing sites that count"] = row.standing - len(row.standing_short)
    cells["chosen sites"] = row.chosen
    cells["chosen sites that count"] = row.chosen - len(row.chosen_short)
    cells["chosen sites that fall short"] = plain("; ".join(f"{_called(each)}: {each}" for each in row.chosen_short))
    cells["why the three differ"] = plain(row.why)
    cells["document"], cells["clause"] = plain(rules.document), "" if rules.clause == "-" else plain(rules.clause)
    cells["confidence"] = SURENESS[rules.confidence]
    cells["note"] = plain(" ".join(filter(None, (rules.note, rules.reason))))
    cells["data"] = "made up, no real place" if synthetic else ""
    return cells


def _land(row: UnderRuleSet) -> dict[str, Any] | None:
    if row.land is None:
        return None
    before, after, asked = row.land.before, row.land.after, row.land.asked
    return {
        "unit": "m²",
        "total": figure(after.total, 1),
        "before": figure(before.served, 1),
        "after": figure(after.served, 1),
        "asked": [
            {
                "provision": each.provision.id,
                "share": str(each.provision.threshold),
                "applies_to": each.provision.applies_to,
                "met_before": each.met_before,
                "met_after": each.met_after,
                "short_before_m2": figure(each.short_before_m2, 1),
                "short_after_m2": figure(each.short_after_m2, 1),
            }
            for each in asked
        ],
    }


def _km2(square_m: float) -> int | float | None:
    return figure(square_m / 1e6, 4)


def _before_after(reached: Reached) -> dict[str, Any]:
    return {"before": figure(reached.served_before), "after": figure(reached.served_after)}


def _called(site: Shortfall) -> str:
    return f"{site.id} {site.name}".rstrip()


def _short(site: Shortfall) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name,
        "area_m2": figure(site.area_m2, 1) if site.known else None,
        "short_m2": figure(site.short_m2, 1) if site.known else None,
        "said": str(site),
    }
