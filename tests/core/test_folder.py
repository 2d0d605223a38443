import json
import os
import time
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from tcm_core.data.image_io import read_image
from tcm_core.errors import BadImage, TcmError
from tcm_core.evaluate.run import read_detections
from tcm_core.infer import folder
from tcm_core.infer.folder import MANIFEST, detect_folder, result_names
from tcm_core.infer.manifest import Share
from tests.helpers.fake_predictor import TWO_TEXTS, FakeDetector

SIZE = (120, 200)  # height, width


def save(path, grey=128):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIZE[1], SIZE[0]), (grey,) * 3).save(path)
    return path


@pytest.fixture
def detector():
    return FakeDetector()


@pytest.fixture
def photos(tmp_path):
    return [save(tmp_path / "in" / name) for name in ("a.png", "b.png", "sub/c.png")]


def detect(photos, out, detector, *, checkpoint="one", root=None, **switches):
    predictor = detector(checkpoint, "cpu")
    root = root or Path(os.path.commonpath([photo.parent for photo in photos]))
    return list(detect_folder(predictor, photos, out, root=root, **switches))


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_every_image_gets_a_result_file_and_sub_folders_are_mirrored(photos, tmp_path, detector):
    outcomes = detect(photos, tmp_path / "out", detector)
    assert [(o.image, o.status, o.texts, o.message) for o in outcomes] == [(p, "done", 2, "") for p in photos]
    results = read_detections(tmp_path / "out")  # the strict reader of the evaluation
    assert sorted(results) == ["a", "b", "sub/c"]
    for polygons in results.values():
        found = sorted(polygons, key=lambda polygon: polygon[0, 1])
        for polygon, text in zip(found, TWO_TEXTS, strict=True):
            assert np.abs(polygon - np.array(text) * SIZE[::-1]).max() < 8


def test_a_second_run_skips_what_is_done(photos, tmp_path, detector):
    first = detect(photos, tmp_path / "out", detector)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("res_*.txt")}
    second = detect(photos, tmp_path / "out", detector)
    assert statuses(second) == ["skipped"] * 3
    assert [o.texts for o in second] == [o.texts for o in first]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(detector.seen) == 3


@pytest.mark.parametrize(
    "change",
    [
        "force",
        "checkpoint",
        "image",
        "result removed",
        "frame",
        "overlay",
        "manifest removed",
        "manifest broken",
    ],
)
def test_what_differs_is_detected_again(photos, tmp_path, detector, change):
    out = tmp_path / "out"
    detect(photos[:2], out, detector)
    switches, expected = {}, ["done", "done"]
    if change == "force":
        switches = {"force": True}
    elif change == "checkpoint":
        switches = {"checkpoint": "two"}
    elif change == "frame":
        switches = {"frame": "stored"}
    elif change == "overlay":
        switches = {"overlay": True}
    elif change == "image":
        save(photos[1], grey=1)
        os.utime(photos[1], ns=(1, 1))
        expected = ["skipped", "done"]
    elif change == "result removed":
        (out / "res_b.txt").unlink()
        expected = ["skipped", "done"]
    elif change == "manifest removed":
        (out / MANIFEST).unlink()
    else:
        (out / MANIFEST).write_bytes(b'{"version": 1, "results": [')
    assert statuses(detect(photos[:2], out, detector, **switches)) == expected


def test_a_bad_image_is_reported_and_the_rest_goes_on(photos, tmp_path, detector):
    photos[1].write_bytes(photos[1].read_bytes()[:60])
    outcomes = detect(photos, tmp_path / "out", detector)
    assert statuses(outcomes) == ["done", "failed", "done"]
    assert str(photos[1]) in outcomes[1].message
    assert not (tmp_path / "out" / "res_b.txt").exists()


def test_a_failing_detector_costs_one_image(photos, tmp_path):
    save(photos[1], grey=7)
    detector = FakeDetector(
        raises=lambda device, image: RuntimeError("out of memory") if image.mean() < 20 else None
    )
    outcomes = detect(photos, tmp_path / "out", detector)
    assert statuses(outcomes) == ["done", "failed", "done"]
    assert "out of memory" in outcomes[1].message


def test_an_older_result_does_not_stand_for_a_failed_image(photos, tmp_path, detector):
    out = tmp_path / "out"
    detect(photos, out, detector)
    photos[1].write_bytes(b"")
    assert statuses(detect(photos, out, detector)) == ["skipped", "failed", "skipped"]
    assert not (out / "res_b.txt").exists()
    assert "res_b.txt" not in json.loads((out / MANIFEST).read_text())["results"]


def test_what_was_done_before_a_stop_is_skipped_after_it(photos, tmp_path, detector):
    running = detect_folder(detector("one", "cpu"), photos, tmp_path / "out", root=photos[0].parent)
    next(running)
    running.close()
    kept = json.loads((tmp_path / "out" / MANIFEST).read_text())["results"]
    results = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("res_*")}
    assert set(kept) == results  # what was under way is finished or not begun
    assert "res_a.txt" in kept
    again = statuses(detect(photos, tmp_path / "out", detector))
    assert again == ["skipped"] * len(kept) + ["done"] * (3 - len(kept))


def test_pictures_are_read_ahead_and_written_behind(tmp_path, monkeypatch):
    """While the detector looks at a picture, the next ones are read, and no more than a few of them."""
    photos = [save(tmp_path / "in" / f"{number}.png", grey=number) for number in range(1, 9)]
    read, detector = [], FakeDetector()
    real = folder.read_image

    def reading(path, frame):
        read.append(int(path.stem))
        return real(path, frame)

    monkeypatch.setattr(folder, "read_image", reading)
    ahead = []

    def looking(device, image):
        wanted = min(8, int(image.mean()) + 2)
        deadline = time.monotonic() + 10
        while max(read) < wanted and time.monotonic() < deadline:
            time.sleep(0.005)
        ahead.append(max(read) - int(image.mean()))

    detector.raises = looking
    assert statuses(detect(photos, tmp_path / "out", detector)) == ["done"] * 8
    assert max(ahead) == 2
    assert ahead[0] == 2
    assert len(detector.threads) == 1


def test_large_pictures_are_read_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "_AHEAD_PIXELS", SIZE[0] * SIZE[1] + 1)
    photos = [save(tmp_path / "in" / f"{number}.png", grey=number) for number in range(1, 6)]
    read, detector = [], FakeDetector()
    real = folder.read_image
    monkeypatch.setattr(folder, "read_image", lambda path, frame: read.append(path) or real(path, frame))
    ahead = []
    detector.raises = lambda device, image: ahead.append(len(read) - int(image.mean()))
    assert statuses(detect(photos, tmp_path / "out", detector)) == ["done"] * 5
    assert ahead == [0] * 5


def test_processes_share_the_images_and_go_on_in_another_number(photos, tmp_path, detector):
    photos.append(save(tmp_path / "in" / "d.png"))
    out = tmp_path / "out"
    first = detect(photos, out, detector, share=Share(0, 2))
    second = detect(photos, out, detector, share=Share(1, 2))
    assert [o.image for o in first] == photos[0::2]
    assert [o.image for o in second] == photos[1::2]
    assert statuses(first + second) == ["done"] * 4
    assert statuses(detect(photos, out, detector)) == ["skipped"] * 4
    assert statuses(detect(photos, out, detector, share=Share(1, 3))) == ["skipped"]
    assert statuses(detect(photos, out, detector, checkpoint="two")) == ["done"] * 4
    # the older files of the two processes no longer stand for the results
    assert statuses(detect(photos, out, detector, share=Share(0, 2))) == ["done"] * 2


def test_names_are_kept_apart_across_shares(tmp_path, detector):
    photos = [save(tmp_path / name) for name in ("a.jpg", "a.png")]
    for rank in (0, 1):
        detect(photos, tmp_path / "out", detector, share=Share(rank, 2))
    assert len(list((tmp_path / "out").glob("res_*"))) == 2


@pytest.mark.parametrize(("rank", "processes"), [("2", "2"), ("-1", "2"), ("x", "2"), ("0", "0")])
def test_a_share_that_cannot_be_is_refused(monkeypatch, rank, processes):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", processes)
    with pytest.raises(TcmError, match="start the processes by torchrun"):
        Share.of_environment()


def test_overlay_pictures_lie_beside_the_results(photos, tmp_path, detector):
    detect(photos, tmp_path / "out", detector, overlay=True)
    picture = read_image(tmp_path / "out" / "sub" / "c.overlay.jpg")
    assert picture.shape == (*SIZE, 3)
    assert picture.std() > 10  # the photograph is plain grey


def test_images_that_share_a_stem_keep_both_results_and_say_so(tmp_path, detector):
    photos = [save(tmp_path / name) for name in ("a.jpg", "a.png", "b.png")]
    outcomes = detect(photos, tmp_path / "out", detector)
    assert sorted(path.name for path in (tmp_path / "out").glob("res_*")) == [
        "res_a.jpg.txt",
        "res_a.png.txt",
        "res_b.txt",
    ]
    assert "a.jpg gives res_a.jpg.txt" in outcomes[0].message
    assert outcomes[2].message == ""


def test_a_whole_name_that_is_another_stem_is_kept_apart_too():
    names = result_names(
        [Path("in") / name for name in ("a.jpg", "a.png", "a.jpg.png", "s/a.jpg")], Path("in")
    )
    assert list(names.values()) == [
        PurePosixPath(name) for name in ("res_a.jpg.txt", "res_a.png.txt", "res_a.jpg.png.txt", "s/res_a.txt")
    ]


def test_stems_that_differ_in_capitals_only_are_kept_apart():
    names = result_names([Path("A.jpg"), Path("a.png")], Path())
    assert [str(name) for name in names.values()] == ["res_A.jpg.txt", "res_a.png.txt"]


def test_an_image_outside_of_the_root_is_refused(photos, tmp_path, detector):
    with pytest.raises(BadImage, match="does not lie below"):
        detect(photos, tmp_path / "out", detector, root=tmp_path / "in" / "sub")


def test_an_output_folder_that_cannot_be_made_is_found_out_before_any_work(photos, tmp_path, detector):
    (tmp_path / "file").touch()
    with pytest.raises(TcmError, match="cannot be written"):
        detect(photos, tmp_path / "file" / "out", detector)
    assert detector.seen == []
