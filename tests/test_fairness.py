"""Plans that look to the worst unit first: against trying all plans."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import QuestionError
from planner.fairness import lift_worst
from planner.rules import Effort, Rules
from tests.test_siting import GREEN, joined, street, towns


def parted(demand, unit):
    """The demand in as many units as are named."""
    names = np.array(["west", "middle", "east"])
    units = Units(names, names, "community", np.empty(3, object))
    return replace(demand, units=units, unit=np.asarray(unit))


#  Two sites; a character is 100 m of a street, a site serves 300 m either way.
#
#      homes   9...8.......5     west 9 and 8, east 5
#      sites   A...B.......C     A and B serve 17 and nobody in the east; A and C 14, and the east wholly
#
#  With A and C the west has 9 of 17, 52.9 %; with B and C 8 of 17. The worst unit is best off with A and C.


def test_the_worst_community_is_lifted_and_the_price_is_told():
    demand, reach = street("9...8.......5", "A...B.......C")
    fair = lift_worst(parted(demand, [0, 0, 2]), reach, GREEN, new_sites=2)
    assert set(fair.most.opened) == {"A", "B"}
    assert set(fair.plan.opened) == {"A", "C"}
    assert fair.worst_share_of_most == 0
    assert fair.worst_share == fair.worst_bound == pytest.approx(9 / 17)
    assert fair.worst == ("west",)
    assert fair.price == 17 - 14
    assert str(fair) == "worst unit 52.9% instead of 0.0% (proven best), for 3 people fewer in all"


def test_a_community_beyond_every_candidate_does_not_hold_back_the_others():
    demand, reach = street("9...8.......5.........4", "A...B.......C..........")
    fair = lift_worst(parted(demand, [0, 0, 2, 1]), reach, GREEN, new_sites=2)
    assert fair.worst_share == pytest.approx(9 / 17)
    assert fair.beyond == ("middle",)


def test_where_the_most_people_is_the_fairest_too_nothing_is_lost():
    demand, reach = street("9.......5", "A.......C")
    fair = lift_worst(parted(demand, [0, 2]), reach, GREEN, new_sites=2)
    assert fair.worst_share == fair.worst_share_of_most == 1
    assert fair.price == 0


def test_a_demand_without_units_has_no_worst_one():
    with pytest.raises(QuestionError, match="no units"):
        lift_worst(*street("9", "A"), GREEN, new_sites=1)


@given(towns(), st.data())
def test_no_plan_lifts_the_worst_unit_further_or_serves_more_people_so_lifted(town, data):
    demand, reach, parks, new_sites, keep, forbid = town
    n, ids = len(demand.ids), reach.facility_ids.tolist()
    demand = parted(demand, data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)))
    together, old = joined(reach, parks), np.ones(len(parks.facility_ids), bool)

    def by_unit(opened):
        flags = np.concatenate([np.isin(ids, sorted(opened)), old])
        people, served = measure_coverage(together, demand, GREEN, open=flags).by_unit(demand)
        lived_in = people[:-1] > 0
        return served[:-1][lived_in] / people[:-1][lived_in], served.sum()

    plans = [
        set(opened)
        for size in range(new_sites + 1)
        for opened in combinations(ids, size)
        if set(keep) <= set(opened) and not set(opened) & set(forbid)
    ]
    highest, _ = by_unit(set(ids) - set(forbid))

    def worth(opened):
        share, served = by_unit(opened)
        return round(float(np.where(share >= highest, np.inf, share).min(initial=highest.max(initial=0))), 9), served

    best = max(map(worth, plans))
    fair = lift_worst(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid))
    assert set(fair.plan.opened) in plans
    assert worth(set(fair.plan.opened)) == pytest.approx(best)
    assert fair.worst_share == pytest.approx(best[0])
    assert fair.worst_bound == pytest.approx(best[0])
    assert fair.price >= 0


def test_what_the_effort_leaves_undecided_keeps_a_bound():
    demand, reach = street("9...8.......5", "A...B.......C")
    fair = lift_worst(parted(demand, [0, 0, 2]), reach, GREEN, new_sites=2, effort=Effort(time_limit_s=1e-9))
    assert fair.worst_share <= fair.worst_bound <= 1
