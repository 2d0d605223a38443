"""Files that are either the old one or the whole new one, also when the disk fills up or the process dies."""

import os
import secrets
from pathlib import Path

from tcm_core.errors import TcmError


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file in one step; missing parent folders are made.

    Raises:
        TcmError: the folder cannot be written or the disk is full; the old file is then untouched.
    """
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TcmError(
            f"{path}: cannot be written ({error.strerror or error}). "
            "Free some space or choose a folder that can be written."
        ) from error


def write_text_atomic(path: Path, text: str) -> None:
    """As write_atomic, in UTF-8, line ends as they are; what UTF-8 cannot hold becomes a question mark."""
    write_atomic(path, text.encode("utf-8", errors="replace"))
