"""Which modules may be built together: sites, limits, budget and the room that everybody needs."""

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from planner.network import Flags, Floats
from planner.optimise.capacity.models import CapacityQuestion
from planner.optimise.solver import HALF, SEED, _highs

ROUNDING = 1e-9


class ModuleSets:
    """The sets of modules that a question allows, without asking who goes where.

    One module a site, exactly one at kept sites, none at shut ones; limits; budget; capacities that hold everybody
    where nobody may go unserved; least loads that sum to no more than everybody.
    """

    def __init__(self, question: CapacityQuestion) -> None:
        q = self.question = question
        k, people = len(q.module_site), float(q.weight.sum())
        once = coo_array((np.ones(k), (q.module_site, np.arange(k))), shape=(q.m, k)).tocsr()
        bars, most = q.bars
        rows = [once, csr_array(bars), csr_array(q.least[q.module_site][None, :])]
        low = [q.choice.keep.astype(float), np.full(len(most), -np.inf), np.array([-np.inf])]
        high = [np.where(q.choice.shut, 0.0, 1.0), most, np.array([people * (1 + ROUNDING)])]
        if q.unserved_cost is None:
            rows.append(csr_array(q.module_capacity[None, :]))
            low.append(np.array([people * (1 - ROUNDING)]))
            high.append(np.array([np.inf]))
        self._build(vstack(rows).tocsr(), np.concatenate(low), np.concatenate(high))

    def _build(self, rows: csr_array, low: Floats, high: Floats) -> None:
        import highspy  # noqa: PLC0415

        self.model = _highs()
        for option, setting in {"threads": 1, "random_seed": SEED, "presolve": "off", "mip_rel_gap": 1e-6}.items():
            self.model.setOptionValue(option, setting)
        k = rows.shape[1]
        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = k, rows.shape[0]
        programme.col_cost_, programme.col_lower_, programme.col_upper_ = np.zeros(k), np.zeros(k), np.ones(k)
        programme.row_lower_, programme.row_upper_ = low, high
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_, programme.a_matrix_.index_ = rows.indptr, rows.indices
        programme.a_matrix_.value_ = rows.data
        programme.integrality_ = [highspy.HighsVarType.kInteger] * k
        self.model.passModel(programme)
        self.done = highspy.HighsModelStatus.kOptimal
        self.columns = np.arange(k, dtype=np.int32)

    def cheapest(
        self, value: Floats, opened: int | None = None, closed: Flags | None = None
    ) -> tuple[Flags | None, float]:
        """The set (k,) with the smallest sum of values, and a bound on all sets; (None, inf) where there is none.

        `opened` must be in it, `closed` (k,) may not.
        """
        k = len(value)
        low, high = np.zeros(k), np.ones(k)
        if closed is not None:
            high[closed] = 0.0
        if opened is not None:
            low[opened] = 1.0
        self.model.clearSolver()
        self.model.changeColsCost(k, self.columns, np.asarray(value, float))
        self.model.changeColsBounds(k, self.columns, low, high)
        self.model.run()
        if self.model.getModelStatus() != self.done:
            return None, np.inf
        return np.array(self.model.getSolution().col_value) > HALF, float(self.model.getInfo().mip_dual_bound)

    def liked(self, liking: Floats) -> Flags | None:
        """The set that is nearest to a liking (k,): sites liked by more than one half, in the size liked best.

        None proves that there is no set at all.
        """
        q = self.question
        by_site = np.bincount(q.module_site, weights=liking, minlength=q.m)
        dearest = np.full(q.m, -np.inf)
        np.maximum.at(dearest, q.module_site, liking)
        return self.cheapest(HALF - by_site[q.module_site] + 0.1 * (dearest[q.module_site] - liking))[0]
