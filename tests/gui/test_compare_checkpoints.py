"""Real checkpoints of all heads side by side in the running program."""

from pathlib import Path

import pytest

from app.services.comparison import TRUTH
from tcm_core.checkpoint_file import resolve_checkpoint
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.compared import (
    be_patient,
    compare_window,
    opened,
    run_over_all,
    sample_photos,
    show_panes,
)

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photographs with their ground truth in the project, and time for real networks."""
    be_patient(monkeypatch)
    return sample_photos(tmp_path / "photos", ("img_61.jpg", "img_125.jpg"))


def test_three_heads_and_the_truth_are_compared_on_real_photographs(photographs: Path):
    def script(robot: AppRobot):
        yield from opened(robot)
        yield lambda: compare_window().board.panes[0].content is not None
        show_panes(compare_window(), 4)
        board = compare_window().board
        board.show_file(2, resolve_checkpoint("pan-small"))
        board.show_file(3, resolve_checkpoint("fce-small"))
        board.set_source(board.panes[3], TRUTH)
        yield lambda: all(pane.content is not None for pane in board.panes)
        assert [pane.settings.head for pane in board.panes[:3]] == ["db", "pan", "fce"]
        assert all(pane.content.maps is not None and pane.content.seconds > 0 for pane in board.panes[:3])
        assert all(pane.result.hmean > 0.3 for pane in board.panes[:3])
        before = len(board.panes[2].shapes)
        board.panes[2].score.box.setValue(0.9)
        assert len(board.panes[2].shapes) < before
        compare_window().show_figures.trigger()
        figures = compare_window().figures
        yield from run_over_all(figures)
        assert figures.result.pages == 2
        assert [len(folder.pages) for folder in figures.result.folders] == [2, 2, 2]
        assert all(figure.result.hmean > 0.3 and figure.seconds > 0 for figure in figures.figures)
        assert [len(sha) for sha in figures.result.hashes] == [64, 64, 64]
        assert len(set(figures.result.hashes)) == 3
        assert robot.page.regions == ()

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
