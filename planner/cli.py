"""The commands: run, validate, doctor, compare, explain, init, fetch.

Whatever takes time to import is imported inside them.

Exit codes: 0 done; 1 finished, but a plan stopped before the gap asked for; 2 a fault in what was typed, in the
scenario, in what it asks, or in where to write; 3 the data cannot carry the answer, or a download failed; 4 no
solver; 70 a bug in planner, with its traceback; 130 interrupted.
"""

import json
import logging
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.errors import (
    DataError,
    FetchError,
    NoPlanError,
    NoSolverError,
    OutputError,
    PlannerError,
    QuestionError,
    ScenarioError,
)

if TYPE_CHECKING:
    from planner.coverage import Coverage
    from planner.run import Run
    from planner.scenario import Scenario
    from planner.sited import SitedPlan

STEPS = (
    10  # of a run, as the plain progress counts them: seven of run_scenario, tables, papers, map; schools are one more
)
WHY_NONE = "infeasible.md"
GAP_NOT_REACHED, DATA_REFUSED, BUG, INTERRUPTED = 1, 3, 70, 130
EXIT_CODES = {  # the first class that fits
    ScenarioError: 2,
    QuestionError: 2,
    OutputError: 2,
    DataError: 3,
    FetchError: 3,
    NoSolverError: 4,
    PlannerError: 3,
}

app = typer.Typer(
    name="planner",
    help="Where a city's public facilities should go: coverage on foot, proven siting plans, offline maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # to draw boxes around the help takes longer than all the rest of it
)
ScenarioPath = Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario file (.yaml).")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key: siting.0.gap=0.01")]
Variant = Annotated[str | None, typer.Option(help="Run this variant of the scenario.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log what each step finds and how long it takes.")]


def main() -> None:
    """The console script `planner`."""
    app(prog_name="planner")


@app.command()
def run(
    scenario: ScenarioPath,
    out: Annotated[Path | None, typer.Option(help="Where results go; by default maps/<scenario>.")] = None,
    changes: Sets = None,
    variant: Variant = None,
    verbose: Verbose = False,
) -> None:
    """Answer a scenario and draw its map.

    Measures coverage, chooses sites, measures again. The path of the map is the last line printed.
    """
    with _exit_codes(), _log_to_stderr(verbose=verbose):
        from planner.scenario import load  # noqa: PLC0415

        asked = load(scenario, set=changes or (), variant=variant)
        folder = out or Path("maps") / asked.scenario
        page = f"{asked.scenario}.html"
        with _why_there_is_none(folder), complete_outputs(folder) as unfinished, _progress(asked) as progress:
            from planner import maps, papers, report  # noqa: PLC0415
            from planner.run import run_scenario  # noqa: PLC0415

            result = run_scenario(asked, progress, _closing(progress))
            progress("writing the tables")
            report.write(result, unfinished)
            progress("writing the papers")
            written = papers.write(result, unfinished, asked.outputs.papers)
            progress("drawing the map")
            maps.draw(result, unfinished / page)
        for line in headlines(result):
            typer.echo(line)
        for paper in written:
            typer.echo(str(folder / paper.name))
        typer.echo(str(folder / page))
        if any(gap_missed(result)):
            raise typer.Exit(GAP_NOT_REACHED)


@app.command()
def validate(scenario: ScenarioPath, changes: Sets = None, variant: Variant = None) -> None:
    """Check a scenario, without any analysis.

    Its keys, its variants, and the files and columns that it names.
    """
    with _exit_codes():
        from planner.scenario import load  # noqa: PLC0415

        asked = load(scenario, set=changes or (), variant=variant)
        typer.echo(f"{scenario}: no faults (files: {len(asked.files)}, variants: {len(asked.variants)})")


@app.command()
def doctor(
    scenario: ScenarioPath,
    changes: Sets = None,
    variant: Variant = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Examine the data of a scenario, before any analysis.

    Prints findings by severity, each with its culprits and the remedy. Ends with 3 where a run would refuse.
    """
    with _exit_codes():
        from planner.doctor import SEVERITIES, examine  # noqa: PLC0415
        from planner.scenario import load  # noqa: PLC0415

        asked = load(scenario, set=changes or (), variant=variant)
        findings = examine(asked)
        counts = {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}
        if as_json:
            told = {"scenario": asked.scenario, "counts": counts, "findings": [asdict(each) for each in findings]}
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            for each in findings:
                typer.echo(str(each))
            typer.echo(f"{scenario}: " + ", ".join(f"{severity}s: {count}" for severity, count in counts.items()))
        if counts["error"]:
            raise typer.Exit(DATA_REFUSED)


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; it is made where needed.")]) -> None:
    """Write a first scenario, with comments.

    And beside it the schema by which an editor completes and checks it.
    """
    with _exit_codes():
        from planner.scenario import json_schema  # noqa: PLC0415

        texts = {folder / "scenario.yaml": FIRST_SCENARIO, folder / "scenario.schema.json": json_schema()}
        there = [path.name for path in texts if path.exists()]
        if there:
            raise OutputError(f"{folder} already has {', '.join(there)}. Nothing was written; choose another folder.")
        with _writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in texts.items():
                path.write_text(text, encoding="utf-8", newline="\n")
        typer.echo(
            f"wrote {folder / 'scenario.yaml'}; set its line `city:`, then: planner run {folder / 'scenario.yaml'}"
        )


@app.command()
def fetch(
    place: Annotated[str, typer.Argument(metavar="PLACE", help='As OpenStreetMap finds it: "川汇区, 周口市, 中国".')],
    overpass_url: Annotated[str | None, typer.Option(help="Another Overpass server.")] = None,
    nominatim_url: Annotated[str | None, typer.Option(help="Another Nominatim server.")] = None,
    verbose: Verbose = False,
) -> None:
    """Download a place, for later runs.

    A scenario with `city: PLACE` then runs without a network.
    """
    with _exit_codes(), _log_to_stderr(verbose=verbose):
        from planner.sources.online import CACHE, fetch_place  # noqa: PLC0415

        extract = fetch_place(place, overpass_url=overpass_url, nominatim_url=nominatim_url)
        dated = f", data of {extract.data_date}" if extract.data_date else ""
        typer.echo(f"{place}: {len(extract.ways):,} streets, {len(extract.features):,} features{dated}")
        typer.echo(f"kept in {CACHE.expanduser()}; {extract.attribution}")


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="The folder of a run, or a scenario to answer first.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    out: Annotated[Path | None, typer.Option(help="Write the differences as maps on A3 to this file (.pdf).")] = None,
    verbose: Verbose = False,
) -> None:
    """Tell what run B changes beside run A.

    In people, money and sites, and what else parts the two: data, rules, versions.
    """
    with _exit_codes(), _log_to_stderr(verbose=verbose), tempfile.TemporaryDirectory() as room:
        from planner.compared import compare_runs  # noqa: PLC0415

        folders = [_answered(each, Path(room) / name) for each, name in ((a, "a"), (b, "b"))]
        compared = compare_runs(*folders)
        for line in compared.sentences():
            typer.echo(line)
        if out is not None:
            from planner.papers.difference import difference  # noqa: PLC0415

            drawn = difference(compared, *folders)
            with _writing_to(out):
                out.write_bytes(drawn)
            typer.echo(str(out))


@app.command()
def explain(
    scenario: ScenarioPath,
    wanted: Annotated[str, typer.Argument(metavar="SITE|BUILDING", help="Its id, name or pinyin initials.")],
    run_folder: Annotated[
        Path | None, typer.Option("--run", help="The folder of its run; by default maps/<scenario>.")
    ] = None,
    changes: Sets = None,
    variant: Variant = None,
    language: Annotated[str | None, typer.Option(help="zh, en or both; by default that of the outputs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verbose: Verbose = False,
) -> None:
    """Say why a site is chosen or not, or who serves a building, by which path.

    Reads what `planner run` recorded, where that is of the same questions and data; else answers the scenario first.
    """
    with _exit_codes(), _log_to_stderr(verbose=verbose), tempfile.TemporaryDirectory() as room:
        from planner import explained  # noqa: PLC0415
        from planner.scenario import load  # noqa: PLC0415

        if language not in {None, "zh", "en", "both"}:
            raise QuestionError(f"--language {language}: there is zh, en or both.")
        asked = load(scenario, set=changes or (), variant=variant)
        folder = run_folder or Path("maps") / asked.scenario
        if why := explained.why_not(asked, folder):
            typer.echo(f"{why}: the scenario is answered first", err=True)
            folder = _run_into(asked, Path(room) / "run")
        with _progress(asked) as progress:
            told = explained.explain(explained.read_answer(asked, folder, progress), wanted)
        if as_json:
            typer.echo(json.dumps(explained.plain_data(told), ensure_ascii=False, indent=1))
            return
        for line in explained.sentences(told, language or asked.outputs.language):
            typer.echo(line)


def _answered(given: Path, room: Path) -> Path:
    """The folder of a run; a scenario is answered into `room`."""
    if given.suffix not in {".yaml", ".yml"}:
        return given
    from planner.scenario import load  # noqa: PLC0415

    return _run_into(load(given), room)


def _run_into(asked: "Scenario", room: Path) -> Path:
    """A folder that is made, with what a run records."""
    from planner import report  # noqa: PLC0415
    from planner.run import run_scenario  # noqa: PLC0415

    room.mkdir()
    with _progress(asked) as progress:
        report.write(run_scenario(asked, progress, _closing(progress)), room)
    return room


@app.command("standards")
def list_standards(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One of them, or the beginning of ids.")] = None,  # noqa: A002
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List and explain the standards, rule-sets and provisions.

    Each with its document, clause and how sure it is; `planner standards park.P3` explains some.
    """
    with _exit_codes():
        from planner import published  # noqa: PLC0415

        typer.echo(published.as_json(id) if as_json else "\n".join(published.text(id)))


def headlines(run: "Run") -> Iterator[str]:
    """What the run found, a sentence a line."""
    yield from run.assumptions
    yield str(run.demand)
    yield from (f"note: {note}" for note in run.notes)
    for each in run.measured:
        gain = each.after.served - each.before.served
        yield (
            str(each.before)
            + (f"; with the plan {each.after.share:.1%}" if gain else "")
            + f" [{each.standard.source}]"
        )
        yield from (f"  {row}" for row in _by_group(each.before, each.after, run.demand.groups))
    yield from _of_plans(run)
    if run.rule_sets:
        yield "The same green under every rule-set, in people and residential land; documents ask a share of the land:"
        yield from (f"  {row} [{row.rules.source}]" for row in run.rule_sets)
    if run.tried:
        yield "What gates and links would bring, each alone:"
        yield from (f"  {each}" for each in run.tried)
    if run.circle:
        yield from run.circle.sentences()
    if run.beyond.near:
        factor = run.beyond.detour_factor
        walks = "" if factor is None else f"; walks are {factor:.2f} times the straight line"
        yield f"Beyond covered or not, on foot to the nearest, of those who reach one{walks}:"
        yield from (f"  {row}" for row in run.beyond.near)
    yield from map(str, run.beyond.shared)


def _of_plans(run: "Run") -> Iterator[str]:
    """What is built, how good that provably is, and how it stands beside what somebody states."""
    for sited in run.plans:
        if sited.whole is None:
            yield f"{sited.standard.title['en']}: {sited.proof} [{sited.standard.source}]"
        elif sited in run.wholes:
            yield f"several services on the same land: {sited.whole}"
            rates = zip(sited.whole.by_service, sited.whole.rates, strict=True)
            yield f"  a person who gains it counts: {', '.join(f'{each.service} {rate:g}' for each, rate in rates)}"
        if sited.phasings:
            yield from _by_years(sited)
    for seats in run.schools:
        yield from seats.sentences()
    if run.tasks:
        yield str(run.tasks)
    if run.scenario.stated:
        from planner.ledgers.stated import stated_sentences  # noqa: PLC0415

        yield f"What is stated ({run.scenario.stated.source}), and what is found here, today → with the plans:"
        yield from (f"  {row}" for row in stated_sentences(run))


def _by_years(sited: "SitedPlan") -> Iterator[str]:
    """The plan over the years, and what those that look less far serve fewer."""
    phasings = sited.phasings
    if phasings is None:
        return
    ways = {"in order": phasings.ordered, "phased": phasings.phased, "myopic": phasings.myopic}
    for name, way in {**ways, "static": phasings.static}.items():
        if way is not None:
            fewer = f", {phasings.regret(way):,.0f} fewer" if way is not phasings.phased else ""
            yield f"  {sited.standard.service} over the years, {name}: {way}{fewer}"


def _by_group(before: "Coverage", after: "Coverage", groups: tuple[str, ...]) -> Iterator[str]:
    """How many of each group meet the standard, a line a group."""
    people = before.people.sum(axis=0)
    for group, total, was, now in list(zip(groups, people, before.by_group(), after.by_group(), strict=True))[1:]:
        if total > 0:
            gain = f"; with the plan {now / total:.1%}" if now > was else ""
            yield f"{group}: {was / total:.1%} ({was:,.0f} of {total:,.0f}){gain}"


def gap_missed(run: "Run") -> list[bool]:
    """Of each question, whether its plan stopped with a larger gap than it asked for."""
    of_sites = [
        whole.ending == "stopped" and whole.gap > run.scenario.siting[sited.number - 1].gap
        for sited in run.plans
        for whole in (sited.proof,)
    ]
    of_seats = [
        any(
            not level.proven and level.missed(run.scenario.schools[seats.number - 1].gap) for level in seats.plan.levels
        )
        for seats in run.schools
    ]
    return of_sites + of_seats


@contextmanager
def complete_outputs(folder: Path) -> Iterator[Path]:
    """A folder to write results into, which take their place in `folder` together once all are complete.

    A folder that cannot be written is refused at once. Where anything fails, what was there stays as it was;
    files of other names always stay.
    """
    made = not folder.exists()
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))  # on the same disk: renames are whole
    try:
        yield unfinished
        with _writing_to(folder):
            _put_in_place(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if made:
            with suppress(OSError):  # it holds results
                folder.rmdir()


@contextmanager
def _why_there_is_none(folder: Path) -> Iterator[None]:
    """Writes the page on a question that no plan answers; one of an earlier run goes once there are plans."""
    page = folder / WHY_NONE
    try:
        yield
    except NoPlanError as error:
        with _writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            page.write_text(error.page, encoding="utf-8", newline="\n")
        typer.echo(f"why, and the ways out, 原因与出路: {page}", err=True)
        raise
    with _writing_to(folder):
        page.unlink(missing_ok=True)


def _put_in_place(finished: Path, folder: Path) -> None:
    names = sorted(path.name for path in finished.iterdir())
    aside = finished / ".before"
    aside.mkdir()
    try:
        for name in names:
            if (folder / name).exists():
                (folder / name).replace(aside / name)
        for name in names:
            (finished / name).replace(folder / name)
    except OSError:
        for before in aside.iterdir():
            before.replace(folder / before.name)
        raise


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}). "
            "Close what has its files open, check its rights, or choose another folder."
        ) from error


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except PlannerError as error:
        for line in error.faults if isinstance(error, ScenarioError) else (str(error),):
            typer.echo(f"error: {line}", err=True)
        raise typer.Exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))) from None
    except KeyboardInterrupt:
        typer.echo("error: interrupted; nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception:  # noqa: BLE001  (a bug, whatever it is)
        traceback.print_exc()
        raise typer.Exit(BUG) from None


@contextmanager
def _log_to_stderr(*, verbose: bool) -> Iterator[None]:
    handler, logger = logging.StreamHandler(), logging.getLogger("planner")
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def _progress(asked: "Scenario") -> Iterator[Callable[[str], None]]:
    """Tells each step on stderr: a moving line on a terminal, plain lines elsewhere."""
    step, steps = 0, STEPS + bool(asked.schools)
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415

        with Console(stderr=True).status("starting") as status:
            yield lambda text: status.update(f"{text} …")
        return

    def plain(text: str) -> None:
        nonlocal step
        step += 1
        typer.echo(f"step {step}/{steps} {text} …", err=True)

    yield plain


def _closing(progress: Callable[[str], None]) -> Callable[[float, float], None] | None:
    """Shows on a terminal how the plan and its bound close in; Ctrl-C then keeps the best plan with its gap."""
    if not sys.stderr.isatty():
        return None

    def closing(objective: float, bound: float) -> None:
        gap = (bound - objective) / bound if bound > objective else 0.0
        progress(f"choosing sites: {objective:,.0f}, at most {bound:,.0f}, gap {gap:.2%} (Ctrl-C keeps this plan)")

    return closing


FIRST_SCENARIO = """\
# yaml-language-server: $schema=scenario.schema.json
# Check it with `planner validate`, answer it with `planner run`. Paths are relative to this file.

scenario: my-city # names the output folder and the map
title:
  zh: 口袋公园选址
  en: Where pocket parks do the most good

# One line: an OpenStreetMap extract (my-city.osm.pbf), a place to download once ("川汇区, 周口市, 中国"),
# or made-up, the embedded city in which nothing is real.
city: made-up

# Either a total, spread over homes by floor area, or a layer with a column of people:
#   layer: {file: blocks.gpkg, people: population, base: "residents, 2020 census"}
demand:
  spread:
    total: 300000
    base: {kind: resident, date: "2022", boundary: the made-up city, source: made up}
    assumption: The people are made up and spread over the homes by floor area.

standards:
  rule_set: P5 # green counts from 400 m², a park from 5,000 m²
  measure: [green-300, park-500, eldercare-15min, school-15min]

# Candidates are leftover land of the extract, or a layer:
#   candidates: {file: parcels.gpkg, id: parcel}
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 20

variants: # planner run scenario.yaml --variant ten-parks
  ten-parks: {siting.0.new_sites: 10}
"""
