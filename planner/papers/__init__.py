"""Run → the papers that a planner files, a kind a module. Every figure is read from the run."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from planner.errors import OutputError
from planner.papers.words import joined
from planner.run import Run

__all__ = ["PAPERS", "write"]


def _workbook(run: Run) -> bytes:
    from planner.papers.contents import sheets_of  # noqa: PLC0415  (each library loads where its paper is asked for)
    from planner.papers.workbook import workbook  # noqa: PLC0415

    return workbook(sheets_of(run), language=run.scenario.outputs.language, synthetic=run.synthetic)


def _sheets(run: Run) -> bytes:
    from planner.papers.sheets import sheets  # noqa: PLC0415

    return sheets(run)


def _report(run: Run) -> bytes:
    from planner.papers.contents import found, sheets_of  # noqa: PLC0415
    from planner.papers.report_docx import report  # noqa: PLC0415
    from planner.papers.sheets import pictures  # noqa: PLC0415

    title, language = joined(run.scenario.title), run.scenario.outputs.language
    return report(title, found(run), sheets_of(run), pictures(run), language=language, synthetic=run.synthetic)


PAPERS: Mapping[str, Callable[[Run], bytes]] = {  # by the ending of its name
    "xlsx": _workbook,
    "pdf": _sheets,
    "docx": _report,
}


def write(run: Run, folder: Path, kinds: Iterable[str] = tuple(PAPERS)) -> tuple[Path, ...]:
    """The papers of these kinds in an existing folder, named after the scenario. The same run gives the same bytes."""
    paths = []
    for kind in dict.fromkeys(kinds):
        path = folder / f"{run.scenario.scenario}.{kind}"
        content = PAPERS[kind](run)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise OutputError(
                f"{path.name} cannot be written to {folder.name} ({error.strerror or error}). "
                "Check that the folder exists, may be written to and has room."
            ) from error
        paths.append(path)
    return tuple(paths)
