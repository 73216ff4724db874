"""Coverage: who meets a standard, and who does not. Knows nothing of siting, so it can check it."""

from dataclasses import dataclass

from planner.demand import Demand
from planner.errors import QuestionError
from planner.network import Flags, Floats, Integers
from planner.reach import Nearest, Reach
from planner.standards import Standard


@dataclass(frozen=True)
class Coverage:
    """Who is within a standard's limit of a facility, on foot or in a straight line.

    Unreachable is uncovered: `nearest` is inf there, never NaN.
    """

    standard: Standard
    metric: str  # "walk" or "straight"
    nearest: Floats  # (n,)  metres, or seconds, as `unit` says
    facility: Integers  # (n,)  -1 = none within the limit
    people: Floats  # (n, k)
    unit: str = "m"

    @property
    def nearest_m(self) -> Floats:
        """(n,) metres to the nearest facility; refused where seconds were measured."""
        if self.unit != "m":
            raise QuestionError(f"{self.standard.id} is measured in seconds. Read `nearest`.")
        return self.nearest

    @property
    def covered(self) -> Flags:
        """(n,) exactly at the limit is covered."""
        return self.facility >= 0

    @property
    def total(self) -> float:
        """Everybody, covered or not."""
        return float(self.people[:, 0].sum())

    @property
    def served(self) -> float:
        """The people covered."""
        return float(self.people[self.covered, 0].sum())

    @property
    def share(self) -> float:
        """Of everybody, in [0, 1]."""
        return self.served / self.total

    def by_group(self) -> Floats:
        """(k,) the people covered of each group of the demand."""
        covered: Floats = self.people[self.covered].sum(axis=0)
        return covered

    def by_unit(self, demand: Demand) -> tuple[Floats, Floats]:
        """(u+1,) people and people covered in each unit; the last entry is in no unit."""
        people = self.people[:, 0]
        return demand.by_unit(people), demand.by_unit(people * self.covered)

    def __str__(self) -> str:
        how = "on foot" if self.metric == "walk" else "in a straight line"
        return f"{self.standard.title['en']} {how}: {self.share:.1%} ({self.served:,.0f} of {self.total:,.0f} people)"


def measure_coverage(
    reach: Reach | Nearest,
    demand: Demand,
    standard: Standard,
    *,
    open: Flags | None = None,  # noqa: A002  (what a facility is)
) -> Coverage:
    """Who meets the standard, counting only the facilities marked in `open` (m,), by default all.

    The nearest facilities alone are enough, and cost less than a whole reach; which are open is then said
    when they are measured. A reach in another unit than the standard asks for is refused.
    """
    demand.check_places(reach.demand_ids)
    counted = reach.within(standard.limit_m if reach.metric == "straight" else standard.limit_of(reach.unit))
    if open is not None:
        if isinstance(counted, Nearest):
            raise QuestionError("The nearest are measured already. Say which are open in measure_nearest().")
        counted = counted.only(open)
    nearest, facility = counted.nearest()
    return Coverage(standard, reach.metric, nearest, facility, demand.people, reach.unit)
