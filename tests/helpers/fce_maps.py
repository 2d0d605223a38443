"""The maps that a perfect FCENet would give of known polygons, and polygons to make them of."""

from collections.abc import Sequence

import numpy as np

from tcm_core.config.learning import FceTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.polygon import Points
from tcm_core.targets.fce import STRIDES, fce_targets

SQUARE = ImageFrame((640, 640), (640, 640), (640, 640))


def exact_fce_maps(
    polygons: Sequence[Points],
    frame: ImageFrame = SQUARE,
    probability: int = 255,
    settings: FceTargetConfig | None = None,
) -> ImageMaps:
    """FCENet's targets of polygons in image pixels, as kept maps.

    Args:
        polygons: in image pixels.
        frame: of the image; text beyond the network's input is cut off.
        probability: of text and centre pixels, 0 to 255.
        settings: of the targets.
    """
    texts = [TextInstance(frame.to_network(polygon)) for polygon in polygons]
    levels = fce_targets(texts, frame.network_size, settings or FceTargetConfig())
    planes, values = {}, {}
    for stride, level in zip(STRIDES, levels, strict=True):
        planes[f"text_{stride}"] = level.text * np.uint8(probability)
        planes[f"centre_{stride}"] = level.centre * np.uint8(probability)
        values[f"fourier_{stride}"] = level.fourier.astype(np.float16)
    return ImageMaps("fce", frame, np.zeros((1, 1), np.uint8), planes, values)


def bent_text(
    width: float,
    height: float,
    bend: float = 0.0,
    angle: float = 0.0,
    middle: tuple[float, float] = (320.0, 320.0),
    points: int = 7,
) -> Points:
    """A line of text along an arc, clockwise from its top left as labels of curved text are.

    Args:
        width: length of the centre line.
        height: across it.
        bend: angle of the arc in degrees, 0 for a straight text (then of four vertices).
        angle: the whole is turned by so many degrees.
        middle: where the middle of the centre line lies.
        points: vertices above, and as many below.
    """
    if bend == 0:
        top = np.array([[-width, -height], [width, -height]]) / 2
        outline = np.concatenate([top, -top])
    else:
        radius = width / np.deg2rad(bend)
        turns = np.deg2rad(np.linspace(-bend / 2, bend / 2, points))
        ray = np.stack([np.sin(turns), -np.cos(turns)], axis=1)
        outline = np.concatenate([(radius + height / 2) * ray, (radius - height / 2) * ray[::-1]])
        outline += (0.0, radius)
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return outline @ matrix.T + middle


def grid_of_texts(count: int, size: tuple[int, int]) -> list[Points]:
    """So many turned words that do not touch each other, on a picture of (height, width)."""
    random = np.random.default_rng(0)
    columns = int(np.ceil(np.sqrt(count * size[1] / size[0])))
    rows = -(-count // columns)
    cell_width, cell_height = size[1] / columns, size[0] / rows
    return [
        bent_text(
            0.8 * cell_width,
            max(10.0, 0.25 * cell_height),
            angle=random.uniform(-17, 17),
            middle=((index % columns + 0.5) * cell_width, (index // columns + 0.5) * cell_height),
        )
        for index in range(count)
    ]
