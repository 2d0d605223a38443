"""Exported files as backends: made once, proved equal, and never anything else in silence."""

import json

import numpy as np
import pytest

from tcm_core.checkpoint_file import checkpoint_hash
from tcm_core.errors import TcmError
from tcm_core.export import backend
from tcm_core.export.backend import load_backend
from tcm_core.infer.onnx_predictor import OnnxNetwork
from tcm_core.infer.predictor import Predictor
from tests.helpers.tiny_model import tiny_checkpoint

pytest.importorskip("onnxruntime")


@pytest.fixture
def checkpoint(tmp_path):
    return tiny_checkpoint(tmp_path)


def picture():
    return np.random.default_rng(1).integers(0, 255, (96, 160, 3), dtype=np.uint8)


def test_an_exported_file_is_made_once_and_finds_the_same(checkpoint, tmp_path):
    first = load_backend(checkpoint, "cpu", "onnx", cache=tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.onnx")
    made = file.stat().st_mtime_ns
    second = load_backend(checkpoint, "cpu", "onnx", cache=tmp_path / "cache")
    assert file.stat().st_mtime_ns == made
    assert second.device_text.startswith("onnxruntime")
    assert first.checkpoint_hash == checkpoint_hash(checkpoint)
    wanted = Predictor.load(checkpoint, "cpu").maps(picture()).planes["probability"].astype(int)
    for predictor in (first, second):
        assert np.abs(predictor.maps(picture()).planes["probability"] - wanted).mean() < 2


def test_a_kept_file_that_is_known_to_be_faster_is_used_without_the_weights(
    checkpoint, tmp_path, monkeypatch
):
    monkeypatch.setattr(backend, "_installed", lambda name: name == "onnx")
    monkeypatch.setattr(backend, "_seconds", lambda made: 2.0 if isinstance(made, Predictor) else 1.0)
    load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache")
    monkeypatch.setattr(backend, "load_predictor", None)
    monkeypatch.setattr(backend, "load_checkpoint", None)
    found = load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache")
    assert found.device_text.startswith("onnxruntime")


def test_another_checkpoint_gets_another_file(checkpoint, tmp_path):
    load_backend(checkpoint, "cpu", "onnx", cache=tmp_path / "cache")
    (tmp_path / "other").mkdir()
    other = tiny_checkpoint(tmp_path / "other", name="other")
    load_backend(other, "cpu", "onnx", cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.onnx"))) == 2


def test_a_file_that_gives_other_maps_is_refused(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "_installed", lambda name: name == "onnx")
    real = OnnxNetwork.run
    monkeypatch.setattr(
        OnnxNetwork, "run", lambda self, images: {n: a * 0.9 for n, a in real(self, images).items()}
    )
    with pytest.raises(TcmError, match="use --backend torch"):
        load_backend(checkpoint, "cpu", "onnx", cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.json"))  # nothing says that it was proved
    assert load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache").device_text.startswith("cpu")


@pytest.mark.parametrize(("torch_takes", "chosen"), [(0.5, "cpu"), (2.0, "onnxruntime")])
def test_auto_takes_the_faster_and_remembers_it(checkpoint, tmp_path, monkeypatch, torch_takes, chosen):
    monkeypatch.setattr(backend, "_installed", lambda name: name == "onnx")
    asked = []

    def seconds(predictor):
        asked.append(predictor)
        return torch_takes if isinstance(predictor, Predictor) else 1.0

    monkeypatch.setattr(backend, "_seconds", seconds)
    for _ in range(2):
        found = load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache")
        assert found.device_text.startswith(chosen)
    assert len(asked) == 2  # the second time nothing was tried
    choices = tmp_path / "cache" / "choices.json"
    assert list(json.loads(choices.read_text()).values()) == ["onnx" if torch_takes > 1 else "torch"]
    choices.write_text("[")
    assert load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache").device_text.startswith(chosen)


def test_a_few_images_are_no_reason_for_a_trial(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "_seconds", lambda predictor: 1 / 0)
    found = load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache", trial=False)
    assert isinstance(found, Predictor)
    assert not (tmp_path / "cache").exists()


def test_auto_without_any_package_is_torch(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "_installed", lambda name: False)
    assert isinstance(load_backend(checkpoint, "cpu", "auto", cache=tmp_path / "cache"), Predictor)


def test_a_real_trial_takes_its_time(checkpoint):
    assert backend._seconds(Predictor.load(checkpoint, "cpu")) > 0
