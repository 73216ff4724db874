"""The same sites under every rule-set: who is within reach, which fall short, and by how much."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, QuestionError
from planner.rule_sets import Shortfall, compare_rule_sets
from planner.standards import Band, GreenTest, RuleSet, rule_sets
from tests.towns import demand, network, places, random_town

#  One street of 2 000 m. G is a garden of 1 860 m², P a park of 6 000 m², c and d are chosen sites.
#
#      10 people    20                  40       80          160
#  ├───h0───────G───h1──────────────────h2───P───h3─c────────h4───d────┤
#  0   100     300  400                1000 1200 1300 1400   1900 2000
#
#  Metres on foot, which on one straight street are those in a straight line:
#        h0    h1    h2    h3    h4
#  G    200   100   700  1000  1600
#  P   1100   800   200   100   700
#  c   1300  1000   400   100   500
#  d   1900  1600  1000   700   100
#
#  c is 450 m², d 12 000 m².
STREET = network([[0, 0], [2000, 0]], [[0, 1]])
HOMES = demand([[x, 0] for x in (100, 400, 1000, 1300, 1900)], [10, 20, 40, 80, 160]).snapped(STREET, max_access_m=50)


def sites(xs, areas, **named):
    return places([[[x, 0]] for x in xs], area_m2=areas, **named).snapped(STREET, max_access_m=50)


STANDING = {"green": sites([300, 1200], [1860, 6000]), "park": sites([1200], [6000], service="park")}
CHOSEN = sites([1400, 2000], [450, 12_000], service="chosen", status="planned")


def table(standing=STANDING, chosen=CHOSEN, **options):
    rows = compare_rule_sets(HOMES, standing, chosen, **options)
    return {(row.rules.id, row.test.id): row for row in rows}


def test_one_table_holds_every_test_of_every_rule_set():
    assert list(table()) == [
        ("P1", "park-coverage"),
        ("P2", "park-coverage"),
        ("P3", "park-coverage"),
        ("P4", "park-coverage"),
        ("P5", "park-coverage"),
        ("P6", "see-green"),
        ("P6", "see-park"),
    ]


@pytest.mark.parametrize(
    ("row", "before", "after"),
    [
        # P (6 000 m²) serves h2 and h3 within 500 m; G is 140 m² short of 2 000. With d, h4.
        (("P3", "park-coverage"), 40 + 80, 40 + 80 + 160),
        (("P1", "park-coverage"), 40 + 80, 40 + 80 + 160),
        # Any park serves 500 m: P; with c h2, h3 and h4 (500 m exactly), with d h4.
        (("P2", "park-coverage"), 40 + 80, 40 + 80 + 160),
        # G counts from 400 m²: h0 (200 m) and h1 (100 m) as well.
        (("P5", "park-coverage"), 10 + 20 + 40 + 80, 310),
        (("P4", "park-coverage"), 10 + 20 + 40 + 80, 310),
        # 300 m to green from 1 000 m²: G serves h0 and h1, P h2 and h3; c is too small, d serves h4.
        (("P6", "see-green"), 10 + 20 + 40 + 80, 310),
        # 500 m to a park from 1 ha: none today; d serves h4.
        (("P6", "see-park"), 0, 160),
    ],
)
def test_people_are_counted_as_a_pencil_counts_them(row, before, after):
    found = table()[row]
    for reached in (found.on_foot, found.straight):
        assert (reached.served_before, reached.served_after, reached.total) == (before, after, 310)


def test_a_site_that_falls_short_says_by_how_much():
    row = table()["P3", "park-coverage"]
    (garden,) = row.standing_short
    assert (garden.id, garden.status, garden.short_m2) == ("green/0", "standing", 140)
    assert str(garden) == "1,860 m², 140 m² short of 2,000"
    (small,) = row.chosen_short
    assert (small.id, small.status, str(small)) == ("chosen/0", "planned", "450 m², 1,550 m² short of 2,000")
    assert (row.standing, row.chosen) == (2, 2)


def test_under_a_lower_area_nothing_falls_short():
    assert table()["P5", "park-coverage"].standing_short == ()
    assert table()["P5", "park-coverage"].chosen_short == ()
    assert table()["P2", "park-coverage"].chosen_short == ()


def test_who_is_short_of_a_park_s_area_is_listed_the_largest_first():
    row = table()["P6", "see-park"]
    assert [each.id for each in row.standing_short] == ["park/0"]
    more = {**STANDING, "green": sites([300, 400, 500, 1200], [500, 900, 700, 6000])}
    assert [each.area_m2 for each in table(more)["P3", "park-coverage"].standing_short] == [900, 700, 500]


def test_exactly_the_area_counts_and_a_square_metre_less_does_not():
    for area, short in (
        (2000.0, []),
        (1999.6, ["1,999 m², 1 m² short of 2,000"]),
        (1999, ["1,999 m², 1 m² short of 2,000"]),
    ):
        standing = {**STANDING, "green": sites([300], [area])}
        row = table(standing, None)["P3", "park-coverage"]
        assert [str(each) for each in row.standing_short] == short


def test_a_site_of_unknown_area_counts_only_where_any_area_does():
    unknown = {"green": sites([300], [0]), "park": sites([300], [0], service="park")}
    rows = table(unknown, None)
    assert str(rows["P3", "park-coverage"].standing_short[0]) == "area unknown, 2,000 m² needed"
    assert rows["P3", "park-coverage"].on_foot.served_before == 0
    assert rows["P2", "park-coverage"].standing_short == ()
    assert rows["P2", "park-coverage"].on_foot.served_before == 30  # h0 and h1
    assert str(Shortfall("a", "", "standing", np.nan, 400)) == "area unknown, 400 m² needed"


def test_without_chosen_sites_before_and_after_are_the_same():
    for chosen in (None, CHOSEN.kept(np.zeros(2, bool))):
        for row in table(chosen=chosen).values():
            assert row.chosen == 0
            assert row.chosen_short == ()
            for reached in (row.on_foot, row.straight):
                assert reached.after.tolist() == reached.before.tolist()


def test_a_row_is_told_in_a_line():
    assert str(table()["P3", "park-coverage"]) == (
        "P3: within the service radius of a park: on foot 38.7% → 90.3%, in a straight line 38.7% → 90.3%; "
        "1 of 2 chosen sites count (furthest off: chosen/0, 450 m², 1,550 m² short of 2,000)"
    )
    assert str(table(chosen=None)["P6", "see-park"]) == (
        "P6: a park within 500 m: on foot 0.0%, in a straight line 0.0%"
    )


def test_a_row_says_why_its_numbers_differ():
    assert table()["P3", "park-coverage"].why == (
        "0 of the 280 people within the radius walk farther. "
        "1 of 2 standing and 1 of 2 chosen sites are too small and count in none of them."
    )


def test_a_rule_set_of_one_s_own_is_compared_like_the_others():
    wide = GreenTest("any", {"en": "any green"}, (Band("green", 0.0, 100.0),))
    own = RuleSet("own", {"en": "own"}, "town council", "3", "V", (wide,))
    (row,) = table(chosen=None, rules=[own]).values()
    assert row.on_foot.served_before == 20 + 80  # h1 and h3, both 100 m from a site


def test_no_rule_set_gives_an_empty_table():
    assert compare_rule_sets(HOMES, STANDING, CHOSEN, rules=[]) == ()


def test_a_service_that_is_missing_is_named():
    with pytest.raises(QuestionError, match=r"ask for park, and the standing sites given are of green\."):
        table({"green": STANDING["green"]})
    with pytest.raises(QuestionError, match=r"ask for green, park, and .* of no service"):
        table({})


def test_sites_that_are_on_no_street_or_share_an_id_are_refused():
    bare = replace(CHOSEN, door=None)
    with pytest.raises(DataError, match="Snap the standing and the chosen sites"):
        table(chosen=bare)
    with pytest.raises(DataError, match="occur more than once"):
        table(chosen=replace(CHOSEN, ids=np.array(["green/0", "other"])))
    other = network([[0, 0], [2000, 0]], [[0, 1]])
    with pytest.raises(DataError, match="Snap the standing and the chosen sites"):
        table(chosen=replace(CHOSEN, door=None).snapped(other, max_access_m=50))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000))
def test_nobody_is_served_on_foot_who_is_not_in_a_straight_line_and_no_site_takes_service_away(seed):
    _, homes, parks = random_town(seed)
    areas = np.random.default_rng(seed).choice([0, 399, 400, 1999, 2000, 4999, 5000, 10_000], len(parks)).astype(float)
    parks = replace(parks, area_m2=areas)
    half = np.arange(len(parks)) % 2 == 0
    standing = {service: replace(parks.kept(half), service=service) for service in ("green", "park")}
    rows = compare_rule_sets(homes, standing, replace(parks.kept(~half), status="planned"))
    by_id = {(row.rules.id, row.test.id): row for row in rows}
    for row in rows:
        for reached in (row.on_foot, row.straight):
            assert (reached.after >= reached.before).all()
        assert (row.straight.before >= row.on_foot.before).all()
        assert (row.straight.after >= row.on_foot.after).all()
    lenient, strict = by_id["P5", "park-coverage"], by_id["P3", "park-coverage"]
    assert (lenient.on_foot.after >= strict.on_foot.after).all()
    assert {each.id for each in lenient.chosen_short} <= {each.id for each in strict.chosen_short}


def test_the_published_rule_sets_are_the_six_of_the_brief():
    assert {
        id: [[(band.min_area_m2, band.limit_m) for band in test.bands] for test in rules.tests]
        for id, rules in rule_sets().items()  # noqa: A001
    } == {
        "P1": [[(5000, 500), (2000, 300)]],
        "P2": [[(0, 500)]],
        "P3": [[(5000, 500), (2000, 300)]],
        "P4": [[(5000, 500), (400, 300)]],
        "P5": [[(5000, 500), (400, 300)]],
        "P6": [[(1000, 300)], [(10_000, 500)]],
    }
