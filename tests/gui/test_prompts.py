"""The prompt playground through main(), with real checkpoints: words change the map of the open page."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QInputDialog

from app.domain.prompts import EVEN
from app.views.commands.prompts import PromptCommands
from app.views.dialogs.prompts import PromptWindow
from tcm_core.checkpoint_file import file_sha256, read_metadata
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.finetuned import until
from tests.helpers.photos import write_photos
from tests.helpers.worded import OWN, worded_checkpoint


def prompt_window(robot: AppRobot) -> PromptWindow:
    return next(found for found in robot.window.findChildren(PromptWindow) if found.isVisible())


def commands(robot: AppRobot) -> PromptCommands:
    return robot.window.findChild(PromptCommands)


def opened(robot: AppRobot):
    yield robot.picture_shown
    yield from until(robot.checkpoint_ready)
    robot.trigger("prompts")
    window = prompt_window(robot)
    yield from until(lambda: window.table.rowCount() and window.table.item(0, 1).text())


def typed(robot: AppRobot, window: PromptWindow, words: str):
    """Types words and waits for their map."""
    window.words.clear()
    robot.type(words, window.words)
    yield lambda: window.current == words and (known(window, words) or window.told.property("state") == "bad")


def known(window: PromptWindow, words: str) -> bool:
    return window._maps is not None and words in window._maps.maps


def rows(window: PromptWindow) -> list[list[str]]:
    table = window.table
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", ("a.jpg", "b.png"))


def test_typed_words_change_the_map_and_are_listed_kept_and_used(
    qapp, tmp_path: Path, photos: Path, private_home: Path
):
    base = worded_checkpoint(tmp_path)

    def script(robot: AppRobot):
        yield from opened(robot)
        window = prompt_window(robot)
        assert window.words.text() == OWN
        assert "has learnt the words of its own prompt only: a, photo, of, text, sign" in window.known.text()
        assert not window.use_button.isEnabled()
        looked = commands(robot)._service._bench.seen
        yield from typed(robot, window, "sign")
        assert commands(robot)._service._bench.seen is looked  # the image was not looked at again
        own, other = window.pictures.planes
        assert own.shape == other.shape
        assert (own != other).any()
        window.list_button.click()
        window.right.setCurrentIndex(1)
        window.right.activated.emit(1)
        window.high.set_value(0.1)
        window.high.value_changed.emit(0.1)
        assert (window.pictures.planes[1] != EVEN).any()
        assert [row[0] for row in rows(window)] == [OWN, "sign"]
        assert rows(window)[0][1] != rows(window)[1][1]
        assert rows(window)[0][3] == "-"  # there are no labels

        yield from typed(robot, window, "house")
        assert "does not know: house" in window.told.text()
        assert not window.use_button.isEnabled()

        window._use_words("sign")
        window.keep_button.click()
        dialog = window.findChild(QInputDialog)
        dialog.setTextValue("Signs")
        dialog.accept()
        assert window.presets.itemText(1) == "Signs"

        window.use_button.click()
        yield from until(lambda: "+sign-" in str(robot.window.detection.checkpoint.currentData()))
        yield from until(lambda: robot.window.status.checkpoint_label.text().startswith("words+sign"))
        assert window.words.text() == "sign"  # the playground stays with the checkpoint it began with
        assert OWN in [row[0] for row in rows(window)]
        robot.trigger("detect")
        yield from until(robot.idle)
        window.close()
        assert commands(robot)._service._bench.seen is None

    assert run_main([str(photos), "--checkpoint", str(base), "--device", "cpu"], script) == 0
    (made,) = (private_home / "checkpoints").glob("*.safetensors")
    metadata = read_metadata(made)
    assert metadata.model.tcm.language.words == "sign"
    assert file_sha256(made) != file_sha256(base)
    assert (private_home / "prompts.json").read_text().count("sign") == 1


def test_labels_judge_the_maps_and_what_is_found_is_counted(qapp, tmp_path: Path, photos: Path):
    base = worded_checkpoint(tmp_path)

    def script(robot: AppRobot):
        yield from opened(robot)
        window = prompt_window(robot)
        robot.window.activateWindow()
        robot.trigger("tool.rectangle")
        robot.drag((20, 30), (200, 90))
        yield lambda: robot.page.regions
        yield lambda: rows(window)[0][3] not in ("", "-")
        assert 0 < float(rows(window)[0][3]) <= 1
        window.detections.click()
        yield from until(lambda: rows(window)[0][4].isdigit())
        robot.trigger("next")
        yield from until(lambda: robot.key == "b.png" and window.windowTitle().startswith("b.png"))
        yield from until(lambda: window._maps.key == "b.png" and rows(window)[0][3] == "-")

    assert run_main([str(photos), "--checkpoint", str(base), "--device", "cpu"], script) == 0


def test_a_plain_detector_says_which_checkpoints_have_words(qapp, tmp_path: Path, photos: Path):
    import torch

    from tcm_core.build import build_detector
    from tcm_core.checkpoint import save_checkpoint
    from tests.helpers.tiny_model import TINY, tiny_metadata

    torch.manual_seed(0)
    model = TINY.model_copy(update={"tcm": None})
    plain = tmp_path / "plain.safetensors"
    save_checkpoint(plain, build_detector(model).state_dict(), tiny_metadata(model=model))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield from until(robot.checkpoint_ready)
        robot.trigger("prompts")
        window = prompt_window(robot)
        yield from until(lambda: "a plain detector without a language side" in window.told.text())
        assert "The words of .safetensors checkpoints of TCM can be changed" in window.told.text()
        assert not window.use_button.isEnabled()

    assert run_main([str(photos), "--checkpoint", str(plain), "--device", "cpu"], script) == 0
