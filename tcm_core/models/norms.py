"""Norms between convolutions, exchanged in a detector that stands."""

from typing import Final, TypeVar

from timm.layers import BatchNormAct2d, GroupNormAct
from torch import nn

_MOST_GROUPS: Final = 32
_LEAST_CHANNELS: Final = 4

Module = TypeVar("Module", bound=nn.Module)


def with_group_norms(model: Module) -> Module:
    """The model, changed in place: a group norm for each batch norm, with its scale and shift.

    Group norms look at each image alone and are the same in training and detection. They have as many groups
    as divide the channels, at most 32 and of at least four channels. Names of parameters stay.

    Source: Wu and He 2018, "Group Normalization".
    """
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(model, name, _group_norm(child))
        else:
            with_group_norms(child)
    return model


def has_batch_norms(model: nn.Module) -> bool:
    """Whether a module of the model learns statistics of batches."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


def _group_norm(norm: nn.BatchNorm2d) -> nn.Module:
    channels = norm.num_features
    most = min(_MOST_GROUPS, max(1, channels // _LEAST_CHANNELS))
    groups = next(count for count in range(most, 0, -1) if channels % count == 0)
    if isinstance(norm, BatchNormAct2d):  # timm's, with its activation
        exchanged = GroupNormAct(channels, groups, eps=norm.eps)
        exchanged.drop, exchanged.act = norm.drop, norm.act
    else:
        exchanged = nn.GroupNorm(groups, channels, eps=norm.eps)
    if norm.affine:
        exchanged.weight, exchanged.bias = norm.weight, norm.bias
    return exchanged
