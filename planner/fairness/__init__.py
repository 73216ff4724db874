"""Plans that look to those worst off, and what that costs everybody together."""

from planner.fairness.beside import WAYS, Fairness, Spread, UnderWay, compare_fairness
from planner.fairness.floors import leave_no_unit_below
from planner.fairness.turns import InTurn, lift_in_turn
from planner.fairness.walks import (
    dislike_of_long_walks,
    even_walks,
    shorten_worst_walks,
    walk_as_if_even,
)
from planner.fairness.worst import Fairest, lift_worst

__all__ = [
    "WAYS",
    "Fairest",
    "Fairness",
    "InTurn",
    "Spread",
    "UnderWay",
    "compare_fairness",
    "dislike_of_long_walks",
    "even_walks",
    "leave_no_unit_below",
    "lift_in_turn",
    "lift_worst",
    "shorten_worst_walks",
    "walk_as_if_even",
]
