"""The people of each unit who meet each standard, before and after: the ledger of communities, for spreadsheets."""

import csv
import io
from typing import Any

import numpy as np

from planner.cells import figure, plain, share
from planner.demand import Units
from planner.network import Integers
from planner.run import Run
from planner.shown import sites_inside


def sites_by_unit(run: Run, units: Units) -> Integers:
    """(u + 1,) how many chosen sites lie in each unit, and behind them in none."""
    inside = [units.holding(sites_inside(sited)) for sited in run.plans]
    found: Integers = np.bincount(
        np.concatenate([np.empty(0, np.int64), *inside]) % (len(units.ids) + 1), minlength=len(units.ids) + 1
    )
    return found


def units_text(run: Run) -> str:
    """One row a unit, people on foot before and after for each standard, then the city as a whole.

    Shares lie in [0, 1] and are empty where nobody lives. People in no unit have a row of their own. The
    total says whether the data are made up, and where each standard comes from.
    Names that a spreadsheet would compute begin with an apostrophe.
    """
    units = run.demand.units
    rows: list[list[Any]] = [["unit", "name", "people"]]
    people = run.measured[0].before.by_unit(run.demand)[0] if run.measured else np.zeros(1)
    total = "total (made-up data, no real place)" if run.synthetic else "total"
    if units is not None and run.measured:
        pairs = zip(units.ids, units.names, people[:-1], strict=True)
        rows += [[plain(unit), plain(name), figure(here)] for unit, name, here in pairs]
    rows += [["", "outside any unit", figure(people[-1])], ["", total, figure(run.demand.total)]]
    for measured in run.measured:
        on_foot = f"{measured.standard.id} on foot"
        rows[0] += [f"{on_foot} before", f"{on_foot} after", f"{on_foot} share before", f"{on_foot} share after"]
        rows[0] += [f"{on_foot} without after", f"{measured.standard.id} source"]
        before, after = (coverage.by_unit(run.demand)[1] for coverage in (measured.before, measured.after))
        for row, was, now, here in zip(rows[1:-1], before, after, people, strict=True):
            row += [figure(was), figure(now), share(was, here), share(now, here), figure(here - now), ""]
        rows[-1] += [figure(measured.before.served), figure(measured.after.served)]
        rows[-1] += [round(measured.before.share, 6), round(measured.after.share, 6)]
        rows[-1] += [figure(measured.after.total - measured.after.served), plain(measured.standard.source)]
    new = [0] if units is None else sites_by_unit(run, units).tolist()
    sites = sum(len(sited.plan.sites) for sited in run.plans)
    for row, count in zip(rows, ["new sites", *(new[: len(rows) - 3]), new[-1], sites], strict=True):
        row.append(count)
    if units is None or not (people[-1] > 0 or new[-1]):
        del rows[-2]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
