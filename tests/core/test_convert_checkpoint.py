"""Checkpoints of mmocr into ours: the converted detector answers as the source does."""

import json
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.cli.main import app
from tcm_core.config.model import ClipEncoder, TimmEncoder
from tcm_core.convert.checkpoint.detector import ConvertedClip, ConvertedDetector, convert_checkpoint
from tcm_core.convert.clip import load_clip
from tcm_core.errors import BadCheckpoint
from tcm_core.geometry.fourier import reconstruction_matrix
from tcm_core.models.encoders.clip import ClipImageEncoder
from tests.helpers import foreign_names as names
from tests.helpers.clip_models import random_clip, write_archive
from tests.helpers.foreign_models import (
    CHANNELS,
    ClipResNet,
    Detector,
    method_parts,
    mmocr_detector,
    randomised,
)

IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


def write(model, path, **changes):
    """A training checkpoint as mmcv writes it."""
    state = {**model.state_dict(), **changes}
    torch.save({"meta": {"epoch": 1200}, "state_dict": state, "optimizer": {"state": {}}}, path)
    return path


def convert(path, **options):
    converted = convert_checkpoint(path, "converted", **options)
    assert isinstance(converted, ConvertedDetector)
    return converted


@torch.no_grad()
def our_maps(converted):
    detector = build_detector(converted.metadata.model).eval()
    detector.load_state_dict(converted.state)
    return detector(IMAGES).maps


@torch.no_grad()
def their_maps(model):
    return model(IMAGES)


def assert_same_db(maps, theirs):
    probability, threshold = theirs
    assert probability.std() > 0.01  # not a constant map, which everything would equal
    torch.testing.assert_close(torch.sigmoid(maps.probability), probability, atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.sigmoid(maps.threshold), threshold, atol=1e-4, rtol=0)


def assert_same_pan(maps, theirs):
    assert theirs.std() > 0.1
    torch.testing.assert_close(torch.cat(maps, 1), theirs, atol=1e-4, rtol=1e-4)


def contours_of_theirs(regression, cell):
    """(B, h, w, 50): every cell's contour in network pixels, x + iy, by the inverse FFT."""
    count = regression.shape[1] // 2
    x, y = regression[:, :count].numpy(), regression[:, count:].numpy()
    coefficients = (x + 1j * y).transpose(0, 2, 3, 1)
    degree = count // 2
    _, rows, columns, _ = coefficients.shape
    coefficients[..., degree] += np.arange(columns)[None, None] + 1j * np.arange(rows)[None, :, None]
    spread = np.zeros((*coefficients.shape[:3], 50), complex)
    spread[..., : degree + 1] = coefficients[..., degree:]
    spread[..., -degree:] = coefficients[..., :degree]
    return np.fft.ifft(spread) * 50 * cell


def contours_of_ours(fourier, cell):
    """The same by our definition: relative to the centre of a cell."""
    degree = (fourier.shape[1] // 2 - 1) // 2
    points = fourier.numpy().transpose(0, 2, 3, 1) @ reconstruction_matrix(degree, 50)
    rows, columns = fourier.shape[2:]
    x = points[..., :50] + (np.arange(columns) + 0.5)[None, None, :, None]
    y = points[..., 50:] + (np.arange(rows) + 0.5)[None, :, None, None]
    return (x + 1j * y) * cell


def assert_same_fce(maps, theirs):
    for level, (classes, regression), cell in zip(maps.levels, theirs, (8, 16, 32), strict=True):
        assert classes.std() > 0.1
        torch.testing.assert_close(torch.cat([level.text, level.centre], 1), classes, atol=1e-4, rtol=1e-4)
        ours, wanted = contours_of_ours(level.fourier, cell), contours_of_theirs(regression, cell)
        np.testing.assert_allclose(ours, wanted, atol=1e-3)


ASSERT_SAME = {"db": assert_same_db, "pan": assert_same_pan, "fce": assert_same_fce}


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("db", {"depth": 18}),
        ("db", {"depth": 18, "with_bias": True}),
        ("db", {"depth": 50, "new": True}),
        ("pan", {"depth": 18}),
        ("pan", {"depth": 18, "new": True, "deep_stem": 128}),
        ("fce", {"depth": 50}),
        ("fce", {"depth": 18, "new": True, "degree": 7}),
    ],
)
def test_the_converted_detector_gives_the_maps_of_the_source(method, options, tmp_path):
    model = mmocr_detector(method, **options)
    converted = convert(write(model, tmp_path / "epoch_1200.pth"))
    ASSERT_SAME[method](our_maps(converted), their_maps(model))
    assert converted.metadata.decode.head == method
    assert converted.report.what.endswith("mmocr 1.x" if options.get("new") else "mmocr 0.x")


@pytest.mark.parametrize("style", ["pytorch", "caffe"])
def test_either_style_of_bottleneck_is_placed_as_asked(style, tmp_path):
    model = mmocr_detector("pan", depth=50, style=style)
    path = write(model, tmp_path / "pan.pth")
    assert_same_pan(our_maps(convert(path, style=style)), their_maps(model))
    other = {"pytorch": "caffe", "caffe": "pytorch"}[style]
    with pytest.raises(AssertionError):
        assert_same_pan(our_maps(convert(path, style=other)), their_maps(model))


def test_without_a_style_it_is_that_of_mmocrs_own_configuration(tmp_path):
    pan = convert(write(mmocr_detector("pan", depth=50), tmp_path / "pan.pth"))
    assert pan.metadata.model.encoder == TimmEncoder(name="resnet50", stride_in="1x1")
    fce = convert(write(mmocr_detector("fce", depth=50), tmp_path / "fce.pth"))
    assert fce.metadata.model.encoder == TimmEncoder(name="resnet50")


@pytest.mark.parametrize("mmocr_names", [True, False], ids=["oclip", "clip"])
def test_a_clip_resnet_without_language_becomes_our_plain_detector(mmocr_names, tmp_path):
    neck, head = method_parts("db", CHANNELS[50], width=64)
    model = randomised(Detector(ClipResNet(mmocr_names=mmocr_names), neck, head, head_name="det_head"))
    converted = convert(write(model, tmp_path / "oclip.pth"))
    assert converted.metadata.model.encoder == ClipEncoder()
    assert_same_db(our_maps(converted), their_maps(model))


def test_the_plain_models_have_the_published_names_and_shapes():
    def shapes(model):
        return {k: tuple(v.shape) for k, v in model.state_dict().items() if not k.endswith("batches_tracked")}

    db = mmocr_detector("db", width=256)
    assert shapes(db) == names.expanded(names.RESNET18, names.DBNET_NECK_AND_HEAD)
    old = mmocr_detector("pan", width=128)
    assert shapes(old) == names.expanded(names.RESNET18, names.PAN_NECK, names.PAN_HEAD_OLD)
    new = mmocr_detector("pan", width=128, new=True, deep_stem=128)
    assert names.expanded(names.DEEP_STEM, names.PAN_NECK, names.PAN_HEAD_NEW).items() <= shapes(new).items()
    fce = mmocr_detector("fce", depth=50, width=256, new=True)
    assert names.expanded(names.FCENET_NECK_AND_HEAD).items() <= shapes(fce).items()


def test_the_configuration_is_read_off_the_shapes(tmp_path):
    pan = convert(write(mmocr_detector("pan", width=48), tmp_path / "pan.pth")).metadata.model
    assert (pan.head.neck_width, pan.head.enhancements, pan.head.width, pan.head.embedding) == (48, 2, 0, 4)
    assert pan.head.upsampling == "nearest"
    fce = convert(write(mmocr_detector("fce", degree=3), tmp_path / "fce.pth")).metadata.model
    assert (fce.head.neck_width, fce.head.degree, fce.tcm) == (64, 3, None)


def test_the_normalisation_is_that_of_the_source_or_the_files_own(tmp_path):
    path = tmp_path / "db.pth"
    assert convert(write(mmocr_detector("db", depth=50), path)).metadata.model.mean == (
        122.679,
        116.669,
        104.007,
    )
    model = mmocr_detector("db")
    assert convert(write(model, path)).metadata.model.mean == (123.675, 116.28, 103.53)
    own = {
        "data_preprocessor.mean": torch.tensor([1.0, 2.0, 3.0]).reshape(3, 1, 1),
        "data_preprocessor.std": torch.tensor([4.0, 5.0, 6.0]).reshape(3, 1, 1),
    }
    config = convert(write(model, path, **own)).metadata.model
    assert (config.mean, config.std) == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))


def test_every_tensor_is_used_or_listed_with_its_reason(tmp_path):
    model = mmocr_detector("db")
    extra = {"backbone.fc.weight": torch.zeros(1000, 512), "ema_backbone_conv1_weight": torch.zeros(3)}
    report = convert(write(model, tmp_path / "db.pth", **extra)).report
    assert {t.source for t in report.used} == model.state_dict().keys()
    assert [(t.source, t.shape, t.why) for t in report.unused] == [
        ("backbone.fc.weight", (1000, 512), "the backbone's classifier"),
        ("ema_backbone_conv1_weight", (3,), "a moving average of training"),
    ]


@pytest.fixture(scope="module")
def dbnet():
    return mmocr_detector("db")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.pop("neck.smooth_convs.2.conv.weight"), "neck.smooth_convs.2.conv.weight is missing"),
        (lambda s: s.pop("bbox_head.binarize.3.bias"), "bbox_head.binarize.3.bias is missing"),
        (lambda s: s.pop("neck.lateral_convs.0.conv.weight"), "neck.lateral_convs.0.conv.weight is missing"),
        (
            lambda s: s.update({"neck.smooth_convs.1.conv.weight": torch.zeros(16, 64, 1, 1)}),
            r"neck.smooth_convs.1.conv.weight is \(16, 64, 1, 1\), expected \(16, 64, 3, 3\)",
        ),
        (
            lambda s: s.update({"bbox_head.threshold.3.bias": torch.zeros(5)}),
            r"bbox_head.threshold.3.bias is \(5,\), which do not go together",
        ),
        (
            lambda s: s.update({"neck.lateral_convs.0.conv.weight": torch.zeros(())}),
            r"neck.lateral_convs.0.conv.weight has the shape \(\)",
        ),
        (lambda s: s["backbone.bn1.weight"].fill_(float("nan")), "not finite"),
        (
            lambda s: s.update({"backbone.bn1.weight": torch.zeros(64, dtype=torch.int8)}),
            "backbone.bn1.weight has torch.int8 values",
        ),
        (
            lambda s: s.update({"neck.lateral_convs.0.conv.bias": torch.zeros(64)}),
            r"no place here: neck.lateral_convs.0.conv.bias \(64,\)",
        ),
        (
            lambda s: s.update({"backbone.layer2.0.conv2.conv_offset.weight": torch.zeros(27, 128, 3, 3)}),
            "deformable convolutions",
        ),
        (lambda s: s.update({"neck.asf_conv.conv.weight": torch.zeros(4, 4, 3, 3)}), r"DBNet\+\+"),
        (lambda s: s.update({"backbone.layer1.2.conv1.weight": torch.zeros(64, 64, 3, 3)}), "is not known"),
    ],
    ids=[
        "missing", "missing bias", "missing where the width is read", "wrong shape", "wrong bias", "no axis",
        "not a number", "quantised", "extra", "dcn", "dbnet++", "unknown backbone",
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_refused_and_says_why(spoil, message, dbnet, tmp_path):
    state = {name: tensor.clone() for name, tensor in dbnet.state_dict().items()}
    spoil(state)
    torch.save({"state_dict": state}, tmp_path / "bad.pth")
    with pytest.raises(BadCheckpoint, match=message) as error:
        convert_checkpoint(tmp_path / "bad.pth", "bad")
    assert str(tmp_path / "bad.pth") in str(error.value)


class Marker:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save({"state_dict": {"bbox_head.x": Marker(tmp_path / "ran")}}, tmp_path / "evil.pth")
    with pytest.raises(BadCheckpoint, match="more than plain tensors"):
        convert_checkpoint(tmp_path / "evil.pth", "evil")
    assert not (tmp_path / "ran").exists()


class HistoryBuffer:
    """What mmengine's log consists of: numbers of every iteration."""

    def __init__(self):
        self._log_history, self._last = np.arange(3.0), np.float64(2.0)


def test_the_log_in_a_training_checkpoint_of_mmengine_is_skipped(dbnet, tmp_path, monkeypatch):
    names_of_modules = ("mmengine", "mmengine.logging", "mmengine.logging.history_buffer")
    for name in names_of_modules:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules[name].HistoryBuffer = HistoryBuffer
    monkeypatch.setattr(HistoryBuffer, "__module__", name)
    log = {"log_scalars": OrderedDict({"train/loss": HistoryBuffer()}), "resumed_keys": {}}
    content = {"meta": {}, "state_dict": dbnet.state_dict(), "message_hub": log}
    for zipped in (True, False):
        torch.save(content, tmp_path / "epoch_1.pth", _use_new_zipfile_serialization=zipped)
        with monkeypatch.context() as later:
            for name in names_of_modules:
                later.delitem(sys.modules, name)
            assert_same_db(our_maps(convert(tmp_path / "epoch_1.pth")), their_maps(dbnet))


def test_a_truncated_file_is_refused(dbnet, tmp_path):
    path = write(dbnet, tmp_path / "cut.pth")
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BadCheckpoint, match=r"cut\.pth"):
        convert_checkpoint(path, "cut")


def test_an_optimizers_state_alone_is_refused(tmp_path):
    parameter = torch.nn.Parameter(torch.zeros(3))
    parameter.grad = torch.ones(3)
    optimizer = torch.optim.Adam([parameter])
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.pth")
    torch.save({"optimizer": optimizer.state_dict(), "meta": {}}, tmp_path / "wrapped.pth")
    for name in ("optimizer.pth", "wrapped.pth"):
        with pytest.raises(BadCheckpoint, match="an optimizer's state"):
            convert_checkpoint(tmp_path / name, "optimizer")


@pytest.mark.parametrize(
    ("names_of_tensors", "message"),
    [
        (
            ["backbone.conv1.weight", "bbox_head.out_conv.weight", "neck.lateral_convs.0.conv.weight"],
            "PSENet",
        ),
        (["backbone.conv1.weight", "rpn_head.rpn_conv.weight", "roi_head.x"], "Mask R-CNN"),
        (["language.prompt.context", "head.probability.0.weight"], "checkpoint of this program"),
        (["conv1.weight", "layer4.0.conv1.weight", "fc.weight"], "plain ResNet"),
        (["backbone.x", "encoder.y", "decoder.z"], "recogniser"),
        (["something.weight"], "something.weight"),
    ],
)
def test_other_models_are_named(names_of_tensors, message, tmp_path):
    safetensors.torch.save_file(
        {name: torch.zeros(2) for name in names_of_tensors}, tmp_path / "x.safetensors"
    )
    with pytest.raises(BadCheckpoint, match=message):
        convert_checkpoint(tmp_path / "x.safetensors", "x")


def run(*arguments):
    return CliRunner().invoke(app, ["convert", "checkpoint", *map(str, arguments)])


def test_the_command_writes_a_checkpoint_and_a_report(dbnet, tmp_path):
    source = write(dbnet, tmp_path / "db.pth", **{"backbone.fc.bias": torch.zeros(7)})
    out, report = tmp_path / "new" / "dbnet.safetensors", tmp_path / "report.json"
    result = run(source, "--out", out, "--json", report)
    assert result.exit_code == 0, result.output
    assert "backbone.fc.bias" in result.output
    loaded = load_checkpoint(out)
    assert loaded.metadata.name == "dbnet"
    assert "Apache 2.0" in loaded.metadata.note
    with torch.no_grad():
        assert_same_db(loaded.detector(IMAGES).maps, dbnet(IMAGES))
    content = json.loads(report.read_text())
    assert content["unused"] == [
        {"source": "backbone.fc.bias", "shape": [7], "why": "the backbone's classifier"}
    ]
    assert {tensor["source"] for tensor in content["used"]} == dbnet.state_dict().keys()


def test_the_command_wants_a_safetensors_name(tmp_path):
    result = run(tmp_path / "x.pth", "--out", tmp_path / "x.pth")
    assert "ends in .safetensors" in str(result.exception)


def test_clips_weights_become_a_file_to_start_from(tmp_path):
    torch.manual_seed(0)
    model = random_clip("RN50", text_layers=1, words=500)
    archive = write_archive(model, tmp_path / "RN50.pt")
    converted = convert_checkpoint(archive, "RN50")
    assert isinstance(converted, ConvertedClip)
    assert "no detector" in converted.report.purpose
    out = tmp_path / "rn50.safetensors"
    result = run(archive, "--out", out)
    assert result.exit_code == 0, result.output
    assert "start = " in result.output
    encoder = ClipImageEncoder("RN50")
    load_clip(out, image=encoder, text=None)
    for name, tensor in model.visual.state_dict().items():
        torch.testing.assert_close(encoder.tower.state_dict()[name], tensor, rtol=0, atol=0)
