"""What a detector is made of, from its configuration alone: no weights are read, nothing is computed."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint_file import list_checkpoints, read_metadata
from tcm_core.config.model import ModelConfig
from tcm_core.errors import BadConfig
from tcm_core.models.receptive import MapSight, map_sights
from tcm_core.models.summary import Part, detector_parts
from tcm_core.resources import resource
from tcm_core.train.optim import freeze
from tcm_core.train.resolve import load_run

STRIDE = 32


class Described(NamedTuple):
    """A configuration and where it came from."""

    name: str
    model: ModelConfig
    frozen: tuple[str, ...] | None
    """Patterns of modules that a training configuration keeps from learning; None: it is a checkpoint."""


class Description(NamedTuple):
    """A detector in figures."""

    parts: list[Part]
    sights: list[MapSight]


def find_described(source: str) -> Described:
    """The model configuration of a preset, a checkpoint, or a training configuration.

    A name that a preset and a shipped checkpoint share means the preset, which has the same parts.

    Args:
        source: a preset's or shipped checkpoint's name, or the path of a .toml, .safetensors or .onnx file.

    Raises:
        BadConfig: there is nothing of that name, or the TOML file does not hold a configuration.
        BadCheckpoint: the file is damaged or of another program.
    """
    presets = {path.stem: path for path in resource("presets").glob("*.toml")}
    checkpoints = {path.stem: path for path in list_checkpoints()}
    path = presets.get(source) or checkpoints.get(source) or Path(source).expanduser()
    if not path.is_file():
        raise BadConfig(
            f"{source}: no such preset, checkpoint or file. Presets: {', '.join(sorted(presets))}; "
            f"checkpoints: {', '.join(sorted(checkpoints)) or 'none is shipped'}."
        )
    if path.suffix.lower() == ".toml":
        config = load_run(path)
        return Described(config.name, config.model, tuple(config.optim.freeze))
    metadata = read_metadata(path)
    return Described(metadata.name, metadata.model, None)


def describe(model: ModelConfig, size: tuple[int, int], frozen: Sequence[str] = ()) -> Description:
    """The parts of a detector and what its maps can see.

    Args:
        model: its configuration.
        size: (height, width) that multiply-adds are counted at.
        frozen: see Described.

    Raises:
        BadConfig: the sides are no multiples of 32, there is no encoder of that name, or a pattern fits no
            module.
    """
    if min(size) < STRIDE or size[0] % STRIDE or size[1] % STRIDE:
        raise BadConfig(f"size {size[0]}x{size[1]}: both sides must be multiples of {STRIDE}")
    with torch.device("meta"):
        detector = build_detector(model)
    freeze(detector, frozen)
    return Description(detector_parts(detector, size), map_sights(detector))
