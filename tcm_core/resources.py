"""The only place that finds a file of resources/: in the source tree, an installed wheel or a frozen app."""

import sys
from pathlib import Path

from tcm_core.errors import TcmError


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, for example resource("checkpoints", "db-small.safetensors").

    Raises:
        TcmError: it is not there; the message names the file and the folder it was looked for in.
    """
    root = resource_root()
    path = root.joinpath(*parts)
    if not path.exists():
        raise TcmError(
            f"{'/'.join(parts)}: not among the program's files in {root}. Install the program again."
        )
    return path


def resource_root() -> Path:
    """The folder that holds the shipped files, whether it exists or not."""
    frozen = getattr(sys, "_MEIPASS", None)  # set by PyInstaller only
    if frozen is not None:
        return Path(frozen) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"
