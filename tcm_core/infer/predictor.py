"""Predictor: from an image to its detections and kept maps."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata, checkpoint_hash, resolve_checkpoint
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps, Plane
from tcm_core.families import FAMILIES, as_plane
from tcm_core.geometry.frame import ImageFrame
from tcm_core.infer.content import resize_into
from tcm_core.infer.device import Device, choose_device
from tcm_core.infer.prediction import Prediction, Sides
from tcm_core.infer.prepare import ProbabilityHead, prepare_detector
from tcm_core.models.detector import TextDetector
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.outputs import ImageFeatures


class Seen(NamedTuple):
    """An image as its encoder sees it: the expensive half of the work, whatever the words."""

    frame: ImageFrame
    features: ImageFeatures


class Predictor:
    """A detector ready for images.

    Args:
        detector: its weights; moved to the device and put into evaluation mode.
        metadata: name, sizes and decode settings.
        device: where it runs.
        checkpoint_hash: of the file it came from (checkpoint_file), empty for a model in training.
    """

    def __init__(
        self, detector: TextDetector, metadata: CheckpointMetadata, device: Device, checkpoint_hash: str = ""
    ) -> None:
        self._device = device
        self._detector = detector.to(device.device).to(memory_format=torch.channels_last).eval()
        self._normalised = normalised_bytes(metadata.model.mean, metadata.model.std)
        self._metadata = metadata
        self.checkpoint_hash = checkpoint_hash

    @classmethod
    def load(cls, checkpoint: str | Path = "db-small", device: str = "auto") -> "Predictor":
        """The predictor of a shipped checkpoint's name or of a file.

        Raises:
            BadCheckpoint: it is missing, damaged or of another program.
            DeviceUnavailable: the device is not there.
        """
        path = resolve_checkpoint(checkpoint)
        chosen = choose_device(device)
        detector, metadata = load_checkpoint(path)
        return cls(prepare_detector(detector, chosen), metadata, chosen, checkpoint_hash(path))

    @property
    def metadata(self) -> CheckpointMetadata:
        """What the checkpoint says of itself."""
        return self._metadata

    @property
    def language(self) -> LanguageBranch | None:
        """The language side; None: a plain detector."""
        return self._detector.language

    @property
    def checkpoint_name(self) -> str:
        """The name that the checkpoint gives itself."""
        return self._metadata.name

    @property
    def device_text(self) -> str:
        """The device and precision really in use, in words."""
        return str(self._device)

    @property
    def decode_settings(self) -> DecodeSettings:
        """The checkpoint's own decode settings."""
        return self._metadata.decode

    @property
    def sides(self) -> Sides:
        """What the checkpoint wants its input to be."""
        return Sides(self._metadata.short_side, self._metadata.max_long_side)

    def predict(self, image: NDArray[np.uint8], settings: DecodeSettings | None = None) -> Prediction:
        """The texts on one image.

        Args:
            image: (H, W, 3) RGB.
            settings: instead of the checkpoint's own.

        Returns:
            Detections in image pixels, and the maps they came from.
        """
        maps = self.maps(image)
        return Prediction(decode(maps, settings or self.decode_settings), maps)

    def maps(self, image: NDArray[np.uint8], scale: float = 1.0, *, whole: bool = False) -> ImageMaps:
        """The maps of one image (H, W, 3) RGB: the expensive half of predict.

        Args:
            image: in its own size.
            scale: of the size that the checkpoint wants; less takes less memory and misses small text.
            whole: with the maps that only a person looks at, such as DBNet's threshold map.
        """
        return self.maps_of(self.look(image, scale), whole=whole)

    def look(self, image: NDArray[np.uint8], scale: float = 1.0) -> Seen:
        """What the image encoder sees in an image (H, W, 3) RGB; scale: see maps."""
        frame = ImageFrame.fitting(
            (image.shape[0], image.shape[1]),
            short_side=round(self._metadata.short_side * scale),
            max_long_side=round(self._metadata.max_long_side * scale),
        )
        with torch.inference_mode(), self._autocast():
            return Seen(frame, self._detector.encoder(self._network_input(image, frame)))

    def maps_of(
        self, seen: Seen, language: LanguageBranch | None = None, *, whole: bool = False
    ) -> ImageMaps:
        """The maps of an image that was looked at.

        Args:
            seen: by this predictor.
            language: in place of the checkpoint's own language side.
            whole: see maps.
        """
        if isinstance(self._detector.head, ProbabilityHead):
            self._detector.head.whole = whole
        with torch.inference_mode(), self._autocast():
            output = self._detector.read(seen.features, language)
        head = self._metadata.model.head.name
        kept = FAMILIES[head].keep(output.maps, whole=whole)
        return ImageMaps(head, seen.frame, _score_map(output.language), kept.planes, kept.values)

    def score_map(self, seen: Seen, language: LanguageBranch) -> Plane:
        """The instance-language score map alone, (h, w); neither encoder, neck nor head is run."""
        with torch.inference_mode(), self._autocast():
            return _score_map(language(seen.features).logits)

    def _autocast(self) -> torch.autocast:
        enabled = self._device.precision != torch.float32
        kind = self._device.precision if enabled else torch.bfloat16
        return torch.autocast(self._device.device.type, dtype=kind, enabled=enabled)

    def _network_input(self, image: NDArray[np.uint8], frame: ImageFrame) -> torch.Tensor:
        """(1, 3, H, W): resized, normalised, padded with the mean colour."""
        height, width = frame.content_size
        pixels = np.zeros((1, *frame.network_size, 3), np.float32)
        pixels[0, :height, :width] = cv2.LUT(resize_into(frame, image), self._normalised)
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self._device.device)


def _score_map(logits: torch.Tensor | None) -> Plane:
    return np.zeros((1, 1), np.uint8) if logits is None else as_plane(torch.sigmoid(logits.float()))


def normalised_bytes(
    mean: tuple[float, float, float], std: tuple[float, float, float]
) -> NDArray[np.float32]:
    """(256, 1, 3): (byte - mean) / std of every byte in every channel, as data.normalize computes it."""
    values = np.arange(256, dtype=np.float32)[:, None, None]
    normalised = (values - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return normalised.astype(np.float32)
