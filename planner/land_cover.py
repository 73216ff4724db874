"""How much residential land lies within the service radius of green: the official measure (服务半径覆盖率).

Square metres of land, measured from the boundary as the crow flies: neither people nor walks. Knows nothing of
siting, so it can check it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.land import Land, served_ground
from planner.network import Floats
from planner.standards import Band


@dataclass(frozen=True)
class LandCoverage:
    """The residential land within the service radius of some site, each square metre once."""

    land: Land
    served_m2: Floats  # (n,)  of each piece of land

    @property
    def total(self) -> float:
        """Square metres of residential land, served or not."""
        return self.land.total_m2

    @property
    def served(self) -> float:
        """Square metres served."""
        return float(self.served_m2.sum())

    @property
    def share(self) -> float:
        """Of all residential land, in [0, 1]. Refused where there is none."""
        if not self.total > 0:
            raise QuestionError(f"There is no residential land ({self.land.source}), so no share of it. Give a layer.")
        return min(self.served / self.total, 1.0)

    def by_unit(self) -> tuple[Floats, Floats]:
        """(u+1,) square metres of land, and of land served, in each unit; the last entry is in no unit."""
        return self.land.by_unit(self.land.area_m2), self.land.by_unit(self.served_m2)

    def __str__(self) -> str:
        served, total = self.served / 1e6, self.total / 1e6
        return f"{self.share:.1%} of residential land ({served:,.2f} of {total:,.2f} km²)"


def measure_land_coverage(land: Land, sites: Mapping[str, Facilities], bands: Iterable[Band]) -> LandCoverage:
    """The land within reach of a site of any band: the union of their service areas, cut with the land.

    `sites` are by the service that a band names. Exactly at an area counts. Raises QuestionError where a band's
    service is missing.

    GB/T 51346-2019, A.0.3, with the radius from the boundary as in GB/T 50563-2010.
    """
    served = served_ground(sites, bands)
    shapely.prepare(served)
    return LandCoverage(land, np.minimum(shapely.area(shapely.intersection(land.geometry, served)), land.area_m2))
