"""What `tcm doctor` looks at: versions, devices, Qt's libraries, shipped checkpoints, the data folder."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from tcm_core.checkpoint_file import file_sha256, list_checkpoints, read_metadata
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.home import HOME_VARIABLE, data_folder
from tcm_core.system_libraries import install_line, missing_qt_libraries

PACKAGES: Final = (
    "torch", "open_clip_torch", "timm", "PySide6-Essentials", "opencv-python-headless", "numpy", "pillow"
)  # fmt: skip

_REINSTALL: Final = "install the program again (make install)"


@dataclass(frozen=True)
class Finding:
    """One row of the report.

    Attributes:
        name: what was looked at.
        value: what was found.
        ok: whether it serves.
        remedy: what to do about it; empty when it serves.
        required: whether the program cannot do its work without it.
    """

    name: str
    value: str
    ok: bool = True
    remedy: str = ""
    required: bool = True


def collect() -> list[Finding]:
    """Everything that is worth knowing when something does not work; torch is imported for it."""
    return [
        _python(),
        *(_package(name) for name in PACKAGES),
        qt_version_finding(_version("PySide6-Essentials"), sys.version_info[:2]),
        *_devices(),
        _qt_libraries(),
        *_checkpoints(),
        data_folder_finding(data_folder()),
    ]


def qt_version_finding(version: str | None, python: tuple[int, int]) -> Finding:
    """Whether this PySide6 can be used on this Python."""
    if version is None:
        return Finding("Qt for Python", "not installed", ok=False, remedy=_REINSTALL)
    if version.startswith("6.12.0") and python < (3, 12):
        return Finding(
            "Qt for Python",
            f"{version} on Python {python[0]}.{python[1]}",
            ok=False,
            remedy="this version ends the program on Python before 3.12; "
            'pip install "PySide6-Essentials>=6.8,<6.12"',
        )
    return Finding("Qt for Python", f"{version} works with Python {python[0]}.{python[1]}")


def data_folder_finding(folder: Path) -> Finding:
    """Whether settings, caches and labels of read-only folders can be kept in a folder, made or not."""
    existing = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if existing.is_dir() and os.access(existing, os.W_OK):
        return Finding("data folder", str(folder))
    return Finding(
        "data folder",
        f"{folder} cannot be written",
        ok=False,
        remedy=f"make {existing} a folder that you may write, or set {HOME_VARIABLE} to another one",
    )


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    ok = sys.version_info >= (3, 11)
    return Finding("Python", text, ok, "" if ok else "Python 3.11 or later is needed")


def _package(name: str) -> Finding:
    version = _version(name)
    return Finding(name, version or "not installed", version is not None, "" if version else _REINSTALL)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> Iterator[Finding]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        yield Finding("devices", f"torch cannot be imported: {error}", ok=False, remedy=_REINSTALL)
        return
    bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    capability = torch.backends.cpu.get_cpu_capability()
    yield Finding(
        "CPU",
        f"{torch.get_num_threads()} threads, {capability}, bf16 {'supported' if bf16 else 'not supported'}",
    )
    if not torch.cuda.is_available():
        yield Finding("CUDA", "none; detection and training run on the CPU")
        return
    for index in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(index).total_memory / 2**30
        yield Finding(f"cuda:{index}", f"{torch.cuda.get_device_name(index)}, {memory:.0f} GiB")


def _qt_libraries() -> Finding:
    missing = missing_qt_libraries()
    if not missing:
        return Finding("Qt's system libraries", "all found")
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    only_for_windows = not missing_qt_libraries(window=False)
    return Finding(
        "Qt's system libraries",
        f"missing: {', '.join(library.soname for library in missing)}",
        ok=False,
        remedy=install_line(missing),
        required=not (headless and only_for_windows),
    )


def _checkpoints() -> Iterator[Finding]:
    try:
        paths = list_checkpoints()
    except TcmError as error:
        yield Finding("checkpoints", str(error), ok=False, remedy=_REINSTALL)
        return
    if not paths:
        yield Finding("checkpoints", "none is shipped", ok=False, remedy=_REINSTALL)
    for path in paths:
        try:
            about = read_metadata(path)
            yield Finding(f"checkpoint {path.stem}", f"{about.name}, sha256 {file_sha256(path)}")
        except (BadCheckpoint, OSError) as error:
            yield Finding(f"checkpoint {path.stem}", str(error), ok=False, remedy=_REINSTALL)
