"""What a run says in rows: tables for spreadsheets, records for run.json, and sheets for the map.

A table is text, empty where the run has nothing to say; a new one is a module here and a line below.
"""

from collections.abc import Callable, Mapping
from typing import Any

from planner.ledgers.alternatives import alternatives_records, alternatives_sheet, alternatives_text
from planner.ledgers.beyond import (
    access_text,
    beyond_records,
    deserts_text,
    detours_text,
    evenness_text,
    nearness_text,
)
from planner.ledgers.budget import budget_records, budget_sheet, budget_text
from planner.ledgers.circle import circle_record, circle_sheet, circle_text
from planner.ledgers.examined import (
    binding_sheet,
    binding_text,
    examined_records,
    examined_sheet,
    examined_text,
    frontier_sheet,
    frontier_text,
    other_plans_sheet,
    other_plans_text,
    sensitivity_sheet,
    sensitivity_text,
)
from planner.ledgers.fairness import fairness_records, fairness_sheet, fairness_text
from planner.ledgers.findings import findings_records, findings_sheet, findings_text
from planner.ledgers.levels import centres_text, level_records, levels_sheet, presence_text
from planner.ledgers.measures import measures_records, measures_sheet, measures_text
from planner.ledgers.phases import phases_records, phases_sheet, phases_text
from planner.ledgers.rule_sets import rule_set_records, rule_sets_sheet, rule_sets_text
from planner.ledgers.school_futures import feeders_sheet, futures_sheet
from planner.ledgers.schools import catchments_text, school_records, schools_text, seats_sheet, seats_text
from planner.ledgers.sheets import Sheet
from planner.ledgers.stated import stated_records, stated_sheet, stated_text
from planner.ledgers.tasks import tasks_record, tasks_sheet, tasks_text
from planner.ledgers.three_numbers import three_numbers_sheet, three_numbers_text
from planner.ledgers.tree import tree_records, tree_text
from planner.ledgers.units import units_text
from planner.ledgers.walkers import walker_records, walkers_sheet, walkers_text
from planner.run import Run

TABLES: Mapping[str, Callable[[Run], str]] = {  # in order
    "ledger.csv": units_text,
    "stated.csv": stated_text,
    "rule_sets.csv": rule_sets_text,
    "three_numbers.csv": three_numbers_text,
    "alternatives.csv": alternatives_text,
    "fairness.csv": fairness_text,
    "phases.csv": phases_text,
    "budget.csv": budget_text,
    "walkers.csv": walkers_text,
    "measures.csv": measures_text,
    "circle.csv": circle_text,
    "presence.csv": presence_text,
    "centres.csv": centres_text,
    "seats.csv": seats_text,
    "schools.csv": schools_text,
    "catchments.csv": catchments_text,
    "nearness.csv": nearness_text,
    "deserts.csv": deserts_text,
    "evenness.csv": evenness_text,
    "detours.csv": detours_text,
    "access.csv": access_text,
    "tree.csv": tree_text,
    "examined.csv": examined_text,
    "other_plans.csv": other_plans_text,
    "sensitivity.csv": sensitivity_text,
    "binding.csv": binding_text,
    "frontier.csv": frontier_text,
    "tasks.csv": tasks_text,
    "doctor.csv": findings_text,
}
RECORDS: Mapping[str, Callable[[Run], Any]] = {
    "stated": stated_records,
    "rule_sets": rule_set_records,
    "circle": circle_record,
    "levels": level_records,
    "schools": school_records,
    "alternatives": alternatives_records,
    "fairness": fairness_records,
    "phases": phases_records,
    "budget": budget_records,
    "walkers": walker_records,
    "measures": measures_records,
    "examined": examined_records,
    "tasks": tasks_record,
    "doctor": findings_records,
    "beyond": beyond_records,
    "tree": tree_records,
}
SHEETS: tuple[Callable[[Run], Sheet | None], ...] = (
    stated_sheet,
    three_numbers_sheet,
    rule_sets_sheet,
    alternatives_sheet,
    fairness_sheet,
    phases_sheet,
    budget_sheet,
    measures_sheet,
    walkers_sheet,
    circle_sheet,
    levels_sheet,
    seats_sheet,
    futures_sheet,
    feeders_sheet,
    examined_sheet,
    other_plans_sheet,
    sensitivity_sheet,
    binding_sheet,
    frontier_sheet,
    tasks_sheet,
    findings_sheet,
)
