"""Why a site is chosen or not, and who serves a home by which path: the numbers of a run, as data and in words."""

from planner.explained.answered import Answered, read_answer, why_not
from planner.explained.finding import Entry, find
from planner.explained.home import HomeExplained, explain_home
from planner.explained.site import SiteExplained, explain_site
from planner.explained.subject import entries, explain, plain_data
from planner.explained.words import sentences

__all__ = [
    "Answered",
    "Entry",
    "HomeExplained",
    "SiteExplained",
    "entries",
    "explain",
    "explain_home",
    "explain_site",
    "find",
    "plain_data",
    "read_answer",
    "sentences",
    "why_not",
]
