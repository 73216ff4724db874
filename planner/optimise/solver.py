"""Run an integer programme, and say honestly how it ended."""

import logging
import re
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pulp
from scipy.sparse import csr_array, vstack

from planner.errors import NoSolverError
from planner.network import Flags, Floats
from planner.optimise.models import Programme

log = logging.getLogger(__name__)

SEED = 0
ANY_NUMBER = 2**31 - 1  # of nodes: HiGHS's own limit
MISCOUNT = 1e-6  # share by which the worth of a plan and what the solver says of it may differ
HALF = 0.5  # an open site is 1 but for rounding


@dataclass(frozen=True)
class Ending:
    """What the solver found. The plan's worth is not in it: recompute that from the plan."""

    open: Flags | None  # (m,)  its best plan, None where it has none yet
    values: Floats  # (variables,)  of that plan, in the order of the programme's variables; empty without a plan
    bound: float  # of the programme's objective, from the solver; infinite where it has none yet
    finished: bool  # searched to the end, or to the gap asked; False at the time limit, or without a bound
    feasible: bool  # False where the solver proved that no plan exists
    solver: str  # name and version
    seconds: float  # for the log


def solve(
    programme: Programme,
    *,
    time_limit_s: float,
    gap: float,
    absolute_gap: float = 1e-6,
    warm_start: Sequence[int] | None = None,
    hear: Callable[[Flags | None, float], None] | None = None,
    most_nodes: int = ANY_NUMBER,
    solver: str = "HiGHS",
) -> Ending:
    """The programme solved by HiGHS on one thread, so that the same programme ends in the same plan.

    `gap` is the share of the objective at which the solver may stop, or `absolute_gap`; `warm_start` are the
    sites of a plan to begin with; `hear` is told each better plan and bound. On the user's interrupt HiGHS stops
    at once and the KeyboardInterrupt is raised after `hear` was told the last. `most_nodes` ends a search that is long
    in the same place on every machine. PuLP only builds the model: its status
    says "Optimal" at a time limit too, so plan, bound and ending are read from HiGHS itself. `solver` may be
    another one that PuLP finds (`PULP_CBC_CMD`, …): its bound is trusted only where it finished.
    """
    if solver != "HiGHS":
        return _solve_by_name(programme, solver, time_limit_s, gap)
    began = perf_counter()
    problem = programme.problem
    model = _highs()
    options: dict[str, str | int | float] = {
        "threads": 1,
        "presolve": "off" if programme.reduced else "choose",  # a core is small already: 14 s instead of 20 s
        "random_seed": SEED,
        "time_limit": max(float(time_limit_s), 1e-3),
        "mip_rel_gap": float(gap),
        "mip_abs_gap": float(absolute_gap),
        "mip_max_nodes": most_nodes,
    }
    for option, setting in options.items():
        model.setOptionValue(option, setting)
    problem.solverModel = model
    engine = pulp.HiGHS(msg=False)
    engine.buildSolverModel(problem)
    column = np.array([getattr(variable, "index", -1) for variable in programme.open], np.int32)  # −1: in no row
    used = np.flatnonzero(column >= 0)
    settled = np.array([variable.lowBound > HALF for variable in programme.open], bool)

    def plan_of(values: Floats) -> Flags:
        plan = settled.copy()
        plan[used] = values[column[used]] > HALF
        return plan

    if warm_start is not None:
        start = np.isin(np.arange(len(column)), warm_start).astype(np.float64)
        model.setSolution(len(used), column[used], start[used])
    interrupted = _run(model, problem.sense, plan_of, hear)

    import highspy  # noqa: PLC0415

    if warm_start is not None and not interrupted and _miscounts(model):
        log.info("HiGHS miscounted the plan that it was given: once more without it")
        model.clearSolver()
        interrupted = _run(model, problem.sense, plan_of, hear)
    name = f"HiGHS {model.version()}"
    status, info = model.getModelStatus(), model.getInfo()
    known = highspy.HighsModelStatus
    ended = status in {known.kOptimal, known.kModelEmpty}
    if not ended and status not in {known.kInfeasible, known.kTimeLimit, known.kSolutionLimit, known.kInterrupt}:
        raise NoSolverError(
            f"{name} gave up on the programme {problem.name!r} with {problem.numConstraints()} rows: "
            f"{model.modelStatusToString(status)}. Check the versions of pulp and highspy, or report this."
        )
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(model.getSolution().col_value) if has_plan else np.empty(0)
    seconds = perf_counter() - began
    log.info("%s: %s after %.2f s", name, model.modelStatusToString(status), seconds)
    bound = _told(model, problem.isMIP(), ended)
    if ended and not np.isfinite(bound):
        log.warning("%s calls %r optimal, with no bound: taken as stopped", name, problem.name)
    ending = Ending(
        open=plan_of(values) if has_plan else None,
        values=values,
        bound=problem.sense * bound,
        finished=status == known.kInfeasible or (ended and bool(np.isfinite(bound))),
        feasible=status != known.kInfeasible,
        solver=name,
        seconds=seconds,
    )
    if interrupted:
        if hear is not None:
            hear(ending.open, ending.bound)
        raise KeyboardInterrupt
    return ending


def _told(model: Any, whole: bool, ended: bool) -> float:
    """The bound from below that HiGHS tells, −∞ where it miscounts its own plan."""
    if _miscounts(model):
        log.warning("HiGHS miscounts its plan: its bound is not used")
        return -np.inf
    info = model.getInfo()
    return _known(float(info.mip_dual_bound if whole else info.objective_function_value), ended or whole)


def _miscounts(model: Any) -> bool:
    """Whether HiGHS says that its plan is worth something else than it is; then its bound is wrong as well.

    Seen where HiGHS 1.16 was given a plan to begin with and solved the programme in its presolve.
    """
    import highspy  # noqa: PLC0415

    info, programme = model.getInfo(), model.getLp()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return False
    worth = programme.offset_ + float(np.dot(programme.col_cost_, model.getSolution().col_value))
    return bool(abs(info.objective_function_value - worth) > MISCOUNT * max(1.0, abs(worth)))


def _known(bound: float, told: bool) -> float:
    """A bound from below as HiGHS has it; −∞ where it has none: NaN, ∞, or a linear programme before its end."""
    return bound if told and np.isfinite(bound) else -np.inf


def _highs() -> Any:
    """HiGHS, silent and on one thread."""
    try:
        import highspy  # noqa: PLC0415  (missing it must be an error that says what to install)
    except ImportError as fault:
        raise NoSolverError(
            f"This question needs HiGHS, and highspy cannot be imported ({fault}). "
            "Install it with `pip install highspy`."
        ) from fault

    class Quiet(highspy.Highs):
        """HiGHS greets on standard output when callbacks are enabled, before anybody can ask it not to."""

        def enableCallbacks(self) -> None:  # noqa: N802
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    highspy.Highs.resetGlobalScheduler(True)  # who used HiGHS before in this process fixed its number of threads
    return Quiet()  # type: ignore[no-untyped-call]


def _run(
    model: Any,
    sense: int,
    plan_of: Callable[[Floats], Flags],
    hear: Callable[[Flags | None, float], None] | None,
) -> bool:
    """Run HiGHS; whether the user interrupted it.

    While it runs, an interrupt only sets a flag, which HiGHS asks for every now and then: an exception would have
    to pass through its own code.
    """
    stop = threading.Event()
    fault: list[BaseException] = []

    def told(event: Any) -> None:
        if stop.is_set():
            event.interrupt()

    def better(event: Any) -> None:
        if hear is None or stop.is_set():
            return
        try:
            bound = _known(float(event.data_out.mip_dual_bound), True)
            hear(plan_of(np.array(event.data_out.mip_solution)), sense * bound)
        except BaseException as raised:  # noqa: BLE001  (raised again once HiGHS has stopped)
            fault.append(raised)
            stop.set()

    model.cbMipInterrupt += told
    model.cbSimplexInterrupt += told
    model.cbMipImprovingSolution += better
    in_charge = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set()) if in_charge else None
    try:
        model.run()
    finally:
        if in_charge:
            signal.signal(signal.SIGINT, before)
    if fault:
        raise fault[0]
    return stop.is_set()


def _solve_by_name(programme: Programme, solver: str, time_limit_s: float, gap: float) -> Ending:
    """The programme solved by another solver of PuLP: its plan, and its bound where its own log gives one.

    PuLP's `sol_status` tells a proof from a plan at the time limit; its `status` does not.
    """
    began = perf_counter()
    problem = programme.problem
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PuLP 3 announces that 4 will bring no CBC
        usable = [name for name in pulp.listSolvers(onlyAvailable=True) if name != "HiGHS"]
        if solver not in usable:
            raise NoSolverError(f"PuLP finds no solver {solver!r} here. Choose HiGHS or one of {', '.join(usable)}.")
        report = Path(folder) / "log"
        wish = {"msg": False, "timeLimit": time_limit_s, "gapRel": gap, "logPath": str(report)}
        problem.solve(pulp.getSolver(solver, **wish))
        said = report.read_text(errors="replace") if report.is_file() else ""
    feasible = problem.sol_status != pulp.LpSolutionInfeasible
    finished = problem.sol_status == pulp.LpSolutionOptimal or not feasible
    has_plan = problem.sol_status in {pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible}
    values = np.array([variable.varValue or 0.0 for variable in problem.variables()]) if has_plan else np.empty(0)
    opened = np.array([(variable.varValue or 0.0) > HALF for variable in programme.open]) if has_plan else None
    bound = float(pulp.value(problem.objective) or 0.0) if finished and has_plan else -problem.sense * np.inf
    stated = re.findall(r"^(?:Lower|Upper) bound:\s+(\S+)", said, re.MULTILINE)
    if stated and "CBC" in solver:
        bound = float(stated[-1])
    return Ending(opened, values, bound, finished, feasible, f"{solver} (PuLP)", perf_counter() - began)


class LinearProgramme:
    """A linear programme to be made large, solved again and again as rows are added and bounds change.

    Its bound is recomputed from the duals and our own copy of the rows, so that no tolerance of a solver is in it.
    """

    def __init__(
        self, *, objective: Floats, lower: Floats, upper: Floats, rows: csr_array, least: Floats, most: Floats
    ) -> None:
        self.model = _highs()
        self.name = f"HiGHS {self.model.version()}"
        for option, setting in {"threads": 1, "solver": "simplex", "random_seed": SEED, "output_flag": False}.items():
            self.model.setOptionValue(option, setting)
        self.model.addVars(len(objective), lower, upper)
        self.model.changeColsCost(len(objective), np.arange(len(objective), dtype=np.int32), -objective)
        self.objective, self.lower, self.upper = objective, lower.copy(), upper.copy()
        self.rows, self.least, self.most = csr_array((0, len(objective))), np.empty(0), np.empty(0)
        self.idle = np.empty(0, np.int64)  # of each row, solves since it last mattered
        self.dual = np.empty(0)  # (rows,)  of the last solution
        self.stopped = False
        self.add(rows, least, most)
        self.kept = len(least)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.most)

    def add(self, rows: csr_array, least: Floats, most: Floats) -> None:
        """More rows."""
        rows = csr_array(rows)
        rows.eliminate_zeros()
        self.model.addRows(
            rows.shape[0],
            least,
            most,
            rows.nnz,
            rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32),
            rows.data,
        )
        self.rows = vstack([self.rows, rows]).tocsr()
        self.least, self.most = np.concatenate([self.least, least]), np.concatenate([self.most, most])
        self.idle = np.concatenate([self.idle, np.zeros(len(most), np.int64)])

    def bound(self, lower: Floats, upper: Floats) -> None:
        """New bounds of the first columns."""
        k = len(lower)
        self.lower[:k], self.upper[:k] = lower, upper
        self.model.changeColsBounds(k, np.arange(k, dtype=np.int32), lower, upper)

    def solve(self, time_limit_s: float) -> tuple[Floats, float, Floats] | None:
        """The values of the columns, a bound of the objective, and the reduced costs; None where nothing is feasible.

        Also None where the time is over, and then `stopped` is set.
        """
        import highspy  # noqa: PLC0415

        known = highspy.HighsModelStatus
        for afresh in (False, True):  # an old basis may lead nowhere
            if afresh:
                self.model.clearSolver()
            self.model.setOptionValue("time_limit", float(self.model.getRunTime()) + max(time_limit_s, 1e-3))
            self.model.run()
            status = self.model.getModelStatus()
            if status in {known.kOptimal, known.kInfeasible, known.kTimeLimit}:
                break
            log.info("linear programme: %s", self.model.modelStatusToString(status))
        if status == known.kInfeasible:
            return None
        if status != known.kOptimal:
            self.stopped = True
            return None
        solution = self.model.getSolution()
        values, dual = np.array(solution.col_value), -np.array(solution.row_dual)
        dual = np.where(dual > 0, np.where(np.isfinite(self.most), dual, 0), np.where(np.isfinite(self.least), dual, 0))
        self.dual = dual
        reduced = self.objective - self.rows.T @ dual
        ends = np.where(dual > 0, self.most, np.where(dual < 0, self.least, 0.0))
        terms = np.concatenate([dual * ends, np.where(reduced > 0, reduced * self.upper, reduced * self.lower)])
        self.idle = np.where(dual != 0, 0, self.idle + 1)
        return values, float(terms.sum()) + 1e-12 * float(np.abs(terms).sum()), reduced

    def glance(self, column: int, value: float, steps: int = 60) -> float:
        """About how large the objective can be with a column at this value: a few steps of the simplex."""
        import highspy  # noqa: PLC0415

        low, high = self.lower[column], self.upper[column]
        basis = self.model.getBasis()
        self.model.changeColBounds(column, value, value)
        self.model.setOptionValue("simplex_iteration_limit", steps)
        self.model.run()
        status = self.model.getModelStatus()
        objective = (
            -np.inf
            if status == highspy.HighsModelStatus.kInfeasible
            else -self.model.getInfo().objective_function_value
        )
        self.model.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        self.model.changeColBounds(column, low, high)
        self.model.setBasis(basis)
        return float(objective)

    def tidy(self, most: int = 4000) -> None:
        """Drop rows that have not mattered for a while, when there are many."""
        if self.size - self.kept <= most:
            return
        stale = self.idle > np.sort(self.idle)[: most // 2][-1]
        stale[: self.kept] = False
        gone = np.flatnonzero(stale).astype(np.int32)
        self.model.deleteRows(len(gone), gone)
        self.rows, self.least, self.most = self.rows[~stale], self.least[~stale], self.most[~stale]
        self.idle = self.idle[~stale]
