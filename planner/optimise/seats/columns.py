"""A bound from whole places: each room takes a set of places, and prices say which sets would be worth having."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
from scipy.sparse import csr_array, vstack

from planner.network import Flags, Floats, Integers
from planner.optimise import _kernels
from planner.optimise.seats.connected import Zones
from planner.optimise.seats.question import SeatsQuestion, held_by
from planner.optimise.solver import LinearProgramme

DEAR = 10.0  # times what a pupil is worth at most, that prices do not exceed
LARGEST = 200_000_000  # steps of one pricing up to which it is done
ROUNDING = 1e-6  # of whole pupils
NEW = 1e-8  # share of the bound by which a set must be worth having
MET = 2e-5  # share within which prices are good enough
STEADY = (0.7, 0.35, 0.0)  # how far prices stay with the best so far, the next where no set is worth having
SLOW = 0.002  # of the gap, what a round of rows must bring


class Rooms:
    """The programme over sets of places of one aim, beside those that are held (`models.sets_of_places`).

    Prices m of its rows give a bound: the Lagrangian, in which each room chooses its set alone, a knapsack with a
    price on its load. So no place is parted within a room, which the programme of ways to go cannot say. Savelsbergh
    (1997), A branch-and-price algorithm for the generalized assignment problem; prices stay near the best ones, Pessoa,
    Sadykov, Uchoa & Vanderbeck (2018), Automation and combination of linear-programming based stabilization techniques.
    """

    def __init__(self, question: SeatsQuestion, aim: str, held: Sequence[tuple[str, float]], taken: Flags) -> None:
        q = self.question = question
        self.aim = aim
        self.held = [each for each in held if each[0] != aim]
        if q.most_moved is not None:
            self.held.append(("moved", q.most_moved))
        weight = q.weight[q.row]
        zero = np.zeros(len(q.room))
        self.unit = float(q.distance.max(initial=1.0)) if aim == "walk" else 1.0
        self.of = {"walk": weight * q.distance, "moved": np.where(q.counted & ~q.stays, weight, 0.0)}
        classes, has = q.classes_of(taken), q.school >= 0
        size = held_by(classes[:, None], q.sizes)
        large = np.full(q.q, np.inf)
        large[has] = q.most_pupils_of(taken)[q.school[has]]
        self.size = {
            "severe": size[:, 0],
            "oversized": size[:, 1],
            "above_standard": size[:, 2],
            "large_schools": large,
        }
        self.cost = self.of.get(aim, zero)
        self.missed = q.weight if aim == "unserved" else np.zeros(q.r)
        self.right = np.concatenate([np.ones(q.r), [v for _, v in self.held]])
        rows = [self.of.get(a, zero) for a, _ in self.held]
        serve = csr_array((np.ones(len(q.room)), (q.row, np.arange(len(q.room)))), shape=(q.r, len(q.room)))
        self.rows = vstack([serve, csr_array(np.array(rows).reshape(len(rows), len(q.room)))]).tocsr()
        self.entries = [np.flatnonzero((q.room == k) & (classes[q.room] > 0)) for k in range(q.q)]
        self.load = [self._most(k) for k in range(q.q)]
        self.sets: list[tuple[int, Integers]] = []
        self.cuts: list[tuple[int, Integers]] = []  # added while bounding

    def _most(self, k: int) -> int:
        """The most pupils whom a room may have."""
        most = float(self.question.weight[self.question.row[self.entries[k]]].sum())
        return int(min([most, *(self.size[a][k] + v for a, v in self.held if a in self.size)]) + ROUNDING)

    def allowed(self) -> bool:
        """Whether rooms are apart but for these rows, pupils are whole, and pricing is no great work."""
        q = self.question
        steps = sum(len(entries) * load for entries, load in zip(self.entries, self.load, strict=True))
        return bool(
            q.single
            and len(q.room)
            and not (q.before >= 0).any()
            and np.bincount(q.school[q.school >= 0]).max(initial=0) <= 1
            and (q.weight == np.rint(q.weight)).all()
            and steps <= LARGEST
        )

    def bound(self, goal: float, until: float, zones: Zones | None) -> float:
        """What no plan undercuts; the search for more ends at a goal.

        With `zones`, rows of separators that fractions of sets break are added while they bring something.
        """
        centre = self._nearest()
        best, last = self._priced(centre)[0], -np.inf
        programme = self._programme()
        while perf_counter() < until and best < goal:
            answer = programme.solve(until - perf_counter())
            if answer is None:
                break
            values, above, _ = answer
            prices, rent = values[: len(self.right)], values[len(self.right) :]
            for steady in STEADY:
                point = steady * centre + (1 - steady) * prices
                low, sets = self._priced(point)
                if low > best:
                    best, centre = low, point
                new = self._worth_having(sets, prices, rent, NEW * max(1.0, abs(above)))
                if new:
                    break
            if new and above - best > MET * max(1.0, abs(above)):
                programme.add(*self._rows(new))
                self.sets += new
                continue
            if zones is None or best - last <= SLOW * (goal - best):
                break
            last = best
            share = np.zeros(len(self.cost))
            for (_, entries), part in zip(self.sets, programme.dual[len(self.missed) :], strict=True):
                share[entries] += part
            cuts = zones.thin(share)
            if not cuts:
                break
            self._cut(cuts)
            centre = np.append(centre, np.zeros(len(cuts)))
            programme = self._programme()
        return best

    def _nearest(self) -> Floats:
        """Prices to begin with: what a row costs at least."""
        least = np.full(self.question.r, np.inf)
        np.minimum.at(least, self.question.row, self.cost)
        least = np.where(np.isfinite(least), np.minimum(least, self._dear()), self.missed)
        return np.append(least, np.zeros(len(self.right) - len(least)))

    def _cut(self, cuts: Sequence[tuple[int, Integers]]) -> None:
        """More rows x_e ≤ Σ_c x_c."""
        self.cuts += cuts
        number = np.repeat(np.arange(len(cuts)), [1 + len(others) for _, others in cuts])
        entry = np.concatenate([np.append(e, others) for e, others in cuts]).astype(np.int64)
        sign = np.concatenate([np.append(1.0, -np.ones(len(others))) for _, others in cuts])
        rows = csr_array((sign, (number, entry)), shape=(len(cuts), len(self.cost)))
        self.rows = vstack([self.rows, rows]).tocsr()
        self.right = np.append(self.right, np.zeros(len(cuts)))

    def _dear(self) -> Floats:
        """(r,) the bounds of the prices of rows."""
        return DEAR * self.unit * np.maximum(self.question.weight, 1.0)

    def _programme(self) -> LinearProgramme:
        """The best prices for the sets known: those of rows, of aims that are held, of cuts, and the rent of rooms."""
        q, r, k = self.question, self.question.r, len(self.right)
        dear, wide = self._dear(), DEAR * self.unit * float(q.weight.sum())
        lower = np.concatenate([-dear, np.full(k - r, -dear.max(initial=1.0)), np.full(q.q, -wide)])
        upper = np.concatenate([dear, np.zeros(k - r + q.q)])
        missed = np.zeros((r, k + q.q))
        missed[np.arange(r), np.arange(r)] = 1.0
        for number, (aim, _) in enumerate(self.held, r):
            if aim == "unserved":
                missed[:, number] = q.weight
        rows, least, most = self._rows(self.sets)
        return LinearProgramme(
            objective=np.append(self.right, np.ones(q.q)),
            lower=lower,
            upper=upper,
            rows=vstack([csr_array(missed), rows]).tocsr(),
            least=np.append(np.full(r, -np.inf), least),
            most=np.append(self.missed, most),
        )

    def _rows(self, sets: Sequence[tuple[int, Integers]]) -> tuple[csr_array, Floats, Floats]:
        """A row for each set: what it would pay is no more than what it costs."""
        room = np.array([k for k, _ in sets], np.int64)
        ends = np.cumsum([0, *(len(entries) for _, entries in sets)])
        entry = np.concatenate([np.empty(0, np.int64), *(entries for _, entries in sets)])
        chosen = csr_array((np.ones(len(entry)), entry, ends), shape=(len(sets), len(self.cost)))
        pays = (chosen @ self.rows.T).toarray()
        pupils = chosen @ self.question.weight[self.question.row]
        for number, (aim, _) in enumerate(self.held, self.question.r):
            pays[:, number] += self._beyond(aim, room, pupils)
        cost = chosen @ self.cost + self._beyond(self.aim, room, pupils)
        rent = np.zeros((len(sets), self.question.q))
        rent[np.arange(len(sets)), room] = 1.0
        return csr_array(np.concatenate([pays, rent], axis=1)), np.full(len(sets), -np.inf), cost

    def _beyond(self, aim: str, room: Integers | int, pupils: Floats) -> Floats:
        """The pupils of a room beyond what an aim allows."""
        return np.maximum(pupils - self.size[aim][room], 0.0) if aim in self.size else np.zeros(len(pupils))

    def _priced(self, prices: Floats) -> tuple[float, list[tuple[int, Integers]]]:
        """The bound at these prices, and the set that each room would choose."""
        q, r = self.question, self.question.r
        profit = self.rows.T @ prices - self.cost
        held = list(zip([aim for aim, _ in self.held], prices[r:].tolist(), strict=False))
        spared = self.missed - prices[:r] - sum(price for aim, price in held if aim == "unserved") * q.weight
        terms = [self.right * prices, np.minimum(spared, 0.0)]
        sets = []
        for k, (entries, load) in enumerate(zip(self.entries, self.load, strict=True)):
            pupils = np.arange(load + 1.0)
            price = self._beyond(self.aim, k, pupils)
            for aim, each in held:
                price = price - each * self._beyond(aim, k, pupils)
            weight = q.weight[q.row[entries]].astype(np.int64)
            worth, chosen = _kernels.fullest(weight, profit[entries], price)
            terms.append(np.array([-worth]))
            sets.append((k, entries[chosen]))
        every = np.concatenate(terms)
        return float(every.sum() - 1e-12 * np.abs(every).sum()), sets

    def _worth_having(
        self, sets: Sequence[tuple[int, Integers]], prices: Floats, rent: Floats, least: float
    ) -> list[tuple[int, Integers]]:
        """The sets that would pay more than they cost."""
        rows, _, cost = self._rows(sets)
        more = rows @ np.append(prices, rent) - cost
        return [each for each, pays in zip(sets, more.tolist(), strict=True) if pays > least]
