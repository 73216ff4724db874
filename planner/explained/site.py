"""Why a site is chosen: what it gains, what the plan loses without it, what would replace it, which rules it meets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.cells import as_written, figure, plain
from planner.city import GREENERY
from planner.errors import DataError
from planner.explained.answered import Answered, years_of
from planner.explained.trading import Trade, land_trade_of, trade_of
from planner.network import Floats
from planner.plan import LAND
from planner.recalled import Recalled
from planner.scenario.siting import SiteServices
from planner.sited import middle

AGREE = 1e-6  # people, as run.json rounds them
LEAST_M2 = 0.5  # of land, below which nothing is gained: what is cut in other ways differs in its last digits


@dataclass(frozen=True)
class Rule:
    """One test of a rule-set, or what a question itself asks of a site's area, and whether the site passes it."""

    rule_set: str  # "" of the standard or the question itself
    title: Mapping[str, str]
    document: str  # "" of what the question asks, whose key is the clause
    clause: str
    confidence: str  # how sure the value is, as data/standards.yaml explains it
    needed_m2: float
    passed: bool
    applied: bool  # whether it is the one by which this scenario counts
    most_m2: float = np.inf


@dataclass(frozen=True)
class Replaced:
    """What would best take the place of a chosen site, all else kept."""

    by: str | None  # None where no other candidate helps or may
    loses: float  # in the unit of the plan
    examined: bool  # asked of the whole plan and recorded; else the best exchange for this standard alone


@dataclass(frozen=True)
class Chosen:
    """What a run records of a chosen site, and whom it serves."""

    rank: int  # from 1, by what sites gain
    gained: float  # people, by the weights, or m² of residential land; whose nearest chosen site this is
    only: float  # of them, what the plan loses without it
    nearest_today_m: float | None  # on foot to what stands; None = nothing within 2 km
    unit: str  # that it lies in; "" = in none
    serves: tuple[tuple[str, float], ...]  # the people gained, by unit, most first; "" = in no unit
    stands_for: tuple[str, ...]  # the areas in which the service is present by this site
    replaced: Replaced | None
    year: str  # in which it opens; "" where the plan has no years
    sharing: tuple[str, ...]  # other services on the parcel


@dataclass(frozen=True)
class NotChosen:
    """Why a candidate is left out."""

    why: tuple[
        str, ...
    ]  # of "forbidden", "too_small", "too_large", "other_service", "nobody", "adds", "no_better", "limits"
    other: tuple[str, ...]  # services that the plan puts on the parcel
    trade: Trade


@dataclass(frozen=True)
class InPlan:
    """A site in one plan."""

    number: int  # of the question
    standard: str
    title: Mapping[str, str]
    service: str
    sites: int  # that the plan opens for the standard
    unit: str  # "people" or "m² of residential land"
    weights: Mapping[str, float]  # what a person of each group counts; everybody alike where empty
    proof: str  # "proven" or "stopped"
    gap: float
    cost: float | None  # of a chosen site its part of the parcel, else of it alone; None where nobody says
    cost_source: str
    chosen: Chosen | None
    left_out: NotChosen | None


@dataclass(frozen=True)
class SchoolHere:
    """A school, standing or new, in one stage of a question of school seats, as schools.csv has it."""

    number: int  # of the question
    stage: str
    title: Mapping[str, str]
    year: str
    done: str  # "build 2022"; "" where the plan leaves it as it is
    classes: tuple[int, int]  # today, with the plan
    pupils: tuple[float, float]
    cost: float | None  # of what is done here, over all stages; None where nothing is


@dataclass(frozen=True)
class SiteExplained:
    """Everything there is to say of a site."""

    id: str
    name: str
    land: str  # what it is today, in the source's own word
    area_m2: float
    unit: str
    owners: tuple[str, ...]  # units responsible for the tasks of its community
    plans: tuple[InPlan, ...]
    schools: tuple[SchoolHere, ...]
    rules: tuple[Rule, ...]


def explain_site(answered: Answered, id: str) -> SiteExplained:  # noqa: A002  (the field's word)
    """Why a candidate (its id) is chosen or not, plan by plan, and which school it is; an unknown id is a DataError."""
    pairs = zip(answered.plans, answered.rows, strict=True)
    here = [(plan, row) for plan, row in pairs if (plan.candidates.ids == id).any()]
    schools = tuple(_schools(answered, id))
    land = here[0][0].candidates if here else None
    if land is None and schools:
        land = answered.school_questions[schools[0].number - 1].schools.facilities
    if land is None:
        raise DataError(f"{id} is no candidate of any plan. Ask for one of those in sites.gpkg.")
    at = int(np.flatnonzero(land.ids == id)[0])
    units = answered.demand.units
    unit = -1 if units is None else int(units.holding(middle(land)[at : at + 1])[0])
    name = "" if units is None or unit < 0 else str(units.names[unit])
    area_m2 = float(land.area_m2[at])
    return SiteExplained(
        *(
            id,
            str(land.names[at]),
            str(land.kind[at]) if len(land.kind) else "",
            area_m2,
            name,
            _owners(answered, name),
        ),
        plans=tuple(_in_plan(answered, plan, row, id) for plan, row in here),
        schools=schools,
        rules=tuple(_rules(answered, [plan for plan, _ in here], area_m2)),
    )


def _in_plan(answered: Answered, plan: Recalled, row: Mapping[str, Any], id: str) -> InPlan:  # noqa: A002
    proof = row.get("part_of") or row.get("over_years") or row
    cost, source = _cost(plan, row, id)
    chosen = id in row["opened"]
    return InPlan(
        number=plan.number,
        standard=plan.standard.id,
        title=dict(plan.standard.title),
        service=plan.standard.service,
        sites=len(row["opened"]),
        unit=row["unit"],
        weights=row["weights"],
        proof=proof["ending"],
        gap=proof["gap"],
        cost=cost,
        cost_source=source,
        chosen=_chosen(answered, plan, row, id) if chosen else None,
        left_out=None if chosen else _left_out(answered, plan, row, id),
    )


def _chosen(answered: Answered, plan: Recalled, row: Mapping[str, Any], id: str) -> Chosen:  # noqa: A002
    rank = row["opened"].index(id)
    site = row["sites"][rank]
    gains, unit = ("land", "_m2") if row["unit"] == LAND else ("people", "")
    gained, only = site[f"{gains}_gained{unit}"], site[f"{gains}_only{unit}"]
    years = [each["name"] for each in years_of(row, answered.record) if id in each["opened"]]
    closes = any(each["closed"] for each in years_of(row, answered.record))
    trade = None if row["unit"] == LAND or closes else trade_of(answered, plan, id)
    return Chosen(
        rank=rank + 1,
        gained=gained,
        only=only,
        nearest_today_m=site["nearest_today_m"],
        unit=site["unit"],
        serves=() if trade is None else _serves(answered, trade.serves, gained, id),
        stands_for=tuple(_stands_for(answered, plan, id)),
        replaced=_replaced(answered, plan, id, trade),
        year=years[0] if years else "",
        sharing=tuple(each for each in _becomes(answered, plan, id) if each != plan.standard.service),
    )


def _serves(answered: Answered, people: Floats, gained: float, id: str) -> tuple[tuple[str, float], ...]:  # noqa: A002
    """The people (n,) that a site gains, by unit; refused where they are not those of the record."""
    if abs(people.sum() - gained) > AGREE * max(1.0, gained):
        raise DataError(
            f"{id}: the city read again gives it {people.sum():,.1f} people, and the recorded run {gained:,.1f}. "
            "Run the scenario again."
        )
    demand = answered.demand
    names = [*(demand.units.names.tolist() if demand.units is not None else []), ""]
    of = demand.by_unit(people)
    order = np.argsort(-of, kind="stable")
    return tuple((str(names[unit]), figure(of[unit]) or 0) for unit in order.tolist() if of[unit] > 0)


def _stands_for(answered: Answered, plan: Recalled, id: str) -> list[str]:  # noqa: A002
    """The areas in which the service is present by a new site."""
    return [
        as_written(row["unit"])
        for row in answered.table("presence.csv", "question", "standard", "unit", "site after")
        if (int(row["question"]), row["standard"]) == (plan.number, plan.standard.id)
        and row["site after"] == plain(f"new {id}")
    ]


def _replaced(answered: Answered, plan: Recalled, id: str, trade: Trade | None) -> Replaced | None:  # noqa: A002
    for examined in answered.record["examined"]:
        for row in examined["sites"]:
            asked = examined["question"] == plan.number and row["site"] == plain(id) and row["role"] == "chosen"
            if asked and row["lost"] != "":
                return Replaced(as_written(row["replaced by"]) or None, row["lost"], examined=True)
    if trade is None or trade.replaced_by is None:
        return None
    return Replaced(trade.replaced_by or None, trade.loses, examined=False)


def _left_out(answered: Answered, plan: Recalled, row: Mapping[str, Any], id: str) -> NotChosen:  # noqa: A002
    at, question, why = plan.at(id), plan.question, []
    other = _becomes(answered, plan, id)
    area, (least, most) = float(plan.candidates.area_m2[at]), _sizes(plan)
    if id in question.forbid:
        why.append("forbidden")
    if not area >= least:
        why.append("too_small")
    if area > most:
        why.append("too_large")
    if other:
        why.append("other_service")
    of_land = row["unit"] == LAND
    trade = land_trade_of(answered, plan, row, id) if of_land else trade_of(answered, plan, id)
    nothing = LEAST_M2 if of_land else AGREE
    if not why:
        if trade.alone <= nothing:
            why.append("no_land" if of_land else "nobody")
        elif trade.exchange_for and trade.exchange <= nothing:
            why.append("no_better")
        else:
            why.append("limits")
    return NotChosen(tuple(why), tuple(other), trade)


def _sizes(plan: Recalled) -> tuple[float, float]:
    """From which area, and up to which, a parcel holds the service."""
    rule, question = plan.standard, plan.question
    if not isinstance(question, SiteServices):
        return (0.0 if plan.question.question == "cover_most_land" else rule.min_area_m2), np.inf
    each = question.services[plan.part]
    return max(each.min_area_m2, rule.min_area_m2), np.inf if each.max_area_m2 is None else each.max_area_m2


def _becomes(answered: Answered, plan: Recalled, id: str) -> list[str]:  # noqa: A002
    """The services that a plan of several puts on a parcel."""
    for whole in answered.record["together"]:
        if whole["number"] == plan.number:
            return list(whole["becomes"].get(id, ()))
    return []


def _cost(plan: Recalled, row: Mapping[str, Any], id: str) -> tuple[float | None, str]:  # noqa: A002
    """What a site costs, and who says so: as recorded, or what the parcel alone would."""
    question, recorded = plan.question, {site["id"]: site["cost"] for site in row["sites"]}
    cost = getattr(question.services[plan.part] if isinstance(question, SiteServices) else question, "cost", None)
    if cost is None:
        return None, ""
    area_m2 = float(plan.candidates.area_m2[plan.at(id)])
    return recorded.get(id, cost.fixed + cost.per_m2 * area_m2), cost.assumption


def _owners(answered: Answered, unit: str) -> tuple[str, ...]:
    """Who is responsible for the tasks of a community."""
    rows = [
        row
        for row in answered.table("tasks.csv", "community", "owner")
        if unit and as_written(row["community"]) == unit
    ]
    return tuple(dict.fromkeys(as_written(row["owner"]) for row in rows if row["owner"]))


def _rules(answered: Answered, plans: list[Recalled], area_m2: float) -> list[Rule]:
    """What standards ask of the area of a site, and for green what every rule-set asks."""
    own = [rule for plan in plans for rule in _own_rules(plan, area_m2)]
    if not any(plan.standard.service in GREENERY for plan in plans):
        return own
    asked = answered.scenario.standards.rule_set
    tests = [
        Rule(
            *(sets.id, dict(test.title), sets.document, "" if sets.clause == "-" else sets.clause),
            *(sets.confidence, needed, area_m2 >= needed, sets.id == asked),
        )
        for sets in answered.scenario.rule_sets().values()
        for test in sets.tests
        for needed in [min(band.min_area_m2 for band in test.bands)]
    ]
    return own + tests


def _own_rules(plan: Recalled, area_m2: float) -> Iterator[Rule]:
    """What a standard of no rule-set asks of an area, and what its question asks beyond the standard."""
    rule, question, (least, most) = plan.standard, plan.question, _sizes(plan)
    if rule.min_area_m2 > 0 and not rule.rule_set:
        of = rule.document, rule.clause, rule.confidence
        yield Rule("", dict(rule.title), *of, rule.min_area_m2, area_m2 >= rule.min_area_m2, applied=True)
    if isinstance(question, SiteServices) and (least > rule.min_area_m2 or np.isfinite(most)):
        key, passed = f"siting.{plan.number - 1}.services.{plan.part}", least <= area_m2 <= most
        yield Rule("", dict(rule.title), "", key, "A", least, passed, applied=True, most_m2=float(most))


def _schools(answered: Answered, id: str) -> Iterator[SchoolHere]:  # noqa: A002
    """What the plans of school seats do at a school, stage by stage and year by year."""
    for row in answered.table(
        "schools.csv", "question", "stage", "year", "school", "done", "classes plan", "pupils plan"
    ):
        if row["school"] != plain(id):
            continue
        number = int(row["question"])
        stage = next(each for each in answered.scenario.schools[number - 1].taught if each.id == row["stage"])
        options = answered.record["schools"][number - 1]["options"]
        costs = [each["cost"] for each in options if each["school"] == id]
        yield SchoolHere(
            *(number, stage.id, dict(stage.title), row["year"], row["done"]),
            classes=(int(row["classes today"]), int(row["classes plan"])),
            pupils=(float(row["pupils today"]), float(row["pupils plan"])),
            cost=sum(costs) if costs else None,
        )
