"""The siting peer: spopt with PuLP, and below it CBC or HiGHS, on the same instance as ours.

Each question is asked in a process of its own, under a cap on its memory and on its time, for a peer that
builds a dense programme may end in neither a plan nor an error: then it "gave up", and while doing what.
`python -m benchmarks.peers_siting SOLVER QUESTION SITES LIMIT_S MEMORY_GIB INSTANCE REPORT` is that process;
it writes into the report, line by line, how far it has come. spopt is imported only there.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.instances import Floats, Instance, Rows
from benchmarks.questions import COVER, FEWEST, LONGEST, WALKS, Answer, Question, worth

SOLVERS = ("CBC", "HiGHS")
ROOM_TO_BUILD = 2  # wall time for building and solving, in time limits of the solver
DENSE_BYTES = 16  # a pair of place and site in reach or not: the walks that spopt is given, and what it makes of them
STARTING_S = 20  # seconds more, to import and to read
OUT_OF_MEMORY = 3  # how the process ends
WHOLE = 1e-4  # as near to 0 or 1 as a solver's plan is; else it is the linear programme's
FAR = 100  # limits: the walk to a site out of reach, where nobody may be left there and the model knows no such thing


@dataclass(frozen=True)
class Caps:
    """What a peer may use."""

    limit_s: float = 600.0  # of the solver; building and solving may take twice that
    memory_gib: float = 12.0

    @property
    def wall_s(self) -> float:
        """For building and solving."""
        return ROOM_TO_BUILD * self.limit_s


@dataclass(frozen=True)
class Handed:
    """An instance as plain arrays in a file, as the peers are given it."""

    instance: Instance
    file: Path

    def ask(self, solver: str, question: Question, caps: Caps) -> Answer:
        """The answer of spopt with one of `SOLVERS`."""
        n, m = self.instance.shape
        needed = DENSE_BYTES * n * m / 2**30
        if needed > caps.memory_gib:
            why = f"its two dense tables alone take {needed:,.0f} GiB of {caps.memory_gib:g}"
            return Answer("gave up", 0.0, why=why)
        report = self.file.with_name("report.jsonl")
        report.write_text("")
        asked = (solver, question.name, question.new_sites or 0, caps.limit_s, caps.memory_gib, self.file, report)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.peers_siting", *map(str, asked)]
        ended = _within(command, STARTING_S + caps.wall_s)
        told: dict[str, Any] = {}
        for line in report.read_text().splitlines():
            told |= json.loads(line)
        if "sites" not in told:
            return _given_up(told, ended, caps)
        build_s, seconds = told["build_s"], told["build_s"] + told["solve_s"]
        sites = np.array(told["sites"], np.int64)
        objective = worth(question, self.instance, sites)
        return Answer("proven" if told["proven"] else "stopped", seconds, objective, build_s=build_s)


@contextmanager
def handed(instance: Instance) -> Iterator[Handed]:
    """The instance in a file, as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "instance.npz"
        indptr, site, metres = instance.rows
        sizes = {"m": instance.shape[1], "limit_m": instance.limit_m}
        np.savez(file, people=instance.people, indptr=indptr, site=site, metres=metres, **sizes)
        yield Handed(instance, file)


def _within(command: list[str], wall_s: float) -> int | None:
    """How a process ended, or None where it and those it started had to be ended after a time."""
    process = subprocess.Popen(  # noqa: S603  (this module)
        command,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(wall_s)
    except subprocess.TimeoutExpired:
        return None
    finally:  # also where we are interrupted; CBC is a process below the peer's
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _given_up(told: dict[str, Any], ended: int | None, caps: Caps) -> Answer:
    """Without a plan: what it was doing, and what ended it."""
    if "solve_s" in told:
        build_s, seconds = told["build_s"], told["build_s"] + told["solve_s"]
        return Answer("gave up", seconds, build_s=build_s, why=f"no plan in {seconds:,.0f} s: {told['status']}")
    doing = told.get("doing", "starting")
    if ended is None:
        seconds, why = caps.wall_s, f"stopped while {doing} after {caps.wall_s:,.0f} s"
    else:
        seconds = 0.0
        why = f"out of {caps.memory_gib:g} GiB" if ended == OUT_OF_MEMORY else f"ended with {ended}"
        why = f"{why} while {doing}"
    return Answer("gave up", seconds, build_s=told.get("build_s", 0.0), why=why)


# ── in the process of a peer ──────────────────────────────────────────────────────────────────────


def dense(rows: Rows, m: int, beyond: float) -> Floats:
    """(n, m) metres, `beyond` where a site is out of reach."""
    indptr, site, metres = rows
    full = np.full((len(indptr) - 1, m), beyond)
    full[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), site] = metres
    return full


def model(question: Question, metres: Floats, people: Floats, limit_m: float) -> Any:
    """The model that spopt builds for a question."""
    from spopt.locate import LSCP, MCLP, PCenter, PMedian

    p = question.new_sites
    if question.name == COVER:
        return MCLP.from_cost_matrix(metres, people, limit_m, p_facilities=p)
    if question.name == FEWEST:
        return LSCP.from_cost_matrix(metres, limit_m)
    if question.name == WALKS:
        return PMedian.from_cost_matrix(metres, people, p_facilities=p)
    assert question.name == LONGEST
    return PCenter.from_cost_matrix(metres, p_facilities=p)


def main(solver: str, question: Question, caps: Caps, file: Path, report: Path) -> None:
    """Build, solve, and say how far one has come."""
    import pulp
    import spopt.locate  # noqa: F401  (here, for its seconds are no part of building)

    def say(**what: object) -> None:
        with report.open("a") as lines:
            lines.write(json.dumps(what) + "\n")

    say(doing="reading")
    given = np.load(file)
    rows = given["indptr"], given["site"], given["metres"]
    people, limit_m = given["people"], float(given["limit_m"])
    beyond = {COVER: np.inf, FEWEST: np.inf, WALKS: limit_m, LONGEST: FAR * limit_m}[question.name]
    metres = dense(rows, int(given["m"]), beyond)
    say(doing="building")
    began = time.perf_counter()
    asked = model(question, metres, people, limit_m)
    say(doing="solving", build_s=time.perf_counter() - began)
    made = {"CBC": pulp.PULP_CBC_CMD, "HiGHS": pulp.HiGHS}[solver]
    began = time.perf_counter()
    failed = ""
    try:  # without looking the results up, which is no part of the question
        asked.solve(made(msg=False, timeLimit=caps.limit_s, gapRel=0.0, threads=1), results=False)
    except RuntimeError as error:  # spopt's, where PuLP's status is not "Optimal": there may be a plan all the same
        failed = f", {error}"
    solve_s = time.perf_counter() - began
    value = np.array([variable.value() for variable in asked.fac_vars], float)  # nan where there is none
    opened = np.flatnonzero(value > 0.5)
    most = question.new_sites if question.new_sites is not None else len(value)
    # PuLP's `status` is "Optimal" after a time limit too; `sol_status` tells.
    ending = asked.problem.sol_status
    if 0 < len(opened) <= most and (abs(value - value.round()) < WHOLE).all():
        say(sites=opened.tolist(), proven=ending == pulp.LpSolutionOptimal and solve_s < caps.limit_s, solve_s=solve_s)
    else:
        say(status=f"{pulp.LpSolution[ending]}{failed}", solve_s=solve_s)


if __name__ == "__main__":
    import resource

    solver, name, new_sites, limit_s, memory_gib, file, report = sys.argv[1:]
    caps = Caps(float(limit_s), float(memory_gib))
    room = int(caps.memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        main(solver, Question(name, int(new_sites) or None), caps, Path(file), Path(report))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
