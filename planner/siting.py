"""A planner's question → a Plan, one function a question. Reads a reach; knows nothing of coverage."""

from dataclasses import dataclass

from planner.network import Flags, Floats, Integers
from planner.standards import Standard


@dataclass(frozen=True)
class Plan:
    """Where to build, and how good that provably is. Every figure is recomputed from `sites`."""

    question: str  # "cover_most_people"
    standard: Standard
    opened: tuple[str, ...]  # (p,)  ids of the chosen candidates, the largest `served` first
    sites: Integers  # (p,)  their positions among the candidates
    served: Floats  # (p,)  people gained whose nearest chosen site this is; sums to `objective`
    only: Floats  # (p,)  people who would lose their cover if this site alone fell out
    gained: Flags  # (n,)  places that the plan covers and the standing facilities do not
    objective: float  # people gained
    bound: float  # no plan gains more people than this
    ending: str  # "proven" or "stopped"
    solver: str  # name and version
    seconds: float  # for the log; in no output

    @property
    def gap(self) -> float:
        """What a better plan could gain at most, as a share of the bound; 0 where the plan is proven best."""
        return 0.0 if self.bound <= self.objective else (self.bound - self.objective) / self.bound

    def __str__(self) -> str:
        best = "proven best" if self.ending == "proven" else f"at most {self.bound - self.objective:,.0f} more possible"
        return f"{len(self.opened)} sites, {self.objective:+,.0f} people, {best} (gap {self.gap:.2%})"
