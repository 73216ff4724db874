"""One function a programme, stated in the letters of the literature and written in PuLP."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from planner.network import Floats, Integers
from planner.optimise.choice import Choice
from planner.optimise.problem import Problem


@dataclass(frozen=True)
class Programme:
    """An integer programme, and which of its variables open a site."""

    problem: pulp.LpProblem
    open: tuple[pulp.LpVariable, ...]  # (m,)
    reduced: bool = False  # nothing left that a solver's presolve would find


def best_sites(problem: Problem) -> Programme:
    """Gain the most from the best open site of each row.

        max  Σ_i ω_i Σ_k w_i (D_ik − D_i,k+1) z_ik − Σ_j c_j y_j
        s.t. z_ik ≤ z_i,k−1 + Σ_{j: worth_ij = D_ik} y_j    for every row i and level k
             Σ_{i: f speaks of i} Σ_k w_i (D_ik − D_i,k+1) z_ik ≥ floor_f    for every floor
             least ≤ Σ_j a_j y_j ≤ most                     for every limit
             y_j = 1 for j kept,  y_j = 0 for j shut
             y_j ∈ {0, 1},  0 ≤ z_ik ≤ 1                    (z rises to 0 or 1 by itself)

    D_i1 > D_i2 > … are the distinct worths of row i, and 0 the last. With one level a row this is maximal
    covering: Church & ReVelle (1974), The maximal covering location problem. With metres saved it is the
    p-median in its radius formulation: Cornuéjols, Nemhauser & Wolsey (1980); García, Labbé & Marín (2011),
    Solving large p-median problems with a radius formulation.

    In the programme y_j is `open_j`, z_ik is `served_i` or `served_i_k`, its row `near_i` or `near_i_k`.
    """
    gains = problem.gains
    programme = pulp.LpProblem("best_sites", pulp.LpMaximize)
    y = opened(programme, problem.choice)
    worth: list[tuple[pulp.LpVariable, float]] = []
    by_part: dict[int, list[tuple[pulp.LpVariable, float]]] = {}
    for i in range(len(gains.weight)):
        row = slice(gains.indptr[i], gains.indptr[i + 1])
        levels = np.append(gains.worth[row], 0.0)
        ends = np.flatnonzero(np.diff(levels) < 0) + 1
        before, begin = None, 0
        for k, end in enumerate(ends.tolist()):
            name = f"{i}" if len(ends) == 1 else f"{i}_{k}"
            z = programme.add_variable(f"served_{name}", 0, 1)
            sites = gains.site[row][begin:end].tolist()
            terms = [(z, 1), *((y[j], -1) for j in sites)]
            if before is not None:
                terms.append((before, -1))
            programme.addConstraint(pulp.LpAffineExpression(terms) <= 0, f"near_{name}")
            value = float(gains.weight[i] * (levels[end - 1] - levels[end]))
            by_part.setdefault(int(gains.part[i]), []).append((z, value))
            if problem.counted[gains.part[i]]:
                worth.append((z, value))
            before, begin = z, end
    costs = [(y[j], -float(problem.cost[j])) for j in np.flatnonzero(problem.cost).tolist()]
    programme.setObjective(pulp.LpAffineExpression([*worth, *costs]))
    for f, floor in enumerate(problem.firm_floor.tolist()):
        gained = [term for part in np.flatnonzero(problem.speaks[f]).tolist() for term in by_part.get(part, [])]
        programme.addConstraint(pulp.LpAffineExpression(gained) >= floor, f"floor_{f}")
    within_limits(programme, y, problem.choice)
    return Programme(programme, tuple(y), reduced=not len(problem.floor))


def opened(programme: pulp.LpProblem, choice: Choice) -> list[pulp.LpVariable]:
    """y_j ∈ {0, 1} for every site; 1 where it is kept, 0 where it is shut."""
    return [
        programme.add_variable(f"open_{j}", int(keep), int(not shut), pulp.LpInteger)
        for j, (keep, shut) in enumerate(zip(choice.keep.tolist(), choice.shut.tolist(), strict=True))
    ]


def within_limits(programme: pulp.LpProblem, y: Sequence[pulp.LpVariable], choice: Choice) -> None:
    """Least ≤ Σ_j amount_j y_j ≤ most for every limit."""
    for k, limit in enumerate(choice.limits):
        name = limit.name if limit.name.isidentifier() else f"limit_{k}"
        used = pulp.LpAffineExpression(
            [(y[j], amount) for j, amount in zip(limit.site.tolist(), limit.amount.tolist(), strict=True)]
        )
        if np.isfinite(limit.most):
            programme.addConstraint(used <= limit.most, name)
        if np.isfinite(limit.least):
            programme.addConstraint(used.copy() >= limit.least, f"{name}_least")


def covering_twice(
    weight: Floats, indptr: Integers, site: Integers, need: Integers, choice: Choice, *, strong: bool
) -> Programme:
    """Bring the most people within reach of two sites, or of one where a standing one is near already.

        max  Σ_i w_i z_i
        s.t. need_i z_i ≤ Σ_{j ∈ N_i} y_j        for every row i
             z_i ≤ Σ_{j ∈ N_i, j ≠ k} y_j        for every row that needs two and every k ∈ N_i, if `strong`
             least ≤ Σ_j a_j y_j ≤ most          for every limit
             y_j, z_i ∈ {0, 1}

    Hogan & ReVelle (1986), Concepts and applications of backup coverage. The second rows follow from the first
    for whole plans and are tighter for fractions: a row with one site within reach is never served twice.

    w is `weight` (n,), N_i is `site[indptr[i] : indptr[i + 1]]`. In the programme y_j is `open_j`, z_i is
    `served_i`, its rows `near_i` and `spare_i_k`.
    """
    programme = pulp.LpProblem("covering_twice", pulp.LpMaximize)
    y = opened(programme, choice)
    z = [programme.add_variable(f"served_{i}", 0, 1, pulp.LpInteger) for i in range(len(weight))]
    programme.setObjective(pulp.LpAffineExpression(list(zip(z, weight.tolist(), strict=True))))
    for i, z_i in enumerate(z):
        near = site[indptr[i] : indptr[i + 1]].tolist()
        row = [(z_i, int(need[i])), *((y[j], -1) for j in near)]
        programme.addConstraint(pulp.LpAffineExpression(row) <= 0, f"near_{i}")
        for k in near if strong and need[i] > 1 else []:
            spare = [(z_i, 1), *((y[j], -1) for j in near if j != k)]
            programme.addConstraint(pulp.LpAffineExpression(spare) <= 0, f"spare_{i}_{k}")
    within_limits(programme, y, choice)
    return Programme(programme, tuple(y))


def conditional_median(
    weight: Floats,
    indptr: Integers,
    site: Integers,
    distance: Floats,
    already: Floats,
    share: float,
    choice: Choice,
) -> Programme:
    """Make the mean distance of the farthest share of the weight as short as can be.

        min  η + 1/(β Σ_i w_i) Σ_i w_i u_i
        s.t. u_i ≥ D_i1 + Σ_k (D_i,k+1 − D_ik) z_ik − η    for every row i
             z_ik + Σ_{j: d_ij ≤ D_ik} y_j ≥ 1             for every row i and distance k but its last
             least ≤ Σ_j a_j y_j ≤ most                    for every limit
             y_j ∈ {0, 1},  z_ik, u_i, η ≥ 0

    D_i1 < D_i2 < … are the distinct distances of row i below `already` (n,), which is its last. Ogryczak & Zawadzki
    (2002), Conditional median, in the radius formulation of García, Labbé & Marín (2011).

    w is `weight` (n,), d_ij `distance` (entries,), β the `share`. In the programme η is `begins`, u_i `beyond_i` and
    its row `tail_i`, z_ik `not_within_i_k` and its row `near_i_k`.
    """
    programme = pulp.LpProblem("conditional_median", pulp.LpMinimize)
    y = opened(programme, choice)
    begins = programme.add_variable("begins", 0)
    u = [programme.add_variable(f"beyond_{i}", 0) for i in range(len(weight))]
    part = 1.0 / (share * float(weight.sum()))
    tail = zip(u, (part * weight).tolist(), strict=True)
    programme.setObjective(pulp.LpAffineExpression([(begins, 1.0), *tail]))
    for i, u_i in enumerate(u):
        row = slice(indptr[i], indptr[i + 1])
        sites, far = site[row], distance[row]
        levels = np.append(np.unique(far[far < already[i]]), already[i])
        terms = [(u_i, 1.0), (begins, 1.0)]
        for k, level in enumerate(levels[:-1].tolist()):
            z = programme.add_variable(f"not_within_{i}_{k}", 0)
            near = [(y[j], 1) for j in sites[far <= level].tolist()]
            programme.addConstraint(pulp.LpAffineExpression([(z, 1), *near]) >= 1, f"near_{i}_{k}")
            terms.append((z, -float(levels[k + 1] - level)))
        programme.addConstraint(pulp.LpAffineExpression(terms) >= float(levels[0]), f"tail_{i}")
    within_limits(programme, y, choice)
    return Programme(programme, tuple(y))
