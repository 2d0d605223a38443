"""The journey of a person through the program, as a script for the robot and as a process that is killed.

    python -m tests.helpers.journey FOLDER CHECKPOINT STATE_FILE

works on FOLDER, notes in STATE_FILE what is finished, and ends itself with SIGKILL in the middle of a drag.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from app.domain.page import Page
from app.domain.region import Region
from tcm_core.geometry.polygon import area
from tests.helpers.app_robot import AppRobot, run_main


@dataclass(frozen=True)
class Noted:
    """A region as the journey notes it, to be compared after the restart."""

    id: str
    polygon: list[list[float]]
    text: str
    ignore: bool
    origin: str


def noted(page: Page) -> list[Noted]:
    return [Noted(r.id, r.polygon.tolist(), r.text, r.ignore, r.origin) for r in page.regions]


def work(robot: AppRobot, state_file: Path):
    """Open, detect all, move the threshold, accept, correct, undo, redo, draw, ignore; notes each page."""
    state: dict[str, list] = {}

    def note() -> None:
        assert robot.key is not None
        state[robot.key] = [vars(region) for region in noted(robot.page)]
        state_file.write_text(json.dumps(state), encoding="utf-8")

    yield robot.picture_shown
    yield robot.checkpoint_ready
    robot.press("Shift+G")
    yield robot.all_detected
    yield from move_the_threshold(robot)

    robot.press("Shift+Return")
    yield lambda: robot.page.regions
    assert all(region.origin == "model" for region in robot.page.regions)
    note()

    chosen = select_largest(robot)
    robot.press("Z")
    x, y = chosen.polygon[0]
    robot.drag((x, y), (x + 6, y + 4))
    moved = robot.page.region(chosen.id)
    assert np.abs(moved.polygon[0] - (x + 6, y + 4)).max() < 1.5
    assert moved.origin == "both"

    count = len(moved.polygon)
    robot.click(*(moved.polygon[1] * 0.7 + moved.polygon[2] * 0.3), held="Alt")
    assert len(robot.page.region(chosen.id).polygon) == count + 1
    robot.press("Ctrl+Z")
    assert len(robot.page.region(chosen.id).polygon) == count
    robot.press("Ctrl+Shift+Z")
    assert len(robot.page.region(chosen.id).polygon) == count + 1
    note()

    robot.press("F")
    before = {region.id for region in robot.page.regions}
    robot.press("P")
    height, width = robot.image_size
    for at in ((0.62, 0.80), (0.95, 0.78), (0.97, 0.93), (0.80, 0.97), (0.61, 0.94)):
        robot.click(at[0] * width, at[1] * height)
    robot.press("Return")
    drawn = next(region for region in robot.page.regions if region.id not in before)
    assert drawn.origin == "person"
    assert len(drawn.polygon) == 5
    robot.press("V")
    robot.select(drawn.id)
    robot.press("I")
    assert robot.page.region(drawn.id).ignore
    robot.select(chosen.id)
    robot.press("F2")
    robot.type("Café, 第1", robot.window.regions.text)
    robot.press("Return", robot.window.regions.text)
    assert robot.page.region(chosen.id).text == "Café, 第1"
    note()

    robot.press("D")
    yield robot.picture_shown
    robot.press("R")
    robot.drag((20, 20), (120, 70))
    yield lambda: robot.page.regions
    note()


def move_the_threshold(robot: AppRobot):
    """The number of detections follows the score threshold; it is left where there are some, but not many."""
    panel = robot.window.detection
    if robot.detection_count == 0:  # an untrained detector: make it see something
        panel.controls["threshold"].box.setValue(0.45)
    panel.score.box.setValue(0.0)
    lowest = robot.detection_count
    panel.score.box.setValue(1.0)
    highest = robot.detection_count
    assert lowest > highest, f"{lowest} detections at score 0, {highest} at score 1"
    for _ in range(100):
        if robot.detection_count >= 3:
            break
        robot.press(",")
    assert 1 <= robot.detection_count <= lowest
    yield lambda: True


def select_largest(robot: AppRobot) -> Region:
    largest = max(robot.page.regions, key=lambda region: area(region.polygon))
    robot.select(largest.id)
    return largest


def killed_in_the_middle(robot: AppRobot, state_file: Path):
    """The work, then a drag that is never finished."""
    yield from work(robot, state_file)
    robot.press("V")
    region = robot.page.regions[0]
    robot.select(region.id)
    place = robot.place(*region.polygon[0])
    robot.mouse(QEvent.Type.MouseButtonPress, place, "", Qt.MouseButton.LeftButton)
    robot.mouse(QEvent.Type.MouseMove, place * 1.2, "", held_button=Qt.MouseButton.LeftButton)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    folder, checkpoint, state = sys.argv[1:]
    application = QApplication(["journey"])  # the robot's timer needs one before main() does
    run_main(
        [folder, "--checkpoint", checkpoint, "--device", "cpu"],
        lambda robot: killed_in_the_middle(robot, Path(state)),
    )
