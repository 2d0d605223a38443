"""How much of the image a pixel of a map can see: sizes that follow from the layers alone."""

import copy
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import activation

from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.outputs import DbMaps, HeadMaps, PanMaps

STRIDE: Final = 32
LENGTHS: Final = (1024, 4096)
"""Heights of the strip that is looked at; what sees all of the longest counts as seeing the whole image."""

_PASS_ON: Final = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.Dropout)
_OVER_ALL: Final = (nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)


class MapSight(NamedTuple):
    """A map and what one of its pixels can see."""

    name: str
    stride: int  # network pixels a pixel of the map
    side: int | None  # of the square around the pixel, network pixels; None: the whole image
    through_score: bool  # whether the score map, which sees the whole image, is an input as well


def map_sights(detector: TextDetector) -> list[MapSight]:
    """The theoretical receptive sizes of the encoder's stages, the score map and the head's maps.

    Layers are replaced by what matters of them here: a convolution spreads evenly and alike for all channels,
    max pooling averages, activations and norms pass on. All is then linear, and a pixel sees where its
    gradient is not zero, along the height of a narrow strip. Of the pixels of one map, which differ where
    maps are enlarged, the one that sees most counts. Kernels are taken to be square.

    Args:
        detector: on any device, also meta; not changed.
    """
    linear = _linear(detector)
    score = detector.language is not None and detector.score_channel
    sights: list[MapSight] = []
    for length in LENGTHS:
        strip = torch.ones(1, 3, length, STRIDE, dtype=torch.float64, requires_grad=True)
        stages, maps = _maps(linear, strip, score=score)
        sights = [
            *(MapSight(name, length // m.shape[2], _side(m, strip), False) for name, m in stages.items()),
            *(MapSight(name, length // m.shape[2], _side(m, strip), score) for name, m in maps.items()),
        ]
        if all(sight.side is not None for sight in sights):
            break
    if any(isinstance(module, _OVER_ALL) for module in linear.modules()):
        sights = [sight._replace(side=None) for sight in sights]
    if detector.language is not None:  # behind an attention, or a norm over the whole map
        sights.insert(4, MapSight("language", STRIDE, None, False))
    return sights


def _maps(linear: TextDetector, strip: Tensor, *, score: bool) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The stages and the head's maps by name."""
    stages: tuple[Tensor, ...] = linear.encoder(strip).stages
    names = {f"stage 1/{strip.shape[2] // stage.shape[2]}": stage for stage in stages}
    if score:
        stages = (*stages[:-1], torch.cat([stages[-1], torch.zeros_like(stages[-1][:, :1])], dim=1))
    return names, _head_maps(linear.head(linear.neck(stages)))


def _head_maps(maps: HeadMaps) -> dict[str, Tensor]:
    if isinstance(maps, DbMaps | PanMaps):
        return dict(maps._asdict())
    return {
        f"{name}_{8 * 2**i}": m for i, level in enumerate(maps.levels) for name, m in level._asdict().items()
    }


def _side(of: Tensor, strip: Tensor) -> int | None:
    """The largest sight of the pixels of one period in the middle of a map; None: up to the strip's ends."""
    rows, length = of.shape[2], strip.shape[2]
    column = of.sum(dim=1)[0, :, of.shape[3] // 2]
    largest = 0
    for row in range(rows // 2, rows // 2 + STRIDE * rows // length):
        (gradient,) = torch.autograd.grad(column[row], strip, retain_graph=True)
        seen = gradient.abs().sum(dim=(0, 1, 3)).nonzero()
        first, last = int(seen[0]), int(seen[-1])
        if first == 0 or last == length - 1:
            return None
        largest = max(largest, last - first + 1)
    return largest


def _linear(detector: TextDetector) -> TextDetector:
    """A copy in double precision on the CPU whose layers spread evenly, without the language side."""
    linear = copy.deepcopy(detector)
    linear.language = None
    if isinstance(linear.encoder, ClipImageEncoder):
        linear.encoder.tower.attnpool = None
    if isinstance(linear.encoder, TimmImageEncoder):
        linear.encoder.projection = linear.encoder.norm = None
    _replace(linear)
    for module in linear.modules():  # scales of whole layers, for example; on meta they have no values
        for name, parameter in list(module.named_parameters(recurse=False)):
            even = parameter if parameter.dtype == torch.float64 else torch.ones(parameter.shape).double()
            setattr(module, name, nn.Parameter(even))
    return linear.eval()


def _replace(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            _spread(child)
        elif isinstance(child, nn.MaxPool2d):
            setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
        elif isinstance(child, _PASS_ON) or type(child).__module__ == activation.__name__:
            setattr(module, name, nn.Identity())
        else:
            _replace(child)


def _spread(convolution: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Makes a convolution average its channels and its kernel, and answer alike in all channels."""
    channels = convolution.out_channels
    height, width = convolution.kernel_size
    even = torch.full((1, 1, height, width), 1.0 / (height * width), dtype=torch.float64)
    convolution.weight, convolution.bias, convolution.groups = nn.Parameter(even), None, 1

    def narrow(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (inputs[0].double().mean(dim=1, keepdim=True), *inputs[1:])

    def widen(_: nn.Module, __: tuple[Tensor, ...], result: Tensor) -> Tensor:
        return result.repeat(1, channels, 1, 1)

    convolution.register_forward_pre_hook(narrow)
    convolution.register_forward_hook(widen)
