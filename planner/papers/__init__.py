"""Run → the papers that a planner files, a kind a module. Every figure is read from the run."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from planner.errors import OutputError
from planner.run import Run

__all__ = ["PAPERS", "write"]


def _workbook(run: Run) -> bytes:
    from planner.papers.contents import sheets_of  # noqa: PLC0415  (each library loads where its paper is asked for)
    from planner.papers.workbook import workbook  # noqa: PLC0415

    return workbook(sheets_of(run), language=run.scenario.outputs.language, synthetic=run.synthetic)


def _sheets(run: Run) -> bytes:
    from planner.papers.sheets import sheets  # noqa: PLC0415

    return sheets(run)


PAPERS: Mapping[str, Callable[[Run], bytes]] = {"xlsx": _workbook, "pdf": _sheets}  # by the ending of its name


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
