"""Looks through a folder for images in a thread and hands out their keys in chunks, in natural order."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThreadPool, Signal

from app.workers.messages import Problem, problem_of

CHUNK: Final = 500
SHOWN_PROBLEMS: Final = 5


class FolderScan(QObject):
    """Scans one folder at a time; starting another drops the one before.

    Signals carry the number that start returned, so that a receiver can drop what is late.
    """

    found = Signal(int, list)  # number, keys (POSIX paths relative to the folder), at most CHUNK
    finished = Signal(int, object)  # number, Problem about what had to be left out, or None
    failed = Signal(int, object)  # number, Problem: the folder cannot be looked through

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool()
        self._number = 0

    def start(self, folder: Path) -> int:
        """Scan a folder from now on; returns the number of this scan."""
        self._number += 1
        number = self._number
        self._pool.start(lambda: self._scan(number, folder))
        return number

    def shutdown(self) -> None:
        """Drop the scan in work and wait for its thread."""
        self._number += 1
        self._pool.waitForDone()

    def _scan(self, number: int, folder: Path) -> None:
        """In a thread of the pool."""
        left_out: list[str] = []
        chunk: list[str] = []
        try:
            for key in image_keys(folder, left_out):
                chunk.append(key)
                if number != self._number:
                    return
                if len(chunk) == CHUNK:
                    self.found.emit(number, chunk)
                    chunk = []
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a problem
            if number == self._number:
                self.failed.emit(number, _folder_problem(error, folder))
            return
        if number == self._number:
            if chunk:
                self.found.emit(number, chunk)
            self.finished.emit(number, _left_out_problem(left_out, folder))


def image_keys(folder: Path, left_out: list[str]) -> Iterator[str]:
    """The keys of all images below a folder, as they are found, in the order of list_images.

    Hidden files and folders are skipped, links to folders are not followed.

    Args:
        folder: where to look.
        left_out: gets a line for each sub-folder or file that cannot be used.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    return _keys_below(os.scandir(folder), "", left_out)


def _keys_below(
    opened: AbstractContextManager[Iterator[os.DirEntry[str]]], prefix: str, left_out: list[str]
) -> Iterator[str]:
    from tcm_core.data.image_files import is_image_file, natural_key  # not before the window is there

    with opened as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False), entry.path) for entry in entries]
    for name, is_folder, path in sorted(listed, key=lambda item: natural_key(item[0])):
        key = prefix + name
        if name.startswith("."):
            continue
        if not is_folder:
            if is_image_file(Path(name)):
                if _is_text(name):
                    yield key
                else:
                    left_out.append(f"{key!a}: the name is not valid text; rename the file")
        elif _is_text(name):
            try:
                below = os.scandir(path)
            except OSError as error:
                left_out.append(f"{key}: {error.strerror}")
            else:
                yield from _keys_below(below, key + "/", left_out)
        else:
            left_out.append(f"{key!a}: the name is not valid text; rename the folder")


def _is_text(name: str) -> bool:
    """Whether a file name can be kept and exported; on Linux it may be any bytes."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _folder_problem(error: Exception, folder: Path) -> Problem:
    if isinstance(error, FileNotFoundError):
        what, remedy = "The folder is not there.", "Was it moved, renamed or unplugged? Choose it again."
    elif isinstance(error, NotADirectoryError):
        what, remedy = "This is a file, not a folder.", "Choose the folder that the images are in."
    elif isinstance(error, PermissionError):
        what, remedy = "There is no permission to list the folder.", "Check its permissions."
    else:
        what, remedy = f"The folder could not be looked through: {error}", "Check the disk, then try again."
    return problem_of(error, what=what, where=str(folder), remedy=remedy)


def _left_out_problem(left_out: list[str], folder: Path) -> Problem | None:
    if not left_out:
        return None
    shown = "; ".join(left_out[:SHOWN_PROBLEMS]) + ("; ..." if len(left_out) > SHOWN_PROBLEMS else "")
    return Problem(
        f"{len(left_out)} files or folders were left out: {shown}",
        str(folder),
        "The other images can be used. Mend what is named and open the folder again.",
        "\n".join(left_out),
    )
