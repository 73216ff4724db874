"""What a planner means by a few letters: a site, a parcel, a facility or a home, by id, name or pinyin initials."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from planner.errors import QuestionError
from planner.explained.initials import initials

MOST_LISTED = 12
ALIKE = 0.5  # of two names, from which one may have been meant by the other


@dataclass(frozen=True)
class Entry:
    """Something that can be explained."""

    kind: str  # "site", "candidate", "school", "home" or "standing"
    id: str
    name: str  # "" where it has none

    @cached_property
    def initials(self) -> str:
        """Of its name."""
        return initials(self.name)

    def rank(self, wanted: str) -> int | None:
        """How well a few letters, in lower case, fit it, as on the map: 0 is best, None not at all."""
        name, id_ = self.name.lower(), self.id.lower()
        if wanted in {id_, name}:
            return 0
        fits = (name.startswith(wanted), wanted in name, self.initials.startswith(wanted), wanted in id_)
        return next((rank for rank, fit in enumerate(fits, 1) if fit), None)

    def __str__(self) -> str:
        return f"{self.id} {self.name}".rstrip()


def find(wanted: str, entries: Sequence[Entry]) -> Entry:
    """The one that is meant: the only one of this id or name, else the only one that fits at all.

    QuestionError lists those that fit where several do, and the nearest names where none does.
    """
    asked = " ".join(wanted.split()).lower()
    if not asked:
        raise QuestionError("Nothing was asked for. Give the id, the name or the pinyin initials of a site or a home.")
    same = [each for each in entries if each.id.lower() == asked]
    if len(same) == 1:
        return same[0]
    ranked = [(rank, each) for each in entries if (rank := each.rank(asked)) is not None]
    exact = [each for rank, each in ranked if rank == 0]
    fitting = exact or [each for _, each in sorted(ranked, key=lambda pair: pair[0])]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        rows = "".join(f"\n  {each} ({each.kind})" for each in fitting[:MOST_LISTED])
        more = f"\n  and {len(fitting) - MOST_LISTED:,} more" if len(fitting) > MOST_LISTED else ""
        raise QuestionError(f"{wanted!r} may be any of {len(fitting):,}. Give the id of one of them:{rows}{more}")
    raise QuestionError(
        f"{wanted!r} is the id, name or pinyin initials of none of {len(entries):,} sites, parcels, facilities and "
        f"homes. {_nearest(asked, entries)}"
    )


def _nearest(asked: str, entries: Sequence[Entry]) -> str:
    """What may have been meant."""
    words: dict[str, Entry] = {}
    for each in entries:
        for word in (each.name.lower(), each.id.lower(), each.initials):
            words.setdefault(word, each)
    words.pop("", None)
    close = get_close_matches(asked, [*words], n=5, cutoff=ALIKE)
    found = dict.fromkeys(str(words[word]) for word in close)
    return (
        f"Did you mean {', '.join(found)}?" if found else "Ids are those of the map's cards, run.json and sites.gpkg."
    )
