"""What of an extract is green, park and leftover land, and where it is entered."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from planner.sources.green import leftover_land, public_green
from planner.sources.tags import overlap
from tests.drawn import ORIGIN, drawn, gates

PARK = {"leisure": "park"}
GARDEN = {"leisure": "garden"}
SOUTH_STREET = ((0, -10), (400, -10))  # ten metres south of every drawing


def green_of(picture, legend=None, *, streets=(SOUTH_STREET,), more=()):
    return public_green(*drawn(picture, legend, streets=streets, more=more))


# --- which green, and how much of it


def test_touching_patches_are_one_park_before_any_area_is_tested():
    found = green_of(
        """
        AAABB
        AAABB
        """,
        {"A": PARK, "B": {**PARK, "name": "人民公园"}},
    )
    assert found.park.ids.tolist() == ["way/1"]  # the larger patch …
    assert found.park.names.tolist() == ["人民公园"]  # … and the name of the largest that has one
    assert found.park.area_m2 == pytest.approx([1000])
    assert found.park.at_least(999).all()


@pytest.mark.parametrize(("gap_m", "parks"), [(0.9, 1), (1.2, 2)])
def test_patches_up_to_a_metre_apart_are_one(gap_m, parks):
    found = green_of("", more=[(PARK, box(0, 0, 20, 20)), (PARK, box(20 + gap_m, 0, 40, 20))])
    assert len(found.park) == parks
    assert found.park.area_m2.sum() == pytest.approx(800 - 20 * gap_m)  # the gap itself is no park


def test_a_garden_between_two_parks_makes_them_one_green_but_two_parks():
    found = green_of(
        """
        AAGBBB
        AAGBBB
        """,
        {"A": PARK, "G": GARDEN, "B": PARK},
    )
    assert found.green.ids.tolist() == ["way/3"]
    assert found.green.area_m2 == pytest.approx([1200])
    assert found.park.ids.tolist() == ["way/1", "way/3"]
    assert found.green.kind.tolist() == ["park"]


def test_patches_that_overlap_count_their_common_ground_once():
    found = green_of("", more=[(PARK, box(0, 0, 30, 20)), (PARK, box(20, 0, 50, 20))])
    assert found.park.area_m2 == pytest.approx([1000])


def test_verges_squares_and_woods_are_not_public_green():
    found = green_of(
        "V.S.W",
        {"V": {"landuse": "grass"}, "S": {"place": "square"}, "W": {"natural": "wood"}},
    )
    assert (len(found.green), len(found.park), found.left_out) == (0, 0, ())
    assert len(found.green.gate_xy) == 0


def test_what_is_not_public_is_left_out_and_listed_with_its_reason():
    found = green_of(
        """
        A.B.C.D.SSS.F
        ........SSS..
        ........SSS..
        """,
        {
            "A": {**GARDEN, "access": "private", "name": "后花园"},
            "B": {**PARK, "fee": "yes"},
            "C": {**GARDEN, "garden:type": "residential"},
            "D": {"leisure": "golf_course"},
            "F": {**PARK, "access": "yes", "fee": "no"},
            "S": {"amenity": "school"},
        },
        more=[(GARDEN, box(90, 10, 100, 20)), (PARK, Point(200, 200)), (PARK, Point(125, 25))],
    )
    assert found.green.ids.tolist() == ["way/5"]
    assert found.left_out == (
        ("way/1", "后花园", "access=private"),
        ("way/2", "", "fee=yes"),
        ("way/3", "", "garden:type=residential"),
        ("way/4", "", "leisure=golf_course"),
        ("way/7", "", "inside amenity=school way/6"),
        ("node/8", "", "mapped as a point, area unknown"),  # node/9 stands inside the park F
    )


def test_a_park_with_a_school_in_it_stays_a_park():
    found = green_of(
        """
        PPPP
        PSPP
        PPPP
        """,
        {"P": PARK, "S": {"amenity": "school"}},
    )
    assert len(found.park) == 1


def test_a_bow_tie_is_repaired_into_its_two_triangles():
    found = green_of("", more=[(PARK, Polygon([(0, 0), (40, 40), (40, 0), (0, 40)]))])
    assert found.park.area_m2 == pytest.approx([800])
    assert found.park.geometry[0].is_valid


# --- where it is entered
#
#     PPPPPPPPPP
#     PPPPPPPPPP    100 m wide, 30 m deep, the street 10 m to the south
#     PPPPPPPPPP

WIDE = "PPPPPPPPPP\n" * 3
FENCE = ({"barrier": "fence"}, LineString([(0, 0), (100, 0), (100, 30), (0, 30), (0, 0)]))


def park_gates(*more, streets=(SOUTH_STREET,), tags=PARK, **options):
    extract, network = drawn(WIDE, {"P": tags}, streets=streets, more=more, **options)
    return gates(public_green(extract, network).park)


def test_an_open_boundary_is_entered_about_every_fifty_metres_from_the_street():
    found = park_gates()
    assert set(found.values()) == {"boundary"}
    assert 2 <= len(found) <= 4
    assert all(y in {0, 30} or x in {0, 100} for x, y in found)
    assert {y for x, y in found if 0 < x < 100} == {0}  # not from the north, where no street is


def test_a_fenced_park_without_a_gate_is_entered_at_the_point_nearest_to_a_street():
    found = park_gates(FENCE, streets=[((30, -40), (50, -20), (70, -40))])
    assert found == {(50, 0): "boundary"}


def test_a_park_that_says_it_is_fenced_needs_no_fence_drawn():
    fenced = park_gates(tags={**PARK, "barrier": "fence"}, streets=[((30, -40), (50, -20), (70, -40))])
    assert fenced == {(50, 0): "boundary"}


def test_a_fence_on_one_side_leaves_the_other_sides_open():
    streets = [((-50, -10), (150, -10)), ((-50, 40), (150, 40))]
    south_fence = ({"barrier": "wall"}, LineString([(-5, -2), (105, -2)]))
    found = park_gates(south_fence, streets=streets)
    assert {y for x, y in found if 0 < x < 100} == {30}


def test_a_kerb_is_no_fence():
    kerb = ({"barrier": "kerb"}, FENCE[1])
    assert park_gates(kerb) == park_gates()


def test_mapped_gates_in_a_fence_are_the_only_gates():
    north_gate = ({"barrier": "gate"}, Point(50, 34))  # up to 5 m off the outline, and moved onto it
    far_gate = ({"barrier": "gate"}, Point(20, 36))
    locked = ({"barrier": "gate", "access": "private"}, Point(80, 30))
    assert park_gates(FENCE, north_gate, far_gate, locked) == {(50, 30): "mapped"}


def test_an_entrance_is_on_the_outline_and_a_door_nearby_is_a_houses():
    entrance = ({"entrance": "main"}, Point(40, 30))
    door = ({"entrance": "yes"}, Point(70, 33))
    assert park_gates(FENCE, entrance, door) == {(40, 30): "mapped"}


def test_a_path_through_the_fence_is_a_gate_where_it_meets_the_outline():
    path = ((50, -10), (50, 15), (50, 60))
    assert park_gates(FENCE, streets=[((0, -10), (50, -10), (100, -10)), path]) == {
        (50, 0): "path",
        (50, 30): "path",
    }


def test_a_street_along_the_fence_does_not_enter():
    found = park_gates(FENCE, streets=[((0, 0), (100, 0)), ((0, 0), (0, -100))])
    assert len(found) == 1
    assert set(found.values()) == {"boundary"}


def test_of_a_mapped_gate_and_a_path_within_five_metres_the_mapped_gate_stays():
    gate = ({"barrier": "gate"}, Point(54, 0))
    path = ((50, -10), (50, 15))
    assert park_gates(FENCE, gate, streets=[((0, -10), (50, -10), (100, -10)), path]) == {(54, 0): "mapped"}
    further = ({"barrier": "gate"}, Point(56, 0))
    assert len(park_gates(FENCE, further, streets=[((0, -10), (50, -10), (100, -10)), path])) == 2


def test_a_path_of_an_island_opens_no_gate():
    streets = [((0, -10), (100, -10), (400, -10)), ((50, 40), (50, 15))]
    assert park_gates(FENCE, streets=streets, island_m=0.0) == {(50, 30): "path"}
    on_the_street_side = park_gates(FENCE, streets=streets, island_m=100.0)
    assert {y for _, y in on_the_street_side} == {0}
    assert set(on_the_street_side.values()) == {"boundary"}


def test_a_pond_in_a_park_has_no_gates():
    shore = box(40, 40, 60, 60).exterior
    outline = box(0, 0, 100, 100).exterior
    wall = ({"barrier": "wall"}, LineString(outline))
    into_the_pond = [((0, -10), (50, -10), (100, -10)), ((50, -10), (50, 30), (50, 50))]
    park = green_of("", more=[(PARK, Polygon(outline, [shore])), wall], streets=into_the_pond).park
    assert gates(park) == {(50, 0): "path"}
    assert park.area_m2 == pytest.approx([9600])


def test_gates_stand_in_the_order_of_their_parks():
    found = green_of("A.B.C", {"A": PARK, "B": PARK, "C": PARK}).park
    assert found.ids.tolist() == ["way/1", "way/2", "way/3"]
    assert np.unique(found.gate_facility).tolist() == [0, 1, 2]
    assert shapely.dwithin(
        shapely.points(found.gate_xy), shapely.boundary(found.geometry)[found.gate_facility], 1e-6
    ).all()


#     ────────────  y = 110, a street on the park's own bank, 80 m from it
#
#     PPPPPPPPPP    y = 0 … 30
#     ≈≈≈≈≈≈≈≈≈≈    y = -20 … 0, its southern side is the bank
#     ────────────  y = -25 or -60, a street on the other bank

RIVER = shapely.box(-500, -20, 600, 0)


def riverside_gates(*streets, more=()):
    extract, network = drawn(WIDE, {"P": PARK}, streets=streets, more=more)
    river = shapely.transform(RIVER, lambda xy: xy + ORIGIN)
    park = public_green(extract, replace(network, barriers=np.array([river], object))).park
    found = gates(park)
    return found, park.snapped(replace(network, barriers=np.array([river], object)), max_access_m=200).door


def test_a_park_beyond_a_river_is_entered_from_the_street_on_its_own_bank():
    found, door = riverside_gates(((0, -60), (100, -60)), ((0, 110), (100, 110)))
    assert {y for _, y in found} == {30}
    assert door.access_m.tolist() == pytest.approx([80], abs=1e-6)


def test_an_open_boundary_does_not_face_a_street_across_water():
    found, _ = riverside_gates(((0, -25), (100, -25)), ((0, 50), (100, 50)))
    assert {y for x, y in found if 0 < x < 100} == {30}


def test_a_park_with_no_street_on_its_own_bank_keeps_a_gate_that_nobody_reaches():
    found, door = riverside_gates(((0, -60), (100, -60)))
    assert len(found) == 1
    assert door.off.tolist() == [True]


# --- leftover land


def test_a_school_drawn_twice_covers_its_ground_once():
    #  a lawn from 0 to 100; the school covers 30 of it, drawn as a way and as a relation, and 10 more elsewhere
    ground = shapely.box([0, 0, 20, 90], 0, [30, 30, 30, 100], 10)
    lawns = shapely.box([0, 200], 0, [100, 300], 10)
    share, most = overlap(lawns, ground)
    assert share == pytest.approx([0.4, 0])
    assert most.tolist() == [0, -1]


def test_land_of_which_a_school_drawn_twice_covers_a_third_is_left_over():
    lawn, school = ({"landuse": "grass"}, box(0, 0, 100, 30)), ({"amenity": "school"}, box(0, 0, 30, 30))
    assert parcels(lawn, school, school).ids.tolist() == ["way/1"]


def test_leftover_land_is_for_the_service_that_is_asked():
    lawn = ({"landuse": "grass"}, box(0, 0, 100, 30))
    assert (parcels(lawn).service, parcels(lawn, service="park").service) == ("green", "park")


def parcels(*more, streets=(SOUTH_STREET,), **options):
    extract, network = drawn("", more=list(more), streets=streets)
    standing = public_green(extract, network).green
    asked = {"min_area_m2": 400, "max_area_m2": 10_000, "standing": standing}
    return leftover_land(extract, network, **{**asked, **options})


def test_exactly_400_and_exactly_10_000_square_metres_are_in():
    found = parcels(
        ({"landuse": "brownfield"}, box(0, 0, 20, 20)),
        ({"landuse": "grass"}, box(30, 0, 130, 100)),
        ({"landuse": "grass"}, box(150, 0, 169.9, 20)),
        ({"landuse": "grass"}, box(200, 0, 300, 100.1)),
    )
    assert found.ids.tolist() == ["way/1", "way/2"]
    assert found.kind.tolist() == ["brownfield", "grass"]
    assert found.area_m2 == pytest.approx([400, 10_000])
    assert (found.status, found.service) == ("candidate", "green")


def test_a_verge_is_too_narrow_for_a_park():
    assert parcels(({"landuse": "grass"}, box(0, 0, 100, 11.9))).ids.tolist() == []
    assert parcels(({"landuse": "grass"}, box(0, 0, 100, 12))).ids.tolist() == ["way/1"]


def test_land_in_a_park_under_a_house_or_in_a_school_is_not_left_over():
    lawn = {"landuse": "grass"}
    assert not len(parcels((lawn, box(0, 0, 30, 30)), (PARK, box(0, 0, 30, 4))))
    assert len(parcels((lawn, box(0, 0, 30, 30)), (PARK, box(0, 0, 30, 2))))
    assert not len(parcels((lawn, box(0, 0, 30, 30)), ({"building": "yes"}, box(0, 0, 30, 16))))
    assert len(parcels((lawn, box(0, 0, 30, 30)), ({"building": "yes"}, box(0, 0, 30, 14))))
    assert not len(parcels((lawn, box(0, 0, 30, 30)), ({"amenity": "school"}, box(-50, -5, 80, 50))))


def test_a_parcel_further_than_a_hundred_metres_from_every_street_is_not_reached():
    assert len(parcels(({"landuse": "greenfield"}, box(0, 90, 30, 120))))
    assert not len(parcels(({"landuse": "greenfield"}, box(0, 91, 30, 121))))


def test_touching_parcels_stay_two_and_a_multipolygon_is_as_many_as_its_parts():
    lawn = {"landuse": "grass"}
    found = parcels((lawn, box(0, 0, 30, 30)), (lawn, box(30, 0, 60, 30)))
    assert found.ids.tolist() == ["way/1", "way/2"]
    found = parcels((lawn, MultiPolygon([box(0, 0, 30, 30), box(50, 0, 60, 10), box(80, 0, 110, 30)])))
    assert found.ids.tolist() == ["relation/1/1", "relation/1/3"]


def test_the_fence_round_a_parcel_falls_when_the_park_is_built():
    land = ({"landuse": "brownfield"}, box(0, 0, 100, 30))
    assert gates(parcels(land, FENCE)) == gates(parcels(land))
    assert len(gates(parcels(land))) > 1


def test_larger_land_is_cut_only_when_asked_and_keeps_its_area():
    land = ({"landuse": "brownfield"}, box(0, 0, 200, 150))
    assert not len(parcels(land))
    found = parcels(land, streets=[((-5, 75), (205, 75))], cut_larger=True)
    assert found.area_m2.sum() == pytest.approx(30_000)
    assert found.area_m2.max() <= 10_000 * (1 + 1e-6)
    assert found.ids[0] == "way/1/1"
    land_again = box(*ORIGIN, ORIGIN[0] + 200, ORIGIN[1] + 150)
    assert shapely.union_all(found.geometry).symmetric_difference(land_again).area < 1e-3
