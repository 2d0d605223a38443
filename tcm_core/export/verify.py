"""An exported file beside the detector that it was made from: the same maps, the same polygons?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.data.image_io import read_image
from tcm_core.decode.decode import decode
from tcm_core.detection import Detection
from tcm_core.errors import TcmError
from tcm_core.families import FAMILIES
from tcm_core.infer.device import Device
from tcm_core.infer.exported_predictor import (
    ExportedNetwork,
    Images,
    NamedArrays,
    fitting_frame,
    kept_maps,
    network_images,
)
from tcm_core.infer.predictor import Predictor
from tcm_core.models.detector import TextDetector

MAP_TOLERANCE: Final = 1e-3
"""A quarter of the step of a kept plane."""

CORNER_TOLERANCE: Final = 1.0
"""Image pixels: a value on the verge of the threshold may move a contour by a pixel of the map."""


class Comparison(NamedTuple):
    """One image at one size."""

    image: Path
    network_size: tuple[int, int]
    maps: dict[str, float]
    """The largest difference of each output; of values that are no probabilities, over the largest value
    where that exceeds 1."""
    texts: int  # of the detector
    texts_exported: int
    corners: float  # the largest distance of a corner to the other outline, image pixels

    @property
    def largest(self) -> float:
        """The largest difference of any output."""
        return max(self.maps.values())

    @property
    def equal(self) -> bool:
        """Whether the differences are those of rounding only."""
        return (
            self.largest <= MAP_TOLERANCE
            and self.texts == self.texts_exported
            and self.corners <= CORNER_TOLERANCE
        )


class Reference:
    """The detector itself, in single precision on the CPU, with all maps of the exported file by name."""

    def __init__(self, detector: TextDetector, metadata: CheckpointMetadata) -> None:
        self._detector = detector.eval()
        self._metadata = metadata
        self.device_text = "torch on cpu, fp32"

    def run(self, images: Images) -> NamedArrays:
        """The outputs for a batch."""
        model = self._metadata.model
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (model.mean, model.std))
        with torch.inference_mode():
            output = self._detector((torch.from_numpy(images) - mean) / std)
            named = FAMILIES[model.head.name].named(output.maps)
            arrays = {name: tensor.numpy() for name, tensor in {**named.planes, **named.values}.items()}
            if output.language is not None:
                arrays["language"] = torch.sigmoid(output.language).numpy()
        return arrays


def compare(
    detector: TextDetector,
    metadata: CheckpointMetadata,
    exported: ExportedNetwork,
    images: Sequence[Path],
    short_sides: Sequence[int],
) -> Iterator[Comparison]:
    """Maps and polygons of both for every image at every size.

    Args:
        detector: on the CPU.
        metadata: of both.
        exported: the file, opened.
        images: to look at.
        short_sides: of the network's input, pixels.

    Raises:
        BadImage: an image cannot be read.
        BadCheckpoint: the file's outputs are not the maps of its head.
        TcmError: the file does not run.
    """
    reference = Reference(detector, metadata)
    for path in images:
        image = read_image(path)
        for short_side in short_sides:
            sized = metadata.model_copy(update={"short_side": short_side})
            frame = fitting_frame(image, sized)
            batch = network_images(image, frame, sized.model.mean)
            wanted = reference.run(batch)
            try:
                found = exported.run(batch)
            except RuntimeError as error:
                raise TcmError(f"the exported file does not run on {path}: {error}") from error
            predictor = Predictor(detector, sized, Device(torch.device("cpu"), torch.float32))
            mine = predictor.predict(image).detections
            theirs = decode(kept_maps(found, frame, sized), sized.decode)
            yield Comparison(
                path,
                frame.network_size,
                {name: _difference(wanted[name], found[name]) for name in wanted},
                len(mine),
                len(theirs),
                corner_distance(mine, theirs),
            )


def corner_distance(first: Sequence[Detection], second: Sequence[Detection]) -> float:
    """How far the outlines of each are from the nearest of the other, at their corners; image pixels.

    Zero when neither has any, infinite when one alone has none.
    """
    if not first or not second:
        return 0.0 if len(first) == len(second) else float("inf")
    one, other = (
        np.array([shapely.LinearRing(detection.polygon) for detection in some]) for some in (first, second)
    )
    distances = shapely.hausdorff_distance(one[:, None], other[None, :])
    return float(max(distances.min(axis=0).max(), distances.min(axis=1).max()))


def _difference(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    if wanted.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(wanted - found).max() / max(1.0, float(np.abs(wanted).max())))
