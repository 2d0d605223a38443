"""Parts, multiply-adds and sights of detectors, beside figures that were worked out by hand."""

import pytest
import torch
from torch import nn

from tcm_core.build import build_detector
from tcm_core.config.load import load_config
from tcm_core.config.model import ClipEncoder, DbHeadConfig, ModelConfig, PanHeadConfig, TimmEncoder
from tcm_core.config.train import TrainConfig
from tcm_core.describe import describe, find_described
from tcm_core.errors import BadConfig
from tcm_core.models.detector import TextDetector
from tcm_core.models.outputs import ImageFeatures, PanMaps
from tcm_core.models.receptive import map_sights
from tcm_core.models.summary import detector_parts
from tcm_core.resources import resource
from tcm_core.train.optim import freeze
from tests.core.test_cli import tcm  # noqa: F401 - a fixture
from tests.helpers.tiny_model import TINY, tiny_checkpoint


def test_the_papers_model_has_the_papers_parameters():
    found = find_described("db-rn50")
    parts = {part.name: part for part in describe(found.model, (64, 64)).parts}
    assert parts["visual prompt generator"].parameters == 3_948_800
    assert parts["context decoder"].parameters == 3_948_800
    assert parts["language prompt generator"].parameters == 1_578_496
    tower = parts["image encoder"].parameters + parts["attention pool"].parameters
    assert tower == 38_316_896
    assert parts["gates"].parameters == 1 + 1024
    assert parts["text encoder"].trainable == 0 < parts["text encoder"].parameters
    assert list(parts)[:2] == ["image encoder", "attention pool"]


@pytest.mark.parametrize("path", sorted(resource("presets").glob("*.toml")), ids=lambda path: path.stem)
def test_the_parts_of_a_preset_hold_every_parameter_once(path):
    config = load_config(path, TrainConfig)
    with torch.device("meta"):
        detector = build_detector(config.model)
    freeze(detector, find_described(path.stem).frozen)
    parts = detector_parts(detector, (32, 64))
    assert sum(part.parameters for part in parts) == sum(p.numel() for p in detector.parameters())
    assert all(0 <= part.trainable <= part.parameters for part in parts)
    encoder = next(part for part in parts if part.name == "image encoder")
    assert (encoder.trainable < encoder.parameters) is bool(config.optim.freeze)


def test_a_run_that_takes_its_checkpoints_model_is_described_by_it():
    found = find_described("finetune")
    assert found.model == find_described(str(resource("checkpoints", "db-small.safetensors"))).model
    assert found.frozen == ("encoder",)


def test_multiply_adds_are_those_of_the_layers():
    size = (64, 96)
    parts = {part.name: part for part in describe(TINY, size).parts}
    last, embedding, pixels = 320, 32, 6
    assert parts["joint embedding"].multiply_adds == last * embedding * pixels
    head = 16 * 24 * 8 * (32 * 9 + 8 * 4) + 32 * 48 * 8 * 4  # one branch: 3x3, and two 2x2 transposed
    assert parts["head"].multiply_adds == 2 * head
    assert "matching" not in parts  # neither parameters nor matrix products
    twice = {part.name: part for part in describe(TINY, (128, 96)).parts}
    assert twice["head"].multiply_adds == 2 * parts["head"].multiply_adds
    assert twice["text encoder"].multiply_adds == parts["text encoder"].multiply_adds > 0


def test_the_attention_pools_products_count_as_its_own():
    model = ModelConfig(encoder=ClipEncoder(), tcm=TINY.tcm, head=DbHeadConfig(neck_width=32, width=8))
    pool = next(part for part in describe(model, (64, 96)).parts if part.name == "attention pool")
    rows, width, embedding = 7, 2048, 1024
    projections = rows * width * (3 * width + embedding)
    assert pool.multiply_adds == projections + 2 * rows * rows * width


class Kernels(nn.Module):
    """Stages whose sights can be worked out on paper, and that enlarge one that is too small."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 2, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.stages = nn.ModuleList(nn.Conv2d(2, 2, 3, 2, 1) for _ in range(3))

    def forward(self, images):
        maps = [self.stem(images)]
        for stage in self.stages:
            maps.append(torch.relu(stage(maps[-1])))
        return ImageFeatures(tuple(maps), maps[-1], maps[-1].mean(dim=(2, 3)))


class Finest(nn.Module):
    def forward(self, stages):
        return stages[0]


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(2, 2, 3, padding=2, dilation=2)

    def forward(self, features):
        enlarged = nn.functional.interpolate(features, scale_factor=2.0)
        return PanMaps(self.wide(features), enlarged, features.mean(dim=(2, 3), keepdim=True) + features)


def test_sights_are_those_worked_out_on_paper():
    sights = {sight.name: sight for sight in map_sights(TextDetector(Kernels(), None, Finest(), Head()))}
    sides = [sights[f"stage 1/{stride}"].side for stride in (4, 8, 16, 32)]
    assert sides == [11, 11 + 8, 11 + 8 + 16, 11 + 8 + 16 + 32]
    assert (sights["text"].side, sights["text"].stride) == (11 + 4 * 4, 4)
    assert (sights["kernel"].side, sights["kernel"].stride) == (11, 2)
    assert sights["embedding"].side is None


def test_resnet_50_sees_427_pixels_and_the_score_map_all():
    model = ModelConfig(encoder=TimmEncoder(name="resnet50"), tcm=None, head=PanHeadConfig())
    sights = {sight.name: sight for sight in describe(model, (32, 32)).sights}
    assert [sights[f"stage 1/{s}"].side for s in (4, 8, 16, 32)] == [35, 91, 267, 427]
    assert "language" not in sights
    assert not sights["text"].through_score
    sights = {sight.name: sight for sight in describe(TINY, (32, 32)).sights}
    assert sights["language"].side is None
    assert sights["probability"].through_score
    assert not sights["stage 1/32"].through_score


def test_squeeze_and_excitation_sees_the_whole_image():
    model = ModelConfig(encoder=TimmEncoder(name="mobilenetv3_small_050"), tcm=None, head=DbHeadConfig())
    sights = {sight.name: sight for sight in describe(model, (32, 32)).sights}
    assert sights["probability"].side is None


def test_the_command_prints_presets_checkpoints_and_configurations(tcm, tmp_path):  # noqa: F811
    status, text, log = tcm("describe", "db-rn50", "--size", "224x224")
    assert status == 0, log
    for figure in ("3,948,800", "1,578,496", "38,316,896", "frozen", "whole image"):
        assert figure in text
    status, text, _ = tcm("describe", tiny_checkpoint(tmp_path))
    assert (status, "tiny: checkpoint, head db" in text) == (0, True)
    status, text, _ = tcm("describe", resource("presets", "pan-r50.toml"))
    assert (status, "pan-r50: configuration, head pan" in text) == (0, True)


def test_what_cannot_be_described_is_refused(tcm):  # noqa: F811
    assert tcm("describe", "nothing")[2].startswith("error: nothing: no such preset")
    assert "736x1280" in tcm("describe", "db-rn50", "--size", "large")[2]
    with pytest.raises(BadConfig, match="multiples of 32"):
        describe(TINY, (100, 64))
