"""Gates that are opened and links that are built, tried before anybody pays for them."""

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import Transformer

from planner.errors import QuestionError
from planner.ledgers.measures import measures_records, measures_sheet, measures_text
from planner.run import run_scenario
from planner.scenario import load
from planner.scenario.measures import Measure
from planner.standards import standard
from planner.street_measures import TOGETHER, try_measures
from tests.test_walled import compounds, walls
from tests.towns import CHUANHUI, demand, network, places, random_town

GREEN = standard("green-300")
CORNER = np.array([560_000.0, 3_720_000.0])  # of the drawings, in metres
TO_DEGREES = Transformer.from_crs(CHUANHUI, 4326, always_xy=True)


def drawn(*points):
    """The points of a drawing in metres."""
    return np.add(points, CORNER)


def at(*xy):
    """A point of a drawing in degrees."""
    return tuple(map(float, TO_DEGREES.transform(*np.add(xy, CORNER))))


def scenario(*measures, rules=(GREEN,), access_m=50.0):
    return SimpleNamespace(
        measures=measures,
        measured=lambda: rules,
        beyond=SimpleNamespace(nearest_to_m=None),
        city=SimpleNamespace(max_access_m=access_m),
    )


def tried(net, homes, parks, *measures, walled=None, access_m=50.0):
    city = SimpleNamespace(network=net, crs=CHUANHUI, walled=walled)
    asked = scenario(*measures, access_m=access_m)
    return {each.name: each for each in try_measures(asked, city, homes, {"green": parks})}


#  Two banks, 80 m apart, joined by a bridge 900 m to the east; a park lies across from the homes h and k.
#
#      park───────────────────────────┐  y = 80
#      h────────k─────────────────────┘  y = 0
#      0       400                   900
#
#  h walks 900 + 80 + 900 = 1,880 m, and over a footbridge at x = 0 80 m; k 1,480 m, and 480 m.

BANKS = network(drawn([0, 0], [900, 0], [900, 80], [0, 80]), [[0, 1], [1, 2], [2, 3]])
FOOTBRIDGE = Measure(name="footbridge", build_link=(at(0, 0), at(0, 80)))


def riverside():
    homes = demand(drawn([0, 0], [400, 0]), [50, 30]).snapped(BANKS, max_access_m=50)
    return homes, places([[tuple(*drawn([0, 80]))]]).snapped(BANKS, max_access_m=50)


def test_a_footbridge_brings_the_park_to_the_other_bank():
    (gain,) = tried(BANKS, *riverside(), FOOTBRIDGE)["footbridge"].gains
    assert (gain.before.served, gain.after.served, gain.newly) == (0, 50, 50)
    assert gain.before_m.tolist() == pytest.approx([1880, 1480], abs=1e-2)
    assert gain.saved_m.tolist() == pytest.approx([1800, 1000], abs=1e-2)
    assert gain.saving(1500) == 50
    assert gain.saving(50) == 80
    assert gain.mean_saved_m == pytest.approx((50 * 1800 + 30 * 1000) / 80, abs=1e-2)


def test_a_link_is_as_long_as_it_is_said_to_be():
    ramp = Measure(name="ramp", build_link=(at(0, 0), at(0, 80)), length_m=301.0)
    (gain,) = tried(BANKS, *riverside(), ramp)["ramp"].gains
    assert gain.newly == 0
    assert gain.saved_m.tolist() == pytest.approx([1579, 779], abs=1e-2)


def test_measures_together_are_measured_and_not_added_up():
    second = Measure(name="second", build_link=(at(1, 0), at(1, 80)))
    found = tried(BANKS, *riverside(), FOOTBRIDGE, second)
    assert list(found) == ["footbridge", "second", TOGETHER]
    assert [each.gains[0].newly for each in found.values()] == [50, 50, 50]


def test_who_reached_nothing_saves_nothing_and_is_told_apart():
    net = network(drawn([0, 0], [400, 0], [0, 80], [400, 80]), [[0, 1], [2, 3]])
    homes = demand(drawn([0, 0]), [50]).snapped(net, max_access_m=50)
    parks = places([[tuple(*drawn([0, 80]))]]).snapped(net, max_access_m=50)
    (gain,) = tried(net, homes, parks, FOOTBRIDGE)["footbridge"].gains
    assert (gain.newly, gain.newly_reach, gain.saving(0.0), gain.mean_saved_m) == (50, 50, 0, 0)


#  A walled block, 160 × 60 m in a ring of streets, with one gate in the east; home h and park p lie in the west.
#
#      ┌──────────────────────┐  y = 100
#      │  ┌────────────────┐  │
#      p  │ h              g  │  y = 50: 150 m to g, 20 m to the street, 300 m round the ring
#      │  └────────────────┘  │
#      └──────────────────────┘  y = 0
#
#  A gate in the west makes it 10 + 20 m.

RING = network(drawn([0, 0], [200, 0], [200, 100], [0, 100]), [[0, 1], [1, 2], [2, 3], [0, 3]])


def behind_walls():
    block = shapely.box(*drawn([20, 20], [180, 80]).ravel())
    grounds = compounds(block, gates=[(0, *drawn([180, 50])[0])])
    homes = demand(drawn([30, 50]), [50])
    walled = walls(RING, grounds, homes)
    parks = walled.entered(places([[tuple(*drawn([0, 50]))]]), max_access_m=200)
    return walled, replace(homes, door=walled.door), parks


def test_a_gate_opened_towards_the_park_saves_its_residents_the_way_round():
    walled, homes, parks = behind_walls()
    gate = Measure(name="west gate", open_gate=at(20, 50))
    found = tried(RING, homes, parks, gate, walled=walled, access_m=200.0)["west gate"]
    (gain,) = found.gains
    assert (found.kind, found.where) == ("gate", "compound/0")
    assert gain.saved_m.tolist() == pytest.approx([440], abs=1e-2)
    assert (gain.newly, gain.saving(50)) == (50, 50)


def test_gates_and_links_that_are_nowhere_are_refused_all_at_once():
    walled, homes, parks = behind_walls()
    astray = Measure(name="astray", open_gate=at(400, 50))
    afar = Measure(name="afar", build_link=(at(0, 0), at(5000, 0)))
    with pytest.raises(QuestionError) as error:
        tried(RING, homes, parks, astray, afar, afar, walled=walled, access_m=200.0)
    first, second, third, twice = str(error.value).splitlines()
    assert "astray: 220 m from the outline of the nearest compound, compound/0" in first
    assert "afar" in second
    assert "more than 200 m from every street" in third
    assert "1 names stand for more than one thing (first: afar)" in twice


def test_without_walls_there_is_no_gate_to_open():
    with pytest.raises(QuestionError, match="no compound is walled"):
        tried(BANKS, *riverside(), Measure(name="gate", open_gate=at(0, 0)))


@pytest.mark.parametrize("keys", [{}, {"open_gate": (0, 0), "build_link": ((0, 0), (1, 1))}, {"open_gate": (0, 99)}])
def test_a_measure_is_one_thing_on_the_globe(keys):
    with pytest.raises(ValidationError):
        Measure(name="odd", **keys)


@given(st.integers(0, 1000), st.data())
def test_a_link_never_lengthens_a_walk_nor_uncovers_anybody(seed, data):
    net, people, parks = random_town(seed, homes=12)
    ends = data.draw(st.lists(st.integers(0, len(net.xy) - 1), min_size=2, max_size=2, unique=True))
    back = Transformer.from_crs(CHUANHUI, 4326, always_xy=True)
    link = Measure(name="link", build_link=tuple(tuple(map(float, back.transform(*net.xy[end]))) for end in ends))
    (gain,) = tried(net, people, parks, link, access_m=1000.0)["link"].gains
    assert (gain.after_m <= gain.before_m + 1e-6).all()
    assert gain.after.covered[gain.before.covered].all()


def test_a_run_tells_what_a_footbridge_would_bring(tmp_path):
    path = tmp_path / "bridge.yaml"
    path.write_text(
        "city: made-up\n"
        "demand: {spread: {total: 300000, base: made-up residents, assumption: made up}}\n"
        "standards: {measure: [green-300]}\n"
        "measures: [{name: 人行桥, build_link: [[114.6497, 33.6225], [114.6482, 33.6223]]}]\n",
        "utf-8",
    )
    run = run_scenario(load(path))
    (row,) = csv.DictReader(io.StringIO(measures_text(run)))
    (record,) = measures_records(run)
    assert (row["measure"], row["kind"], row["data"]) == ("人行桥", "link", "made up, no real place")
    assert float(row["within before"]) == run.measured[0].before.served
    assert record["newly within"] == record["within after"] - record["within before"] >= 0
    sheet = measures_sheet(run)
    assert sheet is not None
    assert sheet.rows[0][0] == {"zh": "人行桥 (连通)", "en": "人行桥 (link)"}
