"""Watches the open folder: new images are found, and an image that changes while it is open is noticed."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot
from shiboken6 import delete

from app.workers.folder_scan import FolderScan
from app.workers.messages import Problem

QUIET_MS: Final = 700  # without changes, before anything is looked at: files arrive in crowds
WATCHED_FOLDERS: Final = 1000

Stamp = tuple[int, int] | None
"""Size and time of a file; None: it is not there."""


class FolderWatch(QObject):
    """Tells of new images, once each, and of changes of the one image it is told to mind. GUI thread."""

    found = Signal(list)  # keys of new images, in natural order
    image_changed = Signal(str, bool)  # key of the minded image; whether it is still there

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self._known: set[str] = set()
        self._minded: tuple[str, Stamp] | None = None
        self._new: list[str] = []
        self._number = 0
        self._watcher: QFileSystemWatcher | None = None  # while a folder is watched
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._look)
        self._scan = FolderScan(self)
        self._scan.found.connect(self._on_found)
        self._scan.finished.connect(self._on_finished)

    def start(self, folder: Path, keys: list[str]) -> None:
        """Watch a folder and the sub-folders of these images, which are known."""
        self.stop()
        self._folder, self._known = folder, set(keys)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._changed)
        self._watcher.fileChanged.connect(self._changed)
        self._watch_folders(keys)

    def mind(self, key: str | None) -> None:
        """Look after this image's file, or after none."""
        self._minded = None
        if self._watcher is None:
            return
        if self._watcher.files():
            self._watcher.removePaths(self._watcher.files())
        if key is None:
            return
        self._minded = key, self._stamp(key)
        self._watch_file(key)

    def stop(self) -> None:
        """Watch nothing."""
        self._timer.stop()
        if self._watcher is not None:  # ended here and now: it may not end in another thread
            self._watcher.directoryChanged.disconnect(self._changed)
            self._watcher.fileChanged.disconnect(self._changed)
            delete(self._watcher)
            self._watcher = None
        self._folder, self._minded = None, None
        self._number = -1
        self._new = []

    def shutdown(self) -> None:
        """Watch nothing and wait for the thread."""
        self.stop()
        self._scan.shutdown()

    @Slot(str)
    def _changed(self, _: str) -> None:
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        if self._folder is None:
            return
        self._look_at_minded()
        self._new = []
        self._number = self._scan.start(self._folder)

    def _look_at_minded(self) -> None:
        if self._minded is None:
            return
        key, before = self._minded
        now = self._stamp(key)
        self._watch_file(key)  # a file that was put in place of another is a new one
        if now != before:
            self._minded = key, now
            self.image_changed.emit(key, now is not None)

    @Slot(int, list)
    def _on_found(self, number: int, keys: list[str]) -> None:
        if number == self._number:
            self._new += [key for key in keys if key not in self._known]

    @Slot(int, object)
    def _on_finished(self, number: int, _: Problem | None) -> None:
        if number != self._number or not self._new:
            return
        new, self._new = self._new, []
        self._known.update(new)
        self._watch_folders(new)
        self.found.emit(new)

    def _watch_folders(self, keys: list[str]) -> None:
        if self._folder is None or self._watcher is None:
            return
        below: dict[str, None] = {}  # in the order of the images; as texts, since there may be 100,000
        for key in keys:
            if len(below) >= WATCHED_FOLDERS:
                break
            below[key.rpartition("/")[0]] = None
        folders = {str(self._folder), *(str(self._folder / one) for one in below)}
        new = folders.difference(self._watcher.directories())
        if new:
            self._watcher.addPaths(sorted(new))

    def _watch_file(self, key: str) -> None:
        if self._folder is None or self._watcher is None:
            return
        path = str(self._folder / key)
        if path not in self._watcher.files():
            self._watcher.addPath(path)

    def _stamp(self, key: str) -> Stamp:
        if self._folder is None:
            return None
        try:
            status = (self._folder / key).stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns
