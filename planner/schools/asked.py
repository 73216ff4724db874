"""A question of school seats, and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.errors import first
from planner.network import Integers
from planner.optimise.seats.question import AIMS
from planner.reach import Reach
from planner.rules import USUAL, Effort, effort_faults
from planner.schools.pupils import Pupils
from planner.schools.stages import Stage
from planner.schools.stock import Option, Schools


@dataclass(frozen=True)
class AskedSeats:
    """The question as it was asked, and what is wrong with it."""

    pupils: Pupils
    schools: Schools
    reach: Reach
    options: tuple[Option, ...] = ()
    budget: float | Mapping[str, float] | None = None
    carry_over: bool = False
    limits: Mapping[str, float] | None = None
    whole: bool = False
    neighbours: Integers | None = None
    today: Integers | None = None
    most_moved: float | None = None
    most_options: int | None = None
    most_seats: float | None = None
    order: tuple[str, ...] = AIMS
    then_walk: bool = False
    effort: Effort = USUAL

    @property
    def years(self) -> tuple[str, ...]:
        """The school years, one after the other."""
        return self.pupils.years

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that are planned."""
        return self.schools.stages

    def limit_of(self, stage: Stage) -> float:
        """How far the pupils of a stage walk at most, in the unit of the reach."""
        return float((self.limits or {}).get(stage.id, stage.radius))

    def faults(self) -> Iterator[str]:  # noqa: C901, PLR0912  (one fault after the other)
        """All that contradicts itself."""
        n, g = len(self.pupils.places), len(self.stages)
        if [s.id for s in self.pupils.stages] != [s.id for s in self.stages]:
            stages = [", ".join(stage.id for stage in of) for of in (self.pupils.stages, self.stages)]
            yield f"The pupils are of {stages[0]}, the schools of {stages[1]}. Give both the same stages."
        for what, given, known in (
            ("places", self.reach.demand_ids, self.pupils.places),
            ("schools", self.reach.facility_ids, self.schools.ids),
        ):
            if len(given) != len(known) or (given != known).any():
                yield (
                    f"The reach is of {len(given)} {what} ({first(given)}), not of the {len(known)} given "
                    f"({first(known)}). Measure it for these."
                )
        if not self.years:
            yield "No year is given. Give at least one."
        if self.reach.unit != "m" and (lost := [s.id for s in self.stages if s.id not in (self.limits or {})]):
            yield f"The reach is in seconds, and radii are in metres ({first(lost)}). Give `limits` in seconds."
        if odd := sorted(set(self.limits or {}) - {s.id for s in self.stages}):
            yield f"{len(odd)} limits are of no stage asked for ({first(odd)})."
        if far := [f"{s.id} {self.limit_of(s):g}" for s in self.stages if self.limit_of(s) > self.reach.limit]:
            yield (
                f"The reach was measured up to {self.reach.limit:g} {self.reach.unit}, and {len(far)} stages walk "
                f"further ({first(far)}). Measure again."
            )
        yield from self.schools.option_faults(self.options, self.years)
        yield from self._money_faults()
        if self.today is not None and (
            self.today.shape != (n, g) or (self.today < -1).any() or (self.today >= len(self.schools)).any()
        ):
            yield f"`today` must name a school or -1 for each of {n} places and {g} stages. Correct it."
        if self.most_moved is not None and not self.most_moved >= 0:
            yield f"{self.most_moved:g} pupils cannot move. Give 0 or more."
        for what, most in (("options", self.most_options), ("seats", self.most_seats)):
            if most is not None and not most >= 0:
                yield f"At most {most:g} {what} cannot be. Give 0 or more."
        pairs = self.neighbours
        if pairs is not None and (
            pairs.ndim != 2 or pairs.dtype.kind not in "iu" or ((pairs < 0) | (pairs >= n)).any()  # noqa: PLR2004
        ):
            yield f"`neighbours` are no pairs of the {n} places. Give positions (k, 2)."
        if unknown := [aim for aim in self.order if aim not in AIMS]:
            yield f"{len(unknown)} aims are unknown ({first(unknown)}). There are: {', '.join(AIMS)}."
        if len(set(self.order)) < len(self.order) or not self.order:
            yield "The order names an aim twice, or none. Name each once."
        if self.then_walk and "walk" in self.order:
            yield "The walk is in the order already. Leave it out of one of order and then_walk."
        yield from effort_faults(self.effort)

    def _money_faults(self) -> Iterator[str]:
        if isinstance(self.budget, Mapping):
            if set(self.budget) != set(self.years):
                given, asked = ", ".join(self.budget), ", ".join(self.years)
                yield f"Budgets are of {given}, and the years are {asked}. Give one for each."
            amounts = list(self.budget.values())
        else:
            amounts = [] if self.budget is None else [self.budget]
        if bad := [amount for amount in amounts if not amount >= 0]:
            yield f"{len(bad)} budgets buy nothing ({first(bad)}). Give 0 or more."
