"""The person's checkpoints as a whole: listed, renamed, tagged, checked, brought in, exported, deleted."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.checkpoint import CheckpointEntry, bad_name, refusal
from app.services.checkpoints import OWN_FOLDER, list_entries
from app.services.detection import DetectionService
from app.services.finetune import FinetuneService
from app.services.prediction_store import Traces
from app.services.workspace import Workspace
from app.storage.checkpoint_notes import CheckpointNote, CheckpointNotes
from app.storage.finetune_runs import runs_folder
from app.workers.background import BackgroundWork, OnStep, Stopped
from app.workers.messages import Problem, problem_of
from tcm_core.checkpoint_file import checkpoint_hash, file_sha256
from tcm_core.checkpoint_tensors import check_tensors
from tcm_core.errors import TcmError
from tcm_core.onnx_file import check_onnx, is_onnx

SOUND: Final = "Sound: every number is finite."
_LIST: Final = "list"
_HASH: Final = "hash"
_CHECK: Final = "check"


class Hashed(NamedTuple):
    """A checksum of a file as it was."""

    entry: CheckpointEntry
    sha256: str
    identity: str  # what detections are kept under


class Checked(NamedTuple):
    """What a look at all numbers of a file said."""

    entry: CheckpointEntry
    words: str
    sound: bool


class CheckpointShelf(QObject):
    """Everything that can be done with checkpoint files. For the GUI thread; what takes time is beside it.

    Attributes:
        listed: `entries` is new.
        noted: tags, a checksum or a check are new: the file.
        checked: a Checked.
        progress: what is under way ("check"), done, in all (-1: nobody knows).
        failed: a Problem.
        moved: old and new name of a file, as settings name it.
    """

    listed = Signal()
    noted = Signal(object)
    checked = Signal(object)
    progress = Signal(str, object, object)
    failed = Signal(object)
    moved = Signal(str, str)

    def __init__(
        self,
        data: Path,
        workspace: Workspace,
        detection: DetectionService,
        finetune: FinetuneService,
        parent: QObject | None = None,
    ) -> None:
        """`data`: the user's data folder."""
        super().__init__(parent)
        self.folder = data / OWN_FOLDER
        self.entries: list[CheckpointEntry] = []
        self.notes = CheckpointNotes(data)
        self._workspace, self._detection, self._finetune = workspace, detection, finetune
        self._chosen = ""
        self._again = False
        self._work = BackgroundWork("Other checkpoints are not affected. Try again.", self)
        self._work.ended.connect(self._ended)
        self._work.progress.connect(self.progress)

    # --- looking ---

    def look(self, chosen: str) -> None:
        """List anew; `listed` follows.

        Args:
            chosen: the checkpoint in use, as the settings name it.
        """
        self._chosen = chosen
        db = self._workspace.db
        runs = None if db is None else runs_folder(db.path)
        folder = self.folder
        begun = self._work.start(_LIST, lambda _: list_entries(folder, runs, chosen))
        self._again = not begun

    def entry(self, path: Path) -> CheckpointEntry | None:
        """What is listed for a file."""
        return next((entry for entry in self.entries if entry.path == path), None)

    def note(self, entry: CheckpointEntry) -> CheckpointNote:
        """Tags, origin, checksum and check of a file, as far as they are known."""
        return self.notes.of(entry.path, entry.size, entry.mtime_ns)

    def in_use(self, entry: CheckpointEntry) -> bool:
        """Whether detection uses this file."""
        return entry.value == self._chosen or entry.path == Path(self._chosen)

    def traces(self, entry: CheckpointEntry) -> Traces:
        """What would go with the checkpoint: nothing when another file is the same checkpoint.

        Raises:
            StorageError: the project cannot be read.
        """
        identity = self._own_identity(entry)
        return self._detection.store.traces(identity) if identity else Traces((), 0, 0)

    def _own_identity(self, entry: CheckpointEntry) -> str:
        """What its detections are kept under; "" where that is not known, or another file has the same."""
        identity = self.note(entry).identity
        others = (self.note(other).identity for other in self.entries if other.path != entry.path)
        return "" if identity in others else identity

    # --- changing ---

    def set_tags(self, entry: CheckpointEntry, tags: Sequence[str]) -> None:
        """Tag a file; in the person's own notes, not in the file."""
        self._put(entry, self.note(entry).model_copy(update={"tags": tuple(tags)}))

    def set_origin(self, path: Path, origin: str) -> None:
        """Note where a file came from."""
        stat = path.stat()
        note = self.notes.of(path, stat.st_size, stat.st_mtime_ns)
        self.notes.put(path, note.model_copy(update={"origin": origin}))

    def rename(self, entry: CheckpointEntry, name: str) -> Path:
        """Give a file of the person's own another name; card, tags and whoever refers to it follow.

        Raises:
            TcmError: it may not be renamed, the name cannot be used or is taken, or the disk refuses.
        """
        wrong = refusal(entry, "rename", in_use=self.in_use(entry)) or bad_name(name)
        if wrong:
            raise TcmError(wrong)
        new = entry.path.with_name(name + entry.path.suffix)
        try:
            if new == entry.path:
                return new
            _move(entry.path, new)
            card = entry.path.with_suffix(".md")
            if card.is_file():
                _move(card, new.with_suffix(".md"))
        except FileExistsError as error:
            raise TcmError(f"There is a checkpoint {name} already. Choose another name.") from error
        except OSError as error:
            raise TcmError(f"{entry.path}: cannot be renamed ({error.strerror or error}).") from error
        self.notes.move(entry.path, new)
        self._references(str(entry.path), str(new))
        self.moved.emit(str(entry.path), str(new))
        return new

    def delete(self, entry: CheckpointEntry) -> Traces:
        """Delete a file of the person's own, its card, and what it has left in the open project.

        Returns:
            What went with it.

        Raises:
            TcmError: it may not be deleted, or the disk or the project refuses.
        """
        wrong = refusal(entry, "delete", in_use=self.in_use(entry))
        if wrong:
            raise TcmError(wrong)
        identity = self._own_identity(entry)
        gone = self._detection.store.forget(identity) if identity else Traces((), 0, 0)
        try:
            entry.path.unlink(missing_ok=True)
            if not any(entry.path.with_suffix(other).is_file() for other in (".safetensors", ".onnx")):
                entry.path.with_suffix(".md").unlink(missing_ok=True)
        except OSError as error:
            raise TcmError(f"{entry.path}: cannot be deleted ({error.strerror or error}).") from error
        self.notes.drop(entry.path)
        self._pages_changed(gone.keys)
        return gone

    def check(self, entry: CheckpointEntry) -> None:
        """Look at every number of a file; `checked` follows."""

        def work(step: OnStep) -> Checked:
            words, sound = SOUND, True
            try:
                if is_onnx(entry.path):
                    check_onnx(entry.path)
                else:
                    check_tensors(entry.path, step)
                if entry.problem:
                    words, sound = entry.problem, False
            except TcmError as error:
                words, sound = str(error), False
            return Checked(entry, words, sound)

        self._work.start(_CHECK, work)

    def stop(self) -> None:
        """Give up a check and the checksums that are under way."""
        for name in (_CHECK, _HASH):
            self._work.stop(name)

    def shutdown(self) -> None:
        """Give up everything."""
        self._work.shutdown()

    # --- what comes back ---

    @Slot(str, object)
    def _ended(self, name: str, answer: object) -> None:
        if isinstance(answer, Stopped):
            return
        if isinstance(answer, Problem):
            self.failed.emit(answer)
        elif name == _LIST and isinstance(answer, list):
            self._take_list(answer)
        elif isinstance(answer, Checked):
            change = {"checked": answer.words}
            self._put(answer.entry, self.note(answer.entry).model_copy(update=change))
            self.checked.emit(answer)
        elif isinstance(answer, Hashed):
            change = {"sha256": answer.sha256, "identity": answer.identity}
            self._put(answer.entry, self.note(answer.entry).model_copy(update=change))
            self._hash_next()

    def _take_list(self, entries: list[CheckpointEntry]) -> None:
        self.entries = entries
        self.listed.emit()
        if self._again:
            self.look(self._chosen)
        else:
            self._hash_next()

    def _hash_next(self) -> None:
        """Make the checksum of the next file that has none; large files take seconds."""
        for entry in self.entries:
            if entry.size and not self.note(entry).sha256 and entry.path.is_file():
                self._work.start(_HASH, partial(_hashed, entry))
                return

    def _put(self, entry: CheckpointEntry, note: CheckpointNote) -> None:
        try:
            self.notes.put(entry.path, note)
        except TcmError as error:
            self.failed.emit(problem_of(error, what=str(error), where=str(self.notes.file), remedy=""))
        self.noted.emit(entry.path)

    def _references(self, old: str, new: str) -> None:
        """Runs of the open project that begin at a file begin at its new name."""
        for run in self._finetune.runs:
            if run.record.wish.start == old:
                run.change(wish=replace(run.record.wish, start=new))

    def _pages_changed(self, keys: Sequence[str]) -> None:
        """Let lists and the open page show what is left."""
        session = self._workspace.session
        self._workspace.read_counts(keys)
        if session is not None and session.key in keys:
            self._detection.page_detected.emit(session.key)


def _hashed(entry: CheckpointEntry, _: OnStep) -> Hashed:
    sha256 = file_sha256(entry.path)
    try:
        return Hashed(entry, sha256, checkpoint_hash(entry.path))
    except TcmError:  # it has detected nothing
        return Hashed(entry, sha256, sha256)


def _move(old: Path, new: Path) -> None:
    """Renames a file, never over another one.

    Raises:
        FileExistsError: there is one of the new name.
        OSError: the disk refuses.
    """
    if old.name.lower() == new.name.lower():  # other capitals: the same file where disks do not tell them
        old.rename(new)
        return
    try:
        os.link(old, new)  # fails where there is one, whoever else writes into the folder
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if new.exists():
            raise FileExistsError(new) from None
        old.rename(new)
        return
    old.unlink()
