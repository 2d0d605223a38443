"""Folding batch norms changes the time of a detector, not what it finds."""

import pytest
import torch
from torch import nn

from tcm_core.build import build_detector
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.infer.batch_norm import fold_batch_norm
from tcm_core.resources import resource


def _lively(detector):
    """Statistics and weights of a detector as training leaves them: none is 0 or 1."""
    generator = torch.Generator().manual_seed(3)
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, 0, 0.2, generator=generator)
    return detector


@pytest.mark.parametrize("preset", ["db-small", "pan-small", "fce-small", "db-r50"])
def test_the_maps_stay_and_no_batch_norm_is_left(preset):
    torch.manual_seed(0)
    config = load_config(resource("presets", f"{preset}.toml"), TrainConfig)
    detector = _lively(build_detector(config.model)).eval()
    images = torch.randn(1, 3, 96, 128)
    with torch.no_grad():
        before = detector(images)
        folded = fold_batch_norm(detector)
        after = detector(images)
    assert folded > 40
    assert not any(isinstance(module, nn.BatchNorm2d) for module in detector.modules())
    for first, second in zip(_flat(before.maps), _flat(after.maps), strict=True):
        assert first.abs().max() > 0
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-3 * float(first.abs().max()))


def _flat(value):
    return [value] if isinstance(value, torch.Tensor) else [leaf for part in value for leaf in _flat(part)]


class _Odd(nn.Module):
    """A convolution used twice, and a batch norm on something else: neither may be folded."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)
        self.input_norm = nn.BatchNorm2d(3)

    def forward(self, images):
        return self.norm(self.conv(self.conv(self.input_norm(images))))


def test_what_cannot_be_folded_stays():
    model = _lively(_Odd()).eval()
    images = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        before = model(images)
        assert fold_batch_norm(model) == 0
        assert torch.equal(model(images), before)
