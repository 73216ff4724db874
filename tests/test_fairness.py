"""Plans that look to the worst unit first: against trying all plans."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import QuestionError
from planner.fairness import WAYS, compare_fairness, leave_no_unit_below, lift_in_turn, lift_worst
from planner.fairness.units import Levels, UnitShares, asked_of_units
from planner.optimise import models
from planner.rules import Effort, Rules
from tests.test_optimise import golden, lp
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
@settings(max_examples=50)
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


# ---------------------------------------------------------------------------------------------- in turn


def by_unit_of(demand, reach, parks):
    """What coverage says: the sorted shares of the units under a plan, and the people served."""
    ids = reach.facility_ids.tolist()
    together, old = joined(reach, parks), np.ones(len(parks.facility_ids), bool)

    def by_unit(opened):
        flags = np.concatenate([np.isin(ids, sorted(opened)), old])
        people, served = measure_coverage(together, demand, GREEN, open=flags).by_unit(demand)
        lived_in = people[:-1] > 0
        return tuple(np.sort(served[:-1][lived_in] / people[:-1][lived_in]).round(9).tolist()), served.sum()

    return by_unit


def all_plans(reach, new_sites, keep, forbid):
    return [
        set(opened)
        for size in range(new_sites + 1)
        for opened in combinations(reach.facility_ids.tolist(), size)
        if set(keep) <= set(opened) and not set(opened) & set(forbid)
    ]


#  One site; the west has it best with A, the others with B.
#
#      homes   4.......2...2     west 4; middle 2; east 2
#      sites   A.........B..
#
#  The worst unit has nothing either way, and so has one more unit under A: B comes first although A serves as many.


def test_of_two_plans_that_leave_the_worst_unit_alike_the_second_worst_decides():
    demand, reach = street("4.......2...2", "A.........B..")
    found = lift_in_turn(parted(demand, [0, 1, 2]), reach, GREEN, new_sites=1)
    assert found.plan.opened == ("B",)
    assert found.names == ("west", "middle", "east")
    assert found.shares.tolist() == [0, 1, 1]
    assert (found.proven, found.bound, found.price) == (3, 1.0, 0)
    assert str(found) == "worst units 0.0%, 100.0%, 100.0%; 3 of 3 shares proven best, for 0 people fewer in all"


@given(towns(), st.data())
@settings(max_examples=30)
def test_no_plan_has_a_lexicographically_larger_list_of_shares_or_serves_more_people_with_it(town, data):
    demand, reach, parks, new_sites, keep, forbid = town
    n = len(demand.ids)
    demand = parted(demand, data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)))
    by_unit = by_unit_of(demand, reach, parks)
    best = max(map(by_unit, all_plans(reach, new_sites, keep, forbid)))
    found = lift_in_turn(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid))
    assert by_unit(found.plan.opened) == (pytest.approx(best[0]), best[1])
    assert found.shares.tolist() == pytest.approx(list(best[0]))
    assert found.proven == len(best[0])
    assert found.plan.ending == "proven"
    fair = lift_worst(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid))
    assert found.price >= fair.price or not found.names


def test_what_the_effort_leaves_undecided_is_not_called_proven():
    demand, reach = street("9...8.......5", "A...B.......C")
    found = lift_in_turn(parted(demand, [0, 0, 2]), reach, GREEN, new_sites=2, effort=Effort(time_limit_s=1e-9))
    assert found.proven == 0
    assert found.shares[0] <= found.bound <= 1


def test_units_that_may_stay_below_a_level_are_told_in_the_programme(tmp_path):
    #  Each unit has a third of its people or more, and one of them may have less than half.
    demand, reach = street("9...8.......5", "A...B.......C")
    asked = asked_of_units(parted(demand, [0, 1, 2]), reach, GREEN, None, None, 2, Rules(), Effort())
    levels = Levels.of(UnitShares(asked, GREEN), [(1 / 3, 0), (0.5, 1)])
    problem = levels.problem(asked.choice, np.zeros(3), counted=True)
    assert lp(models.best_sites(problem), tmp_path) == golden("in_turn")


# -------------------------------------------------------------------------------------- no unit below


def test_no_unit_is_below_the_share_and_the_others_keep_the_most():
    demand, reach = street("9...8.......5", "A...B.......C")
    homes = parted(demand, [0, 0, 2])
    assert set(leave_no_unit_below(homes, reach, GREEN, 0.5, new_sites=2).opened) == {"A", "C"}
    assert set(leave_no_unit_below(homes, reach, GREEN, 0.0, new_sites=2).opened) == {"A", "B"}
    assert set(leave_no_unit_below(homes, reach, GREEN, 9 / 17, new_sites=2).opened) == {"A", "C"}


def test_a_share_that_all_cannot_have_together_is_refused_naming_the_largest_they_can():
    demand, reach = street("9...8.......5", "A...B.......C")
    homes = parted(demand, [0, 0, 2])
    with pytest.raises(QuestionError, match=r"all 2 units can have together is 52\.9%, not 60\.0%"):
        leave_no_unit_below(homes, reach, GREEN, 0.6, new_sites=2)
    with pytest.raises(QuestionError, match=r"together is 0\.0%, not 10\.0%"):
        leave_no_unit_below(homes, reach, GREEN, 0.1, new_sites=1)
    homes = parted(street("9...8.......5.........4", "A...B.......C")[0], [0, 0, 2, 1])
    reach = street("9...8.......5.........4", "A...B.......C")[1]
    with pytest.raises(QuestionError, match=r"1 of 3 units cannot have 60\.0%.*\(first: middle 0\.0%\)\. Ask for 0"):
        leave_no_unit_below(homes, reach, GREEN, 0.6, new_sites=2)
    with pytest.raises(QuestionError, match="is no share of a unit's people"):
        leave_no_unit_below(homes, reach, GREEN, 60, new_sites=2)


@given(towns(), st.data(), st.sampled_from([0.2, 0.5, 0.75, 1.0]))
@settings(max_examples=30)
def test_no_plan_that_leaves_no_unit_below_serves_more(town, data, share):
    demand, reach, parks, new_sites, keep, forbid = town
    n = len(demand.ids)
    demand = parted(demand, data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)))
    by_unit = by_unit_of(demand, reach, parks)
    worth = [by_unit(opened) for opened in all_plans(reach, new_sites, keep, forbid)]
    enough = [served for shares, served in worth if all(each >= share - 1e-9 for each in shares)]
    ask = {"new_sites": new_sites, "standing": parks, "rules": Rules(keep, forbid)}
    if enough:
        plan = leave_no_unit_below(demand, reach, GREEN, share, **ask)
        assert plan.ending == "proven"
        assert by_unit(plan.opened)[1] == max(enough)
        return
    with pytest.raises(QuestionError) as told:
        leave_no_unit_below(demand, reach, GREEN, share, **ask)
    if "together is" in str(told.value):
        largest = max(shares[0] for shares, _ in worth)
        assert f"together is {largest:.1%}" in str(told.value)


# -------------------------------------------------------------------------------------- side by side


def test_ways_are_measured_alike_and_each_has_its_price():
    demand, reach = street("9...8.......5", "A...B.......C", limit_m=1200)
    homes = parted(demand, [0, 0, 2])
    fairness = compare_fairness(homes, reach, GREEN, no_unit_below=0.5, new_sites=2)
    assert [each.way for each in fairness.plans] == list(WAYS)
    most, fair = fairness.of("most"), fairness.of("worst")
    assert (most.price, most.spread.served, most.spread.worst_share, most.spread.worst_unit) == (0, 17, 0, "east")
    assert (fair.price, fair.spread.served, fair.spread.worst_unit) == (3, 14, "west")
    assert fair.spread.worst_share == pytest.approx(9 / 17)
    assert {fairness.of(way).plan.opened for way in ("in_turn", "no_unit_below", "worst")} == {("A", "C")}
    for each in fairness.plans:
        assert each.proven == "proven"
        assert each.spread.worst_walk >= fairness.of("cvar").spread.worst_walk - 1e-9
        assert each.spread.even_walk >= fairness.of("kolm_pollak").spread.even_walk - 1e-9
        assert each.spread.worst_walk >= each.spread.even_walk - 1e-9 or each.spread.even_walk >= each.spread.mean_walk
    assert fairness.of("cvar").plan.objective == pytest.approx(fairness.of("cvar").spread.worst_walk)
    assert fairness.of("kolm_pollak").plan.objective == pytest.approx(fairness.of("kolm_pollak").spread.even_walk)
    assert fairness.before.served == 0
    assert fairness.before.mean_walk == 1200
    assert str(fairness).splitlines()[3].split()[:4] == ["worst", "14", "3", "52.9%"]


def test_a_way_that_is_unknown_or_was_not_compared_is_refused():
    demand, reach = street("9", "A")
    with pytest.raises(QuestionError, match=r"1 ways are unknown \(first: best\)"):
        compare_fairness(demand, reach, GREEN, ways=["best"], new_sites=1)
    fairness = compare_fairness(demand, reach, GREEN, ways=["cvar"], new_sites=1)
    assert (fairness.before.worst_unit, fairness.before.worst_share) == ("", 0)
    with pytest.raises(QuestionError, match="worst was not compared"):
        fairness.of("worst")
    with pytest.raises(QuestionError, match="no units"):
        compare_fairness(demand, reach, GREEN, new_sites=1)
