"""A detector without a network: it finds known polygons, and can wait, fail or run out of memory."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.decode import DbDecode, DecodeSettings
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.errors import BadCheckpoint
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.offset import shrink
from tcm_core.infer.prediction import Prediction

STRIDE = 4
TWO_TEXTS = (
    ((0.1, 0.1), (0.5, 0.1), (0.5, 0.3), (0.1, 0.3)),
    ((0.3, 0.6), (0.9, 0.6), (0.9, 0.85), (0.3, 0.85)),
)
"""Corners as fractions of the width and height."""
PROBABILITIES = (0.9, 0.6)


class OutOfMemoryError(RuntimeError):
    """Named as torch's, which need not be imported to raise it."""


def text_maps(
    size: tuple[int, int], texts: Sequence = TWO_TEXTS, probabilities: Sequence[float] = PROBABILITIES
):
    """The maps of a perfect detector for an image of (height, width), each text with its probability."""
    height, width = size
    network = (-(-height // 32) * 32, -(-width // 32) * 32)
    probability = np.zeros((network[0] // STRIDE, network[1] // STRIDE), np.uint8)
    for text, value in zip(texts, probabilities, strict=True):
        kernel = shrink(np.array(text, dtype=np.float64) * (width, height), 0.4)
        assert kernel is not None
        cv2.fillPoly(probability, [np.rint(kernel / STRIDE).astype(np.int32)], (round(value * 255),))
    language = cv2.resize(probability, (network[1] // 32, network[0] // 32), interpolation=cv2.INTER_AREA)
    frame = ImageFrame(size, size, network)
    return ImageMaps("db", frame, np.asarray(language, dtype=np.uint8), {"probability": probability})


@dataclass
class FakeDetector:
    """A factory of predictors and the strings that a test pulls; called as the worker's predictor_factory.

    Attributes:
        raises: called with (device, image) before each page; what it returns is raised.
        gate: every page waits for it; closed by a test that wants to see a page in work.
        loads: (checkpoint, device) of every load.
        seen: the mean value of every image that was predicted, in order.
        scales: the sizes that they were predicted in; used: the checkpoints.
        probabilities: of the two texts, by checkpoint.
        refuse: checkpoint names, or "name@device", that cannot be loaded.
        has_threshold: there is a threshold map when it is wanted.
    """

    raises: Callable[[str, NDArray[np.uint8]], Exception | None] = lambda device, image: None
    gate: threading.Event = field(default_factory=threading.Event)
    loads: list[tuple[str, str]] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    probabilities: Callable[[str], Sequence[float]] = lambda checkpoint: PROBABILITIES
    threads: set[int] = field(default_factory=set)
    refuse: frozenset[str] = frozenset()
    gpu: str = "cpu, fake"
    has_threshold: bool = True

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self, checkpoint: str, device: str) -> "FakePredictor":
        self.loads.append((checkpoint, device))
        if checkpoint in self.refuse or f"{checkpoint}@{device}" in self.refuse:
            raise BadCheckpoint(f"{checkpoint}: no such checkpoint. Choose another one.")
        return FakePredictor(self, checkpoint, "cpu, fake" if device == "cpu" else self.gpu)


class FakePredictor:
    """What FakeDetector makes."""

    def __init__(self, detector: FakeDetector, checkpoint: str, device_text: str) -> None:
        self._detector = detector
        self.checkpoint_name = checkpoint
        self.checkpoint_hash = f"hash of {checkpoint}"
        self.device_text = device_text
        self.decode_settings = DbDecode(threshold=0.3, score_threshold=0.5)

    def maps(self, image: NDArray[np.uint8], scale: float = 1.0, *, whole: bool = False) -> ImageMaps:
        detector = self._detector
        detector.threads.add(threading.get_ident())
        detector.seen.append(round(float(image.mean())))
        detector.scales.append(scale)
        detector.used.append(self.checkpoint_name)
        assert detector.gate.wait(20), "the test never opened the gate"
        error = detector.raises(self.device_text, image)
        if error is not None:
            raise error
        size, probabilities = image.shape[:2], detector.probabilities(self.checkpoint_name)
        maps = text_maps(size, probabilities=probabilities)
        if whole and detector.has_threshold:
            maps.planes["threshold"] = maps.planes["probability"][::4, ::4] // 2
        return maps

    def predict(self, image: NDArray[np.uint8], settings: DecodeSettings | None = None) -> Prediction:
        maps = self.maps(image)
        return Prediction(decode(maps, settings or self.decode_settings), maps)
