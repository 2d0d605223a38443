"""Finds the labels of images that were moved or renamed: an image is the same when its content is."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.storage.images import ImageFacts, read_facts

AFTER_EDIT_MS: Final = 3000
HASHED_AT_ONCE: Final = 500  # images whose content is not known yet, after each scan


@dataclass
class Findings:
    """What a thread found out.

    Attributes:
        facts: of labelled images whose content was not known.
        moved: old and new key of images that were found again.
    """

    facts: dict[str, ImageFacts] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)


class Reattach(QObject):
    """Works after each scan of the folder, and a while after the first edit of an image. GUI thread."""

    found_again = Signal(list)  # new keys
    failed = Signal(object)  # StorageError
    _ended = Signal(int, object)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._edited: set[str] = set()
        self._known: set[str] = set()  # their content is known
        self._number = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_EDIT_MS)
        self._timer.timeout.connect(self._learn_edited)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        workspace.opened.connect(self._opened)
        workspace.closing.connect(self._closing)
        workspace.scan_finished.connect(self._scanned)

    def shutdown(self) -> None:
        """Give up what is under way and wait for the thread."""
        self._closing()
        self._pool.waitForDone()

    @Slot()
    def _opened(self) -> None:
        self._closing()
        session = self._workspace.session
        if session is not None:
            session.page_changed.connect(self._edited_page)

    @Slot()
    def _closing(self) -> None:
        self._number += 1
        self._timer.stop()
        self._edited, self._known = set(), set()

    @Slot(str)
    def _edited_page(self, key: str) -> None:
        if key not in self._known:
            self._edited.add(key)
            self._timer.start()

    @Slot(int)
    def _scanned(self, _: int) -> None:
        db = self._workspace.db
        if db is None or db.holder is not None:
            return
        try:
            labelled = db.images.labelled()
        except StorageError as error:
            self.failed.emit(error)
            return
        keys = set(self._workspace.keys)
        self._known.update(key for key, (_, digest) in labelled.items() if digest is not None)
        gone = {
            key: (size, digest)
            for key, (size, digest) in labelled.items()
            if key not in keys and size is not None and digest is not None
        }
        new = [key for key in self._workspace.keys if key not in labelled] if gone else []
        unknown = [key for key, (_, digest) in labelled.items() if digest is None and key in keys]
        self._start(gone, new, unknown[:HASHED_AT_ONCE])

    @Slot()
    def _learn_edited(self) -> None:
        edited, self._edited = self._edited - self._known, set()
        if self._workspace.db is not None and self._workspace.db.holder is None:
            self._start({}, [], sorted(edited))

    def _start(self, gone: Mapping[str, tuple[int, str]], new: Sequence[str], unknown: Sequence[str]) -> None:
        folder, number = self._workspace.folder, self._number
        if folder is None or not (gone or unknown):
            return

        def work() -> None:
            findings = look(folder, gone, new, unknown, lambda: number == self._number)
            self._ended.emit(number, findings)

        self._pool.start(work)

    @Slot(int, object)
    def _on_ended(self, number: int, findings: Findings) -> None:
        db = self._workspace.db
        if number != self._number or db is None:
            return
        try:
            if findings.facts:
                db.images.keep(findings.facts)
                self._known.update(findings.facts)
            moved = db.images.move(findings.moved) if findings.moved else []
        except StorageError as error:
            self.failed.emit(error)
            return
        if moved:
            self._workspace.read_again([key for pair in moved for key in pair])
            self.found_again.emit([new for _, new in moved])


def look(
    folder: Path,
    gone: Mapping[str, tuple[int, str]],
    new: Sequence[str],
    unknown: Sequence[str],
    still_wanted: Callable[[], bool],
) -> Findings:
    """Compare images by content; for threads.

    Args:
        folder: of the images.
        gone: size in bytes and SHA-256 of labelled images that are not in the folder any more.
        new: keys of images in the folder that have no labels.
        unknown: keys of labelled images in the folder whose content is to be learnt.
        still_wanted: asked before each image; nothing is found any more when it says no.
    """
    findings = Findings(moved=_matches(gone, _by_content(folder, gone, new, still_wanted)))
    for key in unknown:
        facts = read_facts(folder / key) if still_wanted() else None
        if facts is not None:
            findings.facts[key] = facts
    return findings if still_wanted() else Findings()


def _by_content(
    folder: Path, gone: Mapping[str, tuple[int, str]], new: Sequence[str], still_wanted: Callable[[], bool]
) -> dict[str, list[str]]:
    """SHA-256 -> keys of the new images that are as large as one that is gone."""
    sizes = {size for size, _ in gone.values()}
    found: dict[str, list[str]] = {}
    for key in new:
        if not still_wanted():
            break
        try:
            size = (folder / key).stat().st_size
        except OSError:
            continue
        facts = read_facts(folder / key) if size in sizes else None
        if facts is not None:
            found.setdefault(facts.sha256, []).append(key)
    return found


def _matches(gone: Mapping[str, tuple[int, str]], found: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Old and new key where there is one of each; of copies nobody knows which one is meant."""
    twins = Counter(digest for _, digest in gone.values())
    return [
        (key, found[digest][0])
        for key, (_, digest) in gone.items()
        if twins[digest] == 1 and len(found.get(digest, ())) == 1
    ]
