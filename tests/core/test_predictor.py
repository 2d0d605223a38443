import numpy as np
import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tcm_core.config.decode import DbDecode
from tcm_core.decode.decode import decode
from tcm_core.errors import BadCheckpoint, DeviceUnavailable
from tcm_core.infer.device import choose_device
from tcm_core.infer.predictor import Predictor
from tests.helpers.tiny_model import tiny_checkpoint


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Predictor.load(tiny_checkpoint(tmp_path_factory.mktemp("checkpoint")), "cpu")


def picture(height=90, width=160):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


def test_the_maps_cover_the_padded_input(predictor):
    maps = predictor.maps(picture())
    assert maps.frame.content_size == (96, 171)
    assert maps.planes["probability"].shape == (96, 192)
    assert maps.language.shape == (3, 6)
    x, y, width, height = maps.image_rect()
    assert (x, y) == (0, 0)
    assert (width, height) == pytest.approx((160 * 192 / 171, 90))


def test_decoding_the_kept_maps_again_gives_the_same(predictor):
    settings = DbDecode(threshold=0.4, score_threshold=0.3)
    detections, maps = predictor.predict(picture(), settings)
    again = decode(maps, settings)
    assert len(again) == len(detections) > 0
    assert all(np.array_equal(a.polygon, b.polygon) for a, b in zip(again, detections, strict=True))


def test_the_maps_are_the_networks_own(predictor, tmp_path):
    image = picture(96, 160)
    detector = load_checkpoint(tiny_checkpoint(tmp_path)).detector
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    pixels = ((torch.from_numpy(image).float() - mean) / std).permute(2, 0, 1)[None]
    with torch.no_grad():
        expected = torch.sigmoid(detector(pixels).maps.probability)[0, 0].numpy() * 255
    found = predictor.maps(image).planes["probability"].astype(float)
    assert np.abs(found - expected).mean() < 2  # bf16 against fp32


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2000, 30)])
def test_odd_sizes_do_not_crash(predictor, size):
    prediction = predictor.predict(picture(*size))
    assert prediction.maps.frame.image_size == size


def test_it_names_checkpoint_and_device(predictor):
    assert predictor.checkpoint_name == "tiny"
    assert predictor.device_text.startswith("cpu, ")
    assert len(predictor.checkpoint_hash) == 64


def test_unknown_checkpoints_and_devices_are_refused():
    with pytest.raises(BadCheckpoint, match="no such checkpoint"):
        Predictor.load("nothing-like-this")
    with pytest.raises(DeviceUnavailable, match="unknown device 'tpu'"):
        choose_device("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(DeviceUnavailable, match="use auto or cpu"):
        choose_device("cuda")
