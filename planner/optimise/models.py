"""One function a programme, stated in the letters of the literature and written in PuLP."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulp

from planner.network import Floats, Integers


@dataclass(frozen=True)
class Programme:
    """An integer programme, and which of its variables open a site."""

    problem: pulp.LpProblem
    open: tuple[pulp.LpVariable, ...]  # (m,)
    reduced: bool = False  # nothing left that a solver's presolve would find


def maximal_covering(
    weight: Floats,
    indptr: Integers,
    site: Integers,
    m: int,
    new_sites: int,
    *,
    keep: Sequence[int] = (),
    forbid: Sequence[int] = (),
) -> Programme:
    """Cover as many people as a number of new sites can.

        max  Σ_i w_i z_i
        s.t. z_i ≤ Σ_{j ∈ N_i} y_j        for every demand i
             Σ_j y_j ≤ p                  over candidates, the kept ones included
             y_j = 1 for j kept,  y_j = 0 for j forbidden
             y_j ∈ {0, 1},  0 ≤ z_i ≤ 1   (z rises to 0 or 1 by itself)

    Church & ReVelle (1974), The maximal covering location problem.

    w is `weight` (n,), N_i is `site[indptr[i] : indptr[i + 1]]`, positions below m. In the programme
    y_j is `open_j`, z_i is `served_i` and its row `near_i`.
    """
    problem = pulp.LpProblem("maximal_covering", pulp.LpMaximize)
    y = [problem.add_variable(f"open_{j}", 0, 1, pulp.LpInteger) for j in range(m)]
    z = [problem.add_variable(f"served_{i}", 0, 1) for i in range(len(weight))]
    for j in keep:
        y[j].lowBound = 1
    for j in forbid:
        y[j].upBound = 0

    problem.setObjective(pulp.LpAffineExpression(list(zip(z, weight.tolist(), strict=True))))
    for i, z_i in enumerate(z):
        sites_near = site[indptr[i] : indptr[i + 1]].tolist()
        row = pulp.LpAffineExpression([(z_i, 1), *((y[j], -1) for j in sites_near)])
        problem.addConstraint(row <= 0, f"near_{i}")
    problem.addConstraint(pulp.lpSum(y) <= new_sites, "new_sites")
    return Programme(problem, tuple(y), reduced=True)
