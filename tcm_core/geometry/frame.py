"""ImageFrame: the only converter between image pixels and network pixels."""

from dataclasses import dataclass

import numpy as np

from tcm_core.geometry.polygon import Points


@dataclass(frozen=True)
class ImageFrame:
    """How one image lies in the network's input: resized, at the top left, padded right and below.

    Attributes:
        image_size: (height, width) of the image.
        content_size: (height, width) of the resized image inside the input.
        network_size: (height, width) of the padded input, multiples of the stride.
    """

    image_size: tuple[int, int]
    content_size: tuple[int, int]
    network_size: tuple[int, int]

    @classmethod
    def fitting(
        cls, image_size: tuple[int, int], *, short_side: int, max_long_side: int, stride: int = 32
    ) -> "ImageFrame":
        """The frame whose shorter side is short_side, unless the longer one would exceed max_long_side.

        Args:
            image_size: (height, width), each at least 1.
            short_side: wanted shorter side in network pixels.
            max_long_side: bound on the longer side in network pixels.
            stride: the input is padded to a multiple of this.
        """
        height, width = image_size
        scale = min(short_side / min(height, width), max_long_side / max(height, width))
        content = (max(1, round(height * scale)), max(1, round(width * scale)))
        padded = (-(-content[0] // stride) * stride, -(-content[1] // stride) * stride)
        return cls(image_size, content, padded)

    @property
    def scale(self) -> Points:
        """(1, 2): network pixels per image pixel, x then y."""
        return np.array(
            [[self.content_size[1] / self.image_size[1], self.content_size[0] / self.image_size[0]]],
            dtype=np.float64,
        )

    def to_network(self, points_image: Points) -> Points:
        """The points in network pixels."""
        return points_image * self.scale

    def to_image(self, points_network: Points) -> Points:
        """The points in image pixels."""
        return points_network / self.scale
