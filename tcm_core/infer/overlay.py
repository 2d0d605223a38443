"""A picture of what was found: the instance-language score map and the polygons over the image."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection
from tcm_core.errors import BadImage
from tcm_core.geometry.polygon import Points

Picture = NDArray[np.uint8]
"""(H, W, 3) RGB."""

MAX_SIDE: Final = 4096
"""Larger images are reduced to this many pixels on their longer side before anything is drawn."""

_STRONGEST: Final = 0.6  # opacity where the score is 1
_LINE_COLOUR: Final = (255, 170, 0)
_EDGE_COLOUR: Final = (20, 20, 20)
_SHIFT: Final = 4  # OpenCV draws in 16ths of a pixel


def draw_overlay(image: Picture, detections: Sequence[Detection], maps: ImageMaps) -> Picture:
    """The image under its language score map and the outlines of the detections.

    Args:
        image: (H, W, 3) RGB; not changed.
        detections: in image pixels.
        maps: of the same image.

    Returns:
        (h, w, 3) RGB, of the image's size or, for large images, reduced to MAX_SIDE.
    """
    height, width = image.shape[:2]
    scale = min(1.0, MAX_SIDE / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    else:
        picture = image.copy()
    scales = np.array([picture.shape[1] / width, picture.shape[0] / height])
    _blend(picture, _stretched(maps, (picture.shape[0], picture.shape[1])))
    _draw_outlines(picture, [detection.polygon * scales for detection in detections])
    return picture


def jpeg_bytes(picture: Picture) -> bytes:
    """The picture as a JPEG file.

    Raises:
        BadImage: it cannot be encoded.
    """
    done, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not done:
        raise BadImage(f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels cannot be saved as JPEG")
    return bytes(encoded.tobytes())


def _stretched(maps: ImageMaps, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The language map at (height, width) pixels of the whole image, its padding cut away."""
    height, width = size
    image_height, image_width = maps.frame.image_size
    _, _, rect_width, rect_height = maps.image_rect()
    plane = maps.language
    # from pixel centres of the picture to pixel centres of the plane
    fx = image_width / width * plane.shape[1] / rect_width
    fy = image_height / height * plane.shape[0] / rect_height
    to_plane = np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    stretched = cv2.warpAffine(plane, to_plane, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(stretched, dtype=np.uint8)


def _blend(picture: Picture, scores: NDArray[np.uint8]) -> None:
    """Lay the coloured scores over the picture in place, the more opaque the higher, in bands of rows."""
    for top in range(0, len(picture), 256):
        band, score = picture[top : top + 256], scores[top : top + 256]
        colours = np.asarray(cv2.applyColorMap(score, cv2.COLORMAP_INFERNO))[..., ::-1].astype(np.float32)
        opacity = score[..., None].astype(np.float32) * (_STRONGEST / 255.0)
        band[...] = np.rint(band * (1.0 - opacity) + colours * opacity).astype(np.uint8)


def _draw_outlines(picture: Picture, polygons: Sequence[Points]) -> None:
    thickness = max(1, round(max(picture.shape[:2]) / 600))
    # our (0, 0) is the corner of the first pixel, OpenCV's its centre
    paths = [np.rint((polygon - 0.5) * 2**_SHIFT).astype(np.int32).reshape(-1, 1, 2) for polygon in polygons]
    for colour, width in ((_EDGE_COLOUR, thickness + 2), (_LINE_COLOUR, thickness)):
        cv2.polylines(
            picture, paths, isClosed=True, color=colour, thickness=width, lineType=cv2.LINE_AA, shift=_SHIFT
        )
