"""Detection: results beside the page, live settings, memory, failures; labels stay."""

import numpy as np

from app.domain.page import Page
from app.workers.messages import Problem
from tcm_core.geometry.overlap import iou
from tests.helpers.detection_studio import (
    SIZE,
    Heard,
    build,
    detect,
    detect_all,
    load,
    make_folder,
    tear_down,
)
from tests.helpers.fake_predictor import TWO_TEXTS, OutOfMemoryError


def test_a_detected_page_has_the_texts_that_are_in_it(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    found = studio.service.predictions("p1.png")
    assert found.checkpoint_name == "a"
    assert found.checkpoint_hash == "hash of a"
    assert found.settings == studio.service.settings
    for text in TWO_TEXTS:
        expected = np.array(text) * (SIZE[1], SIZE[0])
        assert max(iou(expected, detection.polygon) for detection in found.detections) > 0.6
    assert studio.workspace.summary("p1.png").detection_count == 2
    assert studio.workspace.summary("p1.png").review == "detected"
    assert studio.workspace.db.load_page("p1.png") == Page()
    assert studio.service.predictions("p2.png") is None


def test_results_are_there_after_the_program_was_ended(qtbot, tmp_path):
    folder = make_folder(tmp_path / "photos", 1)
    first = build(qtbot, tmp_path, folder)
    load(qtbot, first)
    detect(qtbot, first, "p1.png")
    before = first.service.predictions("p1.png")
    tear_down(first)
    second = build(qtbot, tmp_path, folder)
    after = second.service.predictions("p1.png")
    assert [d.score for d in after.detections] == [d.score for d in before.detections]
    assert all(
        np.array_equal(a.polygon, b.polygon) for a, b in zip(after.detections, before.detections, strict=True)
    )
    assert np.array_equal(after.maps.planes["probability"], before.maps.planes["probability"])
    assert second.workspace.summary("p1.png").detection_count == 2
    assert second.detector.seen == []
    tear_down(second)


def test_detections_outlive_their_maps(qtbot, tmp_path):
    folder = make_folder(tmp_path / "photos", 1)
    first = build(qtbot, tmp_path, folder)
    load(qtbot, first)
    detect(qtbot, first, "p1.png")
    tear_down(first)
    for path in (tmp_path / "maps").rglob("*.npz"):
        path.unlink()
    second = build(qtbot, tmp_path, folder)
    found = second.service.predictions("p1.png")
    assert found.maps is None
    assert len(found.detections) == 2
    second.service.set_settings(found.settings.model_copy(update={"score_threshold": 0.99}))
    assert len(second.service.predictions("p1.png").detections) == 2
    tear_down(second)


def test_the_threshold_decodes_the_open_page_at_once_without_the_network(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    studio.workspace.session.open_page("p1.png")
    heard = Heard(studio.service)
    settings = studio.service.settings
    for score_threshold, count in ((0.7, 1), (0.95, 0), (0.2, 2)):
        studio.service.set_settings(settings.model_copy(update={"score_threshold": score_threshold}))
        assert len(studio.service.predictions("p1.png").detections) == count
        assert studio.workspace.summary("p1.png").detection_count == count
    assert heard.detected == ["p1.png"] * 3
    assert len(heard.settings) == 3
    assert len(studio.detector.seen) == 1


def test_pages_looked_at_later_follow_the_present_settings(qtbot, studio):
    load(qtbot, studio)
    detect_all(qtbot, studio)
    strict = studio.service.settings.model_copy(update={"score_threshold": 0.7})
    studio.service.set_settings(strict)
    found = studio.service.predictions("p3.png")
    assert found.settings == strict
    assert len(found.detections) == 1
    detect(qtbot, studio, "p3.png")
    assert len(studio.service.predictions("p3.png").detections) == 1


def test_settings_moved_while_a_page_is_in_work_count_for_it(qtbot, studio):
    load(qtbot, studio)
    studio.detector.gate.clear()
    studio.service.detect_page("p1.png")
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.set_settings(studio.service.settings.model_copy(update={"score_threshold": 0.7}))
    with qtbot.waitSignal(studio.service.page_detected):
        studio.detector.gate.set()
    assert len(studio.service.predictions("p1.png").detections) == 1
    assert studio.workspace.summary("p1.png").detection_count == 1


def test_memory_of_maps_is_bounded_and_they_come_back_from_the_disk(qtbot, tmp_path):
    one = 40 * 64 + 5 * 8  # bytes: probability at 1/4 and language at 1/32 of 160 x 256
    studio = build(qtbot, tmp_path, make_folder(tmp_path / "photos"), memory_bytes=2 * one)
    load(qtbot, studio)
    detect_all(qtbot, studio)
    assert studio.service.store.memory_bytes == 2 * one
    studio.service.store.flush()
    for number in range(1, 6):
        assert studio.service.predictions(f"p{number}.png").maps is not None
        assert studio.service.store.memory_bytes == 2 * one
    tear_down(studio)


def test_a_failed_page_keeps_what_was_found_before(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    studio.detector.raises = lambda device, image: RuntimeError("broken")
    with qtbot.waitSignal(studio.service.page_failed):
        studio.service.detect_page("p1.png")
    assert len(studio.service.predictions("p1.png").detections) == 2
    assert studio.workspace.summary("p1.png").detection_count == 2


def test_without_a_usable_checkpoint_every_page_says_why(qtbot, studio):
    studio.detector.refuse = frozenset({"broken"})
    heard = Heard(studio.service)
    with qtbot.waitSignal(studio.service.checkpoint_failed):
        studio.service.load_checkpoint("broken")
    assert "broken: no such checkpoint" in heard.refused[0].what
    summary = detect_all(qtbot, studio)
    assert (summary.done, summary.failed) == (0, 5)
    assert "No checkpoint is loaded" in summary.problems[0][1].what
    assert studio.service.checkpoint is None


def test_the_device_shown_is_the_one_really_in_use(qtbot, studio):
    studio.detector.gpu = "cuda:0 fake, fp16"
    load(qtbot, studio)
    assert studio.service.checkpoint.device_text == "cuda:0 fake, fp16"

    def full(device, image):
        return OutOfMemoryError("CUDA out of memory") if device.startswith("cuda") else None

    studio.detector.raises = full
    chosen = studio.service.settings.model_copy(update={"score_threshold": 0.7})
    studio.service.set_settings(chosen)
    summary = detect_all(qtbot, studio)
    assert summary.done == 5
    assert studio.service.checkpoint.device_text == "cpu, fake"
    assert studio.service.checkpoint.notice is not None
    assert studio.service.settings == chosen


def test_a_disk_that_refuses_costs_the_saving_and_says_so_once(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.workspace.db._connection.execute("PRAGMA query_only = 1")
    summary = detect_all(qtbot, studio)
    assert summary.done == 5
    assert len(heard.unsaved) == 1
    assert "p1.png" in heard.unsaved[0].what
    assert len(studio.service.predictions("p2.png").detections) == 2
    studio.workspace.db._connection.execute("PRAGMA query_only = 0")


def test_an_image_looked_at_in_a_smaller_size_is_told(qtbot, studio):
    load(qtbot, studio)
    noticed: list[tuple[str, Problem]] = []
    studio.service.page_noticed.connect(lambda key, problem: noticed.append((key, problem)))
    studio.detector.raises = lambda device, image: (
        OutOfMemoryError("full") if studio.detector.scales[-1] == 1.0 else None
    )
    detect(qtbot, studio, "p1.png")
    ((key, problem),) = noticed
    assert key == "p1.png"
    assert "70%" in problem.what
    assert studio.service.outcomes["p1.png"].problem is problem
