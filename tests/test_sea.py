"""The sea of the map lies on the right of the coast."""

import numpy as np
import shapely

from planner.sources.sea import sea

FRAME = shapely.box(0, 0, 100, 100)


def coast(*lines):
    return np.array([shapely.LineString(line) for line in lines], object)


def area(coasts):
    return shapely.area(sea(coasts, FRAME)).sum()


def test_the_sea_lies_on_the_right_of_the_coast():
    #  100 ┌────────┐
    #      │  land  │      drawn from east to west the land would be on the left, to the south
    #   40 ├───────→┤
    #      │≈≈≈≈≈≈≈≈│
    #    0 └────────┘
    assert area(coast([(-10, 40), (110, 40)])) == 4000
    assert area(coast([(110, 40), (-10, 40)])) == 6000


def test_an_island_is_land_in_the_sea_and_a_coast_in_pieces_is_one_coast():
    island = [(20, 60), (20, 80), (40, 80), (40, 60), (20, 60)][::-1]  # anticlockwise, the land on the left
    assert area(coast([(110, 40), (50, 40)], [(50, 40), (-10, 40)], island)) == 6000 - 400


def test_a_coast_that_the_extract_cuts_is_closed_off_by_the_shortest_way():
    #       the coast ends at (70, 40), 30 m from the east edge
    assert area(coast([(-10, 40), (70, 40)])) == 4000


def test_a_city_without_a_coast_has_no_sea():
    assert len(sea(np.empty(0, object), FRAME)) == 0
