"""Run → the papers that a planner files, a kind a module. Every figure is read from the run."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from planner.errors import OutputError
from planner.papers.contents import sheets_of
from planner.papers.workbook import workbook
from planner.run import Run

__all__ = ["PAPERS", "write"]


def _workbook(run: Run) -> bytes:
    return workbook(sheets_of(run), language=run.scenario.outputs.language, synthetic=run.synthetic)


PAPERS: Mapping[str, Callable[[Run], bytes]] = {"xlsx": _workbook}  # by the ending of its name


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
