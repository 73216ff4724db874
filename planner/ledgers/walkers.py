"""Each standard in minutes by who walks, as a table for spreadsheets and as records for run.json."""

from typing import Any

from planner.by_walker import ByWalker
from planner.cells import figure, plain, share, table_text
from planner.run import Run


def walkers_text(run: Run) -> str:
    """One row a standard, walker and what of the streets is minded: people on foot before and after, with the limit."""
    data = "made up, no real place" if run.synthetic else ""
    return table_text({**_row(each), "data": data} for each in run.walkers)


def walker_records(run: Run) -> list[dict[str, Any]]:
    """The same."""
    return [_row(each) for each in run.walkers]


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
