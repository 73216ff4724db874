"""Whether a layer in China is displaced as web maps displace: which datum makes it fit the streets.

Where a layer truly lies, its places stand on streets far less often than by chance (buildings, parks), or far more
often (addresses). Displaced by half a kilometre, they stand on streets as often as chance has it. So a layer that fits
no better than displaced at random, and fits once GCJ-02 or BD-09 is taken out of it, is in that datum.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS

from planner.errors import CrsError
from planner.network import CHINA_BOX, Floats, Shapes, WalkNetwork
from planner.sources.coordinates import INTO, SHIFTED, projection, unshifted

NAMES = {"wgs84": "WGS84", **SHIFTED}  # the datums that the streets can tell apart

STREET_M = 3.0  # a point this near to the middle of a street stands on it
RIM_M = 1.0  # so much of a polygon's edge may touch a street: neighbours are drawn as they come
NEAR_M = 100.0  # places farther from every street say nothing about the fit
MOST = 2000  # places looked at, evenly spaced in the layer
FEWEST = 5  # fewer say nothing …
FEW = 10  # … and so few pass unjudged, unless they are beyond doubt
AWAY_M = (250.0, 400.0, 700.0, 1000.0)  # how far layers are displaced to learn what chance makes of them …
DIRECTIONS = 8  # … and in how many directions
SURE = 3.0  # times as far from chance as the displaced layers usually are, and farther than any of them
WEAK = 0.5  # share of that which the layer as given may reach itself


@dataclass(frozen=True)
class Fit:
    """How a layer of shapes fits the streets as given, by chance, and converted out of each shifted datum."""

    looked_at: int
    near: int  # of them are near a street, as given: only these say anything
    given: float  # share of the places that stand on a street
    chance: float  # the same share, displaced at random
    converted: dict[str, float]  # … and converted, by datum
    surprise: dict[str, float]  # how far from chance, in units of what displacing it at random does; "" = as given
    luck: float  # the most surprising of the random displacements
    offset_m: dict[str, tuple[float, float]]  # east and north, by which the layer would be displaced

    @property
    def datum(self) -> str:
        """The datum that the layer is in, where that is beyond doubt; else ""."""
        best = max(self.converted, key=lambda each: self.surprise[each], default="")
        if not best or self.surprise[best] < max(SURE, self.luck) or self.surprise[""] > WEAK * self.surprise[best]:
            return ""
        return best

    @property
    def judged(self) -> bool:
        """Whether the streets tell the datum: beyond doubt another one, or places that stand as chance would not."""
        return bool(self.datum) or (self.near >= FEW and self.surprise[""] >= max(SURE, self.luck))

    def sentence(self) -> str:
        """The offset that was measured, and how."""
        east, north = self.offset_m[self.datum]
        return (
            f"the layer lies {np.hypot(east, north):,.0f} m ({abs(east):,.0f} m {'east' if east >= 0 else 'west'}, "
            f"{abs(north):,.0f} m {'north' if north >= 0 else 'south'}) from where it fits the streets, as if it "
            f"were in {NAMES[self.datum]}: {self.given:.1%} of {self.looked_at:,} places stand on a street as "
            f"given, {self.chance:.1%} would by chance, {self.converted[self.datum]:.1%} do once converted"
        )


def in_china(crs: CRS) -> bool:
    """Whether a metric system is of the box in which web maps displace."""
    area = crs.area_of_use
    if area is None:
        return False
    lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
    west, south, east, north = CHINA_BOX
    return west <= lon < east and south <= lat < north


def fit(shapes: Shapes, network: WalkNetwork, *, declared: str = "wgs84") -> Fit:
    """How shapes (n,) in metres of the network's system fit its streets, in every datum they may be in.

    They have been converted out of the datum `declared`, which counts as they are given.
    """
    given_in = "wgs84" if declared not in SHIFTED else declared
    shapes = np.asarray(shapes, object)
    looked_at = shapes[np.linspace(0, len(shapes) - 1, min(len(shapes), MOST)).astype(np.int64)]
    streets = shapely.STRtree(shapely.linestrings(network.xy[network.ends]))
    converted = {datum: _taken_as(datum, looked_at, network.crs, given_in) for datum in NAMES if datum != given_in}
    displaced = [
        _moved(looked_at, away_m * np.array([np.cos(angle), np.sin(angle)]))
        for away_m in AWAY_M
        for angle in np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    ]
    counts = np.array([_on_street(each, streets) for each in (looked_at, *converted.values(), *displaced)], float)
    on, near = counts.T
    share = on / np.maximum(near, 1)
    by_chance = counts[1 + len(converted) :]
    chance = float(by_chance[:, 0].sum() / max(by_chance[:, 1].sum(), 1))
    enough = near >= FEWEST
    deviance = np.where(enough, _deviance(on, near, chance), 0.0)
    random = deviance[1 + len(converted) :]
    usual = max(1.0, float(np.sqrt((random**2).mean())))
    middle = _middle(looked_at)
    moved = {datum: np.median(middle - _middle(each), axis=0) for datum, each in converted.items()}
    names = list(converted)
    return Fit(
        looked_at=len(looked_at),
        near=int(near[0]),
        given=float(share[0]),
        chance=chance,
        converted={datum: float(share[1 + i]) for i, datum in enumerate(names)},
        surprise={datum: float(deviance[i]) / usual for i, datum in enumerate(["", *names])},
        luck=float(random.max()) / usual,
        offset_m={datum: (float(east), float(north)) for datum, (east, north) in moved.items()},
    )


def check(shapes: Shapes, network: WalkNetwork, what: str, *, declared: str | None = None) -> None:
    """Refuse a layer in China that fits the streets only in another datum than the one it was taken to be in."""
    if not len(shapes) or not in_china(network.crs):
        return
    found = fit(shapes, network, declared=declared or "wgs84")
    if found.datum:
        but = f"it is declared as {declared}, but " if declared else ""
        raise CrsError(
            f"{what}: {but}{found.sentence()}. Declare `datum: {found.datum}`; or, if it does lie where it says, "
            f"`datum: {declared or 'wgs84'}` and why, `datum_reason: …`."
        )


def _taken_as(datum: str, shapes: Shapes, crs: CRS, given_in: str) -> Shapes:
    """Shapes in metres, converted out of one datum, as if they had been converted out of another."""
    to_degrees = projection(crs, 4326)
    to_metres = projection(4326, crs)
    degrees = shapely.transform(shapes, to_degrees.transform, interleaved=False)
    if given_in in SHIFTED:
        degrees = shapely.transform(degrees, INTO[given_in])
    metric: Shapes = shapely.transform(unshifted(degrees, datum), to_metres.transform, interleaved=False)
    return metric


def _moved(shapes: Shapes, by_m: Floats) -> Shapes:
    moved: Shapes = shapely.transform(shapes, lambda xy: xy + by_m)
    return moved


def _middle(shapes: Shapes) -> Floats:
    """(n, 2) the centroid of each shape."""
    return np.column_stack([shapely.get_x(shapely.centroid(shapes)), shapely.get_y(shapely.centroid(shapes))])


def _on_street(shapes: Shapes, streets: shapely.STRtree) -> tuple[int, int]:
    """How many shapes stand on a street, of how many that are near one."""
    surface = shapely.get_dimensions(shapes) == 2  # noqa: PLR2004
    core = shapes.copy()
    core[surface] = shapely.buffer(shapes[surface], -RIM_M, join_style="mitre")
    core = core[~shapely.is_empty(core)]
    (shape, _), away_m = streets.query_nearest(core, max_distance=NEAR_M, return_distance=True, all_matches=False)
    limit_m = np.where(shapely.get_dimensions(core[shape]) == 2, 0.0, STREET_M)  # noqa: PLR2004
    return int((away_m <= limit_m).sum()), len(shape)


def _deviance(on: Floats, near: Floats, chance: float) -> Floats:
    """(k,) the root of the deviance of `on` of `near` from a share: standard deviations, also of few and of none."""
    share = on / np.maximum(near, 1)
    likely = min(max(chance, 1e-9), 1 - 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(on > 0, on * np.log(share / likely), 0.0)
        misses = np.where(near > on, (near - on) * np.log((1 - share) / (1 - likely)), 0.0)
    return np.asarray(np.sqrt(np.maximum(2 * (hits + misses), 0.0)), np.float64)
