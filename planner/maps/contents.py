"""Run → what the page shows, as plain data: every figure is read from the run, none is worked out here."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.budget import Spending, spendings
from planner.city import is_green
from planner.coverage import Coverage
from planner.demand import Demand
from planner.facilities import Facilities
from planner.ledgers import SHEETS
from planner.maps.alternatives import alternatives
from planner.maps.catchments import catchments
from planner.maps.shapes import SITE, degrees, smoothed, steps, traces
from planner.maps.tiles import tiles
from planner.maps.what_if import walks_of, what_if
from planner.network import Flags, Floats
from planner.plan import LAND
from planner.shown import COVERED, NEWLY, NOT_COUNTED, UNCOVERED, inhabited, not_homes, states, view
from planner.standards import rule_sets

if TYPE_CHECKING:
    from planner.rule_sets import UnderRuleSet
    from planner.run import Measured, Run
    from planner.sited import SitedPlan

Content = dict[str, Any]

MOST_SHAPES = 20_000  # of one layer; a canvas without a graphics card pans smoothly up to here
FIRST_CELL_M, MOST_CELLS = 100.0, 5_000  # squares that stand for too many homes
LISTED = 200  # left-out sites that are named; the ledgers have all
DIGEST = 12  # characters of a digest that people compare


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Every word of the page, by language and key."""
    words: Mapping[str, Mapping[str, str]] = json.loads((files("planner") / "data" / "labels.json").read_text("utf-8"))
    return words


def contents_of(run: "Run") -> Content:
    """Everything the page needs. Positions are whole numbers, see `shapes`."""
    language = run.scenario.outputs.language
    demand = run.demand
    drawn = inhabited(demand)
    rules = rule_sets().get(run.scenario.standards.rule_set)
    base, simplified = _base(run)
    places, money = _places(demand, drawn), tuple(spendings(run))
    if places["cell_m"]:
        simplified = [*simplified, {"layer": "places", "count": int(drawn.sum()), "cell_m": places["cell_m"]}]
    return {
        "scenario": run.scenario.scenario,
        "stamp": run.stamp,
        "map_number": run.scenario.outputs.map_number,
        "title": dict(run.scenario.title),
        "city": run.city_name,
        "synthetic": run.synthetic,
        "data_date": run.data_date,
        "attribution": run.attribution,
        "language": "en" if language == "en" else "zh",
        "labels": labels(),
        "population": demand.total,
        "population_base": str(demand.base),
        "rule_set": rules
        and {
            "id": rules.id,
            "title": dict(rules.title),
            "document": rules.document,
            "clause": rules.clause,
            "confidence": rules.confidence,
            "check_first": rules.check_first(),
        },
        "assumptions": list(run.assumptions),
        "notes": list(run.notes),
        "left_out": [list(row) for row in run.left_out[:LISTED]],
        "left_out_count": len(run.left_out),
        "inputs": {name: digest[:DIGEST] for name, digest in run.inputs.items()},
        "versions": dict(run.versions),
        "simplified": simplified,
        "bounds": _bounds(run),
        "base": base,
        "tiles": tiles(run),
        "places": places,
        "units": _units(demand),
        "standards": [_standard(measured, run, drawn) for measured in run.measured],
        "services": {
            service: _facilities(run.facilities[service])
            for service in sorted({measured.standard.service for measured in run.measured} & set(run.facilities))
        },
        "plans": [_plan(sited, run, money) for sited in run.plans],
        "rule_sets": [_rule_set(row) for row in run.rule_sets],
        "together": [_together(sited, run) for sited in run.wholes],
        "what_if": what_if(run, drawn),
        "walks": [walks_of(walks, drawn) for walks in run.walks],
        "beside": alternatives(run, drawn),
        "schools": catchments(run, drawn),
        "sheets": [sheet.content() for sheet_of in SHEETS if (sheet := sheet_of(run)) is not None],
    }


def _places(demand: Demand, drawn: Flags) -> Content:
    """Outlines or points; of more than MOST_SHAPES points, with the side of the cells that stand for them from afar."""
    many = int(drawn.sum()) > MOST_SHAPES
    shapes = demand.geometry if len(demand.geometry) and not many else shapely.points(demand.xy)
    return {"traces": traces(shapes[drawn], demand.crs), "cell_m": _cell_m(demand.xy[drawn]) if many else None}


def _cell_m(xy: Floats) -> float:
    """The side of square cells over places (n, 2): FIRST_CELL_M, doubled until there are few enough."""
    side = FIRST_CELL_M
    while len(np.unique(np.floor(xy / side), axis=0)) > MOST_CELLS:
        side *= 2
    return side


def _standard(measured: "Measured", run: "Run", drawn: Flags) -> Content:
    standard = measured.standard
    state = states(measured, run.counted)
    return {
        "id": standard.id,
        "title": dict(standard.title),
        "service": standard.service,
        "limit": standard.limit,
        "unit": standard.unit,
        "limit_m": standard.limit_m,
        "speed_m_s": None if standard.in_seconds else standard.profile and standard.profile.speed_m_s,
        "min_area_m2": standard.min_area_m2,
        "document": standard.document,
        "clause": standard.clause,
        "edition": standard.edition,
        "confidence": standard.confidence,
        "check_first": standard.check_first(),
        "reason": standard.reason,
        "walk": _before_after(measured.before, measured.after),
        "straight": _before_after(measured.before_straight, measured.after_straight),
        "states": "".join(state[drawn].tolist()),
        "people": {
            kind: float(measured.after.people[state == kind, 0].sum())
            for kind in (COVERED, NEWLY, UNCOVERED, NOT_COUNTED)
        },
        "units": _by_unit(measured, run.demand),
    }


def _before_after(before: Coverage, after: Coverage) -> Content:
    return {
        "total": after.total,
        "before": before.served,
        "after": after.served,
        "share_before": before.share,
        "share_after": after.share,
    }


def _by_unit(measured: "Measured", demand: Demand) -> Content:
    people, before = measured.before.by_unit(demand)
    _, after = measured.after.by_unit(demand)
    return {"people": _plain(people), "before": _plain(before), "after": _plain(after)}


def _units(demand: Demand) -> Content:
    if demand.units is None:
        return {"kind": "", "ids": [], "names": [], "traces": []}
    units = demand.units
    return {
        "kind": units.kind,
        "ids": units.ids.tolist(),
        "names": units.names.tolist(),
        "traces": traces(smoothed(units.geometry), demand.crs),
    }


def _facilities(facilities: Facilities) -> Content:
    return {
        "ids": facilities.ids.tolist(),
        "names": facilities.names.tolist(),
        "area_m2": _plain(facilities.area_m2),
        "traces": traces(facilities.geometry, facilities.crs),
    }


def _plan(sited: "SitedPlan", run: "Run", money: Sequence[Spending]) -> Content:
    plan, candidates = sited.plan, sited.candidates
    lonlat = degrees(shapely.get_coordinates(shapely.point_on_surface(candidates.geometry)), candidates.crs)
    chosen = plan.sites
    outlines = traces(candidates.geometry[chosen], candidates.crs, decimals=SITE)
    asked = sited.examined
    replaced = {each.site: each for each in asked.replacements} if asked else {}
    survives = asked.survival if asked else {}
    return {
        "question": plan.question,
        "standard": sited.standard.id,
        "service": sited.standard.service,
        "number": sited.number,
        "part": sited.whole is not None,
        "weights": dict(sited.weights or {}),
        "asked": sited.asked,
        "parcels": sited.parcels,
        "unit": "land" if plan.unit == LAND else "people",
        "gained": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "ending": plan.ending,
        "solver": plan.solver,
        "over_years": _over_years(sited),
        "years": _years(sited, money),
        "candidates": {
            "ids": candidates.ids.tolist(),
            "names": candidates.names.tolist(),
            "kinds": candidates.kind.tolist(),
            "area_m2": np.rint(candidates.area_m2).astype(np.int64).tolist(),
            "steps": steps(lonlat, decimals=SITE),
        },
        "sites": [
            {
                "id": str(candidates.ids[site]),
                "name": str(candidates.names[site]),
                "lonlat": np.round(lonlat[site], SITE).tolist(),
                "traces": outlines[rank],
                "gained": float(plan.served[rank]),
                "only": float(plan.only[rank]),
                "area_m2": float(candidates.area_m2[site]),
                "nearest_m": _finite(float(sited.nearest_today_m[rank])),
                "unit": sited.unit_names[rank],
                "year": None if sited.phased is None else sited.phased.years[sited.phased.year[rank]].name,
                "phase": None if sited.phased is None else int(sited.phased.year[rank]) + 1,
                "replaced_by": replaced[site_id].by if (site_id := str(candidates.ids[site])) in replaced else None,
                "loses": _finite(replaced[site_id].worse) if site_id in replaced else None,
                "survives": survives.get(site_id, 0.0) if survives else None,
                "with": _sharing(sited, str(candidates.ids[site])),
                "kind": str(candidates.kind[site]) if len(candidates.kind) else "",
                "cost": None if sited.costs is None else float(sited.costs[rank]),
                "short": _short(sited, site_id, run),
                "tasks": _tasks(sited.unit_names[rank], run),
            }
            for rank, site in enumerate(chosen.tolist())
        ],
    }


def _rule_set(row: "UnderRuleSet") -> Content:
    """A test of a rule-set, and where it is written."""
    rules, several = row.rules, len(row.rules.tests) > 1
    return {
        "id": rules.id,
        "title": dict(row.test.title if several else rules.title),
        "terms": row.test.terms,
        "document": rules.document,
        "clause": rules.clause,
    }


def _short(sited: "SitedPlan", site: str, run: "Run") -> list[Content | None] | None:
    """By what a site of green falls short of each test of the rule-sets; None of the others, which nobody tests."""
    if not is_green(sited.standard):
        return None
    own = f"plan {sited.number}: {site}"
    return [next((dict(each.words) for each in row.chosen_short if each.id == own), None) for row in run.rule_sets]


def _tasks(unit: str, run: "Run") -> Content | None:
    """The tasks of the community that a site lies in, and who is responsible for them."""
    tasks = run.tasks.by_community.get(unit) if run.tasks and unit else None
    if tasks is None:
        return None
    owners = dict.fromkeys(task.owner for task in tasks.tasks if task.owner)
    return {"all": tasks.all, "done": tasks.done, "late": tasks.late, "owners": list(owners)}


def _over_years(sited: "SitedPlan") -> Content | None:
    """How good a plan provably is that was chosen for its person-years."""
    if sited.phased is None or sited.whole is not None:
        return None
    best = sited.phased
    return {"gained": best.objective, "bound": best.bound, "gap": best.gap, "ending": best.ending}


def _years(sited: "SitedPlan", money: Sequence[Spending]) -> list[Content]:
    """What opens in each year, for how much, and how many people more than today are served by then."""
    if sited.phased is None:
        return []
    rows = {
        row.year: row
        for row in money
        if (row.block, row.number, row.what) == ("siting", sited.number, sited.standard.service)
    }
    return [
        {
            "name": year.name,
            "opened": len(sited.phased.in_year(year.name)),
            "newly": float(newly),
            "cost": rows[year.name].cost if year.name in rows else None,
            "so_far": rows[year.name].so_far if year.name in rows else None,
        }
        for year, newly in zip(sited.phased.years, sited.phased.newly_served, strict=False)
    ]


def _together(sited: "SitedPlan", run: "Run") -> Content:
    """What several services on the same land and money come to."""
    whole = sited.whole
    assert whole is not None  # noqa: S101  (it is a part of one)
    question = run.scenario.siting[sited.number - 1]
    parts = [each for each in run.plans if each.whole is whole]
    return {
        "number": sited.number,
        "gained": whole.objective,
        "bound": whole.bound,
        "gap": whole.gap,
        "ending": whole.ending,
        "cost": whole.cost,
        "budget": getattr(question, "budget", None),
        "services": [
            {
                "standard": part.standard.id,
                "service": part.standard.service,
                "weight": rate,
                "sites": len(part.plan.opened),
                "gained": part.plan.objective,
                "units": served.units,
                "present_before": served.present_before,
                "missing": list(served.missing),
            }
            for part, served, rate in zip(parts, whole.by_service, whole.rates, strict=True)
        ],
    }


def _sharing(sited: "SitedPlan", site: str) -> list[str]:
    """The other services on the parcel of a site."""
    if sited.whole is None:
        return []
    has = dict(zip(sited.whole.opened, sited.whole.becomes, strict=True))[site]
    return [service for service in has if service != sited.standard.service]


def _base(run: "Run") -> tuple[Content, list[Content]]:
    """The ground under the answer, and which of its layers were thinned out, with counts."""
    ground, crs = run.base_map, run.network.crs
    layers = {
        "water": ground.water,
        "waterways": ground.waterways,
        "green": ground.green,
        "buildings": not_homes(ground.buildings, run.demand),
        "outline": ground.outline,
        **ground.streets,
    }
    thinned = []
    for name, shapes in layers.items():
        if len(shapes) > MOST_SHAPES:
            thinned.append({"layer": name, "count": len(shapes)})
            size = shapely.area(shapes) + shapely.length(shapes)
            layers[name] = shapes[np.sort(np.argsort(-size, kind="stable")[:MOST_SHAPES])]
    return {name: traces(smoothed(shapes), crs) for name, shapes in layers.items()}, thinned


def _bounds(run: "Run") -> list[list[float]]:
    """South-west and north-east corner of the opening view."""
    (west, south), (east, north) = degrees(view(run), run.demand.crs)
    return [[round(south, SITE), round(west, SITE)], [round(north, SITE), round(east, SITE)]]


def _plain(figures: Floats) -> list[float]:
    """Figures without a tail of decimals that nobody reads."""
    return np.round(figures, 3).tolist()  # type: ignore[no-any-return]


def _finite(metres: float) -> float | None:
    """Metres; nothing where they are infinite, which JSON cannot say."""
    return metres if np.isfinite(metres) else None
