"""The run's folder: its lock, its log, its sign of life, what it says of data and machine."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tcm_core.config.data import DataConfig
from tcm_core.data.atomic_file import save_atomic
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadConfig, TcmError
from tcm_core.train.environment import write_environment
from tcm_core.train.folder import RunFolder
from tcm_core.train.heartbeat import Heartbeat, Pulse, read_heartbeat
from tcm_core.train.loading import load_training_data
from tcm_core.train.manifest import label_hash, read_manifest, write_manifest
from tests.helpers.full_disk import largest_file
from tests.helpers.made_photos import made_dataset


@pytest.fixture
def data(tmp_path):
    """Two images to learn from and one to be scored on."""
    root = made_dataset(tmp_path / "data", count=3)
    return DataConfig(root=root, validation=("img_2",))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    with RunFolder(tmp_path / "run") as opened:
        yield opened


def test_one_folder_takes_one_run_at_a_time(tmp_path):
    with RunFolder(tmp_path), pytest.raises(BadConfig, match="another process is training in this folder"):
        RunFolder(tmp_path)
    with RunFolder(tmp_path) as folder:
        assert RunFolder(tmp_path, writes=False).events_file == folder.events_file


def test_a_killed_process_leaves_no_lock_and_its_half_files_are_cleared_away(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from tcm_core.train.folder import RunFolder;"
        "f = RunFolder(Path(sys.argv[1])); (f.path / '.0123.tmp').touch(); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=120)
    assert done.returncode == -9
    (tmp_path / ".new.tmp").touch()  # of somebody who is writing now
    os.utime(tmp_path / ".0123.tmp", (time.time() - 120, time.time() - 120))
    with RunFolder(tmp_path):
        assert not (tmp_path / ".0123.tmp").exists()
        assert (tmp_path / ".new.tmp").exists()


def test_a_process_that_does_not_write_changes_nothing(tmp_path, data):
    with RunFolder(tmp_path / "data", writes=False) as folder:
        before = sorted(folder.path.iterdir())
        folder.say("hello")
        folder.write_config("{}")
        folder.events.write("start", step=0)
        write_environment(folder, seed=0, device="cpu")
        write_manifest(folder, load_training_data(data))
        with Heartbeat(folder, 0.01):
            pass
        assert sorted(folder.path.iterdir()) == before


def test_messages_are_lines_of_the_log_with_their_time(folder):
    folder.say("first")
    folder.say("second\nwith more")
    with largest_file(folder.log_file.stat().st_size):
        folder.say("lost, and nothing else happens")
    lines = folder.log_file.read_text(encoding="utf-8").splitlines()
    assert [line.partition(" ")[2].strip() for line in lines] == ["first", "second", "with more"]
    assert lines[0].startswith("20")


def test_a_full_disk_leaves_the_former_state_and_is_said_in_words(tmp_path):
    path = tmp_path / "state.pt"
    save_atomic(path, lambda file: torch.save({"step": 1}, file))
    before = path.read_bytes()
    with (
        largest_file(20_000),
        pytest.raises(TcmError, match=r"state\.pt: cannot be written \(File too large\)"),
    ):
        save_atomic(path, lambda file: torch.save({"weights": torch.zeros(100_000)}, file))
    assert path.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["state.pt"]
    with pytest.raises(RuntimeError, match="not of the disk"):
        save_atomic(path, _fails)
    assert path.read_bytes() == before


def _fails(_file):
    raise RuntimeError("not of the disk")


def test_the_heartbeat_goes_on_by_itself_and_ends_with_the_run(folder):
    with Heartbeat(folder, 0.02) as heart:
        first = read_heartbeat(folder.path)
        assert (first.step, first.state, first.pid) == (0, "starting", os.getpid())
        heart.note(7, "validating")
        pulse = first
        while (pulse.step, pulse.state) != (7, "validating"):
            time.sleep(0.01)
            pulse = read_heartbeat(folder.path) or pulse
        assert pulse.time > first.time
        assert pulse.alive()
    last = read_heartbeat(folder.path)
    assert (last.step, last.state, last.alive()) == (7, "ended", False)


def test_a_run_that_failed_says_so_in_its_last_heartbeat(folder):
    with pytest.raises(KeyError), Heartbeat(folder, 10):
        raise KeyError
    assert read_heartbeat(folder.path).state == "failed"


def test_a_heartbeat_is_stale_when_it_is_overdue_or_its_process_is_gone():
    elsewhere = Pulse(1000.0, 4, "training", 1, "another-host", 5.0)
    assert elsewhere.alive(now=1019.0)
    assert not elsewhere.alive(now=1021.0)
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait(timeout=60)
    here = Pulse(time.time(), 4, "training", os.getpid(), os.uname().nodename, 5.0)
    assert here.alive()
    assert not here._replace(pid=child.pid).alive()


def test_a_damaged_heartbeat_is_none(tmp_path):
    assert read_heartbeat(tmp_path) is None
    for content in (b"", b"{", b"[]", b'{"time": "x"}', b"\xff"):
        (tmp_path / "heartbeat").write_bytes(content)
        assert read_heartbeat(tmp_path) is None


def test_a_full_disk_does_not_stop_the_heartbeat(folder):
    with largest_file(0), Heartbeat(folder, 0.01):
        time.sleep(0.05)
    assert read_heartbeat(folder.path) is None
    assert not (folder.path / ".heartbeat.tmp").exists()


def test_every_start_is_an_entry_of_the_environment(folder):
    write_environment(folder, seed=3, device="cpu", processes=2)
    write_environment(folder, seed=3, device="cuda:0")
    content = json.loads(folder.environment_file.read_text(encoding="utf-8"))
    first, second = content["starts"]
    assert (first["seed"], first["device"], first["processes"]) == (3, "cpu", 2)
    assert second["device"] == "cuda:0"
    assert first["packages"]["torch"] == torch.__version__.partition("+")[0] or first["packages"][
        "torch"
    ] == (torch.__version__)
    assert first["command"] == sys.argv
    assert first["memory_mb"] > 100
    folder.environment_file.write_text("[]", encoding="utf-8")
    write_environment(folder, seed=3, device="cpu")
    assert len(json.loads(folder.environment_file.read_text(encoding="utf-8"))["starts"]) == 1


def test_the_manifest_names_every_image_with_its_hashes(folder, data):
    manifest = write_manifest(folder, load_training_data(data))
    assert [(row.image, row.part) for row in manifest.rows] == [
        ("0/images/img_1.png", "learnt"),
        ("0/images/img_3.png", "learnt"),
        ("0/images/img_2.png", "validation"),
    ]
    content = (data.root / "images" / "img_2.png").read_bytes()
    assert manifest.rows[2].bytes == len(content)
    assert len({row.sha256 for row in manifest.rows}) == len({row.labels for row in manifest.rows}) == 3
    assert read_manifest(folder.manifest_file) == manifest
    assert json.loads(folder.manifest_file.read_text(encoding="utf-8"))["sha256"] == manifest.sha256


def test_a_resumed_run_is_held_against_its_manifest(folder, data):
    write_manifest(folder, load_training_data(data))
    before = folder.manifest_file.read_bytes()
    image, labels = data.root / "images" / "img_1.png", data.root / "gt" / "gt_img_2.txt"
    image.write_bytes(image.read_bytes() + b"\0")
    labels.write_text(labels.read_text(encoding="utf-8").replace("CAFE", "CASE"), encoding="utf-8")
    with pytest.raises(BadConfig) as caught:
        write_manifest(folder, load_training_data(data))
    assert "0/images/img_1.png (the image), 0/images/img_2.png (its labels). Put it back" in str(caught.value)
    assert folder.manifest_file.read_bytes() == before


def test_files_with_their_old_size_and_time_are_not_read_again(folder, data):
    first = write_manifest(folder, load_training_data(data))
    image = data.root / "images" / "img_1.png"
    found = image.stat()
    image.write_bytes(b"\0" * found.st_size)  # not to be seen by whoever trusts size and time
    os.utime(image, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert write_manifest(folder, load_training_data(data)) == first


def test_touched_or_moved_files_are_the_same_data(folder, data, tmp_path):
    first = write_manifest(folder, load_training_data(data))
    (data.root).rename(tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere" / "images" / "img_1.png")
    moved = data.model_copy(update={"root": tmp_path / "elsewhere"})
    second = write_manifest(folder, load_training_data(moved))
    assert second.sha256 == first.sha256
    assert read_manifest(folder.manifest_file) == second


def test_stages_have_manifests_of_their_own(folder, data):
    write_manifest(folder, load_training_data(data), stage="real/2")
    assert (folder.path / "manifest_real_2.json").is_file()
    assert not folder.manifest_file.exists()


def test_a_damaged_manifest_is_said(folder, data):
    for content in ("{", "[]", '{"version": 9}', '{"version": 1, "images": [{"image": "a"}]}'):
        folder.manifest_file.write_text(content, encoding="utf-8")
        with pytest.raises(BadConfig, match=r"manifest\.json: (cannot be read|written by a newer version)"):
            write_manifest(folder, load_training_data(data))


def test_the_label_hash_sees_every_part_of_a_text():
    box = np.array([[0.0, 0], [4, 0], [4, 2], [0, 2]])
    texts = [
        TextInstance(box, "a"),
        TextInstance(box + 1, "a"),
        TextInstance(box, "b"),
        TextInstance(box, "a", ignore=True),
        TextInstance(box, "a", language="Latin"),
        TextInstance(box[:3], "a"),
    ]
    assert len({label_hash([text]) for text in texts} | {label_hash([]), label_hash(texts[:2])}) == 8
    assert label_hash([texts[0]]) == label_hash([TextInstance(box.copy(), "a")])
