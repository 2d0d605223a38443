"""Batches: all pages, in which order, cancelled, paused, with failures, and how far they are."""

import time

import cv2
import numpy as np
import pytest

from app.services.batch import Batch, PageOutcome
from app.workers.messages import Problem
from tests.helpers.detection_studio import SIZE, Heard, build, detect_all, load, make_folder, tear_down


def test_a_batch_does_every_page_and_sums_up(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    summary = detect_all(qtbot, studio)
    assert (summary.done, summary.failed, summary.cancelled) == (5, 0, 0)
    assert summary.problems == ()
    assert heard.detected == [f"p{n}.png" for n in range(1, 6)]
    assert heard.progress[0][:2] == (0, 5)
    assert heard.progress[-1] == (5, 5, 0.0, 0)
    assert not studio.service.running
    assert all(outcome.state == "ok" for outcome in studio.service.outcomes.values())
    assert studio.service.outcomes["p1.png"].detections == 2


def test_the_open_page_goes_first_in_a_batch(qtbot, studio):
    load(qtbot, studio)
    studio.workspace.session.open_page("p4.png")
    heard = Heard(studio.service)
    detect_all(qtbot, studio)
    assert heard.detected == ["p4.png", "p1.png", "p2.png", "p3.png", "p5.png"]


def test_a_page_asked_for_during_a_batch_goes_first_and_counts_once(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_all()
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.detect_page("p5.png")
    with qtbot.waitSignal(studio.service.finished):
        studio.detector.gate.set()
    assert heard.detected == ["p1.png", "p5.png", "p2.png", "p3.png", "p4.png"]
    assert heard.summaries[0].done == 5


def test_one_bad_image_does_not_stop_a_batch_and_can_be_retried(qtbot, studio):
    (studio.folder / "p2.png").write_bytes(b"no picture")
    load(qtbot, studio)
    heard = Heard(studio.service)
    summary = detect_all(qtbot, studio)
    assert (summary.done, summary.failed, summary.cancelled) == (4, 1, 0)
    ((key, problem),) = summary.problems
    assert key == "p2.png"
    assert str(studio.folder / "p2.png") in problem.what
    assert heard.failed == [(key, problem)]
    assert studio.service.outcomes["p2.png"].state == "failed"
    assert studio.service.predictions("p2.png") is None
    cv2.imwrite(str(studio.folder / "p2.png"), np.full((*SIZE, 3), 20, np.uint8))
    with qtbot.waitSignal(studio.service.finished) as finished:
        studio.service.retry_failed()
    assert (finished.args[0].done, finished.args[0].failed) == (1, 0)
    assert len(studio.detector.seen) == 5
    assert len(studio.service.predictions("p2.png").detections) == 2


def test_cancel_ends_the_batch_without_claiming_success(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_all()
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.cancel()
    assert [(s.done, s.failed, s.cancelled) for s in heard.summaries] == [(0, 0, 5)]
    assert not studio.service.running
    assert not studio.service.is_pending("p1.png")
    studio.detector.gate.set()
    qtbot.wait(100)
    assert heard.detected == []
    assert studio.service.predictions("p1.png") is None
    assert len(studio.detector.seen) == 1


def test_a_late_result_of_a_page_asked_for_again_is_dropped(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_page("p1.png")
    qtbot.waitUntil(lambda: len(studio.detector.seen) == 1)
    studio.service.detect_page("p1.png")
    studio.detector.gate.set()
    qtbot.waitUntil(lambda: not studio.service.is_pending("p1.png"))
    assert len(studio.detector.seen) == 2
    assert heard.detected == ["p1.png"]


def test_another_checkpoint_in_the_middle_does_the_rest_of_the_batch(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_all()
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.load_checkpoint("b")
    with qtbot.waitSignal(studio.service.finished):
        studio.detector.gate.set()
    assert heard.summaries[0].done == 5
    assert sorted(heard.detected) == [f"p{n}.png" for n in range(1, 6)]
    for number in range(1, 6):
        assert studio.service.predictions(f"p{number}.png").checkpoint_name == "b"


def test_another_folder_ends_the_batch_and_its_results_do_not_leak(qtbot, studio, tmp_path):
    other = make_folder(tmp_path / "other", 2)
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_all()
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    with qtbot.waitSignal(studio.workspace.scan_finished):
        studio.workspace.open_folder(other)
    studio.detector.gate.set()
    qtbot.wait(100)
    assert heard.summaries[0].cancelled == 5
    assert heard.detected == []
    assert studio.service.predictions("p1.png") is None
    assert not studio.service.outcomes
    assert studio.workspace.summary("p1.png").detection_count is None


def test_progress_is_told_at_most_ten_times_a_second(qtbot, tmp_path):
    studio = build(qtbot, tmp_path, make_folder(tmp_path / "photos", 60))
    load(qtbot, studio)
    heard = Heard(studio.service)
    started = time.monotonic()
    detect_all(qtbot, studio)
    seconds = time.monotonic() - started
    assert len(heard.detected) == 60
    assert len(heard.progress) <= 3 + seconds / 0.1
    assert heard.progress[-1][:2] == (60, 60)
    tear_down(studio)


def test_the_time_left_follows_the_pace_of_the_last_pages():
    batch = Batch(("a", "b", "c", "d"), now=100.0)
    assert batch.eta_s() == -1.0
    batch.settle(PageOutcome("a", "ok"), now=102.0)
    assert batch.eta_s() == pytest.approx(6.0)
    batch.settle(PageOutcome("b", "failed", Problem("x", "y", "z")), now=104.0)
    assert batch.eta_s() == pytest.approx(4.0)
    assert (batch.settled, batch.failed, batch.over) == (2, 1, False)
    batch.add(["b", "e"])
    assert (batch.settled, batch.failed, batch.total) == (1, 0, 5)
    assert set(batch.waiting()) == {"b", "c", "d", "e"}


def test_paused_the_batch_waits_and_the_open_page_is_done(qtbot, studio):
    load(qtbot, studio)
    studio.workspace.session.open_page("p4.png")
    heard = Heard(studio.service)
    studio.service.pause(True)
    studio.service.detect_all()
    qtbot.waitUntil(lambda: heard.detected == ["p4.png"])
    qtbot.wait(80)
    assert heard.detected == ["p4.png"]
    with qtbot.waitSignal(studio.service.finished):
        studio.service.pause(False)
    assert heard.summaries[0].done == 5


def test_pages_seen_in_the_list_go_before_the_rest_of_the_batch(qtbot, studio):
    load(qtbot, studio)
    heard = Heard(studio.service)
    studio.detector.gate.clear()
    studio.service.detect_all()
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.prioritise(["p4.png", "p5.png", "p1.png"])
    with qtbot.waitSignal(studio.service.finished):
        studio.detector.gate.set()
    assert heard.detected == ["p1.png", "p4.png", "p5.png", "p2.png", "p3.png"]
    assert len(studio.detector.seen) == 5
