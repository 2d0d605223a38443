"""ONNX files that `tcm export` wrote: read whole, checked, without torch and without running anything."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tcm_core.errors import BadCheckpoint, TcmError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

SUFFIX: Final = ".onnx"
MAX_BYTES: Final = 2**31 - 1
"""Protocol buffers end at 2 GB."""
SEAL: Final = "sha256"
"""The metadata entry with the SHA-256 of the whole file, made while the entry held NO_SEAL."""
NO_SEAL: Final = "0" * 64
_SEAL: Final = re.compile(rb"sha256\x12\x40([0-9a-f]{64})")  # key, then value and its length


class OnnxFile(NamedTuple):
    """An ONNX model that is whole in itself."""

    content: bytes
    header: dict[str, str]  # its metadata_props


def is_onnx(path: Path) -> bool:
    """Whether a path names an ONNX file."""
    return path.suffix.lower() == SUFFIX


def seal_place(content: bytes) -> slice | None:
    """Where in the bytes of a file the seal stands; None: a file of before there were seals."""
    found = _SEAL.search(content)
    return None if found is None else slice(*found.span(1))


def _is_sealed(content: bytes) -> bool:
    """Whether the content is what was written, as far as its seal tells."""
    place = seal_place(content)
    if place is None:
        return True
    total = hashlib.sha256(content[: place.start] + NO_SEAL.encode())
    total.update(memoryview(content)[place.stop :])
    return total.hexdigest().encode() == content[place]


def read_onnx(path: Path) -> OnnxFile:
    """An ONNX file and its metadata.

    Raises:
        BadCheckpoint: the file cannot be read, is no ONNX file, is not what was written, or keeps weights in
            other files (which could be any file of this machine; `tcm export` never does).
        TcmError: the package onnx is not installed.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise missing_package(path, "onnx") from error
    try:
        size = path.stat().st_size
        if not 0 < size <= MAX_BYTES:
            raise BadCheckpoint(
                f"{path}: {size} bytes long, an ONNX file has 1 to {MAX_BYTES}; choose another"
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadCheckpoint(f"{path}: cannot be read: {error.strerror}") from error
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise BadCheckpoint(
            f"{path}: not an ONNX file, or cut off; is it the right file, and copied whole?"
        ) from error
    if not _is_sealed(content):
        raise BadCheckpoint(
            f"{path}: it is not what was written, its checksum is another one; copy or export it again"
        )
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise BadCheckpoint(
            f"{path}: keeps weights in other files, which this program does not read; export it again"
        )
    return OnnxFile(content, {entry.key: entry.value for entry in model.metadata_props})


def check_onnx(path: Path) -> int:
    """Look at every number of an ONNX file; how many there are.

    Raises:
        BadCheckpoint: see read_onnx; or a tensor has values that are not finite.
        TcmError: the package onnx is not installed.
    """
    content = read_onnx(path).content
    import numpy as np
    import onnx

    count = 0
    for tensor in _tensors(onnx.load_model_from_string(content)):
        try:
            values = onnx.numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise BadCheckpoint(f"{path}: its tensor {tensor.name} is damaged ({error})") from error
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise BadCheckpoint(
                f"{path}: {tensor.name} has values that are not finite, so it finds nothing; export it again"
            )
        count += values.size
    return count


def missing_package(what: object, package: str) -> TcmError:
    """The error that says which package a file needs, and how to get it."""
    return TcmError(
        f"{what}: needs the package {package}, which is not installed. "
        "Install the extra: pip install 'tcm-studio[export]'."
    )


def _tensors(model: "ModelProto") -> Iterator["TensorProto"]:
    """Every tensor of a model, those inside nodes and functions too."""
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        for node in function.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for graph in (attribute.g, *attribute.graphs):
                    yield from _graph_tensors(graph)
    for training in model.training_info:
        for graph in (training.initialization, training.algorithm):
            yield from _graph_tensors(graph)


def _graph_tensors(graph: "GraphProto") -> Iterator["TensorProto"]:
    yield from graph.initializer
    sparse = [*graph.sparse_initializer]
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
            for inner in (attribute.g, *attribute.graphs):
                yield from _graph_tensors(inner)
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)
