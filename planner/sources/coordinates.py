"""Which coordinates these really are: GCJ-02 and BD-09 in and out, and the reference system that fits the city.

GCJ-02 is what web maps in mainland China show (Amap, Tencent), BD-09 what Baidu makes of it. Neither was ever
published by its authors; the formulas here are the public reconstruction that all converters share. Beijing is moved
by some 550 m in GCJ-02 and by some 1.3 km in BD-09.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from planner.errors import QuestionError
from planner.network import Floats, Shapes

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")  # CGCS2000 is WGS84 to within half a metre
SHIFTED = {"gcj02": "GCJ-02", "bd09": "BD-09"}  # those that are not where they say

KRASSOVSKY_M, KRASSOVSKY_E2 = 6_378_245.0, 0.006_693_421_622_965_943  # the ellipsoid that GCJ-02 is shifted on
SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # outside, web maps show WGS84
BAIDU_LON, BAIDU_LAT = 0.0065, 0.006  # degrees
BAIDU_WAVE = np.pi * 3000 / 180  # radians a degree
EXACT = 1e-10  # degrees; a hundredth of a millimetre
MOST_STEPS = 30  # each step brings the inverse nearer by a factor of fifty

CITY_M = 100_000.0  # a layer this near to the middle of a city may be of it
WEB_MERCATOR = 3857
ZONE_M = 1_000_000.0  # a false easting that begins with its zone counts them in these


def to_gcj02(lonlat: Floats) -> Floats:
    """WGS84 degrees (n, 2) as GCJ-02 shows them; unchanged outside the box in which it shifts."""
    lonlat = np.asarray(lonlat, np.float64).reshape(-1, 2)
    lon, lat = lonlat.T
    x, y = lon - 105.0, lat - 35.0
    both = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += 2 / 3 * (both + _wave(x, (20, 1), (40, 3), (150, 12), (300, 30)))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += 2 / 3 * (both + _wave(y, (20, 1), (40, 3), (160, 12), (320, 30)))
    latitude = np.radians(lat)
    flat = 1 - KRASSOVSKY_E2 * np.sin(latitude) ** 2
    parallel_m = KRASSOVSKY_M / np.sqrt(flat) * np.cos(latitude)
    meridian_m = KRASSOVSKY_M * (1 - KRASSOVSKY_E2) / flat**1.5
    shift = np.degrees(np.column_stack([east / parallel_m, north / meridian_m]))
    west, south, east_of, north_of = SHIFTED_BOX
    inside = (lon >= west) & (lon <= east_of) & (lat >= south) & (lat <= north_of)
    return np.where(inside[:, None], lonlat + shift, lonlat)


def from_gcj02(lonlat: Floats) -> Floats:
    """GCJ-02 degrees (n, 2) as WGS84, to a hundredth of a millimetre, by iteration."""
    return _inverse(to_gcj02, lonlat)


def to_bd09(lonlat: Floats) -> Floats:
    """WGS84 degrees (n, 2) as BD-09 shows them."""
    return _baidu(to_gcj02(lonlat))


def from_bd09(lonlat: Floats) -> Floats:
    """BD-09 degrees (n, 2) as WGS84, to a hundredth of a millimetre, by iteration."""
    return from_gcj02(_inverse(_baidu, lonlat))


INTO: Mapping[str, Callable[[Floats], Floats]] = {"gcj02": to_gcj02, "bd09": to_bd09}
OUT_OF: Mapping[str, Callable[[Floats], Floats]] = {"gcj02": from_gcj02, "bd09": from_bd09}


@cache
def projection(given: CRS | int, wanted: CRS | int) -> Transformer:
    """From one system to another, longitude or easting first. To look it up takes longer than a town's projection."""
    return Transformer.from_crs(given, wanted, always_xy=True)


def in_degrees(xy: Floats, crs: CRS) -> Floats:
    """Positions (n, 2) of a metric system as WGS84 longitude and latitude."""
    lon, lat = projection(crs, 4326).transform(xy[:, 0], xy[:, 1])
    lonlat: Floats = np.column_stack([lon, lat])
    return lonlat


def unshifted(shapes: Shapes, datum: str) -> Shapes:
    """Shapes in degrees of one of DATUMS as WGS84."""
    if datum not in DATUMS:
        raise QuestionError(f"There is no datum {datum!r}. Declare one of {', '.join(DATUMS)}.")
    if datum not in SHIFTED:
        return shapes
    moved: Shapes = shapely.transform(np.asarray(shapes, object), OUT_OF[datum])
    return moved


def likely_crs(xy: Floats, near: tuple[float, float]) -> CRS | None:
    """The system in which points (n, 2) lie nearest to the city at `near` (lon, lat); None where none brings them near.

    Tried are degrees, Web Mercator, UTM, and CGCS2000 in 3-degree and 6-degree zones with and without the zone in the
    easting. Zones without it overlap: of those that bring the layer near the city, the one that centres it best.
    """
    east, north = np.median(np.asarray(xy, np.float64).reshape(-1, 2), axis=0)
    away = {code: _away_m(code, float(east), float(north), near) for code in _systems(near)}
    code = min(away, key=lambda each: away[each])
    return CRS.from_epsg(code) if away[code] <= CITY_M else None


def says_which(xy: Floats, near: tuple[float, float]) -> str:
    """What coordinates (n, 2) look like beside a city at `near`, and the remedy, in a sentence; "" where unknown."""
    east, north = np.median(np.asarray(xy, np.float64).reshape(-1, 2), axis=0)
    crs = likely_crs(xy, near)
    if crs is not None:
        why = _reason(crs, float(east))
        return f"The coordinates fit {crs.name}{why} beside the city: declare `crs: EPSG:{crs.to_epsg()}`."
    exchanged = likely_crs(np.asarray(xy, np.float64).reshape(-1, 2)[:, ::-1], near)
    if exchanged is not None:
        why = _reason(exchanged, float(north))
        return (
            f"With their axes exchanged the coordinates fit {exchanged.name}{why} beside the city: exchange the two, "
            f"and declare `crs: EPSG:{exchanged.to_epsg()}`."
        )
    return ""


def _wave(along: Floats, *terms: tuple[float, float]) -> Floats:
    """Σ amplitude sin(π along / period)."""
    waves: Floats = np.sum([amplitude * np.sin(np.pi * along / period) for amplitude, period in terms], axis=0)
    return waves


def _baidu(lonlat: Floats) -> Floats:
    """GCJ-02 degrees (n, 2) as BD-09."""
    x, y = np.asarray(lonlat, np.float64).reshape(-1, 2).T
    radius = np.hypot(x, y) + 2e-5 * np.sin(BAIDU_WAVE * y)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(BAIDU_WAVE * x)
    return np.column_stack([radius * np.cos(angle) + BAIDU_LON, radius * np.sin(angle) + BAIDU_LAT])


def _inverse(forward: Callable[[Floats], Floats], shown: Floats) -> Floats:
    """Where `forward` shows what is given. The shift hardly changes with the place, so stepping back converges."""
    shown = np.asarray(shown, np.float64).reshape(-1, 2)
    found = shown.copy()
    for _ in range(MOST_STEPS):
        miss = forward(found) - shown
        found -= miss
        if np.abs(miss).max(initial=0.0) < EXACT:
            break
    return found


def _systems(near: tuple[float, float]) -> list[int]:
    """EPSG codes to try for a city: the plainest first, as of equals the first is taken."""
    lon, lat = near
    three, six = round((lon - 75) / 3), int((lon - 72) // 6)
    systems = [4326]
    if 0 <= three <= 20 and 0 <= six <= 10:  # noqa: PLR2004  (the zones that CGCS2000 has)
        zones = [zone for zone in (three, three - 1, three + 1) if 0 <= zone <= 20]  # noqa: PLR2004
        systems += [4534 + zone for zone in zones] + [4513 + zone for zone in zones]
        systems += [4502 + six, 4491 + six]
    utm = min(int((lon + 180) // 6) + 1, 60)
    return [*systems, (32600 if lat >= 0 else 32700) + utm, WEB_MERCATOR]


def _away_m(code: int, east: float, north: float, near: tuple[float, float]) -> float:
    """Metres from the city to a position in the system; inf where it has no such position."""
    try:
        lon, lat = projection(code, 4326).transform(east, north, errcheck=True)
    except ProjError:
        return np.inf
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # noqa: PLR2004
        return np.inf
    return float(Geod(ellps="WGS84").inv(*near, lon, lat)[2])


def _reason(crs: CRS, east: float) -> str:
    """What gives a system away."""
    if crs.to_epsg() == WEB_MERCATOR:
        return ", in which a metre is no metre,"
    if crs.is_projected and east >= ZONE_M:
        return f", whose eastings begin with the zone {int(east // ZONE_M)},"
    return ""
