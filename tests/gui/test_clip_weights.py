"""CLIP weights pulled from the window over a real connection: progress, breaks, stops, wrong files."""

import hashlib
from pathlib import Path

import open_clip
import pytest

from app.views.dialogs.checkpoints_weights import WeightsPanel
from tcm_core.weights.known import known_weights
from tcm_core.weights.store import weights_folder
from tests.gui.test_checkpoints import checkpoint_window
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.file_server import serving
from tests.helpers.finetuned import until
from tests.helpers.photos import write_photos

CONTENT = bytes(range(256)) * 12_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NAME = "RN50-openai"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch):
    """open_clip's own table with the address of a local server for one of its files."""
    monkeypatch.setenv("no_proxy", "*")
    with serving(CONTENT) as server:
        entry = {**open_clip.get_pretrained_cfg("RN50", "openai"), "url": f"{server.url}/{DIGEST}/RN50.pt"}
        monkeypatch.setitem(open_clip.pretrained._PRETRAINED["RN50"], "openai", entry)
        known_weights.cache_clear()
        yield server
        known_weights.cache_clear()


def weights_panel(robot: AppRobot):
    """Opens the tab and waits for the list."""
    yield robot.picture_shown
    robot.trigger("checkpoints")
    window = checkpoint_window(robot)
    window.tabs.setCurrentIndex(1)
    yield from until(lambda: window.weights.tree.topLevelItemCount())
    window.weights.choose(NAME)


def state(panel: WeightsPanel) -> str:
    return panel.tree.currentItem().text(1)


def run(tmp_path: Path, steps) -> None:
    def script(robot: AppRobot):
        yield from weights_panel(robot)
        yield from steps(checkpoint_window(robot).weights)

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0


def test_nothing_is_asked_of_the_network_until_pull_is_pressed(qapp, tmp_path: Path, published):
    def steps(panel: WeightsPanel):
        assert state(panel) == "not here"
        assert panel.tree.currentItem().text(4) == published.url.removeprefix("http://")
        assert published.asked == []
        panel.pull_button.click()
        yield from until(lambda: state(panel) == "here")
        assert "3.1 MB with the right checksum" in panel.told.text()
        assert not panel.pull_button.isEnabled()
        panel.check_button.click()
        yield lambda: f"{NAME} is intact" in panel.told.text()
        (weights_folder() / f"{NAME}.pt").write_bytes(CONTENT[:-1] + b"x")
        panel.check_button.click()
        yield lambda: "is damaged: its checksum differs" in panel.told.text()

    run(tmp_path, steps)
    assert published.asked == [None]


def test_a_download_that_breaks_off_is_gone_on_with(qapp, tmp_path: Path, published):
    published.break_after = [1_000_000, 0]

    def steps(panel: WeightsPanel):
        panel.pull_button.click()
        yield from until(lambda: panel.told.property("state") == "bad")
        assert "What came, 1.0 MB, is kept, and gone on with" in panel.told.text()
        yield lambda: state(panel) == "begun"
        assert panel.tree.currentItem().text(2) == "1.0 MB"
        panel.pull_button.click()
        yield from until(lambda: state(panel) == "here")

    run(tmp_path, steps)
    assert published.asked[-1] == "bytes=1000000-"
    assert (weights_folder() / f"{NAME}.pt").read_bytes() == CONTENT


def test_another_file_than_promised_is_thrown_away(qapp, tmp_path: Path, published):
    published.content = CONTENT[::-1]

    def steps(panel: WeightsPanel):
        panel.pull_button.click()
        yield from until(lambda: panel.told.property("state") == "bad")
        assert f"promised is {DIGEST[:16]}" in panel.told.text()
        yield lambda: state(panel) == "not here"

    run(tmp_path, steps)
    assert [path.name for path in weights_folder().iterdir() if not path.name.endswith(".lock")] == []


def test_without_a_network_it_says_so_and_what_else_can_be_done(qapp, tmp_path: Path, published):
    published.shutdown()
    published.server_close()

    def steps(panel: WeightsPanel):
        panel.pull_button.click()
        yield from until(lambda: panel.told.property("state") == "bad")
        assert "the server cannot be reached" in panel.told.text()
        assert "On a computer without a network: copy the file here" in panel.told.text()
        assert panel.pull_button.isEnabled()

    run(tmp_path, steps)


def test_a_download_is_stopped_and_its_part_kept(qapp, tmp_path: Path, published):
    published.pause_after = 1_500_000

    def steps(panel: WeightsPanel):
        panel.pull_button.click()
        yield from until(lambda: panel.bar.maximum() > 0 and panel.bar.value() > 0)
        panel.stop_button.click()
        assert "Stopped. What came is kept" in panel.told.text()
        published.go_on.set()
        yield lambda: state(panel) == "begun"
        yield lambda: panel.pull_button.isEnabled()
        panel.pull_button.click()
        yield from until(lambda: state(panel) == "here")

    run(tmp_path, steps)
    assert published.asked[0] is None
    assert published.asked[-1].startswith("bytes=")


def test_a_file_that_is_no_clip_is_not_added(qapp, tmp_path: Path, published):
    stranger = tmp_path / "stranger.pt"
    stranger.write_bytes(b"nothing of the kind")

    def steps(panel: WeightsPanel):
        panel.add_file(stranger)
        yield from until(lambda: panel.told.property("state") == "bad")
        assert "stranger.pt" in panel.told.text()

    run(tmp_path, steps)
    assert not list(weights_folder().glob("stranger*"))
