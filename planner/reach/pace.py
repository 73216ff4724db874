"""What each street segment costs a walker, in either direction: metres, or the seconds of slopes, stairs and waits."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import QuestionError, first
from planner.network import BACK, ONWARD, SHUT, Floats, Integers, Snap, WalkNetwork
from planner.walkers import Profile
from planner.ways import CROSSINGS

WHOLE = 1e6  # micrometres in a metre, microseconds in a second: costs are whole numbers of these
IMPASSABLE = 1e9  # what costs more, a cliff say, costs this: sums stay below the largest whole number
CLOSED = IMPASSABLE / 4  # of a segment, and of each of its ends
SLOPE_AT_EASE = 0.05  # downhill, at which Tobler's walker is fastest
SLOPE_DECAY = 3.5


@dataclass(frozen=True)
class Costs:
    """What each of e segments costs, in whole units: a wait at either end, and the way between."""

    onward: Integers  # (e,)  from its first end to its second, waits included
    back: Integers  # (e,)
    in_metres: bool = False
    waits: Integers | None = None  # (e, 2)  between each end's node and the segment, on the way out and in; None = none
    closed: Integers | None = None  # the segments that nobody may stand on; None = none

    @property
    def inner(self) -> tuple[Integers, Integers]:
        """(e,) the way along each segment without its waits, and back."""
        waits = 0 if self.waits is None else self.waits.sum(axis=1)
        return self.onward - waits, self.back - waits

    def at(self, snap: Snap) -> tuple[Integers, Integers]:
        """(n,) from the first end to where points stand on their segments, and back; at an end, that is the node.

        Refused where somebody stands on a segment that is closed to who walks.
        """
        edge = snap.edge
        length = snap.network.length_m[edge]
        share = np.clip(np.divide(snap.offset_m, length, out=np.zeros(len(length)), where=length > 0), 0, 1)
        between = (share > 0) & (share < 1)
        if self.closed is not None and (lost := np.flatnonzero(between & np.isin(edge, self.closed) & ~snap.off)).size:
            raise QuestionError(
                f"{len(lost)} doors or gates stand on streets that are closed to this walker (position {first(lost)}). "
                "Snap them with closed=closed_streets(network, profile)."
            )
        ahead, behind = (np.rint(share * each[edge]).astype(np.int64) for each in self.inner)
        if self.in_metres:
            metres, onward = whole(snap.offset_m), self.onward[edge]
            through = (onward == self.back[edge]) & (onward < whole(IMPASSABLE))
            ahead, behind = (np.where(through, np.minimum(metres, onward), each) for each in (ahead, behind))
        if self.waits is None:
            return ahead, behind
        begin, end = self.waits[edge].T
        waited = np.where(between, begin, np.where(share > 0, begin + end, 0))
        return ahead + waited, behind + waited


def segment_costs(network: WalkNetwork, profile: Profile | None) -> Costs:
    """Metres without a walker, else seconds; where a segment is not passed, IMPASSABLE."""
    costs = _open_costs(network, profile)
    if network.passage is None:
        return costs
    shut = (np.isin(network.passage, each) for each in ((BACK, SHUT), (ONWARD, SHUT)))
    onward, back = (
        np.where(wall, whole(IMPASSABLE), cost) for wall, cost in zip(shut, (costs.onward, costs.back), strict=True)
    )
    return replace(costs, onward=onward, back=back)


def _open_costs(network: WalkNetwork, profile: Profile | None) -> Costs:
    """The costs of segments as if all were walked both ways.

    Tobler (1993): a walker's speed falls by exp(−3.5·|slope + 0.05|), slope being rise over length in the
    direction walked; here as a ratio to the walker's speed on the flat. Stairs are walked at their own speed, whatever
    the heights say. Who comes from a smaller street onto a road waits half as long as to cross it, and the other half
    on leaving it.
    """
    if profile is None:
        length = whole(np.minimum(network.length_m, IMPASSABLE))
        return Costs(length, length, in_metres=True)
    seconds = np.minimum(network.length_m / profile.speed_m_s, IMPASSABLE)
    up = down = seconds
    if profile.slope == "tobler":
        slope = slopes(network, profile)
        up, down = (np.minimum(seconds / np.maximum(pace(each), 1e-9), IMPASSABLE) for each in (slope, -slope))
    if network.ways is None:
        return Costs(whole(up), whole(down))
    if profile.stairs_m_s is not None:
        stairs = network.ways.have("stairs")
        up, down = (np.where(stairs, network.length_m / profile.stairs_m_s, each) for each in (up, down))
    shut = closed_streets(network, profile)
    if not len(shut) and not profile.waits_s and not profile.not_across:
        return Costs(whole(up), whole(down))
    waits = whole(_waits(profile)[network.ways.crossed])
    on, back = whole(np.minimum(up, CLOSED)), whole(np.minimum(down, CLOSED))
    on[shut] = back[shut] = whole(CLOSED)
    return Costs(on + waits.sum(axis=1), back + waits.sum(axis=1), waits=waits, closed=shut if len(shut) else None)


def closed_streets(network: WalkNetwork, profile: Profile | None) -> Integers:
    """The segments that a walker does not use at all: nobody's door or gate may meet the streets there."""
    if profile is None or network.ways is None or not profile.closed:
        return np.empty(0, np.int64)
    return np.flatnonzero(network.ways.have(*profile.closed))


def slopes(network: WalkNetwork, profile: Profile) -> Floats:
    """(e,) rise over length of each segment, from its first end to its second."""
    if network.height_m is None:
        raise QuestionError(f"The walker {profile.id!r} minds slopes, and this network has no heights (`height_m`).")
    rise = np.diff(network.height_m[network.ends], axis=1).ravel()
    return np.divide(rise, network.length_m, out=np.zeros(len(rise)), where=network.length_m > 0)


def pace(slope: Floats) -> Floats:
    """Speed as a share of that on the flat."""
    share: Floats = np.exp(-SLOPE_DECAY * (np.abs(slope + SLOPE_AT_EASE) - SLOPE_AT_EASE))
    return share


def _waits(profile: Profile) -> Floats:
    """(1 + crossings,) seconds at the end of a segment, by what is crossed there: half of crossing it."""
    half = np.zeros(1 + len(CROSSINGS))
    for number, at in enumerate(CROSSINGS, 1):
        half[number] = profile.waits_s[number - 1] / 2 if profile.waits_s else 0.0
        if at.road in profile.not_across and at.across and not at.signal:
            half[number] = CLOSED
    return half


def whole(amount: ArrayLike) -> Integers:
    """Metres or seconds in whole millionths."""
    return np.rint(np.asarray(amount) * WHOLE).astype(np.int64)
