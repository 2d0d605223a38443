"""What people meet while a run goes on, in real processes of `tcm train`: signals, words, kills, no space."""

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tcm_core.cli.main import main
from tcm_core.train.control import ask
from tcm_core.train.events import read_events
from tcm_core.train.heartbeat import read_heartbeat
from tcm_core.train.trouble import load_batch
from tests.helpers.full_disk import largest_file
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_run import ROOT, events, write_run

STEPS = 11
PATIENCE_S = 240

pytestmark = pytest.mark.timeout(900)  # processes that begin anew take long where many share the cores


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A data set with an image that is cut off and one without labels."""
    root = tmp_path_factory.mktemp("photos")
    made_dataset(root / "data", count=6)
    image = root / "data" / "images" / "img_2.png"
    image.write_bytes(image.read_bytes()[:2000])
    (root / "data" / "gt" / "gt_img_3.txt").unlink()
    return root


@pytest.fixture(scope="module")
def config(photos):
    return write_run(
        photos,
        optim={"steps": STEPS},
        heartbeat_seconds=0.2,
        workers=1,
        data={"root": "data", "validation": ["img_6"]},
    )


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The run that nothing happens to."""
    out = tmp_path_factory.mktemp("whole") / "run"
    status, text = ended(start_train(config, out))
    assert status == 0, text
    return out


@pytest.fixture
def tcm(monkeypatch, capsys):
    """Runs the command line in this process and gives its status and what it said."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *map(str, arguments)])
        status = main()
        return status, " ".join(capsys.readouterr().err.split())

    return call


def start_train(config, run, *more):
    """`tcm train` in a process of its own, which leads a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tcm_core", "train", "--config", str(config), "--out", str(run), *more],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )


def ended(process):
    """Exit status and output of a process."""
    try:
        text, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return process.returncode, " ".join(text.decode().split())


@contextmanager
def going(config, run):
    """A run in a process that is gone afterwards."""
    process = start_train(config, run)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(run, kind, process, count=1):
    """Waits until the run has written so many events of a kind."""
    until = time.monotonic() + PATIENCE_S
    while [event["event"] for event in read_events(run / "events.jsonl").events].count(kind) < count:
        assert process.poll() is None, process.stdout.read().decode()
        assert time.monotonic() < until, f"no event {kind}"
        time.sleep(0.02)


def tensors(value):
    """Every tensor in a saved state, by its way there."""
    if isinstance(value, torch.Tensor):
        return {"": value}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {f"{key}/{name}": found for key, item in inner for name, found in tensors(item).items()}


def assert_same_bits(run, other):
    ours, theirs = (
        torch.load(folder / "state.pt", map_location="cpu", weights_only=True) for folder in (run, other)
    )
    assert ours["step"] == theirs["step"] == STEPS
    ours, theirs = tensors(ours), tensors(theirs)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 500
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_images_that_cannot_be_used_are_skipped_counted_and_listed(whole):
    skipped = events(whole, "image_skipped")
    assert [(Path(event["image"]).name, event["skipped"]) for event in skipped] == [
        ("img_3.png", 1),
        ("img_2.png", 2),
    ]
    assert "no labels" in skipped[0]["reason"]
    assert events(whole)[-1]["event"] == "end"


def test_the_run_folder_holds_what_is_needed_to_tell_and_to_repeat_the_run(whole):
    names = {path.name for path in whole.iterdir()}
    assert names >= {
        *("config.json", "split.json", "manifest.json", "environment.json", "events.jsonl", "train.log"),
        *("heartbeat", "state.pt", "last.safetensors", "best.safetensors"),
    }
    assert not [name for name in names if name.endswith((".tmp", ".part"))]
    assert read_heartbeat(whole).state == "ended"
    kinds = {event["event"] for event in events(whole)}
    assert kinds >= {"start", "step", "validation", "checkpoint", "end"}
    (step,) = events(whole, "step")
    assert step.keys() >= {
        *("step", "losses", "total", "grad_norm", "samples_per_second", "data_seconds", "compute_seconds"),
        *("memory_mb", "learning_rate"),
    }


def test_a_run_that_is_paused_goes_on_and_ends_at_sigterm_is_resumed_with_equal_bits(whole, config, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    ask(run, "pause")
    with going(config, run) as process:
        wait_for(run, "paused", process)
        assert (run / "state.pt").is_file(), "a killed process would lose what it did before the pause"
        while read_heartbeat(run).state != "paused":
            time.sleep(0.02)
        assert read_heartbeat(run).alive()
        ask(run, "resume")
        wait_for(run, "resumed", process)
        os.killpg(process.pid, signal.SIGTERM)  # to the loader's process too, as a cluster does it
        status, text = ended(process)
    assert status == 0, text
    assert "the run saves after this step" in text
    assert "DataLoader" not in text
    assert 1 <= events(run)[-1]["step"] < STEPS
    assert events(run)[-1]["event"] == "stopped"
    assert read_heartbeat(run).state == "ended"
    status, text = ended(start_train(config, run, "--resume"))
    assert status == 0, text
    assert_same_bits(run, whole)


def test_a_killed_run_has_a_stale_heartbeat_is_resumed_and_stopped_by_a_word(config, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    ask(run, "pause")
    with going(config, run) as process:
        wait_for(run, "paused", process)
        assert read_heartbeat(run).alive()
        process.kill()
        process.wait()
    assert not read_heartbeat(run).alive()
    ask(run, "stop")
    status, text = ended(start_train(config, run, "--resume"))
    assert status == 0, text
    assert "saved" in text
    last = events(run)[-1]
    assert (last["event"], last["step"]) == ("stopped", 2)
    assert [event["step"] for event in events(run, "start")] == [0, 1]
    assert not (run / "control").exists()


def test_a_full_disk_is_said_and_leaves_the_saved_states(tcm, whole, config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    values = tomllib.loads(config.read_text(encoding="utf-8"))
    del values["name"]
    longer = write_run(config.parent, "longer", **{**values, "workers": 0, "optim": {"steps": STEPS + 3}})
    before = {path.name: path.read_bytes() for path in run.glob("state*.pt")}
    assert len(before) == 2
    with largest_file(1_000_000):  # enough for everything but states and checkpoints
        status, text = tcm("train", "--config", longer, "--out", run, "--resume")
    assert status == 2, text
    assert f"{run}: the disk is full (File too large)" in text
    assert "free some space and go on with --resume" in text
    assert {path.name: path.read_bytes() for path in run.glob("state*.pt")} == before
    assert not [path.name for path in run.iterdir() if path.name.endswith((".tmp", ".part"))]
    assert events(run)[-1]["event"] == "error"
    assert events(run, "start")[-1]["step"] == STEPS
    assert read_heartbeat(run).state == "failed"


def test_a_loss_that_stays_not_finite_ends_the_run_with_the_reason(tcm, photos, tmp_path):
    config = write_run(
        photos,
        name="explodes",
        optim={"steps": 40, "learning_rate": 1e30},
        trouble={"skip_in_a_row": 3},
    )
    status, text = tcm("train", "--config", config, "--out", tmp_path / "run")
    assert status == 2, text
    assert "3 steps in a row were skipped" in text
    assert "Lower optim.learning_rate" in text
    skipped = events(tmp_path / "run", "skipped")
    assert [event["in_a_row"] for event in skipped] == [1, 2, 3]
    images, targets = load_batch((tmp_path / "run" / skipped[0]["batch"]).read_bytes())
    assert images.shape == (2, 3, 64, 64)
    assert len(targets) > 2
    last = events(tmp_path / "run")[-1]
    assert (last["event"], "3 steps in a row" in last["message"]) == ("error", True)
    assert read_heartbeat(tmp_path / "run").state == "failed"


def test_data_that_nothing_can_be_learnt_from_is_refused_in_words(tcm, tmp_path):
    config, run = write_run(tmp_path), tmp_path / "run"
    for labels in (tmp_path / "data" / "gt").iterdir():
        labels.write_text("1,1,9,1,9,9,1,9,###\n", encoding="utf-8")
    status, text = tcm("train", "--config", config, "--out", run)
    assert status == 2
    assert f"no legible text is left to learn from in {tmp_path / 'data'}" in text
    for image in (tmp_path / "data" / "images").iterdir():
        image.unlink()
    status, text = tcm("train", "--config", config, "--out", run)
    assert status == 2
    assert str(tmp_path / "data") in text
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "data").mkdir()
    status, text = tcm("train", "--config", config, "--out", run)
    assert status == 2
    assert str(tmp_path / "data") in text
    assert not run.exists()


def test_a_key_that_does_not_exist_is_named_with_near_ones(tcm, tmp_path):
    config = write_run(tmp_path, optim={"lerning_rate": 0.1})
    status, text = tcm("train", "--config", config, "--out", tmp_path / "run")
    assert status == 2
    assert "unknown key optim.lerning_rate; did you mean learning_rate" in text


def test_a_folder_where_a_run_goes_on_is_refused(tcm, tmp_path):
    from tcm_core.train.folder import RunFolder

    config = write_run(tmp_path)
    (tmp_path / "run").mkdir()
    with RunFolder(tmp_path / "run"):
        status, text = tcm("train", "--config", config, "--out", tmp_path / "run")
    assert status == 2
    assert "another process is training in this folder" in text


def test_changed_data_is_named_when_a_run_is_resumed(tcm, whole, config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    shutil.copytree(config.parent / "data", tmp_path / "data")
    image = tmp_path / "data" / "images" / "img_1.png"
    image.write_bytes(image.read_bytes() + b"\0")
    status, text = tcm("train", "--config", config, "--out", run, "--resume", "--data", tmp_path / "data")
    assert status == 2
    assert "not what the run began with" in text
    assert "0/images/img_1.png (the image)" in text
