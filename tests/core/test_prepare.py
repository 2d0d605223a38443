"""A detector made ready for detection is faster, and finds the same."""

import numpy as np
import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from tcm_core.build import build_detector
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.infer.device import Device
from tcm_core.infer.exchange import tensors_of
from tcm_core.infer.fused import FusedConvolution, can_fuse, fuse_convolutions
from tcm_core.infer.predictor import Predictor
from tcm_core.infer.prepare import prepare_detector
from tcm_core.infer.same_padding import TurnedBackbone, without_same_padding
from tcm_core.resources import resource
from tests.core.test_fold_batch_norm import _lively
from tests.helpers.tiny_model import tiny_checkpoint

CPU = torch.device("cpu")


def preset(name):
    torch.manual_seed(0)
    config = load_config(resource("presets", f"{name}.toml"), TrainConfig)
    return _lively(build_detector(config.model)).eval()


def needed(output):
    """The tensors that detection reads: DBNet's threshold map is left out."""
    maps = output.maps[:1] if hasattr(output.maps, "threshold") else output.maps
    return [*tensors_of(maps), *tensors_of(output.language)]


@pytest.mark.parametrize("name", ["db-small", "pan-small", "fce-small", "db-r50"])
@pytest.mark.parametrize("size", [(96, 128), (160, 64)])
def test_the_maps_are_the_same(name, size):
    detector = preset(name)
    images = torch.randn(1, 3, *size)
    with torch.no_grad():
        before = needed(detector(images))
        prepare_detector(detector, Device(CPU, torch.float32))
        after = needed(detector(images))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in detector.modules())
    for first, second in zip(before, after, strict=True):
        assert first.abs().max() > 0
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-3 * float(first.abs().max()))


@pytest.mark.skipif(not can_fuse(), reason="PyTorch is built without oneDNN")
def test_half_precision_is_as_good_as_that_of_autocast():
    images = torch.randn(1, 3, 128, 192)
    with torch.no_grad():
        exact = torch.sigmoid(preset("db-small")(images).maps.probability)
        with torch.autocast("cpu", torch.bfloat16):
            plain = torch.sigmoid(preset("db-small")(images).maps.probability.float())
            prepared = prepare_detector(preset("db-small"), Device(CPU, torch.bfloat16))
            fused = torch.sigmoid(prepared(images).maps.probability.float())
    assert any(isinstance(module, FusedConvolution) for module in prepared.modules())
    assert (fused - exact).abs().mean() <= 1.5 * (plain - exact).abs().mean()


def test_no_padded_copies_are_left_in_an_efficientnet():
    backbone = preset("db-small").encoder.backbone
    assert any(isinstance(module, Conv2dSame) for module in backbone.modules())
    turned = without_same_padding(backbone)
    assert isinstance(turned, TurnedBackbone)
    assert not any(isinstance(module, Conv2dSame) for module in turned.modules())


class _Lopsided(nn.Module):
    """A backbone that knows left from right beside its SAME padding."""

    def __init__(self):
        super().__init__()
        self.conv = Conv2dSame(3, 4, 3, stride=2)

    def forward(self, images):
        maps = self.conv(images)
        return [maps + torch.arange(maps.shape[3])]


def test_a_backbone_that_would_change_is_given_back_as_it_was():
    backbone = _Lopsided().eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = backbone(images)[0]
        given = without_same_padding(backbone)
        assert given is backbone
        assert torch.equal(given(images)[0], before)


class _Shared(nn.Module):
    """A convolution that an activation reads, and an addition as well."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, images):
        maps = self.conv(images)
        return self.act(maps) - maps


@pytest.mark.skipif(not can_fuse(), reason="PyTorch is built without oneDNN")
def test_an_activation_that_is_not_the_only_reader_stays():
    network = _Shared().eval()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        before = network(images)
        assert fuse_convolutions(network, torch.float32) == 0
        torch.testing.assert_close(network(images), before, rtol=1e-4, atol=1e-5)
    assert isinstance(network.act, nn.ReLU)


@pytest.mark.skipif(not can_fuse(), reason="PyTorch is built without oneDNN")
def test_contours_keep_their_single_precision():
    detector = prepare_detector(preset("fce-small"), Device(CPU, torch.bfloat16))
    assert isinstance(detector.head.regression, nn.Conv2d)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert detector(torch.randn(1, 3, 64, 64)).maps.levels[0].fourier.dtype == torch.float32


def test_the_threshold_map_is_made_when_it_is_wanted_and_changes_nothing_else(tmp_path):
    predictor = Predictor.load(tiny_checkpoint(tmp_path), "cpu")
    image = np.random.default_rng(5).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    usual, whole, again = predictor.maps(image), predictor.maps(image, whole=True), predictor.maps(image)
    assert usual.planes.keys() == again.planes.keys() == {"probability"}
    assert np.array_equal(whole.planes["probability"], usual.planes["probability"])
    height, width = usual.planes["probability"].shape
    assert whole.planes["threshold"].shape == (height // 4, width // 4)
    assert whole.planes["threshold"].std() > 0
