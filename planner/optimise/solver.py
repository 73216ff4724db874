"""Run an integer programme, and say honestly how it ended."""

import logging
import re
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

from planner.errors import NoSolverError
from planner.network import Flags, Floats
from planner.optimise.models import Programme

log = logging.getLogger(__name__)

SEED = 0
HALF = 0.5  # an open site is 1 but for rounding
AWAKE_S = 0.05  # how often a waiting search looks for the user's interrupt


@dataclass(frozen=True)
class Ending:
    """What the solver found. The plan's worth is not in it: recompute that from the plan."""

    open: Flags | None  # (m,)  its best plan, None where it has none yet
    values: Floats  # (variables,)  of that plan, in the order of the programme's variables; empty without a plan
    bound: float  # of the programme's objective, from the solver; infinite where it has none yet
    finished: bool  # searched to the end, or to the gap asked; False at the time limit
    feasible: bool  # False where the solver proved that no plan exists
    solver: str  # name and version
    seconds: float  # for the log


def solve(
    programme: Programme,
    *,
    time_limit_s: float,
    gap: float,
    warm_start: Sequence[int] | None = None,
    hear: Callable[[Flags | None, float], None] | None = None,
    solver: str = "HiGHS",
) -> Ending:
    """The programme solved by HiGHS on one thread, so that the same programme ends in the same plan.

    `gap` is the share of the objective at which the solver may stop; `warm_start` are the sites of a plan
    to begin with; `hear` is told each better plan and bound. On the user's interrupt HiGHS stops at once and
    the KeyboardInterrupt is raised after `hear` was told the last. PuLP only builds the model: its status
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
    }
    for option, setting in options.items():
        model.setOptionValue(option, setting)
    problem.solverModel = model
    engine = pulp.HiGHS(msg=False)
    engine.buildSolverModel(problem)
    columns = np.array([variable.index for variable in programme.open], np.int32)
    if warm_start is not None:
        model.setSolution(len(columns), columns, np.isin(np.arange(len(columns)), warm_start).astype(np.float64))
    interrupted = _run(model, problem.sense, columns, hear)

    import highspy  # noqa: PLC0415

    name = f"HiGHS {model.version()}"
    status, info = model.getModelStatus(), model.getInfo()
    known = highspy.HighsModelStatus
    finished = status in {known.kOptimal, known.kModelEmpty, known.kInfeasible}
    if not finished and status not in {known.kTimeLimit, known.kInterrupt}:
        raise NoSolverError(
            f"{name} gave up on the programme {problem.name!r} with {problem.numConstraints()} rows: "
            f"{model.modelStatusToString(status)}. Check the versions of pulp and highspy, or report this."
        )
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(model.getSolution().col_value) if has_plan else np.empty(0)
    seconds = perf_counter() - began
    log.info("%s: %s after %.2f s", name, model.modelStatusToString(status), seconds)
    bound = problem.sense * float(info.mip_dual_bound if problem.isMIP() else info.objective_function_value)
    ending = Ending(
        open=values[columns] > HALF if has_plan else None,
        values=values,
        bound=bound,
        finished=finished,
        feasible=status != known.kInfeasible,
        solver=name,
        seconds=seconds,
    )
    if interrupted:
        if hear is not None:
            hear(ending.open, ending.bound)
        raise KeyboardInterrupt
    return ending


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


def _run(model: Any, sense: int, columns: Any, hear: Callable[[Flags | None, float], None] | None) -> bool:  # noqa: C901
    """Run HiGHS beside a thread that listens for the user's interrupt; whether there was one."""
    stop = threading.Event()
    fault: list[BaseException] = []

    def told(event: Any) -> None:
        if stop.is_set():
            event.interrupt()

    def better(event: Any) -> None:
        if hear is not None and not stop.is_set():
            plan = np.array(event.data_out.mip_solution)[columns] > HALF
            try:
                hear(plan, sense * float(event.data_out.mip_dual_bound))
            except BaseException as raised:  # noqa: BLE001  (HiGHS would swallow it)
                fault.append(raised)
                stop.set()

    def search() -> None:
        try:
            model.run()
        except BaseException as raised:  # noqa: BLE001  (raised again by the thread that waits)
            fault.append(raised)

    model.cbMipInterrupt += told
    model.cbSimplexInterrupt += told
    model.cbMipImprovingSolution += better
    thread = threading.Thread(target=search, daemon=True)
    thread.start()
    while thread.is_alive():
        try:
            thread.join(AWAKE_S)
        except KeyboardInterrupt:
            stop.set()
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
