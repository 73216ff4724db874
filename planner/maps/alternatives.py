"""What stands beside each plan → what the page shows of it: titles, figures, sites exchanged, and who is covered."""

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.ledgers.alternatives import title_of
from planner.maps.what_if import numbers
from planner.network import Flags

if TYPE_CHECKING:
    from planner.run import Run


def alternatives(run: "Run", drawn: Flags) -> list[dict[str, Any]]:
    """Today, the plan and every other plan, standard by standard; places (n,) are those drawn."""
    number_of = {(sited.number, sited.standard.id): p for p, sited in enumerate(run.plans)}
    planned = {measured.standard.id: measured.after.covered for measured in run.measured}
    return [
        {
            "standard": each.standard.id,
            "kind": each.kind,
            "of": each.of,
            "title": dict(title_of(each)),
            "plan": None if each.number is None else number_of[each.number, each.standard.id],
            "people": each.people,
            "share": each.share,
            "worst": {"unit": each.worst_unit, "share": each.worst_share, "units": each.worst_units},
            "sites": each.sites,
            "cost": each.cost,
            "dropped": list(each.dropped),
            "added": list(each.added),
            "differs": _places((each.covered != planned[each.standard.id])[drawn]),
        }
        for each in run.beside
    ]


def _places(marked: Flags) -> dict[str, Any]:
    """The places that are marked, as steps from one to the next."""
    places = np.flatnonzero(marked)
    return {"count": len(places), "steps": numbers(np.diff(places, prepend=0))}
