"""FCENet's targets: text and centre regions, what is judged, and Fourier coefficients, at three levels."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.learning import FceTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.fourier import Coefficients, text_coefficients
from tcm_core.geometry.polygon import Points, area, bounds
from tcm_core.geometry.rails import CentreBand, centre_band
from tcm_core.geometry.repair import clipped, repaired
from tcm_core.targets.drawing import fill, is_learnable

STRIDES: Final = (8, 16, 32)

_SHIFT: Final = 4  # fractional bits of OpenCV's line coordinates


class FceLevelTargets(NamedTuple):
    """Targets of one crop at one level; (h, w) is the crop's size over the stride."""

    text: NDArray[np.uint8]  # (h, w) 1 in a text that this level learns
    centre: NDArray[np.uint8]  # (h, w) 1 in the band around such a text's centre line
    mask: NDArray[np.uint8]  # (h, w) 0 where nothing is judged
    fourier: NDArray[np.float32]  # (2(2k+1), h, w) as in FceLevel, 0 outside of texts


class _Text(NamedTuple):
    polygon: Points  # crop pixels, as are the others
    coefficients: Coefficients
    band: CentreBand
    levels: tuple[int, ...]


def fce_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], settings: FceTargetConfig
) -> tuple[FceLevelTargets, FceLevelTargets, FceLevelTargets]:
    """The targets of a crop at strides 8, 16 and 32.

    Polygons that cross themselves are repaired, and what reaches beyond the crop is cut off before anything
    is measured. Ignored, thin and vanishing texts are masked with their whole polygon at every level, except
    for cells that belong to a legible text.

    Args:
        instances: texts in crop pixels.
        size: (height, width) of the crop, multiples of 32.
        settings: level ranges, degree, centre region.

    Source: Zhu et al. 2021, section 3.3.
    """
    texts, ignored = [], []
    for instance in instances:
        if len(instance.polygon) < 3:
            continue
        text = _learnable(instance, size, settings)
        if text is None:
            ignored.append(instance.polygon)
        else:
            texts.append(text)
    texts.sort(key=lambda text: -area(text.polygon))  # the smaller of two overlapping texts is on top
    first, second, third = (_level(texts, ignored, size, level, settings) for level in range(len(STRIDES)))
    return first, second, third


def levels_of(proportion: float, ranges: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """The levels that learn a text of so large a part of the crop's side; at least one.

    Both ends of a range are excluded. A text in no range (it lies on an end, in a gap, or fills the crop) is
    learnt by the level whose range is nearest, the first of equals.
    """
    inside = tuple(level for level, (low, high) in enumerate(ranges) if low < proportion < high)
    if inside:
        return inside
    return (int(np.argmin([max(low - proportion, proportion - high) for low, high in ranges])),)


def _learnable(instance: TextInstance, size: tuple[int, int], settings: FceTargetConfig) -> _Text | None:
    """What is learnt of a text, or None when it is ignored."""
    if instance.ignore:
        return None
    simple = repaired(instance.polygon)
    polygon = None if simple is None else clipped(simple, size)
    if polygon is None or not is_learnable(TextInstance(polygon), settings.min_side):
        return None
    x0, y0, x1, y1 = bounds(polygon)
    return _Text(
        polygon,
        text_coefficients(polygon, settings.degree),
        centre_band(polygon, settings.centre_shrink, settings.resample_step),
        levels_of(max(x1 - x0, y1 - y0) / max(size), settings.level_ranges),
    )


def _level(
    texts: Sequence[_Text],
    ignored: Sequence[Points],
    size: tuple[int, int],
    level: int,
    settings: FceTargetConfig,
) -> FceLevelTargets:
    """The targets of one level; a cell in the centre of one text and in another text is the former's."""
    stride = STRIDES[level]
    shape = (size[0] // stride, size[1] // stride)
    learnt = [text for text in texts if level in text.levels]
    owner, centre = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for number, text in enumerate(learnt, 1):
        owner[_cells(text.polygon / stride, text.band.line / stride, shape)] = number
        centre[_cells(text.band.outline / stride, text.band.line / stride, shape)] = number
    np.copyto(owner, centre, where=centre > 0)
    mask = np.ones(shape, np.uint8)
    for polygon in ignored:
        outline = polygon / stride
        mask[_cells(outline, np.concatenate([outline, outline[:1]]), shape)] = 0
    mask[owner > 0] = 1
    fourier = _fourier_map(owner, [text.coefficients / stride for text in learnt], settings.degree)
    return FceLevelTargets((owner > 0).astype(np.uint8), (centre > 0).astype(np.uint8), mask, fourier)


def _cells(outline: Points, line: Points, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w): the cells whose centre lies inside, and those on the line: no text is too thin for the grid."""
    drawn = np.zeros(shape, np.uint8)
    fill(drawn, outline, 1)
    points = np.rint((line - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(drawn, [points], False, (1,), shift=_SHIFT)
    return drawn.astype(bool)


def _fourier_map(
    owner: NDArray[np.int32], coefficients: Sequence[Coefficients], degree: int
) -> NDArray[np.float32]:
    """(2(2k+1), h, w): each cell's text by its coefficients in cells, c_0 relative to the cell's centre."""
    width = 2 * degree + 1
    table = np.zeros((len(coefficients) + 1, 2 * width), np.float32)
    for number, row in enumerate(coefficients, 1):
        table[number] = np.concatenate([row.real, row.imag])
    fourier = np.ascontiguousarray(table[owner].transpose(2, 0, 1))
    rows, columns = np.nonzero(owner)
    fourier[degree, rows, columns] -= columns + 0.5
    fourier[width + degree, rows, columns] -= rows + 0.5
    return fourier
