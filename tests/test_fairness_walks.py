"""Plans that weigh long walks more: against trying all plans, and beside the programme of the paper."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.fairness import dislike_of_long_walks, even_walks, shorten_worst_walks, walk_as_if_even
from planner.optimise import models, solver
from planner.optimise.choice import Choice, Incumbent, at_most
from planner.optimise.covering.centre import Ways
from planner.optimise.tail import shortest_tail, tail_mean
from planner.rules import Effort, Rules
from planner.siting import shorten_walks
from tests.test_optimise import golden, lp
from tests.test_siting import street, towns

#  Each character is 100 m of a street.
#
#      homes   9...9.......1     nine and nine at one end, one alone at the other
#      sites   A.B.........C
#
#  One site: B is 200 m from all but one, who walks 1,000 m; with C the one has no walk, and the others far ones.
HOMES, SITES = "9...9.......1", "A.B.........C"


def walks(demand, reach, standing, opened):
    today = np.full(len(demand.ids), reach.limit)
    if standing is not None:
        today = np.minimum(today, standing.nearest()[0])
    return np.minimum(today, reach.only(np.isin(reach.facility_ids, list(opened))).nearest()[0])


def all_plans(town):
    _, reach, _, new_sites, keep, forbid = town
    allowed = [each for each in reach.facility_ids.tolist() if each not in {*keep, *forbid}]
    for size in range(new_sites - len(keep) + 1):
        for more in combinations(allowed, size):
            yield {*keep, *more}


def test_the_worst_walks_of_a_part_of_the_people_are_counted_in_part():
    far, people = np.array([100.0, 300.0, 200.0]), np.array([5.0, 1.0, 4.0])
    assert tail_mean(far, people, 0.1) == 300
    assert tail_mean(far, people, 0.3) == pytest.approx((300 + 2 * 200) / 3)
    assert tail_mean(far, people, 1.0) == pytest.approx((500 + 300 + 800) / 10)


def test_a_walk_as_if_even_lies_between_the_mean_and_the_longest():
    far, people = np.array([0.0, 1000.0]), np.array([3.0, 1.0])
    assert walk_as_if_even(far, people, 0.0) == 250
    assert walk_as_if_even(far, people, 0.001) == pytest.approx(1000 * np.log((3 + np.e) / 4))
    assert walk_as_if_even(far, people, 10.0) == pytest.approx(1000 + np.log(0.25) / 10)
    assert walk_as_if_even(np.full(2, 700.0), people, 0.01) == pytest.approx(700)
    assert dislike_of_long_walks(far, people, 2.0) == pytest.approx(2 / 1000)


def test_one_person_far_away_weighs_more_the_more_long_walks_are_disliked():
    demand, reach = street(HOMES, SITES, limit_m=1200)
    mild = even_walks(demand, reach, aversion=0.01, new_sites=1)
    assert mild.opened == ("B",)
    assert shorten_worst_walks(demand, reach, worst=0.01, new_sites=2).opened == ("B", "C")
    assert shorten_worst_walks(demand, reach, worst=1.0, new_sites=1).opened == ("B",)
    plan = shorten_worst_walks(demand, reach, worst=1 / 19, new_sites=1)
    assert (plan.opened, plan.objective, plan.unit) == (("B",), 1000, "metres")
    assert str(plan) == "1 sites, 1,000 m, proven best (gap 0.00 %)".replace("0.00 %", "0.00%")


@given(towns(), st.sampled_from([0.2, 1.0, 4.0]))
@settings(max_examples=30)
def test_no_plan_has_walks_as_if_even_that_are_shorter(town, aversion):
    demand, reach, parks, new_sites, keep, forbid = town
    people = demand.people[:, 0]
    kappa = dislike_of_long_walks(walks(demand, reach, parks, ()), people, aversion)
    best = min(walk_as_if_even(walks(demand, reach, parks, each), people, kappa) for each in all_plans(town))
    plan = even_walks(demand, reach, aversion=aversion, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid))
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    had = walk_as_if_even(walks(demand, reach, parks, plan.opened), people, kappa)
    assert plan.objective == pytest.approx(had, abs=1e-6)


@given(towns(), st.sampled_from([0.05, 0.1, 0.3, 0.77, 1.0]))
@settings(max_examples=30)
def test_no_plan_has_shorter_worst_walks(town, worst):
    demand, reach, parks, new_sites, keep, forbid = town
    people = demand.people[:, 0]
    best = min(tail_mean(walks(demand, reach, parks, each), people, worst) for each in all_plans(town))
    plan = shorten_worst_walks(
        demand, reach, worst=worst, new_sites=new_sites, standing=parks, rules=Rules(keep, forbid)
    )
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(best)
    assert plan.bound == plan.objective
    assert {*keep} <= {*plan.opened}
    assert not {*forbid} & {*plan.opened}


@given(towns())
@settings(max_examples=15)
def test_the_worst_walks_of_everybody_are_all_walks(town):
    demand, reach, parks, new_sites, keep, forbid = town
    rules = Rules(keep, forbid)
    mean = shorten_walks(demand, reach, new_sites=new_sites, standing=parks, rules=rules).objective
    plan = shorten_worst_walks(demand, reach, worst=1.0, new_sites=new_sites, standing=parks, rules=rules)
    assert plan.objective == pytest.approx(mean / demand.total)


def ways_of(town):
    demand, reach, parks, new_sites, _, _ = town
    already = walks(demand, reach, parks, ())
    return demand.people[:, 0], Ways(reach.indptr, reach.facility.astype(np.int64), reach.distance, already), new_sites


@given(towns(), st.sampled_from([0.1, 0.4]))
@settings(max_examples=15)
def test_the_search_ends_where_the_programme_of_the_paper_does(town, share):
    people, ways, new_sites = ways_of(town)
    m = len(town[1].facility_ids)
    choice, best = Choice.of(m, limits=[at_most(new_sites, m)]), Incumbent()
    assert shortest_tail(people, ways, share, choice, best)
    programme = models.conditional_median(people, ways.indptr, ways.site, ways.distance, ways.already, share, choice)
    ending = solver.solve(programme, time_limit_s=20, gap=0.0)
    assert -best.value == pytest.approx(ending.bound, abs=1e-4)


def test_the_conditional_median_reads_as_in_the_paper(tmp_path):
    #  home 0 (3 people) is 100 m from site 0 and 250 m from site 1, home 1 (5) 200 m from site 1; 400 m without.
    indptr, site, distance = np.array([0, 2, 3]), np.array([0, 1, 1]), np.array([100.0, 250.0, 200.0])
    choice = Choice.of(2, limits=[at_most(1, 2)])
    weight, already = np.array([3.0, 5.0]), np.array([400.0, 400.0])
    programme = models.conditional_median(weight, indptr, site, distance, already, 0.25, choice)
    assert lp(programme, tmp_path) == golden("conditional_median")


def test_what_the_effort_leaves_open_keeps_a_bound():
    demand, reach = street(HOMES, SITES, limit_m=1200)
    best = shorten_worst_walks(demand, reach, worst=0.1, new_sites=1).objective
    plan = shorten_worst_walks(demand, reach, worst=0.1, new_sites=1, effort=Effort(gap=0.9))
    assert plan.bound <= best <= plan.objective


def test_shares_and_aversions_that_say_nothing_are_refused():
    demand, reach = street(HOMES, SITES, limit_m=1200)
    for worst in (0.0, 1.5, float("nan")):
        with pytest.raises(QuestionError, match="is no share of the people"):
            shorten_worst_walks(demand, reach, worst=worst, new_sites=1)
    for aversion in (0.0, -1.0, 1e6, float("nan"), float("inf")):
        with pytest.raises(QuestionError, match="Give one above 0 and at most 30"):
            even_walks(demand, reach, aversion=aversion, new_sites=1)
