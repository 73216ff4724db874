"""Reach: who walks how far to what. The only door to the compiled kernels."""

from planner.reach.columns import Columns, Reach
from planner.reach.looking import Streets, Walk, streets_within, walk_path
from planner.reach.measure import measure_reach, measure_straight
from planner.reach.nearest import Nearest, measure_nearest
from planner.reach.pace import closed_streets
from planner.reach.sums import sum_around
from planner.reach.what_if import WhatIf

__all__ = [
    "Columns",
    "Nearest",
    "Reach",
    "Streets",
    "Walk",
    "WhatIf",
    "closed_streets",
    "measure_nearest",
    "measure_reach",
    "measure_straight",
    "streets_within",
    "sum_around",
    "walk_path",
]
