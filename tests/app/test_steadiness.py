"""Looking again: how far the mirrored and the smaller picture differ, noted beside what is kept."""

import json
import sqlite3

from tests.helpers.detection_studio import detect, detect_all, load


def unsteady(studio, key: str) -> float | None:
    with sqlite3.connect(studio.workspace.db.path) as kept:
        ((doubt,),) = kept.execute("SELECT doubt FROM predictions WHERE key = ?", (key,)).fetchall()
    return json.loads(doubt or "{}").get("unsteady")


def look_again(studio) -> int:
    return studio.service.steadiness.request(studio.service.checkpoint, studio.workspace.keys)


def over(qtbot, studio) -> None:
    qtbot.waitUntil(lambda: not studio.service.steadiness.pending, timeout=10_000)


def test_a_text_that_goes_in_one_of_the_looks_makes_the_page_unsteady(qtbot, studio):
    load(qtbot, studio)
    detect_all(qtbot, studio)
    dark = 10
    studio.detector.probabilities = lambda name: (
        (0.9, 0.1) if studio.detector.seen[-1] == dark and studio.detector.scales[-1] < 1 else (0.9, 0.6)
    )
    assert look_again(studio) == 5
    over(qtbot, studio)
    found = [unsteady(studio, key) for key in studio.workspace.keys]
    assert found[0] > found[1] == found[2] == found[3] == found[4]
    assert studio.workspace.summary("p1.png").detection_count == 2


def test_what_was_found_is_listed_by_one_reading_however_many_pages_there_are(qtbot, studio):
    load(qtbot, studio)
    detect_all(qtbot, studio)
    studio.detector.gate.clear()
    asked: list[str] = []
    studio.workspace.db._connection.set_trace_callback(asked.append)
    assert look_again(studio) == 5
    studio.workspace.db._connection.set_trace_callback(None)
    assert len([words for words in asked if words.startswith("SELECT")]) == 1
    studio.service.cancel()


def test_a_page_that_was_detected_by_other_settings_meanwhile_is_left_out(qtbot, studio):
    load(qtbot, studio)
    detect_all(qtbot, studio)
    look_again(studio)
    over(qtbot, studio)
    assert all(unsteady(studio, key) is not None for key in studio.workspace.keys)
    studio.detector.gate.clear()
    look_again(studio)
    service = studio.service
    service.set_settings(service.settings.model_copy(update={"score_threshold": 0.7}))
    studio.detector.gate.set()
    detect(qtbot, studio, "p5.png")
    over(qtbot, studio)
    assert unsteady(studio, "p5.png") is None
    assert unsteady(studio, "p4.png") is not None


def test_a_page_that_the_checkpoint_has_not_looked_at_is_not_looked_at_again(qtbot, studio):
    load(qtbot, studio)
    detect(qtbot, studio, "p2.png")
    assert look_again(studio) == 1
    over(qtbot, studio)
    assert unsteady(studio, "p2.png") is not None
    load(qtbot, studio, "b")
    assert look_again(studio) == 0
