"""In which units a service is present: one of the two readings of full cover of subdistricts and communities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from planner.demand import Demand
from planner.errors import QuestionError
from planner.network import Flags, Integers
from planner.optimise.choice import EXACT
from planner.reach import Reach

ENOUGH = 0.5  # of the people of a unit that a site beyond its border must reach to stand for it


@dataclass(frozen=True)
class Presence:
    """The units in each of which a level should have a site, and the sites that stand for each."""

    names: NDArray[np.str_]  # (u,)
    unit: Integers  # (k,)  a site within the unit, or one that it may share
    site: Integers  # (k,)  position among the candidates
    today: Flags  # (u,)  what stands is enough already


def measure_presence(
    demand: Demand,
    to_candidates: Reach,
    site_unit: Integers,
    *,
    limit_m: float,
    standing: Reach | None = None,
    standing_unit: Integers | None = None,
    share: float | None = ENOUGH,
) -> Presence:
    """Which candidates, in units (m,) of the demand, would stand for each of its units in which people live.

    A site stands for the unit it lies in, and for every other one of whose people it has at least `share` within
    `limit_m`; with None for its own alone. The same holds for what stands.
    """
    if demand.units is None:
        raise QuestionError("This demand has no units in which anything could be present. Give it units.")
    people = demand.by_unit(demand.people[:, 0])[:-1]

    def stands_for(reach: Reach, own: Integers) -> Flags:
        """(u, m) which site stands for which unit."""
        near = reach.within(limit_m)
        where = (demand.unit_or_none[near.place], near.facility)
        reached = coo_array((demand.people[near.place, 0], where), shape=(len(people) + 1, len(own))).toarray()[:-1]
        enough = np.inf if share is None else share * people[:, None]
        stands: Flags = (own == np.arange(len(people))[:, None]) | (reached >= enough * (1 - EXACT))
        return stands

    lived_in = people > 0
    today = np.zeros(len(people), bool)
    if standing is not None:
        nowhere = np.full(len(standing.facility_ids), -1)
        today[:] = stands_for(standing, nowhere if standing_unit is None else standing_unit).any(axis=1)
    unit, site = np.nonzero(stands_for(to_candidates, site_unit)[lived_in])
    return Presence(demand.units.names[lived_in], unit, site, today[lived_in])
