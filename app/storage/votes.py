"""Which of several detectors a person found best on each page; a small file beside the project's database."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.storage.keys import check_key
from app.storage.project_db import ProjectDb
from app.storage.user_file import load_user_file
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError

VOTES_FILE: Final = "votes.json"
TIE: Final = ""
"""The winner where none is better than the others."""
_LARGEST: Final = 100_000_000  # bytes


class Vote(BaseModel):
    """One page's vote."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    winner: str
    """The name of what was best; TIE: none was."""
    among: tuple[str, ...]
    """The names of all that were to be seen."""


class _Votes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    votes: dict[str, Vote] = {}


def load_votes(db: ProjectDb) -> tuple[dict[str, Vote], str | None]:
    """The votes of a project by key of the page, and what to tell about a file that could not be used.

    A damaged file is set aside, or the next vote would take the place of all that are in it.
    """
    held, notice = load_user_file(_path(db), _Votes(), _LARGEST, "votes")
    return dict(held.votes), notice


def save_votes(db: ProjectDb, votes: Mapping[str, Vote]) -> None:
    """Keep the votes with the project.

    Raises:
        TcmError: they cannot be written, or the project is only looked at.
    """
    for key in votes:
        check_key(key)
    if db.holder is not None:
        raise TcmError(
            "The vote is not kept: the project is open in another window. Close it there, then vote again."
        )
    write_text_atomic(_path(db), _Votes(votes=dict(votes)).model_dump_json(indent=1) + "\n")


def wins(votes: Mapping[str, Vote]) -> list[tuple[str, int]]:
    """How many pages each name won, the most first; TIE where there were ties."""
    counts = Counter(vote.winner for vote in votes.values())
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def _path(db: ProjectDb) -> Path:
    return db.path.with_name(VOTES_FILE)
