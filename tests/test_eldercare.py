"""Floor for each hundred households, places where centres hold only so many, and the way from one level to the next."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.eldercare import floor_area_against, households_of, measure_referral, share_places
from planner.errors import QuestionError
from planner.provisions import provision
from planner.services import Service, ServiceSize, site_services
from tests.test_siting import GREEN, street, towns
from tests.towns import network, places

EXISTING, NEW = provision("elder.floor.henan.existing"), provision("elder.floor.henan.new")
NAMES = np.array(["west", "east"])

# --- floor


def test_a_thousand_people_need_104_m2_at_30_m2_for_a_hundred_households():
    homes = households_of(np.array([1000.0]), provision("household.zhoukou").number)
    floor = floor_area_against(NEW, NAMES[:1], homes, np.zeros(1), np.zeros(1))
    assert homes.tolist() == [pytest.approx(347.2, abs=0.05)]
    assert floor.need_m2.tolist() == [pytest.approx(104.2, abs=0.05)]


def test_floor_is_told_today_and_after_with_what_is_missing_in_each_unit():
    #  20 m² for each hundred: the west needs 400 m² and has 100, the east 200 and has 500.
    floor = floor_area_against(EXISTING, NAMES, np.array([2000, 1000]), np.array([100, 500]), np.array([350, 0]))
    assert floor.per_hundred(floor.today_m2).tolist() == [5, 50]
    assert floor.per_hundred(floor.after_m2).tolist() == [22.5, 50]
    assert floor.gap_today_m2.tolist() == [300, 0]
    assert floor.gap_m2.tolist() == [0, 0]
    assert floor.whole.gap_today_m2.tolist() == [0]  # the east's plenty, were it one city
    assert str(floor) == (
        "20.0 → 31.7 m² per 100 households, ≥ 20 m² per 100 households asked: 2 of 2 units have it, 0 m² are missing"
    )


def test_nobody_needs_floor_where_nobody_lives():
    floor = floor_area_against(EXISTING, NAMES, np.array([0, 0]), np.zeros(2), np.array([350, 0]))
    assert floor.need_m2.tolist() == floor.gap_m2.tolist() == floor.per_hundred(floor.after_m2).tolist() == [0, 0]


def test_a_plan_adds_the_floor_that_each_unit_lacks():
    demand, reach = street("9....1......4...5", ".a.......b.....c.", limit_m=500)
    small, large = (ServiceSize(name, floor_m2=floor) for name, floor in (("small", 350.0), ("large", 1000.0)))
    #  The west lacks 400 m², the east 0: a must be large, c may be small.
    floor = floor_area_against(EXISTING, NAMES, np.array([2000, 1000]), np.array([0, 500]), np.zeros(2))
    needs = list(floor.needs(("station",), np.array([0, 1, 1])))
    assert [(need.name, need.at_least_m2) for need in needs] == [("west, ≥ 20 m² per 100 households", 400)]
    plan = site_services(demand, [Service("station", GREEN, reach, 2, sizes=(small, large))], floors=needs)
    assert plan.sizes_of("station") == {"a": "large", "c": "small"}


@pytest.mark.parametrize(
    ("norm", "households", "words"),
    [
        (provision("elder.land.henan"), [1, 1], "which is not by 100 households"),
        (EXISTING, [1], "1 entries of households for 2 units"),
        (EXISTING, [1, np.nan], r"1 units have a households that is none \(first: east\)"),
        (EXISTING, [-1, 1], r"first: west"),
    ],
)
def test_floor_of_nothing_sensible_is_refused(norm, households, words):
    with pytest.raises(QuestionError, match=words):
        floor_area_against(norm, NAMES, np.array(households, float), np.zeros(2), np.zeros(2))


def test_nobody_lives_in_a_household_of_none():
    with pytest.raises(QuestionError, match="0 people make no household"):
        households_of(np.ones(2), 0.0)


# --- places


def test_a_full_centre_sends_on_who_can_walk_to_the_next():
    #  a reaches 9 and 1, b reaches 1 and 4; 6 is out of reach.  a holds 9, b 3: the 1 goes to b, two of four stay out.
    demand, reach = street("9..1.4.........6", ".a..b...........", limit_m=200)
    shared = share_places(demand, reach, np.array([9.0, 3.0]))
    assert shared.load.tolist() == [9, 3]
    assert shared.without.sum() == 2
    assert shared.beyond.tolist() == [0, 0, 0, 6]
    assert str(shared) == "12 have a place, 2 reach a site and find none, 6 reach none"


def test_a_centre_of_unknown_capacity_takes_all_who_come():
    demand, reach = street("9..1.4..........", ".a..b...........", limit_m=200)
    shared = share_places(demand, reach, np.array([3.0, np.nan]))
    assert shared.load.tolist() == [3, 5]
    assert shared.without == pytest.approx([6, 0, 0])


def test_without_sites_nobody_has_a_place():
    demand, reach = street("9", ".", limit_m=200)
    assert share_places(demand, reach, np.zeros(0)).beyond.tolist() == [9]
    with pytest.raises(QuestionError, match="1 capacities for 0 sites"):
        share_places(demand, reach, np.ones(1))


@given(towns(), st.data())
@settings(max_examples=40)
def test_as_many_have_a_place_as_any_flow_can_bring_to_one(town, data):
    demand, reach, *_ = town
    s = len(reach.facility_ids)
    capacity = data.draw(st.lists(st.integers(0, 12), min_size=s, max_size=s))
    shared = share_places(demand, reach, np.array(capacity, float))
    flow = nx.DiGraph()
    flow.add_nodes_from(["from", "to"])
    for i, people in enumerate(demand.people[:, 0].astype(int).tolist()):
        flow.add_edge("from", i, capacity=people)
    for i, j in zip(reach.place.tolist(), reach.facility.tolist(), strict=True):
        flow.add_edge(i, f"site {j}")
    for j, holds in enumerate(capacity):
        flow.add_edge(f"site {j}", "to", capacity=holds)
    most = nx.maximum_flow_value(flow, "from", "to")
    assert shared.load.sum() == pytest.approx(most, abs=1e-6)
    assert (shared.load <= np.array(capacity) + 1e-6).all()
    assert shared.load.sum() + shared.without.sum() + shared.beyond.sum() == pytest.approx(demand.total)


# --- from one level to the next


def test_the_way_to_the_next_level_is_walked_from_the_nearest_gate():
    #   0 ──────── 1000 ──── 1500     and a street of its own at y = 500
    net = network([(0, 0), (1000, 0), (1500, 0), (0, 500), (900, 500)], [(0, 1), (1, 2), (3, 4)])
    stations = places([[(0, 0), (400, 0)], [(1500, 0)], [(0, 500)]], service="eldercare")
    centres = places([[(1000, 0)], [(1400, 0)]], service="eldercare-centre")
    snapped = (each.snapped(net, max_access_m=50) for each in (stations, centres))
    way = measure_referral(*snapped, limit_m=2000)
    assert way.metres.tolist() == [600, 100, np.inf]
    assert way.to == ("eldercare-centre/0", "eldercare-centre/1", "")
    assert (way.mean_m, way.worst_m, way.without) == (350, 600, ("eldercare/2",))
    assert str(way) == "2 sites, 350 m on average, 600 m at worst; 1 have none within 2,000 m (first: eldercare/2)"
