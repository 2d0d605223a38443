"""PAN's neck and head, and a whole small PAN detector: built, trained, saved and used."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint, save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.decode import PanDecode
from tcm_core.config.model import PanHeadConfig
from tcm_core.families import FAMILIES
from tcm_core.infer.predictor import Predictor
from tcm_core.models.heads.pan import PanHead
from tcm_core.models.necks.fpem_ffm import FpemFfm, Separable
from tcm_core.models.outputs import PanMaps
from tcm_core.train.run import run_training
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_model import TINY

TINY_PAN = TINY.model_copy(update={"head": PanHeadConfig(neck_width=16, width=16)})


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def stages(channels=(8, 12, 16, 24), size=(64, 96), batch=2):
    strides = (4, 8, 16, 32)
    return [torch.randn(batch, c, size[0] // s, size[1] // s) for c, s in zip(channels, strides, strict=True)]


def identity(module):
    """Makes a separable convolution pass its input's every (stride-th) pixel on, where that is positive."""
    nn.init.dirac_(module.depthwise.weight, groups=module.depthwise.groups)
    nn.init.dirac_(module.pointwise.weight)


def test_the_neck_gives_four_levels_at_stride_4():
    neck = FpemFfm((8, 12, 16, 24), 10)
    assert neck(stages()).shape == (2, 40, 16, 24)
    assert neck(stages(size=(32, 32))).shape == (2, 40, 8, 8)


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_an_enhancement_module_adds_from_coarse_to_fine_and_back(upsampling):
    neck = FpemFfm((4, 4, 4, 4), 4, enhancements=1, upsampling=upsampling).eval()
    for module in neck.modules():
        if isinstance(module, Separable):
            identity(module)
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    for reduce in neck.reduce:
        nn.init.dirac_(reduce[0].weight)
    levels = [stage.abs() for stage in stages((4, 4, 4, 4))]
    c2, c3, c4, c5 = levels

    def enlarged(level, like):
        return functional.interpolate(level, size=like.shape[2:], mode=upsampling)

    c4 = enlarged(c5, c4) + c4
    c3 = enlarged(c4, c3) + c3
    c2 = enlarged(c3, c2) + c2
    c3 = (enlarged(c3, c2) + c2)[..., ::2, ::2]
    c4 = (enlarged(c4, c3) + c3)[..., ::2, ::2]
    c5 = (enlarged(c5, c4) + c4)[..., ::2, ::2]
    wanted = [functional.interpolate(level, size=c2.shape[2:], mode="bilinear") for level in (c2, c3, c4, c5)]
    with torch.no_grad():
        assert torch.allclose(neck(levels), torch.cat(wanted, 1), atol=1e-5)


def test_the_results_of_several_enhancement_modules_are_added():
    """Of two modules the second is fed with the first one's result."""
    torch.manual_seed(3)
    neck = FpemFfm((8, 12, 16, 24), 6, enhancements=2).eval()
    single = FpemFfm((8, 12, 16, 24), 6, enhancements=1).eval()
    inputs = stages()
    single.load_state_dict({k: v for k, v in neck.state_dict().items() if not k.startswith("enhance.1")})
    with torch.no_grad():
        first = neck.enhance[0]([r(s) for r, s in zip(neck.reduce, inputs, strict=True)])
        second = neck.enhance[1](first)
        assert torch.allclose(neck(inputs)[:, :6], first[0] + second[0], atol=1e-6)
        assert torch.allclose(single(inputs)[:, :6], first[0], atol=1e-6)


def test_the_published_size():
    """The authors' PAN on ResNet-50, without biases in front of batch norms.

    Reductions of 3,840 channels, two modules of six separable convolutions, 3x3 from 512 to 128, 1x1 to six.
    """
    neck, head = FAMILIES["pan"].build(PanHeadConfig(neck_width=128, width=128), (256, 512, 1024, 2048))
    separable = 9 * 128 + 128 * 128 + 2 * 128
    assert sum(p.numel() for p in neck.parameters()) == 3840 * 128 + 4 * 256 + 12 * separable
    assert sum(p.numel() for p in head.parameters()) == 9 * 512 * 128 + 256 + 128 * 6 + 6


def test_the_head_is_two_convolutions_or_one():
    features = torch.randn(2, 40, 8, 12)
    for width in (0, 16):
        maps = PanHead(40, width, 3)(features)
        assert [plane.shape for plane in maps] == [(2, 1, 8, 12), (2, 1, 8, 12), (2, 3, 8, 12)]
    single = PanHead(40, 0, 4)
    assert list(single.state_dict()) == ["out.weight", "out.bias"]
    assert torch.equal(torch.cat(list(single(features)), 1), single.out(features))


@pytest.mark.parametrize("width", [0, 16])
@pytest.mark.parametrize("enhancements", [1, 2, 3])
def test_every_parameter_of_neck_and_head_learns(enhancements, width):
    config = PanHeadConfig(neck_width=12, width=width, enhancements=enhancements)
    neck, head = FAMILIES["pan"].build(config, (8, 12, 16, 24))
    sum((plane.square() * torch.rand_like(plane)).mean() for plane in head(neck(stages()))).backward()
    parameters = [*neck.named_parameters(prefix="neck"), *head.named_parameters(prefix="head")]
    assert [name for name, p in parameters if p.grad is None or not p.grad.abs().sum() > 1e-12] == []


def test_every_parameter_of_the_whole_detector_learns():
    detector = build_detector(TINY_PAN)
    output = detector(torch.randn(2, 3, 64, 96))
    assert [plane.shape for plane in output.maps] == [(2, 1, 16, 24), (2, 1, 16, 24), (2, 4, 16, 24)]
    loss = sum((plane.square() * torch.rand_like(plane)).mean() for plane in output.maps)
    (loss + output.language.square().mean()).backward()
    assert [n for n, p in detector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_kept_maps_are_probabilities_and_half_precision_vectors():
    logits = torch.tensor([[[[0.0, 20.0, -20.0]]]])
    kept = FAMILIES["pan"].keep(PanMaps(logits, -logits, torch.full((1, 4, 1, 3), 0.1)))
    assert kept.planes["text"].tolist() == [[128, 255, 0]]
    assert kept.planes["kernel"].tolist() == [[128, 0, 255]]
    assert kept.values["embedding"].shape == (4, 1, 3)
    assert kept.values["embedding"].dtype == np.float16


def test_a_checkpoint_gives_the_same_maps_and_detections_back(tmp_path):
    detector = build_detector(TINY_PAN).eval()
    decode = PanDecode(score_threshold=0.1, min_area=4, output="polygon")
    metadata = CheckpointMetadata(
        name="tiny-pan", model=TINY_PAN, decode=decode, short_side=96, max_long_side=256
    )
    save_checkpoint(tmp_path / "pan.safetensors", detector.state_dict(), metadata, half=False)
    loaded = load_checkpoint(tmp_path / "pan.safetensors")
    assert loaded.metadata.model == TINY_PAN
    assert loaded.metadata.decode == decode
    images = torch.randn(1, 3, 96, 128)
    with torch.no_grad():
        assert all(map(torch.equal, detector(images).maps, loaded.detector(images).maps))
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    prediction = Predictor.load(tmp_path / "pan.safetensors", "cpu").predict(image)
    assert set(prediction.maps.planes) == {"text", "kernel"}
    assert prediction.maps.values["embedding"].shape == (4, 24, 32)
    again = Predictor.load(tmp_path / "pan.safetensors", "cpu").predict(image)
    assert len(again.detections) == len(prediction.detections)


CONFIG = """
name = "made-pan"
seed = 3
device = "cpu"
precision = "no"
workers = 0
[data]
root = "data"
[model.encoder]
embedding = 32
[model.head]
name = "pan"
neck_width = 16
width = 16
[model.tcm.text]
width = 32
layers = 1
heads = 2
[model.tcm.visual]
layers = 1
heads = 2
width = 32
[augment]
size = 192
scale = [1.0, 1.0]
stretch = 1.0
rotation_degrees = 3
colour = 0.0
blur = 0.0
[targets]
form = "{form}"
[optim]
steps = 20
batch_size = 2
learning_rate = 0.004
warmup_steps = 2
cooldown_steps = 5
average_decay = 0.8
[validation]
every = 100
short_side = 160
"""


@pytest.mark.parametrize("form", ["grid", "full"])
def test_a_small_detector_learns_some_steps_and_predicts(tmp_path, form):
    made_dataset(tmp_path / "data")
    (tmp_path / "config.toml").write_text(CONFIG.format(form=form), encoding="utf-8")
    run_training(tmp_path / "config.toml", tmp_path / "run", resume=False)
    lines = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert not [event for event in events if event["event"] == "skipped"]
    sums = [sum(event["losses"].values()) for event in events if event["event"] == "step"]
    assert np.isfinite(sums).all()
    assert sums[1] < 0.8 * sums[0]
    predictor = Predictor.load(tmp_path / "run" / "last.safetensors", "cpu")
    image = np.zeros((160, 192, 3), np.uint8)
    assert predictor.predict(image, PanDecode(score_threshold=0.0)).maps.head == "pan"
