"""A folder of approved pages, a tiny checkpoint, and patience for a training that really runs."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.finetune_runs import read_records
from app.storage.project_db import ProjectDb
from app.views.dialogs.finetune import FinetuneDialog
from app.views.panels.training import TrainingWindow
from app.workers.train_process import kill
from tests.helpers.app_robot import AppRobot, Condition, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.made_photos import made_dataset

LONG_S = 300.0
PIECE_S = 10.0


def approved_folder(root: Path, count: int = 6) -> Path:
    """Made-up photographs with their labels as approved pages."""
    made = made_dataset(root / "made", count)
    folder = (made / "images").rename(root / "pages")
    db = ProjectDb.open(folder)
    for number in range(1, count + 1):
        content = (made / "gt" / f"gt_img_{number}.txt").read_text(encoding="utf-8")
        regions = [
            new_region([(float(x), float(y)) for x, y in zip(*[iter(line.split(",")[:8])] * 2, strict=True)],
                       text=line.split(",")[8])
            for line in content.splitlines()
        ]  # fmt: skip
        db.save_edit(f"img_{number}.png", Page(tuple(regions), "approved"), "Draw", "edit")
    db.close()
    return folder


def end_runs(folder: Path) -> None:
    """Kills what a test has left running."""
    for record in read_records(folder / ".tcm-studio" / "runs").values():
        if record.process is not None:
            kill(record.process)


def until(condition: Callable[[], object], seconds: float = LONG_S) -> Iterator[Condition]:
    """Waits longer than a robot usually does, as a network has to be loaded in another process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain"
        piece = time.monotonic() + PIECE_S
        yield lambda piece=piece: condition() or time.monotonic() > piece


def finetune_dialog(robot: AppRobot) -> FinetuneDialog:
    return next(found for found in robot.window.findChildren(FinetuneDialog) if found.isVisible())


def training_window(robot: AppRobot) -> TrainingWindow:
    return next(found for found in robot.window.findChildren(TrainingWindow) if found.isVisible())


def begin(robot: AppRobot, start: Path, **values: object) -> Iterator[Condition]:
    """Opens the dialog, fills it in and starts; a float for epochs is the length."""
    robot.trigger("finetune")
    dialog = finetune_dialog(robot)
    learning, place = dialog.learning, dialog.place
    learning.start.addItem(start.stem, str(start))
    learning.start.setCurrentIndex(learning.start.count() - 1)
    learning.length.setValue(float(str(values.get("epochs", 32))))
    learning.name.setText(str(values.get("name", "mine")))
    place.precision.setCurrentIndex(place.precision.findData("no"))
    place.device.setCurrentIndex(place.device.findData(values.get("device", "cpu")))
    if "launcher" in values:
        place.place.setCurrentIndex(place.place.findData("there"))
        place.launcher.setText(str(values["launcher"]))
        place.there.setText(str(values.get("there", "")))
    yield from until(dialog.start_button.isEnabled)
    dialog.start_button.click()


def studio_that_is_killed(folder: str, start: str) -> None:
    """A studio that begins a training and dies with it under way; for a process of its own."""

    def script(robot: AppRobot) -> Iterator[Condition]:
        yield robot.picture_shown
        yield from begin(robot, Path(start), epochs=32)
        window = training_window(robot)
        yield from until(lambda: window.chosen is not None and window.chosen.state == "going")
        os.kill(os.getpid(), signal.SIGKILL)

    QApplication.instance() or QApplication([])
    run_with(FakeDetector(), [folder], script)


if __name__ == "__main__":
    studio_that_is_killed(*sys.argv[1:])
