"""Who walks is somebody who walks."""

import numpy as np
import pytest

from planner.errors import QuestionError
from planner.network import WalkNetwork
from planner.reach import measure_nearest, measure_reach
from planner.walkers import Profile, profiles
from tests.towns import CHUANHUI, demand, network, places


@pytest.mark.parametrize("speed", [0.0, -1.0, np.nan, np.inf])
def test_a_walker_without_a_speed_is_refused(speed):
    with pytest.raises(QuestionError, match="finite one above 0"):
        Profile("w", {}, speed, "test", "A")


def test_a_walker_who_minds_slopes_in_an_unknown_way_is_refused():
    with pytest.raises(QuestionError, match="'toblre'"):
        Profile("w", {}, 1.0, "test", "A", slope="toblre")


def test_the_published_walkers_walk_on_the_flat():
    assert {walker.slope for walker in profiles().values()} == {"none"}


def test_a_street_longer_than_anybody_walks_keeps_its_length():
    net = network([[0, 0], [300_000, 0]], [[0, 1]])
    homes, far = (layer.snapped(net, max_access_m=5) for layer in (demand([[130_000, 0]]), places([[[250_000, 0]]])))
    near = places([[[130_100, 0]]]).snapped(net, max_access_m=5)
    assert measure_reach(homes, far, limit_m=60_000).columns.pairs == 0
    assert measure_nearest(homes, near, limit_m=100).distance.tolist() == [[100.0]]


def test_nobody_walks_along_a_cliff():
    net = WalkNetwork.from_segments([[0, 0], [1000, 0]], [[0, 1]], crs=CHUANHUI, height_m=np.array([0.0, 5000.0]))
    homes, gate = (layer.snapped(net, max_access_m=5) for layer in (demand([[0, 0]]), places([[[10, 0]]])))
    hiker = Profile("hiker", {}, 1.0, "test", "A", slope="tobler")
    assert measure_reach(homes, gate, limit_s=60_000, profile=hiker).columns.pairs == 0
