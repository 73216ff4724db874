"""A drawn town with everything a review map shows, and a Chromium with the network off to look at it."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from planner.by_walker import at_doors
from planner.coverage import measure_coverage
from planner.demand import Units
from planner.facilities import Facilities
from planner.population import PopulationBase
from planner.reach import measure_reach, measure_straight
from planner.rule_sets import compare_rule_sets
from planner.run import Measured, Run
from planner.sited import SitedPlan
from planner.siting import Plan
from planner.sources.places import BaseMap
from planner.standards import rule_sets, standard
from tests.towns import CHUANHUI, demand, network

EAST, NORTH = 470_000.0, 3_720_000.0  # near Zhoukou

# Streets run along every 100 m; each block but those with a letter holds four homes of 5 people:
#
#     0         500   600       1000 m
#   500 +--+--+--+--+--+--+--+--+--+--+     P  the standing park
#       |P |  |  |  |  |~~|  |  |  |  |     S  a standing green of 225 m², too small to count
#   400 +--+--+--+--+--+~~+--+--+--+--+     A B C  candidate parcels
#       |  |  |  |A |  |~~|  |  |B |  |     ~~ the river; no bridge: the streets end on its banks
#   300 +--+--+--+--+--+~~+--+--+--+--+
#       |S |  |  |  |  |~~|  |  |  |  |     west of it lives "West", east of it the unit with the bad name
#   200 +--+--+--+--+--+~~+--+--+--+--+     (the last column of blocks lies in no unit)
#       |  |  |  |  |  |~~|  |  |  |  |
#   100 +--+--+--+--+--+~~+--+--+--+--+
#       |C |  |  |  |  |~~|  |  |  |  |
#     0 +--+--+--+--+--+~~+--+--+--+--+
BLOCKS = {"P": (0, 4), "S": (0, 2), "A": (3, 3), "B": (8, 3), "C": (0, 0)}
RIVER = 5
PEOPLE = 5.0
LONG_NAME = "IES POETA TOMÁS MORALES CASTELLANO"
HOSTILE = '</script><img src=x onerror="window.hacked=1">"\'&{{ 7*7 }}'


def at(x, y):
    return (EAST + x, NORTH + y)


def square(x, y, side):
    """A square with its lower left corner there, in the town's metres."""
    return shapely.box(EAST + x, NORTH + y, EAST + x + side, NORTH + y + side)


def streets():
    nodes = [at(100 * column, 100 * row) for row in range(6) for column in range(11)]
    along = [(11 * row + c, 11 * row + c + 1) for row in range(6) for c in range(10) if c != RIVER]
    across = [(11 * row + c, 11 * (row + 1) + c) for row in range(5) for c in range(11)]
    return nodes, along + across


def homes(within=(15, 65)):
    """(x, y) of the lower left corner of each home, as far within its block as these, across and up."""
    free = [
        (column, row)
        for row in range(5)
        for column in range(10)
        if column != RIVER and (column, row) not in BLOCKS.values()
    ]
    return [(100 * c + dx, 100 * r + dy) for c, r in free for dx in within for dy in within]


def sites(letters, names, status, side):
    at_street = [at(100 * BLOCKS[letter][0], 100 * BLOCKS[letter][1]) for letter in letters]
    return Facilities(
        ids=np.array([f"way/{letter}" for letter in letters]),
        names=np.array(names),
        service="green",
        status=status,
        geometry=np.array(
            [
                square(100 * BLOCKS[x][0] + 10, 100 * BLOCKS[x][1] + 10, size)
                for x, size in zip(letters, side, strict=True)
            ],
            object,
        ),
        area_m2=np.array(side, float) ** 2,
        gate_xy=np.array(at_street),
        gate_facility=np.arange(len(letters)),
        gate_origin=np.array(["mapped"] * len(letters)),
        kind=np.array(["grass"] * len(letters)),
        crs=CHUANHUI,
    )


def review_town(
    *, hostile=False, language="both", synthetic=True, ending="proven", within=(15, 65), map_number=None, key=None
):
    """The run of the drawn town: parks A and B are chosen, C is not."""
    nodes, ends = streets()
    net = network(nodes, ends)
    corners = homes(within)
    people = demand([at(x + 10, y + 10) for x, y in corners], [PEOPLE] * len(corners))
    people = _with_units(people, corners, HOSTILE if hostile else "河东社区").snapped(net, max_access_m=100)
    standing = sites("PS", [HOSTILE if hostile else "人民公园", ""], "standing", [80, 15]).snapped(
        net, max_access_m=100
    )
    candidates = sites("CAB", ["", HOSTILE if hostile else "A 角", ""], "candidate", [40, 50, 60])
    candidates = candidates.snapped(net, max_access_m=100)
    rules = [standard(id).under(rule_sets()["P5"]) for id in ("green-300", "park-500")]  # noqa: A001
    chosen = np.array([1, 2])
    measured = tuple(_measured(rule, people, standing, candidates, chosen) for rule in rules)
    titles = {"zh": HOSTILE, "en": HOSTILE} if hostile else {"zh": "手绘小镇", "en": "A drawn town"}
    return Run(
        scenario=SimpleNamespace(
            scenario="town",
            variant="",
            changes=(),
            title=titles,
            outputs=SimpleNamespace(
                language=language, map_number=map_number, base_map=key and SimpleNamespace(tianditu=key)
            ),
            standards=SimpleNamespace(rule_set="P5"),
            stated=None,
        ),
        city_name=HOSTILE if hostile else "Town",
        synthetic=synthetic,
        data_date="2026-01-31",
        attribution="© OpenStreetMap contributors, ODbL 1.0",
        assumptions=(HOSTILE if hostile else "every home holds 5 people",),
        notes=("nothing was dropped",),
        network=net,
        demand=people,
        counted=~people.door.off,
        facilities={"green": standing, "park": standing},
        left_out=(("way/9", HOSTILE if hostile else "将军府", "access=private"),),
        measured=measured,
        plans=(_plan(rules[0], people, standing, candidates, chosen, ending),),
        base_map=BaseMap(
            water=np.array([shapely.box(*at(510, -50), *at(590, 550))], object),
            waterways=np.array([shapely.LineString([at(550, -50), at(550, 550)])], object),
            green=np.array([square(10, 410, 80)], object),
            streets={
                "main": np.array([shapely.LineString([at(0, 300), at(500, 300)])], object),
                "street": shapely.linestrings(np.array(nodes)[np.array(ends)]),
                "path": np.array([shapely.LineString([at(20, 420), at(80, 480)])], object),
            },
            buildings=people.geometry[:4],
            outline=np.array([shapely.box(*at(-30, -30), *at(1030, 530))], object),
        ),
        inputs={"town.osm.pbf": "0123456789abcdef" * 4},
        versions={"planner": "0.1.0"},
        rule_sets=compare_rule_sets(
            people, {"green": standing, "park": standing}, candidates.kept(np.isin(np.arange(3), chosen))
        ),
    )


def with_two_plans(town):
    """The same town, and of three sites asked for a park within 500 m the one that serves anybody: C."""
    measured, sited = town.measured[1], town.plans[0]
    plan = _plan(measured.standard, town.demand, town.facilities["park"], sited.candidates, np.array([0]), "proven")
    return replace(
        town, plans=(sited, replace(plan, asked=3, nearest_today_m=np.array([450.0]), unit_names=(LONG_NAME,)))
    )


def _with_units(people, corners, east_name):
    halves = [shapely.box(*at(0, 0), *at(550, 500)), shapely.box(*at(550, 0), *at(900, 500))]
    return replace(
        people,
        base=PopulationBase.of("常住 2025"),
        geometry=np.array([square(x, y, 20) for x, y in corners], object),
        units=Units(np.array(["u/1", "u/2"]), np.array(["West", east_name]), "community", np.array(halves, object)),
        unit=np.array([0 if x < 500 else 1 if x < 900 else -1 for x, _ in corners]),
    )


def _measured(rule, people, standing, candidates, chosen):
    def cover(measure, facilities):
        reach = measure(people, facilities, limit_m=rule.limit_m)
        return measure_coverage(reach, people, rule, open=facilities.at_least(rule.min_area_m2))

    after = standing.joined(candidates.kept(np.isin(np.arange(len(candidates)), chosen)))
    if rule.service == "park":
        after = standing
    return Measured(
        rule,
        cover(measure_reach, standing),
        cover(measure_reach, after),
        cover(measure_straight, standing),
        cover(measure_straight, after),
    )


def _plan(rule, people, standing, candidates, chosen, ending):
    today = measure_reach(people, standing, limit_m=rule.limit_m).only(standing.at_least(rule.min_area_m2))
    open_sites = np.isin(np.arange(len(candidates)), chosen)
    new = measure_reach(people, candidates, limit_m=rule.limit_m).only(open_sites)
    gained = (new.nearest()[1] >= 0) & (today.nearest()[1] < 0)
    nearest = new.nearest()[1]
    served = np.array([PEOPLE * (gained & (nearest == site)).sum() for site in chosen])
    plan = Plan(
        question="cover_most_people",
        unit="people",
        larger_is_better=True,
        standard=rule,
        opened=tuple(candidates.ids[chosen].tolist()),
        sites=chosen,
        served=served,
        only=served,
        gained=gained,
        objective=float(served.sum()),
        bound=float(served.sum()) + (0.0 if ending == "proven" else 40.0),
        ending=ending,
        solver="by hand",
        seconds=0.0,
    )
    return SitedPlan(plan, rule, 2, candidates, np.array([700.0, np.inf]), ("West", ""))


@contextmanager
def chromium():
    """A headless Chromium; the test is skipped where there is none."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"NO CHROMIUM: none of {', '.join(names)} is on the path, so the map was not looked at")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, path, *, width=1366, height=768, **options):
    """A page on the file with the network off, and everything that went wrong or out while it was open."""
    context = browser.new_context(offline=True, viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.set_default_timeout(8000)
    page.faults = []
    page.on("request", lambda r: page.faults.append(f"request {r.url}") if r.url != path.as_uri() else None)
    page.on("requestfailed", lambda request: page.faults.append(f"failed {request.url}"))
    page.on("console", lambda said: page.faults.append(f"{said.type} {said.text}") if said.type != "log" else None)
    page.on("pageerror", lambda error: page.faults.append(f"error {error}"))
    page.goto(path.as_uri())
    page.locator("#veil").wait_for(state="detached")
    yield page
    context.close()


def covered(run, sited, sites, *, without=()):
    """Who is covered with these sites beside what stands, by coverage, which knows of no plans."""
    put, rule = sited.put, sited.standard
    stands = at_doors(run.facilities[rule.service], rule.profile, max_access_m=200)
    stands = stands.kept(~np.isin(stands.ids, without))
    there = stands.joined(put.candidates.kept(np.isin(put.candidates.ids, list(sites))))
    return measure_coverage(
        measure_reach(put.demand, there, **rule.walk), put.demand, rule, open=there.at_least(rule.min_area_m2)
    )
