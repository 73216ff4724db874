"""A run as its folder records it, with the city that it is of: read again, and let stand what it chose."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from planner import city as cities
from planner import notes
from planner.asked_schools import PutSchools, put_schools
from planner.by_walker import cover_on_foot
from planner.cells import figure
from planner.city import City
from planner.coverage import Coverage
from planner.demand import Demand
from planner.errors import DataError
from planner.facilities import Facilities
from planner.gated import walls_of
from planner.land import Land
from planner.official import residential_land
from planner.recalled import Chosen, Recalled, recall
from planner.residents import residents
from planner.run import inputs_of, versions
from planner.scenario import Scenario
from planner.sited import Siting
from planner.standards import Standard

RECORD = "run.json"
NEEDED = (
    "scenario",
    "inputs",
    "versions",
    "assumptions",
    "coverage",
    "plans",
    "together",
    "phases",
    "examined",
    "schools",
)
PLAN = frozenset({"number", "standard", "opened", "sites", "unit", "weights"})
Row = Mapping[str, str]  # of a table


@dataclass(frozen=True)
class Answered:
    """A scenario, its city, and what its run found; what the plans chose stands in `opened`."""

    scenario: Scenario
    record: Mapping[str, Any]  # run.json
    folder: Path
    city: City
    demand: Demand
    standing: Mapping[str, Facilities]  # today, by service
    opened: Mapping[str, Facilities]  # with the plans
    plans: tuple[Recalled, ...]  # in the order of the record
    measured: tuple[tuple[Standard, Coverage, Coverage], ...]  # on foot, today and with the plans
    siting: Siting = field(repr=False)

    def table(self, name: str, *columns: str) -> list[Row]:
        """The rows of one of the run's tables; none where it has no such table. DataError where columns are missing."""
        path = self.folder / name
        if not path.is_file():
            return []
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            table = csv.DictReader(file)
            if lacking := [column for column in columns if column not in (table.fieldnames or ())]:
                raise DataError(f"{path} lacks the columns {', '.join(lacking)}. Run the scenario again.")
            return list(table)

    @cached_property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """What run.json says of each of `plans`."""
        return tuple(self.record["plans"])

    @cached_property
    def residential(self) -> Land | None:
        """Residential land, for plans that serve land; None where none is known."""
        return residential_land(self.scenario, self.city, self.demand)[0]

    @cached_property
    def school_questions(self) -> tuple[PutSchools, ...]:
        """Every question of school seats as it was put, on the land that those before it left."""
        built, found = self.siting.built, list[PutSchools]()
        for asked, row in zip(self.scenario.schools, self.record["schools"], strict=True):
            put = put_schools(asked, self.scenario, self.city, self.demand, self.standing, built)
            new = [each["school"] for each in row["options"] if each["kind"] == "build"]
            sites = put.schools.facilities
            built = np.concatenate([built, sites.geometry[np.isin(sites.ids, new)]])
            found.append(put)
        return tuple(found)


def why_not(scenario: Scenario, folder: Path) -> str:
    """Why a folder holds no run of this scenario as it is now, as far as can be told without the city, or ""."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict):
        return f"{folder} holds no run"
    if lacking := [key for key in NEEDED if key not in record]:
        return f"{folder / RECORD} lacks {', '.join(lacking)}"
    if not _is_whole(record):
        return f"{folder / RECORD} is damaged"
    asked = notes.assumptions(scenario, synthetic=bool(record.get("synthetic")))
    told = [
        (record["scenario"] != scenario.scenario, f"of {record['scenario']}"),
        (tuple(record["assumptions"][: len(asked)]) != asked, "of other questions or assumptions"),
    ]
    for what, now in (("versions", versions()), ("inputs", inputs_of(scenario, None))):
        differ = sorted(name for name, value in now.items() if record[what].get(name) != value)
        told.append((bool(differ), f"of other {what} ({', '.join(differ)})"))
    return next((f"the run in {folder} is {of}" for differs, of in told if differs), "")


def read_answer(scenario: Scenario, folder: Path, progress: Callable[[str], None] = lambda _: None) -> Answered:
    """The run in a folder, with its city read again.

    DataError where it is of other data, or where the city read again does not give the numbers of the record.
    """
    if why := why_not(scenario, folder):
        raise DataError(f"{why}. Run the scenario first.")
    record = json.loads((folder / RECORD).read_text("utf-8"))
    progress("reading the city")
    place = cities.read_city(scenario)
    if differ := sorted(_differing(record["inputs"], inputs_of(scenario, place.extract))):
        raise DataError(f"The run in {folder} is of other inputs ({', '.join(differ)}). Run the scenario again.")
    progress("counting the people")
    people, _ = residents(scenario, place)
    place, demand, _ = walls_of(scenario, place, people)
    progress("finding facilities")
    standing, _ = cities.standing(scenario, place)
    siting = Siting(scenario, place, demand, None, standing)
    plans = tuple(recall(siting, [_chosen(row, record) for row in record["plans"]]))
    progress("measuring the plan")
    access_m = scenario.city.max_access_m
    measured = []
    for rule in scenario.measured():
        before, after = (
            cover_on_foot(demand, sites[rule.service], rule, max_access_m=access_m)
            for sites in (standing, siting.opened)
        )
        _check(rule, before, after, record)
        measured.append((rule, before, after))
    return Answered(
        *(scenario, record, folder, place, demand, standing, dict(siting.opened), plans, tuple(measured), siting)
    )


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether what is needed of a record is of the kind that a run writes."""
    kinds: dict[str, type] = dict.fromkeys(NEEDED, list) | {"scenario": str, "inputs": dict, "versions": dict}
    if not all(isinstance(record[name], kind) for name, kind in kinds.items()):
        return False
    rows = [row for name in ("plans", "coverage", "phases", "together", "examined", "schools") for row in record[name]]
    return all(isinstance(row, dict) for row in rows) and all(row.keys() >= PLAN for row in record["plans"])


def _differing(a: Mapping[str, str], b: Mapping[str, str]) -> set[str]:
    return {name for name in {*a, *b} if a.get(name) != b.get(name)}


def _chosen(row: Mapping[str, Any], record: Mapping[str, Any]) -> Chosen:
    years = years_of(row, record)
    closed = tuple(site for year in years for site in year["closed"])
    return Chosen(row["number"], row["standard"], tuple(row["opened"]), closed)


def years_of(row: Mapping[str, Any], record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The years of a plan as its run records them; none where it has none."""
    for phases in record["phases"]:
        if (phases["number"], phases["standard"]) == (row["number"], row["standard"]):
            return list(phases["ways"][phases["plan"]]["years"])
    return []


def _check(rule: Standard, before: Coverage, after: Coverage, record: Mapping[str, Any]) -> None:
    """Refuse a city in which more or fewer people meet a standard than its run found."""
    (row,) = (each for each in record["coverage"] if (each["standard"], each["metric"]) == (rule.id, "walk"))
    found, told = [figure(before.served), figure(after.served)], [row["before"], row["after"]]
    if found != told:
        raise DataError(
            f"{rule.id}: the city read again serves {found[0]:,} → {found[1]:,} people, and the recorded run says "
            f"{told[0]:,} → {told[1]:,}. Run the scenario again."
        )
