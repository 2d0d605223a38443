"""Several sources over all pages that have labels: what is missing is detected, then all of them are judged.

Labels are read in the pauses of the GUI thread; predictions are read, decoded and judged in another thread.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, SignalInstance, Slot

from app.domain.compare import Shape, outside
from app.domain.compare_figures import JudgedFolder, JudgedPage, PagePair
from app.services.comparison import FAINT, Comparison, Reference, Source
from app.services.comparison_read import PageReader, missing_pages
from app.storage.errors import StorageError
from tcm_core.config.decode import DecodeSettings
from tcm_core.errors import TcmError

SLICE_S: Final = 0.008
POLL_MS: Final = 150
WAIT_MS: Final = 10_000
Phase = Literal["labels", "detect", "judge"]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is compared.

    Attributes:
        keys: the pages that may be looked at.
        sources: what is compared on them, with the settings that their maps are decoded by.
        numbers: of the panes that show the sources, from 1.
        against: what counts as right.
        protocol: a name in PROTOCOLS.
        detect: whether checkpoints look at pages that they have not looked at.
    """

    keys: Sequence[str]
    sources: tuple[Source, ...]
    numbers: tuple[int, ...]
    against: Reference
    protocol: str
    detect: bool = True

    @property
    def names(self) -> list[str]:
        """Of the panes, with their numbers, as the tables and the report have them."""
        return [f"{number} {source.name}" for number, source in zip(self.numbers, self.sources, strict=True)]


@dataclass(eq=False)
class RunResult:
    """What came out.

    Attributes:
        folders: of each source the pages that all sources have something on.
        hashes: of each source, as its sets are kept; empty for labels.
        settings: of each source, how its maps were decoded; None for labels.
        without: of each source, how many pages with labels it has not looked at.
        failed: why a page could not be looked at or judged, by key.
        foreign: pages whose labels lie outside of the image.
        mapless: sets without maps: what was found then counts.
        stopped: a person ended it before it was whole.
        seconds: that it took, all in all.
    """

    plan: Plan
    folders: tuple[JudgedFolder, ...] = ()
    hashes: tuple[str, ...] = ()
    settings: tuple[DecodeSettings | None, ...] = ()
    without: list[int] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    mapless: int = 0
    stopped: bool = False
    seconds: float = 0.0

    @property
    def pages(self) -> int:
        """How many pages are judged."""
        return len(self.folders[0].pages) if self.folders else 0


class ComparisonRun(QObject):
    """One run. What checkpoints found is kept as they go, so that another run goes on where one was ended.

    Attributes:
        advanced: the Phase, how much of it is done, and all of it.
        ready: a RunResult.
        failed: the reason in words; nothing more comes.
    """

    advanced = Signal(str, int, int)
    ready = Signal(object)
    failed = Signal(str)
    _missing = Signal(object)  # of each source the pages that it has not looked at, or the reason in words
    _judged = Signal(object)  # RunResult, or the reason in words
    _at = Signal(int, int)

    def __init__(self, comparison: Comparison, plan: Plan, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self._comparison = comparison
        self._started = time.monotonic()
        self._truth: dict[str, tuple[Shape, ...]] = {}
        self._drawn: dict[tuple[int, str], tuple[Shape, ...]] = {}  # of sources that are labels
        self._next = 0
        self._wanted = 0  # pages that checkpoints are asked to look at
        self._stopped = False  # a person ended the detection
        self._over = Event()  # nobody waits for the figures
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._labels_timer, self._detect_timer = QTimer(self), QTimer(self)
        self._labels_timer.timeout.connect(self._read_labels)
        self._detect_timer.setInterval(POLL_MS)
        self._detect_timer.timeout.connect(self._watch)
        queued = Qt.ConnectionType.QueuedConnection
        self._missing.connect(self._on_missing, queued)
        self._judged.connect(self._on_judged, queued)
        self._at.connect(self._on_at, queued)

    def start(self) -> None:
        """Begin; the signals come later."""
        self._labels_timer.start(0)

    def stop(self) -> None:
        """End the detection and judge what is there; before and after that, end everything."""
        if self._detect_timer.isActive():
            self._stopped = True
            for source in self.plan.sources:
                self._comparison.cancel(source)
            self._watch()
        else:
            self.give_up()
            self.failed.emit("Stopped")

    def give_up(self) -> None:
        """End everything and wait for the thread; nothing is told afterwards."""
        if self._detect_timer.isActive():
            for source in self.plan.sources:
                self._comparison.cancel(source)
        self._labels_timer.stop()
        self._detect_timer.stop()
        self._over.set()
        self._pool.waitForDone(WAIT_MS)

    # --- the labels ---

    @Slot()
    def _read_labels(self) -> None:
        end, keys = time.perf_counter() + SLICE_S, self.plan.keys
        try:
            while self._next < len(keys) and time.perf_counter() < end:
                self._read_label(keys[self._next])
                self._next += 1
        except StorageError as error:
            self._fail(str(error))
            return
        self.advanced.emit("labels", self._next, len(keys))
        if self._next < len(keys):
            return
        self._labels_timer.stop()
        if not self._truth:
            self._fail(
                "No image has labels to compare with. Import ground truth, or choose another reference."
            )
            return
        reader = self._reader()
        self._pool.start(lambda: self._in_thread(self._missing, lambda: missing_pages(reader, self._truth)))

    def _read_label(self, key: str) -> None:
        truth = self._comparison.reference(key, self.plan.against)
        if truth is None:
            return
        self._truth[key] = truth
        for index, source in enumerate(self.plan.sources):
            if source.kind != "checkpoint":
                shown = self._comparison.content(key, source)
                if shown is not None:
                    self._drawn[index, key] = shown.shapes

    # --- the detection ---

    @Slot(object)
    def _on_missing(self, missing: list[list[str]] | str) -> None:
        if self._over.is_set():
            return
        if isinstance(missing, str):
            self._fail(missing)
            return
        if self.plan.detect:
            asked = set()
            for source, keys in zip(self.plan.sources, missing, strict=True):
                if source.kind == "checkpoint" and source.file and keys and source.called not in asked:
                    asked.add(source.called)
                    self._wanted += len(keys)
                    self._comparison.ask_for(source, keys, again=True)
        if self._wanted:
            self._detect_timer.start()
            self.advanced.emit("detect", 0, self._wanted)
        else:
            self._judge()

    @Slot()
    def _watch(self) -> None:
        called = {source.called: source for source in self.plan.sources}
        left = sum(self._comparison.awaited(source) for source in called.values())
        self.advanced.emit("detect", max(self._wanted - left, 0), self._wanted)
        if left == 0:
            self._detect_timer.stop()
            self._judge()

    # --- the figures ---

    def _judge(self) -> None:
        reader = self._reader()
        result = RunResult(self.plan, stopped=self._stopped)
        for key in self._truth:
            for source in self.plan.sources:
                if why := self._comparison.why_not(key, source):
                    result.failed[key] = why
        self._pool.start(lambda: self._in_thread(self._judged, lambda: self._result(reader, result)))

    def _reader(self) -> PageReader:
        db, store = self._comparison.workspace.db, self._comparison.store
        hashes = [self._comparison.hash_of(source) for source in self.plan.sources]
        place = (Path(), Path()) if db is None else (db.path, db.folder)
        return PageReader(*place, store, store.in_memory(), self.plan.sources, hashes)

    def _result(self, reader: PageReader, result: RunResult) -> RunResult | None:
        """In the thread."""
        plan = self.plan
        result.folders = tuple(JudgedFolder(plan.protocol) for _ in plan.sources)
        result.without = [0] * len(plan.sources)
        with reader.reading():
            for at, (key, truth) in enumerate(self._truth.items()):
                if self._over.is_set():
                    return None
                self._at.emit(at, len(self._truth))
                self._add(reader, result, key, truth)
        result.hashes, result.settings = tuple(reader.hashes), tuple(reader.settings)
        result.seconds = time.monotonic() - self._started
        return result

    def _add(self, reader: PageReader, result: RunResult, key: str, truth: tuple[Shape, ...]) -> None:
        pairs: list[PagePair] = []
        for index, source in enumerate(self.plan.sources):
            if source.kind != "checkpoint":
                drawn = self._drawn.get((index, key))
                found = None if drawn is None else PagePair(truth, drawn)
            else:
                found, size = reader.pair(index, key, truth, FAINT)
                if found is not None and size is None:
                    result.mapless += 1
                if size is not None and outside(truth, size) and key not in result.foreign:
                    result.foreign.append(key)
            result.without[index] += found is None
            pairs += [] if found is None else [found]
        if len(pairs) < len(self.plan.sources):
            return
        pages = [JudgedPage(pair, self.plan.protocol) for pair in pairs]
        try:
            for page in pages:
                _ = page.sums  # all of them before one is added
        except TcmError as error:
            result.failed[key] = str(error)
            return
        for folder, page in zip(result.folders, pages, strict=True):
            folder.add(key, page)

    def _in_thread(self, told: SignalInstance, work: Callable[[], object]) -> None:
        """In the thread: what comes out is told, or the reason in words."""
        try:
            came = work()
        except TcmError as error:
            came = str(error)
        except Exception as error:  # noqa: BLE001 the edge of a thread: told in the window
            came = f"{type(error).__name__}: {error}"
        if came is not None:
            told.emit(came)

    @Slot(int, int)
    def _on_at(self, done: int, total: int) -> None:
        if not self._over.is_set():
            self.advanced.emit("judge", done, total)

    @Slot(object)
    def _on_judged(self, result: RunResult | str) -> None:
        if self._over.is_set():
            return
        self._over.set()
        if isinstance(result, str):
            self.failed.emit(result)
        else:
            self.ready.emit(result)

    def _fail(self, why: str) -> None:
        self._labels_timer.stop()
        self._detect_timer.stop()
        self._over.set()
        self.failed.emit(why)
