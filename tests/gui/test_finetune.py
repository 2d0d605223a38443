"""Fine-tuning from the window: a real training in its own process, followed, stopped, resumed, promoted."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.views.dialogs.finetune_recheck import RecheckDialog
from app.views.panels.training import TrainingWindow
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.finetuned import approved_folder, begin, end_runs, finetune_dialog, training_window, until
from tests.helpers.tiny_model import tiny_checkpoint

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(900)  # every training loads its libraries in a process of its own


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield (found := approved_folder(tmp_path))
    end_runs(found)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path)


def state(window: TrainingWindow) -> str:
    run = window.chosen
    assert run is not None
    assert run.state not in ("failed", "killed", "silent"), run.problem()
    return run.state


def test_a_training_is_begun_watched_paused_stopped_resumed_rechecked_and_promoted(
    qapp, folder: Path, tiny: Path
):
    detector = FakeDetector()
    labels = {}

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield lambda: robot.page.regions
        labels["before"] = robot.page.regions
        yield from begin(robot, tiny, epochs=32)
        window = training_window(robot)
        yield from until(lambda: state(window) == "going" and window.curves.series)
        window.pause_button.click()
        yield from until(lambda: state(window) == "paused")
        assert "Paused" in window.heading.text()
        window.resume_button.click()
        yield from until(lambda: state(window) == "going")
        window.stop_button.click()
        yield from until(lambda: state(window) == "stopped")
        run = window.chosen
        assert 1 <= run.course.step < run.course.steps == 20
        stopped_at, seen = run.course.step, run.course.seen
        assert (run.folder / "state.pt").is_file()
        window.resume_button.click()
        yield from until(lambda: state(window) == "finished")
        assert run.course.first_step == stopped_at
        assert run.course.seen > seen
        steps, totals = window.curves.series["total"]
        assert steps == [float(step) for step in range(1, 21)]
        assert all(total > 0 for total in totals)
        assert len(window.curves.series["hmean"][0]) >= 5
        window.tabs.setCurrentWidget(window.pictures)
        assert window.pictures.slider.maximum() >= 4
        assert not window.pictures.picture.pixmap().isNull()
        assert window.pictures.page.itemText(0).startswith("img_")
        window.pictures.slider.setValue(0)
        assert window.pictures.step.text() == "step 0"
        window.tabs.setCurrentWidget(window.log)
        assert "stopped and saved" in window.log.toPlainText()
        window.recheck_button.click()
        dialog = next(found for found in robot.window.findChildren(RecheckDialog) if found.isVisible())
        yield lambda: dialog.outcome is not None
        assert [page.key for page in dialog.outcome.pages] == [f"img_{n}.png" for n in range(1, 7)]
        assert dialog.tree.topLevelItemCount() == 6
        assert "0 fixed, 0 broken, 12 unchanged" in dialog.summary.text()
        dialog.promote_button.click()
        yield lambda: detector.loads[-1][0].endswith("mine.safetensors")
        assert Path(detector.loads[-1][0]).read_bytes() == (run.folder / "best.safetensors").read_bytes()
        yield lambda: run.state == "promoted"
        assert not (run.folder / "state.pt").exists()
        assert robot.page.regions == labels["before"]
        assert not robot.problems
        window.close()

    run_with(detector, [str(folder)], script)


def test_the_dialog_says_which_pages_it_takes_and_which_look_alike(qapp, folder: Path, tiny: Path):
    (folder / "img_2.png").write_bytes((folder / "img_1.png").read_bytes())

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("finetune")
        dialog = finetune_dialog(robot)
        yield dialog.start_button.isEnabled
        assert dialog.pages.report.text().splitlines() == [
            "6 pages: 5 to learn from, 1 to judge by.",
            "Pairs that look alike, each on one side: 1",
            "img_1.png - img_2.png",
        ]
        dialog.pages.fraction.setValue(50)
        yield lambda: "3 pages" in dialog.pages.report.text()
        dialog.reject()

    run_with(FakeDetector(), [str(folder)], script)


def test_a_window_that_is_closed_in_two_ways_at_once_is_closed_once(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("finetune")
        dialog = finetune_dialog(robot)
        yield dialog.start_button.isEnabled
        dialog.finished.connect(ended.append)
        dialog.reject()
        dialog.done(0)

    ended: list[int] = []
    run_with(FakeDetector(), [str(folder)], script)
    assert ended == [0]


def test_three_steps_say_how_long_it_takes_and_a_missing_checkpoint_is_said(qapp, folder: Path, tiny: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("finetune")
        dialog = finetune_dialog(robot)
        yield dialog.start_button.isEnabled
        for start in (str(tiny), "/no/such.safetensors"):
            dialog.learning.start.addItem(start, start)
            dialog.learning.start.setCurrentIndex(dialog.learning.start.count() - 1)
            dialog.place.device.setCurrentIndex(1)
            dialog.estimate_button.click()
            yield from until(dialog.estimate_button.isEnabled)
            if start == str(tiny):
                assert "for 15 steps on cpu" in dialog.estimate.text()
                assert "MB" in dialog.estimate.text()
        assert "no such checkpoint" in dialog.estimate.text()
        assert not (folder / ".tcm-studio" / "runs").exists()
        dialog.reject()

    run_with(FakeDetector(), [str(folder)], script)


def test_a_training_outlives_a_studio_that_is_killed_and_is_found_again(qapp, folder: Path, tiny: Path):
    killed = subprocess.run(
        [sys.executable, "-m", "tests.helpers.finetuned", str(folder), str(tiny)], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("trainings")
        window = training_window(robot)
        assert state(window) in ("going", "finished")
        yield from until(lambda: state(window) == "finished")
        assert window.curves.series["total"][0] == [float(step) for step in range(1, 21)]
        assert window.curves.series["hmean"][0] == [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
        window.close()

    run_with(FakeDetector(), [str(folder)], script)


def test_another_computer_trains_in_the_shared_folder_and_tells_the_same(
    qapp, folder: Path, tiny: Path, tmp_path: Path
):
    there = tmp_path / "mounted elsewhere"
    there.symlink_to(folder)
    command = f"{sys.executable} -m tests.helpers.remote_host {{config}} {{run}} {{resume}}"

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield from begin(robot, tiny, epochs=16, launcher=command, there=there)
        window = training_window(robot)
        yield from until(lambda: state(window) == "finished")
        run = window.chosen
        assert window.curves.series["total"][0] == [float(step) for step in range(1, 11)]
        assert str(there) in (run.folder / "train.log").read_text(encoding="utf-8")
        window.close()

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize("command", ["no-such-program {config}", "ssh 'host"])
def test_a_command_that_does_not_work_is_said_in_words(qapp, folder: Path, tiny: Path, command: str):
    quoted = command.startswith("ssh")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield from begin(robot, tiny, launcher=command)
        if quoted:
            assert "cannot be read" in finetune_dialog(robot).estimate.text()
            finetune_dialog(robot).reject()
            return
        window = training_window(robot)
        yield from until(lambda: window.chosen.state == "failed")
        assert "no-such-program: cannot be started" in window.problem.text()
        assert len(robot.page.regions) == 2
        window.close()

    run_with(FakeDetector(), [str(folder)], script)
