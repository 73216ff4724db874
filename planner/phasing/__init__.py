"""Which sites open in which year: one plan over several years, each with its number of sites and its money."""

from planner.phasing.plan import PhasedPlan, Phasings, Year
from planner.phasing.questions import compare_phasings, order_sites, phase_sites

__all__ = ["PhasedPlan", "Phasings", "Year", "compare_phasings", "order_sites", "phase_sites"]
