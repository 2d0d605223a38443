"""Small files beside the project that are damaged: said in the window, and kept."""

from pathlib import Path

import pytest

from app.storage.finetune_runs import RECORD_FILE, UNREADABLE
from app.storage.project_db import ProjectDb
from app.storage.votes import VOTES_FILE, Vote, load_votes, save_votes
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

VOTE = Vote(winner="a", among=("a", "b"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def test_a_run_whose_note_is_damaged_is_said_and_left_as_it_is(qapp, folder: Path):
    note = folder / ".tcm-studio" / "runs" / "mine" / RECORD_FILE
    note.parent.mkdir(parents=True)
    note.write_text('{"wish": {', encoding="utf-8")

    def script(robot: AppRobot):
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert problem.what == UNREADABLE
        assert str(note) in problem.where
        yield robot.picture_shown

    run_with(FakeDetector(), [str(folder)], script)
    assert note.read_text(encoding="utf-8") == '{"wish": {'


@pytest.mark.parametrize("damaged", [b"", b'{"votes": {"a.jpg": {"win', b"\xff\xfe", b'{"votes": [1]}'])
@pytest.mark.logs_warnings
def test_damaged_votes_are_said_and_not_overwritten_by_the_next_vote(folder: Path, damaged: bytes):
    db = ProjectDb.open(folder)
    save_votes(db, {"a.jpg": VOTE})
    assert load_votes(db) == ({"a.jpg": VOTE}, None)
    db.path.with_name(VOTES_FILE).write_bytes(damaged)
    votes, notice = load_votes(db)
    assert votes == {}
    assert notice is not None
    save_votes(db, {"b.png": VOTE})
    (kept,) = db.path.parent.glob("*.unusable*")
    assert kept.read_bytes() == damaged
    assert load_votes(db) == ({"b.png": VOTE}, None)
    db.close()
