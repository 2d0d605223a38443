"""Prediction sets: what a checkpoint found on a page, in memory, in the database and in the map cache."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final, NamedTuple

from pydantic import TypeAdapter, ValidationError
from PySide6.QtCore import QThreadPool

from app.domain.level_set import KeptMaps
from app.domain.queue import doubt_of
from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.storage.map_cache import MapCache, map_key
from app.storage.predictions import PredictionRow
from app.workers.messages import Problem, problem_of
from tcm_core.config.decode import DbDecode, DecodeSettings
from tcm_core.decode.decode import DECODERS, decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection

MEMORY_BYTES: Final = 512_000_000
WAITING_MAPS: Final = 128
"""Maps that may wait for the disk; beyond that they are kept in memory only."""

_SETTINGS: Final[TypeAdapter[DecodeSettings]] = TypeAdapter(DecodeSettings)


@dataclass(frozen=True, eq=False)
class PredictionSet:
    """What one checkpoint found on one page; a layer of its own that no edit changes.

    Attributes:
        settings: what the detections were decoded with.
        maps: what they can be decoded from again; None when they are not kept any more.
        seconds: that the detector spent on the page; 0 where it is not known.
    """

    key: str
    checkpoint_name: str
    checkpoint_hash: str
    settings: DecodeSettings
    detections: Sequence[Detection]
    maps: ImageMaps | None
    seconds: float = 0.0

    def decoded_with(self, settings: DecodeSettings) -> "PredictionSet":
        """This set under other settings; itself when nothing changes, or they cannot decode its maps."""
        if self.maps is None or settings == self.settings or settings.head != self.maps.head:
            return self
        return replace(
            self, settings=settings, detections=_kept(self.detections, decode(self.maps, settings))
        )


def _kept(before: Sequence[Detection], now: Sequence[Detection]) -> tuple[Detection, ...]:
    """The detections as they are now; one that was there before stays the same object.

    So it is not measured, matched or painted again because a setting moved that left it as it was.
    """
    known = {(one.kind, one.score, one.polygon.tobytes()): one for one in before}
    return tuple(known.get((one.kind, one.score, one.polygon.tobytes()), one) for one in now)


class Traces(NamedTuple):
    """What a checkpoint has left in a project.

    Attributes:
        keys: pages with predictions of it.
        maps: how many of their maps are kept on the disk.
        bytes: that these take.
    """

    keys: tuple[str, ...]
    maps: int
    bytes: int


class PredictionStore:
    """Keeps the sets of the open project. For the GUI thread; maps go to the disk in a thread.

    A page has a set of every checkpoint that looked at it. That of the checkpoint in use is the page's own.
    """

    def __init__(self, workspace: Workspace, map_cache: MapCache, memory_bytes: int = MEMORY_BYTES) -> None:
        self._workspace = workspace
        self._map_cache = map_cache
        self._limit = memory_bytes
        self._sets: OrderedDict[tuple[str, str], PredictionSet] = OrderedDict()  # by key, checkpoint's hash
        self._newest: dict[str, str] = {}  # key -> hash of the page's own set, where it is in memory
        self._in_use = ""
        self._bytes = 0
        self._writers = QThreadPool()
        self._writers.setMaxThreadCount(1)
        self._free_places = BoundedSemaphore(WAITING_MAPS)

    @property
    def memory_bytes(self) -> int:
        """Memory that the kept maps take."""
        return self._bytes

    def use(self, checkpoint_hash: str) -> None:
        """Whose sets are the pages' own from now on."""
        self._in_use = checkpoint_hash
        self._newest.clear()

    def put(self, found: PredictionSet) -> Problem | None:
        """Keep a new set; a problem when it could not be saved, and is in memory only."""
        self.remember(found)
        aside = found.checkpoint_hash != self._in_use
        if not aside:
            self._newest[found.key] = found.checkpoint_hash
        db = self._workspace.db
        if db is None:
            return None
        if found.maps is not None:
            self._write_maps(found)
        row = row_of(found, aside=aside)
        if db.holder is not None:
            return None  # the project is only looked at: they are kept in memory
        try:
            db.save_predictions(found.key, row)
        except StorageError as error:
            remedy = "Your labels are not affected. Mend what the message names and run detection again."
            return problem_of(error, what=str(error), where=found.key, remedy=remedy)
        return None

    def get(self, key: str) -> PredictionSet | None:
        """The page's own set, from memory or from the disk; None when the page was never done.

        It is that of the checkpoint in use, or else the newest of those that were.

        Raises:
            StorageError: the database cannot be read.
        """
        known = self._sets.get((key, self._newest.get(key, self._in_use)))
        if known is not None:
            self._sets.move_to_end((key, known.checkpoint_hash))
            return known
        db = self._workspace.db
        row = None
        if db is not None:
            row = db.load_predictions(key, self._in_use) or db.load_predictions(key)
        found = None if row is None else self._of_row(key, row)
        if found is not None:
            self._newest[key] = found.checkpoint_hash
        return found

    def sets(self, key: str) -> list[PredictionSet]:
        """What every checkpoint found on a page: that of the one in use first, then by name.

        Raises:
            StorageError: the database cannot be read.
        """
        db = self._workspace.db
        rows = [] if db is None else db.load_all_predictions(key)
        found = {one.checkpoint_hash: one for (of, _), one in self._sets.items() if of == key}
        for row in rows:
            if row.checkpoint_hash not in found:
                found[row.checkpoint_hash] = self._of_row(key, row)
        own = self._newest.get(key, self._in_use)
        return sorted(
            found.values(),
            key=lambda one: (one.checkpoint_hash != own, one.checkpoint_name, one.checkpoint_hash),
        )

    def second(self, key: str) -> PredictionSet | None:
        """What another checkpoint than the page's own found last; None when no other has looked at it.

        Raises:
            StorageError: the database cannot be read.
        """
        own, db = self.get(key), self._workspace.db
        if own is None or db is None:
            return None
        for row in db.load_all_predictions(key):
            if row.checkpoint_hash != own.checkpoint_hash:
                return self.set_by(key, row.checkpoint_hash)
        return None

    def set_by(self, key: str, checkpoint_hash: str) -> PredictionSet | None:
        """What one checkpoint found on a page; None when it has not looked at it.

        Raises:
            StorageError: the database cannot be read.
        """
        known = self._sets.get((key, checkpoint_hash))
        if known is not None:
            self._sets.move_to_end((key, checkpoint_hash))
            return known
        db = self._workspace.db
        row = None if db is None else db.load_predictions(key, checkpoint_hash)
        return None if row is None else self._of_row(key, row)

    def maps(self, key: str, checkpoint_hash: str) -> ImageMaps | None:
        """The maps of one checkpoint on a page; None when they are not kept any more, or never were.

        Raises:
            StorageError: the database cannot be read.
        """
        found = self.set_by(key, checkpoint_hash)
        return None if found is None else found.maps

    def in_memory(self) -> dict[tuple[str, str], PredictionSet]:
        """The sets that are in memory now, by key and checkpoint's hash, for another thread to look at."""
        return dict(self._sets)

    def _of_row(self, key: str, row: PredictionRow) -> PredictionSet:
        found = self.set_of_row(key, row)
        self.remember(found)
        return found

    def set_of_row(self, key: str, row: PredictionRow) -> PredictionSet:
        """The set that a row of the project file means, with its maps as far as they are kept; any thread."""
        maps = self._map_cache.get(self._map_key(key, row.checkpoint_hash))
        try:
            settings = _SETTINGS.validate_json(row.settings_json)
        except ValidationError:  # written by another version: what it found is still worth showing
            settings = DbDecode() if maps is None else DECODERS[maps.head].defaults
        return PredictionSet(
            key, row.checkpoint_name, row.checkpoint_hash, settings, tuple(row.detections), maps, row.seconds
        )

    def remember(self, found: PredictionSet) -> None:
        """Keep a set in memory only; the ones not used for longest make room."""
        place = (found.key, found.checkpoint_hash)
        old = self._sets.pop(place, None)
        self._sets[place] = found
        self._bytes += _size(found) - (0 if old is None else _size(old))
        while self._bytes > self._limit and len(self._sets) > 1:
            self._bytes -= _size(self._sets.popitem(last=False)[1])

    def traces(self, checkpoint_hash: str) -> Traces:
        """What a checkpoint has left in the open project, in whatever size it looked at pages.

        Raises:
            StorageError: the database cannot be read.
        """
        db = self._workspace.db
        found = [] if db is None else db.traces.found_on(checkpoint_hash)
        sizes = [self._map_cache.size_of(self._map_key(key, sha256)) for key, sha256 in found]
        keys = tuple(dict.fromkeys(key for key, _ in found))
        return Traces(keys, sum(size > 0 for size in sizes), sum(sizes))

    def forget(self, checkpoint_hash: str) -> Traces:
        """Take away what a checkpoint has left: predictions and kept maps; regions stay as they are.

        Raises:
            StorageError: the database cannot be changed; all is as it was.
        """
        gone, db = self.traces(checkpoint_hash), self._workspace.db
        if db is not None:
            found = db.traces.found_on(checkpoint_hash)
            db.traces.forget(checkpoint_hash)
            for key, sha256 in found:
                self._map_cache.remove(self._map_key(key, sha256))
        for place in [place for place in self._sets if place[1].startswith(checkpoint_hash)]:
            self._bytes -= _size(self._sets.pop(place))
        for key in [key for key, sha256 in self._newest.items() if sha256.startswith(checkpoint_hash)]:
            del self._newest[key]
        return gone

    def clear(self) -> None:
        """Forget what is in memory, as another project is opened."""
        self._sets.clear()
        self._newest.clear()
        self._bytes = 0

    def flush(self) -> None:
        """Wait until the maps are on the disk."""
        self._writers.waitForDone()

    def _write_maps(self, found: PredictionSet) -> None:
        if not self._free_places.acquire(blocking=False):
            return
        name, maps = self._map_key(found.key, found.checkpoint_hash), found.maps
        self._writers.start(lambda: self._write(name, maps))

    def _write(self, name: str, maps: ImageMaps | None) -> None:
        """In a thread. A disk that refuses is the cache's to note: it is only for speed."""
        try:
            if maps is not None:
                self._map_cache.put(name, maps)
        finally:
            self._free_places.release()

    def _map_key(self, key: str, checkpoint_hash: str) -> str:
        return _map_key(self._workspace.path_of(key), checkpoint_hash)


def maps_on_disk(map_cache: MapCache, image: Path, checkpoint_hash: str) -> ImageMaps | None:
    """The kept maps of an image as it is now; None when there are none. Any thread."""
    return map_cache.get(_map_key(image, checkpoint_hash))


def row_of(found: PredictionSet, *, aside: bool) -> PredictionRow:
    """A set as it is kept in the project; `aside`: it is of another checkpoint than the one in use."""
    return PredictionRow(
        found.checkpoint_hash,
        found.checkpoint_name,
        found.settings.model_dump_json(),
        tuple(found.detections),
        found.seconds,
        aside,
        _doubt_json(found),
    )


def _map_key(image: Path, checkpoint_hash: str) -> str:
    return map_key(_identity(image), checkpoint_hash)


def _doubt_json(found: PredictionSet) -> str | None:
    if found.maps is None:
        return None
    return json.dumps(doubt_of(KeptMaps(found.maps, found.settings))._asdict())


def _identity(path: Path) -> str:
    """Changes when the image does."""
    try:
        stat = path.stat()
    except OSError:
        return f"{path}\n?"
    return f"{path}\n{stat.st_size}\n{stat.st_mtime_ns}"


def _size(found: PredictionSet) -> int:
    if found.maps is None:
        return 0
    planes = sum(plane.nbytes for plane in found.maps.planes.values())
    return found.maps.language.nbytes + planes + sum(values.nbytes for values in found.maps.values.values())
