"""Who goes to school where and when: pupils by place, stage and year, given or from cohorts of children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.ages import Ages
from planner.errors import PeopleError, QuestionError, first
from planner.network import Floats
from planner.schools.stages import Stage


@dataclass(frozen=True)
class Pupils:
    """How many pupils of g stages live at n places in each of t school years."""

    places: NDArray[np.str_]  # (n,)
    stages: tuple[Stage, ...]  # (g,)
    years: tuple[str, ...]  # (t,)
    count: Floats  # (n, g, t)

    def __post_init__(self) -> None:
        shape = (len(self.places), len(self.stages), len(self.years))
        if self.count.shape != shape:
            raise PeopleError(f"Pupils of shape {self.count.shape} are given for places, stages and years {shape}.")
        bad = ~(np.isfinite(self.count) & (self.count >= 0)).all(axis=(1, 2))
        if bad.any():
            raise PeopleError(
                f"{int(bad.sum())} of {len(self.places)} places have negative or missing pupils "
                f"({first(self.places[bad])}). Give 0 or more."
            )

    @property
    def total(self) -> Floats:
        """(g, t) all pupils of each stage and year."""
        return np.asarray(self.count.sum(axis=0))

    def __str__(self) -> str:
        told = []
        for stage, row in zip(self.stages, self.total.tolist(), strict=True):
            counts = [f"{count:,.0f} in {year}" for count, year in zip(row, self.years, strict=True)]
            told.append(f"{stage.title['en']} {', '.join(counts)}")
        return "; ".join(told)


def single_years(people: Floats, classes: Sequence[Ages], up_to: int) -> Floats:
    """(n, up_to) people of each year of age, from age classes (n, k), each spread evenly over its years."""
    found = np.zeros((len(people), up_to))
    for column, ages in enumerate(classes):
        if ages.low >= up_to:
            continue
        if not np.isfinite(ages.high):
            raise PeopleError(f"The age class {ages} has no upper end, and ages below {up_to} are asked for. Part it.")
        width = int(ages.high) - ages.low + 1
        found[:, ages.low : min(int(ages.high) + 1, up_to)] += people[:, [column]] / width
    return found


def forecast_pupils(
    children: Floats,
    places: NDArray[np.str_],
    *,
    stages: Sequence[Stage],
    counted: int,
    years: Sequence[int],
    births: Mapping[int, float] | None = None,
    moving: float | Floats = 0.0,
    private: Mapping[str, float] | None = None,
) -> Pupils:
    """Pupils by cohort survival: who is a years old in year `counted` is a + 1 years old in the next.

    `children` (n, a) are those of each year of age 0, 1, … at the start of the school year `counted`. `births` tells
    for later years how many are then 0 years old in the whole city, shared over the places as the age of 0 is today.
    `moving` is the share by which every cohort grows in a year, of all or of each place (n,): those who move in less
    those who leave. `private` is the share of each stage in schools that are not planned here. Nobody is rounded.

        n_igt = (1 − private_g) (1 + moving_i)^(t − t0) Σ_{a ∈ g} c_i(a − (t − t0)),   c_i(−b) = births(t0 + b) s_i

    Smith, Tayman & Swanson (2013), A practitioner's guide to state and local population projections.
    """
    born, grows = dict(births or {}), np.broadcast_to(np.asarray(moving, np.float64), len(places))
    leaves = dict(private or {})
    _refuse(children, places, stages, counted, years, born, grows, leaves)
    newest = children[:, 0] if children[:, 0].any() else children.sum(axis=1)
    share = newest / newest.sum() if newest.any() else np.zeros(len(newest))
    count = np.zeros((len(places), len(stages), len(years)))
    for t, year in enumerate(years):
        later = year - counted
        for g, stage in enumerate(stages):
            then = np.zeros(len(places))
            for age in range(stage.ages.low, int(stage.ages.high) + 1):
                then += children[:, age - later] if age >= later else born[counted + later - age] * share
            count[:, g, t] = (1 - leaves.get(stage.id, 0.0)) * (1 + grows) ** later * then
    return Pupils(places, tuple(stages), tuple(map(str, years)), count)


def _refuse(  # noqa: C901  (one fault after the other)
    children: Floats,
    places: NDArray[np.str_],
    stages: Sequence[Stage],
    counted: int,
    years: Sequence[int],
    births: Mapping[int, float],
    moving: Floats,
    private: Mapping[str, float],
) -> None:
    """All that keeps children from becoming pupils, at once."""
    faults = []
    if len(children) != len(places):
        faults.append(f"{len(children)} rows of children are given for {len(places)} places. Give one for each.")
    elif (bad := ~(np.isfinite(children) & (children >= 0)).all(axis=1)).any():
        faults.append(
            f"{int(bad.sum())} places have negative or missing children ({first(places[bad])}). Give 0 or more."
        )
    if early := [year for year in years if year < counted]:
        faults.append(f"{len(early)} years lie before the count of {counted} ({first(early)}). Ask for later ones.")
    asked = [(year - counted, age) for year in years for s in stages for age in range(s.ages.low, int(s.ages.high) + 1)]
    oldest = max((age - later for later, age in asked), default=0)
    if oldest >= children.shape[1]:
        faults.append(
            f"Children up to the age of {oldest} are needed, and those up to {children.shape[1] - 1} are given. "
            "Give each year of age a column."
        )
    needed = sorted({counted + later - age for later, age in asked if later > age} - set(births))
    if needed:
        faults.append(
            f"The births of {len(needed)} years are needed ({first(needed)}). "
            "Give in births how many are then 0 years old."
        )
    if wrong := sorted(year for year, number in births.items() if not 0 <= number < np.inf):
        faults.append(f"The births of {len(wrong)} years are negative or missing ({first(wrong)}). Give 0 or more.")
    if not (np.isfinite(moving) & (moving > -1)).all():
        faults.append("A share of people who move is missing, or takes more than everybody. Give more than -1.")
    if odd := sorted(key for key, share in private.items() if not 0 <= share <= 1):
        faults.append(f"{len(odd)} shares of private schools are none ({first(odd)}). Give 0 to 1.")
    if unknown := sorted(set(private) - {stage.id for stage in stages}):
        faults.append(f"{len(unknown)} shares of private schools are of no stage asked for ({first(unknown)}).")
    if faults:
        raise QuestionError("\n".join(faults))
