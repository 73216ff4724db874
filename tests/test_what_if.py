"""What if: every change gives what a measurement of the changed streets and sites gives, to the byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.reach import WhatIf, measure_reach
from planner.standards import standards
from tests.towns import demand, network, places, random_town

#  Two banks of a river and one bridge, far in the east; h a home, g the gate of a park. Metres.
#
#  0──h1────────────1     y = 0         the walk from h1 over the bridge: 70 + 40 + 50 = … see below
#                   │
#  2──────g─────────3     y = 40
#  x = 0            x = 100
BANKS = network([[0, 0], [100, 0], [0, 40], [100, 40]], [[0, 1], [1, 3], [2, 3]])


def what_if(homes=((30, 0),), gates=(((50, 40),),), limit_m=1000, net=BANKS, **options):
    homes, parks = demand(homes).snapped(net, max_access_m=50), places(gates).snapped(net, max_access_m=50)
    return WhatIf(homes, parks, limit_m=limit_m, max_access_m=50, **options)


def anew(change, limit_m):
    """The reach of the changed streets, doors and gates, measured from nothing."""
    _, homes, parks = change.edited()
    return measure_reach(homes, parks, limit_m=limit_m)


def same(one, other):
    return one.facility_ids.tolist() == other.facility_ids.tolist() and all(
        a.tobytes() == b.tobytes() for a, b in zip(one.rows, other.rows, strict=True)
    )


def test_a_footbridge_shortens_the_walk_and_closing_it_brings_the_old_one_back():
    change = what_if()
    assert change.reach.distance_m.tolist() == [160.0]  # 70 + 40 + 50
    assert change.add_street("footbridge", [30, 0], [30, 40]).distance_m.tolist() == [60.0]  # 40 + 20
    assert change.close_street("footbridge").distance_m.tolist() == [160.0]


def test_a_footbridge_may_be_longer_than_it_looks():
    assert what_if().add_street("spiral ramp", [30, 0], [30, 40], length_m=90).distance_m.tolist() == [110.0]


def test_closing_the_only_bridge_cuts_the_banks_apart():
    change = what_if()
    bridge = int(np.flatnonzero((BANKS.ends == [1, 3]).all(axis=1))[0])
    assert change.close_street(bridge).distance_m.tolist() == []
    assert same(change.reach, anew(change, 1000))


def test_a_home_on_a_closed_street_comes_out_at_the_nearest_open_one():
    change = what_if()
    street = int(np.flatnonzero((BANKS.ends == [0, 1]).all(axis=1))[0])
    assert change.close_street(street).distance_m.tolist() == [60.0]  # 40 straight over, nothing bars it, + 20


def test_sites_come_move_and_go_and_a_gate_opens():
    change = what_if()
    assert change.add_site("kiosk", [[40, 0]]).distance_m.tolist() == [160.0, 10.0]
    assert change.move_site("kiosk", [[80, 0]]).distance_m.tolist() == [160.0, 50.0]
    assert change.add_gate("green/0", [100, 20]).distance_m.tolist() == [90.0, 50.0]
    assert change.drop_site("green/0").facility_ids.tolist() == ["kiosk"]
    assert change.reach.distance_m.tolist() == [50.0]


def test_a_reach_taken_before_a_change_stays_as_it_was():
    change = what_if()
    before = change.reach
    change.add_street("footbridge", [30, 0], [30, 40])
    change.drop_site("green/0")
    assert before.distance_m.tolist() == [160.0]
    assert measure_reach(change.demand, change.facilities, limit_m=1000).distance_m.tolist() == [160.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([300.0, 800.0, 3000.0]))
def test_any_changes_one_after_another_equal_a_measurement_from_nothing(seed, limit_m):
    rng = np.random.default_rng(seed)
    net, homes, parks = random_town(seed, nodes=40, streets=60)
    change = WhatIf(homes, parks, limit_m=limit_m, max_access_m=1000)
    anywhere = lambda count: rng.uniform(0, 1000, (count, 2))
    for turn in range(8):
        ids = change.reach.facility_ids.tolist()
        kind = rng.integers(7)
        if kind == 0 or not ids:
            change.add_site(f"new {turn}", anywhere(rng.integers(1, 3)))
        elif kind == 1:
            change.drop_site(rng.choice(ids))
        elif kind == 2:
            change.move_site(rng.choice(ids), anywhere(1))
        elif kind == 3:
            change.add_gate(rng.choice(ids), anywhere(1)[0])
        elif kind == 4 or (kind == 6 and not change.added):
            change.add_street(f"street {turn}", *anywhere(2), length_m=float(rng.choice([0, 50, 400.5])))
        elif kind == 5:
            change.close_street(int(rng.choice(np.setdiff1d(np.arange(len(net.ends)), sorted(change.closed)))))
        else:
            change.close_street(str(rng.choice(list(change.added))))
        assert same(change.reach, anew(change, limit_m))


def test_a_footbridge_serves_people_who_walk_in_seconds():
    older = standards()["eldercare-15min"].profile
    homes, parks = (layer.snapped(BANKS, max_access_m=50) for layer in (demand([[30, 0]]), places([[[50, 40]]])))
    change = WhatIf(homes, parks, limit_s=900, profile=older)
    assert change.reach.distance.tolist() == [200.0]  # 160 m at 0.8 m/s
    assert change.add_street("footbridge", [30, 0], [30, 40]).distance.tolist() == [75.0]


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda change: change.drop_site("pond"), "no site 'pond' among the 1 .first: green/0"),
        (lambda change: change.add_site("green/0", [[0, 0]]), "already"),
        (lambda change: change.add_site("pond", [[0, np.nan]]), "finite x and y"),
        (lambda change: change.add_site("pond", []), "finite x and y"),
        (lambda change: change.move_site("green/0", [[0, 900]]), r"No gate of 'green/0' is within 50 m .*0.0, 900.0"),
        (lambda change: change.add_gate("green/0", [0, 900]), "No gate of"),
        (lambda change: change.add_street("odd", [0, 0], [np.inf, 0]), "finite x and y"),
        (lambda change: change.close_street("viaduct"), "No street 'viaduct'"),
        (lambda change: change.close_street(3), "no open segment 3 among the 3"),
        (lambda change: change.add_street("far", [0, 0], [0, 900]), r"more than 50 m .*first: \[0.0, 900.0\]"),
        (lambda change: change.add_street("odd", [0, 0], [0, 40], length_m=-1), "cannot be -1.0 m long"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_nothing_has_changed(ask, why):
    change = what_if()
    with pytest.raises(QuestionError, match=why):
        ask(change)
    assert change.reach.distance_m.tolist() == [160.0]
    assert same(change.reach, anew(change, 1000))
