"""From polygons on the network's input to detections in the image."""

from collections.abc import Sequence

import numpy as np

from tcm_core.config.decode import Output
from tcm_core.detection import Detection
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.polygon import Points


def detections_in_image(
    polygons_net: Sequence[Points], scores: Sequence[float], frame: ImageFrame, output: Output
) -> tuple[Detection, ...]:
    """The polygons in image pixels, cut off at the image's edges, with their scores.

    Args:
        polygons_net: (N, 2) each, network pixels; at least one.
        scores: theirs.
        frame: how the image lay in the network's input.
        output: what the polygons are.
    """
    height, width = frame.image_size
    points = np.clip(frame.to_image(np.concatenate(polygons_net)), 0.0, (width, height))
    found, end = [], 0
    for polygon, score in zip(polygons_net, scores, strict=True):
        start, end = end, end + len(polygon)
        found.append(Detection(points[start:end], score, output))
    return tuple(found)
