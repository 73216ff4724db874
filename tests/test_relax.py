"""Why a question has no plan, and the ways out: against trying all plans."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.reach import measure_straight
from planner.relax import ways_out
from planner.rules import Effort, Floor, Quota, Rules
from planner.siting import cover_most_people
from tests.test_fairness import parted
from tests.test_siting import GREEN, living_at, sites_at, street

STEP = 1e-4  # of shares

#  A character is 100 m of a street, a site serves 300 m either way.
#
#      homes   9.......5.....4      everybody is 18
#      sites   A.......C......      A serves 9, C 5; the 4 are 600 m from C


def test_people_whom_no_candidate_reaches_are_named_with_the_nearest_one_and_the_norm_that_would_reach_them():
    demand, reach = street("9.......5.....4", "A.......C......", limit_m=1000)
    why = ways_out(parted(demand, [0, 0, 2]), reach, GREEN, share=1.0)
    assert why.conflict == ("a share of 100.00% of all people",)
    (lost,) = why.unreached
    assert (lost.unit, lost.people, lost.places, lost.nearest, lost.nearest_away) == ("east", 4, 1, "C", 600)
    assert (why.most, why.total) == (14, 18)
    assert [str(way) for way in why.ways] == [
        "accept 77.77% instead of 100.00% of all people",
        "raise the norm from 300 to 600 m",
    ]
    assert "Either raise the norm from 300 to 600 m." in str(why)


def test_a_further_candidate_is_proposed_in_the_unit_whose_people_lack_one():
    demand, reach = street("9.......5.....4", "A.......C......")
    homes = sites_at(demand.xy[[2]], ["home 2"])
    ground = measure_straight(demand, homes, limit_m=300)
    why = ways_out(parted(demand, [0, 0, 2]), reach, GREEN, share=1.0, new_sites=3, ground=ground)
    further = next(way for way in why.ways if way.kind == "candidates")
    assert str(further) == "add 1 candidates in east"
    assert further.sites == ("home 2",)


def test_too_few_sites_for_a_floor_in_every_unit_may_be_more_or_the_floors_lower():
    demand, reach = street("9.......5.......4", "A.......C.......E")
    demand = parted(demand, [0, 1, 2])
    floors = [Floor(name, demand.unit == u, 0.5) for u, name in enumerate(("west", "middle", "east"))]
    why = ways_out(demand, reach, GREEN, new_sites=2, rules=Rules(floors=floors))
    assert why.conflict[0] == "at most 2 new sites"
    assert len(why.conflict) == 4
    assert {str(way) for way in why.ways} == {
        "allow 3 new sites instead of 2",
        "accept 0.00% instead of 50.00% in west",
        "accept 0.00% instead of 50.00% in middle",
        "accept 0.00% instead of 50.00% in east",
        "accept 0.00% instead of 50.00% in every place with a floor",
    }
    assert why.ways[0].kind == "new_sites"


def test_kept_sites_dearer_than_the_budget_cost_more_or_are_fewer():
    demand, reach = street("9.......5", "A.......C")
    rules = Rules(must_keep=["A", "C"], cost=np.array([3.0, 4.5]), budget=5.0)
    with pytest.raises(QuestionError, match="cost"):
        cover_most_people(demand, reach, GREEN, new_sites=2, rules=rules)
    why = ways_out(demand, reach, GREEN, new_sites=2, rules=rules)
    assert why.conflict == ("2 sites in must_keep (first: A, C)", "the budget of 5")
    assert [str(way) for way in why.ways] == [
        "raise the budget from 5 to 7.5",
        "take 1 of 2 out of must_keep (first: C)",
    ]


def test_where_no_single_way_is_enough_two_are_named_that_are_enough_together():
    demand, reach = street("9.......5.......4", "A.......C.......E")
    pair = [Quota("outside", ["E"], at_least=1)]
    rules = Rules(must_keep=["A", "C"], forbid=["E"], quotas=pair, cost=np.array([3.0, 4.5, 1.0]), budget=5.0)
    why = ways_out(demand, reach, GREEN, new_sites=3, rules=rules)
    assert why.ways == ()
    assert {str(way) for way in why.pair} == {
        "take 1 of 1 out of forbid (first: E)",
        "take 1 of 2 out of must_keep (first: C)",
    }
    assert "No single way is enough; together: take 1" in str(why)


def test_a_question_that_has_a_plan_needs_no_way_out():
    demand, reach = street("9", "A")
    with pytest.raises(QuestionError, match="has a plan"):
        ways_out(demand, reach, GREEN, share=1.0, new_sites=1)


def test_ids_that_are_no_candidates_are_refused_before_anything_is_loosened():
    demand, reach = street("9", "A")
    with pytest.raises(QuestionError, match="no candidates"):
        ways_out(demand, reach, GREEN, new_sites=1, rules=Rules(must_keep=["Z"]))


@dataclass(frozen=True)
class Wish:
    """What a small town asks for."""

    demand: object
    reach: object  # measured to 1000 m
    rules: Rules
    new_sites: int
    share: float
    limit: float = 300.0

    def has_a_plan(self):
        ids, rules = self.reach.facility_ids.tolist(), self.rules
        people, total = self.demand.people[:, 0], self.demand.total
        near = np.zeros((len(people), len(ids)), bool)
        within = self.reach.within(self.limit)
        near[within.place, within.facility] = True
        for size in range(min(self.new_sites, len(ids)) + 1):
            for sites in combinations(range(len(ids)), size):
                names = {ids[j] for j in sites}
                apart = any({a, b} <= set(sites) for a, b in rules.apart)
                if not set(rules.must_keep) <= names or names & set(rules.forbid) or apart:
                    continue
                if rules.cost[list(sites)].sum() > rules.budget + 1e-6:
                    continue
                counts = [(len(names & set(quota.sites)), quota) for quota in rules.quotas]
                if any(not q.at_least <= c <= (99 if q.at_most is None else q.at_most) for c, q in counts):
                    continue
                served = near[:, list(sites)].any(axis=1)
                if people[served].sum() < self.share * total - 1e-6:
                    continue
                floors = [(f.share * people[f.places].sum(), people[served & f.places].sum()) for f in rules.floors]
                if all(there >= least - 1e-6 for least, there in floors):
                    return True
        return False

    def under(self, **changed):
        return replace(self, rules=replace(self.rules, **changed))

    def floors_at(self, share, name=None):
        return self.under(
            floors=[replace(f, share=min(f.share, share)) if name in {None, f.name} else f for f in self.rules.floors]
        )

    def quota_of(self, **changed):
        return self.under(quotas=[replace(self.rules.quotas[0], **changed)])

    def loosened(self, way, *, less=0):  # noqa: PLR0911  (one for each kind)
        """The wish with a way out taken, or with one that is shorter by a step or more."""
        rules = self.rules
        if way.kind == "norm":
            return replace(self, limit=way.enough - less)
        if way.kind == "new_sites":
            return replace(self, new_sites=int(way.enough) - less)
        if way.kind == "budget":
            return self.under(budget=way.enough - 1e-3 * less)
        if way.kind == "share":
            return replace(self, share=way.enough + STEP * less)
        if way.kind in {"floor", "floors"}:
            return self.floors_at(way.enough + STEP * less, way.name or None)
        if way.kind == "at_least":
            return self.quota_of(at_least=int(way.enough) + less)
        if way.kind == "at_most":
            return self.quota_of(at_most=int(way.enough) - less)
        left = way.sites[: len(way.sites) - less]
        if way.kind == "apart":
            ids = self.reach.facility_ids
            return self.under(apart=np.array([p for p in rules.apart if f"{ids[p[0]]} and {ids[p[1]]}" not in left]))
        return self.under(**{way.kind: [site for site in getattr(rules, way.kind) if site not in left]})

    def without(self, kind):
        """The wish with all of a kind given up, for each that there is."""
        return {
            "norm": lambda: [replace(self, limit=1000.0)],
            "new_sites": lambda: [replace(self, new_sites=99)],
            "budget": lambda: [self.under(budget=1e9)],
            "share": lambda: [replace(self, share=0.0)],
            "floor": lambda: [self.floors_at(0.0, f.name) for f in self.rules.floors],
            "floors": lambda: [self.floors_at(0.0)],
            "at_least": lambda: [self.quota_of(at_least=0)],
            "at_most": lambda: [self.quota_of(at_most=None)],
            "must_keep": lambda: [self.under(must_keep=())],
            "forbid": lambda: [self.under(forbid=())],
            "apart": lambda: [self.under(apart=np.empty((0, 2), int))],
        }[kind]()


@st.composite
def wishes(draw):
    """Up to 7 homes and 5 candidates on a lattice of 1 km, with wishes that are often too many."""
    corners = st.tuples(st.integers(0, 8), st.integers(0, 4))
    homes = draw(st.lists(corners, min_size=2, max_size=7))
    at = draw(st.lists(corners, min_size=2, max_size=5))
    people = draw(st.lists(st.integers(1, 9), min_size=len(homes), max_size=len(homes)))
    ids = [f"site {j}" for j in range(len(at))]
    demand = living_at(100.0 * np.array(homes, float), list(map(float, people)))
    demand = parted(demand, [i % 2 for i in range(len(homes))])
    reach = measure_straight(demand, sites_at(100.0 * np.array(at, float), ids), limit_m=1000)
    some = st.lists(st.sampled_from(ids), unique=True, max_size=2)
    keep = draw(some)
    shares = st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0])
    least = draw(st.integers(0, 2))
    rules = Rules(
        must_keep=keep,
        forbid=[site for site in draw(some) if site not in keep],
        cost=np.array(draw(st.lists(st.sampled_from([1.0, 2.0, 2.5, 4.0]), min_size=len(at), max_size=len(at)))),
        budget=draw(st.sampled_from([2.0, 5.0, 9.0])),
        quotas=[Quota("west side", draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)), least, least + 1)],
        floors=[Floor(name, demand.unit == u, draw(shares)) for u, name in enumerate(("west", "middle"))],
        apart=np.array(draw(st.sampled_from([[], [(0, 1)]])), int).reshape(-1, 2),
    )
    return Wish(demand, reach, rules, draw(st.integers(0, 3)), draw(shares))


def asked(wish):
    return ways_out(
        wish.demand,
        wish.reach,
        GREEN,
        new_sites=wish.new_sites,
        share=wish.share,
        rules=wish.rules,
        effort=Effort(20.0),
    )


@given(wishes())
@settings(max_examples=80, deadline=None)
def test_every_way_out_is_enough_and_any_shorter_one_is_not_and_none_is_missed(wish):
    if wish.has_a_plan():
        with pytest.raises(QuestionError, match="has a plan"):
            asked(wish)
        return
    why = asked(wish)
    assert why.conflict
    for way in why.ways:
        assert wish.loosened(way).has_a_plan(), way
        if way.enough != way.asked and way.kind != "apart":
            assert way.proven, way
            assert not wish.loosened(way, less=1).has_a_plan(), way
    taken = {way.kind for way in why.ways}
    for kind in ("norm", "new_sites", "budget", "share", "floor", "floors", "must_keep", "forbid", "apart"):
        helps = any(other.has_a_plan() for other in wish.without(kind))
        assert (kind in taken) == helps, kind
    for kind in ("at_least", "at_most"):
        if any(other.has_a_plan() for other in wish.without(kind)):
            assert kind in taken, kind
    if why.pair:
        assert not why.ways
        assert wish.loosened(why.pair[0]).loosened(why.pair[1]).has_a_plan()
