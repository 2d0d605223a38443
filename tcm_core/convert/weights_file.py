"""Files of tensors from other programs, read without running anything that stands in them."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError  # the error of torch.load; nothing is unpickled here
from typing import Any, Final, Literal, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from tcm_core.errors import BadCheckpoint

Form = Literal["TorchScript archive", "state dict", "safetensors"]

_MAX_BYTES: Final = 8_000_000_000
_LIST_BUILDERS: Final = ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist")
_LOG_CLASSES: Final = (
    "mmengine.logging.history_buffer.HistoryBuffer",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.ndarray",
    "numpy.dtype",
)
"""What mmengine's log consists of beside plain values; an inert class takes the place of each."""
_UNREADABLE = (
    UnpicklingError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    OSError,
    struct.error,
    zipfile.BadZipFile,
)
_KNOWN_STARTS: Final = {
    b"version https://git-lfs": "a Git LFS pointer, not the weights themselves; fetch the real file",
    b"<!DOCTYPE": "a web page, not weights; the download went wrong",
    b"<html": "a web page, not weights; the download went wrong",
    b"\x89HDF": "an HDF5 file (Keras); weights of PyTorch are needed",
    b"\x08": "an ONNX model; weights of PyTorch are needed",
}


class WeightsFile(NamedTuple):
    """What a file holds."""

    tensors: dict[str, Tensor]  # by name, on the CPU, as stored
    form: Form


def read_weights(path: Path) -> WeightsFile:
    """The tensors of a safetensors file, a state dict, or a TorchScript archive; told apart by content.

    Of a training checkpoint that keeps its model under `state_dict` or `model`, only that part is returned;
    a common prefix `module.` is taken off. The code of a TorchScript archive is not looked at.

    Raises:
        BadCheckpoint: the file is missing, cut off, holds anything but plain tensors, or is something else.
    """
    start = _start(path)
    try:
        if start[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                scripted = any(name.endswith("/constants.pkl") for name in archive.namelist())
                if scripted:
                    return WeightsFile(_archive_tensors(archive), "TorchScript archive")
            return WeightsFile(_state_dict(path), "state dict")
        if start[:1] == b"\x80":
            return WeightsFile(_state_dict(path), "state dict")
        if start[8:9] == b"{":
            return WeightsFile(safetensors.torch.load_file(path), "safetensors")
    except BadCheckpoint as error:
        raise BadCheckpoint(f"{path}: {error}") from error
    except SafetensorError as error:
        raise BadCheckpoint(f"{path}: damaged or cut off ({error}); copy or download it again") from error
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise BadCheckpoint(
            f"{path}: its tensors cannot be read ({reason}). It is cut off, or holds more than "
            "plain tensors; copy or download it again, or save the weights alone as safetensors."
        ) from error
    what = next((text for known, text in _KNOWN_STARTS.items() if start.startswith(known)), None)
    raise BadCheckpoint(
        f"{path}: {what or 'neither a PyTorch file nor a safetensors file; choose another file'}."
    )


def _start(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadCheckpoint(f"{path}: larger than {_MAX_BYTES / 1e9:.0f} GB; it is no file of weights.")
        with path.open("rb") as file:
            return file.read(32)
    except OSError as error:
        raise BadCheckpoint(f"{path}: cannot be read ({error.strerror}). Check the path.") from error


class _Ignored:
    """Stands in for what else a training checkpoint of mmengine holds: its log, with arrays of numpy."""

    def __init__(self, *_: object) -> None:
        """Takes anything and keeps nothing."""

    def __setstate__(self, _: object) -> None:
        """Takes anything and keeps nothing."""


def _state_dict(path: Path) -> dict[str, Tensor]:
    ignored: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        (_Ignored, name) for name in _LOG_CLASSES
    ]
    with torch.serialization.safe_globals(ignored):
        content = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if isinstance(content, Mapping) and ("param_groups" in content or "optimizer" in content):
        raise BadCheckpoint(
            "an optimizer's state, without a model; choose the checkpoint that has the weights"
        )
    if not isinstance(content, Mapping) or not content:
        raise BadCheckpoint(f"holds {type(content).__name__}, not tensors by name; choose another file")
    strange = [
        f"{name} ({type(value).__name__})" for name, value in content.items() if not _is_entry(name, value)
    ]
    if strange:
        raise BadCheckpoint(f"not only tensors by name: {some_of(strange)}; choose another file")
    prefix = "module." if all(name.startswith("module.") for name in content) else ""
    return {name.removeprefix(prefix): value for name, value in content.items()}


def _is_entry(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def some_of(names: list[str]) -> str:
    """The first four of a list of names, and how many there are besides."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


class _Inert:
    """Stands in for every class of a TorchScript archive; takes attributes, does nothing."""


def _plain_list(values: list[object]) -> list[object]:
    return values


def _archive_tensors(archive: zipfile.ZipFile) -> dict[str, Tensor]:
    """The tensors of a TorchScript archive, named by the modules they hang on.

    Such an archive is a torch file plus code. Its data are handed to torch.load's reader of plain tensors,
    with an inert class in the place of each of its own; torch.jit.load would run its code.
    """
    plain = _without_code(archive)
    foreign = torch.serialization.get_unsafe_globals_in_checkpoint(plain)
    allowed: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = []
    for name in foreign:
        if name.startswith("__torch__."):
            allowed.append((type("Inert", (_Inert,), {}), name))
        elif name.removeprefix("torch.jit._pickle.") in _LIST_BUILDERS:
            allowed.append((_plain_list, name))
    plain.seek(0)
    with torch.serialization.safe_globals(allowed):
        root = torch.load(plain, map_location="cpu", weights_only=True)
    return dict(_walk(root, "", set()))


def _without_code(archive: zipfile.ZipFile) -> io.BytesIO:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as copy:
        for entry in archive.infolist():
            name = entry.filename.partition("/")[2]
            if name not in {"data.pkl", "version", "byteorder"} and not name.startswith("data/"):
                continue
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise BadCheckpoint("a compressed archive, which PyTorch never writes; choose another file")
            copy.writestr(zipfile.ZipInfo(f"archive/{name}"), archive.read(entry))
    plain.seek(0)
    return plain


def _walk(node: object, prefix: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if not isinstance(node, _Inert) or id(node) in seen:
        return
    seen.add(id(node))
    for name, value in vars(node).items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _walk(value, f"{prefix}{name}.", seen)
