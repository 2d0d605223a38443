"""The parts of a detector: parameters, what of them learns, multiply-adds."""

from typing import Final, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from tcm_core.models.detector import TextDetector

IMAGE_TOWER: Final = ("image encoder", "attention pool")

_PARTS: Final = (
    ("encoder.tower.attnpool.", "attention pool"),
    ("encoder.projection.", "joint embedding"),
    ("encoder.norm.", "joint embedding"),
    ("encoder.", "image encoder"),
    ("language.prompt.layers.", "language prompt generator"),
    ("language.prompt.meta_query", "meta query"),
    ("language.prompt.", "context vectors"),
    ("language.text_encoder.", "text encoder"),
    ("language.visual_prompt.decoder.", "visual prompt generator"),
    ("language.visual_prompt.gate", "gates"),
    ("language.context_decoder.decoder.", "context decoder"),
    ("language.context_decoder.gate", "gates"),
    ("language.matching.", "matching"),
    ("neck.", "neck"),
    ("head.", "head"),
)
"""What a parameter's name begins with, and the part it belongs to; the first that fits counts."""


class Part(NamedTuple):
    """A part of a detector."""

    name: str
    parameters: int
    trainable: int  # of them
    multiply_adds: int  # for one image, of convolutions and matrix products; the text tower's included


def detector_parts(detector: TextDetector, size: tuple[int, int]) -> list[Part]:
    """The parts, in the way of the image; every parameter belongs to exactly one.

    The attention pool's products of queries and keys count as its own, though its encoder computes them.

    Args:
        detector: on the device meta, where a forward pass costs nothing.
        size: (height, width) of the image, multiples of 32.
    """
    order = dict.fromkeys((*IMAGE_TOWER, *(name for _, name in _PARTS)))
    parameters, trainable = dict.fromkeys(order, 0), dict.fromkeys(order, 0)
    for name, parameter in detector.named_parameters():
        part = _part_of(name)
        parameters[part] += parameter.numel()
        trainable[part] += parameter.numel() if parameter.requires_grad else 0
    products = _multiply_adds(detector, size)
    return [
        Part(name, parameters[name], trainable[name], products.get(name, 0))
        for name in order
        if parameters[name] or products.get(name, 0)
    ]


def _part_of(name: str) -> str:
    for start, part in _PARTS:
        if name.startswith(start):
            return part
    raise ValueError(f"the parameter {name} belongs to no part")


def _multiply_adds(detector: TextDetector, size: tuple[int, int]) -> dict[str, int]:
    """Multiply-adds of each part of one image, by name."""
    was_training = detector.training
    detector.eval()
    with FlopCounterMode(display=False) as counter:
        detector(torch.empty(1, 3, *size, device="meta"))
    detector.train(was_training)
    root = type(detector).__name__
    counts = {
        name.removeprefix(f"{root}."): sum(operators.values()) // 2
        for name, operators in counter.get_flop_counts().items()
        if name.startswith(f"{root}.")
    }
    pool = counts.get("encoder", 0) - _inside(counts, "encoder")
    pool += sum(count for name, count in counts.items() if name.startswith("encoder.tower.attnpool."))
    embedding = counts.get("encoder.projection", 0)
    return {
        "attention pool": pool,
        "joint embedding": embedding,
        "image encoder": counts.get("encoder", 0) - pool - embedding,
        "language prompt generator": counts.get("language.prompt", 0),
        "text encoder": counts.get("language.text_encoder", 0),
        "visual prompt generator": counts.get("language.visual_prompt", 0),
        "context decoder": counts.get("language.context_decoder", 0),
        "matching": counts.get("language", 0) - _inside(counts, "language"),
        "neck": counts.get("neck", 0),
        "head": counts.get("head", 0),
    }


def _inside(counts: dict[str, int], name: str) -> int:
    """What the outermost modules below a module count; the rest is its own."""
    below = [key for key in counts if key.startswith(f"{name}.")]
    outermost = [key for key in below if not any(key.startswith(f"{other}.") for other in below)]
    return sum(counts[key] for key in outermost)
