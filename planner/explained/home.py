"""Who serves a home, today and with the plan: by which facility, how many metres, along which streets; its schools."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.asked_schools import walker_of
from planner.by_walker import at_doors
from planner.cells import as_written
from planner.coverage import Coverage
from planner.demand import Demand
from planner.errors import QuestionError
from planner.explained.answered import Answered
from planner.facilities import Facilities
from planner.network import Flags, Floats
from planner.population import threshold
from planner.reach import measure_nearest, walk_path
from planner.reach.graph import FARTHEST
from planner.standards import Standard
from planner.suppression import small
from planner.walkers import Profile

NEW = "plan "  # before the ids of what plans have opened


@dataclass(frozen=True)
class Path:
    """One shortest walk, from the door to the nearest gate."""

    id: str  # of the facility; a new site as its parcel is known
    name: str
    new: bool  # chosen by a plan
    area_m2: float
    cost: float  # in `unit`, exactly what coverage is measured by
    unit: str  # "m" or "s"
    metres: float  # of the whole walk
    to_street_m: float  # from the door to the street
    streets: tuple[tuple[str, float], ...]  # in the order walked, with the metres along each; "" = without a name
    from_street_m: float  # from the street to the gate


@dataclass(frozen=True)
class Served:
    """One standard at a home, on foot."""

    standard: str
    title: Mapping[str, str]
    service: str
    limit: float  # in the unit of the walk
    unit: str  # "m" or "s"
    min_area_m2: float
    source: str  # document, clause
    covered_today: bool
    covered: bool  # with the plan
    today: Path | None  # to the nearest that counts, within the limit or not; None where no street leads to one
    plan: Path | None
    too_small: Path | None  # something nearer today that is too small to count

    @property
    def missing_today(self) -> float:
        """By how much the nearest is too far today, in the unit of the walk; 0 where covered, inf without any."""
        return self._missing(self.today)

    @property
    def missing(self) -> float:
        """The same with the plan."""
        return self._missing(self.plan)

    def _missing(self, path: Path | None) -> float:
        return np.inf if path is None else max(0.0, path.cost - self.limit)


@dataclass(frozen=True)
class SchoolOf:
    """The schools of the pupils of a home in one stage."""

    number: int  # of the question
    stage: str
    title: Mapping[str, str]
    year: str
    pupils: float | None  # expected; None where the people of the home are not told
    today: Path | None  # the school of most of them now, …
    nearest: Path | None  # … the nearest with classes of the stage with the plan, …
    plan: Path | None  # … and that of the plan


@dataclass(frozen=True)
class HomeExplained:
    """Everything there is to say of a home."""

    id: str
    name: str
    unit: str  # that it lies in; "" = in none
    people: float | None  # None: too few to be told
    groups: tuple[tuple[str, float | None], ...]  # the people of each further group
    fewer_than: float  # below which people are not told
    on_street: bool
    services: tuple[Served, ...]
    schools: tuple[SchoolOf, ...]


def explain_home(answered: Answered, id: str, name: str = "") -> HomeExplained:  # noqa: A002  (the field's word)
    """Who serves a place where people live, by its id; an unknown one is a QuestionError."""
    demand = answered.demand
    at = np.flatnonzero(demand.ids == id)
    if not len(at):
        raise QuestionError(f"{id!r} is none of {len(demand.ids):,} homes. Give the id of one of them.")
    here = int(at[0])
    home = demand.kept(np.arange(len(demand.ids)) == here)
    on_street = home.door is not None and not bool(home.door.off[0])
    unit = "" if demand.units is None or demand.unit[here] < 0 else str(demand.units.names[demand.unit[here]])
    people, groups, below = _people(answered, demand.people[here])
    services = tuple(_served(answered, home, here, *each) for each in answered.measured)
    schools = tuple(_schools(answered, home, told=people is not None)) if on_street else ()
    return HomeExplained(id, name, unit, people, groups, below, on_street, services, schools)


def _people(answered: Answered, people: Floats) -> tuple[float | None, tuple[tuple[str, float | None], ...], float]:
    """Everybody and each group, where they are enough to be told, and how many those are."""
    asked = answered.scenario.outputs.suppress_below
    below = threshold("suppress.below").number if asked is None else float(asked)
    hidden = bool(small(people[:1], below)[0])
    telling = hidden or bool((small(people[1:], below) | small(people[0] - people[1:], below)).any())
    groups = zip(answered.demand.groups[1:], people[1:].tolist(), strict=True)
    return (
        None if hidden else float(people[0]),
        tuple((group, None if telling else count) for group, count in groups),
        below,
    )


def _served(answered: Answered, home: Demand, here: int, rule: Standard, before: Coverage, after: Coverage) -> Served:
    standing, opened = answered.standing[rule.service], answered.opened[rule.service]
    today = _nearest(answered, home, standing, rule, rule.min_area_m2)
    plan = today if opened is standing else _nearest(answered, home, opened, rule, rule.min_area_m2)
    any_size = _nearest(answered, home, standing, rule, -np.inf) if rule.min_area_m2 > 0 else None
    nearer = any_size is not None and (today is None or any_size.cost < today.cost)
    limit, unit = rule.asked
    return Served(
        *(rule.id, dict(rule.title), rule.service, limit, unit, rule.min_area_m2, rule.source),
        *(bool(before.covered[here]), bool(after.covered[here]), today, plan, any_size if nearer else None),
    )


def _nearest(answered: Answered, home: Demand, sites: Facilities, rule: Standard, least_m2: float) -> Path | None:
    """The way to the nearest that is large enough, however far."""
    access_m, walker = answered.scenario.city.max_access_m, rule.profile if rule.in_seconds else None
    home, sites = _at_doors(home, sites, rule.profile, access_m)
    large = np.ones(len(sites), bool) if least_m2 == -np.inf else sites.at_least(least_m2)
    return _to_nearest(home, sites, large, walker)


def _schools(answered: Answered, home: Demand, *, told: bool) -> Iterator[SchoolOf]:
    """The schools of the pupils of a home, question by question and stage by stage."""
    columns = "question", "stage", "year", "home", "pupils", "school today", "school"
    table = answered.table("catchments.csv", *columns)
    rows = [row for row in table if as_written(row["home"]) == str(home.ids[0])]
    classes = answered.table("schools.csv", "question", "stage", "year", "school", "classes plan") if rows else []
    for row in rows:
        number, stage = int(row["question"]), row["stage"]
        put = answered.school_questions[number - 1]
        taught = {
            as_written(each["school"])
            for each in classes
            if (int(each["question"]), each["stage"], each["year"]) == (number, stage, row["year"])
            and int(each["classes plan"]) > 0
        }
        options = answered.record["schools"][number - 1]["options"]
        new = frozenset(each["school"] for each in options if each["kind"] == "build")
        walker = walker_of(put.asked, answered.scenario)
        pupils, schools = _at_doors(home, put.schools.facilities, walker, answered.scenario.city.max_access_m)
        today, plan = (_to(pupils, schools, as_written(row[key]), walker, new) for key in ("school today", "school"))
        yield SchoolOf(
            *(number, stage, dict(next(each.title for each in put.schools.stages if each.id == stage)), row["year"]),
            *(float(row["pupils"]) if told else None, today),
            _to_nearest(pupils, schools, np.isin(schools.ids, sorted(taught)), walker, new),
            plan,
        )


def _at_doors(home: Demand, sites: Facilities, walker: Profile | None, access_m: float) -> tuple[Demand, Facilities]:
    """Both where a walker meets the streets."""
    return at_doors(home, walker, max_access_m=access_m), at_doors(sites, walker, max_access_m=access_m)


def _to(home: Demand, sites: Facilities, id: str, walker: Profile | None, new: frozenset[str]) -> Path | None:  # noqa: A002
    """The walk to a site by its id; None where there is none."""
    at = np.flatnonzero(sites.ids == id)
    return _path(home, sites, int(at[0]), walker, new) if len(at) else None


def _to_nearest(
    home: Demand, sites: Facilities, open_: Flags, walker: Profile | None, new: frozenset[str] | None = None
) -> Path | None:
    """The walk to the nearest of some sites, however far."""
    found = measure_nearest(home, sites, open=open_, **_far(walker)).nearest()[1][0]
    return None if found < 0 else _path(home, sites, int(found), walker, new)


def _far(walker: Profile | None) -> dict[str, Any]:
    """As far as anybody walks."""
    return {"limit_m": FARTHEST} if walker is None else {"limit_s": FARTHEST, "profile": walker}


def _path(
    home: Demand, sites: Facilities, site: int, walker: Profile | None, new: frozenset[str] | None = None
) -> Path | None:
    """The walk from a home to one of some sites; those of plans have ids that say so, or are among `new`."""
    id_ = str(sites.ids[site])
    walk = walk_path(home, sites, str(home.ids[0]), id_, **_far(walker))
    if walk is None:
        return None
    planned = id_.startswith(NEW) if new is None else id_ in new
    return Path(
        id=id_.partition(": ")[2] if planned and new is None else id_,
        name=str(sites.names[site]),
        new=planned,
        area_m2=float(sites.area_m2[site]),
        cost=walk.cost,
        unit=walk.unit,
        metres=walk.cost if walk.unit == "m" else float(walk.length_m.sum()),
        to_street_m=float(walk.length_m[0]),
        streets=walk.along(),
        from_street_m=float(walk.length_m[-1]),
    )
