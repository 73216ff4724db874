"""Decay: how much a facility counts at a distance, from all of it at the door to nothing beyond a limit.

The distances are those of a reach, metres or seconds, and a decay says which: neither becomes the other silently.
Each decay has a `limit`, beyond which nothing counts, and `at(distance)`, the weights, in [0, 1] and never rising.
"""

from dataclasses import dataclass

import numpy as np

from planner.errors import QuestionError
from planner.network import Floats

UNITS = ("m", "s")


@dataclass(frozen=True)
class StepDecay:
    """One weight for each band of distance: `weights[b]` up to `upto[b]`, exactly at the end included.

    Luo & Qi (2009) weigh their three bands of 10 minutes each 1, 0.68 and 0.22, or, fading faster, 1, 0.42 and 0.09.
    """

    upto: tuple[float, ...]
    weights: tuple[float, ...]
    unit: str = "m"

    def __post_init__(self) -> None:
        ends, weights = np.array(self.upto, np.float64), np.array(self.weights, np.float64)
        if not len(ends) or len(ends) != len(weights):
            raise QuestionError(f"{len(ends)} bands have {len(weights)} weights. Give each band its weight.")
        if not (np.isfinite(ends) & (ends >= 0)).all() or (np.diff(ends) <= 0).any():
            raise QuestionError(f"Bands end at {self.upto}. Give finite distances, each larger than the one before.")
        if not ((weights > 0) & (weights <= 1)).all() or (np.diff(weights) > 0).any():
            raise QuestionError(f"Bands weigh {self.weights}. Give weights above 0, at most 1, that never rise.")
        _check_unit(self.unit)

    @property
    def limit(self) -> float:
        """Where the last band ends."""
        return self.upto[-1]

    def at(self, distance: Floats) -> Floats:
        """The weight at each distance; 0 beyond the last band."""
        weights = np.array([*self.weights, 0.0])
        return np.asarray(weights[np.searchsorted(self.upto, distance, side="left")])


@dataclass(frozen=True)
class LinearDecay:
    """All up to `full`, nothing from `none` on, in proportion between: (none − x) / (none − full)."""

    full: float
    none: float
    unit: str = "m"

    def __post_init__(self) -> None:
        if not 0 <= self.full < self.none < np.inf:
            raise QuestionError(f"Nothing fades from {self.full:g} to {self.none:g}. Give 0 ≤ full < none.")
        _check_unit(self.unit)

    @property
    def limit(self) -> float:
        """Where nothing is left."""
        return self.none

    def at(self, distance: Floats) -> Floats:
        """The weight at each distance."""
        return np.clip((self.none - distance) / (self.none - self.full), 0.0, 1.0)


@dataclass(frozen=True)
class _ScaledDecay:
    """What is left depends on how many times the scale one goes, up to a limit."""

    scale: float
    limit: float
    unit: str = "m"

    def __post_init__(self) -> None:
        if not (0 < self.scale < np.inf and 0 <= self.limit < np.inf):
            raise QuestionError(
                f"A decay has scale {self.scale:g} and limit {self.limit:g}. Give a scale above 0 and a finite limit."
            )
        _check_unit(self.unit)

    def at(self, distance: Floats) -> Floats:
        """The weight at each distance; 0 beyond the limit."""
        return np.where(distance <= self.limit, self._left(distance / self.scale), 0.0)

    def _left(self, scales: Floats) -> Floats:
        raise NotImplementedError


class ExponentialDecay(_ScaledDecay):
    """exp(−x / scale) up to `limit`: a third is left at the scale (0.37)."""

    def _left(self, scales: Floats) -> Floats:
        return np.asarray(np.exp(-scales))


class GaussianDecay(_ScaledDecay):
    """exp(−x² / 2 scale²) up to `limit`: 0.61 is left at the scale, 0.14 at twice the scale."""

    def _left(self, scales: Floats) -> Floats:
        return np.asarray(np.exp(-0.5 * scales**2))


Decay = StepDecay | LinearDecay | ExponentialDecay | GaussianDecay


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise QuestionError(f"A decay is in {unit!r}. Give metres ('m') or seconds ('s'), as the reach is measured.")
