"""One aim after the other: each as small as those before it allow, with a bound on how small it can be."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import pulp

from planner.network import Flags, Integers
from planner.optimise.choice import Choice
from planner.optimise.seats.borders import SOME, around, joined, some_zones
from planner.optimise.seats.columns import Rooms
from planner.optimise.seats.connected import Zones
from planner.optimise.seats.models import SeatsProgramme, seats
from planner.optimise.seats.question import OF_ROWS, Placement, SeatsQuestion
from planner.optimise.seats.rounding import PLIABLE, dealt, few_open, only
from planner.optimise.solver import Ending, solve

log = logging.getLogger(__name__)

AGREE = 1e-6  # share of an aim within which plan and bound must agree to be called proven
FALSE = 1e-4  # share by which no bound can exceed a plan that keeps what earlier aims came to, but for rounding
CLOSE = 1e-7  # gap at which the solver ends, well within that
KEEP = (1e-9, 1e-7, 1e-6)  # share by which a later aim may make an earlier one worse: rounding, as little as will do
NOTHING = 1e-9  # a share of a row that is rounding
OUTWEIGHS = 4.0  # times as many metres as the longest way, that a pupil of an aim weighs more than one of the next
ROUGH = 1e-3  # gap at which a first plan for all aims at once will do
HASTE = 0.5  # of the time left, what one aim may take if others follow
SETTLING = 0.75  # of the time, what all aims may take if the walk follows
PATIENCE_S = 3.0  # what deciding some zones anew may take
FEW = ("unserved", "moved")  # aims of a plan to begin with where few may move
SPARE = 1e-3  # what a pupil who moves weighs beside an aim for which only so many may
FINE = 0.1  # of the gap asked for, where some zones are decided anew
CORE = 50_000  # ways to go up to which places that go as a whole are asked of the programme, and not rounded alone

Cut = tuple[int, Integers]  # x_e ≤ Σ_c x_c


@dataclass(frozen=True)
class Level:
    """What a plan has of one aim. The bound is of the plans that are as good in all earlier aims."""

    aim: str
    value: float
    bound: float
    settled: bool = False  # whether it is of the plans with the same options alone

    @property
    def proven(self) -> bool:
        """Whether no such plan is better."""
        return not self.missed(AGREE)

    def missed(self, gap: float) -> bool:
        """Whether a better plan might be better by more than a share of it."""
        return self.value - self.bound > gap * max(1.0, abs(self.value))


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
    then_walk: bool = False,
    tell: Callable[[Level], None] | None = None,
) -> SeatsAnswer:
    """The plan that is best in the first aim, among those in the second, and so on.

    With `then_walk` it is at last, of the plans with the same options, one of the shortest walks.

    `gap` is the share of an aim at which its search may end. With `zones` a plan is taken only if
    all of its zones hang together: a programme with few of the rows that see to it is a relaxation, so its bound
    holds. On the user's interrupt and at the time limit the best plan met is the answer, with what is known.
    """
    search = _Search(question, time_limit_s, gap, zones, tell)
    try:
        search.run(aims, then_walk=then_walk)
    except KeyboardInterrupt:
        log.info("interrupted: the best plan met is the answer")
        if search.best is None:
            raise
    return search.answer(aims)


@dataclass(frozen=True)
class _Form:
    """A programme, the question it states, and which of its entries each entry of the question asked became."""

    programme: SeatsProgramme
    question: SeatsQuestion
    entry: Integers  # (entries,)  -1 where it was dropped


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
        self.forms: dict[str, _Form] = {}
        self.feasible, self.solvers = True, list[str]()
        self.settled: tuple[str, ...] = ()
        self.keep = KEEP[0]

    def run(self, aims: Sequence[str], *, then_walk: bool) -> None:
        """Every aim in turn, and then the walk with the options that were found."""
        self._begin(aims)
        self._serve(aims, self._after(SETTLING) if then_walk else self.until)
        if then_walk and self.feasible and self.best is not None:
            taken = self.best.taken
            self.question = replace(self.question, choice=Choice(taken, ~taken, ()))
            self.forms.clear()
            self.settled = ("walk",)
            self._serve(self.settled, self.until)

    def _serve(self, aims: Sequence[str], end: float) -> None:
        """Every aim in turn; those that do not tell rows apart are asked of merged rows."""
        q = self.question
        own = next((number for number, aim in enumerate(aims) if aim in OF_ROWS), len(aims))
        merges = self.zones is None and q.most_moved is None
        for number, aim in enumerate(aims):
            if number == own:
                self.forms.pop("parted", None)
            self.bounds[aim] = self._least(aim)
            until = end if number == len(aims) - 1 else min(end, self._after(HASTE))
            if self.zones is not None:
                if q.choice.free.any():
                    self._bound_parted(aim, self._before(until), merged=q.most_moved is None and number < own)
                self._improve(aim, self._before(until))
                if aim in OF_ROWS:
                    self._fill(aim, self._before(until))
                else:
                    self._narrow(aim, self._before(until))
            elif q.single:
                self._round(aim, until, merged=merges and number < own)
            if self.zones is not None or (q.single and len(q.room) <= CORE):
                self._exactly("whole", aim, until)
            elif not q.single:
                self._exactly("parted", aim, until, merged=merges and number < own)
            if not self.feasible or self.best is None:
                return
            self._settle(aim)

    def _begin(self, aims: Sequence[str]) -> None:
        """The plans that need no search: nothing is done and nobody goes anywhere, or everybody where they went."""
        q, keep = self.question, self.question.choice.keep.copy()
        if not q.choice.allows(keep):
            return
        self.best = Placement(keep, np.zeros(len(q.room)))
        share = q.as_before(keep)
        while self.zones is not None and (broken := self.zones.broken(share)):
            share[[e for e, _ in broken]] = 0.0
        self._compare(Placement(keep, share), aims)
        if self.zones is not None:
            self._compare(Placement(keep, joined(q, self.zones, share, q.classes_of(keep) > 0)), aims)
            if q.choice.free.any():
                self._choose_first(aims)
            elif q.most_moved is None or not self._move_few(aims):
                self._together(aims)

    def _choose_first(self, aims: Sequence[str]) -> None:
        """A plan of zones with the options that are best where places may be parted, which are found soon."""
        before = [aim for aim in aims if aim not in OF_ROWS]
        loose = _Search(replace(self.question, single=False), HASTE**2 * self._left(), self.gap, None, None)
        loose.run(before, then_walk=False)
        if loose.best is None:
            return
        taken = loose.best.taken
        settled = replace(self.question, choice=Choice(taken, ~taken, ()))
        search = _Search(settled, HASTE * self._left(), self.gap, self.zones, None)
        search.run(aims, then_walk=False)
        self.cuts, self.solvers = search.cuts, [*self.solvers, *loose.solvers, *search.solvers]
        if search.best is not None:
            self._compare(search.best, aims)

    def _move_few(self, aims: Sequence[str]) -> bool:
        """A plan in which few pupils move, where only so many may; whether there are few enough."""
        search = _Search(replace(self.question, most_moved=None), HASTE**2 * self._left(), self.gap, self.zones, None)
        search._begin(FEW)
        for aim in FEW:
            search.bounds[aim] = self._least(aim)
            search._improve(aim, search.until)
            search._settle(aim)
        self.cuts, self.solvers = search.cuts, [*self.solvers, *search.solvers]
        if search.best is None or not self.question.holds(search.best):
            return False
        self._compare(search.best, aims)
        return True

    def _together(self, aims: Sequence[str]) -> None:
        """A plan of zones for all aims up to the walk at once, a pupil of an earlier one weighing more metres."""
        form, q = self._form("narrow"), self.question
        counted = [aim for aim in aims[: aims.index("walk")] if aim in form.programme.aims] if "walk" in aims else []
        if not counted or not len(q.room):
            return
        total = form.programme.aims["walk"].copy()
        for rank, aim in enumerate(reversed([aim for aim in counted if aim != "cost"])):
            total.addInPlace(form.programme.aims[aim] * (float(q.distance.max()) * OUTWEIGHS**rank))
        form.programme.programme.problem.setObjective(total)
        left = HASTE**2 * self._left()
        start = self._start(form)
        ending = solve(form.programme.programme, time_limit_s=left, gap=max(self.gap, ROUGH), warm_start=start)
        self.solvers.append(ending.solver)
        if ending.open is not None:
            self._compare(self._read(form, ending), aims)

    def _compare(self, plan: Placement, aims: Sequence[str]) -> None:
        """Take a plan that is better, aim after aim."""
        assert self.best is not None  # noqa: S101  (asked only then)
        now, then = self.question.worth(self.best), self.question.worth(plan)
        if self.question.holds(plan) and [then[aim] for aim in aims] < [now[aim] for aim in aims]:
            self.best = plan

    def _left(self) -> float:
        """The seconds left."""
        return self.until - perf_counter()

    def _after(self, share: float) -> float:
        """When so much of the time left will be over."""
        return perf_counter() + share * self._left()

    def _form(self, name: str, *, merged: bool = False) -> _Form:
        """A form by its name: "whole" as it was asked, "parted" with places that may be, "narrow" near the grounds."""
        if name not in self.forms:
            q, entry = self.question, np.arange(len(self.question.room))
            if self.settled and self.zones is None:  # nobody goes where there is no class
                assert self.best is not None  # noqa: S101  (its options are settled)
                q, entry = only(q, q.classes_of(self.best.taken)[q.room] > 0)
            if name == "parted":
                q = replace(q, single=False)
                q, entry = q.merged() if merged else (q, entry)
            cuts = self.zones.nearer() if name == "narrow" and self.zones is not None else self.cuts
            self.forms[name] = self._stated(q, entry, cuts)
        return self.forms[name]

    def _stated(self, question: SeatsQuestion, entry: Integers, cuts: Sequence[Cut] = ()) -> _Form:
        """The programme of a question, with cuts and what earlier aims came to."""
        form = _Form(seats(question), question, entry)
        _cut(form, cuts)
        for aim, value in self.firm:
            self._hold(form, aim, value)
        return form

    def _settle(self, aim: str) -> None:
        """From now on no plan is worse in this aim."""
        value = self._value(aim)
        self.firm.append((aim, value))
        for form in self.forms.values():
            self._hold(form, aim, value)
        level = Level(aim, value, min(self.bounds[aim], value))
        log.info("%s: %s, at least %s", aim, level.value, level.bound)
        if self.tell is not None:
            self.tell(level)

    def _hold(self, form: _Form, aim: str, value: float) -> None:
        """No plan of a form is worse in an aim than this."""
        if aim in form.programme.aims:
            most = value + self.keep * max(1.0, abs(value))
            form.programme.programme.problem.addConstraint(form.programme.aims[aim].copy() <= most, f"keep_{aim}")

    def _solved(self, form: _Form, aim: str, until: float, finer: float = 1.0) -> Ending | None:
        """The ending of a form in one aim; None where the time is over, or the solver is not to be believed.

        HiGHS has called plans optimal that break a row which holds an earlier aim, with no bound: it is asked again
        from nothing and without its presolve, and if that says the same, nothing is taken from it.
        """
        form.programme.programme.problem.setObjective(form.programme.aims[aim].copy())
        for afresh in (False, True):
            left = until - perf_counter()
            if left <= 0:
                return None
            programme = replace(form.programme.programme, reduced=afresh)
            start = None if afresh else self._start(form)
            ending = solve(programme, time_limit_s=left, gap=max(finer * self.gap, CLOSE), warm_start=start)
            self.solvers.append(ending.solver)
            parted = self.question.single and not form.question.single
            if ending.open is None:
                return ending
            in_time = ending.finished or perf_counter() >= until
            if in_time and (parted or self._keeps(self._read(form, ending), aim)):
                return ending
            log.info("%s: the solver's plan breaks its own rows", aim)
        return None

    def _limit(self, aim: str, bound: float) -> None:
        """Hear a bound; one that a known plan undercuts by more than rounding is false and left aside."""
        if self.best is not None and bound - self._value(aim) > FALSE * max(1.0, abs(self._value(aim))):
            log.warning("%s: a bound of %s, where a plan has %s, is left aside", aim, bound, self._value(aim))
            return
        self.bounds[aim] = max(self.bounds[aim], bound)

    def _bound_parted(self, aim: str, until: float, *, merged: bool) -> None:
        """A bound from places that may be parted, in zones that need not hang together."""
        form = self._form("parted", merged=merged)
        if aim in form.programme.aims and not self._closed(aim):
            ending = self._solved(form, aim, until)
            if ending is not None and ending.feasible:
                self._limit(aim, ending.bound)

    def _narrow(self, aim: str, until: float) -> None:
        """A plan of zones that hang together at once, perhaps not the best of them."""
        form = self._form("narrow")
        if self._closed(aim) or aim not in form.programme.aims:
            return
        ending = self._solved(form, aim, self._before(until))
        if ending is not None and ending.open is not None:
            self._offer(self._read(form, ending), aim)

    def _round(self, aim: str, until: float, *, merged: bool) -> None:
        """Places that may be parted bound those that go as a whole, and few of them are parted: these are rounded."""
        form = self._form("parted", merged=merged)
        if self._closed(aim) or aim not in form.programme.aims:
            return
        ending = self._solved(form, aim, until)
        if ending is None:
            return
        if ending.feasible:
            self._limit(aim, ending.bound)
        if ending.open is None:
            return
        share = np.array([ending.values[variable.index] for variable in form.programme.go])
        share = dealt(self.question, form.question, form.entry, share)
        for pliable in PLIABLE:
            rounded = self._stated(*few_open(self.question, share, pliable))
            ending = self._solved(rounded, aim, self._before(until))
            if ending is None:
                return
            if ending.open is not None:
                self._offer(self._read(rounded, ending), aim)
                return

    def _exactly(self, name: str, aim: str, until: float, *, merged: bool = False) -> None:
        """One aim of a form, again with less to hold where rounding alone made it impossible."""
        while not self._minimise(self._form(name, merged=merged), aim, until) and self.keep < KEEP[-1]:
            self.keep = KEEP[KEEP.index(self.keep) + 1]
            self.forms.clear()

    def _minimise(self, form: _Form, aim: str, until: float) -> bool:
        """One aim, with cuts as long as plans break them; False where a plan is known, and none should exist."""
        while not self._closed(aim) and aim in form.programme.aims:
            ending = self._solved(form, aim, until)
            if ending is None:
                break
            if not ending.feasible:
                self.feasible = self.best is not None
                return not self.feasible
            self._limit(aim, ending.bound)
            if ending.open is None:
                break
            plan = self._read(form, ending)
            broken = [] if self.zones is None else self.zones.broken(plan.share)
            if not broken:
                self._offer(plan, aim)
                break
            _cut(form, broken)
            self.cuts += broken
        return True

    def _improve(self, aim: str, until: float) -> None:
        """Some zones that touch are decided anew and the others stay, until that makes nothing better.

        Where only so many may move, zones far from each other too, as what is spared here may be spent there.
        """
        q = self.question
        for size, parts in SOME:
            if parts and q.most_moved is None:
                continue
            idle, room = 0, 0
            while idle < q.q and not self._closed(aim) and perf_counter() < until:
                before = self.best
                rooms = [room, (room + q.q // parts) % q.q] if parts else [room]
                self._anew(rooms, size, aim, min(until, perf_counter() + PATIENCE_S))
                idle = idle + 1 if self.best is before else 0
                room = (room + 1) % q.q

    def _fill(self, aim: str, until: float) -> None:
        """A bound from rooms that are filled with whole places one by one, where no option is left to decide."""
        q = self.question
        if self._closed(aim) or q.choice.free.any():
            return
        rooms = Rooms(q, aim, self.firm, q.choice.keep)
        if rooms.allowed():
            goal = self._value(aim) - max(NOTHING, self.gap) * max(1.0, abs(self._value(aim)))
            self._limit(aim, rooms.bound(goal, until, self.zones))
            self.cuts += rooms.cuts
            self.forms.pop("whole", None)

    def _anew(self, around_rooms: Sequence[int], size: int, aim: str, until: float) -> None:
        """The zones around rooms decided anew: better in the aim, or as good and fewer move where few may."""
        assert self.best is not None  # noqa: S101  (asked only then)
        assert self.zones is not None  # noqa: S101
        q, share = self.question, self.best.share
        rooms = np.unique(np.concatenate([around(q, self.zones, share, room, size) for room in around_rooms]))
        cuts = [cut for cut in self.cuts if q.room[cut[0]] in rooms]
        form = self._stated(*only(q, some_zones(q, share, rooms)), cuts)
        aims = form.programme.aims
        if aim not in aims:
            return
        if spare := q.most_moved is not None and aim != "moved" and "moved" in aims:
            aims[aim] += SPARE * aims["moved"]
        while (ending := self._solved(form, aim, until, FINE)) is not None and ending.open is not None:
            plan = self._read(form, ending)
            broken = self.zones.broken(plan.share)
            if not broken:
                now, then = q.worth(self.best), q.worth(plan)
                self._offer(plan, aim)
                fewer = then["moved"] < now["moved"] - NOTHING and then[aim] <= now[aim]
                if spare and fewer and self._keeps(plan, aim):
                    self.best = plan
                return
            _cut(form, broken)
            self.cuts += broken

    def _read(self, form: _Form, ending: Ending) -> Placement:
        """The plan of an ending, with shares of rows as they stand in the question."""
        q = self.question
        taken = np.asarray(ending.open, bool)[: q.choice.m]
        share = np.array([ending.values[variable.index] for variable in form.programme.go])
        share = np.append(np.where(share > NOTHING, share, 0.0), 0.0)[form.entry]
        if q.single:
            share = np.rint(share)
        share[q.classes_of(taken)[q.room] <= 0] = 0.0
        total = np.bincount(q.row, weights=share, minlength=q.r)
        return Placement(taken, share / np.maximum(total, 1.0)[q.row])

    def _offer(self, plan: Placement, aim: str) -> None:
        """Take a plan that is better in this aim and keeps what earlier ones came to."""
        if self._keeps(plan, aim) and (self.best is None or self.question.worth(plan)[aim] < self._value(aim)):
            self.best = plan

    def _keeps(self, plan: Placement, aim: str) -> bool:
        """Whether a plan obeys all rules but those of zones, and is no worse in the aims before this one."""
        worth = self.question.worth(plan)
        firm = [(a, value) for a, value in self.firm if a != aim]
        return self.question.holds(plan) and all(worth[a] <= v + AGREE * max(1.0, abs(v)) for a, v in firm)

    def _start(self, form: _Form) -> list[int] | None:
        """The best plan for the solver to begin with; None where a form may not have it."""
        there = form.entry >= 0
        if self.best is None or (form.question.single and (self.best.share[~there] > 0).any()):
            return None
        flags: Flags = self.best.taken
        if form.question.single:
            flags = np.concatenate([flags, self.best.share[there] > 1 - AGREE])
        return np.flatnonzero(flags).tolist()

    def _value(self, aim: str) -> float:
        assert self.best is not None  # noqa: S101  (asked only then)
        return self.question.worth(self.best)[aim]

    def _closed(self, aim: str) -> bool:
        """Whether the best plan is as good in an aim as was asked for."""
        if self.best is None:
            return False
        value = self._value(aim)
        return value - self.bounds[aim] <= max(NOTHING, self.gap) * max(1.0, abs(value))

    @staticmethod
    def _before(until: float) -> float:
        """When part of the time until then will be over."""
        return perf_counter() + HASTE * (until - perf_counter())

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
            levels = [
                Level(aim, worth[aim], min(self.bounds.get(aim, self._least(aim)), worth[aim]), aim in self.settled)
                for aim in (*aims, *self.settled)
            ]
        return SeatsAnswer(self.best, tuple(levels), self.feasible, tuple(dict.fromkeys(self.solvers)), len(self.cuts))


def _cut(form: _Form, cuts: Sequence[Cut]) -> None:
    """Rows x_e ≤ Σ_c x_c, of the entries that a form has."""
    problem, go = form.programme.programme.problem, form.programme.go
    for e, others in cuts:
        if form.entry[e] >= 0:
            beside = form.entry[others]
            row = [(go[form.entry[e]], 1), *((go[c], -1) for c in beside[beside >= 0].tolist())]
            problem.addConstraint(pulp.LpAffineExpression(row) <= 0, f"cut_{problem.numConstraints()}")
