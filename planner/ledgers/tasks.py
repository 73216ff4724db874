"""The tasks of the communities: who does what by when, and how much is done; a table, a record and a sheet."""

from typing import Any

from planner.cells import figure, plain, table_text
from planner.ledgers.sheets import Cell, Column, Sheet, Words
from planner.run import Run
from planner.tasks import Task, TaskLedger

TOTAL = {"zh": "合计", "en": "total"}
DONE = {True: {"zh": "完成", "en": "done"}, False: {"zh": "未完成", "en": "open"}}
LATE = {"zh": "逾期", "en": "late"}


def tasks_text(run: Run) -> str:
    """One row a task, as given, with whether it is done and whether it is late; then one row of all."""
    if run.tasks is None:
        return ""
    rows = [
        {
            **{name: plain(getattr(task, name)) for name in ("number", "community", "owner", "deadline", "status")},
            "done": task.done,
            "late": task.late,
            "rate": "",
        }
        for task in run.tasks.tasks
    ]
    total = dict.fromkeys(rows[0], "") | {"number": "total", "done": run.tasks.done, "late": run.tasks.late}
    return table_text([*rows, {**total, "rate": round(run.tasks.rate, 6)}])


def tasks_record(run: Run) -> dict[str, Any] | None:
    """The counts of all tasks and of each community."""
    if run.tasks is None:
        return None
    of = {name: _counts(tasks) for name, tasks in run.tasks.by_community.items()}
    return {"as_of": run.tasks.as_of, **_counts(run.tasks), "communities": of}


def tasks_sheet(run: Run) -> Sheet | None:
    """One row a community, and behind it its open tasks; the last row is of all."""
    if run.tasks is None:
        return None
    ledgers = run.tasks.by_community
    share = f"{run.tasks.rate * 100:.1f} %"
    day = run.tasks.as_of
    return Sheet(
        id="tasks",
        title={"zh": "任务完成情况", "en": "Tasks of the communities"},
        note={
            "zh": f"{run.tasks.all:,} 项任务已完成 {run.tasks.done:,} 项，完成率 {share}"
            + (f"；截至 {day} 逾期 {run.tasks.late:,} 项。" if day else "。"),
            "en": f"{run.tasks.done:,} of {run.tasks.all:,} tasks are done: {share}"
            + (f"; {run.tasks.late:,} late on {day}." if day else "."),
        },
        columns=(
            Column({"zh": "社区", "en": "Community"}),
            Column({"zh": "任务", "en": "Tasks"}, "number"),
            Column({"zh": "已完成", "en": "Done"}, "number"),
            Column({"zh": "完成率", "en": "Rate"}, "share"),
            Column(LATE, "number"),
        ),
        rows=(*(_row(name, ledger) for name, ledger in ledgers.items()), _row(TOTAL, run.tasks)),
        more=(*(tuple(_told(task) for task in each.tasks if not task.done) for each in ledgers.values()), ()),
        behind={"zh": "{count} 项未完成", "en": "{count} open"},
    )


def task_list_sheet(run: Run) -> Sheet | None:
    """One row a task, for papers: number, owner, deadline and status."""
    if run.tasks is None:
        return None
    rows: list[tuple[Cell, ...]] = [
        (
            each.number,
            each.community,
            each.owner,
            each.deadline,
            each.status,
            DONE[each.done],
            LATE if each.late else "",
        )
        for each in run.tasks.tasks
    ]
    return Sheet(
        id="task_list",
        title={"zh": "社区任务台账", "en": "Ledger of tasks"},
        note={"zh": "每项任务一行，按来表顺序。", "en": "A row a task, in the order of the table given."},
        columns=(
            Column({"zh": "任务编号", "en": "Task"}),
            Column({"zh": "社区", "en": "Community"}),
            Column({"zh": "责任单位", "en": "Responsible"}),
            Column({"zh": "完成时限", "en": "Deadline"}),
            Column({"zh": "状态", "en": "Status"}),
            Column({"zh": "是否完成", "en": "Done"}),
            Column({"zh": "是否逾期", "en": "Late"}),
        ),
        rows=tuple(rows),
    )


def _counts(tasks: TaskLedger) -> dict[str, Any]:
    return {"tasks": tasks.all, "done": tasks.done, "late": tasks.late, "rate": figure(tasks.rate)}


def _row(name: str | Words, tasks: TaskLedger) -> tuple[Cell, ...]:
    return name, tasks.all, tasks.done, tasks.rate, tasks.late if tasks.as_of else None


def _told(task: Task) -> Words:
    told = [task.number, task.owner, task.deadline, task.status]
    return {each: " · ".join(filter(None, [*told, word if task.late else ""])) for each, word in LATE.items()}
