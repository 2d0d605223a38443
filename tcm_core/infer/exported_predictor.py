"""ExportedPredictor: the predictor of an exported file, whatever runs it; no torch."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import MAP_NAMES, ImageMaps
from tcm_core.errors import BadCheckpoint
from tcm_core.geometry.frame import ImageFrame
from tcm_core.infer.content import resize_into
from tcm_core.infer.prediction import Prediction, Sides

Images = NDArray[np.float32]
"""(B, 3, H, W) RGB in 0..255, H and W multiples of 32; padding has the checkpoint's mean colour."""

NamedArrays = dict[str, NDArray[np.float32]]
"""(B, c, h, w) by name: the head's planes and values, and "language"."""


class ExportedNetwork(Protocol):
    """Something that runs an exported graph."""

    @property
    def device_text(self) -> str:
        """What runs it, and where, in words."""
        ...

    def run(self, images: Images) -> NamedArrays:
        """The outputs for a batch.

        Raises:
            RuntimeError: the graph could not be run, for want of memory for example.
        """
        ...


class ExportedPredictor:
    """An exported detector ready for images; does what Predictor does.

    Args:
        network: the graph.
        metadata: name, sizes and decode settings, as in the checkpoint it was made from.
        checkpoint_hash: SHA-256 of the exported file.
    """

    def __init__(self, network: ExportedNetwork, metadata: CheckpointMetadata, checkpoint_hash: str) -> None:
        self._network = network
        self._metadata = metadata
        self.checkpoint_hash = checkpoint_hash

    @property
    def checkpoint_name(self) -> str:
        """The name that the checkpoint gives itself."""
        return self._metadata.name

    @property
    def device_text(self) -> str:
        """What runs it, and where, in words."""
        return self._network.device_text

    @property
    def decode_settings(self) -> DecodeSettings:
        """The checkpoint's own decode settings."""
        return self._metadata.decode

    @property
    def sides(self) -> Sides:
        """What the checkpoint wants its input to be."""
        return Sides(self._metadata.short_side, self._metadata.max_long_side)

    def predict(self, image: NDArray[np.uint8], settings: DecodeSettings | None = None) -> Prediction:
        """The texts on one image; see Predictor.predict."""
        maps = self.maps(image)
        return Prediction(decode(maps, settings or self.decode_settings), maps)

    def maps(self, image: NDArray[np.uint8], scale: float = 1.0, *, whole: bool = False) -> ImageMaps:
        """The maps of one image (H, W, 3) RGB; scale: see Predictor.maps.

        Args:
            image: in its own size.
            scale: of the size that the checkpoint wants.
            whole: makes no difference: an exported graph has the maps that decoding needs.

        Raises:
            BadCheckpoint: the graph's outputs are not the maps of its head.
            RuntimeError: the graph could not be run.
        """
        metadata = self._metadata
        frame = fitting_frame(image, metadata, scale)
        outputs = self._network.run(network_images(image, frame, metadata.model.mean))
        return kept_maps(outputs, frame, metadata)


def fitting_frame(image: NDArray[np.uint8], metadata: CheckpointMetadata, scale: float = 1.0) -> ImageFrame:
    """How an image (H, W, 3) lies in the network's input; scale: of the sides that the checkpoint wants."""
    return ImageFrame.fitting(
        (image.shape[0], image.shape[1]),
        short_side=round(metadata.short_side * scale),
        max_long_side=round(metadata.max_long_side * scale),
    )


def network_images(image: NDArray[np.uint8], frame: ImageFrame, mean: tuple[float, float, float]) -> Images:
    """A batch of one (1, 3, H, W): the resized image at the top left, the mean colour right and below."""
    images = np.empty((1, 3, *frame.network_size), np.float32)
    images[:] = np.asarray(mean, np.float32)[None, :, None, None]
    height, width = frame.content_size
    images[0, :, :height, :width] = resize_into(frame, image).transpose(2, 0, 1)
    return images


def output_names(metadata: CheckpointMetadata) -> tuple[str, ...]:
    """The outputs of an exported detector, in their order."""
    names = MAP_NAMES[metadata.model.head.name]
    return (*names.planes, *names.values, *(("language",) if metadata.model.tcm is not None else ()))


def kept_maps(outputs: NamedArrays, frame: ImageFrame, metadata: CheckpointMetadata) -> ImageMaps:
    """What is kept of the outputs for a batch of one.

    Raises:
        BadCheckpoint: an output has not the shape of a map.
    """
    head = metadata.model.head.name
    for name in output_names(metadata):
        shape, channels = outputs[name].shape, 1 if name in (*MAP_NAMES[head].planes, "language") else None
        if len(shape) != 4 or shape[0] != 1 or (channels or shape[1]) != shape[1] or 0 in shape:
            raise BadCheckpoint(
                f"checkpoint {metadata.name}: its output {name!r} has the shape {shape}, which is no map; "
                "export it again"
            )
    names = MAP_NAMES[head]
    language = _plane(outputs["language"]) if "language" in outputs else np.zeros((1, 1), np.uint8)
    return ImageMaps(
        head,
        frame,
        language,
        {name: _plane(outputs[name]) for name in names.planes},
        {name: outputs[name][0].astype(np.float16) for name in names.values},
    )


def _plane(probability: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(1, 1, h, w) in [0, 1] as (h, w) bytes, rounded as torch rounds; what is not a number becomes 0."""
    scaled = np.rint(probability[0, 0] * np.float32(255.0))
    return np.nan_to_num(scaled, nan=0.0).clip(0, 255).astype(np.uint8)
