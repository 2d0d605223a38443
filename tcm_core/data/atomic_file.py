"""Files that are either the old one or the whole new one, also when the disk fills up or the process dies."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO, cast

from tcm_core.errors import TcmError


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file in one step; missing parent folders are made.

    Raises:
        TcmError: the folder cannot be written or the disk is full; the old file is then untouched.
    """
    save_atomic(path, lambda file: file.write(content))


def write_text_atomic(path: Path, text: str) -> None:
    """As write_atomic, in UTF-8, line ends as they are; what UTF-8 cannot hold becomes a question mark."""
    write_atomic(path, text.encode("utf-8", errors="replace"))


def save_atomic(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    """As write_atomic, of content that is written piece by piece, such as by torch.save.

    Args:
        path: the file.
        save: writes the content into the open file that it is given. What it raises is passed on, unless the
            disk was the reason.

    Raises:
        TcmError: see write_atomic.
    """
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    refused: list[OSError] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                save(cast("IO[bytes]", _Remembering(file, refused)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError) as error:
        reason = error if isinstance(error, OSError) else refused[-1] if refused else None
        if reason is None:
            raise
        raise TcmError(
            f"{path}: cannot be written ({reason.strerror or reason}). "
            "Free some space or choose a folder that can be written."
        ) from reason


class _Remembering:
    """An open file that remembers why a write failed: torch.save hides it behind an error of its own."""

    def __init__(self, file: BinaryIO, refused: list[OSError]) -> None:
        self._file = file
        self._refused = refused

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self._refused.append(error)
            raise

    def flush(self) -> None:
        self._file.flush()
