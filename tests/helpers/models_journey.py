"""The whole journey with models: detect, correct, approve, fine-tune, judge, promote, compare, export.

Everything is done by keys, clicks and buttons in the real program. What a person knows, where the texts are,
is what the ground truth says. A camera may be there at every step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.region import Region
from app.services.comparison import TRUTH
from app.views.compare.window import CompareWindow
from app.views.dialogs.export import ExportDialog
from app.views.dialogs.finetune import FinetuneDialog
from app.views.dialogs.finetune_recheck import RecheckDialog
from app.views.panels.training import TrainingWindow
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.overlap import iou_matrix
from tests.helpers.app_robot import AppRobot, Condition
from tests.helpers.finetuned import finetune_dialog, training_window, until

Steps = Iterator[Condition]
Camera = Callable[[str, QWidget], Steps]
ENOUGH = 0.5
"""IoU from which on a detection is taken for a text."""


def no_camera(_name: str, _of: QWidget) -> Steps:
    """Takes no picture."""
    yield from ()


@dataclass
class Journey:
    """What is done, and what came of it.

    Attributes:
        gt: folder of gt_NAME.txt, what a person would say of the images.
        out: folder that the labels are exported to.
        epochs: length of the training.
        stop_at: the training is stopped after so many steps, and goes on.
        camera: takes a picture of a window under a name.
        patience_s: for the training, from button to button.
        estimate: whether the dialog is asked how long it takes.
        shown_as: what a picture shows in place of `out`.
    """

    gt: Path
    out: Path
    epochs: float = 8.0
    stop_at: int = 2
    camera: Camera = no_camera
    patience_s: float = 240.0
    estimate: bool = False
    shown_as: str = ""
    notes: dict[str, object] = field(default_factory=dict)

    def __call__(self, robot: AppRobot) -> Steps:
        """The whole way."""
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("Shift+G")
        yield robot.all_detected
        yield from self.camera("journey_detected", robot.window)
        yield from self.correct_all(robot)
        yield from self.finetune(robot)
        yield from self.watch(robot)
        yield from self.decide(robot)
        yield from self.compare(robot)
        yield from self.export(robot)

    # --- the labels ---

    def correct_all(self, robot: AppRobot) -> Steps:
        """Every page: what is found is accepted, what is no text deleted, what is missing drawn; approved."""
        keys = list(robot.window.listed_keys())
        counts = {"kept": 0, "deleted": 0, "drawn": 0, "ignored": 0}
        for number, key in enumerate(keys):
            yield lambda key=key: robot.key == key and robot.picture_shown()
            yield from self.correct(robot, counts)
            if number == len(keys) // 2:
                yield from self.camera("journey_corrected", robot.window)
            robot.press("Ctrl+Return")
            yield from ()
        self.notes["corrected"] = counts
        self.notes["labels"] = {}

    def correct(self, robot: AppRobot, counts: dict[str, int]) -> Steps:
        """The open page."""
        assert robot.key is not None
        truth = list(read_icdar(self.gt / f"gt_{Path(robot.key).stem}.txt"))
        if robot.detection_count:
            yield robot.can_accept
            robot.press("Shift+Return")
            yield lambda: robot.page.regions
        robot.press("V")
        robot.press("F")
        found = matched(robot.page.regions, truth)
        for region in robot.page.regions:
            if region.id not in found:
                choose(robot, region)
                robot.press("Del")
                counts["deleted"] += 1
        for region_id, text in found.items():
            choose(robot, robot.page.region(region_id))
            self.say(robot, text, counts)
            counts["kept"] += 1
        taken = set(map(id, found.values()))
        for text in truth:
            if id(text) not in taken:
                yield from self.draw(robot, text, counts)
        assert len(robot.page.regions) == len(truth)

    def draw(self, robot: AppRobot, text: TextInstance, counts: dict[str, int]) -> Steps:
        """A text that was not found: four clicks."""
        robot.press("Esc")
        robot.press("F")
        before = len(robot.page.regions)
        robot.press("T")
        height, width = robot.image_size
        for x, y in text.polygon:
            robot.click(min(max(x, 1), width - 2), min(max(y, 1), height - 2))
        yield lambda: len(robot.page.regions) == before + 1
        self.say(robot, text, counts)
        counts["drawn"] += 1
        robot.press("V")

    def say(self, robot: AppRobot, text: TextInstance, counts: dict[str, int]) -> None:
        """Type what the chosen region says, or that nobody can read it."""
        if text.ignore:
            robot.press("I")
            counts["ignored"] += 1
            return
        robot.press("F2")
        robot.type(text.text, robot.window.regions.text)
        robot.press("Return", robot.window.regions.text)

    # --- the training ---

    def finetune(self, robot: AppRobot) -> Steps:
        """Ask for a training of all approved pages, and begin it."""
        robot.press("Ctrl+Alt+F9")
        dialog: FinetuneDialog = finetune_dialog(robot)
        dialog.learning.name.selectAll()
        robot.type("my-photos", dialog.learning.name)
        dialog.learning.length.setValue(self.epochs)
        dialog.place.device.setCurrentIndex(dialog.place.device.findData("cpu"))
        yield from until(dialog.start_button.isEnabled)
        if self.estimate:
            dialog.estimate_button.click()
            yield from until(lambda: "About" in dialog.estimate.text(), self.patience_s)
        self.notes["pages"] = dialog.pages.report.text().splitlines()[0]
        yield from self.camera("journey_dialog", dialog)
        dialog.start_button.click()

    def watch(self, robot: AppRobot) -> Steps:
        """Look on, stop it, let it go on, and wait for its end."""
        window = training_window(robot)
        yield from until(lambda: reached(window, self.stop_at), self.patience_s)
        yield from self.camera("journey_training", window)
        window.stop_button.click()
        yield from until(lambda: state_of(window) == "stopped", self.patience_s)
        run = window.chosen
        assert run is not None
        self.notes["stopped_at"] = run.course.step
        window.resume_button.click()
        yield from until(lambda: state_of(window) == "finished", self.patience_s)
        self.notes["steps"] = run.course.steps
        assert run.course.first_step == self.notes["stopped_at"]
        yield from self.camera("journey_curves", window)
        window.tabs.setCurrentWidget(window.pictures)
        self.notes["moments"] = run.course.picture_steps
        yield from self.camera("journey_moments", window)
        window.tabs.setCurrentWidget(window.curves)

    def decide(self, robot: AppRobot) -> Steps:
        """Look at the approved pages by both checkpoints, and take the new one."""
        window = training_window(robot)
        window.recheck_button.click()
        dialog = next(found for found in robot.window.findChildren(RecheckDialog) if found.isVisible())
        yield from until(lambda: dialog.outcome is not None, self.patience_s)
        self.notes["recheck"] = dialog.summary.text()
        dialog.tree.expandAll()
        yield from self.camera("journey_recheck", dialog)
        dialog.promote_button.click()
        chip = robot.window.status.checkpoint_label
        yield from until(lambda: chip.property("state") == "good" and "my-photos" in chip.text())
        window.close()
        yield from back(robot)

    # --- what has changed ---

    def compare(self, robot: AppRobot) -> Steps:
        """Detect again, and look at old and new side by side."""
        robot.press("Home")
        yield robot.picture_shown
        robot.press("Shift+G")
        yield lambda: not robot.idle()
        yield from until(robot.all_detected, self.patience_s)
        robot.press("Y")
        yield lambda: compare_window() is not None
        window = compare_window()
        assert window is not None
        window.count.setCurrentIndex(window.count.findData(4))
        window.count.activated.emit(window.count.currentIndex())
        panes = window.board.panes
        yield from until(lambda: all(pane.content or pane.source == TRUTH for pane in panes), self.patience_s)
        self.notes["panes"] = [pane.picker.currentText() for pane in panes]
        yield from self.camera("journey_compared", window)
        window.close()
        yield from back(robot)

    def export(self, robot: AppRobot) -> Steps:
        """The labels as files."""
        robot.press("Ctrl+Shift+E")
        dialog = next(found for found in robot.window.findChildren(ExportDialog) if found.isVisible())
        dialog.folder.setText(str(self.out))
        dialog.export_button.click()
        yield lambda: "Written" in dialog.outcome.text()
        self.notes["exported"] = dialog.outcome.text()
        if self.shown_as:
            dialog.folder.setText(self.shown_as)
            dialog.outcome.setText(dialog.outcome.text().replace(str(self.out), self.shown_as))
        yield from self.camera("journey_exported", dialog)
        dialog.close_button.click()


def matched(regions: Sequence[Region], truth: Sequence[TextInstance]) -> dict[str, TextInstance]:
    """The text of each region that is one, by the region's id; each text once, best pairs first."""
    shares = iou_matrix([region.polygon for region in regions], [text.polygon for text in truth])
    pairs = [
        (shares[row, at], at, region.id) for row, region in enumerate(regions) for at in range(len(truth))
    ]
    found: dict[str, TextInstance] = {}
    used: set[int] = set()
    for share, at, region_id in sorted(pairs, reverse=True):
        if share >= ENOUGH and region_id not in found and at not in used:
            found[region_id] = truth[at]
            used.add(at)
    return found


def back(robot: AppRobot) -> Steps:
    """To the main window, where another one was closed."""
    robot.window.activateWindow()  # a window manager does it; the offscreen platform has none
    yield robot.window.isActiveWindow


def choose(robot: AppRobot, region: Region) -> None:
    """Click a region; one that lies under another is chosen in the table."""
    robot.press("F")
    x, y = np.mean(region.polygon, axis=0)
    robot.click(float(x), float(y))
    chosen = robot.window.regions.table.selectionModel().selectedRows()
    if [robot.page.regions[row.row()].id for row in chosen] != [region.id]:
        robot.select(region.id)


def state_of(window: TrainingWindow) -> str:
    """The chosen run's state, which is none of the bad ones."""
    run = window.chosen
    assert run is not None
    assert run.state not in ("failed", "killed", "silent"), run.problem()
    return run.state


def reached(window: TrainingWindow, step: int) -> bool:
    """Whether the chosen run has done so many steps."""
    run = window.chosen
    return state_of(window) != "stopped" and run is not None and run.course.step >= step


def compare_window() -> CompareWindow | None:
    """The comparison on the screen."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, CompareWindow) and w.isVisible()]
    return found[0] if found else None
