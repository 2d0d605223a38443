"""Convolutions together with the activation behind them, in one pass over memory."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from tcm_core.infer.exchange import exchange, same_maps, trial_picture

_ACTIVATIONS: Final[dict[type[nn.Module], tuple[str, list[float]]]] = {
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}

Places = dict[nn.Module, str]
"""Modules and their names in the detector."""

Readers = dict[nn.Module, tuple[str, nn.Module]]
"""For convolutions, the activation that reads them: its name and the module."""


class FusedConvolution(nn.Module):
    """A convolution and its activation as one call of oneDNN, with weights in the number type of the pass.

    Args:
        convolution: without dilation or padding of other kinds than zeros.
        activation: ReLU, ReLU6 or None.
        precision: of weights, input and output.
    """

    def __init__(
        self, convolution: nn.Conv2d, activation: type[nn.Module] | None, precision: torch.dtype
    ) -> None:
        super().__init__()
        weight = convolution.weight.detach().to(precision)
        self.register_buffer("weight", weight.to(memory_format=torch.channels_last))
        bias = None if convolution.bias is None else convolution.bias.detach().to(precision)
        self.register_buffer("bias", bias)
        self.precision = precision
        name, limits = ("none", []) if activation is None else _ACTIVATIONS[activation]
        self._plan = (
            [*convolution.padding],
            [*convolution.stride],
            [*convolution.dilation],
            convolution.groups,
            name,
            limits,
            "",
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels out, h, w) of (B, channels in, H, W)."""
        return torch.ops.mkldnn._convolution_pointwise(
            features.to(self.precision), self.weight, self.bias, *self._plan
        )


def can_fuse() -> bool:
    """Whether this build of PyTorch has oneDNN with convolutions and activations in one."""
    return bool(torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise"))


@torch.no_grad()
def fuse_convolutions(detector: nn.Module, precision: torch.dtype) -> int:
    """Puts a FusedConvolution in the place of every plain convolution, in place.

    What reads what is seen in a pass over a small picture. The maps before and after are compared in single
    precision; when they differ, because an activation was not all that read a convolution, the activations
    stay on their own. A convolution that works in single precision whatever the pass does is left alone.

    Args:
        detector: on the CPU, in evaluation mode; takes images (B, 3, H, W). Never one that goes on learning.
        precision: of the passes to come.

    Returns:
        Number of activations that went into a convolution.
    """
    picture = trial_picture(detector)
    convolutions, readers = _observe(detector, picture)
    wanted = detector(picture)
    _exchange(detector, convolutions, readers, torch.float32)
    if not same_maps(wanted, detector(picture)):
        _restore(detector, convolutions, readers)
        readers = {}
    _exchange(detector, convolutions, readers, precision)
    return len(readers)


def _observe(detector: nn.Module, picture: Tensor) -> tuple[Places, Readers]:
    """The convolutions that follow the pass's number type, by place; their activations, place and module."""
    names = {module: name for name, module in detector.named_modules()}
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # the tensor is kept, so that its id stays its own
    convolutions: Places = {}
    readers: Readers = {}
    uses: dict[nn.Module, int] = {}

    def of_convolution(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        made[id(output)] = (module, output)
        if output.dtype == torch.bfloat16:
            convolutions[module] = names[module]

    def of_activation(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        uses[module] = uses.get(module, 0) + 1
        if id(inputs[0]) in made:
            readers[made[id(inputs[0])][0]] = (names[module], module)

    hooks: list[Any] = []
    for module in detector.modules():
        if (
            type(module) is nn.Conv2d
            and module.padding_mode == "zeros"
            and not isinstance(module.padding, str)
        ):
            hooks.append(module.register_forward_hook(of_convolution))
        elif type(module) in _ACTIVATIONS:
            hooks.append(module.register_forward_pre_hook(of_activation))
    try:
        with torch.autocast("cpu", torch.bfloat16):
            detector(picture)
    finally:
        for hook in hooks:
            hook.remove()
    once = {
        convolution: reader
        for convolution, reader in readers.items()
        if convolution in convolutions and uses[reader[1]] == 1
    }
    return convolutions, once


def _exchange(
    detector: nn.Module,
    convolutions: Places,
    readers: Readers,
    precision: torch.dtype,
) -> None:
    for convolution, name in convolutions.items():
        reader = readers.get(convolution)
        activation = None if reader is None else type(reader[1])
        assert isinstance(convolution, nn.Conv2d)
        exchange(detector, name, FusedConvolution(convolution, activation, precision))
    for name, _ in readers.values():
        exchange(detector, name, nn.Identity())


def _restore(detector: nn.Module, convolutions: Places, readers: Readers) -> None:
    for convolution, name in convolutions.items():
        exchange(detector, name, convolution)
    for name, module in readers.values():
        exchange(detector, name, module)
