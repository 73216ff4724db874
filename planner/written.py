"""The tables of planner/data, as they are written."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def written(name: str) -> Mapping[str, Any]:
    """One of them, by its file name: `standards.yaml`."""
    from ruamel.yaml import YAML  # noqa: PLC0415  (a quarter of the start-up time of `planner --help`)

    return dict(YAML(typ="safe").load((files("planner") / "data" / name).read_text("utf-8")))
