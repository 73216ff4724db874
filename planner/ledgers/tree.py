"""Who lives in each part of the city and who of them is served, by level and by group, without small counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from planner.cells import figure, plain, table_text
from planner.network import Flags, Floats
from planner.population import threshold
from planner.run import Run
from planner.suppression import hide_counts, hide_people
from planner.tree import Tree, tree_of_units

HIDDEN = "*"


@dataclass(frozen=True)
class _Block:
    """Counts that are printed together or not at all."""

    titles: tuple[str, ...]  # (c,)
    counts: tuple[Floats, ...]  # for each level (m, c)
    hidden: tuple[Flags, ...]  # for each level (m,)


def tree_text(run: Run) -> str:
    """One row a part of the city, from its uppermost level down, and the city as a whole at the end.

    People, those of each group, and how many of each are served on foot before and after, by standard. Without a tree
    of the scenario, the groups of each unit; nothing where there are no groups either. A count below the threshold of
    the scenario is `*`, and so are those from which it could be computed.
    """
    found = _tree(run)
    if found is None:
        return ""
    tree, blocks = found
    below = _below(run)
    notes = [f"{HIDDEN}: fewer than {below:g} people, or what would tell such a count"] if below else []
    notes += ["made up, no real place"] if run.synthetic else []
    rows = [
        {"level": level, "id": plain(id), "name": plain(name), "parent": plain(parent)}
        | {title: HIDDEN if value is None else value for title, value in cells.items()}
        | {"note": ""}
        for level, id, name, parent, cells in _rows(tree, blocks)  # noqa: A001
    ]
    city = {title: figure(sums) for block in blocks for title, sums in _of_city(block)}
    total = {"level": "city", "id": "", "name": "total", "parent": ""} | city | {"note": "; ".join(notes)}
    return table_text([*rows, total])


def tree_records(run: Run) -> list[dict[str, Any]]:
    """The same for run.json, but for buildings; what is not printed is null."""
    found = _tree(run)
    if found is None:
        return []
    tree, blocks = found
    return [
        {"level": level, "id": id, "name": name, "parent": parent, "counts": cells}
        for level, id, name, parent, cells in _rows(tree, blocks)  # noqa: A001
        if level != "building"
    ]


def _tree(run: Run) -> tuple[Tree, list[_Block]] | None:
    """The levels to print, and what to print of them."""
    demand, groups = run.demand, run.demand.groups[1:]
    if run.tree is None and (not groups or demand.units is None):
        return None
    below = _below(run)
    whole = run.tree or tree_of_units(demand)
    people = whole.add_up(demand.people)
    printed = len(people) if run.tree else len(people) - 1  # of units alone, no building
    tree, people = Tree(whole.levels[:printed]), people[:printed]
    everybody = [each[:, 0] for each in people]
    nobody = [np.zeros(len(each), bool) for each in everybody]
    secret = list(hide_people(tree, everybody, below=below)) if run.tree else nobody  # by unit, ledger.csv has them all
    blocks = [_Block(("people",), tuple(each[:, :1] for each in people), tuple(secret))]
    if groups:
        part, of = [each[:, 1:] for each in people], [np.repeat(each[:, :1], len(groups), axis=1) for each in people]
        flags = hide_counts(tree, part, of, below=below, hidden=secret)
        blocks.append(_Block(groups, tuple(part), flags))
    of_groups = blocks[-1].hidden
    for measured in run.measured:
        served = [
            whole.add_up(demand.people * covered[:, None])[:printed]
            for covered in (measured.before.covered, measured.after.covered)
        ]
        both = [np.hstack(pair) for pair in zip(*served, strict=True)]
        of = [np.hstack([each, each]) for each in people]
        titles = tuple(
            f"{measured.standard.id} on foot {when}" + (f": {group}" if at else "")
            for when in ("before", "after")
            for at, group in enumerate(demand.groups)
        )
        blocks.append(_Block(titles, tuple(both), hide_counts(tree, both, of, below=below, hidden=of_groups)))
    return tree, blocks


def _rows(tree: Tree, blocks: list[_Block]) -> Iterator[tuple[str, str, str, str, dict[str, int | float | None]]]:
    """Level, id, name, parent and counts of every part; a hidden count is None."""
    above = np.array([""], np.str_)
    for depth, level in enumerate(tree.levels):
        for at, (id, name, parent) in enumerate(zip(level.ids, level.names, level.parent, strict=True)):  # noqa: A001
            cells = chain.from_iterable(
                (
                    (title, None if block.hidden[depth][at] else figure(count))
                    for title, count in zip(block.titles, block.counts[depth][at].tolist(), strict=True)
                )
                for block in blocks
            )
            yield level.name, str(id), str(name), str(above[parent]), dict(cells)
        above = level.ids


def _of_city(block: _Block) -> Iterator[tuple[str, float]]:
    yield from zip(block.titles, block.counts[0].sum(axis=0).tolist(), strict=True)


def _below(run: Run) -> float:
    asked = run.scenario.outputs.suppress_below
    return threshold("suppress.below").number if asked is None else float(asked)
