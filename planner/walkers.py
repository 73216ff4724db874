"""Who walks: speed, slopes, stairs, waits at crossings, and what is closed to somebody. Published ones are data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from planner.errors import QuestionError, first
from planner.provisions import Provision, provision, published
from planner.ways import CROSSINGS, OBSTACLES, ROADS, Crossing

SLOPES = ("none", "tobler")
NOT_TAKEN = dict(zip(OBSTACLES, ("stairs", "way closed to wheelchairs", "rough ground", "steep ramp"), strict=True))
Changes = Mapping[str, Provision]  # provisions in the place of the published ones, by id


@dataclass(frozen=True)
class Profile:
    """Who walks, at what speed on the flat, and what of the streets changes that or stops them.

    The published walkers take stairs at a speed of their own and know what is closed to them; who minds nothing
    (`on_the_flat`) walks as many metres in a minute everywhere, and only then are minutes metres.
    """

    id: str
    title: Mapping[str, str]
    speed_m_s: float
    source: str
    confidence: str
    slope: str = "none"  # or "tobler": Tobler's ratio to the speed on the flat
    stairs_m_s: float | None = None  # along stairs, up or down; None = as on the flat
    closed: tuple[str, ...] = ()  # of OBSTACLES: what this walker does not use at all
    not_across: tuple[str, ...] = ()  # of ROADS: crossed at signals, bridges and underpasses only
    waits_s: tuple[float, ...] = ()  # at each of CROSSINGS, to cross it whole; none = waits nowhere

    def __post_init__(self) -> None:
        if not 0 < self.speed_m_s < float("inf"):
            raise QuestionError(
                f"The walker {self.id!r} has a speed of {self.speed_m_s} m/s. Give a finite one above 0."
            )
        if self.slope not in SLOPES:
            raise QuestionError(
                f"The walker {self.id!r} minds slopes by {self.slope!r}. Choose among {', '.join(SLOPES)}."
            )
        if self.stairs_m_s is not None and not 0 < self.stairs_m_s < float("inf"):
            raise QuestionError(
                f"The walker {self.id!r} takes stairs at {self.stairs_m_s} m/s. Give a finite speed above 0, or "
                "name 'stairs' in closed."
            )
        for what, given, known in (("closed", self.closed, OBSTACLES), ("not_across", self.not_across, ROADS)):
            if unknown := [each for each in given if each not in known]:
                raise QuestionError(
                    f"The walker {self.id!r} names in {what} what there is not ({first(unknown)}). "
                    f"Choose among {', '.join(known)}."
                )
        if self.waits_s and not (len(self.waits_s) == len(CROSSINGS) and min(self.waits_s) >= 0):
            raise QuestionError(
                f"The walker {self.id!r} has {len(self.waits_s)} waits. Give one of 0 s or more for each of the "
                f"{len(CROSSINGS)} crossings, see crossing_waits()."
            )

    @property
    def flat(self) -> bool:
        """Whether this walker minds nothing of the streets, so that minutes may be counted in metres."""
        return self.key == (self.speed_m_s, "none", None, (), (), ())

    @property
    def key(self) -> tuple[Any, ...]:
        """All that changes a walk."""
        return (self.speed_m_s, self.slope, self.stairs_m_s, self.closed, self.not_across, self.waits_s)

    def metres(self, minutes: float) -> float:
        """How far this person walks on the flat in so many minutes, without a wait."""
        return minutes * 60.0 * self.speed_m_s

    def on_the_flat(self) -> "Profile":
        """The same speed, and nothing minded."""
        return replace(self, slope="none", stairs_m_s=None, closed=(), not_across=(), waits_s=())

    def minding(self, *, slope: bool, crossings: bool, changes: Changes | None = None) -> "Profile":
        """The walker as published, who also minds slopes, or crossings; without those all roads may be crossed."""
        return replace(
            self,
            slope="tobler" if slope else "none",
            waits_s=crossing_waits(changes) if crossings else (),
            not_across=self.not_across if crossings else (),
        )

    @property
    def minds(self) -> str:
        """What of the streets counts for this walker, in words; "" on the flat."""
        said = {
            "slopes": self.slope != "none",
            f"stairs at {self.stairs_m_s} m/s": self.stairs_m_s is not None and "stairs" not in self.closed,
            "waits at crossings": bool(self.waits_s),
            ", ".join(f"no {NOT_TAKEN[each]}" for each in self.closed): bool(self.closed),
            f"crosses {' and '.join(self.not_across)} roads at signals only": bool(self.not_across),
        }
        return ", ".join(what for what, holds in said.items() if holds)


def crossing_waits(changes: Changes | None = None) -> tuple[float, ...]:
    """Mean seconds until one may cross, at each of CROSSINGS.

    At a signal d = (C − g)² / 2C with the cycle C and the green g for walkers (HCM); elsewhere as the data say.
    One of two carriageways, or a one-way street, costs a share of it.
    """

    def number(id: str) -> float:  # noqa: A002
        return float((changes or {}).get(id, provision(id)).number)

    def wait_s(at: Crossing) -> float:
        share = number("crossing.one_way") if at.one_way else 1.0
        if not at.signal:
            return share * number(f"crossing.wait.{at.road}")
        cycle_s, green_s = number(f"crossing.cycle.{at.road}"), number(f"crossing.green.{at.road}")
        return share * signal_wait_s(cycle_s, green_s)

    return tuple(wait_s(each) for each in CROSSINGS)


def signal_wait_s(cycle_s: float, green_s: float) -> float:
    """Mean wait of somebody who comes at any moment: d = (C − g)² / 2C, Highway Capacity Manual."""
    if not 0 <= green_s <= cycle_s or cycle_s <= 0:
        raise QuestionError(f"A signal cannot be green for {green_s:g} s of its {cycle_s:g} s. Give 0 ≤ green ≤ cycle.")
    return (cycle_s - green_s) ** 2 / (2 * cycle_s)


@cache
def profiles() -> Mapping[str, Profile]:
    """The published walkers, by id."""
    return changed_profiles({})


def changed_profiles(changes: Changes) -> Mapping[str, Profile]:
    """The published walkers, by id, with other provisions in the place of those they rest on."""
    return {row["id"]: _profile(row, changes) for row in published()["profiles"]}


@cache
def flat_walkers() -> Mapping[str, Profile]:
    """Those to whom no street is closed, on the flat, by id: whose minutes may be counted in metres."""
    return {walker.id: walker.on_the_flat() for walker in profiles().values() if not walker.closed}


@cache
def named_by_walkers() -> tuple[str, ...]:
    """The ids of the provisions that waits and stairs rest on: what an override may change."""
    stairs = [row["stairs"] for row in published()["profiles"] if "stairs" in row]
    waits = [f"crossing.{kind}.{road}" for kind in ("cycle", "green", "wait") for road in ROADS]
    return (*dict.fromkeys(stairs), "crossing.one_way", *waits)


def _profile(row: Mapping[str, Any], changes: Changes) -> Profile:
    own: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if (stairs := own.pop("stairs", None)) is not None:
        own["stairs_m_s"] = float(changes.get(stairs, provision(stairs)).number)
    return Profile(**own)
