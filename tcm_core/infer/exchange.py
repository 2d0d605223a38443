"""Modules exchanged for faster ones, and the proof that the maps stay the same."""

from typing import Any, Final

import torch
from torch import Tensor, nn

TRIAL_SIZE: Final = (64, 96)
"""Height and width of the picture that shows whether two networks do the same."""

TOLERANCE: Final = 1e-4
"""Of the largest value of a map, in single precision."""


def exchange(network: nn.Module, name: str, module: nn.Module) -> None:
    """Puts a module in the place of another.

    Args:
        network: changed in place.
        name: of the module that goes, as in named_modules.
        module: that comes.
    """
    parent, _, leaf = name.rpartition(".")
    setattr(network.get_submodule(parent), leaf, module)


def trial_picture(network: nn.Module) -> Tensor:
    """A batch of one (1, 3, *TRIAL_SIZE) noise picture, of the device and number type of the weights."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 3, *TRIAL_SIZE, generator=generator).to(next(network.parameters()))


def same_maps(wanted: Any, found: Any) -> bool:
    """Whether all tensors of two results of the same structure are equal but for rounding."""
    pairs = zip(tensors_of(wanted), tensors_of(found), strict=True)
    return all(one.shape == other.shape and _close(one, other) for one, other in pairs)


def tensors_of(result: Any) -> list[Tensor]:
    """The tensors of nested tuples and lists, in order."""
    if isinstance(result, Tensor):
        return [result]
    return [] if result is None else [tensor for part in result for tensor in tensors_of(part)]


def _close(one: Tensor, other: Tensor) -> bool:
    if one.numel() == 0:
        return True
    return bool((one - other).abs().max() <= TOLERANCE * one.abs().max().clamp_min(1e-12))
