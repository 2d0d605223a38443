"""Exported files beside the detectors that they were made from, and files that are no exported ones."""

import builtins
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import FORMAT, CheckpointMetadata, read_metadata, resolve_checkpoint
from tcm_core.config.decode import DbDecode, FceDecode, PanDecode
from tcm_core.config.model import (
    ClipEncoder,
    DbHeadConfig,
    FceHeadConfig,
    LanguagePrompt,
    ModelConfig,
    PanHeadConfig,
    TimmEncoder,
)
from tcm_core.data.image_io import read_image
from tcm_core.detection import Detection
from tcm_core.errors import BadCheckpoint, DeviceUnavailable, TcmError
from tcm_core.export.formats import FORMATS, export_detector
from tcm_core.export.verify import Comparison, Reference, compare, corner_distance
from tcm_core.infer.device import Device
from tcm_core.infer.exported_predictor import fitting_frame, network_images, output_names
from tcm_core.infer.load import load_predictor
from tcm_core.infer.onnx_predictor import OnnxNetwork, OnnxPredictor
from tcm_core.infer.predictor import Predictor
from tests.core.test_cli import tcm  # noqa: F401 - a fixture
from tests.helpers.tiny_model import TINY, tiny_checkpoint, tiny_metadata

HEADS = {
    "db": (DbHeadConfig(neck_width=32, width=8), DbDecode(threshold=0.5, score_threshold=0.3)),
    "pan": (PanHeadConfig(neck_width=16, width=16), PanDecode(score_threshold=0.3, min_area=4.0)),
    "fce": (FceHeadConfig(neck_width=16), FceDecode(score_threshold=0.2)),
}
SINGLE = Device(torch.device("cpu"), torch.float32)
SIZES = (96, 160)  # short sides


def made(head="db", modules=TINY.tcm, encoder=TINY.encoder):
    """A detector with random weights and open gates, and its metadata."""
    random_state = torch.get_rng_state()
    torch.manual_seed(11)
    config, decode = HEADS[head]
    model = ModelConfig(encoder=encoder, tcm=modules, head=config)
    detector = build_detector(model).eval()
    torch.set_rng_state(random_state)
    for name, parameter in detector.named_parameters():
        if name.endswith("gate"):
            torch.nn.init.constant_(parameter, 0.3)
    return detector, tiny_metadata(model=model, decode=decode, name=f"tiny-{head}")


@torch.no_grad()
def give_texts(detector, metadata, image):
    """Moves the last biases so that a fifth of the pixels of an image are text, and contours are circles."""
    frame = fitting_frame(image, metadata)
    maps = Reference(detector, metadata).run(network_images(image, frame, metadata.model.mean))

    def shift(name):
        probability = np.quantile(maps[name], 0.8)
        return -float(np.log(probability / (1 - probability)))

    head, name = detector.head, metadata.model.head.name
    if name == "db":
        head.probability[-1].bias += shift("probability")
    elif name == "pan":
        head.out.bias[0] += shift("text")
        head.out.bias[1] += shift("kernel")
    else:
        head.classification.bias[1] += shift("text_8")
        head.classification.bias[3] += shift("centre_8")
        head.regression.bias[metadata.model.head.degree + 1] += 2.5  # c_1, in cells


def exported(folder, detector, metadata, name="onnx"):
    path = folder / f"model{FORMATS[name].suffix}"
    export_detector(detector, metadata, name, path)
    return path


def noise(*shape):
    return np.random.default_rng(3).uniform(0, 255, shape).astype(np.float32)


def differences(detector, metadata, network, images):
    """The largest difference of each output from the detector's own."""
    wanted, found = Reference(detector, metadata).run(images), network.run(images)
    assert list(found) == list(output_names(metadata))
    assert {name: a.shape for name, a in found.items()} == {name: a.shape for name, a in wanted.items()}
    return {name: float(np.abs(wanted[name] - found[name]).max()) for name in wanted}


@pytest.fixture(scope="module")
def photo(request):
    return request.config.rootpath / "resources" / "samples" / "images" / "img_61.jpg"


@pytest.fixture(scope="module", params=["db", "pan", "fce"])
def head_file(request, tmp_path_factory, photo):
    """A detector of each head that finds texts, its metadata and its ONNX file."""
    detector, metadata = made(request.param)
    give_texts(detector, metadata, read_image(photo))
    folder = tmp_path_factory.mktemp(request.param)
    return detector, metadata, exported(folder, detector, metadata)


@pytest.fixture(scope="module")
def tiny_onnx(tmp_path_factory):
    detector, metadata = made()
    return exported(tmp_path_factory.mktemp("tiny"), detector, metadata)


def test_maps_and_polygons_of_each_head_are_the_detectors_at_two_sizes(head_file, photo):
    detector, metadata, path = head_file
    network = OnnxNetwork(path, metadata, "cpu")
    found = list(compare(detector, metadata, network, [photo], SIZES))
    assert [comparison.network_size[0] for comparison in found] == list(SIZES)
    for comparison in found:
        assert comparison.largest < 1e-4
        assert comparison.texts == comparison.texts_exported > 1
        assert comparison.corners < 0.25
        assert comparison.equal


def test_an_onnx_file_is_a_checkpoint_that_predicts_like_the_original(head_file, photo):
    detector, metadata, path = head_file
    original, predictor = Predictor(detector, metadata, SINGLE), load_predictor(path, "cpu")
    assert isinstance(predictor, OnnxPredictor)
    image = read_image(photo)
    wanted, found = original.predict(image), predictor.predict(image)
    assert len(found.detections) == len(wanted.detections) > 0
    assert corner_distance(found.detections, wanted.detections) < 0.25
    for a, b in zip(found.detections, wanted.detections, strict=True):
        assert a.score == pytest.approx(b.score, abs=0.01)
    assert (found.maps.frame, found.maps.head) == (wanted.maps.frame, wanted.maps.head)
    for name, plane in {**wanted.maps.planes, "language": wanted.maps.language}.items():
        mine = found.maps.language if name == "language" else found.maps.planes[name]
        assert np.abs(mine.astype(int) - plane).max() <= 1
    for name, values in wanted.maps.values.items():
        assert found.maps.values[name].dtype == values.dtype
        assert found.maps.values[name] == pytest.approx(values, abs=2e-3)
    assert predictor.checkpoint_name == metadata.name
    assert predictor.decode_settings == metadata.decode
    assert predictor.device_text.startswith("onnxruntime ")
    assert len(predictor.checkpoint_hash) == 64


def test_the_shipped_checkpoint_gives_the_same_texts_from_onnx(tmp_path, photo):
    loaded = load_checkpoint(resolve_checkpoint("db-small"))
    path = exported(tmp_path, loaded.detector, loaded.metadata)
    network = OnnxNetwork(path, loaded.metadata, "cpu")
    found = list(compare(loaded.detector, loaded.metadata, network, [photo], (320, 544)))
    assert max(comparison.texts for comparison in found) > 3
    for comparison in found:
        assert comparison.equal
        assert comparison.largest < 1e-4
        assert comparison.corners < 0.25


@pytest.mark.parametrize("name", ["torchscript", "openvino"])
def test_the_other_formats_give_the_same_maps_for_any_size_and_batch(name, tmp_path):
    if name == "openvino":
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
    detector, metadata = made("pan")
    path = exported(tmp_path, detector, metadata, name)
    network = FORMATS[name].open(path, metadata)
    for shape in ((1, 3, 64, 128), (3, 3, 96, 32)):
        assert max(differences(detector, metadata, network, noise(*shape)).values()) < 1e-4
    told = path.read_bytes().decode("utf-8", errors="replace")
    assert FORMAT in told
    if name == "torchscript":
        extra = {"checkpoint": ""}
        with pytest.warns(FutureWarning, match="deprecated"):
            torch.jit.load(path, _extra_files=extra)
        assert CheckpointMetadata.model_validate_json(extra["checkpoint"]) == metadata


@pytest.mark.parametrize(
    "case", ["image cue", "fixed prompt", "plain", "clip", "the paper's", "learned temperature"]
)
def test_every_kind_of_language_side_is_exported(case, tmp_path):
    modules, encoder = TINY.tcm, TINY.encoder
    if case in ("image cue", "the paper's"):
        matching = modules.matching.model_copy(update={"bimodal": False})
        modules = modules.model_copy(
            update={"language": LanguagePrompt(cue="image"), "context": modules.visual, "matching": matching}
        )
    elif case == "fixed prompt":
        modules = modules.model_copy(
            update={"language": LanguagePrompt(cue="none", context_vectors=0), "visual": None}
        )
    elif case == "plain":
        modules = None
    elif case == "learned temperature":
        matching = modules.matching.model_copy(update={"learned_temperature": True})
        modules = modules.model_copy(update={"matching": matching})
    if case in ("clip", "the paper's"):
        encoder = ClipEncoder()
    detector, metadata = made("db", modules, encoder)
    path = exported(tmp_path, detector, metadata)
    network = OnnxNetwork(path, metadata, "cpu")
    for shape in ((1, 3, 64, 160), (3, 3, 96, 96), (1, 3, 32, 32)):
        assert max(differences(detector, metadata, network, noise(*shape)).values()) < 1e-4
    names = " ".join(weight.name for weight in onnx.load(path).graph.initializer)
    assert ("text_encoder.transformer" in names) is (case in ("image cue", "the paper's"))


def test_the_text_embedding_is_baked_in_and_the_detector_left_as_it_was(tmp_path):
    detector, metadata = made()
    before = {name: tensor.clone() for name, tensor in detector.state_dict().items()}
    path = exported(tmp_path, detector, metadata)
    model = onnx.load(path)
    names = [weight.name for weight in model.graph.initializer]
    assert any("neck" in name for name in names)
    assert not any("text_encoder.transformer" in name or "prompt.layers" in name for name in names)
    weights = sum(int(np.prod(weight.dims)) for weight in model.graph.initializer)
    assert weights < sum(tensor.numel() for tensor in before.values())
    after = detector.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_the_file_says_what_it_is(tiny_onnx):
    _, metadata = made()
    model = onnx.load(tiny_onnx)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert told["format"] == FORMAT
    assert read_metadata(tiny_onnx) == metadata
    (images,) = model.graph.input
    assert images.name == "images"
    assert [d.dim_param or d.dim_value for d in images.type.tensor_type.shape.dim] == [
        "batch",
        3,
        "height",
        "width",
    ]


def test_padding_has_the_mean_colour():
    _, metadata = made()
    image = np.full((50, 90, 3), 200, np.uint8)
    frame = fitting_frame(image, metadata)
    batch = network_images(image, frame, metadata.model.mean)
    height, width = frame.content_size
    assert batch.shape == (1, 3, 96, 192)
    assert (batch[0, :, :height, :width] == 200).all()
    assert batch[0, :, :, width:].mean(axis=(1, 2)) == pytest.approx(metadata.model.mean, rel=1e-6)


def test_detect_runs_an_exported_file_without_torch(tmp_path, tiny_onnx, photo):
    program = (
        "import sys; from tcm_core.cli.main import main\n"
        f"sys.argv = ['tcm', 'detect', {str(photo)!r}, '--out', {str(tmp_path / 'out')!r}, "
        f"'--checkpoint', {str(tiny_onnx)!r}, '--device', 'cpu']\n"
        "try: status = main()\n"
        "except SystemExit as stop: status = stop.code\n"
        "print(status or 0, 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "1 done, 0 skipped, 0 failed" in result.stdout, result.stderr
    assert result.stdout.strip().endswith("0 False")
    assert (tmp_path / "out" / "res_img_61.txt").is_file()


def test_the_command_exports_and_verifies(tcm, tmp_path, photo):  # noqa: F811
    checkpoint, out = tiny_checkpoint(tmp_path), tmp_path / "made" / "tiny.onnx"
    status, text, log = tcm(
        "export", checkpoint, "--out", out, "--verify", photo, "--short-side", 64, "--short-side", 96
    )
    assert status == 0, log
    assert "64x128" in text
    assert "96x192" in text
    assert "tiny.onnx" in text
    assert read_metadata(out).name == "tiny"
    assert tcm("describe", out)[0] == 0


def test_a_file_that_gives_other_maps_is_told_apart(tmp_path, photo):
    other, metadata = made()
    wrong = exported(tmp_path, other, metadata)
    detector, _ = made("db", TINY.tcm.model_copy(update={"visual": None}))
    network = OnnxNetwork(wrong, metadata, "cpu")
    (comparison,) = compare(detector, metadata, network, [photo], [64])
    assert not comparison.equal
    assert comparison.largest > 0.01


def test_what_counts_as_equal():
    fine = Comparison("a.jpg", (64, 64), {"text": 1e-5, "kernel": 9e-4}, 3, 3, 0.9)
    assert fine.equal
    assert fine.largest == 9e-4
    assert not fine._replace(texts_exported=2).equal
    assert not fine._replace(corners=1.1).equal
    assert not fine._replace(maps={"text": 2e-3}).equal


def test_the_distance_of_outlines_is_that_of_the_farthest_corner():
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    moved = square.copy()
    moved[1, 0] += 3.0
    one, other = Detection(square, 0.9, "polygon"), Detection(moved, 0.9, "polygon")
    far = Detection(square + 100.0, 0.9, "polygon")
    assert corner_distance([one, far], [far, other]) == pytest.approx(3.0)
    assert corner_distance([one], [one, far]) == pytest.approx(np.hypot(90, 90), rel=0.2)
    assert corner_distance([], []) == 0.0
    assert corner_distance([one], []) == float("inf")


def test_another_suffix_is_refused(tmp_path):
    detector, metadata = made()
    with pytest.raises(TcmError, match=r"ends in \.onnx"):
        export_detector(detector, metadata, "onnx", tmp_path / "model.pt")
    assert list(tmp_path.iterdir()) == []


def foreign(**properties):
    """A small whole ONNX model of another program."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])
    result = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, 3, "h", "w"])
    graph = helper.make_graph([helper.make_node("Relu", ["images"], ["probability"])], "g", [image], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, properties)
    return model


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes"),
        (b"this is a text, not a model", "not an ONNX file"),
        (b"\x08\x08" + b"\xff" * 200, "not an ONNX file"),
        (foreign().SerializeToString(), "not a TCM checkpoint"),
        (foreign(format=FORMAT).SerializeToString(), "damaged or of another program"),
        (foreign(format=FORMAT, checkpoint="{").SerializeToString(), "damaged or of another program"),
        (foreign(format=FORMAT, checkpoint="{}").SerializeToString(), "another version"),
    ],
)
def test_damaged_and_foreign_files_are_refused(content, message, tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match=message):
        load_predictor(path, "cpu")


def test_a_file_that_is_cut_off_is_refused(tmp_path, tiny_onnx):
    whole = tiny_onnx.read_bytes()
    path = tmp_path / "cut.onnx"
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BadCheckpoint):
            load_predictor(path, "cpu")


def test_a_graph_with_other_outputs_than_its_head_is_refused(tmp_path):
    _, metadata = made()
    path = tmp_path / "liar.onnx"
    told = {"format": FORMAT, "checkpoint": metadata.model_dump_json()}
    onnx.save(foreign(**told), path)
    with pytest.raises(BadCheckpoint, match="not those of an exported detector"):
        load_predictor(path, "cpu")
    plain = metadata.model_copy(update={"model": metadata.model.model_copy(update={"tcm": None})})
    told["checkpoint"] = plain.model_dump_json()
    onnx.save(foreign(**told), path)
    with pytest.raises(BadCheckpoint, match="is no map"):
        load_predictor(path, "cpu").maps(np.zeros((64, 64, 3), np.uint8))


def tensor_outside(location):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


@pytest.mark.parametrize("place", ["initializer", "node", "function"])
@pytest.mark.parametrize("location", ["../secret.bin", "beside.bin"])
def test_weights_in_other_files_are_never_read(place, location, tmp_path):
    _, metadata = made()
    model = foreign(format=FORMAT, checkpoint=metadata.model_dump_json())
    node = helper.make_node("Constant", [], ["c"], value=tensor_outside(location))
    if place == "initializer":
        model.graph.initializer.append(tensor_outside(location))
    elif place == "node":
        inner = helper.make_graph([node], "inner", [], [])
        model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner))
    else:
        opset = [helper.make_opsetid("", 17)]
        model.functions.append(helper.make_function("own", "f", [], ["c"], [node], opset))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadCheckpoint, match="in other files"):
        load_predictor(path, "cpu")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_its_extra(package, tiny_onnx, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name.partition(".")[0] == package:
            raise ImportError(f"No module named {name!r}")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TcmError, match=rf"needs the package {package}.*tcm-studio\[export\]"):
        load_predictor(tiny_onnx, "cpu")


def test_an_exported_file_cannot_be_trained_or_exported_again(tcm, tiny_onnx, tmp_path):  # noqa: F811
    with pytest.raises(BadCheckpoint, match="an exported file"):
        load_checkpoint(tiny_onnx)
    status, _, log = tcm("export", tiny_onnx, "--out", tmp_path / "again.onnx")
    assert (status, "an exported file" in log) == (2, True)


def test_devices_that_are_not_there_are_refused(tiny_onnx):
    with pytest.raises(DeviceUnavailable, match="runs on auto"):
        load_predictor(tiny_onnx, "abacus")
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(DeviceUnavailable, match="use auto or cpu"):
            load_predictor(tiny_onnx, "cuda")


def test_a_failing_run_is_an_error_of_that_image(tiny_onnx):
    network = OnnxNetwork(tiny_onnx, read_metadata(tiny_onnx), "cpu")
    with pytest.raises(RuntimeError, match="onnxruntime"):
        network.run(noise(1, 4, 64, 64))


def test_other_encoders_are_exported_too(tmp_path):
    detector, metadata = made("fce", None, TimmEncoder(name="resnet18"))
    network = OnnxNetwork(exported(tmp_path, detector, metadata), metadata, "cpu")
    assert max(differences(detector, metadata, network, noise(2, 3, 64, 128)).values()) < 1e-4
