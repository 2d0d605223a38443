"""Kill -9 at random moments of an editing session: no finished edit may be lost, the project must open.

    python -m tests.faults.kill_session --runs 100 [--seed 0] [--folder DIR]

Every run edits the same project with the program's own session until it is killed; each edit, undo, redo and
import is noted on a pipe after it was reported as saved. Then the project is opened again: every noted state
must be in its place in the history, the newest state must be the page, and undo must lead back to the start.
"""

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from app.document.session import Session
from app.domain.edits import AddRegions, DeleteRegions, Edit, EditRefused, MoveRegions, SetReview, SetText
from app.domain.imported import ImportRegions
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.backups import back_up
from app.storage.journal import encode_page
from app.storage.project_db import ProjectDb

PAGES = 5
SQUARE = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))
LONGEST_S = 0.8  # that a session lives after its first edit


@dataclass(frozen=True)
class Outcome:
    """What all runs together came to."""

    runs: int
    edits: int  # noted as saved
    unfinished: int  # found in the file, but killed before they could be noted
    lost: tuple[str, ...]  # what is wrong, in words


def digest(page: Page) -> str:
    """The same for equal pages only."""
    return hashlib.sha256(encode_page(page).encode()).hexdigest()


def edit_until_killed(folder: Path, seed: int) -> None:
    """Work on the project for ever; each line written says what is saved."""
    chance = random.Random(seed)
    db = ProjectDb.open(folder, exclusive=True)
    assert db.holder is None, f"the lock of a killed session holds: {db.holder}"
    session = Session(db)
    session.save_failed.connect(lambda error: sys.exit(f"not saved: {error}"))
    while True:
        session.open_page(f"{chance.randrange(PAGES)}.jpg")
        for step in range(chance.randrange(1, 12)):
            one_step(session, chance, step)
        if chance.random() < 0.05:
            back_up(db.path)


def one_step(session: Session, chance: random.Random, step: int) -> None:
    """Do something that a person does, and note it."""
    before = session.page
    kind = chance.choice(("edit", "edit", "edit", "drag", "undo", "redo"))
    try:
        if kind == "undo":
            session.undo()
        elif kind == "redo":
            session.redo()
        elif kind == "drag" and before.regions:
            name = chance.choice(before.regions).id
            for _ in range(5):
                session.apply(MoveRegions([name], 1, 1, merge_key=f"press {step}"))
                note(session)
        else:
            session.apply(some_edit(before, chance))
    except EditRefused:
        return
    if session.page is not before:
        note(session)


def some_edit(page: Page, chance: random.Random) -> Edit:
    """An edit that fits the page."""
    x, y = chance.uniform(-50, 50), chance.uniform(-50, 50)
    new = [new_region([(a + x, b + y) for a, b in SQUARE], text=f"{x:.3f}")]
    ids = [region.id for region in page.regions]
    edits: list[Edit] = [
        AddRegions(new),
        ImportRegions(new, replace=False),
        SetReview(chance.choice(("edited", "approved", "rejected"))),
    ]
    if ids:
        edits += [MoveRegions([chance.choice(ids)], x, y), SetText(chance.choice(ids), f"{y:.3f}")]
    if len(ids) > 8:
        edits += [DeleteRegions(ids[:4])]
    return chance.choice(edits)


def note(session: Session) -> None:
    """Say which page is saved as what: its revision and digest."""
    key = session.key
    assert key is not None
    revision = session._db.edits.heads(key)[-1].revision
    sys.stdout.write(json.dumps([key, revision, digest(session.page)]) + "\n")
    sys.stdout.flush()


def killed_session(folder: Path, seed: int, lives_s: float) -> list[tuple[str, int, str]]:
    """Run a session and kill it; what it noted.

    Raises:
        AssertionError: it ended by itself.
    """
    command = [sys.executable, "-m", "tests.faults.kill_session", "--child", str(folder), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.readline()
        killer = threading.Timer(lives_s, child.kill)
        killer.start()
        lines = [first, *child.stdout]
        status = child.wait()
        killer.cancel()
        errors = child.stderr.read()
    assert status == -signal.SIGKILL, f"the session ended with {status}: {errors}"
    return [tuple(json.loads(line)) for line in lines if line.endswith("\n")]


def check(folder: Path, noted: list[tuple[str, int, str]]) -> tuple[int, list[str]]:
    """Open the project after a kill; how many steps were saved without being noted, and what is wrong."""
    wrong: list[str] = []
    unfinished = 0
    db = ProjectDb.open(folder, exclusive=True)
    if db.holder is not None or db.notice is not None:
        wrong.append(f"opened with a notice: {db.notice}")
    newest = {key: revision for key, revision, _ in noted}
    wrong += [
        f"{key} revision {revision} is not what was saved"
        for key, revision, expected in noted
        if digest(db.edits.page_at(key, revision)) != expected
    ]
    for number in range(PAGES):
        key = f"{number}.jpg"
        heads = db.edits.heads(key)
        last = heads[-1].revision if heads else 0
        unfinished += max(0, last - newest.get(key, last))
        if [head.revision for head in heads] != list(range(1, last + 1)):
            wrong.append(f"{key}: a step is missing in the history")
        if digest(db.load_page(key)) != digest(db.edits.page_at(key, last)):
            wrong.append(f"{key}: the page is not the newest state of its history")
    db.close()
    return unfinished, wrong


def check_undo(folder: Path) -> list[str]:
    """Undo everything of all sessions; what is wrong."""
    db = ProjectDb.open(folder, exclusive=True)
    session = Session(db)
    wrong = []
    for number in range(PAGES):
        session.open_page(f"{number}.jpg")
        while session.undo_stack.canUndo():
            session.undo()
        if session.page != Page():
            wrong.append(f"{number}.jpg: undo does not lead back to the start")
    db.close()
    return wrong


def run(runs: int, folder: Path, seed: int = 0) -> Outcome:
    """Kill so many sessions on one project and check it after each."""
    chance = random.Random(seed)
    edits = unfinished = 0
    lost: list[str] = []
    for number in range(runs):
        noted = killed_session(folder, chance.randrange(2**31), chance.uniform(0, LONGEST_S))
        edits += len(noted)
        more, wrong = check(folder, noted)
        unfinished += more
        lost += [f"run {number}: {what}" for what in wrong]
    lost += check_undo(folder)
    return Outcome(runs, edits, unfinished, tuple(lost))


def main() -> int:
    """The command line; 1 when anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="of the project (default: a temporary one)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        edit_until_killed(arguments.child, arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        outcome = run(arguments.runs, arguments.folder or Path(temporary), arguments.seed)
    sys.stdout.write(
        f"{outcome.runs} sessions killed, {outcome.edits} steps reported as saved, {outcome.unfinished} more "
        f"in the file that were killed before their report, {len(outcome.lost)} faults\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in outcome.lost)
    return 1 if outcome.lost else 0


if __name__ == "__main__":
    sys.exit(main())
