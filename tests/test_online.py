"""A place by its name, from a server on this machine that replays recorded answers. Never the internet."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import osmnx
import pytest
import shapely

from planner.errors import FetchError, OutputError
from planner.sources.online import fetch_place
from planner.sources.walkable import walk_network
from tests.commands import planner

RECORDED = {file.stem: file.read_bytes() for file in (Path(__file__).parent / "recorded").glob("*.json")}


class Replay(BaseHTTPRequestHandler):
    """Nominatim and Overpass as one server; `broken` maps a kind of question to a status and an answer."""

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        known = query.get("q") == ["Drawn Town, Henan"] and query.get("polygon_geojson") == ["1"]
        self.reply("place", RECORDED["nominatim-drawn-town"] if known else b"[]")

    def do_POST(self):
        (query,) = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"]
        if 'way["highway"]' in query:
            self.reply("streets", RECORDED["overpass-streets"])
        else:
            assert "'leisure'" in query
            assert "'boundary'='administrative'" in query
            self.reply("features", RECORDED["overpass-features"])

    def reply(self, kind, body):
        self.server.asked.append(kind)
        status, body = self.server.broken.get(kind, (200, body))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(**broken):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    server.broken, server.asked = broken, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def fetch(port, cache, place="Drawn Town, Henan"):
    url = f"http://127.0.0.1:{port}"
    return fetch_place(place, cache_dir=cache, overpass_url=url, nominatim_url=url)


def refusal(cache, asked_for="Drawn Town, Henan", **broken):
    with serving(**broken) as server, pytest.raises(FetchError) as refused:
        fetch(server.server_port, cache, asked_for)
    assert "download an extract (.osm.pbf)" in str(refused.value)
    return str(refused.value)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """What the first call gives, the folder that it keeps it in, the port that is dead now, and what was asked."""
    cache = tmp_path_factory.mktemp("cache") / "new"
    settings = dict(vars(osmnx.settings))
    resolve = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setenv("NO_PROXY", "127.0.0.1")
        extract = fetch(server.server_port, cache)
    assert vars(osmnx.settings) == settings
    assert socket.getaddrinfo is resolve
    return extract, cache, server.server_port, server.asked


def test_a_place_comes_with_its_streets_features_and_boundary(fetched):
    extract, _, _, asked = fetched
    assert asked == ["place", "streets", "features"]
    assert extract.source == "Drawn Town, Henan"
    assert extract.data_date == "2024-03-02"
    assert [(way.id, way.nodes, way.tags["highway"]) for way in extract.ways] == [
        (20, (1, 2, 3), "residential"),
        (21, (3, 4), "footway"),
        (22, (1, 4), "construction"),
    ]
    assert extract.features.osm_id.tolist() == ["node/18", "way/31", "way/32", "relation/40"]
    park = extract.features.iloc[3]
    assert park.tags == {"leisure": "park", "name": "Riverside Park"}
    assert len(park.geometry.interiors) == 1
    assert extract.study_area.equals(shapely.box(114.6, 33.6, 114.61, 33.61))
    assert not extract.synthetic


def test_its_walking_network_counts_the_study_area_only(fetched):
    net = walk_network(fetched[0])
    assert net.summary["ways_walkable"] == 2
    assert net.inside.all()
    assert net.summary["street_km"] == pytest.approx(8 * 0.0928 + 8 * 0.1109, abs=0.01)


def test_the_second_call_needs_no_server_and_gives_the_same(fetched):
    extract, cache, dead_port, _ = fetched
    again = fetch(dead_port, cache)
    assert again.digest == extract.digest
    assert again.ways == extract.ways
    assert again.study_area == extract.study_area
    assert sorted(file.suffix for file in cache.iterdir()) == [".geojson", ".pbf"]


def test_the_same_answers_make_the_same_bytes(fetched, tmp_path):
    with serving() as server:
        assert fetch(server.server_port, tmp_path).digest == fetched[0].digest


def test_with_the_server_gone_a_new_place_is_refused_with_the_offline_way(fetched, tmp_path):
    with pytest.raises(FetchError, match=r"(?s)'Elsewhere' could not be downloaded from http://127.*\.osm\.pbf"):
        fetch(fetched[2], tmp_path, "Elsewhere")


def test_a_place_that_nobody_knows_is_refused(tmp_path):
    assert "0 results for query 'Atlantis'" in refusal(tmp_path, "Atlantis")


def test_a_place_that_is_a_point_is_refused(tmp_path):
    (point,) = json.loads(RECORDED["nominatim-drawn-town"])
    point["geojson"] = {"type": "Point", "coordinates": [114.605, 33.605]}
    assert "(Multi)Polygon" in refusal(tmp_path, place=(200, json.dumps([point]).encode()))


def test_a_server_that_breaks_off_halfway_is_not_taken_for_the_city_and_the_next_attempt_goes_on(tmp_path):
    half = json.dumps({"elements": [{"type": "node", "id": 1, "lat": 33.6, "lon": 114.6}], "remark": "out of memory"})
    with serving(features=(200, half.encode())) as server:
        with pytest.raises(FetchError, match="broke off after 1 elements: out of memory"):
            fetch(server.server_port, tmp_path)
        assert not list(tmp_path.glob("*.osm.pbf"))
        server.broken.clear()
        assert len(fetch(server.server_port, tmp_path).features) == 4
    assert server.asked == ["place", "streets", "features", "features"]


def test_a_server_that_refuses_is_named_with_its_status(tmp_path):
    assert "400" in refusal(tmp_path, streets=(400, b"<html>your query is bad</html>"))


def test_a_place_without_anything_in_it_is_refused(tmp_path):
    empty = (200, b'{"elements": []}')
    assert "2 answers of the server hold 0 elements" in refusal(tmp_path, streets=empty, features=empty)


def test_a_cache_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot be made: .* Name a cache_dir"):
        fetch(1, tmp_path / "file" / "cache")


def test_a_place_that_was_fetched_runs_without_a_network(tmp_path):
    homes = "id,lon,lat,people\na,114.602,33.6002,100\nb,114.607,33.6002,50\n"
    (tmp_path / "homes.csv").write_text(homes, "utf-8")
    (tmp_path / "town.yaml").write_text(
        "city: {place: 'Drawn Town, Henan', island_m: 0}\n"
        "demand:\n"
        "  layer: {file: homes.csv, lon: lon, lat: lat, crs: EPSG:4326, people: people, base: residents}\n",
        "utf-8",
    )
    here = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    with serving() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        fetched = planner("fetch", "Drawn Town, Henan", "--overpass-url", url, "--nominatim-url", url, **here)
    assert fetched.returncode == 0, fetched.stderr
    assert "3 streets" in fetched.stdout
    done = planner("run", tmp_path / "town.yaml", "--out", tmp_path / "out", **here)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert (record["city"], record["data_date"]) == ("Drawn Town, Henan", "2024-03-02")
