"""Several services on one list of parcels: against trying all plans, in both readings of full cover."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import services
from planner.alternatives import best_replacement, best_with, other_plans
from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import QuestionError
from planner.optimise import solver
from planner.presence import MISSING, Presence, Present, Stands, measure_presence
from planner.rules import Quota, Rules
from planner.services import FloorNeed, Service, ServiceSize, ServicesPlan, Together, programme_of, site_services
from planner.siting import cover_most_people
from planner.standards import standard
from tests.test_optimise import golden, lp
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


def test_a_site_that_brings_nothing_is_left_out_however_the_search_ended(monkeypatch):
    demand, reach = street("9....1.......", "ab..........c", limit_m=500)  # a, b, c reach 9; 9; nobody
    find = services._Question.find
    everything = lambda self, *asked: replace(found := find(self, *asked), plan=found.plan | True)
    monkeypatch.setattr(services._Question, "find", everything)
    one = [Service("station", GREEN, reach, 3, cost=np.array([2.0, 1.0, 1.0]))]
    assert site_services(demand, one).opened == ("b",)  # the cheaper of two that bring the same people
    assert set(site_services(demand, one, rules=Rules(must_keep=("c",))).opened) == {"b", "c"}


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
    stand = shared.candidates
    assert ("middle", "c") in set(zip(shared.names[stand.unit].tolist(), stand.ids[stand.site].tolist(), strict=True))
    plan = site_services(demand, [Service("station", GREEN, reach, 2, presence=shared)])
    assert plan.by_service[0].missing == ()
    assert plan.present == 3
    status = {each.unit: (each.people, each.reached_after, each.after) for each in plan.by_service[0].status}
    assert status == {
        "west": (10, 9, Present("own", "a", "west")),
        "middle": (4, 4, Present("shared", "c", "east")),
        "east": (5, 5, Present("own", "c", "east")),
    }


def test_a_unit_keeps_the_site_it_shares_until_it_gets_its_own():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    _, standing = street(HOMES, "..............x..", limit_m=500)  # in the east, 200 m from the middle's four
    today = measure_presence(demand, reach, unit, limit_m=300, standing=standing, standing_unit=np.array([2]))
    one = Service("station", GREEN, reach, 1, standing=standing, presence=today)
    shared = Present("shared", "x", "east")
    (served,) = site_services(demand, [one]).by_service  # a, for the nine of the west
    assert [(each.today, each.after) for each in served.status] == [
        (MISSING, Present("own", "a", "west")),
        (shared, shared),
        (Present("own", "x", "east"), Present("own", "x", "east")),
    ]
    assert [(each.reached_before, each.reached_after) for each in served.status] == [(0, 9), (4, 4), (5, 5)]
    (served,) = site_services(demand, [replace(one, new_sites=2)], rules=Rules(must_keep=["b"])).by_service
    assert served.status[1].after == Present("own", "b", "middle")


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
    assert plan.costs.tolist() == [[6, 0], [3, 0]]


def test_sharing_a_parcel_may_be_cheaper_than_building_twice():
    demand, reach = street("......4......", "......b......", limit_m=500)
    both = [Service(name, GREEN, reach, cost=np.array([3.0])) for name in ("station", "school")]
    assert site_services(demand, both, budget=5.0, together=[Together(("station", "school"))]).objective == 4
    saving = Together(("station", "school"), cost=np.array([5.0]))
    plan = site_services(demand, both, budget=5.0, together=[saving])
    assert (plan.objective, plan.cost) == (8, 5)
    assert plan.costs.tolist() == [[2.5, 2.5]]


SMALL, LARGE = (
    ServiceSize("small", cost=np.ones(3), floor_m2=350.0, capacity=10.0),
    ServiceSize("large", np.array([True, False, True]), np.full(3, 3.0), 1000.0),
)


def test_a_site_is_built_in_the_cheapest_size_unless_more_floor_is_asked_for():
    demand, reach = street(HOMES, SITES, limit_m=500)
    stations = [Service("station", GREEN, reach, 2, sizes=(LARGE, SMALL))]
    plan = site_services(demand, stations)
    assert plan.sizes_of("station") == {"a": "small", "c": "small"}
    assert (plan.cost, plan.floor_m2.tolist()) == (2, [350, 350])
    more = [FloorNeed("all of it", 1300.0, ("station",))]
    plan = site_services(demand, [replace(stations[0], sizes=(SMALL, LARGE))], floors=more)
    assert sorted(plan.sizes_of("station").values()) == ["large", "small"]
    assert plan.objective == 18


def test_floor_may_be_asked_for_in_one_part_of_the_city():
    demand, reach = street(HOMES, SITES, limit_m=500)
    stations = [Service("station", GREEN, reach, 1, sizes=(SMALL, LARGE))]
    at_b = FloorNeed("the middle", 300.0, ("station",), np.array([False, True, False]))
    assert site_services(demand, stations, floors=[at_b]).sizes_of("station") == {"b": "small"}
    with pytest.raises(QuestionError, match=r"1 of 1 requirements .*first: the middle: 1,000 m² of 350 possible"):
        site_services(demand, stations, floors=[replace(at_b, at_least_m2=1000.0)])
    with pytest.raises(QuestionError, match=r"at most 1 sites of station; at least 300 m² of floor: the middle"):
        site_services(demand, stations, floors=[at_b, replace(at_b, name="the west", sites=np.array([1, 0, 0], bool))])


def test_sizes_may_share_a_parcel_one_by_one():
    demand, reach = street(HOMES, SITES, limit_m=500)
    services = [Service("station", GREEN, reach, 1, sizes=(SMALL, LARGE)), Service("park", GREEN, reach, 1)]
    both = Together(("station", "park"), sizes=("large", ""))
    plan = site_services(demand, services, together=[both], rules=Rules(must_keep=["c"], forbid=["a", "b"]))
    assert (plan.becomes, plan.sizes) == ((("station", "park"),), (("large", ""),))


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
        ({"sizes": (SMALL, SMALL)}, "two of its sizes have the same name"),
        ({"sizes": (replace(SMALL, floor_m2=-1.0),)}, "-1 m² of floor for 10.0 people"),
        ({"sizes": (replace(SMALL, cost=np.ones(2)),)}, "station small: `cost` has 2 entries for 3 candidates"),
        (
            {"sizes": (SMALL,), "together": [Together(("station", "centre"))]},
            "the size of station, centre is none that it has",
        ),
        ({"floors": [FloorNeed("all", -1.0, ("station",))]}, "Floor 'all' asks for -1 m²"),
        ({"floors": [FloorNeed("all", 1.0, ("zoo",))]}, "Floor 'all' is of zoo, no service asked for"),
        ({"floors": [FloorNeed("all", 1.0, ("station",), np.ones(2, bool))]}, "marks 2 candidates of 3"),
    ],
)
def test_what_contradicts_itself_is_refused(more, words):
    demand, reach = street(HOMES, SITES, limit_m=500)
    asked = {key: more.pop(key) for key in ("rules", "budget", "together", "floors") if key in more}
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


def stands(unit, site, of):
    """Sites that stand for units, each its own: `of` sites, of which the first k do unless `site` says which."""
    k = len(unit)
    ids = np.array([str(number) for number in range(of)])
    return Stands(unit, np.arange(k) if site is None else site, np.ones(k, bool), np.ones(k), ids, ids)


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
            where = Presence(np.array(["u", "v", "w"]), stands(unit, site, m), stands(np.flatnonzero(today), None, 3))
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
            pairs = zip(where.candidates.unit.tolist(), where.candidates.site.tolist(), strict=True)
            units += len({unit for unit, site in pairs if serves[site]} - {*where.standing.unit.tolist()})
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
    for j in found.sites.tolist():  # no site for nothing
        less = tuple(() if k == j else has for k, has in enumerate(mine))
        assert less not in plans or worth(demand, reach, parks, services, less) != pytest.approx((people, units))


@given(programmes())
@settings(max_examples=25, deadline=None)
def test_a_site_that_falls_out_is_replaced_as_well_as_can_be(programme):
    demand, reach, parks, services, asked = programme
    plans = list(every_plan(reach, services, asked))
    if not plans:
        return
    found, ids = site_services(demand, services, **asked), reach.facility_ids.tolist()
    order = (lambda pair: pair) if asked["before"] == "people" else (lambda pair: pair[::-1])

    def best(stay: set[str], falls: str | None) -> tuple[float, float]:
        opened = [({ids[j] for j, has in enumerate(plan) if has}, plan) for plan in plans]
        allowed = [plan for sites, plan in opened if stay <= sites and falls not in sites]
        each = (worth(demand, reach, parks, services, plan) for plan in allowed)
        return max(each, key=order, default=(-np.inf, -np.inf))

    for site in found.opened:
        replaced, (people, units) = best_replacement(found, site), best({*found.opened} - {site}, site)
        assert replaced.worse == pytest.approx(found.objective - people)  # below 0 where it has fewer units
        assert replaced.plan is None or replaced.plan.present == units
    for site in ids:
        if best({site}, None)[0] > -np.inf:
            assert best_with(found, site).objective == pytest.approx(best({site}, None)[0])
    if found.opened:
        assert all(len({*found.opened} - {*other.opened}) >= 1 for other in other_plans(found))


@st.composite
def sized(draw: st.DrawFn):
    """At most three candidates: stations in two sizes, centres in one, and floor that they need in all or at some."""
    demand, reach, parks, _, _, forbid = draw(towns().filter(lambda town: len(town[1].facility_ids) <= 3))
    m = len(reach.facility_ids)
    flags = st.lists(st.booleans(), min_size=m, max_size=m).map(np.array)
    money = st.lists(st.integers(0, 3), min_size=m, max_size=m).map(lambda costs: np.array(costs, float))
    station, large, centre = (ServiceSize(name, draw(flags), draw(money), draw(st.integers(0, 3))) for name in "slc")
    services = [
        Service("station", GREEN, reach, draw(st.integers(0, 2)), standing=parks, sizes=(station, large)),
        Service("centre", FAR, reach, draw(st.integers(0, 2)), serves=("station",), sizes=(centre,)),
    ]
    of = draw(st.sampled_from([("station",), ("centre",), ("station", "centre")]))
    needs = [FloorNeed("some", draw(st.integers(0, 5)), of, draw(st.none() | flags))] if draw(st.booleans()) else []
    return demand, reach, parks, services, {"forbid": forbid, "budget": draw(st.integers(0, 6)), "floors": needs}


def every_sized_plan(reach, services, asked):
    """For each candidate its service and size: all that keep the rules."""
    options = [None, *((service, size) for service in services for size in service.sizes)]
    for plan in product(options, repeat=len(reach.facility_ids)):
        built = [(service, size, j) for j, (service, size) in enumerate(each or (None, None) for each in plan) if size]
        floor = [
            sum(
                size.floor_m2
                for service, size, j in built
                if service.name in need.services and (need.sites is None or need.sites[j])
            )
            for need in asked["floors"]
        ]
        if (
            all(size.holds[j] and reach.facility_ids[j] not in asked["forbid"] for _, size, j in built)
            and sum(size.cost[j] for _, size, j in built) <= asked["budget"]
            and all(sum(each is service for each, _, _ in built) <= service.new_sites for service in services)
            and all(have >= need.at_least_m2 for have, need in zip(floor, asked["floors"], strict=True))
        ):
            yield tuple((each[0].name, each[1].name) if each else () for each in plan)


@given(sized())
def test_no_other_plan_of_sizes_serves_more_people_with_the_floor_asked_for(programme):
    demand, reach, parks, services, asked = programme
    plans = list(every_sized_plan(reach, services, asked))
    more = {"rules": Rules(forbid=asked["forbid"]), "budget": float(asked["budget"]), "floors": asked["floors"]}
    if not plans:
        with pytest.raises(QuestionError):
            site_services(demand, services, **more)
        return
    found = site_services(demand, services, **more)
    of = {j: (has[0], size[0]) for j, has, size in zip(found.sites.tolist(), found.becomes, found.sizes, strict=True)}
    mine = tuple(of.get(j, ()) for j in range(len(reach.facility_ids)))
    assert mine in plans
    people = [worth(demand, reach, parks, services, [each[:1] for each in plan])[0] for plan in (mine, *plans)]
    assert found.objective == pytest.approx(people[0]) == pytest.approx(max(people))
    assert found.ending == "proven"


@given(programmes())
@settings(max_examples=25)
def test_the_programme_of_the_literature_has_the_same_optimum(programme):
    demand, _, _, services, asked = programme
    asked = {**asked, "before": "people"}
    try:
        plan = site_services(demand, services, **asked)
    except QuestionError:
        return
    del asked["before"]
    ending = solver.solve(programme_of(demand, services, **asked), time_limit_s=60, gap=0.0)
    assert ending.bound == pytest.approx(plan.objective)


def test_the_programmes_read_as_in_the_papers(tmp_path):
    demand, reach = street(HOMES, SITES, limit_m=500)
    assert lp(programme_of(demand, levels(reach)), tmp_path) == golden("nested_services")
    cost = np.array([6.0, 1.0, 3.0])
    services = [Service("park", GREEN, reach, cost=cost), Service("hall", FAR, reach, cost=2 * cost, weight=0.5)]
    joint = programme_of(demand, services, budget=9.0, together=[Together(("park", "hall"), cost=2.5 * cost)])
    assert lp(joint, tmp_path) == golden("joint_services")


@given(towns(), st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=30)
def test_a_nested_plan_is_no_worse_than_the_best_two_separate_plans(town, stations, centres):
    demand, reach, _, _, _, _ = town
    both = levels(reach, stations, centres)
    nested = site_services(demand, both).objective
    for one, other in (both, both[::-1]):
        first = site_services(demand, [replace(one, serves=())])
        then = site_services(demand, [replace(other, serves=())], rules=Rules(forbid=first.opened))
        assert nested >= first.objective + then.objective - 1e-6


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
