"""Which regions are probably too small and blurred to be read, so that a person may ignore them at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from app.domain.region import Region
from app.domain.sides import sides
from app.domain.strip import Pixels, rectified, text_size
from tcm_core.geometry.polygon import Points

_MEASURED_SIDE = 64  # pixels; a higher text is measured at this height


class Legibility(NamedTuple):
    """What can be measured of a region."""

    height: float  # of its text, image pixels
    sharpness: float  # variance of the Laplacian of its grey values (0 to 255)


@dataclass(frozen=True)
class IllegibleBelow:
    """A region is suggested when its text is lower than `height` and less sharp than `sharpness`.

    With the defaults 217 of the 992 regions of every twelfth photograph of ICDAR 2015 (90 of them) are
    suggested; its labels ignore 92 % of these, which is 32 % of all that they ignore.
    """

    height: float = 14.0
    sharpness: float = 900.0

    def holds(self, measured: Legibility) -> bool:
        """Whether such a region is suggested."""
        return measured.height < self.height and measured.sharpness < self.sharpness


def legibility(part: Pixels, polygon: Points) -> Legibility:
    """Size and sharpness of a region.

    Args:
        part: (H, W, 3) RGB, the part of the picture that holds the polygon.
        polygon: (N, 2), pixels of that part.

    Source: the variance of the Laplacian as a measure of focus is Pech-Pacheco et al. 2000.
    """
    height, length = text_size(sides(polygon))
    side = int(np.clip(round(min(height, length)), 4, _MEASURED_SIDE))
    grey = cv2.cvtColor(rectified(part, polygon, side), cv2.COLOR_RGB2GRAY)
    return Legibility(min(height, length), float(cv2.Laplacian(grey, cv2.CV_64F).var()))


def suggested(
    regions: Iterable[Region], measured: dict[str, Legibility], below: IllegibleBelow
) -> frozenset[str]:
    """The ids of the regions that may be ignored: not ignored yet, without a text, small and blurred."""
    return frozenset(
        region.id
        for region in regions
        if not region.ignore
        and not region.text
        and region.id in measured
        and below.holds(measured[region.id])
    )
