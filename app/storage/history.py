"""The history of a page: its steps, any earlier state, and what can be undone and redone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.page import Page
from app.storage.errors import StorageError
from app.storage.journal import JournalRow, StepKind, replay
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile

START = 0  # the revision of a page before its first step


class StepHead(NamedTuple):
    """One row of the journal without its body."""

    revision: int
    kind: StepKind
    label: str
    at: float  # seconds since 1970, UTC


@dataclass(frozen=True)
class UndoStep:
    """One step that can be undone or redone: it leads from one revision to another."""

    before: int
    after: int
    label: str


@dataclass(frozen=True)
class UndoState:
    """What an undo stack holds: the first `done` steps can be undone, the others redone."""

    steps: tuple[UndoStep, ...] = ()
    done: int = 0


class PageHistory:
    """The journal in the project file, for reading."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def rows(self, key: str) -> list[JournalRow]:
        """Every step in the history of a page, the first one first.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        check_key(key)
        with self._file.reading(f"read the history of {key}"):
            return self._rows(key, START)

    def heads(self, key: str) -> list[StepHead]:
        """Every step without the pages, which is fast however long the history is; the first one first.

        Raises:
            StorageError: see `rows`.
        """
        check_key(key)
        with self._file.reading(f"read the history of {key}") as connection:
            found = connection.execute(
                "SELECT revision, kind, label, at FROM edits WHERE key = ? ORDER BY revision", (key,)
            )
            return [StepHead(*row) for row in found]

    def page_at(self, key: str, revision: int) -> Page:
        """The page as it was after a step; revision 0 is the page before its first step.

        Raises:
            StorageError: that state cannot be made again, because the journal is damaged; or see `rows`.
        """
        check_key(key)
        if revision == START:
            with self._file.reading(f"read the history of {key}"):
                first = replay(self._rows(key, START, 1))
            return Page(comments=None if 1 in first and first[1].comments is None else ())
        with self._file.reading(f"read the history of {key}") as connection:
            whole = connection.execute(
                "SELECT max(revision) FROM edits WHERE key = ? AND revision <= ? AND whole", (key, revision)
            ).fetchone()[0]
            states = replay(self._rows(key, whole or START, revision))
        if revision not in states:
            raise StorageError(
                f"The state {revision} of {key} cannot be made again: its history in {self._file.path} is "
                "damaged there. The labels as they are now are not touched; choose another state."
            )
        return states[revision]

    def undo_state(self, key: str) -> UndoState:
        """What can be undone and redone on a page, from all runs of the program.

        Raises:
            StorageError: see `rows`.
        """
        return undo_state(self.heads(key))

    def _rows(self, key: str, first: int, last: int | None = None) -> list[JournalRow]:
        rows = self._file.connection.execute(
            "SELECT revision, kind, label, at, whole, body FROM edits "
            "WHERE key = ? AND revision >= ? AND revision <= ifnull(?, revision) ORDER BY revision",
            (key, first, last),
        )
        return [
            JournalRow(revision, kind, label, at, bool(whole), body)
            for revision, kind, label, at, whole, body in rows
        ]


def undo_state(heads: Iterable[StepHead]) -> UndoState:
    """What a journal leaves to undo and to redo.

    A step of kind "merged" goes on with the one before it (one drag is one step). A page that was read from a
    damaged project cannot be undone; its earlier states can still be looked at. Where the journal does not
    fit together, what was before is left out.

    Args:
        heads: the journal of one page, by rising revision.
    """
    steps: list[UndoStep] = []
    done = now = START
    for head in heads:
        match head.kind:
            case "undo" if done > 0:
                done -= 1
                now = steps[done].before
            case "redo" if done < len(steps):
                now = steps[done].after
                done += 1
            case "merged" if done > 0:
                del steps[done:]
                last = steps.pop()
                steps.append(UndoStep(last.before, head.revision, last.label))
                now = head.revision
            case "edit" | "merged":
                del steps[done:]
                steps.append(UndoStep(now, head.revision, head.label))
                done, now = len(steps), head.revision
            case _:
                steps, done, now = [], 0, head.revision
    return UndoState(tuple(steps), done)


def finished_steps(heads: Sequence[StepHead]) -> list[StepHead]:
    """The journal with steps that were merged as one: the last of them, with the first one's label."""
    found: list[StepHead] = []
    for head in heads:
        if head.kind == "merged" and found and found[-1].kind in ("edit", "merged"):
            found.append(head._replace(kind="edit", label=found.pop().label))
        else:
            found.append(head)
    return found
