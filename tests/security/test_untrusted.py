"""Files of strangers that are made to do harm: refused in words or taken for what they are, never more."""

import json
import os
import pickle
import socket
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch

from app.domain.finetune_course import Course, state_words
from app.domain.page import Page
from app.domain.region import new_region
from app.settings.store import SettingsStore
from app.storage.finetune_runs import RECORD_FILE, read_records
from app.storage.label_io import plan_export, write_export
from app.storage.lock import LOCK_FILE, ProjectLock
from app.storage.predictions import decode_detections
from app.storage.project_db import ProjectDb, StorageError
from tcm_core.checkpoint import load_checkpoint
from tcm_core.config.load import read_toml
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadCheckpoint, BadConfig, BadLabels, TcmError
from tcm_core.train.events import read_events
from tcm_core.train.heartbeat import read_heartbeat
from tcm_core.train.loading import read_split
from tcm_core.train.manifest import read_manifest
from tcm_core.train.state import read_state
from tests.helpers.tiny_model import tiny_checkpoint

DEEP = 200_000
SQUARE = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))
DEEP_JSON = '{"version": 1, "a": ' + "[" * DEEP + "]" * DEEP + "}"
JSON_FILES = {
    "labelme": "a.json", "coco": "a.json", "cocotext": "a.json", "art": "a.json", "xanylabeling": "a.json",
    "ppocrlabel": "Label.txt",
}  # fmt: skip


@pytest.mark.parametrize("name", list(JSON_FILES))
def test_json_that_is_nested_deeply_is_bad_labels(name: str, tmp_path: Path):
    content = f"a.png\t{DEEP_JSON}\n" if name == "ppocrlabel" else DEEP_JSON
    (tmp_path / JSON_FILES[name]).write_text(content, encoding="utf-8")
    with pytest.raises(BadLabels):
        list(FORMATS[name].read(tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        "names: " + "[" * 20_000 + "]" * 20_000,
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
        + "names: *a29\n",
        "names: !!python/object/apply:os.system ['exit 1']",
    ],
)
def test_yaml_that_is_deep_that_multiplies_or_that_would_run_something_names_no_class(
    content: str, tmp_path: Path
):
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text(content, encoding="utf-8")
    (tmp_path / "labels" / "a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n", encoding="utf-8")
    with pytest.raises(BadLabels):
        list(FORMATS["yolo-obb"].read(tmp_path))


def test_toml_that_is_nested_deeply_is_refused_as_configuration_and_set_aside_as_settings(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text("a = " + "[" * DEEP + "]" * DEEP, encoding="utf-8")
    with pytest.raises(BadConfig, match=r"settings\.toml"):
        read_toml(file)
    store = SettingsStore(file)
    assert "the defaults are used" in (store.notice or "")
    assert (tmp_path / "settings.toml.unusable").exists()


def test_json_of_a_run_that_is_nested_deeply_is_refused_or_passed_over(tmp_path: Path):
    for name in ("split.json", "manifest.json", "heartbeat", "events.jsonl"):
        (tmp_path / name).write_text(DEEP_JSON + "\n", encoding="utf-8")
    with pytest.raises(BadConfig, match=r"split\.json"):
        read_split(tmp_path / "split.json")
    with pytest.raises(BadConfig, match=r"manifest\.json"):
        read_manifest(tmp_path / "manifest.json")
    assert read_heartbeat(tmp_path) is None
    page = read_events(tmp_path / "events.jsonl")
    assert (page.events, page.damaged) == ((), 1)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / RECORD_FILE).write_text(DEEP_JSON, encoding="utf-8")
    assert read_records(tmp_path) == {}
    with pytest.raises(ValueError, match="detections"):
        decode_detections(DEEP_JSON)


LYING_EVENTS = [
    '{"event": "start", "step": Infinity, "steps": -Infinity, "device": {"a": []}, "learnt": "x"}',
    '{"event": "start", "step": 1e300, "steps": 99999999999999999999}',
    '{"event": "step", "step": NaN, "total": 1%s, "losses": {"a": [1], "b": NaN}, "learning_rate": {}}'
    % ("0" * 400),
    '{"event": "step", "step": [], "total": "<b>", "losses": 3}',
    '{"event": "validation", "step": -5, "precision": Infinity, "recall": null, "hmean": true}',
    '{"event": "picture", "step": {}, "file": "../../etc/passwd", "image": "..\\\\..\\\\x"}',
    '{"event": "skipped", "step": Infinity, "reason": [[[]]]}',
    '{"event": "out_of_memory"}',
    '{"event": "error", "message": {"a": 1}, "time": "never"}',
    '{"event": 3}',
    "[]",
    "not json",
]


def test_events_with_lying_fields_make_a_course_whose_numbers_can_be_shown(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(LYING_EVENTS) + "\n", encoding="utf-8")
    page = read_events(file)
    assert (len(page.events), page.damaged) == (9, 3)
    course = Course()
    course.add(page.events)
    assert 0 <= course.step <= 2**31 - 1
    assert 0 <= course.steps <= 2**31 - 1
    for point in (*course.points, *course.validations, *course.pictures):
        assert 0 <= point.step <= 2**31 - 1
    assert state_words("going", course)
    assert all(isinstance(note, str) for note in course.notes)


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", "1e400", "[]", '"x"', "9" * 400])
def test_a_heartbeat_and_a_lock_with_impossible_numbers_are_read_as_none(value: str, tmp_path: Path):
    pulse = '{"time": 0, "step": %s, "state": "training", "pid": %s, "host": "h", "seconds": 5}'
    (tmp_path / "heartbeat").write_text(pulse % (value, value), encoding="utf-8")
    read_heartbeat(tmp_path)
    lock = '{"user": "a", "host": "%s", "pid": %s, "since": %s}'
    file = tmp_path / LOCK_FILE
    file.write_text(lock % (socket.gethostname(), value, value), encoding="utf-8")
    holder = ProjectLock(tmp_path / "project.sqlite3").acquire()
    assert holder is None or str(holder)  # a beat is awaited from one that cannot be read
    file.write_text(lock % ("elsewhere", "1", value), encoding="utf-8")
    os.utime(file)
    holder = ProjectLock(tmp_path / "project.sqlite3").acquire()
    assert holder is not None
    assert "elsewhere" in str(holder) or "somebody" in str(holder)


class Runs:
    """Pickled, it makes a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize("protocol", ["zip", "legacy", "bare"])
def test_a_training_state_that_would_run_something_is_refused_and_does_not(protocol: str, tmp_path: Path):
    trace, state = tmp_path / "it ran", tmp_path / "state.pt"
    content = {"step": 1, "model": Runs(trace)}
    if protocol == "bare":
        state.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, state, _use_new_zipfile_serialization=protocol == "zip")
    with pytest.raises(BadCheckpoint, match="cannot be resumed from"):
        read_state(state, pytest.fail)
    assert not trace.exists()


@pytest.mark.parametrize(
    "lie",
    [{"data_offsets": [0, 10**15]}, {"data_offsets": [-8, 8]}, {"shape": [2**40, 2**40]}, {"dtype": "F7"}],
)
def test_safetensors_whose_header_lies_are_refused(lie: dict, tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    del header["__metadata__"]["sha256"]  # a stranger would make one that fits
    first = next(name for name in header if name != "__metadata__")
    header[first].update(lie)
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + length :])
    with pytest.raises(BadCheckpoint):
        load_checkpoint(path)


NASTY = (
    "'); DROP TABLE pages; --.jpg", '" OR "1"="1.jpg', "a%' OR 1=1 --.jpg", "%s %d {0}.jpg",
    "x'||(SELECT 1)||'.jpg"
)  # fmt: skip


def test_names_that_look_like_sql_are_names(tmp_path: Path):
    db = ProjectDb.open(tmp_path, tmp_path / "data")
    for number, key in enumerate(NASTY):
        db.save_edit(key, Page((new_region(SQUARE, text=key),), "approved"), key, "edit")
        assert len(db.summaries()) == number + 1
    moved = db.images.move([(NASTY[0], NASTY[0] + " '; DELETE FROM edits; --.jpg")])
    assert len(moved) == 1
    assert db.load_page(NASTY[0]) == Page(comments=())
    db.close()
    db = ProjectDb.open(tmp_path, tmp_path / "data")
    assert db.notice is None
    for key in (*NASTY[1:], moved[0][1]):
        (region,) = db.load_page(key).regions
        assert region.text in NASTY
        assert [head.label for head in db.edits.heads(key)] == [region.text]
    db.close()


OUTSIDE = ("../outside.jpg", "/outside.jpg", "a/../../outside.jpg", "C:\\outside.jpg", "..\\outside.jpg")


@pytest.mark.parametrize("key", OUTSIDE)
def test_a_project_that_names_images_elsewhere_neither_reads_nor_writes_there(key: str, tmp_path: Path):
    folder = tmp_path / "photos"
    folder.mkdir()
    db = ProjectDb.open(folder, tmp_path / "data")
    db.save_edit("a.jpg", Page((new_region(SQUARE),), "approved"), "Add", "edit")
    for table in ("pages", "edits", "images"):
        db._connection.execute(f"UPDATE {table} SET key = ?", (key,))
    db.close()
    db = ProjectDb.open(folder, tmp_path / "data")
    with pytest.raises(StorageError):
        db.load_page(key)
    with pytest.raises(StorageError):
        db.save_edit(key, Page(), "Delete", "edit")
    db.close()
    out = tmp_path / "out"
    with pytest.raises(TcmError):
        write_export(plan_export([(key, Page((new_region(SQUARE),), "approved"))]), out, as_zip=False)
    assert not [path for path in tmp_path.rglob("*") if "outside" in path.name]


def test_a_damaged_project_that_is_a_script_of_sql_runs_nothing(tmp_path: Path):
    """Triggers and views of a made-up file are not taken into the new one."""
    db = ProjectDb.open(tmp_path, tmp_path / "data")
    db.save_edit("a.jpg", Page((new_region(SQUARE),), "approved"), "Add", "edit")
    path = db.path
    db.close()
    file = sqlite3.connect(path)
    file.execute("CREATE TRIGGER harm AFTER INSERT ON edits BEGIN DELETE FROM pages; END")
    file.execute("UPDATE pages SET regions = regions || 'x'")  # so that it is rebuilt
    file.commit()
    file.close()
    db = ProjectDb.open(tmp_path, tmp_path / "data")
    assert "was damaged" in (db.notice or "")
    assert len(db.load_page("a.jpg").regions) == 1
    assert db._connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall() == []
    db.close()


def test_weights_of_a_stranger_with_numbers_that_are_none_are_named(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"a": np.full(3, np.nan, np.float32)}, path)
    with pytest.raises(BadCheckpoint):
        load_checkpoint(path)
