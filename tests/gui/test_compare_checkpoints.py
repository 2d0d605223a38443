"""Real checkpoints of all heads side by side in the running program, and some that cannot be used."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from app.views.compare.window import CompareWindow
from tcm_core.data.formats.table import FORMATS
from tcm_core.infer.predictor import Predictor
from tcm_core.resources import resource
from tests.helpers import app_robot
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.tiny_model import tiny_head_checkpoint

pytestmark = pytest.mark.usefixtures("qapp")
KEYS = ("img_61.jpg", "img_125.jpg")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real networks on a busy machine take their time; what is imported for them comes before the clock."""
    monkeypatch.setattr(app_robot, "PATIENCE_S", 150.0)
    Predictor.load("db-small", "cpu")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two photographs with their ground truth in the project."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for key in KEYS:
        shutil.copy(resource("samples") / "images" / key, folder)
    db = ProjectDb.open(folder)
    db.truth.save(
        [
            (
                f"{Path(image.image).stem}.jpg",
                [new_region(one.polygon, ignore=one.ignore) for one in image.instances],
            )
            for image in FORMATS["icdar2015"].read(resource("samples") / "gt")
            if f"{Path(image.image).stem}.jpg" in KEYS
        ],
        "gt",
    )
    db.close()
    return folder


def window() -> CompareWindow | None:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, CompareWindow) and w.isVisible()]
    return found[0] if found else None


def test_three_heads_and_the_truth_are_compared_on_real_photographs(photographs: Path, tmp_path: Path):
    pan, fce = (tiny_head_checkpoint(tmp_path, head) for head in ("pan", "fce"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("compare")
        yield lambda: window() is not None and window().board.panes[0].content is not None
        board = window().board
        window().count.setCurrentIndex(2)
        window().count.activated.emit(2)
        board.show_file(2, pan)
        board.show_file(3, fce)
        yield lambda: all(pane.content is not None for pane in board.panes)
        assert [pane.settings.head for pane in board.panes[:3]] == ["db", "pan", "fce"]
        assert board.panes[3].source.kind == "truth"
        assert all(pane.content.maps is not None and pane.content.seconds > 0 for pane in board.panes[:3])
        assert board.panes[0].result.hmean > 0.3
        before = len(board.panes[2].shapes)
        board.panes[2].score.box.setValue(0.9)
        assert len(board.panes[2].shapes) < before or before == 0
        window().show_figures.trigger()
        figures = window().figures
        figures.start_button.click()
        yield lambda: figures.start_button.isEnabled() and figures.figures
        assert figures.result.pages == 2
        assert [len(folder.pages) for folder in figures.result.folders] == [2, 2, 2]
        db_small = figures.figures[0]
        assert db_small.result.hmean > 0.3
        assert db_small.seconds > 0
        assert [len(sha) for sha in figures.result.hashes] == [64, 64, 64]
        assert len(set(figures.result.hashes)) == 3
        assert robot.page.regions == ()

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0


def test_weights_that_are_no_numbers_and_a_file_that_is_gone_are_told_and_leave_the_labels_alone(
    photographs: Path, tmp_path: Path
):
    nan, gone = tiny_head_checkpoint(tmp_path, "db", nan=True), tiny_head_checkpoint(tmp_path, "db")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect")
        yield robot.can_accept
        robot.trigger("accept_all")
        yield lambda: len(robot.page.regions) > 0
        labels = [region.polygon.copy() for region in robot.page.regions]
        robot.trigger("compare")
        yield lambda: window() is not None
        board = window().board
        board.show_file(2, nan)
        pane = board.panes[1]
        yield lambda: pane.content is not None or "looked at" in pane.figures.text()
        assert pane.shapes == ()
        source = board._comparison.source_of_file(gone)
        gone.unlink()
        board.set_source(pane, source)
        yield lambda: "no such checkpoint" in window().statusBar().currentMessage()
        assert pane.content is None
        assert all(
            np.array_equal(old, new.polygon) for old, new in zip(labels, robot.page.regions, strict=True)
        )
        figures = window().figures
        window().show_figures.trigger()
        figures.start_button.click()
        yield lambda: figures.start_button.isEnabled() and "no such checkpoint" in figures.state.text()

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
