"""One aim after the other: each as small as those before it allow, with a bound on how small it can be."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pulp

from planner.network import Flags, Integers
from planner.optimise.seats.connected import Zones
from planner.optimise.seats.models import SeatsProgramme, seats
from planner.optimise.seats.question import OF_ROWS, Placement, SeatsQuestion
from planner.optimise.solver import Ending, solve

log = logging.getLogger(__name__)

AGREE = 1e-6  # share of an aim within which plan and bound must agree to be called proven
KEEP = (1e-9, 1e-7, 1e-6)  # share by which a later aim may make an earlier one worse: rounding, as little as will do
NOTHING = 1e-9  # a share of a row that is rounding
HASTE = 0.5  # of the time left, what one aim may take if others follow

Cut = tuple[int, Integers]  # x_e ≤ Σ_c x_c


@dataclass(frozen=True)
class Level:
    """What a plan has of one aim. The bound is of the plans that are as good in all earlier aims."""

    aim: str
    value: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether no such plan is better."""
        return self.value - self.bound <= AGREE * max(1.0, abs(self.value))


@dataclass(frozen=True)
class SeatsAnswer:
    """The best plan met, aim by aim."""

    plan: Placement | None  # None where none was met
    levels: tuple[Level, ...]
    feasible: bool  # False where it is proven that no plan exists
    solvers: tuple[str, ...]  # names and versions of those who helped
    cuts: int  # rows added so that zones hang together


def answer_in_order(
    question: SeatsQuestion,
    aims: Sequence[str],
    *,
    time_limit_s: float,
    gap: float = 0.0,
    zones: Zones | None = None,
    tell: Callable[[Level], None] | None = None,
) -> SeatsAnswer:
    """The plan that is best in the first aim, among those in the second, and so on.

    `gap` is the share of an aim at which its search may end. With `zones` a plan is taken only if
    all of its zones hang together: a programme with few of the rows that see to it is a relaxation, so its bound
    holds. On the user's interrupt and at the time limit the best plan met is the answer, with what is known.
    """
    search = _Search(question, time_limit_s, gap, zones, tell)
    try:
        search.run(aims)
    except KeyboardInterrupt:
        log.info("interrupted: the best plan met is the answer")
        if search.best is None:
            raise
    return search.answer(aims)


class _Search:
    """One question being answered; `best` is the plan so far, `firm` what earlier aims came to."""

    def __init__(
        self,
        question: SeatsQuestion,
        time_limit_s: float,
        gap: float,
        zones: Zones | None,
        tell: Callable[[Level], None] | None,
    ) -> None:
        self.question, self.gap, self.zones, self.tell = question, gap, zones, tell
        self.cuts: list[Cut] = [] if zones is None else zones.first()
        self.until = perf_counter() + time_limit_s
        self.best: Placement | None = None
        self.firm: list[tuple[str, float]] = []
        self.bounds: dict[str, float] = {}
        self.feasible, self.solvers = True, list[str]()
        self.keep = KEEP[0]

    def run(self, aims: Sequence[str]) -> None:
        """Every aim in turn; those that do not tell rows apart are asked of merged rows."""
        q = self.question
        nothing = Placement(q.choice.keep.copy(), np.zeros(len(q.room)))
        if q.holds(nothing):
            self.best = nothing
        part, entry = q, np.arange(len(q.room))
        own = next((number for number, aim in enumerate(aims) if aim in OF_ROWS), len(aims))
        if not q.single and q.most_moved is None and self.zones is None and own:
            part, entry = q.merged()
        programme: SeatsProgramme | None = None
        narrow = None if self.zones is None else self._programme(q, self.zones.nearer())
        for number, aim in enumerate(aims):
            if number == own and part is not q:
                part, entry, programme = q, np.arange(len(q.room)), None
            low = self._least(aim)
            self.bounds[aim] = low
            if self.best is None or self._value(aim) - low > self._slack(aim):
                if programme is None:
                    programme = self._programme(part, self.cuts)
                last = number == len(aims) - 1
                until = self._after(1 if last else HASTE)
                if narrow is not None:
                    self._narrow(narrow, aim, perf_counter() + HASTE * (until - perf_counter()))
                while not self._minimise(programme, part, entry, aim, until) and self.keep < KEEP[-1]:
                    self.keep = KEEP[KEEP.index(self.keep) + 1]  # rounding alone made it impossible
                    programme = self._programme(part, self.cuts)
            if not self.feasible or self.best is None:
                return
            self._settle([each for each in (programme, narrow) if each is not None], aim)

    def _after(self, share: float) -> float:
        """When so much of the time left will be over."""
        return perf_counter() + share * (self.until - perf_counter())

    def _programme(self, part: SeatsQuestion, cuts: Sequence[Cut]) -> SeatsProgramme:
        """The programme of a part, with cuts and what earlier aims came to."""
        made = seats(part)
        for number, cut in enumerate(cuts):
            _add(made, cut, number)
        for aim, value in self.firm:
            self._hold(made, aim, value)
        return made

    def _settle(self, programmes: Sequence[SeatsProgramme], aim: str) -> None:
        """From now on no plan is worse in this aim."""
        value = self._value(aim)
        self.firm.append((aim, value))
        for programme in programmes:
            self._hold(programme, aim, value)
        level = Level(aim, value, min(self.bounds[aim], value))
        log.info("%s: %s, at least %s", aim, level.value, level.bound)
        if self.tell is not None:
            self.tell(level)

    def _hold(self, programme: SeatsProgramme, aim: str, value: float) -> None:
        """No plan of the programme is worse in an aim than this."""
        if aim in programme.aims:
            most = value + self.keep * max(1.0, abs(value))
            programme.programme.problem.addConstraint(programme.aims[aim].copy() <= most, f"keep_{aim}")

    def _narrow(self, programme: SeatsProgramme, aim: str, until: float) -> None:
        """A plan of zones that hang together at once, perhaps not the best of them."""
        if aim in programme.aims and (left := until - perf_counter()) > 0:
            q = self.question
            programme.programme.problem.setObjective(programme.aims[aim].copy())
            ending = solve(
                programme.programme, time_limit_s=left, gap=self.gap, warm_start=self._start(q, np.arange(len(q.room)))
            )
            self.solvers.append(ending.solver)
            if ending.open is not None:
                self._offer(self._read(programme, q, np.arange(len(q.room)), ending), aim)

    def _minimise(
        self, programme: SeatsProgramme, part: SeatsQuestion, entry: Integers, aim: str, until: float
    ) -> bool:
        """One aim, with cuts as long as plans break them; False where a plan is known, and none should exist."""
        if aim not in programme.aims:
            return True
        programme.programme.problem.setObjective(programme.aims[aim].copy())
        while True:
            left = until - perf_counter()
            if left <= 0:
                return True
            ending = solve(programme.programme, time_limit_s=left, gap=self.gap, warm_start=self._start(part, entry))
            self.solvers.append(ending.solver)
            if not ending.feasible:
                self.feasible = self.best is not None
                return not self.feasible
            if ending.finished or part.single or part.choice.m:  # a linear programme has no bound before its end
                self.bounds[aim] = max(self.bounds[aim], ending.bound)
            if ending.open is None:
                return True
            plan = self._read(programme, part, entry, ending)
            broken = [] if self.zones is None else self.zones.broken(plan.share)
            if not broken:
                self._offer(plan, aim)
                return True
            if self.best is not None and self._value(aim) - self.bounds[aim] <= self._slack(aim, self.gap):
                return True
            for number, cut in enumerate(broken, len(self.cuts)):
                _add(programme, cut, number)
            self.cuts += broken

    def _read(self, programme: SeatsProgramme, part: SeatsQuestion, entry: Integers, ending: Ending) -> Placement:
        """The plan of an ending, with shares of rows as they stand in the question."""
        taken = np.asarray(ending.open, bool)[: part.choice.m]
        share = np.array([ending.values[variable.index] for variable in programme.go])
        share = np.where(share > NOTHING, share, 0.0)[entry]
        q = self.question
        if q.single:
            share = np.rint(share)
        share[q.classes_of(taken)[q.room] <= 0] = 0.0
        total = np.bincount(q.row, weights=share, minlength=q.r)
        return Placement(taken, share / np.maximum(total, 1.0)[q.row])

    def _offer(self, plan: Placement, aim: str) -> None:
        """Take a plan that is better in this aim and keeps what earlier ones came to."""
        worth = self.question.worth(plan)
        keeps = all(worth[a] <= value + AGREE * max(1.0, abs(value)) for a, value in self.firm)
        if self.question.holds(plan) and keeps and (self.best is None or worth[aim] < self._value(aim)):
            self.best = plan

    def _start(self, part: SeatsQuestion, entry: Integers) -> list[int] | None:
        """The best plan for the solver to begin with."""
        if self.best is None:
            return None
        flags: Flags = self.best.taken
        if part.single:
            flags = np.concatenate([flags, self.best.share[entry] > 1 - AGREE])
        return np.flatnonzero(flags).tolist()

    def _value(self, aim: str) -> float:
        assert self.best is not None  # noqa: S101  (asked only then)
        return self.question.worth(self.best)[aim]

    def _slack(self, aim: str, gap: float = 0.0) -> float:
        return max(NOTHING, gap) * max(1.0, abs(self._value(aim)))

    def _least(self, aim: str) -> float:
        """What no plan undercuts, as is seen without a search."""
        q = self.question
        if aim == "unserved":
            return float(q.weight[np.diff(q.indptr) == 0].sum())
        if aim == "cost":
            return float(q.cost[q.choice.keep].sum() + np.minimum(q.cost[q.choice.free], 0.0).sum())
        return 0.0

    def answer(self, aims: Sequence[str]) -> SeatsAnswer:
        """What is known now."""
        levels: list[Level] = []
        if self.best is not None:
            worth = self.question.worth(self.best)
            levels = [Level(aim, worth[aim], min(self.bounds.get(aim, self._least(aim)), worth[aim])) for aim in aims]
        return SeatsAnswer(self.best, tuple(levels), self.feasible, tuple(dict.fromkeys(self.solvers)), len(self.cuts))


def _add(programme: SeatsProgramme, cut: Cut, number: int) -> None:
    """A row x_e ≤ Σ_c x_c."""
    row = [(programme.go[cut[0]], 1), *((programme.go[c], -1) for c in cut[1].tolist())]
    programme.programme.problem.addConstraint(pulp.LpAffineExpression(row) <= 0, f"cut_{number}")
