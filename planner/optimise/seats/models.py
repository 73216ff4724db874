"""The programme of school seats, in the letters of the literature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from planner.network import Integers
from planner.optimise.models import Programme, opened, within_limits
from planner.optimise.seats.question import Placement, SeatsQuestion


@dataclass(frozen=True)
class SeatsProgramme:
    """The programme, and what each aim is in it."""

    programme: Programme
    aims: dict[str, pulp.LpAffineExpression]
    go: tuple[pulp.LpVariable, ...]  # (entries,)


def seats(question: SeatsQuestion) -> SeatsProgramme:  # noqa: C901  (one kind of row after the other)
    """Which options are in use, and who goes where, so that one aim after the other is as small as it can be.

        lexmin Σ_i n_i s_i,  Σ_q a_q,  Σ_q b_q,  Σ_h e_h,  Σ_q c_q,  Σ_iq n_i d_iq x_iq,  Σ_k f_k y_k,  Σ_iq n_i m_iq
        s.t. Σ_q x_iq + s_i = 1                                     for every row i
             P_q = Σ_i n_i x_iq,   N_q = K_q + Σ_k v_qk y_k         for every room q
             P_q ≤ 65 N_q + a_q,   P_q ≤ 55 N_q + b_q,   P_q ≤ σ_q N_q + c_q
             Σ_{q ∈ h} P_q ≤ M_h + Σ_k w_hk y_k + e_h              for every school and year h
             x_iq ≤ O_q = [K_q > 0] + Σ_k o_qk y_k                  for every room that may open or close
             m_iq ≥ x_iq − x_iq',   Σ_iq n_i m_iq ≤ ε               q' the same school a year before
             limits on y: options begin once, one at a school, within the budget of each year
             y_k ∈ {0, 1},  0 ≤ x_iq                                x_iq, s_i ∈ {0, 1} where rows go as a whole

    A row i are the pupils n_i of a place in a stage and a year, a room q is a school in that stage and year. Antunes &
    Peeters (2000), A dynamic optimization model for school network planning; modules as in Castillo-López &
    López-Ospina (2015), School location and capacity modification considering the existence of externalities.

    In the programme y_k is `open_k`, x_iq of entry e `go_e`, s_i `miss_i`, P_q `load_q`, m_iq `move_e`; a, b, c are
    `severe_q`, `oversized_q`, `above_q`, and e is `large_h`.
    """
    problem = pulp.LpProblem("seats", pulp.LpMinimize)
    kind = pulp.LpInteger if question.single else pulp.LpContinuous
    weight = question.weight[question.row].tolist()
    y = opened(problem, question.choice)
    x = [problem.add_variable(f"go_{e}", 0, 1, kind) for e in range(len(question.room))]
    s = [problem.add_variable(f"miss_{i}", 0, 1, kind) for i in range(question.r)]
    load = [problem.add_variable(f"load_{q}", 0) for q in range(question.q)]
    terms: dict[str, list[tuple[pulp.LpVariable, float]]] = {
        "unserved": list(zip(s, question.weight.tolist(), strict=True)),
        "walk": list(zip(x, (question.weight[question.row] * question.distance).tolist(), strict=True)),
        "cost": list(zip(y, question.cost.tolist(), strict=True)),
    }

    def add(row: list[tuple[pulp.LpVariable, float]], sense: int, right: float, name: str) -> None:
        problem.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(row), sense, rhs=right), name)

    for i, (a, b) in enumerate(zip(question.indptr[:-1], question.indptr[1:], strict=True)):
        add([*((x[e], 1) for e in range(a, b)), (s[i], 1)], pulp.LpConstraintEQ, 1, f"serve_{i}")
    by_room: list[list[int]] = [[] for _ in range(question.q)]
    for e, q in enumerate(question.room.tolist()):
        by_room[q].append(e)
    for q, entries in enumerate(by_room):
        add([*((x[e], weight[e]) for e in entries), (load[q], -1)], pulp.LpConstraintEQ, 0, f"pupils_{q}")
        gives = _row(question.adds, q)
        for column, (aim, name) in enumerate(
            [("severe", "severe"), ("oversized", "oversized"), ("above_standard", "above")]
        ):
            size = float(question.sizes[q, column])
            if np.isfinite(size):
                over = problem.add_variable(f"{name}_{q}", 0)
                terms.setdefault(aim, []).append((over, 1))
                row = [(load[q], 1.0), (over, -1.0), *((y[k], -size * more) for k, more in gives)]
                add(row, pulp.LpConstraintLE, size * float(question.classes[q]), f"class_{name}_{q}")
        if (changes := _row(question.opens, q)) or not question.classes[q]:
            is_open = float(question.classes[q] > 0)
            for e in entries:
                add([(x[e], 1), *((y[k], -by) for k, by in changes)], pulp.LpConstraintLE, is_open, f"tie_{e}")
    for h, most in enumerate(question.most_pupils.tolist()):
        over = problem.add_variable(f"large_{h}", 0)
        terms.setdefault("large_schools", []).append((over, 1))
        rooms = np.flatnonzero(question.school == h).tolist()
        wider = [(y[k], -more) for k, more in _row(question.widens, h)]
        add([*((load[q], 1) for q in rooms), (over, -1), *wider], pulp.LpConstraintLE, most, f"school_{h}")
    for e in np.flatnonzero(question.counted & ~question.stays).tolist():
        move = problem.add_variable(f"move_{e}", 0, 1)
        terms.setdefault("moved", []).append((move, weight[e]))
        earlier = [(x[question.before[e]], 1)] if question.before[e] >= 0 else []
        add([(x[e], 1), (move, -1), *((v, -1) for v, _ in earlier)], pulp.LpConstraintLE, 0, f"moves_{e}")
    if question.most_moved is not None and "moved" in terms:
        add(terms["moved"], pulp.LpConstraintLE, question.most_moved, "most_moved")
    within_limits(problem, y, question.choice)
    aims = {aim: pulp.LpAffineExpression(of) for aim, of in terms.items()}
    return SeatsProgramme(Programme(problem, tuple([*y, *x] if question.single else y)), aims, tuple(x))


def sets_of_places(
    question: SeatsQuestion,
    aim: str,
    held: Sequence[tuple[str, float]],
    sets: Sequence[tuple[int, Integers]],
    cuts: Sequence[tuple[int, Integers]] = (),
) -> pulp.LpProblem:
    """One aim over sets of places, one set at most a room; of options nothing is left to decide.

        min  Σ_c f_c λ_c + Σ_i u_i s_i
        s.t. Σ_{c ∋ i} λ_c + s_i = 1                          for every row i
             Σ_{c of q} λ_c ≤ 1                               for every room q
             Σ_c g_ac λ_c + Σ_i u_ai s_i ≤ v_a                for every aim a that is held at v_a
             Σ_c ([e ∈ c] − |c ∩ C|) λ_c ≤ 0                  for every separator C of an entry e
             0 ≤ λ_c, s_i

    f_c and g_ac are what the set c is worth in the aim and in those held; u_i = n_i where that is the unserved, else 0.
    Sets are given as a room and entries of the question. Savelsbergh (1997), A branch-and-price algorithm for the
    generalized assignment problem; of zones Mehrotra, Johnson & Nemhauser (1998).

    In the programme λ_c is `set_c`, s_i `miss_i`.
    """
    problem = pulp.LpProblem("sets_of_places", pulp.LpMinimize)
    share = np.zeros((len(sets), len(question.room)))
    for c, (_, entries) in enumerate(sets):
        share[c, entries] = 1.0
    worth = [question.worth(Placement(question.choice.keep, each)) for each in share]
    taken = [problem.add_variable(f"set_{c}", 0) for c in range(len(sets))]
    missed = [problem.add_variable(f"miss_{i}", 0) for i in range(question.r)]

    def total(of: str) -> pulp.LpAffineExpression:
        if of == "unserved":
            return pulp.LpAffineExpression(list(zip(missed, question.weight.tolist(), strict=True)))
        return pulp.LpAffineExpression([(v, each[of]) for v, each in zip(taken, worth, strict=True) if each[of]])

    problem.setObjective(total(aim))
    for i in range(question.r):
        row = [(taken[c], 1) for c in range(len(sets)) if share[c, question.row == i].any()]
        problem.addConstraint(pulp.LpAffineExpression([*row, (missed[i], 1)]) == 1, f"serve_{i}")
    for q in sorted({q for q, _ in sets}):
        row = [(taken[c], 1) for c, (of, _) in enumerate(sets) if of == q]
        problem.addConstraint(pulp.LpAffineExpression(row) <= 1, f"room_{q}")
    for a, most in held:
        problem.addConstraint(total(a) <= most, f"keep_{a}")
    for number, (e, others) in enumerate(cuts):
        by = share[:, e] - share[:, others].sum(axis=1)
        row = [(taken[c], by[c]) for c in np.flatnonzero(by).tolist()]
        problem.addConstraint(pulp.LpAffineExpression(row) <= 0, f"cut_{number}")
    return problem


def _row(matrix: object, q: int) -> list[tuple[int, float]]:
    """The entries of a row of a sparse matrix."""
    a, b = matrix.indptr[q], matrix.indptr[q + 1]  # type: ignore[attr-defined]
    return list(zip(matrix.indices[a:b].tolist(), matrix.data[a:b].tolist(), strict=True))  # type: ignore[attr-defined]
