"""How much there is for each, when those in reach share it."""

import warnings
from dataclasses import replace

import access as pysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.access import measure_2sfca, measure_3sfca, measure_e2sfca
from planner.decay import ExponentialDecay, GaussianDecay, LinearDecay, StepDecay
from planner.errors import DataError, QuestionError
from planner.reach import Reach, measure_nearest, measure_reach
from tests.towns import demand, network, places, random_town

#  home/0 ── 100 m ── school/0 ── 100 m ── home/1 ── 200 m ── school/1 ── 600 m ── home/2
#  20 people          30 seats             40 people          50 seats             10 people
STREET = network([[0, 0], [1000, 0]], [[0, 1]])
HOMES = demand([[0, 0], [200, 0], [1000, 0]], [20, 40, 10]).snapped(STREET, max_access_m=50)
SCHOOLS = places([[[100, 0]], [[400, 0]]]).snapped(STREET, max_access_m=50)
REACH = measure_reach(HOMES, SCHOOLS, limit_m=400)
SEATS = [30, 50]
BANDS = StepDecay((100, 400), (1.0, 0.5))


def test_two_steps_share_each_school_among_all_who_reach_it():
    #  within 200 m: school/0 30 / (20 + 40) = 0.5, school/1 50 / 40 = 1.25
    access = measure_2sfca(REACH, HOMES, SEATS, limit=200)
    assert access.ratio.tolist() == [0.5, 1.25]
    assert access.access.tolist() == [0.5, 1.75, 0.0]
    assert (access.shared, access.mean, access.without) == (80.0, 80 / 70, 10.0)
    assert str(access) == (
        "2SFCA: 80 places for 70 people, 1,142.86 for each 1,000; 10 people have none; 0 facilities reach nobody"
    )


def test_bands_let_a_farther_school_count_less():
    #  weights: school/0 1 and 1; school/1 (400 m and 200 m) 0.5 and 0.5
    #  school/0 30 / (20 + 40) = 0.5; school/1 50 / (0.5·20 + 0.5·40) = 5/3
    access = measure_e2sfca(REACH, HOMES, SEATS, decay=BANDS)
    assert access.ratio == pytest.approx([0.5, 5 / 3])
    assert access.access == pytest.approx([0.5 + 5 / 6, 0.5 + 5 / 6, 0.0])


def test_three_steps_let_those_with_a_choice_ask_less_of_each():
    #  home/0 and home/1 reach both schools with 1 and 0.5, so they choose them 2/3 to 1/3:
    #  weights 1 · 2/3 and 0.5 · 1/3. school/0 30 / (60 · 2/3) = 0.75; school/1 50 / (60 · 1/6) = 5
    access = measure_3sfca(REACH, HOMES, SEATS, decay=BANDS)
    assert access.ratio == pytest.approx([0.75, 5.0])
    assert access.access == pytest.approx([0.75 * 2 / 3 + 5 / 6, 0.75 * 2 / 3 + 5 / 6, 0.0])


def test_with_one_school_in_reach_three_steps_are_two():
    one = REACH.only(np.array([True, False]))
    two, three = (measure(one, HOMES, SEATS, decay=BANDS) for measure in (measure_e2sfca, measure_3sfca))
    assert three.access == pytest.approx(two.access, abs=1e-12)


def test_a_facility_that_nobody_reaches_is_idle_and_its_seats_are_nobodys():
    access = measure_2sfca(REACH, HOMES, SEATS, limit=100)
    assert access.idle.tolist() == [False, True]
    assert (access.shared, access.ratio[1]) == (30.0, 0.0)


def test_a_limit_of_nothing_is_no_limit_left_out():
    at_the_door = measure_reach(HOMES, places([[[0, 0]]]).snapped(STREET, max_access_m=50), limit_m=400)
    assert measure_2sfca(at_the_door, HOMES, [10], limit=0).access.tolist() == [0.5, 0.0, 0.0]


def test_one_group_alone_can_ask_for_the_seats():
    children = replace(HOMES, people=np.array([[20.0, 5], [40, 0], [10, 2]]), groups=("people", "children"))
    access = measure_2sfca(REACH, children, SEATS, limit=200, group="children")
    assert access.access.tolist() == [6.0, 6.0, 0.0]
    assert access.idle.tolist() == [False, True]
    with pytest.raises(QuestionError, match=r"no group 'pupils'. There are: people, children"):
        measure_2sfca(REACH, children, SEATS, group="pupils")
    nobody = replace(children, people=children.people * [1, 0])
    with pytest.raises(QuestionError, match="nobody in the group 'children'"):
        measure_2sfca(REACH, nobody, SEATS, group="children")


def test_seconds_are_weighed_in_seconds_only():
    seconds = replace(REACH, unit="s")
    assert measure_2sfca(seconds, HOMES, SEATS, limit=200).access.tolist() == [0.5, 1.75, 0.0]
    with pytest.raises(QuestionError, match="decay is in 'm', and the reach is measured in 's'"):
        measure_e2sfca(seconds, HOMES, SEATS, decay=BANDS)


@pytest.mark.parametrize(
    ("seats", "said"),
    [
        ([np.nan, 50], r"1 of 2 facilities have a negative, missing or infinite.*first: green/0; 1 missing.*Give each"),
        ([30, -1], r"1 of 2 facilities .*first: green/1; 0 missing"),
        ([30, np.inf], r"infinite capacity \(first: green/1"),
        ([0, 0], r"None of the 2 facilities has any capacity \(first: green/0, green/1\)"),
        ([30], r"shape \(1,\) for 2 facilities. Give one number"),
        ([[30, 50]], r"shape \(1, 2\)"),
    ],
)
def test_capacities_that_make_no_sense_are_refused_and_the_first_are_named(seats, said):
    for measure in (
        measure_2sfca,
        lambda *asked: measure_e2sfca(*asked, decay=BANDS),
        lambda *asked: measure_3sfca(*asked, decay=BANDS),
    ):
        with pytest.raises(QuestionError, match=said):
            measure(REACH, HOMES, seats)


def test_all_faults_are_told_at_once():
    with pytest.raises(QuestionError) as refused:
        measure_e2sfca(REACH, HOMES, [np.nan, 1], decay=LinearDecay(0, 500))
    assert len(str(refused.value).splitlines()) == 2
    assert "measured up to 400. Measure again up to 500." in str(refused.value)


def test_a_reach_too_short_empty_or_of_other_places_is_refused():
    with pytest.raises(QuestionError, match=r"ends at 401 m, and this reach was measured up to 400"):
        measure_2sfca(REACH, HOMES, SEATS, limit=401)
    with pytest.raises(QuestionError, match=r"None of the 2 facilities \(first: green/0, green/1\) has anybody within"):
        measure_2sfca(REACH, HOMES, SEATS, limit=50)
    none = measure_reach(HOMES, places([]).snapped(STREET, max_access_m=50), limit_m=400)
    with pytest.raises(QuestionError, match="None of the 0 facilities"):
        measure_2sfca(none, HOMES, [])
    with pytest.raises(DataError, match=r"other places than this demand: 3 \(first: home/0, home/1, home/2\), not 1"):
        measure_2sfca(REACH, demand([[0, 0]]), SEATS)
    with pytest.raises(DataError, match="other places"):
        measure_2sfca(REACH, HOMES.kept(np.array([2, 1, 0])), SEATS)


def test_a_decay_that_leaves_next_to_nobody_is_refused_instead_of_infinite():
    tiny = Reach.of_pairs(
        np.array([0, 0]), np.array([0, 1]), np.array([714.0, 0.0]), limit=1000, metric="walk",
        demand_ids=np.array(["a"]), facility_ids=np.array(["far", "near"]),
    )  # fmt: skip
    home = replace(demand([[0, 0]]), ids=np.array(["a"]))
    with pytest.raises(QuestionError, match=r"next to nobody to 1 facilities \(first: far\)"):
        measure_e2sfca(tiny, home, [1e9, 1], decay=ExponentialDecay(1, 1000))


DECAYS = [StepDecay((150, 300), (1, 0.4)), LinearDecay(50, 500), ExponentialDecay(150, 500), GaussianDecay(150, 500)]


def measured(seed, decay):
    """A random town with capacities, and its access by all three methods."""
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=600)
    seats = np.random.default_rng(seed).integers(0, 90, len(parks)) + 1.0
    if not reach.within(decay.limit).columns.pairs:
        return None
    return (homes, reach, seats), (
        measure_2sfca(reach, homes, seats, limit=decay.limit),
        measure_e2sfca(reach, homes, seats, decay=decay),
        measure_3sfca(reach, homes, seats, decay=decay),
    )


def directly(distance, people, seats, share, choosing):
    """(n,) access by the formulas as they stand, over all pairs (n, m), one after another."""
    n, m = distance.shape
    weight = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            weight[i, j] = share(distance[i, j])
    if choosing:
        for i in range(n):
            total = sum(weight[i, j] for j in range(m))
            for j in range(m):
                weight[i, j] *= weight[i, j] / total if total else 0
    access = [0.0] * n
    for j in range(m):
        comers = sum(people[i] * weight[i, j] for i in range(n))
        for i in range(n):
            access[i] += seats[j] / comers * weight[i, j] if comers else 0
    return access


@given(st.integers(0, 100_000), st.sampled_from(DECAYS))
def test_access_is_what_the_formulas_give_over_all_pairs(seed, decay):
    found = measured(seed, decay)
    if found is None:
        return
    (homes, reach, seats), by_method = found
    distance = np.full((len(homes.ids), len(seats)), np.inf)
    distance[reach.place, reach.facility] = reach.distance
    shares = [lambda x: float(x <= decay.limit)] + 2 * [lambda x: float(decay.at(np.array([x]))[0])]
    for access, share, choosing in zip(by_method, shares, (False, False, True), strict=True):
        expected = directly(distance, homes.people[:, 0], seats, share, choosing)
        assert access.access == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.integers(0, 100_000), st.sampled_from(DECAYS))
def test_what_people_have_together_is_the_capacity_that_somebody_reaches(seed, decay):
    found = measured(seed, decay)
    if found is None:
        return
    (homes, reach, seats), by_method = found
    near = reach.within(decay.limit)
    for access in by_method:
        assert np.sum(homes.people[:, 0] * access.access) == pytest.approx(access.shared, rel=1e-9)
        assert access.mean * homes.total == pytest.approx(access.shared, rel=1e-9)
    assert by_method[0].shared == seats[near.weighed(homes.people[:, 0]) > 0].sum()


@given(st.integers(0, 100_000), st.sampled_from(DECAYS))
def test_twice_the_seats_are_twice_the_access_and_twice_the_people_half(seed, decay):
    found = measured(seed, decay)
    if found is None:
        return
    (homes, reach, seats), (_, once, _) = found
    twice = measure_e2sfca(reach, homes, 2 * seats, decay=decay)
    crowded = measure_e2sfca(reach, replace(homes, people=2 * homes.people), seats, decay=decay)
    assert twice.access == pytest.approx(2 * once.access)
    assert crowded.access == pytest.approx(once.access / 2)


@given(st.integers(0, 100_000))
def test_access_is_the_same_to_the_last_bit_however_the_reach_is_kept(seed):
    _, homes, parks = random_town(seed)
    reach = measure_reach(homes, parks, limit_m=600)
    if not reach.columns.pairs:
        return
    row = np.argsort(-reach.place, kind="stable")
    rebuilt = Reach.of_pairs(
        reach.place[row], reach.facility[row], reach.distance[row], limit=600, metric="walk",
        demand_ids=reach.demand_ids, facility_ids=reach.facility_ids,
    )  # fmt: skip
    seats = np.arange(len(parks)) + 1
    decay = GaussianDecay(200, 600)
    assert (
        measure_3sfca(reach, homes, seats, decay=decay).access.tobytes()
        == measure_3sfca(rebuilt, homes, seats, decay=decay).access.tobytes()
    )


def test_the_nearest_alone_are_no_catchment():
    with pytest.raises(AttributeError):
        measure_2sfca(measure_nearest(HOMES, SCHOOLS, limit_m=400), HOMES, SEATS)


def pysal_access(reach, people, seats, decay, weight):
    """(places that reach something,) by each method of PySAL's package, which drops the others; and those places."""
    near = reach.within(decay.limit)
    with warnings.catch_warnings(action="ignore"):  # of pandas, about how the package uses it
        its = pysal.Access(
            demand_df=pd.DataFrame({"place": np.arange(len(people)), "people": people}),
            demand_index="place",
            demand_value="people",
            supply_df=pd.DataFrame({"place": np.arange(len(seats)), "seats": seats}),
            supply_index="place",
            supply_value="seats",
            cost_df=pd.DataFrame({"origin": near.place, "dest": near.facility, "cost": near.distance}),
            cost_origin="origin",
            cost_dest="dest",
            cost_name="cost",
        )
        its.two_stage_fca(name="2SFCA", max_cost=decay.limit)
        its.enhanced_two_stage_fca(name="E2SFCA", max_cost=decay.limit, weight_fn=weight)
        its.three_stage_fca(name="3SFCA", max_cost=decay.limit, weight_fn=weight)
    reached = np.unique(near.place)
    return reached, {name: its.access_df[f"{name}_seats"].to_numpy()[reached] for name in ("2SFCA", "E2SFCA", "3SFCA")}


#  PySAL's own hospital example: two suburbs and a city in the middle, each with residents and doctors; minutes.
#
#      suburb 0 ─────── city 2 ─────── suburb 1          one's own hospital is 1 minute away, suburb to suburb is 80
#      100 residents    10             50                (40 on the last day), and nobody travels longer than 60
#      15 doctors       100            20
#
#  A hospital counts 1 / minutes. On a day of gridlock, 40 minutes in and out of the city:
#  R_0 = 15 / (100 + 10/40) = 0.149626, R_1 = 20 / (50 + 10/40) = 0.398010, R_2 = 100 / (10 + 150/40) = 7.272727
#  A_0 = R_0 + R_2/40 = 0.331444, A_1 = R_1 + R_2/40 = 0.579828, A_2 = R_2 + R_0/40 + R_1/40 = 7.286418
RESIDENTS, DOCTORS = [100, 50, 10], [15, 20, 100]
DAYS = {"gridlock": (40, 40, 80), "toll lane in": (20, 40, 80), "toll lane out": (40, 20, 80), "both": (20, 20, 40)}
MINUTES = StepDecay((1, 20, 40, 60), (1, 1 / 20, 1 / 40, 1 / 60), "s")


def hospitals(day):
    into, out, across = DAYS[day]
    minutes = np.array([[1, across, into], [across, 1, into], [out, out, 1]], float)
    place, facility = np.indices((3, 3)).reshape(2, -1)
    return Reach.of_pairs(
        place, facility, minutes.ravel(), limit=60, metric="walk", unit="s",
        demand_ids=np.array([f"home/{i}" for i in range(3)]), facility_ids=np.array(["north", "south", "city"]),
    )  # fmt: skip


def test_the_hospitals_in_gridlock_are_as_the_pencil_has_them():
    found = measure_e2sfca(hospitals("gridlock"), demand([[0, 0]] * 3, RESIDENTS), DOCTORS, decay=MINUTES)
    assert found.ratio == pytest.approx([0.149626, 0.398010, 7.272727], abs=1e-6)
    assert found.access == pytest.approx([0.331444, 0.579828, 7.286418], abs=1e-6)


@pytest.mark.parametrize("day", DAYS)
def test_pysal_finds_the_same_access_to_its_own_hospitals(day):
    reach, residents = hospitals(day), demand([[0, 0]] * 3, RESIDENTS)
    reached, theirs = pysal_access(reach, residents.people[:, 0], DOCTORS, MINUTES, lambda minutes: 1 / minutes)
    assert reached.tolist() == [0, 1, 2]
    assert theirs["2SFCA"] == pytest.approx(measure_2sfca(reach, residents, DOCTORS).access, abs=1e-6)
    for measure in (measure_e2sfca, measure_3sfca):
        ours = measure(reach, residents, DOCTORS, decay=MINUTES)
        assert theirs[ours.method] == pytest.approx(ours.access, abs=1e-6)


@pytest.mark.parametrize("decay", DECAYS)
def test_pysal_finds_the_same_access_in_a_random_town(decay):
    (homes, reach, seats), by_method = measured(7, decay)
    weight = lambda away: float(decay.at(np.array([away]))[0])
    reached, theirs = pysal_access(reach, homes.people[:, 0], seats, decay, weight)
    for ours in by_method:
        assert theirs[ours.method] == pytest.approx(ours.access[reached], rel=1e-9, abs=1e-12)
