"""Switches → what the page needs to answer what if, as text that packs well, and how a scenario asks for its answer."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.network import Flags, Floats, Integers
from planner.walking_areas import Walks
from planner.what_if_sites import AS_ASKED, TRIED, Switches

if TYPE_CHECKING:
    from planner.run import Run

ZERO = 48  # the character that stands for 0
STEPS = 16  # that a limit is told in; the last of them says at none
DIGIT = 5  # bits of a number in one character; a sixth says that more follow
LAND = ("candidates", "min_area_m2", "max_area_m2", "cut_larger", "time_limit_s")  # what a question keeps


def what_if(run: "Run", drawn: Flags) -> dict[str, Any]:
    """What the page needs to switch the sites of each plan; places are those drawn (n,)."""
    return {
        "people": plain(run.demand.people[drawn, 0]),
        "unit_of": run.demand.unit_or_none[drawn].tolist(),
        "shares": list(TRIED),
        "as_asked": AS_ASKED,
        "plans": [_switches(switches, run, drawn) for switches in run.switches],
    }


def _switches(switches: Switches, run: "Run", drawn: Flags) -> dict[str, Any]:
    sited, put = switches.sited, switches.put
    candidate = np.repeat(np.arange(len(switches.may)), np.diff(switches.start))
    shown = drawn[switches.place] & switches.may[candidate]
    candidate, place = candidate[shown], (np.cumsum(drawn) - 1)[switches.place[shown]]
    first = np.diff(candidate, prepend=-1) != 0
    reached = switches.reached[shown].astype(np.int64)
    question = run.scenario.siting[sited.number - 1]
    return {
        "plan": [(each.number, each.standard.id) for each in run.plans].index((sited.number, sited.standard.id)),
        "limits": list(switches.limits),
        "counts": np.bincount(candidate, minlength=len(switches.may)).tolist(),
        "places": numbers(np.where(first, place, np.diff(place, prepend=0))),
        "reached": steps(np.diff(reached, prepend=0)),
        **{name: steps(getattr(switches, name)[drawn]) for name in ("today", "earlier", "others")},
        "weights": None if put.weights is None else plain(put.demand.weighed(put.weights)[drawn]),
        "may": "".join(np.where(switches.taken, "t", np.where(switches.may, "1", "0")).tolist()),
        "unit": switches.unit.tolist(),
        "cost": None if put.rules.cost is None else plain(put.rules.cost),
        "budget": put.rules.budget,
        "forbid": list(question.forbid),
        "ask": _ask(switches, run),
    }


def walks_of(walks: Walks, drawn: Flags) -> dict[str, Any]:
    """Who walks to each facility of a standard, in bands of its limit; places are those drawn (n,)."""
    facility = np.repeat(np.arange(len(walks.start) - 1), np.diff(walks.start))
    shown = drawn[walks.place]
    facility, place = facility[shown], (np.cumsum(drawn) - 1)[walks.place[shown]]
    first = np.diff(facility, prepend=-1) != 0
    return {
        "standard": walks.standard.id,
        "limits": list(walks.limits),
        "counts": np.bincount(facility, minlength=len(walks.start) - 1).tolist(),
        "places": numbers(np.where(first, place, np.diff(place, prepend=0))),
        "bands": steps(walks.band[shown].astype(np.int64)),
    }


def _ask(switches: Switches, run: "Run") -> dict[str, Any]:
    """How a variant of the scenario asks for other sites, each value as YAML reads it; the page adds which sites."""
    sited, scenario = switches.sited, run.scenario
    question = scenario.siting[sited.number - 1]
    asks = question.model_dump(mode="json", include=set(LAND), exclude_unset=True)
    part = next((each for each in getattr(question, "services", ()) if each.standard == sited.standard.id), question)
    asks |= part.model_dump(mode="json", include={"people", "cost", "budget"}, exclude_unset=True)
    overrides = [each.model_dump(mode="json", exclude_unset=True) for each in scenario.standards.overrides]
    this = [each for each in overrides if each.get("standard") == sited.standard.id]
    return {
        "question": f"siting.{sited.number - 1}",
        "changes": [change.split(" = ", 1) for change in scenario.changes],
        "asks": [[key, yaml(value)] for key, value in asks.items()],
        "overrides": [yaml(each) for each in overrides if each not in this],
        "override": this[0] if this else {"standard": sited.standard.id},
        "asked": sited.asked,
    }


def yaml(value: object) -> str:
    """A value on one line; JSON is YAML too."""
    return json.dumps(value, ensure_ascii=False)


def plain(figures: Floats) -> list[float]:
    """Figures in full, whole ones without a point."""
    return [int(figure) if figure.is_integer() else figure for figure in figures.tolist()]


def steps(changes: Integers) -> str:
    """Whole numbers modulo STEPS, a character each."""
    return bytes((changes % STEPS + ZERO).astype(np.uint8)).decode("ascii")


def numbers(values: Integers) -> str:
    """Whole numbers from 0, each in as many characters as it needs, the lowest digits first."""
    digits = np.empty((0, len(values)), np.int64)
    left = values.copy()
    while left.any() or not len(digits):
        digits = np.vstack([digits, left % 2**DIGIT])
        left //= 2**DIGIT
    more = np.cumsum(digits[::-1], axis=0)[::-1] - digits > 0  # whether any higher digit is not 0
    needed = np.vstack([np.ones(len(values), bool), more[:-1]])
    text = digits + np.where(more, 2**DIGIT, 0) + ZERO
    return bytes(text.T[needed.T].astype(np.uint8)).decode("ascii")
