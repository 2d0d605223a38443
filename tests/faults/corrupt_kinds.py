"""Every kind of file that the program writes: made by the program's writer, read by the program's reader.

A reader gives what it read and what it said about it, and may raise a TcmError. What it read is compared as
text, so that a single digit counts.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from PIL import Image

from app.domain.comment import new_comment
from app.domain.edits import AddRegions, DeleteRegions, MoveRegions, SetReview, SetText
from app.domain.finetune import FinetuneWish
from app.domain.page import Page
from app.domain.region import Region, new_region
from app.services.finetune_prepare import LABEL_FORMAT, freeze_pages, page_of
from app.settings.key_file import read_key_file, write_key_file
from app.settings.schema import KeySettings
from app.settings.store import SettingsStore
from app.storage.backups import back_up
from app.storage.checkpoint_notes import CheckpointNote, CheckpointNotes
from app.storage.export_profile import ExportProfile, load_profile, save_profile
from app.storage.finetune_runs import RunRecord, read_records, write_record
from app.storage.journal import encode_page
from app.storage.map_cache import MapCache, map_key
from app.storage.project_db import ProjectDb, StorageError
from app.storage.prompt_presets import PromptPresets
from app.storage.text_checks import read_text_check, read_words, write_text_check
from app.storage.votes import Vote, load_votes, save_votes
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import checkpoint_hash, read_metadata
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.export.onnx import onnx_bytes
from tcm_core.export.wrapper import ExportedDetector
from tcm_core.infer.manifest import MANIFEST, Manifest, Share
from tcm_core.onnx_file import read_onnx
from tcm_core.train.events import EventLog, read_events
from tcm_core.train.folder import RunFolder
from tcm_core.train.heartbeat import Heartbeat, read_heartbeat
from tcm_core.train.loading import read_split
from tcm_core.train.manifest import read_manifest
from tcm_core.train.resolve import load_run
from tcm_core.train.run import run_training
from tcm_core.train.state import read_state
from tests.helpers.fake_predictor import text_maps
from tests.helpers.labels import CURVED, QUAD, text
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint
from tests.helpers.tiny_run import write_run

Read = tuple[str, list[str]]
"""The content as text, and what was said about the file."""


class Kind(NamedTuple):
    """One kind of file.

    Attributes:
        make: writes it into an empty folder; the files that are to be damaged.
        read: reads it in the folder.
        guarded: a checksum or the structure can tell any other content. Of a plain text that people and other
            programs edit, a changed digit cannot be told.
    """

    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Read]
    guarded: bool


def _as_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


# the project

_QUAD = ((10.0, 10.0), (90.0, 12.0), (88.0, 40.0), (12.0, 38.0))
_KEYS = ("a.jpg", "b.png", "c.jpg")


def _write_project(folder: Path) -> ProjectDb:
    db = ProjectDb.open(folder, folder / "data")
    for key in _KEYS:
        page = Page(comments=())
        for number in range(12):
            region = Region(f"{key}-{number}", new_region(_QUAD).polygon, text=f"word {number} 茶")
            page = AddRegions([region]).apply(page)
            db.save_edit(key, page, "Add", "edit")
        page = SetText(page.regions[0].id, "EXIT").apply(page)
        page = MoveRegions([page.regions[1].id], 3.25, -1.5).apply(page)
        page = DeleteRegions([page.regions[2].id]).apply(page)
        page = SetReview("approved").apply(page)
        comment = new_comment((5.0, 6.0), "look here", "A")
        db.save_edit(key, Page(page.regions, page.review, (comment,)), "Change", "edit")
    db.truth.save([("a.jpg", db.load_page("a.jpg").regions)], "labels")
    return db


def _project(folder: Path) -> list[Path]:
    _write_project(folder).close()
    return [folder / ".tcm-studio" / "project.sqlite3"]


def _killed_project(folder: Path) -> list[Path]:
    """As a killed program leaves it: most is in the write-ahead log."""
    made = folder / "made"
    made.mkdir()
    db = _write_project(made)
    shutil.copytree(made / ".tcm-studio", folder / ".tcm-studio", ignore=shutil.ignore_patterns("*-shm"))
    db.close()
    shutil.rmtree(made)
    return sorted((folder / ".tcm-studio").glob("project.sqlite3*"))


def _backup(folder: Path) -> list[Path]:
    (project,) = _project(folder)
    copy = back_up(project)
    assert copy is not None
    project.write_bytes(b"this is no database" * 500)
    return [copy]


def _read_project(folder: Path) -> Read:
    db = ProjectDb.open(folder, folder / "data")
    said = [db.notice] if db.notice else []
    content: dict[str, Any] = {}
    try:
        for key in _KEYS:
            try:
                content[key] = encode_page(db.load_page(key))
                heads = [head for head in db.edits.heads(key) if head.kind != "repair"]
                content[f"{key} steps"] = [head[:3] for head in heads]
            except StorageError as error:
                said.append(str(error))
        content["truth"] = [_region_text(region) for region in db.truth.load("a.jpg") or ()]
    except StorageError as error:
        said.append(str(error))
    finally:
        db.close()
    return _as_text(content), said


def _region_text(region: Region) -> list[object]:
    return [region.id, region.polygon.tolist(), region.text, region.ignore]


# labels

_IMAGES = [
    LabelledImage("a.png", (text(QUAD, "Harbour, 茶", language="Latin"), text(QUAD + 40, "Tea")), (480, 640)),
    LabelledImage("b.png", (text(CURVED, "it's"), text(QUAD, "", ignore=True)), (480, 640)),
]


def _labels(folder: Path, name: str) -> list[Path]:
    write = FORMATS[name].write
    assert write is not None
    write(_IMAGES, folder / "labels")
    (folder / "labels" / "images").mkdir(exist_ok=True)
    for image in ("a.png", "b.png"):  # beside the labels, or where YOLO has them
        Image.new("RGB", (640, 480)).save(folder / image)
        Image.new("RGB", (640, 480)).save(folder / "labels" / "images" / image)
    found = (folder / "labels").rglob("*")
    return sorted(path for path in found if path.is_file() and path.suffix != ".png")


def _read_labels(folder: Path, name: str) -> Read:
    said: list[str] = []
    images = FORMATS[name].read(folder / "labels", lambda problem: said.append(str(problem)))
    content = {
        image.image: [[one.polygon.tolist(), one.text, one.ignore, one.language] for one in image.instances]
        for image in images
    }
    return _as_text(content), said


def _frozen(folder: Path) -> list[Path]:
    write_photos(folder / "photos", _KEYS)
    page = Page((new_region(_QUAD, text="EXIT"),), "approved")
    freeze_pages(folder / "photos", [(key, page) for key in _KEYS], folder / "run" / "data")
    return sorted(path for path in (folder / "run").rglob("*") if path.is_file() and path.suffix != ".jpg")


def _read_frozen(folder: Path) -> Read:
    data, said = folder / "run" / "data", []
    read = FORMATS[LABEL_FORMAT].read
    labels = {
        image.image: [[one.polygon.tolist(), one.text, one.ignore] for one in image.instances]
        for image in read(data / "labels", lambda problem: said.append(str(problem)))
    }
    pages = page_of(folder / "run")
    return _as_text([labels, pages]), said + ([] if pages else ["the pages of the images are not known"])


# networks and runs


def _tensors(value: object) -> str:
    total = hashlib.sha256()
    stack: list[object] = [value]
    while stack:
        one = stack.pop()
        match one:
            case torch.Tensor():
                total.update(str((one.dtype, one.shape)).encode())
                total.update(one.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
            case dict():
                stack += [item for pair in sorted(one.items(), key=repr) for item in pair]
            case list() | tuple():
                stack += one
            case _:
                total.update(repr(one).encode())
    return total.hexdigest()


def _checkpoint(folder: Path) -> list[Path]:
    return [tiny_checkpoint(folder)]


def _read_checkpoint(folder: Path) -> Read:
    loaded = load_checkpoint(folder / "tiny.safetensors")
    known_as = checkpoint_hash(folder / "tiny.safetensors")
    assert known_as
    return _as_text([_tensors(loaded.detector.state_dict()), loaded.metadata.model_dump()]), []


def _onnx(folder: Path) -> list[Path]:
    loaded = load_checkpoint(tiny_checkpoint(folder))
    path = folder / "tiny.onnx"
    path.write_bytes(onnx_bytes(ExportedDetector(loaded.detector, loaded.metadata), loaded.metadata))
    (folder / "tiny.safetensors").unlink()
    return [path]


def _read_onnx(folder: Path) -> Read:
    found = read_onnx(folder / "tiny.onnx")
    metadata = read_metadata(folder / "tiny.onnx")
    return _as_text([hashlib.sha256(found.content).hexdigest(), metadata.model_dump()]), []


def _run(folder: Path) -> Path:
    """A real run of four steps."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    run_training(write_run(folder, validation={"every": 2, "short_side": 64}), folder / "run")
    return folder / "run"


def _state(folder: Path, *, former: bool) -> list[Path]:
    run = _run(folder)
    if not former:
        (run / "state.former.pt").unlink()
    for path in (*run.glob("*.safetensors"), *(folder / "data").rglob("*.png")):
        path.unlink()
    return sorted(run.glob("state*.pt"))


def _read_state(folder: Path) -> Read:
    said: list[str] = []
    content = read_state(folder / "run" / "state.pt", said.append)
    return _tensors(content), said


def _run_files(folder: Path, name: str) -> list[Path]:
    run = _run(folder)
    for path in run.iterdir():
        if path.is_file() and path.name != name:
            path.unlink()
    shutil.rmtree(folder / "data")
    return [run / name]


def _read_run_file(folder: Path, name: str) -> Read:
    path = folder / "run" / name
    if name == "manifest.json":
        manifest = read_manifest(path)
        return _as_text(None if manifest is None else [row._asdict() for row in manifest.rows]), []
    return _as_text(read_split(path)), []


def _events(folder: Path) -> list[Path]:
    log = EventLog(folder / "events.jsonl")
    for step in range(200):
        log.write("step", step=step, losses={"total": 1 / (step + 1)}, learning_rate=0.001)
    log.close()
    return [folder / "events.jsonl"]


def _read_events(folder: Path) -> Read:
    page = read_events(folder / "events.jsonl")
    return _as_text(page.events), [f"{page.damaged} lines are no events"] if page.damaged else []


def _heartbeat(folder: Path) -> list[Path]:
    with RunFolder(folder / "run") as run, Heartbeat(run, 30.0):
        pass
    return [folder / "run" / "heartbeat"]


def _read_heartbeat(folder: Path) -> Read:
    pulse = read_heartbeat(folder / "run")
    if pulse is not None:
        assert isinstance(pulse.alive(), bool)
    return _as_text(pulse), [] if pulse else ["no heartbeat"]


def _config(folder: Path) -> list[Path]:
    path = write_run(folder)
    shutil.rmtree(folder / "data")
    return [path]


def _read_config(folder: Path) -> Read:
    return load_run(folder / "run.toml").model_dump_json(), []


# what the program keeps for itself


def _settings(folder: Path) -> list[Path]:
    store = SettingsStore(folder / "settings.toml")
    detection = store.settings.detection.model_copy(update={"checkpoint": "pan-small", "device": "cpu"})
    store.save(store.settings.model_copy(update={"detection": detection, "tour_closed": True}))
    return [store.file]


def _read_settings(folder: Path) -> Read:
    store = SettingsStore(folder / "settings.toml")
    return store.settings.model_dump_json(), [store.notice] if store.notice else []


def _keys(folder: Path) -> list[Path]:
    changes = {"next": ("N", "Right"), "previous": ("P",), "fit": ()}
    write_key_file(folder / "keys.json", KeySettings(preset="labelme", changes=changes))
    return [folder / "keys.json"]


def _read_keys(folder: Path) -> Read:
    return read_key_file(folder / "keys.json").model_dump_json(), []


def _prompts(folder: Path) -> list[Path]:
    presets = PromptPresets(folder)
    for number in range(10):
        presets.keep(f"preset {number}", f"the words {number} 茶")
    return [presets.file]


def _read_prompts(folder: Path) -> Read:
    presets = PromptPresets(folder)
    return _as_text(presets.words), [presets.notice] if presets.notice else []


def _notes(folder: Path) -> list[Path]:
    notes = CheckpointNotes(folder)
    for number in range(10):
        notes.put(Path(f"/photos/{number}.safetensors"), CheckpointNote(tags=("good",), origin="a run"))
    return [notes.file]


def _read_notes(folder: Path) -> Read:
    notes = CheckpointNotes(folder)
    found = [notes.of(Path(f"/photos/{n}.safetensors"), 1, 1).model_dump() for n in range(10)]
    return _as_text(found), [notes.notice] if notes.notice else []


def _votes(folder: Path) -> list[Path]:
    db = ProjectDb.open(folder, folder / "data")
    save_votes(db, {f"{n}.jpg": Vote(winner="db-small", among=("db-small", "pan")) for n in range(10)})
    db.close()
    return [folder / ".tcm-studio" / "votes.json"]


def _read_votes(folder: Path) -> Read:
    db = ProjectDb.open(folder, folder / "data")
    try:
        votes, notice = load_votes(db)
        return _as_text({key: vote.model_dump() for key, vote in votes.items()}), [notice] if notice else []
    finally:
        db.close()


def _profile(folder: Path) -> list[Path]:
    db = ProjectDb.open(folder, folder / "data")
    save_profile(db, ExportProfile(format="coco", frame="view", live=True))
    db.close()
    return [folder / ".tcm-studio" / "export.json"]


def _read_profile(folder: Path) -> Read:
    db = ProjectDb.open(folder, folder / "data")
    try:
        profile, notice = load_profile(db)
        return profile.model_dump_json(), [notice] if notice else []
    finally:
        db.close()


def _text_checks(folder: Path) -> list[Path]:
    write_text_check(folder, "abc茶", ["tea", "harbour", "茶館"])
    return [folder / "characters.txt", folder / "words.txt"]


def _read_text_checks(folder: Path) -> Read:
    check = read_text_check(folder)
    return _as_text([sorted(check.allowed or ()), read_words(folder / "words.txt")]), []


def _record(folder: Path) -> list[Path]:
    (folder / "one").mkdir()
    write_record(folder / "one", RunRecord(FinetuneWish("one"), created=1.0, phase="running"))
    return sorted((folder / "one").iterdir())


def _read_record(folder: Path) -> Read:
    said: list[str] = []
    records = read_records(folder, lambda file: said.append(f"{file} cannot be read"))
    return _as_text({name: repr(record) for name, record in records.items()}), said


def _maps(folder: Path) -> list[Path]:
    cache = MapCache(folder)
    cache.put(map_key("image", "checkpoint"), text_maps((240, 320)))
    return list(folder.rglob("*.npz"))


def _read_maps(folder: Path) -> Read:
    maps = MapCache(folder).get(map_key("image", "checkpoint"))
    if maps is None:
        return "", ["made again"]
    planes = {name: hashlib.sha256(np.ascontiguousarray(p)).hexdigest() for name, p in maps.planes.items()}
    return _as_text([planes, maps.head, repr(maps.frame), maps.language.tolist()]), []


def _manifest(folder: Path) -> list[Path]:
    manifest = Manifest(folder, share=Share())
    for number in range(10):
        manifest.set(f"res_{number}.txt", {"image": f"{number}.jpg", "checkpoint": "a" * 64, "size": number})
    manifest.write()
    return [folder / MANIFEST]


def _read_manifest(folder: Path) -> Read:
    manifest = Manifest(folder, share=Share())
    found = [manifest.entry(f"res_{number}.txt") for number in range(10)]
    return _as_text(found), [] if all(found) else ["detected again"]


def _label_kinds() -> Iterable[tuple[str, Kind]]:
    for name, row in FORMATS.items():
        if row.write is not None:
            yield (
                f"labels, {name}",
                Kind(partial(_labels, name=name), partial(_read_labels, name=name), False),
            )


KINDS: Final[dict[str, Kind]] = {
    "project": Kind(_project, _read_project, True),
    "project of a killed program": Kind(_killed_project, _read_project, True),
    "backup": Kind(_backup, _read_project, True),
    "checkpoint": Kind(_checkpoint, _read_checkpoint, True),
    "checkpoint, ONNX": Kind(_onnx, _read_onnx, True),
    "training state": Kind(partial(_state, former=False), _read_state, True),
    "training state and the one before": Kind(partial(_state, former=True), _read_state, True),
    "maps, cached": Kind(_maps, _read_maps, True),
    **dict(_label_kinds()),
    "labels and pages, frozen": Kind(_frozen, _read_frozen, False),
    "events": Kind(_events, _read_events, False),
    "heartbeat": Kind(_heartbeat, _read_heartbeat, False),
    "split of a run": Kind(
        partial(_run_files, name="split.json"), partial(_read_run_file, name="split.json"), False
    ),
    "manifest of a run": Kind(
        partial(_run_files, name="manifest.json"), partial(_read_run_file, name="manifest.json"), False
    ),
    "record of a fine-tuning": Kind(_record, _read_record, False),
    "configuration of a run": Kind(_config, _read_config, False),
    "settings": Kind(_settings, _read_settings, False),
    "keys": Kind(_keys, _read_keys, False),
    "prompt presets": Kind(_prompts, _read_prompts, False),
    "tags of checkpoints": Kind(_notes, _read_notes, False),
    "votes": Kind(_votes, _read_votes, False),
    "profile of exports": Kind(_profile, _read_profile, False),
    "text checks": Kind(_text_checks, _read_text_checks, False),
    "results of a folder": Kind(_manifest, _read_manifest, False),
}
