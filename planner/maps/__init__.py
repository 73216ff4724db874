"""Run → one HTML file for the review meeting: it opens from a USB stick and asks the network for nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import OutputError
from planner.maps.contents import contents_of
from planner.maps.page import page_of

if TYPE_CHECKING:
    from planner.run import Run

__all__ = ["draw"]


def draw(run: "Run", path: Path) -> Path:
    """The review map of a run, written to `path`, which is returned.

    The same run gives the same bytes. A map that stood there before stays until the new one is whole.
    """
    path = Path(path)
    unfinished = path.with_suffix(".tmp")
    html = page_of(contents_of(run))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(html, "utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as fault:
        raise OutputError(
            f"The map cannot be written to {path} ({fault.strerror}; {len(html):,} characters). "
            "Choose a folder that you may write to, with --out."
        ) from fault
    return path
