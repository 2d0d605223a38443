"""From the first window to the exported labels through the real main(), with a kill -9 in the middle."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.views.dialogs.export import ExportDialog
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.geometry.quad import min_area_quad
from tests.conftest import REPOSITORY
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.journey import noted
from tests.helpers.photos import write_photo

SHIPPED = REPOSITORY / "resources" / "checkpoints" / "db-small.safetensors"


@pytest.fixture
def material(tmp_path: Path, samples: Path) -> tuple[Path, str]:
    """A folder of photographs and a checkpoint: real ones where they are shipped, else made ones."""
    folder = tmp_path / "photo graphs, 写真"
    folder.mkdir()
    if SHIPPED.is_file():
        for image in sorted((samples / "images").glob("*.jpg"))[:3]:
            shutil.copy(image, folder)
        return folder, "db-small"
    from tests.helpers.tiny_model import tiny_checkpoint

    for seed, name in enumerate(("one.jpg", "two.jpg", "three.png")):
        write_photo(folder / name, (480, 640), seed)
    return folder, str(tiny_checkpoint(tmp_path))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.timeout(600)
def test_every_finished_edit_survives_a_kill_and_is_exported(qapp, material, tmp_path: Path):
    folder, checkpoint = material
    state_file = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.helpers.journey", str(folder), checkpoint, str(state_file)]
    killed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    expected = json.loads(state_file.read_text(encoding="utf-8"))
    assert len(expected) == 2

    def after_the_restart(robot: AppRobot):
        yield robot.picture_shown
        for key in expected:
            while robot.key != key:
                robot.press("D")
                yield robot.picture_shown
            assert [vars(region) for region in noted(robot.page)] == expected[key]
        yield robot.checkpoint_ready  # a thread in the middle of loading cannot be ended
        yield from export(robot, tmp_path / "labels")

    assert run_main([str(folder), "--checkpoint", checkpoint], after_the_restart) == 0
    for key, regions in expected.items():
        assert_exported(tmp_path / "labels" / f"gt_{Path(key).stem}.txt", regions)


def export(robot: AppRobot, out: Path):
    """Through the dialog: the report names what changes before anything is written."""
    robot.press("Ctrl+Shift+E")
    dialog = robot.window.findChild(ExportDialog)
    assert dialog is not None
    assert "turned into the smallest rectangle" in dialog.report.toPlainText()
    assert not out.exists()
    dialog.folder.setText(str(out))
    dialog.export_button.click()
    yield lambda: "Written" in dialog.outcome.text()
    assert str(out) in dialog.outcome.text()
    dialog.close_button.click()


def assert_exported(file: Path, regions: list[dict]) -> None:
    """The file holds the regions: ### for ignored ones, rectangles around polygons over four points."""
    written = read_icdar(file)
    assert len(written) == len(regions)
    for instance, region in zip(written, regions, strict=True):
        assert instance.ignore == region["ignore"]
        if not region["ignore"]:
            assert instance.text == region["text"]
        points = np.array(region["polygon"])
        wanted = points if len(points) == 4 else min_area_quad(points)
        distances = np.linalg.norm(wanted[:, None] - instance.polygon[None], axis=2)
        assert distances.min(axis=1).max() <= 1.0, f"{wanted} was written as {instance.polygon}"


def test_detection_again_leaves_human_work_alone(qapp, material):
    folder, checkpoint = material

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("R")
        robot.drag((30, 30), (150, 80))
        yield lambda: robot.page.regions
        before = robot.page.regions
        for _ in range(2):
            robot.press("G")
            yield robot.idle
        assert robot.page.regions == before
        assert robot.page.review == "edited"

    run_main([str(folder), "--checkpoint", checkpoint, "--device", "cpu"], script)
