"""Other decode settings for a checkpoint file; its weights, and the hash it is known by, stay."""

import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import IO, BinaryIO, Final

from tcm_core.checkpoint_file import (
    IDENTITY,
    NO_SEAL,
    SEAL,
    check_seal,
    checkpoint_hash,
    list_checkpoints,
    read_header,
    read_metadata,
    seal_place,
)
from tcm_core.config.decode import DecodeSettings
from tcm_core.data.atomic_file import save_atomic
from tcm_core.errors import BadCheckpoint
from tcm_core.onnx_file import is_onnx

_ALIGNMENT: Final = 8  # of the header, as safetensors writes it


def why_not_written(path: Path) -> str | None:
    """Why the decode settings of a file are not to be changed; None when they may be."""
    if path.resolve() in {shipped.resolve() for shipped in list_checkpoints()}:
        return "it is shipped with the program"
    if is_onnx(path):
        return "an exported file cannot be changed"
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return "the file may not be written to"
    return None


def write_decode(path: Path, settings: DecodeSettings) -> None:
    """Puts decode settings into a checkpoint file in place of its own; a crash leaves the former file.

    Weights, name and sizes are copied as they are, and `checkpoint_hash` stays: what was found by the
    checkpoint before is still found by it.

    Raises:
        BadCheckpoint: the file cannot be read, is not to be changed (see why_not_written), or is of another
            head than the settings.
        TcmError: the file cannot be written.
    """
    path = path.resolve()  # a link stays one
    metadata = read_metadata(path)
    reason = why_not_written(path)
    if reason is not None:
        raise BadCheckpoint(f"{path}: its decode settings stay as they are: {reason}; copy the file first")
    if metadata.decode.head != settings.head:
        raise BadCheckpoint(
            f"{path}: of the head {metadata.decode.head!r}, the settings are for {settings.head!r}; "
            "choose settings of the same head"
        )
    check_seal(path)
    known_as = checkpoint_hash(path)
    first, header = read_header(path)
    about = json.loads(header["__metadata__"]["checkpoint"])
    about["decode"] = settings.model_dump()
    header["__metadata__"] |= {"checkpoint": json.dumps(about), IDENTITY: known_as, SEAL: NO_SEAL}
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % _ALIGNMENT)
    content = len(content).to_bytes(8, "little") + content
    with path.open("rb") as source:
        content = _sealed(content, source, first)
        source.seek(first)

        def save(file: IO[bytes]) -> None:
            file.write(content)
            shutil.copyfileobj(source, file)

        save_atomic(path, save)


def _sealed(header: bytes, source: BinaryIO, first: int) -> bytes:
    """The header with the checksum of a file of it and of what follows `first` in the source."""
    place = seal_place(header)
    assert place is not None
    total = hashlib.sha256(header)
    source.seek(first)
    while piece := source.read(1 << 22):
        total.update(piece)
    return header[: place.start] + total.hexdigest().encode() + header[place.stop :]
