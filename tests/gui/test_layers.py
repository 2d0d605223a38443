"""Layers: the list, its keys, every map of the head by its own name and alone; and room in the docks."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.domain.level_set import KeptMaps
from app.domain.map_layers import BINARY, SIMILARITY, map_named, map_names, map_title
from app.i18n.translation import use_language
from tcm_core.config.decode import DbDecode, FceDecode, PanDecode
from tcm_core.geometry.frame import ImageFrame
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector, FakePredictor, text_maps
from tests.helpers.fce_maps import exact_fce_maps
from tests.helpers.pan_maps import exact_pan_maps
from tests.helpers.photos import write_photos

WORD = np.array(((100, 100), (300, 100), (300, 160), (100, 160)), dtype=np.float64)
FRAME = ImageFrame((320, 640), (320, 640), (320, 640))


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    use_language("en")


class PanDetector(FakeDetector):
    """Finds nothing, with the maps of a PAN head."""

    def __call__(self, checkpoint: str, device: str) -> FakePredictor:
        predictor = super().__call__(checkpoint, device)
        predictor.decode_settings = PanDecode()

        def maps(image, scale=1.0, *, whole=False):
            size = image.shape[0], image.shape[1]
            frame = ImageFrame(size, size, (-(-size[0] // 32) * 32, -(-size[1] // 32) * 32))
            return exact_pan_maps([WORD / 4], frame)

        predictor.maps = maps
        return predictor


def rows(robot: AppRobot) -> dict[str, tuple[str, bool]]:
    """The listed layers: their keys, and whether they are ticked."""
    found = robot.window.layers.list
    items = [found.topLevelItem(row) for row in range(found.topLevelItemCount())]
    return {item.text(0): (item.text(1), item.checkState(0) == Qt.CheckState.Checked) for item in items}


def shown(robot: AppRobot) -> set[str]:
    return {title for title, (_, ticked) in rows(robot).items() if ticked}


def item(robot: AppRobot, title: str):
    return robot.window.layers.list.findItems(title, Qt.MatchFlag.MatchExactly)[0]


def test_the_maps_of_every_head_have_its_names():
    db = KeptMaps(text_maps((320, 640)), DbDecode())
    pan = KeptMaps(exact_pan_maps([WORD], FRAME), PanDecode())
    fce = KeptMaps(exact_fce_maps([WORD]), FceDecode())
    titles = [[map_title(name) for name in map_names(kept)] for kept in (db, pan, fce)]
    assert titles[0] == ["Text probability", "Threshold map", "Above the threshold"]
    assert titles[1] == ["Text", "Kernel", "Similarity", "Above the threshold"]
    assert titles[2][:2] == ["Text 1/8", "Centre line 1/8"]
    assert len(titles[2]) == 7
    assert map_names(None) == ()
    assert map_title("new_thing") == "New thing"


def test_a_map_that_the_head_lacks_is_its_first_and_the_threshold_cuts():
    maps = text_maps((320, 640))
    db = KeptMaps(maps, DbDecode(threshold=0.7))
    assert map_named(db, "kernel") is maps.planes["probability"]
    assert map_named(db, "language") is maps.language
    strict, loose = (map_named(KeptMaps(maps, DbDecode(threshold=at)), BINARY) for at in (0.7, 0.3))
    assert set(np.unique(strict)) == {0, 255}
    assert 0 < (strict > 0).sum() < (loose > 0).sum()  # texts of probability 0.9 and 0.6


def test_keys_and_the_list_show_each_map_and_show_it_alone(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        assert list(rows(robot)) == ["Regions", "Detections", "Ground truth", "Instance-language"]
        assert not robot.action("map.1").isVisible()
        yield robot.checkpoint_ready
        robot.press("G")
        yield robot.can_accept
        assert {title: key for title, (key, _) in rows(robot).items()} == {
            "Regions": "1", "Detections": "2", "Ground truth": "5", "Instance-language": "4",
            "Text probability": "6", "Threshold map": "7", "Above the threshold": "8",
        }  # fmt: skip
        base = {"Regions", "Detections", "Ground truth"}
        assert shown(robot) == base
        pictures = [robot.canvas.grab().toImage()]
        for key, title in (
            ("4", "Instance-language"),
            ("6", "Text probability"),
            ("8", "Above the threshold"),
        ):
            robot.press(key)
            assert shown(robot) == base | {title}
            pictures.append(robot.canvas.grab().toImage())
        assert all(a != b for at, a in enumerate(pictures) for b in pictures[:at])
        robot.press("8")
        assert shown(robot) == base
        robot.press("9")  # this head has no fourth map
        assert shown(robot) == base
        robot.press("Alt+6")
        assert shown(robot) == {"Text probability"}
        robot.press("Alt+8")
        assert shown(robot) == {"Above the threshold"}
        robot.press("Alt+8")
        assert base < shown(robot)
        robot.press("Alt+5")
        assert shown(robot) == {"Ground truth"}
        robot.press("Alt+5")
        assert base <= shown(robot)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_tick_and_enter_in_the_list_do_what_the_keys_do(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("layers")
        assert robot.window.layers.list.isVisible()
        item(robot, "Detections").setCheckState(0, Qt.CheckState.Unchecked)
        assert not robot.canvas.stage.is_visible("detections")
        assert "Detections" not in shown(robot)
        robot.window.layers.list.itemActivated.emit(item(robot, "Detections"), 0)
        assert shown(robot) == {"Detections"}
        assert not robot.canvas.stage.is_visible("regions")
        robot.window.layers.list.itemActivated.emit(item(robot, "Detections"), 0)
        assert {"Regions", "Detections", "Ground truth"} <= shown(robot)

    run_with(FakeDetector(), [str(folder)], script)


def test_another_head_lists_its_own_maps_in_every_language(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.window.layers.set_map("probability")  # chosen with another head
        robot.press("G")
        yield lambda: "Kernel" in rows(robot)
        assert shown(robot) >= {"Text"}
        robot.press("7")
        assert robot.window.layers.map_name == "kernel"
        robot.press("Shift+J")
        assert robot.window.layers.map_name == SIMILARITY
        robot.press("Shift+J")
        assert robot.window.layers.map_name == BINARY

    run_with(PanDetector(), [str(folder)], script)


@pytest.mark.parametrize("language", ["en", "zh_TW", "zh_CN"])
@pytest.mark.parametrize(("width", "height", "lines"), [(1440, 900, 11), (1280, 720, 5)])
def test_regions_detector_and_pages_have_room(
    qapp, tmp_path: Path, private_home: Path, language: str, width: int, height: int, lines: int
):
    folder = write_photos(tmp_path / "p", tuple(f"{at}.jpg" for at in range(12)))
    (private_home / "settings.toml").write_text(f'[view]\nlanguage = "{language}"\n', encoding="utf-8")

    def script(robot: AppRobot):
        robot.window.resize(width, height)
        yield robot.picture_shown
        window = robot.window
        assert (window.width(), window.height()) == (width, height)
        yield lambda: window.regions.table.viewport().height() >= lines * 26
        detection = window.detection
        yield lambda: detection.verticalScrollBar().maximum() == 0  # nothing needs scrolling
        assert detection.more.heading.isVisible()
        assert not detection.reset.isVisible()
        assert window.pages.view.viewport().height() >= 7 * 60
        assert window.canvas.width() > width / 2 - 60
        detection.more.set_open(True)
        yield detection.reset.isVisible
        yield lambda: window.regions.table.viewport().height() >= 3 * 26

    run_with(FakeDetector(), [str(folder)], script)


def test_the_similarity_of_pan_is_full_where_vectors_are_alike_and_fades_with_their_distance():
    maps = exact_pan_maps([WORD], FRAME)
    inside = np.unravel_index(np.argmax(maps.planes["text"]), maps.planes["text"].shape)
    alike = map_named(KeptMaps(maps, PanDecode()), SIMILARITY)
    assert alike.shape == maps.planes["text"].shape
    assert alike[inside] == 255
    assert alike[-1, -1] == 0
    maps.values["embedding"][0, inside[0], inside[1]] += 2.0
    apart = map_named(KeptMaps(maps, PanDecode(max_distance=3.0)), SIMILARITY)
    assert 255 * 0.6 < apart[inside] < 255 * 0.75  # two of six


def test_the_threshold_map_of_db_is_made_when_it_is_looked_at(qapp, tmp_path: Path):
    folder, detector = write_photos(tmp_path / "p", ("a.jpg",)), FakeDetector()

    def script(robot: AppRobot):
        yield from robot.detected()
        assert "threshold" not in robot.canvas.maps.maps.planes
        looked = len(detector.seen)
        robot.press("7")
        yield lambda: "threshold" in robot.canvas.maps.maps.planes
        assert shown(robot) >= {"Threshold map"}
        assert robot.detection_count == 2
        robot.press("6")
        robot.press("7")
        assert len(detector.seen) == looked + 1  # it is kept

    assert run_with(detector, [str(folder)], script) == 0


def test_a_checkpoint_without_threshold_map_is_asked_once_and_it_is_said(qapp, tmp_path: Path):
    folder, detector = write_photos(tmp_path / "p", ("a.jpg",)), FakeDetector(has_threshold=False)

    def script(robot: AppRobot):
        yield from robot.detected()
        looked = len(detector.seen)
        robot.press("7")
        yield lambda: "no threshold map" in robot.window.status.currentMessage()
        assert len(detector.seen) == looked + 1

    assert run_with(detector, [str(folder)], script) == 0
