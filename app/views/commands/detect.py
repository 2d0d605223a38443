"""Detect: the detector and what it found."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from app.services.batch import BatchSummary
from app.views.action_spec import ActionSpec
from app.views.ahead import Ahead
from app.views.checkpoint_values import CheckpointValues
from app.views.commands.desk import Desk
from app.views.effect import EffectLine
from app.views.ghosts import Ghosts
from app.workers.messages import Problem

FAR_STEPS: Final = 5


class DetectCommands(QObject):
    """The detector and what it found.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        desk.parts.detection.finished.connect(self._batch_finished)
        desk.parts.detection.page_noticed.connect(self._page_noticed)
        desk.add_checks(self._checked)
        self._ahead = Ahead(desk.parts, desk.window, desk.open_page)
        self.ghosts = Ghosts(desk.parts.detection, desk.window, desk.open_page)
        self._effect = EffectLine(desk.parts, desk.window)
        self._effect.told.connect(desk.tell)
        self.values = CheckpointValues(desk.parts, desk.preferences, self)
        self.values.told.connect(desk.tell)
        self.values.failed.connect(desk.open_page.problem)
        desk.window.detection.keep_wanted.connect(self.values.keep)
        desk.window.detection.own_wanted.connect(self.set_own)

    def detect_page(self) -> None:
        if self._desk.open_page.key is not None:
            self._desk.layers.reveal("detections")
            self._desk.parts.detection.detect_page(self._desk.open_page.key)

    def detect_all(self) -> None:
        self._desk.parts.detection.detect_all(self._desk.window.listed_keys())

    def accept_all(self) -> None:
        self._desk.open_page.accept(list(range(len(self._desk.open_page.detections))))

    def reset_to_detections(self) -> None:
        self._desk.window.regions.commit()
        if self._desk.open_page.page.regions:
            self._desk.dialog_wanted.emit("reset")
        else:
            self.accept_all()

    def threshold_down(self) -> None:
        self._desk.window.detection.score.step_by(-1)

    def threshold_up(self) -> None:
        self._desk.window.detection.score.step_by(1)

    def threshold_far_down(self) -> None:
        self._desk.window.detection.score.step_by(-FAR_STEPS)

    def threshold_far_up(self) -> None:
        self._desk.window.detection.score.step_by(FAR_STEPS)

    def cancel(self) -> None:
        self._desk.parts.detection.cancel()

    def pause(self) -> None:
        detection = self._desk.parts.detection
        detection.pause(not detection.paused)
        self._desk.tell(
            "Detection is paused; the open image is still done" if detection.paused else "Detection goes on"
        )
        self._desk.refresh()

    def _checked(self) -> set[str]:
        detection, key = self._desk.parts.detection, self._desk.open_page.key
        own = key is not None and detection.decoding.own_of(key) is not None
        checked = {"pause": detection.paused, "ghosts": self.ghosts.on, "own_settings": own}
        return {name for name, on in checked.items() if on}

    @Slot(bool)
    def set_own(self, on: bool) -> None:
        """Give the open image detector settings of its own, or those of all images again."""
        key, detection = self._desk.open_page.key, self._desk.parts.detection
        if key is None or detection.checkpoint is None:
            self._desk.window.detection.own.setChecked(False)
            self._desk.tell("Wait for the checkpoint, then open an image")
            return
        detection.decoding.set_own(key, on)
        self._desk.tell(
            "What is moved in the panel of the detector changes this image alone now"
            if on
            else "This image follows the settings of all images; its own are remembered"
        )
        self._desk.refresh()

    def apply_to_all(self) -> None:
        self._effect.apply()

    def write_back(self) -> None:
        self.values.keep()

    def forget_values(self) -> None:
        self.values.forget()

    def toggle_own(self) -> None:
        """Settings of its own for the open image, or not."""
        key = self._desk.open_page.key
        self.set_own(key is not None and self._desk.parts.detection.decoding.own_of(key) is None)

    def show_ghosts(self) -> None:
        self.ghosts.set_on(not self.ghosts.on)
        if self.ghosts.on:
            coming, going = len(self.ghosts.coming), len(self.ghosts.going)
            self._desk.tell(f"{coming} more with a threshold 0.05 lower, {going} fewer with one 0.05 higher")
        self._desk.refresh()

    def retry_failed(self) -> None:
        self._desk.parts.detection.retry_failed()

    def choose_checkpoint(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self._desk.window, "Choose a checkpoint", str(Path.home()), "Checkpoints (*.safetensors *.onnx)"
        )
        if file:
            self._desk.preferences.use_checkpoint(file)
        else:
            self._desk.preferences.show_checkpoints()

    @Slot(str)
    def checkpoint_picked(self, checkpoint: str) -> None:
        """Load what was picked in the list; "" asks for a file."""
        if checkpoint:
            self._desk.preferences.use_checkpoint(checkpoint)
        else:
            self.choose_checkpoint()

    @Slot(str, object)
    def _page_noticed(self, key: str, problem: Problem) -> None:
        """Say that a page could not be done as it should be: on the page when it is open, else in passing."""
        if key == self._desk.open_page.key:
            self._desk.window.page_banner.tell(f"{problem.what} {problem.remedy}", "warn")
        else:
            self._desk.tell(f"{key}: {problem.what}")

    @Slot(object)
    def _batch_finished(self, summary: BatchSummary) -> None:
        self._desk.window.status.progress.finish()
        parts = [f"{summary.done} images detected"]
        if summary.failed:
            parts.append(f"{summary.failed} failed (Detect > Retry failed)")
        if summary.cancelled:
            parts.append(f"cancelled before {summary.cancelled} more")
        self._desk.tell(", ".join(parts))
        self._desk.refresh()


A, C = ActionSpec, DetectCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("detect", "Detect this image", "Detect", ("G",), "detect", "Find the text of this image", C.detect_page,
      "page"),
    A("detect_all", "Detect all", "Detect", ("Shift+G",), "detect_all", "Find the text of every listed image",
      C.detect_all, "folder"),
    A("accept_all", "Accept all", "Detect", ("Shift+Return", "Shift+Enter"), "accept_all",
      "Make every shown detection a region; what overlaps one already there is left out", C.accept_all,
      "detections"),
    A("reset", "Reset to the detections...", "Detect", ("Ctrl+Backspace",), "",
      "Replace every region of this image by the shown detections", C.reset_to_detections, "detections"),
    A("threshold.down", "Lower score threshold", "Detect", (",",), "", "Show more detections",
      C.threshold_down, "page", rule=True),
    A("threshold.up", "Raise score threshold", "Detect", (".",), "", "Show fewer detections", C.threshold_up,
      "page"),
    A("threshold.far_down", "Lower it by 0.05", "Detect", ("Shift+,",), "", "Show many more detections",
      C.threshold_far_down, "page"),
    A("threshold.far_up", "Raise it by 0.05", "Detect", ("Shift+.",), "", "Show far fewer detections",
      C.threshold_far_up, "page"),
    A("own_settings", "Settings for this image only", "Detect", ("Ctrl+Alt+B",), "",
      "Threshold and the other settings of the detector change this image alone, and are kept with it",
      C.toggle_own, "page", checkable=True),
    A("apply_settings", "Apply the settings to all images", "Detect", ("Ctrl+Alt+A",), "",
      "Read the kept score maps of all images by these settings; the labels stay as they are",
      C.apply_to_all, "folder"),
    A("write_back", "Make them the checkpoint's values", "Detect", ("Ctrl+Alt+W",), "",
      "Write these settings into the checkpoint's file, or keep them as yours where it must not change",
      C.write_back),
    A("forget_values", "Use the values of the checkpoint's file", "Detect", ("Ctrl+Alt+Shift+W",), "",
      "Forget the values that you keep for this checkpoint in place of its own", C.forget_values),
    A("ghosts", "Ghost outlines", "Detect", ("Ctrl+Alt+O",), "",
      "Outline what would appear or go with a threshold 0.05 lower or higher", C.show_ghosts, "page",
      checkable=True),
    A("pause", "Pause", "Detect", ("Ctrl+Alt+Z",), "", "Let everything but the open image wait", C.pause,
      "running", checkable=True, rule=True),
    A("cancel", "Cancel", "Detect", ("Ctrl+Alt+X",), "cancel", "Stop after the image in work", C.cancel,
      "running"),
    A("retry", "Retry failed", "Detect", ("Ctrl+Alt+G",), "retry", "Detect the images that failed once more",
      C.retry_failed, "failed"),
    A("checkpoint", "Choose checkpoint...", "Detect", ("Ctrl+Shift+G",), "chip",
      "Use another trained detector", C.choose_checkpoint, rule=True),
)  # fmt: skip
