"""The tasks of a plan, community by community: who does what by when, what is done, and what is late."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from planner.errors import DataError, first


@dataclass(frozen=True)
class Task:
    """One thing to do."""

    number: str
    community: str
    owner: str
    deadline: str  # as written; a date is YYYY, YYYY-MM or YYYY-MM-DD
    status: str
    done: bool
    late: bool = False  # not done although the deadline is over


@dataclass(frozen=True)
class TaskLedger:
    """All tasks, in the order given. Raises DataError where there are none, or several have one number."""

    tasks: tuple[Task, ...]
    as_of: str = ""  # the day on which a deadline may be over; "" where nobody says

    def __post_init__(self) -> None:
        twice = [number for number, rows in Counter(task.number for task in self.tasks).items() if rows > 1]
        if twice or not self.tasks:
            what = f"{len(twice)} numbers are of several tasks ({first(twice)})" if twice else "there are no tasks"
            raise DataError(f"The ledger of tasks: {what}. Give each task one row with a number of its own.")

    @property
    def all(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)

    @cached_property
    def done(self) -> int:
        """How many are done."""
        return sum(task.done for task in self.tasks)

    @cached_property
    def late(self) -> int:
        """How many are late."""
        return sum(task.late for task in self.tasks)

    @property
    def rate(self) -> float:
        """The share that is done, in [0, 1]."""
        return self.done / self.all

    @cached_property
    def by_community(self) -> Mapping[str, "TaskLedger"]:
        """The tasks of each community, in the order in which they are first named."""
        names = dict.fromkeys(task.community for task in self.tasks)
        return {
            name: TaskLedger(tuple(task for task in self.tasks if task.community == name), self.as_of) for name in names
        }

    def __str__(self) -> str:
        late = f", {self.late:,} late on {self.as_of}" if self.as_of else ""
        return f"{self.done:,} of {self.all:,} tasks are done ({self.rate:.1%}){late}"


def is_over(deadline: str, day: str) -> bool:
    """Whether a deadline is over on a day, both as dates: of a month or a year, its last day counts."""
    return day[: len(deadline)] > deadline
