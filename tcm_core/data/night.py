"""How light a picture is, and the night slice of a data set."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tcm_core.data.image_io import keep_large_blocks, read_image
from tcm_core.errors import BadImage

NIGHT_LUMINANCE = 60.0
"""Pictures darker than this on average count as taken at night."""

_THREADS = 2


def mean_luminance(image: Path) -> float:
    """The mean of the 8-bit grey version, 0 to 255.

    Raises:
        BadImage: the image cannot be read.
    """
    return float(np.asarray(Image.fromarray(read_image(image, "stored")).convert("L")).mean())


def within_luminance(
    images: Sequence[Path],
    bounds: tuple[float, float],
    on_unreadable: Callable[[BadImage], None] | None = None,
) -> list[int]:
    """The indices of the images whose mean luminance lies in [least, most).

    Args:
        images: files; each is read whole.
        bounds: least and most.
        on_unreadable: told of images that cannot be read, which are left out; None: they raise.

    Raises:
        BadImage: an image cannot be read, and nobody is told.
    """

    def look(image: Path) -> float | BadImage:
        try:
            return mean_luminance(image)
        except BadImage as error:
            return error

    inside = []
    keep_large_blocks()
    with ThreadPoolExecutor(_THREADS) as pool:
        for index, found in enumerate(pool.map(look, images)):
            if not isinstance(found, BadImage):
                if bounds[0] <= found < bounds[1]:
                    inside.append(index)
            elif on_unreadable is None:
                raise found
            else:
                on_unreadable(found)
    return inside
