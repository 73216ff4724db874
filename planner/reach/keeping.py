"""Where a reach is kept: in memory, on disk where memory would not hold it, and in a cache between runs."""

import hashlib
import logging
import mmap
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from planner.demand import Demand
from planner.errors import OutputError, QuestionError
from planner.facilities import Facilities
from planner.network import Floats
from planner.reach.columns import Columns
from planner.reach.graph import Positions
from planner.walkers import Profile

log = logging.getLogger(__name__)

PAIR_BYTES = 12  # a place and its metres or seconds
MEMORY_SHARE = 0.5  # of the memory that is free: what is larger goes to disk
MARGIN = 1.2  # by which an estimate may be wrong before a disk is too small
UNKNOWN_MEMORY = 4 << 30  # bytes taken to be free where the system does not say
FORMAT = "1"  # of the cache: another wherever the same question gets another answer
PARTS: dict[str, np.dtype[Any]] = {"place": np.dtype(np.int32), "away": np.dtype(np.float64)}
SLICES: dict[str, np.dtype[Any]] = {"start": np.dtype(np.int64), "stop": np.dtype(np.int64)}
SUMS = "sums.npy"  # checksums of the four, as they were written


def free_memory() -> int:
    """Bytes of memory that this process may still take, as far as the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        limit, used = (Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory.current"))
        if limit.is_file() and (most := limit.read_text("ascii").strip()).isdigit():
            free = min(free, int(most) - int(used.read_text("ascii")))
    except (OSError, ValueError, StopIteration):
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        except (AttributeError, OSError, ValueError):
            return UNKNOWN_MEMORY
    return max(0, free)


def room(pairs: int) -> tuple[Positions, Floats]:
    """Empty arrays for so many pairs, of which only what is written takes memory."""
    memory = mmap.mmap(-1, max(1, pairs) * PAIR_BYTES)
    away = np.frombuffer(memory, np.float64, pairs)
    return np.frombuffer(memory, np.int32, pairs, offset=away.nbytes), away


class Store:
    """Keeps the chunks of one reach: as they are, or in one nameless file that is gone when nobody holds them."""

    def __init__(self, pairs: int, store_dir: str | Path | None = None) -> None:
        need, free = pairs * PAIR_BYTES, free_memory()
        self.file: Any = None
        if need <= MEMORY_SHARE * free:
            return
        self.folder, self.lock = Path(store_dir or tempfile.gettempdir()), threading.Lock()
        _check_room(int(need * MARGIN), self.folder, f"about {pairs:,} pairs need")
        try:
            self.file = tempfile.TemporaryFile(prefix="planner-reach-", dir=self.folder)  # noqa: SIM115  (closed when mapped)
        except OSError as fault:
            raise self._unwritable(fault) from fault
        log.info("the reach goes to %s: some %.1f GiB, of memory %.1f are free", self.folder, _gib(need), _gib(free))

    def put(self, place: Positions, away: Floats) -> Any:
        """A chunk to be kept; what `chunks` later makes arrays of."""
        if self.file is None or not len(place):
            return place, away
        with self.lock:
            _check_room(len(place) * PAIR_BYTES, self.folder, "its next part needs")
            at = self.file.tell()
            try:
                self.file.write(away.data)
                self.file.write(place.data)
                self.file.write(bytes(-len(place) * PAIR_BYTES % away.itemsize))
            except OSError as fault:
                raise self._unwritable(fault) from fault
            return at, len(place)

    def chunks(self, kept: Iterable[Any]) -> tuple[tuple[Positions, Floats], ...]:
        """The places and distances of all chunks, as they are from now on."""
        chunks = list(kept)
        if self.file is None or not self.file.tell():
            return tuple(chunks)
        self.file.flush()
        memory = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        self.file.close()
        return tuple(
            chunk
            if isinstance(chunk[0], np.ndarray)
            else (
                np.frombuffer(memory, np.int32, chunk[1], offset=chunk[0] + 8 * chunk[1]),
                np.frombuffer(memory, np.float64, chunk[1], offset=chunk[0]),
            )
            for chunk in chunks
        )

    def _unwritable(self, fault: OSError) -> OutputError:
        return OutputError(f"{self.folder} cannot be written: {fault.strerror}. Name another store_dir.")


def _check_room(need: int, where: Path, what: str) -> None:
    try:
        free = shutil.disk_usage(where).free
    except OSError as fault:
        raise OutputError(f"{where} cannot hold a reach: {fault.strerror}. Name another store_dir.") from fault
    if need > free:
        raise QuestionError(
            f"The reach fits neither in memory nor on disk: {what} {_gib(need):,.1f} GiB, more than half of the free "
            f"memory, and {where} has {_gib(free):,.1f} GiB. Lower the limit, take fewer sites, or name a larger "
            "store_dir."
        )


def _gib(size: float) -> float:
    return size / 2**30


@dataclass(frozen=True)
class Cache:
    """A reach measured before, in a folder named by the digest of all that it depends on."""

    folder: Path
    digest: str

    @classmethod
    def of(
        cls, cache_dir: str | Path, demand: Demand, facilities: Facilities, limit: float, profile: Profile | None
    ) -> "Cache":
        """Where the reach of this question is kept, or will be."""
        door, gate = demand.door, facilities.door
        assert door is not None  # noqa: S101  (both have been snapped, or there is no question)
        assert gate is not None  # noqa: S101
        network = door.network
        digest = hashlib.sha256(repr((FORMAT, float(limit), profile)).encode())
        heights = np.empty(0) if profile is None or network.height_m is None else network.height_m
        ways = () if profile is None or network.ways is None else (network.ways.traits, network.ways.crossed)
        positions = [getattr(snap, part) for snap in (door, gate) for part in ("edge", "offset_m", "access_m")]
        ids = [np.asarray(each, np.str_) for each in (demand.ids, facilities.ids)]
        walls = np.empty(0) if network.passage is None else network.passage
        streets = (network.ends, network.length_m, walls, heights, *ways)
        for array in (*streets, *positions, facilities.gate_facility, *ids):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return cls(Path(cache_dir).expanduser() / "reach", digest.hexdigest()[:32])

    def read(self, m: int, n: int) -> Columns | None:
        """The columns kept there, or None where there are none that are whole."""
        kept: list[Any] = []
        try:
            for part, dtype in (PARTS | SLICES).items():
                array = np.load(self.folder / self.digest / f"{part}.npy", mmap_mode="r", allow_pickle=False)
                if array.dtype != dtype or array.ndim != 1:
                    return None
                kept.append(array)
            sums = np.load(self.folder / self.digest / SUMS, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if sums.tolist() != [crc32(array) for array in kept]:
            return None
        place, away, start, stop = kept
        if not len(start) == len(stop) == m or (len(place) and place.max() >= n):
            return None
        return Columns(((place, away),), np.zeros(m, np.int32), np.asarray(start), np.asarray(stop))

    def write(self, columns: Columns) -> None:
        """Keep columns: written beside, then renamed, so that nobody ever reads half of them."""
        before = np.concatenate([[0], np.cumsum([len(place) for place, _ in columns.chunks])]).astype(np.int64)
        start = columns.start + before[columns.chunk]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.folder))
            for number, (part, dtype) in enumerate(PARTS.items()):
                file = beside / f"{part}.npy"
                np.save(file, np.empty(0, dtype))
                if before[-1]:
                    whole: Any = np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=(int(before[-1]),))
                    for at, chunk in zip(before, columns.chunks, strict=False):
                        whole[at : at + len(chunk[number])] = chunk[number]
                    whole.flush()
            np.save(beside / "start.npy", start)
            np.save(beside / "stop.npy", start + (columns.stop - columns.start))
            written = [np.load(beside / f"{part}.npy", mmap_mode="r") for part in PARTS | SLICES]
            np.save(beside / SUMS, np.array([crc32(array) for array in written], np.uint32))
            del written
            shutil.rmtree(self.folder / self.digest, ignore_errors=True)  # damaged, or of a process that was first
            try:
                beside.rename(self.folder / self.digest)
            except OSError:  # another process was between
                shutil.rmtree(beside, ignore_errors=True)
        except OSError as fault:
            raise OutputError(f"{self.folder} cannot be written: {fault.strerror}. Name another cache_dir.") from fault
