"""PAN's targets: which text a pixel belongs to, the kernels, and where they count."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.config.learning import PanTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.offset import offset, shrink_distance
from tcm_core.geometry.polygon import Points, area, perimeter
from tcm_core.targets.drawing import fill, is_learnable

STRIDE = 4


class PanTargets(NamedTuple):
    """Targets of one crop of (H, W); (h, w) is (H/4, W/4) on the grid, (H, W) in the full form."""

    instance: NDArray[np.int16]  # (h, w) 0 where there is no text, else the number of the text
    kernel: NDArray[np.uint8]  # (h, w) 1 inside the kernel of the text with that number
    mask: NDArray[np.uint8]  # (h, w) 0 where nothing is judged


def pan_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], settings: PanTargetConfig
) -> PanTargets:
    """The targets of a crop.

    Smaller texts lie on larger ones and kernels on texts, so a kernel's pixels always have its own number.
    A text that is not learnable, or of which no kernel is left, is masked with its whole polygon, except
    where a learnable one lies.

    Args:
        instances: texts in crop pixels; what reaches beyond the crop is cut off by drawing.
        size: (height, width) of the crop, multiples of 4.
        settings: form, shrink ratio, bounds of the offset, smallest side.

    Source: Wang et al. 2019, section 3.5 (the kernel is the text shrunk by PSENet's offset A(1-r^2)/L).
    """
    stride = STRIDE if settings.form == "grid" else 1
    shape = (size[0] // stride, size[1] // stride)
    instance = np.zeros(shape, np.int16)
    kernels = np.zeros(shape, np.uint8)
    mask = np.ones(shape, np.uint8)
    shrunk = []
    drawable = [text for text in instances if len(text.polygon) >= 3]
    for text in sorted(drawable, key=lambda text: area(text.polygon), reverse=True):
        kernel = shrunk_kernel(text.polygon, settings) if is_learnable(text, settings.min_side) else None
        if kernel is None:
            fill(mask, text.polygon / stride, 0)
            continue
        shrunk.append(kernel)
        fill(instance, text.polygon / stride, len(shrunk))
    for number, kernel in enumerate(shrunk, start=1):
        fill(instance, kernel / stride, number)
        fill(kernels, kernel / stride, 1)
    mask[instance > 0] = 1
    return PanTargets(instance, kernels, mask)


def shrunk_kernel(polygon: Points, settings: PanTargetConfig) -> Points | None:
    """The kernel of a text in the same frame, or None when nothing is left of it.

    Args:
        polygon: (N, 2), N at least 3, network pixels.
        settings: shrink ratio, largest offset, smallest thickness of a kernel.
    """
    half_thickness = area(polygon) / perimeter(polygon)  # of a long text; less than half a short one's
    most = max(0.0, half_thickness - settings.kernel_thickness / 2.0)
    return offset(polygon, -min(shrink_distance(polygon, settings.shrink_ratio), settings.max_offset, most))
