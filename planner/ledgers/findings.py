"""What the doctor found in the data of a run, as a page of the report: a table, records and a sheet for the map."""

from typing import Any

from planner.cells import plain, table_text
from planner.ledgers.sheets import Column, Sheet
from planner.run import Run

SEVERITIES = {
    "error": {"zh": "错误", "en": "error"},
    "warning": {"zh": "警告", "en": "warning"},
    "note": {"zh": "提示", "en": "note"},
}


def findings_text(run: Run) -> str:
    """One row a finding, the worst first: what is wrong where, the first culprits, and what to do."""
    return table_text({key: plain(str(value)) for key, value in row.items()} for row in findings_records(run))


def findings_records(run: Run) -> list[dict[str, Any]]:
    """The same."""
    return [
        {
            "severity": each.severity,
            "check": each.check,
            "where": each.where,
            "what": each.what,
            "culprits": ", ".join(each.culprits),
            "remedy": each.remedy,
        }
        for each in run.findings
    ]


def findings_sheet(run: Run) -> Sheet | None:
    """One row a finding, and behind it the culprits and the remedy."""
    if not run.findings:
        return None
    return Sheet(
        id="doctor",
        title={"zh": "数据体检", "en": "What the data doctor found"},
        note={"zh": "最严重的在前。", "en": "The worst first."},
        columns=(Column({"zh": "问题", "en": "Finding"}), Column({"zh": "程度", "en": "Severity"})),
        rows=tuple((f"{each.where}: {each.what}", SEVERITIES[each.severity]) for each in run.findings),
        more=tuple(
            tuple({"zh": said, "en": said} for said in (", ".join(each.culprits), each.remedy) if said)
            for each in run.findings
        ),
        behind={"zh": "处理办法", "en": "What to do"},
    )
