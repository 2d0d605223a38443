"""The window of checkpoints: what is listed, and everything that can be done with a file, through main()."""

import hashlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QInputDialog
from safetensors.numpy import load_file, save_file

from app.views.commands.checkpoints import CheckpointCommands
from app.views.commands.compare import CompareCommands
from app.views.dialogs.checkpoints import CheckpointWindow
from app.views.dialogs.checkpoints_ask import DeleteCheckpointDialog
from tcm_core.checkpoint_file import SEAL, file_sha256, list_checkpoints
from tests.helpers.app_robot import AppRobot, run_main, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.finetuned import until
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint

OTHERS = [path.stem for path in list_checkpoints() if path.stem != "db-small"]
"""Shipped, and not the one in use."""


@pytest.fixture
def own(private_home: Path) -> Path:
    """The person's folder of checkpoints, with one in it."""
    folder = private_home / "checkpoints"
    folder.mkdir()
    tiny_checkpoint(folder).rename(folder / "mine.safetensors")
    return folder


def checkpoint_window(robot: AppRobot) -> CheckpointWindow:
    return next(found for found in robot.window.findChildren(CheckpointWindow) if found.isVisible())


def commands(robot: AppRobot) -> CheckpointCommands:
    return robot.window.findChild(CheckpointCommands)


def opened(robot: AppRobot):
    yield robot.picture_shown
    robot.trigger("checkpoints")
    window = checkpoint_window(robot)
    yield lambda: names(window)
    yield lambda: all(commands(robot).shelf.note(entry).sha256 for entry in commands(robot).shelf.entries)


def names(window: CheckpointWindow) -> list[str]:
    return [window.tree.topLevelItem(row).text(0) for row in range(window.tree.topLevelItemCount())]


def choose(window: CheckpointWindow, name: str):
    entry = next(entry for entry in window._shelf.entries if entry.name == name)
    window.choose(entry.path)
    return entry


def answer(window: CheckpointWindow, text: str) -> None:
    dialog = next(found for found in window.findChildren(QInputDialog) if found.isVisible())
    dialog.setTextValue(text)
    dialog.accept()
    window.activateWindow()  # a window manager does it; the offscreen platform has none


def fact(window: CheckpointWindow, name: str) -> str:
    return window.facts.values[name].text()


def test_the_list_says_what_each_file_is(qapp, tmp_path: Path, own: Path):
    broken = own / "cut.safetensors"
    broken.write_bytes((own / "mine.safetensors").read_bytes()[:-50])
    (own / "mine.md").write_text(
        "# Mine\n\n| | |\n|---|---|\n| licence | CC0 |\n\n<b>raw</b> ![x](http://127.0.0.1/x.png)\n"
    )

    def script(robot: AppRobot):
        yield from opened(robot)
        window = checkpoint_window(robot)
        assert names(window) == ["● db-small", *OTHERS, "cut", "mine"]
        choose(window, "db-small")
        assert fact(window, "Licence") == "Apache-2.0"
        assert fact(window, "Figures") == "hmean 0.7527 (test, 500 images)"
        assert fact(window, "SHA-256").startswith("5e05957e61ad2cff")
        assert fact(window, "Words of its prompt") == "text"
        choose(window, "mine")
        assert fact(window, "Licence") == "CC0"
        assert fact(window, "Head") == "DB"
        assert "<b>" in window.facts.card.toPlainText()  # HTML stays what it is: letters
        choose(window, "cut")
        assert "its header promises" in fact(window, "State")
        window.buttons["use"].click()
        assert "its header promises" in window.told.text()
        window.filter.setText("own min")
        rows = [window.tree.topLevelItem(row) for row in range(window.tree.topLevelItemCount())]
        assert [row.text(0) for row in rows if not row.isHidden()] == ["mine"]

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0


def used(robot: AppRobot):
    """The person's own checkpoint is in use and has looked at all pages."""
    yield from opened(robot)
    window = checkpoint_window(robot)
    choose(window, "mine")
    window.buttons["use"].click()
    yield from until(lambda: robot.window.status.checkpoint_label.text().startswith("tiny"))
    robot.trigger("detect_all")
    yield from until(robot.all_detected)
    yield lambda: "● mine" in names(window)
    choose(window, "mine")


def test_tags_and_a_new_name_stay_with_the_file_and_with_what_it_found(qapp, tmp_path: Path, own: Path):
    (own / "mine.md").write_text("# Mine\n")

    def script(robot: AppRobot):
        yield from used(robot)
        window = checkpoint_window(robot)
        window.buttons["tags"].click()
        answer(window, "street, night,  street")
        assert fact(window, "Tags") == "street, night"
        window.buttons["rename"].click()
        answer(window, "db-small/../../x")
        assert "A name has letters, digits" in window.told.text()
        (own / "taken.safetensors").write_bytes(b"x")
        window.buttons["rename"].click()
        answer(window, "taken")
        assert "There is a checkpoint taken already" in window.told.text()
        assert (own / "taken.safetensors").read_bytes() == b"x"
        window.buttons["rename"].click()
        answer(window, "streets")
        yield lambda: "● streets" in names(window)
        yield from until(robot.checkpoint_ready)
        assert robot.window.detection.checkpoint.currentData() == str(own / "streets.safetensors")
        entry = choose(window, "streets")
        assert fact(window, "Tags") == "street, night"
        traces = commands(robot).shelf.traces(entry)
        assert (len(traces.keys), traces.maps) == (3, 3)
        assert robot.detection_count or "0 detections" in robot.window.detection.summary.text()

    arguments = [str(write_photos(tmp_path / "p")), "--checkpoint", "db-small", "--device", "cpu"]
    assert run_main(arguments, script) == 0
    assert sorted(path.name for path in own.iterdir()) == [
        "streets.md", "streets.safetensors", "taken.safetensors",
    ]  # fmt: skip


def test_what_is_deleted_goes_with_all_that_it_left(qapp, tmp_path: Path, own: Path, private_home: Path):
    photos = write_photos(tmp_path / "p")
    (own / "mine.md").write_text("# Mine\n")

    def script(robot: AppRobot):
        yield from used(robot)
        window = checkpoint_window(robot)
        window.buttons["delete"].click()
        assert "is in use. Use another checkpoint first" in window.told.text()
        choose(window, "db-small")
        for refused in ("delete", "rename"):
            window.buttons[refused].click()
            assert "is shipped with the program" in window.told.text()
        window.buttons["use"].click()
        yield from until(lambda: robot.window.status.checkpoint_label.text().startswith("db-small"))
        yield lambda: "● db-small" in names(window)
        choose(window, "mine")
        window.buttons["delete"].click()
        (dialog,) = window.findChildren(DeleteCheckpointDialog)
        assert "3 images of this folder and 3 kept maps" in dialog.informativeText()
        dialog.keep_button.click()
        assert (own / "mine.safetensors").is_file()
        window.buttons["delete"].click()
        found = [one for one in window.findChildren(DeleteCheckpointDialog) if one.isVisible()]
        found[0].delete_button.click()
        yield lambda: not any("mine" in name for name in names(window))
        assert "mine is deleted" in window.told.text()
        yield lambda: "has not been looked at" in robot.window.detection.summary.text()

    assert run_main([str(photos), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
    assert list(own.iterdir()) == []
    with sqlite3.connect(photos / ".tcm-studio" / "project.sqlite3") as kept:
        assert kept.execute("SELECT count(*) FROM predictions").fetchone() == (0,)
    assert not list((private_home / "maps").glob("*/*.npz"))


def test_a_copy_of_the_one_in_use_goes_alone(qapp, tmp_path: Path, own: Path):
    shutil.copyfile(own / "mine.safetensors", own / "copy.safetensors")

    arguments = [
        str(write_photos(tmp_path / "p")), "--checkpoint", str(own / "mine.safetensors"), "--device", "cpu",
    ]  # fmt: skip

    def script(robot: AppRobot):
        yield from opened(robot)
        yield from until(robot.checkpoint_ready)
        window = checkpoint_window(robot)
        choose(window, "mine")
        window.buttons["compare"].click()
        compared = commands(robot).parent().findChild(CompareCommands).window
        yield from until(lambda: compared.board.panes[1].content is not None)
        assert compared.board.sources[1].title == "tiny"
        compared.close()
        entry = choose(window, "copy")
        assert commands(robot).shelf.traces(entry).keys == ()  # they are the other's, too
        window.buttons["delete"].click()
        (dialog,) = window.findChildren(DeleteCheckpointDialog)
        dialog.delete_button.click()
        yield lambda: names(window) == ["db-small", *OTHERS, "● mine"]
        traces = commands(robot).shelf.traces(choose(window, "mine"))
        assert traces.keys == (robot.key,)

    assert run_main(arguments, script) == 0


def test_a_check_finds_a_number_that_is_none(qapp, tmp_path: Path, own: Path):
    tensors = load_file(own / "mine.safetensors")
    from safetensors import safe_open

    with safe_open(own / "mine.safetensors", "np") as file:
        metadata = file.metadata()
    del metadata[SEAL]  # written with these values, not changed since
    name = next(name for name, values in tensors.items() if values.dtype == np.float16)
    tensors[name] = np.full_like(tensors[name], np.nan)
    save_file(tensors, own / "nan.safetensors", metadata)

    def script(robot: AppRobot):
        yield from opened(robot)
        window = checkpoint_window(robot)
        for file, said in (
            ("nan", f"{name} has values that are not finite"),
            ("mine", "Sound: every number"),
        ):
            choose(window, file)
            window.buttons["check"].click()
            yield lambda said=said: said in window.told.text()
            assert said in fact(window, "State")

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0


def test_a_file_is_imported_under_a_name_of_its_own_and_strangers_are_said_in_words(
    qapp, tmp_path: Path, own: Path
):
    given = tiny_checkpoint(tmp_path)
    stranger = tmp_path / "stranger.pth"
    stranger.write_bytes(b"not a checkpoint at all")

    def script(robot: AppRobot):
        yield from opened(robot)
        window, doing = checkpoint_window(robot), commands(robot)
        doing.bring_in(given, "mine")
        assert "There is a checkpoint mine already" in window.told.text()
        doing.bring_in(given, doing.tools.free_name("mine"))
        yield lambda: "mine-2" in names(window)
        assert (own / "mine-2.safetensors").read_bytes() == given.read_bytes()
        entry = choose(window, "mine-2")
        assert f"imported from {given}" in doing.shelf.note(entry).origin
        doing.bring_in(stranger, "stranger")
        assert window.bar.isVisible()
        yield from until(lambda: not window.bar.isVisible())
        assert "stranger" in window.told.text()
        (problem,) = robot.close_problems()
        assert str(stranger) in problem.where
        assert not list(own.glob("stranger*"))
        assert not [path for path in own.iterdir() if path.name.startswith(".")]

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0


def test_a_checkpoint_is_exported_compared_and_used(qapp, tmp_path: Path, own: Path):
    pytest.importorskip("onnxruntime")
    target = own / "mine.onnx"

    def script(robot: AppRobot):
        yield from opened(robot)
        window, doing = checkpoint_window(robot), commands(robot)
        doing.export(choose(window, "mine"), target)
        assert "traced" in window.told.text()
        yield from until(lambda: not window.bar.isVisible(), 280)
        assert window.told.text() == "mine.onnx is written, and gives what the checkpoint gives"
        yield lambda: len(names(window)) == 3 + len(OTHERS)
        entry = next(entry for entry in doing.shelf.entries if entry.exported)
        window.choose(entry.path)
        window.buttons["export"].click()
        assert "is an exported file already" in window.told.text()
        doing.export(doing.shelf.entries[0], target)
        assert "there is such a file already" in window.told.text()

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0
    assert file_sha256(target)


def test_an_export_that_is_stopped_leaves_nothing(qapp, tmp_path: Path, own: Path):
    before = hashlib.sha256((own / "mine.safetensors").read_bytes()).hexdigest()

    def script(robot: AppRobot):
        yield from opened(robot)
        window, doing = checkpoint_window(robot), commands(robot)
        doing.export(choose(window, "mine"), own / "mine.onnx")
        window.stop_button.click()
        yield lambda: not window.bar.isVisible()
        assert window.told.text() == "Stopped; nothing was kept"

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0
    assert [path.name for path in own.iterdir()] == ["mine.safetensors"]
    assert hashlib.sha256((own / "mine.safetensors").read_bytes()).hexdigest() == before


def test_notes_that_are_damaged_are_set_aside_and_said(qapp, tmp_path: Path, own: Path, private_home: Path):
    (private_home / "checkpoints.json").write_text("{broken")

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("checkpoints")
        window = checkpoint_window(robot)
        assert "It was kept as checkpoints.json.unusable" in window.told.text()
        yield lambda: names(window)
        shutil.rmtree(own)
        commands(robot)._look()
        yield lambda: names(window) == ["● db-small", *OTHERS]

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0
    assert (private_home / "checkpoints.json.unusable").read_text() == "{broken"
