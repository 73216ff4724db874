"""How evenly something is spread over people: Lorenz, Gini, Theil, Palma, and the worst off.

Each function takes what each place has, `value` (n,), finite and not negative (2SFCA access, metres walked by those
who reach something), and how many people have it, `people` (n,). Everybody counts once: a place of 20 people is
twenty people who have the same, and a place without people does not count at all. What all of these measures share:
they do not change when every value is multiplied by a number, nor when every person becomes two.

They describe; they are no objective: the most equal city is one in which nobody has anything (Erkut 1993).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import DataError, QuestionError, first
from planner.network import Floats, Integers


def lorenz(value: ArrayLike, people: ArrayLike) -> tuple[Floats, Floats]:
    """The Lorenz curve: which share of all the poorest share of the people has; from (0, 0) to (1, 1).

    Two arrays (places with people + 1,), both in [0, 1] and never falling, poorest first.

    Lorenz (1905), Methods of measuring the concentration of wealth.
    """
    has, who = _spread(value, people)
    order = np.argsort(has, kind="stable")
    population, held = np.cumsum(who[order]), np.cumsum((who * has)[order])
    return np.append(0.0, population / population[-1]), np.append(0.0, held / held[-1])


def gini(value: ArrayLike, people: ArrayLike) -> float:
    """Gini's coefficient, in [0, 1): 0 where all have the same, near 1 where one person has everything.

    With (x, y) the corners of the Lorenz curve it is 1 − Σ_k (x_k − x_{k−1}) (y_k + y_{k−1}), which equals half the
    mean difference of two people drawn at random, over the mean: Σ_ij p_i p_j |v_i − v_j| / (2 P² μ).

    Gini (1912), Variabilità e mutabilità.
    """
    x, y = lorenz(value, people)
    return max(0.0, float(1.0 - np.sum(np.diff(x) * (y[1:] + y[:-1]))))


@dataclass(frozen=True)
class Theil:
    """Theil's index T, and how much of it lies between units and within them: total = between + within."""

    total: float
    between: float
    within: float


def theil(value: ArrayLike, people: ArrayLike, unit: Integers | None = None) -> Theil:
    """Theil's T = Σ_i (p_i / P) (v_i / μ) ln(v_i / μ), with 0 ln 0 = 0; in [0, ln P].

    With `unit` (n,), the unit of each place (−1, in none, is a unit too), T falls into what units differ from each
    other and what people within them do: T = Σ_g s_g ln(μ_g / μ) + Σ_g s_g T_g, where s_g is the unit's share of
    all there is. Without, all of it is within.

    Theil (1967), Economics and Information Theory; the decomposition is Bourguignon's (1979) and Shorrocks' (1980).
    """
    has, who = _spread(value, people)
    total = _theil(has, who)
    if unit is None:
        return Theil(total, 0.0, total)
    where = np.asarray(unit)
    if where.shape != np.shape(people):
        raise DataError(f"{len(np.asarray(people))} places have {where.shape} units. Give one for each place.")
    _, group = np.unique(where[np.asarray(people) > 0], return_inverse=True)
    population = np.bincount(group, weights=who).astype(np.float64)
    between = _theil(np.bincount(group, weights=who * has) / population, population)
    return Theil(total, between, max(0.0, total - between))


def palma_ratio(value: ArrayLike, people: ArrayLike, *, top: float = 0.10, bottom: float = 0.40) -> float:
    """What the best-off `top` share of the people has together, over what the worst-off `bottom` share has.

    (1 − L(1 − top)) / L(bottom) on the Lorenz curve L; a place that straddles a share counts in part. Where all have
    the same it is top / bottom, 0.25; inf where the bottom has nothing.

    Palma (2011), Homogeneous middles vs. heterogeneous tails; Cobham & Sumner (2013).
    """
    _check_share(top, "top")
    _check_share(bottom, "bottom")
    x, y = lorenz(value, people)
    most, least = 1.0 - float(np.interp(1.0 - top, x, y)), float(np.interp(bottom, x, y))
    return most / least if least > 0 else float("inf")


def worst_to_mean(value: ArrayLike, people: ArrayLike, *, worst: float = 0.10, larger_is_better: bool = True) -> float:
    """What the worst-off share of the people has on average, over what everybody has on average.

    1 where all have the same. Of access (larger is better) it is at most 1, and 0 where the worst off have nothing:
    L(worst) / worst. Of walks, set `larger_is_better=False`; it is then at least 1: (1 − L(1 − worst)) / worst.
    """
    _check_share(worst, "worst")
    x, y = lorenz(value, people)
    if larger_is_better:
        return float(np.interp(worst, x, y)) / worst
    return (1.0 - float(np.interp(1.0 - worst, x, y))) / worst


@dataclass(frozen=True)
class Evenness:
    """How evenly something is spread, by every measure of this module."""

    gini: float
    theil: float
    palma: float  # inf where the bottom has nothing
    worst_to_mean: float

    def __str__(self) -> str:
        return f"Gini {self.gini:.2f}, Theil {self.theil:.2f}, worst tenth {self.worst_to_mean:.2f} of the mean"


def measure_evenness(value: ArrayLike, people: ArrayLike, *, larger_is_better: bool = True) -> Evenness:
    """All measures of one spread; of walks, of which less is better, set `larger_is_better=False`."""
    worst = worst_to_mean(value, people, larger_is_better=larger_is_better)
    return Evenness(gini(value, people), theil(value, people).total, palma_ratio(value, people), worst)


def _theil(has: Floats, who: Floats) -> float:
    relative = has / (np.sum(who * has) / np.sum(who))
    logarithm = np.log(relative, out=np.zeros(len(has)), where=relative > 0)
    return max(0.0, float(np.sum(who * relative * logarithm) / np.sum(who)))


def _check_share(share: float, name: str) -> None:
    if not 0 < share <= 1:
        raise QuestionError(f"`{name}` is {share:g}, and is a share of the people. Give one above 0 and at most 1.")


def _spread(value: ArrayLike, people: ArrayLike) -> tuple[Floats, Floats]:
    """The values and the people of the places where somebody lives; refused where they say nothing.

    Both as shares of their largest, which changes no measure and lets no sum be beyond all numbers.
    """
    has, who = np.asarray(value, np.float64), np.asarray(people, np.float64)
    if has.ndim != 1 or has.shape != who.shape:
        raise DataError(f"Values {has.shape} and people {who.shape} are not of the same places. Give one each a place.")
    bad = ~(np.isfinite(who) & (who >= 0))
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {len(who)} places have negative or missing people "
            f"({first(np.flatnonzero(bad))}, counted from 0). Set them to 0 or leave the places out."
        )
    lived = who > 0
    has, who, at = has[lived], who[lived], np.flatnonzero(lived)
    if not len(who):
        raise DataError("There are no people at all in the places given. Check the people.")
    bad = ~(np.isfinite(has) & (has >= 0))
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {len(has)} places with people have a value that is negative, missing or infinite "
            f"({first(at[bad])}, counted from 0). Leave out those who reach nothing and tell them apart, see "
            "find_deserts()."
        )
    if not has.max() > 0:
        raise QuestionError("Nobody has anything, so nothing is shared out evenly or unevenly. Check the values.")
    return has / has.max(), who / who.max()
