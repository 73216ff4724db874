"""The parts of a city in one another: district 区, subdistrict 街道, community 社区, compound 小区, building 楼栋.

Each part lies in exactly one of the level above, parts of a level do not lie over one another, and people add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demand import Demand, Units
from planner.errors import NestingError, first
from planner.network import Flags, Floats, Integers, Shapes
from planner.written import written

LEVELS = ("district", "subdistrict", "community", "compound", "building")
OUTSIDE = "outside"  # the id of the part of a parent that no part of the level below covers, behind the parent's


@dataclass(frozen=True)
class Level:
    """m parts of a city, each in one part of the level above."""

    name: str  # "community"
    ids: NDArray[np.str_]  # (m,)  unique
    names: NDArray[np.str_]  # (m,)
    parent: Integers  # (m,)  position in the level above; 0 in the uppermost, which all lie in the city


@dataclass(frozen=True)
class Tree:
    """Levels from the uppermost down."""

    levels: tuple[Level, ...]

    def add_up(self, amount: Floats) -> tuple[Floats, ...]:
        """An amount of each part of the lowest level, (n,) or (n, k), added up for each part of every level."""
        sums = [np.asarray(amount, np.float64)]
        for above, level in zip(self.levels[-2::-1], self.levels[:0:-1], strict=True):
            up = np.zeros((len(above.ids), *sums[0].shape[1:]))
            np.add.at(up, level.parent, sums[0])
            sums.insert(0, up)
        return tuple(sums)

    def check_people(self, stated: Mapping[str, Floats]) -> None:
        """Refuse people stated by level that are not the sum of their parts; all that differ are counted."""
        lowest = self.levels[-1].name
        if lowest not in stated:
            raise NestingError(f"Nothing adds up without the people of the lowest level. State those of {lowest!r}.")
        faults = []
        for level, sums in zip(self.levels, self.add_up(stated[lowest]), strict=True):
            people = np.asarray(stated.get(level.name, sums))
            off = np.flatnonzero(people != sums)
            if len(off):
                shown = first(f"{level.ids[at]}: {people[at]:,.10g}, its parts {sums[at]:,.10g}" for at in off.tolist())
                faults.append(f"{len(off)} of {len(sums)} of level {level.name} do not add up ({shown})")
        _refuse(faults, "Correct the figures of either level, or say which of the two counts.")

    def with_places(self, demand: Demand, areas: Sequence[Units]) -> "Tree":
        """The tree with the places of a demand as its lowest level, buildings.

        A place lies in the lowest part that holds it, and so in all above. Where no part of a level holds it, it lies
        in a part that stands for the rest of its parent, `<parent>/outside`.
        """
        held = [units.holding(demand.xy) for units in areas]
        for above, level in zip(range(len(held) - 2, -1, -1), self.levels[:0:-1], strict=True):
            below = held[above + 1]
            held[above] = np.where(below >= 0, level.parent[below], held[above])
        parent = np.zeros(len(demand.ids), np.int64)
        levels: list[Level] = []
        for level, here in zip(self.levels, held, strict=True):
            rest, which = np.unique(parent[here < 0], return_inverse=True)
            upper = levels[-1].ids[rest] if levels else np.array([""] * len(rest), np.str_)
            extra = Level(
                level.name,
                np.array([f"{each}/{OUTSIDE}".lstrip("/") for each in upper.tolist()], np.str_),
                np.array([f"outside any {level.name}"] * len(rest), np.str_),
                rest.astype(np.int64),
            )
            parent = here.copy()
            parent[here < 0] = len(level.ids) + which.ravel()
            levels.append(_joined(level, extra))
        names = np.array([""] * len(demand.ids), np.str_)
        return Tree((*levels, Level("building", demand.ids, names, parent)))


def tree_of_units(demand: Demand) -> Tree:
    """The units that a demand is reported by, and one for those in none; nothing about them is checked."""
    units = demand.units
    if units is None:
        raise NestingError("There are no units to make levels of. Give the demand units, or nest areas of your own.")
    level = Level(units.kind, units.ids, units.names, np.zeros(len(units.ids), np.int64))
    return Tree((level,)).with_places(demand, (units,))


def tree_of_codes(codes: NDArray[np.str_], lengths: Mapping[str, int]) -> Tree:
    """A tree from codes that begin with those of the levels above, as 统计区划代码 do.

    `lengths` are the first characters that tell each level, from the uppermost down: {"district": 6, "subdistrict": 9,
    "community": 12}. The lowest level is that of the codes themselves where none has their full length.
    """
    ends = list(lengths.values())
    faults = [] if ends == sorted(set(ends)) else [f"the lengths {ends} do not rise"]
    short = np.char.str_len(codes) < max(ends)
    if short.any():
        faults.append(f"{int(short.sum())} of {len(codes)} codes are shorter than {max(ends)} ({first(codes[short])})")
    seen, count = np.unique(codes, return_counts=True)
    if (count > 1).any():
        faults.append(f"{int((count > 1).sum())} codes occur more than once ({first(seen[count > 1])})")
    _refuse(faults, "Write whole codes, each once.")
    levels: list[Level] = []
    begin = np.zeros(len(codes), np.int64)
    for name, end in lengths.items():
        ids, one, at = np.unique([code[:end] for code in codes.tolist()], return_index=True, return_inverse=True)
        levels.append(Level(name, ids, ids, begin[one]))
        begin = at.ravel().astype(np.int64)
    if len(levels[-1].ids) == len(codes) and (levels[-1].ids[begin] == codes).all():
        return _in_order(levels, begin)
    return Tree((*levels, Level("place", codes, np.array([""] * len(codes), np.str_), begin)))


def nest(areas: Sequence[Units], parents: Sequence[NDArray[np.str_] | None] | None = None) -> Tree:
    """A tree from the polygons of each level, the uppermost first; the kinds of the units name the levels.

    `parents` holds for each level the parent's id of each unit, or None, where the unit lies in the polygon that holds
    it. Every fault of all levels is raised at once: parents that are not there, units in no or in several parents, a
    parent that the polygons contradict, polygons that overlap by more than the share in data/population.yaml.
    """
    overlap = float(written("population.yaml")["overlap"])
    faults: list[str] = []
    levels: list[Level] = []
    for at, units in enumerate(areas):
        said = parents[at] if parents is not None else None
        parent = np.zeros(len(units.ids), np.int64)
        if at:
            parent = _parents(units, areas[at - 1], said, overlap, faults)
        faults += _overlaps(units, overlap)
        levels.append(Level(units.kind, units.ids, units.names, parent))
    _refuse(faults, "Redraw the areas or correct the parents.")
    return Tree(tuple(levels))


def _parents(units: Units, above: Units, said: NDArray[np.str_] | None, overlap: float, faults: list[str]) -> Integers:
    """(m,) the parent of each unit; what is wrong with it goes to `faults`."""
    holders: list[list[int]] = [[] for _ in units.ids]
    drawn: list[list[str]] = [[] for _ in units.ids]
    for unit, holder, share in _shares(units.geometry, above.geometry):
        holders[unit] += [holder] if share >= 1 - overlap else []
        drawn[unit] += [str(above.ids[holder])] if share > overlap else []
    held = np.array([each[0] if len(each) == 1 else -1 for each in holders], np.int64)
    lies = [f"{id} in {' and '.join(there) or 'none'}" for id, there in zip(units.ids, drawn, strict=True)]  # noqa: A001
    if said is None:
        faults += _told(held < 0, units, f"do not lie in one {above.kind}", lies)
        return held
    position = {id: at for at, id in enumerate(above.ids.tolist())}  # noqa: A001
    parent = np.array([position.get(id, -1) for id in said.tolist()], np.int64)  # noqa: A001
    names = [f"{id} names {name}" for id, name in zip(units.ids, said, strict=True)]  # noqa: A001
    faults += _told(parent < 0, units, f"name no {above.kind} that there is", names)
    apart = [f"{name}, drawn {where.partition(' ')[2]}" for name, where in zip(names, lies, strict=True)]
    faults += _told((parent >= 0) & (parent != held), units, f"are not drawn in the {above.kind} they name", apart)
    return parent


def _shares(geometry: Shapes, above: Shapes) -> list[tuple[int, int, float]]:
    """Each unit and parent that meet, and the share of the unit's area that lies in the parent."""
    unit, parent = shapely.STRtree(above).query(geometry, predicate="intersects")
    common = shapely.area(shapely.intersection(geometry[unit], above[parent])) / shapely.area(geometry[unit])
    return sorted(zip(unit.tolist(), parent.tolist(), common.tolist(), strict=True))


def _overlaps(units: Units, overlap: float) -> list[str]:
    """The pairs of a level that lie over one another by more than a share of the smaller."""
    one, other = shapely.STRtree(units.geometry).query(units.geometry, predicate="intersects")
    one, other = one[one < other], other[one < other]
    area = shapely.area(units.geometry)
    common = shapely.area(shapely.intersection(units.geometry[one], units.geometry[other]))
    over = np.flatnonzero(common > overlap * np.minimum(area[one], area[other]))
    if not len(over):
        return []
    pairs = first(f"{units.ids[one[at]]} and {units.ids[other[at]]}, {common[at]:,.0f} m²" for at in over.tolist())
    return [f"{len(over)} pairs of level {units.kind} overlap ({pairs})"]


def _told(bad: Flags, units: Units, what: str, culprits: list[str]) -> list[str]:
    """A fault of the units (m,) marked, with what there is to say of each."""
    shown = first(culprits[unit] for unit in np.flatnonzero(bad).tolist())
    return [f"{int(bad.sum())} of {len(bad)} of level {units.kind} {what} ({shown})"] if bad.any() else []


def _refuse(faults: list[str], remedy: str) -> None:
    if faults:
        raise NestingError(f"The levels do not nest: {'; '.join(faults)}. {remedy}")


def _joined(level: Level, extra: Level) -> Level:
    pairs = ((level.ids, extra.ids), (level.names, extra.names), (level.parent, extra.parent))
    return Level(level.name, *(np.concatenate(pair) for pair in pairs))  # type: ignore[arg-type]


def _in_order(levels: list[Level], at: Integers) -> Tree:
    """The lowest level in the order of the codes given."""
    lowest = levels[-1]
    return Tree((*levels[:-1], Level(lowest.name, lowest.ids[at], lowest.names[at], lowest.parent[at])))
