"""A table as a review meeting reads it: a few columns, in both languages, with what lies behind a row."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Words = Mapping[str, str]  # by language, "zh" and "en"
Cell = str | float | Words | tuple[float, float] | None  # a pair is before and after


@dataclass(frozen=True)
class Column:
    """What a column holds: words, a share in [0, 1] or a number, either of them also as a pair before and after."""

    title: Words
    kind: Literal["words", "share", "number"] = "words"


@dataclass(frozen=True)
class Sheet:
    """A table for the eyes; the whole of it is in the ledger of this name."""

    id: str
    title: Words
    note: Words  # what to know before reading it
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]  # each as long as there are columns
    more: tuple[tuple[Words, ...], ...] = ()  # what lies behind each row; empty where nothing does
    behind: Words = field(default_factory=dict)  # what that is: "{count} sites that fall short"

    def content(self) -> dict[str, Any]:
        """As plain data for a page."""
        return asdict(self)
