"""Fine-tuning without a window: which pages, what is frozen, what is read out of a run's folder."""

import json
import os
import socket
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.domain.finetune import FinetuneWish, draw_pages, launch_words, look_alikes
from app.domain.finetune_course import Course, state_words
from app.domain.finetune_diff import compare_page
from app.domain.page import Page
from app.domain.region import new_region
from app.services.finetune_prepare import (
    GivenUp,
    estimate,
    freeze_pages,
    hash_of,
    make_config,
    page_of,
    write_config,
)
from app.services.finetune_run import TrainingRun
from app.storage.finetune_runs import ProcessMark, RunRecord, fresh_name, read_records, write_record
from app.workers.train_process import is_running, kill, start_detached
from tcm_core.data.layout import load_samples
from tcm_core.errors import BadConfig, TcmError
from tcm_core.train.loading import load_training_data
from tcm_core.train.resolve import load_run
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_model import tiny_checkpoint

KEYS = [f"{number}.jpg" for number in range(20)]
WISH = FinetuneWish("mine", precision="no", device="cpu")
BOX = [(10.0, 10.0), (90.0, 10.0), (90.0, 40.0), (10.0, 40.0)]


def hashes(*alike: tuple[str, str]) -> dict:
    random = np.random.default_rng(0)
    found = {key: random.integers(0, 256, 32, dtype=np.uint8) for key in KEYS}
    for first, second in alike:
        found[second] = found[first] ^ np.uint8(0)
        found[second][0] ^= 1
    return found


def test_the_same_wish_draws_the_same_and_pages_that_look_alike_stay_together():
    pairs = [("0.jpg", "1.jpg"), ("1.jpg", "2.jpg"), ("5.jpg", "9.jpg")]
    for seed in range(20):
        draw = draw_pages(KEYS, FinetuneWish("x", seed=seed), hashes(*pairs))
        assert sorted(draw.learnt + draw.validation) == sorted(KEYS)
        assert draw.leaks == ()
        assert len(draw.validation) <= 4
        again = draw_pages(KEYS[::-1], FinetuneWish("x", seed=seed), hashes(*pairs))
        assert set(again.validation) == set(draw.validation)
    apart = [draw_pages(KEYS, FinetuneWish("x", seed=s, apart=False), hashes(*pairs)) for s in range(20)]
    assert any(draw.leaks for draw in apart)
    few = draw_pages(KEYS, FinetuneWish("x", fraction=0.5), {})
    assert len(few.learnt) + len(few.validation) == 10
    assert draw_pages(["a"], FinetuneWish("x"), {}).learnt == ("a",)


def test_a_page_looks_like_itself_smaller_and_like_no_other(data_root: Path, tmp_path: Path):
    import cv2

    images = sorted((data_root / "icdar2015").rglob("*.jpg"))[:40]
    found = {image.name: hash_of(image) for image in images}
    for image in images[:5]:
        smaller = cv2.resize(cv2.imread(str(image)), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(tmp_path / "s.jpg"), smaller, [cv2.IMWRITE_JPEG_QUALITY, 60])
        pair = look_alikes({"one": found[image.name], "other": hash_of(tmp_path / "s.jpg")})
        assert pair, image
    assert hash_of(tmp_path / "none.jpg") is None


def test_what_is_frozen_is_what_a_training_reads(tmp_path: Path):
    folder = made_dataset(tmp_path / "photos", 4) / "images"
    (folder / "sub").mkdir()
    (folder / "img_4.png").rename(folder / "sub" / "img_1.png")
    (folder / "broken.png").write_bytes(b"no image")
    curved = [(0, 0), (50, 5), (100, 0), (100, 30), (50, 35), (0.5, 30)]
    pages = [
        ("img_1.png", Page((new_region(curved, text="弯 text"), new_region(BOX, ignore=True)), "approved")),
        ("sub/img_1.png", Page((new_region(BOX, text="b"),), "approved")),
        ("img_3.png", Page((), "approved")),
        ("broken.png", Page((new_region(BOX),), "approved")),
    ]
    stems = freeze_pages(folder, pages, tmp_path / "run" / "data")
    samples = list(load_samples("folder", tmp_path / "run" / "data", label_format="labelme"))
    assert [len(sample.instances) for sample in samples] == [2, 1, 0]
    np.testing.assert_allclose(samples[0].instances[0].polygon, curved)
    assert (samples[0].instances[0].text, samples[0].instances[1].ignore) == ("弯 text", True)
    assert page_of(tmp_path / "run") == {f"{stem}.png": key for key, stem in stems.items()}
    assert "broken.png" not in stems
    wish = FinetuneWish("mine", str(tiny_checkpoint(tmp_path)), device="cpu", strength=0, start_share=0.25)
    config = make_config(wish, tmp_path / "run" / "data", 2, [stems["sub/img_1.png"]])
    loaded = load_run(write_config(config, tmp_path / "run"))
    assert loaded == config
    assert loaded.start_share == 0.25
    assert (loaded.augment.colour, loaded.augment.stretch, loaded.optim.freeze) == (0, 1, ("encoder",))
    data = load_training_data(loaded.data)
    assert [sample.image.stem for sample in data.validation] == [stems["sub/img_1.png"]]
    with pytest.raises(BadConfig, match="none of these images"):
        freeze_pages(folder, pages[3:], tmp_path / "other")


def test_a_repeated_start_makes_void_what_came_after_its_step():
    course = Course()
    step = {"event": "step", "losses": {"text": 1.0}, "total": 1.0, "learning_rate": 0.1}
    course.add([{"event": "start", "step": 0, "steps": 40, "device": "cpu"}])
    course.add(
        [{**step, "step": 10}, {**step, "step": 20}, {"event": "validation", "step": 20, "hmean": None}]
    )
    course.add([{"event": "error", "message": "disk"}])
    assert (course.outcome, course.message, course.ended_at) == ("error", "disk", 5)
    course.add([{"event": "start", "step": 12, "steps": 40}, {**step, "step": 20, "total": 0.5}])
    assert [(point.step, point.total) for point in course.points] == [(10, 1.0), (20, 0.5)]
    assert (course.outcome, course.validations, course.step) == ("", [], 20)


def test_the_time_that_is_left_counts_work_and_no_pause():
    course = Course()
    course.add([{"event": "start", "step": 4, "steps": 24, "time": 1000.0}])
    assert course.left_s is None
    course.add([{"event": "step", "step": 6, "time": 1020.0}, {"event": "paused", "step": 6, "time": 1020.0}])
    course.add(
        [{"event": "resumed", "step": 6, "time": 9000.0}, {"event": "validation", "step": 9, "time": 9030.0}]
    )
    assert course.left_s == pytest.approx(50 / 5 * 15)
    assert state_words("going", course) == "Goes on, step 9 of 24, about 2 min left"
    course.add([{"event": "stopped", "step": 9, "time": 9031.0}])
    assert course.left_s is None
    assert state_words("stopped", course) == "Stopped and saved, step 9 of 24"


def test_the_weights_at_the_start_are_judged_once_though_the_start_is_repeated():
    course = Course()
    begun = [{"event": "start", "step": 0, "steps": 9}, {"event": "validation", "step": 0, "hmean": 0.5}]
    course.add([*begun, *begun, {"event": "validation", "step": 3, "hmean": 0.7}])
    assert [(point.step, point.hmean) for point in course.validations] == [(0, 0.5), (3, 0.7)]


def test_a_trial_that_nobody_waits_for_is_ended(tmp_path: Path):
    (tmp_path / "run.toml").write_text("", encoding="utf-8")
    before = set(psutil.Process().children())
    asked = []

    def stop() -> bool:
        asked.append(set(psutil.Process().children()) - before)
        return True

    with pytest.raises(GivenUp):
        estimate(tmp_path / "run.toml", 5, stop)
    (trial,) = asked[0]  # it was there
    assert not trial.is_running()


def test_the_trial_of_a_run_that_would_fail_says_why(tmp_path: Path):
    (tmp_path / "run.toml").write_text("steps = 3\n", encoding="utf-8")
    with pytest.raises(TcmError, match=r"run\.toml"):
        estimate(tmp_path / "run.toml", 5)


def test_another_head_takes_what_is_new_out_of_what_is_frozen(tmp_path: Path):
    folder = made_dataset(tmp_path / "photos", 2) / "images"
    pages = [(f"img_{number}.png", Page((new_region(BOX),))) for number in (1, 2)]
    stems = freeze_pages(folder, pages, tmp_path / "data")
    start, freeze = str(tiny_checkpoint(tmp_path)), ("encoder", "neck", "language")
    wish = FinetuneWish("mine", start, head="pan", freeze=freeze)
    config = make_config(wish, tmp_path / "data", 1, [stems["img_2.png"]])
    assert config.model.head.name == "pan"
    assert config.optim.freeze == ("encoder", "language")
    assert (config.start_fit, config.start_share) == ("parts", 0)


def test_a_command_is_made_word_by_word():
    words = launch_words(
        ["ssh", "a b", "{config};rm", "{resume}", "{odd}"], {"config": "/x {run}"}, resume=False
    )
    assert words == ["ssh", "a b", "'/x {run}';rm", "{odd}"]
    assert launch_words(["{resume}"], {}, resume=True) == ["--resume"]
    assert launch_words(["x", "--out={run}"], {"run": "/a b"}, resume=False) == ["x", "--out=/a b"]


def test_a_shell_elsewhere_gets_quoted_what_it_would_split():
    values = {"config": "/my pages/run.toml", "run": "/r"}
    words = launch_words(["/usr/bin/ssh", "host", "tcm", "{config}", "{resume}"], values, resume=True)
    assert words == ["/usr/bin/ssh", "host", "tcm", "'/my pages/run.toml'", "--resume"]
    wrapped = ["sbatch", "--wrap", "tcm train --config {config} --out {run} {resume}"]
    words = launch_words(wrapped, values, resume=False)
    assert words == ["sbatch", "--wrap", "tcm train --config '/my pages/run.toml' --out /r "]
    assert launch_words(wrapped, values, resume=True)[2].endswith("--out /r --resume")


def run_in(folder: Path, **values) -> TrainingRun:
    folder.mkdir(parents=True, exist_ok=True)
    mark = ProcessMark(os.getpid(), psutil.Process().create_time())
    record = RunRecord(WISH, 1.0, **{"phase": "launched", "launched": time.time(), "process": mark, **values})
    write_record(folder, record)
    (known,) = read_records(folder.parent).values()
    assert known == record
    return TrainingRun(folder, known)


def beat(folder: Path, age: float, state: str = "training") -> None:
    values = {"time": time.time() - age, "step": 3, "state": state, "pid": os.getpid()}
    content = json.dumps({**values, "host": socket.gethostname(), "seconds": 1.0})
    (folder / "heartbeat").write_text(content, encoding="utf-8")


def test_a_run_without_a_heartbeat_is_silent_in_words_and_wakes_up_again(tmp_path: Path):
    run = run_in(tmp_path / "r")
    run.look()
    assert run.state == "starting"
    beat(run.folder, 90)
    run.look()
    assert run.state == "silent"
    assert "no sign of life for 90 s" in run.words
    assert "Kill ends it" in run.problem()
    beat(run.folder, 0, "paused")
    run.look()
    assert (run.state, run.problem()) == ("paused", "")


def test_a_run_that_ended_at_once_midway_or_by_itself_is_told_apart(tmp_path: Path):
    gone = ProcessMark(2**22 + 1, 1.0)
    at_once = run_in(tmp_path / "a" / "r", process=gone)
    (at_once.folder / "process.log").write_text("loading\nconfig: wrong\n", encoding="utf-8")
    at_once.look()
    assert (at_once.state, at_once.problem()) == ("failed", "loading\nconfig: wrong")
    midway = run_in(tmp_path / "b" / "r", process=gone)
    (midway.folder / "events.jsonl").write_text(
        '{"event": "start", "step": 0, "steps": 9}\n', encoding="utf-8"
    )
    midway.look()
    assert (midway.state, midway.resumable) == ("killed", True)
    with (midway.folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "error", "message": "the disk is full"}\n{"event": "half')
    midway.look()
    assert (midway.state, midway.problem()) == ("failed", "the disk is full")
    midway.change(seen=2)
    midway.look()
    assert midway.state == "failed"  # of a later start that ended without a word
    assert midway.problem() == ""


def test_a_process_that_could_not_be_noted_is_known_by_its_heartbeat(tmp_path: Path):
    run = run_in(tmp_path / "r", process=None)
    run.look()
    assert run.state == "failed"
    beat(run.folder, 0)
    run.look()
    assert run.state == "going"


def test_names_are_plain_and_never_taken_twice(tmp_path: Path):
    assert fresh_name(tmp_path, "../my pages") == "my-pages"
    (tmp_path / "my-pages").mkdir()
    assert fresh_name(tmp_path, "my pages") == "my-pages-2"
    assert fresh_name(tmp_path, "///") == "run"


def test_a_process_is_let_go_found_again_and_killed_with_its_children(tmp_path: Path):
    code = (
        "import subprocess, time; subprocess.Popen(['sleep', '60']); print('up', flush=True); time.sleep(60)"
    )
    mark = start_detached([sys.executable, "-c", code], tmp_path, tmp_path / "log")
    end = time.monotonic() + 60
    while "up" not in (tmp_path / "log").read_text(encoding="utf-8"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert is_running(mark)
    assert not is_running(ProcessMark(mark.pid, mark.born - 100))
    kill(mark)
    while is_running(mark):
        assert time.monotonic() < end
        time.sleep(0.05)
    with pytest.raises(TcmError, match="cannot be started"):
        start_detached(["/no/such/program"], tmp_path, tmp_path / "log")


def test_regions_are_fixed_broken_or_unchanged_by_the_labels():
    first, second, third, fourth = (np.add(BOX, (0, 60 * place)) for place in range(4))
    regions = [new_region(box) for box in (first, second, third)] + [new_region(fourth, ignore=True)]
    diff = compare_page("a.jpg", regions, [first, second, third + 500], [second, third, fourth])
    assert [what for _, what in diff.changes] == ["broken", "found", "fixed", "ignored"]
    assert (diff.false_before_count, diff.false_now_count) == (1, 0)
