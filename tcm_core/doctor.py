"""What `tcm doctor` looks at: versions, devices, Qt, fonts, checkpoints, folders and a first detection."""

import base64
import importlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from tcm_core.checkpoint_file import file_sha256, list_checkpoints, read_metadata
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.home import HOME_VARIABLE, cache_folder, config_folder, data_folder
from tcm_core.resources import resource, resource_root
from tcm_core.system_libraries import install_line, missing_qt_libraries

PACKAGES: Final = (
    "torch", "open_clip_torch", "timm", "PySide6-Essentials", "opencv-python-headless", "numpy", "pillow"
)  # fmt: skip
FREE_BYTES: Final = 1_000_000_000
"""Less room than this is worth a word: labels are small, but score maps and fine-tunings are not."""

_PROGRAM: Final = "tcm-studio"
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
        place: whether value and remedy name a folder of this machine, which nobody else needs to know.
    """

    name: str
    value: str
    ok: bool = True
    remedy: str = ""
    required: bool = True
    place: bool = False


def collect() -> list[Finding]:
    """Everything that is worth knowing when something does not work; torch is imported and used for it."""
    return [
        _program(),
        _python(),
        *(_package(name) for name in PACKAGES),
        qt_version_finding(_version("PySide6-Essentials"), sys.version_info[:2]),
        *_devices(),
        qt_platform_finding(),
        _qt_libraries(),
        fonts_finding(),
        *_checkpoints(),
        data_folder_finding(data_folder()),
        *folder_findings(),
        detection_finding(),
    ]


def qt_platform_finding() -> Finding:
    """What Qt will draw on, by the environment; Qt itself is not asked."""
    named = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if named:
        return Finding("Qt platform", f"{named}, as QT_QPA_PLATFORM says")
    if not sys.platform.startswith("linux"):
        return Finding("Qt platform", "the desktop's")
    if os.environ.get("WAYLAND_DISPLAY"):
        return Finding("Qt platform", "Wayland")
    if os.environ.get("DISPLAY"):
        return Finding("Qt platform", "X11")
    return Finding(
        "Qt platform", "no display", ok=False, required=False,
        remedy="work without a window (--headless), or start it under xvfb-run",
    )  # fmt: skip


def fonts_finding() -> Finding:
    """How many fonts there are, and whether they draw Chinese."""
    from tcm_core.data.synth.fonts import font_files, read_face, system_folders

    faces = [face for file in font_files(system_folders()) if (face := read_face(file)) is not None]
    chinese = sum(face.draws("繁體简体") for face in faces)
    if chinese:
        return Finding("fonts", f"{len(faces)}, of which {chinese} draw Chinese")
    remedy = "install some; on Debian and Ubuntu: sudo apt-get install fonts-dejavu-core fonts-noto-cjk"
    value = f"{len(faces)}, none of them draws Chinese" if faces else "none"
    return Finding("fonts", value, ok=False, remedy=remedy, required=False)


def folder_findings() -> Iterator[Finding]:
    """Whether settings and caches can be written, tried by writing, and the room on the disk of the data."""
    for name, folder in (("settings folder", config_folder()), ("cache folder", cache_folder())):
        problem = _writing_problem(folder)
        yield Finding(
            name, problem or "can be written", not problem,
            f"let yourself write there, or set {HOME_VARIABLE} to another folder" if problem else "",
        )  # fmt: skip
    yield disk_finding(data_folder())


def disk_finding(folder: Path, least: int = FREE_BYTES) -> Finding:
    """The room where a folder is or will be.

    Args:
        folder: made or not.
        least: bytes below which it is worth a word.
    """
    try:
        free = shutil.disk_usage(_existing(folder)).free
    except OSError as error:
        return Finding(
            "disk", f"cannot be asked: {error.strerror}", ok=False, remedy="is the disk still there?"
        )
    ok = free >= least
    return Finding(
        "disk", f"{free / 1e9:.1f} GB free for data", ok, "" if ok else "make room", required=False
    )


def detection_finding() -> Finding:
    """The first shipped photograph with the default checkpoint: the number of texts, and how long it took."""
    try:
        from tcm_core.data.image_io import read_image
        from tcm_core.infer.load import load_predictor

        photograph = min(resource("samples", "images").glob("*.jpg"))
        began = time.perf_counter()
        predictor = load_predictor()
        loaded = time.perf_counter()
        found = len(predictor.predict(read_image(photograph)).detections)
        seconds = f"{loaded - began:.1f} s to load, {time.perf_counter() - loaded:.1f} s to detect"
    except Exception as error:  # noqa: BLE001 whatever is wrong with the installation is what is asked here
        return Finding("detection", f"{type(error).__name__}: {error}", ok=False, remedy=_REINSTALL)
    if not found:
        return Finding("detection", f"no text found, {seconds}", ok=False, remedy=_REINSTALL)
    return Finding("detection", f"{found} texts on a shipped photograph, {seconds}")


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
    if not (problem := _writing_problem(folder)):
        return Finding("data folder", str(folder), place=True)
    return Finding(
        "data folder",
        f"{folder} {problem}",
        ok=False,
        remedy=f"make {_existing(folder)} a folder that you may write, or set {HOME_VARIABLE} to another one",
        place=True,
    )


def _writing_problem(folder: Path) -> str:
    """Why nothing can be written into a folder, made or not; empty: something was, and is gone again."""
    existing = _existing(folder)
    if not existing.is_dir():
        return "cannot be made: a file is in its place"
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"tcm")
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    return ""


def _existing(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _program() -> Finding:
    kind = "the built application" if getattr(sys, "frozen", False) else "installed packages or source"
    version = _version(_PROGRAM)
    return Finding("TCM Studio", f"{version}, {kind}" if version else f"not installed, {kind}")


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
            about, digest = read_metadata(path), file_sha256(path)
        except (BadCheckpoint, OSError) as error:
            yield Finding(f"checkpoint {path.stem}", str(error), ok=False, remedy=_REINSTALL)
            continue
        yield checkpoint_finding(path.stem, about.name, digest, recorded_hash(path.name))


def checkpoint_finding(stem: str, name: str, digest: str, recorded: str | None) -> Finding:
    """A shipped checkpoint by its hash.

    Args:
        stem: of its file.
        name: that it gives itself.
        digest: SHA-256 of the file, hexadecimal.
        recorded: what the package says that it is; None: not said, as in a source tree.
    """
    if recorded is not None and recorded != digest:
        return Finding(
            f"checkpoint {stem}", f"{name}, sha256 {digest}, but {recorded} was packaged: it was changed",
            ok=False, remedy=_REINSTALL,
        )  # fmt: skip
    return Finding(f"checkpoint {stem}", f"{name}, sha256 {digest}{', as packaged' if recorded else ''}")


def recorded_hash(file_name: str) -> str | None:
    """The SHA-256 of a shipped checkpoint by the list of files of the installed package, hexadecimal.

    Returns:
        None where nothing is recorded: in a source tree, whose checkpoints may be newer than the package.
    """
    if not getattr(sys, "frozen", False) and resource_root().name != "_resources":
        return None
    try:
        files = metadata.files(_PROGRAM) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if (
            file.parts[-2:] == ("checkpoints", file_name)
            and file.hash is not None
            and file.hash.mode == "sha256"
        ):
            padding = "=" * (-len(file.hash.value) % 4)
            return base64.urlsafe_b64decode(file.hash.value + padding).hex()
    return None
