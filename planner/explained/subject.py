"""What there is to explain, and the explanation of what was meant."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from planner.cells import as_written
from planner.errors import QuestionError
from planner.explained.answered import Answered
from planner.explained.finding import Entry, find
from planner.explained.home import HomeExplained, explain_home
from planner.explained.site import SiteExplained, explain_site
from planner.sources.naming import home_names


def entries(answered: Answered) -> list[Entry]:
    """Everything that has an explanation, then what stands: chosen sites, schools, candidates, homes, facilities."""
    found: dict[str, Entry] = {}
    for row in answered.table("schools.csv", "school", "name"):
        id_ = as_written(row["school"])
        found.setdefault(id_, Entry("school", id_, as_written(row["name"])))
    for kind in ("site", "candidate"):
        for plan in answered.plans:
            land = plan.candidates
            which = plan.sites.tolist() if kind == "site" else range(len(land))
            for j in which:
                found.setdefault(str(land.ids[j]), Entry(kind, str(land.ids[j]), str(land.names[j])))
    demand = answered.demand
    names = home_names(answered.city.extract, demand.ids, demand.xy, demand.crs)
    for id_, name in zip(demand.ids.tolist(), names.tolist(), strict=True):
        found.setdefault(id_, Entry("home", id_, name))
    for service in dict.fromkeys(rule.service for rule, _, _ in answered.measured):
        standing = answered.standing[service]
        for id_, name in zip(standing.ids.tolist(), standing.names.tolist(), strict=True):
            found.setdefault(id_, Entry("standing", id_, name))
    return list(found.values())


def explain(answered: Answered, wanted: str) -> SiteExplained | HomeExplained:
    """Why a site is chosen or not, or who serves a home: by id, name, or the first letters of the name's pinyin.

    QuestionError where several may be meant, where none is, and of what stands today, which no plan decides about.
    """
    entry = find(wanted, entries(answered))
    if entry.kind == "standing":
        services = [service for service, each in answered.standing.items() if np.isin(entry.id, each.ids)]
        raise QuestionError(
            f"{entry} stands today ({', '.join(services)}): no plan decides about it. "
            "Ask for a site, a parcel or a home."
        )
    if entry.kind == "home":
        return explain_home(answered, entry.id, entry.name)
    return explain_site(answered, entry.id)


def plain_data(explained: SiteExplained | HomeExplained) -> dict[str, Any]:
    """An explanation as JSON holds it; what is infinite, or of every place, is left out."""
    kind = "site" if isinstance(explained, SiteExplained) else "home"
    return {"kind": kind, **asdict(explained, dict_factory=_plain)}


def _plain(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in pairs
        if not isinstance(value, np.ndarray)
    }
