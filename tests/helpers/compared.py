"""The comparison in the running program: its window, the ways to it, and what lies in the project for it."""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QTableView

from app.domain.region import Region, new_region
from app.storage.project_db import ProjectDb
from app.views.compare.figures import FiguresPanel
from app.views.compare.window import CompareWindow
from tcm_core.data.formats.table import FORMATS
from tcm_core.geometry.polygon import Points
from tcm_core.infer.predictor import Predictor
from tcm_core.resources import resource
from tests.helpers import app_robot
from tests.helpers.app_robot import AppRobot, Condition
from tests.helpers.fake_predictor import TWO_TEXTS, FakeDetector, FakePredictor
from tests.helpers.photos import write_photos

Steps = Iterator[Condition]
HEIGHT, WIDTH = 240, 320  # of the photographs


class NamedDetector(FakeDetector):
    """Calls a checkpoint by its name, whether it is asked for by name or by file."""

    def __call__(self, checkpoint: str, device: str) -> FakePredictor:
        return super().__call__(Path(checkpoint).stem, device)


def compare_window() -> CompareWindow | None:
    """The comparison on the screen."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, CompareWindow) and w.isVisible()]
    return found[0] if found else None


def show_panes(window: CompareWindow, count: int) -> None:
    """Choose how many panes there are."""
    window.count.setCurrentIndex(window.count.findData(count))
    window.count.activated.emit(window.count.currentIndex())


def opened(robot: AppRobot) -> Steps:
    """Open the comparison as soon as a checkpoint can look."""
    yield robot.picture_shown
    yield robot.checkpoint_ready
    robot.trigger("compare")
    yield lambda: compare_window() is not None


def detected_and_opened(robot: AppRobot) -> Steps:
    """Detect the two texts of the first image, open the comparison and wait until it shows them."""
    yield robot.picture_shown
    yield robot.checkpoint_ready
    robot.trigger("detect")
    yield robot.can_accept
    robot.trigger("compare")
    yield lambda: compare_window() is not None and len(compare_window().board.panes[0].shapes) == 2


def figures_opened(robot: AppRobot) -> Steps:
    """The same, with the figures below it."""
    yield from detected_and_opened(robot)
    compare_window().show_figures.trigger()
    yield lambda: compare_window().figures.isVisible()


def run_over_all(figures: FiguresPanel) -> Steps:
    """Compare all listed images and wait for the figures."""
    figures.start_button.click()
    yield lambda: figures.start_button.isEnabled() and figures.figures


def cells(table: QTableView) -> list[list[str]]:
    """What stands in a table, row by row."""
    model = table.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def give_truth(folder: Path, truth: Mapping[str, Sequence[Points | Region]]) -> Path:
    """Ground truth in a project that is not open; the folder."""
    db = ProjectDb.open(folder)
    pages = [
        (key, [one if isinstance(one, Region) else new_region(one) for one in regions])
        for key, regions in truth.items()
    ]
    db.truth.save(pages, "gt")
    db.close()
    return folder


def text_at(at: int) -> Points:
    """What the detector finds on every photograph: the first text or the second."""
    return np.array(TWO_TEXTS[at]) * (WIDTH, HEIGHT)


def three_photos(folder: Path) -> Path:
    """a: both texts; b: one of them and one that is not found; c: both."""
    first, second = text_at(0), text_at(1)
    elsewhere = first + np.array((0, 100))
    truth = {"a.jpg": [first, second], "b.png": [first, elsewhere], "c.jpg": [first, second]}
    return give_truth(write_photos(folder), truth)


def sample_truth(keys: Collection[str] | None = None) -> dict[str, list[Region]]:
    """The ground truth of the bundled photographs, or of these of them."""
    truth = {
        f"{Path(page.image).stem}.jpg": [new_region(one.polygon, ignore=one.ignore) for one in page.instances]
        for page in FORMATS["icdar2015"].read(resource("samples", "gt"))
    }
    return truth if keys is None else {key: truth[key] for key in keys}


def sample_photos(folder: Path, keys: Collection[str]) -> Path:
    """A project of these bundled photographs with their ground truth."""
    folder.mkdir()
    for key in keys:
        shutil.copy(resource("samples") / "images" / key, folder)
    return give_truth(folder, sample_truth(keys))


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real networks on a busy machine take their time; what is imported for them comes before the clock."""
    monkeypatch.setattr(app_robot, "PATIENCE_S", 150.0)
    Predictor.load("db-small", "cpu")
