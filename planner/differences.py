"""Why residential land, people in a straight line and people on foot differ, in figures that were measured.

The official measure weighs a square metre like any other, whoever lives there; people are where homes are; and a walk
is longer than the line.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.demand import Demand
from planner.land import in_words
from planner.land_cover import LandCoverage
from planner.network import Flags

HECTARE_M2 = 1e4


@dataclass(frozen=True)
class Differences:
    """What lies between the three numbers of the same green."""

    people: float
    straight: float  # people within the radius in a straight line
    farther: float  # of them those who walk farther than it, or reach nothing on foot
    off_street: float  # of these, those far from every street
    land_m2: float  # 0 where no residential land is known, and so are the figures below
    served_m2: float
    off_land: float  # people who live on no residential land
    on_land_straight: float  # people on it who are within the radius
    bare_m2: float  # of areas of residential land on which the data have no home

    @property
    def per_hectare(self) -> tuple[float | None, float | None]:
        """People on a hectare of residential land within the radius, and of that beyond; None where there is none."""
        beyond, beyond_m2 = self.people - self.off_land - self.on_land_straight, self.land_m2 - self.served_m2
        inside = self.on_land_straight / self.served_m2 * HECTARE_M2 if self.served_m2 > 1 else None
        return inside, beyond / beyond_m2 * HECTARE_M2 if beyond_m2 > 1 else None

    @property
    def words(self) -> Mapping[str, str]:
        """The reasons, a sentence each, by language."""
        return {"zh": "".join(self._chinese()), "en": " ".join(self._english())}

    def _english(self) -> list[str]:
        no_street = f", {self.off_street:,.0f} of them far from every street" if self.off_street else ""
        said = [f"{self.farther:,.0f} of the {self.straight:,.0f} people within the radius walk farther{no_street}."]
        if self.land_m2:
            inside, beyond = map(_whole, self.per_hectare)
            said.append(f"A hectare of land within the radius houses {inside} people, one beyond it {beyond}.")
            said.append(f"{self.off_land:,.0f} people live on no residential land and are in no share of it.")
        return [*said, f"On {in_words(self.bare_m2)} of the land the data have no home."] if self.bare_m2 else said

    def _chinese(self) -> list[str]:
        no_street = f"，其中 {self.off_street:,.0f} 人远离道路" if self.off_street else ""
        said = [f"直线半径内的 {self.straight:,.0f} 人中有 {self.farther:,.0f} 人步行路线超出半径{no_street}。"]
        if self.land_m2:
            inside, beyond = map(_whole, self.per_hectare)
            said.append(f"半径内的居住用地每公顷 {inside} 人，半径外每公顷 {beyond} 人。")
            said.append(f"{self.off_land:,.0f} 人不住在居住用地上，不计入用地占比。")
        return [*said, f"{in_words(self.bare_m2)} 居住用地上没有住宅数据。"] if self.bare_m2 else said

    def __str__(self) -> str:
        return self.words["en"]


def _whole(density: float | None) -> str:
    return "–" if density is None else f"{density:,.0f}"


def find_differences(demand: Demand, straight: Flags, on_foot: Flags, land: LandCoverage | None = None) -> Differences:
    """What parts the three numbers: of the people (n,) within a radius `straight` and `on_foot`, and of the land."""
    people = demand.people[:, 0]
    farther = straight & ~on_foot
    off = np.zeros(len(people), bool) if demand.door is None else demand.door.off
    on = np.full(len(people), -1) if land is None else land.land.holding(demand.xy)
    bare = 0.0
    if land is not None:
        inhabited = np.isin(land.land.ids, land.land.ids[on[(on >= 0) & (people > 0)]])
        bare = float(land.land.area_m2[~inhabited].sum())
    return Differences(
        people=float(people.sum()),
        straight=float(people[straight].sum()),
        farther=float(people[farther].sum()),
        off_street=float(people[farther & off].sum()),
        land_m2=0.0 if land is None else land.total,
        served_m2=0.0 if land is None else land.served,
        off_land=float(people[on < 0].sum()),
        on_land_straight=float(people[straight & (on >= 0)].sum()),
        bare_m2=bare,
    )
