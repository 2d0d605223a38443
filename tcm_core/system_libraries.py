"""Which system libraries Qt needs on Linux and which are missing; neither Qt nor torch is imported."""

import ctypes
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple


class MissingLibrary(NamedTuple):
    """A shared library that cannot be loaded."""

    soname: str
    package: str  # of Debian and Ubuntu


_DRAWING: Final = (  # what QtGui itself loads, also without a display
    MissingLibrary("libEGL.so.1", "libegl1"),
    MissingLibrary("libGL.so.1", "libgl1"),
    MissingLibrary("libX11.so.6", "libx11-6"),
    MissingLibrary("libxkbcommon.so.0", "libxkbcommon0"),
    MissingLibrary("libdbus-1.so.3", "libdbus-1-3"),
    MissingLibrary("libfontconfig.so.1", "libfontconfig1"),
    MissingLibrary("libfreetype.so.6", "libfreetype6"),
    MissingLibrary("libglib-2.0.so.0", "libglib2.0-0"),
    MissingLibrary("libgthread-2.0.so.0", "libglib2.0-0"),
)
_WINDOW: Final = (  # what Qt's xcb platform plugin adds for a window
    MissingLibrary("libX11-xcb.so.1", "libx11-xcb1"),
    MissingLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    MissingLibrary("libxcb.so.1", "libxcb1"),
    MissingLibrary("libxcb-cursor.so.0", "libxcb-cursor0"),
    MissingLibrary("libxcb-icccm.so.4", "libxcb-icccm4"),
    MissingLibrary("libxcb-image.so.0", "libxcb-image0"),
    MissingLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    MissingLibrary("libxcb-randr.so.0", "libxcb-randr0"),
    MissingLibrary("libxcb-render.so.0", "libxcb-render0"),
    MissingLibrary("libxcb-render-util.so.0", "libxcb-render-util0"),
    MissingLibrary("libxcb-shape.so.0", "libxcb-shape0"),
    MissingLibrary("libxcb-shm.so.0", "libxcb-shm0"),
    MissingLibrary("libxcb-sync.so.1", "libxcb-sync1"),
    MissingLibrary("libxcb-util.so.1", "libxcb-util1"),
    MissingLibrary("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    MissingLibrary("libxcb-xkb.so.1", "libxcb-xkb1"),
)


def missing_qt_libraries(*, window: bool = True) -> list[MissingLibrary]:
    """The libraries that Qt would not find here; empty on systems other than Linux.

    Args:
        window: also those that only a window on a display needs.
    """
    if not sys.platform.startswith("linux"):
        return []
    return not_loadable(_DRAWING + _WINDOW if window else _DRAWING)


def not_loadable(libraries: Sequence[MissingLibrary]) -> list[MissingLibrary]:
    """Those of the libraries that the system's loader does not find."""
    missing = []
    for library in libraries:
        try:
            ctypes.CDLL(library.soname)
        except OSError:
            missing.append(library)
    return missing


def install_line(missing: Sequence[MissingLibrary]) -> str:
    """The command that installs what is missing on Debian and Ubuntu."""
    return f"sudo apt-get install {' '.join(sorted({library.package for library in missing}))}"
