"""Several services on one list of parcels: against trying all plans, in both readings of full cover."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import QuestionError
from planner.presence import Presence, measure_presence
from planner.rules import Quota, Rules
from planner.services import Service, ServicesPlan, Together, site_services
from planner.siting import cover_most_people
from planner.standards import standard
from tests.test_siting import GREEN, joined, street, towns

FAR = replace(standard("park-500"), min_area_m2=0.0)

#  Each character is 100 m of a street. A station serves 300 m either way; a centre serves 500 m as a centre, and as a
#  station too.
#
#      homes   9....1......4...5
#      sites   .a.......b.....c.
#
#  One centre and one station: a as the centre serves 9 at both levels and, 400 m away, 1 as a centre only; c as a
#  station serves 5.  As the centre, c would serve 5 + 5, and 4 at 300 m at both levels.

HOMES, SITES = "9....1......4...5", ".a.......b.....c."


def levels(reach, stations: int = 1, centres: int = 1, **more: object) -> list[Service]:
    """A station, and a centre that serves as a station too."""
    return [
        Service("station", GREEN, reach, stations, **more),
        Service("centre", FAR, reach, centres, serves=("station",), **more),
    ]


def at(plan: ServicesPlan) -> dict[str, str]:
    return {site: " with ".join(has) for site, has in zip(plan.opened, plan.becomes, strict=True)}


def test_a_centre_serves_as_a_station_too():
    demand, reach = street(HOMES, SITES, limit_m=500)
    plan = site_services(demand, levels(reach))
    #  a centre, c station: stations reach 9 (a) + 4 + 5 (c), centres 9 + 1.  c centre, a station: stations 18,
    #  centres 4 + 5.  The first is better by one.
    assert at(plan) == {"a": "centre", "c": "station"}
    assert plan.objective == plan.bound == 18 + 10
    assert plan.ending == "proven"
    assert [(served.service, served.people_after) for served in plan.by_service] == [("station", 18), ("centre", 10)]
    assert str(plan) == "1 station, 1 centre: +28 people, proven best (gap 0.00%)"
    stations, centres = plan.parts
    #  Nine of those whom a station reaches have it from the centre.
    assert (stations.opened, stations.objective, stations.served.tolist()) == (("c",), 18, [9])
    assert (centres.opened, centres.objective, centres.served.tolist()) == (("a",), 10, [10])
    assert [part.gained.tolist() for part in plan.parts] == [[True, False, True, True], [True, True, False, False]]


def test_what_stands_at_a_higher_level_serves_the_lower_one():
    demand, reach = street(HOMES, SITES, limit_m=500)
    _, standing = street(HOMES, "a................", limit_m=500)
    plan = site_services(
        demand,
        [Service("station", GREEN, reach, 1), Service("centre", FAR, reach, 0, ("station",), standing=standing)],
    )
    assert at(plan) == {"c": "station"}
    assert plan.by_service[0].people_before == 9
    assert plan.objective == 9


def test_a_site_too_small_for_a_level_is_none_of_it():
    demand, reach = street(HOMES, SITES, limit_m=500)
    small = np.array([False, True, True])
    plan = site_services(
        demand, [Service("station", GREEN, reach, 1), Service("centre", FAR, reach, 1, ("station",), holds=small)]
    )
    assert at(plan)["a"] == "station"


def in_thirds(demand, reach):
    """The street in three communities: west (9, 1), middle (4), east (5); a lies in the west, b in the middle."""
    units = Units(np.array(["w", "m", "e"]), np.array(["west", "middle", "east"]), "community", np.empty(3, object))
    return replace(demand, units=units, unit=np.array([0, 0, 1, 2])), np.array([0, 1, 2])


def test_full_cover_has_two_readings_and_each_may_come_first():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    own = measure_presence(demand, reach, unit, limit_m=300, share=None)
    one = [Service("station", GREEN, reach, 2, presence=own)]
    plan = site_services(demand, one)
    assert set(plan.opened) == {"a", "c"}  # 9 + 4 + 5 people; c alone reaches the middle
    assert plan.objective == 18
    assert plan.by_service[0].missing == ("middle",)
    assert (plan.present, plan.most_present) == (2, 2)
    three = [Service("station", GREEN, reach, 3, presence=own)]
    assert site_services(demand, three).by_service[0].missing == ()
    #  Two stations anywhere make two communities present; among these pairs a and c serve the most people.
    assert set(site_services(demand, one, before="presence").opened) == {"a", "c"}


def test_a_community_may_share_the_station_of_a_neighbour_within_reach():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    shared = measure_presence(demand, reach, unit, limit_m=300)  # c has all of the middle's people within 300 m
    pairs = set(zip(shared.names[shared.unit].tolist(), reach.facility_ids[shared.site].tolist(), strict=True))
    assert ("middle", "c") in pairs
    plan = site_services(demand, [Service("station", GREEN, reach, 2, presence=shared)])
    assert plan.by_service[0].missing == ()
    assert plan.present == 3


def test_presence_that_stands_already_is_not_gained():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    _, standing = street(HOMES, "........x........", limit_m=500)
    own = measure_presence(demand, reach, unit, limit_m=300, share=None, standing=standing, standing_unit=np.array([1]))
    assert own.today.tolist() == [False, True, False]
    plan = site_services(demand, [Service("station", GREEN, reach, 2, standing=standing, presence=own)])
    assert plan.by_service[0].present_before == 1
    assert plan.by_service[0].missing == ()


def test_a_parcel_becomes_one_thing_unless_services_may_share_it():
    #  b reaches 4 and 5 with a station, and is the only parcel that holds a kindergarten, which serves 300 m too.
    demand, reach = street("......4......", "......b......", limit_m=500)
    both = [Service("station", GREEN, reach, 1), Service("school", GREEN, reach, 1, weight=2.0)]
    alone = site_services(demand, both)
    assert at(alone) == {"b": "school"}
    assert alone.objective == 8
    shared = site_services(demand, both, together=[Together(("station", "school"))])
    assert at(shared) == {"b": "station with school"}
    assert shared.objective == 4 + 8
    assert shared.sites_of("station") == shared.sites_of("school") == ("b",)


def test_one_budget_buys_what_serves_most_for_it():
    demand, reach = street(HOMES, SITES, limit_m=500)
    cost = np.array([6.0, 1.0, 3.0])
    parks = Service("park", GREEN, reach, cost=cost)
    halls = Service("hall", FAR, reach, cost=2 * cost, weight=0.5)
    #  For 9: a as a park 9 people for 6, c as a park 9 people for 3; a hall of c 9 · 0.5 for 6.
    plan = site_services(demand, [parks, halls], budget=9.0)
    assert at(plan) == {"a": "park", "c": "park"}
    assert (plan.objective, plan.cost) == (18, 9)


def test_sharing_a_parcel_may_be_cheaper_than_building_twice():
    demand, reach = street("......4......", "......b......", limit_m=500)
    both = [Service(name, GREEN, reach, cost=np.array([3.0])) for name in ("station", "school")]
    assert site_services(demand, both, budget=5.0, together=[Together(("station", "school"))]).objective == 4
    saving = Together(("station", "school"), cost=np.array([5.0]))
    plan = site_services(demand, both, budget=5.0, together=[saving])
    assert (plan.objective, plan.cost) == (8, 5)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"services": []}, "No service is given"),
        ({"twice": True}, "2 services are given more than once"),
        ({"stations": -1}, "Give 0 or more of both"),
        ({"stations": None}, "neither a number nor a budget"),
        ({"holds": np.ones(2, bool)}, "`holds` has 2 entries for 3 candidates"),
        ({"cost": np.full(3, -1.0)}, "costs are negative or missing"),
        ({"rules": Rules(cost=np.ones(3), budget=2.0)}, "The services carry the costs"),
        ({"rules": Rules(must_keep=["z"])}, "1 ids in must_keep are no candidates"),
        ({"budget": 3.0}, "2 services have no cost"),
        ({"together": [Together(("station", "zoo"))]}, "1 services are none of those asked for"),
        ({"weights": {"old": 1.0}}, "station: 1 weights are of no group"),
    ],
)
def test_what_contradicts_itself_is_refused(more, words):
    demand, reach = street(HOMES, SITES, limit_m=500)
    asked = {key: more.pop(key) for key in ("rules", "budget", "together") if key in more}
    twice = 2 if more.pop("twice", False) else 1
    services = more.pop("services", None)
    with pytest.raises(QuestionError, match=words):
        site_services(demand, levels(reach, **more) * twice if services is None else services, **asked)


def test_a_reach_too_short_for_a_service_is_refused():
    demand, reach = street(HOMES, SITES, limit_m=300)
    with pytest.raises(QuestionError, match="centre: The reach to the candidates was measured up to 300 m"):
        site_services(demand, levels(reach))


def test_services_to_other_candidates_are_refused():
    demand, reach = street(HOMES, SITES, limit_m=500)
    _, other = street(HOMES, "a...............z", limit_m=500)
    with pytest.raises(QuestionError, match="hall: its reach is to other candidates"):
        site_services(demand, [Service("park", GREEN, reach, 1), Service("hall", FAR, other, 1)])


def test_rules_that_contradict_each_other_are_named():
    demand, reach = street(HOMES, SITES, limit_m=500)
    with pytest.raises(QuestionError, match="a is opened") as error:
        site_services(demand, levels(reach, 0, 0), rules=Rules(must_keep=["a"]))
    assert "at most 0 sites of centre" in str(error.value)


OPTIONS = ((), ("station",), ("centre",), ("park",), ("station", "park"))


@st.composite
def programmes(draw: st.DrawFn):
    """A town of at most three candidates, three services, units in which two should be present, numbers or money."""
    demand, reach, parks, _, keep, forbid = draw(towns().filter(lambda town: len(town[1].facility_ids) <= 3))
    m = len(reach.facility_ids)
    paid = draw(st.booleans())
    services = []
    for name, rule in (("station", GREEN), ("centre", FAR), ("park", GREEN)):
        where = None
        if name != "park" and draw(st.booleans()):
            pairs = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, m - 1)), unique=True, max_size=5))
            unit, site = np.array(pairs, np.int64).reshape(-1, 2).T
            today = np.array(draw(st.lists(st.booleans(), min_size=3, max_size=3)))
            where = Presence(np.array(["u", "v", "w"]), unit, site, today)
        services.append(
            Service(
                name,
                rule,
                reach,
                draw(st.integers(0, 2)),
                serves=("station",) if name == "centre" else (),
                standing=parks if rule is GREEN and draw(st.booleans()) else None,
                holds=np.array(draw(st.lists(st.booleans(), min_size=m, max_size=m))),
                weight=draw(st.integers(1, 2)),
                cost=np.array(draw(st.lists(st.integers(0, 4), min_size=m, max_size=m)), float) if paid else None,
                presence=where,
            )
        )
    ids = reach.facility_ids.tolist()
    quotas = [Quota("some", ids[:2], draw(st.integers(0, 1)), 2)] if draw(st.booleans()) else []
    asked = {
        "rules": Rules(keep[:1], forbid, quotas=quotas),
        "before": draw(st.sampled_from(["people", "presence"])),
        "budget": float(draw(st.integers(0, 8))) if paid else None,
        "together": [Together(("station", "park"))] if draw(st.booleans()) else [],
    }
    return demand, reach, parks, services, asked


def every_plan(reach, services, asked):
    """For each candidate what it becomes: all that keep the rules."""
    ids, rules = reach.facility_ids.tolist(), asked["rules"]
    of = {service.name: service for service in services}
    for plan in product(OPTIONS if asked["together"] else OPTIONS[:4], repeat=len(ids)):
        opened = {ids[j] for j, has in enumerate(plan) if has}
        built = [(of[name], j) for j, has in enumerate(plan) for name in has]
        if not set(rules.must_keep) <= opened or opened & set(rules.forbid):
            continue
        if any(sum(each is service for each, _ in built) > service.new_sites for service in services):
            continue
        if not all(service.holds[j] for service, j in built):
            continue
        if asked["budget"] is not None and sum(service.cost[j] for service, j in built) > asked["budget"]:
            continue
        if all(quota.at_least <= len(opened & set(quota.sites)) <= quota.at_most for quota in rules.quotas):
            yield plan


def worth(demand, reach, parks, services, plan):
    """People by weight, as coverage counts them, and units newly present."""
    people = units = 0.0
    for service in services:
        names = {each.name for each in services if service.name in (each.name, *each.serves)}
        serves = np.array([bool(names & set(has)) for has in plan])
        stands = any(each.standing is not None for each in services if each.name in names)
        near = reach.within(service.standard.limit_m)
        together = joined(reach, parks).within(service.standard.limit_m) if stands else near
        old = np.ones(len(parks.facility_ids) if stands else 0, bool)
        before = measure_coverage(together, demand, service.standard, open=np.concatenate([serves & False, old]))
        after = measure_coverage(together, demand, service.standard, open=np.concatenate([serves, old]))
        people += service.weight * (after.served - before.served)
        if (where := service.presence) is not None:
            units += len(set(where.unit[serves[where.site]].tolist()) - set(np.flatnonzero(where.today).tolist()))
    return people, units


@given(programmes())
def test_no_other_plan_is_better_in_the_reading_that_comes_first_or_then_in_the_other(programme):
    demand, reach, parks, services, asked = programme
    plans = list(every_plan(reach, services, asked))
    if not plans:
        with pytest.raises(QuestionError):
            site_services(demand, services, **asked)
        return
    found = site_services(demand, services, **asked)
    of = dict(zip(found.sites.tolist(), found.becomes, strict=True))
    mine = tuple(of.get(j, ()) for j in range(len(reach.facility_ids)))
    assert mine in plans
    people, units = worth(demand, reach, parks, services, mine)
    order = (lambda pair: pair) if asked["before"] == "people" else (lambda pair: pair[::-1])
    best = max((worth(demand, reach, parks, services, plan) for plan in plans), key=order)
    assert (people, units) == pytest.approx(best)
    assert found.objective == pytest.approx(people)
    assert found.present == units
    assert found.ending == "proven"


@given(towns())
def test_one_service_is_the_question_of_the_most_people(town):
    demand, reach, parks, new_sites, keep, forbid = town
    rules = Rules(keep, forbid)
    plan = site_services(demand, [Service("green", GREEN, reach, new_sites, standing=parks)], rules=rules)
    whole = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    assert plan.objective == whole.objective


@given(towns(), st.integers(0, 4))
def test_a_joint_plan_is_no_worse_than_the_best_split_of_the_budget(town, budget):
    demand, reach, parks, _, _, _ = town
    cost = np.ones(len(reach.facility_ids))
    services = [Service("park", GREEN, reach, cost=cost, standing=parks), Service("hall", FAR, reach, cost=cost)]
    may_share = [Together(("park", "hall"))]
    joint = site_services(demand, services, budget=float(budget), together=may_share).objective
    for part in range(budget + 1):
        apart = [
            site_services(demand, [service], budget=float(money)).objective
            for service, money in zip(services, (part, budget - part), strict=True)
        ]
        assert joint >= sum(apart) - 1e-6
