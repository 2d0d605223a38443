"""The tensors of a checkpoint file, looked at without torch: what its header lists, and if it is sound."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from tcm_core.checkpoint_file import check_seal, read_header
from tcm_core.errors import BadCheckpoint

_CHUNK: Final = 1 << 22
_SIZES: Final = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
_VARIANCE: Final = re.compile(r".*\.running_var")

OnBytes = Callable[[int, int], None]
"""Told (bytes looked at, of so many); what it raises ends the work."""


class TensorEntry(NamedTuple):
    """One tensor of a file."""

    name: str
    kind: str  # as safetensors calls it: F16, I64, ...
    shape: tuple[int, ...]
    start: int  # of its bytes in the file
    end: int


def list_tensors(path: Path) -> list[TensorEntry]:
    """The tensors of a safetensors file in the order of their bytes, from its header alone.

    Raises:
        BadCheckpoint: the file cannot be read, is none, or its header lies: shapes that do not fill their
            bytes, bytes that overlap, leave gaps, or lie outside.
    """
    try:
        first, header = read_header(path)
        size = path.stat().st_size
    except OSError as error:
        raise BadCheckpoint(f"{path}: cannot be read: {error.strerror}") from error
    header.pop("__metadata__", None)
    entries = sorted((_entry(path, name, one, first) for name, one in header.items()), key=lambda e: e.start)
    at = first
    for entry in entries:
        if entry.start != at:
            raise _lies(path, f"the bytes of {entry.name} overlap others or leave a gap")
        at = entry.end
    if at != size:
        raise BadCheckpoint(f"{path}: {size} bytes long, its header promises {at}; copy or download it again")
    return entries


def check_tensors(path: Path, on_bytes: OnBytes = lambda done, total: None) -> int:
    """Look at every number of a safetensors file.

    Args:
        path: the file.
        on_bytes: told about every piece.

    Returns:
        How many numbers there are.

    Raises:
        BadCheckpoint: see list_tensors; or it is not what was written, or a tensor has values that are not
            finite, or variances below zero.
    """
    entries = list_tensors(path)
    total, done, count = sum(entry.end - entry.start for entry in entries), 0, 0
    try:
        check_seal(path)
        with path.open("rb") as file:
            for entry in entries:
                file.seek(entry.start)
                for length in _pieces(entry.end - entry.start):
                    piece = file.read(length)
                    if len(piece) != length:
                        raise BadCheckpoint(f"{path}: it became shorter while it was read; copy it again")
                    _check_piece(path, entry, piece)
                    done += length
                    on_bytes(done, total)
                count += math.prod(entry.shape)
    except OSError as error:
        raise BadCheckpoint(f"{path}: cannot be read: {error.strerror}") from error
    return count


def _entry(path: Path, name: str, said: object, first: int) -> TensorEntry:
    values = said if isinstance(said, dict) else {}
    kind, shape, place = values.get("dtype"), values.get("shape"), values.get("data_offsets")
    if not (isinstance(kind, str) and kind in _SIZES):
        raise _lies(path, f"{name} has numbers of an unknown kind")
    if not (_are_counts(shape) and _are_counts(place) and len(place) == 2):
        raise _lies(path, f"{name} has no shape or no place")
    start, end = place
    if end - start != math.prod(shape) * _SIZES[kind]:
        raise _lies(path, f"the shape of {name} does not fill its bytes")
    return TensorEntry(name, kind, tuple(shape), first + start, first + end)


def _are_counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)


def _lies(path: Path, what: str) -> BadCheckpoint:
    return BadCheckpoint(f"{path}: its header is damaged or of another program ({what}); choose another file")


def _pieces(length: int) -> list[int]:
    whole, rest = divmod(length, _CHUNK)
    return [_CHUNK] * whole + [rest] * (rest > 0)


def _check_piece(path: Path, entry: TensorEntry, piece: bytes) -> None:
    values = _numbers(entry.kind, piece)
    if values is None:
        return
    if not np.isfinite(values).all():
        raise BadCheckpoint(
            f"{path}: {entry.name} has values that are not finite, so it finds nothing; "
            "its training failed, or the file is damaged"
        )
    if _VARIANCE.fullmatch(entry.name) and (values < 0).any():
        raise BadCheckpoint(f"{path}: {entry.name} has variances below zero; the file is damaged")


def _numbers(kind: str, piece: bytes) -> NDArray[np.floating[Any]] | None:
    """The floating-point numbers of some bytes; None for whole numbers, which are always sound."""
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(piece, "<u2").astype(np.uint32) << 16).view(np.float32)
    kinds = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
    return np.frombuffer(piece, kinds[kind]) if kind in kinds else None
