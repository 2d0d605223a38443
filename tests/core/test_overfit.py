"""Each head learns two photographs by heart, with TCM's language side and ImageNet weights under it."""

import cv2
import numpy as np
import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.data import DataConfig
from tcm_core.config.model import DbHeadConfig, FceHeadConfig, ModelConfig, PanHeadConfig, TimmEncoder
from tcm_core.config.train import TrainConfig
from tcm_core.convert.efficientnet_lite import load_imagenet
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.data.image_io import read_image
from tcm_core.data.normalize import Normalize
from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.infer.device import choose_device
from tcm_core.infer.predictor import Predictor
from tcm_core.train.batch import TargetRecipe
from tcm_core.train.loop import total_loss
from tcm_core.train.optim import freeze, make_optimizer
from tests.helpers.tiny_model import TINY

WINDOW = 256  # image pixels
SIDE = 192  # network pixels
WINDOWS = {"img_61": (1024, 456), "img_277": (288, 264)}  # x, y: no word is cut by the edge or marked ###
HEADS = {
    "db": DbHeadConfig(neck_width=64, width=24),
    "pan": PanHeadConfig(neck_width=32, width=32),
    "fce": FceHeadConfig(neck_width=32),
}
DECODE = {
    "db": {"threshold": 0.4, "score_threshold": 0.85, "grow": "inverse"},
    "pan": {"score_threshold": 0.6},
    "fce": {"score_threshold": 0.4},
}
STEPS = 120


def window_of(samples, stem):
    """A square of a photograph, three quarters of its size, and the words on it."""
    x, y = WINDOWS[stem]
    image = read_image(samples / "images" / f"{stem}.jpg", "stored")[y : y + WINDOW, x : x + WINDOW]
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    words = []
    for word in read_icdar(samples / "gt" / f"gt_{stem}.txt"):
        polygon = (word.polygon - (x, y)) * SIDE / WINDOW
        if polygon.min() >= 0 and polygon.max() <= SIDE:
            words.append(TextInstance(polygon, word.text, word.ignore))
    return np.ascontiguousarray(image), words


@pytest.mark.parametrize("name", HEADS)
def test_two_photographs_are_learnt_by_heart(name, samples):
    torch.manual_seed(0)
    model = ModelConfig(encoder=TimmEncoder(embedding=32), tcm=TINY.tcm, head=HEADS[name])
    config = TrainConfig.model_validate(
        {
            "data": DataConfig(root=samples),
            "model": model,
            "optim": {"learning_rate": 5e-3, "freeze": ["encoder.backbone.blocks.*.conv_dw"]},
            "validation": {"decode": DECODE[name]},
        }
    )
    windows = {stem: window_of(samples, stem) for stem in WINDOWS}
    recipe = TargetRecipe(config)
    targets = [
        torch.from_numpy(np.stack([array.reshape(-1, *array.shape[-2:]) for array in arrays]))
        for arrays in zip(*(recipe(words, (SIDE, SIDE)) for _, words in windows.values()), strict=True)
    ]
    detector = build_detector(model)
    load_imagenet(detector.encoder.backbone)
    pixels = np.stack([image.transpose(2, 0, 1) for image, _ in windows.values()])
    images = Normalize(model.mean, model.std)(torch.from_numpy(pixels))
    detector.train()
    freeze(detector, config.optim.freeze)
    optimizer = make_optimizer(detector, config.optim)
    first = last = 0.0
    for step in range(STEPS):
        loss = sum(total_loss(detector(images), targets, config).values())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(detector.parameters(), 5.0)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * min(1.0, 2.0 * (1 - step / STEPS))
        optimizer.step()
        optimizer.zero_grad()
        first, last = (loss.item() if step == 0 else first), loss.item()
    assert last < 0.3 * first
    metadata = CheckpointMetadata(
        name=name, model=model, decode=config.validation.decode, short_side=SIDE, max_long_side=SIDE
    )
    predictor = Predictor(detector, metadata, choose_device("cpu"))
    truth = {stem: words for stem, (_, words) in windows.items()}
    found = {
        stem: [detection.polygon.round() for detection in predictor.predict(image).detections]
        for stem, (image, _) in windows.items()
    }
    assert evaluate_icdar15(truth, found).hmean == 1.0
