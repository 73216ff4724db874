"""Primary schools that feed one junior school each, against trying all links."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import QuestionError
from planner.schools.choices import nearest_schools
from planner.schools.feeders import feeder_links
from tests.test_schools import pupils_of, reach_of, schools_of, small

#      home 0 (3)  home 1 (1)  │  home 2 (2)        classes of 2; home 0 and 1 go to primary school 0, home 2 to 1
#        10│         20│       │    30│             junior schools 2 and 3, one class each
#      school 2     school 3      school 3
#
#  From home 0 school 3 is 200 away, from home 1 school 2 is 250, from home 2 school 2 is 290.

OF = [small("primary"), small("junior")]
METRES = [[0, None, 10, 200], [10, None, 250, 20], [None, 0, 290, 30]]
CLASSES = [[9, 0], [9, 0], [0, 1], [0, 1]]


def seated(metres=METRES, classes=CLASSES, junior=(3, 1, 2), limit=300):
    pupils = pupils_of([[1, n] for n in junior], OF)
    reach = reach_of(metres, limit=limit)
    return nearest_schools(pupils, schools_of(classes, OF), reach), reach


def test_class_mates_stay_together():
    links = feeder_links(*seated(), limits={"junior": 300})
    assert links.junior.tolist() == ["school/2", "school/3"]
    assert links.zones.tolist() == [2, 2, 3]
    #  4 pupils in school 2 and 2 in school 3: 2 beyond standard classes; without links 3 and 3, as many
    assert (links.more("unserved"), links.more("walk")) == (0, pytest.approx(250 - 20))
    assert (links.apart, links.unzoned, links.too_far.tolist()) == (1, 0, [0, 0])
    assert str(links).splitlines() == [
        "school/0 → school/2: 4 pupils",
        "school/1 → school/3: 2 pupils",
        "links, proven best: +230 pupil-metres, +0 pupils beyond standard classes, +0 without a school",
        "without them 1 pupils part from their class-mates",
    ]


def test_a_link_needs_a_school_that_enough_of_them_reach():
    metres = [[0, None, 10, None], [10, None, None, 20], [None, 0, None, 30]]
    links = feeder_links(*seated(metres))
    assert links.junior.tolist() == ["", "school/3"]
    assert links.more("unserved") == 4
    most = feeder_links(*seated(metres), least_share=0.75)
    assert most.junior.tolist() == ["school/2", "school/3"]
    assert most.too_far.tolist() == [1, 0]
    assert most.linked.worth["walk"] == pytest.approx(3 * 10 + 2 * 30)


def test_pupils_in_no_primary_zone_are_told():
    links = feeder_links(*seated([[0, None, 10, 200], [None, None, 250, 20], [None, 0, 290, 30]]))
    assert links.unzoned == 1
    assert links.zones.tolist() == [2, -1, 3]


def test_what_a_plan_does_not_have_is_refused():
    plan, reach = seated()
    with pytest.raises(QuestionError, match=r"The plan has no year 1999. Its years are 2026."):
        feeder_links(plan, reach, year="1999")
    with pytest.raises(QuestionError, match=r"The plan is of primary, junior, not of senior. Plan both stages."):
        feeder_links(plan, reach, junior="senior")
    with pytest.raises(QuestionError, match="0 is no share"):
        feeder_links(plan, reach, least_share=0)


@st.composite
def towns(draw):
    n = draw(st.integers(1, 5))
    metres = [[draw(st.none() | st.integers(0, 3).map(lambda d: 100 * d)) for _ in range(5)] for _ in range(n)]
    classes = [[9, 0], [9, 0], *([0, draw(st.integers(0, 2))] for _ in range(3))]
    return metres, classes, draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))


@settings(max_examples=60, deadline=None)
@given(towns(), st.sampled_from([0.5, 1.0]))
def test_links_are_as_good_as_any(town, least_share):
    metres, classes, junior = town
    plan, reach = seated(*town)
    links = feeder_links(plan, reach, least_share=least_share)
    zone = plan.zones("primary", "2026")
    total = [sum(n for n, z in zip(junior, zone, strict=True) if z == p) for p in (0, 1)]
    best = None
    for to in product([2, 3, 4, -1], repeat=2):
        load, walk, unserved, holds = [0.0] * 5, 0.0, 0.0, True
        for p, j in enumerate(to):
            if j < 0:
                unserved += total[p]
                continue
            near = [(n, metres[i][j]) for i, n in enumerate(junior) if zone[i] == p and metres[i][j] is not None]
            holds &= total[p] == 0 or (classes[j][1] > 0 and sum(n for n, _ in near) >= least_share * total[p])
            load[j] += total[p]
            walk += sum(n * d for n, d in near)
        over = [sum(max(0.0, load[j] - size * classes[j][1]) for j in (2, 3, 4)) for size in (4, 3, 2)]
        if holds and (best is None or (unserved, *over, walk) < best):
            best = (unserved, *over, walk)
    assert links.linked.ending == "proven"
    assert tuple(level.value for level in links.linked.levels) == pytest.approx(best)
    if least_share == 1:
        values = [tuple(level.value for level in each.levels) for each in (links.free, links.linked)]
        assert values[0] <= tuple(value + 1e-4 for value in values[1])
