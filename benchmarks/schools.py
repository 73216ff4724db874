"""School seats: the founding figures on the made-up city; Las Palmas, its primary pupils and secondary zones.

Run it with `python -m benchmarks.schools`; Las Palmas needs ../shared/data. Figures are in `docs/schools.md`.

Assumed: in the made-up city primary schools have 15 classes, junior ones 22, kindergartens 9, and pupils are in the
middle of the local values of seats per 1,000 people. In Las Palmas, since nobody publishes it with the data, the ages
of all sections are alike and pupils spread over homes by floor area; primary schools are those whose name names nothing
else (a language school, a secondary school, a nursery …), each with 12 classes of 25; secondary schools have the
classes of 30 that their zone needs today, and stand where OpenStreetMap has them, or else in the middle of their
zone's pupils.
"""

import argparse
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import planner
from planner.demand import spread
from planner.schools.plan import Seating
from planner.sources import green, osm, places, walkable
from planner.sources.made_up import write_city

CITY = Path(__file__).parents[2] / "shared" / "data" / "cities" / "las-palmas"
YEAR, AGES = 2015, range(0, 20, 5)
NOT_PRIMARY = (
    r"I\.?E\.?S\.?\b|Academ|Escuela|Universid|ULPGC|English|School of|Danza|Dance|Formaci|F\.P\.|ICSE|Infantil|Tiny|"
    r"Baile|Flamenco|Idiomas|EOI|Secundaria|ESO|Directivo|Estudi|Oneway|CSigno|Go4|CEAD|cerrado|Aulario|Vial|Admisiones|"
    r"Irish|Surf|Covent|Lan?tin|Especial|CPEI "
)
ACCESS_M = 200.0

# Stages, their service, how many schools the founding text builds or extends, and the classes each is assumed to have.
FOUNDING = ((("primary", "junior"), "school", 8, (15, 22)), (("preschool",), "kindergarten", 2, (9,)))
SEATS = {"preschool": "kindergarten", "primary": "primary", "junior": "junior"}  # provisions of seats per 1,000 people
RELIEF = ("unserved", "severe", "oversized", "large_schools", "above_standard")
THRIFTY = ("unserved", "severe", "oversized", "cost")


class City:
    """Streets, schools, homes inside the municipality, and how many children there are of each age."""

    def __init__(self) -> None:
        extract = osm.read_extract(CITY / "laspalmas.osm.pbf")
        self.network = walkable.walk_network(extract)
        self.schools = places.services(extract, self.network)["school"]
        homes = places.residential_buildings(extract, self.network.crs)
        border = gpd.read_file(CITY / "boundary.geojson").to_crs(self.network.crs).union_all()
        inside = shapely.contains_xy(border, *homes.xy.T)
        self.xy, self.floor = homes.xy[inside], homes.floor_area_m2[inside]
        counts = pd.read_csv(CITY / "population-by-section-sex-age.csv").query("year == @YEAR")
        classes = [planner.Ages(low, low + 4) for low in AGES]
        by_class = counts[[f"q_{low}_{low + 4}" for low in AGES]].sum().to_numpy(np.float64)
        self.children = planner.single_years(by_class[None], classes, max(AGES) + 5)[0]

    def pupils(self, first: int, last: int) -> np.ndarray:
        """Whole pupils of these ages in each home."""
        return spread(round(self.children[first : last + 1].sum()), self.floor).astype(np.float64)

    def demand(self, xy: np.ndarray, people: np.ndarray, name: str) -> planner.Demand:
        """Places on the streets."""
        ids = np.array([f"{name}/{i}" for i in range(len(xy))])
        return planner.Demand(ids, xy, people[:, None], self.network.crs).snapped(self.network, max_access_m=ACCESS_M)


def told(name: str, seating: Seating, seconds: float | None = None) -> None:
    """One seating in a few lines."""
    (year,) = seating.pupils.years
    took = "" if seconds is None else f", {seconds:.0f} s"
    print(f"{name}: {seating.unserved.sum():,.0f} reach no school{took}")
    for walks, seats in zip(seating.walks(year), seating.balance(year).by_stage, strict=True):
        print(f"    {seats}; {walks.pupils:,.0f} pupils walk {walks.mean:,.0f} m, nine of ten up to {walks.p90:,.0f} m")
    for level in seating.levels if isinstance(seating, planner.SchoolPlan) else ():
        print(f"    {level.aim:16} {level.value:16,.0f}  at least {level.bound:16,.0f}", flush=True)


def primary(city: City, seconds: float) -> None:
    """About 22,000 pupils of every building of the city."""
    taught = np.array([not re.search(NOT_PRIMARY, str(name), re.IGNORECASE) for name in city.schools.names])
    sites = city.schools.kept(taught).snapped(city.network, max_access_m=ACCESS_M)
    stage = replace(planner.stage("primary"), class_size=25, oversized=29, severe=31)
    people = city.pupils(6, 11)
    homes = city.demand(city.xy, people, "home")
    schools = planner.Schools(sites, (stage,), np.full((len(sites), 1), 12))
    pupils = planner.Pupils(homes.ids, (stage,), (str(YEAR),), people[:, None, None])
    print(f"primary: {people.sum():,.0f} pupils in {int((people > 0).sum()):,} buildings, {len(sites)} schools")
    for limit_m in (2000.0, 3000.0):
        reach, limits = planner.measure_reach(homes, sites, limit_m=limit_m), {"primary": limit_m}
        told(f"{limit_m:,.0f} m, nearest", planner.nearest_schools(pupils, schools, reach, limits=limits))
        for whole in (False, True):
            plan = planner.plan_seats(
                *(pupils, schools, reach),
                limits=limits,
                whole_places=whole,
                order=["unserved", "above_standard", "walk"],
                effort=planner.Effort(time_limit_s=seconds, gap=0.0002),
            )
            told(f"{limit_m:,.0f} m, buildings {'whole' if whole else 'parted'}", plan, plan.seconds)


def plain(name: str) -> str:
    """A school's name without accents, kind and small words."""
    letters = unicodedata.normalize("NFD", name.upper().replace("I.E.S.", "IES")).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Z ]", "", letters).split()
    return " ".join(word for word in words if word not in {"IES", "CEO", "DE", "LA", "LAS", "LOS", "EL", "POETA"})


def secondary(city: City, seconds: float, edge_m: float) -> None:
    """The 29 zones of today beside zones of hexagons that hang together, however many families move, or few."""
    zones = gpd.read_file(CITY / "secondary-school-catchments.geojson").to_crs(city.network.crs)
    hexes, of_home = places.hexes(city.xy, city.network.crs, edge_m=edge_m)
    weight = np.bincount(of_home, weights=city.pupils(12, 15), minlength=len(hexes.ids))
    at = [
        np.bincount(of_home, weights=city.floor * axis) / np.bincount(of_home, weights=city.floor) for axis in city.xy.T
    ]
    xy = np.stack(at, axis=1)
    hexagon, zone = shapely.STRtree(zones.geometry.to_numpy()).query(shapely.points(xy), predicate="within")
    today = np.full(len(xy), -1, np.int64)
    today[hexagon] = zone
    used = np.unique(today[(today >= 0) & (weight > 0)])
    inside = np.isin(today, used)
    today, zones = np.searchsorted(used, today), zones.iloc[used]
    homes = city.demand(xy[inside], weight[inside], "hex")
    today, weight = today[inside], weight[inside]
    mapped = {plain(str(name)): j for j, name in enumerate(city.schools.names) if re.search("I.?E.?S|CEO", str(name))}
    middle = []
    for k, name in enumerate(zones.Denominaci):
        own = today == k
        found = mapped.get(plain(name), mapped.get(plain(name).removesuffix(" CASTELLANO")))
        centre = np.average(homes.xy[own], axis=0, weights=weight[own])
        nearest = np.flatnonzero(own)[np.hypot(*(homes.xy[own] - centre).T).argmin()]
        first_gate = None if found is None else city.schools.gate_xy[city.schools.gate_facility == found][0]
        middle.append(homes.xy[nearest] if first_gate is None else first_gate)
    located = sum(
        plain(name) in mapped or plain(name).removesuffix(" CASTELLANO") in mapped for name in zones.Denominaci
    )
    gates = np.array(middle)
    sites = planner.Facilities(
        *(zones.Denominaci.to_numpy(np.str_), zones.Denominaci.to_numpy(np.str_), "school", "standing"),
        *(shapely.points(gates), np.zeros(len(gates)), gates, np.arange(len(gates))),
        *(np.full(len(gates), "point"), city.network.crs),
    ).snapped(city.network, max_access_m=ACCESS_M)
    stage = replace(planner.stage("junior"), class_size=30, oversized=np.inf, severe=np.inf, max_pupils=np.inf)
    classes = np.ceil(np.bincount(today, weights=weight, minlength=len(gates)) / 30).astype(np.int64)
    schools = planner.Schools(sites, (stage,), classes[:, None])
    pupils = planner.Pupils(homes.ids, (stage,), (str(YEAR),), weight[:, None, None])
    limit_m = 8000.0
    reach, limits = planner.measure_reach(homes, sites, limit_m=limit_m), {"junior": limit_m}
    neighbours = planner.touching_places(hexes.geometry[inside], gap_m=2 * edge_m)
    print(
        f"secondary: {weight.sum():,.0f} pupils in {len(weight)} hexagons, {len(gates)} schools "
        f"({located} of them mapped), {classes.sum()} classes"
    )
    metres = np.full((len(weight), len(gates)), np.nan)
    metres[reach.place, reach.facility] = reach.distance
    own = metres[np.arange(len(weight)), today]
    known = ~np.isnan(own)
    print(
        f"zones of today: {weight[known].sum():,.0f} pupils walk {np.average(own[known], weights=weight[known]):,.0f} m"
    )
    told("nearest", planner.nearest_schools(pupils, schools, reach, limits=limits))
    for share in (None, 0.05, 0.1):
        began = perf_counter()
        plan = planner.plan_seats(
            *(pupils, schools, reach),
            limits=limits,
            neighbours=neighbours,
            today=today[:, None],
            most_moved=None if share is None else share * float(weight.sum()),
            order=["unserved", "above_standard", "walk"],
            effort=planner.Effort(time_limit_s=seconds, gap=0.001),
        )
        name = "however many move" if share is None else f"at most {share:.0%} move"
        told(f"zones that hang together, {name}", plan, perf_counter() - began)
        print(f"    {plan.worth['moved']:,.0f} pupils change school, {plan.cuts} rows hold zones together")


def founding(seconds: float) -> None:
    """Eight schools and two kindergartens of the made-up city: the 10,275 and 720 seats of the founding text."""
    with TemporaryDirectory() as folder:
        write_city(Path(folder) / "city.osm.pbf")
        extract = osm.read_extract(Path(folder) / "city.osm.pbf")
    network = walkable.walk_network(extract)
    homes = places.residential_buildings(extract, network.crs)
    living = spread(300_000, homes.floor_area_m2)
    ids = np.array([f"home/{i}" for i in range(len(living))])
    demand = planner.Demand(ids, homes.xy, living[:, None].astype(np.float64), network.crs)
    demand = demand.snapped(network, max_access_m=ACCESS_M)
    found = places.services(extract, network)
    parks = green.public_green(extract, network).green
    land = green.leftover_land(extract, network, standing=parks, min_area_m2=8000, max_area_m2=40_000)
    for of, service, count, standing in FOUNDING:
        stages = tuple(planner.stage(each) for each in of)
        sites = found[service].joined(replace(land, service=service)).snapped(network, max_access_m=ACCESS_M)
        m, old = len(sites), len(found[service])
        junior = np.array(["中学" in name for name in sites.names])
        classes = np.zeros((m, len(of)), np.int64)
        for g in range(len(of)):
            taught = (np.arange(m) < old) & ((junior == (of[g] == "junior")) if len(of) > 1 else True)
            classes[taught, g] = standing[g]
        schools = planner.Schools(sites, stages, classes)
        per_1000 = [np.mean(planner.provision(f"seats.{SEATS[each]}").value) for each in of]
        people = np.stack([living * each / 1000 for each in per_1000], axis=1)[:, :, None]
        pupils = planner.Pupils(ids, stages, ("2022",), people)
        options = []
        for j, name in enumerate(sites.ids):
            for g, stage in enumerate(stages):
                if classes[j, g]:
                    more = int(min(12, stage.max_classes - classes[j, g]))
                    options += [planner.Option(f"extend {name}", name, {stage.id: more}, 1.0)] if more else []
                elif j >= old:
                    new = int(min(24, stage.max_classes))
                    options.append(planner.Option(f"new {stage.id} {name}", name, {stage.id: new}, 1.0))
        reach = planner.measure_reach(demand, sites, limit_m=2000)
        print(f"{', '.join(of)}: {pupils}; {old} standing, {m - old} parcels, {len(options)} options")
        limits = {stage.id: 2000.0 for stage in stages}
        told("    today, at best", planner.plan_seats(pupils, schools, reach, limits=limits, order=RELIEF))
        by_class = [replace(each, cost=float(sum(each.classes.values()))) for each in options]
        for name, choice, budget, order in (
            (f"{count} at most, most relief", options, float(count), RELIEF),
            ("as many as it takes, fewest classes without an oversized one", by_class, None, THRIFTY),
        ):
            effort = planner.Effort(time_limit_s=seconds, gap=0.001)
            plan = planner.plan_seats(
                pupils, schools, reach, options=choice, budget=budget, limits=limits, order=order, effort=effort
            )
            told(f"    {name}", plan, plan.seconds)
            added = ", ".join(f"{seats:,.0f} {each}" for seats, each in zip(plan.seats_added("2022"), of, strict=True))
            print(f"    {len(plan.taken)} options, {added} seats more")


def main() -> None:
    """Both, or one of them."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seconds", type=float, default=300.0, help="time limit of each plan")
    ask.add_argument("--edge-m", type=float, default=150.0, help="of the hexagons that secondary zones are made of")
    ask.add_argument("--only", choices=["primary", "secondary", "founding"])
    asked = ask.parse_args()
    if asked.only in {None, "founding"}:
        founding(asked.seconds)
    city = None if asked.only == "founding" else City()
    if city is not None and asked.only in {None, "primary"}:
        primary(city, asked.seconds)
    if city is not None and asked.only in {None, "secondary"}:
        secondary(city, asked.seconds, asked.edge_m)


if __name__ == "__main__":
    main()
