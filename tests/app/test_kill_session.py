"""Kill -9 at random moments; `python -m tests.faults.kill_session --runs 100` does it more often."""

import pytest

from app.storage.project_db import ProjectDb
from tests.faults.kill_session import check, digest, killed_session, run


def test_ten_killed_sessions_lose_no_finished_edit(qapp, tmp_path):
    outcome = run(10, tmp_path, seed=7)
    assert outcome.lost == ()
    assert outcome.edits > 10


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("DELETE FROM edits WHERE id = (SELECT max(id) FROM edits)", "is not the newest state"),
        ("UPDATE edits SET body = replace(body, '1', '2')", "is not what was saved"),
    ],
)
def test_the_check_finds_what_is_lost(qapp, tmp_path, harm, words):
    noted = killed_session(tmp_path, 1, 0.5)
    assert check(tmp_path, noted)[1] == []
    db = ProjectDb.open(tmp_path)
    key, revision, saved = noted[-1]
    assert digest(db.edits.page_at(key, revision)) == saved
    db._connection.execute(harm)
    db.close()
    try:
        wrong = check(tmp_path, noted)[1]
    except Exception as error:  # noqa: BLE001 a state that cannot be made again is found too
        wrong = [str(error)]
    assert any(words in one or "cannot be made again" in one for one in wrong)
