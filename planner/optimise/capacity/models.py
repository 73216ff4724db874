"""Sites that hold only so many people: the question, and its two programmes in the letters of the literature."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pulp

from planner.network import Flags, Floats, Integers
from planner.optimise.choice import EXACT, Choice
from planner.optimise.models import Programme

ROOM = 1e-7  # share by which a load may pass a capacity or miss a least load: the rounding of linear programmes


@dataclass(frozen=True)
class CapacityQuestion:
    """n demand points, m sites that they can reach, and k modules: the sizes in which a site may be built.

    An open site has exactly one of its modules; a standing one is kept and has one module that costs nothing.
    A demand point without people is assigned to nobody's cost and bars no plan.
    """

    weight: Floats  # (n,)  people
    indptr: Integers  # (n+1,)
    site: Integers  # (entries,)  which sites each demand point can reach, none twice
    distance: Floats  # (entries,)  metres, or any other cost per person, not negative
    module_site: Integers  # (k,)
    module_capacity: Floats  # (k,)  people
    module_cost: Floats  # (k,)  money
    choice: Choice  # over the m sites
    least_load: Floats | None = None  # (m,)  people that an open site must serve at least; None = 0
    single: bool = False  # every demand point goes to one site as a whole
    budget: float | None = None  # money that the modules of a plan may cost
    fixed_weight: float = 1.0  # metres × people that a unit of money is worth in the objective
    unserved_cost: float | None = None  # metres, per person without a site; None = everybody must be served

    @property
    def n(self) -> int:
        """How many demand points there are."""
        return len(self.weight)

    @property
    def m(self) -> int:
        """How many sites there are."""
        return self.choice.m

    @cached_property
    def row(self) -> Integers:
        """(entries,) the demand point of each entry."""
        return np.repeat(np.arange(self.n), np.diff(self.indptr))

    @cached_property
    def by_site(self) -> tuple[Integers, Integers]:
        """(entries,) the entries site by site, demand points ascending, and (m+1,) where each site begins."""
        order = np.argsort(self.site, kind="stable")
        return order, np.searchsorted(self.site[order], np.arange(self.m + 1))

    @cached_property
    def fixed(self) -> Floats:
        """(k,) what a module adds to the objective."""
        return self.module_cost * self.fixed_weight

    @cached_property
    def whole_costs(self) -> bool:
        """Whether every plan costs a whole number, because all that it is summed from do."""
        if not self.single:
            return False
        without = self.weight * (self.unserved_cost or 0.0)
        costs = np.concatenate([self.fixed, self.weight[self.row] * self.distance, without])
        return bool((np.abs(costs - np.round(costs)) <= EXACT * np.maximum(1.0, np.abs(costs))).all())

    @cached_property
    def least(self) -> Floats:
        """(m,) people that an open site must serve at least."""
        return np.zeros(self.m) if self.least_load is None else np.asarray(self.least_load, float)

    @cached_property
    def bars(self) -> tuple[Floats, Floats]:
        """Limits and budget as rows over modules (bars, k) and what each allows at most (bars,)."""
        over_sites, least, most = self.choice.matrix
        rows = over_sites.toarray()[:, self.module_site]
        money = np.empty((0, len(self.module_site))) if self.budget is None else self.module_cost[None, :]
        allowed = np.empty(0) if self.budget is None else np.array([float(self.budget)])
        upper, lower = np.isfinite(most), np.isfinite(least)
        return (
            np.concatenate([rows[upper], -rows[lower], money]),
            np.concatenate([most[upper], -least[lower], allowed]),
        )

    def sites(self, opened: Flags) -> Flags:
        """(m,) the sites that a plan of modules (k,) opens."""
        return np.bincount(self.module_site[opened], minlength=self.m) > 0

    def allows(self, opened: Flags) -> bool:
        """Whether modules (k,) may be built: one a site, kept and shut sites, limits, budget. Loads are not asked."""
        rows, most = self.bars
        slack = 1e-9 * np.maximum(1.0, np.abs(rows).sum(axis=1))
        open_sites = self.sites(opened)
        return bool(
            np.bincount(self.module_site[opened], minlength=1).max() <= 1
            and open_sites[self.choice.keep].all()
            and not open_sites[self.choice.shut].any()
            and (rows @ opened <= most + slack).all()
        )

    def loads(self, share: Floats) -> Floats:
        """(m,) people whom an assignment (entries,) sends to each site."""
        return people_at(self.site, self.weight[self.row] * share, self.m)

    def unserved(self, share: Floats) -> Floats:
        """(n,) the share of each demand point that an assignment (entries,) leaves without a site."""
        left = 1.0 - np.bincount(self.row, weights=share, minlength=self.n)
        return np.where((self.weight > 0) & (left > ROOM), left, 0.0)

    def worth(self, opened: Flags, share: Floats) -> float:
        """The objective of a plan, from the plan itself; infinite where somebody goes without a site who must not."""
        without = float((self.weight * self.unserved(share)).sum())
        walked = float((self.weight[self.row] * self.distance * share).sum())
        if without > 0 and self.unserved_cost is None:
            return float("inf")
        return float(self.fixed[opened].sum()) + walked + without * (self.unserved_cost or 0.0)

    def holds(self, opened: Flags, share: Floats) -> bool:
        """Whether a plan keeps to everything: modules, open sites only, capacities, least loads, whole points."""
        if not self.allows(opened) or share.min(initial=0.0) < 0:
            return False
        most = np.bincount(self.module_site[opened], weights=self.module_capacity[opened], minlength=self.m)
        open_sites, load = self.sites(opened), self.loads(share)
        populated = self.weight[self.row] > 0
        total = np.bincount(self.row, weights=share, minlength=self.n)
        return bool(
            (load <= most * (1 + ROOM)).all()
            and (load >= self.least * (1 - ROOM))[open_sites].all()
            and not (share[~open_sites[self.site]] > 0).any()
            and (total <= 1 + ROOM).all()
            and not (self.single and ((share > 0) & (share < 1) & populated).any())
        )


def people_at(place: Integers, people: Floats, places: int) -> Floats:
    """(places,) the people at each place, summed."""
    return np.bincount(place, weights=people, minlength=places).astype(np.float64)


def capacitated(question: CapacityQuestion, tied: Flags | None = None) -> Programme:
    """Serve everybody at least cost from sites that hold only so many people; demand points may be parted.

        min  Σ_k f_k y_k + Σ_i w_i (Σ_j d_ij x_ij + g s_i)
        s.t. Σ_j x_ij + s_i = 1                              for every demand i
             l_j Y_j ≤ Σ_i w_i x_ij ≤ Σ_{k ∈ K_j} Q_k y_k    for every site j
             x_ij ≤ Y_j                                      for every pair that is tied
             Y_j = Σ_{k ∈ K_j} y_k ≤ 1                       = 1 for j kept, = 0 for j shut
             limits on Y,  Σ_k c_k y_k ≤ B
             y_k ∈ {0, 1},  0 ≤ x_ij,  0 ≤ s_i               (s_i only where somebody may go unserved)

    Fischetti, Ljubić & Sinnl (2016), Benders decomposition without separability: a computational study for
    capacitated facility location problems.

    The rows x_ij ≤ Y_j follow from the capacities in whole numbers, but make the linear relaxation much better:
    `tied` (entries,) says where they are written, None = everywhere. In the programme y_k is `open_k`, x_ij of
    entry e `go_e`, s_i `miss_i`; the rows are `serve_i`, `full_j`, `least_j`, `tie_e`, `one_j`, `bar_b`.
    """
    return _programme(question, "capacitated", pulp.LpContinuous, tied)


def capacitated_single(question: CapacityQuestion, tied: Flags | None = None) -> Programme:
    """Serve everybody at least cost from sites that hold only so many people; a demand point goes to one site.

        min  Σ_k f_k y_k + Σ_i w_i (Σ_j d_ij x_ij + g s_i)
        s.t. the rows of `capacitated`
             y_k, x_ij, s_i ∈ {0, 1}

    Holmberg, Rönnqvist & Yuan (1999), An exact algorithm for the capacitated facility location problems with
    single sourcing; with f = 0 and Σ Y_j ≤ p the capacitated p-median of Díaz & Fernández (2002), A branch-and-price
    algorithm for the single source capacitated plant location problem.

    What counts as open in it are the modules (k,) followed by the entries (entries,): both are whole, so that a
    warm start can say all of a plan.
    """
    return _programme(question, "capacitated_single", pulp.LpInteger, tied)


def _programme(question: CapacityQuestion, name: str, kind: str, tied: Flags | None) -> Programme:
    problem = pulp.LpProblem(name, pulp.LpMinimize)
    weight, fixed = question.weight, question.fixed
    y = [problem.add_variable(f"open_{k}", 0, 1, pulp.LpInteger) for k in range(len(fixed))]
    x = [problem.add_variable(f"go_{e}", 0, 1, kind) for e in range(len(question.site))]
    cost = [*zip(y, fixed.tolist(), strict=True)]
    cost += zip(x, (weight[question.row] * question.distance).tolist(), strict=True)
    serve = [[(x[e], 1) for e in range(a, b)] for a, b in zip(question.indptr[:-1], question.indptr[1:], strict=True)]
    if question.unserved_cost is not None:
        s = [problem.add_variable(f"miss_{i}", 0, 1, kind) for i in range(question.n)]
        cost += zip(s, (weight * question.unserved_cost).tolist(), strict=True)
        serve = [[*row, (s_i, 1)] for row, s_i in zip(serve, s, strict=True)]
    problem.setObjective(pulp.LpAffineExpression(cost))
    for i, row in enumerate(serve):
        problem.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(row), pulp.LpConstraintEQ, rhs=1), f"serve_{i}")

    modules = [np.flatnonzero(question.module_site == j).tolist() for j in range(question.m)]
    for j, ks in enumerate(modules):
        entries = np.flatnonzero(question.site == j)
        load = [(x[e], w) for e, w in zip(entries.tolist(), weight[question.row[entries]].tolist(), strict=True)]
        full = [(y[k], -float(question.module_capacity[k])) for k in ks]
        problem.addConstraint(pulp.LpAffineExpression([*load, *full]) <= 0, f"full_{j}")
        if question.least[j] > 0:
            owed = [(y[k], -float(question.least[j])) for k in ks]
            problem.addConstraint(pulp.LpAffineExpression([*load, *owed]) >= 0, f"least_{j}")
        total = pulp.LpAffineExpression([(y[k], 1) for k in ks])
        if question.choice.keep[j]:
            problem.addConstraint(total == 1, f"one_{j}")
        elif question.choice.shut[j]:
            problem.addConstraint(total <= 0, f"one_{j}")
        elif len(ks) > 1:
            problem.addConstraint(total <= 1, f"one_{j}")
    for e in range(len(x)) if tied is None else np.flatnonzero(tied).tolist():
        row = [(x[e], 1), *((y[k], -1) for k in modules[question.site[e]])]
        problem.addConstraint(pulp.LpAffineExpression(row) <= 0, f"tie_{e}")
    for b, (amounts, most) in enumerate(zip(*question.bars, strict=True)):
        spent = [(y[k], float(amounts[k])) for k in np.flatnonzero(amounts).tolist()]
        problem.addConstraint(pulp.LpAffineExpression(spent) <= float(most), f"bar_{b}")
    return Programme(problem, tuple([*y, *x] if kind == pulp.LpInteger else y))
