"""Everything that is published in data/standards.yaml, to list and to explain: `planner standards [ID]`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from planner.errors import QuestionError
from planner.kits import Kit, kits
from planner.provisions import SURENESS, Provision, from_memory, provisions
from planner.standards import RuleSet, Standard, rule_sets, standards
from planner.walkers import Profile, profiles

Record = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One published thing: a standard, a rule-set, a walker or a provision, in one line and in all its parts."""

    id: str
    heading: str  # under which it is listed
    line: str
    record: Record  # as JSON has it
    confidence: str

    def explained(self) -> Iterator[str]:
        """Every part of it, a line each."""
        yield self.id
        for key, value in self.record.items():
            if key not in {"id", "confidence", "check_first"} and value not in ("", [], None):
                yield from _told(key.replace("_", " "), value)
        yield f"  confidence: {self.confidence}, {SURENESS[self.confidence]}"


def entries() -> dict[str, Entry]:
    """Everything published, by id: standards, rule-sets, kits, walkers, then provisions by document."""
    listed = [
        *map(_standard, standards().values()),
        *map(_rule_set, rule_sets().values()),
        *map(_kit, kits().values()),
        *map(_walker, profiles().values()),
        *map(_provision, provisions().values()),
    ]
    return {entry.id: entry for entry in listed}


def asked_for(id: str | None) -> list[Entry]:  # noqa: A002  (the field's word)
    """The entry of an id, or those below it (`park.P3` → `park.P3.bands.large.area` …); without an id, all.

    An id that is none, nor the beginning of one, is refused and told what is near it.
    """
    every = entries()
    if id is None:
        return list(every.values())
    found = [every[id]] if id in every else [entry for entry in every.values() if entry.id.startswith(f"{id}.")]
    if not found:
        near = get_close_matches(id, every, n=3) or [each for each in every if id.lower() in each.lower()][:3]
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise QuestionError(f"Nothing is published under {id!r}.{hint} `planner standards` lists all {len(every)}.")
    return found


def text(id: str | None = None) -> Iterator[str]:  # noqa: A002
    """The list, a line an entry under the heading of its document; or, of an id, everything about it."""
    heading = ""
    for entry in asked_for(id):
        if id is not None:
            yield from entry.explained()
            continue
        if entry.heading != heading:
            yield from ("", entry.heading) if heading else (entry.heading,)
            heading = entry.heading
        yield f"  {entry.id}  {entry.line}"


def as_json(id: str | None = None) -> str:  # noqa: A002
    """The same as a JSON list of records; each says in `check_first` whether it was written from memory."""
    return json.dumps([entry.record for entry in asked_for(id)], ensure_ascii=False, indent=1)


def _told(key: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield f"  {key}:"
        yield from (f"    {_inline(each)}" for each in value)
    else:
        yield f"  {key}: {_inline(value)}"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inline(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(_inline, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sure(confidence: str) -> Record:
    return {"confidence": confidence, "check_first": from_memory(confidence)}


def _standard(each: Standard) -> Entry:
    walk = f" at {each.profile.speed_m_s:g} m/s = {each.limit_m:g} m" if each.profile else ""
    record: Record = {"id": each.id, "kind": "standard", "title": dict(each.title), "service": each.service}
    record |= {"limit": each.limit, "unit": each.unit, "walker": each.profile.id if each.profile else ""}
    record |= {"limit_m": each.limit_m, "min_area_m2": each.min_area_m2, "document": each.document}
    record |= {"clause": each.clause, "edition": each.edition, **_sure(each.confidence)}
    line = f"{each.title['en']}: ≤ {each.limit:g} {each.unit}{walk} ({each.source})"
    return Entry(each.id, "Standards that a scenario may measure", line, record, each.confidence)


def _rule_set(each: RuleSet) -> Entry:
    record: Record = {"id": each.id, "kind": "rule_set", "title": dict(each.title)}
    record["tests"] = [
        {"test": test.id, "title": dict(test.title), "bands": [vars(band) for band in test.bands]}
        for test in each.tests
    ]
    record |= {"asks": [str(asked) for asked in each.asks], "document": each.document, "clause": each.clause}
    record |= {"note": each.note, **_sure(each.confidence)}
    bands = "; ".join(test.terms for test in each.tests)
    heading = "Rule-sets for parks (standards.rule_set of a scenario)"
    return Entry(each.id, heading, f"{bands} ({each.source})", record, each.confidence)


def _kit(each: Kit) -> Entry:
    record: Record = {"id": each.id, "kind": "kit", "title": dict(each.title)}
    record["items"] = [
        f"{item.level} min {item.sign} {item.title['zh']} {item.title['en']}: {item.terms} ({item.standard.source})"
        for item in each.items
    ]
    record |= {"inclusive": each.inclusive, "document": each.document, "clause": each.clause, "note": each.note}
    record |= {"confidence": each.confidence, "check_first": each.check_first()}
    levels = ", ".join(f"{sum(item.level == level for item in each.items)} at {level} min" for level in each.levels)
    line = f"{each.title['en']}: {levels} ({each.source})"
    return Entry(each.id, "Kits of services (circle of a scenario)", line, record, each.confidence)


def _walker(each: Profile) -> Entry:
    record: Record = {"id": each.id, "kind": "walker", "title": dict(each.title), "speed_m_s": each.speed_m_s}
    record |= {"slope": each.slope, "source": each.source, **_sure(each.confidence)}
    caution = f"; {SURENESS[each.confidence]}" if from_memory(each.confidence) else ""
    return Entry(each.id, "Walkers", f"{each.speed_m_s:g} m/s ({each.source}{caution})", record, each.confidence)


def _provision(each: Provision) -> Entry:
    record: Record = {"id": each.id, "kind": "provision", "what": each.what, "threshold": each.threshold}
    record |= {"op": each.op, "value": list(each.value) if isinstance(each.value, tuple) else each.value}
    record |= {"unit": each.unit, "applies_to": each.applies_to, "document": each.document, "title": each.title}
    record |= {"clause": each.clause, "edition": each.edition, "in_force": each.in_force}
    record |= {"jurisdiction": each.jurisdiction, "note": each.note, **_sure(each.confidence)}
    return Entry(each.id, f"{each.document}: {each.title}", str(each), record, each.confidence)
