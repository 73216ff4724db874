"""What is around: sums within a walk equal networkx's and a whole reach's."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.reach import measure_reach, sum_around
from tests.towns import demand, network, places, random_town

#  0 ─ 100 m ─ 1 ─ 100 m ─ 2
STREET = network([[0, 0], [100, 0], [200, 0]], [[0, 1], [1, 2]])
NODES = STREET.at_nodes()


def test_a_node_counts_itself_and_whoever_is_exactly_at_the_limit():
    assert sum_around(NODES, NODES, limit_m=100).tolist() == [2, 3, 2]
    assert sum_around(NODES, NODES, [1, 10, 100], limit_m=99.999999).tolist() == [1, 10, 100]


def test_weights_fade_with_the_walk():
    weight = [0, 8, 0]
    assert sum_around(NODES, NODES, weight, limit_m=200, decay="linear").tolist() == [4, 8, 4]
    gone = sum_around(NODES, NODES, weight, limit_m=200, decay="exponential", scale=50)
    np.testing.assert_allclose(gone, [8 * np.exp(-2), 8, 8 * np.exp(-2)])
    gone = sum_around(NODES, NODES, weight, limit_m=200, decay="gaussian", scale=50)
    np.testing.assert_allclose(gone, [8 * np.exp(-2), 8, 8 * np.exp(-2)])
    assert sum_around(NODES, NODES, weight, limit_m=0, decay="linear").tolist() == [0, 8, 0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([150.0, 600.0, 5000.0]))
def test_nodes_around_nodes_equal_networkx(seed, limit_m):
    net, _, _ = random_town(seed)
    graph = nx.Graph()
    for (a, b), metres in zip(net.ends, net.length_m, strict=True):
        graph.add_edge(a, b, weight=metres)
    nodes = net.at_nodes()
    weight = np.arange(len(net.xy))
    expected = [sum(nx.single_source_dijkstra_path_length(graph, u, cutoff=limit_m)) for u in range(len(net.xy))]
    assert sum_around(nodes, nodes, weight, limit_m=limit_m).tolist() == expected


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([150.0, 600.0, 5000.0]))
def test_people_around_a_park_are_counted_once_however_many_gates_it_has(seed, limit_m):
    _, homes, parks = random_town(seed, parks=40, gates=6)
    reach = measure_reach(homes, parks, limit_m=limit_m)
    people = homes.people[:, 0]
    around = sum_around(parks, homes, people, limit_m=limit_m, inward=True)
    assert around.tolist() == np.bincount(reach.facility, people[reach.place], minlength=len(parks)).tolist()
    left = people[reach.place] * (1 - reach.distance_m / limit_m)
    faded = sum_around(parks, homes, people, limit_m=limit_m, inward=True, decay="linear")
    np.testing.assert_allclose(faded, np.bincount(reach.facility, left, minlength=len(parks)), atol=1e-9)


def test_off_the_network_nothing_is_around():
    homes = demand([[0, 3], [0, 900]]).snapped(STREET.__class__.from_segments(**_as_given()), max_access_m=901)
    net = homes.door.network
    far = demand([[0, 3], [0, 900], [5, 3]]).snapped(net, max_access_m=50)
    assert sum_around(far, far, limit_m=500).tolist() == [2, 0, 2]


def _as_given():
    return {"xy": STREET.xy, "ends": STREET.ends, "crs": STREET.crs}


def test_sums_do_not_depend_on_the_number_of_threads():
    net, homes, _ = random_town(11, nodes=400, streets=900, homes=500)
    weight = np.random.default_rng(1).random(500)
    sums = [sum_around(net.at_nodes(), homes, weight, limit_m=400, threads=threads) for threads in (1, 2, 7)]
    assert len({each.tobytes() for each in sums}) == 1


def test_every_fault_of_a_sum_is_told_at_once():
    other = network([[0, 0], [10, 0]], [[0, 1]]).at_nodes()
    with pytest.raises(QuestionError) as refused:
        sum_around(NODES, other, [1.0, np.nan], limit_m=5, decay="cubic")
    assert len(str(refused.value).splitlines()) == 3
    with pytest.raises(QuestionError, match="scale above 0"):
        sum_around(NODES, NODES, limit_m=5, decay="gaussian")


def test_a_park_with_several_gates_stands_at_no_single_point():
    two = places([[[0, 0], [50, 0]]]).snapped(STREET, max_access_m=5)
    with pytest.raises(QuestionError, match="Add up a reach"):
        sum_around(NODES, two, limit_m=50)
