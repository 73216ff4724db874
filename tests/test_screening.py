"""Plots of open ground: beside a street, on nothing, one a cell at most."""

import numpy as np
import pytest
from shapely import box

from planner.errors import QuestionError
from planner.sources.green import public_green
from planner.sources.screening import open_ground
from tests.drawn import ORIGIN, drawn

#  y = 50  ────────────────────────  a street through the middle of two cells of 100 m
#            cell 0-0    cell 1-0     homes at (20, 20) and (180, 80)
STREET = ((0, 50), (200, 50))
HOMES = np.array([[20.0, 20.0], [180.0, 80.0]]) + ORIGIN


def plots(*more, homes=HOMES, streets=(STREET,), grid_m=100.0, area_m2=400.0):
    extract, network = drawn("", more=list(more), streets=streets)
    standing = public_green(extract, network).green
    return open_ground(
        extract, network, homes=homes, grid_m=grid_m, area_m2=area_m2, standing=standing, service="green"
    )


def test_each_cell_where_people_live_gets_one_plot_beside_the_street():
    found = plots()
    assert found.ids.tolist() == ["ground/0-0", "ground/1-0"]
    assert found.area_m2.tolist() == [400.0, 400.0]
    # The middle of the cell lies on the street, so does every place left and right of it: the plot moves south.
    assert found.geometry[0].centroid.coords[0] == pytest.approx(tuple(ORIGIN + np.array([50, 50 - 0.3 * 80])))
    assert set(found.gate_origin.tolist()) <= {"path", "boundary"}


def test_a_cell_without_people_or_without_a_street_gets_none():
    assert plots(homes=HOMES[:1]).ids.tolist() == ["ground/0-0"]
    assert plots(streets=(((0, 500), (200, 500)),)).ids.tolist() == []


@pytest.mark.parametrize(
    "tags", [{"building": "yes"}, {"natural": "water"}, {"amenity": "school"}, {"leisure": "park", "name": "here"}]
)
def test_a_plot_lies_on_nothing(tags):
    south = (tags, box(0, 0, 100, 45))  # all of the first cell south of the street
    (first, _) = plots(south).geometry
    assert first.bounds[1] - ORIGIN[1] > 45
    both = (tags, box(0, 0, 100, 100))
    assert plots(both).ids.tolist() == ["ground/1-0"]


def test_a_plot_larger_than_its_cell_is_refused():
    with pytest.raises(QuestionError, match="10001 m² does not fit a grid of 100 m"):
        plots(area_m2=10_001.0)
