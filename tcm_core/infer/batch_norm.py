"""Batch norms folded into the convolutions before them, for detectors that only detect."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tcm_core.infer.exchange import exchange

_TRIAL_SIZE: Final = 64


@torch.no_grad()
def fold_batch_norm(detector: nn.Module) -> int:
    """Folds every batch norm into the convolution whose output it reads, in place.

    Which reads which is seen in a pass over a small picture, so that any backbone will do. A batch norm that
    brings its activation along, as timm's do, leaves the activation behind.

    Args:
        detector: takes images (B, 3, H, W); put into evaluation mode. Never one that goes on learning.

    Returns:
        Number of batch norms folded; those that read something else stay.
    """
    detector.eval()
    pairs = _pairs(detector)
    names = {module: name for name, module in detector.named_modules()}
    for norm, convolution in pairs.items():
        transposed = isinstance(convolution, nn.ConvTranspose2d)
        fused = fuse_conv_bn_eval(convolution, norm, transpose=transposed)
        exchange(detector, names[convolution], fused)
        exchange(detector, names[norm], _activation(norm))
    return len(pairs)


def _pairs(detector: nn.Module) -> dict[nn.BatchNorm2d, nn.Conv2d | nn.ConvTranspose2d]:
    """Each batch norm and the convolution before it; each of them is used once in a pass."""
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # the tensor is kept, so that its id stays its own
    pairs: dict[Any, Any] = {}
    uses: dict[nn.Module, int] = {}

    def of_convolution(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        made[id(output)] = (module, output)
        uses[module] = uses.get(module, 0) + 1

    def of_norm(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        uses[module] = uses.get(module, 0) + 1
        if id(inputs[0]) in made:
            pairs[module] = made[id(inputs[0])][0]

    hooks = [_hook(module, of_convolution, of_norm) for module in detector.modules()]
    try:
        first = next(detector.parameters())
        detector(torch.zeros(1, 3, _TRIAL_SIZE, _TRIAL_SIZE, device=first.device, dtype=first.dtype))
    finally:
        for hook in hooks:
            if hook is not None:
                hook.remove()
    return {norm: before for norm, before in pairs.items() if uses[norm] == uses[before] == 1}


def _hook(module: nn.Module, of_convolution: Callable[..., None], of_norm: Callable[..., None]) -> Any:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        return module.register_forward_hook(of_convolution)
    if isinstance(module, nn.BatchNorm2d):
        return module.register_forward_pre_hook(of_norm)
    return None


def _activation(norm: nn.BatchNorm2d) -> nn.Module:
    """What else a norm does: timm's BatchNormAct2d drops out and activates after it."""
    after = [part for part in (getattr(norm, "drop", None), getattr(norm, "act", None)) if part is not None]
    return after[0] if len(after) == 1 else nn.Sequential(*after)
