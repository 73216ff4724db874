"""A table of tasks, as an office keeps it (CSV, Excel) → TaskLedger."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import DataError, first
from planner.sources.layers import find_columns, half_width, read_table, words
from planner.tasks import Task, TaskLedger, is_over

COLUMNS = ("task", "community", "owner", "deadline", "status")
DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


def read_tasks(
    path: Path | str,
    *,
    done: Sequence[str],
    as_of: str = "",
    task: str = "task",
    community: str = "community",
    owner: str = "owner",
    deadline: str = "deadline",
    status: str = "status",
    **how_to_read: Any,
) -> TaskLedger:
    """The tasks of a table; those whose status is one of `done` are done. `how_to_read` goes to `read_table`.

    With `as_of`, a task is late that is not done though its deadline is over. Raises DataError where tasks have no
    number or no status, where no status at all is one of `done`, and where `as_of` needs a date that is none.
    """
    path = Path(path)
    table = read_table(path, **how_to_read)
    named = find_columns(table, path, task, community, owner, deadline, status)
    finished = {str(half_width(word)) for word in done}
    said = {name: _texts(table[column]) for name, column in zip(COLUMNS, named, strict=True)}
    over = [word in finished for word in said["status"]]
    faults = []
    if bare := [row for row, pair in enumerate(zip(said["task"], said["status"], strict=True), 1) if not all(pair)]:
        faults.append(f"{len(bare)} rows have no {task} or no {status} ({first(bare)})")
    if not any(over):
        there = ", ".join(dict.fromkeys(filter(None, said["status"])))
        faults.append(f"no {status} is one of {', '.join(done)}; there are: {there}")
    dates = zip(said["task"], said["deadline"], over, strict=True)
    undated = [f"{number}: {day!r}" for number, day, ended in dates if not ended and not DATE.fullmatch(day)]
    if as_of and undated:
        faults.append(f"{len(undated)} open tasks have a {deadline} that is no date like 2022-06-30 ({first(undated)})")
    if faults:
        raise DataError(f"{path.name}: {'; '.join(faults)}. Mend the table, or name its columns and what done is.")
    late = [
        bool(as_of) and not ended and is_over(day, as_of) for day, ended in zip(said["deadline"], over, strict=True)
    ]
    return TaskLedger(tuple(map(Task, *said.values(), over, late)), as_of)


def _texts(values: pd.Series) -> list[str]:
    """A column as text; a spreadsheet's dates as YYYY-MM-DD."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    return [str(half_width(text)) for text in words(values).tolist()]
