"""The schools there are, and what may be built, extended, converted or closed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.errors import DataError, first
from planner.facilities import Facilities
from planner.network import Floats, Integers
from planner.schools.stages import Stage, most_pupils


@dataclass(frozen=True)
class Option:
    """What may be done at a school: so many classes more of some stages, or fewer.

    With `times` it may be done up to so often, a module of classes each time and in other years. Of several options at
    one school a plan takes one at most. One that is `required` is taken at least once.
    """

    name: str
    school: str
    classes: Mapping[str, int]  # by stage
    cost: float = 0.0  # each time, in any money; below 0 where it saves
    ready: str | None = None  # the first year in which its classes may be used; by default any
    times: int = 1
    required: bool = False


@dataclass(frozen=True)
class Schools:
    """m schools, those among them that only an option would build, with the classes and pupils of g stages."""

    facilities: Facilities  # (m,)  with gates and the area of the site
    stages: tuple[Stage, ...]  # (g,)
    classes: Integers  # (m, g)  today
    pupils: Floats | None = None  # (m, g)  on the roll today; None = unknown

    def __post_init__(self) -> None:
        shape = (len(self.facilities), len(self.stages))
        faults = []
        for what, given in (("classes", self.classes), ("pupils", self.pupils)):
            if given is None:
                continue
            if given.shape != shape:
                faults.append(f"{shape[0]} schools with {shape[1]} stages have {what} of shape {given.shape}.")
                continue
            bad = ~np.isfinite(given) | (given < 0) | (given % 1 != 0 if what == "classes" else False)
            if (named := bad.any(axis=1)).any():
                whole = "a whole number of" if what == "classes" else "0 or more"
                faults.append(
                    f"{int(named.sum())} schools have negative, missing or broken {what} "
                    f"({first(self.ids[named])}). Give {whole} {what} in each stage."
                )
        if faults:
            raise DataError("\n".join(faults))

    @property
    def ids(self) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
        """(m,) names by which options and pupils speak of them."""
        return self.facilities.ids

    def __len__(self) -> int:
        return len(self.facilities)

    def after(self, option: Option, times: int = 1) -> Integers:
        """(g,) the classes of its school once an option was taken so often."""
        at = int(np.flatnonzero(self.ids == option.school)[0])
        more = np.array([option.classes.get(stage.id, 0) for stage in self.stages], np.int64)
        return np.asarray(self.classes[at] + times * more, np.int64)

    def kind(self, option: Option) -> str:
        """What an option is: "build", "close", "convert" or "extend", or "reduce" where only classes go."""
        now, then = self.after(option, 0), self.after(option)
        if not now.any():
            return "build"
        if not then.any():
            return "close"
        if (then < now).any():
            return "convert" if (then > now).any() else "reduce"
        return "extend"

    def closing(self, school: str, cost: float = 0.0, ready: str | None = None) -> Option:
        """The option to close a school."""
        now = self.classes[np.flatnonzero(self.ids == school)].sum(axis=0).tolist()
        classes = {stage.id: -count for stage, count in zip(self.stages, now, strict=True) if count}
        return Option(f"close {school}", school, classes, cost, ready)

    def most_pupils(self, classes: Integers) -> Floats:
        """(m,) how many pupils each school may have in stages with a limit, having so many classes (m, g)."""
        of = [tuple(s for s, has in zip(self.stages, row, strict=True) if has) for row in (classes > 0).tolist()]
        return np.array([most_pupils(each) for each in of], np.float64)

    def option_faults(self, options: Sequence[Option], years: Sequence[str]) -> Iterator[str]:  # noqa: C901
        """What is wrong with options."""
        names = [option.name for option in options]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield f"{len(twice)} options have the name of another ({first(twice)}). Give each its own."
        known = set(self.ids.tolist())
        if lost := [f"{each.name} at {each.school}" for each in options if each.school not in known]:
            yield f"{len(lost)} options are of no school ({first(lost)}). Choose among the {len(self)} schools."
        taught = {stage.id for stage in self.stages}
        if odd := [f"{each.name}: {key}" for each in options for key in each.classes if key not in taught]:
            yield f"{len(odd)} options are of stages not asked for ({first(odd)}). There are: {', '.join(taught)}."
        if late := [f"{each.name} in {each.ready}" for each in options if each.ready not in {None, *years}]:
            asked = ", ".join(years)
            yield f"{len(late)} options are ready in no year of the plan ({first(late)}). Its years are {asked}."
        if odd := [f"{each.name}: {n:g}" for each in options for n in (each.times, *each.classes.values()) if n % 1]:
            yield f"{len(odd)} options have broken classes or times ({first(odd)}). Give whole numbers."
            return
        if bad := [each.name for each in options if each.times < 1 or not np.isfinite(each.cost)]:
            yield f"{len(bad)} options have no cost, or are taken less than once ({first(bad)}). Correct them."
        most = np.array([stage.max_classes for stage in self.stages])
        for each in options:
            if each.school not in known or each.times < 1:
                continue
            then, now = self.after(each, each.times), self.after(each, 0)
            if (then < 0).any():
                yield f"{each.name} takes more classes from {each.school} than the {_by_stage(now)} it has. Take fewer."
            elif ((then > most) & (then > now)).any():
                yield (
                    f"{each.name} makes {each.school} a school of {_by_stage(then)} classes, and at most "
                    f"{_by_stage(most)} are allowed. Add fewer classes, or fewer times."
                )
        kept = [each.school for each in options if each.required]
        if both := sorted({school for school in kept if kept.count(school) > 1}):
            yield f"{len(both)} schools have two options that are required ({first(both)}). Require one of each."


def _by_stage(classes: Integers | Floats) -> str:
    return " + ".join(f"{count:g}" for count in classes.tolist())
