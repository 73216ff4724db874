"""What can go wrong, as a tree. Each class is also the builtin that a caller would expect.

PlannerError
├── DataError (ValueError)          the data cannot carry the answer
│   ├── ExtractError                an OpenStreetMap file is truncated, empty or has no walkable way
│   ├── CrsError                    coordinates without, or in the wrong, reference system
│   ├── ColumnError (KeyError)      a table lacks a column
│   ├── PeopleError                 people negative, missing, or nowhere to put them
│   ├── NestingError                parts of a city that do not lie in one another, or do not add up
│   └── OffNetworkError             too many points lie too far from any street
├── QuestionError (ValueError)      what is asked contradicts itself or the data
│   └── NoPlanError                 no plan answers it, and why that is and what are the ways out is said at length
├── ScenarioError (ValueError)      a scenario file has faults, all listed
├── OutputError (OSError)           a result cannot be written
├── FetchError (OSError)            a download failed
└── NoSolverError (RuntimeError)    no integer programming solver can be started
"""

from collections.abc import Iterable


class PlannerError(Exception):
    """Anything that planner refuses to do, said in words."""

    def __str__(self) -> str:  # KeyError would print its argument's repr
        return str(self.args[0]) if self.args else ""


class DataError(PlannerError, ValueError):
    """The data cannot carry the answer."""


class ExtractError(DataError):
    """An OpenStreetMap file is truncated, empty or without a walkable way."""


class CrsError(DataError):
    """Coordinates without, or in the wrong, reference system."""


class ColumnError(DataError, KeyError):
    """A table lacks a column."""


class PeopleError(DataError):
    """People are negative, missing, or there is nowhere to put them."""


class NestingError(DataError):
    """Parts of a city do not lie in one another, or their people do not add up."""


class OffNetworkError(DataError):
    """Too many points lie too far from any street."""


class QuestionError(PlannerError, ValueError):
    """What is asked contradicts itself or the data."""


class NoPlanError(QuestionError):
    """No plan answers a question of a scenario; `page` says in Chinese and English why, and what the ways out are."""

    def __init__(self, message: str, page: str) -> None:
        super().__init__(message)
        self.page = page


class ScenarioError(PlannerError, ValueError):
    """A scenario file has faults; `faults` holds every one as `file:line:col: path: what`."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class OutputError(PlannerError, OSError):
    """A result cannot be written."""


class FetchError(PlannerError, OSError):
    """A download failed."""


class NoSolverError(PlannerError, RuntimeError):
    """No integer programming solver can be started."""


def first(culprits: Iterable[object], most: int = 5) -> str:
    """The first few of the culprits, as they stand in every message: `first: a, b, c`."""
    shown = list(culprits)
    return "first: " + ", ".join(map(str, shown[:most])) + (", …" if len(shown) > most else "")
