"""Long pictures through the whole way: cut, looked at, put together, written."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from tcm_core.config.decode import DbDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.evaluate.run import read_detections
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.offset import shrink
from tcm_core.geometry.overlap import iou
from tcm_core.infer.content import resize_into
from tcm_core.infer.folder import detect_folder
from tcm_core.infer.overlay import draw_overlay
from tcm_core.infer.prediction import Sides
from tcm_core.infer.predictor import Predictor
from tcm_core.infer.tiles import plan_tiles, predict_tiles
from tests.helpers.tiny_model import tiny_checkpoint


class BarDetector:
    """Finds white bars on black by looking at the pixels, at the scale that it is asked for."""

    checkpoint_hash = checkpoint_name = "bars"
    device_text = "cpu"
    decode_settings = DbDecode(threshold=0.3, score_threshold=0.5, grow="inverse", shrink_ratio=0.4)
    sides = Sides(320, 640)

    def __init__(self):
        self.seen = []

    def maps(self, image, scale=1.0, *, whole=False):
        frame = ImageFrame.fitting(
            image.shape[:2],
            short_side=round(self.sides.short * scale),
            max_long_side=round(self.sides.longest * scale),
        )
        self.seen.append(frame.network_size)
        probability = np.zeros(frame.network_size, np.uint8)
        bright = (resize_into(frame, image)[..., 0] > 127).astype(np.uint8)
        for outline in cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            x, y, width, height = cv2.boundingRect(outline)
            box = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)
            kernel = shrink(box, 0.4)
            if kernel is not None:
                cv2.fillPoly(probability, [np.rint(kernel).astype(np.int32)], (230,))
        rows, columns = frame.network_size[0] // 32, frame.network_size[1] // 32
        language = np.full((rows, columns), 40 * (1 + len(self.seen) % 5), np.uint8)
        return ImageMaps("db", frame, language, {"probability": probability})


def receipt(bars, size=(6000, 420)):
    image = np.zeros((*size, 3), np.uint8)
    for x0, y0, x1, y1 in bars:
        image[y0:y1, x0:x1] = 255
    return image


BARS = [
    *((20, 15 + 50 * row, 400, 45 + 50 * row) for row in range(100)),  # lines
    (30, 5100, 60, 5950),  # one that stands, longer than tiles overlap
]


def test_a_long_receipt_is_found_whole_at_the_right_size():
    image, detector = receipt(BARS), BarDetector()
    tiling = plan_tiles(image.shape[:2], detector.sides)
    found = predict_tiles(detector, image, tiling)
    assert len(tiling.tiles) > 8
    assert all(min(size) <= 352 and max(size) <= 672 for size in detector.seen)  # memory of one usual pass
    assert len(set(detector.seen)) <= 2
    assert len(found.detections) == len(BARS)
    for x0, y0, x1, y1 in BARS:
        bar = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
        assert max(iou(detection.polygon, bar) for detection in found.detections) > 0.75


def test_one_pass_would_miss_them():
    detector, image = BarDetector(), receipt(BARS)
    detector.maps(image)
    assert detector.seen[0][0] <= 640  # a line of 30 pixels is three high there


def test_the_language_maps_of_the_tiles_cover_the_picture():
    image, detector = receipt(BARS), BarDetector()
    found = predict_tiles(detector, image, plan_tiles(image.shape[:2], detector.sides))
    rows, columns = found.maps.language.shape
    content = found.maps.frame.content_size
    assert found.maps.language[: content[0] // 32, : content[1] // 32].min() > 0
    assert len(np.unique(found.maps.language)) >= 4
    assert rows * 32 >= content[0]
    assert columns * 32 >= content[1]
    assert draw_overlay(image, found.detections, found.maps).std() > 0


def test_a_folder_with_a_receipt(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(receipt(BARS)).save(tmp_path / "in" / "long.png")
    Image.fromarray(receipt([(20, 20, 200, 60)], (300, 420))).save(tmp_path / "in" / "short.png")
    images = sorted((tmp_path / "in").iterdir())
    for scale, texts in ((0.25, [len(BARS), 1]), (None, None)):
        outcomes = list(
            detect_folder(
                BarDetector(),
                images,
                tmp_path / "out",
                root=tmp_path / "in",
                overlay=True,
                smallest_scale=scale,
            )
        )
        assert [outcome.status for outcome in outcomes] == ["done", "done"]  # another setting: done again
        if texts:
            assert [outcome.texts for outcome in outcomes] == texts
    assert (tmp_path / "out" / "long.overlay.jpg").is_file()


def test_a_real_detector_takes_tiles(tmp_path):
    predictor = Predictor.load(tiny_checkpoint(tmp_path), "cpu")
    image = np.random.default_rng(0).integers(0, 255, (1500, 60, 3), dtype=np.uint8)
    tiling = plan_tiles(image.shape[:2], predictor.sides, 1.0)
    found = predict_tiles(predictor, image, tiling)
    assert found.maps.frame.image_size == (1500, 60)
    height, width = 1500, 60
    for detection in found.detections:
        assert detection.polygon.min() >= 0
        assert (detection.polygon.max(axis=0) <= (width, height)).all()


@pytest.mark.timeout(600)
def test_two_real_processes_share_a_folder(tmp_path):
    """torchrun's own two processes: every image once, and a run afterwards has nothing to do."""
    (tmp_path / "in").mkdir()
    for number in range(5):
        grey = np.full((60, 90, 3), 40 * number, np.uint8)
        Image.fromarray(grey).save(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    arguments = [
        "-m", "tcm_core", "detect", str(tmp_path / "in"), "--out", str(tmp_path / "out"),
        "--checkpoint", str(tiny_checkpoint(tmp_path)), "--device", "cpu",
    ]  # fmt: skip
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    first = subprocess.run(
        [sys.executable, *torchrun, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    said = first.stdout + first.stderr
    assert first.returncode == 1, said  # the bad image
    assert "3 done, 0 skipped, 0 failed" in said
    assert "1 done, 0 skipped, 1 failed" in said
    assert said.count("3.png") == 1, said
    assert sorted(read_detections(tmp_path / "out")) == ["0", "1", "2", "4"]
    again = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert "0 done, 4 skipped, 1 failed" in again.stdout
