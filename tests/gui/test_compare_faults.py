"""Files, checkpoints or labels that are not as a comparison needs them: said in words, labels untouched."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.app_robot import AppRobot, run_main, run_with
from tests.helpers.compared import (
    NamedDetector,
    be_patient,
    cells,
    compare_window,
    figures_opened,
    give_truth,
    opened,
    run_over_all,
    sample_photos,
    text_at,
    three_photos,
)
from tests.helpers.photos import write_nonsense, write_photos
from tests.helpers.tiny_model import tiny_head_checkpoint

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photographs with their ground truth in the project, and time for real networks."""
    be_patient(monkeypatch)
    return sample_photos(tmp_path / "photos", ("img_61.jpg", "img_125.jpg"))


def test_unreadable_images_and_labels_of_other_images_are_told_in_words_and_change_nothing(tmp_path: Path):
    folder = three_photos(tmp_path)
    write_nonsense(folder / "d.jpg")
    give_truth(folder, {"d.jpg": [text_at(0)], "c.jpg": [text_at(0) + np.array((5000, 0)), text_at(1)]})

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        yield from run_over_all(figures)
        assert figures.result.pages == 3
        assert "1 images failed" in figures.state.text()
        assert "Labels of 1 images lie outside" in figures.state.text()
        rows = {row[0]: row[-1] for row in cells(figures.tabs.tables[1])}
        assert "d.jpg" in rows["d.jpg"]
        assert "cannot be read" in rows["d.jpg"] or "not an image" in rows["d.jpg"]
        assert rows["c.jpg"].startswith("Labels outside")
        robot.window.pages.page_chosen.emit("c.jpg")
        yield lambda: compare_window().board.key == "c.jpg" and robot.picture_shown()
        yield lambda: "1 of 2 labels lie outside" in compare_window().remark.text()
        assert robot.page.regions == ()
        robot.close_problems()

    assert run_with(NamedDetector(), [str(folder)], script) == 0


def test_without_labels_nothing_is_run_and_the_reason_is_said(tmp_path: Path):
    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        compare_window().set_against("truth")
        assert compare_window().remark.text() == "There is nothing to judge against on this image"
        figures.start_button.click()
        yield lambda: "No image has labels" in figures.state.text()
        compare_window().set_against("")
        figures.start_button.click()
        assert figures.state.text().startswith("Choose what counts as right")
        assert figures.plot.curves == []

    assert run_with(NamedDetector(), [str(write_photos(tmp_path))], script) == 0


def test_a_checkpoint_that_is_gone_or_is_none_is_told_in_words(tmp_path: Path):
    folder = three_photos(tmp_path / "photos")

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        window = compare_window()
        (tmp_path / "no.safetensors").write_text("this is no checkpoint")
        window.board.show_file(2, tmp_path / "no.safetensors")
        assert "no.safetensors" in window.statusBar().currentMessage()
        assert window.board.sources[1].kind == "labels"
        robot.window.pages.page_chosen.emit("b.png")
        yield lambda: window.board.key == "b.png"

    assert run_with(NamedDetector(), [str(folder)], script) == 0


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
        yield lambda: compare_window() is not None
        board = compare_window().board
        board.show_file(2, nan)
        pane = board.panes[1]
        yield lambda: pane.content is not None or board._comparison.why_not(robot.key, pane.source)
        assert pane.shapes == ()
        source = board._comparison.source_of_file(gone)
        gone.unlink()
        board.set_source(pane, source)
        yield lambda: "no such checkpoint" in compare_window().statusBar().currentMessage()
        assert pane.content is None
        assert "no such checkpoint" in pane.figures.text()
        assert all(
            np.array_equal(old, new.polygon) for old, new in zip(labels, robot.page.regions, strict=True)
        )
        figures = compare_window().figures
        compare_window().show_figures.trigger()
        figures.start_button.click()
        yield lambda: figures.start_button.isEnabled() and "no such checkpoint" in figures.state.text()

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0


def test_an_image_that_vanished_meanwhile_is_named_and_the_others_are_compared(tmp_path: Path):
    folder = three_photos(tmp_path)

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        (folder / "c.jpg").unlink()
        yield from run_over_all(figures)
        assert "2 images judged" in figures.state.text()
        assert "1 images failed, see the remarks" in figures.state.text()
        last = cells(figures.tabs.tables[1])[-1]
        assert last[0] == "c.jpg"
        assert last[-1].endswith("c.jpg: no such file. Was it moved or renamed?")
        assert robot.page.regions == ()
        robot.close_problems()

    assert run_with(NamedDetector(), [str(folder)], script) == 0


def test_a_checkpoint_that_was_cut_off_is_told_and_the_pane_goes_on_with_what_it_showed(
    photographs: Path, tmp_path: Path
):
    fce = tiny_head_checkpoint(tmp_path, "fce")
    content = fce.read_bytes()
    fce.write_bytes(content[: len(content) // 2])

    def script(robot: AppRobot):
        yield from opened(robot)
        window = compare_window()
        window.board.show_file(2, fce)
        assert "its header promises" in window.statusBar().currentMessage()
        assert "copy or download it again" in window.statusBar().currentMessage()
        assert [source.name for source in window.board.sources] == ["db-small", "Labels"]
        yield lambda: window.board.panes[0].content is not None

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0


def test_a_checkpoint_of_another_head_that_vanished_meanwhile_is_told_and_the_others_are_judged(
    photographs: Path, tmp_path: Path
):
    pan = tiny_head_checkpoint(tmp_path, "pan")

    def script(robot: AppRobot):
        yield from opened(robot)
        window = compare_window()
        first, second = window.board.panes
        window.board.show_file(2, pan)
        yield lambda: first.content is not None and second.content is not None
        assert (first.settings.head, second.settings.head) == ("db", "pan")
        pan.unlink()
        key = robot.key
        robot.trigger("next")
        yield lambda: robot.key != key and window.board.key == robot.key
        yield lambda: "no such checkpoint" in window.statusBar().currentMessage()
        assert "no such checkpoint" in second.figures.text()
        assert second.detect.isVisible()
        yield lambda: first.content is not None
        window.show_figures.trigger()
        yield from run_over_all(window.figures)
        assert window.figures.result.pages == 1  # that both have looked at
        assert "1 images failed" in window.figures.state.text()
        assert "no such checkpoint" in cells(window.figures.tabs.tables[1])[-1][-1]
        assert robot.page.regions == ()

    assert run_main([str(photographs), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
