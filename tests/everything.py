"""A drawn town of which everything is asked, so that every part of map and papers has something to say."""

import json

import numpy as np

from planner.run import run_scenario
from planner.scenario import load
from tests.test_what_if_map import LINES, SOUTH, STEP, WEST, osm

# The streets, the park and the plots of test_what_if_map, with residential land under all of it, a school with a roll
# in each half, tasks, and five questions: sites examined, over years, fair ones, several services, and most land.
WICKED = (
    '</script><img src=x onerror="window.hacked=1">',
    '=CMD("calc")',
    "<img src=x onerror=window.hacked=1>",
    "@SUM(A)",
    "{{ hacked }}<script>window.hacked=1</script>",
)
LAYER = (
    "{file: plots.csv, id: id, name: name, lon: lon, lat: lat, crs: EPSG:4326, area_m2: 6000, assumption: Surveyed.}"
)
TOWN = """\
title: {en: TITLE, zh: TITLE}
city: town.osm
demand:
  layer:
    file: homes.csv
    id: id
    lon: lon
    lat: lat
    crs: EPSG:4326
    people: people
    groups: {old: old}
    base: residents
  units: {file: units.geojson, id: id, name: name}
standards:
  rule_set: P5
  measure: [green-300, park-500, eldercare-15min, community-15min, school-15min]
measures: [{name: MEASURE, build_link: [[114.6407, 33.6203], [114.6413, 33.6209]]}]
circle: osm
siting:
  - question: cover_most_people
    standard: green-300
    new_sites: 4
    candidates: LAYER
    cost: {fixed: 1000, per_m2: 2, assumption: Made up.}
    budget: 60000
    forbid: [plot d]
    examine:
      replacements: true
      force_in: [plot k]
      others: {within: 0.3, differ_by: 1, most: 3}
      sensitivity: {limit: [0.8, 1.2], people: [{name: more of them, total: 9000}], rule_set: [P3]}
      frontier: {new_sites: [1, 2, 3]}
      binding: true
  - question: cover_most_people
    standard: park-500
    new_sites: 3
    candidates: LAYER
    years: [{name: 2027, new_sites: 1}, {name: 2028, new_sites: 2}]
  - question: cover_most_people
    standard: community-15min
    new_sites: 2
    candidates: LAYER
    fairness: {by: worst, beside: [cvar], walks_to_m: 1500}
  - question: site_services
    candidates: LAYER
    budget: 90000
    services:
      - standard: eldercare-centre-1000
        new_sites: 1
        people: {old: 1}
        cost: {fixed: 30000, assumption: Made up.}
        present_in: {file: units.geojson, id: id, name: name}
      - standard: eldercare-15min
        new_sites: 2
        people: {old: 1.5}
        cost: {fixed: 9000, assumption: Made up.}
        present_in: {file: units.geojson, id: id, name: name}
  - question: cover_most_land
    standard: green-300
    new_sites: 3
    candidates: LAYER
schools:
  - stages: [primary, junior]
    years: [2023]
    pupils:
      of_everybody: {0-5: 0.1, 6-11: 0.09, 12-14: 0.05}
      births_change: -0.05
      counted: 2022
      assumption: Children are made up.
    standing:
      roll:
        file: roll.csv
        id: school
        name: name
        lon: lon
        lat: lat
        crs: EPSG:4326
        area_m2: 9000
        assumption: Surveyed too.
        classes: {primary: rooms, junior: junior_rooms}
    build:
      candidates: LAYER
      sizes: [{primary: 1}, {junior: 1}]
      cost: {fixed: 10, per_class: 2, assumption: Made up.}
    extend: {classes: {primary: 1}, times: 4, cost: {per_class: 2, assumption: Classes are made up.}}
    limit_m: {primary: 1200, junior: 1500}
    reason: The town is small.
    zones: {today: {primary: {file: zones.geojson, school: school}, junior: {file: zones.geojson, school: school}}}
    order: [unserved, oversized, above_standard, cost, walk]
    later: [2027]
    futures: {FUTURE: {moving: 0.2}}
    feeders: true
stated:
  source: STATED
  figures:
    - {says: {zh: STATED, en: STATED}, of: share, figure: 0.5, standard: green-300}
    - {says: {zh: 校, en: schools}, of: seats, figure: 100, stages: [primary]}
outputs:
  language: both
  suppress_below: 0
  papers: [xlsx, docx, pdf]
  doctor: true
  tasks:
    file: tasks.csv
    task: task
    community: community
    owner: owner
    deadline: deadline
    status: status
    done: [done]
    as_of: 2022-07-01
"""


def land(tags, west, south, east, north, first, way):
    """Ground with tags, as OpenStreetMap writes it."""
    stamp = 'version="1" timestamp="2026-01-31T00:00:00Z"'
    corners = [(west, south), (east, south), (east, north), (west, north)]
    nodes = [f'<node id="{first + k}" lon="{x:.5f}" lat="{y:.5f}" {stamp}/>' for k, (x, y) in enumerate(corners)]
    refs = "".join(f'<nd ref="{first + k}"/>' for k in (0, 1, 2, 3, 0))
    return nodes, f'<way id="{way}" {stamp}>{refs}{tags}</way>'


def street_map(name):
    """The streets with residential land beside the park, and a school."""
    end = STEP * (LINES - 1)
    houses = '<tag k="landuse" v="residential"/>'
    grounds = f'<tag k="amenity" v="school"/><tag k="name" v="{escaped(name)}"/>'
    west, west_way = land(houses, WEST, SOUTH, WEST + 0.4 * end, SOUTH + end, 900, 900)
    east, east_way = land(houses, WEST + 0.6 * end, SOUTH, WEST + end, SOUTH + end, 910, 901)
    school, school_way = land(grounds, WEST + 0.0002, SOUTH + 0.0002, WEST + 0.0012, SOUTH + 0.0010, 920, 902)
    head, *lines = osm().split("\n")
    park = '<tag k="leisure" v="park"/>'
    lines = [line.replace(park, f'{park}<tag k="name" v="{escaped(name)}"/>') for line in lines[:-1]]
    first_way = next(i for i, line in enumerate(lines) if line.startswith("<way"))
    nodes, ways = [*west, *east, *school], [west_way, east_way, school_way]
    return "\n".join([head, *lines[:first_way], *nodes, *lines[first_way:], *ways, "</osm>"])


def escaped(name):
    """A name in an attribute."""
    for sign, code in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}.items():
        name = name.replace(sign, code)
    return name


def quoted(name):
    """A name in a cell of a CSV file, or on a line of YAML."""
    return '"' + name.replace('"', '""') + '"'


def halved(of):
    """The western half of the town and the eastern one, each with its properties, as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[west, 33.61], [east, 33.61], [east, 33.64], [west, 33.64], [west, 33.61]]],
            },
        }
        for properties, west, east in zip(of, (WEST - 0.01, 114.646), (114.646, 114.66), strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def written(folder, names, plot_c="plot c", schools=("a", "b")):
    """The town in a folder; `names` are given in turn to whatever has one, ids to one plot and to the schools."""
    turn = (names[k % len(names)] for k in range(10_000))
    rng = np.random.default_rng(5)
    lon, lat = (rng.uniform(low, low + STEP * (LINES - 1), 174) for low in (WEST, SOUTH))
    people, old = rng.integers(1, 90, 150), rng.integers(0, 9, 150)
    homes = [f"h{i},{lon[i]:.6f},{lat[i]:.6f},{people[i] + old[i]},{old[i]}" for i in range(150)]
    ids = [quoted(plot_c) if i == 2 else f"plot {chr(97 + i)}" for i in range(24)]
    plots = [f"{ids[i]},{quoted(next(turn))},{lon[150 + i]:.6f},{lat[150 + i]:.6f}" for i in range(24)]
    roll = [
        f"{quoted(x)},{quoted(next(turn))},{114.642 + 0.007 * k},33.6231,{4 - k},{3 - k}" for k, x in enumerate(schools)
    ]
    tasks = [
        f"{quoted(f'{next(turn)} {k}')},{quoted(next(turn))},{quoted(next(turn))},2022-0{6 + k % 3}-30,"
        f"{'done' if k % 3 else quoted(next(turn))}"
        for k in range(9)
    ]
    town = TOWN.replace("LAYER", LAYER)
    for word in ("TITLE", "MEASURE", "FUTURE", "STATED"):
        town = town.replace(word, json.dumps(next(turn)))
    units = [{"id": id_, "name": next(turn)} for id_ in ("w", "e")]
    for name, text in {
        "town.osm": street_map(next(turn)),
        "units.geojson": halved(units),
        "zones.geojson": halved([{"school": school} for school in schools]),
        "homes.csv": "\n".join(["id,lon,lat,people,old", *homes]),
        "plots.csv": "\n".join(["id,name,lon,lat", *plots]),
        "roll.csv": "\n".join(["school,name,lon,lat,rooms,junior_rooms", *roll]),
        "tasks.csv": "\n".join(["task,community,owner,deadline,status", *tasks]),
        "town.yaml": town,
    }.items():
        (folder / name).write_text(text, "utf-8")
    return folder / "town.yaml"


def answered(folder, names=("槐树", "柳树", "榆树", "杨树", "枣树"), **ids):
    """The run of the town."""
    return run_scenario(load(written(folder, names, **ids)))
