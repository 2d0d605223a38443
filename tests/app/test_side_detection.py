"""Another checkpoint beside the one in use: its sets are kept apart and never become the page's own."""

from tests.helpers.detection_studio import Heard, build, detect, load, make_folder, tear_down


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
