"""School seats → what the page draws: who goes where, zones in few colours, and every school's figures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.cells import figure
from planner.ledgers.schools import WAYS, school_rows
from planner.maps.shapes import SITE, degrees, traces
from planner.maps.what_if import numbers, plain
from planner.network import Flags, Floats, Integers, Shapes
from planner.school_seats import SchoolSeats
from planner.shown import colours_of, neighbours_of

if TYPE_CHECKING:
    from planner.run import Run

AROUND_M = 60.0  # from a home to the edge of its zone, where no other home is nearer
GRID_M = 0.5  # to which such circles are rounded
SMOOTH_M = 8.0  # zones are for looking
NAMES = ("stage", "year", "school", "name", "done", "walk in")  # what else a row of a school has
SHOWN = ("today", "plan", "nearest")  # ways that a map can show


def catchments(run: "Run", drawn: Flags) -> list[dict[str, Any]]:
    """Each question of school seats; places are those drawn (n,)."""
    if not run.schools:
        return []
    ground = Ground.around(run.demand.xy[drawn])
    return [_question(seats, run, drawn, ground) for seats in run.schools]


def _question(seats: SchoolSeats, run: "Run", drawn: Flags, ground: "Ground") -> dict[str, Any]:
    sites, plan = seats.plan.schools.facilities, seats.plan
    middle = shapely.point_on_surface(sites.geometry)
    lonlat = np.round(degrees(shapely.get_coordinates(middle), sites.crs), SITE)
    done = {taken.option.school: taken for taken in plan.taken}
    used = np.flatnonzero((plan.schools.classes > 0).any(axis=1) | np.isin(plan.schools.ids, list(done)))
    number = np.full(len(sites) + 1, 0)  # of a school among those used, from 1; 0 = none
    number[used] = np.arange(1, len(used) + 1)
    rows = [row for row in school_rows(seats) if row["year"] == seats.last]
    return {
        "number": seats.number,
        "year": seats.last,
        "unit": plan.unit,
        "ending": plan.ending,
        "aims": [
            {"aim": level.aim, "value": figure(level.value, 3), "bound": figure(level.bound, 3)}
            | {"proven": level.proven, "settled": level.settled}
            for level in plan.levels
        ],
        "fewest": seats.fewest
        and {"options": len(seats.fewest.taken), "seats": figure(seats.fewest.seats_added(seats.last).sum())}
        | {"proven": seats.fewest.ending == "proven"},
        "schools": [
            {
                "id": str(sites.ids[j]),
                "name": str(sites.names[j]),
                "lonlat": lonlat[j].tolist(),
                "kind": done[id_].kind if (id_ := str(sites.ids[j])) in done else "standing",
                "year": done[id_].year if id_ in done else None,
                "option": done[id_].option.name if id_ in done else None,
                "cost": figure(done[id_].option.cost * done[id_].times) if id_ in done else None,
            }
            for j in used.tolist()
        ],
        "stages": [_stage(seats, g, run, drawn, ground, number, rows) for g in range(len(plan.schools.stages))],
    }


def _stage(
    seats: SchoolSeats,
    g: int,
    run: "Run",
    drawn: Flags,
    ground: "Ground",
    number: Integers,
    rows: list[dict[str, object]],
) -> dict[str, Any]:
    """Who goes where in the last year, way by way, and the schools of a stage."""
    stage = seats.plan.schools.stages[g]
    ways = dict(seats.beside)
    goes = {way: seats.homes_of(ways[way], stage.id, seats.last)[drawn] for way in SHOWN}
    colour = colours_of([*goes.values()], ground.neighbours, len(number) - 1)
    walk = seats.walk_of(seats.plan, g, seats.last)[drawn]
    at = {school: j for j, school in enumerate(seats.plan.schools.ids.tolist())}
    figures = {number[at[str(row["school"])]]: row for row in rows if row["stage"] == stage.id}
    return {
        "id": stage.id,
        "title": dict(stage.title),
        "oversized": None if np.isinf(stage.oversized) else stage.oversized,
        "severe": None if np.isinf(stage.severe) else stage.severe,
        "class_size": stage.class_size,
        "pupils": plain(np.round(seats.put.pupils_of_homes[drawn, g, -1], 2)),
        "walk": numbers(np.rint(np.where(np.isfinite(walk), walk, 0)).astype(np.int64)),
        "ways": [
            {
                "id": way,
                "title": dict(WAYS["today_zones" if way == "today" and seats.put.today is not None else way]),
                "goes": numbers(number[goes[way]]),
                "zones": traces(ground.zones(goes[way], number), run.demand.crs),
                "totals": _totals(seats, ways[way], g),
            }
            for way in SHOWN
        ],
        "colour": {int(number[j]): int(colour[j]) for j in np.flatnonzero(colour >= 0).tolist()},
        "figures": {int(key): _plain_row(row) for key, row in figures.items()},
    }


def _plain_row(row: dict[str, object]) -> dict[str, object]:
    """The figures of a row of schools.csv."""
    return {key: value for key, value in row.items() if key not in NAMES}


def _totals(seats: SchoolSeats, seating: Any, g: int) -> dict[str, Any]:
    """The sums of a way in the last year."""
    now, walks = seating.balance(seats.last).by_stage[g], seating.walks(seats.last)[g]
    return {
        "pupils": figure(now.pupils, 3),
        "unserved": figure(seating.unserved[:, g, -1].sum(), 3),
        "seats": figure(now.seats),
        "added": figure(seating.seats_added(seats.last)[g]),
        "missing_oversized": figure(now.missing_oversized, 3),
        "missing_standard": figure(now.missing_standard, 3),
        "empty": figure(now.empty, 3),
        "oversized_classes": now.oversized_classes,
        "mean": figure(walks.mean, 1),
        "p90": figure(walks.p90, 1),
    }


@dataclass(frozen=True)
class Ground:
    """The ground around n homes: what is nearest to each, how far it reaches, and which are neighbours."""

    cells: Shapes  # (n,)  a coverage
    built: shapely.Geometry  # within AROUND_M of a home
    neighbours: Integers  # (k, 2)

    @classmethod
    def around(cls, xy: Floats) -> "Ground":
        """The ground of homes at (n, 2)."""
        points = shapely.points(xy)
        built = shapely.union_all(shapely.buffer(points, AROUND_M, quad_segs=4), grid_size=GRID_M)
        if len(xy) < 3:  # noqa: PLR2004  (fewer make no triangle)
            return cls(shapely.buffer(points, AROUND_M), built, neighbours_of(xy))
        parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
        home, part = shapely.STRtree(parts).query(points, predicate="intersects")
        cells = np.full(len(xy), None, object)
        cells[home] = parts[part]
        return cls(cells, shapely.simplify(built, SMOOTH_M / 2), neighbours_of(xy))

    def zones(self, goes: Integers, number: Integers) -> Shapes:
        """The ground of each school that has a number, in their order; none of those where nobody goes (n,)."""
        zones = np.full(int(number.max()), None, object)
        for school in np.unique(goes[goes >= 0]).tolist():
            own = shapely.coverage_union_all(self.cells[goes == school])
            zones[number[school] - 1] = shapely.simplify(shapely.intersection(own, self.built), SMOOTH_M)
        return zones
