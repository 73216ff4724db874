"""Siting instances, the same for the same seed: people, how far they are from candidate sites, and plain arrays.

Cities of three sizes on made-up streets, circles in a square (the hard kind: all overlap, nothing is fixed at
the root), the p-median instances of the OR-Library, and a town small enough for every pair of place and site.
Measured once and handed to us and to every peer alike. People are whole numbers, so that objectives may be
compared for equality.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse.csgraph import shortest_path

from benchmarks.reach import THREADS, network_of, sites_at
from benchmarks.towns import made_up
from planner.demand import Demand
from planner.facilities import Facilities
from planner.network import Snap, WalkNetwork
from planner.reach import Reach, measure_reach, measure_straight
from planner.standards import Standard, standard

PMED = Path(__file__).parents[2] / "shared" / "data" / "benchmarks" / "pmed"
METRES = CRS.from_epsg(4547)
MOST_PEOPLE = 20  # at a place of a city
SQUARE_M, CIRCLE_SHARE = 10_000.0, 0.02

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rows = tuple[Integers, NDArray[np.int32], Floats]  # indptr (n+1,), site and metres (pairs,)


@dataclass(frozen=True)
class Instance:
    """People and their reach to candidate sites, up to the limit at which they count as served."""

    name: str
    demand: Demand
    reach: Reach

    @property
    def limit_m(self) -> float:
        """As far as was measured."""
        return self.reach.limit_m

    @property
    def standard(self) -> Standard:
        """Within the instance's limit, whatever a site's area."""
        return standard("green-300").changed(self.limit_m, 0.0, "the limit of a benchmark's instance")

    @property
    def people(self) -> Floats:
        """(n,) whole numbers."""
        return self.demand.people[:, 0]

    @property
    def rows(self) -> Rows:
        """The sites in reach and the metres to them, place by place."""
        return self.reach.rows

    @property
    def shape(self) -> tuple[int, int]:
        """Places and sites."""
        return len(self.reach.demand_ids), len(self.reach.facility_ids)

    @property
    def pairs(self) -> int:
        """Of a place and a site in its reach."""
        return self.reach.columns.pairs

    def reaching_a_site(self) -> "Instance":
        """The same without the places that reach no site at all: somebody can serve everybody left."""
        keep = self.reach.facilities_in_reach > 0
        renumbered = np.cumsum(keep) - 1
        demand = self.demand.kept(keep)
        reach = Reach.of_pairs(
            renumbered[self.reach.place],
            self.reach.facility.astype(np.int64),
            self.reach.distance,
            limit=self.limit_m,
            metric=self.reach.metric,
            demand_ids=demand.ids,
            facility_ids=self.reach.facility_ids,
        )
        return Instance(self.name, demand, reach)

    def __str__(self) -> str:
        n, m = self.shape
        return f"{self.name}, {n:,} × {m:,}, {self.limit_m:,.0f} m, {self.pairs / n:.1f} sites a place"


# ── cities: streets, centres, people along the streets ────────────────────────────────────────────


def district() -> Instance:
    """30 000 places × 500 sites within 800 m."""
    return city("district", nodes=11_500, places=30_000, sites=500, limit_m=800, centres=4)


def whole_city() -> Instance:
    """300 000 places × 5 000 sites within 1 000 m."""
    return city("city", nodes=154_000, places=300_000, sites=5_000, limit_m=1_000, centres=12)


def megacity() -> Instance:
    """3 million places × 50 000 sites within 600 m, on a million nodes."""
    return city("megacity", nodes=1_000_000, places=3_000_000, sites=50_000, limit_m=600, centres=40)


def city(name: str, *, nodes: int, places: int, sites: int, limit_m: float, centres: int, seed: int = 7) -> Instance:
    """People along the streets of a made-up town, crowded around a few centres; sites at nodes, anywhere."""
    rng = np.random.default_rng(seed)
    network = network_of(made_up(nodes))
    demand = living_on(network, places, centres, rng)
    candidates = sites_at(network, np.sort(rng.choice(nodes, sites, replace=False)))
    return Instance(name, demand, measure_reach(demand, candidates, limit_m=limit_m, threads=THREADS))


def living_on(network: WalkNetwork, places: int, centres: int, rng: np.random.Generator) -> Demand:
    """Homes at doors up to 25 m off the street, many where it is dense and some everywhere, 1 to 20 people each."""
    middle = network.xy[network.ends].mean(axis=1)
    share = network.length_m * density(middle, centres, rng)
    edge = np.sort(rng.choice(len(middle), places, p=share / share.sum()))
    door = Snap(edge, rng.random(places) * network.length_m[edge], rng.uniform(3, 25, places), network)
    ids, people = np.arange(places).astype(str), rng.integers(1, MOST_PEOPLE + 1, places)
    return Demand(ids, network.position(door), people[:, None].astype(float), network.crs, door=door)


def density(xy: Floats, centres: int, rng: np.random.Generator) -> Floats:
    """(k,) from a twentieth of the height of a centre in the country to the sum of all centres near."""
    low, side = xy.min(axis=0), np.ptp(xy, axis=0)
    height = np.full(len(xy), 0.05)
    for centre, width in zip(low + side * rng.random((centres, 2)), rng.uniform(0.4, 1.0, centres), strict=True):
        spread = width * side.mean() / (3 * np.sqrt(centres))
        height += np.exp(-((xy - centre) ** 2).sum(axis=1) / (2 * spread**2))
    return height


def town() -> Instance:
    """5 000 places × 5 000 sites within 1 500 m: every node is a site, and 50 of them serve everybody."""
    return city("town", nodes=5_000, places=5_000, sites=5_000, limit_m=1_500, centres=3)


# ── circles in a square ───────────────────────────────────────────────────────────────────────────


def circles(places: int, sites: int, seed: int = 7) -> Instance:
    """Places and sites anywhere in a square, a fiftieth of it around each site; 1 to 99 people a place."""
    rng = np.random.default_rng(seed)
    ids, people = np.arange(places).astype(str), rng.integers(1, 100, places)
    demand = Demand(ids, SQUARE_M * rng.random((places, 2)), people[:, None].astype(float), METRES)
    candidates = standing_alone(SQUARE_M * rng.random((sites, 2)))
    radius = round(float(np.sqrt(CIRCLE_SHARE / np.pi)) * SQUARE_M, 3)
    return Instance("circles", demand, measure_straight(demand, candidates, limit_m=radius))


def standing_alone(xy: Floats) -> Facilities:
    """A site at each of these points, on no street."""
    m = len(xy)
    return Facilities(
        *(np.arange(m).astype(str), np.full(m, ""), "green", "candidate", shapely.points(xy), np.zeros(m), xy),
        *(np.arange(m), np.full(m, "point"), METRES),
    )


# ── OR-Library ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Published:
    """An instance of the literature: n customers of weight 1 who are the sites too."""

    instance: Instance
    metres: Floats  # (n, n)  the full rows; whole numbers
    new_sites: int
    optimum: float  # of the p-median


def pmed(number: int, folder: Path = PMED) -> Published:
    """The OR-Library's `pmed`: edges `i j cost` walked both ways, a repeated edge with its last cost."""
    n, edges, new_sites = map(int, (text := (folder / f"pmed{number}.txt").read_text().split())[:3])
    tail, head, cost = np.array(text[3 : 3 + 3 * edges], float).reshape(edges, 3).T
    graph = np.zeros((n, n))
    for i, j, c in zip(tail.astype(int) - 1, head.astype(int) - 1, cost, strict=True):
        graph[i, j] = graph[j, i] = c
    metres = shortest_path(graph, directed=False)
    ids = np.arange(n).astype(str)
    place, site = np.divmod(np.arange(n * n), n)
    reach = Reach.of_pairs(
        *(place, site, metres.ravel()),
        limit=float(metres.max()),
        metric="walk",
        demand_ids=ids,
        facility_ids=ids,
    )
    demand = Demand(ids, np.zeros((n, 2)), np.ones((n, 1)), METRES)
    return Published(Instance(f"pmed{number}", demand, reach), metres, new_sites, optima(folder)[number])


def pmeds() -> list[int]:
    """The numbers of those that lie beside the project in ../shared/data."""
    return sorted(int(file.stem.removeprefix("pmed")) for file in PMED.glob("pmed[0-9]*.txt"))


def optima(folder: Path = PMED) -> dict[int, float]:
    """The published optima by number."""
    lines = (folder / "optima.txt").read_text().splitlines()[1:]
    return {int(name.removeprefix("pmed")): float(best) for name, best in map(str.split, filter(str.strip, lines))}
