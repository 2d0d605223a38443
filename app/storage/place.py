"""Where the project file of a folder of images lies: in the folder, or in the person's data folder."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.storage.errors import StorageError
from tcm_core.home import data_folder

PROJECT_FOLDER: Final = ".tcm-studio"
PROJECT_FILE: Final = "project.sqlite3"
COMPANIONS: Final = ("-wal", "-journal")  # hold changes that are not in the main file yet


@dataclass(frozen=True)
class Place:
    """The project file to use and, when a person should know something about it, the words."""

    path: Path
    notice: str | None = None


def find_place(folder: Path, data_home: Path | None = None) -> Place:
    """Where to keep the project of that folder; the parent of the path exists and can be written to.

    Labels that were made elsewhere while the folder could not be written to are taken over, and labels in a
    folder that has become read-only are copied to where they can be changed.

    Raises:
        StorageError: neither the folder nor the data folder can be written to.
    """
    inside = folder / PROJECT_FOLDER / PROJECT_FILE
    outside = _outside(folder, data_home)
    if _writable(inside.parent):
        return _take_back(inside, outside)
    if not _writable(outside.parent):
        raise StorageError(
            f"Labels cannot be kept: neither {inside.parent} nor {outside.parent} can be written to. "
            "Give yourself the right to write to one of them, or open a copy of the folder."
        )
    if inside.exists() and not outside.exists():
        _copy(inside, outside)
    return Place(
        outside, f"The folder {folder} cannot be written to. Its labels are kept in {outside.parent}."
    )


def _outside(folder: Path, data_home: Path | None) -> Path:
    home = data_folder() if data_home is None else data_home
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return home / "projects" / name / PROJECT_FILE


def _take_back(inside: Path, outside: Path) -> Place:
    if not outside.exists():
        return Place(inside)
    if not inside.exists():
        _copy(outside, inside)
        return Place(
            inside, f"The labels kept in {outside.parent} while the folder was read-only were copied into it."
        )
    if outside.stat().st_mtime > inside.stat().st_mtime:
        return Place(
            inside,
            f"Newer labels of this folder, made while it was read-only, are in {outside.parent}. "
            f"To use them, close the folder and move {outside.name} from there into {inside.parent}.",
        )
    return Place(inside)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    try:
        for ending in (*COMPANIONS, ""):  # the main file last: its presence says that the copy is complete
            part = source.with_name(source.name + ending)
            if part.exists():
                shutil.copyfile(part, target.with_name(target.name + ending))
    except OSError as error:
        raise StorageError(
            f"The labels in {source} could not be copied to {target.parent}: {error.strerror}. "
            "Check the free space there and open the folder again."
        ) from error
