"""Twelve clinics for Northern Kentucky against today's three hospitals, on its streets and its census blocks."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from planner.facilities import Facilities
from planner.reach import measure_reach
from planner.rules import Effort
from planner.siting import shorten_longest_walk, shorten_walks
from planner.sources import osm, tables, walkable

CITY = Path(__file__).parents[2] / "shared" / "data" / "cities" / "northern-kentucky"
LIMIT_M = 12_000.0

pytestmark = [
    pytest.mark.cities,
    pytest.mark.skipif(not CITY.is_dir(), reason="Northern Kentucky is not beside the project in ../shared/data"),
]


def clinics_at(xy, crs, status="candidate"):
    ids = np.array([f"{status} {j}" for j in range(len(xy))], np.str_)
    return Facilities(
        ids=ids,
        names=ids,
        service="clinic",
        status=status,
        geometry=shapely.points(xy),
        area_m2=np.zeros(len(xy)),
        gate_xy=xy,
        gate_facility=np.arange(len(xy)),
        gate_origin=np.full(len(xy), "point"),
        crs=crs,
    )


@pytest.fixture(scope="module")
def kentucky():
    """People within 200 m of a street of the mainland, candidates at every tenth of their blocks, and the hospitals."""
    network = walkable.walk_network(osm.read_extract(CITY / "northern-kentucky.osm.pbf"))
    people = tables.residents(CITY / "blocks.shp", crs_to=network.crs, people="people", base="census of 2010")
    people = people.snapped(network, max_access_m=1000)
    people = people.kept(~people.door.off)
    hospitals = tables.facilities(
        CITY / "hospitals.csv", service="clinic", status="standing", crs_to=network.crs, name="name"
    ).snapped(network, max_access_m=1000)
    sites = clinics_at(people.xy[::10], network.crs).snapped(network, max_access_m=1000)
    to_sites, to_hospitals = (measure_reach(people, each, limit_m=LIMIT_M) for each in (sites, hospitals))
    served = (to_sites.facilities_in_reach > 0) & (to_hospitals.facilities_in_reach > 0)
    people = people.kept(served)
    return people, *(measure_reach(people, each, limit_m=LIMIT_M) for each in (sites, hospitals))


def walk_m(reach, sites=None):
    opened = (
        np.ones(len(reach.facility_ids), bool) if sites is None else np.isin(np.arange(len(reach.facility_ids)), sites)
    )
    return np.minimum(reach.only(opened).nearest()[0], LIMIT_M)


def test_twelve_clinics_shorten_the_walk_to_the_three_hospitals_of_today(kentucky):
    people, to_sites, to_hospitals = kentucky
    weight = people.people[:, 0]
    today = walk_m(to_hospitals)
    plan = shorten_walks(people, to_sites, new_sites=12, standing=to_hospitals, effort=Effort(time_limit_s=120))
    after = np.minimum(today, walk_m(to_sites, plan.sites))
    assert plan.ending == "proven"
    assert plan.objective == pytest.approx(float(weight @ after))
    assert weight @ after < 0.7 * (weight @ today)
    fairest = shorten_longest_walk(
        people, to_sites, new_sites=12, standing=to_hospitals, effort=Effort(time_limit_s=120)
    )
    longest = np.minimum(today, walk_m(to_sites, fairest.sites))[weight > 0].max()
    assert fairest.objective == longest <= after[weight > 0].max()
    assert fairest.bound <= fairest.objective
