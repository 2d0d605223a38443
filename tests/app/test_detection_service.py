"""Detection: results beside the page, live settings, batches, cancelling, failures; labels stay."""

import random
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.accept import regions_from_detections
from app.domain.edits import AddRegions, DeleteRegions, MoveRegions, SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.services.batch import Batch, BatchSummary, PageOutcome
from app.services.detection import DetectionService
from app.services.workspace import Workspace
from app.storage.map_cache import MapCache
from app.workers.gpu_thread import GpuThread
from app.workers.messages import Problem
from tcm_core.geometry.overlap import iou
from tests.helpers.fake_predictor import TWO_TEXTS, FakeDetector, OutOfMemoryError

SIZE = (160, 240)


class Studio(NamedTuple):
    """The parts that detection needs, without a window."""

    workspace: Workspace
    service: DetectionService
    detector: FakeDetector
    folder: Path


class Heard:
    """What the service said, in order."""

    def __init__(self, service: DetectionService) -> None:
        self.detected: list[str] = []
        self.failed: list[tuple[str, Problem]] = []
        self.progress: list[tuple[int, int, float, int]] = []
        self.summaries: list[BatchSummary] = []
        self.unsaved: list[Problem] = []
        self.ready, self.refused, self.settings = [], [], []
        service.page_detected.connect(self.detected.append)
        service.page_failed.connect(lambda key, problem: self.failed.append((key, problem)))
        service.progress.connect(lambda *args: self.progress.append(args))
        service.finished.connect(self.summaries.append)
        service.save_failed.connect(self.unsaved.append)
        service.checkpoint_ready.connect(self.ready.append)
        service.checkpoint_failed.connect(self.refused.append)
        service.settings_changed.connect(self.settings.append)


def make_folder(folder: Path, pages: int = 5) -> Path:
    folder.mkdir(parents=True)
    for number in range(1, pages + 1):
        cv2.imwrite(str(folder / f"p{number}.png"), np.full((*SIZE, 3), 10 * number % 256, np.uint8))
    return folder


def build(qtbot, tmp_path: Path, folder: Path, **options) -> Studio:
    detector = FakeDetector()
    workspace = Workspace(tmp_path / "data home")
    service = DetectionService(workspace, GpuThread(detector), MapCache(tmp_path / "maps"), **options)
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    return Studio(workspace, service, detector, folder)


def load(qtbot, studio: Studio, name: str = "a") -> None:
    with qtbot.waitSignal(studio.service.checkpoint_ready):
        studio.service.load_checkpoint(name)


def tear_down(studio: Studio) -> None:
    studio.detector.gate.set()
    assert studio.service.shutdown()
    assert studio.workspace.close()


@pytest.fixture
def studio(qtbot, tmp_path):
    studio = build(qtbot, tmp_path, make_folder(tmp_path / "photos"))
    yield studio
    tear_down(studio)


def detect(qtbot, studio: Studio, key: str) -> None:
    with qtbot.waitSignal(studio.service.page_detected):
        studio.service.detect_page(key)


def detect_all(qtbot, studio: Studio) -> BatchSummary:
    with qtbot.waitSignal(studio.service.finished, timeout=20_000) as finished:
        studio.service.detect_all()
    return finished.args[0]


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


def test_a_failed_page_keeps_what_was_found_before(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    studio.detector.raises = lambda device, image: RuntimeError("broken")
    with qtbot.waitSignal(studio.service.page_failed):
        studio.service.detect_page("p1.png")
    assert len(studio.service.predictions("p1.png").detections) == 2
    assert studio.workspace.summary("p1.png").detection_count == 2


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


class Step(NamedTuple):
    """One thing that happens: what, to which page, by which numbers, and how long the program has then."""

    what: str
    page: int
    choice: int
    wait_ms: int


DETECTING = (
    "page",
    "all",
    "with",
    "cancel",
    "pause",
    "seen",
    "ahead",
    "retry",
    "load",
    "threshold",
    "unload",
)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(("add", "move", "text", "delete", "accept", "open", *DETECTING)),
        st.integers(1, 4),
        st.integers(0, 1000),
        st.sampled_from((0, 0, 0, 2, 10)),
    ),
    min_size=10,
    max_size=60,
)


def edit_of(step: Step, page: Page, service: DetectionService, key: str):
    """The edit that a step means, or None where it does not fit the page."""
    if step.what == "add":
        x, y = step.choice % 200, step.choice % 120
        return AddRegions((new_region(((x, y), (x + 30, y), (x + 30, y + 12), (x, y + 12))),))
    if step.what == "accept":
        found = service.predictions(key)
        new = regions_from_detections(found.detections, page.regions) if found else []
        return AddRegions(tuple(new)) if new else None
    if not page.regions:
        return None
    chosen = page.regions[step.choice % len(page.regions)].id
    match step.what:
        case "move":
            return MoveRegions((chosen,), step.choice % 7 - 3.0, step.choice % 5 - 2.0)
        case "text":
            return SetText(chosen, f"text {step.choice}")
        case "delete":
            return DeleteRegions((chosen,))
    return None


def detect_step(step: Step, studio: Studio, key: str) -> None:
    """Something a person, or the list, can do to the detector; labels are not meant."""
    service, keys = studio.service, list(studio.workspace.keys)
    threshold = (0.2, 0.7, 0.95)[step.choice % 3]
    named = ("a", "b", "c", "broken")[step.choice % 4]
    actions = {
        "page": lambda: service.detect_page(key),
        "all": lambda: service.detect_all(),
        "with": lambda: service.detect_with(named, keys[: step.page], urgent=step.choice % 2 == 0),
        "cancel": service.cancel,
        "pause": lambda: service.pause(step.choice % 2 == 0),
        "seen": lambda: service.prioritise(keys[step.page :]),
        "ahead": lambda: service.prefetch([key]),
        "retry": service.retry_failed,
        "load": lambda: service.load_checkpoint(named),
        "threshold": lambda: service.set_settings(
            service.settings.model_copy(update={"score_threshold": threshold})
        ),
        "unload": service.unload,
        "open": lambda: studio.workspace.session.open_page(key),
    }
    actions.get(step.what, lambda: None)()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_no_interleaving_of_detection_and_edits_changes_what_a_person_made(qtbot, tmp_path, steps, seed):
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    accidents = random.Random(seed)
    studio = build(qtbot, place, make_folder(place / "photos", 4))
    (studio.folder / "p2.png").write_bytes(b"no picture")
    studio.detector.refuse, studio.detector.gpu = frozenset({"broken"}), "cuda:0 fake, fp16"
    load(qtbot, studio)
    session = studio.workspace.session
    errors = (RuntimeError("!"), OutOfMemoryError("full"), None, None, None, None)
    studio.detector.raises = lambda device, image: accidents.choice(errors)
    expected = {key: Page() for key in studio.workspace.keys}
    for step in steps:
        key = f"p{step.page}.png"
        edit = edit_of(step, expected[key], studio.service, key)
        if edit is not None:
            session.apply_to(key, edit)
            expected[key] = edit.apply(expected[key])
        else:
            detect_step(step, studio, key)
        qtbot.wait(step.wait_ms)
    studio.service.cancel()
    qtbot.wait(20)
    for key, page in expected.items():
        assert studio.workspace.db.load_page(key) == page
        assert studio.workspace.summary(key).region_count == len(page.regions)
    assert session.page == expected.get(session.key, Page())
    tear_down(studio)
    again = build(qtbot, place, studio.folder)
    assert {key: again.workspace.db.load_page(key) for key in expected} == expected
    tear_down(again)


def test_another_checkpoint_is_compared_beside_the_one_in_use(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    changed: list[tuple[str, str]] = []
    heard = Heard(studio.service)
    studio.detector.probabilities = lambda name: (0.9, 0.1) if name == "b" else (0.9, 0.6)
    studio.service.predictions_changed.connect(lambda *args: changed.append(args))
    studio.service.detect_with("b", ["p1.png", "p2.png"])
    assert studio.service.side.pending("b") == ["p1.png", "p2.png"]
    qtbot.waitUntil(lambda: not studio.service.side.pending("b"), timeout=10_000)
    assert changed == [("p1.png", "hash of b"), ("p2.png", "hash of b")]
    own, other = studio.service.store.sets("p1.png")
    assert (own.checkpoint_hash, len(own.detections)) == ("hash of a", 2)
    assert (other.checkpoint_hash, len(other.detections)) == ("hash of b", 1)
    assert other.seconds > 0
    assert studio.service.store.maps("p1.png", "hash of b") is other.maps
    assert studio.service.side.hash_of("b") == "hash of b"
    # the page's own predictions, its count and the checkpoint in use are as they were
    assert studio.service.predictions("p1.png").checkpoint_hash == "hash of a"
    assert studio.workspace.summary("p1.png").detection_count == 2
    assert studio.service.checkpoint.name == "a"
    assert heard.detected == []


def test_compared_sets_are_there_after_the_program_was_ended_and_lists_do_not_count_them(qtbot, tmp_path):
    folder = make_folder(tmp_path / "photos", 1)
    first = build(qtbot, tmp_path, folder)
    load(qtbot, first)
    detect(qtbot, first, "p1.png")
    first.detector.probabilities = lambda name: (0.9, 0.1)
    first.service.detect_with("b", ["p1.png"], urgent=True)
    qtbot.waitUntil(lambda: not first.service.side.pending("b"), timeout=10_000)
    tear_down(first)
    second = build(qtbot, tmp_path, folder)
    assert second.workspace.summary("p1.png").detection_count == 2
    assert second.service.predictions("p1.png").checkpoint_hash == "hash of a"
    own, other = second.service.store.sets("p1.png")
    assert (own.checkpoint_name, other.checkpoint_name) == ("a", "b")
    assert other.seconds > 0
    assert second.service.store.maps("p1.png", "hash of b") is not None
    tear_down(second)


def test_the_sets_of_the_checkpoint_that_comes_into_use_become_the_pages_own(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p1.png")
    studio.service.detect_with("b", ["p1.png"])
    qtbot.waitUntil(lambda: not studio.service.side.pending("b"), timeout=10_000)
    load(qtbot, studio, "b")
    assert studio.service.predictions("p1.png").checkpoint_hash == "hash of b"
    assert studio.detector.loads == [("a", "auto"), ("b", "auto")]  # it was loaded already
    load(qtbot, studio, "a")
    assert studio.service.predictions("p1.png").checkpoint_hash == "hash of a"


def test_a_comparison_that_is_cancelled_or_fails_says_so_for_its_pages(qtbot, studio):
    load(qtbot, studio)
    failed: list[tuple[str, str]] = []
    studio.service.side.failed.connect(lambda key, name, problem: failed.append((key, name)))
    studio.detector.refuse = frozenset({"broken"})
    studio.service.detect_with("broken", ["p1.png"])
    qtbot.waitUntil(lambda: bool(failed), timeout=10_000)
    assert failed == [("p1.png", "broken")]
    studio.detector.gate.clear()
    studio.service.detect_with("b", ["p1.png", "p2.png"])
    qtbot.waitUntil(lambda: bool(studio.detector.seen))
    studio.service.side.cancel("b")
    studio.detector.gate.set()
    qtbot.wait(80)
    assert studio.service.side.outcomes["p2.png", "b"].state == "cancelled"
    assert studio.service.store.sets("p1.png") == []


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
