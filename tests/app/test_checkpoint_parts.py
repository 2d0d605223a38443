"""Cards, names, tags and notes of checkpoints; work beside the window; what one leaves in a project."""

import threading
from pathlib import Path

import pytest

from app.domain.checkpoint import (
    CheckpointEntry,
    bad_name,
    card_figures,
    parse_tags,
    refusal,
    size_words,
)
from app.services.checkpoints import entry_of, list_entries
from app.storage.checkpoint_notes import CheckpointNote, CheckpointNotes
from app.storage.map_cache import MapCache, map_key
from app.storage.project_db import PredictionRow, ProjectDb
from app.workers.background import BackgroundWork, Stopped
from app.workers.messages import Problem
from tcm_core.checkpoint_file import list_checkpoints
from tcm_core.errors import TcmError
from tests.helpers.fake_predictor import text_maps
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint

TABLE = """
| images | precision | hmean |
|---|---|---|
| validation | 0.9 | 0.80 |
| **test** | **0.8** | **0.75** |
| samples | 0.7 | 0.63 |
"""


def entry(origin="own", **values):
    return CheckpointEntry(Path("/c/x.safetensors"), origin, "x", **values)


def test_the_figures_of_a_card_are_those_in_bold_else_the_last():
    assert card_figures(TABLE) == "hmean 0.75 (test)"
    assert card_figures(TABLE.replace("**", "")) == "hmean 0.63 (samples)"
    assert card_figures("# Nothing\n\n| a | b |\n|---|---|\n| 1 | 2 |\n") == ""


def test_a_licence_is_read_from_the_card_else_from_the_note():
    assert entry(card="| licence | **CC BY 4.0** |").licence == "CC BY 4.0"
    assert entry(note="Converted. Licensed CC BY-NC 4.0 by its authors.").licence == "CC BY-NC 4.0"
    assert entry().licence == ""


@pytest.mark.parametrize(
    ("origin", "verb", "in_use", "said"),
    [
        ("shipped", "delete", False, "is shipped with the program"),
        ("shipped", "rename", False, "is shipped with the program"),
        ("own", "delete", True, "is in use"),
        ("own", "rename", True, ""),
        ("own", "delete", False, ""),
        ("run", "delete", False, "Promote or discard it"),
        ("elsewhere", "delete", False, "not in your folder"),
        ("elsewhere", "use", False, ""),
    ],
)
def test_what_may_not_be_done_is_said(origin, verb, in_use, said):
    why = refusal(entry(origin), verb, in_use=in_use)
    assert said in why
    assert bool(said) == bool(why)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "con", "x.", "x" * 81, "a\nb", "a:b"])
def test_names_that_are_no_file_names_are_refused(name):
    assert bad_name(name)


@pytest.mark.parametrize("name", ["streets", "Straße 2", "db-small+sign", "招牌", "v1.2 (best)"])
def test_names_of_any_script_are_fine(name):
    assert bad_name(name) == ""


def test_tags_are_each_once_and_without_blanks_around():
    assert parse_tags(" night,street  signs ,, night ") == ("night", "street signs")
    assert len(parse_tags(",".join(map(str, range(50))))) == 12


def test_sizes_are_for_people():
    assert [size_words(size) for size in (900, 8_534_766, 2_500_000_000)] == ["1 kB", "8.5 MB", "2.50 GB"]


def test_a_note_forgets_the_checksum_of_a_file_that_changed_and_keeps_its_tags(tmp_path):
    notes = CheckpointNotes(tmp_path)
    path = tmp_path / "a.safetensors"
    notes.put(
        path, CheckpointNote(tags=("x",), size=5, mtime_ns=7, sha256="a" * 64, identity="b", checked="ok")
    )
    again = CheckpointNotes(tmp_path)
    assert again.of(path, 5, 7).sha256 == "a" * 64
    changed = again.of(path, 6, 7)
    assert (changed.tags, changed.sha256, changed.identity, changed.checked) == (("x",), "", "", "")
    again.move(path, tmp_path / "b.safetensors")
    assert CheckpointNotes(tmp_path).of(tmp_path / "b.safetensors", 5, 7).tags == ("x",)


def test_notes_that_cannot_be_read_are_set_aside_and_it_is_said(tmp_path):
    (tmp_path / "checkpoints.json").write_text('{"checkpoints": {"a": {"sha256": 7}}}')
    notes = CheckpointNotes(tmp_path)
    assert notes.of(tmp_path / "a", 1, 1).tags == ()
    assert "kept as checkpoints.json.unusable, and tags begin anew" in notes.notice
    assert (tmp_path / "checkpoints.json.unusable").is_file()
    assert CheckpointNotes(tmp_path).notice is None


def test_notes_that_cannot_be_set_aside_are_not_said_to_be(tmp_path):
    (tmp_path / "checkpoints.json").write_text("{")
    (tmp_path / "checkpoints.json.unusable").mkdir()
    notes = CheckpointNotes(tmp_path)
    assert "cannot be set aside. The next change takes its place" in notes.notice
    notes.put(tmp_path / "a", CheckpointNote(tags=("x",), size=1, mtime_ns=1))
    assert CheckpointNotes(tmp_path).of(tmp_path / "a", 1, 1).tags == ("x",)


def test_the_list_holds_the_chosen_one_wherever_it_lies_and_names_what_is_broken(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    elsewhere = tiny_checkpoint(tmp_path)
    (own / "broken.safetensors").write_bytes(b"\0" * 9)
    (own / ".half.safetensors").write_bytes(b"x")
    found = {one.name: one for one in list_entries(own, None, str(elsewhere))}
    assert [(one.name, one.origin) for one in found.values()] == [
        *((path.stem, "shipped") for path in list_checkpoints()), ("broken", "own"), ("tiny", "elsewhere"),
    ]  # fmt: skip
    assert found["db-small"].value == "db-small"
    assert found["tiny"].value == str(elsewhere)
    assert (found["tiny"].head, found["tiny"].words, found["tiny"].sides) == ("db", "text", (96, 256))
    assert "not a safetensors file" in found["broken"].problem
    assert entry_of(tmp_path / "gone.safetensors", "own").problem


def test_work_gives_what_it_makes_or_why_it_failed_and_can_be_stopped(qtbot):
    work, answers, steps = BackgroundWork("Try again."), {}, []
    work.ended.connect(lambda name, answer: answers.__setitem__(name, answer))
    work.progress.connect(lambda *step: steps.append(step))

    def fails(_):
        raise TcmError("in words")

    def breaks(_):
        raise KeyError("x")

    def counts(step):
        step(1, 2)
        step(2, 2)
        return 7

    assert work.start("counts", counts)
    work.start("fails", fails)
    work.start("breaks", breaks)
    qtbot.waitUntil(lambda: len(answers) == 3)
    assert answers["counts"] == 7
    assert steps[-1] == ("counts", 2, 2)
    assert isinstance(answers["fails"], Problem)
    assert answers["fails"].what == "in words"
    assert answers["breaks"].remedy == "Try again."

    inside, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def long(step):
        inside.set()
        go_on.wait(10)
        try:
            step(1, None)
        finally:
            ended.set()

    work.start("long", long)
    assert not work.start("long", long)  # one at a time of a name
    inside.wait(10)
    work.stop("long")
    assert isinstance(answers["long"], Stopped)
    assert not work.is_running("long")
    go_on.set()
    assert ended.wait(10)
    qtbot.wait(50)
    assert isinstance(answers["long"], Stopped)  # its end is not told twice
    work.shutdown()
    assert not work.start("late", counts)


def test_the_traces_of_a_checkpoint_are_counted_and_taken_away_in_every_input_size(tmp_path):
    db = ProjectDb.open(write_photos(tmp_path / "p", ("a.jpg", "b.jpg")))
    for key, sha256 in (("a.jpg", "abc"), ("b.jpg", "abc"), ("b.jpg", "abc@0.5"), ("a.jpg", "other")):
        db.save_predictions(key, PredictionRow(sha256, "x", "{}", ()))
    assert db.traces.found_on("abc") == [("a.jpg", "abc"), ("b.jpg", "abc"), ("b.jpg", "abc@0.5")]
    db.traces.forget("abc")
    assert db.traces.found_on("abc") == []
    assert db.load_predictions("a.jpg").checkpoint_hash == "other"
    db.close()


def test_kept_maps_are_measured_and_removed(tmp_path):
    cache, key = MapCache(tmp_path), map_key("a", "b")
    assert cache.size_of(key) == 0
    cache.put(key, text_maps((64, 64)))
    assert cache.size_of(key) > 0
    cache.remove(key)
    assert cache.get(key) is None
    cache.remove(key)
