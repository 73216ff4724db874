"""Kits of services: what a circle of so many minutes on foot is complete with, as data with document and clause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from typing import Any

from planner.errors import QuestionError
from planner.provisions import SUREST_FIRST, Provision, caution, from_memory, provision
from planner.standards import Standard, standard
from planner.walkers import Profile, flat_walkers
from planner.written import written

REQUIRED, AS_NEEDED = "▲", "△"


@dataclass(frozen=True)
class Item:
    """One service of a kit, at one level, with how near and how large it must be."""

    title: Mapping[str, str]
    level: int  # minutes: 15, 10 or 5
    standard: Standard
    required: bool  # ▲; else △, as needed: told, but no part of the complete kit
    weight: float  # in the score
    size: str = ""  # what the document asks of its floor or classes, which no map knows: told, never applied

    @property
    def service(self) -> str:
        """What it is a service of."""
        return self.standard.service

    @property
    def sign(self) -> str:
        """▲ or △, as the documents write it."""
        return REQUIRED if self.required else AS_NEEDED

    @property
    def terms(self) -> str:
        """How near and from which area, in words: `≤ 300 m, from 150 m²`."""
        rule = self.standard
        metres = f" = {rule.limit_m:,.10g} m" if rule.unit == "min" else ""
        floor = f", from {rule.min_area_m2:,.10g} m²" if rule.min_area_m2 else ""
        return f"≤ {rule.limit:,.10g} {rule.unit}{metres}{floor}"

    def paced(self, walker: Profile) -> "Item":
        """The same item for another walker, where it is in minutes."""
        return replace(self, standard=replace(self.standard, profile=walker)) if self.standard.unit == "min" else self


@dataclass(frozen=True)
class Kit:
    """The services that belong within reach of every home, by level; refused where it contradicts itself.

    Each service stands at one level. Unless the kit is `inclusive`, a place of an upper level counts at no lower one
    (GB 50180-2018, explanation to chapter 5).
    """

    id: str
    title: Mapping[str, str]
    document: str
    clause: str
    confidence: str  # about which items it has
    items: tuple[Item, ...]
    note: str = ""
    inclusive: bool = False

    def __post_init__(self) -> None:
        services = [item.service for item in self.items]
        faults = [
            f"{each} stands in it more than once" for each in sorted({s for s in services if services.count(s) > 1})
        ]
        for item in self.items:
            if not 0 < item.standard.limit_m < inf:
                faults.append(f"{item.service} has a limit of {item.standard.limit:g} {item.standard.unit}")
            if not 0 <= item.weight < inf:
                faults.append(f"{item.service} has a weight of {item.weight:g}")
        if not any(item.required for item in self.items):
            faults.append("no item of it is required (▲)")
        if not any(item.weight for item in self.items):
            faults.append("no item of it has a weight")
        if faults:
            raise QuestionError(
                f"The kit {self.id!r} cannot stand: {'; '.join(faults)}. Each service stands at one level, with a "
                "finite limit above 0 and a weight of 0 or more; one at least is required, and one has a weight."
            )

    @property
    def levels(self) -> tuple[int, ...]:
        """Minutes, the widest first."""
        return tuple(sorted({item.level for item in self.items}, reverse=True))

    @property
    def services(self) -> tuple[str, ...]:
        """The services of its items, in their order."""
        return tuple(item.service for item in self.items)

    @property
    def least_sure(self) -> str:
        """The confidence of the least sure of its parts: which items it has, and how near each must be."""
        every = (self.confidence, *(item.standard.confidence for item in self.items))
        return max(every, key=SUREST_FIRST.index)

    @property
    def source(self) -> str:
        """The document and the clause, and a caution where anything of it was written from memory."""
        clause = "" if self.clause == "-" else f", {self.clause}"
        return f"{self.document}{clause}{caution(self.least_sure)}"

    def check_first(self) -> bool:
        """Whether anything of it was written from memory and needs a check before publication."""
        return from_memory(self.least_sure)

    def at(self, levels: Iterable[int]) -> "Kit":
        """Only these levels of it; others than it has are refused."""
        wanted = set(levels)
        if missing := sorted(wanted - {*self.levels}):
            raise QuestionError(
                f"The kit {self.id!r} has no level of {', '.join(map(str, missing))} minutes. It has: "
                f"{', '.join(map(str, self.levels))}."
            )
        return replace(self, items=tuple(item for item in self.items if item.level in wanted))

    def paced(self, walker: Profile) -> "Kit":
        """For another walker, where its items are in minutes."""
        return replace(self, items=tuple(item.paced(walker) for item in self.items))

    def changed(self, own: Iterable[Item]) -> "Kit":
        """With somebody's own items: each takes the place of the item of its service, or stands behind all others."""
        new = {item.service: item for item in own}
        kept = [new.pop(item.service, item) for item in self.items]
        return replace(self, items=(*kept, *new.values()))


@cache
def kits() -> Mapping[str, Kit]:
    """The published kits, by id."""
    return {row["id"]: _kit(row) for row in written("kits.yaml")["kits"]}


def kit(id: str) -> Kit:  # noqa: A002  (the field's word)
    """One published kit; an unknown id names those there are."""
    try:
        return kits()[id]
    except KeyError:
        raise QuestionError(f"There is no kit {id!r}. There are: {', '.join(kits())}.") from None


@cache
def service_titles() -> Mapping[str, Mapping[str, str]]:
    """What each service that a kit may ask for is called, in Chinese and English."""
    titles: Mapping[str, Mapping[str, str]] = written("kits.yaml")["services"]
    return titles


def weight_of(*, required: bool) -> float:
    """What an item weighs in the score, unless somebody says otherwise."""
    return float(written("kits.yaml")["weights"][REQUIRED if required else AS_NEEDED])


def _kit(row: Mapping[str, Any]) -> Kit:
    items = [_item(each, level, row) for level, listed in row["levels"].items() for each in listed]
    about = {key: value for key, value in row.items() if key not in {"levels", "walker"}}
    return Kit(**about, items=tuple(items))


def _item(row: Mapping[str, Any], level: int, of: Mapping[str, Any]) -> Item:
    required = row["need"] == REQUIRED
    title = row.get("title", service_titles()[row["service"]])
    size = str(provision(row["size"])) if "size" in row else ""
    return Item(title, level, _standard(row, title, of), required, weight_of(required=required), size)


def _standard(row: Mapping[str, Any], title: Mapping[str, str], of: Mapping[str, Any]) -> Standard:
    """How near an item must be: a published standard, what the provision says that it names, or its own limit."""
    if "standard" in row:
        return standard(row["standard"])
    said = {key: row.get(key, of[key]) for key in ("document", "clause", "confidence")} | {"edition": ""}
    low = 0.0
    if "within" in row:
        near = provision(row["within"])
        limit, unit = _ends(near)[1], near.unit
        said = {key: getattr(near, key) for key in said}
    else:
        limit, unit = row["limit"], row["unit"]
    if "from" in row:
        floor = provision(row["from"])
        low = _ends(floor)[0]
        said["confidence"] = max(said["confidence"], floor.confidence, key=SUREST_FIRST.index)
    return Standard(
        id=f"{of['id']}.{row['service']}",
        title=title,
        service=row["service"],
        limit=limit,
        unit=unit,
        profile=flat_walkers()[of["walker"]] if unit == "min" else None,
        min_area_m2=low,
        **said,
    )


def _ends(of: Provision) -> tuple[float, float]:
    """The low and the wide end of a provision, the same where it is one number."""
    return of.value if isinstance(of.value, tuple) else (of.value, of.value)
