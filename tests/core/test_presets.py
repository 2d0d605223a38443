"""Every shipped preset: loaded, built, run forwards and backwards."""

import numpy as np
import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.families import FAMILIES, as_plane
from tcm_core.geometry.frame import ImageFrame
from tcm_core.resources import resource
from tcm_core.train.batch import TargetRecipe
from tcm_core.train.loop import total_loss

PRESETS = sorted(path for path in resource("presets").glob("*.toml") if path.stem != "finetune")
"""Those with a model of their own; fine-tuning takes its checkpoint's."""
SIDE = 128
WORD = TextInstance(np.array([[20.0, 30.0], [110.0, 24.0], [112.0, 60.0], [22.0, 66.0]]), "word")


def test_the_papers_models_their_baselines_and_the_small_ones_are_there():
    names = {path.stem for path in PRESETS}
    assert names == {
        *(f"{head}-{size}" for head in ("db", "pan", "fce") for size in ("rn50", "r50", "small")),
        "db-small-plain",
    }


@pytest.fixture(params=PRESETS, ids=lambda path: path.stem, scope="module")
def preset(request):
    torch.manual_seed(0)
    config = load_config(request.param, TrainConfig)
    return config, build_detector(config.model)


def test_a_preset_has_the_name_of_its_file_and_one_head_throughout(preset, request):
    config, _ = preset
    assert config.name in request.node.name
    assert config.name.split("-")[0] == config.model.head.name == config.targets.head == config.loss.head


def open_all(detector):
    """Opens gates and residual branches that start closed and would hide what lies behind them."""
    for name, parameter in detector.named_parameters():
        if name.endswith(".gate") or (
            parameter.ndim == 1 and name.endswith("weight") and not parameter.any()
        ):
            torch.nn.init.ones_(parameter)


def test_losses_are_finite_and_gradients_reach_every_trainable_parameter_and_no_frozen_one(preset):
    config, detector = preset
    detector.train()
    open_all(detector)
    recipe = TargetRecipe(config)
    targets = [
        torch.from_numpy(np.stack([array.reshape(-1, *array.shape[-2:])] * 2))
        for array in recipe([WORD], (SIDE, SIDE))
    ]
    output = detector(torch.randn(2, 3, SIDE, SIDE))
    losses = total_loss(output, targets, config)
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert ("language" in losses) is (config.model.tcm is not None)
    sum(losses.values()).backward()
    trainable = {name: p for name, p in detector.named_parameters() if p.requires_grad}
    unreached = [name for name, p in trainable.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert unreached == []
    frozen = [name for name, p in detector.named_parameters() if not p.requires_grad]
    assert all(name.startswith("language.text_encoder.") for name in frozen)
    assert bool(frozen) is config.name.endswith("-rn50")
    assert all(p.grad is None for name, p in detector.named_parameters() if name in frozen)
    detector.zero_grad(set_to_none=True)


@torch.inference_mode()
def test_a_preset_runs_on_a_rectangle_and_its_maps_can_be_decoded(preset):
    config, detector = preset
    detector.eval()
    output = detector(torch.randn(1, 3, 64, 160))
    kept = FAMILIES[config.model.head.name].keep(output.maps)
    frame = ImageFrame((64, 160), (64, 160), (64, 160))
    language = np.zeros((2, 5), np.uint8)
    if config.model.tcm is not None:
        language = as_plane(torch.sigmoid(output.language))
        assert language.shape == (2, 5)
    maps = ImageMaps(config.model.head.name, frame, language, kept.planes, kept.values)
    for detection in decode(maps, config.validation.decode):
        assert np.isfinite(detection.polygon).all()
