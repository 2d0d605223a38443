"""Bad input in the window: a message in words, the other pages go on, no label is lost."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from app.storage.project_db import ProjectDb
from tests.helpers.app_robot import AppRobot, run_main, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import (
    write_16_bit,
    write_alpha,
    write_bomb,
    write_cmyk,
    write_empty,
    write_nonsense,
    write_photo,
    write_photos,
    write_rotated,
    write_truncated,
    write_wide,
)  # fmt: skip
from tests.helpers.tiny_model import tiny_checkpoint

STRANGE_NAMES = ("文字 と 写真.jpg", "with, comma.png", "emoji 🚌.jpg", "quote's & #1%.jpg", "ünï.png")


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_truncated, "bad.jpg"),
        (write_empty, "bad.jpg"),
        (write_nonsense, "bad.png"),
        (write_bomb, "bad.bmp"),
    ],
)
def test_a_page_that_cannot_be_read_says_so_and_the_next_one_works(
    qapp, tmp_path: Path, write: Callable[[Path], Path], name: str
):
    folder = write_photos(tmp_path / "p", ("z1.jpg", "z2.jpg"))
    write(folder / name)

    def script(robot: AppRobot):
        yield robot.folder_open
        yield robot.checkpoint_ready
        assert robot.key == name
        banner = robot.window.page_banner
        yield banner.isVisible
        assert name in banner.text.text()
        robot.press("Shift+G")
        yield robot.all_detected
        assert "1 failed" in robot.window.status.currentMessage()
        assert robot.action("retry").isEnabled()
        robot.press("D")
        yield robot.picture_shown
        assert not banner.isVisible()
        yield robot.can_accept
        assert robot.detection_count == 2
        robot.press("Shift+Return")
        yield lambda: len(robot.page.regions) == 2
        assert robot.problems == []

    run_with(FakeDetector(), [str(folder)], script)


def test_a_failed_page_can_be_tried_again_when_it_is_mended(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    write_nonsense(folder / "b.jpg")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("Shift+G")
        yield robot.all_detected
        write_photo(folder / "b.jpg")
        robot.trigger("retry")
        yield lambda: robot.idle() and robot.window.status.currentMessage() == "1 images detected"
        assert not robot.action("retry").isEnabled()

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize(
    ("write", "name", "size"),
    [
        (write_16_bit, "deep.png", (240, 320)),
        (write_cmyk, "print.jpg", (240, 320)),
        (write_alpha, "glass.png", (240, 320)),
        (write_rotated, "turned.jpg", (320, 240)),
        (write_wide, "wide.png", (60, 20_000)),
    ],
)
def test_unusual_pictures_are_shown_as_they_are_seen_and_can_be_labelled(
    qapp, tmp_path: Path, write: Callable[[Path], Path], name: str, size: tuple[int, int]
):
    folder = tmp_path / "p"
    folder.mkdir()
    write(folder / name)

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        assert robot.image_size == size
        robot.press("G")
        yield robot.can_accept
        assert robot.detection_count == 2
        robot.press("Shift+Return")
        yield lambda: len(robot.page.regions) == 2
        corner = max(region.polygon.max(axis=0).tolist() for region in robot.page.regions)
        assert corner[0] <= size[1]

    run_with(FakeDetector(), [str(folder)], script)


def test_strange_file_names_are_opened_detected_and_kept(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p q, 写", STRANGE_NAMES)

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("Shift+G")
        yield robot.all_detected
        for key in list(robot.window.page_model.shown_keys):
            assert robot.key == key
            yield robot.can_accept
            robot.press("Shift+Return")
            robot.press("Ctrl+Return")

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    try:
        states = {key: (summary.review, summary.region_count) for key, summary in db.summaries().items()}
    finally:
        db.close()
    assert states == dict.fromkeys(STRANGE_NAMES, ("approved", 2))


def test_a_folder_without_images_is_said_and_the_program_goes_on(qapp, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    good = write_photos(tmp_path / "good")

    def script(robot: AppRobot):
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert "no images" in problem.what
        assert str(tmp_path / "empty") in problem.where
        assert problem.remedy
        robot.window.start_page.folder_chosen.emit(str(good))
        yield robot.picture_shown

    run_with(FakeDetector(), [str(tmp_path / "empty")], script)


def test_a_folder_that_is_gone_is_said(qapp, tmp_path: Path):
    def script(robot: AppRobot):
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert str(tmp_path / "gone") in problem.where

    run_with(FakeDetector(), [str(tmp_path / "gone")], script)


def test_labels_of_a_folder_that_cannot_be_written_are_kept_elsewhere(
    qapp, tmp_path: Path, private_home: Path
):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    # a file where the project's folder should be made: nobody, not even root, can make it then
    (folder / ".tcm-studio").write_text("in the way", encoding="utf-8")

    def script(robot: AppRobot):
        yield robot.picture_shown
        assert robot.window.folder_banner.isVisible()
        assert str(private_home) in robot.window.folder_banner.text.text()
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1

    def again(robot: AppRobot):
        yield robot.picture_shown
        assert len(robot.page.regions) == 1

    run_with(FakeDetector(), [str(folder)], script)
    run_with(FakeDetector(), [str(folder)], again)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_can_be_labelled(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    folder.chmod(0o555)
    try:

        def script(robot: AppRobot):
            yield robot.picture_shown
            assert robot.window.folder_banner.isVisible()
            robot.press("R")
            robot.drag((30, 30), (200, 90))
            yield lambda: len(robot.page.regions) == 1

        run_with(FakeDetector(), [str(folder)], script)
    finally:
        folder.chmod(0o755)


def test_an_edit_that_cannot_be_saved_is_kept_said_and_saved_later(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    database = folder / ".tcm-studio" / "project.sqlite3"

    def script(robot: AppRobot):
        yield robot.picture_shown
        blocker = sqlite3.connect(database, timeout=0, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")  # as another program that holds the file
        try:
            robot.press("R")
            robot.drag((30, 30), (200, 90))
            yield robot.window.save_banner.isVisible
            assert robot.window.save_banner.button.text() == "Try again"
            assert len(robot.page.regions) == 1
            assert robot.window.status.save_label.text() == "not saved"
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
        robot.window.save_banner.button.click()
        yield lambda: not robot.window.save_banner.isVisible()
        assert robot.window.status.save_label.text() == "saved"

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    try:
        assert len(db.load_page("a.jpg").regions) == 1
    finally:
        db.close()


def test_leaving_with_unsaved_edits_asks_first(qapp, tmp_path: Path):
    from app.views.dialogs.unsaved import UnsavedDialog

    folder = write_photos(tmp_path / "p", ("a.jpg",))
    database = folder / ".tcm-studio" / "project.sqlite3"

    def script(robot: AppRobot):
        yield robot.picture_shown
        blocker = sqlite3.connect(database, timeout=0, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        try:
            robot.press("R")
            robot.drag((30, 30), (200, 90))
            yield robot.window.save_banner.isVisible
            robot.close()
            dialog = robot.window.findChild(UnsavedDialog)
            assert dialog is not None
            assert dialog.defaultButton() is dialog.stay_button
            dialog.stay_button.click()
            yield lambda: not dialog.isVisible()
            assert robot.window.isVisible()
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()

    assert run_with(FakeDetector(), [str(folder)], script) == 0


def _missing(folder: Path) -> Path:
    return folder / "nowhere.safetensors"


def _truncated(folder: Path) -> Path:
    path = tiny_checkpoint(folder)
    path.write_bytes(path.read_bytes()[:5000])
    return path


def _other(folder: Path) -> Path:
    path = folder / "other.safetensors"
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path)
    return path


@pytest.mark.parametrize("make", [_missing, _truncated, _other])
def test_a_checkpoint_that_cannot_be_used_is_said_and_labelling_goes_on(
    qapp, tmp_path: Path, make: Callable[[Path], Path]
):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    checkpoint = make(tmp_path)

    def script(robot: AppRobot):
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert checkpoint.name in f"{problem.what} {problem.where}"
        assert problem.remedy or "choose" in problem.what
        yield robot.picture_shown
        assert robot.window.status.checkpoint_label.text() == "no checkpoint"
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1

    run_main([str(folder), "--checkpoint", str(checkpoint), "--device", "cpu"], script)


def test_an_image_that_vanishes_while_it_is_listed_is_said(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        (folder / "c.jpg").unlink()
        shutil.rmtree(folder / "nothing", ignore_errors=True)
        robot.press("Shift+G")
        yield robot.all_detected
        assert "2 images detected, 1 failed" in robot.window.status.currentMessage()

    run_with(FakeDetector(), [str(folder)], script)
