"""Where a reach is kept: no figure depends on it, nothing is left behind, and what is damaged is measured anew."""

import mmap
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from planner.errors import OutputError, QuestionError
from planner.reach import keeping, measure, measure_reach
from planner.standards import Profile
from tests.towns import random_town

_, HOMES, PARKS = random_town(5, homes=300, parks=90)
WALKER = Profile("adult", {"en": "adult"}, 1.2, "test", "A")


def same(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(one.rows, other.rows, strict=True))


@pytest.fixture
def little_memory(monkeypatch):
    """A machine whose memory holds no reach at all."""
    monkeypatch.setattr(keeping, "free_memory", lambda: 0)


def test_a_reach_on_disk_is_the_same_and_leaves_no_file(tmp_path, little_memory, monkeypatch):
    on_disk = measure_reach(HOMES, PARKS, limit_m=700, store_dir=tmp_path)
    assert isinstance(on_disk.columns.chunks[0][0].base, memoryview | mmap.mmap)
    assert not on_disk.columns.chunks[0][0].flags.writeable
    assert list(tmp_path.iterdir()) == [], "a file with a name would be left behind by a process that is killed"
    monkeypatch.undo()
    in_memory = measure_reach(HOMES, PARKS, limit_m=700)
    assert same(on_disk, in_memory)
    for reach, other in ((on_disk, in_memory), (on_disk.within(300), in_memory.within(300))):
        assert [a.tobytes() for a in reach.nearest()] == [a.tobytes() for a in other.nearest()]


def test_a_reach_that_no_disk_holds_is_refused_before_it_is_measured(tmp_path, little_memory, monkeypatch):
    monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(QuestionError, match=r"neither in memory nor on disk: about 27,000 pairs need .* fewer sites"):
        measure_reach(HOMES, PARKS, limit_m=700, store_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path, little_memory):
    with pytest.raises(OutputError, match=r"nowhere.*another store_dir"):
        measure_reach(HOMES, PARKS, limit_m=700, store_dir=tmp_path / "nowhere")


def test_the_estimate_is_near_the_truth(monkeypatch):
    monkeypatch.setattr(measure, "SURELY_SMALL", 0)
    monkeypatch.setattr(measure, "SAMPLE", 3)
    told = []  # at the logger itself: what the command line sets for all of planner must not matter
    monkeypatch.setattr(measure.log, "info", lambda _, *figures: told.append(figures[0]))
    pairs = measure_reach(HOMES, PARKS, limit_m=700).columns.pairs
    assert int(told[0].replace(",", "")) == pytest.approx(pairs, rel=0.3)


@pytest.fixture
def measured(monkeypatch):
    """How often a search is made."""
    calls = []
    search = measure.search
    monkeypatch.setattr(measure, "search", lambda *a, **k: calls.append(1) or search(*a, **k))
    return calls


def test_a_cached_reach_is_read_and_equals_a_fresh_one(tmp_path, measured):
    fresh = measure_reach(HOMES, PARKS, limit_m=700, cache_dir=tmp_path)
    again = measure_reach(HOMES, PARKS, limit_m=700, cache_dir=tmp_path)
    assert len(measured) == 1
    assert same(fresh, again)
    assert again.columns.pairs == fresh.columns.pairs > 1000
    assert again.within(300).nearest()[0].tobytes() == fresh.within(300).nearest()[0].tobytes()


def test_nothing_in_reach_is_cached_too(tmp_path, measured):
    for _ in range(2):
        assert measure_reach(HOMES, PARKS, limit_m=0, cache_dir=tmp_path).columns.pairs == 0
    assert len(measured) == 1


def test_whatever_the_answer_depends_on_is_measured_anew(tmp_path, measured):
    door = HOMES.door
    moved = replace(HOMES, door=replace(door, access_m=door.access_m + 1))
    questions = [
        (HOMES, PARKS, {"limit_m": 700}),
        (HOMES, PARKS, {"limit_m": 701}),
        (moved, PARKS, {"limit_m": 700}),
        (replace(HOMES, ids=np.char.add("a", HOMES.ids)), PARKS, {"limit_m": 700}),
        (HOMES, PARKS.kept(np.arange(90) > 0), {"limit_m": 700}),
        (HOMES, PARKS, {"limit_s": 700, "profile": WALKER}),
        (HOMES, PARKS, {"limit_s": 700, "profile": replace(WALKER, speed_m_s=1.0)}),
    ]
    for homes, parks, limit in questions:
        assert same(measure_reach(homes, parks, cache_dir=tmp_path, **limit), measure_reach(homes, parks, **limit))
    assert len(measured) == 2 * len(questions)


@pytest.mark.parametrize("part", ["place", "away", "start", "stop"])
@pytest.mark.parametrize("damage", ["missing", "cut", "noise", "another type", "another figure"])
def test_a_damaged_cache_is_measured_anew_and_mended(tmp_path, measured, part, damage):
    fresh = measure_reach(HOMES, PARKS, limit_m=700, cache_dir=tmp_path)
    (file,) = tmp_path.rglob(f"{part}.npy")
    data, array = file.read_bytes(), np.load(file)
    file.unlink()
    if damage == "cut":
        file.write_bytes(data[:-7])
    elif damage == "noise":
        file.write_bytes(b"no array at all")
    elif damage == "another type":
        np.save(file, array.astype(np.float32))
    elif damage == "another figure":
        array[0] += 1
        np.save(file, array)
    for _ in range(2):
        assert same(measure_reach(HOMES, PARKS, limit_m=700, cache_dir=tmp_path), fresh)
    assert len(measured) == 2


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "reach").write_text("a file where the folder should be", "utf-8")
    with pytest.raises(OutputError, match="another cache_dir"):
        measure_reach(HOMES, PARKS, limit_m=700, cache_dir=tmp_path)


PEAK = """
import resource
import numpy as np
from planner.reach import measure_reach
from tests.towns import demand, network, places
side = 120
node = np.arange(side * side).reshape(side, side)
xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * 50.0
pairs = [np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], 1), np.stack([node[:-1].ravel(), node[1:].ravel()], 1)]
town = network(xy, np.concatenate(pairs))
rng = np.random.default_rng(1)
homes = demand(rng.uniform(0, 50 * side - 50, (20_000, 2))).snapped(town, max_access_m=50)
sites = places([[spot] for spot in rng.uniform(0, 50 * side - 50, (3000, 2))]).snapped(town, max_access_m=50)
measure_reach(homes, sites.kept(np.arange(3000) < 200), limit_m=1500, threads=2)  # compiled, and once at full stretch
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
reach = measure_reach(homes, sites, limit_m=1500, threads=2)
print(reach.columns.pairs * 12, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is told in KiB on Linux only")
def test_measuring_takes_hardly_more_memory_than_the_answer():
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    answer, more = map(int, done.stdout.split())
    assert answer > 50e6
    assert more < 1.5 * answer
