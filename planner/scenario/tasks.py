"""The key `outputs.tasks`: the ledger of tasks that an office keeps, community by community."""

from pydantic import Field

from planner.scenario.inputs import Column, Day, LayerFile, Model, Text


class Tasks(Model):
    """A table with a row a task."""

    layer: Text | None = None
    """The sheet of a workbook that holds several."""
    encoding: Text | None = None
    """The file's text encoding; by default UTF-8, else GB18030."""
    file: LayerFile  # after `layer` and `encoding`, by which its head is read, and before the columns, checked in it
    """CSV or Excel, relative to this scenario."""
    task: Column = Field("task", validate_default=True)
    """Column with the number of each task."""
    community: Column = Field("community", validate_default=True)
    """Column with the community it is of."""
    owner: Column = Field("owner", validate_default=True)
    """Column with who is responsible."""
    deadline: Column = Field("deadline", validate_default=True)
    """Column with the day by which it is due."""
    status: Column = Field("status", validate_default=True)
    """Column with how far it is."""
    done: tuple[Text, ...] = Field(min_length=1)
    """What the status of a finished task may say: [完成]."""
    as_of: Day | None = None
    """The day of which the table is: open tasks whose deadline was before it are late."""
