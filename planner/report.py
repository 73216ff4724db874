"""Run → run.json, sites.gpkg and its tables. Every figure is read from the run; the same run gives the same bytes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from planner.cells import figure
from planner.coverage import Coverage
from planner.demand import Units
from planner.errors import OutputError
from planner.ledgers import RECORDS, TABLES
from planner.network import Floats
from planner.plan import LAND, Plan
from planner.provisions import SURENESS
from planner.run import Run
from planner.services import ServicesPlan
from planner.shown import site_degrees
from planner.sited import SitedPlan
from planner.styles import TABLE as STYLES
from planner.styles import styles

RECORD, SITES = "run.json", "sites.gpkg"
SHARE = 9  # decimals
NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


def write(run: Run, folder: Path) -> tuple[Path, ...]:
    """The record, the layers and every table that has rows, in an existing folder. Their paths, in this order."""
    tables = tables_of(run)
    paths = tuple(folder / name for name in (RECORD, SITES, *tables))
    try:
        paths[0].write_text(record_text(run, tables), encoding="utf-8", newline="\n")
        write_layers(run, paths[1])
        for path in paths[2:]:
            path.write_bytes(tables[path.name].encode("utf-8-sig"))  # without the mark, Excel takes it for GBK
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise OutputError(
            f"The results cannot be written to {folder.name} ({error}). "
            "Check that the folder exists, may be written to and has room."
        ) from error
    return paths


def tables_of(run: Run) -> dict[str, str]:
    """The text of every table that has rows, by the name of its file."""
    return {name: text for name, text_of in TABLES.items() if (text := text_of(run))}


def record_text(run: Run, tables: Mapping[str, str] | None = None) -> str:
    """The run as JSON: what was asked, of which data, and every answer. No time of day, no path.

    It names the tables beside it, by default those of the run; what concerns one unit, school or site stands there.
    """
    off = ~run.counted
    record = {
        "scenario": run.scenario.scenario,
        "title": dict(run.scenario.title),
        "variant": run.scenario.variant,
        "changes": list(run.scenario.changes),
        "stamp": run.stamp,
        "map_number": run.scenario.outputs.map_number,
        "city": run.city_name,
        "synthetic": run.synthetic,
        "population": figure(run.demand.total),
        "places": len(run.demand.ids),
        "base": str(run.demand.base),
        "off_network": {"places": int(off.sum()), "people": figure(run.demand.people[off, 0].sum())},
        "data_date": run.data_date,
        "attribution": run.attribution,
        "assumptions": list(run.assumptions),
        "notes": list(run.notes),
        "left_out": [{"id": what, "name": name, "reason": reason} for what, name, reason in run.left_out],
        "inputs": dict(run.inputs),
        "versions": dict(run.versions),
        "tables": [*(tables_of(run) if tables is None else tables)],
        "coverage": [
            _coverage_record(before, after, run.demand.groups)
            for measured in run.measured
            for before, after in (
                (measured.before, measured.after),
                (measured.before_straight, measured.after_straight),
            )
        ],
        "plans": [_plan_record(sited) for sited in run.plans],
        "together": [_whole_record(sited, sited.whole, run) for sited in run.wholes if sited.whole],
        **{name: records(run) for name, records in RECORDS.items()},
    }
    return json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def write_layers(run: Run, path: Path) -> None:
    """A GeoPackage in the network's metres: sites, candidates, what stands, units and schools if any, and styles."""
    layers = {"sites": _sites(run), "candidates": _candidates(run), "standing": _standing(run)}
    if run.demand.units is not None and run.measured:
        layers["units"] = _units(run, run.demand.units)
    if run.schools:
        layers["schools"] = _schools(run)
    with _dated(run.data_date):
        for name, layer in layers.items():
            kind = {} if len(layer) else {"geometry_type": "Unknown"}
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG", **kind)
        look = styles(layers, _instant(run.data_date))
        pyogrio.write_dataframe(look, path, layer=STYLES, driver="GPKG", layer_options={"FID": "id"})


def _coverage_record(before: Coverage, after: Coverage, groups: tuple[str, ...]) -> dict[str, Any]:
    standard = before.standard
    by_group = zip(groups, before.people.sum(axis=0), before.by_group(), after.by_group(), strict=True)
    return {
        "standard": standard.id,
        "metric": before.metric,
        "unit": "people",
        "total": figure(before.total),
        "before": figure(before.served),
        "after": figure(after.served),
        "share_before": figure(before.share, SHARE),
        "share_after": figure(after.share, SHARE),
        "asked": figure(standard.limit),
        "asked_in": standard.unit,
        "speed_m_s": figure(standard.profile.speed_m_s) if standard.profile else None,
        "limit_m": figure(standard.limit_m) if before.unit == "m" else None,
        "limit_s": figure(standard.walk_limit) if before.unit == "s" else None,
        "walker": standard.profile.id if standard.profile else "",
        "minds": standard.profile.minds if standard.profile else "",
        "document": standard.document,
        "clause": standard.clause,
        "edition": standard.edition,
        "confidence": standard.confidence,
        "check_first": SURENESS[standard.confidence] if standard.check_first() else "",
        "min_area_m2": figure(standard.min_area_m2),
        "rule_set": standard.rule_set,
        "title": standard.title["en"],
        "groups": {
            group: {"total": figure(total), "before": figure(was), "after": figure(now)}
            | ({"share_before": figure(was / total, SHARE), "share_after": figure(now / total, SHARE)} if total else {})
            for group, total, was, now in list(by_group)[1:]
        },
        "reason": standard.reason,
    }


def _plan_record(sited: SitedPlan) -> dict[str, Any]:
    plan = sited.plan
    gains, unit_of_gain = ("land", "_m2") if plan.unit == LAND else ("people", "")
    return {
        "question": plan.question,
        "number": sited.number,
        "standard": sited.standard.id,
        "asked": sited.asked,
        "parcels": sited.parcels,
        "unit": plan.unit,
        "weights": dict(sited.weights or {}),
        "opened": list(plan.opened),
        "candidates": len(sited.candidates),
        **_proof(sited),
        "sites": [
            {
                "id": site_id,
                "name": str(sited.candidates.names[site]),
                f"{gains}_gained{unit_of_gain}": figure(served),
                f"{gains}_only{unit_of_gain}": figure(only),
                "area_m2": figure(sited.candidates.area_m2[site], 1),
                "cost": figure(cost),
                "nearest_today_m": figure(nearest_m, 1),
                "unit": unit,
                "lon": lon,
                "lat": lat,
                **_year(sited, site_id),
            }
            for site_id, site, served, only, cost, nearest_m, unit, (lon, lat) in zip(
                *(plan.opened, plan.sites, plan.served, plan.only, _or_unknown(sited)),
                *(sited.nearest_today_m, sited.unit_names, site_degrees(sited).tolist()),
                strict=True,
            )
        ],
    }


def _year(sited: SitedPlan, site: str) -> dict[str, Any]:
    """When a site opens, and the how manieth year that is; nothing where the plan has no years."""
    if sited.phased is None:
        return {}
    at = int(sited.phased.year[sited.phased.opened.index(site)])
    return {"opens": sited.phased.years[at].name, "phase": at + 1}


def _proof(sited: SitedPlan) -> dict[str, Any]:
    """How good a plan provably is, by itself, as a part of one of several services, or over its years."""
    if sited.proof is sited.plan:
        return _ending(sited.plan)
    return {"objective": figure(sited.plan.objective), "part_of" if sited.whole else "over_years": _ending(sited.proof)}


def _whole_record(sited: SitedPlan, whole: ServicesPlan, run: Run) -> dict[str, Any]:
    """What several services on the same land come to, and what each parcel becomes."""
    return {
        "number": sited.number,
        "opened": list(whole.opened),
        **_ending(whole),
        "cost": figure(whole.cost),
        "budget": getattr(run.scenario.siting[sited.number - 1], "budget", None),
        "areas_newly_present": whole.present,
        "areas_at_most": whole.most_present,
        "becomes": {site: list(has) for site, has in zip(whole.opened, whole.becomes, strict=True)},
        "services": {
            each.service: {
                "a_person_counts": figure(rate),
                "people_before": figure(each.people_before),
                "people_after": figure(each.people_after),
                "areas": each.units,
                "areas_present_before": each.present_before,
                "areas_missing": list(each.missing),
            }
            for each, rate in zip(whole.by_service, whole.rates, strict=True)
        },
    }


def _ending(plan: Plan) -> dict[str, Any]:
    """How good a plan provably is."""
    return {
        "objective": figure(plan.objective),
        "bound": figure(plan.bound),
        "gap": figure(plan.gap, 9),
        "ending": plan.ending,
        "solver": plan.solver,
    }


def _sites(run: Run) -> gpd.GeoDataFrame:
    """The chosen sites of every plan, ranked by the people, or the residential land, they gain."""
    tables = [
        pd.DataFrame(
            {
                "plan": number,
                "standard": sited.standard.id,
                "rank": np.arange(1, len(sited.plan.sites) + 1),
                "id": sited.plan.opened,
                "name": sited.candidates.names[sited.plan.sites],
                "people_gained": sited.plan.served if sited.plan.unit != LAND else np.nan,
                "people_only": sited.plan.only if sited.plan.unit != LAND else np.nan,
                "land_gained_m2": sited.plan.served if sited.plan.unit == LAND else np.nan,
                "land_only_m2": sited.plan.only if sited.plan.unit == LAND else np.nan,
                "area_m2": sited.candidates.area_m2[sited.plan.sites].round(1),
                "cost": _or_unknown(sited),
                "nearest_today_m": _or_null(sited.nearest_today_m),
                "unit": sited.unit_names,
                "synthetic": run.synthetic,
                "geometry": sited.candidates.geometry[sited.plan.sites],
            }
        )
        for number, sited in enumerate(run.plans, start=1)
    ]
    columns = {"plan": int, "standard": str, "rank": int, "id": str, "name": str, "people_gained": float}
    columns |= {
        "people_only": float,
        "land_gained_m2": float,
        "land_only_m2": float,
        "area_m2": float,
        "cost": float,
        "nearest_today_m": float,
        "unit": str,
        "synthetic": bool,
    }
    return _layer(tables, columns, run)


def _candidates(run: Run) -> gpd.GeoDataFrame:
    """The candidates of every plan, and which of them it chose."""
    tables = [
        pd.DataFrame(
            {
                "plan": number,
                "id": sited.candidates.ids,
                "name": sited.candidates.names,
                "area_m2": sited.candidates.area_m2.round(1),
                "chosen": np.isin(np.arange(len(sited.candidates)), sited.plan.sites),
                "synthetic": run.synthetic,
                "geometry": sited.candidates.geometry,
            }
        )
        for number, sited in enumerate(run.plans, start=1)
    ]
    columns = {"plan": int, "id": str, "name": str, "area_m2": float, "chosen": bool, "synthetic": bool}
    return _layer(tables, columns, run)


def _standing(run: Run) -> gpd.GeoDataFrame:
    """What stands today, by service."""
    tables = [
        pd.DataFrame(
            {
                "service": service,
                "id": standing.ids,
                "name": standing.names,
                "area_m2": standing.area_m2.round(1),
                "synthetic": run.synthetic,
                "geometry": standing.geometry,
            }
        )
        for service, standing in sorted(run.facilities.items())
    ]
    return _layer(tables, {"service": str, "id": str, "name": str, "area_m2": float, "synthetic": bool}, run)


def _units(run: Run, units: Units) -> gpd.GeoDataFrame:
    """The units with their people and, for each standard, those covered on foot before and after."""
    table: dict[str, Any] = {"id": units.ids, "name": units.names}
    for measured in run.measured:
        people, before = measured.before.by_unit(run.demand)
        _, after = measured.after.by_unit(run.demand)
        name = measured.standard.id.replace("-", "_")
        table["people"] = people[:-1]
        table |= {f"{name}_before": before[:-1], f"{name}_after": after[:-1]}
        for when, covered in (("before", before), ("after", after)):
            table[f"{name}_share_{when}"] = np.divide(
                covered[:-1], people[:-1], out=np.full(len(units.ids), np.nan), where=people[:-1] > 0
            )
    table["synthetic"] = np.full(len(units.ids), run.synthetic)
    return gpd.GeoDataFrame(table, geometry=units.geometry, crs=run.network.crs)


def _schools(run: Run) -> gpd.GeoDataFrame:
    """The schools of each stage: classes and pupils today and in the last year of the plan, and what is done there."""
    tables = []
    for seats in run.schools:
        then, now = seats.today.balance(seats.first), seats.plan.balance(seats.last)
        done = {taken.option.school: taken for taken in seats.plan.taken}
        for g, stage in enumerate(now.stages):
            used = np.flatnonzero((then.classes[:, g] > 0) | (now.classes[:, g] > 0))
            ids = now.schools[used].tolist()
            tables.append(
                pd.DataFrame(
                    {
                        "question": seats.number,
                        "stage": stage.id,
                        "id": ids,
                        "name": seats.plan.schools.facilities.names[used],
                        "done": [done[each].kind if each in done else "standing" for each in ids],
                        "year": [done[each].year if each in done else "" for each in ids],
                        "classes_today": then.classes[used, g],
                        "classes": now.classes[used, g],
                        "pupils_today": then.pupils[used, g].round(3),
                        "pupils": now.pupils[used, g].round(3),
                        "synthetic": run.synthetic,
                        "geometry": seats.plan.schools.facilities.geometry[used],
                    }
                )
            )
    columns = {"question": int, "stage": str, "id": str, "name": str, "done": str, "year": str, "classes_today": int}
    columns |= {"classes": int, "pupils_today": float, "pupils": float, "synthetic": bool}
    return _layer(tables, columns, run)


def _layer(tables: list[pd.DataFrame], columns: dict[str, type], run: Run) -> gpd.GeoDataFrame:
    """One layer of all tables, with these columns even where there are no rows."""
    filled = [table for table in tables if len(table)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(table.astype(columns), geometry="geometry", crs=run.network.crs)


@contextmanager
def _dated(data_date: str) -> Iterator[None]:
    """While a GeoPackage is written, GDAL takes the data's date for the current one."""
    option = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(option)
    pyogrio.set_gdal_config_options({option: _instant(data_date).strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({option: before})


def _instant(data_date: str) -> datetime:
    try:
        instant = datetime.fromisoformat(data_date)
    except ValueError:
        return NO_DATE
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _or_unknown(sited: SitedPlan) -> Floats:
    """(p,) what each chosen site costs; nan where nobody says."""
    return np.full(len(sited.plan.sites), np.nan) if sited.costs is None else sited.costs


def _or_null(metres: Any) -> Any:
    return np.where(np.isfinite(metres), np.round(metres, 1), np.nan)
