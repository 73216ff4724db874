"""Run an integer programme, and say honestly how it ended."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pulp

from planner.errors import NoSolverError
from planner.network import Flags
from planner.optimise.models import Programme

log = logging.getLogger(__name__)

SEED = 0


@dataclass(frozen=True)
class Ending:
    """What the solver found. The plan's worth is not in it: recompute that from the plan."""

    open: Flags | None  # (m,)  its best plan, None where it has none yet
    bound: float  # of the programme's objective, from the solver; infinite where it has none yet
    finished: bool  # searched to the end, or to the gap asked; False at the time limit
    solver: str  # name and version
    seconds: float  # for the log


def solve(programme: Programme, *, time_limit_s: float, gap: float, warm_start: Sequence[int] | None = None) -> Ending:
    """The programme solved by HiGHS on one thread, so that the same programme ends in the same plan.

    `gap` is the share of the objective at which the solver may stop; `warm_start` are the sites of a plan
    to begin with. PuLP only builds the model: its status says "Optimal" at a time limit too, so plan, bound
    and ending are read from HiGHS itself.
    """
    try:
        import highspy  # noqa: PLC0415  (missing it must be an error that says what to install)
    except ImportError as fault:
        raise NoSolverError(
            f"The programme {programme.problem.name!r} needs HiGHS, and highspy cannot be imported ({fault}). "
            "Install it with `pip install highspy`."
        ) from fault

    class Quiet(highspy.Highs):
        """HiGHS greets on standard output when callbacks are enabled, before anybody can ask it not to."""

        def enableCallbacks(self) -> None:  # noqa: N802
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    began = perf_counter()
    highspy.Highs.resetGlobalScheduler(True)  # who used HiGHS before in this process fixed its number of threads
    problem = programme.problem
    model = problem.solverModel = Quiet()  # type: ignore[no-untyped-call]
    options: dict[str, str | int | float] = {
        "threads": 1,
        "presolve": "off",  # a core is small already: a hard town took 14 s instead of 20 s
        "random_seed": SEED,
        "time_limit": float(time_limit_s),
        "mip_rel_gap": float(gap),
    }
    for option, setting in options.items():
        model.setOptionValue(option, setting)
    engine = pulp.HiGHS(msg=False)
    engine.buildSolverModel(problem)
    columns = np.array([variable.index for variable in programme.open], np.int32)
    if warm_start is not None:
        model.setSolution(len(columns), columns, np.isin(np.arange(len(columns)), warm_start).astype(np.float64))
    engine.callSolver(problem)

    name = f"HiGHS {model.version()}"
    status, info = model.getModelStatus(), model.getInfo()
    finished = status in {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty}
    if not finished and status != highspy.HighsModelStatus.kTimeLimit:
        raise NoSolverError(
            f"{name} gave up on the programme {problem.name!r} with {problem.numConstraints()} rows: "
            f"{model.modelStatusToString(status)}. Check the versions of pulp and highspy, or report this."
        )
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    plan = np.array(model.getSolution().col_value)[columns] > 0.5 if has_plan else None  # noqa: PLR2004
    seconds = perf_counter() - began
    log.info("%s: %s after %.2f s", name, model.modelStatusToString(status), seconds)
    return Ending(plan, problem.sense * float(info.mip_dual_bound), finished, name, seconds)
