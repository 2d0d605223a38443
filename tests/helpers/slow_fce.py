"""FCENet's decoding as its definition has it, slow and plain: what the decoder is compared with."""

import cv2
import numpy as np

from tcm_core.config.decode import FceDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.fourier import to_points
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import Points


def slow_decode_fce(maps: ImageMaps, settings: FceDecode) -> list[tuple[float, Points]]:
    """The scores and the contours, in network pixels, by the definition: pixel by pixel and pair by pair."""
    best = []
    for stride in (8, 16, 32):
        text, centre = (maps.planes[f"{plane}_{stride}"] / 255 for plane in ("text", "centre"))
        score = text**settings.alpha * centre**settings.beta
        high = (score >= settings.score_threshold).astype(np.uint8)
        filled = high.copy()
        cv2.drawContours(
            filled, cv2.findContours(high, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], -1, 1, cv2.FILLED
        )
        count, parts = cv2.connectedComponents(filled)
        for part in range(1, count):
            contours = []
            for row, column in np.argwhere((parts == part) & (high > 0)):
                fourier = maps.values[f"fourier_{stride}"][:, row, column].astype(np.float64)
                half = len(fourier) // 2
                points = to_points(fourier[:half] + 1j * fourier[half:], settings.points)
                contours.append((score[row, column], (points + np.array([column + 0.5, row + 0.5])) * stride))
            best += slow_suppress(contours, settings.nms_threshold)
    return slow_suppress(best, settings.nms_threshold)


def slow_suppress(contours: list[tuple[float, Points]], threshold: float) -> list[tuple[float, Points]]:
    """Those that overlap with no better one that stays by more than the threshold, the best first."""
    stay = []
    for score, contour in sorted(contours, key=lambda contour: -contour[0]):
        if all(iou(contour, better) <= threshold for _, better in stay):
            stay.append((score, contour))
    return stay
