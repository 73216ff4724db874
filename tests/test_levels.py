"""Centres of two levels, the higher serving as the lower too: against trying all plans, in both readings of cover."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.demand import Units
from planner.errors import QuestionError
from planner.levels import Level, LevelPlan, site_levels
from planner.presence import Presence, measure_presence
from planner.rules import Quota, Rules
from planner.siting import cover_most_people
from planner.standards import standard
from tests.test_siting import GREEN, joined, street, towns

FAR = replace(standard("park-500"), min_area_m2=0.0)

#  Each character is 100 m of a street. A station serves 300 m either way; a centre serves 500 m as a centre, and as a
#  station too.
#
#      homes   9....1......4...5
#      sites   .a.......b.....c.
#
#  One centre and one station: a as the centre serves 9 at both levels and, 400 m away, 1 as a centre only; c as a
#  station serves 5.  As the centre, c would serve 5 + 5, and 4 at 300 m at both levels.

HOMES, SITES = "9....1......4...5", ".a.......b.....c."


def levels(stations: int = 1, centres: int = 1, **more: object) -> list[Level]:
    return [Level("station", GREEN, stations, **more), Level("centre", FAR, centres, **more)]


def at(plan: LevelPlan) -> dict[str, str]:
    return dict(zip(plan.opened, plan.level, strict=True))


def test_a_centre_serves_as_a_station_too():
    demand, reach = street(HOMES, SITES, limit_m=500)
    plan = site_levels(demand, reach, levels())
    #  a centre, c station: stations reach 9 (a) + 4 + 5 (c), centres 9 + 1.  c centre, a station: stations 18,
    #  centres 4 + 5.  The first is better by one.
    assert at(plan) == {"a": "centre", "c": "station"}
    assert plan.objective == plan.bound == 18 + 10
    assert plan.ending == "proven"
    assert [(served.level, served.people_after) for served in plan.levels] == [("station", 18), ("centre", 10)]
    assert str(plan) == "1 station, 1 centre: +28 people, proven best (gap 0.00%)"


def test_what_stands_at_a_higher_level_serves_the_lower_one():
    demand, reach = street(HOMES, SITES, limit_m=500)
    _, standing = street(HOMES, "a................", limit_m=500)
    plan = site_levels(demand, reach, [Level("station", GREEN, 1), Level("centre", FAR, 0, standing=standing)])
    assert at(plan) == {"c": "station"}
    assert plan.levels[0].people_before == 9
    assert plan.objective == 9


def test_a_site_too_small_for_a_level_is_none_of_it():
    demand, reach = street(HOMES, SITES, limit_m=500)
    small = np.array([False, True, True])
    plan = site_levels(demand, reach, [Level("station", GREEN, 1), Level("centre", FAR, 1, holds=small)])
    assert at(plan)["a"] == "station"


def in_thirds(demand, reach):
    """The street in three communities: west (9, 1), middle (4), east (5); a lies in the west, b in the middle."""
    units = Units(np.array(["w", "m", "e"]), np.array(["west", "middle", "east"]), "community", np.empty(3, object))
    return replace(demand, units=units, unit=np.array([0, 0, 1, 2])), np.array([0, 1, 2])


def test_full_cover_has_two_readings_and_each_may_come_first():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    own = measure_presence(demand, reach, unit, limit_m=300, share=None)
    one = [Level("station", GREEN, 2, presence=own)]
    plan = site_levels(demand, reach, one)
    assert set(plan.opened) == {"a", "c"}  # 9 + 4 + 5 people; c alone reaches the middle
    assert plan.objective == 18
    assert plan.levels[0].missing == ("middle",)
    assert (plan.present, plan.most_present) == (2, 2)
    three = [Level("station", GREEN, 3, presence=own)]
    assert site_levels(demand, reach, three).levels[0].missing == ()
    #  Two stations anywhere make two communities present; among these pairs a and c serve the most people.
    assert set(site_levels(demand, reach, one, before="presence").opened) == {"a", "c"}


def test_a_community_may_share_the_station_of_a_neighbour_within_reach():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    shared = measure_presence(demand, reach, unit, limit_m=300)  # c has all of the middle's people within 300 m
    pairs = set(zip(shared.names[shared.unit].tolist(), reach.facility_ids[shared.site].tolist(), strict=True))
    assert ("middle", "c") in pairs
    plan = site_levels(demand, reach, [Level("station", GREEN, 2, presence=shared)])
    assert plan.levels[0].missing == ()
    assert plan.present == 3


def test_presence_that_stands_already_is_not_gained():
    demand, reach = street(HOMES, SITES, limit_m=500)
    demand, unit = in_thirds(demand, reach)
    _, standing = street(HOMES, "........x........", limit_m=500)
    own = measure_presence(demand, reach, unit, limit_m=300, share=None, standing=standing, standing_unit=np.array([1]))
    assert own.today.tolist() == [False, True, False]
    plan = site_levels(demand, reach, [Level("station", GREEN, 2, standing=standing, presence=own)])
    assert plan.levels[0].present_before == 1
    assert plan.levels[0].missing == ()


@pytest.mark.parametrize(
    ("asked", "rules", "words"),
    [
        ([], Rules(), "No level is given"),
        ([*levels(), *levels()], Rules(), "2 levels are given more than once"),
        (levels(-1), Rules(), "Give 0 or more of both"),
        (levels(holds=np.ones(2, bool)), Rules(), "`holds` has 2 entries for 3 candidates"),
        (levels(), Rules(cost=np.ones(3), budget=2.0), "no one cost"),
        (levels(), Rules(must_keep=["z"]), "1 ids in must_keep are no candidates"),
    ],
)
def test_what_contradicts_itself_is_refused(asked, rules, words):
    with pytest.raises(QuestionError, match=words):
        site_levels(*street(HOMES, SITES, limit_m=500), asked, rules=rules)


def test_a_reach_too_short_for_a_level_is_refused():
    with pytest.raises(QuestionError, match="centre: The reach to the candidates was measured up to 300 m"):
        site_levels(*street(HOMES, SITES, limit_m=300), levels())


def test_rules_that_contradict_each_other_are_named():
    with pytest.raises(QuestionError, match="a is opened") as error:
        site_levels(*street(HOMES, SITES, limit_m=500), levels(0, 0), rules=Rules(must_keep=["a"]))
    assert "at most 0 sites of centre" in str(error.value)


@st.composite
def programmes(draw: st.DrawFn):
    """A town of at most four candidates, two levels, and units in which each should be present."""
    demand, reach, parks, _, keep, forbid = draw(towns().filter(lambda town: len(town[1].facility_ids) <= 4))
    m, n = len(reach.facility_ids), len(demand.ids)
    made = []
    for name, rule in (("station", GREEN), ("centre", FAR)):
        where = None
        if draw(st.booleans()):
            pairs = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, m - 1)), unique=True, max_size=5))
            unit, site = np.array(pairs, np.int64).reshape(-1, 2).T
            where = Presence(
                np.array(["u", "v", "w"]), unit, site, np.array(draw(st.lists(st.booleans(), min_size=3, max_size=3)))
            )
        made.append(
            Level(
                name,
                rule,
                draw(st.integers(0, 2)),
                standing=parks if rule is GREEN and draw(st.booleans()) else None,
                holds=np.array(draw(st.lists(st.booleans(), min_size=m, max_size=m))),
                weight=draw(st.integers(1, 2)),
                presence=where,
            )
        )
    ids = reach.facility_ids.tolist()
    quotas = [Quota("some", ids[:2], draw(st.integers(0, 1)), 2)] if draw(st.booleans()) else []
    assert n
    return (
        demand,
        reach,
        parks,
        made,
        Rules(keep[:1], forbid, quotas=quotas),
        draw(st.sampled_from(["people", "presence"])),
    )


def every_plan(reach, made, rules):
    """For each candidate its level, or none: all that keep the rules."""
    ids = reach.facility_ids.tolist()
    for plan in product((None, 0, 1), repeat=len(ids)):
        opened = {ids[j] for j, level in enumerate(plan) if level is not None}
        if not set(rules.must_keep) <= opened or opened & set(rules.forbid):
            continue
        if any(plan.count(number) > level.new_sites for number, level in enumerate(made)):
            continue
        if any(level is not None and not made[level].holds[j] for j, level in enumerate(plan)):
            continue
        if all(quota.at_least <= len(opened & set(quota.sites)) <= quota.at_most for quota in rules.quotas):
            yield plan


def worth(demand, reach, parks, made, plan):
    """People by weight, as coverage counts them, and units newly present."""
    people = units = 0.0
    for number, level in enumerate(made):
        serves = np.array([at is not None and at >= number for at in plan])
        stands = any(above.standing is not None for above in made[number:])
        together = (
            joined(reach, parks).within(level.standard.limit_m) if stands else reach.within(level.standard.limit_m)
        )
        old = np.ones(len(parks.facility_ids) if stands else 0, bool)
        before = measure_coverage(together, demand, level.standard, open=np.concatenate([serves & False, old]))
        after = measure_coverage(together, demand, level.standard, open=np.concatenate([serves, old]))
        people += level.weight * (after.served - before.served)
        if (where := level.presence) is not None:
            units += len(set(where.unit[serves[where.site]].tolist()) - set(np.flatnonzero(where.today).tolist()))
    return people, units


@given(programmes())
def test_no_other_plan_is_better_in_the_reading_that_comes_first_or_then_in_the_other(programme):
    demand, reach, parks, made, rules, before = programme
    made = [replace(level, standing=None) if level.standard is FAR else level for level in made]
    plans = list(every_plan(reach, made, rules))
    if not plans:
        with pytest.raises(QuestionError):
            site_levels(demand, reach, made, rules=rules, before=before)
        return
    found = site_levels(demand, reach, made, rules=rules, before=before)
    names = [level.name for level in made]
    of = dict(zip(found.sites.tolist(), found.level, strict=True))
    mine = tuple(names.index(of[j]) if j in of else None for j in range(len(reach.facility_ids)))
    assert mine in plans
    people, units = worth(demand, reach, parks, made, mine)
    order = (lambda pair: pair) if before == "people" else (lambda pair: pair[::-1])
    best = max((worth(demand, reach, parks, made, plan) for plan in plans), key=order)
    assert (people, units) == pytest.approx(best)
    assert found.objective == pytest.approx(people)
    assert found.present == units
    assert found.ending == "proven"


@given(towns())
def test_one_level_is_the_question_without_levels(town):
    demand, reach, parks, new_sites, keep, forbid = town
    rules = Rules(keep, forbid)
    plan = site_levels(demand, reach, [Level("green", GREEN, new_sites, standing=parks)], rules=rules)
    whole = cover_most_people(demand, reach, GREEN, new_sites=new_sites, standing=parks, rules=rules)
    assert plan.objective == whole.objective
