"""The programmes of covering every row and of keeping sites apart, in the letters of the literature, in PuLP."""

import numpy as np
import pulp

from planner.network import Floats, Integers
from planner.optimise.choice import Choice
from planner.optimise.models import Programme


def set_covering(indptr: Integers, site: Integers, cost: Floats, choice: Choice) -> Programme:
    """The cheapest sites that leave no demand uncovered.

        min  Σ_j c_j y_j
        s.t. Σ_{j ∈ N_i} y_j ≥ 1              for every demand i
             least_l ≤ Σ_j a_lj y_j ≤ most_l  for every limit l
             y_j = 1 for j kept,  y_j = 0 for j shut
             y_j ∈ {0, 1}

    Toregas, Swain, ReVelle & Bergman (1971), The location of emergency service facilities.

    c is `cost` (m,), N_i is `site[indptr[i] : indptr[i + 1]]`. In the programme y_j is `open_j`, the row of
    demand i is `near_i`, and those of limit l are `limit_l_least` and `limit_l_most`.
    """
    problem = pulp.LpProblem("set_covering", pulp.LpMinimize)
    y = _sites(problem, choice)
    problem.setObjective(pulp.LpAffineExpression(list(zip(y, cost.tolist(), strict=True))))
    for i in range(len(indptr) - 1):
        sites_near = site[indptr[i] : indptr[i + 1]].tolist()
        problem.addConstraint(pulp.LpAffineExpression([(y[j], 1) for j in sites_near]) >= 1, f"near_{i}")
    _limits(problem, y, choice)
    return Programme(problem, tuple(y))


def node_packing(indptr: Integers, site: Integers, choice: Choice) -> Programme:
    """As many sites as can be open when of each clique, sites too close to one another, at most one may be.

        max  Σ_j y_j
        s.t. Σ_{j ∈ K} y_j ≤ 1                for every clique K
             least_l ≤ Σ_j a_lj y_j ≤ most_l  for every limit l
             y_j = 1 for j kept,  y_j = 0 for j shut
             y_j ∈ {0, 1}

    Padberg (1973), On the facial structure of set packing polyhedra; as the question whether p sites can
    keep a distance, Erkut (1990), The discrete p-dispersion problem.

    Clique k is `site[indptr[k] : indptr[k + 1]]`. In the programme y_j is `open_j`, the row of clique k is
    `apart_k`, and those of limit l are `limit_l_least` and `limit_l_most`.
    """
    problem = pulp.LpProblem("node_packing", pulp.LpMaximize)
    y = _sites(problem, choice)
    problem.setObjective(pulp.lpSum(y))
    for k in range(len(indptr) - 1):
        clique = site[indptr[k] : indptr[k + 1]].tolist()
        problem.addConstraint(pulp.LpAffineExpression([(y[j], 1) for j in clique]) <= 1, f"apart_{k}")
    _limits(problem, y, choice)
    return Programme(problem, tuple(y))


def _sites(problem: pulp.LpProblem, choice: Choice) -> list[pulp.LpVariable]:
    """y_j, settled where the choice settles it."""
    y = [problem.add_variable(f"open_{j}", 0, 1, pulp.LpInteger) for j in range(choice.m)]
    for j in np.flatnonzero(choice.keep):
        y[j].lowBound = 1
    for j in np.flatnonzero(choice.shut):
        y[j].upBound = 0
    return y


def _limits(problem: pulp.LpProblem, y: list[pulp.LpVariable], choice: Choice) -> None:
    """The rows of the limits; an end that is infinite has none."""
    for number, limit in enumerate(choice.limits):
        spent = pulp.LpAffineExpression(
            [(y[j], amount) for j, amount in zip(limit.site.tolist(), limit.amount.tolist(), strict=True)]
        )
        if np.isfinite(limit.least):
            problem.addConstraint(spent >= limit.least, f"limit_{number}_least")
        if np.isfinite(limit.most):
            problem.addConstraint(spent <= limit.most, f"limit_{number}_most")
