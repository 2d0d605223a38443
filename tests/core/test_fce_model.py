"""FCENet's neck and head inside a small real detector: building, learning, saving, predicting."""

import json

import numpy as np
import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint, save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.decode import FceDecode
from tcm_core.config.learning import FceTargetConfig, LanguageConfig
from tcm_core.config.model import FceHeadConfig
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.families import FAMILIES
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.overlap import iou
from tcm_core.infer.predictor import Predictor
from tcm_core.models.heads.fce import FceHead
from tcm_core.models.necks.fpn import Fpn
from tcm_core.models.outputs import FceLevel, FceMaps
from tcm_core.targets.language import language_targets
from tcm_core.train.loop import total_loss
from tests.helpers.fce_maps import bent_text, exact_fce_maps
from tests.helpers.tiny_model import TINY

TINY_FCE = TINY.model_copy(update={"head": FceHeadConfig(neck_width=16, degree=3)})
WORDS = [bent_text(60, 24, middle=(48, 30)), bent_text(50, 20, angle=10, middle=(60, 70))]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [(64, 96), (32, 32)])
def test_three_levels_of_text_centre_and_coefficients(size):
    maps = build_detector(TINY_FCE).eval()(torch.randn(2, 3, *size)).maps
    for stride, level in zip((8, 16, 32), maps.levels, strict=True):
        shape = (size[0] // stride, size[1] // stride)
        assert level.text.shape == (2, 2, *shape)
        assert level.centre.shape == (2, 2, *shape)
        assert level.fourier.shape == (2, 14, *shape)


def test_the_finest_stage_is_not_read_and_the_score_channel_is():
    detector = build_detector(TINY_FCE)
    channels = detector.encoder.channels
    assert [lateral.in_channels for lateral in detector.neck.laterals] == [
        channels[1],
        channels[2],
        channels[3] + 1,
    ]
    stages = [
        torch.randn(1, c, 32 // 2**i, 32 // 2**i) for i, c in enumerate((*channels[:3], channels[3] + 1))
    ]
    before = detector.neck(stages)
    stages[0] = stages[0] + 1
    assert all(torch.equal(a, b) for a, b in zip(before, detector.neck(stages), strict=True))
    stages[3] = stages[3] + 1
    assert not any(torch.allclose(a, b) for a, b in zip(before, detector.neck(stages), strict=True))


def test_parameters_are_those_of_the_published_network():
    """What a converter finds: six convolutions with bias in the neck, and two shared ones in the head."""
    neck, head = Fpn((512, 1024, 2048), 256), FceHead(256, 5)
    shapes = {name: tuple(parameter.shape) for name, parameter in neck.named_parameters()}
    assert shapes == {
        **{f"laterals.{i}.weight": (256, c, 1, 1) for i, c in enumerate((512, 1024, 2048))},
        **{f"smooth.{i}.weight": (256, 256, 3, 3) for i in range(3)},
        **{f"{part}.{i}.bias": (256,) for part in ("laterals", "smooth") for i in range(3)},
    }
    assert {name: tuple(parameter.shape) for name, parameter in head.named_parameters()} == {
        "classification.weight": (4, 256, 3, 3),
        "classification.bias": (4,),
        "regression.weight": (22, 256, 3, 3),
        "regression.bias": (22,),
    }


def test_the_neck_adds_what_is_coarser_from_the_top_down():
    neck = Fpn((1, 1, 1), 1)
    with torch.no_grad():
        for lateral, smooth in zip(neck.laterals, neck.smooth, strict=True):
            lateral.weight.fill_(1.0)
            smooth.weight.zero_()
            smooth.weight[0, 0, 1, 1] = 1.0
    stages = [torch.full((1, 1, 4, 4), 100.0), torch.full((1, 1, 2, 2), 10.0), torch.full((1, 1, 1, 1), 1.0)]
    assert [level.unique().tolist() for level in neck(stages)] == [[111.0], [11.0], [1.0]]


def test_the_four_classes_are_background_and_text_then_background_and_centre():
    head = FceHead(1, 5)
    with torch.no_grad():
        head.classification.weight.zero_()
        head.classification.bias[:] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    level = head([torch.zeros(1, 1, size, size) for size in (4, 2, 1)]).levels[0]
    assert level.text[0, :, 0, 0].tolist() == [1, 2]
    assert level.centre[0, :, 0, 0].tolist() == [3, 4]


def test_coefficients_keep_single_precision_inside_autocast():
    head = FceHead(8, 5)
    features = [torch.randn(1, 8, size, size) for size in (4, 2, 1)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        halved = head([level.bfloat16() for level in features])
    assert halved.levels[0].fourier.dtype == torch.float32
    exact = head([level.bfloat16().float() for level in features])
    assert torch.equal(halved.levels[0].fourier, exact.levels[0].fourier)


def batch_of(words, size=(96, 96)):
    """Targets of one crop, as the loader gives them."""
    texts = [TextInstance(word) for word in words]
    targets = (
        *FAMILIES["fce"].make_targets(texts, size, FceTargetConfig(degree=3)),
        *language_targets(texts, size, LanguageConfig()),
    )
    return [torch.from_numpy(np.ascontiguousarray(t.reshape(1, -1, *t.shape[-2:]))) for t in targets]


CONFIG = TrainConfig.model_validate({"data": {"root": "data"}, "model": TINY_FCE.model_dump()})


def test_every_parameter_learns():
    detector = build_detector(TINY_FCE)
    output = detector(torch.randn(1, 3, 96, 96).repeat(2, 1, 1, 1) + torch.randn(2, 3, 96, 96))
    targets = [target.repeat(2, 1, 1, 1) for target in batch_of([*WORDS, bent_text(90, 30, middle=(48, 48))])]
    sum(total_loss(output, targets, CONFIG).values()).backward()
    still = [name for name, p in detector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_a_run_learns_saves_and_predicts(tmp_path):
    detector = build_detector(TINY_FCE).train()
    images, targets = torch.randn(2, 3, 96, 96), [t.repeat(2, 1, 1, 1) for t in batch_of(WORDS)]
    optimizer = torch.optim.AdamW(detector.parameters(), lr=3e-3)
    seen = []
    for _ in range(12):
        losses = total_loss(detector(images), targets, CONFIG)
        assert all(torch.isfinite(loss) for loss in losses.values())
        seen.append(sum(losses.values()))
        optimizer.zero_grad()
        seen[-1].backward()
        optimizer.step()
    assert seen[-1].item() < 0.6 * seen[0].item()

    metadata = CheckpointMetadata(
        name="tiny-fce", model=TINY_FCE, decode=FceDecode(alpha=0.7), short_side=96, max_long_side=256
    )
    save_checkpoint(tmp_path / "fce.safetensors", detector.state_dict(), metadata)
    loaded = load_checkpoint(tmp_path / "fce.safetensors")
    assert loaded.metadata.model == TINY_FCE
    assert loaded.metadata.decode == FceDecode(alpha=0.7)
    with torch.no_grad():
        ours, theirs = (d.eval()(images).maps.levels[0] for d in (detector, loaded.detector))
    assert torch.allclose(ours.fourier, theirs.fourier, atol=2e-2, rtol=2e-2)

    predictor = Predictor.load(tmp_path / "fce.safetensors", "cpu")
    image = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    prediction = predictor.predict(image, FceDecode(score_threshold=0.05))
    assert set(prediction.maps.planes) == {f"{p}_{s}" for p in ("text", "centre") for s in (8, 16, 32)}
    assert prediction.maps.values["fourier_16"].shape == (14, 6, 10)
    assert all(0 <= d.score <= 1 and d.polygon.shape == (4, 2) for d in prediction.detections)


def test_what_the_head_says_is_what_is_decoded():
    """Logits of known texts through keep and decode: probabilities, coefficients and strides fit together."""
    size, words = (96, 96), WORDS
    targets = batch_of(words)
    levels = [targets[first : first + 4] for first in (0, 4, 8)]
    maps = FceMaps(
        tuple(
            FceLevel(
                *(torch.cat([9 - 18 * p.float(), 18 * p.float() - 9], dim=1) for p in (text, centre)), fourier
            )
            for text, centre, _, fourier in levels
        )
    )
    kept = FAMILIES["fce"].keep(maps)
    exact = exact_fce_maps(words, ImageFrame(size, size, size), settings=FceTargetConfig(degree=3))
    found = decode(
        ImageMaps("fce", ImageFrame(size, size, size), exact.language, kept.planes, kept.values),
        FceDecode(output="polygon"),
    )
    assert len(found) == 2
    assert all(max(iou(word, detection.polygon) for detection in found) > 0.85 for word in words)
    assert np.array_equal(kept.planes["text_16"], exact.planes["text_16"])
    assert np.array_equal(kept.planes["centre_16"], exact.planes["centre_16"])
    assert (exact.planes["centre_16"] != exact.planes["text_16"]).any()
    assert np.array_equal(kept.values["fourier_16"], exact.values["fourier_16"])


def test_the_targets_degree_is_the_heads():
    assert CONFIG.targets.degree == 3
    assert (
        TrainConfig.model_validate({"data": {"root": "x"}, "model": {"head": {"name": "fce"}}}).targets.degree
        == 5
    )
    values = {
        "data": {"root": "x"},
        "model": json.loads(TINY_FCE.model_dump_json()),
        "targets": {"degree": 4},
    }
    with pytest.raises(ValueError, match=r"targets\.degree is 4, the model's head has the degree 3"):
        TrainConfig.model_validate(values)
