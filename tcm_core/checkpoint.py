"""Checkpoints with their weights: safetensors, written atomically, the configuration inside."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from tcm_core.build import build_detector
from tcm_core.checkpoint_file import (
    FORMAT,
    NO_SEAL,
    SEAL,
    CheckpointMetadata,
    check_seal,
    read_metadata,
    seal_place,
)
from tcm_core.checkpoint_upgrade import upgrade_name
from tcm_core.data.atomic_file import write_atomic
from tcm_core.errors import BadCheckpoint
from tcm_core.models.detector import TextDetector
from tcm_core.onnx_file import is_onnx


class LoadedCheckpoint(NamedTuple):
    """A detector with its weights, in evaluation mode on the CPU, and what its file says."""

    detector: TextDetector
    metadata: CheckpointMetadata


def save_checkpoint(
    path: Path, state: dict[str, Tensor], metadata: CheckpointMetadata, *, half: bool = True
) -> None:
    """Writes a checkpoint; a crash in the middle or a full disk leaves the former file.

    Args:
        path: ends in .safetensors.
        state: the detector's state dict.
        metadata: stored in the header.
        half: weights are stored as float16; what that cannot hold, such as large statistics, as float32.

    Raises:
        TcmError: the file cannot be written.
    """
    tensors = {
        name: (_halved(tensor) if half else tensor).detach().cpu().contiguous()
        for name, tensor in state.items()
    }
    about = {"format": FORMAT, "checkpoint": metadata.model_dump_json(), SEAL: NO_SEAL}
    content = bytearray(safetensors.torch.save(tensors, about))
    place = seal_place(bytes(content[: 8 + int.from_bytes(content[:8], "little")]))
    assert place is not None
    content[place] = hashlib.sha256(content).hexdigest().encode()
    write_atomic(path, bytes(content))


def _halved(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or not tensor.abs().amax() < torch.finfo(torch.float16).max:
        return tensor
    return tensor.to(torch.float16)


def load_checkpoint(path: Path) -> LoadedCheckpoint:
    """The detector of a checkpoint file, float32.

    Raises:
        BadCheckpoint: the file is missing, damaged, an exported one, or its weights do not fit its
            configuration.
    """
    if is_onnx(path):
        raise BadCheckpoint(
            f"{path}: an exported file, which can detect but not be trained or exported again; "
            "give the .safetensors file that it was made from"
        )
    metadata = read_metadata(path)
    try:
        check_seal(path)
        tensors = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadCheckpoint(
            f"{path}: its weights cannot be read ({error}); copy or download it again"
        ) from error
    detector = build_detector(metadata.model)
    state = {
        upgrade_name(name): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    try:
        detector.load_state_dict(state)
    except RuntimeError as error:
        raise BadCheckpoint(f"{path}: its weights do not fit its own configuration: {error}") from error
    return LoadedCheckpoint(detector.eval(), metadata)
