"""Checkpoints brought in and exported by processes of their own, so that the window stays quick and safe."""

import errno
import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.domain.checkpoint import CheckpointEntry, bad_name
from app.services.checkpoints import SUFFIXES
from app.workers.background import BackgroundWork, OnStep, Stopped
from app.workers.messages import Problem
from app.workers.tool_process import ToolProcess
from tcm_core.checkpoint_file import read_metadata
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.onnx_file import is_onnx

_LOOK_EVERY_MS: Final = 300
_LOOK: Final = "look"
_PIECE: Final = 1 << 22
STOPPED: Final = "Stopped; nothing was kept"
_NOT_EQUAL: Final = 1  # exit status of `tcm export --verify`


class Outcome(NamedTuple):
    """What came of an import or an export.

    Attributes:
        path: the new file; None: there is none.
        words: what to tell.
        problem: what to tell when it failed.
        origin: where the file is from, in words.
    """

    path: Path | None
    words: str
    problem: Problem | None = None
    origin: str = ""


class CheckpointTools(QObject):
    """One import or export at a time.

    Attributes:
        stage: what is being done now, in words.
        ended: an Outcome.
    """

    stage = Signal(str)
    ended = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        """`folder`: the person's own checkpoints."""
        super().__init__(parent)
        self._folder = folder
        self._process = ToolProcess(self)
        self._process.ended.connect(self._ended)
        self._work = BackgroundWork("Nothing was kept.", self)
        self._work.ended.connect(self._looked)
        self._file, self._name = Path(), ""
        self._finish: Callable[[int, str], Outcome] | None = None
        self._scrap: list[Path] = []
        self._stopped = False
        self._part: Path | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether an import or an export is under way."""
        return self._process.running or self._work.is_running(_LOOK)

    def free_name(self, wanted: str, suffixes: Sequence[str] = SUFFIXES) -> str:
        """A name that no file of the folder has yet, like the wanted one."""
        plain = "".join(one if one.isalnum() or one in "._-+()" else "-" for one in wanted).lstrip("-._+()")
        plain, number = plain[:60] or "checkpoint", 1
        name = plain
        while any((self._folder / f"{name}{one}").exists() for one in suffixes):
            number += 1
            name = f"{plain}-{number}"
        return name

    def bring_in(self, file: Path, name: str) -> None:
        """Put a file into the folder: ours as it is, others converted; `ended` follows.

        Args:
            file: a checkpoint of this program, of TCM or of mmocr.
            name: of the new file, without its ending.

        Raises:
            TcmError: the name cannot be used or is taken, or something is under way.
        """
        wrong = bad_name(name)
        if wrong:
            raise TcmError(wrong)
        self._check_free(name)
        part = self._new_part(self._folder / f"{name}{file.suffix.lower()}")
        self.stage.emit("Reading the file...")
        self._work.start(_LOOK, lambda step: _copied(file, part, step))
        self._file, self._name = file, name

    @Slot(str, object)
    def _looked(self, _: str, answer: object) -> None:
        """The file was looked at: it is ours and copied, or has to be converted."""
        file, name, part = self._file, self._name, self._part
        if isinstance(answer, Problem) or part is None:
            self._clear()
            what = answer.what if isinstance(answer, Problem) else ""
            self.ended.emit(_failed(what, str(file), ""))
        elif isinstance(answer, Stopped):
            self._clear()
            self.ended.emit(Outcome(None, STOPPED))
        elif answer is True:
            self._take_over(file, part, self._folder / f"{name}{part.suffix}")
        elif is_onnx(file):
            self._clear()
            what = f"{file}: an ONNX file of another program. Those of `tcm export` can be used."
            self.ended.emit(_failed(what, str(file), ""))
        else:
            self._convert(file, name)

    def _convert(self, file: Path, name: str) -> None:
        self._clear()
        target = self._folder / f"{name}.safetensors"
        part, report = self._new_part(target), target.with_name(f".{secrets.token_hex(8)}.json")
        self._scrap.append(report)
        self._finish = lambda status, said: self._converted(status, said, file, part, target, report)
        self.stage.emit("Reading and converting the file...")
        self._process.start(
            ["convert", "checkpoint", str(file), "--out", str(part), "--name", name, "--json", str(report)]
        )

    def export(self, entry: CheckpointEntry, target: Path, images: Sequence[Path]) -> None:
        """Write a checkpoint as an ONNX file and compare the two; `ended` follows.

        Args:
            entry: what to export.
            target: ends in .onnx; never one that is there.
            images: to compare them on; none: they are not compared.

        Raises:
            TcmError: the file is there already, or something is under way.
        """
        self._check_idle()
        if target.exists():
            raise TcmError(f"{target}: there is such a file already. Choose another name.")
        part = self._new_part(target)
        self._finish = lambda status, said: self._exported(status, said, part, target, bool(images))
        self.stage.emit("Exporting: the network is traced...")
        self._timer.start()
        verify = [word for image in images for word in ("--verify", str(image))]
        self._process.start(["export", str(entry.path), "--out", str(part), *verify])

    def stop(self) -> None:
        """Give up what is under way; nothing of it stays."""
        self._stopped = True
        self._process.stop()
        self._work.stop(_LOOK)

    def shutdown(self) -> None:
        """Give up, and wait for the process."""
        self._process.shutdown()
        self._work.shutdown()
        self._clear()

    def _check_idle(self) -> None:
        if self.running or self._finish is not None:
            raise TcmError("Another import or export is under way. Wait for it, or stop it.")

    def _check_free(self, name: str) -> None:
        self._check_idle()
        if any((self._folder / f"{name}{suffix}").exists() for suffix in SUFFIXES):
            raise TcmError(f"There is a checkpoint {name} already. Choose another name.")

    def _new_part(self, target: Path) -> Path:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TcmError(f"{target.parent}: cannot be made ({error.strerror or error}).") from error
        self._stopped = False
        self._part = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
        self._scrap.append(self._part)
        return self._part

    def _take_over(self, file: Path, part: Path, target: Path) -> None:
        """Give the copy its name, and its card's copy too."""
        try:
            if target.exists():
                raise FileExistsError(errno.EEXIST, "there is such a file already")
            part.rename(target)
            card = file.with_suffix(".md")
            if card.is_file() and not target.with_suffix(".md").exists():
                shutil.copyfile(card, target.with_suffix(".md"))
        except OSError as error:
            outcome = _failed(f"The file could not be kept: {error.strerror or error}.", str(target), "")
        else:
            words = f"{target.stem} is in your folder of checkpoints now"
            outcome = Outcome(target, words, origin=f"imported from {file}")
        finally:
            self._clear()
        self.ended.emit(outcome)

    @Slot()
    def _look(self) -> None:
        """Say when the file is there and is being compared."""
        if self._part is not None and self._part.exists():
            self._timer.stop()
            self.stage.emit("Comparing the exported file with the checkpoint...")

    @Slot(int, str)
    def _ended(self, status: int, said: str) -> None:
        finish, self._finish = self._finish, None
        self._timer.stop()
        if finish is None:
            return
        try:
            outcome = Outcome(None, STOPPED) if self._stopped else finish(status, said)
        except OSError as error:
            outcome = _failed(f"The file could not be kept: {error.strerror or error}.", "", "")
        finally:
            self._clear()
        self.ended.emit(outcome)

    def _converted(
        self, status: int, said: str, file: Path, part: Path, target: Path, report: Path
    ) -> Outcome:
        if status != 0:
            return _failed(_reason(said, "The file could not be converted."), str(file), said)
        found = json.loads(report.read_text(encoding="utf-8"))
        what, notes = str(found.get("what", "")), [str(note) for note in found.get("notes", ())]
        if not _is_ours(part):  # CLIP's two towers: something to start from, not a detector
            words = f"{file}: {what}. It is no detector: add it in the tab CLIP weights."
            return _failed(words, str(file), "\n".join(notes))
        if target.exists():
            return _failed(f"There is a checkpoint {target.stem} already.", str(target), "")
        part.rename(target)
        card = target.with_suffix(".md")
        if not card.exists():
            card.write_text(_card(target.stem, file, what, notes), encoding="utf-8")
        words = f"{target.stem} is in your folder of checkpoints now"
        return Outcome(target, words, origin=f"converted from {file} ({what})")

    def _exported(self, status: int, said: str, part: Path, target: Path, compared: bool) -> Outcome:
        if status == _NOT_EQUAL:
            what = "The exported file does not give what the checkpoint gives, so it was not kept."
            return _failed(what, str(target), said)
        if status != 0:
            return _failed(_reason(said, "The export failed."), str(target), said)
        if target.exists():
            return _failed(f"{target}: there is such a file already.", str(target), "")
        part.rename(target)
        checked = ", and gives what the checkpoint gives" if compared else ""
        return Outcome(target, f"{target.name} is written{checked}", origin="exported here")

    def _clear(self) -> None:
        for path in self._scrap:
            path.unlink(missing_ok=True)
        self._scrap.clear()
        self._part = None


def _is_ours(file: Path) -> bool:
    """Whether a file is a checkpoint of this program.

    Raises:
        BadCheckpoint: the file is not there.
        TcmError: an ONNX file, and the package onnx is not installed.
    """
    if not file.is_file():
        raise BadCheckpoint(f"{file}: no such file. Check the path.")
    if file.suffix.lower() not in (".safetensors", ".onnx"):
        return False
    try:
        read_metadata(file)
    except BadCheckpoint:
        return False
    return True


def _copied(file: Path, part: Path, step: OnStep) -> bool:
    """Copies a checkpoint of this program, in a thread; whether it is one.

    Raises:
        TcmError: it cannot be read, or the copy not be written.
    """
    if not _is_ours(file):
        return False
    done, total = 0, file.stat().st_size
    try:
        with file.open("rb") as source, part.open("xb") as target:
            while piece := source.read(_PIECE):
                target.write(piece)
                done += len(piece)
                step(done, total)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TcmError(f"{part.parent}: cannot be written ({error.strerror or error}).") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def _failed(what: str, where: str, details: str) -> Outcome:
    return Outcome(None, what, Problem(what, where, "Nothing was kept.", details))


def _reason(said: str, otherwise: str) -> str:
    """The command's own message, the last that it gave; the whole is among the details."""
    _, found, reason = said.rpartition("error: ")
    return " ".join(reason.split()) if found else otherwise


def _card(name: str, file: Path, what: str, notes: Sequence[str]) -> str:
    rows = "\n".join(f"- {note}" for note in notes)
    return f"# {name}\n\nConverted from `{file.name}`: {what}.\n\n{rows}\n"
