"""How the labels of a project are exported, kept beside its database for the next export."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.storage.project_db import ProjectDb
from app.storage.user_file import load_user_file
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.geometry.orientation import ReadFrame

PROFILE_FILE: Final = "export.json"
_LARGEST: Final = 100_000  # bytes


class ExportProfile(BaseModel):
    """What was chosen for the last export."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: str = "icdar2015"
    """A row of FORMATS."""
    scope: str = ""
    """Which pages: the words of the choice; empty: the first choice."""
    folder: str = ""
    """Where to; empty: beside the folder of images."""
    as_zip: bool = False
    live: bool = False
    """Whether a page is written again whenever it is approved."""
    frame: ReadFrame = "stored"
    """Of the coordinates. The labels of benchmarks are in the stored frame."""


def load_profile(db: ProjectDb) -> tuple[ExportProfile, str | None]:
    """The profile of a project, or the default; and what to tell about a file that could not be used.

    A damaged file is set aside: whether approved images are still exported by themselves must not be guessed.
    """
    return load_user_file(_path(db), ExportProfile(), _LARGEST, "the settings of exports")


def save_profile(db: ProjectDb, profile: ExportProfile) -> None:
    """Keep the profile with the project.

    Raises:
        TcmError: it cannot be written.
    """
    write_text_atomic(_path(db), profile.model_dump_json() + "\n")


def _path(db: ProjectDb) -> Path:
    return db.path.with_name(PROFILE_FILE)
