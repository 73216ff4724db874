"""What the shares within a limit hide, as tables for spreadsheets and as records for run.json."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.beyond import Near, NearStandard, Shared
from planner.cells import figure, plain, share, table_text
from planner.demand import Demand
from planner.detour import Detours
from planner.equity import Evenness
from planner.nearness import NearestWalks
from planner.network import Floats
from planner.provisions import provision
from planner.run import Run

Cells = dict[str, Any]
MOST_NAMED = 5  # places of a desert that a cell names
METRE = 1  # decimals of metres


def nearness_text(run: Run) -> str:
    """One row a standard, group and unit, then one for all: how far, beside how many reach none within the search.

    Metres are on foot to the nearest facility, of those who reach one; empty where nobody does. People just within and
    just beyond are those who would change sides if the limit were a tenth shorter or longer.
    """
    return table_text(row for near in run.beyond.near for row in _nearness_rows(run, near))


def _nearness_rows(run: Run, near: NearStandard) -> Iterator[Cells]:
    demand = run.demand
    for group in demand.groups:
        columns: list[dict[str, Any]] = [{} for _ in range(demand.unit_count + 2)]
        for when, state in (("before", near.before), ("after", near.after)):
            for cells, walks in zip(columns, _walks(state, group), strict=True):
                cells |= {f"{name} {when}": value for name, value in _walk_cells(walks).items()}
            for name, amount in _amounts(state, demand.of(group)).items():
                for cells, value in zip(columns, _everywhere(demand, amount), strict=True):
                    cells[f"{name} {when}"] = figure(value)
        people = _everywhere(demand, demand.of(group))
        for (unit, name), here, cells in zip(_units(run), people, columns, strict=True):
            if unit or name != OUTSIDE or here > 0:
                yield {"standard": near.standard.id, "group": plain(group), "unit": unit, "name": name} | {
                    "people": figure(here),
                    "looked for up to m": figure(near.before.walks.limit),
                    **cells,
                }


def deserts_text(run: Run) -> str:
    """One row a standard and unit where somebody reaches nothing within the limit: most people first.

    With the places there that hold most of them. Units that only the plans rid of all of them are listed, too.
    """
    return table_text(row for near in run.beyond.near for row in _desert_rows(run, near))


def _desert_rows(run: Run, near: NearStandard) -> Iterator[Cells]:
    demand, everybody = run.demand, run.demand.people[:, 0]
    before, after = near.before.deserts.by_unit(), near.after.deserts.by_unit()
    nothing = demand.by_unit(everybody * ~np.isfinite(near.after.walks.distance))
    people, units = demand.by_unit(everybody), [*_units(run)]
    for u in np.argsort(-after, kind="stable")[: int((before > 0).sum())].tolist():
        here = near.after.deserts.place[demand.unit_or_none[near.after.deserts.place] == u]
        yield {
            "standard": near.standard.id,
            "unit": units[u][0],
            "name": units[u][1],
            "people": figure(people[u]),
            "limit m": figure(near.standard.limit_m),
            "people beyond it before": figure(before[u]),
            "people beyond it after": figure(after[u]),
            "share beyond it after": share(after[u], people[u]),
            "places beyond it after": len(here),
            "looked for up to m": figure(near.after.walks.limit),
            "people with nothing up to there after": figure(nothing[u]),
            "largest places": plain("; ".join(f"{demand.ids[i]} ({everybody[i]:,.0f})" for i in here[:MOST_NAMED])),
        }


def evenness_text(run: Run) -> str:
    """One row for each thing that is spread over people: shares and walks across units, access across people."""
    return table_text(_evenness_rows(run))


def _evenness_rows(run: Run) -> Iterator[Cells]:
    for near in run.beyond.near:
        for what, of in (("share within the limit", "even_shares"), ("mean walk", "even_walks")):
            across = f"{run.demand.unit_count} units"
            yield from _even_row(near.standard.id, what, across, getattr(near.before, of), getattr(near.after, of))
    for each in run.beyond.shared:
        asked = each.asked
        what = f"{asked.of} by {asked.method} within {asked.limit_m:g} m"
        yield from _even_row(asked.service, what, f"{asked.group or 'people'}", each.before.even, each.after.even)


def _even_row(of: str, what: str, across: str, before: Evenness | None, after: Evenness | None) -> Iterator[Cells]:
    if before is not None or after is not None:
        cells: Cells = {"of": of, "what": what, "across": plain(across)}
        for name in ("gini", "theil", "palma", "worst_to_mean"):
            for when, even in (("before", before), ("after", after)):
                cells[f"{name.replace('_', ' ')} {when}"] = None if even is None else figure(getattr(even, name))
        yield cells


def detours_text(run: Run) -> str:
    """The pairs with something in their way, the worst first, up to so many for each standard; run.json counts all.

    The walk is empty where none was found up to the limit that stands beside it.
    """
    return table_text(row for near in run.beyond.near for row in _detour_rows(near))


def _detour_rows(near: NearStandard) -> Iterator[Cells]:
    parted = near.parted
    for i in range(0 if parted is None else min(len(parted), int(provision("beyond.listed").number))):
        assert parted is not None  # noqa: S101  (or there would be no i)
        yield {
            "standard": near.standard.id,
            "place": plain(parted.demand_ids[parted.place[i]]),
            "people": figure(parted.people[i]),
            "facility": plain(parted.facility_ids[parted.facility[i]]),
            "straight m": figure(parted.straight_m[i], METRE),
            "walk m": figure(parted.walk_m[i], METRE),
            "looked for up to m": figure(parted.walk_limit_m),
            "detour": figure(parted.ratio[i], 2),
        }


def access_text(run: Run) -> str:
    """One row for each question about access and unit: what there is for each person of the unit, without and with."""
    return table_text(row for each in run.beyond.shared for row in _access_rows(run, each.before, each.after, each))


def _access_rows(run: Run, before: Shared, after: Shared, each: Any) -> Iterator[Cells]:
    asked, people = each.asked, _everywhere(run.demand, before.access.people)
    has = [_everywhere(run.demand, state.access.access * state.access.people) for state in (before, after)]
    without = [_everywhere(run.demand, state.access.people * (state.access.access == 0)) for state in (before, after)]
    for (unit, name), here, *told in zip(_units(run), people, *has, *without, strict=True):
        if unit or name != OUTSIDE or here > 0:
            yield {
                "service": asked.service,
                "method": asked.method,
                "of": asked.of,
                "limit m": figure(asked.limit_m),
                "group": plain(asked.group or "people"),
                "unit": unit,
                "name": name,
                "people": figure(here),
                "for each person before": share(told[0], here),
                "for each person after": share(told[1], here),
                "people with none before": figure(told[2]),
                "people with none after": figure(told[3]),
            }


def beyond_records(run: Run) -> dict[str, Any]:
    """All of it for everybody and for each group; by unit it stands in the tables."""
    factor = run.beyond.detour_factor
    return {
        "detour_factor": None if factor is None else figure(factor, 4),
        "standards": [
            {
                "standard": near.standard.id,
                "unit": "m",
                "looked_for_up_to_m": figure(near.before.walks.limit),
                "before": _near_record(near.before),
                "after": _near_record(near.after),
                "detours": None if near.detours is None else _detours_record(near.detours, near.parted),
            }
            for near in run.beyond.near
        ],
        "access": [
            {
                "service": each.asked.service,
                "method": each.asked.method,
                "of": each.asked.of,
                "limit_m": figure(each.asked.limit_m),
                "group": each.asked.group or "people",
                "before": _shared_record(each.before),
                "after": _shared_record(each.after),
            }
            for each in run.beyond.shared
        ],
    }


def _near_record(near: Near) -> Cells:
    demand = near.walks.demand
    fewer, more = near.margin.by_group()
    return {
        "groups": {group: _walk_cells(near.walks.of(group)) for group in demand.groups},
        "margin": {"shorter_m": figure(near.margin.shorter), "longer_m": figure(near.margin.longer)}
        | {"people_fewer": figure(fewer[0]), "people_more": figure(more[0])},
        "served_in_parts": figure(near.gradual.served),
        "beyond_the_limit": {"places": len(near.deserts.place), "people": figure(near.deserts.total)},
        "evenness_of_shares": _even_record(near.even_shares),
        "evenness_of_walks": _even_record(near.even_walks),
    }


def _detours_record(all_: Detours, parted: Detours | None) -> Cells:
    above = all_ if parted is None else parted
    return {
        "factor": figure(all_.factor, 4),
        "pairs": len(all_),
        "from_m_to_m": [figure(float(all_.straight_m.min()), METRE), figure(all_.straight_limit_m)],
        "above": {"detour": figure(provision("beyond.detour").number), "pairs": len(above)}
        | {"without_walk": int((~above.found).sum()), "people": figure(_once(above))},
        "people_on_no_street": figure(all_.off_people),
        "facilities_on_no_street": all_.off_facilities,
    }


def _once(pairs: Detours) -> float:
    """The people of the places of some pairs, each person once."""
    _, at = np.unique(pairs.place, return_index=True)
    return float(pairs.people[at].sum())


def _shared_record(each: Shared) -> Cells:
    return {
        "facilities": len(each.sites),
        "unknown": each.unknown,
        "idle": int(each.access.idle.sum()),
        "shared": figure(each.access.shared),
        "for_each_person": figure(each.access.mean),
        "people_with_none": figure(each.access.without),
        "evenness": _even_record(each.even),
    }


def _even_record(even: Evenness | None) -> Cells | None:
    return None if even is None else {name: figure(value) for name, value in vars(even).items()}


def _walk_cells(walks: NearestWalks) -> Cells:
    metres = {"mean m": walks.mean, "P50 m": walks.median, "P90 m": walks.p90, "most m": walks.most}
    people = {"people who reach one": walks.reached, "people who reach none": walks.unreached}
    return {name: figure(value) for name, value in people.items()} | {
        name: figure(value, METRE) for name, value in metres.items()
    }


def _amounts(near: Near, people: Floats) -> dict[str, Floats]:
    """(n,) people of a group by what the limit makes of them."""
    return {
        "people just within": people * near.margin.just_within,
        "people just beyond": people * near.margin.just_beyond,
        "served in parts": people * near.gradual.weight,
    }


def _walks(near: Near, group: str) -> Iterator[NearestWalks]:
    """Of each unit, of who lives in none, and of all."""
    yield from near.walks.by_unit(group)
    yield near.walks.of(group)


def _everywhere(demand: Demand, amount: Floats) -> NDArray[np.float64]:
    """(u+2,) an amount of each place in each unit, in none, and in all."""
    return np.append(demand.by_unit(amount), amount.sum())


OUTSIDE = "outside any unit"


def _units(run: Run) -> Iterator[tuple[str, str]]:
    """Id and name of each unit, of what lies in none, and of all, which says whether the data are made up."""
    units = run.demand.units
    if units is not None:
        yield from ((plain(unit), plain(name)) for unit, name in zip(units.ids, units.names, strict=True))
    yield "", OUTSIDE
    yield "", "total (made-up data, no real place)" if run.synthetic else "total"
