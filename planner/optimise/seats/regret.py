"""Options that are decided before anybody knows the future: the least of the largest regrets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter

import numpy as np
import pulp
from scipy.sparse import vstack

from planner.network import Flags, Floats, Integers
from planner.optimise.seats.levels import AGREE, CLOSE, Level
from planner.optimise.seats.models import SeatsProgramme, seats
from planner.optimise.seats.question import SeatsQuestion
from planner.optimise.solver import solve

KEEP = 1e-7  # share by which a later aim may make an earlier one worse: rounding


@dataclass(frozen=True)
class Futures:
    """f questions with the same options, asked as one: rows and rooms of one future after the other."""

    questions: tuple[SeatsQuestion, ...]  # (f,)  places may be parted

    @property
    def together(self) -> SeatsQuestion:
        """The same in one question. Who moved is asked of no future."""
        each, first = self.questions, self.questions[0]
        rooms, schools = self.starts("oversized"), self.starts("large_schools")
        entries = np.concatenate([[0], np.cumsum([len(q.room) for q in each])])
        return SeatsQuestion(
            weight=np.concatenate([q.weight for q in each]),
            indptr=np.concatenate([[0], *(q.indptr[1:] + at for q, at in zip(each, entries, strict=False))]),
            room=np.concatenate([q.room + at for q, at in zip(each, rooms, strict=False)]),
            distance=np.concatenate([q.distance for q in each]),
            classes=np.concatenate([q.classes for q in each]),
            sizes=np.concatenate([q.sizes for q in each]),
            adds=vstack([q.adds for q in each]).tocsr(),
            opens=vstack([q.opens for q in each]).tocsr(),
            school=np.concatenate(
                [np.where(q.school >= 0, q.school + at, -1) for q, at in zip(each, schools, strict=False)]
            ),
            most_pupils=np.concatenate([q.most_pupils for q in each]),
            widens=vstack([q.widens for q in each]).tocsr(),
            choice=first.choice,
            cost=first.cost,
            before=np.full(int(entries[-1]), -2),
            stays=np.zeros(int(entries[-1]), bool),
        )

    def starts(self, aim: str) -> Integers:
        """(f,) where what an aim counts of each future begins: rows, ways to go, schools or rooms."""
        size = {"unserved": "r", "walk": "ways", "large_schools": "schools"}.get(aim, "q")
        return np.array([0, *accumulate(_sizes(q)[size] for q in self.questions)][:-1], np.int64)


def _sizes(question: SeatsQuestion) -> dict[str, int]:
    return {"r": question.r, "q": question.q, "ways": len(question.room), "schools": len(question.most_pupils)}


def least_regret(futures: Futures, aim: str, best: Floats) -> tuple[SeatsProgramme, dict[str, pulp.LpVariable]]:
    """Options whose regret in the worst future is least, and who goes where in each future.

        lexmin θ_u,  θ_v,  Σ_k f_k y_k
        s.t. u_f(x, y) − u*_f ≤ θ_u              for every future f: pupils without a school
             v_f(x, y) − v*_f ≤ θ_v              and what the aim counts
             1 − s_i ≥ O_q                       for every row i and room q in its reach
             (x, y) as in `seats`, with rows and rooms for every future and the same y in all

    u*_f, v*_f = `best` (2, f) are of the best plan of each future, found before. Whoever reaches a class goes to one,
    so u_f is a matter of the options alone, and no future leaves pupils at home to have smaller classes. θ_v is below
    0 only where more pupils are at home than in the best plan.

    Kouvelis & Yu (1997), Robust discrete optimization and its applications; of the p-median, Averbakh & Berman (1997).

    In the programme θ_u is `regret_unserved`, θ_v `regret`; the other letters are as in `seats`.
    """
    question = futures.together
    programme = seats(question)
    problem = programme.programme.problem
    by_name = problem.variablesDict()
    regret = {"unserved": problem.add_variable("regret_unserved", 0), aim: problem.add_variable("regret")}
    for (of, most), targets in zip(regret.items(), best, strict=True):
        starts = futures.starts(of)
        parts: list[list[tuple[pulp.LpVariable, float]]] = [[] for _ in futures.questions]
        for variable, value in programme.aims.get(of, pulp.LpAffineExpression()).items():
            number = int(variable.name.rpartition("_")[2])
            parts[int(np.searchsorted(starts, number, "right")) - 1].append((variable, value))
        for f, (terms, target) in enumerate(zip(parts, targets.tolist(), strict=True)):
            row = pulp.LpAffineExpression([*terms, (most, -1)])
            problem.addConstraint(row <= target, f"{most.name}_{f}")
    for e, (i, q) in enumerate(zip(question.row.tolist(), question.room.tolist(), strict=True)):
        a, b = question.opens.indptr[q : q + 2].tolist()
        may = zip(question.opens.indices[a:b].tolist(), question.opens.data[a:b].tolist(), strict=True)
        terms = [(by_name[f"miss_{i}"], 1), *((programme.programme.open[k], by) for k, by in may)]
        problem.addConstraint(pulp.LpAffineExpression(terms) <= 1 - float(question.classes[q] > 0), f"reaches_{e}")
    return programme, regret


@dataclass(frozen=True)
class LeastRegret:
    """Options found, and the largest regrets and the cost with their bounds."""

    taken: Flags  # (k,)
    levels: tuple[Level, ...]
    solvers: tuple[str, ...]


def search_least_regret(
    futures: Futures,
    aim: str,
    best: Floats,
    least: Floats,
    plans: Sequence[Flags],
    worth: Callable[[Flags], Floats],
    *,
    time_limit_s: float,
    gap: float,
) -> LeastRegret:
    """The options whose largest regrets are least, to begin with the best of some plans.

    `worth` tells (2, f) the pupils without a school and what the aim counts in each future, everybody dealt out anew:
    regrets are taken from that, the solver gives options and bounds. `least` (2, f) is what no plan of a future
    undercuts: where it is below `best`, a regret may be as large as from there.
    """
    until = perf_counter() + time_limit_s
    programme, regret = least_regret(futures, aim, best)
    cost = futures.questions[0].cost
    problem, solvers, bounds = programme.programme.problem, [], []
    aims = [*(variable + 0 for variable in regret.values()), programme.aims["cost"]]

    def values(taken: Flags) -> list[float]:
        return [*(worth(taken) - best).max(axis=1).tolist(), float(cost @ taken)]

    found = min(plans, key=values)
    for number, of in enumerate(aims):
        problem.setObjective(of.copy())
        bound = 0.0 if number == 0 else -np.inf
        if (left := until - perf_counter()) > 0:
            start = np.flatnonzero(found).tolist()
            ending = solve(programme.programme, time_limit_s=left, gap=max(gap, CLOSE), warm_start=start)
            solvers.append(ending.solver)
            bound = max(bound, ending.bound) if ending.feasible else bound
            if ending.open is not None and futures.questions[0].choice.allows(ending.open):
                now, then = values(found), values(ending.open)
                if _no_worse(then[:number], now[:number]) and then[number] < now[number]:
                    found = ending.open
        now = values(found)
        bounds.append(bound)
        problem.addConstraint(of <= now[number] + KEEP * max(1.0, abs(now[number])), f"keep_{number}")
    most = [*(worth(found) - least).max(axis=1).tolist(), float(cost @ found)]
    levels = [
        Level(name, value, min(bound, value))
        for name, value, bound in zip((*regret, "cost"), most, bounds, strict=True)
    ]
    return LeastRegret(found, tuple(levels), tuple(dict.fromkeys(solvers)))


def _no_worse(then: Sequence[float], now: Sequence[float]) -> bool:
    return all(a <= b + AGREE * max(1.0, abs(b)) for a, b in zip(then, now, strict=True))
