"""The target of the instance-language score map: which cells of the 1/32 grid hold text."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.train import TargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.targets.db import fill, is_learnable

STRIDE = 32


class LanguageTargets(NamedTuple):
    """Targets of one crop of (H, W)."""

    text: NDArray[np.float32]  # (H/32, W/32) 1 where a cell holds text
    mask: NDArray[np.float32]  # (H/32, W/32) 0 where a cell is not judged


def language_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], settings: TargetConfig
) -> LanguageTargets:
    """The grid of a crop.

    Args:
        instances: texts in crop pixels.
        size: (height, width), multiples of 32.
        settings: the share of a cell that makes it text.

    Returns:
        A cell is text when legible texts cover the share; it is not judged when only ignored ones do.

    Source: Yu et al. 2023, section 3.4 (binary cross-entropy on the grid of the image embedding).
    """
    legible, ignored = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for instance in instances:
        if len(instance.polygon) >= 3:
            fill(legible if is_learnable(instance, settings) else ignored, instance.polygon, 1)
    grid = (size[1] // STRIDE, size[0] // STRIDE)
    share = cv2.resize(legible.astype(np.float32), grid, interpolation=cv2.INTER_AREA)
    unjudged = cv2.resize(ignored.astype(np.float32), grid, interpolation=cv2.INTER_AREA)
    text = (share >= settings.language_share).astype(np.float32)
    mask = ((text > 0) | (unjudged < settings.language_share)).astype(np.float32)
    return LanguageTargets(text, mask)
