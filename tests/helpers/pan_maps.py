"""The maps that PAN should give for known polygons: what its targets are, as kept maps."""

from collections.abc import Sequence

import numpy as np

from tcm_core.config.learning import PanTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.polygon import Points
from tcm_core.targets.pan import pan_targets


def exact_pan_maps(
    polygons: Sequence[Points],
    frame: ImageFrame,
    settings: PanTargetConfig | None = None,
    *,
    value: int = 255,
    apart: float = 6.0,
) -> ImageMaps:
    """The maps of an image with these texts.

    Args:
        polygons: image pixels; those too thin to be learnt are left out.
        frame: of the image.
        settings: of the targets.
        value: of the text and the kernel map inside, 0..255.
        apart: least distance of the similarity vectors of two texts, which lie on a grid; all pixels of a
            text have the same.
    """
    texts = [TextInstance(frame.to_network(polygon)) for polygon in polygons]
    targets = pan_targets(texts, frame.network_size, settings or PanTargetConfig())
    number = np.arange(len(polygons) + 1)
    vectors = apart * np.stack([number // 10**digit % 10 for digit in range(4)]).astype(np.float16)
    text = np.where(targets.instance > 0, value, 0).astype(np.uint8)
    kernel = np.where(targets.kernel > 0, value, 0).astype(np.uint8)
    language = np.zeros((1, 1), np.uint8)
    return ImageMaps(
        "pan",
        frame,
        language,
        {"text": text, "kernel": kernel},
        {"embedding": vectors[:, targets.instance]},
    )
