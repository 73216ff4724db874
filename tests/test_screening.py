"""Plots of open ground: beside a street, on nothing, one a cell at most."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, box, transform

from planner.errors import QuestionError
from planner.sources.green import public_green
from planner.sources.screening import open_ground
from tests.drawn import ORIGIN, drawn

#  y = 50  ────────────────────────  a street through the middle of two cells of 100 m
#            cell 0-0    cell 1-0     homes at (20, 20) and (180, 80)
STREET = ((0, 50), (200, 50))
HOMES = np.array([[20.0, 20.0], [180.0, 80.0]]) + ORIGIN


def plots(*more, homes=HOMES, streets=(STREET,), grid_m=100.0, area_m2=400.0, barriers=()):
    extract, network = drawn("", more=list(more), streets=streets)
    water = [transform(shape, lambda xy: xy + ORIGIN) for shape in barriers]
    network = replace(network, barriers=np.array(water, object))
    standing = public_green(extract, network).green
    return open_ground(
        extract, network, homes=homes, grid_m=grid_m, area_m2=area_m2, standing=standing, service="green"
    )


def test_each_cell_where_people_live_gets_one_plot_beside_the_street():
    found = plots()
    assert found.ids.tolist() == ["ground/0-0", "ground/1-0"]
    assert found.area_m2.tolist() == [400.0, 400.0]
    assert found.kind.tolist() == ["open ground"] * 2
    # The middle of the cell lies on the street, so does every place left and right of it: the plot moves south.
    assert found.geometry[0].centroid.coords[0] == pytest.approx(tuple(ORIGIN + np.array([50, 50 - 0.3 * 80])))
    assert set(found.gate_origin.tolist()) <= {"path", "boundary"}


def test_a_cell_without_people_or_without_a_street_gets_none():
    assert plots(homes=HOMES[:1]).ids.tolist() == ["ground/0-0"]
    assert plots(streets=(((0, 500), (200, 500)),)).ids.tolist() == []


@pytest.mark.parametrize(
    "tags",
    [
        {"building": "yes"},
        {"natural": "water"},
        {"amenity": "school"},
        {"leisure": "park", "name": "here"},
        {"leisure": "pitch"},
        {"leisure": "swimming_pool"},
        {"natural": "beach"},
        {"natural": "wetland"},
        {"amenity": "parking"},
        {"landuse": "railway"},
        {"landuse": "cemetery"},
        {"aeroway": "apron"},
    ],
)
def test_a_plot_lies_on_nothing(tags):
    south = (tags, box(0, 0, 100, 45))  # all of the first cell south of the street
    (first, _) = plots(south).geometry
    assert first.bounds[1] - ORIGIN[1] > 45
    both = (tags, box(0, 0, 100, 100))
    assert plots(both).ids.tolist() == ["ground/1-0"]


SOUTHERN = 50 - 0.3 * 80  # where a plot stands that finds nothing in its way


def northings(found):
    return [round(plot.centroid.y - ORIGIN[1], 3) for plot in found.geometry]


def test_a_plot_does_not_lie_in_the_sea():
    #  land on the left of the coast, which comes from the east: the sea is all north of y = 55, or all south of 45
    assert northings(plots()) == [SOUTHERN, SOUTHERN]
    coast = ({"natural": "coastline"}, LineString([(-900, 45), (900, 45)]))
    assert northings(plots(coast)) == [100 - SOUTHERN, 100 - SOUTHERN]
    bay = ({"natural": "coastline"}, LineString([(-900, 95), (900, 95)]))
    assert len(plots(bay)) == 0


def test_a_plot_does_not_lie_on_a_stream():
    stream = LineString([(-900, SOUTHERN), (900, SOUTHERN)])
    assert northings(plots(({"waterway": "stream"}, stream))) == [100 - SOUTHERN, 100 - SOUTHERN]
    assert northings(plots(({"waterway": "stream", "tunnel": "culvert"}, stream))) == [SOUTHERN, SOUTHERN]


def test_a_plot_does_not_lie_in_water_that_no_leg_may_cross():
    lake = box(-900, SOUTHERN - 1, 900, SOUTHERN + 1)
    assert northings(plots(barriers=[lake])) == [100 - SOUTHERN, 100 - SOUTHERN]


def test_a_plot_larger_than_its_cell_is_refused():
    with pytest.raises(QuestionError, match="10001 m² does not fit a grid of 100 m"):
        plots(area_m2=10_001.0)
