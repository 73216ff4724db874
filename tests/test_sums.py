"""What is around: people, sites and nodes within a walk added up, equal to adding up networkx."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.reach import measure_reach, sum_around
from planner.standards import Profile
from tests.towns import demand, network, places, random_town, with_doors

#  A node at each corner; streets in metres.
#
#                             3
#                             │ 100
#  0───────── 80 ────1── 20 ──2
TOWN = network([[0, 0], [80, 0], [100, 0], [100, 100]], [[0, 1], [1, 2], [2, 3]])
STROLLER = Profile("stroller", {"en": "walks at 0.8 m/s"}, 0.8, "drawn", "A")
FADES = {
    "flat": lambda x, limit, scale: np.ones_like(x),
    "linear": lambda x, limit, scale: 1 - x / limit,
    "exponential": lambda x, limit, scale: np.exp(-x / scale),
    "gaussian": lambda x, limit, scale: np.exp(-(x**2) / (2 * scale**2)),
}


def homes(xy, people=None, net=TOWN):
    return demand(xy, people).snapped(net, max_access_m=60)


def parks(gates, net=TOWN):
    return places(gates).snapped(net, max_access_m=60)


def added_up(distance, weight, limit, decay, scale=None):
    """(rows,) the weights (columns,) within the limit, faded; `distance` (rows, columns) with inf."""
    faded = FADES[decay](np.minimum(distance, limit), limit, scale)
    return (np.where(distance <= limit, faded, 0) * weight).sum(axis=1)


def clear_of(distance, limit):
    """A limit near this one at which no walk ends, so that networkx's rounding does not matter."""
    while (np.abs(distance - limit) < 1e-3).any():
        limit += 0.01
    return limit


def by_networkx(graph, sources, targets):
    """(sources, targets) metres, inf where there is no way."""
    table = np.full((len(sources), len(targets)), np.inf)
    for i, source in enumerate(sources):
        if source in graph:
            found = nx.single_source_dijkstra_path_length(graph, source)
            table[i] = [found.get(target, np.inf) for target in targets]
    return table


# ------------------------------------------------------------------------------------------- by pencil


def test_without_weights_one_counts_what_is_around():
    nodes = TOWN.at_nodes()
    assert sum_around(nodes, nodes, limit_m=0).tolist() == [1, 1, 1, 1]
    assert sum_around(nodes, nodes, limit_m=80).tolist() == [2, 3, 2, 1]
    assert sum_around(nodes, nodes, limit_m=100).tolist() == [3, 3, 4, 2]
    assert sum_around(nodes, nodes, limit_m=1000).tolist() == [4, 4, 4, 4]


def test_who_is_exactly_at_the_limit_is_around():
    people = homes([[30, 10], [90, 0]], [7, 5])  # 70 m and 10 m from node 2 with access
    square = parks([[[100, 0]]])
    assert sum_around(square, people, people.people[:, 0], limit_m=80).tolist() == [12]
    assert sum_around(square, people, people.people[:, 0], limit_m=79.999999).tolist() == [5]


@pytest.mark.parametrize(
    ("decay", "scale", "left"),
    [
        ("flat", None, 1),
        ("linear", None, 1 - 60 / 100),
        ("exponential", 30, np.exp(-2)),
        ("gaussian", 30, np.exp(-2)),
        ("gaussian", 60, np.exp(-0.5)),
    ],
)
def test_a_weight_fades_with_the_walk(decay, scale, left):
    # a home 10 m off the street and 50 m along it
    found = sum_around(parks([[[80, 0]]]), homes([[30, 10]]), [100.0], limit_m=100, decay=decay, scale=scale)
    np.testing.assert_allclose(found, [100 * left])


def test_at_the_door_nothing_fades_and_at_the_limit_a_linear_weight_is_gone():
    people = homes([[80, 0], [20, 0]])
    for decay in FADES:
        assert sum_around(parks([[[80, 0]]]), people, [3.0, 0.0], limit_m=60, decay=decay, scale=10).tolist() == [3]
    assert sum_around(parks([[[80, 0]]]), people, [0.0, 3.0], limit_m=60, decay="linear").tolist() == [0]


def test_a_limit_of_nothing_finds_what_is_at_the_door_whatever_the_decay():
    people = homes([[80, 0], [81, 0]])
    for decay in FADES:
        assert sum_around(parks([[[80, 0]]]), people, [3.0, 5.0], limit_m=0, decay=decay, scale=10).tolist() == [3]


def test_a_park_with_several_gates_counts_each_person_once_from_the_nearest():
    people = homes([[20, 0], [50, 0], [100, 90]], [1, 10, 100])
    green = parks([[[10, 0], [40, 0], [60, 0], [100, 0]], [[100, 50]]])
    assert sum_around(green, people, [1, 10, 100], limit_m=95, inward=True).tolist() == [111, 100]
    faded = sum_around(green, people, [1, 10, 100], limit_m=100, inward=True, decay="linear")
    np.testing.assert_allclose(faded, [0.9 + 9 + 10, 60 + 10 * 0], atol=1e-9)


def test_weights_may_be_debts():
    people = homes([[20, 0], [50, 0]])
    assert sum_around(parks([[[0, 0]]]), people, [3.5, -5.0], limit_m=60).tolist() == [-1.5]


def test_around_homes_parks_are_added_up_and_around_homes_homes():
    people = homes([[20, 0], [50, 0], [100, 90]])
    green = parks([[[40, 0]], [[100, 100]]])
    assert sum_around(people, green, [4.0, 2.5], limit_m=30).tolist() == [4, 4, 2.5]
    assert sum_around(people, people, limit_m=30).tolist() == [2, 2, 1]


def test_in_seconds_the_scale_is_in_seconds_too():
    # 60 m at 0.8 m/s are 75 s
    found = {
        decay: sum_around(
            parks([[[80, 0]]]), homes([[30, 10]]), limit_s=75, profile=STROLLER, decay=decay, scale=75
        ).item()
        for decay in FADES
    }
    assert found == pytest.approx({"flat": 1, "linear": 0, "exponential": np.exp(-1), "gaussian": np.exp(-0.5)})
    assert sum_around(parks([[[80, 0]]]), homes([[30, 10]]), limit_s=74.9, profile=STROLLER).tolist() == [0]


def test_off_the_network_nothing_is_around_and_what_is_off_it_is_around_nothing():
    people = homes([[20, 0], [20, 900], [60, 0]], [1, 10, 100])
    green = parks([[[30, 900]], [[40, 0], [30, 900]]])
    assert sum_around(green, people, [1, 10, 100], limit_m=5000, inward=True).tolist() == [0, 101]
    assert sum_around(people, people, [1, 10, 100], limit_m=5000).tolist() == [101, 0, 101]


def test_nobody_and_nothing_add_up_to_nothing():
    nodes = TOWN.at_nodes()
    none = nodes.kept(np.zeros(4, bool))
    assert sum_around(nodes, none, limit_m=100).tolist() == [0, 0, 0, 0]
    assert sum_around(none, nodes, limit_m=100).tolist() == []
    assert sum_around(parks([]), homes([[20, 0]]), limit_m=100).tolist() == []
    empty = network(np.empty((0, 2)), np.empty((0, 2))).at_nodes()
    assert sum_around(empty, empty, limit_m=100).tolist() == []


# ------------------------------------------------------------------------------------ against networkx


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(list(FADES)), st.sampled_from([150.0, 600.0]))
def test_around_the_nodes_of_any_town_nodes_add_up_as_networkx_finds_them(seed, decay, scale):
    net, _, _ = random_town(seed)
    nodes = [("node", u) for u in range(len(net.xy))]
    distance = by_networkx(with_doors(net, (), ()), nodes, nodes)
    weight = np.random.default_rng(seed).uniform(-1, 5, len(nodes))
    limit_m = clear_of(distance, 500.0)
    found = sum_around(net.at_nodes(), net.at_nodes(), weight, limit_m=limit_m, decay=decay, scale=scale)
    np.testing.assert_allclose(found, added_up(distance, weight, limit_m, decay, scale), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(list(FADES)), st.booleans())
def test_around_the_parks_of_any_town_people_add_up_as_networkx_finds_them(seed, decay, inward):
    net, people, green = random_town(seed, parks=20, gates=6)
    graph = with_doors(net, (people.door, green.door), ("home", "gate"))
    from_gates = by_networkx(
        graph, [("gate", g) for g in range(len(green.gate_xy))], [("home", i) for i in range(len(people.ids))]
    )
    distance = np.full((len(green), len(people.ids)), np.inf)
    np.minimum.at(distance, green.gate_facility, from_gates)
    weight, limit_m = people.people[:, 0], clear_of(distance, 450.0)
    found = sum_around(green, people, weight, limit_m=limit_m, decay=decay, scale=200, inward=inward)
    np.testing.assert_allclose(found, added_up(distance, weight, limit_m, decay, 200), atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([100, 400, 5000]))
def test_a_sum_is_what_a_stored_reach_adds_up_to(seed, limit_m):
    _, people, green = random_town(seed, parks=40, gates=1)
    area = np.random.default_rng(seed).integers(1, 1000, len(green))
    count = people.people[:, 0]
    reach = measure_reach(people, green, limit_m=limit_m)
    around_parks = np.bincount(reach.facility, weights=count[reach.place], minlength=len(green))
    around_homes = np.bincount(reach.place, weights=area[reach.facility], minlength=len(people.ids))
    assert sum_around(green, people, count, limit_m=limit_m, inward=True).tolist() == around_parks.tolist()
    assert sum_around(people, green, area, limit_m=limit_m).tolist() == around_homes.tolist()
    assert sum_around(people, green, limit_m=limit_m).tolist() == reach.facilities_in_reach.tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_nodes_are_as_near_as_people_who_live_there(seed):
    net, _, green = random_town(seed)
    living_there = demand(net.xy).snapped(net, max_access_m=1)
    reach = measure_reach(living_there, green, limit_m=500)
    expected = np.bincount(reach.facility, minlength=len(green))
    assert sum_around(green, net.at_nodes(), limit_m=500, inward=True).tolist() == expected.tolist()


@pytest.mark.parametrize("decay", list(FADES))
def test_the_sums_do_not_depend_on_the_number_of_threads(decay):
    net, people, green = random_town(7, nodes=400, streets=700, homes=300, parks=200)
    nodes, asked = net.at_nodes(), {"limit_m": 300, "decay": decay, "scale": 100}
    weight = people.people[:, 0] / 7
    for around, inward in ((nodes, False), (green, True), (people, False)):
        sums = [sum_around(around, people, weight, inward=inward, threads=n, **asked) for n in (1, 2, 7)]
        assert len({each.tobytes() for each in sums}) == 1


# -------------------------------------------------------------------------------------------- refusals


def test_every_fault_of_a_question_is_told_at_once():
    other = replace(TOWN)
    with pytest.raises(QuestionError) as refused:
        sum_around(TOWN.at_nodes(), other.at_nodes(), [1.0, 2.0], limit_m=10, decay="cubic")
    said = str(refused.value).splitlines()
    assert len(said) == 3
    assert "same network" in said[0]
    assert "no decay 'cubic'" in said[1]
    assert "flat, linear, exponential, gaussian" in said[1]
    assert "4 things are summed; give as many finite weights" in said[2]


@pytest.mark.parametrize("decay", ["exponential", "gaussian"])
@pytest.mark.parametrize("scale", [None, 0.0, -1.0, np.nan, np.inf])
def test_a_decay_with_a_scale_needs_one_above_nothing(decay, scale):
    nodes = TOWN.at_nodes()
    with pytest.raises(QuestionError, match=f"decay '{decay}' needs a scale above 0") as refused:
        sum_around(nodes, nodes, [1.0], limit_m=10, decay=decay, scale=scale)
    assert "4 things are summed" in str(refused.value)


@pytest.mark.parametrize("weight", [[1, 2, 3, np.nan], [1, 2, 3, np.inf], [1, 2, 3], 1.0, [[1, 2, 3, 4]]])
def test_each_thing_summed_has_one_finite_weight(weight):
    nodes = TOWN.at_nodes()
    with pytest.raises(QuestionError, match="4 things are summed; give as many finite weights"):
        sum_around(nodes, nodes, weight, limit_m=10)


def test_parks_with_several_gates_are_not_summed_themselves():
    with pytest.raises(QuestionError, match="several would be met at each"):
        sum_around(homes([[20, 0]]), parks([[[10, 0], [40, 0]]]), limit_m=10)


def test_who_is_not_on_the_streets_is_told_to_snap():
    people, green = demand([[20, 0]]), places([[[10, 0]]])
    for around, of in ((people, homes([[20, 0]])), (green, homes([[20, 0]])), (homes([[20, 0]]), green)):
        with pytest.raises(DataError, match="Snap"):
            sum_around(around, of, limit_m=10)


def test_a_sum_has_a_limit_that_is_a_walk():
    nodes = TOWN.at_nodes()
    for limits in ({}, {"limit_s": 10}, {"limit_m": 10, "limit_s": 10, "profile": STROLLER}):
        with pytest.raises(DataError, match="either limit_m, or limit_s together with the profile"):
            sum_around(nodes, nodes, **limits)
    for limit_m in (-1.0, np.nan, np.inf, 60_001):
        with pytest.raises(QuestionError, match="finite number of metres from 0 to 60,000"):
            sum_around(nodes, nodes, limit_m=limit_m)
    with pytest.raises(QuestionError, match="no heights"):
        sum_around(nodes, nodes, limit_s=10, profile=replace(STROLLER, slope="tobler"))
