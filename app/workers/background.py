"""Work beside the window: pieces of it by name, each in a thread of its own, with progress and an end."""

import threading
import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.workers.messages import problem_of
from tcm_core.errors import TcmError

OnStep = Callable[[int, int | None], None]
"""Told (done, of so many; None: nobody knows) by the work; ends it by raising when nobody waits any more."""
Work = Callable[[OnStep], object]

_TELL_EVERY_S: Final = 0.1


class Stopped(Exception):
    """Nobody waits any more."""


class BackgroundWork(QObject):
    """Runs work in threads that end with the program. For the GUI thread.

    Attributes:
        progress: name, done, in all (-1: nobody knows).
        ended: name, and what the work gave, or a Problem, or Stopped.
    """

    progress = Signal(str, object, object)
    ended = Signal(str, object)
    _answered = Signal(str, object, object)  # name, its stop, what it gave

    def __init__(self, remedy: str, parent: QObject | None = None) -> None:
        """`remedy`: what a person can do when work fails in a way that nobody foresaw."""
        super().__init__(parent)
        self._remedy = remedy
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()  # held while something is told, so that nothing is told to the dead
        self._closed = False
        self._answered.connect(self._end, Qt.ConnectionType.QueuedConnection)

    def start(self, name: str, work: Work) -> bool:
        """Begin; whether it has begun: work of the same name may be under way."""
        if name in self._stops or self._closed:
            return False
        stop = self._stops[name] = threading.Event()
        threading.Thread(
            target=self._run, args=(name, work, stop), name=f"background {name}", daemon=True
        ).start()
        return True

    def is_running(self, name: str) -> bool:
        """Whether work of this name has begun and not ended."""
        return name in self._stops

    def stop(self, name: str) -> None:
        """Ask it to end at its next step; `ended` with Stopped follows at once."""
        stop = self._stops.pop(name, None)
        if stop is not None:
            stop.set()
            self.ended.emit(name, Stopped())

    def shutdown(self) -> None:
        """Ask all to end; nothing is told any more, and nobody waits for a network that does not answer."""
        with self._lock:
            self._closed = True
        for stop in self._stops.values():
            stop.set()
        self._stops.clear()

    def _run(self, name: str, work: Work, stop: threading.Event) -> None:
        """In the thread."""
        last = 0.0

        def step(done: int, total: int | None) -> None:
            nonlocal last
            if stop.is_set():
                raise Stopped
            now = time.monotonic()
            if now - last >= _TELL_EVERY_S or done == total:
                last = now
                self._tell(stop, lambda: self.progress.emit(name, done, -1 if total is None else total))

        try:
            answer = work(step)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
            known = isinstance(error, TcmError)
            what = str(error) if known else f"{type(error).__name__}: {error}"
            answer = problem_of(error, what=what, where="", remedy="" if known else self._remedy)
        self._tell(stop, lambda: self._answered.emit(name, stop, answer))

    def _tell(self, stop: threading.Event, tell: Callable[[], None]) -> None:
        with self._lock:
            if not self._closed and not stop.is_set():
                tell()

    @Slot(str, object, object)
    def _end(self, name: str, stop: threading.Event, answer: object) -> None:
        if self._stops.get(name) is stop:
            del self._stops[name]
            self.ended.emit(name, answer)
