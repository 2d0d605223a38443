"""The worker: order of the queue, superseding, cancelling, and exceptions that become messages."""

import numpy as np

from app.workers.messages import DetectRequest, LoadCheckpoint, Priority
from tcm_core.geometry.polygon import signed_area
from tests.helpers.worker_talk import Heard, request, spin


def test_pages_are_done_in_the_order_asked(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    spin(qtbot, worker, heard, 5)
    assert heard.order == ["p1", "p2", "p3", "p4", "p5"]
    assert [done.number for done in heard.done] == [1, 2, 3, 4, 5]


def test_urgent_pages_go_first_and_the_newest_of_them_before_all(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    worker.submit([request(4, "p4", pictures, priority=Priority.OPEN)])
    worker.submit([request(5, "p5", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 5)
    assert heard.order == ["p5", "p4", "p1", "p2", "p3"]


def test_a_newer_request_of_a_page_replaces_the_waiting_one(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    worker.submit([request(3, "p2", pictures)])
    worker.submit([request(4, "p1", pictures)])
    spin(qtbot, worker, heard, 2)
    assert [(done.key, done.number) for done in heard.done] == [("p1", 4), ("p2", 3)]
    assert detector.seen == [10, 20]


def test_a_page_that_was_urgent_stays_urgent_when_a_batch_asks_for_it_too(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p3", pictures, priority=Priority.OPEN)])
    worker.submit([request(n + 1, f"p{n}", pictures) for n in range(1, 4)])
    spin(qtbot, worker, heard, 3)
    assert heard.order == ["p3", "p1", "p2"]


def test_cancelled_pages_are_not_looked_at(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    worker.cancel([2, 4, 5])
    spin(qtbot, worker, heard, 2)
    qtbot.wait(50)
    assert heard.order == ["p1", "p3"]
    assert detector.seen == [10, 30]


def test_a_picture_that_is_cancelled_after_it_was_read_ahead_is_dropped(qtbot, worker, detector, pictures):
    heard = Heard(worker)

    def cancel_the_next_two(device, image):
        worker.cancel([2, 3])

    detector.raises = cancel_the_next_two
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 5)])
    spin(qtbot, worker, heard, 2)
    assert heard.order == ["p1", "p4"]
    assert worker._ahead == {}


def test_every_turn_of_the_event_loop_does_one_picture(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    counts = []
    for _ in range(4):
        worker._turn()
        counts.append(len(heard.done))
    assert counts == [0, 1, 2, 3]


def test_one_bad_image_is_a_message_and_the_others_go_on(qtbot, worker, pictures, tmp_path):
    heard = Heard(worker)
    cut = tmp_path / "cut.png"
    cut.write_bytes(pictures["p1"].read_bytes()[:60])
    worker.submit(LoadCheckpoint("a"))
    worker.submit(
        [
            request(1, "p1", pictures),
            DetectRequest(2, "cut", cut),
            DetectRequest(3, "gone", tmp_path / "gone.png"),
            request(4, "p4", pictures),
        ]
    )
    spin(qtbot, worker, heard, 4)
    assert heard.order == ["p1", "p4"]
    assert [failed.key for failed in heard.failed] == ["cut", "gone"]
    problem = heard.failed[0].problem
    assert "damaged or cut off" in problem.what
    assert problem.where == str(cut)
    assert "BadImage" in problem.details
    assert "no such file" in heard.failed[1].problem.what


def test_an_exception_of_the_network_is_a_message_with_its_traceback(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.raises = lambda device, image: ValueError("not a number") if image.mean() == 20 else None
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    spin(qtbot, worker, heard, 3)
    assert heard.order == ["p1", "p3"]
    (failed,) = heard.failed
    assert (failed.key, failed.number) == ("p2", 2)
    assert "not a number" in failed.problem.what
    assert "Traceback" in failed.problem.details


def test_without_a_checkpoint_pages_fail_in_words(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    assert "No checkpoint is loaded" in heard.failed[0].problem.what


def test_a_checkpoint_that_fails_leaves_the_old_one_in_use(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.refuse = frozenset({"broken"})
    worker.submit(LoadCheckpoint("a"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    worker.submit(LoadCheckpoint("broken"))
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    (refused,) = heard.refused
    assert refused.in_use
    assert "broken: no such checkpoint" in refused.problem.what
    assert heard.done[0].checkpoint_hash == "hash of a"


def test_a_waiting_checkpoint_is_replaced_by_a_newer_one(qtbot, worker, detector):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit(LoadCheckpoint("b", "cpu"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    assert detector.loads == [("b", "cpu")]
    assert heard.ready[0].name == "b"


def test_a_mirrored_picture_is_told_as_in_the_picture_itself(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p1", pictures, mirrored=True)])
    spin(qtbot, worker, heard, 2)
    plain, turned = heard.done
    assert len(plain.detections) == len(turned.detections) == 2
    for one, other in zip(plain.detections, turned.detections, strict=True):
        # the fake finds the same places in whatever picture, so the mirrored ones lie on the other side
        assert np.allclose(other.polygon[:, 0].min(), 96 - one.polygon[:, 0].max())
        assert np.allclose(np.sort(other.polygon[:, 1]), np.sort(one.polygon[:, 1]))
        assert signed_area(other.polygon) > 0


def test_the_settings_of_a_request_are_used_and_told(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    strict = heard.ready[0].decode.model_copy(update={"score_threshold": 0.7})
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures, settings=strict)])
    spin(qtbot, worker, heard, 2)
    assert [len(done.detections) for done in heard.done] == [2, 1]
    assert heard.done[0].settings == heard.ready[0].decode
    assert heard.done[1].settings == strict


def test_after_close_nothing_is_taken_any_more(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.close()
    worker.submit([request(1, "p1", pictures)])
    qtbot.wait(50)
    assert detector.loads == []
    assert not heard.done
    assert not heard.failed


def test_pages_that_are_seen_go_between_the_open_one_and_those_ahead(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    worker.submit([request(3, "p3", pictures, priority=Priority.PREFETCH)])
    worker.submit([request(n, f"p{n}", pictures, priority=Priority.VISIBLE) for n in (4, 5)])
    worker.submit([request(6, "p6", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 6)
    assert heard.order == ["p6", "p4", "p5", "p3", "p1", "p2"]


def test_a_page_that_comes_into_sight_is_moved_up_with_its_number(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    worker.promote([4, 5, 99], Priority.VISIBLE)
    spin(qtbot, worker, heard, 5)
    assert [done.number for done in heard.done] == [4, 5, 1, 2, 3]


def test_while_paused_only_the_open_page_is_done(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.pause(True)
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    worker.submit([request(4, "p4", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 1)
    qtbot.wait(50)
    assert heard.order == ["p4"]
    worker.pause(False)
    spin(qtbot, worker, heard, 4)
    assert heard.order == ["p4", "p1", "p2", "p3"]


def test_a_page_cancelled_in_the_network_is_not_decoded_and_says_nothing(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.raises = lambda device, image: worker.cancel([1])
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    spin(qtbot, worker, heard, 1)
    assert heard.order == ["p2"]
    assert not heard.failed
    assert detector.seen == [10, 20]


def test_a_page_asked_for_again_while_it_is_in_work_answers_once(qtbot, worker, detector, pictures):
    heard = Heard(worker)

    def ask_again(device, image):
        if len(detector.seen) == 1:
            worker.submit([request(2, "p1", pictures)])

    detector.raises = ask_again
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    assert [done.number for done in heard.done] == [2]
