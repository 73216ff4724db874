"""Sites that hold only so many people: made-up instances after the literature's recipes, and how long they take.

Run it with `python -m benchmarks.capacity`.
"""

import argparse
from time import perf_counter

import numpy as np

from planner.optimise.capacity.allocate import allocate
from planner.optimise.capacity.models import CapacityQuestion
from planner.optimise.choice import Choice, Incumbent


def made_up(
    sites: int,
    places: int,
    *,
    sizes: int = 1,
    ratio: float = 3.0,
    side: float = 10.0,
    single: bool = False,
    reach: int | None = None,
    seed: int = 0,
) -> CapacityQuestion:
    """Sites and places anywhere in a square of this side, with capacities in a given ratio to the people.

    Places have 10 to 50 people; a site's room is drawn from 100 to 500 and scaled so that all rooms together (in the
    middle size) are `ratio` times the people; it costs U[0, 90] + U[100, 110] √room, and a person's way its length.
    With sizes, a site has room for ½, 1 and 1½ times its draw (and so on). `reach` = only so many nearest sites are
    within reach of a place. With a side of 190 ways make most of the cost; with 10 the sites do, and the choice is
    more of a packing problem.

    Cornuéjols, Sridharan & Thizy (1991), A comparison
    of heuristics and relaxations for the capacitated plant location problem, for rooms and fixed costs.
    """
    draw = np.random.default_rng(seed)
    where, homes = draw.random((sites, 2)), draw.random((places, 2))
    people = draw.integers(10, 51, places).astype(float)
    room = draw.uniform(100, 500, sites)
    room = np.maximum(np.round(room * ratio * people.sum() / room.sum()), 1)
    base, slope = draw.uniform(0, 90, sites), draw.uniform(100, 110, sites)
    factors = np.ones(1) if sizes == 1 else np.arange(1, sizes + 1) / ((sizes + 1) / 2)
    capacity = np.round(room[:, None] * factors)
    distance = side * np.sqrt(((homes[:, None] - where[None]) ** 2).sum(axis=2))
    near = np.argsort(distance, axis=1, kind="stable")[:, : reach or sites]
    near.sort(axis=1)
    return CapacityQuestion(
        weight=people,
        indptr=np.arange(places + 1) * near.shape[1],
        site=near.ravel(),
        distance=np.take_along_axis(distance, near, axis=1).ravel(),
        module_site=np.repeat(np.arange(sites), len(factors)),
        module_capacity=capacity.ravel(),
        module_cost=(base[:, None] + slope[:, None] * np.sqrt(capacity)).ravel(),
        choice=Choice.of(sites),
        single=single,
    )


def holmberg(sites: int, places: int, *, ratio: float, seed: int) -> CapacityQuestion:
    """Places that go as a whole to sites that hold only so many people, after the instances of Holmberg et al.

    Sites and places lie anywhere from 10 to 200 along both axes; a place has 10 to 50 people and costs four times
    its distance, rounded, however many they are; a site costs 300 to 700, and its room is drawn from 100 to 500 and
    scaled so that all rooms together are `ratio` times the people, 1.4 to 8.3 in theirs and 2 to 4 in those of 200
    places. So are costs, people and rooms of their files p1 and p56.

    Holmberg, Rönnqvist & Yuan (1999), An exact algorithm for the capacitated facility location problems with single
    sourcing.
    """
    draw = np.random.default_rng(seed)
    where, homes = draw.uniform(10, 200, (sites, 2)), draw.uniform(10, 200, (places, 2))
    people = draw.integers(10, 51, places).astype(float)
    room = draw.uniform(100, 500, sites)
    cost = np.round(4 * np.sqrt(((homes[:, None] - where[None]) ** 2).sum(axis=2)))
    return CapacityQuestion(
        weight=people,
        indptr=np.arange(places + 1) * sites,
        site=np.tile(np.arange(sites), places),
        distance=(cost / people[:, None]).ravel(),
        module_site=np.arange(sites),
        module_capacity=np.round(room * ratio * people.sum() / room.sum()),
        module_cost=draw.integers(300, 701, sites).astype(float),
        choice=Choice.of(sites),
        single=True,
    )


def main() -> None:
    """One line an instance: gap, objective, bound and seconds."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seconds", type=float, default=600.0, help="time limit of each instance")
    ask.add_argument("--only", default="", help="instances whose name holds this")
    chosen = ask.parse_args()
    instances = {
        f"Holmberg {sites} x {places}, ratio {ratio}, seed {seed}": holmberg(sites, places, ratio=ratio, seed=seed)
        for sites, places in ((50, 200), (100, 1000))
        for ratio in (4.0, 3.0, 2.0)
        for seed in (1, 2)
    }
    for ratio in (2.0, 1.5):
        name = f"dearer ways, 50 x 200, ratio {ratio}, seed 1"
        instances[name] = made_up(50, 200, ratio=ratio, side=190, single=True, seed=1)
    for ratio, side, reach in ((2.0, 190.0, 30), (4.0, 190.0, None), (3.0, 10.0, 30), (3.0, 10.0, None)):
        name = f"parted 200 x 3 x 5000, ratio {ratio}, side {side:.0f}, reach {reach or 'all'}"
        instances[name] = made_up(200, 5000, sizes=3, ratio=ratio, side=side, reach=reach)
    for name, question in instances.items():
        if chosen.only not in name:
            continue
        began = perf_counter()
        answer = allocate(question, Incumbent(time_limit_s=chosen.seconds))
        seconds = perf_counter() - began
        cost = answer.plan.objective if answer.plan else float("inf")
        ending = "proven" if answer.proven else "stopped"
        print(
            f"{name:56} gap {1 - answer.bound / cost:8.4%}  objective {cost:14.3f}  bound {answer.bound:14.3f}"
            f"  {seconds:6.1f} s  {ending}",
            flush=True,
        )


if __name__ == "__main__":
    main()
