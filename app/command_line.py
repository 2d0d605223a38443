"""How the command line `tcm` is started from here: from source, in the built application, in an AppImage."""

import os
import sys
from pathlib import Path
from typing import Final

COMMAND_LINE: Final = "tcm"
"""As the first argument it makes the studio the command `tcm`; a folder of that name is opened as ./tcm."""


def tcm_words() -> list[str]:
    """The words that start the command line `tcm` with the interpreter, or the frozen program, in use."""
    if getattr(sys, "frozen", False):
        return [_frozen_program(), COMMAND_LINE]
    return [sys.executable, "-m", "tcm_core"]


def tcm_environment() -> dict[str, str]:
    """The studio's environment, in which its own packages are found from every folder."""
    found = dict(os.environ)
    if getattr(sys, "frozen", False):
        found["PYINSTALLER_RESET_ENVIRONMENT"] = "1"  # unpacked anew: our own files go when we end
    else:
        import tcm_core

        root = str(Path(tcm_core.__path__[0]).parent)
        found["PYTHONPATH"] = os.pathsep.join(part for part in (root, found.get("PYTHONPATH", "")) if part)
    found["PYTHONUNBUFFERED"] = "1"
    return found


def _frozen_program() -> str:
    """The program that is started anew; of an AppImage the file itself, whose contents go when we end."""
    image, unpacked = os.environ.get("APPIMAGE", ""), os.environ.get("APPDIR", "")
    inside = bool(unpacked) and Path(sys.executable).is_relative_to(unpacked)
    return image if image and inside else sys.executable
