"""What opening gates of walled compounds would bring: who is newly covered, and how many metres people save.

A gate for residents lets out who lives in its compound and changes nobody else's walk. Its gain is therefore exact
without measuring the city again: who lives at i then walks min(today, inside to the gate + from the gate on), and with
several gates the least over all of them. One search to the gates and one from them tell the two parts for all at once.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from planner.demand import Demand
from planner.errors import QuestionError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers
from planner.reach import measure_nearest, measure_reach
from planner.walled import Walled


@dataclass(frozen=True)
class GateGains:
    """How far everybody walks to the nearest facility today, and would through each gate that could be opened."""

    gates: Integers  # (k,)  positions among the gates of the compounds
    today_m: Floats  # (n,)  inf where nothing is in reach
    place: Integers  # (p,)  pairs of a place and a gate by which it reaches a facility
    gate: Integers  # (p,)  one of `gates`
    metres: Floats  # (p,)  of that walk
    people: Floats  # (n,)

    def walks(self, *opened: int) -> Floats:
        """(n,) metres to the nearest facility with some gates opened as well."""
        now, through = self.today_m.copy(), np.isin(self.gate, opened)
        np.minimum.at(now, self.place[through], self.metres[through])
        return now

    def newly_covered(self, limit_m: float, *opened: int) -> float:
        """People within the limit with these gates opened who are beyond it today."""
        return float(self.people[(self.walks(*opened) <= limit_m) & (self.today_m > limit_m)].sum())

    def people_saving(self, least_m: float, *opened: int) -> float:
        """People who walk at least so many metres less; those who reach nothing today save none."""
        known = np.isfinite(self.today_m)
        saved_m = self.today_m[known] - self.walks(*opened)[known]
        return float(self.people[known][saved_m >= least_m].sum())

    def best(self, limit_m: float, most: int) -> tuple[int, ...]:
        """At most so many gates, each time the one that covers most people more; greedily, so without a bound."""
        opened: tuple[int, ...] = ()
        for _ in range(most):
            gains = [self.newly_covered(limit_m, *opened, gate) for gate in self.gates.tolist()]
            if not gains or max(gains) <= self.newly_covered(limit_m, *opened):
                break
            opened = (*opened, int(self.gates[int(np.argmax(gains))]))
        return opened


def gains_of_gates(walled: Walled, demand: Demand, facilities: Facilities, *, limit_m: float) -> GateGains:
    """The gain of each gate that is not open, see `Compounds.with_gates`; walks are measured up to `limit_m`.

    `demand` must have the doors of `walled`, `facilities` those of `walled.entered`. Public gates are refused: they
    shorten the walks of passers-by too, for which the walls must be built anew (`Compounds.opened`, `wall_in`).
    """
    compounds = walled.compounds
    ways = np.flatnonzero(~compounds.gate_open[walled.way_gate])
    of_way = walled.way_gate[ways]
    if compounds.gate_public[of_way].any():
        culprits = first(compounds.ids[compounds.gate_compound[of_way[compounds.gate_public[of_way]]]])
        raise QuestionError(f"Public gates ({culprits}) change everybody's walks. Open them and measure again.")
    inner, outer = walled.inner.kept(ways), walled.outer.kept(ways)
    ids = np.arange(len(ways)).astype(np.str_)
    today_m = measure_nearest(demand, facilities, limit_m=limit_m).nearest()[0]
    people = demand.people[:, 0]
    if not len(ways):
        nothing = np.empty(0, np.int64)
        return GateGains(nothing, today_m, nothing, nothing, np.empty(0), people)
    xy = compounds.gate_xy[of_way]
    leavers = Demand(ids, xy, np.ones((len(ways), 1)), compounds.crs, door=outer)
    onward_m = measure_nearest(leavers, facilities, limit_m=limit_m).nearest()[0]
    sites = Facilities(
        ids=ids,
        names=np.full(len(ways), "", np.str_),
        service="gate",
        status="candidate",
        geometry=shapely.points(xy),
        area_m2=np.zeros(len(ways)),
        gate_xy=xy,
        gate_facility=np.arange(len(ways)),
        gate_origin=compounds.gate_origin[of_way],
        crs=compounds.crs,
        door=inner,
    )
    inside = measure_reach(demand, sites, limit_m=limit_m)
    way = inside.facility.astype(np.int64)
    metres = inside.distance_m + onward_m[way]
    near = metres <= limit_m
    return GateGains(
        np.unique(of_way), today_m, inside.place[near].astype(np.int64), of_way[way[near]], metres[near], people
    )
