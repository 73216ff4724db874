"""What a gate brings before it is opened is what is measured once it is open."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.gate_gains import gains_of_gates
from tests.test_walled import BLOCK, EAST, HOME, RING, SHOP, compounds, nearest, random_compounds, walls
from tests.test_walled import _on_outline as on_outline
from tests.towns import demand, places


def gains(net, grounds, homes, shops, limit_m=5000, max_access_m=200):
    walled = walls(net, grounds, homes, max_access_m)
    people = replace(homes, door=walled.door)
    return gains_of_gates(walled, people, walled.entered(shops, max_access_m=max_access_m), limit_m=limit_m)


def test_opening_the_near_gate_saves_fifty_people_440_metres():
    grounds = compounds(BLOCK, gates=[EAST]).with_gates(np.array([0]), np.array([[20.0, 50.0]]))
    found = gains(RING, grounds, demand([HOME], [50]), places([[SHOP]]))
    (gate,) = found.gates.tolist()
    assert found.today_m.tolist() == pytest.approx([470])  # see test_walled
    assert found.walks(gate).tolist() == pytest.approx([30])
    assert (found.people_saving(50, gate), found.people_saving(441, gate)) == (50, 0)
    assert (found.newly_covered(300, gate), found.newly_covered(29, gate)) == (50, 0)
    assert found.best(300, 3) == (gate,)
    assert found.best(29, 3) == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000_000))
def test_gains_are_what_is_measured_once_the_gates_are_open(seed):
    net, homes, parks, grounds, rng = random_compounds(seed)
    compound = np.array([0, 0, 1])
    at = np.array([on_outline(grounds.geometry[c], rng.uniform()) for c in compound])
    more = grounds.with_gates(compound, at)
    found = gains(net, more, homes, parks, limit_m=9000, max_access_m=1000)
    for opened in ([], found.gates[:1], found.gates):
        measured = nearest(walls(net, more.opened(np.array(opened, np.int64)), homes, 1000), homes, parks)
        expected = found.walks(*opened)
        if (grounds.holding(parks.gate_xy) < 0).all():
            np.testing.assert_allclose(measured, expected, atol=1e-4)
        else:
            assert (measured <= expected + 1e-4).all()  # visitors too come by the new gate


def test_a_public_gate_is_not_weighed_alone():
    grounds = compounds(BLOCK, gates=[EAST]).with_gates(np.array([0]), np.array([[20.0, 50.0]]), public=True)
    with pytest.raises(QuestionError, match=r"Public gates .first: compound/0"):
        gains(RING, grounds, demand([HOME]), places([[SHOP]]))
