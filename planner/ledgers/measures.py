"""What gates opened and links built would bring, as a table, as records and as a sheet for the map."""

from collections.abc import Iterator
from typing import Any

from planner.cells import figure, plain, share, table_text
from planner.ledgers.sheets import Column, Sheet
from planner.provisions import provision
from planner.run import Run
from planner.street_measures import StreetGain, Tried

KINDS = {
    "gate": {"zh": "开门", "en": "gate"},
    "link": {"zh": "连通", "en": "link"},
    "all": {"zh": "全部措施", "en": "all together"},
}


def measures_text(run: Run) -> str:
    """One row a measure and standard: who is newly covered, and how many metres people walk less.

    Each measure alone, then all of them together. Metres are on foot to the nearest facility that counts; those who
    reach none today are told apart.
    """
    data = "made up, no real place" if run.synthetic else ""
    return table_text({**row, "data": data} for row in _rows(run))


def measures_records(run: Run) -> list[dict[str, Any]]:
    """The same."""
    return list(_rows(run))


def measures_sheet(run: Run) -> Sheet | None:
    """One row a measure and standard."""
    if not run.tried:
        return None
    least_m = provision("measures.saving").number
    return Sheet(
        id="measures",
        title={"zh": "开门与连通措施的收益", "en": "What gates and links would bring"},
        note={
            "zh": "每项措施单独重新测算；合计不等于各项之和。",
            "en": "Each measured anew by itself; together they are not the sum of all.",
        },
        columns=(
            Column({"zh": "措施", "en": "Measure"}),
            Column({"zh": "标准", "en": "Standard"}),
            Column({"zh": "达标人口", "en": "Within"}, "share"),
            Column({"zh": "新增达标", "en": "Newly"}, "number"),
            Column({"zh": f"少走 {least_m:g} 米以上", "en": f"{least_m:g} m less"}, "number"),
        ),
        rows=tuple(
            (
                {language: f"{each.name} ({word})" for language, word in KINDS[each.kind].items()}
                if each.kind != "all"
                else KINDS["all"],
                gain.standard.title,
                (gain.before.share, gain.after.share),
                gain.newly,
                gain.saving(least_m),
            )
            for each in run.tried
            for gain in each.gains
        ),
    )


def _rows(run: Run) -> Iterator[dict[str, Any]]:
    for each in run.tried:
        for gain in each.gains:
            yield _row(each, gain)


def _row(each: Tried, gain: StreetGain) -> dict[str, Any]:
    least_m = provision("measures.saving").number
    return {
        "measure": plain(each.name),
        "kind": each.kind,
        "where": plain(each.where),
        "standard": gain.standard.id,
        "people": figure(gain.before.total),
        "within before": figure(gain.before.served),
        "within after": figure(gain.after.served),
        "share before": share(gain.before.served, gain.before.total),
        "share after": share(gain.after.served, gain.after.total),
        "newly within": figure(gain.newly),
        f"people who walk {least_m:g} m less": figure(gain.saving(least_m)),
        "people who walk less": figure(gain.saving(0.0)),
        "of them mean metres less": figure(gain.mean_saved_m, 1),
        "people who reach one for the first time": figure(gain.newly_reach),
    }
