"""What is around: sums within a walk of every place or node, without storing who reaches what."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.demand import Demand
from planner.errors import QuestionError
from planner.facilities import Facilities
from planner.network import Floats, Integers, Snap
from planner.reach.graph import Graph, Targets, graph_of, whole_limit
from planner.reach.measure import asked_limit, on_streets, seeds_of
from planner.reach.pace import WHOLE
from planner.walkers import Profile

DECAYS = ("flat", "linear", "exponential", "gaussian")


def sum_around(  # noqa: PLR0913  (a question has this many parts, each named)
    around: Demand | Facilities | Snap,
    of: Demand | Facilities | Snap,
    weight: ArrayLike | None = None,
    *,
    limit_m: float | None = None,
    limit_s: float | None = None,
    profile: Profile | None = None,
    decay: str = "flat",
    scale: float | None = None,
    inward: bool = False,
    threads: int | None = None,
) -> Floats:
    """For each of `around` the weights of all of `of` within a walk's limit, added up: counts without weights.

    Walked from `around` to `of`, or from `of` to `around` where `inward` (people to a site); it matters
    only in seconds on slopes. Nodes of a network are `network.at_nodes()`. Walks around a facility start at
    its nearest gate; what is summed stands at one point. With x the walk and L the limit, a weight fades by
    1 (flat), 1 − x/L (linear), exp(−x/scale) (exponential) or exp(−x²/2scale²) (gaussian); `scale` is in the
    limit's unit. Off the network, nothing is around.
    """
    limit, unit = asked_limit(limit_m, limit_s, profile)
    sources, source, count = _starts(around)
    snap = _points(of)
    faults = list(_faults(sources, snap, decay, scale))
    amount = np.ones(len(snap.edge)) if weight is None else np.asarray(weight, np.float64)
    if amount.shape != (len(snap.edge),) or not np.isfinite(amount).all():
        faults.append(f"{len(snap.edge)} things are summed; give as many finite weights, not {amount.shape}.")
    if faults:
        raise QuestionError("\n".join(faults))
    graph = graph_of(snap.network, profile)
    seeds = seeds_of(graph, sources, source, count, leaving=not inward)
    standing, targets = _at_junctions(graph, graph.targets(snap, leaving=inward), amount)
    total = np.zeros(len(seeds.order))
    most, streets, elsewhere = whole_limit(limit, unit), graph.streets(leaving=not inward), amount[targets.point]
    fade = (DECAYS.index(decay), (scale or 1.0) * WHOLE)

    def some(span: tuple[int, int], space: Any) -> None:
        from planner._kernels import sum_lanes  # noqa: PLC0415  (compiling must not slow down `planner --help`)

        asked = (span, most, *graph.buckets(most), space, streets, seeds.arrays, seeds.own, standing)
        sum_lanes(*asked, targets.arrays, elsewhere, *fade, total)

    graph.in_spans(some, len(seeds.order), threads)
    answer = np.zeros(count)
    answer[seeds.order] = total
    return answer


def _at_junctions(graph: Graph, targets: Targets, amount: Floats) -> tuple[Floats, Targets]:
    """The weight that stands at each junction itself (j,), met there, and what stands elsewhere."""
    end = targets.cost == 0
    there = end.any(axis=1)
    chain = np.repeat(np.arange(len(targets.span)), np.diff(targets.span, axis=1).ravel())
    junction = np.where(end[:, 0], graph.first[chain], graph.last[chain])
    standing = np.bincount(junction[there], amount[targets.point[there]], len(graph.node)).astype(np.float64)
    before = np.concatenate([[0], np.cumsum(~there)]).astype(np.int64)
    return standing, Targets(before[targets.span], targets.cost[~there], targets.point[~there])


def _starts(around: Demand | Facilities | Snap) -> tuple[Snap, Integers, int]:
    """Where the walks start, whose start each is, and how many there are."""
    if isinstance(around, Facilities):
        return on_streets(around.door), around.gate_facility, len(around)
    snap = _points(around)
    return snap, np.arange(len(snap.edge)), len(snap.edge)


def _points(of: Demand | Facilities | Snap) -> Snap:
    """Where things stand: one point each."""
    if isinstance(of, Snap):
        return of
    snap = on_streets(of.door)
    if isinstance(of, Demand):
        return snap
    if (np.bincount(of.gate_facility, minlength=len(of)) != 1).any():
        raise QuestionError(
            "Facilities that are summed need one gate each; several would be met at each of them. Add up a reach: "
            "np.bincount(reach.place, weights=weight[reach.facility])."
        )
    return snap


def _faults(sources: Snap, snap: Snap, decay: str, scale: float | None) -> Iterator[str]:
    if sources.network is not snap.network:
        yield "Snap both to the same network first, see snapped()."
    if decay not in DECAYS:
        yield f"There is no decay {decay!r}. There are: {', '.join(DECAYS)}."
    if decay in DECAYS[2:] and not (scale is not None and np.isfinite(scale) and scale > 0):
        yield f"The decay {decay!r} needs a scale above 0, not {scale}."
