"""Checkpoints: the window that lists them, and everything that it asks for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.domain.checkpoint import CheckpointEntry, Verb, parse_tags, refusal, size_words
from app.i18n.translation import tr
from app.services.checkpoint_shelf import CheckpointShelf
from app.services.checkpoint_tools import CheckpointTools, Outcome
from app.services.checkpoint_weights import WeightsShelf
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk, to_front
from app.views.dialogs.checkpoints import CheckpointWindow
from app.views.dialogs.checkpoints_ask import DeleteCheckpointDialog, ask_for_line
from app.views.retranslation import translate
from app.workers.messages import Problem
from tcm_core.errors import TcmError
from tcm_core.resources import resource

CHECK_IMAGES: Final = 1
"""So many images an exported file is compared on."""


class CheckpointCommands(QObject):
    """The window of checkpoints.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, parts = desk, desk.parts
        self.window: CheckpointWindow | None = None
        self.shelf = CheckpointShelf(parts.home.data, parts.workspace, parts.detection, parts.finetune, self)
        self.tools = CheckpointTools(self.shelf.folder, self)
        self.weights = WeightsShelf(self)
        self.compare_with: Callable[[str, str, Path], None] | None = None  # title, hash, file
        self.shelf.failed.connect(self._failed)
        self.shelf.moved.connect(self._moved)
        self.tools.stage.connect(self._stage)
        self.tools.ended.connect(self._tool_ended)
        parts.workspace.opened.connect(self._look)
        parts.detection.checkpoint_ready.connect(self._look)
        parts.finetune.runs_changed.connect(self._look)

    def open(self) -> None:
        """Bring the window to the front."""
        window = self.window
        if window is None:
            window = self.window = CheckpointWindow(self.shelf, self.weights, self._desk.window)
            window.wanted.connect(self._wanted)
            window.import_wanted.connect(self._import)
            window.stop_wanted.connect(self._stop)
            translate(window)
        to_front(window)
        self._look()
        if (notice := self.shelf.notes.notice) is not None:
            self.shelf.notes.notice = None
            window.tell(notice, bad=True)

    def open_weights(self) -> None:
        """Bring the tab of CLIP's weights to the front."""
        self.open()
        if self.window is not None:
            self.window.tabs.setCurrentWidget(self.window.weights)

    def shutdown(self) -> None:
        """End what is under way."""
        self.shelf.shutdown()
        self.weights.shutdown()
        self.tools.shutdown()

    def bring_in(self, file: Path, name: str) -> None:
        """Import a file under a name."""
        self._try(lambda: self.tools.bring_in(file, name.strip()))

    def rename(self, entry: CheckpointEntry, name: str) -> None:
        """Give a checkpoint another name."""
        self._try(lambda: self._renamed(entry, name.strip()))

    def export(self, entry: CheckpointEntry, target: Path) -> None:
        """Write a checkpoint as an ONNX file."""
        self._try(lambda: self.tools.export(entry, target, self._check_images()))

    @Slot()
    def _look(self) -> None:
        if self.window is not None and self.window.isVisible():
            self.shelf.look(self._desk.preferences.settings.detection.checkpoint)

    @Slot(str, object)
    def _wanted(self, what: str, entry: CheckpointEntry) -> None:
        verbs: dict[str, Verb] = {
            "use": "use", "compare": "compare", "rename": "rename", "export": "export", "delete": "delete",
        }  # fmt: skip
        if what in verbs:
            why = refusal(entry, verbs[what], in_use=self.shelf.in_use(entry))
            if why:
                self._tell(why, bad=True)
                return
        runs = {
            "use": self._use, "compare": self._compare, "rename": self._ask_name, "tags": self._ask_tags,
            "check": self._check, "export": self._ask_target, "delete": self._ask_delete,
            "folder": self._open_folder,
        }  # fmt: skip
        runs[what](entry)

    def _use(self, entry: CheckpointEntry) -> None:
        self._desk.preferences.use_checkpoint(entry.value)
        self._tell(f"{entry.name} is loaded...")
        self._look()

    def _compare(self, entry: CheckpointEntry) -> None:
        """Show it in the second pane, beside the one in use."""
        if self._desk.open_page.key is None:
            self._tell("Open an image first", bad=True)
        elif self.compare_with is not None:
            self.compare_with(entry.title, self.shelf.note(entry).sha256, entry.path)

    def _ask_name(self, entry: CheckpointEntry) -> None:
        self._ask("Rename", f"New name of {entry.name}", entry.path.stem, partial(self.rename, entry))

    def _ask_tags(self, entry: CheckpointEntry) -> None:
        now = ", ".join(self.shelf.note(entry).tags)
        self._ask("Tags", "Tags, with commas between them", now, partial(self._tag, entry))

    def _tag(self, entry: CheckpointEntry, text: str) -> None:
        self.shelf.set_tags(entry, parse_tags(text))

    def _ask(self, title: str, label: str, text: str, use: Callable[[str], None]) -> None:
        if self.window is not None:
            ask_for_line(self.window, title, label, text, use)

    def _check(self, entry: CheckpointEntry) -> None:
        self._busy(f"Looking at every number of {entry.name}...")
        self.shelf.check(entry)

    def _ask_target(self, entry: CheckpointEntry) -> None:
        stem = entry.name if entry.origin == "run" else entry.path.stem
        name = self.tools.free_name(stem, (".onnx",))
        file, _ = QFileDialog.getSaveFileName(
            self.window, tr("Export to ONNX"), str(self.shelf.folder / f"{name}.onnx"), "ONNX (*.onnx)"
        )
        if file:
            self.export(entry, Path(file).with_suffix(".onnx"))

    def _ask_delete(self, entry: CheckpointEntry) -> None:
        try:
            traces = self.shelf.traces(entry)
        except TcmError as error:
            self._tell(str(error), bad=True)
            return
        dialog = DeleteCheckpointDialog(entry, traces, self.window)
        dialog.delete_wanted.connect(partial(self._delete, entry))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _delete(self, entry: CheckpointEntry) -> None:
        try:
            gone = self.shelf.delete(entry)
        except TcmError as error:
            self._tell(str(error), bad=True)
        else:
            self._tell(f"{entry.name} is deleted; {size_words(entry.size + gone.bytes)} are free")
            self._desk.preferences.show_checkpoints()
        self._look()

    def _open_folder(self, entry: CheckpointEntry) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.path.parent)))

    @Slot()
    def _import(self) -> None:
        kinds = "Checkpoints (*.safetensors *.onnx *.pth *.pt *.bin)"
        file, _ = QFileDialog.getOpenFileName(self.window, tr("Import a checkpoint"), str(Path.home()), kinds)
        if file and self.window is not None:
            self._ask(
                "Import a checkpoint", "Name in your folder of checkpoints",
                self.tools.free_name(Path(file).stem), partial(self.bring_in, Path(file)),
            )  # fmt: skip

    @Slot()
    def _stop(self) -> None:
        self.tools.stop()
        self.shelf.stop()
        if not self.tools.running:
            self._busy("")
            self._tell("Stopped; nothing was kept")

    def _renamed(self, entry: CheckpointEntry, name: str) -> None:
        new = self.shelf.rename(entry, name)
        self._tell(f"{entry.name} is called {new.stem} now")

    @Slot(str, str)
    def _moved(self, old: str, new: str) -> None:
        """What the settings say follows; the same weights are loaded from where they are now."""
        if self._desk.preferences.settings.detection.checkpoint == old:
            self._desk.preferences.use_checkpoint(new)
        else:
            self._desk.preferences.show_checkpoints()
        self._look()

    @Slot(str)
    def _stage(self, words: str) -> None:
        self._busy(words)

    @Slot(object)
    def _tool_ended(self, outcome: Outcome) -> None:
        self._busy("")
        self._tell(outcome.words, bad=outcome.problem is not None)
        if outcome.problem is not None:
            self._desk.preferences.problem.emit(outcome.problem)
        if outcome.path is None:
            return
        try:
            self.shelf.set_origin(outcome.path, outcome.origin)
        except (TcmError, OSError) as error:
            self._tell(str(error), bad=True)
        self._desk.preferences.show_checkpoints()
        self._look()

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self._busy("")
        self._tell(problem.what, bad=True)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except TcmError as error:
            self._busy("")
            self._tell(str(error), bad=True)

    def _tell(self, text: str, *, bad: bool = False) -> None:
        if self.window is not None:
            self.window.tell(text, bad=bad)

    def _busy(self, text: str) -> None:
        if self.window is not None:
            self.window.set_busy(text)

    def _check_images(self) -> list[Path]:
        """The open image, or one of the samples."""
        key, workspace = self._desk.open_page.key, self._desk.parts.workspace
        if key is not None:
            return [workspace.path_of(key)]
        try:
            return sorted(resource("samples", "images").glob("*.jpg"))[:CHECK_IMAGES]
        except TcmError:
            return []


A, C = ActionSpec, CheckpointCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("checkpoints", "Checkpoints...", "Detect", ("Ctrl+Alt+Shift+G",), "",
      "All checkpoints: what is known of them, import, export, CLIP weights", C.open),
)  # fmt: skip
