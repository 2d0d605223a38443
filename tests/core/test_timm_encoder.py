"""timm's backbones as image encoders, and their weights from files."""

import pytest
import safetensors.torch
import timm
import torch

from tcm_core.convert.timm import load_timm
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.encoders.timm import TimmImageEncoder


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("resnet50", (256, 512, 1024, 2048)),
        ("resnet101", (256, 512, 1024, 2048)),
        ("resnet152", (256, 512, 1024, 2048)),
        ("tf_efficientnet_lite0", (24, 40, 112, 320)),
        ("convnext_atto", (40, 80, 160, 320)),
    ],
)
def test_four_stages_and_the_embedding_of_a_rectangle(name, channels):
    encoder = TimmImageEncoder(name, 32).eval()
    with torch.no_grad():
        features = encoder(torch.randn(2, 3, 64, 96))
    assert encoder.channels == channels
    assert encoder.embedding == 32
    shapes = [tuple(stage.shape) for stage in features.stages]
    assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]
    assert features.dense.shape == (2, 32, 2, 3)
    assert torch.allclose(features.pooled, features.dense.mean(dim=(2, 3)))


def test_without_an_embedding_every_parameter_is_of_the_backbone_and_learns():
    encoder = randomised(TimmImageEncoder("resnet18", None))
    features = encoder(torch.randn(2, 3, 64, 96))
    assert encoder.embedding == 512
    assert torch.equal(features.dense, features.stages[-1])
    sum(stage.square().mean() for stage in features.stages).backward()
    assert all(name.startswith("backbone.") for name, _ in encoder.named_parameters())
    assert [name for name, p in encoder.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_new_encoder_is_in_training_mode_and_has_seen_nothing():
    encoder = TimmImageEncoder("resnet18", 32)
    assert all(module.training for module in encoder.modules())
    assert encoder.backbone.bn1.num_batches_tracked == 0


def test_a_wrong_name_is_answered_with_the_near_ones():
    with pytest.raises(BadConfig, match=r"resnet5O: timm has no such backbone. Near are: .*resnet50"):
        TimmImageEncoder("resnet5O", 32)


@pytest.mark.parametrize("name", ["hf-hub:someone/something", "local-dir:/somewhere"])
def test_a_name_never_reaches_for_the_network_or_a_folder(name):
    with pytest.raises(BadConfig, match="no such backbone"):
        TimmImageEncoder(name, 32)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("vit_tiny_patch16_224", r"strides \[16\], a detector needs 4, 8, 16 and 32"),
        ("swin_tiny_patch4_window7_224", "does not take a picture of 64x96"),
        ("legacy_xception", "it makes .* a detector needs"),
    ],
)
def test_a_backbone_that_cannot_serve_a_detector_is_refused(name, what):
    with pytest.raises(BadConfig, match=what):
        TimmImageEncoder(name, 32)


@pytest.mark.parametrize(
    ("name", "unused"),
    [("resnet18", ["fc.weight", "fc.bias"]), ("tf_efficientnet_lite0", ["conv_head.weight", "bn2.weight"])],
)
def test_weights_of_the_whole_model_come_from_a_file(name, unused, tmp_path):
    whole = randomised(timm.create_model(name, pretrained=False)).eval()
    path = tmp_path / "whole.safetensors"
    safetensors.torch.save_file(whole.state_dict(), path)
    encoder = TimmImageEncoder(name, None).eval()
    assert set(unused) <= set(load_timm(path, encoder))
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = whole.forward_intermediates(images, indices=1, intermediates_only=True)[0]
        assert torch.allclose(encoder(images).stages[-1], expected, atol=1e-5)


def test_a_backbone_whose_features_have_other_names_is_loaded_too(tmp_path):
    whole = timm.create_model("convnext_atto", pretrained=False)
    torch.save(whole.state_dict(), tmp_path / "whole.pt")
    encoder = TimmImageEncoder("convnext_atto", None)
    unused = load_timm(tmp_path / "whole.pt", encoder)
    assert all(name.startswith("head.") for name in unused)
    assert torch.equal(
        encoder.backbone.stages_3.blocks[0].mlp.fc1.weight, whole.stages[3].blocks[0].mlp.fc1.weight
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda state: state.pop("layer1.0.conv1.weight"), "layer1.0.conv1.weight is missing"),
        (
            lambda state: state.update({"conv1.weight": torch.zeros(32, 3, 7, 7)}),
            r"conv1.weight is \(32, 3, 7, 7\)",
        ),
        (
            lambda state: state.update({"layer1.2.conv1.weight": torch.zeros(1)}),
            "layer1.2.conv1.weight is not known",
        ),
        (lambda state: state["conv1.weight"].fill_(torch.nan), "conv1.weight has values that are not finite"),
    ],
)
def test_weights_of_another_backbone_are_refused_and_nothing_changes(change, what, tmp_path):
    state = timm.create_model("resnet18", pretrained=False).state_dict()
    change(state)
    torch.save(state, tmp_path / "other.pt")
    encoder = TimmImageEncoder("resnet18", None)
    before = encoder.backbone.conv1.weight.clone()
    with pytest.raises(BadCheckpoint, match=what):
        load_timm(tmp_path / "other.pt", encoder)
    assert torch.equal(encoder.backbone.conv1.weight, before)


def randomised(model):
    """The model with norms that are not the start's, which closes every residual branch."""
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.normal_(std=0.1)
        elif name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
            tensor.uniform_(0.5, 1.5)
    return model
