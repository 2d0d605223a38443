"""Trainings that go wrong, with the real process: said in words, labels untouched, the studio usable."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QMessageBox
from safetensors.torch import load_file

from app.services.finetune import POLL_MS
from app.views.dialogs.finetune_recheck import RecheckDialog
from app.views.panels.training import TrainingWindow
from tcm_core.checkpoint import save_checkpoint
from tests.helpers.app_robot import AppRobot, Condition, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.finetuned import approved_folder, begin, end_runs, finetune_dialog, training_window, until
from tests.helpers.models_journey import back
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint, tiny_metadata

pytestmark = [
    pytest.mark.timeout(900),  # every training loads its libraries in a process of its own
    pytest.mark.usefixtures("qapp"),
    pytest.mark.skipif(sys.platform == "win32", reason="by signals and limits that Windows has not"),
]
POLLS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield (found := approved_folder(tmp_path))
    end_runs(found)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path)


def is_in(window: TrainingWindow, *states: str) -> bool:
    return window.chosen is not None and window.chosen.state in states


def polls(count: int) -> Iterator[Condition]:
    """So many looks of the service."""
    end = time.monotonic() + count * POLL_MS / 1000
    yield lambda: time.monotonic() > end


def still_usable(robot: AppRobot, labels: tuple) -> Iterator[Condition]:
    """The labels are as they were, and the program goes on."""
    yield from back(robot)
    assert robot.page.regions == labels
    robot.press("D")
    yield lambda: robot.key == "img_2.png" and robot.picture_shown()
    robot.press("A")
    yield lambda: robot.key == "img_1.png" and robot.picture_shown()
    robot.trigger("finetune")
    yield finetune_dialog(robot).start_button.isEnabled
    finetune_dialog(robot).reject()


def test_a_run_that_fails_at_once_is_started_once_and_says_why(folder: Path, tiny: Path):
    if torch.cuda.is_available():
        pytest.skip("there is the GPU that the run asks for in vain")

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny, device="cuda")
        window = training_window(robot)
        yield from until(lambda: is_in(window, "failed"))
        yield from polls(POLLS)
        log = (window.chosen.folder / "process.log").read_text(encoding="utf-8")
        assert log.count("error:") == 1  # one process, not one for each look
        assert "cuda" in window.problem.text().lower()
        assert window.resume_button.isEnabled()
        assert not window.pause_button.isEnabled()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_command_that_starts_nothing_is_given_once_and_its_run_is_silent(
    folder: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.services.finetune_run.START_S", 4.0)
    notes = tmp_path / "notes"
    command = f"{sys.executable} -m tests.helpers.odd_host deaf '{notes}' {{config}} {{run}}"

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny, launcher=command)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "starting") and notes.is_file())
        yield from until(lambda: is_in(window, "silent"))
        yield from polls(POLLS)
        assert len(notes.read_text(encoding="utf-8").splitlines()) == 1
        assert "no sign of life" in window.heading.text()
        assert "Stop asks it to end" in window.problem.text()
        assert window.stop_button.isEnabled()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_run_that_hangs_is_silent_wakes_up_is_killed_and_goes_on(folder: Path, tiny: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny, epochs=96)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "going") and (window.chosen.folder / "state.pt").is_file())
        pid = window.chosen.record.process.pid
        os.kill(pid, signal.SIGSTOP)
        yield from until(lambda: is_in(window, "silent"))
        assert "no sign of life" in window.heading.text()
        os.kill(pid, signal.SIGCONT)
        yield from until(lambda: is_in(window, "going"))
        assert window.problem.isHidden()
        window.kill_button.click()
        yield from until(lambda: is_in(window, "killed"))
        assert "Ended without a word" in window.heading.text()
        reached = window.chosen.course.step
        window.resume_button.click()
        yield from until(lambda: is_in(window, "going") and window.chosen.course.first_step > 0)
        assert 10 <= window.chosen.course.first_step <= reached
        assert window.chosen.course.steps == 60
        window.stop_button.click()
        yield from until(lambda: is_in(window, "stopped"))
        window.discard_button.click()
        box = window.findChild(QMessageBox)
        box.buttons()[0].click()  # keep
        assert is_in(window, "stopped")
        yield lambda: window.findChild(QMessageBox) is None
        window.discard_button.click()
        window.findChild(QMessageBox).buttons()[1].click()
        yield lambda: is_in(window, "discarded")
        assert not list(window.chosen.folder.glob("*.safetensors"))
        assert (window.chosen.folder / "events.jsonl").is_file()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_disk_that_fills_up_midway_ends_the_run_in_words(folder: Path, tiny: Path):
    limit = tiny.stat().st_size // 2
    command = f"{sys.executable} -m tests.helpers.odd_host full {limit} {{config}} {{run}} {{resume}}"

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny, launcher=command)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "failed"))
        assert "the disk is full" in window.problem.text()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_checkpoint_with_numbers_that_are_none_ends_the_run_in_words(folder: Path, tmp_path: Path):
    spoilt = tiny_checkpoint(tmp_path)
    weights = {name: value.clone() for name, value in load_file(spoilt).items()}
    name = next(
        name for name, value in weights.items() if name.startswith("head") and value.is_floating_point()
    )
    weights[name].fill_(float("nan"))
    save_checkpoint(spoilt, weights, tiny_metadata())

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, spoilt)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "failed"))
        assert "finite" in window.problem.text().lower()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_checkpoint_that_is_cut_off_is_refused_before_anything_starts(folder: Path, tiny: Path):
    tiny.write_bytes(tiny.read_bytes()[:-1000])

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "failed"))
        assert "its header promises" in window.problem.text()
        assert not (window.chosen.folder / "process.log").exists()
        window.close()
        yield from still_usable(robot, labels)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_new_checkpoint_that_is_damaged_is_said_at_the_re_check_and_not_promoted(folder: Path, tiny: Path):
    detector = FakeDetector()

    def script(robot: AppRobot):
        yield robot.picture_shown
        labels = robot.page.regions
        yield from begin(robot, tiny, epochs=4)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "finished"))
        best = window.chosen.folder / "best.safetensors"
        best.write_bytes(b"damaged")
        detector.refuse = frozenset({str(best)})
        window.recheck_button.click()
        dialog = next(found for found in robot.window.findChildren(RecheckDialog) if found.isVisible())
        yield lambda: not dialog.promote_button.isEnabled()
        assert "no such checkpoint" in dialog.summary.text()
        assert "labels are not affected" in dialog.summary.text()
        dialog.discard_button.click()
        yield lambda: is_in(window, "discarded")
        window.close()
        yield from still_usable(robot, labels)

    run_with(detector, [str(folder)], script)


def test_the_gpu_is_left_to_a_training_and_taken_back_after_it(folder: Path, tiny: Path):
    detector = FakeDetector(gpu="cuda:0, fake")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        chip = robot.window.status.device_label
        assert chip.text() == "cuda:0, fake"
        yield from begin(robot, tiny, device="auto", epochs=400)
        window = training_window(robot)
        yield from until(lambda: chip.text() == "cpu, fake")
        assert [device for _, device in detector.loads] == ["auto", "cpu"]
        yield from back(robot)
        robot.press("G")  # it can be worked with meanwhile
        yield robot.can_accept
        yield from until(lambda: is_in(window, "going"))
        assert [device for _, device in detector.loads] == ["auto", "cpu"]
        window.stop_button.click()
        yield from until(lambda: is_in(window, "stopped"))
        yield lambda: chip.text() == "cuda:0, fake"
        assert [device for _, device in detector.loads] == ["auto", "cpu", "auto"]
        window.close()

    run_with(detector, [str(folder)], script)


def test_the_gpu_stays_with_a_training_of_a_folder_that_was_closed(folder: Path, tiny: Path, tmp_path: Path):
    detector = FakeDetector(gpu="cuda:0, fake")
    other = write_photos(tmp_path / "other")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        chip = robot.window.status.device_label
        yield from begin(robot, tiny, device="auto", epochs=400)
        window = training_window(robot)
        yield from until(lambda: is_in(window, "going"))
        assert chip.text() == "cpu, fake"
        run = window.chosen
        robot.window.start_page.folder_chosen.emit(str(other))
        yield lambda: robot.key == "a.jpg" and robot.picture_shown()
        yield from polls(3)
        assert window.chosen is None
        assert chip.text() == "cpu, fake"
        (run.folder / "control").write_text("stop", encoding="utf-8")
        yield from until(lambda: chip.text() == "cuda:0, fake")
        assert [device for _, device in detector.loads] == ["auto", "cpu", "auto"]
        window.close()

    run_with(detector, [str(folder)], script)


def test_runs_wait_for_each_other_and_may_leave_the_queue(folder: Path, tiny: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        for name in ("first", "second", "third"):
            yield from begin(robot, tiny, epochs=400, name=name)
        window = training_window(robot)
        service = window._service
        first, second, third = (service.run(name) for name in ("first", "second", "third"))
        yield from until(lambda: first.state == "going" and second.state == third.state == "queued")
        window.choose("second")
        assert window.heading.text() == "Waits for the run before it"
        window.stop_button.click()
        yield lambda: second.state == "failed"
        assert "taken out of the queue" in window.problem.text()
        assert first.state == "going"
        window.choose("first")
        window.stop_button.click()
        yield from until(lambda: first.state == "stopped")
        yield from until(lambda: third.state == "going")
        assert second.record.process is None
        window.choose("third")
        window.kill_button.click()
        yield from until(lambda: third.state == "killed")
        window.close()

    run_with(FakeDetector(), [str(folder)], script)
