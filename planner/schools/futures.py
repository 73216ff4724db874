"""School plans under several futures: options are decided once, who goes where in each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import QuestionError, first
from planner.network import Flags, Floats
from planner.optimise.seats.levels import Level
from planner.optimise.seats.question import FIGURES, Figure
from planner.optimise.seats.regret import Futures, search_least_regret
from planner.reach import Reach
from planner.rules import USUAL, Effort
from planner.schools.arrays import Arrays
from planner.schools.plan import WORDS, SchoolPlan
from planner.schools.pupils import Pupils
from planner.schools.seating import plan_of, used_in
from planner.schools.stock import Option, Schools

OWN = 0.5  # of the time, what the best plans of all futures may take


@dataclass(frozen=True)
class FuturesPlan:
    """The best plan of each future, and one whose largest regret is least, each dealt out in every future.

    The regret of a plan in a future is what it has more than the best plan of that future, once its options are fixed
    and everybody is dealt out anew: first pupils without a school, then what `of` counts. `levels` are the largest
    regrets of the robust plan and its cost, each with its bound of the plans that are as good in those before.
    """

    of: str
    best: Mapping[str, SchoolPlan]  # by future; the cheapest of the best
    robust: Mapping[str, SchoolPlan]  # by future, the options are the same in all
    unserved: Floats  # (f + 1, f)  pupils without a school of each best plan and, last, the robust one, in each future
    value: Floats  # (f + 1, f)  what `of` counts
    levels: tuple[Level, ...]
    solver: str

    @property
    def futures(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.best)

    @property
    def regret_unserved(self) -> Floats:
        """(f + 1, f) pupils without a school, more than in the best plan of the future."""
        return np.asarray(self.unserved - np.diag(self.unserved))

    @property
    def regret(self) -> Floats:
        """(f + 1, f) what `of` counts, more than in the best plan of the future; below 0 only where more reach none."""
        return np.asarray(self.value - np.diag(self.value))

    @property
    def ending(self) -> str:
        """Whether the bounds prove that no plan has smaller largest regrets: "proven" or "stopped"."""
        return "proven" if all(level.proven for level in self.levels) else "stopped"

    def __str__(self) -> str:
        what, unit = WORDS[self.of]
        lines = [f"regret in {unit} {what}, by plan: {', '.join(self.futures)}"]
        for name, row in zip((*self.futures, "least regret"), self.regret, strict=True):
            lines.append(f"{name}: {', '.join(f'{value:,.0f}' for value in np.rint(row) + 0.0)}")
        lines += [str(taken) for taken in self.robust[self.futures[0]].taken]
        for level in self.levels:
            (what, unit), most = WORDS[level.aim], "" if level.aim == "cost" else " more than the best at most"
            least = "proven least" if level.proven else f"at least {level.bound:,.0f}"
            lines.append(f"{np.rint(level.value) + 0.0:,.0f} {unit}{' ' if what else ''}{what}{most}: {least}")
        return "\n".join(lines)


def plan_seats_for_futures(  # noqa: PLR0913  (a question has this many parts, each named)
    futures: Mapping[str, Pupils],
    schools: Schools,
    reach: Reach,
    *,
    options: Sequence[Option] = (),
    budget: float | Mapping[str, float] | None = None,
    carry_over: bool = False,
    limits: Mapping[str, float] | None = None,
    most_options: int | None = None,
    most_seats: float | None = None,
    of: Figure = "oversized",
    effort: Effort = USUAL,
) -> FuturesPlan:
    """The options that are regretted least, whichever future comes: births, people who move in.

    `futures` are pupils of the same places, stages and years, by name. Options are decided once, who goes where in
    each future. The largest regret over the futures is made as small as it can be, first of pupils without a school,
    then of what `of` counts, then the cost is. The pupils of a place may be shared between schools; whoever reaches a
    class goes to one. The other arguments are those of `plan_seats`. No future is likelier than another.

    The programme is stated in `planner/optimise/seats/regret.py`. Kouvelis & Yu (1997), Robust discrete optimization
    and its applications; Averbakh & Berman (1997), Minimax regret p-center location on a network with demand
    uncertainty.
    """
    if faults := list(_faults(futures, of)):
        raise QuestionError("\n".join(faults))
    part = replace(effort, time_limit_s=effort.time_limit_s * OWN / len(futures))
    terms = tuple(options), budget, carry_over, limits, False, None, None, None, most_options, most_seats
    asked = {
        name: Arrays(pupils, schools, reach, *terms, order=("unserved", of, "cost"), effort=part)
        for name, pupils in futures.items()
    }
    if faults := list(dict.fromkeys(fault for each in asked.values() for fault in each.faults())):
        raise QuestionError("\n".join(faults))
    own = {name: plan_of(each) for name, each in asked.items()}
    settled = {name: replace(each, order=("unserved", of)) for name, each in asked.items()}
    known: dict[bytes, dict[str, SchoolPlan]] = {}

    def dealt(taken: Flags) -> dict[str, SchoolPlan]:
        if (key := taken.tobytes()) not in known:
            known[key] = {name: plan_of(each, taken) for name, each in settled.items()}
        return known[key]

    def worth(taken: Flags) -> Floats:
        plans = dealt(taken).values()
        return np.array([[plan.worth[aim] for plan in plans] for aim in ("unserved", of)])

    taken = [used_in(asked[name], plan) for name, plan in own.items()]
    best = np.array([[plan.worth[aim] for plan in own.values()] for aim in ("unserved", of)])
    least = np.array([[_least(plan.of(aim)) for plan in own.values()] for aim in ("unserved", of)])
    questions = [each.question for each in asked.values()]
    merged = tuple(question if of == "walk" else question.merged()[0] for question in questions)
    found = search_least_regret(
        *(Futures(merged), of, best, least, taken, worth),
        time_limit_s=effort.time_limit_s * (1 - OWN),
        gap=effort.gap,
    )
    rows = np.array([worth(each) for each in (*taken, found.taken)])
    return FuturesPlan(
        *(of, own, dealt(found.taken), rows[:, 0], rows[:, 1]),
        found.levels,
        ", ".join(found.solvers) or "no search was needed",
    )


def _least(level: Level) -> float:
    """What no plan of the future undercuts."""
    return level.value if level.proven else level.bound


def _faults(futures: Mapping[str, Pupils], of: str) -> Iterator[str]:
    if not futures:
        yield "No future is given. Give at least one."
        return
    (name, known), *others = futures.items()
    odd = [
        other
        for other, pupils in others
        if (pupils.stages, pupils.years, pupils.places.tolist()) != (known.stages, known.years, known.places.tolist())
    ]
    if odd:
        yield (
            f"{len(odd)} futures are of other places, stages or years than {name} ({first(odd)}). "
            "Forecast the same ones."
        )
    if of not in FIGURES:
        yield f"Nobody regrets {of!r}. There are: {', '.join(FIGURES)}."
