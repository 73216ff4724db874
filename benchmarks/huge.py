"""3 million people × 50 000 sites on a million nodes, in a process of its own: prints its peak memory as JSON."""

import json
import resource

import numpy as np

from benchmarks.reach import HUGE_M, network_of, people_at, sites_at
from benchmarks.towns import made_up
from planner.reach import measure_reach

NODES, PEOPLE, SITES = 1_000_000, 3_000_000, 50_000


def peak_gib() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    rng = np.random.default_rng(6)
    network = network_of(made_up(NODES))
    people = people_at(network, rng.integers(0, NODES, PEOPLE))
    sites = sites_at(network, np.sort(rng.choice(NODES, SITES, replace=False)))
    before = peak_gib()
    reach = measure_reach(people, sites, limit_m=HUGE_M, threads=2)
    told = {"nodes": NODES, "people": PEOPLE, "sites": SITES, "pairs": reach.columns.pairs}
    print(json.dumps({**told, "before_gib": before, "peak_gib": peak_gib()}))
