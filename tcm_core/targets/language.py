"""The target of the instance-language score map: where it should say text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.config.learning import LanguageConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.offset import shrink
from tcm_core.targets.drawing import fill, is_learnable

STRIDE = 32


class LanguageTargets(NamedTuple):
    """Targets of one crop of (H, W); (h, w) is (H/32, W/32) on the grid, (H, W) in the full form."""

    text: NDArray[np.uint8]  # (h, w) 1 where there is text
    mask: NDArray[np.uint8]  # (h, w) 0 where nothing is judged


def language_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], settings: LanguageConfig
) -> LanguageTargets:
    """The targets of a crop.

    Args:
        instances: texts in crop pixels.
        size: (height, width), multiples of 32.
        settings: the form, how much texts are shrunk, and the share of a cell that makes it text.

    Returns:
        A place is text when legible texts cover it, and is not judged when only ignored ones do.

    Source: Yu et al. 2023, section 3.4 (the grid of the image embedding); the full form: released code.
    """
    legible, ignored = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for instance in instances:
        if len(instance.polygon) < 3:
            continue
        learnable = is_learnable(instance, settings.min_side)
        kernel = shrink(instance.polygon, settings.shrink_ratio) if learnable else None
        if kernel is None:
            fill(ignored, instance.polygon, 1)
        else:
            fill(legible, kernel, 1)
    if settings.form == "full":
        return LanguageTargets(legible, legible | (1 - ignored))
    text = _covered(legible, settings.share)
    return LanguageTargets(text, text | (1 - _covered(ignored, settings.share)))


def _covered(drawn: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """(H/32, W/32): 1 where at least the share of a cell is drawn."""
    rows, columns = drawn.shape[0] // STRIDE, drawn.shape[1] // STRIDE
    in_columns = drawn.reshape(rows, STRIDE, -1).sum(axis=1, dtype=np.uint8)  # at most 32
    covered = in_columns.reshape(rows, columns, STRIDE).sum(axis=2)
    return np.asarray(covered >= share * STRIDE**2, dtype=np.uint8)
