"""OpenStreetMap by the name of a place, downloaded once into a folder as an extract."""

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import osmium
import shapely
from pyproj import Transformer

from planner.errors import FetchError, OutputError
from planner.network import metric_crs
from planner.sources.osm import FEATURE_KEYS, Extract, read_extract

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "facility-planner"
RING_M = 1500.0  # streets and services beyond the boundary that people within it walk to
WAITS = frozenset({429, 504})  # busy: osmnx waits and asks again
OFFLINE = (
    "Check the spelling and the connection, or name another server with overpass_url; offline, download an extract "
    "(.osm.pbf) of the region elsewhere, for example from Geofabrik, and give its path instead of the place."
)

# What is asked of the server: each key of FEATURE_KEYS with every value, but for two that would bring
# whole countries or single trees.
ASKED: dict[str, bool | str | list[str]] = {
    **dict.fromkeys(FEATURE_KEYS, True),
    "boundary": ["administrative"],
    "natural": ["water", "coastline", "wood", "scrub", "grassland", "heath", "wetland", "beach", "sand", "bare_rock"],
}


def fetch_place(
    place: str, *, cache_dir: str | Path = CACHE, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Extract:
    """The streets and features of a place and of 1 500 m around it; `study_area` is the place itself.

    The first call downloads and keeps the answer in `cache_dir` as an extract with its boundary beside
    it; later calls for the same place read that, whichever server is named, and need no network. Remove
    the two files to download anew. The servers are OpenStreetMap's public ones unless named.
    """
    asked = json.dumps([place, ASKED, RING_M], sort_keys=True)
    name = hashlib.sha256(asked.encode()).hexdigest()[:16]
    answers_dir = Path(cache_dir).expanduser() / name
    extract_path, boundary_path = answers_dir.with_suffix(".osm.pbf"), answers_dir.with_suffix(".geojson")
    if not (extract_path.is_file() and boundary_path.is_file()):
        try:
            answers_dir.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise OutputError(
                f"{answers_dir} cannot be made: {fault.strerror}. Name a cache_dir to write to."
            ) from fault
        try:
            boundary, answers = _download(place, answers_dir, overpass_url, nominatim_url)
        except (OSError, ValueError, TypeError, KeyError) as fault:  # whatever osmnx and requests make of it
            servers = f"{nominatim_url or 'the public Nominatim'} and {overpass_url or 'the public Overpass'}"
            why = str(fault).rstrip(".")
            raise FetchError(f"{place!r} could not be downloaded from {servers}: {why}. {OFFLINE}") from fault
        if not any(answer["elements"] for answer in answers):
            raise FetchError(f"{place!r}: {len(answers)} answers of the server hold 0 elements. {OFFLINE}")
        _write_extract(extract_path, answers)
        boundary_path.write_text(shapely.to_geojson(boundary), encoding="utf-8")
        shutil.rmtree(answers_dir)
    study_area = shapely.from_geojson(boundary_path.read_text(encoding="utf-8"))
    return replace(read_extract(extract_path), source=place, study_area=study_area)


def _download(
    place: str, answers_dir: Path, overpass_url: str | None, nominatim_url: str | None
) -> tuple[shapely.Geometry, list[dict[str, Any]]]:
    """The boundary of the place, and the server's answers, which osmnx keeps as files.

    An attempt that broke off goes on where it stopped: what was answered is not asked again.
    """
    import osmnx  # noqa: PLC0415  (two seconds that nobody offline should wait)
    from osmnx._errors import CacheOnlyInterruptError  # noqa: PLC0415  (how osmnx says that the answers are kept)

    wanted: dict[str, Any] = {
        "use_cache": True,
        "cache_folder": answers_dir,
        "cache_only_mode": True,
        "doh_url_template": None,  # asked only when offline, and then for minutes
        "requests_kwargs": {"hooks": {"response": _refuse_half_answers}},
    }
    if overpass_url:
        wanted |= {"overpass_url": overpass_url, "overpass_rate_limit": False}  # one's own server has no slots
    if nominatim_url:
        wanted |= {"nominatim_url": nominatim_url}
    with _settings(osmnx.settings, wanted):
        boundary = osmnx.geocode_to_gdf(place).geometry.iloc[0]
        around = _buffered(boundary)
        with suppress(CacheOnlyInterruptError):
            osmnx.graph_from_polygon(around, retain_all=True, simplify=False, custom_filter='["highway"]')
        with suppress(CacheOnlyInterruptError):
            osmnx.features_from_polygon(around, ASKED)
    answers = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(answers_dir.glob("*.json"))]
    return boundary, [answer for answer in answers if isinstance(answer, dict) and "elements" in answer]


def _refuse_half_answers(response: Any, *_: Any, **__: Any) -> None:
    """A server that runs out of time or memory answers with what it has; osmnx would take that for the city."""
    if response.status_code in WAITS:
        return
    if not response.ok:
        response.close()
        response.raise_for_status()
    if response.headers.get("Content-Type", "").startswith("application/json"):
        answer = response.json()
        if isinstance(answer, dict) and "remark" in answer:
            raise ValueError(
                f"the server broke off after {len(answer.get('elements', ()))} elements: {answer['remark']}."
            )


@contextmanager
def _settings(settings: Any, wanted: dict[str, Any]) -> Iterator[None]:
    """The settings of osmnx and its hold on name resolution, both global, for as long as needed."""
    before = {name: getattr(settings, name) for name in wanted}
    resolve = socket.getaddrinfo
    for name, value in wanted.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = resolve


def _buffered(boundary: shapely.Geometry) -> shapely.Geometry:
    """The boundary and the ring around it, simplified to some metres so that the question stays short."""
    crs = metric_crs(boundary.centroid.x, boundary.centroid.y)
    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    metric = shapely.transform(boundary, there.transform, interleaved=False)
    ring = shapely.simplify(shapely.buffer(metric, RING_M, quad_segs=4), 10.0)
    return shapely.transform(ring, back.transform, interleaved=False)


def _write_extract(path: Path, answers: list[dict[str, Any]]) -> None:
    """Overpass answers as one sorted extract; an element that several answers hold is written once."""
    elements: dict[tuple[str, int], dict[str, Any]] = {}
    for answer in answers:
        elements.update({(element["type"], element["id"]): element for element in answer["elements"]})
    dates = [answer.get("osm3s", {}).get("timestamp_osm_base", "") for answer in answers]
    header = osmium.io.Header()
    header.set("generator", "facility-planner")
    header.set("sorting", "Type_then_ID")
    if any(dates):
        header.set("osmosis_replication_timestamp", min(date for date in dates if date))
    partial = path.with_name(f"partial-{path.name}")
    with osmium.SimpleWriter(str(partial), header=header, overwrite=True) as writer:
        for _, element in sorted(elements.items(), key=lambda item: ("nwr".index(item[0][0][0]), item[0][1])):
            tags = element.get("tags", {})
            if element["type"] == "node":
                location = (element["lon"], element["lat"])
                writer.add_node(osmium.osm.mutable.Node(id=element["id"], location=location, tags=tags))
            elif element["type"] == "way":
                writer.add_way(osmium.osm.mutable.Way(id=element["id"], nodes=element["nodes"], tags=tags))
            else:
                members = [(m["type"][0], m["ref"], m["role"]) for m in element["members"]]
                writer.add_relation(osmium.osm.mutable.Relation(id=element["id"], members=members, tags=tags))
    partial.replace(path)  # a broken download leaves no half extract
