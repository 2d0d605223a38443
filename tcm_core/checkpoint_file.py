"""Checkpoint files and what their header says, read without torch."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tcm_core.checkpoint_upgrade import FIRST_FORMAT, upgrade_metadata
from tcm_core.config.decode import DecodeSettings
from tcm_core.config.model import ModelConfig
from tcm_core.errors import BadCheckpoint
from tcm_core.onnx_file import is_onnx, read_onnx
from tcm_core.resources import resource

FORMAT = "tcm-checkpoint-2"
IDENTITY = "identity"
"""The entry of a file's header with the hash that it was known by before its decode settings were changed."""
SEAL: Final = "sha256"
"""The entry of a file's header with the SHA-256 of the whole file, made while the entry held NO_SEAL."""
NO_SEAL: Final = "0" * 64
_SEAL: Final = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_MAX_HEADER: Final = 100_000_000  # bytes; the format's own limit


class CheckpointMetadata(BaseModel):
    """What a checkpoint says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    model: ModelConfig
    decode: DecodeSettings
    short_side: int
    """Shorter side of the network's input at detection."""
    max_long_side: int
    note: str = ""
    """Where the weights come from, in a sentence."""


def list_checkpoints() -> list[Path]:
    """The shipped checkpoints by name; those without TCM, which are there to compare with, come last."""
    paths = resource("checkpoints").glob("*.safetensors")
    return sorted(paths, key=lambda path: (path.stem.endswith("-plain"), path.stem))


def resolve_checkpoint(name_or_path: str | Path) -> Path:
    """The file of a shipped checkpoint's name, or of a path.

    Raises:
        BadCheckpoint: there is none; the message lists the shipped ones.
    """
    shipped = {path.stem: path for path in list_checkpoints()}
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    raise BadCheckpoint(
        f"{name_or_path}: no such checkpoint; give the path of a .safetensors or .onnx file or one of: "
        f"{', '.join(shipped) or 'none is shipped'}"
    )


def read_metadata(path: Path) -> CheckpointMetadata:
    """What a checkpoint says of itself; it may be an exported ONNX file.

    Raises:
        BadCheckpoint: the file cannot be read, is cut off, is neither of the two, or is of another program.
        TcmError: an ONNX file, and the package onnx is not installed.
    """
    try:
        metadata = read_onnx(path).header if is_onnx(path) else _safetensors_metadata(path)
        if metadata.get("format") not in (FORMAT, FIRST_FORMAT):
            kind = "an ONNX file" if is_onnx(path) else "a safetensors file"
            raise BadCheckpoint(f"{path}: {kind}, but not a TCM checkpoint; choose another file")
        values = json.loads(metadata["checkpoint"])
        if metadata["format"] == FIRST_FORMAT:
            values = upgrade_metadata(values)
        return CheckpointMetadata.model_validate(values)
    except OSError as error:
        raise BadCheckpoint(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise BadCheckpoint(
            f"{path}: made by another version of this program "
            f"({error.error_count()} settings differ); update the program"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadCheckpoint(
            f"{path}: its header is damaged or of another program; choose another file"
        ) from error


def checkpoint_hash(path: Path) -> str:
    """What a checkpoint is known by: the SHA-256 of its file as it was made.

    Other decode settings written into a file (checkpoint_decode) do not change it: they change nothing of
    what the network sees, and what was found before is kept by this hash.

    Raises:
        BadCheckpoint: the file cannot be read, or is no checkpoint.
    """
    try:
        identity = "" if is_onnx(path) else _safetensors_metadata(path).get(IDENTITY, "")
        return identity or file_sha256(path)
    except FileNotFoundError as error:
        raise BadCheckpoint(f"{path}: no such checkpoint; it was moved or deleted") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpoint(
            f"{path}: it cannot be read, or its header is damaged; copy or download it again"
        ) from error


def read_header(path: Path) -> tuple[int, dict[str, Any]]:
    """Where the tensors of a safetensors file begin, in bytes, and its header.

    Raises:
        BadCheckpoint: it is no such file, or its header is damaged.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size_field = file.read(8)
        length = int.from_bytes(size_field, "little")
        if len(size_field) != 8 or not 0 < length <= _MAX_HEADER:
            raise BadCheckpoint(
                f"{path}: not a safetensors file; is it the right file, and downloaded whole?"
            )
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise BadCheckpoint(f"{path}: its header is damaged; copy or download it again") from error
    if not isinstance(header, dict):
        raise BadCheckpoint(
            f"{path}: its header is damaged or of another program (it is no list of tensors); "
            "choose another file"
        )
    return 8 + length, header


def seal_place(header: bytes) -> slice | None:
    """Where in the bytes of a header the seal stands; None: a file of before there were seals."""
    found = _SEAL.search(header)
    return None if found is None else slice(*found.span(1))


def check_seal(path: Path) -> None:
    """Compares a safetensors file with the checksum that was put into its header when it was written.

    Raises:
        BadCheckpoint: a byte of it has changed since, or it is no such file.
        OSError: it cannot be read.
    """
    first, _ = read_header(path)
    with path.open("rb") as file:
        header = file.read(first)
        place = seal_place(header)
        if place is None:
            return
        total = hashlib.sha256(header[: place.start] + NO_SEAL.encode() + header[place.stop :])
        while piece := file.read(1 << 22):
            total.update(piece)
    if total.hexdigest().encode() != header[place]:
        raise BadCheckpoint(
            f"{path}: it is not what was written, its checksum is another one; copy or download it again"
        )


def _safetensors_metadata(path: Path) -> dict[str, str]:
    first, header = read_header(path)
    _check_size(path, first, header)
    return header["__metadata__"]


def _check_size(path: Path, first: int, header: dict[str, dict[str, list[int]]]) -> None:
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    expected, actual = first + max(ends, default=0), path.stat().st_size
    if actual != expected:
        raise BadCheckpoint(
            f"{path}: {actual} bytes long, its header promises {expected}; copy or download it again"
        )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
