"""The five levels of a city lie in one another, add up to the person, and are printed without small counts."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.demand import Units
from planner.errors import NestingError
from planner.sources.census import read_counts
from planner.suppression import hide_counts, hide_people
from planner.tree import Level, Tree, nest, tree_of_codes
from tests.towns import demand

LAS_PALMAS = Path(__file__).parents[2] / "shared" / "data" / "cities" / "las-palmas"


def units(kind, **boxes):
    ids = np.array([*boxes])
    return Units(ids, ids, kind, np.array([shapely.box(*each) for each in boxes.values()], object))


# A district of two streets; the west has two communities, the east one. One compound stands in A.
#
#   0       10      20       40
#   +-------+-------+--------+  10
#   | A  k  |   B   |   C    |         a place in the compound k, one beside it in A, one in B, two in C
#   +-------+-------+--------+  0
#        west           east
DISTRICT = units("district", d=(0, 0, 40, 10))
STREETS = units("subdistrict", west=(0, 0, 20, 10), east=(20, 0, 40, 10))
COMMUNITIES = units("community", A=(0, 0, 10, 10), B=(10, 0, 20, 10), C=(20, 0, 40, 10))
COMPOUNDS = units("compound", k=(1, 1, 5, 5))
AREAS = (DISTRICT, STREETS, COMMUNITIES, COMPOUNDS)
HOMES = demand([[2, 2], [8, 8], [15, 5], [25, 5], [35, 5]], [40, 3, 30, 12, 15])


def test_the_five_levels_hold_one_another_and_add_up_to_the_person():
    tree = nest(AREAS).with_places(HOMES, AREAS)
    assert [level.name for level in tree.levels] == ["district", "subdistrict", "community", "compound", "building"]
    sums = dict(zip([level.name for level in tree.levels], tree.add_up(HOMES.of()), strict=True))
    assert sums["district"].tolist() == [100]
    assert sums["subdistrict"].tolist() == [73, 27]
    assert sums["community"].tolist() == [43, 30, 27]
    compounds = tree.levels[3]
    assert dict(zip(compounds.ids, sums["compound"], strict=True)) == {
        "k": 40, "A/outside": 3, "B/outside": 30, "C/outside": 27
    }  # fmt: skip
    assert compounds.names[1] == "outside any compound"
    tree.check_people(sums)


def test_places_outside_the_district_stand_apart_at_every_level():
    tree = nest(AREAS).with_places(demand([[2, 2], [99, 5]], [40, 7]), AREAS)
    assert [level.ids[-1] for level in tree.levels[:-1]] == [
        "outside", "outside/outside", "outside/outside/outside", "outside/outside/outside/outside"
    ]  # fmt: skip
    assert [sums.sum() for sums in tree.add_up(np.array([40.0, 7]))] == [47] * 5


def test_parents_may_be_named_and_are_held_against_the_drawing():
    named = nest(AREAS[:3], (None, np.array(["d", "d"]), np.array(["west", "west", "east"])))
    assert named.levels[2].parent.tolist() == nest(AREAS[:3]).levels[2].parent.tolist() == [0, 0, 1]


def test_all_that_does_not_nest_is_told_at_once():
    streets = units("subdistrict", west=(0, 0, 20, 10), east=(18, 0, 40, 10))
    communities = units("community", A=(0, 0, 10, 10), B=(10, 0, 30, 10), C=(50, 0, 60, 10))
    parents = (None, np.array(["d", "D"]), np.array(["east", "west", "east"]))
    with pytest.raises(NestingError) as refused:
        nest((DISTRICT, streets, communities), parents)
    for fault in (
        "1 of 2 of level subdistrict name no district that there is (first: east names D)",
        "1 pairs of level subdistrict overlap (first: west and east, 20 m²)",
        "3 of 3 of level community are not drawn in the subdistrict they name",
        "A names east, drawn in west",
        "C names east, drawn in none",
    ):
        assert fault in str(refused.value)
    with pytest.raises(
        NestingError,
        match=r"2 of 3 of level community do not lie in one subdistrict .first: B in west and east, C in none",
    ):
        nest((DISTRICT, STREETS, communities))


def test_slivers_along_a_border_are_no_overlap():
    almost = units("community", A=(0, 0, 10.05, 10), B=(10, 0, 20, 10), C=(20, 0, 40, 10))
    assert nest((DISTRICT, STREETS, almost)).levels[2].parent.tolist() == [0, 0, 1]


def test_people_that_do_not_add_up_are_refused_level_by_level():
    tree = nest(AREAS[:3])
    stated = {"district": np.array([100.0]), "subdistrict": np.array([73.0, 28]), "community": np.array([43.0, 30, 27])}
    with pytest.raises(NestingError, match=r"1 of 2 of level subdistrict .*\(first: east: 28, its parts 27\)"):
        tree.check_people(stated)
    with pytest.raises(NestingError, match="State those of 'community'"):
        tree.check_people({"district": np.array([100.0])})


# Codes ------------------------------------------------------------------------------------------------------

#   411602            district            411602001     subdistrict        411602001001  community
CODES = np.array(["411602001001", "411602001002", "411602002001"])
LENGTHS = {"district": 6, "subdistrict": 9, "community": 12}


def test_codes_hold_the_levels_above_them():
    tree = tree_of_codes(CODES[[2, 0, 1]], LENGTHS)
    assert [level.ids.tolist() for level in tree.levels[:2]] == [["411602"], ["411602001", "411602002"]]
    assert tree.levels[2].ids.tolist() == CODES[[2, 0, 1]].tolist()  # in the order given
    assert [sums.tolist() for sums in tree.add_up(np.array([5.0, 3, 4]))] == [[12], [7, 5], [5, 3, 4]]
    homes = tree_of_codes(np.char.add(CODES, "01"), LENGTHS)
    assert homes.levels[-1].name == "place"


def test_codes_that_are_cut_or_occur_twice_are_refused_together():
    with pytest.raises(NestingError, match=r"1 of 3 codes are shorter than 12 \(first: 41160\); 1 codes occur more"):
        tree_of_codes(np.array(["411602001001", "411602001001", "41160"]), LENGTHS)
    with pytest.raises(NestingError, match=r"the lengths \[9, 6\] do not rise"):
        tree_of_codes(CODES, {"subdistrict": 9, "district": 6})


def test_the_2640_grids_of_the_founding_report_are_2640_at_every_level():
    """13 streets, 10 communities each, up to 21 grids a community: 2 640 grids, 2 832 staff, 192 grids with two."""
    numbers = itertools.product(range(1, 14), range(1, 11), range(1, 22))
    codes = [f"411602{street:03}{community:03}{grid:03}" for street, community, grid in numbers]
    grids = np.array(codes[:2640])
    tree = tree_of_codes(grids, LENGTHS | {"grid": 15})
    assert [len(level.ids) for level in tree.levels] == [1, 13, 126, 2640]
    staff = np.where(np.arange(2640) < 192, 2.0, 1.0)
    for sums in tree.add_up(np.column_stack([np.ones(2640), staff])):
        assert sums.sum(axis=0).tolist() == [2640, 2832]


@pytest.mark.cities
@pytest.mark.skipif(not LAS_PALMAS.is_dir(), reason="the real cities are not beside the project in ../shared/data")
def test_the_districts_of_las_palmas_hold_its_sections_to_the_person():
    table = LAS_PALMAS / "population-by-section-sex-age.csv"
    counts = read_counts(table, unit="seccion", only={"year": 2015}, sum_over=["sexo"])
    tree = tree_of_codes(counts.units, {"municipality": 5, "district": 7, "section": 10})
    city, districts, sections = tree.add_up(counts.people.sum(axis=1))
    assert (city.tolist(), len(sections)) == ([379_766], 275)
    by_district = read_counts(table, unit="seccion", characters=(6, 7), only={"year": 2015}, sum_over=["sexo"])
    assert sorted(districts.tolist()) == sorted(by_district.people.sum(axis=1).tolist())


# Print ------------------------------------------------------------------------------------------------------


def family(*people):
    """A city of one level."""
    count = len(people)
    ids = np.array([f"u{i}" for i in range(count)])
    return Tree((Level("unit", ids, ids, np.zeros(count, np.int64)),)), [np.array(people, float)]


def hidden(*people, below=10):
    return hide_people(*family(*people), below=below)[0].tolist()


def test_a_small_count_is_hidden_with_the_next_smallest_so_that_no_subtraction_tells_it():
    assert hidden(40, 3, 30, 12) == [False, True, False, True]
    assert hidden(40, 30) == [False, False]  # nothing is small
    assert hidden(40, 0, 30) == [False, False, False]  # nobody is no secret
    assert hidden(40, 10, 30) == [False, False, False]  # exactly the threshold is printed
    assert hidden(40, 3, 30, 12, below=0) == [False] * 4


def test_small_counts_that_are_small_together_are_hidden_with_more():
    assert hidden(40, 3, 4, 30) == [False, True, True, True]  # 3 + 4 are seven people: still a small count
    assert hidden(40, 5, 5, 30) == [False, True, True, False]


def test_who_is_not_in_a_group_is_no_less_secret():
    #          people  women        the 3 men of the second house are told by 20 - 17
    tree, people = family(40, 20, 60)
    of_them = hide_counts(tree, [np.array([[20.0], [17], [30]])], [people[0][:, None]], below=10)
    assert of_them[0].tolist() == [True, True, False]


def determined(tree, flags):
    """The hidden counts that the printed ones fix: a part is the sum of those below it, and the city is printed."""
    at = {}
    for depth, level in enumerate(flags):
        for part in np.flatnonzero(level):
            at[depth, part] = len(at)
    rows = []
    above = np.zeros(1, bool)
    for depth, (level, secret) in enumerate(zip(tree.levels, flags, strict=True)):
        for parent in range(len(above)):
            row = np.zeros(len(at))
            for part in np.flatnonzero(secret & (level.parent == parent)):
                row[at[depth, part]] = 1
            if above[parent]:
                row[at[depth - 1, parent]] = -1
            rows.append(row)
        above = secret
    if not at:
        return []
    sums = np.array(rows)
    rank = np.linalg.matrix_rank(sums)
    return [key for key, j in at.items() if np.linalg.matrix_rank(np.vstack([sums, np.eye(len(at))[j]])) == rank]


@st.composite
def cities(draw):
    """A tree of two to four levels with people, of whom some belong to two groups."""
    levels, count = [], 1
    for depth in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 5 * (depth + 1)))
        ids = np.array([f"{depth}/{i}" for i in range(size)])
        parent = draw(st.lists(st.integers(0, count - 1), min_size=size, max_size=size))
        levels.append(Level(f"level {depth}", ids, ids, np.array(parent, np.int64)))
        count = size
    people = np.array(draw(st.lists(st.sampled_from([0, 1, 2, 5, 9, 10, 11, 30]), min_size=count, max_size=count)))
    people = people + draw(st.integers(0, 1)) * 10
    groups = np.array([[draw(st.integers(0, int(each))) for _ in range(2)] for each in people]).reshape(-1, 2)
    return Tree(tuple(levels)), people.astype(float), groups.astype(float)


@given(cities())
def test_no_hidden_count_can_be_computed_from_the_printed_ones(city):
    tree, people, groups = city
    people, groups = tree.add_up(people), tree.add_up(groups)
    if people[0].sum() < 10 or any(0 < each < 10 or 0 < people[0].sum() - each < 10 for each in groups[0].sum(axis=0)):
        return  # the city as a whole is a small count
    of_all = hide_people(tree, people, below=10)
    of_them = hide_counts(tree, groups, [np.column_stack([each] * 2) for each in people], below=10, hidden=of_all)
    for flags in (of_all, of_them):
        assert determined(tree, flags) == []
    for count, part, all_hidden, part_hidden in zip(people, groups, of_all, of_them, strict=True):
        assert not ((count > 0) & (count < 10) & ~all_hidden).any()
        for each in part.T:
            assert not ((((each > 0) & (each < 10)) | ((count - each > 0) & (count - each < 10))) & ~part_hidden).any()


@given(cities())
def test_what_is_hidden_below_a_printed_part_is_no_small_count_together(city):
    tree, people, _ = city
    sums = tree.add_up(people)
    if sums[0].sum() < 10:
        return
    above = np.zeros(1, bool)
    for level, count, flags in zip(tree.levels, sums, hide_people(tree, sums, below=10), strict=True):
        for parent in np.flatnonzero(~above):
            together = count[flags & (level.parent == parent)]
            assert not len(together) or (len(together) > 1 and together.sum() >= 10)
        above = flags
