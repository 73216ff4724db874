"""The programmes of covering every row and of keeping sites apart, in the letters of the literature, in PuLP."""

from collections.abc import Collection, Sequence

import numpy as np
import pulp

from planner.network import Floats, Integers
from planner.optimise.choice import Choice
from planner.optimise.models import Programme, within_limits


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


def several_services(
    weight: Sequence[Floats],
    near: Sequence[tuple[Integers, Integers]],
    serves: Sequence[Collection[int]],
    choice: Choice,
) -> Programme:
    """Bring several services to the most people, where each site becomes one of several options.

        max  Σ_s Σ_i w_si z_si
        s.t. z_si ≤ Σ_{o: s ∈ S_o} Σ_{j ∈ N_si} y_oj    for every service s and demand i
             least ≤ Σ_oj a_oj y_oj ≤ most              for every limit: one option a site, so many sites of a
                                                        service, the budget, the floor
             y_oj ∈ {0, 1},  0 ≤ z_si ≤ 1               (z rises to 0 or 1 by itself)

    Nested where one option serves as another service too: Moore & ReVelle (1982), The hierarchical service location
    problem. On one budget: Schilling, Elzinga, Cohon, Church & ReVelle (1979), The TEAM/FLEET models.

    w_s is `weight[s]` (n,), N_si is the sites `near[s]` (indptr, site) of row i, S_o is `serves[o]`; `choice` is over
    the pairs, option o of site j at o · m + j. In the programme y_oj is `open_o_j`, z_si is `served_s_i`, its row
    `near_s_i`.
    """
    programme = pulp.LpProblem("several_services", pulp.LpMaximize)
    m = choice.m // len(serves)
    y = [
        programme.add_variable(f"open_{pair // m}_{pair % m}", int(keep), int(not shut), pulp.LpInteger)
        for pair, (keep, shut) in enumerate(zip(choice.keep.tolist(), choice.shut.tolist(), strict=True))
    ]
    worth = []
    for s, (people, (indptr, site)) in enumerate(zip(weight, near, strict=True)):
        options = [o for o, served in enumerate(serves) if s in served]
        for i in np.flatnonzero(people).tolist():
            z = programme.add_variable(f"served_{s}_{i}", 0, 1)
            worth.append((z, float(people[i])))
            sites = site[indptr[i] : indptr[i + 1]].tolist()
            row = [(z, 1), *((y[o * m + j], -1) for o in options for j in sites)]
            programme.addConstraint(pulp.LpAffineExpression(row) <= 0, f"near_{s}_{i}")
    programme.setObjective(pulp.LpAffineExpression(worth))
    within_limits(programme, y, choice)
    return Programme(programme, tuple(y))


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
