"""ImageMaps: what the network said about one image, small enough to keep and enough to decode again."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.config.model import HeadName
from tcm_core.geometry.frame import ImageFrame

Plane = NDArray[np.uint8]
"""(h, w), 0..255 for 0..1; pixel (i, j) covers network pixels from (j, i) to (j+1, i+1) times width / w."""

Values = NDArray[np.float16]
"""(c, h, w), c numbers a pixel that are no probabilities; pixels lie as in a plane."""


class MapNames(NamedTuple):
    """The planes and values of one head."""

    planes: tuple[str, ...]
    values: tuple[str, ...]


MAP_NAMES: Final[dict[HeadName, MapNames]] = {
    "db": MapNames(("probability",), ()),
    "pan": MapNames(("text", "kernel"), ("embedding",)),
    "fce": MapNames(
        ("text_8", "centre_8", "text_16", "centre_16", "text_32", "centre_32"),
        ("fourier_8", "fourier_16", "fourier_32"),
    ),
}
"""What the ImageMaps of each head hold."""


@dataclass(frozen=True, eq=False)
class ImageMaps:
    """The kept maps of one image.

    Attributes:
        head: the family that made the planes and can decode them.
        frame: how the image lay in the network's input, which every plane covers whole, padding included.
        language: the instance-language score map, sigmoid(cosine / temperature), usually at 1/32.
        planes: the head's probability maps, by the names of MAP_NAMES (a number in a name is the stride).
        values: what else decoding needs, likewise.
        remembered: the decoder's: what it can use again when only some settings move. Planes and values are
            not to be changed once they were decoded.
    """

    head: HeadName
    frame: ImageFrame
    language: Plane
    planes: dict[str, Plane]
    values: dict[str, Values] = field(default_factory=dict)
    remembered: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def image_rect(self) -> tuple[float, float, float, float]:
        """Where every plane lies, padding included, as x, y, width, height in image pixels."""
        height, width = self.frame.network_size
        scale_x, scale_y = self.frame.scale[0]
        return 0.0, 0.0, width / float(scale_x), height / float(scale_y)
