"""What decode settings change on all pages: counted in a thread from kept maps, applied when it is wished."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, Qt, QThread, QThreadPool, QTimer, Signal, Slot

from app.domain.queue import alone
from app.services.decoding import Decoding, settings_from
from app.services.prediction_store import PredictionSet, maps_on_disk, row_of
from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.storage.kept_sets import KeptSet, read_sets
from app.storage.map_cache import MapCache
from app.storage.predictions import PredictionRow
from app.workers.messages import CheckpointReady, problem_of
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.decode import decode

SETTLE_MS: Final = 300
"""Counting begins when the sliders have stood still for so long."""
TELL_S: Final = 0.3
CHUNK: Final = 20
"""Pages whose new sets are written together."""


class Effect(NamedTuple):
    """What settings change on the pages, against what is kept of them.

    Attributes:
        pages: on which texts appear or vanish.
        appear: texts that are found now and were not.
        vanish: texts that were found and are not now.
        stale: pages that were decoded by other settings, whether or not that makes a difference.
        without_maps: pages of which no maps are kept, so that it is not known.
        over: all pages have been looked at.
    """

    pages: int = 0
    appear: int = 0
    vanish: int = 0
    stale: int = 0
    without_maps: int = 0
    over: bool = False


@dataclass(frozen=True)
class _Work:
    """One counting, or one applying, as the thread needs it.

    Attributes:
        own: the settings of pages that have their own.
    """

    number: int
    project: Path
    folder: Path
    checkpoint: CheckpointReady
    common: DecodeSettings
    own: Mapping[str, DecodeSettings]
    cache: MapCache

    def changed(self) -> Iterator[tuple[KeptSet, PredictionSet | None]]:
        """The sets that other settings made, and what they are now; None where no maps are kept.

        Raises:
            StorageError: the project cannot be read.
        """
        sha256 = self.checkpoint.sha256
        for kept in read_sets(self.project, sha256):
            settings = self.own.get(kept.key, self.common)
            if settings_from(kept.settings_json) == settings:
                continue
            maps = maps_on_disk(self.cache, self.folder / kept.key, sha256)
            if maps is None or maps.head != settings.head:
                yield kept, None
                continue
            found = decode(maps, settings)
            yield (
                kept,
                PredictionSet(kept.key, self.checkpoint.name, sha256, settings, found, maps, kept.seconds),
            )


class AllPages(QObject):
    """Counts and applies; neither touches labels. For the GUI thread, the work is done in another.

    A newer counting supersedes the one under way. Applying goes on to its end with the settings that it began
    with, or until the project is closed.

    Attributes:
        counted: an Effect, several times while it is counted.
        applied: the number of pages whose sets are those of the settings now.
        failed: a Problem: the project could not be read or written.
    """

    counted = Signal(object)
    applied = Signal(int)
    failed = Signal(object)
    _told = Signal(int, object)  # number, Effect
    _made = Signal(int, list)  # number, pairs of key and PredictionRow
    _ended = Signal(int, object)  # number, the exception or None

    def __init__(
        self, workspace: Workspace, cache: MapCache, decoding: Decoding, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._cache, self._decoding = workspace, cache, decoding
        self._checkpoint: CheckpointReady | None = None
        self._number = 0
        self._counting = 0  # the number that counts
        self._applying = 0
        self._written = 0
        self.effect = Effect(over=True)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.count)
        for signal, slot in (
            (self._told, self._on_told),
            (self._made, self._on_made),
            (self._ended, self._on_ended),
        ):
            signal.connect(slot, Qt.ConnectionType.QueuedConnection)
        decoding.settings_changed.connect(self.count_soon)
        workspace.closing.connect(self.forget)

    @property
    def applying(self) -> bool:
        """Whether pages are being written."""
        return self._applying > 0

    def use(self, checkpoint: CheckpointReady) -> None:
        """Whose sets are meant from now on."""
        self._checkpoint = checkpoint
        self.count_soon()

    @Slot()
    def count_soon(self) -> None:
        """Count when nothing has moved for a while; what is known by then is out of date."""
        self._counting = 0
        if self.effect != Effect(over=True):
            self.effect = Effect(over=True)
            self.counted.emit(self.effect)
        self._timer.start()

    @Slot()
    def count(self) -> None:
        """Count now; `counted` follows."""
        work = self._work()
        if work is None:
            return
        self._counting = work.number
        self._pool.start(lambda: self._guarded(work, lambda: self._count(work)))

    def apply(self) -> bool:
        """Put the sets of these settings in place of those of other settings; whether that began.

        Pages without kept maps stay as they are; `applied` follows.
        """
        work = self._work()
        if work is None or self.applying:
            return False
        self._applying, self._written = work.number, 0
        self._pool.start(lambda: self._guarded(work, lambda: self._apply(work)))
        return True

    @Slot()
    def forget(self) -> None:
        """Leave off; the project is closed."""
        self._timer.stop()
        self._counting = self._applying = 0
        self.effect = Effect(over=True)

    def shutdown(self) -> None:
        """Leave off and wait for the thread."""
        self.forget()
        self._pool.waitForDone()

    def _work(self) -> _Work | None:
        db, folder, common = self._workspace.db, self._workspace.folder, self._decoding.common
        if db is None or folder is None or common is None or self._checkpoint is None:
            return None
        self._number += 1
        own = {key: self._decoding.own_of(key) for key in self._decoding.pages_with_own}
        known = {key: settings for key, settings in own.items() if settings is not None}
        return _Work(self._number, db.path, folder, self._checkpoint, common, known, self._cache)

    # in the thread

    def _guarded(self, work: _Work, act: Callable[[], None]) -> None:
        failed: Exception | None = None
        try:
            act()
        except Exception as error:  # noqa: BLE001 the edge of a thread: reported
            failed = error
        self._ended.emit(work.number, failed)

    def _count(self, work: _Work) -> None:
        effect, told = Effect(), time.monotonic()
        for kept, found in work.changed():
            if work.number != self._counting:
                return
            effect = _with(effect, kept, found)
            if time.monotonic() - told > TELL_S:
                told = time.monotonic()
                self._told.emit(work.number, effect)
        self._told.emit(work.number, effect._replace(over=True))

    def _apply(self, work: _Work) -> None:
        rows: list[tuple[str, PredictionRow]] = []
        for kept, found in work.changed():
            if work.number != self._applying:
                return
            if found is not None:
                rows.append((kept.key, row_of(found, aside=False)))
            if len(rows) == CHUNK:
                self._made.emit(work.number, rows)
                rows = []
        self._made.emit(work.number, rows)

    # in the GUI thread

    @Slot(int, object)
    def _on_told(self, number: int, effect: Effect) -> None:
        if number == self._counting:
            self.effect = effect
            self.counted.emit(effect)

    @Slot(int, list)
    def _on_made(self, number: int, rows: list[tuple[str, PredictionRow]]) -> None:
        db = self._workspace.db
        if number != self._applying or db is None or not rows:
            return
        try:
            db.save_all_predictions(rows)
        except StorageError as error:
            self._applying = 0
            self._tell(error)
            return
        self._written += len(rows)
        for key, row in rows:
            self._workspace.note_detections(key, len(row.detections))

    @Slot(int, object)
    def _on_ended(self, number: int, error: Exception | None) -> None:
        if number not in (self._counting, self._applying):
            return
        if error is not None:
            self._tell(error)
        if number == self._applying:
            self._applying = 0
            self.applied.emit(self._written)
            self.count_soon()

    def _tell(self, error: Exception) -> None:
        remedy = "Your labels are not affected. Mend what the message names and try again."
        where = str(self._workspace.folder)
        self.failed.emit(problem_of(error, what=str(error), where=where, remedy=remedy))


def _with(effect: Effect, kept: KeptSet, found: PredictionSet | None) -> Effect:
    """The effect with one page more."""
    if found is None:
        return effect._replace(without_maps=effect.without_maps + 1)
    vanish, appear = alone(kept.detections, found.detections)
    return effect._replace(
        pages=effect.pages + bool(vanish or appear),
        appear=effect.appear + appear,
        vanish=effect.vanish + vanish,
        stale=effect.stale + 1,
    )
